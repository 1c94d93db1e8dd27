/* SPDX-License-Identifier: Apache-2.0 */
/* The order of refusals of the trust chain's statements: each row alone, and every two of them together. */
#include "unit/escrow/bench.h"

#define ALTER(name, statement)                                                                         \
    static void name(struct world *w, struct world_step *step)                                         \
    {                                                                                                  \
        (void)w;                                                                                       \
        statement;                                                                                     \
    }

#define LOG_SIGNS                                                                                      \
    {                                                                                                  \
        "log signs", s_log, "wrong-signer", 2, false                                                   \
    }
#define KEY                                                                                            \
    {                                                                                                  \
        "key", fault_key, "signature-invalid", 0, false                                                \
    }
#define SIGNER(at, name) step->st.signers[at] = CTY_LITERAL(name)

ALTER(s_log, SIGNER(1, "log"))

#define ENROLMENT step->st.u.actor_enrol.enrolment
ALTER(a_signer, SIGNER(0, "acme/dave"))
ALTER(a_voucher_unknown, SIGNER(1, "acme/nobody"))
ALTER(a_voucher_revoked, SIGNER(1, "acme/gone"))
ALTER(a_voucher_no_admin, SIGNER(1, "acme/dave"))
ALTER(a_voucher_foreign, SIGNER(1, "globex/a"))
ALTER(a_one_voucher, step->st.signers_count = 2)
ALTER(a_two_keys_one_person, SIGNER(1, "acme/a2"))
ALTER(a_key_used, (ENROLMENT.key = world_vkey(w, "acme/carol"), ENROLMENT.actor = CTY_LITERAL("acme/carol"),
                   step->st.signers[0] = ENROLMENT.actor))
ALTER(a_no_person, ENROLMENT.person.present = false)
ALTER(a_owned, ENROLMENT.owner = CTY_LITERAL("acme/owen"))
ALTER(a_until_now, ENROLMENT.valid_until = step->entry.time)
ALTER(a_until_from, (ENROLMENT.valid_from = step->entry.time + 10, ENROLMENT.valid_until = step->entry.time + 10))

static void a_party_unknown(struct world *w, struct world_step *step)
{
    ENROLMENT.actor = CTY_LITERAL("nowhere/new");
    ENROLMENT.key = world_vkey(w, "nowhere/new");
    step->st.signers[0] = ENROLMENT.actor;
}

static void a_sealing_is_used(struct world *w, struct world_step *step)
{
    /* The sealing key of an actor that has one already, under the new name. */
    static char text[400];
    struct cty_buf out = CTY_BUF_INIT(400);
    assert_ok(cty_vkey_format(ENROLMENT.actor, CTY_KEY_X25519, cty_secret_sealing_key(world_secret(w, "acme/sealed")),
                              &out));
    memcpy(text, out.data, out.size);
    ENROLMENT.sealing_key = cty_bytes_make(text, out.size);
    cty_buf_done(&out);
}

static void a_person_elsewhere(struct world *w, struct world_step *step)
{
    struct cty_enrolment gina = bench_person(w, "globex/gina", NULL, "globex/gina");
    ENROLMENT.person = gina.person;
}

static const struct fault person_faults[] = {
    FAULTS_ENTRY,
    {"another signs first", a_signer, "wrong-signer", 7, false},
    LOG_SIGNS,
    {"voucher unknown", a_voucher_unknown, "key-unknown", 2, false},
    {"voucher revoked", a_voucher_revoked, "key-not-valid", 2, false},
    KEY,
    FAULTS_SEEN,
    {"party unknown", a_party_unknown, "party-unknown", 7, true},
    {"voucher no admin", a_voucher_no_admin, "wrong-role", 2, false},
    {"voucher of another party", a_voucher_foreign, "wrong-role", 2, false},
    {"one voucher", a_one_voucher, "under-threshold", 0, false},
    {"two keys of one person", a_two_keys_one_person, "under-threshold", 2, false},
    {"name and key used", a_key_used, "duplicate-actor", 7, true},
    {"sealing key used", a_sealing_is_used, "duplicate-key", 0, false},
    {"no person", a_no_person, "person-mismatch", 8, false},
    {"owned", a_owned, "person-mismatch", 0, false},
    {"person of another party", a_person_elsewhere, "person-mismatch", 8, false},
    {"valid until now", a_until_now, "back-dated", 9, false},
    {"valid until it begins", a_until_from, "back-dated", 9, false},
};

