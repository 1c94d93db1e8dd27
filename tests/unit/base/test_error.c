/* SPDX-License-Identifier: Apache-2.0 */
/* The table of errors: every row is whole, every name is its own, details are escaped and cut. */
#include "unit/support.h"

static bool is_code(const char *name)
{
    if (!name[0] || name[0] == '-')
        return false;
    for (; *name; name++) {
        if (!((*name >= 'a' && *name <= 'z') || (*name == '-' && name[1] && name[1] != '-')))
            return false;
    }
    return true;
}

static void every_row_is_whole(void **state)
{
    (void)state;
    for (int i = 1; i < CUSTODY_ERR_COUNT; i++) {
        custody_err code = (custody_err)i;
        assert_true(is_code(custody_err_name(code)));
        assert_true(strlen(custody_err_sentence(code)) > 0);
        assert_true(strlen(custody_err_next(code)) > 0);
        assert_int_not_equal(custody_err_sentence(code)[strlen(custody_err_sentence(code)) - 1], '.');
        assert_int_not_equal(custody_err_next(code)[strlen(custody_err_next(code)) - 1], '.');
        assert_in_range(custody_err_class_get(code), CUSTODY_CLASS_REFUSAL, CUSTODY_CLASS_FAULT);
        assert_in_range(custody_err_http(code), 200, 599);
    }
}

/* 1 is a refusal, 3 a fault or what could not be decided, 4 usage; nothing that failed ends with 0. */
static void exit_statuses_follow_the_class(void **state)
{
    (void)state;
    for (int i = 1; i < CUSTODY_ERR_COUNT; i++) {
        custody_err code = (custody_err)i;
        int status = custody_err_exit(code);
        if (custody_err_class_get(code) == CUSTODY_CLASS_FAULT)
            assert_int_equal(status, 3);
        else
            assert_true(status == 1 || status == 4);
    }
    assert_int_equal(custody_err_exit(CUSTODY_OK), 0);
}

static void every_name_is_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < CUSTODY_ERR_COUNT; i++)
        assert_int_equal(custody_err_parse(custody_err_name((custody_err)i)), i);
}

static void ok_is_ok(void **state)
{
    (void)state;
    assert_int_equal(CUSTODY_OK, 0);
    assert_string_equal(custody_err_name(CUSTODY_OK), "ok");
    assert_string_equal(custody_err_next(CUSTODY_OK), "");
    assert_int_equal(custody_err_class_get(CUSTODY_OK), CUSTODY_CLASS_OK);
    assert_int_equal(custody_err_http(CUSTODY_OK), 200);
}

static void unknown_is_internal(void **state)
{
    (void)state;
    assert_int_equal(custody_err_parse("no-such-code"), CUSTODY_E_INTERNAL);
    assert_int_equal(custody_err_parse(""), CUSTODY_E_INTERNAL);
    assert_int_equal(custody_err_parse(NULL), CUSTODY_E_INTERNAL);
    assert_string_equal(custody_err_name(CUSTODY_ERR_COUNT), "internal");
    assert_string_equal(custody_err_name((custody_err)-1), "internal");
    assert_int_equal(custody_err_exit((custody_err)1000000), 3);
}

static void fail_keeps_code_and_detail(void **state)
{
    custody_error error = {CUSTODY_OK, ""};
    (void)state;
    assert_int_equal(cty_fail(&error, CUSTODY_E_BAD_MEMBER, "member %s", "time"), CUSTODY_E_BAD_MEMBER);
    assert_int_equal(error.code, CUSTODY_E_BAD_MEMBER);
    assert_string_equal(error.detail, "member time");
    assert_int_equal(cty_fail(NULL, CUSTODY_E_QUOTA, "%s", "nobody listens"), CUSTODY_E_QUOTA);
}

static void foreign_text_is_escaped(void **state)
{
    custody_error error = {CUSTODY_OK, ""};
    (void)state;
    (void)cty_fail(&error, CUSTODY_E_BAD_JSON, "%s", "a\n\x1b[31m\x7f\xc3\xa4~");
    assert_string_equal(error.detail, "a\\x0a\\x1b[31m\\x7f\\xc3\\xa4~");
}

static void long_detail_is_cut(void **state)
{
    custody_error error = {CUSTODY_OK, ""};
    char text[2 * CUSTODY_ERROR_DETAIL_MAX];
    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    (void)cty_fail(&error, CUSTODY_E_BAD_JSON, "%s", text);
    assert_int_equal(strlen(error.detail), CUSTODY_ERROR_DETAIL_MAX - 1);
    memset(text, '\n', sizeof(text) - 1);
    (void)cty_fail(&error, CUSTODY_E_BAD_JSON, "%s", text);
    /* An escape is kept whole or left out. */
    assert_int_equal(strlen(error.detail) % 4, 0);
    assert_true(strlen(error.detail) > CUSTODY_ERROR_DETAIL_MAX - 5);
}

static void fail_code_keeps_the_detail_of_its_own_code(void **state)
{
    custody_error error = {CUSTODY_OK, ""};
    (void)state;
    (void)cty_fail(&error, CUSTODY_E_BAD_JSON, "offset 3");
    assert_int_equal(cty_fail_code(&error, CUSTODY_E_BAD_JSON), CUSTODY_E_BAD_JSON);
    assert_string_equal(error.detail, "offset 3");
    assert_int_equal(cty_fail_code(&error, CUSTODY_E_QUOTA), CUSTODY_E_QUOTA);
    assert_int_equal(error.code, CUSTODY_E_QUOTA);
    assert_string_equal(error.detail, "");
    assert_int_equal(cty_fail_code(NULL, CUSTODY_E_QUOTA), CUSTODY_E_QUOTA);
}

static custody_err try_it(custody_err first, int *ret_reached)
{
    *ret_reached = 0;
    CTY_TRY(first);
    *ret_reached = 1;
    return CUSTODY_E_QUOTA;
}

static custody_err try_out(custody_err first, int *ret_cleaned)
{
    custody_err err = CUSTODY_E_INTERNAL;
    CTY_TRY_OUT(first);
    err = CUSTODY_E_QUOTA;
out:
    *ret_cleaned = 1;
    return err;
}

static void try_returns_the_first_error(void **state)
{
    int reached = 0, cleaned = 0;
    (void)state;
    assert_refused(try_it(CUSTODY_E_BAD_JSON, &reached), "bad-json");
    assert_int_equal(reached, 0);
    assert_refused(try_it(CUSTODY_OK, &reached), "quota");
    assert_int_equal(reached, 1);
    assert_refused(try_out(CUSTODY_E_BAD_JSON, &cleaned), "bad-json");
    assert_int_equal(cleaned, 1);
    assert_refused(try_out(CUSTODY_OK, &cleaned), "quota");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(exit_statuses_follow_the_class),
        cmocka_unit_test(every_name_is_its_own),
        cmocka_unit_test(ok_is_ok),
        cmocka_unit_test(unknown_is_internal),
        cmocka_unit_test(fail_keeps_code_and_detail),
        cmocka_unit_test(foreign_text_is_escaped),
        cmocka_unit_test(long_detail_is_cut),
        cmocka_unit_test(fail_code_keeps_the_detail_of_its_own_code),
        cmocka_unit_test(try_returns_the_first_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
