/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clerk's statements. Each is computed here from the state, once for the custodian that makes it and once
 * for everybody who checks it: the clerk has no say of its own but the random instance.
 */
#include "escrow/inner.h"

/* What most statements of the clerk have room in; a longer one takes more. */
#define CLERK_BYTES 2000u

/* Whether the clerk said what the state gives: both as bytes, common members being the same. */
static custody_err same_as(struct fold *f, const struct cty_statement *expected)
{
    struct cty_buf is = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_buf should = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    custody_err err = CUSTODY_E_INTERNAL;
    CTY_TRY_OUT(cty_buf_reserve(&is, CLERK_BYTES));
    CTY_TRY_OUT(cty_buf_reserve(&should, CLERK_BYTES));
    CTY_TRY_OUT(cty_statement_encode(f->st, &is));
    CTY_TRY_OUT(cty_statement_encode(expected, &should));
    if (!cty_bytes_equal(cty_buf_bytes(&is), cty_buf_bytes(&should)))
        err = cty_fail(f->error, CUSTODY_E_CLERK_MISMATCH, "this %s is not what the ledger gives",
                       cty_type_name(f->st->type));
out:
    cty_buf_done(&is);
    cty_buf_done(&should);
    return err;
}

static bool instance_is_fresh(const struct cty_case *c, const uint8_t instance[16])
{
    static const uint8_t zero[16];
    if (memcmp(instance, zero, sizeof(zero)) == 0)
        return false;
    return !c->instance.present || memcmp(instance, c->instance.bits, sizeof(c->instance.bits)) != 0;
}

static bool is_listed(const struct cty_verdict *verdict, const struct cty_hash *digest)
{
    for (uint32_t i = 0; i < verdict->travelled_count; i++) {
        if (cty_hash_equal(&verdict->travelled[i], digest))
            return true;
    }
    return false;
}

static bool same_names(const struct cty_names *a, const struct cty_names *b)
{
    bool same = a->count == b->count;
    for (uint32_t i = 0; same && i < a->count; i++)
        same = cty_bytes_equal(a->names[i], b->names[i]);
    return same;
}

/* Whether the new clause is the old one's again: what was escalated there stays so. */
static bool goes_on(const struct cty_clause *old, const struct cty_clause *fresh)
{
    return cty_bytes_equal(old->scope, fresh->scope) && same_names(&old->roles, &fresh->roles) &&
           old->escalation.present && fresh->escalation.present;
}

/* Bits of the old instance's clauses, as bits of the new one's. */
static uint64_t carry_bits(const struct cty_case *c, const struct cty_verdict *verdict, uint64_t bits)
{
    uint64_t carried = 0;
    for (uint32_t i = 0; i < c->quorum_count; i++) {
        for (uint32_t k = 0; (bits >> i & 1) && k < verdict->quorum_count; k++)
            carried |= goes_on(&c->quorum[i], &verdict->quorum[k]) ? (uint64_t)1 << k : 0;
    }
    return carried;
}

/*
 * The instance before ends with its approvals, but for those that travelled. Who hands a case on doesn't take it from
 * those to whom it was escalated.
 */
static void keep_travelled(struct cty_case *c, const struct cty_verdict *verdict)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c->decisions_count; i++) {
        if (!is_listed(verdict, &c->decisions[i].digest))
            continue;
        c->decisions[kept] = c->decisions[i];
        c->decisions[kept].escalated = carry_bits(c, verdict, c->decisions[kept].escalated);
        kept++;
    }
    c->decisions_count = kept;
    c->escalated = c->handed ? carry_bits(c, verdict, c->escalated) : 0;
}

static void begin_instance(struct fold *f, const struct cty_verdict *verdict)
{
    struct cty_case *c = &f->the_case;
    cty_anchor_move(f);
    c->instance.present = true;
    memcpy(c->instance.bits, verdict->instance, sizeof(c->instance.bits));
    keep_travelled(c, verdict);
    c->handed = false;
    c->release.present = false;
    c->use_by = 0;
    c->consent = verdict->consent ? CTY_CONSENT_WANTED : CTY_CONSENT_NONE;
    c->decide_by = verdict->decide_by;
    c->use_ms = verdict->use_ms;
    c->report_ms = verdict->report_ms;
    c->quorum_count = verdict->quorum_count;
    memcpy(c->quorum, verdict->quorum, sizeof(c->quorum));
    c->cause = *f->in->digest;
}

