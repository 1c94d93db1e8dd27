/* SPDX-License-Identifier: Apache-2.0 */
/* A strict reader of OpenMetrics 1.0 text, as far as the custodian uses it; what is wrong fails the test. */
#ifndef CTY_TESTS_DAEMON_OPENMETRICS_H
#define CTY_TESTS_DAEMON_OPENMETRICS_H

#include "unit/support.h"

/* NULL where the text is right, else what is wrong, with the line; constant until the next call. */
const char *openmetrics_wrong(const char *text);
/* The value of a sample, by its name with its labels; fails where there is none. Without what stands behind a point. */
uint64_t openmetrics_value(const char *text, const char *sample);

#endif
