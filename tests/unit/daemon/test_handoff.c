/* SPDX-License-Identifier: Apache-2.0 */
/* Cases that are handed over and talked about, as the custodian takes and shows them. */
#include <pthread.h>
#include <unistd.h>

#include "unit/daemon/house.h"

static struct cty_case now; /* of the case under test, as house_join left it */

/* --- a second party ---------------------------------------------------------------------------------------- */

static struct house *two_parties(void)
{
    struct house *h = house_ready();
    struct draft d;
    house_enrol_party(h, "globex");
    house_enrol_agent(h, &d, "globex/ship");
    house_stands(h, &d);
    house_enrol_agent(h, &d, "globex/pack");
    house_stands(h, &d);
    return h;
}

static void begin_offer(struct house *h, struct draft *d, const struct cty_hash *case_id, const char *holder,
                        const char *to)
{
    house_join(h, d, CTY_OFFER, case_id, holder, &now);
    struct cty_offer *offer = &d->st.u.offer;
    offer->to = draft_text(d, to);
    offer->expires = d->st.time + HOUR_MS;
    offer->hop = now.hops_count + 1;
    if (now.hops_count)
        offer->previous = (struct cty_opt_hash){now.hops[now.hops_count - 1].offer, true};
    offer->context = (struct cty_opt_hash){draft_commit(d, "context", "{\"why\":\"stock\"}"), true};
    offer->obligations = (struct cty_opt_hash){draft_commit(d, "obligations", "{\"report\":true}"), true};
    offer->scope = (struct cty_scope){.present = true, .depth = 15 - now.hops_count, .expires = now.expires,
                                      .releases = 4,
                                      .actions = {.count = 1, .names = {cty_bytes_text("*")}},
                                      .services = {.count = 1, .names = {cty_bytes_text("shop")}}};
    if (now.scope.present)
        offer->scope.releases = now.scope.releases;
}

static struct cty_hash offer(struct house *h, const struct cty_hash *case_id, const char *holder, const char *to)
{
    struct draft d;
    begin_offer(h, &d, case_id, holder, to);
    return house_stands(h, &d);
}

static void begin_accept(struct house *h, struct draft *d, const struct cty_hash *case_id, const char *receiver)
{
    house_join(h, d, CTY_ACCEPT, case_id, receiver, &now);
    d->st.u.accept.offer = now.offer.digest;
    d->st.u.accept.obligations = now.offer.obligations;
}

static struct cty_hash hand_over(struct house *h, const struct cty_hash *case_id, const char *from, const char *to)
{
    struct draft d;
    struct cty_hash digest = offer(h, case_id, from, to);
    begin_accept(h, &d, case_id, to);
    house_stands(h, &d);
    return digest;
}

/* --- lists ------------------------------------------------------------------------------------------------- */

static uint64_t list(struct house *h, const char *actor, enum cty_mine mine, const char *holder)
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_CASE_LIST};
    struct house_reply reply;
    call.params.session = (struct cty_opt_hash){house_session(h, actor), true};
    call.params.u.case_list.mine = (int)mine;
    if (holder)
        call.params.u.case_list.holder = cty_bytes_text(holder);
    assert_ok(house_call(h, &call, &reply));
    assert_int_equal(reply.result.case_list.size, house_size(h));
    uint64_t count = 0;
    const struct cty_json_node *rows = cty_rpc_list(&reply.message, &reply.answer, "cases");
    for (const struct cty_json_node *row = cty_json_first(&reply.message.json, rows); row;
         row = cty_json_after(&reply.message.json, rows, row))
        count++;
    house_reply_done(&reply);
    return count;
}

static bool is_offered(struct house *h, const char *actor, const struct cty_hash *case_id, bool *ret_open)
{
    struct house_reply reply;
    house_get_case(h, actor, case_id, &reply);
    bool offered = reply.result.case_get.offered;
    *ret_open = reply.result.case_get.offer_open;
    house_reply_done(&reply);
    return offered;
}

