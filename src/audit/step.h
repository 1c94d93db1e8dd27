/* SPDX-License-Identifier: Apache-2.0 */
/* Inside src/audit only: judging one entry over a memory; shared by evidence and replay. */
#ifndef CTY_AUDIT_STEP_H
#define CTY_AUDIT_STEP_H

#include "audit/memory.h"
#include "audit/replay.h"
#include "audit/trust.h"

/* The newest `seen` of a party; of parties beyond the first so many nothing is told. */
#define CTY_SIGHTS_MAX 32
struct cty_sight {
    char party[CTY_ACTOR_NAME_BYTES_MAX + 1];
    uint64_t size;
    uint64_t entry; /* that carries it */
};

/* Marks of cases among what was asked, so that the next stretch of an audit need not look at all cases again. */
#define CTY_SUSPECT_MARK "suspect "
#define CTY_SUSPECT_MARKED "yes"

/* How a case stands with what was asked of it. */
enum cty_outlook {
    CTY_OUTLOOK_OPEN,      /* nothing is decided */
    CTY_OUTLOOK_SATISFIED, /* the policies were met, and it was released */
    CTY_OUTLOOK_REFUSED,   /* by a policy, by a person, by its requester, or by time */
    CTY_OUTLOOK_COUNT
};

struct cty_step {
    struct cty_memory *memory;
    /*
     * What findings and texts need beside the law's records: requests that were refused or rejected, by requester, service
     * and action; who vouched for whom ("voucher <actor>"); which approvals travelled ("travelled <digest>"); which cases rest
     * on keys that were revoked ("suspect <case>"), and where what was signed with them stands ("signed <digest>").
     */
    struct cty_memory *asked;
    const struct cty_trust *trust;
    struct cty_log_keys log_keys; /* the pinned log key, and those that came in its place */
    const struct cty_content_source *contents; /* NULL: none */
    struct cty_report *report;
    enum cty_view_status (*missing)(void *context, const char *key);
    void *missing_context;
    struct cty_view view;
    struct cty_delta delta;
    struct cty_buf salt, content, base, operations, result; /* scratch */
    uint64_t at;            /* place of the entry in hand, set by the caller: what it says of itself may be a lie */
    bool keyless;           /* of the entry in hand */
    bool stopped;           /* something failed: later entries are not judged */
    bool parent_missing;    /* a request whose parent case is unknown */
    bool siblings_unknown;  /* a request that took one of its parent's releases, where not all cases are at hand */
    bool founders_pinned;   /* the trust file pins the founding admins */
    bool founders_other;    /* ... and entry 0 names others */
    uint64_t parties_found; /* bits of the trust file's pins whose party was enrolled */
    uint64_t parties_other; /* ... and has other admins than those */
    uint64_t entries;       /* judged and lawful */
    uint64_t newest;        /* index of the newest of them */
    uint64_t contents_checked;
    uint64_t contents_missing;
    bool revoked;           /* some key was revoked by now */
    bool revoked_since;     /* ... and what rests on it was not looked for since */
    uint64_t cases[CTY_OUTLOOK_COUNT]; /* of a whole ledger: how its cases stand, but for those that are suspect */
    struct cty_sight sights[CTY_SIGHTS_MAX]; /* the newest checkpoint that each party's signers saw */
    uint32_t sights_count;
    uint64_t first_time, newest_time; /* of entries, in ms, as the custodian dates them */
    uint64_t expiries;          /* and of these, where the policy asks for witnesses: */
    uint64_t expiries_cosigned; /* a quorum was behind the deadline */
    uint64_t expiries_bare;     /* none that we know of; a finding tells of each */
    uint64_t expiries_before;   /* judged in a stretch before, under another policy */
    uint64_t suspect_cases; /* released, or handed on, with a key that was revoked as of before: undecidable */
};

CUSTODY_MUST_USE custody_err cty_step_init(struct cty_step *step, const struct cty_trust *trust,
                                           struct cty_report *report);
void cty_step_done(struct cty_step *step);

/*
 * The keys and key names of the signers at this index. Where one has none, step->keyless is set: nothing can be verified,
 * and the fold, which must follow, says what is wrong in the law's order.
 */
