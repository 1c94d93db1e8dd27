/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One example of every type, as one small story: a ledger is opened, acme enrols, its agent asks for a refund, the
 * people of acme decide. Patch, question, decision and cancel are ways on from the same verdict; consume, outcome,
 * expiry and the handoff to globex stand after the same release; keys are changed, and the ledger is closed in the end.
 * Keys are the published development keys and others made as they are; ids, salts and foreign digests are hashes of
 * texts, so that everything is made again from nothing, byte for byte.
 */
#ifndef CTY_TESTS_MODEL_SAMPLES_H
#define CTY_TESTS_MODEL_SAMPLES_H

#include "crypto/key.h"
#include "model/envelope.h"
#include "unit/support.h"

#define SAMPLE_ORIGIN "custody.example/dev"

/* What is put with a statement: the content behind one commitment. */
struct sample_blob {
    const char *member;
    const char *content;
    uint8_t salt[CTY_SALT_SIZE];
};

struct sample {
    struct cty_statement statement;
    struct cty_buf body;
    struct cty_buf envelope;
    struct cty_hash digest;
    struct sample_blob blobs[CTY_BLOBS_PER_STATEMENT_MAX];
    uint32_t blobs_count;
};

/* Makes all examples at the first call; they live until the program ends. Asserts that nothing fails. */
const struct sample *sample_get(enum cty_type type);

/* The example without its optional members and with lists as short as they may be. Borrows from the example. */
struct cty_statement sample_minimal(enum cty_type type);

/*
 * A signer's key and the name that it is known under: the origin for "log", <origin>/clerk for "clerk". The new key of
 * a signer is that of "new <signer>".
 */
const struct cty_secret *sample_secret(struct cty_bytes signer);
/* Its public line; a NUL-terminated text that lives until the program ends. */
const char *sample_vkey(const char *signer, enum cty_key_type type);
/* The same for signer number `index` of a statement, who may be "new". */
const struct cty_secret *sample_signer_secret(const struct cty_statement *statement, uint32_t index);
const char *sample_signer_vkey(const struct cty_statement *statement, uint32_t index);

/* SHA-256 of "custody test vector v1 <what>". */
struct cty_hash sample_hash(const char *what);

/* Signs any statement by its signers; appends the envelope. */
custody_err sample_sign(const struct cty_statement *statement, struct cty_buf *out, struct cty_hash *ret_digest);

#endif
