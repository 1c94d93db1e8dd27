/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays of whole ledgers: each entry changed, moved or missing is named; batches and threads change nothing of what is
 * said. Runs under ThreadSanitizer too.
 */
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

static void an_honest_ledger(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    stage_noise(s);
    assert_int_equal(stage_replay_own(s), 0);
    static const enum cty_claim_state expected[CTY_CLAIM_COUNT] = {
        [CTY_CLAIM_CHECKPOINT] = CTY_CLAIM_HOLDS, [CTY_CLAIM_INTACT] = CTY_CLAIM_HOLDS,
        [CTY_CLAIM_COMPLETE] = CTY_CLAIM_HOLDS,   [CTY_CLAIM_ENROLLED] = CTY_CLAIM_HOLDS,
        [CTY_CLAIM_SIGNED] = CTY_CLAIM_HOLDS,     [CTY_CLAIM_LAWFUL] = CTY_CLAIM_HOLDS,
        [CTY_CLAIM_CONTENTS] = CTY_CLAIM_HOLDS,   [CTY_CLAIM_SEEN] = CTY_CLAIM_HOLDS,
        [CTY_CLAIM_UNIQUE] = CTY_CLAIM_HOLDS,     [CTY_CLAIM_ALIKE] = CTY_CLAIM_HOLDS,
        [CTY_CLAIM_WHEN] = CTY_CLAIM_NOT_CHECKED, [CTY_CLAIM_CASES] = CTY_CLAIM_HOLDS,
    };
    for (int i = 0; i < CTY_CLAIM_COUNT; i++)
        assert_int_equal(s->report.claims[i].state, expected[i]);
    assert_int_equal(s->report.findings_all, 0);
}

/* The state that a replay ends with is that of the custodian, record by record. */
struct compare {
    const struct cty_memory *other;
    uint64_t count;
};

static custody_err same_record(void *context, const char *key, struct cty_bytes value)
{
    struct compare *compare = context;
    assert_true(cty_bytes_equal(cty_memory_get(compare->other, key), value));
    compare->count++;
    return CUSTODY_OK;
}

static void the_state_that_it_ends_with(void **state)
{
    struct stage *s = *state;
    struct cty_replay *replay = NULL;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    stage_refund(s);
    assert_ok(cty_replay_new(&s->trust, NULL, 2, &s->report, &replay));
    assert_ok(cty_replay_entries(replay, s->w->entries, s->w->entries_count));
    struct compare compare = {.other = s->w->memory};
    assert_ok(cty_memory_each(cty_replay_memory(replay), same_record, &compare));
    assert_int_equal(compare.count, cty_memory_records(s->w->memory));
    assert_int_equal(cty_memory_records(cty_replay_memory(replay)), compare.count);
    world_checkpoint(s->w, &note);
    assert_ok(cty_replay_finish(replay, cty_buf_bytes(&note)));
    assert_int_equal(cty_report_exit(&s->report), 0);
    assert_claim(&s->report, CONTENTS, NOT_CHECKED);
    cty_replay_free(replay);
    cty_buf_done(&note);
}

static void finish_shown(struct stage *s, uint64_t size, uint64_t shown, struct cty_bytes note)
{
    struct cty_replay *replay = NULL;
    memset(&s->report, 0, sizeof(s->report));
    assert_ok(cty_replay_new(&s->trust, NULL, 1, &s->report, &replay));
    assert_ok(cty_replay_entries(replay, s->w->entries, size));
    cty_replay_shown(replay, shown);
    assert_ok(cty_replay_finish(replay, note));
    assert_int_equal(cty_report_exit(&s->report), 0);
    cty_replay_free(replay);
}

/* What is newer than the checkpoint that witnesses saw is counted, and never said to be judged. */
static void entries_beyond_the_checkpoint_that_is_audited(void **state)
{
    struct stage *s = *state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    char words[64];
    stage_refund(s);
    world_checkpoint(s->w, &note);
    uint64_t size = s->w->entries_count;
    stage_noise(s);
    uint64_t newest = s->w->entries_count;
    assert_true(newest > size);
    finish_shown(s, size, newest, cty_buf_bytes(&note));
    assert_claim(&s->report, COMPLETE, HOLDS);
    snprintf(words, sizeof(words), "every one of the checkpoint's %llu entries; newer ones, %llu, ", (unsigned long long)size,
             (unsigned long long)(newest - size));
    assert_memory_equal(s->report.claims[CTY_CLAIM_COMPLETE].text, words, strlen(words));
    assert_non_null(strstr(s->report.claims[CTY_CLAIM_COMPLETE].text, "were not judged"));
    const uint64_t nothing_newer[] = {0, size};
    for (size_t i = 0; i < CTY_COUNT_OF(nothing_newer); i++) {
        finish_shown(s, size, nothing_newer[i], cty_buf_bytes(&note));
        assert_null(strstr(s->report.claims[CTY_CLAIM_COMPLETE].text, "newer"));
    }
    cty_buf_done(&note);
}

