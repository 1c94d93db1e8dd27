/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fold under evidence that holds some records only, and its purity: the same input gives the same bytes. For
 * each type of statement every record that the fold asks for is once answered with "unknown".
 */
#include "unit/escrow/bench.h"

struct asked {
    char keys[64][CTY_VIEW_KEY_MAX];
    size_t count;
    size_t hide;       /* this one is unknown */
    const char *kinds; /* or all whose key begins with one of these letters are */
};

static bool hidden(const struct asked *asked, size_t place, const char *key)
{
    if (asked->kinds)
        return strchr(asked->kinds, key[0]) != NULL;
    return place == asked->hide;
}

static enum cty_view_status answer(void *context, const char *key)
{
    struct asked *asked = context;
    size_t place = 0;
    while (place < asked->count && strcmp(asked->keys[place], key) != 0)
        place++;
    if (place == asked->count) {
        assert_true(asked->count < CTY_COUNT_OF(asked->keys));
        snprintf(asked->keys[asked->count++], CTY_VIEW_KEY_MAX, "%s", key);
    }
    return hidden(asked, place, key) ? CTY_VIEW_UNKNOWN : CTY_VIEW_PRESENT;
}

/* What comes of a record that is unknown: a rule that is not judged, or that the entry can't be judged at all. */
static void expect_hidden(const char *key, const struct world_step *step, custody_err err, unsigned unjudged,
                          const char *own_case)
{
    static const struct {
        const char *lead;
        unsigned bit;
    } rows[] = {{"id/", CTY_UNJUDGED_ID}, {"key/", CTY_UNJUDGED_KEY}, {"root/", CTY_UNJUDGED_SEEN},
                {"person/", CTY_UNJUDGED_PERSON}};
    const char *type = cty_type_name(step->st.type);
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        if (strncmp(key, rows[i].lead, strlen(rows[i].lead)) != 0)
            continue;
        if (err != CUSTODY_OK || unjudged != rows[i].bit)
            fail_msg("%s without %s: %s, unjudged %u", type, key, custody_err_name(err), unjudged);
        return;
    }
    if (strncmp(key, "case/", 5) == 0 && strcmp(key, own_case) != 0) {
        if (err != CUSTODY_OK || unjudged != CTY_UNJUDGED_PARENT)
            fail_msg("%s without its parent: %s, unjudged %u", type, custody_err_name(err), unjudged);
        return;
    }
    const char *wanted = strncmp(key, "case/", 5) == 0 ? "wrong-case" : "internal";
    if (strcmp(custody_err_name(err), wanted) != 0)
        fail_msg("%s without %s: %s instead of %s", type, key, custody_err_name(err), wanted);
}

static void hide_each(struct world *w, const struct cty_statement *st)
{
    struct asked *asked = test_calloc(1, sizeof(*asked));
    struct world_step *step = test_malloc(sizeof(*step));
    char own_case[CTY_VIEW_KEY_MAX] = "case/";
    for (size_t i = 0; i < 32; i++)
        snprintf(own_case + 5 + 2 * i, 3, "%02x", st->case_id.bytes[i]);
    world_step_init(w, st, step);
    asked->hide = SIZE_MAX;
    custody_err err = world_step_try(w, step, answer, asked);
    if (err != CUSTODY_OK)
        fail_msg("%s: %s %s", cty_type_name(st->type), custody_err_name(err), w->error.detail);
    assert_int_equal(w->delta.unjudged, 0);
    size_t count = asked->count;
    assert_true(count >= 3);
    for (size_t i = 0; i < count; i++) {
        char key[CTY_VIEW_KEY_MAX];
        snprintf(key, sizeof(key), "%s", asked->keys[i]);
        asked->hide = i;
        err = world_step_try(w, step, answer, asked);
        expect_hidden(key, step, err, w->delta.unjudged, own_case);
        if (err != CUSTODY_OK)
            assert_int_equal(w->delta.count, 0);
    }
    /* Everything that evidence may lack at once: still judged by the rest. */
    asked->kinds = "ikr";
    assert_ok(world_step_try(w, step, answer, asked));
    assert_true((w->delta.unjudged & CTY_UNJUDGED_ID) && (w->delta.unjudged & CTY_UNJUDGED_SEEN));
    asked->kinds = NULL;
    test_free(asked);
    test_free(step);
}

