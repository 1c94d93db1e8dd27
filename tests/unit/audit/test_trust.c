/* SPDX-License-Identifier: Apache-2.0 */
/* Trust files: what is accepted, and every refusal. */
#include "trusts.h"

static void accept_policy(const char *lines)
{
    static struct cty_trust trust;
    custody_error error;
    custody_err err = parse_policy(lines, &trust, &error);
    if (err != CUSTODY_OK)
        fail_msg("%s: %s", lines, error.detail);
    cty_trust_done(&trust);
}

static void refuse_policy(const char *lines, const char *detail)
{
    static struct cty_trust trust;
    custody_error error;
    assert_refused(parse_policy(lines, &trust, &error), "bad-trust");
    if (!strstr(error.detail, detail))
        fail_msg("%s: %s", lines, error.detail);
}

static void refuse(const char *text, const char *detail)
{
    static struct cty_trust trust;
    custody_error error;
    assert_refused(parse_trust(text, &trust, &error), "bad-trust");
    if (!strstr(error.detail, detail))
        fail_msg("%s: %s", text, error.detail);
}

static void accept(const char *text)
{
    static struct cty_trust trust;
    custody_error error;
    custody_err err = parse_trust(text, &trust, &error);
    if (err != CUSTODY_OK)
        fail_msg("%s: %s", text, error.detail);
    cty_trust_done(&trust);
}

static void what_is_accepted(void **state)
{
    static struct cty_trust trust;
    custody_error error;
    (void)state;
    assert_ok(parse_trust("{\"custody_trust\":1," POLICY ",\"admins\":{\"operator\":[\"<operator/ada>\",\"<operator/otto>\"],"
                    "\"acme\":[\"<acme/a>\"]},\"name\":\"acme/bot\"}",
                    &trust, &error));
    assert_bytes_text(trust.origin, WORLD_ORIGIN);
    assert_bytes_text(trust.name, "acme/bot");
    assert_memory_equal(trust.log_key.bytes, cty_secret_key(world_secret(stage->w, "log"))->bytes, 32);
    assert_int_equal(trust.policy.quorum, CTY_WITNESS_NODES_MAX);
    assert_int_equal(trust.pins_count, 3);
    assert_int_equal(cty_trust_pins_of(&trust, CTY_LITERAL("operator")), 2);
    assert_int_equal(cty_trust_pins_of(&trust, CTY_LITERAL("acme")), 1);
    assert_int_equal(cty_trust_pins_of(&trust, CTY_LITERAL("globex")), 0);
    cty_trust_done(&trust);
    cty_trust_done(NULL);
    /* Any order, and any JSON of the document dialect. */
    accept(" { \"policy\" : \"log <log>\\u000aquorum none\" ,\r\n\t\"custody_trust\":1}\n");
    accept("{\"admins\":{}," POLICY ",\"custody_trust\":1}");
}

static void policies_that_are_accepted(void **state)
{
    (void)state;
    accept_policy("log <log>\nquorum none");
    accept_policy("log <log>\nquorum none\n\n");
    accept_policy("# a comment\n\n  \t\n  # another\nlog <log>\nquorum none\n");
    accept_policy("\tlog   <log>\thttps://log.example/  \nquorum \t none  \n");
    accept_policy("quorum none\nlog <log>\n");
    accept_policy("log <log>\nwitness w0 <0>\nquorum w0\n");
    accept_policy("log <log>\nwitness w0 <0> https://w0.example\nwitness w1 <1>\ngroup g any w0 w1\nquorum g\n");
    accept_policy("log <log>\nwitness w0 <0>\nwitness w1 <1>\nwitness w2 <2>\nwitness w3 <3>\n"
                  "group a all w0 w1\ngroup b 1 w2 w3\ngroup c 2 a b\nquorum c\n");
    /* Witnesses that no quorum asks for. */
    accept_policy("log <log>\nwitness w0 <0>\nquorum none\n");
}

