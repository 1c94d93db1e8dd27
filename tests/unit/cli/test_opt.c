/* SPDX-License-Identifier: Apache-2.0 */
/* The table of options reads a command line, and refuses what it doesn't know. */
#include "cli/opt.h"
#include "unit/support.h"

static const struct cty_opt table[] = {
    {"out", 'o', CTY_OPT_TEXT, "FILE", "where to"},
    {"yes", 'y', CTY_OPT_FLAG, NULL, "sure"},
    {"set", 0, CTY_OPT_LIST, "X", "again and again"},
    {NULL},
};

struct line {
    struct cty_args args;
    custody_error error;
};

static custody_err parse(struct line *line, const char *const *words)
{
    int count = 0;
    memset(line, 0, sizeof(*line));
    while (words[count])
        count++;
    cty_args_know(&line->args, table);
    return cty_args_parse(&line->args, count, (char *const *)(uintptr_t)words, &line->error);
}
#define PARSE(line, ...) parse(line, (const char *const[]){__VA_ARGS__, NULL})

static void every_form_is_read(void **state)
{
    struct line line;
    (void)state;
    assert_ok(PARSE(&line, "a", "--out", "f", "-y", "b", "--set=x=1", "--set", "-", "--", "--yes", "-"));
    assert_string_equal(cty_args_text(&line.args, "out"), "f");
    assert_true(cty_args_flag(&line.args, "yes"));
    assert_int_equal(cty_args_count(&line.args, "set"), 2);
    assert_string_equal(cty_args_item(&line.args, "set", 0), "x=1");
    assert_string_equal(cty_args_item(&line.args, "set", 1), "-");
    assert_null(cty_args_item(&line.args, "set", 2));
    assert_int_equal(line.args.operands_count, 4);
    assert_string_equal(line.args.operands[2], "--yes");
    assert_string_equal(line.args.operands[3], "-");
}

static void a_rest_is_left_alone(void **state)
{
    struct line line;
    const char *const words[] = {"a", "-y", "--", "b", "--out", "--", "--nothing", NULL};
    (void)state;
    assert_ok(parse(&line, words));
    assert_null(line.args.rest);
    assert_int_equal(line.args.operands_count, 5);
    memset(&line, 0, sizeof(line));
    cty_args_know(&line.args, table);
    line.args.keeps_rest = true;
    assert_ok(cty_args_parse(&line.args, 7, (char *const *)(uintptr_t)words, &line.error));
    assert_int_equal(line.args.operands_count, 1);
    assert_true(cty_args_flag(&line.args, "yes"));
    assert_null(cty_args_text(&line.args, "out"));
    assert_int_equal(line.args.rest_count, 4);
    assert_string_equal(line.args.rest[0], "b");
    assert_string_equal(line.args.rest[3], "--nothing");
}

static void letters_and_empty_values(void **state)
{
    struct line line;
    (void)state;
    assert_ok(PARSE(&line, "-o", "--yes"));
    assert_string_equal(cty_args_text(&line.args, "out"), "--yes");
    assert_false(cty_args_flag(&line.args, "yes"));
    assert_ok(PARSE(&line, "--out="));
    assert_string_equal(cty_args_text(&line.args, "out"), "");
    assert_ok(PARSE(&line, "x"));
    assert_null(cty_args_text(&line.args, "out"));
}

static void what_is_not_known_is_refused(void **state)
{
    struct line line;
    (void)state;
    assert_refused(PARSE(&line, "--nothing"), "usage");
    assert_refused(PARSE(&line, "--outs", "x"), "usage");
    assert_refused(PARSE(&line, "--ou", "x"), "usage"); /* no short forms that a later option could break */
    assert_refused(PARSE(&line, "-x"), "usage");
    assert_refused(PARSE(&line, "-yo"), "usage");
    assert_refused(PARSE(&line, "--out"), "usage");
    assert_refused(PARSE(&line, "--yes=1"), "usage");
    assert_refused(PARSE(&line, "--out", "a", "--out", "b"), "usage");
    assert_refused(PARSE(&line, "-y", "--yes"), "usage");
}

static void limits_hold(void **state)
{
    const char *words[2 * CTY_GIVEN_MAX + 4];
    struct line line;
    (void)state;
    for (size_t i = 0; i < CTY_GIVEN_MAX + 1; i++)
        words[i] = "--set=1";
    words[CTY_GIVEN_MAX] = NULL;
    assert_ok(parse(&line, words));
    words[CTY_GIVEN_MAX] = "--set=1";
    words[CTY_GIVEN_MAX + 1] = NULL;
    assert_refused(parse(&line, words), "usage");
    for (size_t i = 0; i < CTY_OPERANDS_MAX + 1; i++)
        words[i] = "x";
    words[CTY_OPERANDS_MAX] = NULL;
    assert_ok(parse(&line, words));
    words[CTY_OPERANDS_MAX] = "x";
    words[CTY_OPERANDS_MAX + 1] = NULL;
    assert_refused(parse(&line, words), "usage");
}

static void values_are_read(void **state)
{
    static const char *const choices[] = {"low", "high", NULL};
    struct line line;
    uint64_t number = 0;
    int which = 0;
    (void)state;
    assert_ok(PARSE(&line, "--out", "12", "--set", "high"));
    assert_ok(cty_args_number(&line.args, "out", 12, 3, &number, &line.error));
    assert_int_equal(number, 12);
    assert_refused(cty_args_number(&line.args, "out", 11, 3, &number, &line.error), "usage");
    assert_ok(cty_args_word(&line.args, "set", choices, 0, &which, &line.error));
    assert_int_equal(which, 1);
    assert_ok(PARSE(&line, "--out", "5m", "--set", "highest"));
    assert_refused(cty_args_word(&line.args, "set", choices, 0, &which, &line.error), "usage");
    assert_ok(cty_args_period(&line.args, "out", 7, &number, &line.error));
    assert_int_equal(number, 300000);
    assert_ok(PARSE(&line, "-y"));
    assert_ok(cty_args_period(&line.args, "out", 7, &number, &line.error));
    assert_int_equal(number, 7);
    assert_ok(cty_args_word(&line.args, "set", choices, 1, &which, &line.error));
    assert_int_equal(which, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rest_is_left_alone),
        cmocka_unit_test(every_form_is_read),   cmocka_unit_test(letters_and_empty_values),
        cmocka_unit_test(what_is_not_known_is_refused), cmocka_unit_test(limits_hold),
        cmocka_unit_test(values_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
