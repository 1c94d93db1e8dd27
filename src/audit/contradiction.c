/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sizes contradict each other provably where the larger tree's own consistency proof gives another root for the smaller
 * size: the proof's hashes stand in the larger root, and so does what they say of its first leaves.
 *
 *     root of 8  <- h(0..3), h(4..7)          signed
 *     root of 4 in it:  h(0..3)               proven, and not the root of 4 that was signed
 */
#include "audit/contradiction.h"

#include <stdio.h>

#include "base/check.h"
#include "codec/json.h"
#include "codec/text.h"
#include "ledger/witness_text.h"

#define DEPTH_MAX 5u
#define NODES_MAX 256u

static const char head[] = "{\"custody_contradiction\":";

static const char *const kinds[] = {"two-roots", "fork", "no-proof", "went-back", "two-leaves"};

const char *cty_contradiction_kind_name(enum cty_contradiction_kind kind)
{
    return kinds[kind];
}

bool cty_contradiction_convicts(enum cty_contradiction_kind kind)
{
    return kind == CTY_CONTRADICTION_TWO_ROOTS || kind == CTY_CONTRADICTION_FORK || kind == CTY_CONTRADICTION_TWO_LEAVES;
}

bool cty_is_contradiction(struct cty_bytes text)
{
    return text.size >= sizeof(head) - 1 && memcmp(text.data, head, sizeof(head) - 1) == 0;
}

/* ---- its name ---- */

#define ORIGIN_SHOWN 120u /* the file itself tells whose it is */

void cty_contradiction_name_begin(struct cty_bytes origin, char ret_name[static CTY_CONTRADICTION_NAME_SIZE])
{
    size_t size = origin.size < ORIGIN_SHOWN ? origin.size : ORIGIN_SHOWN;
    for (size_t i = 0; i < size; i++) {
        char c = (char)origin.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                     (c == '.' && i > 0);
        ret_name[i] = '_';
        if (plain)
            ret_name[i] = c;
    }
    snprintf(ret_name + size, CTY_CONTRADICTION_NAME_SIZE - size, ".contradiction-");
}

void cty_contradiction_name(struct cty_bytes origin, uint64_t size, struct cty_bytes text,
                            char ret_name[static CTY_CONTRADICTION_NAME_SIZE])
{
    char hex[17];
    struct cty_hash digest = cty_sha256(text);
    cty_contradiction_name_begin(origin, ret_name);
    size_t begin = strlen(ret_name);
    cty_hex_write(digest.bytes, 8, hex);
    snprintf(ret_name + begin, CTY_CONTRADICTION_NAME_SIZE - begin, "%llu-%s.json", (unsigned long long)size, hex);
}

/* ---- the file ---- */

static void put_proof(struct cty_jw *jw, const struct cty_contradiction *c)
{
    cty_jw_name(jw, "proof");
    cty_jw_object(jw);
    cty_jw_name(jw, "hashes");
    cty_jw_array(jw);
    for (size_t i = 0; i < c->proof.count; i++)
        cty_jw_base64(jw, cty_hash_bytes(&c->proof.hashes[i]));
    cty_jw_array_end(jw);
    cty_jw_name(jw, "root");
    cty_jw_hex(jw, cty_hash_bytes(&c->root));
    cty_jw_object_end(jw);
}

static void put_leaf(struct cty_jw *jw, const struct cty_contradiction_leaf *leaf)
{
    cty_jw_object(jw);
    cty_jw_name(jw, "hashes");
    cty_jw_array(jw);
    for (size_t i = 0; i < leaf->proof.count; i++)
        cty_jw_base64(jw, cty_hash_bytes(&leaf->proof.hashes[i]));
    cty_jw_array_end(jw);
    cty_jw_name(jw, "leaf");
    cty_jw_hex(jw, cty_hash_bytes(&leaf->leaf));
    cty_jw_object_end(jw);
}

