/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of cases, but for the clerk's (clerk.c), handoffs (handoff.c) and talk (talk.c). The transition table of
 * spec/lifecycle.md stands below as `allowed`; a rule judges who may, and then moves the case.
 *
 *   request -> JUDGED-NEXT -verdict-> HELD -decisions-> RELEASE-NEXT -release-> RELEASED -consume-> CONSUMED
 *                   ^------- patch ----'                                            outcome -> FULFILLED ...
 */
#include "escrow/inner.h"

/* In which states, as they read at the entry's time, a type may join a case. */
static const unsigned allowed[CTY_TYPE_COUNT] = {
    [CTY_VERDICT] = 1u << CTY_CASE_JUDGED_NEXT,
    [CTY_PATCH] = 1u << CTY_CASE_HELD,
    [CTY_DECISION] = 1u << CTY_CASE_HELD,
    [CTY_RELEASE] = 1u << CTY_CASE_RELEASE_NEXT,
    [CTY_CONSUME] = 1u << CTY_CASE_RELEASED,
    [CTY_OUTCOME] = 1u << CTY_CASE_CONSUMED | 1u << CTY_CASE_UNREPORTED,
    [CTY_CANCEL] = 1u << CTY_CASE_HELD | 1u << CTY_CASE_RELEASED,
    [CTY_EXPIRY] = 1u << CTY_CASE_HELD | 1u << CTY_CASE_RELEASED | 1u << CTY_CASE_CONSUMED,
    [CTY_CONSENT] = 1u << CTY_CASE_HELD,
    [CTY_QUESTION] = 1u << CTY_CASE_HELD,
    [CTY_ANSWER] = 1u << CTY_CASE_HELD,
    [CTY_OFFER] = 1u << CTY_CASE_HELD | 1u << CTY_CASE_RELEASED,
    [CTY_ACCEPT] = 1u << CTY_CASE_HELD | 1u << CTY_CASE_RELEASED,
    [CTY_DECLINE] = 1u << CTY_CASE_HELD | 1u << CTY_CASE_RELEASED,
    [CTY_WITHDRAW] = 1u << CTY_CASE_HELD | 1u << CTY_CASE_RELEASED,
    [CTY_FINALISE] = 1u << CTY_CASE_HELD | 1u << CTY_CASE_RELEASED,
};

custody_err cty_case_load(struct fold *f, const struct cty_hash *case_id)
{
    enum cty_view_status status;
    CTY_TRY(cty_fold_get(f, &cty_shape_case, &f->the_case, &status, "case/%s", cty_hex64(case_id).text));
    if (status != CTY_VIEW_PRESENT)
        return cty_fail(f->error, CUSTODY_E_WRONG_CASE, "case %s", cty_hex64(case_id).text);
    return CUSTODY_OK;
}

/* Nobody's no is kept out by a full list. */
static bool ends_case(const struct cty_statement *st)
{
    return st->type == CTY_CANCEL || (st->type == CTY_DECISION && st->u.decision.choice == CTY_REJECT);
}

/*
 * Who signed may read, but for who declined. Requester and holder may anyway, and so find their place however many
 * signed.
 */
static custody_err add_signer(struct fold *f, struct cty_bytes signer)
{
    struct cty_case *c = &f->the_case;
    if (cty_bytes_equal(c->requester, signer) || cty_bytes_equal(c->holder, signer))
        return CUSTODY_OK;
    for (uint32_t i = 0; i < c->signers_count; i++) {
        if (cty_bytes_equal(c->signers[i], signer))
            return CUSTODY_OK;
    }
    if (c->signers_count < CTY_DECISIONS_MAX)
        c->signers[c->signers_count++] = signer;
    else if (!ends_case(f->st))
        return cty_fail(f->error, CUSTODY_E_LIMIT_REACHED, "more than %u signers in a case", CTY_DECISIONS_MAX);
    return CUSTODY_OK;
}

