/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence, judged: first how its entries hang on the checkpoint (evidence_tie.c), then entry by entry what the ledger's
 * rules say, with every record that the file can't show unknown.
 */
#include "audit/closing.h"
#include "audit/evidence_inner.h"
#include "audit/footing_inner.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/words.h"
#include "base/check.h"
#include "codec/text.h"

struct verify {
    const struct cty_evidence *evidence;
    const struct cty_trust *trust;
    struct cty_report *report;
    struct cty_evidence_index index;
    struct cty_evidence_reach reach;
    struct cty_step step;
    struct cty_parsed_entry parsed;
    struct cty_checkpoint checkpoint;
    struct cty_log_keys claimed; /* as the file's rotations say, which are judged afterwards */
};

/* Which keys the log had by its own word: a key that no judged rotation brings is told by hold_checkpoint. */
static custody_err claim_log_keys(struct verify *v)
{
    v->claimed = v->step.log_keys; /* with those that the footing brings */
    for (size_t i = 0; i < v->evidence->entries_count; i++) {
        const struct cty_evidence_entry *entry = v->evidence->entries[i];
        if (entry->type != CTY_CUSTODIAN_ROTATE)
            continue;
        CTY_TRY(cty_entry_parse(entry->text, &v->parsed, NULL));
        custody_err err = cty_log_keys_learn(&v->claimed, &v->parsed.signed_statement.statement, entry->entry.index);
        if (err == CUSTODY_E_NO_MEMORY)
            return err;
    }
    return CUSTODY_OK;
}

/* By now the rotations were judged. */
static void hold_checkpoint(struct verify *v)
{
    char who[CTY_REPORT_TEXT_MAX];
    const struct cty_key *judged = cty_log_keys_at(&v->step.log_keys, v->checkpoint.size);
    if (!cty_key_equal(judged, cty_log_keys_at(&v->claimed, v->checkpoint.size))) {
        cty_report_skip(v->report, CTY_CLAIM_CHECKPOINT, "the rotation that brought the key which signed it was not judged");
        return;
    }
    cty_log_key_words(&v->step.log_keys, v->checkpoint.size, who, sizeof(who));
    cty_report_hold(v->report, CTY_CLAIM_CHECKPOINT, "size %llu, %s", (unsigned long long)v->checkpoint.size, who);
}

/* What the file says of its own checkpoint must hold; whom to believe stays the trust file's. */
static void judge_named(struct verify *v, const struct cty_witness_policy *policy, const struct cty_note *note)
{
    char names[CTY_REPORT_TEXT_MAX];
    uint64_t witnesses = cty_witness_policy_cosigned(policy, note, 0, NULL, NULL);
    if (!cty_bytes_equal(policy->origin, v->trust->origin) || !cty_witness_policy_met(policy, witnesses)) {
        cty_report_fail(v->report, CTY_CLAIM_WITNESSED, CUSTODY_E_UNDER_THRESHOLD, CTY_REPORT_NO_ENTRY,
                        "the file names a policy that its checkpoint does not satisfy");
        return;
    }
    cty_witness_policy_names(policy, witnesses, sizeof(names), names);
    if (!cty_witness_policy_asks(&v->trust->policy))
        cty_report_skip(v->report, CTY_CLAIM_WITNESSED, "the trust file asks for no witness; by the policy that the file names, "
                        "these cosigned: %s", names);
}

static void judge_policy(struct verify *v, const struct cty_note *note)
{
    CTY_AUTO_FREE struct cty_witness_policy *policy = cty_alloc(1, sizeof(*policy));
    custody_err err = policy ? cty_witness_policy_parse(v->evidence->policy, policy, NULL) : CUSTODY_E_NO_MEMORY;
    if (err == CUSTODY_E_NO_MEMORY)
        cty_report_skip(v->report, CTY_CLAIM_WITNESSED, "no memory for the policy that the file names");
    else if (err != CUSTODY_OK)
        cty_report_fail(v->report, CTY_CLAIM_WITNESSED, err, CTY_REPORT_NO_ENTRY, "the file names a policy that is none");
    else
        judge_named(v, policy, note);
    if (err == CUSTODY_OK)
        cty_witness_policy_done(policy);
}

static bool open_checkpoint(struct verify *v, struct cty_note *note)
{
    custody_err err = cty_bytes_equal(v->evidence->ledger, v->trust->origin) ? CUSTODY_OK : CUSTODY_E_WRONG_LEDGER;
    if (err == CUSTODY_OK)
        err = cty_checkpoint_open_by(v->evidence->checkpoint, v->trust->origin, &v->claimed, &v->checkpoint);
    if (err == CUSTODY_OK)
        err = cty_note_parse(v->evidence->checkpoint, note);
    if (err != CUSTODY_OK) {
        cty_report_fail(v->report, CTY_CLAIM_CHECKPOINT, err, CTY_REPORT_NO_ENTRY, "%s", custody_err_sentence(err));
        return false;
    }
    cty_trust_witnessed(v->trust, note, v->report);
    if (v->evidence->policy.size > 0)
        judge_policy(v, note);
    return true;
}

