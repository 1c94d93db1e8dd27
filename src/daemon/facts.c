/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/facts.h"

#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"
#include "crypto/development.h"
#include "daemon/book.h"
#include "ledger/note.h"

/* A ledger in which published keys were enrolled is one for trying out. */
static custody_err check_development(struct cty_book *book, custody_error *error)
{
    size_t count = 0;
    const struct cty_development_key *keys = cty_development_keys(&count);
    for (size_t i = 0; i < count; i++) {
        struct cty_bytes text;
        bool present = false;
        char key[CTY_VIEW_KEY_MAX] = "key/";
        cty_hex_write(keys[i].key.bytes, CTY_KEY_SIZE, key + 4);
        CTY_TRY(cty_book_text(book, key, &text, &present, error));
        if (present)
            return cty_fail(error, CUSTODY_E_DEVELOPMENT_KEY, "%s is enrolled in this ledger", keys[i].name);
    }
    return CUSTODY_OK;
}

static custody_err refuse_key(const char *which, struct cty_bytes vkey, custody_error *error)
{
    return cty_fail(error, CUSTODY_E_CONFIG, "no %s key that was given is the ledger's, which is %.*s", which,
                    (int)vkey.size, (const char *)vkey.data);
}

/* The ledger says which keys are in force; the files may hold them under either name. */
static custody_err find_keys(const struct cty_custodian *custodian, const struct cty_ledger_record *ledger,
                             struct cty_head_news *news, custody_error *error)
{
    news->log = cty_custodian_log(custodian, ledger->log_key);
    if (!news->log)
        return refuse_key("log", ledger->log_key, error);
    news->clerk = cty_custodian_clerk(custodian, ledger->clerk_key);
    if (!news->clerk)
        return refuse_key("clerk", ledger->clerk_key, error);
    return CUSTODY_OK;
}

static custody_err read_checkpoint(struct cty_store_reader *reader, const struct cty_custodian *custodian,
                                   struct cty_head *head, struct cty_head_news *news, custody_error *error)
{
    struct cty_checkpoint checkpoint;
    struct cty_buf note = CTY_BUF_INIT(CTY_HEAD_NOTE_MAX);
    custody_err err = cty_store_read_checkpoint(reader, &news->mark, &note, error);
    CTY_TRY_OUT(err);
    news->note = cty_buf_bytes(&note);
    err = cty_checkpoint_open(news->note, custodian->origin, cty_secret_key(news->log->secret), &checkpoint);
    if (err != CUSTODY_OK || checkpoint.size != news->mark.size ||
        !cty_hash_equal(&checkpoint.root, &news->mark.root)) {
        err = cty_fail(error, CUSTODY_E_STORE_ALTERED, "the newest checkpoint is not the log key's");
        goto out;
    }
    err = cty_head_put_checkpoint(head, news);
out:
    cty_buf_done(&note);
    return err;
}

/* --- rotations of the past ---------------------------------------------------------------------------------- */

struct search {
    struct cty_parsed_entry parsed;
    struct cty_head *head;
    custody_error *error;
};

static custody_err note_rotation(void *context, const struct cty_store_entry *entry)
{
    struct search *search = context;
    CTY_TRY(cty_entry_parse(entry->body, &search->parsed, search->error));
    if (search->parsed.signed_statement.statement.type == CTY_CUSTODIAN_ROTATE)
        cty_head_put_rotation(search->head, entry->index);
    return CUSTODY_OK;
}

static custody_err is_as_opened(struct search *search, struct cty_store_reader *reader,
                                const struct cty_ledger_record *ledger, bool *ret_same)
{
    const struct cty_ledger_open *open = &search->parsed.signed_statement.statement.u.ledger_open;
    struct cty_buf text = CTY_BUF_INIT(2 * CTY_ENTRY_BYTES_MAX);
    custody_err err = cty_store_read_entry(reader, 0, &text, search->error);
    if (err == CUSTODY_OK)
        err = cty_entry_parse(cty_buf_bytes(&text), &search->parsed, search->error);
    *ret_same = err == CUSTODY_OK && cty_bytes_equal(open->log_key, ledger->log_key) &&
                cty_bytes_equal(open->clerk_key, ledger->clerk_key);
    cty_buf_done(&text);
    return err;
}

/*
 * A key never comes back, so where those of entry 0 are in force nothing was rotated, and nothing is looked through
 * but that one entry.
 */
static custody_err read_rotations(struct cty_store_reader *reader, const struct cty_ledger_record *ledger,
                                  struct cty_head *head, custody_error *error)
{
    struct search *search = cty_alloc(1, sizeof(*search));
    bool same = false;
    if (!search)
        return CUSTODY_E_NO_MEMORY;
    search->head = head;
    search->error = error;
    custody_err err = is_as_opened(search, reader, ledger, &same);
    if (err == CUSTODY_OK && !same)
        err = cty_store_walk_trust_entries(reader, 1, INT64_MAX, true, note_rotation, search, error);
    cty_parsed_entry_done(&search->parsed);
    free(search);
    return err;
}

static custody_err read_facts(struct cty_book *book, struct cty_custodian *custodian, struct cty_head *head,
                              custody_error *error)
{
    struct cty_ledger_record ledger = {0};
    struct cty_head_news news = {.time = 0};
    bool begun = false;
    CTY_TRY(cty_book_record(book, &cty_shape_ledger_record, &ledger, &begun, error, "ledger"));
    if (!begun)
        return cty_fail(error, CUSTODY_E_CONFIG, "the ledger has no entry yet; create it with --init");
    news.time = ledger.time;
    CTY_TRY(find_keys(custodian, &ledger, &news, error));
    if (!custodian->development)
        CTY_TRY(check_development(book, error));
    custodian->readers = ledger.readers;
    CTY_TRY(read_checkpoint(book->reader, custodian, head, &news, error));
    if (ledger.closed)
        cty_head_put_service(head, CTY_SERVING_CLOSED, "the ledger was closed");
    return read_rotations(book->reader, &ledger, head, error);
}

custody_err cty_facts_read(struct cty_store_reader *reader, struct cty_custodian *custodian, struct cty_head *head,
                           custody_error *error)
{
    struct cty_book *book = cty_alloc(1, sizeof(*book));
    if (!book)
        return CUSTODY_E_NO_MEMORY;
    cty_book_init(book, reader, NULL);
    custody_err err = read_facts(book, custodian, head, error);
    cty_book_done(book);
    free(book);
    return err;
}
