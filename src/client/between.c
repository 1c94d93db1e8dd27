/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands between a release and its consume. `case_prev` and `trust` are words of the custodian: one that hangs two
 * consumes on one release, or makes two releases of one request, shows each agent an unbroken case. So every entry is read
 * from what the request's signer saw, before which nothing of the case can stand, up to the consume; where that is too
 * much, from the release on. src/audit/between.h proves them to be the leaves of the checkpoint's tree.
 */
#include "audit/between.h"
#include "client/inner.h"
#include "client/judge.h"
#include "client/read.h"

/* The two proofs: the first tells what stands left of the range, the second proves it. */
struct ends {
    uint64_t index[2];
    uint64_t size;
    struct cty_proof proofs[2];
};

static void fill_end(void *context, size_t i, struct cty_rpc_params *params)
{
    const struct ends *ends = context;
    params->u.proof_inclusion.index = ends->index[i];
    params->u.proof_inclusion.size = ends->size;
}

static custody_err take_end(void *context, size_t i, const union cty_rpc_result *result, custody_error *error)
{
    struct ends *ends = context;
    struct cty_receipt receipt;
    custody_err err = cty_receipt_parse(result->proof_inclusion.receipt, &receipt);
    if (err != CUSTODY_OK || receipt.index != ends->index[i])
        return cty_fail(error, CUSTODY_E_PROOF_INVALID, "an inclusion proof is not of its form");
    ends->proofs[i] = receipt.proof;
    return CUSTODY_OK;
}

static custody_err fetch_ends(struct cty_client *client, struct ends *ends, struct cty_frontier *ret_left,
                              custody_error *error)
{
    struct cty_batch batch = {CTY_RPC_PROOF_INCLUSION, 2, ends, fill_end, take_end};
    CTY_TRY(cty_client_batch(client, &batch, error));
    custody_err err = cty_frontier_from_proof(ends->index[0], ends->size, &ends->proofs[0], ret_left);
    return err == CUSTODY_OK ? err : cty_fail(error, err, "an inclusion proof is not of its form");
}

/* ---- before acting: read, and thrown away ---- */

struct reading {
    struct cty_between walk;
    custody_error *error;
};

static custody_err each_entries(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    struct reading *reading = context;
    (void)first;
    for (size_t i = 0; i < count; i++)
        CTY_TRY(cty_between_take(&reading->walk, texts[i], reading->error));
    return CUSTODY_OK;
}

static custody_err index_of(struct cty_bytes entry, uint64_t *ret_index, custody_error *error)
{
    struct cty_parsed_entry *parsed = cty_alloc(1, sizeof(*parsed));
    if (!parsed)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = cty_entry_parse(entry, parsed, error);
    *ret_index = parsed->entry.index;
    cty_parsed_entry_done(parsed);
    cty_free_pointer(&parsed);
    return err;
}

/* From where to read: all that can hold anything of the case, if that is not too much; the release at least. */
static custody_err find_range(const struct cty_judgement *judgement, const struct cty_hash *release,
                              struct cty_bytes consume, struct ends *ends, custody_error *error)
{
    uint64_t begin = 0, released = 0, end = 0;
    if (!cty_between_find(judgement->evidence, release, &released))
        return cty_fail(error, CUSTODY_E_GAP, "the release is missing");
    CTY_TRY(cty_between_begin_of(judgement->evidence, &begin));
    CTY_TRY(index_of(consume, &end, error));
    if (end <= released || end >= judgement->checkpoint.size)
        return cty_fail(error, CUSTODY_E_CHAIN_BROKEN, "the consume does not stand behind its release");
    if (begin > released || end - begin > CTY_BETWEEN_ENTRIES_MAX)
        begin = released;
    ends->index[0] = begin;
    ends->index[1] = end;
    ends->size = judgement->checkpoint.size;
    return CUSTODY_OK;
}

static custody_err check(struct cty_client *client, const struct cty_judgement *judgement, const struct cty_hash *release,
                         struct cty_bytes consume, struct reading *reading)
{
    struct ends ends;
    struct cty_frontier left;
    CTY_TRY(find_range(judgement, release, consume, &ends, reading->error));
    CTY_TRY(fetch_ends(client, &ends, &left, reading->error));
    CTY_TRY(cty_between_init(&reading->walk, judgement->evidence, &left));
    CTY_TRY(cty_client_entries(client, ends.index[0], ends.index[1], each_entries, reading, reading->error));
    return cty_between_end(&reading->walk, consume, &judgement->checkpoint, &ends.proofs[1], reading->error);
}

custody_err cty_judgement_check_between(struct cty_client *client, const struct cty_judgement *judgement,
                                        const struct cty_hash *release, struct cty_bytes consume, custody_error *error)
{
    struct reading *reading = cty_alloc(1, sizeof(*reading));
    if (!reading)
        return CUSTODY_E_NO_MEMORY;
    reading->error = error;
    custody_err err = check(client, judgement, release, consume, reading);
    cty_between_done(&reading->walk);
    cty_free_pointer(&reading);
    return err;
}

/* ---- for evidence files: kept ---- */

static custody_err keep_entries(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    struct cty_evidence *evidence = context;
    for (size_t i = 0; i < count; i++) {
        if (!cty_evidence_has(evidence, first + i))
            CTY_TRY(cty_evidence_add_between(evidence, texts[i]));
    }
    return CUSTODY_OK;
}

custody_err cty_client_gather_between(struct cty_client *client, struct cty_evidence *evidence, uint64_t size,
                                      bool since_request, custody_error *error)
{
    struct ends ends = {.size = size};
    struct cty_frontier left;
    if (!cty_between_ends(evidence, &ends.index[0], &ends.index[1]) || ends.index[1] >= size)
        return CUSTODY_OK;
    if (since_request)
        CTY_TRY(cty_between_begin_of(evidence, &ends.index[0]));
    if (ends.index[1] - ends.index[0] > CTY_BETWEEN_ENTRIES_MAX)
        return CUSTODY_OK; /* the claim then says that it was not checked */
    CTY_TRY(fetch_ends(client, &ends, &left, error));
    cty_evidence_set_between(evidence, &left, &ends.proofs[1]);
    return cty_client_entries(client, ends.index[0], ends.index[1], keep_entries, evidence, error);
}
