/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on bytes, types and keys, by a custodian who holds the log and clerk keys. What can't be read at all stands in
 * no evidence file: there the file is refused with the code that a replay gives.
 *
 * row of the list of attacks        test
 *   1 altered byte in a statement   attack_01_*
 *   2 altered wrapper               attack_02_*
 *   3 one kind passed as another    attack_03_*
 *   4 two readings of one JSON      attack_04_*
 *   5 malleable, small order        attack_05_*
 *   6 algorithm, key id             attack_06_*
 *   7 key inside the message        attack_07_*
 *   8 one key for two               attack_08_*
 *  10 outside a key's validity      attack_10_*
 *  11 parser bombs                  attack_11_*
 *  12 text that fools a reader      attack_12_*
 */
#include "audit.h"
#include "codec/text.h"

static int begin(void **state)
{
    *state = stage_new();
    return 0;
}

static int end(void **state)
{
    stage_free(*state);
    return 0;
}

/* What a replay says of the last entry's form, and that no evidence can hold it. */
static void catch_form(struct rogue *r, uint64_t at, const char *code)
{
    struct cty_evidence *evidence = NULL;
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&r->s->report, INTACT, code, at);
    assert_ok(cty_evidence_new(CTY_LITERAL(WORLD_ORIGIN), &r->s->case_id, &evidence));
    assert_refused(cty_evidence_add_entry(evidence, r->items[at].text, NULL), code);
    cty_evidence_free(evidence);
    rogue_remove(r, at);
}

/* The envelope of entry `at` with one piece of its text replaced by another of the same length. */
static void alter_envelope(struct rogue *r, size_t at, const char *from, const char *to)
{
    struct cty_bytes envelope = r->items[at].envelope;
    uint8_t *place = memmem(envelope.data, envelope.size, from, strlen(from));
    assert_non_null(place);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(place, to, strlen(to));
}

static void alter_byte(struct rogue *r, size_t at, size_t offset)
{
    struct cty_bytes envelope = r->items[at].envelope;
    uint8_t *place = memmem(envelope.data, envelope.size, "\"payload\":\"", 11);
    assert_non_null(place);
    place += 11 + offset;
    *place = *place == 'A' ? 'B' : 'A';
}

/* The custodian changes one letter of what the agent asked for, and writes all links and the checkpoint anew. */
static void attack_01_altered_byte_in_a_statement(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    uint64_t request = entry_of(s, CTY_REQUEST, 0);
    struct rogue *r = rogue_new(s);
    rogue_link(r);
    assert_lawful(r);
    struct cty_signed parsed = {0};
    struct cty_buf body = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_buf text = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    assert_ok(cty_signed_parse(r->items[request].envelope, &parsed, NULL));
    assert_ok(cty_buf_put_bytes(&body, parsed.body));
    uint8_t *action = memmem(body.data, body.size, "\"refund\"", 8);
    assert_non_null(action);
    memcpy(action, "\"rehang\"", 8);
    assert_ok(cty_base64_format(cty_buf_bytes(&body), &text));
    uint8_t *place = memmem(r->items[request].envelope.data, r->items[request].envelope.size, "\"payload\":\"", 11);
    memcpy(place + 11, text.data, text.size);
    rogue_link(r);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, SIGNED, "signature-invalid", request);
    /* The case has another name now; asked for under either, the evidence fails. */
    assert_ok(cty_signed_parse(r->items[request].envelope, &parsed, NULL));
    assert_int_equal(rogue_verify(r), 1);
    s->case_id = parsed.digest;
    struct cty_evidence *evidence = rogue_evidence(r, &s->case_id, NULL);
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, SIGNED, "signature-invalid", request);
    cty_evidence_free(evidence);
    cty_signed_done(&parsed);
    cty_buf_done(&body);
    cty_buf_done(&text);
    rogue_free(r);
}

