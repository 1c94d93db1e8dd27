/* SPDX-License-Identifier: Apache-2.0 */
/* Draft files: what is read is what was written, and nothing else is read. */
#include "cli/cosign.h"
#include "kit/world.h"
#include "unit/support.h"

struct stage {
    struct world *w;
    struct cty_draft draft;
    struct cty_buf text;
};

/* A revocation with a reason, to be signed by three, of whom one is elsewhere. */
static int setup(void **state)
{
    struct stage *s = cty_alloc(1, sizeof(*s));
    assert_non_null(s);
    s->w = world_new();
    world_open(s->w, "{\"admin_quorum\":2,\"rules\":[]}");
    world_party(s->w, "acme");
    struct cty_statement *st = &s->draft.statement;
    world_begin(s->w, st, CTY_ACTOR_REVOKE, "acme/a");
    world_add_signer(s->w, st, "acme/b");
    s->draft.secrets[0] = world_secret(s->w, "acme/a");
    st->u.actor_revoke.actor = CTY_LITERAL("acme/a");
    st->u.actor_revoke.since = s->w->time;
    st->u.actor_revoke.reason.present = true;
    assert_ok(cty_draft_commit(&s->draft, "reason", CTY_LITERAL("lost \u202e laptop"),
                               &st->u.actor_revoke.reason.hash));
    struct cty_cosign cosign = {.contents_count = 0};
    s->text = CTY_BUF_INIT(CTY_DRAFT_FILE_BYTES_MAX);
    assert_ok(cty_cosign_from_draft(&cosign, &s->draft, NULL));
    assert_ok(cty_cosign_format(&cosign, &s->text));
    cty_cosign_done(&cosign);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;
    cty_draft_done(&s->draft);
    cty_buf_done(&s->text);
    world_free(s->w);
    free(s);
    return 0;
}

static custody_err parse(struct cty_bytes text, struct cty_cosign *ret_cosign, custody_error *error)
{
    memset(ret_cosign, 0, sizeof(*ret_cosign));
    custody_err err = cty_cosign_parse(ret_cosign, text, error);
    if (err != CUSTODY_OK)
        cty_cosign_done(ret_cosign);
    return err;
}

static void what_is_written_is_read(void **state)
{
    struct stage *s = *state;
    struct cty_cosign cosign;
    struct cty_buf again = CTY_BUF_INIT(CTY_DRAFT_FILE_BYTES_MAX);
    assert_ok(parse(cty_buf_bytes(&s->text), &cosign, NULL));
    assert_int_equal(cty_cosign_missing(&cosign), 1);
    assert_ok(cty_cosign_format(&cosign, &again));
    assert_true(cty_bytes_equal(cty_buf_bytes(&again), cty_buf_bytes(&s->text)));
    cty_buf_done(&again);
    cty_cosign_done(&cosign);
}

static void with_all_signatures_it_is_lawful(void **state)
{
    struct stage *s = *state;
    struct cty_cosign cosign;
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    custody_error error = {.code = CUSTODY_OK};
    assert_ok(parse(cty_buf_bytes(&s->text), &cosign, NULL));
    assert_refused(cty_cosign_envelope(&cosign, &envelope, &error), "under-threshold");
    assert_string_equal(error.detail, "acme/b has not signed");
    assert_refused(cty_cosign_sign(&cosign, world_secret(s->w, "operator/ada"), NULL), "wrong-signer");
    assert_refused(cty_cosign_sign(&cosign, world_secret(s->w, "log"), NULL), "wrong-signer");
    assert_ok(cty_cosign_sign(&cosign, world_secret(s->w, "acme/b"), NULL));
    assert_ok(cty_cosign_envelope(&cosign, &envelope, NULL));
    assert_ok(world_submit_envelope(s->w, cty_buf_bytes(&envelope), NULL));
    cty_buf_done(&envelope);
    cty_cosign_done(&cosign);
}

static void it_is_shown_before_it_is_signed(void **state)
{
    struct stage *s = *state;
    struct cty_cosign cosign;
    struct cty_buf text = CTY_BUF_INIT(1 << 20);
    assert_ok(parse(cty_buf_bytes(&s->text), &cosign, NULL));
    assert_ok(cty_cosign_show(&cosign, &text));
    assert_non_null(strstr(cty_buf_text(&text), "\"actor\": \"acme/a\""));
    assert_non_null(strstr(cty_buf_text(&text), "content      reason: lost \\u{202e} laptop"));
    assert_non_null(strstr(cty_buf_text(&text), "signed       acme/a\nnot signed   acme/b\n"));
    cty_buf_done(&text);
    cty_cosign_done(&cosign);
}

/* An actor's two keys have one name: which of them signs as whom is told by the line in the statement. */
static void a_rotations_new_key_signs_as_new_and_as_nobody_else(void **state)
{
    struct stage *s = *state;
    struct cty_cosign cosign = {.contents_count = 0};
    struct cty_draft draft = {.contents_count = 0};
    struct cty_buf line = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX), envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_secret *next = NULL, *other = NULL;
    assert_ok(cty_secret_new(CTY_LITERAL("acme/a"), &next));
    assert_ok(cty_secret_new(CTY_LITERAL("acme/b"), &other));
    assert_ok(cty_vkey_format(CTY_LITERAL("acme/a"), CTY_KEY_ED25519, cty_secret_key(next), &line));
    world_begin(s->w, &draft.statement, CTY_ACTOR_ROTATE, "acme/a");
    draft.statement.signers[1] = CTY_LITERAL("new");
    draft.statement.signers_count = 2;
    draft.statement.u.actor_rotate.key = cty_buf_bytes(&line);
    assert_ok(cty_cosign_from_draft(&cosign, &draft, NULL));
    assert_ok(cty_cosign_sign(&cosign, next, NULL));
    assert_false(cosign.present[0]);
    assert_true(cosign.present[1]);
    assert_refused(cty_cosign_sign(&cosign, other, NULL), "wrong-signer");
    assert_refused(cty_cosign_envelope(&cosign, &envelope, NULL), "under-threshold");
    assert_ok(cty_cosign_sign(&cosign, world_secret(s->w, "acme/a"), NULL));
    assert_ok(cty_cosign_envelope(&cosign, &envelope, NULL));
    assert_ok(world_submit_envelope(s->w, cty_buf_bytes(&envelope), NULL));
    cty_cosign_done(&cosign);
    cty_buf_done(&line);
    cty_buf_done(&envelope);
    cty_secret_free(next);
    cty_secret_free(other);
}

