/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on the fold by a custodian that writes what it likes with its own keys, by a stolen key and by approvers
 * who work together; each beside the lawful step that it imitates. Statements are signed here, and what a rogue
 * custodian appends goes the way that an auditor reads: envelope, signatures, links, fold.
 */
#include "codec/text.h"
#include "unit/escrow/bench.h"

static int setup(void **state)
{
    bench_setup(state);
    ((struct world *)*state)->fast = false;
    return 0;
}

#define ATTACK(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)

/* Signs with the keys of the named signers, whoever may sign such a statement. Owned by the caller. */
static struct cty_buf sign(struct world *w, const struct cty_statement *st)
{
    const struct cty_secret *secrets[CTY_SIGNERS_MAX];
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    for (uint32_t i = 0; i < st->signers_count; i++) {
        char name[CTY_ACTOR_NAME_BYTES_MAX + 1];
        snprintf(name, sizeof(name), "%.*s", (int)st->signers[i].size, (const char *)st->signers[i].data);
        secrets[i] = world_secret(w, name);
    }
    assert_ok(cty_statement_sign(st, secrets, st->signers_count, &envelope, NULL));
    return envelope;
}

/* Appends as a custodian would that hides nothing but its intent: the links are right. */
static custody_err append(struct world *w, const struct cty_statement *st)
{
    struct cty_buf envelope = sign(w, st);
    bool joins = (cty_type_flags(st->type) & CTY_TYPE_CASE) != 0;
    struct cty_hash last = {{0}};
    char key[CTY_VIEW_KEY_MAX] = "case/";
    cty_hex_write(st->case_id.bytes, CTY_HASH_SIZE, key + 5);
    joins = joins && cty_memory_get(w->memory, key).data;
    if (joins)
        last = case_get(w, &st->case_id)->last;
    custody_err err = world_append(w, cty_buf_bytes(&envelope), joins ? &last : NULL);
    cty_buf_done(&envelope);
    return err;
}

/* What an honest clerk would say next. */
static void next(struct world *w, struct cty_statement *st)
{
    assert_true(world_next(w, st));
}

static void begin_release(struct world *w, struct cty_statement *st, const struct cty_hash *id)
{
    const struct cty_case *c = case_get(w, id);
    world_begin(w, st, CTY_RELEASE, "clerk");
    st->until = w->time;
    st->case_id = *id;
    st->after = c->cause;
    st->u.release.executor = c->holder;
    memcpy(st->u.release.instance, c->instance.bits, 16);
    st->u.release.payload = c->payload;
    st->u.release.report_ms = c->report_ms;
    st->u.release.use_by = w->time + HOUR;
}

static void attack_01_altered_byte(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    make_request(w, &st, "acme/bot", "acme/bot", "refund");
    struct cty_buf envelope = sign(w, &st);
    struct cty_bytes text = cty_buf_bytes(&envelope);
    size_t refused = 0;
    for (size_t i = 0; i < text.size; i += 3) {
        envelope.data[i] ^= 1;
        refused += world_append(w, text, NULL) != CUSTODY_OK;
        envelope.data[i] ^= 1;
    }
    assert_int_equal(refused, (text.size + 2) / 3);
    assert_ok(world_append(w, text, NULL));
    cty_buf_done(&envelope);
}

static void attack_01_signature_of_another(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    make_request(w, &st, "acme/bot", "acme/bot", "refund");
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    const struct cty_secret *thief = world_secret(w, "acme/pal");
    assert_ok(cty_statement_sign(&st, &thief, 1, &envelope, NULL));
    assert_refused(world_append(w, cty_buf_bytes(&envelope), NULL), "signature-invalid");
    cty_buf_done(&envelope);
    assert_ok(append(w, &st));
}

