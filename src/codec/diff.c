/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The difference of two documents. Both are brought into RFC 8785 form first: then equal values have equal
 * bytes, and the members of two objects can be merged in one walk.
 *
 * Elements of arrays are compared by index; what one array has more comes last. People are told the index
 * an element had; a patch removes at the index where the surplus begins, again and again, since every
 * removal moves the rest down.
 */
#include "base/check.h"
#include "base/limits.h"
#include "codec/document.h"
#include "codec/json_inner.h"
#include "codec/patch.h"
#include "codec/pointer.h"

/* Two containers of one kind that differ, and how far they are compared. */
struct pair {
    const struct cty_json_node *from;
    const struct cty_json_node *to;
    const struct cty_json_node *left;  /* the next child of `from`, NULL at its end */
    const struct cty_json_node *right; /* the next child of `to` */
    uint32_t index;
    size_t path_size;
};

typedef custody_err each_fn(void *context, const struct cty_diff_line *line);

struct differ {
    struct cty_document from;
    struct cty_document to;
    struct cty_buf path;
    struct cty_buf token;
    struct pair pairs[CTY_PAYLOAD_DEPTH_MAX];
    size_t depth;
    bool for_patch;
    each_fn *each;
    void *context;
};

static custody_err tell(struct differ *d, const struct cty_json_node *left, const struct cty_json_node *right)
{
    struct cty_bytes none = cty_bytes_make(NULL, 0);
    struct cty_diff_line line = {
        .path = cty_buf_bytes(&d->path),
        .before = left ? cty_document_value(left) : none,
        .after = right ? cty_document_value(right) : none,
    };
    return d->each(d->context, &line);
}

static bool is_container(const struct cty_json_node *node)
{
    return node->kind == CTY_JSON_ARRAY || node->kind == CTY_JSON_OBJECT;
}

/* Equal values are passed over, like containers are entered, all else is told. NULL is an absent value. */
static custody_err compare(struct differ *d, const struct cty_json_node *left,
                           const struct cty_json_node *right)
{
    if (!left || !right)
        return tell(d, left, right);
    if (left->kind == right->kind && cty_bytes_equal(left->text, right->text))
        return CUSTODY_OK;
    if (left->kind != right->kind || !is_container(left))
        return tell(d, left, right);
    CTY_CHECK(d->depth < CTY_COUNT_OF(d->pairs));
    d->pairs[d->depth++] = (struct pair){
        .from = left,
        .to = right,
        .left = cty_json_first(&d->from.json, left),
        .right = cty_json_first(&d->to.json, right),
        .path_size = d->path.size,
    };
    return CUSTODY_OK;
}

/* Extends the path by the child's name, or by the index if it has none. */
static custody_err put_step(struct differ *d, const struct pair *pair, const struct cty_json_node *child,
                            uint32_t index)
{
    cty_buf_clear(&d->token);
    if (pair->from->kind == CTY_JSON_OBJECT)
        CTY_TRY(cty_json_unescape(child->name, child->name_escaped, &d->token));
    else
        CTY_TRY(cty_buf_put_u64(&d->token, index));
    return cty_pointer_put(&d->path, cty_buf_bytes(&d->token));
}

/* Below 0 where the left child comes first or is alone, above 0 where the right one is, else 0. */
static int which_first(const struct pair *pair)
{
    const struct cty_json_node *left = pair->left, *right = pair->right;
    if (!left || !right)
        return left ? -1 : 1;
    if (pair->from->kind == CTY_JSON_ARRAY)
        return 0;
    return cty_json_order(left->name, left->name_escaped, right->name, right->name_escaped);
}

static custody_err next_child(struct differ *d)
{
    struct pair *pair = &d->pairs[d->depth - 1];
    d->path.size = pair->path_size;
    if (!pair->left && !pair->right) {
        d->depth--;
        return CUSTODY_OK;
    }
    int first = which_first(pair);
    const struct cty_json_node *left = first <= 0 ? pair->left : NULL;
    const struct cty_json_node *right = first >= 0 ? pair->right : NULL;
    uint32_t index = pair->index++;
    if (d->for_patch && !right && index > pair->to->count)
        index = pair->to->count;
    CTY_TRY(put_step(d, pair, left ? left : right, index));
    if (left)
        pair->left = cty_json_after(&d->from.json, pair->from, left);
    if (right)
        pair->right = cty_json_after(&d->to.json, pair->to, right);
    return compare(d, left, right);
}

