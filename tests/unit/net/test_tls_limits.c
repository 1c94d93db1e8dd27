/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of a TLS door: a handshake counts like a hello, and what TLS keeps back holds nobody up. */
#include "tls_peer.h"

#include "net/publisher.h"
#include "net/subscriber.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static struct pair pair;

/* The first bytes that who dials sends. */
static size_t client_hello(uint8_t *out, size_t size)
{
    struct cty_net_url url;
    struct cty_tls_setup *setup = NULL;
    struct cty_tls *tls = NULL;
    struct cty_net_pin pin = pair_pin(&pair);
    size_t count = 0;
    assert_ok(cty_net_url_parse("tls+tcp://localhost:7000", false, &url, NULL));
    assert_ok(cty_tls_setup_dial(&pin, &url, &setup, NULL));
    assert_ok(cty_tls_new(setup, &tls));
    assert_ok(cty_tls_read(tls, NULL, 0, &count, NULL));
    struct cty_bytes hello = cty_tls_out(tls);
    assert_in_range(hello.size, 50, size);
    memcpy(out, hello.data, hello.size);
    cty_tls_free(tls);
    cty_tls_setup_free(setup);
    return hello.size;
}

static void half_handshakes_are_reaped(void **state)
{
    (void)state;
    struct rig rig;
    uint8_t hello[1024];
    size_t size = client_hello(hello, sizeof(hello));
    const size_t cuts[] = {0, 1, 5, size / 2, size};
    rig_open_tls(&rig, (struct cty_net_server_config){.hello_ms = 200}, &pair, false);
    for (size_t i = 0; i < CTY_COUNT_OF(cuts); i++) {
        int fd = raw_connect(rig.url);
        assert_true(raw_write(fd, hello, cuts[i]));
        raw_expect_closed(fd);
        close(fd);
        wait_until(rig_counts(&rig).reaped == i + 1);
    }
    /* Hands shaken, nothing said. */
    struct tls_raw raw;
    tls_raw_open(&raw, rig.url, pair_pin(&pair));
    raw_expect_closed(raw.fd);
    tls_raw_close(&raw);
    wait_until(rig_counts(&rig).reaped == CTY_COUNT_OF(cuts) + 1);
    wait_until(rig_counts(&rig).connections == 0);
    rig_close(&rig);
}

static void the_cap_counts_handshakes(void **state)
{
    (void)state;
    struct rig rig;
    int silent[3];
    rig_open_tls(&rig, (struct cty_net_server_config){.connections_max = 3, .hello_ms = PATIENCE_MS}, &pair, false);
    for (size_t i = 0; i < 3; i++)
        silent[i] = raw_connect(rig.url);
    wait_until(rig_counts(&rig).accepted == 3);
    assert_refused(ask(rig.url, pair_pin(&pair), CTY_LITERAL("x"), NULL, NULL), "unreachable");
    assert_int_equal(rig_counts(&rig).refused, 1);
    close(silent[0]);
    wait_until(rig_counts(&rig).connections == 2);
    expect_echo(rig.url, pair_pin(&pair));
    close(silent[1]);
    close(silent[2]);
    rig_close(&rig);
}

static void a_quarter_is_kept_for_this_machine(void **state)
{
    (void)state;
    struct rig rig;
    struct folder folder;
    int silent[8];
    folder_make(&folder);
    const char *const urls[] = {"tls+tcp://127.0.0.1:0", folder.url};
    const struct cty_net_server_config config = {.urls = urls, .url_count = 2, .connections_max = 8,
                                                 .hello_ms = PATIENCE_MS,
                                                 .certificate = cty_buf_bytes(&pair.certificate),
                                                 .certificate_key = cty_buf_bytes(&pair.key)};
    rig_open_at(&rig, config, false);
    for (size_t i = 0; i < 8; i++)
        silent[i] = raw_connect(rig.url);
    wait_until(rig_counts(&rig).accepted == 6 && rig_counts(&rig).refused == 2);
    assert_refused(ask(rig.url, pair_pin(&pair), CTY_LITERAL("x"), NULL, NULL), "unreachable");
    expect_echo(folder.url, (struct cty_net_pin){0});
    for (size_t i = 0; i < 8; i++)
        close(silent[i]);
    wait_until(rig_counts(&rig).connections == 0);
    expect_echo(rig.url, pair_pin(&pair));
    rig_close(&rig);
    folder_remove(&folder);
}