static void seal(struct world *w, const char *name, struct cty_enrolment *enrolment)
{
    static char text[400];
    struct cty_buf out = CTY_BUF_INIT(400);
    assert_ok(cty_vkey_format(enrolment->actor, CTY_KEY_X25519, cty_secret_sealing_key(world_secret(w, name)), &out));
    memcpy(text, out.data, out.size);
    enrolment->sealing_key = cty_bytes_make(text, out.size);
    cty_buf_done(&out);
}

/* A second key of the person behind acme/b, an admin too, and an actor with a sealing key. */
static void prepare(struct world *w)
{
    struct cty_enrolment second = bench_person(w, "acme/a2", "admin", "acme/b");
    assert_ok(world_enrol(w, &second));
    struct cty_enrolment sealed = bench_person(w, "acme/sealed", NULL, "acme/sealed");
    seal(w, "acme/sealed", &sealed);
    assert_ok(world_enrol(w, &sealed));
    w->time += MINUTE;
}

static void enrolment_of_a_person_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    prepare(w);
    struct cty_enrolment enrolment = bench_person(w, "acme/new", "admin", "new");
    make_enrol(w, &st, &enrolment);
    print_message("%zu enrolments\n", faults_check(w, &st, person_faults, CTY_COUNT_OF(person_faults)));
    assert_ok(submit(w, &st));
}

ALTER(m_no_owner, ENROLMENT.owner.data = NULL)
ALTER(m_owner_unknown, ENROLMENT.owner = CTY_LITERAL("acme/nobody"))
ALTER(m_owner_revoked, ENROLMENT.owner = CTY_LITERAL("acme/gone"))
ALTER(m_owner_agent, ENROLMENT.owner = CTY_LITERAL("acme/pal"))
ALTER(m_owner_foreign, ENROLMENT.owner = CTY_LITERAL("globex/gina"))
ALTER(m_person, ENROLMENT.person.present = true)
ALTER(m_admin, ENROLMENT.roles.names[ENROLMENT.roles.count++] = CTY_LITERAL("admin"))

static const struct fault machine_faults[] = {
    FAULTS_ENTRY,
    {"another signs first", a_signer, "wrong-signer", 7, false},
    LOG_SIGNS,
    KEY,
    FAULTS_SEEN,
    {"one voucher", a_one_voucher, "under-threshold", 0, false},
    {"name and key used", a_key_used, "duplicate-actor", 7, true},
    {"no owner", m_no_owner, "bad-owner", 8, false},
    {"owner unknown", m_owner_unknown, "bad-owner", 8, false},
    {"owner revoked", m_owner_revoked, "bad-owner", 8, false},
    {"owner an agent", m_owner_agent, "bad-owner", 8, false},
    {"owner of another party", m_owner_foreign, "bad-owner", 8, false},
    {"a person", m_person, "bad-owner", 0, false},
    {"an admin", m_admin, "not-human", 0, false},
    {"valid until now", a_until_now, "back-dated", 9, false},
};

static void enrolment_of_a_machine_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    prepare(w);
    for (int kind = 0; kind < 2; kind++) {
        struct cty_enrolment enrolment = bench_agent(w, kind ? "acme/daemon" : "acme/robot", "acme/owen");
        enrolment.kind = kind ? CTY_SERVICE : CTY_AGENT;
        make_enrol(w, &st, &enrolment);
        faults_check(w, &st, machine_faults, CTY_COUNT_OF(machine_faults));
        assert_ok(submit(w, &st));
    }
}

