/* SPDX-License-Identifier: Apache-2.0 */
/* A message that waited for a call, delivered by the thread that ended one. */
#include "peer.h"

#include <unistd.h>

struct gate {
    struct cty_net_server *server;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool shut; /* who delivers waits inside on_message */
    bool inside;
    bool gone_inside;
    size_t gone;
    struct cty_net_call *calls[8];
    size_t count;
    pthread_t deliverer; /* of the newest call */
};

static void on_message(void *user, struct cty_net_call *call, struct cty_bytes message)
{
    struct gate *gate = user;
    (void)message;
    pthread_mutex_lock(&gate->lock);
    gate->inside = true;
    pthread_cond_broadcast(&gate->changed);
    while (gate->shut)
        pthread_cond_wait(&gate->changed, &gate->lock);
    gate->inside = false;
    gate->deliverer = pthread_self();
    gate->calls[gate->count++] = call;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static void on_gone(void *user, uint64_t connection)
{
    struct gate *gate = user;
    (void)connection;
    pthread_mutex_lock(&gate->lock);
    gate->gone++;
    gate->gone_inside = gate->gone_inside || gate->inside;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static void gate_open(struct gate *gate, const char *url, size_t calls)
{
    static const struct cty_net_server_ops ops = {.on_message = on_message, .on_gone = on_gone};
    const struct cty_net_server_config config = {.urls = &url, .url_count = 1, .calls_max = calls};
    *gate = (struct gate){0};
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->changed, NULL);
    assert_ok(cty_net_server_open(&config, &ops, gate, &gate->server, NULL));
}

static void gate_set(struct gate *gate, bool shut)
{
    pthread_mutex_lock(&gate->lock);
    gate->shut = shut;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static size_t gate_count(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    size_t count = gate->count;
    pthread_mutex_unlock(&gate->lock);
    return count;
}

static size_t gate_gone(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    size_t gone = gate->gone;
    pthread_mutex_unlock(&gate->lock);
    return gone;
}

static bool gate_is_entered(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    bool entered = gate->inside && gate->shut;
    pthread_mutex_unlock(&gate->lock);
    return entered;
}

static struct cty_net_server_counts counts_of(struct gate *gate)
{
    struct cty_net_server_counts counts;
    cty_net_server_get_counts(gate->server, &counts);
    return counts;
}

/* Drops the calls from number `from` on, also such as come meanwhile. */
static void gate_close(struct gate *gate, size_t from)
{
    for (; from < gate_count(gate); from++)
        cty_net_drop(gate->calls[from]);
    cty_net_server_close(gate->server);
    pthread_cond_destroy(&gate->changed);
    pthread_mutex_destroy(&gate->lock);
}

/* In one piece, so that it is there whole as soon as any of it is. */
static void send_whole(int fd, uint8_t id, const char *body)
{
    uint8_t message[CTY_SP_HEAD_BYTES_MAX + CTY_SP_ID_BYTES + 16] = {0};
    size_t size = CTY_SP_ID_BYTES + strlen(body);
    size_t at = cty_sp_head_format(CTY_SP_IPC, size, message);
    assert_in_range(strlen(body), 1, 16);
    message[at] = 0x80;
    message[at + CTY_SP_ID_BYTES - 1] = id;
    memcpy(message + at + CTY_SP_ID_BYTES, body, strlen(body));
    assert_true(raw_write(fd, message, at + size));
}

/* The first message of `other` waits, for all calls are taken by `busy`. */
static void make_wait(struct gate *gate, const char *url, size_t calls, int *ret_busy, int *ret_other)
{
    *ret_busy = raw_connect_and_greet(url, CTY_SP_REQ, CTY_SP_REP);
    *ret_other = raw_connect_and_greet(url, CTY_SP_REQ, CTY_SP_REP);
    for (size_t i = 0; i < calls; i++)
        send_whole(*ret_busy, (uint8_t)(i + 1), "busy");
    wait_until(gate_count(gate) == calls);
    send_whole(*ret_other, 1, "waits");
    wait_until(counts_of(gate).bytes > 0);
}

static void who_ends_a_call_delivers_what_waited(void **state)
{
    (void)state;
    struct folder folder;
    struct gate gate;
    int busy = -1, other = -1;
    folder_make(&folder);
    gate_open(&gate, folder.url, 1);
    make_wait(&gate, folder.url, 1, &busy, &other);
    cty_net_drop(gate.calls[0]);
    /* Nobody else had to be waited for. */
    assert_int_equal(gate_count(&gate), 2);
    assert_true(pthread_equal(gate.deliverer, pthread_self()));
    assert_bytes_text(cty_net_call_message(gate.calls[1]), "waits");
    assert_int_equal(counts_of(&gate).bytes, 0);
    gate_close(&gate, 1);
    close(busy);
    close(other);
    folder_remove(&folder);
}

static void *drop_first(void *argument)
{
    struct gate *gate = argument;
    cty_net_drop(gate->calls[0]);
    return NULL;
}

/* A message that comes while the one before it is delivered by another thread waits for it, and goes on behind it. */
static void the_next_message_waits_for_the_one_before_it(void **state)
{
    (void)state;
    struct folder folder;
    struct gate gate;
    int busy = -1, other = -1;
    pthread_t thread;
    folder_make(&folder);
    gate_open(&gate, folder.url, 3);
    make_wait(&gate, folder.url, 3, &busy, &other);
    gate_set(&gate, true);
    assert_int_equal(pthread_create(&thread, NULL, drop_first, &gate), 0);
    wait_until(gate_is_entered(&gate));
    cty_net_drop(gate.calls[1]);
    send_whole(other, 2, "next");
    wait_until(counts_of(&gate).bytes > 0);
    assert_int_equal(counts_of(&gate).messages, 4);
    gate_set(&gate, false);
    pthread_join(thread, NULL);
    wait_until(gate_count(&gate) == 5);
    assert_bytes_text(cty_net_call_message(gate.calls[3]), "waits");
    assert_bytes_text(cty_net_call_message(gate.calls[4]), "next");
    gate_close(&gate, 2);
    close(busy);
    close(other);
    folder_remove(&folder);
}

/* Who goes while his message is delivered is told of when that is over. */
static void who_goes_meanwhile_is_told_of_afterwards(void **state)
{
    (void)state;
    struct folder folder;
    struct gate gate;
    int busy = -1, other = -1;
    pthread_t thread;
    folder_make(&folder);
    gate_open(&gate, folder.url, 1);
    make_wait(&gate, folder.url, 1, &busy, &other);
    gate_set(&gate, true);
    assert_int_equal(pthread_create(&thread, NULL, drop_first, &gate), 0);
    wait_until(gate_is_entered(&gate));
    close(other);
    pause_ms(50);
    gate_set(&gate, false);
    pthread_join(thread, NULL);
    wait_until(gate_gone(&gate) == 1);
    assert_false(gate.gone_inside);
    assert_true(cty_net_call_is_gone(gate.calls[1]));
    gate_close(&gate, 1);
    close(busy);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_ends_a_call_delivers_what_waited),
        cmocka_unit_test(the_next_message_waits_for_the_one_before_it),
        cmocka_unit_test(who_goes_meanwhile_is_told_of_afterwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