custody_err cty_case_store(struct fold *f, const struct cty_hash *case_id)
{
    if (!(cty_type_flags(f->st->type) & CTY_TYPE_CLERK) && f->st->type != CTY_DECLINE)
        CTY_TRY(add_signer(f, f->st->signers[0]));
    f->the_case.last = f->in->leaf;
    f->delta->touches_case = true;
    f->delta->case_id = *case_id;
    return cty_fold_put(f, &cty_shape_case, &f->the_case, "case/%s", cty_hex64(case_id).text);
}

static custody_err check_state(struct fold *f)
{
    const struct cty_case *c = &f->the_case;
    enum cty_case_state reads = cty_case_state_at(c, f->time);
    unsigned mask = allowed[f->st->type];
    /* The expiry is the one that comes because the deadline has passed. */
    if (f->st->type == CTY_EXPIRY)
        reads = (enum cty_case_state)c->state;
    if (mask & (1u << reads))
        return CUSTODY_OK;
    if (f->st->type == CTY_CONSUME && c->consume.present)
        return cty_fail(f->error, CUSTODY_E_DOUBLE_CONSUME, "the case is %s", cty_case_state_names[reads]);
    if (reads != (enum cty_case_state)c->state && (mask & (1u << c->state)))
        return cty_fail(f->error, CUSTODY_E_DEADLINE_PASSED, "it was %llu, now %llu",
                        (unsigned long long)cty_case_due(c), (unsigned long long)f->time);
    return cty_fail(f->error, CUSTODY_E_STATE_ILLEGAL, "the case is %s", cty_case_state_names[reads]);
}

/* What every statement of a case passes before its own rule. */
custody_err cty_case_open(struct fold *f)
{
    const struct cty_statement *st = f->st;
    CTY_TRY(cty_case_load(f, &st->case_id));
    const struct cty_opt_hash *link = &f->in->entry->case_prev;
    if (!link->present || !cty_hash_equal(&link->hash, &f->the_case.last))
        return cty_fail(f->error, CUSTODY_E_CHAIN_BROKEN, "case_prev is not the case's previous entry");
    CTY_TRY(check_state(f));
    bool clerk = (cty_type_flags(st->type) & CTY_TYPE_CLERK) != 0;
    const struct cty_hash *answered = clerk && st->type != CTY_EXPIRY ? &f->the_case.cause : &f->the_case.anchor;
    if (!cty_hash_equal(&st->after, answered))
        return cty_fail(f->error, CUSTODY_E_STALE_AFTER, "it is %s", cty_hex64(answered).text);
    if (!clerk && st->seen.size <= f->the_case.anchor_index)
        return cty_fail(f->error, CUSTODY_E_BAD_SEEN, "it does not cover entry %llu",
                        (unsigned long long)f->the_case.anchor_index);
    return CUSTODY_OK;
}

static custody_err add_ancestor_name(struct fold *f, struct cty_bytes name)
{
    struct cty_case *c = &f->the_case;
    for (uint32_t i = 0; i < c->ancestry_count; i++) {
        if (cty_bytes_equal(c->ancestry[i], name))
            return CUSTODY_OK;
    }
    if (c->ancestry_count == CTY_ANCESTRY_MAX)
        return cty_fail(f->error, CUSTODY_E_LIMIT_REACHED, "more than %u in the ancestry", CTY_ANCESTRY_MAX);
    c->ancestry[c->ancestry_count++] = name;
    return CUSTODY_OK;
}

static custody_err add_ancestor_person(struct fold *f, const uint8_t person[16])
{
    struct cty_case *c = &f->the_case;
    for (uint32_t i = 0; i < c->persons_count; i++) {
        if (memcmp(c->persons[i].bits, person, 16) == 0)
            return CUSTODY_OK;
    }
    if (c->persons_count == CTY_ANCESTRY_MAX)
        return cty_fail(f->error, CUSTODY_E_LIMIT_REACHED, "more than %u persons in the ancestry",
                        CTY_ANCESTRY_MAX);
    memcpy(c->persons[c->persons_count++].bits, person, 16);
    return CUSTODY_OK;
}

