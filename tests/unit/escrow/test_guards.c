/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways around the law that each took several lawful steps: a stranger's pass, a quorum by the back door, an offer over
 * something else, a thief's handoff that lives on in its children, an escalation undone, a no that finds no room. Each
 * stands beside the lawful step that it imitates.
 */
#include "unit/escrow/bench.h"
#include "escrow/fold.h"

#define RULES(rules) "{\"admin_quorum\":2,\"rules\":[" rules "]}"
#define PASS RULES("{\"effect\":\"pass\"}")
#define HOLD_FOR(roles, escalation) \
    RULES("{\"approvals\":1,\"effect\":\"hold\"," escalation "\"roles\":[\"" roles "\"]}")
#define TO_FINANCE "\"escalation\":{\"roles\":[\"finance\"]},"

static int setup(void **state)
{
    bench_setup(state);
    world_vendor(*state, "initech");
    return 0;
}

#define GUARD(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)

static custody_err may_read(struct world *w, const struct cty_hash *id, const char *who, const char *member)
{
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    cty_view_clear(&w->view);
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        err = cty_may_read(&w->view, id, cty_bytes_text(who), cty_bytes_text(member), w->time, &w->error);
        if (err == CUSTODY_E_VIEW_INCOMPLETE)
            assert_ok(cty_memory_fill(w->memory, &w->view, NULL, NULL));
    }
    return err;
}

static void assert_clause(struct world *w, const struct cty_hash *id, uint32_t place, const char *scope, const char *party)
{
    const struct cty_case *c = case_get(w, id);
    assert_true(place < c->quorum_count);
    assert_bytes_text(c->quorum[place].scope, scope);
    assert_int_equal(c->quorum[place].approvals, 1);
    assert_bytes_text(c->quorum[place].roles.names[0], "approver");
    assert_bytes_text(c->quorum[place].parties.names[0], party);
}

/* ---- a stranger's pass ---- */

static void nobody_passes_for_the_requesters_party(void **state)
{
    struct world *w = *state;
    assert_ok(world_policy(w, "ledger", RULES("")));
    assert_ok(world_policy(w, "initech", PASS));
    struct cty_hash id = case_of(w, "acme/bot", "acme/bot", "refund");
    assert_ok(world_hand(w, &id, "initech/x"));
    assert_state(w, &id, "HELD");
    assert_int_equal(case_get(w, &id)->quorum_count, 1);
    assert_clause(w, &id, 0, "ledger", "acme");
    assert_refused(approve(w, &id, "initech/a"), "wrong-role");
    assert_ok(approve(w, &id, "acme/a"));
    assert_state(w, &id, "RELEASED");
    /* Nor at the request. */
    id = case_of(w, "acme/bot", "initech/x", "refund");
    assert_state(w, &id, "HELD");
    /* Acme's own pass is one, and so is the ledger's. */
    assert_ok(world_policy(w, "acme", PASS));
    id = case_of(w, "acme/bot", "initech/x", "refund");
    assert_state(w, &id, "RELEASED");
    assert_ok(world_policy(w, "acme", RULES("")));
    assert_ok(world_policy(w, "ledger", PASS));
    id = case_of(w, "acme/bot", "initech/x", "refund");
    assert_state(w, &id, "RELEASED");
}

static void a_strangers_hold_and_deny_count(void **state)
{
    struct world *w = *state;
    assert_ok(world_policy(w, "ledger", RULES("")));
    assert_ok(world_policy(w, "initech",
                           RULES("{\"approvals\":1,\"effect\":\"hold\",\"parties\":[\"$holder\"],\"roles\":[\"approver\"]}")));
    struct cty_hash id = case_of(w, "acme/bot", "initech/x", "refund");
    assert_int_equal(case_get(w, &id)->quorum_count, 2);
    assert_clause(w, &id, 0, "initech", "initech");
    assert_clause(w, &id, 1, "ledger", "acme");
    assert_ok(approve(w, &id, "initech/a"));
    assert_state(w, &id, "HELD");
    assert_ok(approve(w, &id, "acme/a"));
    assert_state(w, &id, "RELEASED");
    assert_ok(world_policy(w, "initech", RULES("{\"effect\":\"deny\"}")));
    id = case_of(w, "acme/bot", "initech/x", "refund");
    assert_state(w, &id, "REFUSED");
}

