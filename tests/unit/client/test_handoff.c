/* SPDX-License-Identifier: Apache-2.0 */
/* Handing a case on between two parties' agents, and talking about it, with an honest custodian. */
#include "client/handoff.h"
#include "client/map.h"
#include "unit/client/fake.h"
#include "unit/support.h"

#define POLICY                                                                                                     \
    "{\"admin_quorum\":2,\"rules\":["                                                                              \
    "{\"approvals\":1,\"consent\":true,\"effect\":\"hold\",\"match\":{\"action\":\"careful\"},\"roles\":[\"approver\"]},"  \
    "{\"approvals\":1,\"effect\":\"hold\",\"parties\":[\"$requester\"],\"roles\":[\"approver\"]}]}"

struct scene {
    struct fake *f;
    struct cty_client *giver;    /* acme/bot */
    struct cty_client *receiver; /* globex/fulfil */
    custody_error error;
};

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    struct world *w = fake_world(POLICY);
    world_party(w, "globex");
    assert_ok(world_agent(w, "globex/fulfil", "globex/a"));
    assert_ok(world_agent(w, "globex/other", "globex/a"));
    s->f = fake_over(w);
    s->giver = fake_client(s->f, NULL, "acme/bot", NULL);
    s->receiver = fake_client(s->f, NULL, "globex/fulfil", NULL);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    cty_client_close(s->giver);
    cty_client_close(s->receiver);
    fake_free(s->f);
    free(s);
    return 0;
}

#define assert_done(s, expression)                                                                                 \
    do {                                                                                                           \
        custody_err err_ = (expression);                                                                           \
        if (err_ != CUSTODY_OK)                                                                                    \
            print_message("%s: %s\n", custody_err_name(err_), (s)->error.detail);                                  \
        assert_ok(err_);                                                                                           \
    } while (0)

static struct cty_hash ask(struct scene *s, const char *action)
{
    struct cty_hash case_id;
    const struct cty_ask ask = {.service = CTY_LITERAL("payments"), .action = cty_bytes_text(action),
                                .priority = CTY_PRIORITY_NORMAL, .payload = CTY_LITERAL("{\"amount\":5}")};
    assert_done(s, cty_agent_request(s->giver, &ask, &case_id, NULL, &s->error));
    return case_id;
}

/* acme/eve approves, also for whoever `travels` names (NULL: nobody). */
static void approve(struct scene *s, const struct cty_hash *case_id, const char *travels)
{
    struct world *w = s->f->w;
    struct cty_statement st;
    struct cty_case c;
    world_begin(w, &st, CTY_DECISION, "acme/eve");
    world_join(w, &st, case_id);
    world_case(w, case_id, &c);
    st.u.decision.choice = CTY_APPROVE;
    st.u.decision.expires = w->time + 3600000;
    memcpy(st.u.decision.instance, c.instance.bits, 16);
    st.u.decision.payload = c.payload;
    st.u.decision.travels = (struct cty_names){.count = travels ? 1 : 0, .names = {cty_bytes_text(travels)}};
    assert_ok(world_submit(w, &st, NULL));
    fake_follow(s->f);
}

static struct cty_offering offering_to(const char *to)
{
    return (struct cty_offering){.to = cty_bytes_text(to)};
}

static void offer(struct scene *s, const struct cty_hash *case_id, const char *to)
{
    const struct cty_offering offering = offering_to(to);
    assert_done(s, cty_agent_offer(s->giver, case_id, &offering, NULL, &s->error));
}

static custody_err try_offer(struct scene *s, struct cty_client *client, const struct cty_hash *case_id,
                             const struct cty_offering *offering)
{
    return cty_agent_offer(client, case_id, offering, NULL, &s->error);
}

static enum cty_case_state state_of(struct scene *s, const struct cty_hash *case_id)
{
    return world_state(s->f->w, case_id);
}

static struct cty_judgement *judge(struct scene *s, struct cty_client *client, const struct cty_hash *case_id)
{
    struct cty_judgement *judgement = NULL;
    assert_done(s, cty_client_judge(client, case_id, CTY_GATHER_CONTENTS, &judgement, &s->error));
    assert_done(s, cty_judgement_check(judgement, &s->error));
    return judgement;
}

static struct cty_hash newest_offer(struct scene *s, const struct cty_hash *case_id)
{
    struct cty_case c;
    world_case(s->f->w, case_id, &c);
    assert_true(c.offer.present);
    return c.offer.digest;
}

