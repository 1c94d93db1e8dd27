/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"

uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void pause_ms(long ms)
{
    const struct timespec pause = {ms / 1000, (ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

void folder_make(struct folder *folder)
{
    snprintf(folder->path, sizeof(folder->path), "/tmp/custody-net-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->url, sizeof(folder->url), "ipc://%s/door", folder->path);
}

void folder_remove(struct folder *folder)
{
    char path[sizeof(folder->path) + 256 + 2];
    DIR *entries = opendir(folder->path);
    for (struct dirent *entry = entries ? readdir(entries) : NULL; entry; entry = readdir(entries)) {
        snprintf(path, sizeof(path), "%s/%s", folder->path, entry->d_name);
        unlink(path);
    }
    if (entries)
        closedir(entries);
    rmdir(folder->path);
}

/* ---- the server ---- */

static void on_message(void *user, struct cty_net_call *call, struct cty_bytes message)
{
    struct rig *rig = user;
    /* First: what is kept may be answered by the test at once. */
    if (message.size > 0 && message.data[0] == '!')
        cty_net_call_vouch(call);
    pthread_mutex_lock(&rig->lock);
    bool keep = rig->keep;
    rig->message_count++;
    rig->last_size = message.size;
    if (keep) {
        CTY_CHECK(rig->call_count < RIG_CALLS_MAX);
        rig->calls[rig->call_count++] = call;
    }
    pthread_cond_broadcast(&rig->changed);
    pthread_mutex_unlock(&rig->lock);
    if (!keep && cty_net_reply(call, message) != CUSTODY_OK)
        cty_net_drop(call);
}

static void on_gone(void *user, uint64_t connection)
{
    struct rig *rig = user;
    pthread_mutex_lock(&rig->lock);
    CTY_CHECK(rig->gone_count < RIG_CALLS_MAX);
    rig->gone[rig->gone_count++] = connection;
    pthread_cond_broadcast(&rig->changed);
    pthread_mutex_unlock(&rig->lock);
}

void rig_open(struct rig *rig, struct cty_net_server_config config, const char *url, bool keep)
{
    const char *const urls[] = {url};
    config.urls = urls;
    config.url_count = 1;
    rig_open_at(rig, config, keep);
}

void rig_open_at(struct rig *rig, struct cty_net_server_config config, bool keep)
{
    static const struct cty_net_server_ops ops = {.on_message = on_message, .on_gone = on_gone};
    custody_error error = {0};
    *rig = (struct rig){.keep = keep};
    pthread_mutex_init(&rig->lock, NULL);
    pthread_cond_init(&rig->changed, NULL);
    custody_err err = cty_net_server_open(&config, &ops, rig, &rig->server, &error);
    if (err != CUSTODY_OK)
        fail_msg("%s: %s", custody_err_name(err), error.detail);
    snprintf(rig->url, sizeof(rig->url), "%s", cty_net_server_url(rig->server, 0));
}

void rig_keep(struct rig *rig, bool keep)
{
    pthread_mutex_lock(&rig->lock);
    rig->keep = keep;
    pthread_mutex_unlock(&rig->lock);
}

void rig_close(struct rig *rig)
{
    rig_keep(rig, false);
    /* Not under the lock: what waits for a call is delivered by whoever ends one. Nothing is kept any more. */
    while (rig->call_count > 0)
        cty_net_drop(rig_take(rig));
    /* Calls that were parked behind the kept ones are echoed now. */
    assert_ok(cty_net_server_drain(rig->server, PATIENCE_MS));
    cty_net_server_close(rig->server);
    pthread_cond_destroy(&rig->changed);
    pthread_mutex_destroy(&rig->lock);
}

static void wait_changed(struct rig *rig)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    if (pthread_cond_timedwait(&rig->changed, &rig->lock, &until) == ETIMEDOUT) {
        pthread_mutex_unlock(&rig->lock);
        fail_msg("the server heard nothing");
    }
}

struct cty_net_call *rig_take(struct rig *rig)
{
    pthread_mutex_lock(&rig->lock);
    while (rig->call_count == 0)
        wait_changed(rig);
    struct cty_net_call *call = rig->calls[0];
    rig->call_count--;
    memmove(rig->calls, rig->calls + 1, rig->call_count * sizeof(rig->calls[0]));
    pthread_mutex_unlock(&rig->lock);
    return call;
}

static bool has_gone(const struct rig *rig, uint64_t connection)
{
    for (size_t i = 0; i < rig->gone_count; i++) {
        if (rig->gone[i] == connection)
            return true;
    }
    return false;
}

void rig_wait_gone(struct rig *rig, uint64_t connection)
{
    pthread_mutex_lock(&rig->lock);
    while (!has_gone(rig, connection))
        wait_changed(rig);
    pthread_mutex_unlock(&rig->lock);
}

struct cty_net_server_counts rig_counts(struct rig *rig)
{
    struct cty_net_server_counts counts;
    cty_net_server_get_counts(rig->server, &counts);
    return counts;
}

/* One try; a door with short limits may drop us while the machine is busy. */
static custody_err try_echo(const char *url, struct cty_buf *ret_reply)
{
    struct cty_net_client *client = NULL;
    const struct cty_net_client_config config = {.url = url, .connect_ms = PATIENCE_MS};
    assert_ok(cty_net_client_open(&config, &client, NULL));
    custody_err err = cty_net_client_call(client, CTY_LITERAL("anybody there?"), PATIENCE_MS, ret_reply, NULL);
    cty_net_client_close(client);
    return err;
}

void rig_expect_echo(const char *url)
{
    struct cty_buf reply = CTY_BUF_INIT(64);
    wait_until(try_echo(url, &reply) == CUSTODY_OK);
    assert_bytes_text(cty_buf_bytes(&reply), "anybody there?");
    cty_buf_done(&reply);
}

/* ---- the peer by hand ---- */

bool raw_is_tcp(const char *url)
{
    return strncmp(url, "tcp://", 6) == 0 || strncmp(url, "tls+tcp://", 10) == 0;
}

static void limit_reading(int fd)
{
    const struct timeval limit = {PATIENCE_MS / 1000, 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
}

static struct sockaddr_un unix_address(const char *url)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", url + strlen("ipc://"));
    return address;
}

static in_port_t port_of(const char *url)
{
    uint64_t port = 0;
    assert_ok(cty_u64_parse(cty_bytes_text(strrchr(url, ':') + 1), UINT16_MAX, &port));
    return htons((uint16_t)port);
}

int raw_connect(const char *url)
{
    int fd = socket(raw_is_tcp(url) ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    limit_reading(fd);
    if (raw_is_tcp(url)) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        address.sin_port = port_of(url);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    } else {
        struct sockaddr_un address = unix_address(url);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    }
    return fd;
}

int raw_listen(const char *url)
{
    struct sockaddr_un address = unix_address(url);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    limit_reading(fd);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

int raw_accept(int listener)
{
    int fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    limit_reading(fd);
    return fd;
}

bool raw_write(int fd, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t count = send(fd, at, size, MSG_NOSIGNAL);
        if (count <= 0)
            return false;
        at += count;
        size -= (size_t)count;
    }
    return true;
}

bool raw_read(int fd, void *data, size_t size)
{
    uint8_t *at = data;
    while (size > 0) {
        ssize_t count = recv(fd, at, size, 0);
        if (count < 0 && errno == EAGAIN)
            fail_msg("nothing came");
        if (count <= 0)
            return false;
        at += count;
        size -= (size_t)count;
    }
    return true;
}

void raw_greet(int fd, uint32_t ours, uint32_t theirs)
{
    uint8_t hello[CTY_SP_HELLO_BYTES];
    uint8_t expected[CTY_SP_HELLO_BYTES];
    cty_sp_hello_format(ours, hello);
    cty_sp_hello_format(theirs, expected);
    assert_true(raw_write(fd, hello, sizeof(hello)));
    assert_true(raw_read(fd, hello, sizeof(hello)));
    assert_memory_equal(hello, expected, sizeof(hello));
}

int raw_connect_and_greet(const char *url, uint32_t ours, uint32_t theirs)
{
    int fd = raw_connect(url);
    raw_greet(fd, ours, theirs);
    return fd;
}

bool raw_send(int fd, bool tcp, uint32_t id, const void *body, size_t size)
{
    uint8_t head[CTY_SP_HEAD_BYTES_MAX + CTY_SP_ID_BYTES];
    size_t head_size = cty_sp_head_format(tcp ? CTY_SP_TCP : CTY_SP_IPC, size + (id ? 4 : 0), head);
    for (int shift = 24; id && shift >= 0; shift -= 8)
        head[head_size++] = (uint8_t)(id >> shift);
    return raw_write(fd, head, head_size) && raw_write(fd, body, size);
}

size_t raw_receive(int fd, bool tcp, uint8_t *body, size_t body_size)
{
    uint8_t head[CTY_SP_HEAD_BYTES_MAX];
    size_t head_size = tcp ? 8 : 9;
    if (!raw_read(fd, head, head_size))
        return 0;
    uint64_t size = 0;
    for (size_t i = head_size - 8; i < head_size; i++)
        size = size << 8 | head[i];
    assert_in_range(size, 1, body_size);
    assert_true(raw_read(fd, body, (size_t)size));
    return (size_t)size;
}

void raw_expect_closed(int fd)
{
    uint8_t ignored[4096];
    for (;;) {
        ssize_t count = recv(fd, ignored, sizeof(ignored), 0);
        if (count < 0 && errno == EAGAIN)
            fail_msg("the other side never closed");
        if (count <= 0)
            return;
    }
}
