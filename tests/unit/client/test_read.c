/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, contents and whole ledgers. */
#include "audit/replay.h"
#include "unit/client/fake.h"
#include "unit/support.h"

#define POLICY "{\"admin_quorum\":2,\"rules\":[]}"

static int setup(void **state)
{
    struct fake *f = fake_new(POLICY);
    struct cty_hash case_id;
    for (int i = 0; i < 3; i++)
        assert_ok(world_request(f->w, "acme/bot", "acme/bot", i == 1 ? "b" : "a", "{\"n\":1}", &case_id));
    fake_follow(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fake_free(*state);
    return 0;
}

struct seen {
    unsigned count;
    unsigned stop_after;
    char text[200];
};

static custody_err see_case(void *context, const struct cty_case_row *row)
{
    struct seen *seen = context;
    assert_bytes_text(row->row->state, "HELD");
    seen->text[seen->count] = (char)row->record->action.data[0];
    seen->text[seen->count + 1] = 0;
    return ++seen->count == seen->stop_after ? CUSTODY_E_IO : CUSTODY_OK;
}

static void cases_are_listed_page_by_page(void **state)
{
    static const char *const states[] = {"HELD"};
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/eve", NULL);
    struct cty_case_filter filter = {.states = states, .states_count = 1, .mine = CTY_MINE_DECIDE};
    struct seen seen = {.count = 0};
    assert_ok(cty_client_cases(client, &filter, see_case, &seen, NULL));
    assert_string_equal(seen.text, "aba");
    assert_int_equal(f->calls[CTY_RPC_CASE_LIST], 3);
    seen = (struct seen){.stop_after = 2};
    assert_refused(cty_client_cases(client, &filter, see_case, &seen, NULL), "io");
    assert_int_equal(seen.count, 2);
    filter.states_count = CTY_RPC_STATES_MAX + 1;
    assert_refused(cty_client_cases(client, &filter, see_case, &seen, NULL), "too-large");
    cty_client_close(client);
}

static custody_err see_actor(void *context, const struct cty_actor_record *actor)
{
    struct seen *seen = context;
    seen->count++;
    if (cty_bytes_is(actor->enrolment.actor, "acme/bot"))
        snprintf(seen->text, sizeof(seen->text), "%.*s", (int)actor->enrolment.owner.size,
                 (const char *)actor->enrolment.owner.data);
    return CUSTODY_OK;
}

static void actors_are_listed_page_by_page(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/eve", NULL);
    struct seen seen = {.count = 0};
    assert_ok(cty_client_actors(client, NULL, see_actor, &seen, NULL));
    assert_int_equal(seen.count, 8);
    assert_string_equal(seen.text, "acme/a");
    cty_client_close(client);
}

static void loop_list(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)f;
    if (rpc == CTY_RPC_CASE_LIST)
        result->case_list.next = 1;
    if (rpc == CTY_RPC_ACTORS)
        result->actors.next = CTY_LITERAL("acme/a");
}

static void garble_list(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)f;
    if (rpc == CTY_RPC_CASE_LIST)
        result->case_list.cases = CTY_LITERAL("[{}]");
    if (rpc == CTY_RPC_ACTORS)
        result->actors.actors = CTY_LITERAL("[{}]");
}

static void lists_that_do_not_end_or_are_none_are_refused(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/eve", NULL);
    struct cty_case_filter filter = {.states = NULL};
    struct seen seen = {.count = 0};
    f->tamper = loop_list;
    assert_refused(cty_client_cases(client, &filter, see_case, &seen, NULL), "bad-rpc");
    assert_refused(cty_client_actors(client, NULL, see_actor, &seen, NULL), "bad-rpc");
    f->tamper = garble_list;
    assert_refused(cty_client_cases(client, &filter, see_case, &seen, NULL), "bad-rpc");
    assert_refused(cty_client_actors(client, NULL, see_actor, &seen, NULL), "bad-rpc");
    cty_client_close(client);
}

static void lists_need_a_key(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, NULL, NULL);
    struct cty_case_filter filter = {.states = NULL};
    struct seen seen = {.count = 0};
    assert_refused(cty_client_cases(client, &filter, see_case, &seen, NULL), "session-needed");
    cty_client_close(client);
}

static void a_policy_is_told_or_there_is_none(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/eve", NULL);
    struct cty_buf policy = CTY_BUF_INIT(4096);
    struct cty_hash digest;
    assert_ok(cty_client_policy(client, "ledger", &policy, &digest, NULL));
    assert_bytes_text(cty_buf_bytes(&policy), POLICY);
    assert_refused(cty_client_policy(client, "acme", &policy, &digest, NULL), "not-found");
    cty_buf_done(&policy);
    cty_client_close(client);
}

/* ---- the whole ledger ---- */

struct whole {
    struct cty_replay *replay;
    uint64_t next;
    unsigned pages;
};

