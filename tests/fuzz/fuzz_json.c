/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scanner, the canonical form and the writer. What must hold for any input:
 * - what the strict dialect takes, the document dialect takes, and RFC 8785 leaves as it is;
 * - what the document dialect takes has an RFC 8785 form, of as many values, whose form is itself;
 * - a string of a strict text, read and written again, is the same text;
 * - a refusal leaves an empty tape.
 */
#include <stdint.h>

#include "base/check.h"
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct cty_json_limits limits = {.depth_max = 64, .nodes_max = 65536};

static custody_err scan(struct cty_json *json, enum cty_json_dialect dialect, struct cty_bytes text)
{
    custody_error error = {0};
    custody_err err = cty_json_scan(json, dialect, limits, text, &error);
    CTY_CHECK((err == CUSTODY_OK) == (json->count > 0));
    CTY_CHECK(err == CUSTODY_OK || (error.code == err && error.detail[0]));
    return err;
}

static void check_strings(const struct cty_json *json)
{
    struct cty_buf value = CTY_BUF_INIT(SIZE_MAX), written = CTY_BUF_INIT(SIZE_MAX);
    for (uint32_t i = 0; i < json->count; i++) {
        const struct cty_json_node *node = &json->nodes[i];
        if (node->kind != CTY_JSON_STRING)
            continue;
        struct cty_jw jw;
        cty_buf_clear(&value);
        cty_buf_clear(&written);
        CTY_CHECK(cty_json_string(node, &value) == CUSTODY_OK);
        cty_jw_begin(&jw, &written);
        cty_jw_string(&jw, cty_buf_bytes(&value));
        CTY_CHECK(cty_jw_end(&jw) == CUSTODY_OK);
        CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&written), cty_bytes_make(node->text.data - 1, node->text.size + 2)));
    }
    cty_buf_done(&value);
    cty_buf_done(&written);
}

/* The walk by siblings meets as many children as were counted, and ends. */
static void check_walk(const struct cty_json *json)
{
    for (uint32_t i = 0; i < json->count; i++) {
        uint32_t count = 0;
        const struct cty_json_node *node = &json->nodes[i];
        for (const struct cty_json_node *child = cty_json_first(json, node); child;
             child = cty_json_after(json, node, child))
            count++;
        CTY_CHECK(count == node->count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cty_json json = CTY_JSON_INIT, again = CTY_JSON_INIT;
    struct cty_buf form = CTY_BUF_INIT(SIZE_MAX), form_again = CTY_BUF_INIT(SIZE_MAX);
    struct cty_bytes text = cty_bytes_make(data, size);
    bool strict = scan(&json, CTY_JSON_STRICT, text) == CUSTODY_OK;
    if (strict)
        check_strings(&json);
    if (scan(&json, CTY_JSON_DOCUMENT, text) == CUSTODY_OK) {
        check_walk(&json);
        CTY_CHECK(cty_json_canonical(&json, &form) == CUSTODY_OK);
        CTY_CHECK(!strict || cty_bytes_equal(text, cty_buf_bytes(&form)));
        CTY_CHECK(scan(&again, CTY_JSON_DOCUMENT, cty_buf_bytes(&form)) == CUSTODY_OK);
        CTY_CHECK(again.count == json.count);
        CTY_CHECK(cty_json_canonical(&again, &form_again) == CUSTODY_OK);
        CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&form), cty_buf_bytes(&form_again)));
        check_strings(&again);
    } else {
        CTY_CHECK(!strict);
    }
    cty_json_done(&json);
    cty_json_done(&again);
    cty_buf_done(&form);
    cty_buf_done(&form_again);
    return 0;
}
