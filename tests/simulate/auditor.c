/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Believes nothing. It reads as any reader may, keeps every entry that was ever shown and every note that was ever
 * signed, replays them by src/audit, and looks whether what was said once is still so.
 */
#include <stdlib.h>

#include "base/check.h"
#include "cli/audit_db.h"
#include "codec/text.h"
#include "simulate/sim.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)

/* What left the custodian and is not proved yet. */
struct claim {
    bool receipt; /* else a checkpoint's note */
    uint64_t index;
    char *text;
    char *entry;
    size_t text_size, entry_size;
};

struct auditor {
    struct cty_trust trust;
    struct cty_replay *replay;
    struct cty_report report;
    struct cty_hash *leaves; /* of every entry that was shown */
    uint64_t size, room;
    struct claim *claims;
    size_t claims_count, claims_room;
    struct cty_json tape;
    struct cty_parsed_entry parsed;
    /* Of a whole audit. */
    struct cty_store_reader *reader;
    struct cty_expected expected;
    struct cty_replay *again;
    struct cty_report *findings;
    uint8_t salt[CTY_SALT_SIZE];
    struct cty_buf content;
};

/* --- what stands ------------------------------------------------------------------------------------------------ */

struct cty_memory *auditor_memory(struct sim *s)
{
    return cty_replay_memory(s->auditor->replay);
}

uint64_t auditor_size(const struct sim *s)
{
    return s->auditor->size;
}

bool auditor_case(struct sim *s, const struct cty_hash *case_id, struct cty_case *ret_case)
{
    char key[CTY_VIEW_KEY_MAX] = "case/";
    cty_hex_write(case_id->bytes, CTY_HASH_SIZE, key + 5);
    struct cty_bytes text = cty_memory_get(auditor_memory(s), key);
    memset(ret_case, 0, sizeof(*ret_case));
    if (!text.data)
        return false;
    MUST(cty_record_decode(&cty_shape_case, text, &s->auditor->tape, ret_case, NULL));
    return true;
}

void auditor_ledger(struct sim *s, struct cty_ledger_record *ret_ledger)
{
    struct cty_bytes text = cty_memory_get(auditor_memory(s), "ledger");
    memset(ret_ledger, 0, sizeof(*ret_ledger));
    if (text.data)
        MUST(cty_record_decode(&cty_shape_ledger_record, text, &s->auditor->tape, ret_ledger, NULL));
}

/* --- claims ------------------------------------------------------------------------------------------------------ */

static char *copy(struct cty_bytes bytes)
{
    char *text = malloc(bytes.size + 1);
    CTY_CHECK(text);
    if (bytes.size)
        memcpy(text, bytes.data, bytes.size);
    text[bytes.size] = 0;
    return text;
}

static struct claim *add_claim(struct auditor *a)
{
    if (a->claims_count == a->claims_room) {
        a->claims_room = a->claims_room ? 2 * a->claims_room : 64;
        a->claims = realloc(a->claims, a->claims_room * sizeof(*a->claims));
        CTY_CHECK(a->claims);
    }
    struct claim *claim = &a->claims[a->claims_count++];
    memset(claim, 0, sizeof(*claim));
    return claim;
}

void auditor_receipt(struct sim *s, const struct cty_part *part)
{
    struct claim *claim = add_claim(s->auditor);
    claim->receipt = true;
    claim->index = part->index;
    claim->text = copy(cty_buf_bytes(&part->receipt));
    claim->text_size = part->receipt.size;
    claim->entry = copy(cty_buf_bytes(&part->entry));
    claim->entry_size = part->entry.size;
    tally_add(TALLY_RECEIPTS);
}

void auditor_note(struct sim *s, struct cty_bytes note)
{
    struct claim *claim = add_claim(s->auditor);
    claim->text = copy(note);
    claim->text_size = note.size;
}

/* Whether the ledger that the auditor has seen holds this statement. */
static bool stands(struct sim *s, const struct paper *paper)
{
    struct cty_id_record record = {0};
    char key[64] = "id/";
    struct cty_signed parsed = {0};
    MUST(cty_signed_parse(cty_buf_bytes(&paper->envelope), &parsed, NULL));
    cty_hex_write(parsed.statement.id, 16, key + 3);
    cty_signed_done(&parsed);
    struct cty_bytes text = cty_memory_get(auditor_memory(s), key);
    if (!text.data)
        return false;
    MUST(cty_record_decode(&cty_shape_id_record, text, &s->auditor->tape, &record, NULL));
    return cty_hash_equal(&record.digest, &paper->digest);
}

