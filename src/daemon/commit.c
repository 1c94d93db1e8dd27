/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One transaction:
 *
 *     begin --> judge and store each --> check --> sign --> receipts --> commit --> head, hints, done
 *                  |                                                       |
 *                  refused: nothing was stored                             fault anywhere: everything is taken
 *                                                                          back, and everybody is told the fault
 */
#include "daemon/commit.h"

#include "base/check.h"
#include "codec/text.h"
#include "daemon/counters.h"
#include "daemon/log.h"

/* --- faults ------------------------------------------------------------------------------------------------ */

/* What a fault of the store means for the service; *err becomes what clients are told. */
void cty_group_fault(struct cty_sequencer *sequencer, custody_err *err, const custody_error *error)
{
    struct cty_head *head = sequencer->config.head;
    cty_store_roll_back(sequencer->config.store);
    cty_cache_clear(&sequencer->cache);
    cty_buf_clear(&sequencer->ledger);
    cty_book_reset(&sequencer->book);
    if (sequencer->config.witnesses)
        cty_witnesses_stored(sequencer->config.witnesses, false);
    cty_log(CTY_LOG_ERROR, "fault", "code", "s", custody_err_name(*err), "detail", "s", error->detail, NULL);
    if (cty_store_is_poisoned(sequencer->config.store)) {
        *err = CUSTODY_E_STORAGE;
        cty_head_put_service(head, CTY_SERVING_STOPPED, error->detail[0] ? error->detail : "the storage failed");
        if (sequencer->config.failed)
            sequencer->config.failed(sequencer->config.user);
    } else if (*err == CUSTODY_E_READ_ONLY) {
        cty_head_put_service(head, CTY_SERVING_READS, error->detail[0] ? error->detail : "the disk is full");
        sequencer->retry_at_ms = cty_sequencer_now(sequencer) + CTY_READ_ONLY_RETRY_MS;
    }
}

/* Whether anything may be appended now. Errors: CLOCK, STORAGE, READ_ONLY. */
static custody_err check_service(struct cty_sequencer *sequencer, custody_error *error)
{
    struct cty_head *head = sequencer->config.head;
    enum cty_service_state state = cty_head_service(head);
    if (state == CTY_SERVING_STOPPED)
        return cty_fail(error, CUSTODY_E_STORAGE, "it failed before");
    if (state == CTY_SERVING_CLOCK)
        return cty_fail(error, CUSTODY_E_CLOCK, "nobody has confirmed it yet");
    if (state == CTY_SERVING_WITNESSES)
        return cty_fail(error, CUSTODY_E_WITNESSES_UNKNOWN, "it asks them again and again");
    if (state == CTY_SERVING_BEHIND)
        return cty_fail(error, CUSTODY_E_LEDGER_BEHIND, "the custodian appends nothing");
    if (state == CTY_SERVING_READS && cty_sequencer_now(sequencer) < sequencer->retry_at_ms)
        return cty_fail(error, CUSTODY_E_READ_ONLY, "it is tried again soon");
    /* Nothing will be appended, so no clock is asked: the rules refuse each statement. */
    if (state == CTY_SERVING_CLOSED)
        return CUSTODY_OK;
    custody_err err = cty_clock_guard_check(&sequencer->config.guard, &sequencer->config.custodian->clock, error);
    if (err != CUSTODY_OK)
        cty_head_put_service(head, CTY_SERVING_CLOCK, error->detail);
    return err;
}

/* --- storing ----------------------------------------------------------------------------------------------- */

static bool is_put_later(const struct cty_unit *unit, uint32_t number, const char *key)
{
    for (uint32_t i = number + 1; i < unit->count; i++) {
        const struct cty_delta *delta = &unit->entries[i].delta;
        for (size_t k = 0; k < delta->count; k++) {
            if (strcmp(delta->puts[k].key, key) == 0)
                return true;
        }
    }
    return false;
}

