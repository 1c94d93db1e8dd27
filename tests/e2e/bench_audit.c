/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger at the end. Figures of one that isn't whole are worth nothing. */
#include <sys/stat.h>

#include "bench.h"
#include "books.h"

static double file_bytes(const char *path)
{
    struct stat status;
    must_be(stat(path, &status) == 0);
    return (double)status.st_size;
}

/*
 * Without contents: those are the readers', and an auditor may have none. What signatures cost is measured before and behind:
 * how quick a machine is changes from one minute to the next, where others share it.
 */
static void measure(const struct house *h, struct bench_machine *machine, struct bench_table *table)
{
    struct books books = {.without_contents = true};
    size_t first = machine->samples;
    bench_machine_sample(machine);
    books_open(&books, h);
    bench_machine_sample(machine);
    double size = (double)books.size, verify_per_s = (machine->verify[first] + machine->verify[first + 1]) / 2;
    bench_put(table, BENCH_ENTRIES, size);
    bench_put(table, BENCH_AUDIT_PER_S, size / books.replay_s);
    bench_put(table, BENCH_AUDIT_RATIO, size / books.replay_s / verify_per_s / table->values[BENCH_CORES]);
    bench_put(table, BENCH_AUDIT_CPU_RATIO, size / books.replay_cpu_s / verify_per_s);
    bench_put(table, BENCH_BYTES_PER_ENTRY, file_bytes(h->database) / size);
    bench_put(table, BENCH_ENTRY_BYTES, (double)books.bytes / size);
    books_close(&books);
}

static void check(const struct bench_load *load)
{
    struct books books = {.size = 0};
    books_open(&books, load->house);
    const char *fault = books_fault(&books);
    if (fault)
        house_fail(__FILE__, __LINE__, "the ledger is not whole", CUSTODY_E_INTERNAL, fault);
    must_be(books.size == load->size);
    for (size_t i = 0; i < load->done[BENCH_REQUEST]; i++) {
        struct cty_case record;
        must_be(books_case(&books, &load->cases[i].id, &record) && record.state == CTY_CASE_FULFILLED);
    }
    books_close(&books);
}

void bench_audit(const struct bench_load *load, struct bench_machine *machine, struct bench_table *table)
{
    bench_put(table, BENCH_CASES, (double)load->done[BENCH_OUTCOME]);
    measure(load->house, machine, table);
    check(load);
}
