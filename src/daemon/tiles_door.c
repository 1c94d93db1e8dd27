/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     GET, HEAD   checkpoint, tile/...                     open, but for bundles of entries where readers are members
 *     GET         session/challenge       \  members only: a claim, signed and brought here,
 *     POST        session/open            /  for a token that is shown with each bundle
 *
 * Everything is answered on the door's own threads, each with a worker of its own, from one snapshot.
 */
#include "daemon/tiles.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"
#include "daemon/log.h"
#include "daemon/reads.h"

#define BINARY "application/octet-stream"
#define JSON "application/json"
#define READING "GET, HEAD"
/* Of a hash's digits in an entity tag. */
#define TAG_BYTES 16u

struct cty_tiles {
    struct cty_service *service;
    struct cty_http *http;
    struct cty_worker *workers; /* one for each thread */
    unsigned workers_count;
    struct cty_bearer bearer;
    char names[CTY_URLS_PER_DOOR_MAX][CTY_URL_BYTES_MAX + 1];
    size_t names_count;
    atomic_bool serving;
};

/* --- problems ------------------------------------------------------------------------------------------------------ */

static void log_fault(custody_err err, const custody_error *error)
{
    if (custody_err_class_get(err) == CUSTODY_CLASS_FAULT && err != CUSTODY_E_BUSY)
        cty_log(CTY_LOG_ERROR, "answer", "code", "s", custody_err_name(err), "detail", "s", error->detail, NULL);
}

static custody_err answer_problem(struct cty_http_answer *answer, custody_err err, const custody_error *error)
{
    log_fault(err, error);
    answer->challenge = err == CUSTODY_E_NO_SESSION ? "Bearer realm=\"custody\"" : NULL;
    answer->retry_after_s = err == CUSTODY_E_BUSY ? 1 : 0;
    return cty_http_problem_code(answer, err, error->code == err ? error->detail : "");
}

/* --- who reads ------------------------------------------------------------------------------------------------------ */

static bool is_bearer(struct cty_bytes authorization, struct cty_bytes *ret_token)
{
    static const char scheme[] = "Bearer ";
    size_t size = sizeof(scheme) - 1;
    if (authorization.size <= size || strncasecmp((const char *)authorization.data, scheme, size) != 0)
        return false;
    *ret_token = cty_bytes_make(authorization.data + size, authorization.size - size);
    return true;
}

/* A token is good while the actor's key is the one that signed for it. */
static custody_err check_reader(struct cty_tiles *tiles, struct cty_worker *worker, struct cty_bytes authorization,
                                custody_error *error)
{
    struct cty_actor_record record;
    struct cty_bytes token;
    uint32_t rotation = 0;
    if (!is_bearer(authorization, &token))
        return cty_fail(error, CUSTODY_E_NO_SESSION, "entries are for members; spec/tiles.md says how to get a token");
    custody_err err = cty_bearer_find(&tiles->bearer, token, worker->actor, &rotation);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "the token is not known, or has ended");
    err = cty_session_actor(worker, cty_bytes_text(worker->actor), &record, error);
    bool ended = err == CUSTODY_E_KEY_UNKNOWN || err == CUSTODY_E_KEY_NOT_VALID ||
                 (err == CUSTODY_OK && record.former_count != rotation);
    return ended ? cty_fail(error, CUSTODY_E_NO_SESSION, "it ended with its actor's key") : err;
}

/* --- files ---------------------------------------------------------------------------------------------------------- */

static void tag(struct cty_http_answer *answer, const char *kind, struct cty_bytes content)
{
    struct cty_hash hash = cty_sha256(content);
    int at = snprintf(answer->tag, sizeof(answer->tag), "%s", kind);
    for (size_t i = 0; i < TAG_BYTES; i++)
        at += snprintf(answer->tag + at, sizeof(answer->tag) - (size_t)at, "%02x", hash.bytes[i]);
}

