/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vendor's agent: it asks, hands on, takes over, and acts, whatever the news brings. It keeps nothing of a case but
 * that it asked for it; what is next follows from the record.
 *
 *     a row of news -- offered to us -->  accept, decline, or let it grow old
 *                   -- we hold it ------>  consent, answer; offer on; consume; report
 *                   -- we asked, and it has ended --> one more is asked for
 */
#include "vendor.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "client/handoff.h"
#include "client/rotate.h"
#include "codec/text.h"

#define NEWS_MS 1500u
#define STALE_OFFER_MS 250u
#define OFFER_MS 90000u

void vendor_acted(int acts, const struct cty_hash *case_id, const struct cty_hash *consume, struct cty_bytes actor)
{
    char line[320], case_hex[2 * CTY_HASH_SIZE + 1], consume_hex[2 * CTY_HASH_SIZE + 1];
    cty_hex_write(case_id->bytes, CTY_HASH_SIZE, case_hex);
    cty_hex_write(consume->bytes, CTY_HASH_SIZE, consume_hex);
    int size = snprintf(line, sizeof(line), "%s %s %.*s\n", case_hex, consume_hex, (int)actor.size,
                        (const char *)actor.data);
    must_be(write(acts, line, (size_t)size) == size);
}

/* ---- asking ---- */

static void ask(struct worker *worker, unsigned number)
{
    struct vendor *v = worker->vendor;
    enum play_kind kind = play_of(v->number, number);
    char payload[96], executor[64] = "";
    struct cty_hash case_id;
    snprintf(payload, sizeof(payload), "{\"amount\":%u,\"order\":\"%s-%u\"}", 100 + number, v->party, number);
    if (kind == PLAY_EXECUTOR)
        snprintf(executor, sizeof(executor), "%s/agent-%u", vendor_parties[(v->number + 1) % VENDORS],
                 number % VENDOR_AGENTS);
    const struct cty_ask asked = {.service = CTY_LITERAL("billing"), .action = cty_bytes_text(plays[kind].action),
                                  .priority = CTY_PRIORITY_NORMAL, .payload = cty_bytes_text(payload),
                                  .executor = executor[0] ? cty_bytes_text(executor) : (struct cty_bytes){NULL, 0}};
    must(cty_agent_request(worker->client, &asked, &case_id, &worker->submitted, &house_error));
    worker->open[worker->open_count++] = case_id;
    if (kind == PLAY_CANCEL)
        (void)did(worker, cty_agent_cancel(worker->client, &case_id, CTY_LITERAL("a mistake"), NULL, &house_error));
}

static void ask_more(struct worker *worker)
{
    struct vendor *v = worker->vendor;
    while (worker->open_count < AGENT_OPEN_MAX / 2) {
        unsigned number = atomic_fetch_add(&v->next, 1);
        if (number >= v->cases)
            return;
        if (play_of(v->number, number) == PLAY_GIVER)
            play_given(worker);
        else
            ask(worker, number);
    }
}

static bool has_ended(const struct row *row)
{
    if (play_named(row->record->action) == PLAY_SILENT && row->state == CTY_CASE_UNREPORTED)
        return false;
    return cty_case_is_final((enum cty_case_state)row->record->state);
}

static void note_end(struct worker *worker, const struct row *row)
{
    for (unsigned i = 0; i < worker->open_count; i++) {
        if (!cty_hash_equal(&worker->open[i], &row->case_id))
            continue;
        if (has_ended(row)) {
            worker->open[i] = worker->open[--worker->open_count];
            atomic_fetch_add(&worker->vendor->finished, 1);
        } else if (play_named(row->record->action) == PLAY_GIVER) {
            worker_again(worker, &row->case_id, wall_ms() + 400);
        }
        return;
    }
}

/* ---- offers to us ---- */

static void answer_offer(struct worker *worker, const struct row *row)
{
    enum play_kind kind = play_named(row->record->action);
    struct cty_hash offer = row->record->offer.digest;
    if (kind == PLAY_DECLINE) {
        (void)did(worker, cty_agent_decline(worker->client, &row->case_id, &offer, CTY_LITERAL("no room"), NULL,
                                            &house_error));
        return;
    }
    if (kind == PLAY_STALE) {
        worker_again(worker, &row->case_id, row->record->offer.expires + 30);
        return;
    }
    (void)did(worker, cty_agent_accept(worker->client, &row->case_id, &offer, NULL, &house_error));
}

