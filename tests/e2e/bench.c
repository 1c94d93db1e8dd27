/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures a custodian against what its machine can do, all in one run, so that the ratios hold on any machine. Nothing
 * here passes or fails by time; that everything was recorded as it should be is checked. See --help and spec/bench.md.
 */
#include "bench.h"

#include <sys/resource.h>

#include "audit/parallel.h"
#include "base/check.h"
#include "bench_options.h"

/* Where the first window of growth lies, in entries. */
#define THEN_ENTRIES 10000u
/* Cases of a round inside a window, so that a stock of them fits before the first one. */
#define WINDOW_ROUND 400u
/* A window is run in so many parts, with samples of the machine around and between them. */
#define WINDOW_PARTS 5u
#define LONE_BLOCKS 6u
/* Clients of the largest level that is always measured; and what else connects. */
#define CROWD_MAX 1000u
#define CONNECTIONS_KEPT 24u
/* Clients that take the last cases to their end; not measured. */
#define DRAIN_CLIENTS 64u

struct bench {
    struct bench_options options;
    struct house *house;
    struct bench_load load;
    struct bench_machine machine;
    struct bench_table table;
    struct bench_restart restart;
    struct {
        struct bench_spent spent;
        double verify_per_s; /* by samples around and between its parts */
    } windows[2]; /* of growth: then and now */
    struct {
        unsigned clients;
        struct bench_spent spent;
        double verify_per_s; /* by samples between its rounds */
    } levels[BENCH_LEVELS_MAX];
    size_t levels_count;
    double began;
    struct bench_time spent;
};

/* ---- the phases of a run ---- */

static void say(const struct bench *b, const char *what)
{
    fprintf(stderr, "bench: %4.0f s, %llu entries: %s\n", bench_now() - b->began, (unsigned long long)b->load.size, what);
}

/* By turns, so that a disk that is busy for a while is so for both. */
static void measure_lone(struct bench *b)
{
    struct bench_spent spent = {0};
    struct bench_times commits = {0}, syncs = {0};
    struct bench_crowd *crowd = bench_crowd_open(b->house, 1);
    size_t block = (b->options.lone + LONE_BLOCKS - 1) / LONE_BLOCKS;
    bench_load_round(&b->load, crowd, (const size_t[BENCH_STEPS]){1}, NULL);
    struct bench_commits *database = bench_commits_open(b->house);
    for (unsigned i = 0; i < LONE_BLOCKS; i++) {
        bench_load_round(&b->load, crowd, (const size_t[BENCH_STEPS]){block}, &spent);
        bench_commits_measure(database, block, &commits);
        bench_syncs_measure(b->house, block, &syncs);
    }
    double request = bench_percentile(spent.ms.items, spent.ms.count, 50);
    double commit = bench_percentile(commits.items, commits.count, 50);
    bench_put(&b->table, BENCH_FSYNC_MS, bench_percentile(syncs.items, syncs.count, 50));
    bench_put(&b->table, BENCH_COMMIT_MS, commit);
    bench_put(&b->table, BENCH_REQUEST_MS_P50, request);
    bench_put(&b->table, BENCH_REQUEST_OVER_COMMIT, request / commit);
    bench_commits_close(database);
    bench_crowd_close(crowd);
    bench_times_done(&commits);
    bench_times_done(&syncs);
    bench_times_done(&spent.ms);
}

/* Runs in parts, with samples of the machine before, between and behind them: how quick it is changes meanwhile. */
static double run_sampled(struct bench *b, struct bench_crowd *crowd, size_t cases, size_t part, size_t round,
                          struct bench_spent *spent)
{
    size_t first = b->machine.samples;
    bench_machine_sample(&b->machine);
    for (size_t left = cases, now; left > 0; left -= now) {
        now = left < part ? left : part;
        bench_load_run(&b->load, crowd, now, now < round ? now : round, spent);
        bench_machine_sample(&b->machine);
    }
    return bench_machine_verify_since(&b->machine, first);
}

