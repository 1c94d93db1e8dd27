/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One batch goes through two passes: parse and hash (parallel); then keys and fold, in order on this thread, while the
 * others verify the signatures of what is folded already, and this one joins them when it has done. The fold runs on the
 * keys by which the signatures must verify; a signature that then does not is the failure that is told, even where
 * the fold went on behind it.
 */
#include <stdlib.h>

#include "audit/closing.h"
#include "audit/parallel.h"
#include "audit/replay_inner.h"
#include "base/check.h"

struct cty_replay_slot {
    struct cty_bytes text;
    struct cty_parsed_entry parsed;
    struct cty_hash leaf;
    struct cty_key keys[CTY_SIGNERS_MAX];
    struct cty_bytes names[CTY_SIGNERS_MAX];
    struct cty_buf names_memory;
    custody_error error;
    custody_err parse_err;
    custody_err verify_err;
    bool folded;
};

custody_err cty_replay_new(const struct cty_trust *trust, const struct cty_content_source *contents, unsigned threads,
                           struct cty_report *report, struct cty_replay **ret_replay)
{
    struct cty_replay *replay = cty_alloc(1, sizeof(*replay));
    if (!replay)
        return CUSTODY_E_NO_MEMORY;
    replay->threads = threads ? threads : cty_parallel_cores();
    replay->slots = cty_alloc(CTY_REPLAY_BATCH_MAX, sizeof(*replay->slots));
    custody_err err = cty_step_init(&replay->step, trust, report);
    if (err != CUSTODY_OK || !replay->slots) {
        cty_replay_free(replay);
        return CUSTODY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < CTY_REPLAY_BATCH_MAX; i++)
        replay->slots[i].names_memory.limit = 1024;
    replay->step.contents = contents;
    *ret_replay = replay;
    return CUSTODY_OK;
}

void cty_replay_free(struct cty_replay *replay)
{
    if (!replay)
        return;
    for (size_t i = 0; replay->slots && i < CTY_REPLAY_BATCH_MAX; i++) {
        cty_parsed_entry_done(&replay->slots[i].parsed);
        cty_buf_done(&replay->slots[i].names_memory);
    }
    cty_step_done(&replay->step);
    cty_buf_done(&replay->before);
    for (uint32_t i = 0; i < replay->compared_count; i++)
        cty_buf_done(&replay->compared[i].note);
    free(replay->slots);
    free(replay);
}

static void parse_slot(void *context, size_t i)
{
    struct cty_replay_slot *slot = &((struct cty_replay_slot *)context)[i];
    slot->folded = false;
    slot->verify_err = CUSTODY_OK;
    slot->error = (custody_error){.code = CUSTODY_OK};
    slot->leaf = cty_tree_leaf(slot->text);
    slot->parse_err = cty_entry_parse(slot->text, &slot->parsed, &slot->error);
}

static void verify_slot(void *context, size_t i)
{
    struct cty_replay_slot *slot = &((struct cty_replay *)context)->slots[i];
    const struct cty_signed *parsed = &slot->parsed.signed_statement;
    for (uint32_t k = 0; slot->folded && slot->verify_err == CUSTODY_OK && k < parsed->signatures_count; k++)
        slot->verify_err = cty_signed_verify(parsed, k, slot->names[k], &slot->keys[k]);
}

/* An entry that no longer is judged still counts for the tree, so that the root can be compared. */
static custody_err take_leaf_only(struct cty_replay *replay, const struct cty_replay_slot *slot)
{
    return cty_memory_append_leaf(replay->step.memory, &slot->leaf);
}

