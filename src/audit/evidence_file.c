/* SPDX-License-Identifier: Apache-2.0 */
/* The evidence file: RFC 8785, so that an entry's text in it is the entry's stored bytes. */
#include "audit/evidence_inner.h"

#include "base/check.h"
#include "codec/text.h"

#define NODES_MAX (1u << 23)
#define DEPTH_MAX 12u

static custody_err bad(custody_error *error, const char *what)
{
    return cty_fail(error, CUSTODY_E_BAD_EVIDENCE, "%s", what);
}

/* An object with exactly these members, all given, and `more`; `out` gets their nodes in the order of `names`. */
static custody_err members(const struct cty_json *json, const struct cty_json_node *node, const char *const *names,
                           size_t count, size_t more, const struct cty_json_node **out, custody_error *error)
{
    if (node->kind != CTY_JSON_OBJECT || node->count != count + more)
        return bad(error, "an object has other members than its form says");
    for (size_t i = 0; i < count; i++) {
        out[i] = cty_json_member(json, node, names[i]);
        if (!out[i])
            return bad(error, names[i]);
    }
    return CUSTODY_OK;
}

static custody_err read_proof(const struct cty_json *json, const struct cty_json_node *node, struct cty_proof *ret_proof,
                              custody_error *error)
{
    ret_proof->count = 0;
    if (node->kind != CTY_JSON_ARRAY || node->count > CTY_PROOF_HASHES_MAX)
        return bad(error, "a proof is not an array of hashes");
    for (const struct cty_json_node *hash = cty_json_first(json, node); hash; hash = cty_json_after(json, node, hash)) {
        if (hash->kind != CTY_JSON_STRING ||
            cty_base64_parse_into(hash->text, ret_proof->hashes[ret_proof->count].bytes, CTY_HASH_SIZE) != CUSTODY_OK)
            return bad(error, "a hash of a proof is not base64 of 32 bytes");
        ret_proof->count++;
    }
    return CUSTODY_OK;
}

static custody_err read_entries(struct cty_evidence *evidence, const struct cty_json *json,
                                const struct cty_json_node *list, custody_error *error)
{
    for (const struct cty_json_node *node = cty_json_first(json, list); node; node = cty_json_after(json, list, node)) {
        if (node->kind != CTY_JSON_OBJECT)
            return bad(error, "entries: not objects");
        size_t before = evidence->entries_count;
        custody_err err = cty_evidence_add_entry(evidence, node->text, error);
        if (err != CUSTODY_OK)
            return err == CUSTODY_E_NO_MEMORY ? err : cty_fail_code(error, err);
        if (evidence->entries_count != before + 1 || !cty_bytes_equal(evidence->entries[before]->text, node->text))
            return bad(error, "entries: not in order of index, each once");
    }
    return CUSTODY_OK;
}

static custody_err read_numbered_proofs(struct cty_evidence *evidence, const struct cty_json *json,
                                        const struct cty_json_node *list, bool seen, custody_error *error)
{
    const char *const names[] = {"hashes", seen ? "size" : "index"};
    uint64_t last = 0;
    bool first = true;
    for (const struct cty_json_node *node = cty_json_first(json, list); node; node = cty_json_after(json, list, node)) {
        const struct cty_json_node *found[2] = {NULL};
        struct cty_proof proof;
        uint64_t at = 0;
        CTY_TRY(members(json, node, names, 2, 0, found, error));
        CTY_TRY(read_proof(json, found[0], &proof, error));
        if (found[1]->kind != CTY_JSON_NUMBER || cty_json_u64(found[1], CTY_NUMBER_MAX, &at) != CUSTODY_OK)
            return bad(error, names[1]);
        if (!first && at <= last)
            return bad(error, "proofs are not in order, each once");
        CTY_TRY(seen ? cty_evidence_add_seen(evidence, at, &proof) : cty_evidence_add_proof(evidence, at, &proof));
        first = false;
        last = at;
    }
    return CUSTODY_OK;
}

