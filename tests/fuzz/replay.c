/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one fuzz target over its corpus as an ordinary test: `replay_<name> CORPUS`.
 *
 * Each file of the corpus folder is given to the target as it is, cut at every length and with every byte
 * changed, so that what is one byte away from a good input is run each time and not only when a fuzzer
 * happens to come by. The mutations depend on the file alone. Prints TAP, one case for each file.
 */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

/* A long file is changed in so many places only, evenly spread. */
#define PLACES_MAX 2048u
#define FILE_BYTES_MAX (4u * 1024u * 1024u)

/* What is being run, for the report of a crash. */
static char running[512] = "nothing";

static void running_write(void)
{
    static const char lead[] = "\n# died while running ";
    (void)!write(STDOUT_FILENO, lead, sizeof(lead) - 1);
    (void)!write(STDOUT_FILENO, running, strlen(running));
    (void)!write(STDOUT_FILENO, "\n", 1);
}

static void on_signal(int number)
{
    running_write();
    signal(number, SIG_DFL);
    raise(number);
}

static void reports_install(void)
{
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(running_write);
        return;
    }
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        signal(signals[i], on_signal);
}

static void *memory_get(size_t size)
{
    void *memory = malloc(size);
    if (!memory) {
        fprintf(stderr, "replay: memory ran out\n");
        exit(3);
    }
    return memory;
}

/* Gives the target a copy of exactly this size, so that a sanitizer sees a read past its end (also of 0). */
static void input_run(const uint8_t *data, size_t size)
{
    uint8_t *copy = memory_get(size);
    if (size)
        memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static size_t step_get(size_t size)
{
    return size <= PLACES_MAX ? 1 : (size + PLACES_MAX - 1) / PLACES_MAX;
}

static void prefixes_run(const char *name, const uint8_t *data, size_t size)
{
    for (size_t cut = 0; cut < size; cut += step_get(size)) {
        snprintf(running, sizeof(running), "%s cut to %zu bytes", name, cut);
        input_run(data, cut);
    }
}

/* Flips the lowest bit, the bit of letter case and the highest bit; makes a digit of it, and a NUL. */
static void changes_run(const char *name, uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size; at += step_get(size)) {
        const uint8_t kept = data[at];
        const uint8_t values[] = {kept ^ 0x01, kept ^ 0x20, kept ^ 0x80, '9', 0};
        for (size_t i = 0; i < sizeof(values); i++) {
            snprintf(running, sizeof(running), "%s with byte %zu made 0x%02x", name, at, values[i]);
            data[at] = values[i];
            input_run(data, size);
        }
        data[at] = kept;
    }
}

static uint8_t *file_read(const char *folder, const char *name, size_t *ret_size)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
        return NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    uint8_t *data = memory_get(FILE_BYTES_MAX);
    *ret_size = fread(data, 1, FILE_BYTES_MAX, file);
    bool whole = feof(file) && !ferror(file);
    fclose(file);
    if (!whole) {
        free(data);
        return NULL;
    }
    return data;
}

static bool file_run(const char *folder, const char *name)
{
    size_t size = 0;
    uint8_t *data = file_read(folder, name, &size);
    if (!data)
        return false;
    snprintf(running, sizeof(running), "%s", name);
    input_run(data, size);
    prefixes_run(name, data, size);
    changes_run(name, data, size);
    free(data);
    return true;
}

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 4;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    reports_install();
    if (LLVMFuzzerInitialize)
        (void)LLVMFuzzerInitialize(&argc, &argv);

    struct dirent **entries = NULL;
    int count = scandir(argv[1], &entries, is_file, alphasort);
    if (count <= 0) {
        printf("1..1\nnot ok 1 - the corpus has no files\n");
        free(entries);
        return 1;
    }
    int failed = 0;
    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        bool ran = file_run(argv[1], entries[i]->d_name);
        printf("%sok %d - %s\n", ran ? "" : "not ", i + 1, entries[i]->d_name);
        failed += !ran;
        free(entries[i]);
    }
    free(entries);
    return failed ? 1 : 0;
}
