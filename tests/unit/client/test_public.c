/* SPDX-License-Identifier: Apache-2.0 */
/* The public API, against the custodian itself in this process. */
#include <custody/custody.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/agent.h"
#include "client/read.h"
#include "unit/client/example.h"
#include "unit/daemon/house.h"

/* Paths of what an agent has. */
struct place {
    struct house *h;
    char trust[128];
    char key[128];
    char state[128];
    custody_key *agent;
    custody_client *client;
    custody_error error;
};

static void put_vkey(const struct cty_secret *secret, struct cty_buf *out)
{
    assert_ok(cty_vkey_format(cty_secret_name(secret), CTY_KEY_ED25519, cty_secret_key(secret), out));
}

static void write_file(const char *path, struct cty_bytes text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    assert_int_equal(fclose(file), 0);
}

static void write_trust(struct place *p)
{
    struct cty_buf text = CTY_BUF_INIT(4096);
    assert_ok(cty_buf_put_text(&text, "{\"admins\":{\"operator\":[\""));
    put_vkey(house_secret(p->h, "operator/ada"), &text);
    assert_ok(cty_buf_put_text(&text, "\",\""));
    put_vkey(house_secret(p->h, "operator/otto"), &text);
    assert_ok(cty_buf_put_text(&text, "\"]},\"custody_trust\":1,\"policy\":\"log "));
    put_vkey(p->h->log, &text);
    assert_ok(cty_buf_put_text(&text, "\\nquorum none\\n\"}"));
    write_file(p->trust, cty_buf_bytes(&text));
    cty_buf_done(&text);
}

static custody_client_config config_of(const struct place *p)
{
    custody_client_config config = CUSTODY_CLIENT_CONFIG_INIT;
    config.url = cty_daemon_url(p->h->daemon, 0);
    config.trust_path = p->trust;
    config.state_path = p->state;
    config.key = p->agent;
    return config;
}

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    p->h = house_ready();
    snprintf(p->trust, sizeof(p->trust), "%s/trust.json", p->h->folder);
    snprintf(p->key, sizeof(p->key), "%s/bot.key", p->h->folder);
    snprintf(p->state, sizeof(p->state), "%s/state", p->h->folder);
    write_trust(p);
    assert_ok(cty_secret_save(house_secret(p->h, "acme/bot"), p->key, cty_bytes_make(NULL, 0), NULL));
    assert_ok(custody_key_load(p->key, NULL, NULL, &p->agent, &p->error));
    custody_client_config config = config_of(p);
    assert_ok(custody_client_open(&config, &p->client, &p->error));
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    char lock[160];
    custody_client_close(p->client);
    custody_key_free(p->agent);
    unlink(p->trust);
    unlink(p->key);
    unlink(p->state);
    snprintf(lock, sizeof(lock), "%s.lock", p->state);
    unlink(lock);
    house_free(p->h);
    free(p);
    return 0;
}

static custody_bytes bytes_of(const char *text)
{
    return (custody_bytes){text, strlen(text)};
}

static void assert_text(custody_bytes bytes, const char *text)
{
    assert_int_equal(bytes.size, strlen(text));
    if (bytes.size)
        assert_memory_equal(bytes.data, text, bytes.size);
}

static custody_request request_for(const char *action)
{
    custody_request request = CUSTODY_REQUEST_INIT;
    request.service = "payments";
    request.action = action;
    request.payload = bytes_of("{\"to\":\"x\", \"amount\":5}");
    request.state = bytes_of("where I was");
    return request;
}

static custody_case_id defer(struct place *p, const char *action)
{
    custody_request request = request_for(action);
    custody_case_id id;
    custody_err err = custody_defer(p->client, &request, &id, &p->error);
    if (err != CUSTODY_OK)
        print_message("%s: %s\n", custody_err_name(err), p->error.detail);
    assert_ok(err);
    return id;
}

static custody_decision *wait_for(struct place *p, const custody_case_id *id, uint64_t timeout_ms)
{
    custody_decision *decision = NULL;
    custody_err err = custody_wait(p->client, id, timeout_ms, &decision, &p->error);
    if (err != CUSTODY_OK)
        print_message("%s: %s\n", custody_err_name(err), p->error.detail);
    assert_ok(err);
    return decision;
}

static void submit(struct place *p, struct draft *d)
{
    struct house_reply reply;
    assert_ok(draft_submit(p->h, d, &reply));
    house_reply_done(&reply);
}

static void decide(struct place *p, const custody_case_id *id, const char *approver, enum cty_choice choice)
{
    struct cty_hash case_id;
    struct draft d;
    memcpy(case_id.bytes, id->bytes, sizeof(case_id.bytes));
    house_decide(p->h, &d, &case_id, approver, choice);
    submit(p, &d);
}

