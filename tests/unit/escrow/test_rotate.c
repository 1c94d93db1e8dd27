/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys over time: rotations of actors and custodian, revocations of former keys, admins who are brought back, and the
 * end of a ledger. The order of refusals of each, and what stands afterwards.
 */
#include "unit/escrow/bench.h"

#define ALTER(name, statement)                                                                         \
    static void name(struct world *w, struct world_step *step)                                         \
    {                                                                                                  \
        (void)w;                                                                                       \
        statement;                                                                                     \
    }
#define SIGNER(at, name) step->st.signers[at] = CTY_LITERAL(name)

static int real_setup(void **state)
{
    bench_setup(state);
    ((struct world *)*state)->fast = false;
    return 0;
}

/* With envelopes and signatures. */
#define REAL_TEST(name) cmocka_unit_test_setup_teardown(name, real_setup, bench_teardown)

ALTER(r_old_key_alone, step->st.signers_count = 1)
ALTER(r_new_first, (SIGNER(0, "new"), SIGNER(1, "acme/carol")))
ALTER(r_third_signer, (SIGNER(2, "new"), SIGNER(1, "acme/dave"), step->st.signers_count = 3))
ALTER(r_no_new, SIGNER(1, "acme/dave"))
ALTER(r_clerk, SIGNER(0, "clerk"))
ALTER(r_unknown, SIGNER(0, "acme/nobody"))
ALTER(r_gone, (SIGNER(0, "acme/gone"), step->st.u.actor_rotate.key = world_vkey(w, "acme/gone")))
ALTER(r_own_key, step->st.u.actor_rotate.key = world_vkey(w, "acme/carol"))

static const struct fault rotate_faults[] = {
    FAULTS_ENTRY,
    {"the old key alone", r_old_key_alone, "wrong-signer", 2, false},
    {"the new key first", r_new_first, "wrong-signer", 2, false},
    {"a third signer", r_third_signer, "wrong-signer", 2, false},
    {"without the new key", r_no_new, "wrong-signer", 2, false},
    {"by the clerk", r_clerk, "wrong-signer", 2, false},
    {"signer unknown", r_unknown, "key-unknown", 2, false},
    {"signer revoked", r_gone, "key-not-valid", 2, false},
    {"key", fault_key, "signature-invalid", 0, false},
    FAULTS_SEEN,
    {"the key that it has", r_own_key, "duplicate-key", 2, false},
};

static void actor_rotate_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    world_begin_rotation(w, &st, "acme/carol");
    st.until = w->time + 30 * DAY;
    print_message("%zu rotations\n", faults_check(w, &st, rotate_faults, CTY_COUNT_OF(rotate_faults)));
    assert_ok(submit(w, &st));
    /* Neither the key before nor one of somebody else is ever new again. */
    world_begin_rotation(w, &st, "acme/carol");
    st.u.actor_rotate.key = world_former_vkey(w, "acme/carol", 1);
    assert_refused(submit(w, &st), "duplicate-key");
}

static void rotations_have_a_limit(void **state)
{
    struct world *w = *state;
    for (uint32_t i = 0; i < CTY_ROTATIONS_MAX; i++)
        assert_ok(world_rotate(w, "acme/carol"));
    assert_refused(world_rotate(w, "acme/carol"), "limit-reached");
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/carol"));
    assert_ok(world_rotate(w, "acme/dave"));
}

static void the_custodians_rotations_have_a_limit(void **state)
{
    struct world *w = *state;
    for (uint32_t i = 0; i < CTY_ROTATIONS_MAX; i++)
        assert_ok(world_rotate_custodian(w, CTY_CUSTODIAN_LOG));
    assert_refused(world_rotate_custodian(w, CTY_CUSTODIAN_LOG), "limit-reached");
    assert_ok(world_rotate_custodian(w, CTY_CUSTODIAN_CLERK));
}