/* Stored once for a group, in store_ledger. */
static custody_err hold_ledger(struct cty_sequencer *sequencer, struct cty_bytes record, custody_error *error)
{
    cty_buf_clear(&sequencer->ledger);
    if (cty_buf_put_bytes(&sequencer->ledger, record) != CUSTODY_OK)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    return CUSTODY_OK;
}

static custody_err store_ledger(struct cty_sequencer *sequencer, custody_error *error)
{
    struct cty_store_record record = {CTY_LITERAL(CTY_BOOK_LEDGER), cty_buf_bytes(&sequencer->ledger)};
    return cty_store_put_record(sequencer->config.store, &record, error);
}

static custody_err store_records(struct cty_sequencer *sequencer, const struct cty_unit *unit, uint32_t number,
                                 custody_error *error)
{
    const struct cty_delta *delta = &unit->entries[number].delta;
    for (size_t i = 0; i < delta->count; i++) {
        if (is_put_later(unit, number, delta->puts[i].key))
            continue;
        if (strcmp(delta->puts[i].key, CTY_BOOK_LEDGER) == 0) {
            CTY_TRY(hold_ledger(sequencer, delta->puts[i].value, error));
            continue;
        }
        struct cty_store_record record = {cty_bytes_text(delta->puts[i].key), delta->puts[i].value};
        CTY_TRY(cty_store_put_record(sequencer->config.store, &record, error));
        cty_cache_put(&sequencer->cache, delta->puts[i].key, delta->puts[i].value);
    }
    return CUSTODY_OK;
}

static void note_touched(struct cty_sequencer *sequencer, const struct cty_hash *case_id, const struct cty_case *c)
{
    bool offered = c->offer.present && c->offer.state == CTY_OFFER_OPEN;
    sequencer->touched[sequencer->touched_count++] = (struct cty_touched){
        .case_id = *case_id,
        .names = {cty_tally_name(c->requester), cty_tally_name(c->holder), offered ? cty_tally_name(c->offer.to) : 0},
        .held = c->state == CTY_CASE_HELD,
    };
}

/* The case as the unit leaves it, checked against what must always hold. */
static custody_err store_case(struct cty_sequencer *sequencer, const struct cty_hash *case_id, uint64_t updated,
                              uint64_t *ret_opened, custody_error *error)
{
    const struct cty_case *c = NULL;
    CTY_TRY(cty_book_lend_case(&sequencer->book, case_id, sequencer->scratch, &c, error));
    CTY_TRY(cty_case_check(c, error));
    struct cty_store_case row = {.opened = c->opened, .case_id = *case_id, .state = (unsigned)c->state,
                                 .due = cty_case_due(c), .updated = updated, .requester = c->requester,
                                 .holder = c->holder, .service = c->service, .party = c->party};
    *ret_opened = c->opened;
    note_touched(sequencer, case_id, c);
    return cty_store_put_case(sequencer->config.store, &row, error);
}

static custody_err store_contents(struct cty_sequencer *sequencer, const struct cty_submission *submission,
                                  custody_error *error)
{
    struct cty_store *store = sequencer->config.store;
    for (uint32_t i = 0; i < submission->contents.count; i++) {
        const struct cty_content *content = &submission->contents.list[i];
        struct cty_store_blob blob = {.statement = submission->parsed.digest, .member = content->member,
                                      .commitment = content->commitment, .salt = content->salt,
                                      .content = cty_buf_bytes(&content->bytes)};
        CTY_TRY(cty_store_put_blob(store, &blob, error));
        if (!content->staged)
            continue;
        custody_err err = cty_store_drop_staged(store, submission->parsed.statement.signers[0], &content->commitment,
                                                error);
        /* It may have been dropped for its age since the worker read it; the bytes are here. */
        if (err != CUSTODY_OK && err != CUSTODY_E_NOT_FOUND)
            return err;
    }
    return CUSTODY_OK;
}

