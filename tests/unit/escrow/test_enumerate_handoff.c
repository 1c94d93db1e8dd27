/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every small history of one case that is handed on: two parties, three agents, three persons, of whom one owns the
 * requester and one a receiver; rotations, revocations of a person, of a former key and of a giver. From each state
 * every move is tried, lawful or not, at every moment that a deadline makes different, until no new state comes.
 * Two states are one if nothing that the law reads tells them apart: digests are dropped, times are kept as distances
 * to now, and of what was signed only whether a revocation reaches it, or could as of now. So that deadlines don't shift
 * by every millisecond, a history waits once at most for nothing but the next millisecond.
 *
 *     test_enumerate_handoff [STATES]      ends after so many states (0: at closure)
 */
#include "codec/text.h"
#include "unit/escrow/small.h"

#define TABLE_SIZE (1u << 22)
#define OFFER_MS 60
#define NUDGES_MAX 1
#define LONG_MS 1000
#define FAR_MS 1000000

enum { BOT, PAL, EXEC, AGENTS };
enum { OWEN, CAROL, DAVE, PERSONS };
static const char *const agents[] = {"acme/bot", "acme/pal", "globex/exec"};
static const char *const persons[] = {"acme/owen", "acme/carol", "acme/dave"};

static const struct {
    const char *name, *text;
    uint32_t needed;
} policies[] = {
    {"two approvals", RULES("{\"approvals\":2,\"decide_ms\":100,\"effect\":\"hold\"," PERIODS "}"), 2},
    {"one approval", RULES("{\"approvals\":1,\"decide_ms\":100,\"effect\":\"hold\"," PERIODS "}"), 1},
    {"none", RULES("{\"effect\":\"pass\",\"report_ms\":70,\"use_ms\":50}"), 0},
};

struct state {
    struct small_records records;
    uint64_t time;
    uint32_t depth;
    uint8_t consumes, outcomes, nudges;
};

struct move {
    enum cty_type type;
    unsigned who, variant, choice;
};

static struct {
    struct small small;
    uint32_t needed;
    struct small_queue queue;
    struct small_forms forms;
    size_t tried, taken, merged;
    size_t kinds[CTY_TYPE_COUNT];
} run;

static struct state *state_copy(const struct state *from)
{
    struct state *s = malloc(sizeof(*s));
    assert_non_null(s);
    *s = *from;
    small_hold(&s->records);
    return s;
}

static void state_free(struct state *s)
{
    small_drop(&s->records);
    free(s);
}

static void decode(const struct state *s, const struct cty_shape *shape, const char *key, void *ret)
{
    small_decode(&run.small, &s->records, shape, key, ret);
}

static bool case_of_state(const struct state *s, struct cty_case *ret)
{
    return small_case(&run.small, &s->records, ret);
}

static void actor_of(const struct state *s, struct cty_bytes name, struct cty_actor_record *ret)
{
    char key[CTY_VIEW_KEY_MAX];
    snprintf(key, sizeof(key), "actor/%.*s", (int)name.size, (const char *)name.data);
    memset(ret, 0, sizeof(*ret));
    decode(s, &cty_shape_actor_record, key, ret);
}

/* Moves. */

static void unique(void *out, size_t size)
{
    small_unique(&run.small, out, size);
}

static void sign_as(struct cty_statement *st, const char *name)
{
    st->signers[st->signers_count++] = cty_bytes_text(name);
}

static void make_request_move(const struct state *s, struct cty_statement *st)
{
    sign_as(st, agents[BOT]);
    st->u.request.action = st->u.request.service = CTY_LITERAL("x");
    st->u.request.executor = cty_bytes_text(agents[BOT]);
    st->u.request.expires = s->time + FAR_MS;
    unique(&st->u.request.payload, CTY_HASH_SIZE);
}

/* choice: to the other agent of the party, to the other party, or to the first holder again; variant: no hop after it. */
static void make_offer_move(const struct state *s, const struct move *move, const struct cty_case *c,
                            struct cty_statement *st)
{
    static const char *const to[] = {"acme/pal", "globex", "acme/bot"};
    uint64_t depth = c->scope.present ? c->scope.depth : 2;
    sign_as(st, agents[move->who]);
    st->u.offer.to = cty_bytes_text(to[move->choice]);
    st->u.offer.expires = s->time + OFFER_MS;
    st->u.offer.hop = c->hops_count + 1;
    if (c->hops_count)
        st->u.offer.previous = (struct cty_opt_hash){c->hops[c->hops_count - 1].offer, true};
    struct cty_scope *scope = &st->u.offer.scope;
    *scope = (struct cty_scope){.present = true, .depth = move->variant || depth == 0 ? 0 : depth - 1,
                                .expires = c->expires, .releases = 1};
    scope->services.names[scope->services.count++] = CTY_LITERAL("x");
    scope->actions.names[scope->actions.count++] = CTY_LITERAL("x");
}

