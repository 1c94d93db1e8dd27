/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine can do: signatures on one core, and one durable commit of the rows that a request brings. */
#include "bench.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "audit/parallel.h"
#include "base/check.h"

#define MEASURE_S 1.0
#define COMMITS 200u

double bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Processor time of this thread: others may be busy on the machine. */
static double cpu_now(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* ---- signatures ---- */

static void measure_signatures(struct cty_bytes statement, struct bench_machine *machine)
{
    struct cty_secret *secret = NULL;
    struct cty_signature signature;
    unsigned count = 0;
    must(cty_secret_new(CTY_LITERAL("acme/bench"), &secret));
    double began = cpu_now();
    for (; cpu_now() - began < MEASURE_S; count++)
        cty_sign(secret, statement, &signature);
    machine->sign_per_s = count / (cpu_now() - began);
    count = 0;
    began = cpu_now();
    for (; cpu_now() - began < MEASURE_S; count++)
        must(cty_verify(cty_secret_key(secret), statement, &signature));
    machine->verify_per_s = count / (cpu_now() - began);
    cty_secret_free(secret);
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

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        house_fail(__FILE__, __LINE__, sql, CUSTODY_E_STORAGE, sqlite3_errmsg(db));
}

static sqlite3 *open_database(const char *path)
{
    sqlite3 *db = NULL;
    must_be(sqlite3_open(path, &db) == SQLITE_OK);
    run(db, "PRAGMA journal_mode = WAL");
    run(db, "PRAGMA synchronous = FULL");
    for (size_t i = 0; i < CTY_COUNT_OF(schema); i++)
        run(db, schema[i]);
    return db;
}

static void insert(sqlite3 *db, sqlite3_stmt *statement, unsigned number, struct cty_bytes body)
{
    must_be(sqlite3_bind_int64(statement, 1, number) == SQLITE_OK);
    if (sqlite3_bind_parameter_count(statement) > 1)
        must_be(sqlite3_bind_blob(statement, 2, body.data, (int)body.size, SQLITE_STATIC) == SQLITE_OK);
    if (sqlite3_step(statement) != SQLITE_DONE)
        house_fail(__FILE__, __LINE__, sqlite3_sql(statement), CUSTODY_E_STORAGE, sqlite3_errmsg(db));
    sqlite3_reset(statement);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double measure_commits(sqlite3 *db, struct cty_bytes body)
{
    sqlite3_stmt *statements[CTY_COUNT_OF(inserts)];
    double times[COMMITS];
    for (size_t i = 0; i < CTY_COUNT_OF(inserts); i++) {
        if (sqlite3_prepare_v2(db, inserts[i], -1, &statements[i], NULL) != SQLITE_OK)
            house_fail(__FILE__, __LINE__, inserts[i], CUSTODY_E_STORAGE, sqlite3_errmsg(db));
    }
    for (unsigned n = 0; n < COMMITS; n++) {
        double began = bench_now();
        run(db, "BEGIN IMMEDIATE");
        for (size_t i = 0; i < CTY_COUNT_OF(inserts); i++) {
            bool bound = sqlite3_bind_parameter_count(statements[i]) > 0;
            if (bound)
                insert(db, statements[i], n, body);
            else
                must_be(sqlite3_step(statements[i]) == SQLITE_DONE && sqlite3_reset(statements[i]) == SQLITE_OK);
        }
        run(db, "COMMIT");
        times[n] = bench_now() - began;
    }
    for (size_t i = 0; i < CTY_COUNT_OF(inserts); i++)
        sqlite3_finalize(statements[i]);
    qsort(times, COMMITS, sizeof(times[0]), compare);
    return times[COMMITS / 2] * 1000;
}

/* Beside the ledger, so on the same disk. */
static void measure_disk(const struct house *h, struct bench_machine *machine)
{
    char path[128];
    struct cty_store_reader *reader = NULL;
    struct cty_buf body = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    must(cty_store_reader_open(h->database, &reader, &house_error));
    must(cty_store_begin_read(reader, &house_error));
    must(cty_store_read_entry(reader, cty_store_size(reader) - 1, &body, &house_error));
    cty_store_reader_close(reader);
    snprintf(path, sizeof(path), "%s/commits.db", h->folder);
    sqlite3 *db = open_database(path);
    machine->commit_ms = measure_commits(db, cty_buf_bytes(&body));
    sqlite3_close(db);
    cty_buf_done(&body);
}

void bench_machine_measure(const struct house *h, struct cty_bytes statement, struct bench_machine *ret_machine)
{
    ret_machine->cores = cty_parallel_cores();
    measure_signatures(statement, ret_machine);
    measure_disk(h, ret_machine);
}
