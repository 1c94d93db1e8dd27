/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/closing.h"
#include "audit/words.h"

#include <stdio.h>

#include "base/check.h"
#include "codec/text.h"

custody_err cty_step_init(struct cty_step *step, const struct cty_trust *trust, struct cty_report *report)
{
    memset(step, 0, sizeof(*step));
    step->trust = trust;
    step->log_keys = trust->log_keys;
    step->report = report;
    struct cty_buf *scratch[] = {&step->salt, &step->content, &step->base, &step->operations, &step->result};
    for (size_t i = 0; i < CTY_COUNT_OF(scratch); i++)
        scratch[i]->limit = CTY_BLOB_BYTES_MAX + 64;
    CTY_TRY(cty_memo_new(&step->view.memo));
    cty_memo_want_cases(step->view.memo);
    CTY_TRY(cty_memory_new(&step->memory));
    return cty_memory_new(&step->asked);
}

void cty_step_done(struct cty_step *step)
{
    struct cty_buf *scratch[] = {&step->salt, &step->content, &step->base, &step->operations, &step->result};
    for (size_t i = 0; i < CTY_COUNT_OF(scratch); i++)
        cty_buf_done(scratch[i]);
    cty_memory_free(step->memory);
    cty_memory_free(step->asked);
    cty_memo_free(step->view.memo);
    cty_delta_done(&step->delta);
}

/* Which claim a refusal of the fold breaks. */
static enum cty_claim claim_of(custody_err code)
{
    static const struct {
        custody_err code;
        enum cty_claim claim;
    } rows[] = {
        {CUSTODY_E_CHAIN_BROKEN, CTY_CLAIM_INTACT},      {CUSTODY_E_GENESIS_MISSING, CTY_CLAIM_INTACT},
        {CUSTODY_E_WRONG_LEDGER, CTY_CLAIM_INTACT},      {CUSTODY_E_DUPLICATE_ID, CTY_CLAIM_UNIQUE},
        {CUSTODY_E_BAD_SEEN, CTY_CLAIM_SEEN},            {CUSTODY_E_SIGNATURE_INVALID, CTY_CLAIM_SIGNED},
        {CUSTODY_E_KEY_UNKNOWN, CTY_CLAIM_SIGNED},       {CUSTODY_E_KEY_NOT_VALID, CTY_CLAIM_SIGNED},
        {CUSTODY_E_BAD_KEY, CTY_CLAIM_SIGNED},           {CUSTODY_E_ALG_MISMATCH, CTY_CLAIM_SIGNED},
        {CUSTODY_E_GAP, CTY_CLAIM_COMPLETE},
    };
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        if (rows[i].code == code)
            return rows[i].claim;
    }
    return CTY_CLAIM_LAWFUL;
}

/* Faults of this machine and this program go up; everything else is the ledger's. */
static custody_err judge_failure(struct cty_step *step, custody_err err, uint64_t index, const custody_error *error)
{
    if (err == CUSTODY_E_NO_MEMORY || err == CUSTODY_E_INTERNAL)
        return err;
    step->stopped = true;
    cty_report_fail(step->report, claim_of(err), err, index, "%s (%s)", custody_err_sentence(err), error->detail);
    return CUSTODY_OK;
}

void cty_step_give_up(struct cty_step *step, uint64_t index, const char *why)
{
    static const enum cty_claim asked[] = {CTY_CLAIM_INTACT, CTY_CLAIM_COMPLETE, CTY_CLAIM_SIGNED, CTY_CLAIM_LAWFUL};
    step->stopped = true;
    for (size_t i = 0; i < CTY_COUNT_OF(asked); i++)
        cty_report_skip(step->report, asked[i], "entry %llu: %s", (unsigned long long)index, why);
}

/* All at once: a round for each would check the keys that the statement brings as often. */
static custody_err want_signers(struct cty_step *step, const struct cty_statement *st)
{
    enum cty_view_status status;
    struct cty_bytes value;
    char key[CTY_VIEW_KEY_MAX];
    for (uint32_t i = 0; i < st->signers_count; i++) {
        snprintf(key, sizeof(key), "actor/%.*s", (int)st->signers[i].size, (const char *)st->signers[i].data);
        if (cty_actor_party(st->signers[i]).size > 0)
            CTY_TRY(cty_view_get(&step->view, key, &status, &value));
    }
    return cty_memory_fill(step->memory, &step->view, step->missing, step->missing_context);
}