custody_err cty_ancestor_add(struct fold *f, struct cty_bytes name)
{
    struct cty_bytes next = name;
    for (int step = 0; step < 2 && next.data; step++) {
        struct cty_actor_record actor;
        bool present = false;
        CTY_TRY(cty_actor_get(f, next, &actor, &present));
        if (!present)
            return cty_fail(f->error, CUSTODY_E_KEY_UNKNOWN, NAME_FMT, NAME_ARG(next));
        CTY_TRY(add_ancestor_name(f, next));
        if (actor.enrolment.person.present)
            CTY_TRY(add_ancestor_person(f, actor.enrolment.person.bits));
        next = actor.enrolment.owner;
    }
    return CUSTODY_OK;
}

static custody_err add_parent_ancestry(struct fold *f, const struct cty_parent *parent)
{
    struct cty_case above = {0};
    enum cty_view_status status;
    CTY_TRY(cty_fold_get(f, &cty_shape_case, &above, &status, "case/%s", cty_hex64(&parent->case_id).text));
    if (status == CTY_VIEW_UNKNOWN) {
        f->unjudged |= CTY_UNJUDGED_PARENT;
        return CUSTODY_OK;
    }
    bool settled = above.state != CTY_CASE_JUDGED_NEXT && above.state != CTY_CASE_RELEASE_NEXT;
    if (status != CTY_VIEW_PRESENT || !settled || !cty_hash_equal(&above.anchor, &parent->after))
        return cty_fail(f->error, CUSTODY_E_BAD_PARENT, "case %s", cty_hex64(&parent->case_id).text);
    if (f->st->seen.size <= above.anchor_index)
        return cty_fail(f->error, CUSTODY_E_BAD_SEEN, "it does not cover the parent's entry %llu",
                        (unsigned long long)above.anchor_index);
    for (uint32_t i = 0; i < above.ancestry_count; i++)
        CTY_TRY(add_ancestor_name(f, above.ancestry[i]));
    for (uint32_t i = 0; i < above.persons_count; i++)
        CTY_TRY(add_ancestor_person(f, above.persons[i].bits));
    if (above.level + 1 > CTY_PARENTS_MAX)
        return cty_fail(f->error, CUSTODY_E_PASS_TOO_DEEP, "%u parents stand above", CTY_PARENTS_MAX);
    f->the_case.level = above.level + 1;
    if (!above.scope.present)
        return CUSTODY_OK;
    CTY_TRY(cty_scope_inherit(f, &above));
    return cty_fold_put(f, &cty_shape_case, &above, "case/%s", cty_hex64(&parent->case_id).text);
}

static custody_err add_hold(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct cty_case *c = context;
    (void)member;
    if (c->holds_count == CTY_BLOBS_PER_STATEMENT_MAX)
        return CUSTODY_E_LIMIT_REACHED;
    c->holds[c->holds_count++] = *hash;
    return CUSTODY_OK;
}

void cty_anchor_move(struct fold *f)
{
    f->the_case.anchor = *f->in->digest;
    f->the_case.anchor_index = f->in->entry->index;
}

custody_err cty_verdict_want(struct fold *f)
{
    f->the_case.state = CTY_CASE_JUDGED_NEXT;
    f->the_case.cause = *f->in->digest;
    f->the_case.handed = f->st->type == CTY_ACCEPT;
    f->the_case.decide_by = 0;
    f->the_case.holds_count = 0;
    f->delta->follow = CTY_FOLLOW_VERDICT;
    return cty_statement_commitments(f->st, add_hold, &f->the_case);
}

static custody_err check_machine(struct fold *f, const struct cty_actor_record *actor, custody_err code)
{
    if (actor->enrolment.kind == CTY_PERSON)
        return cty_fail(f->error, code, NAME_FMT " is a person", NAME_ARG(actor->enrolment.actor));
    return CUSTODY_OK;
}