static void attack_02_entry_links(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct world_step *step = test_malloc(sizeof(*step));
    struct cty_hash id = case_held(w);
    make_decision(w, &st, &id, "acme/a", CTY_APPROVE);
    void (*const faults[])(struct world *, struct world_step *) = {fault_prev, fault_trust, fault_case_prev,
                                                                   fault_index};
    for (size_t i = 0; i < CTY_COUNT_OF(faults); i++) {
        world_step_init(w, &st, step);
        faults[i](w, step);
        assert_refused(world_step_try(w, step, NULL, NULL), "chain-broken");
        world_step_init(w, &st, step);
        struct cty_opt_hash *links[] = {&step->entry.prev, &step->entry.trust, &step->entry.case_prev};
        if (i == 3)
            continue;
        links[i]->present = false;
        assert_refused(world_step_try(w, step, NULL, NULL), "chain-broken");
    }
    world_step_init(w, &st, step);
    assert_ok(world_step_try(w, step, NULL, NULL));
    test_free(step);
}

/* A cancel's bytes under the payload type of a consume: the members are not those of its type. */
static void attack_03_one_kind_as_another(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_released(w);
    make_cancel(w, &st, &id, "acme/bot");
    struct cty_buf body = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    assert_ok(cty_statement_encode(&st, &body));
    const struct cty_secret *bot = world_secret(w, "acme/bot");
    struct cty_hash last = case_get(w, &id)->last;
    assert_ok(cty_envelope_sign(cty_bytes_text(cty_type_payload_type(CTY_CONSUME)), cty_buf_bytes(&body), &bot, 1,
                                &envelope));
    assert_refused(world_append(w, cty_buf_bytes(&envelope), &last), "payload-type-mismatch");
    cty_buf_clear(&envelope);
    assert_ok(cty_envelope_sign(cty_bytes_text(cty_type_payload_type(CTY_CANCEL)), cty_buf_bytes(&body), &bot, 1,
                                &envelope));
    assert_ok(world_append(w, cty_buf_bytes(&envelope), &last));
    assert_state(w, &id, "CANCELLED");
    cty_buf_done(&body);
    cty_buf_done(&envelope);
}

static void attack_04_two_readings(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    make_request(w, &st, "acme/bot", "acme/bot", "refund");
    struct cty_buf body = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    const struct cty_secret *bot = world_secret(w, "acme/bot");
    struct cty_bytes type = cty_bytes_text(cty_type_payload_type(CTY_REQUEST));
    assert_ok(cty_statement_encode(&st, &body));
    assert_ok(cty_buf_put_byte(&body, ' '));
    assert_ok(cty_envelope_sign(type, cty_buf_bytes(&body), &bot, 1, &envelope));
    assert_refused(world_append(w, cty_buf_bytes(&envelope), NULL), "payload-not-canonical");
    cty_buf_clear(&envelope);
    body.size--;
    assert_ok(cty_envelope_sign(type, cty_buf_bytes(&body), &bot, 1, &envelope));
    assert_ok(world_append(w, cty_buf_bytes(&envelope), NULL));
    cty_buf_done(&body);
    cty_buf_done(&envelope);
}

/* A key of small order verifies for nobody: it can't be enrolled. */
static void attack_05_small_order_key(void **state)
{
    struct world *w = *state;
    static char text[400];
    static const struct cty_key small = {{1}};
    struct cty_statement st;
    struct cty_buf out = CTY_BUF_INIT(400);
    struct cty_enrolment person = bench_person(w, "acme/odd", NULL, "odd");
    assert_ok(cty_vkey_format(person.actor, CTY_KEY_ED25519, &small, &out));
    memcpy(text, out.data, out.size);
    make_enrol(w, &st, &person);
    st.u.actor_enrol.enrolment.key = cty_bytes_make(text, out.size);
    assert_refused(append(w, &st), "bad-key");
    cty_buf_done(&out);
    st.u.actor_enrol.enrolment.key = person.key;
    assert_ok(append(w, &st));
}

static void attack_06_key_of_another_algorithm(void **state)
{
    struct world *w = *state;
    static char text[400];
    struct cty_statement st;
    struct cty_buf out = CTY_BUF_INIT(400);
    struct cty_enrolment person = bench_person(w, "acme/odd", NULL, "odd");
    assert_ok(cty_vkey_format(person.actor, CTY_KEY_COSIGNATURE, cty_secret_key(world_secret(w, "acme/odd")), &out));
    memcpy(text, out.data, out.size);
    make_enrol(w, &st, &person);
    st.u.actor_enrol.enrolment.key = cty_bytes_make(text, out.size);
    assert_refused(append(w, &st), "alg-mismatch");
    cty_buf_done(&out);
    st.u.actor_enrol.enrolment.key = person.key;
    assert_ok(append(w, &st));
}

