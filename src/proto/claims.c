/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/claims.h"

#include "model/shape_rows.h"

static const char *const session_names[] = {"session", NULL};
static const char *const refusal_names[] = {"refusal", NULL};

#define SC struct cty_session_claim
static const struct cty_field session_fields[] = {
    TEXT(SC, actor, "actor", ACTOR),
    OPT_HASH(SC, certificate, "certificate"),
    BITS(SC, client_nonce, "client_nonce"),
    TEXT(SC, door, "door", URL),
    TEXT(SC, ledger, "ledger", ORIGIN),
    BITS(SC, server_nonce, "server_nonce"),
    U64(SC, time, "time"),
    ENUM(SC, type, "type", session_names),
};
static const struct cty_shape session_shape = CTY_SHAPE(session_fields);

static const struct cty_field seen_fields[] = {
    HASH(struct cty_seen, root, "root"),
    U64(struct cty_seen, size, "size"),
};
static const struct cty_shape seen_shape = CTY_SHAPE(seen_fields);

#define RE struct cty_refusal
static const struct cty_field refusal_fields[] = {
    TEXT(RE, code, "code", WORD),
    HASH(RE, digest, "digest"),
    TEXT(RE, ledger, "ledger", ORIGIN),
    OBJECT(RE, seen, "seen", seen_shape),
    U64(RE, time, "time"),
    ENUM(RE, type, "type", refusal_names),
};
static const struct cty_shape refusal_shape = CTY_SHAPE(refusal_fields);

static custody_err claim_sign(const struct cty_shape *shape, const void *claim, const char *payload_type,
                              const struct cty_secret *secret, struct cty_buf *out)
{
    struct cty_buf body = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    struct cty_jw jw;
    cty_jw_begin(&jw, &body);
    cty_shape_encode(shape, NULL, claim, &jw);
    custody_err err = cty_jw_end(&jw);
    if (err == CUSTODY_OK)
        err = cty_envelope_sign(cty_bytes_text(payload_type), cty_buf_bytes(&body), &secret, 1, out);
    cty_buf_done(&body);
    return err;
}

static custody_err claim_parse(const struct cty_shape *shape, const char *payload_type, struct cty_bytes envelope,
                               struct cty_signed *parsed, void *ret_claim, custody_error *error)
{
    CTY_TRY(cty_envelope_parse(envelope, parsed, error));
    if (!cty_bytes_is(parsed->payload_type, payload_type))
        return cty_fail(error, CUSTODY_E_TYPE_MISMATCH, "the payload type is not %s", payload_type);
    if (parsed->signatures_count != 1)
        return cty_fail(error, CUSTODY_E_BAD_ENVELOPE, "%u signatures, one is wanted", parsed->signatures_count);
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    CTY_TRY(cty_json_scan(&parsed->json, CTY_JSON_STRICT, limits, parsed->body, error));
    return cty_shape_decode(shape, NULL, &parsed->json, &parsed->json.nodes[0], ret_claim, error);
}

custody_err cty_session_claim_sign(const struct cty_session_claim *claim, const struct cty_secret *secret,
                                   struct cty_buf *out)
{
    return claim_sign(&session_shape, claim, CTY_SESSION_PAYLOAD_TYPE, secret, out);
}

custody_err cty_refusal_sign(const struct cty_refusal *refusal, const struct cty_secret *secret, struct cty_buf *out)
{
    return claim_sign(&refusal_shape, refusal, CTY_REFUSAL_PAYLOAD_TYPE, secret, out);
}

custody_err cty_session_claim_parse(struct cty_bytes envelope, struct cty_signed *parsed,
                                    struct cty_session_claim *ret_claim, custody_error *error)
{
    memset(ret_claim, 0, sizeof(*ret_claim));
    return claim_parse(&session_shape, CTY_SESSION_PAYLOAD_TYPE, envelope, parsed, ret_claim, error);
}

custody_err cty_refusal_parse(struct cty_bytes envelope, struct cty_signed *parsed, struct cty_refusal *ret_refusal,
                              custody_error *error)
{
    memset(ret_refusal, 0, sizeof(*ret_refusal));
    return claim_parse(&refusal_shape, CTY_REFUSAL_PAYLOAD_TYPE, envelope, parsed, ret_refusal, error);
}

custody_err cty_claim_verify(const struct cty_signed *parsed, struct cty_bytes key_name, const struct cty_key *key)
{
    return cty_signed_verify(parsed, 0, key_name, key);
}
