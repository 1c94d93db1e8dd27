/* SPDX-License-Identifier: Apache-2.0 */
#include "net/fetch.h"

#include <curl/curl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"

/* Slower than this for so long, and it is not waited for. */
#define SLOW_BYTES_S 64L
#define SLOW_S 20L

struct cty_fetch {
    CURL *curl;
    CURLU *url;
    const atomic_bool *stop;
    size_t body_max;
    char words[CURL_ERROR_SIZE]; /* what the library says of a failure */
    /* Of the request that runs. */
    struct cty_fetch_answer *answer;
    size_t header_size;
    bool header_ended;
    custody_err kept; /* why a callback ended it */
};

/* --- the library ------------------------------------------------------------------------------------------- */

static pthread_once_t begun = PTHREAD_ONCE_INIT;
static CURLcode begun_code = CURLE_FAILED_INIT;

static void begin(void)
{
    begun_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static custody_err begin_once(custody_error *error)
{
    CTY_CHECK(pthread_once(&begun, begin) == 0);
    if (begun_code == CURLE_OK)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_NO_MEMORY, "libcurl did not start: %s", curl_easy_strerror(begun_code));
}

/* --- addresses --------------------------------------------------------------------------------------------- */

static void free_text(char **text)
{
    curl_free(*text);
}
#define AUTO_TEXT CTY_CLEANUP(free_text)

static bool is_this_machine(const char *host)
{
    static const char first[] = "127.";
    if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
        return true;
    /* In numbers, as libcurl writes an address: a name may begin like one. */
    return strncmp(host, first, strlen(first)) == 0 && strspn(host, "0123456789.") == strlen(host);
}

/* A token is worth as much as what it opens, and comes from others: nothing of it may end the line that it stands in. */
static custody_err check_bearer(const char *bearer, const char *scheme, const char *host, custody_error *error)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
    size_t size = strlen(bearer);
    if (size == 0 || size > CTY_FETCH_URL_BYTES_MAX || strspn(bearer, letters) != size)
        return cty_fail(error, CUSTODY_E_CONFIG, "the token for %s has not the form of one", host);
    if (strcmp(scheme, "https") == 0 || is_this_machine(host))
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_CONFIG, "a token for %s must go over https", host);
}

static custody_err check_parts(CURLU *url, const char *text, const char *bearer, custody_error *error)
{
    AUTO_TEXT char *scheme = NULL;
    AUTO_TEXT char *host = NULL;
    AUTO_TEXT char *user = NULL;
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS);
    if (code != CURLUE_OK)
        return cty_fail(error, CUSTODY_E_CONFIG, "%.128s: %s", text, curl_url_strerror(code));
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        return cty_fail(error, CUSTODY_E_CONFIG, "%.128s: only http:// and https://", text);
    if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK || host[0] == '\0')
        return cty_fail(error, CUSTODY_E_CONFIG, "%.128s: no host", text);
    if (curl_url_get(url, CURLUPART_USER, &user, 0) != CURLUE_NO_USER)
        return cty_fail(error, CUSTODY_E_CONFIG, "%.128s: no user and password in an address", host);
    return bearer ? check_bearer(bearer, scheme, host, error) : CUSTODY_OK;
}

/* The library reads more and fewer slashes as two. */
static bool has_two_slashes(const char *text)
{
    const char *colon = strchr(text, ':');
    return colon && strncmp(colon, "://", 3) == 0 && colon[3] != '/';
}

static custody_err check_text(const char *text, custody_error *error)
{
    size_t size = strlen(text);
    if (size > CTY_FETCH_URL_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_CONFIG, "an address of %zu bytes; %u are most", size, CTY_FETCH_URL_BYTES_MAX);
    for (size_t i = 0; i < size; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return cty_fail(error, CUSTODY_E_CONFIG, "%.128s: no such byte stands in an address", text);
    }
    if (!has_two_slashes(text))
        return cty_fail(error, CUSTODY_E_CONFIG, "%.128s: http://HOST or https://HOST is wanted", text);
    return CUSTODY_OK;
}

