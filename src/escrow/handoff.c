/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of handoffs. What is handed on never grows: an offer's scope lies within what its giver has, each hop
 * names the one before, and the receiver and its owner join the ancestry.
 *
 *   holder  -- offer -->   open  -- accept --> verdict, and the receiver holds
 *                            |---- decline, withdraw, time
 */
#include "escrow/inner.h"

#include "codec/text.h"

static bool is_party_name(struct cty_bytes name)
{
    return cty_actor_party(name).size == 0;
}

static custody_err check_not_final(struct fold *f)
{
    if (f->the_case.finalised)
        return cty_fail_code(f->error, CUSTODY_E_AFTER_FINAL);
    return CUSTODY_OK;
}

static custody_err check_no_offer(struct fold *f)
{
    if (cty_case_offer_open(&f->the_case, f->time))
        return cty_fail(f->error, CUSTODY_E_DOUBLE_OFFER, "to " NAME_FMT, NAME_ARG(f->the_case.offer.to));
    return CUSTODY_OK;
}

/* No actor has a case twice. */
static custody_err check_no_loop(struct fold *f, struct cty_bytes receiver)
{
    for (uint32_t i = 0; i < f->the_case.ancestry_count; i++) {
        if (cty_bytes_equal(f->the_case.ancestry[i], receiver))
            return cty_fail(f->error, CUSTODY_E_DELEGATION_LOOP, NAME_FMT, NAME_ARG(receiver));
    }
    return CUSTODY_OK;
}

static custody_err check_receiver(struct fold *f, struct cty_bytes to)
{
    struct cty_party_record party = {0};
    enum cty_view_status status;
    if (!is_party_name(to)) {
        CTY_TRY(cty_machine_check(f, to, CUSTODY_E_WRONG_RECEIVER));
        return check_no_loop(f, to);
    }
    CTY_TRY(cty_fold_get(f, &cty_shape_party_record, &party, &status, "party/" NAME_FMT, NAME_ARG(to)));
    if (status != CTY_VIEW_PRESENT)
        return cty_fail(f->error, CUSTODY_E_WRONG_RECEIVER, "party " NAME_FMT " is not enrolled", NAME_ARG(to));
    return CUSTODY_OK;
}

static custody_err check_chain(struct fold *f, const struct cty_offer *offer)
{
    const struct cty_case *c = &f->the_case;
    const struct cty_hash *before = c->hops_count ? &c->hops[c->hops_count - 1].offer : NULL;
    if (offer->hop != c->hops_count + 1)
        return cty_fail(f->error, CUSTODY_E_HOP_ORDER, "it is hop %u", c->hops_count + 1);
    if (offer->previous.present != (before != NULL) || (before && !cty_hash_equal(&offer->previous.hash, before)))
        return cty_fail(f->error, CUSTODY_E_HOP_MISSING, "hop %u", c->hops_count + 1);
    return CUSTODY_OK;
}

static bool is_covered(struct cty_bytes glob, const struct cty_names *by)
{
    for (uint32_t i = 0; i < by->count; i++) {
        if (cty_glob_covers(by->names[i], glob))
            return true;
    }
    return false;
}

static bool all_covered(const struct cty_names *globs, const struct cty_names *by)
{
    for (uint32_t i = 0; i < globs->count; i++) {
        if (!is_covered(globs->names[i], by))
            return false;
    }
    return true;
}

static bool matches_any(const struct cty_names *globs, struct cty_bytes word)
{
    for (uint32_t i = 0; i < globs->count; i++) {
        if (cty_glob_match(globs->names[i], word))
            return true;
    }
    return false;
}

static custody_err refuse_wider(struct fold *f, const char *dimension)
{
    return cty_fail(f->error, CUSTODY_E_PASS_WIDER, "hop %u widens %s", f->the_case.hops_count + 1, dimension);
}

