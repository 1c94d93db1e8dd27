/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka with its prerequisites, and assertions in our own words. */
#ifndef CTY_TESTS_SUPPORT_H
#define CTY_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/check.h"

#define assert_ok(expression) assert_string_equal(custody_err_name(expression), "ok")
#define assert_refused(expression, code) assert_string_equal(custody_err_name(expression), code)
#define assert_bytes_text(bytes, text)                                                                 \
    do {                                                                                               \
        struct cty_bytes bytes_ = (bytes);                                                             \
        assert_int_equal(bytes_.size, strlen(text));                                                   \
        assert_memory_equal(bytes_.data, text, bytes_.size);                                           \
    } while (0)

#endif
