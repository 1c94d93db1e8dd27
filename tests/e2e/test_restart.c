/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends and beginnings of a custodian: killed at any moment, stopped while many submit, started twice, started after its
 * deadlines have passed.
 */
#include "unit/support.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "base/check.h"
#include "books.h"
#include "drafts.h"
#include "wire.h"

#define KILLS 15u
#define SUBMITTERS 8u
#define ANSWERS_MAX 65536u
#define WRITE_BYTES_MAX ((rlim_t)96 * 1024)

static struct house *h;
static struct cty_client *agent;

static int set_up(void **state)
{
    h = house_new(NULL);
    house_party(h, "acme");
    house_agent(h, "acme/agent");
    house_person(h, "acme/pat", "approver");
    agent = house_client(h, "acme/agent");
    *state = h;
    return 0;
}

static void assert_whole(void)
{
    struct books books = {.size = 0};
    books_open(&books, h);
    const char *fault = books_fault(&books);
    if (fault)
        fail_msg("%s", fault);
    books_close(&books);
}

/* ---- one that submits as fast as it can ---- */

struct answer {
    uint64_t index;
    struct cty_hash leaf;
};

/* Requests by the agent until the custodian is gone; what was answered, and the one that was not. */
struct submitter {
    pthread_t thread;
    struct cty_statement statement; /* a lawful request, but for id and contents */
    const struct cty_secret *secret;
    struct answer *answers;
    size_t count;
    atomic_size_t sent;
    struct cty_buf unanswered; /* the envelope */
    const char *code;          /* of the last answer; NULL where none came */
    struct cty_content content;
};

static void next_request(struct submitter *submitter, struct cty_buf *envelope)
{
    struct cty_statement *st = &submitter->statement;
    struct cty_content *content = &submitter->content;
    cty_random(st->id, sizeof(st->id));
    cty_random(content->salt, sizeof(content->salt));
    content->member = CTY_LITERAL("payload");
    content->content = CTY_LITERAL("{\"amount\":100,\"order\":\"o-1\"}");
    st->u.request.payload =
        cty_commitment(st->ledger, st->signers[0], st->id, content->member, content->salt, content->content);
    cty_buf_clear(envelope);
    must(cty_statement_sign(st, &submitter->secret, 1, envelope, NULL));
}

static void note_answer(struct submitter *submitter, const struct wire *wire)
{
    must_be(submitter->count < ANSWERS_MAX);
    submitter->answers[submitter->count++] =
        (struct answer){wire->result.submit.own.index, cty_tree_leaf(wire->result.submit.own.entry)};
}

static void *submit_on(void *context)
{
    struct submitter *submitter = context;
    struct wire wire = {.net = NULL};
    wire_open(&wire, h->url);
    do {
        next_request(submitter, &submitter->unanswered);
        cty_buf_clear(&wire.text);
        wire_put_submit(&wire.text, cty_buf_bytes(&submitter->unanswered), &submitter->content, 1);
        atomic_fetch_add(&submitter->sent, 1);
        bool answered = wire_send(&wire, cty_buf_bytes(&wire.text)) == CUSTODY_OK;
        submitter->code = answered ? wire_code(&wire, CTY_RPC_SUBMIT) : NULL;
        if (submitter->code && strcmp(submitter->code, "ok") == 0)
            note_answer(submitter, &wire);
    } while (submitter->code && strcmp(submitter->code, "ok") == 0);
    wire_close(&wire);
    return NULL;
}

static void submitter_start(struct submitter *submitter)
{
    struct cty_draft *draft = draft_new();
    draft_request(agent, "refund", draft);
    *submitter = (struct submitter){.statement = draft->statement, .secret = house_secret(h, "acme/agent"),
                                    .unanswered = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX)};
    draft_free(draft);
    submitter->answers = cty_alloc(ANSWERS_MAX, sizeof(*submitter->answers));
    must_be(submitter->answers != NULL);
    must_be(pthread_create(&submitter->thread, NULL, submit_on, submitter) == 0);
}

static void submitter_done(struct submitter *submitter)
{
    free(submitter->answers);
    cty_buf_done(&submitter->unanswered);
}

/* Every receipt that was given has its entry, the very one. */
static void assert_kept(const struct submitter *submitter)
{
    struct cty_store_reader *reader = NULL;
    struct cty_buf entry = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    must(cty_store_reader_open(h->database, &reader, &house_error));
    must(cty_store_begin_read(reader, &house_error));
    for (size_t i = 0; i < submitter->count; i++) {
        cty_buf_clear(&entry);
        assert_ok(cty_store_read_entry(reader, submitter->answers[i].index, &entry, NULL));
        struct cty_hash leaf = cty_tree_leaf(cty_buf_bytes(&entry));
        assert_memory_equal(&leaf, &submitter->answers[i].leaf, sizeof(leaf));
    }
    cty_store_reader_close(reader);
    cty_buf_done(&entry);
}

static unsigned random_below(unsigned bound)
{
    uint32_t number;
    cty_random(&number, sizeof(number));
    return number % bound;
}

