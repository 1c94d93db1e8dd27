/* SPDX-License-Identifier: Apache-2.0 */
/* The machine and what runs on it, in words; and what others took of it. */
#include <mntent.h>
#include <nng/nng.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static void say_date(struct bench_table *table)
{
    struct tm parts;
    time_t now = time(NULL);
    must_be(gmtime_r(&now, &parts) != NULL);
    must_be(strftime(table->words[BENCH_DATE], BENCH_WORD_MAX, "%Y-%m-%d %H:%M UTC", &parts) > 0);
}

/* What is behind the colon of /proc/cpuinfo's first such line; other architectures have none. */
static void say_cpu(struct bench_table *table, const char *machine)
{
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(table->words[BENCH_CPU], BENCH_WORD_MAX, "%.60s", machine);
    while (file && fgets(line, sizeof(line), file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", strlen("model name")) != 0 || !colon)
            continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(table->words[BENCH_CPU], BENCH_WORD_MAX, "%.*s", (int)BENCH_WORD_MAX - 1, colon + strspn(colon, ": "));
        break;
    }
    if (file)
        fclose(file);
}

static bool is_under(const char *path, const char *folder)
{
    size_t size = strlen(folder);
    if (size > 1 && strncmp(path, folder, size) == 0)
        return path[size] == '/' || path[size] == 0;
    return strcmp(folder, "/") == 0;
}

/* The mount that is furthest down, and of those the last one. */
static void say_file_system(const struct house *h, struct bench_table *table)
{
    size_t best = 0;
    FILE *mounts = setmntent("/proc/self/mounts", "r");
    snprintf(table->words[BENCH_FILE_SYSTEM], BENCH_WORD_MAX, "unknown");
    for (struct mntent *mount = mounts ? getmntent(mounts) : NULL; mount; mount = getmntent(mounts)) {
        if (!is_under(h->folder, mount->mnt_dir) || strlen(mount->mnt_dir) < best)
            continue;
        best = strlen(mount->mnt_dir);
        snprintf(table->words[BENCH_FILE_SYSTEM], BENCH_WORD_MAX, "%.40s", mount->mnt_type);
    }
    if (mounts)
        endmntent(mounts);
}

void bench_machine_words(const struct house *h, struct bench_table *table)
{
    struct utsname system;
    must_be(uname(&system) == 0);
    say_date(table);
    say_cpu(table, system.machine);
    say_file_system(h, table);
    snprintf(table->words[BENCH_KERNEL], BENCH_WORD_MAX, "%.30s %.60s", system.sysname, system.release);
    snprintf(table->words[BENCH_LIBSODIUM], BENCH_WORD_MAX, "%s", sodium_version_string());
    snprintf(table->words[BENCH_SQLITE], BENCH_WORD_MAX, "%s", sqlite3_libversion());
    snprintf(table->words[BENCH_NNG], BENCH_WORD_MAX, "%s", nng_version());
}

/* ---- what others took ---- */

static double seconds_of(int who)
{
    struct rusage usage;
    must_be(getrusage(who, &usage) == 0);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* The first line of /proc/stat: user, nice, system, idle, waiting for a disk, and what else keeps a core busy. */
static double busy_seconds(void)
{
    char line[512];
    double ticks = 0;
    FILE *file = fopen("/proc/stat", "r");
    must_be(file != NULL && fgets(line, sizeof(line), file) != NULL);
    fclose(file);
    char *at = line + strcspn(line, " ");
    for (int field = 0; field < 8; field++) {
        unsigned long long part = strtoull(at, &at, 10);
        ticks += field == 3 || field == 4 ? 0 : (double)part;
    }
    return ticks / (double)sysconf(_SC_CLK_TCK);
}

struct bench_time bench_time_spent(void)
{
    return (struct bench_time){busy_seconds(), seconds_of(RUSAGE_SELF) + seconds_of(RUSAGE_CHILDREN)};
}
