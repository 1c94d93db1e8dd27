/* SPDX-License-Identifier: Apache-2.0 */
/* Following: a log that grows, stays, goes back, splits; by a door that answers for itself, and by tiles over HTTP. */
#include <poll.h>

#include "ledger/tile_path.h"
#include "net/http.h"
#include "unit/witness/bench.h"
#include "witness/follow.h"

static struct bench bench;

/* What the log shows; both kinds of source read it. */
static struct shows {
    const struct history *history; /* of its tree */
    _Atomic uint64_t size;
    const struct history *root_of; /* of the root in its checkpoint; NULL: the same */
    bool lies_in_proofs;
    custody_err fails;
    bool damaged; /* a byte of each tile */
} shows;

static int setup(void **state)
{
    (void)state;
    bench_make(&bench);
    shows = (struct shows){.history = &straight};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_done(&bench);
    return 0;
}

static void show_note(struct cty_buf *out)
{
    note_put(&bench, shows.root_of ? shows.root_of : shows.history, shows.size, NULL, out);
}

static custody_err newest(void *context, struct cty_buf *note, custody_error *error)
{
    (void)context;
    (void)error;
    show_note(note);
    return shows.fails;
}

static custody_err consistency(void *context, uint64_t old_size, const struct cty_checkpoint *large,
                               struct cty_proof *ret_proof, struct cty_hash *ret_old_root, custody_error *error)
{
    struct cty_tree_reader reader = history_reader(shows.history);
    (void)context;
    (void)error;
    assert_ok(cty_tree_consistency(&reader, old_size, large->size, ret_proof));
    *ret_old_root = history_root(shows.history, old_size);
    if (shows.lies_in_proofs)
        ret_proof->hashes[0].bytes[0] ^= 1;
    return CUSTODY_OK;
}

static struct cty_witness_look look;

static custody_err look_by(const struct cty_witness_source *source, uint64_t at_s)
{
    return cty_witness_look_once(bench.witness, CTY_LITERAL(ORIGIN), source, at_s, &look, NULL);
}

static const struct cty_witness_source door = {.newest = newest, .consistency = consistency};
static const struct cty_witness_source cached = {.newest = newest, .consistency = consistency, .is_cached = true};

static custody_err see(const struct history *history, uint64_t size)
{
    shows.history = history;
    shows.size = size;
    return look_by(&door, 1);
}

static uint64_t stored(uint64_t *ret_time_s)
{
    struct cty_witness_log log = {.removed = false};
    assert_ok(cty_witness_get_log(bench.witness, CTY_LITERAL(ORIGIN), &log, NULL));
    uint64_t size = log.size;
    *ret_time_s = log.time_s;
    cty_witness_log_done(&log);
    return size;
}

static void assert_stored(uint64_t size, uint64_t time_s)
{
    uint64_t at_s = 0;
    assert_int_equal(stored(&at_s), size);
    assert_int_equal(at_s, time_s);
}

static void test_grows(void **state)
{
    (void)state;
    assert_ok(see(&straight, 0));
    assert_ok(see(&straight, 3));
    assert_ok(see(&straight, 8));
    assert_ok(see(&straight, 13));
    assert_stored(13, NOW_S);
    bench.now_s += CTY_WITNESS_FRESH_S_MAX - 1;
    assert_ok(see(&straight, 13));
    assert_stored(13, NOW_S);
    bench.now_s += 1;
    assert_ok(see(&straight, 13));
    assert_stored(13, NOW_S + CTY_WITNESS_FRESH_S_MAX);
}

static void test_unreachable(void **state)
{
    (void)state;
    shows.fails = CUSTODY_E_UNREACHABLE;
    assert_refused(see(&straight, 3), "unreachable");
    assert_stored(0, 0);
    shows.fails = CUSTODY_OK;
    assert_ok(see(&straight, 3));
}

static void test_splits(void **state)
{
    (void)state;
    assert_ok(see(&straight, 8));
    assert_refused(see(&forked_at_5, 12), "split-view"); /* a power of two: the door says the old root */
    assert_string_equal(bench_stopped(&bench).why, "fork");
    assert_refused(see(&straight, 12), "split-view");
    assert_stored(8, NOW_S);
    bench_clear(&bench);
    assert_ok(see(&straight, 12));
}

static void test_two_roots(void **state)
{
    (void)state;
    assert_ok(see(&straight, 8));
    assert_refused(see(&forked_at_5, 8), "split-view");
    assert_string_equal(bench_stopped(&bench).why, "two-roots");
}

static void test_its_own_proof_is_nothing(void **state)
{
    (void)state;
    assert_ok(see(&straight, 8));
    shows.lies_in_proofs = true;
    assert_refused(see(&straight, 12), "split-view");
    assert_string_equal(bench_stopped(&bench).why, "no-proof");
}

