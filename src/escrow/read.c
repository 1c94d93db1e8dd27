/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that readers ask of the state: who may read, who may decide, how far a quorum is. */
#include "escrow/inner.h"

#include "base/check.h"

/* Signatures of the case, whom the request lets read, and the case's own two. */
static bool is_named_reader(const struct cty_case *c, struct cty_bytes actor)
{
    if (cty_names_have(&c->readers, actor) || cty_names_have(&c->readers, cty_actor_party(actor)))
        return true;
    for (uint32_t i = 0; i < c->signers_count; i++) {
        if (cty_bytes_equal(c->signers[i], actor))
            return true;
    }
    /* Whoever gave the case away signed the offer. */
    for (uint32_t i = 0; i < c->hops_count; i++) {
        if (cty_bytes_equal(c->hops[i].from, actor))
            return true;
    }
    return false;
}

static custody_err question(struct fold *f, const struct cty_hash *case_id, struct cty_bytes actor,
                            struct cty_actor_record *ret_actor)
{
    CTY_TRY(cty_case_load(f, case_id));
    bool present = false;
    CTY_TRY(cty_actor_get(f, actor, ret_actor, &present));
    if (!present)
        return cty_fail(f->error, CUSTODY_E_KEY_UNKNOWN, NAME_FMT, NAME_ARG(actor));
    if (ret_actor->revoked_index != 0)
        return cty_fail(f->error, CUSTODY_E_KEY_NOT_VALID, NAME_FMT " was revoked", NAME_ARG(actor));
    return CUSTODY_OK;
}

bool cty_offered_to(const struct cty_case *c, struct cty_bytes actor)
{
    if (!c->offer.present || c->offer.state != CTY_OFFER_OPEN)
        return false;
    return cty_bytes_equal(c->offer.to, actor) || cty_bytes_equal(c->offer.to, cty_actor_party(actor));
}

/* What whoever is offered the case has to know before they take it. */
static bool is_offered(struct cty_bytes member)
{
    static const char *const members[] = {"payload", "schema", "operations", "result", "context", "obligations"};
    for (size_t i = 0; i < CTY_COUNT_OF(members); i++) {
        if (cty_bytes_is(member, members[i]))
            return true;
    }
    return false;
}

/* Whether an offer stands that the actor could accept now. */
static bool may_accept(const struct fold *f, struct cty_bytes actor)
{
    enum cty_case_state reads = cty_case_state_at(&f->the_case, f->time);
    bool handed = reads == CTY_CASE_HELD || reads == CTY_CASE_RELEASED;
    return handed && cty_case_offer_open(&f->the_case, f->time) && cty_offered_to(&f->the_case, actor);
}

/* Whom the newest verdict lets decide, now or once it has been escalated. */
static bool is_asked(struct fold *f, const struct cty_actor_record *actor)
{
    f->time = CTY_NUMBER_MAX;
    if (cty_role_check(f, actor, NULL) == CUSTODY_OK)
        return true;
    f->time = 0;
    return cty_role_check(f, actor, NULL) == CUSTODY_OK;
}

static custody_err may_read(struct fold *f, const struct cty_hash *case_id, struct cty_bytes actor,
                            struct cty_bytes member)
{
    struct cty_actor_record record;
    CTY_TRY(question(f, case_id, actor, &record));
    const struct cty_case *c = &f->the_case;
    if (cty_bytes_equal(actor, c->requester) || cty_bytes_equal(actor, c->holder))
        return CUSTODY_OK;
    if (cty_bytes_is(member, "state"))
        return cty_fail(f->error, CUSTODY_E_FORBIDDEN, "state is for requester and holder");
    if (is_named_reader(c, actor) || (may_accept(f, actor) && is_offered(member)))
        return CUSTODY_OK;
    if (is_asked(f, &record))
        return CUSTODY_OK;
    return cty_fail(f->error, CUSTODY_E_FORBIDDEN, NAME_FMT, NAME_ARG(actor));
}

custody_err cty_may_read(struct cty_view *view, const struct cty_hash *case_id, struct cty_bytes actor,
                         struct cty_bytes member, uint64_t time, custody_error *error)
{
    struct cty_json tape = CTY_JSON_INIT;
    struct fold f = {.view = view, .tape = &tape, .error = error, .time = time};
    custody_err err = may_read(&f, case_id, actor, member);
    cty_json_done(&tape);
    return err;
}

static custody_err may_decide(struct fold *f, const struct cty_hash *case_id, struct cty_bytes actor)
{
    struct cty_actor_record record;
    CTY_TRY(question(f, case_id, actor, &record));
    CTY_TRY(cty_actor_valid(f, actor, &record));
    enum cty_case_state reads = cty_case_state_at(&f->the_case, f->time);
    if (reads != CTY_CASE_HELD)
        return cty_fail(f->error,
                        f->the_case.state == CTY_CASE_HELD ? CUSTODY_E_DEADLINE_PASSED : CUSTODY_E_STATE_ILLEGAL,
                        "the case is %s", cty_case_state_names[reads]);
    CTY_TRY(cty_approver_check(f, &record));
    CTY_TRY(cty_not_decided(f, record.enrolment.person.bits));
    if (f->the_case.consent == CTY_CONSENT_WANTED || f->the_case.consent == CTY_CONSENT_REFUSED)
        return cty_fail(f->error, CUSTODY_E_CONSENT_MISSING, "of " NAME_FMT, NAME_ARG(f->the_case.holder));
    CTY_TRY(cty_order_check(f, &record));
    if (f->the_case.decisions_count == CTY_DECISIONS_MAX)
        return cty_fail(f->error, CUSTODY_E_LIMIT_REACHED, "more than %u decisions", CTY_DECISIONS_MAX);
    return CUSTODY_OK;
}