static void consume_and_report(struct scene *s, const struct cty_hash *case_id)
{
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    assert_done(s, cty_agent_wait(s->receiver, case_id, 0, &judgement, &s->error));
    cty_judgement_free(judgement);
    assert_done(s, cty_agent_consume(s->receiver, case_id, &judgement, &payload, NULL, &s->error));
    assert_true(cty_bytes_is(payload, "{\"amount\":5}"));
    cty_judgement_free(judgement);
    assert_done(s, cty_agent_outcome(s->receiver, case_id, CTY_OUTCOME_FULFILLED, cty_bytes_make(NULL, 0), NULL,
                                     &s->error));
    assert_int_equal(state_of(s, case_id), CTY_CASE_FULFILLED);
}

/* ---- the whole way ---- */

static void an_approval_travels_and_the_receiver_acts(void **state)
{
    struct scene *s = *state;
    struct cty_submitted submitted = {.refused = false};
    struct cty_hash case_id = ask(s, "refund");
    approve(s, &case_id, "globex");
    offer(s, &case_id, "globex");
    assert_done(s, cty_agent_accept(s->receiver, &case_id, NULL, &submitted, &s->error));
    assert_int_equal(submitted.follow_count, 2);
    assert_int_equal(submitted.follow[1].type, CTY_RELEASE);
    cty_submitted_done(&submitted);
    consume_and_report(s, &case_id);
}

static void without_one_that_travels_it_is_held_again(void **state)
{
    struct scene *s = *state;
    struct cty_judgement *judgement = NULL;
    struct cty_hash case_id = ask(s, "refund");
    approve(s, &case_id, NULL);
    offer(s, &case_id, "globex/fulfil");
    assert_done(s, cty_agent_accept(s->receiver, &case_id, NULL, NULL, &s->error));
    assert_refused(cty_agent_wait(s->receiver, &case_id, 0, &judgement, NULL), "undecided");
    approve(s, &case_id, NULL);
    consume_and_report(s, &case_id);
}

static void the_giver_can_act_no_more(void **state)
{
    struct scene *s = *state;
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    struct cty_hash case_id = ask(s, "refund");
    approve(s, &case_id, "globex");
    offer(s, &case_id, "globex");
    assert_done(s, cty_agent_accept(s->receiver, &case_id, NULL, NULL, &s->error));
    assert_refused(cty_agent_consume(s->giver, &case_id, &judgement, &payload, NULL, NULL), "not-holder");
    assert_refused(cty_agent_finalise(s->giver, &case_id, cty_bytes_make(NULL, 0), NULL, NULL), "not-holder");
    consume_and_report(s, &case_id);
}

static void the_giver_acts_itself_after_a_no(void **state)
{
    struct scene *s = *state;
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    struct cty_hash case_id = ask(s, "refund");
    approve(s, &case_id, NULL);
    offer(s, &case_id, "globex");
    assert_done(s, cty_agent_decline(s->receiver, &case_id, NULL, CTY_LITERAL("too busy"), NULL, &s->error));
    assert_done(s, cty_agent_consume(s->giver, &case_id, &judgement, &payload, NULL, &s->error));
    cty_judgement_free(judgement);
}

static void another_vendors_agent_acts_from_the_start(void **state)
{
    struct scene *s = *state;
    struct cty_hash case_id;
    const struct cty_ask ask = {.service = CTY_LITERAL("payments"), .action = CTY_LITERAL("refund"),
                                .priority = CTY_PRIORITY_NORMAL, .payload = CTY_LITERAL("{\"amount\":5}"),
                                .executor = CTY_LITERAL("globex/fulfil")};
    assert_done(s, cty_agent_request(s->giver, &ask, &case_id, NULL, &s->error));
    approve(s, &case_id, NULL);
    consume_and_report(s, &case_id);
}

static void what_is_done_already_is_said_once(void **state)
{
    struct scene *s = *state;
    struct cty_hash case_id = ask(s, "refund");
    offer(s, &case_id, "globex");
    struct cty_hash digest = newest_offer(s, &case_id);
    assert_done(s, cty_agent_accept(s->receiver, &case_id, &digest, NULL, &s->error));
    size_t count = s->f->count;
    assert_done(s, cty_agent_accept(s->receiver, &case_id, &digest, NULL, &s->error));
    assert_done(s, cty_agent_finalise(s->receiver, &case_id, CTY_LITERAL("mine"), NULL, &s->error));
    assert_done(s, cty_agent_finalise(s->receiver, &case_id, CTY_LITERAL("mine"), NULL, &s->error));
    assert_int_equal(s->f->count, count + 1);
}