static void nothing_at_all(void **state)
{
    struct stage *s = *state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX), text = CTY_BUF_INIT(4096);
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = 0, .root = cty_tree_empty_root()};
    assert_ok(cty_checkpoint_format(&checkpoint, &text));
    assert_ok(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, world_secret(s->w, "log"), &note));
    assert_int_equal(stage_replay(s, NULL, 0, cty_buf_bytes(&note), 1), 1);
    assert_fails(&s->report, INTACT, "genesis-missing", NO_ENTRY);
    assert_int_equal(stage_replay(s, NULL, 0, CTY_LITERAL("nonsense"), 1), 1);
    assert_fails(&s->report, CHECKPOINT, "bad-note", NO_ENTRY);
    cty_buf_done(&note);
    cty_buf_done(&text);
}

/* Notes that are no checkpoint of this ledger: nothing is said to stand under a root that was not compared. */
static void notes_that_say_nothing(void **state)
{
    struct stage *s = *state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    stage_refund(s);
    world_checkpoint(s->w, &note);
    for (size_t cut = 0; cut <= note.size; cut++) {
        int status = stage_replay(s, s->w->entries, s->w->entries_count, cty_bytes_make(note.data, cut), 1);
        assert_int_equal(status, cut == note.size ? 0 : 1);
        if (cut == note.size)
            break;
        assert_claim(&s->report, CHECKPOINT, FAILS);
        assert_claim(&s->report, INTACT, NOT_CHECKED);
        assert_claim(&s->report, COMPLETE, NOT_CHECKED);
        cut += cut < note.size - 120 ? 40 : 7;
    }
    cty_buf_done(&note);
}

static bool fails_at(const struct cty_report *report, uint64_t entry)
{
    for (int i = 0; i < CTY_CLAIM_COUNT; i++) {
        if (report->claims[i].state == CTY_CLAIM_FAILS && report->claims[i].entry == entry)
            return true;
    }
    return false;
}

/* A byte changed in each entry: that entry or, where it is lawful still, the next one's link is named. */
static void a_byte_changed_in_each_entry(void **state)
{
    struct stage *s = *state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_bytes texts[64];
    stage_refund(s);
    world_checkpoint(s->w, &note);
    size_t count = s->w->entries_count;
    memcpy(texts, s->w->entries, count * sizeof(*texts));
    for (size_t at = 0; at < count; at++) {
        size_t size = texts[at].size;
        uint8_t *copy = malloc(size);
        assert_non_null(copy);
        for (size_t place = at; place < size; place += 211) {
            memcpy(copy, s->w->entries[at].data, size);
            copy[place] ^= 0x01;
            texts[at] = cty_bytes_make(copy, size);
            assert_int_equal(stage_replay(s, texts, count, cty_buf_bytes(&note), 1), 1);
            assert_claim(&s->report, INTACT, FAILS);
            /* Of the last entry's time only the root can tell; a type with a letter changed might be a later one. */
            bool by_root = (at + 1 == count || says(&s->report, CTY_CLAIM_LAWFUL, "this type of statement")) &&
                           fails_at(&s->report, NO_ENTRY);
            if (!fails_at(&s->report, at) && !fails_at(&s->report, at + 1) && !by_root) {
                print_report(&s->report);
                fail_msg("byte %zu of entry %zu", place, at);
            }
        }
        free(copy);
        texts[at] = s->w->entries[at];
    }
    assert_int_equal(stage_replay(s, texts, count, cty_buf_bytes(&note), 1), 0);
    cty_buf_done(&note);
}

/* Any two neighbours exchanged, as they are. */
static void neighbours_exchanged(void **state)
{
    struct stage *s = *state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_bytes texts[64];
    stage_refund(s);
    world_checkpoint(s->w, &note);
    size_t count = s->w->entries_count;
    for (size_t at = 0; at + 1 < count; at++) {
        memcpy(texts, s->w->entries, count * sizeof(*texts));
        texts[at] = s->w->entries[at + 1];
        texts[at + 1] = s->w->entries[at];
        assert_int_equal(stage_replay(s, texts, count, cty_buf_bytes(&note), 1), 1);
        assert_fails(&s->report, INTACT, at == 0 ? "genesis-missing" : "chain-broken", at);
    }
    cty_buf_done(&note);
}

