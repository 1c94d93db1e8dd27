/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_load.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "bench.h"
#include "wire.h"

#define CONTENT "{\"amount\":100,\"customer\":\"c-20417\",\"order\":\"o-1\",\"reason\":\"damaged in transit\"}"
#define HOUR_MS 3600000u

static const char *const step_names[BENCH_STEPS] = {"request", "decision", "consume", "outcome"};

/* ---- signing beforehand ---- */

static const struct cty_secret *signer_of(const struct bench_load *load, size_t number, enum bench_step step)
{
    char name[64];
    if (step == BENCH_DECISION)
        snprintf(name, sizeof(name), "acme/person-%u", (unsigned)(number % BENCH_APPROVERS));
    else
        snprintf(name, sizeof(name), "acme/agent-%u", (unsigned)(number % BENCH_AGENTS));
    return house_secret(load->house, name);
}

static void begin(struct cty_statement *st, enum cty_type type, const struct cty_secret *secret)
{
    memset(st, 0, sizeof(*st));
    st->type = type;
    st->ledger = CTY_LITERAL(HOUSE_ORIGIN);
    st->time = wall_ms();
    cty_random_id(st->time, st->id);
    st->until = st->time + HOUR_MS;
    st->signers[0] = cty_secret_name(secret);
    st->signers_count = 1;
}

static void fill_request(struct cty_statement *st, struct cty_content *content)
{
    struct cty_request *request = &st->u.request;
    request->service = CTY_LITERAL("billing");
    request->action = CTY_LITERAL("one");
    request->priority = CTY_PRIORITY_NORMAL;
    request->executor = st->signers[0];
    request->expires = st->time + HOUR_MS;
    cty_random(content->salt, sizeof(content->salt));
    content->member = CTY_LITERAL("payload");
    content->content = CTY_LITERAL(CONTENT);
    request->payload =
        cty_commitment(st->ledger, st->signers[0], st->id, content->member, content->salt, content->content);
}

static void fill_step(struct cty_statement *st, const struct bench_case *c)
{
    st->case_id = c->id;
    st->after = c->anchor;
    if (st->type == CTY_DECISION) {
        st->u.decision.choice = CTY_APPROVE;
        st->u.decision.expires = st->time + HOUR_MS;
        st->u.decision.payload = c->payload;
        memcpy(st->u.decision.instance, c->instance, sizeof(c->instance));
    }
    if (st->type == CTY_CONSUME)
        st->u.consume.payload = c->payload;
    if (st->type == CTY_OUTCOME)
        st->u.outcome.outcome = CTY_OUTCOME_FULFILLED;
}

/* Of what is signed. */
static size_t size_of(const struct cty_statement *st)
{
    struct cty_buf body = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    struct cty_buf pae = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    must(cty_statement_encode(st, &body));
    must(cty_pae(cty_bytes_text(cty_type_payload_type(st->type)), cty_buf_bytes(&body), &pae));
    size_t size = pae.size;
    cty_buf_done(&body);
    cty_buf_done(&pae);
    return size;
}

/* What the signing of a round needs again and again. */
struct desk {
    struct cty_statement statement;
    struct cty_content content;
    struct cty_buf envelope;
    struct cty_buf text;
    /* And the reading. */
    struct wire wire;
    struct cty_parsed_entry parsed;
};

static struct desk *desk_new(void)
{
    struct desk *desk = cty_alloc(1, sizeof(*desk));
    must_be(desk != NULL);
    desk->envelope.limit = CTY_ENVELOPE_BYTES_MAX;
    desk->text.limit = CTY_MESSAGE_BYTES_MAX;
    return desk;
}

static void desk_free(struct desk *desk)
{
    cty_buf_done(&desk->envelope);
    cty_buf_done(&desk->text);
    cty_rpc_done(&desk->wire.message);
    cty_parsed_entry_done(&desk->parsed);
    free(desk);
}

/* The message of one step of one case. */
static void sign_step(struct bench_load *load, struct desk *desk, size_t number, enum bench_step step,
                      struct bench_post *post)
{
    static const enum cty_type types[BENCH_STEPS] = {CTY_REQUEST, CTY_DECISION, CTY_CONSUME, CTY_OUTCOME};
    struct bench_case *c = &load->cases[number];
    struct cty_statement *st = &desk->statement;
    const struct cty_secret *secret = signer_of(load, number, step);
    begin(st, types[step], secret);
    st->seen = c->seen;
    if (step == BENCH_REQUEST)
        fill_request(st, &desk->content);
    else
        fill_step(st, c);
    cty_buf_clear(&desk->envelope);
    cty_buf_clear(&desk->text);
    must(cty_statement_sign(st, &secret, 1, &desk->envelope, &c->sent));
    if (step == BENCH_REQUEST) {
        c->payload = st->u.request.payload;
        load->statement_size = load->statement_size ? load->statement_size : size_of(st);
    }
    wire_put_submit(&desk->text, cty_buf_bytes(&desk->envelope), &desk->content, step == BENCH_REQUEST ? 1 : 0);
    post->message.limit = CTY_MESSAGE_BYTES_MAX;
    bench_frame(cty_buf_bytes(&desk->text), &post->message);
}

