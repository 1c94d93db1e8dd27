/* SPDX-License-Identifier: Apache-2.0 */
/* The doors: over HTTP as any submitter of C2SP's protocol sees it, and the same by nng. */
#include <unistd.h>

#include "codec/text.h"
#include "net/client.h"
#include "net/fetch.h"
#include "proto/rpc.h"
#include "unit/witness/bench.h"
#include "witness/doors.h"

static struct bench bench;
static struct cty_witness_http *http;
static struct cty_witness_nng *nng;
static struct cty_fetch *fetch;

static int setup(void **state)
{
    (void)state;
    char url[128];
    const char *const urls[] = {url};
    const struct cty_net_server_config config = {.urls = urls, .url_count = 1};
    const struct cty_fetch_config asks = {.connect_ms = 5000, .total_ms = 20000, .body_max = CTY_NOTE_BYTES_MAX};
    bench_make(&bench);
    snprintf(url, sizeof(url), "ipc://%s/door.sock", bench.folder);
    assert_ok(cty_witness_http_open(bench.witness, "http://127.0.0.1:0", &http, NULL));
    assert_ok(cty_witness_nng_open(bench.witness, &config, &nng, NULL));
    assert_ok(cty_fetch_open(&asks, &fetch, NULL));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cty_fetch_close(fetch);
    cty_witness_http_close(http);
    cty_witness_nng_close(nng);
    bench_done(&bench);
    return 0;
}

/* --- http -------------------------------------------------------------------------------------------------- */

static const char *at(const char *path)
{
    static char url[512];
    snprintf(url, sizeof(url), "%s%s", cty_witness_http_url(http), path);
    return url;
}

static unsigned post(struct cty_bytes body, struct cty_fetch_answer *answer)
{
    assert_ok(cty_fetch_post(fetch, at("/add-checkpoint"), "text/plain", body, answer, NULL));
    return answer->status;
}

static unsigned post_history(const struct history *history, uint64_t old_size, uint64_t size,
                             struct cty_fetch_answer *answer)
{
    struct cty_buf body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    body_put(&bench, history, old_size, size, &body);
    unsigned status = post(cty_buf_bytes(&body), answer);
    cty_buf_done(&body);
    return status;
}

static void assert_cosigned(const struct history *history, uint64_t size, struct cty_bytes lines)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_note parsed, cosigned;
    uint64_t time_s = 0;
    note_put(&bench, history, size, NULL, &note);
    assert_ok(cty_note_parse(cty_buf_bytes(&note), &parsed));
    assert_ok(cty_cosignatures_parse(lines, parsed.text, &cosigned));
    assert_ok(cty_note_cosignature_verify(&cosigned, CTY_LITERAL(WITNESS), cty_secret_key(bench.witness_key), &time_s));
    assert_int_equal(time_s, NOW_S);
    cty_buf_done(&note);
}

/* As a submitter without memory does it: asks with 0, reads the size, sends the proof from there. */
static void test_submitted(void **state)
{
    (void)state;
    struct cty_fetch_answer answer = {.status = 0};
    assert_int_equal(post_history(&straight, 0, 7, &answer), 200);
    assert_cosigned(&straight, 7, cty_buf_bytes(&answer.body));
    assert_int_equal(post_history(&straight, 0, 12, &answer), 409);
    assert_string_equal(answer.type, "text/x.tlog.size");
    assert_bytes_text(cty_buf_bytes(&answer.body), "7\n");
    assert_int_equal(post_history(&straight, 7, 12, &answer), 200);
    assert_cosigned(&straight, 12, cty_buf_bytes(&answer.body));
    cty_fetch_answer_done(&answer);
}

static void assert_problem(const struct cty_fetch_answer *answer, unsigned status, const char *code)
{
    char member[64];
    char text[2048];
    snprintf(member, sizeof(member), "\"code\":\"%s\"", code);
    snprintf(text, sizeof(text), "%.*s", (int)answer->body.size, (const char *)answer->body.data);
    assert_int_equal(answer->status, status);
    assert_string_equal(answer->type, "application/problem+json");
    assert_non_null(strstr(text, member));
}

