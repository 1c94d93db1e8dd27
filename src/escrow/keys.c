/* SPDX-License-Identifier: Apache-2.0 */
/* Which key each signer must have signed with. */
#include "escrow/inner.h"

#include "base/check.h"

struct resolve {
    struct cty_ledger_record ledger;
    bool has_ledger;
    struct fold f;
};

/* Names built here ("<origin>/clerk") live in memory that must not move: it is reserved up front. */
static custody_err clerk_name(struct cty_bytes origin, struct cty_buf *memory, struct cty_bytes *ret_name)
{
    size_t at = memory->size;
    CTY_TRY(cty_buf_put_bytes(memory, origin));
    CTY_TRY(cty_buf_put_text(memory, "/clerk"));
    *ret_name = cty_bytes_make(memory->data + at, memory->size - at);
    return CUSTODY_OK;
}

/* A key that a record names was checked whole when it was enrolled; one that a statement brings is checked now. */
static custody_err parse_key(struct resolve *r, struct cty_bytes vkey, bool enrolled, struct cty_bytes name,
                             struct cty_key *ret_key)
{
    struct cty_bytes own;
    custody_err err = enrolled ? cty_memo_vkey(r->f.view->memo, vkey, &own, ret_key)
                               : cty_vkey_parse(vkey, CTY_KEY_ED25519, &own, ret_key);
    if (err == CUSTODY_E_ALG_MISMATCH)
        return cty_fail(r->f.error, err, "key of " NAME_FMT, NAME_ARG(name));
    if (err != CUSTODY_OK || !cty_bytes_equal(own, name))
        return cty_fail(r->f.error, CUSTODY_E_BAD_KEY, "key of " NAME_FMT, NAME_ARG(name));
    return CUSTODY_OK;
}

static custody_err load_ledger(struct resolve *r)
{
    if (r->has_ledger)
        return CUSTODY_OK;
    enum cty_view_status status;
    CTY_TRY(cty_fold_get(&r->f, &cty_shape_ledger_record, &r->ledger, &status, "ledger"));
    if (status != CTY_VIEW_PRESENT)
        return cty_fail(r->f.error, CUSTODY_E_KEY_UNKNOWN, "the ledger has not begun");
    r->has_ledger = true;
    return CUSTODY_OK;
}

static custody_err custodian_key(struct resolve *r, bool clerk, struct cty_buf *memory, struct cty_bytes *ret_name,
                                 struct cty_key *ret_key)
{
    const struct cty_statement *st = r->f.st;
    struct cty_bytes origin = st->ledger;
    struct cty_bytes vkey = clerk ? st->u.ledger_open.clerk_key : st->u.ledger_open.log_key;
    if (st->type != CTY_LEDGER_OPEN) {
        CTY_TRY(load_ledger(r));
        origin = r->ledger.origin;
        vkey = clerk ? r->ledger.clerk_key : r->ledger.log_key;
    }
    if (clerk)
        CTY_TRY(clerk_name(origin, memory, ret_name));
    else
        *ret_name = origin;
    return parse_key(r, vkey, st->type != CTY_LEDGER_OPEN, *ret_name, ret_key);
}

/* Whose the new key of a rotation is: the actor's that signs first, or the custodian's. */
static custody_err new_key(struct resolve *r, struct cty_buf *memory, struct cty_bytes *ret_name,
                           struct cty_key *ret_key)
{
    const struct cty_statement *st = r->f.st;
    if (st->type == CTY_ACTOR_ROTATE) {
        *ret_name = st->signers[0];
        return parse_key(r, st->u.actor_rotate.key, false, *ret_name, ret_key);
    }
    if (st->type != CTY_CUSTODIAN_ROTATE)
        return cty_fail(r->f.error, CUSTODY_E_WRONG_SIGNER, "a %s brings no new key", cty_type_name(st->type));
    *ret_name = st->ledger;
    if (st->u.custodian_rotate.which == CTY_CUSTODIAN_CLERK)
        CTY_TRY(clerk_name(st->ledger, memory, ret_name));
    return parse_key(r, st->u.custodian_rotate.key, false, *ret_name, ret_key);
}

static const struct cty_enrolment *enrolment_of(const struct cty_statement *st, struct cty_bytes name)
{
    const struct cty_enrolment *list = NULL;
    uint32_t count = 0;
    if (st->type == CTY_LEDGER_OPEN) {
        list = st->u.ledger_open.admins;
        count = st->u.ledger_open.admins_count;
    } else if (st->type == CTY_PARTY_ENROL) {
        list = st->u.party_enrol.admins;
        count = st->u.party_enrol.admins_count;
    } else if (st->type == CTY_ACTOR_ENROL) {
        list = &st->u.actor_enrol.enrolment;
        count = 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (cty_bytes_equal(list[i].actor, name))
            return &list[i];
    }
    return NULL;
}

static custody_err actor_key(struct resolve *r, struct cty_bytes name, struct cty_key *ret_key)
{
    const struct cty_enrolment *enrolment = enrolment_of(r->f.st, name);
    if (enrolment)
        return parse_key(r, enrolment->key, false, name, ret_key);
    struct cty_actor_record actor;
    bool present = false;
    CTY_TRY(cty_actor_get(&r->f, name, &actor, &present));
    if (!present)
        return cty_fail(r->f.error, CUSTODY_E_KEY_UNKNOWN, NAME_FMT, NAME_ARG(name));
    return parse_key(r, actor.enrolment.key, true, name, ret_key);
}

custody_err cty_fold_keys(struct cty_view *view, const struct cty_statement *statement, struct cty_buf *names_memory,
                          struct cty_key ret_keys[CTY_SIGNERS_MAX], struct cty_bytes ret_names[CTY_SIGNERS_MAX],
                          custody_error *error)
{
    struct cty_json tape = CTY_JSON_INIT;
    struct resolve r;
    r.has_ledger = false;
    memset(&r.ledger, 0, sizeof(r.ledger));
    cty_fold_begin(&r.f, view, &tape, error);
    r.f.st = statement;
    custody_err err = cty_buf_reserve(names_memory, CTY_ORIGIN_BYTES_MAX + 8);
    for (uint32_t i = 0; err == CUSTODY_OK && i < statement->signers_count; i++) {
        struct cty_bytes signer = statement->signers[i];
        ret_names[i] = signer;
        if (cty_actor_party(signer).size > 0)
            err = actor_key(&r, signer, &ret_keys[i]);
        else if (cty_bytes_is(signer, "new"))
            err = new_key(&r, names_memory, &ret_names[i], &ret_keys[i]);
        else
            err = custodian_key(&r, cty_bytes_is(signer, "clerk"), names_memory, &ret_names[i], &ret_keys[i]);
    }
    cty_json_done(&tape);
    return err;
}