/* A type that a later version brought is nobody's fault; all else that can't be read is the custodian's. */
static custody_err judge_form(struct cty_replay *replay, const struct cty_replay_slot *slot)
{
    struct cty_step *step = &replay->step;
    if (slot->parse_err == CUSTODY_E_NO_MEMORY || slot->parse_err == CUSTODY_E_INTERNAL)
        return slot->parse_err;
    if (slot->parse_err == CUSTODY_E_TYPE_UNKNOWN) {
        cty_step_give_up(step, replay->size, custody_err_sentence(slot->parse_err));
        return CUSTODY_OK;
    }
    step->stopped = true;
    cty_report_fail(step->report, CTY_CLAIM_INTACT, slot->parse_err, replay->size, "%s (%s)",
                    custody_err_sentence(slot->parse_err), slot->error.detail);
    return CUSTODY_OK;
}

static custody_err fold_slot(struct cty_replay *replay, struct cty_replay_slot *slot)
{
    struct cty_step *step = &replay->step;
    if (step->stopped)
        return take_leaf_only(replay, slot);
    if (slot->parse_err != CUSTODY_OK) {
        CTY_TRY(judge_form(replay, slot));
        return take_leaf_only(replay, slot);
    }
    step->at = replay->size;
    CTY_TRY(cty_step_keys(step, &slot->parsed, &slot->names_memory, slot->keys, slot->names));
    slot->folded = !step->keyless;
    CTY_TRY(cty_step_fold(step, &slot->parsed, &slot->leaf, slot->keys, false));
    return step->stopped ? take_leaf_only(replay, slot) : CUSTODY_OK;
}

static custody_err fold_next(void *context, size_t i)
{
    struct cty_replay *replay = context;
    CTY_TRY(fold_slot(replay, &replay->slots[i]));
    replay->size++;
    return CUSTODY_OK;
}

custody_err cty_replay_entries(struct cty_replay *replay, const struct cty_bytes *texts, size_t count)
{
    CTY_CHECK(count <= CTY_REPLAY_BATCH_MAX);
    uint64_t first = replay->size;
    for (size_t i = 0; i < count; i++)
        replay->slots[i].text = texts[i];
    cty_parallel(replay->threads, count, parse_slot, replay->slots);
    CTY_TRY(cty_parallel_behind(replay->threads, count, fold_next, verify_slot, replay));
    for (size_t i = 0; i < count; i++) {
        if (replay->slots[i].verify_err == CUSTODY_OK)
            continue;
        replay->step.stopped = true;
        cty_report_fail(replay->step.report, CTY_CLAIM_SIGNED, replay->slots[i].verify_err, first + i,
                        "a signature of the %s does not verify",
                        cty_type_name(replay->slots[i].parsed.signed_statement.statement.type));
        break;
    }
    CTY_TRY(cty_memory_trim(replay->step.memory));
    return cty_memory_trim(replay->step.asked);
}

/* Size and root together, never one without the other. */
static custody_err check_root(struct cty_replay *replay, const struct cty_checkpoint *checkpoint)
{
    struct cty_report *report = replay->step.report;
    struct cty_hash root;
    unsigned long long size = checkpoint->size;
    if (replay->size < checkpoint->size) {
        cty_report_fail(report, CTY_CLAIM_COMPLETE, CUSTODY_E_GAP, replay->size,
                        "the checkpoint covers %llu entries; this one is missing", size);
        cty_report_skip(report, CTY_CLAIM_INTACT, "with entries missing there is no root to compare");
        return CUSTODY_OK;
    }
    CTY_TRY(cty_memory_root(replay->step.memory, checkpoint->size, &root));
    if (!cty_hash_equal(&root, &checkpoint->root))
        cty_report_fail(report, CTY_CLAIM_INTACT, CUSTODY_E_ROOT_MISMATCH, CTY_REPORT_NO_ENTRY,
                        "the entries do not give the root that the log key signed for size %llu", size);
    else if (replay->size > checkpoint->size)
        cty_report_fail(report, CTY_CLAIM_INTACT, CUSTODY_E_ROOT_MISMATCH, checkpoint->size,
                        "no checkpoint covers entries from here on");
    return CUSTODY_OK;
}

