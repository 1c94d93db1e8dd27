/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What actors do: mostly what a case asks for, by what they saw last, which may be old when it arrives; and now and
 * then what nobody should.
 */
#include <stdio.h>

#include "base/check.h"
#include "simulate/sim.h"

#define MINUTES(n) ((uint64_t)(n) * 60000)

struct deed {
    struct sim *s;
    struct paper *paper;
    struct cty_statement st;
    struct cty_case c;
    struct cty_hash case_id;
    char names[4][80];
    char texts[2][SIM_TEXT];
};

static const char *const machines[] = {"acme/bot", "acme/pal", "acme/mallory", "globex/ship", "globex/pack"};
static const char *const persons[] = {"acme/a",     "acme/b",   "acme/carol",   "acme/chief",
                                      "globex/gina", "globex/a", "globex/chief", "operator/ada"};

static size_t pick(struct deed *d, size_t count)
{
    return chance_below(&d->s->deeds, count);
}

static bool often(struct deed *d, unsigned per_thousand)
{
    return chance_in(&d->s->deeds, per_thousand);
}

static const char *text_of(struct deed *d, int place, struct cty_bytes bytes)
{
    snprintf(d->names[place], sizeof(d->names[place]), "%.*s", (int)bytes.size, (const char *)bytes.data);
    return d->names[place];
}

static const char *machine(struct deed *d)
{
    return machines[pick(d, CTY_COUNT_OF(machines))];
}

static const char *person(struct deed *d)
{
    return persons[pick(d, CTY_COUNT_OF(persons))];
}

/* --- sending ----------------------------------------------------------------------------------------------------- */

static void begin(struct deed *d, enum cty_type type, const char *signer)
{
    d->paper = paper_new(d->s);
    paper_begin(d->s, &d->st, type, signer);
}

static void join(struct deed *d)
{
    d->st.case_id = d->case_id;
    d->st.after = d->c.anchor;
}

/* Sends a content beforehand; its statement then only names it. */
static void stage_first(struct deed *d)
{
    struct content *own = &d->paper->contents[0];
    struct paper *ahead = paper_new(d->s);
    struct content *c = &ahead->contents[ahead->contents_count++];
    *c = (struct content){.commitment = own->commitment, .text = strdup(own->text)};
    snprintf(c->member, sizeof(c->member), "%s", own->member);
    memcpy(c->salt, own->salt, sizeof(c->salt));
    c->salt64 = c->text64 = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    CTY_CHECK(c->text && cty_buf_put_bytes(&c->salt64, cty_buf_bytes(&own->salt64)) == CUSTODY_OK &&
              cty_buf_put_bytes(&c->text64, cty_buf_bytes(&own->text64)) == CUSTODY_OK);
    ahead->stages = true;
    snprintf(ahead->signer, sizeof(ahead->signer), "%.*s", (int)d->st.signers[0].size,
             (const char *)d->st.signers[0].data);
    own->staged = true;
    paper_send(d->s, ahead);
}

/* One member goes wrong, or the signature, or a content. */
static void spoil(struct deed *d)
{
    switch (pick(d, 7)) {
    case 0:
        chance_fill(&d->s->nonces, &d->st.seen.root, sizeof(d->st.seen.root));
        return;
    case 1:
        d->st.until = d->st.time - 1;
        return;
    case 2:
        chance_fill(&d->s->nonces, &d->st.after, sizeof(d->st.after));
        return;
    case 3:
        chance_fill(&d->s->nonces, &d->st.case_id, sizeof(d->st.case_id));
        return;
    case 4:
        d->st.ledger = CTY_LITERAL("custody.example/other");
        return;
    case 5:
        d->st.seen.size += 1 + pick(d, 3);
        return;
    default:
        d->paper->spoiled = true;
        return;
    }
}

static void send(struct deed *d)
{
    bool foreign = often(d, 15);
    if (often(d, 35))
        spoil(d);
    if (d->paper->spoiled && d->paper->contents_count)
        paper_drop_content(d->paper);
    if (d->paper->contents_count && d->st.type == CTY_REQUEST && often(d, 150))
        stage_first(d);
    paper_sign(d->s, d->paper, &d->st, foreign);
    paper_send(d->s, d->paper);
}

/* Somebody else's id: two statements may not have one. */
static void take_id(struct deed *d)
{
    const struct paper *other = d->s->papers[pick(d, d->s->papers_count)];
    struct cty_signed parsed = {0};
    if (other->envelope.size && cty_signed_parse(cty_buf_bytes(&other->envelope), &parsed, NULL) == CUSTODY_OK)
        memcpy(d->st.id, parsed.statement.id, sizeof(d->st.id));
    cty_signed_done(&parsed);
}

