/* SPDX-License-Identifier: Apache-2.0 */
#include "model/statement.h"

#include "base/check.h"
#include "model/statement_shapes.h"

struct type_row {
    const char *name;
    const char *payload_type;
    enum cty_type_class cls;
    unsigned flags;
};

static const struct type_row types[CTY_TYPE_COUNT] = {
#define CTY_TYPE(name, member, text, cls, flags)                                                       \
    [CTY_##name] = {text, "application/vnd.custody." text ".v1+json", CTY_CLASS_##cls, flags},
#include "model/types.def"
#undef CTY_TYPE
};

const char *cty_type_name(enum cty_type type)
{
    CTY_CHECK((unsigned)type < CTY_TYPE_COUNT);
    return types[type].name;
}

const char *cty_type_payload_type(enum cty_type type)
{
    CTY_CHECK((unsigned)type < CTY_TYPE_COUNT);
    return types[type].payload_type;
}

enum cty_type_class cty_type_class_get(enum cty_type type)
{
    CTY_CHECK((unsigned)type < CTY_TYPE_COUNT);
    return types[type].cls;
}

const char *cty_type_class_name(enum cty_type_class cls)
{
    static const char *const names[] = {"interaction", "action", "delegation", "transition", "trust"};
    CTY_CHECK((unsigned)cls < CTY_COUNT_OF(names));
    return names[cls];
}

unsigned cty_type_flags(enum cty_type type)
{
    CTY_CHECK((unsigned)type < CTY_TYPE_COUNT);
    return types[type].flags;
}

custody_err cty_type_parse(struct cty_bytes payload_type, enum cty_type *ret_type)
{
    for (int type = 0; type < CTY_TYPE_COUNT; type++) {
        if (cty_bytes_is(payload_type, types[type].payload_type)) {
            *ret_type = (enum cty_type)type;
            return CUSTODY_OK;
        }
    }
    return CUSTODY_E_TYPE_UNKNOWN;
}

/* No signer stands twice. */
static custody_err check_signers(const struct cty_statement *statement, custody_error *error)
{
    for (uint32_t i = 0; i < statement->signers_count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (cty_bytes_equal(statement->signers[i], statement->signers[k]))
                return cty_fail(error, CUSTODY_E_BAD_MEMBER, "member signers: a name stands twice");
        }
    }
    return CUSTODY_OK;
}

custody_err cty_statement_decode(enum cty_type type, const struct cty_json *body, struct cty_statement *ret_statement,
                                 custody_error *error)
{
    const struct cty_json_node *root = &body->nodes[0];
    const struct cty_json_node *own = cty_json_member(body, root, "type");
    if (root->kind != CTY_JSON_OBJECT)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "the body is not an object");
    if (own && !cty_bytes_is(own->text, cty_type_name(type)))
        return cty_fail(error, CUSTODY_E_TYPE_MISMATCH, "the payload type says %s", cty_type_name(type));
    memset(ret_statement, 0, sizeof(*ret_statement));
    ret_statement->type = type;
    CTY_TRY(cty_shape_decode(&cty_shape_common, &cty_shapes[type], body, root, ret_statement, error));
    return check_signers(ret_statement, error);
}

custody_err cty_statement_encode(const struct cty_statement *statement, struct cty_buf *out)
{
    struct cty_statement copy = *statement;
    copy.type_text = cty_bytes_text(cty_type_name(statement->type));
    size_t before = out->size;
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_shape_encode(&cty_shape_common, &cty_shapes[statement->type], &copy, &jw);
    CTY_TRY(cty_jw_end(&jw));
    if (out->size - before > CTY_STATEMENT_BYTES_MAX)
        return CUSTODY_E_TOO_LARGE;
    return CUSTODY_OK;
}

custody_err cty_statement_commitments(const struct cty_statement *statement,
                                      custody_err (*each)(void *context, struct cty_bytes member,
                                                          const struct cty_hash *hash),
                                      void *context)
{
    return cty_shape_commitments(&cty_shapes[statement->type], statement, each, context);
}