void auditor_answer(struct sim *s, const struct paper *paper, const struct cty_submission *submission)
{
    enum custody_err_class cls = custody_err_class_get(submission->err);
    if (submission->err != CUSTODY_OK) {
        tally_refusal(custody_err_name(submission->err));
        tally_add(cls == CUSTODY_CLASS_REFUSAL ? TALLY_REFUSED : TALLY_FAULTED);
        if (submission->err == CUSTODY_E_DOUBLE_CONSUME)
            tally_add(TALLY_DOUBLE_CONSUMES);
        if (cls == CUSTODY_CLASS_REFUSAL && !paper->stages && stands(s, paper))
            sim_fail(s, "refused-stands", "paper %zu stands and was refused with %s", paper->number,
                     custody_err_name(submission->err));
        return;
    }
    if (submission->duplicate)
        tally_add(TALLY_DUPLICATES);
    for (uint32_t i = 0; i < submission->parts_count; i++)
        auditor_receipt(s, &submission->parts[i]);
}

static void check_root(struct sim *s, const struct cty_checkpoint *checkpoint, const char *of)
{
    struct cty_hash root;
    if (checkpoint->size > s->auditor->size ||
        cty_memory_root(auditor_memory(s), checkpoint->size, &root) != CUSTODY_OK)
        sim_fail(s, "checkpoint", "%s was signed for size %llu, and the ledger has %llu", of,
                 (unsigned long long)checkpoint->size, (unsigned long long)s->auditor->size);
    else if (!cty_hash_equal(&root, &checkpoint->root))
        sim_fail(s, "checkpoint", "%s for size %llu has another root", of, (unsigned long long)checkpoint->size);
}

static void prove_receipt(struct sim *s, const struct claim *claim)
{
    struct cty_receipt receipt;
    struct cty_checkpoint checkpoint;
    struct cty_bytes entry = cty_bytes_make(claim->entry, claim->entry_size);
    const struct cty_log_keys *keys = cty_replay_log_keys(s->auditor->replay);
    if (claim->index >= s->auditor->size) {
        sim_fail(s, "receipt", "entry %llu was answered and is not there", (unsigned long long)claim->index);
        return;
    }
    struct cty_hash leaf = cty_tree_leaf(entry);
    if (!cty_hash_equal(&leaf, &s->auditor->leaves[claim->index]))
        sim_fail(s, "receipt", "entry %llu is another one than was answered", (unsigned long long)claim->index);
    custody_err err = cty_receipt_open_by(cty_bytes_make(claim->text, claim->text_size), entry, CTY_LITERAL(SIM_ORIGIN),
                                          keys, &receipt, &checkpoint);
    if (err != CUSTODY_OK || receipt.index != claim->index)
        sim_fail(s, "receipt", "the receipt of entry %llu: %s", (unsigned long long)claim->index, custody_err_name(err));
    else
        check_root(s, &checkpoint, "a receipt's checkpoint");
}

static void prove_note(struct sim *s, const struct claim *claim)
{
    struct cty_checkpoint checkpoint;
    custody_err err = cty_checkpoint_open_by(cty_bytes_make(claim->text, claim->text_size), CTY_LITERAL(SIM_ORIGIN),
                                             cty_replay_log_keys(s->auditor->replay), &checkpoint);
    if (err != CUSTODY_OK)
        sim_fail(s, "checkpoint", "a note: %s", custody_err_name(err));
    else
        check_root(s, &checkpoint, "a checkpoint");
}

static void prove_claims(struct sim *s)
{
    struct auditor *a = s->auditor;
    for (size_t i = 0; i < a->claims_count; i++) {
        if (!s->failed && a->claims[i].receipt)
            prove_receipt(s, &a->claims[i]);
        else if (!s->failed)
            prove_note(s, &a->claims[i]);
        free(a->claims[i].text);
        free(a->claims[i].entry);
    }
    a->claims_count = 0;
}

/* --- looking ----------------------------------------------------------------------------------------------------- */

static void count_entry(struct sim *s)
{
    const struct cty_signed *parsed = &s->auditor->parsed.signed_statement;
    enum cty_type type = parsed->statement.type;
    tally_add(TALLY_ENTRIES);
    if (type == CTY_REQUEST && s->cases_count < SIM_CASES)
        s->cases[s->cases_count++] = parsed->digest;
    else if (type == CTY_EXPIRY)
        tally_add(TALLY_EXPIRIES);
    else if (type == CTY_RELEASE)
        tally_add(TALLY_RELEASES);
    else if (type == CTY_CONSUME)
        tally_add(TALLY_CONSUMED);
    else if (type == CTY_ACCEPT)
        tally_add(TALLY_HANDOFFS);
    else if (type == CTY_LEDGER_CLOSE)
        tally_add(TALLY_CLOSED);
}

