/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vectors of json-patch-tests. Two of the records that are disabled there hold a member twice, so that
 * the files as wholes are no JSON for us: each record is cut out and scanned by itself.
 */
#include "codec/patch.h"
#include "unit/codec/codec.h"

struct tally {
    size_t applied;
    size_t refused;
    size_t disabled;
};

static struct cty_bytes value_of(const struct cty_json *json, const char *name)
{
    const struct cty_json_node *node = cty_json_member(json, &json->nodes[0], name);
    if (!node)
        return cty_bytes_make(NULL, 0);
    bool string = node->kind == CTY_JSON_STRING;
    return cty_bytes_make(node->text.data - string, node->text.size + 2 * string);
}

static void record_apply(const struct cty_json *json, struct tally *tally)
{
    struct cty_buf out = CTY_BUF_INIT(1u << 16), expected = CTY_BUF_INIT(1u << 16);
    struct cty_bytes text = json->nodes[0].text, wanted = value_of(json, "expected");
    custody_error error = {0};
    custody_err err = cty_patch_apply(value_of(json, "doc"), value_of(json, "patch"), &out, &error);
    bool refused = err == CUSTODY_E_BAD_PATCH || err == CUSTODY_E_BAD_POINTER;
    if (value_of(json, "error").size ? !refused : err != CUSTODY_OK)
        fail_msg("%s %s: %.*s", custody_err_name(err), error.detail, (int)text.size, (const char *)text.data);
    if (refused)
        assert_memory_equal(error.detail, "operation ", 10);
    tally->refused += refused;
    tally->applied += !refused;
    if (wanted.size && !refused) {
        assert_ok(canonical(wanted, &expected));
        assert_string_equal(cty_buf_text(&out), cty_buf_text(&expected));
    }
    cty_buf_done(&out);
    cty_buf_done(&expected);
}

static void record_check(struct cty_bytes text, struct tally *tally)
{
    static const char disabled[] = "\"disabled\": true";
    struct cty_json json = CTY_JSON_INIT;
    struct cty_json_limits limits = {.depth_max = 64, .nodes_max = 1000};
    custody_err err = cty_json_scan(&json, CTY_JSON_DOCUMENT, limits, text, NULL);
    if (memmem(text.data, text.size, disabled, sizeof(disabled) - 1)) {
        assert_true(err == CUSTODY_OK || err == CUSTODY_E_DUPLICATE_MEMBER);
        tally->disabled++;
    } else {
        assert_ok(err);
        if (cty_json_member(&json, &json.nodes[0], "patch"))
            record_apply(&json, tally);
    }
    cty_json_done(&json);
}

/* Cuts the elements out of the file's array by counting brackets outside of strings. */
static struct tally file_check(const char *name)
{
    struct cty_buf file;
    struct tally tally = {0};
    size_t depth = 0, from = 0;
    bool string = false;
    vector_read(name, &file);
    for (size_t i = 0; i < file.size; i++) {
        uint8_t c = file.data[i];
        if (string && c == '\\')
            i++;
        else if (c == '"')
            string = !string;
        else if (!string && (c == '{' || c == '[') && depth++ == 1)
            from = i;
        else if (!string && (c == '}' || c == ']') && --depth == 1)
            record_check(cty_bytes_make(file.data + from, i + 1 - from), &tally);
    }
    cty_buf_done(&file);
    return tally;
}

static void tests_agree(void **state)
{
    (void)state;
    struct tally tally = file_check("json-patch-tests/tests.json");
    assert_int_equal(tally.applied + tally.refused + tally.disabled, 95);
    assert_int_equal(tally.refused, 30);
    assert_int_equal(tally.disabled, 3);
}

static void spec_tests_agree(void **state)
{
    (void)state;
    struct tally tally = file_check("json-patch-tests/spec_tests.json");
    assert_int_equal(tally.applied + tally.refused + tally.disabled, 17);
    assert_int_equal(tally.refused, 4);
    assert_int_equal(tally.disabled, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tests_agree),
        cmocka_unit_test(spec_tests_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