static void wait_sent(struct submitter *submitter, size_t count)
{
    while (atomic_load(&submitter->sent) < count)
        pause_ms(1);
}

/* ---- killed ---- */

/* What was not answered is in the ledger or it isn't, and is sent again: it comes out once. */
static void assert_sent_again(const struct submitter *submitter)
{
    struct wire wire = {.net = NULL};
    struct books_counts before, after;
    wire_open(&wire, h->url);
    books_count(h, &before);
    assert_string_equal(wire_submit(&wire, cty_buf_bytes(&submitter->unanswered), &submitter->content, 1), "ok");
    bool duplicate = wire.result.submit.duplicate;
    uint64_t index = wire.result.submit.own.index;
    books_count(h, &after);
    assert_int_equal(after.cases, before.cases + (duplicate ? 0 : 1));
    assert_string_equal(wire_submit(&wire, cty_buf_bytes(&submitter->unanswered), &submitter->content, 1), "ok");
    assert_int_equal(wire.result.submit.own.index, index);
    wire_close(&wire);
}

static void killed_at_any_moment(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KILLS; i++) {
        struct submitter submitter;
        submitter_start(&submitter);
        wait_sent(&submitter, 1 + random_below(20));
        pause_ms(random_below(4));
        house_kill(h);
        pthread_join(submitter.thread, NULL);
        assert_null(submitter.code);
        assert_kept(&submitter); /* before anything was repaired */
        house_start(h);
        assert_kept(&submitter);
        assert_sent_again(&submitter);
        submitter_done(&submitter);
    }
    assert_whole();
}

/* Killed while it starts: the next start finds what the last commit left. */
static void killed_while_it_starts(void **state)
{
    (void)state;
    uint64_t size = books_size(h);
    for (unsigned i = 0; i < 5; i++) {
        const char *argv[24];
        house_kill(h);
        house_arguments(h, NULL, argv);
        must_be(child_start(&h->custodyd, argv));
        pause_ms(i * 3);
        child_end(&h->custodyd, SIGKILL, HOUSE_PATIENCE_MS);
        house_start(h);
    }
    assert_int_equal(books_size(h), size);
}

/* A write that fails is not tried again: who waits is told, the process ends, and the next start finds all that was given. */
static void a_failed_write_ends_it(void **state)
{
    (void)state;
    const struct rlimit limit = {WRITE_BYTES_MAX, WRITE_BYTES_MAX};
    struct submitter submitter;
    submitter_start(&submitter);
    wait_sent(&submitter, 5);
    must_be(prlimit(h->custodyd.pid, RLIMIT_FSIZE, &limit, NULL) == 0);
    int status = child_wait(&h->custodyd, HOUSE_PATIENCE_MS);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
    pthread_join(submitter.thread, NULL);
    assert_true(!submitter.code || strcmp(submitter.code, "storage") == 0);
    assert_true(child_said(&h->custodyd, "event=failed code=storage"));
    assert_kept(&submitter);
    house_start(h);
    assert_kept(&submitter);
    assert_sent_again(&submitter);
    submitter_done(&submitter);
    assert_whole();
}

/* ---- stopped ---- */

static void a_stop_answers_what_was_taken(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        struct submitter submitters[SUBMITTERS];
        struct books_counts before, after;
        uint64_t answered = 0;
        books_count(h, &before);
        for (size_t i = 0; i < SUBMITTERS; i++)
            submitter_start(&submitters[i]);
        wait_sent(&submitters[0], 5 + random_below(20));
        house_stop(h);
        for (size_t i = 0; i < SUBMITTERS; i++) {
            pthread_join(submitters[i].thread, NULL);
            assert_null(submitters[i].code);
            answered += submitters[i].count;
        }
        books_count(h, &after);
        assert_int_equal(after.cases - before.cases, answered);
        for (size_t i = 0; i < SUBMITTERS; i++) {
            assert_kept(&submitters[i]);
            submitter_done(&submitters[i]);
        }
        house_start(h);
    }
}

/* A long poll is answered as at its time-out, not cut off. */
static void *wait_long(void *context)
{
    struct wire wire = {.net = NULL};
    struct cty_hash session;
    struct cty_rpc_params params = {.u.case_wait = {.case_id = *(struct cty_hash *)context, .known = CTY_NUMBER_MAX}};
    wire_open(&wire, h->url);
    must_be(strcmp(wire_session(&wire, h->url, house_secret(h, "acme/agent"), &session), "ok") == 0);
    params.session = (struct cty_opt_hash){session, true};
    must_be(strcmp(wire_call(&wire, CTY_RPC_CASE_WAIT, &params), "ok") == 0);
    must_be(!wire.result.case_wait.changed);
    wire_close(&wire);
    return NULL;
}

static void a_stop_answers_who_waits(void **state)
{
    (void)state;
    struct cty_hash case_id;
    pthread_t thread;
    draft_ask(agent, "refund", &case_id);
    must_be(pthread_create(&thread, NULL, wait_long, &case_id) == 0);
    pause_ms(300);
    house_stop(h);
    pthread_join(thread, NULL);
    house_start(h);
}

