/* SPDX-License-Identifier: Apache-2.0 */
/* Handoffs from end to end: chains, what narrows, what travels, what ends, children under a scope. */
#include "unit/escrow/bench.h"

#define RULES(rules) "{\"admin_quorum\":2,\"rules\":[" rules "]}"
#define HOLD1 "{\"approvals\":1,\"effect\":\"hold\",\"roles\":[\"approver\"]}"

/* acme/bot gives, then eight receive: four parties, each twice. */
static const char *const chain[] = {"globex/exec", "initech/x", "umbra/x", "acme/pal",
                                    "globex/two",  "initech/y", "umbra/y", "acme/last"};

static void prepare_chain(struct world *w)
{
    world_vendor(w, "initech");
    world_vendor(w, "umbra");
    assert_ok(world_agent(w, "globex/two", "globex/gina"));
    assert_ok(world_agent(w, "acme/last", "acme/owen"));
}

static void eight_hops_over_four_parties(void **state)
{
    struct world *w = *state;
    prepare_chain(w);
    struct cty_hash id = case_held(w);
    for (size_t i = 0; i < CTY_COUNT_OF(chain); i++) {
        assert_ok(world_hand(w, &id, chain[i]));
        w->time += MINUTE;
    }
    const struct cty_case *c = case_get(w, &id);
    assert_int_equal(c->hops_count, 8);
    assert_true(cty_bytes_is(c->holder, "acme/last"));
    assert_int_equal(c->scope.depth, CTY_HOPS_MAX - 8);
    for (uint32_t i = 0; i < 8; i++)
        assert_true(cty_bytes_is(c->hops[i].to, chain[i]));
    assert_true(cty_bytes_is(c->hops[0].from, "acme/bot"));
    /* Every receiver and its owner stand in the ancestry: bot, owen, and so on. */
    assert_refused(approve(w, &id, "acme/carol"), "self-approval");
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &id, "acme/b"));
    assert_refused(world_consume(w, &id, "umbra/y"), "not-holder");
    assert_ok(world_consume(w, &id, "acme/last"));
    assert_refused(world_outcome(w, &id, "acme/bot", CTY_OUTCOME_FULFILLED), "not-holder");
    assert_ok(world_outcome(w, &id, "acme/last", CTY_OUTCOME_FULFILLED));
}

enum dimension { DEPTH, EXPIRES, RELEASES, SERVICES, ACTIONS, DIMENSIONS };

static void widen(struct cty_scope *scope, enum dimension dimension)
{
    switch (dimension) {
    case DEPTH:
        scope->depth++;
        return;
    case EXPIRES:
        scope->expires++;
        return;
    case RELEASES:
        scope->releases++;
        return;
    case SERVICES:
        scope->services.names[0] = CTY_LITERAL("p*");
        return;
    case ACTIONS:
        scope->actions.names[scope->actions.count++] = CTY_LITERAL("transfer");
        return;
    case DIMENSIONS:
        fail();
    }
}

/* In each dimension, at each hop but the first, which is as wide as the case: hop and dimension are named. */
static void a_widened_hop_is_named(void **state)
{
    static const char *const names[] = {"depth", "expires", "releases", "services", "actions"};
    struct world *w = *state;
    char detail[64];
    prepare_chain(w);
    struct cty_hash id = case_held(w);
    struct cty_scope scope = world_scope(w, &id);
    scope.releases = 5;
    scope.services.names[0] = CTY_LITERAL("pay*");
    scope.actions.names[0] = CTY_LITERAL("refund");
    for (size_t i = 0; i < CTY_COUNT_OF(chain); i++) {
        for (enum dimension d = 0; d < DIMENSIONS; d++) {
            struct cty_scope wider = i ? world_scope(w, &id) : scope;
            if (i == 0 && d != DEPTH && d != EXPIRES)
                continue;
            widen(&wider, d);
            assert_refused(world_offer(w, &id, chain[i], &wider, NULL), "pass-wider");
            snprintf(detail, sizeof(detail), "hop %zu widens %s", i + 1, names[d]);
            assert_detail(w, detail);
        }
        assert_ok(world_offer(w, &id, chain[i], i ? NULL : &scope, NULL));
        assert_ok(world_accept(w, &id, chain[i]));
    }
    assert_int_equal(case_get(w, &id)->hops_count, 8);
}