static void make_decision_move(const struct state *s, const struct move *move, const struct cty_case *c,
                               struct cty_statement *st)
{
    sign_as(st, persons[move->who]);
    st->u.decision.choice = (int)move->choice;
    st->u.decision.expires = s->time + LONG_MS;
    memcpy(st->u.decision.instance, c->instance.bits, 16);
    st->u.decision.payload = c->payload;
    if (move->variant)
        st->u.decision.travels.names[st->u.decision.travels.count++] = CTY_LITERAL("globex");
}

/* who: a person, or past them the first giver. choice: the former key alone. variant: since ever, else since now. */
static void make_revoke_move(const struct state *s, const struct move *move, struct cty_statement *st)
{
    sign_as(st, "acme/a");
    sign_as(st, "acme/b");
    st->u.actor_revoke.actor = cty_bytes_text(move->who < PERSONS ? persons[move->who] : agents[BOT]);
    st->u.actor_revoke.since = move->variant ? 1 : s->time;
    if (move->choice)
        st->u.actor_revoke.key = world_vkey(run.small.w, "acme/carol");
}

static struct cty_bytes carols_next_vkey(void)
{
    static char text[400];
    struct cty_buf out = CTY_BUF_INIT(sizeof(text));
    assert_ok(cty_vkey_format(CTY_LITERAL("acme/carol"), CTY_KEY_ED25519, cty_secret_key(world_secret(run.small.w, "next")),
                              &out));
    memcpy(text, out.data, out.size);
    struct cty_bytes line = cty_bytes_make(text, out.size);
    cty_buf_done(&out);
    return line;
}

static void make_answer_move(const struct move *move, const struct cty_case *c, struct cty_statement *st)
{
    sign_as(st, agents[move->who]);
    if (st->type == CTY_ACCEPT)
        st->u.accept.offer = c->offer.digest;
    if (st->type == CTY_DECLINE)
        st->u.decline.offer = c->offer.digest;
    if (st->type == CTY_WITHDRAW)
        st->u.withdraw.offer = c->offer.digest;
    if (st->type == CTY_CONSUME)
        st->u.consume.payload = c->payload;
}

static void make_own(const struct state *s, const struct move *move, const struct cty_case *c, struct cty_statement *st)
{
    if (move->type == CTY_REQUEST) {
        make_request_move(s, st);
    } else if (move->type == CTY_VERDICT || move->type == CTY_RELEASE) {
        small_clerk(&run.small, &s->records, s->time, st);
    } else if (move->type == CTY_DECISION) {
        make_decision_move(s, move, c, st);
    } else if (move->type == CTY_PATCH) {
        sign_as(st, persons[move->who]);
        st->u.patch.base = c->payload;
        unique(&st->u.patch.operations, CTY_HASH_SIZE);
        unique(&st->u.patch.result, CTY_HASH_SIZE);
    } else if (move->type == CTY_CANCEL) {
        sign_as(st, move->who < PERSONS ? persons[move->who] : agents[move->who - PERSONS]);
    } else if (move->type == CTY_EXPIRY) {
        sign_as(st, "clerk");
        st->until = s->time;
        st->u.expiry.silence = (int)move->variant;
    } else if (move->type == CTY_OFFER) {
        make_offer_move(s, move, c, st);
    } else if (move->type == CTY_ACTOR_REVOKE) {
        make_revoke_move(s, move, st);
    } else if (move->type == CTY_ACTOR_ROTATE) {
        sign_as(st, persons[CAROL]);
        sign_as(st, "new");
        st->u.actor_rotate.key = carols_next_vkey();
    } else {
        make_answer_move(move, c, st);
    }
}

static void make(const struct state *s, const struct move *move, const struct cty_case *c, struct cty_statement *st)
{
    memset(st, 0, sizeof(*st));
    st->type = move->type;
    unique(st->id, 16);
    st->ledger = CTY_LITERAL(WORLD_ORIGIN);
    st->seen.root = run.small.root;
    st->time = s->time;
    st->until = s->time + LONG_MS;
    st->case_id = run.small.case_id;
    st->after = c->anchor;
    make_own(s, move, c, st);
}