/* A pass in conflict is silence, which another party's pass doesn't fill. */
static void a_pass_in_conflict_is_silence(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id;
    assert_ok(world_policy(w, "ledger", RULES("")));
    assert_ok(world_policy(w, "acme", PASS));
    assert_ok(world_policy(w, "initech", PASS));
    make_request(w, &st, "acme/bot", "initech/x", "refund");
    st.u.request.behalf.names[0] = CTY_LITERAL("acme/a");
    st.u.request.behalf.count = 1;
    assert_ok(world_submit(w, &st, &id));
    assert_state(w, &id, "RELEASED");
    make_request(w, &st, "acme/bot", "initech/x", "refund");
    st.u.request.behalf.names[0] = CTY_LITERAL("acme/a");
    st.u.request.behalf.names[1] = CTY_LITERAL("acme/b");
    st.u.request.behalf.count = 2;
    assert_ok(world_submit(w, &st, &id));
    assert_state(w, &id, "HELD");
    assert_clause(w, &id, 0, "ledger", "acme");
}

/* ---- the ledger's quorum by the back door ---- */

static void third_admin(struct world *w)
{
    struct cty_statement st;
    struct cty_enrolment third = bench_person(w, "operator/third", "admin", "operator/third");
    make_enrol(w, &st, &third);
    assert_ok(submit(w, &st));
}

/* Refused with two of the operator's admins, taken with three. */
static void assert_needs_three(struct world *w, struct cty_statement *st)
{
    assert_refused(submit(w, st), "under-threshold");
    world_add_signer(w, st, "operator/third");
    assert_ok(submit(w, st));
}

static void admins_of_the_operator_need_the_ledgers_quorum(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    third_admin(w);
    assert_ok(world_policy(w, "ledger", "{\"admin_quorum\":3,\"rules\":[]}"));
    struct cty_enrolment e = bench_person(w, "operator/fourth", "admin", "operator/fourth");
    make_enrol(w, &st, &e);
    assert_needs_three(w, &st);
    make_revoke(w, &st, "operator/fourth", "operator/ada", "operator/otto", w->time);
    assert_needs_three(w, &st);
    make_policy(w, &st, "operator", PASS);
    assert_needs_three(w, &st);
    /* Who is no admin concerns the party only, and so does another party's admin. */
    e = bench_person(w, "operator/pia", "approver", "operator/pia");
    make_enrol(w, &st, &e);
    assert_ok(submit(w, &st));
    assert_ok(world_revoke(w, "operator/pia", "operator/ada", "operator/otto", w->time));
    e = bench_person(w, "acme/more", "admin", "acme/more");
    make_enrol(w, &st, &e);
    assert_ok(submit(w, &st));
    assert_ok(world_policy(w, "acme", PASS));
    assert_ok(world_revoke(w, "operator/third", "operator/third", NULL, w->time)); /* one's own key is one's own */
}

static void the_operators_own_quorum_counts_where_it_is_more(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    third_admin(w);
    assert_ok(world_policy(w, "operator", "{\"admin_quorum\":3,\"rules\":[]}"));
    struct cty_enrolment e = bench_person(w, "operator/fourth", "admin", "operator/fourth");
    make_enrol(w, &st, &e);
    assert_needs_three(w, &st);
    make_policy(w, &st, "operator", "{\"admin_quorum\":1,\"rules\":[]}");
    assert_needs_three(w, &st);
    /* Now the ledger's two. */
    make_revoke(w, &st, "operator/fourth", "operator/ada", NULL, w->time);
    assert_refused(submit(w, &st), "under-threshold");
    assert_ok(world_revoke(w, "operator/fourth", "operator/ada", "operator/otto", w->time));
}

static void recovery_enrols_an_admin_and_no_more(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    assert_ok(world_policy(w, "acme", "{\"admin_quorum\":2,\"recovery\":{\"quorum\":1,\"roles\":[\"finance\"]},\"rules\":[]}"));
    struct cty_enrolment e = bench_person(w, "acme/mole", "admin", "acme/mole");
    e.roles.names[e.roles.count++] = CTY_LITERAL("approver");
    make_enrol(w, &st, &e);
    struct cty_statement by_admins = st;
    st.signers_count = 1;
    world_add_signer(w, &st, "acme/finn");
    assert_refused(submit(w, &st), "wrong-role");
    st.u.actor_enrol.enrolment.roles.count = 1;
    assert_ok(submit(w, &st));
    struct cty_hash id = case_held(w);
    assert_refused(approve(w, &id, "acme/mole"), "wrong-role");
    /* The admins themselves may give both. */
    e = bench_person(w, "acme/both", "admin", "acme/both");
    e.roles.names[e.roles.count++] = CTY_LITERAL("approver");
    make_enrol(w, &by_admins, &e);
    assert_ok(submit(w, &by_admins));
}

