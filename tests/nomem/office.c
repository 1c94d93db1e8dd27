/* SPDX-License-Identifier: Apache-2.0 */
#include "office.h"

#include <unistd.h>

static void write_trust(struct office *o)
{
    struct cty_buf text = CTY_BUF_INIT(4096);
    assert_ok(cty_buf_put_text(&text, "{\"custody_trust\":1,\"policy\":\"log "));
    assert_ok(cty_vkey_format(cty_secret_name(o->h->log), CTY_KEY_ED25519, cty_secret_key(o->h->log), &text));
    assert_ok(cty_buf_put_text(&text, "\\nquorum none\\n\"}"));
    FILE *file = fopen(o->trust, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    assert_int_equal(fclose(file), 0);
    cty_buf_done(&text);
}

static void remove_state(const char *state)
{
    char lock[200];
    snprintf(lock, sizeof(lock), "%s.lock", state);
    (void)unlink(state);
    (void)unlink(lock);
}

static custody_err open_client(const struct office *o, const struct desk_agent *agent, const char *state,
                               custody_client **ret_client)
{
    custody_client_config config = CUSTODY_CLIENT_CONFIG_INIT;
    config.url = cty_daemon_url(o->h->daemon, 0);
    config.trust_path = o->trust;
    config.state_path = state;
    config.key = agent->key;
    return custody_client_open(&config, ret_client, NULL);
}

custody_err office_client(const struct office *office, const struct desk_agent *agent, custody_client **ret_client)
{
    char state[160];
    snprintf(state, sizeof(state), "%s.new", agent->state);
    return open_client(office, agent, state, ret_client);
}

static void open_agent(struct office *o, struct desk_agent *agent, const char *actor, const char *file)
{
    snprintf(agent->key_path, sizeof(agent->key_path), "%s/%s.key", o->h->folder, file);
    snprintf(agent->state, sizeof(agent->state), "%s/%s.state", o->h->folder, file);
    assert_ok(cty_secret_save(house_secret(o->h, actor), agent->key_path, cty_bytes_make(NULL, 0), NULL));
    assert_ok(custody_key_load(agent->key_path, NULL, NULL, &agent->key, NULL));
    assert_ok(open_client(o, agent, agent->state, &agent->client));
}

static void close_agent(struct desk_agent *agent)
{
    char state[160];
    snprintf(state, sizeof(state), "%s.new", agent->state);
    custody_client_close(agent->client);
    custody_key_free(agent->key);
    (void)unlink(agent->key_path);
    remove_state(agent->state);
    remove_state(state);
}

void office_open(struct office *office)
{
    office->h = house_ready();
    snprintf(office->trust, sizeof(office->trust), "%s/trust.json", office->h->folder);
    write_trust(office);
    open_agent(office, &office->bot, "acme/bot", "bot");
    open_agent(office, &office->pal, "acme/pal", "pal");
}

void office_close(struct office *office)
{
    close_agent(&office->bot);
    close_agent(&office->pal);
    (void)unlink(office->trust);
    house_free(office->h);
}

/* --- steps ------------------------------------------------------------------------------------------------ */

custody_bytes office_bytes(const char *text)
{
    return (custody_bytes){text, strlen(text)};
}

custody_request office_request(const char *action)
{
    custody_request request = CUSTODY_REQUEST_INIT;
    request.service = "payments";
    request.action = action;
    request.payload = office_bytes("{\"amount\":5}");
    request.state = office_bytes("where I was");
    request.facts = office_bytes("{\"amount\": 5}");
    return request;
}

custody_case_id office_case(struct office *office, const char *action)
{
    custody_request request = office_request(action);
    custody_case_id id;
    assert_ok(custody_defer(office->bot.client, &request, &id, NULL));
    return id;
}

static struct cty_hash hash_of(const custody_case_id *id)
{
    struct cty_hash hash;
    memcpy(hash.bytes, id->bytes, sizeof(hash.bytes));
    return hash;
}

static void submit(struct office *o, struct draft *d)
{
    struct house_reply reply;
    assert_ok(draft_submit(o->h, d, &reply));
    house_reply_done(&reply);
}

void office_decide(struct office *office, const custody_case_id *id)
{
    struct cty_hash case_id = hash_of(id);
    struct draft d;
    house_decide(office->h, &d, &case_id, "acme/carol", CTY_APPROVE);
    submit(office, &d);
}

void office_patch(struct office *office, const custody_case_id *id)
{
    struct cty_hash case_id = hash_of(id);
    struct draft d;
    house_patch(office->h, &d, &case_id, "acme/carol", "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":4}]",
                "{\"amount\":4}");
    submit(office, &d);
}

void office_ask(struct office *office, const custody_case_id *id)
{
    struct cty_hash case_id = hash_of(id);
    struct cty_case the_case;
    struct draft d;
    house_join(office->h, &d, CTY_QUESTION, &case_id, "acme/carol", &the_case);
    d.st.u.question.question = draft_commit(&d, "question", "why?");
    submit(office, &d);
}

void office_offer(struct office *office, const custody_case_id *id)
{
    custody_handoff handoff = CUSTODY_HANDOFF_INIT;
    handoff.to = "acme/pal";
    handoff.obligations = office_bytes("by noon");
    assert_ok(custody_offer(office->bot.client, id, &handoff, NULL));
}

custody_decision *office_look(const struct desk_agent *agent, const custody_case_id *id)
{
    custody_decision *decision = NULL;
    assert_ok(custody_look(agent->client, id, &decision, NULL));
    return decision;
}
