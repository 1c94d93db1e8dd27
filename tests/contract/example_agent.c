/* SPDX-License-Identifier: Apache-2.0 */
/* An agent that asks before it pays. Arguments: door, trust file, key file, state file, [case]. */
#include <custody/custody.h>
#include <stdio.h>
#include <string.h>

static int fail(custody_err err, const custody_error *error)
{
    fprintf(stderr, "%s: %s\n%s\n", custody_err_sentence(err), error->detail, custody_err_next(err));
    return custody_err_exit(err);
}

/* Stands for what the agent is there for. */
static int pay(custody_bytes payload)
{
    return printf("paying %.*s\n", (int)payload.size, (const char *)payload.data) > 0;
}

static custody_err act(custody_client *client, const custody_case_id *case_id, custody_error *error)
{
    custody_decision *decision = NULL;
    const custody_bytes nothing = {NULL, 0};
    custody_err err = custody_consume(client, case_id, &decision, error);
    if (err == CUSTODY_E_DOUBLE_CONSUME) /* an earlier run may have paid, or not: nobody knows */
        return custody_outcome(client, case_id, CUSTODY_OUTCOME_UNKNOWN, nothing, error);
    if (err != CUSTODY_OK)
        return err;
    int paid = pay(custody_decision_payload(decision)); /* on this payload, and on nothing else */
    custody_decision_free(decision);
    return custody_outcome(client, case_id, paid ? CUSTODY_OUTCOME_FULFILLED : CUSTODY_OUTCOME_FAILED, nothing, error);
}

static custody_err ask(custody_client *client, custody_case_id *ret_case, custody_error *error)
{
    static const char payload[] = "{\"amount\":\"129.00\",\"currency\":\"EUR\",\"to\":\"cust-4711\"}";
    custody_request request = CUSTODY_REQUEST_INIT;
    char text[CUSTODY_CASE_ID_TEXT_SIZE];
    request.service = "payments";
    request.action = "refund";
    request.payload.data = payload;
    request.payload.size = strlen(payload);
    custody_err err = custody_defer(client, &request, ret_case, error);
    if (err != CUSTODY_OK)
        return err;
    custody_case_id_format(ret_case, text); /* to go on with, should this process end */
    printf("asked: %s\n", text);
    return CUSTODY_OK;
}

static custody_err run(custody_client *client, const char *case_text, custody_error *error)
{
    custody_case_id case_id;
    custody_decision *decision = NULL;
    custody_err err = case_text ? custody_case_id_parse(case_text, &case_id) : ask(client, &case_id, error);
    if (err != CUSTODY_OK)
        return err;
    err = custody_wait(client, &case_id, 3600 * 1000, &decision, error);
    if (err != CUSTODY_OK)
        return err;
    custody_state state = custody_decision_state(decision);
    custody_bytes diff = custody_decision_diff(decision);
    printf("%s %.*s\n", custody_state_name(state), (int)diff.size, diff.size ? (const char *)diff.data : "");
    for (size_t i = 0; i < custody_decision_said_count(decision); i++) {
        custody_said said = custody_decision_said(decision, i);
        printf("%s: %s %s\n", said.actor, said.choice, said.method);
    }
    custody_decision_free(decision);
    return state == CUSTODY_STATE_RELEASED || state == CUSTODY_STATE_CONSUMED ? act(client, &case_id, error) : CUSTODY_OK;
}

int main(int argc, char **argv)
{
    custody_client_config config = CUSTODY_CLIENT_CONFIG_INIT;
    custody_client *client = NULL;
    custody_key *key = NULL;
    custody_error error = {CUSTODY_OK, ""};
    if (argc < 5)
        return custody_err_exit(CUSTODY_E_USAGE);
    custody_err err = custody_key_load(argv[3], NULL, NULL, &key, &error);
    config.url = argv[1];
    config.trust_path = argv[2];
    config.key = key;
    config.state_path = argv[4];
    if (err == CUSTODY_OK)
        err = custody_client_open(&config, &client, &error);
    if (err == CUSTODY_OK)
        err = run(client, argc > 5 ? argv[5] : NULL, &error);
    custody_client_close(client);
    custody_key_free(key);
    return err == CUSTODY_OK ? 0 : fail(err, &error);
}
