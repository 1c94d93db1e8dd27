/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: what each member may say, what a rule of each effect may name, and where lists end. */
#include "base/limits.h"
#include "model/policy.h"
#include "model/statement_shapes.h"
#include "unit/support.h"

static struct cty_policy policy;

static custody_err parse(const char *text)
{
    struct cty_json json = CTY_JSON_INIT;
    custody_err err = cty_policy_parse(cty_bytes_text(text), &json, &policy, NULL);
    cty_json_done(&json);
    return err;
}

/* What is taken is written the same. */
static void taken(const char *text)
{
    struct cty_buf out = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    struct cty_jw jw;
    custody_err err = parse(text);
    if (err != CUSTODY_OK)
        fail_msg("%s: %s", custody_err_name(err), text);
    cty_jw_begin(&jw, &out);
    cty_shape_encode(&cty_shape_policy, NULL, &policy, &jw);
    assert_ok(cty_jw_end(&jw));
    assert_bytes_text(cty_buf_bytes(&out), text);
    cty_buf_done(&out);
}

static void refused(const char *text, const char *code)
{
    custody_err err = parse(text);
    if (strcmp(custody_err_name(err), code) != 0)
        fail_msg("%s instead of %s: %s", custody_err_name(err), code, text);
}

#define RULES(rules) "{\"admin_quorum\":1,\"rules\":[" rules "]}"
#define HOLD "\"effect\":\"hold\""

static void the_example_of_the_specification(void **state)
{
    (void)state;
    taken("{\"admin_quorum\":2,\"rules\":[{\"approvals\":2,\"effect\":\"hold\",\"match\":{\"action\":\"refund\"},"
          "\"roles\":[\"approver\"]},{\"effect\":\"pass\"}]}");
    assert_int_equal(policy.admin_quorum, 2);
    assert_int_equal(policy.rules_count, 2);
    assert_int_equal(policy.rules[0].approvals, 2);
    assert_int_equal(policy.rules[0].effect, CTY_HOLD);
    assert_true(policy.rules[0].match.present);
    assert_bytes_text(policy.rules[0].match.action, "refund");
    assert_null(policy.rules[0].match.agent.data);
    assert_bytes_text(policy.rules[0].roles.names[0], "approver");
    assert_int_equal(policy.rules[0].parties.count, 0);
    assert_int_equal(policy.rules[1].effect, CTY_PASS);
    assert_false(policy.rules[1].match.present);
}

static void every_member_comes_back(void **state)
{
    (void)state;
    taken(RULES("{\"approvals\":16,\"decide_ms\":31622400000,\"distinct_parties\":true," HOLD ",\"match\":"
                "{\"action\":\"a\",\"agent\":\"*\",\"party\":\"?\",\"priority\":\"high\",\"service\":\"s\"},"
                "\"parties\":[\"$requester\",\"$holder\",\"*\",\"acme\"],\"report_ms\":1,\"roles\":[\"a\",\"b\"],"
                "\"use_ms\":31622400000}"));
    assert_int_equal(policy.rules[0].decide_ms, CTY_PERIOD_MS_MAX);
    assert_int_equal(policy.rules[0].report_ms, 1);
    assert_int_equal(policy.rules[0].use_ms, CTY_PERIOD_MS_MAX);
    assert_true(policy.rules[0].distinct_parties);
    assert_bytes_text(policy.rules[0].match.service, "s");
    assert_bytes_text(policy.rules[0].match.party, "?");
}

