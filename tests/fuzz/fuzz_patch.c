/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patch, difference and pointer. The input is two JSON texts, the first up to the first line's end. What must
 * hold for any input:
 * - the second applied to the first as a patch is refused, or gives an RFC 8785 text;
 * - the patch made from the first to the second, applied to the first, gives the RFC 8785 form of the second;
 * - a document differs in nothing from itself, and in something from any other;
 * - the values that a difference tells stand where it says.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "codec/json.h"
#include "codec/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Larger inputs find nothing that smaller ones don't, and much more slowly. */
#define INPUT_BYTES_MAX 16384u

struct pair {
    struct cty_buf from;
    struct cty_buf to;
    size_t lines;
};

/* The RFC 8785 form, if the text is a payload document. */
static bool form_get(struct cty_bytes text, struct cty_buf *form)
{
    static const struct cty_json_limits limits = {CTY_PAYLOAD_DEPTH_MAX, CTY_PAYLOAD_NODES_MAX};
    struct cty_json json = CTY_JSON_INIT;
    bool fine = cty_json_scan(&json, CTY_JSON_DOCUMENT, limits, text, NULL) == CUSTODY_OK;
    if (fine)
        CTY_CHECK(cty_json_canonical(&json, form) == CUSTODY_OK);
    cty_json_done(&json);
    return fine;
}

static void check_apply(struct cty_bytes document, struct cty_bytes operations)
{
    struct cty_buf result = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX), form = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_error error = {0};
    if (cty_patch_apply(document, operations, &result, &error) == CUSTODY_OK) {
        CTY_CHECK(form_get(cty_buf_bytes(&result), &form));
        CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&result), cty_buf_bytes(&form)));
    } else {
        CTY_CHECK(result.size == 0 && error.code != CUSTODY_OK && error.detail[0]);
    }
    cty_buf_done(&result);
    cty_buf_done(&form);
}

static void check_make(const struct pair *pair)
{
    struct cty_buf operations = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX), result = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    struct cty_bytes from = cty_buf_bytes(&pair->from), to = cty_buf_bytes(&pair->to);
    CTY_CHECK(cty_patch_make(from, to, &operations, NULL) == CUSTODY_OK);
    CTY_CHECK(cty_patch_apply(from, cty_buf_bytes(&operations), &result, NULL) == CUSTODY_OK);
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&result), to));
    CTY_CHECK(cty_bytes_is(cty_buf_bytes(&operations), "[]") == cty_bytes_equal(from, to));
    cty_buf_done(&operations);
    cty_buf_done(&result);
}

static void check_value(struct cty_bytes document, struct cty_bytes path, struct cty_bytes value)
{
    struct cty_buf found = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_err err = cty_pointer_get(document, path, &found, NULL);
    CTY_CHECK(err == (value.size ? CUSTODY_OK : CUSTODY_E_BAD_POINTER));
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&found), value));
    cty_buf_done(&found);
}

static custody_err check_line(void *context, const struct cty_diff_line *line)
{
    struct pair *pair = context;
    CTY_CHECK(!cty_bytes_equal(line->before, line->after));
    /* Each look-up scans the document anew: a few are enough. */
    if (pair->lines++ < 16) {
        check_value(cty_buf_bytes(&pair->from), line->path, line->before);
        check_value(cty_buf_bytes(&pair->to), line->path, line->after);
    }
    return CUSTODY_OK;
}

static void check_diff(struct pair *pair)
{
    struct cty_bytes from = cty_buf_bytes(&pair->from), to = cty_buf_bytes(&pair->to);
    CTY_CHECK(cty_diff_each(from, to, check_line, pair, NULL) == CUSTODY_OK);
    CTY_CHECK((pair->lines == 0) == cty_bytes_equal(from, to));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size && size <= INPUT_BYTES_MAX ? memchr(data, '\n', size) : NULL;
    if (!end)
        return 0;
    struct cty_bytes first = cty_bytes_make(data, (size_t)(end - data));
    struct cty_bytes second = cty_bytes_make(end + 1, size - first.size - 1);
    struct pair pair = {.from = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX), .to = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX)};
    check_apply(first, second);
    if (form_get(first, &pair.from) && form_get(second, &pair.to)) {
        check_make(&pair);
        check_diff(&pair);
    }
    cty_buf_done(&pair.from);
    cty_buf_done(&pair.to);
    return 0;
}
