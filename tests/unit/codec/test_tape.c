/* SPDX-License-Identifier: Apache-2.0 */
/* What a scan leaves behind: the nodes, how one walks them, and what one reads from them. */
#include "unit/codec/codec.h"

static const struct cty_json_limits wide = {.depth_max = 64, .nodes_max = 1000};

static void nodes_say_what_stands_there(void **state)
{
    (void)state;
    struct cty_json json = CTY_JSON_INIT;
    assert_ok(cty_json_scan(&json, CTY_JSON_DOCUMENT, wide,
                            CTY_LITERAL(" {\"b\\u0020\" : [ 1 , \"x\\n\" ] , \"a\" : {} } "), NULL));
    const struct cty_json_node *n = json.nodes;
    assert_int_equal(json.count, 5);
    assert_int_equal(n[0].kind, CTY_JSON_OBJECT);
    assert_bytes_text(n[0].text, "{\"b\\u0020\" : [ 1 , \"x\\n\" ] , \"a\" : {} }");
    assert_int_equal(n[0].count, 2);
    assert_int_equal(n[0].next, 5);
    assert_int_equal(n[0].name.size, 0);
    assert_false(n[0].sorted);
    assert_int_equal(n[1].kind, CTY_JSON_ARRAY);
    assert_bytes_text(n[1].name, "b\\u0020");
    assert_true(n[1].name_escaped);
    assert_bytes_text(n[1].text, "[ 1 , \"x\\n\" ]");
    assert_int_equal(n[1].count, 2);
    assert_int_equal(n[1].next, 4);
    assert_int_equal(n[2].kind, CTY_JSON_NUMBER);
    assert_bytes_text(n[2].text, "1");
    assert_int_equal(n[2].name.size, 0);
    assert_false(n[2].name_escaped);
    assert_int_equal(n[3].kind, CTY_JSON_STRING);
    assert_true(n[3].escaped);
    assert_bytes_text(n[3].text, "x\\n");
    assert_int_equal(n[4].kind, CTY_JSON_OBJECT);
    assert_bytes_text(n[4].name, "a");
    assert_int_equal(n[4].count, 0);
    assert_true(n[4].sorted);
    cty_json_done(&json);
}

static void children_are_walked_in_order(void **state)
{
    (void)state;
    struct cty_json json = CTY_JSON_INIT;
    assert_ok(cty_json_scan(&json, CTY_JSON_STRICT, wide, CTY_LITERAL("[[1,[2]],{\"x\":3},4]"), NULL));
    const struct cty_json_node *root = &json.nodes[0];
    const struct cty_json_node *child = cty_json_first(&json, root);
    assert_bytes_text(child->text, "[1,[2]]");
    assert_bytes_text(cty_json_after(&json, child, cty_json_first(&json, child))->text, "[2]");
    child = cty_json_after(&json, root, child);
    assert_bytes_text(child->text, "{\"x\":3}");
    assert_null(cty_json_after(&json, child, cty_json_first(&json, child)));
    child = cty_json_after(&json, root, child);
    assert_bytes_text(child->text, "4");
    assert_null(cty_json_first(&json, child));
    assert_null(cty_json_after(&json, root, child));
    assert_ok(cty_json_scan(&json, CTY_JSON_STRICT, wide, CTY_LITERAL("[]"), NULL));
    assert_null(cty_json_first(&json, &json.nodes[0]));
    cty_json_done(&json);
}

static void members_are_found_by_value_of_name(void **state)
{
    (void)state;
    struct cty_json json = CTY_JSON_INIT;
    assert_ok(cty_json_scan(&json, CTY_JSON_DOCUMENT, wide,
                            CTY_LITERAL("{\"ab\":1,\"\\u0061\":2,\"\":3,\"o\":{\"x\":4}}"), NULL));
    const struct cty_json_node *root = &json.nodes[0];
    assert_bytes_text(cty_json_member(&json, root, "ab")->text, "1");
    assert_bytes_text(cty_json_member(&json, root, "a")->text, "2");
    assert_bytes_text(cty_json_member(&json, root, "")->text, "3");
    assert_null(cty_json_member(&json, root, "x"));
    assert_null(cty_json_member(&json, root, "abc"));
    assert_null(cty_json_member(&json, cty_json_member(&json, root, "ab"), "a"));
    assert_bytes_text(cty_json_member(&json, cty_json_member(&json, root, "o"), "x")->text, "4");
    cty_json_done(&json);
}