custody_err cty_contradiction_format(const struct cty_contradiction *c, struct cty_buf *out)
{
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "custody_contradiction");
    cty_jw_u64(&jw, 1);
    if (c->has_leaves) {
        cty_jw_name(&jw, "index");
        cty_jw_u64(&jw, c->index);
    }
    cty_jw_name(&jw, "key");
    cty_jw_string(&jw, c->key);
    cty_jw_name(&jw, "kind");
    cty_jw_text(&jw, kinds[c->kind]);
    if (c->has_leaves) {
        cty_jw_name(&jw, "leaves");
        cty_jw_array(&jw);
        put_leaf(&jw, &c->leaves[0]);
        put_leaf(&jw, &c->leaves[1]);
        cty_jw_array_end(&jw);
    }
    cty_jw_name(&jw, "ledger");
    cty_jw_string(&jw, c->ledger);
    cty_jw_name(&jw, "notes");
    cty_jw_array(&jw);
    cty_jw_string(&jw, c->notes[0]);
    cty_jw_string(&jw, c->notes[1]);
    cty_jw_array_end(&jw);
    if (c->has_proof)
        put_proof(&jw, c);
    cty_jw_object_end(&jw);
    return cty_jw_end(&jw);
}

static custody_err bad(custody_error *error, const char *what)
{
    return cty_fail(error, CUSTODY_E_BAD_EVIDENCE, "%s", what);
}

static custody_err read_hashes(const struct cty_json *json, const struct cty_json_node *hashes, struct cty_proof *ret_proof,
                               custody_error *error)
{
    ret_proof->count = 0;
    if (hashes->kind != CTY_JSON_ARRAY || hashes->count > CTY_PROOF_HASHES_MAX)
        return bad(error, "hashes are not of their form");
    for (const struct cty_json_node *hash = cty_json_first(json, hashes); hash;
         hash = cty_json_after(json, hashes, hash)) {
        if (hash->kind != CTY_JSON_STRING ||
            cty_base64_parse_into(hash->text, ret_proof->hashes[ret_proof->count].bytes, CTY_HASH_SIZE) != CUSTODY_OK)
            return bad(error, "a hash of the proof is not base64 of 32 bytes");
        ret_proof->count++;
    }
    return CUSTODY_OK;
}

static custody_err read_leaf(const struct cty_json *json, const struct cty_json_node *node,
                             struct cty_contradiction_leaf *ret_leaf, custody_error *error)
{
    const struct cty_json_node *hashes = cty_json_member(json, node, "hashes"), *leaf = cty_json_member(json, node, "leaf");
    if (node->kind != CTY_JSON_OBJECT || node->count != 2 || !hashes || !leaf || leaf->kind != CTY_JSON_STRING ||
        cty_hex_parse_into(leaf->text, ret_leaf->leaf.bytes, CTY_HASH_SIZE) != CUSTODY_OK)
        return bad(error, "a leaf is not of its form");
    return read_hashes(json, hashes, &ret_leaf->proof, error);
}

static custody_err read_leaves(const struct cty_json *json, const struct cty_json_node *list,
                               const struct cty_json_node *index, struct cty_contradiction *c, custody_error *error)
{
    if (!list || !index || list->kind != CTY_JSON_ARRAY || list->count != 2 || index->kind != CTY_JSON_NUMBER ||
        cty_json_u64(index, CTY_NUMBER_MAX, &c->index) != CUSTODY_OK)
        return bad(error, "leaves or index is not of its form");
    const struct cty_json_node *first = cty_json_first(json, list);
    CTY_TRY(read_leaf(json, first, &c->leaves[0], error));
    CTY_TRY(read_leaf(json, cty_json_after(json, list, first), &c->leaves[1], error));
    c->has_leaves = true;
    return CUSTODY_OK;
}

static custody_err read_proof(const struct cty_json *json, const struct cty_json_node *node, struct cty_contradiction *c,
                              custody_error *error)
{
    const struct cty_json_node *hashes = cty_json_member(json, node, "hashes");
    const struct cty_json_node *root = cty_json_member(json, node, "root");
    if (node->kind != CTY_JSON_OBJECT || node->count != 2 || !hashes || !root || root->kind != CTY_JSON_STRING ||
        cty_hex_parse_into(root->text, c->root.bytes, CTY_HASH_SIZE) != CUSTODY_OK)
        return bad(error, "proof is not of its form");
    CTY_TRY(read_hashes(json, hashes, &c->proof, error));
    c->has_proof = true;
    return CUSTODY_OK;
}

