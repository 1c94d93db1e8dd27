/* SPDX-License-Identifier: Apache-2.0 */
/* The rogue custodian: its own appender, which asks no fold. */
#include "audit.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)

static struct cty_bytes copy_of(struct cty_bytes bytes)
{
    return cty_bytes_make(cty_bytes_dup_text(bytes), bytes.size);
}

static void drop(struct cty_bytes *bytes)
{
    free((void *)(uintptr_t)bytes->data);
    *bytes = cty_bytes_make(NULL, 0);
}

/* What linking needs to know; an envelope that can't be read joins nothing. */
static void look_into(struct rogue_item *item)
{
    struct cty_signed parsed = {0};
    item->type = CTY_TYPE_COUNT;
    if (cty_signed_parse(item->envelope, &parsed, NULL) == CUSTODY_OK) {
        item->type = parsed.statement.type;
        item->digest = parsed.digest;
        item->of_case = item->type == CTY_REQUEST || (cty_type_flags(item->type) & CTY_TYPE_CASE);
        item->case_id = item->type == CTY_REQUEST ? parsed.digest : parsed.statement.case_id;
    }
    cty_signed_done(&parsed);
}

static struct rogue_item *add_item(struct rogue *r, struct cty_bytes envelope, uint64_t time)
{
    r->items = realloc(r->items, (r->count + 1) * sizeof(*r->items));
    CTY_CHECK(r->items);
    struct rogue_item *item = &r->items[r->count++];
    memset(item, 0, sizeof(*item));
    item->envelope = copy_of(envelope);
    item->time = time;
    look_into(item);
    return item;
}

struct rogue *rogue_new(struct stage *s)
{
    struct rogue *r = cty_alloc(1, sizeof(*r));
    struct cty_parsed_entry parsed = {0};
    CTY_CHECK(r);
    r->s = s;
    for (size_t i = 0; i < s->w->entries_count; i++) {
        MUST(cty_entry_parse(s->w->entries[i], &parsed, NULL));
        add_item(r, parsed.entry.statement, parsed.entry.time)->text = copy_of(s->w->entries[i]);
    }
    cty_parsed_entry_done(&parsed);
    rogue_tree(r);
    return r;
}

void rogue_free(struct rogue *r)
{
    for (size_t i = 0; i < r->count; i++) {
        drop(&r->items[i].envelope);
        drop(&r->items[i].text);
    }
    cty_memory_free(r->tree);
    free(r->items);
    free(r);
}

void rogue_tree(struct rogue *r)
{
    cty_memory_free(r->tree);
    MUST(cty_memory_new(&r->tree));
    for (size_t i = 0; i < r->count; i++) {
        struct cty_hash leaf = cty_tree_leaf(r->items[i].text);
        MUST(cty_memory_append_leaf(r->tree, &leaf));
    }
}

static bool is_trust(const struct rogue_item *item)
{
    return item->type != CTY_TYPE_COUNT && cty_type_class_get(item->type) == CTY_CLASS_TRUST;
}

static void link_back(const struct rogue *r, size_t at, struct cty_entry *entry)
{
    const struct rogue_item *item = &r->items[at];
    if (at > 0)
        entry->prev = (struct cty_opt_hash){cty_tree_leaf(r->items[at - 1].text), true};
    for (size_t i = at; i > 0; i--) {
        const struct rogue_item *before = &r->items[i - 1];
        bool same_case = item->of_case && before->of_case && cty_hash_equal(&before->case_id, &item->case_id);
        if (before->out_of_chain)
            continue;
        if (!entry->trust.present && is_trust(before))
            entry->trust = (struct cty_opt_hash){cty_tree_leaf(before->text), true};
        if (!entry->case_prev.present && same_case && item->type != CTY_REQUEST)
            entry->case_prev = (struct cty_opt_hash){cty_tree_leaf(before->text), true};
    }
}