/* ---- checking afterwards ---- */

/* The newest verdict or release, and what came with it. */
static void take_anchor(struct bench_case *c, const struct cty_parsed_entry *parsed)
{
    c->anchor = parsed->signed_statement.digest;
    if (parsed->signed_statement.statement.type == CTY_VERDICT)
        memcpy(c->instance, parsed->signed_statement.statement.u.verdict.instance, sizeof(c->instance));
}

/* The checkpoint's signature, and the proof that its tree holds the entry. */
static void check_receipt(struct bench_load *load, const struct cty_rpc_receipt *receipt, struct cty_seen *ret_seen)
{
    struct cty_receipt opened;
    struct cty_checkpoint checkpoint;
    must(cty_receipt_open(receipt->receipt, receipt->entry, CTY_LITERAL(HOUSE_ORIGIN),
                          cty_secret_key(load->house->log), &opened, &checkpoint));
    *ret_seen = (struct cty_seen){checkpoint.size, checkpoint.root};
    if (load->size < checkpoint.size)
        load->size = checkpoint.size;
}

static void read_answer(struct bench_load *load, struct desk *desk, struct bench_case *c, enum bench_step step,
                        const struct bench_post *post)
{
    struct wire *wire = &desk->wire;
    struct cty_bytes text = bench_answer(post->answer, post->answer_size);
    must(cty_rpc_open(&wire->message, text, CTY_ANSWER_NODES_MAX, &house_error));
    must(cty_rpc_answer_read(&wire->message, cty_rpc_first(&wire->message), CTY_RPC_SUBMIT, &wire->answer, &wire->result,
                             &house_error));
    if (wire->answer.failed)
        house_fail(__FILE__, __LINE__, step_names[step], wire->answer.failure.code, "a submission was refused");
    must_be(cty_hash_equal(&wire->result.submit.digest, &c->sent));
    if (step == BENCH_REQUEST)
        c->id = c->sent;
    check_receipt(load, &wire->result.submit.own, &c->seen);
    must_be(wire->result.submit.follow_count == (step < BENCH_CONSUME ? 1u : 0u));
    if (step < BENCH_CONSUME) {
        check_receipt(load, &wire->result.submit.follow[0], &c->seen);
        must(cty_entry_parse(wire->result.submit.follow[0].entry, &desk->parsed, &house_error));
        take_anchor(c, &desk->parsed);
    }
}

/* ---- rounds ---- */

static void reserve(struct bench_load *load, size_t count)
{
    if (count <= load->capacity)
        return;
    size_t capacity = count * 2;
    struct bench_case *cases = realloc(load->cases, capacity * sizeof(*cases));
    must_be(cases != NULL);
    load->cases = cases;
    load->capacity = capacity;
}

/* New cases rest on nothing but the newest checkpoint. */
static void begin_cases(struct bench_load *load, size_t count)
{
    struct cty_checkpoint checkpoint;
    size_t first = load->done[BENCH_REQUEST];
    reserve(load, first + count);
    must(cty_client_checkpoint(load->house->door, true, &checkpoint, NULL, &house_error));
    for (size_t i = first; i < first + count; i++)
        load->cases[i] = (struct bench_case){.seen = {checkpoint.size, checkpoint.root}};
}

/* Which step a post is, and of which case. */
struct task {
    size_t number;
    enum bench_step step;
};

/* All steps by turns. */
static size_t plan(const struct bench_load *load, const size_t cases[static BENCH_STEPS], struct task *tasks)
{
    size_t count = 0;
    for (size_t i = 0; i < BENCH_ROUND_MAX; i++) {
        for (unsigned step = 0; step < BENCH_STEPS; step++) {
            if (i < cases[step])
                tasks[count++] = (struct task){load->done[step] + i, (enum bench_step)step};
        }
    }
    return count;
}

static void check_plan(const struct bench_load *load, const size_t cases[static BENCH_STEPS])
{
    for (unsigned step = 0; step < BENCH_STEPS; step++) {
        must_be(cases[step] <= BENCH_ROUND_MAX);
        must_be(step == 0 || load->done[step] + cases[step] <= load->done[step - 1]);
    }
}

