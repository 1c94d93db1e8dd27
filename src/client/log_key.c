/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following the log's key. A note by a key that we don't know is laid against the trust chain once: where lawful rotations lead
 * from the pinned key to this one, it is believed. Cases are judged with their proofs again, so nothing rests on this alone.
 */
#include <stdlib.h>

#include "audit/log_keys.h"
#include "client/inner.h"

const struct cty_log_keys *cty_client_log_keys(const struct cty_client *client)
{
    return &client->log_keys;
}

static custody_err fetch(struct cty_client *client, struct cty_chain *chain, custody_error *error)
{
    CTY_AUTO_FREE struct cty_parsed_entry *scratch = cty_alloc(1, sizeof(*scratch));
    struct cty_answer answer = {0};
    uint64_t next = 0;
    custody_err err;
    if (!scratch)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    do {
        struct cty_rpc_params params = {.u.trust_entries.from = next};
        err = cty_client_call(client, CTY_RPC_TRUST_ENTRIES, &params, &answer, error);
        if (err == CUSTODY_OK)
            err = cty_chain_take(chain, &answer, scratch, error);
        uint64_t more = err == CUSTODY_OK ? answer.result.trust_entries.next : 0;
        if (more && more <= next)
            err = cty_fail(error, CUSTODY_E_BAD_RPC, "the trust chain does not go on");
        next = more;
    } while (err == CUSTODY_OK && next);
    cty_answer_done(&answer);
    cty_parsed_entry_done(scratch);
    return err;
}

static custody_err learn(struct cty_client *client, struct cty_log_keys *ret_keys, custody_error *error)
{
    struct cty_chain chain = {.count = 0};
    custody_err err = fetch(client, &chain, error);
    if (err == CUSTODY_OK)
        err = cty_log_keys_find(client->trust, chain.texts, chain.count, ret_keys, error);
    cty_chain_clear(&chain);
    return err;
}

custody_err cty_client_learn_log_key(struct cty_client *client, custody_err unsigned_note, custody_error *error)
{
    struct cty_log_keys keys;
    custody_error inner = {0};
    if (unsigned_note != CUSTODY_E_NOTE_UNSIGNED || client->learning)
        return unsigned_note;
    if (!client->secret)
        return cty_fail(error, unsigned_note, "by another log key; how it was changed can only be read with a key of yours");
    client->learning = true;
    custody_err err = learn(client, &keys, &inner);
    client->learning = false;
    if (cty_is_passing(err) || err == CUSTODY_E_CANCELLED_WAIT)
        return cty_fail(error, err, "%s", inner.detail);
    if (err != CUSTODY_OK || keys.count <= client->log_keys.count)
        return unsigned_note;
    client->log_keys = keys;
    return CUSTODY_OK;
}

custody_err cty_client_expect_log_key(struct cty_client *client, const struct cty_statement *ours, uint64_t index)
{
    struct cty_bytes name;
    struct cty_key key;
    if (ours->type != CTY_CUSTODIAN_ROTATE || ours->u.custodian_rotate.which != CTY_CUSTODIAN_LOG)
        return CUSTODY_OK;
    CTY_TRY(cty_vkey_parse(ours->u.custodian_rotate.key, CTY_KEY_ED25519, &name, &key));
    return cty_log_keys_add(&client->log_keys, index + 1, &key);
}
