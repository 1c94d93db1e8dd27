/* SPDX-License-Identifier: Apache-2.0 */
#include "client/read.h"

#include <stdlib.h>

#include "client/inner.h"
#include "codec/text.h"
#include "net/trouble.h"

/* ---- lists ---- */

/* Walks an array of an answer's result. */
static custody_err each_of(const struct cty_answer *answer, const char *name,
                           custody_err (*each)(void *context, const struct cty_json *json,
                                               const struct cty_json_node *node),
                           void *context)
{
    const struct cty_json *json = &answer->message.json;
    const struct cty_json_node *list = cty_rpc_list(&answer->message, &answer->answer, name);
    for (const struct cty_json_node *node = list ? cty_json_first(json, list) : NULL; node;
         node = cty_json_after(json, list, node))
        CTY_TRY(each(context, json, node));
    return CUSTODY_OK;
}

/* What a list's callbacks work with: room for a record, which is large, and its tape. */
struct rows {
    union {
        struct cty_case the_case;
        struct cty_actor_record actor;
    } record;
    struct cty_rpc_case row;
    struct cty_json tape;
    custody_err (*each_case)(void *context, const struct cty_case_row *row);
    custody_err (*each_actor)(void *context, const struct cty_actor_record *actor);
    void *context;
    custody_error *error;
};

static custody_err read_record(struct rows *rows, const struct cty_shape *shape, struct cty_bytes text)
{
    custody_error inner = {0};
    memset(&rows->record, 0, sizeof(rows->record));
    custody_err err = cty_record_decode(shape, text, &rows->tape, &rows->record, &inner);
    if (err == CUSTODY_OK || err == CUSTODY_E_NO_MEMORY)
        return err;
    return cty_fail(rows->error, CUSTODY_E_BAD_RPC, "a record in the list: %s", inner.detail);
}

static custody_err take_case(void *context, const struct cty_json *json, const struct cty_json_node *node)
{
    struct rows *rows = context;
    custody_error inner = {0};
    memset(&rows->row, 0, sizeof(rows->row));
    if (cty_shape_decode(&cty_shape_rpc_case_row, NULL, json, node, &rows->row, &inner) != CUSTODY_OK)
        return cty_fail(rows->error, CUSTODY_E_BAD_RPC, "a case in the list: %s", inner.detail);
    CTY_TRY(read_record(rows, &cty_shape_case, rows->row.record));
    struct cty_case_row row = {&rows->row, &rows->record.the_case};
    return rows->each_case(rows->context, &row);
}

static custody_err list_cases(struct cty_client *client, struct cty_rpc_params *params, struct rows *rows,
                              custody_error *error)
{
    struct cty_answer answer = {0};
    custody_err err;
    do {
        err = cty_client_call(client, CTY_RPC_CASE_LIST, params, &answer, error);
        if (err == CUSTODY_OK)
            err = each_of(&answer, "cases", take_case, rows);
        if (err == CUSTODY_OK && answer.result.case_list.next && answer.result.case_list.next <= params->u.case_list.after)
            err = cty_fail(error, CUSTODY_E_BAD_RPC, "the list does not go on");
        if (err == CUSTODY_OK)
            params->u.case_list.after = answer.result.case_list.next;
    } while (err == CUSTODY_OK && params->u.case_list.after);
    cty_answer_done(&answer);
    return err;
}

custody_err cty_client_cases(struct cty_client *client, const struct cty_case_filter *filter,
                             custody_err (*each)(void *context, const struct cty_case_row *row), void *context,
                             custody_error *error)
{
    struct cty_rpc_params params = {.u.case_list.mine = (int)filter->mine};
    if (filter->states_count > CTY_RPC_STATES_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "%u states", filter->states_count);
    for (uint32_t i = 0; i < filter->states_count; i++)
        params.u.case_list.state[i] = cty_bytes_text(filter->states[i]);
    params.u.case_list.state_count = filter->states_count;
    struct rows *rows = cty_alloc(1, sizeof(*rows));
    if (!rows)
        return CUSTODY_E_NO_MEMORY;
    rows->each_case = each;
    rows->context = context;
    rows->error = error;
    custody_err err = list_cases(client, &params, rows, error);
    cty_json_done(&rows->tape);
    free(rows);
    return err;
}

static custody_err take_actor(void *context, const struct cty_json *json, const struct cty_json_node *node)
{
    struct rows *rows = context;
    (void)json;
    CTY_TRY(read_record(rows, &cty_shape_actor_record, node->text));
    return rows->each_actor(rows->context, &rows->record.actor);
}

