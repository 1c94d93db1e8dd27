/* SPDX-License-Identifier: Apache-2.0 */
/* An agent that takes over what another vendor's agent hands it. Arguments: door, trust file, key file, state file. */
#include <custody/custody.h>
#include <stdio.h>

/* Stands for what the agent is there for. */
static int pay(custody_bytes payload)
{
    return printf("paying %.*s\n", (int)payload.size, (const char *)payload.data) > 0;
}

/* What is taken over is looked at first, all of it; what was looked at is what is accepted, and nothing that came since. */
static custody_err take_over(custody_client *client, const custody_case_id *case_id, custody_error *error)
{
    custody_decision *decision = NULL;
    custody_err err = custody_look(client, case_id, &decision, error); /* proven, not the custodian's word */
    if (err != CUSTODY_OK)
        return err;
    size_t count = custody_decision_hops_count(decision);
    custody_hop hop = custody_decision_hop(decision, count ? count - 1 : 0);
    if (hop.obligations.size)
        printf("%s asks of us: %.*s\n", hop.from, (int)hop.obligations.size, (const char *)hop.obligations.data);
    err = custody_accept(client, case_id, &hop.offer, error); /* signed: it is ours from here on */
    custody_decision_free(decision);
    return err;
}

static custody_err fulfil(custody_client *client, custody_error *error)
{
    const uint64_t hour_ms = 3600 * 1000;
    const custody_bytes nothing = {NULL, 0};
    custody_case_id case_id;
    custody_decision *decision = NULL;
    size_t count = 0;
    custody_err err = custody_offers(client, hour_ms, &case_id, 1, &count, error);
    if (err == CUSTODY_OK && count == 0)
        return CUSTODY_E_TIMEOUT;
    if (err == CUSTODY_OK)
        err = take_over(client, &case_id, error);
    if (err == CUSTODY_OK)
        err = custody_wait(client, &case_id, hour_ms, &decision, error); /* no wait where the approvals travel */
    custody_decision_free(decision);
    decision = NULL;
    if (err == CUSTODY_OK)
        err = custody_consume(client, &case_id, &decision, error);
    if (err == CUSTODY_E_DOUBLE_CONSUME) /* an earlier run may have paid, or not: nobody knows */
        return custody_outcome(client, &case_id, CUSTODY_OUTCOME_UNKNOWN, nothing, error);
    if (err != CUSTODY_OK)
        return err; /* whatever it is: don't act */
    int paid = pay(custody_decision_payload(decision));
    custody_decision_free(decision);
    return custody_outcome(client, &case_id, paid ? CUSTODY_OUTCOME_FULFILLED : CUSTODY_OUTCOME_FAILED, nothing, error);
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
        err = fulfil(client, &error);
    custody_client_close(client);
    custody_key_free(key);
    if (err != CUSTODY_OK)
        fprintf(stderr, "%s: %s\n%s\n", custody_err_sentence(err), error.detail, custody_err_next(err));
    return custody_err_exit(err);
}
