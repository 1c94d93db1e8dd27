/* SPDX-License-Identifier: Apache-2.0 */
/*
 * That a deadline had passed, its expiry can say on the word of witnesses: a note that they cosigned since (spec/statements.md,
 * "expiry"). The fold knows no policy and passes over it; here it is judged by the reader's own (spec/evidence.md, "Deadlines").
 */
#include <stdio.h>

#include "audit/step.h"
#include "base/check.h"
#include "codec/text.h"

#define NEWEST "newest "
#define NAMES_SIZE 160

struct deadline {
    struct cty_step *step;
    struct cty_buf memory; /* what `note` borrows from */
    struct cty_note note;
    struct cty_checkpoint checkpoint;
    uint64_t due;
    uint64_t newest; /* the case's entry before this one */
};

static bool is_full(const struct cty_step *step)
{
    return !step->missing;
}

/* ---- the newest entry of each case that may expire ---- */

static void newest_key(const struct cty_hash *case_id, char out[CTY_VIEW_KEY_MAX])
{
    char hex[2 * CTY_HASH_SIZE + 1];
    cty_hex_write(case_id->bytes, CTY_HASH_SIZE, hex);
    snprintf(out, CTY_VIEW_KEY_MAX, NEWEST "%s", hex);
}

static custody_err note_newest(struct cty_step *step, const struct cty_hash *case_id)
{
    char key[CTY_VIEW_KEY_MAX], index[24];
    int size = snprintf(index, sizeof(index), "%llu", (unsigned long long)step->at);
    newest_key(case_id, key);
    return cty_memory_put(step->asked, key, cty_bytes_make(index, (size_t)size));
}

static bool look_newest(const struct cty_step *step, const struct cty_hash *case_id, uint64_t *ret_index)
{
    char key[CTY_VIEW_KEY_MAX];
    newest_key(case_id, key);
    struct cty_bytes index = cty_memory_get(step->asked, key);
    return index.data && cty_u64_parse(index, UINT64_MAX, ret_index) == CUSTODY_OK;
}

static bool may_expire(const struct cty_case *c)
{
    return c->state == CTY_CASE_HELD || c->state == CTY_CASE_RELEASED || c->state == CTY_CASE_CONSUMED;
}

/* ---- the note ---- */

custody_err cty_deadline_note(const struct cty_statement *st, struct cty_buf *memory, struct cty_note *ret_note,
                              struct cty_checkpoint *ret_checkpoint)
{
    cty_buf_clear(memory);
    memory->limit = CTY_NOTE_BYTES_MAX;
    CTY_TRY(cty_base64_parse(st->u.expiry.witnessed, memory));
    CTY_TRY(cty_note_parse(cty_buf_bytes(memory), ret_note));
    return cty_checkpoint_parse(ret_note->text, ret_checkpoint);
}

static void fail(const struct deadline *d, custody_err code, const char *why)
{
    cty_report_fail(d->step->report, CTY_CLAIM_WHEN, code, d->step->at, "the checkpoint in this expiry: %s", why);
}

/* Told of each, for whoever must know; no fault of the ledger's: the policy may be younger than the entry. */
static void tell(const struct deadline *d, const char *why)
{
    d->step->expiries_bare++;
    cty_report_finding(d->step->report, "deadline-unwitnessed", d->step->at,
                       "that the deadline had passed is the custodian's word: %s", why);
}

/* The root of this very tree at the note's size. *ret_known is false where evidence has no proof of it. */
static custody_err look_root(struct deadline *d, struct cty_hash *ret_root, bool *ret_known)
{
    char key[CTY_VIEW_KEY_MAX];
    *ret_known = true;
    if (is_full(d->step))
        return cty_memory_root(d->step->memory, d->checkpoint.size, ret_root);
    cty_view_key(key, "root/%llu", (unsigned long long)d->checkpoint.size);
    struct cty_bytes hex = cty_memory_get(d->step->memory, key);
    *ret_known = hex.data != NULL;
    return hex.data ? cty_hex_parse_into(hex, ret_root->bytes, CTY_HASH_SIZE) : CUSTODY_OK;
}