static void an_offer_is_shown_to_its_receiver(void **state)
{
    struct house *h = two_parties();
    struct cty_hash one = house_case(h, "acme/bot", "refund"), party = house_case(h, "acme/bot", "refund");
    bool open = false;
    (void)state;
    house_case(h, "acme/pal", "refund");
    assert_int_equal(list(h, "globex/ship", CTY_MINE_OFFERED, NULL), 0);
    offer(h, &one, "acme/bot", "globex/ship");
    offer(h, &party, "acme/bot", "globex");
    assert_int_equal(list(h, "globex/ship", CTY_MINE_OFFERED, NULL), 2);
    assert_int_equal(list(h, "globex/pack", CTY_MINE_OFFERED, NULL), 1);
    assert_int_equal(list(h, "acme/pal", CTY_MINE_OFFERED, NULL), 0);
    assert_true(is_offered(h, "globex/ship", &one, &open));
    assert_false(is_offered(h, "globex/pack", &one, &open));
    assert_true(open);
    /* It expires without an entry. */
    house_pass(h, 2 * HOUR_MS);
    assert_false(is_offered(h, "globex/ship", &one, &open));
    assert_false(open);
    assert_int_equal(list(h, "globex/ship", CTY_MINE_OFFERED, NULL), 0);
    house_free(h);
}

static void an_accept_brings_its_verdict(void **state)
{
    struct house *h = two_parties();
    struct cty_hash case_id = house_case(h, "acme/bot", "refund");
    struct house_reply reply;
    struct draft d;
    bool open = true;
    (void)state;
    offer(h, &case_id, "acme/bot", "globex");
    assert_int_equal(list(h, "globex/ship", CTY_MINE_HOLDER, NULL), 0);
    begin_accept(h, &d, &case_id, "globex/ship");
    assert_ok(draft_submit(h, &d, &reply));
    assert_int_equal(reply.result.submit.follow_count, 1);
    assert_int_equal(house_check_receipts(h, &reply), house_size(h));
    house_reply_done(&reply);
    assert_case_state(h, &case_id, "HELD");
    assert_false(is_offered(h, "globex/pack", &case_id, &open));
    assert_false(open);
    assert_int_equal(list(h, "globex/ship", CTY_MINE_HOLDER, NULL), 1);
    assert_int_equal(list(h, "acme/a", CTY_MINE_ANY, "globex/ship"), 1);
    assert_int_equal(list(h, "acme/a", CTY_MINE_ANY, "acme/bot"), 0);
    assert_int_equal(list(h, "acme/bot", CTY_MINE_HOLDER, NULL), 0);
    assert_int_equal(list(h, "acme/bot", CTY_MINE_REQUESTER, NULL), 1);
    /* A second acceptance, and the former holder's hand, are refused; nothing is appended. */
    begin_accept(h, &d, &case_id, "globex/pack");
    house_refused(h, &d, "double-acceptance");
    begin_offer(h, &d, &case_id, "acme/bot", "globex/pack");
    house_refused(h, &d, "not-holder");
    house_decide(h, &d, &case_id, "acme/carol", CTY_APPROVE);
    house_stands(h, &d);
    house_consume(h, &d, &case_id, "globex/ship");
    house_stands(h, &d);
    house_outcome(h, &d, &case_id, "globex/ship");
    house_stands(h, &d);
    assert_case_state(h, &case_id, "FULFILLED");
    house_free(h);
}

