/* SPDX-License-Identifier: Apache-2.0 */
/* What connections hold together: half messages, parked ones and answers nobody takes; and who has to go. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "unit/net/peer.h"

#define LARGE (512u * 1024u)
#define BUDGET (2u * 1024u * 1024u)

static uint8_t body[LARGE];

struct room {
    struct folder folder;
    struct rig rig;
};

static void room_open(struct room *room, struct cty_net_server_config config, bool keep)
{
    folder_make(&room->folder);
    rig_open(&room->rig, config, room->folder.url, keep);
}

static void room_close(struct room *room)
{
    rig_close(&room->rig);
    folder_remove(&room->folder);
}

/* Sends the head of a message of `announced` bytes, and only `sent` of them. */
static int send_half(struct room *room, size_t announced, size_t sent)
{
    uint8_t head[CTY_SP_HEAD_BYTES_MAX];
    int fd = raw_connect_and_greet(room->rig.url, CTY_SP_REQ, CTY_SP_REP);
    size_t head_size = cty_sp_head_format(CTY_SP_IPC, announced, head);
    assert_true(raw_write(fd, head, head_size));
    assert_true(raw_write(fd, body, sent));
    return fd;
}

static bool is_closed(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN);
}

static size_t count_closed(const int *fds, size_t count)
{
    size_t closed = 0;
    for (size_t i = 0; i < count; i++)
        closed += is_closed(fds[i]);
    return closed;
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

static void who_announces_much_holds_what_it_sent(void **state)
{
    (void)state;
    struct room room;
    int fds[40];
    room_open(&room, (struct cty_net_server_config){.bytes_max = BUDGET}, false);
    for (size_t i = 0; i < CTY_COUNT_OF(fds); i++)
        fds[i] = send_half(&room, CTY_MESSAGE_BYTES_MAX, 100);
    wait_until(rig_counts(&room.rig).connections == CTY_COUNT_OF(fds));
    assert_in_range(rig_counts(&room.rig).bytes, 0, CTY_COUNT_OF(fds) * 20000);
    assert_int_equal(count_closed(fds, CTY_COUNT_OF(fds)), 0);
    assert_int_equal(rig_counts(&room.rig).greedy, 0);
    close_all(fds, CTY_COUNT_OF(fds));
    wait_until(rig_counts(&room.rig).bytes == 0);
    room_close(&room);
}

static void half_messages_beyond_the_budget_cost_the_greediest(void **state)
{
    (void)state;
    struct room room;
    int fds[8], small[8];
    room_open(&room, (struct cty_net_server_config){.bytes_max = BUDGET}, false);
    for (size_t i = 0; i < CTY_COUNT_OF(small); i++)
        small[i] = send_half(&room, 40000, 30000);
    for (size_t i = 0; i < CTY_COUNT_OF(fds); i++) {
        fds[i] = send_half(&room, CTY_MESSAGE_BYTES_MAX, LARGE - 1000);
        pause_ms(20);
    }
    wait_until(rig_counts(&room.rig).greedy >= 5);
    assert_in_range(rig_counts(&room.rig).bytes, 0, BUDGET);
    wait_until(count_closed(fds, CTY_COUNT_OF(fds)) >= 5);
    /* The first was still for longest; the small ones are nobody's prey; and whoever comes is answered. */
    assert_true(is_closed(fds[0]));
    assert_int_equal(count_closed(small, CTY_COUNT_OF(small)), 0);
    rig_expect_echo(room.rig.url);
    close_all(fds, CTY_COUNT_OF(fds));
    close_all(small, CTY_COUNT_OF(small));
    wait_until(rig_counts(&room.rig).bytes == 0);
    room_close(&room);
}

static void answers_that_nobody_takes_count(void **state)
{
    (void)state;
    struct room room;
    int fds[8];
    room_open(&room, (struct cty_net_server_config){.bytes_max = BUDGET}, true);
    for (size_t i = 0; i < CTY_COUNT_OF(fds); i++) {
        fds[i] = raw_connect_and_greet(room.rig.url, CTY_SP_REQ, CTY_SP_REP);
        assert_true(raw_send(fds[i], false, 0x80000001u, "much", 4));
        assert_ok(cty_net_reply(rig_take(&room.rig), cty_bytes_make(body, sizeof(body))));
        pause_ms(5);
    }
    assert_in_range(rig_counts(&room.rig).bytes, 0, BUDGET);
    assert_in_range(rig_counts(&room.rig).greedy, 4, CTY_COUNT_OF(fds));
    /* Whoever reads gets its own whole. */
    rig_keep(&room.rig, false);
    rig_expect_echo(room.rig.url);
    close_all(fds, CTY_COUNT_OF(fds));
    wait_until(rig_counts(&room.rig).bytes == 0);
    assert_int_equal(rig_counts(&room.rig).calls_free, CTY_CALLS_DEFAULT);
    room_close(&room);
}

/* Messages that wait for a call are held as well; those within the guarantee stay, whatever others hold. */
static void parked_messages_count(void **state)
{
    (void)state;
    struct room room;
    int fds[6];
    room_open(&room, (struct cty_net_server_config){.bytes_max = BUDGET, .calls_max = 1}, true);
    int first = raw_connect_and_greet(room.rig.url, CTY_SP_REQ, CTY_SP_REP);
    assert_true(raw_send(first, false, 0x80000001u, "first", 5));
    struct cty_net_call *call = rig_take(&room.rig);
    int small = raw_connect_and_greet(room.rig.url, CTY_SP_REQ, CTY_SP_REP);
    assert_true(raw_send(small, false, 0x80000001u, "small", 5));
    for (size_t i = 0; i < CTY_COUNT_OF(fds); i++) {
        fds[i] = raw_connect_and_greet(room.rig.url, CTY_SP_REQ, CTY_SP_REP);
        raw_send(fds[i], false, 0x80000001u, body, sizeof(body));
        pause_ms(20);
    }
    wait_until(rig_counts(&room.rig).greedy >= 2);
    assert_in_range(rig_counts(&room.rig).bytes, 0, BUDGET);
    cty_net_drop(call);
    call = rig_take(&room.rig);
    assert_bytes_text(cty_net_call_message(call), "small");
    rig_keep(&room.rig, false);
    cty_net_drop(call);
    close_all(fds, CTY_COUNT_OF(fds));
    close(first);
    close(small);
    wait_until(rig_counts(&room.rig).bytes == 0);
    room_close(&room);
}

/* A message in the middle of being sent is no prey while those lie still. */
static void whoever_sends_on_gets_through(void **state)
{
    (void)state;
    struct room room;
    int fds[3];
    room_open(&room, (struct cty_net_server_config){.bytes_max = BUDGET}, false);
    for (size_t i = 0; i < CTY_COUNT_OF(fds); i++)
        fds[i] = send_half(&room, CTY_MESSAGE_BYTES_MAX, LARGE - 1000);
    pause_ms(300);
    int fd = raw_connect_and_greet(room.rig.url, CTY_SP_REQ, CTY_SP_REP);
    static uint8_t whole[3 * LARGE], back[3 * LARGE + 16];
    assert_true(raw_send(fd, false, 0x80000001u, whole, sizeof(whole)));
    assert_int_equal(raw_receive(fd, false, back, sizeof(back)), sizeof(whole) + 4);
    assert_true(rig_counts(&room.rig).greedy >= 1);
    assert_true(count_closed(fds, CTY_COUNT_OF(fds)) >= 1);
    close(fd);
    close_all(fds, CTY_COUNT_OF(fds));
    room_close(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_announces_much_holds_what_it_sent),
        cmocka_unit_test(half_messages_beyond_the_budget_cost_the_greediest),
        cmocka_unit_test(answers_that_nobody_takes_count),
        cmocka_unit_test(parked_messages_count),
        cmocka_unit_test(whoever_sends_on_gets_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