/* ---- refusals ---- */

static void an_offer_is_withdrawn_before_it_is_accepted(void **state)
{
    struct scene *s = *state;
    struct cty_hash case_id = ask(s, "refund");
    offer(s, &case_id, "globex");
    struct cty_hash digest = newest_offer(s, &case_id);
    assert_refused(cty_agent_withdraw(s->receiver, &case_id, cty_bytes_make(NULL, 0), NULL, NULL), "not-holder");
    assert_done(s, cty_agent_withdraw(s->giver, &case_id, CTY_LITERAL("done by hand"), NULL, &s->error));
    assert_done(s, cty_agent_withdraw(s->giver, &case_id, CTY_LITERAL("done by hand"), NULL, &s->error));
    assert_refused(cty_agent_accept(s->receiver, &case_id, &digest, NULL, NULL), "state-illegal");
    assert_refused(cty_agent_decline(s->receiver, &case_id, &digest, cty_bytes_make(NULL, 0), NULL, NULL),
                   "state-illegal");
}

static void an_offer_ends_with_its_time(void **state)
{
    struct scene *s = *state;
    struct cty_hash case_id = ask(s, "refund");
    struct cty_offering offering = offering_to("globex");
    offering.valid_ms = 60000;
    assert_done(s, try_offer(s, s->giver, &case_id, &offering));
    assert_refused(try_offer(s, s->giver, &case_id, &offering), "double-offer");
    s->f->w->time += 60001;
    assert_refused(cty_agent_accept(s->receiver, &case_id, NULL, NULL, NULL), "offer-expired");
    assert_done(s, try_offer(s, s->giver, &case_id, &offering));
    assert_done(s, cty_agent_accept(s->receiver, &case_id, NULL, NULL, &s->error));
}

static void an_offer_is_taken_once_and_by_whom_it_was_made_to(void **state)
{
    struct scene *s = *state;
    struct cty_client *other = fake_client(s->f, NULL, "globex/other", NULL);
    struct cty_client *ours = fake_client(s->f, NULL, "acme/other", NULL);
    struct cty_hash case_id = ask(s, "refund");
    assert_refused(cty_agent_accept(s->receiver, &case_id, NULL, NULL, NULL), "no-offer");
    offer(s, &case_id, "globex");
    struct cty_hash digest = newest_offer(s, &case_id);
    assert_refused(cty_agent_accept(ours, &case_id, NULL, NULL, NULL), "wrong-receiver");
    assert_refused(cty_agent_accept(s->receiver, &case_id, &case_id, NULL, NULL), "no-offer");
    assert_done(s, cty_agent_accept(other, &case_id, &digest, NULL, &s->error));
    assert_refused(cty_agent_accept(s->receiver, &case_id, &digest, NULL, NULL), "double-acceptance");
    cty_client_close(other);
    cty_client_close(ours);
}

static void a_scope_only_narrows(void **state)
{
    struct scene *s = *state;
    struct cty_hash case_id = ask(s, "refund");
    struct cty_offering wide = offering_to("globex");
    wide.depth = 2;
    wide.releases = 3;
    wide.actions = (struct cty_names){.count = 2, .names = {CTY_LITERAL("refund"), CTY_LITERAL("ship.*")}};
    assert_done(s, try_offer(s, s->giver, &case_id, &wide));
    assert_done(s, cty_agent_accept(s->receiver, &case_id, NULL, NULL, &s->error));
    struct cty_offering next = offering_to("acme/other");
    next.depth = 2;
    assert_refused(try_offer(s, s->receiver, &case_id, &next), "pass-wider");
    assert_non_null(strstr(s->error.detail, "hop 2 widens depth"));
    next = offering_to("acme/other");
    next.releases = 4;
    assert_refused(try_offer(s, s->receiver, &case_id, &next), "pass-wider");
    next = offering_to("acme/other");
    next.services = (struct cty_names){.count = 1, .names = {CTY_LITERAL("*")}};
    assert_refused(try_offer(s, s->receiver, &case_id, &next), "pass-wider");
    next = offering_to("acme/bot");
    assert_refused(try_offer(s, s->receiver, &case_id, &next), "delegation-loop");
    next = offering_to("nowhere/agent");
    assert_refused(try_offer(s, s->receiver, &case_id, &next), "wrong-receiver");
    next = offering_to("acme/other");
    assert_done(s, try_offer(s, s->receiver, &case_id, &next));
}

