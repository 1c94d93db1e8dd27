/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of keys over time: an actor's new key, the custodian's new keys, and the end of the ledger. */
#include "escrow/inner.h"

#include <stdio.h>

/*
 * The old key is kept with the actor: what it signed stays signed, and it can still be said to have been stolen. The new key's
 * signature stands under the name "new".
 */
custody_err cty_rule_actor_rotate(struct fold *f)
{
    const struct cty_actor_rotate *rotate = &f->st->u.actor_rotate;
    struct cty_bytes name = f->st->signers[0];
    struct cty_actor_record actor;
    CTY_TRY(cty_actor_valid(f, name, &actor));
    CTY_TRY(cty_key_put(f, rotate->key, CTY_KEY_ED25519, name, "actor"));
    if (rotate->sealing_key.data)
        CTY_TRY(cty_key_put(f, rotate->sealing_key, CTY_KEY_X25519, name, "sealing"));
    if (actor.former_count == CTY_ROTATIONS_MAX)
        return cty_fail(f->error, CUSTODY_E_LIMIT_REACHED, "more than %u rotations", CTY_ROTATIONS_MAX);
    actor.former[actor.former_count++] = (struct cty_former_key){
        .hardware = actor.enrolment.key_custody == CTY_KEY_HARDWARE, .key = actor.enrolment.key, .until = f->time};
    actor.enrolment.key = rotate->key;
    /* That a key is in hardware is the admins' word, and theirs was on another key. */
    if (actor.enrolment.key_custody == CTY_KEY_HARDWARE)
        actor.enrolment.key_custody = CTY_KEY_SELF;
    if (rotate->sealing_key.data)
        actor.enrolment.sealing_key = rotate->sealing_key;
    return cty_fold_put(f, &cty_shape_actor_record, &actor, "actor/" NAME_FMT, NAME_ARG(name));
}

custody_err cty_rule_custodian_rotate(struct fold *f)
{
    const struct cty_custodian_rotate *rotate = &f->st->u.custodian_rotate;
    bool log = rotate->which == CTY_CUSTODIAN_LOG;
    char clerk[CTY_ORIGIN_BYTES_MAX + 8];
    int length = snprintf(clerk, sizeof(clerk), NAME_FMT "/clerk", NAME_ARG(f->st->ledger));
    struct cty_bytes name = log ? f->st->ledger : cty_bytes_make(clerk, (size_t)length);
    uint64_t persons = 0;
    CTY_TRY(cty_admins_check(f, f->ledger.operator_party, 0, f->st->signers_count - 1, f->ledger.admin_quorum,
                             &persons));
    CTY_TRY(cty_key_put(f, rotate->key, CTY_KEY_ED25519, name, log ? "log" : "clerk"));
    if (!log) {
        f->ledger.clerk_key = rotate->key;
        return CUSTODY_OK;
    }
    if (f->ledger.log_rotations == CTY_ROTATIONS_MAX)
        return cty_fail(f->error, CUSTODY_E_LIMIT_REACHED, "more than %u log keys", CTY_ROTATIONS_MAX);
    f->ledger.log_rotations++;
    f->ledger.log_key = rotate->key;
    return CUSTODY_OK;
}

custody_err cty_rule_ledger_close(struct fold *f)
{
    uint64_t persons = 0;
    CTY_TRY(cty_admins_check(f, f->ledger.operator_party, 0, f->st->signers_count, f->ledger.admin_quorum, &persons));
    if (f->st->u.ledger_close.size != f->in->entry->index + 1)
        return cty_fail(f->error, CUSTODY_E_WRONG_SIZE, "with this entry it is %llu",
                        (unsigned long long)f->in->entry->index + 1);
    f->ledger.closed = true;
    return CUSTODY_OK;
}
