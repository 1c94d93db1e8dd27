/* SPDX-License-Identifier: Apache-2.0 */
#include "kit/world_evidence.h"

#include "audit/between.h"
#include "base/check.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)

static void put_vkey(struct world *w, const char *name, struct cty_buf *out)
{
    const struct cty_secret *secret = world_secret(w, name);
    MUST(cty_vkey_format(cty_secret_name(secret), CTY_KEY_ED25519, cty_secret_key(secret), out));
}

void world_trust_text(struct world *w, bool pin_admins, struct cty_buf *out)
{
    MUST(cty_buf_put_text(out, "{\"custody_trust\":1,\"policy\":\"log "));
    put_vkey(w, "log", out);
    MUST(cty_buf_put_text(out, "\\nquorum none\\n\""));
    if (pin_admins) {
        MUST(cty_buf_put_text(out, ",\"admins\":{\"operator\":[\""));
        put_vkey(w, "operator/ada", out);
        MUST(cty_buf_put_text(out, "\",\""));
        put_vkey(w, "operator/otto", out);
        MUST(cty_buf_put_text(out, "\"]}"));
    }
    MUST(cty_buf_put_text(out, "}"));
}

static custody_err find_content(void *context, const struct cty_hash *case_id, const struct cty_hash *statement,
                                struct cty_bytes member, struct cty_bytes *ret_salt, struct cty_bytes *ret_content)
{
    (void)case_id;
    struct world *w = context;
    for (size_t i = 0; i < w->blobs_count; i++) {
        struct world_blob *blob = &w->blobs[i];
        if (!cty_hash_equal(&blob->statement, statement) || !cty_bytes_is(member, blob->member))
            continue;
        *ret_salt = cty_bytes_make(blob->salt, CTY_SALT_SIZE);
        *ret_content = blob->content;
        return CUSTODY_OK;
    }
    return CUSTODY_E_NOT_FOUND;
}

struct cty_content_source world_contents(struct world *w)
{
    return (struct cty_content_source){w, find_content};
}

struct gather {
    struct world *w;
    struct cty_evidence *evidence;
};

static custody_err add_seen(void *context, uint64_t size)
{
    struct gather *g = context;
    struct cty_proof proof;
    MUST(cty_tree_consistency(cty_memory_tree(g->w->memory), size, cty_memory_size(g->w->memory), &proof));
    return cty_evidence_add_seen(g->evidence, size, &proof);
}

static custody_err add_proof(void *context, uint64_t index)
{
    struct gather *g = context;
    struct cty_proof proof;
    MUST(cty_tree_inclusion(cty_memory_tree(g->w->memory), index, cty_memory_size(g->w->memory), &proof));
    return cty_evidence_add_proof(g->evidence, index, &proof);
}

static custody_err add_blob(void *context, const struct cty_hash *statement, struct cty_bytes member)
{
    struct gather *g = context;
    struct cty_bytes salt, content;
    if (find_content(g->w, NULL, statement, member, &salt, &content) != CUSTODY_OK)
        return CUSTODY_OK;
    return cty_evidence_add_blob(g->evidence, statement, member, salt.data, content);
}

static void add_entries(struct gather *g, const struct cty_hash *case_id)
{
    struct cty_parsed_entry parsed = {0};
    for (size_t i = 0; i < g->w->entries_count; i++) {
        MUST(cty_entry_parse(g->w->entries[i], &parsed, NULL));
        const struct cty_statement *st = &parsed.signed_statement.statement;
        bool trust = cty_type_class_get(st->type) == CTY_CLASS_TRUST;
        bool own = cty_hash_equal(&parsed.signed_statement.digest, case_id) ||
                   ((cty_type_flags(st->type) & CTY_TYPE_CASE) && cty_hash_equal(&st->case_id, case_id));
        if (trust || own)
            MUST(cty_evidence_add_entry(g->evidence, g->w->entries[i], NULL));
    }
    cty_parsed_entry_done(&parsed);
}

static custody_err add_parent(void *context, const struct cty_hash *case_id)
{
    struct gather *g = context;
    add_entries(g, case_id);
    return CUSTODY_OK;
}

struct cty_evidence *world_evidence(struct world *w, const struct cty_hash *case_id)
{
    struct gather g = {.w = w};
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    MUST(cty_evidence_new(CTY_LITERAL(WORLD_ORIGIN), case_id, &g.evidence));
    world_checkpoint(w, &note);
    MUST(cty_evidence_set_checkpoint(g.evidence, cty_buf_bytes(&note)));
    cty_buf_done(&note);
    add_entries(&g, case_id);
    struct cty_evidence_needs parents = {.context = &g, .parent = add_parent};
    MUST(cty_evidence_needs(g.evidence, &parents));
    struct cty_evidence_needs needs = {.context = &g, .seen = add_seen, .proof = add_proof, .blob = add_blob};
    MUST(cty_evidence_needs(g.evidence, &needs));
    return g.evidence;
}

void world_add_between(struct world *w, struct cty_evidence *evidence, uint64_t from)
{
    const struct cty_tree_reader *tree = cty_memory_tree(w->memory);
    struct cty_frontier left;
    struct cty_proof proof;
    uint64_t release = 0, consume = 0;
    CTY_CHECK(cty_between_ends(evidence, &release, &consume));
    MUST(cty_frontier_load(tree, from, &left));
    MUST(cty_tree_inclusion(tree, consume, cty_memory_size(w->memory), &proof));
    cty_evidence_set_between(evidence, &left, &proof);
    for (uint64_t i = from; i < consume; i++) {
        if (!cty_evidence_has(evidence, i))
            MUST(cty_evidence_add_between(evidence, w->entries[i]));
    }
}
