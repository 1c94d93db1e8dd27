/* SPDX-License-Identifier: Apache-2.0 */
/* Plays in which somebody is revoked while a case is under way. */
#include "vendor.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "client/handoff.h"
#include "drafts.h"

/* Somebody new of the vendor's, for one case. The name goes into `name`; the secret is the caller's. */
static struct cty_secret *new_guest(struct vendor *v, enum cty_actor_kind kind, char *name, size_t size)
{
    char file[64], path[192];
    pthread_mutex_lock(&v->office);
    unsigned number = v->guests++;
    pthread_mutex_unlock(&v->office);
    snprintf(name, size, "%s/guest-%u", v->party, number);
    snprintf(file, sizeof(file), "guest-%u.key", number);
    struct cty_secret *secret = office_key(v, name, file, path, sizeof(path));
    office_enrol(v, secret, kind, kind == CTY_PERSON ? "guest" : NULL);
    return secret;
}

/* An approval by a guest; false where the case has been decided meanwhile. */
static bool approve_as(struct worker *worker, const struct cty_secret *guest, const struct cty_hash *case_id)
{
    struct cty_client *client = office_client(worker->vendor, guest);
    struct cty_judgement *judgement = draft_judge(client, case_id);
    draft_decision(client, judgement, CTY_APPROVE, worker->draft);
    bool done = did(worker, cty_client_submit(client, worker->draft, NULL, &worker->submitted, &house_error));
    cty_judgement_free(judgement);
    cty_client_close(client);
    return done;
}

/*
 * A guest approves, and is revoked before the release is used: as of before the approval, which then counts no more, or
 * as of now, and then it stands.
 */
static void use_stolen(struct worker *worker, const struct row *row, const char *guest, uint64_t before)
{
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    custody_error error = {0};
    bool stolen = play_named(row->record->action) == PLAY_THIEF;
    pause_ms(2);
    office_revoke(worker->vendor, guest, stolen ? before : wall_ms());
    custody_err err = cty_agent_consume(worker->client, &row->case_id, &judgement, &payload, &worker->submitted, &error);
    if (stolen) {
        if (err != CUSTODY_E_APPROVAL_REVOKED && err != CUSTODY_E_DEADLINE_PASSED)
            house_fail(__FILE__, __LINE__, "what was approved with a stolen key", err, error.detail);
        return;
    }
    if (err != CUSTODY_OK)
        house_fail(__FILE__, __LINE__, "what was approved before the key was stolen", err, error.detail);
    vendor_acted(worker->vendor->acts, &row->case_id, &judgement->record.consume.hash, cty_secret_name(worker->secret));
    cty_judgement_free(judgement);
    (void)did(worker, cty_agent_outcome(worker->client, &row->case_id, CTY_OUTCOME_FULFILLED, CTY_LITERAL("done"), NULL,
                                        &house_error));
}

void play_stolen(struct worker *worker, const struct row *row)
{
    char name[64];
    if (row->state != CTY_CASE_HELD)
        return;
    uint64_t before = wall_ms();
    struct cty_secret *guest = new_guest(worker->vendor, CTY_PERSON, name, sizeof(name));
    if (approve_as(worker, guest, &row->case_id))
        use_stolen(worker, row, name, before);
    cty_secret_free(guest);
}

/* A guest asks for a case, offers it, and is revoked as of before the offer, while the receiver may be about to accept. */
void play_given(struct worker *worker)
{
    char name[64], receiver[64];
    struct cty_hash case_id;
    struct vendor *v = worker->vendor;
    uint64_t before = wall_ms();
    struct cty_secret *guest = new_guest(v, CTY_AGENT, name, sizeof(name));
    struct cty_client *client = office_client(v, guest);
    const struct cty_ask asked = {.service = CTY_LITERAL("billing"),
                                  .action = cty_bytes_text(plays[PLAY_GIVER].action),
                                  .priority = CTY_PRIORITY_NORMAL, .payload = CTY_LITERAL("{\"amount\":1,\"order\":\"g\"}")};
    must(cty_agent_request(client, &asked, &case_id, &worker->submitted, &house_error));
    struct cty_judgement *judgement = draft_judge(client, &case_id);
    play_receiver(&case_id, &judgement->record, receiver, sizeof(receiver));
    cty_judgement_free(judgement);
    const struct cty_offering offering = {.to = cty_bytes_text(receiver)};
    must(cty_agent_offer(client, &case_id, &offering, &worker->submitted, &house_error));
    pause_ms(case_id.bytes[7] % 64);
    office_revoke(v, name, before);
    cty_client_close(client);
    cty_secret_free(guest);
    worker->open[worker->open_count++] = case_id;
    worker_again(worker, &case_id, wall_ms() + 400);
}