void bench_load_round(struct bench_load *load, struct bench_crowd *crowd, const size_t cases[static BENCH_STEPS],
                      struct bench_spent *spent)
{
    struct task *tasks = cty_alloc(BENCH_ROUND_MAX * BENCH_STEPS, sizeof(*tasks));
    struct bench_post *posts = cty_alloc(BENCH_ROUND_MAX * BENCH_STEPS, sizeof(*posts));
    struct desk *desk = desk_new();
    must_be(tasks != NULL && posts != NULL);
    check_plan(load, cases);
    begin_cases(load, cases[BENCH_REQUEST]);
    size_t count = plan(load, cases, tasks);
    for (size_t i = 0; i < count; i++)
        sign_step(load, desk, tasks[i].number, tasks[i].step, &posts[i]);
    bench_crowd_send(crowd, posts, count, spent);
    for (size_t i = 0; i < count; i++) {
        read_answer(load, desk, &load->cases[tasks[i].number], tasks[i].step, &posts[i]);
        bench_post_done(&posts[i]);
    }
    for (unsigned step = 0; step < BENCH_STEPS; step++)
        load->done[step] += cases[step];
    desk_free(desk);
    free(posts);
    free(tasks);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void bench_load_run(struct bench_load *load, struct bench_crowd *crowd, size_t cases, size_t round,
                    struct bench_spent *spent)
{
    for (size_t left = cases; left > 0; left -= least(left, round)) {
        size_t now = least(left, round);
        bench_load_round(load, crowd, (const size_t[BENCH_STEPS]){now, now, now, now}, spent);
    }
}

/* Cases that wait for this step. */
static size_t stock_of(const struct bench_load *load, unsigned step)
{
    return load->done[step - 1] - load->done[step];
}

/* How many cases have to take each step, as far as there are such now. False where nothing is missing. */
static bool plan_stock(const struct bench_load *load, size_t wanted, size_t ret_cases[static BENCH_STEPS])
{
    size_t missing = 0;
    bool any = false;
    for (unsigned step = BENCH_STEPS; step-- > 0;) {
        size_t ready = step ? stock_of(load, step) : BENCH_ROUND_MAX;
        ret_cases[step] = least(least(missing, ready), BENCH_ROUND_MAX);
        any = any || ret_cases[step] > 0;
        missing = missing + wanted > ready ? missing + wanted - ready : 0;
    }
    return any;
}

void bench_load_stock(struct bench_load *load, struct bench_crowd *crowd, size_t cases)
{
    size_t steps[BENCH_STEPS];
    while (plan_stock(load, cases, steps))
        bench_load_round(load, crowd, steps, NULL);
}

void bench_load_fill(struct bench_load *load, struct bench_crowd *crowd, uint64_t entries)
{
    size_t stock = stock_of(load, BENCH_OUTCOME);
    must_be(stock > 0);
    while (load->size + BENCH_ENTRIES_PER_CASE < entries) {
        size_t cases = (size_t)((entries - load->size) / BENCH_ENTRIES_PER_CASE);
        cases = least(least(cases, stock), BENCH_ROUND_MAX);
        bench_load_run(load, crowd, cases, cases, NULL);
    }
}

void bench_load_drain(struct bench_load *load, struct bench_crowd *crowd)
{
    while (load->done[BENCH_OUTCOME] < load->done[BENCH_REQUEST]) {
        size_t steps[BENCH_STEPS] = {0};
        for (unsigned step = 1; step < BENCH_STEPS; step++)
            steps[step] = least(stock_of(load, step), BENCH_ROUND_MAX);
        bench_load_round(load, crowd, steps, NULL);
    }
}

/* ---- the actors ---- */

void bench_load_begin(struct bench_load *load, struct house *h)
{
    char name[64];
    struct cty_checkpoint checkpoint;
    load->house = h;
    house_party(h, "acme");
    for (; load->agents < BENCH_AGENTS; load->agents++) {
        snprintf(name, sizeof(name), "acme/agent-%u", load->agents);
        house_agent(h, name);
    }
    for (unsigned i = 0; i < BENCH_APPROVERS; i++) {
        snprintf(name, sizeof(name), "acme/person-%u", i);
        house_person(h, name, "approver");
    }
    must(cty_client_checkpoint(h->door, true, &checkpoint, NULL, &house_error));
    load->size = checkpoint.size;
}

void bench_load_done(struct bench_load *load)
{
    free(load->cases);
    load->cases = NULL;
}
