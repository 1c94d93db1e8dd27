/* SPDX-License-Identifier: Apache-2.0 */
/* The order of refusals of handoffs: each row of spec/lifecycle.md alone, and every two of them together. */
#include "codec/text.h"
#include "unit/escrow/bench.h"

#define ALTER(name, statement)                                                                         \
    static void name(struct world *w, struct world_step *step)                                         \
    {                                                                                                  \
        (void)w;                                                                                       \
        statement;                                                                                     \
    }
#define IN(name) fault_other_case(w, step, &(name))
#define OFFER step->st.u.offer

/* Cases that are as a fault needs them; all held by globex/exec where an offer is made, by acme/bot where one is answered. */
static struct cty_hash over, finalised, offering, deepest, answered, declined, withdrawn, past, stolen, spent, patched;

ALTER(past_decide_by, step->entry.time = case_get(w, &step->st.case_id)->decide_by + 1)
ALTER(in_over, IN(over))
ALTER(in_finalised, IN(finalised))
ALTER(in_offering, IN(offering))
ALTER(in_deepest, IN(deepest))
ALTER(in_declined, IN(declined))
ALTER(in_withdrawn, IN(withdrawn))
ALTER(in_past, IN(past))
ALTER(in_stolen, IN(stolen))
ALTER(in_spent, IN(spent))
ALTER(in_patched, IN(patched))
ALTER(by_pal, step->st.signers[0] = CTY_LITERAL("acme/pal"))
ALTER(by_gina, step->st.signers[0] = CTY_LITERAL("globex/gina"))
ALTER(by_second, step->st.signers[0] = CTY_LITERAL("globex/second"))

ALTER(offer_past, OFFER.expires = step->entry.time - 1)
ALTER(to_nobody, OFFER.to = CTY_LITERAL("initech/nobody"))
ALTER(to_person, OFFER.to = CTY_LITERAL("initech/p"))
ALTER(to_revoked, OFFER.to = CTY_LITERAL("acme/gone"))
ALTER(to_no_party, OFFER.to = CTY_LITERAL("nowhere"))
ALTER(to_ancestor, OFFER.to = CTY_LITERAL("acme/bot"))
ALTER(hop_late, OFFER.hop++)
ALTER(hop_early, OFFER.hop--)
ALTER(no_previous, OFFER.previous.present = false)
ALTER(other_previous, OFFER.previous.hash = bench_hash(w))
ALTER(wider_depth, OFFER.scope.depth++)
ALTER(wider_expires, OFFER.scope.expires++)
ALTER(wider_releases, OFFER.scope.releases++)
ALTER(wider_services, OFFER.scope.services.names[0] = CTY_LITERAL("*"))
ALTER(wider_actions, OFFER.scope.actions.names[0] = CTY_LITERAL("r*"))
ALTER(no_release, OFFER.scope.releases = 0)
ALTER(scope_past, OFFER.scope.expires = step->entry.time - 1)
ALTER(other_service, OFFER.scope.services.names[0] = CTY_LITERAL("pay?"))
ALTER(other_action, OFFER.scope.actions.names[0] = CTY_LITERAL("refund?"))

