/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting calls: who is woken by what, and nobody else. */
#include <stdatomic.h>
#include <unistd.h>

#include "daemon/waits.h"
#include "unit/support.h"

#define MAX 256u

static _Atomic uint64_t wall;

static uint64_t fake_wall(void *context)
{
    (void)context;
    return atomic_load(&wall);
}

static const struct cty_clock fake = {fake_wall, fake_wall, NULL};

static pthread_mutex_t woken_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cty_wait *woken[4096];
static size_t woken_count;

static void on_wake(void *user, struct cty_wait *first)
{
    (void)user;
    pthread_mutex_lock(&woken_lock);
    for (; first; first = first->next)
        woken[woken_count++] = first;
    pthread_mutex_unlock(&woken_lock);
}

static size_t woken_now(void)
{
    pthread_mutex_lock(&woken_lock);
    size_t count = woken_count;
    pthread_mutex_unlock(&woken_lock);
    return count;
}

static bool was_woken(size_t count)
{
    for (int i = 0; i < 1000; i++) {
        if (woken_now() >= count)
            return true;
        usleep(10000);
    }
    return false;
}

static void begin_waits(struct cty_waits *waits, size_t max)
{
    woken_count = 0;
    atomic_store(&wall, 1000);
    assert_ok(cty_crypto_init());
    assert_ok(cty_waits_init(waits, &fake, max, on_wake, NULL));
    assert_ok(cty_waits_start(waits, NULL));
}

static struct cty_wait wait_for(uint8_t byte, uint64_t connection, uint64_t ms)
{
    struct cty_wait wait = {.deadline_ms = cty_waits_now() + ms, .connection = connection, .actor_key = connection,
                            .party_key = connection};
    memset(wait.case_id.bytes, byte, sizeof(wait.case_id.bytes));
    return wait;
}

static void park(struct cty_waits *waits, struct cty_wait *wait)
{
    assert_ok(cty_waits_arm(waits, wait, NULL));
    assert_true(cty_waits_park(waits, wait));
}

static void end_waits(struct cty_waits *waits, struct cty_wait *const *all, size_t count)
{
    cty_waits_stop(waits);
    for (size_t i = 0; i < count; i++)
        cty_waits_leave(waits, all[i]);
    assert_int_equal(cty_waits_count(waits), 0);
    cty_waits_done(waits);
}

static void a_wait_ends_with_what_it_waits_for(void **state)
{
    struct cty_waits waits;
    struct cty_wait news = wait_for(1, 1, 60000), late = wait_for(2, 2, 30), gone = wait_for(3, 3, 60000),
                    due = wait_for(4, 4, 60000), stop = wait_for(5, 5, 60000), other = wait_for(6, 6, 60000);
    struct cty_wait *all[] = {&news, &late, &gone, &due, &stop};
    (void)state;
    begin_waits(&waits, MAX);
    due.due_ms = 2000;
    for (size_t i = 0; i < CTY_COUNT_OF(all); i++)
        park(&waits, all[i]);
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
    atomic_store(&wall, 2001);
    assert_true(was_woken(4));
    assert_ptr_equal(woken[3], &due);
    assert_int_equal(due.reason, CTY_WAKE_NEWS);
    cty_waits_stop(&waits);
    assert_int_equal(woken_count, 5);
    assert_int_equal(stop.reason, CTY_WAKE_STOP);
    assert_refused(cty_waits_arm(&waits, &other, NULL), "busy");
    end_waits(&waits, all, CTY_COUNT_OF(all));
}

static struct cty_wait wait_for_news(uint8_t number, const char *actor, const char *party, bool decides)
{
    struct cty_wait wait = wait_for(number, number, 60000);
    wait.news = true;
    wait.decides = decides;
    wait.actor_key = cty_tally_name(cty_bytes_text(actor));
    wait.party_key = cty_tally_name(cty_bytes_text(party));
    return wait;
}

