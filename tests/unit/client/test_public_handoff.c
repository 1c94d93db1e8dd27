/* SPDX-License-Identifier: Apache-2.0 */
/* Handoffs, questions and a new key by the public API, against the custodian itself in this process. */
#include <custody/custody.h>
#include <unistd.h>

#include "unit/daemon/house.h"

/* Two agents, each with its own key, state and client. */
struct agent {
    char key_path[128];
    char state[128];
    custody_key *key;
    custody_client *client;
};
struct place {
    struct house *h;
    char trust[128];
    struct agent bot, pal;
    custody_error error;
};

static void write_trust(struct place *p)
{
    struct cty_buf text = CTY_BUF_INIT(4096);
    assert_ok(cty_buf_put_text(&text, "{\"custody_trust\":1,\"policy\":\"log "));
    assert_ok(cty_vkey_format(cty_secret_name(p->h->log), CTY_KEY_ED25519, cty_secret_key(p->h->log), &text));
    assert_ok(cty_buf_put_text(&text, "\\nquorum none\\n\"}"));
    FILE *file = fopen(p->trust, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    assert_int_equal(fclose(file), 0);
    cty_buf_done(&text);
}

static void open_client(struct place *p, struct agent *agent)
{
    custody_client_config config = CUSTODY_CLIENT_CONFIG_INIT;
    config.url = cty_daemon_url(p->h->daemon, 0);
    config.trust_path = p->trust;
    config.state_path = agent->state;
    config.key = agent->key;
    assert_ok(custody_client_open(&config, &agent->client, &p->error));
}

static void open_agent(struct place *p, struct agent *agent, const char *actor, const char *file)
{
    snprintf(agent->key_path, sizeof(agent->key_path), "%s/%s.key", p->h->folder, file);
    snprintf(agent->state, sizeof(agent->state), "%s/%s.state", p->h->folder, file);
    assert_ok(cty_secret_save(house_secret(p->h, actor), agent->key_path, cty_bytes_make(NULL, 0), NULL));
    assert_ok(custody_key_load(agent->key_path, NULL, NULL, &agent->key, &p->error));
    open_client(p, agent);
}

static void close_agent(struct agent *agent)
{
    char lock[160];
    custody_client_close(agent->client);
    custody_key_free(agent->key);
    unlink(agent->key_path);
    unlink(agent->state);
    snprintf(lock, sizeof(lock), "%s.lock", agent->state);
    unlink(lock);
}

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    p->h = house_ready();
    snprintf(p->trust, sizeof(p->trust), "%s/trust.json", p->h->folder);
    write_trust(p);
    open_agent(p, &p->bot, "acme/bot", "bot");
    open_agent(p, &p->pal, "acme/pal", "pal");
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    close_agent(&p->bot);
    close_agent(&p->pal);
    unlink(p->trust);
    house_free(p->h);
    free(p);
    return 0;
}

#define assert_done(p, expression)                                                                                 \
    do {                                                                                                           \
        custody_err err_ = (expression);                                                                           \
        if (err_ != CUSTODY_OK)                                                                                    \
            print_message("%s: %s\n", custody_err_name(err_), (p)->error.detail);                                  \
        assert_ok(err_);                                                                                           \
    } while (0)

static custody_bytes bytes_of(const char *text)
{
    return (custody_bytes){text, strlen(text)};
}

static void assert_text(custody_bytes bytes, const char *text)
{
    assert_int_equal(bytes.size, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.size);
}

static custody_case_id ask(struct place *p, const char *action)
{
    custody_request request = CUSTODY_REQUEST_INIT;
    custody_case_id id;
    request.service = "payments";
    request.action = action;
    request.payload = bytes_of("{\"amount\":5}");
    assert_done(p, custody_defer(p->bot.client, &request, &id, &p->error));
    return id;
}

static void submit(struct place *p, struct draft *d)
{
    struct house_reply reply;
    assert_ok(draft_submit(p->h, d, &reply));
    house_reply_done(&reply);
}