static const struct fault offer_faults[] = {
    FAULTS_ENTRY,
    FAULTS_SIGNER,
    FAULTS_SEEN,
    FAULTS_CASE,
    {"past decide_by", past_decide_by, "deadline-passed", 6, true},
    {"in a case that is over", in_over, "state-illegal", 6, true},
    FAULTS_AFTER,
    {"not the holder", by_pal, "not-holder", 2, false},
    {"after finalise", in_finalised, "after-final", 6, true},
    {"another offer is open", in_offering, "double-offer", 6, true},
    {"the offer has expired", offer_past, "offer-expired", 0, false},
    {"to an unknown actor", to_nobody, "wrong-receiver", 20, false},
    {"to a person", to_person, "wrong-receiver", 20, false},
    {"to a revoked actor", to_revoked, "wrong-receiver", 20, false},
    {"to an unknown party", to_no_party, "wrong-receiver", 20, false},
    {"to an ancestor", to_ancestor, "delegation-loop", 20, false},
    {"a hop left out", hop_late, "hop-order", 21, false},
    {"a hop twice", hop_early, "hop-order", 21, false},
    {"without previous", no_previous, "hop-missing", 22, false},
    {"another previous", other_previous, "hop-missing", 22, false},
    {"no hop left", in_deepest, "pass-too-deep", 6, true},
    {"more depth", wider_depth, "pass-wider", 0, false},
    {"a later end", wider_expires, "pass-wider", 23, false},
    {"more releases", wider_releases, "pass-wider", 24, false},
    {"more services", wider_services, "pass-wider", 25, false},
    {"more actions", wider_actions, "pass-wider", 26, false},
    {"no release", no_release, "bad-member", 24, false},
    {"an end that has passed", scope_past, "bad-member", 23, false},
    {"without the case's service", other_service, "bad-member", 25, false},
    {"without the case's action", other_action, "bad-member", 26, false},
};

/* Handed to globex/exec for payments and refunds, four releases, so many hops more. */
static struct cty_hash narrow(struct world *w, uint64_t depth)
{
    struct cty_hash id = case_held(w);
    struct cty_scope scope = world_scope(w, &id);
    scope.depth = depth;
    scope.releases = 4;
    scope.services.names[0] = CTY_LITERAL("pay*");
    scope.actions.names[0] = CTY_LITERAL("refund*");
    assert_ok(world_offer(w, &id, "globex/exec", &scope, NULL));
    assert_ok(world_accept(w, &id, "globex/exec"));
    return id;
}

static void cancel(struct world *w, const struct cty_hash *id)
{
    assert_ok(world_cancel(w, id, "acme/bot"));
}

static void offer_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    world_vendor(w, "initech");
    over = narrow(w, 3);
    cancel(w, &over);
    finalised = narrow(w, 3);
    assert_ok(world_finalise(w, &finalised, "globex/exec"));
    offering = narrow(w, 3);
    assert_ok(world_offer(w, &offering, "initech/y", NULL, NULL));
    deepest = narrow(w, 0);
    struct cty_hash id = narrow(w, 3);
    make_offer(w, &st, &id, "globex/exec", "initech/x");
    print_message("%zu offers\n", faults_check(w, &st, offer_faults, CTY_COUNT_OF(offer_faults)));
    assert_ok(submit(w, &st));
    assert_int_equal(case_get(w, &id)->offer.state, CTY_OFFER_OPEN);
    assert_string_equal(cty_case_state_names[case_get(w, &id)->state], "HELD");
}

/* An answer to the offer before the newest, which was accepted. */
static void answer_accepted(struct world *w, struct world_step *step)
{
    const struct cty_hash *digest = &case_get(w, &answered)->hops[0].offer;
    fault_other_case(w, step, &answered);
    if (step->st.type == CTY_ACCEPT)
        step->st.u.accept.offer = *digest;
    if (step->st.type == CTY_DECLINE)
        step->st.u.decline.offer = *digest;
    if (step->st.type == CTY_WITHDRAW)
        step->st.u.withdraw.offer = *digest;
}

static void answer_nothing(struct world *w, struct world_step *step)
{
    if (step->st.type == CTY_ACCEPT)
        step->st.u.accept.offer = bench_hash(w);
    if (step->st.type == CTY_DECLINE)
        step->st.u.decline.offer = bench_hash(w);
    if (step->st.type == CTY_WITHDRAW)
        step->st.u.withdraw.offer = bench_hash(w);
}

/* A checkpoint that covers the verdict, and not the offer. */
static void seen_before_offer(struct world *w, struct world_step *step)
{
    char key[CTY_VIEW_KEY_MAX] = "case/";
    cty_hex_write(step->st.case_id.bytes, CTY_HASH_SIZE, key + 5);
    if (!cty_memory_get(w->memory, key).data)
        return;
    const struct cty_case *c = case_get(w, &step->st.case_id);
    if (c->offer.state == CTY_OFFER_ACCEPTED)
        return; /* an offer that was accepted: the verdict came after it */
    step->st.seen.size = c->offer.index;
    assert_ok(cty_memory_root(w->memory, step->st.seen.size, &step->st.seen.root));
}

