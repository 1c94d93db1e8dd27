/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence, judged. What is proven spreads from entries with inclusion proofs along their links:
 *
 *     checkpoint (signed) <- inclusion proof <- newest entry of the case
 *                                                 | case_prev -> ... -> request
 *                                                 | trust     -> ... -> entry 0
 *
 * Every entry in the file must be reached, and every link to the case's and the trust chain's entries must find its
 * entry in the file: an entry left out is a gap.
 */
#include "audit/evidence_inner.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/step.h"
#include "base/check.h"
#include "codec/text.h"

struct verify {
    const struct cty_evidence *evidence;
    const struct cty_trust *trust;
    struct cty_report *report;
    struct cty_step step;
    struct cty_checkpoint checkpoint;
};

static bool open_checkpoint(struct verify *v, struct cty_note *note)
{
    custody_err err = cty_bytes_equal(v->evidence->ledger, v->trust->origin) ? CUSTODY_OK : CUSTODY_E_WRONG_LEDGER;
    if (err == CUSTODY_OK)
        err = cty_checkpoint_open(v->evidence->checkpoint, v->trust->origin, &v->trust->log_key, &v->checkpoint);
    if (err == CUSTODY_OK)
        err = cty_note_parse(v->evidence->checkpoint, note);
    if (err != CUSTODY_OK) {
        cty_report_fail(v->report, CTY_CLAIM_CHECKPOINT, err, CTY_REPORT_NO_ENTRY, "%s", custody_err_sentence(err));
        return false;
    }
    cty_report_hold(v->report, CTY_CLAIM_CHECKPOINT, "size %llu, signed by the pinned log key",
                    (unsigned long long)v->checkpoint.size);
    cty_trust_witnessed(v->trust, note, v->report);
    return true;
}

static void prove_inclusions(struct verify *v)
{
    for (size_t i = 0; i < v->evidence->proofs_count; i++) {
        const struct cty_evidence_proof *proof = &v->evidence->proofs[i];
        bool found = false;
        size_t place = cty_evidence_place(v->evidence, proof->at, &found);
        if (!found) {
            cty_report_fail(v->report, CTY_CLAIM_INTACT, CUSTODY_E_PROOF_INVALID, proof->at,
                            "a proof for an entry that is not in the file");
            continue;
        }
        struct cty_evidence_entry *entry = v->evidence->entries[place];
        custody_err err = cty_tree_inclusion_verify(&entry->leaf, proof->at, v->checkpoint.size, &v->checkpoint.root,
                                                    &proof->proof);
        entry->proven = err == CUSTODY_OK;
        if (err != CUSTODY_OK)
            cty_report_fail(v->report, CTY_CLAIM_INTACT, err, proof->at, "the entry is not in the tree of the checkpoint");
    }
}

/* A link that must lead somewhere in the file. */
static void follow_link(struct verify *v, const struct cty_evidence_entry *from, const struct cty_opt_hash *link,
                        const char *name, bool wanted)
{
    struct cty_evidence_entry *target =
        link->present ? cty_evidence_by_leaf(v->evidence, &link->hash, from->parsed.entry.index) : NULL;
    if (target && from->proven)
        target->proven = true;
    if (link->present && !target && wanted)
        cty_report_fail(v->report, CTY_CLAIM_COMPLETE, CUSTODY_E_GAP, from->parsed.entry.index,
                        "its %s link names an entry that is not in the file", name);
}

static void follow_links(struct verify *v)
{
    for (size_t i = v->evidence->entries_count; i > 0; i--) {
        const struct cty_evidence_entry *entry = v->evidence->entries[i - 1];
        follow_link(v, entry, &entry->parsed.entry.prev, "prev", false);
        follow_link(v, entry, &entry->parsed.entry.trust, "trust", true);
        follow_link(v, entry, &entry->parsed.entry.case_prev, "case_prev", true);
    }
    for (size_t i = 0; i < v->evidence->entries_count; i++) {
        const struct cty_evidence_entry *entry = v->evidence->entries[i];
        if (!entry->proven)
            cty_report_fail(v->report, CTY_CLAIM_INTACT, CUSTODY_E_PROOF_INVALID, entry->parsed.entry.index,
                            "no proof reaches the entry");
    }
}

/* The links found fault with as a group; and the case itself must be there, from its request. */
static void check_case_is_whole(struct verify *v)
{
    bool request = false;
    for (size_t i = 0; i < v->evidence->entries_count; i++) {
        const struct cty_signed *statement = &v->evidence->entries[i]->parsed.signed_statement;
        request = request || (statement->statement.type == CTY_REQUEST &&
                              cty_hash_equal(&statement->digest, &v->evidence->case_id));
    }
    if (!request)
        cty_report_fail(v->report, CTY_CLAIM_COMPLETE, CUSTODY_E_GAP, CTY_REPORT_NO_ENTRY,
                        "the request of the case is not in the file");
    if (v->evidence->entries_count == 0 || v->evidence->entries[0]->parsed.entry.index != 0)
        cty_report_fail(v->report, CTY_CLAIM_COMPLETE, CUSTODY_E_GENESIS_MISSING, CTY_REPORT_NO_ENTRY,
                        "entry 0 is not in the file");
}

