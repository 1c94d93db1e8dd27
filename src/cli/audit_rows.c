/* SPDX-License-Identifier: Apache-2.0 */
/* Each table of a ledger's database, compared with what its entries give. */
#include <stdarg.h>

#include "base/check.h"
#include "cli/audit_db.h"
#include "codec/text.h"

#define KEY_SIZE (8 + 2 * CTY_HASH_SIZE + 64)

custody_err cty_expected_init(struct cty_expected *expected)
{
    return cty_memory_new(&expected->index);
}

void cty_expected_done(struct cty_expected *expected)
{
    cty_memory_free(expected->index);
    cty_parsed_entry_done(&expected->parsed);
}

/* --- differences ----------------------------------------------------------------------------------------- */

/* The first fails the claim; all are told. */
static void differs(struct cty_report *report, uint64_t entry, const char *format, ...) CUSTODY_PRINTF(3, 4);
static void differs(struct cty_report *report, uint64_t entry, const char *format, ...)
{
    char text[CTY_REPORT_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    cty_report_fail(report, CTY_CLAIM_STORED, CUSTODY_E_STORE_ALTERED, entry, "%s", text);
    cty_report_finding(report, custody_err_name(CUSTODY_E_STORE_ALTERED), entry, "%s", text);
}

/* --- what is expected ------------------------------------------------------------------------------------ */

static void case_key(const char *prefix, const struct cty_hash *case_id, char ret_key[KEY_SIZE])
{
    size_t used = (size_t)snprintf(ret_key, KEY_SIZE, "%s/", prefix);
    cty_hex_write(case_id->bytes, CTY_HASH_SIZE, ret_key + used);
}

static bool blob_key(const struct cty_hash *statement, struct cty_bytes member, char ret_key[KEY_SIZE])
{
    char hex[2 * CTY_HASH_SIZE + 1];
    cty_hex_write(statement->bytes, CTY_HASH_SIZE, hex);
    return snprintf(ret_key, KEY_SIZE, "blob/%s/%.*s", hex, (int)member.size, (const char *)member.data) < KEY_SIZE;
}

static custody_err put_index(struct cty_expected *expected, const char *key, uint64_t index)
{
    return cty_memory_put(expected->index, key, cty_bytes_make(&index, sizeof(index)));
}

/* What could not be read is no row that is missing: a fault of the scratch file is told before anything is. */
static custody_err look_up(struct cty_memory *memory, const char *key, struct cty_bytes *ret_value)
{
    CTY_TRY(cty_memory_trim(memory));
    *ret_value = cty_memory_get(memory, key);
    return ret_value->data ? CUSTODY_OK : cty_memory_trim(memory);
}

static custody_err get_index(const struct cty_expected *expected, const char *key, uint64_t *ret_index)
{
    struct cty_bytes value;
    *ret_index = CTY_STORE_NO_CASE;
    CTY_TRY(look_up(expected->index, key, &value));
    if (value.size == sizeof(*ret_index))
        memcpy(ret_index, value.data, sizeof(*ret_index));
    return CUSTODY_OK;
}

static custody_err each_commitment(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct cty_expected *expected = context;
    char key[KEY_SIZE];
    expected->blobs++;
    if (!blob_key(&expected->parsed.signed_statement.digest, member, key))
        return CUSTODY_E_INTERNAL;
    return cty_memory_put(expected->index, key, cty_hash_bytes(hash));
}

/* Where the entry's case was opened; NO_CASE for an entry of none. */
static custody_err expect_case(struct cty_expected *expected, uint64_t index, uint64_t *ret_opened)
{
    const struct cty_signed *parsed = &expected->parsed.signed_statement;
    bool request = parsed->statement.type == CTY_REQUEST;
    char key[KEY_SIZE];
    *ret_opened = CTY_STORE_NO_CASE;
    if (!request && !(cty_type_flags(parsed->statement.type) & CTY_TYPE_CASE))
        return CUSTODY_OK;
    const struct cty_hash *case_id = request ? &parsed->digest : &parsed->statement.case_id;
    case_key("open", case_id, key);
    if (request) {
        expected->cases++;
        CTY_TRY(put_index(expected, key, index));
    }
    CTY_TRY(get_index(expected, key, ret_opened));
    case_key("last", case_id, key);
    return put_index(expected, key, index);
}

custody_err cty_expect_entry(struct cty_expected *expected, const struct cty_store_entry *row,
                             struct cty_report *report)
{
    const struct cty_statement *st = &expected->parsed.signed_statement.statement;
    uint64_t opened = 0;
    custody_err err = cty_entry_parse(row->body, &expected->parsed, NULL);
    if (err == CUSTODY_E_NO_MEMORY)
        return err;
    if (err != CUSTODY_OK)
        return CUSTODY_OK; /* the replay says so, and of which entry */
    CTY_TRY(expect_case(expected, row->index, &opened));
    if (opened != row->case_opened)
        differs(report, row->index, "table entry, row %llu: it names another case than its entry",
                (unsigned long long)row->index);
    if (row->trust != (cty_type_class_get(st->type) == CTY_CLASS_TRUST))
        differs(report, row->index, "table entry, row %llu: its mark for the chain of trust is wrong",
                (unsigned long long)row->index);
    return cty_statement_commitments(st, each_commitment, expected);
}

/* --- records --------------------------------------------------------------------------------------------- */

static custody_err each_record(void *context, const struct cty_store_record *row)
{
    struct cty_comparison *c = context;
    char key[CTY_VIEW_KEY_MAX];
    struct cty_bytes value;
    c->count++;
    snprintf(key, sizeof(key), "%.*s", (int)(row->key.size < sizeof(key) ? row->key.size : sizeof(key) - 1),
             (const char *)row->key.data);
    CTY_TRY(look_up(cty_replay_memory(c->replay), key, &value));
    if (strlen(key) != row->key.size || !value.data)
        differs(c->report, CTY_REPORT_NO_ENTRY, "table record, row %s: no entry gives it", key);
    else if (!cty_bytes_equal(value, row->value))
        differs(c->report, CTY_REPORT_NO_ENTRY, "table record, row %s: another value than the entries give", key);
    return CUSTODY_OK;
}

static custody_err compare_records(struct cty_comparison *c, custody_error *error)
{
    struct cty_bytes none = cty_bytes_make(NULL, 0);
    c->count = 0;
    CTY_TRY(cty_store_walk_records(c->reader, none, none, UINT64_MAX >> 1, each_record, c, error));
    CTY_TRY(cty_memory_count(cty_replay_memory(c->replay), &c->records));
    if (c->count != c->records)
        differs(c->report, CTY_REPORT_NO_ENTRY, "table record: %llu rows, and the entries give %llu",
                (unsigned long long)c->count, (unsigned long long)c->records);
    return CUSTODY_OK;
}

/* --- cases ----------------------------------------------------------------------------------------------- */

static const char *case_difference(const struct cty_store_case *row, const struct cty_case *is, uint64_t last)
{
    if (row->opened != is->opened)
        return "opened";
    if (row->state != (unsigned)is->state)
        return "state";
    if (row->due != cty_case_due(is))
        return "due";
    if (row->updated != last)
        return "updated";
    if (!cty_bytes_equal(row->requester, is->requester))
        return "requester";
    if (!cty_bytes_equal(row->holder, is->holder))
        return "holder";
    if (!cty_bytes_equal(row->service, is->service))
        return "service";
    return cty_bytes_equal(row->party, is->party) ? NULL : "party";
}

static custody_err each_case(void *context, const struct cty_store_case *row)
{
    struct cty_comparison *c = context;
    struct cty_bytes record;
    char key[KEY_SIZE];
    uint64_t last = 0;
    CTY_AUTO_FREE struct cty_case *is = cty_alloc(1, sizeof(*is));
    c->count++;
    if (!is)
        return CUSTODY_E_NO_MEMORY;
    case_key("case", &row->case_id, key);
    CTY_TRY(look_up(cty_replay_memory(c->replay), key, &record));
    if (!record.data) {
        differs(c->report, CTY_REPORT_NO_ENTRY, "table escrow, row %llu: there is no such case",
                (unsigned long long)row->opened);
        return CUSTODY_OK;
    }
    CTY_TRY(cty_record_decode(&cty_shape_case, record, &c->tape, is, NULL));
    case_key("last", &row->case_id, key);
    CTY_TRY(get_index(c->expected, key, &last));
    const char *what = case_difference(row, is, last);
    if (what)
        differs(c->report, row->opened, "table escrow, row %llu: %s is not what the case's entries give",
                (unsigned long long)row->opened, what);
    return CUSTODY_OK;
}

static custody_err compare_cases(struct cty_comparison *c, custody_error *error)
{
    c->count = 0;
    CTY_TRY(cty_store_walk_all_cases(c->reader, each_case, c, error));
    if (c->count != c->expected->cases)
        differs(c->report, CTY_REPORT_NO_ENTRY, "table escrow: %llu rows, and the entries give %llu",
                (unsigned long long)c->count, (unsigned long long)c->expected->cases);
    return CUSTODY_OK;
}

/* --- contents -------------------------------------------------------------------------------------------- */

static custody_err each_blob(void *context, const struct cty_store_blob *row)
{
    struct cty_comparison *c = context;
    struct cty_bytes commitment = {NULL, 0};
    char key[KEY_SIZE];
    char hex[2 * CTY_HASH_SIZE + 1];
    c->count++;
    cty_hex_write(row->statement.bytes, CTY_HASH_SIZE, hex);
    if (blob_key(&row->statement, row->member, key))
        CTY_TRY(look_up(c->expected->index, key, &commitment));
    if (!commitment.data)
        differs(c->report, CTY_REPORT_NO_ENTRY, "table blob, row %s %.*s: no entry commits to it", hex,
                (int)(row->member.size < 64 ? row->member.size : 64), (const char *)row->member.data);
    else if (!cty_bytes_equal(commitment, cty_hash_bytes(&row->commitment)))
        differs(c->report, CTY_REPORT_NO_ENTRY, "table blob, row %s %.*s: another commitment than the entry's", hex,
                (int)row->member.size, (const char *)row->member.data);
    return CUSTODY_OK;
}

static custody_err compare_blobs(struct cty_comparison *c, custody_error *error)
{
    c->count = 0;
    CTY_TRY(cty_store_walk_all_blobs(c->reader, each_blob, c, error));
    if (c->count != c->expected->blobs)
        differs(c->report, CTY_REPORT_NO_ENTRY, "table blob: %llu rows, and the entries commit to %llu",
                (unsigned long long)c->count, (unsigned long long)c->expected->blobs);
    return CUSTODY_OK;
}

/* --- tiles ----------------------------------------------------------------------------------------------- */

static uint64_t level_size(uint64_t size, unsigned level)
{
    return level < 8 ? size >> (8 * level) : 0;
}

static custody_err each_tile(void *context, const struct cty_store_tile *row)
{
    struct cty_comparison *c = context;
    const struct cty_tree_reader *tree = cty_memory_tree(cty_replay_memory(c->replay));
    uint64_t hashes = level_size(cty_replay_size(c->replay), row->level);
    /* An index so large that it would wrap around is none of this tree's, and must not pass for a small one. */
    bool within = row->index < (hashes + CTY_TILE_WIDTH - 1) / CTY_TILE_WIDTH;
    uint64_t first = within ? row->index * CTY_TILE_WIDTH : 0;
    uint64_t here = !within ? 0 : hashes - first < CTY_TILE_WIDTH ? hashes - first : CTY_TILE_WIDTH;
    bool same = here && row->hashes.size == here * CTY_HASH_SIZE;
    c->count++;
    for (uint64_t i = 0; same && i < here; i++) {
        struct cty_hash hash;
        CTY_TRY(tree->node(tree->context, 8 * row->level, first + i, &hash));
        same = memcmp(hash.bytes, row->hashes.data + i * CTY_HASH_SIZE, CTY_HASH_SIZE) == 0;
    }
    if (!same)
        differs(c->report, CTY_REPORT_NO_ENTRY, "table tile, row %u/%llu: not the hashes that the entries give",
                row->level, (unsigned long long)row->index);
    return CUSTODY_OK;
}

static custody_err compare_tiles(struct cty_comparison *c, custody_error *error)
{
    uint64_t expected = 0;
    for (unsigned level = 0; level < 7; level++)
        expected += (level_size(cty_replay_size(c->replay), level) + CTY_TILE_WIDTH - 1) / CTY_TILE_WIDTH;
    c->count = 0;
    CTY_TRY(cty_store_walk_all_tiles(c->reader, each_tile, c, error));
    if (c->count != expected)
        differs(c->report, CTY_REPORT_NO_ENTRY, "table tile: %llu rows, and the entries give %llu",
                (unsigned long long)c->count, (unsigned long long)expected);
    return CUSTODY_OK;
}

/* --- checkpoints ----------------------------------------------------------------------------------------- */

/* Checkpoints come in the order of their sizes: to grow a tree from one to the next costs a hash a leaf, and no search. */
static custody_err root_at(struct cty_comparison *c, uint64_t size, struct cty_hash *ret_root)
{
    const struct cty_memory *memory = cty_replay_memory(c->replay);
    const struct cty_tree_reader *tree = cty_memory_tree(memory);
    struct cty_hash leaf;
    if (size > cty_memory_size(memory) || size < c->tree.size)
        return cty_memory_root(memory, size, ret_root);
    while (c->tree.size < size) {
        CTY_TRY(tree->node(tree->context, 0, c->tree.size, &leaf));
        CTY_TRY(cty_frontier_append(&c->tree, &leaf, NULL, NULL));
    }
    *ret_root = cty_frontier_root(&c->tree);
    return CUSTODY_OK;
}

static custody_err each_checkpoint(void *context, const struct cty_store_checkpoint *row)
{
    struct cty_comparison *c = context;
    struct cty_checkpoint said;
    struct cty_hash root;
    unsigned long long size = row->mark.size;
    c->count++;
    custody_err err = cty_checkpoint_open_by(row->note, c->trust->origin, cty_replay_log_keys(c->replay), &said);
    if (err != CUSTODY_OK) {
        differs(c->report, CTY_REPORT_NO_ENTRY, "table checkpoint, row %llu: %s", size, custody_err_sentence(err));
        return CUSTODY_OK;
    }
    if (said.size != row->mark.size || !cty_hash_equal(&said.root, &row->mark.root))
        differs(c->report, CTY_REPORT_NO_ENTRY, "table checkpoint, row %llu: its note says something else", size);
    err = root_at(c, said.size, &root);
    if (err != CUSTODY_OK && err != CUSTODY_E_NOT_FOUND)
        return err;
    if (err != CUSTODY_OK || !cty_hash_equal(&root, &said.root))
        differs(c->report, CTY_REPORT_NO_ENTRY, "table checkpoint, row %llu: not the root that the entries give", size);
    return CUSTODY_OK;
}

/* --- cosignatures ---------------------------------------------------------------------------------------- */

static bool is_line_of(struct cty_bytes note, struct cty_bytes name, const struct cty_key *key)
{
    struct cty_note parsed;
    uint64_t time = 0;
    return cty_note_parse(note, &parsed) == CUSTODY_OK && parsed.count == 1 &&
           cty_note_cosignature_verify(&parsed, name, key, &time) == CUSTODY_OK;
}

/* Whether the line alone makes a note of the checkpoint's text by that witness. */
static custody_err check_line(struct cty_bytes text, struct cty_bytes line, struct cty_bytes name, const struct cty_key *key,
                              bool *ret_good)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    CTY_TRY(cty_buf_put_bytes(&note, text));
    CTY_TRY(cty_buf_put_text(&note, "\n"));
    CTY_TRY(cty_buf_put_bytes(&note, line));
    *ret_good = is_line_of(cty_buf_bytes(&note), name, key);
    return CUSTODY_OK;
}

