/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole ledger in memory, for tests: it makes actors with keys from fixed seeds, signs statements, folds
 * them, writes the clerk's follow-ups and keeps every entry, as a custodian would. Time stands where the test
 * puts it. Nothing here is part of a release.
 */
#ifndef CTY_TESTS_KIT_WORLD_H
#define CTY_TESTS_KIT_WORLD_H

#include "audit/memory.h"
#include "ledger/note.h"
#include "model/entry.h"

#define WORLD_ORIGIN "custody.example/test"
#define WORLD_ACTORS_MAX 256
#define WORLD_FORMER_MAX 64
#define WORLD_START 1800000000000u /* ms */

struct world_blob {
    struct cty_hash statement;
    char member[64];
    uint8_t salt[CTY_SALT_SIZE];
    struct cty_bytes content; /* owned */
};

struct world_vkey {
    struct cty_key key;
    char *text; /* owned */
};

struct world {
    struct cty_memory *memory;
    struct cty_secret *log;
    struct cty_secret *clerk;
    struct cty_secret *actors[WORLD_ACTORS_MAX];
    size_t actors_count;
    size_t borrowed_count; /* so many of them are another world's, and log and clerk too */
    struct cty_secret *next; /* the new key of a rotation, which signs as "new" */
    struct cty_secret *former[WORLD_FORMER_MAX]; /* keys before a rotation, the oldest first */
    size_t former_count;
    struct world_vkey vkeys[WORLD_ACTORS_MAX + WORLD_FORMER_MAX + 2];
    size_t vkeys_count;
    uint64_t time;        /* entry time of what is appended next */
    uint64_t random;      /* state of the deterministic "random" ids */
    bool fast;            /* statements are folded without envelope, signature and entry text */
    bool alone;           /* the clerk does not follow up: the test plays the custodian */
    struct cty_view view;
    struct cty_delta delta;
    struct cty_bytes *entries; /* texts, owned */
    size_t entries_count;
    size_t entries_capacity;
    struct world_blob *blobs;
    size_t blobs_count;
    custody_error error; /* of the last refusal */
};

/* Starts a world without entries. world_free frees all. Every function asserts on internal trouble. */
struct world *world_new(void);
void world_free(struct world *w);
/*
 * A world that stands where a fast one stands, whose entries have these leaves in order. It borrows the keys of the
 * first, which must live longer.
 */
struct world *world_clone(const struct world *w, const struct cty_hash *leaves);

/* The key of an actor, "log" or "clerk"; made from the name on first use, the same in every run. */
const struct cty_secret *world_secret(struct world *w, const char *name);

/* The key under its actor's name, as text; borrowed from the world. */
struct cty_bytes world_vkey(struct world *w, const char *name);
struct cty_bytes world_vkey_text(struct world *w, const struct cty_secret *secret);
/* An enrolment of a person, or (kind) of an agent or service without an owner yet. */
void world_fill(struct world *w, struct cty_enrolment *enrolment, const char *name, enum cty_actor_kind kind,
                const char *person);
/* The actor's party's two admins of world_party sign behind the new actor. */
custody_err world_enrol(struct world *w, const struct cty_enrolment *enrolment);
void world_add_signer(struct world *w, struct cty_statement *st, const char *name);
/* The ledger's record; borrowed until the next entry. */
void world_ledger(struct world *w, struct cty_ledger_record *ret_ledger);

/* Deterministic bytes. */
void world_random(struct world *w, void *out, size_t size);

/* Entry 0: operator party "operator" with admins ada and otto; policy is the policy object's text. */
void world_open(struct world *w, const char *policy);
/* A party with two admins "<party>/a" and "<party>/b" (roles admin, approver), vouched for by ada and otto. */
void world_party(struct world *w, const char *party);
/* An actor of a party of world_party. roles: one name or NULL. Persons get an id from `person`. */
custody_err world_person(struct world *w, const char *name, const char *role, const char *person);
custody_err world_agent(struct world *w, const char *name, const char *owner);
custody_err world_policy(struct world *w, const char *scope, const char *policy);

/*
 * Fills in the common members of a statement by one signer: id, ledger, seen (newest), signers, time, until
 * (an hour), and for a case `after` and case_id from its record.
 */
void world_begin(struct world *w, struct cty_statement *st, enum cty_type type, const char *signer);
void world_join(struct world *w, struct cty_statement *st, const struct cty_hash *case_id);
/* A commitment of the statement's member to `content`, whose blob is kept with the statement. */
struct cty_hash world_commit(struct world *w, const struct cty_statement *st, const char *member,
                             const char *content);

/*
 * Signs with the secrets of st->signers, folds, appends with the clerk's follow-ups, or tells the refusal
 * (detail in w->error) and changes nothing. ret_digest may be NULL.
 */
