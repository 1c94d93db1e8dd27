/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying: nobody is accused because the verifier's memory ran out. */
#include "audit/between.h"
#include "audit/contradiction.h"
#include "audit/footing.h"
#include "audit/log_keys.h"
#include "story.h"
#include "walk.h"

static struct {
    struct story story;
    struct cty_buf trust_text;
    struct cty_buf note;
    struct cty_buf evidence_text;
    struct cty_evidence *evidence;
    struct cty_buf contradiction_text;
    struct cty_report report;
    struct cty_bytes chain[64]; /* the trust class */
    size_t chain_count;
    /* Made anew for each try. */
    struct cty_buf out;
    struct cty_memory *memory;
} here;

static void begin(void *context)
{
    (void)context;
    here.out = CTY_BUF_INIT(1 << 24);
    memset(&here.report, 0, sizeof(here.report));
}

static void end(void *context)
{
    (void)context;
    cty_buf_done(&here.out);
    cty_memory_free(here.memory);
    here.memory = NULL;
}

static void look(void *context, struct cty_buf *out)
{
    (void)context;
    assert_ok(cty_buf_put_bytes(out, cty_buf_bytes(&here.out)));
}

static custody_err answer(custody_err err)
{
    if (err != CUSTODY_OK)
        cty_buf_clear(&here.out);
    return err;
}

/* A report that says anything but what it says with memory enough would be another result. */
static custody_err put_report(void)
{
    custody_err err = cty_report_json(&here.report, &here.out);
    if (err == CUSTODY_OK)
        err = cty_report_text(&here.report, &here.out);
    return answer(err);
}

/* --- memory ----------------------------------------------------------------------------------------------- */

static struct cty_hash leaf_of(uint64_t i)
{
    return cty_tree_leaf(cty_bytes_make(&i, sizeof(i)));
}

static custody_err fill_memory(struct cty_memory *memory, uint64_t from)
{
    char key[32];
    for (uint64_t i = from; i < from + 100; i++) {
        struct cty_hash leaf = leaf_of(i);
        snprintf(key, sizeof(key), "record/%llu", (unsigned long long)i);
        CTY_TRY(cty_memory_put(memory, key, cty_bytes_text(key)));
        CTY_TRY(cty_memory_append_leaf(memory, &leaf));
    }
    return CUSTODY_OK;
}

static custody_err memory(void *context)
{
    struct cty_hash root;
    (void)context;
    cty_memory_free(here.memory);
    here.memory = NULL;
    CTY_TRY(cty_memory_new(&here.memory));
    CTY_TRY(fill_memory(here.memory, 0));
    CTY_TRY(fill_memory(here.memory, 0)); /* puts again */
    CTY_TRY(cty_memory_root(here.memory, 200, &root));
    return answer(cty_buf_put(&here.out, root.bytes, sizeof(root.bytes)));
}

/* One over another, which is then made its own. */
static custody_err over(void *context)
{
    struct cty_memory *below = here.story.w->memory, *above = NULL;
    (void)context;
    CTY_TRY(cty_memory_over(below, &above));
    custody_err err = cty_memory_put(above, "record/1", CTY_LITERAL("one"));
    if (err == CUSTODY_OK)
        err = cty_memory_own(&above);
    if (err == CUSTODY_OK)
        err = cty_buf_put_bytes(&here.out, cty_memory_get(above, "record/1"));
    cty_memory_free(above);
    return answer(err);
}

/* --- trust ------------------------------------------------------------------------------------------------ */

static custody_err parse_trust(void *context)
{
    struct cty_trust trust = {.pins_count = 0};
    (void)context;
    custody_err err = cty_trust_parse(cty_buf_bytes(&here.trust_text), &trust, NULL);
    if (err == CUSTODY_OK) {
        err = cty_buf_put_bytes(&here.out, trust.origin);
        cty_trust_done(&trust);
    }
    return answer(err);
}

static custody_err find_log_keys(void *context)
{
    static struct cty_log_keys keys;
    (void)context;
    CTY_TRY(cty_log_keys_find(&here.story.trust, here.chain, here.chain_count, &keys, NULL));
    return answer(cty_buf_put_u64(&here.out, keys.count));
}

