/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening, threads, and time. Each thread asks a libmicrohttpd of its own to do what is to be done, and beside that ends
 * connections whose time is over: the library has a time limit too, but one that begins anew with each byte. All of them
 * listen at one socket, and whoever is first takes a connection and keeps it, so nothing but counts is shared.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/times.h"
#include "net/http_inner.h"

/* How often a thread looks for connections whose time is over. */
#define TICK_MS 250
#define FLAGS MHD_USE_EPOLL

/* --- addresses --------------------------------------------------------------------------------------------- */

static custody_err parse_as(const char *text, const char *scheme, struct cty_net_url *ret_url, custody_error *error)
{
    char other[CTY_URL_BYTES_MAX + 1];
    if (strncmp(text, "http://", 7) != 0)
        return cty_fail(error, CUSTODY_E_CONFIG, "write http://127.0.0.1:PORT: %.128s", text);
    if (snprintf(other, sizeof(other), "%s%s", scheme, text + 7) >= (int)sizeof(other))
        return cty_fail(error, CUSTODY_E_CONFIG, "the address is too long");
    return cty_net_url_parse(other, true, ret_url, NULL);
}

custody_err cty_http_url_parse(const char *text, struct cty_net_url *ret_url, custody_error *error)
{
    custody_error inner = {0};
    if (parse_as(text, "tcp://", ret_url, &inner) == CUSTODY_OK)
        return CUSTODY_OK;
    if (inner.code == CUSTODY_E_CONFIG)
        return cty_fail(error, CUSTODY_E_CONFIG, "%s", inner.detail);
    return cty_fail(error, CUSTODY_E_CONFIG, "write http://127.0.0.1:PORT, on this machine and with nothing behind it: %.128s",
                    text);
}

/* An address anywhere is what a door with TLS takes, which this is not. */
custody_err cty_http_url_parse_any(const char *text, struct cty_net_url *ret_url, bool *ret_here, custody_error *error)
{
    custody_error inner = {0};
    *ret_here = cty_http_url_parse(text, ret_url, &inner) == CUSTODY_OK;
    if (*ret_here)
        return CUSTODY_OK;
    if (parse_as(text, "tls+tcp://", ret_url, &inner) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_CONFIG, "write http://ADDRESS:PORT, in numbers and with nothing behind it: %.128s",
                        text);
    ret_url->tls = false;
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
        listen(fd, SOMAXCONN) == 0 && read_port(fd, url) == 0)
        return CUSTODY_OK;
    return cty_fail(error, errno == EADDRINUSE ? CUSTODY_E_BUSY : CUSTODY_E_IO, "%s: %s", url->text,
                    strerrordesc_np(errno));
}

/* --- threads ------------------------------------------------------------------------------------------------- */

/* The library then sees the end, and closes. */
static bool end_the_late(struct cty_http_thread *thread)
{
    struct cty_http *http = thread->http;
    uint64_t now = cty_time_monotonic_ms();
    bool any = false;
    for (size_t i = 0; i < http->config.connections_max; i++) {
        struct cty_http_life *life = &thread->lives[i];
        any = any || life->fd >= 0;
        if (life->fd < 0 || life->cut || now < life->due_ms)
            continue;
        life->cut = true;
        atomic_fetch_add_explicit(&http->reaped, 1, memory_order_relaxed);
        (void)shutdown(life->fd, SHUT_RDWR);
    }
    return any;
}

static int time_to_wait(struct cty_http_thread *thread, bool any)
{
    unsigned long long left = 0;
    if (MHD_get_timeout(thread->mhd, &left) == MHD_YES && left < TICK_MS)
        return (int)left;
    return any ? TICK_MS : -1;
}

static bool is_anybody_there(const struct cty_http_thread *thread)
{
    return MHD_get_daemon_info(thread->mhd, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections > 0;
}

static void *run_thread(void *context)
{
    struct cty_http_thread *thread = context;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(thread->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd files[2] = {{.fd = info->epoll_fd, .events = POLLIN},
                              {.fd = thread->http->stop_fd, .events = POLLIN}};
    uint64_t look_ms = 0;
    bool any = false;
    while (!files[1].revents) {
        int ready = poll(files, 2, time_to_wait(thread, any));
        CTY_CHECK(ready >= 0 || errno == EINTR);
        (void)MHD_run(thread->mhd);
        any = is_anybody_there(thread);
        if (cty_time_monotonic_ms() < look_ms)
            continue;
        any = end_the_late(thread);
        look_ms = cty_time_monotonic_ms() + TICK_MS;
    }
    return NULL;
}

/* One more than there may be, so that it is we who refuse. */
static struct MHD_Daemon *start_library(struct cty_http_thread *thread, int fd)
{
    return MHD_start_daemon(FLAGS, 0, cty_http_on_accept, thread, cty_http_on_request, thread,
                            MHD_OPTION_LISTEN_SOCKET, fd,
                            MHD_OPTION_CONNECTION_LIMIT, thread->http->config.connections_max + 1,
                            MHD_OPTION_CONNECTION_TIMEOUT, 0u,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CTY_HTTP_MEMORY_BYTES_MAX,
                            MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)1024,
                            MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_UNESCAPE_CALLBACK, cty_http_no_unescape, NULL,
                            MHD_OPTION_NOTIFY_CONNECTION, cty_http_on_connection, thread,
                            MHD_OPTION_NOTIFY_COMPLETED, cty_http_on_completed, NULL,
                            MHD_OPTION_END);
}

static custody_err make_lives(struct cty_http_thread *thread, custody_error *error)
{
    size_t count = thread->http->config.connections_max;
    thread->lives = cty_alloc(count, sizeof(*thread->lives));
    if (!thread->lives)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    for (size_t i = count; i > 0; i--) {
        thread->lives[i - 1] = (struct cty_http_life){.thread = thread, .fd = -1, .next_free = thread->free};
        thread->free = &thread->lives[i - 1];
    }
    return CUSTODY_OK;
}

/* The library closes its copy of the socket. */
static custody_err start_thread(struct cty_http *http, unsigned index, int fd, custody_error *error)
{
    struct cty_http_thread *thread = &http->threads[index];
    thread->http = http;
    thread->index = index;
    CTY_TRY(make_lives(thread, error));
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return cty_fail(error, CUSTODY_E_IO, "%s: %s", http->url, strerrordesc_np(errno));
    thread->mhd = start_library(thread, copy);
    if (!thread->mhd) {
        close(copy);
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "libmicrohttpd did not start");
    }
    if (pthread_create(&thread->thread, NULL, run_thread, thread) != 0)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "no thread for %s", http->url);
    thread->running = true;
    return CUSTODY_OK;
}