static void an_approval_that_travels_releases_at_once(void **state)
{
    struct house *h = two_parties();
    struct cty_hash case_id = house_case(h, "acme/bot", "refund");
    struct house_reply first, again;
    struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX), text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    struct draft d;
    (void)state;
    house_decide(h, &d, &case_id, "acme/carol", CTY_APPROVE);
    d.st.u.decision.travels = (struct cty_names){.count = 1, .names = {cty_bytes_text("globex")}};
    house_stands(h, &d);
    assert_case_state(h, &case_id, "RELEASED");
    offer(h, &case_id, "acme/bot", "globex/ship");
    begin_accept(h, &d, &case_id, "globex/ship");
    draft_params(h, &d, &params);
    assert_ok(draft_submit(h, &d, &first));
    assert_int_equal(first.result.submit.follow_count, 2);
    assert_int_equal(house_check_receipts(h, &first), house_size(h));
    assert_case_state(h, &case_id, "RELEASED");
    /* The same again gets the same three entries. */
    assert_ok(cty_buf_putf(&text, "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":%s}",
                           cty_buf_text(&params)));
    char *raw = house_raw(h, cty_buf_text(&text));
    memset(&again, 0, sizeof(again));
    assert_non_null(strstr(raw, "\"duplicate\":true"));
    assert_ok(cty_rpc_open(&again.message, cty_bytes_text(raw), CTY_ANSWER_NODES_MAX, NULL));
    assert_ok(cty_rpc_answer_read(&again.message, cty_rpc_first(&again.message), CTY_RPC_SUBMIT, &again.answer,
                                  &again.result, NULL));
    assert_int_equal(again.result.submit.follow_count, 2);
    assert_true(cty_bytes_equal(again.result.submit.follow[1].entry, first.result.submit.follow[1].entry));
    cty_rpc_done(&again.message);
    free(raw);
    house_reply_done(&first);
    cty_buf_done(&params);
    cty_buf_done(&text);
    house_consume(h, &d, &case_id, "globex/ship");
    house_stands(h, &d);
    house_free(h);
}

static void an_offer_ends_without_acceptance(void **state)
{
    struct house *h = two_parties();
    struct cty_hash case_id = house_case(h, "acme/bot", "refund");
    struct draft d;
    bool open = true;
    (void)state;
    offer(h, &case_id, "acme/bot", "globex/ship");
    begin_offer(h, &d, &case_id, "acme/bot", "globex/pack");
    house_refused(h, &d, "double-offer");
    house_join(h, &d, CTY_DECLINE, &case_id, "globex/ship", &now);
    d.st.u.decline.offer = now.offer.digest;
    d.st.u.decline.reason = (struct cty_opt_hash){draft_commit(&d, "reason", "no stock"), true};
    house_stands(h, &d);
    assert_false(is_offered(h, "globex/ship", &case_id, &open));
    assert_false(open);
    offer(h, &case_id, "acme/bot", "globex");
    house_join(h, &d, CTY_WITHDRAW, &case_id, "acme/bot", &now);
    d.st.u.withdraw.offer = now.offer.digest;
    house_stands(h, &d);
    begin_accept(h, &d, &case_id, "globex/ship");
    house_refused(h, &d, "state-illegal");
    house_join(h, &d, CTY_FINALISE, &case_id, "acme/bot", &now);
    house_stands(h, &d);
    begin_offer(h, &d, &case_id, "acme/bot", "globex/ship");
    house_refused(h, &d, "after-final");
    assert_int_equal(list(h, "globex/ship", CTY_MINE_OFFERED, NULL), 0);
    house_free(h);
}

/* --- who may read ------------------------------------------------------------------------------------------- */

static bool reads(struct house *h, const char *actor, const struct cty_hash *case_id, const char *member)
{
    char wanted[96];
    struct house_reply reply;
    house_get_case(h, actor, case_id, &reply);
    snprintf(wanted, sizeof(wanted), "\"member\":\"%s\"", member);
    char *blobs = cty_bytes_dup_text(reply.result.case_get.blobs);
    bool listed = strstr(blobs, wanted) != NULL;
    free(blobs);
    house_reply_done(&reply);
    return listed;
}

static custody_err get_blob(struct house *h, const char *actor, const struct cty_hash *case_id,
                            const struct cty_hash *statement, const char *member)
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_BLOB_GET};
    struct house_reply reply;
    call.params.session = (struct cty_opt_hash){house_session(h, actor), true};
    call.params.u.blob_get.statement = *statement;
    call.params.u.blob_get.member = cty_bytes_text(member);
    call.params.u.blob_get.case_id = (struct cty_opt_hash){*case_id, true};
    custody_err err = house_call(h, &call, &reply);
    house_reply_done(&reply);
    return err;
}

