/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collecting evidence. What the custodian leaves out shows when it is judged; what it gives beyond that is checked
 * there too. Contents alone are compared here, as they come, so that a wrong one is never handed on.
 *
 *     case.entries (and parents')  ->  trust.entries, from where we were  ->  newest checkpoint
 *          ->  proofs that no link gives, a consistency proof for each `seen`  ->  contents
 */
#include <stdlib.h>

#include "client/inner.h"
#include "client/judge.h"
#include "client/read.h"
#include "client/witnessed.h"
#include "codec/text.h"

/* Cases above a case: each brings its ancestry along, which is bounded. */
#define PARENTS_MAX CTY_ANCESTRY_MAX

/* ---- the trust chain ---- */

struct page {
    struct cty_client *client;
    struct cty_evidence *evidence; /* or NULL, for the chain */
    struct cty_parsed_entry *scratch;
    custody_error *error;
};

/* Fetches what is new, and the checkpoint that covers it. */
static custody_err extend_chain(struct page *page, struct cty_answer *answer)
{
    uint64_t next = page->client->chain.next;
    do {
        struct cty_rpc_params params = {.u.trust_entries.from = next};
        CTY_TRY(cty_client_call(page->client, CTY_RPC_TRUST_ENTRIES, &params, answer, page->error));
        CTY_TRY(cty_chain_take(&page->client->chain, answer, page->scratch, page->error));
        uint64_t more = answer->result.trust_entries.next;
        if (more && more <= next)
            return cty_fail(page->error, CUSTODY_E_BAD_RPC, "the trust chain does not go on");
        next = more;
        CTY_TRY(cty_client_advance(page->client, answer->result.trust_entries.checkpoint, NULL, page->error));
    } while (next);
    return CUSTODY_OK;
}

/* So many entries of the chain are in the footing, where this case comes after all of them; else 0. */
static size_t stand_on_footing(struct page *page)
{
    const struct cty_footing *footing = page->client->footing;
    const struct cty_chain *chain = &page->client->chain;
    size_t count = footing ? cty_footing_count(footing) : 0;
    if (count == 0 || count > chain->count ||
        cty_evidence_first_of_cases(page->evidence) < cty_footing_next(footing))
        return 0;
    struct cty_hash leaf = cty_tree_leaf(chain->texts[count - 1]);
    if (!cty_hash_equal(&leaf, cty_footing_leaf(footing)))
        return 0;
    cty_evidence_stand_on(page->evidence, footing);
    return count;
}

static custody_err add_chain(struct page *page, unsigned what)
{
    const struct cty_chain *chain = &page->client->chain;
    for (size_t i = what & CTY_GATHER_ON_FOOTING ? stand_on_footing(page) : 0; i < chain->count; i++)
        CTY_TRY(cty_evidence_add_entry(page->evidence, chain->texts[i], page->error));
    return CUSTODY_OK;
}

/* ---- the case and its parents ---- */

static custody_err take_case_page(struct page *page, const struct cty_answer *answer)
{
    const struct cty_json_node *list = cty_rpc_list(&answer->message, &answer->answer, "entries");
    for (const struct cty_json_node *node = list ? cty_json_first(&answer->message.json, list) : NULL; node;
         node = cty_json_after(&answer->message.json, list, node))
        CTY_TRY(cty_evidence_add_entry(page->evidence, node->text, page->error));
    return CUSTODY_OK;
}

static custody_err fetch_case(struct page *page, const struct cty_hash *case_id, struct cty_answer *answer)
{
    struct cty_rpc_params params = {.u.case_entries.case_id = *case_id};
    uint64_t next = 0;
    do {
        params.u.case_entries.from = next;
        CTY_TRY(cty_client_call(page->client, CTY_RPC_CASE_ENTRIES, &params, answer, page->error));
        CTY_TRY(take_case_page(page, answer));
        uint64_t more = answer->result.case_entries.next;
        if (more && more <= next)
            return cty_fail(page->error, CUSTODY_E_BAD_RPC, "the case does not go on");
        next = more;
        CTY_TRY(cty_client_advance(page->client, answer->result.case_entries.checkpoint, NULL, page->error));
    } while (next);
    return CUSTODY_OK;
}

struct parents {
    struct cty_hash ids[PARENTS_MAX];
    size_t count;
    size_t fetched;
};

static custody_err note_parent(void *context, const struct cty_hash *case_id)
{
    struct parents *parents = context;
    for (size_t i = 0; i < parents->count; i++) {
        if (cty_hash_equal(&parents->ids[i], case_id))
            return CUSTODY_OK;
    }
    if (parents->count == PARENTS_MAX)
        return CUSTODY_E_LIMIT_REACHED;
    parents->ids[parents->count++] = *case_id;
    return CUSTODY_OK;
}

static custody_err fetch_parents(struct page *page, struct cty_answer *answer)
{
    struct parents parents = {.count = 0};
    const struct cty_evidence_needs needs = {.context = &parents, .parent = note_parent};
    do {
        CTY_TRY(cty_evidence_needs(page->evidence, &needs));
        if (parents.fetched == parents.count)
            return CUSTODY_OK;
        while (parents.fetched < parents.count)
            CTY_TRY(fetch_case(page, &parents.ids[parents.fetched++], answer));
    } while (true);
}

/* ---- proofs ---- */

/* Numbers, each once, in the order they came. */
struct numbers {
    uint64_t *list;
    size_t count;
    size_t capacity;
};

static custody_err note_number(void *context, uint64_t number)
{
    struct numbers *numbers = context;
    if (numbers->count && numbers->list[numbers->count - 1] == number)
        return CUSTODY_OK;
    if (numbers->count == numbers->capacity) {
        size_t capacity = numbers->capacity ? numbers->capacity * 2 : 64;
        uint64_t *grown = realloc(numbers->list, capacity * sizeof(*grown));
        if (!grown)
            return CUSTODY_E_NO_MEMORY;
        numbers->list = grown;
        numbers->capacity = capacity;
    }
    numbers->list[numbers->count++] = number;
    return CUSTODY_OK;
}

static int number_order(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static void make_single(struct numbers *numbers)
{
    size_t kept = 0;
    if (numbers->count)
        qsort(numbers->list, numbers->count, sizeof(*numbers->list), number_order);
    for (size_t i = 0; i < numbers->count; i++) {
        if (i == 0 || numbers->list[i] != numbers->list[kept - 1])
            numbers->list[kept++] = numbers->list[i];
    }
    numbers->count = kept;
}

struct proofs {
    struct cty_evidence *evidence;
    struct numbers numbers;
    uint64_t size;
};

static void fill_seen(void *context, size_t i, struct cty_rpc_params *params)
{
    const struct proofs *proofs = context;
    params->u.proof_consistency.from = proofs->numbers.list[i];
    params->u.proof_consistency.to = proofs->size;
}

static custody_err take_seen(void *context, size_t i, const union cty_rpc_result *result, custody_error *error)
{
    struct proofs *proofs = context;
    struct cty_proof proof;
    if (cty_proof_take(result->proof_consistency.hashes, result->proof_consistency.hashes_count, &proof) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_PROOF_INVALID, "a consistency proof is not of its form");
    return cty_evidence_add_seen(proofs->evidence, proofs->numbers.list[i], &proof);
}

static void fill_inclusion(void *context, size_t i, struct cty_rpc_params *params)
{
    const struct proofs *proofs = context;
    params->u.proof_inclusion.index = proofs->numbers.list[i];
    params->u.proof_inclusion.size = proofs->size;
}

/* The proof alone counts; the note with it is that of the same size, or the proof won't fit. */
static custody_err take_inclusion(void *context, size_t i, const union cty_rpc_result *result, custody_error *error)
{
    struct proofs *proofs = context;
    struct cty_receipt receipt;
    custody_err err = cty_receipt_parse(result->proof_inclusion.receipt, &receipt);
    if (err != CUSTODY_OK || receipt.index != proofs->numbers.list[i])
        return cty_fail(error, CUSTODY_E_PROOF_INVALID, "an inclusion proof is not of its form");
    return cty_evidence_add_proof(proofs->evidence, receipt.index, &receipt.proof);
}

/* A signer's `seen` beyond the checkpoint can't be proven from it, and is left for the judge to find. */
static void drop_beyond(struct numbers *numbers, uint64_t size)
{
    while (numbers->count && numbers->list[numbers->count - 1] >= size)
        numbers->count--;
}

static custody_err fetch_proofs(struct page *page, uint64_t size)
{
    struct proofs seen = {.evidence = page->evidence, .size = size};
    struct proofs inclusion = seen;
    const struct cty_evidence_needs needs_seen = {.context = &seen.numbers, .seen = note_number};
    const struct cty_evidence_needs needs_proof = {.context = &inclusion.numbers, .proof = note_number};
    custody_err err = cty_evidence_needs(page->evidence, &needs_seen);
    if (err == CUSTODY_OK)
        err = cty_evidence_needs(page->evidence, &needs_proof);
    make_single(&seen.numbers);
    make_single(&inclusion.numbers);
    drop_beyond(&seen.numbers, size);
    drop_beyond(&inclusion.numbers, size);
    struct cty_batch batch = {CTY_RPC_PROOF_CONSISTENCY, seen.numbers.count, &seen, fill_seen, take_seen};
    if (err == CUSTODY_OK)
        err = cty_client_batch(page->client, &batch, page->error);
    batch = (struct cty_batch){CTY_RPC_PROOF_INCLUSION, inclusion.numbers.count, &inclusion, fill_inclusion,
                               take_inclusion};
    if (err == CUSTODY_OK)
        err = cty_client_batch(page->client, &batch, page->error);
    free(seen.numbers.list);
    free(inclusion.numbers.list);
    return err;
}

/* ---- contents ---- */

struct wanted {
    struct cty_hash statement;
    struct cty_opt_hash case_id; /* that the statement is of; absent in the trust chain */
    char member[CTY_WORD_BYTES_MAX + 1];
};

struct contents {
    struct page *page;
    unsigned what;
    size_t cursor; /* the entry that scratch holds, plus one */
    struct wanted *list;
    size_t count;
};

/* Needs come entry by entry, so each entry is parsed once. */
static custody_err find_statement(struct contents *contents, const struct cty_hash *digest)
{
    const struct cty_evidence *evidence = contents->page->evidence;
    struct cty_parsed_entry *parsed = contents->page->scratch;
    if (contents->cursor && cty_hash_equal(&parsed->signed_statement.digest, digest))
        return CUSTODY_OK;
    size_t count = cty_evidence_entries(evidence);
    for (size_t tried = 0; tried < count; tried++) {
        size_t at = contents->cursor % count;
        contents->cursor = at + 1;
        CTY_TRY(cty_entry_parse(cty_evidence_entry(evidence, at), parsed, contents->page->error));
        if (cty_hash_equal(&parsed->signed_statement.digest, digest))
            return CUSTODY_OK;
    }
    return CUSTODY_E_NOT_FOUND;
}

static struct cty_opt_hash case_of(const struct cty_signed *statement)
{
    if (statement->statement.type == CTY_REQUEST)
        return (struct cty_opt_hash){statement->digest, true};
    return (struct cty_opt_hash){statement->statement.case_id,
                                 (cty_type_flags(statement->statement.type) & CTY_TYPE_CASE) != 0};
}

static bool is_of_case(const struct cty_opt_hash *of, const struct cty_hash *case_id)
{
    return of->present && cty_hash_equal(&of->hash, case_id);
}

static custody_err note_content(void *context, const struct cty_hash *statement, struct cty_bytes member)
{
    struct contents *contents = context;
    CTY_TRY(find_statement(contents, statement));
    const struct cty_opt_hash of = case_of(&contents->page->scratch->signed_statement);
    if (!(contents->what & CTY_GATHER_ALL) && !is_of_case(&of, cty_evidence_case(contents->page->evidence)))
        return CUSTODY_OK;
    struct wanted *grown = realloc(contents->list, (contents->count + 1) * sizeof(*grown));
    if (!grown)
        return CUSTODY_E_NO_MEMORY;
    contents->list = grown;
    struct wanted *wanted = &contents->list[contents->count];
    CTY_CHECK(member.size <= CTY_WORD_BYTES_MAX);
    wanted->statement = *statement;
    wanted->case_id = of;
    memcpy(wanted->member, member.data, member.size);
    /* cppcheck-suppress arrayIndexOutOfBoundsCond ; the check above ends the program beyond the last index */
    wanted->member[member.size] = 0;
    contents->count++;
    return CUSTODY_OK;
}

struct commitment_of {
    const char *member;
    struct cty_opt_hash hash;
};

static custody_err find_commitment(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct commitment_of *of = context;
    if (cty_bytes_is(member, of->member))
        of->hash = (struct cty_opt_hash){*hash, true};
    return CUSTODY_OK;
}

/* Whether salt and content are what the signer committed to under this member. */
static custody_err check_content(struct contents *contents, const struct wanted *wanted, const uint8_t salt[CTY_SALT_SIZE],
                                 struct cty_bytes content)
{
    CTY_TRY(find_statement(contents, &wanted->statement));
    const struct cty_statement *st = &contents->page->scratch->signed_statement.statement;
    struct commitment_of of = {.member = wanted->member};
    CTY_TRY(cty_statement_commitments(st, find_commitment, &of));
    struct cty_hash made =
        cty_commitment(st->ledger, st->signers[0], st->id, cty_bytes_text(wanted->member), salt, content);
    if (!of.hash.present || !cty_hash_equal(&made, &of.hash.hash))
        return cty_fail(contents->page->error, CUSTODY_E_BLOB_MISMATCH, "%s of the %s is not what was committed to",
                        wanted->member, cty_type_name(st->type));
    return CUSTODY_OK;
}

static custody_err fetch_content(struct contents *contents, const struct wanted *wanted)
{
    struct page *page = contents->page;
    struct cty_buf content = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    uint8_t salt[CTY_SALT_SIZE];
    const struct cty_hash *case_id = wanted->case_id.present ? &wanted->case_id.hash : NULL;
    custody_err err = cty_client_blob(page->client, case_id, &wanted->statement, cty_bytes_text(wanted->member), salt,
                                      &content, page->error);
    bool gone = err == CUSTODY_E_FORBIDDEN || err == CUSTODY_E_NOT_FOUND;
    if (err == CUSTODY_OK)
        err = check_content(contents, wanted, salt, cty_buf_bytes(&content));
    if (err == CUSTODY_OK)
        err = cty_evidence_add_blob(page->evidence, &wanted->statement, cty_bytes_text(wanted->member), salt,
                                    cty_buf_bytes(&content));
    cty_buf_done(&content);
    return gone ? CUSTODY_OK : err;
}

static custody_err fetch_contents(struct page *page, unsigned what)
{
    struct contents contents = {.page = page, .what = what};
    const struct cty_evidence_needs needs = {.context = &contents, .blob = note_content};
    if (!(what & (CTY_GATHER_CONTENTS | CTY_GATHER_ALL)) || !page->client->secret)
        return CUSTODY_OK;
    custody_err err = cty_evidence_needs(page->evidence, &needs);
    for (size_t i = 0; err == CUSTODY_OK && i < contents.count; i++)
        err = fetch_content(&contents, &contents.list[i]);
    free(contents.list);
    return err;
}

/* ---- all of it ---- */

/* The newest of all. Cosignatures come later than the checkpoint: where they count, it is asked for once more. */
static custody_err set_newest(struct page *page, uint64_t *ret_size)
{
    struct cty_checkpoint checkpoint;
    struct cty_bytes note;
    bool fresh = cty_witness_policy_asks(&page->client->trust->policy);
    CTY_TRY(cty_client_checkpoint(page->client, fresh, &checkpoint, &note, page->error));
    *ret_size = checkpoint.size;
    return cty_evidence_set_checkpoint(page->evidence, note);
}

static custody_err take_cosigned(struct page *page, struct cty_bytes text, struct cty_bytes entry, uint64_t *ret_size)
{
    struct cty_checkpoint checkpoint;
    CTY_AUTO_FREE struct cty_receipt *receipt = cty_alloc(1, sizeof(*receipt));
    if (!receipt)
        return CUSTODY_E_NO_MEMORY;
    CTY_TRY(cty_client_take_receipt(page->client, text, entry, receipt, &checkpoint, page->error));
    CTY_TRY(cty_evidence_set_checkpoint(page->evidence, receipt->note));
    *ret_size = checkpoint.size;
    return cty_evidence_set_policy(page->evidence, cty_buf_bytes(&page->client->trust->policy.text));
}

/* One that holds all that is here: it holds the newest entry. */
static custody_err set_cosigned(struct page *page, unsigned what, uint64_t *ret_size)
{
    size_t last = cty_evidence_entries(page->evidence) - 1;
    struct cty_bytes entry = cty_evidence_entry(page->evidence, last);
    CTY_CLEANUP(cty_buf_done) struct cty_buf receipt = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX * 2);
    CTY_TRY(cty_entry_parse(entry, page->scratch, page->error));
    uint64_t index = page->scratch->entry.index;
    custody_err err = what & CTY_GATHER_WAIT
                          ? cty_client_wait_witnessed(page->client, index, entry, &receipt, page->error)
                          : cty_client_look_witnessed(page->client, index, entry, &receipt, page->error);
    if (err == CUSTODY_E_NOT_WITNESSED && !(what & CTY_GATHER_WAIT))
        return set_newest(page, ret_size);
    CTY_TRY(err);
    return take_cosigned(page, cty_buf_bytes(&receipt), entry, ret_size);
}

static custody_err gather(struct page *page, const struct cty_hash *case_id, unsigned what, struct cty_answer *answer)
{
    uint64_t size = 0;
    bool cosigned = (what & CTY_GATHER_WITNESSED) && cty_witness_policy_asks(&page->client->trust->policy);
    CTY_TRY(fetch_case(page, case_id, answer));
    CTY_TRY(fetch_parents(page, answer));
    CTY_TRY(extend_chain(page, answer));
    CTY_TRY(add_chain(page, what));
    cosigned = cosigned && cty_evidence_entries(page->evidence) > 0;
    CTY_TRY(cosigned ? set_cosigned(page, what, &size) : set_newest(page, &size));
    CTY_TRY(fetch_proofs(page, size));
    if (what & CTY_GATHER_BETWEEN)
        CTY_TRY(cty_client_gather_between(page->client, page->evidence, size,
                                          (what & CTY_GATHER_SINCE_REQUEST) != 0, page->error));
    return fetch_contents(page, what);
}

custody_err cty_client_gather(struct cty_client *client, const struct cty_hash *case_id, unsigned what,
                              struct cty_evidence **ret_evidence, custody_error *error)
{
    CTY_SPAN(client);
    CTY_TRY(cty_client_needs_trust(client, error));
    struct page page = {.client = client, .error = error};
    struct cty_answer *answer = cty_alloc(1, sizeof(*answer));
    page.scratch = cty_alloc(1, sizeof(*page.scratch));
    custody_err err = answer && page.scratch ? cty_evidence_new(client->trust->origin, case_id, &page.evidence)
                                             : CUSTODY_E_NO_MEMORY;
    if (err == CUSTODY_OK)
        err = gather(&page, case_id, what, answer);
    cty_answer_done(answer);
    cty_parsed_entry_done(page.scratch);
    cty_free_pointer(&answer);
    cty_free_pointer(&page.scratch);
    if (err == CUSTODY_OK) {
        *ret_evidence = page.evidence;
        return CUSTODY_OK;
    }
    cty_evidence_free(page.evidence);
    /* What is in the chain may be what was wrong. */
    if (!cty_is_passing(err))
        cty_chain_clear(&client->chain);
    return cty_fail_code(error, err);
}
