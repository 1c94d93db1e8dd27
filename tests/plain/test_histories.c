/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fold against the plain judge over random histories. Without arguments: fixed seeds, a few thousand events.
 *
 *     test_histories SEED EVENTS [HISTORIES]     more of them
 */
#include "plain/history.h"
#include "unit/support.h"

/* Every refusal that a history can provoke came at least once in the fixed seeds. */
static const char *const expected[] = {
    "taken", "chain-broken", "time-went-backwards", "duplicate-id", "wrong-ledger", "wrong-signer", "key-unknown",
    "key-not-valid", "signature-invalid", "out-of-place", "past-until", "bad-seen", "clerk-mismatch", "wrong-case",
    "double-consume", "deadline-passed", "state-illegal", "stale-after", "duplicate-party", "under-threshold",
    "duplicate-actor", "duplicate-key", "person-mismatch", "bad-owner", "not-human", "back-dated", "party-unknown",
    "policy-mismatch", "quorum-unreachable", "not-agent", "wrong-executor", "bad-parent", "wrong-role",
    "self-approval", "action-mismatch", "instance-mismatch", "duplicate-human", "approval-expired", "not-holder",
    "approval-revoked", "not-requester", "not-due", "key-class", "out-of-order", "consent-missing", "no-escalation",
    "no-question", "wrong-receiver", "no-offer", "offer-expired", "double-offer", "double-acceptance", "after-final",
    "hop-missing", "hop-order", "pass-wider", "pass-spent", "pass-too-deep", "delegation-loop", "obligation-dropped",
    "after-cancellation", "wrong-size", "after-terminal", "bad-member",
};

static size_t count_of(const struct tally *tally, const char *code)
{
    for (size_t i = 0; i < tally->count; i++) {
        if (strcmp(tally->rows[i].code, code) == 0)
            return tally->rows[i].count;
    }
    return 0;
}

static void print_kinds(const struct tally *tally)
{
    const size_t *kinds = tally->kinds;
    print_message("%zu offers, %zu accepts (%zu with approvals that travelled), %zu declines, %zu withdrawals\n",
                  kinds[PLAIN_OFFER], kinds[PLAIN_ACCEPT], tally->travelled, kinds[PLAIN_DECLINE],
                  kinds[PLAIN_WITHDRAW]);
    print_message("%zu consents, %zu questions, %zu rotations, %zu revocations, %zu closed, %zu passes in conflict\n", kinds[PLAIN_CONSENT],
                  kinds[PLAIN_QUESTION], kinds[PLAIN_ACTOR_ROTATE] + kinds[PLAIN_CUSTODIAN_ROTATE],
                  kinds[PLAIN_ACTOR_REVOKE], kinds[PLAIN_LEDGER_CLOSE], tally->conflicts);
}

static void both_judges_agree(void **state)
{
    (void)state;
    struct tally *tally = test_calloc(1, sizeof(*tally));
    size_t taken = 0, refused = 0;
    for (uint64_t seed = 1; seed <= 12; seed++)
        taken += history_play(seed, 2500, tally);
    for (size_t i = 0; i < tally->count; i++)
        refused += strcmp(tally->rows[i].code, "taken") == 0 ? 0 : tally->rows[i].count;
    print_message("%zu entries taken, %zu refused\n", taken, refused);
    print_kinds(tally);
    for (size_t i = 0; i < CTY_COUNT_OF(tally->kinds); i++)
        assert_true(tally->kinds[i] > 0);
    assert_true(tally->travelled > 0 && tally->conflicts > 0);
    for (size_t i = 0; i < CTY_COUNT_OF(expected); i++) {
        if (count_of(tally, expected[i]) == 0)
            print_message("never: %s\n", expected[i]);
    }
    for (size_t i = 0; i < CTY_COUNT_OF(expected); i++)
        assert_true(count_of(tally, expected[i]) > 0);
    test_free(tally);
}

static int more(char **argv, int argc)
{
    struct tally tally = {.count = 0};
    uint64_t seed = strtoull(argv[1], NULL, 10);
    uint64_t histories = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    for (uint64_t i = 0; i < histories; i++) {
        fprintf(stderr, "seed %llu\n", (unsigned long long)(seed + i));
        history_play(seed + i, strtoull(argv[2], NULL, 10), &tally);
    }
    print_kinds(&tally);
    for (size_t i = 0; i < tally.count; i++)
        printf("%8zu %s\n", tally.rows[i].count, tally.rows[i].code);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_judges_agree)};
    if (argc > 2)
        return more(argv, argc);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