static custody_err list_actors(struct cty_client *client, struct cty_rpc_params *params, struct rows *rows,
                               custody_error *error)
{
    struct cty_answer answer = {0};
    char after[CTY_ACTOR_NAME_BYTES_MAX];
    custody_err err;
    bool more = false;
    do {
        err = cty_client_call(client, CTY_RPC_ACTORS, params, &answer, error);
        if (err == CUSTODY_OK)
            err = each_of(&answer, "actors", take_actor, rows);
        struct cty_bytes next = answer.result.actors.next;
        more = err == CUSTODY_OK && next.data && next.size <= sizeof(after);
        if (more && params->u.actors.after.data && cty_bytes_compare(next, params->u.actors.after) <= 0)
            err = cty_fail(error, CUSTODY_E_BAD_RPC, "the list does not go on");
        if (more && err == CUSTODY_OK) {
            memcpy(after, next.data, next.size);
            params->u.actors.after = cty_bytes_make(after, next.size);
        }
    } while (more && err == CUSTODY_OK);
    cty_answer_done(&answer);
    return err;
}

custody_err cty_client_actors(struct cty_client *client, const char *party,
                              custody_err (*each)(void *context, const struct cty_actor_record *actor), void *context,
                              custody_error *error)
{
    struct cty_rpc_params params = {.u.actors.party = cty_bytes_text(party)};
    struct rows *rows = cty_alloc(1, sizeof(*rows));
    if (!rows)
        return CUSTODY_E_NO_MEMORY;
    rows->each_actor = each;
    rows->context = context;
    rows->error = error;
    custody_err err = list_actors(client, &params, rows, error);
    cty_json_done(&rows->tape);
    free(rows);
    return err;
}

custody_err cty_client_policy(struct cty_client *client, const char *scope, struct cty_buf *out,
                              struct cty_hash *ret_digest, custody_error *error)
{
    struct cty_rpc_params params = {.u.policy.scope = cty_bytes_text(scope)};
    struct cty_answer answer = {0};
    custody_err err = cty_client_call(client, CTY_RPC_POLICY, &params, &answer, error);
    if (err == CUSTODY_OK && (!answer.result.policy.policy.data || !answer.result.policy.digest.present))
        err = cty_fail(error, CUSTODY_E_NOT_FOUND, "%s has no policy of its own", scope);
    if (err == CUSTODY_OK)
        err = cty_buf_put_bytes(out, answer.result.policy.policy);
    if (err == CUSTODY_OK)
        *ret_digest = answer.result.policy.digest.hash;
    cty_answer_done(&answer);
    return err;
}

/* ---- contents ---- */

static custody_err take_blob(struct cty_bytes salt, struct cty_bytes content, uint8_t ret_salt[CTY_SALT_SIZE],
                             struct cty_buf *out, custody_error *error)
{
    custody_err err = cty_base64_parse_into(salt, ret_salt, CTY_SALT_SIZE);
    if (err == CUSTODY_OK)
        err = cty_base64_parse(content, out);
    if (err == CUSTODY_OK || err == CUSTODY_E_NO_MEMORY)
        return err;
    return cty_fail(error, CUSTODY_E_BAD_RPC, "a content is not of its form");
}

custody_err cty_client_blob(struct cty_client *client, const struct cty_hash *case_id, const struct cty_hash *statement,
                            struct cty_bytes member, uint8_t ret_salt[CTY_SALT_SIZE], struct cty_buf *out,
                            custody_error *error)
{
    struct cty_rpc_params params = {.u.blob_get = {.member = member, .statement = *statement}};
    if (case_id)
        params.u.blob_get.case_id = (struct cty_opt_hash){*case_id, true};
    struct cty_answer answer = {0};
    uint8_t salt[CTY_SALT_SIZE];
    custody_err err = cty_client_call(client, CTY_RPC_BLOB_GET, &params, &answer, error);
    if (err == CUSTODY_OK)
        err = take_blob(answer.result.blob_get.salt, answer.result.blob_get.content, salt, out, error);
    if (err == CUSTODY_OK)
        memcpy(ret_salt, salt, sizeof(salt));
    cty_answer_done(&answer);
    return err;
}

/* ---- the whole ledger ---- */

struct texts {
    struct cty_bytes list[CTY_ENTRIES_PER_ANSWER_MAX];
    size_t count;
};

static custody_err take_text(void *context, const struct cty_json *json, const struct cty_json_node *node)
{
    struct texts *texts = context;
    (void)json;
    if (texts->count == CTY_ENTRIES_PER_ANSWER_MAX || node->kind != CTY_JSON_STRING)
        return CUSTODY_E_BAD_RPC;
    texts->list[texts->count++] = node->text;
    return CUSTODY_OK;
}

