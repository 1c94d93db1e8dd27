/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/submission.h"

#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"
#include "ledger/note.h"
#include "proto/claims.h"

/* A scanned envelope of this size or less keeps its memory for the next one. */
#define ENTRY_LIMIT (2 * CTY_ENTRY_BYTES_MAX)

void cty_submission_done(struct cty_submission *submission)
{
    if (!submission)
        return;
    cty_signed_done(&submission->parsed);
    cty_contents_done(&submission->contents);
    for (uint32_t i = 0; i < CTY_UNIT_ENTRIES_MAX; i++) {
        cty_buf_done(&submission->parts[i].entry);
        cty_buf_done(&submission->parts[i].receipt);
    }
}

void cty_submission_clear(struct cty_submission *submission)
{
    cty_contents_clear(&submission->contents);
    for (uint32_t i = 0; i < CTY_UNIT_ENTRIES_MAX; i++) {
        struct cty_part *part = &submission->parts[i];
        cty_buf_clear(&part->entry);
        cty_buf_clear(&part->receipt);
        part->entry.limit = ENTRY_LIMIT;
        part->receipt.limit = CTY_NOTE_BYTES_MAX;
    }
    memset(submission->keys, 0, sizeof(submission->keys));
    memset(submission->tried, 0, sizeof(submission->tried));
    memset(submission->tried_well, 0, sizeof(submission->tried_well));
    submission->next = NULL;
    submission->verified = false;
    submission->looked_up = false;
    submission->patch_checked = false;
    submission->duplicate = false;
    submission->contents_err = CUSTODY_OK;
    submission->err = CUSTODY_E_INTERNAL;
    submission->error.code = CUSTODY_OK;
    submission->error.detail[0] = 0;
    submission->parts_count = 0;
}

/* A signature gives by one key the same however often it is asked for. */
static bool verifies(struct cty_submission *submission, uint32_t i, struct cty_bytes name)
{
    const struct cty_key *key = &submission->keys[i];
    if (!cty_key_equal(key, &submission->tried[i])) {
        submission->tried[i] = *key;
        submission->tried_well[i] = cty_signed_verify(&submission->parsed, i, name, key) == CUSTODY_OK;
    }
    return submission->tried_well[i];
}

bool cty_submission_verify_at_hand(struct cty_submission *submission, const struct cty_keyring *keyring)
{
    const struct cty_statement *statement = &submission->parsed.statement;
    if (!cty_keyring_serves(statement))
        return false;
    for (uint32_t i = 0; i < statement->signers_count; i++) {
        if (!cty_keyring_get(keyring, statement->signers[i], &submission->keys[i]))
            return false;
    }
    submission->verified = true;
    for (uint32_t i = 0; i < statement->signers_count && submission->verified; i++)
        submission->verified = verifies(submission, i, statement->signers[i]);
    return submission->verified;
}

custody_err cty_submission_verify(struct cty_submission *submission, struct cty_book *book, custody_error *error)
{
    const struct cty_signed *parsed = &submission->parsed;
    struct cty_bytes names[CTY_SIGNERS_MAX];
    struct cty_buf memory = CTY_BUF_INIT(4096);
    custody_err err;
    do {
        cty_buf_clear(&memory);
        err = cty_fold_keys(&book->view, &parsed->statement, &memory, submission->keys, names, error);
    } while (cty_book_again(book, &err, error));
    submission->verified = err == CUSTODY_OK;
    for (uint32_t i = 0; err == CUSTODY_OK && i < parsed->signatures_count; i++) {
        if (verifies(submission, i, names[i]))
            continue;
        memset(&submission->keys[i], 0, sizeof(submission->keys[i]));
        submission->verified = false;
    }
    if (err != CUSTODY_OK)
        memset(submission->keys, 0, sizeof(submission->keys));
    cty_buf_done(&memory);
    return err;
}

custody_err cty_submission_find(const struct cty_submission *submission, struct cty_book *book, bool *ret_found,
                                uint64_t *ret_index, custody_error *error)
{
    struct cty_id_record record = {0};
    char id[33];
    bool present = false;
    cty_hex_write(submission->parsed.statement.id, 16, id);
    CTY_TRY(cty_book_record(book, &cty_shape_id_record, &record, &present, error, "id/%s", id));
    *ret_found = present && cty_hash_equal(&record.digest, &submission->parsed.digest);
    *ret_index = record.index;
    return CUSTODY_OK;
}

