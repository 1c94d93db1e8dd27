/* SPDX-License-Identifier: Apache-2.0 */
#include "model/envelope.h"

#include "codec/text.h"

struct signature_text {
    struct cty_bytes keyid;
    struct cty_bytes sig;
};

struct envelope_text {
    struct cty_bytes payload;
    struct cty_bytes payload_type;
    struct signature_text signatures[CTY_SIGNERS_MAX];
    uint32_t signatures_count;
};

static custody_err check_string(const struct cty_json *json, const struct cty_json_node *node, custody_error *error)
{
    (void)json;
    if (node->kind != CTY_JSON_STRING || node->escaped)
        return cty_fail(error, CUSTODY_E_BAD_ENVELOPE, "a member is not a plain string");
    return CUSTODY_OK;
}

static const struct cty_field signature_fields[] = {
    {.name = "keyid", .kind = CTY_FIELD_RAW, .offset = offsetof(struct signature_text, keyid), .check = check_string},
    {.name = "sig", .kind = CTY_FIELD_RAW, .offset = offsetof(struct signature_text, sig), .check = check_string},
};
static const struct cty_shape signature_shape = {signature_fields, 2};

static const struct cty_field envelope_fields[] = {
    {.name = "payload", .kind = CTY_FIELD_RAW, .offset = offsetof(struct envelope_text, payload),
     .check = check_string},
    {.name = "payloadType", .kind = CTY_FIELD_RAW, .offset = offsetof(struct envelope_text, payload_type),
     .check = check_string},
    {.name = "signatures", .kind = CTY_FIELD_OBJECT, .flags = CTY_LIST,
     .offset = offsetof(struct envelope_text, signatures),
     .count_offset = offsetof(struct envelope_text, signatures_count), .stride = sizeof(struct signature_text),
     .list_min = 1, .list_max = CTY_SIGNERS_MAX, .shape = &signature_shape},
};
static const struct cty_shape envelope_shape = {envelope_fields, 3};

void cty_signed_done(struct cty_signed *parsed)
{
    if (!parsed)
        return;
    cty_buf_done(&parsed->pae);
    cty_json_done(&parsed->json);
    cty_json_done(&parsed->envelope_json);
}

custody_err cty_pae(struct cty_bytes payload_type, struct cty_bytes body, struct cty_buf *out)
{
    CTY_TRY(cty_buf_put_text(out, "DSSEv1 "));
    CTY_TRY(cty_buf_put_u64(out, payload_type.size));
    CTY_TRY(cty_buf_put_byte(out, ' '));
    CTY_TRY(cty_buf_put_bytes(out, payload_type));
    CTY_TRY(cty_buf_put_byte(out, ' '));
    CTY_TRY(cty_buf_put_u64(out, body.size));
    CTY_TRY(cty_buf_put_byte(out, ' '));
    return cty_buf_put_bytes(out, body);
}

/* The decoded size follows from the text, so the PAE is written once and the body decoded into its tail. */
static custody_err pae_from_base64(const struct envelope_text *text, struct cty_signed *parsed)
{
    struct cty_bytes b64 = text->payload;
    if (b64.size == 0 || b64.size % 4 != 0)
        return CUSTODY_E_BAD_ENCODING;
    size_t padding = (size_t)(b64.data[b64.size - 1] == '=') + (size_t)(b64.data[b64.size - 2] == '=');
    size_t size = b64.size / 4 * 3 - padding;
    if (size > CTY_STATEMENT_BYTES_MAX)
        return CUSTODY_E_TOO_LARGE;
    cty_buf_clear(&parsed->pae);
    parsed->pae.limit = CTY_ENVELOPE_BYTES_MAX;
    CTY_TRY(cty_buf_putf(&parsed->pae, "DSSEv1 %zu ", text->payload_type.size));
    size_t type_at = parsed->pae.size;
    CTY_TRY(cty_buf_put_bytes(&parsed->pae, text->payload_type));
    CTY_TRY(cty_buf_putf(&parsed->pae, " %zu ", size));
    size_t body_at = parsed->pae.size;
    CTY_TRY(cty_base64_parse(b64, &parsed->pae));
    if (parsed->pae.size - body_at != size)
        return CUSTODY_E_BAD_ENCODING;
    parsed->payload_type = cty_bytes_make(parsed->pae.data + type_at, text->payload_type.size);
    parsed->body = cty_bytes_make(parsed->pae.data + body_at, size);
    parsed->digest = cty_sha256(cty_buf_bytes(&parsed->pae));
    return CUSTODY_OK;
}

static custody_err signatures_from_text(const struct envelope_text *text, struct cty_signed *parsed)
{
    for (uint32_t i = 0; i < text->signatures_count; i++) {
        struct cty_envelope_signature *signature = &parsed->signatures[i];
        CTY_TRY(cty_hex_parse_into(text->signatures[i].keyid, signature->keyid, sizeof(signature->keyid)));
        CTY_TRY(cty_base64_parse_into(text->signatures[i].sig, signature->signature.bytes, CTY_SIGNATURE_SIZE));
    }
    parsed->signatures_count = text->signatures_count;
    return CUSTODY_OK;
}