#define PARTY step->st.u.party_enrol
ALTER(p_known, PARTY.party = CTY_LITERAL("acme"))
ALTER(p_admin_missing, step->st.signers_count = 3)
ALTER(p_no_voucher, (step->st.signers[0] = step->st.signers[2], step->st.signers[1] = step->st.signers[3],
                     step->st.signers_count = 2))
ALTER(p_voucher_foreign, SIGNER(0, "acme/a"))
ALTER(p_voucher_agent, SIGNER(0, "acme/bot"))
ALTER(p_no_person, PARTY.admins[0].person.present = false)
ALTER(p_agent, (PARTY.admins[1].kind = CTY_AGENT, PARTY.admins[1].owner = CTY_LITERAL("new/one"),
                PARTY.admins[1].person.present = false))
ALTER(p_no_role, PARTY.admins[1].roles.count = 0)
ALTER(p_person_twice, PARTY.admins[1].person = PARTY.admins[0].person)

static void p_order(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.signers[2] = PARTY.admins[1].actor;
    step->st.signers[3] = PARTY.admins[0].actor;
}

static void p_one_voucher(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.signers[1] = step->st.signers[2];
    step->st.signers[2] = step->st.signers[3];
    step->st.signers_count = 3;
}

static void p_same_key(struct world *w, struct world_step *step)
{
    static char text[400];
    struct cty_buf out = CTY_BUF_INIT(400);
    assert_ok(cty_vkey_format(PARTY.admins[1].actor, CTY_KEY_ED25519, cty_secret_key(world_secret(w, "new/one")),
                              &out));
    memcpy(text, out.data, out.size);
    PARTY.admins[1].key = cty_bytes_make(text, out.size);
    cty_buf_done(&out);
}

static const struct fault party_faults[] = {
    FAULTS_ENTRY,
    {"an admin does not sign", p_admin_missing, "wrong-signer", 2, false},
    {"nobody vouches", p_no_voucher, "wrong-signer", 2, false},
    {"admins out of order", p_order, "wrong-signer", 2, false},
    LOG_SIGNS,
    KEY,
    FAULTS_SEEN,
    {"party known", p_known, "duplicate-party", 0, false},
    {"voucher of another party", p_voucher_foreign, "wrong-role", 2, false},
    {"voucher an agent", p_voucher_agent, "wrong-role", 2, false},
    {"one voucher", p_one_voucher, "under-threshold", 2, false},
    {"one key twice", p_same_key, "duplicate-key", 0, false},
    {"no person", p_no_person, "person-mismatch", 8, false},
    {"no role", p_no_role, "not-human", 0, false},
    {"one person twice", p_person_twice, "duplicate-human", 8, false},
};

static void enrolment_of_a_party_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    make_party(w, &st, "new", "new/one", "new/two");
    print_message("%zu parties\n", faults_check(w, &st, party_faults, CTY_COUNT_OF(party_faults)));
    struct world_step *step = test_malloc(sizeof(*step));
    world_step_init(w, &st, step);
    p_agent(w, step);
    assert_refused(world_step_try(w, step, NULL, NULL), "bad-owner");
    test_free(step);
    assert_ok(submit(w, &st));
}

#define REVOKE step->st.u.actor_revoke
ALTER(k_unknown, REVOKE.actor = CTY_LITERAL("acme/nobody"))
ALTER(k_no_admin, SIGNER(0, "acme/dave"))
ALTER(k_foreign, SIGNER(0, "globex/a"))
ALTER(k_one, step->st.signers_count = 1)
ALTER(k_later, REVOKE.since = step->entry.time + 1)
ALTER(k_revoked, (REVOKE.actor = CTY_LITERAL("acme/gone"), REVOKE.since = step->entry.time))
ALTER(k_log, SIGNER(0, "log"))

