/* SPDX-License-Identifier: Apache-2.0 */
/* TLS doors and those who dial them: whom they accept, and what is said where they don't. */
#include "tls_peer.h"

#include <unistd.h>

static void expect_refused(const char *url, struct cty_net_pin pin, const char *code, const char *words)
{
    custody_error error = {0};
    uint64_t began = now_ms();
    if (strcmp(custody_err_name(ask(url, pin, CTY_LITERAL("secret"), NULL, &error)), code) != 0)
        fail_msg("%s: %s", custody_err_name(error.code), error.detail);
    if (!strstr(error.detail, words))
        fail_msg("'%s' is not in: %s", words, error.detail);
    assert_true(now_ms() - began < PATIENCE_MS / 2);
}

static void messages_of_any_size(void **state)
{
    (void)state;
    static uint8_t big[CTY_MESSAGE_BYTES_MAX];
    const size_t sizes[] = {0, 1, 16383, 16384, 16385, 70000, sizeof(big)};
    struct pair pair;
    struct rig rig;
    struct cty_net_client *client = NULL;
    pair_make(&pair);
    rig_open_tls(&rig, (struct cty_net_server_config){0}, &pair, false);
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (uint8_t)(i * 7);
    const struct cty_net_client_config config = {.url = rig.url, .pin = pair_pin(&pair)};
    assert_ok(cty_net_client_open(&config, &client, NULL));
    for (size_t i = 0; i < CTY_COUNT_OF(sizes); i++) {
        struct cty_buf reply = CTY_BUF_INIT(sizeof(big));
        assert_ok(cty_net_client_call(client, cty_bytes_make(big, sizes[i]), PATIENCE_MS, &reply, NULL));
        assert_true(cty_bytes_equal(cty_buf_bytes(&reply), cty_bytes_make(big, sizes[i])));
        cty_buf_done(&reply);
    }
    /* One connection served them all. */
    assert_int_equal(rig_counts(&rig).accepted, 1);
    cty_net_client_close(client);
    rig_close(&rig);
    pair_done(&pair);
}

static void by_name_and_by_either_kind_of_address(void **state)
{
    (void)state;
    struct pair pair;
    struct rig rig;
    char url[CTY_URL_BYTES_MAX + 1];
    pair_make(&pair);
    rig_open_tls(&rig, (struct cty_net_server_config){0}, &pair, false);
    expect_echo(rig.url, pair_pin(&pair));
    url_with(rig.url, "tls+tcp://localhost", url);
    expect_echo(url, pair_pin(&pair));
    rig_close(&rig);
    const struct cty_net_server_config config = {.certificate = cty_buf_bytes(&pair.certificate),
                                                 .certificate_key = cty_buf_bytes(&pair.key)};
    rig_open(&rig, config, "tls+tcp://[::1]:0", false);
    expect_echo(rig.url, pair_pin(&pair));
    rig_close(&rig);
    rig_open(&rig, config, "tls+tcp://0.0.0.0:0", false);
    assert_non_null(strstr(rig.url, "tls+tcp://0.0.0.0:"));
    url_with(rig.url, "tls+tcp://127.0.0.1", url);
    expect_echo(url, pair_pin(&pair));
    rig_close(&rig);
    pair_done(&pair);
}

static void an_unknown_name_is_unreachable(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair);
    expect_refused("tls+tcp://no-such-host.invalid:7000", pair_pin(&pair), "unreachable", "no-such-host.invalid");
    pair_done(&pair);
}

static void another_certificate(void **state)
{
    (void)state;
    struct pair pair, other;
    struct rig rig;
    struct cty_certificate read;
    pair_make(&pair);
    pair_make(&other);
    rig_open_tls(&rig, (struct cty_net_server_config){0}, &pair, false);
    expect_refused(rig.url, pair_pin(&other), "certificate", "pinned is");
    assert_ok(cty_certificate_read(cty_buf_bytes(&pair.certificate), &read, NULL));
    expect_refused(rig.url, pair_pin(&other), "certificate", read.fingerprint_text);
    expect_echo(rig.url, pair_pin(&pair));
    /* Nothing of ours came through. */
    assert_int_equal(rig.message_count, 1);
    rig_close(&rig);
    pair_done(&pair);
    pair_done(&other);
}

/* A door with what openssl made. */
static void open_with(struct rig *rig, const char *certificate, const char *key)
{
    const struct cty_net_server_config config = {.certificate = cty_bytes_text(certificate),
                                                 .certificate_key = cty_bytes_text(key)};
    rig_open(rig, config, "tls+tcp://127.0.0.1:0", false);
}

static struct cty_net_pin pinned(const char *certificate)
{
    return (struct cty_net_pin){.certificate = cty_bytes_text(certificate)};
}

static struct cty_net_pin signed_by(const char *authority)
{
    return (struct cty_net_pin){.authority = cty_bytes_text(authority)};
}

