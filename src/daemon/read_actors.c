/* SPDX-License-Identifier: Apache-2.0 */
/* Reading who is enrolled and what policies are in force. */
#include <stdio.h>

#include "codec/text.h"
#include "daemon/reads.h"

struct actor_list {
    struct cty_jw jw;
    struct cty_buf *out;
    struct cty_buf *last; /* name of the last one listed */
    uint64_t count;
    uint64_t count_max;
    bool full;
};

static custody_err list_actor(void *context, const struct cty_store_record *record)
{
    struct actor_list *list = context;
    if (list->full)
        return CUSTODY_OK;
    if (list->count == list->count_max || (list->count > 0 && list->out->size > CTY_ANSWER_BYTES_MAX)) {
        list->full = true;
        return CUSTODY_OK;
    }
    list->count++;
    cty_jw_raw(&list->jw, record->value);
    CTY_TRY(list->jw.err);
    cty_buf_clear(list->last);
    return cty_buf_put(list->last, record->key.data + 6, record->key.size - 6);
}

custody_err cty_read_actors(struct cty_worker *worker, const struct cty_rpc_params *params,
                            union cty_rpc_result *result, custody_error *error)
{
    struct cty_bytes party = params->u.actors.party, after = params->u.actors.after;
    uint64_t limit = params->u.actors.limit ? params->u.actors.limit : CTY_LIST_MAX;
    struct actor_list list = {.out = &worker->texts[0], .last = &worker->texts[1], .count_max = limit};
    char prefix[CTY_VIEW_KEY_MAX], from[CTY_VIEW_KEY_MAX] = "";
    snprintf(prefix, sizeof(prefix), "actor/%.*s%s", (int)party.size, (const char *)party.data, party.data ? "/" : "");
    if (after.data)
        snprintf(from, sizeof(from), "actor/%.*s", (int)after.size, (const char *)after.data);
    cty_buf_clear(list.out);
    cty_buf_clear(list.last);
    cty_jw_begin(&list.jw, list.out);
    cty_jw_array(&list.jw);
    CTY_TRY(cty_store_walk_records(worker->reader, cty_bytes_text(prefix), cty_bytes_text(from), limit + 1,
                                   list_actor, &list, error));
    cty_jw_array_end(&list.jw);
    CTY_TRY(cty_jw_end(&list.jw));
    result->actors.actors = cty_buf_bytes(list.out);
    if (list.full)
        result->actors.next = cty_buf_bytes(list.last);
    return CUSTODY_OK;
}

/* The digest of the statement that published the policy of a scope. */
static custody_err policy_digest(struct cty_worker *worker, struct cty_bytes scope, struct cty_opt_hash *ret_digest,
                                 custody_error *error)
{
    bool present = false;
    if (cty_bytes_is(scope, "ledger")) {
        struct cty_ledger_record ledger = {0};
        CTY_TRY(cty_book_record(&worker->book, &cty_shape_ledger_record, &ledger, &present, error, "ledger"));
        *ret_digest = (struct cty_opt_hash){ledger.policy, present};
        return CUSTODY_OK;
    }
    struct cty_party_record party = {0};
    CTY_TRY(cty_book_record(&worker->book, &cty_shape_party_record, &party, &present, error, "party/%.*s",
                            (int)scope.size, (const char *)scope.data));
    if (!present)
        return cty_fail(error, CUSTODY_E_PARTY_UNKNOWN, "%.*s", (int)scope.size, (const char *)scope.data);
    *ret_digest = party.policy;
    return CUSTODY_OK;
}

custody_err cty_read_policy(struct cty_worker *worker, const struct cty_rpc_params *params,
                            union cty_rpc_result *result, custody_error *error)
{
    char key[CTY_VIEW_KEY_MAX] = "policy/";
    bool present = false;
    CTY_TRY(policy_digest(worker, params->u.policy.scope, &result->policy.digest, error));
    if (!result->policy.digest.present)
        return CUSTODY_OK;
    cty_hex_write(result->policy.digest.hash.bytes, CTY_HASH_SIZE, key + 7);
    return cty_book_text(&worker->book, key, &result->policy.policy, &present, error);
}
