/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/support.h"

#include "net/url.h"

static void expect(const char *text, bool listening, const char *canonical)
{
    struct cty_net_url url;
    custody_error error = {0};
    custody_err err = cty_net_url_parse(text, listening, &url, &error);
    if (err != CUSTODY_OK)
        fail_msg("%s: %s", text, error.detail);
    assert_string_equal(url.text, canonical);
}

static void expect_refusal(const char *text, bool listening, const char *words)
{
    struct cty_net_url url;
    custody_error error = {0};
    assert_refused(cty_net_url_parse(text, listening, &url, &error), "config");
    if (!strstr(error.detail, words))
        fail_msg("%s: %s", text, error.detail);
}

static void addresses_on_this_machine(void **state)
{
    (void)state;
    expect("ipc:///run/custody/door", false, "ipc:///run/custody/door");
    expect("tcp://127.0.0.1:7000", false, "tcp://127.0.0.1:7000");
    expect("tcp://127.255.3.9:65535", false, "tcp://127.255.3.9:65535");
    expect("tcp://localhost:7000", false, "tcp://127.0.0.1:7000");
    expect("tcp://[::1]:7000", false, "tcp://[::1]:7000");
    expect("tcp://[0:0::0:1]:7000", false, "tcp://[::1]:7000");
    expect("tcp://127.0.0.1:0", true, "tcp://127.0.0.1:0");
}

static void addresses_beyond_need_tls(void **state)
{
    (void)state;
    const char *const beyond[] = {
        "tcp://10.0.0.1:7000",          "tcp://0.0.0.0:7000",         "tcp://*:7000",
        "tcp://128.0.0.1:7000",         "tcp://[::]:7000",            "tcp://[::ffff:127.0.0.1]:7000",
        "tcp://[2001:db8::1]:7000",     "tcp://::1:7000",             "tcp://custody.example.com:7000",
        "tcp://localhost.:7000",        "tcp://LOCALHOST:7000",       "tcp://127.1:7000",
        "tcp://127.0.0.01:7000",        "tcp://2130706433:7000",      "tcp://lo;127.0.0.1:7000",
        "tcp://user@127.0.0.1:7000",    "tcp://[127.0.0.1]:7000",     "tcp://[]:7000",
        "tcp://[::1:7000",              "tcp:// 127.0.0.1:7000",      "tcp4://127.0.0.1:7000",
        "tls://127.0.0.1:7000",         "ws://127.0.0.1:7000/",       "inproc://x",
        "abstract://x",                 "unix:///run/custody/door",   "",
        "tcp://a.name.that.is.longer.than.any.address.that.could.be.right.in.this.place.here.ok:1",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(beyond); i++)
        expect_refusal(beyond[i], true, "beyond loopback needs TLS");
}

static void addresses_with_tls(void **state)
{
    (void)state;
    expect("tls+tcp://127.0.0.1:7000", false, "tls+tcp://127.0.0.1:7000");
    expect("tls+tcp://192.0.2.7:7000", true, "tls+tcp://192.0.2.7:7000");
    expect("tls+tcp://0.0.0.0:0", true, "tls+tcp://0.0.0.0:0");
    expect("tls+tcp://[::]:7000", true, "tls+tcp://[::]:7000");
    expect("tls+tcp://[2001:DB8:0::7]:7000", false, "tls+tcp://[2001:db8::7]:7000");
    expect("tls+tcp://localhost:7000", false, "tls+tcp://localhost:7000");
    expect("tls+tcp://custody-1.example.org:7000", false, "tls+tcp://custody-1.example.org:7000");
    expect_refusal("tls+tcp://custody.example.org:7000", true, "in numbers");
    expect_refusal("tls+tcp://0.0.0.0:7000", false, "not dial it");
    expect_refusal("tls+tcp://[::]:7000", false, "not dial it");
    const char *const bad[] = {
        "tls+tcp://Custody.example.org:1", "tls+tcp://custody..org:1", "tls+tcp://-a.org:1",   "tls+tcp://a-.org:1",
        "tls+tcp://custody.org.:1",        "tls+tcp://127.1:1",        "tls+tcp://2130706433:1", "tls+tcp://a_b:1",
        "tls+tcp://lo;127.0.0.1:1",        "tls+tcp://user@a.org:1",   "tls+tcp://::1:1",      "tls+tcp://[fe80::1]:1",
        "tls+tcp://[::ffff:127.0.0.1]:1",  "tls+tcp://*:1",            "tls+tcp://a b:1",      "tls+tcp://[::1:1",
        "tls+tcp://[ff02::1]:1",           "tls+tcp://a.127:1",        "tls+tcp://[]:1",       "tls+tcp:///a.org:1",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++)
        expect_refusal(bad[i], false, "neither an address nor a name");
    expect_refusal("tls+tcp://a.name.that.is.longer.than.any.address.that.could.be.right.in.this.place.here.ok.and.then"
                   ".some.more.and.more:1", false, "too long");
    expect_refusal("tls+tcp://127.0.0.1", false, "write tls+tcp://HOST:PORT");
    expect_refusal("tls+tcp://127.0.0.1:65536", false, "port");
}