/* Signatures of each kind of signer, one after the other. */
static void attack_01_altered_byte_in_each_signature(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    for (size_t at = 0; at < r->count; at++) {
        struct cty_bytes envelope = r->items[at].envelope;
        uint8_t *sig = memmem(envelope.data, envelope.size, "\"sig\":\"", 7);
        assert_non_null(sig);
        sig[20] = sig[20] == 'A' ? 'B' : 'A';
        rogue_link(r);
        assert_int_equal(rogue_replay(r), 1);
        assert_fails(&s->report, SIGNED, "signature-invalid", at);
        sig[20] = sig[20] == 'B' ? 'A' : 'B';
        rogue_free(r);
        r = rogue_new(s);
    }
    assert_lawful(r);
    rogue_free(r);
}

static struct cty_bytes with(struct cty_bytes text, const char *from, const char *to, struct cty_buf *out)
{
    const uint8_t *place = memmem(text.data, text.size, from, strlen(from));
    assert_non_null(place);
    size_t before = (size_t)(place - text.data);
    cty_buf_clear(out);
    assert_ok(cty_buf_put(out, text.data, before));
    assert_ok(cty_buf_put_text(out, to));
    assert_ok(cty_buf_put(out, place + strlen(from), text.size - before - strlen(from)));
    return cty_buf_bytes(out);
}

/* The time of one entry is moved; nothing else. The next entry's prev no longer fits, and neither does the root. */
static void attack_02_altered_entry_wrapper(void **state)
{
    struct stage *s = *state;
    struct cty_buf out = CTY_BUF_INIT(2 * CTY_ENTRY_BYTES_MAX);
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    stage_refund(s);
    uint64_t decision = entry_of(s, CTY_DECISION, 0);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    rogue_note(r, &note);
    rogue_fix(r, decision, with(r->items[decision].text, ",\"time\":1800000000000,\"trust\"",
                                ",\"time\":1800000000001,\"trust\"", &out));
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, INTACT, "chain-broken", decision + 1);
    /* With all links written anew the time runs backwards. */
    rogue_link(r);
    assert_caught(r, LAWFUL, "time-went-backwards", decision + 1);
    /* And whoever has the earlier checkpoint sees another root in any case. */
    struct cty_bytes texts[64];
    for (size_t i = 0; i < r->count; i++)
        texts[i] = r->items[i].text;
    assert_int_equal(stage_replay(s, texts, r->count, cty_buf_bytes(&note), 1), 1);
    assert_fails(&s->report, INTACT, "root-mismatch", NO_ENTRY);
    cty_buf_done(&out);
    cty_buf_done(&note);
    rogue_free(r);
}

static void attack_02_unknown_member_of_the_wrapper(void **state)
{
    struct stage *s = *state;
    struct cty_buf out = CTY_BUF_INIT(2 * CTY_ENTRY_BYTES_MAX);
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    size_t last = r->count - 1;
    assert_lawful(r);
    rogue_fix(r, last, with(r->items[last].text, ",\"trust\":", ",\"token\":1,\"trust\":", &out));
    catch_form(r, last, "unknown-member");
    cty_buf_done(&out);
    rogue_free(r);
}

static void attack_02_statement_without_a_place(void **state)
{
    struct stage *s = *state;
    struct cty_buf out = CTY_BUF_INIT(2 * CTY_ENTRY_BYTES_MAX);
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    size_t last = r->count - 1;
    char index[32];
    snprintf(index, sizeof(index), "\"index\":%zu,", last);
    rogue_fix(r, last, with(r->items[last].text, index, "\"index\":9999,", &out));
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, INTACT, "chain-broken", last);
    assert_int_equal(rogue_verify(r), 1);
    assert_claim(&s->report, INTACT, FAILS);
    cty_buf_done(&out);
    rogue_free(r);
}

/* A body that the clerk truly signed, under the payload type of another kind. */
static void attack_03_release_passed_as_a_verdict(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_buf body = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    rogue_begin(r, &st, CTY_RELEASE, "clerk");
    st.u.release.executor = CTY_LITERAL("acme/bot");
    assert_ok(cty_statement_encode(&st, &body));
    uint64_t at = rogue_put_body(r, cty_type_payload_type(CTY_VERDICT), cty_buf_text(&body), "clerk");
    catch_form(r, at, "payload-type-mismatch");
    cty_buf_done(&body);
    rogue_free(r);
}

