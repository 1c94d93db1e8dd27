/* SPDX-License-Identifier: Apache-2.0 */
/* The small parts: clock guard, log lines, sessions, waits, the cache. */
#include <stdatomic.h>
#include <unistd.h>

#include "daemon/cache.h"
#include "daemon/log.h"
#include "daemon/sessions.h"
#include "daemon/waits.h"
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

static custody_err use(struct cty_sessions *sessions, const uint8_t nonce[16], unsigned actor)
{
    char name[32];
    snprintf(name, sizeof(name), "acme/%u", actor);
    return cty_sessions_use_challenge(sessions, nonce, cty_bytes_text(name), NULL);
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

static void too_many_challenges_at_once_are_refused(void **state)
{
    struct cty_sessions *sessions = new_sessions();
    uint8_t nonce[16];
    uint64_t expires = 0;
    (void)state;
    for (unsigned i = 0; i < CTY_CHALLENGES_MAX; i++) {
        cty_sessions_challenge(sessions, nonce, &expires);
        assert_ok(use(sessions, nonce, i / CTY_CHALLENGES_PER_ACTOR_MAX));
    }
    cty_sessions_challenge(sessions, nonce, &expires);
    assert_refused(use(sessions, nonce, 1000), "busy");
    set_clocks(1700000000000, 1000 + 60001);
    cty_sessions_challenge(sessions, nonce, &expires);
    assert_ok(use(sessions, nonce, 1000));
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

static void sessions_are_bounded_in_all(void **state)
{
    struct cty_sessions *sessions = new_sessions();
    char name[32], actor[CTY_ACTOR_NAME_BYTES_MAX + 1];
    uint32_t rotation = 0;
    (void)state;
    struct cty_hash first = open_session(sessions, "acme/first");
    for (unsigned i = 1; i < CTY_SESSIONS_MAX; i++) {
        /* Slots are looked for from the front, so it is enough to fill the table once in steps. */
        struct cty_session *slot = &sessions->all[i];
        slot->actor_size = (uint32_t)snprintf(slot->actor, sizeof(slot->actor), "acme/x%u", i);
        slot->opened_ms = slot->used_ms = 2000;
        memset(slot->key.bytes, 0, sizeof(slot->key.bytes));
        memcpy(slot->key.bytes, &i, sizeof(i));
        uint32_t *chain = &sessions->chains[((uint32_t)slot->key.bytes[0] << 8 | slot->key.bytes[1]) % CTY_SESSION_CHAINS];
        slot->next = *chain;
        *chain = i + 1;
    }
    set_clocks(0, 2000);
    snprintf(name, sizeof(name), "acme/last");
    struct cty_hash last = open_session(sessions, name);
    assert_refused(cty_sessions_find(sessions, &first, actor, &rotation), "session-needed");
    assert_ok(cty_sessions_find(sessions, &last, actor, &rotation));
    free_sessions(sessions);
}

/* --- waits ------------------------------------------------------------------------------------------------- */

static pthread_mutex_t woken_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cty_wait *woken[64];
static size_t woken_count;

static void on_wake(struct cty_wait *wait)
{
    pthread_mutex_lock(&woken_lock);
    woken[woken_count++] = wait;
    pthread_mutex_unlock(&woken_lock);
}

static bool was_woken(size_t count)
{
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&woken_lock);
        bool so = woken_count >= count;
        pthread_mutex_unlock(&woken_lock);
        if (so)
            return true;
        usleep(10000);
    }
    return false;
}

static void begin_waits(struct cty_waits *waits)
{
    woken_count = 0;
    set_clocks(1000, 1000);
    cty_waits_init(waits, &fake, on_wake);
    assert_ok(cty_waits_start(waits, NULL));
}

static struct cty_wait wait_for(uint8_t byte, uint64_t connection, uint64_t ms)
{
    struct cty_wait wait = {.deadline_ms = cty_waits_now() + ms, .connection = connection, .actor = "acme/a"};
    memset(wait.case_id.bytes, byte, sizeof(wait.case_id.bytes));
    return wait;
}

static void a_wait_ends_with_what_it_waits_for(void **state)
{
    struct cty_waits waits;
    struct cty_wait news = wait_for(1, 1, 60000), late = wait_for(2, 2, 30), gone = wait_for(3, 3, 60000),
                    due = wait_for(4, 4, 60000), stop = wait_for(5, 5, 60000);
    bool parked = false;
    (void)state;
    begin_waits(&waits);
    due.due_ms = 2000;
    struct cty_wait *all[] = {&news, &late, &gone, &due, &stop};
    for (size_t i = 0; i < CTY_COUNT_OF(all); i++) {
        assert_ok(cty_waits_park(&waits, all[i], 0, &parked));
        assert_true(parked);
    }
    assert_true(was_woken(1));
    assert_ptr_equal(woken[0], &late);
    assert_int_equal(late.reason, CTY_WAKE_TIMEOUT);
    cty_waits_gone(&waits, 3);
    assert_true(was_woken(2));
    assert_ptr_equal(woken[1], &gone);
    assert_int_equal(gone.reason, CTY_WAKE_GONE);
    struct cty_touched touched = {.case_id = news.case_id, .held = true};
    cty_waits_committed(&waits, &touched, 1);
    assert_true(was_woken(3));
    assert_ptr_equal(woken[2], &news);
    assert_int_equal(news.reason, CTY_WAKE_NEWS);
    set_clocks(2001, 2001);
    assert_true(was_woken(4));
    assert_ptr_equal(woken[3], &due);
    assert_int_equal(due.reason, CTY_WAKE_NEWS);
    cty_waits_stop(&waits);
    assert_int_equal(woken_count, 5);
    assert_int_equal(stop.reason, CTY_WAKE_STOP);
    assert_refused(cty_waits_park(&waits, &stop, 1, &parked), "busy");
    cty_waits_done(&waits);
}

