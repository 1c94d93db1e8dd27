/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors. Every fallible function of Custody returns a custody_err; 0 is success.
 *
 * Thread rule: everything here may be called from any thread; the texts are constants.
 * Source: include/custody/errors.def, described in spec/errors.md.
 */
#ifndef CUSTODY_ERROR_H
#define CUSTODY_ERROR_H

#include <custody/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Longest detail text kept with an error, including its final NUL, in bytes. */
#define CUSTODY_ERROR_DETAIL_MAX 256

typedef enum custody_err {
    CUSTODY_OK = 0,
#define CUSTODY_ERROR(name, code, cls, http, exit_status, sentence, next) CUSTODY_E_##name,
#include <custody/errors.def>
#undef CUSTODY_ERROR
    CUSTODY_ERR_COUNT
} custody_err;

/* A refusal can be mended by the caller; a fault can't. */
typedef enum custody_err_class {
    CUSTODY_CLASS_OK = 0,
    CUSTODY_CLASS_REFUSAL,
    CUSTODY_CLASS_FAULT
} custody_err_class;

/*
 * What went wrong, in the caller's own memory. `code` is what the function returned; `detail` is a
 * short NUL-terminated text (which member, which file, which offset), possibly empty. Foreign text in
 * it is escaped and cut.
 */
typedef struct custody_error {
    custody_err code;
    char detail[CUSTODY_ERROR_DETAIL_MAX];
} custody_error;

/* The stable name of a code, for example "stale-after"; "ok" for 0, "internal" for a number unknown. */
CUSTODY_EXPORT const char *custody_err_name(custody_err code);

/* One sentence that says what happened, without a final full stop. */
CUSTODY_EXPORT const char *custody_err_sentence(custody_err code);

/* What to do next, without a final full stop; empty for CUSTODY_OK. */
CUSTODY_EXPORT const char *custody_err_next(custody_err code);

/* Whether the code is a refusal or a fault. */
CUSTODY_EXPORT custody_err_class custody_err_class_get(custody_err code);

/* The HTTP status and the exit status of a program that ends with this code. */
CUSTODY_EXPORT int custody_err_http(custody_err code);
CUSTODY_EXPORT int custody_err_exit(custody_err code);

/* The code of a stable name; CUSTODY_E_INTERNAL where the name is unknown. `name` is borrowed. */
CUSTODY_EXPORT custody_err custody_err_parse(const char *name);

#ifdef __cplusplus
}
#endif
#endif
