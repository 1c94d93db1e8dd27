/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcustody: each function that allocates, against the custodian, from a fresh client on: connection, session, trust chain
 * and case are walked with it. The functions that don't allocate are called under a count that must stay at 0; and every
 * symbol that the library exports is in one of the two tables.
 */
#include <unistd.h>

#include "office.h"
#include "walk.h"

static struct {
    struct office office;
    struct desk_agent *who; /* whose call it is */
    custody_client *client;
    custody_key *key;
    custody_decision *decision;
    custody_case_id id;
    custody_digest digest; /* of an offer, a question or a patch */
    unsigned tries;        /* of the same call */
    char text[160];
    char symbols[512]; /* where the list of them is */
} here;

/* --- before and after --------------------------------------------------------------------------------------- */

/* A custodian counts the sessions that one actor opens within a minute; another custodian counts anew. */
#define OPENINGS_MAX 100u

static void before_a_case(void)
{
    static unsigned cases;
    if (++cases % OPENINGS_MAX != 0)
        return;
    office_close(&here.office);
    office_open(&here.office);
}

static void begin(struct desk_agent *who)
{
    here.who = who;
    here.tries = 0;
    here.decision = NULL;
    assert_ok(office_client(&here.office, who, &here.client));
}

/* A fresh client, whose state file isn't there yet. */
static void begin_bot(void *context)
{
    char state[160];
    (void)context;
    snprintf(state, sizeof(state), "%s.new", here.office.bot.state);
    (void)unlink(state);
    begin(&here.office.bot);
}

static void end(void *context)
{
    (void)context;
    custody_decision_free(here.decision);
    here.decision = NULL;
    custody_client_close(here.client);
    here.client = NULL;
}

static void begin_released(void *context)
{
    before_a_case();
    here.id = office_case(&here.office, "ping");
    begin_bot(context);
}

static void begin_held(void *context)
{
    before_a_case();
    here.id = office_case(&here.office, "refund");
    begin_bot(context);
}

static void begin_decided(void *context)
{
    before_a_case();
    here.id = office_case(&here.office, "refund");
    office_patch(&here.office, &here.id);
    office_ask(&here.office, &here.id);
    office_decide(&here.office, &here.id);
    begin_bot(context);
}

static void begin_consumed(void *context)
{
    custody_decision *decision = NULL;
    before_a_case();
    here.id = office_case(&here.office, "ping");
    assert_ok(custody_consume(here.office.bot.client, &here.id, &decision, NULL));
    custody_decision_free(decision);
    begin_bot(context);
}

static void begin_offered(void *context)
{
    before_a_case();
    here.id = office_case(&here.office, "ping");
    office_offer(&here.office, &here.id);
    begin_bot(context);
}

/* The same, for who receives it. */
static void begin_received(void *context)
{
    (void)context;
    before_a_case();
    here.id = office_case(&here.office, "ping");
    office_offer(&here.office, &here.id);
    custody_decision *decision = office_look(&here.office.pal, &here.id);
    here.digest = custody_decision_hop(decision, 0).offer;
    custody_decision_free(decision);
    begin(&here.office.pal);
}

static void begin_asked(void *context)
{
    before_a_case();
    here.id = office_case(&here.office, "refund");
    office_ask(&here.office, &here.id);
    custody_decision *decision = office_look(&here.office.bot, &here.id);
    here.digest = custody_decision_question(decision, 0).question;
    custody_decision_free(decision);
    begin_bot(context);
}

static void begin_patched(void *context)
{
    before_a_case();
    here.id = office_case(&here.office, "careful");
    office_patch(&here.office, &here.id);
    custody_decision *decision = office_look(&here.office.bot, &here.id);
    here.digest = custody_decision_said(decision, custody_decision_said_count(decision) - 1).statement;
    custody_decision_free(decision);
    begin_bot(context);
}

/* --- what came of it, as another client sees it ------------------------------------------------------------- */

static void put(struct cty_buf *out, const char *name, custody_bytes bytes)
{
    assert_ok(cty_buf_putf(out, "%s ", name));
    assert_ok(cty_buf_put(out, bytes.data, bytes.size));
    assert_ok(cty_buf_put_byte(out, '\n'));
}