/* A glob lies within another place by place. */
static void globs_within_globs(void **state)
{
    static const struct {
        const char *have, *given;
        bool within;
    } rows[] = {
        {"*", "*", true},         {"*", "refund", true},    {"*", "re?und", true},  {"re*", "refund", true},
        {"re*", "re*", true},     {"re*", "ref*", true},    {"re*", "r*", false},   {"refund", "refun?", false},
        {"refun?", "refund", true}, {"refun?", "refun*", false}, {"*d", "re*d", true}, {"re*", "*", false},
        {"r*d", "refund", true},  {"r*", "?efund", false},  {"*fund", "*und", false}, {"*f*d", "re*fund", true},
    };
    struct world *w = *state;
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        struct cty_hash id = case_held(w);
        struct cty_scope scope = world_scope(w, &id);
        scope.actions.names[0] = cty_bytes_text(rows[i].have);
        assert_ok(world_offer(w, &id, "globex/exec", &scope, NULL));
        assert_ok(world_accept(w, &id, "globex/exec"));
        scope = world_scope(w, &id);
        scope.actions.names[0] = cty_bytes_text(rows[i].given);
        custody_err err = world_offer(w, &id, "acme/pal", &scope, NULL);
        if (strcmp(custody_err_name(err), rows[i].within ? "ok" : "pass-wider") != 0)
            fail_msg("%s within %s: %s", rows[i].given, rows[i].have, custody_err_name(err));
    }
}

/* The release that the giver had is over; the receiver's verdict is under its own party's policy too. */
static void the_verdict_after_an_accept(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_released(w);
    assert_ok(world_policy(w, "globex", RULES("{\"approvals\":1,\"effect\":\"hold\",\"parties\":[\"$holder\"],"
                                              "\"roles\":[\"finance\"],\"use_ms\":60000}")));
    assert_ok(world_policy(w, "acme", RULES("{\"effect\":\"pass\"}")));
    assert_int_equal(case_get(w, &id)->quorum_count, 1);
    assert_ok(world_hand(w, &id, "globex/exec"));
    const struct cty_case *c = case_get(w, &id);
    assert_false(c->release.present);
    assert_int_equal(c->decisions_count, 0);
    assert_int_equal(c->quorum_count, 2);
    assert_true(cty_bytes_is(c->quorum[1].parties.names[0], "globex"));
    assert_int_equal(c->use_ms, MINUTE);
    assert_refused(world_consume(w, &id, "acme/bot"), "state-illegal");
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &id, "acme/b"));
    assert_refused(approve(w, &id, "globex/gina"), "self-approval"); /* she owns the receiver */
    assert_ok(world_person(w, "globex/fay", "finance", "globex/fay"));
    assert_ok(approve(w, &id, "globex/fay"));
    assert_ok(world_consume(w, &id, "globex/exec"));
}

/* A receiver's party may deny what the giver's allowed. */
static void the_receivers_party_denies(void **state)
{
    struct world *w = *state;
    assert_ok(world_policy(w, "globex", RULES("{\"effect\":\"deny\",\"match\":{\"action\":\"refund\"}}")));
    struct cty_hash id = case_released(w);
    assert_ok(world_offer(w, &id, "globex", NULL, NULL));
    assert_state(w, &id, "RELEASED");
    assert_ok(world_accept(w, &id, "globex/exec"));
    assert_state(w, &id, "REFUSED");
    assert_refused(world_offer(w, &id, "acme/pal", NULL, NULL), "state-illegal");
}

static void approve_travelling(struct world *w, const struct cty_hash *id, const char *who, const char *to)
{
    struct cty_statement st;
    make_decision(w, &st, id, who, CTY_APPROVE);
    st.u.decision.travels.names[st.u.decision.travels.count++] = cty_bytes_text(to);
    assert_ok(submit(w, &st));
}

