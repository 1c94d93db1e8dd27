/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/check.h"
#include "base/file.h"
#include "client/public.h"

/* ---- opening ---- */

static custody_err read_trust(const char *path, struct cty_trust *ret_trust, custody_error *error)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    custody_error why = {0};
    custody_err err = cty_file_read(path, &text, &why);
    if (err == CUSTODY_OK)
        err = cty_trust_parse(cty_buf_bytes(&text), ret_trust, error);
    else
        err = cty_fail(error, err, "the trust file %s", why.detail);
    cty_buf_done(&text);
    return err;
}

static custody_err check_config(const custody_client_config *config, custody_error *error)
{
    if (!config || config->struct_size != sizeof(*config))
        return cty_fail(error, CUSTODY_E_USAGE, "the configuration is of another version of the library");
    if (!config->url)
        return cty_fail(error, CUSTODY_E_USAGE, "url is missing");
    if (!config->trust_path)
        return cty_fail(error, CUSTODY_E_USAGE, "trust_path is missing");
    if (!config->key)
        return cty_fail(error, CUSTODY_E_USAGE, "key is missing");
    return CUSTODY_OK;
}

static custody_err open_inner(custody_client *client, const custody_client_config *config, custody_error *error)
{
    const struct cty_client_config inner = {
        .url = config->url,
        .trust = &client->trust,
        .secret = config->key->secret,
        .state_path = config->state_path,
        .patience_ms = config->patience_ms,
    };
    CTY_TRY(read_trust(config->trust_path, &client->trust, error));
    return cty_client_open(&inner, &client->client, error);
}

custody_err custody_client_open(const custody_client_config *config, custody_client **ret_client, custody_error *error)
{
    CTY_TRY(check_config(config, error));
    CTY_TRY(cty_crypto_init());
    custody_client *client = cty_alloc(1, sizeof(*client));
    if (!client)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    custody_err err = open_inner(client, config, error);
    if (err == CUSTODY_OK)
        *ret_client = client;
    else
        custody_client_close(client);
    return cty_fail_code(error, err);
}

void custody_client_close(custody_client *client)
{
    if (!client)
        return;
    cty_client_close(client->client);
    cty_trust_done(&client->trust);
    free(client);
}

void custody_client_interrupt(custody_client *client)
{
    cty_client_interrupt(client->client);
}

void custody_client_resume(custody_client *client)
{
    cty_client_resume(client->client);
}

const char *custody_client_contradiction(const custody_client *client)
{
    return cty_client_contradiction(client->client);
}

/* ---- asking ---- */

custody_err cty_names_in(const char *const *names, size_t count, size_t most, const char *what,
                         struct cty_names *ret_names, custody_error *error)
{
    if (count > most)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "%s: %zu names, %zu at most", what, count, most);
    for (size_t i = 0; i < count; i++)
        ret_names->names[i] = cty_bytes_text(names[i]);
    ret_names->count = (uint32_t)count;
    return CUSTODY_OK;
}

static custody_err take_priority(custody_priority priority, enum cty_priority *ret_priority, custody_error *error)
{
    switch (priority) {
    case CUSTODY_PRIORITY_LOW:
        *ret_priority = CTY_PRIORITY_LOW;
        return CUSTODY_OK;
    case CUSTODY_PRIORITY_NORMAL:
        *ret_priority = CTY_PRIORITY_NORMAL;
        return CUSTODY_OK;
    case CUSTODY_PRIORITY_HIGH:
        *ret_priority = CTY_PRIORITY_HIGH;
        return CUSTODY_OK;
    case CUSTODY_PRIORITY_CRITICAL:
        *ret_priority = CTY_PRIORITY_CRITICAL;
        return CUSTODY_OK;
    }
    return cty_fail(error, CUSTODY_E_USAGE, "priority %d", (int)priority);
}

static custody_err check_request(const custody_request *request, custody_error *error)
{
    if (!request || request->struct_size != sizeof(*request))
        return cty_fail(error, CUSTODY_E_USAGE, "the request is of another version of the library");
    if (!request->service || !request->action)
        return cty_fail(error, CUSTODY_E_USAGE, "service or action is missing");
    if (!request->payload.size)
        return cty_fail(error, CUSTODY_E_USAGE, "payload is missing");
    return CUSTODY_OK;
}