custody_err cty_group_store_unit(struct cty_sequencer *sequencer, custody_error *error)
{
    const struct cty_unit *unit = &sequencer->unit;
    const struct cty_unit_entry *last = &unit->entries[unit->count - 1];
    uint64_t opened = CTY_STORE_NO_CASE;
    if (last->delta.touches_case)
        CTY_TRY(store_case(sequencer, &last->delta.case_id, last->index, &opened, error));
    for (uint32_t i = 0; i < unit->count; i++) {
        const struct cty_unit_entry *next = &unit->entries[i];
        struct cty_store_entry entry = {.index = next->index, .case_opened = opened, .trust = next->trust,
                                        .body = cty_buf_bytes(&next->body)};
        CTY_TRY(cty_store_append(sequencer->config.store, &entry, &next->leaf, error));
        CTY_TRY(store_records(sequencer, unit, i, error));
    }
    sequencer->newest_time = last->time;
    return CUSTODY_OK;
}

/* The unit's texts become the answer's; the unit takes the answer's empty buffers. */
static void take_parts(struct cty_unit *unit, struct cty_submission *submission)
{
    for (uint32_t i = 0; i < unit->count; i++) {
        struct cty_buf body = unit->entries[i].body;
        unit->entries[i].body = submission->parts[i].entry;
        submission->parts[i].entry = body;
        submission->parts[i].index = unit->entries[i].index;
    }
    submission->parts_count = unit->count;
}

/* Nobody could sign what comes after a rotation to a key that is not at hand. */
static custody_err check_rotation(struct cty_sequencer *sequencer, const struct cty_statement *statement,
                                  custody_error *error)
{
    const struct cty_custodian_rotate *rotate = &statement->u.custodian_rotate;
    const struct cty_custodian *custodian = sequencer->config.custodian;
    if (statement->type != CTY_CUSTODIAN_ROTATE)
        return CUSTODY_OK;
    bool log = rotate->which == CTY_CUSTODIAN_LOG;
    if (!(log ? cty_custodian_log(custodian, rotate->key) : cty_custodian_clerk(custodian, rotate->key)))
        return cty_fail(error, CUSTODY_E_KEY_NOT_HELD, "%.*s", (int)rotate->key.size, (const char *)rotate->key.data);
    return CUSTODY_OK;
}

/* --- judging ----------------------------------------------------------------------------------------------- */

static custody_err judge_own(struct cty_sequencer *sequencer, const struct cty_submission *submission,
                             custody_error *error)
{
    struct cty_unit_input input = {.envelope = submission->envelope, .statement = &submission->parsed.statement,
                                   .digest = &submission->parsed.digest};
    memcpy(input.keys, submission->keys, sizeof(input.keys));
    return cty_unit_judge(&sequencer->unit, &sequencer->book, &input,
                          cty_clock_wall(&sequencer->config.custodian->clock), error);
}

static custody_err judge(struct cty_sequencer *sequencer, struct cty_submission *submission, custody_error *error)
{
    struct cty_book *book = &sequencer->book;
    if (!submission->verified) {
        custody_err err = cty_submission_verify(submission, book, error);
        if (custody_err_class_get(err) == CUSTODY_CLASS_FAULT)
            return err;
    }
    custody_err err = judge_own(sequencer, submission, error);
    if (err == CUSTODY_E_SIGNATURE_INVALID && submission->verified) {
        /* A key was rotated since the worker looked: the present one decides. */
        err = cty_submission_verify(submission, book, error);
        if (custody_err_class_get(err) == CUSTODY_CLASS_FAULT)
            return err;
        err = judge_own(sequencer, submission, error);
    }
    CTY_TRY(err);
    CTY_TRY(check_rotation(sequencer, &submission->parsed.statement, error));
    book->pending_count = 0; /* the patch is compared with the case as it was */
    CTY_TRY(cty_submission_check_patch(submission, book, error));
    if (submission->contents_err != CUSTODY_OK)
        return cty_fail(error, submission->contents_err, "%s", submission->contents_error.detail);
    cty_book_clear(book);
    book->pending[book->pending_count++] = &sequencer->unit.entries[0].delta;
    return cty_unit_follow(&sequencer->unit, book, sequencer->config.custodian, &sequencer->seen, error);
}

