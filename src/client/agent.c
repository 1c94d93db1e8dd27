/* SPDX-License-Identifier: Apache-2.0 */
/* Asking, waiting, reporting, taking back. Consuming has a file of its own. */
#include "client/agent.h"

#include <stdlib.h>

#include "client/inner.h"
#include "client/read.h"
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

static custody_err name_parent(struct cty_client *client, const struct cty_hash *parent, struct cty_parent *ret_parent,
                               custody_error *error)
{
    CTY_CLEANUP(cty_judgement_free_pointer) struct cty_judgement *judgement = NULL;
    CTY_TRY(cty_client_judge(client, parent, 0, &judgement, error));
    CTY_TRY(cty_judgement_check(judgement, error));
    *ret_parent = (struct cty_parent){.present = true, .after = judgement->record.anchor, .case_id = *parent};
    return CUSTODY_OK;
}

static custody_err commit_optional(struct cty_draft *draft, const char *member, struct cty_bytes content,
                                   struct cty_opt_hash *ret_hash)
{
    if (!content.data)
        return CUSTODY_OK;
    ret_hash->present = true;
    return cty_draft_commit(draft, member, content, &ret_hash->hash);
}

static custody_err commit_contents(struct cty_draft *draft, const struct cty_ask *ask, custody_error *error)
{
    struct cty_request *request = &draft->statement.u.request;
    CTY_TRY(cty_draft_commit_json(draft, "payload", ask->payload, &request->payload, error));
    if (ask->schema.data) {
        request->schema.present = true;
        CTY_TRY(cty_draft_commit_json(draft, "schema", ask->schema, &request->schema.hash, error));
    }
    return commit_optional(draft, "state", ask->state, &request->state);
}

/* `facts` and `links` are the memory of the members' texts. */
static custody_err fill_request(struct cty_client *client, const struct cty_ask *ask, struct cty_draft *draft,
                                struct cty_buf *facts, struct cty_buf *links, custody_error *error)
{
    struct cty_request *request = &draft->statement.u.request;
    request->service = ask->service;
    request->action = ask->action;
    request->priority = (int)ask->priority;
    request->executor = ask->executor.data ? ask->executor : cty_secret_name(client->secret);
    request->behalf = ask->behalf;
    request->readers = ask->readers;
    request->expires = draft->statement.time + (ask->expires_ms ? ask->expires_ms : EXPIRES_MS_DEFAULT);
    CTY_TRY(canonical(ask->facts, "facts", facts, &request->facts, error));
    CTY_TRY(canonical(ask->links, "links", links, &draft->statement.links, error));
    return commit_contents(draft, ask, error);
}

static custody_err request(struct cty_client *client, const struct cty_ask *ask, struct cty_draft *draft,
                           struct cty_submitted *submitted, custody_error *error)
{
    struct cty_buf facts = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    struct cty_buf links = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    struct cty_parent parent = {.present = false};
    /* The parent first: `seen` must cover what names it. */
    custody_err err = ask->parent.present ? name_parent(client, &ask->parent.hash, &parent, error) : CUSTODY_OK;
    if (err == CUSTODY_OK)
        err = cty_client_begin(client, CTY_REQUEST, draft, error);
    if (err == CUSTODY_OK) {
        draft->statement.u.request.parent = parent;
        err = fill_request(client, ask, draft, &facts, &links, error);
    }
    if (err == CUSTODY_OK)
        err = cty_client_submit(client, draft, NULL, submitted, error);
    cty_buf_done(&facts);
    cty_buf_done(&links);
    return err;
}

/* A draft and what comes of it: large, so not on the stack. */
struct doing {
    struct cty_draft draft;
    struct cty_submitted own;
    struct cty_submitted *submitted; /* own, or the caller's */
};

static struct doing *doing_new(struct cty_submitted *submitted)
{
    struct doing *doing = cty_alloc(1, sizeof(*doing));
    if (doing)
        doing->submitted = submitted ? submitted : &doing->own;
    return doing;
}

static void doing_free(struct doing **doing)
{
    if (!*doing)
        return;
    cty_draft_done(&(*doing)->draft);
    cty_submitted_done(&(*doing)->own);
    free(*doing);
}

