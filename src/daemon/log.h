/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's log: one line an event on standard error, key=value (spec/custodyd.md, "Log"). Foreign text is
 * quoted, escaped and cut; secrets, contents and statements never come here.
 *
 *     cty_log(CTY_LOG_ERROR, "refused", "code", "s", name, "size", "u", size, NULL);
 *
 * Each value is three arguments: its key, its kind ("s" a C string, "u" a uint64_t), the value. Never waits: what nobody
 * reads is lost, and how many lines were is said with the next one that is read. Thread rule: any thread; a line is
 * written whole.
 */
#ifndef CTY_DAEMON_LOG_H
#define CTY_DAEMON_LOG_H

#include "base/bytes.h"

enum cty_log_level { CTY_LOG_ERROR, CTY_LOG_WARNING, CTY_LOG_INFO };

#define CTY_LOG_VALUE_BYTES_MAX 200u

/* Of events that anybody can cause (a refusal, an answer that failed), so many lines each. */
#define CTY_LOG_LINES_PER_SECOND_MAX 20u

struct cty_log_meter {
    uint64_t second;
    unsigned lines;
    uint64_t left_out;
};
/* Whether one more line may be written in this second. *ret_left_out: how many were not, of a second that is over. */
bool cty_log_may(struct cty_log_meter *meter, uint64_t now_s, uint64_t *ret_left_out);

void cty_log(enum cty_log_level level, const char *event, ...) __attribute__((sentinel));

/* Makes the line that cty_log writes, without time, for tests. The result ends with a newline. */
size_t cty_log_line(char *text, size_t size, enum cty_log_level level, const char *event, ...)
    __attribute__((sentinel));

#endif
