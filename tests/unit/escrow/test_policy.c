/* SPDX-License-Identifier: Apache-2.0 */
/* What the policies in force make of a request: spec/policy.md, row by row. */
#include "unit/escrow/bench.h"

#define RULES(rules) "{\"admin_quorum\":2,\"rules\":[" rules "]}"
#define HOLD1 "{\"approvals\":1,\"effect\":\"hold\",\"roles\":[\"approver\"]}"
#define PASS "{\"effect\":\"pass\"}"
#define DENY "{\"effect\":\"deny\"}"

static void policy(struct world *w, const char *scope, const char *text)
{
    custody_err err = world_policy(w, scope, text);
    if (err != CUSTODY_OK)
        fail_msg("%s: %s %s", text, custody_err_name(err), w->error.detail);
}

/* The verdict of a request by acme/bot, its executor as named. Good until the next call. */
static const struct cty_verdict *verdict_of(struct world *w, const char *executor, const char *action)
{
    static struct cty_statement st;
    w->alone = true;
    case_of(w, "acme/bot", executor, action);
    assert_true(world_next(w, &st));
    bench_own(&st);
    assert_ok(submit(w, &st));
    struct cty_statement release;
    if (world_next(w, &release))
        assert_ok(submit(w, &release));
    w->alone = false;
    return &st.u.verdict;
}

static int effect_of(struct world *w, const char *action)
{
    return verdict_of(w, "acme/bot", action)->effect;
}

static void the_first_rule_that_matches_speaks(void **state)
{
    struct world *w = *state;
    const struct cty_verdict *verdict;
    policy(w, "ledger", RULES("{\"effect\":\"pass\",\"match\":{\"action\":\"a*\"}},"
                              "{\"effect\":\"deny\",\"match\":{\"action\":\"ab\"}}," HOLD1));
    verdict = verdict_of(w, "acme/bot", "ab");
    assert_int_equal(verdict->effect, CTY_PASS);
    assert_int_equal(verdict->policies_count, 1);
    assert_int_equal(verdict->policies[0].rule, 1);
    assert_int_equal(verdict_of(w, "acme/bot", "b")->policies[0].rule, 3);
    assert_int_equal(effect_of(w, "b"), CTY_HOLD);
}

/* Each member of `match`, with what fits and what does not. */
static void globs_of_each_member(void **state)
{
    static const struct {
        const char *match;
        bool fits;
    } rows[] = {
        {"{}", true},
        {"{\"action\":\"refund\"}", true},
        {"{\"action\":\"refun\"}", false},
        {"{\"action\":\"refunds\"}", false},
        {"{\"action\":\"*\"}", true},
        {"{\"action\":\"re?und\"}", true},
        {"{\"action\":\"?refund\"}", false},
        {"{\"action\":\"*refund*\"}", true},
        {"{\"action\":\"Refund\"}", false},
        {"{\"agent\":\"acme/bot\"}", true},
        {"{\"agent\":\"acme*\"}", true},
        {"{\"agent\":\"*/bot\"}", true},
        {"{\"agent\":\"bot\"}", false},
        {"{\"agent\":\"globex/exec\"}", false},
        {"{\"party\":\"acme\"}", true},
        {"{\"party\":\"ac??\"}", true},
        {"{\"party\":\"globex\"}", false},
        {"{\"priority\":\"normal\"}", true},
        {"{\"priority\":\"n*l\"}", true},
        {"{\"priority\":\"high\"}", false},
        {"{\"service\":\"payments\"}", true},
        {"{\"service\":\"pay*ments\"}", true},
        {"{\"service\":\"payment\"}", false},
        {"{\"action\":\"refund\",\"agent\":\"acme/bot\",\"party\":\"acme\",\"priority\":\"normal\",\"service\":\"p*\"}",
         true},
        {"{\"action\":\"refund\",\"agent\":\"acme/bot\",\"party\":\"globex\",\"priority\":\"normal\"}", false},
        {"{\"action\":\"refund\",\"service\":\"x*\"}", false},
    };
    struct world *w = *state;
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        char text[400];
        if (strcmp(rows[i].match, "{}") == 0)
            snprintf(text, sizeof(text), RULES("{\"effect\":\"pass\"}," DENY));
        else
            snprintf(text, sizeof(text), RULES("{\"effect\":\"pass\",\"match\":%s}," DENY), rows[i].match);
        policy(w, "ledger", text);
        if (effect_of(w, "refund") != (rows[i].fits ? CTY_PASS : CTY_DENY))
            fail_msg("%s", rows[i].match);
    }
}

