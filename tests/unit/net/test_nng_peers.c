/* SPDX-License-Identifier: Apache-2.0 */
/* Our four ends against nng's own sockets: whoever has nng, in any language, can speak with a door. */
#include "peer.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

#include "net/publisher.h"
#include "net/subscriber.h"

#define CONTEXTS 24

static void dial(nng_socket socket, const char *url)
{
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, PATIENCE_MS), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, PATIENCE_MS), 0);
    assert_int_equal(nng_dial(socket, url, NULL, 0), 0);
}

static void listen_at(nng_socket socket, const char *url, char *ret_url, size_t url_size)
{
    nng_listener listener;
    int port = 0;
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, PATIENCE_MS), 0);
    assert_int_equal(nng_listen(socket, url, &listener, 0), 0);
    snprintf(ret_url, url_size, "%s", url);
    if (raw_is_tcp(url)) {
        assert_int_equal(nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port), 0);
        snprintf(ret_url, url_size, "tcp://127.0.0.1:%d", port);
    }
}

static void expect_message(nng_socket socket, const void *expected, size_t size)
{
    nng_msg *message = NULL;
    assert_int_equal(nng_recvmsg(socket, &message, 0), 0);
    assert_int_equal(nng_msg_len(message), size);
    assert_memory_equal(nng_msg_body(message), expected, size);
    nng_msg_free(message);
}

static void check_nng_requester(const char *url)
{
    static uint8_t big[500000];
    char small[] = "small";
    struct rig rig;
    nng_socket requester;
    memset(big, 'x', sizeof(big));
    rig_open(&rig, (struct cty_net_server_config){0}, url, false);
    assert_int_equal(nng_req0_open(&requester), 0);
    dial(requester, rig.url);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(nng_send(requester, small, 5, 0), 0);
        expect_message(requester, "small", 5);
        assert_int_equal(nng_send(requester, big, sizeof(big), 0), 0);
        expect_message(requester, big, sizeof(big));
    }
    assert_int_equal(nng_send(requester, small, 0, 0), 0);
    expect_message(requester, "", 0);
    nng_close(requester);
    rig_close(&rig);
}

static void nng_asks_our_server(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    check_nng_requester(folder.url);
    check_nng_requester("tcp://127.0.0.1:0");
    folder_remove(&folder);
}

/* nng sends the requests of all contexts down one connection: more than a connection may have as calls. */
static void nng_contexts_share_one_connection(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    nng_socket requester;
    nng_ctx contexts[CONTEXTS];
    nng_aio *aios[CONTEXTS];
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){.calls_per_connection = 4}, folder.url, false);
    assert_int_equal(nng_req0_open(&requester), 0);
    dial(requester, rig.url);
    for (size_t i = 0; i < CONTEXTS; i++) {
        nng_msg *message = NULL;
        assert_int_equal(nng_ctx_open(&contexts[i], requester), 0);
        assert_int_equal(nng_aio_alloc(&aios[i], NULL, NULL), 0);
        nng_aio_set_timeout(aios[i], PATIENCE_MS);
        assert_int_equal(nng_msg_alloc(&message, 0), 0);
        assert_int_equal(nng_msg_append_u32(message, (uint32_t)i), 0);
        nng_aio_set_msg(aios[i], message);
        nng_ctx_send(contexts[i], aios[i]);
        nng_aio_wait(aios[i]);
        assert_int_equal(nng_aio_result(aios[i]), 0);
    }
    for (size_t i = 0; i < CONTEXTS; i++) {
        uint32_t number = 0;
        nng_ctx_recv(contexts[i], aios[i]);
        nng_aio_wait(aios[i]);
        assert_int_equal(nng_aio_result(aios[i]), 0);
        nng_msg *message = nng_aio_get_msg(aios[i]);
        assert_int_equal(nng_msg_trim_u32(message, &number), 0);
        assert_int_equal(number, i);
        nng_msg_free(message);
        nng_aio_free(aios[i]);
    }
    assert_int_equal(rig_counts(&rig).accepted, 1);
    nng_close(requester);
    rig_close(&rig);
    folder_remove(&folder);
}

struct replier {
    nng_socket socket;
    size_t count;
    _Atomic bool heard;
    int result;
};

static void *echo_some(void *argument)
{
    struct replier *replier = argument;
    for (size_t i = 0; i < replier->count && replier->result == 0; i++) {
        nng_msg *message = NULL;
        replier->result = nng_recvmsg(replier->socket, &message, 0);
        if (replier->result == 0)
            replier->result = nng_sendmsg(replier->socket, message, 0);
    }
    return NULL;
}