static const struct fault revoke_faults[] = {
    FAULTS_ENTRY,
    {"log signs", k_log, "wrong-signer", 2, false},
    {"signer unknown", fault_signer_unknown, "key-unknown", 2, false},
    {"signer revoked", fault_signer_revoked, "key-not-valid", 2, false},
    KEY,
    FAULTS_SEEN,
    {"actor unknown", k_unknown, "key-unknown", 7, false},
    {"no admin", k_no_admin, "wrong-role", 2, false},
    {"admin of another party", k_foreign, "wrong-role", 2, false},
    {"one admin", k_one, "under-threshold", 0, false},
    {"since later", k_later, "back-dated", 8, false},
    {"revoked already", k_revoked, "state-illegal", 7, true},
};

static void revocation_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    make_revoke(w, &st, "acme/carol", "acme/a", "acme/b", w->time);
    print_message("%zu revocations\n", faults_check(w, &st, revoke_faults, CTY_COUNT_OF(revoke_faults)));
    assert_ok(submit(w, &st));
    make_revoke(w, &st, "acme/dave", "acme/dave", NULL, w->time + 1);
    assert_refused(submit(w, &st), "back-dated");
    st.u.actor_revoke.since = w->time;
    assert_ok(submit(w, &st));
}

#define PUBLISH step->st.u.policy_publish
ALTER(l_party, PUBLISH.scope = CTY_LITERAL("nowhere"))
ALTER(l_no_admin, SIGNER(0, "acme/dave"))
ALTER(l_foreign, SIGNER(0, "globex/a"))
ALTER(l_one, step->st.signers_count = 1)
ALTER(l_replaces, (PUBLISH.replaces.present = true, PUBLISH.replaces.hash = bench_hash(w)))
ALTER(l_unreachable, PUBLISH.policy = CTY_LITERAL("{\"admin_quorum\":3,\"rules\":[]}"))

static const struct fault policy_faults[] = {
    FAULTS_ENTRY,
    {"log signs", k_log, "wrong-signer", 2, false},
    {"signer unknown", fault_signer_unknown, "key-unknown", 2, false},
    {"signer revoked", fault_signer_revoked, "key-not-valid", 2, false},
    KEY,
    FAULTS_SEEN,
    {"party unknown", l_party, "party-unknown", 0, false},
    {"no admin", l_no_admin, "wrong-role", 2, false},
    {"admin of another party", l_foreign, "wrong-role", 2, false},
    {"one admin", l_one, "under-threshold", 0, false},
    {"replaces", l_replaces, "policy-mismatch", 0, false},
    {"quorum of three", l_unreachable, "quorum-unreachable", 0, false},
};

static void policy_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    make_policy(w, &st, "acme", "{\"admin_quorum\":2,\"rules\":[]}");
    print_message("%zu policies\n", faults_check(w, &st, policy_faults, CTY_COUNT_OF(policy_faults)));
    assert_ok(submit(w, &st));
    make_policy(w, &st, "acme", "{\"admin_quorum\":1,\"rules\":[]}");
    faults_check(w, &st, policy_faults, CTY_COUNT_OF(policy_faults));
    st.u.policy_publish.replaces.present = false;
    assert_refused(submit(w, &st), "policy-mismatch");
}

#define OPEN step->st.u.ledger_open
ALTER(o_first, SIGNER(0, "clerk"))
ALTER(o_admin_missing, step->st.signers_count = 3)
ALTER(o_no_person, OPEN.admins[0].person.present = false)
ALTER(o_no_role, OPEN.admins[1].roles.count = 0)
ALTER(o_person_twice, OPEN.admins[1].person = OPEN.admins[0].person)
ALTER(o_quorum, OPEN.policy = CTY_LITERAL("{\"admin_quorum\":3,\"rules\":[]}"))
ALTER(o_seen_size, step->st.seen.size = 1)
ALTER(o_linked, (step->entry.prev.present = true, step->entry.prev.hash = bench_hash(w)))
ALTER(o_trust, (step->entry.trust.present = true, step->entry.trust.hash = bench_hash(w)))
ALTER(o_case_prev, (step->entry.case_prev.present = true, step->entry.case_prev.hash = bench_hash(w)))