static void differ_done(struct differ *d)
{
    cty_document_done(&d->from);
    cty_document_done(&d->to);
    cty_buf_done(&d->path);
    cty_buf_done(&d->token);
}

static custody_err differ_open(struct differ *d, struct cty_bytes from, struct cty_bytes to,
                               custody_error *error)
{
    *d = (struct differ){.path = CTY_BUF_INIT(SIZE_MAX), .token = CTY_BUF_INIT(SIZE_MAX)};
    CTY_TRY(cty_document_open(&d->from, cty_payload_limits, from, "from", error));
    return cty_document_open(&d->to, cty_payload_limits, to, "to", error);
}

static custody_err differ_run(struct differ *d, bool for_patch, each_fn *each, void *context)
{
    d->for_patch = for_patch;
    d->each = each;
    d->context = context;
    custody_err err = compare(d, &d->from.json.nodes[0], &d->to.json.nodes[0]);
    while (err == CUSTODY_OK && d->depth)
        err = next_child(d);
    d->context = NULL; /* lent for the run */
    return err;
}

custody_err cty_diff_each(struct cty_bytes from, struct cty_bytes to,
                          custody_err (*each)(void *context, const struct cty_diff_line *line), void *context,
                          custody_error *error)
{
    struct differ d;
    custody_err err = differ_open(&d, from, to, error);
    if (err == CUSTODY_OK)
        err = differ_run(&d, false, each, context);
    differ_done(&d);
    return err == CUSTODY_OK ? err : cty_fail_code(error, err);
}

struct maker {
    struct cty_jw writer;
    uint32_t operations;
};

static custody_err put_operation(void *context, const struct cty_diff_line *line)
{
    struct maker *maker = context;
    if (maker->operations++ == CTY_PATCH_OPERATIONS_MAX)
        return CUSTODY_E_TOO_LARGE;
    struct cty_jw *jw = &maker->writer;
    cty_jw_object(jw);
    cty_jw_name(jw, "op");
    cty_jw_text(jw, line->before.size == 0 ? "add" : line->after.size == 0 ? "remove" : "replace");
    cty_jw_name(jw, "path");
    cty_jw_string(jw, line->path);
    if (line->after.size) {
        cty_jw_name(jw, "value");
        cty_jw_raw(jw, line->after);
    }
    cty_jw_object_end(jw);
    return jw->err;
}

static custody_err make_piecewise(struct differ *d, struct cty_buf *out)
{
    struct maker maker = {0};
    cty_jw_begin(&maker.writer, out);
    cty_jw_array(&maker.writer);
    CTY_TRY(differ_run(d, true, put_operation, &maker));
    cty_jw_array_end(&maker.writer);
    return cty_jw_end(&maker.writer);
}

/* One operation that replaces the whole document. */
static custody_err make_whole(struct differ *d, struct cty_buf *out)
{
    struct maker maker = {0};
    struct cty_diff_line line = {
        .before = cty_buf_bytes(&d->from.text),
        .after = cty_buf_bytes(&d->to.text),
    };
    cty_jw_begin(&maker.writer, out);
    cty_jw_array(&maker.writer);
    CTY_TRY(put_operation(&maker, &line));
    cty_jw_array_end(&maker.writer);
    return cty_jw_end(&maker.writer);
}

custody_err cty_patch_make(struct cty_bytes from, struct cty_bytes to, struct cty_buf *ret_operations,
                           custody_error *error)
{
    struct differ d;
    struct cty_buf operations = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_err err = differ_open(&d, from, to, error);
    if (err == CUSTODY_OK)
        err = make_piecewise(&d, &operations);
    if (err == CUSTODY_E_TOO_LARGE && d.to.json.count) {
        cty_buf_clear(&operations);
        err = make_whole(&d, &operations);
    }
    if (err == CUSTODY_OK)
        err = cty_buf_put_bytes(ret_operations, cty_buf_bytes(&operations));
    cty_buf_done(&operations);
    differ_done(&d);
    return err == CUSTODY_OK ? err : cty_fail_code(error, err);
}
