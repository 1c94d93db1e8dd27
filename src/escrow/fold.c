/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of the fold: what is judged of every entry, in the order of spec/lifecycle.md; then the rule of its
 * type; then the records that every entry changes.
 */
#include "escrow/inner.h"

#include <stdarg.h>

#include "base/check.h"
#include "codec/text.h"

typedef custody_err rule_function(struct fold *f);

static rule_function *const rules[CTY_TYPE_COUNT] = {
#define CTY_TYPE(name, member, text, cls, flags) [CTY_##name] = cty_rule_##member,
#include "model/types.def"
#undef CTY_TYPE
};

struct hex64 cty_hex64(const struct cty_hash *hash)
{
    struct hex64 hex;
    cty_hex_write(hash->bytes, CTY_HASH_SIZE, hex.text);
    return hex;
}

struct hex64 cty_hex32(const uint8_t bits[16])
{
    struct hex64 hex;
    cty_hex_write(bits, 16, hex.text);
    return hex;
}

static custody_err get_key(struct fold *f, const char *key, struct cty_bytes *ret_value,
                           enum cty_view_status *ret_status)
{
    custody_err err = cty_view_get(f->view, key, ret_status, ret_value);
    if (err != CUSTODY_OK)
        return cty_fail(f->error, err, "more records than one entry may need");
    if (*ret_status == CTY_VIEW_WANTED)
        return cty_fail_code(f->error, CUSTODY_E_VIEW_INCOMPLETE);
    return CUSTODY_OK;
}

custody_err cty_fold_get_raw(struct fold *f, struct cty_bytes *ret_value, enum cty_view_status *ret_status,
                             const char *key, ...)
{
    char text[CTY_VIEW_KEY_MAX];
    va_list args;
    va_start(args, key);
    cty_view_key_list(text, key, args);
    va_end(args);
    return get_key(f, text, ret_value, ret_status);
}

custody_err cty_fold_get(struct fold *f, const struct cty_shape *shape, void *ret_record,
                         enum cty_view_status *ret_status, const char *key, ...)
{
    char text[CTY_VIEW_KEY_MAX];
    va_list args;
    va_start(args, key);
    cty_view_key_list(text, key, args);
    va_end(args);
    struct cty_bytes value;
    CTY_TRY(get_key(f, text, &value, ret_status));
    if (*ret_status != CTY_VIEW_PRESENT)
        return CUSTODY_OK;
    return cty_memo_decode(f->view->memo, shape, text, value, f->tape, ret_record, f->error);
}

custody_err cty_fold_lend(struct fold *f, const struct cty_shape *shape, void *own, const void **ret_record,
                          enum cty_view_status *ret_status, const char *key, ...)
{
    char text[CTY_VIEW_KEY_MAX];
    va_list args;
    va_start(args, key);
    cty_view_key_list(text, key, args);
    va_end(args);
    struct cty_bytes value;
    CTY_TRY(get_key(f, text, &value, ret_status));
    if (*ret_status != CTY_VIEW_PRESENT)
        return CUSTODY_OK;
    return cty_memo_lend(f->view->memo, shape, text, value, f->tape, own, ret_record, f->error);
}

/* Opens a put of `key`; where the key stands already in the delta, the later value takes its place. */
static custody_err put_open(struct fold *f, const char *key, size_t *ret_place)
{
    struct cty_delta *delta = f->delta;
    size_t place = 0;
    while (place < delta->count && strcmp(delta->puts[place].key, key) != 0)
        place++;
    if (place == CTY_DELTA_MAX)
        return cty_fail(f->error, CUSTODY_E_LIMIT_REACHED, "more changes than one entry may make");
    if (place == delta->count)
        delta->count++;
    memcpy(delta->puts[place].key, key, strlen(key) + 1);
    delta->puts[place].at = delta->memory.size;
    delta->puts[place].value.size = 0;
    *ret_place = place;
    return CUSTODY_OK;
}

custody_err cty_fold_put_raw(struct fold *f, struct cty_bytes value, const char *key, ...)
{
    char text[CTY_VIEW_KEY_MAX];
    va_list args;
    va_start(args, key);
    cty_view_key_list(text, key, args);
    va_end(args);
    size_t place = 0;
    CTY_TRY(put_open(f, text, &place));
    CTY_TRY(cty_buf_put_bytes(&f->delta->memory, value));
    f->delta->puts[place].value.size = value.size;
    return CUSTODY_OK;
}