static void nothing_is_offered_after_finalise(void **state)
{
    struct scene *s = *state;
    struct cty_hash case_id = ask(s, "refund");
    const struct cty_offering offering = offering_to("globex");
    assert_done(s, try_offer(s, s->giver, &case_id, &offering));
    assert_refused(cty_agent_finalise(s->giver, &case_id, cty_bytes_make(NULL, 0), NULL, NULL), "double-offer");
    assert_done(s, cty_agent_withdraw(s->giver, &case_id, cty_bytes_make(NULL, 0), NULL, &s->error));
    assert_done(s, cty_agent_finalise(s->giver, &case_id, CTY_LITERAL("we do it"), NULL, &s->error));
    assert_refused(try_offer(s, s->giver, &case_id, &offering), "after-final");
}

static void only_what_is_open_is_offered(void **state)
{
    struct scene *s = *state;
    struct cty_hash case_id = ask(s, "refund");
    const struct cty_offering offering = offering_to("globex");
    assert_refused(try_offer(s, s->receiver, &case_id, &offering), "not-holder");
    assert_done(s, cty_agent_cancel(s->giver, &case_id, cty_bytes_make(NULL, 0), NULL, &s->error));
    assert_refused(try_offer(s, s->giver, &case_id, &offering), "state-illegal");
    case_id = ask(s, "refund");
    s->f->w->time += CTY_DECIDE_MS_DEFAULT + 1;
    assert_refused(try_offer(s, s->giver, &case_id, &offering), "deadline-passed");
}

/* ---- the map ---- */

static void the_map_tells_each_offer(void **state)
{
    struct scene *s = *state;
    struct cty_hash case_id = ask(s, "refund");
    struct cty_offering offering = offering_to("globex");
    offering.obligations = CTY_LITERAL("report by noon");
    offering.context = CTY_LITERAL("{\"order\":4711}");
    assert_done(s, try_offer(s, s->giver, &case_id, &offering));
    assert_done(s, cty_agent_decline(s->receiver, &case_id, NULL, CTY_LITERAL("not today"), NULL, &s->error));
    assert_done(s, try_offer(s, s->giver, &case_id, &offering));
    assert_done(s, cty_agent_accept(s->receiver, &case_id, NULL, NULL, &s->error));
    struct cty_judgement *judgement = judge(s, s->receiver, &case_id);
    struct cty_handoffs map = {.count = 0};
    assert_done(s, cty_handoffs_read(judgement, &map));
    assert_int_equal(map.count, 2);
    assert_int_equal(map.list[0].state, CTY_OFFER_DECLINED);
    assert_true(cty_bytes_is(map.list[0].reason, "not today"));
    assert_true(cty_bytes_is(map.list[0].to, "globex"));
    assert_int_equal(map.list[1].state, CTY_OFFER_ACCEPTED);
    assert_true(cty_bytes_is(map.list[1].from, "acme/bot"));
    assert_true(cty_bytes_is(map.list[1].to, "globex/fulfil"));
    assert_true(cty_bytes_is(map.list[1].obligations, "report by noon"));
    assert_true(cty_bytes_is(map.list[1].context, "{\"order\":4711}"));
    assert_int_equal(map.list[1].offer->scope.releases, 1);
    assert_int_equal(map.list[1].offer->scope.depth, 0);
    assert_true(cty_bytes_is(map.list[1].offer->scope.services.names[0], "payments"));
    assert_int_equal(map.list[1].offer->hop, 1);
    cty_handoffs_done(&map);
    cty_judgement_free(judgement);
}

static custody_err count_offer(void *context, const struct cty_case_row *row)
{
    (void)row;
    ++*(unsigned *)context;
    return CUSTODY_OK;
}

static unsigned offers_of(struct scene *s, struct cty_client *client)
{
    unsigned count = 0;
    assert_done(s, cty_agent_offers(client, count_offer, &count, &s->error));
    return count;
}

static void offers_are_listed_for_whom_they_are_made_to(void **state)
{
    struct scene *s = *state;
    struct cty_hash case_id = ask(s, "refund");
    (void)ask(s, "refund");
    assert_int_equal(offers_of(s, s->receiver), 0);
    offer(s, &case_id, "globex");
    assert_int_equal(offers_of(s, s->receiver), 1);
    assert_int_equal(offers_of(s, s->giver), 0);
    assert_done(s, cty_agent_accept(s->receiver, &case_id, NULL, NULL, &s->error));
    assert_int_equal(offers_of(s, s->receiver), 0);
}