/* ---- twice, and with something wrong ---- */

/* The exit status of another custodyd with these arguments besides. */
static int run_another(const char *const *more, struct child *child)
{
    const char *argv[24];
    *child = (struct child){.pid = 0};
    snprintf(child->log, sizeof(child->log), "%s/another.log", h->folder);
    house_arguments(h, more, argv);
    return child_run(child, argv, HOUSE_PATIENCE_MS);
}

static void assert_serves(void)
{
    struct cty_hash case_id;
    uint64_t size = books_size(h);
    draft_ask(agent, "refund", &case_id);
    assert_true(books_size(h) > size);
}

static void a_second_custodian_is_refused(void **state)
{
    (void)state;
    struct child child;
    char door[128];
    snprintf(door, sizeof(door), "ipc://%s/second", h->folder);
    const char *const other_door[] = {"--listen", door, NULL};
    assert_int_equal(run_another(NULL, &child), 3);
    assert_true(child_said(&child, "code=store-locked"));
    assert_int_equal(run_another(other_door, &child), 3);
    assert_serves();
}

static void a_check_says_what_is_wrong(void **state)
{
    (void)state;
    struct child child;
    char clerk[128];
    snprintf(clerk, sizeof(clerk), "%s/clerk.key", h->folder);
    const char *const well[] = {"--check", NULL};
    const char *const other_origin[] = {"--check", "--origin", "custody.example/other", NULL};
    const char *const other_key[] = {"--check", "--log-key", clerk, NULL};
    const char *const no_key[] = {"--check", "--clerk-key", "/nonexistent/key", NULL};
    const char *const far_door[] = {"--check", "--listen", "tcp://0.0.0.0:7440", NULL};
    const char *const unknown[] = {"--verbose", NULL};
    assert_int_equal(run_another(well, &child), 0);
    assert_true(child_said(&child, "acceptable"));
    assert_int_equal(run_another(other_origin, &child), 4);
    assert_int_equal(run_another(other_key, &child), 4);
    assert_int_equal(run_another(no_key, &child), 4);
    assert_int_equal(run_another(far_door, &child), 4);
    assert_int_equal(run_another(unknown, &child), 4);
    assert_serves();
    house_stop(h);
    assert_int_equal(run_another(well, &child), 0);
    house_start(h);
}

static void another_ledgers_key_does_not_serve(void **state)
{
    (void)state;
    struct child child;
    char clerk[128];
    snprintf(clerk, sizeof(clerk), "%s/clerk.key", h->folder);
    const char *const swapped[] = {"--log-key", clerk, NULL};
    house_stop(h);
    assert_true(run_another(swapped, &child) > 0);
    house_start(h);
    assert_serves();
}

static void a_ledger_is_begun_once(void **state)
{
    (void)state;
    struct child child;
    char opening[128];
    snprintf(opening, sizeof(opening), "%s/open.json", h->folder);
    const char *const again[] = {"--init", opening, NULL};
    house_stop(h);
    uint64_t size = books_size(h);
    assert_int_equal(run_another(again, &child), 1);
    assert_true(child_said(&child, "code=exists"));
    assert_int_equal(books_size(h), size);
    house_start(h);
}

/* ---- deadlines ---- */

static enum cty_case_state stored_state(const struct cty_hash *case_id)
{
    struct cty_judgement *judgement = draft_judge(agent, case_id);
    enum cty_case_state state = (enum cty_case_state)judgement->record.state;
    cty_judgement_free(judgement);
    return state;
}

/* The case falls due while nobody is there to record it. */
static void expire_while_down(void (*end)(struct house *house))
{
    struct cty_hash case_id;
    draft_ask(agent, "brief", &case_id);
    uint64_t size = books_size(h);
    end(h);
    pause_ms(900);
    assert_int_equal(books_size(h), size);
    house_start(h);
    uint64_t until = now_ms() + HOUSE_PATIENCE_MS;
    while (books_size(h) == size && now_ms() < until)
        pause_ms(5);
    assert_int_equal(books_size(h), size + 1);
    assert_string_equal(cty_case_state_names[stored_state(&case_id)], "EXPIRED");
}

static void what_fell_due_meanwhile_is_recorded(void **state)
{
    (void)state;
    expire_while_down(house_stop);
    expire_while_down(house_kill);
    assert_whole();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_any_moment),
        cmocka_unit_test(killed_while_it_starts),
        cmocka_unit_test(a_failed_write_ends_it),
        cmocka_unit_test(a_stop_answers_what_was_taken),
        cmocka_unit_test(a_stop_answers_who_waits),
        cmocka_unit_test(a_second_custodian_is_refused),
        cmocka_unit_test(a_check_says_what_is_wrong),
        cmocka_unit_test(another_ledgers_key_does_not_serve),
        cmocka_unit_test(a_ledger_is_begun_once),
        cmocka_unit_test(what_fell_due_meanwhile_is_recorded),
    };
    int failed = cmocka_run_group_tests(tests, set_up, NULL);
    cty_client_close(agent);
    if (failed == 0)
        house_well(h);
    house_free(h);
    return failed;
}