ALTER(no_obligations, step->st.u.accept.obligations.present = false)
ALTER(other_obligations, step->st.u.accept.obligations.hash = bench_hash(w))

#define ANSWER_FAULTS                                                                                  \
    {"accepted before", answer_accepted, "double-acceptance", 30, true},                               \
        {"another offer", answer_nothing, "no-offer", 30, false},                                      \
        {"declined", in_declined, "state-illegal", 6, true},                                           \
        {"withdrawn", in_withdrawn, "state-illegal", 6, true},                                         \
        {"the offer has expired", in_past, "offer-expired", 6, true},                                  \
        {"the offer is not seen", seen_before_offer, "bad-seen", 3, false}
#define STATE_FAULTS                                                                                   \
    {"past decide_by", past_decide_by, "deadline-passed", 6, true},                                    \
        {"in a case that is over", in_over, "state-illegal", 6, true}

static const struct fault accept_faults[] = {
    FAULTS_ENTRY,
    FAULTS_SIGNER,
    FAULTS_SEEN,
    FAULTS_CASE,
    STATE_FAULTS,
    FAULTS_AFTER,
    ANSWER_FAULTS,
    {"patched since the offer", in_patched, "action-mismatch", 6, true},
    {"of another party", by_pal, "wrong-receiver", 2, false},
    {"by a person of the party", by_gina, "wrong-receiver", 2, false},
    {"by an ancestor", by_second, "delegation-loop", 2, false},
    {"without the obligations", no_obligations, "obligation-dropped", 31, false},
    {"with other obligations", other_obligations, "obligation-dropped", 31, false},
    {"by a thief's offer", in_stolen, "after-cancellation", 6, true},
    {"with releases that were used since", in_spent, "pass-wider", 6, true},
};

static const struct fault decline_faults[] = {
    FAULTS_ENTRY, FAULTS_SIGNER, FAULTS_SEEN, FAULTS_CASE, STATE_FAULTS, FAULTS_AFTER, ANSWER_FAULTS,
    {"of another party", by_pal, "wrong-receiver", 2, false},
};

static const struct fault withdraw_faults[] = {
    FAULTS_ENTRY, FAULTS_SIGNER, FAULTS_SEEN, FAULTS_CASE, STATE_FAULTS, FAULTS_AFTER,
    {"not the holder", by_pal, "not-holder", 2, false}, ANSWER_FAULTS,
};

/* Held by the agent with globex/second in the ancestry. */
static struct cty_hash asked(struct world *w, const char *agent)
{
    struct cty_statement st;
    struct cty_hash id;
    make_request(w, &st, agent, agent, "refund");
    st.u.request.behalf.names[st.u.request.behalf.count++] = CTY_LITERAL("globex/second");
    assert_ok(world_submit(w, &st, &id));
    return id;
}

/* The same, offered to a party. */
static struct cty_hash offered(struct world *w, const char *agent, uint64_t expires)
{
    struct cty_statement st;
    struct cty_hash id = asked(w, agent);
    make_offer(w, &st, &id, agent, "globex");
    st.u.offer.expires = expires;
    st.u.offer.scope.releases = 3;
    assert_ok(submit(w, &st));
    return id;
}

/* Handed to initech/x, who offers all three releases on, and then uses one. */
static struct cty_hash offered_and_spent(struct world *w)
{
    struct cty_statement st;
    struct cty_hash id = asked(w, "acme/bot");
    struct cty_scope scope = world_scope(w, &id);
    scope.releases = 3;
    assert_ok(world_offer(w, &id, "initech/x", &scope, NULL));
    assert_ok(world_accept(w, &id, "initech/x"));
    make_offer(w, &st, &id, "initech/x", "globex");
    assert_ok(submit(w, &st));
    make_child(w, &st, &id, "initech/x");
    assert_ok(submit(w, &st));
    return id;
}

