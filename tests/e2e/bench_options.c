/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_options.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"

static const char help[] =
    "usage: tools/bench [--quick] [--entries N] [--clients N] [--cases N] [--waiters N]\n"
    "                   [--json FILE] [--compare OLD.json]\n"
    "\n"
    "Measures a custodian with a ledger in a temporary folder against what this machine can do in the same run, audits\n"
    "the ledger, and prints a table. spec/bench.md says what each figure is. TMPDIR chooses the disk.\n"
    "\n"
    "  --quick         smaller numbers: about 20 seconds in the place of some minutes\n"
    "  --entries N     grow the ledger to so many entries before it is measured again (100000; quick 20000)\n"
    "  --clients N     clients at once for submit_per_s and submit_ratio (100)\n"
    "  --cases N       cases for each number of clients, four submissions each (2000; quick 400)\n"
    "  --waiters N     clients that wait for news (5000; quick 200), as far as limits allow\n"
    "  --json FILE     write the figures to FILE too\n"
    "  --compare OLD   compare with the figures of another run\n"
    "\n"
    "Exit status: 0 measured; 1 something is wrong, and no figure counts; 4 usage.\n";

#define ENTRIES_MAX 2000000u
#define CASES_MAX 100000u
#define CLIENTS_MAX 4096u
#define WAITERS_MAX 16384u

static const struct bench_options full_run = {.entries = 100000, .clients = 100, .cases = 2000, .waiters = 5000, .lone = 300,
                                        .looks = 2000, .sample_s = 0.3, .wait_s = 20};
static const struct bench_options quick_run = {.entries = 20000, .clients = 100, .cases = 400, .waiters = 200, .lone = 120,
                                         .looks = 800, .sample_s = 0.1, .wait_s = 3};

static _Noreturn void refuse(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(4);
}

static _Noreturn void refuse_usage(void)
{
    fputs(help, stderr);
    exit(4);
}

static unsigned number_of(const char *text, unsigned max)
{
    uint64_t number = 0;
    if (!text || cty_u64_parse(cty_bytes_text(text), max, &number) != CUSTODY_OK || number == 0)
        refuse_usage();
    return (unsigned)number;
}

static void take_option(struct bench_options *options, const char *name, const char *value)
{
    if (!value)
        refuse_usage();
    if (strcmp(name, "--entries") == 0)
        options->entries = number_of(value, ENTRIES_MAX);
    else if (strcmp(name, "--clients") == 0)
        options->clients = number_of(value, CLIENTS_MAX);
    else if (strcmp(name, "--cases") == 0)
        options->cases = number_of(value, CASES_MAX);
    else if (strcmp(name, "--waiters") == 0)
        options->waiters = number_of(value, WAITERS_MAX);
    else if (strcmp(name, "--json") == 0)
        options->json = value;
    else if (strcmp(name, "--compare") == 0)
        options->compare = value;
    else
        refuse_usage();
}

/* --quick stands beneath the others, wherever it is said. */
static void parse(int argc, char **argv, struct bench_options *options)
{
    *options = full_run;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            *options = quick_run;
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            exit(0);
        }
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            continue;
        take_option(options, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        i++;
    }
}

/* Before the run, which takes minutes. */
static void open_files(struct bench_options *options)
{
    struct cty_buf text = CTY_BUF_INIT(BENCH_OLD_BYTES_MAX);
    custody_error error = {0};
    if (options->compare) {
        custody_err err = cty_file_read(options->compare, &text, &error);
        if (err == CUSTODY_OK)
            err = bench_old_parse(cty_buf_bytes(&text), &options->old, &error);
        if (err != CUSTODY_OK)
            refuse(options->compare, error.detail[0] ? error.detail : custody_err_sentence(err));
    }
    cty_buf_done(&text);
    FILE *file = options->json ? fopen(options->json, "a") : NULL;
    if (options->json && (!file || fclose(file) != 0))
        refuse(options->json, "can't be written");
}

void bench_options_read(int argc, char **argv, struct bench_options *ret_options)
{
    parse(argc, argv, ret_options);
    open_files(ret_options);
}
