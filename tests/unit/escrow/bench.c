/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/escrow/bench.h"

struct world *bench_empty(void)
{
    struct world *w = world_new();
    w->fast = true;
    return w;
}

static void enrol(struct world *w, const char *name, const char *role, const char *more)
{
    struct cty_enrolment enrolment = bench_person(w, name, role, name);
    if (more)
        enrolment.roles.names[enrolment.roles.count++] = cty_bytes_text(more);
    assert_ok(world_enrol(w, &enrolment));
}

int bench_setup(void **state)
{
    struct world *w = bench_empty();
    world_open(w, BENCH_POLICY);
    world_party(w, "acme");
    world_party(w, "globex");
    enrol(w, "acme/owen", "approver", NULL);
    enrol(w, "acme/carol", "approver", NULL);
    enrol(w, "acme/dave", "approver", NULL);
    enrol(w, "acme/finn", "finance", NULL);
    enrol(w, "globex/gina", "approver", "finance");
    enrol(w, "acme/gone", "approver", NULL);
    assert_ok(world_revoke(w, "acme/gone", "acme/gone", NULL, w->time));
    assert_ok(world_agent(w, "acme/bot", "acme/owen"));
    assert_ok(world_agent(w, "acme/pal", "acme/carol"));
    assert_ok(world_agent(w, "globex/exec", "globex/gina"));
    w->time += MINUTE;
    *state = w;
    return 0;
}

int bench_teardown(void **state)
{
    world_free(*state);
    return 0;
}

struct cty_hash bench_hash(struct world *w)
{
    struct cty_hash hash;
    world_random(w, &hash, sizeof(hash));
    return hash;
}

void bench_own(struct cty_statement *st)
{
    static uint8_t ring[8][CTY_STATEMENT_BYTES_MAX];
    static size_t next;
    uint8_t *text = ring[next++ % 8];
    struct cty_buf out = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    struct cty_json tape = CTY_JSON_INIT;
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    assert_ok(cty_statement_encode(st, &out));
    memcpy(text, out.data, out.size);
    assert_ok(cty_json_scan(&tape, CTY_JSON_STRICT, limits, cty_bytes_make(text, out.size), NULL));
    assert_ok(cty_statement_decode(st->type, &tape, st, NULL));
    cty_json_done(&tape);
    cty_buf_done(&out);
}

struct cty_enrolment bench_person(struct world *w, const char *name, const char *role, const char *person)
{
    struct cty_enrolment enrolment;
    world_fill(w, &enrolment, name, CTY_PERSON, person);
    if (role)
        enrolment.roles.names[enrolment.roles.count++] = cty_bytes_text(role);
    return enrolment;
}

struct cty_enrolment bench_agent(struct world *w, const char *name, const char *owner)
{
    struct cty_enrolment enrolment;
    world_fill(w, &enrolment, name, CTY_AGENT, NULL);
    if (owner)
        enrolment.owner = cty_bytes_text(owner);
    return enrolment;
}

static void begin(struct world *w, struct cty_statement *st, enum cty_type type, const char *who)
{
    world_begin(w, st, type, who);
    st->until = w->time + 30 * DAY;
}

void make_request(struct world *w, struct cty_statement *st, const char *agent, const char *executor,
                  const char *action)
{
    begin(w, st, CTY_REQUEST, agent);
    st->u.request.action = cty_bytes_text(action);
    st->u.request.service = CTY_LITERAL("payments");
    st->u.request.executor = cty_bytes_text(executor);
    st->u.request.expires = w->time + 7 * DAY;
    st->u.request.priority = CTY_PRIORITY_NORMAL;
    st->u.request.payload = bench_hash(w);
}

struct cty_case *case_get(struct world *w, const struct cty_hash *id)
{
    static struct cty_case c;
    world_case(w, id, &c);
    return &c;
}

void make_decision(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who,
                   enum cty_choice choice)
{
    const struct cty_case *c = case_get(w, id);
    begin(w, st, CTY_DECISION, who);
    world_join(w, st, id);
    st->u.decision.choice = (int)choice;
    st->u.decision.expires = w->time + 2 * DAY;
    memcpy(st->u.decision.instance, c->instance.bits, 16);
    st->u.decision.payload = c->payload;
}