custody_err cty_machine_check(struct fold *f, struct cty_bytes name, custody_err code)
{
    struct cty_actor_record actor;
    bool present = false;
    CTY_TRY(cty_actor_get(f, name, &actor, &present));
    if (!present)
        return cty_fail(f->error, code, NAME_FMT " is not enrolled", NAME_ARG(name));
    if (cty_actor_valid(f, name, &actor) != CUSTODY_OK)
        return cty_fail_code(f->error, code);
    return check_machine(f, &actor, code);
}

static void case_begin(struct fold *f)
{
    const struct cty_request *request = &f->st->u.request;
    struct cty_case *c = &f->the_case;
    cty_case_clear(c);
    c->action = request->action;
    c->anchor = *f->in->digest;
    c->anchor_index = f->in->entry->index;
    c->expires = request->expires;
    c->holder = request->executor;
    c->opened = f->in->entry->index;
    c->party = cty_actor_party(f->st->signers[0]);
    c->parent = (struct cty_opt_hash){request->parent.case_id, request->parent.present};
    c->payload = request->payload;
    c->payload_at = *f->in->digest;
    c->priority = request->priority;
    c->readers = request->readers;
    c->requester = f->st->signers[0];
    c->service = request->service;
}

custody_err cty_rule_request(struct fold *f)
{
    const struct cty_request *request = &f->st->u.request;
    struct cty_actor_record requester;
    CTY_TRY(cty_actor_valid(f, f->st->signers[0], &requester));
    CTY_TRY(check_machine(f, &requester, CUSTODY_E_NOT_AGENT));
    if (request->expires < f->time)
        return cty_fail(f->error, CUSTODY_E_DEADLINE_PASSED, "the request expired at %llu",
                        (unsigned long long)request->expires);
    CTY_TRY(cty_machine_check(f, request->executor, CUSTODY_E_WRONG_EXECUTOR));
    case_begin(f);
    CTY_TRY(cty_ancestor_add(f, f->st->signers[0]));
    CTY_TRY(cty_ancestor_add(f, request->executor));
    for (uint32_t i = 0; i < request->behalf.count; i++)
        CTY_TRY(cty_ancestor_add(f, request->behalf.names[i]));
    if (request->parent.present)
        CTY_TRY(add_parent_ancestry(f, &request->parent));
    CTY_TRY(cty_verdict_want(f));
    return cty_case_store(f, f->in->digest);
}

static custody_err load_signer(struct fold *f, struct cty_actor_record *ret_actor)
{
    return cty_actor_valid(f, f->st->signers[0], ret_actor);
}

custody_err cty_rule_patch(struct fold *f)
{
    const struct cty_patch *patch = &f->st->u.patch;
    struct cty_actor_record approver;
    CTY_TRY(cty_case_open(f));
    CTY_TRY(load_signer(f, &approver));
    CTY_TRY(cty_approver_check(f, &approver));
    if (!cty_hash_equal(&patch->base, &f->the_case.payload))
        return cty_fail(f->error, CUSTODY_E_PAYLOAD_MISMATCH, "the payload in force is %s",
                        cty_hex64(&f->the_case.payload).text);
    if (f->the_case.revision == CTY_PATCHES_MAX)
        return cty_fail(f->error, CUSTODY_E_LIMIT_REACHED, "more than %u patches", CTY_PATCHES_MAX);
    f->the_case.payload = patch->result;
    f->the_case.payload_at = *f->in->digest;
    f->the_case.revision++;
    CTY_TRY(cty_verdict_want(f));
    return cty_case_store(f, &f->st->case_id);
}

