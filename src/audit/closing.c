/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/closing.h"

#include <stdio.h>
#include <time.h>

#include "audit/words.h"
#include "base/check.h"
#include "codec/text.h"

#define SKEW_S_MAX 300u
#define NAMES_SIZE 320
#define TIME_SIZE 24

static void put_time(uint64_t seconds, char ret_text[TIME_SIZE])
{
    struct tm parts;
    time_t when = (time_t)seconds;
    if (!gmtime_r(&when, &parts) || strftime(ret_text, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf(ret_text, TIME_SIZE, "%llu s", (unsigned long long)seconds);
}

/* ---- entry by entry ---- */

static struct cty_sight *sight_of(struct cty_step *step, struct cty_bytes party)
{
    for (uint32_t i = 0; i < step->sights_count; i++) {
        if (cty_bytes_is(party, step->sights[i].party))
            return &step->sights[i];
    }
    if (step->sights_count == CTY_SIGHTS_MAX || party.size == 0 || party.size >= sizeof(step->sights[0].party))
        return NULL;
    struct cty_sight *sight = &step->sights[step->sights_count++];
    *sight = (struct cty_sight){.size = 0};
    memcpy(sight->party, party.data, party.size);
    return sight;
}

void cty_closing_note(struct cty_step *step, const struct cty_parsed_entry *parsed)
{
    const struct cty_statement *st = &parsed->signed_statement.statement;
    struct cty_sight *sight = sight_of(step, cty_actor_party(st->signers[0]));
    if (step->entries == 1)
        step->first_time = parsed->entry.time;
    step->newest_time = parsed->entry.time;
    if (sight && st->seen.size > sight->size) {
        sight->size = st->seen.size;
        sight->entry = step->at;
    }
}

/* Who cosigned it, and when: nobody, where one false line makes the note void. */
static uint64_t cosigned(const struct cty_step *step, const struct cty_note *note, uint64_t ret_times[CTY_WITNESS_NODES_MAX])
{
    uint64_t bad = 0;
    uint64_t witnesses = cty_witness_policy_cosigned(&step->trust->policy, note, 0, ret_times, &bad);
    return bad ? 0 : witnesses;
}

/* ---- seen alike by whom ---- */

/* How many of those given to compare are of this tree, and the largest size of them. */
struct alike {
    uint64_t count;
    uint64_t size;
};

/* A checkpoint that somebody else was shown. One of nothing is like every ledger's, and shows nothing. */
static custody_err compare_one(struct cty_replay *replay, const struct cty_compared *other,
                               const struct cty_checkpoint *newest, struct alike *alike)
{
    struct cty_report *report = replay->step.report;
    struct cty_checkpoint checkpoint;
    struct cty_hash root;
    unsigned long long size = 0;
    custody_err err = cty_checkpoint_open_by(cty_buf_bytes(&other->note), replay->step.trust->origin,
                                             &replay->step.log_keys, &checkpoint);
    if (err != CUSTODY_OK) {
        cty_report_fail(report, CTY_CLAIM_ALIKE, err, CTY_REPORT_NO_ENTRY, "the checkpoint %s: %s", other->name,
                        custody_err_sentence(err));
        return CUSTODY_OK;
    }
    size = checkpoint.size;
    if (checkpoint.size > newest->size) {
        cty_report_fail(report, CTY_CLAIM_COMPLETE, CUSTODY_E_GAP, newest->size,
                        "the log signed %s over %llu entries; this one and those behind it are missing", other->name, size);
        return CUSTODY_OK;
    }
    err = cty_memory_root(replay->step.memory, checkpoint.size, &root);
    if (err != CUSTODY_OK)
        return err == CUSTODY_E_NOT_FOUND ? CUSTODY_OK : err; /* entries are missing: the claim `complete` */
    if (cty_hash_equal(&root, &checkpoint.root)) {
        alike->count += checkpoint.size > 0;
        alike->size = checkpoint.size > alike->size ? checkpoint.size : alike->size;
    } else {
        cty_report_fail(report, CTY_CLAIM_ALIKE, CUSTODY_E_SPLIT_VIEW, CTY_REPORT_NO_ENTRY,
                        "the log signed %s with another root for size %llu", other->name, size);
    }
    return CUSTODY_OK;
}

/* The largest size that any of them saw. */
static uint64_t add_sights(const struct cty_step *step, struct cty_words *words)
{
    uint64_t largest = 0;
    for (uint32_t i = 0; i < step->sights_count; i++) {
        largest = step->sights[i].size > largest ? step->sights[i].size : largest;
        cty_words_put(words, "%s%s (size %llu, entry %llu)", i ? ", " : "; seen by the signers of ", step->sights[i].party,
                      (unsigned long long)step->sights[i].size, (unsigned long long)step->sights[i].entry);
    }
    return largest;
}

static custody_err say_alike(struct cty_replay *replay, const struct cty_note *note, const struct cty_checkpoint *newest)
{
    const struct cty_step *step = &replay->step;
    struct cty_words words = {.used = 0};
    char names[NAMES_SIZE];
    struct alike alike = {0, 0};
    uint64_t witnesses = cosigned(step, note, NULL);
    for (uint32_t i = 0; i < replay->compared_count; i++)
        CTY_TRY(compare_one(replay, &replay->compared[i], newest, &alike));
    if (witnesses) {
        cty_witness_policy_names(&step->trust->policy, witnesses, sizeof(names), names);
        cty_words_put(&words, "; cosigned by %s", names);
    }
    if (alike.count)
        cty_words_put(&words, "; equal to %llu given to compare, up to size %llu", (unsigned long long)alike.count,
                      (unsigned long long)alike.size);
    uint64_t seen = add_sights(step, &words);
    uint64_t upto = witnesses ? newest->size : alike.size > seen ? alike.size : seen;
    if (words.used && upto < newest->size)
        cty_words_put(&words, "; from entry %llu on, nobody but the custodian", (unsigned long long)upto);
    if (words.used)
        cty_report_hold(step->report, CTY_CLAIM_ALIKE, "%s", words.text + 2);
    else
        cty_report_skip(step->report, CTY_CLAIM_ALIKE, "nobody but its custodian is known to have seen it");
    return CUSTODY_OK;
}

/* ---- when ---- */

/* The witness that was first, and when. */
static uint64_t first_of(uint64_t witnesses, const uint64_t times[CTY_WITNESS_NODES_MAX], uint64_t *ret_witness)
{
    uint64_t first = UINT64_MAX;
    for (uint32_t i = 0; i < CTY_WITNESS_NODES_MAX; i++) {
        if ((witnesses & (uint64_t)1 << i) != 0 && times[i] < first) {
            first = times[i];
            *ret_witness = (uint64_t)1 << i;
        }
    }
    return first;
}

static void add_dates(const struct cty_step *step, struct cty_words *words)
{
    char first[TIME_SIZE], last[TIME_SIZE];
    put_time(step->first_time / 1000, first);
    put_time(step->newest_time / 1000, last);
    if (!step->missing)
        cty_words_put(words, "; dated from %s to %s by the custodian", first, last);
}

/* On whose word deadlines had passed that nobody met. */
static void add_deadlines(const struct cty_step *step, struct cty_words *words)
{
    if (!step->expiries || !cty_witness_policy_asks(&step->trust->policy))
        return;
    cty_words_put(words, "; of %llu deadlines that passed in silence %llu on a quorum's word", (unsigned long long)step->expiries,
                  (unsigned long long)step->expiries_cosigned);
    if (step->expiries_bare)
        cty_words_put(words, ", %llu on the custodian's", (unsigned long long)step->expiries_bare);
    if (step->expiries_before)
        cty_words_put(words, ", %llu judged before under another policy (--full judges them by this one)",
                      (unsigned long long)step->expiries_before);
}

static void find_dated_after(const struct cty_step *step, uint64_t earliest)
{
    char last[TIME_SIZE];
    put_time(step->newest_time / 1000, last);
    if (!step->missing && step->newest_time / 1000 > earliest + SKEW_S_MAX)
        cty_report_finding(step->report, "dated-after-cosignature", step->newest,
                           "the custodian dates it %s, and a witness had cosigned it before", last);
}

/* By when the checkpoint's entries existed; false where nobody says. */
static bool add_moment(const struct cty_step *step, const struct cty_note *note, uint64_t size, struct cty_words *words)
{
    const struct cty_witness_policy *policy = &step->trust->policy;
    uint64_t times[CTY_WITNESS_NODES_MAX] = {0}, who = 0;
    char by[TIME_SIZE], names[NAMES_SIZE];
    uint64_t witnesses = cosigned(step, note, times);
    if (!witnesses)
        return false;
    uint64_t earliest = first_of(witnesses, times, &who);
    uint64_t quorum = cty_witness_policy_time(policy, witnesses, times);
    put_time(quorum ? quorum : earliest, by);
    cty_witness_policy_names(policy, quorum ? witnesses : who, sizeof(names), names);
    find_dated_after(step, earliest);
    cty_words_put(words, "all %llu entries existed by %s, says %s%s; each came after the checkpoint that its signer saw",
                  (unsigned long long)size, by, quorum ? "a quorum of " : "", names);
    return true;
}

void cty_closing_when(const struct cty_step *step, const struct cty_note *note, uint64_t size)
{
    struct cty_words words = {.used = 0};
    bool known = add_moment(step, note, size, &words);
    if (!known)
        cty_words_put(&words, "no witness that is trusted says when");
    add_dates(step, &words);
    add_deadlines(step, &words);
    bool asks = cty_witness_policy_asks(&step->trust->policy);
    /* Each of those that were judged is told at its entry; these have none any more. */
    if (asks && step->expiries_before)
        cty_report_finding(step->report, "deadline-unwitnessed", CTY_REPORT_NO_ENTRY,
                           "whether witnesses say that earlier deadlines had passed was judged by another policy");
    if (!known || (asks && step->expiries_bare + step->expiries_before))
        cty_report_skip(step->report, CTY_CLAIM_WHEN, "%s", words.text);
    else
        cty_report_hold(step->report, CTY_CLAIM_WHEN, "%s", words.text);
}

/* ---- cases ---- */

static void say_cases(const struct cty_step *step)
{
    unsigned long long suspect = step->suspect_cases;
    unsigned long long satisfied = step->cases[CTY_OUTLOOK_SATISFIED], refused = step->cases[CTY_OUTLOOK_REFUSED];
    unsigned long long open = step->cases[CTY_OUTLOOK_OPEN];
    if (step->stopped)
        cty_report_skip(step->report, CTY_CLAIM_CASES, "not all entries were judged");
    else if (suspect)
        cty_report_skip(step->report, CTY_CLAIM_CASES,
                        "%llu are undecidable, for they rest on keys that were revoked as of before; of all, %llu satisfied, "
                        "%llu refused, %llu open",
                        suspect, satisfied, refused, open);
    else
        cty_report_hold(step->report, CTY_CLAIM_CASES, "%llu satisfied, %llu refused, %llu open, none undecidable", satisfied,
                        refused, open);
}

/* ---- inputs ---- */

static void say_inputs(const struct cty_replay *replay)
{
    const struct cty_trust *trust = replay->step.trust;
    struct cty_words words = {.used = 0};
    char names[NAMES_SIZE];
    cty_words_put(&words, "log key %.*s", (int)trust->log_vkey.size, (const char *)trust->log_vkey.data);
    for (uint32_t i = 0; i < trust->pins_count; i++) {
        if (i == 0 || !cty_bytes_equal(trust->pins[i].party, trust->pins[i - 1].party))
            cty_words_put(&words, "%s%.*s", i ? ", " : "; admins of ", (int)trust->pins[i].party.size,
                          (const char *)trust->pins[i].party.data);
    }
    if (cty_witness_policy_asks(&trust->policy)) {
        cty_witness_policy_names(&trust->policy, cty_witness_policy_asked(&trust->policy), sizeof(names), names);
        cty_words_put(&words, "; a quorum of the witnesses %s", names);
    }
    for (uint32_t i = 0; i < replay->compared_count; i++)
        cty_words_put(&words, "; the checkpoint %s", replay->compared[i].name);
    if (replay->from)
        cty_words_put(&words, "; entries before %llu as audited before", (unsigned long long)replay->from);
    cty_report_inputs(replay->step.report, "%s", words.text);
}

custody_err cty_closing_say(struct cty_replay *replay, const struct cty_note *note, const struct cty_checkpoint *checkpoint)
{
    say_inputs(replay);
    say_cases(&replay->step);
    if (!note) {
        cty_report_skip(replay->step.report, CTY_CLAIM_ALIKE, "there is no checkpoint that others could have seen");
        cty_report_skip(replay->step.report, CTY_CLAIM_WHEN, "there is no checkpoint that a witness could have cosigned");
        return CUSTODY_OK;
    }
    cty_closing_when(&replay->step, note, checkpoint->size);
    return say_alike(replay, note, checkpoint);
}

/* ---- one case ---- */

/* Whether one of its approvals or handoffs was signed by a thief. */
static bool is_suspect(const struct cty_step *step, const char *id)
{
    char key[CTY_VIEW_KEY_MAX];
    cty_view_key(key, CTY_SUSPECT_MARK "%s", id);
    return cty_bytes_is(cty_memory_get(step->asked, key), CTY_SUSPECT_MARKED);
}

custody_err cty_replay_case(struct cty_replay *replay, const struct cty_hash *case_id)
{
    static const char *const outlooks[CTY_OUTLOOK_COUNT] = {"open", "satisfied", "refused"};
    struct cty_step *step = &replay->step;
    struct cty_words words = {.used = 0};
    struct cty_case c;
    char id[2 * CTY_HASH_SIZE + 1];
    bool found = false;
    CTY_TRY(cty_step_case(step->memory, case_id, &c, &found));
    if (!found)
        return CUSTODY_E_NOT_FOUND;
    cty_hex_write(case_id->bytes, CTY_HASH_SIZE, id);
    CTY_TRY(cty_words_release(step, &c, &words));
    if (step->stopped)
        cty_report_skip(step->report, CTY_CLAIM_QUORUM, "case %s: not all entries were judged", id);
    else if (is_suspect(step, id))
        cty_report_skip(step->report, CTY_CLAIM_QUORUM, "case %s is undecidable: %s", id, words.text);
    else
        cty_report_hold(step->report, CTY_CLAIM_QUORUM, "case %s is %s: %s", id, outlooks[cty_outlook_of(&c)], words.text);
    return CUSTODY_OK;
}

custody_err cty_replay_compare(struct cty_replay *replay, const char *name, struct cty_bytes note)
{
    if (replay->compared_count == CTY_COMPARED_MAX)
        return CUSTODY_E_LIMIT_REACHED;
    struct cty_compared *compared = &replay->compared[replay->compared_count++];
    compared->name = name;
    compared->note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    return cty_buf_put_bytes(&compared->note, note);
}
