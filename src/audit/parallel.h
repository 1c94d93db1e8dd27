/* SPDX-License-Identifier: Apache-2.0 */
/* Loops over items on several threads, joined before they return. */
#ifndef CTY_AUDIT_PARALLEL_H
#define CTY_AUDIT_PARALLEL_H

#include <stddef.h>

#include "base/error.h"

/* Calls body(context, i) for every i in 0..count-1, each once, on up to `threads` threads (1: on this one). Where a
 * thread can't be started the others do its work. */
void cty_parallel(unsigned threads, size_t count, void (*body)(void *context, size_t i), void *context);

/*
 * Calls feed(context, i) in order on this thread, and body(context, i) behind it for every i that was fed, on up to
 * `threads` threads at once. The first error of `feed` ends the feeding, and is returned.
 */
CUSTODY_MUST_USE custody_err cty_parallel_behind(unsigned threads, size_t count,
                                                 custody_err (*feed)(void *context, size_t i),
                                                 void (*body)(void *context, size_t i), void *context);

/* Processors that this process may use; at least 1. */
unsigned cty_parallel_cores(void);

#endif
