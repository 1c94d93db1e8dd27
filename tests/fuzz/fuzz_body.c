/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of statements: the first byte chooses the type, the rest is the body. (In an envelope the body is base64,
 * behind which a fuzzer hardly comes.) What must hold for any input:
 * - what is taken, encoded from what was understood, is the same text;
 * - no other type takes it;
 * - it commits to at most as many contents as may be put with a statement, each under a path of its own;
 * - a refusal says why.
 */
#include <stdint.h>

#include "base/check.h"
#include "model/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct cty_json_limits limits = {.depth_max = CTY_STATEMENT_DEPTH_MAX,
                                             .nodes_max = CTY_STATEMENT_NODES_MAX};

struct found {
    size_t count;
    char last[64];
};

static custody_err found_put(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct found *found = context;
    CTY_CHECK(hash && member.size > 0 && member.size < sizeof(found->last));
    CTY_CHECK(cty_bytes_compare(cty_bytes_text(found->last), member) < 0);
    memcpy(found->last, member.data, member.size);
    found->last[member.size] = 0;
    CTY_CHECK(++found->count <= CTY_BLOBS_PER_STATEMENT_MAX);
    return CUSTODY_OK;
}

static custody_err decode(enum cty_type type, const struct cty_json *json, struct cty_statement *statement)
{
    custody_error error = {0};
    custody_err err = cty_statement_decode(type, json, statement, &error);
    CTY_CHECK(err == CUSTODY_OK || (error.code == err && error.detail[0]));
    return err;
}

static void check_taken(enum cty_type type, const struct cty_json *json, const struct cty_statement *statement,
                        struct cty_bytes text)
{
    struct cty_buf again = CTY_BUF_INIT(SIZE_MAX / 2);
    struct cty_statement other;
    struct found found = {0, ""};
    CTY_CHECK(statement->type == type);
    custody_err err = cty_statement_encode(statement, &again);
    CTY_CHECK(err == CUSTODY_OK || (err == CUSTODY_E_TOO_LARGE && text.size > CTY_STATEMENT_BYTES_MAX));
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&again), text));
    CTY_CHECK(cty_statement_commitments(statement, found_put, &found) == CUSTODY_OK);
    CTY_CHECK(decode((enum cty_type)((type + 1) % CTY_TYPE_COUNT), json, &other) == CUSTODY_E_TYPE_MISMATCH);
    cty_buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct cty_json json = CTY_JSON_INIT;
    struct cty_statement statement;
    enum cty_type type = (enum cty_type)(data[0] % CTY_TYPE_COUNT);
    struct cty_bytes text = cty_bytes_make(data + 1, size - 1);
    if (cty_json_scan(&json, CTY_JSON_STRICT, limits, text, NULL) == CUSTODY_OK &&
        decode(type, &json, &statement) == CUSTODY_OK)
        check_taken(type, &json, &statement, text);
    cty_json_done(&json);
    return 0;
}
