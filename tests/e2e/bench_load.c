/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load: whole lives of cases, one step at a time for all of them. Each step's statements are signed before its clock
 * starts and its receipts parsed after it has stopped, so that what is measured is the custodian.
 *
 *     request (verdict follows) -> approve (release follows) -> consume -> outcome
 */
#include "bench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

#define CONTENT "{\"amount\":100,\"customer\":\"c-20417\",\"order\":\"o-1\",\"reason\":\"damaged in transit\"}"

const char *const bench_step_names[BENCH_STEPS] = {"request", "decision", "consume", "outcome"};

/* ---- signing beforehand ---- */

static const struct cty_secret *agent_of(const struct bench_load *load, size_t number)
{
    char name[64];
    snprintf(name, sizeof(name), "acme/agent-%u", (unsigned)(number % BENCH_AGENTS));
    return house_secret(load->house, name);
}

static const struct cty_secret *approver_of(const struct bench_load *load, size_t number)
{
    char name[64];
    snprintf(name, sizeof(name), "acme/person-%u", (unsigned)(number % BENCH_APPROVERS));
    return house_secret(load->house, name);
}

static void begin(struct cty_statement *st, enum cty_type type, const struct cty_secret *secret)
{
    memset(st, 0, sizeof(*st));
    st->type = type;
    st->ledger = CTY_LITERAL(HOUSE_ORIGIN);
    cty_random(st->id, sizeof(st->id));
    st->time = wall_ms();
    st->until = st->time + 3600000;
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
    request->expires = st->time + 3600000;
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
        st->u.decision.expires = st->time + 3600000;
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

/* The message of one step of one case. */
static void sign_step(struct bench_load *load, size_t number, enum bench_step step)
{
    static const enum cty_type types[BENCH_STEPS] = {CTY_REQUEST, CTY_DECISION, CTY_CONSUME, CTY_OUTCOME};
    struct bench_case *c = &load->cases[number];
    const struct cty_secret *secret = step == BENCH_DECISION ? approver_of(load, number) : agent_of(load, number);
    struct cty_statement *st = cty_alloc(1, sizeof(*st));
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_content content;
    must_be(st != NULL);
    begin(st, types[step], secret);
    st->seen = c->seen;
    if (step == BENCH_REQUEST)
        fill_request(st, &content);
    else
        fill_step(st, c);
    must(cty_statement_sign(st, &secret, 1, &envelope, NULL));
    if (step == BENCH_REQUEST)
        load->statement_size = size_of(st);
    c->payload = step == BENCH_REQUEST ? st->u.request.payload : c->payload;
    cty_buf_clear(&c->message);
    wire_put_submit(&c->message, cty_buf_bytes(&envelope), &content, step == BENCH_REQUEST ? 1 : 0);
    cty_buf_done(&envelope);
    free(st);
}

/* ---- reading afterwards ---- */

/* The newest verdict or release, and what came with it. */
static void take_anchor(struct bench_case *c, const struct cty_parsed_entry *parsed)
{
    c->anchor = parsed->signed_statement.digest;
    if (parsed->signed_statement.statement.type == CTY_VERDICT)
        memcpy(c->instance, parsed->signed_statement.statement.u.verdict.instance, sizeof(c->instance));
}

static void take_seen(const struct house *h, struct bench_case *c, const struct cty_rpc_receipt *receipt)
{
    struct cty_receipt opened;
    struct cty_checkpoint checkpoint;
    must(cty_receipt_open(receipt->receipt, receipt->entry, CTY_LITERAL(HOUSE_ORIGIN), cty_secret_key(h->log), &opened,
                          &checkpoint));
    c->seen = (struct cty_seen){checkpoint.size, checkpoint.root};
}

static void read_reply(struct bench_load *load, struct bench_case *c, enum bench_step step,
                       struct cty_parsed_entry *parsed, struct wire *scratch)
{
    struct cty_buf kept = scratch->reply;
    scratch->reply = c->reply;
    const char *code = wire_code(scratch, CTY_RPC_SUBMIT);
    if (strcmp(code, "ok") != 0)
        house_fail(__FILE__, __LINE__, bench_step_names[step], scratch->answer.failure.code, "a submission was refused");
    if (step == BENCH_REQUEST)
        c->id = scratch->result.submit.digest;
    take_seen(load->house, c, &scratch->result.submit.own);
    if (scratch->result.submit.follow_count) {
        must(cty_entry_parse(scratch->result.submit.follow[0].entry, parsed, &house_error));
        take_anchor(c, parsed);
    }
    scratch->reply = kept;
    cty_buf_done(&c->reply);
}

static void read_replies(struct bench_load *load, enum bench_step step)
{
    struct cty_parsed_entry *parsed = cty_alloc(1, sizeof(*parsed));
    struct wire *scratch = cty_alloc(1, sizeof(*scratch));
    must_be(parsed != NULL && scratch != NULL);
    for (size_t i = 0; i < load->cases_count; i++)
        read_reply(load, &load->cases[i], step, parsed, scratch);
    cty_rpc_done(&scratch->message);
    cty_parsed_entry_done(parsed);
    free(scratch);
    free(parsed);
}

/* ---- sending ---- */

struct sender {
    pthread_t thread;
    struct bench_load *load;
    struct cty_net_client *net;
    pthread_barrier_t *start;
    atomic_size_t *next;
};

static void send_one(struct cty_net_client *net, struct bench_case *c)
{
    custody_err err;
    c->reply.limit = CTY_REPLY_BYTES_MAX;
    do {
        cty_buf_clear(&c->reply);
        err = cty_net_client_call(net, cty_buf_bytes(&c->message), HOUSE_PATIENCE_MS, &c->reply, &house_error);
    } while (err == CUSTODY_E_BUSY);
    must(err);
}

static void *send_all(void *context)
{
    struct sender *sender = context;
    size_t number;
    pthread_barrier_wait(sender->start);
    while ((number = atomic_fetch_add(sender->next, 1)) < sender->load->cases_count)
        send_one(sender->net, &sender->load->cases[number]);
    return NULL;
}

static struct cty_net_client *connect_one(const struct house *h)
{
    struct cty_net_client *net = NULL;
    struct cty_buf reply = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    const struct cty_net_client_config config = {.url = h->url, .connect_ms = HOUSE_PATIENCE_MS};
    must(cty_net_client_open(&config, &net, &house_error));
    must(cty_net_client_call(net, CTY_LITERAL("{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"checkpoint\",\"params\":{}}"),
                             HOUSE_PATIENCE_MS, &reply, &house_error));
    cty_buf_done(&reply);
    return net;
}

/* All cases' messages from all clients at once. Connecting and starting threads is not measured. */
static void send_step(struct bench_load *load, enum bench_step step)
{
    struct sender *senders = cty_alloc(load->clients, sizeof(*senders));
    pthread_barrier_t start;
    atomic_size_t next = 0;
    must_be(senders != NULL && pthread_barrier_init(&start, NULL, load->clients + 1) == 0);
    for (size_t i = 0; i < load->clients; i++) {
        senders[i] = (struct sender){.load = load, .net = connect_one(load->house), .start = &start, .next = &next};
        must_be(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]) == 0);
    }
    double cpu = child_cpu_s(&load->house->custodyd);
    pthread_barrier_wait(&start);
    double began = bench_now();
    for (size_t i = 0; i < load->clients; i++)
        pthread_join(senders[i].thread, NULL);
    load->seconds[step] = bench_now() - began;
    load->daemon_cpu[step] = child_cpu_s(&load->house->custodyd) - cpu;
    for (size_t i = 0; i < load->clients; i++)
        cty_net_client_close(senders[i].net);
    pthread_barrier_destroy(&start);
    free(senders);
}