/* The payload type is changed after it was signed: the signature is over both. */
static void attack_03_payload_type_changed_afterwards(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    size_t last = r->count - 1;
    alter_envelope(r, last, "vnd.custody.outcome.v1", "vnd.custody.outcome.v2");
    rogue_link(r);
    /* A type that nobody here knows is no crime; it is not passed over either. */
    assert_int_equal(rogue_replay(r), 3);
    assert_claim(&s->report, LAWFUL, NOT_CHECKED);
    assert_true(says(&s->report, CTY_CLAIM_LAWFUL, "type of statement is not known"));
    alter_envelope(r, last, "vnd.custody.outcome.v2", "vnd.custody.consume.v1");
    rogue_link(r);
    catch_form(r, last, "payload-type-mismatch");
    rogue_free(r);
}

/* Bodies that two parsers might read differently, each truly signed by the clerk. */
static void attack_04_two_readings_of_one_json(void **state)
{
    static const struct {
        const char *from, *to, *code;
    } rows[] = {
        {"\"silence\":\"held\"", "\"silence\":\"held\",\"silence\":\"unused\"", "duplicate-member"},
        {"\"silence\":\"held\"", "\"silence\":\"he\\u006cd\"", "payload-not-canonical"},
        {"\"silence\":\"held\"", "\"silence\":\"\\ud800\"", "bad-json"},
        {"\"silence\":\"held\"", "\"silence\":null", "bad-json"},
        {"\"until\":1800000000000", "\"until\":1.8e12", "bad-number"},
        {"\"until\":1800000000000", "\"until\":1800000000000.5", "bad-number"},
        {"\"until\":1800000000000", "\"until\": 1800000000000", "payload-not-canonical"},
        {"\"until\":1800000000000", "\"until\":-1", "bad-number"},
        {"\"silence\":\"held\"", "\"silence\":[[[[[[[[[]]]]]]]]]", "too-deep"},
        {"\"type\":\"expiry\"", "\"type\":\"expiry\",\"typo\":true", "unknown-member"},
        {"\"silence\":\"held\",", "", "missing-member"},
        {"\"silence\":\"held\"", "\"silence\":\"forever\"", "bad-member"},
    };
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_buf body = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX), out = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{}", &s->case_id));
    struct rogue *r = rogue_new(s);
    rogue_begin(r, &st, CTY_EXPIRY, "clerk");
    assert_ok(cty_statement_encode(&st, &body));
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        with(cty_buf_bytes(&body), rows[i].from, rows[i].to, &out);
        uint64_t at = rogue_put_body(r, cty_type_payload_type(CTY_EXPIRY), cty_buf_text(&out), "clerk");
        catch_form(r, at, rows[i].code);
    }
    /* The body as it should be is read; that it is not due is another matter. */
    rogue_put_body(r, cty_type_payload_type(CTY_EXPIRY), cty_buf_text(&body), "clerk");
    assert_caught(r, LAWFUL, "not-due", r->count - 1);
    cty_buf_done(&body);
    cty_buf_done(&out);
    rogue_free(r);
}

/* The key line of a name over any 32 bytes. */
static struct cty_bytes vkey_over(const char *name, const uint8_t bytes[32], struct cty_buf *out)
{
    struct cty_key key;
    memcpy(key.bytes, bytes, sizeof(key.bytes));
    cty_buf_clear(out);
    assert_ok(cty_vkey_format(cty_bytes_text(name), CTY_KEY_ED25519, &key, out));
    return cty_buf_bytes(out);
}

static void enrol_begin(struct rogue *r, struct cty_statement *st, const char *name, const char *person)
{
    rogue_begin(r, st, CTY_ACTOR_ENROL, name);
    world_fill(r->s->w, &st->u.actor_enrol.enrolment, name, CTY_PERSON, person);
    world_add_signer(r->s->w, st, "acme/a");
    world_add_signer(r->s->w, st, "acme/b");
}

