/* SPDX-License-Identifier: Apache-2.0 */
/* Contradiction files: what is read is written back byte for byte. */
#include "audit/contradiction.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cty_bytes text = cty_bytes_make(data, size);
    struct cty_contradiction contradiction;
    struct cty_buf again = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    custody_err err = cty_contradiction_parse(text, &contradiction, NULL);
    if (err != CUSTODY_OK) {
        CTY_CHECK(custody_err_class_get(err) == CUSTODY_CLASS_REFUSAL);
        return 0;
    }
    if (data[size - 1] == '\n')
        text.size--;
    CTY_CHECK(cty_is_contradiction(text));
    CTY_CHECK(cty_contradiction_format(&contradiction, &again) == CUSTODY_OK);
    CTY_CHECK(cty_bytes_equal(text, cty_buf_bytes(&again)));
    cty_buf_done(&again);
    cty_contradiction_done(&contradiction);
    return 0;
}
