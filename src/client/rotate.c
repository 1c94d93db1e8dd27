/* SPDX-License-Identifier: Apache-2.0 */
#include "client/rotate.h"

#include "client/inner.h"
#include "client/step.h"

void cty_new_key_done(struct cty_new_key *lines)
{
    cty_buf_done(&lines->key);
    cty_buf_done(&lines->sealing_key);
}

custody_err cty_draft_new_key(struct cty_draft *draft, const struct cty_secret *next, struct cty_new_key *lines)
{
    struct cty_statement *st = &draft->statement;
    struct cty_bytes name = cty_secret_name(next);
    lines->key.limit = lines->sealing_key.limit = CTY_VKEY_BYTES_MAX;
    CTY_TRY(cty_vkey_format(name, CTY_KEY_ED25519, cty_secret_key(next), &lines->key));
    CTY_TRY(cty_vkey_format(name, CTY_KEY_X25519, cty_secret_sealing_key(next), &lines->sealing_key));
    if (st->type == CTY_ACTOR_ROTATE) {
        st->u.actor_rotate.key = cty_buf_bytes(&lines->key);
        st->u.actor_rotate.sealing_key = cty_buf_bytes(&lines->sealing_key);
    } else {
        st->u.custodian_rotate.key = cty_buf_bytes(&lines->key);
    }
    CTY_TRY(cty_draft_sign(draft, next));
    st->signers[st->signers_count - 1] = CTY_LITERAL("new");
    return CUSTODY_OK;
}

static custody_err check_next(const struct cty_client *client, const struct cty_secret *next, custody_error *error)
{
    struct cty_bytes name = cty_secret_name(client->secret);
    if (!cty_bytes_equal(cty_secret_name(next), name))
        return cty_fail(error, CUSTODY_E_USAGE, "the new key is of %.*s, and not of %.*s",
                        (int)cty_secret_name(next).size, (const char *)cty_secret_name(next).data, (int)name.size,
                        (const char *)name.data);
    if (memcmp(cty_secret_key(next), cty_secret_key(client->secret), sizeof(*cty_secret_key(next))) == 0)
        return cty_fail(error, CUSTODY_E_USAGE, "the new key is the old one");
    return CUSTODY_OK;
}

static custody_err rotate(struct cty_step *step, const struct cty_secret *next, struct cty_bytes reason,
                          struct cty_new_key *lines)
{
    CTY_TRY(cty_client_begin(step->client, CTY_ACTOR_ROTATE, &step->draft, step->error));
    CTY_TRY(cty_draft_new_key(&step->draft, next, lines));
    CTY_TRY(cty_step_commit(step, "reason", reason, &step->draft.statement.u.actor_rotate.reason));
    return cty_step_send(step);
}

custody_err cty_actor_rotate_key(struct cty_client *client, const struct cty_secret *next, struct cty_bytes reason,
                                 struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_SPAN(client);
    CTY_CLEANUP(cty_new_key_done) struct cty_new_key lines = {.key = CTY_BUF_INIT(0)};
    CTY_CLEANUP(cty_step_free_pointer) struct cty_step *step = NULL;
    CTY_TRY(cty_client_needs_trust(client, error));
    CTY_TRY(cty_step_new(client, ret_submitted, error, &step));
    CTY_TRY(check_next(client, next, error));
    return rotate(step, next, reason, &lines);
}