static void whoever_is_offered_a_case_sees_what_they_take(void **state)
{
    struct house *h = two_parties();
    struct draft d;
    (void)state;
    house_request(h, &d, "acme/bot", "refund", "{\"amount\":\"12.50\"}");
    d.st.u.request.state = (struct cty_opt_hash){draft_commit(&d, "state", "{\"at\":7}"), true};
    struct cty_hash case_id = house_stands(h, &d);
    assert_false(reads(h, "globex/ship", &case_id, "payload"));
    house_join(h, &d, CTY_QUESTION, &case_id, "acme/carol", &now);
    d.st.u.question.question = draft_commit(&d, "question", "which order?");
    struct cty_hash asked = house_stands(h, &d);
    struct cty_hash made = offer(h, &case_id, "acme/bot", "globex/ship");
    assert_true(reads(h, "globex/ship", &case_id, "payload"));
    assert_true(reads(h, "globex/ship", &case_id, "context"));
    assert_true(reads(h, "globex/ship", &case_id, "obligations"));
    assert_false(reads(h, "globex/ship", &case_id, "state"));
    /* What people said to each other before is not theirs, and so it isn't listed. */
    assert_false(reads(h, "globex/ship", &case_id, "question"));
    assert_true(reads(h, "acme/bot", &case_id, "question"));
    assert_refused(get_blob(h, "globex/ship", &case_id, &asked, "question"), "forbidden");
    assert_false(reads(h, "globex/pack", &case_id, "payload"));
    assert_ok(get_blob(h, "globex/ship", &case_id, &made, "context"));
    assert_refused(get_blob(h, "globex/ship", &case_id, &case_id, "state"), "forbidden");
    assert_refused(get_blob(h, "globex/pack", &case_id, &made, "context"), "forbidden");
    house_join(h, &d, CTY_WITHDRAW, &case_id, "acme/bot", &now);
    d.st.u.withdraw.offer = now.offer.digest;
    house_stands(h, &d);
    assert_refused(get_blob(h, "globex/ship", &case_id, &made, "context"), "forbidden");
    /* Whoever holds it has the state with it. */
    made = hand_over(h, &case_id, "acme/bot", "globex/ship");
    assert_true(reads(h, "globex/ship", &case_id, "state"));
    assert_ok(get_blob(h, "globex/ship", &case_id, &case_id, "state"));
    /* And so has who held it before what they knew. */
    hand_over(h, &case_id, "globex/ship", "globex/pack");
    assert_true(reads(h, "globex/ship", &case_id, "payload"));
    assert_ok(get_blob(h, "globex/ship", &case_id, &made, "context"));
    assert_false(reads(h, "globex/ship", &case_id, "state"));
    house_free(h);
}

/* --- a child takes a release of its parent ------------------------------------------------------------------- */

static uint64_t releases_left(struct house *h, const struct cty_hash *case_id)
{
    struct draft d;
    house_join(h, &d, CTY_CANCEL, case_id, "acme/a", &now);
    draft_done(&d);
    return now.scope.releases;
}

static void begin_child(struct house *h, struct draft *d, const struct cty_hash *parent)
{
    struct draft look;
    house_join(h, &look, CTY_CANCEL, parent, "acme/a", &now);
    draft_done(&look);
    house_request(h, d, "globex/ship", "refund", "{}");
    d->st.u.request.expires = now.expires;
    d->st.u.request.parent = (struct cty_parent){.present = true, .after = now.anchor, .case_id = *parent};
}

