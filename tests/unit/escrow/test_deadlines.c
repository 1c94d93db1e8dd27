/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines bind without an entry: each is tried one before it, at it and one after it. */
#include "unit/escrow/bench.h"

static void at(struct world *w, uint64_t time)
{
    w->time = time;
}

/* A HELD case takes decisions and patches up to its decide_by, and an expiry after it. */
static void held_until_decide_by(void **state)
{
    struct world *w = *state;
    for (int offset = -1; offset <= 1; offset++) {
        struct cty_hash decided = case_held(w);
        struct cty_hash patched = case_held(w);
        uint64_t due = case_get(w, &decided)->decide_by;
        assert_int_equal(due, w->time + DAY);
        at(w, due + (uint64_t)offset);
        assert_state(w, &decided, offset > 0 ? "EXPIRED" : "HELD");
        assert_refused(world_expire(w, &decided), offset > 0 ? "ok" : "not-due");
        assert_refused(approve(w, &decided, "acme/a"), offset > 0 ? "state-illegal" : "ok");
        assert_refused(world_patch(w, &patched, "acme/b", "[]", "{}"), offset > 0 ? "deadline-passed" : "ok");
    }
}

/* Past the deadline, and no expiry stands: the refusal says so, for each type. */
static void held_past_decide_by_without_expiry(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    at(w, case_get(w, &id)->decide_by + 1);
    assert_refused(approve(w, &id, "acme/a"), "deadline-passed");
    assert_refused(world_decide(w, &id, "acme/a", CTY_REJECT), "deadline-passed");
    assert_refused(world_patch(w, &id, "acme/b", "[]", "{}"), "deadline-passed");
    assert_refused(world_cancel(w, &id, "acme/bot"), "deadline-passed");
    assert_refused(world_consume(w, &id, "acme/bot"), "state-illegal");
    assert_refused(world_outcome(w, &id, "acme/bot", CTY_OUTCOME_FAILED), "state-illegal");
    assert_ok(world_expire(w, &id));
    assert_state(w, &id, "EXPIRED");
    assert_refused(world_cancel(w, &id, "acme/bot"), "state-illegal");
    assert_refused(world_expire(w, &id), "state-illegal");
}

static void cancelled_until_decide_by(void **state)
{
    struct world *w = *state;
    for (int offset = -1; offset <= 1; offset++) {
        struct cty_hash id = case_held(w);
        at(w, case_get(w, &id)->decide_by + (uint64_t)offset);
        assert_refused(world_cancel(w, &id, "acme/bot"), offset > 0 ? "deadline-passed" : "ok");
        assert_state(w, &id, offset > 0 ? "EXPIRED" : "CANCELLED");
    }
}

static void released_until_use_by(void **state)
{
    struct world *w = *state;
    for (int offset = -1; offset <= 1; offset++) {
        struct cty_hash used = case_released(w);
        struct cty_hash cancelled = case_released(w);
        uint64_t due = case_get(w, &used)->use_by;
        assert_int_equal(due, w->time + HOUR);
        at(w, due + (uint64_t)offset);
        assert_state(w, &used, offset > 0 ? "LAPSED" : "RELEASED");
        if (offset <= 0)
            assert_refused(world_expire(w, &used), "not-due");
        assert_refused(world_consume(w, &used, "acme/bot"), offset > 0 ? "deadline-passed" : "ok");
        assert_refused(world_cancel(w, &cancelled, "acme/bot"), offset > 0 ? "deadline-passed" : "ok");
        if (offset > 0) {
            assert_ok(world_expire(w, &used));
            assert_state(w, &used, "LAPSED");
            assert_refused(world_consume(w, &used, "acme/bot"), "state-illegal");
        }
    }
}

static void reported_until_report_by(void **state)
{
    struct world *w = *state;
    for (int offset = -1; offset <= 1; offset++) {
        struct cty_hash id = case_consumed(w);
        uint64_t due = case_get(w, &id)->report_by;
        assert_int_equal(due, w->time + DAY);
        at(w, due + (uint64_t)offset);
        assert_state(w, &id, offset > 0 ? "UNREPORTED" : "CONSUMED");
        if (offset <= 0)
            assert_refused(world_expire(w, &id), "not-due");
        assert_ok(world_outcome(w, &id, "acme/bot", CTY_OUTCOME_UNKNOWN));
        assert_state(w, &id, "UNKNOWN");
        assert_int_equal(case_get(w, &id)->late, offset > 0);
        assert_refused(world_outcome(w, &id, "acme/bot", CTY_OUTCOME_FULFILLED), "state-illegal");
    }
}

