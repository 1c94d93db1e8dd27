/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <unistd.h>

#include "net/publisher.h"
#include "net/subscriber.h"

static struct cty_net_publisher *publisher_at(const char *url, struct cty_net_publisher_config config)
{
    struct cty_net_publisher *publisher = NULL;
    custody_error error = {0};
    config.urls = &url;
    config.url_count = 1;
    custody_err err = cty_net_publisher_open(&config, &publisher, &error);
    if (err != CUSTODY_OK)
        fail_msg("%s: %s", custody_err_name(err), error.detail);
    return publisher;
}

static void expect_next(struct cty_net_subscriber *subscriber, const char *text)
{
    struct cty_buf message = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    assert_ok(cty_net_subscriber_next(subscriber, PATIENCE_MS, &message, NULL));
    assert_bytes_text(cty_buf_bytes(&message), text);
    cty_buf_done(&message);
}

static custody_err next_within(struct cty_net_subscriber *subscriber, uint64_t ms)
{
    struct cty_buf message = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    custody_err err = cty_net_subscriber_next(subscriber, ms, &message, NULL);
    cty_buf_done(&message);
    return err;
}

/* Lets the subscriber connect: it does so inside next. */
static void join(struct cty_net_subscriber *subscriber, struct cty_net_publisher *publisher, size_t connections)
{
    uint64_t give_up = now_ms() + PATIENCE_MS;
    while (cty_net_publisher_connections(publisher) < connections) {
        assert_true(now_ms() < give_up);
        assert_refused(next_within(subscriber, 10), "timeout");
    }
}

static void check_hearing(const char *url)
{
    struct cty_net_publisher *publisher = publisher_at(url, (struct cty_net_publisher_config){0});
    struct cty_net_subscriber *first = NULL, *second = NULL;
    assert_ok(cty_net_subscriber_open(cty_net_publisher_url(publisher, 0), NULL, 0, &first, NULL));
    assert_ok(cty_net_subscriber_open(cty_net_publisher_url(publisher, 0), NULL, 0, &second, NULL));
    join(first, publisher, 1);
    join(second, publisher, 2);
    assert_ok(cty_net_publish(publisher, CTY_LITERAL("one")));
    assert_ok(cty_net_publish(publisher, CTY_LITERAL("two")));
    expect_next(first, "one");
    expect_next(first, "two");
    expect_next(second, "one");
    expect_next(second, "two");
    assert_refused(next_within(second, 10), "timeout");
    cty_net_subscriber_close(first);
    wait_until(cty_net_publisher_connections(publisher) == 1);
    cty_net_publisher_close(publisher);
    cty_net_subscriber_close(second);
}

static void subscribers_hear(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    check_hearing(folder.url);
    check_hearing("tcp://127.0.0.1:0");
    folder_remove(&folder);
}

static void a_publisher_that_restarts_is_found_again(void **state)
{
    (void)state;
    struct folder folder;
    struct cty_net_subscriber *subscriber = NULL;
    folder_make(&folder);
    assert_ok(cty_net_subscriber_open(folder.url, NULL, 0, &subscriber, NULL));
    assert_refused(next_within(subscriber, 10), "timeout");
    for (int i = 0; i < 3; i++) {
        struct cty_net_publisher *publisher = publisher_at(folder.url, (struct cty_net_publisher_config){0});
        join(subscriber, publisher, 1);
        assert_ok(cty_net_publish(publisher, CTY_LITERAL("again")));
        expect_next(subscriber, "again");
        cty_net_publisher_close(publisher);
    }
    cty_net_subscriber_close(subscriber);
    folder_remove(&folder);
}

/* Publishes far more than sockets can buffer to one who doesn't read and to one who does. */
static void the_slow_lose_the_oldest_and_stop_nobody(void **state)
{
    (void)state;
    enum { COUNT = 400 };
    struct folder folder;
    struct cty_net_subscriber *quick = NULL;
    static uint8_t big[32 * 1024];
    folder_make(&folder);
    struct cty_net_publisher *publisher = publisher_at(folder.url, (struct cty_net_publisher_config){0});
    int slow = raw_connect_and_greet(folder.url, CTY_SP_SUB, CTY_SP_PUB);
    assert_ok(cty_net_subscriber_open(folder.url, NULL, 0, &quick, NULL));
    join(quick, publisher, 2);
    for (uint32_t i = 1; i <= COUNT; i++) {
        struct cty_buf message = CTY_BUF_INIT(sizeof(big));
        memcpy(big, &i, sizeof(i));
        assert_ok(cty_net_publish(publisher, cty_bytes_make(big, sizeof(big))));
        assert_ok(cty_net_subscriber_next(quick, PATIENCE_MS, &message, NULL));
        assert_int_equal(message.size, sizeof(big));
        assert_memory_equal(message.data, &i, sizeof(i));
        cty_buf_done(&message);
    }
    /* The slow one wakes up: what it gets is in order, has gaps, and ends with the newest. */
    uint32_t last = 0, heard = 0;
    while (last < COUNT) {
        uint32_t number = 0;
        assert_int_equal(raw_receive(slow, false, big, sizeof(big)), sizeof(big));
        memcpy(&number, big, sizeof(number));
        assert_true(number > last);
        last = number;
        heard++;
    }
    assert_true(heard < COUNT);
    close(slow);
    cty_net_subscriber_close(quick);
    cty_net_publisher_close(publisher);
    folder_remove(&folder);
}