static struct cty_evidence_proof *find_seen(const struct verify *v, uint64_t size)
{
    return cty_evidence_find_proof(v->evidence->seen, v->evidence->seen_count, size);
}

/*
 * A root that a signer saw becomes known to the fold once it is proven consistent with the checkpoint. One of a size that
 * its signer can't have seen is for the fold to refuse.
 */
static custody_err prove_seen(struct verify *v, enum cty_claim claim, const struct cty_seen *seen, uint64_t index)
{
    char key[CTY_VIEW_KEY_MAX], root[65];
    struct cty_proof proof;
    struct cty_evidence_proof *item = find_seen(v, seen->size);
    if (seen->size == 0 || seen->size > index || !item)
        return CUSTODY_OK;
    item->used = true;
    snprintf(key, sizeof(key), "root/%llu", (unsigned long long)seen->size);
    if (cty_memory_get(v->step.memory, key).data)
        return CUSTODY_OK;
    cty_evidence_proof_get(item, &proof);
    custody_err err = cty_tree_consistency_verify(seen->size, &seen->root, v->checkpoint.size, &v->checkpoint.root, &proof);
    if (err != CUSTODY_OK) {
        cty_report_fail(v->report, claim, err, index, "the checkpoint of size %llu that %s is not one of this tree",
                        (unsigned long long)seen->size, claim == CTY_CLAIM_SEEN ? "its signer saw" : "it carries");
        return CUSTODY_OK;
    }
    cty_hex_write(seen->root.bytes, CTY_HASH_SIZE, root);
    return cty_memory_put(v->step.memory, key, cty_bytes_make(root, 64));
}

/* The checkpoint that an expiry carries, if it is one; else cty_step_deadline tells. */
static custody_err prove_witnessed(struct verify *v, const struct cty_statement *st, uint64_t index)
{
    struct cty_checkpoint checkpoint;
    if (st->type != CTY_EXPIRY || !st->u.expiry.witnessed.data)
        return CUSTODY_OK;
    CTY_CLEANUP(cty_buf_done) struct cty_buf memory = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    CTY_AUTO_FREE struct cty_note *note = cty_alloc(1, sizeof(*note));
    custody_err err = note ? cty_deadline_note(st, &memory, note, &checkpoint) : CUSTODY_E_NO_MEMORY;
    if (err != CUSTODY_OK)
        return err == CUSTODY_E_NO_MEMORY ? err : CUSTODY_OK;
    return prove_seen(v, CTY_CLAIM_WHEN, &(struct cty_seen){checkpoint.size, checkpoint.root}, index);
}

/* What the file can't show is unknown; what it holds whole (the trust chain, the case) is present or absent. */
enum cty_view_status cty_evidence_missing(void *context, const char *key)
{
    (void)context;
    if (strncmp(key, "id/", 3) == 0 || strncmp(key, "root/", 5) == 0)
        return CTY_VIEW_UNKNOWN;
    if (strncmp(key, "case/", 5) == 0)
        return CTY_VIEW_UNKNOWN;
    return CTY_VIEW_ABSENT;
}

static custody_err get_content(void *context, const struct cty_hash *case_id, const struct cty_hash *statement,
                               struct cty_bytes member, struct cty_bytes *ret_salt, struct cty_bytes *ret_content)
{
    (void)case_id;
    const struct cty_evidence_blob *blob = cty_evidence_find_blob(context, statement, member);
    if (!blob)
        return CUSTODY_E_NOT_FOUND;
    *ret_salt = cty_bytes_make(blob->salt, CTY_SALT_SIZE);
    *ret_content = blob->content;
    return CUSTODY_OK;
}

