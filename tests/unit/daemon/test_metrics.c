/* SPDX-License-Identifier: Apache-2.0 */
/* /healthz and /metrics of a custodian that works, and what their door takes from strangers. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/counters.h"
#include "net/http.h"
#include "unit/daemon/house.h"
#include "unit/daemon/openmetrics.h"

/* --- asking ------------------------------------------------------------------------------------------------ */

static struct house *house_with_metrics(void)
{
    struct house *h = house_new(false);
    assert_ok(cty_config_set(&h->config.metrics, "http://127.0.0.1:0"));
    house_open(h);
    house_enrol_party(h, "acme");
    return h;
}

static int dial(const struct house *h)
{
    const char *url = cty_daemon_metrics_url(h->daemon);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_non_null(url);
    address.sin_port = htons((uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* What comes until the other side closes; the caller frees it. */
static char *read_all(int fd)
{
    size_t size = 0, room = 1u << 20;
    char *text = calloc(1, room);
    ssize_t got;
    assert_non_null(text);
    while (size < room - 1 && (got = read(fd, text + size, room - 1 - size)) > 0)
        size += (size_t)got;
    close(fd);
    return text;
}

static char *ask_bytes(const struct house *h, const void *request, size_t size)
{
    int fd = dial(h);
    if (send(fd, request, size, MSG_NOSIGNAL) < 0)
        assert_true(errno == EPIPE || errno == ECONNRESET);
    (void)shutdown(fd, SHUT_WR);
    return read_all(fd);
}

static char *ask(const struct house *h, const char *request)
{
    return ask_bytes(h, request, strlen(request));
}

static void expect_answer(const struct house *h, const char *request, const char *status, const char *body)
{
    char *text = ask(h, request);
    if (strncmp(text, status, strlen(status)) != 0)
        fail_msg("%s answered with: %.200s", request, text);
    const char *begin = strstr(text, "\r\n\r\n");
    assert_non_null(begin);
    assert_string_equal(begin + 4, body);
    free(text);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* The text of the metrics, which is right; the caller frees it. */
static char *metrics(const struct house *h)
{
    char *answer = ask(h, GET("/metrics"));
    assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
    assert_non_null(strstr(answer, "\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
    const char *body = strstr(answer, "\r\n\r\n");
    assert_non_null(body);
    char *text = strdup(body + 4);
    free(answer);
    const char *why = openmetrics_wrong(text);
    if (why)
        fail_msg("%s", why);
    return text;
}

static uint64_t value(const struct house *h, const char *sample)
{
    char *text = metrics(h);
    uint64_t number = openmetrics_value(text, sample);
    free(text);
    return number;
}

/* --- what it says ------------------------------------------------------------------------------------------ */

static void a_healthy_custodian_says_so(void **state)
{
    struct house *h = house_with_metrics();
    (void)state;
    expect_answer(h, GET("/healthz"), "HTTP/1.1 200 ", "serving\n");
    expect_answer(h, "HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 200 ", "");
    house_step_wall(h, (int64_t)HOUR_MS);
    struct draft d;
    struct house_reply reply;
    house_enrol_agent(h, &d, "acme/bot");
    assert_refused(draft_submit(h, &d, &reply), "clock");
    house_reply_done(&reply);
    char *text = ask(h, GET("/healthz"));
    assert_int_equal(strncmp(text, "HTTP/1.1 503 ", 13), 0);
    assert_non_null(strstr(text, "\r\n\r\nclock: the clock is "));
    free(text);
    assert_int_equal(value(h, "custody_state{custody_state=\"clock\"}"), 1);
    assert_int_equal(value(h, "custody_state{custody_state=\"serving\"}"), 0);
    assert_int_equal(value(h, "custody_failures_total{code=\"clock\"}"), 1);
    cty_daemon_stopping(h->daemon);
    expect_answer(h, GET("/healthz"), "HTTP/1.1 503 ", "stopping\n");
    assert_int_equal(value(h, "custody_state{custody_state=\"stopping\"}"), 1);
    house_step_wall(h, -(int64_t)HOUR_MS);
    house_free(h);
}

struct watched {
    const char *sample;
    uint64_t before;
    uint64_t more;
};

static void look(const struct house *h, struct watched *list, size_t count, bool after)
{
    char *text = metrics(h);
    for (size_t i = 0; i < count; i++) {
        uint64_t now = openmetrics_value(text, list[i].sample);
        if (after && now != list[i].before + list[i].more)
            fail_msg("%s went from %llu to %llu", list[i].sample, (unsigned long long)list[i].before,
                     (unsigned long long)now);
        list[i].before = now;
    }
    free(text);
}

static void counters_count_what_happens(void **state)
{
    struct house *h = house_with_metrics();
    struct draft d;
    struct house_reply reply;
    (void)state;
    house_enrol_agent(h, &d, "acme/bot");
    house_stands(h, &d);
    struct watched list[] = {
        {"custody_entries", 0, 3},
        {"custody_commit_seconds_count", 0, 2},
        {"custody_commit_entries_count", 0, 2},
        {"custody_commit_entries_sum", 0, 3},
        {"custody_commit_entries_bucket{le=\"1.0\"}", 0, 1},
        {"custody_commit_entries_bucket{le=\"2.0\"}", 0, 2},
        {"custody_answers_total{method=\"submit\"}", 0, 2},
        {"custody_failures_total{code=\"double-consume\"}", 0, 0},
        {"custody_failures_total{code=\"state-illegal\"}", 0, 1},
        {"custody_expiries_total", 0, 0},
    };
    look(h, list, CTY_COUNT_OF(list), false);
    /* A request with its verdict, an approval that is not the last, and a use that comes too early. */
    house_request(h, &d, "acme/bot", "transfer", "{}");
    struct cty_hash case_id = house_stands(h, &d);
    house_decide(h, &d, &case_id, "acme/b", CTY_APPROVE);
    house_stands(h, &d);
    house_consume(h, &d, &case_id, "acme/bot");
    assert_refused(draft_submit(h, &d, &reply), "state-illegal");
    house_reply_done(&reply);
    look(h, list, CTY_COUNT_OF(list), true);
    house_free(h);
}

static void sessions_are_counted(void **state)
{
    struct house *h = house_with_metrics();
    struct house_reply reply;
    (void)state;
    assert_int_equal(value(h, "custody_sessions"), 0);
    struct cty_hash first = house_session(h, "acme/a");
    (void)house_session(h, "acme/b");
    assert_int_equal(value(h, "custody_sessions"), 2);
    struct cty_rpc_call call = {.rpc = CTY_RPC_SESSION_CLOSE, .params.session = {first, true}};
    assert_ok(house_call(h, &call, &reply));
    house_reply_done(&reply);
    assert_int_equal(value(h, "custody_sessions"), 1);
    house_free(h);
}

static void expiries_are_counted(void **state)
{
    struct house *h = house_with_metrics();
    struct draft d;
    (void)state;
    house_enrol_agent(h, &d, "acme/bot");
    house_stands(h, &d);
    uint64_t before = value(h, "custody_expiries_total");
    house_request(h, &d, "acme/bot", "transfer", "{}");
    house_stands(h, &d);
    uint64_t size = house_size(h);
    house_pass(h, 25 * HOUR_MS);
    house_wait_size(h, size + 1);
    assert_int_equal(value(h, "custody_expiries_total"), before + 1);
    house_free(h);
}

static void what_else_stands_there(void **state)
{
    struct house *h = house_with_metrics();
    (void)state;
    char *text = metrics(h);
    assert_int_equal(openmetrics_value(text, "custody_queue_limit"), CTY_QUEUE_DEFAULT);
    assert_int_equal(openmetrics_value(text, "custody_queue_statements"), 0);
    assert_true(openmetrics_value(text, "custody_database_bytes") > 4096);
    assert_true(openmetrics_value(text, "custody_wal_bytes") > 4096);
    assert_true(openmetrics_value(text, "custody_resident_memory_bytes") > 1u << 20);
    assert_int_equal(openmetrics_value(text, "custody_connections"), 1);
    assert_int_equal(openmetrics_value(text, "custody_keys_locked"), 0);
    assert_true(openmetrics_value(text, "custody_start_time_seconds") > 1700000000u);
    assert_non_null(strstr(text, "\ncustody_sandbox_info{seccomp=\"off\",landlock=\"0\"} 1\n"));
    for (custody_err err = CUSTODY_OK + 1; err < CUSTODY_ERR_COUNT; err++) {
        char sample[128];
        snprintf(sample, sizeof(sample), "custody_failures_total{code=\"%s\"}", custody_err_name(err));
        (void)openmetrics_value(text, sample);
    }
    /* Nobody is named. */
    static const char *const names[] = {"acme", "ada", "otto", "operator", HOUSE_ORIGIN, "ledger.db"};
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++)
        assert_null(strstr(text, names[i]));
    free(text);
    house_free(h);
}

static void histograms_put_each_in_its_place(void **state)
{
    struct cty_counts before, after;
    (void)state;
    cty_counts_get(&before);
    cty_count_commit(cty_count_now_ns() - 3000000, 3);
    cty_count_commit(cty_count_now_ns() - 2000000000, 1000);
    cty_counts_get(&after);
    for (size_t i = 0; i <= cty_commit_bounds_entries_count; i++) {
        uint64_t most = i < cty_commit_bounds_entries_count ? cty_commit_bounds_entries[i].most : UINT64_MAX;
        assert_int_equal(after.commit_entries.at_most[i] - before.commit_entries.at_most[i],
                         (most >= 3 ? 1 : 0) + (most >= 1000 ? 1 : 0));
    }
    assert_int_equal(after.commit_entries.sum - before.commit_entries.sum, 1003);
    assert_int_equal(after.commit_ns.at_most[0] - before.commit_ns.at_most[0], 0);
    assert_int_equal(after.commit_ns.at_most[12] - before.commit_ns.at_most[12], 1);
    assert_int_equal(after.commit_ns.at_most[13] - before.commit_ns.at_most[13], 2);
    assert_true(after.commit_ns.sum - before.commit_ns.sum >= 2003000000u);
}

/* The reader of the tests finds what is wrong, or its silence would say nothing. */
static void the_reader_is_strict(void **state)
{
#define HEAD "# TYPE a gauge\n# HELP a Words.\n"
#define TIMES "# TYPE t_seconds histogram\n# UNIT t_seconds seconds\n# HELP t_seconds Words.\n"
    static const char *const right[] = {
        HEAD "a 1\n# EOF\n",
        "# TYPE c counter\n# HELP c Words.\nc_total{m=\"x\"} 1\nc_total{m=\"y\"} 1.5\n# EOF\n",
        TIMES "t_seconds_bucket{le=\"0.5\"} 1\nt_seconds_bucket{le=\"+Inf\"} 2\nt_seconds_count 2\nt_seconds_sum 1.5\n# EOF\n",
    };
    static const char *const bad[] = {
        HEAD "a 1\n",
        HEAD "a 1\n# EOF",
        HEAD "a 1\n# EOF\n\n",
        HEAD "a 1\n# EOF\na 1\n# EOF\n",
        HEAD "a 1\na 2\n# EOF\n",
        HEAD "a 1\n" HEAD "a 1\n# EOF\n",
        HEAD "# EOF\n",
        HEAD "\na 1\n# EOF\n",
        HEAD "a  1\n# EOF\n",
        HEAD "a x\n# EOF\n",
        HEAD "a_total 1\n# EOF\n",
        HEAD "b 1\n# EOF\n",
        HEAD "a{b=\"c} 1\n# EOF\n",
        HEAD "a{1=\"c\"} 1\n# EOF\n",
        "a 1\n# EOF\n",
        "# TYPE a thing\n# HELP a Words.\na 1\n# EOF\n",
        "# TYPE c counter\n# HELP c Words.\nc 1\n# EOF\n",
        "# TYPE a gauge\n# UNIT a seconds\n# HELP a Words.\na 1\n# EOF\n",
        "# TYPE i info\n# HELP i Words.\ni_info{v=\"x\"} 2\n# EOF\n",
        "# TYPE s stateset\n# HELP s Words.\ns{s=\"x\"} 2\n# EOF\n",
        "# TYPE s stateset\n# HELP s Words.\ns{t=\"x\"} 1\n# EOF\n",
        TIMES "t_seconds_bucket{le=\"0.5\"} 2\nt_seconds_bucket{le=\"+Inf\"} 1\nt_seconds_count 1\nt_seconds_sum 1\n# EOF\n",
        TIMES "t_seconds_bucket{le=\"0.50\"} 1\nt_seconds_bucket{le=\"+Inf\"} 1\nt_seconds_count 1\nt_seconds_sum 1\n# EOF\n",
        TIMES "t_seconds_bucket{le=\"0.5\"} 1\nt_seconds_count 1\nt_seconds_sum 1\n# EOF\n",
        TIMES "t_seconds_bucket{le=\"+Inf\"} 1\nt_seconds_count 2\nt_seconds_sum 1\n# EOF\n",
        TIMES "t_seconds_bucket{le=\"+Inf\"} 1\nt_seconds_count 1\n# EOF\n",
    };
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(right); i++)
        assert_null(openmetrics_wrong(right[i]));
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++) {
        if (!openmetrics_wrong(bad[i]))
            fail_msg("taken for right: %s", bad[i]);
    }
}

/* --- what strangers send ----------------------------------------------------------------------------------- */

static void what_is_not_served_is_said(void **state)
{
    struct house *h = house_with_metrics();
    (void)state;
    expect_answer(h, GET("/"), "HTTP/1.1 404 ", "there are /healthz and /metrics\n");
    expect_answer(h, GET("/metrics/"), "HTTP/1.1 404 ", "there are /healthz and /metrics\n");
    expect_answer(h, GET("/healthz/../metrics"), "HTTP/1.1 404 ", "there are /healthz and /metrics\n");
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "PATCH"};
    for (size_t i = 0; i < CTY_COUNT_OF(methods); i++) {
        char request[128];
        snprintf(request, sizeof(request), "%s /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", methods[i]);
        char *text = ask(h, request);
        assert_int_equal(strncmp(text, "HTTP/1.1 405 ", 13), 0);
        assert_non_null(strstr(text, "\r\nAllow: GET, HEAD\r\n"));
        free(text);
    }
    expect_answer(h, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 413 ",
                  "no body is taken\n");
    expect_answer(h, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                  "HTTP/1.1 413 ", "no body is taken\n");
    house_free(h);
}

/* Whatever it is, it is refused or nothing comes back; and the next one is answered. */
static void expect_harmless(const struct house *h, const void *request, size_t size)
{
    char *text = ask_bytes(h, request, size);
    if (text[0] && strncmp(text, "HTTP/1.1 4", 10) != 0 && strncmp(text, "HTTP/1.1 505 ", 13) != 0)
        fail_msg("%.*s was answered with: %.200s", (int)(size < 100 ? size : 100), (const char *)request, text);
    free(text);
    expect_answer(h, GET("/healthz"), "HTTP/1.1 200 ", "serving\n");
}

static void requests_that_are_none_do_no_harm(void **state)
{
    struct house *h = house_with_metrics();
    static const char *const texts[] = {"", "\r\n\r\n", "GET\r\n\r\n", "GET /metrics\r\n\r\n", "GET /metrics HTTP/9.9\r\n\r\n",
                                        "GET /metrics HTTP/1.1\r\n\r\n" /* without a host */, "\x16\x03\x01\x02\x00\x01",
                                        "GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                                        "GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"};
    size_t size = 1u << 20;
    char *big = malloc(size);
    (void)state;
    assert_non_null(big);
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++)
        expect_harmless(h, texts[i], strlen(texts[i]));
    memset(big, 'a', size);
    memcpy(big, "GET /", 5);
    expect_harmless(h, big, size); /* a line without an end */
    int head = snprintf(big, 64, "GET /metrics HTTP/1.1\r\nHost: a\r\nX-Long: ");
    big[head] = 'a';
    expect_harmless(h, big, size); /* a header without an end */
    memcpy(big + head - 8, "A: \r\n", 5);
    for (size_t at = (size_t)head - 3; at + 6 < size; at += 6)
        memcpy(big + at, "A: b\r\n", 6);
    expect_harmless(h, big, size); /* headers without an end */
    memset(big, 0, 4096);
    expect_harmless(h, big, 4096);
    free(big);
    house_free(h);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Sends a byte of a header now and then, until the other side has enough. */
static void drip(int fd)
{
    struct pollfd file = {.fd = fd, .events = POLLIN};
    uint64_t give_up = now_ms() + 6 * CTY_METRICS_MS_MAX;
    assert_int_equal(send(fd, "GET /metrics HTTP/1.1\r\n", 23, MSG_NOSIGNAL), 23);
    while (poll(&file, 1, 300) == 0 && now_ms() < give_up)
        (void)send(fd, "A", 1, MSG_NOSIGNAL);
    assert_true(file.revents != 0);
}

/* Whoever holds all places holds them for seconds, and the ledger's own door feels nothing of it. */
static void those_who_hold_places_lose_them(void **state)
{
    struct house *h = house_with_metrics();
    struct draft d;
    int files[64];
    char byte;
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(files); i++)
        files[i] = dial(h);
    uint64_t begun = now_ms();
    house_enrol_agent(h, &d, "acme/bot");
    house_stands(h, &d);
    assert_true(now_ms() - begun < 60000);
    drip(files[0]);
    for (size_t i = 0; i < CTY_COUNT_OF(files); i++) {
        struct pollfd file = {.fd = files[i], .events = POLLIN};
        assert_int_equal(poll(&file, 1, 60000), 1);
        assert_true(recv(files[i], &byte, 1, 0) <= 0 || byte == 'H');
        close(files[i]);
    }
    expect_answer(h, GET("/healthz"), "HTTP/1.1 200 ", "serving\n");
    house_free(h);
}

static void a_stop_waits_for_nobody_there(void **state)
{
    struct house *h = house_with_metrics();
    (void)state;
    int fd = dial(h);
    assert_int_equal(send(fd, "GET /met", 8, MSG_NOSIGNAL), 8);
    house_free(h);
    char *text = read_all(fd);
    assert_string_equal(text, "");
    free(text);
}

/* --- addresses --------------------------------------------------------------------------------------------- */

static void only_this_machine_is_served(void **state)
{
    static const char *const right[] = {"http://127.0.0.1:9464", "http://127.0.0.1:0", "http://[::1]:9464",
                                        "http://localhost:9464", "http://127.3.2.1:1"};
    static const char *const bad[] = {"http://0.0.0.0:9464", "http://192.0.2.1:9464", "http://[::]:9464", "http://example.org:1",
                                      "http://127.0.0.1", "http://127.0.0.1:9464/", "http://127.0.0.1:9464/metrics",
                                      "http://127.0.0.1:65536", "https://127.0.0.1:9464", "127.0.0.1:9464", "tcp://127.0.0.1:1",
                                      "ipc:///run/x", "", "http://", "http://user@127.0.0.1:1"};
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(right); i++) {
        struct cty_net_url url;
        custody_error error = {0};
        assert_ok(cty_http_url_parse(right[i], &url, &error));
    }
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++) {
        struct cty_net_url url;
        custody_error error = {0};
        assert_refused(cty_http_url_parse(bad[i], &url, &error), "config");
        assert_non_null(strstr(error.detail, "http://127.0.0.1:PORT"));
    }
    char longest[300] = "http://";
    memset(longest + 7, '1', sizeof(longest) - 8);
    struct cty_net_url url;
    custody_error error = {0};
    assert_refused(cty_http_url_parse(longest, &url, &error), "config");
}