static struct cty_bytes delta_bytes(const struct cty_delta *delta)
{
    return cty_buf_bytes(&delta->memory);
}

/* Folded again over a fresh view and another delta: the same records in the same order. */
static void fold_twice(struct world *w, const struct cty_statement *st)
{
    struct world_step *step = test_malloc(sizeof(*step));
    struct cty_delta first = {.memory = {.limit = CTY_DELTA_BYTES_MAX}};
    world_step_init(w, st, step);
    assert_ok(world_step_try(w, step, NULL, NULL));
    first = w->delta;
    memset(&w->delta, 0, sizeof(w->delta));
    assert_ok(world_step_try(w, step, NULL, NULL));
    assert_int_equal(w->delta.count, first.count);
    for (size_t i = 0; i < first.count; i++) {
        assert_string_equal(w->delta.puts[i].key, first.puts[i].key);
        assert_true(cty_bytes_equal(w->delta.puts[i].value, first.puts[i].value));
    }
    assert_true(cty_bytes_equal(delta_bytes(&w->delta), delta_bytes(&first)));
    assert_int_equal(w->delta.follow, first.follow);
    assert_int_equal(w->delta.touches_case, first.touches_case);
    cty_delta_done(&first);
    test_free(step);
}

static void check(struct world *w, const struct cty_statement *st)
{
    hide_each(w, st);
    fold_twice(w, st);
}

static void trust_statements(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_enrolment enrolment = bench_person(w, "acme/new", "admin", "new");
    make_enrol(w, &st, &enrolment);
    check(w, &st);
    enrolment = bench_agent(w, "acme/robot", "acme/owen");
    make_enrol(w, &st, &enrolment);
    check(w, &st);
    make_party(w, &st, "new", "new/one", "new/two");
    check(w, &st);
    make_revoke(w, &st, "acme/dave", "acme/a", "acme/b", w->time);
    check(w, &st);
    make_policy(w, &st, "acme", "{\"admin_quorum\":2,\"rules\":[]}");
    check(w, &st);
    make_policy(w, &st, "ledger", "{\"admin_quorum\":2,\"rules\":[]}");
    check(w, &st);
}

static void statements_of_cases(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash held = case_held(w), released = case_released(w), consumed = case_consumed(w);
    assert_ok(approve(w, &held, "acme/a"));
    make_request(w, &st, "acme/bot", "globex/exec", "refund");
    st.u.request.parent = (struct cty_parent){true, case_get(w, &held)->anchor, held};
    st.u.request.behalf.names[st.u.request.behalf.count++] = CTY_LITERAL("acme/dave");
    check(w, &st);
    make_patch(w, &st, &held, "acme/b");
    check(w, &st);
    make_decision(w, &st, &held, "acme/b", CTY_APPROVE);
    check(w, &st);
    make_decision(w, &st, &held, "acme/b", CTY_REJECT);
    check(w, &st);
    make_cancel(w, &st, &held, "acme/b");
    check(w, &st);
    make_consume(w, &st, &released, "acme/bot");
    check(w, &st);
    make_outcome(w, &st, &consumed, "acme/bot");
    check(w, &st);
    w->time = case_get(w, &held)->decide_by + 1;
    make_expiry(w, &st, &held, CTY_SILENCE_HELD);
    check(w, &st);
}

static void statements_of_the_clerk(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    assert_ok(world_policy(w, "acme", "{\"admin_quorum\":2,\"rules\":[]}"));
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/a"));
    w->alone = true;
    assert_ok(approve(w, &id, "acme/b"));
    assert_true(world_next(w, &st));
    check(w, &st);
    assert_ok(submit(w, &st));
    case_of(w, "acme/bot", "globex/exec", "refund");
    assert_true(world_next(w, &st));
    check(w, &st);
}