static void a_child_changes_its_parents_record(void **state)
{
    struct house *h = two_parties();
    struct cty_hash parent = house_case(h, "acme/bot", "refund");
    struct draft d;
    (void)state;
    hand_over(h, &parent, "acme/bot", "globex/ship");
    assert_int_equal(releases_left(h, &parent), 4);
    for (uint64_t left = 3; left > 0; left--) {
        begin_child(h, &d, &parent);
        struct cty_hash child = house_stands(h, &d);
        assert_int_equal(releases_left(h, &parent), left);
        assert_int_equal(releases_left(h, &child), 1);
        assert_case_state(h, &child, "HELD");
        /* As it was stored, not only as it is remembered. */
        house_close(h);
        house_open(h);
        assert_int_equal(releases_left(h, &parent), left);
    }
    begin_child(h, &d, &parent);
    house_refused(h, &d, "pass-spent");
    assert_int_equal(releases_left(h, &parent), 1);
    house_free(h);
}

/* --- talk -------------------------------------------------------------------------------------------------- */

static void publish_policy(struct house *h, const char *policy)
{
    static const char *const signers[] = {"acme/a", "acme/b", NULL};
    struct draft d;
    draft_begin(h, &d, CTY_POLICY_PUBLISH, signers);
    d.st.u.policy_publish.scope = cty_bytes_text("acme");
    d.st.u.policy_publish.policy = draft_text(&d, policy);
    house_stands(h, &d);
}

static void decision_of(struct house *h, const char *actor, const struct cty_hash *case_id, bool *ret_may,
                        char ret_blocked[32])
{
    struct house_reply reply;
    house_get_case(h, actor, case_id, &reply);
    struct cty_bytes blocked = reply.result.case_get.blocked;
    *ret_may = reply.result.case_get.may_decide;
    snprintf(ret_blocked, 32, "%.*s", (int)blocked.size, blocked.data ? (const char *)blocked.data : "");
    house_reply_done(&reply);
}

static void an_approval_may_have_to_wait_for_consent(void **state)
{
    struct house *h = two_parties();
    struct draft d;
    char blocked[32];
    bool may = false;
    (void)state;
    publish_policy(h, "{\"admin_quorum\":2,\"rules\":[{\"approvals\":1,\"consent\":true,\"effect\":\"hold\",\"match\":"
                      "{\"action\":\"refund\"},\"roles\":[\"approver\"]}]}");
    struct cty_hash case_id = house_case(h, "acme/bot", "refund");
    decision_of(h, "acme/carol", &case_id, &may, blocked);
    assert_true(may);
    assert_string_equal(blocked, "");
    house_patch(h, &d, &case_id, "acme/carol", "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":\"5.00\"}]",
                "{\"amount\":\"5.00\"}");
    struct cty_hash patch = house_stands(h, &d);
    decision_of(h, "acme/carol", &case_id, &may, blocked);
    assert_false(may);
    assert_string_equal(blocked, "consent-missing");
    decision_of(h, "acme/pal", &case_id, &may, blocked);
    assert_string_equal(blocked, "");
    assert_int_equal(list(h, "acme/carol", CTY_MINE_DECIDE, NULL), 1);
    house_decide(h, &d, &case_id, "acme/carol", CTY_APPROVE);
    house_refused(h, &d, "consent-missing");
    house_join(h, &d, CTY_CONSENT, &case_id, "acme/bot", &now);
    d.st.u.consent.patch = patch;
    d.st.u.consent.choice = CTY_CONSENT_ACCEPT;
    house_stands(h, &d);
    decision_of(h, "acme/carol", &case_id, &may, blocked);
    assert_true(may);
    house_decide(h, &d, &case_id, "acme/carol", CTY_APPROVE);
    house_stands(h, &d);
    assert_case_state(h, &case_id, "RELEASED");
    house_free(h);
}