/* ---- keys ---- */

static custody_err give_passphrase(void *context, const char *path, char *passphrase, size_t size, size_t *ret_size)
{
    const char *text = context;
    (void)path;
    if (!text)
        return CUSTODY_E_CANCELLED_WAIT;
    assert_true(strlen(text) <= size);
    memcpy(passphrase, text, strlen(text));
    *ret_size = strlen(text);
    return CUSTODY_OK;
}

static void keys_are_loaded_as_they_were_kept(void **state)
{
    struct place *p = *state;
    custody_key *key = NULL;
    char path[160], word[] = "open sesame", other[] = "open barley";
    assert_string_equal(custody_key_name(p->agent), "acme/bot");
    assert_refused(custody_key_load("/nowhere/key", NULL, NULL, &key, NULL), "not-found");
    assert_int_equal(chmod(p->key, 0644), 0);
    assert_refused(custody_key_load(p->key, NULL, NULL, &key, NULL), "key-file-open");
    assert_int_equal(chmod(p->key, 0600), 0);
    assert_refused(custody_key_load(p->trust, NULL, NULL, &key, NULL), "key-file-open");
    assert_refused(custody_key_load(NULL, NULL, NULL, &key, NULL), "usage");
    snprintf(path, sizeof(path), "%s/locked.key", p->h->folder);
    assert_ok(cty_secret_save(house_secret(p->h, "acme/pal"), path, CTY_LITERAL("open sesame"), NULL));
    assert_refused(custody_key_load(path, NULL, NULL, &key, NULL), "bad-passphrase");
    assert_refused(custody_key_load(path, give_passphrase, other, &key, NULL), "bad-passphrase");
    assert_refused(custody_key_load(path, give_passphrase, NULL, &key, NULL), "wait-interrupted");
    assert_ok(custody_key_load(path, give_passphrase, word, &key, NULL));
    assert_string_equal(custody_key_name(key), "acme/pal");
    custody_key_free(key);
    custody_key_free(NULL);
    unlink(path);
}

/* ---- opening ---- */

static void assert_not_opened(const custody_client_config *config, const char *code)
{
    custody_client *client = NULL;
    assert_refused(custody_client_open(config, &client, NULL), code);
}

static void what_is_missing_is_told(void **state)
{
    struct place *p = *state;
    custody_client_config config = config_of(p);
    config.struct_size = 1;
    assert_not_opened(&config, "usage");
    assert_not_opened(NULL, "usage");
    config = config_of(p);
    config.url = NULL;
    assert_not_opened(&config, "usage");
    config.url = "http://example.com";
    assert_not_opened(&config, "config");
    config = config_of(p);
    config.trust_path = NULL;
    assert_not_opened(&config, "usage");
    config.trust_path = "/nowhere/trust";
    assert_not_opened(&config, "not-found");
    config.trust_path = p->key;
    assert_not_opened(&config, "bad-trust");
    config = config_of(p);
    config.key = NULL;
    assert_not_opened(&config, "usage");
    custody_client_close(NULL);
}

static void a_request_says_what_and_where(void **state)
{
    static const char *const many[] = {"a/a", "a/b", "a/c", "a/d", "a/e", "a/f", "a/g", "a/h", "a/i"};
    struct place *p = *state;
    custody_request request = request_for("ping");
    custody_case_id id;
    request.struct_size = 0;
    assert_refused(custody_defer(p->client, &request, &id, NULL), "usage");
    assert_refused(custody_defer(p->client, NULL, &id, NULL), "usage");
    request = request_for("ping");
    request.service = NULL;
    assert_refused(custody_defer(p->client, &request, &id, NULL), "usage");
    request = request_for(NULL);
    assert_refused(custody_defer(p->client, &request, &id, NULL), "usage");
    request = request_for("ping");
    request.payload.size = 0;
    assert_refused(custody_defer(p->client, &request, &id, NULL), "usage");
    request = request_for("ping");
    request.priority = (custody_priority)7;
    assert_refused(custody_defer(p->client, &request, &id, NULL), "usage");
    request = request_for("ping");
    request.readers = many;
    request.readers_count = 9;
    assert_refused(custody_defer(p->client, &request, &id, NULL), "too-large");
    request = request_for("ping");
    request.executor = "acme/nobody";
    assert_refused(custody_defer(p->client, &request, &id, NULL), "wrong-executor");
}

/* ---- deciding ---- */