static custody_err read_blob(struct cty_evidence *evidence, const struct cty_json *json,
                             const struct cty_json_node *node, struct cty_buf *content, custody_error *error)
{
    static const char *const names[] = {"content", "member", "salt", "statement"};
    const struct cty_json_node *found[4] = {NULL};
    struct cty_hash statement;
    uint8_t salt[CTY_SALT_SIZE];
    CTY_TRY(members(json, node, names, 4, 0, found, error));
    for (size_t i = 0; i < 4; i++) {
        if (found[i]->kind != CTY_JSON_STRING || found[i]->escaped)
            return bad(error, "blobs: a member is not a plain string");
    }
    cty_buf_clear(content);
    custody_err err = cty_base64_parse(found[0]->text, content);
    if (err == CUSTODY_E_NO_MEMORY || err == CUSTODY_E_TOO_LARGE)
        return cty_fail(error, err, "blobs: a content");
    if (err != CUSTODY_OK ||
        cty_base64_parse_into(found[2]->text, salt, sizeof(salt)) != CUSTODY_OK ||
        cty_hex_parse_into(found[3]->text, statement.bytes, CTY_HASH_SIZE) != CUSTODY_OK)
        return bad(error, "blobs: content, salt or statement is not of its form");
    size_t before = evidence->blobs_count;
    CTY_TRY(cty_evidence_add_blob(evidence, &statement, found[1]->text, salt, cty_buf_bytes(content)));
    bool last = evidence->blobs_count == before + 1 &&
                cty_hash_equal(&evidence->blobs[before].statement, &statement) &&
                cty_bytes_equal(evidence->blobs[before].member, found[1]->text);
    return last ? CUSTODY_OK : bad(error, "blobs: not in order of statement and member, each once");
}

static custody_err read_blobs(struct cty_evidence *evidence, const struct cty_json *json,
                              const struct cty_json_node *list, custody_error *error)
{
    struct cty_buf content = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_err err = CUSTODY_OK;
    for (const struct cty_json_node *node = cty_json_first(json, list); node && err == CUSTODY_OK;
         node = cty_json_after(json, list, node))
        err = read_blob(evidence, json, node, &content, error);
    cty_buf_done(&content);
    return err;
}

enum { BLOBS, CASE, CHECKPOINT, VERSION, ENTRIES, LEDGER, PROOFS, SEEN, MEMBERS };

static custody_err check_head(const struct cty_json_node *const *found, struct cty_hash *ret_case, custody_error *error)
{
    uint64_t version = 0;
    if (found[VERSION]->kind != CTY_JSON_NUMBER || cty_json_u64(found[VERSION], 1, &version) != CUSTODY_OK ||
        version != 1)
        return bad(error, "custody_evidence is not 1");
    if (found[CASE]->kind != CTY_JSON_STRING ||
        cty_hex_parse_into(found[CASE]->text, ret_case->bytes, CTY_HASH_SIZE) != CUSTODY_OK)
        return bad(error, "case is not 64 hex digits");
    if (found[LEDGER]->kind != CTY_JSON_STRING || cty_text_check(CTY_TEXT_ORIGIN, found[LEDGER]->text) != CUSTODY_OK)
        return bad(error, "ledger is not an origin");
    if (found[CHECKPOINT]->kind != CTY_JSON_STRING)
        return bad(error, "checkpoint is not a string");
    static const int lists[] = {BLOBS, ENTRIES, PROOFS, SEEN};
    for (size_t i = 0; i < CTY_COUNT_OF(lists); i++) {
        if (found[lists[i]]->kind != CTY_JSON_ARRAY)
            return bad(error, "blobs, entries, proofs or seen is not an array");
    }
    return CUSTODY_OK;
}

static custody_err read_body(struct cty_evidence *evidence, const struct cty_json *json,
                             const struct cty_json_node *const *found, custody_error *error)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    custody_err err = cty_json_string(found[CHECKPOINT], &note);
    if (err == CUSTODY_OK)
        err = cty_evidence_set_checkpoint(evidence, cty_buf_bytes(&note));
    cty_buf_done(&note);
    CTY_TRY(err);
    CTY_TRY(read_entries(evidence, json, found[ENTRIES], error));
    CTY_TRY(read_numbered_proofs(evidence, json, found[PROOFS], false, error));
    CTY_TRY(read_numbered_proofs(evidence, json, found[SEEN], true, error));
    return read_blobs(evidence, json, found[BLOBS], error);
}