static struct cty_bytes sealing_vkey(const char *actor, const struct cty_secret *secret, char ret_text[static 400])
{
    struct cty_buf out = CTY_BUF_INIT(400);
    assert_ok(cty_vkey_format(cty_bytes_text(actor), CTY_KEY_X25519, cty_secret_sealing_key(secret), &out));
    memcpy(ret_text, out.data, out.size);
    struct cty_bytes text = cty_bytes_make(ret_text, out.size);
    cty_buf_done(&out);
    return text;
}

static void a_rotation_may_bring_a_sealing_key(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_actor_record actor = {0};
    struct cty_json tape = CTY_JSON_INIT;
    char text[400], again[400];
    const struct cty_secret *sealing = world_secret(w, "acme/carol");
    world_begin_rotation(w, &st, "acme/carol");
    st.u.actor_rotate.sealing_key = sealing_vkey("acme/carol", sealing, text);
    assert_ok(submit(w, &st));
    assert_ok(cty_record_decode(&cty_shape_actor_record, cty_memory_get(w->memory, "actor/acme/carol"), &tape, &actor, NULL));
    assert_true(cty_bytes_equal(actor.enrolment.sealing_key, st.u.actor_rotate.sealing_key));
    /* One key has one name, for sealing too. */
    world_begin_rotation(w, &st, "acme/dave");
    st.u.actor_rotate.sealing_key = sealing_vkey("acme/dave", sealing, again);
    assert_refused(submit(w, &st), "duplicate-key");
    cty_json_done(&tape);
}

/* Signed by the old key alone a rotation is nobody's; signed by both it is. */
static void a_rotation_is_signed_by_both(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    world_begin_rotation(w, &st, "acme/carol");
    struct cty_secret *fresh = w->next;
    w->next = (struct cty_secret *)(uintptr_t)world_secret(w, "acme/carol"); /* the old key twice */
    assert_refused(submit(w, &st), "signature-invalid");
    w->next = fresh;
    assert_ok(submit(w, &st));
}

/* What the old key signed stands; it signs nothing more. */
static void the_old_key_signs_nothing_more(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/carol"));
    assert_ok(world_rotate(w, "acme/carol"));
    assert_int_equal(case_get(w, &id)->decisions_count, 1);
    struct cty_hash other = case_held(w);
    make_decision(w, &st, &other, "acme/carol", CTY_APPROVE);
    const struct cty_secret *old = world_former(w, "acme/carol", 1);
    assert_ok(cty_statement_sign(&st, &old, 1, &envelope, NULL));
    assert_refused(world_submit_envelope(w, cty_buf_bytes(&envelope), NULL), "signature-invalid");
    cty_buf_done(&envelope);
    assert_ok(submit(w, &st));
    assert_ok(approve(w, &id, "acme/dave"));
    assert_ok(world_consume(w, &id, "acme/bot"));
}

/* A former key that was stolen before the approval takes it back; one stolen after does not, and the person stays. */
static void a_former_key_is_revoked(void **state)
{
    struct world *w = *state;
    struct cty_hash early = case_released(w);
    w->time += 10;
    uint64_t theft = w->time;
    struct cty_hash late = case_released(w);
    w->time += 10;
    assert_ok(world_rotate(w, "acme/a"));
    struct cty_bytes key = world_former_vkey(w, "acme/a", 1);
    assert_refused(world_revoke_key(w, "acme/a", world_vkey(w, "acme/a"), "acme/a", "acme/b", theft), "key-unknown");
    assert_refused(world_revoke_key(w, "acme/b", key, "acme/a", "acme/b", theft), "key-unknown");
    assert_refused(world_revoke_key(w, "acme/a", key, "acme/a", "acme/b", w->time + 1), "back-dated");
    assert_ok(world_revoke_key(w, "acme/a", key, "acme/a", "acme/b", theft));
    assert_refused(world_revoke_key(w, "acme/a", key, "acme/a", "acme/b", theft), "state-illegal");
    assert_refused(world_consume(w, &late, "acme/bot"), "approval-revoked");
    assert_ok(world_consume(w, &early, "acme/bot"));
    /* The actor goes on, with the new key, and decides anew what the thief decided. */
    struct cty_hash next = case_held(w);
    assert_ok(approve(w, &next, "acme/a"));
    /* The theft turns out to be older: only back. */
    assert_refused(world_revoke_key(w, "acme/a", key, "acme/a", "acme/b", theft + 1), "state-illegal");
    assert_ok(world_revoke_key(w, "acme/a", key, "acme/a", "acme/b", 0));
    assert_ok(approve(w, &next, "acme/b"));
    assert_ok(world_consume(w, &next, "acme/bot"));
}