/* Each signs with the key that the state gives it. */
static void set_keys(const struct state *s, const struct cty_statement *st, struct cty_fold_input *in)
{
    for (uint32_t i = 0; i < st->signers_count; i++) {
        char name[CTY_ACTOR_NAME_BYTES_MAX + 1];
        struct cty_actor_record carol;
        snprintf(name, sizeof(name), "%.*s", (int)st->signers[i].size, (const char *)st->signers[i].data);
        const char *key = strcmp(name, "new") == 0 ? "next" : name;
        if (strcmp(name, persons[CAROL]) == 0) {
            actor_of(s, st->signers[i], &carol);
            key = carol.former_count ? "next" : name;
        }
        in->keys[i] = *cty_secret_key(world_secret(run.small.w, key));
    }
}

/* Folds the move over the state; the delta is in run.small.delta. */
static custody_err try(const struct state *s, const struct move *move, const struct cty_case *c, bool has_case)
{
    static struct cty_statement st;
    static struct cty_fold_input in;
    struct cty_hash digest;
    make(s, move, c, &st);
    memset(&in, 0, sizeof(in));
    unique(&digest, CTY_HASH_SIZE);
    in.digest = st.type == CTY_REQUEST ? &run.small.case_id : &digest;
    set_keys(s, &st, &in);
    return small_fold(&run.small, &s->records, s->time, &st, has_case ? c : NULL, &in);
}

/* What the law says of a state, counted here from its record. */

static bool reached(const struct cty_actor_record *actor, uint64_t rotation, uint64_t time)
{
    bool all = actor->revoked_index != 0 && actor->revoked_since <= time;
    bool key = rotation < actor->former_count && actor->former[rotation].revoked &&
               actor->former[rotation].revoked_since <= time;
    return all || key;
}

static bool is_ancestor(const struct cty_case *c, struct cty_bytes name)
{
    for (uint32_t i = 0; i < c->ancestry_count; i++) {
        if (cty_bytes_equal(c->ancestry[i], name))
            return true;
    }
    return false;
}

/* Approvals that stand: by so many persons, none of them an ancestor. Everybody has one key and approves once. */
static uint32_t standing(const struct state *s, const struct cty_case *c)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->decisions_count; i++) {
        struct cty_actor_record actor;
        actor_of(s, c->decisions[i].actor, &actor);
        bool void_now = reached(&actor, c->decisions[i].rotation, c->decisions[i].time);
        count += !void_now && !is_ancestor(c, c->decisions[i].actor);
    }
    return count;
}

static void check_chain(const struct cty_case *c)
{
    for (uint32_t i = 0; i < c->hops_count; i++) {
        assert_true(cty_bytes_equal(c->hops[i].from, i ? c->hops[i - 1].to : c->requester));
        assert_true(is_ancestor(c, c->hops[i].to));
        assert_true(c->hops[i].offered <= c->hops[i].accepted);
        for (uint32_t k = 0; k < i; k++)
            assert_false(cty_bytes_equal(c->hops[i].to, c->hops[k].to));
    }
    assert_true(cty_bytes_equal(c->holder, c->hops_count ? c->hops[c->hops_count - 1].to : c->requester));
    if (c->hops_count)
        assert_true(c->scope.present && c->scope.depth + c->hops_count <= 2);
}

static void check_givers(const struct state *s, const struct cty_case *c)
{
    for (uint32_t i = 0; i < c->hops_count; i++) {
        struct cty_actor_record giver;
        actor_of(s, c->hops[i].from, &giver);
        assert_false(reached(&giver, c->hops[i].rotation, c->hops[i].offered));
    }
}

/* The invariants of spec/lifecycle.md after a move that was taken. */
static void check(const struct state *before, const struct state *s, const struct move *move)
{
    static struct cty_case was, c;
    custody_error error = {0};
    bool had = case_of_state(before, &was);
    if (!case_of_state(s, &c))
        return;
    if (cty_case_check(&c, &error) != CUSTODY_OK)
        fail_msg("%s", error.detail);
    check_chain(&c);
    assert_true(s->consumes <= 1 && s->outcomes <= 1);
    assert_int_equal(c.consume.present, s->consumes);
    if (move->type == CTY_RELEASE || move->type == CTY_CONSUME)
        assert_true(standing(s, &c) >= run.needed);
    if (move->type == CTY_CONSUME || move->type == CTY_ACCEPT)
        check_givers(s, &c);
    if (move->type == CTY_ACCEPT) {
        assert_true(was.offer.state == CTY_OFFER_OPEN && s->time <= was.offer.expires && !was.finalised);
        assert_false(is_ancestor(&was, c.holder));
        assert_int_equal(c.scope.depth, was.offer.scope.depth);
    }
    if (move->type == CTY_OFFER)
        assert_false(cty_case_offer_open(&was, s->time));
    bool final = had && cty_case_is_final((enum cty_case_state)was.state);
    if (final && (cty_type_flags(move->type) & CTY_TYPE_CASE))
        assert_true(was.state == CTY_CASE_UNREPORTED && move->type == CTY_OUTCOME);
}

