/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on who decides, as a verifier tells them: a custodian who holds the log and clerk keys writes what the fold
 * refuses, with actors in its league where a row needs them. Each must be named with its entry, claim and code, by a replay
 * of the ledger and by evidence of the case; each test first shows the lawful deed beside it.
 *
 * row of the list of attacks        test
 *   9 enrolled by the operator      attack_09_*
 *  45 policy changed between        attack_45_*
 *  46 policy weakened               attack_46_*
 *  47 self-approval                 attack_47_*
 *  48 one person's two keys         attack_48_*
 *  49 two identities                attack_49_*
 *  53 votes over weeks              attack_53_*
 *  54 order faked                   attack_54_*
 *  56 revoked approval used         attack_56_*
 *  58 agent votes                   attack_58_*
 *  59 operator-held key             attack_59_*
 */
#include "deeds.h"

static int begin(void **state)
{
    *state = stage_vendors();
    return 0;
}

static int end(void **state)
{
    stage_free(*state);
    return 0;
}

static void person(struct stage *s, struct cty_enrolment *enrolment, const char *name, const char *who)
{
    world_fill(s->w, enrolment, name, CTY_PERSON, who);
    enrolment->roles.names[enrolment->roles.count++] = CTY_LITERAL("approver");
}

static void attack_09_enrolled_by_the_operator_alone(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_enrolment mole;
    ask(s);
    person(s, &mole, "acme/mole", "mole");
    struct rogue *r = rogue_new(s);
    begin_enrol(r, &st, &mole, "acme/a", "acme/b");
    show_lawful(r, &st);
    begin_enrol(r, &st, &mole, "operator/ada", "operator/otto");
    catch_put(r, &st, "wrong-role");
    begin_enrol(r, &st, &mole, "acme/a", "operator/ada");
    catch_put(r, &st, "wrong-role");
    begin_enrol(r, &st, &mole, "acme/a", NULL);
    catch_put(r, &st, "under-threshold");
    rogue_free(r);
}

/* The log's own word for somebody's key: the new key did not sign, the custodian's did. */
static void attack_09_enrolled_without_the_key(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_enrolment mole;
    ask(s);
    person(s, &mole, "acme/mole", "mole");
    struct rogue *r = rogue_new(s);
    begin_enrol(r, &st, &mole, "acme/a", "acme/b");
    show_lawful(r, &st);
    begin_enrol(r, &st, &mole, "acme/a", "acme/b");
    st.signers[0] = CTY_LITERAL("acme/c");
    catch_put(r, &st, "wrong-signer");
    rogue_free(r);
}

static void attack_45_released_by_a_policy_that_came_after(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    assert_ok(world_policy(s->w, "ledger", RULES("{\"effect\":\"pass\"}")));
    struct rogue *r = rogue_new(s);
    begin_decision(r, &st, "acme/a");
    show_lawful(r, &st);
    begin_release(r, &st);
    catch_put(r, &st, "out-of-place");
    begin_consume(r, &st, "acme/bot");
    catch_put(r, &st, "state-illegal");
    rogue_free(r);
}

static void attack_45_judged_by_a_policy_that_was_replaced(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_ledger_record ledger;
    world_ledger(s->w, &ledger);
    struct cty_hash old = ledger.policy;
    assert_ok(world_policy(s->w, "ledger", RULES("{\"effect\":\"pass\"}")));
    s->w->alone = true;
    ask(s);
    struct rogue *r = clerks_turn(s, &st);
    assert_int_equal(st.u.verdict.effect, CTY_PASS);
    show_lawful(r, &st);
    st.u.verdict.policies[0].digest = old;
    catch_put(r, &st, "clerk-mismatch");
    rogue_free(r);
}

