/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose signature counts: only that of the key enrolled for the signer, in the signer's place, while it is valid. The
 * rogue signs with whatever keys it likes; each time the entry is named, by a replay and by evidence.
 */
#include "audit.h"
#include "codec/text.h"

#include <sodium.h>

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

/* Signs the statement with keys of the test's choice: `names` are those of the secrets, in order. */
static uint64_t put_signed_by(struct rogue *r, const struct cty_statement *st, const char *const *names, uint32_t count)
{
    const struct cty_secret *secrets[CTY_SIGNERS_MAX];
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    for (uint32_t i = 0; i < count; i++)
        secrets[i] = world_secret(r->s->w, names[i]);
    assert_ok(cty_statement_sign(st, secrets, count, &envelope, NULL));
    uint64_t at = rogue_put_envelope(r, cty_buf_bytes(&envelope));
    cty_buf_done(&envelope);
    return at;
}

static void catch_signed_by(struct rogue *r, const struct cty_statement *st, const char *const *names, uint32_t count)
{
    uint64_t at = put_signed_by(r, st, names, count);
    assert_caught(r, SIGNED, "signature-invalid", at);
    rogue_remove(r, at);
}

static void show_lawful(struct rogue *r, const struct cty_statement *st)
{
    uint64_t at = rogue_put(r, st);
    assert_lawful(r);
    rogue_remove(r, at);
}

static void ask(struct stage *s)
{
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &s->case_id));
}

static void decision_begin(struct rogue *r, struct cty_statement *st, const char *approver)
{
    struct cty_case c;
    rogue_begin(r, st, CTY_DECISION, approver);
    world_case(r->s->w, &r->s->case_id, &c);
    st->u.decision.choice = CTY_APPROVE;
    st->u.decision.expires = r->s->w->time + 3600000;
    memcpy(st->u.decision.instance, c.instance.bits, 16);
    st->u.decision.payload = c.payload;
}

/* The custodian has the database and its own two keys: an approval takes a third. */
static void an_approval_by_any_other_key(void **state)
{
    static const char *const others[] = {"clerk", "log", "acme/bot", "acme/a", "operator/ada", "acme/stranger"};
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    decision_begin(r, &st, "acme/c");
    show_lawful(r, &st);
    for (size_t i = 0; i < CTY_COUNT_OF(others); i++)
        catch_signed_by(r, &st, &others[i], 1);
    rogue_free(r);
}

/* Its two keys are apart: neither does the other's work. */
static void a_clerks_statement_by_the_log_key(void **state)
{
    static const char *const others[] = {"log", "operator/ada", "acme/a"};
    struct stage *s = *state;
    struct cty_statement st;
    s->w->alone = true;
    ask(s);
    assert_true(world_next(s->w, &st));
    struct rogue *r = rogue_new(s);
    show_lawful(r, &st);
    for (size_t i = 0; i < CTY_COUNT_OF(others); i++)
        catch_signed_by(r, &st, &others[i], 1);
    rogue_free(r);
}

static void a_checkpoint_by_the_clerk_key(void **state)
{
    struct stage *s = *state;
    struct cty_buf text = CTY_BUF_INIT(4096), note = CTY_BUF_INIT(4096);
    stage_refund(s);
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = s->w->entries_count};
    struct cty_evidence *evidence = world_evidence(s->w, &s->case_id);
    assert_ok(cty_memory_root(s->w->memory, checkpoint.size, &checkpoint.root));
    assert_ok(cty_checkpoint_format(&checkpoint, &text));
    assert_ok(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, world_secret(s->w, "clerk"), &note));
    assert_int_equal(stage_verify(s, evidence), 0);
    assert_ok(cty_evidence_set_checkpoint(evidence, cty_buf_bytes(&note)));
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, CHECKPOINT, "note-unsigned", NO_ENTRY);
    cty_evidence_free(evidence);
    cty_buf_done(&text);
    cty_buf_done(&note);
}

/* Every type has its lawful kind of signer, whoever signs truly for himself. */
static void signers_of_the_wrong_kind(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    static const struct {
        enum cty_type type;
        const char *signer;
    } rows[] = {
        {CTY_CANCEL, "clerk"}, {CTY_CANCEL, "log"},        {CTY_DECISION, "clerk"}, {CTY_DECISION, "log"},
        {CTY_EXPIRY, "log"},   {CTY_EXPIRY, "acme/a"},     {CTY_EXPIRY, "acme/bot"},
    };
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        if (rows[i].type == CTY_DECISION)
            decision_begin(r, &st, rows[i].signer);
        else
            rogue_begin(r, &st, rows[i].type, rows[i].signer);
        uint64_t at = rogue_put(r, &st);
        assert_caught(r, LAWFUL, "wrong-signer", at);
        rogue_remove(r, at);
    }
    /* And as many as its type has. */
    decision_begin(r, &st, "acme/c");
    show_lawful(r, &st);
    world_add_signer(s->w, &st, "acme/a");
    uint64_t at = rogue_put(r, &st);
    assert_caught(r, LAWFUL, "wrong-signer", at);
    rogue_free(r);
}