static const struct cty_proof *find_seen(const struct cty_evidence *evidence, uint64_t size)
{
    for (size_t i = 0; i < evidence->seen_count; i++) {
        if (evidence->seen[i].at == size)
            return &evidence->seen[i].proof;
    }
    return NULL;
}

/* A root that a signer saw becomes known to the fold once it is proven consistent with the checkpoint. */
static custody_err prove_seen(struct verify *v, const struct cty_seen *seen, uint64_t index)
{
    static const struct cty_proof empty = {.count = 0};
    char key[CTY_VIEW_KEY_MAX], root[65];
    const struct cty_proof *proof = seen->size == v->checkpoint.size ? &empty : find_seen(v->evidence, seen->size);
    snprintf(key, sizeof(key), "root/%llu", (unsigned long long)seen->size);
    if (seen->size == 0 || !proof || cty_memory_get(v->step.memory, key).data)
        return CUSTODY_OK;
    custody_err err = cty_tree_consistency_verify(seen->size, &seen->root, v->checkpoint.size, &v->checkpoint.root, proof);
    if (err != CUSTODY_OK) {
        cty_report_fail(v->report, CTY_CLAIM_SEEN, err, index,
                        "the checkpoint of size %llu that its signer saw is not one of this tree",
                        (unsigned long long)seen->size);
        return CUSTODY_OK;
    }
    cty_hex_write(seen->root.bytes, CTY_HASH_SIZE, root);
    return cty_memory_put(v->step.memory, key, cty_bytes_make(root, 64));
}

/* What the file can't show is unknown; what it holds whole (the trust chain, the case) is present or absent. */
static enum cty_view_status missing_in_evidence(void *context, const char *key)
{
    (void)context;
    if (strncmp(key, "id/", 3) == 0 || strncmp(key, "root/", 5) == 0)
        return CTY_VIEW_UNKNOWN;
    if (strncmp(key, "case/", 5) == 0)
        return CTY_VIEW_UNKNOWN;
    return CTY_VIEW_ABSENT;
}

static custody_err get_content(void *context, const struct cty_hash *statement, struct cty_bytes member,
                               struct cty_bytes *ret_salt, struct cty_bytes *ret_content)
{
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
    const struct cty_signed *statement = &entry->parsed.signed_statement;
    custody_err err = prove_seen(v, &statement->statement.seen, entry->parsed.entry.index);
    CTY_TRY_OUT(err);
    CTY_TRY_OUT(cty_step_keys(&v->step, &entry->parsed, &memory, keys, names));
    for (uint32_t i = 0; !v->step.stopped && i < statement->signatures_count; i++) {
        custody_err verified = cty_signed_verify(statement, i, names[i], &keys[i]);
        if (verified == CUSTODY_OK)
            continue;
        v->step.stopped = true;
        cty_report_fail(v->report, CTY_CLAIM_SIGNED, verified, entry->parsed.entry.index,
                        "signature %u of the %s does not verify", i, cty_type_name(statement->statement.type));
    }
    if (!v->step.stopped)
        err = cty_step_fold(&v->step, &entry->parsed, &entry->leaf, keys, gap);
out:
    cty_buf_done(&memory);
    return err;
}

static custody_err judge_entries(struct verify *v)
{
    uint64_t next = 0;
    for (size_t i = 0; i < v->evidence->entries_count && !v->step.stopped; i++) {
        const struct cty_evidence_entry *entry = v->evidence->entries[i];
        uint64_t index = entry->parsed.entry.index;
        CTY_TRY(judge_entry(v, entry, index != next));
        next = index + 1;
    }
    return CUSTODY_OK;
}

static bool is_content_of_file(const struct verify *v, const struct cty_evidence_blob *blob)
{
    for (size_t i = 0; i < v->evidence->entries_count; i++) {
        if (cty_hash_equal(&v->evidence->entries[i]->parsed.signed_statement.digest, &blob->statement))
            return true;
    }
    return false;
}

/* A content that no statement here commits to would ride along unchecked. */
static void check_foreign_blobs(struct verify *v)
{
    uint64_t own = 0;
    for (size_t i = 0; i < v->evidence->blobs_count; i++)
        own += is_content_of_file(v, &v->evidence->blobs[i]) ? 1 : 0;
    if (!v->step.stopped && (own != v->evidence->blobs_count || own != v->step.contents_checked))
        cty_report_fail(v->report, CTY_CLAIM_CONTENTS, CUSTODY_E_BLOB_FOREIGN, CTY_REPORT_NO_ENTRY,
                        "the file holds contents that none of its statements commits to");
}