/* All who published the pass stand in the ancestry: it does not count, and a clerk that lets it count is told. */
static void attack_46_passed_by_the_requesters_own_policy(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    assert_ok(world_agent(s->w, "acme/a-bot", "acme/a"));
    assert_ok(world_policy(s->w, "ledger", RULES("")));
    assert_ok(world_policy(s->w, "acme", RULES("{\"effect\":\"pass\"}")));
    world_begin(s->w, &st, CTY_REQUEST, "acme/a-bot");
    st.u.request = (struct cty_request){.action = CTY_LITERAL("refund"), .service = CTY_LITERAL("payments"),
                                        .executor = CTY_LITERAL("acme/a-bot"), .expires = s->w->time + DAY,
                                        .priority = CTY_PRIORITY_NORMAL};
    st.u.request.behalf.names[st.u.request.behalf.count++] = CTY_LITERAL("acme/b");
    st.u.request.payload = world_commit(s->w, &st, "payload", "{}");
    s->w->alone = true;
    assert_ok(world_submit(s->w, &st, &s->case_id));
    struct rogue *r = clerks_turn(s, &st);
    assert_true(st.u.verdict.policies[1].conflict);
    show_lawful(r, &st);
    st.u.verdict.policies[1].conflict = false;
    catch_put(r, &st, "clerk-mismatch");
    st.u.verdict.effect = CTY_PASS;
    st.u.verdict.quorum_count = 0;
    st.u.verdict.decide_by = 0;
    catch_put(r, &st, "clerk-mismatch");
    rogue_free(r);
}

#define ANY_PARTY                                                                                                      \
    RULES("{\"approvals\":2,\"effect\":\"hold\",\"match\":{\"action\":\"refund\"},\"parties\":[\"*\"],"                \
          "\"roles\":[\"approver\"]},{\"effect\":\"pass\"}")

/* Whose agent received the case may not approve what it will do. */
static void attack_47_the_receivers_owner_approves(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    assert_ok(world_policy(s->w, "ledger", ANY_PARTY));
    ask(s);
    struct rogue *r = rogue_new(s);
    begin_decision(r, &st, "globex/p");
    show_lawful(r, &st);
    rogue_free(r);
    assert_ok(world_hand(s->w, &s->case_id, "globex/x"));
    r = rogue_new(s);
    begin_decision(r, &st, "initech/p");
    show_lawful(r, &st);
    begin_decision(r, &st, "globex/p");
    catch_said(r, &st, "self-approval", "globex/p");
    /* And may not change it either. */
    struct cty_case c;
    rogue_begin(r, &st, CTY_PATCH, "globex/p");
    world_case(s->w, &s->case_id, &c);
    st.u.patch.base = c.payload;
    st.u.patch.operations = world_commit(s->w, &st, "operations", "[]");
    st.u.patch.result = world_commit(s->w, &st, "result", "{\"amount\":500}");
    catch_put(r, &st, "self-approval");
    rogue_free(r);
}

static struct cty_secret *key_of_another(const char *name, const char *owner)
{
    struct cty_hash seed = cty_sha256(cty_bytes_text(owner));
    struct cty_secret *secret = NULL;
    assert_ok(cty_secret_from_seed(cty_bytes_text(name), seed.bytes, &secret));
    return secret;
}

/* One key under two names. */
static void attack_48_one_key_twice(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_enrolment second;
    ask(s);
    s->w->actors[s->w->actors_count++] = key_of_another("acme/c2", "acme/c");
    struct cty_buf line = CTY_BUF_INIT(400);
    assert_ok(cty_vkey_format(CTY_LITERAL("acme/c2"), CTY_KEY_ED25519, cty_secret_key(world_secret(s->w, "acme/c")), &line));
    struct rogue *r = rogue_new(s);
    person(s, &second, "acme/c3", "c3");
    begin_enrol(r, &st, &second, "acme/a", "acme/b");
    show_lawful(r, &st);
    person(s, &second, "acme/c2", "c2");
    second.key = cty_buf_bytes(&line);
    begin_enrol(r, &st, &second, "acme/a", "acme/b");
    catch_put(r, &st, "duplicate-key");
    cty_buf_done(&line);
    rogue_free(r);
}

static void attack_48_one_person_after_another_instance(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    assert_ok(world_person(s->w, "acme/c2", "approver", "c"));
    assert_ok(world_policy(s->w, "ledger", ANY_PARTY));
    ask(s);
    assert_ok(world_decide(s->w, &s->case_id, "acme/c", CTY_APPROVE));
    struct rogue *r = rogue_new(s);
    begin_decision(r, &st, "initech/p");
    show_lawful(r, &st);
    begin_decision(r, &st, "acme/c2");
    catch_put(r, &st, "duplicate-human");
    begin_decision(r, &st, "acme/c");
    catch_put(r, &st, "duplicate-human");
    rogue_free(r);
}