static void link_item(struct rogue *r, size_t at)
{
    struct rogue_item *item = &r->items[at];
    struct cty_entry entry = {.index = at, .time = item->time, .statement = item->envelope};
    struct cty_buf text = CTY_BUF_INIT(2 * CTY_ENTRY_BYTES_MAX);
    if (item->fixed)
        return;
    look_into(item);
    link_back(r, at, &entry);
    MUST(cty_entry_encode(&entry, &text));
    drop(&item->text);
    item->text = copy_of(cty_buf_bytes(&text));
    cty_buf_done(&text);
}

void rogue_link(struct rogue *r)
{
    for (size_t i = 0; i < r->count; i++)
        link_item(r, i);
    rogue_tree(r);
}

void rogue_begin(struct rogue *r, struct cty_statement *st, enum cty_type type, const char *signer)
{
    world_begin(r->s->w, st, type, signer);
    st->seen.size = cty_memory_size(r->tree);
    MUST(cty_memory_root(r->tree, st->seen.size, &st->seen.root));
    if (cty_type_flags(type) & CTY_TYPE_CLERK)
        st->until = st->time;
    if (cty_type_flags(type) & CTY_TYPE_CASE)
        world_join(r->s->w, st, &r->s->case_id);
}

/* Contents that were made for this id belong to the statement now. */
static void keep_contents(struct world *w, const uint8_t id[16], const struct cty_hash *digest)
{
    struct cty_hash key = {{0}};
    memcpy(key.bytes, id, 16);
    for (size_t i = 0; i < w->blobs_count; i++) {
        if (cty_hash_equal(&w->blobs[i].statement, &key))
            w->blobs[i].statement = *digest;
    }
}

static const struct cty_secret *secret_of(struct rogue *r, struct cty_bytes signer)
{
    char name[CTY_ACTOR_NAME_BYTES_MAX + 1];
    snprintf(name, sizeof(name), "%.*s", (int)signer.size, (const char *)signer.data);
    return world_secret(r->s->w, name);
}

uint64_t rogue_put_envelope(struct rogue *r, struct cty_bytes envelope)
{
    size_t at = r->count;
    add_item(r, envelope, r->s->w->time);
    link_item(r, at);
    rogue_tree(r);
    return at;
}

uint64_t rogue_put(struct rogue *r, const struct cty_statement *st)
{
    const struct cty_secret *secrets[CTY_SIGNERS_MAX];
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_hash digest;
    for (uint32_t i = 0; i < st->signers_count; i++)
        secrets[i] = secret_of(r, st->signers[i]);
    MUST(cty_statement_sign(st, secrets, st->signers_count, &envelope, &digest));
    keep_contents(r->s->w, st->id, &digest);
    uint64_t at = rogue_put_envelope(r, cty_buf_bytes(&envelope));
    cty_buf_done(&envelope);
    return at;
}

uint64_t rogue_put_body(struct rogue *r, const char *payload_type, const char *body, const char *signer)
{
    const struct cty_secret *secret = world_secret(r->s->w, signer);
    struct cty_buf envelope = CTY_BUF_INIT(2 * CTY_ENVELOPE_BYTES_MAX);
    MUST(cty_envelope_sign(cty_bytes_text(payload_type), cty_bytes_text(body), &secret, 1, &envelope));
    uint64_t at = rogue_put_envelope(r, cty_buf_bytes(&envelope));
    cty_buf_done(&envelope);
    return at;
}

void rogue_remove(struct rogue *r, size_t at)
{
    CTY_CHECK(at < r->count);
    drop(&r->items[at].envelope);
    drop(&r->items[at].text);
    memmove(r->items + at, r->items + at + 1, (r->count - at - 1) * sizeof(*r->items));
    r->count--;
    rogue_tree(r);
}

void rogue_move(struct rogue *r, size_t from, size_t to)
{
    struct rogue_item item = r->items[from];
    memmove(r->items + from, r->items + from + 1, (r->count - from - 1) * sizeof(*r->items));
    memmove(r->items + to + 1, r->items + to, (r->count - 1 - to) * sizeof(*r->items));
    r->items[to] = item;
    rogue_tree(r);
}

void rogue_fix(struct rogue *r, size_t at, struct cty_bytes text)
{
    drop(&r->items[at].text);
    r->items[at].text = copy_of(text);
    r->items[at].fixed = true;
    rogue_tree(r);
}