static void a_port_that_is_taken_is_said(void **state)
{
    struct house *h = house_with_metrics();
    struct house *second = house_new(false);
    custody_error error = {0};
    (void)state;
    assert_ok(cty_config_set(&second->config.metrics, cty_daemon_metrics_url(h->daemon)));
    assert_refused(house_try_open(second, false, &error), "busy");
    assert_non_null(strstr(error.detail, "127.0.0.1"));
    house_free(second);
    house_free(h);
}

static void without_it_there_is_no_door(void **state)
{
    struct house *h = house_new(false);
    (void)state;
    house_open(h);
    assert_null(cty_daemon_metrics_url(h->daemon));
    cty_daemon_stopping(h->daemon);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_healthy_custodian_says_so),
        cmocka_unit_test(counters_count_what_happens),
        cmocka_unit_test(sessions_are_counted),
        cmocka_unit_test(expiries_are_counted),
        cmocka_unit_test(what_else_stands_there),
        cmocka_unit_test(histograms_put_each_in_its_place),
        cmocka_unit_test(the_reader_is_strict),
        cmocka_unit_test(what_is_not_served_is_said),
        cmocka_unit_test(requests_that_are_none_do_no_harm),
        cmocka_unit_test(those_who_hold_places_lose_them),
        cmocka_unit_test(a_stop_waits_for_nobody_there),
        cmocka_unit_test(only_this_machine_is_served),
        cmocka_unit_test(a_port_that_is_taken_is_said),
        cmocka_unit_test(without_it_there_is_no_door),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
