/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers that mean harm or are broken, by hand over plain sockets. After each, the door must answer others.
 * The traps of nng 1.5.2 that a door has to avoid are tried here (spec/decisions names them).
 */
#include "peer.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT 100000

/* Runs a case against a fresh server over ipc and over tcp. */
static void over_both(void (*check)(struct rig *rig), struct cty_net_server_config config, bool keep)
{
    struct folder folder;
    struct rig rig;
    folder_make(&folder);
    rig_open(&rig, config, folder.url, keep);
    check(&rig);
    rig_close(&rig);
    rig_open(&rig, config, "tcp://127.0.0.1:0", keep);
    check(&rig);
    rig_close(&rig);
    folder_remove(&folder);
}

static int requester(struct rig *rig)
{
    return raw_connect_and_greet(rig->url, CTY_SP_REQ, CTY_SP_REP);
}

/* ---- going away ---- */

static void leave_at_once(struct rig *rig)
{
    for (int i = 0; i < 50; i++) {
        int fd = raw_connect(rig->url);
        if (i % 2) {
            const struct linger reset = {1, 0};
            shutdown(fd, SHUT_WR);
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        }
        close(fd);
        if (i % 10 == 9)
            rig_expect_echo(rig->url);
    }
    wait_until(rig_counts(rig).connections == 0);
}

static void a_connection_closed_at_once_makes_nobody_deaf(void **state)
{
    (void)state;
    over_both(leave_at_once, (struct cty_net_server_config){0}, false);
}

static void leave_in_the_middle(struct rig *rig)
{
    uint8_t stream[CTY_SP_HELLO_BYTES + CTY_SP_HEAD_BYTES_MAX + 8];
    bool tcp = raw_is_tcp(rig->url);
    cty_sp_hello_format(CTY_SP_REQ, stream);
    size_t size = CTY_SP_HELLO_BYTES;
    size += cty_sp_head_format(tcp ? CTY_SP_TCP : CTY_SP_IPC, 8, stream + size);
    memcpy(stream + size, "\x80\0\0\1half", 8);
    size += 8;
    for (size_t cut = 0; cut < size; cut++) {
        int fd = raw_connect(rig->url);
        assert_true(raw_write(fd, stream, cut));
        close(fd);
    }
    rig_expect_echo(rig->url);
    wait_until(rig_counts(rig).connections == 0);
    assert_int_equal(rig_counts(rig).messages, 1);
}

static void a_stream_cut_anywhere(void **state)
{
    (void)state;
    over_both(leave_in_the_middle, (struct cty_net_server_config){0}, false);
}

/* ---- wrong bytes ---- */