static void take_new(struct sim *s, const struct cty_store_entry *row, const struct cty_hash *leaf)
{
    struct auditor *a = s->auditor;
    if (a->size == a->room) {
        a->room = a->room ? 2 * a->room : 256;
        a->leaves = realloc(a->leaves, a->room * sizeof(*a->leaves));
        CTY_CHECK(a->leaves);
    }
    a->leaves[a->size++] = *leaf;
    MUST(cty_replay_entries(a->replay, &row->body, 1));
    if (cty_report_failed(&a->report))
        sim_fail(s, "lawful", "entry %llu is not", (unsigned long long)row->index);
    MUST(cty_entry_parse(row->body, &a->parsed, NULL));
    count_entry(s);
    second_entry(s, row->index, row->body);
}

static custody_err each_entry(void *context, const struct cty_store_entry *row)
{
    struct sim *s = context;
    struct auditor *a = s->auditor;
    struct cty_hash leaf = cty_tree_leaf(row->body);
    if (s->failed)
        return CUSTODY_OK;
    if (row->index < a->size && !cty_hash_equal(&leaf, &a->leaves[row->index]))
        sim_fail(s, "entry", "entry %llu is another one than was shown", (unsigned long long)row->index);
    else if (row->index == a->size)
        take_new(s, row, &leaf);
    else if (row->index > a->size)
        sim_fail(s, "entry", "entry %llu comes after %llu", (unsigned long long)row->index, (unsigned long long)a->size);
    return CUSTODY_OK;
}

/* A proof out of the snapshot, as a reader is given. */
static custody_err look_proof(struct sim *s, struct cty_store_reader *reader, uint64_t size, struct cty_bytes note)
{
    struct cty_tree_reader tree = cty_store_tree(reader);
    struct cty_part part = {.index = chance_below(&s->checks, size),
                            .entry = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX), .receipt = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX)};
    struct cty_proof proof;
    custody_err err = cty_store_read_entry(reader, part.index, &part.entry, NULL);
    if (err == CUSTODY_OK)
        err = cty_tree_inclusion(&tree, part.index, size, &proof);
    if (err == CUSTODY_OK)
        err = cty_receipt_format(cty_bytes_make(NULL, 0), part.index, &proof, note, &part.receipt);
    if (err == CUSTODY_OK)
        auditor_receipt(s, &part);
    cty_buf_done(&part.entry);
    cty_buf_done(&part.receipt);
    return err;
}

static custody_err look_head(struct sim *s, struct cty_store_reader *reader, custody_error *error)
{
    struct cty_store_mark mark;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    custody_err err = cty_store_read_checkpoint(reader, &mark, &note, error);
    if (err == CUSTODY_OK && mark.size != cty_store_size(reader))
        sim_fail(s, "checkpoint", "the newest is of %llu, and there are %llu", (unsigned long long)mark.size,
                 (unsigned long long)cty_store_size(reader));
    if (err == CUSTODY_OK)
        auditor_note(s, cty_buf_bytes(&note));
    if (err == CUSTODY_OK)
        err = look_proof(s, reader, mark.size, cty_buf_bytes(&note));
    cty_buf_done(&note);
    return err;
}

static custody_err look(struct sim *s, bool all, custody_error *error)
{
    struct auditor *a = s->auditor;
    struct cty_store_reader *reader = s->office.reader;
    uint64_t size = cty_store_size(reader);
    if (size < a->size)
        sim_fail(s, "lost", "%llu entries were shown, and there are %llu", (unsigned long long)a->size,
                 (unsigned long long)size);
    uint64_t from = all ? 0 : a->size;
    if (!s->failed && size > from)
        CTY_TRY(cty_store_walk_entries(reader, from, size - from, each_entry, s, error));
    return look_head(s, reader, error);
}

/* What the head says goes to whoever asks, and to those who wait for news. */
static void look_at_head(struct sim *s)
{
    static struct cty_head_state now;
    cty_head_get(&s->office.head, &now);
    auditor_note(s, cty_head_note(&now));
}

/* A reader may fail where the disk does, and nowhere else. */
static void reading_failed(struct sim *s, custody_err err, const custody_error *error)
{
    if (disk_failures() == 0 && !disk_stopped())
        sim_fail(s, "reading", "%s: %s", custody_err_name(err), error->detail);
}

void auditor_look(struct sim *s, bool all)
{
    custody_error error = {0};
    if (!s->office.open || !s->office.reader || s->failed || disk_stopped())
        return;
    custody_err err = cty_store_begin_read(s->office.reader, &error);
    if (err == CUSTODY_OK)
        err = look(s, all, &error);
    cty_store_end_read(s->office.reader);
    tally_add(TALLY_READS);
    if (err != CUSTODY_OK) {
        reading_failed(s, err, &error);
        return;
    }
    look_at_head(s);
    prove_claims(s);
    if (all && !s->failed)
        second_compare(s);
}