static custody_err fetch_entries(struct cty_client *client, uint64_t from, uint64_t to, struct cty_answer *answer,
                                 struct texts *texts, custody_error *error)
{
    uint64_t left = to - from;
    struct cty_rpc_params params = {
        .u.entries = {.from = from, .count = left < CTY_ENTRIES_PER_ANSWER_MAX ? left : CTY_ENTRIES_PER_ANSWER_MAX}};
    CTY_TRY(cty_client_call(client, CTY_RPC_ENTRIES, &params, answer, error));
    texts->count = 0;
    CTY_TRY(each_of(answer, "entries", take_text, texts));
    if (answer->result.entries.from != from)
        return cty_fail(error, CUSTODY_E_BAD_RPC, "other entries than were asked for");
    if (texts->count == 0)
        return cty_fail(error, CUSTODY_E_GAP, "entry %llu is not to be had", (unsigned long long)from);
    if (texts->count > left)
        texts->count = (size_t)left;
    return CUSTODY_OK;
}

custody_err cty_client_entries(struct cty_client *client, uint64_t from, uint64_t to,
                               custody_err (*each)(void *context, uint64_t first, const struct cty_bytes *texts,
                                                   size_t count),
                               void *context, custody_error *error)
{
    struct cty_answer answer = {0};
    struct texts *texts = cty_alloc(1, sizeof(*texts));
    custody_err err = texts ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
    while (err == CUSTODY_OK && from < to) {
        err = fetch_entries(client, from, to, &answer, texts, error);
        if (err == CUSTODY_OK)
            err = each(context, from, texts->list, texts->count);
        if (err == CUSTODY_OK)
            from += texts->count;
    }
    cty_answer_done(&answer);
    free(texts);
    return err;
}

/* ---- waiting for news ---- */

static custody_err note_index(void *context, const struct cty_json *json, const struct cty_json_node *node)
{
    (void)json;
    return cty_json_u64(node, CTY_NUMBER_MAX, context);
}

/* Without waiting: the same answer by another method. */
static custody_err look_now(struct cty_client *client, const struct cty_rpc_params *wait, struct cty_answer *answer,
                            custody_error *error)
{
    struct cty_rpc_params params = {.u.case_get.case_id = wait->u.case_wait.case_id};
    uint64_t newest = 0;
    CTY_TRY(cty_client_call(client, CTY_RPC_CASE_GET, &params, answer, error));
    CTY_TRY(each_of(answer, "entries", note_index, &newest));
    struct cty_rpc_case the_case = answer->result.case_get;
    the_case.changed = newest > wait->u.case_wait.known;
    answer->result.case_wait = the_case;
    return CUSTODY_OK;
}

static custody_err wait_or_look(struct cty_client *client, struct cty_rpc_params *params, uint64_t step_ms,
                                struct cty_answer *answer, custody_error *error)
{
    /* 0 would mean as long as the custodian likes. */
    params->u.case_wait.timeout_ms = step_ms ? step_ms : 1;
    custody_err err = cty_client_call_long(client, CTY_RPC_CASE_WAIT, params, step_ms, answer, error);
    return err == CUSTODY_E_QUOTA || err == CUSTODY_E_BUSY ? look_now(client, params, answer, error) : err;
}

/* A custodian that answers early without news is asked again, but not at once. */
static custody_err wait_step(struct cty_client *client, struct cty_rpc_params *params, uint64_t step_ms,
                             struct cty_answer *answer, custody_error *error)
{
    uint64_t begin = cty_net_now_ms();
    CTY_TRY(wait_or_look(client, params, step_ms, answer, error));
    uint64_t took = cty_net_now_ms() - begin;
    if (!answer->result.case_wait.changed && took < step_ms)
        cty_client_pause(client, step_ms - took < CTY_PAUSE_MS_MAX ? step_ms - took : CTY_PAUSE_MS_MAX);
    return CUSTODY_OK;
}

custody_err cty_client_wait_news(struct cty_client *client, const struct cty_hash *case_id, uint64_t known,
                                 uint64_t timeout_ms, struct cty_answer *ret_answer, custody_error *error)
{
    struct cty_rpc_params params = {.u.case_wait = {.case_id = *case_id, .known = known}};
    uint64_t deadline = cty_net_deadline(timeout_ms);
    custody_err err;
    do {
        uint64_t now = cty_net_now_ms();
        uint64_t left = deadline > now ? deadline - now : 0;
        err = wait_step(client, &params, left < CTY_WAIT_STEP_MS ? left : CTY_WAIT_STEP_MS, ret_answer, error);
    } while (err == CUSTODY_OK && !ret_answer->result.case_wait.changed && cty_net_now_ms() < deadline);
    return err;
}
