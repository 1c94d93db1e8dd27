/* SPDX-License-Identifier: Apache-2.0 */
/* What a decision shows of handoffs, questions and consent: copied, so that it outlives the judgement. */
#include <stdlib.h>

#include "base/check.h"
#include "client/map.h"
#include "client/public.h"

void cty_public_map_done(struct cty_public_map *map)
{
    for (size_t i = 0; i < map->owned_count; i++)
        free(map->owned[i]);
    free(map->owned);
    free(map->hops);
    free(map->questions);
    *map = (struct cty_public_map){.hops_count = 0};
}

/* ---- copies ---- */

/* Zeroed memory that lives as long as the map. */
static custody_err own(struct cty_public_map *map, size_t count, size_t size, void **ret_memory)
{
    void **grown = realloc(map->owned, (map->owned_count + 1) * sizeof(*grown));
    if (!grown)
        return CUSTODY_E_NO_MEMORY;
    map->owned = grown;
    void *memory = cty_alloc(count ? count : 1, size);
    if (!memory)
        return CUSTODY_E_NO_MEMORY;
    map->owned[map->owned_count++] = memory;
    *ret_memory = memory;
    return CUSTODY_OK;
}

static custody_err copy_text(struct cty_public_map *map, struct cty_bytes text, const char **ret_text)
{
    void *memory;
    CTY_TRY(own(map, text.size + 1, 1, &memory));
    if (text.size)
        memcpy(memory, text.data, text.size);
    *ret_text = memory;
    return CUSTODY_OK;
}

static custody_err copy_bytes(struct cty_public_map *map, struct cty_bytes bytes, custody_bytes *ret_bytes)
{
    const char *text = NULL;
    if (bytes.size == 0)
        return CUSTODY_OK;
    CTY_TRY(copy_text(map, bytes, &text));
    *ret_bytes = (custody_bytes){text, bytes.size};
    return CUSTODY_OK;
}

static custody_err copy_names(struct cty_public_map *map, const struct cty_names *names,
                              const char *const **ret_names, size_t *ret_count)
{
    void *memory;
    CTY_TRY(own(map, names->count, sizeof(char *), &memory));
    const char **list = memory;
    for (uint32_t i = 0; i < names->count; i++)
        CTY_TRY(copy_text(map, names->names[i], &list[i]));
    *ret_names = list;
    *ret_count = names->count;
    return CUSTODY_OK;
}

static custody_err copy_scope(struct cty_public_map *map, const struct cty_scope *scope, custody_scope *ret_scope)
{
    CTY_TRY(copy_names(map, &scope->services, &ret_scope->services, &ret_scope->services_count));
    CTY_TRY(copy_names(map, &scope->actions, &ret_scope->actions, &ret_scope->actions_count));
    ret_scope->releases = scope->releases;
    ret_scope->depth = scope->depth;
    ret_scope->expires_ms = scope->expires;
    return CUSTODY_OK;
}

/* ---- hops ---- */

static custody_hop_state state_of(const struct cty_handoff *handoff, uint64_t now)
{
    if (handoff->over || (!handoff->answer && now > handoff->offer->expires))
        return CUSTODY_HOP_LAPSED;
    switch (handoff->state) {
    case CTY_OFFER_OPEN:
        return CUSTODY_HOP_OPEN;
    case CTY_OFFER_ACCEPTED:
        return CUSTODY_HOP_ACCEPTED;
    case CTY_OFFER_DECLINED:
        return CUSTODY_HOP_DECLINED;
    case CTY_OFFER_WITHDRAWN:
        return CUSTODY_HOP_WITHDRAWN;
    }
    return CUSTODY_HOP_LAPSED;
}

