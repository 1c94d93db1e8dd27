/* SPDX-License-Identifier: Apache-2.0 */
#include "plain/history_inner.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

/* xorshift64*; the seed is never 0. */
static uint64_t random_bits(struct history *h)
{
    h->random ^= h->random >> 12;
    h->random ^= h->random << 25;
    h->random ^= h->random >> 27;
    return h->random * 2685821657736338717u >> 16;
}

static int next_byte(struct history *h)
{
    h->over = h->over || h->left == 0;
    if (h->over)
        return 0;
    h->left--;
    return *h->bytes++;
}

int h_pick(struct history *h, int count)
{
    if (h->bytes)
        return (count > 256 ? next_byte(h) << 8 | next_byte(h) : next_byte(h)) % count;
    return (int)(random_bits(h) % (uint64_t)count);
}

bool h_chance(struct history *h, int percent)
{
    return h_pick(h, 100) < percent;
}

/* The two may overlap: signers are named after names in the same event. */
void h_name(plain_name to, const char *from)
{
    size_t size = strlen(from) + 1;
    CTY_CHECK(size <= PLAIN_NAME);
    memmove(to, from, size);
}

static void count_refusal(struct history *h, const char *code)
{
    size_t i = 0;
    while (i < h->tally->count && strcmp(h->tally->rows[i].code, code) != 0)
        i++;
    if (i == h->tally->count) {
        CTY_CHECK(i < CTY_COUNT_OF(h->tally->rows));
        snprintf(h->tally->rows[h->tally->count++].code, sizeof(h->tally->rows[0].code), "%s", code);
    }
    h->tally->rows[i].count++;
}

static void count_verdict(struct history *h, const struct plain_verdict *v)
{
    h->tally->travelled += v->travelled_count > 0;
    for (int i = 0; i < v->policies_count; i++)
        h->tally->conflicts += v->policies[i].conflict;
}

static const char *play(struct history *h, const struct cty_statement *said)
{
    const char *refusal = bridge_play(h->b, &h->event, said);
    count_refusal(h, refusal ? refusal : "taken");
    if (!refusal)
        h->tally->kinds[h->event.kind]++;
    if (!refusal && h->event.kind == PLAIN_VERDICT)
        count_verdict(h, &h->event.verdict);
    return refusal;
}

struct plain *h_plain(struct history *h)
{
    return h->b->p;
}

const char *h_any_actor(struct history *h)
{
    return h_plain(h)->actors[h_pick(h, h_plain(h)->actors_count)].enrolment.name;
}

/* A valid actor of the kind (PLAIN_NONE: any), with the role and of the party where they are named. */
const char *h_some_actor(struct history *h, int kind, const char *role, const char *party)
{
    struct plain *p = h_plain(h);
    int start = h_pick(h, p->actors_count);
    for (int i = 0; i < p->actors_count; i++) {
        const struct plain_actor *actor = &p->actors[(start + i) % p->actors_count];
        bool fits = plain_valid(actor, h->time) && (kind == PLAIN_NONE || actor->enrolment.kind == kind) &&
                    (!party || strcmp(actor->party, party) == 0) &&
                    (!role || plain_has(actor->enrolment.roles, actor->enrolment.roles_count, role));
        if (fits)
            return actor->enrolment.name;
    }
    return h_any_actor(h);
}

void h_begin(struct history *h, enum plain_kind kind, const char *signer)
{
    plain_name copy;
    h_name(copy, signer); /* it may stand in the event that is begun */
    bridge_begin(h->b, &h->event, kind, copy, h->time, ++h->ids);
}

/* A parent of late, mostly settled; PLAIN_NONE: no case has the name. */
static int some_parent(struct history *h)
{
    int count = h_plain(h)->cases_count;
    return h_chance(h, 3) ? PLAIN_NONE : count - 1 - h_pick(h, count < 8 ? count : 8);
}

