/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What strangers do at the door for readers of files of a real custodyd, its sandbox around it: rubbish, floods, halves, and
 * connections that are only held. Each is refused or cut; others read on, and the custodian takes statements meanwhile.
 */
#include "house.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "unit/support.h"

static const char *const arguments[] = {"--http", "http://127.0.0.1:0", "--metrics", "http://127.0.0.1:0", NULL};
static struct house *h;
static uint16_t door, metrics;

/* Behind the name of an event, in the log. */
static uint16_t port_of(const char *event)
{
    char line[512], part[64];
    FILE *log = fopen(h->custodyd.log, "r");
    const char *colon = NULL;
    assert_non_null(log);
    snprintf(part, sizeof(part), " event=%s door=http://", event);
    while (!colon && fgets(line, sizeof(line), log))
        colon = strstr(line, part) ? strrchr(line, ':') : NULL;
    fclose(log);
    assert_non_null(colon);
    return (uint16_t)strtoul(colon + 1, NULL, 10);
}

static int set_up(void **state)
{
    const struct house_config config = {.readers = CTY_READERS_PUBLIC, .more = arguments};
    (void)state;
    h = house_new(&config);
    door = port_of("http");
    metrics = port_of("metrics");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    house_stop(h);
    house_well(h);
    house_free(h);
    return 0;
}

/* --- talking ---------------------------------------------------------------------------------------------------- */

static int dial(uint16_t port, const char *from)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in own = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, from, &own.sin_addr), 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void put(int fd, const void *data, size_t size)
{
    ssize_t sent;
    for (const char *at = data; size > 0; at += sent, size -= (size_t)sent) {
        sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent > 0)
            continue;
        assert_true(errno == EPIPE || errno == ECONNRESET);
        return;
    }
}

static void put_text(int fd, const char *text)
{
    put(fd, text, strlen(text));
}