/* The right edge of a size: as many hashes as it has 1 bits. */
static custody_err read_edge(const struct cty_json *json, const struct cty_json_node *from,
                             const struct cty_json_node *left, struct cty_frontier *ret_edge, custody_error *error)
{
    struct cty_proof hashes;
    CTY_TRY(read_proof(json, left, &hashes, error));
    if (from->kind != CTY_JSON_NUMBER || cty_json_u64(from, CTY_NUMBER_MAX, &ret_edge->size) != CUSTODY_OK ||
        hashes.count != (size_t)__builtin_popcountll(ret_edge->size))
        return bad(error, "between: left is no right edge of from");
    ret_edge->count = hashes.count;
    memcpy(ret_edge->edge, hashes.hashes, hashes.count * sizeof(*hashes.hashes));
    return CUSTODY_OK;
}

static custody_err read_between(struct cty_evidence *evidence, const struct cty_json *json,
                                const struct cty_json_node *node, custody_error *error)
{
    static const char *const names[] = {"entries", "from", "left", "proof"};
    const struct cty_json_node *found[4] = {NULL};
    struct cty_frontier left = {.size = 0};
    struct cty_proof proof;
    CTY_TRY(members(json, node, names, 4, 0, found, error));
    CTY_TRY(read_edge(json, found[1], found[2], &left, error));
    CTY_TRY(read_proof(json, found[3], &proof, error));
    cty_evidence_set_between(evidence, &left, &proof);
    if (found[0]->kind != CTY_JSON_ARRAY || found[0]->count > CTY_BETWEEN_ENTRIES_MAX)
        return bad(error, "between: entries is not an array, or too long");
    for (const struct cty_json_node *entry = cty_json_first(json, found[0]); entry;
         entry = cty_json_after(json, found[0], entry)) {
        if (entry->kind != CTY_JSON_OBJECT)
            return bad(error, "between: not objects");
        CTY_TRY(cty_evidence_add_between(evidence, entry->text));
    }
    return CUSTODY_OK;
}

static custody_err read_policy(struct cty_evidence *evidence, const struct cty_json_node *node, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_EVIDENCE_POLICY_BYTES_MAX);
    if (node->kind != CTY_JSON_STRING)
        return bad(error, "policy is not a string");
    custody_err err = cty_json_string(node, &text);
    if (err == CUSTODY_E_TOO_LARGE || text.size == 0)
        return bad(error, "policy is empty or too long");
    CTY_TRY(err);
    return cty_evidence_set_policy(evidence, cty_buf_bytes(&text));
}

static custody_err read_file(const struct cty_json *json, struct cty_evidence **ret_evidence, custody_error *error)
{
    static const char *const names[MEMBERS] = {"blobs", "case", "checkpoint", "custody_evidence",
                                               "entries", "ledger", "proofs", "seen"};
    const struct cty_json_node *found[MEMBERS] = {NULL};
    struct cty_hash case_id;
    struct cty_evidence *evidence = NULL;
    const struct cty_json_node *between = cty_json_member(json, &json->nodes[0], "between");
    const struct cty_json_node *policy = cty_json_member(json, &json->nodes[0], "policy");
    size_t more = (between ? 1u : 0u) + (policy ? 1u : 0u);
    CTY_TRY(members(json, &json->nodes[0], names, MEMBERS, more, found, error));
    CTY_TRY(check_head(found, &case_id, error));
    CTY_TRY(cty_evidence_new(found[LEDGER]->text, &case_id, &evidence));
    custody_err err = read_body(evidence, json, found, error);
    if (err == CUSTODY_OK && between)
        err = read_between(evidence, json, between, error);
    if (err == CUSTODY_OK && policy)
        err = read_policy(evidence, policy, error);
    if (err != CUSTODY_OK) {
        cty_evidence_free(evidence);
        return err;
    }
    *ret_evidence = evidence;
    return CUSTODY_OK;
}

