/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How evidence hangs on its checkpoint. What is proven spreads from entries with inclusion proofs along their links:
 *
 *     checkpoint (signed) <- inclusion proof <- newest entry of the case
 *                                                 | case_prev -> ... -> request
 *                                                 | trust     -> ... -> entry 0
 *
 * Every entry in the file must be reached, and every link to the case's and the trust chain's entries must find its
 * entry in the file: an entry left out is a gap.
 */
#include "audit/evidence_inner.h"
#include "audit/footing.h"

struct tie {
    const struct cty_evidence *evidence;
    const struct cty_evidence_index *index;
    const struct cty_checkpoint *checkpoint;
    struct cty_report *report;
};

static void prove_inclusion(const struct tie *t, const struct cty_evidence_proof *item)
{
    bool found = false;
    struct cty_proof proof;
    size_t place = cty_evidence_place(t->evidence, item->at, &found);
    if (!found) {
        cty_report_fail(t->report, CTY_CLAIM_INTACT, CUSTODY_E_PROOF_INVALID, item->at,
                        "a proof for an entry that is not in the file");
        return;
    }
    struct cty_evidence_entry *entry = t->evidence->entries[place];
    cty_evidence_proof_get(item, &proof);
    custody_err err =
        cty_tree_inclusion_verify(&entry->leaf, item->at, t->checkpoint->size, &t->checkpoint->root, &proof);
    entry->proven = err == CUSTODY_OK;
    if (err != CUSTODY_OK)
        cty_report_fail(t->report, CTY_CLAIM_INTACT, err, item->at, "the entry is not in the tree of the checkpoint");
}

static void follow_link(const struct tie *t, const struct cty_evidence_entry *from, const struct cty_opt_hash *link,
                        const char *name)
{
    struct cty_evidence_entry *target = cty_evidence_by_link(t->index, link, from->entry.index);
    if (target && from->proven)
        target->proven = true;
    /* What it stands on was in the tree of an earlier checkpoint, and by this link is in this one's. */
    if (link == &from->entry.trust && link->present && t->evidence->footing &&
        cty_hash_equal(&link->hash, cty_footing_leaf(t->evidence->footing)))
        return;
    if (link->present && !target)
        cty_report_fail(t->report, CTY_CLAIM_COMPLETE, CUSTODY_E_GAP, from->entry.index,
                        "its %s link names an entry that is not in the file", name);
}

/* The entry before need not be here. Where the link names another one that is, the indices of the two lie. */
static void follow_prev(const struct tie *t, const struct cty_evidence_entry *from)
{
    struct cty_evidence_entry *target = cty_evidence_by_link(t->index, &from->entry.prev, from->entry.index);
    if (!target)
        return;
    if (from->proven)
        target->proven = true;
    if (target->entry.index + 1 != from->entry.index)
        cty_report_fail(t->report, CTY_CLAIM_INTACT, CUSTODY_E_CHAIN_BROKEN, from->entry.index,
                        "its prev link names entry %llu", (unsigned long long)target->entry.index);
}

/* With every entry of the checkpoint in hand there is no need to believe links: they give its root, or they don't. */
static void check_root(const struct tie *t)
{
    struct cty_frontier frontier = {.size = 0};
    if (t->evidence->entries_count != t->checkpoint->size || !cty_evidence_reach_get(t->evidence).every_index)
        return;
    for (size_t i = 0; i < t->evidence->entries_count; i++) {
        if (cty_frontier_append(&frontier, &t->evidence->entries[i]->leaf, NULL, NULL) != CUSTODY_OK)
            return; /* as many leaves as no tree has */
    }
    struct cty_hash root = cty_frontier_root(&frontier);
    if (!cty_hash_equal(&root, &t->checkpoint->root))
        cty_report_fail(t->report, CTY_CLAIM_INTACT, CUSTODY_E_ROOT_MISMATCH, CTY_REPORT_NO_ENTRY,
                        "the entries do not give the root that the log key signed");
}

/* From the newest down, so that all that an entry can be reached by has been reached before it. */
void cty_evidence_tie(const struct cty_evidence *evidence, const struct cty_evidence_index *index,
                      const struct cty_checkpoint *checkpoint, struct cty_report *report)
{
    const struct tie t = {evidence, index, checkpoint, report};
    for (size_t i = 0; i < evidence->entries_count; i++)
        evidence->entries[i]->proven = false;
    for (size_t i = 0; i < evidence->proofs_count; i++)
        prove_inclusion(&t, &evidence->proofs[i]);
    check_root(&t);
    for (size_t i = evidence->entries_count; i > 0; i--) {
        const struct cty_evidence_entry *entry = evidence->entries[i - 1];
        follow_prev(&t, entry);
        follow_link(&t, entry, &entry->entry.trust, "trust");
        follow_link(&t, entry, &entry->entry.case_prev, "case_prev");
        if (!entry->proven)
            cty_report_fail(report, CTY_CLAIM_INTACT, CUSTODY_E_PROOF_INVALID, entry->entry.index,
                            "no proof reaches the entry");
    }
}

void cty_evidence_check_whole(const struct cty_evidence *evidence, struct cty_report *report)
{
    bool request = false;
    for (size_t i = 0; i < evidence->entries_count; i++) {
        const struct cty_evidence_entry *entry = evidence->entries[i];
        request = request || (entry->type == CTY_REQUEST && cty_hash_equal(&entry->digest, &evidence->case_id));
    }
    if (!request)
        cty_report_fail(report, CTY_CLAIM_COMPLETE, CUSTODY_E_GAP, CTY_REPORT_NO_ENTRY,
                        "the request of the case is not in the file");
    if (!evidence->footing && (evidence->entries_count == 0 || evidence->entries[0]->entry.index != 0))
        cty_report_fail(report, CTY_CLAIM_COMPLETE, CUSTODY_E_GENESIS_MISSING, CTY_REPORT_NO_ENTRY,
                        "entry 0 is not in the file");
}

/*
 * Links lead back, never on: of the case nothing is known behind its newest entry here, but where the entries behind it
 * are here too. Every entry names the trust chain, so that one is whole up to the newest entry of any kind.
 */
struct cty_evidence_reach cty_evidence_reach_get(const struct cty_evidence *evidence)
{
    struct cty_evidence_reach reach = {.every_index = true};
    bool following = false;
    for (size_t i = 0; i < evidence->entries_count; i++) {
        const struct cty_evidence_entry *entry = evidence->entries[i];
        bool adjacent = i > 0 && entry->entry.index == evidence->entries[i - 1]->entry.index + 1;
        reach.every_index = reach.every_index && entry->entry.index == i;
        following = cty_hash_equal(&entry->case_id, &evidence->case_id) || (following && adjacent);
        if (following)
            reach.of_case = entry->entry.index;
        reach.newest = entry->entry.index;
    }
    return reach;
}
