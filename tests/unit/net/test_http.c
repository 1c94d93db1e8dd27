/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server: what it answers, what it refuses, and how long it is patient. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http.h"
#include "unit/net/peer.h"

/* --- a door that tells what it was asked --------------------------------------------------------------------- */

struct rig_http {
    struct cty_http *http;
    atomic_uint calls;
};

static custody_err put_large(struct cty_http_answer *answer, size_t size)
{
    CTY_TRY(cty_buf_reserve(&answer->body, size));
    memset(answer->body.data, 'x', size);
    answer->body.size = size;
    return CUSTODY_OK;
}

static custody_err tell(void *user, const struct cty_http_request *request, struct cty_http_answer *answer)
{
    struct rig_http *rig = user;
    atomic_fetch_add(&rig->calls, 1);
    if (strcmp(request->path, "/large") == 0)
        return put_large(answer, 1u << 20);
    if (strcmp(request->path, "/fault") == 0)
        return CUSTODY_E_STORAGE;
    if (strcmp(request->path, "/problem") == 0)
        return cty_http_problem_code(answer, CUSTODY_E_NOT_FOUND, "what \"is\" \\ not\n here");
    if (strcmp(request->path, "/only-get") == 0 && request->method == CTY_HTTP_POST)
        return cty_http_problem_method(answer, "GET, HEAD");
    if (strcmp(request->path, "/token") == 0 && !request->authorization.size) {
        answer->challenge = "Bearer";
        return cty_http_problem_code(answer, CUSTODY_E_NO_SESSION, "");
    }
    if (strcmp(request->path, "/later") == 0) {
        answer->retry_after_s = 7;
        return cty_http_problem_code(answer, CUSTODY_E_BUSY, "");
    }
    if (strcmp(request->path, "/tagged") == 0) {
        snprintf(answer->tag, sizeof(answer->tag), "one");
        answer->cache = CTY_HTTP_FOREVER;
    }
    return cty_buf_putf(&answer->body, "%d %s %.*s|%.*s\n", (int)request->method, request->path, (int)request->body.size,
                        (const char *)request->body.data, (int)request->authorization.size,
                        (const char *)request->authorization.data);
}

static void rig_start(struct rig_http *rig, struct cty_http_config config)
{
    custody_error error = {0};
    atomic_store(&rig->calls, 0);
    config.url = config.url ? config.url : "http://127.0.0.1:0";
    config.answer = tell;
    config.user = rig;
    assert_ok(cty_http_open(&config, &rig->http, &error));
}

