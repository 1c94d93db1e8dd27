/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clerk's statements: what a custodian could write in the place of the lawful verdict, release or expiry, and
 * the refusal that each gets, alone and in twos. Every member is altered once.
 */
#include "unit/escrow/bench.h"

/* Leaves the request or decision as the newest entry and gives what the clerk would say next. */
static void next(struct world *w, struct cty_statement *st)
{
    assert_true(world_next(w, st));
    bench_own(st);
    w->alone = false;
}

static void cause(struct world *w, struct world_step *step)
{
    step->st.after = bench_hash(w);
}

#define ALTER(name, statement)                                                                         \
    static void name(struct world *w, struct world_step *step)                                         \
    {                                                                                                  \
        (void)w;                                                                                       \
        statement;                                                                                     \
    }

#define VERDICT step->st.u.verdict
ALTER(v_decide_by, VERDICT.decide_by += 1)
ALTER(v_effect, VERDICT.effect = CTY_PASS)
ALTER(v_effect_deny, VERDICT.effect = CTY_DENY)
ALTER(v_executor, VERDICT.executor = CTY_LITERAL("globex/exec"))
ALTER(v_holds, VERDICT.holds[0] = bench_hash(w))
ALTER(v_holds_more, VERDICT.holds[VERDICT.holds_count++] = bench_hash(w))
ALTER(v_holds_none, VERDICT.holds_count = 0)
ALTER(v_payload, VERDICT.payload = bench_hash(w))
ALTER(v_policy, VERDICT.policies[0].digest = bench_hash(w))
ALTER(v_policy_rule, VERDICT.policies[0].rule = 3)
ALTER(v_policy_scope, VERDICT.policies[0].scope = CTY_LITERAL("acme"))
ALTER(v_policies_none, VERDICT.policies_count = 0)
ALTER(v_approvals, VERDICT.quorum[0].approvals = 1)
ALTER(v_distinct, VERDICT.quorum[0].distinct_parties = true)
ALTER(v_parties, VERDICT.quorum[0].parties.names[0] = CTY_LITERAL("*"))
ALTER(v_roles, VERDICT.quorum[0].roles.names[0] = CTY_LITERAL("finance"))
ALTER(v_roles_more, VERDICT.quorum[0].roles.names[VERDICT.quorum[0].roles.count++] = CTY_LITERAL("finance"))
ALTER(v_scope, VERDICT.quorum[0].scope = CTY_LITERAL("acme"))
ALTER(v_quorum_none, VERDICT.quorum_count = 0)
ALTER(v_report, VERDICT.report_ms++)
ALTER(v_revision, VERDICT.revision++)
ALTER(v_travelled, VERDICT.travelled[VERDICT.travelled_count++] = bench_hash(w))
ALTER(v_use, VERDICT.use_ms--)
ALTER(v_instance_zero, memset(VERDICT.instance, 0, 16))

#define ENTRY_AND_CLERK                                                                                \
    FAULTS_ENTRY, {"not the clerk", fault_clerk_signs, "wrong-signer", 2, false},                      \
        {"second signer", fault_second_signer, "wrong-signer", 2, false},                              \
        {"key", fault_key, "signature-invalid", 0, false}
#define CLERK_SEEN                                                                                     \
    FAULTS_SEEN, {"clerk's until", fault_clerk_until, "clerk-mismatch", 10, false},                     \
        {"clerk's time", fault_clerk_time, "clerk-mismatch", 0, false}

static const struct fault verdict_faults[] = {
    ENTRY_AND_CLERK,
    {"case", fault_case, "out-of-place", 0, false},
    CLERK_SEEN,
    {"case_prev", fault_case_prev, "chain-broken", 0, false},
    {"cause", cause, "stale-after", 0, false},
    {"decide_by", v_decide_by, "clerk-mismatch", 0, false},
    {"pass", v_effect, "clerk-mismatch", 0, false},
    {"deny", v_effect_deny, "clerk-mismatch", 0, false},
    {"executor", v_executor, "clerk-mismatch", 0, false},
    {"holds", v_holds, "clerk-mismatch", 0, false},
    {"more held", v_holds_more, "clerk-mismatch", 0, false},
    {"nothing held", v_holds_none, "clerk-mismatch", 0, false},
    {"payload", v_payload, "clerk-mismatch", 0, false},
    {"policy", v_policy, "clerk-mismatch", 0, false},
    {"rule", v_policy_rule, "clerk-mismatch", 0, false},
    {"scope of a policy", v_policy_scope, "clerk-mismatch", 0, false},
    {"no policy", v_policies_none, "clerk-mismatch", 0, false},
    {"approvals", v_approvals, "clerk-mismatch", 0, false},
    {"distinct parties", v_distinct, "clerk-mismatch", 0, false},
    {"parties", v_parties, "clerk-mismatch", 0, false},
    {"roles", v_roles, "clerk-mismatch", 0, false},
    {"more roles", v_roles_more, "clerk-mismatch", 0, false},
    {"scope of a clause", v_scope, "clerk-mismatch", 0, false},
    {"no quorum", v_quorum_none, "clerk-mismatch", 0, false},
    {"report_ms", v_report, "clerk-mismatch", 0, false},
    {"revision", v_revision, "clerk-mismatch", 0, false},
    {"travelled", v_travelled, "clerk-mismatch", 0, false},
    {"use_ms", v_use, "clerk-mismatch", 0, false},
    {"instance zero", v_instance_zero, "clerk-mismatch", 0, false},
};

