/* SPDX-License-Identifier: Apache-2.0 */
/* Asking, waiting, reporting, taking back. Consuming has a file of its own. */
#include "client/agent.h"

#include "client/inner.h"
#include "client/read.h"
#include "client/step.h"
#include "codec/text.h"
#include "net/trouble.h"

#define EXPIRES_MS_DEFAULT ((uint64_t)24 * 3600 * 1000)

/* ---- asking ---- */

static custody_err canonical(struct cty_bytes json, const char *what, struct cty_buf *memory, struct cty_bytes *ret_text,
                             custody_error *error)
{
    struct cty_json tape = CTY_JSON_INIT;
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    custody_error inner = {0};
    if (!json.size)
        return CUSTODY_OK;
    custody_err err = cty_json_scan(&tape, CTY_JSON_DOCUMENT, limits, json, &inner);
    if (err == CUSTODY_OK)
        err = cty_json_canonical(&tape, memory);
    cty_json_done(&tape);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "%s: %s", what, inner.detail);
    *ret_text = cty_buf_bytes(memory);
    return CUSTODY_OK;
}

/* What a child takes from its parent: where it joins, and until when it may ask at most (0: it is for the ledger to say). */
struct from_parent {
    struct cty_parent parent;
    uint64_t expires_max;
};

static custody_err name_parent(struct cty_client *client, const struct cty_hash *case_id,
                               struct from_parent *ret_parent, custody_error *error)
{
    CTY_CLEANUP(cty_judgement_free_pointer) struct cty_judgement *judgement = NULL;
    CTY_TRY(cty_client_judge(client, case_id, 0, &judgement, error));
    CTY_TRY(cty_judgement_check(judgement, error));
    const struct cty_case *record = &judgement->record;
    ret_parent->parent = (struct cty_parent){.present = true, .after = record->anchor, .case_id = *case_id};
    ret_parent->expires_max = record->scope.present ? record->scope.expires : 0;
    return CUSTODY_OK;
}

static custody_err commit_contents(struct cty_step *step, const struct cty_ask *ask)
{
    struct cty_draft *draft = &step->draft;
    struct cty_request *request = &draft->statement.u.request;
    CTY_TRY(cty_draft_commit_json(draft, "payload", ask->payload, &request->payload, step->error));
    if (ask->schema.data) {
        request->schema.present = true;
        CTY_TRY(cty_draft_commit_json(draft, "schema", ask->schema, &request->schema.hash, step->error));
    }
    return cty_step_commit(step, "state", ask->state, &request->state);
}

/* `facts` and `links` are the memory of the members' texts. */
static custody_err fill_request(struct cty_step *step, const struct cty_ask *ask, const struct from_parent *from,
                                struct cty_buf *facts, struct cty_buf *links)
{
    struct cty_statement *st = &step->draft.statement;
    struct cty_request *request = &st->u.request;
    request->service = ask->service;
    request->action = ask->action;
    request->priority = (int)ask->priority;
    request->executor = ask->executor.data ? ask->executor : cty_secret_name(step->client->secret);
    request->behalf = ask->behalf;
    request->readers = ask->readers;
    request->parent = from->parent;
    request->expires = st->time + (ask->expires_ms ? ask->expires_ms : EXPIRES_MS_DEFAULT);
    if (!ask->expires_ms && from->expires_max && from->expires_max < request->expires)
        request->expires = from->expires_max;
    CTY_TRY(canonical(ask->facts, "facts", facts, &request->facts, step->error));
    CTY_TRY(canonical(ask->links, "links", links, &st->links, step->error));
    return commit_contents(step, ask);
}

static custody_err request(struct cty_step *step, const struct cty_ask *ask)
{
    struct cty_buf facts = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    struct cty_buf links = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    struct from_parent from = {.expires_max = 0};
    custody_err err = CUSTODY_OK;
    /* The parent first: `seen` must cover what names it. */
    if (ask->parent.present)
        err = name_parent(step->client, &ask->parent.hash, &from, step->error);
    if (err == CUSTODY_OK)
        err = cty_client_begin(step->client, CTY_REQUEST, &step->draft, step->error);
    if (err == CUSTODY_OK)
        err = fill_request(step, ask, &from, &facts, &links);
    if (err == CUSTODY_OK)
        err = cty_step_send(step);
    cty_buf_done(&facts);
    cty_buf_done(&links);
    return err;
}

