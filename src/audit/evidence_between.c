/* SPDX-License-Identifier: Apache-2.0 */
/* The claim `between`: the entries of the file and of its member `between`, merged into one range by index. */
#include "audit/between.h"
#include "audit/evidence_inner.h"
#include "base/check.h"

struct range {
    const struct cty_evidence *evidence;
    struct cty_between walk;
    uint64_t release;
    uint64_t consume;
    size_t given; /* of the entries in `between`, so many were taken */
};

static const struct cty_evidence_entry *entry_at(const struct cty_evidence *evidence, uint64_t index)
{
    bool found = false;
    size_t place = cty_evidence_place(evidence, index, &found);
    return found ? evidence->entries[place] : NULL;
}

static custody_err next_text(struct range *r, uint64_t index, struct cty_bytes *ret_text, custody_error *error)
{
    const struct cty_evidence_between *between = &r->evidence->between;
    const struct cty_evidence_entry *own = entry_at(r->evidence, index);
    if (!own && r->given == between->entries_count)
        return cty_fail(error, CUSTODY_E_GAP, "entry %llu is not in the file", (unsigned long long)index);
    *ret_text = own ? own->text : between->entries[r->given++];
    return CUSTODY_OK;
}

static custody_err walk(struct range *r, const struct cty_checkpoint *checkpoint, custody_error *error)
{
    const struct cty_evidence_between *between = &r->evidence->between;
    struct cty_bytes text = {NULL, 0};
    for (uint64_t i = between->left.size; i < r->consume; i++) {
        CTY_TRY(next_text(r, i, &text, error));
        CTY_TRY(cty_between_take(&r->walk, text, error));
    }
    if (r->given != between->entries_count)
        return cty_fail(error, CUSTODY_E_PROOF_INVALID, "entries that are not of the range");
    CTY_TRY(next_text(r, r->consume, &text, error));
    return cty_between_end(&r->walk, text, checkpoint, &between->proof, error);
}

static void fail_claim(struct cty_report *report, custody_err err, const custody_error *error)
{
    cty_report_fail(report, CTY_CLAIM_BETWEEN, err, CTY_REPORT_NO_ENTRY, "%s",
                    error->detail[0] ? error->detail : custody_err_sentence(err));
}

static void hold_claim(const struct range *r, uint64_t begin, struct cty_report *report)
{
    unsigned long long from = r->walk.from, consume = r->consume;
    cty_report_hold(report, CTY_CLAIM_BETWEEN,
                    "entries %llu to %llu are proven to be the ledger's, and nothing of the case is among them but what is "
                    "here%s",
                    from, consume, from <= begin ? "; before them there can be none" : "");
}

static custody_err judge_range(struct range *r, const struct cty_checkpoint *checkpoint, struct cty_report *report)
{
    custody_error error = {0};
    uint64_t begin = 0;
    custody_err err = cty_between_init(&r->walk, r->evidence, &r->evidence->between.left);
    if (err == CUSTODY_OK)
        err = walk(r, checkpoint, &error);
    if (err == CUSTODY_OK)
        err = cty_between_begin_of(r->evidence, &begin);
    cty_between_done(&r->walk);
    if (err == CUSTODY_E_NO_MEMORY)
        return err;
    if (err == CUSTODY_OK)
        hold_claim(r, begin, report);
    else
        fail_claim(report, err, &error);
    return CUSTODY_OK;
}

custody_err cty_evidence_judge_between(const struct cty_evidence *evidence, const struct cty_case *the_case,
                                       const struct cty_checkpoint *checkpoint, struct cty_report *report)
{
    const struct cty_evidence_between *between = &evidence->between;
    struct range range = {.evidence = evidence};
    bool consumed = the_case->consume.present && the_case->release.present &&
                    cty_between_find(evidence, &the_case->release.hash, &range.release) &&
                    cty_between_find(evidence, &the_case->consume.hash, &range.consume);
    if (!consumed && between->present)
        cty_report_fail(report, CTY_CLAIM_BETWEEN, CUSTODY_E_PROOF_INVALID, CTY_REPORT_NO_ENTRY,
                        "the file holds entries up to a consume, and the case was not consumed");
    if (!consumed)
        return CUSTODY_OK;
    if (!between->present) {
        cty_report_skip(report, CTY_CLAIM_BETWEEN, "the entries between release and consume are not at hand");
        return CUSTODY_OK;
    }
    if (between->left.size > range.release) {
        cty_report_fail(report, CTY_CLAIM_BETWEEN, CUSTODY_E_GAP, range.release, "the range begins behind the release");
        return CUSTODY_OK;
    }
    return judge_range(&range, checkpoint, report);
}
