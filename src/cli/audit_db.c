/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit_db.h"

#include "base/check.h"
#include "cli/audit_state.h"
#include "cli/progress.h"
#include "client/contradiction.h"
#include "client/state.h"
#include "codec/text.h"

#define BATCH 1024u
#define BATCH_BYTES_MAX (4u * 1024u * 1024u)

struct audit {
    struct cty_cli *cli;
    struct cty_audit_file file;
    struct cty_audit_file_state scratch; /* behind the replay and what is expected */
    const struct cty_trust *trust;
    struct cty_report *report;
    struct cty_replay *replay;
    struct cty_expected expected;
    struct cty_progress progress;
    struct cty_bytes texts[BATCH];
    struct cty_buf memory; /* of the batch's texts */
    size_t offsets[BATCH];
    size_t count;
    uint8_t salt[CTY_SALT_SIZE];
    struct cty_buf content;
    struct cty_buf seen; /* the note of the state file, if there is one */
    struct cty_buf note; /* the newest of the database */
};

static void audit_done(struct audit *a)
{
    cty_progress_end(&a->progress);
    cty_replay_free(a->replay);
    cty_expected_done(&a->expected);
    cty_audit_file_state_done(&a->scratch);
    cty_audit_close(&a->file);
    cty_buf_done(&a->memory);
    cty_buf_done(&a->content);
    cty_buf_done(&a->seen);
    cty_buf_done(&a->note);
}

/* --- entries --------------------------------------------------------------------------------------------- */

/* A content that an entry commits to and that is not in the file: in a database, nothing may be missing. */
static custody_err get_content(void *context, const struct cty_hash *case_id, const struct cty_hash *statement,
                               struct cty_bytes member, struct cty_bytes *ret_salt, struct cty_bytes *ret_content)
{
    (void)case_id;
    struct audit *a = context;
    char hex[2 * CTY_HASH_SIZE + 1];
    cty_buf_clear(&a->content);
    custody_err err =
        cty_store_read_blob(a->file.reader, statement, member, a->salt, &a->content, &a->cli->error);
    *ret_salt = cty_bytes_make(a->salt, sizeof(a->salt));
    *ret_content = cty_buf_bytes(&a->content);
    if (err != CUSTODY_E_NOT_FOUND)
        return err;
    cty_hex_write(statement->bytes, CTY_HASH_SIZE, hex);
    cty_report_fail(a->report, CTY_CLAIM_STORED, CUSTODY_E_STORE_ALTERED, CTY_REPORT_NO_ENTRY,
                    "table blob: %.*s of statement %s is missing", (int)member.size, (const char *)member.data, hex);
    return err;
}

static custody_err replay_batch(struct audit *a)
{
    for (size_t i = 0; i < a->count; i++) {
        size_t end = i + 1 < a->count ? a->offsets[i + 1] : a->memory.size;
        a->texts[i] = cty_bytes_make(a->memory.data + a->offsets[i], end - a->offsets[i]);
    }
    CTY_TRY(cty_replay_entries(a->replay, a->texts, a->count));
    CTY_TRY(cty_memory_trim(a->expected.index));
    cty_progress_at(&a->progress, cty_replay_size(a->replay));
    cty_buf_clear(&a->memory);
    a->count = 0;
    return CUSTODY_OK;
}

static custody_err each_entry(void *context, const struct cty_store_entry *row)
{
    struct audit *a = context;
    CTY_TRY(cty_expect_entry(&a->expected, row, a->report));
    a->offsets[a->count++] = a->memory.size;
    CTY_TRY(cty_buf_put_bytes(&a->memory, row->body));
    return a->count == BATCH || a->memory.size >= BATCH_BYTES_MAX ? replay_batch(a) : CUSTODY_OK;
}

/* The newest checkpoint with what stands beside it; a row that is no line of a note is told where the rows are compared. */
static custody_err read_newest(struct audit *a, struct cty_buf *cosigned)
{
    struct cty_store_mark mark;
    custody_error *error = &a->cli->error;
    CTY_AUTO_FREE struct cty_note *parsed = cty_alloc(1, sizeof(*parsed));
    if (!parsed)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_store_read_checkpoint(a->file.reader, &mark, &a->note, error));
    CTY_TRY(cty_buf_put_bytes(cosigned, cty_buf_bytes(&a->note)));
    CTY_TRY(cty_store_read_cosignatures(a->file.reader, mark.size, cosigned->limit, cosigned, error));
    if (cty_note_parse(cty_buf_bytes(cosigned), parsed) == CUSTODY_OK)
        return CUSTODY_OK;
    cty_buf_clear(cosigned);
    return cty_buf_put_bytes(cosigned, cty_buf_bytes(&a->note));
}

