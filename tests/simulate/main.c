/* SPDX-License-Identifier: Apache-2.0 */
/* Runs seeds; tools/simulate builds it and calls it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "simulate/sim.h"

#define STEPS 600u

struct options {
    uint64_t seeds, from, steps;
    bool trace;
};

static const char usage_text[] =
    "usage: tools/simulate [--seeds N] [--from SEED] [--steps N]\n"
    "       tools/simulate --seed SEED [--steps N] [--trace]\n"
    "\n"
    "Plays a custodian through power cuts, failing disks, jumping clocks and a bad network,\n"
    "each choice made by the seed, and looks after each step whether what was said still holds\n"
    "(spec/simulator.md). The same seed gives the same run.\n"
    "\n"
    "  --seeds N    so many seeds, 20 if not given\n"
    "  --from SEED  the first of them, 1 if not given\n"
    "  --steps N    steps of each, 600 if not given\n"
    "  --seed SEED  this one alone\n"
    "  --trace      print all that happens\n"
    "\n"
    "exit status: 0 nothing was wrong, 1 something was, 4 usage\n";

static char replay_line[160]; /* for a crash of the code under test */

static void on_crash(int signal_number)
{
    ssize_t wrote = write(STDOUT_FILENO, replay_line, strlen(replay_line));
    (void)wrote;
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static bool read_number(const char *text, uint64_t *ret_number)
{
    char *end = NULL;
    if (!text || text[0] < '0' || text[0] > '9')
        return false;
    *ret_number = strtoull(text, &end, 10);
    return *end == 0;
}

static bool read_options(char **arguments, struct options *o)
{
    for (char **a = arguments + 1; *a; a++) {
        bool read = true;
        if (strcmp(*a, "--seeds") == 0)
            read = read_number(*++a, &o->seeds);
        else if (strcmp(*a, "--from") == 0)
            read = read_number(*++a, &o->from);
        else if (strcmp(*a, "--steps") == 0)
            read = read_number(*++a, &o->steps);
        else if (strcmp(*a, "--seed") == 0 && (read = read_number(*++a, &o->from)))
            o->seeds = 1;
        else if (strcmp(*a, "--trace") == 0)
            o->trace = true;
        else
            return false;
        if (!read)
            return false;
    }
    return true;
}

static void write_replay(uint64_t seed, uint64_t steps)
{
    snprintf(replay_line, sizeof(replay_line), "replay: tools/simulate --seed %llu --steps %llu --trace\n",
             (unsigned long long)seed, (unsigned long long)steps);
}

static bool run_one(uint64_t seed, const struct options *o, struct tally *tally)
{
    struct failure failure;
    uint64_t hash = 0;
    write_replay(seed, o->steps);
    bool right = sim_run(seed, o->steps, tally, o->trace, &failure, &hash);
    if (o->seeds == 1)
        printf("seed %llu: trace %016llx\n", (unsigned long long)seed, (unsigned long long)hash);
    if (right)
        return true;
    printf("seed %llu, step %llu: %s: %s\n%s", (unsigned long long)seed, (unsigned long long)failure.step,
           failure.oracle, failure.text, replay_line);
    fflush(stdout);
    return false;
}

int main(int argc, char **argv)
{
    static struct tally tally;
    struct options o = {.seeds = 20, .from = 1, .steps = STEPS};
    uint64_t wrong = 0;
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage_text, stdout);
        return 0;
    }
    if (!read_options(argv, &o)) {
        fputs(usage_text, stderr);
        return 4;
    }
    signal(SIGABRT, on_crash);
    signal(SIGSEGV, on_crash);
    for (uint64_t i = 0; i < o.seeds; i++)
        wrong += !run_one(o.from + i, &o, &tally);
    tally_print(&tally);
    printf("%llu seeds, %llu wrong\n", (unsigned long long)o.seeds, (unsigned long long)wrong);
    return wrong ? 1 : 0;
}