static void test_problems(void **state)
{
    (void)state;
    struct cty_fetch_answer answer = {.status = 0};
    struct cty_buf body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX), note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_hash root = history_root(&straight, 7);
    struct cty_add_checkpoint add = {.old_size = 0};
    post(CTY_LITERAL("garbage"), &answer);
    assert_problem(&answer, 400, "bad-note");
    foreign_note_put(bench.other_log, ORIGIN, 7, &root, &note);
    add.note = cty_buf_bytes(&note);
    assert_ok(cty_add_checkpoint_format(&add, &body));
    post(cty_buf_bytes(&body), &answer);
    assert_problem(&answer, 403, "note-unsigned");
    cty_buf_clear(&note);
    cty_buf_clear(&body);
    foreign_note_put(bench.log, "other.example.com", 7, &root, &note);
    add.note = cty_buf_bytes(&note);
    assert_ok(cty_add_checkpoint_format(&add, &body));
    post(cty_buf_bytes(&body), &answer);
    assert_problem(&answer, 404, "not-found");
    assert_int_equal(post_history(&straight, 0, 7, &answer), 200);
    post_history(&forked_at_3, 7, 7, &answer);
    assert_problem(&answer, 422, "root-mismatch");
    post_history(&straight, 7, 8, &answer);
    assert_problem(&answer, 422, "split-view");
    cty_fetch_answer_done(&answer);
    cty_buf_done(&body);
    cty_buf_done(&note);
}

static void test_monitor(void **state)
{
    (void)state;
    struct cty_fetch_answer answer = {.status = 0};
    char path[CTY_WITNESS_MONITOR_BYTES + 1] = "/";
    struct cty_checkpoint checkpoint;
    cty_witness_monitor_path(CTY_LITERAL(ORIGIN), path + 1);
    assert_ok(cty_fetch_get(fetch, at(path), NULL, &answer, NULL));
    assert_int_equal(answer.status, 404);
    assert_int_equal(post_history(&straight, 0, 7, &answer), 200);
    assert_ok(cty_fetch_get(fetch, at(path), NULL, &answer, NULL));
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.type, "text/plain; charset=utf-8");
    assert_ok(cty_checkpoint_open(cty_buf_bytes(&answer.body), CTY_LITERAL(ORIGIN), cty_secret_key(bench.log), &checkpoint));
    assert_int_equal(checkpoint.size, 7);
    cty_fetch_answer_done(&answer);
}

static void test_other_paths(void **state)
{
    (void)state;
    struct cty_fetch_answer answer = {.status = 0};
    char upper[CTY_WITNESS_MONITOR_BYTES + 1] = "/";
    static const char *const paths[] = {"/", "/add-checkpoint/", "/x/checkpoint", "/checkpoint", "/../add-checkpoint2", "//add-checkpoint"};
    assert_int_equal(post_history(&straight, 0, 7, &answer), 200);
    for (size_t i = 0; i < CTY_COUNT_OF(paths); i++) {
        assert_ok(cty_fetch_get(fetch, at(paths[i]), NULL, &answer, NULL));
        assert_int_equal(answer.status, 404);
    }
    cty_witness_monitor_path(CTY_LITERAL(ORIGIN), upper + 1);
    assert_ok(cty_fetch_post(fetch, at(upper), "text/plain", CTY_LITERAL("x"), &answer, NULL));
    assert_int_equal(answer.status, 405);
    for (char *c = upper; *c; c++) /* one spelling alone */
        *c = (char)(*c >= 'a' && *c <= 'f' ? *c - 32 : *c);
    assert_ok(cty_fetch_get(fetch, at(upper), NULL, &answer, NULL));
    assert_int_equal(answer.status, 404);
    assert_ok(cty_fetch_get(fetch, at("/add-checkpoint"), NULL, &answer, NULL));
    assert_int_equal(answer.status, 405);
    cty_fetch_answer_done(&answer);
}

static void test_too_large(void **state)
{
    (void)state;
    struct cty_fetch_answer answer = {.status = 0};
    static char body[CTY_ADD_CHECKPOINT_BYTES_MAX + 1];
    memset(body, 'a', sizeof(body));
    assert_int_equal(post(cty_bytes_make(body, sizeof(body) - 1), &answer), 400);
    assert_int_equal(post(cty_bytes_make(body, sizeof(body)), &answer), 413);
    assert_int_equal(post_history(&straight, 0, 7, &answer), 200);
    cty_fetch_answer_done(&answer);
}