static void show_lawful(struct rogue *r, const struct cty_statement *st)
{
    uint64_t at = rogue_put(r, st);
    assert_lawful(r);
    rogue_remove(r, at);
}

/* Keys with which many or all messages verify: none of them is enrolled, with whoever's blessing. */
static void attack_05_small_order_keys(void **state)
{
    static const char *const keys[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_buf line = CTY_BUF_INIT(512);
    uint8_t bytes[32];
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    enrol_begin(r, &st, "acme/new", "new");
    show_lawful(r, &st);
    for (size_t i = 0; i < CTY_COUNT_OF(keys); i++) {
        assert_ok(cty_hex_parse_into(cty_bytes_text(keys[i]), bytes, sizeof(bytes)));
        st.u.actor_enrol.enrolment.key = vkey_over("acme/new", bytes, &line);
        uint64_t at = rogue_put(r, &st);
        assert_caught(r, SIGNED, "bad-key", at);
        rogue_remove(r, at);
    }
    cty_buf_done(&line);
    rogue_free(r);
}

static const uint8_t group_order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                        0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};

/* Changes the last signature of entry `at` in place: a function of its 64 bytes. */
static void change_signature(struct rogue *r, size_t at, void (*change)(uint8_t sig[64]))
{
    struct cty_bytes envelope = r->items[at].envelope;
    struct cty_buf text = CTY_BUF_INIT(128);
    uint8_t sig[64];
    uint8_t *place = memmem(envelope.data, envelope.size, "\"sig\":\"", 7);
    assert_non_null(place);
    assert_ok(cty_base64_parse_into(cty_bytes_make(place + 7, 88), sig, sizeof(sig)));
    change(sig);
    assert_ok(cty_base64_format(cty_bytes_make(sig, sizeof(sig)), &text));
    memcpy(place + 7, text.data, text.size);
    cty_buf_done(&text);
    rogue_link(r);
}

/* S + L instead of S: verifies in a careless library. */
static void add_group_order(uint8_t sig[64])
{
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        unsigned sum = (unsigned)sig[32 + i] + group_order[i] + carry;
        sig[32 + i] = (uint8_t)sum;
        carry = sum >> 8;
    }
}

static void make_r_small(uint8_t sig[64])
{
    memset(sig, 0, 32);
    sig[0] = 1;
}

static void make_all_zero(uint8_t sig[64])
{
    memset(sig, 0, 64);
}

static void attack_05_malleable_signatures(void **state)
{
    static void (*const changes[])(uint8_t sig[64]) = {add_group_order, make_r_small, make_all_zero};
    struct stage *s = *state;
    stage_refund(s);
    for (size_t i = 0; i < CTY_COUNT_OF(changes); i++) {
        struct rogue *r = rogue_new(s);
        size_t last = r->count - 1;
        assert_lawful(r);
        change_signature(r, last, changes[i]);
        assert_caught(r, SIGNED, "signature-invalid", last);
        rogue_free(r);
    }
}

static void attack_06_key_id_of_another(void **state)
{
    struct stage *s = *state;
    char own[9], other[9];
    uint8_t id[4];
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    size_t last = r->count - 1;
    cty_key_id(CTY_LITERAL("acme/bot"), CTY_KEY_ED25519, cty_secret_key(world_secret(s->w, "acme/bot")), id);
    cty_hex_write(id, 4, own);
    cty_key_id(CTY_LITERAL("acme/bot2"), CTY_KEY_ED25519, cty_secret_key(world_secret(s->w, "acme/bot2")), id);
    cty_hex_write(id, 4, other);
    assert_lawful(r);
    alter_envelope(r, last, own, other);
    rogue_link(r);
    assert_caught(r, SIGNED, "signature-invalid", last);
    rogue_free(r);
}

