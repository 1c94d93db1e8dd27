/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is no message, no call or nobody's call, over a real door: each is refused with a code and a sentence, nothing is
 * written, and the next one is served. Above the transport's own limit the connection is closed.
 */
#include "scene.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "net/sp.h"

#define INFO "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\",\"params\":{}}"

static struct scene *the_scene;

static int set_up(void **state)
{
    *state = the_scene = scene_new(NULL);
    return 0;
}

/* ---- messages ---- */

static void an_unknown_method(void **state)
{
    struct scene *scene = *state;
    assert_refused_unmoved(scene, wire_ask(&scene->wire, "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"erase\",\"params\":{}}"),
                           "method-unknown");
    assert_string_equal(wire_ask(&scene->wire, INFO), "ok");
}

static void a_message_that_is_too_large_closes_the_connection(void **state)
{
    struct scene *scene = *state;
    struct cty_buf text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX + 1);
    must(cty_buf_reserve(&text, CTY_MESSAGE_BYTES_MAX + 1));
    memset(text.data, ' ', CTY_MESSAGE_BYTES_MAX + 1);
    memcpy(text.data, INFO, strlen(INFO));
    text.size = CTY_MESSAGE_BYTES_MAX + 1;
    assert_refused(wire_send(&scene->wire, cty_buf_bytes(&text)), "unreachable");
    scene_unmoved(scene);
    text.size--; /* at the limit it is a message as any other */
    assert_refused(wire_send(&scene->wire, cty_buf_bytes(&text)), "ok");
    assert_string_equal(wire_code(&scene->wire, CTY_RPC_INFO), "ok");
    cty_buf_done(&text);
}

static void a_message_cut_at_every_length(void **state)
{
    struct scene *scene = *state;
    for (size_t size = 0; size < strlen(INFO); size++) {
        assert_refused(wire_send(&scene->wire, cty_bytes_make(INFO, size)), "ok");
        assert_string_equal(wire_code(&scene->wire, CTY_RPC_INFO), "bad-json");
    }
    scene_unmoved(scene);
}

static void a_submission_cut_anywhere(void **state)
{
    struct scene *scene = *state;
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_buf text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    draft_request(scene->agent, "refund", scene->draft);
    must(cty_statement_sign(&scene->draft->statement, scene->draft->secrets, 1, &envelope, NULL));
    wire_put_submit(&text, cty_buf_bytes(&envelope), scene->draft->contents, scene->draft->contents_count);
    for (size_t size = 1; size < text.size; size += 1 + size / 16) {
        assert_refused(wire_send(&scene->wire, cty_bytes_make(text.data, size)), "ok");
        assert_string_equal(wire_code(&scene->wire, CTY_RPC_SUBMIT), "bad-json");
    }
    scene_unmoved(scene);
    cty_buf_done(&envelope);
    cty_buf_done(&text);
}

static void garbage(void **state)
{
    struct scene *scene = *state;
    uint8_t bytes[600];
    for (size_t round = 0; round < 64; round++) {
        cty_random(bytes, sizeof(bytes));
        bytes[0] |= 0x80; /* no JSON begins so */
        assert_refused(wire_send(&scene->wire, cty_bytes_make(bytes, 1 + round * 9)), "ok");
        assert_string_equal(wire_code(&scene->wire, CTY_RPC_INFO), "bad-json");
    }
    scene_unmoved(scene);
}

static void deep_json(void **state)
{
    struct scene *scene = *state;
    char text[256] = "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\",\"params\":";
    size_t at = strlen(text);
    memset(text + at, '[', CTY_MESSAGE_DEPTH_MAX);
    memset(text + at + CTY_MESSAGE_DEPTH_MAX, ']', CTY_MESSAGE_DEPTH_MAX);
    memcpy(text + at + 2 * CTY_MESSAGE_DEPTH_MAX, "}", 2);
    assert_refused_unmoved(scene, wire_ask(&scene->wire, text), "too-deep");
    /* One level less is only wrong. */
    text[at + CTY_MESSAGE_DEPTH_MAX - 1] = ' ';
    text[at + CTY_MESSAGE_DEPTH_MAX] = ' ';
    assert_string_equal(wire_ask(&scene->wire, text), "bad-rpc");
}

static void a_member_twice(void **state)
{
    struct scene *scene = *state;
    static const char *const texts[] = {
        "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\",\"method\":\"info\"}",
        "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\",\"\\u006dethod\":\"submit\"}",
        "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"entries\",\"params\":{\"from\":0,\"from\":1}}",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++)
        assert_string_equal(wire_ask(&scene->wire, texts[i]), "duplicate-member");
    scene_unmoved(scene);
}

