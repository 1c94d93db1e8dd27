/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of `custody run`: made from a command line, read back as it was, and refused in any other shape. */
#include <unistd.h>

#include "cli/plan.h"
#include "unit/support.h"

#define LAWFUL "{\"argv\":[\"git\",\"push\"],\"cwd\":\"/srv\",\"env\":[\"PATH\"]}"

static custody_err parse(const char *text, size_t size, struct cty_plan *plan)
{
    custody_error error = {0};
    *plan = (struct cty_plan){.argv = NULL};
    return cty_plan_parse(cty_bytes_make(text, size), plan, &error);
}

static void assert_parse(const char *text, const char *code)
{
    struct cty_plan plan;
    assert_refused(parse(text, strlen(text), &plan), code);
    cty_plan_done(&plan);
}

static custody_err make(const struct cty_plan_words *words, struct cty_plan *plan)
{
    custody_error error = {0};
    *plan = (struct cty_plan){.argv = NULL};
    return cty_plan_make(words, plan, &error);
}

static void what_is_written_is_read(void **state)
{
    char *const words[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"echo \"\xc3\xa4\n\\\""}, (char[]){""}};
    static const char *const names[] = {"TOKEN", "PATH", "TOKEN"};
    struct cty_plan plan, again;
    struct cty_buf text = CTY_BUF_INIT(4096), other = CTY_BUF_INIT(4096);
    (void)state;
    assert_ok(make(&(struct cty_plan_words){words, 4, "/", names, 3, true}, &plan));
    assert_ok(cty_plan_write(&plan, &text));
    assert_bytes_text(cty_buf_bytes(&text), "{\"argv\":[\"sh\",\"-c\",\"echo \\\"\xc3\xa4\\n\\\\\\\"\",\"\"],"
                                            "\"cwd\":\"/\",\"env\":[\"TOKEN\",\"PATH\"]}");
    assert_ok(parse((const char *)text.data, text.size, &again));
    assert_string_equal(again.argv[2], words[2]);
    assert_null(again.argv[4]);
    assert_ok(cty_plan_write(&again, &other));
    assert_true(cty_bytes_equal(cty_buf_bytes(&text), cty_buf_bytes(&other)));
    cty_plan_done(&plan);
    cty_plan_done(&again);
    cty_buf_done(&text);
    cty_buf_done(&other);
}

static void names_are_kept_unless_it_is_bare(void **state)
{
    char *const words[] = {(char[]){"true"}};
    static const char *const names[] = {"HOME", "SSH_AUTH_SOCK"};
    struct cty_plan plan;
    size_t i = 0;
    (void)state;
    assert_ok(make(&(struct cty_plan_words){words, 1, NULL, names, 2, false}, &plan));
    for (; cty_plan_kept[i]; i++)
        assert_string_equal(plan.env[i], cty_plan_kept[i]);
    assert_string_equal(plan.env[i], "SSH_AUTH_SOCK");
    assert_null(plan.env[i + 1]);
    assert_true(plan.cwd[0] == '/');
    cty_plan_done(&plan);
}

static void words_that_no_payload_holds_are_refused(void **state)
{
    char *const empty[] = {(char[]){""}}, *const bytes[] = {(char[]){"a"}, (char[]){"\xff"}};
    static const char *const own[] = {"CUSTODY_KEY"}, *const equals[] = {"A=B"}, *const none[] = {""};
    const struct cty_plan_words wrong[] = {
        {empty, 1, NULL, NULL, 0, false}, {empty, 0, NULL, NULL, 0, false}, {bytes, 2, NULL, NULL, 0, false},
        {bytes, 1, "/no/such", NULL, 0, false}, {bytes, 1, NULL, own, 1, false}, {bytes, 1, NULL, equals, 1, false},
        {bytes, 1, NULL, none, 1, true}};
    struct cty_plan plan;
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(wrong); i++) {
        assert_refused(make(&wrong[i], &plan), "usage");
        cty_plan_done(&plan);
    }
    assert_ok(make(&(struct cty_plan_words){bytes, 1, NULL, NULL, 0, false}, &plan));
    cty_plan_done(&plan);
}

static void other_shapes_are_refused(void **state)
{
    (void)state;
    assert_parse(LAWFUL, "ok");
    assert_parse(" { \"env\": [], \"cwd\": \"/\", \"argv\": [\"a\"] } ", "ok");
    assert_parse("[]", "bad-member");
    assert_parse("{}", "missing-member");
    assert_parse("{\"argv\":[\"a\"],\"cwd\":\"/\"}", "missing-member");
    assert_parse("{\"argv\":[\"a\"],\"env\":[]}", "missing-member");
    assert_parse("{\"cwd\":\"/\",\"env\":[]}", "missing-member");
    assert_parse("{\"argv\":[\"a\"],\"argv\":[\"b\"],\"cwd\":\"/\",\"env\":[]}", "duplicate-member");
    assert_parse("{\"argv\":[\"a\"],\"cwd\":\"/\",\"env\":[],\"stdin\":\"x\"}", "unknown-member");
    assert_parse("{\"argv\":[],\"cwd\":\"/\",\"env\":[]}", "bad-member");
    assert_parse("{\"argv\":[\"\"],\"cwd\":\"/\",\"env\":[]}", "bad-member");
    assert_parse("{\"argv\":\"a\",\"cwd\":\"/\",\"env\":[]}", "bad-member");
    assert_parse("{\"argv\":[\"a\",null],\"cwd\":\"/\",\"env\":[]}", "bad-member");
    assert_parse("{\"argv\":[\"a\",[\"b\"]],\"cwd\":\"/\",\"env\":[]}", "bad-member");
    assert_parse("{\"argv\":[\"a\"],\"cwd\":\"here\",\"env\":[]}", "bad-member");
    assert_parse("{\"argv\":[\"a\"],\"cwd\":\"\",\"env\":[]}", "bad-member");
    assert_parse("{\"argv\":[\"a\"],\"cwd\":7,\"env\":[]}", "bad-member");
    assert_parse("{\"argv\":[\"a\"],\"cwd\":\"/\",\"env\":{}}", "bad-member");
    assert_parse("{\"argv\":[\"a\"],\"cwd\":\"/\",\"env\":[\"\"]}", "bad-member");
    assert_parse("{\"argv\":[\"a\"],\"cwd\":\"/\",\"env\":[\"A=B\"]}", "bad-member");
    assert_parse("{\"argv\":[\"a\"],\"cwd\":\"/\",\"env\":[\"CUSTODY_URL\"]}", "bad-member");
    assert_parse("{\"argv\":[\"a\\u0000b\"],\"cwd\":\"/\",\"env\":[]}", "bad-json");
}

static void a_cut_or_changed_payload_does_no_harm(void **state)
{
    char text[] = LAWFUL;
    size_t size = strlen(text);
    struct cty_plan plan;
    (void)state;
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_not_equal(parse(text, cut, &plan), CUSTODY_OK);
        cty_plan_done(&plan);
    }
    for (size_t i = 0; i < size * 256; i++) {
        char before = text[i / 256];
        text[i / 256] = (char)(uint8_t)(i % 256);
        if (parse(text, size, &plan) == CUSTODY_OK)
            assert_true(plan.argv[0] && plan.argv[0][0] && plan.cwd[0] == '/' && plan.env);
        cty_plan_done(&plan);
        text[i / 256] = before;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(names_are_kept_unless_it_is_bare),
        cmocka_unit_test(words_that_no_payload_holds_are_refused),
        cmocka_unit_test(other_shapes_are_refused),
        cmocka_unit_test(a_cut_or_changed_payload_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