static struct cty_wait wait_for_news(uint8_t number, const char *actor, const char *party, bool decides)
{
    struct cty_wait wait = wait_for(number, number, 60000);
    wait.news = true;
    wait.decides = decides;
    wait.actor_name = cty_waits_name(cty_bytes_text(actor));
    wait.party_name = cty_waits_name(cty_bytes_text(party));
    return wait;
}

static void news_wake_whom_they_concern(void **state)
{
    struct cty_waits waits;
    struct cty_wait holder = wait_for_news(1, "x/a", "x", false), party = wait_for_news(2, "y/b", "y", false),
                    decider = wait_for_news(3, "z/c", "z", true), nobody = wait_for_news(4, "w/d", "w", false);
    struct cty_wait *all[] = {&holder, &party, &decider, &nobody};
    struct cty_touched touched = {.names = {1, cty_waits_name(cty_bytes_text("x/a")),
                                            cty_waits_name(cty_bytes_text("y"))}, .held = true};
    bool parked = false;
    (void)state;
    begin_waits(&waits);
    for (size_t i = 0; i < CTY_COUNT_OF(all); i++)
        assert_ok(cty_waits_park(&waits, all[i], 0, &parked));
    cty_waits_committed(&waits, &touched, 1);
    /* Who may decide looks a little later. */
    assert_true(was_woken(3));
    assert_int_equal(holder.reason, CTY_WAKE_NEWS);
    assert_int_equal(party.reason, CTY_WAKE_NEWS);
    assert_ptr_equal(woken[2], &decider);
    assert_int_equal(decider.reason, CTY_WAKE_NEWS);
    cty_waits_stop(&waits);
    assert_int_equal(woken_count, 4);
    assert_int_equal(nobody.reason, CTY_WAKE_STOP);
    cty_waits_done(&waits);
}

static void nothing_is_missed_between_looking_and_parking(void **state)
{
    struct cty_waits waits;
    struct cty_wait wait = wait_for(1, 7, 60000);
    bool parked = true;
    (void)state;
    begin_waits(&waits);
    uint64_t commits = cty_waits_commits(&waits);
    struct cty_touched touched = {.case_id = wait.case_id};
    cty_waits_committed(&waits, &touched, 1);
    assert_ok(cty_waits_park(&waits, &wait, commits, &parked));
    assert_false(parked);
    cty_waits_gone(&waits, 7);
    assert_refused(cty_waits_park(&waits, &wait, commits + 1, &parked), "wait-interrupted");
    cty_waits_stop(&waits);
    assert_int_equal(woken_count, 0);
    cty_waits_done(&waits);
}

static void an_actor_waits_at_most_sixteen_times(void **state)
{
    struct cty_waits waits;
    struct cty_wait list[CTY_WAITS_PER_ACTOR_MAX + 2];
    bool parked = false;
    (void)state;
    begin_waits(&waits);
    for (size_t i = 0; i < CTY_WAITS_PER_ACTOR_MAX + 1; i++) {
        list[i] = wait_for(1, i + 1, 60000);
        assert_string_equal(custody_err_name(cty_waits_park(&waits, &list[i], 0, &parked)),
                            i < CTY_WAITS_PER_ACTOR_MAX ? "ok" : "quota");
    }
    list[CTY_WAITS_PER_ACTOR_MAX + 1] = wait_for(1, 99, 60000);
    list[CTY_WAITS_PER_ACTOR_MAX + 1].actor[5] = 'b';
    assert_ok(cty_waits_park(&waits, &list[CTY_WAITS_PER_ACTOR_MAX + 1], 0, &parked));
    cty_waits_stop(&waits);
    cty_waits_done(&waits);
}

/* --- the cache --------------------------------------------------------------------------------------------- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_that_goes_on_is_trusted),
        cmocka_unit_test(a_step_of_more_than_a_minute_is_not),
        cmocka_unit_test(an_entry_from_the_future_needs_a_person),
        cmocka_unit_test(foreign_text_in_the_log_is_quoted_and_cut),
        cmocka_unit_test(a_challenge_is_good_once_and_for_a_minute),
        cmocka_unit_test(a_challenge_with_any_bit_changed_is_not_ours),
        cmocka_unit_test(too_many_challenges_at_once_are_refused),
        cmocka_unit_test(one_actor_alone_shuts_nobody_out),
        cmocka_unit_test(a_session_is_its_actors),
        cmocka_unit_test(a_session_ends_unused_or_old),
        cmocka_unit_test(an_actors_sixty_fifth_session_ends_its_first),
        cmocka_unit_test(sessions_are_bounded_in_all),
        cmocka_unit_test(a_wait_ends_with_what_it_waits_for),
        cmocka_unit_test(news_wake_whom_they_concern),
        cmocka_unit_test(nothing_is_missed_between_looking_and_parking),
        cmocka_unit_test(an_actor_waits_at_most_sixteen_times),
        cmocka_unit_test(the_cache_says_what_was_put_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
