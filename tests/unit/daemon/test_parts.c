/* SPDX-License-Identifier: Apache-2.0 */
/* The small parts: clock guard, log lines, sessions, the pace of the queue, the cache. */
#include <stdatomic.h>
#include <unistd.h>

#include "daemon/cache.h"
#include "daemon/log.h"
#include "daemon/sessions.h"
#include "daemon/sequencer.h"
#include "daemon/service.h"
#include "unit/support.h"

static _Atomic uint64_t wall, monotonic;

static uint64_t fake_wall(void *context)
{
    (void)context;
    return atomic_load(&wall);
}

static uint64_t fake_monotonic(void *context)
{
    (void)context;
    return atomic_load(&monotonic);
}

static const struct cty_clock fake = {fake_wall, fake_monotonic, NULL};

static void set_clocks(uint64_t wall_ms, uint64_t monotonic_ms)
{
    atomic_store(&wall, wall_ms);
    atomic_store(&monotonic, monotonic_ms);
}

/* --- the clock guard --------------------------------------------------------------------------------------- */

static void a_clock_that_goes_on_is_trusted(void **state)
{
    struct cty_clock_guard guard;
    (void)state;
    set_clocks(1000000, 5000);
    assert_ok(cty_clock_guard_begin(&guard, &fake, 999999, false, NULL));
    assert_ok(cty_clock_guard_check(&guard, &fake, NULL));
    set_clocks(1000000 + 86400000, 5000 + 86400000);
    assert_ok(cty_clock_guard_check(&guard, &fake, NULL));
}

static void a_step_of_more_than_a_minute_is_not(void **state)
{
    struct cty_clock_guard guard;
    (void)state;
    set_clocks(1000000, 5000);
    assert_ok(cty_clock_guard_begin(&guard, &fake, 0, false, NULL));
    set_clocks(1000000 + 60000, 5000);
    assert_ok(cty_clock_guard_check(&guard, &fake, NULL));
    set_clocks(1000000 + 60001, 5000);
    assert_refused(cty_clock_guard_check(&guard, &fake, NULL), "clock");
    set_clocks(1000000 - 60000, 5000);
    assert_ok(cty_clock_guard_check(&guard, &fake, NULL));
    set_clocks(1000000 - 60001, 5000);
    assert_refused(cty_clock_guard_check(&guard, &fake, NULL), "clock");
    /* A clock that stands still while time goes on has stepped as well. */
    set_clocks(1000000, 5000 + 60001);
    assert_refused(cty_clock_guard_check(&guard, &fake, NULL), "clock");
}

static void an_entry_from_the_future_needs_a_person(void **state)
{
    struct cty_clock_guard guard;
    (void)state;
    set_clocks(1000000, 5000);
    assert_ok(cty_clock_guard_begin(&guard, &fake, 1060000, false, NULL));
    assert_refused(cty_clock_guard_begin(&guard, &fake, 1060001, false, NULL), "clock");
    assert_ok(cty_clock_guard_begin(&guard, &fake, 1060001, true, NULL));
}

/* --- the log ----------------------------------------------------------------------------------------------- */

static void foreign_text_in_the_log_is_quoted_and_cut(void **state)
{
    char line[1024], large[300];
    (void)state;
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = 0;
    size_t size = cty_log_line(line, sizeof(line), CTY_LOG_ERROR, "e", "a", "s", "word", "b", "s", "two words", "c",
                               "s", "x\n\"\\=\xff", "d", "u", (uint64_t)7, "e", "s", "", "f", "s", (char *)NULL, NULL);
    line[size] = 0;
    assert_string_equal(line, "level=error event=e a=word b=\"two words\" c=\"x\\x0a\\\"\\\\=\\xff\" d=7 e=\"\" f=\"\"\n");
    size = cty_log_line(line, sizeof(line), CTY_LOG_INFO, "e", "a", "s", large, NULL);
    line[size] = 0;
    assert_int_equal(size, strlen("level=info event=e a=\"\"\n") + CTY_LOG_VALUE_BYTES_MAX + 3);
    assert_non_null(strstr(line, "x...\"\n"));
    size = cty_log_line(line, 24, CTY_LOG_INFO, "e", "a", "s", large, NULL);
    assert_int_equal(size, 24);
    assert_int_equal(line[23], '\n');
}

