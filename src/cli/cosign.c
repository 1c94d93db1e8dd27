/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cosign.h"

#include "base/check.h"
#include "cli/text.h"
#include "codec/text.h"

void cty_cosign_done(struct cty_cosign *cosign)
{
    cty_buf_done(&cosign->text);
    cty_buf_done(&cosign->body);
    cty_buf_done(&cosign->pae);
    cty_json_done(&cosign->file);
    cty_json_done(&cosign->json);
    for (size_t i = 0; i < CTY_COUNT_OF(cosign->memory); i++)
        cty_buf_done(&cosign->memory[i]);
}

/* --- the statement --------------------------------------------------------------------------------------- */

/* Reads cosign->body as a statement of this type and makes what is signed. */
static custody_err read_body(struct cty_cosign *cosign, enum cty_type type, custody_error *error)
{
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    struct cty_bytes body = cty_buf_bytes(&cosign->body);
    CTY_TRY(cty_json_scan(&cosign->json, CTY_JSON_STRICT, limits, body, error));
    CTY_TRY(cty_statement_decode(type, &cosign->json, &cosign->statement, error));
    if (cty_type_class_get(type) != CTY_CLASS_TRUST)
        return cty_fail(error, CUSTODY_E_TYPE_MISMATCH, "a %s has one signer and no draft", cty_type_name(type));
    cosign->pae.limit = CTY_ENVELOPE_BYTES_MAX;
    return cty_pae(cty_bytes_text(cty_type_payload_type(type)), body, &cosign->pae);
}

/* Whether a key of this name signs as `signer`: the custodian's two keys are named after the ledger. */
static bool is_signer(const struct cty_statement *st, struct cty_bytes signer, struct cty_bytes name)
{
    if (cty_bytes_is(signer, "log"))
        return cty_bytes_equal(name, st->ledger);
    if (!cty_bytes_is(signer, "clerk"))
        return cty_bytes_equal(name, signer);
    return name.size == st->ledger.size + 6 && memcmp(name.data, st->ledger.data, st->ledger.size) == 0 &&
           memcmp(name.data + st->ledger.size, "/clerk", 6) == 0;
}

/* The key that a rotation brings signs as "new", and as nobody else: the old one has the same name. */
static bool is_new_key(const struct cty_statement *st, const struct cty_secret *secret)
{
    struct cty_bytes line = st->type == CTY_ACTOR_ROTATE       ? st->u.actor_rotate.key
                            : st->type == CTY_CUSTODIAN_ROTATE ? st->u.custodian_rotate.key
                                                               : cty_bytes_make(NULL, 0);
    struct cty_bytes name;
    struct cty_key key;
    return line.data && cty_vkey_parse(line, CTY_KEY_ED25519, &name, &key) == CUSTODY_OK &&
           cty_bytes_equal(name, cty_secret_name(secret)) &&
           memcmp(&key, cty_secret_key(secret), sizeof(key)) == 0;
}

static bool signs_as(const struct cty_statement *st, struct cty_bytes signer, const struct cty_secret *secret)
{
    bool brought = is_new_key(st, secret);
    if (cty_bytes_is(signer, "new") || brought)
        return cty_bytes_is(signer, "new") && brought;
    return is_signer(st, signer, cty_secret_name(secret));
}

static void sign_as(struct cty_cosign *cosign, uint32_t i, const struct cty_secret *secret)
{
    struct cty_envelope_signature *line = &cosign->signatures[i];
    cty_key_id(cty_secret_name(secret), CTY_KEY_ED25519, cty_secret_key(secret), line->keyid);
    cty_sign(secret, cty_buf_bytes(&cosign->pae), &line->signature);
    cosign->present[i] = true;
}