/* Approvals go along only where they say so, by the receiver's name or its party's. */
static void approvals_travel_where_they_say_so(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    approve_travelling(w, &id, "acme/a", "globex");
    approve_travelling(w, &id, "acme/b", "globex/exec");
    assert_state(w, &id, "RELEASED");
    assert_ok(world_hand(w, &id, "globex/exec"));
    assert_state(w, &id, "RELEASED"); /* at once, by a release of its own */
    const struct cty_case *c = case_get(w, &id);
    assert_int_equal(c->decisions_count, 2);
    assert_ok(world_consume(w, &id, "globex/exec"));

    id = case_held(w);
    approve_travelling(w, &id, "acme/a", "globex");
    approve_travelling(w, &id, "acme/b", "initech");
    assert_ok(world_hand(w, &id, "globex/exec"));
    assert_state(w, &id, "HELD");
    assert_int_equal(case_get(w, &id)->decisions_count, 1);
    assert_refused(approve(w, &id, "acme/a"), "duplicate-human");
    assert_ok(approve(w, &id, "acme/b"));
    assert_ok(world_consume(w, &id, "globex/exec"));
}

/* Not those that expired, were taken back, or are of somebody who is in the ancestry by now. */
static void approvals_that_do_not_travel(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    make_decision(w, &st, &id, "acme/a", CTY_APPROVE);
    st.u.decision.expires = w->time + MINUTE;
    st.u.decision.travels.names[st.u.decision.travels.count++] = CTY_LITERAL("acme");
    assert_ok(submit(w, &st));
    w->time += 2 * MINUTE;
    assert_ok(world_hand(w, &id, "acme/pal"));
    assert_int_equal(case_get(w, &id)->decisions_count, 0);

    id = case_held(w);
    approve_travelling(w, &id, "acme/dave", "acme/pal");
    assert_ok(world_revoke(w, "acme/dave", "acme/dave", NULL, w->time));
    assert_ok(world_hand(w, &id, "acme/pal"));
    assert_int_equal(case_get(w, &id)->decisions_count, 0);

    id = case_held(w);
    approve_travelling(w, &id, "acme/carol", "acme"); /* who owns acme/pal */
    approve_travelling(w, &id, "acme/b", "acme");
    assert_ok(world_hand(w, &id, "acme/pal"));
    assert_state(w, &id, "HELD");
    assert_int_equal(case_get(w, &id)->decisions_count, 1);
}

/* What the instance's window had ended stays ended, though the new policy names none. */
static void approvals_past_the_window_do_not_travel(void **state)
{
    struct world *w = *state;
    assert_ok(world_policy(w, "ledger", RULES("{\"approvals\":2,\"effect\":\"hold\",\"roles\":[\"approver\"],"
                                              "\"window_ms\":60000}")));
    struct cty_hash id = case_held(w);
    approve_travelling(w, &id, "acme/a", "globex");
    w->time += 30000;
    approve_travelling(w, &id, "acme/b", "globex");
    assert_state(w, &id, "RELEASED");
    w->time += 30001;
    assert_ok(world_policy(w, "ledger", RULES("{\"approvals\":2,\"effect\":\"hold\",\"roles\":[\"approver\"]}")));
    assert_ok(world_hand(w, &id, "globex/exec"));
    assert_state(w, &id, "HELD");
    assert_int_equal(case_get(w, &id)->decisions_count, 1);
}

/* The scope's end is the case's from then on: every deadline keeps to it. */
static void a_narrower_end_binds(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    struct cty_scope scope = world_scope(w, &id);
    scope.expires = w->time + HOUR / 2;
    assert_ok(world_offer(w, &id, "globex/exec", &scope, NULL));
    assert_ok(world_accept(w, &id, "globex/exec"));
    assert_int_equal(case_get(w, &id)->expires, scope.expires);
    assert_int_equal(case_get(w, &id)->decide_by, scope.expires);
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &id, "acme/b"));
    assert_int_equal(case_get(w, &id)->use_by, scope.expires);
    w->time = scope.expires + 1;
    assert_refused(world_consume(w, &id, "globex/exec"), "deadline-passed");
}

/* While an offer is open the giver holds on, and may act; that ends the offer's chances. */
static void the_giver_acts_while_it_offers(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_released(w);
    assert_ok(world_offer(w, &id, "globex/exec", NULL, NULL));
    assert_refused(world_consume(w, &id, "globex/exec"), "not-holder");
    assert_ok(world_consume(w, &id, "acme/bot"));
    assert_refused(world_accept(w, &id, "globex/exec"), "state-illegal");
}

