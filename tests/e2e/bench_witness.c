/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long until a receipt is cosigned: three witnesses as anybody starts them, `custody witness run` over HTTP on this
 * machine, of which two have to cosign. One client; each request is timed to its plain receipt and to its witnessed one.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "bench.h"
#include "proto/rpc.h"

#define WITNESSES 3u
#define NEEDED 2u
/* Between two questions for the witnessed receipt: it is not waited for, it is asked for. */
#define ASK_AGAIN_US 500u
#define PATIENCE_S 60.0

struct office {
    struct bench_load *load;
    struct child witnesses[WITNESSES];
    char policy[128]; /* the file */
    struct bench_line line;
    struct cty_rpc_message message;
    struct cty_rpc_answer answer;
    union cty_rpc_result result;
    struct cty_buf text, frame;
};

/* ---- the witnesses ---- */

/* The rest of the line of the child's output that begins with the word. */
static void read_line_of(const struct child *child, const char *word, char *out, size_t size)
{
    struct cty_buf log = CTY_BUF_INIT(1 << 20);
    must(cty_file_read(child->log, &log, &house_error));
    const char *at = strstr(cty_buf_text(&log), word);
    must_be(at != NULL);
    at += strlen(word);
    size_t length = strcspn(at, "\n");
    must_be(length < size);
    memcpy(out, at, length);
    out[length] = 0;
    cty_buf_done(&log);
}

static void start_witness(struct office *o, unsigned number)
{
    const struct house *h = o->load->house;
    struct child *child = &o->witnesses[number];
    char folder[128], name[32];
    const char *const argv[] = {house_program("CUSTODY_CUSTODY", "src/cli/custody"), "witness", "run", "--dir", folder, "--name",
                                name, "--listen", "http://127.0.0.1:0", h->log_vkey, NULL};
    snprintf(folder, sizeof(folder), "%s/w%u", h->folder, number);
    snprintf(name, sizeof(name), "w%u.example", number);
    snprintf(child->log, sizeof(child->log), "%s/w%u.log", h->folder, number);
    must_be(child_start(child, argv) && child_says(child, "\npolicy ", HOUSE_PATIENCE_MS));
}

static void write_policy(struct office *o)
{
    struct cty_buf text = CTY_BUF_INIT(16384);
    char line[600];
    snprintf(o->policy, sizeof(o->policy), "%s/policy", o->load->house->folder);
    must(cty_buf_putf(&text, "log %s\n", o->load->house->log_vkey));
    for (unsigned i = 0; i < WITNESSES; i++) {
        read_line_of(&o->witnesses[i], "\npolicy ", line, sizeof(line));
        must(cty_buf_putf(&text, "%s\n", line + strspn(line, " ")));
    }
    must(cty_buf_putf(&text, "group most %u", NEEDED));
    for (unsigned i = 0; i < WITNESSES; i++)
        must(cty_buf_putf(&text, " w%u.example", i));
    must(cty_buf_put_text(&text, "\nquorum most\n"));
    FILE *file = fopen(o->policy, "w");
    must_be(file && fputs(cty_buf_text(&text), file) >= 0 && fclose(file) == 0);
    cty_buf_done(&text);
}

/* ---- asking ---- */

static custody_err ask(struct office *o, const struct cty_rpc_call *call)
{
    size_t size = 0;
    cty_buf_clear(&o->text);
    cty_buf_clear(&o->frame);
    must(cty_rpc_call_write(call, &o->text));
    bench_frame(cty_buf_bytes(&o->text), &o->frame);
    uint8_t *answer = bench_line_call(&o->line, cty_buf_bytes(&o->frame), &size);
    must(cty_rpc_open(&o->message, bench_answer(answer, size), CTY_ANSWER_NODES_MAX, &house_error));
    must(cty_rpc_answer_read(&o->message, cty_rpc_first(&o->message), call->rpc, &o->answer, &o->result, &house_error));
    custody_err err = o->answer.failed ? o->answer.failure.code : CUSTODY_OK;
    free(answer);
    return err;
}

static void wait_for_witnesses(struct office *o, uint64_t index)
{
    const struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = 1}, .rpc = CTY_RPC_PROOF_INCLUSION,
                                      .params.u.proof_inclusion = {.index = index, .witnessed = true}};
    double until = bench_now() + PATIENCE_S;
    custody_err err;
    while ((err = ask(o, &call)) == CUSTODY_E_NOT_WITNESSED && bench_now() < until)
        usleep(ASK_AGAIN_US);
    if (err != CUSTODY_OK)
        house_fail(__FILE__, __LINE__, "a witnessed receipt", err, "of a request that was taken");
}

static void begin(struct office *o)
{
    o->text.limit = o->frame.limit = CTY_MESSAGE_BYTES_MAX;
    for (unsigned i = 0; i < WITNESSES; i++)
        start_witness(o, i);
    write_policy(o);
    house_stop(o->load->house);
    bench_start(o->load->house, (const char *const[]){"--witnesses", o->policy, NULL});
    must_be(bench_line_dial(&o->line, o->load->house));
    wait_for_witnesses(o, 0);
}

static void end(struct office *o)
{
    bench_line_close(&o->line);
    cty_rpc_done(&o->message);
    cty_buf_done(&o->text);
    cty_buf_done(&o->frame);
    house_stop(o->load->house);
    for (unsigned i = 0; i < WITNESSES; i++)
        must_be(child_end(&o->witnesses[i], SIGTERM, HOUSE_PATIENCE_MS) == 0);
    bench_start(o->load->house, NULL);
}

/* The next request follows when the one before has its witnesses. */
static void measure(struct office *o, size_t count, struct bench_spent *plain, struct bench_times *witnessed)
{
    struct bench_crowd *crowd = bench_crowd_open(o->load->house, 1);
    for (size_t i = 0; i < count; i++) {
        bench_load_round(o->load, crowd, (const size_t[BENCH_STEPS]){1}, plain);
        wait_for_witnesses(o, o->load->size - 1);
        must_be(bench_times_add(witnessed, (bench_now() - plain->newest_began) * 1e3));
    }
    bench_crowd_close(crowd);
}

void bench_witnesses(struct bench_load *load, size_t count, struct bench_table *table)
{
    struct office *o = cty_alloc(1, sizeof(*o));
    struct bench_spent plain = {0};
    struct bench_times witnessed = {0};
    must_be(o != NULL);
    o->load = load;
    begin(o);
    measure(o, count, &plain, &witnessed);
    end(o);
    bench_put(table, BENCH_RECEIPT_MS_P50, bench_percentile(plain.ms.items, plain.ms.count, 50));
    bench_put(table, BENCH_RECEIPT_MS_P99, bench_percentile(plain.ms.items, plain.ms.count, 99));
    bench_put(table, BENCH_WITNESSED_MS_P50, bench_percentile(witnessed.items, witnessed.count, 50));
    bench_put(table, BENCH_WITNESSED_MS_P99, bench_percentile(witnessed.items, witnessed.count, 99));
    bench_times_done(&plain.ms);
    bench_times_done(&witnessed);
    free(o);
}