static void enrol_begin(struct rogue *r, struct cty_statement *st, const char *name)
{
    rogue_begin(r, st, CTY_ACTOR_ENROL, name);
    world_fill(r->s->w, &st->u.actor_enrol.enrolment, name, CTY_PERSON, name);
    world_add_signer(r->s->w, st, "acme/a");
    world_add_signer(r->s->w, st, "acme/b");
}

/* Three signatures in every other order, and with one of them twice. */
static void swapped_signatures(void **state)
{
    static const char *const orders[][3] = {
        {"acme/new", "acme/b", "acme/a"}, {"acme/a", "acme/new", "acme/b"}, {"acme/b", "acme/a", "acme/new"},
        {"acme/a", "acme/b", "acme/new"}, {"acme/b", "acme/new", "acme/a"}, {"acme/new", "acme/a", "acme/a"},
        {"acme/new", "acme/b", "acme/b"}, {"acme/a", "acme/a", "acme/b"},
    };
    struct stage *s = *state;
    struct cty_statement st;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    enrol_begin(r, &st, "acme/new");
    show_lawful(r, &st);
    for (size_t i = 0; i < CTY_COUNT_OF(orders); i++)
        catch_signed_by(r, &st, orders[i], 3);
    rogue_free(r);
}

/* Who is enrolled must have signed himself: possession of the key is what the admins vouch for. */
static void enrolled_without_his_own_key(void **state)
{
    static const char *const forged[] = {"acme/b", "acme/a", "acme/b"};
    struct stage *s = *state;
    struct cty_statement st;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    enrol_begin(r, &st, "acme/new");
    show_lawful(r, &st);
    catch_signed_by(r, &st, forged, 3);
    /* Not even where he is left out of the signers. */
    st.signers[0] = CTY_LITERAL("acme/a");
    st.signers[1] = CTY_LITERAL("acme/b");
    st.signers_count = 2;
    uint64_t at = rogue_put(r, &st);
    assert_caught(r, LAWFUL, "wrong-signer", at);
    rogue_free(r);
}

/* Too few and too many signatures stand in no ledger and in no file. */
static void numbers_that_differ(void **state)
{
    static const char *const names[] = {"acme/new", "acme/a", "acme/b", "acme/c"};
    struct stage *s = *state;
    struct cty_statement st;
    stage_refund(s);
    for (uint32_t count = 1; count <= 4; count++) {
        struct rogue *r = rogue_new(s);
        enrol_begin(r, &st, "acme/new");
        uint64_t at = put_signed_by(r, &st, names, count);
        if (count == 3) {
            assert_lawful(r);
        } else {
            struct cty_evidence *evidence = NULL;
            assert_int_equal(rogue_replay(r), 1);
            assert_fails(&s->report, INTACT, "bad-envelope", at);
            assert_ok(cty_evidence_new(CTY_LITERAL(WORLD_ORIGIN), &s->case_id, &evidence));
            assert_refused(cty_evidence_add_entry(evidence, r->items[at].text, NULL), "bad-envelope");
            cty_evidence_free(evidence);
        }
        rogue_free(r);
    }
}

static void a_revoked_key(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    assert_ok(world_revoke(s->w, "acme/c", "acme/c", NULL, s->w->time));
    struct rogue *r = rogue_new(s);
    decision_begin(r, &st, "acme/a");
    show_lawful(r, &st);
    decision_begin(r, &st, "acme/c");
    uint64_t at = rogue_put(r, &st);
    assert_caught(r, SIGNED, "key-not-valid", at);
    rogue_free(r);
}

/* A revoked admin vouches for nobody. */
static void an_enrolment_by_a_revoked_admin(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    enrol_begin(r, &st, "acme/new");
    show_lawful(r, &st);
    rogue_free(r);
    assert_ok(world_revoke(s->w, "acme/b", "acme/b", NULL, s->w->time));
    r = rogue_new(s);
    enrol_begin(r, &st, "acme/new");
    uint64_t at = rogue_put(r, &st);
    assert_caught(r, SIGNED, "key-not-valid", at);
    rogue_free(r);
}

/* A statement signed in time, and its signature carried over to another statement. */
static void a_signature_of_another_statement(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    decision_begin(r, &st, "acme/c");
    uint64_t first = rogue_put(r, &st);
    assert_lawful(r);
    struct cty_buf borrowed = CTY_BUF_INIT(128);
    const uint8_t *sig = memmem(r->items[first].envelope.data, r->items[first].envelope.size, "\"sig\":\"", 7);
    assert_ok(cty_buf_put(&borrowed, sig + 7, 88));
    rogue_remove(r, first);
    decision_begin(r, &st, "acme/c");
    st.u.decision.expires++;
    uint64_t at = rogue_put(r, &st);
    assert_lawful(r);
    uint8_t *own = memmem(r->items[at].envelope.data, r->items[at].envelope.size, "\"sig\":\"", 7);
    memcpy(own + 7, borrowed.data, 88);
    rogue_link(r);
    assert_caught(r, SIGNED, "signature-invalid", at);
    cty_buf_done(&borrowed);
    rogue_free(r);
}