/* Where the parent was handed over, the child lies within what its holder was given, mostly. */
static void under_parent(struct history *h, struct plain_request *r)
{
    const struct plain_case *c = &h_plain(h)->cases[r->parent];
    r->parent_after = h_chance(h, 5) ? h_pick(h, h_plain(h)->size) : c->anchor;
    if (!c->scope.present)
        return;
    if (h_chance(h, 80)) {
        h_name(r->action, c->request.action);
        h_name(r->service, c->request.service);
    }
    if (r->expires > c->scope.expires && h_chance(h, 85))
        r->expires = c->scope.expires;
}

static void request(struct history *h)
{
    static const char *const actions[] = {"a1", "a2", "a11", "b", "a"};
    struct plain_event *e = &h->event;
    bool has_parent = h_plain(h)->cases_count > 0 && h_chance(h, 20);
    int parent = has_parent ? some_parent(h) : PLAIN_NONE;
    const char *holder = parent == PLAIN_NONE || h_chance(h, 10) || !h_plain(h)->cases[parent].scope.present
                             ? NULL
                             : h_plain(h)->actors[h_plain(h)->cases[parent].holder].enrolment.name;
    h_begin(h, PLAIN_REQUEST,
          holder ? holder : h_chance(h, 95) ? h_some_actor(h, h_chance(h, 80) ? 0 : 2, NULL, NULL) : h_any_actor(h));
    struct plain_request *r = &e->request;
    h_name(r->action, actions[h_pick(h, 5)]);
    h_name(r->service, h_chance(h, 50) ? "s0" : "s1");
    h_name(r->executor, h_chance(h, 60) ? e->signers[0] : h_chance(h, 85) ? h_some_actor(h, 0, NULL, NULL) : h_any_actor(h));
    if (h_chance(h, 2))
        h_name(r->executor, "acme/nobody");
    r->priority = h_pick(h, 4);
    r->expires = h->time + (h_chance(h, 60) ? HOURS(100) : h_chance(h, 90) ? MINUTES(h_pick(h, 300)) : -1);
    r->payload = ++h->payloads;
    for (int i = 0; h_chance(h, 15) && i < 3; i++)
        h_name(r->behalf[r->behalf_count++], h_chance(h, 97) ? h_any_actor(h) : "acme/nobody");
    r->has_parent = has_parent;
    r->parent = parent;
    r->parent_after = PLAIN_NONE;
    if (has_parent && parent != PLAIN_NONE)
        under_parent(h, r);
}

/* Somebody whom a clause of the case counts, mostly; the one whose turn it is where approvals have an order. */
static const char *some_approver(struct history *h, const struct plain_case *c)
{
    if (h_chance(h, 12) || c->quorum_count == 0)
        return h_any_actor(h);
    int place = h_pick(h, c->quorum_count);
    const struct plain_clause *clause = &c->quorum[place];
    const struct plain_escalation *instead = &clause->escalation;
    if (instead->present && h_chance(h, c->escalated ? 80 : 25)) {
        const char *other = instead->parties[h_pick(h, instead->parties_count)];
        return h_some_actor(h, 1, instead->roles[h_pick(h, instead->roles_count)],
                          strcmp(other, "*") == 0 ? NULL : other);
    }
    int role = h_pick(h, clause->roles_count);
    int taken = clause->ordered ? plain_taken(h_plain(h), c, place, h->time) : 0;
    if (clause->ordered && taken < clause->roles_count && h_chance(h, 80))
        role = taken;
    const char *party = clause->parties[h_pick(h, clause->parties_count)];
    return h_some_actor(h, 1, clause->roles[role], strcmp(party, "*") == 0 ? NULL : party);
}

