/* SPDX-License-Identifier: Apache-2.0 */
/* A loop over independent items on several threads, joined before it returns. */
#ifndef CTY_AUDIT_PARALLEL_H
#define CTY_AUDIT_PARALLEL_H

#include <stddef.h>

/* Calls body(context, i) for every i in 0..count-1, each once, on up to `threads` threads (1: on this one). Where a
 * thread can't be started the others do its work. */
void cty_parallel(unsigned threads, size_t count, void (*body)(void *context, size_t i), void *context);

/* Processors that this process may use; at least 1. */
unsigned cty_parallel_cores(void);

#endif
