/* SPDX-License-Identifier: Apache-2.0 */
/* A memory over a backing says what one without says, however little it may hold; and what the backing does not do shows. */
#include <stdio.h>
#include <stdlib.h>

#include "audit/memory.h"
#include "unit/support.h"

#define KEYS 400
#define LEAVES 3000

struct row {
    char key[64];
    struct cty_buf value;
};

/* A backing in memory, which can be told to fail. */
struct shelf {
    struct row rows[KEYS];
    size_t count;
    struct cty_buf tiles[3][LEAVES / CTY_TILE_WIDTH + 1];
    unsigned gets;
    custody_err fault;
    struct cty_backing backing;
};

static struct row *row_of(struct shelf *shelf, const char *key)
{
    for (size_t i = 0; i < shelf->count; i++) {
        if (strcmp(shelf->rows[i].key, key) == 0)
            return &shelf->rows[i];
    }
    return NULL;
}

static custody_err get(void *context, enum cty_space space, const char *key, struct cty_buf *out)
{
    struct shelf *shelf = context;
    assert_int_equal(space, CTY_SPACE_RECORD);
    shelf->gets++;
    CTY_TRY(shelf->fault);
    const struct row *row = row_of(shelf, key);
    return row ? cty_buf_put_bytes(out, cty_buf_bytes(&row->value)) : CUSTODY_E_NOT_FOUND;
}

static custody_err put(void *context, enum cty_space space, const char *key, struct cty_bytes value)
{
    struct shelf *shelf = context;
    struct row *row = row_of(shelf, key);
    assert_int_equal(space, CTY_SPACE_RECORD);
    CTY_TRY(shelf->fault);
    if (!row) {
        assert_true(shelf->count < KEYS);
        row = &shelf->rows[shelf->count++];
        snprintf(row->key, sizeof(row->key), "%s", key);
        row->value = CTY_BUF_INIT(1024);
    }
    cty_buf_clear(&row->value);
    return cty_buf_put_bytes(&row->value, value);
}

static custody_err each(void *context, enum cty_space space, const char *prefix, cty_backing_each_fn *fn, void *fn_context)
{
    struct shelf *shelf = context;
    (void)space;
    for (size_t i = 0; i < shelf->count; i++) {
        if (strncmp(shelf->rows[i].key, prefix, strlen(prefix)) == 0)
            CTY_TRY(fn(fn_context, shelf->rows[i].key, cty_buf_bytes(&shelf->rows[i].value)));
    }
    return CUSTODY_OK;
}

static custody_err tile_get(void *context, unsigned level, uint64_t index, struct cty_buf *out)
{
    struct shelf *shelf = context;
    const struct cty_buf *tile = &shelf->tiles[level][index];
    CTY_TRY(shelf->fault);
    return tile->size ? cty_buf_put_bytes(out, cty_buf_bytes(tile)) : CUSTODY_E_NOT_FOUND;
}

static custody_err tile_put(void *context, unsigned level, uint64_t index, struct cty_bytes hashes)
{
    struct shelf *shelf = context;
    struct cty_buf *tile = &shelf->tiles[level][index];
    tile->limit = CTY_TILE_WIDTH * CTY_HASH_SIZE;
    cty_buf_clear(tile);
    return cty_buf_put_bytes(tile, hashes);
}

static struct shelf *shelf_new(void)
{
    struct shelf *shelf = calloc(1, sizeof(*shelf));
    assert_non_null(shelf);
    shelf->backing = (struct cty_backing){shelf, get, put, each, tile_get, tile_put, true};
    return shelf;
}

static void shelf_free(struct shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        cty_buf_done(&shelf->rows[i].value);
    for (size_t level = 0; level < 3; level++) {
        for (size_t i = 0; i <= LEAVES / CTY_TILE_WIDTH; i++)
            cty_buf_done(&shelf->tiles[level][i]);
    }
    free(shelf);
}

static custody_err count_one(void *context, const char *key, struct cty_bytes value)
{
    (void)key;
    (void)value;
    ++*(unsigned *)context;
    return CUSTODY_OK;
}

static void key_of(unsigned number, char key[64])
{
    snprintf(key, 64, "%s/%u", number % 3 ? "id" : "case", number);
}

