/* SPDX-License-Identifier: Apache-2.0 */
#include "model/entry.h"

static custody_err check_object(const struct cty_json *json, const struct cty_json_node *node, custody_error *error)
{
    (void)json;
    if (node->kind != CTY_JSON_OBJECT)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "member statement: not an object");
    return CUSTODY_OK;
}

#define EN struct cty_entry
static const struct cty_field entry_fields[] = {
    {.name = "case_prev", .kind = CTY_FIELD_HASH, .flags = CTY_OPTIONAL, .offset = offsetof(EN, case_prev)},
    {.name = "index", .kind = CTY_FIELD_U64, .offset = offsetof(EN, index)},
    {.name = "prev", .kind = CTY_FIELD_HASH, .flags = CTY_OPTIONAL, .offset = offsetof(EN, prev)},
    {.name = "statement", .kind = CTY_FIELD_RAW, .offset = offsetof(EN, statement), .check = check_object},
    {.name = "time", .kind = CTY_FIELD_U64, .offset = offsetof(EN, time)},
    {.name = "trust", .kind = CTY_FIELD_HASH, .flags = CTY_OPTIONAL, .offset = offsetof(EN, trust)},
};
static const struct cty_shape entry_shape = {entry_fields, 6};

custody_err cty_entry_encode(const struct cty_entry *entry, struct cty_buf *out)
{
    size_t before = out->size;
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_shape_encode(&entry_shape, NULL, entry, &jw);
    CTY_TRY(cty_jw_end(&jw));
    if (out->size - before > CTY_ENTRY_BYTES_MAX)
        return CUSTODY_E_TOO_LARGE;
    return CUSTODY_OK;
}

void cty_parsed_entry_done(struct cty_parsed_entry *parsed)
{
    if (!parsed)
        return;
    cty_json_done(&parsed->json);
    cty_signed_done(&parsed->signed_statement);
}

custody_err cty_entry_parse(struct cty_bytes text, struct cty_parsed_entry *parsed, custody_error *error)
{
    if (text.size > CTY_ENTRY_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "the entry is larger than %u bytes", CTY_ENTRY_BYTES_MAX);
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    CTY_TRY(cty_json_scan(&parsed->json, CTY_JSON_STRICT, limits, text, error));
    memset(&parsed->entry, 0, sizeof(parsed->entry));
    CTY_TRY(cty_shape_decode(&entry_shape, NULL, &parsed->json, &parsed->json.nodes[0], &parsed->entry, error));
    return cty_signed_parse(parsed->entry.statement, &parsed->signed_statement, error);
}