custody_err cty_agent_request(struct cty_client *client, const struct cty_ask *ask, struct cty_hash *ret_case,
                              struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_SPAN(client);
    CTY_CLEANUP(cty_step_free_pointer) struct cty_step *step = NULL;
    CTY_TRY(cty_step_new(client, ret_submitted, error, &step));
    CTY_TRY(request(step, ask));
    *ret_case = step->submitted->own.digest;
    return CUSTODY_OK;
}

/* ---- waiting ---- */

static bool is_open(enum cty_case_state state)
{
    return state == CTY_CASE_JUDGED_NEXT || state == CTY_CASE_HELD || state == CTY_CASE_RELEASE_NEXT;
}

enum cty_case_state cty_agent_state(const struct cty_client *client, const struct cty_judgement *judgement)
{
    return cty_case_state_at(&judgement->record, cty_client_now(client));
}

/*
 * Clocks differ. A deadline counts as passed when the custodian and our clock, give or take what a session may be off,
 * agree on it; where they don't, our clock alone counts. All that the custodian can gain is a no.
 */
static enum cty_case_state read_state(const struct cty_client *client, const struct cty_judgement *judgement,
                                      struct cty_bytes said)
{
    uint64_t now = cty_client_now(client);
    uint64_t times[] = {now, now + CTY_SESSION_SKEW_MS_MAX,
                        now > CTY_SESSION_SKEW_MS_MAX ? now - CTY_SESSION_SKEW_MS_MAX : 0};
    for (size_t i = 0; i < CTY_COUNT_OF(times); i++) {
        enum cty_case_state state = cty_case_state_at(&judgement->record, times[i]);
        if (cty_bytes_is(said, cty_case_state_names[state]))
            return state;
    }
    return cty_case_state_at(&judgement->record, now);
}

struct waiting {
    struct cty_client *client;
    const struct cty_hash *case_id;
    uint64_t deadline_ms;
    bool reached; /* the custodian answered at least once */
    struct cty_answer answer;
    struct cty_judgement *judgement;
    custody_error *error;
};

static uint64_t left_ms(const struct waiting *w)
{
    uint64_t now = cty_net_now_ms();
    return w->deadline_ms > now ? w->deadline_ms - now : 0;
}

/* Who asked and who holds it get the contents; that they don't come is not to be passed over. */
static custody_err has_payload(const struct waiting *w)
{
    struct cty_bytes payload;
    const struct cty_case *record = &w->judgement->record;
    struct cty_bytes self = cty_secret_name(w->client->secret);
    bool ours = cty_bytes_equal(self, record->requester) || cty_bytes_equal(self, record->holder);
    if (!record->release.present || !ours)
        return CUSTODY_OK;
    custody_err err = cty_judgement_payload(w->judgement, &payload);
    return err == CUSTODY_OK ? CUSTODY_OK : cty_fail(w->error, err, "the payload of the case is not to be had");
}

static custody_err judge_news(struct waiting *w)
{
    struct cty_judgement *judgement = NULL;
    CTY_TRY(cty_client_judge(w->client, w->case_id, CTY_GATHER_CONTENTS, &judgement, w->error));
    custody_err err = cty_judgement_check(judgement, w->error);
    if (err != CUSTODY_OK) {
        cty_judgement_free(judgement);
        return err;
    }
    cty_judgement_free(w->judgement);
    w->judgement = judgement;
    return CUSTODY_OK;
}

/* One round: news, judged where there are any. */
static custody_err look(struct waiting *w)
{
    uint64_t known = w->judgement ? w->judgement->newest_index : 0;
    uint64_t wait = w->judgement ? left_ms(w) : 0;
    CTY_TRY(cty_client_wait_news(w->client, w->case_id, known, wait, &w->answer, w->error));
    w->reached = true;
    if (w->judgement && !w->answer.result.case_wait.changed)
        return CUSTODY_OK;
    CTY_TRY(judge_news(w));
    /* The custodian spoke of news and had none: not at once again. */
    if (w->judgement->newest_index == known)
        cty_client_pause(w->client, CTY_PAUSE_MS_MAX < left_ms(w) ? CTY_PAUSE_MS_MAX : left_ms(w));
    return CUSTODY_OK;
}