static int dial_as(const struct rig_http *rig, const char *from)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in own = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, from, &own.sin_addr), 1);
    address.sin_port = htons((uint16_t)strtoul(strrchr(cty_http_url(rig->http), ':') + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static int dial(const struct rig_http *rig)
{
    return dial_as(rig, "127.0.0.1");
}

static void put(int fd, const char *text)
{
    size_t size = strlen(text);
    for (size_t at = 0; at < size;) {
        ssize_t sent = send(fd, text + at, size - at, MSG_NOSIGNAL);
        if (sent < 0) {
            assert_true(errno == EPIPE || errno == ECONNRESET);
            return;
        }
        at += (size_t)sent;
    }
}

/* One answer: its header in `head`, its body behind; by its Content-Length. *ret_size: of the body. */
static char *take(int fd, size_t *ret_size)
{
    size_t room = 2u << 20, size = 0, want = SIZE_MAX;
    char *text = calloc(1, room);
    assert_non_null(text);
    *ret_size = 0;
    while (size < want && size < room - 1) {
        size_t step = want == SIZE_MAX ? 1 : want - size; /* not a byte of the next one */
        ssize_t got = read(fd, text + size, step);
        if (got <= 0)
            break;
        size += (size_t)got;
        if (want != SIZE_MAX || size < 4 || memcmp(text + size - 4, "\r\n\r\n", 4) != 0)
            continue;
        const char *length = strstr(text, "\r\nContent-Length: ");
        *ret_size = length ? strtoul(length + 18, NULL, 10) : 0;
        want = size + *ret_size;
    }
    return text;
}

static void expect(int fd, const char *status, const char *part)
{
    size_t size = 0;
    char *text = take(fd, &size);
    if (strncmp(text, status, strlen(status)) != 0 || !strstr(text, part))
        fail_msg("not %s with %s: %.400s", status, part, text);
    free(text);
}

/* Read to the end: there is nothing more. */
static void expect_closed(int fd)
{
    struct pollfd file = {.fd = fd, .events = POLLIN};
    char byte;
    assert_int_equal(poll(&file, 1, PATIENCE_MS), 1);
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
}

static void ask(const struct rig_http *rig, const char *request, const char *status, const char *part)
{
    int fd = dial(rig);
    put(fd, request);
    expect(fd, status, part);
    close(fd);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define HEAD(path) "HEAD " path " HTTP/1.1\r\nHost: a\r\n\r\n"

/* --- what is answered ---------------------------------------------------------------------------------------- */

static void a_connection_carries_many_requests(void **state)
{
    struct rig_http rig;
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 2, .requests_max = 5});
    int fd = dial(&rig);
    for (int i = 0; i < 4; i++) {
        put(fd, GET("/a%2e%2E/b?c=d"));
        expect(fd, "HTTP/1.1 200 ", "\r\n\r\n0 /a%2e%2E/b |\n");
    }
    put(fd, GET("/"));
    expect(fd, "HTTP/1.1 200 ", "\r\nConnection: close\r\n");
    expect_closed(fd);
    /* Several at once, one behind the other. */
    fd = dial(&rig);
    put(fd, GET("/1") GET("/2") GET("/3"));
    expect(fd, "HTTP/1.1 200 ", "0 /1 |");
    expect(fd, "HTTP/1.1 200 ", "0 /2 |");
    expect(fd, "HTTP/1.1 200 ", "0 /3 |");
    close(fd);
    cty_http_close(rig.http);
}

static void head_is_as_get_without_its_body(void **state)
{
    struct rig_http rig;
    size_t size = 0;
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 1});
    int fd = dial(&rig);
    put(fd, HEAD("/x") GET("/y"));
    char head[512] = "";
    ssize_t got = 0;
    while (!strstr(head, "\r\n\r\n") && (got = read(fd, head + strlen(head), 1)) == 1)
        continue;
    assert_int_equal(strncmp(head, "HTTP/1.1 200 ", 13), 0);
    assert_non_null(strstr(head, "\r\nContent-Length: 7\r\n"));
    char *text = take(fd, &size);
    assert_int_equal(strncmp(text, "HTTP/1.1 200 ", 13), 0);
    assert_non_null(strstr(text, "\r\n\r\n0 /y |\n"));
    free(text);
    close(fd);
    cty_http_close(rig.http);
}

static void who_has_it_already_is_told_so(void **state)
{
    struct rig_http rig;
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 1});
    int fd = dial(&rig);
    put(fd, GET("/tagged"));
    expect(fd, "HTTP/1.1 200 ", "\r\nETag: \"one\"\r\n");
    put(fd, "GET /tagged HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"two\", W/\"one\"\r\n\r\n");
    expect(fd, "HTTP/1.1 304 ", "\r\nCache-Control: public, max-age=31536000, immutable\r\n");
    put(fd, "GET /tagged HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"two\"\r\n\r\n");
    expect(fd, "HTTP/1.1 200 ", "0 /tagged |");
    put(fd, GET("/x"));
    expect(fd, "HTTP/1.1 200 ", "\r\nCache-Control: no-store\r\n");
    close(fd);
    cty_http_close(rig.http);
}

static void tags_are_compared_as_they_are_written(void **state)
{
    static const char *const same[] = {"\"a\"", "W/\"a\"", "\"b\",\"a\"", "\"b\" ,\t W/\"a\" , \"c\"", "*", ",\"a\""};
    static const char *const other[] = {"", "a", "\"a", "a\"", "\"A\"", "\"aa\"", "\"b\" x \"a\"", "W\"a\"", "w/\"a\"", "* ",
                                        "\"\"", "W/", "\""};
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(same); i++)
        assert_true(cty_http_tag_matches(cty_bytes_text(same[i]), "a"));
    for (size_t i = 0; i < CTY_COUNT_OF(other); i++)
        assert_false(cty_http_tag_matches(cty_bytes_text(other[i]), "a"));
}