/* What a hold may say beyond who decides. */
static void every_member_of_a_hold_comes_back(void **state)
{
    (void)state;
    taken(RULES("{\"approvals\":2,\"consent\":true," HOLD ",\"escalation\":{\"after_ms\":31622400000,"
                "\"parties\":[\"$holder\"],\"roles\":[\"m\"]},\"key_custody\":\"hardware\",\"ordered\":true,"
                "\"roles\":[\"a\",\"b\"],\"window_ms\":31622400000}"));
    assert_true(policy.rules[0].consent);
    assert_true(policy.rules[0].ordered);
    assert_int_equal(policy.rules[0].key_custody, CTY_KEY_HARDWARE);
    assert_int_equal(policy.rules[0].window_ms, CTY_PERIOD_MS_MAX);
    assert_true(policy.rules[0].escalation.present);
    assert_int_equal(policy.rules[0].escalation.after_ms, CTY_PERIOD_MS_MAX);
    assert_bytes_text(policy.rules[0].escalation.parties.names[0], "$holder");
    assert_bytes_text(policy.rules[0].escalation.roles.names[0], "m");
    taken(RULES("{\"approvals\":1," HOLD ",\"escalation\":{\"roles\":[\"m\"]},\"roles\":[\"a\"]}"));
    assert_int_equal(policy.rules[0].escalation.after_ms, 0);
    assert_int_equal(policy.rules[0].escalation.parties.count, 0);
    assert_int_equal(policy.rules[0].key_custody, CTY_KEY_SELF);
}

#define ONE(member) RULES("{\"approvals\":1," member HOLD ",\"roles\":[\"a\"]}")
#define BEHIND(member) RULES("{\"approvals\":1," HOLD "," member ",\"roles\":[\"a\"]}")
#define LAST(member) RULES("{\"approvals\":1," HOLD ",\"roles\":[\"a\"]," member "}")

static void what_a_hold_asks_for_has_bounds(void **state)
{
    (void)state;
    taken(ONE("\"consent\":true,"));
    refused(ONE("\"consent\":false,"), "bad-member");
    taken(BEHIND("\"ordered\":true"));
    refused(BEHIND("\"ordered\":false"), "bad-member");
    taken(BEHIND("\"key_custody\":\"hardware\""));
    refused(BEHIND("\"key_custody\":\"self\""), "bad-member");
    refused(BEHIND("\"key_custody\":\"operator\""), "bad-member");
    refused(BEHIND("\"key_custody\":\"\""), "bad-member");
    taken(LAST("\"window_ms\":1"));
    refused(LAST("\"window_ms\":0"), "bad-member");
    refused(LAST("\"window_ms\":31622400001"), "bad-member");
    taken(BEHIND("\"escalation\":{\"after_ms\":1,\"roles\":[\"m\"]}"));
    refused(BEHIND("\"escalation\":{}"), "bad-member");
    refused(BEHIND("\"escalation\":{\"after_ms\":1}"), "missing-member");
    refused(BEHIND("\"escalation\":{\"after_ms\":0,\"roles\":[\"m\"]}"), "bad-member");
    refused(BEHIND("\"escalation\":{\"after_ms\":31622400001,\"roles\":[\"m\"]}"), "bad-member");
    refused(BEHIND("\"escalation\":{\"parties\":[],\"roles\":[\"m\"]}"), "bad-member");
    refused(BEHIND("\"escalation\":{\"roles\":[]}"), "bad-member");
    refused(BEHIND("\"escalation\":{\"approvals\":1,\"roles\":[\"m\"]}"), "unknown-member");
}

/* Approval number i is by role number i, so each has one; of whom they are stands in no other order. */
static void ordered_approvals_have_a_role_each(void **state)
{
    (void)state;
    taken(RULES("{\"approvals\":2," HOLD ",\"ordered\":true,\"roles\":[\"a\",\"b\"]}"));
    taken(RULES("{\"approvals\":2," HOLD ",\"ordered\":true,\"roles\":[\"a\",\"a\"]}"));
    refused(RULES("{\"approvals\":1," HOLD ",\"ordered\":true,\"roles\":[\"a\",\"b\"]}"), "bad-member");
    refused(RULES("{\"approvals\":3," HOLD ",\"ordered\":true,\"roles\":[\"a\",\"b\"]}"), "bad-member");
    taken(RULES("{\"approvals\":2,\"distinct_parties\":true," HOLD ",\"roles\":[\"a\",\"b\"]}"));
    refused(RULES("{\"approvals\":2,\"distinct_parties\":true," HOLD ",\"ordered\":true,"
                  "\"roles\":[\"a\",\"b\"]}"), "bad-member");
}

