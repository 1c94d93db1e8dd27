/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What evidence leaves out, and what it carries beside: each entry in turn is kept back by a custodian who proves all
 * the others; other entries, proofs and contents ride along; chains are forked. What can be known is said, and how far.
 */
#include "audit.h"

static int begin(void **state)
{
    *state = stage_new();
    return 0;
}

static int end(void **state)
{
    stage_free(*state);
    return 0;
}

/* The stage's case with entries of others, and of the trust chain, in between. */
static void spread_refund(struct stage *s)
{
    struct world *w = s->w;
    stage_noise(s);
    assert_ok(world_request(w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &s->case_id));
    stage_noise(s);
    assert_ok(world_patch(w, &s->case_id, "acme/b", "[]", "{\"amount\":500}"));
    assert_ok(world_person(w, "acme/d", "approver", "d"));
    assert_ok(world_decide(w, &s->case_id, "acme/a", CTY_APPROVE));
    stage_noise(s);
    assert_ok(world_decide(w, &s->case_id, "acme/c", CTY_APPROVE));
    stage_noise(s);
    assert_ok(world_consume(w, &s->case_id, "acme/bot"));
    stage_noise(s);
    assert_ok(world_outcome(w, &s->case_id, "acme/bot", CTY_OUTCOME_FULFILLED));
}

static int verify_without(struct rogue *r, const bool *leave_out)
{
    struct cty_evidence *evidence = rogue_evidence(r, &r->s->case_id, leave_out);
    int status = stage_verify(r->s, evidence);
    cty_evidence_free(evidence);
    return status;
}

static bool is_in_evidence(const struct rogue *r, size_t at)
{
    const struct rogue_item *item = &r->items[at];
    return cty_type_class_get(item->type) == CTY_CLASS_TRUST ||
           (item->of_case && cty_hash_equal(&item->case_id, &r->s->case_id));
}

static void each_entry_left_out(void **state)
{
    struct stage *s = *state;
    bool leave_out[128] = {false};
    spread_refund(s);
    struct rogue *r = rogue_new(s);
    unsigned count = 0;
    assert_int_equal(verify_without(r, leave_out), 0);
    /* The last one of all is another matter: see below. */
    for (size_t at = 0; at + 1 < r->count; at++) {
        if (!is_in_evidence(r, at))
            continue;
        leave_out[at] = true;
        assert_int_equal(verify_without(r, leave_out), 1);
        assert_claim(&s->report, COMPLETE, FAILS);
        if (at == 0)
            assert_string_equal(custody_err_name(s->report.claims[CTY_CLAIM_COMPLETE].code), "genesis-missing");
        else
            assert_string_equal(custody_err_name(s->report.claims[CTY_CLAIM_COMPLETE].code), "gap");
        leave_out[at] = false;
        count++;
    }
    assert_int_equal(count, 7 + 8);
    rogue_free(r);
}

static void two_neighbours_left_out(void **state)
{
    struct stage *s = *state;
    bool leave_out[128] = {false};
    spread_refund(s);
    struct rogue *r = rogue_new(s);
    for (size_t at = 0; at + 2 < r->count; at++) {
        if (!is_in_evidence(r, at) || !is_in_evidence(r, at + 1))
            continue;
        leave_out[at] = leave_out[at + 1] = true;
        assert_int_equal(verify_without(r, leave_out), 1);
        assert_claim(&s->report, COMPLETE, FAILS);
        leave_out[at] = leave_out[at + 1] = false;
    }
    rogue_free(r);
}