static void what_anybody_can_cause_is_metered(void **state)
{
    struct cty_log_meter meter = {0};
    uint64_t left_out = 0;
    (void)state;
    for (unsigned i = 0; i < CTY_LOG_LINES_PER_SECOND_MAX; i++)
        assert_true(cty_log_may(&meter, 7, &left_out));
    for (unsigned i = 0; i < 5; i++)
        assert_false(cty_log_may(&meter, 7, &left_out));
    assert_int_equal(left_out, 0);
    assert_true(cty_log_may(&meter, 8, &left_out));
    assert_int_equal(left_out, 5);
    for (unsigned i = 1; i < CTY_LOG_LINES_PER_SECOND_MAX; i++)
        assert_true(cty_log_may(&meter, 8, &left_out));
    assert_false(cty_log_may(&meter, 8, &left_out));
    assert_true(cty_log_may(&meter, 9, &left_out));
    assert_int_equal(left_out, 1);
    assert_true(cty_log_may(&meter, 10, &left_out));
    assert_int_equal(left_out, 0);
}

static size_t read_some(int fd, char *out, size_t size)
{
    ssize_t got = read(fd, out, size - 1);
    assert_true(got > 0);
    out[got] = 0;
    return (size_t)got;
}

/* A pipe that nobody reads is filled to its end, and nobody waits; what was lost is said as soon as somebody reads. */
static void a_log_that_nobody_reads_holds_nobody_up(void **state)
{
    static char text[1 << 20];
    int pipe_ends[2], kept = dup(STDERR_FILENO);
    (void)state;
    assert_int_equal(pipe(pipe_ends), 0);
    assert_true(kept >= 0 && dup2(pipe_ends[1], STDERR_FILENO) == STDERR_FILENO);
    for (int i = 0; i < 5000; i++)
        cty_log(CTY_LOG_INFO, "flood", "number", "u", (uint64_t)i, "text", "s", "which takes some room in the pipe", NULL);
    size_t size = read_some(pipe_ends[0], text, sizeof(text));
    while (!strstr(text, "event=last")) {
        cty_log(CTY_LOG_INFO, "last", NULL);
        size += read_some(pipe_ends[0], text + size, sizeof(text) - size);
    }
    assert_true(dup2(kept, STDERR_FILENO) == STDERR_FILENO);
    close(kept);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    uint64_t written = 0, lost = 0;
    for (const char *at = text; (at = strstr(at, "event=flood")) != NULL; at++)
        written++;
    const char *told = strstr(text, "level=warning event=lost lines=");
    assert_non_null(told);
    lost = strtoull(told + strlen("level=warning event=lost lines="), NULL, 10);
    assert_int_equal(written + lost, 5000);
    assert_true(lost > 1000);
}

/* --- sessions ---------------------------------------------------------------------------------------------- */

static struct cty_sessions *new_sessions(void)
{
    struct cty_sessions *sessions = calloc(1, sizeof(*sessions));
    assert_ok(cty_crypto_init());
    set_clocks(1700000000000, 1000);
    assert_ok(cty_sessions_init(sessions, &fake));
    return sessions;
}

static void free_sessions(struct cty_sessions *sessions)
{
    cty_sessions_done(sessions);
    free(sessions);
}

static custody_err use_of(struct cty_sessions *sessions, const uint8_t nonce[16], const char *party, unsigned actor)
{
    char name[32];
    snprintf(name, sizeof(name), "%s/%u", party, actor);
    return cty_sessions_use_challenge(sessions, nonce, cty_bytes_text(name), NULL);
}