/* A party's enrolment that brings a key of its own for one of the ledger's admins, who then vouches for it. */
static void attack_07_key_inside_the_message(void **state)
{
    struct world *w = *state;
    struct cty_statement st, forged;
    make_party(w, &st, "evil", "evil/one", NULL);
    forged = st;
    forged.u.party_enrol.admins[0] = bench_person(w, "operator/ada", "admin", "ada");
    forged.u.party_enrol.admins[0].key = world_vkey(w, "operator/thief");
    forged.signers[0] = CTY_LITERAL("operator/ada");
    forged.signers[1] = CTY_LITERAL("operator/otto");
    forged.signers_count = 2;
    struct world_step *step = test_malloc(sizeof(*step));
    world_step_init(w, &forged, step);
    assert_refused(world_step_try(w, step, NULL, NULL), "wrong-signer");
    test_free(step);
    assert_refused(append(w, &forged), "bad-key"); /* the key's own name is another's */
    make_request(w, &forged, "acme/stranger", "acme/bot", "ping");
    assert_refused(append(w, &forged), "key-unknown");
    assert_ok(append(w, &st));
}

static void attack_08_one_key_for_two_people(void **state)
{
    struct world *w = *state;
    static char text[400];
    struct cty_statement st;
    struct cty_buf out = CTY_BUF_INIT(400);
    struct cty_enrolment person = bench_person(w, "acme/second", "approver", "second");
    const struct cty_secret *shared = world_secret(w, "acme/carol");
    assert_ok(cty_vkey_format(person.actor, CTY_KEY_ED25519, cty_secret_key(shared), &out));
    memcpy(text, out.data, out.size);
    make_enrol(w, &st, &person);
    st.u.actor_enrol.enrolment.key = cty_bytes_make(text, out.size);
    struct world_step *step = test_malloc(sizeof(*step));
    world_step_init(w, &st, step);
    assert_refused(world_step_try(w, step, NULL, NULL), "duplicate-key");
    test_free(step);
    cty_buf_done(&out);
    st.u.actor_enrol.enrolment.key = person.key;
    assert_ok(append(w, &st));
}

static void attack_10_key_outside_its_validity(void **state)
{
    struct world *w = *state;
    struct cty_statement before, after;
    make_request(w, &before, "acme/bot", "acme/bot", "ping");
    make_request(w, &after, "acme/bot", "acme/bot", "ping");
    assert_ok(world_submit(w, &before, NULL));
    assert_ok(world_revoke(w, "acme/bot", "acme/a", "acme/b", w->time));
    assert_refused(append(w, &after), "key-not-valid"); /* signed before, and not yet in the ledger */
}

static void attack_13_replay(void **state)
{
    struct world *w = *state;
    struct cty_statement st, again;
    make_request(w, &st, "acme/bot", "acme/bot", "ping");
    assert_ok(world_submit(w, &st, NULL));
    assert_refused(append(w, &st), "duplicate-id");
    again = st;
    again.u.request.action = CTY_LITERAL("other");
    assert_refused(append(w, &again), "duplicate-id");
    world_random(w, again.id, 16);
    assert_ok(append(w, &again));
}

static void attack_14_replay_elsewhere(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    struct cty_hash other = case_held(w);
    make_decision(w, &st, &id, "acme/a", CTY_APPROVE);
    st.ledger = CTY_LITERAL("custody.example/elsewhere");
    assert_refused(append(w, &st), "wrong-ledger");
    st.ledger = CTY_LITERAL(WORLD_ORIGIN);
    st.case_id = bench_hash(w);
    assert_refused(append(w, &st), "wrong-case");
    st.case_id = other;
    assert_refused(append(w, &st), "stale-after");
    st.after = case_get(w, &other)->anchor;
    assert_refused(append(w, &st), "instance-mismatch");
    st.case_id = id;
    st.after = case_get(w, &id)->anchor;
    assert_ok(append(w, &st));
}

