/* SPDX-License-Identifier: Apache-2.0 */
/* Parties, actors, keys, admins and policies: what may be enrolled, by whom, and what that changes. */
#include "unit/escrow/bench.h"

static struct cty_party_record party_get(struct world *w, const char *name)
{
    struct cty_party_record party = {0};
    struct cty_json tape = CTY_JSON_INIT;
    char key[CTY_VIEW_KEY_MAX];
    snprintf(key, sizeof(key), "party/%s", name);
    assert_ok(cty_record_decode(&cty_shape_party_record, cty_memory_get(w->memory, key), &tape, &party, NULL));
    cty_json_done(&tape);
    return party;
}

static struct cty_actor_record actor_get(struct world *w, const char *name)
{
    struct cty_actor_record actor = {0};
    struct cty_json tape = CTY_JSON_INIT;
    char key[CTY_VIEW_KEY_MAX];
    snprintf(key, sizeof(key), "actor/%s", name);
    assert_ok(cty_record_decode(&cty_shape_actor_record, cty_memory_get(w->memory, key), &tape, &actor, NULL));
    cty_json_done(&tape);
    return actor;
}

/* The key of one name, written under another. */
static struct cty_bytes vkey_as(struct world *w, const char *name, const char *whose, enum cty_key_type type)
{
    static char ring[8][400];
    static size_t next;
    char *text = ring[next++ % 8];
    struct cty_buf out = CTY_BUF_INIT(400);
    const struct cty_secret *secret = world_secret(w, whose);
    assert_ok(cty_vkey_format(cty_bytes_text(name), type,
                              type == CTY_KEY_X25519 ? cty_secret_sealing_key(secret) : cty_secret_key(secret), &out));
    memcpy(text, out.data, out.size);
    struct cty_bytes bytes = cty_bytes_make(text, out.size);
    cty_buf_done(&out);
    return bytes;
}

/* A key is enrolled once, for ever, whatever the name and the use. */
static void keys_are_used_once(void **state)
{
    struct world *w = *state;
    static const char *const used[] = {"acme/a", "acme/bot", "globex/gina", "acme/gone", "log", "clerk"};
    for (size_t i = 0; i < CTY_COUNT_OF(used); i++) {
        struct cty_enrolment person = bench_person(w, "acme/thief", NULL, "thief");
        person.key = vkey_as(w, "acme/thief", used[i], CTY_KEY_ED25519);
        assert_refused(world_enrol(w, &person), "duplicate-key");
    }
    struct cty_enrolment sealed = bench_person(w, "acme/sealed", NULL, "sealed");
    sealed.sealing_key = vkey_as(w, "acme/sealed", "acme/sealed", CTY_KEY_X25519);
    assert_ok(world_enrol(w, &sealed));
    struct cty_enrolment other = bench_person(w, "acme/other", NULL, "other");
    other.sealing_key = vkey_as(w, "acme/other", "acme/sealed", CTY_KEY_X25519);
    assert_refused(world_enrol(w, &other), "duplicate-key");
    other.sealing_key = vkey_as(w, "acme/other", "acme/other", CTY_KEY_X25519);
    assert_ok(world_enrol(w, &other));
}

/* The bytes of an actor's key can't be a sealing key's, within one statement neither. */
static void one_key_has_one_use(void **state)
{
    struct world *w = *state;
    struct cty_key key = *cty_secret_sealing_key(world_secret(w, "acme/x"));
    struct cty_enrolment person = bench_person(w, "acme/x", NULL, "x");
    person.key = person.sealing_key = vkey_as(w, "acme/x", "acme/x", CTY_KEY_X25519);
    assert_refused(world_enrol(w, &person), "alg-mismatch");
    person.key = world_vkey(w, "acme/x");
    person.sealing_key = person.key;
    assert_refused(world_enrol(w, &person), "alg-mismatch");
    person.sealing_key = vkey_as(w, "acme/y", "acme/x", CTY_KEY_X25519);
    assert_refused(world_enrol(w, &person), "bad-key");
    person.sealing_key = vkey_as(w, "acme/x", "acme/x", CTY_KEY_X25519);
    person.key = vkey_as(w, "acme/y", "acme/x", CTY_KEY_ED25519);
    assert_refused(world_enrol(w, &person), "bad-key");
    person.key = world_vkey(w, "acme/x");
    assert_ok(world_enrol(w, &person));
    assert_false(cty_key_equal(&key, cty_secret_key(world_secret(w, "acme/x"))));
}

