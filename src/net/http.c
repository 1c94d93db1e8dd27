/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread asks libmicrohttpd to do what is to be done, and beside that ends connections whose time is over. The library
 * has a time limit too, but one that begins anew with each byte.
 */
#include "net/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

#define SILENCE_S 5u
/* How often the thread looks for connections whose time is over. */
#define TICK_MS 500
#define FLAGS (MHD_USE_EPOLL | MHD_USE_SUPPRESS_DATE_NO_CLOCK)

struct life {
    int fd; /* negative: free */
    uint64_t ends_ms;
};

struct cty_http {
    cty_http_fn *answer;
    void *user;
    char url[CTY_URL_BYTES_MAX + 1];
    struct MHD_Daemon *mhd;
    struct life lives[CTY_HTTP_CONNECTIONS_MAX];
    int stop_fd;
    pthread_t thread;
    bool running;
};

static uint64_t now_ms(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- addresses --------------------------------------------------------------------------------------------- */

custody_err cty_http_url_parse(const char *text, struct cty_net_url *ret_url, custody_error *error)
{
    char tcp[CTY_URL_BYTES_MAX + 1];
    custody_error inner = {0};
    if (strncmp(text, "http://", 7) != 0)
        return cty_fail(error, CUSTODY_E_CONFIG, "write http://127.0.0.1:PORT: %.128s", text);
    if (snprintf(tcp, sizeof(tcp), "tcp://%s", text + 7) >= (int)sizeof(tcp))
        return cty_fail(error, CUSTODY_E_CONFIG, "the address is too long");
    if (cty_net_url_parse(tcp, true, ret_url, &inner) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_CONFIG, "write http://127.0.0.1:PORT, on this machine and with nothing behind it: %.128s",
                        text);
    return CUSTODY_OK;
}

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

static socklen_t make_address(const struct cty_net_url *url, union address *ret_address)
{
    memset(ret_address, 0, sizeof(*ret_address));
    if (inet_pton(AF_INET, url->host, &ret_address->four.sin_addr) == 1) {
        ret_address->four.sin_family = AF_INET;
        ret_address->four.sin_port = htons((uint16_t)url->port);
        return sizeof(ret_address->four);
    }
    CTY_CHECK(inet_pton(AF_INET6, url->host, &ret_address->six.sin6_addr) == 1);
    ret_address->six.sin6_family = AF_INET6;
    ret_address->six.sin6_port = htons((uint16_t)url->port);
    return sizeof(ret_address->six);
}

/* The port that we got, where any was wanted. */
static int read_port(int fd, struct cty_net_url *url)
{
    union address address = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t size = sizeof(address);
    if (getsockname(fd, &address.any, &size) != 0)
        return -1;
    cty_net_url_set_port(url, ntohs(address.any.sa_family == AF_INET ? address.four.sin_port : address.six.sin6_port));
    return 0;
}

static custody_err listen_at(struct cty_net_url *url, int *ret_fd, custody_error *error)
{
    union address address;
    socklen_t size = make_address(url, &address);
    int yes = 1;
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    *ret_fd = fd;
    if (fd < 0)
        return cty_fail(error, CUSTODY_E_IO, "%s: %s", url->text, strerrordesc_np(errno));
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 && bind(fd, &address.any, size) == 0 &&
        listen(fd, (int)CTY_HTTP_CONNECTIONS_MAX) == 0 && read_port(fd, url) == 0)
        return CUSTODY_OK;
    return cty_fail(error, errno == EADDRINUSE ? CUSTODY_E_BUSY : CUSTODY_E_IO, "%s: %s", url->text,
                    strerrordesc_np(errno));
}

/* --- answers ----------------------------------------------------------------------------------------------- */

static void free_body(void *body)
{
    free(body);
}

