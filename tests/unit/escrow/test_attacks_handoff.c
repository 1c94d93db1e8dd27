/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on handoffs, on approvals that have an order or a window, on policies and on keys over time, by their
 * numbers in the catalogue of attacks; each beside the lawful step that it imitates. With envelopes and signatures, as
 * an auditor reads them.
 */
#include "unit/escrow/bench.h"

#define RULES(rules) "{\"admin_quorum\":2,\"rules\":[" rules "]}"

static int setup(void **state)
{
    bench_setup(state);
    ((struct world *)*state)->fast = false;
    world_vendor(*state, "initech");
    return 0;
}

#define ATTACK(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)

/* The operator's admins enrol somebody in another party's name; its own admins' word is missing. */
static void attack_09_enrolled_by_the_operator_alone(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_enrolment mole = bench_person(w, "acme/mole", "approver", "acme/mole");
    make_enrol(w, &st, &mole);
    st.signers_count = 1;
    world_add_signer(w, &st, "operator/ada");
    world_add_signer(w, &st, "operator/otto");
    assert_refused(submit(w, &st), "wrong-role");
    /* One admin and the operator's are one word too few, and so is the new key's own. */
    st.signers[1] = CTY_LITERAL("acme/a");
    assert_refused(submit(w, &st), "wrong-role");
    st.signers_count = 2;
    assert_refused(submit(w, &st), "under-threshold");
    make_enrol(w, &st, &mole);
    assert_ok(submit(w, &st));
}

static void attack_25_append_after_close(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_released(w);
    make_consume(w, &st, &id, "acme/bot");
    assert_ok(world_close(w));
    assert_refused(submit(w, &st), "after-terminal");
    assert_state(w, &id, "RELEASED");
}

/* A policy that came after the verdict does not move what the approvers decide on: the patch after it does. */
static void attack_45_policy_changed_meanwhile(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    assert_ok(world_policy(w, "ledger", RULES("{\"effect\":\"pass\"}")));
    assert_ok(approve(w, &id, "acme/a"));
    assert_state(w, &id, "HELD");
    assert_refused(world_consume(w, &id, "acme/bot"), "state-illegal");
    assert_ok(approve(w, &id, "acme/b"));
    assert_ok(world_consume(w, &id, "acme/bot"));
    struct cty_hash next = case_of(w, "acme/bot", "acme/bot", "refund");
    assert_state(w, &next, "RELEASED");
}

/* Who asks has passed their own asking beforehand: all who published the policy stand in the ancestry. */
static void attack_46_policy_weakened_by_the_requester(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    static struct cty_statement verdict;
    assert_ok(world_agent(w, "acme/a-bot", "acme/a"));
    assert_ok(world_policy(w, "ledger", RULES("")));
    assert_ok(world_policy(w, "acme", RULES("{\"effect\":\"pass\",\"use_ms\":60000}")));
    make_request(w, &st, "acme/a-bot", "acme/a-bot", "refund");
    st.u.request.behalf.names[st.u.request.behalf.count++] = CTY_LITERAL("acme/b");
    struct cty_hash id;
    w->alone = true;
    assert_ok(world_submit(w, &st, &id));
    assert_true(world_next(w, &verdict));
    assert_true(verdict.u.verdict.policies[1].conflict);
    assert_int_equal(verdict.u.verdict.policies[1].rule, 1);
    assert_int_equal(verdict.u.verdict.effect, CTY_HOLD);
    assert_int_equal(verdict.u.verdict.use_ms, CTY_USE_MS_DEFAULT);
    /* A clerk that lets it pass all the same is found out. */
    struct cty_statement lie = verdict;
    lie.u.verdict.policies[1].conflict = false;
    assert_refused(submit(w, &lie), "clerk-mismatch");
    assert_ok(submit(w, &verdict));
    w->alone = false;
    assert_state(w, &id, "HELD");
    assert_ok(approve(w, &id, "acme/carol"));
    assert_state(w, &id, "RELEASED");
    /* One of the two outside the ancestry is enough: somebody else said yes to the pass. */
    make_request(w, &st, "acme/a-bot", "acme/a-bot", "refund");
    assert_ok(world_submit(w, &st, &id));
    assert_state(w, &id, "RELEASED");
    /* What such a policy denies or holds counts as ever. */
    assert_ok(world_policy(w, "acme", RULES("{\"effect\":\"deny\"}")));
    make_request(w, &st, "acme/a-bot", "acme/a-bot", "refund");
    st.u.request.behalf.names[st.u.request.behalf.count++] = CTY_LITERAL("acme/b");
    assert_ok(world_submit(w, &st, &id));
    assert_state(w, &id, "REFUSED");
}

