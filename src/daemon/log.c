/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/log.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

#define LINE_BYTES_MAX 2048u

struct line {
    char *text;
    size_t size;
    size_t room; /* without the newline */
};

static void put(struct line *line, const char *text, size_t size)
{
    if (size > line->room - line->size)
        size = line->room - line->size;
    memcpy(line->text + line->size, text, size);
    line->size += size;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static bool is_bare(const char *value)
{
    if (!*value)
        return false;
    for (; *value; value++) {
        if (*value <= ' ' || *value > '~' || *value == '"' || *value == '\\' || *value == '=')
            return false;
    }
    return true;
}

static void put_quoted_byte(struct line *line, unsigned char c)
{
    char text[8] = {(char)c};
    if (c == '"' || c == '\\')
        snprintf(text, sizeof(text), "\\%c", c);
    else if (c < ' ' || c > '~')
        snprintf(text, sizeof(text), "\\x%02x", c);
    put_text(line, text);
}

/* What is not a plain word stands in quotes, cut where it is long. */
static void put_value(struct line *line, const char *value)
{
    size_t size = strlen(value);
    bool cut = size > CTY_LOG_VALUE_BYTES_MAX;
    if (!cut && is_bare(value)) {
        put_text(line, value);
        return;
    }
    put_text(line, "\"");
    for (size_t i = 0; i < (cut ? CTY_LOG_VALUE_BYTES_MAX : size); i++)
        put_quoted_byte(line, (unsigned char)value[i]);
    put_text(line, cut ? "...\"" : "\"");
}

static void put_pairs(struct line *line, va_list args)
{
    for (const char *key = va_arg(args, const char *); key; key = va_arg(args, const char *)) {
        const char *kind = va_arg(args, const char *);
        put_text(line, " ");
        put_text(line, key);
        put_text(line, "=");
        if (kind[0] == 's') {
            const char *value = va_arg(args, const char *);
            put_value(line, value ? value : "");
            continue;
        }
        CTY_CHECK(kind[0] == 'u');
        char number[24];
        snprintf(number, sizeof(number), "%" PRIu64, va_arg(args, uint64_t));
        put_text(line, number);
    }
}

static void put_line(struct line *line, enum cty_log_level level, const char *event, va_list args)
{
    static const char *const levels[] = {"error", "warning", "info"};
    put_text(line, "level=");
    put_text(line, levels[level]);
    put_text(line, " event=");
    put_text(line, event);
    put_pairs(line, args);
    line->text[line->size++] = '\n';
}

size_t cty_log_line(char *text, size_t size, enum cty_log_level level, const char *event, ...)
{
    struct line line = {text, 0, size - 1};
    va_list args;
    va_start(args, event);
    put_line(&line, level, event, args);
    va_end(args);
    return line.size;
}

static void put_time(struct line *line)
{
    struct timespec now = {0, 0};
    struct tm utc;
    char text[40] = "";
    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &utc)) {
        size_t at = strftime(text, sizeof(text), "time=%Y-%m-%dT%H:%M:%S", &utc);
        snprintf(text + at, sizeof(text) - at, ".%03ldZ ", now.tv_nsec / 1000000);
    }
    put_text(line, text);
}

/* --- writing -------------------------------------------------------------------------------------------------- */

/* Lines are written one by one; so many found nobody who reads. */
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t lost;

/*
 * Whether a line can be written without waiting. A pipe that is ready takes PIPE_BUF bytes at once, and a line is
 * shorter. Whoever doesn't read our log (a full pipe, a terminal that was stopped) must not hold up the ledger.
 */
static bool is_ready(void)
{
    struct pollfd file = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&file, 1, 0) == 1 && (file.revents & POLLOUT);
}

/* One write, so that lines of several threads don't mix; nobody is left to tell where it fails. */
static void write_whole(const char *text, size_t size)
{
    if (write(STDERR_FILENO, text, size) < 0)
        lost++;
}

static void say_lost(void)
{
    char text[LINE_BYTES_MAX];
    struct line line = {text, 0, sizeof(text) - 1};
    put_time(&line);
    line.size += cty_log_line(text + line.size, sizeof(text) - line.size, CTY_LOG_WARNING, "lost", "lines", "u", lost,
                              NULL);
    lost = 0;
    write_whole(text, line.size);
}

static void write_line(const char *text, size_t size)
{
    pthread_mutex_lock(&write_lock);
    if (lost > 0 && is_ready())
        say_lost();
    if (is_ready())
        write_whole(text, size);
    else
        lost++;
    pthread_mutex_unlock(&write_lock);
}

/* --- what anybody can cause ------------------------------------------------------------------------------------ */

bool cty_log_may(struct cty_log_meter *meter, uint64_t now_s, uint64_t *ret_left_out)
{
    *ret_left_out = 0;
    if (now_s != meter->second) {
        *ret_left_out = meter->left_out;
        *meter = (struct cty_log_meter){.second = now_s};
    }
    if (meter->lines < CTY_LOG_LINES_PER_SECOND_MAX) {
        meter->lines++;
        return true;
    }
    meter->left_out++;
    return false;
}

static pthread_mutex_t meters_lock = PTHREAD_MUTEX_INITIALIZER;
static struct metered {
    const char *event;
    struct cty_log_meter meter;
} metered[] = {{.event = "refused"}, {.event = "answer"}};

static void say_left_out(const char *event, uint64_t lines)
{
    char text[LINE_BYTES_MAX];
    struct line line = {text, 0, sizeof(text) - 1};
    put_time(&line);
    line.size += cty_log_line(text + line.size, sizeof(text) - line.size, CTY_LOG_WARNING, "suppressed", "of", "s",
                              event, "lines", "u", lines, NULL);
    write_line(line.text, line.size);
}

/* Whether a line of this event may be written now. */
static bool may_say(const char *event)
{
    struct timespec now = {0, 0};
    uint64_t left_out = 0;
    bool may = true;
    clock_gettime(CLOCK_MONOTONIC, &now);
    for (size_t i = 0; i < CTY_COUNT_OF(metered); i++) {
        if (strcmp(metered[i].event, event) != 0)
            continue;
        pthread_mutex_lock(&meters_lock);
        may = cty_log_may(&metered[i].meter, (uint64_t)now.tv_sec, &left_out);
        pthread_mutex_unlock(&meters_lock);
    }
    if (left_out > 0)
        say_left_out(event, left_out);
    return may;
}

void cty_log(enum cty_log_level level, const char *event, ...)
{
    char text[LINE_BYTES_MAX];
    struct line line = {text, 0, sizeof(text) - 1};
    if (!may_say(event))
        return;
    put_time(&line);
    va_list args;
    va_start(args, event);
    put_line(&line, level, event, args);
    va_end(args);
    write_line(line.text, line.size);
}