static void news_wake_whom_they_concern(void **state)
{
    struct cty_waits waits;
    struct cty_wait holder = wait_for_news(1, "x/a", "x", false), party = wait_for_news(2, "y/b", "y", false),
                    decider = wait_for_news(3, "z/c", "z", true), nobody = wait_for_news(4, "w/d", "w", false);
    struct cty_wait *all[] = {&holder, &party, &decider, &nobody};
    struct cty_touched touched = {.names = {1, cty_tally_name(cty_bytes_text("x/a")),
                                            cty_tally_name(cty_bytes_text("y"))}, .held = true};
    (void)state;
    begin_waits(&waits, MAX);
    for (size_t i = 0; i < CTY_COUNT_OF(all); i++)
        park(&waits, all[i]);
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
    end_waits(&waits, all, CTY_COUNT_OF(all));
}

/* Both of its names, and several cases: one commit, one look. */
static void one_commit_wakes_a_wait_once(void **state)
{
    struct cty_waits waits;
    struct cty_wait wait = wait_for_news(1, "x/a", "x", false);
    struct cty_wait *all[] = {&wait};
    uint64_t actor = wait.actor_key, party = wait.party_key;
    struct cty_touched touched[2] = {{.names = {actor, party, actor}}, {.names = {party, 0, 0}}};
    (void)state;
    begin_waits(&waits, MAX);
    park(&waits, &wait);
    cty_waits_committed(&waits, touched, 2);
    assert_int_equal(woken_now(), 1);
    assert_true(cty_waits_park(&waits, &wait));
    cty_waits_committed(&waits, touched, 2);
    assert_int_equal(woken_now(), 2);
    end_waits(&waits, all, 1);
}

static void nothing_is_missed_between_arming_and_parking(void **state)
{
    struct cty_waits waits;
    struct cty_wait wait = wait_for(1, 7, 60000), other = wait_for(2, 8, 60000);
    struct cty_wait *all[] = {&wait, &other};
    struct cty_touched touched = {.case_id = wait.case_id};
    (void)state;
    begin_waits(&waits, MAX);
    assert_ok(cty_waits_arm(&waits, &wait, NULL));
    assert_ok(cty_waits_arm(&waits, &other, NULL));
    cty_waits_committed(&waits, &touched, 1);
    assert_false(cty_waits_park(&waits, &wait));
    assert_int_equal(wait.reason, CTY_WAKE_NEWS);
    /* Told once; and what doesn't concern it holds nobody up. */
    assert_true(cty_waits_park(&waits, &wait));
    assert_true(cty_waits_park(&waits, &other));
    cty_waits_committed(&waits, &touched, 1);
    assert_int_equal(woken_now(), 1);
    /* That its peer went away is not forgotten over news. */
    cty_waits_gone(&waits, 7);
    cty_waits_committed(&waits, &touched, 1);
    assert_false(cty_waits_park(&waits, &wait));
    assert_int_equal(wait.reason, CTY_WAKE_GONE);
    cty_waits_stop(&waits);
    assert_false(cty_waits_park(&waits, &wait));
    assert_int_equal(wait.reason, CTY_WAKE_STOP);
    assert_int_equal(woken_now(), 2);
    end_waits(&waits, all, 2);
}

/* Whoever missed something while it looked comes first at the next look, and those who missed nothing stay. */
static void deciders_look_after_what_they_missed(void **state)
{
    struct cty_waits waits;
    struct cty_wait early = wait_for_news(1, "x/a", "x", true), late = wait_for_news(2, "y/b", "y", true),
                    fresh = wait_for_news(3, "z/c", "z", true);
    struct cty_wait *all[] = {&early, &late, &fresh};
    struct cty_touched held = {.case_id = {{9}}, .names = {1, 2, 0}, .held = true}, open = {.case_id = {{9}}};
    (void)state;
    begin_waits(&waits, MAX);
    assert_ok(cty_waits_arm(&waits, &late, NULL));
    cty_waits_committed(&waits, &held, 1);
    park(&waits, &early);
    park(&waits, &fresh);
    assert_true(cty_waits_park(&waits, &late));
    cty_waits_committed(&waits, &open, 1);
    assert_true(was_woken(1));
    assert_ptr_equal(woken[0], &late);
    usleep(450000);
    assert_int_equal(woken_now(), 1);
    cty_waits_committed(&waits, &held, 1);
    assert_true(was_woken(3));
    end_waits(&waits, all, 3);
}