custody_err cty_fetch_url_check(const char *url, custody_error *error)
{
    CTY_TRY(check_text(url, error));
    CURLU *parts = curl_url();
    if (!parts)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    custody_err err = check_parts(parts, url, NULL, error);
    curl_url_cleanup(parts);
    return err;
}

/* --- what comes -------------------------------------------------------------------------------------------- */

/* Anything but the size ends the request. */
static size_t on_body(char *data, size_t one, size_t size, void *user)
{
    struct cty_fetch *fetch = user;
    fetch->kept = cty_buf_put(&fetch->answer->body, data, one * size);
    return fetch->kept == CUSTODY_OK ? one * size : CURL_WRITEFUNC_ERROR;
}

/* Line by line. The library takes a header that is cut off for a whole one, so its end is looked for here. */
static size_t on_header(char *data, size_t one, size_t size, void *user)
{
    struct cty_fetch *fetch = user;
    struct cty_bytes line = cty_bytes_make(data, one * size);
    if (cty_bytes_is(line, "\r\n") || cty_bytes_is(line, "\n"))
        fetch->header_ended = true;
    else if (line.size > 5 && memcmp(line.data, "HTTP/", 5) == 0)
        fetch->header_ended = false; /* after one of status 100 */
    fetch->header_size += one * size;
    if (fetch->header_size <= CTY_FETCH_HEADER_BYTES_MAX)
        return one * size;
    fetch->kept = CUSTODY_E_TOO_LARGE;
    return CURL_WRITEFUNC_ERROR;
}

/* Called at least once a second. */
static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct cty_fetch *fetch = user;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    if (!fetch->stop || !atomic_load(fetch->stop))
        return 0;
    fetch->kept = CUSTODY_E_CANCELLED_WAIT;
    return 1;
}

/* --- opening ----------------------------------------------------------------------------------------------- */

/* The first that fails is told; the later ones do no harm. */
#define SET(option, value)                                                                             \
    do {                                                                                               \
        CURLcode set_code_ = curl_easy_setopt(curl, option, value);                                    \
        if (code == CURLE_OK)                                                                          \
            code = set_code_;                                                                          \
    } while (0)

static CURLcode set_manners(CURL *curl)
{
    CURLcode code = CURLE_OK;
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_USERAGENT, "custody");
    return code;
}

static long as_long(uint64_t number)
{
    return number < (uint64_t)LONG_MAX ? (long)number : LONG_MAX;
}

static CURLcode set_limits(CURL *curl, const struct cty_fetch_config *config)
{
    CURLcode code = CURLE_OK;
    SET(CURLOPT_CONNECTTIMEOUT_MS, as_long(config->connect_ms));
    SET(CURLOPT_TIMEOUT_MS, as_long(config->total_ms));
    SET(CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_S);
    SET(CURLOPT_LOW_SPEED_TIME, SLOW_S);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)config->body_max);
    if (config->authority) {
        SET(CURLOPT_CAINFO, config->authority);
        SET(CURLOPT_CAPATH, NULL);
    }
    return code;
}

static CURLcode set_callbacks(CURL *curl, struct cty_fetch *fetch)
{
    CURLcode code = CURLE_OK;
    SET(CURLOPT_ERRORBUFFER, fetch->words);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, fetch);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, fetch);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, fetch);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_CURLU, fetch->url);
    return code;
}

static custody_err open_handle(struct cty_fetch *fetch, const struct cty_fetch_config *config, custody_error *error)
{
    fetch->curl = curl_easy_init();
    fetch->url = curl_url();
    if (!fetch->curl || !fetch->url)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    CURLcode code = set_manners(fetch->curl);
    if (code == CURLE_OK)
        code = set_limits(fetch->curl, config);
    if (code == CURLE_OK)
        code = set_callbacks(fetch->curl, fetch);
    if (code == CURLE_OK)
        return CUSTODY_OK;
    return cty_fail(error, code == CURLE_OUT_OF_MEMORY ? CUSTODY_E_NO_MEMORY : CUSTODY_E_INTERNAL, "libcurl: %s",
                    curl_easy_strerror(code));
}