static void bodies_are_taken_where_they_are_wanted(void **state)
{
    struct rig_http rig;
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 1, .body_max = 100000});
    int fd = dial(&rig);
    put(fd, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    expect(fd, "HTTP/1.1 200 ", "\r\n\r\n2 /p abc|\n");
    put(fd, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    expect(fd, "HTTP/1.1 200 ", "\r\n\r\n2 /p |\n");
    put(fd, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nAuthorization: Bearer x\r\n\r\nde");
    put(fd, "fg");
    expect(fd, "HTTP/1.1 200 ", "\r\n\r\n2 /p defg|Bearer x\n");
    put(fd, GET("/after"));
    expect(fd, "HTTP/1.1 200 ", "0 /after |");
    /* As many bytes as may be, in many pieces. */
    char *large = malloc(100001);
    assert_non_null(large);
    memset(large, 'y', 100000);
    large[100000] = 0;
    put(fd, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    put(fd, large);
    expect(fd, "HTTP/1.1 413 ", ""); /* the answer, which repeats it, has its limit too */
    free(large);
    close(fd);
    cty_http_close(rig.http);
}

/* --- what is refused ----------------------------------------------------------------------------------------- */

#define POSTED(header) "POST /p HTTP/1.1\r\nHost: a\r\n" header "\r\n"

static void bodies_have_one_length_within_the_limit(void **state)
{
    struct rig_http rig;
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 1, .body_max = 10});
    ask(&rig, POSTED("Content-Length: 10\r\n") "0123456789", "HTTP/1.1 200 ", "2 /p 0123456789|");
    ask(&rig, POSTED("Content-Length: 11\r\n") "01234567890", "HTTP/1.1 413 ", "the body is too large");
    ask(&rig, POSTED("Content-Length: 4294967296\r\n"), "HTTP/1.1 411 ", "one Content-Length");
    ask(&rig, POSTED(""), "HTTP/1.1 411 ", "one Content-Length");
    ask(&rig, POSTED("Content-Length: 3\r\nContent-Length: 3\r\n") "abc", "HTTP/1.1 411 ", "one Content-Length");
    ask(&rig, POSTED("Transfer-Encoding: chunked\r\n") "1\r\na\r\n0\r\n\r\n", "HTTP/1.1 411 ", "no encoding of transfer");
    ask(&rig, POSTED("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") "1\r\na\r\n0\r\n\r\n", "HTTP/1.1 411 ", "");
    ask(&rig, "GET /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na", "HTTP/1.1 413 ", "no body is taken");
    ask(&rig, "GET /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 413 ", "no body is taken");
    ask(&rig, "GET /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 ", "0 /p |");
    assert_int_equal(atomic_load(&rig.calls), 2);
    cty_http_close(rig.http);
}

/* What stands behind a refused header is never taken for a request. */
static void nothing_is_read_behind_a_refusal(void **state)
{
    struct rig_http rig;
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 1, .body_max = 10});
    static const char *const first[] = {
        POSTED("Content-Length: 50\r\n") GET("/smuggled"),
        POSTED("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n" GET("/smuggled"),
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" GET("/smuggled"),
        "BREW / HTTP/1.1\r\nHost: a\r\n\r\n" GET("/smuggled"),
    };
    for (size_t i = 0; i < CTY_COUNT_OF(first); i++) {
        int fd = dial(&rig);
        put(fd, first[i]);
        expect(fd, "HTTP/1.1 4", "\r\nConnection: close\r\n");
        expect_closed(fd);
    }
    assert_int_equal(atomic_load(&rig.calls), 0);
    cty_http_close(rig.http);
}

static void problems_say_what_and_what_next(void **state)
{
    struct rig_http rig;
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 1, .body_max = 10});
    ask(&rig, GET("/problem"), "HTTP/1.1 404 ",
        "\r\n\r\n{\"type\":\"urn:custody:error:not-found\",\"title\":\"there is no such thing here\",\"status\":404,"
        "\"code\":\"not-found\",\"detail\":\"what \\\"is\\\" \\\\ not? here\",\"next\":\"check the name, path or digest\"}\n");
    ask(&rig, GET("/problem"), "HTTP/1.1 404 ", "\r\nContent-Type: application/problem+json\r\n");
    ask(&rig, GET("/fault"), "HTTP/1.1 503 ", "\"code\":\"storage\"");
    ask(&rig, GET("/token"), "HTTP/1.1 401 ", "\r\nWWW-Authenticate: Bearer\r\n");
    ask(&rig, GET("/later"), "HTTP/1.1 503 ", "\r\nRetry-After: 7\r\n");
    ask(&rig, "POST /only-get HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 405 ", "\r\nAllow: GET, HEAD\r\n");
    ask(&rig, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 ", "\r\nAllow: GET, HEAD, POST\r\n");
    ask(&rig, "get / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 ", "\"code\":\"method-unknown\"");
    ask(&rig, GET("/large"), "HTTP/1.1 413 ", "\"code\":\"too-large\"");
    cty_http_close(rig.http);
}