/* A sealing key, enrolled as the key that signs. */
static void attack_06_key_of_another_algorithm(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_buf line = CTY_BUF_INIT(512);
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    enrol_begin(r, &st, "acme/new", "new");
    show_lawful(r, &st);
    assert_ok(cty_vkey_format(CTY_LITERAL("acme/new"), CTY_KEY_X25519,
                              cty_secret_sealing_key(world_secret(s->w, "acme/new")), &line));
    st.u.actor_enrol.enrolment.key = cty_buf_bytes(&line);
    uint64_t at = rogue_put(r, &st);
    assert_caught(r, SIGNED, "alg-mismatch", at);
    rogue_remove(r, at);
    cty_buf_clear(&line);
    assert_ok(cty_vkey_format(CTY_LITERAL("acme/other"), CTY_KEY_ED25519,
                              cty_secret_key(world_secret(s->w, "acme/new")), &line));
    st.u.actor_enrol.enrolment.key = cty_buf_bytes(&line);
    at = rogue_put(r, &st);
    assert_caught(r, SIGNED, "bad-key", at);
    cty_buf_done(&line);
    rogue_free(r);
}

/* Whoever is not enrolled has no key, whatever he signs with. */
static void attack_07_signer_nobody_enrolled(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    rogue_begin(r, &st, CTY_CANCEL, "acme/stranger");
    uint64_t at = rogue_put(r, &st);
    assert_caught(r, SIGNED, "key-unknown", at);
    rogue_remove(r, at);
    /* Nor does an enrolment vouch for its own second signer. */
    enrol_begin(r, &st, "acme/new", "new");
    st.signers[1] = CTY_LITERAL("acme/stranger");
    at = rogue_put(r, &st);
    assert_caught(r, SIGNED, "key-unknown", at);
    rogue_free(r);
}

/* The key of `owner` under another actor's name. */
static void lend_key(struct stage *s, const char *name, const char *owner)
{
    struct cty_hash seed = cty_sha256(cty_bytes_text(owner));
    CTY_CHECK(s->w->actors_count < WORLD_ACTORS_MAX);
    assert_ok(cty_secret_from_seed(cty_bytes_text(name), seed.bytes, &s->w->actors[s->w->actors_count]));
    s->w->actors_count++;
}

static void attack_08_one_key_for_two_actors(void **state)
{
    static const char *const owners[] = {"acme/c", "acme/bot", "operator/ada", WORLD_ORIGIN, WORLD_ORIGIN "/clerk"};
    static const char *const names[] = {"acme/n0", "acme/n1", "acme/n2", "acme/n3", "acme/n4"};
    struct stage *s = *state;
    struct cty_statement st;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    enrol_begin(r, &st, "acme/new", "new");
    show_lawful(r, &st);
    for (size_t i = 0; i < CTY_COUNT_OF(owners); i++) {
        lend_key(s, names[i], owners[i]);
        enrol_begin(r, &st, names[i], "new");
        uint64_t at = rogue_put(r, &st);
        assert_caught(r, LAWFUL, "duplicate-key", at);
        rogue_remove(r, at);
    }
    rogue_free(r);
}

static void attack_08_one_name_for_two_keys(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    enrol_begin(r, &st, "acme/c", "c");
    struct cty_buf line = CTY_BUF_INIT(512);
    assert_ok(cty_vkey_format(CTY_LITERAL("acme/c"), CTY_KEY_ED25519,
                              cty_secret_key(world_secret(s->w, "acme/spare")), &line));
    st.u.actor_enrol.enrolment.key = cty_buf_bytes(&line);
    struct cty_hash seed = cty_sha256(CTY_LITERAL("acme/spare"));
    for (size_t i = 0; i < s->w->actors_count; i++) {
        if (!cty_bytes_is(cty_secret_name(s->w->actors[i]), "acme/c"))
            continue;
        cty_secret_free(s->w->actors[i]);
        assert_ok(cty_secret_from_seed(CTY_LITERAL("acme/c"), seed.bytes, &s->w->actors[i]));
    }
    uint64_t at = rogue_put(r, &st);
    assert_caught(r, LAWFUL, "duplicate-actor", at);
    cty_buf_done(&line);
    rogue_free(r);
}

