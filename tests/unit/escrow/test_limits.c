/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of a case, at them and one past; and that the largest lawful records fit. */
#include "unit/escrow/bench.h"

#define RULES(rules) "{\"admin_quorum\":2,\"rules\":[" rules "]}"
#define MANY "{\"approvals\":16,\"effect\":\"hold\",\"parties\":[\"acme\"],\"roles\":[\"approver\"]}"

static void crowd(struct world *w, const char *stem, int count)
{
    for (int i = 0; i < count; i++) {
        char name[60];
        snprintf(name, sizeof(name), "acme/%s%d", stem, i);
        assert_ok(world_person(w, name, "approver", name));
    }
}

static const char *member(const char *stem, int i)
{
    static char name[60];
    snprintf(name, sizeof(name), "acme/%s%d", stem, i);
    return name;
}

static void patches_have_a_limit(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    for (uint32_t i = 0; i < CTY_PATCHES_MAX; i++)
        assert_ok(world_patch(w, &id, "acme/a", "[]", "{}"));
    assert_int_equal(case_get(w, &id)->revision, CTY_PATCHES_MAX);
    assert_refused(world_patch(w, &id, "acme/a", "[]", "{}"), "limit-reached");
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &id, "acme/b"));
    assert_state(w, &id, "RELEASED");
}

/* An approval that expired takes its place in the instance all the same, until its person decides anew. */
static void decisions_have_a_limit(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    crowd(w, "p", (int)CTY_DECISIONS_MAX);
    for (int i = 0; i < (int)CTY_DECISIONS_MAX; i++) {
        make_decision(w, &st, &id, member("p", i), CTY_APPROVE);
        st.u.decision.expires = w->time;
        assert_ok(submit(w, &st));
        w->time++;
        make_decision(w, &st, &id, member("p", i), CTY_APPROVE);
        st.u.decision.expires = w->time;
        if (i + 1 < (int)CTY_DECISIONS_MAX)
            assert_ok(submit(w, &st));
        w->time++;
    }
    assert_int_equal(case_get(w, &id)->decisions_count, CTY_DECISIONS_MAX);
    make_decision(w, &st, &id, "acme/a", CTY_APPROVE);
    assert_refused(submit(w, &st), "limit-reached");
    make_decision(w, &st, &id, "acme/owen", CTY_APPROVE);
    assert_refused(submit(w, &st), "self-approval");
    /* A patch opens a new instance, with room. */
    assert_ok(world_patch(w, &id, member("p", 1), "[]", "{}"));
    assert_ok(approve(w, &id, member("p", 2)));
    assert_ok(approve(w, &id, member("p", 3)));
    assert_ok(world_consume(w, &id, "acme/bot"));
}

/* However many signed in a case, its holder finds room to consume and report. */
static void signers_have_a_limit(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id;
    crowd(w, "p", (int)CTY_DECISIONS_MAX + 1);
    make_request(w, &st, "acme/bot", "globex/exec", "refund");
    assert_ok(world_submit(w, &st, &id));
    for (int i = 0; i < (int)CTY_DECISIONS_MAX; i++) {
        make_decision(w, &st, &id, member("p", i), CTY_APPROVE);
        st.u.decision.expires = w->time;
        assert_ok(submit(w, &st));
        w->time++;
    }
    assert_int_equal(case_get(w, &id)->signers_count, CTY_DECISIONS_MAX);
    assert_refused(world_patch(w, &id, "acme/a", "[]", "{}"), "limit-reached");
    assert_refused(world_patch(w, &id, "acme/finn", "[]", "{}"), "wrong-role");
    assert_ok(world_patch(w, &id, member("p", 3), "[]", "{}"));
    assert_refused(approve(w, &id, member("p", (int)CTY_DECISIONS_MAX)), "limit-reached");
    assert_ok(approve(w, &id, member("p", 1)));
    assert_ok(approve(w, &id, member("p", 2)));
    assert_ok(world_consume(w, &id, "globex/exec"));
    assert_ok(world_outcome(w, &id, "globex/exec", CTY_OUTCOME_FULFILLED));
}