custody_err cty_step_keys(struct cty_step *step, const struct cty_parsed_entry *parsed, struct cty_buf *names_memory,
                          struct cty_key keys[CTY_SIGNERS_MAX], struct cty_bytes names[CTY_SIGNERS_MAX])
{
    custody_error error = {0};
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    cty_view_clear(&step->view);
    CTY_TRY(want_signers(step, &parsed->signed_statement.statement));
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        cty_buf_clear(names_memory);
        err = cty_fold_keys(&step->view, &parsed->signed_statement.statement, names_memory, keys, names, &error);
        if (err == CUSTODY_E_VIEW_INCOMPLETE)
            CTY_TRY(cty_memory_fill(step->memory, &step->view, step->missing, step->missing_context));
    }
    step->keyless = err != CUSTODY_OK;
    if (step->keyless)
        memset(keys, 0, CTY_SIGNERS_MAX * sizeof(*keys));
    return err == CUSTODY_E_NO_MEMORY || err == CUSTODY_E_INTERNAL ? err : CUSTODY_OK;
}

/* The pins of this party, a bit for each. */
static uint64_t pins_of(const struct cty_step *step, struct cty_bytes party)
{
    uint64_t pins = 0;
    for (uint32_t i = 0; i < step->trust->pins_count; i++) {
        if (cty_bytes_equal(step->trust->pins[i].party, party))
            pins |= (uint64_t)1 << i;
    }
    return pins;
}

/* Whether a pinned party has the admins that are pinned. */
static bool has_its_pins(struct cty_step *step, struct cty_bytes party, const struct cty_enrolment *admins, uint32_t count)
{
    uint64_t pins = pins_of(step, party);
    step->parties_found |= pins;
    if (cty_trust_check_admins(step->trust, party, admins, count) == CUSTODY_OK)
        return true;
    step->parties_other |= pins;
    return false;
}

static void check_founders(struct cty_step *step, const struct cty_statement *st)
{
    const struct cty_ledger_open *open = &st->u.ledger_open;
    if (!cty_bytes_equal(st->ledger, step->trust->origin)) {
        cty_report_fail(step->report, CTY_CLAIM_ENROLLED, CUSTODY_E_WRONG_LEDGER, 0, "the trust file pins another ledger");
        return;
    }
    if (!cty_bytes_equal(open->log_key, step->trust->log_vkey)) {
        cty_report_fail(step->report, CTY_CLAIM_ENROLLED, CUSTODY_E_KEY_UNKNOWN, 0, "entry 0 names another log key");
        return;
    }
    step->report->claims[CTY_CLAIM_ENROLLED].required = step->trust->pins_count > 0;
    if (cty_trust_pins_of(step->trust, open->party) == 0) {
        cty_report_hold(step->report, CTY_CLAIM_ENROLLED,
                        "every party that is not pinned itself on the log key's word: no founding admin is pinned");
        return;
    }
    step->founders_pinned = true;
    step->founders_other = !has_its_pins(step, open->party, open->admins, open->admins_count);
    if (step->founders_other)
        cty_report_fail(step->report, CTY_CLAIM_ENROLLED, CUSTODY_E_KEY_UNKNOWN, 0,
                        "entry 0 names other founding admins than are pinned");
    else
        cty_report_hold(step->report, CTY_CLAIM_ENROLLED,
                        "the pinned founding admins vouch for every party that is not pinned itself");
}

static void check_pins(struct cty_step *step, const struct cty_parsed_entry *parsed)
{
    const struct cty_statement *st = &parsed->signed_statement.statement;
    if (st->type == CTY_LEDGER_OPEN && step->at == 0)
        check_founders(step, st);
    if (st->type != CTY_PARTY_ENROL || cty_trust_pins_of(step->trust, st->u.party_enrol.party) == 0)
        return;
    const struct cty_party_enrol *enrolment = &st->u.party_enrol;
    if (!has_its_pins(step, enrolment->party, enrolment->admins, enrolment->admins_count))
        cty_report_fail(step->report, CTY_CLAIM_ENROLLED, CUSTODY_E_KEY_UNKNOWN, step->at,
                        "party %.*s has other first admins than are pinned", (int)enrolment->party.size,
                        (const char *)enrolment->party.data);
}

/* A record that can't be decoded for want of memory is not one that is missing. */
custody_err cty_step_case(const struct cty_memory *memory, const struct cty_hash *case_id, struct cty_case *ret_case,
                          bool *ret_found)
{
    char key[CTY_VIEW_KEY_MAX] = "case/";
    cty_hex_write(case_id->bytes, CTY_HASH_SIZE, key + 5);
    struct cty_bytes text = cty_memory_get(memory, key);
    memset(ret_case, 0, sizeof(*ret_case));
    *ret_found = text.data != NULL;
    if (!text.data)
        return CUSTODY_OK;
    struct cty_json tape = CTY_JSON_INIT;
    custody_err err = cty_record_decode(&cty_shape_case, text, &tape, ret_case, NULL);
    cty_json_done(&tape);
    return err;
}

