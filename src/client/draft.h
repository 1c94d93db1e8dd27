/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a statement, signing it and submitting it with its contents.
 *
 *     cty_client_begin   common members, signer = the client's own secret
 *     cty_draft_join     case and after, from the case as it was judged
 *     cty_draft_commit   contents, each with a salt of its own
 *     draft.statement.u  the type's own members, by the caller
 *     cty_client_submit  signs, sends, verifies the receipt
 */
#ifndef CTY_CLIENT_DRAFT_H
#define CTY_CLIENT_DRAFT_H

#include "client/client.h"
#include "escrow/record.h"
#include "model/entry.h"

/* How long after `time` a statement may still be taken: draft.statement.until, which the caller may change. */
#define CTY_DRAFT_UNTIL_MS ((uint64_t)10 * 60 * 1000)

/* A content with its salt, as it goes with a statement. Borrowed. */
struct cty_content {
    struct cty_bytes member;
    uint8_t salt[CTY_SALT_SIZE];
    struct cty_bytes content;
};

/* A statement in the making. Zero-initialise, then cty_draft_done; owns copies of its contents. */
struct cty_draft {
    struct cty_statement statement;
    const struct cty_secret *secrets[CTY_SIGNERS_MAX]; /* borrowed, in the order of statement.signers */
    struct cty_content contents[CTY_BLOBS_PER_STATEMENT_MAX];
    struct cty_buf memory[CTY_BLOBS_PER_STATEMENT_MAX]; /* contents[i] points into memory[i] */
    uint32_t contents_count;
};
void cty_draft_done(struct cty_draft *draft);

/*
 * Fills in the common members: random id, ledger, seen (the newest verified checkpoint, which covers whatever was
 * judged before), time, until, and as its signer the client's own secret, where there is one that signs.
 * Errors: those of cty_client_checkpoint.
 */
CUSTODY_MUST_USE custody_err cty_client_begin(struct cty_client *client, enum cty_type type, struct cty_draft *draft,
                                              custody_error *error);
/* A further signer, borrowed. Errors: LIMIT_REACHED. */
CUSTODY_MUST_USE custody_err cty_draft_sign(struct cty_draft *draft, const struct cty_secret *secret);
/* `case` and `after` (the record's anchor). The record is of a judged case. */
void cty_draft_join(struct cty_draft *draft, const struct cty_hash *case_id, const struct cty_case *record);

/*
 * Takes a copy of the content, with a random salt, under the member's path ("payload", "admins/0/name": borrowed, a
 * constant or as long-lived as the draft) and gives the commitment to put there. The first signer, the ledger and the
 * id are bound in it: begin first, and let the first signer stand.
 * cty_draft_commit_json first asks that the text is JSON that a payload may be; the bytes are kept exactly as given.
 * Errors: TOO_LARGE, LIMIT_REACHED, NO_MEMORY; for JSON those of cty_json_scan.
 */
CUSTODY_MUST_USE custody_err cty_draft_commit(struct cty_draft *draft, const char *member, struct cty_bytes content,
                                              struct cty_hash *ret_commitment);
CUSTODY_MUST_USE custody_err cty_draft_commit_json(struct cty_draft *draft, const char *member, struct cty_bytes json,
                                                   struct cty_hash *ret_commitment, custody_error *error);
/* The content that was committed to under the member; data NULL where there is none. Borrowed. */
struct cty_bytes cty_draft_content(const struct cty_draft *draft, const char *member);

/* An entry with its receipt, both verified. Owns its texts. */
struct cty_receipted {
    uint64_t index;
    uint64_t time; /* of the entry */
    enum cty_type type;
    struct cty_hash digest; /* of the statement */
    struct cty_hash leaf;
    struct cty_buf entry;
    struct cty_buf receipt;
};

/* What became of a statement. Zero-initialise, reuse, then cty_submitted_done. */
struct cty_submitted {
    struct cty_receipted own;
    bool duplicate; /* it was in the ledger before this call */
    struct cty_receipted follow[CTY_RPC_FOLLOW_MAX]; /* the clerk's statements that came with it */
    uint32_t follow_count;
    bool refused; /* by the custodian's answer; else an error is a fault, or of the way there, or of the receipt */
    struct cty_buf refusal; /* where it was refused: the signed refusal that came, if it names this statement */
};
void cty_submitted_done(struct cty_submitted *submitted);

/*
 * Signs the draft and submits it; the very same envelope is sent again after UNREACHABLE, TIMEOUT and BUSY until
 * the patience is used up, also across a restart of the custodian. *ret_envelope (may be NULL, an empty buffer) receives
 * what was signed, also on error: submitting it again later is safe.
 *
 * Before it returns OK it has verified: the receipts of the entry and of what followed (inclusion, signed by the pinned
 * log key), that the entry holds exactly our envelope, that index and links fit, that what followed stands right behind
 * it, and the checkpoint against the newest one, which it thereby advances.
 * Errors: what the custodian refused with; PROOF_INVALID, CHAIN_BROKEN, PAYLOAD_MISMATCH (another statement than ours),
 * EXPIRED_STATEMENT (taken after its `until`) for receipts that don't prove it; those of cty_client_advance and
 * cty_client_call.
 */
CUSTODY_MUST_USE custody_err cty_client_submit(struct cty_client *client, const struct cty_draft *draft,
                                               struct cty_buf *ret_envelope, struct cty_submitted *ret_submitted,
                                               custody_error *error);
/* The same for an envelope that is signed already, by whomever. */
CUSTODY_MUST_USE custody_err cty_client_submit_envelope(struct cty_client *client, struct cty_bytes envelope,
                                                        const struct cty_content *contents, uint32_t count,
                                                        struct cty_submitted *ret_submitted, custody_error *error);

#endif