static void garbage_is_not_waited_for(void **state)
{
    (void)state;
    struct rig rig;
    uint8_t garbage[300];
    memset(garbage, 0x47, sizeof(garbage));
    rig_open_tls(&rig, (struct cty_net_server_config){.hello_ms = PATIENCE_MS}, &pair, false);
    int fd = raw_connect(rig.url);
    raw_write(fd, garbage, sizeof(garbage));
    raw_expect_closed(fd);
    close(fd);
    wait_until(rig_counts(&rig).broken == 1);
    /* A right handshake, and then something that is no hello. */
    struct tls_raw raw;
    tls_raw_open(&raw, rig.url, pair_pin(&pair));
    assert_true(tls_raw_write(&raw, garbage, 8));
    raw_expect_closed(raw.fd);
    tls_raw_close(&raw);
    wait_until(rig_counts(&rig).broken == 2);
    /* And in the middle of it all, bytes that nobody encrypted. */
    tls_raw_open(&raw, rig.url, pair_pin(&pair));
    raw_write(raw.fd, garbage, sizeof(garbage));
    raw_expect_closed(raw.fd);
    tls_raw_close(&raw);
    wait_until(rig_counts(&rig).broken == 3);
    expect_echo(rig.url, pair_pin(&pair));
    rig_close(&rig);
}

static void greet(struct tls_raw *raw)
{
    uint8_t hello[CTY_SP_HELLO_BYTES];
    uint8_t expected[CTY_SP_HELLO_BYTES];
    cty_sp_hello_format(CTY_SP_REQ, hello);
    cty_sp_hello_format(CTY_SP_REP, expected);
    assert_true(tls_raw_write(raw, hello, sizeof(hello)));
    assert_true(tls_raw_read(raw, hello, sizeof(hello)));
    assert_memory_equal(hello, expected, sizeof(hello));
}

#define HEAD_BYTES (CTY_SP_HEAD_BYTES_MAX + CTY_SP_ID_BYTES)

/* What stands before a request's body. */
static size_t put_head(uint32_t id, size_t size, uint8_t head[static HEAD_BYTES])
{
    size_t head_size = cty_sp_head_format(CTY_SP_TCP, size + CTY_SP_ID_BYTES, head);
    for (int shift = 24; shift >= 0; shift -= 8)
        head[head_size++] = (uint8_t)(id >> shift);
    return head_size;
}

static bool request(struct tls_raw *raw, uint32_t id, const void *body, size_t size)
{
    uint8_t head[HEAD_BYTES];
    return tls_raw_write(raw, head, put_head(id, size, head)) && tls_raw_write(raw, body, size);
}

/* The id of the answer; its body has to be of that size. */
static uint32_t answer(struct tls_raw *raw, size_t size)
{
    uint8_t head[12];
    static uint8_t body[CTY_MESSAGE_BYTES_MAX];
    assert_true(tls_raw_read(raw, head, sizeof(head)));
    assert_int_equal(head[5] << 16 | head[6] << 8 | head[7], size + 4);
    assert_true(tls_raw_read(raw, body, size));
    return (uint32_t)head[8] << 24 | (uint32_t)head[9] << 16 | (uint32_t)head[10] << 8 | head[11];
}