/* UNREPORTED takes one late outcome, however late, and nothing else. */
static void one_late_outcome(void **state)
{
    static const char *const names[] = {"FULFILLED", "FAILED", "UNKNOWN"};
    struct world *w = *state;
    for (int outcome = 0; outcome < 3; outcome++) {
        struct cty_hash id = case_consumed(w);
        at(w, case_get(w, &id)->report_by + 1);
        assert_ok(world_expire(w, &id));
        at(w, w->time + 400 * DAY);
        assert_state(w, &id, "UNREPORTED");
        assert_refused(world_consume(w, &id, "acme/bot"), "double-consume");
        assert_refused(world_cancel(w, &id, "acme/bot"), "state-illegal");
        assert_ok(world_outcome(w, &id, "acme/bot", (enum cty_outcome)outcome));
        assert_state(w, &id, names[outcome]);
        assert_true(case_get(w, &id)->late);
        assert_refused(world_outcome(w, &id, "acme/bot", CTY_OUTCOME_FULFILLED), "state-illegal");
        assert_refused(world_expire(w, &id), "state-illegal");
    }
}

static void statements_until_until(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    uint64_t base = w->time;
    for (int offset = -1; offset <= 1; offset++) {
        at(w, base);
        make_request(w, &st, "acme/bot", "acme/bot", "ping");
        st.until = base + 10 * MINUTE;
        at(w, st.until + (uint64_t)offset);
        assert_refused(submit(w, &st), offset > 0 ? "past-until" : "ok");
        base = w->time;
    }
}

/* The signer's own clock is a claim: whatever it says, the statement stands. */
static void claimed_time_is_not_judged(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    static const uint64_t times[] = {0, 1, WORLD_START - DAY, WORLD_START + DAY, CTY_NUMBER_MAX};
    for (size_t i = 0; i < CTY_COUNT_OF(times); i++) {
        make_request(w, &st, "acme/bot", "acme/bot", "ping");
        st.time = times[i];
        assert_ok(submit(w, &st));
    }
}

static void request_bounds_all_deadlines(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id;
    make_request(w, &st, "acme/bot", "acme/bot", "refund");
    st.u.request.expires = w->time + 10 * MINUTE;
    assert_ok(world_submit(w, &st, &id));
    assert_int_equal(case_get(w, &id)->decide_by, w->time + 10 * MINUTE);
    at(w, w->time + 5 * MINUTE);
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &id, "acme/b"));
    assert_int_equal(case_get(w, &id)->use_by, w->time + 5 * MINUTE);
    make_request(w, &st, "acme/bot", "acme/bot", "ping");
    st.u.request.expires = w->time;
    assert_ok(world_submit(w, &st, &id));
    assert_int_equal(case_get(w, &id)->use_by, w->time);
    assert_ok(world_consume(w, &id, "acme/bot"));
    make_request(w, &st, "acme/bot", "acme/bot", "ping");
    st.u.request.expires = w->time - 1;
    assert_refused(submit(w, &st), "deadline-passed");
}

/* A release may be used no longer than the first of its approvals lasts. */
static void approvals_bound_the_release(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    make_decision(w, &st, &id, "acme/a", CTY_APPROVE);
    st.u.decision.expires = w->time + 20 * MINUTE;
    assert_ok(submit(w, &st));
    at(w, w->time + MINUTE);
    make_decision(w, &st, &id, "acme/b", CTY_APPROVE);
    st.u.decision.expires = w->time + 30 * MINUTE;
    assert_ok(submit(w, &st));
    assert_int_equal(case_get(w, &id)->use_by, w->time + 19 * MINUTE);
    at(w, w->time + 19 * MINUTE);
    assert_ok(world_consume(w, &id, "acme/bot"));
}

/* An approval counts at its expiry and not after; the same person may then decide again. */
static void approval_expires_before_the_quorum(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    for (int offset = -1; offset <= 1; offset++) {
        struct cty_hash id = case_held(w);
        make_decision(w, &st, &id, "acme/a", CTY_APPROVE);
        st.u.decision.expires = w->time + 10 * MINUTE;
        assert_ok(submit(w, &st));
        assert_refused(approve(w, &id, "acme/a"), "duplicate-human");
        at(w, w->time + 10 * MINUTE + (uint64_t)offset);
        assert_ok(approve(w, &id, "acme/b"));
        assert_state(w, &id, offset > 0 ? "HELD" : "RELEASED");
        if (offset <= 0)
            continue;
        assert_refused(approve(w, &id, "acme/b"), "duplicate-human");
        assert_ok(approve(w, &id, "acme/a"));
        assert_state(w, &id, "RELEASED");
        assert_int_equal(case_get(w, &id)->decisions_count, 2);
    }
}

static void decision_expires_at_its_entry(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    make_decision(w, &st, &id, "acme/a", CTY_APPROVE);
    st.u.decision.expires = w->time - 1;
    assert_refused(submit(w, &st), "approval-expired");
    st.u.decision.expires = w->time;
    assert_ok(submit(w, &st));
    make_decision(w, &st, &id, "acme/b", CTY_REJECT);
    st.u.decision.expires = w->time - 1;
    assert_refused(submit(w, &st), "approval-expired");
    st.u.decision.expires = w->time;
    assert_ok(submit(w, &st));
}