static custody_err take_entries(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    struct whole *whole = context;
    assert_int_equal(first, whole->next);
    whole->next += count;
    whole->pages++;
    return cty_replay_entries(whole->replay, texts, count);
}

static void a_whole_ledger_is_replayed(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/eve", NULL);
    struct cty_report *report = calloc(1, sizeof(*report));
    struct whole whole = {.next = 0};
    struct cty_checkpoint checkpoint;
    struct cty_bytes note;
    struct cty_buf kept = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    assert_ok(cty_replay_new(fake_trust(f), NULL, 1, report, &whole.replay));
    assert_ok(cty_client_checkpoint(client, true, &checkpoint, &note, NULL));
    assert_ok(cty_buf_put_bytes(&kept, note));
    assert_ok(cty_client_entries(client, 0, checkpoint.size, take_entries, &whole, NULL));
    assert_int_equal(whole.next, checkpoint.size);
    assert_true(whole.pages > 1);
    assert_ok(cty_replay_finish(whole.replay, cty_buf_bytes(&kept)));
    assert_false(cty_report_failed(report));
    cty_replay_free(whole.replay);
    cty_buf_done(&kept);
    free(report);
    cty_client_close(client);
}

static void give_nothing(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)f;
    if (rpc == CTY_RPC_ENTRIES)
        result->entries.entries = CTY_LITERAL("[]");
}

static void give_others(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)f;
    if (rpc == CTY_RPC_ENTRIES)
        result->entries.from++;
}

static custody_err ignore(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    (void)context, (void)first, (void)texts, (void)count;
    return CUSTODY_OK;
}

static void entries_that_do_not_come_are_a_gap(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/eve", NULL);
    f->tamper = give_nothing;
    assert_refused(cty_client_entries(client, 0, 3, ignore, NULL, NULL), "gap");
    f->tamper = give_others;
    assert_refused(cty_client_entries(client, 0, 3, ignore, NULL, NULL), "bad-rpc");
    f->tamper = NULL;
    assert_ok(cty_client_entries(client, 0, 3, ignore, NULL, NULL));
    cty_client_close(client);
}

/* ---- evidence ---- */

static void evidence_is_whole(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/eve", NULL);
    struct cty_evidence *evidence = NULL, *again = NULL;
    struct cty_buf file = CTY_BUF_INIT(1 << 20);
    struct cty_report *report = calloc(1, sizeof(*report));
    struct cty_hash case_id;
    assert_ok(world_request(f->w, "acme/bot", "acme/bot", "a", "{\"n\":1}", &case_id));
    fake_follow(f);
    assert_ok(cty_client_gather(client, &case_id, CTY_GATHER_CONTENTS | CTY_GATHER_ALL, &evidence, NULL));
    assert_ok(cty_evidence_format(evidence, &file));
    assert_ok(cty_evidence_parse(cty_buf_bytes(&file), &again, NULL));
    assert_ok(cty_evidence_verify(again, fake_trust(f), cty_bytes_make(NULL, 0), report, NULL));
    assert_false(cty_report_failed(report));
    assert_int_equal(report->claims[CTY_CLAIM_CONTENTS].state, CTY_CLAIM_HOLDS);
    cty_evidence_free(evidence);
    cty_evidence_free(again);
    cty_buf_done(&file);
    free(report);
    cty_client_close(client);
}

/* ---- news ---- */

static void news_come_or_they_do_not(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_answer answer = {.result.info.size = 0};
    struct cty_hash case_id;
    assert_ok(world_request(f->w, "acme/bot", "acme/bot", "a", "{\"n\":1}", &case_id));
    fake_follow(f);
    assert_ok(cty_client_wait_news(client, &case_id, 0, 0, &answer, NULL));
    assert_true(answer.result.case_wait.changed);
    assert_ok(cty_client_wait_news(client, &case_id, f->count - 1, 300, &answer, NULL));
    assert_false(answer.result.case_wait.changed);
    f->no_room = true; /* to wait */
    assert_ok(cty_client_wait_news(client, &case_id, f->count - 1, 100, &answer, NULL));
    assert_false(answer.result.case_wait.changed);
    assert_ok(cty_client_wait_news(client, &case_id, f->count - 2, 100, &answer, NULL));
    assert_true(answer.result.case_wait.changed);
    assert_true(f->calls[CTY_RPC_CASE_GET] >= 2);
    cty_answer_done(&answer);
    cty_client_close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cases_are_listed_page_by_page, setup, teardown),
        cmocka_unit_test_setup_teardown(actors_are_listed_page_by_page, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_that_do_not_end_or_are_none_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_need_a_key, setup, teardown),
        cmocka_unit_test_setup_teardown(a_policy_is_told_or_there_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(a_whole_ledger_is_replayed, setup, teardown),
        cmocka_unit_test_setup_teardown(entries_that_do_not_come_are_a_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(evidence_is_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(news_come_or_they_do_not, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