/* What the clerk said after an entry follows at once, and nothing else of the clerk's can stand there. */
static custody_err take_follow(struct cty_submission *submission, struct cty_store_reader *reader, uint64_t index,
                               struct cty_parsed_entry *parsed, bool *ret_more, custody_error *error)
{
    struct cty_part *part = &submission->parts[submission->parts_count];
    custody_err err = cty_store_read_entry(reader, index, &part->entry, error);
    *ret_more = false;
    if (err == CUSTODY_E_NOT_FOUND)
        return CUSTODY_OK;
    CTY_TRY(err);
    CTY_TRY(cty_entry_parse(cty_buf_bytes(&part->entry), parsed, error));
    enum cty_type type = parsed->signed_statement.statement.type;
    if (type != CTY_VERDICT && type != CTY_RELEASE)
        return CUSTODY_OK;
    part->index = index;
    submission->parts_count++;
    *ret_more = submission->parts_count < CTY_UNIT_ENTRIES_MAX;
    return CUSTODY_OK;
}

custody_err cty_submission_take_duplicate(struct cty_submission *submission, struct cty_store_reader *reader,
                                          uint64_t index, custody_error *error)
{
    submission->duplicate = true;
    submission->parts[0].index = index;
    CTY_TRY(cty_store_read_entry(reader, index, &submission->parts[0].entry, error));
    submission->parts_count = 1;
    struct cty_parsed_entry *parsed = cty_alloc(1, sizeof(*parsed));
    if (!parsed)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = CUSTODY_OK;
    for (bool more = true; more && err == CUSTODY_OK;)
        err = take_follow(submission, reader, ++index, parsed, &more, error);
    cty_parsed_entry_done(parsed);
    free(parsed);
    return err;
}

custody_err cty_submission_take_receipts(struct cty_submission *submission, struct cty_store_reader *reader,
                                         uint64_t size, struct cty_bytes note, custody_error *error)
{
    struct cty_tree_reader tree = cty_store_tree(reader);
    for (uint32_t i = 0; i < submission->parts_count; i++) {
        struct cty_part *part = &submission->parts[i];
        struct cty_proof proof;
        custody_err err = cty_tree_inclusion(&tree, part->index, size, &proof);
        if (err == CUSTODY_OK)
            err = cty_receipt_format(cty_bytes_make(NULL, 0), part->index, &proof, note, &part->receipt);
        if (err != CUSTODY_OK)
            return cty_fail(error, err, "the receipt of entry %llu", (unsigned long long)part->index);
    }
    return CUSTODY_OK;
}

static custody_err check_against(struct cty_submission *submission, struct cty_book *book,
                                 const struct cty_case *the_case, custody_error *error)
{
    uint8_t salt[CTY_SALT_SIZE];
    struct cty_buf base = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    bool first = cty_hash_equal(&the_case->payload_at, &submission->parsed.statement.case_id);
    custody_err err = cty_store_read_blob(book->reader, &the_case->payload_at,
                                          first ? CTY_LITERAL("payload") : CTY_LITERAL("result"), salt, &base, error);
    if (err == CUSTODY_E_NOT_FOUND)
        err = cty_fail(error, CUSTODY_E_BLOB_MISSING, "the payload that it changes is not here any more");
    else if (err == CUSTODY_OK)
        err = cty_contents_check_patch(&submission->contents, cty_buf_bytes(&base), error);
    cty_buf_done(&base);
    return err;
}

custody_err cty_submission_check_patch(struct cty_submission *submission, struct cty_book *book,
                                       custody_error *error)
{
    const struct cty_statement *statement = &submission->parsed.statement;
    if (statement->type != CTY_PATCH || submission->patch_checked || submission->contents_err != CUSTODY_OK)
        return CUSTODY_OK;
    struct cty_case *the_case = cty_alloc(1, sizeof(*the_case));
    struct cty_bytes text;
    if (!the_case)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = cty_book_case(book, &statement->case_id, the_case, &text, error);
    bool same = err == CUSTODY_OK && cty_hash_equal(&the_case->payload, &statement->u.patch.base);
    if (same) {
        custody_err found = check_against(submission, book, the_case, &submission->contents_error);
        if (custody_err_class_get(found) == CUSTODY_CLASS_FAULT)
            err = cty_fail(error, found, "%s", submission->contents_error.detail);
        else
            submission->contents_err = found;
        submission->patch_checked = err == CUSTODY_OK;
    }
    free(the_case);
    return err == CUSTODY_E_WRONG_CASE ? CUSTODY_OK : err;
}

custody_err cty_submission_refusal(const struct cty_submission *submission, const struct cty_custodian *custodian,
                                   struct cty_head *head, struct cty_buf *out)
{
    if (!submission->verified || custody_err_class_get(submission->err) != CUSTODY_CLASS_REFUSAL)
        return CUSTODY_OK;
    struct cty_head_state now;
    cty_head_get(head, &now);
    struct cty_refusal refusal = {
        .code = cty_bytes_text(custody_err_name(submission->err)),
        .digest = submission->parsed.digest,
        .ledger = custodian->origin,
        .seen = cty_seen_of(now.mark.size, &now.mark.root),
        .time = cty_clock_wall(&custodian->clock),
    };
    return cty_refusal_sign(&refusal, now.clerk->secret, out);
}