static custody_err use(struct cty_sessions *sessions, const uint8_t nonce[16], unsigned actor)
{
    return use_of(sessions, nonce, "acme", actor);
}

static void a_challenge_is_good_once_and_for_a_minute(void **state)
{
    struct cty_sessions *sessions = new_sessions();
    uint8_t nonce[16], other[16];
    uint64_t expires = 0;
    (void)state;
    cty_sessions_challenge(sessions, nonce, &expires);
    cty_sessions_challenge(sessions, other, &expires);
    assert_memory_not_equal(nonce, other, 16);
    assert_int_equal(expires, 1700000000000 + 60000);
    assert_ok(use(sessions, nonce, 1));
    assert_refused(use(sessions, nonce, 1), "bad-session");
    set_clocks(1700000000000, 1000 + 60000);
    assert_ok(use(sessions, other, 1));
    set_clocks(1700000000000, 1000);
    cty_sessions_challenge(sessions, nonce, &expires);
    set_clocks(1700000000000, 1000 + 60001);
    assert_refused(use(sessions, nonce, 1), "bad-session");
    free_sessions(sessions);
}

static void a_challenge_with_any_bit_changed_is_not_ours(void **state)
{
    struct cty_sessions *sessions = new_sessions();
    struct cty_sessions *others = new_sessions();
    uint8_t nonce[16];
    uint64_t expires = 0;
    (void)state;
    cty_sessions_challenge(sessions, nonce, &expires);
    for (unsigned bit = 0; bit < 128; bit++) {
        nonce[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_refused(use(sessions, nonce, 1), "bad-session");
        nonce[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_refused(use(others, nonce, 1), "bad-session");
    assert_ok(use(sessions, nonce, 1));
    free_sessions(sessions);
    free_sessions(others);
}

/* Uses one challenge after another, each actor as many as it may. */
static void use_many(struct cty_sessions *sessions, const char *party, unsigned count)
{
    uint8_t nonce[16];
    uint64_t expires = 0;
    for (unsigned i = 0; i < count; i++) {
        cty_sessions_challenge(sessions, nonce, &expires);
        assert_ok(use_of(sessions, nonce, party, i / CTY_CHALLENGES_PER_ACTOR_MAX));
    }
}

static void too_many_challenges_at_once_are_refused(void **state)
{
    struct cty_sessions *sessions = new_sessions();
    uint8_t nonce[16];
    uint64_t expires = 0;
    (void)state;
    use_many(sessions, "acme", CTY_CHALLENGES_PER_PARTY_MAX);
    use_many(sessions, "bolt", CTY_CHALLENGES_MAX - CTY_CHALLENGES_PER_PARTY_MAX);
    cty_sessions_challenge(sessions, nonce, &expires);
    assert_refused(use_of(sessions, nonce, "core", 1000), "busy");
    set_clocks(1700000000000, 1000 + 60001);
    cty_sessions_challenge(sessions, nonce, &expires);
    assert_ok(use_of(sessions, nonce, "core", 1000));
    assert_refused(use_of(sessions, nonce, "core", 1000), "bad-session");
    assert_int_equal(sessions->used_count, 1);
    free_sessions(sessions);
}

static void one_party_alone_shuts_nobody_out(void **state)
{
    struct cty_sessions *sessions = new_sessions();
    uint8_t nonce[16];
    uint64_t expires = 0;
    (void)state;
    use_many(sessions, "acme", CTY_CHALLENGES_PER_PARTY_MAX);
    cty_sessions_challenge(sessions, nonce, &expires);
    assert_refused(use_of(sessions, nonce, "acme", 1000), "busy");
    assert_ok(use_of(sessions, nonce, "bolt", 1000)); /* refused is not used */
    free_sessions(sessions);
}

static void one_actor_alone_shuts_nobody_out(void **state)
{
    struct cty_sessions *sessions = new_sessions();
    uint8_t nonce[16];
    uint64_t expires = 0;
    (void)state;
    for (unsigned i = 0; i < CTY_CHALLENGES_PER_ACTOR_MAX; i++) {
        cty_sessions_challenge(sessions, nonce, &expires);
        assert_ok(use(sessions, nonce, 1));
    }
    cty_sessions_challenge(sessions, nonce, &expires);
    assert_refused(use(sessions, nonce, 1), "busy");
    assert_int_equal(cty_sessions_retry_ms(sessions), 60001);
    set_clocks(1700000000000, 1000 + 20000);
    assert_int_equal(cty_sessions_retry_ms(sessions), 40001);
    assert_ok(use(sessions, nonce, 2)); /* refused is not used */
    set_clocks(1700000000000, 1000 + 60001);
    cty_sessions_challenge(sessions, nonce, &expires);
    assert_ok(use(sessions, nonce, 1));
    free_sessions(sessions);
}

static struct cty_hash open_session(struct cty_sessions *sessions, const char *actor)
{
    struct cty_hash token;
    uint64_t expires = 0;
    cty_sessions_open(sessions, cty_bytes_text(actor), 0, &token, &expires);
    return token;
}

static void a_session_is_its_actors(void **state)
{
    struct cty_sessions *sessions = new_sessions();
    char actor[CTY_ACTOR_NAME_BYTES_MAX + 1];
    uint32_t rotation = 0;
    (void)state;
    struct cty_hash a = open_session(sessions, "acme/a"), b = open_session(sessions, "acme/b"), none = {{9}};
    assert_ok(cty_sessions_find(sessions, &a, actor, &rotation));
    assert_string_equal(actor, "acme/a");
    assert_ok(cty_sessions_find(sessions, &b, actor, &rotation));
    assert_string_equal(actor, "acme/b");
    assert_refused(cty_sessions_find(sessions, &none, actor, &rotation), "session-needed");
    cty_sessions_close(sessions, &a);
    cty_sessions_close(sessions, &a);
    assert_refused(cty_sessions_find(sessions, &a, actor, &rotation), "session-needed");
    struct cty_hash again = open_session(sessions, "acme/b");
    cty_sessions_close_actor(sessions, cty_bytes_text("acme/b"));
    assert_refused(cty_sessions_find(sessions, &b, actor, &rotation), "session-needed");
    assert_refused(cty_sessions_find(sessions, &again, actor, &rotation), "session-needed");
    free_sessions(sessions);
}

static void a_session_ends_unused_or_old(void **state)
{
    struct cty_sessions *sessions = new_sessions();
    char actor[CTY_ACTOR_NAME_BYTES_MAX + 1];
    uint32_t rotation = 0;
    (void)state;
    struct cty_hash a = open_session(sessions, "acme/a");
    set_clocks(0, 1000 + CTY_SESSION_IDLE_MS_MAX);
    assert_ok(cty_sessions_find(sessions, &a, actor, &rotation));
    set_clocks(0, 1000 + 2 * CTY_SESSION_IDLE_MS_MAX + 1);
    assert_refused(cty_sessions_find(sessions, &a, actor, &rotation), "session-needed");
    struct cty_hash b = open_session(sessions, "acme/a");
    uint64_t opened = atomic_load(&monotonic);
    for (uint64_t at = 0; at <= CTY_SESSION_MS_MAX; at += CTY_SESSION_IDLE_MS_MAX) {
        set_clocks(0, opened + at);
        assert_ok(cty_sessions_find(sessions, &b, actor, &rotation));
    }
    set_clocks(0, opened + CTY_SESSION_MS_MAX + 1);
    assert_refused(cty_sessions_find(sessions, &b, actor, &rotation), "session-needed");
    free_sessions(sessions);
}

static void an_actors_sixty_fifth_session_ends_its_first(void **state)
{
    struct cty_sessions *sessions = new_sessions();
    char actor[CTY_ACTOR_NAME_BYTES_MAX + 1];
    uint32_t rotation = 0;
    (void)state;
    struct cty_hash other = open_session(sessions, "acme/b");
    struct cty_hash first = open_session(sessions, "acme/a");
    for (unsigned i = 1; i < CTY_SESSIONS_PER_ACTOR_MAX; i++) {
        set_clocks(0, 1000 + i);
        open_session(sessions, "acme/a");
    }
    assert_ok(cty_sessions_find(sessions, &first, actor, &rotation));
    open_session(sessions, "acme/a");
    assert_refused(cty_sessions_find(sessions, &first, actor, &rotation), "session-needed");
    assert_ok(cty_sessions_find(sessions, &other, actor, &rotation));
    free_sessions(sessions);
}

/* Fills up with a party's sessions, as many of each actor as it may have; each was used a little later. */
static struct cty_hash open_many(struct cty_sessions *sessions, const char *party, unsigned count)
{
    char name[32];
    struct cty_hash first = {{0}};
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%s/x%u", party, i / CTY_SESSIONS_PER_ACTOR_MAX);
        struct cty_hash token = open_session(sessions, name);
        if (i == 0)
            first = token;
        atomic_fetch_add(&monotonic, 1);
    }
    return first;
}

static bool is_open(struct cty_sessions *sessions, const struct cty_hash *token)
{
    char actor[CTY_ACTOR_NAME_BYTES_MAX + 1];
    uint32_t rotation = 0;
    return cty_sessions_find(sessions, token, actor, &rotation) == CUSTODY_OK;
}

static void a_party_makes_room_for_itself(void **state)
{
    struct cty_sessions *sessions = new_sessions();
    (void)state;
    struct cty_hash other = open_session(sessions, "bolt/a");
    struct cty_hash first = open_many(sessions, "acme", CTY_SESSIONS_PER_PARTY_MAX);
    assert_true(is_open(sessions, &first));
    struct cty_hash second = open_session(sessions, "acme/last");
    assert_int_equal(cty_sessions_count(sessions), CTY_SESSIONS_PER_PARTY_MAX + 1);
    /* Its first was used just now, so another one of its own was ended; and the one that is oldest of all is not its. */
    assert_true(is_open(sessions, &first));
    assert_true(is_open(sessions, &second));
    assert_true(is_open(sessions, &other));
    free_sessions(sessions);
}

static void sessions_are_bounded_in_all(void **state)
{
    struct cty_sessions *sessions = new_sessions();
    (void)state;
    struct cty_hash small = open_session(sessions, "core/a");
    struct cty_hash most = open_many(sessions, "acme", CTY_SESSIONS_PER_PARTY_MAX);
    struct cty_hash many = open_many(sessions, "bolt", CTY_SESSIONS_MAX - CTY_SESSIONS_PER_PARTY_MAX - 1);
    assert_int_equal(cty_sessions_count(sessions), CTY_SESSIONS_MAX);
    struct cty_hash last = open_session(sessions, "dune/a");
    assert_int_equal(cty_sessions_count(sessions), CTY_SESSIONS_MAX);
    assert_false(is_open(sessions, &most));
    assert_true(is_open(sessions, &many));
    assert_true(is_open(sessions, &small));
    assert_true(is_open(sessions, &last));
    free_sessions(sessions);
}

static void sessions_that_are_over_make_room_before_any_other(void **state)
{
    struct cty_sessions *sessions = new_sessions();
    (void)state;
    struct cty_hash idle = open_session(sessions, "core/a");
    atomic_fetch_add(&monotonic, 1);
    open_many(sessions, "acme", CTY_SESSIONS_PER_PARTY_MAX);
    open_many(sessions, "bolt", CTY_SESSIONS_MAX - CTY_SESSIONS_PER_PARTY_MAX - 1);
    set_clocks(0, 1000 + CTY_SESSION_IDLE_MS_MAX + 1);
    struct cty_hash last = open_session(sessions, "dune/a");
    assert_int_equal(cty_sessions_count(sessions), CTY_SESSIONS_MAX);
    assert_true(is_open(sessions, &last));
    assert_false(is_open(sessions, &idle));
    /* Everybody's are over, and all memory comes back. */
    set_clocks(0, 1000 + 3 * CTY_SESSION_IDLE_MS_MAX);
    open_session(sessions, "dune/a");
    assert_int_equal(cty_sessions_count(sessions), 1);
    free_sessions(sessions);
}

/* --- the queue's pace and shares ---------------------------------------------------------------------------- */

static void the_advice_is_how_long_the_queue_takes(void **state)
{
    (void)state;
    assert_int_equal(cty_pace_retry_ms(0, 1000), CTY_RETRY_MS_MIN);
    assert_int_equal(cty_pace_retry_ms(100000, 0), CTY_RETRY_MS_MIN);
    assert_int_equal(cty_pace_retry_ms(100000, 1000), 100);
    assert_int_equal(cty_pace_retry_ms(1000000, 4000), 4000);
    assert_int_equal(cty_pace_retry_ms(1000000, 5001), CTY_RETRY_MS_MAX);
    assert_int_equal(cty_pace_retry_ms(UINT64_MAX, SIZE_MAX), CTY_RETRY_MS_MAX);
}

static void the_pace_is_that_of_late(void **state)
{
    uint64_t each = cty_pace_after(0, 1000000, 10);
    (void)state;
    assert_int_equal(each, 100000);
    assert_int_equal(cty_pace_after(each, 1000000, 10), 100000);
    assert_int_equal(cty_pace_after(each, 9000000, 10), 200000);
    for (int i = 0; i < 60; i++)
        each = cty_pace_after(each, 8000000, 1);
    assert_in_range(each, 7900000, 8000000);
    assert_int_equal(cty_pace_after(0, 5, 0), 5);
}

static void an_actors_share_of_the_queue_is_a_batch_at_least(void **state)
{
    (void)state;
    assert_int_equal(cty_queue_share_of_actor(1024), 256);
    assert_int_equal(cty_queue_share_of_party(1024), 512);
    assert_int_equal(cty_queue_share_of_actor(100), CTY_BATCH_MAX);
    assert_int_equal(cty_queue_share_of_actor(10), 10);
    assert_int_equal(cty_queue_share_of_party(1), 1);
}

/* --- the cache --------------------------------------------------------------------------------------------- */

/* The queue alone, of a sequencer that never starts. */
#define QUEUE 512u
struct line_up {
    struct cty_sequencer sequencer;
    struct cty_submission *all;
    size_t used;
    uint64_t last_digest;
};

static struct line_up *line_up_new(void)
{
    struct line_up *line = calloc(1, sizeof(*line));
    assert_non_null(line);
    line->all = calloc(2 * QUEUE, sizeof(*line->all));
    line->sequencer.config.queue_max = QUEUE;
    assert_int_equal(pthread_mutex_init(&line->sequencer.lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&line->sequencer.wake, NULL), 0);
    assert_ok(cty_fair_init(&line->sequencer.queue));
    assert_ok(cty_tally_init(&line->sequencer.parties, QUEUE));
    line->sequencer.lately = calloc(CTY_LATELY_MAX, sizeof(*line->sequencer.lately));
    assert_non_null(line->sequencer.lately);
    return line;
}

static void line_up_free(struct line_up *line)
{
    while (cty_fair_pop(&line->sequencer.queue)) {
    }
    cty_fair_done(&line->sequencer.queue);
    cty_tally_done(&line->sequencer.parties);
    pthread_cond_destroy(&line->sequencer.wake);
    pthread_mutex_destroy(&line->sequencer.lock);
    free(line->sequencer.lately);
    free(line->all);
    free(line);
}

static custody_err push_one(struct line_up *line, uint64_t actor, uint64_t party, bool again)
{
    struct cty_submission *one = &line->all[line->used++];
    assert_true(line->used <= 2 * QUEUE);
    *one = (struct cty_submission){.actor_key = actor, .party_key = party, .again = again, .looked_up = true};
    line->last_digest++;
    memcpy(one->parsed.digest.bytes, &line->last_digest, sizeof(line->last_digest));
    return cty_sequencer_push(&line->sequencer, one);
}

static void push_many(struct line_up *line, uint64_t actor, uint64_t party, bool again, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_ok(push_one(line, actor, party, again));
}

static void an_actor_and_a_party_have_their_share_of_the_queue(void **state)
{
    struct line_up *line = line_up_new();
    (void)state;
    push_many(line, 11, 1000, false, QUEUE / CTY_QUEUE_ACTOR_PART);
    assert_refused(push_one(line, 11, 1000, false), "busy");
    push_many(line, 12, 1000, false, QUEUE / CTY_QUEUE_ACTOR_PART);
    assert_refused(push_one(line, 13, 1000, false), "busy");
    push_many(line, 21, 2000, false, QUEUE / CTY_QUEUE_ACTOR_PART);
    push_many(line, 31, 3000, false, QUEUE / CTY_QUEUE_ACTOR_PART);
    assert_refused(push_one(line, 41, 4000, false), "busy");
    assert_int_equal(line->sequencer.queue.count, QUEUE);
    line_up_free(line);
}

static void what_was_queued_before_is_known(void **state)
{
    struct line_up *line = line_up_new();
    struct cty_hash first = {{1}}, second = {{2}};
    (void)state;
    assert_false(cty_sequencer_had(&line->sequencer, &first));
    push_many(line, 11, 1000, false, QUEUE / CTY_QUEUE_ACTOR_PART);
    assert_true(cty_sequencer_had(&line->sequencer, &first));
    assert_true(cty_sequencer_had(&line->sequencer, &second));
    /* What found no room was not queued. */
    assert_refused(push_one(line, 11, 1000, false), "busy");
    struct cty_hash last = {{0}};
    memcpy(last.bytes, &line->last_digest, sizeof(line->last_digest));
    assert_false(cty_sequencer_had(&line->sequencer, &last));
    line_up_free(line);
}

/* However many connections send again what others signed, they have one share together, and one turn of eight. */
static void what_comes_again_has_one_share_for_all(void **state)
{
    struct line_up *line = line_up_new();
    (void)state;
    for (uint64_t connection = 1; connection <= 16; connection++)
        push_many(line, connection, 1, true, QUEUE / CTY_QUEUE_ACTOR_PART / 16);
    assert_refused(push_one(line, 1, 1, true), "busy");
    assert_refused(push_one(line, 17, 1, true), "busy");
    push_many(line, 11000, 1000, false, QUEUE / CTY_QUEUE_ACTOR_PART);
    for (unsigned turn = 1; turn <= 2 * CTY_FAIR_SHARE; turn++) {
        const struct cty_fair_item *item = cty_fair_pop(&line->sequencer.queue);
        assert_int_equal(item->lane, turn % CTY_FAIR_SHARE ? 0 : 1);
    }
    line_up_free(line);
}

static void the_cache_says_what_was_put_last(void **state)
{
    struct cty_cache cache;
    struct cty_bytes value;
    char key[CTY_VIEW_KEY_MAX];
    static char large[CTY_CACHE_VALUE_MAX + 1];
    (void)state;
    assert_ok(cty_cache_init(&cache));
    memset(large, 'x', sizeof(large));
    assert_false(cty_cache_get(&cache, "ledger", &value));
    cty_cache_put(&cache, "ledger", cty_bytes_text("one"));
    cty_cache_put(&cache, "ledger", cty_bytes_text("two"));
    assert_true(cty_cache_get(&cache, "ledger", &value));
    assert_bytes_text(value, "two");
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof(key), "key/%d", i);
        cty_cache_put(&cache, key, cty_bytes_text(key));
        assert_true(cty_cache_get(&cache, key, &value));
        assert_bytes_text(value, key);
    }
    cty_cache_put(&cache, "large", cty_bytes_make(large, CTY_CACHE_VALUE_MAX));
    assert_true(cty_cache_get(&cache, "large", &value));
    cty_cache_put(&cache, "large", cty_bytes_make(large, CTY_CACHE_VALUE_MAX + 1));
    assert_false(cty_cache_get(&cache, "large", &value));
    cty_cache_put(&cache, "ledger", cty_bytes_text("three"));
    cty_cache_clear(&cache);
    assert_false(cty_cache_get(&cache, "ledger", &value));
    cty_cache_done(&cache);
}