/* Fills the ledger so far that the window ends or has its middle there. */
static void measure_window(struct bench *b, uint64_t begin, unsigned window)
{
    struct bench_crowd *crowd = bench_crowd_open(b->house, b->options.clients);
    size_t cases = b->options.cases, part = (cases + WINDOW_PARTS - 1) / WINDOW_PARTS;
    size_t round = part < WINDOW_ROUND ? part : WINDOW_ROUND;
    bench_load_stock(&b->load, crowd, round);
    bench_load_fill(&b->load, crowd, begin);
    b->windows[window].verify_per_s = run_sampled(b, crowd, cases, part, round, &b->windows[window].spent);
    bench_crowd_close(crowd);
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static void measure_then(struct bench *b)
{
    uint64_t half = b->options.entries / 2;
    uint64_t middle = half < THEN_ENTRIES ? half : THEN_ENTRIES;
    uint64_t span = (uint64_t)b->options.cases * BENCH_ENTRIES_PER_CASE;
    measure_window(b, less(middle, span / 2), 0);
    bench_put(&b->table, BENCH_GROWTH_ENTRIES_THEN, (double)less(b->load.size, span / 2));
    bench_put(&b->table, BENCH_RSS_MIB_THEN, bench_rss_bytes(b->house) / (1024 * 1024));
    bench_restarts(&b->load, 3, &b->restart);
    bench_put(&b->table, BENCH_RESTART_MS_THEN, b->restart.killed_ms);
}

static void measure_now(struct bench *b)
{
    uint64_t span = (uint64_t)b->options.cases * BENCH_ENTRIES_PER_CASE;
    measure_window(b, less(b->options.entries, span), 1);
    bench_put(&b->table, BENCH_GROWTH_ENTRIES, (double)less(b->load.size, span / 2));
    bench_put(&b->table, BENCH_RSS_MIB, bench_rss_bytes(b->house) / (1024 * 1024));
    bench_proofs(b->house, (b->options.looks + 3) / 4, &b->table);
    bench_restarts(&b->load, 3, &b->restart);
    bench_put(&b->table, BENCH_RESTART_MS, b->restart.killed_ms);
    bench_put(&b->table, BENCH_RESTART_LOG_KIB, b->restart.log_kib);
    bench_put(&b->table, BENCH_RESTART_CLEAN_MS, b->restart.clean_ms);
}

/* One client is slow and needs fewer cases, a crowd more of them to get going. */
static size_t cases_for(const struct bench *b, unsigned clients)
{
    if (clients == 1)
        return (b->options.cases + 9) / 10;
    return clients >= CROWD_MAX ? (size_t)b->options.cases * 2 : b->options.cases;
}

/* Rounds of a level, so that there are samples of the machine from between them; large ones for a large crowd. */
static size_t round_for(size_t cases, unsigned clients)
{
    size_t round = (cases + 4) / 5;
    if (clients >= CROWD_MAX)
        round = (cases + 1) / 2;
    return round < BENCH_ROUND_MAX ? round : BENCH_ROUND_MAX;
}

static void measure_level(struct bench *b, unsigned clients)
{
    size_t cases = cases_for(b, clients), round = round_for(cases, clients), level = b->levels_count++;
    struct bench_crowd *crowd = bench_crowd_open(b->house, clients);
    bench_load_stock(&b->load, crowd, round);
    b->levels[level].clients = clients;
    b->levels[level].verify_per_s = run_sampled(b, crowd, cases, round, round, &b->levels[level].spent);
    bench_crowd_close(crowd);
}

/* By rising numbers; that of --clients is one of them, or one more. */
static void measure_levels(struct bench *b)
{
    static const unsigned usual[] = {1, 10, 100, CROWD_MAX};
    unsigned own = b->options.clients;
    for (size_t i = 0; i < CTY_COUNT_OF(usual); i++) {
        if (own < usual[i] && (i == 0 || own > usual[i - 1]))
            measure_level(b, own);
        measure_level(b, usual[i]);
    }
    if (own > usual[CTY_COUNT_OF(usual) - 1])
        measure_level(b, own);
}

static void finish(struct bench *b)
{
    struct bench_crowd *crowd = bench_crowd_open(b->house, DRAIN_CLIENTS);
    bench_load_drain(&b->load, crowd);
    bench_crowd_close(crowd);
    bench_machine_sample(&b->machine);
    house_stop(b->house);
}

/* ---- what comes of it ---- */

static double cpu_us(const struct bench_spent *spent)
{
    return spent->daemon_cpu_s / (double)spent->calls * 1e6;
}

static double per_s(const struct bench_spent *spent)
{
    return (double)spent->calls / spent->seconds;
}

static void put_level(struct bench *b, size_t number)
{
    struct bench_spent *spent = &b->levels[number].spent;
    struct bench_level *level = &b->table.levels[number];
    level->clients = b->levels[number].clients;
    level->values[BENCH_LEVEL_SUBMIT_PER_S] = per_s(spent);
    level->values[BENCH_LEVEL_SUBMIT_CPU_US] = cpu_us(spent);
    level->values[BENCH_LEVEL_SUBMIT_RATIO] = 1e6 / b->levels[number].verify_per_s / cpu_us(spent);
    level->values[BENCH_LEVEL_LOAD_CPU_US] = spent->load_cpu_s / (double)spent->calls * 1e6;
    level->values[BENCH_LEVEL_SUBMIT_MS_P50] = bench_percentile(spent->ms.items, spent->ms.count, 50);
    level->values[BENCH_LEVEL_SUBMIT_MS_P99] = bench_percentile(spent->ms.items, spent->ms.count, 99);
    b->table.levels_count = number + 1;
    if (spent->busy)
        bench_note(&b->table, "%zu answers to %u clients said `busy`; what they answered was sent again.", spent->busy,
                   level->clients);
}

static void put_main_level(struct bench *b, const struct bench_level *level)
{
    bench_put(&b->table, BENCH_CLIENTS, level->clients);
    bench_put(&b->table, BENCH_SUBMIT_PER_S, level->values[BENCH_LEVEL_SUBMIT_PER_S]);
    bench_put(&b->table, BENCH_SUBMIT_SHARE, level->values[BENCH_LEVEL_SUBMIT_PER_S] /
                                                 (b->table.values[BENCH_VERIFY_PER_S_CORE] * b->table.values[BENCH_CORES]));
    bench_put(&b->table, BENCH_SUBMIT_CPU_US, level->values[BENCH_LEVEL_SUBMIT_CPU_US]);
    bench_put(&b->table, BENCH_SUBMIT_RATIO, level->values[BENCH_LEVEL_SUBMIT_RATIO]);
    bench_put(&b->table, BENCH_LOAD_CPU_US, level->values[BENCH_LEVEL_LOAD_CPU_US]);
}

static void put_levels(struct bench *b)
{
    for (size_t i = 0; i < b->levels_count; i++) {
        const struct bench_level *level = &b->table.levels[i];
        put_level(b, i);
        if (level->clients == b->options.clients)
            put_main_level(b, level);
        if (level->clients == 1) {
            bench_put(&b->table, BENCH_SUBMIT_MS_P50, level->values[BENCH_LEVEL_SUBMIT_MS_P50]);
            bench_put(&b->table, BENCH_SUBMIT_MS_P99, level->values[BENCH_LEVEL_SUBMIT_MS_P99]);
        }
    }
}

/* Where each of the two windows has its figures. */
struct growth {
    enum bench_figure verify, per_s, share, cpu_us, submit_ratio;
};

static void put_window(struct bench *b, unsigned window, const struct growth *put)
{
    const struct bench_spent *spent = &b->windows[window].spent;
    double verify = b->windows[window].verify_per_s;
    bench_put(&b->table, put->verify, verify);
    bench_put(&b->table, put->per_s, per_s(spent));
    bench_put(&b->table, put->share, per_s(spent) / (verify * b->table.values[BENCH_CORES]));
    bench_put(&b->table, put->cpu_us, cpu_us(spent));
    bench_put(&b->table, put->submit_ratio, 1e6 / verify / cpu_us(spent));
}

static double quotient(const struct bench *b, enum bench_figure above, enum bench_figure below)
{
    return b->table.values[above] / b->table.values[below];
}

static void put_growth(struct bench *b)
{
    static const struct growth then = {BENCH_GROWTH_VERIFY_PER_S_THEN, BENCH_GROWTH_PER_S_THEN, BENCH_GROWTH_SHARE_THEN,
                                       BENCH_GROWTH_CPU_US_THEN, BENCH_GROWTH_SUBMIT_RATIO_THEN};
    static const struct growth now = {BENCH_GROWTH_VERIFY_PER_S, BENCH_GROWTH_PER_S, BENCH_GROWTH_SHARE,
                                      BENCH_GROWTH_CPU_US, BENCH_GROWTH_SUBMIT_RATIO};
    put_window(b, 0, &then);
    put_window(b, 1, &now);
    bench_put(&b->table, BENCH_GROWTH_RATIO, quotient(b, now.share, then.share));
    bench_put(&b->table, BENCH_GROWTH_RAW_RATIO, quotient(b, now.per_s, then.per_s));
    bench_put(&b->table, BENCH_GROWTH_CPU_RATIO, quotient(b, now.submit_ratio, then.submit_ratio));
    bench_put(&b->table, BENCH_GROWTH_CPU_RAW_RATIO, quotient(b, then.cpu_us, now.cpu_us));
    bench_put(&b->table, BENCH_PEAK_RSS_MIB, b->restart.peak_bytes / (1024 * 1024));
}

static void put_others(struct bench *b)
{
    struct bench_time now = bench_time_spent();
    double others = now.all_s - b->spent.all_s - (now.own_s - b->spent.own_s);
    others = others > 0 ? others / (bench_now() - b->began) : 0;
    bench_put(&b->table, BENCH_OTHERS_CORES, others);
    if (others > BENCH_QUIET_CORES)
        bench_note(&b->table, "Other programs took %.2f of %.0f cores: only what goes by processor time says much.", others,
                   b->table.values[BENCH_CORES]);
}

static void put_all(struct bench *b)
{
    bench_put(&b->table, BENCH_CORES, cty_parallel_cores());
    bench_audit(&b->load, &b->machine, &b->table);
    bench_machine_put(&b->machine, &b->table);
    put_levels(b);
    put_growth(b);
    put_others(b);
    bench_put(&b->table, BENCH_RUN_S, bench_now() - b->began);
}

/* ---- all of it ---- */

static void begin(struct bench *b)
{
    unsigned most = b->options.clients < CROWD_MAX ? CROWD_MAX : b->options.clients;
    const struct house_config config = {.connections = most + CONNECTIONS_KEPT};
    b->began = bench_now();
    b->spent = bench_time_spent();
    b->house = house_new(&config);
    bench_machine_words(b->house, &b->table);
    bench_load_begin(&b->load, b->house);
}

static void run(struct bench *b)
{
    begin(b);
    say(b, "one client");
    measure_lone(b);
    bench_machine_begin(&b->machine, b->load.statement_size, b->options.sample_s);
    bench_machine_sample(&b->machine);
    bench_round_trips(b->house, b->options.looks, &b->table);
    say(b, "the first window");
    measure_then(b);
    say(b, "by clients");
    measure_levels(b);
    say(b, "growing");
    bench_restarts(&b->load, 1, &b->restart);
    measure_now(b);
    say(b, "witnesses");
    bench_witnesses(&b->load, b->options.lone, &b->table);
    say(b, "waiting");
    bench_wait(&b->load, b->options.waiters, b->options.wait_s, &b->table);
    finish(b);
    say(b, "auditing");
    put_all(b);
    house_well(b->house);
}

static void show(const struct bench *b)
{
    bench_print(&b->table, stdout);
    if (b->options.compare)
        bench_print_comparison(&b->table, &b->options.old, stdout);
    if (!b->options.json)
        return;
    FILE *file = fopen(b->options.json, "w");
    if (!file)
        house_fail(__FILE__, __LINE__, b->options.json, CUSTODY_E_IO, "could not be written");
    bench_write_json(&b->table, file);
    if (fclose(file) != 0)
        house_fail(__FILE__, __LINE__, b->options.json, CUSTODY_E_IO, "could not be written");
}

/* Waiting clients are files, here and in custodyd, which inherits the limit. */
static void raise_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

int main(int argc, char **argv)
{
    static struct bench b;
    bench_options_read(argc, argv, &b.options);
    raise_files();
    run(&b);
    show(&b);
    house_free(b.house);
    for (size_t i = 0; i < b.levels_count; i++)
        bench_times_done(&b.levels[i].spent.ms);
    bench_times_done(&b.windows[0].spent.ms);
    bench_times_done(&b.windows[1].spent.ms);
    bench_machine_done(&b.machine);
    bench_load_done(&b.load);
    return 0;
}
