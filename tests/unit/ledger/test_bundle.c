/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles of entries: what is put in comes out, and nothing that is cut, or has more, is one. */
#include "base/limits.h"
#include "ledger/bundle.h"
#include "unit/support.h"

static void put(struct cty_buf *bundle, size_t size, char fill)
{
    uint8_t *entry = malloc(size + 1);
    assert_non_null(entry);
    memset(entry, fill, size + 1);
    assert_ok(cty_bundle_put(cty_bytes_make(entry, size), bundle));
    free(entry);
}

static void what_is_put_in_comes_out(void **state)
{
    struct cty_buf bundle = CTY_BUF_INIT(CTY_BUNDLE_BYTES_MAX);
    struct cty_bytes entries[CTY_TILE_WIDTH];
    (void)state;
    assert_ok(cty_bundle_put(CTY_LITERAL("abc"), &bundle));
    assert_ok(cty_bundle_put(CTY_LITERAL(""), &bundle));
    put(&bundle, 258, 'd');
    put(&bundle, CTY_ENTRY_BYTES_MAX, 'e');
    assert_int_equal(bundle.size, 4 * 2 + 3 + 258 + 65535);
    assert_memory_equal(bundle.data, "\0\3abc\0\0\1\2d", 10);
    assert_memory_equal(bundle.data + 7 + 260, "\xff\xff" "e", 3);
    assert_ok(cty_bundle_parse(cty_buf_bytes(&bundle), 4, entries));
    assert_bytes_text(entries[0], "abc");
    assert_int_equal(entries[1].size, 0);
    assert_int_equal(entries[2].size, 258);
    assert_int_equal(entries[3].size, 65535);
    assert_int_equal(entries[3].data[65534], 'e');
    cty_buf_done(&bundle);
}

static void as_large_as_it_can_be(void **state)
{
    struct cty_buf bundle = CTY_BUF_INIT(CTY_BUNDLE_BYTES_MAX);
    struct cty_bytes entries[CTY_TILE_WIDTH];
    (void)state;
    for (unsigned i = 0; i < CTY_TILE_WIDTH; i++)
        put(&bundle, CTY_ENTRY_BYTES_MAX, 'x');
    assert_int_equal(bundle.size, CTY_BUNDLE_BYTES_MAX);
    assert_ok(cty_bundle_parse(cty_buf_bytes(&bundle), CTY_TILE_WIDTH, entries));
    /* Nothing goes in half. */
    assert_refused(cty_bundle_put(CTY_LITERAL(""), &bundle), "too-large");
    assert_int_equal(bundle.size, CTY_BUNDLE_BYTES_MAX);
    cty_buf_done(&bundle);
    static uint8_t large[CTY_ENTRY_BYTES_MAX + 1];
    assert_refused(cty_bundle_put(cty_bytes_make(large, sizeof(large)), &bundle), "too-large");
    assert_int_equal(bundle.size, 0);
}

static void cut_or_longer_it_is_none(void **state)
{
    struct cty_bytes entries[CTY_TILE_WIDTH];
    static const char good[] = "\0\3abc\0\0\0\1d";
    (void)state;
    assert_ok(cty_bundle_parse(cty_bytes_make(good, 10), 3, entries));
    for (size_t size = 0; size < 10; size++)
        assert_refused(cty_bundle_parse(cty_bytes_make(good, size), 3, entries), "bad-tile");
    assert_refused(cty_bundle_parse(cty_bytes_make(good, 11), 3, entries), "bad-tile"); /* the NUL */
    assert_refused(cty_bundle_parse(cty_bytes_make(good, 10), 2, entries), "bad-tile");
    assert_refused(cty_bundle_parse(cty_bytes_make(good, 10), 4, entries), "bad-tile");
    assert_refused(cty_bundle_parse(cty_bytes_make(NULL, 0), 1, entries), "bad-tile");
    /* A length that reaches beyond the end, also far. */
    assert_refused(cty_bundle_parse(CTY_LITERAL("\0\4abc"), 1, entries), "bad-tile");
    assert_refused(cty_bundle_parse(CTY_LITERAL("\xff\xff""abc"), 1, entries), "bad-tile");
    assert_refused(cty_bundle_parse(CTY_LITERAL("\3\0abc"), 1, entries), "bad-tile"); /* the bytes the other way round */
}

static void one_by_one(void **state)
{
    struct cty_bytes rest = CTY_LITERAL("\0\1a\0\2bc\0"), entry;
    (void)state;
    assert_ok(cty_bundle_take(&rest, &entry));
    assert_bytes_text(entry, "a");
    assert_ok(cty_bundle_take(&rest, &entry));
    assert_bytes_text(entry, "bc");
    assert_int_equal(rest.size, 1);
    assert_refused(cty_bundle_take(&rest, &entry), "bad-tile");
    assert_int_equal(rest.size, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_in_comes_out),
        cmocka_unit_test(as_large_as_it_can_be),
        cmocka_unit_test(cut_or_longer_it_is_none),
        cmocka_unit_test(one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