static void wrong_hellos(struct rig *rig)
{
    uint8_t hello[CTY_SP_HELLO_BYTES];
    uint64_t broken = 0;
    for (size_t i = 0; i < sizeof(hello); i++) {
        int fd = raw_connect(rig->url);
        cty_sp_hello_format(CTY_SP_REQ, hello);
        hello[i] ^= 0x10;
        assert_true(raw_write(fd, hello, sizeof(hello)));
        raw_expect_closed(fd);
        close(fd);
        wait_until(rig_counts(rig).broken == broken + 1);
        broken++;
    }
    int fd = raw_connect(rig->url);
    static const char web[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    raw_write(fd, web, sizeof(web) - 1);
    raw_expect_closed(fd);
    close(fd);
    rig_expect_echo(rig->url);
}

static void garbage_instead_of_a_hello(void **state)
{
    (void)state;
    over_both(wrong_hellos, (struct cty_net_server_config){0}, false);
}

static void expect_dropped(struct rig *rig, const void *bytes, size_t size)
{
    uint64_t broken = rig_counts(rig).broken;
    int fd = requester(rig);
    raw_write(fd, bytes, size);
    raw_expect_closed(fd);
    close(fd);
    wait_until(rig_counts(rig).broken == broken + 1);
    rig_expect_echo(rig->url);
}

static void wrong_messages(struct rig *rig)
{
    bool tcp = raw_is_tcp(rig->url);
    enum cty_sp_transport transport = tcp ? CTY_SP_TCP : CTY_SP_IPC;
    uint8_t message[64];
    const uint64_t huge[] = {LIMIT + 5, (uint64_t)1 << 32, (uint64_t)1 << 63, UINT64_MAX};
    for (size_t i = 0; i < CTY_COUNT_OF(huge); i++)
        expect_dropped(rig, message, cty_sp_head_format(transport, huge[i], message));
    for (size_t size = 0; size < CTY_SP_ID_BYTES; size++) {
        size_t head = cty_sp_head_format(transport, size, message);
        memset(message + head, 0x80, size);
        expect_dropped(rig, message, head + size);
    }
    /* An id without its high bit is that of a forwarding device. */
    size_t head = cty_sp_head_format(transport, 12, message);
    memcpy(message + head, "\0\0\0\1\x80\0\0\1call", 12);
    expect_dropped(rig, message, head + 12);
    if (!tcp) {
        cty_sp_head_format(transport, 4, message);
        message[0] = 2;
        expect_dropped(rig, message, 13);
    }
}

static void garbage_instead_of_a_message(void **state)
{
    (void)state;
    over_both(wrong_messages, (struct cty_net_server_config){.message_max = LIMIT}, false);
}

static custody_err ask_with_size(const char *url, size_t size, size_t *ret_reply_size)
{
    struct cty_net_client *client = NULL;
    struct cty_buf reply = CTY_BUF_INIT(2 * LIMIT);
    const struct cty_net_client_config config = {.url = url};
    uint8_t *request = calloc(1, size);
    assert_non_null(request);
    assert_ok(cty_net_client_open(&config, &client, NULL));
    custody_err err = cty_net_client_call(client, cty_bytes_make(request, size), PATIENCE_MS, &reply, NULL);
    *ret_reply_size = reply.size;
    cty_buf_done(&reply);
    cty_net_client_close(client);
    free(request);
    return err;
}

static void at_the_limit(struct rig *rig)
{
    size_t size = 0;
    assert_ok(ask_with_size(rig->url, LIMIT, &size));
    assert_int_equal(size, LIMIT);
    assert_refused(ask_with_size(rig->url, LIMIT + 1, &size), "unreachable");
    assert_int_equal(rig_counts(rig).messages, 1);
    assert_int_equal(rig_counts(rig).broken, 1);
    assert_int_equal(rig->last_size, LIMIT);
    rig_expect_echo(rig->url);
}

static void one_byte_beyond_the_limit_is_dropped(void **state)
{
    (void)state;
    over_both(at_the_limit, (struct cty_net_server_config){.message_max = LIMIT}, false);
}

static void at_the_default_limit(struct rig *rig)
{
    struct cty_net_client *client = NULL;
    struct cty_buf reply = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    const struct cty_net_client_config config = {.url = rig->url, .request_max = CTY_MESSAGE_BYTES_MAX + 1};
    uint8_t *request = calloc(1, CTY_MESSAGE_BYTES_MAX + 1);
    assert_non_null(request);
    assert_ok(cty_net_client_open(&config, &client, NULL));
    assert_ok(cty_net_client_call(client, cty_bytes_make(request, CTY_MESSAGE_BYTES_MAX), PATIENCE_MS, &reply,
                                  NULL));
    assert_int_equal(reply.size, CTY_MESSAGE_BYTES_MAX);
    cty_buf_clear(&reply);
    assert_refused(cty_net_client_call(client, cty_bytes_make(request, CTY_MESSAGE_BYTES_MAX + 1), PATIENCE_MS,
                                       &reply, NULL),
                   "unreachable");
    assert_int_equal(rig_counts(rig).broken, 1);
    rig_expect_echo(rig->url);
    cty_buf_done(&reply);
    cty_net_client_close(client);
    free(request);
}

static void a_limit_stands_where_none_was_set(void **state)
{
    (void)state;
    over_both(at_the_default_limit, (struct cty_net_server_config){0}, false);
}

/* ---- holding on ---- */

static void stay_silent(struct rig *rig)
{
    uint8_t hello[CTY_SP_HELLO_BYTES];
    cty_sp_hello_format(CTY_SP_REQ, hello);
    for (size_t sent = 0; sent < sizeof(hello); sent += 7) {
        int fd = raw_connect(rig->url);
        raw_write(fd, hello, sent);
        raw_expect_closed(fd);
        close(fd);
    }
    wait_until(rig_counts(rig).connections == 0);
    assert_int_equal(rig_counts(rig).reaped, 2);
    rig_expect_echo(rig->url);
}

static void a_late_hello_is_not_waited_for(void **state)
{
    (void)state;
    over_both(stay_silent, (struct cty_net_server_config){.hello_ms = 40}, false);
}

static void send_half(struct rig *rig)
{
    uint8_t head[CTY_SP_HEAD_BYTES_MAX];
    enum cty_sp_transport transport = raw_is_tcp(rig->url) ? CTY_SP_TCP : CTY_SP_IPC;
    size_t size = cty_sp_head_format(transport, LIMIT, head);
    int fd = requester(rig);
    raw_write(fd, head, size);
    raw_write(fd, "\x80\0\0\1half of it", 14);
    raw_expect_closed(fd);
    close(fd);
    fd = requester(rig);
    raw_expect_closed(fd);
    close(fd);
    wait_until(rig_counts(rig).reaped == 2);
    assert_int_equal(rig_counts(rig).messages, 0);
    rig_expect_echo(rig->url);
}

static void half_a_message_and_none_at_all_are_idle(void **state)
{
    (void)state;
    over_both(send_half, (struct cty_net_server_config){.idle_ms = 40}, false);
}

/* Asks until the request gets in before the connection counts as idle, and returns its connection. */
static int ask_in_time(struct rig *rig)
{
    for (;;) {
        uint64_t reaped = rig_counts(rig).reaped;
        int fd = requester(rig);
        raw_send(fd, raw_is_tcp(rig->url), 0x80000001u, "wait", 4);
        wait_until(rig_counts(rig).messages > 0 || rig_counts(rig).reaped > reaped);
        if (rig_counts(rig).messages > 0)
            return fd;
        close(fd);
    }
}

static void wait_long(struct rig *rig)
{
    uint8_t answer[16];
    int fd = ask_in_time(rig);
    struct cty_net_call *call = rig_take(rig);
    uint64_t reaped = rig_counts(rig).reaped;
    /* However long this takes, nothing may be reaped. */
    pause_ms(200);
    assert_false(cty_net_call_is_gone(call));
    assert_int_equal(rig_counts(rig).reaped, reaped);
    assert_ok(cty_net_reply(call, CTY_LITERAL("here")));
    assert_int_equal(raw_receive(fd, raw_is_tcp(rig->url), answer, sizeof(answer)), 8);
    raw_expect_closed(fd);
    wait_until(rig_counts(rig).reaped == reaped + 1);
    close(fd);
}

static void who_waits_for_an_answer_is_not_idle(void **state)
{
    (void)state;
    over_both(wait_long, (struct cty_net_server_config){.idle_ms = 40}, true);
}

static void read_nothing(struct rig *rig)
{
    /* More than the kernel buffers, also for tcp, where it may take some MiB. */
    static uint8_t big[8 * 1024 * 1024];
    bool tcp = raw_is_tcp(rig->url);
    int fd = requester(rig);
    for (uint32_t i = 0; i < 4; i++)
        assert_true(raw_send(fd, tcp, 0x80000001u + i, "big", 3));
    wait_until(rig_counts(rig).messages == 4);
    for (size_t i = 0; i < 4; i++)
        assert_ok(cty_net_reply(rig_take(rig), cty_bytes_make(big, sizeof(big))));
    /* Its answers are stuck, its calls are not. */
    assert_int_equal(rig_counts(rig).calls_free, 4);
    assert_true(rig_counts(rig).replies < 4);
    int other = requester(rig);
    uint8_t answer[16];
    assert_true(raw_send(other, tcp, 0x80000001u, "small", 5));
    assert_ok(cty_net_reply(rig_take(rig), CTY_LITERAL("yes")));
    assert_int_equal(raw_receive(other, tcp, answer, sizeof(answer)), 7);
    close(other);
    wait_until(rig_counts(rig).reaped == 1);
    wait_until(rig_counts(rig).connections == 0);
    close(fd);
}

static void who_does_not_read_holds_no_call(void **state)
{
    (void)state;
    const struct cty_net_server_config config = {.calls_max = 4, .send_ms = 100};
    over_both(read_nothing, config, true);
}

static void come_in_crowds(struct rig *rig)
{
    int fds[3];
    for (size_t i = 0; i < 3; i++)
        fds[i] = requester(rig);
    assert_int_equal(rig_counts(rig).connections, 3);
    /* Silent ones count too, and one beyond the cap is not even greeted. */
    for (uint64_t i = 1; i <= 5; i++) {
        int fd = raw_connect(rig->url);
        raw_expect_closed(fd);
        close(fd);
        wait_until(rig_counts(rig).refused == i);
    }
    assert_true(raw_send(fds[0], raw_is_tcp(rig->url), 0x80000001u, "still here", 10));
    uint8_t answer[16];
    assert_int_equal(raw_receive(fds[0], raw_is_tcp(rig->url), answer, sizeof(answer)), 14);
    close(fds[1]);
    wait_until(rig_counts(rig).connections == 2);
    rig_expect_echo(rig->url);
    close(fds[0]);
    close(fds[2]);
}

static void the_cap_counts_every_connection(void **state)
{
    (void)state;
    over_both(come_in_crowds, (struct cty_net_server_config){.connections_max = 3}, false);
}

/* One after another comes to a full house: who is idle for longest makes room, but not who is known. */
static void come_to_a_full_house(struct rig *rig)
{
    uint8_t answer[16];
    int fds[3];
    for (size_t i = 0; i < 3; i++)
        fds[i] = requester(rig);
    assert_true(raw_send(fds[0], raw_is_tcp(rig->url), 0x80000001u, "!", 1));
    assert_int_equal(raw_receive(fds[0], raw_is_tcp(rig->url), answer, sizeof(answer)), 5);
    rig_expect_echo(rig->url);
    assert_int_equal(rig_counts(rig).refused, 0);
    assert_int_equal(rig_counts(rig).replaced, 1);
    raw_expect_closed(fds[1]);
    assert_true(raw_send(fds[0], raw_is_tcp(rig->url), 0x80000002u, "still here", 10));
    assert_int_equal(raw_receive(fds[0], raw_is_tcp(rig->url), answer, sizeof(answer)), 14);
    for (size_t i = 0; i < 3; i++)
        close(fds[i]);
}

static void who_is_idle_makes_room(void **state)
{
    (void)state;
    over_both(come_to_a_full_house, (struct cty_net_server_config){.connections_max = 3, .replaces = true}, false);
}

/* All that are there are known: then whoever comes is closed. */
static void come_where_all_are_known(struct rig *rig)
{
    uint8_t answer[16];
    int fds[3];
    for (size_t i = 0; i < 3; i++) {
        fds[i] = requester(rig);
        assert_true(raw_send(fds[i], raw_is_tcp(rig->url), 0x80000001u, "!", 1));
        assert_int_equal(raw_receive(fds[i], raw_is_tcp(rig->url), answer, sizeof(answer)), 5);
    }
    int fd = raw_connect(rig->url);
    raw_expect_closed(fd);
    assert_int_equal(rig_counts(rig).refused, 1);
    assert_int_equal(rig_counts(rig).replaced, 0);
    close(fd);
    for (size_t i = 0; i < 3; i++)
        close(fds[i]);
}

static void who_is_known_is_not_replaced(void **state)
{
    (void)state;
    over_both(come_where_all_are_known, (struct cty_net_server_config){.connections_max = 3, .replaces = true}, false);
}

/* Uses up every file descriptor but one, which the peer takes: accepting fails until some are given back. */
static void run_out_of_files(struct rig *rig)
{
    struct rlimit before, low;
    int spare[256];
    size_t count = 0;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    low.rlim_cur = 200;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    for (int fd = dup(0); fd >= 0; fd = dup(0))
        spare[count++] = fd;
    assert_true(count > 0);
    close(spare[--count]);
    int peer = raw_connect(rig->url);
    pause_ms(150);
    while (count > 0)
        close(spare[--count]);
    raw_greet(peer, CTY_SP_REQ, CTY_SP_REP);
    rig_expect_echo(rig->url);
    close(peer);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void running_out_of_files_passes(void **state)
{
    (void)state;
    over_both(run_out_of_files, (struct cty_net_server_config){0}, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_closed_at_once_makes_nobody_deaf),
        cmocka_unit_test(a_stream_cut_anywhere),
        cmocka_unit_test(garbage_instead_of_a_hello),
        cmocka_unit_test(garbage_instead_of_a_message),
        cmocka_unit_test(one_byte_beyond_the_limit_is_dropped),
        cmocka_unit_test(a_limit_stands_where_none_was_set),
        cmocka_unit_test(a_late_hello_is_not_waited_for),
        cmocka_unit_test(half_a_message_and_none_at_all_are_idle),
        cmocka_unit_test(who_waits_for_an_answer_is_not_idle),
        cmocka_unit_test(who_does_not_read_holds_no_call),
        cmocka_unit_test(who_is_idle_makes_room),
        cmocka_unit_test(who_is_known_is_not_replaced),
        cmocka_unit_test(the_cap_counts_every_connection),
        cmocka_unit_test(running_out_of_files_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