/* A pass, or a hold whose quorum the travelled approvals meet already, is released at once. */
static custody_err apply_verdict(struct fold *f, const struct cty_verdict *verdict)
{
    struct cty_case *c = &f->the_case;
    uint32_t count = 0;
    bool met = verdict->effect == CTY_PASS;
    begin_instance(f, verdict);
    if (verdict->effect == CTY_HOLD)
        CTY_TRY(cty_quorum_now(f, false, &count, &met, NULL));
    if (met)
        f->delta->follow = CTY_FOLLOW_RELEASE;
    switch ((enum cty_effect)verdict->effect) {
    case CTY_PASS:
    case CTY_HOLD:
        c->state = met ? CTY_CASE_RELEASE_NEXT : CTY_CASE_HELD;
        break;
    case CTY_DENY:
        c->decisions_count = 0;
        c->state = CTY_CASE_REFUSED;
        break;
    }
    return CUSTODY_OK;
}

custody_err cty_rule_verdict(struct fold *f)
{
    struct cty_statement expected = *f->st;
    CTY_TRY(cty_case_open(f));
    CTY_TRY(cty_judge(f, &expected.u.verdict));
    CTY_TRY(same_as(f, &expected));
    if (!instance_is_fresh(&f->the_case, f->st->u.verdict.instance))
        return cty_fail(f->error, CUSTODY_E_CLERK_MISMATCH, "the instance is not fresh");
    CTY_TRY(apply_verdict(f, &expected.u.verdict));
    return cty_case_store(f, &f->st->case_id);
}

custody_err cty_release_make(struct fold *f, struct cty_release *ret_release)
{
    const struct cty_case *c = &f->the_case;
    uint32_t places[CTY_DECISIONS_MAX];
    uint32_t count = 0;
    CTY_TRY(cty_approvals_counting(f, false, places, &count));
    memset(ret_release, 0, sizeof(*ret_release));
    uint64_t use_by = cty_time_after(f->time, c->use_ms);
    if (c->expires < use_by)
        use_by = c->expires;
    for (uint32_t i = 0; i < count; i++) {
        const struct cty_case_decision *decision = &c->decisions[places[i]];
        ret_release->decisions[ret_release->decisions_count++] = decision->digest;
        if (decision->expires < use_by)
            use_by = decision->expires;
    }
    ret_release->executor = c->holder;
    memcpy(ret_release->instance, c->instance.bits, sizeof(ret_release->instance));
    ret_release->payload = c->payload;
    ret_release->report_ms = c->report_ms;
    ret_release->use_by = use_by;
    return CUSTODY_OK;
}

/* From here on the case rests on the decisions that the release names, and on no other. */
static custody_err keep_counting_decisions(struct fold *f)
{
    struct cty_case *c = &f->the_case;
    uint32_t places[CTY_DECISIONS_MAX];
    uint32_t count = 0;
    CTY_TRY(cty_approvals_counting(f, false, places, &count));
    for (uint32_t i = 0; i < count; i++)
        c->decisions[i] = c->decisions[places[i]];
    c->decisions_count = count;
    return CUSTODY_OK;
}

/*
 * An approval can expire between the decision that completed the quorum and the release, where the custodian
 * is slow: the release rests on those that count now, and they must be enough now.
 */
static custody_err check_quorum(struct fold *f)
{
    uint32_t count = 0;
    bool met = false;
    CTY_TRY(cty_quorum_now(f, false, &count, &met, NULL));
    if (!met)
        return cty_fail(f->error, CUSTODY_E_UNDER_THRESHOLD, "%u approvals count", count);
    return CUSTODY_OK;
}

custody_err cty_rule_release(struct fold *f)
{
    struct cty_statement expected = *f->st;
    CTY_TRY(cty_case_open(f));
    CTY_TRY(cty_release_make(f, &expected.u.release));
    CTY_TRY(same_as(f, &expected));
    CTY_TRY(check_quorum(f));
    CTY_TRY(keep_counting_decisions(f));
    cty_anchor_move(f);
    f->the_case.release = (struct cty_opt_hash){*f->in->digest, true};
    f->the_case.use_by = expected.u.release.use_by;
    f->the_case.state = CTY_CASE_RELEASED;
    return cty_case_store(f, &f->st->case_id);
}