custody_err cty_evidence_parse(struct cty_bytes text, struct cty_evidence **ret_evidence, custody_error *error)
{
    if (text.size > CTY_EVIDENCE_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "evidence of more than %u bytes", CTY_EVIDENCE_BYTES_MAX);
    struct cty_json json = CTY_JSON_INIT;
    struct cty_json_limits limits = {DEPTH_MAX, NODES_MAX};
    /* A final newline, as editors and shells like it, is no part of the object. */
    if (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    custody_err err = cty_json_scan(&json, CTY_JSON_STRICT, limits, text, error);
    if (err == CUSTODY_OK)
        err = read_file(&json, ret_evidence, error);
    else if (err != CUSTODY_E_NO_MEMORY)
        err = cty_fail(error, CUSTODY_E_BAD_EVIDENCE, "it is not RFC 8785 text");
    cty_json_done(&json);
    return err;
}

static void put_hashes(struct cty_jw *jw, const struct cty_hash *hashes, size_t count)
{
    cty_jw_array(jw);
    for (size_t i = 0; i < count; i++)
        cty_jw_base64(jw, cty_hash_bytes(&hashes[i]));
    cty_jw_array_end(jw);
}

static void put_proofs(struct cty_jw *jw, const struct cty_evidence_proof *list, size_t count, const char *number)
{
    cty_jw_array(jw);
    for (size_t i = 0; i < count; i++) {
        cty_jw_object(jw);
        cty_jw_name(jw, "hashes");
        put_hashes(jw, list[i].hashes, list[i].count);
        cty_jw_name(jw, number);
        cty_jw_u64(jw, list[i].at);
        cty_jw_object_end(jw);
    }
    cty_jw_array_end(jw);
}

static void put_between(struct cty_jw *jw, const struct cty_evidence_between *between)
{
    cty_jw_name(jw, "between");
    cty_jw_object(jw);
    cty_jw_name(jw, "entries");
    cty_jw_array(jw);
    for (size_t i = 0; i < between->entries_count; i++)
        cty_jw_raw(jw, between->entries[i]);
    cty_jw_array_end(jw);
    cty_jw_name(jw, "from");
    cty_jw_u64(jw, between->left.size);
    cty_jw_name(jw, "left");
    put_hashes(jw, between->left.edge, between->left.count);
    cty_jw_name(jw, "proof");
    put_hashes(jw, between->proof.hashes, between->proof.count);
    cty_jw_object_end(jw);
}

static void put_blobs(struct cty_jw *jw, const struct cty_evidence *evidence)
{
    cty_jw_array(jw);
    for (size_t i = 0; i < evidence->blobs_count; i++) {
        const struct cty_evidence_blob *blob = &evidence->blobs[i];
        cty_jw_object(jw);
        cty_jw_name(jw, "content");
        cty_jw_base64(jw, blob->content);
        cty_jw_name(jw, "member");
        cty_jw_string(jw, blob->member);
        cty_jw_name(jw, "salt");
        cty_jw_base64(jw, cty_bytes_make(blob->salt, CTY_SALT_SIZE));
        cty_jw_name(jw, "statement");
        cty_jw_hex(jw, cty_hash_bytes(&blob->statement));
        cty_jw_object_end(jw);
    }
    cty_jw_array_end(jw);
}

custody_err cty_evidence_format(const struct cty_evidence *evidence, struct cty_buf *out)
{
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    if (evidence->between.present)
        put_between(&jw, &evidence->between);
    cty_jw_name(&jw, "blobs");
    put_blobs(&jw, evidence);
    cty_jw_name(&jw, "case");
    cty_jw_hex(&jw, cty_hash_bytes(&evidence->case_id));
    cty_jw_name(&jw, "checkpoint");
    cty_jw_string(&jw, evidence->checkpoint);
    cty_jw_name(&jw, "custody_evidence");
    cty_jw_u64(&jw, 1);
    cty_jw_name(&jw, "entries");
    cty_jw_array(&jw);
    for (size_t i = 0; i < evidence->entries_count; i++)
        cty_jw_raw(&jw, evidence->entries[i]->text);
    cty_jw_array_end(&jw);
    cty_jw_name(&jw, "ledger");
    cty_jw_string(&jw, evidence->ledger);
    if (evidence->policy.size > 0) {
        cty_jw_name(&jw, "policy");
        cty_jw_string(&jw, evidence->policy);
    }
    cty_jw_name(&jw, "proofs");
    put_proofs(&jw, evidence->proofs, evidence->proofs_count, "index");
    cty_jw_name(&jw, "seen");
    put_proofs(&jw, evidence->seen, evidence->seen_count, "size");
    cty_jw_object_end(&jw);
    return cty_jw_end(&jw);
}