/* The first holder has all that the case's times allow, for any service and action. */
static custody_err check_within(struct fold *f, const struct cty_scope *scope)
{
    const struct cty_case *c = &f->the_case;
    const struct cty_scope *have = &c->scope;
    uint64_t depth = have->present ? have->depth : CTY_HOPS_MAX;
    if (depth == 0)
        return cty_fail(f->error, CUSTODY_E_PASS_TOO_DEEP, "hop %u", c->hops_count + 1);
    if (scope->depth >= depth)
        return refuse_wider(f, "depth");
    if (scope->expires > c->expires)
        return refuse_wider(f, "expires");
    if (have->present && scope->releases > have->releases)
        return refuse_wider(f, "releases");
    if (have->present && !all_covered(&scope->services, &have->services))
        return refuse_wider(f, "services");
    if (have->present && !all_covered(&scope->actions, &have->actions))
        return refuse_wider(f, "actions");
    return CUSTODY_OK;
}

/* What is handed on is this case, so the scope allows at least that. */
static custody_err check_allows_case(struct fold *f, const struct cty_scope *scope)
{
    const struct cty_case *c = &f->the_case;
    if (scope->releases == 0)
        return cty_fail(f->error, CUSTODY_E_BAD_MEMBER, "member scope/releases: at least 1, for the case itself");
    if (scope->expires < f->time)
        return cty_fail(f->error, CUSTODY_E_BAD_MEMBER, "member scope/expires: it has passed");
    if (!matches_any(&scope->services, c->service) || !matches_any(&scope->actions, c->action))
        return cty_fail(f->error, CUSTODY_E_BAD_MEMBER, "member scope: it leaves out the case's own service or action");
    return CUSTODY_OK;
}

static custody_err giver_rotation(struct fold *f, uint64_t *ret_rotation)
{
    struct cty_actor_record giver;
    CTY_TRY(cty_actor_valid(f, f->st->signers[0], &giver));
    *ret_rotation = giver.former_count;
    return CUSTODY_OK;
}

custody_err cty_rule_offer(struct fold *f)
{
    const struct cty_offer *offer = &f->st->u.offer;
    struct cty_case *c = &f->the_case;
    uint64_t rotation = 0;
    CTY_TRY(cty_case_open(f));
    CTY_TRY(cty_holder_check(f));
    CTY_TRY(check_not_final(f));
    CTY_TRY(check_no_offer(f));
    if (offer->expires < f->time)
        return cty_fail(f->error, CUSTODY_E_OFFER_EXPIRED, "at %llu", (unsigned long long)offer->expires);
    CTY_TRY(check_receiver(f, offer->to));
    CTY_TRY(check_chain(f, offer));
    CTY_TRY(check_within(f, &offer->scope));
    CTY_TRY(check_allows_case(f, &offer->scope));
    CTY_TRY(giver_rotation(f, &rotation));
    CTY_TRY(cty_talk_count(f));
    c->offer = (struct cty_case_offer){.present = true, .digest = *f->in->digest, .expires = offer->expires,
                                       .index = f->in->entry->index, .obligations = offer->obligations,
                                       .payload = c->payload, .rotation = rotation, .scope = offer->scope,
                                       .state = CTY_OFFER_OPEN,
                                       .time = f->time, .to = offer->to};
    return cty_case_store(f, &f->st->case_id);
}

static bool was_accepted(const struct cty_case *c, const struct cty_hash *offer)
{
    for (uint32_t i = 0; i < c->hops_count; i++) {
        if (cty_hash_equal(&c->hops[i].offer, offer))
            return true;
    }
    return false;
}

/* The offer that is answered is the newest, and open. */
static custody_err check_offer(struct fold *f, const struct cty_hash *digest)
{
    const struct cty_case_offer *offer = &f->the_case.offer;
    if (was_accepted(&f->the_case, digest))
        return cty_fail_code(f->error, CUSTODY_E_DOUBLE_ACCEPTANCE);
    if (!offer->present || !cty_hash_equal(&offer->digest, digest))
        return cty_fail_code(f->error, CUSTODY_E_NO_OFFER);
    if (offer->state != CTY_OFFER_OPEN)
        return cty_fail(f->error, CUSTODY_E_STATE_ILLEGAL, "the offer was %s", cty_offer_state_names[offer->state]);
    if (offer->expires < f->time)
        return cty_fail(f->error, CUSTODY_E_OFFER_EXPIRED, "at %llu", (unsigned long long)offer->expires);
    if (f->st->seen.size <= offer->index)
        return cty_fail(f->error, CUSTODY_E_BAD_SEEN, "it does not cover the offer, entry %llu",
                        (unsigned long long)offer->index);
    return CUSTODY_OK;
}

