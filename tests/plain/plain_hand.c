/* SPDX-License-Identifier: Apache-2.0 */
/* Handoffs, children of what was handed over, and what approvers and the holder say to each other. */
#include "plain/plain.h"

#include <string.h>

/*
 * Whether every word that the inner glob matches is matched by the outer one, place by place: `*` lies within `*`
 * only, `?` within `?` and `*`.
 */
static bool glob_within(const char *inner, const char *outer)
{
    bool fits[PLAIN_NAME + 1][PLAIN_NAME + 1] = {{false}};
    size_t is = strlen(inner), os = strlen(outer);
    fits[is][os] = true;
    for (size_t i = is + 1; i-- > 0;) {
        for (size_t o = os; o-- > 0;) {
            bool one = i < is && inner[i] != '*' && (outer[o] == '?' || outer[o] == inner[i]) && fits[i + 1][o + 1];
            bool any = outer[o] == '*' && (fits[i][o + 1] || (i < is && fits[i + 1][o]));
            fits[i][o] = outer[o] == '*' ? any : one;
        }
    }
    return fits[0][0];
}

static bool globs_within(const plain_name *inner, int inner_count, const plain_name *outer, int outer_count)
{
    for (int i = 0; i < inner_count; i++) {
        bool within = false;
        for (int k = 0; k < outer_count; k++)
            within = within || glob_within(inner[i], outer[k]);
        if (!within)
            return false;
    }
    return true;
}

static bool globs_match(const plain_name *globs, int count, const char *word)
{
    for (int i = 0; i < count; i++) {
        if (plain_glob(globs[i], word))
            return true;
    }
    return false;
}

bool plain_offered(const struct plain_case *c, plain_number time)
{
    return c->offer_is == PLAIN_OPEN && time <= c->offer.expires;
}

static bool had_it(const struct plain_case *c, int actor)
{
    for (int i = 0; i < c->ancestry_count; i++) {
        if (c->ancestry[i] == actor)
            return true;
    }
    return false;
}

static const char *within_rule(const struct plain_case *c, const struct plain_scope *s)
{
    const struct plain_scope *have = &c->scope;
    int depth = have->present ? have->depth : PLAIN_HOPS;
    if (depth == 0)
        return "pass-too-deep";
    if (s->depth >= depth || s->expires > c->expires)
        return "pass-wider";
    if (!have->present)
        return NULL;
    if (s->releases > have->releases ||
        !globs_within(s->services, s->services_count, have->services, have->services_count) ||
        !globs_within(s->actions, s->actions_count, have->actions, have->actions_count))
        return "pass-wider";
    return NULL;
}

static const char *offer_rule(struct plain *p, const struct plain_event *e, struct plain_case *c, int actor)
{
    const struct plain_offer *o = &e->offer;
    if (actor != c->holder)
        return "not-holder";
    if (c->finalised)
        return "after-final";
    if (plain_offered(c, e->time))
        return "double-offer";
    if (e->time > o->expires)
        return "offer-expired";
    if (strchr(o->to, '/')) {
        int to = plain_actor(p, o->to);
        if (!plain_machine(p, to, e->time))
            return "wrong-receiver";
        if (had_it(c, to))
            return "delegation-loop";
    } else if (!plain_party(p, o->to)) {
        return "wrong-receiver";
    }
    if (o->hop != c->hops_count + 1)
        return "hop-order";
    if (o->previous != (c->hops_count ? c->hops[c->hops_count - 1].offer : PLAIN_NONE))
        return "hop-missing";
    const char *refusal = within_rule(c, &o->scope);
    if (refusal)
        return refusal;
    if (o->scope.releases < 1 || e->time > o->scope.expires ||
        !globs_match(o->scope.services, o->scope.services_count, c->request.service) ||
        !globs_match(o->scope.actions, o->scope.actions_count, c->request.action))
        return "bad-member";
    if (c->talk == PLAIN_TALK)
        return "limit-reached";
    c->talk++;
    c->offer = *o;
    c->offer_is = PLAIN_OPEN;
    c->offer_by = (struct plain_hop){.offer = p->size, .giver = actor, .rotation = p->actors[actor].former_count,
                                     .offered = e->time};
    c->offered = c->payload;
    return NULL;
}

/* What is answered is the newest offer, and open. */
static const char *answered_rule(const struct plain_event *e, const struct plain_case *c)
{
    for (int i = 0; i < c->hops_count; i++) {
        if (e->answered == c->hops[i].offer)
            return "double-acceptance";
    }
    if (c->offer_is == PLAIN_NO_OFFER || e->answered != c->offer_by.offer)
        return "no-offer";
    if (c->offer_is != PLAIN_OPEN)
        return "state-illegal";
    if (e->time > c->offer.expires)
        return "offer-expired";
    return e->seen_size <= c->offer_by.offer ? "bad-seen" : NULL;
}

static bool is_addressed(const struct plain *p, const struct plain_case *c, int actor)
{
    return plain_is(c->offer.to, p->actors[actor].enrolment.name) || plain_is(c->offer.to, p->actors[actor].party);
}

static const char *giver_rule(const struct plain *p, const struct plain_hop *hop)
{
    return plain_signed_by_thief(&p->actors[hop->giver], hop->rotation, hop->offered) ? "after-cancellation" : NULL;
}

static bool any_giver_was_thief(const struct plain *p, const struct plain_case *c)
{
    for (int i = 0; i < c->hops_count; i++) {
        if (giver_rule(p, &c->hops[i]))
            return true;
    }
    return false;
}

