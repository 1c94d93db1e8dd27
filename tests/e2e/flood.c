/* SPDX-License-Identifier: Apache-2.0 */
/* Plays floods against custodians of their own and prints what somebody quiet felt beside them. See --help. */
#include "flood.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

static const char help[] =
    "usage: tools/flood [--play NAME]... [--seconds N] [--quick] [--json FILE] [--list]\n"
    "\n"
    "Starts a custodian in a temporary folder for each play, floods it, and lets one quiet actor submit a request every\n"
    "20 ms beside that. Prints how long the quiet one waited, alone, beside each flood, and against the same load spread\n"
    "over many actors; what it and the flood were refused; and whether the ledger is whole.\n"
    "\n"
    "  --play NAME   this play, and those that it is compared with; default: all\n"
    "  --seconds N   how long one play lasts, 1 to 60; default 4\n"
    "  --quick       half a second each\n"
    "  --json FILE   writes the figures\n"
    "  --list        says which plays there are\n"
    "\n"
    "Exit status 1 where a promise of spec/flood.md that is no time was broken. TMPDIR chooses the disk.\n";

#define PLAYS_MAX 32u
#define REFERENCES 2u /* alone, spread */

/* What is kept of a play when it is over. */
struct row {
    const struct flood_play *play;
    double p50_ms;
    double p99_ms;
    double reads_p99_ms;
    size_t submits;
    double seconds;
    double cpu_s;
    double peak_mib;
    uint64_t entries;
    struct flood_tally tally;
    struct flood_tally quiet;
    uint64_t lost;
    char broken[300]; /* empty: every promise was kept */
};

struct run {
    struct row rows[PLAYS_MAX];
    size_t count;
    unsigned ms;
    const char *json;
    bool chosen[PLAYS_MAX];
};

/* ---- one play ---- */

static void keep_row(struct row *row, struct flood *f)
{
    struct flood_quiet *quiet = &f->quiet;
    row->play = f->play;
    row->p50_ms = flood_percentile(quiet->submits_ms, quiet->submits, 50);
    row->p99_ms = flood_percentile(quiet->submits_ms, quiet->submits, 99);
    row->reads_p99_ms = flood_percentile(quiet->reads_ms, quiet->reads, 99);
    row->submits = quiet->submits;
    row->seconds = f->seconds;
    row->cpu_s = f->cpu_s;
    row->peak_mib = (double)f->peak / (1024 * 1024);
    row->entries = f->entries;
    row->tally = f->tally;
    row->quiet = quiet->tally;
    row->lost = quiet->lost;
    flood_broken(f, row->broken, sizeof(row->broken));
}

static void play(struct run *run, const struct flood_play *which)
{
    static struct flood f;
    must_be(run->count < PLAYS_MAX);
    fprintf(stderr, "%s: %s\n", which->name, which->what);
    flood_play(&f, which, run->ms);
    struct row *row = &run->rows[run->count++];
    keep_row(row, &f);
    if (!row->broken[0])
        house_well(f.house);
    flood_done(&f);
}

/* ---- the table ---- */

static double ratio(double value, double reference)
{
    return reference > 0 ? value / reference : 0;
}

static void put_codes(FILE *file, const struct flood_tally *tally)
{
    const char *between = "";
    for (unsigned code = 0; code < CUSTODY_ERR_COUNT; code++) {
        if (tally->codes[code] == 0)
            continue;
        fprintf(file, "%s%s %llu", between, custody_err_name((custody_err)code), (unsigned long long)tally->codes[code]);
        between = ", ";
    }
    if (tally->large)
        fprintf(file, "%slarge answers %llu", between, (unsigned long long)tally->large);
    if (tally->closed)
        fprintf(file, "%sclosed %llu", *between || tally->large ? ", " : "", (unsigned long long)tally->closed);
}

static uint64_t refusals(const struct row *row)
{
    uint64_t count = row->lost;
    for (unsigned code = 1; code < CUSTODY_ERR_COUNT; code++)
        count += row->quiet.codes[code];
    return count;
}

static void print_table(const struct run *run)
{
    const struct row *alone = &run->rows[0], *spread = &run->rows[1];
    printf("%-15s %6s %8s %8s %8s %9s %9s %7s %6s %6s  %s\n", "play", "quiet", "p50 ms", "p99 ms", "x alone",
           "x spread", "read p99", "refused", "cpu s", "MiB", "answers to the flood");
    for (size_t i = 0; i < run->count; i++) {
        const struct row *row = &run->rows[i];
        printf("%-15s %6zu %8.2f %8.2f %8.2f %9.2f %9.2f %7llu %6.2f %6.0f  ", row->play->name, row->submits,
               row->p50_ms, row->p99_ms, ratio(row->p99_ms, alone->p99_ms), ratio(row->p99_ms, spread->p99_ms),
               row->reads_p99_ms, (unsigned long long)refusals(row), row->cpu_s, row->peak_mib);
        put_codes(stdout, &row->tally);
        putchar('\n');
    }
    printf("\nquiet: requests that the quiet actor submitted; p50, p99: how long they took; x: ratios of the p99; refused: of\n"
           "all its calls; cpu: processor time of custodyd; MiB: the most memory that it had.\n");
}