void rogue_note(struct rogue *r, struct cty_buf *out)
{
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = cty_memory_size(r->tree)};
    struct cty_buf text = CTY_BUF_INIT(4096);
    MUST(cty_memory_root(r->tree, checkpoint.size, &checkpoint.root));
    MUST(cty_checkpoint_format(&checkpoint, &text));
    MUST(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, world_secret(r->s->w, "log"), out));
    cty_buf_done(&text);
}

int rogue_replay(struct rogue *r)
{
    struct cty_bytes *texts = cty_alloc(r->count, sizeof(*texts));
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    CTY_CHECK(texts);
    for (size_t i = 0; i < r->count; i++)
        texts[i] = r->items[i].text;
    rogue_note(r, &note);
    int status = stage_replay(r->s, texts, r->count, cty_buf_bytes(&note), 1);
    cty_buf_done(&note);
    free(texts);
    return status;
}

struct gather {
    struct rogue *r;
    const bool *leave_out;
    struct cty_evidence *evidence;
};

static custody_err give_seen(void *context, uint64_t size)
{
    struct gather *g = context;
    struct cty_proof proof;
    MUST(cty_tree_consistency(cty_memory_tree(g->r->tree), size, cty_memory_size(g->r->tree), &proof));
    return cty_evidence_add_seen(g->evidence, size, &proof);
}

static custody_err give_blob(void *context, const struct cty_hash *statement, struct cty_bytes member)
{
    struct gather *g = context;
    struct cty_content_source contents = world_contents(g->r->s->w);
    struct cty_bytes salt, content;
    if (contents.get(contents.context, NULL, statement, member, &salt, &content) != CUSTODY_OK)
        return CUSTODY_OK;
    return cty_evidence_add_blob(g->evidence, statement, member, salt.data, content);
}

static void give_entry(struct gather *g, size_t at)
{
    struct cty_proof proof;
    assert_ok(cty_evidence_add_entry(g->evidence, g->r->items[at].text, NULL));
    MUST(cty_tree_inclusion(cty_memory_tree(g->r->tree), at, cty_memory_size(g->r->tree), &proof));
    MUST(cty_evidence_add_proof(g->evidence, at, &proof));
}

static void give_case(struct gather *g, const struct cty_hash *case_id)
{
    for (size_t i = 0; i < g->r->count; i++) {
        const struct rogue_item *item = &g->r->items[i];
        if (item->of_case && cty_hash_equal(&item->case_id, case_id) && !(g->leave_out && g->leave_out[i]))
            give_entry(g, i);
    }
}

static custody_err give_parent(void *context, const struct cty_hash *case_id)
{
    give_case(context, case_id);
    return CUSTODY_OK;
}

struct cty_evidence *rogue_evidence(struct rogue *r, const struct cty_hash *case_id, const bool *leave_out)
{
    struct gather g = {.r = r, .leave_out = leave_out};
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_evidence_needs parents = {.context = &g, .parent = give_parent};
    struct cty_evidence_needs needs = {.context = &g, .seen = give_seen, .blob = give_blob};
    MUST(cty_evidence_new(CTY_LITERAL(WORLD_ORIGIN), case_id, &g.evidence));
    rogue_note(r, &note);
    MUST(cty_evidence_set_checkpoint(g.evidence, cty_buf_bytes(&note)));
    cty_buf_done(&note);
    for (size_t i = 0; i < r->count; i++) {
        if (is_trust(&r->items[i]) && !(leave_out && leave_out[i]))
            give_entry(&g, i);
    }
    give_case(&g, case_id);
    if (!r->without_parents)
        MUST(cty_evidence_needs(g.evidence, &parents));
    MUST(cty_evidence_needs(g.evidence, &needs));
    return g.evidence;
}

int rogue_verify(struct rogue *r)
{
    struct cty_evidence *evidence = rogue_evidence(r, &r->s->case_id, NULL);
    int status = stage_verify(r->s, evidence);
    cty_evidence_free(evidence);
    return status;
}