static void every_priority_has_its_word(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    for (int priority = 0; cty_priority_names[priority]; priority++) {
        char text[200];
        struct cty_hash id;
        snprintf(text, sizeof(text), RULES("{\"effect\":\"deny\",\"match\":{\"priority\":\"%s\"}}," PASS),
                 cty_priority_names[priority]);
        policy(w, "ledger", text);
        for (int asked = 0; cty_priority_names[asked]; asked++) {
            make_request(w, &st, "acme/bot", "acme/bot", "x");
            st.u.request.priority = asked;
            assert_ok(world_submit(w, &st, &id));
            assert_state(w, &id, asked == priority ? "REFUSED" : "RELEASED");
        }
    }
}

/* Ledger, requester's party and holder's party: what each says, and what comes of it. */
static void deny_wins_then_hold_then_pass(void **state)
{
    static const char *const texts[] = {RULES(DENY), RULES(HOLD1), RULES(PASS), RULES("")};
    static const int effects[] = {CTY_DENY, CTY_HOLD, CTY_PASS, -1};
    struct world *w = *state;
    for (int place = 0; place < 64; place++) {
        int says[3] = {place % 4, place / 4 % 4, place / 16};
        policy(w, "ledger", texts[says[0]]);
        policy(w, "acme", texts[says[1]]);
        policy(w, "globex", texts[says[2]]);
        int wanted = -1;
        uint32_t clauses = 0;
        for (int i = 0; i < 3; i++) {
            clauses += effects[says[i]] == CTY_HOLD;
            if (effects[says[i]] == CTY_DENY || wanted == -1 || (effects[says[i]] == CTY_HOLD && wanted == CTY_PASS))
                wanted = effects[says[i]];
        }
        bool silent = effects[says[0]] == -1 && effects[says[1]] == -1; /* globex doesn't pass for them */
        clauses += silent;
        if (silent && wanted != CTY_DENY)
            wanted = CTY_HOLD;
        if (wanted == CTY_DENY)
            clauses = 0;
        const struct cty_verdict *verdict = verdict_of(w, "globex/exec", "x");
        assert_int_equal(verdict->effect, wanted);
        assert_int_equal(verdict->quorum_count, clauses);
        assert_int_equal(verdict->policies_count, 3);
        assert_int_equal(verdict->decide_by != 0, verdict->effect == CTY_HOLD);
        for (int i = 0; i < 3; i++)
            assert_int_equal(verdict->policies[i].rule, effects[says[i]] == -1 ? 0 : 1);
    }
}

static void clauses_stand_in_order(void **state)
{
    struct world *w = *state;
    policy(w, "ledger", RULES(HOLD1));
    policy(w, "acme", RULES("{\"approvals\":2,\"effect\":\"hold\",\"roles\":[\"approver\"]}"));
    policy(w, "globex", RULES("{\"approvals\":3,\"effect\":\"hold\",\"roles\":[\"approver\"]}"));
    const struct cty_verdict *verdict = verdict_of(w, "globex/exec", "x");
    static const char *const scopes[] = {"ledger", "acme", "globex"};
    assert_int_equal(verdict->quorum_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_bytes_text(verdict->quorum[i].scope, scopes[i]);
        assert_bytes_text(verdict->policies[i].scope, scopes[i]);
        assert_int_equal(verdict->quorum[i].approvals, i + 1);
        assert_int_equal(verdict->quorum[i].parties.count, 1);
        assert_bytes_text(verdict->quorum[i].parties.names[0], "acme");
    }
}

static void a_party_that_is_both_counts_once(void **state)
{
    struct world *w = *state;
    policy(w, "ledger", RULES(PASS));
    policy(w, "acme", RULES(HOLD1));
    const struct cty_verdict *verdict = verdict_of(w, "acme/pal", "x");
    assert_int_equal(verdict->policies_count, 2);
    assert_int_equal(verdict->quorum_count, 1);
    verdict = verdict_of(w, "globex/exec", "x");
    assert_int_equal(verdict->policies_count, 2); /* globex has no policy */
    assert_int_equal(verdict->quorum_count, 1);
}

