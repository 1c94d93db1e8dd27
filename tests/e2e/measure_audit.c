/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `custody audit` takes for a ledger of so many entries: processor time and the most memory, from nothing, for 100 entries
 * more, and without a state file. The ledger is made in this process and published as tiles; the program is run as people do.
 *
 * usage: measure_audit [--entries N]        CUSTODY_CUSTODY names the program
 */
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "kit/world_evidence.h"
#include "kit/world_tiles.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)
#define MORE 100
#define AGENTS 40
#define PEAK_MIB_MAX 256.0
#define VERIFIES 2000

extern char **environ;

static const char policy[] = "{\"admin_quorum\":2,\"rules\":["
                             "{\"approvals\":1,\"effect\":\"hold\",\"match\":{\"action\":\"refund\"},\"roles\":[\"approver\"]},"
                             "{\"effect\":\"pass\"}]}";

struct figures {
    double cpu_s, wall_s, peak_mib;
};

/* ---- the ledger ---- */

static struct world *begin(const char *folder)
{
    struct world *w = world_new();
    struct cty_buf trust = CTY_BUF_INIT(8192);
    char name[32];
    world_open(w, policy);
    world_party(w, "acme");
    MUST(world_person(w, "acme/c", "approver", "c"));
    MUST(world_person(w, "acme/boss", NULL, "boss"));
    for (int i = 0; i < AGENTS; i++) {
        snprintf(name, sizeof(name), "acme/bot%d", i);
        MUST(world_agent(w, name, "acme/boss"));
    }
    world_trust_text(w, true, &trust);
    world_write(folder, "trust.json", cty_buf_bytes(&trust));
    cty_buf_done(&trust);
    return w;
}

/* One case from its request to its outcome: six entries. Contents are not audited here. */
static void play(struct world *w, unsigned number)
{
    struct cty_hash c;
    char name[32];
    snprintf(name, sizeof(name), "acme/bot%u", number % AGENTS);
    w->time += 3;
    MUST(world_request(w, name, name, "refund", "{\"amount\":500}", &c));
    MUST(world_decide(w, &c, "acme/c", CTY_APPROVE));
    MUST(world_consume(w, &c, name));
    MUST(world_outcome(w, &c, name, CTY_OUTCOME_FULFILLED));
    for (size_t i = 0; i < w->blobs_count; i++)
        free((void *)(uintptr_t)w->blobs[i].content.data);
    w->blobs_count = 0;
}

/* ---- the audit ---- */

static double seconds(clockid_t clock)
{
    struct timespec now;
    CTY_CHECK(clock_gettime(clock, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct figures audit(const char *folder, const char *published, const char *option)
{
    char trust[160], tiles[160];
    const char *program = getenv("CUSTODY_CUSTODY");
    struct rusage used;
    pid_t child = 0;
    int status = 0;
    snprintf(trust, sizeof(trust), "%s/trust.json", folder);
    snprintf(tiles, sizeof(tiles), "%s/%s", folder, published);
    const char *const argv[] = {program ? program : "custody", "audit", "--trust", trust, "--tiles", tiles, "--json", option, NULL};
    posix_spawn_file_actions_t actions;
    CTY_CHECK(posix_spawn_file_actions_init(&actions) == 0);
    CTY_CHECK(posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) == 0);
    double from = seconds(CLOCK_MONOTONIC);
    CTY_CHECK(posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ) == 0);
    CTY_CHECK(wait4(child, &status, 0, &used) == child);
    posix_spawn_file_actions_destroy(&actions);
    CTY_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return (struct figures){.cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                                     (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
                            .wall_s = seconds(CLOCK_MONOTONIC) - from,
                            .peak_mib = (double)used.ru_maxrss / 1024};
}

/* Time of one signature check, in this process and now. */
static double verify_us(void)
{
    struct world *w = world_new();
    struct cty_signature signature;
    uint8_t message[900] = {1};
    struct cty_bytes bytes = cty_bytes_make(message, sizeof(message));
    const struct cty_secret *secret = world_secret(w, "log");
    cty_sign(secret, bytes, &signature);
    double from = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < VERIFIES; i++)
        MUST(cty_verify(cty_secret_key(secret), bytes, &signature));
    double us = (seconds(CLOCK_PROCESS_CPUTIME_ID) - from) / VERIFIES * 1e6;
    world_free(w);
    return us;
}

static void print(const char *what, const struct figures *f, uint64_t entries, double us)
{
    printf("%-22s %8llu entries %9.2f s processor %9.2f s %9.1f us an entry %6.2f of a signature check %7.1f MiB\n", what,
           (unsigned long long)entries, f->cpu_s, f->wall_s, f->cpu_s * 1e6 / (double)entries,
           us * (double)entries / (f->cpu_s * 1e6), f->peak_mib);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

/* In a process of its own: what this one ever held would count as the audit's, which is started from it. */
static uint64_t publish(const char *folder, uint64_t entries)
{
    char path[160];
    int status = 0;
    pid_t child = fork();
    CTY_CHECK(child >= 0);
    if (child > 0) {
        CTY_CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
        return entries;
    }
    struct world *w = begin(folder);
    for (unsigned i = 0; w->entries_count < entries; i++)
        play(w, i);
    snprintf(path, sizeof(path), "%s/before", folder);
    world_publish(w, path, entries - MORE);
    snprintf(path, sizeof(path), "%s/tiles", folder);
    world_publish(w, path, entries);
    _exit(0);
}

static void measure(const char *folder, uint64_t entries)
{
    uint64_t size = publish(folder, entries);
    double us = verify_us();
    struct figures first = audit(folder, "before", NULL);
    struct figures more = audit(folder, "tiles", NULL);
    us = (us + verify_us()) / 2;
    struct figures whole = audit(folder, "tiles", "--no-state");
    print("the first time", &first, size - MORE, us);
    print("100 entries more", &more, MORE, us);
    print("without a state file", &whole, size, us);
    printf("100 entries more take %.2f %% of what all take; one signature check: %.1f us\n", more.cpu_s * 100 / whole.cpu_s, us);
    CTY_CHECK(first.peak_mib < PEAK_MIB_MAX && whole.peak_mib < PEAK_MIB_MAX);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/custody-audit-XXXXXX";
    uint64_t entries = 100000;
    if (argc == 3 && strcmp(argv[1], "--entries") == 0)
        entries = strtoull(argv[2], NULL, 10);
    MUST(cty_crypto_init());
    CTY_CHECK(mkdtemp(folder));
    measure(folder, entries);
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
