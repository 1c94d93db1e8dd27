/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DSSE v1 envelopes (spec/statements.md, "Envelope"): {"payload","payloadType","signatures":[{"keyid","sig"}]}
 * in RFC 8785 form, one signature for each signer in order, keyid = the 8 hex digits of the C2SP key id.
 */
#ifndef CTY_MODEL_ENVELOPE_H
#define CTY_MODEL_ENVELOPE_H

#include "crypto/key.h"
#include "model/statement.h"

struct cty_envelope_signature {
    uint8_t keyid[4];
    struct cty_signature signature;
};

/*
 * A parsed signed statement. Owns its memory; may be reused by parsing again. Zero-initialise, then
 * cty_signed_done.
 */
struct cty_signed {
    struct cty_buf pae; /* what is signed; the body is its tail */
    struct cty_bytes payload_type;
    struct cty_bytes body;
    struct cty_hash digest; /* SHA-256 of the PAE */
    uint32_t signatures_count;
    struct cty_envelope_signature signatures[CTY_SIGNERS_MAX];
    struct cty_json json;            /* the body's tape */
    struct cty_json envelope_json;   /* scratch */
    struct cty_statement statement;  /* decoded where parsed by cty_signed_parse */
};

void cty_signed_done(struct cty_signed *parsed);

/*
 * Parses the envelope alone: strict shape, base64 body, PAE, digest. The body is not looked into.
 * Errors: TOO_LARGE, NOT_CANONICAL, BAD_ENVELOPE, BAD_ENCODING.
 */
CUSTODY_MUST_USE custody_err cty_envelope_parse(struct cty_bytes envelope, struct cty_signed *parsed,
                                                custody_error *error);

/*
 * Parses envelope and body into parsed->statement. Then: as many signatures as signers (BAD_ENVELOPE).
 * Errors besides: TYPE_UNKNOWN, TYPE_MISMATCH, NOT_CANONICAL and kin, those of cty_shape_decode.
 */
CUSTODY_MUST_USE custody_err cty_signed_parse(struct cty_bytes envelope, struct cty_signed *parsed,
                                              custody_error *error);

/*
 * Verifies signature `index` by `key`, whose name (for the keyid) is `key_name`. A keyid that is not the
 * key's is refused. Errors: SIGNATURE_INVALID.
 */
CUSTODY_MUST_USE custody_err cty_signed_verify(const struct cty_signed *parsed, uint32_t index,
                                               struct cty_bytes key_name, const struct cty_key *key);

/* Appends "DSSEv1 <len> <type> <len> <body>". */
CUSTODY_MUST_USE custody_err cty_pae(struct cty_bytes payload_type, struct cty_bytes body, struct cty_buf *out);

/* Signs a body with each secret in order and appends the envelope. */
CUSTODY_MUST_USE custody_err cty_envelope_sign(struct cty_bytes payload_type, struct cty_bytes body,
                                               const struct cty_secret *const *secrets, uint32_t count,
                                               struct cty_buf *out);
/* Encodes the statement and signs it: the usual way. *ret_digest may be NULL. */
CUSTODY_MUST_USE custody_err cty_statement_sign(const struct cty_statement *statement,
                                                const struct cty_secret *const *secrets, uint32_t count,
                                                struct cty_buf *out, struct cty_hash *ret_digest);

#endif