custody_err cty_cosign_sign(struct cty_cosign *cosign, const struct cty_secret *secret, custody_error *error)
{
    const struct cty_statement *st = &cosign->statement;
    bool found = false;
    for (uint32_t i = 0; i < st->signers_count; i++) {
        if (!signs_as(st, st->signers[i], secret))
            continue;
        sign_as(cosign, i, secret);
        found = true;
    }
    if (found)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_WRONG_SIGNER, "%.*s is none of its signers", (int)cty_secret_name(secret).size,
                    (const char *)cty_secret_name(secret).data);
}

uint32_t cty_cosign_missing(const struct cty_cosign *cosign)
{
    uint32_t missing = 0;
    for (uint32_t i = 0; i < cosign->statement.signers_count; i++)
        missing += !cosign->present[i];
    return missing;
}

custody_err cty_cosign_from_draft(struct cty_cosign *cosign, const struct cty_draft *draft, custody_error *error)
{
    cosign->body.limit = CTY_STATEMENT_BYTES_MAX;
    CTY_TRY(cty_statement_encode(&draft->statement, &cosign->body));
    CTY_TRY(read_body(cosign, draft->statement.type, error));
    for (uint32_t i = 0; i < draft->statement.signers_count; i++) {
        if (draft->secrets[i])
            sign_as(cosign, i, draft->secrets[i]);
    }
    memcpy(cosign->contents, draft->contents, sizeof(cosign->contents));
    cosign->contents_count = draft->contents_count;
    return CUSTODY_OK;
}

/* --- reading a draft file -------------------------------------------------------------------------------- */

static custody_err bad(custody_error *error, const char *what)
{
    return cty_fail(error, CUSTODY_E_BAD_MEMBER, "draft file: %s", what);
}

/* The member's string; empty where it is missing, escaped or no string. */
static struct cty_bytes text_of(const struct cty_json *json, const struct cty_json_node *object, const char *name)
{
    const struct cty_json_node *node = cty_json_member(json, object, name);
    bool plain = node && node->kind == CTY_JSON_STRING && !node->escaped;
    return plain ? node->text : cty_bytes_make(NULL, 0);
}

static custody_err read_content(struct cty_cosign *cosign, const struct cty_json_node *node, custody_error *error)
{
    if (cosign->contents_count == CTY_BLOBS_PER_STATEMENT_MAX)
        return bad(error, "too many contents");
    struct cty_content *content = &cosign->contents[cosign->contents_count];
    struct cty_buf *memory = &cosign->memory[cosign->contents_count++];
    memory->limit = CTY_BLOB_BYTES_MAX;
    content->member = text_of(&cosign->file, node, "member");
    CTY_TRY(cty_base64_parse_into(text_of(&cosign->file, node, "salt"), content->salt, sizeof(content->salt)));
    CTY_TRY(cty_base64_parse(text_of(&cosign->file, node, "content"), memory));
    content->content = cty_buf_bytes(memory);
    return CUSTODY_OK;
}

struct matching {
    const struct cty_cosign *cosign;
    uint32_t found;
    custody_error *error;
};

static custody_err match_content(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct matching *m = context;
    const struct cty_statement *st = &m->cosign->statement;
    for (uint32_t i = 0; i < m->cosign->contents_count; i++) {
        const struct cty_content *content = &m->cosign->contents[i];
        if (!cty_bytes_equal(content->member, member))
            continue;
        struct cty_hash is =
            cty_commitment(st->ledger, st->signers[0], st->id, member, content->salt, content->content);
        m->found++;
        return cty_hash_equal(&is, hash) ? CUSTODY_OK
                                         : cty_fail(m->error, CUSTODY_E_BLOB_MISMATCH, "%.*s", (int)member.size,
                                                    (const char *)member.data);
    }
    return cty_fail(m->error, CUSTODY_E_BLOB_MISSING, "%.*s", (int)member.size, (const char *)member.data);
}

