/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of refusals of statements that actors make about cases: each row of the tables in
 * spec/lifecycle.md alone, and every two of them together.
 */
#include "unit/escrow/bench.h"

/* Cases in the states that a fault needs; made by each test. */
static struct cty_hash rejected, consumed, lapsed, held;

static void other_case(struct world *w, struct world_step *step, const struct cty_hash *id)
{
    const struct cty_case *c = case_get(w, id);
    step->st.case_id = *id;
    step->st.after = c->anchor;
    step->entry.case_prev = (struct cty_opt_hash){c->last, true};
}

static void in_rejected(struct world *w, struct world_step *step)
{
    other_case(w, step, &rejected);
}

static void in_consumed(struct world *w, struct world_step *step)
{
    other_case(w, step, &consumed);
}

static void in_lapsed(struct world *w, struct world_step *step)
{
    other_case(w, step, &lapsed);
}

static void in_held(struct world *w, struct world_step *step)
{
    other_case(w, step, &held);
}

static void reject(struct world *w, struct cty_hash *ret_id)
{
    *ret_id = case_held(w);
    assert_ok(world_decide(w, ret_id, "acme/a", CTY_REJECT));
}

/* RELEASED and past its use_by, when the test begins. */
static void lapse(struct world *w, struct cty_hash *ret_id)
{
    *ret_id = case_released(w);
    w->time += 2 * HOUR;
    assert_state(w, ret_id, "LAPSED");
}

static void past_decide_by(struct world *w, struct world_step *step)
{
    step->entry.time = case_get(w, &step->st.case_id)->decide_by + 1;
    (void)w;
}

static void by_agent(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.signers[0] = CTY_LITERAL("acme/pal");
}

static void by_finance(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.signers[0] = CTY_LITERAL("acme/finn");
}

static void by_other_party(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.signers[0] = CTY_LITERAL("globex/gina");
}

static void by_owner(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.signers[0] = CTY_LITERAL("acme/owen");
}

static void by_decided(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.signers[0] = CTY_LITERAL("acme/a");
}

static void other_instance(struct world *w, struct world_step *step)
{
    world_random(w, step->st.u.decision.instance, 16);
}

static void decision_payload(struct world *w, struct world_step *step)
{
    step->st.u.decision.payload = bench_hash(w);
}

static void decision_previous(struct world *w, struct world_step *step)
{
    step->st.u.decision.previous = (struct cty_opt_hash){bench_hash(w), true};
}

/* A person whose key the operator has. */
static void hosted(struct world *w)
{
    struct cty_enrolment e = bench_person(w, "acme/hosted", "approver", "acme/hosted");
    e.key_custody = CTY_KEY_OPERATOR;
    assert_ok(world_enrol(w, &e));
}

static void by_hosted(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.signers[0] = CTY_LITERAL("acme/hosted");
}

static void decision_expired(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.u.decision.expires = step->entry.time - 1;
}

#define DECISION_FAULTS_COMMON                                                                         \
    FAULTS_ENTRY, FAULTS_SIGNER, FAULTS_SEEN, FAULTS_CASE,                                             \
        {"past decide_by", past_decide_by, "deadline-passed", 6, true},                                \
        {"in a rejected case", in_rejected, "state-illegal", 6, true}, FAULTS_AFTER,                   \
        {"instance", other_instance, "instance-mismatch", 0, false},                                   \
        {"payload", decision_payload, "action-mismatch", 0, false},                                    \
        {"by an agent", by_agent, "not-human", 2, false},                                              \
        {"with the operator's key", by_hosted, "key-class", 2, false},                                 \
        {"without the role", by_finance, "wrong-role", 2, false},                                      \
        {"of another party", by_other_party, "wrong-role", 2, false}

