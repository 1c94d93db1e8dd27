/* SPDX-License-Identifier: Apache-2.0 */
#include "plays.h"

#include <stdio.h>

#include "base/check.h"
#include "codec/text.h"

#define BIT(state) (1u << CTY_CASE_##state)

const char *const vendor_parties[VENDORS] = {"acme", "globex", "initech"};

const struct play plays[PLAY_KINDS] = {
    [PLAY_PLAIN] = {"one.plain", 0, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_TWO] = {"two.plain", 0, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_FREE] = {"free.plain", 0, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_NEVER] = {"never.plain", 0, BIT(REFUSED), ACTS_NONE},
    [PLAY_REJECT] = {"two.reject", 0, BIT(REJECTED), ACTS_NONE},
    [PLAY_PATCH] = {"one.patch", 0, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_CONSENT] = {"consent.patch", 0, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_ASK] = {"one.ask", 0, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_ESCALATE] = {"escalate.plain", 0, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_CANCEL] = {"one.cancel", 0, BIT(CANCELLED), ACTS_NONE},
    [PLAY_BRIEF] = {"brief.silence", 0, BIT(EXPIRED), ACTS_NONE},
    [PLAY_LAPSE] = {"lapse.silence", 0, BIT(LAPSED), ACTS_NONE},
    [PLAY_SILENT] = {"silent.late", 0, BIT(UNKNOWN), ACTS_ONCE},
    [PLAY_CRASH] = {"one.crash", 0, BIT(UNKNOWN), ACTS_PERHAPS},
    [PLAY_EXECUTOR] = {"one.executor", 0, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_HAND] = {"one.hand", 1, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_TRAVEL] = {"two.travel", 1, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_PARTY] = {"one.party", 1, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_CHAIN] = {"one.chain", 3, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_BOTH] = {"both.hand", 1, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_DECLINE] = {"one.decline", 1, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_WITHDRAW] = {"one.withdraw", 1, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_STALE] = {"one.stale", 1, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_FINAL] = {"one.final", 0, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_THIEF] = {"stolen.before", 0, BIT(LAPSED), ACTS_NONE},
    [PLAY_LEAVER] = {"stolen.after", 0, BIT(FULFILLED), ACTS_ONCE},
    [PLAY_GIVER] = {"given.stolen", 1, BIT(LAPSED) | BIT(FULFILLED), ACTS_IF_FULFILLED},
    [PLAY_ROTATE] = {"one.rotate", 0, BIT(FULFILLED), ACTS_ONCE},
};

const char *const plays_policy =
    "{\"admin_quorum\":2,\"rules\":["
    "{\"effect\":\"deny\",\"match\":{\"action\":\"never.*\"}},"
    "{\"effect\":\"pass\",\"match\":{\"action\":\"free.*\"}},"
    "{\"effect\":\"pass\",\"match\":{\"action\":\"both.*\"}},"
    "{\"effect\":\"pass\",\"match\":{\"action\":\"lapse.*\"},\"use_ms\":700},"
    "{\"effect\":\"pass\",\"match\":{\"action\":\"given.*\"},\"use_ms\":6000},"
    "{\"effect\":\"pass\",\"match\":{\"action\":\"silent.*\"},\"report_ms\":4000},"
    "{\"approvals\":1,\"decide_ms\":700,\"effect\":\"hold\",\"match\":{\"action\":\"brief.*\"},\"roles\":[\"approver\"]},"
    "{\"approvals\":1,\"effect\":\"hold\",\"match\":{\"action\":\"stolen.before\"},\"roles\":[\"guest\"],\"use_ms\":6000},"
    "{\"approvals\":1,\"effect\":\"hold\",\"match\":{\"action\":\"stolen.*\"},\"roles\":[\"guest\"]},"
    "{\"approvals\":1,\"consent\":true,\"effect\":\"hold\",\"match\":{\"action\":\"consent.*\"},\"roles\":[\"approver\"]},"
    "{\"approvals\":1,\"effect\":\"hold\",\"escalation\":{\"roles\":[\"boss\"]},\"match\":{\"action\":\"escalate.*\"},"
    "\"roles\":[\"approver\"]},"
    "{\"approvals\":2,\"effect\":\"hold\",\"match\":{\"action\":\"two.*\"},\"roles\":[\"approver\"]},"
    "{\"approvals\":1,\"effect\":\"hold\",\"roles\":[\"approver\"]}]}";

