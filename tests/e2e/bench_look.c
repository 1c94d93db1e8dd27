/* SPDX-License-Identifier: Apache-2.0 */
/* Single calls: round trips, proofs, and the first answer after a start. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/check.h"
#include "bench.h"
#include "books.h"
#include "proto/rpc.h"

/* Cases that leave a log behind before a kill. */
#define RESTART_CASES 50u
#define RESTART_CLIENTS 10u

static const char ask_info[] = "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\"}";

static void dial(struct bench_line *line, const struct house *h)
{
    if (!bench_line_dial(line, h))
        house_fail(__FILE__, __LINE__, h->url, CUSTODY_E_UNREACHABLE, "nobody is there");
}

/* ---- round trips ---- */

static void call_info(struct bench_line *line)
{
    size_t size = 0;
    struct cty_buf frame = CTY_BUF_INIT(256);
    bench_frame(cty_bytes_text(ask_info), &frame);
    uint8_t *answer = bench_line_call(line, cty_buf_bytes(&frame), &size);
    must_be(!bench_answer_failed(bench_answer(answer, size)));
    free(answer);
    cty_buf_done(&frame);
}

void bench_round_trips(const struct house *h, size_t count, struct bench_table *table)
{
    struct bench_line line;
    struct bench_times us = {0};
    dial(&line, h);
    for (size_t i = 0; i < count; i++) {
        double began = bench_now();
        call_info(&line);
        must_be(bench_times_add(&us, (bench_now() - began) * 1e6));
    }
    bench_put(table, BENCH_ROUND_TRIP_US, bench_percentile(us.items, us.count, 50));
    bench_line_close(&line);
    bench_times_done(&us);
}

/* ---- proofs ---- */

/* What a reader has of an entry before it asks for the proof. */
struct prover {
    const struct house *house;
    struct bench_line line;
    struct cty_store_reader *reader;
    struct cty_rpc_message message;
    struct cty_rpc_answer answer;
    union cty_rpc_result result;
    struct cty_buf entry;
    struct cty_buf text;
    struct cty_buf frame;
};

static struct prover *prover_new(const struct house *h)
{
    struct prover *prover = cty_alloc(1, sizeof(*prover));
    must_be(prover != NULL);
    prover->house = h;
    prover->entry.limit = CTY_ENTRY_BYTES_MAX;
    prover->text.limit = prover->frame.limit = CTY_MESSAGE_BYTES_MAX;
    dial(&prover->line, h);
    must(cty_store_reader_open(h->database, &prover->reader, &house_error));
    must(cty_store_begin_read(prover->reader, &house_error));
    return prover;
}

static void prover_free(struct prover *prover)
{
    bench_line_close(&prover->line);
    cty_store_reader_close(prover->reader);
    cty_rpc_done(&prover->message);
    cty_buf_done(&prover->entry);
    cty_buf_done(&prover->text);
    cty_buf_done(&prover->frame);
    free(prover);
}

/* Any entry, and the question for it. */
static void prepare_proof(struct prover *prover)
{
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = 1}, .rpc = CTY_RPC_PROOF_INCLUSION};
    uint64_t bits = 0;
    cty_random(&bits, sizeof(bits));
    call.params.u.proof_inclusion.index = bits % cty_store_size(prover->reader);
    cty_buf_clear(&prover->entry);
    cty_buf_clear(&prover->text);
    cty_buf_clear(&prover->frame);
    must(cty_store_read_entry(prover->reader, call.params.u.proof_inclusion.index, &prover->entry, &house_error));
    must(cty_rpc_call_write(&call, &prover->text));
    bench_frame(cty_buf_bytes(&prover->text), &prover->frame);
}

/* Asks, reads, verifies the checkpoint and the path. */
static void prove(struct prover *prover)
{
    size_t size = 0;
    struct cty_receipt receipt;
    struct cty_checkpoint checkpoint;
    uint8_t *answer = bench_line_call(&prover->line, cty_buf_bytes(&prover->frame), &size);
    must(cty_rpc_open(&prover->message, bench_answer(answer, size), CTY_ANSWER_NODES_MAX, &house_error));
    must(cty_rpc_answer_read(&prover->message, cty_rpc_first(&prover->message), CTY_RPC_PROOF_INCLUSION, &prover->answer,
                             &prover->result, &house_error));
    must_be(!prover->answer.failed);
    must(cty_receipt_open(prover->result.proof_inclusion.receipt, cty_buf_bytes(&prover->entry),
                          CTY_LITERAL(HOUSE_ORIGIN), cty_secret_key(prover->house->log), &receipt, &checkpoint));
    free(answer);
}