/* Entries in another order, with one missing, or with one twice: the links do not follow. */
static void attack_15_16_17_reorder_delete_insert(void **state)
{
    struct world *w = *state;
    struct cty_statement first, second;
    struct world_step *one = test_malloc(sizeof(*one)), *two = test_malloc(sizeof(*two));
    make_request(w, &first, "acme/bot", "acme/bot", "silent");
    make_request(w, &second, "acme/pal", "acme/pal", "silent");
    world_step_init(w, &first, one);
    assert_ok(world_step_try(w, one, NULL, NULL));
    struct cty_hash leaf = one->in.leaf;
    world_step_init(w, &second, two);
    two->entry.index++;
    two->entry.prev.hash = leaf;
    assert_refused(world_step_try(w, two, NULL, NULL), "chain-broken"); /* its predecessor is missing */
    two->entry.index--;
    assert_refused(world_step_try(w, two, NULL, NULL), "chain-broken"); /* and renumbered */
    assert_ok(world_step_fold(w, one));
    struct cty_statement verdict;
    next(w, &verdict);
    assert_ok(append(w, &verdict));
    world_random(w, one->st.id, 16);
    assert_refused(world_step_fold(w, one), "chain-broken"); /* the place is taken */
    world_step_init(w, &second, two);
    assert_ok(world_step_fold(w, two));
    test_free(one);
    test_free(two);
}

static void attack_20_late_genesis(void **state)
{
    (void)state;
    struct world *w = bench_empty();
    struct cty_statement st;
    struct world_step *step = test_malloc(sizeof(*step));
    world_begin(w, &st, CTY_REQUEST, "acme/bot");
    st.u.request.executor = st.u.request.action = st.u.request.service = CTY_LITERAL("acme/bot");
    world_step_init(w, &st, step);
    assert_refused(world_step_try(w, step, NULL, NULL), "genesis-missing");
    step->entry.index = 7;
    assert_refused(world_step_try(w, step, NULL, NULL), "genesis-missing");
    test_free(step);
    world_open(w, BENCH_POLICY);
    assert_int_equal(cty_memory_size(w->memory), 1);
    world_free(w);
}

/* A statement that claims to be old: `seen` and `until` bound what it can claim. */
static void attack_31_back_dated(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    uint64_t before = w->time;
    make_decision(w, &st, &id, "acme/a", CTY_APPROVE);
    st.until = before + MINUTE;
    w->time += 2 * MINUTE;
    assert_refused(append(w, &st), "past-until"); /* kept back, to be used later */
    st.until = w->time;
    st.seen.size = case_get(w, &id)->anchor_index;
    assert_ok(cty_memory_root(w->memory, st.seen.size, &st.seen.root));
    assert_refused(append(w, &st), "bad-seen"); /* signed before the verdict that it answers */
    st.seen.size++;
    assert_ok(cty_memory_root(w->memory, st.seen.size, &st.seen.root));
    assert_ok(append(w, &st));
    assert_refused(world_revoke(w, "acme/carol", "acme/carol", NULL, w->time + 1), "back-dated");
    assert_ok(world_revoke(w, "acme/carol", "acme/carol", NULL, w->time));
}

static void attack_33_clock_moved_back(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_released(w);
    make_consume(w, &st, &id, "acme/bot");
    w->time = case_get(w, &id)->use_by + 1;
    assert_refused(append(w, &st), "deadline-passed");
    assert_ok(world_request(w, "acme/pal", "acme/pal", "silent", "{}", NULL));
    w->time = case_get(w, &id)->use_by;
    assert_refused(append(w, &st), "time-went-backwards");
}

/* Approve one payload, act on another. */
static void attack_38_swapped_payload(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    struct cty_hash good = case_get(w, &id)->payload;
    make_decision(w, &st, &id, "acme/a", CTY_APPROVE);
    st.u.decision.payload = bench_hash(w);
    assert_refused(append(w, &st), "action-mismatch");
    st.u.decision.payload = good;
    assert_ok(append(w, &st));
    w->alone = true;
    assert_ok(approve(w, &id, "acme/b"));
    next(w, &st);
    st.u.release.payload = bench_hash(w);
    assert_refused(append(w, &st), "clerk-mismatch");
    st.u.release.payload = good;
    assert_ok(append(w, &st));
    make_consume(w, &st, &id, "acme/bot");
    st.u.consume.payload = bench_hash(w);
    assert_refused(append(w, &st), "action-mismatch");
    st.u.consume.payload = good;
    assert_ok(append(w, &st));
}

