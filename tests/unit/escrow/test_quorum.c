/* SPDX-License-Identifier: Apache-2.0 */
/* Who counts: approvals, clauses, persons, parties, revocations and the ancestry. */
#include "unit/escrow/bench.h"

#define RULES(rules) "{\"admin_quorum\":2,\"rules\":[" rules "]}"

static void policy(struct world *w, const char *scope, const char *text)
{
    custody_err err = world_policy(w, scope, text);
    if (err != CUSTODY_OK)
        fail_msg("%s: %s %s", text, custody_err_name(err), w->error.detail);
}

static void hold(struct world *w, const char *scope, int approvals, const char *roles, const char *parties,
                 bool distinct)
{
    char text[500];
    snprintf(text, sizeof(text),
             RULES("{\"approvals\":%d,%s\"effect\":\"hold\",\"match\":{\"action\":\"x\"},\"parties\":[%s],"
                   "\"roles\":[%s]}"),
             approvals, distinct ? "\"distinct_parties\":true," : "", parties, roles);
    policy(w, scope, text);
}

static struct cty_hash ask(struct world *w)
{
    return case_of(w, "acme/bot", "globex/exec", "x");
}

static void progress_is(struct world *w, const struct cty_hash *id, uint64_t first, uint64_t second)
{
    uint64_t counts[CTY_POLICIES_MAX] = {0};
    uint32_t clauses = 0;
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    cty_view_clear(&w->view);
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        err = cty_quorum_progress(&w->view, id, w->time, counts, &clauses, &w->error);
        if (err == CUSTODY_E_VIEW_INCOMPLETE)
            assert_ok(cty_memory_fill(w->memory, &w->view, NULL, NULL));
    }
    assert_ok(err);
    assert_int_equal(counts[0], first);
    assert_int_equal(counts[1], second);
}

static void the_quorum_is_met_by_the_last_approval(void **state)
{
    struct world *w = *state;
    static const char *const people[] = {"acme/a", "acme/b", "acme/carol", "acme/dave"};
    for (int approvals = 1; approvals <= 4; approvals++) {
        hold(w, "ledger", approvals, "\"approver\"", "\"$requester\"", false);
        struct cty_hash id = ask(w);
        for (int i = 0; i < approvals; i++) {
            assert_state(w, &id, "HELD");
            progress_is(w, &id, (uint64_t)i, 0);
            assert_ok(approve(w, &id, people[i]));
        }
        assert_state(w, &id, "RELEASED");
        progress_is(w, &id, (uint64_t)approvals, 0);
        assert_refused(approve(w, &id, "acme/dave"), "state-illegal");
        assert_ok(world_consume(w, &id, "globex/exec"));
    }
}

static void one_reject_ends_it(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(world_decide(w, &id, "acme/b", CTY_REJECT));
    assert_state(w, &id, "REJECTED");
    assert_refused(approve(w, &id, "acme/carol"), "state-illegal");
    assert_refused(world_patch(w, &id, "acme/carol", "[]", "{}"), "state-illegal");
    assert_refused(world_cancel(w, &id, "acme/bot"), "state-illegal");
    assert_refused(world_consume(w, &id, "acme/bot"), "state-illegal");
}

/* Each clause must be met in full; one approval may count in several. */
static void each_policy_has_its_clause(void **state)
{
    struct world *w = *state;
    hold(w, "ledger", 2, "\"approver\"", "\"*\"", false);
    hold(w, "globex", 1, "\"finance\"", "\"globex\"", false);
    struct cty_hash id = ask(w);
    assert_int_equal(case_get(w, &id)->quorum_count, 2);
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &id, "acme/b"));
    progress_is(w, &id, 2, 0);
    assert_state(w, &id, "HELD");
    assert_refused(approve(w, &id, "acme/finn"), "wrong-role"); /* has the role, of the wrong party */
    struct cty_enrolment hana = bench_person(w, "globex/hana", "finance", "hana");
    assert_ok(world_enrol(w, &hana));
    assert_ok(approve(w, &id, "globex/hana"));
    progress_is(w, &id, 2, 1);
    assert_state(w, &id, "RELEASED");
}