custody_err cty_step_actor(const struct cty_memory *memory, struct cty_bytes name, struct cty_actor_record *ret_actor,
                           bool *ret_found)
{
    char key[CTY_VIEW_KEY_MAX];
    snprintf(key, sizeof(key), "actor/%.*s", (int)name.size, (const char *)name.data);
    struct cty_bytes text = cty_memory_get(memory, key);
    memset(ret_actor, 0, sizeof(*ret_actor));
    *ret_found = text.data != NULL;
    if (!text.data)
        return CUSTODY_OK;
    struct cty_json tape = CTY_JSON_INIT;
    custody_err err = cty_record_decode(&cty_shape_actor_record, text, &tape, ret_actor, NULL);
    cty_json_done(&tape);
    return err;
}

custody_err cty_step_look(struct cty_step *step, const struct cty_shape *shape, const char *key, void *own,
                          const void **ret_record)
{
    struct cty_bytes text = cty_memory_get(step->memory, key);
    *ret_record = NULL;
    if (!text.data)
        return CUSTODY_OK;
    return cty_memo_lend(step->view.memo, shape, key, text, &step->delta.tape, own, ret_record, NULL);
}

enum cty_outlook cty_outlook_of(const struct cty_case *the_case)
{
    switch ((enum cty_case_state)the_case->state) {
    case CTY_CASE_RELEASED:
    case CTY_CASE_CONSUMED:
    case CTY_CASE_LAPSED:
    case CTY_CASE_FULFILLED:
    case CTY_CASE_FAILED:
    case CTY_CASE_UNKNOWN:
    case CTY_CASE_UNREPORTED:
        return CTY_OUTLOOK_SATISFIED;
    case CTY_CASE_REFUSED:
    case CTY_CASE_REJECTED:
    case CTY_CASE_EXPIRED:
    case CTY_CASE_CANCELLED:
        return CTY_OUTLOOK_REFUSED;
    case CTY_CASE_JUDGED_NEXT:
    case CTY_CASE_HELD:
    case CTY_CASE_RELEASE_NEXT:
    case CTY_CASE_STATE_COUNT:
        return CTY_OUTLOOK_OPEN;
    }
    return CTY_OUTLOOK_OPEN;
}

/* The case that an entry joins leaves its row of the count; after the fold it gets another. */
static custody_err count_out(struct cty_step *step, const struct cty_statement *st)
{
    char key[CTY_VIEW_KEY_MAX] = "case/";
    struct cty_case own;
    const void *is = NULL;
    if (step->missing || !(cty_type_flags(st->type) & CTY_TYPE_CASE))
        return CUSTODY_OK;
    cty_hex_write(st->case_id.bytes, CTY_HASH_SIZE, key + 5);
    CTY_TRY(cty_step_look(step, &cty_shape_case, key, &own, &is));
    if (is)
        step->cases[cty_outlook_of(is)]--;
    return CUSTODY_OK;
}

static void tell_unjudged(struct cty_step *step, unsigned unjudged)
{
    if (unjudged & CTY_UNJUDGED_ID)
        cty_report_skip(step->report, CTY_CLAIM_UNIQUE, "ids of entries outside the file are not at hand");
    if (unjudged & CTY_UNJUDGED_SEEN)
        cty_report_skip(step->report, CTY_CLAIM_SEEN, "a consistency proof is missing");
    if (unjudged & CTY_UNJUDGED_PARENT) {
        step->parent_missing = true;
        cty_report_skip(step->report, CTY_CLAIM_LAWFUL, "a parent case is not in the file");
    }
}

/* The first checkpoint that covers the rotation is the new key's. */
custody_err cty_log_keys_learn(struct cty_log_keys *keys, const struct cty_statement *st, uint64_t index)
{
    struct cty_bytes name;
    struct cty_key key;
    if (st->type != CTY_CUSTODIAN_ROTATE || st->u.custodian_rotate.which != CTY_CUSTODIAN_LOG)
        return CUSTODY_OK;
    CTY_TRY(cty_vkey_parse(st->u.custodian_rotate.key, CTY_KEY_ED25519, &name, &key));
    return cty_log_keys_add(keys, index + 1, &key);
}

void cty_log_key_words(const struct cty_log_keys *keys, uint64_t size, char *out, size_t out_size)
{
    uint32_t place = keys->count - 1;
    while (place > 0 && keys->from[place] > size)
        place--;
    if (place == 0)
        snprintf(out, out_size, "signed by the pinned log key");
    else
        snprintf(out, out_size, "signed by the log key that entry %llu put in the pinned one's place",
                 (unsigned long long)keys->from[place] - 1);
}

static custody_err learn_log_key(struct cty_step *step, const struct cty_parsed_entry *parsed)
{
    return cty_log_keys_learn(&step->log_keys, &parsed->signed_statement.statement, step->at);
}

