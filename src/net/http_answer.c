/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "net/http_inner.h"

#define PROBLEM_TYPE "application/problem+json"
#define PROBLEM_DETAIL_MAX 200

/* --- problems (RFC 9457) ------------------------------------------------------------------------------------- */

/* A text of a JSON string; only what is printable in it stays as it is. */
static void put_words(char ret_text[2 * PROBLEM_DETAIL_MAX + 1], const char *words)
{
    size_t at = 0;
    for (size_t i = 0; words[i] && i < PROBLEM_DETAIL_MAX; i++) {
        char c = words[i];
        if (c == '"' || c == '\\')
            ret_text[at++] = '\\';
        ret_text[at++] = c >= 0x20 && c < 0x7f ? c : '?';
    }
    ret_text[at] = 0;
}

custody_err cty_http_problem(struct cty_http_answer *answer, unsigned status, custody_err code, const char *detail)
{
    char words[2 * PROBLEM_DETAIL_MAX + 1];
    put_words(words, detail);
    cty_buf_clear(&answer->body);
    answer->status = status;
    answer->type = PROBLEM_TYPE;
    answer->tag[0] = 0;
    answer->cache = CTY_HTTP_NO_STORE;
    /* Sentences and advice are constants without anything that JSON escapes. */
    return cty_buf_putf(&answer->body,
                        "{\"type\":\"urn:custody:error:%s\",\"title\":\"%s\",\"status\":%u,\"code\":\"%s\","
                        "\"detail\":\"%s\",\"next\":\"%s\"}\n",
                        custody_err_name(code), custody_err_sentence(code), status, custody_err_name(code), words,
                        custody_err_next(code));
}

custody_err cty_http_problem_code(struct cty_http_answer *answer, custody_err code, const char *detail)
{
    return cty_http_problem(answer, (unsigned)custody_err_http(code), code, detail);
}

custody_err cty_http_problem_method(struct cty_http_answer *answer, const char *allow)
{
    char words[64];
    snprintf(words, sizeof(words), "only %s here", allow);
    answer->allow = allow;
    return cty_http_problem(answer, MHD_HTTP_METHOD_NOT_ALLOWED, CUSTODY_E_METHOD_UNKNOWN, words);
}

/* --- entity tags --------------------------------------------------------------------------------------------- */

static bool is_between(uint8_t c)
{
    return c == ' ' || c == '\t' || c == ',';
}

/* Takes one tag off the text; false where there is none, or something else. */
static bool take_tag(struct cty_bytes *text, struct cty_bytes *ret_tag)
{
    size_t at = 0;
    while (at < text->size && is_between(text->data[at]))
        at++;
    if (text->size - at >= 2 && text->data[at] == 'W' && text->data[at + 1] == '/')
        at += 2;
    if (at == text->size || text->data[at] != '"')
        return false;
    const uint8_t *end = memchr(text->data + at + 1, '"', text->size - at - 1);
    if (!end)
        return false;
    *ret_tag = cty_bytes_make(text->data + at + 1, (size_t)(end - text->data) - at - 1);
    size_t used = (size_t)(end - text->data) + 1;
    *text = cty_bytes_make(text->data + used, text->size - used);
    return true;
}

bool cty_http_tag_matches(struct cty_bytes if_none_match, const char *tag)
{
    struct cty_bytes one;
    if (cty_bytes_is(if_none_match, "*"))
        return true;
    while (take_tag(&if_none_match, &one)) {
        if (cty_bytes_is(one, tag))
            return true;
    }
    return false;
}

/* --- sending ------------------------------------------------------------------------------------------------- */

/* What libmicrohttpd holds of an answer, until it has no more use for it. */
struct held {
    struct cty_http *http;
    struct cty_http_place *place;
    uint8_t *body;
    size_t size;
};

static void drop(void *user)
{
    struct held *held = user;
    cty_http_places_drop(&held->http->places, held->place, held->size);
    free(held->body);
    free(held);
}