static void policy_lets_pass_or_refuses(void **state)
{
    struct place *p = *state;
    custody_request request = request_for("ping");
    custody_decision *decision = NULL;
    custody_case_id id, same;
    request.priority = CUSTODY_PRIORITY_CRITICAL;
    request.facts = bytes_of("{\"amount\": 5}");
    request.readers = (const char *const[]){"acme/pal"};
    request.readers_count = 1;
    request.behalf = (const char *const[]){"acme/b"};
    request.behalf_count = 1;
    assert_ok(custody_ask(p->client, &request, 0, &id, &decision, &p->error));
    assert_int_equal(custody_decision_state(decision), CUSTODY_STATE_RELEASED);
    assert_text(custody_decision_payload(decision), "{\"to\":\"x\", \"amount\":5}");
    assert_text(custody_decision_original(decision), "{\"to\":\"x\", \"amount\":5}");
    assert_text(custody_decision_diff(decision), "[]");
    assert_text(custody_decision_agent_state(decision), "where I was");
    assert_string_equal(custody_decision_executor(decision), "acme/bot");
    assert_int_equal(custody_decision_said_count(decision), 0);
    assert_string_equal(custody_decision_said(decision, 0).actor, "");
    assert_true(custody_decision_due_ms(decision) > 0);
    same = custody_decision_case(decision);
    assert_memory_equal(&same, &id, sizeof(id));
    assert_true(custody_decision_checkpoint(decision).size > 100);
    assert_non_null(memmem(custody_decision_report(decision).data, custody_decision_report(decision).size, "lawful", 6));
    custody_decision_free(decision);

    id = defer(p, "wipe");
    decision = wait_for(p, &id, 0);
    assert_int_equal(custody_decision_state(decision), CUSTODY_STATE_REFUSED);
    assert_text(custody_decision_payload(decision), "");
    assert_text(custody_decision_diff(decision), "");
    assert_int_equal(custody_decision_due_ms(decision), 0);
    custody_decision_free(decision);
}

struct later {
    struct place *p;
    custody_case_id id;
};

static void *decide_later(void *context)
{
    struct later *later = context;
    const struct timespec time = {0, 300000000};
    nanosleep(&time, NULL);
    decide(later->p, &later->id, "acme/carol", CTY_APPROVE);
    return NULL;
}

static void waiting_ends_with_the_decision(void **state)
{
    struct place *p = *state;
    struct later later = {.p = p, .id = defer(p, "refund")};
    custody_decision *decision = NULL;
    pthread_t thread;
    assert_refused(custody_wait(p->client, &later.id, 0, &decision, NULL), "undecided");
    assert_int_equal(pthread_create(&thread, NULL, decide_later, &later), 0);
    decision = wait_for(p, &later.id, 20000);
    pthread_join(thread, NULL);
    assert_int_equal(custody_decision_state(decision), CUSTODY_STATE_RELEASED);
    assert_int_equal(custody_decision_said_count(decision), 1);
    custody_said said = custody_decision_said(decision, 0);
    assert_string_equal(said.actor, "acme/carol");
    assert_string_equal(said.choice, "approve");
    assert_string_equal(said.method, "cli");
    assert_text(said.reason, "looked at it");
    assert_int_equal(said.counts, 1);
    assert_true(said.time_ms > 0 && said.index > 0);
    custody_decision_free(decision);
}

static void what_people_changed_is_shown_and_acted_on(void **state)
{
    struct place *p = *state;
    custody_case_id id = defer(p, "refund");
    custody_decision *decision = NULL;
    struct cty_hash case_id;
    struct draft d;
    memcpy(case_id.bytes, id.bytes, sizeof(case_id.bytes));
    house_patch(p->h, &d, &case_id, "acme/carol", "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":3}]",
                "{\"amount\":3,\"to\":\"x\"}");
    submit(p, &d);
    decide(p, &id, "acme/b", CTY_APPROVE);
    assert_ok(custody_consume(p->client, &id, &decision, &p->error));
    assert_int_equal(custody_decision_state(decision), CUSTODY_STATE_CONSUMED);
    assert_text(custody_decision_payload(decision), "{\"amount\":3,\"to\":\"x\"}");
    assert_text(custody_decision_original(decision), "{\"to\":\"x\", \"amount\":5}");
    assert_text(custody_decision_diff(decision), "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":3}]");
    assert_int_equal(custody_decision_said_count(decision), 2);
    assert_string_equal(custody_decision_said(decision, 0).choice, "patch");
    assert_string_equal(custody_decision_said(decision, 0).method, "");
    assert_int_equal(custody_decision_said(decision, 0).counts, 0);
    custody_decision_free(decision);
    assert_refused(custody_consume(p->client, &id, &decision, NULL), "double-consume");
    assert_refused(custody_outcome(p->client, &id, (custody_result)9, bytes_of(""), NULL), "usage");
    assert_ok(custody_outcome(p->client, &id, CUSTODY_OUTCOME_FAILED, bytes_of("no such account"), NULL));
    decision = wait_for(p, &id, 0);
    assert_int_equal(custody_decision_state(decision), CUSTODY_STATE_FAILED);
    custody_decision_free(decision);
}

