/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 6902. The operations are read from their tape; the document they change is a cty_ptree.
 *
 * Whoever signs a patch makes everybody who checks it do the work, so the work is bounded: the size of the
 * document after every operation is kept by addition and subtraction, and the bytes that copies and moves
 * carry are counted together. All other work is bounded by the bytes that came in.
 */
#include "codec/patch.h"

#include "base/check.h"
#include "base/limits.h"
#include "codec/document.h"
#include "codec/json_inner.h"
#include "codec/patch_tree.h"
#include "codec/pointer.h"

struct patcher {
    json_t *root;           /* owned */
    struct cty_shape shape; /* of the root; its depth is not kept */
    size_t moved;           /* bytes that copies and moves have carried so far */
    struct cty_buf token;
    struct cty_buf key;
    const char *reason;
};

/* One operation; the views borrow from buffers of cty_patch_apply. */
struct operation {
    const struct cty_json *json;
    const struct cty_json_node *value;
    struct cty_bytes path;
    struct cty_bytes from;
};

/*
 * What a pointer names. Everything is borrowed and holds until the document is changed or another pointer
 * is resolved.
 */
struct place {
    json_t *parent; /* NULL for the whole document */
    json_t *value;  /* what stands there, NULL if nothing does */
    struct cty_bytes key;
    struct cty_bytes token;
    size_t index;
    size_t tokens;
};

static custody_err refuse(struct patcher *p, custody_err err, const char *reason)
{
    p->reason = reason;
    return err;
}

/* The child that the token names, NULL if there is none. Sets key or index. */
static custody_err child_get(struct patcher *p, struct place *place)
{
    place->value = NULL;
    if (json_is_array(place->parent)) {
        size_t size = json_array_size(place->parent);
        if (cty_pointer_index(place->token, size, &place->index) == CUSTODY_OK)
            place->value = json_array_get(place->parent, place->index);
        return CUSTODY_OK;
    }
    if (!json_is_object(place->parent))
        return refuse(p, CUSTODY_E_BAD_POINTER, "the pointer goes into a scalar");
    cty_buf_clear(&p->key);
    CTY_TRY(cty_json_put_string(&p->key, place->token));
    place->key = cty_bytes_make(p->key.data + 1, p->key.size - 2);
    place->value = json_object_getn(place->parent, (const char *)place->key.data, place->key.size);
    return CUSTODY_OK;
}

/* Finds where a pointer leads; all but its last token must exist. */
static custody_err locate(struct patcher *p, struct cty_bytes pointer, struct place *ret_place)
{
    *ret_place = (struct place){.value = p->root};
    if (cty_pointer_check(pointer) != CUSTODY_OK)
        return refuse(p, CUSTODY_E_BAD_POINTER, "the pointer is malformed");
    for (; pointer.size; ret_place->tokens++) {
        if (!ret_place->value)
            return refuse(p, CUSTODY_E_BAD_POINTER, "the pointer points at nothing");
        ret_place->parent = ret_place->value;
        CTY_TRY(cty_pointer_next(&pointer, &p->token));
        ret_place->token = cty_buf_bytes(&p->token);
        CTY_TRY(child_get(p, ret_place));
    }
    return CUSTODY_OK;
}

static custody_err locate_value(struct patcher *p, struct cty_bytes pointer, struct place *ret_place)
{
    CTY_TRY(locate(p, pointer, ret_place));
    if (!ret_place->value)
        return refuse(p, CUSTODY_E_BAD_POINTER, "the pointer points at nothing");
    return CUSTODY_OK;
}

/* Counts a value that is to be copied or moved. */
static custody_err carry(struct patcher *p, json_t *value)
{
    struct cty_shape shape;
    CTY_TRY(cty_ptree_measure(value, NULL, &shape));
    p->moved += shape.bytes;
    if (p->moved > CTY_PATCH_MOVED_BYTES_MAX)
        return refuse(p, CUSTODY_E_TOO_LARGE, "the patch moves too much");
    return CUSTODY_OK;
}

