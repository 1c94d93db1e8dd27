/* SPDX-License-Identifier: Apache-2.0 */
#include "http_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection, plain or not. */
struct talk {
    struct server *server;
    int fd;
    struct cty_tls *tls;
};

static bool flush_tls(struct talk *talk)
{
    struct cty_bytes out = cty_tls_out(talk->tls);
    if (!raw_write(talk->fd, out.data, out.size))
        return false;
    cty_tls_sent(talk->tls, out.size);
    return true;
}

static size_t read_tls(struct talk *talk, char *out, size_t size)
{
    for (;;) {
        size_t count = 0;
        uint8_t *room = NULL;
        custody_err err = cty_tls_read(talk->tls, (uint8_t *)out, size, &count, NULL);
        if (!flush_tls(talk) || err != CUSTODY_OK)
            return 0;
        if (count > 0)
            return count;
        size_t room_size = cty_tls_room(talk->tls, &room);
        ssize_t got = recv(talk->fd, room, room_size, 0);
        if (got <= 0)
            return 0;
        cty_tls_fed(talk->tls, (size_t)got);
    }
}

static size_t hear(struct talk *talk, char *out, size_t size)
{
    if (talk->tls)
        return read_tls(talk, out, size);
    ssize_t got = recv(talk->fd, out, size, 0);
    return got > 0 ? (size_t)got : 0;
}

static void say(struct talk *talk, const char *text)
{
    if (!talk->tls)
        (void)raw_write(talk->fd, text, strlen(text));
    else if (cty_tls_write(talk->tls, cty_bytes_text(text)) == CUSTODY_OK)
        (void)flush_tls(talk);
}

static size_t announced(const char *request)
{
    const char *length = strstr(request, "Content-Length: ");
    return length ? strtoul(length + strlen("Content-Length: "), NULL, 10) : 0;
}

/* Header and body; false where the other side went away before. */
static bool hear_request(struct talk *talk, char *out)
{
    size_t size = 0;
    for (;;) {
        size_t got = hear(talk, out + size, REQUEST_BYTES_MAX - size);
        if (got == 0)
            return false;
        size += got;
        out[size] = '\0';
        const char *end = strstr(out, "\r\n\r\n");
        if (end && size >= (size_t)(end + 4 - out) + announced(out))
            return true;
    }
}

static const struct script *script_of(const struct server *server, const char *request)
{
    const char *path = strchr(request, ' ') + 1;
    for (const struct script *one = server->scripts; one->path; one++) {
        if (strncmp(path, one->path, strlen(one->path)) == 0 && path[strlen(one->path)] == ' ')
            return one;
    }
    return NULL;
}

/* Header lines until the other side has had enough. */
static void say_without_end(struct talk *talk)
{
    static const char line[] = "X-More: and more and more and more and more and more and more and more and more and more\r\n";
    say(talk, "HTTP/1.1 200 OK\r\n");
    while (raw_write(talk->fd, line, strlen(line)))
        continue;
}

static void answer_request(struct talk *talk, const char *request)
{
    const struct script *script = script_of(talk->server, request);
    char rest[64];
    if (!script)
        say_without_end(talk);
    if (script && script->answer)
        say(talk, script->answer);
    if (talk->server->stop)
        atomic_store(talk->server->stop, true);
    if (script && script->holds) {
        while (hear(talk, rest, sizeof(rest)) > 0)
            continue;
    }
}

static void serve_one(struct server *server, int fd)
{
    struct talk talk = {.server = server, .fd = fd};
    char request[REQUEST_BYTES_MAX + 1];
    if (server->setup && cty_tls_new(server->setup, &talk.tls) != CUSTODY_OK)
        return;
    if (atomic_load(&server->greets))
        say(&talk, "HTTP/1.1 400 Bad Request\r\n\r\n");
    if (hear_request(&talk, request)) {
        pthread_mutex_lock(&server->lock);
        server->requests++;
        memcpy(server->request, request, sizeof(request));
        pthread_mutex_unlock(&server->lock);
        answer_request(&talk, request);
    }
    cty_tls_free(talk.tls);
}

static void *serve(void *context)
{
    struct server *server = context;
    int fd = -1;
    /* Ends when the listener is shut down. */
    while ((fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        serve_one(server, fd);
        close(fd);
    }
    return NULL;
}

void server_open(struct server *server, const struct script *scripts, const struct pair *pair)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
    } address = {.four = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}};
    socklen_t size = sizeof(address.four);
    *server = (struct server){.scripts = scripts, .lock = PTHREAD_MUTEX_INITIALIZER};
    if (pair)
        assert_ok(cty_tls_setup_door(cty_buf_bytes(&pair->certificate), cty_buf_bytes(&pair->key), &server->setup, NULL));
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, &address.any, size), 0);
    assert_int_equal(listen(server->listener, 16), 0);
    assert_int_equal(getsockname(server->listener, &address.any, &size), 0);
    server->port = ntohs(address.four.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

void server_close(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    cty_tls_setup_free(server->setup);
    pthread_mutex_destroy(&server->lock);
}