static void attack_10_signed_by_a_revoked_key(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{}", &s->case_id));
    struct rogue *r = rogue_new(s);
    rogue_begin(r, &st, CTY_CANCEL, "acme/bot");
    show_lawful(r, &st);
    rogue_free(r);
    assert_ok(world_revoke(s->w, "acme/bot", "acme/a", "acme/b", s->w->time));
    r = rogue_new(s);
    assert_lawful(r);
    rogue_begin(r, &st, CTY_CANCEL, "acme/bot");
    uint64_t at = rogue_put(r, &st);
    assert_caught(r, SIGNED, "key-not-valid", at);
    rogue_free(r);
}

static void attack_10_signed_outside_the_validity(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_enrolment enrolment;
    world_fill(s->w, &enrolment, "acme/temp", CTY_AGENT, NULL);
    enrolment.owner = CTY_LITERAL("acme/boss");
    enrolment.valid_from = s->w->time + 1000;
    enrolment.valid_until = s->w->time + 2000;
    assert_ok(world_enrol(s->w, &enrolment));
    static const struct {
        uint64_t after;
        const char *code;
    } rows[] = {{999, "key-not-valid"}, {1000, NULL}, {2000, NULL}, {2001, "key-not-valid"}};
    struct rogue *r = rogue_new(s);
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        s->w->time = WORLD_START + rows[i].after;
        rogue_begin(r, &st, CTY_REQUEST, "acme/temp");
        st.u.request = (struct cty_request){.action = CTY_LITERAL("ping"), .service = CTY_LITERAL("payments"),
                                            .executor = CTY_LITERAL("acme/bot"), .expires = s->w->time + 3600000,
                                            .priority = CTY_PRIORITY_NORMAL};
        st.u.request.payload = world_commit(s->w, &st, "payload", "{}");
        uint64_t at = rogue_put(r, &st);
        s->case_id = r->items[at].digest;
        if (rows[i].code)
            assert_caught(r, SIGNED, rows[i].code, at);
        else
            assert_lawful(r);
        rogue_remove(r, at);
    }
    rogue_free(r);
}

static void attack_11_entry_beyond_its_limit(void **state)
{
    struct stage *s = *state;
    struct cty_evidence *evidence = NULL;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    size_t last = r->count - 1;
    char *large = malloc(CTY_ENTRY_BYTES_MAX + 2);
    assert_non_null(large);
    memset(large, ' ', CTY_ENTRY_BYTES_MAX + 1);
    large[CTY_ENTRY_BYTES_MAX + 1] = 0;
    rogue_fix(r, last, cty_bytes_make(large, CTY_ENTRY_BYTES_MAX + 1));
    catch_form(r, last, "too-large");
    free(large);
    assert_ok(cty_evidence_new(CTY_LITERAL(WORLD_ORIGIN), &s->case_id, &evidence));
    cty_evidence_free(evidence);
    rogue_free(r);
}

/* Nested, wide and long: refused before anything is built of it, and no evidence can carry it in. */
static void attack_11_parser_bombs(void **state)
{
    struct stage *s = *state;
    struct cty_evidence *evidence = NULL;
    struct cty_buf bomb = CTY_BUF_INIT(1 << 22);
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    for (int i = 0; i < 5000; i++)
        assert_ok(cty_buf_put_text(&bomb, "["));
    rogue_fix(r, r->count - 1, cty_buf_bytes(&bomb));
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, INTACT, "too-deep", r->count - 1);
    assert_refused(cty_evidence_parse(cty_buf_bytes(&bomb), &evidence, NULL), "bad-evidence");
    cty_buf_clear(&bomb);
    assert_ok(cty_buf_put_text(&bomb, "[0"));
    for (int i = 0; i < 20000; i++)
        assert_ok(cty_buf_put_text(&bomb, ",0"));
    assert_ok(cty_buf_put_text(&bomb, "]"));
    rogue_fix(r, r->count - 1, cty_buf_bytes(&bomb));
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, INTACT, "too-large", r->count - 1);
    assert_refused(cty_evidence_parse(cty_buf_bytes(&bomb), &evidence, NULL), "bad-evidence");
    cty_buf_done(&bomb);
    rogue_free(r);
}