/* To whom an approval travels: whom it is just offered to, mostly. */
static void travels(struct history *h, const struct plain_case *c)
{
    struct plain_event *e = &h->event;
    bool offered = c->offer_is == PLAIN_OPEN;
    if (!h_chance(h, offered ? 85 : 60))
        return;
    h_name(e->travels[e->travels_count++], h_chance(h, 65) ? h_random_party(h) : h_some_actor(h, 0, NULL, NULL));
    if (offered && !plain_has(e->travels, e->travels_count, c->offer.to))
        h_name(e->travels[e->travels_count++], c->offer.to);
}

static void decision(struct history *h, int the_case)
{
    static const plain_number lasting[] = {HOURS(50), HOURS(50), HOURS(1), MINUTES(2), 1, 0, -1};
    const struct plain_case *c = &h_plain(h)->cases[the_case];
    struct plain_event *e = &h->event;
    bool ordered = false;
    h_begin(h, PLAIN_DECISION, some_approver(h, c));
    bridge_join(h->b, e, the_case);
    e->choice = h_chance(h, 89) ? PLAIN_APPROVE : h_chance(h, 35) ? PLAIN_REJECT : PLAIN_ESCALATE;
    e->expires = h->time + lasting[h_pick(h, 7)];
    e->instance = h_chance(h, 98) ? c->instance : h_pick(h, h->instances + 1);
    e->payload = h_chance(h, 98) ? c->payload : h_pick(h, h->payloads + 1);
    for (int i = 0; i < c->quorum_count; i++)
        ordered = ordered || c->quorum[i].ordered;
    if (ordered)
        e->previous = plain_newest(h_plain(h), c, h->time);
    if (h_chance(h, 3))
        e->previous = h_chance(h, 50) ? PLAIN_NONE : h_pick(h, h_plain(h)->size);
    travels(h, c);
}

static void patch(struct history *h, int the_case)
{
    const struct plain_case *c = &h_plain(h)->cases[the_case];
    h_begin(h, PLAIN_PATCH, some_approver(h, c));
    bridge_join(h->b, &h->event, the_case);
    h->event.payload = h_chance(h, 96) ? c->payload : h_pick(h, h->payloads + 1);
    h->event.result = ++h->payloads;
}

static void by_holder(struct history *h, int the_case, enum plain_kind kind)
{
    const struct plain_case *c = &h_plain(h)->cases[the_case];
    h_begin(h, kind, h_chance(h, 95) ? h_plain(h)->actors[c->holder].enrolment.name : h_any_actor(h));
    bridge_join(h->b, &h->event, the_case);
    h->event.payload = h_chance(h, 96) ? c->payload : h_pick(h, h->payloads + 1);
    h->event.outcome = h_pick(h, 3);
}

static void cancel(struct history *h, int the_case)
{
    const struct plain_case *c = &h_plain(h)->cases[the_case];
    h_begin(h, PLAIN_CANCEL, h_chance(h, 50) ? h_plain(h)->actors[c->requester].enrolment.name : some_approver(h, c));
    bridge_join(h->b, &h->event, the_case);
}

static void expiry(struct history *h, int the_case)
{
    static const char *const states[] = {"HELD", "RELEASED", "CONSUMED"};
    h_begin(h, PLAIN_EXPIRY, "clerk");
    bridge_join(h->b, &h->event, the_case);
    for (int i = 0; i < 3; i++) {
        if (strcmp(h_plain(h)->cases[the_case].state, states[i]) == 0)
            h->event.silence = i;
    }
    if (h_chance(h, 10))
        h->event.silence = h_pick(h, 3);
}

/* Globs that the case's own word matches, mostly, and what the giver has, mostly. */
static int scope_globs(struct history *h, plain_name *out, const plain_name *have, int have_count, const char *word)
{
    static const char *const globs[] = {"*", "?*", "a*", "s?", "*1", "s0", "b"};
    if (have_count > 0 && h_chance(h, 60)) {
        memcpy(out, have, sizeof(out[0]) * (size_t)have_count);
        return have_count;
    }
    h_name(out[0], h_chance(h, 50) ? word : h_chance(h, 60) ? "*" : globs[h_pick(h, 7)]);
    if (h_chance(h, 80))
        return 1;
    h_name(out[1], globs[h_pick(h, 7)]);
    return 1 + (strcmp(out[0], out[1]) != 0);
}