static void death_of_a_client(void **state)
{
    (void)state;
    struct rig rig;
    struct tls_raw raw;
    rig_open_tls(&rig, (struct cty_net_server_config){0}, &pair, true);
    tls_raw_open(&raw, rig.url, pair_pin(&pair));
    greet(&raw);
    assert_true(request(&raw, 0x80000001u, "wait", 4));
    struct cty_net_call *call = rig_take(&rig);
    assert_false(cty_net_call_is_gone(call));
    uint64_t connection = cty_net_call_connection(call);
    tls_raw_close(&raw);
    rig_wait_gone(&rig, connection);
    assert_true(cty_net_call_is_gone(call));
    assert_ok(cty_net_reply(call, CTY_LITERAL("too late")));
    rig_close(&rig);
}

/* More than may be under way at once: the rest waits with its connection, and goes on. */
static void messages_wait_their_turn(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    static uint8_t body[20000];
    struct rig rig;
    struct tls_raw raw;
    uint64_t seen = 0;
    rig_open_tls(&rig, (struct cty_net_server_config){.calls_max = 2}, &pair, false);
    tls_raw_open(&raw, rig.url, pair_pin(&pair));
    greet(&raw);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_true(request(&raw, 0x80000000u + i, body, i % 4 ? 100 : sizeof(body)));
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t id = answer(&raw, i % 4 ? 100 : sizeof(body));
        assert_int_equal(id, 0x80000000u + i);
        seen |= (uint64_t)1 << (id & 63);
    }
    assert_true(seen == ((uint64_t)1 << COUNT) - 1);
    tls_raw_close(&raw);
    rig_close(&rig);
}

static void parked_messages_go_on(void **state)
{
    (void)state;
    enum { COUNT = 12 };
    struct rig rig;
    struct tls_raw raw;
    rig_open_tls(&rig, (struct cty_net_server_config){.calls_per_connection = 2}, &pair, true);
    tls_raw_open(&raw, rig.url, pair_pin(&pair));
    greet(&raw);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_true(request(&raw, 0x80000000u + i, "a question", 10));
    for (uint32_t i = 0; i < COUNT; i++) {
        struct cty_net_call *call = rig_take(&rig);
        pause_ms(5);
        assert_true(rig_counts(&rig).calls_free >= CTY_CALLS_DEFAULT - 2);
        assert_ok(cty_net_reply(call, CTY_LITERAL("an answer")));
        assert_int_equal(answer(&raw, 9), 0x80000000u + i);
    }
    tls_raw_close(&raw);
    rig_close(&rig);
}

/*
 * Two in one record, of which the second is parked until the first is answered: its turn comes while the connection looks
 * for more, and its answer goes out at once, not when the peer has acknowledged the first (which takes 40 ms).
 */
static void two_at_a_time_are_answered_at_once(void **state)
{
    (void)state;
    enum { ROUNDS = 3000 };
    struct rig rig;
    struct tls_raw raw;
    uint64_t began = now_ms();
    rig_open_tls(&rig, (struct cty_net_server_config){.calls_per_connection = 1}, &pair, false);
    tls_raw_open(&raw, rig.url, pair_pin(&pair));
    greet(&raw);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint8_t both[2 * (HEAD_BYTES + 1)];
        size_t size = put_head(0x80000001u, 1, both);
        both[size++] = 'a';
        size += put_head(0x80000002u, 1, both + size);
        both[size++] = 'b';
        assert_true(tls_raw_write(&raw, both, size));
        assert_int_equal(answer(&raw, 1), 0x80000001u);
        assert_int_equal(answer(&raw, 1), 0x80000002u);
    }
    assert_true(now_ms() - began < PATIENCE_MS);
    tls_raw_close(&raw);
    rig_close(&rig);
}

