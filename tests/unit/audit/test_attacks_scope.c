/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on what is handed on, as a verifier tells them: more than the giver had, further than it may go, or after it was
 * taken back. A rogue custodian writes them with givers and receivers in its league; each must be named with its entry,
 * claim and code, a widened hop with its number and dimension, by a replay of the ledger and by evidence of the case.
 *
 * row of the list of attacks        test
 *  79 delegation widened            attack_79_*
 *  80 too deep, or a loop           attack_80_*
 *  81 act after a revocation above  attack_81_*
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

/* ---- the chain of eight hops over four parties, and one of them widened ---- */

#define CHAIN 8
static const char *const chain[CHAIN + 1] = {"acme/bot", "globex/x", "initech/x", "hooli/x",  "acme/pal",
                                             "globex/y", "initech/y", "hooli/y",  "acme/mate"};

static void begin_chain(struct stage *s)
{
    world_vendor(s->w, "hooli");
    assert_ok(world_agent(s->w, "acme/pal", "acme/boss"));
    assert_ok(world_agent(s->w, "acme/mate", "acme/boss"));
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "ship", "{}", &s->case_id));
}

/* What hop `number` hands over: one hop, one day and one release less than the one before, and narrower words. */
static struct cty_scope scope_of(struct stage *s, unsigned number)
{
    static const char *const words[CHAIN] = {"*", "s*", "s*p", "sh*p", "sh?p", "sh?p", "ship", "ship"};
    static const char *const services[CHAIN] = {"*", "p*", "p*", "pay*", "pay*", "payment?", "payment?", "payments"};
    struct cty_scope scope = {.present = true, .depth = CTY_HOPS_MAX - number,
                              .expires = WORLD_START + (8 - number / 2) * HOUR * 4, .releases = 20 - number};
    (void)s;
    scope.actions.names[scope.actions.count++] = cty_bytes_text(words[number - 1]);
    scope.services.names[scope.services.count++] = cty_bytes_text(services[number - 1]);
    return scope;
}

static void honest_hop(struct stage *s, unsigned number)
{
    struct cty_scope scope = scope_of(s, number);
    assert_ok(world_offer(s->w, &s->case_id, chain[number], &scope, NULL));
    assert_ok(world_accept(s->w, &s->case_id, chain[number]));
}

/* Makes the scope wider than what the giver has, in one dimension; false where the giver has all there is. */
static bool widen(struct cty_scope *scope, const struct cty_case *c, unsigned dimension, const char **ret_name)
{
    static const char *const names[] = {"depth", "expires", "releases", "services", "actions"};
    const struct cty_scope *have = &c->scope;
    *ret_name = names[dimension];
    switch (dimension) {
    case 0:
        scope->depth = have->present ? have->depth : CTY_HOPS_MAX;
        return true;
    case 1:
        scope->expires = c->expires + 1;
        return true;
    case 2:
        scope->releases = have->releases + 1;
        return have->present;
    case 3:
        scope->services.names[0] = CTY_LITERAL("?*");
        scope->services.names[scope->services.count++] = CTY_LITERAL("payments");
        return have->present && !cty_bytes_is(have->services.names[0], "*");
    default:
        scope->actions.names[scope->actions.count++] = CTY_LITERAL("s*?");
        return have->present && !cty_bytes_is(have->actions.names[0], "*") && !cty_bytes_is(have->actions.names[0], "s*");
    }
}

/* The giver of the hop goes along with the rogue, and so does the receiver, who accepts. */
static void widened(struct stage *s, unsigned number, unsigned dimension)
{
    struct cty_statement st;
    struct cty_case c;
    const char *name;
    char words[64];
    struct rogue *r = rogue_new(s);
    begin_offer(r, &st, chain[number - 1], chain[number]);
    st.u.offer.scope = scope_of(s, number);
    show_lawful(r, &st);
    world_case(s->w, &s->case_id, &c);
    if (widen(&st.u.offer.scope, &c, dimension, &name)) {
        snprintf(words, sizeof(words), "hop %u widens %s", number, name);
        catch_said(r, &st, "pass-wider", words);
        uint64_t at = rogue_put(r, &st);
        begin_accept(r, &st, chain[number]);
        st.u.accept.offer = r->items[at].digest;
        rogue_put(r, &st);
        assert_caught(r, LAWFUL, "pass-wider", at);
        assert_true(says(&s->report, CTY_CLAIM_LAWFUL, words));
    }
    rogue_free(r);
}