custody_err cty_fetch_open(const struct cty_fetch_config *config, struct cty_fetch **ret_fetch, custody_error *error)
{
    CTY_CHECK(config->connect_ms > 0 && config->total_ms > 0 && config->body_max > 0 && config->body_max <= INT64_MAX);
    CTY_TRY(begin_once(error));
    if (config->authority && access(config->authority, R_OK) != 0)
        return cty_fail(error, CUSTODY_E_CONFIG, "%.128s can't be read", config->authority);
    struct cty_fetch *fetch = cty_alloc(1, sizeof(*fetch));
    if (!fetch)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    fetch->stop = config->stop;
    fetch->body_max = config->body_max;
    custody_err err = open_handle(fetch, config, error);
    if (err != CUSTODY_OK) {
        cty_fetch_close(fetch);
        return err;
    }
    *ret_fetch = fetch;
    return CUSTODY_OK;
}

void cty_fetch_close(struct cty_fetch *fetch)
{
    if (!fetch)
        return;
    curl_easy_cleanup(fetch->curl);
    curl_url_cleanup(fetch->url);
    free(fetch);
}

void cty_fetch_answer_done(struct cty_fetch_answer *answer)
{
    cty_buf_done(&answer->body);
    *answer = (struct cty_fetch_answer){0};
}

/* --- requests ---------------------------------------------------------------------------------------------- */

static custody_err meaning(CURLcode code)
{
    switch ((int)code) {
    case CURLE_URL_MALFORMAT:
        return CUSTODY_E_CONFIG;
    case CURLE_OPERATION_TIMEDOUT:
        return CUSTODY_E_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_INITFAILED:
        return CUSTODY_E_TLS;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
        return CUSTODY_E_CERTIFICATE;
    case CURLE_FILESIZE_EXCEEDED:
        return CUSTODY_E_TOO_LARGE;
    case CURLE_OUT_OF_MEMORY:
        return CUSTODY_E_NO_MEMORY;
    default:
        /* Not found, not let in, cut off, or something that is no HTTP. */
        return CUSTODY_E_UNREACHABLE;
    }
}

static custody_err failed(const struct cty_fetch *fetch, CURLcode code, const char *url, custody_error *error)
{
    custody_err err = fetch->kept != CUSTODY_OK ? fetch->kept : meaning(code);
    return cty_fail(error, err, "%.128s: %s", url, fetch->words[0] ? fetch->words : curl_easy_strerror(code));
}

