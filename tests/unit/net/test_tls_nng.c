/* SPDX-License-Identifier: Apache-2.0 */
/* nng's own sockets speak TLS with our ends, each side knowing the other by the same certificate. */
#include "tls_peer.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/tls/tls.h>

#include "net/publisher.h"

static struct pair pair;

static nng_tls_config *nng_config(nng_tls_mode mode)
{
    nng_tls_config *config = NULL;
    const char *certificate = cty_buf_text(&pair.certificate);
    assert_int_equal(nng_tls_config_alloc(&config, mode), 0);
    if (mode == NNG_TLS_MODE_CLIENT) {
        assert_int_equal(nng_tls_config_ca_chain(config, certificate, NULL), 0);
        assert_int_equal(nng_tls_config_server_name(config, "localhost"), 0);
        assert_int_equal(nng_tls_config_auth_mode(config, NNG_TLS_AUTH_MODE_REQUIRED), 0);
    } else {
        assert_int_equal(nng_tls_config_own_cert(config, certificate, cty_buf_text(&pair.key), NULL), 0);
    }
    return config;
}

static void dial(nng_socket socket, const char *url)
{
    nng_dialer dialer;
    nng_tls_config *config = nng_config(NNG_TLS_MODE_CLIENT);
    assert_int_equal(nng_dialer_create(&dialer, socket, url), 0);
    assert_int_equal(nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, config), 0);
    assert_int_equal(nng_dialer_start(dialer, 0), 0);
    nng_tls_config_free(config);
}

static void nng_asks_our_server(void **state)
{
    (void)state;
    static char big[300000];
    struct rig rig;
    nng_socket socket;
    rig_open_tls(&rig, (struct cty_net_server_config){0}, &pair, false);
    assert_int_equal(nng_req0_open(&socket), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, PATIENCE_MS), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, PATIENCE_MS), 0);
    dial(socket, rig.url);
    for (int i = 0; i < 6; i++) {
        size_t size = i % 2 ? sizeof(big) : 5;
        char *reply = NULL;
        size_t reply_size = 0;
        assert_int_equal(nng_send(socket, big, size, 0), 0);
        assert_int_equal(nng_recv(socket, &reply, &reply_size, NNG_FLAG_ALLOC), 0);
        assert_int_equal(reply_size, size);
        assert_memory_equal(reply, big, size);
        nng_free(reply, reply_size);
    }
    nng_close(socket);
    rig_close(&rig);
}

static void *echo_four(void *argument)
{
    nng_socket *socket = argument;
    for (int i = 0; i < 4; i++) {
        nng_msg *message = NULL;
        if (nng_recvmsg(*socket, &message, 0) != 0 || nng_sendmsg(*socket, message, 0) != 0)
            return argument;
    }
    return NULL;
}

static void our_client_asks_nng(void **state)
{
    (void)state;
    static uint8_t big[300000];
    nng_socket socket;
    nng_listener listener;
    pthread_t thread;
    char url[CTY_URL_BYTES_MAX + 1];
    struct cty_net_client *client = NULL;
    struct cty_buf reply = CTY_BUF_INIT(sizeof(big));
    void *failed = NULL;
    int port = 0;
    nng_tls_config *config = nng_config(NNG_TLS_MODE_SERVER);
    assert_int_equal(nng_rep0_open(&socket), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, PATIENCE_MS), 0);
    assert_int_equal(nng_listener_create(&listener, socket, "tls+tcp://127.0.0.1:0"), 0);
    assert_int_equal(nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, config), 0);
    assert_int_equal(nng_listener_start(listener, 0), 0);
    assert_int_equal(nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port), 0);
    nng_tls_config_free(config);
    snprintf(url, sizeof(url), "tls+tcp://127.0.0.1:%d", port);
    assert_int_equal(pthread_create(&thread, NULL, echo_four, &socket), 0);
    const struct cty_net_client_config of_client = {.url = url, .pin = pair_pin(&pair)};
    assert_ok(cty_net_client_open(&of_client, &client, NULL));
    for (int i = 0; i < 4; i++) {
        struct cty_bytes request = i % 2 ? cty_bytes_make(big, sizeof(big)) : CTY_LITERAL("small");
        cty_buf_clear(&reply);
        assert_ok(cty_net_client_call(client, request, PATIENCE_MS, &reply, NULL));
        assert_true(cty_bytes_equal(cty_buf_bytes(&reply), request));
    }
    pthread_join(thread, &failed);
    assert_null(failed);
    cty_buf_done(&reply);
    cty_net_client_close(client);
    nng_close(socket);
}

static void nng_hears_our_publisher(void **state)
{
    (void)state;
    const char *const urls[] = {"tls+tcp://127.0.0.1:0"};
    const struct cty_net_publisher_config config = {.urls = urls, .url_count = 1,
                                                    .certificate = cty_buf_bytes(&pair.certificate),
                                                    .certificate_key = cty_buf_bytes(&pair.key)};
    struct cty_net_publisher *publisher = NULL;
    nng_socket subscriber;
    char *heard = NULL;
    size_t size = 0;
    assert_ok(cty_net_publisher_open(&config, &publisher, NULL));
    assert_int_equal(nng_sub0_open(&subscriber), 0);
    assert_int_equal(nng_socket_set(subscriber, NNG_OPT_SUB_SUBSCRIBE, "", 0), 0);
    assert_int_equal(nng_socket_set_ms(subscriber, NNG_OPT_RECVTIMEO, PATIENCE_MS), 0);
    dial(subscriber, cty_net_publisher_url(publisher, 0));
    wait_until(cty_net_publisher_connections(publisher) == 1);
    assert_ok(cty_net_publish(publisher, CTY_LITERAL("news")));
    assert_int_equal(nng_recv(subscriber, &heard, &size, NNG_FLAG_ALLOC), 0);
    assert_bytes_text(cty_bytes_make(heard, size), "news");
    nng_free(heard, size);
    nng_close(subscriber);
    cty_net_publisher_close(publisher);
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
        cmocka_unit_test(nng_asks_our_server),
        cmocka_unit_test(our_client_asks_nng),
        cmocka_unit_test(nng_hears_our_publisher),
    };
    return cmocka_run_group_tests(tests, make_pair, free_pair);
}