static custody_err replay_all(struct audit *a, unsigned threads)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf cosigned = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_content_source contents = {a, get_content};
    custody_error *error = &a->cli->error;
    CTY_TRY(cty_replay_new(a->trust, &contents, threads, a->report, &a->replay));
    CTY_TRY(cty_replay_back(a->replay, &a->scratch.backing, CUSTODY_VERSION, error));
    CTY_TRY(cty_store_walk_entries(a->file.reader, 0, cty_store_size(a->file.reader), each_entry, a, error));
    CTY_TRY(replay_batch(a));
    CTY_TRY(read_newest(a, &cosigned));
    return cty_replay_finish(a->replay, cty_buf_bytes(&cosigned));
}

/* --- what was seen before -------------------------------------------------------------------------------- */

/* Keeps both notes; what can't be kept is told all the same. */
static void keep_both(struct audit *a, struct cty_contradiction *found, char where[CTY_REPORT_TEXT_MAX])
{
    char *path = NULL;
    found->notes[0] = cty_buf_bytes(&a->seen);
    found->notes[1] = cty_buf_bytes(&a->note);
    where[0] = 0;
    if (cty_contradiction_keep(a->cli->state_path, a->trust, found, &path, NULL) == CUSTODY_OK)
        snprintf(where, CTY_REPORT_TEXT_MAX, "; both notes are kept in %s", path);
    cty_free_pointer(&path);
}

/* The database's own proof that its tree begins with another one. */
static custody_err prove_fork(struct audit *a, const struct cty_checkpoint *seen, const struct cty_hash *root,
                              struct cty_contradiction *found)
{
    struct cty_memory *memory = cty_replay_memory(a->replay);
    bool one_size = seen->size == cty_memory_size(memory);
    *found = (struct cty_contradiction){.kind = CTY_CONTRADICTION_FORK, .has_proof = !one_size, .root = *root};
    return cty_tree_consistency(cty_memory_tree(memory), seen->size, cty_memory_size(memory), &found->proof);
}

/* Whoever has verified a later checkpoint of this ledger, or another of this size, is not shown less, or else. */
static custody_err compare_seen(struct audit *a)
{
    struct cty_contradiction found;
    struct cty_checkpoint seen;
    struct cty_hash root;
    char where[CTY_REPORT_TEXT_MAX];
    uint64_t size = cty_replay_size(a->replay);
    custody_err err = cty_checkpoint_open_by(cty_buf_bytes(&a->seen), a->trust->origin, cty_replay_log_keys(a->replay), &seen);
    if (err != CUSTODY_OK)
        return cty_fail(&a->cli->error, err, "the state file %s", a->cli->state_path);
    /* A file that holds less may be an old copy: it fails here, and is nothing to keep against the custodian. */
    if (seen.size > size) {
        cty_report_fail(a->report, CTY_CLAIM_CHECKPOINT, CUSTODY_E_WENT_BACK, CTY_REPORT_NO_ENTRY,
                        "size %llu was verified before, and kept in %s", (unsigned long long)seen.size,
                        a->cli->state_path);
        return CUSTODY_OK;
    }
    CTY_TRY(cty_memory_root(cty_replay_memory(a->replay), seen.size, &root));
    if (cty_hash_equal(&root, &seen.root))
        return CUSTODY_OK;
    CTY_TRY(prove_fork(a, &seen, &root, &found));
    keep_both(a, &found, where);
    cty_report_fail(a->report, CTY_CLAIM_CHECKPOINT, CUSTODY_E_SPLIT_VIEW, CTY_REPORT_NO_ENTRY,
                    "size %llu was verified with another root before%s", (unsigned long long)seen.size, where);
    return CUSTODY_OK;
}

/* Read before the database is, so that what comes to either meanwhile contradicts nothing. */
static custody_err read_seen(struct audit *a)
{
    CTY_TRY(cty_cli_find_state(a->cli));
    return a->cli->state_path ? cty_state_read(a->cli->state_path, &a->seen, &a->cli->error) : CUSTODY_OK;
}

/* --- the whole ------------------------------------------------------------------------------------------- */