static custody_err judge_entry(struct verify *v, const struct cty_evidence_entry *entry, bool gap)
{
    struct cty_key keys[CTY_SIGNERS_MAX];
    struct cty_bytes names[CTY_SIGNERS_MAX];
    struct cty_buf memory = CTY_BUF_INIT(1024);
    const struct cty_signed *statement = &v->parsed.signed_statement;
    custody_err err = cty_entry_parse(entry->text, &v->parsed, NULL);
    CTY_TRY_OUT(err);
    v->step.at = entry->entry.index;
    CTY_TRY_OUT(prove_seen(v, CTY_CLAIM_SEEN, &statement->statement.seen, entry->entry.index));
    CTY_TRY_OUT(prove_witnessed(v, &statement->statement, entry->entry.index));
    CTY_TRY_OUT(cty_step_keys(&v->step, &v->parsed, &memory, keys, names));
    for (uint32_t i = 0; !v->step.keyless && i < statement->signatures_count && !v->step.stopped; i++) {
        custody_err verified = cty_signed_verify(statement, i, names[i], &keys[i]);
        if (verified == CUSTODY_OK)
            continue;
        v->step.stopped = true;
        cty_report_fail(v->report, CTY_CLAIM_SIGNED, verified, entry->entry.index,
                        "signature %u of the %s does not verify", i, cty_type_name(statement->statement.type));
    }
    if (!v->step.stopped)
        err = cty_step_fold(&v->step, &v->parsed, &entry->leaf, keys, gap);
out:
    cty_buf_done(&memory);
    return err;
}

static custody_err judge_entries(struct verify *v)
{
    uint64_t next = v->evidence->footing ? cty_footing_next(v->evidence->footing) : 0;
    for (size_t i = 0; i < v->evidence->entries_count && !v->step.stopped; i++) {
        const struct cty_evidence_entry *entry = v->evidence->entries[i];
        CTY_TRY(judge_entry(v, entry, entry->entry.index != next));
        next = entry->entry.index + 1;
    }
    return CUSTODY_OK;
}

/* What no statement here names would ride along unchecked. */
static void check_riders(struct verify *v)
{
    uint64_t own = 0;
    if (v->step.stopped)
        return;
    for (size_t i = 0; i < v->evidence->blobs_count; i++)
        own += cty_evidence_by_digest(&v->index, &v->evidence->blobs[i].statement) ? 1 : 0;
    if (own != v->evidence->blobs_count || own != v->step.contents_checked)
        cty_report_fail(v->report, CTY_CLAIM_CONTENTS, CUSTODY_E_BLOB_FOREIGN, CTY_REPORT_NO_ENTRY,
                        "the file holds contents that none of its statements commits to");
    for (size_t i = 0; i < v->evidence->seen_count; i++) {
        if (!v->evidence->seen[i].used)
            cty_report_fail(v->report, CTY_CLAIM_SEEN, CUSTODY_E_PROOF_INVALID, CTY_REPORT_NO_ENTRY,
                            "a proof for size %llu, which no statement here saw or carries",
                            (unsigned long long)v->evidence->seen[i].at);
    }
}

static void judge_audience(struct verify *v, const struct cty_case *c, struct cty_bytes as)
{
    struct cty_bytes name = as.size ? as : v->trust->name;
    if (name.size == 0)
        return;
    struct cty_words holder;
    cty_words_holder(&v->step, c, &holder);
    v->report->claims[CTY_CLAIM_AUDIENCE].required = true;
    if (!c->release.present)
        cty_report_skip(v->report, CTY_CLAIM_AUDIENCE, "the case was not released");
    else if (cty_bytes_equal(c->holder, name))
        cty_report_hold(v->report, CTY_CLAIM_AUDIENCE, "the release is for %s", holder.text);
    else
        cty_report_fail(v->report, CTY_CLAIM_AUDIENCE, CUSTODY_E_WRONG_AUDIENCE, c->anchor_index, "the release is for %.*s",
                        (int)c->holder.size, (const char *)c->holder.data);
}

/* Who may not decide follows from the ancestry: without a parent case nobody can tell who counts. */
static custody_err judge_quorum(struct verify *v, const struct cty_case *c)
{
    struct cty_words words;
    CTY_TRY(cty_words_release(&v->step, c, &words));
    if (c->release.present && v->step.parent_missing)
        cty_report_skip(v->report, CTY_CLAIM_QUORUM, "a parent case is not in the file, and so not who may not approve");
    else
        cty_report_hold(v->report, CTY_CLAIM_QUORUM, "%s", words.text);
    return CUSTODY_OK;
}

static void judge_once(struct verify *v, const struct cty_case *c)
{
    unsigned long long until = v->reach.of_case;
    const char *state = cty_case_state_names[c->state];
    struct cty_words holder;
    cty_words_holder(&v->step, c, &holder);
    if (c->consume.present)
        cty_report_hold(v->report, CTY_CLAIM_ONCE, "consumed once up to entry %llu, by %s; the case is %s", until, holder.text,
                        state);
    else
        cty_report_hold(v->report, CTY_CLAIM_ONCE, "not consumed up to entry %llu; the case is %s", until, state);
}

