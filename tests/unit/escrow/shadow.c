/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/escrow/shadow.h"

static bool voided(const struct shadow *shadow, const struct approval *approval)
{
    return shadow->revoked[approval->who] && shadow->since[approval->who] <= approval->time;
}

static uint32_t counting(const struct shadow *shadow, uint64_t time, bool consume)
{
    bool persons[APPROVERS] = {false};
    uint32_t count = 0;
    for (uint32_t i = 0; i < shadow->approvals_count; i++) {
        const struct approval *approval = &shadow->approvals[i];
        if (voided(shadow, approval) || (!consume && approval->expires < time) || persons[approval->who])
            continue;
        persons[approval->who] = true;
        count++;
    }
    return count;
}

static uint32_t needed(const struct shadow *shadow)
{
    return shadow->judged_by == HOLD2 ? 2 : shadow->judged_by == HOLD1 ? 1 : 0;
}

void shadow_forget(struct shadow *shadow, uint64_t time)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < shadow->approvals_count; i++) {
        bool gone = voided(shadow, &shadow->approvals[i]) ||
                    (shadow->releases == 0 && shadow->approvals[i].expires < time);
        if (!gone)
            shadow->approvals[kept++] = shadow->approvals[i];
    }
    shadow->approvals_count = kept;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void shadow_verdict(struct shadow *s, uint64_t time)
{
    assert_int_equal(s->state, CTY_CASE_JUDGED_NEXT);
    s->judged_by = s->policy;
    s->approvals_count = 0;
    s->decide_by = least(time + 100, s->request_until);
    s->state = s->policy == PASS ? CTY_CASE_RELEASE_NEXT : CTY_CASE_HELD;
}

static void shadow_release(struct shadow *s, uint64_t time)
{
    assert_int_equal(s->state, CTY_CASE_RELEASE_NEXT);
    assert_true(counting(s, time, false) >= needed(s));
    s->releases++;
    assert_int_equal(s->releases, 1);
    s->use_by = least(time + 50, s->request_until);
    for (uint32_t i = 0; i < s->approvals_count; i++)
        s->use_by = least(s->use_by, s->approvals[i].expires);
    s->state = CTY_CASE_RELEASED;
}

static void shadow_decision(struct shadow *s, const struct move *move, uint64_t time)
{
    assert_int_equal(s->state, CTY_CASE_HELD);
    assert_true(time <= s->decide_by);
    assert_true(move->who < APPROVERS && !s->revoked[move->who]);
    if (move->choice == CTY_REJECT) {
        s->state = CTY_CASE_REJECTED;
        return;
    }
    assert_true(move->who != OWEN);
    for (uint32_t i = 0; i < s->approvals_count; i++)
        assert_false(s->approvals[i].who == move->who && !voided(s, &s->approvals[i]) &&
                     s->approvals[i].expires >= time);
    assert_true(s->approvals_count < CTY_COUNT_OF(s->approvals));
    s->approvals[s->approvals_count++] =
        (struct approval){move->who, time, time + (move->variant ? SHORT_MS : LONG_MS)};
    if (counting(s, time, false) >= needed(s))
        s->state = CTY_CASE_RELEASE_NEXT;
}

static void shadow_holder(struct shadow *s, const struct move *move, uint64_t time)
{
    static const int outcomes[] = {CTY_CASE_FULFILLED, CTY_CASE_FAILED, CTY_CASE_UNKNOWN};
    assert_int_equal(move->who, s->holder);
    if (move->type == CTY_OUTCOME) {
        assert_true(s->state == CTY_CASE_CONSUMED || s->state == CTY_CASE_UNREPORTED);
        assert_int_equal(++s->outcomes, 1);
        s->state = outcomes[move->variant];
        return;
    }
    assert_int_equal(s->state, CTY_CASE_RELEASED);
    assert_true(time <= s->use_by);
    assert_true(counting(s, time, true) >= needed(s));
    assert_int_equal(++s->consumes, 1);
    s->report_by = time + 70;
    s->state = CTY_CASE_CONSUMED;
}

static void shadow_cancel(struct shadow *s, const struct move *move, uint64_t time)
{
    assert_true((s->state == CTY_CASE_HELD && time <= s->decide_by) ||
                (s->state == CTY_CASE_RELEASED && time <= s->use_by));
    bool requester = move->who == APPROVERS;
    bool approver = move->who < APPROVERS && !s->revoked[move->who] && s->judged_by != PASS;
    assert_true(requester || approver);
    s->state = CTY_CASE_CANCELLED;
}

static void shadow_expiry(struct shadow *s, const struct move *move, uint64_t time)
{
    static const int from[] = {CTY_CASE_HELD, CTY_CASE_RELEASED, CTY_CASE_CONSUMED};
    static const int to[] = {CTY_CASE_EXPIRED, CTY_CASE_LAPSED, CTY_CASE_UNREPORTED};
    const uint64_t due[] = {s->decide_by, s->use_by, s->report_by};
    assert_int_equal(s->state, from[move->variant]);
    assert_true(time > due[move->variant]);
    s->state = to[move->variant];
}

void shadow_take(struct shadow *s, const struct move *move, uint64_t time)
{
    bool next = s->state == CTY_CASE_JUDGED_NEXT || s->state == CTY_CASE_RELEASE_NEXT;
    assert_int_equal(next, move->type == CTY_VERDICT || move->type == CTY_RELEASE);
    switch (move->type) {
    case CTY_REQUEST:
        assert_int_equal(s->state, CTY_CASE_STATE_COUNT);
        s->state = CTY_CASE_JUDGED_NEXT;
        s->holder = move->variant;
        s->request_until = time + REQUEST_MS;
        return;
    case CTY_VERDICT:
        shadow_verdict(s, time);
        return;
    case CTY_RELEASE:
        shadow_release(s, time);
        return;
    case CTY_DECISION:
        shadow_decision(s, move, time);
        return;
    case CTY_PATCH:
        assert_true(s->state == CTY_CASE_HELD && time <= s->decide_by);
        assert_true(move->who != OWEN && !s->revoked[move->who]);
        s->patches++;
        s->state = CTY_CASE_JUDGED_NEXT;
        return;
    case CTY_CONSUME:
    case CTY_OUTCOME:
        shadow_holder(s, move, time);
        return;
    case CTY_CANCEL:
        shadow_cancel(s, move, time);
        return;
    case CTY_EXPIRY:
        shadow_expiry(s, move, time);
        return;
    case CTY_ACTOR_REVOKE:
        s->revoked[move->who] = true;
        s->since[move->who] = move->variant ? 1 : time;
        return;
    case CTY_POLICY_PUBLISH:
        s->policy = move->variant;
        return;
    case CTY_LEDGER_OPEN:
    case CTY_PARTY_ENROL:
    case CTY_ACTOR_ENROL:
    case CTY_ACTOR_ROTATE:
    case CTY_CUSTODIAN_ROTATE:
    case CTY_LEDGER_CLOSE:
    case CTY_CONSENT:
    case CTY_QUESTION:
    case CTY_ANSWER:
    case CTY_OFFER:
    case CTY_ACCEPT:
    case CTY_DECLINE:
    case CTY_WITHDRAW:
    case CTY_FINALISE:
    case CTY_TYPE_COUNT:
        fail();
    }
}

uint64_t shadow_due(const struct shadow *s)
{
    return s->state == CTY_CASE_HELD ? s->decide_by
           : s->state == CTY_CASE_RELEASED ? s->use_by
           : s->state == CTY_CASE_CONSUMED ? s->report_by
                                           : 0;
}