/* ---- children ---- */

static void a_child_takes_a_release_of_what_was_handed_over(void **state)
{
    struct scene *s = *state;
    struct cty_hash child, case_id = ask(s, "refund");
    struct cty_offering offering = offering_to("globex");
    offering.releases = 2;
    offering.expires = s->f->w->time + 3600000;
    assert_done(s, try_offer(s, s->giver, &case_id, &offering));
    assert_done(s, cty_agent_accept(s->receiver, &case_id, NULL, NULL, &s->error));
    struct cty_ask ask = {.service = CTY_LITERAL("payments"), .action = CTY_LITERAL("refund"),
                          .priority = CTY_PRIORITY_NORMAL, .payload = CTY_LITERAL("{}"), .parent = {case_id, true}};
    assert_done(s, cty_agent_request(s->receiver, &ask, &child, NULL, &s->error));
    assert_refused(cty_agent_request(s->receiver, &ask, &child, NULL, NULL), "pass-spent");
    ask.action = CTY_LITERAL("pay");
    assert_refused(cty_agent_request(s->receiver, &ask, &child, NULL, NULL), "pass-wider");
}

/* ---- talking ---- */

static void a_question_is_answered(void **state)
{
    struct scene *s = *state;
    struct cty_client *eve = fake_client(s->f, NULL, "acme/eve", NULL);
    struct cty_questions questions = {.count = 0};
    struct cty_submitted asked = {.refused = false};
    struct cty_hash case_id = ask(s, "refund");
    assert_refused(cty_person_question(s->receiver, &case_id, CTY_LITERAL("why?"), NULL, NULL), "not-human");
    assert_done(s, cty_person_question(eve, &case_id, CTY_LITERAL("why?"), &asked, &s->error));
    const struct cty_hash *question = &asked.own.digest;
    assert_refused(cty_agent_answer(s->receiver, &case_id, question, CTY_LITERAL("so"), NULL, NULL), "not-holder");
    assert_refused(cty_agent_answer(s->giver, &case_id, &case_id, CTY_LITERAL("so"), NULL, NULL), "no-question");
    assert_done(s, cty_agent_answer(s->giver, &case_id, question, CTY_LITERAL("it came back"), NULL, &s->error));
    assert_refused(cty_agent_answer(s->giver, &case_id, question, CTY_LITERAL("so"), NULL, NULL), "no-question");
    struct cty_judgement *judgement = judge(s, eve, &case_id);
    assert_done(s, cty_questions_read(judgement, &questions));
    assert_int_equal(questions.count, 1);
    assert_false(questions.list[0].open);
    assert_true(cty_bytes_is(questions.list[0].text, "why?"));
    assert_true(cty_bytes_is(questions.list[0].answer_text, "it came back"));
    cty_questions_done(&questions);
    cty_judgement_free(judgement);
    cty_submitted_done(&asked);
    cty_client_close(eve);
}

static void patch_to(struct scene *s, const struct cty_hash *case_id, unsigned amount)
{
    char operations[96], result[32];
    snprintf(operations, sizeof(operations), "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":%u}]", amount);
    snprintf(result, sizeof(result), "{\"amount\":%u}", amount);
    assert_ok(world_patch(s->f->w, case_id, "acme/eve", operations, result));
    fake_follow(s->f);
}

/* The patch that a look at the case shows; the case's own digest before there is one. */
static struct cty_hash patch_seen(struct scene *s, const struct cty_hash *case_id)
{
    struct cty_judgement *judgement = judge(s, s->giver, case_id);
    struct cty_hash patch = judgement->record.payload_at;
    cty_judgement_free(judgement);
    return patch;
}

static custody_err try_consent(struct scene *s, struct cty_client *client, const struct cty_hash *case_id,
                               const struct cty_hash *patch, enum cty_consent_choice choice)
{
    return cty_agent_consent(client, case_id, patch, choice, cty_bytes_make(NULL, 0), NULL, &s->error);
}

