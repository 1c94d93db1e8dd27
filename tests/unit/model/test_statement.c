/* SPDX-License-Identifier: Apache-2.0 */
/* Every type: built, encoded, decoded, encoded again; and what a body as a whole may not be. */
#include "samples.h"

static void buf_cleanup(struct cty_buf *buf)
{
    cty_buf_done(buf);
}
#define AUTO_BUF CTY_CLEANUP(buf_cleanup) struct cty_buf
#define AUTO_JSON CTY_CLEANUP(cty_json_done) struct cty_json

static custody_err scan(struct cty_json *json, struct cty_bytes text)
{
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    return cty_json_scan(json, CTY_JSON_STRICT, limits, text, NULL);
}

static void round_trip(const struct cty_statement *statement)
{
    AUTO_JSON json = CTY_JSON_INIT;
    AUTO_BUF first = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    AUTO_BUF second = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    struct cty_statement decoded;
    custody_error error = {CUSTODY_OK, ""};
    assert_ok(cty_statement_encode(statement, &first));
    assert_ok(scan(&json, cty_buf_bytes(&first)));
    assert_ok(cty_statement_decode(statement->type, &json, &decoded, &error));
    assert_ok(cty_statement_encode(&decoded, &second));
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
}

static void full_statements_come_back(void **state)
{
    (void)state;
    for (int type = 0; type < CTY_TYPE_COUNT; type++)
        round_trip(&sample_get((enum cty_type)type)->statement);
}

static void minimal_statements_come_back(void **state)
{
    (void)state;
    for (int type = 0; type < CTY_TYPE_COUNT; type++) {
        struct cty_statement minimal = sample_minimal((enum cty_type)type);
        round_trip(&minimal);
    }
}

static void agents_come_back(void **state)
{
    (void)state;
    struct cty_statement statement = sample_minimal(CTY_ACTOR_ENROL);
    struct cty_enrolment *agent = &statement.u.actor_enrol.enrolment;
    agent->kind = CTY_AGENT;
    agent->owner = CTY_LITERAL("acme/alice");
    round_trip(&statement);
    agent->kind = CTY_SERVICE;
    round_trip(&statement);
}

static void names_and_payload_types(void **state)
{
    (void)state;
    assert_string_equal(cty_type_name(CTY_LEDGER_OPEN), "ledger.open");
    assert_string_equal(cty_type_payload_type(CTY_EXPIRY), "application/vnd.custody.expiry.v1+json");
    for (int i = 0; i < CTY_TYPE_COUNT; i++) {
        enum cty_type type = CTY_TYPE_COUNT;
        assert_ok(cty_type_parse(cty_bytes_text(cty_type_payload_type((enum cty_type)i)), &type));
        assert_int_equal(type, i);
    }
}

static void unknown_payload_types_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "request", "application/vnd.custody.request.v2+json", "application/vnd.custody.request.v1+jso",
        "application/vnd.custody.request.v1+json ", "Application/vnd.custody.request.v1+json",
        "application/vnd.custody.refusal.v1+json", "application/vnd.custody.session.v1+json",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++) {
        enum cty_type type = CTY_TYPE_COUNT;
        assert_refused(cty_type_parse(cty_bytes_text(texts[i]), &type), "type-unknown");
        assert_int_equal(type, CTY_TYPE_COUNT);
    }
}

static void classes_and_flags(void **state)
{
    (void)state;
    assert_string_equal(cty_type_class_name(cty_type_class_get(CTY_REQUEST)), "interaction");
    assert_string_equal(cty_type_class_name(cty_type_class_get(CTY_CONSUME)), "action");
    assert_string_equal(cty_type_class_name(cty_type_class_get(CTY_DECISION)), "delegation");
    assert_string_equal(cty_type_class_name(cty_type_class_get(CTY_RELEASE)), "transition");
    assert_string_equal(cty_type_class_name(cty_type_class_get(CTY_PARTY_ENROL)), "trust");
    assert_string_equal(cty_type_class_name(cty_type_class_get(CTY_ACTOR_ROTATE)), "trust");
    assert_string_equal(cty_type_class_name(cty_type_class_get(CTY_CUSTODIAN_ROTATE)), "trust");
    assert_string_equal(cty_type_class_name(cty_type_class_get(CTY_LEDGER_CLOSE)), "trust");
    assert_string_equal(cty_type_class_name(cty_type_class_get(CTY_QUESTION)), "interaction");
    assert_string_equal(cty_type_class_name(cty_type_class_get(CTY_OFFER)), "delegation");
    assert_string_equal(cty_type_class_name(cty_type_class_get(CTY_DECLINE)), "transition");
    assert_int_equal(cty_type_flags(CTY_REQUEST), 0);
    assert_int_equal(cty_type_flags(CTY_LEDGER_CLOSE), 0);
    assert_int_equal(cty_type_flags(CTY_ACCEPT), CTY_TYPE_CASE);
    assert_int_equal(cty_type_flags(CTY_DECISION), CTY_TYPE_CASE);
    assert_int_equal(cty_type_flags(CTY_RELEASE), CTY_TYPE_CASE | CTY_TYPE_CLERK);
}

static custody_err decode_text(enum cty_type type, const char *text)
{
    AUTO_JSON json = CTY_JSON_INIT;
    struct cty_statement decoded;
    assert_ok(scan(&json, cty_bytes_text(text)));
    return cty_statement_decode(type, &json, &decoded, NULL);
}