/* States that nothing tells apart. */

static void put_signed(struct cty_buf *out, const struct state *s, struct cty_bytes name, uint64_t rotation,
                       uint64_t time)
{
    struct cty_actor_record actor;
    actor_of(s, name, &actor);
    bool gone = reached(&actor, rotation, time);
    bool open = !gone && (cty_bytes_is(name, persons[CAROL]) || cty_bytes_is(name, agents[BOT]));
    assert_ok(cty_buf_putf(out, "%d%d%d", gone, open && time == s->time, rotation < actor.former_count));
}

/* Whether something of the actor stands in the case that a revocation could still reach. */
static bool within_reach(const struct state *s, const struct cty_case *c, const char *name, bool by_former)
{
    struct cty_actor_record actor;
    actor_of(s, cty_bytes_text(name), &actor);
    for (uint32_t i = 0; i < c->decisions_count; i++) {
        const struct cty_case_decision *d = &c->decisions[i];
        if (cty_bytes_is(d->actor, name) && !reached(&actor, d->rotation, d->time) &&
            (!by_former || d->rotation < actor.former_count))
            return true;
    }
    return false;
}

/* Carol's key, while she may decide or what she decided counts. */
static void put_carol(struct cty_buf *out, const struct state *s, const struct cty_case *c)
{
    struct cty_actor_record carol;
    actor_of(s, cty_bytes_text(persons[CAROL]), &carol);
    bool key = carol.former_count && carol.former[0].revoked;
    if (is_ancestor(c, cty_bytes_text(persons[CAROL])))
        return;
    assert_ok(cty_buf_putf(out, " C%d%d", carol.revoked_index != 0,
                           carol.revoked_index == 0 && carol.former_count > 0));
    if (within_reach(s, c, persons[CAROL], false))
        assert_ok(cty_buf_putf(out, " %d", carol.revoked_index != 0 && carol.revoked_since > 1));
    if (within_reach(s, c, persons[CAROL], true))
        assert_ok(cty_buf_putf(out, " %d%d", key, key && carol.former[0].revoked_since > 1));
}

/* The first giver's, while it holds the case: afterwards the hop itself says whether it was reached. */
static void put_giver(struct cty_buf *out, const struct state *s, const struct cty_case *c)
{
    struct cty_actor_record bot;
    actor_of(s, cty_bytes_text(agents[BOT]), &bot);
    if (cty_bytes_is(c->holder, agents[BOT]))
        assert_ok(cty_buf_putf(out, " B%d%d", bot.revoked_index != 0,
                               bot.revoked_index != 0 && bot.revoked_since > 1));
}

/* An offer that is answered or past lets nothing be done. */
static void put_offer(struct cty_buf *out, const struct state *s, const struct cty_case *c)
{
    const struct cty_case_offer *offer = &c->offer;
    if (!cty_case_offer_open(c, s->time))
        return;
    assert_ok(cty_buf_putf(out, " o%lld %.*s d%d ", small_from_now(offer->expires, s->time), (int)offer->to.size,
                           (const char *)offer->to.data, (int)offer->scope.depth));
    put_signed(out, s, c->holder, offer->rotation, offer->time);
}

/* In order of persons: each has at most one. */
static void put_approvals(struct cty_buf *out, const struct state *s, const struct cty_case *c)
{
    for (unsigned who = 0; who < PERSONS; who++) {
        for (uint32_t i = 0; i < c->decisions_count; i++) {
            const struct cty_case_decision *d = &c->decisions[i];
            if (!cty_bytes_is(d->actor, persons[who]))
                continue;
            assert_ok(cty_buf_putf(out, " a%u%u ", who, (unsigned)d->travels.count));
            put_signed(out, s, d->actor, d->rotation, d->time);
        }
    }
}

