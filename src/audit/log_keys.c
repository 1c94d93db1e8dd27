/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/log_keys.h"

#include <stdlib.h>

#include "audit/evidence_inner.h"
#include "audit/step.h"
#include "base/check.h"

struct walk {
    struct cty_step step;
    struct cty_parsed_entry parsed;
    struct cty_report report;
    uint64_t next;
};

static custody_err verify_signatures(const struct walk *walk, const struct cty_key keys[CTY_SIGNERS_MAX],
                                     const struct cty_bytes names[CTY_SIGNERS_MAX])
{
    const struct cty_signed *statement = &walk->parsed.signed_statement;
    for (uint32_t i = 0; i < statement->signatures_count; i++)
        CTY_TRY(cty_signed_verify(statement, i, names[i], &keys[i]));
    return CUSTODY_OK;
}

static custody_err judge(struct walk *walk, struct cty_bytes text, custody_error *error)
{
    struct cty_key keys[CTY_SIGNERS_MAX];
    struct cty_bytes names[CTY_SIGNERS_MAX];
    struct cty_buf memory = CTY_BUF_INIT(1024);
    struct cty_hash leaf = cty_tree_leaf(text);
    custody_err err = cty_entry_parse(text, &walk->parsed, error);
    CTY_TRY_OUT(err);
    walk->step.at = walk->parsed.entry.index;
    CTY_TRY_OUT(cty_step_keys(&walk->step, &walk->parsed, &memory, keys, names));
    if (!walk->step.keyless)
        CTY_TRY_OUT(verify_signatures(walk, keys, names));
    err = cty_step_fold(&walk->step, &walk->parsed, &leaf, keys, walk->step.at != walk->next);
    walk->next = walk->step.at + 1;
out:
    cty_buf_done(&memory);
    return err;
}

/* The first claim that failed says why the chain is not to be believed. */
static custody_err refuse(const struct walk *walk, custody_error *error)
{
    for (size_t i = 0; i < CTY_CLAIM_COUNT; i++) {
        const struct cty_claim_line *line = &walk->report.claims[i];
        if (line->state == CTY_CLAIM_FAILS)
            return cty_fail(error, line->code, "the trust chain, entry %llu", (unsigned long long)line->entry);
    }
    return cty_fail(error, CUSTODY_E_NOT_CHECKED, "the trust chain");
}

static bool has_failed(const struct walk *walk)
{
    bool failed = walk->step.stopped;
    for (size_t i = 0; i < CTY_CLAIM_COUNT; i++)
        failed = failed || walk->report.claims[i].state == CTY_CLAIM_FAILS;
    return failed;
}

custody_err cty_log_keys_find(const struct cty_trust *trust, const struct cty_bytes *texts, size_t count,
                              struct cty_log_keys *ret_keys, custody_error *error)
{
    struct walk *walk = cty_alloc(1, sizeof(*walk));
    if (!walk)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = cty_step_init(&walk->step, trust, &walk->report);
    if (err == CUSTODY_OK) {
        cty_memory_set_sparse(walk->step.memory);
        walk->step.missing = cty_evidence_missing;
    }
    for (size_t i = 0; err == CUSTODY_OK && i < count && !has_failed(walk); i++)
        err = judge(walk, texts[i], error);
    if (err == CUSTODY_OK && has_failed(walk))
        err = refuse(walk, error);
    if (err == CUSTODY_OK)
        *ret_keys = walk->step.log_keys;
    cty_parsed_entry_done(&walk->parsed);
    cty_step_done(&walk->step);
    free(walk);
    return err;
}