static void bodies_of_another_type_are_refused(void **state)
{
    (void)state;
    for (int type = 0; type < CTY_TYPE_COUNT; type++) {
        const struct sample *sample = sample_get((enum cty_type)type);
        AUTO_JSON json = CTY_JSON_INIT;
        struct cty_statement decoded;
        assert_ok(scan(&json, cty_buf_bytes(&sample->body)));
        for (int other = 0; other < CTY_TYPE_COUNT; other++) {
            custody_err err = cty_statement_decode((enum cty_type)other, &json, &decoded, NULL);
            assert_string_equal(custody_err_name(err), other == type ? "ok" : "payload-type-mismatch");
        }
    }
}

static void what_is_no_statement_is_refused(void **state)
{
    (void)state;
    assert_refused(decode_text(CTY_CANCEL, "[]"), "bad-member");
    assert_refused(decode_text(CTY_CANCEL, "\"cancel\""), "bad-member");
    assert_refused(decode_text(CTY_CANCEL, "1"), "bad-member");
    assert_refused(decode_text(CTY_CANCEL, "{}"), "missing-member");
    assert_refused(decode_text(CTY_CANCEL, "{\"type\":\"cancel\"}"), "missing-member");
    assert_refused(decode_text(CTY_CANCEL, "{\"type\":1}"), "payload-type-mismatch");
    assert_refused(decode_text(CTY_CANCEL, "{\"type\":\"expiry\"}"), "payload-type-mismatch");
}

static void a_signer_stands_once(void **state)
{
    (void)state;
    struct cty_statement statement = sample_minimal(CTY_POLICY_PUBLISH);
    AUTO_JSON json = CTY_JSON_INIT;
    AUTO_BUF body = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    struct cty_statement decoded;
    statement.signers[0] = CTY_LITERAL("acme/alice");
    statement.signers[1] = CTY_LITERAL("acme/bob");
    statement.signers[2] = CTY_LITERAL("acme/alice");
    statement.signers_count = 3;
    assert_ok(cty_statement_encode(&statement, &body));
    assert_ok(scan(&json, cty_buf_bytes(&body)));
    assert_refused(cty_statement_decode(CTY_POLICY_PUBLISH, &json, &decoded, NULL), "bad-member");
    statement.signers_count = 2;
    round_trip(&statement);
}

/* `extra` bytes spread over the globs, which have one byte each without; `*extra` falls by what was used. */
static void glob_put(struct cty_buf *policy, const char *name, size_t *extra)
{
    char glob[CTY_GLOB_BYTES_MAX + 1];
    size_t more = *extra < CTY_GLOB_BYTES_MAX - 1 ? *extra : CTY_GLOB_BYTES_MAX - 1;
    memset(glob, 'g', sizeof(glob));
    assert_ok(cty_buf_putf(policy, "\"%s\":\"%.*s\"", name, (int)more + 1, glob));
    *extra -= more;
}

/* A policy of the longest rules: the only member that can make a body as large as it may be. */
static void policy_put(struct cty_buf *policy, size_t extra)
{
    static const char *const names[] = {"action", "agent", "party", "priority", "service"};
    assert_ok(cty_buf_put_text(policy, "{\"admin_quorum\":1,\"rules\":["));
    for (unsigned i = 0; i < CTY_RULES_MAX; i++) {
        assert_ok(cty_buf_put_text(policy, i ? "," : ""));
        assert_ok(cty_buf_put_text(policy, "{\"effect\":\"pass\",\"match\":{"));
        for (size_t k = 0; k < CTY_COUNT_OF(names); k++) {
            assert_ok(cty_buf_put_text(policy, k ? "," : ""));
            glob_put(policy, names[k], &extra);
        }
        assert_ok(cty_buf_put_text(policy, "},\"report_ms\":31622400000,\"use_ms\":31622400000}"));
    }
    assert_ok(cty_buf_put_text(policy, "]}"));
    assert_int_equal(extra, 0);
}

static custody_err body_with_policy(size_t extra, struct cty_buf *body)
{
    AUTO_BUF policy = CTY_BUF_INIT(1u << 20);
    struct cty_statement statement = sample_minimal(CTY_POLICY_PUBLISH);
    policy_put(&policy, extra);
    statement.u.policy_publish.policy = cty_buf_bytes(&policy);
    cty_buf_clear(body);
    return cty_statement_encode(&statement, body);
}

static void bodies_end_at_their_limit(void **state)
{
    (void)state;
    AUTO_BUF body = CTY_BUF_INIT(1u << 20);
    AUTO_JSON json = CTY_JSON_INIT;
    struct cty_statement decoded;
    assert_ok(body_with_policy(0, &body));
    size_t extra = CTY_STATEMENT_BYTES_MAX - body.size;
    assert_ok(body_with_policy(extra, &body));
    assert_int_equal(body.size, CTY_STATEMENT_BYTES_MAX);
    assert_ok(scan(&json, cty_buf_bytes(&body)));
    assert_ok(cty_statement_decode(CTY_POLICY_PUBLISH, &json, &decoded, NULL));
    assert_refused(body_with_policy(extra + 1, &body), "too-large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_statements_come_back),
        cmocka_unit_test(minimal_statements_come_back),
        cmocka_unit_test(agents_come_back),
        cmocka_unit_test(names_and_payload_types),
        cmocka_unit_test(unknown_payload_types_are_refused),
        cmocka_unit_test(classes_and_flags),
        cmocka_unit_test(bodies_of_another_type_are_refused),
        cmocka_unit_test(what_is_no_statement_is_refused),
        cmocka_unit_test(a_signer_stands_once),
        cmocka_unit_test(bodies_end_at_their_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