static void policies_that_are_refused(void **state)
{
    (void)state;
    refuse_policy("", "names no log or no quorum");
    refuse_policy("quorum none\n", "names no log or no quorum");
    refuse_policy("log <log>\n", "names no log or no quorum");
    refuse_policy("log <log>\nlog <log>\nquorum none\n", "policy line 2: a second log");
    refuse_policy("log\nquorum none\n", "policy line 1: the log's key");
    refuse_policy("log nonsense\nquorum none\n", "the log's key");
    refuse_policy("log <x>\nquorum none\n", "the log's key");
    refuse_policy("log <0>\nquorum none\n", "the log's key");
    refuse_policy("log <log> https://log.example more\nquorum none\n", "policy line 1: something stands behind");
    refuse_policy("log <log>\nquorum none\nquorum none\n", "policy line 3: a second quorum");
    refuse_policy("log <log>\nquorum\n", "quorum's name");
    refuse_policy("log <log>\nquorum w0\nwitness w0 <0>\n", "policy line 2: the quorum's name");
    refuse_policy("log <log>\nquorum none w0\n", "something stands behind");
    refuse_policy("log <log>\nwitness w0 <0>\nquorum w0 w0\n", "something stands behind");
    refuse_policy("log <log>\nwitness\nquorum none\n", "policy line 2: a name");
    refuse_policy("log <log>\nwitness none <0>\nquorum none\n", "reserved");
    refuse_policy("log <log>\nwitness w0\nquorum w0\n", "the witness's key");
    refuse_policy("log <log>\nwitness w0 nonsense\nquorum w0\n", "the witness's key");
    refuse_policy("log <log>\nwitness w0 <0e>\nquorum w0\n", "the witness's key");
    refuse_policy("log <log>\nwitness w0 <0> https://w.example more\nquorum w0\n", "something stands behind");
    refuse_policy("log <log>\nwitness w0 <0>\nwitness w0 <1>\nquorum w0\n", "defined already");
    refuse_policy("log <log>\nwitness w0 <0>\nwitness w1 <0>\nquorum w0\n", "policy line 3: a key stands twice");
    refuse_policy("log <log>\nwitness w0 <logw>\nquorum w0\n", "a witness has the log's key");
    refuse_policy("witness w0 <logw>\nlog <log>\nquorum none\n", "a witness has the log's key");
    refuse_policy("log <log>\ngroup\nquorum none\n", "a name");
    refuse_policy("log <log>\nwitness w0 <0>\ngroup w0 any w0\nquorum w0\n", "defined already");
    refuse_policy("log <log>\nwitness w0 <0>\ngroup g any\nquorum g\n", "can't be met");
    refuse_policy("log <log>\ngroup g\nquorum g\n", "any, all or a number");
    refuse_policy("log <log>\nwitness w0 <0>\ngroup g some w0\nquorum g\n", "any, all or a number");
    refuse_policy("log <log>\nwitness w0 <0>\ngroup g 01 w0\nquorum g\n", "any, all or a number");
    refuse_policy("log <log>\nwitness w0 <0>\ngroup g 0 w0\nquorum g\n", "can't be met");
    refuse_policy("log <log>\nwitness w0 <0>\ngroup g 2 w0\nquorum g\n", "can't be met");
    refuse_policy("log <log>\ngroup g any w0\nquorum g\n", "policy line 2: a member is not defined before");
    refuse_policy("log <log>\ngroup g any g\nquorum g\n", "not defined before");
    refuse_policy("log <log>\nwitness w0 <0>\ngroup g any w0 w0\nquorum g\n", "in two groups");
    refuse_policy("log <log>\nwitness w0 <0>\ngroup g any w0\ngroup h any w0\nquorum g\n", "in two groups");
    refuse_policy("log <log>\nmonitor m\nquorum none\n", "policy line 2: neither log, witness");
    refuse_policy("log <log>\nquorum none # really\n", "something stands behind");
    refuse_policy("log <log>\n\xc2\xa0quorum none\n", "neither log, witness");
}

static void too_many_names(void **state)
{
    struct cty_buf lines = CTY_BUF_INIT(1 << 20);
    static struct cty_trust trust;
    custody_error error;
    (void)state;
    assert_ok(cty_buf_put_text(&lines, "log <log>\n"));
    for (int i = 0; i < CTY_WITNESS_NODES_MAX + 1; i++) {
        char name[64];
        snprintf(name, sizeof(name), "witness.example/many%d", i);
        struct cty_secret *secret = NULL;
        struct cty_hash seed = cty_sha256(cty_bytes_text(name));
        assert_ok(cty_secret_from_seed(cty_bytes_text(name), seed.bytes, &secret));
        struct cty_buf before = CTY_BUF_INIT(1 << 20);
        assert_ok(cty_buf_put_bytes(&before, cty_buf_bytes(&lines)));
        assert_ok(cty_buf_put_text(&before, "quorum none\n"));
        assert_ok(parse_policy(cty_buf_text(&before), &trust, &error));
        assert_int_equal(trust.policy.count, i);
        cty_trust_done(&trust);
        cty_buf_done(&before);
        assert_ok(cty_buf_putf(&lines, "witness m%d ", i));
        put_key(secret, CTY_KEY_COSIGNATURE, &lines);
        assert_ok(cty_buf_put_text(&lines, "\n"));
        cty_secret_free(secret);
    }
    assert_ok(cty_buf_put_text(&lines, "quorum none\n"));
    refuse_policy(cty_buf_text(&lines), "too many witnesses");
    cty_buf_done(&lines);
}

