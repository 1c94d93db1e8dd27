/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A statement on its way into the ledger, or a content on its way to be staged. A worker prepares it (parses,
 * verifies, compares contents) and the sequencer decides; whoever holds it owns it.
 *
 *     worker: prepare --> queue --> sequencer: judge, store, commit --> done --> worker: answer
 *                 \--> refused, or in the ledger already: no queue
 *
 * Thread rule: one thread at a time.
 */
#ifndef CTY_DAEMON_SUBMISSION_H
#define CTY_DAEMON_SUBMISSION_H

#include "daemon/contents.h"
#include "daemon/custodian.h"
#include "daemon/fair.h"
#include "daemon/head.h"
#include "daemon/keyring.h"
#include "daemon/unit.h"

enum cty_submission_kind { CTY_SUBMIT, CTY_STAGE };

/* One entry of the answer, with its receipt. */
struct cty_part {
    uint64_t index;
    struct cty_buf entry;
    struct cty_buf receipt;
};

struct cty_submission {
    struct cty_fair_item turn;   /* in the sequencer's queue; first, so that the queue's items are submissions */
    uint64_t actor_key;          /* whose flow it is, and whose share of the queue (tally.h) */
    uint64_t party_key;
    bool again;                  /* it was queued before, or is behind one that was, and charged to nobody */
    struct cty_submission *next; /* in whatever list it is */
    enum cty_submission_kind kind;
    void (*done)(struct cty_submission *submission); /* called once by the sequencer, where it was queued */
    void *owner;

    /* What came. */
    struct cty_bytes envelope; /* borrows from the message, as the members below */
    struct cty_signed parsed;
    struct cty_key keys[CTY_SIGNERS_MAX]; /* zero where the signature did not verify */
    bool verified;                        /* all did */
    bool looked_up;                       /* somebody has looked whether it stands already */
    struct cty_key tried[CTY_SIGNERS_MAX]; /* by which each signature was tried last; zero: by none */
    bool tried_well[CTY_SIGNERS_MAX];      /* what came of it */
    struct cty_contents contents;
    custody_err contents_err; /* what is wrong with them; the ledger's rules come first */
    custody_error contents_error;
    bool patch_checked;
    char actor[CTY_ACTOR_NAME_BYTES_MAX + 1]; /* who stages */

    /* What became of it. */
    custody_err err;
    custody_error error;
    bool duplicate;
    uint32_t parts_count;
    struct cty_part parts[CTY_UNIT_ENTRIES_MAX]; /* its own entry, then the clerk's */
};

/* A zeroed submission is a valid empty one. */
void cty_submission_done(struct cty_submission *submission);
/* Forgets one statement, to be used for another; keeps what memory is worth keeping. */
void cty_submission_clear(struct cty_submission *submission);

/*
 * Resolves the signers' keys by the book and verifies. The keys of those that don't verify are zeroed, so that the
 * fold refuses them in its order. Errors: those of cty_fold_keys where keys can't be resolved; faults.
 */
CUSTODY_MUST_USE custody_err cty_submission_verify(struct cty_submission *submission, struct cty_book *book,
                                                   custody_error *error);

/* The same by the keys that are at hand. True where they are, and all signatures verify; else look. */
CUSTODY_MUST_USE bool cty_submission_verify_at_hand(struct cty_submission *submission,
                                                    const struct cty_keyring *keyring);

/* What a worker prepares with. */
struct cty_prepare {
    struct cty_book *book; /* over a reader, which has no snapshot open, or over nothing */
    struct cty_unit *unit; /* scratch */
    const struct cty_custodian *custodian;
    struct cty_keyring *keyring; /* NULL: none */
    bool look_up;        /* first of all, whether it stands already */
    bool after_others;   /* statements before it in the same message may bring what it needs */
    /* Whether one of them changes the key of this actor. NULL: none does. */
    bool (*after_rotation)(const void *context, struct cty_bytes actor);
    const void *context;
};
/*
 * Prepares a statement. *ret_queue says whether it has to go to the sequencer; else submission->err is the
 * verdict on it, or the answer for a statement that is in the ledger already.
 *
 * Where keys at hand verify it and it brings what it needs, nothing is looked up in the database: the sequencer, which
 * judges every statement by the present keys, sees whether it stands already.
 */
void cty_submission_prepare(struct cty_submission *submission, const struct cty_prepare *with,
                            const struct cty_rpc_params *params, bool *ret_queue);
/*
 * For a prepared one that nobody looked up, where the queue is for new ones: looks now. False where it stands already:
 * submission->err is the answer, as above.
 */
CUSTODY_MUST_USE bool cty_submission_is_new(struct cty_submission *submission, const struct cty_prepare *prepare);

/*
 * Whether an entry has this statement's id already. With the same digest: *ret_index is that entry's, and true.
 * With another, false: that is for the fold to refuse.
 */
CUSTODY_MUST_USE custody_err cty_submission_find(const struct cty_submission *submission, struct cty_book *book,
                                                 bool *ret_found, uint64_t *ret_index, custody_error *error);
/* Takes the entry at `index`, and what the clerk said after it, as the answer. Errors: those of the reader. */
CUSTODY_MUST_USE custody_err cty_submission_take_duplicate(struct cty_submission *submission,
                                                           struct cty_store_reader *reader, uint64_t index,
                                                           custody_error *error);
/* Makes the receipts of all parts against this checkpoint. Errors: those of the reader. */
CUSTODY_MUST_USE custody_err cty_submission_take_receipts(struct cty_submission *submission,
                                                          struct cty_store_reader *reader, uint64_t size,
                                                          struct cty_bytes note, custody_error *error);
/*
 * For a patch: compares its result with what its operations make of the base, if the book's case has that base.
 * Sets patch_checked, and contents_err where it isn't so. Errors: faults.
 */
CUSTODY_MUST_USE custody_err cty_submission_check_patch(struct cty_submission *submission, struct cty_book *book,
                                                        custody_error *error);
/*
 * Appends the clerk's signed refusal, if the submission deserves one: its signatures verified and it was
 * refused. Errors: TOO_LARGE, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_submission_refusal(const struct cty_submission *submission,
                                                    const struct cty_custodian *custodian, struct cty_head *head,
                                                    struct cty_buf *out);

#endif
