/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/support.h"

#include "net/sp.h"

#define MESSAGE_MAX 20000

static size_t stream_make(enum cty_sp_transport transport, uint8_t *at, const char *text, size_t big)
{
    uint8_t *begin = at;
    cty_sp_hello_format(CTY_SP_REQ, at);
    at += CTY_SP_HELLO_BYTES;
    at += cty_sp_head_format(transport, strlen(text), at);
    memcpy(at, text, strlen(text));
    at += strlen(text);
    at += cty_sp_head_format(transport, 0, at);
    at += cty_sp_head_format(transport, big, at);
    memset(at, 'b', big);
    return (size_t)(at - begin) + big;
}

static void feed(struct cty_sp_reader *reader, const uint8_t *data, size_t size)
{
    uint8_t *room = NULL;
    assert_true(cty_sp_reader_room(reader, &room) >= size);
    memcpy(room, data, size);
    cty_sp_reader_fed(reader, size);
}

/* Takes every whole message out; counts them and the bytes in them. */
static void take_all(struct cty_sp_reader *reader, size_t *count, size_t *bytes)
{
    for (;;) {
        uint8_t *body = NULL;
        size_t size = 0;
        assert_ok(cty_sp_reader_next(reader, &body, &size));
        if (!body)
            return;
        *count += 1;
        *bytes += size;
        free(body);
    }
}

static void check_pieces(enum cty_sp_transport transport, size_t piece_max)
{
    static uint8_t stream[MESSAGE_MAX + 100];
    size_t size = stream_make(transport, stream, "hello", MESSAGE_MAX);
    struct cty_sp_reader reader;
    size_t count = 0, bytes = 0;
    cty_sp_reader_init(&reader, transport, CTY_SP_REQ, MESSAGE_MAX);
    for (size_t at = 0; at < size;) {
        uint8_t *room = NULL;
        size_t piece = cty_sp_reader_room(&reader, &room);
        assert_true(piece > 0);
        if (piece > piece_max)
            piece = piece_max;
        if (piece > size - at)
            piece = size - at;
        feed(&reader, stream + at, piece);
        at += piece;
        take_all(&reader, &count, &bytes);
    }
    assert_int_equal(count, 3);
    assert_int_equal(bytes, strlen("hello") + MESSAGE_MAX);
    assert_false(cty_sp_reader_is_partial(&reader));
    cty_sp_reader_done(&reader);
}

static void pieces_of_every_size(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 40; piece++) {
        check_pieces(CTY_SP_IPC, piece);
        check_pieces(CTY_SP_TCP, piece);
    }
    check_pieces(CTY_SP_IPC, CTY_SP_BUFFER_BYTES);
    check_pieces(CTY_SP_TCP, MESSAGE_MAX);
}

/* What the reader says of hello and message after one change; "ok" also where bytes are missing. */
static const char *verdict(enum cty_sp_transport transport, size_t flipped, uint8_t mask, size_t cut)
{
    uint8_t stream[64];
    size_t size = stream_make(transport, stream, "hi", 2);
    stream[flipped] ^= mask;
    struct cty_sp_reader reader;
    cty_sp_reader_init(&reader, transport, CTY_SP_REQ, 100);
    feed(&reader, stream, cut < size ? cut : size);
    uint8_t *body = NULL;
    size_t body_size = 0;
    custody_err err = cty_sp_reader_next(&reader, &body, &body_size);
    free(body);
    cty_sp_reader_done(&reader);
    return custody_err_name(err);
}

static void every_byte_of_the_hello_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_SP_HELLO_BYTES; i++) {
        for (int bit = 0; bit < 8; bit++) {
            assert_string_equal(verdict(CTY_SP_IPC, i, (uint8_t)(1 << bit), SIZE_MAX), "unreachable");
            assert_string_equal(verdict(CTY_SP_TCP, i, (uint8_t)(1 << bit), SIZE_MAX), "unreachable");
        }
    }
}

static void the_type_byte_of_ipc_is_one(void **state)
{
    (void)state;
    assert_string_equal(verdict(CTY_SP_IPC, 8, 0, SIZE_MAX), "ok");
    for (int bit = 0; bit < 8; bit++)
        assert_string_equal(verdict(CTY_SP_IPC, 8, (uint8_t)(1 << bit), SIZE_MAX), "unreachable");
}

static void a_length_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(verdict(CTY_SP_IPC, 9 + i, 0x80, SIZE_MAX), "too-large");
        assert_string_equal(verdict(CTY_SP_TCP, 8 + i, 0x01, SIZE_MAX), "too-large");
    }
    /* 2 ^ 102 = 100: just at the limit, and waiting for the rest. 2 ^ 103 = 101: one beyond. */
    assert_string_equal(verdict(CTY_SP_TCP, 15, 102, 18), "ok");
    assert_string_equal(verdict(CTY_SP_TCP, 15, 103, 18), "too-large");
}

static void a_cut_stream_has_no_message(void **state)
{
    (void)state;
    uint8_t stream[64];
    size_t first = CTY_SP_HELLO_BYTES + 9 + 2;
    stream_make(CTY_SP_IPC, stream, "hi", 2);
    for (size_t cut = 0; cut <= first; cut++) {
        struct cty_sp_reader reader;
        uint8_t *body = NULL;
        size_t size = 0;
        cty_sp_reader_init(&reader, CTY_SP_IPC, CTY_SP_REQ, 100);
        feed(&reader, stream, cut);
        assert_ok(cty_sp_reader_next(&reader, &body, &size));
        assert_int_equal(body != NULL, cut == first);
        free(body);
        cty_sp_reader_done(&reader);
    }
}

static void the_hello_alone_leaves_the_message(void **state)
{
    (void)state;
    uint8_t stream[64];
    size_t size = stream_make(CTY_SP_TCP, stream, "hi", 2);
    struct cty_sp_reader reader;
    uint8_t *body = NULL;
    cty_sp_reader_init(&reader, CTY_SP_TCP, CTY_SP_REQ, 100);
    feed(&reader, stream, size);
    assert_ok(cty_sp_reader_greet(&reader));
    assert_true(reader.greeted);
    assert_true(cty_sp_reader_is_partial(&reader));
    assert_ok(cty_sp_reader_next(&reader, &body, &size));
    assert_int_equal(size, 2);
    free(body);
    cty_sp_reader_done(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_every_size),
        cmocka_unit_test(every_byte_of_the_hello_counts),
        cmocka_unit_test(the_type_byte_of_ipc_is_one),
        cmocka_unit_test(a_length_beyond_the_limit_is_refused),
        cmocka_unit_test(a_cut_stream_has_no_message),
        cmocka_unit_test(the_hello_alone_leaves_the_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