/* What every choice passes. */
static custody_err check_decision(struct fold *f, const struct cty_actor_record *approver)
{
    const struct cty_decision *decision = &f->st->u.decision;
    const struct cty_case *c = &f->the_case;
    if (!c->instance.present || memcmp(decision->instance, c->instance.bits, 16) != 0)
        return cty_fail(f->error, CUSTODY_E_INSTANCE_MISMATCH, "the open instance is %s",
                        cty_hex32(c->instance.bits).text);
    if (!cty_hash_equal(&decision->payload, &c->payload))
        return cty_fail(f->error, CUSTODY_E_PAYLOAD_MISMATCH, "the payload in force is %s",
                        cty_hex64(&c->payload).text);
    if (decision->choice == CTY_REJECT)
        return cty_role_check(f, approver, NULL);
    CTY_TRY(cty_approver_check(f, approver));
    return cty_not_decided(f, approver->enrolment.person.bits);
}

static custody_err check_approval(struct fold *f, const struct cty_actor_record *approver)
{
    const struct cty_case *c = &f->the_case;
    if (c->consent == CTY_CONSENT_WANTED || c->consent == CTY_CONSENT_REFUSED)
        return cty_fail(f->error, CUSTODY_E_CONSENT_MISSING, "of " NAME_FMT, NAME_ARG(c->holder));
    CTY_TRY(cty_order_check(f, approver));
    return cty_previous_check(f, &f->st->u.decision.previous);
}

/* A person who decides anew, since the last word no longer counts, takes that back. */
static void drop_decisions_of(struct cty_case *c, const uint8_t person[16])
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c->decisions_count; i++) {
        if (memcmp(c->decisions[i].person, person, 16) != 0)
            c->decisions[kept++] = c->decisions[i];
    }
    c->decisions_count = kept;
}

static custody_err keep_approval(struct fold *f, const struct cty_actor_record *approver)
{
    struct cty_case *c = &f->the_case;
    drop_decisions_of(c, approver->enrolment.person.bits);
    if (c->decisions_count == CTY_DECISIONS_MAX)
        return cty_fail(f->error, CUSTODY_E_LIMIT_REACHED, "more than %u decisions", CTY_DECISIONS_MAX);
    struct cty_case_decision *slot = &c->decisions[c->decisions_count++];
    *slot = (struct cty_case_decision){.actor = f->st->signers[0],
                                       .digest = *f->in->digest,
                                       .escalated = cty_case_escalated_at(c, f->time),
                                       .expires = f->st->u.decision.expires,
                                       .rotation = approver->former_count,
                                       .time = f->time,
                                       .travels = f->st->u.decision.travels};
    memcpy(slot->person, approver->enrolment.person.bits, sizeof(slot->person));
    return CUSTODY_OK;
}

static custody_err take_approval(struct fold *f, const struct cty_actor_record *approver)
{
    struct cty_case *c = &f->the_case;
    CTY_TRY(check_approval(f, approver));
    CTY_TRY(keep_approval(f, approver));
    uint32_t count = 0;
    bool met = false;
    CTY_TRY(cty_quorum_now(f, false, &count, &met, NULL));
    if (!met)
        return CUSTODY_OK;
    c->state = CTY_CASE_RELEASE_NEXT;
    c->cause = *f->in->digest;
    f->delta->follow = CTY_FOLLOW_RELEASE;
    return CUSTODY_OK;
}

/* From now on others decide in the clauses that ask this person and name somebody to escalate to. */
static custody_err take_escalation(struct fold *f, const struct cty_actor_record *approver)
{
    struct cty_case *c = &f->the_case;
    uint64_t asked = 0, fresh = 0;
    uint64_t escalated = cty_case_escalated_at(c, f->time);
    CTY_TRY(cty_role_check(f, approver, &asked));
    for (uint32_t i = 0; i < c->quorum_count; i++) {
        uint64_t place = (uint64_t)1 << i;
        if ((asked & place) && !(escalated & place) && c->quorum[i].escalation.present)
            fresh |= place;
    }
    if (fresh == 0)
        return cty_fail(f->error, CUSTODY_E_NO_ESCALATION, "no clause that asks " NAME_FMT " names another role",
                        NAME_ARG(f->st->signers[0]));
    c->escalated |= fresh;
    cty_anchor_move(f);
    return CUSTODY_OK;
}

