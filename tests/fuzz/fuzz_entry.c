/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries. What must hold for any input: what is taken, written again, is the same text; its statement alone is
 * taken as well and has the same digest; a refusal says why.
 */
#include <stdint.h>

#include "base/check.h"
#include "model/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cty_parsed_entry parsed;
static struct cty_signed alone;

static void check_taken(struct cty_bytes text)
{
    struct cty_buf again = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    CTY_CHECK(cty_entry_encode(&parsed.entry, &again) == CUSTODY_OK);
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&again), text));
    CTY_CHECK(cty_signed_parse(parsed.entry.statement, &alone, NULL) == CUSTODY_OK);
    CTY_CHECK(cty_hash_equal(&alone.digest, &parsed.signed_statement.digest));
    CTY_CHECK(alone.statement.type == parsed.signed_statement.statement.type);
    cty_buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cty_bytes text = cty_bytes_make(data, size);
    custody_error error = {0};
    custody_err err = cty_entry_parse(text, &parsed, &error);
    CTY_CHECK(err == CUSTODY_OK || (error.code == err && error.detail[0]));
    if (err == CUSTODY_OK)
        check_taken(text);
    return 0;
}