/* It was made to us and we let its time pass: too late is too late. */
static void answer_late(struct worker *worker, const struct row *row)
{
    const struct cty_case_offer *offer = &row->record->offer;
    custody_error error = {0};
    if (offer->expires >= wall_ms() || cty_case_is_final((enum cty_case_state)row->record->state))
        return;
    custody_err err = cty_agent_accept(worker->client, &row->case_id, &offer->digest, NULL, &error);
    must_be(err != CUSTODY_OK);
    if (err != CUSTODY_E_OFFER_EXPIRED)
        (void)worker_did(worker, err, &error, "a late acceptance");
}

/* ---- what we hold ---- */

static void answer_questions(struct worker *worker, const struct row *row)
{
    for (uint32_t i = 0; i < row->record->questions_count; i++)
        (void)did(worker, cty_agent_answer(worker->client, &row->case_id, &row->record->questions[i],
                                           CTY_LITERAL("because it was ordered"), NULL, &house_error));
}

static bool offer(struct worker *worker, const struct row *row, const char *receiver, uint64_t valid_ms)
{
    const struct play *play = &plays[play_named(row->record->action)];
    const struct cty_offering offering = {.to = cty_bytes_text(receiver),
                                          .depth = play->hops - row->record->hops_count - 1,
                                          .valid_ms = valid_ms,
                                          .obligations = CTY_LITERAL("tell the customer")};
    custody_error error = {0};
    custody_err err = cty_agent_offer(worker->client, &row->case_id, &offering, &worker->submitted, &error);
    if (err != CUSTODY_E_OFFER_EXPIRED)
        return worker_did(worker, err, &error, "an offer");
    /* The custodian was away for longer than it was to stand. */
    worker_again(worker, &row->case_id, wall_ms());
    return false;
}

static void hand_on(struct worker *worker, const struct row *row)
{
    enum play_kind kind = play_named(row->record->action);
    char receiver[64];
    play_receiver(&row->case_id, row->record, receiver, sizeof(receiver));
    if (!offer(worker, row, receiver, kind == PLAY_STALE ? STALE_OFFER_MS : OFFER_MS))
        return;
    if (kind == PLAY_WITHDRAW)
        (void)did(worker, cty_agent_withdraw(worker->client, &row->case_id, CTY_LITERAL("on second thought"), NULL,
                                             &house_error));
    if (kind == PLAY_STALE)
        worker_again(worker, &row->case_id, wall_ms() + STALE_OFFER_MS + 30);
}

/* What was finalised is not handed on, whoever asks. */
static void finalise(struct worker *worker, const struct row *row)
{
    const struct cty_offering offering = {.to = cty_bytes_text(vendor_parties[(worker->vendor->number + 1) % VENDORS])};
    custody_error error = {0};
    if (!did(worker, cty_agent_finalise(worker->client, &row->case_id, CTY_LITERAL("ours"), NULL, &house_error)))
        return;
    custody_err err = cty_agent_offer(worker->client, &row->case_id, &offering, NULL, &error);
    must_be(err != CUSTODY_OK);
    if (err != CUSTODY_E_AFTER_FINAL)
        (void)worker_did(worker, err, &error, "an offer of what was finalised");
}

static void report(struct worker *worker, const struct row *row, enum cty_outcome outcome)
{
    (void)did(worker, cty_agent_outcome(worker->client, &row->case_id, outcome, CTY_LITERAL("done"), NULL, &house_error));
}

static void act(struct worker *worker, const struct row *row)
{
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    if (!did(worker, cty_agent_consume(worker->client, &row->case_id, &judgement, &payload, &worker->submitted,
                                       &house_error)))
        return;
    must_be(judgement->record.consume.present && payload.size > 0);
    vendor_acted(worker->vendor->acts, &row->case_id, &judgement->record.consume.hash,
                 cty_secret_name(worker->secret));
    cty_judgement_free(judgement);
    if (play_named(row->record->action) != PLAY_SILENT)
        report(worker, row, CTY_OUTCOME_FULFILLED);
}