/* The actor alone may say that a key it had was stolen. */
static void of_ones_own_former_key(void **state)
{
    struct world *w = *state;
    assert_ok(world_rotate(w, "acme/carol"));
    struct cty_bytes key = world_former_vkey(w, "acme/carol", 1);
    assert_refused(world_revoke_key(w, "acme/carol", key, "acme/dave", NULL, w->time), "wrong-role");
    assert_refused(world_revoke_key(w, "acme/carol", key, "acme/a", NULL, w->time), "under-threshold");
    assert_ok(world_revoke_key(w, "acme/carol", key, "acme/carol", NULL, w->time));
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/carol"));
    /* Revoked without a key, the actor ends with all of them. */
    assert_ok(world_revoke(w, "acme/carol", "acme/carol", NULL, w->time));
    struct cty_hash next = case_held(w);
    assert_refused(approve(w, &next, "acme/carol"), "key-not-valid");
    assert_refused(world_rotate(w, "acme/carol"), "key-not-valid");
}

/* What a hardware key approved stands after its person rotated it; the new key is nobody's word on hardware. */
static void a_rotated_hardware_key(void **state)
{
    struct world *w = *state;
    struct cty_enrolment e = bench_person(w, "acme/token", "approver", "acme/token");
    e.key_custody = CTY_KEY_HARDWARE;
    assert_ok(world_enrol(w, &e));
    assert_ok(world_policy(w, "ledger", "{\"admin_quorum\":2,\"rules\":[{\"approvals\":1,\"effect\":\"hold\","
                                        "\"key_custody\":\"hardware\",\"roles\":[\"approver\"]}]}"));
    struct cty_hash id = case_held(w);
    assert_refused(approve(w, &id, "acme/carol"), "key-class");
    assert_ok(approve(w, &id, "acme/token"));
    assert_ok(world_rotate(w, "acme/token"));
    struct cty_hash next = case_held(w);
    assert_refused(approve(w, &next, "acme/token"), "key-class");
    assert_ok(world_consume(w, &id, "acme/bot"));
}

ALTER(c_no_new, SIGNER(2, "operator/nora"))
ALTER(c_log_signs, SIGNER(0, "log"))
ALTER(c_unknown, SIGNER(0, "operator/nobody"))
ALTER(c_gone, SIGNER(0, "acme/gone"))
ALTER(c_foreign, SIGNER(1, "acme/a"))
ALTER(c_no_admin, SIGNER(1, "operator/nora"))
ALTER(c_one_admin, (SIGNER(1, "new"), step->st.signers_count = 2))
ALTER(c_used_key, step->st.u.custodian_rotate.key = world_vkey(w, "log"))

static const struct fault custodian_faults[] = {
    FAULTS_ENTRY,
    {"without the new key", c_no_new, "wrong-signer", 3, false},
    {"the log signs", c_log_signs, "wrong-signer", 2, false},
    {"signer unknown", c_unknown, "key-unknown", 2, false},
    {"signer revoked", c_gone, "key-not-valid", 2, false},
    {"key", fault_key, "signature-invalid", 0, false},
    {"until", fault_until, "past-until", 10, false},
    {"seen root", fault_seen_root, "bad-seen", 0, false},
    {"an admin of another party", c_foreign, "wrong-role", 3, false},
    {"no admin", c_no_admin, "wrong-role", 3, false},
    {"one admin", c_one_admin, "under-threshold", 3, false},
    {"the key that it has", c_used_key, "duplicate-key", 0, false},
};