static void one_approval_counts_in_several(void **state)
{
    struct world *w = *state;
    struct cty_enrolment ida = bench_person(w, "globex/ida", "approver", "ida");
    ida.roles.names[ida.roles.count++] = CTY_LITERAL("finance");
    assert_ok(world_enrol(w, &ida));
    hold(w, "ledger", 1, "\"approver\"", "\"*\"", false);
    hold(w, "acme", 1, "\"finance\",\"legal\"", "\"acme\",\"globex\"", false);
    hold(w, "globex", 1, "\"approver\"", "\"$holder\"", false);
    struct cty_hash id = ask(w);
    assert_int_equal(case_get(w, &id)->quorum_count, 3);
    assert_ok(approve(w, &id, "globex/ida"));
    assert_state(w, &id, "RELEASED");
}

static void distinct_parties(void **state)
{
    struct world *w = *state;
    hold(w, "ledger", 3, "\"approver\"", "\"*\"", true);
    struct cty_hash id = ask(w);
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &id, "acme/b"));
    assert_ok(approve(w, &id, "acme/carol"));
    progress_is(w, &id, 1, 0);
    assert_ok(approve(w, &id, "globex/a"));
    progress_is(w, &id, 2, 0);
    assert_state(w, &id, "HELD");
    assert_ok(approve(w, &id, "operator/ada"));
    assert_state(w, &id, "RELEASED");
    assert_int_equal(case_get(w, &id)->decisions_count, 5);
    assert_ok(world_consume(w, &id, "globex/exec"));
}

/* One person with two keys, each with a role that a clause wants: decides once. */
static void one_person_with_two_keys_decides_once(void **state)
{
    struct world *w = *state;
    struct cty_enrolment second = bench_person(w, "acme/carol2", "approver", "acme/carol");
    assert_ok(world_enrol(w, &second));
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/carol"));
    assert_refused(approve(w, &id, "acme/carol2"), "duplicate-human");
    assert_refused(world_decide(w, &id, "acme/carol2", CTY_ESCALATE), "duplicate-human");
    assert_refused(approve(w, &id, "acme/carol"), "duplicate-human");
    assert_state(w, &id, "HELD");
    assert_ok(approve(w, &id, "acme/dave"));
    assert_state(w, &id, "RELEASED");
}

/* Who approved may change their mind while the case waits for the others. */
static void reject_after_ones_own_approve(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/carol"));
    assert_ok(world_decide(w, &id, "acme/carol", CTY_REJECT));
    assert_state(w, &id, "REJECTED");
}

/* A patch ends the instance with its approvals; who approved before may approve again. */
static void a_patch_ends_the_instance(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    struct cty_statement old;
    make_decision(w, &old, &id, "acme/b", CTY_APPROVE);
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(world_patch(w, &id, "acme/carol", "[]", "{}"));
    assert_int_equal(case_get(w, &id)->decisions_count, 0);
    assert_int_equal(case_get(w, &id)->revision, 1);
    assert_refused(submit(w, &old), "stale-after");
    old.after = case_get(w, &id)->anchor;
    assert_refused(submit(w, &old), "bad-seen");
    struct cty_statement fresh;
    make_decision(w, &fresh, &id, "acme/b", CTY_APPROVE);
    old.seen = fresh.seen;
    assert_refused(submit(w, &old), "instance-mismatch");
    memcpy(old.u.decision.instance, fresh.u.decision.instance, 16);
    assert_refused(submit(w, &old), "action-mismatch");
    assert_ok(submit(w, &fresh));
    assert_state(w, &id, "HELD");
    assert_ok(approve(w, &id, "acme/carol")); /* who patched may approve what came of it */
    assert_state(w, &id, "RELEASED");
}

