/* SPDX-License-Identifier: Apache-2.0 */
#include "books.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "codec/text.h"

#define ALL CTY_NUMBER_MAX
#define BATCH CTY_REPLAY_BATCH_MAX

/* ---- counting ---- */

static custody_err count_record(void *context, const struct cty_store_record *record)
{
    (void)record;
    ++*(uint64_t *)context;
    return CUSTODY_OK;
}

static custody_err count_case(void *context, const struct cty_store_case *row)
{
    (void)row;
    ++*(uint64_t *)context;
    return CUSTODY_OK;
}

static custody_err count_blob(void *context, const struct cty_store_blob *blob)
{
    (void)blob;
    ++*(uint64_t *)context;
    return CUSTODY_OK;
}

static custody_err count_staged(void *context, const struct cty_store_staged *staged)
{
    (void)staged;
    ++*(uint64_t *)context;
    return CUSTODY_OK;
}

static custody_err count_checkpoint(void *context, const struct cty_store_checkpoint *checkpoint)
{
    (void)checkpoint;
    ++*(uint64_t *)context;
    return CUSTODY_OK;
}

static struct cty_store_reader *open_snapshot(const struct house *h)
{
    struct cty_store_reader *reader = NULL;
    must(cty_store_reader_open(h->database, &reader, &house_error));
    must(cty_store_begin_read(reader, &house_error));
    return reader;
}

void books_count(const struct house *h, struct books_counts *ret_counts)
{
    const struct cty_bytes none = {NULL, 0};
    struct cty_store_reader *reader = open_snapshot(h);
    *ret_counts = (struct books_counts){.entries = cty_store_size(reader)};
    must(cty_store_walk_records(reader, none, none, ALL, count_record, &ret_counts->records, &house_error));
    must(cty_store_walk_all_cases(reader, count_case, &ret_counts->cases, &house_error));
    must(cty_store_walk_all_blobs(reader, count_blob, &ret_counts->blobs, &house_error));
    must(cty_store_walk_all_staged(reader, count_staged, &ret_counts->staged, &house_error));
    must(cty_store_walk_all_checkpoints(reader, count_checkpoint, &ret_counts->checkpoints, &house_error));
    cty_store_reader_close(reader);
}

uint64_t books_size(const struct house *h)
{
    struct cty_store_reader *reader = open_snapshot(h);
    uint64_t size = cty_store_size(reader);
    cty_store_reader_close(reader);
    return size;
}

/* ---- replaying ---- */

struct batch {
    struct books *books;
    struct cty_buf texts;
    struct cty_bytes views[BATCH];
    size_t count;
};

/* The buffer may move while it grows, so the views hold offsets until the batch is whole. */
static custody_err take_entry(void *context, const struct cty_store_entry *entry)
{
    struct batch *batch = context;
    struct books *books = batch->books;
    batch->views[batch->count++].size = entry->body.size;
    books->leaves[entry->index] = cty_tree_leaf(entry->body);
    books->bytes += entry->body.size;
    return cty_buf_put_bytes(&batch->texts, entry->body);
}