/* The actor that the offer names, or any of the party that it names. */
static custody_err check_addressed(struct fold *f)
{
    struct cty_bytes to = f->the_case.offer.to, signer = f->st->signers[0];
    if (!cty_bytes_equal(to, signer) && !cty_bytes_equal(to, cty_actor_party(signer)))
        return cty_fail(f->error, CUSTODY_E_WRONG_RECEIVER, "it was made to " NAME_FMT, NAME_ARG(to));
    return CUSTODY_OK;
}

static custody_err check_obligations(struct fold *f)
{
    const struct cty_opt_hash *taken = &f->st->u.accept.obligations;
    const struct cty_opt_hash *offered = &f->the_case.offer.obligations;
    if (taken->present != offered->present || (taken->present && !cty_hash_equal(&taken->hash, &offered->hash)))
        return cty_fail_code(f->error, CUSTODY_E_OBLIGATION_DROPPED);
    return CUSTODY_OK;
}

/* The receiver has the case from now on, within the scope; the release before, if any, is over. */
static void move_case(struct fold *f)
{
    struct cty_case *c = &f->the_case;
    c->hops[c->hops_count++] = (struct cty_case_hop){.accepted = f->time, .from = c->holder,
                                                     .offer = c->offer.digest, .offered = c->offer.time,
                                                     .rotation = c->offer.rotation, .to = f->st->signers[0]};
    c->offer.state = CTY_OFFER_ACCEPTED;
    c->scope = c->offer.scope;
    c->scope.present = true;
    c->holder = f->st->signers[0];
    if (c->scope.expires < c->expires)
        c->expires = c->scope.expires;
    c->release.present = false;
    c->use_by = 0;
    c->questions_count = 0;
}

/* What was offered is what is taken: a patch in between asks for a new offer. */
static custody_err check_offered_payload(struct fold *f)
{
    const struct cty_case *c = &f->the_case;
    if (!cty_hash_equal(&c->offer.payload, &c->payload))
        return cty_fail(f->error, CUSTODY_E_PAYLOAD_MISMATCH, "it was patched after the offer, which was made over %s",
                        cty_hex64(&c->offer.payload).text);
    return CUSTODY_OK;
}

custody_err cty_rule_accept(struct fold *f)
{
    CTY_TRY(cty_case_open(f));
    CTY_TRY(check_offer(f, &f->st->u.accept.offer));
    CTY_TRY(check_offered_payload(f));
    CTY_TRY(check_addressed(f));
    CTY_TRY(cty_machine_check(f, f->st->signers[0], CUSTODY_E_WRONG_RECEIVER));
    CTY_TRY(check_no_loop(f, f->st->signers[0]));
    CTY_TRY(check_obligations(f));
    CTY_TRY(cty_authority_check(f));
    if (f->the_case.scope.present && f->the_case.offer.scope.releases > f->the_case.scope.releases)
        return refuse_wider(f, "releases");
    if (f->the_case.hops_count == CTY_HOPS_MAX)
        return cty_fail(f->error, CUSTODY_E_PASS_TOO_DEEP, "more than %u hops", CTY_HOPS_MAX);
    CTY_TRY(cty_ancestor_add(f, f->st->signers[0]));
    move_case(f);
    CTY_TRY(cty_verdict_want(f));
    return cty_case_store(f, &f->st->case_id);
}

custody_err cty_rule_decline(struct fold *f)
{
    CTY_TRY(cty_case_open(f));
    CTY_TRY(check_offer(f, &f->st->u.decline.offer));
    CTY_TRY(check_addressed(f));
    f->the_case.offer.state = CTY_OFFER_DECLINED;
    return cty_case_store(f, &f->st->case_id);
}

custody_err cty_rule_withdraw(struct fold *f)
{
    CTY_TRY(cty_case_open(f));
    CTY_TRY(cty_holder_check(f));
    CTY_TRY(check_offer(f, &f->st->u.withdraw.offer));
    f->the_case.offer.state = CTY_OFFER_WITHDRAWN;
    return cty_case_store(f, &f->st->case_id);
}