static void what_a_pinned_certificate_signed_is_another(void **state)
{
    (void)state;
    struct rig rig;
    open_with(&rig, PEM_SIGNED_BY_LEAF PEM_LEAFSIGNER, PEM_SIGNED_BY_LEAF_KEY);
    expect_refused(rig.url, pinned(PEM_LEAFSIGNER), "certificate", "pinned is");
    /* Neither where it is taken for an authority: it isn't one. */
    expect_refused(rig.url, signed_by(PEM_LEAFSIGNER), "certificate", "no pinned authority");
    expect_echo(rig.url, pinned(PEM_SIGNED_BY_LEAF));
    rig_close(&rig);
    open_with(&rig, PEM_LEAFSIGNER, PEM_LEAFSIGNER_KEY);
    expect_echo(rig.url, pinned(PEM_LEAFSIGNER));
    expect_echo(rig.url, signed_by(PEM_LEAFSIGNER));
    rig_close(&rig);
    /* An authority that is pinned as the certificate is that certificate only. */
    open_with(&rig, PEM_HERE, PEM_HERE_KEY);
    expect_refused(rig.url, pinned(PEM_CA), "certificate", "pinned is");
    expect_echo(rig.url, pinned(PEM_HERE));
    rig_close(&rig);
}

static void authorities_and_hosts(void **state)
{
    (void)state;
    struct rig rig;
    char url[CTY_URL_BYTES_MAX + 1];
    open_with(&rig, PEM_HERE, PEM_HERE_KEY);
    url_with(rig.url, "tls+tcp://localhost", url);
    expect_echo(rig.url, signed_by(PEM_CA));
    expect_echo(url, signed_by(PEM_CA));
    expect_echo(url, signed_by(PEM_OTHER_CA PEM_CA));
    expect_refused(url, signed_by(PEM_OTHER_CA), "certificate", "no pinned authority");
    rig_close(&rig);
    open_with(&rig, PEM_ELSEWHERE, PEM_ELSEWHERE_KEY);
    url_with(rig.url, "tls+tcp://localhost", url);
    expect_refused(rig.url, signed_by(PEM_CA), "certificate", "it is not for 127.0.0.1");
    expect_refused(url, signed_by(PEM_CA), "certificate", "it is not for localhost");
    expect_echo(url, pinned(PEM_ELSEWHERE));
    rig_close(&rig);
    /* Neither the subject nor a wildcard stands for a name. */
    open_with(&rig, PEM_NAMELESS, PEM_NAMELESS_KEY);
    url_with(rig.url, "tls+tcp://localhost", url);
    expect_refused(url, signed_by(PEM_CA), "certificate", "it is not for localhost");
    rig_close(&rig);
}

static void dates_count(void **state)
{
    (void)state;
    struct pair pair;
    struct rig rig;
    pair_make_for(&pair, -9, -2);
    rig_open_tls(&rig, (struct cty_net_server_config){0}, &pair, false);
    expect_refused(rig.url, pair_pin(&pair), "certificate", "it ended at 20");
    rig_close(&rig);
    pair_done(&pair);
    pair_make_for(&pair, 1, 2);
    rig_open_tls(&rig, (struct cty_net_server_config){0}, &pair, false);
    expect_refused(rig.url, pair_pin(&pair), "certificate", "it begins only at 20");
    rig_close(&rig);
    pair_done(&pair);
    open_with(&rig, PEM_OLD, PEM_OLD_KEY);
    expect_refused(rig.url, signed_by(PEM_CA), "certificate", "it ended at 2021-01-01T00:00:00Z");
    expect_refused(rig.url, pinned(PEM_OLD), "certificate", "it ended at 2021-01-01T00:00:00Z");
    rig_close(&rig);
}

static void rsa_keys_do(void **state)
{
    (void)state;
    struct rig rig;
    open_with(&rig, PEM_RSA, PEM_RSA_KEY);
    expect_echo(rig.url, pinned(PEM_RSA));
    rig_close(&rig);
}