static void too_many_values(void **state)
{
    struct scene *scene = *state;
    struct cty_buf text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    must(cty_buf_put_text(&text, "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\",\"params\":[0"));
    for (unsigned i = 0; i < CTY_CALL_NODES_MAX; i++)
        must(cty_buf_put_text(&text, ",0"));
    must(cty_buf_put_text(&text, "]}"));
    assert_refused_unmoved(scene, wire_ask(&scene->wire, cty_buf_text(&text)), "too-large");
    cty_buf_done(&text);
}

/* ---- calls ---- */

static void what_is_no_call(void **state)
{
    struct scene *scene = *state;
    static const char *const texts[] = {
        "7", "[]", "{}", "\"info\"",
        "{\"jsonrpc\":\"2.0\",\"method\":\"info\"}",                       /* a notification */
        "{\"id\":null,\"jsonrpc\":\"2.0\",\"method\":\"info\"}",
        "{\"id\":1,\"jsonrpc\":\"1.0\",\"method\":\"info\"}",
        "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":7}",
        "{\"extra\":1,\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\"}",   /* an unknown member */
    };
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++)
        assert_string_equal(wire_ask(&scene->wire, texts[i]), "bad-rpc");
    scene_unmoved(scene);
}

static void parameters_that_are_none(void **state)
{
    struct scene *scene = *state;
    static const char *const params[] = {
        "\"method\":\"info\",\"params\":{\"verbose\":true}",
        "\"method\":\"submit\",\"params\":{}",
        "\"method\":\"submit\",\"params\":{\"envelope\":7}",
        "\"method\":\"proof.inclusion\",\"params\":{\"index\":-1}",
        "\"method\":\"proof.consistency\",\"params\":{\"from\":1.5,\"to\":2}",
        "\"method\":\"case.get\",\"params\":{\"case\":\"beef\"}",
    };
    char text[256];
    for (size_t i = 0; i < CTY_COUNT_OF(params); i++) {
        snprintf(text, sizeof(text), "{\"id\":1,\"jsonrpc\":\"2.0\",%s}", params[i]);
        assert_string_equal(wire_ask(&scene->wire, text), "bad-params");
    }
    scene_unmoved(scene);
}

static void a_batch_that_is_too_long(void **state)
{
    struct scene *scene = *state;
    struct cty_buf text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    must(cty_buf_put_text(&text, "[" INFO));
    for (unsigned i = 0; i < CTY_BATCH_MAX; i++)
        must(cty_buf_put_text(&text, "," INFO));
    must(cty_buf_put_text(&text, "]"));
    assert_refused_unmoved(scene, wire_ask(&scene->wire, cty_buf_text(&text)), "too-large");
    cty_buf_done(&text);
}

/* Each item of a batch stands and falls alone. */
static void a_bad_call_in_a_batch(void **state)
{
    struct scene *scene = *state;
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    static const char text[] = "[" INFO ",{\"id\":2,\"jsonrpc\":\"2.0\",\"method\":\"erase\"}," INFO "]";
    static const bool fails[] = {false, true, false};
    assert_refused(wire_send(&scene->wire, CTY_LITERAL(text)), "ok");
    must(cty_rpc_open(&message, cty_buf_bytes(&scene->wire.reply), CTY_ANSWER_NODES_MAX, &house_error));
    assert_true(message.batch);
    assert_int_equal(message.count, 3);
    const struct cty_json_node *item = cty_rpc_first(&message);
    for (size_t i = 0; i < 3; i++, item = cty_rpc_next(&message, item)) {
        struct cty_rpc_answer answer;
        union cty_rpc_result result;
        must(cty_rpc_answer_read(&message, item, CTY_RPC_INFO, &answer, &result, &house_error));
        assert_int_equal(answer.failed, fails[i]);
    }
    cty_rpc_done(&message);
    scene_unmoved(scene);
}

/* ---- sessions ---- */

static const char *list_cases(struct scene *scene, const struct cty_hash *session)
{
    struct cty_rpc_params params = {.session = {*session, true}};
    return wire_call(&scene->wire, CTY_RPC_CASE_LIST, &params);
}

static void a_session_that_is_none(void **state)
{
    struct scene *scene = *state;
    struct cty_hash session;
    cty_random(session.bytes, sizeof(session.bytes));
    assert_refused_unmoved(scene, list_cases(scene, &session), "session-needed");
    assert_refused_unmoved(scene, wire_call(&scene->wire, CTY_RPC_CASE_LIST, NULL), "session-needed");
}

static void a_session_that_has_ended(void **state)
{
    struct scene *scene = *state;
    struct cty_hash session;
    const struct cty_secret *secret = house_secret(scene->house, "acme/agent");
    assert_string_equal(wire_session(&scene->wire, scene->house->url, secret, &session), "ok");
    assert_string_equal(list_cases(scene, &session), "ok");
    struct cty_rpc_params params = {.session = {session, true}};
    assert_string_equal(wire_call(&scene->wire, CTY_RPC_SESSION_CLOSE, &params), "ok");
    assert_refused_unmoved(scene, list_cases(scene, &session), "session-needed");
}