static void attack_49_one_person_in_two_parties(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_enrolment twice;
    ask(s);
    struct rogue *r = rogue_new(s);
    person(s, &twice, "globex/c", "another");
    begin_enrol(r, &st, &twice, "globex/a", "globex/b");
    show_lawful(r, &st);
    person(s, &twice, "globex/c", "c");
    begin_enrol(r, &st, &twice, "globex/a", "globex/b");
    catch_put(r, &st, "person-mismatch");
    rogue_free(r);
}

/* A request of both admins, by an agent of one on behalf of the other; the case of the stage. */
static void ask_for_the_admins(struct stage *s)
{
    struct cty_statement st;
    world_begin(s->w, &st, CTY_REQUEST, "acme/a-bot");
    st.u.request = (struct cty_request){.action = CTY_LITERAL("refund"), .service = CTY_LITERAL("payments"),
                                        .executor = CTY_LITERAL("acme/a-bot"), .expires = s->w->time + DAY,
                                        .priority = CTY_PRIORITY_NORMAL};
    st.u.request.behalf.names[st.u.request.behalf.count++] = CTY_LITERAL("acme/b");
    st.u.request.payload = world_commit(s->w, &st, "payload", "{}");
    assert_ok(world_submit(s->w, &st, &s->case_id));
}

static void approve(struct stage *s, const char *approver)
{
    assert_ok(world_decide(s->w, &s->case_id, approver, CTY_APPROVE));
}

/* Whom no ledger can tell from another person: somebody whom the requester's own people made, once there was a request. */
static void attack_49_a_second_self_enrolled_for_the_purpose(void **state)
{
    struct stage *s = *state;
    assert_ok(world_agent(s->w, "acme/a-bot", "acme/a"));
    assert_ok(world_person(s->w, "acme/early", "approver", "early"));
    ask_for_the_admins(s);
    approve(s, "acme/early");
    approve(s, "acme/c");
    assert_nothing_found(s);
    ask_for_the_admins(s);
    assert_ok(world_person(s->w, "acme/sock", "approver", "sock"));
    approve(s, "acme/sock");
    approve(s, "acme/c");
    assert_found(s, "enrolment-suspect", entry_of(s, CTY_DECISION, 0));
    assert_int_equal(s->report.findings_all, 1);
}

/* New, and on the word of admins who have nothing to do with the request: nothing to tell. */
static void attack_49_a_newcomer_on_others_word(void **state)
{
    struct stage *s = *state;
    ask(s);
    assert_ok(world_person(s->w, "acme/new", "approver", "new"));
    approve(s, "acme/new");
    approve(s, "acme/c");
    assert_nothing_found(s);
    /* A no by such a person is not worth telling either. */
    assert_ok(world_agent(s->w, "acme/a-bot", "acme/a"));
    ask_for_the_admins(s);
    assert_ok(world_person(s->w, "acme/sock", "approver", "sock"));
    assert_ok(world_decide(s->w, &s->case_id, "acme/sock", CTY_REJECT));
    assert_nothing_found(s);
}

/* A party that comes after the request, on the word of operators who are in its ancestry. */
static void attack_49_a_party_enrolled_for_the_purpose(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    assert_ok(world_agent(s->w, "operator/ada-bot", "operator/ada"));
    assert_ok(world_policy(s->w, "ledger", ANY_PARTY));
    world_begin(s->w, &st, CTY_REQUEST, "operator/ada-bot");
    st.u.request = (struct cty_request){.action = CTY_LITERAL("refund"), .service = CTY_LITERAL("payments"),
                                        .executor = CTY_LITERAL("operator/ada-bot"), .expires = s->w->time + DAY,
                                        .priority = CTY_PRIORITY_NORMAL};
    st.u.request.behalf.names[st.u.request.behalf.count++] = CTY_LITERAL("operator/otto");
    st.u.request.payload = world_commit(s->w, &st, "payload", "{}");
    assert_ok(world_submit(s->w, &st, &s->case_id));
    world_party(s->w, "shell");
    approve(s, "acme/c");
    assert_nothing_found(s);
    approve(s, "shell/a");
    assert_found(s, "enrolment-suspect", entry_of(s, CTY_DECISION, 1));
}

#define IN_A_WINDOW RULES("{\"approvals\":2,\"effect\":\"hold\",\"roles\":[\"approver\"],\"window_ms\":600000}")

