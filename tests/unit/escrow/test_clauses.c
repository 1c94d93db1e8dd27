/* SPDX-License-Identifier: Apache-2.0 */
/* What a clause may ask for beside a number: an order, a window, others in their place, keys in hardware. */
#include "unit/escrow/bench.h"

#define RULES(rules) "{\"admin_quorum\":2,\"rules\":[" rules "]}"

static void policy(struct world *w, const char *scope, const char *text)
{
    custody_err err = world_policy(w, scope, text);
    if (err != CUSTODY_OK)
        fail_msg("%s: %s %s", text, custody_err_name(err), w->error.detail);
}

#define escalate(w, id, who) world_decide(w, id, who, CTY_ESCALATE)

/* Once escalated, others decide, and those who could before no longer do. */
static void escalated_by_a_decision(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    policy(w, "ledger", RULES("{\"approvals\":2,\"effect\":\"hold\",\"escalation\":{\"parties\":[\"globex\"],"
                              "\"roles\":[\"finance\"]},\"roles\":[\"approver\"]}"));
    assert_ok(world_person(w, "globex/fay", "finance", "globex/fay"));
    struct cty_hash id = case_held(w);
    assert_refused(approve(w, &id, "globex/gina"), "wrong-role");
    assert_ok(approve(w, &id, "acme/a"));
    make_decision(w, &st, &id, "acme/carol", CTY_APPROVE);
    assert_refused(escalate(w, &id, "acme/a"), "duplicate-human");
    assert_refused(escalate(w, &id, "acme/owen"), "self-approval");
    assert_refused(escalate(w, &id, "globex/fay"), "wrong-role");
    assert_ok(escalate(w, &id, "acme/b"));
    assert_state(w, &id, "HELD");
    /* Whoever had read the case before has to look again: what is answered has moved. */
    assert_refused(submit(w, &st), "stale-after");
    assert_refused(approve(w, &id, "acme/carol"), "wrong-role");
    assert_refused(escalate(w, &id, "acme/carol"), "wrong-role");
    assert_refused(escalate(w, &id, "globex/gina"), "no-escalation");
    /* What was approved before counts on, and the new ones may reject, patch and cancel too. */
    assert_ok(approve(w, &id, "globex/gina"));
    assert_state(w, &id, "RELEASED");
    assert_ok(world_consume(w, &id, "acme/bot"));
    struct cty_hash other = case_held(w);
    assert_ok(escalate(w, &other, "acme/b"));
    assert_ok(world_patch(w, &other, "globex/fay", "[]", "{}"));
    /* The patch opened a new instance, where those of the clause decide again. */
    assert_refused(approve(w, &other, "globex/fay"), "wrong-role");
    assert_ok(approve(w, &other, "acme/b"));
}

static void nobody_to_escalate_to(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    assert_refused(escalate(w, &id, "acme/a"), "no-escalation");
    policy(w, "ledger", RULES("{\"approvals\":1,\"effect\":\"hold\",\"escalation\":{\"roles\":[\"finance\"]},"
                              "\"roles\":[\"approver\"]}"));
    struct cty_hash next = case_held(w);
    assert_ok(escalate(w, &next, "acme/a"));
    assert_ok(approve(w, &next, "acme/finn"));
}

/* By itself, the moment after its own; nobody writes an entry for that. */
static void escalated_by_a_deadline(void **state)
{
    struct world *w = *state;
    policy(w, "ledger", RULES("{\"approvals\":1,\"decide_ms\":600000,\"effect\":\"hold\","
                              "\"escalation\":{\"after_ms\":60000,\"roles\":[\"finance\"]},\"roles\":[\"approver\"]}"));
    struct cty_hash id = case_held(w), early = case_held(w);
    assert_int_equal(case_get(w, &id)->quorum[0].escalation.at, w->time + MINUTE);
    w->time += MINUTE;
    assert_refused(approve(w, &id, "acme/finn"), "wrong-role");
    assert_ok(approve(w, &early, "acme/a"));
    w->time++;
    assert_refused(approve(w, &id, "acme/a"), "wrong-role");
    assert_refused(escalate(w, &id, "acme/finn"), "no-escalation");
    assert_ok(approve(w, &id, "acme/finn"));
    assert_ok(world_consume(w, &id, "acme/bot"));
    assert_ok(world_consume(w, &early, "acme/bot"));
}

