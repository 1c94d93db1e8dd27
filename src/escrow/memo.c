/* SPDX-License-Identifier: Apache-2.0 */
#include "escrow/memo.h"

#include <stdlib.h>

#include "base/check.h"
#include "model/policy.h"

/* One remembered text: `record` is what it decodes to. */
struct place {
    bool used;
    uint64_t turn; /* when it was given out last */
    struct cty_buf text;
    void *record; /* NULL until the place is first used */
};

#define PLACES_MAX 64u
#define CASES_FEW 4u

/*
 * Which records are remembered, how many of each, and how long their texts may be: cases are large, and seldom asked for
 * after their entry; policies are larger, few, and asked for by every request.
 */
static const struct kind {
    const struct cty_shape *shape;
    size_t size;
    size_t places;
    size_t text_max;
} kinds[] = {
    {&cty_shape_ledger_record, sizeof(struct cty_ledger_record), 1, CTY_MEMO_TEXT_MAX},
    {&cty_shape_actor_record, sizeof(struct cty_actor_record), PLACES_MAX, CTY_MEMO_TEXT_MAX},
    {&cty_shape_case, sizeof(struct cty_case), CASES_FEW, CTY_MEMO_TEXT_MAX},
    {&cty_shape_party_record, sizeof(struct cty_party_record), 16, CTY_MEMO_TEXT_MAX},
    {&cty_shape_policy, sizeof(struct cty_policy), 8, CTY_MEMO_POLICY_MAX},
};

#define VKEYS 64u
#define VKEY_BYTES_MAX 192u

/* A public line, and what it reads as. */
struct vkey {
    size_t size; /* 0: nothing stands here */
    size_t name_size;
    struct cty_key key;
    uint8_t text[VKEY_BYTES_MAX];
};

struct cty_memo {
    struct vkey vkeys[VKEYS];
    uint64_t turn;
    bool many_cases;
    struct place places[CTY_COUNT_OF(kinds)][PLACES_MAX];
};

custody_err cty_memo_new(struct cty_memo **ret_memo)
{
    struct cty_memo *memo = cty_alloc(1, sizeof(*memo));
    if (!memo)
        return CUSTODY_E_NO_MEMORY;
    memo->turn = 1;
    for (size_t k = 0; k < CTY_COUNT_OF(kinds); k++) {
        for (size_t i = 0; i < PLACES_MAX; i++)
            memo->places[k][i].text = CTY_BUF_INIT(kinds[k].text_max);
    }
    *ret_memo = memo;
    return CUSTODY_OK;
}

void cty_memo_want_cases(struct cty_memo *memo)
{
    memo->many_cases = true;
}

void cty_memo_free(struct cty_memo *memo)
{
    if (!memo)
        return;
    for (size_t k = 0; k < CTY_COUNT_OF(kinds); k++) {
        for (size_t i = 0; i < PLACES_MAX; i++) {
            cty_buf_done(&memo->places[k][i].text);
            free(memo->places[k][i].record);
        }
    }
    free(memo);
}

void cty_memo_turn(struct cty_memo *memo)
{
    if (memo)
        memo->turn++;
}

/* By the last bytes, in which keys of one kind differ. */
static size_t place_of(struct cty_bytes key, size_t tail, size_t places)
{
    size_t skipped = key.size < tail ? 0 : key.size - tail;
    uint64_t hash = cty_bytes_fnv1a(cty_bytes_make(key.data + skipped, key.size - skipped));
    return (size_t)((hash ^ hash >> 32) % places);
}

custody_err cty_memo_vkey(struct cty_memo *memo, struct cty_bytes vkey, struct cty_bytes *ret_name, struct cty_key *ret_key)
{
    if (!memo || vkey.size == 0 || vkey.size > VKEY_BYTES_MAX)
        return cty_vkey_read(vkey, CTY_KEY_ED25519, ret_name, ret_key);
    struct vkey *place = &memo->vkeys[place_of(vkey, 8, VKEYS)];
    if (place->size != vkey.size || memcmp(place->text, vkey.data, vkey.size) != 0) {
        place->size = 0;
        CTY_TRY(cty_vkey_read(vkey, CTY_KEY_ED25519, ret_name, &place->key));
        place->size = vkey.size;
        place->name_size = ret_name->size;
        memcpy(place->text, vkey.data, vkey.size);
    }
    *ret_name = cty_bytes_make(vkey.data, place->name_size);
    *ret_key = place->key;
    return CUSTODY_OK;
}