static void put_decision(const custody_decision *decision, struct cty_buf *out)
{
    put(out, "state", office_bytes(custody_state_name(custody_decision_state(decision))));
    put(out, "executor", office_bytes(custody_decision_executor(decision)));
    put(out, "payload", custody_decision_payload(decision));
    put(out, "original", custody_decision_original(decision));
    put(out, "diff", custody_decision_diff(decision));
    put(out, "agent", custody_decision_agent_state(decision));
    assert_ok(cty_buf_putf(out, "consent %d\n", (int)custody_decision_consent(decision)));
    for (size_t i = 0; i < custody_decision_said_count(decision); i++) {
        put(out, "said", office_bytes(custody_decision_said(decision, i).choice));
        put(out, "reason", custody_decision_said(decision, i).reason);
    }
    for (size_t i = 0; i < custody_decision_hops_count(decision); i++) {
        assert_ok(cty_buf_putf(out, "hop %d\n", (int)custody_decision_hop(decision, i).state));
        put(out, "obligations", custody_decision_hop(decision, i).obligations);
    }
    for (size_t i = 0; i < custody_decision_questions_count(decision); i++)
        put(out, "answer", custody_decision_question(decision, i).answer);
}

static void look_at_case(void *context, struct cty_buf *out)
{
    (void)context;
    custody_decision *decision = office_look(&here.office.bot, &here.id);
    put_decision(decision, out);
    custody_decision_free(decision);
}

/* What the call itself gave. */
static void look_at_decision(void *context, struct cty_buf *out)
{
    (void)context;
    assert_non_null(here.decision);
    put_decision(here.decision, out);
}

/* --- the calls ---------------------------------------------------------------------------------------------- */

static custody_err decided(custody_err err)
{
    if (err != CUSTODY_OK)
        assert_null(here.decision);
    return err;
}

static custody_err key_load(void *context)
{
    (void)context;
    custody_err err = custody_key_load(here.office.bot.key_path, NULL, NULL, &here.key, NULL);
    if (err != CUSTODY_OK)
        assert_null(here.key);
    return err;
}

static void key_done(void *context)
{
    (void)context;
    custody_key_free(here.key);
    here.key = NULL;
}

static custody_err client_open(void *context)
{
    (void)context;
    custody_err err = office_client(&here.office, &here.office.bot, &here.client);
    if (err != CUSTODY_OK)
        assert_null(here.client);
    return err;
}

/* Says goodbye if it can. */
static void begin_close(void *context)
{
    custody_decision *decision = NULL;
    begin_released(context);
    assert_ok(custody_look(here.client, &here.id, &decision, NULL));
    custody_decision_free(decision);
}

static custody_err client_close(void *context)
{
    (void)context;
    custody_client_close(here.client);
    here.client = NULL;
    return CUSTODY_OK;
}

static custody_err defer(void *context)
{
    (void)context;
    custody_request request = office_request("ping");
    return custody_defer(here.client, &request, &here.id, NULL);
}

static custody_err ask(void *context)
{
    (void)context;
    custody_request request = office_request("ping");
    return decided(custody_ask(here.client, &request, 0, &here.id, &here.decision, NULL));
}

static custody_err wait_case(void *context)
{
    (void)context;
    return decided(custody_wait(here.client, &here.id, 0, &here.decision, NULL));
}

static custody_err look(void *context)
{
    (void)context;
    return decided(custody_look(here.client, &here.id, &here.decision, NULL));
}

static custody_err consume(void *context)
{
    (void)context;
    return decided(custody_consume(here.client, &here.id, &here.decision, NULL));
}

static custody_err outcome(void *context)
{
    (void)context;
    return custody_outcome(here.client, &here.id, CUSTODY_OUTCOME_FULFILLED, office_bytes("done"), NULL);
}

static custody_err cancel(void *context)
{
    (void)context;
    return custody_cancel(here.client, &here.id, office_bytes("changed my mind"), NULL);
}

/* Of the same call, made again: what says that it was done before. */
static custody_err done_before(custody_err err, custody_err code)
{
    return here.tries++ > 0 && err == code ? CUSTODY_OK : err;
}

static custody_err offer(void *context)
{
    custody_handoff handoff = CUSTODY_HANDOFF_INIT;
    (void)context;
    handoff.to = "acme/pal";
    handoff.obligations = office_bytes("by noon");
    return done_before(custody_offer(here.client, &here.id, &handoff, NULL), CUSTODY_E_DOUBLE_OFFER);
}

static custody_err withdraw(void *context)
{
    (void)context;
    return custody_withdraw(here.client, &here.id, office_bytes("no"), NULL);
}

static custody_err finalise(void *context)
{
    (void)context;
    return custody_finalise(here.client, &here.id, office_bytes("enough"), NULL);
}