static void a_no_is_a_decision(void **state)
{
    struct place *p = *state;
    custody_case_id id = defer(p, "refund");
    custody_decision *decision = NULL;
    decide(p, &id, "acme/carol", CTY_REJECT);
    decision = wait_for(p, &id, 0);
    assert_int_equal(custody_decision_state(decision), CUSTODY_STATE_REJECTED);
    assert_string_equal(custody_decision_said(decision, 0).choice, "reject");
    assert_int_equal(custody_decision_said(decision, 0).counts, 0);
    custody_decision_free(decision);
    assert_refused(custody_consume(p->client, &id, &decision, NULL), "state-illegal");
}

static void a_case_is_taken_back(void **state)
{
    struct place *p = *state;
    custody_case_id id = defer(p, "refund");
    custody_decision *decision = NULL;
    assert_ok(custody_cancel(p->client, &id, bytes_of("changed my mind"), &p->error));
    decision = wait_for(p, &id, 0);
    assert_int_equal(custody_decision_state(decision), CUSTODY_STATE_CANCELLED);
    assert_text(custody_decision_said(decision, 0).reason, "changed my mind");
    custody_decision_free(decision);
}

static void a_parent_is_named(void **state)
{
    struct place *p = *state;
    custody_case_id parent = defer(p, "refund"), id;
    custody_request request = request_for("ping");
    request.parent = &parent;
    assert_ok(custody_defer(p->client, &request, &id, &p->error));
    custody_decision *decision = wait_for(p, &id, 0);
    assert_int_equal(custody_decision_state(decision), CUSTODY_STATE_RELEASED);
    custody_decision_free(decision);
}

/* ---- in between, everything restarts ---- */

static void a_case_outlives_agent_and_custodian(void **state)
{
    struct place *p = *state;
    custody_case_id id = defer(p, "refund"), again;
    custody_decision *decision = NULL;
    char text[CUSTODY_CASE_ID_TEXT_SIZE];
    custody_case_id_format(&id, text);
    house_close(p->h);
    house_open(p->h);
    /* The same client goes on, with another session; and so does a new one, with the name alone. */
    assert_refused(custody_wait(p->client, &id, 0, &decision, NULL), "undecided");
    custody_client_close(p->client);
    decide(p, &id, "acme/carol", CTY_APPROVE);
    custody_client_config config = config_of(p);
    assert_ok(custody_client_open(&config, &p->client, NULL));
    assert_ok(custody_case_id_parse(text, &again));
    decision = wait_for(p, &again, 0);
    assert_int_equal(custody_decision_state(decision), CUSTODY_STATE_RELEASED);
    custody_decision_free(decision);
    assert_ok(custody_consume(p->client, &again, &decision, NULL));
    custody_decision_free(decision);
    assert_null(custody_client_contradiction(p->client));
}

static void an_interruption_is_told(void **state)
{
    struct place *p = *state;
    custody_case_id id = defer(p, "refund");
    custody_decision *decision = NULL;
    custody_client_interrupt(p->client);
    assert_refused(custody_wait(p->client, &id, 60000, &decision, NULL), "wait-interrupted");
    custody_client_resume(p->client);
    assert_refused(custody_wait(p->client, &id, 0, &decision, NULL), "undecided");
}

/* ---- small things ---- */

static void names_and_versions(void **state)
{
    custody_case_id id = {{1, 2}};
    char text[CUSTODY_CASE_ID_TEXT_SIZE];
    (void)state;
    custody_case_id_format(&id, text);
    assert_int_equal(strlen(text), 64);
    assert_memory_equal(text, "010200", 6);
    assert_ok(custody_case_id_parse(text, &id));
    text[0] = 'X';
    assert_refused(custody_case_id_parse(text, &id), "bad-encoding");
    assert_refused(custody_case_id_parse("", &id), "bad-encoding");
    assert_int_equal(id.bytes[0], 1);
    assert_string_equal(custody_state_name(CUSTODY_STATE_HELD), "HELD");
    assert_string_equal(custody_state_name(CUSTODY_STATE_UNREPORTED), "UNREPORTED");
    assert_string_equal(custody_state_name((custody_state)0), "?");
    assert_int_equal(custody_version_get()[1], '.');
}

