/* SPDX-License-Identifier: Apache-2.0 */
/* The people of the swarm: look into the inbox, judge the case, decide. */
#include "swarm.h"

#include <stdlib.h>

#include "base/check.h"
#include "codec/json.h"
#include "drafts.h"

#define INBOX_MAX 512u
#define PAUSE_MS 20u

struct inbox {
    struct cty_hash cases[INBOX_MAX];
    size_t count;
    unsigned person;
    unsigned people;
};

/*
 * Two people look at each case, so that both are needed; and now and then a third, who comes too late. Everybody at
 * everything would only make the test slow.
 */
static bool is_mine(const struct inbox *inbox, const struct cty_hash *case_id)
{
    unsigned first = case_id->bytes[0] % inbox->people;
    unsigned second = (first + 1 + case_id->bytes[1] % (inbox->people - 1)) % inbox->people;
    bool third = case_id->bytes[2] % 8 == 0 && case_id->bytes[3] % inbox->people == inbox->person;
    return inbox->person == first || inbox->person == second || third;
}

static custody_err note_case(void *context, const struct cty_case_row *row)
{
    struct inbox *inbox = context;
    if (inbox->count < INBOX_MAX && is_mine(inbox, &row->row->case_id))
        inbox->cases[inbox->count++] = row->row->case_id;
    return CUSTODY_OK;
}

/* Somebody else was faster; that is what a swarm is for. */
static bool is_too_late(custody_err err)
{
    return err == CUSTODY_E_STALE_AFTER || err == CUSTODY_E_STATE_ILLEGAL || err == CUSTODY_E_DUPLICATE_HUMAN ||
           err == CUSTODY_E_INSTANCE_MISMATCH || err == CUSTODY_E_PAYLOAD_MISMATCH;
}

static void send(struct swarm_worker *worker, struct cty_draft *draft, const char *what)
{
    custody_error error = {0};
    custody_err err = cty_client_submit(worker->client, draft, NULL, &worker->submitted, &error);
    if (err == CUSTODY_OK)
        swarm_keep(worker);
    else if (is_too_late(err))
        worker->refused++;
    else if (!swarm_is_passing(err))
        house_fail(__FILE__, __LINE__, what, err, error.detail);
}

/* ---- what they say ---- */

static void decide(struct swarm_worker *worker, const struct cty_judgement *judgement, struct cty_draft *draft,
                   enum cty_choice choice)
{
    draft_decision(worker->client, judgement, choice, draft);
    send(worker, draft, "decide");
}

/* The amount as it stands, plus 1. */
static uint64_t next_amount(const struct cty_judgement *judgement)
{
    const struct cty_json_limits limits = {CTY_PAYLOAD_DEPTH_MAX, CTY_PAYLOAD_NODES_MAX};
    struct cty_json json = CTY_JSON_INIT;
    struct cty_bytes payload;
    uint64_t amount = 0;
    must(cty_judgement_payload(judgement, &payload));
    must(cty_json_scan(&json, CTY_JSON_DOCUMENT, limits, payload, &house_error));
    const struct cty_json_node *node = cty_json_member(&json, &json.nodes[0], "amount");
    must_be(node != NULL);
    must(cty_json_u64(node, CTY_NUMBER_MAX, &amount));
    cty_json_done(&json);
    return amount + 1;
}

static void patch(struct swarm_worker *worker, const struct cty_judgement *judgement, struct cty_draft *draft)
{
    draft_patch(worker->client, judgement, next_amount(judgement), draft);
    send(worker, draft, "patch");
}

/* ---- what they look at ---- */

static bool has_decided(const struct swarm_worker *worker, const struct cty_case *record)
{
    struct cty_bytes self = cty_secret_name(cty_client_secret(worker->client));
    for (uint32_t i = 0; i < record->decisions_count; i++) {
        if (cty_bytes_equal(record->decisions[i].actor, self))
            return true;
    }
    return false;
}

static void decide_case(struct swarm_worker *worker, const struct cty_judgement *judgement, struct cty_draft *draft)
{
    const struct cty_case *record = &judgement->record;
    if (record->state != CTY_CASE_HELD || has_decided(worker, record))
        return;
    if (cty_bytes_is(record->action, swarm_actions[PLAN_PATCH]) && record->revision == 0)
        patch(worker, judgement, draft);
    else if (cty_bytes_is(record->action, swarm_actions[PLAN_REJECT]))
        decide(worker, judgement, draft, CTY_REJECT);
    else
        decide(worker, judgement, draft, CTY_APPROVE);
}

static void look(struct swarm_worker *worker, const struct cty_hash *case_id, struct cty_draft *draft)
{
    struct cty_judgement *judgement = NULL;
    custody_error error = {0};
    custody_err err = cty_client_judge(worker->client, case_id, CTY_GATHER_CONTENTS, &judgement, &error);
    if (swarm_is_passing(err))
        return;
    if (err == CUSTODY_OK)
        err = cty_judgement_check(judgement, &error);
    if (err != CUSTODY_OK)
        house_fail(__FILE__, __LINE__, "an approver's judgement", err, error.detail);
    decide_case(worker, judgement, draft);
    cty_judgement_free(judgement);
}

static void read_inbox(struct swarm_worker *worker, struct inbox *inbox)
{
    const struct cty_case_filter filter = {.mine = CTY_MINE_DECIDE};
    custody_error error = {0};
    inbox->count = 0;
    custody_err err = cty_client_cases(worker->client, &filter, note_case, inbox, &error);
    if (err != CUSTODY_OK && !swarm_is_passing(err))
        house_fail(__FILE__, __LINE__, "an inbox", err, error.detail);
}

void *swarm_approve(void *context)
{
    struct swarm_worker *worker = context;
    struct swarm *swarm = worker->swarm;
    struct inbox *inbox = cty_alloc(1, sizeof(*inbox));
    struct cty_draft *draft = draft_new();
    must_be(inbox != NULL);
    inbox->person = worker->number;
    inbox->people = swarm->approvers_count;
    while (atomic_load(&swarm->finished) < swarm->cases_count) {
        read_inbox(worker, inbox);
        for (size_t i = 0; i < inbox->count; i++)
            look(worker, &inbox->cases[i], draft);
        if (inbox->count == 0)
            pause_ms(PAUSE_MS);
    }
    draft_free(draft);
    free(inbox);
    cty_client_close(worker->client);
    return NULL;
}