static custody_err compare(struct audit *a)
{
    struct cty_comparison c = {.reader = a->file.reader,
                               .replay = a->replay,
                               .trust = a->trust,
                               .expected = &a->expected,
                               .report = a->report};
    custody_err err = cty_compare_rows(&c, &a->cli->error);
    cty_json_done(&c.tape);
    CTY_TRY(err);
    cty_report_hold(a->report, CTY_CLAIM_STORED,
                    "every row says what the entries say: %llu records, %llu cases, %llu contents, tiles, checkpoints",
                    (unsigned long long)c.records, (unsigned long long)a->expected.cases,
                    (unsigned long long)a->expected.blobs);
    return CUSTODY_OK;
}

/* Claims name entries; people look for cases. */
static custody_err name_case(struct audit *a, const struct cty_claim_line *line)
{
    const struct cty_signed *parsed = &a->expected.parsed.signed_statement;
    char hex[2 * CTY_HASH_SIZE + 1];
    if (line->state != CTY_CLAIM_FAILS || line->entry >= cty_store_size(a->file.reader))
        return CUSTODY_OK;
    cty_buf_clear(&a->memory);
    CTY_TRY(cty_store_read_entry(a->file.reader, line->entry, &a->memory, &a->cli->error));
    custody_err err = cty_entry_parse(cty_buf_bytes(&a->memory), &a->expected.parsed, NULL);
    if (err != CUSTODY_OK)
        return err == CUSTODY_E_NO_MEMORY ? err : CUSTODY_OK;
    bool request = parsed->statement.type == CTY_REQUEST;
    if (!request && !(cty_type_flags(parsed->statement.type) & CTY_TYPE_CASE))
        return CUSTODY_OK;
    cty_hex_write(request ? parsed->digest.bytes : parsed->statement.case_id.bytes, CTY_HASH_SIZE, hex);
    cty_report_finding(a->report, custody_err_name(line->code), line->entry, "this entry is of case %s", hex);
    return CUSTODY_OK;
}

static custody_err name_cases(struct audit *a)
{
    for (size_t i = 0; i < CTY_CLAIM_COUNT; i++)
        CTY_TRY(name_case(a, &a->report->claims[i]));
    return CUSTODY_OK;
}

static custody_err run(struct audit *a, const char *path, unsigned threads)
{
    custody_error *error = &a->cli->error;
    CTY_TRY(cty_audit_file_state_open(&a->scratch, NULL, true, &a->scratch.error));
    CTY_TRY(cty_expected_init(&a->expected));
    CTY_TRY(cty_memory_back(a->expected.index, &a->scratch.backing, CTY_SPACE_ROWS, CTY_AUDIT_ROWS_BYTES_MAX));
    CTY_TRY(read_seen(a));
    CTY_TRY(cty_audit_open(path, &a->file, error));
    CTY_TRY(cty_store_begin_read(a->file.reader, error));
    cty_progress_begin(a->cli, cty_store_size(a->file.reader), &a->progress);
    CTY_TRY(replay_all(a, threads));
    if (a->seen.size)
        CTY_TRY(compare_seen(a));
    CTY_TRY(compare(a));
    return name_cases(a);
}

/* A file that can't be read as what was written is itself what the audit found; one of our own is not. */
static custody_err as_report(struct audit *a, custody_err err)
{
    if (err != CUSTODY_OK && a->scratch.error.code == err) {
        a->cli->error = a->scratch.error;
        return err;
    }
    if (err != CUSTODY_E_STORE_ALTERED && err != CUSTODY_E_STORAGE)
        return err;
    const char *detail = a->cli->error.code == err ? a->cli->error.detail : "";
    cty_report_fail(a->report, CTY_CLAIM_STORED, CUSTODY_E_STORE_ALTERED, CTY_REPORT_NO_ENTRY, "%s: %s",
                    custody_err_sentence(err), detail);
    return CUSTODY_OK;
}

custody_err cty_audit_database(struct cty_cli *cli, const char *path, unsigned threads, struct cty_report *report)
{
    CTY_AUTO_FREE struct audit *a = cty_alloc(1, sizeof(*a));
    if (!a)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    a->cli = cli;
    a->report = report;
    a->memory = CTY_BUF_INIT((size_t)BATCH * CTY_ENTRY_BYTES_MAX);
    a->content = CTY_BUF_INIT(2 * CTY_BLOB_BYTES_MAX);
    a->seen = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    a->note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    custody_err err = cty_cli_trust(cli, &a->trust);
    if (err == CUSTODY_OK)
        err = as_report(a, run(a, path, threads));
    audit_done(a);
    return err;
}