static void paths_and_headers_have_limits(void **state)
{
    struct rig_http rig;
    char request[16384];
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 1});
    for (size_t over = 0; over < 2; over++) {
        size_t size = CTY_HTTP_PATH_BYTES_MAX + over;
        int at = snprintf(request, sizeof(request), "GET /");
        memset(request + at, 'a', size - 1);
        snprintf(request + (size_t)at + size - 1, 64, " HTTP/1.1\r\nHost: a\r\n\r\n");
        ask(&rig, request, over ? "HTTP/1.1 414 " : "HTTP/1.1 200 ", over ? "\"code\":\"too-large\"" : "");
        /* "Host: a" takes 9, and "X: " with its end 5. */
        size = CTY_HTTP_HEADER_BYTES_MAX - 9 - 5 + over;
        at = snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: a\r\nX: ");
        memset(request + at, 'a', size);
        snprintf(request + (size_t)at + size, 64, "\r\n\r\n");
        ask(&rig, request, over ? "HTTP/1.1 431 " : "HTTP/1.1 200 ", over ? "\"code\":\"too-large\"" : "");
    }
    cty_http_close(rig.http);
}

static void rubbish_gets_no_answer_of_ours(void **state)
{
    struct rig_http rig;
    static const char *const texts[] = {"\r\n\r\n", "GET\r\n\r\n", "GET /x\r\n\r\n", "GET /x HTTP/9.9\r\n\r\n",
                                        "GET /x HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02", "GET x HTTP/1.1\r\nHost a\r\n\r\n",
                                        POSTED("Content-Length: -1\r\n"), POSTED("Content-Length: 99999999999999999999\r\n")};
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 1, .body_max = 10});
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++) {
        char first[16] = "";
        int fd = dial(&rig);
        put(fd, texts[i]);
        (void)shutdown(fd, SHUT_WR);
        if (recv(fd, first, sizeof(first) - 1, MSG_WAITALL) > 0 && strncmp(first, "HTTP/1.1 4", 10) != 0 &&
            strncmp(first, "HTTP/1.1 505", 12) != 0)
            fail_msg("%s was answered with %s", texts[i], first);
        close(fd);
    }
    assert_int_equal(atomic_load(&rig.calls), 0);
    ask(&rig, GET("/"), "HTTP/1.1 200 ", "0 / |");
    cty_http_close(rig.http);
}

/* What two readers may read differently: each is refused, or means here what it means everywhere. */
static void ask_bytes(const struct rig_http *rig, struct cty_bytes request, const char *status, const char *part)
{
    int fd = dial(rig);
    assert_int_equal(send(fd, request.data, request.size, MSG_NOSIGNAL), (ssize_t)request.size);
    expect(fd, status, part);
    close(fd);
}

#define GOT(header) "GET /p HTTP/1.1\r\nHost: a\r\n" header "\r\n"