static void names_are_used_once(void **state)
{
    struct world *w = *state;
    struct cty_enrolment again = bench_person(w, "acme/gone", NULL, "acme/gone");
    again.key = vkey_as(w, "acme/gone", "acme/fresh-key", CTY_KEY_ED25519);
    assert_refused(world_enrol(w, &again), "duplicate-actor");
    struct cty_statement st;
    make_party(w, &st, "acme", "acme/x", NULL);
    assert_refused(submit(w, &st), "duplicate-party");
    make_party(w, &st, "new", "acme/x", NULL);
    assert_refused(submit(w, &st), "bad-member");
    make_party(w, &st, "new", "new/x", NULL);
    assert_ok(submit(w, &st));
}

static void a_person_is_of_one_party(void **state)
{
    struct world *w = *state;
    struct cty_enrolment twin = bench_person(w, "globex/carol", "approver", "acme/carol");
    assert_refused(world_enrol(w, &twin), "person-mismatch");
    twin = bench_person(w, "acme/carol2", "approver", "acme/carol");
    assert_ok(world_enrol(w, &twin));
    struct cty_statement st;
    make_party(w, &st, "new", "new/x", NULL);
    st.u.party_enrol.admins[0].person = twin.person;
    assert_refused(submit(w, &st), "person-mismatch");
    st.u.party_enrol.admins[0].person.bits[0] ^= 1;
    assert_ok(submit(w, &st));
}

/* A quorum of admins counts persons, and only admins may sign in it. */
static void admins_sign_by_quorum(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_enrolment fresh = bench_person(w, "acme/fresh", "approver", "fresh");
    struct cty_enrolment twin = bench_person(w, "acme/a2", "admin", "acme/a");
    assert_ok(world_enrol(w, &twin));
    assert_int_equal(party_get(w, "acme").admins, 3);
    make_enrol(w, &st, &fresh);
    st.signers[2] = CTY_LITERAL("acme/a2");
    assert_refused(submit(w, &st), "under-threshold");
    st.signers_count = 2;
    assert_refused(submit(w, &st), "under-threshold");
    st.signers_count = 1;
    assert_refused(submit(w, &st), "under-threshold");
    st.signers_count = 4;
    st.signers[3] = CTY_LITERAL("acme/dave");
    assert_refused(submit(w, &st), "wrong-role");
    st.signers[3] = CTY_LITERAL("acme/bot");
    assert_refused(submit(w, &st), "wrong-role");
    st.signers[3] = CTY_LITERAL("operator/ada");
    assert_refused(submit(w, &st), "wrong-role");
    st.signers[3] = CTY_LITERAL("acme/b");
    assert_ok(submit(w, &st));
    assert_int_equal(actor_get(w, "acme/fresh").vouchers, 2);
}

/* Who is not valid yet, or no longer, is no admin. */
static void admins_are_valid_at_the_entry(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_enrolment brief = bench_person(w, "acme/brief", "admin", "brief");
    brief.valid_from = w->time + MINUTE;
    brief.valid_until = w->time + 2 * MINUTE;
    assert_ok(world_enrol(w, &brief));
    uint64_t base = w->time;
    for (uint64_t at = base; at <= base + 3 * MINUTE; at += MINUTE) {
        w->time = at + 1;
        char name[40];
        snprintf(name, sizeof(name), "acme/p%llu", (unsigned long long)at);
        struct cty_enrolment fresh = bench_person(w, name, NULL, name);
        make_enrol(w, &st, &fresh);
        st.signers[1] = CTY_LITERAL("acme/brief");
        bool valid = w->time >= base + MINUTE && w->time <= base + 2 * MINUTE;
        assert_refused(submit(w, &st), valid ? "ok" : "key-not-valid");
    }
}

static void a_partys_quorum(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    make_party(w, &st, "solo", "solo/one", NULL);
    assert_ok(submit(w, &st));
    assert_int_equal(party_get(w, "solo").admin_quorum, 1);
    make_party(w, &st, "duo", "duo/one", "duo/two");
    assert_ok(submit(w, &st));
    assert_int_equal(party_get(w, "duo").admin_quorum, 2);
    /* One admin does for solo, until its policy says two. */
    world_begin(w, &st, CTY_ACTOR_ENROL, "solo/p");
    st.u.actor_enrol.enrolment = bench_person(w, "solo/p", "admin", "p");
    world_add_signer(w, &st, "solo/one");
    assert_ok(submit(w, &st));
    assert_int_equal(actor_get(w, "solo/p").vouchers, 1);
    world_begin(w, &st, CTY_POLICY_PUBLISH, "solo/one");
    st.u.policy_publish.scope = CTY_LITERAL("solo");
    st.u.policy_publish.policy = CTY_LITERAL("{\"admin_quorum\":2,\"rules\":[]}");
    assert_ok(submit(w, &st));
    assert_int_equal(party_get(w, "solo").admin_quorum, 2);
    world_begin(w, &st, CTY_ACTOR_ENROL, "solo/q");
    st.u.actor_enrol.enrolment = bench_person(w, "solo/q", NULL, "q");
    world_add_signer(w, &st, "solo/one");
    assert_refused(submit(w, &st), "under-threshold");
    world_add_signer(w, &st, "solo/p");
    assert_ok(submit(w, &st));
}