static const struct {
    const char *name;
    const char *value;
} headers[] = {{"Connection", "close"}, {"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};

static enum MHD_Result dress(struct MHD_Response *response, unsigned status, const char *type)
{
    enum MHD_Result done = MHD_add_response_header(response, "Content-Type", type);
    for (size_t i = 0; i < CTY_COUNT_OF(headers) && done == MHD_YES; i++)
        done = MHD_add_response_header(response, headers[i].name, headers[i].value);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED && done == MHD_YES)
        done = MHD_add_response_header(response, "Allow", "GET, HEAD");
    return done;
}

/* Frees the body in any case. */
static enum MHD_Result send_answer(struct MHD_Connection *connection, struct cty_http_answer *answer)
{
    size_t size = 0;
    uint8_t *body = cty_buf_take(&answer->body, &size);
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(size, body, free_body);
    cty_buf_done(&answer->body);
    if (!response) {
        free(body);
        return MHD_NO;
    }
    enum MHD_Result done = dress(response, answer->status, answer->type);
    if (done == MHD_YES)
        done = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return done;
}

static custody_err say(struct cty_http_answer *answer, unsigned status, const char *words)
{
    answer->status = status;
    return cty_buf_put_text(&answer->body, words);
}

static bool has_body(struct MHD_Connection *connection)
{
    const char *size = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    return (size && strcmp(size, "0") != 0) ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Transfer-Encoding");
}

static custody_err make_answer(struct cty_http *http, struct MHD_Connection *connection, const char *path,
                               const char *method, struct cty_http_answer *answer)
{
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return say(answer, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    if (has_body(connection))
        return say(answer, MHD_HTTP_CONTENT_TOO_LARGE, "no body is taken\n");
    return http->answer(http->user, path, answer);
}

/* Answered as soon as the header is there: what comes behind it is never read. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *data, size_t *data_size, void **request)
{
    struct cty_http_answer answer = {.status = MHD_HTTP_OK, .type = "text/plain; charset=utf-8",
                                     .body = CTY_BUF_INIT(CTY_HTTP_ANSWER_BYTES_MAX)};
    (void)version;
    (void)data;
    (void)data_size;
    (void)request;
    if (make_answer(user, connection, path, method, &answer) == CUSTODY_OK)
        return send_answer(connection, &answer);
    cty_buf_done(&answer.body);
    return MHD_NO;
}

/* --- connections and their time ---------------------------------------------------------------------------- */

static struct life *free_life(struct cty_http *http)
{
    for (size_t i = 0; i < CTY_HTTP_CONNECTIONS_MAX; i++) {
        if (http->lives[i].fd < 0)
            return &http->lives[i];
    }
    return NULL;
}

static void on_connection(void *user, struct MHD_Connection *connection, void **place,
                          enum MHD_ConnectionNotificationCode what)
{
    struct life *life = *place;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (life)
            life->fd = -1;
        return;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    life = info ? free_life(user) : NULL;
    if (life)
        *life = (struct life){info->connect_fd, now_ms() + CTY_HTTP_MS_MAX};
    *place = life;
}

/* The library then sees the end, and closes. */
static bool end_the_late(struct cty_http *http)
{
    uint64_t now = now_ms();
    bool any = false;
    for (size_t i = 0; i < CTY_HTTP_CONNECTIONS_MAX; i++) {
        any = any || http->lives[i].fd >= 0;
        if (http->lives[i].fd >= 0 && now >= http->lives[i].ends_ms)
            (void)shutdown(http->lives[i].fd, SHUT_RDWR);
    }
    return any;
}

static int time_to_wait(struct cty_http *http, bool any)
{
    unsigned long long left = 0;
    if (MHD_get_timeout(http->mhd, &left) == MHD_YES && left < TICK_MS)
        return (int)left;
    return any ? TICK_MS : -1;
}

static void *run_thread(void *context)
{
    struct cty_http *http = context;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd files[2] = {{.fd = info->epoll_fd, .events = POLLIN}, {.fd = http->stop_fd, .events = POLLIN}};
    bool any = false;
    while (!files[1].revents) {
        int ready = poll(files, 2, time_to_wait(http, any));
        CTY_CHECK(ready >= 0 || errno == EINTR);
        (void)MHD_run(http->mhd);
        any = end_the_late(http);
    }
    return NULL;
}

/* --- opening and closing ----------------------------------------------------------------------------------- */

static custody_err start(struct cty_http *http, int fd, custody_error *error)
{
    /* The backlog and "fast open" are settings of the socket, which is ours and has no fast open. */
    http->mhd = MHD_start_daemon(FLAGS, 0, NULL, NULL, on_request, http,
                                 MHD_OPTION_LISTEN_SOCKET, fd,
                                 MHD_OPTION_CONNECTION_LIMIT, CTY_HTTP_CONNECTIONS_MAX,
                                 MHD_OPTION_PER_IP_CONNECTION_LIMIT, CTY_HTTP_CONNECTIONS_PER_ADDRESS_MAX,
                                 MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_S,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CTY_HTTP_HEADER_BYTES_MAX,
                                 MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)1024,
                                 MHD_OPTION_STRICT_FOR_CLIENT, 1,
                                 MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
                                 MHD_OPTION_END);
    if (!http->mhd) {
        close(fd);
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "libmicrohttpd did not start");
    }
    if (pthread_create(&http->thread, NULL, run_thread, http) != 0)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "no thread for the metrics");
    http->running = true;
    return CUSTODY_OK;
}

static custody_err open_door(struct cty_http *http, const char *text, custody_error *error)
{
    struct cty_net_url url;
    int fd = -1;
    CTY_TRY(cty_http_url_parse(text, &url, error));
    http->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (http->stop_fd < 0)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "no eventfd");
    custody_err err = listen_at(&url, &fd, error);
    if (err != CUSTODY_OK) {
        if (fd >= 0)
            close(fd);
        return err;
    }
    snprintf(http->url, sizeof(http->url), "http://%.120s", url.text + strlen("tcp://"));
    return start(http, fd, error);
}

custody_err cty_http_open(const char *url, cty_http_fn *answer, void *user, struct cty_http **ret_http,
                          custody_error *error)
{
    struct cty_http *http = cty_alloc(1, sizeof(*http));
    if (!http)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    http->answer = answer;
    http->user = user;
    http->stop_fd = -1;
    for (size_t i = 0; i < CTY_HTTP_CONNECTIONS_MAX; i++)
        http->lives[i].fd = -1;
    custody_err err = open_door(http, url, error);
    if (err != CUSTODY_OK) {
        cty_http_close(http);
        return err;
    }
    *ret_http = http;
    return CUSTODY_OK;
}

const char *cty_http_url(const struct cty_http *http)
{
    return http->url;
}

void cty_http_close(struct cty_http *http)
{
    if (!http)
        return;
    if (http->running) {
        CTY_CHECK(eventfd_write(http->stop_fd, 1) == 0);
        pthread_join(http->thread, NULL);
    }
    if (http->mhd)
        MHD_stop_daemon(http->mhd);
    if (http->stop_fd >= 0)
        close(http->stop_fd);
    free(http);
}
