/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small values of the public API: views of bytes, names of cases. Plain memory, no destructors.
 *
 * Thread rule: any thread.
 */
#ifndef CUSTODY_TYPES_H
#define CUSTODY_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include <custody/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A view of bytes: borrows. `data` may be NULL where `size` is 0. */
typedef struct custody_bytes {
    const void *data;
    size_t size;
} custody_bytes;

/* The name of a case: the digest of its request. With the agent's key it is all that is needed to go on with a case. */
typedef struct custody_case_id {
    uint8_t bytes[32];
} custody_case_id;

/* The name of a statement within a case: an offer, a question. The digest that everybody computes alike. */
typedef struct custody_digest {
    uint8_t bytes[32];
} custody_digest;

/* Size of its text with the final NUL: 64 lower-case hex digits. */
#define CUSTODY_CASE_ID_TEXT_SIZE 65

/*
 * Reads 64 lower-case hex digits that end with a NUL. `text` is borrowed.
 * Errors: BAD_ENCODING; *ret_id is left as it was.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_case_id_parse(const char *text, custody_case_id *ret_id);

/* Writes them, with the NUL, into memory of CUSTODY_CASE_ID_TEXT_SIZE bytes. */
CUSTODY_EXPORT void custody_case_id_format(const custody_case_id *id, char *ret_text);

/* The version of the library that runs, for example "0.1.0"; constant. */
CUSTODY_EXPORT const char *custody_version_get(void);

#ifdef __cplusplus
}
#endif
#endif