static custody_err take_request(const custody_request *request, struct cty_ask *ask, custody_error *error)
{
    CTY_TRY(check_request(request, error));
    ask->service = cty_bytes_text(request->service);
    ask->action = cty_bytes_text(request->action);
    ask->payload = cty_bytes_in(request->payload);
    ask->schema = cty_bytes_in(request->schema);
    ask->state = cty_bytes_in(request->state);
    ask->facts = cty_bytes_in(request->facts);
    ask->executor = cty_bytes_text(request->executor);
    ask->expires_ms = request->expires_ms;
    if (request->parent)
        ask->parent = (struct cty_opt_hash){cty_hash_in(request->parent->bytes), true};
    CTY_TRY(take_priority(request->priority, &ask->priority, error));
    CTY_TRY(cty_names_in(request->behalf, request->behalf_count, CTY_BEHALF_MAX, "behalf", &ask->behalf, error));
    return cty_names_in(request->readers, request->readers_count, CTY_READERS_MAX, "readers", &ask->readers, error);
}

custody_err custody_defer(custody_client *client, const custody_request *request, custody_case_id *ret_case,
                          custody_error *error)
{
    struct cty_ask ask = {.expires_ms = 0};
    struct cty_hash case_id;
    CTY_TRY(take_request(request, &ask, error));
    CTY_TRY(cty_agent_request(client->client, &ask, &case_id, NULL, error));
    memcpy(ret_case->bytes, case_id.bytes, sizeof(ret_case->bytes));
    return CUSTODY_OK;
}

custody_err cty_decision_give(custody_client *client, struct cty_judgement *judgement, custody_decision **ret_decision,
                              custody_error *error)
{
    custody_err err = cty_decision_new(client->client, judgement, ret_decision);
    cty_judgement_free(judgement);
    return cty_fail_code(error, err);
}

custody_err custody_wait(custody_client *client, const custody_case_id *case_id, uint64_t timeout_ms,
                         custody_decision **ret_decision, custody_error *error)
{
    struct cty_hash hash = cty_hash_in(case_id->bytes);
    struct cty_judgement *judgement = NULL;
    CTY_TRY(cty_agent_wait(client->client, &hash, timeout_ms, &judgement, error));
    return cty_decision_give(client, judgement, ret_decision, error);
}

custody_err custody_ask(custody_client *client, const custody_request *request, uint64_t timeout_ms,
                        custody_case_id *ret_case, custody_decision **ret_decision, custody_error *error)
{
    CTY_TRY(custody_defer(client, request, ret_case, error));
    return custody_wait(client, ret_case, timeout_ms, ret_decision, error);
}

/* ---- acting ---- */

custody_err custody_consume(custody_client *client, const custody_case_id *case_id, custody_decision **ret_decision,
                            custody_error *error)
{
    struct cty_hash hash = cty_hash_in(case_id->bytes);
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    CTY_TRY(cty_agent_take(client->client, &hash, &judgement, &payload, NULL, error));
    CTY_TRY(cty_decision_give(client, judgement, ret_decision, error));
    cty_agent_taken(client->client, &hash);
    return CUSTODY_OK;
}

static custody_err take_outcome(custody_result outcome, enum cty_outcome *ret_outcome, custody_error *error)
{
    switch (outcome) {
    case CUSTODY_OUTCOME_FULFILLED:
        *ret_outcome = CTY_OUTCOME_FULFILLED;
        return CUSTODY_OK;
    case CUSTODY_OUTCOME_FAILED:
        *ret_outcome = CTY_OUTCOME_FAILED;
        return CUSTODY_OK;
    case CUSTODY_OUTCOME_UNKNOWN:
        *ret_outcome = CTY_OUTCOME_UNKNOWN;
        return CUSTODY_OK;
    }
    return cty_fail(error, CUSTODY_E_USAGE, "outcome %d", (int)outcome);
}

custody_err custody_outcome(custody_client *client, const custody_case_id *case_id, custody_result outcome,
                            custody_bytes result, custody_error *error)
{
    struct cty_hash hash = cty_hash_in(case_id->bytes);
    enum cty_outcome inner = CTY_OUTCOME_UNKNOWN;
    CTY_TRY(take_outcome(outcome, &inner, error));
    return cty_agent_outcome(client->client, &hash, inner, cty_bytes_in(result), NULL, error);
}

custody_err custody_cancel(custody_client *client, const custody_case_id *case_id, custody_bytes reason,
                           custody_error *error)
{
    struct cty_hash hash = cty_hash_in(case_id->bytes);
    return cty_agent_cancel(client->client, &hash, cty_bytes_in(reason), NULL, error);
}