custody_err cty_envelope_parse(struct cty_bytes envelope, struct cty_signed *parsed, custody_error *error)
{
    if (envelope.size > CTY_ENVELOPE_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "the envelope is larger than %u bytes", CTY_ENVELOPE_BYTES_MAX);
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    CTY_TRY(cty_json_scan(&parsed->envelope_json, CTY_JSON_STRICT, limits, envelope, error));
    struct envelope_text text = {0};
    custody_err err = cty_shape_decode(&envelope_shape, NULL, &parsed->envelope_json,
                                       &parsed->envelope_json.nodes[0], &text, error);
    if (err == CUSTODY_E_NO_MEMORY)
        return err;
    if (err != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_BAD_ENVELOPE, "payload, payloadType and signatures are not of their form");
    err = pae_from_base64(&text, parsed);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "member payload of the envelope");
    err = signatures_from_text(&text, parsed);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "a signature or keyid of the envelope");
    return CUSTODY_OK;
}

custody_err cty_signed_parse(struct cty_bytes envelope, struct cty_signed *parsed, custody_error *error)
{
    CTY_TRY(cty_envelope_parse(envelope, parsed, error));
    enum cty_type type = CTY_TYPE_COUNT;
    if (cty_type_parse(parsed->payload_type, &type) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_TYPE_UNKNOWN, "payload type %.*s",
                        (int)(parsed->payload_type.size < 80 ? parsed->payload_type.size : 80),
                        (const char *)parsed->payload_type.data);
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    CTY_TRY(cty_json_scan(&parsed->json, CTY_JSON_STRICT, limits, parsed->body, error));
    CTY_TRY(cty_statement_decode(type, &parsed->json, &parsed->statement, error));
    if (parsed->statement.signers_count != parsed->signatures_count)
        return cty_fail(error, CUSTODY_E_BAD_ENVELOPE, "%u signers, %u signatures", parsed->statement.signers_count,
                        parsed->signatures_count);
    return CUSTODY_OK;
}

custody_err cty_signed_verify(const struct cty_signed *parsed, uint32_t index, struct cty_bytes key_name,
                              const struct cty_key *key)
{
    if (index >= parsed->signatures_count)
        return CUSTODY_E_SIGNATURE_INVALID;
    uint8_t keyid[4];
    cty_key_id(key_name, CTY_KEY_ED25519, key, keyid);
    if (memcmp(keyid, parsed->signatures[index].keyid, sizeof(keyid)) != 0)
        return CUSTODY_E_SIGNATURE_INVALID;
    return cty_verify(key, cty_buf_bytes(&parsed->pae), &parsed->signatures[index].signature);
}

static custody_err put_signature(struct cty_jw *jw, const struct cty_secret *secret, struct cty_bytes pae)
{
    uint8_t keyid[4];
    struct cty_signature signature;
    cty_key_id(cty_secret_name(secret), CTY_KEY_ED25519, cty_secret_key(secret), keyid);
    cty_sign(secret, pae, &signature);
    cty_jw_object(jw);
    cty_jw_name(jw, "keyid");
    cty_jw_hex(jw, cty_bytes_make(keyid, sizeof(keyid)));
    cty_jw_name(jw, "sig");
    cty_jw_base64(jw, cty_bytes_make(signature.bytes, CTY_SIGNATURE_SIZE));
    cty_jw_object_end(jw);
    return jw->err;
}

static custody_err put_envelope(struct cty_bytes payload_type, struct cty_bytes body, struct cty_bytes pae,
                                const struct cty_secret *const *secrets, uint32_t count, struct cty_buf *out)
{
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "payload");
    cty_jw_base64(&jw, body);
    cty_jw_name(&jw, "payloadType");
    cty_jw_string(&jw, payload_type);
    cty_jw_name(&jw, "signatures");
    cty_jw_array(&jw);
    for (uint32_t i = 0; i < count; i++)
        CTY_TRY(put_signature(&jw, secrets[i], pae));
    cty_jw_array_end(&jw);
    cty_jw_object_end(&jw);
    return cty_jw_end(&jw);
}

custody_err cty_envelope_sign(struct cty_bytes payload_type, struct cty_bytes body,
                              const struct cty_secret *const *secrets, uint32_t count, struct cty_buf *out)
{
    struct cty_buf pae = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    custody_err err = cty_pae(payload_type, body, &pae);
    if (err == CUSTODY_OK)
        err = put_envelope(payload_type, body, cty_buf_bytes(&pae), secrets, count, out);
    cty_buf_done(&pae);
    return err;
}

custody_err cty_statement_sign(const struct cty_statement *statement, const struct cty_secret *const *secrets,
                               uint32_t count, struct cty_buf *out, struct cty_hash *ret_digest)
{
    struct cty_buf body = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_buf pae = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_bytes type = cty_bytes_text(cty_type_payload_type(statement->type));
    custody_err err = cty_statement_encode(statement, &body);
    CTY_TRY_OUT(err);
    CTY_TRY_OUT(cty_pae(type, cty_buf_bytes(&body), &pae));
    CTY_TRY_OUT(put_envelope(type, cty_buf_bytes(&body), cty_buf_bytes(&pae), secrets, count, out));
    if (ret_digest)
        *ret_digest = cty_sha256(cty_buf_bytes(&pae));
out:
    cty_buf_done(&body);
    cty_buf_done(&pae);
    return err;
}