static custody_err match_contents(const struct cty_cosign *cosign, custody_error *error)
{
    struct matching m = {cosign, 0, error};
    CTY_TRY(cty_statement_commitments(&cosign->statement, match_content, &m));
    return m.found == cosign->contents_count ? CUSTODY_OK : cty_fail(error, CUSTODY_E_BLOB_FOREIGN, "draft file");
}

static custody_err read_signature(struct cty_cosign *cosign, const struct cty_json_node *node, custody_error *error)
{
    struct cty_bytes signer = text_of(&cosign->file, node, "signer");
    for (uint32_t i = 0; i < cosign->statement.signers_count; i++) {
        if (!cty_bytes_equal(cosign->statement.signers[i], signer))
            continue;
        struct cty_envelope_signature *line = &cosign->signatures[i];
        CTY_TRY(cty_hex_parse_into(text_of(&cosign->file, node, "keyid"), line->keyid, sizeof(line->keyid)));
        CTY_TRY(cty_base64_parse_into(text_of(&cosign->file, node, "sig"), line->signature.bytes, CTY_SIGNATURE_SIZE));
        cosign->present[i] = true;
        return CUSTODY_OK;
    }
    return bad(error, "a signature by somebody who is no signer");
}

static custody_err read_list(struct cty_cosign *cosign, const char *name,
                             custody_err (*read)(struct cty_cosign *, const struct cty_json_node *, custody_error *),
                             custody_error *error)
{
    const struct cty_json_node *list = cty_json_member(&cosign->file, &cosign->file.nodes[0], name);
    if (!list || list->kind != CTY_JSON_ARRAY)
        return bad(error, name);
    const struct cty_json_node *node = cty_json_first(&cosign->file, list);
    for (; node; node = cty_json_after(&cosign->file, list, node)) {
        custody_err err = node->kind == CTY_JSON_OBJECT ? read(cosign, node, error) : CUSTODY_E_BAD_MEMBER;
        if (err != CUSTODY_OK)
            return cty_fail_code(error, err);
    }
    return CUSTODY_OK;
}

static custody_err read_statement(struct cty_cosign *cosign, custody_error *error)
{
    const struct cty_json_node *root = &cosign->file.nodes[0];
    const struct cty_json_node *version = cty_json_member(&cosign->file, root, "custody_draft");
    const struct cty_json_node *body = cty_json_member(&cosign->file, root, "body");
    struct cty_bytes type_text = text_of(&cosign->file, root, "payload_type");
    enum cty_type type;
    if (!version || !cty_bytes_is(version->text, "1") || root->count != 5)
        return bad(error, "it is not of version 1");
    if (!body || body->kind != CTY_JSON_OBJECT)
        return bad(error, "body");
    CTY_TRY(cty_type_parse(type_text, &type));
    cosign->body.limit = CTY_STATEMENT_BYTES_MAX;
    CTY_TRY(cty_buf_put_bytes(&cosign->body, body->text));
    return read_body(cosign, type, error);
}

custody_err cty_cosign_parse(struct cty_cosign *cosign, struct cty_bytes text, custody_error *error)
{
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX + 2, CTY_STATEMENT_NODES_MAX + 256};
    while (text.size && text.data[text.size - 1] == '\n')
        text.size--;
    cosign->text.limit = CTY_DRAFT_FILE_BYTES_MAX;
    CTY_TRY(cty_buf_put_bytes(&cosign->text, text));
    CTY_TRY(cty_json_scan(&cosign->file, CTY_JSON_STRICT, limits, cty_buf_bytes(&cosign->text), error));
    if (cosign->file.nodes[0].kind != CTY_JSON_OBJECT)
        return bad(error, "it is no object");
    CTY_TRY(read_statement(cosign, error));
    CTY_TRY(read_list(cosign, "blobs", read_content, error));
    CTY_TRY(match_contents(cosign, error));
    return read_list(cosign, "signatures", read_signature, error);
}

/* --- writing --------------------------------------------------------------------------------------------- */

