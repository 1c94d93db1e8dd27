/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's life, and the requests that it carries. libmicrohttpd calls for a request once when its header is there, then
 * with pieces of the body, then when all of it is there:
 *
 *     header --> refused as it is: answered at once, and closed
 *            --> body, piece by piece --> all there --> the function answers --> taken --> the next header
 *
 * What is refused before its body came is the connection's last one, since what follows can't be told from a request.
 */
#include <stdio.h>

#include "base/check.h"
#include "base/times.h"
#include "net/http_inner.h"

size_t cty_http_no_unescape(void *user, struct MHD_Connection *connection, char *text)
{
    (void)user;
    (void)connection;
    return strlen(text);
}

/* --- connections --------------------------------------------------------------------------------------------- */

static void count(atomic_uint_least64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

enum MHD_Result cty_http_on_accept(void *user, const struct sockaddr *address, socklen_t size)
{
    struct cty_http *http = ((struct cty_http_thread *)user)->http;
    struct cty_http_peer peer = cty_http_peer_of(address);
    (void)size;
    if (cty_http_places_has_room(&http->places, &peer))
        return MHD_YES;
    count(&http->refused);
    return MHD_NO;
}

static void life_begin(struct cty_http_thread *thread, struct cty_http_life *life, int fd)
{
    const struct cty_http_config *config = &thread->http->config;
    uint64_t now = cty_time_monotonic_ms();
    thread->free = life->next_free;
    *life = (struct cty_http_life){.thread = thread, .place = life->place, .fd = fd, .due_ms = now + config->idle_ms,
                                   .last_ms = now + config->life_ms, .body = CTY_BUF_INIT(config->body_max)};
    count(&thread->http->accepted);
}

static void life_end(struct cty_http_life *life)
{
    struct cty_http_thread *thread = life->thread;
    cty_http_places_leave(&thread->http->places, life->place);
    cty_buf_done(&life->body);
    life->fd = -1;
    life->next_free = thread->free;
    thread->free = life;
}

/* Without a life it is ended at once: others took the last places meanwhile. */
static struct cty_http_life *take_in(struct cty_http_thread *thread, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *address = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const union MHD_ConnectionInfo *file = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    CTY_CHECK(address && file);
    struct cty_http_peer peer = cty_http_peer_of(address->client_addr);
    struct cty_http_life *life = thread->free;
    struct cty_http_place *place = life ? cty_http_places_enter(&thread->http->places, &peer) : NULL;
    if (!place) {
        count(&thread->http->refused);
        (void)shutdown(file->connect_fd, SHUT_RDWR);
        return NULL;
    }
    life->place = place;
    life_begin(thread, life, file->connect_fd);
    return life;
}

void cty_http_on_connection(void *user, struct MHD_Connection *connection, void **place,
                            enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        *place = take_in(user, connection);
    else if (*place)
        life_end(*place);
}

/* --- what is refused as it is --------------------------------------------------------------------------------- */

static struct cty_bytes header(struct MHD_Connection *connection, const char *name)
{
    return cty_bytes_text(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

struct header_sum {
    size_t bytes;
    unsigned lengths; /* how often Content-Length stands there, and the next two */
    unsigned hosts;
    unsigned authorizations;
    bool odd; /* a name that is none, which others may read as another: "Transfer-Encoding : chunked" */
};

/* RFC 9110, "Tokens". */
static bool is_token(const char *name)
{
    static const char signs[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return name[0] != '\0' && name[strspn(name, signs)] == '\0';
}

static enum MHD_Result add_header(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct header_sum *sum = user;
    (void)kind;
    sum->bytes += strlen(name) + (value ? strlen(value) : 0) + 4;
    sum->odd = sum->odd || !is_token(name);
    sum->lengths += strcasecmp(name, "Content-Length") == 0 ? 1 : 0;
    sum->hosts += strcasecmp(name, "Host") == 0 ? 1 : 0;
    sum->authorizations += strcasecmp(name, "Authorization") == 0 ? 1 : 0;
    return MHD_YES;
}

static const char *methods_of(const struct cty_http *http)
{
    return http->config.body_max ? "GET, HEAD, POST" : "GET, HEAD";
}

/* False: another method. */
static bool read_method(const struct cty_http *http, const char *method, enum cty_http_method *ret_method)
{
    static const char *const names[] = {[CTY_HTTP_GET] = "GET", [CTY_HTTP_HEAD] = "HEAD", [CTY_HTTP_POST] = "POST"};
    size_t known = http->config.body_max ? CTY_COUNT_OF(names) : CTY_HTTP_POST;
    for (size_t i = 0; i < known; i++) {
        if (strcmp(method, names[i]) == 0) {
            *ret_method = (enum cty_http_method)i;
            return true;
        }
    }
    return false;
}

static custody_err refuse(const struct cty_http *http, struct cty_http_answer *answer, unsigned status, const char *words)
{
    bool malformed = status == MHD_HTTP_BAD_REQUEST || status == MHD_HTTP_LENGTH_REQUIRED;
    if (!http->config.plain)
        return cty_http_problem(answer, status, malformed ? CUSTODY_E_BAD_PARAMS : CUSTODY_E_TOO_LARGE, words);
    answer->status = status;
    return cty_buf_putf(&answer->body, "%s\n", words);
}

static custody_err refuse_method(const struct cty_http *http, struct cty_http_answer *answer)
{
    if (!http->config.plain)
        return cty_http_problem_method(answer, methods_of(http));
    answer->status = MHD_HTTP_METHOD_NOT_ALLOWED;
    answer->allow = methods_of(http);
    return cty_buf_putf(&answer->body, "only GET and HEAD\n");
}

/* Of a POST: how much comes, said once and in digits. */
static custody_err check_body(const struct cty_http *http, struct MHD_Connection *connection, unsigned lengths,
                              struct cty_http_answer *answer)
{
    uint64_t size = 0;
    struct cty_bytes length = header(connection, "Content-Length");
    if (lengths != 1 || header(connection, "Transfer-Encoding").data ||
        cty_u64_parse(length, UINT32_MAX, &size) != CUSTODY_OK)
        return refuse(http, answer, MHD_HTTP_LENGTH_REQUIRED, "a body needs one Content-Length, and no encoding of transfer");
    return size <= http->config.body_max ? CUSTODY_OK
                                         : refuse(http, answer, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
}

static custody_err check_no_body(const struct cty_http *http, struct MHD_Connection *connection, unsigned lengths,
                                 struct cty_http_answer *answer)
{
    bool none = lengths == 0 || (lengths == 1 && cty_bytes_is(header(connection, "Content-Length"), "0"));
    if (none && !header(connection, "Transfer-Encoding").data)
        return CUSTODY_OK;
    return refuse(http, answer, MHD_HTTP_CONTENT_TOO_LARGE, "no body is taken");
}

/* The answer's status stays 0 where nothing is refused. */
static custody_err check_request(const struct cty_http *http, struct MHD_Connection *connection, const char *path,
                                 const char *method, struct cty_http_answer *answer)
{
    struct header_sum sum = {.bytes = 0};
    enum cty_http_method known = CTY_HTTP_GET;
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, &sum);
    if (strlen(path) > CTY_HTTP_PATH_BYTES_MAX)
        return refuse(http, answer, MHD_HTTP_URI_TOO_LONG, "the path is too long");
    if (sum.bytes > CTY_HTTP_HEADER_BYTES_MAX)
        return refuse(http, answer, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "the header is too large");
    if (sum.odd || sum.hosts > 1 || sum.authorizations > 1)
        return refuse(http, answer, MHD_HTTP_BAD_REQUEST, "a header that others may read otherwise");
    if (!read_method(http, method, &known))
        return refuse_method(http, answer);
    return known == CTY_HTTP_POST ? check_body(http, connection, sum.lengths, answer)
                                  : check_no_body(http, connection, sum.lengths, answer);
}

/* --- requests ------------------------------------------------------------------------------------------------- */

static struct cty_http_answer empty_answer(const struct cty_http *http, unsigned status)
{
    return (struct cty_http_answer){.status = status, .type = "text/plain; charset=utf-8",
                                    .body = CTY_BUF_INIT(http->config.answer_max)};
}

static enum MHD_Result begin_request(struct cty_http_life *life, struct MHD_Connection *connection, const char *path,
                                     const char *method)
{
    const struct cty_http *http = life->thread->http;
    struct cty_http_answer answer = empty_answer(http, 0);
    struct cty_http_request request = {.method = CTY_HTTP_GET};
    life->due_ms = cty_time_monotonic_ms() + http->config.request_ms;
    life->requests++;
    custody_err err = check_request(http, connection, path, method, &answer);
    if (err == CUSTODY_OK && answer.status == 0)
        return MHD_YES;
    if (err == CUSTODY_OK)
        return cty_http_send(life, connection, &request, &answer, true);
    cty_buf_done(&answer.body);
    return MHD_NO;
}

static custody_err make_answer(const struct cty_http *http, const struct cty_http_request *request,
                               struct cty_http_answer *answer)
{
    custody_err err = http->config.answer(http->config.user, request, answer);
    if (err == CUSTODY_OK)
        return CUSTODY_OK;
    cty_buf_done(&answer->body);
    return cty_http_problem_code(answer, err, "");
}

static bool is_last(const struct cty_http_life *life)
{
    return life->requests >= life->thread->http->config.requests_max || cty_time_monotonic_ms() >= life->last_ms;
}

static enum MHD_Result end_request(struct cty_http_life *life, struct MHD_Connection *connection, const char *path,
                                   const char *method)
{
    const struct cty_http *http = life->thread->http;
    struct cty_http_answer answer = empty_answer(http, MHD_HTTP_OK);
    struct cty_http_request request = {.path = path, .body = cty_buf_bytes(&life->body),
                                       .type = header(connection, "Content-Type"),
                                       .authorization = header(connection, "Authorization"),
                                       .if_none_match = header(connection, "If-None-Match"),
                                       .peer = life->place->peer, .thread = life->thread->index};
    CTY_CHECK(read_method(http, method, &request.method));
    if (make_answer(http, &request, &answer) == CUSTODY_OK)
        return cty_http_send(life, connection, &request, &answer, is_last(life));
    cty_buf_done(&answer.body);
    return MHD_NO;
}

enum MHD_Result cty_http_on_request(void *user, struct MHD_Connection *connection, const char *path, const char *method,
                                    const char *version, const char *data, size_t *data_size, void **request)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct cty_http_life *life = info ? info->socket_context : NULL;
    bool begun = *request != NULL;
    (void)user;
    (void)version;
    if (!life)
        return MHD_NO;
    *request = life;
    if (!begun)
        return begin_request(life, connection, path, method);
    if (*data_size == 0)
        return end_request(life, connection, path, method);
    /* No more comes than was announced, and that was looked at. */
    custody_err err = cty_buf_put(&life->body, data, *data_size);
    *data_size = 0;
    return err == CUSTODY_OK ? MHD_YES : MHD_NO;
}

void cty_http_on_completed(void *user, struct MHD_Connection *connection, void **request,
                           enum MHD_RequestTerminationCode why)
{
    struct cty_http_life *life = *request;
    (void)user;
    (void)connection;
    (void)why;
    if (!life)
        return;
    cty_buf_done(&life->body);
    life->due_ms = cty_time_monotonic_ms() + life->thread->http->config.idle_ms;
}