/* Only the clauses that ask the one who escalates, and name somebody. */
static void one_clause_of_two_is_escalated(void **state)
{
    struct world *w = *state;
    policy(w, "ledger", RULES("{\"approvals\":1,\"effect\":\"hold\",\"escalation\":{\"roles\":[\"finance\"]},"
                              "\"roles\":[\"approver\"]}"));
    policy(w, "acme", RULES("{\"approvals\":1,\"effect\":\"hold\",\"escalation\":{\"roles\":[\"admin\"]},"
                            "\"roles\":[\"finance\"]}"));
    struct cty_hash id = case_held(w);
    assert_ok(escalate(w, &id, "acme/carol"));
    assert_int_equal(case_get(w, &id)->escalated, 1);
    assert_refused(escalate(w, &id, "acme/carol"), "wrong-role");
    /* Finn is asked by both now; the second may still be escalated. */
    assert_ok(escalate(w, &id, "acme/finn"));
    assert_int_equal(case_get(w, &id)->escalated, 3);
    assert_ok(approve(w, &id, "acme/a"));
    assert_state(w, &id, "HELD");
    assert_ok(approve(w, &id, "acme/finn"));
    assert_state(w, &id, "RELEASED");
}

/* Approval number i by role number i, each naming the one before. */
static void in_order(void **state)
{
    struct world *w = *state;
    policy(w, "ledger", RULES("{\"approvals\":3,\"effect\":\"hold\",\"ordered\":true,"
                              "\"roles\":[\"finance\",\"approver\",\"admin\"]}"));
    struct cty_hash id = case_held(w);
    assert_refused(approve(w, &id, "acme/carol"), "out-of-order");
    assert_refused(approve(w, &id, "acme/a"), "out-of-order");
    assert_ok(approve(w, &id, "acme/finn"));
    assert_ok(approve(w, &id, "acme/a")); /* as an approver */
    assert_refused(approve(w, &id, "acme/carol"), "out-of-order");
    assert_ok(approve(w, &id, "acme/b"));
    assert_state(w, &id, "RELEASED");
    /* A reject, a question and a patch have no order. */
    id = case_held(w);
    assert_ok(world_question(w, &id, "acme/a", "Why?", NULL));
    assert_ok(world_patch(w, &id, "acme/a", "[]", "{}"));
    assert_ok(world_decide(w, &id, "acme/a", CTY_REJECT));
}

/* The one who was first no longer counts: the next place is the first again. */
static void an_order_that_begins_anew(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    policy(w, "ledger", RULES("{\"approvals\":2,\"effect\":\"hold\",\"ordered\":true,"
                              "\"roles\":[\"finance\",\"approver\"]}"));
    struct cty_hash id = case_held(w);
    make_decision(w, &st, &id, "acme/finn", CTY_APPROVE);
    st.u.decision.expires = w->time;
    assert_ok(submit(w, &st));
    w->time++;
    assert_refused(approve(w, &id, "acme/carol"), "out-of-order");
    make_decision(w, &st, &id, "acme/finn", CTY_APPROVE);
    assert_ok(submit(w, &st));
    assert_ok(approve(w, &id, "acme/carol"));
    assert_state(w, &id, "RELEASED");
}

/* Where approvals have no order, none names another. */
static void previous_without_an_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/a"));
    make_decision(w, &st, &id, "acme/b", CTY_APPROVE);
    st.u.decision.previous = (struct cty_opt_hash){case_get(w, &id)->decisions[0].digest, true};
    assert_refused(submit(w, &st), "out-of-order");
    st.u.decision.previous.present = false;
    assert_ok(submit(w, &st));
}