static custody_err read_kind(const struct cty_json_node *node, struct cty_contradiction *c, custody_error *error)
{
    for (size_t i = 0; i < CTY_COUNT_OF(kinds); i++) {
        if (node->kind == CTY_JSON_STRING && cty_bytes_is(node->text, kinds[i])) {
            c->kind = (enum cty_contradiction_kind)i;
            return CUSTODY_OK;
        }
    }
    return bad(error, "kind is not known");
}

/* Texts are unescaped one behind the other; views are set once nothing moves any more. */
static custody_err read_texts(const struct cty_json *json, const struct cty_json_node *const nodes[3],
                              struct cty_contradiction *c, custody_error *error)
{
    const struct cty_json_node *list = nodes[2];
    size_t ends[4];
    if (list->kind != CTY_JSON_ARRAY || list->count != 2)
        return bad(error, "notes are not two");
    const struct cty_json_node *first = cty_json_first(json, list);
    const struct cty_json_node *all[] = {nodes[0], nodes[1], first, cty_json_after(json, list, first)};
    for (size_t i = 0; i < CTY_COUNT_OF(all); i++) {
        if (all[i]->kind != CTY_JSON_STRING)
            return bad(error, "key, ledger or a note is not a string");
        CTY_TRY(cty_json_string(all[i], &c->memory));
        ends[i] = c->memory.size;
    }
    struct cty_bytes *views[] = {&c->key, &c->ledger, &c->notes[0], &c->notes[1]};
    for (size_t i = 0; i < CTY_COUNT_OF(views); i++) {
        size_t begin = i ? ends[i - 1] : 0;
        *views[i] = cty_bytes_make(c->memory.data + begin, ends[i] - begin);
    }
    return CUSTODY_OK;
}

static custody_err read_file(const struct cty_json *json, struct cty_contradiction *c, custody_error *error)
{
    static const char *const names[] = {"custody_contradiction", "kind", "key", "ledger", "notes"};
    const struct cty_json_node *top = &json->nodes[0], *found[CTY_COUNT_OF(names)];
    const struct cty_json_node *proof = cty_json_member(json, top, "proof");
    const struct cty_json_node *leaves = cty_json_member(json, top, "leaves");
    const struct cty_json_node *index = cty_json_member(json, top, "index");
    uint64_t version = 0;
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++) {
        found[i] = cty_json_member(json, top, names[i]);
        if (!found[i])
            return bad(error, names[i]);
    }
    if (top->count != CTY_COUNT_OF(names) + (proof ? 1u : 0u) + (leaves ? 1u : 0u) + (index ? 1u : 0u))
        return bad(error, "a member that its form does not have");
    if (found[0]->kind != CTY_JSON_NUMBER || cty_json_u64(found[0], 1, &version) != CUSTODY_OK || version != 1)
        return bad(error, "custody_contradiction is not 1");
    CTY_TRY(read_kind(found[1], c, error));
    CTY_TRY(read_texts(json, found + 2, c, error));
    if (leaves || index)
        CTY_TRY(read_leaves(json, leaves, index, c, error));
    return proof ? read_proof(json, proof, c, error) : CUSTODY_OK;
}

custody_err cty_contradiction_parse(struct cty_bytes text, struct cty_contradiction *ret_contradiction,
                                    custody_error *error)
{
    struct cty_json json = CTY_JSON_INIT;
    const struct cty_json_limits limits = {DEPTH_MAX, NODES_MAX};
    *ret_contradiction = (struct cty_contradiction){.memory = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX)};
    if (text.size > CTY_CONTRADICTION_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "a contradiction of more than %u bytes", CTY_CONTRADICTION_BYTES_MAX);
    if (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    custody_err err = cty_json_scan(&json, CTY_JSON_STRICT, limits, text, NULL);
    if (err == CUSTODY_OK)
        err = read_file(&json, ret_contradiction, error);
    else if (err != CUSTODY_E_NO_MEMORY)
        err = bad(error, "it is not RFC 8785 text");
    cty_json_done(&json);
    if (err != CUSTODY_OK)
        cty_contradiction_done(ret_contradiction);
    return err;
}