static void attack_53_votes_over_weeks(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    assert_ok(world_policy(s->w, "ledger", IN_A_WINDOW));
    ask(s);
    approve(s, "acme/a");
    struct rogue *r = rogue_new(s);
    s->w->time += 10 * MINUTE;
    begin_decision(r, &st, "acme/c");
    show_lawful(r, &st);
    rogue_free(r);
    s->w->time += 1;
    approve(s, "acme/c");
    assert_int_equal(world_state(s->w, &s->case_id), CTY_CASE_HELD);
    r = rogue_new(s);
    begin_release(r, &st);
    catch_put(r, &st, "out-of-place");
    begin_consume(r, &st, "acme/bot");
    catch_put(r, &st, "state-illegal");
    rogue_free(r);
}

static void attack_53_released_when_the_window_was_over(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    assert_ok(world_policy(s->w, "ledger", IN_A_WINDOW));
    ask(s);
    approve(s, "acme/a");
    s->w->alone = true;
    s->w->time += 10 * MINUTE;
    approve(s, "acme/c");
    struct rogue *r = clerks_turn(s, &st);
    show_lawful(r, &st);
    s->w->time += 1;
    begin_release(r, &st);
    catch_put(r, &st, "clerk-mismatch");
    assert_true(world_next(s->w, &st));
    catch_put(r, &st, "under-threshold");
    rogue_free(r);
}

#define IN_ORDER RULES("{\"approvals\":2,\"effect\":\"hold\",\"ordered\":true,\"roles\":[\"admin\",\"approver\"]}")

static void attack_54_order_faked(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    assert_ok(world_policy(s->w, "ledger", IN_ORDER));
    ask(s);
    approve(s, "acme/a");
    struct cty_case other;
    world_case(s->w, &s->case_id, &other);
    struct cty_hash elsewhere = other.decisions[0].digest;
    ask(s);
    struct rogue *r = rogue_new(s);
    begin_decision(r, &st, "acme/a");
    show_lawful(r, &st);
    begin_decision(r, &st, "acme/c");
    catch_said(r, &st, "out-of-order", "another role comes first");
    begin_decision(r, &st, "acme/a");
    st.u.decision.previous = (struct cty_opt_hash){elsewhere, true};
    catch_put(r, &st, "out-of-order");
    rogue_free(r);
    approve(s, "acme/a");
    r = rogue_new(s);
    begin_decision(r, &st, "acme/c");
    show_lawful(r, &st);
    st.u.decision.previous.hash = elsewhere;
    catch_put(r, &st, "out-of-order");
    st.u.decision.previous.present = false;
    catch_put(r, &st, "out-of-order");
    rogue_free(r);
}

static void attack_56_revoked_approval_used(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    approve(s, "acme/a");
    approve(s, "acme/c");
    uint64_t decided = s->w->time;
    s->w->time += MINUTE;
    assert_ok(world_revoke(s->w, "acme/c", "acme/a", "acme/b", decided + 1));
    struct rogue *r = rogue_new(s);
    begin_consume(r, &st, "acme/bot");
    show_lawful(r, &st);
    rogue_free(r);
    assert_ok(world_revoke(s->w, "acme/c", "acme/a", "acme/b", decided));
    r = rogue_new(s);
    begin_consume(r, &st, "acme/bot");
    catch_said(r, &st, "approval-revoked", "1 approvals are left");
    rogue_free(r);
}

static void attack_56_approval_by_a_former_key_that_was_revoked(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    approve(s, "acme/a");
    approve(s, "acme/c");
    assert_ok(world_rotate(s->w, "acme/c"));
    struct rogue *r = rogue_new(s);
    begin_consume(r, &st, "acme/bot");
    show_lawful(r, &st);
    rogue_free(r);
    assert_ok(world_revoke_key(s->w, "acme/c", world_former_vkey(s->w, "acme/c", 1), "acme/c", NULL, WORLD_START));
    r = rogue_new(s);
    begin_consume(r, &st, "acme/bot");
    catch_put(r, &st, "approval-revoked");
    rogue_free(r);
}