static void prepare_answers(struct world *w)
{
    struct cty_statement st;
    world_vendor(w, "initech");
    struct cty_enrolment second = bench_agent(w, "globex/second", "globex/b");
    assert_ok(world_enrol(w, &second));
    assert_ok(world_agent(w, "acme/thief", "acme/carol"));
    stolen = offered(w, "acme/thief", w->time + DAY);
    over = offered(w, "acme/bot", w->time + DAY);
    cancel(w, &over);
    answered = offered(w, "acme/bot", w->time + DAY);
    assert_ok(world_accept(w, &answered, "globex/exec"));
    declined = offered(w, "acme/bot", w->time + DAY);
    assert_ok(world_decline(w, &declined, "globex/gina"));
    withdrawn = offered(w, "acme/bot", w->time + DAY);
    assert_ok(world_withdraw(w, &withdrawn, "acme/bot"));
    past = offered(w, "acme/bot", w->time);
    spent = offered_and_spent(w);
    patched = offered(w, "acme/bot", w->time + DAY);
    assert_ok(world_patch(w, &patched, "acme/a", "[]", "{\"amount\":1}"));
    make_revoke(w, &st, "acme/thief", "acme/a", "acme/b", w->time);
    assert_ok(submit(w, &st));
    w->time += MINUTE;
}

static void accept_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    prepare_answers(w);
    struct cty_hash id = offered(w, "acme/bot", w->time + DAY);
    make_accept(w, &st, &id, "globex/exec");
    print_message("%zu accepts\n", faults_check(w, &st, accept_faults, CTY_COUNT_OF(accept_faults)));
    assert_ok(submit(w, &st));
    assert_string_equal(cty_case_state_names[case_get(w, &id)->state], "HELD");
    assert_true(cty_bytes_is(case_get(w, &id)->holder, "globex/exec"));
}

static void decline_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    prepare_answers(w);
    struct cty_hash id = offered(w, "acme/bot", w->time + DAY);
    make_decline(w, &st, &id, "globex/exec");
    print_message("%zu declines\n", faults_check(w, &st, decline_faults, CTY_COUNT_OF(decline_faults)));
    /* Any actor of the party may decline, a person too, and one who could not accept. */
    make_decline(w, &st, &id, "globex/gina");
    faults_check(w, &st, decline_faults, CTY_COUNT_OF(decline_faults));
    assert_ok(submit(w, &st));
    assert_int_equal(case_get(w, &id)->offer.state, CTY_OFFER_DECLINED);
    assert_true(cty_bytes_is(case_get(w, &id)->holder, "acme/bot"));
}

static void withdraw_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    prepare_answers(w);
    struct cty_hash id = offered(w, "acme/bot", w->time + DAY);
    /* Whose newest offer was accepted, and who holds the case again: nobody; the giver is not the holder any more. */
    make_withdraw(w, &st, &answered, "acme/bot");
    assert_refused(submit(w, &st), "not-holder");
    make_withdraw(w, &st, &answered, "globex/exec");
    assert_refused(submit(w, &st), "double-acceptance");
    make_withdraw(w, &st, &id, "acme/bot");
    struct fault faults[CTY_COUNT_OF(withdraw_faults)];
    size_t count = 0;
    for (size_t i = 0; i < CTY_COUNT_OF(withdraw_faults); i++) {
        if (strcmp(withdraw_faults[i].code, "double-acceptance") != 0)
            faults[count++] = withdraw_faults[i];
    }
    print_message("%zu withdrawals\n", faults_check(w, &st, faults, count));
    assert_ok(submit(w, &st));
    assert_int_equal(case_get(w, &id)->offer.state, CTY_OFFER_WITHDRAWN);
}

static const struct fault finalise_faults[] = {
    FAULTS_ENTRY, FAULTS_SIGNER, FAULTS_SEEN, FAULTS_CASE, STATE_FAULTS, FAULTS_AFTER,
    {"not the holder", by_pal, "not-holder", 2, false},
    {"after finalise", in_finalised, "after-final", 6, true},
    {"an offer is open", in_offering, "double-offer", 6, true},
};