static void assert_value(const char *text, const char *expected)
{
    struct cty_json json = CTY_JSON_INIT;
    struct cty_buf out = CTY_BUF_INIT(256);
    assert_ok(cty_json_scan(&json, CTY_JSON_DOCUMENT, wide, cty_bytes_text(text), NULL));
    assert_ok(cty_json_string(&json.nodes[0], &out));
    assert_bytes_text(cty_buf_bytes(&out), expected);
    cty_buf_done(&out);
    cty_json_done(&json);
}

static void strings_are_unescaped(void **state)
{
    (void)state;
    assert_value("\"\"", "");
    assert_value("\"plain \xe2\x82\xac\"", "plain \xe2\x82\xac");
    assert_value("\"\\b\\t\\n\\f\\r\\\"\\\\\\/\"", "\b\t\n\f\r\"\\/");
    assert_value("\"\\u0041\\u007f\\u0080\\u07ff\\u0800\\uffff\"", "A\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf");
    assert_value("\"\\ud800\\udc00\\udbff\\udfff\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
    assert_value("\"\\n\xf0\x9f\x98\x80\xc3\xa9\"", "\n\xf0\x9f\x98\x80\xc3\xa9");
}

static void strings_are_all_or_nothing(void **state)
{
    (void)state;
    struct cty_json json = CTY_JSON_INIT;
    struct cty_buf out = CTY_BUF_INIT(5);
    assert_ok(cty_json_scan(&json, CTY_JSON_DOCUMENT, wide, CTY_LITERAL("[\"\\n\\u20ac\",1]"), NULL));
    const struct cty_json_node *string = cty_json_first(&json, &json.nodes[0]);
    assert_ok(cty_buf_put_text(&out, "kk"));
    assert_refused(cty_json_string(string, &out), "too-large");
    assert_bytes_text(cty_buf_bytes(&out), "kk");
    out.size = 1;
    assert_ok(cty_json_string(string, &out));
    assert_bytes_text(cty_buf_bytes(&out), "k\n\xe2\x82\xac");
    assert_refused(cty_json_string(&json.nodes[0], &out), "bad-member");
    assert_refused(cty_json_string(&json.nodes[2], &out), "bad-member");
    cty_buf_done(&out);
    cty_json_done(&json);
}

static custody_err u64_of(const char *text, uint64_t max, uint64_t *ret_number)
{
    struct cty_json json = CTY_JSON_INIT;
    assert_ok(cty_json_scan(&json, CTY_JSON_DOCUMENT, wide, cty_bytes_text(text), NULL));
    custody_err err = cty_json_u64(&json.nodes[0], max, ret_number);
    cty_json_done(&json);
    return err;
}

static void whole_numbers_are_read(void **state)
{
    (void)state;
    uint64_t number = 7;
    assert_ok(u64_of("0", 0, &number));
    assert_int_equal(number, 0);
    assert_ok(u64_of("9007199254740991", UINT64_MAX, &number));
    assert_int_equal(number, 9007199254740991);
    assert_ok(u64_of("10", 10, &number));
    number = 7;
    assert_refused(u64_of("11", 10, &number), "bad-member");
    assert_refused(u64_of("-1", 10, &number), "bad-member");
    assert_refused(u64_of("1.0", 10, &number), "bad-member");
    assert_refused(u64_of("1e0", 10, &number), "bad-member");
    assert_refused(u64_of("\"1\"", 10, &number), "bad-member");
    assert_refused(u64_of("true", 10, &number), "bad-member");
    assert_int_equal(number, 7);
}

/* A tape is used again and again; a refusal leaves it empty, and usable. */
static void tapes_are_used_again(void **state)
{
    (void)state;
    struct cty_json json = CTY_JSON_INIT;
    assert_ok(cty_json_scan(&json, CTY_JSON_STRICT, wide, CTY_LITERAL("[1,2]"), NULL));
    const struct cty_json_node *memory = json.nodes;
    assert_refused(cty_json_scan(&json, CTY_JSON_STRICT, wide, CTY_LITERAL("[1,2"), NULL), "bad-json");
    assert_int_equal(json.count, 0);
    assert_ok(cty_json_scan(&json, CTY_JSON_STRICT, wide, CTY_LITERAL("{\"a\":1}"), NULL));
    assert_int_equal(json.count, 2);
    assert_ptr_equal(json.nodes, memory);
    cty_json_done(&json);
    assert_null(json.nodes);
    cty_json_done(&json);
    cty_json_done(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_say_what_stands_there),
        cmocka_unit_test(children_are_walked_in_order),
        cmocka_unit_test(members_are_found_by_value_of_name),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(strings_are_all_or_nothing),
        cmocka_unit_test(strings_are_all_or_nothing),
        cmocka_unit_test(whole_numbers_are_read),
        cmocka_unit_test(tapes_are_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
