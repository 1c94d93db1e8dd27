/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands between a release and its consume. `case_prev` and `trust` are words of the custodian, which only a reader
 * of every entry can check: one that hangs two consumes on one release shows each agent an unbroken case. So
 * the few entries between the two are read, every one, along `prev` from the entry in the receipt. What a tree that is not
 * its chain, or a decision entered twice, can still hide is for the audit of the whole ledger to find:
 *
 *     release <-prev- entry <-prev- entry <-prev- our consume        none of the case but what it was judged with; `trust`
 *                                                                    as the entries give it
 */
#include "client/inner.h"
#include "client/judge.h"
#include "client/read.h"
#include "codec/text.h"

struct between {
    const struct cty_judgement *judgement;
    const struct cty_hash *release;
    struct cty_parsed_entry *parsed;
    bool found;            /* the release */
    uint64_t next;         /* index of the entry that comes now */
    struct cty_hash leaf;  /* of the entry before it */
    struct cty_hash trust; /* of the newest trust-class entry before it */
    custody_error *error;
};

static custody_err find_release(void *context, const struct cty_parsed_entry *entry, struct cty_bytes text)
{
    struct between *b = context;
    if (!cty_hash_equal(&entry->signed_statement.digest, b->release))
        return CUSTODY_OK;
    b->found = entry->entry.trust.present;
    b->next = entry->entry.index + 1;
    b->leaf = cty_tree_leaf(text);
    b->trust = entry->entry.trust.hash;
    return CUSTODY_OK;
}

/* The links of b->parsed, as they must be here. */
static custody_err check_links(const struct between *b)
{
    const struct cty_entry *entry = &b->parsed->entry;
    unsigned long long index = entry->index;
    if (entry->index != b->next || !entry->prev.present || !cty_hash_equal(&entry->prev.hash, &b->leaf))
        return cty_fail(b->error, CUSTODY_E_CHAIN_BROKEN, "entry %llu does not follow the one before", index);
    if (!entry->trust.present || !cty_hash_equal(&entry->trust.hash, &b->trust))
        return cty_fail(b->error, CUSTODY_E_CHAIN_BROKEN, "entry %llu passes over the newest entry of the trust chain",
                        index);
    return CUSTODY_OK;
}

/* Whether the evidence holds this very entry: then the case was judged with it, by its place in the case. */
static bool was_judged(const struct between *b, struct cty_bytes text)
{
    const struct cty_evidence *evidence = b->judgement->evidence;
    for (size_t i = 0; i < cty_evidence_entries(evidence); i++) {
        if (cty_bytes_equal(cty_evidence_entry(evidence, i), text))
            return true;
    }
    return false;
}

/* A released case may be offered, and the offer come to nothing; else it goes on by one entry, which is ours or isn't. */
static custody_err check_case(const struct between *b, struct cty_bytes text)
{
    const struct cty_statement *st = &b->parsed->signed_statement.statement;
    unsigned long long index = b->parsed->entry.index;
    if (!(cty_type_flags(st->type) & CTY_TYPE_CASE) || !cty_hash_equal(&st->case_id, &b->judgement->case_id))
        return CUSTODY_OK;
    if (st->type == CTY_CONSUME)
        return cty_fail(b->error, CUSTODY_E_DOUBLE_CONSUME, "entry %llu is another consume, which the case passes over",
                        index);
    if (was_judged(b, text))
        return CUSTODY_OK;
    return cty_fail(b->error, CUSTODY_E_CHAIN_BROKEN, "the case passes over its entry %llu", index);
}

static custody_err take_entry(struct between *b, struct cty_bytes text)
{
    CTY_TRY(cty_entry_parse(text, b->parsed, b->error));
    CTY_TRY(check_links(b));
    CTY_TRY(check_case(b, text));
    b->leaf = cty_tree_leaf(text);
    b->next++;
    if (cty_type_class_get(b->parsed->signed_statement.statement.type) == CTY_CLASS_TRUST)
        b->trust = b->leaf;
    return CUSTODY_OK;
}

static custody_err each_entries(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    struct between *b = context;
    (void)first;
    for (size_t i = 0; i < count; i++)
        CTY_TRY(take_entry(b, texts[i]));
    return CUSTODY_OK;
}

static custody_err check(struct cty_client *client, struct between *b, struct cty_bytes consume)
{
    CTY_TRY(cty_judgement_each(b->judgement, find_release, b));
    if (!b->found)
        return cty_fail(b->error, CUSTODY_E_GAP, "the release is missing");
    CTY_TRY(cty_entry_parse(consume, b->parsed, b->error));
    uint64_t end = b->parsed->entry.index;
    if (end < b->next)
        return cty_fail(b->error, CUSTODY_E_CHAIN_BROKEN, "the consume stands before its release");
    CTY_TRY(cty_client_entries(client, b->next, end, each_entries, b, b->error));
    CTY_TRY(cty_entry_parse(consume, b->parsed, b->error));
    return check_links(b);
}

custody_err cty_judgement_check_between(struct cty_client *client, const struct cty_judgement *judgement,
                                        const struct cty_hash *release, struct cty_bytes consume, custody_error *error)
{
    struct between b = {.judgement = judgement, .release = release, .error = error};
    b.parsed = cty_alloc(1, sizeof(*b.parsed));
    if (!b.parsed)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = check(client, &b, consume);
    cty_parsed_entry_done(b.parsed);
    cty_free_pointer(&b.parsed);
    return err;
}