#define RECOVERY(recovery) "{\"admin_quorum\":1,\"recovery\":" recovery ",\"rules\":[]}"

static void recovery_names_how_many_and_who(void **state)
{
    (void)state;
    taken(RECOVERY("{\"quorum\":2,\"roles\":[\"officer\",\"owner\"]}"));
    assert_true(policy.recovery.present);
    assert_int_equal(policy.recovery.quorum, 2);
    assert_bytes_text(policy.recovery.roles.names[1], "owner");
    taken(RECOVERY("{\"quorum\":7,\"roles\":[\"officer\"]}"));
    refused(RECOVERY("{\"quorum\":8,\"roles\":[\"officer\"]}"), "bad-member");
    refused(RECOVERY("{\"quorum\":0,\"roles\":[\"officer\"]}"), "bad-member");
    refused(RECOVERY("{\"quorum\":1,\"roles\":[]}"), "bad-member");
    refused(RECOVERY("{\"quorum\":1}"), "missing-member");
    refused(RECOVERY("{\"roles\":[\"officer\"]}"), "missing-member");
    refused(RECOVERY("{\"quorum\":1,\"role\":[],\"roles\":[\"officer\"]}"), "unknown-member");
    refused(RECOVERY("{}"), "bad-member");
    refused(RECOVERY("[]"), "bad-member");
    taken("{\"admin_quorum\":1,\"rules\":[]}");
    assert_false(policy.recovery.present);
}

static void no_rule_is_a_policy(void **state)
{
    (void)state;
    taken(RULES(""));
    taken(RULES("{\"effect\":\"pass\"}"));
    taken(RULES("{\"effect\":\"deny\",\"report_ms\":5,\"use_ms\":6}"));
}

static void the_quorum_of_admins(void **state)
{
    (void)state;
    refused("{\"admin_quorum\":0,\"rules\":[]}", "bad-member");
    taken("{\"admin_quorum\":7,\"rules\":[]}");
    refused("{\"admin_quorum\":8,\"rules\":[]}", "bad-member");
    refused("{\"rules\":[]}", "missing-member");
    refused("{\"admin_quorum\":1}", "missing-member");
}

static void a_hold_names_who_decides(void **state)
{
    (void)state;
    taken(RULES("{\"approvals\":1," HOLD ",\"roles\":[\"a\"]}"));
    refused(RULES("{" HOLD "}"), "bad-member");
    refused(RULES("{\"approvals\":1," HOLD "}"), "bad-member");
    refused(RULES("{" HOLD ",\"roles\":[\"a\"]}"), "bad-member");
    refused(RULES("{\"approvals\":0," HOLD ",\"roles\":[\"a\"]}"), "bad-member");
    refused(RULES("{\"approvals\":17," HOLD ",\"roles\":[\"a\"]}"), "bad-member");
    refused(RULES("{\"approvals\":1," HOLD ",\"roles\":[]}"), "bad-member");
    refused(RULES("{\"approvals\":1,\"decide_ms\":0," HOLD ",\"roles\":[\"a\"]}"), "bad-member");
    refused(RULES("{\"approvals\":1,\"decide_ms\":31622400001," HOLD ",\"roles\":[\"a\"]}"), "bad-member");
    refused(RULES("{\"approvals\":1,\"distinct_parties\":false," HOLD ",\"roles\":[\"a\"]}"), "bad-member");
    refused(RULES("{\"approvals\":1," HOLD ",\"parties\":[],\"roles\":[\"a\"]}"), "bad-member");
    refused(RULES("{\"approvals\":1," HOLD ",\"parties\":[\"ledger\"],\"roles\":[\"a\"]}"), "bad-member");
}