static void what_two_may_read_differently_is_refused(void **state)
{
    struct rig_http rig;
    const struct {
        struct cty_bytes request;
        const char *status;
        const char *part;
    } tries[] = {
        {CTY_LITERAL(POSTED("Content-Length: +3\r\n") "abc"), "HTTP/1.1 400 ", ""},
        {CTY_LITERAL(POSTED("Content-Length:   3  \r\n") "abc"), "HTTP/1.1 400 ", ""},
        {CTY_LITERAL(POSTED("Content-Length: 3, 3\r\n") "abc"), "HTTP/1.1 400 ", ""},
        {CTY_LITERAL(POSTED("Content-Length: 0x3\r\n") "abc"), "HTTP/1.1 400 ", ""},
        {CTY_LITERAL(POSTED("Content-Length: 03\r\n") "abc"), "HTTP/1.1 411 ", "one Content-Length"},
        {CTY_LITERAL(POSTED("Content-Length:\r\n 3\r\n") "abc"), "HTTP/1.1 411 ", "one Content-Length"},
        {CTY_LITERAL(POSTED("Content-Length: 3\r\ncontent-length: 4\r\n") "abcd"), "HTTP/1.1 411 ", "one Content-Length"},
        {CTY_LITERAL(POSTED("Content-Length: 3\r\nTransfer-Encoding: identity\r\n") "abc"), "HTTP/1.1 411 ", ""},
        {CTY_LITERAL(POSTED("Content-Length: 3\r\nTransfer-Encoding:\r\n") "abc"), "HTTP/1.1 411 ", "no encoding"},
        {CTY_LITERAL("POST /p HTTP/1.0\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc"), "HTTP/1.1 411 ", ""},
        {CTY_LITERAL(POSTED("Content-Length: 3\r\nTransfer-Encoding : chunked\r\n") "abc"), "HTTP/1.1 400 ", "read otherwise"},
        {CTY_LITERAL(POSTED("Content-Length : 3\r\n") "abc"), "HTTP/1.1 400 ", "read otherwise"},
        {CTY_LITERAL(POSTED("Content-Length: 3\r\nX: a\r\n Transfer-Encoding: chunked\r\n") "abc"), "HTTP/1.1 400 ",
         "read otherwise"},
        {CTY_LITERAL(GOT("Host: b\r\n")), "HTTP/1.1 400 ", "read otherwise"},
        {CTY_LITERAL(GOT("Authorization: a\r\nauthorization: b\r\n")), "HTTP/1.1 400 ", "read otherwise"},
        {CTY_LITERAL(GOT("Authorization\0: a\r\n")), "HTTP/1.1 400 ", ""},
        {CTY_LITERAL("GET /p HTTP/1.1\r\n Host: a\r\n\r\n"), "HTTP/1.1 400 ", ""},
    };
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 1, .body_max = 10});
    for (size_t i = 0; i < CTY_COUNT_OF(tries); i++)
        ask_bytes(&rig, tries[i].request, tries[i].status, tries[i].part);
    assert_int_equal(atomic_load(&rig.calls), 0);
    ask(&rig, POSTED("Content-Length: 3\r\n") "abc", "HTTP/1.1 200 ", "2 /p abc|");
    ask(&rig, GOT("Authorization: a\r\n"), "HTTP/1.1 200 ", "0 /p |a");
    cty_http_close(rig.http);
}

/* What libmicrohttpd doesn't show us (spec/tiles.md): it says nothing that its sender could not have said plainly. */
static void what_is_not_seen_is_harmless(void **state)
{
    struct rig_http rig;
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 1, .body_max = 10});
    ask(&rig, "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 ", "0 /a%00b |");
    ask_bytes(&rig, CTY_LITERAL("GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 200 ", "0 /a |");
    ask_bytes(&rig, CTY_LITERAL(GOT("Authorization: x\0y\r\n")), "HTTP/1.1 200 ", "0 /p |x");
    ask(&rig, GOT(": nothing\r\n"), "HTTP/1.1 200 ", "0 /p |");
    ask(&rig, "GET http://b/p HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 ", "0 http://b/p |");
    cty_http_close(rig.http);
}

/* --- limits of connections ------------------------------------------------------------------------------------ */

static struct cty_http_counts counts(const struct rig_http *rig)
{
    struct cty_http_counts now;
    cty_http_get_counts(rig->http, &now);
    return now;
}

static void one_address_has_its_share_only(void **state)
{
    struct rig_http rig;
    int files[4];
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 2, .connections_max = 6, .per_address_max = 4});
    for (size_t i = 0; i < 4; i++) {
        files[i] = dial(&rig);
        put(files[i], GET("/"));
        expect(files[i], "HTTP/1.1 200 ", "0 / |");
    }
    expect_closed(dial(&rig));
    assert_int_equal(counts(&rig).refused, 1);
    /* Another one still gets in, until there are too many of all. */
    int fifth = dial_as(&rig, "127.0.0.2"), sixth = dial_as(&rig, "127.0.0.3");
    put(fifth, GET("/"));
    expect(fifth, "HTTP/1.1 200 ", "0 / |");
    put(sixth, GET("/"));
    expect(sixth, "HTTP/1.1 200 ", "0 / |");
    expect_closed(dial_as(&rig, "127.0.0.4"));
    assert_int_equal(counts(&rig).connections, 6);
    assert_int_equal(counts(&rig).accepted, 6);
    assert_int_equal(counts(&rig).refused, 2);
    /* Who goes makes room. */
    close(files[0]);
    wait_until(counts(&rig).connections == 5);
    int next = dial(&rig);
    put(next, GET("/"));
    expect(next, "HTTP/1.1 200 ", "0 / |");
    close(next);
    for (size_t i = 1; i < 4; i++)
        close(files[i]);
    close(fifth);
    close(sixth);
    wait_until(counts(&rig).connections == 0);
    assert_int_equal(counts(&rig).answers[1], 7);
    cty_http_close(rig.http);
}