/* The rules refuse what stands already, but it is to be answered once more. `err` is why it was refused. */
static custody_err refuse(struct cty_sequencer *sequencer, struct cty_submission *submission, custody_err err,
                          custody_error *error)
{
    custody_error inner = {0};
    bool found = false;
    uint64_t index = 0;
    cty_book_reset(&sequencer->book);
    custody_err looked = cty_submission_find(submission, &sequencer->book, &found, &index, &inner);
    if (looked != CUSTODY_OK)
        return cty_fail(error, looked, "%s", inner.detail);
    if (!found)
        return err;
    *error = inner;
    return cty_submission_take_duplicate(submission, cty_store_view(sequencer->config.store), index, error);
}

static custody_err submit(struct cty_group *group, struct cty_submission *submission, custody_error *error)
{
    struct cty_sequencer *sequencer = group->sequencer;
    custody_err err = judge(sequencer, submission, error);
    if (custody_err_class_get(err) == CUSTODY_CLASS_REFUSAL)
        return refuse(sequencer, submission, err, error);
    CTY_TRY(err);
    group->appended = group->storing = true;
    CTY_TRY(cty_group_store_unit(sequencer, error));
    CTY_TRY(store_contents(sequencer, submission, error));
    if (submission->parsed.statement.type == CTY_CUSTODIAN_ROTATE)
        sequencer->rotated[sequencer->rotated_count++] = sequencer->unit.entries[0].index;
    take_parts(&sequencer->unit, submission);
    return CUSTODY_OK;
}

static custody_err stage(struct cty_group *group, struct cty_submission *submission, custody_error *error)
{
    const struct cty_content *content = &submission->contents.list[0];
    struct cty_store_staged staged = {
        .actor = cty_bytes_text(submission->actor),
        .commitment = content->commitment,
        .salt = content->salt,
        .content = cty_buf_bytes(&content->bytes),
        .created = cty_clock_wall(&group->sequencer->config.custodian->clock),
    };
    if (cty_head_service(group->sequencer->config.head) == CTY_SERVING_CLOSED)
        return cty_fail(error, CUSTODY_E_AFTER_TERMINAL, "nothing can be submitted any more");
    custody_err err = cty_store_put_staged(group->sequencer->config.store, &staged, error);
    group->wrote = group->wrote || err == CUSTODY_OK;
    return err;
}

/* A refusal is the submission's own; a fault is everybody's. */
static custody_err decide(struct cty_group *group, struct cty_submission *submission)
{
    group->storing = false;
    custody_err err = submission->kind == CTY_SUBMIT ? submit(group, submission, &submission->error)
                                                     : stage(group, submission, &submission->error);
    submission->err = err;
    if (err == CUSTODY_OK || (custody_err_class_get(err) == CUSTODY_CLASS_REFUSAL && !group->storing))
        return CUSTODY_OK;
    /* The clerk's own part failed before anything was stored: only this statement is discarded. */
    if (err == CUSTODY_E_INTERNAL && !group->storing) {
        cty_log(CTY_LOG_ERROR, "discarded", "code", "s", "internal", "detail", "s", submission->error.detail, NULL);
        return CUSTODY_OK;
    }
    return err;
}

/* --- committing -------------------------------------------------------------------------------------------- */

/* Which keys are in force behind the last entry of the group, and whether it closed the ledger. */
static custody_err read_ledger(struct cty_sequencer *sequencer, struct cty_head_news *news, bool *ret_closed,
                               custody_error *error)
{
    const struct cty_custodian *custodian = sequencer->config.custodian;
    struct cty_ledger_record ledger = {0};
    bool begun = false;
    cty_book_reset(&sequencer->book);
    CTY_TRY(cty_book_record(&sequencer->book, &cty_shape_ledger_record, &ledger, &begun, error, "ledger"));
    news->log = begun ? cty_custodian_log(custodian, ledger.log_key) : NULL;
    news->clerk = begun ? cty_custodian_clerk(custodian, ledger.clerk_key) : NULL;
    if (!news->log || !news->clerk)
        return cty_fail(error, CUSTODY_E_INTERNAL, "a key in force is not at hand");
    *ret_closed = ledger.closed;
    return CUSTODY_OK;
}