/* --- evidence --------------------------------------------------------------------------------------------- */

static custody_err parse_evidence(void *context)
{
    struct cty_evidence *evidence = NULL;
    (void)context;
    custody_err err = cty_evidence_parse(cty_buf_bytes(&here.evidence_text), &evidence, NULL);
    if (err != CUSTODY_OK) {
        assert_null(evidence);
        return err;
    }
    err = cty_evidence_format(evidence, &here.out);
    cty_evidence_free(evidence);
    return answer(err);
}

static custody_err verify_evidence(void *context)
{
    (void)context;
    cty_memory_free(here.memory);
    here.memory = NULL;
    memset(&here.report, 0, sizeof(here.report));
    CTY_TRY(cty_evidence_verify(here.evidence, &here.story.trust, CTY_LITERAL("acme/bot"), &here.report, &here.memory));
    return put_report();
}

static custody_err note_size(void *context, uint64_t size)
{
    (void)context;
    return cty_buf_put_u64(&here.out, size);
}

static custody_err note_blob(void *context, const struct cty_hash *statement, struct cty_bytes member)
{
    (void)context;
    (void)statement;
    return cty_buf_put_bytes(&here.out, member);
}

static custody_err needs(void *context)
{
    const struct cty_evidence_needs asked = {.seen = note_size, .proof = note_size, .blob = note_blob};
    (void)context;
    return answer(cty_evidence_needs(here.evidence, &asked));
}

static custody_err between(void *context)
{
    uint64_t index = 0;
    (void)context;
    CTY_TRY(cty_between_begin_of(here.evidence, &index));
    return answer(cty_buf_put_u64(&here.out, index));
}

/* What was taken in before is of use still, or says that it isn't. */
static custody_err footing(void *context)
{
    struct cty_footing *made = NULL;
    struct cty_memory *folded = NULL;
    (void)context;
    memset(&here.report, 0, sizeof(here.report));
    CTY_TRY(cty_footing_new(&here.story.trust, &made));
    custody_err err = cty_evidence_verify(here.evidence, &here.story.trust, CTY_LITERAL("acme/bot"), &here.report, &folded);
    if (err == CUSTODY_OK)
        err = cty_footing_extend(made, here.evidence, folded, &here.report);
    if (err == CUSTODY_OK)
        err = cty_buf_put_u64(&here.out, cty_footing_count(made));
    else
        assert_int_equal(cty_footing_count(made), 0);
    cty_footing_free(made);
    cty_memory_free(folded);
    return answer(err);
}

/* --- a whole ledger --------------------------------------------------------------------------------------- */

static custody_err replay(void *context)
{
    struct cty_content_source contents = world_contents(here.story.w);
    const struct world *w = here.story.w;
    struct cty_replay *made = NULL;
    (void)context;
    memset(&here.report, 0, sizeof(here.report));
    CTY_TRY(cty_replay_new(&here.story.trust, &contents, 1, &here.report, &made));
    custody_err err = CUSTODY_OK;
    for (size_t i = 0; err == CUSTODY_OK && i < w->entries_count; i += 20)
        err = cty_replay_entries(made, w->entries + i, w->entries_count - i < 20 ? w->entries_count - i : 20);
    if (err == CUSTODY_OK)
        err = cty_replay_finish(made, cty_buf_bytes(&here.note));
    cty_replay_free(made);
    return err == CUSTODY_OK ? put_report() : err;
}

/* --- contradictions --------------------------------------------------------------------------------------- */

static custody_err parse_contradiction(void *context)
{
    struct cty_contradiction contradiction;
    (void)context;
    CTY_TRY(cty_contradiction_parse(cty_buf_bytes(&here.contradiction_text), &contradiction, NULL));
    custody_err err = cty_contradiction_format(&contradiction, &here.out);
    cty_contradiction_done(&contradiction);
    return answer(err);
}