static custody_decision *look(struct place *p, struct agent *agent, const custody_case_id *id)
{
    custody_decision *decision = NULL;
    assert_done(p, custody_look(agent->client, id, &decision, &p->error));
    return decision;
}

static custody_err offer(struct place *p, const custody_case_id *id)
{
    custody_handoff handoff = CUSTODY_HANDOFF_INIT;
    static const char *const services[] = {"payments", "stock"};
    handoff.to = "acme/pal";
    handoff.services = services;
    handoff.services_count = 2;
    handoff.releases = 2;
    handoff.valid_ms = HOUR_MS;
    handoff.obligations = bytes_of("by noon");
    handoff.deposit_amount = "100.00";
    handoff.deposit_unit = "EUR";
    return custody_offer(p->bot.client, id, &handoff, &p->error);
}

/* As an agent does: it looks, and takes what it saw. */
static custody_err accept_seen(struct place *p, const custody_case_id *id)
{
    custody_decision *decision = look(p, &p->pal, id);
    custody_digest seen = custody_decision_hop(decision, custody_decision_hops_count(decision) - 1).offer;
    custody_decision_free(decision);
    return custody_accept(p->pal.client, id, &seen, &p->error);
}

static void a_case_goes_to_another_agent(void **state)
{
    struct place *p = *state;
    custody_case_id found[4], id = ask(p, "ping");
    custody_decision *decision = NULL;
    size_t count = 0;
    assert_done(p, custody_offers(p->pal.client, 0, found, 4, &count, &p->error));
    assert_int_equal(count, 0);
    assert_done(p, offer(p, &id));
    assert_refused(offer(p, &id), "double-offer");
    assert_done(p, custody_offers(p->pal.client, 5000, found, 4, &count, &p->error));
    assert_int_equal(count, 1);
    assert_memory_equal(found[0].bytes, id.bytes, 32);
    assert_refused(custody_accept(p->pal.client, &id, NULL, &p->error), "usage");
    assert_done(p, accept_seen(p, &id));
    assert_done(p, accept_seen(p, &id));
    assert_refused(custody_consume(p->bot.client, &id, &decision, &p->error), "not-holder");
    assert_done(p, custody_consume(p->pal.client, &id, &decision, &p->error));
    assert_text(custody_decision_payload(decision), "{\"amount\":5}");
    custody_decision_free(decision);
    assert_done(p, custody_outcome(p->pal.client, &id, CUSTODY_OUTCOME_FULFILLED, bytes_of(""), &p->error));
}

static void the_map_is_read_from_the_entries(void **state)
{
    struct place *p = *state;
    custody_case_id id = ask(p, "ping");
    assert_done(p, offer(p, &id));
    custody_decision *decision = look(p, &p->pal, &id);
    custody_hop hop = custody_decision_hop(decision, 0);
    assert_int_equal(custody_decision_hops_count(decision), 1);
    assert_int_equal(hop.state, CUSTODY_HOP_OPEN);
    assert_text(hop.obligations, "by noon");
    assert_done(p, custody_decline(p->pal.client, &id, &hop.offer, bytes_of("busy"), &p->error));
    custody_decision_free(decision);
    assert_done(p, offer(p, &id));
    assert_done(p, accept_seen(p, &id));
    assert_done(p, custody_finalise(p->pal.client, &id, bytes_of(""), &p->error));
    decision = look(p, &p->bot, &id);
    assert_int_equal(custody_decision_hops_count(decision), 2);
    assert_int_equal(custody_decision_hop(decision, 0).state, CUSTODY_HOP_DECLINED);
    assert_text(custody_decision_hop(decision, 0).reason, "busy");
    hop = custody_decision_hop(decision, 1);
    assert_int_equal(hop.state, CUSTODY_HOP_ACCEPTED);
    assert_string_equal(hop.from, "acme/bot");
    assert_string_equal(hop.to, "acme/pal");
    assert_int_equal(hop.number, 1);
    assert_true(hop.answered_ms >= hop.offered_ms);
    assert_int_equal(hop.scope.services_count, 2);
    assert_string_equal(hop.scope.services[1], "stock");
    assert_string_equal(hop.scope.actions[0], "ping");
    assert_string_equal(hop.deposit_amount, "100.00");
    assert_int_equal(custody_decision_scope(decision).releases, 2);
    assert_int_equal(custody_decision_finalised(decision), 1);
    assert_string_equal(custody_decision_executor(decision), "acme/pal");
    hop = custody_decision_hop(decision, 2);
    assert_string_equal(hop.from, "");
    assert_int_equal(hop.state, 0);
    custody_decision_free(decision);
}

