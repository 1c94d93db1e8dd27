/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker does with a statement before the sequencer sees it. */
#include "daemon/submission.h"
#include "daemon/witnesses.h"

/* Published keys prove nothing: outside of development nobody enrols with one. */
static custody_err check_key(struct cty_bytes vkey, enum cty_key_type type, struct cty_bytes actor,
                             custody_error *error)
{
    struct cty_bytes name;
    struct cty_key key;
    /* What is no key at all is for the fold to refuse. */
    if (!vkey.data || cty_vkey_parse(vkey, type, &name, &key) != CUSTODY_OK || !cty_key_is_development(&key))
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_DEVELOPMENT_KEY, "key of %.*s", (int)actor.size, (const char *)actor.data);
}

static custody_err check_enrolments(const struct cty_enrolment *enrolments, uint32_t count, custody_error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        CTY_TRY(check_key(enrolments[i].key, CTY_KEY_ED25519, enrolments[i].actor, error));
        CTY_TRY(check_key(enrolments[i].sealing_key, CTY_KEY_X25519, enrolments[i].actor, error));
    }
    return CUSTODY_OK;
}

static custody_err check_development(const struct cty_statement *statement, custody_error *error)
{
    if (statement->type == CTY_LEDGER_OPEN)
        return check_enrolments(statement->u.ledger_open.admins, statement->u.ledger_open.admins_count, error);
    if (statement->type == CTY_PARTY_ENROL)
        return check_enrolments(statement->u.party_enrol.admins, statement->u.party_enrol.admins_count, error);
    if (statement->type == CTY_ACTOR_ENROL)
        return check_enrolments(&statement->u.actor_enrol.enrolment, 1, error);
    if (statement->type == CTY_CUSTODIAN_ROTATE)
        return check_key(statement->u.custodian_rotate.key, CTY_KEY_ED25519, statement->ledger, error);
    if (statement->type == CTY_ACTOR_ROTATE) {
        CTY_TRY(check_key(statement->u.actor_rotate.key, CTY_KEY_ED25519, statement->signers[0], error));
        return check_key(statement->u.actor_rotate.sealing_key, CTY_KEY_X25519, statement->signers[0], error);
    }
    return CUSTODY_OK;
}

/* A statement that is in the ledger is answered from the snapshot. */
static custody_err answer_duplicate(struct cty_submission *submission, const struct cty_prepare *prepare,
                                    uint64_t index)
{
    struct cty_store_reader *reader = prepare->book->reader;
    struct cty_store_mark mark;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    custody_err err = cty_submission_take_duplicate(submission, reader, index, &submission->error);
    if (err == CUSTODY_OK)
        err = cty_store_read_checkpoint(reader, &mark, &note, &submission->error);
    if (err == CUSTODY_OK)
        err = cty_witnessed_put_lines(reader, mark.size, &note, &submission->error);
    if (err == CUSTODY_OK)
        err = cty_submission_take_receipts(submission, reader, mark.size, cty_buf_bytes(&note), &submission->error);
    cty_buf_done(&note);
    return err;
}

/*
 * A signature that does not verify can't be mended by waiting: the snapshot gives the refusal, in the order of
 * the rules, and the sequencer is spared.
 */
static custody_err refuse_unverified(struct cty_submission *submission, const struct cty_prepare *prepare)
{
    struct cty_unit_input input = {.envelope = submission->envelope, .statement = &submission->parsed.statement,
                                   .digest = &submission->parsed.digest};
    memcpy(input.keys, submission->keys, sizeof(input.keys));
    custody_err err = cty_unit_judge(prepare->unit, prepare->book, &input,
                                     cty_clock_wall(&prepare->custodian->clock), &submission->error);
    cty_book_reset(prepare->book);
    if (err == CUSTODY_OK)
        return cty_fail(&submission->error, CUSTODY_E_SIGNATURE_INVALID, "a signer's");
    return err;
}

static bool is_fault(custody_err err)
{
    return custody_err_class_get(err) == CUSTODY_CLASS_FAULT;
}

static void learn_keys(const struct cty_submission *submission, const struct cty_prepare *prepare)
{
    const struct cty_statement *statement = &submission->parsed.statement;
    if (!prepare->keyring || !submission->verified || !cty_keyring_serves(statement))
        return;
    for (uint32_t i = 0; i < statement->signers_count; i++)
        cty_keyring_put(prepare->keyring, statement->signers[i], &submission->keys[i]);
}