static void custodian_rotate_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_enrolment nora = bench_person(w, "operator/nora", "approver", "operator/nora");
    assert_ok(world_enrol(w, &nora));
    world_begin_custodian_rotation(w, &st, CTY_CUSTODIAN_LOG);
    st.until = w->time + 30 * DAY;
    print_message("%zu custodian rotations\n",
                  faults_check(w, &st, custodian_faults, CTY_COUNT_OF(custodian_faults)));
    assert_ok(submit(w, &st));
}

/* The clerk's next statement is by the new clerk key; by the old one it is nobody's. */
static void the_clerk_changes_its_key(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    assert_ok(world_rotate_custodian(w, CTY_CUSTODIAN_CLERK));
    w->alone = true;
    make_request(w, &st, "acme/bot", "acme/bot", "refund");
    struct cty_hash id;
    assert_ok(world_submit(w, &st, &id));
    assert_true(world_next(w, &st));
    const struct cty_secret *old = world_former(w, "clerk", 1);
    assert_ok(cty_statement_sign(&st, &old, 1, &envelope, NULL));
    struct cty_hash last = case_get(w, &id)->last;
    assert_refused(world_append(w, cty_buf_bytes(&envelope), &last), "signature-invalid");
    cty_buf_done(&envelope);
    assert_ok(submit(w, &st));
    assert_state(w, &id, "HELD");
}

static void the_log_changes_its_key(void **state)
{
    struct world *w = *state;
    struct cty_ledger_record ledger;
    struct cty_bytes before = world_vkey(w, "log");
    assert_ok(world_rotate_custodian(w, CTY_CUSTODIAN_LOG));
    world_ledger(w, &ledger);
    assert_false(cty_bytes_equal(ledger.log_key, before));
    assert_true(cty_bytes_equal(ledger.log_key, world_vkey(w, "log")));
    assert_true(cty_bytes_equal(before, world_former_vkey(w, "log", 1)));
    case_consumed(w);
}

ALTER(l_clerk, SIGNER(0, "clerk"))
ALTER(l_size_before, step->st.u.ledger_close.size--)
ALTER(l_size_after, step->st.u.ledger_close.size++)
ALTER(l_one_admin, step->st.signers_count = 1)
ALTER(l_twice, step->st.signers[1] = step->st.signers[0])

static const struct fault close_faults[] = {
    FAULTS_ENTRY,
    {"the clerk signs", l_clerk, "wrong-signer", 2, false},
    {"signer unknown", c_unknown, "key-unknown", 2, false},
    {"signer revoked", c_gone, "key-not-valid", 2, false},
    {"key", fault_key, "signature-invalid", 0, false},
    {"until", fault_until, "past-until", 10, false},
    {"seen root", fault_seen_root, "bad-seen", 0, false},
    {"an admin of another party", c_foreign, "wrong-role", 3, false},
    {"one admin", l_one_admin, "under-threshold", 3, false},
    {"one admin twice", l_twice, "under-threshold", 3, false},
    {"a size that was", l_size_before, "wrong-size", 5, false},
    {"a size to come", l_size_after, "wrong-size", 5, false},
};

static void begin_close(struct world *w, struct cty_statement *st)
{
    world_begin(w, st, CTY_LEDGER_CLOSE, "operator/ada");
    world_add_signer(w, st, "operator/otto");
    st->until = w->time + 30 * DAY;
    st->u.ledger_close.size = cty_memory_size(w->memory) + 1;
}

static void close_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    begin_close(w, &st);
    print_message("%zu closings\n", faults_check(w, &st, close_faults, CTY_COUNT_OF(close_faults)));
    assert_ok(submit(w, &st));
}

