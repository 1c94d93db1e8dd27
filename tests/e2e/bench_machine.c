/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine can do: signatures on one core, a synced block, and a durable commit of the rows that a request brings. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "audit/parallel.h"
#include "base/check.h"
#include "bench.h"
#include "store/reader.h"

#define BLOCK_BYTES 4096u
#define CORES_MAX 64u

static double clock_now(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double bench_now(void)
{
    return clock_now(CLOCK_MONOTONIC);
}

double bench_thread_cpu(void)
{
    return clock_now(CLOCK_THREAD_CPUTIME_ID);
}

/* ---- signatures ---- */

static const uint8_t filler[CTY_STATEMENT_BYTES_MAX];

void bench_machine_begin(struct bench_machine *machine, size_t statement_size, double sample_s)
{
    must_be(statement_size <= sizeof(filler));
    *machine = (struct bench_machine){.statement_size = statement_size, .sample_s = sample_s};
    must(cty_secret_new(CTY_LITERAL("acme/bench"), &machine->secret));
}

/* What one core does, beside others that do the same. */
struct core {
    const struct bench_machine *machine;
    double sign_per_s;
    double verify_per_s;
};

static void measure_core(void *context, size_t number)
{
    struct core *core = (struct core *)context + number;
    const struct bench_machine *machine = core->machine;
    const struct cty_bytes text = cty_bytes_make(filler, machine->statement_size);
    struct cty_signature signature;
    unsigned count = 0;
    double began = bench_thread_cpu();
    for (; bench_thread_cpu() - began < machine->sample_s / 3; count++)
        cty_sign(machine->secret, text, &signature);
    core->sign_per_s = count / (bench_thread_cpu() - began);
    count = 0;
    began = bench_thread_cpu();
    for (; bench_thread_cpu() - began < machine->sample_s; count++)
        must(cty_verify(cty_secret_key(machine->secret), text, &signature));
    core->verify_per_s = count / (bench_thread_cpu() - began);
}

/* On all cores at once, as a custodian under load and an audit have them: one core alone may be quicker. */
void bench_machine_sample(struct bench_machine *machine)
{
    struct core cores[CORES_MAX];
    unsigned count = cty_parallel_cores() < CORES_MAX ? cty_parallel_cores() : CORES_MAX;
    double sign = 0, verify = 0;
    must_be(machine->samples < BENCH_SAMPLES_MAX);
    for (unsigned i = 0; i < count; i++)
        cores[i] = (struct core){.machine = machine};
    cty_parallel(count, count, measure_core, cores);
    for (unsigned i = 0; i < count; i++) {
        sign += cores[i].sign_per_s / count;
        verify += cores[i].verify_per_s / count;
    }
    machine->sign[machine->samples] = sign;
    machine->verify[machine->samples++] = verify;
}

double bench_machine_verify_since(const struct bench_machine *machine, size_t first)
{
    double samples[BENCH_SAMPLES_MAX];
    must_be(first < machine->samples);
    memcpy(samples, machine->verify + first, (machine->samples - first) * sizeof(samples[0]));
    return bench_percentile(samples, machine->samples - first, 50);
}

void bench_machine_put(struct bench_machine *machine, struct bench_table *table)
{
    double verify = bench_percentile(machine->verify, machine->samples, 50);
    bench_put(table, BENCH_VERIFY_PER_S_CORE, verify);
    bench_put(table, BENCH_VERIFY_US, 1e6 / verify);
    bench_put(table, BENCH_VERIFY_SPREAD, machine->verify[machine->samples - 1] / machine->verify[0]);
    bench_put(table, BENCH_SIGN_PER_S_CORE, bench_percentile(machine->sign, machine->samples, 50));
}

void bench_machine_done(struct bench_machine *machine)
{
    cty_secret_free(machine->secret);
}

/* ---- a block ---- */

void bench_syncs_measure(const struct house *h, size_t count, struct bench_times *times)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/block", h->folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must_be(fd >= 0);
    for (size_t i = 0; i < count; i++) {
        double began = bench_now();
        must_be(pwrite(fd, filler, BLOCK_BYTES, 0) == (ssize_t)BLOCK_BYTES && fdatasync(fd) == 0);
        must_be(bench_times_add(times, (bench_now() - began) * 1000));
    }
    must_be(close(fd) == 0 && unlink(path) == 0);
}

/* ---- a commit ---- */

static const char *const schema[] = {
#define CTY_OBJECT(type, name, table, definition) definition,
#include "store/schema.def"
#undef CTY_OBJECT
};