custody_err cty_rule_decision(struct fold *f)
{
    struct cty_actor_record approver;
    CTY_TRY(cty_case_open(f));
    CTY_TRY(load_signer(f, &approver));
    CTY_TRY(check_decision(f, &approver));
    if (f->st->u.decision.expires < f->time)
        return cty_fail(f->error, CUSTODY_E_APPROVAL_EXPIRED, "at %llu",
                        (unsigned long long)f->st->u.decision.expires);
    switch ((enum cty_choice)f->st->u.decision.choice) {
    case CTY_APPROVE:
        CTY_TRY(take_approval(f, &approver));
        break;
    case CTY_REJECT:
        f->the_case.state = CTY_CASE_REJECTED;
        break;
    case CTY_ESCALATE:
        CTY_TRY(take_escalation(f, &approver));
        break;
    }
    return cty_case_store(f, &f->st->case_id);
}

custody_err cty_holder_check(struct fold *f)
{
    if (!cty_bytes_equal(f->st->signers[0], f->the_case.holder))
        return cty_fail(f->error, CUSTODY_E_NOT_HOLDER, "the holder is " NAME_FMT, NAME_ARG(f->the_case.holder));
    return CUSTODY_OK;
}

custody_err cty_rule_consume(struct fold *f)
{
    CTY_TRY(cty_case_open(f));
    CTY_TRY(cty_holder_check(f));
    struct cty_case *c = &f->the_case;
    if (!cty_hash_equal(&f->st->u.consume.payload, &c->payload))
        return cty_fail(f->error, CUSTODY_E_PAYLOAD_MISMATCH, "the released payload is %s",
                        cty_hex64(&c->payload).text);
    uint32_t count = 0;
    bool met = false;
    CTY_TRY(cty_quorum_now(f, true, &count, &met, NULL));
    if (!met)
        return cty_fail(f->error, CUSTODY_E_APPROVAL_REVOKED, "%u approvals are left", count);
    CTY_TRY(cty_authority_check(f));
    c->state = CTY_CASE_CONSUMED;
    c->consume = (struct cty_opt_hash){*f->in->digest, true};
    c->report_by = cty_time_after(f->time, c->report_ms);
    return cty_case_store(f, &f->st->case_id);
}

custody_err cty_rule_outcome(struct fold *f)
{
    CTY_TRY(cty_case_open(f));
    CTY_TRY(cty_holder_check(f));
    struct cty_case *c = &f->the_case;
    c->late = cty_case_state_at(c, f->time) == CTY_CASE_UNREPORTED;
    switch ((enum cty_outcome)f->st->u.outcome.outcome) {
    case CTY_OUTCOME_FULFILLED:
        c->state = CTY_CASE_FULFILLED;
        break;
    case CTY_OUTCOME_FAILED:
        c->state = CTY_CASE_FAILED;
        break;
    case CTY_OUTCOME_UNKNOWN:
        c->state = CTY_CASE_UNKNOWN;
        break;
    }
    return cty_case_store(f, &f->st->case_id);
}

custody_err cty_rule_cancel(struct fold *f)
{
    CTY_TRY(cty_case_open(f));
    if (!cty_bytes_equal(f->st->signers[0], f->the_case.requester)) {
        struct cty_actor_record approver;
        CTY_TRY(load_signer(f, &approver));
        custody_err err = cty_role_check(f, &approver, NULL);
        if (err == CUSTODY_E_NOT_HUMAN || err == CUSTODY_E_WRONG_ROLE || err == CUSTODY_E_KEY_CLASS)
            return cty_fail(f->error, CUSTODY_E_NOT_REQUESTER, "the requester is " NAME_FMT,
                            NAME_ARG(f->the_case.requester));
        CTY_TRY(err);
    }
    f->the_case.state = CTY_CASE_CANCELLED;
    return cty_case_store(f, &f->st->case_id);
}