static custody_err copy_hop(struct cty_public_map *map, const struct cty_handoff *handoff, uint64_t now,
                            custody_hop *ret_hop)
{
    const struct cty_offer *offer = handoff->offer;
    ret_hop->number = offer->hop;
    ret_hop->state = state_of(handoff, now);
    memcpy(ret_hop->offer.bytes, handoff->digest.bytes, sizeof(ret_hop->offer.bytes));
    ret_hop->offered_ms = handoff->entry->entry.time;
    ret_hop->offered_index = handoff->entry->entry.index;
    ret_hop->answered_ms = handoff->answer ? handoff->answer->entry.time : 0;
    ret_hop->answered_index = handoff->answer ? handoff->answer->entry.index : 0;
    ret_hop->stands_until_ms = offer->expires;
    CTY_TRY(copy_text(map, handoff->from, &ret_hop->from));
    CTY_TRY(copy_text(map, handoff->to, &ret_hop->to));
    CTY_TRY(copy_scope(map, &offer->scope, &ret_hop->scope));
    CTY_TRY(copy_bytes(map, handoff->obligations, &ret_hop->obligations));
    CTY_TRY(copy_bytes(map, handoff->context, &ret_hop->context));
    CTY_TRY(copy_bytes(map, handoff->reason, &ret_hop->reason));
    CTY_TRY(copy_text(map, offer->deposit.amount, &ret_hop->deposit_amount));
    return copy_text(map, offer->deposit.unit, &ret_hop->deposit_unit);
}

static custody_err read_hops(const struct cty_judgement *judgement, uint64_t now, struct cty_public_map *map)
{
    CTY_CLEANUP(cty_handoffs_done) struct cty_handoffs handoffs = {.count = 0};
    CTY_TRY(cty_handoffs_read(judgement, &handoffs));
    map->hops = cty_alloc(handoffs.count + 1, sizeof(*map->hops));
    if (!map->hops)
        return CUSTODY_E_NO_MEMORY;
    for (; map->hops_count < handoffs.count; map->hops_count++)
        CTY_TRY(copy_hop(map, &handoffs.list[map->hops_count], now, &map->hops[map->hops_count]));
    return CUSTODY_OK;
}

/* ---- questions ---- */

static custody_err copy_question(struct cty_public_map *map, const struct cty_question *question,
                                 custody_question *ret_question)
{
    memcpy(ret_question->question.bytes, question->digest.bytes, sizeof(ret_question->question.bytes));
    ret_question->time_ms = question->entry->entry.time;
    ret_question->open = question->open ? 1 : 0;
    CTY_TRY(copy_text(map, question->from, &ret_question->from));
    CTY_TRY(copy_bytes(map, question->text, &ret_question->text));
    return copy_bytes(map, question->answer_text, &ret_question->answer);
}

static custody_err read_questions(const struct cty_judgement *judgement, struct cty_public_map *map)
{
    CTY_CLEANUP(cty_questions_done) struct cty_questions questions = {.count = 0};
    CTY_TRY(cty_questions_read(judgement, &questions));
    map->questions = cty_alloc(questions.count + 1, sizeof(*map->questions));
    if (!map->questions)
        return CUSTODY_E_NO_MEMORY;
    for (; map->questions_count < questions.count; map->questions_count++)
        CTY_TRY(copy_question(map, &questions.list[map->questions_count], &map->questions[map->questions_count]));
    return CUSTODY_OK;
}

static custody_consent_state consent_of(const struct cty_case *record)
{
    switch ((enum cty_consent_state)record->consent) {
    case CTY_CONSENT_NONE:
        return CUSTODY_CONSENT_STATE_NONE;
    case CTY_CONSENT_WANTED:
        return CUSTODY_CONSENT_STATE_WANTED;
    case CTY_CONSENT_REFUSED:
        return CUSTODY_CONSENT_STATE_REFUSED;
    case CTY_CONSENT_GIVEN:
        return CUSTODY_CONSENT_STATE_GIVEN;
    }
    return CUSTODY_CONSENT_STATE_WANTED;
}

custody_err cty_public_map_read(const struct cty_judgement *judgement, uint64_t now, struct cty_public_map *ret_map)
{
    const struct cty_case *record = &judgement->record;
    ret_map->consent = consent_of(record);
    ret_map->finalised = record->finalised ? 1 : 0;
    if (record->scope.present)
        CTY_TRY(copy_scope(ret_map, &record->scope, &ret_map->scope));
    CTY_TRY(read_hops(judgement, now, ret_map));
    return read_questions(judgement, ret_map);
}
