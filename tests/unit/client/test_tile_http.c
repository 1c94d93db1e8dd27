/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles over HTTP: what each answer of a server means, when it is asked again, and when that ends. */
#include "tile_rig.h"

#include <stdatomic.h>

#include "client/tile_http.h"
#include "client/tiles.h"
#include "net/http.h"

#define PREFIX "/some/log/"
#define PATIENCE_MS 60000

struct server {
    struct tile_rig rig;
    struct cty_http *http;
    char url[CTY_URL_BYTES_MAX + sizeof(PREFIX)];
    atomic_uint asked;
    /* The next so many answers have this status. */
    atomic_uint refuse_count;
    unsigned refuse_status;
    uint64_t retry_after_s;
    const char *wants_bearer;
    atomic_bool *stop; /* set when somebody asks */
};

static custody_err refuse(struct server *server, struct cty_http_answer *answer)
{
    answer->status = server->refuse_status;
    answer->retry_after_s = server->retry_after_s;
    return CUSTODY_OK;
}

/* Another thread than the test's. */
static custody_err give(struct server *server, const char *path, struct cty_http_answer *answer)
{
    struct cty_tile_path what;
    if (strncmp(path, PREFIX, strlen(PREFIX)) != 0 ||
        cty_tile_path_parse(cty_bytes_text(path + strlen(PREFIX)), &what) != CUSTODY_OK) {
        answer->status = 404;
        return CUSTODY_OK;
    }
    answer->type = "application/octet-stream";
    custody_err err = server->rig.files.read(server->rig.files.context, &what, &answer->body, NULL);
    answer->status = err == CUSTODY_OK ? 200 : 404;
    return CUSTODY_OK;
}

static custody_err answer_one(void *user, const struct cty_http_request *request, struct cty_http_answer *answer)
{
    struct server *server = user;
    atomic_fetch_add(&server->asked, 1);
    if (server->stop)
        atomic_store(server->stop, true);
    if (server->wants_bearer && !cty_bytes_is(request->authorization, server->wants_bearer)) {
        answer->status = 401;
        return CUSTODY_OK;
    }
    if (atomic_load(&server->refuse_count) > 0) {
        atomic_fetch_sub(&server->refuse_count, 1);
        return refuse(server, answer);
    }
    return give(server, request->path, answer);
}

static void server_open(struct server *server, uint64_t size)
{
    const struct cty_http_config config = {.url = "http://127.0.0.1:0", .answer = answer_one, .user = server};
    *server = (struct server){.refuse_status = 503};
    tile_rig_open(&server->rig, size);
    assert_ok(cty_http_open(&config, &server->http, NULL));
    snprintf(server->url, sizeof(server->url), "%s" PREFIX, cty_http_url(server->http));
}

static void server_close(struct server *server)
{
    cty_http_close(server->http);
    tile_rig_close(&server->rig);
}

static void refuse_next(struct server *server, unsigned count, unsigned status)
{
    server->refuse_status = status;
    atomic_store(&server->refuse_count, count);
    atomic_store(&server->asked, 0);
}

/* One tile of 300 entries, by a place of its own. */
static custody_err read_one(const struct cty_tile_http_config *config, unsigned width, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(CTY_TILE_WIDTH * CTY_HASH_SIZE);
    struct cty_tile_files files = {0};
    assert_ok(cty_tile_http_open(config, &files, NULL));
    custody_err err = cty_tile_files_tile(&files, 0, 1, width, &out, error);
    assert_true(err != CUSTODY_OK || out.size == (size_t)width * CTY_HASH_SIZE);
    cty_tile_files_done(&files);
    return err;
}

static custody_err read_with(const struct server *server, uint64_t patience_ms)
{
    const struct cty_tile_http_config config = {.url = server->url, .patience_ms = patience_ms};
    custody_error error = {0};
    custody_err err = read_one(&config, 44, &error);
    assert_int_equal(err, error.code);
    return err;
}

static void a_ledger_is_proven_over_http(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_buf_done) struct cty_buf bundle = CTY_BUF_INIT(CTY_TILE_BUNDLE_BYTES_MAX);
    struct server server;
    struct cty_tile_files files = {0};
    struct cty_tiles *tiles = NULL;
    server_open(&server, 700);
    const struct cty_tile_http_config config = {.url = server.url, .patience_ms = PATIENCE_MS};
    const struct cty_hash root = tile_rig_root(&server.rig, 700);
    assert_ok(cty_tile_http_open(&config, &files, NULL));
    assert_ok(cty_tiles_new(&files, &tiles));
    assert_ok(cty_tiles_trust(tiles, 700, &root, NULL));
    for (uint64_t n = 0; n < 3; n++) {
        struct cty_bytes texts[CTY_TILE_WIDTH];
        unsigned count = 0;
        assert_ok(cty_tiles_entries(tiles, n, &bundle, texts, &count, NULL));
        assert_int_equal(count, n < 2 ? 256 : 188);
    }
    cty_tiles_free(tiles);
    cty_tile_files_done(&files);
    server_close(&server);
}

static void a_partial_tile_that_is_gone_is_read_from_the_full_one(void **state)
{
    (void)state;
    struct server server;
    server_open(&server, 512);
    const struct cty_tile_http_config config = {.url = server.url, .patience_ms = PATIENCE_MS};
    assert_ok(read_one(&config, 44, NULL));
    assert_int_equal(atomic_load(&server.asked), 2);
    server_close(&server);
}