/* Validity of keys: from and until are both in it. */
static void validity_of_keys(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_enrolment agent = bench_agent(w, "acme/brief", "acme/owen");
    uint64_t from = agent.valid_from = w->time + 10 * MINUTE;
    uint64_t until = agent.valid_until = w->time + 20 * MINUTE;
    assert_ok(world_enrol(w, &agent));
    const struct {
        uint64_t time;
        const char *code;
    } rows[] = {{from - 1, "key-not-valid"}, {from, "ok"}, {until, "ok"}, {until + 1, "key-not-valid"}};
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        at(w, rows[i].time);
        make_request(w, &st, "acme/brief", "acme/brief", "ping");
        assert_refused(submit(w, &st), rows[i].code);
        make_request(w, &st, "acme/bot", "acme/brief", "ping");
        assert_refused(submit(w, &st), strcmp(rows[i].code, "ok") == 0 ? "ok" : "wrong-executor");
    }
}

static void validity_of_an_owner(void **state)
{
    struct world *w = *state;
    struct cty_enrolment owner = bench_person(w, "acme/brief", NULL, "brief");
    struct cty_enrolment agent = bench_agent(w, "acme/robot", "acme/brief");
    owner.valid_until = w->time + MINUTE;
    assert_ok(world_enrol(w, &owner));
    at(w, w->time + MINUTE + 1);
    assert_refused(world_enrol(w, &agent), "bad-owner");
    at(w, w->time - 1);
    assert_ok(world_enrol(w, &agent));
}

static void validity_ends_after_the_entry(void **state)
{
    struct world *w = *state;
    struct cty_enrolment person = bench_person(w, "acme/late", NULL, "late");
    person.valid_until = w->time;
    assert_refused(world_enrol(w, &person), "back-dated");
    person.valid_until = w->time + 1;
    person.valid_from = w->time + 1;
    assert_refused(world_enrol(w, &person), "back-dated");
    person.valid_from = w->time;
    assert_ok(world_enrol(w, &person));
}

/* Times near the end of what a number can hold: deadlines stop there, and records can still be read. */
static void deadlines_end_with_numbers(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id, held;
    at(w, CTY_NUMBER_MAX - MINUTE);
    make_request(w, &st, "acme/bot", "acme/bot", "ping");
    st.u.request.expires = st.until = CTY_NUMBER_MAX;
    assert_ok(world_submit(w, &st, &id));
    assert_int_equal(case_get(w, &id)->use_by, CTY_NUMBER_MAX);
    make_request(w, &st, "acme/bot", "acme/bot", "refund");
    st.u.request.expires = st.until = CTY_NUMBER_MAX;
    assert_ok(world_submit(w, &st, &held));
    assert_int_equal(case_get(w, &held)->decide_by, CTY_NUMBER_MAX);
    make_consume(w, &st, &id, "acme/bot");
    st.until = CTY_NUMBER_MAX;
    assert_ok(submit(w, &st));
    assert_int_equal(case_get(w, &id)->report_by, CTY_NUMBER_MAX);
    make_outcome(w, &st, &id, "acme/bot");
    st.until = CTY_NUMBER_MAX;
    assert_ok(submit(w, &st));
}

/* A ledger whose clock stands at 0 has deadlines too. */
static void deadlines_at_the_beginning_of_time(void **state)
{
    (void)state;
    struct world *w = bench_empty();
    struct cty_statement st;
    struct cty_hash id;
    w->time = 0;
    world_open(w, BENCH_POLICY);
    world_party(w, "acme");
    assert_ok(world_person(w, "acme/owen", NULL, "owen"));
    assert_ok(world_agent(w, "acme/bot", "acme/owen"));
    make_request(w, &st, "acme/bot", "acme/bot", "refund");
    st.u.request.expires = 0;
    assert_ok(world_submit(w, &st, &id));
    assert_state(w, &id, "HELD");
    w->time = 1;
    assert_state(w, &id, "EXPIRED");
    assert_refused(approve(w, &id, "acme/a"), "deadline-passed");
    assert_ok(world_expire(w, &id));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(held_until_decide_by),
        BENCH_TEST(held_past_decide_by_without_expiry),
        BENCH_TEST(cancelled_until_decide_by),
        BENCH_TEST(released_until_use_by),
        BENCH_TEST(reported_until_report_by),
        BENCH_TEST(one_late_outcome),
        BENCH_TEST(statements_until_until),
        BENCH_TEST(claimed_time_is_not_judged),
        BENCH_TEST(request_bounds_all_deadlines),
        BENCH_TEST(approvals_bound_the_release),
        BENCH_TEST(approval_expires_before_the_quorum),
        BENCH_TEST(decision_expires_at_its_entry),
        BENCH_TEST(validity_of_keys),
        BENCH_TEST(validity_of_an_owner),
        BENCH_TEST(validity_ends_after_the_entry),
        BENCH_TEST(deadlines_end_with_numbers),
        cmocka_unit_test(deadlines_at_the_beginning_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