/* Revoked between the last approval and the release. */
static void attack_56_released_after_the_revocation(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    approve(s, "acme/a");
    struct rogue *r = rogue_new(s);
    begin_decision(r, &st, "acme/c");
    show_lawful(r, &st);
    rogue_free(r);
    assert_ok(world_revoke(s->w, "acme/a", "acme/a", NULL, WORLD_START));
    approve(s, "acme/c");
    assert_int_equal(world_state(s->w, &s->case_id), CTY_CASE_HELD);
    r = rogue_new(s);
    begin_release(r, &st);
    catch_put(r, &st, "out-of-place");
    begin_decision(r, &st, "acme/a");
    catch_claim(r, &st, CTY_CLAIM_SIGNED, "key-not-valid");
    rogue_free(r);
}

static void attack_58_agent_votes_as_a_person(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_enrolment voter;
    world_fill(s->w, &voter, "acme/voter", CTY_AGENT, NULL);
    voter.owner = CTY_LITERAL("acme/boss");
    voter.roles.names[voter.roles.count++] = CTY_LITERAL("approver");
    assert_ok(world_enrol(s->w, &voter));
    ask(s);
    struct rogue *r = rogue_new(s);
    begin_decision(r, &st, "acme/c");
    show_lawful(r, &st);
    begin_decision(r, &st, "acme/voter");
    catch_said(r, &st, "not-human", "acme/voter is no person");
    begin_decision(r, &st, "acme/voter");
    st.u.decision.choice = CTY_REJECT;
    catch_put(r, &st, "not-human");
    rogue_free(r);
}

static void attack_59_the_operator_signs_for_a_person(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_enrolment hosted;
    person(s, &hosted, "acme/hosted", "hosted");
    hosted.key_custody = CTY_KEY_OPERATOR;
    assert_ok(world_enrol(s->w, &hosted));
    ask(s);
    struct rogue *r = rogue_new(s);
    begin_decision(r, &st, "acme/c");
    show_lawful(r, &st);
    begin_decision(r, &st, "acme/hosted");
    catch_said(r, &st, "key-class", "the operator has the key of acme/hosted");
    rogue_free(r);
}

static void attack_59_a_key_less_than_policy_asks(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_enrolment token;
    person(s, &token, "acme/token", "token");
    token.key_custody = CTY_KEY_HARDWARE;
    assert_ok(world_enrol(s->w, &token));
    assert_ok(world_policy(s->w, "ledger", RULES("{\"approvals\":1,\"effect\":\"hold\",\"key_custody\":\"hardware\","
                                                 "\"roles\":[\"approver\"]}")));
    ask(s);
    struct rogue *r = rogue_new(s);
    begin_decision(r, &st, "acme/token");
    show_lawful(r, &st);
    begin_decision(r, &st, "acme/c");
    catch_said(r, &st, "key-class", "a hardware key is asked for");
    rogue_free(r);
    /* A new key is not what was vouched for as hardware. */
    assert_ok(world_rotate(s->w, "acme/token"));
    r = rogue_new(s);
    begin_decision(r, &st, "acme/token");
    catch_put(r, &st, "key-class");
    rogue_free(r);
}

#define ATTACK(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTACK(attack_09_enrolled_by_the_operator_alone),
        ATTACK(attack_09_enrolled_without_the_key),
        ATTACK(attack_45_released_by_a_policy_that_came_after),
        ATTACK(attack_45_judged_by_a_policy_that_was_replaced),
        ATTACK(attack_46_passed_by_the_requesters_own_policy),
        ATTACK(attack_47_the_receivers_owner_approves),
        ATTACK(attack_48_one_key_twice),
        ATTACK(attack_48_one_person_after_another_instance),
        ATTACK(attack_49_one_person_in_two_parties),
        ATTACK(attack_49_a_second_self_enrolled_for_the_purpose),
        ATTACK(attack_49_a_newcomer_on_others_word),
        ATTACK(attack_49_a_party_enrolled_for_the_purpose),
        ATTACK(attack_53_votes_over_weeks),
        ATTACK(attack_53_released_when_the_window_was_over),
        ATTACK(attack_54_order_faked),
        ATTACK(attack_56_revoked_approval_used),
        ATTACK(attack_56_approval_by_a_former_key_that_was_revoked),
        ATTACK(attack_56_released_after_the_revocation),
        ATTACK(attack_58_agent_votes_as_a_person),
        ATTACK(attack_59_the_operator_signs_for_a_person),
        ATTACK(attack_59_a_key_less_than_policy_asks),
    };
    return cmocka_run_group_tests_name("attacks on who decides", tests, NULL, NULL);
}