static custody_err compare_cosignature(struct cty_comparison *c, const struct cty_store_cosignature *row,
                                       struct cty_bytes text)
{
    struct cty_bytes name;
    struct cty_key key;
    bool first = false, last = true;
    if (cty_vkey_parse(row->witness, CTY_KEY_COSIGNATURE, &name, &key) != CUSTODY_OK) {
        differs(c->report, CTY_REPORT_NO_ENTRY, "table cosignature, row %llu: no key of a witness",
                (unsigned long long)row->size);
        return CUSTODY_OK;
    }
    CTY_TRY(check_line(text, row->first, name, &key, &first));
    if (row->last.size)
        CTY_TRY(check_line(text, row->last, name, &key, &last));
    if (!first || !last)
        differs(c->report, CTY_REPORT_NO_ENTRY, "table cosignature, row %llu: %.*s did not sign this",
                (unsigned long long)row->size, (int)(name.size < 64 ? name.size : 64), (const char *)name.data);
    return CUSTODY_OK;
}

static custody_err each_cosignature(void *context, const struct cty_store_cosignature *row)
{
    struct cty_comparison *c = context;
    CTY_CLEANUP(cty_buf_done) struct cty_buf bytes = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_store_mark mark = {.size = 0};
    struct cty_note note;
    custody_err err = cty_store_read_checkpoint_from(c->reader, row->size, &mark, &bytes, NULL);
    if (err != CUSTODY_OK && err != CUSTODY_E_NOT_FOUND)
        return err;
    if (err != CUSTODY_OK || mark.size != row->size || cty_note_parse(cty_buf_bytes(&bytes), &note) != CUSTODY_OK) {
        differs(c->report, CTY_REPORT_NO_ENTRY, "table cosignature, row %llu: there is no such checkpoint",
                (unsigned long long)row->size);
        return CUSTODY_OK;
    }
    return compare_cosignature(c, row, note.text);
}