static void attack_79_each_hop_of_eight_widened(void **state)
{
    struct stage *s = *state;
    begin_chain(s);
    for (unsigned number = 1; number <= CHAIN; number++) {
        for (unsigned dimension = 0; dimension < 5; dimension++)
            widened(s, number, dimension);
        honest_hop(s, number);
    }
    assert_ok(world_consume(s->w, &s->case_id, chain[CHAIN]));
    assert_ok(world_outcome(s->w, &s->case_id, chain[CHAIN], CTY_OUTCOME_FULFILLED));
    assert_nothing_found(s);
    assert_true(says(&s->report, CTY_CLAIM_QUORUM,
                     "held by acme/mate since hop 8, handed acme/bot > globex/x > initech/x > hooli/x > acme/pal > "
                     "globex/y > initech/y > hooli/y > acme/mate"));
}

static void begin_child(struct rogue *r, struct cty_statement *st, const struct cty_hash *parent, const char *agent)
{
    struct cty_case c;
    world_case(r->s->w, parent, &c);
    rogue_begin(r, st, CTY_REQUEST, agent);
    st->u.request = (struct cty_request){.action = CTY_LITERAL("ship"), .service = CTY_LITERAL("payments"),
                                         .executor = CTY_LITERAL("globex/x"), .expires = r->s->w->time + MINUTE,
                                         .priority = CTY_PRIORITY_NORMAL, .parent = {true, c.anchor, *parent}};
    st->u.request.payload = world_commit(r->s->w, st, "payload", "{}");
}

/* Evidence of a child begins with its own request, so it is looked at as a case of its own. */
static void catch_child(struct rogue *r, const struct cty_statement *st, const char *code, const char *words)
{
    struct cty_hash parent = r->s->case_id;
    uint64_t at = rogue_put(r, st);
    r->s->case_id = r->items[at].digest;
    assert_caught(r, LAWFUL, code, at);
    assert_true(says(&r->s->report, CTY_CLAIM_LAWFUL, words));
    r->s->case_id = parent;
    rogue_remove(r, at);
}

static void attack_79_child_case_widened(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "ship", "{}", &s->case_id));
    struct cty_scope scope = world_scope(s->w, &s->case_id);
    scope.actions.names[0] = CTY_LITERAL("ship");
    scope.services.names[0] = CTY_LITERAL("payments");
    scope.releases = 2;
    scope.expires = s->w->time + HOUR;
    assert_ok(world_offer(s->w, &s->case_id, "globex/x", &scope, NULL));
    assert_ok(world_accept(s->w, &s->case_id, "globex/x"));
    struct cty_hash parent = s->case_id;
    struct rogue *r = rogue_new(s);
    begin_child(r, &st, &parent, "globex/x");
    show_lawful(r, &st);
    st.u.request.action = CTY_LITERAL("refund");
    catch_child(r, &st, "pass-wider", "the child case widens actions");
    begin_child(r, &st, &parent, "globex/x");
    st.u.request.service = CTY_LITERAL("vault");
    catch_child(r, &st, "pass-wider", "the child case widens services");
    begin_child(r, &st, &parent, "globex/x");
    st.u.request.expires = s->w->time + HOUR + 1;
    catch_child(r, &st, "pass-wider", "the child case widens expires");
    begin_child(r, &st, &parent, "globex/y");
    catch_child(r, &st, "not-holder", "the parent's holder is globex/x");
    begin_child(r, &st, &parent, "globex/x");
    rogue_free(r);
    submit(s, &st);
    /* Totals count up the tree: the second child has no release left. Evidence of one child does not show the other. */
    r = rogue_new(s);
    begin_child(r, &st, &parent, "globex/x");
    uint64_t at = rogue_put(r, &st);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, LAWFUL, "pass-spent", at);
    s->case_id = r->items[at].digest;
    assert_int_equal(rogue_verify(r), 0);
    assert_true(says(&s->report, CTY_CLAIM_LAWFUL, "releases that cases outside the file took are not counted"));
    s->case_id = parent;
    assert_int_equal(rogue_verify(r), 0);
    assert_false(says(&s->report, CTY_CLAIM_LAWFUL, "releases"));
    rogue_free(r);
}