/* A patch of a document that has changed since. */
static void attack_39_base_changed(void **state)
{
    struct world *w = *state;
    struct cty_statement late;
    struct cty_hash id = case_held(w);
    make_patch(w, &late, &id, "acme/a");
    assert_ok(world_patch(w, &id, "acme/b", "[]", "{\"amount\":\"1\"}"));
    assert_refused(append(w, &late), "stale-after");
    struct cty_statement fresh;
    make_patch(w, &fresh, &id, "acme/a");
    fresh.u.patch.base = late.u.patch.base;
    assert_refused(append(w, &fresh), "action-mismatch");
    fresh.u.patch.base = case_get(w, &id)->payload;
    assert_ok(append(w, &fresh));
}

/* Approvals of the payload before a patch do not count for the one after. */
static void attack_40_amendment_keeps_approvals(void **state)
{
    struct world *w = *state;
    struct cty_statement release;
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/a"));
    struct cty_hash first = case_get(w, &id)->decisions[0].digest;
    assert_ok(world_patch(w, &id, "acme/carol", "[]", "{}"));
    assert_ok(approve(w, &id, "acme/b"));
    assert_state(w, &id, "HELD");
    begin_release(w, &release, &id);
    release.u.release.decisions[0] = first;
    release.u.release.decisions[1] = case_get(w, &id)->decisions[0].digest;
    release.u.release.decisions_count = 2;
    assert_refused(append(w, &release), "out-of-place");
    assert_ok(approve(w, &id, "acme/a"));
    assert_state(w, &id, "RELEASED");
}

static void attack_41_stale_approval(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    make_decision(w, &st, &id, "acme/a", CTY_APPROVE);
    st.u.decision.expires = w->time + MINUTE;
    assert_ok(world_submit(w, &st, NULL));
    w->alone = true;
    assert_ok(approve(w, &id, "acme/b"));
    uint64_t decided = w->time;
    w->time += 2 * MINUTE; /* the custodian is in no hurry */
    next(w, &st);
    assert_refused(append(w, &st), "under-threshold");
    w->time = decided;
    next(w, &st);
    assert_ok(append(w, &st));
    w->time += MINUTE + 1;
    assert_refused(world_consume(w, &id, "acme/bot"), "deadline-passed");
    w->time--;
    assert_ok(world_consume(w, &id, "acme/bot"));
}

static void attack_42_approval_used_twice(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_released(w);
    begin_release(w, &st, &id);
    assert_refused(append(w, &st), "out-of-place"); /* released twice */
    assert_ok(world_consume(w, &id, "acme/bot"));
    assert_refused(world_consume(w, &id, "acme/bot"), "double-consume");
    begin_release(w, &st, &id);
    assert_refused(append(w, &st), "out-of-place"); /* and after it was used */
    assert_ok(world_outcome(w, &id, "acme/bot", CTY_OUTCOME_FAILED));
    assert_refused(world_consume(w, &id, "acme/bot"), "double-consume");
    begin_release(w, &st, &id);
    assert_refused(append(w, &st), "out-of-place");
}

static void attack_43_two_executors_race(void **state)
{
    struct world *w = *state;
    struct cty_statement mine, theirs, again;
    struct cty_hash id = case_released(w);
    make_consume(w, &mine, &id, "acme/bot");
    make_consume(w, &again, &id, "acme/bot");
    make_consume(w, &theirs, &id, "globex/exec");
    assert_refused(append(w, &theirs), "not-holder");
    assert_ok(append(w, &mine));
    assert_refused(append(w, &again), "double-consume");
    assert_refused(append(w, &theirs), "double-consume");
    struct cty_statement request;
    make_request(w, &request, "acme/bot", "acme/a", "refund");
    assert_refused(append(w, &request), "wrong-executor");
}