static void pass_and_deny_name_nobody(void **state)
{
    (void)state;
    static const char *const effects[] = {"pass", "deny"};
    static const char *const rules[] = {
        "{\"approvals\":1,\"effect\":\"%s\"}",           "{\"decide_ms\":1,\"effect\":\"%s\"}",
        "{\"distinct_parties\":true,\"effect\":\"%s\"}", "{\"effect\":\"%s\",\"parties\":[\"*\"]}",
        "{\"effect\":\"%s\",\"roles\":[\"a\"]}",      "{\"consent\":true,\"effect\":\"%s\"}",
        "{\"effect\":\"%s\",\"ordered\":true}",       "{\"effect\":\"%s\",\"window_ms\":1}",
        "{\"effect\":\"%s\",\"key_custody\":\"hardware\"}",
        "{\"effect\":\"%s\",\"escalation\":{\"roles\":[\"a\"]}}",
    };
    for (size_t e = 0; e < CTY_COUNT_OF(effects); e++) {
        for (size_t r = 0; r < CTY_COUNT_OF(rules); r++) {
            char text[200], word[8];
            const char *at = strstr(rules[r], "%s");
            snprintf(word, sizeof(word), "%s", effects[e]);
            snprintf(text, sizeof(text), "{\"admin_quorum\":1,\"rules\":[%.*s%s%s]}", (int)(at - rules[r]), rules[r],
                     word, at + 2);
            refused(text, "bad-member");
        }
    }
}

static void the_rule_is_named(void **state)
{
    (void)state;
    struct cty_json json = CTY_JSON_INIT;
    custody_error error = {CUSTODY_OK, ""};
    struct cty_bytes text = CTY_LITERAL(RULES("{\"effect\":\"pass\"},{" HOLD "}"));
    assert_refused(cty_policy_parse(text, &json, &policy, &error), "bad-member");
    assert_non_null(strstr(error.detail, "rule 2"));
    cty_json_done(&json);
}

static void members_have_one_form(void **state)
{
    (void)state;
    refused(RULES("{}"), "missing-member");
    refused(RULES("{\"effect\":\"allow\"}"), "bad-member");
    refused(RULES("{\"effect\":\"pass\",\"match\":{}}"), "bad-member");
    refused(RULES("{\"effect\":\"pass\",\"match\":{\"action\":\"\"}}"), "bad-member");
    refused(RULES("{\"effect\":\"pass\",\"match\":{\"action\":\"a b\"}}"), "bad-member");
    refused(RULES("{\"effect\":\"pass\",\"match\":{\"amount\":\"1\"}}"), "unknown-member");
    refused(RULES("{\"effect\":\"pass\",\"name\":\"x\"}"), "unknown-member");
    refused(RULES("{\"effect\":\"pass\",\"use_ms\":0}"), "bad-member");
    refused(RULES("{\"effect\":\"pass\",\"use_ms\":31622400001}"), "bad-member");
    refused(RULES("[]"), "bad-member");
    refused("[]", "bad-member");
    refused("{\"admin_quorum\":1,\"rules\":{}}", "bad-member");
    refused("{\"admin_quorum\":1,\"rules\":[],\"version\":1}", "unknown-member");
    refused("{\"rules\":[],\"admin_quorum\":1}", "payload-not-canonical");
    refused("{\"admin_quorum\":1, \"rules\":[]}", "payload-not-canonical");
}

static void list_of(struct cty_buf *out, const char *before, const char *item, unsigned count, const char *behind)
{
    cty_buf_clear(out);
    assert_ok(cty_buf_put_text(out, before));
    for (unsigned i = 0; i < count; i++)
        assert_ok(cty_buf_putf(out, "%s%s", i ? "," : "", item));
    assert_ok(cty_buf_put_text(out, behind));
}