static void o_same_key(struct world *w, struct world_step *step)
{
    static char text[400];
    struct cty_buf out = CTY_BUF_INIT(400);
    assert_ok(cty_vkey_format(CTY_LITERAL("operator/otto"), CTY_KEY_ED25519, cty_secret_key(world_secret(w, "log")),
                              &out));
    memcpy(text, out.data, out.size);
    OPEN.admins[1].key = cty_bytes_make(text, out.size);
    cty_buf_done(&out);
}

static void o_log_is_clerk(struct world *w, struct world_step *step)
{
    static char text[400];
    struct cty_buf out = CTY_BUF_INIT(400);
    assert_ok(cty_vkey_format(CTY_LITERAL(WORLD_ORIGIN "/clerk"), CTY_KEY_ED25519,
                              cty_secret_key(world_secret(w, "log")), &out));
    memcpy(text, out.data, out.size);
    OPEN.clerk_key = cty_bytes_make(text, out.size);
    cty_buf_done(&out);
}

static const struct fault open_faults[] = {
    {"index", fault_index, "genesis-missing", 0, false},
    {"prev", o_linked, "chain-broken", 0, false},
    {"trust", o_trust, "chain-broken", 0, false},
    {"case_prev", o_case_prev, "chain-broken", 0, false},
    {"order of signers", o_first, "wrong-signer", 2, false},
    {"an admin does not sign", o_admin_missing, "wrong-signer", 2, false},
    KEY,
    {"until", fault_until, "past-until", 0, false},
    {"seen size", o_seen_size, "bad-seen", 3, false},
    {"seen root", fault_seen_root, "bad-seen", 3, false},
    {"log and clerk of one key", o_log_is_clerk, "duplicate-key", 0, false},
    {"log and admin of one key", o_same_key, "duplicate-key", 0, false},
    {"no person", o_no_person, "person-mismatch", 8, false},
    {"no role", o_no_role, "not-human", 0, false},
    {"one person twice", o_person_twice, "duplicate-human", 8, false},
    {"quorum of three", o_quorum, "quorum-unreachable", 0, false},
};

/* Entry 0 as world_open makes it, before it stands. */
static void opening_in_order(void **state)
{
    (void)state;
    struct world *w = bench_empty();
    struct cty_statement st;
    world_begin(w, &st, CTY_LEDGER_OPEN, "log");
    world_add_signer(w, &st, "clerk");
    world_add_signer(w, &st, "operator/ada");
    world_add_signer(w, &st, "operator/otto");
    st.u.ledger_open = (struct cty_ledger_open){.admins_count = 2, .party = CTY_LITERAL("operator"),
                                                .log_key = world_vkey(w, "log"), .clerk_key = world_vkey(w, "clerk"),
                                                .policy = CTY_LITERAL("{\"admin_quorum\":2,\"rules\":[]}")};
    st.u.ledger_open.admins[0] = bench_person(w, "operator/ada", "admin", "ada");
    st.u.ledger_open.admins[1] = bench_person(w, "operator/otto", "admin", "otto");
    print_message("%zu openings\n", faults_check(w, &st, open_faults, CTY_COUNT_OF(open_faults)));
    struct cty_statement other;
    world_begin(w, &other, CTY_REQUEST, "acme/bot");
    assert_refused(submit(w, &other), "genesis-missing");
    assert_ok(submit(w, &st));
    world_begin(w, &other, CTY_LEDGER_OPEN, "log");
    st.seen = other.seen;
    assert_refused(submit(w, &st), "duplicate-id");
    world_random(w, st.id, 16);
    assert_refused(submit(w, &st), "state-illegal");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(enrolment_of_a_person_in_order), BENCH_TEST(enrolment_of_a_machine_in_order),
        BENCH_TEST(enrolment_of_a_party_in_order),  BENCH_TEST(revocation_in_order),
        BENCH_TEST(policy_in_order),                cmocka_unit_test(opening_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