static const struct fault approve_faults[] = {
    DECISION_FAULTS_COMMON,
    {"by the owner", by_owner, "self-approval", 2, false},
    {"by one who decided", by_decided, "duplicate-human", 2, false},
    {"expired", decision_expired, "approval-expired", 0, false},
    {"names one before it", decision_previous, "out-of-order", 0, false},
};

/* A reject asks for less: whoever a clause asks may say no. */
static const struct fault reject_faults[] = {
    DECISION_FAULTS_COMMON,
    {"expired", decision_expired, "approval-expired", 0, false},
};

static const struct fault escalate_faults[] = {
    DECISION_FAULTS_COMMON,
    {"by the owner", by_owner, "self-approval", 2, false},
    {"by one who decided", by_decided, "duplicate-human", 2, false},
    {"expired", decision_expired, "approval-expired", 0, false},
};

static void decision_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    hosted(w);
    reject(w, &rejected);
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/a"));
    make_decision(w, &st, &id, "acme/b", CTY_APPROVE);
    print_message("%zu approvals\n", faults_check(w, &st, approve_faults, CTY_COUNT_OF(approve_faults)));
    make_decision(w, &st, &id, "acme/b", CTY_REJECT);
    print_message("%zu rejections\n", faults_check(w, &st, reject_faults, CTY_COUNT_OF(reject_faults)));
    assert_ok(submit(w, &st));
    assert_state(w, &id, "REJECTED");
}

#define ESCALATING                                                                                     \
    "{\"admin_quorum\":2,\"rules\":[{\"approvals\":2,\"effect\":\"hold\",\"escalation\":{\"roles\":[\"finance\"]}," \
    "\"roles\":[\"approver\"]}]}"

/* Where nobody is named to escalate to, that is the last thing that an escalation is refused for. */
static void escalation_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    hosted(w);
    reject(w, &rejected);
    struct cty_hash id = case_held(w);
    make_decision(w, &st, &id, "acme/b", CTY_ESCALATE);
    struct world_step *step = test_malloc(sizeof(*step));
    for (size_t i = 0; i < CTY_COUNT_OF(escalate_faults); i++) {
        if (escalate_faults[i].first || strcmp(escalate_faults[i].code, "duplicate-human") == 0)
            continue;
        world_step_init(w, &st, step);
        escalate_faults[i].make(w, step);
        assert_refused(world_step_try(w, step, NULL, NULL), escalate_faults[i].code);
    }
    test_free(step);
    assert_refused(submit(w, &st), "no-escalation");
    make_policy(w, &st, "ledger", ESCALATING);
    assert_ok(submit(w, &st));
    id = case_held(w);
    assert_ok(approve(w, &id, "acme/a"));
    make_decision(w, &st, &id, "acme/b", CTY_ESCALATE);
    print_message("%zu escalations\n", faults_check(w, &st, escalate_faults, CTY_COUNT_OF(escalate_faults)));
    assert_ok(submit(w, &st));
    assert_state(w, &id, "HELD");
}

static void patch_base(struct world *w, struct world_step *step)
{
    step->st.u.patch.base = bench_hash(w);
}

static const struct fault patch_faults[] = {
    FAULTS_ENTRY,
    FAULTS_SIGNER,
    FAULTS_SEEN,
    FAULTS_CASE,
    {"past decide_by", past_decide_by, "deadline-passed", 6, true},
    {"in a rejected case", in_rejected, "state-illegal", 6, true},
    FAULTS_AFTER,
    {"by an agent", by_agent, "not-human", 2, false},
    {"with the operator's key", by_hosted, "key-class", 2, false},
    {"without the role", by_finance, "wrong-role", 2, false},
    {"of another party", by_other_party, "wrong-role", 2, false},
    {"by the owner", by_owner, "self-approval", 2, false},
    {"base", patch_base, "action-mismatch", 0, false},
};