static void a_question_is_asked_and_answered(void **state)
{
    struct house *h = two_parties();
    struct cty_hash case_id = house_case(h, "acme/bot", "refund");
    struct draft d;
    (void)state;
    house_join(h, &d, CTY_QUESTION, &case_id, "acme/carol", &now);
    d.st.u.question.question = draft_commit(&d, "question", "which order?");
    struct cty_hash question = house_stands(h, &d);
    assert_true(reads(h, "acme/bot", &case_id, "question"));
    assert_false(reads(h, "globex/ship", &case_id, "question"));
    house_join(h, &d, CTY_ANSWER, &case_id, "acme/bot", &now);
    assert_int_equal(now.questions_count, 1);
    d.st.u.answer.question = question;
    d.st.u.answer.answer = draft_commit(&d, "answer", "order 7");
    house_stands(h, &d);
    assert_true(reads(h, "acme/carol", &case_id, "answer"));
    house_join(h, &d, CTY_ANSWER, &case_id, "acme/bot", &now);
    assert_int_equal(now.questions_count, 0);
    d.st.u.answer.question = question;
    d.st.u.answer.answer = draft_commit(&d, "answer", "order 8");
    house_refused(h, &d, "no-question");
    house_free(h);
}

static bool is_escalated(struct house *h, const struct cty_hash *case_id)
{
    struct house_reply reply;
    house_get_case(h, "acme/a", case_id, &reply);
    bool escalated = false;
    for (uint32_t i = 0; i < reply.result.case_get.quorum_count; i++)
        escalated = escalated || reply.result.case_get.quorum[i].escalated;
    house_reply_done(&reply);
    return escalated;
}

static void an_escalation_asks_others(void **state)
{
    struct house *h = two_parties();
    struct draft d;
    char blocked[32];
    bool may = false;
    (void)state;
    publish_policy(h, "{\"admin_quorum\":2,\"rules\":[{\"approvals\":1,\"effect\":\"hold\",\"escalation\":{"
                      "\"after_ms\":7200000,\"roles\":[\"admin\"]},\"match\":{\"action\":\"audit\"},\"roles\":[\"approver\"]}]}");
    struct cty_hash by_hand = house_case(h, "acme/bot", "audit"), by_time = house_case(h, "acme/bot", "audit");
    assert_false(is_escalated(h, &by_hand));
    house_decide(h, &d, &by_hand, "acme/carol", CTY_ESCALATE);
    house_stands(h, &d);
    assert_true(is_escalated(h, &by_hand));
    assert_false(is_escalated(h, &by_time));
    decision_of(h, "acme/carol", &by_hand, &may, blocked);
    assert_false(may);
    decision_of(h, "acme/b", &by_hand, &may, blocked);
    assert_true(may);
    house_pass(h, 2 * HOUR_MS + 1000);
    assert_true(is_escalated(h, &by_time));
    house_free(h);
}

/* --- news -------------------------------------------------------------------------------------------------- */

struct waiter {
    struct house *h;
    struct cty_hash session;
    uint64_t known;
    uint64_t timeout_ms;
    uint64_t limit;
    enum cty_mine mine;
    custody_err err;
    uint64_t cases;
    uint64_t news; /* `known` of the answer */
    pthread_t thread;
};

/* On a client of its own, as the house's is in use meanwhile. */
static void *run_waiter(void *context)
{
    struct waiter *w = context;
    struct cty_rpc_call call = {.rpc = CTY_RPC_CASE_NEWS, .id = {.kind = CTY_RPC_ID_NUMBER}};
    struct house other = {.client = NULL};
    struct house_reply reply;
    custody_error error = {0};
    struct cty_net_client_config config = {.url = cty_daemon_url(w->h->daemon, 0)};
    assert_ok(cty_net_client_open(&config, &other.client, &error));
    call.params.session = (struct cty_opt_hash){w->session, true};
    call.params.u.case_news.known = w->known;
    call.params.u.case_news.mine = (int)w->mine;
    call.params.u.case_news.limit = w->limit;
    call.params.u.case_news.timeout_ms = w->timeout_ms;
    w->err = house_call(&other, &call, &reply);
    if (w->err == CUSTODY_OK) {
        const struct cty_json_node *rows = cty_rpc_list(&reply.message, &reply.answer, "cases");
        for (const struct cty_json_node *row = cty_json_first(&reply.message.json, rows); row;
             row = cty_json_after(&reply.message.json, rows, row))
            w->cases++;
        w->news = reply.result.case_news.known;
    }
    house_reply_done(&reply);
    cty_net_client_close(other.client);
    return NULL;
}