static void some_scope(struct history *h, const struct plain_case *c, struct plain_scope *s)
{
    const struct plain_scope *have = &c->scope;
    int depth = have->present ? have->depth : PLAIN_HOPS;
    s->present = true;
    s->depth = h_chance(h, 3) ? depth : depth - 1 - (h_chance(h, 30) ? h_pick(h, 6) : 0);
    if (s->depth < 0 || h_chance(h, 8))
        s->depth = 0;
    s->releases = have->present && h_chance(h, 70) ? have->releases : h_pick(h, 6);
    s->expires = c->expires + (h_chance(h, 80) ? 0 : h_chance(h, 80) ? -MINUTES(h_pick(h, 100)) : 1);
    s->services_count = scope_globs(h, s->services, have->services, have->services_count, c->request.service);
    s->actions_count = scope_globs(h, s->actions, have->actions, have->actions_count, c->request.action);
}

static void offer(struct history *h, int the_case)
{
    static const plain_number lasting[] = {HOURS(50), HOURS(50), HOURS(1), MINUTES(2), 0, -1};
    const struct plain_case *c = &h_plain(h)->cases[the_case];
    struct plain_offer *o = &h->event.offer;
    h_begin(h, PLAIN_OFFER, h_chance(h, 96) ? h_plain(h)->actors[c->holder].enrolment.name : h_any_actor(h));
    bridge_join(h->b, &h->event, the_case);
    h_name(o->to, h_chance(h, 65) ? h_some_actor(h, h_chance(h, 80) ? 0 : 2, NULL, NULL)
                : h_chance(h, 85) ? h_random_party(h)
                : h_chance(h, 70) ? h_any_actor(h)
                                : "nowhere");
    o->expires = h->time + lasting[h_pick(h, h_chance(h, 80) ? 4 : 6)];
    o->hop = c->hops_count + 1 + (h_chance(h, 3) ? h_pick(h, 3) - 1 : 0);
    o->previous = c->hops_count ? c->hops[c->hops_count - 1].offer : PLAIN_NONE;
    if (h_chance(h, 3))
        o->previous = h_chance(h, 50) ? PLAIN_NONE : h_pick(h, h_plain(h)->size);
    o->obligations = h_chance(h, 30) ? 1 + h_pick(h, 5) : 0;
    if (o->hop < 1 || o->hop > PLAIN_HOPS)
        o->hop = 1;
    some_scope(h, c, &o->scope);
}

/* Whom the newest offer of the case was made to, mostly. */
static const char *some_receiver(struct history *h, const struct plain_case *c, bool machine)
{
    if (c->offer_is == PLAIN_NO_OFFER || h_chance(h, 8))
        return h_any_actor(h);
    if (strchr(c->offer.to, '/'))
        return c->offer.to;
    return h_some_actor(h, machine ? (h_chance(h, 80) ? 0 : 2) : PLAIN_NONE, NULL, c->offer.to);
}

/* Accept, decline or withdraw. */
static void answer_offer(struct history *h, int the_case, enum plain_kind kind)
{
    const struct plain_case *c = &h_plain(h)->cases[the_case];
    struct plain_event *e = &h->event;
    bool giver = kind == PLAIN_WITHDRAW && h_chance(h, 95);
    h_begin(h, kind, giver ? h_plain(h)->actors[c->holder].enrolment.name : some_receiver(h, c, kind == PLAIN_ACCEPT));
    bridge_join(h->b, e, the_case);
    e->answered = c->offer_is == PLAIN_NO_OFFER ? PLAIN_NONE : c->offer_by.offer;
    if (c->hops_count && h_chance(h, 6))
        e->answered = c->hops[h_pick(h, c->hops_count)].offer;
    if (h_chance(h, 3))
        e->answered = h_pick(h, h_plain(h)->size);
    e->obligations = h_chance(h, 88) ? c->offer.obligations : h_pick(h, 6);
}

