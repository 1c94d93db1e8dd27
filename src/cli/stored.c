/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stored.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/step.h"
#include "base/check.h"
#include "codec/text.h"
#include "ledger/note.h"

struct stored {
    struct cty_store_reader *reader;
    const struct cty_memory *memory;
    const struct cty_trust *trust;
    struct cty_report *report;
    struct cty_memory *contents; /* "<digest> <member>" -> commitment, of every statement */
    uint64_t *updated;           /* by index of a request: the newest entry of its case */
    uint64_t size;
    uint64_t counted; /* rows of the walk under way */
    struct cty_parsed_entry parsed;
    custody_error *error;
};

static void differs(struct stored *s, const char *format, ...) CUSTODY_PRINTF(2, 3);

static void differs(struct stored *s, const char *format, ...)
{
    char text[CTY_REPORT_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    cty_report_fail(s->report, CTY_CLAIM_STORED, CUSTODY_E_STORE_ALTERED, CTY_REPORT_NO_ENTRY, "%s", text);
}

/* --- entries: their derived columns, and what they commit to ------------------------------------------------- */

struct commit {
    struct stored *s;
    const struct cty_hash *digest;
};

static void content_key(const struct cty_hash *digest, struct cty_bytes member, char out[CTY_VIEW_KEY_MAX])
{
    char hex[65];
    cty_hex_write(digest->bytes, CTY_HASH_SIZE, hex);
    snprintf(out, CTY_VIEW_KEY_MAX, "%s %.*s", hex, (int)member.size, (const char *)member.data);
}

static custody_err keep_commitment(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct commit *commit = context;
    char key[CTY_VIEW_KEY_MAX];
    content_key(commit->digest, member, key);
    return cty_memory_put(commit->s->contents, key, cty_hash_bytes(hash));
}

static uint64_t opened_of(struct stored *s, const struct cty_store_entry *entry)
{
    const struct cty_signed *statement = &s->parsed.signed_statement;
    struct cty_case c;
    if (statement->statement.type == CTY_REQUEST)
        return entry->index;
    if (!(cty_type_flags(statement->statement.type) & CTY_TYPE_CASE))
        return CTY_STORE_NO_CASE;
    if (cty_step_case(s->memory, &statement->statement.case_id, &c) != CUSTODY_OK)
        return CTY_STORE_NO_CASE;
    return c.opened;
}

static custody_err check_entry(void *context, const struct cty_store_entry *entry)
{
    struct stored *s = context;
    s->counted++;
    CTY_TRY(cty_entry_parse(entry->body, &s->parsed, s->error));
    const struct cty_signed *statement = &s->parsed.signed_statement;
    struct commit commit = {s, &statement->digest};
    bool trust = cty_type_class_get(statement->statement.type) == CTY_CLASS_TRUST;
    uint64_t opened = opened_of(s, entry);
    if (entry->trust != trust || entry->case_opened != opened)
        differs(s, "entry %" PRIu64 ": its columns trust and opened are not what its statement says", entry->index);
    if (opened < s->size)
        s->updated[opened] = entry->index;
    return cty_statement_commitments(&statement->statement, keep_commitment, &commit);
}

/* --- records -------------------------------------------------------------------------------------------------- */

static custody_err check_record(void *context, const struct cty_store_record *record)
{
    struct stored *s = context;
    char key[CTY_VIEW_KEY_MAX];
    s->counted++;
    if (record->key.size >= sizeof(key)) {
        differs(s, "a record has a key that no entry gives");
        return CUSTODY_OK;
    }
    memcpy(key, record->key.data, record->key.size);
    key[record->key.size] = 0;
    struct cty_bytes expected = cty_memory_get(s->memory, key);
    if (!expected.data)
        differs(s, "record %s: no entry gives it", key);
    else if (!cty_bytes_equal(expected, record->value))
        differs(s, "record %s: not what the entries give", key);
    return CUSTODY_OK;
}

/* --- case rows -------------------------------------------------------------------------------------------------- */

static custody_err check_case(void *context, const struct cty_store_case *row)
{
    struct stored *s = context;
    struct cty_case c;
    s->counted++;
    if (cty_step_case(s->memory, &row->case_id, &c) != CUSTODY_OK || c.opened != row->opened || row->opened >= s->size) {
        differs(s, "escrow row %" PRIu64 ": no entry gives it", row->opened);
        return CUSTODY_OK;
    }
    bool same = row->state == (unsigned)c.state && row->due == cty_case_due(&c) &&
                row->updated == s->updated[row->opened] && cty_bytes_equal(row->requester, c.requester) &&
                cty_bytes_equal(row->holder, c.holder) && cty_bytes_equal(row->service, c.service) &&
                cty_bytes_equal(row->party, c.party);
    if (!same)
        differs(s, "escrow row %" PRIu64 ": not what the case's record says", row->opened);
    return CUSTODY_OK;
}

/* --- contents: their statements commit to them (whether they match is the claim `contents`) ------------------- */

static custody_err check_blob(void *context, const struct cty_store_blob *blob)
{
    struct stored *s = context;
    char key[CTY_VIEW_KEY_MAX];
    s->counted++;
    if (blob->member.size > 64) {
        differs(s, "a content under a member that no statement has");
        return CUSTODY_OK;
    }
    content_key(&blob->statement, blob->member, key);
    struct cty_bytes expected = cty_memory_get(s->contents, key);
    if (!expected.data)
        differs(s, "content %s: no statement commits to it", key);
    else if (!cty_bytes_equal(expected, cty_hash_bytes(&blob->commitment)))
        differs(s, "content %s: another commitment than its statement's", key);
    return CUSTODY_OK;
}

/* --- tiles -------------------------------------------------------------------------------------------------------- */

static uint64_t nodes_at(uint64_t size, unsigned level)
{
    return level * 8u < 64 ? size >> (level * 8u) : 0;
}

static custody_err check_tile(void *context, const struct cty_store_tile *tile)
{
    struct stored *s = context;
    const struct cty_tree_reader *tree = cty_memory_tree(s->memory);
    uint64_t nodes = nodes_at(s->size, tile->level);
    uint64_t first = tile->index * CTY_TILE_WIDTH;
    s->counted++;
    uint64_t width = tile->index <= nodes / CTY_TILE_WIDTH ? nodes - first : 0;
    if (width > CTY_TILE_WIDTH)
        width = CTY_TILE_WIDTH;
    bool same = tile->hashes.size == width * CTY_HASH_SIZE && width > 0;
    for (uint64_t i = 0; same && i < width; i++) {
        struct cty_hash node;
        same = tree->node(tree->context, tile->level * 8u, first + i, &node) == CUSTODY_OK &&
               memcmp(node.bytes, tile->hashes.data + i * CTY_HASH_SIZE, CTY_HASH_SIZE) == 0;
    }
    if (!same)
        differs(s, "tile %u/%" PRIu64 ": not the hashes of the entries", tile->level, tile->index);
    return CUSTODY_OK;
}

static uint64_t tiles_expected(uint64_t size)
{
    uint64_t tiles = 0;
    for (unsigned level = 0; level < 8; level++)
        tiles += (nodes_at(size, level) + CTY_TILE_WIDTH - 1) / CTY_TILE_WIDTH;
    return tiles;
}

/* --- checkpoints ---------------------------------------------------------------------------------------------------- */

static custody_err check_checkpoint(void *context, const struct cty_store_checkpoint *checkpoint)
{
    struct stored *s = context;
    struct cty_checkpoint opened;
    struct cty_hash root;
    s->counted++;
    custody_err err = cty_checkpoint_open(checkpoint->note, s->trust->origin, &s->trust->log_key, &opened);
    bool same = err == CUSTODY_OK && opened.size == checkpoint->mark.size && opened.size <= s->size &&
                cty_memory_root(s->memory, opened.size, &root) == CUSTODY_OK && cty_hash_equal(&root, &opened.root) &&
                cty_hash_equal(&root, &checkpoint->mark.root);
    if (!same)
        differs(s, "checkpoint %" PRIu64 ": not signed by the log key, or not the root of the entries",
                checkpoint->mark.size);
    return CUSTODY_OK;
}

static custody_err tell_foreign(void *context, const char *finding)
{
    differs(context, "%s", finding);
    return CUSTODY_OK;
}

/* A row that is missing shows in the count. */
static void expect_rows(struct stored *s, const char *table, uint64_t expected)
{
    if (s->counted != expected)
        differs(s, "table %s: %" PRIu64 " rows, and the entries give %" PRIu64, table, s->counted, expected);
    s->counted = 0;
}

static custody_err count_case(void *context, const char *key, struct cty_bytes value)
{
    uint64_t *count = context;
    (void)value;
    if (strncmp(key, "case/", 5) == 0)
        (*count)++;
    return CUSTODY_OK;
}

static custody_err check_all(struct stored *s)
{
    uint64_t cases = 0;
    struct cty_bytes none = cty_bytes_make(NULL, 0);
    CTY_TRY(cty_memory_each(s->memory, count_case, &cases));
    CTY_TRY(cty_store_walk_entries(s->reader, 0, s->size, check_entry, s, s->error));
    expect_rows(s, "entry", s->size);
    CTY_TRY(cty_store_walk_records(s->reader, none, none, UINT64_MAX, check_record, s, s->error));
    expect_rows(s, "record", cty_memory_records(s->memory));
    CTY_TRY(cty_store_walk_all_cases(s->reader, check_case, s, s->error));
    expect_rows(s, "escrow", cases);
    CTY_TRY(cty_store_walk_all_blobs(s->reader, check_blob, s, s->error));
    s->counted = 0;
    CTY_TRY(cty_store_walk_all_tiles(s->reader, check_tile, s, s->error));
    expect_rows(s, "tile", tiles_expected(s->size));
    CTY_TRY(cty_store_walk_all_checkpoints(s->reader, check_checkpoint, s, s->error));
    CTY_TRY(cty_store_walk_foreign(s->reader, tell_foreign, s, s->error));
    return cty_store_walk_damage(s->reader, tell_foreign, s, s->error);
}

custody_err cty_stored_check(struct cty_store_reader *reader, const struct cty_memory *memory,
                             const struct cty_trust *trust, struct cty_report *report, custody_error *error)
{
    struct stored s = {.reader = reader, .memory = memory, .trust = trust, .report = report, .error = error,
                       .size = cty_store_size(reader)};
    custody_err err = cty_memory_new(&s.contents);
    if (err == CUSTODY_OK) {
        s.updated = cty_alloc(s.size, sizeof(*s.updated));
        err = s.updated ? check_all(&s) : CUSTODY_E_NO_MEMORY;
    }
    if (err == CUSTODY_E_STORE_ALTERED) {
        differs(&s, "%s", error ? error->detail : "a row is not of its form");
        err = CUSTODY_OK;
    }
    if (err == CUSTODY_OK)
        cty_report_hold(report, CTY_CLAIM_STORED, "every record, case row, content, tile and checkpoint is what %" PRIu64
                        " entries give", s.size);
    cty_memory_free(s.contents);
    cty_parsed_entry_done(&s.parsed);
    free(s.updated);
    return err;
}