void make_patch(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who)
{
    begin(w, st, CTY_PATCH, who);
    world_join(w, st, id);
    st->u.patch.base = case_get(w, id)->payload;
    st->u.patch.operations = bench_hash(w);
    st->u.patch.result = bench_hash(w);
}

void make_consume(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who)
{
    begin(w, st, CTY_CONSUME, who);
    world_join(w, st, id);
    st->u.consume.payload = case_get(w, id)->payload;
}

void make_outcome(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who)
{
    begin(w, st, CTY_OUTCOME, who);
    world_join(w, st, id);
    st->u.outcome.outcome = CTY_OUTCOME_FULFILLED;
}

void make_cancel(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who)
{
    begin(w, st, CTY_CANCEL, who);
    world_join(w, st, id);
}

void make_expiry(struct world *w, struct cty_statement *st, const struct cty_hash *id, enum cty_silence silence)
{
    begin(w, st, CTY_EXPIRY, "clerk");
    world_join(w, st, id);
    st->time = st->until = w->time;
    st->u.expiry.silence = (int)silence;
}

void make_enrol(struct world *w, struct cty_statement *st, const struct cty_enrolment *enrolment)
{
    static const char *const admins[][2] = {{"operator/ada", "operator/otto"}, {"acme/a", "acme/b"},
                                            {"globex/a", "globex/b"}};
    begin(w, st, CTY_ACTOR_ENROL, "log");
    st->signers[0] = enrolment->actor;
    st->u.actor_enrol.enrolment = *enrolment;
    for (size_t i = 0; i < CTY_COUNT_OF(admins); i++) {
        if (!cty_bytes_equal(cty_actor_party(enrolment->actor), cty_actor_party(cty_bytes_text(admins[i][0]))))
            continue;
        world_add_signer(w, st, admins[i][0]);
        world_add_signer(w, st, admins[i][1]);
    }
}

void make_revoke(struct world *w, struct cty_statement *st, const char *actor, const char *by, const char *and_by,
                 uint64_t since)
{
    begin(w, st, CTY_ACTOR_REVOKE, by);
    if (and_by)
        world_add_signer(w, st, and_by);
    st->u.actor_revoke.actor = cty_bytes_text(actor);
    st->u.actor_revoke.since = since;
}

static struct cty_opt_hash policy_in_force(struct world *w, const char *scope)
{
    struct cty_json tape = CTY_JSON_INIT;
    struct cty_party_record party = {0};
    struct cty_ledger_record ledger;
    char key[CTY_VIEW_KEY_MAX];
    world_ledger(w, &ledger);
    if (strcmp(scope, "ledger") == 0)
        return (struct cty_opt_hash){ledger.policy, true};
    snprintf(key, sizeof(key), "party/%s", scope);
    if (cty_memory_get(w->memory, key).data)
        assert_ok(cty_record_decode(&cty_shape_party_record, cty_memory_get(w->memory, key), &tape, &party, NULL));
    cty_json_done(&tape);
    return party.policy;
}

void make_policy(struct world *w, struct cty_statement *st, const char *scope, const char *policy)
{
    const char *party = strcmp(scope, "ledger") == 0 ? "operator" : scope;
    char admin[80];
    begin(w, st, CTY_POLICY_PUBLISH, "log");
    st->signers_count = 0;
    snprintf(admin, sizeof(admin), "%s/%s", party, strcmp(party, "operator") == 0 ? "ada" : "a");
    world_add_signer(w, st, admin);
    snprintf(admin, sizeof(admin), "%s/%s", party, strcmp(party, "operator") == 0 ? "otto" : "b");
    world_add_signer(w, st, admin);
    st->u.policy_publish.policy = cty_bytes_text(policy);
    st->u.policy_publish.scope = cty_bytes_text(scope);
    st->u.policy_publish.replaces = policy_in_force(w, scope);
}