/* ---- handoffs ---- */

static void an_offer_is_over_one_payload(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    assert_ok(world_offer(w, &id, "initech/x", NULL, NULL));
    struct cty_hash offered = case_get(w, &id)->payload;
    assert_true(cty_hash_equal(&case_get(w, &id)->offer.payload, &offered));
    w->time += HOUR;
    assert_ok(world_patch(w, &id, "acme/a", "[]", "{\"amount\":1000000}"));
    assert_refused(world_accept(w, &id, "initech/x"), "action-mismatch");
    assert_refused(world_accept(w, &id, "initech/y"), "action-mismatch"); /* before wrong-receiver */
    uint64_t now = w->time;
    w->time = case_get(w, &id)->offer.expires + 1;
    assert_refused(world_accept(w, &id, "initech/x"), "offer-expired"); /* behind it */
    w->time = now;
    /* It can be declined still, and offered anew. */
    make_decline(w, &st, &id, "initech/x");
    assert_ok(submit(w, &st));
    assert_ok(world_hand(w, &id, "initech/x"));
    assert_bytes_text(case_get(w, &id)->holder, "initech/x");
}

static struct cty_hash child_of(struct world *w, const struct cty_hash *id)
{
    struct cty_statement st;
    struct cty_hash child;
    make_child(w, &st, id, "globex/exec");
    st.u.request.action = CTY_LITERAL("ping");
    st.u.request.service = case_get(w, id)->service;
    assert_ok(world_submit(w, &st, &child));
    assert_state(w, &child, "RELEASED");
    return child;
}

static void a_thiefs_handoff_ends_its_children(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_handed(w, "globex/exec");
    uint64_t given = w->time;
    w->time += MINUTE;
    struct cty_hash first = child_of(w, &id), second = child_of(w, &id), third = child_of(w, &id);
    assert_ok(world_consume(w, &first, "globex/exec"));
    assert_ok(world_revoke(w, "acme/bot", "acme/a", "acme/b", given + 1));
    assert_ok(world_consume(w, &second, "globex/exec"));
    assert_ok(world_revoke(w, "acme/bot", "acme/a", "acme/b", given));
    assert_refused(world_consume(w, &third, "globex/exec"), "after-cancellation");
}

static void who_declines_does_not_read_by_it(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    assert_ok(world_offer(w, &id, "initech", NULL, NULL));
    assert_ok(may_read(w, &id, "initech/x", "payload"));
    uint32_t signers = case_get(w, &id)->signers_count;
    assert_ok(world_decline(w, &id, "initech/x"));
    assert_int_equal(case_get(w, &id)->signers_count, signers);
    assert_refused(may_read(w, &id, "initech/x", "payload"), "forbidden");
    assert_refused(may_read(w, &id, "initech/x", "question"), "forbidden");
    /* Who accepts reads, and goes on reading what was once theirs. */
    assert_ok(world_hand(w, &id, "initech/y"));
    assert_ok(may_read(w, &id, "initech/y", "question"));
    assert_ok(world_hand(w, &id, "globex/exec"));
    assert_ok(may_read(w, &id, "initech/y", "payload"));
}

/* ---- escalations ---- */

static void an_escalation_outlives_a_handoff(void **state)
{
    struct world *w = *state;
    assert_ok(world_policy(w, "ledger", HOLD_FOR("approver", TO_FINANCE)));
    struct cty_hash plain = case_of(w, "acme/bot", "acme/bot", "refund");
    struct cty_hash id = case_of(w, "acme/bot", "acme/bot", "refund");
    assert_ok(world_decide(w, &id, "acme/dave", CTY_ESCALATE));
    assert_ok(world_hand(w, &id, "acme/pal"));
    assert_refused(approve(w, &id, "acme/a"), "wrong-role");
    assert_ok(approve(w, &id, "acme/finn"));
    assert_state(w, &id, "RELEASED");
    /* What was not escalated is not by a handoff. */
    assert_ok(world_hand(w, &plain, "acme/pal"));
    assert_refused(approve(w, &plain, "acme/finn"), "wrong-role");
    assert_ok(approve(w, &plain, "acme/a"));
    assert_state(w, &plain, "RELEASED");
}