static void question(struct history *h, int the_case)
{
    h_begin(h, PLAIN_QUESTION, some_approver(h, &h_plain(h)->cases[the_case]));
    bridge_join(h->b, &h->event, the_case);
}

/* What the holder alone says, but for consume, outcome and offers. */
static void holder_says(struct history *h, int the_case, enum plain_kind kind)
{
    const struct plain_case *c = &h_plain(h)->cases[the_case];
    struct plain_event *e = &h->event;
    h_begin(h, kind, h_chance(h, 95) ? h_plain(h)->actors[c->holder].enrolment.name : h_any_actor(h));
    bridge_join(h->b, e, the_case);
    e->agrees = h_chance(h, 70);
    if (kind == PLAIN_CONSENT)
        e->answered = h_chance(h, 95) ? c->payload_at : h_pick(h, h_plain(h)->size);
    if (kind == PLAIN_ANSWER)
        e->answered = c->questions_count && h_chance(h, 90) ? c->questions[h_pick(h, c->questions_count)]
                                                          : h_pick(h, h_plain(h)->size);
}

static void hand_step(struct history *h, int the_case)
{
    const struct plain_case *c = &h_plain(h)->cases[the_case];
    bool open = plain_offered(c, h->time);
    int die = h_pick(h, 100);
    if (open && die < 60)
        answer_offer(h, the_case, PLAIN_ACCEPT);
    else if (open && die < 70)
        answer_offer(h, the_case, PLAIN_DECLINE);
    else if (open && die < 80)
        answer_offer(h, the_case, PLAIN_WITHDRAW);
    else if (die < 90)
        offer(h, the_case);
    else if (die < 93)
        holder_says(h, the_case, PLAIN_FINALISE);
    else
        answer_offer(h, the_case, die < 96 ? PLAIN_ACCEPT : die < 98 ? PLAIN_DECLINE : PLAIN_WITHDRAW);
}

static void talk_step(struct history *h, int the_case)
{
    const struct plain_case *c = &h_plain(h)->cases[the_case];
    bool waits = c->consent == PLAIN_WANTED || c->consent == PLAIN_REFUSED;
    if (waits ? h_chance(h, 60) : h_chance(h, 5))
        holder_says(h, the_case, PLAIN_CONSENT);
    else if (h_chance(h, c->questions_count ? 40 : 80))
        question(h, the_case);
    else
        holder_says(h, the_case, PLAIN_ANSWER);
}

/* A step that the state does not ask for. */
static void odd_step(struct history *h, int the_case)
{
    int die = h_pick(h, 12);
    if (die < 3)
        cancel(h, the_case);
    else if (die < 5)
        decision(h, the_case);
    else if (die < 6)
        patch(h, the_case);
    else if (die < 8)
        by_holder(h, the_case, die < 7 ? PLAIN_CONSUME : PLAIN_OUTCOME);
    else if (die < 10)
        hand_step(h, the_case);
    else
        talk_step(h, the_case);
}

/* A step of the case: the one that its state asks for, mostly. */
static void case_step(struct history *h, int the_case)
{
    const struct plain_case *c = &h_plain(h)->cases[the_case];
    const char *state = plain_state(h_plain(h), the_case, h->time);
    bool held = strcmp(state, "HELD") == 0, released = strcmp(state, "RELEASED") == 0;
    bool consumed = strcmp(state, "CONSUMED") == 0 || strcmp(state, "UNREPORTED") == 0;
    bool waits = held && (c->consent == PLAIN_WANTED || c->consent == PLAIN_REFUSED);
    bool offered = (held || released) && plain_offered(c, h->time);
    int die = h_pick(h, 100);
    if (offered && die < 45)
        hand_step(h, the_case);
    else if (waits && die < 40)
        talk_step(h, the_case);
    else if (held && die < 55)
        decision(h, the_case);
    else if (held && die < 63)
        patch(h, the_case);
    else if (held && die < 70)
        talk_step(h, the_case);
    else if ((held && die < 87) || (released && die < 40))
        hand_step(h, the_case);
    else if (released && die < 82)
        by_holder(h, the_case, PLAIN_CONSUME);
    else if (consumed && die < 60)
        by_holder(h, the_case, PLAIN_OUTCOME);
    else if (die < 92)
        expiry(h, the_case);
    else
        odd_step(h, the_case);
}