static void test_goes_back(void **state)
{
    (void)state;
    assert_ok(see(&straight, 8));
    assert_refused(see(&straight, 7), "went-back");
    assert_string_equal(bench_stopped(&bench).why, "went-back");
    assert_stored(8, NOW_S);
}

static void see_behind(uint64_t at_s, unsigned looks)
{
    shows.size = 7;
    for (unsigned i = 0; i < looks; i++)
        assert_refused(look_by(&cached, at_s), "went-back");
}

/* A cache may be behind for a while. */
static void test_a_cache_is_behind(void **state)
{
    (void)state;
    look = (struct cty_witness_look){.behind_since_s = 0};
    shows.size = 8;
    assert_ok(look_by(&cached, 1));
    see_behind(100, CTY_WITNESS_BACK_LOOKS_MIN);
    see_behind(99 + CTY_WITNESS_BACK_S_MAX, CTY_WITNESS_BACK_LOOKS_MIN);
    assert_string_equal(bench_stopped(&bench).why, "");
    shows.size = 9;
    assert_ok(look_by(&cached, 100 + CTY_WITNESS_BACK_S_MAX));
    see_behind(200 + CTY_WITNESS_BACK_S_MAX, CTY_WITNESS_BACK_LOOKS_MIN - 1);
    assert_string_equal(bench_stopped(&bench).why, "");
    see_behind(200 + 2 * CTY_WITNESS_BACK_S_MAX, 1);
    assert_string_equal(bench_stopped(&bench).why, "went-back");
}

/* Two old answers of a cache, far apart, are no log that went back. */
static void test_few_looks_stop_nothing(void **state)
{
    (void)state;
    look = (struct cty_witness_look){.behind_since_s = 0};
    shows.size = 8;
    assert_ok(look_by(&cached, 1));
    for (unsigned i = 0; i + 1 < CTY_WITNESS_BACK_LOOKS_MIN; i++)
        see_behind(100 + i * CTY_WITNESS_BACK_S_MAX, 1);
    assert_string_equal(bench_stopped(&bench).why, "");
    see_behind(100 + CTY_WITNESS_BACK_LOOKS_MIN * CTY_WITNESS_BACK_S_MAX, 1);
    assert_string_equal(bench_stopped(&bench).why, "went-back");
}

/* What was not seen doesn't count: an old answer, a log that is away for long, and an old answer again. */
static void test_a_failed_look_begins_anew(void **state)
{
    (void)state;
    look = (struct cty_witness_look){.behind_since_s = 0};
    shows.size = 8;
    assert_ok(look_by(&cached, 1));
    see_behind(100, CTY_WITNESS_BACK_LOOKS_MIN);
    shows.fails = CUSTODY_E_UNREACHABLE;
    assert_refused(look_by(&cached, 200), "unreachable");
    shows.fails = CUSTODY_OK;
    see_behind(100 + CTY_WITNESS_BACK_S_MAX, CTY_WITNESS_BACK_LOOKS_MIN);
    see_behind(99 + 2 * CTY_WITNESS_BACK_S_MAX, 1);
    assert_string_equal(bench_stopped(&bench).why, "");
    see_behind(100 + 2 * CTY_WITNESS_BACK_S_MAX, 1);
    assert_string_equal(bench_stopped(&bench).why, "went-back");
}

/* Where a person lets it go on, a cache has its ten minutes again, whether or not a look saw that it was stopped. */
static void test_cleared_it_begins_anew(void **state)
{
    (void)state;
    uint64_t at_s = 100;
    look = (struct cty_witness_look){.behind_since_s = 0};
    shows.size = 8;
    assert_ok(look_by(&cached, 1));
    for (unsigned round = 0; round < 2; round++) {
        see_behind(at_s, CTY_WITNESS_BACK_LOOKS_MIN);
        see_behind(at_s + CTY_WITNESS_BACK_S_MAX - 1, 1);
        assert_string_equal(bench_stopped(&bench).why, "");
        see_behind(at_s + CTY_WITNESS_BACK_S_MAX, 1);
        assert_string_equal(bench_stopped(&bench).why, "went-back");
        if (round == 0)
            assert_refused(look_by(&cached, at_s + CTY_WITNESS_BACK_S_MAX), "split-view");
        bench_clear(&bench);
        at_s += CTY_WITNESS_BACK_S_MAX;
    }
    see_behind(at_s, CTY_WITNESS_BACK_LOOKS_MIN);
    assert_string_equal(bench_stopped(&bench).why, "");
}

/* --- tiles over http --------------------------------------------------------------------------------------- */

static void put_tile(const struct cty_tile_path *path, struct cty_buf *out)
{
    struct cty_tree_reader reader = history_reader(shows.history);
    for (unsigned i = 0; i < path->width; i++) {
        struct cty_hash hash;
        assert_ok(reader.node(reader.context, 8 * path->level, path->index * CTY_TILE_WIDTH + i, &hash));
        hash.bytes[0] ^= shows.damaged ? 1 : 0;
        assert_ok(cty_buf_put_bytes(out, cty_hash_bytes(&hash)));
    }
}

