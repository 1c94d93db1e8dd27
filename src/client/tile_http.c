/* SPDX-License-Identifier: Apache-2.0 */
#include "client/tile_http.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/times.h"
#include "net/fetch.h"

#define CONNECT_MS 10000u
#define PAUSE_MS_FIRST 200u
#define PAUSE_MS_MAX 5000u
/* While it pauses, it looks so often whether it is to stop. */
#define LOOK_MS 50u

struct place {
    struct cty_fetch *fetch;
    struct cty_fetch_answer answer;
    char *prefix; /* without a last '/' */
    char *bearer;
    struct cty_tile_reader_key key;
    uint64_t patience_ms;
    const atomic_bool *stop;
};

static custody_err meaning(unsigned status)
{
    switch (status) {
    case 200:
        return CUSTODY_OK;
    case 401:
        return CUSTODY_E_NO_SESSION;
    case 403:
        return CUSTODY_E_FORBIDDEN;
    case 404:
    case 410:
        return CUSTODY_E_NOT_FOUND;
    case 429:
    case 503:
        return CUSTODY_E_BUSY;
    default:
        return CUSTODY_E_UNREACHABLE;
    }
}

/* A token is good for minutes, and an audit may take longer. */
static custody_err renew_token(struct place *place, custody_error *error)
{
    char *token = NULL;
    CTY_TRY(cty_tile_token_get(place->fetch, place->prefix, &place->key, &token, error));
    free(place->bearer);
    place->bearer = token;
    return CUSTODY_OK;
}

static custody_err ask_once(struct place *place, const char *url, custody_error *error)
{
    CTY_TRY(cty_fetch_get(place->fetch, url, place->bearer, &place->answer, error));
    if (place->answer.status == 401 && place->key.secret) {
        CTY_TRY(renew_token(place, error));
        CTY_TRY(cty_fetch_get(place->fetch, url, place->bearer, &place->answer, error));
    }
    custody_err err = meaning(place->answer.status);
    return err == CUSTODY_OK ? err : cty_fail(error, err, "%.160s: status %u", url, place->answer.status);
}

/* Whether it may be otherwise in a moment. A status that is none of the known ones says no such thing. */
static bool may_pass(const struct place *place, custody_err err)
{
    return err == CUSTODY_E_BUSY || err == CUSTODY_E_TIMEOUT ||
           (err == CUSTODY_E_UNREACHABLE && (place->answer.status == 0 || place->answer.status >= 500));
}

static custody_err rest(const struct place *place, uint64_t until_ms, custody_error *error)
{
    for (uint64_t now = cty_time_monotonic_ms(); now < until_ms; now = cty_time_monotonic_ms()) {
        if (place->stop && atomic_load(place->stop))
            return cty_fail_code(error, CUSTODY_E_CANCELLED_WAIT);
        (void)poll(NULL, 0, (int)(until_ms - now < LOOK_MS ? until_ms - now : LOOK_MS));
    }
    return CUSTODY_OK;
}

static custody_err ask(struct place *place, const char *url, custody_error *error)
{
    uint64_t end_ms = cty_time_monotonic_ms() + place->patience_ms;
    for (uint64_t pause_ms = PAUSE_MS_FIRST;; pause_ms = pause_ms * 2 < PAUSE_MS_MAX ? pause_ms * 2 : PAUSE_MS_MAX) {
        custody_error why = {0}; /* of this try: what passed is not told */
        custody_err err = ask_once(place, url, &why);
        uint64_t said_ms = place->answer.retry_after_s * 1000;
        uint64_t until_ms = cty_time_monotonic_ms() + (said_ms > pause_ms ? said_ms : pause_ms);
        if (err == CUSTODY_OK)
            return err;
        if (!may_pass(place, err) || until_ms > end_ms)
            return cty_fail(error, err, "%s", why.detail);
        CTY_TRY(rest(place, until_ms, error));
    }
}

static custody_err read_file(void *context, const struct cty_tile_path *what, struct cty_buf *out, custody_error *error)
{
    struct place *place = context;
    char name[CTY_TILE_PATH_SIZE];
    char url[CTY_FETCH_URL_BYTES_MAX + 1];
    cty_tile_path_format(what, name);
    if (snprintf(url, sizeof(url), "%s/%s", place->prefix, name) >= (int)sizeof(url))
        return cty_fail(error, CUSTODY_E_CONFIG, "the address of %s is too long", name);
    CTY_TRY(ask(place, url, error));
    custody_err err = cty_buf_put_bytes(out, cty_buf_bytes(&place->answer.body));
    return err == CUSTODY_OK ? err : cty_fail(error, err, "%s", name);
}

static void place_done(void *context)
{
    struct place *place = context;
    cty_fetch_close(place->fetch);
    cty_fetch_answer_done(&place->answer);
    free(place->prefix);
    free(place->bearer);
    free(place);
}

static custody_err open_place(struct place *place, const struct cty_tile_http_config *config, custody_error *error)
{
    const struct cty_fetch_config fetch = {.connect_ms = CONNECT_MS,
                                           .total_ms = config->patience_ms,
                                           .body_max = CTY_TILE_BUNDLE_BYTES_MAX,
                                           .authority = config->authority,
                                           .stop = config->stop};
    struct cty_bytes prefix = cty_bytes_text(config->url);
    while (prefix.size > 0 && prefix.data[prefix.size - 1] == '/')
        prefix.size--;
    CTY_TRY(cty_fetch_url_check(config->url, error));
    place->prefix = cty_bytes_dup_text(prefix);
    place->bearer = config->bearer ? cty_bytes_dup_text(cty_bytes_text(config->bearer)) : NULL;
    if (!place->prefix || (config->bearer && !place->bearer))
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    return cty_fetch_open(&fetch, &place->fetch, error);
}

custody_err cty_tile_http_open(const struct cty_tile_http_config *config, struct cty_tile_files *ret_files,
                               custody_error *error)
{
    CTY_CHECK(config->patience_ms > 0);
    struct place *place = cty_alloc(1, sizeof(*place));
    if (!place)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    place->patience_ms = config->patience_ms;
    place->stop = config->stop;
    place->key = config->key;
    custody_err err = open_place(place, config, error);
    if (err != CUSTODY_OK) {
        place_done(place);
        return err;
    }
    *ret_files = (struct cty_tile_files){place, read_file, place_done};
    return CUSTODY_OK;
}