/* ---- the agent of spec/client.md ---- */

struct approver {
    struct place *p;
    struct cty_client *client;
    struct cty_hash case_id;
    bool found;
};

static custody_err note_case(void *context, const struct cty_case_row *row)
{
    struct approver *approver = context;
    approver->case_id = row->row->case_id;
    approver->found = true;
    return CUSTODY_OK;
}

/* Somebody who looks into the inbox until there is something. */
static void *approve_what_comes(void *context)
{
    struct approver *approver = context;
    const struct timespec time = {0, 50000000};
    const struct cty_case_filter filter = {.mine = CTY_MINE_DECIDE};
    custody_case_id id;
    for (int tries = 0; tries < 200 && !approver->found; tries++) {
        nanosleep(&time, NULL);
        assert_ok(cty_client_cases(approver->client, &filter, note_case, approver, NULL));
    }
    assert_true(approver->found);
    memcpy(id.bytes, approver->case_id.bytes, sizeof(id.bytes));
    decide(approver->p, &id, "acme/carol", CTY_APPROVE);
    return NULL;
}

/* What the program prints, in a file. */
static int run_example(struct place *p, const char *case_text, char *output, size_t size)
{
    char path[160], url[128];
    snprintf(url, sizeof(url), "%s", cty_daemon_url(p->h->daemon, 0));
    snprintf(path, sizeof(path), "%s/output", p->h->folder);
    char *argv[] = {(char[]){"agent"}, url, p->trust, p->key, p->state, (char *)(uintptr_t)case_text, NULL};
    fflush(stdout);
    int kept = dup(1), file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    dup2(file, 1);
    int status = example_main(case_text ? 6 : 5, argv);
    fflush(stdout);
    dup2(kept, 1);
    close(kept);
    ssize_t got = pread(file, output, size - 1, 0);
    output[got > 0 ? got : 0] = 0;
    close(file);
    unlink(path);
    return status;
}

static void the_example_asks_and_pays(void **state)
{
    struct place *p = *state;
    struct approver approver = {.p = p};
    struct cty_trust trust;
    struct cty_buf text = CTY_BUF_INIT(4096);
    char output[2000], case_text[65];
    pthread_t thread;
    FILE *file = fopen(p->trust, "r");
    assert_ok(cty_buf_reserve(&text, 4096));
    text.size = fread(text.data, 1, 4096, file);
    fclose(file);
    assert_ok(cty_trust_parse(cty_buf_bytes(&text), &trust, NULL));
    const struct cty_client_config config = {.url = cty_daemon_url(p->h->daemon, 0), .trust = &trust,
                                             .secret = house_secret(p->h, "acme/carol")};
    assert_ok(cty_client_open(&config, &approver.client, NULL));
    assert_int_equal(pthread_create(&thread, NULL, approve_what_comes, &approver), 0);
    assert_int_equal(run_example(p, NULL, output, sizeof(output)), 0);
    pthread_join(thread, NULL);
    assert_non_null(strstr(output, "RELEASED []"));
    assert_non_null(strstr(output, "acme/carol: approve cli"));
    assert_non_null(strstr(output, "paying {\"amount\":\"129.00\",\"currency\":\"EUR\",\"to\":\"cust-4711\"}"));
    /* Run again for the same case, it does not pay again. */
    snprintf(case_text, sizeof(case_text), "%.64s", strstr(output, "asked: ") + 7);
    assert_int_equal(run_example(p, case_text, output, sizeof(output)), 0);
    assert_null(strstr(output, "paying"));
    assert_non_null(strstr(output, "FULFILLED"));
    cty_client_close(approver.client);
    cty_trust_done(&trust);
    cty_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_are_loaded_as_they_were_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_missing_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_request_says_what_and_where, setup, teardown),
        cmocka_unit_test_setup_teardown(policy_lets_pass_or_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(waiting_ends_with_the_decision, setup, teardown),
        cmocka_unit_test_setup_teardown(what_people_changed_is_shown_and_acted_on, setup, teardown),
        cmocka_unit_test_setup_teardown(a_no_is_a_decision, setup, teardown),
        cmocka_unit_test_setup_teardown(a_case_is_taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_parent_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_case_outlives_agent_and_custodian, setup, teardown),
        cmocka_unit_test_setup_teardown(an_interruption_is_told, setup, teardown),
        cmocka_unit_test(names_and_versions),
        cmocka_unit_test_setup_teardown(the_example_asks_and_pays, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