const char *plain_authority(const struct plain *p, const struct plain_case *c, bool accept)
{
    if (any_giver_was_thief(p, c))
        return "after-cancellation";
    if (accept && giver_rule(p, &c->offer_by))
        return "after-cancellation";
    while (c->request.has_parent) {
        c = &p->cases[c->request.parent];
        if (plain_is(c->state, "CANCELLED") || plain_is(c->state, "REJECTED") || plain_is(c->state, "REFUSED") ||
            any_giver_was_thief(p, c))
            return "after-cancellation";
    }
    return NULL;
}

static void hand_over(struct plain *p, const struct plain_event *e, struct plain_case *c, int actor)
{
    c->hops[c->hops_count++] = c->offer_by;
    c->offer_is = PLAIN_ACCEPTED;
    c->scope = c->offer.scope;
    c->scope.present = true;
    c->holder = actor;
    if (c->expires > c->scope.expires)
        c->expires = c->scope.expires;
    c->released = false;
    c->use_by = 0;
    c->questions_count = 0;
    plain_want_verdict(p, e, c);
}

static const char *accept_rule(struct plain *p, const struct plain_event *e, struct plain_case *c, int actor)
{
    const char *refusal = answered_rule(e, c);
    if (refusal)
        return refusal;
    if (c->offered != c->payload)
        return "action-mismatch";
    if (!is_addressed(p, c, actor) || !plain_machine(p, actor, e->time))
        return "wrong-receiver";
    if (had_it(c, actor))
        return "delegation-loop";
    if (e->obligations != c->offer.obligations)
        return "obligation-dropped";
    refusal = plain_authority(p, c, true);
    if (refusal)
        return refusal;
    if (c->scope.present && c->offer.scope.releases > c->scope.releases)
        return "pass-wider";
    if (c->hops_count == PLAIN_HOPS)
        return "pass-too-deep";
    refusal = plain_ancestor(p, c, actor);
    if (!refusal)
        hand_over(p, e, c, actor);
    return refusal;
}

static const char *decline_rule(struct plain *p, const struct plain_event *e, struct plain_case *c, int actor)
{
    const char *refusal = answered_rule(e, c);
    if (refusal)
        return refusal;
    if (!is_addressed(p, c, actor))
        return "wrong-receiver";
    c->offer_is = PLAIN_DECLINED;
    return NULL;
}

static const char *withdraw_rule(const struct plain_event *e, struct plain_case *c, int actor)
{
    if (actor != c->holder)
        return "not-holder";
    const char *refusal = answered_rule(e, c);
    if (!refusal)
        c->offer_is = PLAIN_WITHDRAWN;
    return refusal;
}

static const char *finalise_rule(const struct plain_event *e, struct plain_case *c, int actor)
{
    if (actor != c->holder)
        return "not-holder";
    if (c->finalised)
        return "after-final";
    if (plain_offered(c, e->time))
        return "double-offer";
    c->finalised = true;
    return NULL;
}

static const char *consent_rule(struct plain *p, const struct plain_event *e, struct plain_case *c, int actor)
{
    if (actor != c->holder)
        return "not-holder";
    if (c->consent == PLAIN_NO_CONSENT || c->consent == PLAIN_GIVEN || (c->consent == PLAIN_REFUSED && !e->agrees))
        return "state-illegal";
    if (e->answered != c->payload_at)
        return "action-mismatch";
    c->consent = e->agrees ? PLAIN_GIVEN : PLAIN_REFUSED;
    c->anchor = p->size;
    return NULL;
}

static const char *question_rule(struct plain *p, const struct plain_event *e, struct plain_case *c, int actor)
{
    const char *refusal = plain_role_rule(p, c, actor, e->time);
    if (refusal)
        return refusal;
    if (c->questions_count == PLAIN_QUESTIONS || c->talk == PLAIN_TALK)
        return "limit-reached";
    c->talk++;
    c->questions[c->questions_count++] = p->size;
    return NULL;
}

static const char *answer_rule(const struct plain_event *e, struct plain_case *c, int actor)
{
    if (actor != c->holder)
        return "not-holder";
    int kept = 0;
    for (int i = 0; i < c->questions_count; i++) {
        if (c->questions[i] != e->answered)
            c->questions[kept++] = c->questions[i];
    }
    if (kept == c->questions_count)
        return "no-question";
    c->questions_count = kept;
    return NULL;
}

const char *plain_hand_rule(struct plain *p, const struct plain_event *e, struct plain_case *c, int actor)
{
    if (e->kind == PLAIN_OFFER)
        return offer_rule(p, e, c, actor);
    if (e->kind == PLAIN_ACCEPT)
        return accept_rule(p, e, c, actor);
    if (e->kind == PLAIN_DECLINE)
        return decline_rule(p, e, c, actor);
    if (e->kind == PLAIN_WITHDRAW)
        return withdraw_rule(e, c, actor);
    if (e->kind == PLAIN_FINALISE)
        return finalise_rule(e, c, actor);
    if (e->kind == PLAIN_CONSENT)
        return consent_rule(p, e, c, actor);
    return e->kind == PLAIN_QUESTION ? question_rule(p, e, c, actor) : answer_rule(e, c, actor);
}

const char *plain_child_rule(const struct plain *p, const struct plain_request *r, int requester)
{
    const struct plain_case *parent = &p->cases[r->parent];
    const struct plain_scope *s = &parent->scope;
    if (requester != parent->holder)
        return "not-holder";
    if (!globs_match(s->services, s->services_count, r->service) ||
        !globs_match(s->actions, s->actions_count, r->action) || r->expires > s->expires)
        return "pass-wider";
    return s->releases < 2 ? "pass-spent" : NULL;
}