/* Which silence a case in this state ends in. */
static bool silence_of(int state, int *ret_silence, int *ret_next)
{
    if (state == CTY_CASE_HELD) {
        *ret_silence = CTY_SILENCE_HELD;
        *ret_next = CTY_CASE_EXPIRED;
    } else if (state == CTY_CASE_RELEASED) {
        *ret_silence = CTY_SILENCE_UNUSED;
        *ret_next = CTY_CASE_LAPSED;
    } else if (state == CTY_CASE_CONSUMED) {
        *ret_silence = CTY_SILENCE_UNREPORTED;
        *ret_next = CTY_CASE_UNREPORTED;
    } else {
        return false;
    }
    return true;
}

static custody_err due_silence(struct fold *f, int *ret_silence, int *ret_next)
{
    if (!silence_of(f->the_case.state, ret_silence, ret_next))
        return cty_fail(f->error, CUSTODY_E_STATE_ILLEGAL, "the case is %s",
                        cty_case_state_names[f->the_case.state]);
    return CUSTODY_OK;
}

static custody_err check_due(struct fold *f)
{
    uint64_t due = cty_case_due(&f->the_case);
    if (f->time <= due)
        return cty_fail(f->error, CUSTODY_E_NOT_DUE, "it is due at %llu", (unsigned long long)due);
    return CUSTODY_OK;
}

custody_err cty_rule_expiry(struct fold *f)
{
    int silence = 0, next = 0;
    CTY_TRY(cty_case_open(f));
    CTY_TRY(due_silence(f, &silence, &next));
    if (silence != f->st->u.expiry.silence)
        return cty_fail(f->error, CUSTODY_E_STATE_ILLEGAL, "the case is %s", cty_case_state_names[f->the_case.state]);
    CTY_TRY(check_due(f));
    f->the_case.state = next;
    return cty_case_store(f, &f->st->case_id);
}

/* The frame of the three functions below: a fold without input, over the case. */
static custody_err clerk_open(struct fold *f, const struct cty_hash *case_id, struct cty_statement *statement,
                              enum cty_type type)
{
    enum cty_view_status status;
    CTY_TRY(cty_fold_get(f, &cty_shape_ledger_record, &f->ledger, &status, "ledger"));
    CTY_TRY(cty_case_load(f, case_id));
    statement->type = type;
    statement->case_id = *case_id;
    statement->after = type == CTY_EXPIRY ? f->the_case.anchor : f->the_case.cause;
    return CUSTODY_OK;
}

custody_err cty_clerk_verdict(struct cty_view *view, const struct cty_hash *case_id, uint64_t time,
                              struct cty_statement *statement, struct cty_json *tape, custody_error *error)
{
    struct fold f;
    cty_fold_begin(&f, view, tape, error);
    f.time = time;
    CTY_TRY(clerk_open(&f, case_id, statement, CTY_VERDICT));
    return cty_judge(&f, &statement->u.verdict);
}

custody_err cty_clerk_release(struct cty_view *view, const struct cty_hash *case_id, uint64_t time,
                              struct cty_statement *statement, struct cty_json *tape, custody_error *error)
{
    struct fold f;
    cty_fold_begin(&f, view, tape, error);
    f.time = time;
    CTY_TRY(clerk_open(&f, case_id, statement, CTY_RELEASE));
    return cty_release_make(&f, &statement->u.release);
}

custody_err cty_clerk_expiry(struct cty_view *view, const struct cty_hash *case_id, uint64_t time,
                             struct cty_statement *statement, struct cty_json *tape, custody_error *error)
{
    struct fold f;
    cty_fold_begin(&f, view, tape, error);
    f.time = time;
    int next = 0;
    CTY_TRY(clerk_open(&f, case_id, statement, CTY_EXPIRY));
    CTY_TRY(due_silence(&f, &statement->u.expiry.silence, &next));
    return check_due(&f);
}
