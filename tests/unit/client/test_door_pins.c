/* SPDX-License-Identifier: Apache-2.0 */
/* Which pin of the trust file is taken for a door, before anything is dialled. Dialling: tests/unit/cli/test_tls.py. */
#include <time.h>

#include "client/client.h"
#include "net/certificate.h"
#include "unit/support.h"

struct stage {
    struct cty_buf pem;
    struct cty_buf log; /* the log's public line */
};

static int stage_make(void **state)
{
    static struct stage stage;
    static const char *const hosts[] = {"localhost"};
    const struct cty_certificate_order order = {hosts, 1, (uint64_t)time(NULL) * 1000, (uint64_t)time(NULL) * 1000 + 60000};
    struct cty_buf key = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    struct cty_secret *log = NULL;
    stage = (struct stage){CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX), CTY_BUF_INIT(CTY_VKEY_BYTES_MAX)};
    assert_ok(cty_crypto_init());
    assert_ok(cty_certificate_make(&order, &stage.pem, &key, NULL));
    assert_ok(cty_secret_new(CTY_LITERAL("custody.example/pins"), &log));
    assert_ok(cty_vkey_format(cty_secret_name(log), CTY_KEY_ED25519, cty_secret_key(log), &stage.log));
    cty_secret_free(log);
    cty_buf_done(&key);
    *state = &stage;
    return 0;
}

static int stage_free(void **state)
{
    struct stage *stage = *state;
    cty_buf_done(&stage->pem);
    cty_buf_done(&stage->log);
    return 0;
}

/* A trust file that pins the certificate, or this text, for these addresses. */
static void trust_make(const struct stage *stage, const char *const *urls, size_t count, const char *pem,
                       struct cty_trust *ret_trust)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    struct cty_jw jw;
    cty_jw_begin(&jw, &text);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "custody_trust");
    cty_jw_u64(&jw, 1);
    cty_jw_name(&jw, "doors");
    cty_jw_object(&jw);
    for (size_t i = 0; i < count; i++) {
        cty_jw_name(&jw, urls[i]);
        cty_jw_object(&jw);
        cty_jw_name(&jw, "certificate");
        cty_jw_string(&jw, pem ? cty_bytes_text(pem) : cty_buf_bytes(&stage->pem));
        cty_jw_object_end(&jw);
    }
    cty_jw_object_end(&jw);
    cty_jw_name(&jw, "policy");
    struct cty_buf policy = CTY_BUF_INIT(1024);
    assert_ok(cty_buf_putf(&policy, "log %.*s\nquorum none\n", (int)stage->log.size, (const char *)stage->log.data));
    cty_jw_string(&jw, cty_buf_bytes(&policy));
    cty_jw_object_end(&jw);
    assert_ok(cty_jw_end(&jw));
    assert_ok(cty_trust_parse(cty_buf_bytes(&text), ret_trust, NULL));
    cty_buf_done(&policy);
    cty_buf_done(&text);
}

/* Opens a client of that address with those pins. */
static custody_err try_open(const struct stage *stage, const char *const *urls, size_t count, const char *pem,
                            const char *url, custody_error *error)
{
    static struct cty_trust trust;
    struct cty_client *client = NULL;
    trust_make(stage, urls, count, pem, &trust);
    const struct cty_client_config config = {.url = url, .trust = &trust};
    custody_err err = cty_client_open(&config, &client, error);
    cty_client_close(client);
    cty_trust_done(&trust);
    return err;
}

static void the_address_decides(void **state)
{
    const struct stage *stage = *state;
    static const char *const urls[] = {"tls+tcp://192.0.2.1:7440", "tls+tcp://[2001:DB8:0::1]:7440",
                                       "tls+tcp://localhost:7440"};
    custody_error error = {0};
    assert_ok(try_open(stage, urls, 3, NULL, "tls+tcp://localhost:7440", &error));
    assert_ok(try_open(stage, urls, 3, NULL, "tls+tcp://192.0.2.1:7440", &error));
    /* However it is spelled. */
    assert_ok(try_open(stage, urls, 3, NULL, "tls+tcp://[2001:db8::1]:7440", &error));
    /* Another port, host or name of the same host is another address. */
    assert_refused(try_open(stage, urls, 3, NULL, "tls+tcp://localhost:7441", &error), "certificate");
    assert_refused(try_open(stage, urls, 3, NULL, "tls+tcp://127.0.0.1:7440", &error), "certificate");
    assert_non_null(strstr(error.detail, "no certificate is pinned for tls+tcp://127.0.0.1:7440"));
    assert_refused(try_open(stage, urls, 0, NULL, "tls+tcp://localhost:7440", &error), "certificate");
    /* Doors without TLS need none. */
    assert_ok(try_open(stage, urls, 0, NULL, "tcp://127.0.0.1:7440", &error));
}

static void pins_that_are_of_no_use(void **state)
{
    const struct stage *stage = *state;
    static const char *const twice[] = {"tls+tcp://[2001:db8:0::1]:7440", "tls+tcp://[2001:db8::1]:7440"};
    static const char *const odd[] = {"tls+tcp://LOCALHOST:7440"};
    static const char *const one[] = {"tls+tcp://localhost:7440"};
    custody_error error = {0};
    assert_refused(try_open(stage, twice, 2, NULL, "tls+tcp://[2001:db8::1]:7440", &error), "bad-trust");
    assert_non_null(strstr(error.detail, "twice"));
    assert_refused(try_open(stage, odd, 1, NULL, "tls+tcp://localhost:7440", &error), "bad-trust");
    assert_refused(try_open(stage, one, 1, "-----BEGIN CERTIFICATE-----\n", "tls+tcp://localhost:7440", &error),
                   "certificate");
}

/* Who has no trust file yet says what the door is known by. */
static void a_pin_without_a_trust_file(void **state)
{
    const struct stage *stage = *state;
    const struct cty_net_pin pin = {.certificate = cty_buf_bytes(&stage->pem)};
    struct cty_client_config config = {.url = "tls+tcp://localhost:7440", .pin = &pin};
    struct cty_client *client = NULL;
    assert_ok(cty_client_open(&config, &client, NULL));
    cty_client_close(client);
    client = NULL;
    config.pin = NULL;
    assert_refused(cty_client_open(&config, &client, NULL), "certificate");
    assert_null(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_address_decides),
        cmocka_unit_test(pins_that_are_of_no_use),
        cmocka_unit_test(a_pin_without_a_trust_file),
    };
    return cmocka_run_group_tests(tests, stage_make, stage_free);
}
