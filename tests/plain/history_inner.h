/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that make random histories. */
#ifndef CTY_TESTS_PLAIN_HISTORY_INNER_H
#define CTY_TESTS_PLAIN_HISTORY_INNER_H

#include "plain/history.h"

#define MINUTES(n) ((plain_number)(n) * 60000)
#define HOURS(n) ((plain_number)(n) * 3600000)

struct history {
    struct bridge *b;
    uint64_t random;
    const uint8_t *bytes; /* where they are given, all choices come from them, and then it is over */
    size_t left;
    bool small, over;
    plain_number time;
    int ids, keys, persons, payloads, instances, names;
    struct tally *tally;
    struct plain_event event;
};

int h_pick(struct history *h, int count);
bool h_chance(struct history *h, int percent);
void h_name(plain_name to, const char *from);
struct plain *h_plain(struct history *h);
const char *h_any_actor(struct history *h);
/* A valid actor of the kind (PLAIN_NONE: any), with the role and of the party where they are named. */
const char *h_some_actor(struct history *h, int kind, const char *role, const char *party);
const char *h_random_party(struct history *h);
void h_begin(struct history *h, enum plain_kind kind, const char *signer);

/* history_trust.c: each makes h->event. */
void h_actor_enrol(struct history *h);
void h_party_enrol(struct history *h);
void h_actor_revoke(struct history *h);
void h_recovery(struct history *h);
void h_actor_rotate(struct history *h);
void h_custodian_rotate(struct history *h);
void h_ledger_close(struct history *h, bool right);
void h_policy_publish(struct history *h);

/* history_clerk.c: one member goes wrong, now and then by nothing. */
void h_spoil_verdict(struct history *h, struct cty_verdict *v);
void h_spoil_release(struct history *h, struct cty_release *r);

#endif
