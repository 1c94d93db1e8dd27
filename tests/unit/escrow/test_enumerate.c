/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every small history of one case: two agents, four approvers of whom one owns the requester, policies that hold for
 * two or one or pass. From each state every move is tried, lawful or not, at every moment that a deadline makes
 * different, until no new state comes. Two states are one if nothing that the law reads tells them apart: digests
 * are dropped, times are kept as distances to now, approvals that can never count again are left out.
 *
 * Each step is also taken by a shadow (shadow.h) that knows the law apart from the fold.
 *
 *     test_enumerate [STATES]      ends after so many states (0: at closure)
 */
#include "codec/text.h"
#include "unit/escrow/shadow.h"
#include "unit/escrow/small.h"

#define TABLE_SIZE (1u << 20)
#define PATCHES_MAX 1
#define NOBODY 255

static const char *const approvers[] = {"acme/owen", "acme/carol", "acme/dave", "acme/erin"};
static const char *const agents[] = {"acme/bot", "acme/pal"};

static const char *const policies[] = {
    RULES("{\"approvals\":2,\"decide_ms\":100,\"effect\":\"hold\"," PERIODS "}"),
    RULES("{\"approvals\":1,\"decide_ms\":100,\"effect\":\"hold\"," PERIODS "}"),
    RULES("{\"effect\":\"pass\",\"report_ms\":70,\"use_ms\":50}"),
};

struct state {
    struct small_records records;
    uint64_t time;
    struct shadow shadow;
    uint32_t depth;
    uint32_t number;
};