static void judge_audience(struct verify *v, const struct cty_case *c, struct cty_bytes as)
{
    struct cty_bytes name = as.size ? as : v->trust->name;
    if (name.size == 0)
        return;
    v->report->claims[CTY_CLAIM_AUDIENCE].required = true;
    if (!c->release.present)
        cty_report_skip(v->report, CTY_CLAIM_AUDIENCE, "the case was not released");
    else if (cty_bytes_equal(c->holder, name))
        cty_report_hold(v->report, CTY_CLAIM_AUDIENCE, "the release is for %.*s", (int)name.size, (const char *)name.data);
    else
        cty_report_fail(v->report, CTY_CLAIM_AUDIENCE, CUSTODY_E_WRONG_AUDIENCE, c->anchor_index, "the release is for %.*s",
                        (int)c->holder.size, (const char *)c->holder.data);
}

static void judge_quorum(struct verify *v, const struct cty_case *c)
{
    char who[CTY_REPORT_TEXT_MAX];
    cty_step_approvers(v->step.memory, c, who, sizeof(who));
    if (!c->release.present)
        cty_report_hold(v->report, CTY_CLAIM_QUORUM, "nothing was released: the case is %s", cty_case_state_names[c->state]);
    else if (c->decisions_count == 0)
        cty_report_hold(v->report, CTY_CLAIM_QUORUM, "policy released it to %.*s without asking people",
                        (int)c->holder.size, (const char *)c->holder.data);
    else
        cty_report_hold(v->report, CTY_CLAIM_QUORUM, "released to %.*s by %s", (int)c->holder.size,
                        (const char *)c->holder.data, who);
    if (c->consume.present)
        cty_report_hold(v->report, CTY_CLAIM_ONCE, "consumed once, by %.*s; the case is %s", (int)c->holder.size,
                        (const char *)c->holder.data, cty_case_state_names[c->state]);
    else
        cty_report_hold(v->report, CTY_CLAIM_ONCE, "not consumed; the case is %s", cty_case_state_names[c->state]);
}

static void judge_case(struct verify *v, struct cty_bytes as)
{
    struct cty_case c;
    if (!v->step.stopped && cty_step_case(v->step.memory, &v->evidence->case_id, &c) == CUSTODY_OK) {
        judge_quorum(v, &c);
        judge_audience(v, &c, as);
        return;
    }
    cty_report_skip(v->report, CTY_CLAIM_QUORUM, "the case could not be judged to its end");
    cty_report_skip(v->report, CTY_CLAIM_ONCE, "the case could not be judged to its end");
    if (as.size || v->trust->name.size) {
        v->report->claims[CTY_CLAIM_AUDIENCE].required = true;
        cty_report_skip(v->report, CTY_CLAIM_AUDIENCE, "the case could not be judged to its end");
    }
}

static custody_err finish(struct verify *v, struct cty_bytes as)
{
    size_t count = v->evidence->entries_count;
    uint64_t last = count ? v->evidence->entries[count - 1]->parsed.entry.index : 0;
    check_foreign_blobs(v);
    judge_case(v, as);
    CTY_TRY(cty_step_finish(&v->step, last));
    cty_report_hold(v->report, CTY_CLAIM_INTACT, "%zu entries in their one form, linked, and in the checkpoint's tree", count);
    cty_report_hold(v->report, CTY_CLAIM_COMPLETE, "no entry of the case or the trust chain is missing up to %llu",
                    (unsigned long long)last);
    return CUSTODY_OK;
}

static custody_err verify_all(struct verify *v, struct cty_bytes as)
{
    char hex[65];
    struct cty_note *note = cty_alloc(1, sizeof(*note));
    if (!note)
        return CUSTODY_E_NO_MEMORY;
    bool opened = open_checkpoint(v, note);
    free(note);
    cty_hex_write(v->evidence->case_id.bytes, CTY_HASH_SIZE, hex);
    snprintf(v->report->subject, sizeof(v->report->subject), "case %s", hex);
    for (size_t i = 0; i < v->evidence->entries_count; i++)
        v->evidence->entries[i]->proven = false;
    check_case_is_whole(v);
    if (opened) {
        prove_inclusions(v);
        follow_links(v);
        CTY_TRY(judge_entries(v));
    } else {
        v->step.stopped = true;
    }
    return finish(v, as);
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
    custody_err err = cty_step_init(&v->step, trust, report);
    if (err == CUSTODY_OK) {
        cty_memory_set_sparse(v->step.memory);
        v->step.contents = &contents;
        v->step.missing = missing_in_evidence;
        err = verify_all(v, as);
    }
    if (err == CUSTODY_OK && ret_memory) {
        *ret_memory = v->step.memory;
        v->step.memory = NULL;
    }
    cty_step_done(&v->step);
    free(v);
    return err;
}