/* Escalated, a clause has no order any more. */
static void an_order_ends_with_an_escalation(void **state)
{
    struct world *w = *state;
    policy(w, "ledger", RULES("{\"approvals\":2,\"effect\":\"hold\",\"escalation\":{\"roles\":[\"admin\"]},"
                              "\"ordered\":true,\"roles\":[\"finance\",\"approver\"]}"));
    struct cty_hash id = case_held(w);
    assert_refused(approve(w, &id, "acme/carol"), "out-of-order");
    assert_ok(escalate(w, &id, "acme/carol"));
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &id, "acme/b"));
    assert_state(w, &id, "RELEASED");
}

/* An approval waits for the others so long, to the millisecond; the shortest window holds for all clauses. */
static void within_a_window(void **state)
{
    struct world *w = *state;
    policy(w, "ledger", RULES("{\"approvals\":2,\"effect\":\"hold\",\"roles\":[\"approver\"],\"window_ms\":120000}"));
    policy(w, "acme", RULES("{\"approvals\":1,\"effect\":\"hold\",\"roles\":[\"finance\"],\"window_ms\":60000}"));
    struct cty_hash id = case_held(w), late = case_held(w);
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &late, "acme/a"));
    assert_ok(approve(w, &id, "acme/finn"));
    assert_ok(approve(w, &late, "acme/finn"));
    w->time += MINUTE;
    assert_ok(approve(w, &id, "acme/b"));
    assert_state(w, &id, "RELEASED");
    w->time++;
    assert_ok(approve(w, &late, "acme/b"));
    assert_state(w, &late, "HELD");
    assert_ok(approve(w, &late, "acme/a"));
    assert_ok(approve(w, &late, "acme/finn"));
    assert_state(w, &late, "RELEASED");
    /* After the release the window is not read any more. */
    w->time += 10 * MINUTE;
    assert_ok(world_consume(w, &id, "acme/bot"));
}

/* Of two clauses one asks for hardware: a person whom that one alone asks needs it, whoever is asked by the other does not. */
static void hardware_in_one_clause(void **state)
{
    struct world *w = *state;
    policy(w, "ledger", RULES("{\"approvals\":1,\"effect\":\"hold\",\"roles\":[\"approver\"]}"));
    policy(w, "acme", RULES("{\"approvals\":1,\"effect\":\"hold\",\"key_custody\":\"hardware\","
                            "\"roles\":[\"finance\",\"approver\"]}"));
    struct cty_enrolment token = bench_person(w, "acme/token", "finance", "acme/token");
    token.key_custody = CTY_KEY_HARDWARE;
    assert_ok(world_enrol(w, &token));
    struct cty_hash id = case_held(w);
    assert_refused(approve(w, &id, "acme/finn"), "key-class");
    assert_ok(approve(w, &id, "acme/a"));
    assert_state(w, &id, "HELD");
    assert_ok(approve(w, &id, "acme/token"));
    assert_state(w, &id, "RELEASED");
}

/* A pass by the ledger's founders is no conflict while one of them stands outside. */
static void conflict_of_the_founding_policy(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id;
    assert_ok(world_agent(w, "operator/own", "operator/ada"));
    make_request(w, &st, "operator/own", "operator/own", "ping");
    assert_ok(world_submit(w, &st, &id));
    assert_state(w, &id, "RELEASED");
    make_request(w, &st, "operator/own", "operator/own", "ping");
    st.u.request.behalf.names[st.u.request.behalf.count++] = CTY_LITERAL("operator/otto");
    assert_ok(world_submit(w, &st, &id));
    assert_state(w, &id, "HELD"); /* all policies are silent */
    assert_ok(world_person(w, "operator/nora", "approver", "operator/nora"));
    assert_ok(approve(w, &id, "operator/nora"));
    assert_state(w, &id, "RELEASED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(escalated_by_a_decision),
        BENCH_TEST(nobody_to_escalate_to),
        BENCH_TEST(escalated_by_a_deadline),
        BENCH_TEST(one_clause_of_two_is_escalated),
        BENCH_TEST(in_order),
        BENCH_TEST(an_order_that_begins_anew),
        BENCH_TEST(previous_without_an_order),
        BENCH_TEST(an_order_ends_with_an_escalation),
        BENCH_TEST(within_a_window),
        BENCH_TEST(hardware_in_one_clause),
        BENCH_TEST(conflict_of_the_founding_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
