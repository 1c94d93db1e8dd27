/* SPDX-License-Identifier: Apache-2.0 */
/* Session claims and refusals: what was signed reads back, and anything else does not verify. */
#include "proto/claims.h"
#include "unit/support.h"

#define NAME cty_bytes_text("acme/a")

static struct cty_secret *secret_of(const char *name)
{
    struct cty_secret *secret = NULL;
    struct cty_hash seed = cty_sha256(cty_bytes_text(name));
    assert_ok(cty_crypto_init());
    assert_ok(cty_secret_from_seed(cty_bytes_text(name), seed.bytes, &secret));
    return secret;
}

static struct cty_session_claim sample_claim(void)
{
    struct cty_session_claim claim = {.actor = NAME, .client_nonce = {1}, .door = cty_bytes_text("ipc:///run/c"),
                                      .ledger = cty_bytes_text("custody.example/x"), .server_nonce = {2}, .time = 3};
    return claim;
}

static void sign_claim(const struct cty_secret *secret, struct cty_buf *out)
{
    struct cty_session_claim claim = sample_claim();
    assert_ok(cty_session_claim_sign(&claim, secret, out));
}

static custody_err open_claim(struct cty_bytes envelope, const struct cty_secret *secret)
{
    struct cty_signed parsed = {.signatures_count = 0};
    struct cty_session_claim claim;
    custody_error error = {0};
    custody_err err = cty_session_claim_parse(envelope, &parsed, &claim, &error);
    if (err == CUSTODY_OK)
        err = cty_claim_verify(&parsed, cty_secret_name(secret), cty_secret_key(secret));
    cty_signed_done(&parsed);
    return err;
}

static void a_claim_reads_back(void **state)
{
    struct cty_secret *secret = secret_of("acme/a");
    struct cty_buf text = CTY_BUF_INIT(65535);
    struct cty_signed parsed = {.signatures_count = 0};
    struct cty_session_claim claim, is = sample_claim();
    (void)state;
    sign_claim(secret, &text);
    assert_ok(cty_session_claim_parse(cty_buf_bytes(&text), &parsed, &claim, NULL));
    assert_ok(cty_claim_verify(&parsed, NAME, cty_secret_key(secret)));
    assert_bytes_text(parsed.body,
                      "{\"actor\":\"acme/a\",\"client_nonce\":\"01000000000000000000000000000000\",\"door\":\"ipc:///run/c\","
                      "\"ledger\":\"custody.example/x\",\"server_nonce\":\"02000000000000000000000000000000\",\"time\":3,"
                      "\"type\":\"session\"}");
    assert_true(cty_bytes_equal(claim.actor, is.actor) && cty_bytes_equal(claim.door, is.door));
    assert_memory_equal(claim.server_nonce, is.server_nonce, 16);
    assert_int_equal(claim.time, 3);
    cty_signed_done(&parsed);
    cty_buf_done(&text);
    cty_secret_free(secret);
}

static void a_claim_over_tls_names_the_certificate(void **state)
{
    struct cty_secret *secret = secret_of("acme/a");
    struct cty_buf text = CTY_BUF_INIT(65535);
    struct cty_signed parsed = {.signatures_count = 0};
    struct cty_session_claim claim, is = sample_claim();
    (void)state;
    is.door = cty_bytes_text("tls+tcp://a.org:7");
    is.certificate = (struct cty_opt_hash){{{0xab}}, true};
    assert_ok(cty_session_claim_sign(&is, secret, &text));
    assert_ok(cty_session_claim_parse(cty_buf_bytes(&text), &parsed, &claim, NULL));
    assert_ok(cty_claim_verify(&parsed, NAME, cty_secret_key(secret)));
    assert_bytes_text(parsed.body,
                      "{\"actor\":\"acme/a\",\"certificate\":\"ab00000000000000000000000000000000000000000000000000000000"
                      "000000\",\"client_nonce\":\"01000000000000000000000000000000\",\"door\":\"tls+tcp://a.org:7\","
                      "\"ledger\":\"custody.example/x\",\"server_nonce\":\"02000000000000000000000000000000\",\"time\":3,"
                      "\"type\":\"session\"}");
    assert_true(claim.certificate.present);
    assert_memory_equal(claim.certificate.hash.bytes, is.certificate.hash.bytes, 32);
    cty_signed_done(&parsed);
    cty_buf_done(&text);
    cty_secret_free(secret);
}