static void check_nng_replier(const char *url)
{
    static uint8_t big[500000];
    struct replier replier = {.count = 4};
    char bound[CTY_URL_BYTES_MAX];
    pthread_t thread;
    struct cty_net_client *client = NULL;
    struct cty_buf reply = CTY_BUF_INIT(sizeof(big));
    assert_int_equal(nng_rep0_open(&replier.socket), 0);
    listen_at(replier.socket, url, bound, sizeof(bound));
    assert_int_equal(pthread_create(&thread, NULL, echo_some, &replier), 0);
    const struct cty_net_client_config config = {.url = bound};
    assert_ok(cty_net_client_open(&config, &client, NULL));
    for (size_t i = 0; i < replier.count; i++) {
        struct cty_bytes request = i % 2 ? cty_bytes_make(big, sizeof(big)) : CTY_LITERAL("small");
        cty_buf_clear(&reply);
        assert_ok(cty_net_client_call(client, request, PATIENCE_MS, &reply, NULL));
        assert_true(cty_bytes_equal(cty_buf_bytes(&reply), request));
    }
    pthread_join(thread, NULL);
    assert_int_equal(replier.result, 0);
    cty_buf_done(&reply);
    cty_net_client_close(client);
    nng_close(replier.socket);
}

static void our_client_asks_nng(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    check_nng_replier(folder.url);
    check_nng_replier("tcp://127.0.0.1:0");
    folder_remove(&folder);
}

static void nng_hears_our_publisher(void **state)
{
    (void)state;
    struct folder folder;
    struct cty_net_publisher *publisher = NULL;
    nng_socket subscriber;
    folder_make(&folder);
    const char *const urls[] = {folder.url};
    const struct cty_net_publisher_config config = {.urls = urls, .url_count = 1};
    assert_ok(cty_net_publisher_open(&config, &publisher, NULL));
    assert_int_equal(nng_sub0_open(&subscriber), 0);
    assert_int_equal(nng_socket_set(subscriber, NNG_OPT_SUB_SUBSCRIBE, "", 0), 0);
    assert_int_equal(nng_socket_set_ms(subscriber, NNG_OPT_RECVTIMEO, PATIENCE_MS), 0);
    assert_int_equal(nng_dial(subscriber, folder.url, NULL, 0), 0);
    wait_until(cty_net_publisher_connections(publisher) == 1);
    assert_ok(cty_net_publish(publisher, CTY_LITERAL("news")));
    expect_message(subscriber, "news", 4);
    nng_close(subscriber);
    cty_net_publisher_close(publisher);
    folder_remove(&folder);
}

static void *publish_until_heard(void *argument)
{
    struct replier *publisher = argument;
    char news[] = "news";
    while (!publisher->heard && publisher->result == 0) {
        publisher->result = nng_send(publisher->socket, news, 4, 0);
        pause_ms(5);
    }
    return NULL;
}

static void our_subscriber_hears_nng(void **state)
{
    (void)state;
    struct folder folder;
    struct replier publisher = {0};
    char bound[CTY_URL_BYTES_MAX];
    pthread_t thread;
    struct cty_net_subscriber *subscriber = NULL;
    struct cty_buf message = CTY_BUF_INIT(64);
    folder_make(&folder);
    assert_int_equal(nng_pub0_open(&publisher.socket), 0);
    listen_at(publisher.socket, folder.url, bound, sizeof(bound));
    assert_int_equal(pthread_create(&thread, NULL, publish_until_heard, &publisher), 0);
    assert_ok(cty_net_subscriber_open(bound, NULL, 0, &subscriber, NULL));
    custody_err err = cty_net_subscriber_next(subscriber, PATIENCE_MS, &message, NULL);
    publisher.heard = true;
    pthread_join(thread, NULL);
    assert_ok(err);
    assert_bytes_text(cty_buf_bytes(&message), "news");
    cty_buf_done(&message);
    cty_net_subscriber_close(subscriber);
    nng_close(publisher.socket);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nng_asks_our_server),
        cmocka_unit_test(nng_contexts_share_one_connection),
        cmocka_unit_test(our_client_asks_nng),
        cmocka_unit_test(nng_hears_our_publisher),
        cmocka_unit_test(our_subscriber_hears_nng),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