static custody_err verify_contradiction(void *context)
{
    struct cty_contradiction_report report;
    (void)context;
    CTY_TRY(cty_contradiction_verify(cty_buf_bytes(&here.contradiction_text), &here.story.trust, &report, NULL));
    custody_err err = cty_contradiction_text(&report, &here.out);
    if (err == CUSTODY_OK)
        err = cty_contradiction_json(&report, &here.out);
    return answer(err);
}

static void make_contradiction(void)
{
    struct cty_checkpoint other = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = here.story.w->entries_count};
    struct cty_buf text = CTY_BUF_INIT(4096), note = CTY_BUF_INIT(4096), shown = CTY_BUF_INIT(4096);
    const struct cty_secret *log = world_former(here.story.w, "log", 1);
    struct cty_checkpoint before = other;
    before.root.bytes[0] = 1;
    CTY_CHECK(cty_checkpoint_format(&before, &text) == CUSTODY_OK);
    CTY_CHECK(cty_note_sign(cty_buf_bytes(&text), other.origin, log, &note) == CUSTODY_OK);
    cty_buf_clear(&text);
    CTY_CHECK(cty_checkpoint_format(&other, &text) == CUSTODY_OK);
    CTY_CHECK(cty_note_sign(cty_buf_bytes(&text), other.origin, log, &shown) == CUSTODY_OK);
    const struct cty_contradiction c = {.kind = CTY_CONTRADICTION_TWO_ROOTS,
                                        .ledger = other.origin,
                                        .key = world_former_vkey(here.story.w, "log", 1),
                                        .notes = {cty_buf_bytes(&note), cty_buf_bytes(&shown)}};
    here.contradiction_text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    CTY_CHECK(cty_contradiction_format(&c, &here.contradiction_text) == CUSTODY_OK);
    cty_buf_done(&text);
    cty_buf_done(&note);
    cty_buf_done(&shown);
}

static void pick_chain(const struct world *w)
{
    struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
    for (size_t i = 0; i < w->entries_count; i++) {
        CTY_CHECK(cty_entry_parse(w->entries[i], &parsed, NULL) == CUSTODY_OK);
        if (!(cty_type_flags(parsed.signed_statement.statement.type) & CTY_TYPE_CASE) &&
            parsed.signed_statement.statement.type != CTY_REQUEST)
            here.chain[here.chain_count++] = w->entries[i];
    }
    cty_parsed_entry_done(&parsed);
}

static void make_texts(void)
{
    struct world *w = here.story.w;
    uint64_t index = 0;
    here.trust_text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    here.note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    here.evidence_text = CTY_BUF_INIT(CTY_EVIDENCE_BYTES_MAX);
    world_trust_text(w, true, &here.trust_text);
    world_checkpoint(w, &here.note);
    here.evidence = world_evidence(w, &here.story.refund);
    CTY_CHECK(cty_between_begin_of(here.evidence, &index) == CUSTODY_OK);
    world_add_between(w, here.evidence, index);
    CTY_CHECK(cty_evidence_format(here.evidence, &here.evidence_text) == CUSTODY_OK);
    make_contradiction();
    pick_chain(w);
}

static void done(void)
{
    cty_buf_done(&here.trust_text);
    cty_buf_done(&here.note);
    cty_buf_done(&here.evidence_text);
    cty_buf_done(&here.contradiction_text);
    cty_evidence_free(here.evidence);
    story_done(&here.story);
}

#define WALK(function) {.name = #function, .begin = begin, .run = function, .look = look, .end = end}

int main(int argc, char **argv)
{
    static const struct nomem_walk walks[] = {
        WALK(memory),  WALK(over),    WALK(parse_trust), WALK(find_log_keys), WALK(parse_evidence),      WALK(verify_evidence),
        WALK(needs),   WALK(between), WALK(footing),     WALK(replay),        WALK(parse_contradiction), WALK(verify_contradiction),
    };
    CTY_CHECK(cty_crypto_init() == CUSTODY_OK);
    story_make(&here.story);
    make_texts();
    int failed = nomem_run("audit", walks, CTY_COUNT_OF(walks), NULL, 0, argc, argv);
    done();
    return failed;
}