/* By the requester's owner, on somebody's behalf, by another key of theirs, and by the owner of who received it. */
static void attack_47_self_approval_after_a_handoff(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    assert_refused(approve(w, &id, "acme/owen"), "self-approval");
    assert_ok(world_hand(w, &id, "acme/pal"));
    assert_refused(approve(w, &id, "acme/carol"), "self-approval");
    assert_refused(approve(w, &id, "acme/owen"), "self-approval");
    assert_refused(world_patch(w, &id, "acme/carol", "[]", "{}"), "self-approval");
    struct cty_enrolment second = bench_person(w, "acme/carol2", "approver", "acme/carol");
    assert_ok(world_enrol(w, &second));
    assert_refused(approve(w, &id, "acme/carol2"), "self-approval");
    assert_ok(approve(w, &id, "acme/dave"));
}

static void attack_48_quorum_of_one_person(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_enrolment second = bench_person(w, "acme/carol2", "approver", "acme/carol");
    assert_ok(world_enrol(w, &second));
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/carol"));
    assert_refused(approve(w, &id, "acme/carol2"), "duplicate-human");
    /* One key is one name's for ever, also by way of a rotation. */
    world_begin_rotation(w, &st, "acme/dave");
    struct cty_buf line = CTY_BUF_INIT(400);
    assert_ok(cty_vkey_format(CTY_LITERAL("acme/dave"), CTY_KEY_ED25519,
                              cty_secret_key(world_secret(w, "acme/carol")), &line));
    st.u.actor_rotate.key = cty_buf_bytes(&line);
    w->fast = true;
    assert_refused(submit(w, &st), "duplicate-key");
    w->fast = false;
    cty_buf_done(&line);
    assert_ok(approve(w, &id, "acme/dave"));
    assert_state(w, &id, "RELEASED");
}

/* A person of one party can't be enrolled in another under a second name. */
static void attack_49_one_person_in_two_parties(void **state)
{
    struct world *w = *state;
    struct cty_enrolment twice = bench_person(w, "globex/carol", "approver", "acme/carol");
    assert_refused(world_enrol(w, &twice), "person-mismatch");
    twice = bench_person(w, "acme/carol2", "approver", "acme/carol");
    assert_ok(world_enrol(w, &twice));
}

static void attack_53_votes_over_weeks(void **state)
{
    struct world *w = *state;
    assert_ok(world_policy(w, "ledger", RULES("{\"approvals\":2,\"effect\":\"hold\",\"roles\":[\"approver\"],"
                                              "\"window_ms\":600000}")));
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/a"));
    w->time += 10 * MINUTE + 1;
    assert_ok(approve(w, &id, "acme/b"));
    assert_state(w, &id, "HELD");
    /* The first one may say it again; then both stand within the window, to its last moment. */
    w->time += 10 * MINUTE;
    assert_ok(approve(w, &id, "acme/a"));
    assert_state(w, &id, "RELEASED");
    assert_ok(world_consume(w, &id, "acme/bot"));
}

#define IN_ORDER                                                                                       \
    RULES("{\"approvals\":2,\"effect\":\"hold\",\"ordered\":true,\"roles\":[\"finance\",\"approver\"]}")

/* Approvals in another order, one that names no predecessor, and one that names another. */
static void attack_54_order_faked(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    assert_ok(world_policy(w, "ledger", IN_ORDER));
    struct cty_hash other = case_held(w), id = case_held(w);
    assert_refused(approve(w, &id, "acme/a"), "out-of-order");
    assert_ok(approve(w, &other, "acme/finn"));
    assert_ok(approve(w, &id, "acme/finn"));
    make_decision(w, &st, &id, "acme/a", CTY_APPROVE);
    assert_refused(submit(w, &st), "out-of-order");
    st.u.decision.previous = (struct cty_opt_hash){case_get(w, &other)->decisions[0].digest, true};
    assert_refused(submit(w, &st), "out-of-order");
    st.u.decision.previous.hash = case_get(w, &id)->decisions[0].digest;
    assert_ok(submit(w, &st));
    assert_state(w, &id, "RELEASED");
}