void cty_contradiction_done(struct cty_contradiction *contradiction)
{
    cty_buf_done(&contradiction->memory);
}

/* ---- what it shows ---- */

/*
 * Extension lines say nothing of the tree, so they hide no contradiction; readers of the ledger refuse them. The size is read
 * before anything is verified, to choose the key.
 */
static custody_err open_note(struct cty_bytes note, const struct cty_trust *trust, struct cty_checkpoint *ret_checkpoint)
{
    struct cty_note parsed;
    struct cty_checkpoint said = {.size = 0};
    const struct cty_hash empty = cty_tree_empty_root();
    CTY_TRY(cty_note_parse(note, &parsed));
    custody_err readable = cty_checkpoint_read(parsed.text, &said);
    CTY_TRY(cty_note_verify(&parsed, trust->origin, cty_log_keys_at(&trust->log_keys, readable == CUSTODY_OK ? said.size : 0)));
    CTY_TRY(readable);
    if (!cty_bytes_equal(said.origin, trust->origin))
        return CUSTODY_E_WRONG_LEDGER;
    if (said.size == 0 && !cty_hash_equal(&said.root, &empty))
        return CUSTODY_E_BAD_NOTE;
    *ret_checkpoint = said;
    return CUSTODY_OK;
}

static custody_err open_notes(const struct cty_contradiction *c, const struct cty_trust *trust,
                              struct cty_checkpoint checkpoints[2], custody_error *error)
{
    if (!cty_bytes_equal(c->ledger, trust->origin))
        return cty_fail(error, CUSTODY_E_WRONG_LEDGER, "the trust file pins another ledger");
    if (!cty_trust_has_log_line(trust, c->key))
        return cty_fail(error, CUSTODY_E_KEY_UNKNOWN, "the trust file pins another log key");
    for (size_t i = 0; i < 2; i++) {
        custody_err err = open_note(c->notes[i], trust, &checkpoints[i]);
        if (err != CUSTODY_OK)
            return cty_fail(error, err, "note %zu", i + 1);
    }
    return CUSTODY_OK;
}

/* Of two sizes: what the proof says of the larger one's beginning. */
static custody_err judge_sizes(const struct cty_contradiction *c, const struct cty_checkpoint *small,
                               const struct cty_checkpoint *large, enum cty_contradiction_kind *ret_kind,
                               custody_error *error)
{
    if (small->size == 0 && c->kind != CTY_CONTRADICTION_WENT_BACK)
        return bad(error, "the empty tree is a beginning of every ledger");
    bool proven = c->has_proof && cty_tree_consistency_verify(small->size, &c->root, large->size, &large->root,
                                                              &c->proof) == CUSTODY_OK;
    if (proven && cty_hash_equal(&c->root, &small->root))
        return bad(error, "its proof shows that the larger tree extends the smaller");
    *ret_kind = proven ? CTY_CONTRADICTION_FORK : CTY_CONTRADICTION_NO_PROOF;
    return CUSTODY_OK;
}

/* A tree only grows: what stands at an index in one of them stands there in all. */
static custody_err judge_leaves(const struct cty_contradiction *c, const struct cty_checkpoint checkpoints[2],
                                custody_error *error)
{
    if (c->has_proof)
        return bad(error, "a proof between the trees of two receipts");
    for (size_t i = 0; i < 2; i++) {
        const struct cty_contradiction_leaf *leaf = &c->leaves[i];
        if (cty_tree_inclusion_verify(&leaf->leaf, c->index, checkpoints[i].size, &checkpoints[i].root, &leaf->proof) !=
            CUSTODY_OK)
            return bad(error, "a leaf is not in its tree");
    }
    if (cty_hash_equal(&c->leaves[0].leaf, &c->leaves[1].leaf))
        return bad(error, "both trees have the same entry there");
    return CUSTODY_OK;
}