custody_err world_submit(struct world *w, const struct cty_statement *st, struct cty_hash *ret_digest);
/* The same for an envelope that is already signed. */
custody_err world_submit_envelope(struct world *w, struct cty_bytes envelope, struct cty_hash *ret_digest);
/* What the clerk must say next, by the ledger's record; false where nothing is due. Borrows from the memory. */
bool world_next(struct world *w, struct cty_statement *st);
/* Appends one entry as it is, without follow-ups (for what a rogue custodian writes). */
custody_err world_append(struct world *w, struct cty_bytes envelope, const struct cty_hash *case_prev);

/* The usual steps. Each returns what world_submit says. */
custody_err world_request(struct world *w, const char *agent, const char *executor, const char *action,
                          const char *payload, struct cty_hash *ret_case);
custody_err world_decide(struct world *w, const struct cty_hash *case_id, const char *approver,
                         enum cty_choice choice);
/* What an approval names as `previous`, while all approvals that the case keeps count. */
struct cty_opt_hash world_previous(const struct cty_case *c);
custody_err world_patch(struct world *w, const struct cty_hash *case_id, const char *approver,
                        const char *operations, const char *result);
custody_err world_consume(struct world *w, const struct cty_hash *case_id, const char *agent);
custody_err world_outcome(struct world *w, const struct cty_hash *case_id, const char *agent,
                          enum cty_outcome outcome);
custody_err world_cancel(struct world *w, const struct cty_hash *case_id, const char *actor);
custody_err world_revoke(struct world *w, const char *actor, const char *by, const char *and_by, uint64_t since);
/* The clerk's expiry, if it is due. */
custody_err world_expire(struct world *w, const struct cty_hash *case_id);
/* The same with a checkpoint that witnesses cosigned, a note in base64; empty for none. */
custody_err world_expire_on(struct world *w, const struct cty_hash *case_id, struct cty_bytes witnessed);

/* Handoffs and talk; world_steps.c. The case's newest offer is the one that is answered. */
/* A scope as wide as the case's holder may give: everything it has, with one hop less. */
struct cty_scope world_scope(struct world *w, const struct cty_hash *case_id);
/* By the holder as the case stands, within `scope` (NULL: world_scope), for a day. ret_offer may be NULL. */
custody_err world_offer(struct world *w, const struct cty_hash *case_id, const char *to,
                        const struct cty_scope *scope, struct cty_hash *ret_offer);
custody_err world_accept(struct world *w, const struct cty_hash *case_id, const char *agent);
custody_err world_decline(struct world *w, const struct cty_hash *case_id, const char *actor);
custody_err world_withdraw(struct world *w, const struct cty_hash *case_id, const char *holder);
custody_err world_finalise(struct world *w, const struct cty_hash *case_id, const char *holder);
/* An offer to the agent that it accepts. */
custody_err world_hand(struct world *w, const struct cty_hash *case_id, const char *agent);
custody_err world_question(struct world *w, const struct cty_hash *case_id, const char *approver, const char *text,
                           struct cty_hash *ret_question);
custody_err world_answer(struct world *w, const struct cty_hash *case_id, const char *holder,
                         const struct cty_hash *question, const char *text);
/* To the newest patch. */
custody_err world_consent(struct world *w, const struct cty_hash *case_id, const char *holder,
                          enum cty_consent_choice choice);

/*
 * Keys over time. From a rotation on, world_secret gives the new key under the old name; what it was before stays
 * in w->former. The new keys come from their owner's name and a count, the same in every run.
 */
custody_err world_rotate(struct world *w, const char *actor);
custody_err world_rotate_custodian(struct world *w, enum cty_custodian_key which);
/* A key that was the actor's ("log", "clerk") so many rotations ago (1: before the last); borrowed from the world. */
const struct cty_secret *world_former(struct world *w, const char *actor, unsigned rotations_ago);
struct cty_bytes world_former_vkey(struct world *w, const char *actor, unsigned rotations_ago);
/* A key of the actor that was rotated away was stolen at `since`; by two admins, or (and_by NULL) one signer. */
custody_err world_revoke_key(struct world *w, const char *actor, struct cty_bytes vkey, const char *by,
                             const char *and_by, uint64_t since);
/* By the operator's two admins. */
custody_err world_close(struct world *w);
/* A rotation as world_rotate and world_rotate_custodian submit it, to be changed before. */
void world_begin_rotation(struct world *w, struct cty_statement *st, const char *actor);
void world_begin_custodian_rotation(struct world *w, struct cty_statement *st, enum cty_custodian_key which);

/* A party with what a vendor has: admins as world_party, an approver "<party>/p", agents of theirs "<party>/x", "/y". */
void world_vendor(struct world *w, const char *party);

/* The case's record; borrowed until the next entry. The state as it reads now. */
void world_case(struct world *w, const struct cty_hash *case_id, struct cty_case *ret_case);
enum cty_case_state world_state(struct world *w, const struct cty_hash *case_id);

/* Appends the signed checkpoint of all entries. */
void world_checkpoint(struct world *w, struct cty_buf *out);

#endif
