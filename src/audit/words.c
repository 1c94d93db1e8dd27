/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On whose word a party is what it is:
 *
 *   pinned by the trust file     its first admins are exactly those
 *   not pinned                   the founding admins let it in, if they are pinned; else whoever has the log key did
 *
 * Whoever it enrols stands on its own admins' word; how many of them vouched is told with each approver.
 */
#include "audit/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PARTIES_MAX 64

void cty_words_put(struct cty_words *words, const char *format, ...)
{
    size_t left = sizeof(words->text) - words->used;
    va_list args;
    va_start(args, format);
    int more = vsnprintf(words->text + words->used, left, format, args);
    va_end(args);
    if (more > 0)
        words->used += (size_t)more < left ? (size_t)more : left - 1;
}

#define NAME(bytes) (int)(bytes).size, (const char *)(bytes).data

/* ---- parties ---- */

enum word { WORD_PINNED, WORD_OTHERS, WORD_FOUNDERS, WORD_LOG, WORD_COUNT };

static enum word word_of(const struct cty_step *step, struct cty_bytes party)
{
    for (uint32_t i = 0; i < step->trust->pins_count; i++) {
        if (cty_bytes_equal(step->trust->pins[i].party, party))
            return (step->parties_other & ((uint64_t)1 << i)) != 0 ? WORD_OTHERS : WORD_PINNED;
    }
    return step->founders_pinned && !step->founders_other ? WORD_FOUNDERS : WORD_LOG;
}

/* In order, each once. */
struct parties {
    struct cty_bytes names[PARTIES_MAX];
    uint32_t count;
    uint64_t left_out;
};

static void add_party(struct parties *parties, struct cty_bytes party)
{
    uint32_t at = 0;
    while (at < parties->count && cty_bytes_compare(parties->names[at], party) < 0)
        at++;
    if (party.size == 0 || (at < parties->count && cty_bytes_equal(parties->names[at], party)))
        return;
    if (parties->count == PARTIES_MAX) {
        parties->left_out++;
        return;
    }
    memmove(parties->names + at + 1, parties->names + at, (parties->count - at) * sizeof(parties->names[0]));
    parties->names[at] = party;
    parties->count++;
}

static void put_parties(const struct cty_step *step, const struct parties *parties, struct cty_words *words)
{
    static const char *const heads[WORD_COUNT] = {
        [WORD_PINNED] = "pinned",
        [WORD_OTHERS] = "with other admins than are pinned",
        [WORD_FOUNDERS] = "on the founding admins' word",
        [WORD_LOG] = "on the log key's word",
    };
    for (int word = 0; word < WORD_COUNT; word++) {
        bool first = true;
        for (uint32_t i = 0; i < parties->count; i++) {
            if ((int)word_of(step, parties->names[i]) != word)
                continue;
            if (first)
                cty_words_put(words, "; %s: ", heads[word]);
            cty_words_put(words, "%s%.*s", first ? "" : ", ", NAME(parties->names[i]));
            first = false;
        }
    }
    if (parties->left_out)
        cty_words_put(words, "; and %llu parties more", (unsigned long long)parties->left_out);
}

static custody_err collect_party(void *context, const char *key, struct cty_bytes value)
{
    struct parties *parties = context;
    char *name = cty_bytes_dup_text(cty_bytes_text(key + strlen("party/")));
    uint32_t before = parties->count;
    (void)value;
    if (!name)
        return CUSTODY_E_NO_MEMORY;
    add_party(parties, cty_bytes_text(name));
    if (parties->count == before)
        free(name);
    return CUSTODY_OK;
}

custody_err cty_words_enrolled(struct cty_step *step)
{
    struct parties parties = {.count = 0};
    struct cty_words words = {.used = 0};
    if (step->report->claims[CTY_CLAIM_ENROLLED].state != CTY_CLAIM_HOLDS)
        return CUSTODY_OK;
    custody_err err = cty_memory_each_of(step->memory, "party/", collect_party, &parties);
    cty_words_put(&words, "%s", step->founders_pinned
                  ? "the pinned founding admins vouch for every party that is not pinned itself"
                  : "every party that is not pinned itself on the log key's word: no founding admin is pinned");
    put_parties(step, &parties, &words);
    for (uint32_t i = 0; i < parties.count; i++)
        free((void *)(uintptr_t)parties.names[i].data);
    CTY_TRY(err);
    cty_report_hold(step->report, CTY_CLAIM_ENROLLED, "%s", words.text);
    return CUSTODY_OK;
}

