/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can happen to a case among vendors. A case's action names its play, so that everybody who meets the case knows
 * their part from the ledger alone; whom it is handed to follows from its digest. Nothing else is shared.
 */
#ifndef CTY_TESTS_E2E_PLAYS_H
#define CTY_TESTS_E2E_PLAYS_H

#include "escrow/record.h"

#define VENDORS 3u
#define VENDOR_AGENTS 6u
#define VENDOR_PERSONS 3u

extern const char *const vendor_parties[VENDORS];

enum play_kind {
    PLAY_PLAIN,
    PLAY_TWO,
    PLAY_FREE,
    PLAY_NEVER,
    PLAY_REJECT,
    PLAY_PATCH,
    PLAY_CONSENT,
    PLAY_ASK,
    PLAY_ESCALATE,
    PLAY_CANCEL,
    PLAY_BRIEF,
    PLAY_LAPSE,
    PLAY_SILENT,
    PLAY_CRASH,
    PLAY_EXECUTOR,
    PLAY_HAND,
    PLAY_TRAVEL,
    PLAY_PARTY,
    PLAY_CHAIN,
    PLAY_BOTH,
    PLAY_DECLINE,
    PLAY_WITHDRAW,
    PLAY_STALE,
    PLAY_FINAL,
    PLAY_THIEF,
    PLAY_LEAVER,
    PLAY_GIVER,
    PLAY_ROTATE,
    PLAY_KINDS
};

/* How many may have acted on it: a process that died behind its consume may have, or not. */
enum play_acts { ACTS_NONE, ACTS_ONCE, ACTS_PERHAPS, ACTS_IF_FULFILLED };

struct play {
    const char *action;
    unsigned hops;     /* how often it is handed on */
    unsigned finals;   /* bits of the states that it may end in */
    enum play_acts acts;
};
extern const struct play plays[PLAY_KINDS];

/* The ledger's policy for them, and a vendor's own. */
extern const char *const plays_policy;
void plays_vendor_policy(const char *party, char *out, size_t size);

/* The play of a vendor's case of this number. */
enum play_kind play_of(unsigned vendor, unsigned number);
/* The same, by its action; PLAY_KINDS for none. */
enum play_kind play_named(struct cty_bytes action);
/* VENDORS for another party. */
unsigned vendor_of(struct cty_bytes party);
/* To whom the holder hands the case with its next hop: an agent, or a party. */
void play_receiver(const struct cty_hash *case_id, const struct cty_case *record, char *out, size_t size);
/* Whether the holder has handed on all that it is to hand on, or was told no. */
bool play_is_handed(const struct cty_case *record, uint64_t now);
/* Whether that person of the requester's party (or, where both decide, of the holder's) has a part in it. */
bool play_is_persons(const struct cty_hash *case_id, const struct cty_case *record, const char *party, unsigned person);

#endif