/* Links lead back only: a newest entry can be kept back. The claims then end before it, and say so. */
static void the_newest_entries_kept_back(void **state)
{
    struct stage *s = *state;
    bool leave_out[128] = {false};
    char until[64];
    spread_refund(s);
    uint64_t release = entry_of(s, CTY_RELEASE, 0), consume = entry_of(s, CTY_CONSUME, 0);
    struct rogue *r = rogue_new(s);
    assert_int_equal(verify_without(r, leave_out), 0);
    assert_true(says(&s->report, CTY_CLAIM_ONCE, "consumed once"));
    leave_out[r->count - 1] = true;
    assert_int_equal(verify_without(r, leave_out), 0);
    snprintf(until, sizeof(until), "of the case up to entry %llu", (unsigned long long)consume);
    assert_true(says(&s->report, CTY_CLAIM_COMPLETE, until));
    assert_true(says(&s->report, CTY_CLAIM_ONCE, "the case is CONSUMED"));
    leave_out[consume] = true;
    assert_int_equal(verify_without(r, leave_out), 0);
    snprintf(until, sizeof(until), "not consumed up to entry %llu;", (unsigned long long)release);
    assert_true(says(&s->report, CTY_CLAIM_ONCE, until));
    snprintf(until, sizeof(until), "the checkpoint has %zu", r->count);
    assert_true(says(&s->report, CTY_CLAIM_COMPLETE, until));
    rogue_free(r);
}

/* A newer entry of the trust chain says nothing of the case: how far each reaches are two numbers. */
static void a_newer_trust_entry_does_not_vouch_for_the_case(void **state)
{
    struct stage *s = *state;
    bool leave_out[128] = {false};
    char until[96];
    spread_refund(s);
    stage_noise(s);
    assert_ok(world_person(s->w, "acme/late", "approver", "late"));
    size_t last = s->w->entries_count - 1;
    uint64_t consume = entry_of(s, CTY_CONSUME, 0), outcome = entry_of(s, CTY_OUTCOME, 0);
    struct rogue *r = rogue_new(s);
    assert_int_equal(verify_without(r, leave_out), 0);
    snprintf(until, sizeof(until), "of the case up to entry %llu, and of the trust chain up to %zu;",
             (unsigned long long)outcome, last);
    assert_true(says(&s->report, CTY_CLAIM_COMPLETE, until));
    leave_out[outcome] = true;
    assert_int_equal(verify_without(r, leave_out), 0);
    snprintf(until, sizeof(until), "of the case up to entry %llu, and of the trust chain up to %zu;",
             (unsigned long long)consume, last);
    assert_true(says(&s->report, CTY_CLAIM_COMPLETE, until));
    assert_true(says(&s->report, CTY_CLAIM_ONCE, "the case is CONSUMED"));
    rogue_free(r);
}

/* Where the entries behind the case's newest are all here, nothing of it can stand among them. */
static void what_follows_without_a_gap_vouches(void **state)
{
    struct stage *s = *state;
    char until[96];
    spread_refund(s);
    assert_ok(world_person(s->w, "acme/late", "approver", "late"));
    assert_ok(world_person(s->w, "acme/later", "approver", "later"));
    assert_int_equal(stage_verify_own(s), 0);
    snprintf(until, sizeof(until), "of the case up to entry %zu, and", s->w->entries_count - 1);
    assert_true(says(&s->report, CTY_CLAIM_COMPLETE, until));
}

static void a_file_with_every_entry_says_so(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    assert_int_equal(stage_verify_own(s), 0);
    assert_true(says(&s->report, CTY_CLAIM_COMPLETE, "every entry from 0 to "));
}

/* A revocation kept back: as soon as any newer entry is in the file, its trust link tells. */
static void a_revocation_kept_back(void **state)
{
    struct stage *s = *state;
    bool leave_out[128] = {false};
    stage_release(s);
    stage_noise(s);
    assert_ok(world_revoke(s->w, "acme/c", "acme/a", "acme/b", s->w->time - 1));
    struct rogue *r = rogue_new(s);
    assert_int_equal(verify_without(r, leave_out), 2);
    assert_true(has_finding(&s->report, "key-suspect"));
    assert_true(says(&s->report, CTY_CLAIM_QUORUM, "acme/c (enrolled by 2, revoked by entry "));
    leave_out[r->count - 1] = true;
    char until[64];
    snprintf(until, sizeof(until), "every entry from 0 to %llu is here", (unsigned long long)entry_of(s, CTY_RELEASE, 0));
    assert_int_equal(verify_without(r, leave_out), 0);
    assert_true(says(&s->report, CTY_CLAIM_COMPLETE, until));
    rogue_free(r);
    stage_noise(s);
    assert_ok(world_cancel(s->w, &s->case_id, "acme/bot"));
    r = rogue_new(s);
    leave_out[r->count - 1] = false;
    leave_out[entry_of(s, CTY_ACTOR_REVOKE, 0)] = true;
    assert_int_equal(verify_without(r, leave_out), 1);
    assert_fails(&s->report, COMPLETE, "gap", r->count - 1);
    rogue_free(r);
}