static custody_err serve_checkpoint(struct cty_worker *worker, struct cty_http_answer *answer, custody_error *error)
{
    struct cty_store_mark mark;
    struct cty_bytes note;
    CTY_TRY(cty_read_note(worker, &mark, &note, error));
    tag(answer, "c", note);
    answer->cache = CTY_HTTP_SHORT;
    return cty_buf_put_bytes(&answer->body, note);
}

static custody_err serve_hashes(struct cty_worker *worker, const struct cty_tile_path *path,
                                struct cty_http_answer *answer, custody_error *error)
{
    answer->type = BINARY;
    answer->cache = CTY_HTTP_FOREVER;
    CTY_TRY(cty_tiles_read_hashes(worker->reader, path, &answer->body, error));
    tag(answer, "h", cty_buf_bytes(&answer->body));
    return CUSTODY_OK;
}

/* The hashes of its leaves say what is in a bundle, so who has it already is told so without it being read. */
static custody_err serve_entries(struct cty_worker *worker, const struct cty_tile_path *path, bool for_members,
                                 const struct cty_http_request *request, struct cty_http_answer *answer, custody_error *error)
{
    struct cty_buf *hashes = &worker->texts[0];
    cty_buf_clear(hashes);
    CTY_TRY(cty_tiles_read_hashes(worker->reader, path, hashes, error));
    tag(answer, "e", cty_buf_bytes(hashes));
    answer->type = BINARY;
    answer->cache = for_members ? CTY_HTTP_PRIVATE : CTY_HTTP_FOREVER;
    if (cty_http_tag_matches(request->if_none_match, answer->tag))
        return CUSTODY_OK;
    return cty_tiles_read(worker->reader, path, &answer->body, error);
}

static custody_err serve_file(struct cty_tiles *tiles, struct cty_worker *worker, const struct cty_tile_path *path,
                              const struct cty_http_request *request, struct cty_http_answer *answer, custody_error *error)
{
    bool for_members = cty_tiles_is_for_members(worker->service, path);
    if (for_members)
        CTY_TRY(check_reader(tiles, worker, request->authorization, error));
    switch (path->kind) {
    case CTY_TILE_CHECKPOINT:
        return serve_checkpoint(worker, answer, error);
    case CTY_TILE_HASHES:
        return serve_hashes(worker, path, answer, error);
    case CTY_TILE_ENTRIES:
        return serve_entries(worker, path, for_members, request, answer, error);
    }
    return CUSTODY_E_INTERNAL;
}

/* --- sessions ------------------------------------------------------------------------------------------------------- */

/*
 * With a proxy in front, a claim for the plain door behind it could come from another machine, where somebody else stands
 * at that address: then only the proxy's addresses count.
 */
static custody_err check_door(void *context, struct cty_worker *worker, const struct cty_session_claim *claim,
                              custody_error *error)
{
    const struct cty_tiles *tiles = context;
    char name[CTY_URL_BYTES_MAX + 1];
    bool ours = false;
    (void)worker;
    if (claim->certificate.present)
        return cty_fail(error, CUSTODY_E_BAD_SESSION, "a certificate of a door that shows none");
    if (cty_tiles_name_parse(claim->door, name, NULL) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_BAD_SESSION, "the door is no address of HTTP");
    for (size_t i = 0; i < tiles->names_count; i++)
        ours = ours || strcmp(tiles->names[i], name) == 0;
    if (tiles->names_count == 0)
        ours = strcmp(cty_http_url(tiles->http), name) == 0;
    return ours ? CUSTODY_OK : cty_fail(error, CUSTODY_E_BAD_SESSION, "the door is not ours: http_names lists those that are");
}

