/* SPDX-License-Identifier: Apache-2.0 */
#include "simulate/tally.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

static struct {
    struct tally *tally;
    uint64_t hash;
    bool print;
    const char *hidden;
} now;

static const struct {
    const char *text;
    bool must;
} events[TALLY_COUNT] = {
#define TALLY(name, text, must) {text, must},
#include "simulate/tally.def"
#undef TALLY
};

void tally_begin(struct tally *tally, bool print)
{
    now.tally = tally;
    now.hash = 0xcbf29ce484222325u;
    now.print = print;
}

void tally_add(enum tally_event event)
{
    now.tally->events[event]++;
}

void tally_refusal(const char *code)
{
    struct tally *t = now.tally;
    size_t i = 0;
    while (i < t->refusals_count && strcmp(t->refusals[i].code, code) != 0)
        i++;
    CTY_CHECK(i < TALLY_CODES_MAX);
    t->refusals[i].code = code;
    t->refusals[i].count++;
    t->refusals_count = i == t->refusals_count ? i + 1 : t->refusals_count;
}

void tally_print(const struct tally *tally)
{
    for (size_t i = 0; i < TALLY_COUNT; i++)
        printf("%10llu  %s\n", (unsigned long long)tally->events[i], events[i].text);
    for (size_t i = 0; i < tally->refusals_count; i++)
        printf("%10llu  answered: %s\n", (unsigned long long)tally->refusals[i].count, tally->refusals[i].code);
}

const char *tally_missing(const struct tally *tally)
{
    for (size_t i = 0; i < TALLY_COUNT; i++) {
        if (events[i].must && tally->events[i] == 0)
            return events[i].text;
    }
    return NULL;
}

/* FNV-1a: a run that differs by accident differs in this. */
static void hash_bytes(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        now.hash = (now.hash ^ bytes[i]) * 0x100000001b3u;
}

void trace_hide(const char *text)
{
    now.hidden = text;
}

static void hide(char *line)
{
    size_t size = strlen(now.hidden);
    for (char *at = strstr(line, now.hidden); at; at = strstr(at, now.hidden))
        memmove(at, at + size, strlen(at + size) + 1);
}

void trace(const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    CTY_CHECK(size >= 0);
    hide(line);
    hash_bytes(line, strlen(line) + 1);
    if (now.print)
        puts(line);
}

void trace_number(uint64_t number)
{
    hash_bytes(&number, sizeof(number));
}

uint64_t trace_hash(void)
{
    return now.hash;
}