/* After the first failure no later entry is judged, and none is called good. */
static void what_comes_after_a_failure(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    stage_release(s);
    struct rogue *r = rogue_new(s);
    rogue_begin(r, &st, CTY_OUTCOME, "acme/bot");
    uint64_t at = rogue_put(r, &st);
    rogue_begin(r, &st, CTY_CANCEL, "acme/stranger");
    rogue_put(r, &st);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, LAWFUL, "state-illegal", at);
    static const enum cty_claim open[] = {CTY_CLAIM_SIGNED, CTY_CLAIM_SEEN, CTY_CLAIM_UNIQUE, CTY_CLAIM_ENROLLED,
                                          CTY_CLAIM_CONTENTS, CTY_CLAIM_INTACT, CTY_CLAIM_COMPLETE};
    for (size_t i = 0; i < CTY_COUNT_OF(open); i++)
        assert_int_equal(s->report.claims[open[i]].state, CTY_CLAIM_NOT_CHECKED);
    rogue_free(r);
}

/* ---- batches and threads ---- */

/* A ledger of some length: more than one chunk for every thread. */
static void make_long(struct stage *s)
{
    for (int i = 0; i < 40; i++)
        stage_noise(s);
    stage_refund(s);
}

static void replay_in(struct stage *s, const struct cty_bytes *texts, size_t count, size_t batch, unsigned threads,
                      struct cty_bytes note, struct cty_report *report)
{
    struct cty_replay *replay = NULL;
    struct cty_content_source contents = world_contents(s->w);
    memset(report, 0, sizeof(*report));
    assert_ok(cty_replay_new(&s->trust, &contents, threads, report, &replay));
    for (size_t from = 0; from < count; from += batch)
        assert_ok(cty_replay_entries(replay, texts + from, count - from < batch ? count - from : batch));
    assert_ok(cty_replay_finish(replay, note));
    cty_replay_free(replay);
}

static void assert_same_report(const struct cty_report *a, const struct cty_report *b)
{
    struct cty_buf one = CTY_BUF_INIT(1 << 20), other = CTY_BUF_INIT(1 << 20);
    assert_ok(cty_report_json(a, &one));
    assert_ok(cty_report_json(b, &other));
    assert_string_equal(cty_buf_text(&one), cty_buf_text(&other));
    cty_buf_done(&one);
    cty_buf_done(&other);
}

static void compare_threads(struct stage *s, const struct cty_bytes *texts, size_t count, struct cty_bytes note, int status)
{
    static struct cty_report alone, report;
    static const unsigned threads[] = {0, 2, 3, 8, 100};
    replay_in(s, texts, count, CTY_REPLAY_BATCH_MAX, 1, note, &alone);
    assert_int_equal(cty_report_exit(&alone), status);
    for (size_t i = 0; i < CTY_COUNT_OF(threads); i++) {
        replay_in(s, texts, count, CTY_REPLAY_BATCH_MAX, threads[i], note, &report);
        assert_same_report(&alone, &report);
    }
}

static void threads_change_nothing(void **state)
{
    struct stage *s = *state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    make_long(s);
    size_t count = s->w->entries_count;
    struct cty_bytes *texts = malloc(count * sizeof(*texts));
    assert_non_null(texts);
    memcpy(texts, s->w->entries, count * sizeof(*texts));
    world_checkpoint(s->w, &note);
    compare_threads(s, texts, count, cty_buf_bytes(&note), 0);
    /* A form, a link and a signature that are wrong. */
    for (int kind = 0; kind < 3; kind++) {
        size_t at = count / 2 + (size_t)kind;
        uint8_t *copy = malloc(texts[at].size);
        assert_non_null(copy);
        memcpy(copy, texts[at].data, texts[at].size);
        static const char *const marks[] = {"{\"payload\":\"", "\"prev\":\"", "\"sig\":\""};
        uint8_t *place = memmem(copy, texts[at].size, marks[kind], strlen(marks[kind]));
        assert_non_null(place);
        place += strlen(marks[kind]) + 10;
        *place = *place == '1' ? '2' : '1';
        texts[at] = cty_bytes_make(copy, texts[at].size);
        compare_threads(s, texts, count, cty_buf_bytes(&note), 1);
        free(copy);
        texts[at] = s->w->entries[at];
    }
    free(texts);
    cty_buf_done(&note);
}

static void batches_change_nothing(void **state)
{
    struct stage *s = *state;
    static struct cty_report whole, report;
    static const size_t batches[] = {1, 2, 7, 16, 17, 64};
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    make_long(s);
    world_checkpoint(s->w, &note);
    replay_in(s, s->w->entries, s->w->entries_count, CTY_REPLAY_BATCH_MAX, 2, cty_buf_bytes(&note), &whole);
    assert_int_equal(cty_report_exit(&whole), 0);
    for (size_t i = 0; i < CTY_COUNT_OF(batches); i++) {
        replay_in(s, s->w->entries, s->w->entries_count, batches[i], 2, cty_buf_bytes(&note), &report);
        assert_same_report(&whole, &report);
    }
    cty_buf_done(&note);
}