custody_err cty_step_fold(struct cty_step *step, const struct cty_parsed_entry *parsed, const struct cty_hash *leaf,
                          const struct cty_key keys[CTY_SIGNERS_MAX], bool prev_unknown)
{
    const struct cty_signed *statement = &parsed->signed_statement;
    struct cty_fold_input in = {.entry = &parsed->entry, .statement = &statement->statement,
                                .digest = &statement->digest, .leaf = *leaf, .prev_unknown = prev_unknown};
    memcpy(in.keys, keys, sizeof(in.keys));
    custody_error error = {0};
    check_pins(step, parsed);
    CTY_TRY(cty_step_contents(step, parsed));
    CTY_TRY(count_out(step, &statement->statement));
    custody_err err = cty_memory_fold(step->memory, &step->view, &in, &step->delta, step->missing,
                                      step->missing_context, &error);
    if (err != CUSTODY_OK)
        return judge_failure(step, err, step->at, &error);
    if (step->keyless)
        return CUSTODY_E_INTERNAL;
    CTY_TRY(learn_log_key(step, parsed));
    step->entries++;
    step->newest = step->at;
    tell_unjudged(step, step->delta.unjudged);
    if (!step->missing)
        cty_closing_note(step, parsed);
    return cty_step_findings(step, parsed);
}

bool cty_step_thief(const struct cty_actor_record *actor, uint64_t rotation, uint64_t time,
                    char ret_words[CTY_THIEF_WORDS_MAX])
{
    if (!cty_signed_by_thief(actor, rotation, time))
        return false;
    if (actor->revoked_index != 0 && actor->revoked_since <= time)
        snprintf(ret_words, CTY_THIEF_WORDS_MAX, "revoked by entry %llu", (unsigned long long)actor->revoked_index);
    else
        snprintf(ret_words, CTY_THIEF_WORDS_MAX, "with a former key that was revoked");
    return true;
}

/* Where the founders are unknown, a pin binds only if its party is there: else anybody could take another name. */
static void check_pins_found(struct cty_step *step)
{
    const struct cty_trust *trust = step->trust;
    for (uint32_t i = 0; i < trust->pins_count && !step->founders_pinned; i++) {
        if (!(step->parties_found & (uint64_t)1 << i))
            cty_report_skip(step->report, CTY_CLAIM_ENROLLED, "party %.*s is pinned and not enrolled up to entry %llu",
                            (int)trust->pins[i].party.size, (const char *)trust->pins[i].party.data,
                            (unsigned long long)step->newest);
    }
}

/* Whatever did not fail by now holds, if the entries were judged to their end. */
custody_err cty_step_finish(struct cty_step *step)
{
    struct cty_report *report = step->report;
    unsigned long long count = step->entries, newest = step->newest;
    if (step->stopped) {
        static const enum cty_claim open[] = {CTY_CLAIM_SIGNED, CTY_CLAIM_LAWFUL, CTY_CLAIM_SEEN, CTY_CLAIM_UNIQUE,
                                              CTY_CLAIM_ENROLLED, CTY_CLAIM_CONTENTS, CTY_CLAIM_INTACT,
                                              CTY_CLAIM_COMPLETE};
        for (size_t i = 0; i < CTY_COUNT_OF(open); i++)
            cty_report_skip(report, open[i], "what comes after the first failure was not judged");
        return CUSTODY_OK;
    }
    CTY_TRY(cty_suspects_find(step));
    CTY_TRY(cty_words_enrolled(step));
    check_pins_found(step);
    cty_report_hold(report, CTY_CLAIM_SIGNED, "every signature of the %llu %s, up to entry %llu, by its enrolled key",
                    count, cty_plural(count, "entry", "entries"), newest);
    cty_report_hold(report, CTY_CLAIM_LAWFUL, "the rules allow each of the %llu %s, up to entry %llu%s", count,
                    cty_plural(count, "entry", "entries"), newest,
                    step->siblings_unknown ? "; releases that cases outside the file took are not counted" : "");
    cty_report_hold(report, CTY_CLAIM_SEEN, "every checkpoint that a signer saw is one of this tree");
    cty_report_hold(report, CTY_CLAIM_UNIQUE, "every id is used once");
    if (step->contents_missing)
        cty_report_skip(report, CTY_CLAIM_CONTENTS, "%llu %s, %llu %s not at hand",
                        (unsigned long long)step->contents_checked,
                        cty_plural(step->contents_checked, "content matches", "contents match"),
                        (unsigned long long)step->contents_missing, cty_plural(step->contents_missing, "is", "are"));
    else
        cty_report_hold(report, CTY_CLAIM_CONTENTS, "%s%llu %s, and patches give their results",
                        step->contents_checked == 1 ? "" : "all ", (unsigned long long)step->contents_checked,
                        cty_plural(step->contents_checked, "content matches its commitment", "contents match their commitments"));
    return CUSTODY_OK;
}