/* An offer that expired, was declined or withdrawn makes room for another; the hop's number stays. */
static void an_offer_after_an_offer(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    make_offer(w, &st, &id, "acme/bot", "globex/exec");
    st.u.offer.expires = w->time + 1;
    assert_ok(submit(w, &st));
    assert_refused(world_offer(w, &id, "acme/pal", NULL, NULL), "double-offer");
    w->time += 1;
    assert_refused(world_offer(w, &id, "acme/pal", NULL, NULL), "double-offer");
    w->time += 1;
    assert_refused(world_accept(w, &id, "globex/exec"), "offer-expired");
    assert_ok(world_offer(w, &id, "acme/pal", NULL, NULL));
    assert_ok(world_decline(w, &id, "acme/pal"));
    assert_ok(world_offer(w, &id, "globex/exec", NULL, NULL));
    assert_ok(world_withdraw(w, &id, "acme/bot"));
    assert_refused(world_accept(w, &id, "globex/exec"), "state-illegal");
    assert_ok(world_hand(w, &id, "globex/exec"));
    assert_int_equal(case_get(w, &id)->hops_count, 1);
}

/* Whoever of the party accepts first. */
static void an_offer_to_a_party(void **state)
{
    struct world *w = *state;
    assert_ok(world_agent(w, "globex/two", "globex/gina"));
    struct cty_hash id = case_held(w);
    assert_ok(world_offer(w, &id, "globex", NULL, NULL));
    assert_refused(world_accept(w, &id, "acme/pal"), "wrong-receiver");
    assert_refused(world_accept(w, &id, "globex/gina"), "wrong-receiver");
    assert_ok(world_accept(w, &id, "globex/two"));
    assert_refused(world_accept(w, &id, "globex/exec"), "double-acceptance");
    assert_true(cty_bytes_is(case_get(w, &id)->holder, "globex/two"));
}

/* A receiver that was valid when it was offered, and is no more; and one that is valid by now. */
static void a_suspended_receiver(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_enrolment later = bench_agent(w, "globex/later", "globex/gina");
    later.valid_from = w->time + HOUR;
    assert_ok(world_enrol(w, &later));
    struct cty_hash id = case_held(w);
    assert_refused(world_offer(w, &id, "globex/later", NULL, NULL), "wrong-receiver");
    assert_ok(world_offer(w, &id, "globex", NULL, NULL));
    make_accept(w, &st, &id, "globex/later");
    assert_refused(submit(w, &st), "key-not-valid");
    w->time += HOUR;
    make_accept(w, &st, &id, "globex/later");
    assert_ok(submit(w, &st));
    id = case_held(w);
    assert_ok(world_offer(w, &id, "globex/exec", NULL, NULL));
    assert_ok(world_revoke(w, "globex/exec", "globex/a", "globex/b", w->time));
    assert_refused(world_accept(w, &id, "globex/exec"), "key-not-valid");
}

/* Children: each takes one release of what its parent's holder was given. */
static void children_use_releases(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w), child;
    struct cty_scope scope = world_scope(w, &id);
    scope.releases = 3;
    assert_ok(world_offer(w, &id, "globex/exec", &scope, NULL));
    assert_ok(world_accept(w, &id, "globex/exec"));
    for (uint64_t left = 3; left > 1; left--) {
        make_child(w, &st, &id, "globex/exec");
        assert_ok(world_submit(w, &st, &child));
        assert_int_equal(case_get(w, &id)->scope.releases, left - 1);
        assert_int_equal(case_get(w, &child)->level, 1);
    }
    make_child(w, &st, &id, "globex/exec");
    assert_refused(submit(w, &st), "pass-spent");
    /* A case that nobody handed on has children without end. */
    struct cty_hash own = case_held(w);
    for (int i = 0; i < 4; i++) {
        make_child(w, &st, &own, "acme/pal");
        assert_ok(submit(w, &st));
    }
    /* A child may be handed on in its turn, within what it has. */
    assert_refused(world_offer(w, &child, "acme/pal", &scope, NULL), "pass-wider");
    assert_detail(w, "hop 1 widens");
    assert_ok(world_hand(w, &child, "acme/pal"));
}