static const char *const caches[] = {
    [CTY_HTTP_NO_STORE] = "no-store",
    [CTY_HTTP_PRIVATE] = "private, no-store",
    [CTY_HTTP_SHORT] = "public, max-age=2",
    [CTY_HTTP_FOREVER] = "public, max-age=31536000, immutable",
};

static bool put_header(struct MHD_Response *response, const char *name, const char *value)
{
    return !value || MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool dress(struct MHD_Response *response, const struct cty_http_answer *answer, bool last)
{
    char tag[CTY_HTTP_TAG_SIZE + 2], retry[24];
    snprintf(tag, sizeof(tag), "\"%s\"", answer->tag);
    snprintf(retry, sizeof(retry), "%" PRIu64, answer->retry_after_s);
    return put_header(response, "Content-Type", answer->type) &&
           put_header(response, "Cache-Control", caches[answer->cache]) &&
           put_header(response, "X-Content-Type-Options", "nosniff") &&
           put_header(response, "ETag", answer->tag[0] ? tag : NULL) &&
           put_header(response, "Retry-After", answer->retry_after_s ? retry : NULL) &&
           put_header(response, "Allow", answer->status == MHD_HTTP_METHOD_NOT_ALLOWED ? answer->allow : NULL) &&
           put_header(response, "WWW-Authenticate",
                      answer->status == MHD_HTTP_UNAUTHORIZED ? answer->challenge : NULL) &&
           put_header(response, "Connection", last ? "close" : NULL);
}

/* Takes the body over. NULL where memory ran out. */
static struct MHD_Response *make_response(struct cty_http_life *life, struct cty_http_answer *answer)
{
    struct held *held = cty_alloc(1, sizeof(*held));
    size_t size = 0;
    uint8_t *body = cty_buf_take(&answer->body, &size);
    if (held)
        *held = (struct held){life->thread->http, life->place, body, size};
    struct MHD_Response *response =
        held ? MHD_create_response_from_buffer_with_free_callback_cls(size, body, drop, held) : NULL;
    if (response)
        return response;
    cty_http_places_drop(&life->thread->http->places, life->place, size);
    free(body);
    free(held);
    return NULL;
}

/* Has the answer counted, or another one in its place. */
static custody_err hold(struct cty_http_life *life, struct cty_http_answer *answer)
{
    struct cty_http_places *places = &life->thread->http->places;
    if (cty_http_places_hold(places, life->place, answer->body.size))
        return CUSTODY_OK;
    cty_buf_done(&answer->body);
    answer->retry_after_s = 1;
    CTY_TRY(cty_http_problem_code(answer, CUSTODY_E_BUSY, "too many answers wait to be taken"));
    CTY_CHECK(cty_http_places_hold(places, life->place, answer->body.size));
    return CUSTODY_OK;
}

static void look_at_tag(const struct cty_http_request *request, struct cty_http_answer *answer)
{
    if (answer->status != MHD_HTTP_OK || !answer->tag[0] || request->method == CTY_HTTP_POST ||
        !cty_http_tag_matches(request->if_none_match, answer->tag))
        return;
    cty_buf_done(&answer->body);
    answer->status = MHD_HTTP_NOT_MODIFIED;
}

enum MHD_Result cty_http_send(struct cty_http_life *life, struct MHD_Connection *connection,
                              const struct cty_http_request *request, struct cty_http_answer *answer, bool last)
{
    enum MHD_Result done = MHD_NO;
    look_at_tag(request, answer);
    struct MHD_Response *response = hold(life, answer) == CUSTODY_OK ? make_response(life, answer) : NULL;
    cty_buf_done(&answer->body);
    if (!response)
        return MHD_NO;
    if (dress(response, answer, last))
        done = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    if (done == MHD_YES)
        atomic_fetch_add_explicit(&life->thread->http->answers[answer->status / 100 - 1], 1, memory_order_relaxed);
    return done;
}