custody_err cty_fold_put(struct fold *f, const struct cty_shape *shape, const void *record, const char *key, ...)
{
    char text[CTY_VIEW_KEY_MAX];
    va_list args;
    va_start(args, key);
    cty_view_key_list(text, key, args);
    va_end(args);
    size_t place = 0;
    CTY_TRY(put_open(f, text, &place));
    struct cty_jw jw;
    cty_jw_begin(&jw, &f->delta->memory);
    cty_shape_encode(shape, NULL, record, &jw);
    CTY_TRY(cty_jw_end(&jw));
    f->delta->puts[place].value.size = f->delta->memory.size - f->delta->puts[place].at;
    return CUSTODY_OK;
}

static custody_err fail_link(struct fold *f, const char *which)
{
    return cty_fail(f->error, CUSTODY_E_CHAIN_BROKEN, "entry %llu: %s", (unsigned long long)f->in->entry->index,
                    which);
}

static bool link_is(const struct cty_opt_hash *link, const struct cty_hash *hash)
{
    return link->present && cty_hash_equal(&link->hash, hash);
}

static custody_err check_first_entry(struct fold *f)
{
    const struct cty_entry *entry = f->in->entry;
    if (entry->index != 0 || f->st->type != CTY_LEDGER_OPEN)
        return cty_fail(f->error, CUSTODY_E_GENESIS_MISSING, "entry %llu is a %s", (unsigned long long)entry->index,
                        cty_type_name(f->st->type));
    if (entry->prev.present || entry->trust.present || entry->case_prev.present)
        return fail_link(f, "the first entry links to nothing");
    return CUSTODY_OK;
}

static custody_err check_links(struct fold *f)
{
    const struct cty_entry *entry = f->in->entry;
    bool gap = f->in->prev_unknown;
    if (gap ? entry->index < f->ledger.size : entry->index != f->ledger.size)
        return fail_link(f, "its index does not follow");
    if (gap)
        f->unjudged |= CTY_UNJUDGED_PREV;
    if (gap ? !entry->prev.present : !link_is(&entry->prev, &f->ledger.last))
        return fail_link(f, "prev is not the leaf hash of the entry before");
    if (!link_is(&entry->trust, &f->ledger.trust))
        return fail_link(f, "trust is not the leaf hash of the newest trust-class entry");
    if (entry->case_prev.present && !(cty_type_flags(f->st->type) & CTY_TYPE_CASE))
        return fail_link(f, "case_prev in an entry that joins no case");
    if (f->time < f->ledger.time)
        return cty_fail(f->error, CUSTODY_E_TIME_BACKWARDS, "entry %llu", (unsigned long long)entry->index);
    return CUSTODY_OK;
}

/* A closed ledger takes nothing, whatever it is. */
static custody_err check_open(struct fold *f)
{
    if (f->ledger.closed)
        return cty_fail(f->error, CUSTODY_E_AFTER_TERMINAL, "it ended with entry %llu",
                        (unsigned long long)f->ledger.size - 1);
    return CUSTODY_OK;
}

static custody_err check_entry(struct fold *f)
{
    enum cty_view_status status;
    CTY_TRY(cty_fold_get(f, &cty_shape_ledger_record, &f->ledger, &status, "ledger"));
    if (status == CTY_VIEW_ABSENT)
        return check_first_entry(f);
    if (status == CTY_VIEW_UNKNOWN)
        return cty_fail(f->error, CUSTODY_E_INTERNAL, "the ledger record is unknown");
    CTY_TRY(check_links(f));
    return check_open(f);
}

static custody_err check_id(struct fold *f)
{
    struct cty_id_record record = {0};
    enum cty_view_status status;
    CTY_TRY(cty_fold_get(f, &cty_shape_id_record, &record, &status, "id/%s", cty_hex32(f->st->id).text));
    if (status == CTY_VIEW_UNKNOWN)
        f->unjudged |= CTY_UNJUDGED_ID;
    if (status == CTY_VIEW_PRESENT)
        return cty_fail(f->error, CUSTODY_E_DUPLICATE_ID, "entry %llu has it", (unsigned long long)record.index);
    return CUSTODY_OK;
}