static custody_err offers(void *context)
{
    custody_case_id found[4];
    size_t count = 0;
    (void)context;
    return custody_offers(here.client, 0, found, 4, &count, NULL);
}

static custody_err accept_offer(void *context)
{
    (void)context;
    return custody_accept(here.client, &here.id, &here.digest, NULL);
}

static custody_err decline(void *context)
{
    (void)context;
    return custody_decline(here.client, &here.id, &here.digest, office_bytes("busy"), NULL);
}

static custody_err answer(void *context)
{
    (void)context;
    return done_before(custody_answer(here.client, &here.id, &here.digest, office_bytes("so"), NULL),
                       CUSTODY_E_NO_QUESTION);
}

static custody_err consent(void *context)
{
    (void)context;
    return custody_consent(here.client, &here.id, &here.digest, CUSTODY_CONSENT_ACCEPT, office_bytes("fine"), NULL);
}

/* --- a new key ---------------------------------------------------------------------------------------------- */

/* A house of its own each time: an actor changes its key so often and no more. */
static void begin_rotate(void *context)
{
    struct cty_secret *fresh = NULL;
    office_close(&here.office);
    office_open(&here.office);
    snprintf(here.text, sizeof(here.text), "%s/next.key", here.office.h->folder);
    assert_ok(cty_secret_new(CTY_LITERAL("acme/bot"), &fresh));
    assert_ok(cty_secret_save(fresh, here.text, cty_bytes_make(NULL, 0), NULL));
    cty_secret_free(fresh);
    assert_ok(custody_key_load(here.text, NULL, NULL, &here.key, NULL));
    begin_released(context);
}

static custody_err rotate(void *context)
{
    (void)context;
    return custody_rotate(here.client, here.key, NULL);
}

/* One of the two keys is the actor's, whatever happened: as client.h says, the new one is tried first. */
static void end_rotate(void *context)
{
    struct desk_agent next = here.office.bot;
    custody_decision *decision = NULL;
    end(context);
    next.key = here.key;
    assert_ok(office_client(&here.office, &next, &next.client));
    custody_err err = custody_look(next.client, &here.id, &decision, NULL);
    custody_client_close(next.client);
    if (err != CUSTODY_OK)
        decision = office_look(&here.office.bot, &here.id);
    assert_non_null(decision);
    custody_decision_free(decision);
    custody_key_free(here.key);
    here.key = NULL;
    (void)unlink(here.text);
}

