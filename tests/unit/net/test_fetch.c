/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching, against a server by hand. */
#include <unistd.h>

#include "http_peer.h"
#include "net/fetch.h"

#define BODY_MAX 1000

/* ---- who fetches ---- */

static const struct cty_fetch_config patient = {.connect_ms = PATIENCE_MS, .total_ms = PATIENCE_MS, .body_max = BODY_MAX};

struct got {
    custody_err err;
    custody_error error;
    struct cty_fetch_answer answer;
};

static void got_done(struct got *got)
{
    cty_fetch_answer_done(&got->answer);
}
#define AUTO_GOT CTY_CLEANUP(got_done)

static void url_of(const struct server *server, const char *scheme, const char *path, char *ret_url, size_t size)
{
    snprintf(ret_url, size, "%s://127.0.0.1:%u%s", scheme, server->port, path);
}

static void fetch_as(const struct cty_fetch_config *config, const char *url, const char *bearer, struct got *ret_got)
{
    struct cty_fetch *fetch = NULL;
    *ret_got = (struct got){0};
    assert_ok(cty_fetch_open(config, &fetch, NULL));
    ret_got->err = cty_fetch_get(fetch, url, bearer, &ret_got->answer, &ret_got->error);
    cty_fetch_close(fetch);
}

static void fetch_with(const struct cty_fetch_config *config, const struct server *server, const char *path,
                       struct got *ret_got)
{
    char url[200];
    url_of(server, server->setup ? "https" : "http", path, url, sizeof(url));
    fetch_as(config, url, NULL, ret_got);
}

static void expect_refused(const struct server *server, const char *path, const char *code)
{
    AUTO_GOT struct got got;
    fetch_with(&patient, server, path, &got);
    assert_refused(got.err, code);
    assert_string_equal(custody_err_name(got.error.code), code);
    assert_true(got.error.detail[0] != '\0');
    assert_int_equal(got.answer.body.size, 0);
}

static void expect_answer(const struct server *server, const char *path, unsigned status, const char *body)
{
    AUTO_GOT struct got got;
    fetch_with(&patient, server, path, &got);
    assert_ok(got.err);
    assert_int_equal(got.answer.status, status);
    assert_bytes_text(cty_buf_bytes(&got.answer.body), body);
}

/* ---- well-behaved servers ---- */

#define HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n"