/* --- cases ------------------------------------------------------------------------------------------------------- */

static void request(struct deed *d)
{
    static const char *const actions[] = {"refund", "refund", "transfer", "careful", "slow", "order", "ping", "ping", "wipe"};
    const char *agent = machine(d);
    struct cty_request *r = &d->st.u.request;
    begin(d, CTY_REQUEST, agent);
    if (often(d, 20))
        take_id(d);
    r->action = cty_bytes_text(actions[pick(d, CTY_COUNT_OF(actions))]);
    r->executor = cty_bytes_text(often(d, 850) ? agent : machine(d));
    r->service = CTY_LITERAL("payments");
    r->expires = d->st.time + (often(d, 900) ? MINUTES(600) : MINUTES(1 + pick(d, 20)));
    r->priority = CTY_PRIORITY_NORMAL;
    size_t padding = often(d, 60) ? pick(d, 1500) : pick(d, 40);
    snprintf(d->texts[0], SIM_TEXT, "{\"amount\":%zu,\"note\":\"%0*d\"}", pick(d, 1000), (int)padding + 1, 0);
    r->payload = paper_commit(d->s, d->paper, &d->st, "payload", d->texts[0]);
    send(d);
}

static bool wants_order(const struct cty_case *c)
{
    for (uint32_t i = 0; i < c->quorum_count; i++) {
        if (c->quorum[i].ordered)
            return true;
    }
    return false;
}

static void decision(struct deed *d)
{
    struct cty_decision *u = &d->st.u.decision;
    begin(d, CTY_DECISION, person(d));
    join(d);
    u->choice = often(d, 880) ? CTY_APPROVE : often(d, 500) ? CTY_REJECT : CTY_ESCALATE;
    u->expires = d->st.time + MINUTES(often(d, 800) ? 60 : 1);
    memcpy(u->instance, d->c.instance.bits, sizeof(u->instance));
    u->payload = d->c.payload;
    if (wants_order(&d->c) && d->c.decisions_count && u->choice == CTY_APPROVE)
        u->previous = (struct cty_opt_hash){d->c.decisions[d->c.decisions_count - 1].digest, true};
    if (often(d, 100))
        u->travels = (struct cty_names){.count = 1, .names = {cty_bytes_text(often(d, 500) ? "globex" : machine(d))}};
    send(d);
}

static void patch(struct deed *d)
{
    begin(d, CTY_PATCH, person(d));
    join(d);
    size_t amount = pick(d, 1000);
    snprintf(d->texts[0], SIM_TEXT, "[{\"op\":\"replace\",\"path\":\"\",\"value\":{\"amount\":%zu}}]", amount);
    snprintf(d->texts[1], SIM_TEXT, "{\"amount\":%zu}", often(d, 950) ? amount : amount + 1);
    d->st.u.patch.base = d->c.payload;
    d->st.u.patch.operations = paper_commit(d->s, d->paper, &d->st, "operations", d->texts[0]);
    d->st.u.patch.result = paper_commit(d->s, d->paper, &d->st, "result", d->texts[1]);
    send(d);
}

static const char *holder(struct deed *d)
{
    return often(d, 930) ? text_of(d, 0, d->c.holder) : machine(d);
}

/* Who has no receipt may try again with a new statement: an attack, or a program that forgot. */
static void consume(struct deed *d)
{
    size_t tries = often(d, 150) ? 2 : 1;
    for (size_t i = 0; i < tries; i++) {
        begin(d, CTY_CONSUME, holder(d));
        join(d);
        d->st.u.consume.payload = d->c.payload;
        send(d);
    }
}

static void outcome(struct deed *d)
{
    begin(d, CTY_OUTCOME, holder(d));
    join(d);
    d->st.u.outcome.outcome = (int)pick(d, 3);
    send(d);
}

static void cancel(struct deed *d)
{
    begin(d, CTY_CANCEL, often(d, 700) ? text_of(d, 0, d->c.requester) : person(d));
    join(d);
    send(d);
}

static void question(struct deed *d)
{
    begin(d, CTY_QUESTION, person(d));
    join(d);
    d->st.u.question.question = paper_commit(d->s, d->paper, &d->st, "question", "Why so much?");
    send(d);
}

static void answer(struct deed *d)
{
    if (d->c.questions_count == 0)
        return;
    begin(d, CTY_ANSWER, holder(d));
    join(d);
    d->st.u.answer.question = d->c.questions[pick(d, d->c.questions_count)];
    d->st.u.answer.answer = paper_commit(d->s, d->paper, &d->st, "answer", "It broke.");
    send(d);
}