/* The ledger's quorum is that of its policy, and is not that of the operator's party. */
static void the_ledgers_quorum(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    assert_ok(world_person(w, "operator/third", "admin", "third"));
    assert_ok(world_policy(w, "ledger", "{\"admin_quorum\":3,\"rules\":[]}"));
    assert_int_equal(party_get(w, "operator").admin_quorum, 2);
    make_party(w, &st, "new", "new/one", NULL);
    assert_refused(submit(w, &st), "under-threshold");
    st.signers[2] = CTY_LITERAL("operator/third");
    st.signers[3] = CTY_LITERAL("new/one");
    st.signers_count = 4;
    assert_ok(submit(w, &st));
    assert_ok(world_person(w, "operator/fourth", NULL, "fourth"));
    make_policy(w, &st, "ledger", "{\"admin_quorum\":1,\"rules\":[]}");
    assert_refused(submit(w, &st), "under-threshold");
    world_add_signer(w, &st, "operator/third");
    assert_ok(submit(w, &st));
    make_policy(w, &st, "ledger", "{\"admin_quorum\":1,\"rules\":[]}");
    st.signers_count = 1;
    assert_ok(submit(w, &st));
}

static void a_policy_replaces_the_one_in_force(void **state)
{
    struct world *w = *state;
    struct cty_statement first, second;
    make_policy(w, &first, "acme", "{\"admin_quorum\":2,\"rules\":[{\"effect\":\"deny\"}]}");
    make_policy(w, &second, "acme", "{\"admin_quorum\":2,\"rules\":[]}");
    assert_ok(submit(w, &first));
    assert_refused(submit(w, &second), "policy-mismatch");
    second.u.policy_publish.replaces = party_get(w, "acme").policy;
    assert_ok(submit(w, &second));
    struct cty_hash id = case_of(w, "acme/bot", "acme/bot", "x");
    assert_state(w, &id, "HELD");
    make_policy(w, &first, "ledger", BENCH_POLICY);
    first.u.policy_publish.replaces = party_get(w, "acme").policy;
    assert_refused(submit(w, &first), "policy-mismatch");
    first.u.policy_publish.replaces.present = false;
    assert_refused(submit(w, &first), "policy-mismatch");
}

static void a_quorum_must_be_reachable(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    make_policy(w, &st, "acme", "{\"admin_quorum\":3,\"rules\":[]}");
    assert_refused(submit(w, &st), "quorum-unreachable");
    assert_ok(world_person(w, "acme/third", "admin", "third"));
    make_policy(w, &st, "acme", "{\"admin_quorum\":3,\"rules\":[]}");
    assert_ok(submit(w, &st));
    make_policy(w, &st, "acme", "{\"admin_quorum\":4,\"rules\":[]}");
    world_add_signer(w, &st, "acme/third");
    assert_refused(submit(w, &st), "quorum-unreachable");
    /* A revoked admin is no longer one of them. */
    world_begin(w, &st, CTY_ACTOR_REVOKE, "acme/third");
    st.u.actor_revoke.actor = CTY_LITERAL("acme/third");
    st.u.actor_revoke.since = w->time;
    assert_ok(submit(w, &st));
    assert_int_equal(party_get(w, "acme").admins, 2);
}

/* Revoked a second time, with an earlier `since`, an admin is taken off the number once. */
static void an_admin_leaves_once(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    assert_ok(world_person(w, "acme/third", "admin", "third"));
    assert_ok(world_revoke(w, "acme/third", "acme/a", "acme/b", w->time));
    assert_ok(world_revoke(w, "acme/third", "acme/a", "acme/b", w->time - 1));
    assert_int_equal(party_get(w, "acme").admins, 2);
    make_policy(w, &st, "acme", "{\"admin_quorum\":2,\"rules\":[]}");
    assert_ok(submit(w, &st));
}

static void who_may_revoke(void **state)
{
    struct world *w = *state;
    assert_refused(world_revoke(w, "acme/dave", "acme/carol", NULL, w->time), "wrong-role");
    assert_refused(world_revoke(w, "acme/dave", "acme/a", NULL, w->time), "under-threshold");
    assert_refused(world_revoke(w, "acme/dave", "acme/a", "globex/a", w->time), "wrong-role");
    assert_refused(world_revoke(w, "acme/dave", "operator/ada", "operator/otto", w->time), "wrong-role");
    assert_refused(world_revoke(w, "acme/dave", "acme/dave", "acme/a", w->time), "wrong-role");
    assert_ok(world_revoke(w, "acme/dave", "acme/a", "acme/b", w->time));
    assert_ok(world_revoke(w, "acme/bot", "acme/bot", NULL, w->time));
    struct cty_statement st;
    make_request(w, &st, "acme/bot", "acme/bot", "ping");
    assert_refused(submit(w, &st), "key-not-valid");
    make_request(w, &st, "acme/pal", "acme/bot", "ping");
    assert_refused(submit(w, &st), "wrong-executor");
    /* An admin among the admins that revoke it counts. */
    assert_ok(world_revoke(w, "acme/a", "acme/a", "acme/b", w->time));
    assert_refused(world_revoke(w, "acme/finn", "acme/a", "acme/b", w->time), "key-not-valid");
}