static bool is_open(struct history *h, int the_case)
{
    static const char *const open[] = {"HELD", "RELEASED", "CONSUMED"};
    const char *state = plain_state(h_plain(h), the_case, h->time);
    return strcmp(state, open[0]) == 0 || strcmp(state, open[1]) == 0 || strcmp(state, open[2]) == 0;
}

/* A case of late, and mostly one that is open. */
static int some_case(struct history *h)
{
    int count = h_plain(h)->cases_count, the_case = 0;
    for (int tries = 0; tries < 5; tries++) {
        the_case = h_chance(h, 85) ? count - 1 - h_pick(h, count < 10 ? count : 10) : h_pick(h, count);
        if (is_open(h, the_case) || h_chance(h, 10))
            break;
    }
    return the_case;
}

/* One common member goes wrong. */
static void spoil(struct history *h)
{
    struct plain_event *e = &h->event;
    switch (h_pick(h, 17)) {
    case 16:
        h_name(e->signers[e->signers_count > 0 ? e->signers_count - 1 : 0], "new");
        return;
    case 0:
        e->linked = false;
        return;
    case 1:
        e->time = h_plain(h)->time - 1;
        return;
    case 2:
        e->id = h_pick(h, h->ids + 1);
        return;
    case 3:
        e->this_ledger = false;
        return;
    case 4:
        h_name(e->signers[0], h_any_actor(h));
        return;
    case 5:
        h_name(e->signers[0], h_chance(h, 50) ? "clerk" : "log");
        return;
    case 6:
        h_name(e->signers[0], "acme/nobody");
        return;
    case 7:
        e->signatures = false;
        return;
    case 8:
        e->until = e->time - 1;
        return;
    case 9:
        e->seen_size = h_pick(h, h_plain(h)->size + 3);
        return;
    case 10:
        e->seen_root = false;
        return;
    case 11:
        e->the_case = h_chance(h, 50) || h_plain(h)->cases_count == 0 ? PLAIN_NONE : some_case(h);
        return;
    case 12:
        e->has_case_prev = !e->has_case_prev;
        e->case_prev = PLAIN_NONE;
        return;
    case 13:
        e->case_prev = h_pick(h, h_plain(h)->size);
        e->has_case_prev = true;
        return;
    case 14:
        e->after = h_chance(h, 30) ? PLAIN_NONE : h_pick(h, h_plain(h)->size);
        return;
    default:
        e->said_time++;
        return;
    }
}

/* Signers that stand twice are refused before any fold sees them. */
static bool signers_differ(const struct plain_event *e)
{
    for (int i = 0; i < e->signers_count; i++) {
        for (int k = 0; k < i; k++) {
            if (strcmp(e->signers[i], e->signers[k]) == 0)
                return false;
        }
    }
    return e->signers_count > 0;
}

