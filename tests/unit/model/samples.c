/* SPDX-License-Identifier: Apache-2.0 */
#include "samples.h"

#include "samples_inner.h"

/* 2026-01-01T00:00:00Z; each example is a minute after the one before. */
#define SAMPLE_TIME ((uint64_t)1767225600000)
#define MINUTE ((uint64_t)60 * 1000)

struct keeper {
    const char *signer;
    const char *key_name;
    const char *seed; /* where it is not the key's name */
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
    {.signer = "acme/worker", .key_name = "acme/worker"},
    {.signer = "globex/fulfilment-agent", .key_name = "globex/fulfilment-agent"},
    {.signer = "new acme/alice", .key_name = "acme/alice", .seed = "acme/alice, the second"},
    {.signer = "new log", .key_name = SAMPLE_ORIGIN, .seed = SAMPLE_ORIGIN ", the second"},
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

/* The published development keys; keys/README.md says how they are made. The others are made alike. */
static void keeper_make(struct keeper *keeper)
{
    const char *from = keeper->seed ? keeper->seed : keeper->key_name;
    const struct cty_bytes parts[] = {CTY_LITERAL("custody development key v1 "), cty_bytes_text(from)};
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

/* The new key of a rotation signs as "new"; whose it is stands in the statement. */
static struct keeper *signer_keeper(const struct cty_statement *statement, uint32_t index)
{
    if (!cty_bytes_is(statement->signers[index], "new"))
        return keeper_get(statement->signers[index]);
    return keeper_get(statement->type == CTY_ACTOR_ROTATE ? CTY_LITERAL("new acme/alice") : CTY_LITERAL("new log"));
}

const struct cty_secret *sample_signer_secret(const struct cty_statement *statement, uint32_t index)
{
    return signer_keeper(statement, index)->secret;
}

const char *sample_signer_vkey(const struct cty_statement *statement, uint32_t index)
{
    return signer_keeper(statement, index)->vkey;
}

custody_err sample_sign(const struct cty_statement *statement, struct cty_buf *out, struct cty_hash *ret_digest)
{
    const struct cty_secret *secrets[CTY_SIGNERS_MAX] = {NULL};
    for (uint32_t i = 0; i < statement->signers_count; i++)
        secrets[i] = sample_signer_secret(statement, i);
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

void sample_case(struct sample *sample, const char *signer, const struct sample *before, enum cty_type after)
{
    sample_signer(sample, signer);
    sample->statement.case_id = before[CTY_REQUEST].digest;
    sample->statement.after = before[after].digest;
}

void sample_name_put(struct cty_names *names, const char *name)
{
    names->names[names->count++] = cty_bytes_text(name);
}

struct cty_opt_hash sample_some(struct cty_hash hash)
{
    return (struct cty_opt_hash){hash, true};
}

/* What every statement has. The ledger is closed after everything else. */
static void common_set(struct sample *sample, enum cty_type type)
{
    struct cty_statement *statement = &sample->statement;
    unsigned place = type == CTY_LEDGER_CLOSE ? CTY_TYPE_COUNT : (unsigned)type;
    char size[24];
    snprintf(size, sizeof(size), "%u", place);
    statement->type = type;
    sample_bits("id", cty_type_name(type), statement->id);
    statement->ledger = CTY_LITERAL(SAMPLE_ORIGIN);
    statement->seen.size = place;
    statement->seen.root = type == CTY_LEDGER_OPEN ? cty_sha256(cty_bytes_make(NULL, 0)) : hash_of("root", size);
    statement->time = SAMPLE_TIME + place * MINUTE;
    bool clerk = (cty_type_flags(type) & CTY_TYPE_CLERK) != 0;
    statement->until = clerk ? statement->time : statement->time + 10 * MINUTE;
}

typedef void filler(struct sample *sample, const struct sample *before);

static filler *const fillers[CTY_TYPE_COUNT] = {
#define CTY_TYPE(name, member, text, cls, flags) [CTY_##name] = sample_##member##_fill,
#include "model/types.def"
#undef CTY_TYPE
};

static void sample_make(enum cty_type type)
{
    struct sample *sample = &samples[type];
    common_set(sample, type);
    fillers[type](sample, samples);
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