/* Who sends what is refused has to wait with it; what is cosigned or asked for counts nothing, and is answered all the same. */
static void test_too_much(void **state)
{
    (void)state;
    struct cty_fetch_answer answer = {.status = 0};
    unsigned limited = 0;
    for (unsigned i = 0; i < CTY_WITNESS_REFUSALS_MAX; i++) {
        assert_int_equal(post_history(&straight, i == 0 ? 0 : 7, 7, &answer), 200);
        assert_int_equal(post_history(&straight, 0, 9, &answer), 409);
    }
    /* The span may end in the middle, once. */
    for (unsigned i = 0; i < 2 * CTY_WITNESS_REFUSALS_MAX + 1; i++)
        limited += post(CTY_LITERAL("garbage"), &answer) == 429 ? 1 : 0;
    assert_true(limited > 0);
    assert_problem(&answer, 429, "quota");
    assert_true(answer.retry_after_s > 0);
    assert_int_equal(post_history(&straight, 7, 9, &answer), 200);
    cty_fetch_answer_done(&answer);
}

/* --- nng --------------------------------------------------------------------------------------------------- */

struct asked {
    struct cty_rpc_message message;
    struct cty_rpc_answer answer;
    union cty_rpc_result result;
    struct cty_buf reply;
};

static void ask(const struct cty_rpc_call *call, struct asked *ret)
{
    struct cty_net_client *client = NULL;
    const struct cty_net_client_config config = {.url = cty_witness_nng_url(nng, 0)};
    struct cty_buf request = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    memset(ret, 0, sizeof(*ret));
    ret->reply = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    assert_ok(cty_rpc_call_write(call, &request));
    assert_ok(cty_net_client_open(&config, &client, NULL));
    assert_ok(cty_net_client_call(client, cty_buf_bytes(&request), 20000, &ret->reply, NULL));
    assert_ok(cty_rpc_open(&ret->message, cty_buf_bytes(&ret->reply), CTY_ANSWER_NODES_MAX, NULL));
    assert_ok(cty_rpc_answer_read(&ret->message, cty_rpc_first(&ret->message), call->rpc, &ret->answer, &ret->result, NULL));
    cty_net_client_close(client);
    cty_buf_done(&request);
}

static void asked_done(struct asked *asked)
{
    cty_rpc_done(&asked->message);
    cty_buf_done(&asked->reply);
}

static void test_by_nng(void **state)
{
    (void)state;
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = 1}, .rpc = CTY_RPC_WITNESS_ADD};
    struct cty_buf body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    struct asked asked;
    struct cty_checkpoint checkpoint;
    body_put(&bench, &straight, 0, 7, &body);
    call.params.u.witness_add.body = cty_buf_bytes(&body);
    ask(&call, &asked);
    assert_false(asked.answer.failed);
    assert_int_equal(asked.result.witness_add.status, 200);
    assert_cosigned(&straight, 7, asked.result.witness_add.body);
    asked_done(&asked);
    ask(&call, &asked);
    assert_int_equal(asked.result.witness_add.status, 409);
    assert_bytes_text(asked.result.witness_add.body, "7\n");
    asked_done(&asked);
    call.params.u.witness_add.body = CTY_LITERAL("garbage");
    ask(&call, &asked);
    assert_int_equal(asked.result.witness_add.status, 400);
    assert_int_equal(asked.result.witness_add.body.size, 0);
    asked_done(&asked);
    call.rpc = CTY_RPC_WITNESS_CHECKPOINT;
    call.params.u.witness_checkpoint.origin = CTY_LITERAL(ORIGIN);
    ask(&call, &asked);
    assert_ok(cty_checkpoint_open(asked.result.witness_checkpoint.checkpoint, CTY_LITERAL(ORIGIN), cty_secret_key(bench.log),
                                  &checkpoint));
    assert_int_equal(checkpoint.size, 7);
    asked_done(&asked);
    call.params.u.witness_checkpoint.origin = CTY_LITERAL("other");
    ask(&call, &asked);
    assert_true(asked.answer.failed);
    assert_refused(asked.answer.failure.code, "not-found");
    asked_done(&asked);
    cty_buf_done(&body);
}

static unsigned add_status(struct cty_bytes body)
{
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = 1}, .rpc = CTY_RPC_WITNESS_ADD};
    struct asked asked;
    call.params.u.witness_add.body = body;
    ask(&call, &asked);
    assert_false(asked.answer.failed);
    unsigned status = (unsigned)asked.result.witness_add.status;
    assert_int_equal(asked.result.witness_add.body.size > 0, status == 200 || status == 409);
    asked_done(&asked);
    return status;
}

static unsigned add_history(const struct history *history, uint64_t old_size, uint64_t size)
{
    struct cty_buf body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    body_put(&bench, history, old_size, size, &body);
    unsigned status = add_status(cty_buf_bytes(&body));
    cty_buf_done(&body);
    return status;
}