/* Another signature by the same key over the same bytes: Ed25519 with a nonce of the signer's own choice. */
static void sign_anew(const char *name, struct cty_bytes message, uint8_t ret_sig[64])
{
    struct cty_hash seed = cty_sha256(cty_bytes_text(name));
    uint8_t wide[64], secret[32], nonce[32], challenge[32], key[32], expanded[64] = {0};
    crypto_hash_sha512_state hash;
    assert_int_equal(crypto_hash_sha512(wide, seed.bytes, sizeof(seed.bytes)), 0);
    memcpy(expanded, wide, 32);
    expanded[0] &= 248;
    expanded[31] = (uint8_t)((expanded[31] & 127) | 64);
    crypto_core_ed25519_scalar_reduce(secret, expanded);
    memset(wide, 0x5a, sizeof(wide));
    crypto_core_ed25519_scalar_reduce(nonce, wide);
    assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(ret_sig, nonce), 0);
    assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(key, secret), 0);
    crypto_hash_sha512_init(&hash);
    crypto_hash_sha512_update(&hash, ret_sig, 32);
    crypto_hash_sha512_update(&hash, key, sizeof(key));
    crypto_hash_sha512_update(&hash, message.data, message.size);
    crypto_hash_sha512_final(&hash, wide);
    crypto_core_ed25519_scalar_reduce(challenge, wide);
    crypto_core_ed25519_scalar_mul(challenge, challenge, secret);
    crypto_core_ed25519_scalar_add(ret_sig + 32, challenge, nonce);
}

/* Ed25519 leaves the signer free to sign the same twice, unlike: it is the same statement, and once is enough. */
static void the_same_statement_signed_anew(void **state)
{
    struct stage *s = *state;
    struct cty_signed parsed = {0};
    struct cty_buf text = CTY_BUF_INIT(128);
    uint8_t anew[64];
    ask(s);
    assert_ok(world_decide(s->w, &s->case_id, "acme/a", CTY_APPROVE));
    struct rogue *r = rogue_new(s);
    uint64_t decision = entry_of(s, CTY_DECISION, 0);
    assert_ok(cty_signed_parse(r->items[decision].envelope, &parsed, NULL));
    sign_anew("acme/a", cty_buf_bytes(&parsed.pae), anew);
    assert_memory_not_equal(anew, parsed.signatures[0].signature.bytes, sizeof(anew));
    assert_ok(cty_base64_format(cty_bytes_make(anew, sizeof(anew)), &text));
    uint8_t *sig = memmem(r->items[decision].envelope.data, r->items[decision].envelope.size, "\"sig\":\"", 7);
    uint8_t kept[88];
    memcpy(kept, sig + 7, sizeof(kept));
    memcpy(sig + 7, text.data, sizeof(kept));
    /* In the first one's place it is as good; beside the first one it is one too many. */
    rogue_link(r);
    assert_lawful(r);
    uint64_t at = rogue_put_envelope(r, r->items[decision].envelope);
    sig = memmem(r->items[decision].envelope.data, r->items[decision].envelope.size, "\"sig\":\"", 7);
    memcpy(sig + 7, kept, sizeof(kept));
    rogue_link(r);
    assert_caught(r, UNIQUE, "duplicate-id", at);
    cty_signed_done(&parsed);
    cty_buf_done(&text);
    rogue_free(r);
}

/* An actor's key under the custodian's name, and the other way round. */
static void names_are_part_of_the_key(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_secret *lent = NULL;
    struct cty_hash seed = cty_sha256(CTY_LITERAL("acme/c"));
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    ask(s);
    struct rogue *r = rogue_new(s);
    decision_begin(r, &st, "acme/c");
    show_lawful(r, &st);
    /* The very key of acme/c, but with the key id of another name: no authority, and not taken either. */
    assert_ok(cty_secret_from_seed(CTY_LITERAL("acme/other"), seed.bytes, &lent));
    const struct cty_secret *secrets[] = {lent};
    assert_ok(cty_statement_sign(&st, secrets, 1, &envelope, NULL));
    uint64_t at = rogue_put_envelope(r, cty_buf_bytes(&envelope));
    assert_caught(r, SIGNED, "signature-invalid", at);
    cty_secret_free(lent);
    cty_buf_done(&envelope);
    rogue_free(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_approval_by_any_other_key),
        TEST(a_clerks_statement_by_the_log_key),
        TEST(a_checkpoint_by_the_clerk_key),
        TEST(signers_of_the_wrong_kind),
        TEST(swapped_signatures),
        TEST(enrolled_without_his_own_key),
        TEST(numbers_that_differ),
        TEST(a_revoked_key),
        TEST(an_enrolment_by_a_revoked_admin),
        TEST(a_signature_of_another_statement),
        TEST(the_same_statement_signed_anew),
        TEST(names_are_part_of_the_key),
    };
    return cmocka_run_group_tests_name("signatures", tests, NULL, NULL);
}