static custody_err judge_case(struct verify *v, struct cty_bytes as)
{
    struct cty_case c;
    bool found = false;
    if (!v->step.stopped)
        CTY_TRY(cty_step_case(v->step.memory, &v->evidence->case_id, &c, &found));
    if (found) {
        CTY_TRY(judge_quorum(v, &c));
        judge_once(v, &c);
        judge_audience(v, &c, as);
        return cty_evidence_judge_between(v->evidence, &c, &v->checkpoint, v->report);
    }
    cty_report_skip(v->report, CTY_CLAIM_QUORUM, "the case could not be judged to its end");
    cty_report_skip(v->report, CTY_CLAIM_ONCE, "the case could not be judged to its end");
    if (as.size || v->trust->name.size) {
        v->report->claims[CTY_CLAIM_AUDIENCE].required = true;
        cty_report_skip(v->report, CTY_CLAIM_AUDIENCE, "the case could not be judged to its end");
    }
    return CUSTODY_OK;
}

/* Says how far, and on what it rests: where entries are left out, on the links that the custodian wrote. */
static void hold_complete(struct verify *v)
{
    unsigned long long newest = v->reach.newest, of_case = v->reach.of_case, size = v->checkpoint.size;
    if (v->reach.every_index)
        cty_report_hold(v->report, CTY_CLAIM_COMPLETE, "every entry from 0 to %llu is here; the checkpoint has %llu", newest,
                        size);
    else
        cty_report_hold(v->report, CTY_CLAIM_COMPLETE,
                        "by the custodian's links nothing is missing of the case up to entry %llu, and of the trust chain "
                        "up to %llu; the checkpoint has %llu",
                        of_case, newest, size);
}

static custody_err finish(struct verify *v, struct cty_bytes as)
{
    check_riders(v);
    CTY_TRY(judge_case(v, as));
    CTY_TRY(cty_step_finish(&v->step));
    cty_report_hold(v->report, CTY_CLAIM_INTACT, "%zu %s, linked, and in the checkpoint's tree",
                    v->evidence->entries_count,
                    cty_plural(v->evidence->entries_count, "entry in its one form", "entries in their one form"));
    hold_complete(v);
    return CUSTODY_OK;
}

static custody_err verify_all(struct verify *v, struct cty_bytes as)
{
    char hex[65];
    CTY_AUTO_FREE struct cty_note *note = cty_alloc(1, sizeof(*note));
    if (!note)
        return CUSTODY_E_NO_MEMORY;
    CTY_TRY(claim_log_keys(v));
    bool opened = open_checkpoint(v, note);
    cty_hex_write(v->evidence->case_id.bytes, CTY_HASH_SIZE, hex);
    snprintf(v->report->subject, sizeof(v->report->subject), "case %s", hex);
    v->reach = cty_evidence_reach_get(v->evidence);
    for (size_t i = 0; i < v->evidence->seen_count; i++)
        v->evidence->seen[i].used = false;
    cty_evidence_check_whole(v->evidence, v->report);
    if (opened) {
        cty_evidence_tie(v->evidence, &v->index, &v->checkpoint, v->report);
        CTY_TRY(judge_entries(v));
        hold_checkpoint(v);
        if (cty_witness_policy_asks(&v->trust->policy))
            cty_closing_when(&v->step, note, v->checkpoint.size);
    } else {
        v->step.stopped = true;
    }
    return finish(v, as);
}

static custody_err verify_begin(struct verify *v, const struct cty_content_source *contents)
{
    CTY_TRY(cty_step_init(&v->step, v->trust, v->report));
    CTY_TRY(cty_evidence_index_make(v->evidence, &v->index));
    if (v->evidence->footing)
        CTY_TRY(cty_step_stand_on(&v->step, v->evidence->footing));
    cty_memory_set_sparse(v->step.memory);
    v->step.contents = contents;
    v->step.missing = cty_evidence_missing;
    return CUSTODY_OK;
}

custody_err cty_evidence_verify(const struct cty_evidence *evidence, const struct cty_trust *trust, struct cty_bytes as,
                                struct cty_report *report, struct cty_memory **ret_memory)
{
    struct verify *v = cty_alloc(1, sizeof(*v));
    if (!v)
        return CUSTODY_E_NO_MEMORY;
    struct cty_content_source contents = {(void *)(uintptr_t)evidence, get_content};
    v->evidence = evidence;
    v->trust = trust;
    v->report = report;
    custody_err err = verify_begin(v, &contents);
    if (err == CUSTODY_OK)
        err = verify_all(v, as);
    if (err == CUSTODY_OK && ret_memory) {
        *ret_memory = v->step.memory;
        v->step.memory = NULL;
    }
    cty_evidence_index_done(&v->index);
    cty_parsed_entry_done(&v->parsed);
    cty_step_done(&v->step);
    free(v);
    return err;
}
