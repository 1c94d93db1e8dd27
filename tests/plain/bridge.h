/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays one abstract event to both judges: it becomes an entry of a world (statement, links, keys) for the fold,
 * and what the clerk of the world says becomes an abstract event for the plain judge.
 */
#ifndef CTY_TESTS_PLAIN_BRIDGE_H
#define CTY_TESTS_PLAIN_BRIDGE_H

#include "kit/step.h"
#include "plain/plain.h"

struct bridge {
    struct world *w;
    struct plain *p;
    struct cty_hash digests[PLAIN_ENTRIES]; /* of the statement in each entry */
    struct cty_hash leaves[PLAIN_ENTRIES];
    struct world_step step;
    char policy[8192];
    char keys[PLAIN_SIGNERS][400];
    size_t accepted, refused;
};

/* Entry 0: party "operator", admins "operator/ada" and "operator/otto", this policy. */
struct bridge *bridge_new(const struct plain_policy *policy);
/* One that stands where the other stands and borrows its keys. */
struct bridge *bridge_clone(const struct bridge *b);
void bridge_free(struct bridge *b);

/* An event whose common members are lawful as of now, by one signer. */
void bridge_begin(const struct bridge *b, struct plain_event *e, enum plain_kind kind, const char *signer,
                  plain_number time, int id);
/* Also its case: after, case_prev. */
void bridge_join(const struct bridge *b, struct plain_event *e, int the_case);

/* The verdict or release that must come next, as the world's clerk gives it; false where none must. */
bool bridge_next(struct bridge *b, plain_number time, int instance, struct cty_statement *st);
/* The abstract form of what the clerk said; payloads and entries that are none come out as PLAIN_NONE. */
void bridge_read(const struct bridge *b, const struct cty_statement *st, struct plain_event *e);

/*
 * Gives the event to both. `said` is the clerk's own part, for verdicts and releases. Ends the program with a
 * report where the two disagree. Returns the refusal, or NULL.
 */
const char *bridge_play(struct bridge *b, const struct plain_event *e, const struct cty_statement *said);

/* Compares one case, or all, as they read at the world's time. */
void bridge_compare(struct bridge *b, int the_case);
void bridge_compare_all(struct bridge *b);

struct cty_hash bridge_payload(int number);

#endif