static struct waiter waiter_of(struct house *h, const char *actor, enum cty_mine mine, uint64_t known,
                               uint64_t timeout_ms)
{
    return (struct waiter){.h = h, .session = house_session(h, actor), .known = known, .timeout_ms = timeout_ms,
                           .mine = mine, .err = CUSTODY_E_INTERNAL};
}

static void look(struct waiter *w)
{
    w->cases = 0;
    run_waiter(w);
    assert_ok(w->err);
}

static void news_tell_each_case_once(void **state)
{
    struct house *h = two_parties();
    uint64_t before = house_size(h) - 1;
    struct cty_hash one = house_case(h, "acme/bot", "refund");
    (void)state;
    house_case(h, "acme/pal", "refund");
    house_case(h, "acme/bot", "ping");
    offer(h, &one, "acme/bot", "globex/ship");
    struct waiter bot = waiter_of(h, "acme/bot", CTY_MINE_ANY, before, 100);
    look(&bot);
    assert_int_equal(bot.cases, 2);
    assert_int_equal(bot.news, house_size(h) - 1);
    bot.known = bot.news;
    look(&bot);
    assert_int_equal(bot.cases, 0);
    assert_int_equal(bot.news, house_size(h) - 1);
    /* One at a time: the answer says how far it tells. */
    bot.known = before;
    bot.limit = 1;
    look(&bot);
    assert_int_equal(bot.cases, 1);
    bot.known = bot.news;
    look(&bot);
    assert_int_equal(bot.cases, 1);
    bot.known = bot.news;
    look(&bot);
    assert_int_equal(bot.cases, 0);
    struct waiter ship = waiter_of(h, "globex/ship", CTY_MINE_OFFERED, before, 100);
    look(&ship);
    assert_int_equal(ship.cases, 1);
    struct waiter pack = waiter_of(h, "globex/pack", CTY_MINE_ANY, before, 100);
    look(&pack);
    assert_int_equal(pack.cases, 0);
    struct waiter carol = waiter_of(h, "acme/carol", CTY_MINE_DECIDE, before, 100);
    look(&carol);
    assert_int_equal(carol.cases, 2);
    struct waiter holder = waiter_of(h, "acme/pal", CTY_MINE_HOLDER, before, 100);
    look(&holder);
    assert_int_equal(holder.cases, 1);
    holder.known = CTY_NUMBER_MAX;
    look(&holder);
    assert_int_equal(holder.cases, 0);
    house_free(h);
}

static void fill(struct house *h, unsigned batches)
{
    struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    for (unsigned i = 0; i < batches; i++) {
        struct cty_buf text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
        for (unsigned k = 0; k < CTY_BATCH_MAX; k++) {
            struct draft d;
            house_request(h, &d, "acme/bot", "refund", "{}");
            cty_buf_clear(&params);
            draft_params(h, &d, &params);
            draft_done(&d);
            assert_ok(cty_buf_putf(&text, "%s{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":%s}",
                                   k ? "," : "[", cty_buf_text(&params)));
        }
        assert_ok(cty_buf_put_text(&text, "]"));
        char *answer = house_raw(h, cty_buf_text(&text));
        assert_null(strstr(answer, "\"error\""));
        free(answer);
        cty_buf_done(&text);
    }
    cty_buf_done(&params);
}