static void who_does_not_read_holds_nobody(void **state)
{
    (void)state;
    static uint8_t body[CTY_MESSAGE_BYTES_MAX];
    struct rig rig;
    struct tls_raw raw;
    rig_open_tls(&rig, (struct cty_net_server_config){.send_ms = 400, .calls_max = 2}, &pair, true);
    tls_raw_open(&raw, rig.url, pair_pin(&pair));
    greet(&raw);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(request(&raw, 0x80000001u + i, "much", 4));
        assert_ok(cty_net_reply(rig_take(&rig), cty_bytes_make(body, sizeof(body))));
    }
    rig_keep(&rig, false);
    expect_echo(rig.url, pair_pin(&pair));
    wait_until(rig_counts(&rig).reaped == 1);
    tls_raw_close(&raw);
    rig_close(&rig);
}

static void draining_lets_answers_out(void **state)
{
    (void)state;
    static uint8_t body[CTY_MESSAGE_BYTES_MAX];
    struct rig rig;
    struct tls_raw raw;
    rig_open_tls(&rig, (struct cty_net_server_config){0}, &pair, true);
    tls_raw_open(&raw, rig.url, pair_pin(&pair));
    greet(&raw);
    assert_true(request(&raw, 0x80000001u, "much", 4));
    assert_ok(cty_net_reply(rig_take(&rig), cty_bytes_make(body, 400000)));
    assert_int_equal(answer(&raw, 400000), 0x80000001u);
    assert_true(request(&raw, 0x80000002u, "more", 4));
    assert_ok(cty_net_reply(rig_take(&rig), cty_bytes_make(body, 100000)));
    rig_close(&rig);
    assert_int_equal(answer(&raw, 100000), 0x80000002u);
    tls_raw_close(&raw);
}

/* ---- who dials ---- */

static int listen_silently(char *ret_url)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(ret_url, CTY_URL_BYTES_MAX + 1, "tls+tcp://127.0.0.1:%u", ntohs(address.sin_port));
    return fd;
}

static void a_silent_door_is_not_waited_for(void **state)
{
    (void)state;
    char url[CTY_URL_BYTES_MAX + 1];
    struct cty_net_client *client = NULL;
    struct cty_buf reply = CTY_BUF_INIT(64);
    custody_error error = {0};
    int listener = listen_silently(url);
    const struct cty_net_client_config config = {.url = url, .pin = pair_pin(&pair)};
    assert_ok(cty_net_client_open(&config, &client, NULL));
    uint64_t began = now_ms();
    assert_refused(cty_net_client_call(client, CTY_LITERAL("x"), 300, &reply, &error), "unreachable");
    assert_non_null(strstr(error.detail, "no TLS handshake"));
    assert_in_range(now_ms() - began, 290, PATIENCE_MS / 2);
    cty_net_client_close(client);
    cty_buf_done(&reply);
    close(listener);
}

/* After a time limit the same connection hears the next message. */
static void a_subscriber_hears_on_after_a_time_limit(void **state)
{
    (void)state;
    const char *const urls[] = {"tls+tcp://127.0.0.1:0"};
    const struct cty_net_publisher_config config = {.urls = urls, .url_count = 1,
                                                    .certificate = cty_buf_bytes(&pair.certificate),
                                                    .certificate_key = cty_buf_bytes(&pair.key)};
    struct cty_net_publisher *publisher = NULL;
    struct cty_net_subscriber *subscriber = NULL;
    struct cty_net_pin pin = pair_pin(&pair);
    struct cty_buf message = CTY_BUF_INIT(64);
    assert_ok(cty_net_publisher_open(&config, &publisher, NULL));
    assert_ok(cty_net_subscriber_open(cty_net_publisher_url(publisher, 0), &pin, 0, &subscriber, NULL));
    assert_refused(cty_net_subscriber_next(subscriber, 300, &message, NULL), "timeout");
    wait_until(cty_net_publisher_connections(publisher) == 1);
    for (int i = 0; i < 3; i++) {
        assert_refused(cty_net_subscriber_next(subscriber, 1, &message, NULL), "timeout");
        assert_ok(cty_net_publish(publisher, CTY_LITERAL("news")));
        assert_ok(cty_net_subscriber_next(subscriber, PATIENCE_MS, &message, NULL));
        assert_bytes_text(cty_buf_bytes(&message), "news");
        cty_buf_clear(&message);
    }
    cty_net_subscriber_close(subscriber);
    struct cty_net_pin none = {0};
    assert_ok(cty_net_subscriber_open(cty_net_publisher_url(publisher, 0), &none, 0, &subscriber, NULL));
    assert_refused(cty_net_subscriber_next(subscriber, PATIENCE_MS, &message, NULL), "certificate");
    cty_net_subscriber_close(subscriber);
    cty_net_publisher_close(publisher);
    cty_buf_done(&message);
}

