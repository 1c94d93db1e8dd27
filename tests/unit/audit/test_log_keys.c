/* SPDX-License-Identifier: Apache-2.0 */
/* Rotations of the custodian's keys, as a verifier sees them who pins the first log key. */
#include "audit.h"

static int begin(void **state)
{
    struct stage *s = stage_new();
    stage_refund(s);
    *state = s;
    return 0;
}

static int end(void **state)
{
    stage_free(*state);
    return 0;
}

/* The checkpoint of so many entries, by this key. */
static void note_by(struct stage *s, uint64_t size, const struct cty_secret *key, struct cty_buf *out)
{
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = size};
    struct cty_buf text = CTY_BUF_INIT(4096);
    assert_ok(cty_memory_root(s->w->memory, checkpoint.size, &checkpoint.root));
    assert_ok(cty_checkpoint_format(&checkpoint, &text));
    cty_buf_clear(out);
    assert_ok(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, key, out));
    cty_buf_done(&text);
}

static int replay_by(struct stage *s, const struct cty_secret *key)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    note_by(s, s->w->entries_count, key, &note);
    int status = stage_replay(s, s->w->entries, s->w->entries_count, cty_buf_bytes(&note), 1);
    cty_buf_done(&note);
    return status;
}

static void the_new_log_key_is_learnt(void **state)
{
    struct stage *s = *state;
    char words[80];
    assert_ok(world_rotate_custodian(s->w, CTY_CUSTODIAN_LOG));
    snprintf(words, sizeof(words), "entry %zu put in the pinned one's place", s->w->entries_count - 1);
    assert_int_equal(stage_replay_own(s), 0);
    assert_true(says(&s->report, CTY_CLAIM_CHECKPOINT, words));
    assert_int_equal(stage_verify_own(s), 0);
    assert_true(says(&s->report, CTY_CLAIM_CHECKPOINT, words));
    stage_noise(s);
    assert_ok(world_rotate_custodian(s->w, CTY_CUSTODIAN_LOG));
    snprintf(words, sizeof(words), "entry %zu put in the pinned one's place", s->w->entries_count - 1);
    assert_int_equal(stage_replay_own(s), 0);
    assert_true(says(&s->report, CTY_CLAIM_CHECKPOINT, words));
    assert_int_equal(stage_verify_own(s), 0);
}

/* What the old key signs once it was rotated away is nobody's word. */
static void the_old_log_key_signs_on(void **state)
{
    struct stage *s = *state;
    assert_int_equal(replay_by(s, world_secret(s->w, "log")), 0);
    assert_ok(world_rotate_custodian(s->w, CTY_CUSTODIAN_LOG));
    assert_int_equal(replay_by(s, world_former(s->w, "log", 1)), 1);
    assert_fails(&s->report, CHECKPOINT, "note-unsigned", NO_ENTRY);
    assert_claim(&s->report, INTACT, NOT_CHECKED);
    assert_int_equal(replay_by(s, world_secret(s->w, "log")), 0);
}

static void the_new_log_key_signs_early(void **state)
{
    struct stage *s = *state;
    struct cty_buf early = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX), right = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    size_t before = s->w->entries_count;
    note_by(s, before, world_secret(s->w, "log"), &right);
    assert_ok(world_rotate_custodian(s->w, CTY_CUSTODIAN_LOG));
    note_by(s, before, world_secret(s->w, "log"), &early);
    assert_int_equal(stage_replay(s, s->w->entries, before, cty_buf_bytes(&early), 1), 1);
    assert_fails(&s->report, CHECKPOINT, "note-unsigned", NO_ENTRY);
    assert_int_equal(stage_replay(s, s->w->entries, before, cty_buf_bytes(&right), 1), 0);
    cty_buf_done(&early);
    cty_buf_done(&right);
}

/* One admin, the new key, and a custodian that goes along: its checkpoints are the new key's, and nobody's. */
static void a_rotation_by_too_few(void **state)
{
    struct stage *s = *state;
    struct rogue *r = rogue_new(s);
    struct cty_statement st;
    world_begin_custodian_rotation(s->w, &st, CTY_CUSTODIAN_LOG);
    st.signers[1] = st.signers[2];
    st.signers_count = 2;
    uint64_t at = rogue_put(r, &st);
    rogue_link(r);
    rogue_tree(r);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, LAWFUL, "under-threshold", at);
    rogue_free(r);
}

static void a_rotation_that_the_new_key_did_not_sign(void **state)
{
    struct stage *s = *state;
    struct rogue *r = rogue_new(s);
    struct cty_statement st;
    world_begin_custodian_rotation(s->w, &st, CTY_CUSTODIAN_LOG);
    st.signers_count = 2;
    uint64_t at = rogue_put(r, &st);
    rogue_link(r);
    rogue_tree(r);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, LAWFUL, "wrong-signer", at);
    rogue_free(r);
}

static void the_clerk_goes_on_with_the_new_key(void **state)
{
    struct stage *s = *state;
    assert_ok(world_rotate_custodian(s->w, CTY_CUSTODIAN_CLERK));
    stage_noise(s);
    assert_int_equal(stage_replay_own(s), 0);
    assert_int_equal(stage_verify_own(s), 0);
}

/* ATTACKS 25. */
static void an_entry_after_the_end(void **state)
{
    struct stage *s = *state;
    assert_ok(world_close(s->w));
    assert_int_equal(stage_replay_own(s), 0);
    struct rogue *r = rogue_new(s);
    struct cty_statement st;
    world_begin_custodian_rotation(s->w, &st, CTY_CUSTODIAN_CLERK);
    uint64_t at = rogue_put(r, &st);
    rogue_link(r);
    rogue_tree(r);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, LAWFUL, "after-terminal", at);
    rogue_free(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_new_log_key_is_learnt),
        TEST(the_old_log_key_signs_on),
        TEST(the_new_log_key_signs_early),
        TEST(a_rotation_by_too_few),
        TEST(a_rotation_that_the_new_key_did_not_sign),
        TEST(the_clerk_goes_on_with_the_new_key),
        TEST(an_entry_after_the_end),
    };
    return cmocka_run_group_tests_name("log keys", tests, NULL, NULL);
}