/* The verdict is signed and proven, and in truth something stood between it and its request. */
static void a_verdict_that_was_not_adjacent(void **state)
{
    struct stage *s = *state;
    struct cty_statement verdict, st;
    s->w->alone = true;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{}", &s->case_id));
    assert_true(world_next(s->w, &verdict));
    struct rogue *r = rogue_new(s);
    uint64_t at = rogue_put(r, &verdict);
    assert_lawful(r);
    rogue_remove(r, at);
    rogue_begin(r, &st, CTY_REQUEST, "acme/bot2");
    st.u.request = (struct cty_request){.action = CTY_LITERAL("ping"), .service = CTY_LITERAL("payments"),
                                        .executor = CTY_LITERAL("acme/bot"), .expires = s->w->time + 3600000};
    at = rogue_put(r, &st);
    verdict.seen.size = cty_memory_size(r->tree);
    assert_ok(cty_memory_root(r->tree, verdict.seen.size, &verdict.seen.root));
    rogue_put(r, &verdict);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, LAWFUL, "out-of-place", at);
    assert_int_equal(rogue_verify(r), 1);
    assert_fails(&s->report, LAWFUL, "out-of-place", at + 1);
    rogue_free(r);
}

/* prev names an entry that is here and is not the one before: the file itself shows the lie. */
static void a_prev_link_that_skips(void **state)
{
    struct stage *s = *state;
    struct cty_parsed_entry parsed = {0};
    struct cty_buf out = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    spread_refund(s);
    struct rogue *r = rogue_new(s);
    size_t last = r->count - 1;
    assert_ok(cty_entry_parse(r->items[last].text, &parsed, NULL));
    parsed.entry.prev.hash = cty_tree_leaf(r->items[entry_of(s, CTY_CONSUME, 0)].text);
    assert_ok(cty_entry_encode(&parsed.entry, &out));
    assert_lawful(r);
    rogue_fix(r, last, cty_buf_bytes(&out));
    assert_caught(r, INTACT, "chain-broken", last);
    cty_parsed_entry_done(&parsed);
    cty_buf_done(&out);
    rogue_free(r);
}

/* ---- forks ---- */

static void consume_begin(struct rogue *r, struct cty_statement *st)
{
    struct cty_case c;
    rogue_begin(r, st, CTY_CONSUME, "acme/bot");
    world_case(r->s->w, &r->s->case_id, &c);
    st->u.consume.payload = c.payload;
}

/*
 * The custodian and the agent together write two consumes, each linked to the release as if there were no other. Each
 * half is consistent in itself: evidence rests on the custodian's links, and says so. Whoever replays the ledger, or has
 * both halves in hand, sees it.
 */
static void a_forked_case(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    bool leave_out[128] = {false};
    stage_release(s);
    struct rogue *r = rogue_new(s);
    consume_begin(r, &st);
    uint64_t first = rogue_put(r, &st);
    assert_lawful(r);
    r->items[first].out_of_chain = true;
    consume_begin(r, &st);
    uint64_t second = rogue_put(r, &st);
    leave_out[first] = true;
    assert_int_equal(verify_without(r, leave_out), 0);
    assert_true(says(&s->report, CTY_CLAIM_COMPLETE, "by the custodian's links"));
    leave_out[first] = false;
    leave_out[second] = true;
    assert_int_equal(verify_without(r, leave_out), 0);
    assert_caught(r, INTACT, "chain-broken", second);
    rogue_free(r);
}