/* --- the whole file ---------------------------------------------------------------------------------------------- */

static custody_err get_content(void *context, const struct cty_hash *case_id, const struct cty_hash *statement,
                               struct cty_bytes member, struct cty_bytes *ret_salt, struct cty_bytes *ret_content)
{
    (void)case_id;
    struct auditor *a = context;
    cty_buf_clear(&a->content);
    custody_err err = cty_store_read_blob(a->reader, statement, member, a->salt, &a->content, NULL);
    *ret_salt = cty_bytes_make(a->salt, sizeof(a->salt));
    *ret_content = cty_buf_bytes(&a->content);
    return err;
}

static custody_err expect(void *context, const struct cty_store_entry *row)
{
    struct auditor *a = context;
    CTY_TRY(cty_expect_entry(&a->expected, row, a->findings));
    return cty_replay_entries(a->again, &row->body, 1);
}

static custody_err replay(struct auditor *a, custody_error *error)
{
    struct cty_content_source contents = {a, get_content};
    struct cty_store_mark mark;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    custody_err err = cty_replay_new(&a->trust, &contents, 1, a->findings, &a->again);
    CTY_TRY_OUT(err);
    CTY_TRY_OUT(cty_store_walk_entries(a->reader, 0, cty_store_size(a->reader), expect, a, error));
    CTY_TRY_OUT(cty_store_read_checkpoint(a->reader, &mark, &note, error));
    CTY_TRY_OUT(cty_replay_finish(a->again, cty_buf_bytes(&note)));
    struct cty_comparison comparison = {.reader = a->reader, .replay = a->again, .trust = &a->trust,
                                        .expected = &a->expected, .report = a->findings, .tape = CTY_JSON_INIT};
    err = cty_compare_rows(&comparison, error);
    cty_json_done(&comparison.tape);
out:
    cty_buf_done(&note);
    return err;
}

static void tell(struct sim *s, const struct cty_report *report)
{
    for (int i = 0; i < CTY_CLAIM_COUNT; i++) {
        if (report->claims[i].state == CTY_CLAIM_FAILS)
            sim_fail(s, "audit", "%s: %.300s", cty_claim_name((enum cty_claim)i), report->claims[i].text);
    }
    if (report->claims[CTY_CLAIM_LAWFUL].state != CTY_CLAIM_HOLDS ||
        report->claims[CTY_CLAIM_CONTENTS].state != CTY_CLAIM_HOLDS)
        sim_fail(s, "audit", "not everything was judged");
}

void auditor_whole(struct sim *s)
{
    struct auditor *a = s->auditor;
    custody_error error = {0};
    if (!s->office.open || s->failed || disk_stopped())
        return;
    a->findings = cty_alloc(1, sizeof(*a->findings));
    CTY_CHECK(a->findings);
    a->reader = s->office.reader;
    MUST(cty_expected_init(&a->expected));
    custody_err err = cty_store_begin_read(a->reader, &error);
    if (err == CUSTODY_OK)
        err = replay(a, &error);
    cty_store_end_read(a->reader);
    tally_add(TALLY_AUDITS);
    if (err == CUSTODY_OK)
        tell(s, a->findings);
    else
        reading_failed(s, err, &error);
    cty_replay_free(a->again);
    a->again = NULL;
    cty_expected_done(&a->expected);
    memset(&a->expected, 0, sizeof(a->expected));
    free(a->findings);
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

void auditor_begin(struct sim *s)
{
    struct auditor *a = cty_alloc(1, sizeof(*a));
    struct cty_buf text = CTY_BUF_INIT(4096);
    CTY_CHECK(a);
    s->auditor = a;
    a->tape = CTY_JSON_INIT;
    a->content = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    MUST(cty_buf_put_text(&text, "{\"custody_trust\":1,\"policy\":\"log "));
    MUST(cty_vkey_format(cty_secret_name(s->log), CTY_KEY_ED25519, cty_secret_key(s->log), &text));
    MUST(cty_buf_put_text(&text, "\\nquorum none\\n\"}"));
    MUST(cty_trust_parse(cty_buf_bytes(&text), &a->trust, NULL));
    MUST(cty_replay_new(&a->trust, NULL, 1, &a->report, &a->replay));
    cty_buf_done(&text);
}

void auditor_done(struct sim *s)
{
    struct auditor *a = s->auditor;
    s->failed = true; /* nothing is proved any more */
    prove_claims(s);
    free(a->claims);
    free(a->leaves);
    cty_replay_free(a->replay);
    cty_trust_done(&a->trust);
    cty_json_done(&a->tape);
    cty_parsed_entry_done(&a->parsed);
    cty_buf_done(&a->content);
    free(a);
}