/* --- opening and closing ------------------------------------------------------------------------------------- */

#define DEFAULT(member, value) ((member) = (member) ? (member) : (value))

static void fill_in(struct cty_http_config *config)
{
    DEFAULT(config->threads, 1u);
    DEFAULT(config->connections_max, CTY_HTTP_CONNECTIONS_DEFAULT);
    DEFAULT(config->per_address_max, config->connections_max / 2);
    DEFAULT(config->requests_max, CTY_HTTP_REQUESTS_MAX);
    DEFAULT(config->idle_ms, CTY_HTTP_IDLE_MS_DEFAULT);
    DEFAULT(config->request_ms, CTY_HTTP_REQUEST_MS_DEFAULT);
    DEFAULT(config->life_ms, CTY_HTTP_LIFE_MS_DEFAULT);
    DEFAULT(config->answer_max, CTY_HTTP_ANSWER_BYTES_MAX);
    DEFAULT(config->answers_max, CTY_HTTP_ANSWERS_BYTES_MAX);
    CTY_CHECK(config->threads <= CTY_HTTP_THREADS_MAX);
}

static custody_err open_socket(const struct cty_http_config *config, struct cty_http *http, int *ret_fd, custody_error *error)
{
    struct cty_net_url url;
    bool here = false;
    CTY_TRY(cty_http_url_parse_any(config->url, &url, &here, error));
    http->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (http->stop_fd < 0)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "no eventfd");
    CTY_TRY(listen_at(&url, ret_fd, error));
    snprintf(http->url, sizeof(http->url), "http://%.120s", strstr(url.text, "://") + 3);
    return CUSTODY_OK;
}

static custody_err open_door(const struct cty_http_config *config, struct cty_http *http, custody_error *error)
{
    int fd = -1;
    custody_err err = open_socket(config, http, &fd, error);
    for (unsigned i = 0; i < http->config.threads && err == CUSTODY_OK; i++)
        err = start_thread(http, i, fd, error);
    if (fd >= 0)
        close(fd);
    return err;
}

custody_err cty_http_open(const struct cty_http_config *config, struct cty_http **ret_http, custody_error *error)
{
    struct cty_http *http = cty_alloc(1, sizeof(*http));
    if (!http)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    http->config = *config;
    fill_in(&http->config);
    http->config.url = NULL;
    http->stop_fd = -1;
    cty_http_places_init(&http->places, &http->config);
    custody_err err = open_door(config, http, error);
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

void cty_http_get_counts(struct cty_http *http, struct cty_http_counts *ret_counts)
{
    *ret_counts = (struct cty_http_counts){.connections_max = http->config.connections_max,
                                           .accepted = atomic_load_explicit(&http->accepted, memory_order_relaxed),
                                           .refused = atomic_load_explicit(&http->refused, memory_order_relaxed),
                                           .reaped = atomic_load_explicit(&http->reaped, memory_order_relaxed)};
    for (size_t i = 0; i < CTY_COUNT_OF(http->answers); i++)
        ret_counts->answers[i] = atomic_load_explicit(&http->answers[i], memory_order_relaxed);
    pthread_mutex_lock(&http->places.lock);
    ret_counts->connections = http->places.connections;
    ret_counts->bytes = http->places.bytes;
    pthread_mutex_unlock(&http->places.lock);
}

static void stop_threads(struct cty_http *http)
{
    if (http->stop_fd >= 0)
        CTY_CHECK(eventfd_write(http->stop_fd, 1) == 0);
    for (unsigned i = 0; i < http->config.threads; i++) {
        if (http->threads[i].running)
            pthread_join(http->threads[i].thread, NULL);
    }
}

void cty_http_close(struct cty_http *http)
{
    if (!http)
        return;
    stop_threads(http);
    for (unsigned i = 0; i < http->config.threads; i++) {
        if (http->threads[i].mhd)
            MHD_stop_daemon(http->threads[i].mhd);
        free(http->threads[i].lives);
    }
    if (http->stop_fd >= 0)
        close(http->stop_fd);
    cty_http_places_done(&http->places);
    free(http);
}
