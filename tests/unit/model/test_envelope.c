/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes: signed, parsed and verified; every altered byte is refused here or by the signature. */
#include "codec/text.h"
#include "edit.h"
#include "samples.h"

static struct cty_signed parsed;

static int parsed_free(void **state)
{
    (void)state;
    cty_signed_done(&parsed);
    memset(&parsed, 0, sizeof(parsed));
    return 0;
}

static struct cty_bytes envelope_of(enum cty_type type)
{
    return cty_buf_bytes(&sample_get(type)->envelope);
}

/* By the key of the example's signer at `index`, as the ledger would know it. */
static custody_err verify_as(enum cty_type type, uint32_t index)
{
    const struct cty_secret *secret = sample_signer_secret(&sample_get(type)->statement, index);
    return cty_signed_verify(&parsed, index, cty_secret_name(secret), cty_secret_key(secret));
}

static custody_err verify(uint32_t index)
{
    return verify_as(parsed.statement.type, index);
}

static void the_pae_of_the_specification(void **state)
{
    (void)state;
    struct cty_buf pae = CTY_BUF_INIT(200);
    assert_ok(cty_pae(CTY_LITERAL("http://example.com/HelloWorld"), CTY_LITERAL("hello world"), &pae));
    assert_bytes_text(cty_buf_bytes(&pae), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    cty_buf_clear(&pae);
    assert_ok(cty_pae(CTY_LITERAL(""), CTY_LITERAL(""), &pae));
    assert_bytes_text(cty_buf_bytes(&pae), "DSSEv1 0  0 ");
    cty_buf_clear(&pae);
    assert_ok(cty_pae(CTY_LITERAL("t\xc3\xa4"), CTY_LITERAL("\xe2\x82\xac"), &pae));
    assert_bytes_text(cty_buf_bytes(&pae), "DSSEv1 3 t\xc3\xa4 3 \xe2\x82\xac");
    cty_buf_done(&pae);
}

static void signed_statements_verify(void **state)
{
    (void)state;
    for (int type = 0; type < CTY_TYPE_COUNT; type++) {
        const struct sample *sample = sample_get((enum cty_type)type);
        assert_ok(cty_signed_parse(cty_buf_bytes(&sample->envelope), &parsed, NULL));
        assert_int_equal(parsed.statement.type, type);
        assert_bytes_text(parsed.payload_type, cty_type_payload_type((enum cty_type)type));
        assert_true(cty_bytes_equal(parsed.body, cty_buf_bytes(&sample->body)));
        assert_memory_equal(parsed.digest.bytes, sample->digest.bytes, CTY_HASH_SIZE);
        assert_int_equal(parsed.signatures_count, sample->statement.signers_count);
        for (uint32_t i = 0; i < parsed.signatures_count; i++)
            assert_ok(verify(i));
        assert_refused(cty_signed_verify(&parsed, parsed.signatures_count, CTY_LITERAL("acme/bob"),
                                         cty_secret_key(sample_secret(CTY_LITERAL("acme/bob")))),
                       "signature-invalid");
    }
}

/* The PAE is made twice, by the signer and by the parser: they are the same bytes. */
static void the_digest_is_that_of_the_pae(void **state)
{
    (void)state;
    const struct sample *sample = sample_get(CTY_REQUEST);
    struct cty_buf pae = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    assert_ok(cty_pae(cty_bytes_text(cty_type_payload_type(CTY_REQUEST)), cty_buf_bytes(&sample->body), &pae));
    struct cty_hash digest = cty_sha256(cty_buf_bytes(&pae));
    assert_memory_equal(digest.bytes, sample->digest.bytes, CTY_HASH_SIZE);
    assert_ok(cty_signed_parse(cty_buf_bytes(&sample->envelope), &parsed, NULL));
    assert_true(cty_bytes_equal(cty_buf_bytes(&pae), cty_buf_bytes(&parsed.pae)));
    cty_buf_done(&pae);
}

static void another_key_does_not_verify(void **state)
{
    (void)state;
    const struct cty_secret *bob = sample_secret(CTY_LITERAL("acme/bob"));
    const struct cty_secret *carol = sample_secret(CTY_LITERAL("acme/carol"));
    assert_ok(cty_signed_parse(envelope_of(CTY_DECISION), &parsed, NULL));
    assert_ok(cty_signed_verify(&parsed, 0, cty_secret_name(carol), cty_secret_key(carol)));
    assert_refused(cty_signed_verify(&parsed, 0, cty_secret_name(bob), cty_secret_key(bob)), "signature-invalid");
    assert_refused(cty_signed_verify(&parsed, 0, cty_secret_name(bob), cty_secret_key(carol)), "signature-invalid");
    assert_refused(cty_signed_verify(&parsed, 0, cty_secret_name(carol), cty_secret_key(bob)), "signature-invalid");
}

static void signatures_keep_their_order(void **state)
{
    (void)state;
    const struct sample *sample = sample_get(CTY_POLICY_PUBLISH);
    const struct cty_secret *swapped[] = {sample_secret(CTY_LITERAL("acme/bob")),
                                          sample_secret(CTY_LITERAL("acme/alice"))};
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    assert_ok(cty_statement_sign(&sample->statement, swapped, 2, &envelope, NULL));
    assert_ok(cty_signed_parse(cty_buf_bytes(&envelope), &parsed, NULL));
    assert_refused(verify(0), "signature-invalid");
    assert_refused(verify(1), "signature-invalid");
    cty_buf_done(&envelope);
}

static void the_keyid_is_the_keys(void **state)
{
    (void)state;
    assert_ok(cty_signed_parse(envelope_of(CTY_CONSUME), &parsed, NULL));
    assert_ok(verify(0));
    for (unsigned bit = 0; bit < 32; bit++) {
        parsed.signatures[0].keyid[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_refused(verify(0), "signature-invalid");
        parsed.signatures[0].keyid[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_ok(verify(0));
}

static void every_bit_of_a_signature_counts(void **state)
{
    (void)state;
    assert_ok(cty_signed_parse(envelope_of(CTY_OUTCOME), &parsed, NULL));
    for (unsigned bit = 0; bit < 8 * CTY_SIGNATURE_SIZE; bit++) {
        parsed.signatures[0].signature.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_refused(verify(0), "signature-invalid");
        parsed.signatures[0].signature.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_ok(verify(0));
}

static bool all_verify(enum cty_type type)
{
    for (uint32_t i = 0; i < parsed.signatures_count; i++) {
        if (verify_as(type, i) != CUSTODY_OK)
            return false;
    }
    return true;
}

/* Each byte with each of its bits: refused by the parser, or no longer all of its signatures hold. */
static void flip_every_bit(enum cty_type type)
{
    struct cty_bytes good = envelope_of(type);
    uint8_t *bytes = malloc(good.size);
    assert_non_null(bytes);
    memcpy(bytes, good.data, good.size);
    for (size_t at = 0; at < good.size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[at] ^= (uint8_t)(1u << bit);
            custody_err err = cty_signed_parse(cty_bytes_make(bytes, good.size), &parsed, NULL);
            assert_int_not_equal(err, CUSTODY_E_INTERNAL);
            if (err == CUSTODY_OK && all_verify(type))
                fail_msg("byte %zu, bit %u of %s may be flipped", at, bit, cty_type_name(type));
            bytes[at] ^= (uint8_t)(1u << bit);
        }
    }
    assert_ok(cty_signed_parse(cty_bytes_make(bytes, good.size), &parsed, NULL));
    assert_true(all_verify(type));
    free(bytes);
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    flip_every_bit(CTY_EXPIRY);
    flip_every_bit(CTY_ACTOR_ROTATE);
    flip_every_bit(CTY_OFFER);
    flip_every_bit(CTY_ACCEPT);
}

/* Who has the old key alone can't bring a new one, and the other way round. */
static void a_rotation_needs_both_keys(void **state)
{
    (void)state;
    const struct sample *sample = sample_get(CTY_ACTOR_ROTATE);
    const struct cty_secret *old = sample_signer_secret(&sample->statement, 0);
    const struct cty_secret *new = sample_signer_secret(&sample->statement, 1);
    const struct cty_secret *by_old[] = {old, old}, *by_new[] = {new, new};
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    assert_true(cty_bytes_equal(cty_secret_name(old), cty_secret_name(new)));
    assert_ok(cty_statement_sign(&sample->statement, by_old, 2, &envelope, NULL));
    assert_ok(cty_signed_parse(cty_buf_bytes(&envelope), &parsed, NULL));
    assert_ok(verify(0));
    assert_refused(verify(1), "signature-invalid");
    cty_buf_clear(&envelope);
    assert_ok(cty_statement_sign(&sample->statement, by_new, 2, &envelope, NULL));
    assert_ok(cty_signed_parse(cty_buf_bytes(&envelope), &parsed, NULL));
    assert_refused(verify(0), "signature-invalid");
    assert_ok(verify(1));
    assert_ok(cty_signed_parse(envelope_of(CTY_ACTOR_ROTATE), &parsed, NULL));
    assert_true(all_verify(CTY_ACTOR_ROTATE));
    cty_buf_done(&envelope);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (int type = 0; type < CTY_TYPE_COUNT; type++) {
        struct cty_bytes good = envelope_of((enum cty_type)type);
        for (size_t size = 0; size < good.size; size++)
            assert_refused(cty_signed_parse(cty_bytes_make(good.data, size), &parsed, NULL), "bad-json");
    }
}

static void refused(const char *text, const char *code)
{
    custody_err err = cty_envelope_parse(cty_bytes_text(text), &parsed, NULL);
    if (strcmp(custody_err_name(err), code) != 0)
        fail_msg("%s instead of %s: %s", custody_err_name(err), code, text);
}

#define KEYID "\"keyid\":\"01234567\""
#define B64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define SIG "\"sig\":\"" B64 "\""
#define ONE "{" KEYID "," SIG "}"
#define ENVELOPE(payload, type, signatures)                                                            \
    "{\"payload\":" payload ",\"payloadType\":" type ",\"signatures\":" signatures "}"

static void the_form_of_an_envelope(void **state)
{
    (void)state;
    refused(ENVELOPE("\"e30=\"", "\"t\"", "[" ONE "]"), "ok");
    assert_bytes_text(parsed.body, "{}");
    assert_bytes_text(cty_buf_bytes(&parsed.pae), "DSSEv1 1 t 2 {}");
    refused("[]", "bad-envelope");
    refused("{}", "bad-envelope");
    refused("\"e30=\"", "bad-envelope");
    refused("", "bad-json");
    refused("{\"payload\":\"e30=\",\"signatures\":[" ONE "]}", "bad-envelope");
    refused("{\"payload\":\"e30=\",\"payloadType\":\"t\"}", "bad-envelope");
    refused("{\"payloadType\":\"t\",\"signatures\":[" ONE "]}", "bad-envelope");
    refused("{\"extra\":1,\"payload\":\"e30=\",\"payloadType\":\"t\",\"signatures\":[" ONE "]}", "bad-envelope");
    refused("{\"payloadType\":\"t\",\"payload\":\"e30=\",\"signatures\":[" ONE "]}", "payload-not-canonical");
    refused(ENVELOPE("\"e30=\"", "\"t\"", "[" ONE "] "), "payload-not-canonical");
    refused(ENVELOPE("\"e30=\"", "\"t\"", "[" ONE "]") "x", "bad-json");
    refused(ENVELOPE("1", "\"t\"", "[" ONE "]"), "bad-envelope");
    refused(ENVELOPE("\"e30=\"", "1", "[" ONE "]"), "bad-envelope");
    refused(ENVELOPE("\"e30=\"", "\"t\\n\"", "[" ONE "]"), "bad-envelope");
    refused(ENVELOPE("\"e30\\n\"", "\"t\"", "[" ONE "]"), "bad-envelope");
    refused(ENVELOPE("\"e30=\"", "\"t\"", ONE), "bad-envelope");
    refused(ENVELOPE("\"e30=\"", "\"t\"", "[]"), "bad-envelope");
    refused(ENVELOPE("\"e30=\"", "\"t\"", "[1]"), "bad-envelope");
    refused(ENVELOPE("\"e30=\"", "\"t\"", "[{" SIG "}]"), "bad-envelope");
    refused(ENVELOPE("\"e30=\"", "\"t\"", "[{" KEYID "}]"), "bad-envelope");
    refused(ENVELOPE("\"e30=\"", "\"t\"", "[{" KEYID "," SIG ",\"x\":1}]"), "bad-envelope");
    refused(ENVELOPE("\"e30=\"", "\"t\"", "[{" KEYID "," SIG "," SIG "}]"), "duplicate-member");
}

static void the_payload_has_one_spelling(void **state)
{
    (void)state;
    refused(ENVELOPE("\"+/+/\"", "\"t\"", "[" ONE "]"), "ok");
    refused(ENVELOPE("\"-_-_\"", "\"t\"", "[" ONE "]"), "bad-encoding"); /* URL-safe */
    refused(ENVELOPE("\"e30\"", "\"t\"", "[" ONE "]"), "bad-encoding");  /* no padding */
    refused(ENVELOPE("\"e31=\"", "\"t\"", "[" ONE "]"), "bad-encoding"); /* trailing bits */
    refused(ENVELOPE("\"ew==\"", "\"t\"", "[" ONE "]"), "ok");
    refused(ENVELOPE("\"ex==\"", "\"t\"", "[" ONE "]"), "bad-encoding");
    refused(ENVELOPE("\"\"", "\"t\"", "[" ONE "]"), "bad-encoding");
    refused(ENVELOPE("\"====\"", "\"t\"", "[" ONE "]"), "bad-encoding");
    refused(ENVELOPE("\"e===\"", "\"t\"", "[" ONE "]"), "bad-encoding");
    refused(ENVELOPE("\"e30=e30=\"", "\"t\"", "[" ONE "]"), "bad-encoding");
    refused(ENVELOPE("\"e3 0\"", "\"t\"", "[" ONE "]"), "bad-encoding");
}

static void signatures_have_one_spelling(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{\"keyid\":\"0123456\"," SIG "}",   "{\"keyid\":\"012345678\"," SIG "}", "{\"keyid\":\"0123456A\"," SIG "}",
        "{\"keyid\":\"\"," SIG "}",          "{" KEYID ",\"sig\":\"\"}",          "{" KEYID ",\"sig\":\"AAAA\"}",
        "{" KEYID ",\"sig\":\"AAAA" B64 "\"}",
    };
    char text[400];
    for (size_t i = 0; i < CTY_COUNT_OF(wrong); i++) {
        snprintf(text, sizeof(text), "{\"payload\":\"e30=\",\"payloadType\":\"t\",\"signatures\":[%s]}", wrong[i]);
        refused(text, "bad-encoding");
    }
    snprintf(text, sizeof(text), "{\"payload\":\"e30=\",\"payloadType\":\"t\",\"signatures\":[%s]}", ONE);
    char *last = strstr(text, "A==\"");
    assert_non_null(last);
    refused(text, "ok");
    *last = 'B'; /* trailing bits */
    refused(text, "bad-encoding");
    *last = '_';
    refused(text, "bad-encoding");
}

static void signatures_are_at_most_eight(void **state)
{
    (void)state;
    char text[2000];
    for (unsigned count = 1; count <= CTY_SIGNERS_MAX + 1; count++) {
        char *list = edit_repeat(ONE, count);
        snprintf(text, sizeof(text), "{\"payload\":\"e30=\",\"payloadType\":\"t\",\"signatures\":%s}", list);
        refused(text, count <= CTY_SIGNERS_MAX ? "ok" : "bad-envelope");
        free(list);
    }
}

static void one_signature_for_each_signer(void **state)
{
    (void)state;
    const struct sample *sample = sample_get(CTY_POLICY_PUBLISH);
    const struct cty_secret *secrets[] = {sample_secret(CTY_LITERAL("acme/alice")),
                                          sample_secret(CTY_LITERAL("acme/bob")),
                                          sample_secret(CTY_LITERAL("acme/carol"))};
    for (uint32_t count = 1; count <= 3; count++) {
        struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
        assert_ok(cty_statement_sign(&sample->statement, secrets, count, &envelope, NULL));
        assert_refused(cty_signed_parse(cty_buf_bytes(&envelope), &parsed, NULL), count == 2 ? "ok" : "bad-envelope");
        cty_buf_done(&envelope);
    }
}

static void sign_text(const char *payload_type, const char *body, const char *code)
{
    const struct cty_secret *bob = sample_secret(CTY_LITERAL("acme/bob"));
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    assert_ok(cty_envelope_sign(cty_bytes_text(payload_type), cty_bytes_text(body), &bob, 1, &envelope));
    assert_refused(cty_signed_parse(cty_buf_bytes(&envelope), &parsed, NULL), code);
    assert_ok(cty_envelope_parse(cty_buf_bytes(&envelope), &parsed, NULL));
    assert_ok(cty_signed_verify(&parsed, 0, cty_secret_name(bob), cty_secret_key(bob)));
    cty_buf_done(&envelope);
}

static void bodies_are_judged_by_their_type(void **state)
{
    (void)state;
    const char *cancel = cty_type_payload_type(CTY_CANCEL);
    char *body = cty_bytes_dup_text(cty_buf_bytes(&sample_get(CTY_CANCEL)->body));
    sign_text(cancel, body, "ok");
    sign_text(cty_type_payload_type(CTY_EXPIRY), body, "payload-type-mismatch");
    sign_text("application/vnd.custody.cancel.v2+json", body, "type-unknown");
    sign_text("application/json", body, "type-unknown");
    sign_text("", body, "type-unknown");
    sign_text(cancel, "{\"type\":\"expiry\"}", "payload-type-mismatch");
    sign_text(cancel, "{\"type\":\"cancel\"}", "missing-member");
    sign_text(cancel, "{\"type\": \"cancel\"}", "payload-not-canonical");
    sign_text(cancel, "{\"type\":\"cancel\",\"type\":\"cancel\"}", "duplicate-member");
    sign_text(cancel, "{\"a\":1.5}", "bad-number");
    sign_text(cancel, "{\"a\":[[[[[[[[1]]]]]]]]}", "too-deep");
    sign_text(cancel, "[]", "bad-member");
    sign_text(cancel, "not JSON", "bad-json");
    free(body);
}

static void what_is_too_large_is_refused(void **state)
{
    (void)state;
    struct cty_buf body = CTY_BUF_INIT(1u << 20), envelope = CTY_BUF_INIT(1u << 20);
    const struct cty_secret *bob = sample_secret(CTY_LITERAL("acme/bob"));
    for (size_t i = 0; i < CTY_STATEMENT_BYTES_MAX; i++)
        assert_ok(cty_buf_put_byte(&body, 'x'));
    assert_ok(cty_envelope_sign(CTY_LITERAL("t"), cty_buf_bytes(&body), &bob, 1, &envelope));
    assert_ok(cty_envelope_parse(cty_buf_bytes(&envelope), &parsed, NULL));
    assert_int_equal(parsed.body.size, CTY_STATEMENT_BYTES_MAX);
    cty_buf_clear(&envelope);
    assert_ok(cty_buf_put_byte(&body, 'x'));
    assert_ok(cty_envelope_sign(CTY_LITERAL("t"), cty_buf_bytes(&body), &bob, 1, &envelope));
    assert_refused(cty_envelope_parse(cty_buf_bytes(&envelope), &parsed, NULL), "too-large");
    cty_buf_clear(&envelope);
    for (size_t i = 0; i <= CTY_ENVELOPE_BYTES_MAX; i++)
        assert_ok(cty_buf_put_byte(&envelope, '['));
    assert_refused(cty_envelope_parse(cty_buf_bytes(&envelope), &parsed, NULL), "too-large");
    envelope.size--;
    assert_refused(cty_envelope_parse(cty_buf_bytes(&envelope), &parsed, NULL), "too-deep");
    cty_buf_done(&body);
    cty_buf_done(&envelope);
}

/* The same statement with one signature less: what an earlier parse left behind is not there any more. */
static void no_signature_is_left_from_before(void **state)
{
    (void)state;
    const struct sample *sample = sample_get(CTY_POLICY_PUBLISH);
    const struct cty_secret *alice = sample_secret(CTY_LITERAL("acme/alice"));
    const struct cty_secret *bob = sample_secret(CTY_LITERAL("acme/bob"));
    struct cty_buf one = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    assert_ok(cty_statement_sign(&sample->statement, &alice, 1, &one, NULL));
    assert_ok(cty_envelope_parse(cty_buf_bytes(&sample->envelope), &parsed, NULL));
    assert_ok(cty_signed_verify(&parsed, 1, cty_secret_name(bob), cty_secret_key(bob)));
    assert_ok(cty_envelope_parse(cty_buf_bytes(&one), &parsed, NULL));
    assert_ok(cty_signed_verify(&parsed, 0, cty_secret_name(alice), cty_secret_key(alice)));
    assert_refused(cty_signed_verify(&parsed, 1, cty_secret_name(bob), cty_secret_key(bob)), "signature-invalid");
    cty_buf_done(&one);
}

static void a_parser_may_be_used_again(void **state)
{
    (void)state;
    assert_ok(cty_signed_parse(envelope_of(CTY_LEDGER_OPEN), &parsed, NULL));
    assert_refused(cty_signed_parse(CTY_LITERAL("{}"), &parsed, NULL), "bad-envelope");
    assert_ok(cty_signed_parse(envelope_of(CTY_CANCEL), &parsed, NULL));
    assert_int_equal(parsed.signatures_count, 1);
    assert_ok(verify(0));
    cty_signed_done(&parsed);
    cty_signed_done(&parsed);
    cty_signed_done(NULL);
    assert_ok(cty_signed_parse(envelope_of(CTY_LEDGER_OPEN), &parsed, NULL));
    assert_true(all_verify(CTY_LEDGER_OPEN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pae_of_the_specification),
        cmocka_unit_test_teardown(signed_statements_verify, parsed_free),
        cmocka_unit_test_teardown(the_digest_is_that_of_the_pae, parsed_free),
        cmocka_unit_test_teardown(another_key_does_not_verify, parsed_free),
        cmocka_unit_test_teardown(signatures_keep_their_order, parsed_free),
        cmocka_unit_test_teardown(the_keyid_is_the_keys, parsed_free),
        cmocka_unit_test_teardown(every_bit_of_a_signature_counts, parsed_free),
        cmocka_unit_test_teardown(every_flipped_bit_is_refused, parsed_free),
        cmocka_unit_test_teardown(a_rotation_needs_both_keys, parsed_free),
        cmocka_unit_test_teardown(every_cut_is_refused, parsed_free),
        cmocka_unit_test_teardown(the_form_of_an_envelope, parsed_free),
        cmocka_unit_test_teardown(the_payload_has_one_spelling, parsed_free),
        cmocka_unit_test_teardown(signatures_have_one_spelling, parsed_free),
        cmocka_unit_test_teardown(signatures_are_at_most_eight, parsed_free),
        cmocka_unit_test_teardown(one_signature_for_each_signer, parsed_free),
        cmocka_unit_test_teardown(bodies_are_judged_by_their_type, parsed_free),
        cmocka_unit_test_teardown(what_is_too_large_is_refused, parsed_free),
        cmocka_unit_test_teardown(no_signature_is_left_from_before, parsed_free),
        cmocka_unit_test_teardown(a_parser_may_be_used_again, parsed_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