static void patch_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    hosted(w);
    reject(w, &rejected);
    struct cty_hash id = case_held(w);
    make_patch(w, &st, &id, "acme/b");
    print_message("%zu patches\n", faults_check(w, &st, patch_faults, CTY_COUNT_OF(patch_faults)));
    assert_ok(submit(w, &st));
    assert_state(w, &id, "HELD");
    assert_int_equal(case_get(w, &id)->revision, 1);
}

static void request_expired(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.u.request.expires = step->entry.time - 1;
}

static void executor_unknown(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.u.request.executor = CTY_LITERAL("acme/nobody");
}

static void executor_revoked(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.u.request.executor = CTY_LITERAL("acme/gone");
}

static void executor_person(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.u.request.executor = CTY_LITERAL("acme/a");
}

static void behalf_unknown(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.u.request.behalf.names[0] = CTY_LITERAL("acme/a");
    step->st.u.request.behalf.names[1] = CTY_LITERAL("acme/nobody");
    step->st.u.request.behalf.count = 2;
}

static void parent_unknown(struct world *w, struct world_step *step)
{
    step->st.u.request.parent = (struct cty_parent){true, bench_hash(w), bench_hash(w)};
}

static void parent_stale(struct world *w, struct world_step *step)
{
    step->st.u.request.parent = (struct cty_parent){true, bench_hash(w), held};
}

static void person_requests(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.signers[0] = CTY_LITERAL("acme/a");
}

static void request_case_prev(struct world *w, struct world_step *step)
{
    step->entry.case_prev = (struct cty_opt_hash){bench_hash(w), true};
}

static const struct fault request_faults[] = {
    {"case_prev", request_case_prev, "chain-broken", 0, false},
    FAULTS_ENTRY,
    FAULTS_SIGNER,
    FAULTS_SEEN,
    {"by a person", person_requests, "not-agent", 2, false},
    {"expired", request_expired, "deadline-passed", 0, false},
    {"executor unknown", executor_unknown, "wrong-executor", 4, false},
    {"executor revoked", executor_revoked, "wrong-executor", 4, false},
    {"executor a person", executor_person, "wrong-executor", 4, false},
    {"on behalf of nobody", behalf_unknown, "key-unknown", 0, false},
    {"parent unknown", parent_unknown, "bad-parent", 5, false},
    {"parent moved on", parent_stale, "bad-parent", 5, false},
};

static void request_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    held = case_held(w);
    make_request(w, &st, "acme/bot", "globex/exec", "refund");
    st.u.request.behalf.names[st.u.request.behalf.count++] = CTY_LITERAL("acme/pal");
    st.u.request.parent = (struct cty_parent){true, case_get(w, &held)->anchor, held};
    print_message("%zu requests\n", faults_check(w, &st, request_faults, CTY_COUNT_OF(request_faults)));
    assert_ok(submit(w, &st));
}

/* The parent's newest verdict must be covered by what the requester has seen. */
static void request_sees_its_parent(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    held = case_held(w);
    make_request(w, &st, "acme/bot", "acme/bot", "refund");
    st.u.request.parent = (struct cty_parent){true, case_get(w, &held)->anchor, held};
    st.seen.size = case_get(w, &held)->anchor_index;
    assert_ok(cty_memory_root(w->memory, st.seen.size, &st.seen.root));
    assert_refused(submit(w, &st), "bad-seen");
    st.seen.size++;
    assert_ok(cty_memory_root(w->memory, st.seen.size, &st.seen.root));
    assert_ok(submit(w, &st));
}

static void by_pal(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.signers[0] = CTY_LITERAL("acme/pal");
}

static void consume_payload(struct world *w, struct world_step *step)
{
    step->st.u.consume.payload = bench_hash(w);
}

static const struct fault consume_faults[] = {
    FAULTS_ENTRY,
    FAULTS_SIGNER,
    FAULTS_SEEN,
    FAULTS_CASE,
    {"consumed already", in_consumed, "double-consume", 6, true},
    {"past use_by", in_lapsed, "deadline-passed", 6, true},
    {"in a held case", in_held, "state-illegal", 6, true},
    FAULTS_AFTER,
    {"not the holder", by_pal, "not-holder", 2, false},
    {"payload", consume_payload, "action-mismatch", 0, false},
};