static void a_patch_waits_for_consent(void **state)
{
    struct scene *s = *state;
    struct cty_hash case_id = ask(s, "careful"), patch = case_id;
    assert_refused(try_consent(s, s->giver, &case_id, &patch, CTY_CONSENT_ACCEPT), "state-illegal");
    patch_to(s, &case_id, 4);
    patch = patch_seen(s, &case_id);
    assert_refused(world_decide(s->f->w, &case_id, "acme/joe", CTY_APPROVE), "consent-missing");
    assert_refused(try_consent(s, s->receiver, &case_id, &patch, CTY_CONSENT_ACCEPT), "not-holder");
    assert_done(s, cty_agent_consent(s->giver, &case_id, &patch, CTY_CONSENT_REFUSE, CTY_LITERAL("too little"), NULL,
                                     &s->error));
    assert_done(s, try_consent(s, s->giver, &case_id, &patch, CTY_CONSENT_ACCEPT));
    assert_refused(try_consent(s, s->giver, &case_id, &patch, CTY_CONSENT_REFUSE), "state-illegal");
    assert_ok(world_decide(s->f->w, &case_id, "acme/joe", CTY_APPROVE));
    fake_follow(s->f);
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    assert_done(s, cty_agent_consume(s->giver, &case_id, &judgement, &payload, NULL, &s->error));
    assert_true(cty_bytes_is(payload, "{\"amount\":4}"));
    cty_judgement_free(judgement);
}

/* The holder looked at one patch, and another came before it spoke: neither a yes nor a no is signed for what is unseen. */
static void consent_is_for_what_was_looked_at(void **state)
{
    struct scene *s = *state;
    struct cty_hash case_id = ask(s, "careful");
    patch_to(s, &case_id, 4);
    struct cty_hash seen = patch_seen(s, &case_id);
    patch_to(s, &case_id, 9000);
    size_t count = s->f->count;
    assert_refused(try_consent(s, s->giver, &case_id, &seen, CTY_CONSENT_ACCEPT), "action-mismatch");
    assert_refused(try_consent(s, s->giver, &case_id, &seen, CTY_CONSENT_REFUSE), "action-mismatch");
    assert_refused(try_consent(s, s->giver, &case_id, &case_id, CTY_CONSENT_ACCEPT), "action-mismatch");
    assert_int_equal(s->f->count, count);
    seen = patch_seen(s, &case_id);
    assert_done(s, try_consent(s, s->giver, &case_id, &seen, CTY_CONSENT_ACCEPT));
    assert_done(s, try_consent(s, s->giver, &case_id, &seen, CTY_CONSENT_ACCEPT));
    assert_int_equal(s->f->count, count + 1);
}

/* What is patched while it is offered is offered again before it is taken over. */
static void an_offer_is_taken_with_the_payload_it_was_made_with(void **state)
{
    struct scene *s = *state;
    struct cty_hash case_id = ask(s, "refund");
    offer(s, &case_id, "globex");
    struct cty_hash seen = newest_offer(s, &case_id);
    patch_to(s, &case_id, 9000);
    size_t count = s->f->count;
    assert_refused(cty_agent_accept(s->receiver, &case_id, &seen, NULL, &s->error), "action-mismatch");
    assert_non_null(strstr(s->error.detail, "let acme/bot offer it again"));
    assert_int_equal(s->f->count, count);
    assert_done(s, cty_agent_withdraw(s->giver, &case_id, cty_bytes_make(NULL, 0), NULL, &s->error));
    offer(s, &case_id, "globex");
    assert_refused(cty_agent_accept(s->receiver, &case_id, &seen, NULL, &s->error), "no-offer");
    seen = newest_offer(s, &case_id);
    assert_done(s, cty_agent_accept(s->receiver, &case_id, &seen, NULL, &s->error));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_approval_travels_and_the_receiver_acts),
        TEST(without_one_that_travels_it_is_held_again),
        TEST(the_giver_can_act_no_more),
        TEST(the_giver_acts_itself_after_a_no),
        TEST(another_vendors_agent_acts_from_the_start),
        TEST(what_is_done_already_is_said_once),
        TEST(an_offer_is_withdrawn_before_it_is_accepted),
        TEST(an_offer_ends_with_its_time),
        TEST(an_offer_is_taken_once_and_by_whom_it_was_made_to),
        TEST(a_scope_only_narrows),
        TEST(nothing_is_offered_after_finalise),
        TEST(only_what_is_open_is_offered),
        TEST(the_map_tells_each_offer),
        TEST(offers_are_listed_for_whom_they_are_made_to),
        TEST(a_child_takes_a_release_of_what_was_handed_over),
        TEST(a_question_is_answered),
        TEST(a_patch_waits_for_consent),
        TEST(consent_is_for_what_was_looked_at),
        TEST(an_offer_is_taken_with_the_payload_it_was_made_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