/* Another process of ours consumes it and dies; we find a release that was used, and can't tell what came of it. */
static void crash(struct worker *worker, const struct row *row)
{
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    custody_error error = {0};
    struct doomed doomed = {.case_id = row->case_id, .acts = row->case_id.bytes[9] % 2};
    snprintf(doomed.folder, sizeof(doomed.folder), "%s", worker->vendor->folder);
    snprintf(doomed.url, sizeof(doomed.url), "%s", worker->vendor->url);
    snprintf(doomed.key_path, sizeof(doomed.key_path), "%s", worker->key_path);
    must_be(spawner_run(worker->vendor, &doomed));
    custody_err err = cty_agent_consume(worker->client, &row->case_id, &judgement, &payload, NULL, &error);
    must_be(err == CUSTODY_E_DOUBLE_CONSUME);
    report(worker, row, CTY_OUTCOME_UNKNOWN);
}

static void rotate(struct worker *worker)
{
    char file[64];
    struct vendor *v = worker->vendor;
    if (worker->rotations >= 3)
        return;
    snprintf(file, sizeof(file), "agent-%u.%u.key", worker->number, ++worker->rotations);
    struct cty_secret *next = office_key(v, worker->name, file, worker->key_path, sizeof(worker->key_path));
    must(cty_actor_rotate_key(worker->client, next, CTY_LITERAL("as every month"), NULL, &house_error));
    cty_client_close(worker->client);
    cty_secret_free(worker->secret);
    worker->secret = next;
    worker->client = office_client(v, next);
}

static void use_release(struct worker *worker, const struct row *row)
{
    enum play_kind kind = play_named(row->record->action);
    if (kind == PLAY_LAPSE)
        return;
    if (kind == PLAY_CRASH) {
        crash(worker, row);
        return;
    }
    if (kind == PLAY_ROTATE)
        rotate(worker);
    act(worker, row);
}

static bool waits_for_consent(const struct row *row)
{
    return row->state == CTY_CASE_HELD && row->record->consent == CTY_CONSENT_WANTED;
}

static bool is_handed(const struct row *row)
{
    return play_is_handed(row->record, wall_ms());
}

/* Approvals are to travel: so first they are collected. */
static bool may_hand_on(const struct row *row)
{
    bool released = row->state == CTY_CASE_RELEASED;
    bool open = cty_case_offer_open(row->record, wall_ms());
    return !open && (released || play_named(row->record->action) != PLAY_TRAVEL);
}

static void hold(struct worker *worker, const struct row *row)
{
    enum play_kind kind = play_named(row->record->action);
    if (waits_for_consent(row)) {
        (void)did(worker, cty_agent_consent(worker->client, &row->case_id, &row->record->payload_at, CTY_CONSENT_ACCEPT,
                                            (struct cty_bytes){NULL, 0}, NULL, &house_error));
    } else if (row->state == CTY_CASE_HELD && row->record->questions_count) {
        answer_questions(worker, row);
    } else if (kind == PLAY_CANCEL) {
        (void)did(worker, cty_agent_cancel(worker->client, &row->case_id, CTY_LITERAL("a mistake"), NULL, &house_error));
    } else if (kind == PLAY_THIEF || kind == PLAY_LEAVER) {
        play_stolen(worker, row);
    } else if (!is_handed(row)) {
        if (may_hand_on(row))
            hand_on(worker, row);
    } else if (kind == PLAY_FINAL && !row->record->finalised) {
        finalise(worker, row);
    } else if (row->state == CTY_CASE_RELEASED) {
        use_release(worker, row);
    }
}

static void take_news(struct worker *worker, const struct row *row)
{
    bool ours = cty_bytes_equal(row->record->holder, cty_secret_name(worker->secret));
    if (row->offered)
        answer_offer(worker, row);
    else if (ours && (row->state == CTY_CASE_HELD || row->state == CTY_CASE_RELEASED))
        hold(worker, row);
    else if (ours && row->state == CTY_CASE_UNREPORTED)
        report(worker, row, CTY_OUTCOME_UNKNOWN);
    else if (!ours && play_named(row->record->action) == PLAY_STALE && row->record->offer.present &&
             cty_bytes_equal(row->record->offer.to, cty_secret_name(worker->secret)))
        answer_late(worker, row);
    note_end(worker, row);
}

void *vendor_agent(void *context)
{
    struct worker *worker = context;
    while (!atomic_load(&worker->vendor->rest)) {
        ask_more(worker);
        worker_news(worker, CTY_MINE_ANY, NEWS_MS, take_news);
    }
    cty_client_close(worker->client);
    return NULL;
}