/* One call looks at so many new entries, and says how far it looked; it does not wait behind that. */
static void news_look_so_far_and_no_further(void **state)
{
    struct house *h = two_parties();
    uint64_t before = house_size(h) - 1;
    (void)state;
    fill(h, CTY_NEWS_VISITED_MAX / (2 * CTY_BATCH_MAX) + 1);
    struct waiter pack = waiter_of(h, "globex/pack", CTY_MINE_HOLDER, before, 25000);
    look(&pack);
    assert_int_equal(pack.cases, 0);
    assert_int_equal(pack.news, before + CTY_NEWS_VISITED_MAX);
    pack.known = pack.news;
    pack.timeout_ms = 50;
    look(&pack);
    assert_int_equal(pack.cases, 0);
    assert_int_equal(pack.news, house_size(h) - 1);
    /* Where records have to be read for it, it is fewer. */
    struct waiter any = waiter_of(h, "globex/pack", CTY_MINE_ANY, before, 50);
    for (unsigned calls = 0; any.news < house_size(h) - 1; calls++) {
        assert_true(calls < 4);
        look(&any);
        assert_int_equal(any.cases, 0);
        assert_true(any.news > any.known && any.news < any.known + CTY_NEWS_VISITED_MAX);
        any.known = any.news;
    }
    struct waiter bot = waiter_of(h, "acme/bot", CTY_MINE_HOLDER, before, 50);
    look(&bot);
    assert_int_equal(bot.cases, CTY_LIST_MAX);
    assert_int_equal(bot.news, before + 2 * CTY_LIST_MAX + 1);
    house_free(h);
}

static void wait_then(struct waiter *w, struct house *h, void (*act)(struct house *h, const struct cty_hash *case_id),
                      const struct cty_hash *case_id)
{
    assert_int_equal(pthread_create(&w->thread, NULL, run_waiter, w), 0);
    usleep(300000);
    act(h, case_id);
    pthread_join(w->thread, NULL);
    assert_ok(w->err);
    assert_int_equal(w->cases, 1);
}

static void act_offer(struct house *h, const struct cty_hash *case_id)
{
    offer(h, case_id, "acme/bot", "globex");
}

static void act_request(struct house *h, const struct cty_hash *case_id)
{
    (void)case_id;
    house_case(h, "acme/bot", "ping");
    house_case(h, "acme/bot", "refund");
}

static void act_question(struct house *h, const struct cty_hash *case_id)
{
    struct draft d;
    house_case(h, "acme/pal", "refund");
    house_join(h, &d, CTY_QUESTION, case_id, "acme/carol", &now);
    d.st.u.question.question = draft_commit(&d, "question", "which order?");
    house_stands(h, &d);
}

static void news_are_waited_for(void **state)
{
    struct house *h = two_parties();
    struct cty_hash case_id = house_case(h, "acme/bot", "refund");
    (void)state;
    struct waiter ship = waiter_of(h, "globex/ship", CTY_MINE_OFFERED, house_size(h) - 1, 20000);
    wait_then(&ship, h, act_offer, &case_id);
    assert_int_equal(ship.news, house_size(h) - 1);
    struct waiter carol = waiter_of(h, "acme/carol", CTY_MINE_DECIDE, house_size(h) - 1, 20000);
    wait_then(&carol, h, act_request, &case_id);
    struct waiter bot = waiter_of(h, "acme/bot", CTY_MINE_HOLDER, house_size(h) - 1, 20000);
    wait_then(&bot, h, act_question, &case_id);
    struct waiter nothing = waiter_of(h, "globex/pack", CTY_MINE_HOLDER, house_size(h) - 1, 200);
    look(&nothing);
    assert_int_equal(nothing.cases, 0);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_is_shown_to_its_receiver),
        cmocka_unit_test(an_accept_brings_its_verdict),
        cmocka_unit_test(an_approval_that_travels_releases_at_once),
        cmocka_unit_test(an_offer_ends_without_acceptance),
        cmocka_unit_test(whoever_is_offered_a_case_sees_what_they_take),
        cmocka_unit_test(a_child_changes_its_parents_record),
        cmocka_unit_test(an_approval_may_have_to_wait_for_consent),
        cmocka_unit_test(a_question_is_asked_and_answered),
        cmocka_unit_test(an_escalation_asks_others),
        cmocka_unit_test(news_tell_each_case_once),
        cmocka_unit_test(news_look_so_far_and_no_further),
        cmocka_unit_test(news_are_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