custody_err cty_contradiction_judge(const struct cty_contradiction *c, const struct cty_trust *trust,
                                    enum cty_contradiction_kind *ret_kind, uint64_t ret_sizes[2], custody_error *error)
{
    struct cty_checkpoint checkpoints[2] = {{.size = 0}, {.size = 0}};
    CTY_TRY(open_notes(c, trust, checkpoints, error));
    const struct cty_checkpoint *before = &checkpoints[0], *shown = &checkpoints[1];
    ret_sizes[0] = before->size;
    ret_sizes[1] = shown->size;
    if (before->size == shown->size && cty_hash_equal(&before->root, &shown->root))
        return bad(error, "the two notes say the same");
    *ret_kind = c->has_leaves ? CTY_CONTRADICTION_TWO_LEAVES : CTY_CONTRADICTION_TWO_ROOTS;
    if (c->has_leaves)
        return judge_leaves(c, checkpoints, error);
    if (before->size == shown->size)
        return c->has_proof ? bad(error, "a proof between two notes of one size") : CUSTODY_OK;
    bool back = shown->size < before->size;
    CTY_TRY(judge_sizes(c, back ? shown : before, back ? before : shown, ret_kind, error));
    /* In which order they came is their owner's word. */
    if (*ret_kind == CTY_CONTRADICTION_NO_PROOF && back && c->kind == CTY_CONTRADICTION_WENT_BACK)
        *ret_kind = CTY_CONTRADICTION_WENT_BACK;
    return CUSTODY_OK;
}

static custody_err verify(const struct cty_contradiction *c, const struct cty_trust *trust,
                          struct cty_contradiction_report *report, custody_error *error)
{
    CTY_TRY(cty_contradiction_judge(c, trust, &report->kind, report->sizes, error));
    if (report->kind != c->kind)
        return cty_fail(error, CUSTODY_E_BAD_EVIDENCE, "it says %s, and shows %s", kinds[c->kind], kinds[report->kind]);
    snprintf(report->ledger, sizeof(report->ledger), "%.*s", (int)c->ledger.size, (const char *)c->ledger.data);
    snprintf(report->key, sizeof(report->key), "%.*s", (int)c->key.size, (const char *)c->key.data);
    report->index = c->index;
    return CUSTODY_OK;
}

custody_err cty_contradiction_verify(struct cty_bytes text, const struct cty_trust *trust,
                                     struct cty_contradiction_report *ret_report, custody_error *error)
{
    struct cty_contradiction c;
    memset(ret_report, 0, sizeof(*ret_report));
    CTY_TRY(cty_contradiction_parse(text, &c, error));
    custody_err err = verify(&c, trust, ret_report, error);
    cty_contradiction_done(&c);
    return err;
}

/* A trust file that pins the file's own key and asks for nobody. */
static custody_err trust_alone(const struct cty_contradiction *c, struct cty_trust *ret_trust, custody_error *error)
{
    struct cty_bytes name;
    struct cty_key key;
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX + 64);
    if (cty_vkey_parse(c->key, CTY_KEY_ED25519, &name, &key) != CUSTODY_OK || !cty_bytes_equal(name, c->ledger))
        return bad(error, "key is not an Ed25519 vkey of the ledger's name");
    CTY_TRY(cty_buf_put_text(&text, "log "));
    CTY_TRY(cty_buf_put_bytes(&text, c->key));
    CTY_TRY(cty_buf_put_text(&text, "\nquorum none\n"));
    return cty_trust_parse(cty_buf_bytes(&text), ret_trust, error);
}

static custody_err convict(const struct cty_contradiction *c, struct cty_contradiction_report *report, custody_error *error)
{
    CTY_AUTO_FREE struct cty_trust *trust = cty_alloc(1, sizeof(*trust));
    if (!trust)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(trust_alone(c, trust, error));
    custody_err err = verify(c, trust, report, error);
    report->alone = true;
    cty_trust_done(trust);
    return err;
}

custody_err cty_contradiction_convict(struct cty_bytes text, struct cty_contradiction_report *ret_report,
                                      custody_error *error)
{
    struct cty_contradiction c;
    memset(ret_report, 0, sizeof(*ret_report));
    CTY_TRY(cty_contradiction_parse(text, &c, error));
    custody_err err = convict(&c, ret_report, error);
    cty_contradiction_done(&c);
    return err;
}