static void lists_end_at_their_limit(void **state)
{
    (void)state;
    struct cty_buf out = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    const char *rules = "{\"admin_quorum\":1,\"rules\":[";
    list_of(&out, rules, "{\"effect\":\"pass\"}", CTY_RULES_MAX, "]}");
    taken(cty_buf_text(&out));
    list_of(&out, rules, "{\"effect\":\"pass\"}", CTY_RULES_MAX + 1, "]}");
    refused(cty_buf_text(&out), "too-large");
    const char *roles = "{\"admin_quorum\":1,\"rules\":[{\"approvals\":1," HOLD ",\"roles\":[";
    list_of(&out, roles, "\"a\"", CTY_RULE_ROLES_MAX, "]}]}");
    taken(cty_buf_text(&out));
    list_of(&out, roles, "\"a\"", CTY_RULE_ROLES_MAX + 1, "]}]}");
    refused(cty_buf_text(&out), "too-large");
    const char *parties = "{\"admin_quorum\":1,\"rules\":[{\"approvals\":1," HOLD ",\"parties\":[";
    list_of(&out, parties, "\"a\"", CTY_RULE_PARTIES_MAX, "],\"roles\":[\"a\"]}]}");
    taken(cty_buf_text(&out));
    list_of(&out, parties, "\"a\"", CTY_RULE_PARTIES_MAX + 1, "],\"roles\":[\"a\"]}]}");
    refused(cty_buf_text(&out), "too-large");
    const char *others = "{\"admin_quorum\":1,\"rules\":[{\"approvals\":1," HOLD ",\"escalation\":{\"roles\":[";
    list_of(&out, others, "\"a\"", CTY_RULE_ROLES_MAX, "]},\"roles\":[\"a\"]}]}");
    taken(cty_buf_text(&out));
    list_of(&out, others, "\"a\"", CTY_RULE_ROLES_MAX + 1, "]},\"roles\":[\"a\"]}]}");
    refused(cty_buf_text(&out), "too-large");
    const char *elsewhere = "{\"admin_quorum\":1,\"rules\":[{\"approvals\":1," HOLD ",\"escalation\":{\"parties\":[";
    list_of(&out, elsewhere, "\"a\"", CTY_RULE_PARTIES_MAX, "],\"roles\":[\"a\"]},\"roles\":[\"a\"]}]}");
    taken(cty_buf_text(&out));
    list_of(&out, elsewhere, "\"a\"", CTY_RULE_PARTIES_MAX + 1, "],\"roles\":[\"a\"]},\"roles\":[\"a\"]}]}");
    refused(cty_buf_text(&out), "too-large");
    const char *officers = "{\"admin_quorum\":1,\"recovery\":{\"quorum\":1,\"roles\":[";
    list_of(&out, officers, "\"a\"", CTY_RULE_ROLES_MAX, "]},\"rules\":[]}");
    taken(cty_buf_text(&out));
    list_of(&out, officers, "\"a\"", CTY_RULE_ROLES_MAX + 1, "]},\"rules\":[]}");
    refused(cty_buf_text(&out), "too-large");
    cty_buf_done(&out);
}

static void a_cut_policy_is_refused(void **state)
{
    (void)state;
    const char *text = RULES("{\"approvals\":1," HOLD ",\"match\":{\"agent\":\"*\"},\"roles\":[\"a\"]}");
    struct cty_json json = CTY_JSON_INIT;
    for (size_t size = 0; size < strlen(text); size++)
        assert_refused(cty_policy_parse(cty_bytes_make(text, size), &json, &policy, NULL), "bad-json");
    assert_ok(cty_policy_parse(cty_bytes_text(text), &json, &policy, NULL));
    cty_json_done(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_specification),
        cmocka_unit_test(every_member_comes_back),
        cmocka_unit_test(every_member_of_a_hold_comes_back),
        cmocka_unit_test(what_a_hold_asks_for_has_bounds),
        cmocka_unit_test(ordered_approvals_have_a_role_each),
        cmocka_unit_test(recovery_names_how_many_and_who),
        cmocka_unit_test(no_rule_is_a_policy),
        cmocka_unit_test(the_quorum_of_admins),
        cmocka_unit_test(a_hold_names_who_decides),
        cmocka_unit_test(pass_and_deny_name_nobody),
        cmocka_unit_test(the_rule_is_named),
        cmocka_unit_test(members_have_one_form),
        cmocka_unit_test(lists_end_at_their_limit),
        cmocka_unit_test(a_cut_policy_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