/* The custodian judges by a policy that is not in force: an old one, or another party's. */
static void attack_45_policy_not_in_force(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_ledger_record ledger;
    world_ledger(w, &ledger);
    struct cty_hash old = ledger.policy;
    assert_ok(world_policy(w, "ledger", BENCH_POLICY));
    w->alone = true;
    struct cty_hash id = case_of(w, "acme/bot", "acme/bot", "refund");
    next(w, &st);
    struct cty_statement forged = st;
    forged.u.verdict.policies[0].digest = old;
    assert_refused(append(w, &forged), "clerk-mismatch");
    forged = st;
    forged.u.verdict.policies[0].rule = 2;
    forged.u.verdict.effect = CTY_PASS;
    forged.u.verdict.quorum_count = 0;
    forged.u.verdict.decide_by = 0;
    assert_refused(append(w, &forged), "clerk-mismatch");
    assert_ok(append(w, &st));
    assert_state(w, &id, "HELD");
    /* One that claims to replace what is no longer in force. */
    make_policy(w, &st, "ledger", "{\"admin_quorum\":1,\"rules\":[]}");
    st.u.policy_publish.replaces.hash = old;
    assert_refused(append(w, &st), "policy-mismatch");
}

static void attack_47_self_approval(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    assert_refused(approve(w, &id, "acme/owen"), "self-approval");
    struct cty_enrolment alias = bench_person(w, "acme/owen2", "approver", "acme/owen");
    assert_ok(world_enrol(w, &alias));
    assert_refused(approve(w, &id, "acme/owen2"), "self-approval");
    assert_ok(approve(w, &id, "acme/carol"));
}

static void attack_48_two_keys_of_one_person(void **state)
{
    struct world *w = *state;
    struct cty_enrolment alias = bench_person(w, "acme/carol2", "approver", "acme/carol");
    assert_ok(world_enrol(w, &alias));
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/carol"));
    assert_refused(approve(w, &id, "acme/carol2"), "duplicate-human");
    assert_state(w, &id, "HELD");
    assert_ok(approve(w, &id, "acme/dave"));
    assert_state(w, &id, "RELEASED");
}

static void attack_50_role_missing_or_ended(void **state)
{
    struct world *w = *state;
    struct cty_hash id = case_held(w);
    assert_refused(approve(w, &id, "acme/finn"), "wrong-role");
    assert_refused(approve(w, &id, "globex/gina"), "wrong-role");
    assert_refused(approve(w, &id, "acme/gone"), "key-not-valid");
    assert_ok(approve(w, &id, "acme/dave"));
}

/* An approval of one instance in another: of the case before its patch, and of another case. */
static void attack_52_spliced_votes(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    struct cty_hash other = case_held(w);
    assert_ok(approve(w, &other, "acme/a"));
    make_decision(w, &st, &id, "acme/a", CTY_APPROVE);
    memcpy(st.u.decision.instance, case_get(w, &other)->instance.bits, 16);
    assert_refused(append(w, &st), "instance-mismatch");
    assert_ok(approve(w, &id, "acme/b"));
    w->alone = true;
    assert_ok(approve(w, &id, "acme/a"));
    next(w, &st);
    struct cty_statement forged = st;
    forged.u.release.decisions[0] = case_get(w, &other)->decisions[0].digest;
    assert_refused(append(w, &forged), "clerk-mismatch");
    assert_ok(append(w, &st));
}

/* The custodian claims a quorum that is not there. */
static void attack_57_claimed_quorum(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/a"));
    begin_release(w, &st, &id);
    st.after = case_get(w, &id)->decisions[0].digest;
    st.u.release.decisions[st.u.release.decisions_count++] = st.after;
    st.u.release.decisions[st.u.release.decisions_count++] = bench_hash(w);
    assert_refused(append(w, &st), "out-of-place");
    make_decision(w, &st, &id, "acme/b", CTY_APPROVE);
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    const struct cty_secret *clerk = world_secret(w, "clerk");
    struct cty_hash last = case_get(w, &id)->last;
    assert_ok(cty_statement_sign(&st, &clerk, 1, &envelope, NULL));
    assert_refused(world_append(w, cty_buf_bytes(&envelope), &last), "signature-invalid");
    cty_buf_done(&envelope);
    st.signers[0] = CTY_LITERAL("clerk");
    assert_refused(append(w, &st), "wrong-signer");
    st.signers[0] = CTY_LITERAL("acme/b");
    assert_ok(append(w, &st));
}