/* Entries that are not at hand between: order and trust are judged, the link to the entry before is not. */
static void a_gap_before_the_entry(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct world_step *step = test_malloc(sizeof(*step));
    make_request(w, &st, "acme/bot", "acme/bot", "refund");
    world_step_init(w, &st, step);
    step->entry.index += 10;
    step->entry.prev.hash = bench_hash(w);
    assert_refused(world_step_try(w, step, NULL, NULL), "chain-broken");
    step->in.prev_unknown = true;
    assert_ok(world_step_try(w, step, NULL, NULL));
    assert_int_equal(w->delta.unjudged, CTY_UNJUDGED_PREV);
    step->entry.prev.present = false;
    assert_refused(world_step_try(w, step, NULL, NULL), "chain-broken");
    step->entry.prev.present = true;
    step->entry.trust.hash = bench_hash(w);
    assert_refused(world_step_try(w, step, NULL, NULL), "chain-broken");
    struct cty_ledger_record ledger;
    world_ledger(w, &ledger);
    step->entry.trust.hash = ledger.trust;
    step->entry.time = ledger.time - 1;
    assert_refused(world_step_try(w, step, NULL, NULL), "time-went-backwards");
    step->entry.time = w->time;
    step->entry.index = ledger.size - 1;
    assert_refused(world_step_try(w, step, NULL, NULL), "chain-broken");
    test_free(step);
}

/* What must be the very next entry can't stand behind a gap. */
static void a_gap_before_a_verdict(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct world_step *step = test_malloc(sizeof(*step));
    w->alone = true;
    case_of(w, "acme/bot", "acme/bot", "refund");
    assert_true(world_next(w, &st));
    world_step_init(w, &st, step);
    step->entry.index += 1;
    step->in.prev_unknown = true;
    assert_refused(world_step_try(w, step, NULL, NULL), "out-of-place");
    step->entry.index -= 1;
    step->in.prev_unknown = false;
    assert_ok(world_step_try(w, step, NULL, NULL));
    test_free(step);
}

/* A record that is not of its form is a fault of whoever keeps it, and no refusal of the entry. */
static void spoilt_records(void **state)
{
    static const char *const spoilt[] = {"", "{}", "[]", "{\"a\":1}", "null", "{\"digest\":\"00\",\"index\":1}"};
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash id = case_held(w);
    make_decision(w, &st, &id, "acme/a", CTY_APPROVE);
    char key[CTY_VIEW_KEY_MAX] = "case/";
    for (size_t i = 0; i < 32; i++)
        snprintf(key + 5 + 2 * i, 3, "%02x", id.bytes[i]);
    const char *const keys[] = {"actor/acme/a", key};
    for (size_t k = 0; k < CTY_COUNT_OF(keys); k++) {
        char *kept = cty_bytes_dup_text(cty_memory_get(w->memory, keys[k]));
        struct world_step *step = test_malloc(sizeof(*step));
        world_step_init(w, &st, step);
        for (size_t i = 0; i < CTY_COUNT_OF(spoilt); i++) {
            assert_ok(cty_memory_put(w->memory, keys[k], cty_bytes_text(spoilt[i])));
            assert_refused(world_step_try(w, step, NULL, NULL), "internal");
        }
        assert_ok(cty_memory_put(w->memory, keys[k], cty_bytes_text(kept)));
        assert_ok(world_step_try(w, step, NULL, NULL));
        free(kept);
        test_free(step);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(trust_statements),       BENCH_TEST(statements_of_cases),
        BENCH_TEST(statements_of_the_clerk), BENCH_TEST(a_gap_before_the_entry),
        BENCH_TEST(a_gap_before_a_verdict), BENCH_TEST(spoilt_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