/* What was used between the offer and its acceptance is not handed on. */
static void releases_used_meanwhile(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    struct cty_scope scope = world_scope(w, &id);
    scope.releases = 3;
    assert_ok(world_offer(w, &id, "globex/exec", &scope, NULL));
    assert_ok(world_accept(w, &id, "globex/exec"));
    assert_ok(world_offer(w, &id, "acme/pal", NULL, NULL));
    make_child(w, &st, &id, "globex/exec");
    assert_ok(submit(w, &st));
    assert_refused(world_accept(w, &id, "acme/pal"), "pass-wider");
    assert_detail(w, "hop 2 widens releases");
    assert_ok(world_withdraw(w, &id, "globex/exec"));
    assert_ok(world_hand(w, &id, "acme/pal"));
    assert_int_equal(case_get(w, &id)->scope.releases, 2);
}

static void parents_have_a_limit(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    for (uint32_t i = 0; i < CTY_PARENTS_MAX; i++) {
        make_child(w, &st, &id, "acme/bot");
        assert_ok(world_submit(w, &st, &id));
        assert_int_equal(case_get(w, &id)->level, i + 1);
    }
    make_child(w, &st, &id, "acme/bot");
    assert_refused(submit(w, &st), "pass-too-deep");
}

/* Sixteen hops, and no other: the depth that is left says so. */
static void hops_have_a_limit(void **state)
{
    struct world *w = *state;
    char name[40];
    struct cty_hash id = case_held(w);
    for (uint32_t i = 0; i < CTY_HOPS_MAX; i++) {
        snprintf(name, sizeof(name), "acme/hop%u", i);
        assert_ok(world_agent(w, name, "acme/owen"));
        assert_ok(world_hand(w, &id, name));
    }
    assert_int_equal(case_get(w, &id)->scope.depth, 0);
    assert_refused(world_offer(w, &id, "acme/pal", NULL, NULL), "pass-too-deep");
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &id, "acme/b"));
    assert_ok(world_consume(w, &id, name));
}

/* Whoever handed a case on signed in it, and reads on; whoever is offered one reads while it can be accepted. */
static custody_err may_read(struct world *w, const struct cty_hash *id, const char *who)
{
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    cty_view_clear(&w->view);
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        err = cty_may_read(&w->view, id, cty_bytes_text(who), CTY_LITERAL("payload"), w->time, &w->error);
        if (err == CUSTODY_E_VIEW_INCOMPLETE)
            assert_ok(cty_memory_fill(w->memory, &w->view, NULL, NULL));
    }
    return err;
}

static void who_reads_what_is_handed_on(void **state)
{
    struct world *w = *state;
    world_vendor(w, "initech");
    struct cty_hash id = case_held(w);
    assert_refused(may_read(w, &id, "globex/exec"), "forbidden");
    assert_ok(world_offer(w, &id, "globex/exec", NULL, NULL));
    assert_ok(may_read(w, &id, "globex/exec"));
    assert_ok(world_withdraw(w, &id, "acme/bot"));
    assert_refused(may_read(w, &id, "globex/exec"), "forbidden");
    assert_ok(world_hand(w, &id, "globex/exec"));
    assert_ok(world_hand(w, &id, "initech/x"));
    assert_ok(may_read(w, &id, "globex/exec"));
    assert_ok(may_read(w, &id, "initech/x"));
    assert_refused(may_read(w, &id, "initech/y"), "forbidden");
    assert_ok(world_offer(w, &id, "initech", NULL, NULL));
    assert_ok(may_read(w, &id, "initech/y"));
    w->time += DAY + 1;
    assert_refused(may_read(w, &id, "initech/y"), "forbidden");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(eight_hops_over_four_parties),
        BENCH_TEST(a_widened_hop_is_named),
        BENCH_TEST(globs_within_globs),
        BENCH_TEST(the_verdict_after_an_accept),
        BENCH_TEST(the_receivers_party_denies),
        BENCH_TEST(approvals_travel_where_they_say_so),
        BENCH_TEST(approvals_that_do_not_travel),
        BENCH_TEST(approvals_past_the_window_do_not_travel),
        BENCH_TEST(a_narrower_end_binds),
        BENCH_TEST(the_giver_acts_while_it_offers),
        BENCH_TEST(an_offer_after_an_offer),
        BENCH_TEST(an_offer_to_a_party),
        BENCH_TEST(a_suspended_receiver),
        BENCH_TEST(children_use_releases),
        BENCH_TEST(releases_used_meanwhile),
        BENCH_TEST(parents_have_a_limit),
        BENCH_TEST(hops_have_a_limit),
        BENCH_TEST(who_reads_what_is_handed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