static custody_err put_challenge(struct cty_worker *worker, struct cty_http_answer *answer)
{
    union cty_rpc_result result = {.session_challenge = {.expires = 0}};
    struct cty_jw jw;
    cty_sessions_challenge(&worker->service->sessions, result.session_challenge.server_nonce,
                           &result.session_challenge.expires);
    cty_jw_begin(&jw, &answer->body);
    cty_shape_encode(cty_rpc_method(CTY_RPC_SESSION_CHALLENGE)->result, NULL, &result, &jw);
    answer->type = JSON;
    return cty_jw_end(&jw);
}

/* Names and base64 have nothing that JSON escapes. */
static custody_err open_session(struct cty_tiles *tiles, struct cty_worker *worker, struct cty_bytes envelope,
                                struct cty_http_answer *answer, custody_error *error)
{
    struct cty_session_claim claim;
    uint32_t rotation = 0;
    CTY_TRY(cty_session_accept(worker, envelope, check_door, tiles, &claim, &rotation, error));
    uint64_t expires = cty_clock_wall(&worker->service->custodian->clock) + CTY_BEARER_MS_MAX;
    answer->type = JSON;
    CTY_TRY(cty_buf_putf(&answer->body, "{\"actor\":\"%.*s\",\"expires\":%" PRIu64 ",\"token\":\"", (int)claim.actor.size,
                         (const char *)claim.actor.data, expires));
    CTY_TRY(cty_bearer_make(&tiles->bearer, claim.actor, rotation, &answer->body));
    return cty_buf_put_text(&answer->body, "\"}");
}

/* --- requests ------------------------------------------------------------------------------------------------------- */

enum place { FILES, CHALLENGE, OPENING, NOWHERE };

static enum place find_place(const struct cty_tiles *tiles, const char *path, struct cty_tile_path *ret_path,
                             custody_error *error)
{
    bool members = tiles->service->custodian->readers != CTY_READERS_PUBLIC;
    if (path[0] == '/' && cty_tile_path_parse(cty_bytes_text(path + 1), ret_path) == CUSTODY_OK)
        return FILES;
    if (members && strcmp(path, "/session/challenge") == 0)
        return CHALLENGE;
    if (members && strcmp(path, "/session/open") == 0)
        return OPENING;
    if (strncmp(path, "/tile/", 6) == 0)
        cty_fail(error, CUSTODY_E_BAD_PARAMS, "no tile is written like this");
    else
        cty_fail(error, CUSTODY_E_NOT_FOUND, "there are checkpoint, tile/LEVEL/INDEX and tile/entries/INDEX");
    return NOWHERE;
}

static custody_err do_request(struct cty_tiles *tiles, struct cty_worker *worker, const struct cty_http_request *request,
                              struct cty_http_answer *answer, custody_error *error)
{
    struct cty_tile_path path;
    enum place place = find_place(tiles, request->path, &path, error);
    bool posted = request->method == CTY_HTTP_POST;
    if (place == NOWHERE)
        return error->code;
    if (posted != (place == OPENING))
        return cty_http_problem_method(answer, place == OPENING ? "POST" : READING);
    if (place == CHALLENGE)
        return put_challenge(worker, answer);
    CTY_TRY(cty_store_begin_read(worker->reader, error));
    cty_book_reset(&worker->book);
    custody_err err = place == OPENING ? open_session(tiles, worker, request->body, answer, error)
                                       : serve_file(tiles, worker, &path, request, answer, error);
    cty_store_end_read(worker->reader);
    return err;
}

static custody_err on_request(void *user, const struct cty_http_request *request, struct cty_http_answer *answer)
{
    struct cty_tiles *tiles = user;
    struct cty_worker *worker = &tiles->workers[request->thread];
    custody_error error = {0};
    if (!atomic_load_explicit(&tiles->serving, memory_order_acquire)) {
        custody_err busy = cty_fail(&error, CUSTODY_E_BUSY, "the custodian starts");
        return answer_problem(answer, busy, &error);
    }
    uint64_t newest = cty_head_time(&worker->service->head);
    worker->now = cty_clock_wall(&worker->service->custodian->clock);
    worker->now = newest > worker->now ? newest : worker->now;
    custody_err err = do_request(tiles, worker, request, answer, &error);
    return err == CUSTODY_OK ? CUSTODY_OK : answer_problem(answer, err, &error);
}