static void attack_56_revoked_approval_used(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_released(w), before = case_released(w);
    w->time += MINUTE;
    assert_ok(world_revoke(w, "acme/b", "acme/a", "acme/b", w->time));
    assert_ok(world_consume(w, &before, "acme/bot")); /* it was signed before that */
    assert_ok(world_revoke(w, "acme/a", "acme/a", NULL, w->time - 2 * MINUTE));
    assert_refused(world_consume(w, &id, "acme/bot"), "approval-revoked");
}

static void attack_58_agent_votes(void **state)
{
    struct world *w = *state;
    struct cty_enrolment voter = bench_agent(w, "acme/voter", "acme/owen");
    voter.roles.names[voter.roles.count++] = CTY_LITERAL("approver");
    assert_ok(world_enrol(w, &voter));
    struct cty_hash id = case_held(w);
    assert_refused(approve(w, &id, "acme/voter"), "not-human");
    assert_refused(world_question(w, &id, "acme/voter", "May I?", NULL), "not-human");
    assert_ok(approve(w, &id, "acme/a"));
}

static void attack_59_operator_held_key(void **state)
{
    struct world *w = *state;
    struct cty_enrolment hosted = bench_person(w, "acme/hosted", "approver", "acme/hosted");
    hosted.key_custody = CTY_KEY_OPERATOR;
    assert_ok(world_enrol(w, &hosted));
    struct cty_hash id = case_held(w);
    assert_refused(approve(w, &id, "acme/hosted"), "key-class");
    assert_refused(world_decide(w, &id, "acme/hosted", CTY_REJECT), "key-class");
    assert_refused(world_patch(w, &id, "acme/hosted", "[]", "{}"), "key-class");
    /* Where hardware is asked for, a key of one's own is not enough. */
    assert_ok(world_policy(w, "ledger", RULES("{\"approvals\":1,\"effect\":\"hold\",\"key_custody\":\"hardware\","
                                              "\"roles\":[\"approver\"]}")));
    struct cty_enrolment token = bench_person(w, "acme/token", "approver", "acme/token");
    token.key_custody = CTY_KEY_HARDWARE;
    assert_ok(world_enrol(w, &token));
    struct cty_hash hard = case_held(w);
    assert_refused(approve(w, &hard, "acme/a"), "key-class");
    assert_ok(approve(w, &hard, "acme/token"));
    assert_ok(approve(w, &id, "acme/a"));
}

/* The same offer again, and its answer by somebody whom it was not made to. */
static void attack_68_offer_replayed_or_redirected(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_hash id = case_held(w);
    make_offer(w, &st, &id, "acme/bot", "globex/exec");
    const struct cty_secret *bot = world_secret(w, "acme/bot");
    assert_ok(cty_statement_sign(&st, &bot, 1, &envelope, NULL));
    assert_ok(world_submit_envelope(w, cty_buf_bytes(&envelope), NULL));
    assert_refused(world_accept(w, &id, "initech/x"), "wrong-receiver");
    assert_refused(world_decline(w, &id, "initech/x"), "wrong-receiver");
    assert_ok(world_decline(w, &id, "globex/exec"));
    assert_refused(world_submit_envelope(w, cty_buf_bytes(&envelope), NULL), "duplicate-id");
    assert_ok(world_hand(w, &id, "globex/exec"));
    cty_buf_done(&envelope);
}

static void attack_69_expired_offer_accepted(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w), other = case_held(w);
    struct cty_hash *const cases[] = {&id, &other};
    for (size_t i = 0; i < 2; i++) {
        make_offer(w, &st, cases[i], "acme/bot", "globex/exec");
        st.u.offer.expires = w->time + MINUTE;
        assert_ok(submit(w, &st));
    }
    w->time += MINUTE;
    assert_ok(world_accept(w, &other, "globex/exec"));
    w->time++;
    assert_refused(world_accept(w, &id, "globex/exec"), "offer-expired");
}

static void attack_70_double_acceptance(void **state)
{
    struct world *w = *state;
    struct cty_statement first, second;
    struct cty_hash id = case_held(w);
    assert_ok(world_offer(w, &id, "initech", NULL, NULL));
    make_accept(w, &first, &id, "initech/x");
    make_accept(w, &second, &id, "initech/y");
    assert_ok(submit(w, &first));
    second.after = case_get(w, &id)->anchor;
    second.seen.size = cty_memory_size(w->memory);
    assert_ok(cty_memory_root(w->memory, second.seen.size, &second.seen.root));
    assert_refused(submit(w, &second), "double-acceptance");
    assert_true(cty_bytes_is(case_get(w, &id)->holder, "initech/x"));
}