static void finalise_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    prepare_answers(w);
    finalised = case_held(w);
    assert_ok(world_finalise(w, &finalised, "acme/bot"));
    offering = offered(w, "acme/bot", w->time + DAY);
    struct cty_hash id = case_held(w);
    make_finalise(w, &st, &id, "acme/bot");
    print_message("%zu finalised\n", faults_check(w, &st, finalise_faults, CTY_COUNT_OF(finalise_faults)));
    assert_ok(submit(w, &st));
    assert_true(case_get(w, &id)->finalised);
    /* An offer that nobody answered in time is open no more. */
    make_finalise(w, &st, &past, "acme/bot");
    assert_ok(submit(w, &st));
}

/* What a released case allows is the same; a consumed case is not handed on. */
static void a_released_case_is_handed_on(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_released(w), used = case_consumed(w);
    make_offer(w, &st, &used, "acme/bot", "globex/exec");
    assert_refused(submit(w, &st), "state-illegal");
    make_offer(w, &st, &id, "acme/bot", "globex/exec");
    assert_ok(submit(w, &st));
    make_accept(w, &st, &id, "globex/exec");
    assert_ok(submit(w, &st));
    assert_state(w, &id, "HELD");
    assert_refused(world_consume(w, &id, "acme/bot"), "state-illegal");
}

static const struct fault child_faults[] = {
    {"not the parent's holder", by_pal, "not-holder", 2, false},
    {"another service", NULL, "pass-wider", 0, false},
    {"another action", NULL, "pass-wider", 0, false},
    {"a later end", NULL, "pass-wider", 0, false},
    {"no release left", NULL, "pass-spent", 6, true},
};

static struct cty_hash lone;

ALTER(child_service, step->st.u.request.service = CTY_LITERAL("mail"))
ALTER(child_action, step->st.u.request.action = CTY_LITERAL("transfer"))
ALTER(child_expires, step->st.u.request.expires = case_get(w, &step->st.u.request.parent.case_id)->scope.expires + 1)
ALTER(child_of_lone, step->st.u.request.parent = ((struct cty_parent){true, case_get(w, &lone)->anchor, lone}))

static void child_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_scope scope;
    struct fault faults[CTY_COUNT_OF(child_faults)];
    void (*const makes[])(struct world *, struct world_step *) = {by_pal, child_service, child_action, child_expires,
                                                                 child_of_lone};
    lone = case_held(w);
    scope = world_scope(w, &lone);
    scope.releases = 1;
    scope.services.names[0] = CTY_LITERAL("pay*");
    scope.actions.names[0] = CTY_LITERAL("refund*");
    assert_ok(world_offer(w, &lone, "globex/exec", &scope, NULL));
    assert_ok(world_accept(w, &lone, "globex/exec"));
    struct cty_hash id = narrow(w, 3), child;
    memcpy(faults, child_faults, sizeof(faults));
    for (size_t i = 0; i < CTY_COUNT_OF(faults); i++)
        faults[i].make = makes[i];
    make_child(w, &st, &id, "globex/exec");
    print_message("%zu children\n", faults_check(w, &st, faults, CTY_COUNT_OF(faults)));
    assert_int_equal(case_get(w, &id)->scope.releases, 4);
    assert_ok(world_submit(w, &st, &child));
    assert_int_equal(case_get(w, &id)->scope.releases, 3);
    /* The child's own scope is the parent's with one release: it has none for a child of its own. */
    assert_int_equal(case_get(w, &child)->scope.releases, 1);
    make_child(w, &st, &child, "globex/exec");
    assert_refused(submit(w, &st), "pass-spent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(offer_refusals_in_order),    BENCH_TEST(accept_refusals_in_order),
        BENCH_TEST(decline_refusals_in_order),  BENCH_TEST(withdraw_refusals_in_order),
        BENCH_TEST(finalise_refusals_in_order), BENCH_TEST(a_released_case_is_handed_on),
        BENCH_TEST(child_refusals_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
