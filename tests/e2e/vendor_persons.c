/* SPDX-License-Identifier: Apache-2.0 */
/* A vendor's people: they judge what waits for them, and say what the case's play has them say. */
#include "vendor.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "client/handoff.h"
#include "drafts.h"

#define NEWS_MS 1500u

static void send(struct worker *worker, const char *what)
{
    custody_error error = {0};
    custody_err err = cty_client_submit(worker->client, worker->draft, NULL, &worker->submitted, &error);
    (void)worker_did(worker, err, &error, what);
}

static void decide(struct worker *worker, const struct cty_judgement *judgement, enum cty_choice choice)
{
    char receiver[64];
    const struct cty_case *record = &judgement->record;
    enum play_kind kind = play_named(record->action);
    draft_decision(worker->client, judgement, choice, worker->draft);
    if (kind == PLAY_TRAVEL && choice == CTY_APPROVE && record->hops_count == 0) {
        struct cty_names *travels = &worker->draft->statement.u.decision.travels;
        play_receiver(&judgement->case_id, record, receiver, sizeof(receiver));
        travels->names[travels->count++] = judgement->case_id.bytes[3] % 2 ? cty_bytes_text(receiver)
                                                                          : cty_actor_party(cty_bytes_text(receiver));
    }
    send(worker, "decide");
}

static void patch(struct worker *worker, const struct cty_judgement *judgement)
{
    draft_patch(worker->client, judgement, 7, worker->draft);
    send(worker, "patch");
}

/* The boss has a say only once it was escalated. */
static bool is_boss(const struct worker *worker)
{
    return worker->number == VENDOR_PERSONS;
}

static void say(struct worker *worker, const struct cty_judgement *judgement)
{
    const struct cty_case *record = &judgement->record;
    enum play_kind kind = play_named(record->action);
    if ((kind == PLAY_PATCH || kind == PLAY_CONSENT) && record->revision == 0)
        patch(worker, judgement);
    else if (kind == PLAY_ASK && record->talk == 0)
        (void)did(worker, cty_person_question(worker->client, &judgement->case_id, CTY_LITERAL("why so much?"), NULL,
                                              &house_error));
    else if (kind == PLAY_ESCALATE && !is_boss(worker))
        decide(worker, judgement, CTY_ESCALATE);
    else if (kind == PLAY_REJECT)
        decide(worker, judgement, CTY_REJECT);
    else if (record->questions_count == 0)
        decide(worker, judgement, CTY_APPROVE);
}

static bool has_decided(const struct worker *worker, const struct cty_case *record)
{
    for (uint32_t i = 0; i < record->decisions_count; i++) {
        if (cty_bytes_equal(record->decisions[i].actor, cty_secret_name(worker->secret)))
            return true;
    }
    return false;
}

static bool is_for_us(const struct worker *worker, const struct row *row)
{
    enum play_kind kind = play_named(row->record->action);
    if (row->state != CTY_CASE_HELD || !row->may_decide || kind == PLAY_BRIEF)
        return false;
    return is_boss(worker) ||
           play_is_persons(&row->case_id, row->record, worker->vendor->party, worker->number);
}

static void look(struct worker *worker, const struct row *row)
{
    struct cty_judgement *judgement = NULL;
    if (!is_for_us(worker, row))
        return;
    if (!did(worker, cty_client_judge(worker->client, &row->case_id, CTY_GATHER_CONTENTS, &judgement, &house_error)))
        return;
    must(cty_judgement_check(judgement, &house_error));
    if (judgement->record.state == CTY_CASE_HELD && !has_decided(worker, &judgement->record))
        say(worker, judgement);
    cty_judgement_free(judgement);
}

void *vendor_person(void *context)
{
    struct worker *worker = context;
    while (!atomic_load(&worker->vendor->rest))
        worker_news(worker, CTY_MINE_DECIDE, NEWS_MS, look);
    cty_client_close(worker->client);
    return NULL;
}