static void what_is_left_out_is_refused(void **state)
{
    struct place *p = *state;
    custody_case_id id = ask(p, "refund");
    const custody_digest seen = {{0}};
    custody_handoff handoff = CUSTODY_HANDOFF_INIT;
    assert_refused(custody_offer(p->bot.client, &id, &handoff, &p->error), "usage");
    handoff.to = "acme/pal";
    handoff.deposit_unit = "EUR";
    assert_refused(custody_offer(p->bot.client, &id, &handoff, &p->error), "usage");
    handoff.deposit_unit = NULL;
    handoff.struct_size = 3;
    assert_refused(custody_offer(p->bot.client, &id, &handoff, &p->error), "usage");
    handoff.struct_size = sizeof(handoff);
    handoff.services_count = 9;
    assert_refused(custody_offer(p->bot.client, &id, &handoff, &p->error), "too-large");
    handoff.services_count = 0;
    assert_done(p, custody_offer(p->bot.client, &id, &handoff, &p->error));
    assert_done(p, custody_withdraw(p->bot.client, &id, bytes_of("no"), &p->error));
    assert_refused(accept_seen(p, &id), "state-illegal");
    assert_refused(custody_consent(p->bot.client, &id, &seen, (custody_consent_choice)7, bytes_of(""), &p->error),
                   "usage");
    assert_refused(custody_consent(p->bot.client, &id, NULL, CUSTODY_CONSENT_ACCEPT, bytes_of(""), &p->error), "usage");
    assert_refused(custody_consent(p->bot.client, &id, &seen, CUSTODY_CONSENT_ACCEPT, bytes_of(""), &p->error),
                   "state-illegal");
}

static void a_question_is_answered(void **state)
{
    struct place *p = *state;
    custody_case_id id = ask(p, "refund");
    struct cty_hash case_id;
    struct draft d;
    struct house_reply reply;
    memcpy(case_id.bytes, id.bytes, sizeof(case_id.bytes));
    house_get_case(p->h, "acme/carol", &case_id, &reply);
    house_reply_done(&reply);
    house_decide(p->h, &d, &case_id, "acme/carol", CTY_APPROVE); /* for `case` and `after` */
    struct cty_hash after = d.st.after;
    draft_done(&d);
    draft_begin(p->h, &d, CTY_QUESTION, (const char *const[]){"acme/carol", NULL});
    d.st.case_id = case_id;
    d.st.after = after;
    d.st.u.question.question = draft_commit(&d, "question", "why?");
    submit(p, &d);
    custody_decision *decision = look(p, &p->bot, &id);
    assert_int_equal(custody_decision_state(decision), CUSTODY_STATE_HELD);
    assert_int_equal(custody_decision_questions_count(decision), 1);
    custody_question question = custody_decision_question(decision, 0);
    assert_text(question.text, "why?");
    assert_string_equal(question.from, "acme/carol");
    assert_int_equal(question.open, 1);
    assert_refused(custody_answer(p->bot.client, &id, &question.question, bytes_of(""), &p->error), "usage");
    assert_refused(custody_answer(p->pal.client, &id, &question.question, bytes_of("so"), &p->error), "not-holder");
    assert_done(p, custody_answer(p->bot.client, &id, &question.question, bytes_of("so"), &p->error));
    assert_refused(custody_answer(p->bot.client, &id, &question.question, bytes_of("so"), &p->error), "no-question");
    custody_decision_free(decision);
    decision = look(p, &p->bot, &id);
    assert_text(custody_decision_question(decision, 0).answer, "so");
    assert_int_equal(custody_decision_question(decision, 0).open, 0);
    assert_string_equal(custody_decision_question(decision, 1).from, "");
    assert_int_equal(custody_decision_consent(decision), CUSTODY_CONSENT_STATE_NONE);
    custody_decision_free(decision);
}

