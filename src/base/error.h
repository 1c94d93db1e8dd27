/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How code inside Custody reports errors: return a custody_err, and where a caller gave a custody_error,
 * put a detail into it once, where the error arises.
 */
#ifndef CTY_BASE_ERROR_H
#define CTY_BASE_ERROR_H

#include <custody/error.h>

/*
 * Sets `error` (may be NULL) to code and formatted detail, cut to fit, and returns the code, so that
 * `return cty_fail(error, CUSTODY_E_X, "member %s", name);` is the whole of a refusal. Control characters
 * and bytes that are not printable ASCII are escaped in the detail.
 */
custody_err cty_fail(custody_error *error, custody_err code, const char *format, ...) CUSTODY_PRINTF(3, 4);

/* Sets the code and leaves a detail that is there already for the same code. */
custody_err cty_fail_code(custody_error *error, custody_err code);

/* `return`s from the calling function on error; for functions without anything to free. */
#define CTY_TRY(expression)                                                                            \
    do {                                                                                               \
        custody_err cty_try_err_ = (expression);                                                       \
        if (cty_try_err_ != CUSTODY_OK)                                                                \
            return cty_try_err_;                                                                       \
    } while (0)

/* Like CTY_TRY, but jumps to `out:` with the error in the local `err`. */
#define CTY_TRY_OUT(expression)                                                                        \
    do {                                                                                               \
        err = (expression);                                                                            \
        if (err != CUSTODY_OK)                                                                         \
            goto out;                                                                                  \
    } while (0)

#endif