static void put_contents(const struct cty_cosign *cosign, struct cty_jw *jw)
{
    cty_jw_name(jw, "blobs");
    cty_jw_array(jw);
    for (uint32_t i = 0; i < cosign->contents_count; i++) {
        const struct cty_content *content = &cosign->contents[i];
        cty_jw_object(jw);
        cty_jw_name(jw, "content");
        cty_jw_base64(jw, content->content);
        cty_jw_name(jw, "member");
        cty_jw_string(jw, content->member);
        cty_jw_name(jw, "salt");
        cty_jw_base64(jw, cty_bytes_make(content->salt, sizeof(content->salt)));
        cty_jw_object_end(jw);
    }
    cty_jw_array_end(jw);
}

static void put_signatures(const struct cty_cosign *cosign, bool named, struct cty_jw *jw)
{
    cty_jw_name(jw, "signatures");
    cty_jw_array(jw);
    for (uint32_t i = 0; i < cosign->statement.signers_count; i++) {
        const struct cty_envelope_signature *line = &cosign->signatures[i];
        if (!cosign->present[i])
            continue;
        cty_jw_object(jw);
        cty_jw_name(jw, "keyid");
        cty_jw_hex(jw, cty_bytes_make(line->keyid, sizeof(line->keyid)));
        cty_jw_name(jw, "sig");
        cty_jw_base64(jw, cty_bytes_make(line->signature.bytes, CTY_SIGNATURE_SIZE));
        if (named) {
            cty_jw_name(jw, "signer");
            cty_jw_string(jw, cosign->statement.signers[i]);
        }
        cty_jw_object_end(jw);
    }
    cty_jw_array_end(jw);
}

custody_err cty_cosign_format(const struct cty_cosign *cosign, struct cty_buf *out)
{
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    put_contents(cosign, &jw);
    cty_jw_name(&jw, "body");
    cty_jw_raw(&jw, cty_buf_bytes(&cosign->body));
    cty_jw_name(&jw, "custody_draft");
    cty_jw_u64(&jw, 1);
    cty_jw_name(&jw, "payload_type");
    cty_jw_text(&jw, cty_type_payload_type(cosign->statement.type));
    put_signatures(cosign, true, &jw);
    cty_jw_object_end(&jw);
    CTY_TRY(cty_jw_end(&jw));
    return cty_buf_put_byte(out, '\n');
}

static custody_err check_complete(const struct cty_cosign *cosign, custody_error *error)
{
    for (uint32_t i = 0; i < cosign->statement.signers_count; i++) {
        struct cty_bytes signer = cosign->statement.signers[i];
        if (!cosign->present[i])
            return cty_fail(error, CUSTODY_E_UNDER_THRESHOLD, "%.*s has not signed", (int)signer.size,
                            (const char *)signer.data);
    }
    return CUSTODY_OK;
}

custody_err cty_cosign_envelope(const struct cty_cosign *cosign, struct cty_buf *out, custody_error *error)
{
    struct cty_jw jw;
    CTY_TRY(check_complete(cosign, error));
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "payload");
    cty_jw_base64(&jw, cty_buf_bytes(&cosign->body));
    cty_jw_name(&jw, "payloadType");
    cty_jw_text(&jw, cty_type_payload_type(cosign->statement.type));
    put_signatures(cosign, false, &jw);
    cty_jw_object_end(&jw);
    return cty_jw_end(&jw);
}

custody_err cty_cosign_submission(const struct cty_cosign *cosign, struct cty_buf *out, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_jw jw;
    CTY_TRY(cty_cosign_envelope(cosign, &envelope, error));
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    if (cosign->contents_count)
        put_contents(cosign, &jw);
    cty_jw_name(&jw, "envelope");
    cty_jw_string(&jw, cty_buf_bytes(&envelope));
    cty_jw_object_end(&jw);
    CTY_TRY(cty_jw_end(&jw));
    return cty_buf_put_byte(out, '\n');
}