static void attack_63_act_before_approval(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    make_consume(w, &st, &id, "acme/bot");
    assert_refused(append(w, &st), "state-illegal");
    make_outcome(w, &st, &id, "acme/bot");
    assert_refused(append(w, &st), "state-illegal");
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &id, "acme/b"));
    make_outcome(w, &st, &id, "acme/bot");
    assert_refused(append(w, &st), "state-illegal"); /* an outcome of what was never begun */
    assert_ok(world_consume(w, &id, "acme/bot"));
    assert_ok(world_outcome(w, &id, "acme/bot", CTY_OUTCOME_FULFILLED));
}

static void attack_64_partial_quorum(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/a"));
    assert_refused(world_consume(w, &id, "acme/bot"), "state-illegal");
    begin_release(w, &st, &id);
    st.u.release.decisions[st.u.release.decisions_count++] = case_get(w, &id)->decisions[0].digest;
    assert_refused(append(w, &st), "out-of-place");
    assert_ok(approve(w, &id, "acme/b"));
    assert_ok(world_consume(w, &id, "acme/bot"));
}

/* Every type in every state: what the table of transitions does not name is refused. */
static void attack_92_illegal_transitions(void **state)
{
    struct world *w = *state;
    struct cty_hash refused = case_of(w, "acme/bot", "acme/bot", "wipe");
    struct cty_hash rejected = case_held(w), cancelled = case_held(w), expired = case_held(w);
    struct cty_hash lapsed = case_released(w), unreported = case_consumed(w), failed = case_consumed(w);
    assert_ok(world_decide(w, &rejected, "acme/a", CTY_REJECT));
    assert_ok(world_cancel(w, &cancelled, "acme/bot"));
    assert_ok(world_outcome(w, &failed, "acme/bot", CTY_OUTCOME_FAILED));
    w->time += 2 * DAY;
    assert_ok(world_expire(w, &expired));
    assert_ok(world_expire(w, &lapsed));
    assert_ok(world_expire(w, &unreported));
    struct cty_hash held = case_held(w), released = case_released(w), consumed = case_consumed(w);
    const struct {
        const struct cty_hash *id;
        const char *state, *patch, *decision, *consume, *outcome, *cancel, *expiry;
    } rows[] = {
        {&held, "HELD", "ok", "ok", "state-illegal", "state-illegal", "ok", "not-due"},
        {&released, "RELEASED", "state-illegal", "state-illegal", "ok", "state-illegal", "ok", "not-due"},
        {&consumed, "CONSUMED", "state-illegal", "state-illegal", "double-consume", "ok", "state-illegal", "not-due"},
        {&refused, "REFUSED", "state-illegal", "state-illegal", "state-illegal", "state-illegal", "state-illegal",
         "state-illegal"},
        {&rejected, "REJECTED", "state-illegal", "state-illegal", "state-illegal", "state-illegal", "state-illegal",
         "state-illegal"},
        {&expired, "EXPIRED", "state-illegal", "state-illegal", "state-illegal", "state-illegal", "state-illegal",
         "state-illegal"},
        {&lapsed, "LAPSED", "state-illegal", "state-illegal", "state-illegal", "state-illegal", "state-illegal",
         "state-illegal"},
        {&cancelled, "CANCELLED", "state-illegal", "state-illegal", "state-illegal", "state-illegal", "state-illegal",
         "state-illegal"},
        {&failed, "FAILED", "state-illegal", "state-illegal", "double-consume", "state-illegal", "state-illegal",
         "state-illegal"},
        {&unreported, "UNREPORTED", "state-illegal", "state-illegal", "double-consume", "ok", "state-illegal",
         "state-illegal"},
    };
    struct world_step *step = test_malloc(sizeof(*step));
    struct cty_statement st;
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        assert_state(w, rows[i].id, rows[i].state);
        make_patch(w, &st, rows[i].id, "acme/a");
        world_step_init(w, &st, step);
        assert_refused(world_step_try(w, step, NULL, NULL), rows[i].patch);
        make_decision(w, &st, rows[i].id, "acme/dave", CTY_APPROVE);
        world_step_init(w, &st, step);
        assert_refused(world_step_try(w, step, NULL, NULL), rows[i].decision);
        make_decision(w, &st, rows[i].id, "acme/dave", CTY_REJECT);
        world_step_init(w, &st, step);
        assert_refused(world_step_try(w, step, NULL, NULL), rows[i].decision);
        make_consume(w, &st, rows[i].id, "acme/bot");
        world_step_init(w, &st, step);
        assert_refused(world_step_try(w, step, NULL, NULL), rows[i].consume);
        make_outcome(w, &st, rows[i].id, "acme/bot");
        world_step_init(w, &st, step);
        assert_refused(world_step_try(w, step, NULL, NULL), rows[i].outcome);
        make_cancel(w, &st, rows[i].id, "acme/bot");
        world_step_init(w, &st, step);
        assert_refused(world_step_try(w, step, NULL, NULL), rows[i].cancel);
        assert_refused(world_expire(w, rows[i].id), rows[i].expiry);
    }
    test_free(step);
}