/* A released case can't be consumed by a holder whose key was revoked; nobody else may. */
static void a_revoked_holder(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_released(w);
    assert_ok(world_revoke(w, "acme/bot", "acme/a", "acme/b", w->time));
    assert_refused(world_consume(w, &id, "acme/bot"), "key-not-valid");
    assert_refused(world_consume(w, &id, "acme/pal"), "not-holder");
    assert_refused(world_cancel(w, &id, "acme/bot"), "key-not-valid");
    assert_ok(world_cancel(w, &id, "acme/dave"));
}

static void roles_and_kinds(void **state)
{
    struct world *w = *state;
    struct cty_enrolment agent = bench_agent(w, "acme/robot", "acme/owen");
    agent.roles.names[agent.roles.count++] = CTY_LITERAL("approver");
    assert_ok(world_enrol(w, &agent));
    struct cty_hash id = case_of(w, "acme/pal", "acme/pal", "silent");
    assert_refused(approve(w, &id, "acme/robot"), "not-human");
    agent = bench_agent(w, "acme/boss", "acme/owen");
    agent.roles.names[agent.roles.count++] = CTY_LITERAL("admin");
    assert_refused(world_enrol(w, &agent), "not-human");
    struct cty_enrolment service = bench_agent(w, "acme/cron", "acme/owen");
    service.kind = CTY_SERVICE;
    assert_ok(world_enrol(w, &service));
    id = case_of(w, "acme/cron", "acme/cron", "ping");
    assert_ok(world_consume(w, &id, "acme/cron"));
}

/* Every signer of a statement signs with the key of its own name: one signature can't stand for another. */
static void signatures_are_by_their_signers(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct world_step *step = test_malloc(sizeof(*step));
    struct cty_enrolment fresh = bench_person(w, "acme/fresh", NULL, "fresh");
    make_enrol(w, &st, &fresh);
    for (uint32_t i = 0; i < st.signers_count; i++) {
        world_step_init(w, &st, step);
        assert_ok(world_step_try(w, step, NULL, NULL));
        step->foreign_keys = true;
        step->in.keys[i].bytes[31] ^= 1;
        assert_refused(world_step_try(w, step, NULL, NULL), "signature-invalid");
    }
    test_free(step);
    assert_ok(submit(w, &st));
}

/* `trust` links the entries of the trust chain, and passes over those of cases. */
static void the_trust_chain_passes_over_cases(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_ledger_record before, after;
    world_ledger(w, &before);
    struct cty_hash trust = before.trust;
    assert_true(cty_hash_equal(&before.trust, &before.last));
    case_of(w, "acme/bot", "acme/bot", "refund");
    world_ledger(w, &after);
    assert_true(cty_hash_equal(&after.trust, &trust));
    assert_false(cty_hash_equal(&after.trust, &after.last));
    struct world_step *step = test_malloc(sizeof(*step));
    make_request(w, &st, "acme/bot", "acme/bot", "ping");
    world_step_init(w, &st, step);
    step->entry.trust.hash = after.last;
    assert_refused(world_step_try(w, step, NULL, NULL), "chain-broken");
    step->entry.trust.hash = trust;
    assert_ok(world_step_try(w, step, NULL, NULL));
    test_free(step);
    assert_ok(world_person(w, "acme/fresh", NULL, "fresh"));
    world_ledger(w, &after);
    assert_true(cty_hash_equal(&after.trust, &after.last));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(keys_are_used_once),
        BENCH_TEST(one_key_has_one_use),
        BENCH_TEST(names_are_used_once),
        BENCH_TEST(a_person_is_of_one_party),
        BENCH_TEST(admins_sign_by_quorum),
        BENCH_TEST(admins_are_valid_at_the_entry),
        BENCH_TEST(a_partys_quorum),
        BENCH_TEST(the_ledgers_quorum),
        BENCH_TEST(a_policy_replaces_the_one_in_force),
        BENCH_TEST(a_quorum_must_be_reachable),
        BENCH_TEST(an_admin_leaves_once),
        BENCH_TEST(who_may_revoke),
        BENCH_TEST(a_revoked_holder),
        BENCH_TEST(roles_and_kinds),
        BENCH_TEST(signatures_are_by_their_signers),
        BENCH_TEST(the_trust_chain_passes_over_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
