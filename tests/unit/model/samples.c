/* SPDX-License-Identifier: Apache-2.0 */
#include "samples.h"

#include "samples_inner.h"

/* 2026-01-01T00:00:00Z; each example is a minute after the one before. */
#define SAMPLE_TIME ((uint64_t)1767225600000)
#define MINUTE ((uint64_t)60 * 1000)

struct keeper {
    const char *signer;
    const char *key_name;
    struct cty_secret *secret;
    char vkey[CTY_VKEY_BYTES_MAX];
    char sealing[CTY_VKEY_BYTES_MAX];
};

static struct keeper keepers[] = {
    {.signer = "log", .key_name = SAMPLE_ORIGIN},
    {.signer = "clerk", .key_name = SAMPLE_ORIGIN "/clerk"},
    {.signer = "operator/ada", .key_name = "operator/ada"},
    {.signer = "operator/otto", .key_name = "operator/otto"},
    {.signer = "acme/alice", .key_name = "acme/alice"},
    {.signer = "acme/bob", .key_name = "acme/bob"},
    {.signer = "acme/carol", .key_name = "acme/carol"},
    {.signer = "acme/refund-agent", .key_name = "acme/refund-agent"},
};

static struct sample samples[CTY_TYPE_COUNT];

struct cty_hash sample_hash(const char *what)
{
    const struct cty_bytes parts[] = {CTY_LITERAL("custody test vector v1 "), cty_bytes_text(what)};
    return cty_sha256_parts(parts, CTY_COUNT_OF(parts));
}

static void key_text(const struct keeper *keeper, enum cty_key_type type, char *out)
{
    struct cty_buf line = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX - 1);
    const struct cty_key *key = type == CTY_KEY_X25519 ? cty_secret_sealing_key(keeper->secret)
                                                       : cty_secret_key(keeper->secret);
    assert_ok(cty_vkey_format(cty_bytes_text(keeper->key_name), type, key, &line));
    memcpy(out, line.data, line.size);
    out[line.size] = 0;
    cty_buf_done(&line);
}

/* The published development keys; keys/README.md says how they are made. */
static void keeper_make(struct keeper *keeper)
{
    const struct cty_bytes parts[] = {CTY_LITERAL("custody development key v1 "), cty_bytes_text(keeper->key_name)};
    struct cty_hash seed = cty_sha256_parts(parts, CTY_COUNT_OF(parts));
    assert_ok(cty_secret_from_seed(cty_bytes_text(keeper->key_name), seed.bytes, &keeper->secret));
    key_text(keeper, CTY_KEY_ED25519, keeper->vkey);
    key_text(keeper, CTY_KEY_X25519, keeper->sealing);
}

static struct keeper *keeper_get(struct cty_bytes signer)
{
    for (size_t i = 0; i < CTY_COUNT_OF(keepers); i++) {
        if (!cty_bytes_is(signer, keepers[i].signer))
            continue;
        if (!keepers[i].secret)
            keeper_make(&keepers[i]);
        return &keepers[i];
    }
    fail_msg("no key for %.*s", (int)signer.size, (const char *)signer.data);
    return NULL;
}

const struct cty_secret *sample_secret(struct cty_bytes signer)
{
    return keeper_get(signer)->secret;
}

const char *sample_vkey(const char *signer, enum cty_key_type type)
{
    const struct keeper *keeper = keeper_get(cty_bytes_text(signer));
    return type == CTY_KEY_X25519 ? keeper->sealing : keeper->vkey;
}

custody_err sample_sign(const struct cty_statement *statement, struct cty_buf *out, struct cty_hash *ret_digest)
{
    const struct cty_secret *secrets[CTY_SIGNERS_MAX] = {NULL};
    for (uint32_t i = 0; i < statement->signers_count; i++)
        secrets[i] = sample_secret(statement->signers[i]);
    return cty_statement_sign(statement, secrets, statement->signers_count, out, ret_digest);
}

static struct cty_hash hash_of(const char *what, const char *which)
{
    char text[200];
    snprintf(text, sizeof(text), "%s %s", what, which);
    return sample_hash(text);
}

void sample_bits(const char *what, const char *which, uint8_t ret_bits[16])
{
    struct cty_hash hash = hash_of(what, which);
    memcpy(ret_bits, hash.bytes, 16);
}

void sample_signer(struct sample *sample, const char *name)
{
    struct cty_statement *statement = &sample->statement;
    assert_true(statement->signers_count < CTY_SIGNERS_MAX);
    statement->signers[statement->signers_count++] = cty_bytes_text(name);
}

struct cty_hash sample_commit(struct sample *sample, const char *member, const char *content)
{
    struct cty_statement *statement = &sample->statement;
    struct sample_blob *blob = &sample->blobs[sample->blobs_count++];
    char which[100];
    snprintf(which, sizeof(which), "%s %s", cty_type_name(statement->type), member);
    struct cty_hash salt = hash_of("salt", which);
    blob->member = member;
    blob->content = content;
    memcpy(blob->salt, salt.bytes, CTY_SALT_SIZE);
    return cty_commitment(statement->ledger, statement->signers[0], statement->id, cty_bytes_text(member),
                          blob->salt, cty_bytes_text(content));
}

/* What every statement has. */
static void common_set(struct sample *sample, enum cty_type type)
{
    struct cty_statement *statement = &sample->statement;
    char size[24];
    snprintf(size, sizeof(size), "%u", (unsigned)type);
    statement->type = type;
    sample_bits("id", cty_type_name(type), statement->id);
    statement->ledger = CTY_LITERAL(SAMPLE_ORIGIN);
    statement->seen.size = (uint64_t)type;
    statement->seen.root = type == CTY_LEDGER_OPEN ? cty_sha256(cty_bytes_make(NULL, 0)) : hash_of("root", size);
    statement->time = SAMPLE_TIME + (uint64_t)type * MINUTE;
    bool clerk = (cty_type_flags(type) & CTY_TYPE_CLERK) != 0;
    statement->until = clerk ? statement->time : statement->time + 10 * MINUTE;
}

static void sample_make(enum cty_type type)
{
    struct sample *sample = &samples[type];
    common_set(sample, type);
    sample_fill(sample, samples);
    sample->body = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    sample->envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    assert_ok(cty_statement_encode(&sample->statement, &sample->body));
    assert_ok(sample_sign(&sample->statement, &sample->envelope, &sample->digest));
}

const struct sample *sample_get(enum cty_type type)
{
    if (!samples[0].body.size) {
        assert_ok(cty_crypto_init());
        for (int i = 0; i < CTY_TYPE_COUNT; i++)
            sample_make((enum cty_type)i);
    }
    return &samples[type];
}