/* The same with a revocation that the trust chain passes by. */
static void a_forked_trust_chain(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    bool leave_out[128] = {false};
    stage_release(s);
    struct rogue *r = rogue_new(s);
    rogue_begin(r, &st, CTY_ACTOR_REVOKE, "acme/c");
    st.u.actor_revoke.actor = CTY_LITERAL("acme/c");
    st.u.actor_revoke.since = s->w->time;
    uint64_t revocation = rogue_put(r, &st);
    r->items[revocation].out_of_chain = true;
    consume_begin(r, &st);
    uint64_t consume = rogue_put(r, &st);
    leave_out[revocation] = true;
    assert_int_equal(verify_without(r, leave_out), 0);
    assert_true(says(&s->report, CTY_CLAIM_COMPLETE, "by the custodian's links"));
    assert_caught(r, INTACT, "chain-broken", consume);
    rogue_free(r);
}

/* The entry at this place in the tree becomes another one; those that were linked to the old one stay as they are. */
static struct cty_bytes replace_in_tree(struct rogue *r, uint64_t at, struct cty_bytes text)
{
    struct cty_bytes old = cty_bytes_make(cty_bytes_dup_text(r->items[at].text), r->items[at].text.size);
    rogue_fix(r, at, text);
    return old;
}

/*
 * Worse than a fork: the tree holds one consume, the chain of links past it another entry. Nothing but the whole tree
 * tells; where the file has all of it, the root does.
 */
static void a_tree_that_is_not_its_chain(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_proof proof;
    stage_release(s);
    struct rogue *r = rogue_new(s);
    consume_begin(r, &st);
    uint64_t at = rogue_put(r, &st);
    struct cty_bytes consume = cty_bytes_make(cty_bytes_dup_text(r->items[at].text), r->items[at].text.size);
    rogue_remove(r, at);
    rogue_begin(r, &st, CTY_CANCEL, "acme/bot");
    rogue_put(r, &st);
    assert_lawful(r);
    s->w->time += 1000;
    rogue_begin(r, &st, CTY_ACTOR_REVOKE, "acme/c");
    st.u.actor_revoke.actor = CTY_LITERAL("acme/c");
    st.u.actor_revoke.since = s->w->time;
    uint64_t newest = rogue_put(r, &st);
    assert_lawful(r);
    struct cty_bytes cancel = replace_in_tree(r, at, consume);
    /* The worker has a receipt for its consume at this index; all others are shown the cancellation there. */
    struct cty_evidence *evidence = NULL;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    rogue_note(r, &note);
    assert_ok(cty_evidence_new(CTY_LITERAL(WORLD_ORIGIN), &s->case_id, &evidence));
    assert_ok(cty_evidence_set_checkpoint(evidence, cty_buf_bytes(&note)));
    for (size_t i = 0; i < r->count; i++)
        assert_ok(cty_evidence_add_entry(evidence, i == at ? cancel : r->items[i].text, NULL));
    assert_ok(cty_tree_inclusion(cty_memory_tree(r->tree), newest, r->count, &proof));
    assert_ok(cty_evidence_add_proof(evidence, newest, &proof));
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, INTACT, "root-mismatch", NO_ENTRY);
    cty_evidence_free(evidence);
    /* And a replay of what the tree holds finds that the next entry does not follow. */
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, INTACT, "chain-broken", at + 1);
    free((void *)(uintptr_t)consume.data);
    free((void *)(uintptr_t)cancel.data);
    cty_buf_done(&note);
    rogue_free(r);
}

/* ---- what rides along ---- */