/* The clerk's turn: now and then a wrong statement first, or late. */
static void clerk_turn(struct history *h)
{
    struct cty_statement said;
    if (h_chance(h, 10))
        h->time += h_chance(h, 70) ? h_pick(h, 3) : MINUTES(h_pick(h, 200));
    for (bool right = false; !right;) {
        right = h_chance(h, 80);
        int instance = right || h_chance(h, 70) ? h->instances + 1 : h_pick(h, h->instances + 1);
        CTY_CHECK(bridge_next(h->b, h->time, instance, &said));
        h_begin(h, said.type == CTY_VERDICT ? PLAIN_VERDICT : PLAIN_RELEASE, "clerk");
        bridge_join(h->b, &h->event, h_plain(h)->wanted_case);
        if (!right && h_chance(h, 50))
            spoil(h);
        else if (!right && said.type == CTY_VERDICT)
            h_spoil_verdict(h, &said.u.verdict);
        else if (!right)
            h_spoil_release(h, &said.u.release);
        bridge_read(h->b, &said, &h->event);
        const char *refusal = play(h, &said);
        if (!refusal && said.type == CTY_VERDICT)
            h->instances = instance > h->instances ? instance : h->instances;
        if (!refusal)
            return;
        /* An approval expired while the clerk was idle: no release is lawful any more but an earlier one. */
        if (right && strcmp(refusal, "under-threshold") == 0)
            h->time = h_plain(h)->time;
        CTY_CHECK(!right || strcmp(refusal, "under-threshold") == 0);
        right = false;
    }
}

static void move_time(struct history *h)
{
    int die = h_pick(h, 100);
    if (die < 30)
        return;
    if (die < 70)
        h->time += h_pick(h, 1000);
    else if (die < 94)
        h->time += h_pick(h, 600000);
    else if (h_plain(h)->cases_count > 0) {
        const struct plain_case *c = &h_plain(h)->cases[some_case(h)];
        plain_number escalated = c->quorum_count ? c->quorum[0].escalation.after : 0;
        plain_number window = c->quorum_count && c->decisions_count ? c->quorum[0].window_ms : 0;
        const plain_number due[] = {c->decide_by, c->use_by, c->report_by, c->offer.expires, escalated,
                                    window ? c->decisions[0].time + window : 0};
        plain_number wanted = due[h_pick(h, 6)] + h_pick(h, 3) - 1;
        if (wanted > h->time && wanted < h->time + HOURS(60))
            h->time = wanted;
    }
}

static void one_event(struct history *h)
{
    move_time(h);
    int die = h_pick(h, 1000);
    bool room = h_plain(h)->actors_count < PLAIN_ACTORS - 64 && h->keys < 200;
    if (die < 12 && room)
        h_actor_enrol(h);
    else if (die < 15 && room && h_plain(h)->parties_count < 8)
        h_party_enrol(h);
    else if (die < 25)
        h_actor_revoke(h);
    else if (die < 30 && room)
        h_actor_rotate(h);
    else if (die < 31 && room)
        h_custodian_rotate(h);
    else if (die < 34 && room)
        h_recovery(h);
    else if (die < 35)
        h_ledger_close(h, false);
    else if (die < 45 && h_plain(h)->policies_count < PLAIN_ENTRIES / 64 - 1)
        h_policy_publish(h);
    else if (h_plain(h)->cases_count == 0 || (die < 260 && h_plain(h)->cases_count < PLAIN_CASES - 1))
        request(h);
    else
        case_step(h, some_case(h));
    if (h_chance(h, 12))
        spoil(h);
    if (signers_differ(&h->event))
        play(h, NULL);
}

static void must(struct history *h)
{
    const char *refusal = play(h, NULL);
    if (refusal)
        fprintf(stderr, "setting up: %s (%s)\n", refusal, h->b->w->error.detail);
    CTY_CHECK(!refusal);
}

static void must_enrol(struct history *h, const char *party, int kind, const char *role)
{
    struct plain_enrolment e = {.kind = kind, .person = PLAIN_NONE};
    snprintf(e.name, PLAIN_NAME, "%s/n%d", party, h->names++);
    e.key = h->keys++;
    if (kind == 1)
        e.person = h->persons++;
    else
        h_name(e.owner, h_some_actor(h, 1, NULL, party));
    if (role)
        h_name(e.roles[e.roles_count++], role);
    h_begin(h, PLAIN_ACTOR_ENROL, e.name);
    h->event.enrolments[h->event.enrolments_count++] = e;
    for (int i = 0; i < 2; i++) {
        const char *admin = NULL;
        do
            admin = h_some_actor(h, 1, "admin", party);
        while (plain_has(h->event.signers, h->event.signers_count, admin));
        h_name(h->event.signers[h->event.signers_count++], admin);
    }
    must(h);
}