static custody_err serve(void *user, const struct cty_http_request *request, struct cty_http_answer *answer)
{
    struct cty_tile_path path;
    (void)user;
    if (strcmp(request->path, "/log/checkpoint") == 0) {
        show_note(&answer->body);
        return CUSTODY_OK;
    }
    if (strncmp(request->path, "/log/", 5) != 0 || cty_tile_path_parse(cty_bytes_text(request->path + 5), &path) != CUSTODY_OK ||
        path.kind != CTY_TILE_HASHES || !cty_tile_path_exists(&path, shows.size))
        return CUSTODY_E_NOT_FOUND;
    put_tile(&path, &answer->body);
    return CUSTODY_OK;
}

static void test_tiles(void **state)
{
    (void)state;
    struct cty_http *http = NULL;
    const struct cty_http_config config = {.url = "http://127.0.0.1:0", .answer = serve};
    struct cty_witness_source source;
    char url[256];
    look = (struct cty_witness_look){.behind_since_s = 0};
    assert_ok(cty_http_open(&config, &http, NULL));
    snprintf(url, sizeof(url), "%s/log", cty_http_url(http));
    assert_ok(cty_witness_source_check(url, NULL));
    assert_ok(cty_witness_source_open(url, CTY_LITERAL(""), NULL, &source, NULL));
    assert_true(source.is_cached);
    shows.size = 3;
    assert_ok(look_by(&source, 1));
    shows.size = 8;
    assert_ok(look_by(&source, 1));
    shows.size = 40;
    assert_ok(look_by(&source, 1));
    assert_stored(40, NOW_S);
    /* Tiles that aren't those of the checkpoint say nothing against the log. */
    shows.size = 45;
    shows.damaged = true;
    assert_refused(look_by(&source, 1), "root-mismatch");
    shows.damaged = false;
    shows.root_of = &forked_at_5;
    assert_refused(look_by(&source, 1), "root-mismatch");
    assert_string_equal(bench_stopped(&bench).why, "");
    /* Tiles that are do. */
    shows.root_of = NULL;
    shows.history = &forked_at_5;
    assert_refused(look_by(&source, 1), "split-view");
    assert_string_equal(bench_stopped(&bench).why, "fork");
    source.close(source.context);
    cty_http_close(http);
}

static void test_no_address(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "x", "ftp://a/", "http://", "tcp://example.com:80", "https://user:pw@a/"};
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++)
        assert_refused(cty_witness_source_check(bad[i], NULL), "config");
    assert_ok(cty_witness_source_check("https://a.example/log", NULL));
    assert_ok(cty_witness_source_check("tls+tcp://a.example:1", NULL));
}

/* The threads themselves: a log gets one, and loses it. */
static void test_followers(void **state)
{
    (void)state;
    struct cty_http *http = NULL;
    const struct cty_http_config config = {.url = "http://127.0.0.1:0", .answer = serve};
    struct cty_witness_followers *followers = NULL;
    struct cty_witness_store *store = NULL;
    char url[256];
    uint64_t time_s = 0;
    shows.size = 9;
    assert_ok(cty_http_open(&config, &http, NULL));
    snprintf(url, sizeof(url), "%s/log/", cty_http_url(http));
    assert_ok(cty_witness_store_open(bench.state, false, &store, NULL));
    assert_ok(cty_witness_log_follow(store, CTY_LITERAL(ORIGIN), cty_bytes_text(url), CTY_LITERAL(""), NULL));
    assert_ok(cty_witness_followers_open(bench.witness, 1, &followers, NULL));
    assert_ok(cty_witness_followers_renew(followers, NULL));
    while (stored(&time_s) != 9)
        assert_int_equal(poll(NULL, 0, 5), 0);
    assert_ok(cty_witness_log_follow(store, CTY_LITERAL(ORIGIN), CTY_LITERAL(""), CTY_LITERAL(""), NULL));
    assert_ok(cty_witness_followers_renew(followers, NULL)); /* its thread has ended now */
    shows.size = 12;
    cty_witness_followers_close(followers);
    assert_int_equal(stored(&time_s), 9);
    cty_witness_store_close(store);
    cty_http_close(http);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_grows), TEST(test_unreachable), TEST(test_splits), TEST(test_two_roots),
        TEST(test_its_own_proof_is_nothing), TEST(test_goes_back), TEST(test_a_cache_is_behind), TEST(test_few_looks_stop_nothing),
        TEST(test_a_failed_look_begins_anew), TEST(test_cleared_it_begins_anew), TEST(test_tiles),
        TEST(test_no_address), TEST(test_followers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