static void consume_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    lapse(w, &lapsed);
    consumed = case_consumed(w);
    held = case_held(w);
    struct cty_hash id = case_released(w);
    make_consume(w, &st, &id, "acme/bot");
    print_message("%zu consumes\n", faults_check(w, &st, consume_faults, CTY_COUNT_OF(consume_faults)));
    assert_ok(submit(w, &st));
    assert_state(w, &id, "CONSUMED");
}

/* A revoked approval is the last thing that a consume is refused for. */
static void consume_after_revocation_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct world_step *step = test_malloc(sizeof(*step));
    struct cty_hash id = case_released(w);
    assert_ok(world_revoke(w, "acme/b", "acme/b", NULL, w->time));
    make_consume(w, &st, &id, "acme/bot");
    lapsed = id;
    for (size_t i = 0; i < CTY_COUNT_OF(consume_faults); i++) {
        if (consume_faults[i].first)
            continue;
        world_step_init(w, &st, step);
        consume_faults[i].make(w, step);
        assert_refused(world_step_try(w, step, NULL, NULL), consume_faults[i].code);
    }
    assert_refused(submit(w, &st), "approval-revoked");
    assert_state(w, &id, "RELEASED");
    test_free(step);
}

static const struct fault outcome_faults[] = {
    FAULTS_ENTRY,
    FAULTS_SIGNER,
    FAULTS_SEEN,
    FAULTS_CASE,
    {"in a held case", in_held, "state-illegal", 6, true},
    FAULTS_AFTER,
    {"not the holder", by_pal, "not-holder", 2, false},
};

static void outcome_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    held = case_held(w);
    struct cty_hash id = case_consumed(w);
    make_outcome(w, &st, &id, "acme/bot");
    print_message("%zu outcomes\n", faults_check(w, &st, outcome_faults, CTY_COUNT_OF(outcome_faults)));
    assert_ok(submit(w, &st));
    assert_state(w, &id, "FULFILLED");
}

static const struct fault cancel_faults[] = {
    FAULTS_ENTRY,
    FAULTS_SIGNER,
    FAULTS_SEEN,
    FAULTS_CASE,
    {"past use_by", in_lapsed, "deadline-passed", 6, true},
    {"past decide_by", past_decide_by, "deadline-passed", 6, true},
    {"in a consumed case", in_consumed, "state-illegal", 6, true},
    FAULTS_AFTER,
    {"by another agent", by_pal, "not-requester", 2, false},
    {"by one without the role", by_finance, "not-requester", 2, false},
    {"by one of another party", by_other_party, "not-requester", 2, false},
    {"with the operator's key", by_hosted, "not-requester", 2, false},
};

static void cancel_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    hosted(w);
    lapse(w, &lapsed);
    consumed = case_consumed(w);
    struct cty_hash id = case_held(w);
    make_cancel(w, &st, &id, "acme/bot");
    print_message("%zu cancels\n", faults_check(w, &st, cancel_faults, CTY_COUNT_OF(cancel_faults)));
    make_cancel(w, &st, &id, "acme/dave");
    faults_check(w, &st, cancel_faults, CTY_COUNT_OF(cancel_faults));
    assert_ok(submit(w, &st));
    assert_state(w, &id, "CANCELLED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(decision_refusals_in_order), BENCH_TEST(escalation_refusals_in_order),
        BENCH_TEST(patch_refusals_in_order),
        BENCH_TEST(request_refusals_in_order),  BENCH_TEST(request_sees_its_parent),
        BENCH_TEST(consume_refusals_in_order),  BENCH_TEST(consume_after_revocation_in_order),
        BENCH_TEST(outcome_refusals_in_order),  BENCH_TEST(cancel_refusals_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