static const struct kind *kind_of(const struct cty_shape *shape)
{
    for (size_t k = 0; k < CTY_COUNT_OF(kinds); k++) {
        if (kinds[k].shape == shape)
            return &kinds[k];
    }
    return NULL;
}

static custody_err decode(const struct kind *kind, struct cty_bytes text, struct cty_json *tape, void *ret_record,
                          custody_error *error)
{
    if (kind->shape == &cty_shape_policy)
        return cty_policy_parse(text, tape, ret_record, error);
    if (kind->shape == &cty_shape_case)
        cty_case_clear(ret_record);
    else
        memset(ret_record, 0, kind->size);
    return cty_record_decode(kind->shape, text, tape, ret_record, error);
}

/* Makes the place hold this text. Errors: as of decode; the place is then empty. */
static custody_err learn(struct place *place, const struct kind *kind, struct cty_bytes text, struct cty_json *tape,
                         custody_error *error)
{
    place->used = false;
    if (!place->record)
        place->record = malloc(kind->size);
    if (!place->record)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    cty_buf_clear(&place->text);
    if (cty_buf_put_bytes(&place->text, text) != CUSTODY_OK)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(decode(kind, cty_buf_bytes(&place->text), tape, place->record, error));
    place->used = true;
    return CUSTODY_OK;
}

static struct place *place_for(struct cty_memo *memo, const struct kind *kind, const char *key)
{
    bool many = memo->many_cases && kind->shape == &cty_shape_case;
    return &memo->places[kind - kinds][place_of(cty_bytes_text(key), 12, many ? PLACES_MAX : kind->places)];
}

/*
 * Makes the text's place hold it. *ret_record is NULL where it is too long, or where another text stands there, and somebody may
 * still look at it.
 */
static custody_err remember(struct cty_memo *memo, const struct kind *kind, const char *key, struct cty_bytes text,
                            struct cty_json *tape, const void **ret_record, custody_error *error)
{
    *ret_record = NULL;
    if (!memo || text.size > kind->text_max)
        return CUSTODY_OK;
    struct place *place = place_for(memo, kind, key);
    bool known = place->used && cty_bytes_equal(cty_buf_bytes(&place->text), text);
    if (!known && place->used && place->turn == memo->turn)
        return CUSTODY_OK;
    if (!known)
        CTY_TRY(learn(place, kind, text, tape, error));
    place->turn = memo->turn;
    *ret_record = place->record;
    return CUSTODY_OK;
}

custody_err cty_memo_lend(struct cty_memo *memo, const struct cty_shape *shape, const char *key, struct cty_bytes text,
                          struct cty_json *tape, void *own, const void **ret_record, custody_error *error)
{
    const struct kind *kind = kind_of(shape);
    CTY_CHECK(kind);
    CTY_TRY(remember(memo, kind, key, text, tape, ret_record, error));
    if (*ret_record)
        return CUSTODY_OK;
    *ret_record = own;
    return decode(kind, text, tape, own, error);
}

custody_err cty_memo_decode(struct cty_memo *memo, const struct cty_shape *shape, const char *key,
                            struct cty_bytes text, struct cty_json *tape, void *ret_record, custody_error *error)
{
    const struct kind *kind = kind_of(shape);
    const void *record = NULL;
    if (!kind)
        return cty_record_decode(shape, text, tape, ret_record, error);
    CTY_TRY(cty_memo_lend(memo, shape, key, text, tape, ret_record, &record, error));
    if (record == ret_record)
        return CUSTODY_OK;
    if (shape == &cty_shape_case)
        cty_case_copy(ret_record, record);
    else
        memcpy(ret_record, record, kind->size);
    return CUSTODY_OK;
}