/* The operator's party is a party like any other: the ledger's policy is not its own. */
static void the_operators_party_has_its_own_policy(void **state)
{
    struct world *w = *state;
    struct cty_hash id;
    assert_ok(world_person(w, "operator/owner", NULL, "owner"));
    assert_ok(world_agent(w, "operator/bot", "operator/owner"));
    policy(w, "ledger", RULES(PASS));
    policy(w, "operator", RULES(DENY));
    id = case_of(w, "operator/bot", "operator/bot", "x");
    assert_state(w, &id, "REFUSED");
    id = case_of(w, "acme/bot", "acme/bot", "x");
    assert_state(w, &id, "RELEASED");
}

static void silence_is_one_approver_of_the_requesters_party(void **state)
{
    struct world *w = *state;
    const struct cty_verdict *verdict = verdict_of(w, "globex/exec", "silent");
    assert_int_equal(verdict->effect, CTY_HOLD);
    assert_int_equal(verdict->quorum_count, 1);
    assert_bytes_text(verdict->quorum[0].scope, "ledger");
    assert_int_equal(verdict->quorum[0].approvals, 1);
    assert_bytes_text(verdict->quorum[0].roles.names[0], "approver");
    assert_int_equal(verdict->quorum[0].roles.count, 1);
    assert_bytes_text(verdict->quorum[0].parties.names[0], "acme");
    assert_int_equal(verdict->quorum[0].parties.count, 1);
    assert_false(verdict->quorum[0].distinct_parties);
    assert_int_equal(verdict->policies[0].rule, 0);
    assert_int_equal(verdict->use_ms, HOUR);
    assert_int_equal(verdict->report_ms, DAY);
    assert_int_equal(verdict->decide_by, w->time + DAY);
    struct cty_hash id = case_of(w, "acme/bot", "globex/exec", "silent");
    assert_refused(approve(w, &id, "globex/gina"), "wrong-role");
    assert_refused(approve(w, &id, "acme/finn"), "wrong-role");
    assert_ok(approve(w, &id, "acme/carol"));
    assert_state(w, &id, "RELEASED");
}

static void party_references(void **state)
{
    struct world *w = *state;
    const struct cty_verdict *verdict;
    policy(w, "ledger", RULES("{\"approvals\":1,\"effect\":\"hold\",\"parties\":[\"$holder\",\"$requester\",\"globex\","
                              "\"acme\",\"operator\"],\"roles\":[\"approver\"]}"));
    verdict = verdict_of(w, "globex/exec", "x");
    assert_int_equal(verdict->quorum[0].parties.count, 3);
    assert_bytes_text(verdict->quorum[0].parties.names[0], "globex");
    assert_bytes_text(verdict->quorum[0].parties.names[1], "acme");
    assert_bytes_text(verdict->quorum[0].parties.names[2], "operator");
    struct cty_hash id = case_of(w, "acme/bot", "acme/bot", "x");
    assert_ok(approve(w, &id, "operator/ada"));
    assert_state(w, &id, "RELEASED");
    policy(w, "ledger", RULES("{\"approvals\":1,\"effect\":\"hold\",\"parties\":[\"$holder\"],"
                              "\"roles\":[\"approver\"]}"));
    id = case_of(w, "acme/bot", "globex/exec", "x");
    assert_refused(approve(w, &id, "acme/a"), "wrong-role");
    assert_ok(approve(w, &id, "globex/a"));
    assert_state(w, &id, "RELEASED");
    policy(w, "ledger", RULES("{\"approvals\":1,\"effect\":\"hold\",\"parties\":[\"*\"],\"roles\":[\"approver\"]}"));
    id = case_of(w, "acme/bot", "acme/bot", "x");
    assert_ok(approve(w, &id, "operator/otto"));
    assert_state(w, &id, "RELEASED");
}

