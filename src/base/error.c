/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct row {
    const char *name;
    custody_err_class cls;
    int http;
    int exit_status;
    const char *sentence;
    const char *next;
};

static const struct row rows[CUSTODY_ERR_COUNT] = {
    [CUSTODY_OK] = {"ok", CUSTODY_CLASS_OK, 200, 0, "done", ""},
#define CUSTODY_ERROR(name, code, cls, http, exit_status, sentence, next)                              \
    [CUSTODY_E_##name] = {code, CUSTODY_CLASS_##cls, http, exit_status, sentence, next},
#include <custody/errors.def>
#undef CUSTODY_ERROR
};

static const struct row *row_get(custody_err code)
{
    if ((unsigned)code >= CUSTODY_ERR_COUNT)
        return &rows[CUSTODY_E_INTERNAL];
    return &rows[code];
}

const char *custody_err_name(custody_err code)
{
    return row_get(code)->name;
}

const char *custody_err_sentence(custody_err code)
{
    return row_get(code)->sentence;
}

const char *custody_err_next(custody_err code)
{
    return row_get(code)->next;
}

custody_err_class custody_err_class_get(custody_err code)
{
    return row_get(code)->cls;
}

int custody_err_http(custody_err code)
{
    return row_get(code)->http;
}

int custody_err_exit(custody_err code)
{
    return row_get(code)->exit_status;
}

custody_err custody_err_parse(const char *name)
{
    if (!name)
        return CUSTODY_E_INTERNAL;
    for (int code = 0; code < CUSTODY_ERR_COUNT; code++) {
        if (strcmp(rows[code].name, name) == 0)
            return (custody_err)code;
    }
    return CUSTODY_E_INTERNAL;
}

static void escape_into(char *out, size_t out_size, const char *text)
{
    size_t used = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        char piece[5] = {(char)c, 0};
        if (c < 0x20 || c > 0x7e)
            snprintf(piece, sizeof(piece), "\\x%02x", c);
        size_t length = strlen(piece);
        if (used + length + 1 > out_size)
            break;
        memcpy(out + used, piece, length);
        used += length;
    }
    out[used] = 0;
}

custody_err cty_fail(custody_error *error, custody_err code, const char *format, ...)
{
    if (!error)
        return code;
    char raw[CUSTODY_ERROR_DETAIL_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    error->code = code;
    escape_into(error->detail, sizeof(error->detail), raw);
    return code;
}

custody_err cty_fail_code(custody_error *error, custody_err code)
{
    if (!error || error->code == code)
        return code;
    error->code = code;
    error->detail[0] = 0;
    return code;
}