static void a_missing_consistency_proof_is_no_pass(void **state)
{
    struct stage *s = *state;
    struct cty_buf text = CTY_BUF_INIT(1 << 20), cut = CTY_BUF_INIT(1 << 20);
    spread_refund(s);
    struct cty_evidence *evidence = world_evidence(s->w, &s->case_id);
    assert_ok(cty_evidence_format(evidence, &text));
    cty_evidence_free(evidence);
    assert_int_equal(stage_verify_text(s, cty_buf_bytes(&text)), 0);
    const uint8_t *list = memmem(text.data, text.size, "\"seen\":[", 8);
    assert_non_null(list);
    assert_ok(cty_buf_put(&cut, text.data, (size_t)(list - text.data) + 8));
    assert_ok(cty_buf_put_text(&cut, "]}"));
    assert_int_equal(stage_verify_text(s, cty_buf_bytes(&cut)), 3);
    assert_claim(&s->report, SEEN, NOT_CHECKED);
    cty_buf_done(&text);
    cty_buf_done(&cut);
}

static void a_consistency_proof_that_nobody_saw(void **state)
{
    struct stage *s = *state;
    struct cty_proof proof;
    spread_refund(s);
    struct cty_evidence *evidence = world_evidence(s->w, &s->case_id);
    assert_int_equal(stage_verify(s, evidence), 0);
    cty_evidence_free(evidence);
    /* 0 needs no proof, and what the noise at the beginning saw is seen by nobody in the file. */
    const uint64_t unseen[] = {0, entry_of(s, CTY_REQUEST, 0) + 2};
    for (size_t i = 0; i < CTY_COUNT_OF(unseen); i++) {
        evidence = world_evidence(s->w, &s->case_id);
        assert_ok(cty_tree_consistency(cty_memory_tree(s->w->memory), unseen[i], s->w->entries_count, &proof));
        assert_ok(cty_evidence_add_seen(evidence, unseen[i], &proof));
        assert_int_equal(stage_verify(s, evidence), 1);
        assert_fails(&s->report, SEEN, "proof-invalid", NO_ENTRY);
        cty_evidence_free(evidence);
    }
}

static void a_content_that_nobody_committed_to(void **state)
{
    struct stage *s = *state;
    static const uint8_t salt[CTY_SALT_SIZE] = {1};
    struct cty_hash nobody = cty_sha256(CTY_LITERAL("nobody"));
    spread_refund(s);
    struct cty_evidence *evidence = world_evidence(s->w, &s->case_id);
    assert_int_equal(stage_verify(s, evidence), 0);
    assert_ok(cty_evidence_add_blob(evidence, &nobody, CTY_LITERAL("payload"), salt, CTY_LITERAL("{}")));
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, CONTENTS, "blob-foreign", NO_ENTRY);
    cty_evidence_free(evidence);
    evidence = world_evidence(s->w, &s->case_id);
    assert_ok(cty_evidence_add_blob(evidence, &s->case_id, CTY_LITERAL("remark"), salt, CTY_LITERAL("{}")));
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, CONTENTS, "blob-foreign", NO_ENTRY);
    cty_evidence_free(evidence);
}

static void add_case(struct rogue *r, struct cty_evidence *evidence, const struct cty_hash *case_id, size_t entries)
{
    for (size_t i = 0; i < r->count && entries > 0; i++) {
        struct cty_proof proof;
        if (!r->items[i].of_case || !cty_hash_equal(&r->items[i].case_id, case_id))
            continue;
        assert_ok(cty_evidence_add_entry(evidence, r->items[i].text, NULL));
        assert_ok(cty_tree_inclusion(cty_memory_tree(r->tree), i, r->count, &proof));
        assert_ok(cty_evidence_add_proof(evidence, i, &proof));
        entries--;
    }
}

static custody_err give_seen(void *context, uint64_t size)
{
    void **pair = context;
    struct rogue *r = pair[0];
    struct cty_proof proof;
    assert_ok(cty_tree_consistency(cty_memory_tree(r->tree), size, r->count, &proof));
    return cty_evidence_add_seen(pair[1], size, &proof);
}