static void a_claim_with_any_bit_changed_does_not_open(void **state)
{
    struct cty_secret *secret = secret_of("acme/a");
    struct cty_buf text = CTY_BUF_INIT(65535);
    (void)state;
    sign_claim(secret, &text);
    assert_ok(open_claim(cty_buf_bytes(&text), secret));
    for (size_t i = 0; i < text.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            text.data[i] ^= (uint8_t)(1u << bit);
            assert_int_not_equal(open_claim(cty_buf_bytes(&text), secret), CUSTODY_OK);
            text.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    for (size_t size = 0; size < text.size; size++)
        assert_int_not_equal(open_claim(cty_bytes_make(text.data, size), secret), CUSTODY_OK);
    cty_buf_done(&text);
    cty_secret_free(secret);
}

static void a_claim_by_another_key_does_not_verify(void **state)
{
    struct cty_secret *secret = secret_of("acme/a"), *other = secret_of("acme/b");
    struct cty_buf text = CTY_BUF_INIT(65535);
    (void)state;
    sign_claim(other, &text);
    assert_refused(open_claim(cty_buf_bytes(&text), secret), "signature-invalid");
    cty_buf_done(&text);
    cty_secret_free(secret);
    cty_secret_free(other);
}

/* Another kind of signed object, by the same key, over the same body. */
static void a_claim_of_another_type_is_refused(void **state)
{
    struct cty_secret *secret = secret_of("acme/a");
    const struct cty_secret *twice[] = {secret, secret};
    struct cty_buf text = CTY_BUF_INIT(65535), body = CTY_BUF_INIT(65535);
    struct cty_signed parsed = {.signatures_count = 0};
    struct cty_session_claim claim;
    (void)state;
    sign_claim(secret, &text);
    assert_ok(cty_session_claim_parse(cty_buf_bytes(&text), &parsed, &claim, NULL));
    assert_ok(cty_buf_put_bytes(&body, parsed.body));
    cty_buf_clear(&text);
    assert_ok(cty_envelope_sign(cty_bytes_text(CTY_REFUSAL_PAYLOAD_TYPE), cty_buf_bytes(&body), twice, 1, &text));
    assert_refused(open_claim(cty_buf_bytes(&text), secret), "payload-type-mismatch");
    cty_buf_clear(&text);
    assert_ok(cty_envelope_sign(cty_bytes_text(CTY_SESSION_PAYLOAD_TYPE), cty_buf_bytes(&body), twice, 2, &text));
    assert_refused(open_claim(cty_buf_bytes(&text), secret), "bad-envelope");
    cty_buf_clear(&text);
    body.data[body.size - 3] = 'x'; /* the end of "session" */
    assert_ok(cty_envelope_sign(cty_bytes_text(CTY_SESSION_PAYLOAD_TYPE), cty_buf_bytes(&body), twice, 1, &text));
    assert_refused(open_claim(cty_buf_bytes(&text), secret), "bad-member");
    cty_signed_done(&parsed);
    cty_buf_done(&text);
    cty_buf_done(&body);
    cty_secret_free(secret);
}

static void a_refusal_reads_back(void **state)
{
    struct cty_secret *clerk = secret_of("custody.example/x/clerk");
    struct cty_refusal refusal = {.code = cty_bytes_text("stale-after"), .ledger = cty_bytes_text("custody.example/x"),
                                  .seen = {.size = 5}, .time = 7},
                       read;
    struct cty_buf text = CTY_BUF_INIT(65535);
    struct cty_signed parsed = {.signatures_count = 0};
    (void)state;
    memset(refusal.digest.bytes, 1, sizeof(refusal.digest.bytes));
    assert_ok(cty_refusal_sign(&refusal, clerk, &text));
    assert_ok(cty_refusal_parse(cty_buf_bytes(&text), &parsed, &read, NULL));
    assert_ok(cty_claim_verify(&parsed, cty_secret_name(clerk), cty_secret_key(clerk)));
    assert_bytes_text(read.code, "stale-after");
    assert_true(cty_hash_equal(&read.digest, &refusal.digest));
    assert_int_equal(read.seen.size, 5);
    assert_int_equal(read.time, 7);
    assert_refused(open_claim(cty_buf_bytes(&text), clerk), "payload-type-mismatch");
    cty_signed_done(&parsed);
    cty_buf_done(&text);
    cty_secret_free(clerk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_reads_back),
        cmocka_unit_test(a_claim_over_tls_names_the_certificate),
        cmocka_unit_test(a_claim_with_any_bit_changed_does_not_open),
        cmocka_unit_test(a_claim_by_another_key_does_not_verify),
        cmocka_unit_test(a_claim_of_another_type_is_refused),
        cmocka_unit_test(a_refusal_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