/* What an item takes beside its value: its name with quotes and colon, and a comma if it has neighbours. */
static size_t overhead(const struct place *place, size_t neighbours)
{
    size_t comma = neighbours ? 1 : 0;
    return json_is_object(place->parent) ? place->key.size + 3 + comma : comma;
}

static size_t items_count(const struct place *place)
{
    return json_is_object(place->parent) ? json_object_size(place->parent) : json_array_size(place->parent);
}

/* Takes the place's value out of its parent. */
static custody_err take_away(struct patcher *p, const struct place *place)
{
    struct cty_shape shape;
    if (!place->parent)
        return refuse(p, CUSTODY_E_BAD_PATCH, "the whole document can't be removed");
    CTY_TRY(cty_ptree_measure(place->value, NULL, &shape));
    p->shape.bytes -= shape.bytes + overhead(place, items_count(place) - 1);
    p->shape.nodes -= shape.nodes;
    int failed = json_is_object(place->parent)
                     ? json_object_deln(place->parent, (const char *)place->key.data, place->key.size)
                     : json_array_remove(place->parent, place->index);
    return failed ? CUSTODY_E_INTERNAL : CUSTODY_OK;
}

/* Accounts for a value that comes in, and refuses it where the document would break a limit. */
static custody_err account(struct patcher *p, const struct place *place, const struct cty_shape *in)
{
    struct cty_shape out = {0};
    if (place->value)
        CTY_TRY(cty_ptree_measure(place->value, NULL, &out));
    else
        p->shape.bytes += overhead(place, items_count(place));
    p->shape.bytes += in->bytes - out.bytes;
    p->shape.nodes += in->nodes - out.nodes;
    if (place->tokens + in->depth > CTY_PAYLOAD_DEPTH_MAX)
        return refuse(p, CUSTODY_E_TOO_DEEP, "the document gets too deep");
    if (p->shape.bytes > CTY_BLOB_BYTES_MAX || p->shape.nodes > CTY_PAYLOAD_NODES_MAX)
        return refuse(p, CUSTODY_E_TOO_LARGE, "the document gets too large");
    return CUSTODY_OK;
}

/* Puts `value` (taken) where the place is, over what stands there. */
static custody_err put_over(struct patcher *p, const struct place *place, json_t *value)
{
    int failed = 0;
    if (!place->parent) {
        json_decref(p->root);
        p->root = value;
    } else if (json_is_object(place->parent)) {
        failed = json_object_setn_new_nocheck(place->parent, (const char *)place->key.data, place->key.size,
                                              value);
    } else {
        failed = json_array_set_new(place->parent, place->index, value);
    }
    return failed ? CUSTODY_E_NO_MEMORY : CUSTODY_OK;
}

/* Adding to an array inserts: at an index up to its size, or at "-", its end. */
static custody_err array_add(struct patcher *p, struct place *place, json_t *value)
{
    struct cty_shape in;
    size_t size = json_array_size(place->parent);
    if (cty_bytes_is(place->token, "-"))
        place->index = size;
    else if (cty_pointer_index(place->token, size + 1, &place->index) != CUSTODY_OK)
        return refuse(p, CUSTODY_E_BAD_POINTER, "the index is malformed or out of range");
    place->value = NULL;
    CTY_TRY(cty_ptree_measure(value, NULL, &in));
    CTY_TRY(account(p, place, &in));
    return json_array_insert(place->parent, place->index, value) ? CUSTODY_E_NO_MEMORY : CUSTODY_OK;
}

/* Adds `value` (not taken) at the path. */
static custody_err add_value(struct patcher *p, struct cty_bytes path, json_t *value)
{
    struct place place;
    struct cty_shape in;
    CTY_TRY(locate(p, path, &place));
    if (json_is_array(place.parent))
        return array_add(p, &place, value);
    CTY_TRY(cty_ptree_measure(value, NULL, &in));
    CTY_TRY(account(p, &place, &in));
    return put_over(p, &place, json_incref(value));
}

/* The operation's value, owned by the caller. */
static custody_err load_value(struct patcher *p, const struct operation *operation, json_t **ret_value)
{
    if (!operation->value)
        return refuse(p, CUSTODY_E_BAD_PATCH, "'value' is missing");
    return cty_ptree_load(operation->json, operation->value, ret_value);
}