static void what_the_stream_is_given(void **state)
{
    (void)state;
    struct cty_net_url url;
    assert_ok(cty_net_url_parse("tls+tcp://[::1]:7000", false, &url, NULL));
    assert_true(url.tls);
    assert_false(url.is_name);
    assert_string_equal(url.host, "::1");
    assert_string_equal(cty_net_url_stream(&url), "tcp://[::1]:7000");
    assert_ok(cty_net_url_parse("tls+tcp://a.org:7000", false, &url, NULL));
    assert_true(url.is_name);
    assert_string_equal(url.host, "a.org");
    assert_int_equal(url.port, 7000);
    assert_ok(cty_net_url_parse("ipc:///a", false, &url, NULL));
    assert_false(url.tls);
    assert_string_equal(cty_net_url_stream(&url), "ipc:///a");
}

static void ports(void **state)
{
    (void)state;
    const char *const bad[] = {"tcp://127.0.0.1:65536", "tcp://127.0.0.1:-1", "tcp://127.0.0.1:",
                               "tcp://127.0.0.1:07000", "tcp://127.0.0.1:7000/", "tcp://127.0.0.1:7000?x"};
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++)
        expect_refusal(bad[i], true, "port");
    expect_refusal("tcp://127.0.0.1:0", false, "port");
    expect_refusal("tcp://127.0.0.1", true, "HOST:PORT");
    expect_refusal("tcp://:7000", true, "HOST:PORT");
}

static void paths(void **state)
{
    (void)state;
    char longest[6 + CTY_NET_PATH_BYTES_MAX + 2] = "ipc:///";
    memset(longest + 7, 'x', CTY_NET_PATH_BYTES_MAX - 1);
    longest[6 + CTY_NET_PATH_BYTES_MAX] = 0;
    expect(longest, true, longest);
    longest[6 + CTY_NET_PATH_BYTES_MAX] = 'x';
    longest[7 + CTY_NET_PATH_BYTES_MAX] = 0;
    expect_refusal(longest, true, "107");
    expect_refusal("ipc://door", true, "absolute");
    expect_refusal("ipc://", true, "absolute");
    expect_refusal("ipc:///run/", true, "file");
    /* What a session could not name. */
    expect_refusal("ipc:///run/my door", true, "no spaces");
    expect_refusal("ipc:///run/door\n", true, "no spaces");
    expect_refusal("ipc:///run/d\303\266r", true, "printable ASCII");
    expect_refusal("ipc:///run/\"door\"", true, "quotes");
}

/* However long the address is, the reason is whole, and the address begins as it was written. */
static void the_reason_is_never_cut(void **state)
{
    (void)state;
    char text[400] = "ipc:///";
    struct cty_net_url url;
    custody_error error = {0};
    memset(text + 7, 'x', sizeof(text) - 8);
    assert_refused(cty_net_url_parse(text, true, &url, &error), "config");
    assert_non_null(strstr(error.detail, "the path is longer than 107 bytes: ipc:///xxx"));
}

static void the_true_port(void **state)
{
    (void)state;
    struct cty_net_url url;
    assert_ok(cty_net_url_parse("tcp://[::1]:0", true, &url, NULL));
    cty_net_url_set_port(&url, 40123);
    assert_string_equal(url.text, "tcp://[::1]:40123");
}

static void those_of_http_are_told_apart(void **state)
{
    static const char *const others[] = {"", "http:/", "http", "httpx://a", "HTTP://a", "tls+tcp://a:1", "ipc:///http://", " http://a"};
    (void)state;
    assert_true(cty_net_url_is_http("http://a"));
    assert_true(cty_net_url_is_http("https://a"));
    for (size_t i = 0; i < CTY_COUNT_OF(others); i++)
        assert_false(cty_net_url_is_http(others[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_of_http_are_told_apart),
        cmocka_unit_test(addresses_on_this_machine),
        cmocka_unit_test(addresses_beyond_need_tls),
        cmocka_unit_test(addresses_with_tls),
        cmocka_unit_test(what_the_stream_is_given),
        cmocka_unit_test(ports),
        cmocka_unit_test(paths),
        cmocka_unit_test(the_reason_is_never_cut),
        cmocka_unit_test(the_true_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