custody_err cty_agent_request(struct cty_client *client, const struct cty_ask *ask, struct cty_hash *ret_case,
                              struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_SPAN(client);
    CTY_TRY(cty_client_needs_secret(client, error));
    CTY_CLEANUP(doing_free) struct doing *doing = doing_new(ret_submitted);
    if (!doing)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(request(client, ask, &doing->draft, doing->submitted, error));
    *ret_case = doing->submitted->own.digest;
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

/* The case as it stands, judged and checked. */
static custody_err judge_now(struct cty_client *client, const struct cty_hash *case_id,
                             struct cty_judgement **ret_judgement, custody_error *error)
{
    struct cty_judgement *judgement = NULL;
    CTY_TRY(cty_client_needs_secret(client, error));
    CTY_TRY(cty_client_judge(client, case_id, 0, &judgement, error));
    custody_err err = cty_judgement_check(judgement, error);
    if (err == CUSTODY_OK)
        *ret_judgement = judgement;
    else
        cty_judgement_free(judgement);
    return err;
}

static custody_err refuse_state(const struct cty_case *record, custody_error *error)
{
    return cty_fail(error, CUSTODY_E_STATE_ILLEGAL, "the case is %s", cty_case_state_names[record->state]);
}

static custody_err send_outcome(struct cty_client *client, const struct cty_judgement *judgement,
                                enum cty_outcome outcome, struct cty_bytes result, struct cty_submitted *ret_submitted,
                                custody_error *error)
{
    CTY_CLEANUP(doing_free) struct doing *doing = doing_new(ret_submitted);
    if (!doing)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_client_begin(client, CTY_OUTCOME, &doing->draft, error));
    cty_draft_join(&doing->draft, &judgement->case_id, &judgement->record);
    struct cty_outcome_report *report = &doing->draft.statement.u.outcome;
    report->outcome = (int)outcome;
    CTY_TRY(commit_optional(&doing->draft, "result", result, &report->result));
    return cty_client_submit(client, &doing->draft, NULL, doing->submitted, error);
}

custody_err cty_agent_outcome(struct cty_client *client, const struct cty_hash *case_id, enum cty_outcome outcome,
                              struct cty_bytes result, struct cty_submitted *ret_submitted, custody_error *error)
{
    static const enum cty_case_state reported[] = {CTY_CASE_FULFILLED, CTY_CASE_FAILED, CTY_CASE_UNKNOWN};
    CTY_SPAN(client);
    CTY_CLEANUP(cty_judgement_free_pointer) struct cty_judgement *judgement = NULL;
    CTY_TRY(judge_now(client, case_id, &judgement, error));
    const struct cty_case *record = &judgement->record;
    if (!cty_bytes_equal(record->holder, cty_secret_name(client->secret)))
        return cty_fail(error, CUSTODY_E_NOT_HOLDER, "the case is with another actor");
    if ((enum cty_case_state)record->state == reported[outcome])
        return CUSTODY_OK;
    if (record->state != CTY_CASE_CONSUMED && record->state != CTY_CASE_UNREPORTED)
        return refuse_state(record, error);
    return send_outcome(client, judgement, outcome, result, ret_submitted, error);
}

static custody_err send_cancel(struct cty_client *client, const struct cty_judgement *judgement, struct cty_bytes reason,
                               struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_CLEANUP(doing_free) struct doing *doing = doing_new(ret_submitted);
    if (!doing)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_client_begin(client, CTY_CANCEL, &doing->draft, error));
    cty_draft_join(&doing->draft, &judgement->case_id, &judgement->record);
    CTY_TRY(commit_optional(&doing->draft, "reason", reason, &doing->draft.statement.u.cancel.reason));
    return cty_client_submit(client, &doing->draft, NULL, doing->submitted, error);
}

custody_err cty_agent_cancel(struct cty_client *client, const struct cty_hash *case_id, struct cty_bytes reason,
                             struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_SPAN(client);
    CTY_CLEANUP(cty_judgement_free_pointer) struct cty_judgement *judgement = NULL;
    CTY_TRY(judge_now(client, case_id, &judgement, error));
    if (judgement->record.state == CTY_CASE_CANCELLED)
        return CUSTODY_OK;
    if (judgement->record.state != CTY_CASE_HELD && judgement->record.state != CTY_CASE_RELEASED)
        return refuse_state(&judgement->record, error);
    return send_cancel(client, judgement, reason, ret_submitted, error);
}