/* ---- one client alone ---- */

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static void measure_lone(struct bench_load *load)
{
    double times[BENCH_LONE];
    struct bench_load lone = {.house = load->house, .cases_count = BENCH_LONE,
                              .cases = cty_alloc(BENCH_LONE, sizeof(*lone.cases))};
    struct cty_net_client *net = connect_one(load->house);
    must_be(lone.cases != NULL);
    for (size_t i = 0; i < BENCH_LONE; i++) {
        lone.cases[i].message.limit = CTY_MESSAGE_BYTES_MAX;
        lone.cases[i].seen = load->cases[0].seen;
        sign_step(&lone, i, BENCH_REQUEST);
    }
    for (size_t i = 0; i < BENCH_LONE; i++) {
        double began = bench_now();
        send_one(net, &lone.cases[i]);
        times[i] = (bench_now() - began) * 1000;
    }
    read_replies(&lone, BENCH_REQUEST);
    qsort(times, BENCH_LONE, sizeof(times[0]), compare);
    load->lone_p50_ms = times[BENCH_LONE / 2];
    load->lone_p99_ms = times[BENCH_LONE * 99 / 100];
    cty_net_client_close(net);
    bench_load_done(&lone);
}

/* ---- all of it ---- */

static void enrol(struct bench_load *load)
{
    char name[64];
    struct cty_checkpoint checkpoint;
    house_party(load->house, "acme");
    for (unsigned i = 0; i < BENCH_AGENTS; i++) {
        snprintf(name, sizeof(name), "acme/agent-%u", i);
        house_agent(load->house, name);
    }
    for (unsigned i = 0; i < BENCH_APPROVERS; i++) {
        snprintf(name, sizeof(name), "acme/person-%u", i);
        house_person(load->house, name, "approver");
    }
    must(cty_client_checkpoint(load->house->door, true, &checkpoint, NULL, &house_error));
    for (size_t i = 0; i < load->cases_count; i++) {
        load->cases[i].message.limit = CTY_MESSAGE_BYTES_MAX;
        load->cases[i].seen = (struct cty_seen){checkpoint.size, checkpoint.root};
    }
}

void bench_load_run(struct bench_load *load)
{
    load->cases = cty_alloc(load->cases_count, sizeof(*load->cases));
    must_be(load->cases != NULL);
    enrol(load);
    measure_lone(load);
    for (unsigned step = 0; step < BENCH_STEPS; step++) {
        for (size_t i = 0; i < load->cases_count; i++)
            sign_step(load, i, (enum bench_step)step);
        send_step(load, (enum bench_step)step);
        read_replies(load, (enum bench_step)step);
    }
}

void bench_load_done(struct bench_load *load)
{
    for (size_t i = 0; i < load->cases_count; i++) {
        cty_buf_done(&load->cases[i].message);
        cty_buf_done(&load->cases[i].reply);
    }
    free(load->cases);
}