/* ---- many at once ---- */

struct caller {
    const char *url;
    struct cty_net_client *shared;
    pthread_t thread;
    size_t answered;
};

static void *call_often(void *argument)
{
    struct caller *caller = argument;
    struct cty_buf reply = CTY_BUF_INIT(64);
    for (int i = 0; i < 5; i++) {
        caller->answered += ask(caller->url, pair_pin(&pair), CTY_LITERAL("own"), NULL, NULL) == CUSTODY_OK;
        cty_buf_clear(&reply);
        caller->answered +=
            cty_net_client_call(caller->shared, CTY_LITERAL("shared"), PATIENCE_MS, &reply, NULL) == CUSTODY_OK;
    }
    cty_buf_done(&reply);
    return NULL;
}

static void many_at_once(void **state)
{
    (void)state;
    struct rig rig;
    struct caller callers[8];
    struct cty_net_client *shared = NULL;
    rig_open_tls(&rig, (struct cty_net_server_config){0}, &pair, false);
    const struct cty_net_client_config config = {.url = rig.url, .pin = pair_pin(&pair)};
    assert_ok(cty_net_client_open(&config, &shared, NULL));
    for (size_t i = 0; i < CTY_COUNT_OF(callers); i++) {
        callers[i] = (struct caller){.url = rig.url, .shared = shared};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
    }
    for (size_t i = 0; i < CTY_COUNT_OF(callers); i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].answered, 10);
    }
    cty_net_client_close(shared);
    rig_close(&rig);
}

/* The door ends while hands are being shaken. */
static void a_door_closes_over_half_handshakes(void **state)
{
    (void)state;
    uint8_t hello[1024];
    size_t size = client_hello(hello, sizeof(hello));
    for (int round = 0; round < 5; round++) {
        struct rig rig;
        int fds[6];
        rig_open_tls(&rig, (struct cty_net_server_config){0}, &pair, false);
        for (size_t i = 0; i < CTY_COUNT_OF(fds); i++) {
            fds[i] = raw_connect(rig.url);
            raw_write(fds[i], hello, i % 2 ? size : size / 2);
        }
        pause_ms(round);
        rig_close(&rig);
        for (size_t i = 0; i < CTY_COUNT_OF(fds); i++)
            close(fds[i]);
    }
}

static int make_pair(void **state)
{
    (void)state;
    pair_make(&pair);
    return 0;
}

static int free_pair(void **state)
{
    (void)state;
    pair_done(&pair);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_handshakes_are_reaped),
        cmocka_unit_test(the_cap_counts_handshakes),
        cmocka_unit_test(a_quarter_is_kept_for_this_machine),
        cmocka_unit_test(garbage_is_not_waited_for),
        cmocka_unit_test(death_of_a_client),
        cmocka_unit_test(messages_wait_their_turn),
        cmocka_unit_test(parked_messages_go_on),
        cmocka_unit_test(two_at_a_time_are_answered_at_once),
        cmocka_unit_test(who_does_not_read_holds_nobody),
        cmocka_unit_test(draining_lets_answers_out),
        cmocka_unit_test(a_silent_door_is_not_waited_for),
        cmocka_unit_test(a_subscriber_hears_on_after_a_time_limit),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(a_door_closes_over_half_handshakes),
    };
    return cmocka_run_group_tests(tests, make_pair, free_pair);
}
