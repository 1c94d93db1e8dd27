/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assertions of program truths (always compiled in; input from outside is refused, never asserted) and
 * cleanup on scope exit.
 */
#ifndef CTY_BASE_CHECK_H
#define CTY_BASE_CHECK_H

#include <stddef.h>

_Noreturn void cty_check_failed(const char *expression, const char *file, int line);

#define CTY_CHECK(expression)                                                                          \
    do {                                                                                               \
        if (!(expression))                                                                             \
            cty_check_failed(#expression, __FILE__, __LINE__);                                         \
    } while (0)

#define CTY_CLEANUP(function) __attribute__((cleanup(function)))
#define CTY_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* For CTY_CLEANUP on memory from malloc. */
void cty_free_pointer(void *pointer_to_pointer);
#define CTY_AUTO_FREE CTY_CLEANUP(cty_free_pointer)

/* calloc with checked size; NULL where memory ran out. */
void *cty_alloc(size_t count, size_t size);

#endif