static void canonical(const struct state *s, struct cty_buf *out)
{
    static struct cty_case c;
    cty_buf_clear(out);
    if (case_of_state(s, &c)) {
        assert_ok(cty_buf_putf(out, "%d c%d", c.state, s->consumes));
        if (cty_case_is_final((enum cty_case_state)c.state) && c.state != CTY_CASE_UNREPORTED)
            return;
        assert_ok(cty_buf_putf(out, " h%.*s", (int)c.holder.size, (const char *)c.holder.data));
        if (c.state == CTY_CASE_CONSUMED || c.state == CTY_CASE_UNREPORTED) {
            assert_ok(cty_buf_putf(out, " due%lld", small_from_now(cty_case_due(&c), s->time)));
            return;
        }
        assert_ok(cty_buf_putf(out, " w%d due%lld d%d f%d n%d r%d", s->nudges,
                               small_from_now(cty_case_due(&c), s->time), c.scope.present ? (int)c.scope.depth : -1,
                               c.finalised, c.handed, (int)c.revision));
        for (uint32_t i = 0; i < c.hops_count; i++) {
            assert_ok(cty_buf_putf(out, " %.*s ", (int)c.hops[i].to.size, (const char *)c.hops[i].to.data));
            put_signed(out, s, c.hops[i].from, c.hops[i].rotation, c.hops[i].offered);
        }
        put_offer(out, s, &c);
        put_approvals(out, s, &c);
    }
    put_carol(out, s, &c);
    put_giver(out, s, &c);
}

static bool is_new(const struct state *s)
{
    static struct cty_buf text = {.limit = 4096};
    uint32_t number;
    canonical(s, &text);
    return small_forms_add(&run.forms, cty_buf_text(&text), &number);
}

static void push(struct state *s, const struct state *parent)
{
    if (!is_new(s)) {
        run.merged++;
        state_free(s);
        return;
    }
    s->depth = parent ? parent->depth + 1 : 0;
    small_queue_push(&run.queue, s);
}

static void take(const struct state *parent, const struct move *move)
{
    static const char *const without[] = {"id/", NULL};
    struct state *s = state_copy(parent);
    small_take(&run.small, &s->records, without);
    if (move->type == CTY_CONSUME)
        s->consumes++;
    if (move->type == CTY_OUTCOME)
        s->outcomes++;
    run.kinds[move->type]++;
    check(parent, s, move);
    push(s, parent);
}

static void step(const struct state *s, enum cty_type type, unsigned who, unsigned choice, unsigned variant)
{
    static struct cty_case c;
    struct move move = {type, who, variant, choice};
    bool has_case = case_of_state(s, &c);
    if (type == CTY_PATCH && c.revision > 0)
        return;
    custody_err err = try(s, &move, &c, has_case);
    run.tried++;
    if (err != CUSTODY_OK) {
        assert_int_equal(run.small.delta.count, 0);
        return;
    }
    run.taken++;
    take(s, &move);
}

/* Time goes to each moment at which something begins or ends to hold. */
static void wait_until(const struct state *s, uint64_t moment, bool nudge)
{
    if (moment <= s->time || (nudge && s->nudges == NUDGES_MAX))
        return;
    struct state *child = state_copy(s);
    child->time = moment;
    if (nudge)
        child->nudges++;
    push(child, s);
}

/* What was signed a moment ago is out of reach of what is revoked since now. */
static bool signed_just_now(const struct state *s, const struct cty_case *c)
{
    bool just_now = c->offer.present && c->offer.time == s->time;
    for (uint32_t i = 0; i < c->hops_count; i++)
        just_now = just_now || (c->hops[i].offered == s->time && cty_bytes_is(c->hops[i].from, agents[BOT]));
    for (uint32_t i = 0; i < c->decisions_count; i++)
        just_now = just_now || (c->decisions[i].time == s->time && cty_bytes_is(c->decisions[i].actor, persons[CAROL]));
    return just_now;
}

static void wait_all(const struct state *s, const struct cty_case *c)
{
    uint64_t due = cty_case_due(c);
    if (due) {
        wait_until(s, due, false);
        wait_until(s, due + 1, false);
    }
    if (cty_case_offer_open(c, s->time)) {
        wait_until(s, c->offer.expires, false);
        wait_until(s, c->offer.expires + 1, false);
    }
    if (signed_just_now(s, c))
        wait_until(s, s->time + 1, true);
}

