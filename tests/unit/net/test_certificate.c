/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_peer.h"

#define NOW_MS ((uint64_t)1767603600123)

static custody_err make(const char *const *hosts, size_t count, uint64_t from_ms, uint64_t until_ms,
                        struct cty_buf *certificate, custody_error *error)
{
    struct cty_buf key = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    const struct cty_certificate_order order = {hosts, count, from_ms, until_ms};
    custody_err err = cty_certificate_make(&order, certificate, &key, error);
    cty_buf_done(&key);
    return err;
}

static void what_was_ordered_stands_in_it(void **state)
{
    (void)state;
    const char *const hosts[] = {"door.example.org", "a-1.b", "192.0.2.7", "2001:db8::7"};
    struct cty_buf pem = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    struct cty_certificate read;
    assert_ok(make(hosts, 4, NOW_MS, NOW_MS + 30 * DAY_MS, &pem, NULL));
    assert_ok(cty_certificate_read(cty_buf_bytes(&pem), &read, NULL));
    assert_int_equal(read.hosts_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(read.hosts[i], hosts[i]);
        assert_true(cty_certificate_is_for(&read, hosts[i]));
    }
    assert_false(cty_certificate_is_for(&read, "example.org"));
    assert_false(cty_certificate_is_for(&read, "192.0.2.8"));
    assert_int_equal(read.not_before_ms, NOW_MS / 1000 * 1000);
    assert_int_equal(read.not_after_ms, (NOW_MS + 30 * DAY_MS) / 1000 * 1000);
    assert_true(read.self_signed);
    assert_false(read.may_sign);
    cty_buf_done(&pem);
}

static void no_two_are_the_same(void **state)
{
    (void)state;
    const char *const hosts[] = {"localhost"};
    struct cty_buf pems[2] = {CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX), CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX)};
    struct cty_certificate read[2];
    for (size_t i = 0; i < 2; i++) {
        assert_ok(make(hosts, 1, NOW_MS, NOW_MS + DAY_MS, &pems[i], NULL));
        assert_ok(cty_certificate_read(cty_buf_bytes(&pems[i]), &read[i], NULL));
        cty_buf_done(&pems[i]);
    }
    assert_string_not_equal(read[0].fingerprint_text, read[1].fingerprint_text);
}

static void as_many_hosts_as_there_may_be(void **state)
{
    (void)state;
    static char names[CTY_CERTIFICATE_HOSTS_MAX + 1][101];
    const char *hosts[CTY_CERTIFICATE_HOSTS_MAX + 1];
    struct cty_buf pem = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    struct cty_certificate read;
    custody_error error = {0};
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++) {
        snprintf(names[i], sizeof(names[i]), "%02zu%.*s.%.*s", i, 48, "an-unusually-long-label-for-a-host-in-this-domain-x", 48,
                 "another-unusually-long-label-above-the-first-onexx");
        hosts[i] = names[i];
    }
    assert_ok(make(hosts, CTY_CERTIFICATE_HOSTS_MAX, NOW_MS, NOW_MS + DAY_MS, &pem, NULL));
    assert_ok(cty_certificate_read(cty_buf_bytes(&pem), &read, NULL));
    assert_int_equal(read.hosts_count, CTY_CERTIFICATE_HOSTS_MAX);
    assert_string_equal(read.hosts[CTY_CERTIFICATE_HOSTS_MAX - 1], names[CTY_CERTIFICATE_HOSTS_MAX - 1]);
    assert_refused(make(hosts, CTY_CERTIFICATE_HOSTS_MAX + 1, NOW_MS, NOW_MS + DAY_MS, &pem, &error), "usage");
    assert_refused(make(hosts, 0, NOW_MS, NOW_MS + DAY_MS, &pem, &error), "usage");
    cty_buf_done(&pem);
}

static void bad_orders(void **state)
{
    (void)state;
    const char *const bad[] = {"",        "Door.example.org", "door..org", "-door",      "door-", "door.",  "*.example.org",
                               "[::1]",   "127.1",            "1.2.3.4.5", "a b",        "a:7",   "a/b",    "a_b",
                               "d\303\266r", "tls+tcp://x:1"};
    struct cty_buf pem = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    custody_error error = {0};
    const char *const good[] = {"door"};
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++) {
        if (make(&bad[i], 1, NOW_MS, NOW_MS + DAY_MS, &pem, &error) != CUSTODY_E_USAGE)
            fail_msg("%s", bad[i]);
    }
    assert_refused(make(good, 1, NOW_MS, NOW_MS, &pem, &error), "usage");
    assert_refused(make(good, 1, NOW_MS, NOW_MS - 1000, &pem, &error), "usage");
    assert_int_equal(pem.size, 0);
    assert_ok(make(good, 1, NOW_MS, NOW_MS + 1000, &pem, &error));
    cty_buf_done(&pem);
}

static void what_others_made(void **state)
{
    (void)state;
    struct cty_certificate read;
    assert_ok(cty_certificate_read(cty_bytes_text(PEM_HERE), &read, NULL));
    assert_int_equal(read.hosts_count, 2);
    assert_string_equal(read.hosts[0], "localhost");
    assert_string_equal(read.hosts[1], "127.0.0.1");
    assert_false(read.self_signed);
    assert_ok(cty_certificate_read(cty_bytes_text(PEM_CA), &read, NULL));
    assert_true(read.self_signed);
    assert_true(read.may_sign);
    assert_int_equal(read.hosts_count, 0);
    /* A wildcard is nobody's name. */
    assert_ok(cty_certificate_read(cty_bytes_text(PEM_NAMELESS), &read, NULL));
    assert_int_equal(read.hosts_count, 0);
    assert_ok(cty_certificate_read(cty_bytes_text(PEM_OLD), &read, NULL));
    assert_int_equal(read.not_after_ms, (uint64_t)1609459200000);
    char text[CTY_CERTIFICATE_TIME_SIZE];
    cty_certificate_time_format(read.not_after_ms, text);
    assert_string_equal(text, "2021-01-01T00:00:00Z");
}

static void cut_or_too_large(void **state)
{
    (void)state;
    static char large[CTY_CERTIFICATE_BYTES_MAX + 1];
    struct cty_certificate read;
    const char *pem = PEM_HERE;
    size_t end = (size_t)(strstr(pem, "-----END CERTIFICATE-----") - pem) + strlen("-----END CERTIFICATE-----");
    for (size_t size = 0; size < end; size++)
        assert_refused(cty_certificate_read(cty_bytes_make(pem, size), &read, NULL), "certificate");
    assert_ok(cty_certificate_read(cty_bytes_make(pem, end), &read, NULL));
    memset(large, 'x', sizeof(large));
    assert_refused(cty_certificate_read(cty_bytes_make(large, sizeof(large)), &read, NULL), "too-large");
    assert_refused(cty_certificate_read(cty_bytes_text(PEM_HERE_KEY), &read, NULL), "certificate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_ordered_stands_in_it),
        cmocka_unit_test(no_two_are_the_same),
        cmocka_unit_test(as_many_hosts_as_there_may_be),
        cmocka_unit_test(bad_orders),
        cmocka_unit_test(what_others_made),
        cmocka_unit_test(cut_or_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
