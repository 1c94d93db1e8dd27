/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/receipt.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"
#include "model/entry.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1\n"

bool cty_is_receipt(struct cty_bytes text)
{
    const size_t size = sizeof(FIRST_LINE) - 1;
    return text.size >= size && memcmp(text.data, FIRST_LINE, size) == 0;
}

custody_err cty_receipt_entry(struct cty_bytes text, struct cty_buf *out)
{
    CTY_AUTO_FREE struct cty_receipt *receipt = cty_alloc(1, sizeof(*receipt));
    if (!receipt)
        return CUSTODY_E_NO_MEMORY;
    CTY_TRY(cty_receipt_parse(text, receipt));
    return receipt->extra_base64.size ? cty_base64_parse(receipt->extra_base64, out) : CUSTODY_OK;
}

/* All that one judgement works with; on the heap, notes are large. */
struct judging {
    const struct cty_trust *trust;
    struct cty_report *report;
    struct cty_bytes entry;
    struct cty_receipt receipt;
    struct cty_checkpoint checkpoint;
    struct cty_note note;
    struct cty_parsed_entry parsed;
};

static void judge_checkpoint(struct judging *j)
{
    custody_err err = cty_checkpoint_open_by(j->receipt.note, j->trust->origin, &j->trust->log_keys, &j->checkpoint);
    if (err == CUSTODY_OK)
        err = cty_note_parse(j->receipt.note, &j->note);
    if (err != CUSTODY_OK) {
        cty_report_fail(j->report, CTY_CLAIM_CHECKPOINT, err, CTY_REPORT_NO_ENTRY, "%s", custody_err_sentence(err));
        cty_report_skip(j->report, CTY_CLAIM_INTACT, "without a checkpoint there is no tree to look in");
        return;
    }
    cty_report_hold(j->report, CTY_CLAIM_CHECKPOINT, "size %llu, signed by the log key that the trust file pins",
                    (unsigned long long)j->checkpoint.size);
    cty_trust_witnessed(j->trust, &j->note, j->report);
}

/* The entry is in its one form, says the index at which it stands, and is the leaf there. */
static void judge_entry(struct judging *j)
{
    uint64_t index = j->receipt.index;
    struct cty_hash leaf = cty_tree_leaf(j->entry);
    custody_err err =
        cty_tree_inclusion_verify(&leaf, index, j->checkpoint.size, &j->checkpoint.root, &j->receipt.proof);
    if (err != CUSTODY_OK) {
        cty_report_fail(j->report, CTY_CLAIM_INTACT, err, index, "the tree holds another entry there, or none");
        return;
    }
    err = cty_entry_parse(j->entry, &j->parsed, NULL);
    if (err == CUSTODY_OK && j->parsed.entry.index != index)
        err = CUSTODY_E_CHAIN_BROKEN;
    if (err != CUSTODY_OK) {
        cty_report_fail(j->report, CTY_CLAIM_INTACT, err, index, "the ledger holds it, and it is not of an entry's form");
        return;
    }
    cty_report_hold(j->report, CTY_CLAIM_INTACT, "entry %llu is in its one form, and in the tree", (unsigned long long)index);
}

static void name_subject(const struct judging *j)
{
    const struct cty_statement *st = &j->parsed.signed_statement.statement;
    bool known = j->report->claims[CTY_CLAIM_INTACT].state == CTY_CLAIM_HOLDS;
    snprintf(j->report->subject, sizeof(j->report->subject), "entry %llu of %.*s%s%s", (unsigned long long)j->receipt.index,
             (int)j->trust->origin.size, (const char *)j->trust->origin.data, known ? ": a statement of type " : "",
             known ? cty_type_name(st->type) : "");
}

static custody_err judge(struct judging *j, struct cty_bytes text, custody_error *error)
{
    custody_err err = cty_receipt_parse(text, &j->receipt);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "it is not of the form of a tlog-proof");
    j->report->of_entry = true;
    j->report->claims[CTY_CLAIM_CHECKPOINT].required = j->report->claims[CTY_CLAIM_INTACT].required = true;
    judge_checkpoint(j);
    if (j->report->claims[CTY_CLAIM_CHECKPOINT].state == CTY_CLAIM_HOLDS)
        judge_entry(j);
    cty_report_skip(j->report, CTY_CLAIM_SIGNED, "whose key it was, and whether it was lawful, evidence of its case tells");
    name_subject(j);
    return CUSTODY_OK;
}

custody_err cty_receipt_judge(struct cty_bytes text, struct cty_bytes entry, const struct cty_trust *trust,
                              struct cty_report *report, custody_error *error)
{
    struct judging *j = cty_alloc(1, sizeof(*j));
    if (!j)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    memset(report, 0, sizeof(*report));
    j->trust = trust;
    j->report = report;
    j->entry = entry;
    custody_err err = judge(j, text, error);
    cty_parsed_entry_done(&j->parsed);
    free(j);
    return err;
}