static void members_that_are_refused(void **state)
{
    (void)state;
    refuse("", "names no log or no quorum");
    refuse("{", "not acceptable JSON");
    refuse("[]", "policy line 1: neither log, witness");
    refuse("1", "policy line 1: neither log, witness");
    refuse("{}", "custody_trust is missing");
    refuse("{" POLICY "}", "custody_trust is missing");
    refuse("{\"custody_trust\":1}", "names no log");
    refuse("{\"custody_trust\":2," POLICY "}", "custody_trust is not 1");
    refuse("{\"custody_trust\":0," POLICY "}", "custody_trust is not 1");
    refuse("{\"custody_trust\":\"1\"," POLICY "}", "custody_trust is not 1");
    refuse("{\"custody_trust\":true," POLICY "}", "custody_trust is not 1");
    refuse("{\"custody_trust\":1,\"custody_trust\":1," POLICY "}", "not acceptable JSON");
    refuse("{\"custody_trust\":1,\"policy\":7}", "unknown or not of its form");
    refuse("{\"custody_trust\":1," POLICY ",\"more\":1}", "unknown or not of its form");
    refuse("{\"custody_trust\":1," POLICY ",\"Admins\":{}}", "unknown or not of its form");
    refuse("{\"custody_trust\":1," POLICY ",\"name\":1}", "unknown or not of its form");
    refuse("{\"custody_trust\":1," POLICY ",\"name\":\"acme\"}", "unknown or not of its form");
    refuse("{\"custody_trust\":1," POLICY ",\"name\":\"\"}", "unknown or not of its form");
    refuse("{\"custody_trust\":1," POLICY ",\"name\":\"acme\\/bot\"}", "unknown or not of its form");
    refuse("{\"custody_trust\":1," POLICY ",\"admins\":[]}", "admins is not an object");
    refuse("{\"custody_trust\":1," POLICY ",\"admins\":{\"acme\":\"<acme/a>\"}}", "not an array");
    refuse("{\"custody_trust\":1," POLICY ",\"admins\":{\"acme\":[]}}", "not an array");
    refuse("{\"custody_trust\":1," POLICY ",\"admins\":{\"acm\\u0065\":[\"<acme/a>\"]}}", "not an array");
    refuse("{\"custody_trust\":1," POLICY ",\"admins\":{\"acme\":[1]}}", "not the vkey");
    refuse("{\"custody_trust\":1," POLICY ",\"admins\":{\"acme\":[\"acme/a\"]}}", "not the vkey");
    refuse("{\"custody_trust\":1," POLICY ",\"admins\":{\"acme\":[\"<operator/ada>\"]}}", "not the vkey");
    refuse("{\"custody_trust\":1," POLICY ",\"admins\":{\"acme\":[\"<0>\"]}}", "not the vkey");
    refuse("{\"custody_trust\":1," POLICY ",\"admins\":{\"acme\":[\"<acme/a>\",\"<acme/a>\"]}}", "stands twice");
    refuse("{\"custody_trust\":1," POLICY ",\"admins\":{\"acme\":[[[[[[\"<acme/a>\"]]]]]]}}", "not acceptable JSON");
}

/* A policy's own text in the place of a trust file pins the log and its witnesses, and nobody else. */
static void a_policy_alone(void **state)
{
    static struct cty_trust trust;
    custody_error error;
    (void)state;
    assert_ok(parse_trust("\n# ours\nlog <log> https://log.example/\nwitness w0 <0>\nquorum w0\n", &trust, &error));
    assert_bytes_text(trust.origin, WORLD_ORIGIN);
    assert_true(cty_key_equal(&trust.log_key, cty_secret_key(world_secret(stage->w, "log"))));
    assert_int_equal(trust.log_keys.count, 1);
    assert_int_equal(trust.policy.quorum, 0);
    assert_int_equal(trust.pins_count, 0);
    assert_int_equal(trust.doors_count, 0);
    assert_int_equal(trust.name.size, 0);
    cty_trust_done(&trust);
    refuse("log <log>\nquorum w0\n", "policy line 2: the quorum's name");
}