static custody_err apply_add(struct patcher *p, const struct operation *operation)
{
    json_t *value = NULL;
    CTY_TRY(load_value(p, operation, &value));
    custody_err err = add_value(p, operation->path, value);
    json_decref(value);
    return err;
}

static custody_err apply_remove(struct patcher *p, const struct operation *operation)
{
    struct place place;
    CTY_TRY(locate_value(p, operation->path, &place));
    return take_away(p, &place);
}

static custody_err replace_value(struct patcher *p, struct cty_bytes path, json_t *value)
{
    struct place place;
    struct cty_shape in;
    CTY_TRY(locate_value(p, path, &place));
    CTY_TRY(cty_ptree_measure(value, NULL, &in));
    CTY_TRY(account(p, &place, &in));
    return put_over(p, &place, json_incref(value));
}

static custody_err apply_replace(struct patcher *p, const struct operation *operation)
{
    json_t *value = NULL;
    CTY_TRY(load_value(p, operation, &value));
    custody_err err = replace_value(p, operation->path, value);
    json_decref(value);
    return err;
}

/* Whether `path` leads into what `from` names; every token has one spelling, so the texts tell. */
static bool leads_into(struct cty_bytes path, struct cty_bytes from)
{
    return path.size > from.size && path.data[from.size] == '/' &&
           cty_bytes_equal(cty_bytes_make(path.data, from.size), from);
}

static custody_err apply_move(struct patcher *p, const struct operation *operation)
{
    struct place place;
    if (leads_into(operation->path, operation->from))
        return refuse(p, CUSTODY_E_BAD_PATCH, "a value can't be moved into itself");
    CTY_TRY(locate_value(p, operation->from, &place));
    if (cty_bytes_equal(operation->from, operation->path))
        return CUSTODY_OK;
    CTY_TRY(carry(p, place.value));
    json_t *value = json_incref(place.value);
    custody_err err = take_away(p, &place);
    if (err == CUSTODY_OK)
        err = add_value(p, operation->path, value);
    json_decref(value);
    return err;
}

static custody_err apply_copy(struct patcher *p, const struct operation *operation)
{
    struct place place;
    CTY_TRY(locate_value(p, operation->from, &place));
    CTY_TRY(carry(p, place.value));
    json_t *value = json_deep_copy(place.value);
    if (!value)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = add_value(p, operation->path, value);
    json_decref(value);
    return err;
}

static custody_err apply_test(struct patcher *p, const struct operation *operation)
{
    struct place place;
    json_t *value = NULL;
    CTY_TRY(locate_value(p, operation->path, &place));
    CTY_TRY(load_value(p, operation, &value));
    bool equal = json_equal(place.value, value);
    json_decref(value);
    return equal ? CUSTODY_OK : refuse(p, CUSTODY_E_BAD_PATCH, "the test failed");
}

static const struct verb {
    const char *name;
    bool needs_from;
    custody_err (*apply)(struct patcher *p, const struct operation *operation);
} verbs[] = {
    {"add", false, apply_add},         {"remove", false, apply_remove}, {"replace", false, apply_replace},
    {"move", true, apply_move},        {"copy", true, apply_copy},      {"test", false, apply_test},
};

static const struct verb *verb_get(const struct cty_json_node *op)
{
    for (size_t i = 0; op && op->kind == CTY_JSON_STRING && i < CTY_COUNT_OF(verbs); i++) {
        if (cty_bytes_is(op->text, verbs[i].name))
            return &verbs[i];
    }
    return NULL;
}

/* Reads a member that holds a pointer into `buf`. */
static custody_err pointer_get(struct patcher *p, const struct cty_json_node *node, const char *missing,
                               struct cty_buf *buf, struct cty_bytes *ret_pointer)
{
    cty_buf_clear(buf);
    if (!node || node->kind != CTY_JSON_STRING)
        return refuse(p, CUSTODY_E_BAD_PATCH, missing);
    CTY_TRY(cty_json_string(node, buf));
    *ret_pointer = cty_buf_bytes(buf);
    return CUSTODY_OK;
}