static void nothing_is_dialled_without_a_pin(void **state)
{
    (void)state;
    struct pair pair;
    struct rig rig;
    pair_make(&pair);
    rig_open_tls(&rig, (struct cty_net_server_config){0}, &pair, false);
    expect_refused(rig.url, (struct cty_net_pin){0}, "certificate", "no certificate is pinned for tls+tcp://127.0.0.1:");
    expect_refused(rig.url, pinned("no PEM"), "certificate", "no certificate in PEM");
    expect_refused(rig.url, pinned("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "certificate",
                   "no certificate");
    expect_refused(rig.url, pinned(PEM_HERE PEM_CA), "certificate", "several");
    struct cty_net_pin both = {cty_bytes_text(PEM_HERE), cty_bytes_text(PEM_CA)};
    expect_refused(rig.url, both, "certificate", "no certificate is pinned");
    assert_int_equal(rig_counts(&rig).accepted, 0);
    expect_echo(rig.url, pair_pin(&pair));
    rig_close(&rig);
    pair_done(&pair);
}

static void tls_at_a_plain_door_and_plain_at_a_tls_door(void **state)
{
    (void)state;
    struct pair pair;
    struct rig rig;
    char url[CTY_URL_BYTES_MAX + 1];
    pair_make(&pair);
    rig_open(&rig, (struct cty_net_server_config){0}, "tcp://127.0.0.1:0", false);
    url_with(rig.url, "tls+tcp://127.0.0.1", url);
    expect_refused(url, pair_pin(&pair), "tls", "speaks no TLS");
    expect_echo(rig.url, (struct cty_net_pin){0});
    rig_close(&rig);
    rig_open_tls(&rig, (struct cty_net_server_config){0}, &pair, false);
    url_with(rig.url, "tcp://127.0.0.1", url);
    expect_refused(url, (struct cty_net_pin){0}, "tls", "speaks TLS");
    wait_until(rig_counts(&rig).broken == 1);
    expect_echo(rig.url, pair_pin(&pair));
    assert_int_equal(rig.message_count, 1);
    rig_close(&rig);
    pair_done(&pair);
}

static void expect_no_door(const char *url, const char *certificate, const char *key, const char *code,
                           const char *words)
{
    static const struct cty_net_server_ops none = {0};
    const char *const urls[] = {url};
    const struct cty_net_server_config config = {.urls = urls, .url_count = 1,
                                                 .certificate = cty_bytes_text(certificate),
                                                 .certificate_key = cty_bytes_text(key)};
    struct cty_net_server *server = NULL;
    custody_error error = {0};
    assert_refused(cty_net_server_open(&config, &none, NULL, &server, &error), code);
    if (!strstr(error.detail, words))
        fail_msg("'%s' is not in: %s", words, error.detail);
}

static void doors_that_do_not_open(void **state)
{
    (void)state;
    const char *url = "tls+tcp://127.0.0.1:0";
    expect_no_door(url, NULL, NULL, "config", "needs a certificate");
    expect_no_door(url, PEM_HERE, NULL, "config", "no private key");
    expect_no_door(url, PEM_HERE, "nonsense", "config", "no private key");
    expect_no_door(url, PEM_HERE, PEM_ELSEWHERE_KEY, "config", "not the certificate's");
    expect_no_door(url, PEM_RSA, PEM_HERE_KEY, "config", "not the certificate's");
    expect_no_door(url, PEM_HERE, PEM_LOCKED_KEY, "config", "passphrase");
    expect_no_door(url, "nonsense", PEM_HERE_KEY, "certificate", "PEM");
    expect_no_door(url, PEM_FOR_CLIENTS, PEM_FOR_CLIENTS_KEY, "certificate", "not for servers");
    expect_no_door("tls+tcp://localhost:0", PEM_HERE, PEM_HERE_KEY, "config", "in numbers");
    expect_no_door("tcp://0.0.0.0:0", PEM_HERE, PEM_HERE_KEY, "config", "beyond loopback needs TLS");
    struct rig rig;
    open_with(&rig, PEM_HERE, PEM_HERE_KEY);
    expect_echo(rig.url, pinned(PEM_HERE));
    rig_close(&rig);
}

static void what_the_door_showed(void **state)
{
    (void)state;
    struct rig rig;
    struct cty_net_client *client = NULL;
    struct cty_certificate read;
    uint8_t shown[CTY_FINGERPRINT_BYTES];
    struct cty_buf reply = CTY_BUF_INIT(64);
    open_with(&rig, PEM_HERE, PEM_HERE_KEY);
    const struct cty_net_client_config config = {.url = rig.url, .pin = signed_by(PEM_CA)};
    assert_ok(cty_net_client_open(&config, &client, NULL));
    assert_false(cty_net_client_shown(client, shown));
    assert_ok(cty_net_client_call(client, CTY_LITERAL("x"), PATIENCE_MS, &reply, NULL));
    assert_true(cty_net_client_shown(client, shown));
    assert_ok(cty_certificate_read(cty_bytes_text(PEM_HERE), &read, NULL));
    assert_memory_equal(shown, read.fingerprint, sizeof(shown));
    cty_buf_done(&reply);
    cty_net_client_close(client);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_any_size),
        cmocka_unit_test(by_name_and_by_either_kind_of_address),
        cmocka_unit_test(an_unknown_name_is_unreachable),
        cmocka_unit_test(another_certificate),
        cmocka_unit_test(what_a_pinned_certificate_signed_is_another),
        cmocka_unit_test(authorities_and_hosts),
        cmocka_unit_test(dates_count),
        cmocka_unit_test(rsa_keys_do),
        cmocka_unit_test(nothing_is_dialled_without_a_pin),
        cmocka_unit_test(tls_at_a_plain_door_and_plain_at_a_tls_door),
        cmocka_unit_test(doors_that_do_not_open),
        cmocka_unit_test(what_the_door_showed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