/* The custodian leaves the verdict out and goes on. */
static void attack_92_verdict_skipped(void **state)
{
    struct world *w = *state;
    struct cty_statement verdict, st;
    w->alone = true;
    struct cty_hash id = case_of(w, "acme/bot", "acme/bot", "refund");
    next(w, &verdict);
    begin_release(w, &st, &id);
    assert_refused(append(w, &st), "out-of-place");
    make_request(w, &st, "acme/pal", "acme/pal", "ping");
    assert_refused(append(w, &st), "out-of-place");
    make_expiry(w, &st, &id, CTY_SILENCE_HELD);
    assert_refused(append(w, &st), "out-of-place");
    assert_ok(append(w, &verdict));
}

/* An expiry before its time would rob the approvers of theirs. */
static void attack_92_expiry_too_early(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    make_expiry(w, &st, &id, CTY_SILENCE_HELD);
    assert_refused(append(w, &st), "not-due");
    w->time = case_get(w, &id)->decide_by;
    make_expiry(w, &st, &id, CTY_SILENCE_HELD);
    assert_refused(append(w, &st), "not-due");
    st.time = st.until = w->time + 1;
    assert_refused(append(w, &st), "clerk-mismatch");
    w->time++;
    make_expiry(w, &st, &id, CTY_SILENCE_HELD);
    assert_ok(append(w, &st));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTACK(attack_01_altered_byte),
        ATTACK(attack_01_signature_of_another),
        ATTACK(attack_02_entry_links),
        ATTACK(attack_03_one_kind_as_another),
        ATTACK(attack_04_two_readings),
        ATTACK(attack_05_small_order_key),
        ATTACK(attack_06_key_of_another_algorithm),
        ATTACK(attack_07_key_inside_the_message),
        ATTACK(attack_08_one_key_for_two_people),
        ATTACK(attack_10_key_outside_its_validity),
        ATTACK(attack_13_replay),
        ATTACK(attack_14_replay_elsewhere),
        ATTACK(attack_15_16_17_reorder_delete_insert),
        cmocka_unit_test(attack_20_late_genesis),
        ATTACK(attack_31_back_dated),
        ATTACK(attack_33_clock_moved_back),
        ATTACK(attack_38_swapped_payload),
        ATTACK(attack_39_base_changed),
        ATTACK(attack_40_amendment_keeps_approvals),
        ATTACK(attack_41_stale_approval),
        ATTACK(attack_42_approval_used_twice),
        ATTACK(attack_43_two_executors_race),
        ATTACK(attack_45_policy_not_in_force),
        ATTACK(attack_47_self_approval),
        ATTACK(attack_48_two_keys_of_one_person),
        ATTACK(attack_50_role_missing_or_ended),
        ATTACK(attack_52_spliced_votes),
        ATTACK(attack_57_claimed_quorum),
        ATTACK(attack_63_act_before_approval),
        ATTACK(attack_64_partial_quorum),
        ATTACK(attack_92_illegal_transitions),
        ATTACK(attack_92_verdict_skipped),
        ATTACK(attack_92_expiry_too_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