#define CALL(symbol, function, before, after)                                                                      \
    {.name = #symbol, .begin = before, .run = function, .look = after, .end = end, .shared = true}

static const struct nomem_walk walks[] = {
    {.name = "custody_key_load", .run = key_load, .end = key_done},
    {.name = "custody_client_open", .run = client_open, .end = end, .shared = true},
    {.name = "custody_client_close", .begin = begin_close, .run = client_close, .end = end, .shared = true},
    CALL(custody_defer, defer, begin_bot, look_at_case),
    CALL(custody_ask, ask, begin_bot, look_at_decision),
    CALL(custody_wait, wait_case, begin_decided, look_at_decision),
    CALL(custody_look, look, begin_decided, look_at_decision),
    CALL(custody_consume, consume, begin_released, look_at_decision),
    CALL(custody_outcome, outcome, begin_consumed, look_at_case),
    CALL(custody_cancel, cancel, begin_held, look_at_case),
    CALL(custody_offer, offer, begin_released, look_at_case),
    CALL(custody_withdraw, withdraw, begin_offered, look_at_case),
    CALL(custody_finalise, finalise, begin_released, look_at_case),
    CALL(custody_offers, offers, begin_received, NULL),
    CALL(custody_accept, accept_offer, begin_received, look_at_case),
    CALL(custody_decline, decline, begin_received, look_at_case),
    CALL(custody_answer, answer, begin_asked, look_at_case),
    CALL(custody_consent, consent, begin_patched, look_at_case),
    {.name = "custody_rotate", .begin = begin_rotate, .run = rotate, .end = end_rotate, .shared = true, .fragile = true},
};

/* --- what does not allocate --------------------------------------------------------------------------------- */

/* By the names of the symbols; all are called in quiet_calls. */
static const char *const quiet[] = {
    "custody_case_id_format", "custody_case_id_parse", "custody_client_contradiction", "custody_client_interrupt",
    "custody_client_resume", "custody_decision_agent_state", "custody_decision_case", "custody_decision_checkpoint",
    "custody_decision_consent", "custody_decision_diff", "custody_decision_due_ms", "custody_decision_executor",
    "custody_decision_finalised", "custody_decision_free", "custody_decision_hop", "custody_decision_hops_count",
    "custody_decision_original", "custody_decision_payload", "custody_decision_question", "custody_decision_questions_count",
    "custody_decision_report", "custody_decision_said", "custody_decision_said_count", "custody_decision_scope",
    "custody_decision_state", "custody_err_class_get", "custody_err_exit", "custody_err_http", "custody_err_name",
    "custody_err_next", "custody_err_parse", "custody_err_sentence", "custody_key_free", "custody_key_name",
    "custody_state_name", "custody_version_get",
};

static size_t quiet_small_calls(void)
{
    char text[CUSTODY_CASE_ID_TEXT_SIZE];
    custody_case_id_format(&here.id, text);
    custody_client_interrupt(here.client);
    custody_client_resume(here.client);
    size_t sum = custody_client_contradiction(here.client) ? 1 : 0;
    sum += custody_case_id_parse(text, &here.id) == CUSTODY_OK ? strlen(custody_key_name(here.key)) : 0;
    custody_err code = custody_err_parse("double-consume");
    sum += strlen(custody_err_name(code)) + strlen(custody_err_next(code)) + strlen(custody_err_sentence(code));
    sum += (size_t)custody_err_class_get(code) + (size_t)custody_err_exit(code) + (size_t)custody_err_http(code);
    return sum + strlen(custody_version_get());
}

static size_t quiet_views(const custody_decision *d)
{
    size_t sum = custody_decision_agent_state(d).size + custody_decision_case(d).bytes[0] + custody_decision_diff(d).size;
    sum += custody_decision_checkpoint(d).size + (size_t)custody_decision_consent(d) + custody_decision_due_ms(d);
    sum += strlen(custody_decision_executor(d)) + (size_t)custody_decision_finalised(d) + custody_decision_original(d).size;
    sum += custody_decision_hop(d, 0).number + custody_decision_hops_count(d) + custody_decision_payload(d).size;
    sum += custody_decision_question(d, 0).text.size + custody_decision_questions_count(d) + custody_decision_report(d).size;
    sum += custody_decision_said(d, 0).reason.size + custody_decision_said_count(d) + custody_decision_scope(d).releases;
    return sum + strlen(custody_state_name(custody_decision_state(d)));
}

static void what_does_not_allocate(void **state)
{
    (void)state;
    office_close(&here.office); /* the walk before has changed the agent's key */
    office_open(&here.office);
    begin_decided(NULL);
    assert_ok(custody_look(here.client, &here.id, &here.decision, NULL));
    assert_ok(key_load(NULL));
    nomem_arm(NOMEM_FROM, 1);
    size_t sum = quiet_small_calls() + quiet_views(here.decision);
    custody_decision_free(here.decision);
    custody_key_free(here.key);
    uint64_t count = nomem_count();
    assert_false(nomem_disarm());
    assert_int_equal(count, 0);
    assert_true(sum > 100);
    here.decision = NULL;
    here.key = NULL;
    end(NULL);
}

static unsigned tables_with(const char *symbol)
{
    unsigned found = 0;
    for (size_t i = 0; i < CTY_COUNT_OF(walks); i++)
        found += strcmp(walks[i].name, symbol) == 0 ? 1 : 0;
    for (size_t i = 0; i < CTY_COUNT_OF(quiet); i++)
        found += strcmp(quiet[i], symbol) == 0 ? 1 : 0;
    return found;
}

static void every_symbol_is_in_one_table(void **state)
{
    char line[128];
    size_t symbols = 0;
    FILE *file = fopen(here.symbols, "r");
    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0] == '#' || !line[0])
            continue;
        symbols++;
        if (tables_with(line) != 1)
            fail_msg("%s: in %u tables", line, tables_with(line));
    }
    fclose(file);
    assert_int_equal(symbols, CTY_COUNT_OF(walks) + CTY_COUNT_OF(quiet));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest more[] = {
        cmocka_unit_test(what_does_not_allocate),
        cmocka_unit_test(every_symbol_is_in_one_table),
    };
    CTY_CHECK(argc > 1);
    snprintf(here.symbols, sizeof(here.symbols), "%s", argv[1]);
    office_open(&here.office);
    int failed = nomem_run("public", walks, CTY_COUNT_OF(walks), more, CTY_COUNT_OF(more), argc - 1, argv + 1);
    office_close(&here.office);
    return failed;
}