static void who_is_silent_or_slow_is_cut(void **state)
{
    struct rig_http rig;
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 1, .idle_ms = 300, .request_ms = 600, .body_max = 100});
    expect_closed(dial(&rig)); /* says nothing */
    int fd = dial(&rig);
    put(fd, "GET / HT");
    expect_closed(fd); /* half a request */
    fd = dial(&rig);
    put(fd, GET("/"));
    expect(fd, "HTTP/1.1 200 ", "0 / |");
    expect_closed(fd); /* and nothing more */
    fd = dial(&rig);
    put(fd, POSTED("Content-Length: 50\r\n") "half");
    expect_closed(fd);
    assert_int_equal(counts(&rig).reaped, 4);
    /* A byte now and then doesn't help. */
    fd = dial(&rig);
    struct pollfd file = {.fd = fd, .events = POLLIN};
    uint64_t give_up = now_ms() + PATIENCE_MS;
    put(fd, "GET / HTTP/1.1\r\n");
    while (poll(&file, 1, 20) == 0 && now_ms() < give_up)
        put(fd, "A");
    assert_true(file.revents != 0);
    close(fd);
    ask(&rig, GET("/"), "HTTP/1.1 200 ", "0 / |");
    cty_http_close(rig.http);
}

static void a_long_life_ends_behind_an_answer(void **state)
{
    struct rig_http rig;
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 1, .life_ms = 1});
    int fd = dial(&rig);
    pause_ms(5);
    put(fd, GET("/") GET("/more"));
    expect(fd, "HTTP/1.1 200 ", "\r\nConnection: close\r\n");
    expect_closed(fd);
    assert_int_equal(atomic_load(&rig.calls), 1);
    cty_http_close(rig.http);
}

/* Whoever does not read his answers fills his own share of the memory and nobody else's. */
static void answers_that_nobody_takes_are_bounded(void **state)
{
    struct rig_http rig;
    int files[16];
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 1, .answer_max = 2u << 20, .answers_max = 8u << 20,
                                             .request_ms = 10 * PATIENCE_MS});
    for (size_t i = 0; i < CTY_COUNT_OF(files); i++) {
        int small = 4096;
        files[i] = dial(&rig);
        assert_int_equal(setsockopt(files[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
        /* So much that the kernel can't keep it for us. */
        for (int k = 0; k < 8; k++)
            put(files[i], GET("/large"));
    }
    wait_until(counts(&rig).answers[4] > 0 && counts(&rig).connections == CTY_COUNT_OF(files));
    assert_true(counts(&rig).bytes <= (4u << 20) + CTY_COUNT_OF(files) * CTY_HTTP_SMALL_BYTES_MAX);
    int fd = dial_as(&rig, "127.0.0.2");
    put(fd, GET("/large"));
    expect(fd, "HTTP/1.1 200 ", "xxxx");
    close(fd);
    for (size_t i = 0; i < CTY_COUNT_OF(files); i++)
        close(files[i]);
    wait_until(counts(&rig).connections == 0 && counts(&rig).bytes == 0);
    cty_http_close(rig.http);
}

static void a_slow_reader_is_cut(void **state)
{
    struct rig_http rig;
    int small = 4096;
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 1, .answer_max = 2u << 20, .request_ms = 300, .idle_ms = 300});
    int fd = dial(&rig);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    for (int k = 0; k < 16; k++)
        put(fd, GET("/large"));
    wait_until(counts(&rig).reaped == 1 && counts(&rig).connections == 0 && counts(&rig).bytes == 0);
    close(fd);
    cty_http_close(rig.http);
}

/* --- many at once, which the thread sanitizer watches --------------------------------------------------------- */

struct crowd {
    struct rig_http *rig;
    pthread_t thread;
};

static void *run_crowd(void *context)
{
    struct crowd *crowd = context;
    for (int i = 0; i < 20; i++) {
        int fd = dial(crowd->rig);
        for (int k = 0; k < 5; k++) {
            size_t size = 0;
            put(fd, k % 2 ? GET("/tagged") : GET("/problem"));
            free(take(fd, &size));
        }
        close(fd);
    }
    return NULL;
}