/* The shortest of each period among the rules that matched, whatever their effect; else the default. */
static void the_shortest_periods_hold(void **state)
{
    struct world *w = *state;
    const struct cty_verdict *verdict;
    policy(w, "ledger", RULES("{\"approvals\":1,\"decide_ms\":5000,\"effect\":\"hold\",\"report_ms\":90000000,"
                              "\"roles\":[\"approver\"],\"use_ms\":700}"));
    policy(w, "acme", RULES("{\"approvals\":1,\"decide_ms\":4000,\"effect\":\"hold\",\"roles\":[\"approver\"],"
                            "\"use_ms\":800}"));
    policy(w, "globex", RULES("{\"effect\":\"pass\",\"report_ms\":100000000,\"use_ms\":600}"));
    verdict = verdict_of(w, "globex/exec", "x");
    assert_int_equal(verdict->decide_by, w->time + 4000);
    assert_int_equal(verdict->use_ms, 600);
    assert_int_equal(verdict->report_ms, 90000000);
    policy(w, "globex", RULES("{\"effect\":\"deny\",\"report_ms\":5}"));
    verdict = verdict_of(w, "globex/exec", "x");
    assert_int_equal(verdict->effect, CTY_DENY);
    assert_int_equal(verdict->use_ms, 700);
    assert_int_equal(verdict->report_ms, 5);
    assert_int_equal(verdict->decide_by, 0);
    assert_int_equal(verdict->quorum_count, 0);
    policy(w, "ledger", RULES("{\"effect\":\"pass\",\"match\":{\"action\":\"y\"},\"use_ms\":1},"
                              "{\"effect\":\"pass\",\"use_ms\":3600001}"));
    policy(w, "acme", RULES(""));
    policy(w, "globex", RULES(""));
    verdict = verdict_of(w, "globex/exec", "x");
    assert_int_equal(verdict->effect, CTY_PASS);
    assert_int_equal(verdict->use_ms, 3600001); /* a longer one than the default is named, and holds */
    assert_int_equal(verdict->report_ms, DAY);
}

static void decide_by_is_at_most_the_requests_expiry(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id;
    for (int offset = -1; offset <= 1; offset++) {
        make_request(w, &st, "acme/bot", "acme/bot", "refund");
        st.u.request.expires = w->time + DAY + (uint64_t)offset;
        assert_ok(world_submit(w, &st, &id));
        assert_int_equal(case_get(w, &id)->decide_by, w->time + DAY - (offset < 0));
    }
}

/* A new policy binds an open case through a patch's verdict only. */
static void a_new_policy_waits_for_a_new_verdict(void **state)
{
    struct world *w = *state;
    struct cty_hash stays = case_held(w);
    struct cty_hash patched = case_held(w);
    struct cty_hash denied = case_held(w);
    policy(w, "ledger", RULES(HOLD1));
    assert_ok(approve(w, &stays, "acme/a"));
    assert_state(w, &stays, "HELD");
    assert_ok(approve(w, &stays, "acme/b"));
    assert_state(w, &stays, "RELEASED");
    assert_ok(approve(w, &patched, "acme/a"));
    assert_ok(world_patch(w, &patched, "acme/b", "[]", "{}"));
    assert_int_equal(case_get(w, &patched)->decisions_count, 0);
    assert_ok(approve(w, &patched, "acme/b"));
    assert_state(w, &patched, "RELEASED");
    policy(w, "acme", RULES(DENY));
    assert_ok(world_patch(w, &denied, "acme/b", "[]", "{}"));
    assert_state(w, &denied, "REFUSED");
}

/* A rule with 64 before it still speaks; the 65th can't be written (the model refuses it). */
static void the_last_rule_speaks(void **state)
{
    struct world *w = *state;
    struct cty_buf text = CTY_BUF_INIT(8192);
    assert_ok(cty_buf_put_text(&text, "{\"admin_quorum\":2,\"rules\":["));
    for (int i = 1; i < 64; i++)
        assert_ok(cty_buf_putf(&text, "{\"effect\":\"pass\",\"match\":{\"action\":\"a%d\"}},", i));
    assert_ok(cty_buf_put_text(&text, DENY "]}"));
    policy(w, "ledger", cty_buf_text(&text));
    const struct cty_verdict *verdict = verdict_of(w, "acme/bot", "refund");
    assert_int_equal(verdict->policies[0].rule, 64);
    assert_int_equal(verdict->effect, CTY_DENY);
    assert_int_equal(verdict_of(w, "acme/bot", "a63")->policies[0].rule, 63);
    cty_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(the_first_rule_that_matches_speaks),
        BENCH_TEST(globs_of_each_member),
        BENCH_TEST(every_priority_has_its_word),
        BENCH_TEST(deny_wins_then_hold_then_pass),
        BENCH_TEST(clauses_stand_in_order),
        BENCH_TEST(a_party_that_is_both_counts_once),
        BENCH_TEST(the_operators_party_has_its_own_policy),
        BENCH_TEST(silence_is_one_approver_of_the_requesters_party),
        BENCH_TEST(party_references),
        BENCH_TEST(the_shortest_periods_hold),
        BENCH_TEST(decide_by_is_at_most_the_requests_expiry),
        BENCH_TEST(a_new_policy_waits_for_a_new_verdict),
        BENCH_TEST(the_last_rule_speaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