static custody_err prepare_contents(struct cty_submission *submission, const struct cty_prepare *prepare)
{
    custody_error *error = &submission->contents_error;
    submission->contents_err = cty_contents_check(&submission->contents, &submission->parsed, prepare->book->reader,
                                                  error);
    if (is_fault(submission->contents_err))
        return cty_fail(&submission->error, submission->contents_err, "%s", error->detail);
    return cty_submission_check_patch(submission, prepare->book, &submission->error);
}

static bool is_whole(const struct cty_submission *submission)
{
    for (uint32_t i = 0; i < submission->contents.count; i++) {
        if (submission->contents.list[i].staged)
            return false;
    }
    return submission->parsed.statement.type != CTY_PATCH;
}

/* What can be done without a look into the database. */
static bool is_ready_at_hand(struct cty_submission *submission, const struct cty_prepare *prepare)
{
    return prepare->keyring && !prepare->look_up && is_whole(submission) &&
           cty_submission_verify_at_hand(submission, prepare->keyring);
}

static custody_err look_up(struct cty_submission *submission, const struct cty_prepare *prepare, bool *ret_queue)
{
    bool found = false;
    uint64_t index = 0;
    CTY_TRY(cty_submission_find(submission, prepare->book, &found, &index, &submission->error));
    submission->looked_up = true;
    if (!found)
        return CUSTODY_OK;
    *ret_queue = false;
    return answer_duplicate(submission, prepare, index);
}

/* What does not verify by the keys of now may by those that its own message brings; but for nobody else's. */
static bool may_verify_later(const struct cty_submission *submission, const struct cty_prepare *prepare)
{
    const struct cty_statement *statement = &submission->parsed.statement;
    const struct cty_key none = {{0}};
    if (!prepare->after_rotation)
        return false;
    for (uint32_t i = 0; i < statement->signers_count; i++) {
        if (cty_key_equal(&submission->keys[i], &none) && !prepare->after_rotation(prepare->context, statement->signers[i]))
            return false;
    }
    return true;
}

/* In a snapshot. OK: it goes to the sequencer, unless *ret_queue was made false. */
static custody_err prepare_by_look(struct cty_submission *submission, const struct cty_prepare *prepare, bool *ret_queue)
{
    custody_error *error = &submission->error;
    custody_err err = look_up(submission, prepare, ret_queue);
    if (err != CUSTODY_OK || !*ret_queue)
        return err;
    err = cty_submission_verify(submission, prepare->book, error);
    if (is_fault(err))
        return err;
    if (err != CUSTODY_OK ? !prepare->after_others : !submission->verified && !may_verify_later(submission, prepare))
        return refuse_unverified(submission, prepare);
    learn_keys(submission, prepare);
    if (!prepare->custodian->development)
        CTY_TRY(check_development(&submission->parsed.statement, error));
    return prepare_contents(submission, prepare);
}

typedef custody_err looking_function(struct cty_submission *submission, const struct cty_prepare *prepare, bool *ret_queue);

static custody_err in_snapshot(looking_function *function, struct cty_submission *submission,
                               const struct cty_prepare *prepare, bool *ret_queue)
{
    struct cty_store_reader *reader = prepare->book->reader;
    if (reader)
        CTY_TRY(cty_store_begin_read(reader, &submission->error));
    cty_book_reset(prepare->book);
    custody_err err = function(submission, prepare, ret_queue);
    cty_book_reset(prepare->book);
    if (reader)
        cty_store_end_read(reader);
    return err;
}

static custody_err prepare(struct cty_submission *submission, const struct cty_prepare *prepare,
                           const struct cty_rpc_params *params, bool *ret_queue)
{
    custody_error *error = &submission->error;
    submission->envelope = params->u.submit.envelope;
    CTY_TRY(cty_contents_decode(&submission->contents, params->u.submit.blobs, params->u.submit.blobs_count, error));
    CTY_TRY(cty_signed_parse(submission->envelope, &submission->parsed, error));
    if (prepare->keyring)
        cty_keyring_begin(prepare->keyring);
    if (is_ready_at_hand(submission, prepare))
        return prepare_contents(submission, prepare);
    return in_snapshot(prepare_by_look, submission, prepare, ret_queue);
}

void cty_submission_prepare(struct cty_submission *submission, const struct cty_prepare *with,
                            const struct cty_rpc_params *params, bool *ret_queue)
{
    bool queue = true;
    submission->kind = CTY_SUBMIT;
    submission->err = prepare(submission, with, params, &queue);
    *ret_queue = queue && submission->err == CUSTODY_OK;
}

bool cty_submission_is_new(struct cty_submission *submission, const struct cty_prepare *with)
{
    bool queue = true;
    if (!submission->looked_up)
        submission->err = in_snapshot(look_up, submission, with, &queue);
    return queue && submission->err == CUSTODY_OK;
}