static void attack_71_offered_to_two(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    assert_ok(world_offer(w, &id, "globex/exec", NULL, NULL));
    assert_refused(world_offer(w, &id, "initech/x", NULL, NULL), "double-offer");
    assert_ok(world_withdraw(w, &id, "acme/bot"));
    assert_ok(world_offer(w, &id, "initech/x", NULL, NULL));
}

static void attack_72_offer_by_who_no_longer_holds(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    assert_ok(world_hand(w, &id, "globex/exec"));
    make_offer(w, &st, &id, "acme/bot", "initech/x");
    assert_refused(submit(w, &st), "not-holder");
    assert_refused(world_consume(w, &id, "acme/bot"), "state-illegal");
    make_offer(w, &st, &id, "globex/exec", "initech/x");
    assert_ok(submit(w, &st));
}

static void attack_73_handed_on_after_finalise(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    assert_ok(world_finalise(w, &id, "acme/bot"));
    assert_refused(world_offer(w, &id, "globex/exec", NULL, NULL), "after-final");
    assert_refused(world_finalise(w, &id, "acme/bot"), "after-final");
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &id, "acme/b"));
    assert_refused(world_offer(w, &id, "globex/exec", NULL, NULL), "after-final");
    assert_ok(world_consume(w, &id, "acme/bot"));
}

static void attack_74_hop_dropped_or_reordered(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    assert_ok(world_hand(w, &id, "globex/exec"));
    assert_ok(world_hand(w, &id, "acme/pal"));
    make_offer(w, &st, &id, "acme/pal", "initech/x");
    st.u.offer.previous.hash = case_get(w, &id)->hops[0].offer;
    assert_refused(submit(w, &st), "hop-missing");
    st.u.offer.hop = 2;
    assert_refused(submit(w, &st), "hop-order");
    st.u.offer.hop = 4;
    assert_refused(submit(w, &st), "hop-order");
    make_offer(w, &st, &id, "acme/pal", "initech/x");
    st.u.offer.previous.present = false;
    assert_refused(submit(w, &st), "hop-missing");
    make_offer(w, &st, &id, "acme/pal", "initech/x");
    assert_ok(submit(w, &st));
}

/* An offer of another case, as what was before or as what is answered. */
static void attack_75_chain_of_another_case(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_handed(w, "globex/exec"), other = case_handed(w, "globex/exec");
    make_offer(w, &st, &id, "globex/exec", "initech/x");
    st.u.offer.previous.hash = case_get(w, &other)->hops[0].offer;
    assert_refused(submit(w, &st), "hop-missing");
    assert_ok(world_offer(w, &id, "initech/x", NULL, NULL));
    assert_ok(world_offer(w, &other, "initech/x", NULL, NULL));
    make_accept(w, &st, &id, "initech/x");
    st.u.accept.offer = case_get(w, &other)->offer.digest;
    assert_refused(submit(w, &st), "no-offer");
    make_accept(w, &st, &id, "initech/x");
    st.case_id = other;
    st.after = case_get(w, &other)->anchor;
    assert_refused(submit(w, &st), "no-offer");
    assert_ok(world_accept(w, &id, "initech/x"));
}

/* What was offered under obligations is taken under those, each commitment as it stands in the offer. */
static void attack_76_context_swapped(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    make_offer(w, &st, &id, "acme/bot", "globex/exec");
    st.u.offer.context = (struct cty_opt_hash){bench_hash(w), true};
    assert_ok(submit(w, &st));
    make_accept(w, &st, &id, "globex/exec");
    st.u.accept.obligations.hash = bench_hash(w);
    assert_refused(submit(w, &st), "obligation-dropped");
    st.u.accept.obligations.present = false;
    assert_refused(submit(w, &st), "obligation-dropped");
    assert_ok(world_accept(w, &id, "globex/exec"));
}

static void attack_78_approvals_carried_along(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(world_offer(w, &id, "globex/exec", NULL, NULL));
    w->alone = true;
    assert_ok(world_accept(w, &id, "globex/exec"));
    assert_true(world_next(w, &st));
    assert_int_equal(st.u.verdict.travelled_count, 0);
    /* A clerk that carries one along all the same. */
    struct cty_statement lie = st;
    lie.u.verdict.travelled[lie.u.verdict.travelled_count++] = case_get(w, &id)->decisions[0].digest;
    assert_refused(submit(w, &lie), "clerk-mismatch");
    assert_ok(submit(w, &st));
    w->alone = false;
    assert_int_equal(case_get(w, &id)->decisions_count, 0);
    assert_ok(approve(w, &id, "acme/b"));
    assert_state(w, &id, "HELD");
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(world_consume(w, &id, "globex/exec"));
}