static struct {
    struct small small;
    struct cty_hash policies[POLICIES];
    struct small_queue queue;
    struct small_forms forms;
    uint32_t (*edges)[2];
    size_t edges_count, edges_capacity;
    size_t tried, taken, merged;
    size_t refusals[256];
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

static bool case_of_state(const struct state *s, struct cty_case *ret)
{
    return small_case(&run.small, &s->records, ret);
}

/* Moves. */

static void unique(void *out, size_t size)
{
    small_unique(&run.small, out, size);
}

static void sign_as(struct cty_statement *st, const char *name)
{
    st->signers[0] = cty_bytes_text(name);
    st->signers_count = 1;
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
    switch (move->type) {
    case CTY_ACTOR_ROTATE:
    case CTY_CUSTODIAN_ROTATE:
    case CTY_LEDGER_CLOSE:
    case CTY_CONSENT:
    case CTY_QUESTION:
    case CTY_ANSWER:
    case CTY_OFFER:
    case CTY_ACCEPT:
    case CTY_DECLINE:
    case CTY_WITHDRAW:
    case CTY_FINALISE:
        fail(); /* those are test_enumerate_handoff's */
        return;
    case CTY_REQUEST:
        sign_as(st, agents[0]);
        st->u.request.action = st->u.request.service = CTY_LITERAL("x");
        st->u.request.executor = cty_bytes_text(agents[move->variant]);
        st->u.request.expires = s->time + REQUEST_MS;
        unique(&st->u.request.payload, CTY_HASH_SIZE);
        return;
    case CTY_DECISION:
        sign_as(st, move->who < APPROVERS ? approvers[move->who] : agents[0]);
        st->u.decision.choice = move->choice;
        st->u.decision.expires = s->time + (move->variant ? SHORT_MS : LONG_MS);
        memcpy(st->u.decision.instance, c->instance.bits, 16);
        st->u.decision.payload = c->payload;
        return;
    case CTY_PATCH:
        sign_as(st, approvers[move->who]);
        st->u.patch.base = c->payload;
        unique(&st->u.patch.operations, CTY_HASH_SIZE);
        unique(&st->u.patch.result, CTY_HASH_SIZE);
        return;
    case CTY_CONSUME:
        sign_as(st, agents[move->who]);
        st->u.consume.payload = c->payload;
        return;
    case CTY_OUTCOME:
        sign_as(st, agents[move->who]);
        st->u.outcome.outcome = move->variant;
        return;
    case CTY_CANCEL:
        sign_as(st, move->who < APPROVERS ? approvers[move->who] : agents[move->who - APPROVERS]);
        return;
    case CTY_EXPIRY:
        sign_as(st, "clerk");
        st->until = s->time;
        st->u.expiry.silence = move->variant;
        return;
    case CTY_ACTOR_REVOKE:
        sign_as(st, "acme/a");
        st->signers[st->signers_count++] = CTY_LITERAL("acme/b");
        st->u.actor_revoke.actor = cty_bytes_text(approvers[move->who]);
        st->u.actor_revoke.since = move->variant ? 1 : s->time;
        return;
    case CTY_POLICY_PUBLISH: {
        struct cty_ledger_record ledger = {0};
        small_decode(&run.small, &s->records, &cty_shape_ledger_record, "ledger", &ledger);
        sign_as(st, "operator/ada");
        st->signers[st->signers_count++] = CTY_LITERAL("operator/otto");
        st->u.policy_publish.policy = cty_bytes_text(policies[move->variant]);
        st->u.policy_publish.scope = CTY_LITERAL("ledger");
        st->u.policy_publish.replaces = (struct cty_opt_hash){ledger.policy, true};
        return;
    }
    case CTY_VERDICT:
    case CTY_RELEASE:
        if (small_lookup(&run.small, &s->records, run.small.case_key).data)
            small_clerk(&run.small, &s->records, s->time, st);
        return;
    case CTY_LEDGER_OPEN:
    case CTY_PARTY_ENROL:
    case CTY_ACTOR_ENROL:
    case CTY_TYPE_COUNT:
        fail();
    }
}

static void set_keys(const struct cty_statement *st, struct cty_fold_input *in)
{
    for (uint32_t i = 0; i < st->signers_count; i++) {
        char name[CTY_ACTOR_NAME_BYTES_MAX + 1];
        snprintf(name, sizeof(name), "%.*s", (int)st->signers[i].size, (const char *)st->signers[i].data);
        in->keys[i] = *cty_secret_key(world_secret(run.small.w, name));
    }
}

/* Folds the move over the state; the delta is in run.small.delta. */
static custody_err try(const struct state *s, const struct move *move, const struct cty_case *c, bool has_case,
                       struct cty_hash *ret_digest)
{
    static struct cty_statement st;
    static struct cty_fold_input in;
    make(s, move, c, &st);
    memset(&in, 0, sizeof(in));
    unique(ret_digest, CTY_HASH_SIZE);
    /* The one case and each policy have one name in all histories. */
    if (st.type == CTY_REQUEST)
        *ret_digest = run.small.case_id;
    if (st.type == CTY_POLICY_PUBLISH)
        *ret_digest = run.policies[move->variant];
    in.digest = ret_digest;
    set_keys(&st, &in);
    return small_fold(&run.small, &s->records, s->time, &st, has_case ? c : NULL, &in);
}

/* The case's record says what the shadow counted. */
static void compare(const struct state *s)
{
    static struct cty_case c;
    custody_error error = {0};
    if (!case_of_state(s, &c)) {
        assert_int_equal(s->shadow.state, CTY_CASE_STATE_COUNT);
        return;
    }
    if (cty_case_check(&c, &error) != CUSTODY_OK)
        fail_msg("%s", error.detail);
    assert_string_equal(cty_case_state_names[c.state], cty_case_state_names[s->shadow.state]);
    assert_int_equal(c.revision, s->shadow.patches);
    assert_int_equal(c.consume.present, s->shadow.consumes);
    assert_int_equal(c.release.present, s->shadow.releases);
    if (c.state == CTY_CASE_HELD)
        assert_int_equal(c.decide_by, s->shadow.decide_by);
    if (c.state == CTY_CASE_RELEASED)
        assert_int_equal(c.use_by, s->shadow.use_by);
    if (c.state == CTY_CASE_CONSUMED)
        assert_int_equal(c.report_by, s->shadow.report_by);
}

/* States that nothing tells apart. */

/* Dave and Erin are alike in all that the law reads; Carol's key alone is ever revoked. */
struct approved {
    bool carol, just_now;
    long long expires;
};

static int by_value(const void *a, const void *b)
{
    const struct approved *x = a, *y = b;
    if (x->carol != y->carol)
        return x->carol - y->carol;
    if (x->just_now != y->just_now)
        return x->just_now - y->just_now;
    return x->expires < y->expires ? -1 : x->expires > y->expires;
}

static void canonical(struct state *s, struct cty_buf *out)
{
    struct shadow *h = &s->shadow;
    bool open = h->state < CTY_CASE_REFUSED || h->state == CTY_CASE_STATE_COUNT;
    shadow_forget(h, s->time);
    cty_buf_clear(out);
    assert_ok(cty_buf_putf(out, "%d c%d", h->state, h->consumes));
    if (h->state == CTY_CASE_UNREPORTED)
        assert_ok(cty_buf_putf(out, " o%d h%d", h->outcomes, h->holder));
    if (!open)
        return; /* final: whatever comes, nothing of it changes */
    assert_ok(cty_buf_putf(out, " p%d j%d h%d r%d due%lld req%lld", h->policy, h->judged_by, h->holder, h->patches,
                           small_from_now(shadow_due(h), s->time), small_from_now(h->request_until, s->time)));
    assert_ok(cty_buf_putf(out, " %d%d", h->revoked[CAROL], h->revoked[CAROL] && h->since[CAROL] > 1));
    struct approved sorted[CTY_COUNT_OF(h->approvals)];
    for (uint32_t i = 0; i < h->approvals_count; i++) {
        const struct approval *a = &h->approvals[i];
        sorted[i] = (struct approved){a->who == CAROL, a->who == CAROL && a->time == s->time,
                                      h->releases ? 0 : small_from_now(a->expires, s->time)};
    }
    qsort(sorted, h->approvals_count, sizeof(sorted[0]), by_value);
    for (uint32_t i = 0; i < h->approvals_count; i++)
        assert_ok(cty_buf_putf(out, " a%d%d %lld", sorted[i].carol, sorted[i].just_now, sorted[i].expires));
}

static bool is_new(struct state *s, uint32_t *ret_number)
{
    static struct cty_buf text = {.limit = 4096};
    canonical(s, &text);
    return small_forms_add(&run.forms, cty_buf_text(&text), ret_number);
}

static void edge(uint32_t from, uint32_t to)
{
    if (run.edges_count == run.edges_capacity) {
        run.edges_capacity = run.edges_capacity ? run.edges_capacity * 2 : 4096;
        run.edges = realloc(run.edges, run.edges_capacity * sizeof(*run.edges));
        assert_non_null(run.edges);
    }
    run.edges[run.edges_count][0] = from;
    run.edges[run.edges_count++][1] = to;
}

static void push(struct state *s, const struct state *parent)
{
    if (!is_new(s, &s->number)) {
        run.merged++;
        edge(parent->number, s->number);
        state_free(s);
        return;
    }
    if (parent)
        edge(parent->number, s->number);
    s->depth = parent ? parent->depth + 1 : 0;
    small_queue_push(&run.queue, s);
}

static void take(const struct state *parent, const struct move *move)
{
    static const char *const without[] = {"id/", "policy/", "author/", NULL};
    struct state *s = state_copy(parent);
    small_take(&run.small, &s->records, without);
    shadow_take(&s->shadow, move, s->time);
    compare(s);
    push(s, parent);
}

/* A final state is left by nothing but the late outcome. */
static void expect_final(const struct state *s, const struct move *move)
{
    bool final = cty_case_is_final((enum cty_case_state)s->shadow.state) && s->shadow.state != CTY_CASE_STATE_COUNT;
    bool of_case = (cty_type_flags(move->type) & CTY_TYPE_CASE) != 0;
    if (final && of_case)
        assert_true(s->shadow.state == CTY_CASE_UNREPORTED && move->type == CTY_OUTCOME);
}

static void step(const struct state *s, enum cty_type type, unsigned who, unsigned choice, unsigned variant)
{
    static struct cty_case c;
    struct move move = {type, (uint8_t)who, (uint8_t)choice, (uint8_t)variant};
    struct cty_hash digest;
    bool has_case = case_of_state(s, &c);
    if (type == CTY_PATCH && s->shadow.patches == PATCHES_MAX)
        return;
    custody_err err = try(s, &move, &c, has_case, &digest);
    run.tried++;
    if (err != CUSTODY_OK) {
        run.refusals[(unsigned)err % 256]++;
        assert_int_equal(run.small.delta.count, 0);
        return;
    }
    run.taken++;
    expect_final(s, &move);
    take(s, &move);
}

/* Time goes to each moment at which something begins or ends to hold. */
static void wait_until(const struct state *s, uint64_t moment)
{
    if (moment <= s->time)
        return;
    struct state *child = state_copy(s);
    child->time = moment;
    push(child, s);
}

static void wait_all(const struct state *s)
{
    const struct shadow *h = &s->shadow;
    /* A revocation `since` now voids what was decided now, and not what was decided a moment ago. */
    for (uint32_t i = 0; i < h->approvals_count; i++) {
        if (h->approvals[i].who == CAROL && h->approvals[i].time == s->time)
            wait_until(s, s->time + 1);
    }
    if (shadow_due(h)) {
        wait_until(s, shadow_due(h));
        wait_until(s, shadow_due(h) + 1);
    }
    for (uint32_t i = 0; i < h->approvals_count && h->releases == 0; i++) {
        if (h->approvals[i].expires > s->time + SHORT_MS)
            continue;
        wait_until(s, h->approvals[i].expires);
        wait_until(s, h->approvals[i].expires + 1);
    }
}

static void expand(const struct state *s)
{
    step(s, CTY_VERDICT, NOBODY, 0, 0);
    step(s, CTY_RELEASE, NOBODY, 0, 0);
    if (s->shadow.state == CTY_CASE_STATE_COUNT) {
        step(s, CTY_REQUEST, 0, 0, 0);
        step(s, CTY_REQUEST, 0, 0, 1);
    }
    for (unsigned who = 0; who <= APPROVERS; who++) {
        step(s, CTY_DECISION, who, CTY_APPROVE, 0);
        step(s, CTY_DECISION, who, CTY_APPROVE, 1);
        step(s, CTY_DECISION, who, CTY_REJECT, 0);
    }
    for (unsigned who = 0; who < APPROVERS; who++)
        step(s, CTY_PATCH, who, 0, 0);
    for (unsigned who = 0; who < APPROVERS + 2; who++)
        step(s, CTY_CANCEL, who, 0, 0);
    for (unsigned who = 0; who < 2; who++) {
        step(s, CTY_CONSUME, who, 0, 0);
        for (unsigned outcome = 0; outcome < 3; outcome++)
            step(s, CTY_OUTCOME, who, 0, outcome);
    }
    for (unsigned silence = 0; silence < 3; silence++)
        step(s, CTY_EXPIRY, NOBODY, 0, silence);
    step(s, CTY_ACTOR_REVOKE, CAROL, 0, 0);
    step(s, CTY_ACTOR_REVOKE, CAROL, 0, 1);
    for (unsigned policy = 0; policy < POLICIES; policy++)
        step(s, CTY_POLICY_PUBLISH, NOBODY, 0, policy);
    wait_all(s);
}

/* The record of the persons who published the founding policy; they publish the others too. */
static struct cty_bytes authors_of(struct world *w)
{
    struct cty_ledger_record ledger;
    char key[CTY_VIEW_KEY_MAX] = "author/";
    world_ledger(w, &ledger);
    cty_hex_write(ledger.policy.bytes, CTY_HASH_SIZE, key + 7);
    return cty_memory_get(w->memory, key);
}

static struct state *begin(void)
{
    struct world *w = bench_empty();
    world_open(w, policies[HOLD2]);
    world_party(w, "acme");
    for (size_t i = 0; i < APPROVERS; i++)
        assert_ok(world_person(w, approvers[i], "approver", approvers[i]));
    assert_ok(world_agent(w, agents[0], approvers[OWEN]));
    assert_ok(world_agent(w, agents[1], approvers[OWEN]));
    small_begin(&run.small, w);
    small_forms_begin(&run.forms, TABLE_SIZE);
    for (int i = 0; i < POLICIES; i++) {
        char key[CTY_VIEW_KEY_MAX] = "policy/", author[CTY_VIEW_KEY_MAX] = "author/";
        run.policies[i] = bench_hash(w);
        cty_hex_write(run.policies[i].bytes, CTY_HASH_SIZE, key + 7);
        memcpy(author + 7, key + 7, 65);
        assert_ok(cty_memory_put(w->memory, key, cty_bytes_text(policies[i])));
        assert_ok(cty_memory_put(w->memory, author, authors_of(w)));
    }
    struct state *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    s->time = w->time;
    s->shadow.state = CTY_CASE_STATE_COUNT;
    s->shadow.policy = HOLD2;
    return s;
}

/* How many histories of at most so many steps there are, merged states counted as often as they are reached. */
static double histories(size_t states, size_t steps)
{
    double *now = calloc(states, sizeof(*now)), total = 1;
    assert_non_null(now);
    now[0] = 1;
    for (size_t i = 0; i < steps; i++) {
        double *next = calloc(states, sizeof(*next));
        assert_non_null(next);
        for (size_t k = 0; k < run.edges_count; k++)
            next[run.edges[k][1]] += now[run.edges[k][0]];
        for (size_t k = 0; k < states; k++)
            total += next[k];
        free(now);
        now = next;
    }
    free(now);
    return total;
}

static size_t states_max = 4000;

static void every_small_history(void **state)
{
    (void)state;
    push(begin(), NULL);
    uint32_t depth = 0;
    while (run.queue.head < run.queue.tail && (states_max == 0 || run.queue.tail < states_max)) {
        struct state *s = run.queue.list[run.queue.head++];
        depth = s->depth;
        expand(s);
        state_free(s);
    }
    bool closed = run.queue.head == run.queue.tail;
    print_message("%zu states (%s, depth %u), %zu moves tried, %zu taken, %zu merged, %.3g histories of up to 12 steps\n",
                  run.queue.tail, closed ? "all there are" : "more to come", depth, run.tried, run.taken, run.merged,
                  histories(run.queue.tail, 12));
    assert_true(closed || states_max != 0);
    while (run.queue.head < run.queue.tail)
        state_free(run.queue.list[run.queue.head++]);
    small_forms_end(&run.forms);
    free(run.queue.list);
    free(run.edges);
    small_end(&run.small);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_small_history)};
    if (argc > 1)
        states_max = strtoul(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