void bench_proofs(const struct house *h, size_t count, struct bench_table *table)
{
    struct prover *prover = prover_new(h);
    struct bench_times us = {0};
    double cpu = child_cpu_s(&h->custodyd);
    for (size_t i = 0; i < count; i++) {
        prepare_proof(prover);
        double began = bench_now();
        prove(prover);
        must_be(bench_times_add(&us, (bench_now() - began) * 1e6));
    }
    bench_put(table, BENCH_PROOF_CPU_US, (child_cpu_s(&h->custodyd) - cpu) / (double)count * 1e6);
    bench_put(table, BENCH_PROOF_US, bench_percentile(us.items, us.count, 50));
    bench_times_done(&us);
    prover_free(prover);
}

/* ---- restarts ---- */

static bool has_ended(const struct child *child)
{
    siginfo_t info = {.si_pid = 0};
    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

double bench_start(struct house *h, const char *const *more)
{
    static const struct timespec pause = {.tv_nsec = 200000};
    const char *argv[24];
    struct bench_line line;
    house_arguments(h, more, argv);
    double began = bench_now();
    must_be(child_start(&h->custodyd, argv));
    while (!bench_line_dial(&line, h)) {
        if (has_ended(&h->custodyd) || bench_now() - began > HOUSE_PATIENCE_MS / 1e3)
            house_fail(__FILE__, __LINE__, "custodyd did not start again", CUSTODY_E_UNREACHABLE, "see its log");
        nanosleep(&pause, NULL);
    }
    call_info(&line);
    double took = bench_now() - began;
    bench_line_close(&line);
    return took;
}

/* One line of /proc/PID/status, in bytes. */
double bench_rss_bytes(const struct house *h)
{
    char path[64], line[256];
    double bytes = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)h->custodyd.pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file)) {
        if (strncmp(line, "VmRSS:", strlen("VmRSS:")) == 0)
            bytes = (double)strtoull(line + strlen("VmRSS:"), NULL, 10) * 1024;
    }
    if (file)
        fclose(file);
    must_be(bytes > 0);
    return bytes;
}

static double log_bytes(const struct house *h)
{
    char path[128];
    struct stat status;
    snprintf(path, sizeof(path), "%s-wal", h->database);
    return stat(path, &status) == 0 ? (double)status.st_size : 0;
}

static void keep_peak(const struct house *h, struct bench_restart *restart)
{
    double peak = (double)child_peak_bytes(&h->custodyd);
    if (restart->peak_bytes < peak)
        restart->peak_bytes = peak;
}

/* As it would be on a bad day: right behind a load. */
static void kill_behind_load(struct bench_load *load, struct bench_restart *restart)
{
    struct bench_crowd *crowd = bench_crowd_open(load->house, RESTART_CLIENTS);
    bench_load_stock(load, crowd, RESTART_CASES);
    bench_load_run(load, crowd, RESTART_CASES, RESTART_CASES, NULL);
    keep_peak(load->house, restart);
    house_kill(load->house);
    bench_crowd_close(crowd);
    restart->log_kib = log_bytes(load->house) / 1024;
    must_be(restart->log_kib > 0);
}

void bench_restarts(struct bench_load *load, unsigned times, struct bench_restart *restart)
{
    struct bench_times ms = {0};
    for (unsigned i = 0; i < times; i++) {
        kill_behind_load(load, restart);
        must_be(bench_times_add(&ms, bench_start(load->house, NULL) * 1000));
    }
    restart->killed_ms = bench_percentile(ms.items, ms.count, 50);
    house_stop(load->house);
    restart->clean_ms = bench_start(load->house, NULL) * 1000;
    bench_times_done(&ms);
}