/* --- opening and closing -------------------------------------------------------------------------------------------- */

custody_err cty_tiles_check(const struct cty_config *config, enum cty_readers readers, custody_error *error)
{
    struct cty_net_url url;
    bool here = true;
    if (!config->http)
        return CUSTODY_OK;
    CTY_TRY(cty_http_url_parse_any(config->http, &url, &here, error));
    if (here || readers == CTY_READERS_PUBLIC)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_CONFIG,
                    "http: entries of this ledger are for members, so the door is for this machine; put a proxy with TLS in front");
}

static custody_err read_names(struct cty_tiles *tiles, const struct cty_config *config, custody_error *error)
{
    for (size_t i = 0; i < config->http_names_count; i++)
        CTY_TRY(cty_tiles_name_parse(cty_bytes_text(config->http_names[i]), tiles->names[tiles->names_count++], error));
    return CUSTODY_OK;
}

static custody_err open_workers(struct cty_tiles *tiles, const char *path, custody_error *error)
{
    tiles->workers = cty_alloc(CTY_TILES_THREADS, sizeof(*tiles->workers));
    if (!tiles->workers)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    while (tiles->workers_count < CTY_TILES_THREADS)
        CTY_TRY(cty_worker_open(&tiles->workers[tiles->workers_count++], tiles->service, path, error));
    return CUSTODY_OK;
}

static custody_err open_door(struct cty_tiles *tiles, const struct cty_config *config, custody_error *error)
{
    enum cty_readers readers = (enum cty_readers)tiles->service->custodian->readers;
    const struct cty_http_config http = {.url = config->http, .threads = CTY_TILES_THREADS,
                                         .answer_max = CTY_BUNDLE_BYTES_MAX,
                                         .body_max = readers == CTY_READERS_PUBLIC ? 0 : CTY_ENVELOPE_BYTES_MAX,
                                         .answer = on_request, .user = tiles};
    CTY_TRY(cty_tiles_check(config, readers, error));
    CTY_TRY(read_names(tiles, config, error));
    CTY_TRY(open_workers(tiles, config->ledger, error));
    return cty_http_open(&http, &tiles->http, error);
}

custody_err cty_tiles_open(struct cty_service *service, const struct cty_config *config, struct cty_tiles **ret_tiles,
                           custody_error *error)
{
    struct cty_tiles *tiles = cty_alloc(1, sizeof(*tiles));
    if (!tiles)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    tiles->service = service;
    atomic_init(&tiles->serving, false);
    cty_bearer_init(&tiles->bearer, &service->custodian->clock);
    custody_err err = open_door(tiles, config, error);
    if (err != CUSTODY_OK) {
        cty_tiles_close(tiles);
        return err;
    }
    *ret_tiles = tiles;
    return CUSTODY_OK;
}

void cty_tiles_serving(struct cty_tiles *tiles)
{
    if (tiles)
        atomic_store_explicit(&tiles->serving, true, memory_order_release);
}

const char *cty_tiles_url(const struct cty_tiles *tiles)
{
    return cty_http_url(tiles->http);
}

void cty_tiles_get_counts(struct cty_tiles *tiles, struct cty_http_counts *ret_counts)
{
    cty_http_get_counts(tiles->http, ret_counts);
}

void cty_tiles_close(struct cty_tiles *tiles)
{
    if (!tiles)
        return;
    cty_http_close(tiles->http);
    for (unsigned i = 0; i < tiles->workers_count; i++)
        cty_worker_close(&tiles->workers[i]);
    free(tiles->workers);
    cty_wipe(&tiles->bearer.secret, sizeof(tiles->bearer.secret));
    free(tiles);
}