static void many_wait_and_each_is_found(void **state)
{
    struct cty_waits waits;
    static struct cty_wait list[2000];
    static struct cty_wait *all[2000];
    (void)state;
    begin_waits(&waits, 2000);
    for (uint32_t i = 0; i < 2000; i++) {
        list[i] = wait_for(0, i + 1, 60000 + (i * 7919) % 1000);
        memcpy(list[i].case_id.bytes, &i, sizeof(i));
        list[i].due_ms = 5000 + (i * 31) % 97;
        all[i] = &list[i];
        park(&waits, &list[i]);
    }
    for (uint32_t i = 0; i < 2000; i += 3) {
        struct cty_touched touched = {.case_id = list[i].case_id};
        size_t before = woken_now();
        cty_waits_committed(&waits, &touched, 1);
        assert_int_equal(woken_now(), before + 1);
        assert_ptr_equal(woken[before], &list[i]);
    }
    for (uint32_t i = 1; i < 2000; i += 3) {
        size_t before = woken_now();
        cty_waits_gone(&waits, i + 1);
        assert_int_equal(woken_now(), before + 1);
        assert_int_equal(list[i].reason, CTY_WAKE_GONE);
    }
    end_waits(&waits, all, 2000);
    assert_int_equal(woken_count, 2000);
}

/* --- shares -------------------------------------------------------------------------------------------------- */

static void an_actor_waits_so_often_and_no_more(void **state)
{
    struct cty_waits waits;
    struct cty_wait list[CTY_WAITS_PER_ACTOR_MAX + 2];
    struct cty_wait *all[CTY_WAITS_PER_ACTOR_MAX + 1];
    size_t taken = 0;
    (void)state;
    begin_waits(&waits, MAX);
    for (size_t i = 0; i < CTY_WAITS_PER_ACTOR_MAX + 2; i++) {
        list[i] = wait_for(1, i + 1, 60000);
        list[i].actor_key = i <= CTY_WAITS_PER_ACTOR_MAX ? 1 : 2;
        bool refused = i == CTY_WAITS_PER_ACTOR_MAX;
        assert_string_equal(custody_err_name(cty_waits_arm(&waits, &list[i], NULL)), refused ? "quota" : "ok");
        if (!refused)
            all[taken++] = &list[i];
    }
    /* Whoever leaves makes room. */
    cty_waits_leave(&waits, &list[0]);
    assert_ok(cty_waits_arm(&waits, &list[0], NULL));
    end_waits(&waits, all, taken);
}

static void a_party_leaves_some_waits_to_others(void **state)
{
    struct cty_waits waits;
    struct cty_wait list[17];
    struct cty_wait *all[16];
    size_t taken = 0;
    (void)state;
    begin_waits(&waits, 16);
    for (size_t i = 0; i < 17; i++) {
        list[i] = wait_for(1, i + 1, 60000);
        list[i].party_key = i <= 12 ? 1 : 2;
        bool full = i == 12;
        assert_string_equal(custody_err_name(cty_waits_arm(&waits, &list[i], NULL)), full ? "quota" : "ok");
        if (!full)
            all[taken++] = &list[i];
    }
    struct cty_wait one_more = wait_for(1, 99, 60000);
    assert_refused(cty_waits_arm(&waits, &one_more, NULL), "busy");
    end_waits(&waits, all, taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_ends_with_what_it_waits_for),
        cmocka_unit_test(news_wake_whom_they_concern),
        cmocka_unit_test(one_commit_wakes_a_wait_once),
        cmocka_unit_test(nothing_is_missed_between_arming_and_parking),
        cmocka_unit_test(deciders_look_after_what_they_missed),
        cmocka_unit_test(many_wait_and_each_is_found),
        cmocka_unit_test(an_actor_waits_so_often_and_no_more),
        cmocka_unit_test(a_party_leaves_some_waits_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