/* A revocation before the quorum: from `since` on the approvals of that key do not count. */
static void revoked_before_the_quorum(void **state)
{
    struct world *w = *state;
    for (int offset = -1; offset <= 1; offset++) {
        char name[40];
        snprintf(name, sizeof(name), "acme/temp%d", offset + 1);
        struct cty_enrolment temp = bench_person(w, name, "approver", name);
        assert_ok(world_enrol(w, &temp));
        struct cty_hash id = case_held(w);
        assert_ok(approve(w, &id, name));
        w->time += MINUTE;
        assert_ok(world_revoke(w, name, "acme/a", "acme/b", w->time - MINUTE + (uint64_t)offset));
        progress_is(w, &id, offset > 0, 0);
        assert_refused(approve(w, &id, name), "key-not-valid");
        assert_ok(approve(w, &id, "acme/carol"));
        assert_state(w, &id, offset > 0 ? "RELEASED" : "HELD");
        if (offset > 0)
            continue;
        assert_ok(approve(w, &id, "acme/dave"));
        assert_state(w, &id, "RELEASED");
        assert_int_equal(case_get(w, &id)->decisions_count, 2);
    }
}

/* The person behind a revoked key may decide again with another key: the first decision does not count. */
static void revoked_and_decided_again_by_another_key(void **state)
{
    struct world *w = *state;
    struct cty_enrolment second = bench_person(w, "acme/dave2", "approver", "acme/dave");
    assert_ok(world_enrol(w, &second));
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/dave"));
    assert_refused(approve(w, &id, "acme/dave2"), "duplicate-human");
    assert_ok(world_revoke(w, "acme/dave", "acme/dave", NULL, w->time));
    assert_ok(approve(w, &id, "acme/dave2"));
    assert_state(w, &id, "HELD");
    assert_ok(approve(w, &id, "acme/a"));
    assert_state(w, &id, "RELEASED");
    assert_int_equal(case_get(w, &id)->decisions_count, 2);
}

/* Between release and consume: at or before the decision voids it, after it does not. */
static void revoked_before_the_consume(void **state)
{
    struct world *w = *state;
    for (int offset = -1; offset <= 1; offset++) {
        char name[40];
        snprintf(name, sizeof(name), "acme/brief%d", offset + 1);
        struct cty_enrolment temp = bench_person(w, name, "approver", name);
        assert_ok(world_enrol(w, &temp));
        struct cty_hash id = case_held(w);
        assert_ok(approve(w, &id, name));
        uint64_t decided = w->time;
        w->time += MINUTE;
        assert_ok(approve(w, &id, "acme/a"));
        w->time += MINUTE;
        assert_ok(world_revoke(w, name, name, NULL, decided + (uint64_t)offset));
        assert_state(w, &id, "RELEASED");
        assert_refused(world_consume(w, &id, "acme/bot"), offset > 0 ? "ok" : "approval-revoked");
        if (offset <= 0)
            assert_ok(world_cancel(w, &id, "acme/bot"));
    }
}

/* A second revocation may only move `since` back, and then voids what the first left standing. */
static void revoked_a_second_time_and_earlier(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/carol"));
    uint64_t decided = w->time;
    w->time += MINUTE;
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(world_revoke(w, "acme/carol", "acme/carol", NULL, decided + 1));
    assert_refused(world_revoke(w, "acme/carol", "acme/carol", NULL, decided), "key-not-valid");
    assert_refused(world_revoke(w, "acme/carol", "acme/a", "acme/b", decided + 1), "state-illegal");
    assert_refused(world_revoke(w, "acme/carol", "acme/a", "acme/b", decided + 2), "state-illegal");
    assert_ok(world_revoke(w, "acme/carol", "acme/a", "acme/b", decided));
    assert_refused(world_revoke(w, "acme/carol", "acme/a", "acme/b", decided), "state-illegal");
    assert_refused(world_consume(w, &id, "acme/bot"), "approval-revoked");
    assert_ok(world_revoke(w, "acme/carol", "acme/a", "acme/b", 0));
    assert_refused(world_consume(w, &id, "acme/bot"), "approval-revoked");
}