void make_party(struct world *w, struct cty_statement *st, const char *party, const char *a, const char *b)
{
    begin(w, st, CTY_PARTY_ENROL, "operator/ada");
    world_add_signer(w, st, "operator/otto");
    world_add_signer(w, st, a);
    st->u.party_enrol.party = cty_bytes_text(party);
    st->u.party_enrol.admins[0] = bench_person(w, a, "admin", a);
    st->u.party_enrol.admins_count = 1;
    if (!b)
        return;
    world_add_signer(w, st, b);
    st->u.party_enrol.admins[1] = bench_person(w, b, "admin", b);
    st->u.party_enrol.admins_count = 2;
}

void make_offer(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who, const char *to)
{
    struct cty_scope scope = world_scope(w, id);
    begin(w, st, CTY_OFFER, who);
    world_join(w, st, id);
    const struct cty_case *c = case_get(w, id);
    st->u.offer.to = cty_bytes_text(to);
    st->u.offer.expires = w->time + DAY;
    st->u.offer.hop = c->hops_count + 1;
    if (c->hops_count)
        st->u.offer.previous = (struct cty_opt_hash){c->hops[c->hops_count - 1].offer, true};
    st->u.offer.obligations = (struct cty_opt_hash){bench_hash(w), true};
    st->u.offer.scope = scope;
}

void make_accept(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who)
{
    begin(w, st, CTY_ACCEPT, who);
    world_join(w, st, id);
    const struct cty_case *c = case_get(w, id);
    st->u.accept.offer = c->offer.digest;
    st->u.accept.obligations = c->offer.obligations;
}

void make_decline(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who)
{
    begin(w, st, CTY_DECLINE, who);
    world_join(w, st, id);
    st->u.decline.offer = case_get(w, id)->offer.digest;
}

void make_withdraw(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who)
{
    begin(w, st, CTY_WITHDRAW, who);
    world_join(w, st, id);
    st->u.withdraw.offer = case_get(w, id)->offer.digest;
}

void make_finalise(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who)
{
    begin(w, st, CTY_FINALISE, who);
    world_join(w, st, id);
}

void make_question(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who)
{
    begin(w, st, CTY_QUESTION, who);
    world_join(w, st, id);
    st->u.question.question = bench_hash(w);
}

void make_answer(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who,
                 const struct cty_hash *question)
{
    begin(w, st, CTY_ANSWER, who);
    world_join(w, st, id);
    st->u.answer.answer = bench_hash(w);
    st->u.answer.question = *question;
}

void make_consent(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who,
                  enum cty_consent_choice choice)
{
    begin(w, st, CTY_CONSENT, who);
    world_join(w, st, id);
    st->u.consent.choice = (int)choice;
    st->u.consent.patch = case_get(w, id)->payload_at;
}

void make_child(struct world *w, struct cty_statement *st, const struct cty_hash *parent, const char *agent)
{
    const struct cty_case *c = case_get(w, parent);
    make_request(w, st, agent, agent, "refund");
    st->u.request.expires = c->expires;
    st->u.request.parent = (struct cty_parent){true, c->anchor, *parent};
}

struct cty_hash case_handed(struct world *w, const char *agent)
{
    struct cty_hash id = case_held(w);
    assert_ok(world_hand(w, &id, agent));
    assert_state(w, &id, "HELD");
    return id;
}

struct cty_hash case_of(struct world *w, const char *agent, const char *executor, const char *action)
{
    struct cty_statement st;
    struct cty_hash id;
    make_request(w, &st, agent, executor, action);
    assert_ok(world_submit(w, &st, &id));
    return id;
}

struct cty_hash case_held(struct world *w)
{
    struct cty_hash id = case_of(w, "acme/bot", "acme/bot", "refund");
    assert_state(w, &id, "HELD");
    return id;
}

struct cty_hash case_released(struct world *w)
{
    struct cty_hash id = case_held(w);
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &id, "acme/b"));
    assert_state(w, &id, "RELEASED");
    return id;
}

struct cty_hash case_consumed(struct world *w)
{
    struct cty_hash id = case_released(w);
    assert_ok(world_consume(w, &id, "acme/bot"));
    assert_state(w, &id, "CONSUMED");
    return id;
}