/* What comes until the other side closes; borrowed until the next call. */
static const char *take_all(int fd)
{
    static char text[1u << 20];
    size_t size = 0;
    ssize_t got;
    while (size < sizeof(text) - 1 && (got = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
        size += (size_t)got;
    text[size] = 0;
    close(fd);
    return text;
}

static const char *ask(uint16_t port, const char *path)
{
    char request[512];
    int fd = dial(port, "127.0.0.1");
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
    put_text(fd, request);
    return take_all(fd);
}

/* A new connection is answered, and the ledger takes a statement. */
static void all_is_well(void)
{
    static unsigned count;
    char name[32];
    const char *text = ask(door, "/checkpoint");
    assert_int_equal(strncmp(text, "HTTP/1.1 200 ", 13), 0);
    assert_non_null(strstr(text, "\r\n\r\n" HOUSE_ORIGIN "\n"));
    snprintf(name, sizeof(name), "party%u", ++count);
    house_party(h, name);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

/* Refused, or closed without a word. */
static void expect_nothing(const void *request, size_t size)
{
    int fd = dial(door, "127.0.0.1");
    put(fd, request, size);
    (void)shutdown(fd, SHUT_WR);
    const char *text = take_all(fd);
    if (text[0] && strncmp(text, "HTTP/1.1 4", 10) != 0 && strncmp(text, "HTTP/1.1 505", 12) != 0)
        fail_msg("%.*s was answered with %.200s", (int)(size < 80 ? size : 80), (const char *)request, text);
}

static void rubbish(void **state)
{
    static const char *const texts[] = {
        "\r\n\r\n", "GET\r\n\r\n", "GET /checkpoint\r\n\r\n", "GET /checkpoint HTTP/1.1\r\n\r\n", "GET /checkpoint HTTP/7.0\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\"}\r\n\r\n",
        "GET http://[::1]/checkpoint HTTP/1.1\r\nHost: a\r\n\r\n", "GET /checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        "POST /checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /checkpoint HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", "GET /checkpoint HTTP/1.1\nno colon\n\n"};
    static const char nul[] = "GET /check\0point HTTP/1.1\r\nHost: a\r\n\r\n";
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++)
        expect_nothing(texts[i], strlen(texts[i]));
    expect_nothing(nul, sizeof(nul) - 1);
    all_is_well();
}

static void paths_of_another_file(void **state)
{
    static const char *const paths[] = {
        "/../house.db", "/tile/0/../../etc/passwd", "/tile/0/..%2f..%2fetc/passwd", "/tile/entries/../0/000", "//etc/passwd",
        "/tile/0/000.p/0", "/tile/0/000.p/256", "/tile/0/000.p/01", "/tile/0/x000/000", "/tile/64/000", "/tile/0/999", "/tile/0/000",
        "/tile/entries/x999/x999/999", "/tile/0/x018/x446/x744/x073/x709/x551/616", "/tile/63/000.p/1", "/metrics", "/healthz", "/ledger.db",
        "/session/challenge"};
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(paths); i++) {
        const char *text = ask(door, paths[i]);
        if (strncmp(text, "HTTP/1.1 404 ", 13) != 0 && strncmp(text, "HTTP/1.1 400 ", 13) != 0)
            fail_msg("%s: %.200s", paths[i], text);
        assert_non_null(strstr(text, "\r\nContent-Type: application/problem+json\r\n"));
    }
    all_is_well();
}

static void floods(void **state)
{
    size_t size = 4u << 20;
    char *flood = malloc(size);
    (void)state;
    assert_non_null(flood);
    memset(flood, 'a', size);
    memcpy(flood, "GET /", 5);
    expect_nothing(flood, size); /* a path without an end */
    int head = snprintf(flood, 64, "GET /checkpoint HTTP/1.1\r\nHost: a\r\nX: ");
    flood[head] = 'a';
    expect_nothing(flood, size); /* a field without an end */
    for (size_t at = (size_t)head - 3; at + 6 < size; at += 6)
        memcpy(flood + at, "A: b\r\n", 6);
    expect_nothing(flood, size); /* fields without an end */
    memset(flood, 0, size);
    expect_nothing(flood, size);
    memset(flood, '\n', size);
    expect_nothing(flood, size);
    /* Right requests, and rubbish behind the third. */
    int fd = dial(door, "127.0.0.1");
    for (int i = 0; i < 3; i++)
        put_text(fd, "GET /checkpoint HTTP/1.1\r\nHost: a\r\n\r\n");
    put(fd, flood, 1000);
    put_text(fd, "no request\r\n\r\n");
    (void)shutdown(fd, SHUT_WR);
    const char *text = take_all(fd);
    unsigned right = 0;
    for (const char *at = text; (at = strstr(at, "HTTP/1.1 200 ")) != NULL; at++)
        right++;
    assert_int_equal(right, 3);
    free(flood);
    all_is_well();
}

/* --- connections ---------------------------------------------------------------------------------------------------- */

static void hold_all(const char *from, const char *request, int *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        files[i] = dial(door, from);
        put_text(files[i], request);
    }
}

static void let_go(const int *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(files[i]);
}

#define PER_ADDRESS (CTY_HTTP_CONNECTIONS_DEFAULT / 2)

/* The last of many is closed; one from elsewhere is answered. */
static void one_address_holds_its_share_only(void **state)
{
    int files[PER_ADDRESS];
    struct pollfd file = {.events = POLLIN};
    char byte;
    (void)state;
    hold_all("127.0.0.9", "GET /checkpoint HT", files, PER_ADDRESS);
    file.fd = dial(door, "127.0.0.9");
    assert_int_equal(poll(&file, 1, (int)HOUSE_PATIENCE_MS), 1);
    assert_true(recv(file.fd, &byte, 1, 0) <= 0);
    close(file.fd);
    all_is_well();
    const char *text = ask(metrics, "/metrics");
    assert_null(strstr(text, "\ncustody_http_connections_refused_total 0\n"));
    assert_non_null(strstr(text, "\ncustody_http_connections_limit 256\n"));
    let_go(files, PER_ADDRESS);
    all_is_well();
}

static void readers_that_do_not_read(void **state)
{
    int files[32];
    struct cty_buf requests = CTY_BUF_INIT(64u * 500u);
    (void)state;
    for (int i = 0; i < 500; i++)
        must(cty_buf_put_text(&requests, "GET /tile/entries/000.p/1 HTTP/1.1\r\nHost: a\r\n\r\n"));
    for (size_t i = 0; i < CTY_COUNT_OF(files); i++) {
        int small = 2048;
        files[i] = dial(door, "127.0.0.7");
        assert_int_equal(setsockopt(files[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
        put(files[i], requests.data, requests.size);
    }
    all_is_well();
    let_go(files, CTY_COUNT_OF(files));
    cty_buf_done(&requests);
    all_is_well();
}

/* What only comes half is cut, and its place is free again. */
static void halves_are_cut(void **state)
{
    int files[8];
    (void)state;
    hold_all("127.0.0.8", "GET /checkpoint HTTP/1.1\r\nHost", files, CTY_COUNT_OF(files));
    all_is_well();
    for (size_t i = 0; i < CTY_COUNT_OF(files); i++) {
        struct pollfd file = {.fd = files[i], .events = POLLIN};
        assert_int_equal(poll(&file, 1, (int)HOUSE_PATIENCE_MS), 1);
        char byte;
        assert_true(recv(files[i], &byte, 1, 0) <= 0);
    }
    let_go(files, CTY_COUNT_OF(files));
    const char *text = ask(metrics, "/metrics");
    assert_null(strstr(text, "\ncustody_http_connections_reaped_total 0\n"));
    assert_null(strstr(text, "\ncustody_http_answers_total{status=\"2xx\"} 0\n"));
    assert_null(strstr(text, "\ncustody_http_answers_total{status=\"4xx\"} 0\n"));
    assert_non_null(strstr(text, "\ncustody_http_answers_total{status=\"5xx\"} 0\n"));
    all_is_well();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rubbish),
        cmocka_unit_test(paths_of_another_file),
        cmocka_unit_test(floods),
        cmocka_unit_test(one_address_holds_its_share_only),
        cmocka_unit_test(readers_that_do_not_read),
        cmocka_unit_test(halves_are_cut),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
