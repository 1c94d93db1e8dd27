/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void cty_check_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "custody: broken program truth: %s (%s:%d)\n", expression, file, line);
    abort();
}

void cty_free_pointer(void *pointer_to_pointer)
{
    void **pointer = pointer_to_pointer;
    free(*pointer);
    *pointer = NULL;
}

void *cty_alloc(size_t count, size_t size)
{
    return calloc(count ? count : 1, size ? size : 1);
}