/* Puts of all sizes, over and over, with trims between them. */
static void records(void **state)
{
    struct shelf *shelf = shelf_new();
    struct cty_memory *plain = NULL, *backed = NULL;
    char key[64], value[300];
    unsigned random = 7, plain_cases = 0, backed_cases = 0;
    (void)state;
    assert_ok(cty_memory_new(&plain));
    assert_ok(cty_memory_new(&backed));
    assert_ok(cty_memory_back(backed, &shelf->backing, CTY_SPACE_RECORD, 2000));
    memset(value, 'v', sizeof(value));
    for (unsigned i = 0; i < 6000; i++) {
        random = random * 1103515245u + 12345u;
        key_of(random >> 8 & 255, key);
        struct cty_bytes a = cty_memory_get(plain, key), b = cty_memory_get(backed, key);
        assert_int_equal(a.data == NULL, b.data == NULL);
        assert_true(cty_bytes_equal(a, b));
        int size = snprintf(value, sizeof(value), "%u", i);
        value[size] = 'v';
        if (random & 1u << 20) {
            assert_ok(cty_memory_put(plain, key, cty_bytes_make(value, random >> 22 & 255)));
            assert_ok(cty_memory_put(backed, key, cty_bytes_make(value, random >> 22 & 255)));
        }
        if (i % 7 == 0)
            assert_ok(cty_memory_trim(backed));
    }
    /* So few were held at once. */
    assert_ok(cty_memory_trim(backed));
    assert_true(cty_memory_records(backed) < 30);
    assert_true(shelf->gets > 100);
    assert_ok(cty_memory_each_of(plain, "case/", count_one, &plain_cases));
    assert_ok(cty_memory_each_of(backed, "case/", count_one, &backed_cases));
    assert_int_equal(plain_cases, backed_cases);
    assert_true(plain_cases > 10);
    uint64_t plain_count = 0, backed_count = 0;
    assert_ok(cty_memory_count(plain, &plain_count));
    assert_ok(cty_memory_count(backed, &backed_count));
    assert_int_equal(plain_count, cty_memory_records(plain));
    assert_int_equal(backed_count, plain_count);
    cty_memory_free(plain);
    cty_memory_free(backed);
    shelf_free(shelf);
}

static void grow(struct cty_memory *memory, uint64_t to)
{
    for (uint64_t i = cty_memory_size(memory); i < to; i++) {
        struct cty_hash leaf = cty_sha256(cty_bytes_make(&i, sizeof(i)));
        assert_ok(cty_memory_append_leaf(memory, &leaf));
    }
}

static void same_roots(const struct cty_memory *a, const struct cty_memory *b)
{
    assert_int_equal(cty_memory_size(a), cty_memory_size(b));
    for (uint64_t size = 0; size <= cty_memory_size(a); size += size < 600 ? 1 : 13) {
        struct cty_hash one, other;
        assert_ok(cty_memory_root(a, size, &one));
        assert_ok(cty_memory_root(b, size, &other));
        assert_true(cty_hash_equal(&one, &other));
    }
}

/* Every root of a tree whose older nodes are in tiles only; and of one that goes on from tiles of every size. */
static void trees(void **state)
{
    struct shelf *shelf = shelf_new();
    struct cty_memory *plain = NULL, *backed = NULL, *later = NULL;
    (void)state;
    assert_ok(cty_memory_new(&plain));
    assert_ok(cty_memory_new(&backed));
    assert_ok(cty_memory_back(backed, &shelf->backing, CTY_SPACE_RECORD, 2000));
    assert_ok(cty_memory_back_tree(backed, 0));
    static const uint64_t sizes[] = {1, 2, 255, 256, 257, 511, 512, 700, 2049, LEAVES};
    for (size_t i = 0; i < CTY_COUNT_OF(sizes); i++) {
        grow(plain, sizes[i]);
        grow(backed, sizes[i]);
        same_roots(plain, backed);
        assert_ok(cty_memory_flush_tree(backed));
        assert_ok(cty_memory_new(&later));
        assert_ok(cty_memory_back(later, &shelf->backing, CTY_SPACE_RECORD, 2000));
        assert_ok(cty_memory_back_tree(later, sizes[i]));
        same_roots(plain, later);
        cty_memory_free(backed);
        backed = later;
    }
    cty_memory_free(plain);
    cty_memory_free(backed);
    shelf_free(shelf);
}

static void a_tile_that_is_missing(void **state)
{
    struct shelf *shelf = shelf_new();
    struct cty_memory *memory = NULL;
    (void)state;
    assert_ok(cty_memory_new(&memory));
    assert_ok(cty_memory_back(memory, &shelf->backing, CTY_SPACE_RECORD, 2000));
    assert_refused(cty_memory_back_tree(memory, 300), "not-found");
    cty_memory_free(memory);
    shelf_free(shelf);
}

/* A record that can't be read is not one that isn't there: whoever goes on is told. */
static void a_backing_that_fails(void **state)
{
    struct shelf *shelf = shelf_new();
    struct cty_memory *memory = NULL;
    struct cty_view view = {.count = 0};
    enum cty_view_status status;
    struct cty_bytes value;
    (void)state;
    assert_ok(cty_memory_new(&memory));
    assert_ok(cty_memory_back(memory, &shelf->backing, CTY_SPACE_RECORD, 1));
    assert_ok(cty_memory_put(memory, "id/1", CTY_LITERAL("one")));
    assert_ok(cty_memory_trim(memory));
    assert_int_equal(cty_memory_records(memory), 0);
    shelf->fault = CUSTODY_E_STORAGE;
    assert_ok(cty_view_get(&view, "id/1", &status, &value));
    assert_refused(cty_memory_fill(memory, &view, NULL, NULL), "storage");
    shelf->fault = CUSTODY_OK;
    assert_refused(cty_memory_trim(memory), "storage");
    assert_refused(cty_memory_flush(memory), "storage");
    uint64_t count = 0;
    assert_refused(cty_memory_count(memory, &count), "storage");
    cty_memory_free(memory);
    shelf_free(shelf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records),
        cmocka_unit_test(trees),
        cmocka_unit_test(a_tile_that_is_missing),
        cmocka_unit_test(a_backing_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