/* The rows of one request and its verdict. */
static const char *const inserts[] = {
    "INSERT INTO entry (idx, opened, trust, body) VALUES (?1 * 2, ?1 * 2, 0, ?2)",
    "INSERT INTO entry (idx, opened, trust, body) VALUES (?1 * 2 + 1, ?1 * 2, 0, ?2)",
    "INSERT INTO record (key, value) VALUES ('ledger', zeroblob(900)) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    "INSERT INTO record (key, value) VALUES ('id/a' || hex(randomblob(15)), zeroblob(100))",
    "INSERT INTO record (key, value) VALUES ('id/b' || hex(randomblob(15)), zeroblob(100))",
    "INSERT INTO record (key, value) VALUES ('case/' || hex(randomblob(32)), zeroblob(1900))",
    "INSERT INTO escrow VALUES (?1 * 2, randomblob(32), 1, ?1 + 1000000, ?1 * 2 + 1, 'acme/agent-1', 'acme/agent-1', "
    "'billing', 'acme')",
    "INSERT INTO blob VALUES (randomblob(32), 'payload', randomblob(32), randomblob(32), zeroblob(32))",
    "INSERT INTO tile VALUES (0, ?1 / 128, zeroblob(32 * ((?1 % 128) * 2 + 2))) "
    "ON CONFLICT (level, idx) DO UPDATE SET hashes = excluded.hashes",
    "INSERT INTO checkpoint VALUES (?1 * 2 + 2, randomblob(32), zeroblob(200))",
};

struct bench_commits {
    sqlite3 *db;
    sqlite3_stmt *statements[CTY_COUNT_OF(inserts)];
    struct cty_buf body; /* of the newest entry */
    unsigned count;
};

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        house_fail(__FILE__, __LINE__, sql, CUSTODY_E_STORAGE, sqlite3_errmsg(db));
}

static void read_body(const struct house *h, struct cty_buf *body)
{
    struct cty_store_reader *reader = NULL;
    must(cty_store_reader_open(h->database, &reader, &house_error));
    must(cty_store_begin_read(reader, &house_error));
    must(cty_store_read_entry(reader, cty_store_size(reader) - 1, body, &house_error));
    cty_store_reader_close(reader);
}

struct bench_commits *bench_commits_open(const struct house *h)
{
    char path[128];
    struct bench_commits *commits = cty_alloc(1, sizeof(*commits));
    must_be(commits != NULL);
    commits->body.limit = CTY_ENTRY_BYTES_MAX;
    read_body(h, &commits->body);
    snprintf(path, sizeof(path), "%s/commits.db", h->folder);
    must_be(sqlite3_open(path, &commits->db) == SQLITE_OK);
    run(commits->db, "PRAGMA journal_mode = WAL");
    run(commits->db, "PRAGMA synchronous = FULL");
    for (size_t i = 0; i < CTY_COUNT_OF(schema); i++)
        run(commits->db, schema[i]);
    for (size_t i = 0; i < CTY_COUNT_OF(inserts); i++) {
        if (sqlite3_prepare_v2(commits->db, inserts[i], -1, &commits->statements[i], NULL) != SQLITE_OK)
            house_fail(__FILE__, __LINE__, inserts[i], CUSTODY_E_STORAGE, sqlite3_errmsg(commits->db));
    }
    return commits;
}

static void insert(struct bench_commits *commits, sqlite3_stmt *statement)
{
    int parameters = sqlite3_bind_parameter_count(statement);
    if (parameters > 0)
        must_be(sqlite3_bind_int64(statement, 1, commits->count) == SQLITE_OK);
    if (parameters > 1)
        must_be(sqlite3_bind_blob(statement, 2, commits->body.data, (int)commits->body.size, SQLITE_STATIC) == SQLITE_OK);
    if (sqlite3_step(statement) != SQLITE_DONE || sqlite3_reset(statement) != SQLITE_OK)
        house_fail(__FILE__, __LINE__, sqlite3_sql(statement), CUSTODY_E_STORAGE, sqlite3_errmsg(commits->db));
}

void bench_commits_measure(struct bench_commits *commits, size_t count, struct bench_times *times)
{
    for (size_t n = 0; n < count; n++) {
        double began = bench_now();
        run(commits->db, "BEGIN IMMEDIATE");
        for (size_t i = 0; i < CTY_COUNT_OF(inserts); i++)
            insert(commits, commits->statements[i]);
        run(commits->db, "COMMIT");
        must_be(bench_times_add(times, (bench_now() - began) * 1000));
        commits->count++;
    }
}

void bench_commits_close(struct bench_commits *commits)
{
    for (size_t i = 0; i < CTY_COUNT_OF(inserts); i++)
        sqlite3_finalize(commits->statements[i]);
    sqlite3_close(commits->db);
    cty_buf_done(&commits->body);
    free(commits);
}