/* R15: what is signed is what reads back, and follows from what was signed before. */
static custody_err sign(struct cty_sequencer *sequencer, struct cty_head_news *news, struct cty_buf *note,
                        custody_error *error)
{
    struct cty_store_mark *mark = &news->mark;
    CTY_TRY(cty_store_check(sequencer->config.store, mark, error));
    CTY_TRY(cty_custodian_sign_checkpoint(sequencer->config.custodian, news->log, mark->size, &mark->root, note));
    news->note = cty_buf_bytes(note);
    struct cty_store_checkpoint checkpoint = {*mark, news->note};
    return cty_store_put_checkpoint(sequencer->config.store, &checkpoint, error);
}

/* What was committed holds from now on, for everybody. */
static custody_err publish(struct cty_sequencer *sequencer, const struct cty_head_news *news, bool closed)
{
    struct cty_head *head = sequencer->config.head;
    CTY_TRY(cty_head_put_checkpoint(head, news));
    for (size_t i = 0; i < sequencer->rotated_count; i++) {
        cty_head_put_rotation(head, sequencer->rotated[i]);
        cty_log(CTY_LOG_INFO, "rotated", "index", "u", sequencer->rotated[i], NULL);
    }
    cty_head_put_service(head, closed ? CTY_SERVING_CLOSED : CTY_SERVING, closed ? "the ledger was closed" : "");
    return CUSTODY_OK;
}

static custody_err take_receipts(struct cty_sequencer *sequencer, struct cty_submission *first, uint64_t size,
                                 struct cty_bytes note, custody_error *error)
{
    struct cty_store_reader *view = cty_store_view(sequencer->config.store);
    for (; first; first = first->next) {
        if (first->err == CUSTODY_OK)
            CTY_TRY(cty_submission_take_receipts(first, view, size, note, error));
    }
    return CUSTODY_OK;
}

/* They ride with whatever is written anyway. Each was verified by the desk. */
static custody_err store_cosignatures(struct cty_sequencer *sequencer, custody_error *error)
{
    struct cty_witnesses *witnesses = sequencer->config.witnesses;
    size_t count = 0;
    const struct cty_pending_cosignature *list = cty_witnesses_take(witnesses, &count);
    for (size_t i = 0; i < count; i++) {
        struct cty_store_cosignature row = {.size = list[i].size,
                                            .witness = witnesses->trust->policy.nodes[list[i].witness].vkey,
                                            .first = cty_bytes_make(list[i].line, list[i].line_size)};
        CTY_TRY(cty_store_put_cosignature(sequencer->config.store, &row, error));
    }
    return CUSTODY_OK;
}

/* Ends the transaction. `first` may be NULL. */
custody_err cty_group_finish(struct cty_group *group, struct cty_submission *first, custody_error *error)
{
    struct cty_sequencer *sequencer = group->sequencer;
    struct cty_head_state now;
    struct cty_buf note = CTY_BUF_INIT(CTY_HEAD_NOTE_MAX);
    struct cty_head_news news = {.time = sequencer->newest_time};
    bool closed = false;
    custody_err err = CUSTODY_OK;
    cty_head_get(sequencer->config.head, &now);
    if (group->appended) {
        CTY_TRY_OUT(store_ledger(sequencer, error));
        CTY_TRY_OUT(read_ledger(sequencer, &news, &closed, error));
        CTY_TRY_OUT(sign(sequencer, &news, &note, error));
        CTY_TRY_OUT(take_receipts(sequencer, first, news.mark.size, news.note, error));
    } else {
        CTY_TRY_OUT(take_receipts(sequencer, first, now.mark.size, cty_head_note(&now), error));
    }
    if (!group->appended && !group->wrote) {
        cty_store_roll_back(sequencer->config.store);
        goto out;
    }
    if (sequencer->config.witnesses)
        CTY_TRY_OUT(store_cosignatures(sequencer, error));
    uint64_t began_ns = cty_count_now_ns();
    CTY_TRY_OUT(cty_store_commit(sequencer->config.store, error));
    if (sequencer->config.witnesses)
        cty_witnesses_stored(sequencer->config.witnesses, true);
    cty_count_commit(began_ns, group->appended ? news.mark.size - now.mark.size : 0);
    cty_gauge_set(CTY_GAUGE_STAGED_BYTES, cty_store_staged_bytes(sequencer->config.store));
    if (group->appended)
        CTY_TRY_OUT(publish(sequencer, &news, closed));
out:
    cty_buf_done(&note);
    return err;
}