/* A bad signature is told with its entry, wherever in a batch it stands, and whatever comes behind it. */
static void a_signature_is_named_in_any_batch(void **state)
{
    struct stage *s = *state;
    static struct cty_report report;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    uint64_t decision = entry_of(s, CTY_DECISION, 0);
    struct cty_bytes envelope = r->items[decision].envelope;
    uint8_t *sig = memmem(envelope.data, envelope.size, "\"sig\":\"", 7);
    assert_non_null(sig);
    sig[20] = sig[20] == 'A' ? 'B' : 'A';
    rogue_link(r);
    struct cty_bytes texts[64];
    for (size_t i = 0; i < r->count; i++)
        texts[i] = r->items[i].text;
    rogue_note(r, &note);
    for (size_t batch = 1; batch <= r->count; batch++) {
        replay_in(s, texts, r->count, batch, 1, cty_buf_bytes(&note), &report);
        assert_int_equal(cty_report_exit(&report), 1);
        assert_fails(&report, SIGNED, "signature-invalid", decision);
    }
    cty_buf_done(&note);
    rogue_free(r);
}

/* ---- findings ---- */

static void a_key_revoked_afterwards(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    uint64_t approved = entry_of(s, CTY_DECISION, 1);
    s->w->time += 1000;
    assert_ok(world_revoke(s->w, "acme/a", "acme/a", NULL, s->w->time));
    assert_int_equal(stage_replay_own(s), 0);
    assert_ok(world_revoke(s->w, "acme/c", "acme/c", NULL, WORLD_START));
    assert_int_equal(stage_replay_own(s), 2);
    assert_int_equal(s->report.findings_all, 1);
    assert_true(has_finding(&s->report, "key-suspect"));
    assert_int_equal(s->report.findings[0].entry, approved);
    assert_int_equal(stage_verify_own(s), 2);
    assert_int_equal(s->report.findings[0].entry, approved);
    assert_true(says(&s->report, CTY_CLAIM_QUORUM, "acme/a (enrolled by 2, revoked by entry "));
}

static void a_late_outcome(void **state)
{
    struct stage *s = *state;
    stage_release(s);
    assert_ok(world_consume(s->w, &s->case_id, "acme/bot"));
    s->w->time += 24 * 3600000ull + 1;
    assert_ok(world_outcome(s->w, &s->case_id, "acme/bot", CTY_OUTCOME_UNKNOWN));
    assert_int_equal(stage_replay_own(s), 2);
    assert_true(has_finding(&s->report, "late-outcome"));
    assert_int_equal(stage_verify_own(s), 2);
    assert_true(says(&s->report, CTY_CLAIM_ONCE, "the case is UNKNOWN"));
}

/* One admin's word was enough by policy: each decision by whom it enrolled says so. */
static void enrolled_on_one_word(void **state)
{
    struct stage *s = *state;
    assert_ok(world_policy(s->w, "acme", "{\"admin_quorum\":1,\"rules\":[]}"));
    struct cty_statement st;
    world_begin(s->w, &st, CTY_ACTOR_ENROL, "acme/weak");
    world_add_signer(s->w, &st, "acme/a");
    world_fill(s->w, &st.u.actor_enrol.enrolment, "acme/weak", CTY_PERSON, "weak");
    st.u.actor_enrol.enrolment.roles = (struct cty_names){1, {CTY_LITERAL("approver")}};
    assert_ok(world_submit(s->w, &st, NULL));
    assert_int_equal(stage_replay_own(s), 0);
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{}", &s->case_id));
    assert_ok(world_decide(s->w, &s->case_id, "acme/weak", CTY_APPROVE));
    assert_ok(world_decide(s->w, &s->case_id, "acme/c", CTY_APPROVE));
    assert_int_equal(stage_replay_own(s), 2);
    assert_int_equal(s->report.findings_all, 1);
    assert_true(has_finding(&s->report, "one-voucher"));
    assert_int_equal(s->report.findings[0].entry, entry_of(s, CTY_DECISION, 0));
    assert_int_equal(stage_verify_own(s), 2);
    assert_true(says(&s->report, CTY_CLAIM_QUORUM, "acme/weak (enrolled by 1), acme/c (enrolled by 2)"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_honest_ledger),
        TEST(the_state_that_it_ends_with),
        TEST(entries_beyond_the_checkpoint_that_is_audited),
        TEST(nothing_at_all),
        TEST(notes_that_say_nothing),
        TEST(a_byte_changed_in_each_entry),
        TEST(neighbours_exchanged),
        TEST(what_comes_after_a_failure),
        TEST(threads_change_nothing),
        TEST(batches_change_nothing),
        TEST(a_signature_is_named_in_any_batch),
        TEST(a_key_revoked_afterwards),
        TEST(a_late_outcome),
        TEST(enrolled_on_one_word),
    };
    return cmocka_run_group_tests_name("replays", tests, NULL, NULL);
}