/* With more approvals than needed, the quorum stands when one falls away. */
static void revoked_with_one_to_spare(void **state)
{
    struct world *w = *state;
    hold(w, "ledger", 2, "\"approver\"", "\"*\"", true);
    struct cty_hash id = ask(w);
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &id, "acme/carol"));
    assert_ok(approve(w, &id, "globex/a"));
    assert_state(w, &id, "RELEASED");
    assert_ok(world_revoke(w, "acme/carol", "acme/carol", NULL, w->time));
    assert_ok(world_consume(w, &id, "globex/exec"));
}

static void consumed_cases_stand(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_consumed(w);
    assert_ok(world_revoke(w, "acme/b", "acme/b", NULL, WORLD_START));
    assert_state(w, &id, "CONSUMED");
    assert_ok(world_outcome(w, &id, "acme/bot", CTY_OUTCOME_FULFILLED));
    assert_state(w, &id, "FULFILLED");
}

/* An approver's key that ends by its validity was good when it signed. */
static void an_expired_key_leaves_its_approvals(void **state)
{
    struct world *w = *state;
    struct cty_enrolment temp = bench_person(w, "acme/temp", "approver", "temp");
    temp.valid_until = w->time + MINUTE;
    assert_ok(world_enrol(w, &temp));
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/temp"));
    w->time += 2 * MINUTE;
    assert_refused(approve(w, &id, "acme/temp"), "key-not-valid");
    assert_ok(approve(w, &id, "acme/a"));
    assert_state(w, &id, "RELEASED");
    assert_ok(world_consume(w, &id, "acme/bot"));
}

/* A case whose ancestry is as the statement says; HELD. */
static struct cty_hash ask_as(struct world *w, const struct cty_statement *st)
{
    struct cty_hash id;
    assert_ok(world_submit(w, st, &id));
    assert_state(w, &id, "HELD");
    return id;
}

static void the_ancestry_does_not_decide(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    policy(w, "ledger", RULES("{\"approvals\":16,\"effect\":\"hold\",\"parties\":[\"*\"],\"roles\":[\"approver\"]}"));
    struct cty_enrolment second = bench_person(w, "acme/owen2", "approver", "acme/owen");
    assert_ok(world_enrol(w, &second));
    make_request(w, &st, "acme/bot", "globex/exec", "x");
    st.u.request.behalf.names[0] = CTY_LITERAL("acme/pal");
    st.u.request.behalf.names[1] = CTY_LITERAL("acme/dave");
    st.u.request.behalf.names[2] = CTY_LITERAL("acme/gone"); /* revoked, and still an ancestor */
    st.u.request.behalf.count = 3;
    struct cty_hash id = ask_as(w, &st);
    static const char *const kin[] = {"acme/owen", "acme/owen2", "acme/carol", "acme/dave", "globex/gina"};
    for (size_t i = 0; i < CTY_COUNT_OF(kin); i++) {
        assert_refused(approve(w, &id, kin[i]), "self-approval");
        assert_refused(world_decide(w, &id, kin[i], CTY_ESCALATE), "self-approval");
        assert_refused(world_patch(w, &id, kin[i], "[]", "{}"), "self-approval");
        assert_ok(world_question(w, &id, kin[i], "Why?", NULL));
    }
    static const char *const machines[] = {"acme/bot", "globex/exec", "acme/pal"};
    for (size_t i = 0; i < CTY_COUNT_OF(machines); i++)
        assert_refused(approve(w, &id, machines[i]), "not-human");
    static const char *const others[] = {"acme/a", "acme/b", "globex/a", "operator/ada"};
    for (size_t i = 0; i < CTY_COUNT_OF(others); i++)
        assert_ok(approve(w, &id, others[i]));
    /* Their owners and persons stand in the record, each once. */
    const struct cty_case *c = case_get(w, &id);
    assert_int_equal(c->ancestry_count, 8);
    assert_int_equal(c->persons_count, 5);
}