static void many_are_answered_at_once(void **state)
{
    struct rig_http rig;
    struct crowd crowd[8];
    (void)state;
    rig_start(&rig, (struct cty_http_config){.threads = 4});
    for (size_t i = 0; i < CTY_COUNT_OF(crowd); i++) {
        crowd[i].rig = &rig;
        assert_int_equal(pthread_create(&crowd[i].thread, NULL, run_crowd, &crowd[i]), 0);
    }
    (void)counts(&rig);
    for (size_t i = 0; i < CTY_COUNT_OF(crowd); i++)
        pthread_join(crowd[i].thread, NULL);
    assert_int_equal(atomic_load(&rig.calls), 8 * 20 * 5);
    struct cty_http_counts now = counts(&rig);
    assert_int_equal(now.answers[1], 8 * 20 * 2);
    assert_int_equal(now.answers[3], 8 * 20 * 3);
    int fd = dial(&rig);
    put(fd, "GET /wait");
    cty_http_close(rig.http);
    expect_closed(fd);
}

/* --- addresses ------------------------------------------------------------------------------------------------ */

static void addresses_anywhere_are_told_apart(void **state)
{
    static const char *const here[] = {"http://127.0.0.1:80", "http://[::1]:0", "http://localhost:1", "http://127.9.9.9:1"};
    static const char *const anywhere[] = {"http://0.0.0.0:80", "http://[::]:80", "http://192.0.2.1:1", "http://[2001:db8::1]:1"};
    static const char *const bad[] = {"", "http://", "https://0.0.0.0:1", "http://example.org:1", "http://0.0.0.0", "http://0.0.0.0:1/",
                                      "http://0.0.0.0:65536", "http://a@0.0.0.0:1", "tls+tcp://0.0.0.0:1"};
    struct cty_net_url url;
    custody_error error = {0};
    bool is_here = false;
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(here); i++) {
        assert_ok(cty_http_url_parse_any(here[i], &url, &is_here, &error));
        assert_true(is_here);
    }
    for (size_t i = 0; i < CTY_COUNT_OF(anywhere); i++) {
        assert_ok(cty_http_url_parse_any(anywhere[i], &url, &is_here, &error));
        assert_false(is_here);
        assert_false(url.tls);
        assert_refused(cty_http_url_parse(anywhere[i], &url, &error), "config");
    }
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++)
        assert_refused(cty_http_url_parse_any(bad[i], &url, &is_here, &error), "config");
    assert_true(url.port == 0 || url.port <= 65535);
}

static void ports_are_one_doors(void **state)
{
    struct rig_http rig, second;
    custody_error error = {0};
    (void)state;
    rig_start(&rig, (struct cty_http_config){.url = "http://0.0.0.0:0"});
    assert_int_equal(strncmp(cty_http_url(rig.http), "http://0.0.0.0:", 15), 0);
    ask(&rig, GET("/"), "HTTP/1.1 200 ", "0 / |");
    struct cty_http_config config = {.url = cty_http_url(rig.http), .answer = tell, .user = &second};
    assert_refused(cty_http_open(&config, &second.http, &error), "busy");
    cty_http_close(rig.http);
    cty_http_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_carries_many_requests),
        cmocka_unit_test(head_is_as_get_without_its_body),
        cmocka_unit_test(who_has_it_already_is_told_so),
        cmocka_unit_test(tags_are_compared_as_they_are_written),
        cmocka_unit_test(bodies_are_taken_where_they_are_wanted),
        cmocka_unit_test(bodies_have_one_length_within_the_limit),
        cmocka_unit_test(nothing_is_read_behind_a_refusal),
        cmocka_unit_test(problems_say_what_and_what_next),
        cmocka_unit_test(paths_and_headers_have_limits),
        cmocka_unit_test(what_two_may_read_differently_is_refused),
        cmocka_unit_test(what_is_not_seen_is_harmless),
        cmocka_unit_test(rubbish_gets_no_answer_of_ours),
        cmocka_unit_test(one_address_has_its_share_only),
        cmocka_unit_test(who_is_silent_or_slow_is_cut),
        cmocka_unit_test(a_long_life_ends_behind_an_answer),
        cmocka_unit_test(answers_that_nobody_takes_are_bounded),
        cmocka_unit_test(a_slow_reader_is_cut),
        cmocka_unit_test(many_are_answered_at_once),
        cmocka_unit_test(addresses_anywhere_are_told_apart),
        cmocka_unit_test(ports_are_one_doors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