static const struct script good[] = {
    {"/ok", HEAD "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello", false},
    {"/chunks", HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", false},
    {"/to-the-end", HEAD "\r\nhello", false},
    {"/empty", HEAD "Content-Length: 0\r\n\r\n", false},
    {"/none", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", false},
    {"/conflict", "HTTP/1.1 409 Conflict\r\nContent-Type: text/x.tlog.size\r\nContent-Length: 3\r\n\r\n17\n", false},
    {"/later", "HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", false},
    {"/much-later", "HTTP/1.1 429 No\r\nRetry-After: 99999999999\r\nContent-Length: 0\r\n\r\n", false},
    {"/moved", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n", false},
    {"/cookie", HEAD "Set-Cookie: a=b; path=/\r\nContent-Length: 0\r\n\r\n", false},
    {0},
};

static void an_answer_comes_whole(void **state)
{
    (void)state;
    struct server server;
    server_open(&server, good, NULL);
    AUTO_GOT struct got got;
    fetch_with(&patient, &server, "/ok", &got);
    assert_ok(got.err);
    assert_int_equal(got.answer.status, 200);
    assert_string_equal(got.answer.type, "text/plain; charset=utf-8");
    assert_bytes_text(cty_buf_bytes(&got.answer.body), "hello");
    assert_int_equal(got.answer.retry_after_s, 0);
    expect_answer(&server, "/chunks", 200, "hello");
    expect_answer(&server, "/to-the-end", 200, "hello");
    expect_answer(&server, "/empty", 200, "");
    server_close(&server);
}

static void a_status_is_an_answer(void **state)
{
    (void)state;
    struct server server;
    server_open(&server, good, NULL);
    expect_answer(&server, "/none", 404, "none");
    AUTO_GOT struct got got;
    fetch_with(&patient, &server, "/conflict", &got);
    assert_ok(got.err);
    assert_int_equal(got.answer.status, 409);
    assert_string_equal(got.answer.type, "text/x.tlog.size");
    server_close(&server);
}

static void a_server_says_when_to_come_back(void **state)
{
    (void)state;
    struct server server;
    server_open(&server, good, NULL);
    {
        AUTO_GOT struct got got;
        fetch_with(&patient, &server, "/later", &got);
        assert_ok(got.err);
        assert_int_equal(got.answer.retry_after_s, 7);
    }
    AUTO_GOT struct got got;
    fetch_with(&patient, &server, "/much-later", &got);
    assert_ok(got.err);
    assert_true(got.answer.retry_after_s <= CTY_FETCH_RETRY_AFTER_S_MAX);
    server_close(&server);
}

/* The other address is never asked. */
static void no_redirect_is_followed(void **state)
{
    (void)state;
    struct server server;
    server_open(&server, good, NULL);
    expect_answer(&server, "/moved", 302, "");
    assert_int_equal(server.requests, 1);
    server_close(&server);
}

static void nothing_is_sent_that_nobody_asked_for(void **state)
{
    (void)state;
    struct server server;
    struct cty_fetch *fetch = NULL;
    AUTO_GOT struct got got = {0};
    char url[200];
    server_open(&server, good, NULL);
    url_of(&server, "http", "/cookie", url, sizeof(url));
    assert_ok(cty_fetch_open(&patient, &fetch, NULL));
    for (int i = 0; i < 2; i++)
        assert_ok(cty_fetch_get(fetch, url, NULL, &got.answer, &got.error));
    cty_fetch_close(fetch);
    assert_int_equal(server.requests, 2);
    static const char *const never[] = {"Cookie:", "Accept-Encoding:", "Referer:", "Authorization:", "Upgrade:", "Range:"};
    for (size_t i = 0; i < CTY_COUNT_OF(never); i++) {
        if (strstr(server.request, never[i]))
            fail_msg("%s", server.request);
    }
    server_close(&server);
}

static void the_environment_changes_nothing(void **state)
{
    (void)state;
    struct server server;
    server_open(&server, good, NULL);
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
    expect_answer(&server, "/ok", 200, "hello");
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(unsetenv("ALL_PROXY"), 0);
    server_close(&server);
}

static void a_body_is_posted(void **state)
{
    (void)state;
    struct server server;
    struct cty_fetch *fetch = NULL;
    AUTO_GOT struct got got = {0};
    char url[200];
    server_open(&server, good, NULL);
    url_of(&server, "http", "/ok", url, sizeof(url));
    assert_ok(cty_fetch_open(&patient, &fetch, NULL));
    assert_ok(cty_fetch_post(fetch, url, "text/plain", CTY_LITERAL("old 0\n\n"), &got.answer, &got.error));
    assert_bytes_text(cty_buf_bytes(&got.answer.body), "hello");
    assert_int_equal(strncmp(server.request, "POST /ok HTTP/1.1\r\n", 19), 0);
    assert_non_null(strstr(server.request, "\r\nContent-Type: text/plain\r\n"));
    assert_non_null(strstr(server.request, "\r\nContent-Length: 7\r\n"));
    assert_null(strstr(server.request, "Expect:"));
    assert_non_null(strstr(server.request, "\r\n\r\nold 0\n\n"));
    /* Empty, and then a GET on the same handle, which has forgotten the POST. */
    assert_ok(cty_fetch_post(fetch, url, "text/plain", cty_bytes_make(NULL, 0), &got.answer, &got.error));
    assert_non_null(strstr(server.request, "\r\nContent-Length: 0\r\n"));
    assert_ok(cty_fetch_get(fetch, url, NULL, &got.answer, &got.error));
    assert_int_equal(strncmp(server.request, "GET /ok HTTP/1.1\r\n", 18), 0);
    assert_null(strstr(server.request, "Content-Type:"));
    cty_fetch_close(fetch);
    server_close(&server);
}

/* ---- tokens ---- */

static void a_token_goes_with_its_request_alone(void **state)
{
    (void)state;
    struct server server;
    struct cty_fetch *fetch = NULL;
    AUTO_GOT struct got got = {0};
    char url[200];
    server_open(&server, good, NULL);
    url_of(&server, "http", "/ok", url, sizeof(url));
    assert_ok(cty_fetch_open(&patient, &fetch, NULL));
    assert_ok(cty_fetch_get(fetch, url, "abc.DEF-123_~+/=", &got.answer, &got.error));
    assert_non_null(strstr(server.request, "\r\nAuthorization: Bearer abc.DEF-123_~+/=\r\n"));
    assert_ok(cty_fetch_get(fetch, url, NULL, &got.answer, &got.error));
    assert_null(strstr(server.request, "Authorization"));
    cty_fetch_close(fetch);
    server_close(&server);
}

static void no_token_leaves_the_machine_in_the_clear(void **state)
{
    (void)state;
    static const char *const urls[] = {"http://192.0.2.1/x", "http://127.0.0.1.example.org/x", "http://[2001:db8::1]/x"};
    for (size_t i = 0; i < CTY_COUNT_OF(urls); i++) {
        AUTO_GOT struct got got;
        fetch_as(&patient, urls[i], "secret", &got);
        assert_refused(got.err, "config");
        assert_non_null(strstr(got.error.detail, "https"));
        assert_null(strstr(got.error.detail, "secret"));
    }
}

static void a_token_that_would_end_its_line_is_refused(void **state)
{
    (void)state;
    static const char *const tokens[] = {"", "a\r\nX: y", "a b", "\x80"};
    for (size_t i = 0; i < CTY_COUNT_OF(tokens); i++) {
        AUTO_GOT struct got got;
        fetch_as(&patient, "http://127.0.0.1:1/x", tokens[i], &got);
        assert_refused(got.err, "config");
    }
}

/* ---- addresses ---- */

static void only_http_is_spoken(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "file:///etc/passwd", "gopher://127.0.0.1/x", "ftp://127.0.0.1/x", "tcp://127.0.0.1:7000", "dict://127.0.0.1/x",
        "smb://127.0.0.1/x",  "HTTPX://127.0.0.1/",   "127.0.0.1/x",       "localhost",            "/etc/passwd",
        "",                   "http://",              "http:///x",         "http://a b/",          "http://a/\nX",
        "http://a/\x80",      "http://a:99999/",      "http://[::1/",      "http://me:pw@a/",      "http://me@a/",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(urls); i++) {
        AUTO_GOT struct got got;
        custody_error error = {0};
        fetch_as(&patient, urls[i], NULL, &got);
        if (got.err != CUSTODY_E_CONFIG)
            fail_msg("%s: %s", urls[i], custody_err_name(got.err));
        assert_refused(cty_fetch_url_check(urls[i], &error), "config");
        assert_null(strstr(error.detail, "pw"));
    }
    static const char *const fine[] = {"http://a", "https://a.example:8443/b/c", "http://[::1]:80/", "HTTP://a/"};
    for (size_t i = 0; i < CTY_COUNT_OF(fine); i++)
        assert_ok(cty_fetch_url_check(fine[i], NULL));
}

static void a_long_address_is_refused(void **state)
{
    (void)state;
    char url[CTY_FETCH_URL_BYTES_MAX + 2];
    memset(url, 'a', sizeof(url));
    memcpy(url, "http://a/", 9);
    url[sizeof(url) - 1] = '\0';
    assert_refused(cty_fetch_url_check(url, NULL), "config");
    url[sizeof(url) - 2] = '\0';
    assert_ok(cty_fetch_url_check(url, NULL));
}

/* What a server is asked for is what stands there: nothing folds its dots. */
static void a_path_is_sent_as_it_is(void **state)
{
    (void)state;
    static const struct script scripts[] = {{"/a/../ok", HEAD "Content-Length: 0\r\n\r\n", false}, {0}};
    struct server server;
    server_open(&server, scripts, NULL);
    expect_answer(&server, "/a/../ok", 200, "");
    server_close(&server);
}

/* ---- ill-behaved servers ---- */

#define A100 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A1000 A100 A100 A100 A100 A100 A100 A100 A100 A100 A100

static const struct script bad[] = {
    {"/most", HEAD "\r\n" A1000, false},
    {"/most-said", HEAD "Content-Length: 1000\r\n\r\n" A1000, false},
    {"/big", HEAD "\r\n" A1000 "b", false},
    {"/big-said", HEAD "Content-Length: 1001\r\n\r\n" A1000 "b", false},
    {"/big-none", HEAD "Content-Length: 99999999999999\r\n\r\n", false},
    {"/big-chunks", HEAD "Transfer-Encoding: chunked\r\n\r\n3e8\r\n" A1000 "\r\n1\r\nb\r\n0\r\n\r\n", false},
    {"/half", HEAD "Content-Length: 10\r\n\r\nhello", false},
    {"/half-chunk", HEAD "Transfer-Encoding: chunked\r\n\r\na\r\nhello", false},
    {"/after-100", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-L", false},
    {"/bad-chunk", HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello", false},
    {"/half-head", "HTTP/1.1 200 OK\r\nContent-Le", false},
    {"/nothing", NULL, false},
    {"/no-http", "SSH-2.0-OpenSSH\r\n\r\n", false},
    {"/http-0.9", "hello", false},
    {"/status", "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", false},
    {"/silent", NULL, true},
    {"/slow", HEAD "Content-Length: 10\r\n\r\nhello", true},
    {0},
};

static void a_body_is_bounded(void **state)
{
    (void)state;
    struct server server;
    server_open(&server, bad, NULL);
    expect_answer(&server, "/most", 200, A1000);
    expect_answer(&server, "/most-said", 200, A1000);
    expect_refused(&server, "/big", "too-large");
    expect_refused(&server, "/big-said", "too-large");
    expect_refused(&server, "/big-none", "too-large");
    expect_refused(&server, "/big-chunks", "too-large");
    server_close(&server);
}

static void a_header_is_bounded(void **state)
{
    (void)state;
    struct server server;
    server_open(&server, bad, NULL);
    expect_refused(&server, "/header-without-end", "too-large");
    server_close(&server);
}

static void half_an_answer_is_none(void **state)
{
    (void)state;
    static const char *const paths[] = {"/half", "/half-chunk", "/bad-chunk", "/after-100", "/half-head", "/nothing", "/no-http", "/http-0.9",
                                        "/status"};
    struct server server;
    server_open(&server, bad, NULL);
    for (size_t i = 0; i < CTY_COUNT_OF(paths); i++)
        expect_refused(&server, paths[i], "unreachable");
    server_close(&server);
}

static void nobody_there(void **state)
{
    (void)state;
    struct server server;
    server_open(&server, bad, NULL);
    server_close(&server);
    expect_refused(&server, "/ok", "unreachable");
    AUTO_GOT struct got got;
    fetch_as(&patient, "http://no-such-host.invalid/", NULL, &got);
    assert_refused(got.err, "unreachable");
}

static void time_is_bounded(void **state)
{
    (void)state;
    static const char *const paths[] = {"/silent", "/slow"};
    struct cty_fetch_config hasty = patient;
    struct server server;
    hasty.total_ms = 200;
    server_open(&server, bad, NULL);
    for (size_t i = 0; i < CTY_COUNT_OF(paths); i++) {
        AUTO_GOT struct got got;
        fetch_with(&hasty, &server, paths[i], &got);
        assert_refused(got.err, "timeout");
        assert_int_equal(got.answer.body.size, 0);
    }
    server_close(&server);
}

static void a_request_is_cancelled(void **state)
{
    (void)state;
    atomic_bool stop = false;
    struct cty_fetch_config config = patient;
    struct server server;
    config.stop = &stop;
    server_open(&server, bad, NULL);
    {
        AUTO_GOT struct got got;
        fetch_with(&config, &server, "/most", &got);
        assert_ok(got.err);
    }
    server.stop = &stop;
    {
        AUTO_GOT struct got got;
        fetch_with(&config, &server, "/slow", &got);
        assert_refused(got.err, "wait-interrupted");
        assert_int_equal(got.answer.body.size, 0);
    }
    /* Stopped before: nobody is asked. */
    unsigned before = server.requests;
    AUTO_GOT struct got got;
    fetch_with(&config, &server, "/most", &got);
    assert_refused(got.err, "wait-interrupted");
    assert_int_equal(server.requests, before);
    server_close(&server);
}

/* What failed leaves nothing behind in the handle. */
static void the_next_request_is_a_new_one(void **state)
{
    (void)state;
    struct server server;
    struct cty_fetch *fetch = NULL;
    AUTO_GOT struct got got = {0};
    char url[200];
    server_open(&server, bad, NULL);
    assert_ok(cty_fetch_open(&patient, &fetch, NULL));
    for (int i = 0; i < 3; i++) {
        url_of(&server, "http", "/big", url, sizeof(url));
        assert_refused(cty_fetch_get(fetch, url, NULL, &got.answer, &got.error), "too-large");
        assert_refused(cty_fetch_get(fetch, "file:///etc/passwd", NULL, &got.answer, &got.error), "config");
        url_of(&server, "http", "/most", url, sizeof(url));
        assert_ok(cty_fetch_get(fetch, url, NULL, &got.answer, &got.error));
        assert_int_equal(got.answer.body.size, BODY_MAX);
    }
    cty_fetch_close(fetch);
    server_close(&server);
}

/* ---- TLS ---- */

/* A file that holds these bytes, below `folder`. */
static void put_file(const char *path, struct cty_bytes bytes)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
}

struct tls_world {
    struct folder folder;
    char path[96];
    struct pair pair;
    struct server server;
    struct cty_fetch_config config;
};

static void tls_world_open(struct tls_world *world, struct cty_bytes certificate, struct cty_bytes key,
                           struct cty_bytes authority)
{
    folder_make(&world->folder);
    snprintf(world->path, sizeof(world->path), "%s/authority.pem", world->folder.path);
    put_file(world->path, authority);
    world->pair = (struct pair){CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX), CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX)};
    assert_ok(cty_buf_put_bytes(&world->pair.certificate, certificate));
    assert_ok(cty_buf_put_bytes(&world->pair.key, key));
    server_open(&world->server, good, &world->pair);
    world->config = patient;
    world->config.authority = world->path;
}

static void tls_world_close(struct tls_world *world)
{
    server_close(&world->server);
    pair_done(&world->pair);
    unlink(world->path);
    folder_remove(&world->folder);
}

static void a_host_that_is_vouched_for_answers(void **state)
{
    (void)state;
    struct tls_world world;
    tls_world_open(&world, CTY_LITERAL(PEM_HERE), CTY_LITERAL(PEM_HERE_KEY), CTY_LITERAL(PEM_CA));
    AUTO_GOT struct got got;
    fetch_with(&world.config, &world.server, "/ok", &got);
    if (got.err != CUSTODY_OK)
        fail_msg("%s: %s", custody_err_name(got.err), got.error.detail);
    assert_bytes_text(cty_buf_bytes(&got.answer.body), "hello");
    tls_world_close(&world);
}

static void expect_no_host(struct cty_bytes certificate, struct cty_bytes key, struct cty_bytes authority)
{
    struct tls_world world;
    tls_world_open(&world, certificate, key, authority);
    {
        AUTO_GOT struct got got;
        fetch_with(&world.config, &world.server, "/ok", &got);
        assert_refused(got.err, "certificate");
        /* And by nobody's word but the system's. */
        world.config.authority = NULL;
    }
    AUTO_GOT struct got got;
    fetch_with(&world.config, &world.server, "/ok", &got);
    assert_refused(got.err, "certificate");
    tls_world_close(&world);
}

static void another_host_is_refused(void **state)
{
    (void)state;
    expect_no_host(CTY_LITERAL(PEM_HERE), CTY_LITERAL(PEM_HERE_KEY), CTY_LITERAL(PEM_OTHER_CA));
    expect_no_host(CTY_LITERAL(PEM_ELSEWHERE), CTY_LITERAL(PEM_ELSEWHERE_KEY), CTY_LITERAL(PEM_CA));
    expect_no_host(CTY_LITERAL(PEM_NAMELESS), CTY_LITERAL(PEM_NAMELESS_KEY), CTY_LITERAL(PEM_CA));
}

static void no_tls_where_tls_is_wanted(void **state)
{
    (void)state;
    struct server server;
    char url[200];
    server_open(&server, good, NULL);
    url_of(&server, "https", "/ok", url, sizeof(url));
    /* It hears a handshake, waits for more, and is cut off by us: so the other way round it is the limit of time. */
    struct cty_fetch_config hasty = patient;
    hasty.connect_ms = 500;
    AUTO_GOT struct got got;
    fetch_as(&hasty, url, NULL, &got);
    assert_refused(got.err, "timeout");
    server_close(&server);
}

static void who_answers_a_handshake_with_words_speaks_no_tls(void **state)
{
    (void)state;
    struct server server;
    char url[200];
    server_open(&server, good, NULL);
    server.greets = true;
    url_of(&server, "https", "/ok", url, sizeof(url));
    AUTO_GOT struct got got;
    fetch_as(&patient, url, NULL, &got);
    if (got.err != CUSTODY_E_TLS)
        fail_msg("%s: %s", custody_err_name(got.err), got.error.detail);
    server_close(&server);
}

static void an_authority_that_cant_be_read_is_told_at_once(void **state)
{
    (void)state;
    struct cty_fetch_config config = patient;
    struct cty_fetch *fetch = NULL;
    custody_error error = {0};
    config.authority = "/nowhere/authority.pem";
    assert_refused(cty_fetch_open(&config, &fetch, &error), "config");
    assert_non_null(strstr(error.detail, "/nowhere/authority.pem"));
    assert_null(fetch);
    cty_fetch_close(NULL);
}

/* ---- threads ---- */

static void *fetch_often(void *context)
{
    const struct server *server = context;
    for (int i = 0; i < 20; i++) {
        AUTO_GOT struct got got;
        fetch_with(&patient, server, "/ok", &got);
        if (got.err != CUSTODY_OK || got.answer.body.size != 5)
            return context;
    }
    return NULL;
}

static void many_threads_fetch_side_by_side(void **state)
{
    (void)state;
    struct server server;
    pthread_t threads[8];
    server_open(&server, good, NULL);
    for (size_t i = 0; i < CTY_COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fetch_often, &server), 0);
    for (size_t i = 0; i < CTY_COUNT_OF(threads); i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    assert_int_equal(server.requests, 160);
    server_close(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First, so that the library is brought up by many at once. */
        cmocka_unit_test(many_threads_fetch_side_by_side),
        cmocka_unit_test(an_answer_comes_whole),
        cmocka_unit_test(a_status_is_an_answer),
        cmocka_unit_test(a_server_says_when_to_come_back),
        cmocka_unit_test(no_redirect_is_followed),
        cmocka_unit_test(nothing_is_sent_that_nobody_asked_for),
        cmocka_unit_test(the_environment_changes_nothing),
        cmocka_unit_test(a_body_is_posted),
        cmocka_unit_test(a_token_goes_with_its_request_alone),
        cmocka_unit_test(no_token_leaves_the_machine_in_the_clear),
        cmocka_unit_test(a_token_that_would_end_its_line_is_refused),
        cmocka_unit_test(only_http_is_spoken),
        cmocka_unit_test(a_long_address_is_refused),
        cmocka_unit_test(a_path_is_sent_as_it_is),
        cmocka_unit_test(a_body_is_bounded),
        cmocka_unit_test(a_header_is_bounded),
        cmocka_unit_test(half_an_answer_is_none),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(time_is_bounded),
        cmocka_unit_test(a_request_is_cancelled),
        cmocka_unit_test(the_next_request_is_a_new_one),
        cmocka_unit_test(a_host_that_is_vouched_for_answers),
        cmocka_unit_test(another_host_is_refused),
        cmocka_unit_test(no_tls_where_tls_is_wanted),
        cmocka_unit_test(who_answers_a_handshake_with_words_speaks_no_tls),
        cmocka_unit_test(an_authority_that_cant_be_read_is_told_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