static custody_err check_ledger(struct fold *f)
{
    if (f->st->type == CTY_LEDGER_OPEN && f->in->entry->index != 0)
        return cty_fail(f->error, CUSTODY_E_STATE_ILLEGAL, "the ledger is open already");
    if (f->in->entry->index != 0 && !cty_bytes_equal(f->st->ledger, f->ledger.origin))
        return cty_fail(f->error, CUSTODY_E_WRONG_LEDGER, "this is " NAME_FMT, NAME_ARG(f->ledger.origin));
    return CUSTODY_OK;
}

static bool is_actor(struct cty_bytes signer)
{
    return cty_actor_party(signer).size > 0;
}

/* Whether the signers from number `first` on are those that the statement enrols, in its order. */
static custody_err check_enrolled_sign(struct fold *f, const struct cty_enrolment *enrolments, uint32_t count,
                                       uint32_t first)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!cty_bytes_equal(f->st->signers[first + i], enrolments[i].actor))
            return cty_fail(f->error, CUSTODY_E_WRONG_SIGNER, "signer %u must be " NAME_FMT, first + i,
                            NAME_ARG(enrolments[i].actor));
    }
    return CUSTODY_OK;
}

/* Whoever is enrolled signs, in a place of their own: nobody vouches with a key that the statement itself brings. */
static custody_err check_enrolled_signers(struct fold *f)
{
    const struct cty_statement *st = f->st;
    if (st->type == CTY_LEDGER_OPEN)
        return check_enrolled_sign(f, st->u.ledger_open.admins, st->u.ledger_open.admins_count, 2);
    if (st->type == CTY_ACTOR_ENROL)
        return check_enrolled_sign(f, &st->u.actor_enrol.enrolment, 1, 0);
    if (st->type != CTY_PARTY_ENROL)
        return CUSTODY_OK;
    uint32_t count = st->u.party_enrol.admins_count;
    if (st->signers_count <= count)
        return cty_fail(f->error, CUSTODY_E_WRONG_SIGNER, "admins of the ledger sign first, then every named admin");
    return check_enrolled_sign(f, st->u.party_enrol.admins, count, st->signers_count - count);
}

/* A rotation is signed by the new key too, last: "new". */
static bool brings_new_key(enum cty_type type)
{
    return type == CTY_ACTOR_ROTATE || type == CTY_CUSTODIAN_ROTATE;
}

static custody_err check_new_signs(struct fold *f)
{
    const struct cty_statement *st = f->st;
    uint32_t most = st->type == CTY_ACTOR_ROTATE ? 2 : CTY_SIGNERS_MAX;
    if (st->signers_count < 2 || st->signers_count > most || !cty_bytes_is(st->signers[st->signers_count - 1], "new"))
        return cty_fail(f->error, CUSTODY_E_WRONG_SIGNER, "the new key signs last, as new");
    return CUSTODY_OK;
}

/* How many signers a type has, and which of them are log, clerk and new; the rules judge the actors among them. */
static custody_err check_signers_shape(struct fold *f)
{
    const struct cty_statement *st = f->st;
    uint32_t first_actor = 0;
    uint32_t past_actors = st->signers_count - (brings_new_key(st->type) ? 1 : 0);
    uint32_t least = 1, most = 1;
    if (st->type == CTY_LEDGER_OPEN) {
        first_actor = 2;
        least = most = 2 + st->u.ledger_open.admins_count;
        if (st->signers_count < 2 || !cty_bytes_is(st->signers[0], "log") || !cty_bytes_is(st->signers[1], "clerk"))
            return cty_fail(f->error, CUSTODY_E_WRONG_SIGNER, "log and clerk sign first");
    } else if (cty_type_flags(st->type) & CTY_TYPE_CLERK) {
        first_actor = 1;
        if (!cty_bytes_is(st->signers[0], "clerk"))
            return cty_fail(f->error, CUSTODY_E_WRONG_SIGNER, "only the clerk signs a %s", cty_type_name(st->type));
    } else if (cty_type_class_get(st->type) == CTY_CLASS_TRUST) {
        most = CTY_SIGNERS_MAX;
    }
    if (st->signers_count < least || st->signers_count > most)
        return cty_fail(f->error, CUSTODY_E_WRONG_SIGNER, "%u signers", st->signers_count);
    if (brings_new_key(st->type))
        CTY_TRY(check_new_signs(f));
    for (uint32_t i = first_actor; i < past_actors; i++) {
        if (!is_actor(st->signers[i]))
            return cty_fail(f->error, CUSTODY_E_WRONG_SIGNER, NAME_FMT " does not sign a %s",
                            NAME_ARG(st->signers[i]), cty_type_name(st->type));
    }
    return check_enrolled_signers(f);
}

