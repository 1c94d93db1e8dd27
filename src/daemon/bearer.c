/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bearer token is base64 of: when it ends, by the monotonic clock, 64 bits; the actor's keys before this one, 32 bits; a
 * code, 256 bits; the actor's name. The code is SHA-256 over the process's secret and SHA-256 of all that the token says. So
 * what is hashed with the secret has one size, and nothing can be appended.
 */
#include "base/check.h"
#include "codec/text.h"
#include "daemon/tiles.h"

#define HEAD_SIZE 12u
#define NAME_AT (HEAD_SIZE + CTY_HASH_SIZE)
#define TOKEN_BYTES_MAX (NAME_AT + CTY_ACTOR_NAME_BYTES_MAX)

void cty_bearer_init(struct cty_bearer *bearer, const struct cty_clock *clock)
{
    bearer->clock = clock;
    cty_random(&bearer->secret, sizeof(bearer->secret));
}

static struct cty_hash code_of(const struct cty_bearer *bearer, const uint8_t *head, struct cty_bytes actor)
{
    struct cty_bytes said[] = {CTY_LITERAL("custody bearer\n"), cty_bytes_make(head, HEAD_SIZE), actor};
    struct cty_hash what = cty_sha256_parts(said, CTY_COUNT_OF(said));
    struct cty_bytes parts[] = {cty_hash_bytes(&bearer->secret), cty_hash_bytes(&what)};
    return cty_sha256_parts(parts, CTY_COUNT_OF(parts));
}

custody_err cty_bearer_make(const struct cty_bearer *bearer, struct cty_bytes actor, uint32_t rotation, struct cty_buf *out)
{
    uint8_t token[TOKEN_BYTES_MAX];
    CTY_CHECK(actor.size <= CTY_ACTOR_NAME_BYTES_MAX);
    cty_be_put(token, cty_clock_monotonic(bearer->clock) + CTY_BEARER_MS_MAX, 8);
    cty_be_put(token + 8, rotation, 4);
    struct cty_hash code = code_of(bearer, token, actor);
    memcpy(token + HEAD_SIZE, code.bytes, CTY_HASH_SIZE);
    memcpy(token + NAME_AT, actor.data, actor.size);
    return cty_base64_format(cty_bytes_make(token, NAME_AT + actor.size), out);
}

static custody_err check(const struct cty_bearer *bearer, const uint8_t *token, struct cty_bytes actor)
{
    struct cty_hash code = code_of(bearer, token, actor);
    if (!cty_secret_equal(code.bytes, token + HEAD_SIZE, CTY_HASH_SIZE) ||
        cty_clock_monotonic(bearer->clock) >= cty_be_get(token, 8))
        return CUSTODY_E_NO_SESSION;
    return CUSTODY_OK;
}

custody_err cty_bearer_find(const struct cty_bearer *bearer, struct cty_bytes token,
                            char ret_actor[CTY_ACTOR_NAME_BYTES_MAX + 1], uint32_t *ret_rotation)
{
    struct cty_buf bytes = CTY_BUF_INIT(TOKEN_BYTES_MAX);
    custody_err err = cty_base64_parse(token, &bytes);
    if (err == CUSTODY_OK && bytes.size > NAME_AT)
        err = check(bearer, bytes.data, cty_bytes_make(bytes.data + NAME_AT, bytes.size - NAME_AT));
    else
        err = err == CUSTODY_E_NO_MEMORY ? err : CUSTODY_E_NO_SESSION;
    if (err == CUSTODY_OK) {
        memcpy(ret_actor, bytes.data + NAME_AT, bytes.size - NAME_AT);
        ret_actor[bytes.size - NAME_AT] = 0;
        *ret_rotation = (uint32_t)cty_be_get(bytes.data + 8, 4);
    }
    cty_buf_done(&bytes);
    return err;
}