static void consent(struct deed *d)
{
    begin(d, CTY_CONSENT, holder(d));
    join(d);
    d->st.u.consent.choice = often(d, 750) ? CTY_CONSENT_ACCEPT : CTY_CONSENT_REFUSE;
    d->st.u.consent.patch = d->c.payload_at;
    send(d);
}

static void offer(struct deed *d)
{
    struct cty_offer *o = &d->st.u.offer;
    const struct cty_scope *have = &d->c.scope;
    begin(d, CTY_OFFER, holder(d));
    join(d);
    o->to = cty_bytes_text(often(d, 250) ? "globex" : machine(d));
    o->expires = d->st.time + MINUTES(often(d, 800) ? 30 : 1);
    o->hop = d->c.hops_count + 1;
    if (d->c.hops_count)
        o->previous = (struct cty_opt_hash){d->c.hops[d->c.hops_count - 1].offer, true};
    o->scope = (struct cty_scope){.present = true, .depth = 3, .expires = d->c.expires, .releases = 2};
    o->scope.actions = (struct cty_names){.count = 1, .names = {CTY_LITERAL("*")}};
    o->scope.services = o->scope.actions;
    if (have->present) {
        o->scope = *have;
        o->scope.depth = have->depth ? have->depth - 1 : 0;
    }
    if (often(d, 50))
        o->scope.expires += 1;
    send(d);
}

static void on_offer(struct deed *d)
{
    size_t die = pick(d, 10);
    bool to_party = memchr(d->c.offer.to.data, '/', d->c.offer.to.size) == NULL;
    const char *to = to_party ? (often(d, 500) ? "globex/ship" : "globex/pack") : text_of(d, 1, d->c.offer.to);
    begin(d, die < 7 ? CTY_ACCEPT : die < 8 ? CTY_DECLINE : CTY_WITHDRAW, die < 8 ? to : holder(d));
    join(d);
    if (die < 7)
        d->st.u.accept.offer = d->c.offer.digest;
    else if (die < 8)
        d->st.u.decline.offer = d->c.offer.digest;
    else
        d->st.u.withdraw.offer = d->c.offer.digest;
    send(d);
}

static void finalise(struct deed *d)
{
    begin(d, CTY_FINALISE, holder(d));
    join(d);
    send(d);
}

static void held(struct deed *d)
{
    size_t die = pick(d, 100);
    if (d->c.consent == CTY_CONSENT_WANTED && die < 60)
        consent(d);
    else if (d->c.offer.present && d->c.offer.state == CTY_OFFER_OPEN && die < 40)
        on_offer(d);
    else if (die < 65)
        decision(d);
    else if (die < 75)
        patch(d);
    else if (die < 82)
        question(d);
    else if (die < 88)
        answer(d);
    else if (die < 95)
        offer(d);
    else
        cancel(d);
}

static void odd(struct deed *d)
{
    static void (*const all[])(struct deed *) = {decision, patch, consume, outcome, cancel, question,
                                                 answer,   offer, on_offer, consent, finalise};
    all[pick(d, CTY_COUNT_OF(all))](d);
}

static void on_case(struct deed *d)
{
    size_t count = d->s->cases_count;
    size_t recent = count < 12 ? count : 12;
    d->case_id = d->s->cases[often(d, 850) ? count - 1 - pick(d, recent) : pick(d, count)];
    if (!auditor_case(d->s, &d->case_id, &d->c))
        return;
    enum cty_case_state state = cty_case_state_at(&d->c, d->s->wall_ms);
    if (often(d, 60) && d->c.offer.present)
        on_offer(d);
    else if (often(d, 40))
        d->c.offer.present ? odd(d) : cancel(d);
    else if (state == CTY_CASE_HELD)
        held(d);
    else if (state == CTY_CASE_RELEASED)
        often(d, 850) ? consume(d) : offer(d);
    else if (state == CTY_CASE_CONSUMED || state == CTY_CASE_UNREPORTED)
        often(d, 700) ? outcome(d) : consume(d);
    else
        request(d);
}

/* --- trust ------------------------------------------------------------------------------------------------------- */

static struct cty_bytes vkey(struct deed *d, int place, const struct cty_secret *secret)
{
    struct cty_buf text = CTY_BUF_INIT(SIM_TEXT - 1);
    CTY_CHECK(cty_vkey_format(cty_secret_name(secret), CTY_KEY_ED25519, cty_secret_key(secret), &text) == CUSTODY_OK);
    snprintf(d->texts[place], SIM_TEXT, "%.*s", (int)text.size, (const char *)text.data);
    cty_buf_done(&text);
    return cty_bytes_text(d->texts[place]);
}