custody_err cty_rule_finalise(struct fold *f)
{
    CTY_TRY(cty_case_open(f));
    CTY_TRY(cty_holder_check(f));
    CTY_TRY(check_not_final(f));
    CTY_TRY(check_no_offer(f));
    f->the_case.finalised = true;
    return cty_case_store(f, &f->st->case_id);
}

/* A giver whose key was stolen by the time of the offer had nothing to give. */
static custody_err check_giver(struct fold *f, struct cty_bytes name, uint64_t rotation, uint64_t time, uint32_t number)
{
    struct cty_actor_record giver;
    bool present = false;
    CTY_TRY(cty_actor_get(f, name, &giver, &present));
    if (present && !cty_signed_by_thief(&giver, rotation, time))
        return CUSTODY_OK;
    return cty_fail(f->error, CUSTODY_E_AFTER_CANCELLATION, "hop %u: " NAME_FMT " was revoked as of then", number,
                    NAME_ARG(name));
}

static bool was_taken_back(int state)
{
    return state == CTY_CASE_CANCELLED || state == CTY_CASE_REJECTED || state == CTY_CASE_REFUSED;
}

static custody_err check_givers(struct fold *f, const struct cty_case *c)
{
    for (uint32_t i = 0; i < c->hops_count; i++)
        CTY_TRY(check_giver(f, c->hops[i].from, c->hops[i].rotation, c->hops[i].offered, i + 1));
    return CUSTODY_OK;
}

/* A child ends with its parents: whoever took one of them back took it back too. */
static custody_err check_parents(struct fold *f)
{
    struct cty_opt_hash next = f->the_case.parent;
    for (uint32_t i = 0; next.present && i < CTY_PARENTS_MAX; i++) {
        struct cty_case above = {0};
        enum cty_view_status status;
        CTY_TRY(cty_fold_get(f, &cty_shape_case, &above, &status, "case/%s", cty_hex64(&next.hash).text));
        if (status != CTY_VIEW_PRESENT) {
            f->unjudged |= CTY_UNJUDGED_PARENT;
            return CUSTODY_OK;
        }
        if (was_taken_back(above.state))
            return cty_fail(f->error, CUSTODY_E_AFTER_CANCELLATION, "the parent case %s is %s",
                            cty_hex64(&next.hash).text, cty_case_state_names[above.state]);
        CTY_TRY(check_givers(f, &above));
        next = above.parent;
    }
    return CUSTODY_OK;
}

custody_err cty_authority_check(struct fold *f)
{
    const struct cty_case *c = &f->the_case;
    CTY_TRY(check_givers(f, c));
    if (f->st->type == CTY_ACCEPT)
        CTY_TRY(check_giver(f, c->holder, c->offer.rotation, c->offer.time, c->hops_count + 1));
    return check_parents(f);
}

/*
 * A child of a case that was handed over lies within what was handed over, and uses one of its releases. It brings
 * one with it, for itself.
 */
custody_err cty_scope_inherit(struct fold *f, struct cty_case *parent)
{
    struct cty_case *c = &f->the_case;
    if (!cty_bytes_equal(c->requester, parent->holder))
        return cty_fail(f->error, CUSTODY_E_NOT_HOLDER, "the parent's holder is " NAME_FMT, NAME_ARG(parent->holder));
    if (!matches_any(&parent->scope.services, c->service))
        return cty_fail(f->error, CUSTODY_E_PASS_WIDER, "the child case widens services");
    if (!matches_any(&parent->scope.actions, c->action))
        return cty_fail(f->error, CUSTODY_E_PASS_WIDER, "the child case widens actions");
    if (c->expires > parent->scope.expires)
        return cty_fail(f->error, CUSTODY_E_PASS_WIDER, "the child case widens expires");
    if (parent->scope.releases < 2)
        return cty_fail(f->error, CUSTODY_E_PASS_SPENT, "of case %s", cty_hex64(&c->parent.hash).text);
    parent->scope.releases--;
    c->scope = parent->scope;
    c->scope.releases = 1;
    return CUSTODY_OK;
}