/* Members that RFC 6902 doesn't name are passed over, as it asks. */
static custody_err apply_node(struct patcher *p, const struct cty_json *json, const struct cty_json_node *node,
                              struct cty_buf *path, struct cty_buf *from)
{
    if (node->kind != CTY_JSON_OBJECT)
        return refuse(p, CUSTODY_E_BAD_PATCH, "it is not an object");
    const struct verb *verb = verb_get(cty_json_member(json, node, "op"));
    if (!verb)
        return refuse(p, CUSTODY_E_BAD_PATCH, "'op' is missing or unknown");
    struct operation operation = {.json = json, .value = cty_json_member(json, node, "value")};
    CTY_TRY(pointer_get(p, cty_json_member(json, node, "path"), "'path' is missing or not a string", path,
                        &operation.path));
    if (verb->needs_from)
        CTY_TRY(pointer_get(p, cty_json_member(json, node, "from"), "'from' is missing or not a string", from,
                            &operation.from));
    return verb->apply(p, &operation);
}

static custody_err apply_all(struct patcher *p, const struct cty_json *json, custody_error *error)
{
    struct cty_buf path = CTY_BUF_INIT(SIZE_MAX), from = CTY_BUF_INIT(SIZE_MAX);
    const struct cty_json_node *array = &json->nodes[0];
    if (array->kind != CTY_JSON_ARRAY)
        return cty_fail(error, CUSTODY_E_BAD_PATCH, "operations: not an array");
    if (array->count > CTY_PATCH_OPERATIONS_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "operations: %u of them", array->count);
    custody_err err = CUSTODY_OK;
    size_t number = 0;
    for (const struct cty_json_node *node = cty_json_first(json, array); node && err == CUSTODY_OK;
         node = cty_json_after(json, array, node), number++) {
        p->reason = NULL;
        err = apply_node(p, json, node, &path, &from);
        if (err != CUSTODY_OK)
            cty_fail(error, err, "operation %zu: %s", number, p->reason ? p->reason : "failed");
    }
    cty_buf_done(&path);
    cty_buf_done(&from);
    return err;
}

/* Writes the changed document; that the sizes kept all along agree with it is a program truth. */
static custody_err put_result(struct patcher *p, struct cty_buf *ret_result, custody_error *error)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    struct cty_document result = {0};
    struct cty_shape shape;
    custody_err err = cty_ptree_measure(p->root, &text, &shape);
    if (err == CUSTODY_OK)
        err = cty_document_open(&result, cty_payload_limits, cty_buf_bytes(&text), "result", error);
    if (err == CUSTODY_OK) {
        CTY_CHECK(shape.bytes == p->shape.bytes && shape.nodes == p->shape.nodes);
        CTY_CHECK(shape.bytes == result.text.size && shape.nodes == result.json.count);
        err = cty_buf_put_bytes(ret_result, cty_buf_bytes(&result.text));
    }
    cty_document_done(&result);
    cty_buf_done(&text);
    return err;
}

custody_err cty_patch_apply(struct cty_bytes document, struct cty_bytes operations, struct cty_buf *ret_result,
                            custody_error *error)
{
    struct patcher p = {.token = CTY_BUF_INIT(SIZE_MAX), .key = CTY_BUF_INIT(SIZE_MAX)};
    struct cty_document base = {0}, patch = {0};
    custody_err err = CUSTODY_E_INTERNAL;
    CTY_TRY_OUT(cty_document_open(&base, cty_payload_limits, document, "document", error));
    CTY_TRY_OUT(cty_document_open(&patch, cty_operations_limits, operations, "operations", error));
    CTY_TRY_OUT(cty_ptree_load(&base.json, &base.json.nodes[0], &p.root));
    p.shape = (struct cty_shape){.bytes = base.text.size, .nodes = base.json.count};
    CTY_TRY_OUT(apply_all(&p, &patch.json, error));
    CTY_TRY_OUT(put_result(&p, ret_result, error));
out:
    json_decref(p.root);
    cty_document_done(&base);
    cty_document_done(&patch);
    cty_buf_done(&p.token);
    cty_buf_done(&p.key);
    return err == CUSTODY_OK ? err : cty_fail_code(error, err);
}
