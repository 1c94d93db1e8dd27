/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit_run.h"

#include <stdlib.h>

#include "audit/reading.h"
#include "base/check.h"
#include "cli/audit_state.h"
#include "cli/progress.h"
#include "client/contradiction.h"
#include "codec/text.h"

#define COMPARED_MAX 16

struct run {
    const struct cty_audit_plan *plan;
    struct cty_cli *cli;
    struct cty_report *report;
    struct cty_replay *replay;
    struct cty_audit_file_state state;
    struct cty_progress progress;
    struct cty_buf note; /* the newest checkpoint */
    struct cty_checkpoint newest; /* what its text says; borrows from it */
    struct cty_buf compared[COMPARED_MAX]; /* notes that others were shown */
    size_t compared_count;
};

/* ---- the newest checkpoint ---- */

/* What it says of itself: whose it is, the replay judges when it has learned the log's keys. */
static custody_err open_newest(struct run *r, bool *ret_lacks)
{
    const struct cty_witness_policy *policy = &r->plan->trust->policy;
    uint64_t bad = 0;
    CTY_AUTO_FREE struct cty_note *note = cty_alloc(1, sizeof(*note));
    if (!note)
        return cty_fail_code(&r->cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = cty_note_parse(cty_buf_bytes(&r->note), note);
    if (err == CUSTODY_OK)
        err = cty_checkpoint_parse(note->text, &r->newest);
    if (err != CUSTODY_OK)
        return cty_fail(&r->cli->error, err, "the newest checkpoint");
    uint64_t witnesses = cty_witness_policy_cosigned(policy, note, 0, NULL, &bad);
    /* A void note is not passed over for a better one: that somebody served it is to be told. */
    *ret_lacks = !bad && !cty_witness_policy_met(policy, witnesses);
    return CUSTODY_OK;
}

/* The newest, or the newest that witnesses have seen: a ledger at work always has one that they have not. */
static custody_err read_newest(struct run *r)
{
    const struct cty_audit_source *source = r->plan->source;
    CTY_CLEANUP(cty_buf_done) struct cty_buf other = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    uint64_t before = 0;
    bool lacks = false;
    (void)cty_replay_before(r->replay, &before);
    CTY_TRY(source->checkpoint(source->context, &r->note, &r->cli->error));
    CTY_TRY(open_newest(r, &lacks));
    if (!lacks || !source->witnessed)
        return CUSTODY_OK;
    cty_replay_shown(r->replay, r->newest.size);
    CTY_TRY(source->witnessed(source->context, before, &other, &r->cli->error));
    if (other.size == 0)
        return CUSTODY_OK;
    cty_buf_clear(&r->note);
    CTY_TRY(cty_buf_put_bytes(&r->note, cty_buf_bytes(&other)));
    return open_newest(r, &lacks);
}

/* ---- contradictions ---- */

/* Keeps both notes; what can't be kept is told all the same. */
static void keep_both(struct run *r, struct cty_bytes before, struct cty_contradiction *found,
                      char where[CTY_REPORT_TEXT_MAX])
{
    char *path = NULL;
    const char *beside = r->cli->state_path ? r->cli->state_path : r->plan->state_path;
    struct cty_trust trust = *r->plan->trust; /* with the log keys that rotations brought; owns nothing more */
    trust.log_keys = *cty_replay_log_keys(r->replay);
    found->notes[0] = before;
    found->notes[1] = cty_buf_bytes(&r->note);
    where[0] = 0;
    if (beside && cty_contradiction_keep(beside, &trust, found, &path, NULL) == CUSTODY_OK)
        snprintf(where, CTY_REPORT_TEXT_MAX, "; both notes are kept in %s", path);
    cty_free_pointer(&path);
}

static void tell_contradiction(struct run *r, struct cty_contradiction *found, const char *what)
{
    char where[CTY_REPORT_TEXT_MAX];
    uint64_t size = 0;
    struct cty_bytes before = cty_replay_before(r->replay, &size);
    custody_err code = cty_contradiction_code(found->kind);
    keep_both(r, before, found, where);
    cty_report_fail(r->report, CTY_CLAIM_CHECKPOINT, code, CTY_REPORT_NO_ENTRY, "size %llu was verified before, and %s%s",
                    (unsigned long long)size, what, where);
}

static void tell_older(struct run *r)
{
    struct cty_contradiction found = {.kind = CTY_CONTRADICTION_WENT_BACK};
    uint64_t size = 0;
    (void)cty_replay_before(r->replay, &size);
    if (!r->plan->source->copies) {
        tell_contradiction(r, &found, "this checkpoint covers less");
        return;
    }
    cty_report_fail(r->report, CTY_CLAIM_CHECKPOINT, CUSTODY_E_WENT_BACK, CTY_REPORT_NO_ENTRY,
                    "size %llu was verified before, and this checkpoint covers less: it may be an old copy; ask the custodian's "
                    "door, or fetch the files anew", (unsigned long long)size);
}

/* Before an entry is read: a checkpoint that can't extend the one before. One that can't be opened, the end judges. */
static bool contradicts(struct run *r)
{
    uint64_t size = 0;
    struct cty_checkpoint checkpoint;
    struct cty_hash root;
    (void)cty_replay_before(r->replay, &size);
    if (size == 0 || r->newest.size > size)
        return false;
    if (cty_checkpoint_open_by(cty_buf_bytes(&r->note), r->plan->trust->origin, cty_replay_log_keys(r->replay),
                               &checkpoint) != CUSTODY_OK)
        return false;
    struct cty_contradiction found = {.kind = CTY_CONTRADICTION_TWO_ROOTS};
    if (checkpoint.size < size) {
        tell_older(r);
        return true;
    }
    if (cty_memory_root(cty_replay_memory(r->replay), size, &root) != CUSTODY_OK || cty_hash_equal(&root, &checkpoint.root))
        return false;
    tell_contradiction(r, &found, "this checkpoint of the same size has another root");
    return true;
}

static custody_err each_leaf(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    struct cty_memory *tree = context;
    (void)first;
    for (size_t i = 0; i < count; i++) {
        struct cty_hash leaf = cty_tree_leaf(texts[i]);
        CTY_TRY(cty_memory_append_leaf(tree, &leaf));
    }
    return CUSTODY_OK;
}

/* Whether the tree gives the newest checkpoint's root and another one for the size before; then *ret_found proves it. */
static custody_err prove_fork(struct run *r, struct cty_memory *tree, uint64_t size, struct cty_contradiction *ret_found,
                              bool *ret_forked)
{
    struct cty_hash whole, was;
    *ret_forked = false;
    if (cty_memory_size(tree) < r->newest.size || size > r->newest.size)
        return CUSTODY_OK;
    CTY_TRY(cty_memory_root(tree, r->newest.size, &whole));
    CTY_TRY(cty_memory_root(tree, size, &ret_found->root));
    CTY_TRY(cty_memory_root(cty_replay_memory(r->replay), size, &was));
    if (!cty_hash_equal(&whole, &r->newest.root) || cty_hash_equal(&ret_found->root, &was))
        return CUSTODY_OK;
    ret_found->kind = CTY_CONTRADICTION_FORK;
    ret_found->has_proof = true;
    *ret_forked = true;
    return cty_tree_consistency(cty_memory_tree(tree), size, r->newest.size, &ret_found->proof);
}

/*
 * New entries behind the ones before don't give the newest root: the custodian may have signed a tree that begins with
 * other entries. Every entry is read once more, and hashed; if they give that root, their beginning convicts it.
 */
static custody_err look_for_fork(struct run *r)
{
    const struct cty_audit_source *source = r->plan->source;
    struct cty_contradiction found = {0};
    struct cty_audit_file_state scratch;
    struct cty_memory *tree = NULL;
    uint64_t size = 0;
    bool forked = false;
    (void)cty_replay_before(r->replay, &size);
    CTY_TRY(cty_audit_file_state_open(&scratch, NULL, true, &r->cli->error));
    custody_err err = cty_memory_new(&tree);
    if (err == CUSTODY_OK)
        err = cty_memory_back(tree, &scratch.backing, CTY_SPACE_RECORD, CTY_AUDIT_RECORDS_BYTES_MAX);
    if (err == CUSTODY_OK)
        err = cty_memory_back_tree(tree, 0);
    if (err == CUSTODY_OK)
        err = source->entries(source->context, 0, r->newest.size, each_leaf, tree, &r->cli->error);
    if (err == CUSTODY_OK || err == CUSTODY_E_GAP)
        err = prove_fork(r, tree, size, &found, &forked);
    if (err == CUSTODY_OK && forked)
        tell_contradiction(r, &found, "this checkpoint is of a tree that begins with other entries");
    cty_memory_free(tree);
    cty_audit_file_state_done(&scratch);
    return err;
}

/* All of the newest checkpoint's entries were read, and behind those of before they don't give its root. */
static bool root_differs(const struct run *r)
{
    const struct cty_memory *memory = cty_replay_memory(r->replay);
    struct cty_hash root;
    return r->report->claims[CTY_CLAIM_CHECKPOINT].state == CTY_CLAIM_HOLDS &&
           cty_memory_root(memory, r->newest.size, &root) == CUSTODY_OK && !cty_hash_equal(&root, &r->newest.root);
}

/* ---- what others were shown ---- */

static custody_err read_compared(struct run *r)
{
    const char *name = NULL;
    for (size_t i = 0; (name = cty_args_item(&r->cli->args, "compare", i)) != NULL; i++) {
        if (i == COMPARED_MAX)
            return cty_fail(&r->cli->error, CUSTODY_E_USAGE, "at most %d checkpoints to compare", COMPARED_MAX);
        struct cty_buf *note = &r->compared[r->compared_count++];
        *note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
        CTY_TRY(cty_cli_read_file(r->cli, name, note));
        CTY_TRY(cty_replay_compare(r->replay, name, cty_buf_bytes(note)));
    }
    return CUSTODY_OK;
}

/* One that this tree contradicts, with the tree's own proof. */
static custody_err keep_if_other(struct run *r, struct cty_bytes note)
{
    const struct cty_memory *tree = cty_replay_memory(r->replay);
    struct cty_contradiction found = {.kind = CTY_CONTRADICTION_FORK};
    struct cty_checkpoint other;
    char where[CTY_REPORT_TEXT_MAX];
    if (cty_checkpoint_open_by(note, r->plan->trust->origin, cty_replay_log_keys(r->replay), &other) != CUSTODY_OK ||
        cty_memory_root(tree, other.size, &found.root) != CUSTODY_OK || cty_hash_equal(&found.root, &other.root))
        return CUSTODY_OK;
    found.has_proof = other.size < r->newest.size;
    CTY_TRY(cty_tree_consistency(cty_memory_tree(tree), other.size, r->newest.size, &found.proof));
    keep_both(r, note, &found, where);
    cty_report_fail(r->report, CTY_CLAIM_ALIKE, CUSTODY_E_SPLIT_VIEW, CTY_REPORT_NO_ENTRY, "size %llu%s",
                    (unsigned long long)other.size, where);
    return CUSTODY_OK;
}

static custody_err keep_compared(struct run *r)
{
    if (r->report->claims[CTY_CLAIM_CHECKPOINT].state != CTY_CLAIM_HOLDS || root_differs(r))
        return CUSTODY_OK;
    for (size_t i = 0; i < r->compared_count; i++)
        CTY_TRY(keep_if_other(r, cty_buf_bytes(&r->compared[i])));
    return CUSTODY_OK;
}

/* ---- entries ---- */

static void show_progress(void *context, uint64_t size)
{
    struct run *r = context;
    cty_progress_at(&r->progress, size);
}

static custody_err read_entries(struct run *r)
{
    cty_progress_begin_at(r->cli, cty_replay_size(r->replay), r->newest.size, &r->progress);
    custody_err err = cty_reading_run(r->replay, r->plan->source, r->newest.size, show_progress, r, &r->cli->error);
    cty_progress_end(&r->progress);
    /* What the source left out is its fault and the report's: the rest is judged. */
    return err == CUSTODY_E_GAP ? CUSTODY_OK : err;
}

/* Behind a contradiction nothing is judged: what was verified before stands, and what is shown now is another ledger. */
static void skip_the_rest(struct run *r)
{
    static const enum cty_claim open[] = {CTY_CLAIM_INTACT, CTY_CLAIM_COMPLETE, CTY_CLAIM_ENROLLED, CTY_CLAIM_SIGNED,
                                          CTY_CLAIM_LAWFUL, CTY_CLAIM_SEEN, CTY_CLAIM_UNIQUE, CTY_CLAIM_CONTENTS};
    for (size_t i = 0; i < CTY_COUNT_OF(open); i++)
        cty_report_skip(r->report, open[i], "nothing is read of a ledger that contradicts itself");
}

#define CASE_DIGITS_MIN 8

struct found_case {
    struct cty_hash id; /* of the last */
    uint64_t count;
};

static custody_err each_case(void *context, const char *key, struct cty_bytes value)
{
    struct found_case *found = context;
    (void)value;
    found->count++;
    return cty_hex_parse_into(cty_bytes_text(key + strlen("case/")), found->id.bytes, CTY_HASH_SIZE);
}

static custody_err tell_case(struct run *r)
{
    struct found_case found = {.count = 0};
    char key[CTY_VIEW_KEY_MAX];
    const char *name = r->plan->case_name;
    if (!name)
        return CUSTODY_OK;
    if (strlen(name) < CASE_DIGITS_MIN || strlen(name) > 2 * CTY_HASH_SIZE || strspn(name, "0123456789abcdef") != strlen(name))
        return cty_fail(&r->cli->error, CUSTODY_E_USAGE, "CASE is its name, or eight digits of it or more");
    cty_view_key(key, "case/%s", name);
    CTY_TRY(cty_memory_each_of(cty_replay_memory(r->replay), key, each_case, &found));
    if (found.count == 1)
        return cty_replay_case(r->replay, &found.id);
    cty_cli_next(r->cli, CUSTODY_E_NOT_FOUND, CTY_NEXT_CASE);
    return cty_fail(&r->cli->error, CUSTODY_E_NOT_FOUND, found.count ? "more than one case %s" : "case %s", name);
}

static custody_err judge(struct run *r)
{
    uint64_t before = 0;
    (void)cty_replay_before(r->replay, &before);
    if (contradicts(r)) {
        skip_the_rest(r);
        return CUSTODY_OK;
    }
    CTY_TRY(read_entries(r));
    CTY_TRY(cty_replay_finish(r->replay, cty_buf_bytes(&r->note)));
    if (before > 0 && root_differs(r))
        CTY_TRY(look_for_fork(r));
    CTY_TRY(keep_compared(r));
    return tell_case(r);
}

/* Only what held is kept; all of it, or nothing. */
static custody_err keep(struct run *r)
{
    if (!r->plan->state_path || !cty_replay_can_be_kept(r->replay))
        return CUSTODY_OK;
    CTY_TRY(cty_replay_keep(r->replay, cty_buf_bytes(&r->note)));
    return cty_audit_state_commit(r->state.state, &r->cli->error);
}

static custody_err audit(struct run *r)
{
    const struct cty_audit_plan *plan = r->plan;
    struct cty_content_source contents = {plan->source->context, plan->source->content};
    CTY_TRY(cty_audit_file_state_open(&r->state, plan->state_path, plan->full, &r->cli->error));
    CTY_TRY(cty_replay_new(plan->trust, contents.get ? &contents : NULL, plan->threads, r->report, &r->replay));
    CTY_TRY(cty_replay_back(r->replay, &r->state.backing, CUSTODY_VERSION, &r->cli->error));
    CTY_TRY(read_compared(r));
    CTY_TRY(read_newest(r));
    CTY_TRY(judge(r));
    return keep(r);
}

custody_err cty_audit_run(const struct cty_audit_plan *plan, struct cty_report *report)
{
    struct run r = {.plan = plan, .cli = plan->cli, .report = report, .note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX)};
    custody_err err = audit(&r);
    /* A fault of the file says more than the code that came up. */
    if (err != CUSTODY_OK && r.state.error.code == err && plan->cli->error.code != err)
        plan->cli->error = r.state.error;
    cty_replay_free(r.replay);
    cty_audit_file_state_done(&r.state);
    cty_buf_done(&r.note);
    for (size_t i = 0; i < r.compared_count; i++)
        cty_buf_done(&r.compared[i]);
    return err == CUSTODY_OK ? err : cty_fail_code(&plan->cli->error, err);
}