static void rotate(struct deed *d)
{
    const char *name = often(d, 600) ? machine(d) : person(d);
    struct actor_key *actor = people_find(d->s, name);
    char seed[128];
    if (!actor || actor->next)
        return;
    snprintf(seed, sizeof(seed), "%s %u", name, actor->rotations + 1);
    actor->next = people_make(name, seed);
    begin(d, CTY_ACTOR_ROTATE, name);
    paper_add_signer(d->s, &d->st, "new");
    d->st.u.actor_rotate.key = vkey(d, 0, actor->next);
    paper_sign(d->s, d->paper, &d->st, false);
    paper_send(d->s, d->paper);
}

static void rotate_custodian(struct deed *d)
{
    bool log = often(d, 500);
    begin(d, CTY_CUSTODIAN_ROTATE, "operator/ada");
    paper_add_signer(d->s, &d->st, "operator/otto");
    paper_add_signer(d->s, &d->st, "new");
    d->st.u.custodian_rotate.which = log ? CTY_CUSTODIAN_LOG : CTY_CUSTODIAN_CLERK;
    d->st.u.custodian_rotate.key = vkey(d, 0, log ? d->s->next_log : d->s->next_clerk);
    paper_sign(d->s, d->paper, &d->st, false);
    paper_send(d->s, d->paper);
}

static void revoke(struct deed *d)
{
    begin(d, CTY_ACTOR_REVOKE, "acme/a");
    paper_add_signer(d->s, &d->st, "acme/b");
    d->st.u.actor_revoke.actor = CTY_LITERAL("acme/mallory");
    d->st.u.actor_revoke.since = d->st.time - pick(d, 60000);
    send(d);
}

/* acme's own rules, which become stricter and back. */
static void publish(struct deed *d)
{
    static const char *const policies[] = {
        "{\"admin_quorum\":2,\"rules\":[{\"effect\":\"deny\",\"match\":{\"action\":\"wipe\"}}]}",
        ("{\"admin_quorum\":2,\"rules\":[{\"approvals\":1,\"effect\":\"hold\",\"match\":{\"action\":\"ping\"},"
         "\"roles\":[\"approver\"]}]}"),
        "{\"admin_quorum\":2,\"rules\":[{\"effect\":\"pass\",\"match\":{\"action\":\"refund\"}}]}"};
    struct cty_party_record record = {0};
    struct cty_json tape = CTY_JSON_INIT;
    struct cty_bytes text = cty_memory_get(auditor_memory(d->s), "party/acme");
    if (!text.data || cty_record_decode(&cty_shape_party_record, text, &tape, &record, NULL) != CUSTODY_OK)
        return;
    cty_json_done(&tape);
    begin(d, CTY_POLICY_PUBLISH, "acme/a");
    paper_add_signer(d->s, &d->st, "acme/b");
    d->st.u.policy_publish.policy = cty_bytes_text(policies[pick(d, CTY_COUNT_OF(policies))]);
    d->st.u.policy_publish.scope = CTY_LITERAL("acme");
    d->st.u.policy_publish.replaces = record.policy;
    send(d);
}

/* Somebody has to guess the size that the ledger will have. */
static void close_ledger(struct deed *d)
{
    begin(d, CTY_LEDGER_CLOSE, "operator/ada");
    paper_add_signer(d->s, &d->st, "operator/otto");
    d->st.u.ledger_close.size = auditor_size(d->s) + 1;
    send(d);
}

static void on_trust(struct deed *d)
{
    size_t die = pick(d, 100);
    if (die < 50)
        rotate(d);
    else if (die < 60)
        rotate_custodian(d);
    else if (die < 63)
        revoke(d);
    else
        publish(d);
}

/* An old paper to the byte: the network's, or somebody's who kept it. */
static void replay(struct deed *d)
{
    const struct paper *paper = d->s->papers[pick(d, d->s->papers_count)];
    if (paper->envelope.size && paper->type != CTY_LEDGER_OPEN)
        post_send(d->s, paper->number);
}

void deeds_one(struct sim *s)
{
    static struct deed d;
    memset(&d, 0, sizeof(d));
    d.s = s;
    if (s->papers_count > SIM_PAPERS - 8 || s->cases_count > SIM_CASES - 8)
        return;
    if (s->closing && often(&d, 100))
        close_ledger(&d);
    else if (often(&d, 25))
        on_trust(&d);
    else if (often(&d, 30))
        replay(&d);
    else if (s->cases_count == 0 || often(&d, 260))
        request(&d);
    else
        on_case(&d);
}