/* Whether signer `name` is enrolled by this very statement, so that no record is expected. */
static bool enrols(const struct cty_statement *st, struct cty_bytes name)
{
    if (st->type == CTY_ACTOR_ENROL)
        return cty_bytes_equal(st->u.actor_enrol.enrolment.actor, name);
    if (st->type == CTY_LEDGER_OPEN)
        return true;
    if (st->type != CTY_PARTY_ENROL)
        return false;
    for (uint32_t i = 0; i < st->u.party_enrol.admins_count; i++) {
        if (cty_bytes_equal(st->u.party_enrol.admins[i].actor, name))
            return true;
    }
    return false;
}

static custody_err check_signer_keys(struct fold *f)
{
    struct cty_key keys[CTY_SIGNERS_MAX];
    struct cty_bytes names[CTY_SIGNERS_MAX];
    struct cty_buf memory = CTY_BUF_INIT(1024);
    custody_err err = cty_fold_keys(f->view, f->st, &memory, keys, names, f->error);
    cty_buf_done(&memory);
    CTY_TRY(err);
    for (uint32_t i = 0; i < f->st->signers_count; i++) {
        struct cty_actor_record actor;
        if (is_actor(f->st->signers[i]) && !enrols(f->st, f->st->signers[i]))
            CTY_TRY(cty_actor_valid(f, f->st->signers[i], &actor));
    }
    for (uint32_t i = 0; i < f->st->signers_count; i++) {
        if (!cty_key_equal(&keys[i], &f->in->keys[i]))
            return cty_fail(f->error, CUSTODY_E_SIGNATURE_INVALID, "signer %u", i);
    }
    return CUSTODY_OK;
}

/* A verdict or release stands in its place or nowhere, and nothing else stands there. */
static custody_err check_place(struct fold *f)
{
    int wanted = f->in->entry->index == 0 ? CTY_FOLLOW_NONE : f->ledger.follow;
    int is = CTY_FOLLOW_NONE;
    if (f->st->type == CTY_VERDICT)
        is = CTY_FOLLOW_VERDICT;
    if (f->st->type == CTY_RELEASE)
        is = CTY_FOLLOW_RELEASE;
    bool other_case = is != CTY_FOLLOW_NONE && is == wanted &&
                      !(f->ledger.follow_case.present &&
                        cty_hash_equal(&f->ledger.follow_case.hash, &f->st->case_id));
    if (is != wanted || other_case || (wanted != CTY_FOLLOW_NONE && f->in->prev_unknown))
        return cty_fail(f->error, CUSTODY_E_OUT_OF_PLACE, "entry %llu is a %s",
                        (unsigned long long)f->in->entry->index, cty_type_name(f->st->type));
    return CUSTODY_OK;
}

static custody_err check_until(struct fold *f)
{
    if (f->st->until < f->time)
        return cty_fail(f->error, CUSTODY_E_EXPIRED_STATEMENT, "until %llu, now %llu",
                        (unsigned long long)f->st->until, (unsigned long long)f->time);
    return CUSTODY_OK;
}

static custody_err check_seen(struct fold *f)
{
    const struct cty_seen *seen = &f->st->seen;
    bool first = f->in->entry->index == 0;
    if (first ? seen->size != 0 : (seen->size == 0 || seen->size > f->in->entry->index))
        return cty_fail(f->error, CUSTODY_E_BAD_SEEN, "size %llu", (unsigned long long)seen->size);
    enum cty_view_status status;
    struct cty_bytes root;
    CTY_TRY(cty_fold_get_raw(f, &root, &status, "root/%llu", (unsigned long long)seen->size));
    if (status == CTY_VIEW_UNKNOWN)
        f->unjudged |= CTY_UNJUDGED_SEEN;
    else if (status != CTY_VIEW_PRESENT || !cty_bytes_is(root, cty_hex64(&seen->root).text))
        return cty_fail(f->error, CUSTODY_E_BAD_SEEN, "root of size %llu", (unsigned long long)seen->size);
    return CUSTODY_OK;
}

static custody_err check_clerk_time(struct fold *f)
{
    bool clerk = (cty_type_flags(f->st->type) & CTY_TYPE_CLERK) != 0;
    if (clerk && (f->st->time != f->time || f->st->until != f->time))
        return cty_fail(f->error, CUSTODY_E_CLERK_MISMATCH, "the clerk's time is not the entry's");
    return CUSTODY_OK;
}