static custody_err wait_decided(struct waiting *w)
{
    for (;;) {
        custody_err err = look(w);
        /* An outage is waited out, once it was clear that there is somebody. */
        if (cty_is_passing(err) && w->reached && left_ms(w) > 0) {
            cty_client_pause(w->client, CTY_PAUSE_MS_MAX < left_ms(w) ? CTY_PAUSE_MS_MAX : left_ms(w));
            continue;
        }
        CTY_TRY(err);
        if (!is_open(read_state(w->client, w->judgement, w->answer.result.case_wait.state)))
            return has_payload(w);
        if (left_ms(w) == 0)
            return cty_fail(w->error, CUSTODY_E_UNDECIDED, "the case is %s",
                            cty_case_state_names[w->judgement->record.state]);
    }
}

custody_err cty_agent_wait(struct cty_client *client, const struct cty_hash *case_id, uint64_t timeout_ms,
                           struct cty_judgement **ret_judgement, custody_error *error)
{
    struct waiting w = {.client = client, .case_id = case_id, .deadline_ms = cty_net_deadline(timeout_ms), .error = error};
    CTY_TRY(cty_client_needs_trust(client, error));
    CTY_TRY(cty_client_needs_secret(client, error));
    custody_err err = wait_decided(&w);
    cty_answer_done(&w.answer);
    if (err != CUSTODY_OK) {
        cty_judgement_free(w.judgement);
        return err;
    }
    *ret_judgement = w.judgement;
    return CUSTODY_OK;
}

/* ---- reporting and taking back ---- */

static custody_err refuse_state(const struct cty_case *record, custody_error *error)
{
    return cty_fail(error, CUSTODY_E_STATE_ILLEGAL, "the case is %s", cty_case_state_names[record->state]);
}

static custody_err send_outcome(struct cty_step *step, enum cty_outcome outcome, struct cty_bytes result)
{
    CTY_TRY(cty_step_begin(step, CTY_OUTCOME));
    struct cty_outcome_report *report = &step->draft.statement.u.outcome;
    report->outcome = (int)outcome;
    CTY_TRY(cty_step_commit(step, "result", result, &report->result));
    return cty_step_send(step);
}

custody_err cty_agent_outcome(struct cty_client *client, const struct cty_hash *case_id, enum cty_outcome outcome,
                              struct cty_bytes result, struct cty_submitted *ret_submitted, custody_error *error)
{
    static const enum cty_case_state reported[] = {CTY_CASE_FULFILLED, CTY_CASE_FAILED, CTY_CASE_UNKNOWN};
    CTY_SPAN(client);
    CTY_CLEANUP(cty_step_free_pointer) struct cty_step *step = NULL;
    CTY_TRY(cty_step_open(client, case_id, ret_submitted, error, &step));
    CTY_TRY(cty_step_needs_holder(step));
    const struct cty_case *record = &step->judgement->record;
    if ((enum cty_case_state)record->state == reported[outcome])
        return CUSTODY_OK;
    if (record->state != CTY_CASE_CONSUMED && record->state != CTY_CASE_UNREPORTED)
        return refuse_state(record, error);
    return send_outcome(step, outcome, result);
}

custody_err cty_agent_cancel(struct cty_client *client, const struct cty_hash *case_id, struct cty_bytes reason,
                             struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_SPAN(client);
    CTY_CLEANUP(cty_step_free_pointer) struct cty_step *step = NULL;
    CTY_TRY(cty_step_open(client, case_id, ret_submitted, error, &step));
    const struct cty_case *record = &step->judgement->record;
    if (record->state == CTY_CASE_CANCELLED)
        return CUSTODY_OK;
    if (record->state != CTY_CASE_HELD && record->state != CTY_CASE_RELEASED)
        return refuse_state(record, error);
    CTY_TRY(cty_step_begin(step, CTY_CANCEL));
    CTY_TRY(cty_step_commit(step, "reason", reason, &step->draft.statement.u.cancel.reason));
    return cty_step_send(step);
}