static void every_cut_is_refused(void **state)
{
    struct stage *s = *state;
    struct cty_cosign cosign;
    for (size_t size = 0; size + 1 < s->text.size; size++)
        assert_int_not_equal(parse(cty_bytes_make(s->text.data, size), &cosign, NULL), CUSTODY_OK);
    assert_ok(parse(cty_bytes_make(s->text.data, s->text.size - 1), &cosign, NULL));
    cty_cosign_done(&cosign);
}

/* What is changed is refused, or shows: a signature that no longer verifies is the custodian's to refuse. */
static void every_changed_byte_is_refused_or_shows(void **state)
{
    struct stage *s = *state;
    struct cty_bytes kept = cty_bytes_make(cty_bytes_dup_text(cty_buf_bytes(&s->text)), s->text.size);
    for (size_t at = 0; at + 1 < s->text.size; at++) {
        struct cty_cosign cosign;
        struct cty_buf again = CTY_BUF_INIT(CTY_DRAFT_FILE_BYTES_MAX);
        s->text.data[at] ^= 1;
        if (parse(cty_buf_bytes(&s->text), &cosign, NULL) == CUSTODY_OK) {
            assert_ok(cty_cosign_format(&cosign, &again));
            assert_true(cty_bytes_equal(cty_buf_bytes(&again), cty_buf_bytes(&s->text)));
            assert_false(cty_bytes_equal(cty_buf_bytes(&again), kept));
            cty_cosign_done(&cosign);
        }
        cty_buf_done(&again);
        s->text.data[at] ^= 1;
    }
    free((void *)(uintptr_t)kept.data);
}

/* Puts `with` in the place of `what` in the file. */
static void replace(struct stage *s, const char *what, const char *with)
{
    const char *at = strstr(cty_buf_text(&s->text), what);
    struct cty_buf out = CTY_BUF_INIT(CTY_DRAFT_FILE_BYTES_MAX);
    assert_non_null(at);
    assert_ok(cty_buf_put(&out, s->text.data, (size_t)(at - (const char *)s->text.data)));
    assert_ok(cty_buf_put_text(&out, with));
    assert_ok(cty_buf_put_text(&out, at + strlen(what)));
    cty_buf_done(&s->text);
    s->text = out;
}

static void contents_must_be_the_committed_ones(void **state)
{
    struct stage *s = *state;
    struct cty_cosign cosign;
    replace(s, "\"content\":\"bG9zdCD", "\"content\":\"bG9zdCC");
    assert_refused(parse(cty_buf_bytes(&s->text), &cosign, NULL), "blob-mismatch");
    replace(s, "\"member\":\"reason\"", "\"member\":\"season\"");
    assert_refused(parse(cty_buf_bytes(&s->text), &cosign, NULL), "blob-missing");
    replace(s, ",\"reason\":\"", ",\"links\":[{\"sha256\":\"");
    assert_int_not_equal(parse(cty_buf_bytes(&s->text), &cosign, NULL), CUSTODY_OK);
}

static void foreign_contents_and_signers_are_refused(void **state)
{
    struct stage *s = *state;
    struct cty_cosign cosign;
    replace(s, "\"blobs\":[", "\"blobs\":[{\"content\":\"\",\"member\":\"x\",\"salt\":"
                              "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"},");
    assert_refused(parse(cty_buf_bytes(&s->text), &cosign, NULL), "blob-foreign");
    teardown(state);
    setup(state);
    s = *state;
    replace(s, "\"signer\":\"acme/a\"", "\"signer\":\"acme/c\"");
    assert_refused(parse(cty_buf_bytes(&s->text), &cosign, NULL), "bad-member");
}

/* What one alone signs is never signed in a draft, whose signer sees no case. */
static void decisions_travel_in_no_draft(void **state)
{
    struct stage *s = *state;
    struct cty_cosign cosign = {.contents_count = 0};
    struct cty_draft draft = {.contents_count = 0};
    world_begin(s->w, &draft.statement, CTY_CONSUME, "acme/a");
    assert_refused(cty_cosign_from_draft(&cosign, &draft, NULL), "payload-type-mismatch");
    cty_cosign_done(&cosign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(with_all_signatures_it_is_lawful, setup, teardown),
        cmocka_unit_test_setup_teardown(it_is_shown_before_it_is_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rotations_new_key_signs_as_new_and_as_nobody_else, setup, teardown),
        cmocka_unit_test_setup_teardown(every_cut_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(every_changed_byte_is_refused_or_shows, setup, teardown),
        cmocka_unit_test_setup_teardown(contents_must_be_the_committed_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(foreign_contents_and_signers_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(decisions_travel_in_no_draft, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