CUSTODY_MUST_USE custody_err cty_step_keys(struct cty_step *step, const struct cty_parsed_entry *parsed,
                                           struct cty_buf *names_memory, struct cty_key keys[CTY_SIGNERS_MAX],
                                           struct cty_bytes names[CTY_SIGNERS_MAX]);

/* Pins, fold, contents, findings; the entry is taken into the memory. */
CUSTODY_MUST_USE custody_err cty_step_fold(struct cty_step *step, const struct cty_parsed_entry *parsed,
                                           const struct cty_hash *leaf, const struct cty_key keys[CTY_SIGNERS_MAX],
                                           bool prev_unknown);

/* Adds the key that a custodian.rotate at this index brought; whether it was lawful is the caller's to know. */
CUSTODY_MUST_USE custody_err cty_log_keys_learn(struct cty_log_keys *keys, const struct cty_statement *statement,
                                                uint64_t index);

/* Who signed the checkpoint, for a claim: "the pinned log key", or the one that an entry brought. */
void cty_log_key_words(const struct cty_log_keys *keys, uint64_t size, char *out, size_t out_size);

/* An entry that can't be judged, through nobody's fault: later ones are not judged either. */
void cty_step_give_up(struct cty_step *step, uint64_t index, const char *why);

/* What can be said at the end only: findings about keys revoked later, and the claims that now hold. */
CUSTODY_MUST_USE custody_err cty_step_finish(struct cty_step *step);

/* Decodes the case's record; *ret_found is false, and the record zero, where there is none. Errors: NO_MEMORY, INTERNAL. */
CUSTODY_MUST_USE custody_err cty_step_case(const struct cty_memory *memory, const struct cty_hash *case_id,
                                           struct cty_case *ret_case, bool *ret_found);

/*
 * The record of this key, where the memo has it or decoded into `own`; NULL where there is none. It lives until the view is
 * cleared. Errors: NO_MEMORY, INTERNAL.
 */
CUSTODY_MUST_USE custody_err cty_step_look(struct cty_step *step, const struct cty_shape *shape, const char *key,
                                           void *own, const void **ret_record);
/* How a case stands. */
enum cty_outlook cty_outlook_of(const struct cty_case *the_case);

/* suspects.c: after each entry, what must be known in the end. `the_case` is the entry's, NULL where it has none. */
CUSTODY_MUST_USE custody_err cty_suspects_note(struct cty_step *step, const struct cty_statement *statement,
                                               const struct cty_case *the_case);

/* findings.c: what is found beside the claims, after the entry was judged. */
CUSTODY_MUST_USE custody_err cty_step_findings(struct cty_step *step, const struct cty_parsed_entry *parsed);

/*
 * deadline.c: the checkpoint that an expiry carries, for the claim `when`. After the entry was folded; `the_case` as it stands then.
 * Errors: NO_MEMORY, the backing's.
 */
CUSTODY_MUST_USE custody_err cty_step_deadline(struct cty_step *step, const struct cty_statement *statement,
                                               const struct cty_case *the_case);
/* What an expiry carries, unverified; borrows from `memory`. Errors: what is malformed, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_deadline_note(const struct cty_statement *statement, struct cty_buf *memory,
                                               struct cty_note *ret_note, struct cty_checkpoint *ret_checkpoint);

/* contents.c: commitments and patches of one entry, before it is folded. */
CUSTODY_MUST_USE custody_err cty_step_contents(struct cty_step *step, const struct cty_parsed_entry *parsed);

/* Decodes the actor's record, likewise. */
CUSTODY_MUST_USE custody_err cty_step_actor(const struct cty_memory *memory, struct cty_bytes name,
                                            struct cty_actor_record *ret_actor, bool *ret_found);

/* Whether what the actor signed then was signed by a thief, and where the ledger says so: "revoked by entry 9". */
#define CTY_THIEF_WORDS_MAX 80
bool cty_step_thief(const struct cty_actor_record *actor, uint64_t rotation, uint64_t time,
                    char ret_words[CTY_THIEF_WORDS_MAX]);

/* Whether the approval of this digest came into its instance with a handoff. */
bool cty_step_travelled(const struct cty_step *step, const struct cty_hash *decision);

#endif