static void judge_quorum(struct deadline *d)
{
    const struct cty_witness_policy *policy = &d->step->trust->policy;
    char names[NAMES_SIZE], why[NAMES_SIZE + 64];
    uint64_t bad = 0;
    uint64_t witnesses = cty_witness_policy_cosigned(policy, &d->note, d->due / 1000 + 1, NULL, &bad);
    if (bad) {
        fail(d, CUSTODY_E_SIGNATURE_INVALID, "a cosignature that it says is of a known witness is not");
    } else if (!cty_witness_policy_asks(policy)) {
        return;
    } else if (cty_witness_policy_met(policy, witnesses)) {
        d->step->expiries_cosigned++;
    } else {
        cty_witness_policy_names(policy, cty_witness_policy_asked(policy) & ~witnesses, sizeof(names), names);
        snprintf(why, sizeof(why), "no cosignature from behind it by %s", names);
        tell(d, why);
    }
}

/* No policy excuses a note that is not of this ledger, or not of the entries that it must cover. */
static custody_err judge_note(struct deadline *d, const struct cty_statement *st)
{
    struct cty_step *step = d->step;
    struct cty_hash root;
    bool known = false;
    custody_err err = cty_deadline_note(st, &d->memory, &d->note, &d->checkpoint);
    if (err == CUSTODY_OK)
        err = cty_checkpoint_open_by(cty_buf_bytes(&d->memory), step->trust->origin, &step->log_keys, &d->checkpoint);
    if (err == CUSTODY_E_NO_MEMORY)
        return err;
    if (err != CUSTODY_OK) {
        fail(d, err, custody_err_sentence(err));
        return CUSTODY_OK;
    }
    if (d->checkpoint.size <= d->newest || d->checkpoint.size > step->at) {
        fail(d, CUSTODY_E_BAD_NOTE, "it covers the expiry itself, or not all entries of the case before");
        return CUSTODY_OK;
    }
    CTY_TRY(look_root(d, &root, &known));
    if (known && !cty_hash_equal(&root, &d->checkpoint.root))
        fail(d, CUSTODY_E_SPLIT_VIEW, "the log signed another root there than this tree has at its size");
    else if (known)
        judge_quorum(d);
    else if (cty_witness_policy_asks(&step->trust->policy))
        tell(d, "a consistency proof is missing");
    return CUSTODY_OK;
}

static custody_err judge(struct deadline *d, const struct cty_statement *st, const struct cty_case *c)
{
    const uint64_t due[] = {c->decide_by, c->use_by, c->report_by}; /* by enum cty_silence */
    CTY_CHECK((size_t)st->u.expiry.silence < CTY_COUNT_OF(due));
    d->due = due[st->u.expiry.silence];
    d->step->expiries++;
    if (!look_newest(d->step, &st->case_id, &d->newest))
        d->newest = d->step->at; /* nothing covers that */
    if (st->u.expiry.witnessed.data)
        return judge_note(d, st);
    if (cty_witness_policy_asks(&d->step->trust->policy))
        tell(d, "the expiry carries no checkpoint");
    return CUSTODY_OK;
}

custody_err cty_step_deadline(struct cty_step *step, const struct cty_statement *st, const struct cty_case *c)
{
    if (may_expire(c))
        return note_newest(step, &step->delta.case_id);
    if (st->type != CTY_EXPIRY)
        return CUSTODY_OK;
    CTY_AUTO_FREE struct deadline *d = cty_alloc(1, sizeof(*d));
    if (!d)
        return CUSTODY_E_NO_MEMORY;
    d->step = step;
    custody_err err = judge(d, st, c);
    cty_buf_done(&d->memory);
    return err;
}