static void a_session_over_a_restart(void **state)
{
    struct scene *scene = *state;
    struct cty_hash session;
    const struct cty_secret *secret = house_secret(scene->house, "acme/agent");
    assert_string_equal(wire_session(&scene->wire, scene->house->url, secret, &session), "ok");
    house_stop(scene->house);
    house_start(scene->house);
    assert_refused_unmoved(scene, list_cases(scene, &session), "session-needed");
}

static void a_session_whose_actor_is_revoked(void **state)
{
    struct scene *scene = *state;
    struct cty_hash session;
    house_agent(scene->house, "acme/leaving");
    const struct cty_secret *secret = house_secret(scene->house, "acme/leaving");
    assert_string_equal(wire_session(&scene->wire, scene->house->url, secret, &session), "ok");
    assert_string_equal(list_cases(scene, &session), "ok");
    house_revoke(scene->house, "acme/leaving");
    books_count(scene->house, &scene->before);
    assert_refused_unmoved(scene, list_cases(scene, &session), "session-needed");
    assert_string_equal(wire_session(&scene->wire, scene->house->url, secret, &session), "key-not-valid");
}

static void a_session_for_another_door(void **state)
{
    struct scene *scene = *state;
    struct cty_hash session;
    const struct cty_secret *secret = house_secret(scene->house, "acme/agent");
    assert_refused_unmoved(scene, wire_session(&scene->wire, "ipc:///another/door", secret, &session), "bad-session");
}

static void a_session_of_nobody(void **state)
{
    struct scene *scene = *state;
    struct cty_hash session;
    const struct cty_secret *secret = house_secret(scene->house, "acme/stranger");
    assert_refused_unmoved(scene, wire_session(&scene->wire, scene->house->url, secret, &session), "key-unknown");
}

static void contents_of_anothers_case(void **state)
{
    struct scene *scene = *state;
    struct cty_hash session;
    struct cty_rpc_params params = {.u.blob_get = {.member = CTY_LITERAL("payload"), .statement = scene->held}};
    const struct cty_secret *rival = house_secret(scene->house, "globex/agent");
    assert_string_equal(wire_session(&scene->wire, scene->house->url, rival, &session), "ok");
    params.session = (struct cty_opt_hash){session, true};
    assert_refused_unmoved(scene, wire_call(&scene->wire, CTY_RPC_BLOB_GET, &params), "forbidden");
    const struct cty_secret *agent = house_secret(scene->house, "acme/agent");
    assert_string_equal(wire_session(&scene->wire, scene->house->url, agent, &session), "ok");
    params.session.hash = session;
    assert_string_equal(wire_call(&scene->wire, CTY_RPC_BLOB_GET, &params), "ok");
}

/* ---- by hand ---- */

static int connect_by_hand(const struct scene *scene)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", scene->house->url + strlen("ipc://"));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must_be(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

static void put(int fd, const void *data, size_t size)
{
    must_be(send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size);
}

/* Our hello, then the head of a message of so many bytes, with its id; in one go, for the door may close behind it. */
static void put_head(int fd, uint64_t size)
{
    static const uint8_t id[CTY_SP_ID_BYTES] = {0x80, 0, 0, 1};
    uint8_t bytes[CTY_SP_HELLO_BYTES + CTY_SP_HEAD_BYTES_MAX + CTY_SP_ID_BYTES];
    size_t at = CTY_SP_HELLO_BYTES;
    cty_sp_hello_format(CTY_SP_REQ, bytes);
    at += cty_sp_head_format(CTY_SP_IPC, size + sizeof(id), bytes + at);
    memcpy(bytes + at, id, sizeof(id));
    put(fd, bytes, at + sizeof(id));
}

static void connections_that_say_nothing_whole(void **state)
{
    struct scene *scene = *state;
    for (unsigned i = 0; i < 30; i++) {
        int fd = connect_by_hand(scene);
        if (i % 3 == 1)
            put(fd, "GET / HTTP/1.1\r\n\r\n", 18);
        if (i % 3 == 2) {
            put_head(fd, 1000);
            put(fd, INFO, strlen(INFO));
        }
        close(fd);
    }
    scene_unmoved(scene);
}

/* Announces more than any message may have: the connection is closed before anything is kept. */
static void a_message_that_announces_too_much(void **state)
{
    struct scene *scene = *state;
    uint8_t byte;
    int fd = connect_by_hand(scene);
    put_head(fd, (uint64_t)1 << 40);
    ssize_t got;
    while ((got = recv(fd, &byte, 1, 0)) > 0)
        continue;
    assert_true(got <= 0);
    close(fd);
    scene_unmoved(scene);
}