/* ---- how it is told ---- */

int cty_contradiction_exit(const struct cty_contradiction_report *report)
{
    return cty_contradiction_convicts(report->kind) ? 0 : 3;
}

static custody_err put_sentence(const struct cty_contradiction_report *report, struct cty_buf *out)
{
    unsigned long long before = report->sizes[0], shown = report->sizes[1];
    bool back = shown < before;
    switch (report->kind) {
    case CTY_CONTRADICTION_TWO_ROOTS:
        return cty_buf_putf(out, "the log key signed two trees of size %llu: that convicts the custodian", before);
    case CTY_CONTRADICTION_FORK:
        return cty_buf_putf(out,
                            "the log key signed trees of size %llu and %llu, and the larger one begins with other "
                            "entries than the smaller one: that convicts the custodian",
                            back ? shown : before, back ? before : shown);
    case CTY_CONTRADICTION_NO_PROOF:
        return cty_buf_putf(out,
                            "the log key signed trees of size %llu and %llu, and what was given as proof between them "
                            "proves nothing: ask the custodian for a proof; this alone convicts nobody",
                            back ? shown : before, back ? before : shown);
    case CTY_CONTRADICTION_WENT_BACK:
        return cty_buf_putf(out,
                            "the log key signed a tree of size %llu and, by the word of who kept this, showed one of "
                            "size %llu as its newest later: this alone convicts nobody",
                            before, shown);
    case CTY_CONTRADICTION_TWO_LEAVES:
        return cty_buf_putf(out,
                            "the log key signed trees of size %llu and %llu that have two entries at index %llu: that "
                            "convicts the custodian",
                            before, shown, (unsigned long long)report->index);
    }
    return CUSTODY_E_INTERNAL;
}

custody_err cty_contradiction_text(const struct cty_contradiction_report *report, struct cty_buf *out)
{
    CTY_TRY(cty_buf_putf(out, "contradiction of %s\n%-11s %-11s ", report->ledger, kinds[report->kind],
                         cty_contradiction_convicts(report->kind) ? "proven" : "not proven"));
    CTY_TRY(put_sentence(report, out));
    /* This file can't know of rotations, and an old key may be stolen. */
    if (cty_contradiction_convicts(report->kind))
        CTY_TRY(cty_buf_putf(out, "\nunless      replaced    another log key had taken its place before size %llu",
                             (unsigned long long)(report->sizes[0] > report->sizes[1] ? report->sizes[0] : report->sizes[1])));
    if (report->alone)
        CTY_TRY(cty_buf_putf(out, "\nkey         not pinned  whoever owns %s signed both; whose that is, a trust file says",
                             report->key));
    return cty_buf_put_byte(out, '\n');
}

custody_err cty_contradiction_json(const struct cty_contradiction_report *report, struct cty_buf *out)
{
    struct cty_buf sentence = CTY_BUF_INIT(1024);
    struct cty_jw jw;
    custody_err err = put_sentence(report, &sentence);
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "exit");
    cty_jw_u64(&jw, (uint64_t)cty_contradiction_exit(report));
    cty_jw_name(&jw, "key");
    cty_jw_text(&jw, report->key);
    cty_jw_name(&jw, "kind");
    cty_jw_text(&jw, kinds[report->kind]);
    cty_jw_name(&jw, "ledger");
    cty_jw_text(&jw, report->ledger);
    cty_jw_name(&jw, "pinned");
    cty_jw_bool(&jw, !report->alone);
    cty_jw_name(&jw, "proven");
    cty_jw_bool(&jw, cty_contradiction_convicts(report->kind));
    cty_jw_name(&jw, "sizes");
    cty_jw_array(&jw);
    cty_jw_u64(&jw, report->sizes[0]);
    cty_jw_u64(&jw, report->sizes[1]);
    cty_jw_array_end(&jw);
    cty_jw_name(&jw, "text");
    cty_jw_string(&jw, cty_buf_bytes(&sentence));
    cty_jw_object_end(&jw);
    custody_err ended = cty_jw_end(&jw);
    cty_buf_done(&sentence);
    return err == CUSTODY_OK ? ended : err;
}