void plays_vendor_policy(const char *party, char *out, size_t size)
{
    snprintf(out, size,
             "{\"admin_quorum\":2,\"rules\":[{\"approvals\":1,\"effect\":\"hold\",\"match\":{\"action\":\"both.*\"},"
             "\"parties\":[\"%s\"],\"roles\":[\"approver\"]}]}",
             party);
}

/* Handoffs come more often than the rest. */
enum play_kind play_of(unsigned vendor, unsigned number)
{
    static const enum play_kind again[] = {PLAY_HAND, PLAY_CHAIN, PLAY_PARTY, PLAY_TRAVEL};
    unsigned place = (number + vendor * 11) % (PLAY_KINDS + (unsigned)CTY_COUNT_OF(again));
    return place < PLAY_KINDS ? (enum play_kind)place : again[place - PLAY_KINDS];
}

enum play_kind play_named(struct cty_bytes action)
{
    for (unsigned i = 0; i < PLAY_KINDS; i++) {
        if (cty_bytes_is(action, plays[i].action))
            return (enum play_kind)i;
    }
    return PLAY_KINDS;
}

unsigned vendor_of(struct cty_bytes party)
{
    for (unsigned i = 0; i < VENDORS; i++) {
        if (cty_bytes_is(party, vendor_parties[i]))
            return i;
    }
    return VENDORS;
}

static bool is_in_ancestry(const struct cty_case *record, const char *name)
{
    for (uint32_t i = 0; i < record->ancestry_count; i++) {
        if (cty_bytes_is(record->ancestry[i], name))
            return true;
    }
    return false;
}

void play_receiver(const struct cty_hash *case_id, const struct cty_case *record, char *out, size_t size)
{
    unsigned hop = record->hops_count;
    unsigned vendor = (vendor_of(record->party) + 1 + hop) % VENDORS;
    unsigned agent = case_id->bytes[4 + hop];
    if (play_named(record->action) == PLAY_PARTY) {
        snprintf(out, size, "%s", vendor_parties[vendor]);
        return;
    }
    do
        snprintf(out, size, "%s/agent-%u", vendor_parties[vendor], agent++ % VENDOR_AGENTS);
    while (is_in_ancestry(record, out));
}

bool play_is_handed(const struct cty_case *record, uint64_t now)
{
    enum play_kind kind = play_named(record->action);
    const struct cty_case_offer *offer = &record->offer;
    if (record->hops_count >= plays[kind].hops)
        return true;
    if (!offer->present)
        return false;
    return (kind == PLAY_DECLINE && offer->state == CTY_OFFER_DECLINED) ||
           (kind == PLAY_WITHDRAW && offer->state == CTY_OFFER_WITHDRAWN) ||
           (kind == PLAY_STALE && offer->state == CTY_OFFER_OPEN && offer->expires < now);
}

bool play_is_persons(const struct cty_hash *case_id, const struct cty_case *record, const char *party, unsigned person)
{
    unsigned first = case_id->bytes[0] % VENDOR_PERSONS;
    unsigned second = (first + 1 + case_id->bytes[1] % (VENDOR_PERSONS - 1)) % VENDOR_PERSONS;
    bool both = play_named(record->action) == PLAY_BOTH;
    if (!both && !cty_bytes_is(record->party, party))
        return false;
    /* Where one is enough, now and then two try all the same. */
    bool needed = both || cty_glob_match(CTY_LITERAL("two.*"), record->action);
    return person == first || (person == second && (needed || case_id->bytes[2] % 4 == 0));
}