/* Escalated and released by finance, whose approval was for acme's other agents too. */
static struct cty_hash case_escalated(struct world *w)
{
    struct cty_statement st;
    struct cty_hash id = case_of(w, "acme/bot", "acme/bot", "refund");
    assert_ok(world_decide(w, &id, "acme/dave", CTY_ESCALATE));
    make_decision(w, &st, &id, "acme/finn", CTY_APPROVE);
    st.u.decision.travels.names[0] = CTY_LITERAL("acme");
    st.u.decision.travels.count = 1;
    assert_ok(submit(w, &st));
    assert_state(w, &id, "RELEASED");
    return id;
}

static void an_escalated_approval_travels(void **state)
{
    struct world *w = *state;
    assert_ok(world_policy(w, "ledger", HOLD_FOR("approver", TO_FINANCE)));
    struct cty_hash id = case_escalated(w), other = case_escalated(w), third = case_escalated(w);
    assert_ok(world_hand(w, &id, "acme/pal"));
    assert_state(w, &id, "RELEASED");
    /* Another clause is nobody's escalation: other roles, or no way to escalate. */
    assert_ok(world_policy(w, "ledger", HOLD_FOR("chief", TO_FINANCE)));
    assert_ok(world_hand(w, &other, "acme/pal"));
    assert_state(w, &other, "HELD");
    assert_int_equal(case_get(w, &other)->escalated, 0);
    assert_ok(world_policy(w, "ledger", HOLD_FOR("approver", "")));
    assert_ok(world_hand(w, &third, "acme/pal"));
    assert_state(w, &third, "HELD");
    assert_ok(approve(w, &third, "acme/a"));
    assert_state(w, &third, "RELEASED");
}

/* ---- a full list ---- */

/* As many sign in the case as are kept. */
static struct cty_hash case_crowded(struct world *w, char names[CTY_DECISIONS_MAX][32])
{
    struct cty_hash id = case_of(w, "acme/bot", "globex/exec", "refund"), question;
    assert_state(w, &id, "HELD");
    for (size_t i = 0; i < CTY_DECISIONS_MAX; i++) {
        assert_ok(world_question(w, &id, names[i], "?", &question));
        assert_ok(world_answer(w, &id, "globex/exec", &question, "!"));
    }
    return id;
}

static void a_crowd_keeps_no_no_out(void **state)
{
    static char names[CTY_DECISIONS_MAX][32];
    struct world *w = *state;
    struct cty_hash question;
    assert_ok(world_policy(w, "globex",
                           RULES("{\"approvals\":1,\"effect\":\"hold\",\"parties\":[\"globex\"],\"roles\":[\"approver\"]}")));
    for (size_t i = 0; i < CTY_DECISIONS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "globex/crowd%zu", i);
        assert_ok(world_person(w, names[i], "approver", names[i]));
    }
    struct cty_hash id = case_crowded(w, names), other = case_crowded(w, names);
    assert_refused(world_question(w, &id, "acme/a", "?", &question), "limit-reached");
    assert_refused(approve(w, &id, "acme/a"), "limit-reached");
    assert_ok(world_question(w, &id, names[0], "?", &question)); /* stands in the list */
    assert_ok(world_decide(w, &id, "acme/a", CTY_REJECT));
    assert_state(w, &id, "REJECTED");
    assert_int_equal(case_get(w, &id)->signers_count, CTY_DECISIONS_MAX);
    assert_ok(world_cancel(w, &other, "acme/b"));
    assert_state(w, &other, "CANCELLED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUARD(nobody_passes_for_the_requesters_party),
        GUARD(a_strangers_hold_and_deny_count),
        GUARD(a_pass_in_conflict_is_silence),
        GUARD(admins_of_the_operator_need_the_ledgers_quorum),
        GUARD(the_operators_own_quorum_counts_where_it_is_more),
        GUARD(recovery_enrols_an_admin_and_no_more),
        GUARD(an_offer_is_over_one_payload),
        GUARD(a_thiefs_handoff_ends_its_children),
        GUARD(who_declines_does_not_read_by_it),
        GUARD(an_escalation_outlives_a_handoff),
        GUARD(an_escalated_approval_travels),
        GUARD(a_crowd_keeps_no_no_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