static bool print_broken(const struct run *run)
{
    bool any = false;
    for (size_t i = 0; i < run->count; i++) {
        if (run->rows[i].broken[0])
            printf("%s%s: %s\n", any ? "" : "\nbroken:\n", run->rows[i].play->name, run->rows[i].broken);
        any = any || run->rows[i].broken[0];
    }
    return any;
}

/* ---- the file ---- */

static void write_codes(FILE *file, const struct flood_tally *tally)
{
    const char *between = "";
    fputs("{", file);
    for (unsigned code = 0; code < CUSTODY_ERR_COUNT; code++) {
        if (tally->codes[code] == 0)
            continue;
        fprintf(file, "%s\"%s\": %llu", between, custody_err_name((custody_err)code),
                (unsigned long long)tally->codes[code]);
        between = ", ";
    }
    fputs("}", file);
}

static void write_row(FILE *file, const struct run *run, const struct row *row)
{
    fprintf(file, "    {\"play\": \"%s\", \"seconds\": %.2f, \"quiet_submits\": %zu, \"quiet_ms_p50\": %.3f, "
            "\"quiet_ms_p99\": %.3f, \"quiet_reads_ms_p99\": %.3f, \"ratio_alone\": %.2f, \"ratio_spread\": %.2f, "
            "\"quiet_lost\": %llu, \"quiet_codes\": ", row->play->name, row->seconds, row->submits, row->p50_ms,
            row->p99_ms, row->reads_p99_ms, ratio(row->p99_ms, run->rows[0].p99_ms),
            ratio(row->p99_ms, run->rows[1].p99_ms), (unsigned long long)row->lost);
    write_codes(file, &row->quiet);
    fputs(", \"codes\": ", file);
    write_codes(file, &row->tally);
    fprintf(file, ", \"said\": %llu, \"mute\": %llu, \"opened\": %llu, \"closed\": %llu, \"left\": %llu, "
            "\"cpu_s\": %.3f, \"peak_rss_mib\": %.1f, \"entries\": %llu, \"kept\": %s}",
            (unsigned long long)row->tally.said, (unsigned long long)row->tally.mute,
            (unsigned long long)row->tally.opened, (unsigned long long)row->tally.closed,
            (unsigned long long)row->tally.left, row->cpu_s, row->peak_mib, (unsigned long long)row->entries,
            row->broken[0] ? "false" : "true");
}

static void write_json(const struct run *run)
{
    FILE *file = run->json ? fopen(run->json, "w") : NULL;
    if (!run->json)
        return;
    if (!file)
        house_fail(__FILE__, __LINE__, run->json, CUSTODY_E_IO, "could not be written");
    fputs("{\n  \"plays\": [\n", file);
    for (size_t i = 0; i < run->count; i++) {
        write_row(file, run, &run->rows[i]);
        fputs(i + 1 < run->count ? ",\n" : "\n", file);
    }
    fputs("  ]\n}\n", file);
    must_be(fclose(file) == 0);
}

/* ---- the command line ---- */

_Noreturn static void refuse(void)
{
    fputs(help, stderr);
    exit(4);
}

static void choose(struct run *run, const char *name)
{
    const struct flood_play *found = name ? flood_find(name) : NULL;
    if (!found)
        refuse();
    for (size_t i = 0; flood_play_at(i); i++)
        run->chosen[i] = run->chosen[i] || flood_play_at(i) == found;
}

static void list(void)
{
    for (size_t i = 0; flood_play_at(i); i++)
        printf("%-15s %s\n", flood_play_at(i)->name, flood_play_at(i)->what);
}

static void read_seconds(struct run *run, const char *text)
{
    uint64_t seconds = 0;
    if (!text || cty_u64_parse(cty_bytes_text(text), FLOOD_SECONDS_MAX, &seconds) != CUSTODY_OK || seconds == 0)
        refuse();
    run->ms = (unsigned)seconds * 1000;
}

/* False where there is nothing to play. */
static bool read_arguments(struct run *run, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--list") == 0) {
            strcmp(argv[i], "--help") == 0 ? (void)fputs(help, stdout) : list();
            return false;
        }
        if (strcmp(argv[i], "--quick") == 0)
            run->ms = 500;
        else if (strcmp(argv[i], "--play") == 0)
            choose(run, argv[++i]);
        else if (strcmp(argv[i], "--seconds") == 0)
            read_seconds(run, argv[++i]);
        else if (strcmp(argv[i], "--json") == 0 && i + 1 < argc)
            run->json = argv[++i];
        else
            refuse();
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct run run = {.ms = 4000};
    bool all = true;
    if (!read_arguments(&run, argc, argv))
        return 0;
    for (size_t i = 0; flood_play_at(i); i++)
        all = all && !run.chosen[i];
    for (size_t i = 0; flood_play_at(i); i++) {
        if (all || run.chosen[i] || i < REFERENCES)
            play(&run, flood_play_at(i));
    }
    print_table(&run);
    write_json(&run);
    return print_broken(&run) ? 1 : 0;
}