/* Parents carry their ancestry on; at the limit a chain of cases ends. */
static void the_ancestry_has_a_limit(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id, parent = {{0}};
    /* acme/bot and its owner, then 62 more by eights and one. */
    crowd(w, "k", 63);
    uint32_t names = 2;
    for (int i = 0; i < 62; i += 8) {
        make_request(w, &st, "acme/bot", "acme/bot", "ping");
        for (int k = i; k < i + 8 && k < 62; k++) {
            struct cty_bytes name = cty_secret_name(world_secret(w, member("k", k)));
            st.u.request.behalf.names[st.u.request.behalf.count++] = name;
        }
        if (i > 0)
            st.u.request.parent = (struct cty_parent){true, case_get(w, &parent)->anchor, parent};
        assert_ok(world_submit(w, &st, &id));
        names += st.u.request.behalf.count;
        assert_int_equal(case_get(w, &id)->ancestry_count, names);
        parent = id;
    }
    assert_int_equal(names, CTY_ANCESTRY_MAX);
    make_request(w, &st, "acme/bot", "acme/bot", "ping");
    st.u.request.parent = (struct cty_parent){true, case_get(w, &parent)->anchor, parent};
    struct cty_statement more = st;
    more.u.request.behalf.names[0] = cty_secret_name(world_secret(w, member("k", 62)));
    more.u.request.behalf.count = 1;
    assert_refused(submit(w, &more), "limit-reached");
    more.u.request.parent.after = bench_hash(w);
    assert_refused(submit(w, &more), "bad-parent");
    assert_ok(submit(w, &st));
}

/* Three clauses of sixteen, full lists everywhere: records stay within the forms they are read by. */
static void the_largest_case_fits(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id;
    crowd(w, "q", 48);
    assert_ok(world_policy(w, "ledger", RULES(MANY)));
    assert_ok(world_policy(w, "acme", RULES(MANY)));
    assert_ok(world_policy(w, "globex", RULES(MANY)));
    make_request(w, &st, "acme/bot", "globex/exec", "x");
    for (int i = 0; i < 8; i++) {
        st.u.request.behalf.names[st.u.request.behalf.count++] = cty_secret_name(world_secret(w, member("q", i)));
        st.u.request.readers.names[st.u.request.readers.count++] = cty_secret_name(world_secret(w, member("q", i)));
    }
    assert_ok(world_submit(w, &st, &id));
    assert_int_equal(case_get(w, &id)->quorum_count, 3);
    for (int i = 8; i < 24; i++) {
        assert_state(w, &id, "HELD");
        assert_ok(approve(w, &id, member("q", i)));
    }
    assert_state(w, &id, "RELEASED");
    assert_ok(world_consume(w, &id, "globex/exec"));
    custody_error error;
    assert_ok(cty_case_check(case_get(w, &id), &error));
}

/* The largest party that can be enrolled: seven signers beside one voucher, each with two keys. */
static void the_largest_party_fits(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    static char seals[CTY_ADMINS_MAX][400];
    assert_ok(world_policy(w, "ledger", "{\"admin_quorum\":1,\"rules\":[]}"));
    world_begin(w, &st, CTY_PARTY_ENROL, "operator/ada");
    st.u.party_enrol.party = CTY_LITERAL("big");
    for (uint32_t i = 0; i < CTY_ADMINS_MAX; i++) {
        static const char *const names[] = {"big/a", "big/b", "big/c", "big/d", "big/e", "big/f", "big/g"};
        struct cty_enrolment admin = bench_person(w, names[i], "admin", names[i]);
        struct cty_buf out = CTY_BUF_INIT(400);
        assert_ok(cty_vkey_format(admin.actor, CTY_KEY_X25519, cty_secret_sealing_key(world_secret(w, names[i])), &out));
        memcpy(seals[i], out.data, out.size);
        admin.sealing_key = cty_bytes_make(seals[i], out.size);
        cty_buf_done(&out);
        st.u.party_enrol.admins[st.u.party_enrol.admins_count++] = admin;
        world_add_signer(w, &st, names[i]);
    }
    assert_ok(submit(w, &st));
    world_begin(w, &st, CTY_POLICY_PUBLISH, "big/a");
    world_add_signer(w, &st, "big/b");
    st.u.policy_publish.scope = CTY_LITERAL("big");
    st.u.policy_publish.policy = CTY_LITERAL("{\"admin_quorum\":7,\"rules\":[]}");
    assert_ok(submit(w, &st));
}

/* A view has so many slots; an entry that asked for more would be refused and not cut. */
static void a_view_has_a_limit(void **state)
{
    (void)state;
    struct cty_view *view = test_calloc(1, sizeof(*view));
    enum cty_view_status status;
    struct cty_bytes value;
    for (int i = 0; i < CTY_VIEW_SLOTS_MAX; i++) {
        char key[32];
        snprintf(key, sizeof(key), "actor/acme/%d", i);
        assert_ok(cty_view_get(view, key, &status, &value));
        assert_int_equal(status, CTY_VIEW_WANTED);
    }
    assert_refused(cty_view_get(view, "ledger", &status, &value), "limit-reached");
    assert_ok(cty_view_get(view, "actor/acme/7", &status, &value));
    test_free(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(patches_have_a_limit),     BENCH_TEST(decisions_have_a_limit),
        BENCH_TEST(signers_have_a_limit),     BENCH_TEST(the_ancestry_has_a_limit),
        BENCH_TEST(the_largest_case_fits),    BENCH_TEST(the_largest_party_fits),
        cmocka_unit_test(a_view_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