/* ---- people ---- */

/* "acme/bob (enrolled by 1, travelled, revoked by entry 9)"; founding admins vouched for themselves. */
static custody_err put_approver(const struct cty_step *step, const struct cty_case_decision *decision,
                                struct cty_words *words)
{
    struct cty_actor_record actor = {.vouchers = 0};
    char thief[CTY_THIEF_WORDS_MAX];
    bool present = false;
    CTY_TRY(cty_step_actor(step->memory, decision->actor, &actor, &present));
    cty_words_put(words, "%.*s (", NAME(decision->actor));
    if (present && actor.index == 0)
        cty_words_put(words, "founding admin");
    else
        cty_words_put(words, "%s by %llu", actor.recovered ? "recovered" : "enrolled", (unsigned long long)actor.vouchers);
    if (cty_step_travelled(step, &decision->digest))
        cty_words_put(words, ", travelled");
    if (present && actor.revoked_index != 0)
        cty_words_put(words, ", revoked by entry %llu", (unsigned long long)actor.revoked_index);
    else if (present && cty_step_thief(&actor, decision->rotation, decision->time, thief))
        cty_words_put(words, ", %s", thief);
    cty_words_put(words, ")");
    return CUSTODY_OK;
}

/* "held by initech/x since hop 2, handed acme/bot > globex/x > initech/x" */
static custody_err put_hops(const struct cty_step *step, const struct cty_case *c, struct cty_words *words)
{
    if (c->hops_count == 0)
        return CUSTODY_OK;
    cty_words_put(words, "; held by %.*s since hop %u, handed ", NAME(c->holder), c->hops_count);
    for (uint32_t i = 0; i < c->hops_count; i++) {
        const struct cty_case_hop *hop = &c->hops[i];
        struct cty_actor_record giver;
        char thief[CTY_THIEF_WORDS_MAX];
        bool present = false;
        CTY_TRY(cty_step_actor(step->memory, hop->from, &giver, &present));
        cty_words_put(words, "%.*s", NAME(hop->from));
        if (present && cty_step_thief(&giver, hop->rotation, hop->offered, thief))
            cty_words_put(words, " (%s)", thief);
        cty_words_put(words, " > ");
    }
    cty_words_put(words, "%.*s", NAME(c->holder));
    return CUSTODY_OK;
}

static void put_case_parties(const struct cty_step *step, const struct cty_case *c, struct cty_words *words)
{
    struct parties parties = {.count = 0};
    add_party(&parties, cty_actor_party(c->requester));
    add_party(&parties, cty_actor_party(c->holder));
    for (uint32_t i = 0; i < c->decisions_count; i++)
        add_party(&parties, cty_actor_party(c->decisions[i].actor));
    for (uint32_t i = 0; i < c->hops_count; i++)
        add_party(&parties, cty_actor_party(c->hops[i].from));
    put_parties(step, &parties, words);
}

custody_err cty_words_release(const struct cty_step *step, const struct cty_case *c, struct cty_words *ret_words)
{
    ret_words->used = 0;
    ret_words->text[0] = 0;
    if (!c->release.present)
        cty_words_put(ret_words, "nothing was released: the case is %s", cty_case_state_names[c->state]);
    else if (c->decisions_count == 0)
        cty_words_put(ret_words, "policy released it to %.*s without asking people", NAME(c->holder));
    else
        cty_words_put(ret_words, "released to %.*s by ", NAME(c->holder));
    for (uint32_t i = 0; c->release.present && i < c->decisions_count; i++) {
        cty_words_put(ret_words, "%s", i ? ", " : "");
        CTY_TRY(put_approver(step, &c->decisions[i], ret_words));
    }
    put_case_parties(step, c, ret_words);
    return put_hops(step, c, ret_words);
}

void cty_words_holder(const struct cty_step *step, const struct cty_case *c, struct cty_words *ret_words)
{
    static const char *const words[WORD_COUNT] = {
        [WORD_PINNED] = "is pinned",
        [WORD_OTHERS] = "has other admins than are pinned",
        [WORD_FOUNDERS] = "stands on the founding admins' word",
        [WORD_LOG] = "stands on the log key's word",
    };
    struct cty_bytes party = cty_actor_party(c->holder);
    ret_words->used = 0;
    ret_words->text[0] = 0;
    cty_words_put(ret_words, "%.*s (%.*s %s)", NAME(c->holder), NAME(party), words[word_of(step, party)]);
}