static void attack_01_altered_byte_anywhere_in_a_body(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    uint64_t consume = entry_of(s, CTY_CONSUME, 0);
    for (size_t offset = 0; offset < 600; offset += 37) {
        struct rogue *r = rogue_new(s);
        alter_byte(r, consume, offset);
        rogue_link(r);
        assert_int_equal(rogue_replay(r), 1);
        const struct cty_report *report = &s->report;
        bool form = report->claims[CTY_CLAIM_INTACT].state == CTY_CLAIM_FAILS;
        const struct cty_claim_line *line = &report->claims[form ? CTY_CLAIM_INTACT : CTY_CLAIM_SIGNED];
        if (line->state != CTY_CLAIM_FAILS)
            line = &report->claims[CTY_CLAIM_LAWFUL];
        assert_int_equal(line->state, CTY_CLAIM_FAILS);
        assert_int_equal(line->entry, consume);
        rogue_free(r);
    }
}

/* Members, types and words that a custodian chose to be read by a person at a terminal. */
static void attack_12_text_that_fools_a_reader(void **state)
{
    static const char *const bodies[] = {
        "{\"\xe2\x80\xae)dlrow olleh\":1}",
        "{\"\\u001b[2Jintact      holds\":1}",
        "{\"\\nsigned      holds       every signature\":1}",
        "{\"%s%s%s%n\":1}",
    };
    struct stage *s = *state;
    struct cty_buf out = CTY_BUF_INIT(1 << 20);
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    for (size_t i = 0; i < CTY_COUNT_OF(bodies) * 2; i++) {
        const char *body = bodies[i / 2];
        const char *type = i % 2 ? "application/\xe2\x80\xae\nsigned      holds" : cty_type_payload_type(CTY_EXPIRY);
        rogue_put_body(r, type, body, "clerk");
        assert_int_not_equal(rogue_replay(r), 0);
        cty_buf_clear(&out);
        assert_ok(cty_report_text(&s->report, &out));
        for (size_t k = 0; k < out.size; k++)
            assert_true(out.data[k] == '\n' || (out.data[k] >= 0x20 && out.data[k] <= 0x7e));
        assert_null(strstr(cty_buf_text(&out), "\nsigned      holds"));
        rogue_remove(r, r->count - 1);
    }
    cty_buf_done(&out);
    rogue_free(r);
}

#define ATTACK(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTACK(attack_01_altered_byte_in_a_statement),
        ATTACK(attack_01_altered_byte_in_each_signature),
        ATTACK(attack_01_altered_byte_anywhere_in_a_body),
        ATTACK(attack_02_altered_entry_wrapper),
        ATTACK(attack_02_unknown_member_of_the_wrapper),
        ATTACK(attack_02_statement_without_a_place),
        ATTACK(attack_03_release_passed_as_a_verdict),
        ATTACK(attack_03_payload_type_changed_afterwards),
        ATTACK(attack_04_two_readings_of_one_json),
        ATTACK(attack_05_small_order_keys),
        ATTACK(attack_05_malleable_signatures),
        ATTACK(attack_06_key_id_of_another),
        ATTACK(attack_06_key_of_another_algorithm),
        ATTACK(attack_07_signer_nobody_enrolled),
        ATTACK(attack_08_one_key_for_two_actors),
        ATTACK(attack_08_one_name_for_two_keys),
        ATTACK(attack_10_signed_by_a_revoked_key),
        ATTACK(attack_10_signed_outside_the_validity),
        ATTACK(attack_11_entry_beyond_its_limit),
        ATTACK(attack_11_parser_bombs),
        ATTACK(attack_12_text_that_fools_a_reader),
    };
    return cmocka_run_group_tests_name("attacks on bytes and keys", tests, NULL, NULL);
}