/* Whatever would have been taken a moment before. */
static void nothing_after_the_close(void **state)
{
    struct world *w = *state;
    struct cty_statement st, before;
    struct cty_hash held = case_held(w), released = case_released(w), lapsed = case_released(w);
    make_request(w, &before, "acme/bot", "acme/bot", "refund");
    begin_close(w, &st);
    assert_ok(submit(w, &st));
    assert_refused(submit(w, &before), "after-terminal");
    assert_refused(approve(w, &held, "acme/a"), "after-terminal");
    assert_refused(world_consume(w, &released, "acme/bot"), "after-terminal");
    assert_refused(world_rotate(w, "acme/carol"), "after-terminal");
    assert_refused(world_revoke(w, "acme/carol", "acme/carol", NULL, w->time), "after-terminal");
    assert_refused(world_close(w), "after-terminal");
    w->time += 30 * DAY;
    assert_refused(world_expire(w, &lapsed), "after-terminal");
    /* Deadlines bind without an entry. */
    assert_state(w, &lapsed, "LAPSED");
    assert_state(w, &held, "EXPIRED");
    assert_state(w, &released, "LAPSED");
}

#define RECOVERY(quorum)                                                                               \
    "{\"admin_quorum\":2,\"recovery\":{\"quorum\":" #quorum ",\"roles\":[\"keeper\"]},\"rules\":[]}"

static void recoverers(struct world *w)
{
    struct cty_enrolment hosted = bench_person(w, "acme/hosted", "keeper", "acme/hosted");
    hosted.key_custody = CTY_KEY_OPERATOR;
    assert_ok(world_enrol(w, &hosted));
    assert_ok(world_person(w, "acme/k1", "keeper", "acme/k1"));
    assert_ok(world_person(w, "acme/k1b", "keeper", "acme/k1"));
    assert_ok(world_person(w, "acme/k2", "keeper", "acme/k2"));
    assert_ok(world_person(w, "globex/k3", "keeper", "globex/k3"));
}

/* An enrolment by two signers who are no admins, say. */
static custody_err enrol_by(struct world *w, const char *name, const char *role, const char *one, const char *other)
{
    struct cty_statement st;
    struct cty_enrolment e = bench_person(w, name, role, name);
    make_enrol(w, &st, &e);
    st.signers_count = 1;
    world_add_signer(w, &st, one);
    if (other)
        world_add_signer(w, &st, other);
    return submit(w, &st);
}

/* A party that lost its admins' keys has the way back that its policy named before, and for nothing else. */
static void admins_are_brought_back(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_json tape = CTY_JSON_INIT;
    struct cty_actor_record actor;
    recoverers(w);
    assert_refused(enrol_by(w, "acme/new", "admin", "acme/k1", "acme/k2"), "wrong-role");
    assert_ok(world_policy(w, "acme", RECOVERY(2)));
    assert_refused(enrol_by(w, "acme/new", "approver", "acme/k1", "acme/k2"), "wrong-role");
    assert_refused(enrol_by(w, "acme/new", "admin", "acme/k1", NULL), "under-threshold");
    assert_refused(enrol_by(w, "acme/new", "admin", "acme/k1", "acme/k1b"), "under-threshold");
    assert_refused(enrol_by(w, "acme/new", "admin", "acme/k1", "globex/k3"), "wrong-role");
    assert_refused(enrol_by(w, "acme/new", "admin", "acme/k1", "acme/hosted"), "wrong-role");
    assert_refused(enrol_by(w, "acme/new", "admin", "acme/k1", "acme/a"), "wrong-role");
    assert_ok(enrol_by(w, "acme/new", "admin", "acme/k1", "acme/k2"));
    assert_ok(cty_record_decode(&cty_shape_actor_record, cty_memory_get(w->memory, "actor/acme/new"), &tape, &actor,
                                NULL));
    assert_true(actor.recovered);
    assert_int_equal(actor.vouchers, 2);
    /* They end an admin too, but no other actor, and publish nothing. */
    assert_ok(world_revoke(w, "acme/a", "acme/k1", "acme/k2", w->time));
    assert_refused(world_revoke(w, "acme/carol", "acme/k1", "acme/k2", w->time), "wrong-role");
    make_policy(w, &st, "acme", RECOVERY(1));
    st.signers_count = 0;
    world_add_signer(w, &st, "acme/k1");
    world_add_signer(w, &st, "acme/k2");
    assert_refused(submit(w, &st), "wrong-role");
    /* Who was brought back is an admin as any other. */
    make_policy(w, &st, "acme", RECOVERY(1));
    st.signers_count = 0;
    world_add_signer(w, &st, "acme/new");
    world_add_signer(w, &st, "acme/b");
    assert_ok(submit(w, &st));
    assert_ok(enrol_by(w, "acme/newer", "admin", "acme/k1", NULL));
    cty_json_done(&tape);
}