/* Whoever comes anew with each message is the same one still. */
static void test_too_much_by_nng(void **state)
{
    (void)state;
    unsigned limited = 0;
    struct cty_fetch_answer answer = {.status = 0};
    assert_int_equal(add_history(&straight, 0, 7), 200);
    for (unsigned i = 0; i < CTY_WITNESS_REFUSALS_MAX / 2; i++)
        assert_int_equal(add_history(&straight, 0, 9), 409);
    assert_int_equal(add_status(CTY_LITERAL("garbage")), 400);
    for (unsigned i = 0; i < 2 * CTY_WITNESS_REFUSALS_MAX + 1; i++) {
        unsigned status = add_status(CTY_LITERAL("garbage"));
        assert_true(status == 400 || status == 429);
        limited += status == 429 ? 1 : 0;
    }
    assert_true(limited > 0);
    assert_int_equal(add_history(&straight, 7, 9), 200);
    assert_int_equal(post(CTY_LITERAL("garbage"), &answer), 400); /* another door, and another address */
    cty_fetch_answer_done(&answer);
}

/* --- a full house ------------------------------------------------------------------------------------------ */

static struct cty_witness_nng *open_small(const char *name, struct cty_net_client **ret_clients, size_t clients)
{
    struct cty_witness_nng *small = NULL;
    char url[128];
    const char *const urls[] = {url};
    const struct cty_net_server_config config = {.urls = urls, .url_count = 1, .connections_max = 2};
    snprintf(url, sizeof(url), "ipc://%s/%s.sock", bench.folder, name);
    assert_ok(cty_witness_nng_open(bench.witness, &config, &small, NULL));
    const struct cty_net_client_config asks = {.url = cty_witness_nng_url(small, 0)};
    for (size_t i = 0; i < clients; i++)
        assert_ok(cty_net_client_open(&asks, &ret_clients[i], NULL));
    return small;
}

static custody_err add_by(struct cty_net_client *client, uint64_t old_size, uint64_t size)
{
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = 1}, .rpc = CTY_RPC_WITNESS_ADD};
    struct cty_buf body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX), request = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    struct cty_buf reply = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    body_put(&bench, &straight, old_size, size, &body);
    call.params.u.witness_add.body = cty_buf_bytes(&body);
    assert_ok(cty_rpc_call_write(&call, &request));
    custody_err err = cty_net_client_call(client, cty_buf_bytes(&request), 20000, &reply, NULL);
    cty_buf_done(&body);
    cty_buf_done(&request);
    cty_buf_done(&reply);
    return err;
}

/* Its answer may be there a moment before the door has seen that it was taken: only then it may go. */
static void add_when_there_is_room(struct cty_net_client *client, uint64_t old_size, uint64_t size)
{
    custody_err err = CUSTODY_E_UNREACHABLE;
    for (int i = 0; i < 1000 && err != CUSTODY_OK; i++) {
        usleep(i ? 10000 : 0);
        err = add_by(client, old_size, size);
    }
    assert_ok(err);
}

/* Who only repeats what is public makes room for the next; who brings the log forward stays. */
static void test_who_stays(void **state)
{
    (void)state;
    struct cty_net_client *clients[5];
    struct cty_witness_nng *small = open_small("small", clients, CTY_COUNT_OF(clients));
    assert_ok(add_by(clients[0], 0, 7));               /* grows: stays */
    assert_ok(add_by(clients[1], 7, 7));               /* repeats */
    add_when_there_is_room(clients[2], 7, 7);          /* in the place of that */
    add_when_there_is_room(clients[3], 7, 8);          /* and this of that; grows, and stays */
    assert_int_not_equal(add_by(clients[4], 8, 8), CUSTODY_OK);
    assert_ok(add_by(clients[0], 8, 9));
    for (size_t i = 0; i < CTY_COUNT_OF(clients); i++)
        cty_net_client_close(clients[i]);
    cty_witness_nng_close(small);
}

/* A custodian's methods are not a witness's. */
static void test_other_methods(void **state)
{
    (void)state;
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = 1}, .rpc = CTY_RPC_INFO};
    struct asked asked;
    ask(&call, &asked);
    assert_true(asked.answer.failed);
    assert_refused(asked.answer.failure.code, "method-unknown");
    asked_done(&asked);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_submitted), TEST(test_problems), TEST(test_monitor), TEST(test_other_paths), TEST(test_too_large),
        TEST(test_too_much), TEST(test_by_nng), TEST(test_too_much_by_nng), TEST(test_who_stays), TEST(test_other_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