/* Nobody is silenced by being named in a request: whoever a clause asks may reject, cancel and ask. */
static void the_ancestry_may_say_no(void **state)
{
    struct world *w = *state;
    struct cty_hash rejected = case_held(w), cancelled = case_held(w), asked = case_held(w);
    assert_refused(approve(w, &rejected, "acme/owen"), "self-approval");
    assert_ok(world_decide(w, &rejected, "acme/owen", CTY_REJECT));
    assert_state(w, &rejected, "REJECTED");
    assert_ok(world_cancel(w, &cancelled, "acme/owen"));
    assert_state(w, &cancelled, "CANCELLED");
    assert_ok(world_question(w, &asked, "acme/owen", "What for?", NULL));
    assert_int_equal(case_get(w, &asked)->questions_count, 1);
}

/* A person who joined after the request, with the person id of an ancestor, is the ancestor. */
static void a_later_key_of_an_ancestor(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    struct cty_enrolment later = bench_person(w, "acme/owen3", "approver", "acme/owen");
    assert_ok(world_enrol(w, &later));
    assert_refused(approve(w, &id, "acme/owen3"), "self-approval");
    assert_ok(approve(w, &id, "acme/carol"));
}

static void the_parents_ancestry_is_inherited(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    policy(w, "ledger", RULES("{\"approvals\":16,\"effect\":\"hold\",\"parties\":[\"*\"],\"roles\":[\"approver\"]}"));
    make_request(w, &st, "acme/bot", "acme/bot", "x");
    st.u.request.behalf.names[st.u.request.behalf.count++] = CTY_LITERAL("acme/dave");
    struct cty_hash grandparent = ask_as(w, &st);
    make_request(w, &st, "acme/pal", "acme/pal", "x");
    st.u.request.parent = (struct cty_parent){true, case_get(w, &grandparent)->anchor, grandparent};
    struct cty_hash parent = ask_as(w, &st);
    make_request(w, &st, "globex/exec", "globex/exec", "x");
    st.u.request.parent = (struct cty_parent){true, case_get(w, &parent)->anchor, parent};
    struct cty_hash id = ask_as(w, &st);
    /* Also by a key that a person of the parent's ancestry got later. */
    struct cty_enrolment later = bench_person(w, "acme/dave2", "approver", "acme/dave");
    assert_ok(world_enrol(w, &later));
    static const char *const kin[] = {"acme/owen", "acme/carol", "acme/dave", "acme/dave2", "globex/gina"};
    for (size_t i = 0; i < CTY_COUNT_OF(kin); i++)
        assert_refused(approve(w, &id, kin[i]), "self-approval");
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &parent, "globex/gina"));
    assert_refused(approve(w, &parent, "acme/dave"), "self-approval");
    assert_ok(approve(w, &grandparent, "acme/carol"));
}

/* The parent's newest verdict or release is what `after` names, in whatever state the parent reads. */
static void parents_in_every_state(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash refused = case_of(w, "acme/bot", "acme/bot", "wipe");
    struct cty_hash parents[] = {case_held(w), case_released(w), case_consumed(w), refused};
    assert_state(w, &refused, "REFUSED");
    for (size_t i = 0; i < CTY_COUNT_OF(parents); i++) {
        make_request(w, &st, "acme/pal", "acme/pal", "ping");
        st.u.request.parent = (struct cty_parent){true, parents[i], parents[i]};
        assert_refused(submit(w, &st), "bad-parent");
        st.u.request.parent.after = case_get(w, &parents[i])->anchor;
        assert_ok(submit(w, &st));
    }
}

static custody_err may(struct world *w, const struct cty_hash *id, const char *who)
{
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    cty_view_clear(&w->view);
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        err = cty_may_decide(&w->view, id, cty_bytes_text(who), w->time, &w->error);
        if (err == CUSTODY_E_VIEW_INCOMPLETE)
            assert_ok(cty_memory_fill(w->memory, &w->view, NULL, NULL));
    }
    return err;
}

