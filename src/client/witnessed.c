/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ledger under load has a newer checkpoint each moment, and witnesses cosign the one that they are given: who always asked
 * for the newest would wait for ever. So one look asks up to three times:
 *
 *     the newest that meets the custodian's policy     most often ours too
 *     the one that came so before ("the anchor")       where our policy asks for more: witnesses still come to that one
 *     the newest of all                                where the custodian's policy asks for more than ours, or for nobody
 */
#include "client/witnessed.h"

#include "client/inner.h"
#include "net/trouble.h"

/* After so many looks another anchor is taken: a witness may never come back to a checkpoint that it passed over. */
#define LOOKS_PER_ANCHOR 8
#define PAUSE_MS_MAX 500u
#define NAMES_MAX 160

struct search {
    struct cty_client *client;
    uint64_t index;
    struct cty_bytes entry;
    struct cty_buf *receipt; /* may be NULL */
    uint64_t witnesses;      /* that stand on a checkpoint with the entry: the most that one had */
    uint64_t bad;            /* whose line did not verify, on whichever */
    uint64_t anchor;         /* a size; 0: none yet */
    unsigned looks;
    bool found;
};

static custody_err keep(struct search *s, struct cty_bytes text)
{
    s->found = true;
    if (!s->receipt)
        return CUSTODY_OK;
    cty_buf_clear(s->receipt);
    s->receipt->limit = CTY_NOTE_BYTES_MAX + CTY_RECEIPT_EXTRA_BYTES_MAX * 2;
    return cty_buf_put_bytes(s->receipt, text);
}

/* A note with a line of a known witness that fails is void, whoever else stands on it. */
static custody_err judge_note(struct search *s, struct cty_bytes text, struct cty_bytes note)
{
    const struct cty_witness_policy *policy = &s->client->trust->policy;
    CTY_AUTO_FREE struct cty_note *parsed = cty_alloc(1, sizeof(*parsed));
    uint64_t bad = 0;
    if (!parsed)
        return CUSTODY_E_NO_MEMORY;
    CTY_TRY(cty_note_parse(note, parsed));
    uint64_t witnesses = cty_witness_policy_cosigned(policy, parsed, 0, NULL, &bad);
    s->bad |= bad;
    if (!bad && cty_witness_policy_met(policy, witnesses))
        return keep(s, text);
    if (!bad && __builtin_popcountll(witnesses) >= __builtin_popcountll(s->witnesses))
        s->witnesses = witnesses;
    return CUSTODY_OK;
}

static custody_err take(struct search *s, struct cty_bytes text, uint64_t *ret_size, custody_error *error)
{
    struct cty_checkpoint checkpoint;
    CTY_AUTO_FREE struct cty_receipt *receipt = cty_alloc(1, sizeof(*receipt));
    if (!receipt)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_client_take_receipt(s->client, text, s->entry, receipt, &checkpoint, error));
    if (receipt->index != s->index)
        return cty_fail(error, CUSTODY_E_PROOF_INVALID, "a proof of entry %llu was given for entry %llu",
                        (unsigned long long)receipt->index, (unsigned long long)s->index);
    *ret_size = checkpoint.size;
    custody_err err = judge_note(s, text, receipt->note);
    return err == CUSTODY_OK ? err : cty_fail_code(error, err);
}

/* Asks for a receipt once; *ret_size is 0 where the custodian has none of this kind. */
static custody_err ask(struct search *s, uint64_t size, bool witnessed, uint64_t *ret_size, custody_error *error)
{
    struct cty_rpc_params params = {
        .u.proof_inclusion = {.index = s->index, .size = size, .witnessed = witnessed}};
    CTY_AUTO_FREE struct cty_answer *answer = cty_alloc(1, sizeof(*answer));
    *ret_size = 0;
    if (!answer)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    custody_err err = cty_client_call(s->client, CTY_RPC_PROOF_INCLUSION, &params, answer, error);
    bool none = err == CUSTODY_E_NOT_WITNESSED || (size && err == CUSTODY_E_NOT_FOUND);
    if (err == CUSTODY_OK)
        err = take(s, answer->result.proof_inclusion.receipt, ret_size, error);
    cty_answer_done(answer);
    return none ? CUSTODY_OK : err;
}

static custody_err look(struct search *s, custody_error *error)
{
    uint64_t newest = 0, size = 0;
    CTY_TRY(ask(s, 0, cty_witness_policy_asks(&s->client->trust->policy), &newest, error));
    if (!s->found && s->anchor && s->anchor != newest)
        CTY_TRY(ask(s, s->anchor, false, &size, error));
    if (!s->found)
        CTY_TRY(ask(s, 0, false, &size, error));
    if (newest && s->looks % LOOKS_PER_ANCHOR == 0)
        s->anchor = newest;
    s->looks++;
    return CUSTODY_OK;
}

static custody_err missing(const struct search *s, custody_error *error)
{
    const struct cty_witness_policy *policy = &s->client->trust->policy;
    char names[NAMES_MAX];
    cty_witness_policy_names(policy, cty_witness_policy_asked(policy) & ~s->witnesses, sizeof(names), names);
    return cty_fail(error, CUSTODY_E_NOT_WITNESSED, "entry %llu waits for witnesses, and has no valid cosignature by: %s%s",
                    (unsigned long long)s->index, names, s->bad ? "; a line of a known witness does not verify" : "");
}

/* Once, after a while. */
static void tell(const struct search *s, uint64_t began_ms, bool *told)
{
    custody_error why = {CUSTODY_OK, ""};
    uint64_t now = cty_net_now_ms();
    if (!s->client->trying || *told || now - began_ms < CTY_CLIENT_TELL_MS || now >= s->client->deadline_ms)
        return;
    *told = true;
    if (missing(s, &why) != CUSTODY_OK)
        s->client->trying(s->client->trying_context, &why, s->client->deadline_ms - now);
}

static custody_err wait_for(struct search *s, custody_error *error)
{
    uint64_t pause_ms = CTY_PAUSE_MS_MIN, began_ms = cty_net_now_ms();
    bool told = false;
    for (;;) {
        custody_err err = look(s, error);
        bool over = cty_net_now_ms() >= s->client->deadline_ms;
        /* That the last look of all had no time left is not the reason. */
        if (err != CUSTODY_OK && !(over && s->looks > 0 && cty_is_passing(err)))
            return err;
        if (s->found)
            return CUSTODY_OK;
        if (over)
            return missing(s, error);
        tell(s, began_ms, &told);
        cty_client_pause(s->client, pause_ms);
        pause_ms = pause_ms * 2 > PAUSE_MS_MAX ? PAUSE_MS_MAX : pause_ms * 2;
        CTY_TRY(cty_client_may_go_on(s->client, error));
    }
}

custody_err cty_client_wait_witnessed(struct cty_client *client, uint64_t index, struct cty_bytes entry,
                                      struct cty_buf *ret_receipt, custody_error *error)
{
    CTY_SPAN(client);
    CTY_TRY(cty_client_needs_trust(client, error));
    struct search s = {.client = client, .index = index, .entry = entry, .receipt = ret_receipt};
    return wait_for(&s, error);
}

custody_err cty_client_look_witnessed(struct cty_client *client, uint64_t index, struct cty_bytes entry,
                                      struct cty_buf *ret_receipt, custody_error *error)
{
    CTY_SPAN(client);
    CTY_TRY(cty_client_needs_trust(client, error));
    struct search s = {.client = client, .index = index, .entry = entry, .receipt = ret_receipt};
    CTY_TRY(look(&s, error));
    return s.found ? CUSTODY_OK : missing(&s, error);
}
