/* SPDX-License-Identifier: Apache-2.0 */
/* Contents against commitments, and patches applied again: in evidence, and from a store that may lie. */
#include "audit.h"

static int begin(void **state)
{
    *state = stage_new();
    return 0;
}

static int end(void **state)
{
    stage_free(*state);
    return 0;
}

/* A source between the replay and the world, which changes one content on its way. */
struct liar {
    struct stage *s;
    struct cty_hash statement;
    const char *member;
    struct cty_bytes salt;    /* data NULL: as it is */
    struct cty_bytes content; /* data NULL: as it is */
    custody_err err;
};

static custody_err lie(void *context, const struct cty_hash *case_id, const struct cty_hash *statement,
                       struct cty_bytes member, struct cty_bytes *ret_salt, struct cty_bytes *ret_content)
{
    struct liar *liar = context;
    struct cty_content_source contents = world_contents(liar->s->w);
    CTY_TRY(contents.get(contents.context, case_id, statement, member, ret_salt, ret_content));
    if (!cty_hash_equal(statement, &liar->statement) || !cty_bytes_is(member, liar->member))
        return CUSTODY_OK;
    if (liar->salt.data)
        *ret_salt = liar->salt;
    if (liar->content.data)
        *ret_content = liar->content;
    return liar->err;
}

static custody_err replay_from(struct liar *liar)
{
    struct stage *s = liar->s;
    struct cty_replay *replay = NULL;
    struct cty_content_source contents = {liar, lie};
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    memset(&s->report, 0, sizeof(s->report));
    assert_ok(cty_replay_new(&s->trust, &contents, 1, &s->report, &replay));
    custody_err err = cty_replay_entries(replay, s->w->entries, s->w->entries_count);
    world_checkpoint(s->w, &note);
    if (err == CUSTODY_OK)
        err = cty_replay_finish(replay, cty_buf_bytes(&note));
    cty_replay_free(replay);
    cty_buf_done(&note);
    return err;
}

static void a_store_that_gives_something_else(void **state)
{
    struct stage *s = *state;
    uint8_t salt[CTY_SALT_SIZE + 1] = {0};
    uint8_t *large = malloc(CTY_BLOB_BYTES_MAX + 100);
    assert_non_null(large);
    memset(large, 'x', CTY_BLOB_BYTES_MAX + 100);
    stage_refund(s);
    const struct liar honest = {.s = s, .statement = s->case_id, .member = "payload"};
    struct liar liar = honest;
    assert_ok(replay_from(&liar));
    assert_int_equal(cty_report_exit(&s->report), 0);
    assert_claim(&s->report, CONTENTS, HOLDS);
    const struct {
        struct cty_bytes salt, content;
    } rows[] = {
        {{NULL, 0}, CTY_LITERAL("{\"amount\":501}")},
        {{NULL, 0}, CTY_LITERAL("")},
        {{NULL, 0}, {large, CTY_BLOB_BYTES_MAX}},
        {{NULL, 0}, {large, CTY_BLOB_BYTES_MAX + 1}},
        {{NULL, 0}, {large, CTY_BLOB_BYTES_MAX + 100}},
        {{salt, CTY_SALT_SIZE}, {NULL, 0}},
        {{salt, CTY_SALT_SIZE - 1}, {NULL, 0}},
        {{salt, CTY_SALT_SIZE + 1}, {NULL, 0}},
        {{salt, 0}, {NULL, 0}},
    };
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        liar = honest;
        liar.salt = rows[i].salt;
        liar.content = rows[i].content;
        assert_ok(replay_from(&liar));
        assert_int_equal(cty_report_exit(&s->report), 1);
        assert_fails(&s->report, CONTENTS, "blob-mismatch", entry_of(s, CTY_REQUEST, 0));
        assert_claim(&s->report, LAWFUL, HOLDS);
    }
    free(large);
}

/* What is erased or not ours is not at hand, and that is said; what fails goes up and is no verdict. */
static void a_store_that_gives_nothing(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    struct liar liar = {.s = s, .statement = s->case_id, .member = "payload", .err = CUSTODY_E_NOT_FOUND};
    assert_ok(replay_from(&liar));
    assert_int_equal(cty_report_exit(&s->report), 0);
    assert_claim(&s->report, CONTENTS, NOT_CHECKED);
    assert_true(says(&s->report, CTY_CLAIM_CONTENTS, "2 contents match, 1 is not at hand"));
    liar.err = CUSTODY_E_IO;
    assert_refused(replay_from(&liar), custody_err_name(CUSTODY_E_IO));
}

/* Every content of every member is asked for, also those that are optional. */
static void all_members_are_checked(void **state)
{
    static const char *const members[] = {"payload", "schema", "state"};
    struct stage *s = *state;
    struct cty_statement st;
    world_begin(s->w, &st, CTY_REQUEST, "acme/bot");
    st.u.request = (struct cty_request){.action = CTY_LITERAL("ping"), .service = CTY_LITERAL("payments"),
                                        .executor = CTY_LITERAL("acme/bot"), .expires = s->w->time + 3600000,
                                        .priority = CTY_PRIORITY_NORMAL};
    st.u.request.payload = world_commit(s->w, &st, "payload", "{}");
    st.u.request.schema = (struct cty_opt_hash){world_commit(s->w, &st, "schema", "{\"type\":\"object\"}"), true};
    st.u.request.state = (struct cty_opt_hash){world_commit(s->w, &st, "state", "opaque"), true};
    assert_ok(world_submit(s->w, &st, &s->case_id));
    assert_int_equal(stage_verify_own(s), 0);
    assert_true(says(&s->report, CTY_CLAIM_CONTENTS, "all 3 contents"));
    for (size_t i = 0; i < CTY_COUNT_OF(members); i++) {
        struct liar liar = {.s = s, .statement = s->case_id, .member = members[i], .content = CTY_LITERAL("other")};
        assert_ok(replay_from(&liar));
        assert_fails(&s->report, CONTENTS, "blob-mismatch", entry_of(s, CTY_REQUEST, 0));
        assert_true(says(&s->report, CTY_CLAIM_CONTENTS, members[i]));
    }
}

