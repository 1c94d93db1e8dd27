/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two small signed objects that are no statements and never enter a ledger, each a DSSE envelope of its own
 * payload type over an RFC 8785 body (spec/wire.md): the claim by which a reader opens a session, and the
 * clerk's signed refusal.
 *
 * Owns nothing: what is read borrows from the struct cty_signed that was given. Thread rule: any thread.
 */
#ifndef CTY_PROTO_CLAIMS_H
#define CTY_PROTO_CLAIMS_H

#include "model/envelope.h"

#define CTY_SESSION_PAYLOAD_TYPE "application/vnd.custody.session.v1+json"
#define CTY_REFUSAL_PAYLOAD_TYPE "application/vnd.custody.refusal.v1+json"

struct cty_session_claim {
    struct cty_bytes actor;
    struct cty_opt_hash certificate; /* of a TLS door: SHA-256 of what it showed */
    uint8_t client_nonce[16];
    struct cty_bytes door;   /* the URL that the reader dialled */
    struct cty_bytes ledger; /* origin */
    uint8_t server_nonce[16];
    uint64_t time;           /* ms, by the reader's clock */
    int type;                /* left 0 */
};

struct cty_refusal {
    struct cty_bytes code;  /* of errors.md */
    struct cty_hash digest; /* of the refused statement */
    struct cty_bytes ledger;
    struct cty_seen seen;   /* the checkpoint that the custodian had last signed */
    uint64_t time;          /* ms, by the custodian's clock */
    int type;               /* left 0 */
};

/* Appends the signed envelope. Errors: TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_session_claim_sign(const struct cty_session_claim *claim,
                                                    const struct cty_secret *secret, struct cty_buf *out);
CUSTODY_MUST_USE custody_err cty_refusal_sign(const struct cty_refusal *refusal, const struct cty_secret *secret,
                                              struct cty_buf *out);

/*
 * Parses an envelope of exactly one signature and its body. Nothing it says counts before
 * cty_claim_verify said OK. Errors: those of cty_envelope_parse, TYPE_MISMATCH for another payload type,
 * BAD_ENVELOPE for several signatures, NOT_CANONICAL and kin, those of cty_shape_decode.
 */
CUSTODY_MUST_USE custody_err cty_session_claim_parse(struct cty_bytes envelope, struct cty_signed *parsed,
                                                     struct cty_session_claim *ret_claim, custody_error *error);
CUSTODY_MUST_USE custody_err cty_refusal_parse(struct cty_bytes envelope, struct cty_signed *parsed,
                                               struct cty_refusal *ret_refusal, custody_error *error);
/* The one signature, by this key under this name. Errors: SIGNATURE_INVALID. */
CUSTODY_MUST_USE custody_err cty_claim_verify(const struct cty_signed *parsed, struct cty_bytes key_name,
                                              const struct cty_key *key);

#endif