static void put_zeros(struct cty_buf *buffer, size_t size)
{
    static const uint8_t zeros[20000];
    cty_buf_clear(buffer);
    assert_int_equal(cty_buf_put(buffer, zeros, size), CUSTODY_OK);
}

static void a_free_submission_keeps_nothing_large(void **state)
{
    (void)state;
    struct cty_jobs jobs;
    struct cty_submission *submission = NULL;
    assert_int_equal(cty_jobs_init(&jobs, 1), CUSTODY_OK);
    assert_int_equal(cty_submission_get(&jobs, &submission), CUSTODY_OK);
    submission->parsed.pae = CTY_BUF_INIT(20000);
    put_zeros(&submission->parsed.pae, 500);
    put_zeros(&submission->parts[0].entry, 20000);
    cty_submission_put(&jobs, submission);
    assert_true(submission->parsed.pae.capacity >= 500);
    assert_int_equal(submission->parts[0].entry.capacity, 0);
    assert_int_equal(cty_submission_get(&jobs, &submission), CUSTODY_OK);
    put_zeros(&submission->parsed.pae, 20000);
    cty_submission_put(&jobs, submission);
    assert_int_equal(submission->parsed.pae.capacity, 0);
    cty_jobs_done(&jobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_that_goes_on_is_trusted),
        cmocka_unit_test(a_step_of_more_than_a_minute_is_not),
        cmocka_unit_test(an_entry_from_the_future_needs_a_person),
        cmocka_unit_test(foreign_text_in_the_log_is_quoted_and_cut),
        cmocka_unit_test(what_anybody_can_cause_is_metered),
        cmocka_unit_test(a_log_that_nobody_reads_holds_nobody_up),
        cmocka_unit_test(a_challenge_is_good_once_and_for_a_minute),
        cmocka_unit_test(a_challenge_with_any_bit_changed_is_not_ours),
        cmocka_unit_test(too_many_challenges_at_once_are_refused),
        cmocka_unit_test(one_actor_alone_shuts_nobody_out),
        cmocka_unit_test(a_session_is_its_actors),
        cmocka_unit_test(a_session_ends_unused_or_old),
        cmocka_unit_test(an_actors_sixty_fifth_session_ends_its_first),
        cmocka_unit_test(one_party_alone_shuts_nobody_out),
        cmocka_unit_test(a_party_makes_room_for_itself),
        cmocka_unit_test(sessions_are_bounded_in_all),
        cmocka_unit_test(sessions_that_are_over_make_room_before_any_other),
        cmocka_unit_test(the_advice_is_how_long_the_queue_takes),
        cmocka_unit_test(the_pace_is_that_of_late),
        cmocka_unit_test(an_actors_share_of_the_queue_is_a_batch_at_least),
        cmocka_unit_test(an_actor_and_a_party_have_their_share_of_the_queue),
        cmocka_unit_test(a_free_submission_keeps_nothing_large),
        cmocka_unit_test(what_was_queued_before_is_known),
        cmocka_unit_test(what_comes_again_has_one_share_for_all),
        cmocka_unit_test(the_cache_says_what_was_put_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