/* Entries of another case are judged like the rest: whole they do no harm, in part they are a gap. */
static void another_case_rides_along(void **state)
{
    struct stage *s = *state;
    struct cty_hash other;
    assert_ok(world_request(s->w, "acme/bot2", "acme/bot2", "refund", "{}", &other));
    stage_noise(s);
    stage_refund(s);
    assert_ok(world_decide(s->w, &other, "acme/a", CTY_REJECT));
    struct rogue *r = rogue_new(s);
    for (size_t entries = 1; entries <= 3; entries++) {
        struct cty_evidence *evidence = rogue_evidence(r, &s->case_id, NULL);
        void *pair[] = {r, evidence};
        struct cty_evidence_needs needs = {.context = pair, .seen = give_seen};
        add_case(r, evidence, &other, entries);
        assert_ok(cty_evidence_needs(evidence, &needs));
        /* A request alone waits for its verdict, which must be the very next entry. */
        assert_int_equal(stage_verify(s, evidence), entries == 1 ? 1 : 0);
        cty_evidence_free(evidence);
    }
    struct cty_evidence *evidence = rogue_evidence(r, &s->case_id, NULL);
    void *pair[] = {r, evidence};
    struct cty_evidence_needs needs = {.context = pair, .seen = give_seen};
    struct cty_proof proof;
    size_t last = r->count - 1;
    assert_ok(cty_evidence_add_entry(evidence, r->items[last].text, NULL));
    assert_ok(cty_tree_inclusion(cty_memory_tree(r->tree), last, r->count, &proof));
    assert_ok(cty_evidence_add_proof(evidence, last, &proof));
    assert_ok(cty_evidence_needs(evidence, &needs));
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, COMPLETE, "gap", last);
    assert_fails(&s->report, LAWFUL, "wrong-case", last);
    cty_evidence_free(evidence);
    rogue_free(r);
}

/* An entry that the custodian signed, put into the file without being in the tree. */
static void an_entry_that_nothing_reaches(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    stage_release(s);
    world_checkpoint(s->w, &note);
    struct rogue *r = rogue_new(s);
    consume_begin(r, &st);
    uint64_t at = rogue_put(r, &st);
    struct cty_evidence *evidence = world_evidence(s->w, &s->case_id);
    assert_int_equal(stage_verify(s, evidence), 0);
    assert_ok(cty_evidence_add_entry(evidence, r->items[at].text, NULL));
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, INTACT, "proof-invalid", at);
    cty_evidence_free(evidence);
    cty_buf_done(&note);
    rogue_free(r);
}

static void a_case_that_is_not_in_the_file(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    struct cty_hash nobody = cty_sha256(CTY_LITERAL("nobody"));
    struct cty_evidence *evidence = rogue_evidence(r, &nobody, NULL);
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, COMPLETE, "gap", NO_ENTRY);
    assert_claim(&s->report, QUORUM, NOT_CHECKED);
    assert_claim(&s->report, ONCE, NOT_CHECKED);
    cty_evidence_free(evidence);
    rogue_free(r);
}

/* ---- parents ---- */

static void request_below(struct stage *s, const char *agent, const char *action)
{
    struct cty_statement st;
    struct cty_case parent;
    world_case(s->w, &s->case_id, &parent);
    world_begin(s->w, &st, CTY_REQUEST, agent);
    st.u.request = (struct cty_request){.action = cty_bytes_text(action), .service = CTY_LITERAL("payments"),
                                        .executor = cty_bytes_text(agent), .expires = s->w->time + 3600000,
                                        .priority = CTY_PRIORITY_NORMAL,
                                        .parent = {true, parent.anchor, s->case_id}};
    st.u.request.payload = world_commit(s->w, &st, "payload", "{}");
    assert_ok(world_submit(s->w, &st, &s->case_id));
}

static void a_family_is_judged_up_to_the_first(void **state)
{
    struct stage *s = *state;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "ping", "{}", &s->case_id));
    stage_noise(s);
    request_below(s, "acme/bot2", "ping");
    stage_noise(s);
    request_below(s, "acme/bot", "refund");
    stage_noise(s);
    assert_ok(world_decide(s->w, &s->case_id, "acme/a", CTY_APPROVE));
    assert_ok(world_decide(s->w, &s->case_id, "acme/c", CTY_APPROVE));
    assert_int_equal(stage_verify_own(s), 0);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    r->without_parents = true;
    assert_int_equal(rogue_verify(r), 3);
    assert_claim(&s->report, LAWFUL, NOT_CHECKED);
    /* Whom the ancestry shuts out is not known, and so neither is who counts. */
    assert_claim(&s->report, QUORUM, NOT_CHECKED);
    rogue_free(r);
}