static void attack_79_delegation_widened(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    struct cty_scope scope = world_scope(w, &id);
    scope.releases = 2;
    scope.actions.names[0] = CTY_LITERAL("refund");
    assert_ok(world_offer(w, &id, "globex/exec", &scope, NULL));
    assert_ok(world_accept(w, &id, "globex/exec"));
    scope = world_scope(w, &id);
    scope.actions.names[0] = CTY_LITERAL("*");
    assert_refused(world_offer(w, &id, "initech/x", &scope, NULL), "pass-wider");
    assert_detail(w, "hop 2 widens actions");
    scope = world_scope(w, &id);
    scope.releases = 3;
    assert_refused(world_offer(w, &id, "initech/x", &scope, NULL), "pass-wider");
    assert_detail(w, "hop 2 widens releases");
    /* Totals count up the tree: a child for each release and no more. */
    make_child(w, &st, &id, "globex/exec");
    st.u.request.action = CTY_LITERAL("wipe");
    assert_refused(submit(w, &st), "pass-wider");
    make_child(w, &st, &id, "globex/exec");
    assert_ok(submit(w, &st));
    make_child(w, &st, &id, "globex/exec");
    assert_refused(submit(w, &st), "pass-spent");
    assert_ok(world_hand(w, &id, "initech/x"));
}

static void attack_80_too_deep_or_in_a_loop(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    struct cty_scope scope = world_scope(w, &id);
    scope.depth = 1;
    assert_ok(world_offer(w, &id, "globex/exec", &scope, NULL));
    assert_ok(world_accept(w, &id, "globex/exec"));
    assert_refused(world_offer(w, &id, "acme/bot", NULL, NULL), "delegation-loop");
    assert_refused(world_offer(w, &id, "globex/exec", NULL, NULL), "delegation-loop");
    /* By way of the party's name the loop is found at the acceptance. */
    assert_ok(world_offer(w, &id, "acme", NULL, NULL));
    assert_refused(world_accept(w, &id, "acme/bot"), "delegation-loop");
    assert_ok(world_accept(w, &id, "acme/pal"));
    assert_refused(world_offer(w, &id, "initech/x", NULL, NULL), "pass-too-deep");
}

/* The giver of a hop was revoked as of before its offer, or the key that signed it; or the parent was taken back. */
static void attack_81_act_after_revocation_up_the_chain(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    assert_ok(world_agent(w, "acme/thief", "acme/owen"));
    struct cty_hash early = case_of(w, "acme/thief", "acme/thief", "ping");
    assert_ok(world_hand(w, &early, "globex/exec"));
    assert_state(w, &early, "RELEASED");
    w->time += MINUTE;
    uint64_t theft = w->time;
    struct cty_hash id = case_of(w, "acme/thief", "acme/thief", "ping");
    struct cty_hash open = case_of(w, "acme/thief", "acme/thief", "ping");
    assert_ok(world_hand(w, &id, "globex/exec"));
    assert_ok(world_hand(w, &id, "initech/x"));
    assert_ok(world_offer(w, &open, "globex/exec", NULL, NULL));
    w->time += MINUTE;
    assert_ok(world_revoke(w, "acme/thief", "acme/a", "acme/b", theft));
    assert_refused(world_consume(w, &id, "initech/x"), "after-cancellation");
    assert_detail(w, "hop 1");
    assert_refused(world_accept(w, &open, "globex/exec"), "after-cancellation");
    assert_ok(world_consume(w, &early, "globex/exec"));
    /* A former key alone. */
    assert_ok(world_agent(w, "acme/careless", "acme/owen"));
    struct cty_hash careless = case_of(w, "acme/careless", "acme/careless", "ping");
    assert_ok(world_hand(w, &careless, "globex/exec"));
    assert_ok(world_rotate(w, "acme/careless"));
    struct cty_hash after = case_of(w, "acme/careless", "acme/careless", "ping");
    assert_ok(world_hand(w, &after, "globex/exec"));
    assert_ok(world_revoke_key(w, "acme/careless", world_former_vkey(w, "acme/careless", 1), "acme/careless", NULL, 0));
    assert_refused(world_consume(w, &careless, "globex/exec"), "after-cancellation");
    assert_ok(world_consume(w, &after, "globex/exec"));
    /* A parent that was cancelled, two levels up. */
    struct cty_hash parent = case_held(w), child, grandchild;
    make_child(w, &st, &parent, "acme/bot");
    assert_ok(world_submit(w, &st, &child));
    make_child(w, &st, &child, "acme/bot");
    st.u.request.action = CTY_LITERAL("ping");
    assert_ok(world_submit(w, &st, &grandchild));
    assert_state(w, &grandchild, "RELEASED");
    assert_ok(world_offer(w, &grandchild, "globex/exec", NULL, NULL));
    assert_ok(world_cancel(w, &parent, "acme/bot"));
    assert_refused(world_accept(w, &grandchild, "globex/exec"), "after-cancellation");
    assert_refused(world_consume(w, &grandchild, "acme/bot"), "after-cancellation");
    assert_detail(w, "CANCELLED");
}