/* cty_may_decide says what a decision would get. */
static void who_may_decide(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    struct cty_hash nothing = bench_hash(w);
    static const char *const everybody[] = {"acme/a", "acme/owen", "acme/finn", "acme/bot", "acme/gone", "globex/gina"};
    for (size_t i = 0; i < CTY_COUNT_OF(everybody); i++) {
        struct cty_statement st;
        struct world_step *step = test_malloc(sizeof(*step));
        make_decision(w, &st, &id, everybody[i], CTY_APPROVE);
        world_step_init(w, &st, step);
        assert_refused(world_step_try(w, step, NULL, NULL), custody_err_name(may(w, &id, everybody[i])));
        test_free(step);
    }
    assert_refused(may(w, &nothing, "acme/a"), "wrong-case");
    assert_refused(may(w, &id, "acme/nobody"), "key-unknown");
    assert_ok(approve(w, &id, "acme/a"));
    assert_refused(may(w, &id, "acme/a"), "duplicate-human");
    w->time = case_get(w, &id)->decide_by + 1;
    assert_refused(may(w, &id, "acme/b"), "deadline-passed");
    assert_ok(world_expire(w, &id));
    assert_refused(may(w, &id, "acme/b"), "state-illegal");
}

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

static void who_may_read(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id;
    make_request(w, &st, "acme/bot", "globex/exec", "refund");
    st.u.request.readers.names[0] = CTY_LITERAL("acme/finn");
    st.u.request.readers.names[1] = CTY_LITERAL("operator");
    st.u.request.readers.count = 2;
    assert_ok(world_submit(w, &st, &id));
    static const char *const readers[] = {"acme/bot", "globex/exec", "acme/a", "acme/finn", "operator/otto"};
    for (size_t i = 0; i < CTY_COUNT_OF(readers); i++) {
        assert_ok(may_read(w, &id, readers[i], "payload"));
        assert_refused(may_read(w, &id, readers[i], "state"), i < 2 ? "ok" : "forbidden");
    }
    static const char *const others[] = {"acme/pal", "globex/gina", "globex/a"};
    for (size_t i = 0; i < CTY_COUNT_OF(others); i++)
        assert_refused(may_read(w, &id, others[i], "payload"), "forbidden");
    struct cty_hash nothing = bench_hash(w);
    assert_refused(may_read(w, &id, "acme/nobody", "payload"), "key-unknown");
    assert_refused(may_read(w, &id, "acme/gone", "payload"), "key-not-valid");
    assert_refused(may_read(w, &nothing, "acme/bot", "payload"), "wrong-case");
    /* Who signed reads on, also where a later verdict asks others. */
    assert_ok(approve(w, &id, "acme/a"));
    policy(w, "ledger", RULES("{\"approvals\":1,\"effect\":\"hold\",\"parties\":[\"globex\"],\"roles\":[\"finance\"]}"));
    assert_ok(world_patch(w, &id, "acme/b", "[]", "{}"));
    assert_ok(may_read(w, &id, "acme/a", "payload"));
    assert_ok(may_read(w, &id, "acme/b", "payload"));
    assert_refused(may_read(w, &id, "acme/carol", "payload"), "forbidden");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(the_quorum_is_met_by_the_last_approval),
        BENCH_TEST(one_reject_ends_it),
        BENCH_TEST(each_policy_has_its_clause),
        BENCH_TEST(one_approval_counts_in_several),
        BENCH_TEST(distinct_parties),
        BENCH_TEST(one_person_with_two_keys_decides_once),
        BENCH_TEST(reject_after_ones_own_approve),
        BENCH_TEST(the_ancestry_may_say_no),
        BENCH_TEST(a_patch_ends_the_instance),
        BENCH_TEST(revoked_before_the_quorum),
        BENCH_TEST(revoked_and_decided_again_by_another_key),
        BENCH_TEST(revoked_before_the_consume),
        BENCH_TEST(revoked_a_second_time_and_earlier),
        BENCH_TEST(revoked_with_one_to_spare),
        BENCH_TEST(consumed_cases_stand),
        BENCH_TEST(an_expired_key_leaves_its_approvals),
        BENCH_TEST(the_ancestry_does_not_decide),
        BENCH_TEST(a_later_key_of_an_ancestor),
        BENCH_TEST(the_parents_ancestry_is_inherited),
        BENCH_TEST(parents_in_every_state),
        BENCH_TEST(who_may_decide),
        BENCH_TEST(who_may_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