static void a_grandparent_left_out(void **state)
{
    struct stage *s = *state;
    bool leave_out[128] = {false};
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "ping", "{}", &s->case_id));
    struct cty_hash first = s->case_id;
    request_below(s, "acme/bot2", "ping");
    request_below(s, "acme/bot", "ping");
    struct rogue *r = rogue_new(s);
    assert_int_equal(verify_without(r, leave_out), 0);
    for (size_t i = 0; i < r->count; i++)
        leave_out[i] = r->items[i].of_case && cty_hash_equal(&r->items[i].case_id, &first);
    assert_int_equal(verify_without(r, leave_out), 3);
    assert_claim(&s->report, LAWFUL, NOT_CHECKED);
    rogue_free(r);
}

/* A parent without the verdict that the child names: the child's request has no such parent. */
static void a_parent_in_part(void **state)
{
    struct stage *s = *state;
    bool leave_out[128] = {false};
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{}", &s->case_id));
    uint64_t verdict = s->w->entries_count - 1;
    stage_noise(s);
    request_below(s, "acme/bot2", "ping");
    struct rogue *r = rogue_new(s);
    assert_int_equal(verify_without(r, leave_out), 0);
    leave_out[verdict] = true;
    assert_int_equal(verify_without(r, leave_out), 1);
    assert_claim(&s->report, LAWFUL, FAILS);
    rogue_free(r);
}

/* The parent moved on before the child asked, and the file hides it: only a replay tells, and nobody else's claim breaks. */
static void a_parent_that_moved_on(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_case parent;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{}", &s->case_id));
    world_case(s->w, &s->case_id, &parent);
    struct cty_hash stale = parent.anchor, parent_id = s->case_id;
    assert_ok(world_patch(s->w, &parent_id, "acme/b", "[]", "{}"));
    struct rogue *r = rogue_new(s);
    rogue_begin(r, &st, CTY_REQUEST, "acme/bot2");
    st.u.request = (struct cty_request){.action = CTY_LITERAL("ping"), .service = CTY_LITERAL("payments"),
                                        .executor = CTY_LITERAL("acme/bot2"), .expires = s->w->time + 3600000,
                                        .parent = {true, stale, parent_id}};
    uint64_t at = rogue_put(r, &st);
    s->case_id = r->items[at].digest;
    assert_caught(r, LAWFUL, "bad-parent", at);
    rogue_free(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_entry_left_out),
        TEST(two_neighbours_left_out),
        TEST(the_newest_entries_kept_back),
        TEST(a_newer_trust_entry_does_not_vouch_for_the_case),
        TEST(what_follows_without_a_gap_vouches),
        TEST(a_file_with_every_entry_says_so),
        TEST(a_revocation_kept_back),
        TEST(a_verdict_that_was_not_adjacent),
        TEST(a_prev_link_that_skips),
        TEST(a_forked_case),
        TEST(a_forked_trust_chain),
        TEST(a_tree_that_is_not_its_chain),
        TEST(a_missing_consistency_proof_is_no_pass),
        TEST(a_consistency_proof_that_nobody_saw),
        TEST(a_content_that_nobody_committed_to),
        TEST(another_case_rides_along),
        TEST(an_entry_that_nothing_reaches),
        TEST(a_case_that_is_not_in_the_file),
        TEST(a_family_is_judged_up_to_the_first),
        TEST(a_grandparent_left_out),
        TEST(a_parent_in_part),
        TEST(a_parent_that_moved_on),
    };
    return cmocka_run_group_tests_name("gaps", tests, NULL, NULL);
}