static custody_err check_statement(struct fold *f)
{
    CTY_TRY(check_id(f));
    CTY_TRY(check_ledger(f));
    CTY_TRY(check_signers_shape(f));
    CTY_TRY(check_signer_keys(f));
    CTY_TRY(check_place(f));
    CTY_TRY(check_until(f));
    CTY_TRY(check_seen(f));
    return check_clerk_time(f);
}

static custody_err put_common(struct fold *f)
{
    struct cty_id_record id = {*f->in->digest, f->in->entry->index};
    CTY_TRY(cty_fold_put(f, &cty_shape_id_record, &id, "id/%s", cty_hex32(f->st->id).text));
    f->ledger.size = f->in->entry->index + 1;
    f->ledger.time = f->time;
    f->ledger.last = f->in->leaf;
    if (cty_type_class_get(f->st->type) == CTY_CLASS_TRUST)
        f->ledger.trust = f->in->leaf;
    f->ledger.follow = (int)f->delta->follow;
    f->ledger.follow_case.present = f->delta->follow != CTY_FOLLOW_NONE;
    if (f->ledger.follow_case.present)
        f->ledger.follow_case.hash = f->delta->case_id;
    return cty_fold_put(f, &cty_shape_ledger_record, &f->ledger, "ledger");
}

static custody_err fold_entry(struct fold *f)
{
    CTY_TRY(check_entry(f));
    CTY_TRY(check_statement(f));
    CTY_TRY(rules[f->st->type](f));
    return put_common(f);
}

static void delta_reset(struct cty_delta *delta)
{
    cty_buf_clear(&delta->memory);
    delta->memory.limit = CTY_DELTA_BYTES_MAX;
    delta->count = 0;
    delta->unjudged = 0;
    delta->touches_case = false;
    delta->follow = CTY_FOLLOW_NONE;
}

void cty_delta_done(struct cty_delta *delta)
{
    if (!delta)
        return;
    cty_buf_done(&delta->memory);
    cty_json_done(&delta->tape);
}

/*
 * The records that every run over this entry begins with, wanted together: it saves the caller a round for each.
 * What the rules need beyond them they ask for as they go.
 */
static custody_err want_first(struct cty_view *view, const struct cty_statement *st)
{
    enum cty_view_status status;
    struct cty_bytes value;
    char key[CTY_VIEW_KEY_MAX];
    CTY_TRY(cty_view_get(view, "ledger", &status, &value));
    cty_view_key(key, "id/%s", cty_hex32(st->id).text);
    CTY_TRY(cty_view_get(view, key, &status, &value));
    cty_view_key(key, "root/%llu", (unsigned long long)st->seen.size);
    CTY_TRY(cty_view_get(view, key, &status, &value));
    for (uint32_t i = 0; i < st->signers_count; i++) {
        cty_view_key(key, "actor/" NAME_FMT, NAME_ARG(st->signers[i]));
        if (is_actor(st->signers[i]))
            CTY_TRY(cty_view_get(view, key, &status, &value));
    }
    if (!(cty_type_flags(st->type) & CTY_TYPE_CASE))
        return cty_enrolments_want(view, st);
    cty_view_key(key, "case/%s", cty_hex64(&st->case_id).text);
    return cty_view_get(view, key, &status, &value);
}

custody_err cty_fold(struct cty_view *view, const struct cty_fold_input *input, struct cty_delta *delta,
                     custody_error *error)
{
    delta_reset(delta);
    if (!view->begun) {
        view->begun = true;
        CTY_TRY(want_first(view, input->statement));
        if (cty_view_wanted(view))
            return cty_fail_code(error, CUSTODY_E_VIEW_INCOMPLETE);
    }
    struct fold f;
    cty_fold_begin(&f, view, &delta->tape, error);
    f.in = input;
    f.delta = delta;
    f.st = input->statement;
    f.time = input->entry->time;
    custody_err err = fold_entry(&f);
    if (err != CUSTODY_OK) {
        delta_reset(delta);
        return cty_fail_code(error, err);
    }
    for (size_t i = 0; i < delta->count; i++)
        delta->puts[i].value.data = delta->memory.data + delta->puts[i].at;
    delta->unjudged = f.unjudged;
    return CUSTODY_OK;
}