#define PEM "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n"
#define DOORS(text) "{\"custody_trust\":1," POLICY ",\"doors\":{" text "}}"

static void doors(void **state)
{
    static struct cty_trust trust;
    custody_error error = {0};
    (void)state;
    assert_ok(parse_trust(DOORS("\"tls+tcp://a.org:1\":{\"certificate\":\"" PEM "\"},\"tls+tcp://192.0.2.1:1\":{"
                                "\"authority\":\"\\u002d" PEM "\"}"), &trust, &error));
    assert_int_equal(trust.doors_count, 2);
    assert_bytes_text(trust.doors[0].url, "tls+tcp://a.org:1");
    assert_bytes_text(cty_buf_bytes(&trust.doors[0].certificate),
                      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_int_equal(trust.doors[0].authority.size, 0);
    assert_int_equal(trust.doors[1].certificate.size, 0);
    assert_int_equal(trust.doors[1].authority.data[0], '-');
    cty_trust_done(&trust);
    accept(DOORS(""));
    refuse("{\"custody_trust\":1," POLICY ",\"doors\":[]}", "doors is not an object");
    refuse(DOORS("\"tcp://127.0.0.1:1\":{\"certificate\":\"" PEM "\"}"), "not an address like");
    refuse(DOORS("\"tls+tcp://\":{\"certificate\":\"" PEM "\"}"), "not an address like");
    refuse(DOORS("\"tls+tcp://a b:1\":{\"certificate\":\"" PEM "\"}"), "not an address like");
    refuse(DOORS("\"tls+tcp:\\/\\/a:1\":{\"certificate\":\"" PEM "\"}"), "not an address like");
    refuse(DOORS("\"tls+tcp://a:1\":\"" PEM "\""), "needs one member");
    refuse(DOORS("\"tls+tcp://a:1\":{}"), "needs one member");
    refuse(DOORS("\"tls+tcp://a:1\":{\"sha256\":\"00\"}"), "needs one member");
    refuse(DOORS("\"tls+tcp://a:1\":{\"certificate\":\"" PEM "\",\"authority\":\"" PEM "\"}"), "needs one member");
    refuse(DOORS("\"tls+tcp://a:1\":{\"certificate\":1}"), "no string");
    refuse(DOORS("\"tls+tcp://a:1\":{\"certificate\":\"\"}"), "not in PEM form");
    refuse(DOORS("\"tls+tcp://a:1\":{\"certificate\":\"-----BEGIN CERTIFICATE----\"}"), "not in PEM form");
}

static void too_many_or_too_large_doors(void **state)
{
    static struct cty_trust trust;
    custody_error error = {0};
    (void)state;
    for (unsigned count = CTY_TRUST_DOORS_MAX; count <= CTY_TRUST_DOORS_MAX + 1; count++) {
        struct cty_buf text = CTY_BUF_INIT(1u << 20);
        expand("{\"custody_trust\":1," POLICY ",\"doors\":{", &text);
        for (unsigned i = 0; i < count; i++)
            assert_ok(cty_buf_putf(&text, "%s\"tls+tcp://a:%u\":{\"authority\":\"" PEM "\"}", i ? "," : "", i + 1));
        assert_ok(cty_buf_put_text(&text, "}}"));
        custody_err err = cty_trust_parse(cty_buf_bytes(&text), &trust, &error);
        assert_string_equal(custody_err_name(err), count > CTY_TRUST_DOORS_MAX ? "bad-trust" : "ok");
        cty_trust_done(&trust);
        cty_buf_done(&text);
    }
    for (size_t more = 0; more < 2; more++) {
        struct cty_buf text = CTY_BUF_INIT(1u << 20);
        expand("{\"custody_trust\":1," POLICY ",\"doors\":{\"tls+tcp://a:1\":{\"certificate\":\"", &text);
        size_t begin = text.size;
        assert_ok(cty_buf_put_text(&text, "-----BEGIN CERTIFICATE-----"));
        while (text.size - begin < CTY_CERTIFICATE_BYTES_MAX + more)
            assert_ok(cty_buf_put_byte(&text, 'A'));
        assert_ok(cty_buf_put_text(&text, "\"}}}"));
        custody_err err = cty_trust_parse(cty_buf_bytes(&text), &trust, &error);
        assert_string_equal(custody_err_name(err), more ? "bad-trust" : "ok");
        cty_trust_done(&trust);
        cty_buf_done(&text);
    }
}

static void limits(void **state)
{
    static struct cty_trust trust;
    custody_error error = {0};
    struct cty_buf text = CTY_BUF_INIT(4u << 20);
    (void)state;
    /* Spaces to the last byte that may be, and one more. */
    expand("{\"custody_trust\":1," POLICY "}", &text);
    while (text.size < CTY_TRUST_BYTES_MAX)
        assert_ok(cty_buf_put_byte(&text, ' '));
    assert_ok(cty_trust_parse(cty_buf_bytes(&text), &trust, &error));
    cty_trust_done(&trust);
    assert_ok(cty_buf_put_byte(&text, ' '));
    assert_refused(cty_trust_parse(cty_buf_bytes(&text), &trust, &error), "too-large");
    cty_buf_clear(&text);
    expand("{\"custody_trust\":1," POLICY ",\"admins\":{\"acme\":[", &text);
    for (int i = 0; i <= CTY_TRUST_PINS_MAX; i++) {
        char name[64];
        snprintf(name, sizeof(name), "acme/p%d", i);
        struct cty_buf whole = CTY_BUF_INIT(1 << 20);
        if (i > 0)
            assert_ok(cty_buf_put_text(&text, ","));
        assert_ok(cty_buf_put_text(&text, "\""));
        put_key(world_secret(stage->w, name), CTY_KEY_ED25519, &text);
        assert_ok(cty_buf_put_text(&text, "\""));
        assert_ok(cty_buf_put_bytes(&whole, cty_buf_bytes(&text)));
        assert_ok(cty_buf_put_text(&whole, "]}}"));
        custody_err err = cty_trust_parse(cty_buf_bytes(&whole), &trust, &error);
        assert_string_equal(custody_err_name(err), i < CTY_TRUST_PINS_MAX ? "ok" : "bad-trust");
        if (err == CUSTODY_OK)
            assert_int_equal(trust.pins_count, i + 1);
        cty_trust_done(&trust);
        cty_buf_done(&whole);
    }
    cty_buf_done(&text);
}

/* Whatever is cut off or changed is refused or read; nothing else happens. */
static void cut_and_changed(void **state)
{
    static struct cty_trust trust;
    struct cty_buf text = CTY_BUF_INIT(1 << 20);
    (void)state;
    expand("{\"custody_trust\":1,\"policy\":\"log <log>\\nwitness w0 <0>\\ngroup g 1 w0\\nquorum g\\n\",\"admins\":"
           "{\"operator\":[\"<operator/ada>\"]},\"name\":\"acme/bot\"}", &text);
    for (size_t size = 0; size < text.size; size++)
        assert_refused(cty_trust_parse(cty_bytes_make(text.data, size), &trust, NULL), "bad-trust");
    for (size_t at = 0; at < text.size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            text.data[at] ^= (uint8_t)(1u << bit);
            custody_err err = cty_trust_parse(cty_buf_bytes(&text), &trust, NULL);
            assert_true(err == CUSTODY_OK || err == CUSTODY_E_BAD_TRUST);
            if (err == CUSTODY_OK)
                cty_trust_done(&trust);
            text.data[at] ^= (uint8_t)(1u << bit);
        }
    }
    assert_ok(cty_trust_parse(cty_buf_bytes(&text), &trust, NULL));
    cty_trust_done(&trust);
    cty_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_accepted),
        cmocka_unit_test(policies_that_are_accepted),
        cmocka_unit_test(policies_that_are_refused),
        cmocka_unit_test(too_many_names),
        cmocka_unit_test(members_that_are_refused),
        cmocka_unit_test(a_policy_alone),
        cmocka_unit_test(doors),
        cmocka_unit_test(too_many_or_too_large_doors),
        cmocka_unit_test(limits),
        cmocka_unit_test(cut_and_changed),
    };
    return cmocka_run_group_tests_name("trust files", tests, trusts_begin, trusts_end);
}
