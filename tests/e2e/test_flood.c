/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What spec/flood.md promises beside every flood, but for the times: the custodian lives and answers, nobody quiet is
 * refused or loses anything, the flood is told what it is told and when to come again, memory stays within what the
 * limits come to, no connection stays behind, and the ledger is whole.
 */
#include "flood.h"

#include "unit/support.h"

#define PLAY_MS 300u
#define PLAYS_MAX 32u

static struct flood f;

static void play(void **state)
{
    char broken[300];
    const struct flood_play *which = *state;
    flood_play(&f, which, PLAY_MS);
    const char *words = flood_broken(&f, broken, sizeof(broken));
    if (!words)
        house_well(f.house);
    assert_true(f.alive);
    assert_true(f.quiet.submits > 0);
    assert_int_equal(f.quiet.submits, f.quiet.count);
    assert_int_equal(f.quiet.tally.codes[CUSTODY_OK], f.quiet.tally.said);
    assert_int_equal(f.quiet.lost, 0);
    assert_int_equal(f.tally.mute, 0);
    assert_int_equal(f.tally.left, 0);
    assert_null(f.fault);
    /* Codes and memory. */
    if (words)
        fail_msg("%s", words);
}

static int after(void **state)
{
    (void)state;
    flood_done(&f);
    return 0;
}

int main(void)
{
    struct CMUnitTest tests[PLAYS_MAX];
    size_t count = 0;
    for (; flood_play_at(count); count++) {
        must_be(count < PLAYS_MAX);
        tests[count] = (struct CMUnitTest){flood_play_at(count)->name, play, NULL, after,
                                           (void *)(uintptr_t)flood_play_at(count)};
    }
    return _cmocka_run_group_tests("flood", tests, count, NULL, NULL);
}