/* Sends a submission, hangs up at some moment, and submits the same with another client. Whether it was there. */
static bool hang_up_and_ask_again(struct scene *scene, unsigned after_ms)
{
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_buf text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    draft_request(scene->agent, "refund", scene->draft);
    must(cty_statement_sign(&scene->draft->statement, scene->draft->secrets, 1, &envelope, NULL));
    wire_put_submit(&text, cty_buf_bytes(&envelope), scene->draft->contents, scene->draft->contents_count);
    int fd = connect_by_hand(scene);
    put_head(fd, text.size);
    put(fd, text.data, text.size);
    pause_ms(after_ms);
    close(fd);
    assert_string_equal(wire_submit(&scene->wire, cty_buf_bytes(&envelope), scene->draft->contents,
                                    scene->draft->contents_count), "ok");
    cty_buf_done(&envelope);
    cty_buf_done(&text);
    return scene->wire.result.submit.duplicate;
}

/* Who is gone before its answer came has submitted or it hasn't; whoever sends the same again finds out. */
static void a_client_that_vanishes_behind_its_submission(void **state)
{
    struct scene *scene = *state;
    struct books_counts after;
    unsigned submitted = 0, count = 0;
    for (; count < 20 || (submitted == 0 && count < 500); count++)
        submitted += hang_up_and_ask_again(scene, count);
    assert_true(submitted > 0);
    books_count(scene->house, &after);
    assert_int_equal(after.cases, scene->before.cases + count);
    scene->before = after;
    scene_unmoved(scene);
}

/* Who dies while it waits for a decision loses nothing: another finds the case as it went on. */
static void a_client_that_vanishes_while_it_waits(void **state)
{
    struct scene *scene = *state;
    struct cty_hash session, case_id;
    struct cty_buf text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    draft_ask(scene->agent, "one", &case_id);
    const struct cty_secret *secret = house_secret(scene->house, "acme/agent");
    assert_string_equal(wire_session(&scene->wire, scene->house->url, secret, &session), "ok");
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = 1}, .rpc = CTY_RPC_CASE_WAIT};
    call.params.session = (struct cty_opt_hash){session, true};
    call.params.u.case_wait.case_id = case_id;
    call.params.u.case_wait.known = CTY_NUMBER_MAX;
    must(cty_rpc_call_write(&call, &text));
    for (unsigned i = 0; i < 20; i++) {
        int fd = connect_by_hand(scene);
        put_head(fd, text.size);
        put(fd, text.data, text.size);
        if (i % 2)
            pause_ms(5);
        close(fd);
    }
    draft_approve(scene->pat, &case_id);
    struct cty_judgement *judgement = draft_judge(scene->agent, &case_id);
    assert_int_equal(judgement->record.state, CTY_CASE_RELEASED);
    cty_judgement_free(judgement);
    cty_buf_done(&text);
    books_count(scene->house, &scene->before);
    scene_unmoved(scene);
}

/* The whole ledger, after all that. */
static void the_ledger_is_whole(void **state)
{
    struct scene *scene = *state;
    struct books books = {.size = 0};
    books_open(&books, scene->house);
    const char *fault = books_fault(&books);
    if (fault)
        fail_msg("%s", fault);
    books_close(&books);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_method),
        cmocka_unit_test(a_message_that_is_too_large_closes_the_connection),
        cmocka_unit_test(a_message_cut_at_every_length),
        cmocka_unit_test(a_submission_cut_anywhere),
        cmocka_unit_test(garbage),
        cmocka_unit_test(deep_json),
        cmocka_unit_test(a_member_twice),
        cmocka_unit_test(too_many_values),
        cmocka_unit_test(what_is_no_call),
        cmocka_unit_test(parameters_that_are_none),
        cmocka_unit_test(a_batch_that_is_too_long),
        cmocka_unit_test(a_bad_call_in_a_batch),
        cmocka_unit_test(a_session_that_is_none),
        cmocka_unit_test(a_session_that_has_ended),
        cmocka_unit_test(a_session_over_a_restart),
        cmocka_unit_test(a_session_whose_actor_is_revoked),
        cmocka_unit_test(a_session_for_another_door),
        cmocka_unit_test(a_session_of_nobody),
        cmocka_unit_test(contents_of_anothers_case),
        cmocka_unit_test(connections_that_say_nothing_whole),
        cmocka_unit_test(a_message_that_announces_too_much),
        cmocka_unit_test(a_client_that_vanishes_behind_its_submission),
        cmocka_unit_test(a_client_that_vanishes_while_it_waits),
        cmocka_unit_test(the_ledger_is_whole),
    };
    int failed = cmocka_run_group_tests(tests, set_up, NULL);
    scene_free(the_scene, failed == 0);
    return failed;
}