static void verdict_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    w->alone = true;
    struct cty_hash id = case_of(w, "acme/bot", "acme/bot", "refund");
    next(w, &st);
    print_message("%zu verdicts\n", faults_check(w, &st, verdict_faults, CTY_COUNT_OF(verdict_faults)));
    assert_ok(submit(w, &st));
    assert_state(w, &id, "HELD");
}

/* A new verdict with the instance of the one before would revive its decisions. */
static void verdict_instance_is_fresh(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    struct cty_opt_bits128 before = case_get(w, &id)->instance;
    make_patch(w, &st, &id, "acme/a");
    w->alone = true;
    assert_ok(submit(w, &st));
    next(w, &st);
    struct cty_opt_bits128 fresh;
    memcpy(fresh.bits, st.u.verdict.instance, 16);
    memcpy(st.u.verdict.instance, before.bits, 16);
    assert_refused(submit(w, &st), "clerk-mismatch");
    memcpy(st.u.verdict.instance, fresh.bits, 16);
    assert_ok(submit(w, &st));
    assert_state(w, &id, "HELD");
}

#define RELEASE step->st.u.release
ALTER(r_decision, RELEASE.decisions[0] = bench_hash(w))
ALTER(r_decision_twice, RELEASE.decisions[1] = RELEASE.decisions[0])
ALTER(r_decision_more, RELEASE.decisions[RELEASE.decisions_count++] = bench_hash(w))
ALTER(r_decision_less, RELEASE.decisions_count = 1)
ALTER(r_executor, RELEASE.executor = CTY_LITERAL("globex/exec"))
ALTER(r_instance, world_random(w, RELEASE.instance, 16))
ALTER(r_payload, RELEASE.payload = bench_hash(w))
ALTER(r_report, RELEASE.report_ms++)
ALTER(r_use_by, RELEASE.use_by++)

static void r_order(struct world *w, struct world_step *step)
{
    (void)w;
    struct cty_hash first = RELEASE.decisions[0];
    RELEASE.decisions[0] = RELEASE.decisions[1];
    RELEASE.decisions[1] = first;
}

static const struct fault release_faults[] = {
    ENTRY_AND_CLERK,
    {"case", fault_case, "out-of-place", 0, false},
    CLERK_SEEN,
    {"case_prev", fault_case_prev, "chain-broken", 0, false},
    {"cause", cause, "stale-after", 0, false},
    {"decision", r_decision, "clerk-mismatch", 0, false},
    {"a decision twice", r_decision_twice, "clerk-mismatch", 0, false},
    {"another decision", r_decision_more, "clerk-mismatch", 0, false},
    {"a decision less", r_decision_less, "clerk-mismatch", 0, false},
    {"order of decisions", r_order, "clerk-mismatch", 0, false},
    {"executor", r_executor, "clerk-mismatch", 0, false},
    {"instance", r_instance, "clerk-mismatch", 0, false},
    {"payload", r_payload, "clerk-mismatch", 0, false},
    {"report_ms", r_report, "clerk-mismatch", 0, false},
    {"use_by", r_use_by, "clerk-mismatch", 0, false},
};

static void release_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/a"));
    w->alone = true;
    assert_ok(approve(w, &id, "acme/b"));
    assert_state(w, &id, "RELEASE-NEXT");
    next(w, &st);
    print_message("%zu releases\n", faults_check(w, &st, release_faults, CTY_COUNT_OF(release_faults)));
    assert_ok(submit(w, &st));
    assert_state(w, &id, "RELEASED");
}

/* The pass of a policy is released at once, and rests on no decision. */
static void release_after_a_pass(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    w->alone = true;
    struct cty_hash id = case_of(w, "acme/bot", "acme/bot", "ping");
    next(w, &st);
    struct cty_statement verdict = st;
    verdict.u.verdict.effect = CTY_HOLD;
    assert_refused(submit(w, &verdict), "clerk-mismatch");
    w->alone = true;
    assert_ok(submit(w, &st));
    assert_state(w, &id, "RELEASE-NEXT");
    next(w, &st);
    assert_int_equal(st.u.release.decisions_count, 0);
    struct cty_statement forged = st;
    forged.u.release.decisions[forged.u.release.decisions_count++] = bench_hash(w);
    assert_refused(submit(w, &forged), "clerk-mismatch");
    assert_ok(submit(w, &st));
    assert_state(w, &id, "RELEASED");
}

static struct cty_hash rejected;

static void in_rejected(struct world *w, struct world_step *step)
{
    const struct cty_case *c = case_get(w, &rejected);
    step->st.case_id = rejected;
    step->st.after = c->anchor;
    step->entry.case_prev = (struct cty_opt_hash){c->last, true};
}