static void attack_83_withdraw_after_accept_and_back(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w), other = case_held(w);
    assert_ok(world_offer(w, &id, "globex/exec", NULL, NULL));
    assert_ok(world_accept(w, &id, "globex/exec"));
    assert_refused(world_withdraw(w, &id, "acme/bot"), "not-holder");
    assert_refused(world_withdraw(w, &id, "globex/exec"), "double-acceptance");
    assert_refused(world_decline(w, &id, "globex/exec"), "double-acceptance");
    assert_ok(world_offer(w, &other, "globex/exec", NULL, NULL));
    assert_ok(world_withdraw(w, &other, "acme/bot"));
    assert_refused(world_accept(w, &other, "globex/exec"), "state-illegal");
    assert_refused(world_withdraw(w, &other, "acme/bot"), "state-illegal");
    assert_ok(world_offer(w, &other, "globex/exec", NULL, NULL));
    assert_ok(world_decline(w, &other, "globex/exec"));
    assert_refused(world_accept(w, &other, "globex/exec"), "state-illegal");
}

/* Several answers are written to choose from; the ledger takes one. */
static void attack_89_several_answers(void **state)
{
    struct world *w = *state;
    struct cty_statement yes, no, later;
    struct cty_hash id = case_held(w), question;
    assert_ok(world_question(w, &id, "acme/a", "Whose money?", &question));
    make_answer(w, &yes, &id, "acme/bot", &question);
    make_answer(w, &no, &id, "acme/bot", &question);
    assert_ok(submit(w, &yes));
    assert_refused(submit(w, &no), "no-question");
    assert_ok(world_offer(w, &id, "globex/exec", NULL, NULL));
    make_decline(w, &no, &id, "globex/exec");
    make_accept(w, &later, &id, "globex/exec");
    assert_ok(submit(w, &no));
    assert_refused(submit(w, &later), "state-illegal");
    make_decision(w, &yes, &id, "acme/a", CTY_APPROVE);
    make_decision(w, &later, &id, "acme/a", CTY_APPROVE);
    assert_ok(submit(w, &yes));
    assert_refused(submit(w, &later), "duplicate-human");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTACK(attack_09_enrolled_by_the_operator_alone),
        ATTACK(attack_25_append_after_close),
        ATTACK(attack_45_policy_changed_meanwhile),
        ATTACK(attack_46_policy_weakened_by_the_requester),
        ATTACK(attack_47_self_approval_after_a_handoff),
        ATTACK(attack_48_quorum_of_one_person),
        ATTACK(attack_49_one_person_in_two_parties),
        ATTACK(attack_53_votes_over_weeks),
        ATTACK(attack_54_order_faked),
        ATTACK(attack_56_revoked_approval_used),
        ATTACK(attack_58_agent_votes),
        ATTACK(attack_59_operator_held_key),
        ATTACK(attack_68_offer_replayed_or_redirected),
        ATTACK(attack_69_expired_offer_accepted),
        ATTACK(attack_70_double_acceptance),
        ATTACK(attack_71_offered_to_two),
        ATTACK(attack_72_offer_by_who_no_longer_holds),
        ATTACK(attack_73_handed_on_after_finalise),
        ATTACK(attack_74_hop_dropped_or_reordered),
        ATTACK(attack_75_chain_of_another_case),
        ATTACK(attack_76_context_swapped),
        ATTACK(attack_78_approvals_carried_along),
        ATTACK(attack_79_delegation_widened),
        ATTACK(attack_80_too_deep_or_in_a_loop),
        ATTACK(attack_81_act_after_revocation_up_the_chain),
        ATTACK(attack_83_withdraw_after_accept_and_back),
        ATTACK(attack_89_several_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