/* ---- patches ---- */

static int patch_with(struct stage *s, const char *operations, const char *result)
{
    assert_ok(world_patch(s->w, &s->case_id, "acme/b", operations, result));
    int status = stage_replay_own(s);
    assert_int_equal(stage_verify_own(s), status);
    return status;
}

static void ask(struct stage *s)
{
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{\"amount\":500,\"to\":\"x\"}", &s->case_id));
}

static void a_patch_on_a_patch(void **state)
{
    struct stage *s = *state;
    ask(s);
    assert_int_equal(patch_with(s, "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":1}]", "{\"amount\":1,\"to\":\"x\"}"), 0);
    assert_int_equal(patch_with(s, "[{\"op\":\"remove\",\"path\":\"/to\"}]", "{\"amount\":1}"), 0);
    assert_int_equal(patch_with(s, "[{\"op\":\"test\",\"path\":\"/amount\",\"value\":1}]", "{\"amount\":1}"), 0);
    assert_true(says(&s->report, CTY_CLAIM_CONTENTS, "all 7 contents"));
    /* The second patch's base is the first one's result, not the request's payload. */
    assert_int_equal(patch_with(s, "[{\"op\":\"test\",\"path\":\"/amount\",\"value\":500}]", "{\"amount\":1}"), 1);
    assert_fails(&s->report, CONTENTS, "result-mismatch", entry_of(s, CTY_PATCH, 3));
}

static void results_that_the_operations_do_not_give(void **state)
{
    static const struct {
        const char *operations, *result;
    } rows[] = {
        {"[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":1}]", "{\"amount\":2,\"to\":\"x\"}"},
        {"[]", "{\"amount\":500}"},
        {"[{\"op\":\"remove\",\"path\":\"/nowhere\"}]", "{\"amount\":500,\"to\":\"x\"}"},
        {"[{\"op\":\"explode\",\"path\":\"\"}]", "{\"amount\":500,\"to\":\"x\"}"},
        {"no patch at all", "{\"amount\":500,\"to\":\"x\"}"},
        {"[]", "no JSON at all"},
        /* The same document in another spelling is not the result. */
        {"[]", "{ \"amount\":500,\"to\":\"x\"}"},
        {"[]", "{\"to\":\"x\",\"amount\":500}"},
        {"[]", "{\"amount\":500.0,\"to\":\"x\"}"},
    };
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        struct stage *s = stage_new();
        ask(s);
        assert_int_equal(patch_with(s, rows[i].operations, rows[i].result), 1);
        assert_fails(&s->report, CONTENTS, "result-mismatch", entry_of(s, CTY_PATCH, 0));
        stage_free(s);
    }
    (void)state;
}

/* With one of its three documents missing a patch can't be applied again: said so, and no failure. */
static void patches_in_part(void **state)
{
    struct stage *s = *state;
    struct cty_parsed_entry parsed = {0};
    ask(s);
    assert_int_equal(patch_with(s, "[{\"op\":\"remove\",\"path\":\"/to\"}]", "{\"amount\":7}"), 1);
    assert_ok(cty_entry_parse(s->w->entries[entry_of(s, CTY_PATCH, 0)], &parsed, NULL));
    const struct {
        struct cty_hash statement;
        const char *member;
    } rows[] = {
        {s->case_id, "payload"},
        {parsed.signed_statement.digest, "operations"},
        {parsed.signed_statement.digest, "result"},
    };
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        struct liar liar = {.s = s, .statement = rows[i].statement, .member = rows[i].member, .err = CUSTODY_E_NOT_FOUND};
        assert_ok(replay_from(&liar));
        assert_int_equal(cty_report_exit(&s->report), 0);
        assert_claim(&s->report, CONTENTS, NOT_CHECKED);
    }
    cty_parsed_entry_done(&parsed);
}

/* Contents that come with evidence are compared; those that don't are counted. */
static void evidence_with_some_contents(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    size_t all = s->w->blobs_count;
    for (size_t keep = 0; keep <= all; keep++) {
        s->w->blobs_count = keep;
        assert_int_equal(stage_verify_own(s), 0);
        if (keep == all)
            assert_claim(&s->report, CONTENTS, HOLDS);
        else
            assert_claim(&s->report, CONTENTS, NOT_CHECKED);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_store_that_gives_something_else),
        TEST(a_store_that_gives_nothing),
        TEST(all_members_are_checked),
        TEST(a_patch_on_a_patch),
        TEST(results_that_the_operations_do_not_give),
        TEST(patches_in_part),
        TEST(evidence_with_some_contents),
    };
    return cmocka_run_group_tests_name("contents", tests, NULL, NULL);
}