custody_err cty_group_begin(struct cty_sequencer *sequencer, custody_error *error)
{
    struct cty_head_state now;
    CTY_TRY(check_service(sequencer, error));
    cty_head_get(sequencer->config.head, &now);
    sequencer->seen = cty_seen_of(now.mark.size, &now.mark.root);
    sequencer->touched_count = 0;
    sequencer->rotated_count = 0;
    custody_err err = cty_store_begin(sequencer->config.store, error);
    /* Nothing has happened, and whoever asked hears of it: while a backup is read, that may be five times a second. */
    if (err != CUSTODY_OK && err != CUSTODY_E_BUSY)
        cty_group_fault(sequencer, &err, error);
    return err;
}

static custody_err run_group(struct cty_group *group, struct cty_submission *first, custody_error *error)
{
    for (struct cty_submission *each = first; each; each = each->next) {
        custody_err err = decide(group, each);
        if (err != CUSTODY_OK)
            return cty_fail(error, err, "%s", each->error.detail);
    }
    return cty_group_finish(group, first, error);
}

static void fail_all(struct cty_submission *first, custody_err err, const custody_error *error)
{
    for (; first; first = first->next) {
        first->err = err;
        first->parts_count = 0;
        cty_fail(&first->error, err, "%s", error->detail);
    }
}

/* `done` may free or reuse the submission, so the next one is taken first. */
static void tell_all(struct cty_submission *first)
{
    while (first) {
        struct cty_submission *next = first->next;
        first->done(first);
        first = next;
    }
}

void cty_group_tell(struct cty_sequencer *sequencer)
{
    if (sequencer->config.committed)
        sequencer->config.committed(sequencer->config.user, sequencer->touched, sequencer->touched_count);
}

void cty_group_check_after(struct cty_sequencer *sequencer)
{
    custody_error error = {0};
    if (!cty_store_is_poisoned(sequencer->config.store))
        return;
    custody_err err = cty_fail(&error, CUSTODY_E_STORAGE, "the log could not be brought into the database");
    cty_group_fault(sequencer, &err, &error);
}

/* Whose keys are others from now on. */
static void tell_keys(const struct cty_sequencer *sequencer, const struct cty_submission *first)
{
    for (const struct cty_submission *s = first; s && sequencer->config.key_changes; s = s->next) {
        const struct cty_statement *statement = &s->parsed.statement;
        if (s->kind != CTY_SUBMIT || s->err != CUSTODY_OK)
            continue;
        if (statement->type == CTY_ACTOR_ROTATE)
            cty_key_changed(sequencer->config.key_changes, statement->signers[0]);
        else if (statement->type == CTY_ACTOR_REVOKE)
            cty_key_changed(sequencer->config.key_changes, statement->u.actor_revoke.actor);
    }
}

void cty_commit_group(struct cty_sequencer *sequencer, struct cty_submission *first)
{
    struct cty_group group = {.sequencer = sequencer};
    custody_error error = {0};
    custody_err err = cty_group_begin(sequencer, &error);
    bool begun = err == CUSTODY_OK;
    if (begun)
        err = run_group(&group, first, &error);
    if (begun && err != CUSTODY_OK)
        cty_group_fault(sequencer, &err, &error);
    if (err != CUSTODY_OK)
        fail_all(first, err, &error);
    else if (group.appended)
        cty_group_tell(sequencer);
    tell_keys(sequencer, first);
    tell_all(first);
    if (err == CUSTODY_OK)
        cty_group_check_after(sequencer);
    if (sequencer->config.told)
        sequencer->config.told(sequencer->config.user);
}