static void who_never_reads_is_closed(void **state)
{
    (void)state;
    struct folder folder;
    static uint8_t big[32 * 1024];
    folder_make(&folder);
    struct cty_net_publisher *publisher =
        publisher_at(folder.url, (struct cty_net_publisher_config){.send_ms = 50});
    int slow = raw_connect_and_greet(folder.url, CTY_SP_SUB, CTY_SP_PUB);
    wait_until(cty_net_publisher_connections(publisher) == 1);
    for (int i = 0; i < 100; i++)
        assert_ok(cty_net_publish(publisher, cty_bytes_make(big, sizeof(big))));
    wait_until(cty_net_publisher_connections(publisher) == 0);
    close(slow);
    cty_net_publisher_close(publisher);
    folder_remove(&folder);
}

static void a_subscriber_has_nothing_to_say(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    struct cty_net_publisher *publisher = publisher_at(folder.url, (struct cty_net_publisher_config){0});
    for (size_t size = 0; size < 2; size++) {
        int fd = raw_connect_and_greet(folder.url, CTY_SP_SUB, CTY_SP_PUB);
        raw_send(fd, false, 0, "x", size);
        raw_expect_closed(fd);
        close(fd);
    }
    int requester = raw_connect_and_greet(folder.url, CTY_SP_REQ, CTY_SP_PUB);
    raw_expect_closed(requester);
    close(requester);
    cty_net_publisher_close(publisher);
    folder_remove(&folder);
}

static void publisher_limits(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    struct cty_net_publisher *publisher =
        publisher_at(folder.url, (struct cty_net_publisher_config){.message_max = 5, .connections_max = 1});
    struct cty_net_subscriber *subscriber = NULL;
    struct cty_buf message = CTY_BUF_INIT(64);
    assert_refused(cty_net_publish(publisher, CTY_LITERAL("123456")), "too-large");
    assert_ok(cty_net_subscriber_open(folder.url, NULL, 4, &subscriber, NULL));
    join(subscriber, publisher, 1);
    int beyond = raw_connect(folder.url);
    raw_expect_closed(beyond);
    close(beyond);
    assert_ok(cty_net_publish(publisher, CTY_LITERAL("12345")));
    assert_refused(cty_net_subscriber_next(subscriber, PATIENCE_MS, &message, NULL), "too-large");
    wait_until(cty_net_publisher_connections(publisher) == 0);
    join(subscriber, publisher, 1);
    assert_ok(cty_net_publish(publisher, CTY_LITERAL("1234")));
    expect_next(subscriber, "1234");
    cty_net_subscriber_close(subscriber);
    cty_net_publisher_close(publisher);
    assert_refused(cty_net_subscriber_open("tcp://192.0.2.1:7000", NULL, 0, &subscriber, NULL), "config");
    folder_remove(&folder);
}

struct patient {
    struct cty_net_subscriber *subscriber;
    struct cty_buf first;
    struct cty_buf second;
    custody_err err;
    _Atomic unsigned timeouts;
};

static void *hear_two(void *argument)
{
    struct patient *patient = argument;
    patient->err = cty_net_subscriber_next(patient->subscriber, PATIENCE_MS, &patient->first, NULL);
    while (patient->err == CUSTODY_OK || patient->err == CUSTODY_E_TIMEOUT) {
        patient->err = cty_net_subscriber_next(patient->subscriber, 10, &patient->second, NULL);
        if (patient->err == CUSTODY_OK)
            break;
        patient->timeouts++;
    }
    return NULL;
}

/* A message that comes in two halves, with timeouts between them, is one message. */
static void half_a_message_survives_a_timeout(void **state)
{
    (void)state;
    struct folder folder;
    struct patient patient = {.first = CTY_BUF_INIT(64), .second = CTY_BUF_INIT(64)};
    uint8_t message[64];
    pthread_t thread;
    folder_make(&folder);
    int listener = raw_listen(folder.url);
    assert_ok(cty_net_subscriber_open(folder.url, NULL, 0, &patient.subscriber, NULL));
    assert_int_equal(pthread_create(&thread, NULL, hear_two, &patient), 0);
    int fd = raw_accept(listener);
    raw_greet(fd, CTY_SP_PUB, CTY_SP_SUB);
    assert_true(raw_send(fd, false, 0, "first", 5));
    size_t head = cty_sp_head_format(CTY_SP_IPC, 10, message);
    memcpy(message + head, "two halves", 10);
    for (size_t i = 0; i < head + 10; i += 3) {
        unsigned before = patient.timeouts;
        wait_until(patient.timeouts > before);
        assert_true(raw_write(fd, message + i, head + 10 - i < 3 ? head + 10 - i : 3));
    }
    pthread_join(thread, NULL);
    assert_ok(patient.err);
    assert_bytes_text(cty_buf_bytes(&patient.first), "first");
    assert_bytes_text(cty_buf_bytes(&patient.second), "two halves");
    cty_buf_done(&patient.first);
    cty_buf_done(&patient.second);
    cty_net_subscriber_close(patient.subscriber);
    close(fd);
    close(listener);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subscribers_hear),
        cmocka_unit_test(a_publisher_that_restarts_is_found_again),
        cmocka_unit_test(the_slow_lose_the_oldest_and_stop_nobody),
        cmocka_unit_test(who_never_reads_is_closed),
        cmocka_unit_test(a_subscriber_has_nothing_to_say),
        cmocka_unit_test(publisher_limits),
        cmocka_unit_test(half_a_message_survives_a_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