static void skip_what_needs_a_checkpoint(struct cty_report *report)
{
    cty_report_skip(report, CTY_CLAIM_INTACT, "there is no checkpoint to compare the root with");
    cty_report_skip(report, CTY_CLAIM_COMPLETE, "there is no checkpoint to say how many entries there are");
}

/* *opened is false where there is nothing in it to compare with. */
static custody_err finish_checkpoint(struct cty_replay *replay, struct cty_bytes note, struct cty_note *parsed,
                                     struct cty_checkpoint *checkpoint, bool *opened)
{
    struct cty_report *report = replay->step.report;
    const struct cty_trust *trust = replay->step.trust;
    char who[CTY_REPORT_TEXT_MAX];
    custody_err err = cty_checkpoint_open_by(note, trust->origin, &replay->step.log_keys, checkpoint);
    if (err == CUSTODY_OK)
        err = cty_note_parse(note, parsed);
    *opened = err == CUSTODY_OK;
    if (err == CUSTODY_OK) {
        cty_log_key_words(&replay->step.log_keys, checkpoint->size, who, sizeof(who));
        cty_report_hold(report, CTY_CLAIM_CHECKPOINT, "size %llu, %s", (unsigned long long)checkpoint->size, who);
        cty_trust_witnessed(trust, parsed, report);
        err = check_root(replay, checkpoint);
    } else {
        cty_report_fail(report, CTY_CLAIM_CHECKPOINT, err, CTY_REPORT_NO_ENTRY, "%s", custody_err_sentence(err));
        skip_what_needs_a_checkpoint(report);
        err = CUSTODY_OK;
    }
    return err;
}

void cty_replay_shown(struct cty_replay *replay, uint64_t size)
{
    replay->shown = size;
}

static void hold_complete(const struct cty_replay *replay, uint64_t size)
{
    struct cty_report *report = replay->step.report;
    if (replay->shown > size)
        cty_report_hold(report, CTY_CLAIM_COMPLETE,
                        "every one of the checkpoint's %llu %s; newer ones, %llu, are under a checkpoint that no quorum of "
                        "witnesses has cosigned yet, and were not judged",
                        (unsigned long long)size, cty_plural(size, "entry", "entries"),
                        (unsigned long long)(replay->shown - size));
    else
        cty_report_hold(report, CTY_CLAIM_COMPLETE, "every one of the checkpoint's %llu %s", (unsigned long long)size,
                        cty_plural(size, "entry", "entries"));
}

custody_err cty_replay_finish(struct cty_replay *replay, struct cty_bytes note)
{
    struct cty_report *report = replay->step.report;
    struct cty_checkpoint checkpoint = {.size = 0};
    replay->findings_count = report->findings_count;
    replay->findings_all = report->findings_all;
    if (replay->size == 0)
        cty_report_fail(report, CTY_CLAIM_INTACT, CUSTODY_E_GENESIS_MISSING, CTY_REPORT_NO_ENTRY, "there is no entry");
    CTY_AUTO_FREE struct cty_note *parsed = cty_alloc(1, sizeof(*parsed));
    bool opened = false;
    if (!parsed)
        return CUSTODY_E_NO_MEMORY;
    CTY_TRY(finish_checkpoint(replay, note, parsed, &checkpoint, &opened));
    CTY_TRY(cty_step_finish(&replay->step));
    CTY_TRY(cty_closing_say(replay, opened ? parsed : NULL, &checkpoint));
    cty_report_hold(report, CTY_CLAIM_INTACT, "%llu %s, linked, and under the checkpoint's root",
                    (unsigned long long)replay->size, cty_plural(replay->size, "entry in its one form", "entries in their one form"));
    hold_complete(replay, checkpoint.size);
    return CUSTODY_OK;
}

struct cty_memory *cty_replay_memory(struct cty_replay *replay)
{
    return replay->step.memory;
}

uint64_t cty_replay_size(const struct cty_replay *replay)
{
    return replay->size;
}

const struct cty_log_keys *cty_replay_log_keys(const struct cty_replay *replay)
{
    return &replay->step.log_keys;
}