/* The newest policy says who: one that names nobody ends the way. Of the operator's two, the newer one counts. */
static void the_newest_policy_names_them(void **state)
{
    struct world *w = *state;
    recoverers(w);
    assert_ok(world_policy(w, "acme", RECOVERY(2)));
    assert_ok(world_policy(w, "acme", "{\"admin_quorum\":2,\"rules\":[]}"));
    assert_refused(enrol_by(w, "acme/new", "admin", "acme/k1", "acme/k2"), "wrong-role");
    assert_ok(world_person(w, "operator/k", "keeper", "operator/k"));
    assert_ok(world_policy(w, "ledger", RECOVERY(1)));
    assert_ok(enrol_by(w, "operator/one", "admin", "operator/k", NULL));
    assert_ok(world_policy(w, "operator", "{\"admin_quorum\":2,\"rules\":[]}"));
    assert_refused(enrol_by(w, "operator/two", "admin", "operator/k", NULL), "wrong-role");
}

/* The ledger's first policy does so from entry 0 on. */
static void the_first_policy_names_them(void **state)
{
    (void)state;
    struct world *w = bench_empty();
    world_open(w, RECOVERY(1));
    struct cty_enrolment keeper = bench_person(w, "operator/k", "keeper", "operator/k");
    assert_refused(enrol_by(w, "operator/early", "admin", "operator/ada", NULL), "under-threshold");
    assert_ok(world_enrol(w, &keeper));
    assert_ok(enrol_by(w, "operator/new", "admin", "operator/k", NULL));
    world_free(w);
}

/* A name, once an admin with the operator's key would be its own second word: no such admin. */
static void no_admin_with_the_operators_key(void **state)
{
    struct world *w = *state;
    struct cty_enrolment e = bench_person(w, "acme/new", "admin", "acme/new");
    e.key_custody = CTY_KEY_OPERATOR;
    assert_refused(world_enrol(w, &e), "key-class");
    e.roles.names[0] = CTY_LITERAL("approver");
    assert_ok(world_enrol(w, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(actor_rotate_refusals_in_order),
        BENCH_TEST(rotations_have_a_limit),
        BENCH_TEST(the_custodians_rotations_have_a_limit),
        BENCH_TEST(a_rotation_may_bring_a_sealing_key),
        REAL_TEST(a_rotation_is_signed_by_both),
        REAL_TEST(the_old_key_signs_nothing_more),
        BENCH_TEST(a_former_key_is_revoked),
        BENCH_TEST(of_ones_own_former_key),
        BENCH_TEST(a_rotated_hardware_key),
        BENCH_TEST(custodian_rotate_refusals_in_order),
        REAL_TEST(the_clerk_changes_its_key),
        REAL_TEST(the_log_changes_its_key),
        BENCH_TEST(close_refusals_in_order),
        BENCH_TEST(nothing_after_the_close),
        BENCH_TEST(admins_are_brought_back),
        BENCH_TEST(the_newest_policy_names_them),
        cmocka_unit_test(the_first_policy_names_them),
        BENCH_TEST(no_admin_with_the_operators_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