/* --- what is no table of ours ---------------------------------------------------------------------------- */

static custody_err each_finding(void *context, const char *finding)
{
    struct cty_comparison *c = context;
    differs(c->report, CTY_REPORT_NO_ENTRY, "the file: %s", finding);
    return CUSTODY_OK;
}

/* Whether the replay judged every entry, so that its state is that of the whole ledger. */
static bool replayed_whole(const struct cty_report *report)
{
    static const enum cty_claim claims[] = {CTY_CLAIM_INTACT, CTY_CLAIM_ENROLLED, CTY_CLAIM_SIGNED, CTY_CLAIM_LAWFUL};
    for (size_t i = 0; i < CTY_COUNT_OF(claims); i++) {
        if (report->claims[claims[i]].state == CTY_CLAIM_FAILS)
            return false;
    }
    return report->claims[CTY_CLAIM_LAWFUL].state == CTY_CLAIM_HOLDS;
}

custody_err cty_compare_rows(struct cty_comparison *c, custody_error *error)
{
    CTY_TRY(cty_store_walk_foreign(c->reader, each_finding, c, error));
    CTY_TRY(cty_store_walk_damage(c->reader, each_finding, c, error));
    CTY_TRY(compare_blobs(c, error));
    CTY_TRY(compare_tiles(c, error));
    CTY_TRY(cty_store_walk_all_checkpoints(c->reader, each_checkpoint, c, error));
    CTY_TRY(cty_store_walk_cosignatures(c->reader, 0, UINT64_MAX >> 1, each_cosignature, c, error));
    if (!replayed_whole(c->report)) {
        cty_report_skip(c->report, CTY_CLAIM_STORED, "the entries themselves don't hold, so nothing can be derived");
        return CUSTODY_OK;
    }
    CTY_TRY(compare_records(c, error));
    return compare_cases(c, error);
}