/* Two parties beside the operator's, each with three admins, approvers and agents; or one with fewer. */
static void set_up(struct history *h)
{
    static const char *const parties[] = {"acme", "globex"};
    for (int i = 0; i < (h->small ? 1 : 2); i++) {
        struct plain_event *e = &h->event;
        h_begin(h, PLAIN_PARTY_ENROL, "operator/ada");
        h_name(e->signers[e->signers_count++], "operator/otto");
        h_name(e->party, parties[i]);
        for (int k = 0; k < (h->small ? 2 : 3); k++) {
            struct plain_enrolment *admin = &e->enrolments[e->enrolments_count++];
            *admin = (struct plain_enrolment){.kind = 1, .person = h->persons++, .key = h->keys++, .roles_count = 2,
                                              .roles = {"admin", "approver"}};
            snprintf(admin->name, PLAIN_NAME, "%s/admin%d", parties[i], k);
            h_name(e->signers[e->signers_count++], admin->name);
        }
        must(h);
        for (int k = h->small ? 1 : 0; k < 3; k++)
            must_enrol(h, parties[i], 1, k == 0 ? "chief" : k == 1 ? "approver" : "finance");
        for (int k = h->small ? 1 : 0; k < 3; k++)
            must_enrol(h, parties[i], k < 2 ? 0 : 2, NULL);
    }
    if (!h->small)
        must_enrol(h, "operator", 1, "admin");
}

/* One event, whatever tries the clerk's place then, and the clerk's turn. */
static void one_round(struct history *h)
{
    one_event(h);
    if (h_plain(h)->wanted && h_chance(h, 10))
        one_event(h);
    while (h_plain(h)->wanted)
        clerk_turn(h);
    if (h->time < h_plain(h)->time)
        h->time = h_plain(h)->time;
}

static void history_begin(struct history *h)
{
    struct plain_policy policy = {.admin_quorum = 2};
    h->keys = 4;
    h->persons = 2;
    h->b = bridge_new(&policy);
    h->time = h_plain(h)->time;
    set_up(h);
}

static size_t history_end(struct history *h)
{
    bridge_compare_all(h->b);
    size_t taken = h->b->accepted;
    bridge_free(h->b);
    return taken;
}

/* Nothing is appended to a closed ledger, not even an expiry. */
static void close_and_try(struct history *h)
{
    for (int i = 0; i < 100 && !h_plain(h)->closed; i++) {
        h_ledger_close(h, true);
        if (signers_differ(&h->event))
            play(h, NULL);
    }
    for (int i = 0; i < 20; i++)
        one_round(h);
}

size_t history_play(uint64_t seed, size_t events, struct tally *tally)
{
    struct history h = {.random = seed * 2 + 1, .tally = tally};
    history_begin(&h);
    for (size_t i = 0; i < events && h_plain(&h)->size < PLAIN_ENTRIES - 8; i++) {
        one_round(&h);
        if (i % 64 == 0)
            bridge_compare_all(h.b);
    }
    close_and_try(&h);
    return history_end(&h);
}

size_t history_play_bytes(const uint8_t *bytes, size_t size)
{
    static struct history first;
    struct tally tally = {.count = 0};
    if (!first.b) {
        first = (struct history){.random = 1, .tally = &tally, .small = true};
        history_begin(&first);
    }
    struct history h = first;
    h.tally = &tally;
    h.b = bridge_clone(first.b);
    h.bytes = bytes;
    h.left = size;
    while (!h.over && h_plain(&h)->size < PLAIN_ENTRIES - 8)
        one_round(&h);
    return history_end(&h);
}