static void attack_80_too_deep(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct cty_scope scope = world_scope(s->w, &s->case_id);
    scope.depth = 1;
    assert_ok(world_offer(s->w, &s->case_id, "globex/x", &scope, NULL));
    assert_ok(world_accept(s->w, &s->case_id, "globex/x"));
    struct rogue *r = rogue_new(s);
    begin_offer(r, &st, "globex/x", "initech/x");
    show_lawful(r, &st);
    rogue_free(r);
    hand(s, "initech/x");
    r = rogue_new(s);
    begin_offer(r, &st, "initech/x", "globex/y");
    catch_said(r, &st, "pass-too-deep", "hop 3");
    rogue_free(r);
}

static void attack_80_in_a_loop(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    hand(s, "globex/x");
    struct rogue *r = rogue_new(s);
    begin_offer(r, &st, "globex/x", "acme/bot2");
    show_lawful(r, &st);
    begin_offer(r, &st, "globex/x", "acme/bot");
    catch_said(r, &st, "delegation-loop", "acme/bot");
    begin_offer(r, &st, "globex/x", "globex/x");
    catch_put(r, &st, "delegation-loop");
    rogue_free(r);
    /* By way of the party's name. */
    offer(s, "acme");
    r = rogue_new(s);
    begin_accept(r, &st, "acme/bot2");
    show_lawful(r, &st);
    begin_accept(r, &st, "acme/bot");
    catch_said(r, &st, "delegation-loop", "acme/bot");
    rogue_free(r);
}

static void attack_81_a_giver_revoked_as_of_before(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "ping", "{}", &s->case_id));
    hand(s, "globex/x");
    hand(s, "initech/x");
    uint64_t offered = s->w->time;
    s->w->time += MINUTE;
    assert_ok(world_revoke(s->w, "globex/x", "globex/a", "globex/b", offered + 1));
    struct rogue *r = rogue_new(s);
    begin_consume(r, &st, "initech/x");
    show_lawful(r, &st);
    rogue_free(r);
    assert_ok(world_revoke(s->w, "globex/x", "globex/a", "globex/b", offered));
    r = rogue_new(s);
    begin_consume(r, &st, "initech/x");
    catch_said(r, &st, "after-cancellation", "hop 2: globex/x was revoked as of then");
    rogue_free(r);
}

static void attack_81_an_offer_by_a_stolen_key_accepted(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    offer(s, "globex/x");
    assert_ok(world_rotate(s->w, "acme/bot"));
    struct rogue *r = rogue_new(s);
    begin_accept(r, &st, "globex/x");
    show_lawful(r, &st);
    rogue_free(r);
    assert_ok(world_revoke_key(s->w, "acme/bot", world_former_vkey(s->w, "acme/bot", 1), "acme/bot", NULL, WORLD_START));
    r = rogue_new(s);
    begin_accept(r, &st, "globex/x");
    catch_said(r, &st, "after-cancellation", "hop 1: acme/bot");
    rogue_free(r);
}

static void attack_81_a_parent_taken_back(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct cty_hash parent = s->case_id;
    struct rogue *r = rogue_new(s);
    begin_child(r, &st, &parent, "acme/bot");
    st.u.request.executor = CTY_LITERAL("acme/bot");
    rogue_free(r);
    assert_ok(world_submit(s->w, &st, &s->case_id));
    offer(s, "globex/x");
    r = rogue_new(s);
    begin_consume(r, &st, "acme/bot");
    show_lawful(r, &st);
    begin_accept(r, &st, "globex/x");
    show_lawful(r, &st);
    rogue_free(r);
    assert_ok(world_cancel(s->w, &parent, "acme/bot"));
    r = rogue_new(s);
    begin_consume(r, &st, "acme/bot");
    catch_said(r, &st, "after-cancellation", "is CANCELLED");
    begin_accept(r, &st, "globex/x");
    catch_said(r, &st, "after-cancellation", "is CANCELLED");
    /* Without the parent nobody can tell. */
    begin_consume(r, &st, "acme/bot");
    rogue_put(r, &st);
    r->without_parents = true;
    assert_int_equal(rogue_verify(r), 3);
    assert_claim(&s->report, LAWFUL, NOT_CHECKED);
    rogue_free(r);
}

#define ATTACK(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTACK(attack_79_each_hop_of_eight_widened),
        ATTACK(attack_79_child_case_widened),
        ATTACK(attack_80_too_deep),
        ATTACK(attack_80_in_a_loop),
        ATTACK(attack_81_a_giver_revoked_as_of_before),
        ATTACK(attack_81_an_offer_by_a_stolen_key_accepted),
        ATTACK(attack_81_a_parent_taken_back),
    };
    return cmocka_run_group_tests_name("attacks on what is handed on", tests, NULL, NULL);
}