custody_err cty_may_decide(struct cty_view *view, const struct cty_hash *case_id, struct cty_bytes actor,
                           uint64_t time, custody_error *error)
{
    struct cty_json tape = CTY_JSON_INIT;
    struct fold f = {.view = view, .tape = &tape, .error = error, .time = time};
    custody_err err = may_decide(&f, case_id, actor);
    cty_json_done(&tape);
    return err;
}

custody_err cty_previous_approval(struct cty_view *view, const struct cty_hash *case_id, uint64_t time,
                                  struct cty_opt_hash *ret_previous, custody_error *error)
{
    struct cty_json tape = CTY_JSON_INIT;
    struct fold f = {.view = view, .tape = &tape, .error = error, .time = time};
    custody_err err = cty_case_load(&f, case_id);
    if (err == CUSTODY_OK)
        err = cty_previous_find(&f, ret_previous);
    cty_json_done(&tape);
    return err;
}

static custody_err progress(struct fold *f, const struct cty_hash *case_id, uint64_t ret_counts[CTY_POLICIES_MAX],
                            uint32_t *ret_clauses)
{
    CTY_TRY(cty_case_load(f, case_id));
    bool released = f->the_case.release.present;
    uint32_t count = 0;
    bool met = false;
    CTY_TRY(cty_quorum_now(f, released, &count, &met, ret_counts));
    *ret_clauses = f->the_case.quorum_count;
    return CUSTODY_OK;
}

custody_err cty_quorum_progress(struct cty_view *view, const struct cty_hash *case_id, uint64_t time,
                                uint64_t ret_counts[CTY_POLICIES_MAX], uint32_t *ret_clauses, custody_error *error)
{
    struct cty_json tape = CTY_JSON_INIT;
    struct fold f = {.view = view, .tape = &tape, .error = error, .time = time};
    custody_err err = progress(&f, case_id, ret_counts, ret_clauses);
    cty_json_done(&tape);
    return err;
}

static custody_err broken(custody_error *error, const char *which)
{
    return cty_fail(error, CUSTODY_E_INTERNAL, "invariant: %s", which);
}

static bool after_release(int state)
{
    return state == CTY_CASE_RELEASED || state == CTY_CASE_CONSUMED || state == CTY_CASE_LAPSED ||
           state == CTY_CASE_FULFILLED || state == CTY_CASE_FAILED || state == CTY_CASE_UNKNOWN ||
           state == CTY_CASE_UNREPORTED;
}

static bool after_consume(int state)
{
    return state == CTY_CASE_CONSUMED || state == CTY_CASE_FULFILLED || state == CTY_CASE_FAILED ||
           state == CTY_CASE_UNKNOWN || state == CTY_CASE_UNREPORTED;
}

/* After a release its decisions are all that the case keeps: each by another person, enough for every clause. */
static bool check_released(const struct cty_case *c)
{
    if (!after_release(c->state))
        return true;
    for (uint32_t i = 0; i < c->decisions_count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (memcmp(c->decisions[i].person, c->decisions[k].person, 16) == 0)
                return false;
        }
    }
    for (uint32_t i = 0; i < c->quorum_count; i++) {
        if (c->decisions_count < c->quorum[i].approvals)
            return false;
    }
    return true;
}

custody_err cty_case_check(const struct cty_case *c, custody_error *error)
{
    if (after_release(c->state) && !c->release.present)
        return broken(error, "a used case rests on a release");
    if (after_consume(c->state) != c->consume.present)
        return broken(error, "consumed exactly where a consume stands");
    if (c->state == CTY_CASE_HELD && c->quorum_count == 0)
        return broken(error, "a held case has a quorum");
    if (c->state != CTY_CASE_JUDGED_NEXT && !c->instance.present)
        return broken(error, "a judged case has an instance");
    /* Between an accept and its verdict the old instance's approvals stand there still, and none of them counts. */
    for (uint32_t i = 0; c->state != CTY_CASE_JUDGED_NEXT && i < c->decisions_count; i++) {
        for (uint32_t k = 0; k < c->persons_count; k++) {
            if (memcmp(c->decisions[i].person, c->persons[k].bits, 16) == 0)
                return broken(error, "nobody in the ancestry decides");
        }
    }
    if (!check_released(c))
        return broken(error, "a release rests on enough distinct persons");
    if (c->hops_count && !cty_bytes_equal(c->hops[c->hops_count - 1].to, c->holder))
        return broken(error, "whom the case was handed to last holds it");
    if (c->hops_count && (!c->scope.present || c->scope.depth + c->hops_count > CTY_HOPS_MAX))
        return broken(error, "each hop leaves less depth");
    if (c->revision > CTY_PATCHES_MAX)
        return broken(error, "the revision is the number of patches");
    return CUSTODY_OK;
}
