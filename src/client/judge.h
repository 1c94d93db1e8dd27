/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A case, judged from its own entries and the trust chain, from the client's own pins: nothing that the custodian says
 * of a case is believed. What it may still hide is what came after the newest entry it gave.
 */
#ifndef CTY_CLIENT_JUDGE_H
#define CTY_CLIENT_JUDGE_H

#include "audit/evidence.h"
#include "client/client.h"

enum cty_gather {
    CTY_GATHER_CONTENTS = 1, /* contents of the case that we may read */
    CTY_GATHER_ALL = 2,      /* and of its parent cases, and names of persons: for evidence files */
    CTY_GATHER_BETWEEN = 4,  /* every entry of the ledger from the release to its consume, up to CTY_BETWEEN_ENTRIES_MAX */
    CTY_GATHER_SINCE_REQUEST = 8, /* ... and before that, from what the request's signer saw */
    CTY_GATHER_WITNESSED = 32, /* under a checkpoint that the own policy's quorum has cosigned, where there is one; it is named */
    CTY_GATHER_WAIT = 64,      /* ... which is waited for, else NOT_WITNESSED */
    CTY_GATHER_ON_FOOTING = 16 /* of the trust chain only what this client did not judge before: for judging at once */
};

/*
 * Collects a case's evidence: its entries and its parents', the trust chain (kept from call to call, and only extended),
 * the newest checkpoint, proofs, and contents as `what` (enum cty_gather, or-ed) says. Contents that are not ours to
 * read, or gone, are left out; one that doesn't match its commitment is refused. The caller owns *ret_evidence.
 * Errors: those of cty_client_call and cty_client_advance; WRONG_CASE; BLOB_MISMATCH; those of cty_evidence_add_entry.
 */
CUSTODY_MUST_USE custody_err cty_client_gather(struct cty_client *client, const struct cty_hash *case_id, unsigned what,
                                               struct cty_evidence **ret_evidence, custody_error *error);

/* What was judged. Owns all. */
struct cty_judgement {
    struct cty_evidence *evidence;
    struct cty_memory *memory; /* the folded state */
    struct cty_report report;  /* claim by claim */
    struct cty_checkpoint checkpoint; /* and the note that says it */
    struct cty_buf note;
    bool known;                /* the fold reached the case: record, newest_index and newest_time are set */
    struct cty_hash case_id;
    struct cty_case record;    /* as folded; borrows from the memory */
    uint64_t newest_index;     /* of the case's newest entry */
    uint64_t newest_time;
};
/* NULL is nothing. */
void cty_judgement_free(struct cty_judgement *judgement);
void cty_judgement_free_pointer(struct cty_judgement **judgement); /* for CTY_CLEANUP */

/*
 * Gathers and judges. OK also where claims fail: ask cty_judgement_check before you rely on it. The claim `audience` is
 * judged for the name in the trust file only. The caller owns *ret_judgement. Errors: those of cty_client_gather.
 */
CUSTODY_MUST_USE custody_err cty_client_judge(struct cty_client *client, const struct cty_hash *case_id, unsigned what,
                                              struct cty_judgement **ret_judgement, custody_error *error);
/*
 * Whether the judgement can be relied on: no claim fails, and what a case must show was checked. Left out are that ids
 * are unique in the whole ledger and contents that are not ours to read, which may be unchecked; whom the release is
 * for, which is the caller's question; and the witnesses, whose word is asked for before acting (client/witnessed.h).
 * Errors: the failed claim's code, NOT_CHECKED, both with the claim in the detail.
 */
CUSTODY_MUST_USE custody_err cty_judgement_check(const struct cty_judgement *judgement, custody_error *error);

/*
 * The content under a member of a statement of the case, compared with its commitment; borrowed.
 * Errors: NOT_FOUND (no such statement or member, or the content was not to be had).
 */
CUSTODY_MUST_USE custody_err cty_judgement_content(const struct cty_judgement *judgement,
                                                   const struct cty_hash *statement, const char *member,
                                                   struct cty_bytes *ret_content);
/* Whether an actor or a party of this name is enrolled, as far as the judgement reaches. */
bool cty_judgement_knows(const struct cty_judgement *judgement, struct cty_bytes name);
/* The payload in force, and the one that was asked for. Errors: as above. */
CUSTODY_MUST_USE custody_err cty_judgement_payload(const struct cty_judgement *judgement,
                                                   struct cty_bytes *ret_payload);
CUSTODY_MUST_USE custody_err cty_judgement_original(const struct cty_judgement *judgement,
                                                    struct cty_bytes *ret_payload);
/* The payload in force for showing: data NULL where it is not at hand. Errors: NO_MEMORY and INTERNAL, where nobody knows. */
CUSTODY_MUST_USE custody_err cty_judgement_payload_if(const struct cty_judgement *judgement,
                                                      struct cty_bytes *ret_payload);

/*
 * Calls `each` for every entry of the case in order, parsed; the views live for the call only. An error ends it.
 */
CUSTODY_MUST_USE custody_err cty_judgement_each(const struct cty_judgement *judgement,
                                                custody_err (*each)(void *context,
                                                                    const struct cty_parsed_entry *entry,
                                                                    struct cty_bytes text),
                                                void *context);

/*
 * Walks case_prev from the entry with this text back to the release of this digest. Errors: GAP where an entry that a
 * link names is not in the evidence, DOUBLE_CONSUME where another consume lies between, CHAIN_BROKEN where the case
 * begins before the release was met.
 */
CUSTODY_MUST_USE custody_err cty_judgement_walk(const struct cty_judgement *judgement, struct cty_bytes entry,
                                                const struct cty_hash *release, custody_error *error);

/*
 * Reads every entry up to the one with the text `consume`, whose receipt was verified: from what the request's signer saw,
 * before which nothing of the case can stand; where that is more than CTY_BETWEEN_ENTRIES_MAX, from the release of this digest.
 * Proves that they are the leaves of the judgement's checkpoint, that none is of the case but those that were judged, and that
 * `trust` passes over nothing. cty_judgement_walk believes the custodian's links; this does not.
 * Errors: DOUBLE_CONSUME, CHAIN_BROKEN, GAP, PROOF_INVALID; those of cty_client_call.
 */
CUSTODY_MUST_USE custody_err cty_judgement_check_between(struct cty_client *client,
                                                         const struct cty_judgement *judgement,
                                                         const struct cty_hash *release, struct cty_bytes consume,
                                                         custody_error *error);

#endif