static void expand_people(const struct state *s)
{
    for (unsigned i = 0; i < 2 * PERSONS; i++)
        step(s, CTY_DECISION, i / 2, CTY_APPROVE, i % 2);
    step(s, CTY_DECISION, OWEN, CTY_REJECT, 0);
    step(s, CTY_PATCH, DAVE, 0, 0);
    step(s, CTY_CANCEL, DAVE, 0, 0);
    step(s, CTY_ACTOR_ROTATE, CAROL, 0, 0);
    for (unsigned ever = 0; ever < 2; ever++) {
        step(s, CTY_ACTOR_REVOKE, CAROL, 0, ever);
        step(s, CTY_ACTOR_REVOKE, CAROL, 1, ever);
        step(s, CTY_ACTOR_REVOKE, PERSONS, 0, ever);
    }
}

static void expand_agents(const struct state *s)
{
    for (unsigned who = 0; who < AGENTS; who++) {
        for (unsigned to = 0; to < 3; to++)
            step(s, CTY_OFFER, who, to, 0);
        step(s, CTY_OFFER, who, 0, 1);
        step(s, CTY_OFFER, who, 1, 1);
        step(s, CTY_ACCEPT, who, 0, 0);
        step(s, CTY_DECLINE, who, 0, 0);
        step(s, CTY_WITHDRAW, who, 0, 0);
        step(s, CTY_FINALISE, who, 0, 0);
        step(s, CTY_CONSUME, who, 0, 0);
        step(s, CTY_OUTCOME, who, 0, 0);
    }
    step(s, CTY_CANCEL, PERSONS + BOT, 0, 0);
}

static void expand(const struct state *s)
{
    static struct cty_case c;
    if (!case_of_state(s, &c)) {
        step(s, CTY_REQUEST, 0, 0, 0);
        return;
    }
    enum cty_case_state state = (enum cty_case_state)c.state;
    bool next = state == CTY_CASE_JUDGED_NEXT || state == CTY_CASE_RELEASE_NEXT;
    if (next)
        step(s, state == CTY_CASE_JUDGED_NEXT ? CTY_VERDICT : CTY_RELEASE, 0, 0, 0);
    for (unsigned silence = 0; silence < 3; silence++)
        step(s, CTY_EXPIRY, 0, 0, silence);
    expand_people(s);
    expand_agents(s);
    if (!next && !cty_case_is_final(state)) {
        case_of_state(s, &c);
        wait_all(s, &c);
    }
}

static struct state *begin(const char *policy)
{
    struct world *w = bench_empty();
    world_open(w, policy);
    world_party(w, "acme");
    world_party(w, "globex");
    for (size_t i = 0; i < PERSONS; i++)
        assert_ok(world_person(w, persons[i], "approver", persons[i]));
    assert_ok(world_agent(w, agents[BOT], persons[OWEN]));
    assert_ok(world_agent(w, agents[PAL], persons[CAROL]));
    assert_ok(world_agent(w, agents[EXEC], "globex/a"));
    small_begin(&run.small, w);
    struct state *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    s->time = w->time;
    return s;
}

static void finish(void)
{
    while (run.queue.head < run.queue.tail)
        state_free(run.queue.list[run.queue.head++]);
    small_forms_end(&run.forms);
    free(run.queue.list);
    small_end(&run.small);
    memset(&run, 0, sizeof(run));
}

static size_t states_max = 4000;

static void enumerate(size_t number)
{
    uint32_t depth = 0;
    small_forms_begin(&run.forms, TABLE_SIZE);
    run.needed = policies[number].needed;
    push(begin(policies[number].text), NULL);
    while (run.queue.head < run.queue.tail && (states_max == 0 || run.queue.tail < states_max)) {
        struct state *s = run.queue.list[run.queue.head++];
        depth = s->depth;
        expand(s);
        state_free(s);
    }
    bool closed = run.queue.head == run.queue.tail;
    print_message("%s: %zu states (%s, every history of up to %u steps), %zu moves tried, %zu taken, %zu merged; %zu accepts, %zu consumes\n",
                  policies[number].name, run.queue.tail, closed ? "all there are" : "more to come", depth, run.tried,
                  run.taken, run.merged, run.kinds[CTY_ACCEPT], run.kinds[CTY_CONSUME]);
    assert_true(closed || states_max != 0);
    assert_true(run.kinds[CTY_ACCEPT] > 0 && run.kinds[CTY_ACTOR_ROTATE] > 0 && run.kinds[CTY_ACTOR_REVOKE] > 0);
    finish();
}

static void every_small_handoff(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(policies); i++)
        enumerate(i);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_small_handoff)};
    if (argc > 1)
        states_max = strtoul(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