static custody_err read_head(struct cty_fetch *fetch, const char *url, custody_error *error)
{
    const char *type = NULL;
    long status = 0;
    curl_off_t after_s = 0;
    if (!fetch->header_ended)
        return cty_fail(error, CUSTODY_E_UNREACHABLE, "%.128s: the answer was cut off", url);
    if (curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status < 200 || status > 599)
        return cty_fail(error, CUSTODY_E_UNREACHABLE, "%.128s: a status of %ld", url, status);
    fetch->answer->status = (unsigned)status;
    if (curl_easy_getinfo(fetch->curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type)
        snprintf(fetch->answer->type, sizeof(fetch->answer->type), "%s", type);
    if (curl_easy_getinfo(fetch->curl, CURLINFO_RETRY_AFTER, &after_s) == CURLE_OK && after_s > 0)
        fetch->answer->retry_after_s =
            (uint64_t)after_s < CTY_FETCH_RETRY_AFTER_S_MAX ? (uint64_t)after_s : CTY_FETCH_RETRY_AFTER_S_MAX;
    return CUSTODY_OK;
}

static custody_err perform(struct cty_fetch *fetch, const char *url, custody_error *error)
{
    fetch->header_size = 0;
    fetch->header_ended = false;
    fetch->kept = CUSTODY_OK;
    fetch->words[0] = '\0';
    CURLcode code = curl_easy_perform(fetch->curl);
    return code == CURLE_OK ? read_head(fetch, url, error) : failed(fetch, code, url, error);
}

/* What is one request's alone; all else of the handle stays. */
struct request {
    const char *url;
    const char *type; /* of a POST */
    const char *bearer;
    struct cty_bytes body;
};

static custody_err add_line(struct curl_slist **list, const char *name, const char *value)
{
    char *line = NULL;
    if (asprintf(&line, "%s%s", name, value) < 0)
        return CUSTODY_E_NO_MEMORY;
    struct curl_slist *longer = curl_slist_append(*list, line);
    free(line);
    if (!longer)
        return CUSTODY_E_NO_MEMORY;
    *list = longer;
    return CUSTODY_OK;
}

static custody_err make_lines(const struct request *request, struct curl_slist **list)
{
    if (request->bearer)
        CTY_TRY(add_line(list, "Authorization: Bearer ", request->bearer));
    if (request->type) {
        CTY_TRY(add_line(list, "Content-Type: ", request->type));
        /* An empty one takes the library's own away: a server that does not know it would be waited for. */
        CTY_TRY(add_line(list, "Expect:", ""));
    }
    return CUSTODY_OK;
}

static CURLcode set_request(CURL *curl, const struct request *request, struct curl_slist *lines)
{
    CURLcode code = CURLE_OK;
    SET(CURLOPT_HTTPHEADER, lines);
    if (request->type) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, request->body.size > 0 ? (const void *)request->body.data : "");
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    } else {
        SET(CURLOPT_HTTPGET, 1L);
    }
    return code;
}

/* So that nothing borrowed stays behind in the handle. */
static void forget_request(CURL *curl)
{
    static const struct request nothing = {0};
    CTY_CHECK(set_request(curl, &nothing, NULL) == CURLE_OK && curl_easy_setopt(curl, CURLOPT_POSTFIELDS, NULL) == CURLE_OK);
    CTY_CHECK(curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK);
}

static custody_err run_request(struct cty_fetch *fetch, const struct request *request, struct curl_slist **lines,
                               custody_error *error)
{
    CTY_TRY(check_text(request->url, error));
    CTY_TRY(check_parts(fetch->url, request->url, request->bearer, error));
    if (on_progress(fetch, 0, 0, 0, 0) != 0)
        return cty_fail_code(error, fetch->kept);
    if (make_lines(request, lines) != CUSTODY_OK || set_request(fetch->curl, request, *lines) != CURLE_OK)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    return perform(fetch, request->url, error);
}

static custody_err run(struct cty_fetch *fetch, const struct request *request, struct cty_fetch_answer *answer,
                       custody_error *error)
{
    struct curl_slist *lines = NULL;
    cty_fetch_answer_done(answer);
    answer->body = CTY_BUF_INIT(fetch->body_max);
    fetch->answer = answer;
    custody_err err = run_request(fetch, request, &lines, error);
    forget_request(fetch->curl);
    curl_slist_free_all(lines);
    fetch->answer = NULL;
    if (err != CUSTODY_OK)
        cty_fetch_answer_done(answer);
    return err;
}

custody_err cty_fetch_get(struct cty_fetch *fetch, const char *url, const char *bearer, struct cty_fetch_answer *answer,
                          custody_error *error)
{
    const struct request request = {.url = url, .bearer = bearer};
    return run(fetch, &request, answer, error);
}

custody_err cty_fetch_post(struct cty_fetch *fetch, const char *url, const char *type, struct cty_bytes body,
                           struct cty_fetch_answer *answer, custody_error *error)
{
    const struct request request = {.url = url, .type = type, .body = body};
    return run(fetch, &request, answer, error);
}