static void a_status_says_what_hinders(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *code;
    } rows[] = {{401, "session-needed"}, {403, "forbidden"}, {404, "not-found"},   {410, "not-found"},
                {301, "unreachable"},    {302, "unreachable"}, {400, "unreachable"}, {206, "unreachable"}};
    struct server server;
    server_open(&server, 300);
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        refuse_next(&server, 2, rows[i].status);
        assert_refused(read_with(&server, PATIENCE_MS), rows[i].code);
        /* None of them is asked again, but for the full tile in place of what is not there. */
        assert_int_equal(atomic_load(&server.asked), rows[i].status == 404 || rows[i].status == 410 ? 2 : 1);
    }
    refuse_next(&server, 0, 503);
    assert_ok(read_with(&server, PATIENCE_MS));
    server_close(&server);
}

static void who_is_busy_is_asked_again(void **state)
{
    (void)state;
    static const unsigned statuses[] = {503, 429, 500, 502};
    struct server server;
    server_open(&server, 300);
    for (size_t i = 0; i < CTY_COUNT_OF(statuses); i++) {
        refuse_next(&server, 2, statuses[i]);
        assert_ok(read_with(&server, PATIENCE_MS));
        assert_int_equal(atomic_load(&server.asked), 3);
    }
    server_close(&server);
}

static void patience_ends(void **state)
{
    (void)state;
    struct server server;
    server_open(&server, 300);
    refuse_next(&server, 1000000, 503);
    assert_refused(read_with(&server, 300), "busy");
    refuse_next(&server, 1000000, 500);
    assert_refused(read_with(&server, 300), "unreachable");
    /* Who says that it takes longer than that is not waited for. */
    server.retry_after_s = 3600;
    refuse_next(&server, 1000000, 503);
    assert_refused(read_with(&server, PATIENCE_MS), "busy");
    assert_int_equal(atomic_load(&server.asked), 1);
    server_close(&server);
    assert_refused(read_with(&server, 300), "unreachable");
}

static void waiting_is_cancelled(void **state)
{
    (void)state;
    atomic_bool stop = false;
    struct server server;
    server_open(&server, 300);
    const struct cty_tile_http_config config = {.url = server.url, .patience_ms = PATIENCE_MS, .stop = &stop};
    assert_ok(read_one(&config, 44, NULL));
    server.stop = &stop;
    refuse_next(&server, 1000000, 503);
    assert_refused(read_one(&config, 44, NULL), "wait-interrupted");
    assert_int_equal(atomic_load(&server.asked), 1);
    server_close(&server);
}

static void a_reader_shows_its_token(void **state)
{
    (void)state;
    struct server server;
    server_open(&server, 300);
    server.wants_bearer = "Bearer abc-123";
    struct cty_tile_http_config config = {.url = server.url, .patience_ms = PATIENCE_MS};
    assert_refused(read_one(&config, 44, NULL), "session-needed");
    config.bearer = "abc-124";
    assert_refused(read_one(&config, 44, NULL), "session-needed");
    config.bearer = "abc-123";
    assert_ok(read_one(&config, 44, NULL));
    server_close(&server);
}

static void an_address_is_checked_at_once(void **state)
{
    (void)state;
    static const char *const urls[] = {"", "file:///srv", "/srv/log", "ftp://a/", "http://me@a/"};
    struct cty_tile_files files = {0};
    for (size_t i = 0; i < CTY_COUNT_OF(urls); i++) {
        const struct cty_tile_http_config config = {.url = urls[i], .patience_ms = 1};
        assert_refused(cty_tile_http_open(&config, &files, NULL), "config");
    }
    const struct cty_tile_http_config config = {.url = "https://a/", .patience_ms = 1, .authority = "/nowhere/ca.pem"};
    assert_refused(cty_tile_http_open(&config, &files, NULL), "config");
    assert_null(files.context);
}

static void a_lie_over_http_is_none_the_better(void **state)
{
    (void)state;
    struct server server;
    server_open(&server, 300);
    tile_rig_lie(&server.rig, RIG_CUTS, CTY_TILE_HASHES, 0, 1, 44, 0);
    assert_refused(read_with(&server, PATIENCE_MS), "bad-tile");
    tile_rig_lie(&server.rig, RIG_ADDS, CTY_TILE_HASHES, 0, 1, 44, 0);
    assert_refused(read_with(&server, PATIENCE_MS), "bad-tile");
    server_close(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ledger_is_proven_over_http),
        cmocka_unit_test(a_partial_tile_that_is_gone_is_read_from_the_full_one),
        cmocka_unit_test(a_status_says_what_hinders),
        cmocka_unit_test(who_is_busy_is_asked_again),
        cmocka_unit_test(patience_ends),
        cmocka_unit_test(waiting_is_cancelled),
        cmocka_unit_test(a_reader_shows_its_token),
        cmocka_unit_test(an_address_is_checked_at_once),
        cmocka_unit_test(a_lie_over_http_is_none_the_better),
    };
    return cmocka_run_group_tests(tests, crypto_setup, NULL);
}