static void patch(struct place *p, const custody_case_id *id, const char *operations, const char *result)
{
    struct cty_hash case_id;
    struct draft d;
    memcpy(case_id.bytes, id->bytes, sizeof(case_id.bytes));
    house_patch(p->h, &d, &case_id, "acme/carol", operations, result);
    submit(p, &d);
}

/* What a look shows of the newest patch: what it comes to, and what to call it. */
static custody_digest newest_patch(struct place *p, const custody_case_id *id, const char *difference)
{
    custody_decision *decision = look(p, &p->bot, id);
    custody_said said = custody_decision_said(decision, custody_decision_said_count(decision) - 1);
    assert_int_equal(custody_decision_consent(decision), CUSTODY_CONSENT_STATE_WANTED);
    assert_string_equal(said.choice, "patch");
    assert_text(custody_decision_diff(decision), difference);
    assert_int_equal(custody_decision_payload(decision).size, 0); /* nothing to act on yet */
    custody_decision_free(decision);
    return said.statement;
}

static void consent_is_for_what_was_looked_at(void **state)
{
    struct place *p = *state;
    static const char four[] = "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":4}]";
    static const char nine[] = "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":9000}]";
    custody_case_id id = ask(p, "careful");
    patch(p, &id, four, "{\"amount\":4}");
    custody_digest seen = newest_patch(p, &id, four);
    patch(p, &id, nine, "{\"amount\":9000}");
    assert_refused(custody_consent(p->bot.client, &id, &seen, CUSTODY_CONSENT_ACCEPT, bytes_of(""), &p->error),
                   "action-mismatch");
    seen = newest_patch(p, &id, nine);
    assert_done(p, custody_consent(p->bot.client, &id, &seen, CUSTODY_CONSENT_ACCEPT, bytes_of(""), &p->error));
    custody_decision *decision = look(p, &p->bot, &id);
    assert_int_equal(custody_decision_consent(decision), CUSTODY_CONSENT_STATE_GIVEN);
    custody_decision_free(decision);
}

static void an_agent_changes_its_key(void **state)
{
    struct place *p = *state;
    struct cty_secret *fresh = NULL;
    custody_key *next = NULL;
    char path[160];
    custody_case_id id = ask(p, "ping");
    assert_refused(custody_rotate(p->bot.client, p->pal.key, &p->error), "usage");
    assert_refused(custody_rotate(p->bot.client, p->bot.key, &p->error), "usage");
    snprintf(path, sizeof(path), "%s/next.key", p->h->folder);
    assert_ok(cty_secret_new(CTY_LITERAL("acme/bot"), &fresh));
    assert_ok(cty_secret_save(fresh, path, cty_bytes_make(NULL, 0), NULL));
    cty_secret_free(fresh);
    assert_ok(custody_key_load(path, NULL, NULL, &next, &p->error));
    assert_done(p, custody_rotate(p->bot.client, next, &p->error));
    /* The old key is refused, and the case goes on with the new one. */
    custody_decision *decision = NULL;
    assert_refused(custody_consume(p->bot.client, &id, &decision, &p->error), "bad-session");
    custody_client_close(p->bot.client);
    custody_key_free(p->bot.key);
    p->bot.key = next;
    open_client(p, &p->bot);
    assert_done(p, custody_consume(p->bot.client, &id, &decision, &p->error));
    custody_decision_free(decision);
    unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_case_goes_to_another_agent),
        TEST(the_map_is_read_from_the_entries),
        TEST(what_is_left_out_is_refused),
        TEST(a_question_is_answered),
        TEST(consent_is_for_what_was_looked_at),
        TEST(an_agent_changes_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
