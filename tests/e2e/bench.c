/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures a custodian against what its machine can do, all in one run, so that the ratios hold on any machine. Nothing
 * here passes or fails by time; that everything was recorded as it should be is checked. See --help.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/check.h"

static const char help[] =
    "usage: tools/bench [--cases N] [--clients N] [--json FILE]\n"
    "\n"
    "Starts a custodian in a temporary folder and takes N cases (default 2000) through request, approval, consume\n"
    "and outcome with so many clients at once (default 100). Prints a table, and writes it as JSON to FILE.\n"
    "\n"
    "Statements are signed before a clock starts and receipts are parsed after it has stopped. TMPDIR chooses the disk.\n";

#define VALUES_MAX 64u

/* One line of the table. */
struct value {
    const char *name;
    const char *what;
    double number;
    int digits;
};

struct bench {
    struct bench_load load;
    struct bench_machine machine;
    struct house *house;
    const char *json;
    struct value values[VALUES_MAX];
    size_t values_count;
    char names[BENCH_STEPS][32];
};

static void put(struct bench *b, const char *name, double number, int digits, const char *what)
{
    must_be(b->values_count < VALUES_MAX);
    b->values[b->values_count++] = (struct value){name, what, number, digits};
}

/* ---- what comes of it ---- */

static void put_machine(struct bench *b)
{
    put(b, "cores", b->machine.cores, 0, "that this process may use");
    put(b, "verify_per_s_core", b->machine.verify_per_s, 0, "signatures of a request's size verified in one second of one core");
    put(b, "sign_per_s_core", b->machine.sign_per_s, 0, "the same, signed");
    put(b, "commit_ms", b->machine.commit_ms, 3, "one full-sync SQLite commit of a request's rows, median");
}

static void put_submissions(struct bench *b)
{
    const struct bench_load *load = &b->load;
    double seconds = 0, cpu = 0, count = (double)load->cases_count * BENCH_STEPS;
    put(b, "submit_ms_p50", load->lone_p50_ms, 3, "one request, one client, nobody else");
    put(b, "submit_ms_p99", load->lone_p99_ms, 3, "");
    put(b, "submit_ms_p50_over_commit", load->lone_p50_ms / b->machine.commit_ms, 2, "");
    for (unsigned i = 0; i < BENCH_STEPS; i++) {
        seconds += load->seconds[i];
        cpu += load->daemon_cpu[i];
        snprintf(b->names[i], sizeof(b->names[i]), "%s_per_s", bench_step_names[i]);
        put(b, b->names[i], load->cases_count / load->seconds[i], 0, i == 0 ? "of all clients at once, by step" : "");
    }
    put(b, "submit_per_s", count / seconds, 0, "of all four steps, load generator on the same cores");
    put(b, "daemon_us_per_submit", cpu / count * 1e6, 1, "processor time of custodyd");
    put(b, "verify_us", 1e6 / b->machine.verify_per_s, 1, "one signature");
    put(b, "submit_ratio", count / b->machine.verify_per_s / cpu, 3, "time of one verify / processor time of one submission");
}

static double file_bytes(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (double)status.st_size : 0;
}

static void put_audit(struct bench *b)
{
    struct books books = {.without_contents = true};
    books_open(&books, b->house);
    double rate = (double)books.size / books.replay_s;
    put(b, "entries", (double)books.size, 0, "in the ledger");
    put(b, "audit_per_s", rate, 0, "entries: every signature, link, proof and rule, on all cores");
    put(b, "audit_ratio", rate / (b->machine.verify_per_s * b->machine.cores), 3, "audit_per_s / (verify rate x cores)");
    put(b, "audit_cpu_ratio", (double)books.size / books.replay_cpu_s / b->machine.verify_per_s, 3,
        "the same by processor time, where others are busy on the machine");
    put(b, "bytes_per_entry", file_bytes(b->house->database) / (double)books.size, 0, "of the database file");
    put(b, "entry_bytes", (double)books.bytes / (double)books.size, 0, "of an entry's text");
    books_close(&books);
}

/* Figures of a ledger that isn't whole are worth nothing. */
static void check_ledger(const struct bench *b)
{
    struct books books = {.size = 0};
    books_open(&books, b->house);
    const char *fault = books_fault(&books);
    if (fault)
        house_fail(__FILE__, __LINE__, "the ledger is not whole", CUSTODY_E_INTERNAL, fault);
    for (size_t i = 0; i < b->load.cases_count; i++) {
        struct cty_case record;
        must_be(books_case(&books, &b->load.cases[i].id, &record) && record.state == CTY_CASE_FULFILLED);
    }
    books_close(&books);
}

static void print_table(const struct bench *b)
{
    for (size_t i = 0; i < b->values_count; i++)
        printf("%-26s %14.*f  %s\n", b->values[i].name, b->values[i].digits, b->values[i].number, b->values[i].what);
}

static void write_json(const struct bench *b)
{
    FILE *file = b->json ? fopen(b->json, "w") : NULL;
    if (!b->json)
        return;
    if (!file)
        house_fail(__FILE__, __LINE__, b->json, CUSTODY_E_IO, "could not be written");
    fputs("{\n", file);
    for (size_t i = 0; i < b->values_count; i++)
        fprintf(file, "  \"%s\": %.*f%s\n", b->values[i].name, b->values[i].digits, b->values[i].number,
                i + 1 < b->values_count ? "," : "");
    fputs("}\n", file);
    must_be(fclose(file) == 0);
}

static void run(struct bench *b)
{
    static const uint8_t filler[2048];
    b->house = b->load.house = house_new(NULL);
    bench_load_run(&b->load);
    uint64_t peak = child_peak_bytes(&b->house->custodyd);
    house_stop(b->house);
    bench_machine_measure(b->house, cty_bytes_make(filler, b->load.statement_size), &b->machine);
    put_machine(b);
    put(b, "cases", b->load.cases_count, 0, "");
    put(b, "clients", b->load.clients, 0, "");
    put_submissions(b);
    put_audit(b);
    put(b, "daemon_peak_mib", (double)peak / (1024 * 1024), 1, "most memory that custodyd had");
    check_ledger(b);
    print_table(b);
    write_json(b);
    house_well(b->house);
}

static unsigned number_of(const char *text, unsigned max)
{
    uint64_t number = 0;
    if (!text || cty_u64_parse(cty_bytes_text(text), max, &number) != CUSTODY_OK || number == 0) {
        fputs(help, stderr);
        exit(4);
    }
    return (unsigned)number;
}

int main(int argc, char **argv)
{
    static struct bench b = {.load = {.clients = 100, .cases_count = 2000}};
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--cases") == 0)
            b.load.cases_count = number_of(value, 1000000);
        else if (strcmp(argv[i], "--clients") == 0)
            b.load.clients = number_of(value, BENCH_CLIENTS_MAX);
        else if (strcmp(argv[i], "--json") == 0 && value)
            b.json = value;
        else
            number_of(NULL, 0);
    }
    run(&b);
    house_free(b.house);
    bench_load_done(&b.load);
    return 0;
}