ALTER(e_silence, step->st.u.expiry.silence = CTY_SILENCE_UNUSED)

static void not_due(struct world *w, struct world_step *step)
{
    step->entry.time = step->st.time = step->st.until = case_get(w, &step->st.case_id)->decide_by;
}

static const struct fault expiry_faults[] = {
    ENTRY_AND_CLERK,
    CLERK_SEEN,
    FAULTS_CASE,
    {"in a rejected case", in_rejected, "state-illegal", 6, true},
    {"after", fault_after, "stale-after", 0, false},
    {"silence", e_silence, "state-illegal", 0, false},
    {"not due", not_due, "not-due", 6, true},
};

static void expiry_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    rejected = case_held(w);
    assert_ok(world_decide(w, &rejected, "acme/a", CTY_REJECT));
    struct cty_hash id = case_held(w);
    w->time = case_get(w, &id)->decide_by + 1;
    make_expiry(w, &st, &id, CTY_SILENCE_HELD);
    print_message("%zu expiries\n", faults_check(w, &st, expiry_faults, CTY_COUNT_OF(expiry_faults)));
    assert_ok(submit(w, &st));
    assert_state(w, &id, "EXPIRED");
}

/* Each silence fits one state only. */
static void expiry_silences(void **state)
{
    static const char *const next_state[] = {"EXPIRED", "LAPSED", "UNREPORTED"};
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash ids[] = {case_held(w), case_released(w), case_consumed(w)};
    w->time += 3 * DAY;
    for (int is = 0; is < 3; is++) {
        for (int said = 0; said < 3; said++) {
            if (said == is)
                continue;
            make_expiry(w, &st, &ids[is], (enum cty_silence)said);
            assert_refused(submit(w, &st), "state-illegal");
        }
        make_expiry(w, &st, &ids[is], (enum cty_silence)is);
        assert_ok(submit(w, &st));
        assert_state(w, &ids[is], next_state[is]);
        make_expiry(w, &st, &ids[is], (enum cty_silence)is);
        assert_refused(submit(w, &st), "state-illegal");
    }
}

/* Nothing else may stand where a verdict or a release must, and they may stand nowhere else. */
static void follow_ups_are_adjacent(void **state)
{
    struct world *w = *state;
    struct cty_statement verdict, other;
    struct cty_hash bystander = case_held(w);
    w->alone = true;
    struct cty_hash id = case_of(w, "acme/bot", "acme/bot", "refund");
    assert_state(w, &id, "JUDGED-NEXT");
    next(w, &verdict);
    make_request(w, &other, "acme/bot", "acme/bot", "ping");
    assert_refused(submit(w, &other), "out-of-place");
    make_decision(w, &other, &bystander, "acme/a", CTY_APPROVE);
    assert_refused(submit(w, &other), "out-of-place");
    make_cancel(w, &other, &id, "acme/bot");
    assert_refused(submit(w, &other), "out-of-place");
    make_revoke(w, &other, "acme/dave", "acme/dave", NULL, w->time);
    assert_refused(submit(w, &other), "out-of-place");
    struct cty_statement release = verdict;
    release.type = CTY_RELEASE;
    memset(&release.u, 0, sizeof(release.u));
    release.u.release.executor = CTY_LITERAL("acme/bot");
    assert_refused(submit(w, &release), "out-of-place");
    assert_ok(submit(w, &verdict));
    world_random(w, verdict.id, 16);
    assert_refused(submit(w, &verdict), "out-of-place");
    world_random(w, release.id, 16);
    assert_refused(submit(w, &release), "out-of-place");
    assert_state(w, &id, "HELD");
    assert_state(w, &bystander, "HELD");
}

/* A slow custodian: an approval expires between the last decision and the release that rests on it. */
static void release_after_an_approval_expired(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    make_decision(w, &st, &id, "acme/a", CTY_APPROVE);
    st.u.decision.expires = w->time + 1;
    assert_ok(submit(w, &st));
    w->alone = true;
    assert_ok(approve(w, &id, "acme/b"));
    assert_state(w, &id, "RELEASE-NEXT");
    w->time += 2;
    next(w, &st);
    assert_int_equal(st.u.release.decisions_count, 1);
    assert_refused(submit(w, &st), "under-threshold");
    w->time -= 1;
    next(w, &st);
    assert_int_equal(st.u.release.decisions_count, 2);
    assert_int_equal(st.u.release.use_by, w->time);
    assert_ok(submit(w, &st));
    assert_ok(world_consume(w, &id, "acme/bot"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(verdict_refusals_in_order), BENCH_TEST(verdict_instance_is_fresh),
        BENCH_TEST(release_refusals_in_order), BENCH_TEST(release_after_a_pass),
        BENCH_TEST(expiry_refusals_in_order),  BENCH_TEST(expiry_silences),
        BENCH_TEST(follow_ups_are_adjacent),   BENCH_TEST(release_after_an_approval_expired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