static void point_views(struct batch *batch)
{
    size_t at = 0;
    for (size_t i = 0; i < batch->count; i++) {
        batch->views[i].data = batch->texts.data + at;
        at += batch->views[i].size;
    }
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void replay_all(struct books *books)
{
    struct batch *batch = cty_alloc(1, sizeof(*batch));
    must_be(batch != NULL);
    batch->books = books;
    batch->texts.limit = (size_t)BATCH * CTY_ENTRY_BYTES_MAX;
    for (uint64_t from = 0; from < books->size; from += BATCH) {
        cty_buf_clear(&batch->texts);
        batch->count = 0;
        must(cty_store_walk_entries(books->reader, from, BATCH, take_entry, batch, &house_error));
        point_views(batch);
        double began = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
        must(cty_replay_entries(books->replay, batch->views, batch->count));
        books->replay_s += seconds(CLOCK_MONOTONIC) - began;
        books->replay_cpu_s += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    }
    cty_buf_done(&batch->texts);
    free(batch);
}

struct contents {
    struct cty_store_reader *reader;
    uint8_t salt[CTY_SALT_SIZE];
    struct cty_buf content;
};

static custody_err get_content(void *context, const struct cty_hash *case_id, const struct cty_hash *statement,
                               struct cty_bytes member, struct cty_bytes *ret_salt, struct cty_bytes *ret_content)
{
    (void)case_id;
    struct contents *contents = context;
    cty_buf_clear(&contents->content);
    CTY_TRY(cty_store_read_blob(contents->reader, statement, member, contents->salt, &contents->content, NULL));
    *ret_salt = cty_bytes_make(contents->salt, CTY_SALT_SIZE);
    *ret_content = cty_buf_bytes(&contents->content);
    return CUSTODY_OK;
}

void books_open(struct books *books, const struct house *h)
{
    struct cty_store_mark mark;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    books->reader = open_snapshot(h);
    struct contents contents = {.reader = books->reader, .content = {.limit = CTY_BLOB_BYTES_MAX}};
    const struct cty_content_source source = {&contents, get_content};
    books->size = cty_store_size(books->reader);
    books->leaves = cty_alloc(books->size + 1, sizeof(*books->leaves));
    must_be(books->leaves != NULL);
    must(cty_replay_new(&h->trust, books->without_contents ? NULL : &source, 0, &books->report, &books->replay));
    replay_all(books);
    must(cty_store_read_checkpoint(books->reader, &mark, &note, &house_error));
    must(cty_replay_finish(books->replay, cty_buf_bytes(&note)));
    cty_buf_done(&note);
    cty_buf_done(&contents.content);
}

void books_close(struct books *books)
{
    cty_replay_free(books->replay);
    cty_store_reader_close(books->reader);
    free(books->leaves);
    *books = (struct books){0};
}

/* ---- judging ---- */

/* The claims that a whole ledger answers by itself: of the others, where witnesses are needed for one, none may fail. */
static bool is_asked(enum cty_claim claim)
{
    return claim < CTY_CLAIM_QUORUM;
}

static const char *claim_fault(const struct cty_report *report)
{
    static char text[CTY_REPORT_TEXT_MAX + 128];
    for (unsigned i = 0; i < CTY_CLAIM_COUNT; i++) {
        const struct cty_claim_line *line = &report->claims[i];
        if (is_asked((enum cty_claim)i) ? line->state == CTY_CLAIM_HOLDS : line->state != CTY_CLAIM_FAILS)
            continue;
        snprintf(text, sizeof(text), "claim %s (%d): %s at entry %llu: %s", cty_claim_name((enum cty_claim)i),
                 (int)line->state, custody_err_name(line->code), (unsigned long long)line->entry, line->text);
        return text;
    }
    return NULL;
}

struct comparison {
    struct cty_memory *memory;
    uint64_t records;
    char key[CTY_VIEW_KEY_MAX];
    bool differs;
};

static custody_err compare_record(void *context, const struct cty_store_record *record)
{
    struct comparison *comparison = context;
    snprintf(comparison->key, sizeof(comparison->key), "%.*s", (int)record->key.size, (const char *)record->key.data);
    comparison->records++;
    comparison->differs = !cty_bytes_equal(cty_memory_get(comparison->memory, comparison->key), record->value);
    return comparison->differs ? CUSTODY_E_STORE_ALTERED : CUSTODY_OK;
}

static const char *record_fault(struct books *books)
{
    static struct comparison comparison;
    const struct cty_bytes none = {NULL, 0};
    comparison = (struct comparison){.memory = cty_replay_memory(books->replay)};
    custody_err err = cty_store_walk_records(books->reader, none, none, ALL, compare_record, &comparison, &house_error);
    if (comparison.differs)
        return comparison.key;
    must(err);
    return comparison.records == cty_memory_records(comparison.memory) ? NULL : "a record is missing";
}

const char *books_fault(struct books *books)
{
    const char *fault = claim_fault(&books->report);
    return fault ? fault : record_fault(books);
}

bool books_case(struct books *books, const struct cty_hash *case_id, struct cty_case *ret_case)
{
    char key[CTY_VIEW_KEY_MAX] = "case/";
    struct cty_json tape = CTY_JSON_INIT;
    cty_hex_write(case_id->bytes, CTY_HASH_SIZE, key + strlen(key));
    struct cty_bytes text = cty_memory_get(cty_replay_memory(books->replay), key);
    if (!text.data)
        return false;
    must(cty_record_decode(&cty_shape_case, text, &tape, ret_case, &house_error));
    cty_json_done(&tape);
    return true;
}

struct each {
    void (*each)(void *context, const struct cty_parsed_entry *entry);
    void *context;
    struct cty_parsed_entry parsed;
};

static custody_err parse_each(void *context, const struct cty_store_entry *entry)
{
    struct each *each = context;
    must(cty_entry_parse(entry->body, &each->parsed, &house_error));
    each->each(each->context, &each->parsed);
    return CUSTODY_OK;
}

void books_each(struct books *books, void (*each)(void *context, const struct cty_parsed_entry *entry), void *context)
{
    struct each *walk = cty_alloc(1, sizeof(*walk));
    must_be(walk != NULL);
    walk->each = each;
    walk->context = context;
    must(cty_store_walk_entries(books->reader, 0, ALL, parse_each, walk, &house_error));
    cty_parsed_entry_done(&walk->parsed);
    free(walk);
}
