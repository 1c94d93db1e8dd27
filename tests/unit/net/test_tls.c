/* SPDX-License-Identifier: Apache-2.0 */
/* The filter by itself, both sides in memory: in pieces of any size, cut anywhere, every byte flipped. */
#include "tls_peer.h"

struct side {
    struct cty_tls_setup *setup;
    struct cty_tls *tls;
    custody_err err;
    uint8_t got[4096];
    size_t got_count;
};

/* By so much one handshake may be shorter than another: signatures are numbers, written without leading zeros. */
#define VARIES 8

struct couple {
    struct side door;
    struct side dial;
    /* Bytes that went from one to the other, in order; and which of them to change, or to stop at. */
    size_t moved;
    size_t flip_at;
    size_t stop_at;
};

static struct pair pair;

static void couple_open(struct couple *couple)
{
    struct cty_net_url url;
    struct cty_net_pin pin = pair_pin(&pair);
    *couple = (struct couple){.flip_at = SIZE_MAX, .stop_at = SIZE_MAX};
    assert_ok(cty_net_url_parse("tls+tcp://localhost:7000", false, &url, NULL));
    assert_ok(cty_tls_setup_door(cty_buf_bytes(&pair.certificate), cty_buf_bytes(&pair.key), &couple->door.setup, NULL));
    assert_ok(cty_tls_setup_dial(&pin, &url, &couple->dial.setup, NULL));
    assert_ok(cty_tls_new(couple->door.setup, &couple->door.tls));
    assert_ok(cty_tls_new(couple->dial.setup, &couple->dial.tls));
}

static void couple_close(struct couple *couple)
{
    struct side *sides[] = {&couple->door, &couple->dial};
    for (size_t i = 0; i < 2; i++) {
        cty_tls_free(sides[i]->tls);
        cty_tls_setup_free(sides[i]->setup);
    }
}

/* Reads until more must come. */
static void read_all(struct side *side)
{
    size_t count = 0;
    do {
        if (side->err != CUSTODY_OK)
            return;
        side->err = cty_tls_read(side->tls, side->got + side->got_count, sizeof(side->got) - side->got_count, &count,
                                 NULL);
        side->got_count += count;
    } while (count > 0);
}

/* Moves a piece of at most `size`; false where there is none, or where it was cut. */
static bool move(struct couple *couple, struct side *from, struct side *to, size_t size)
{
    uint8_t *room = NULL;
    struct cty_bytes out = cty_tls_out(from->tls);
    size_t most = cty_tls_room(to->tls, &room);
    size_t piece = out.size < size ? out.size : size;
    piece = piece < most ? piece : most;
    if (couple->stop_at - couple->moved < piece)
        piece = couple->stop_at - couple->moved;
    if (piece == 0)
        return false;
    memcpy(room, out.data, piece);
    if (couple->flip_at >= couple->moved && couple->flip_at - couple->moved < piece)
        room[couple->flip_at - couple->moved] ^= 0x41;
    couple->moved += piece;
    cty_tls_fed(to->tls, piece);
    cty_tls_sent(from->tls, piece);
    read_all(to);
    return true;
}

static void run(struct couple *couple, size_t size)
{
    read_all(&couple->dial);
    while (move(couple, &couple->dial, &couple->door, size) || move(couple, &couple->door, &couple->dial, size)) {
    }
}

static void expect_ready(struct couple *couple)
{
    assert_ok(couple->door.err);
    assert_ok(couple->dial.err);
    assert_true(cty_tls_is_ready(couple->door.tls));
    assert_true(cty_tls_is_ready(couple->dial.tls));
}

static void pieces_of_any_size(void **state)
{
    (void)state;
    for (size_t size = 1; size < 9000; size = size * 3 + 1) {
        struct couple couple;
        couple_open(&couple);
        run(&couple, size);
        expect_ready(&couple);
        assert_ok(cty_tls_write(couple.dial.tls, CTY_LITERAL("there")));
        assert_ok(cty_tls_write(couple.door.tls, CTY_LITERAL("and back")));
        run(&couple, size);
        assert_bytes_text(cty_bytes_make(couple.door.got, couple.door.got_count), "there");
        assert_bytes_text(cty_bytes_make(couple.dial.got, couple.dial.got_count), "and back");
        couple_close(&couple);
    }
}

static void cut_anywhere_it_waits(void **state)
{
    (void)state;
    struct couple couple;
    couple_open(&couple);
    run(&couple, SIZE_MAX);
    expect_ready(&couple);
    size_t whole = couple.moved;
    couple_close(&couple);
    for (size_t cut = 0; cut < whole - VARIES; cut += cut < 16 || whole - cut < 24 ? 1 : 37) {
        couple_open(&couple);
        couple.stop_at = cut;
        run(&couple, SIZE_MAX);
        assert_ok(couple.door.err);
        assert_ok(couple.dial.err);
        assert_false(cty_tls_is_ready(couple.dial.tls) && cty_tls_is_ready(couple.door.tls));
        couple_close(&couple);
    }
}

/* Whatever is changed on the way, both are never ready with it; and nothing that was changed is read. */
static void any_byte_flipped_is_found(void **state)
{
    (void)state;
    struct couple couple;
    couple_open(&couple);
    run(&couple, SIZE_MAX);
    size_t whole = couple.moved;
    couple_close(&couple);
    size_t refused = 0;
    for (size_t at = 0; at < whole - VARIES; at += 3) {
        couple_open(&couple);
        couple.flip_at = at;
        run(&couple, SIZE_MAX);
        assert_false(cty_tls_is_ready(couple.dial.tls) && cty_tls_is_ready(couple.door.tls));
        refused += couple.dial.err != CUSTODY_OK || couple.door.err != CUSTODY_OK;
        couple_close(&couple);
    }
    /* A length that is flipped makes them wait for more; a time limit ends that. */
    assert_in_range(refused, whole / 4, whole);
}

static void a_flipped_message_is_refused(void **state)
{
    (void)state;
    struct couple couple;
    couple_open(&couple);
    run(&couple, SIZE_MAX);
    expect_ready(&couple);
    assert_ok(cty_tls_write(couple.dial.tls, CTY_LITERAL("pay 10")));
    couple.flip_at = couple.moved + cty_tls_out(couple.dial.tls).size - 1;
    run(&couple, SIZE_MAX);
    assert_int_equal(couple.door.got_count, 0);
    assert_refused(couple.door.err, "tls");
    couple_close(&couple);
}

static void what_is_broken_stays_so(void **state)
{
    (void)state;
    struct couple couple;
    uint8_t *room = NULL;
    couple_open(&couple);
    assert_true(cty_tls_room(couple.door.tls, &room) > 8);
    memcpy(room, "\0SP\0\0\060\0\0", 8);
    cty_tls_fed(couple.door.tls, 8);
    read_all(&couple.door);
    assert_refused(couple.door.err, "tls");
    /* It says why, and reads no more. */
    assert_int_equal(cty_tls_out(couple.door.tls).size, 7);
    assert_int_equal(cty_tls_out(couple.door.tls).data[0], 21);
    assert_int_equal(cty_tls_room(couple.door.tls, &room), 0);
    size_t count = 1;
    uint8_t out[8];
    assert_refused(cty_tls_read(couple.door.tls, out, sizeof(out), &count, NULL), "unreachable");
    assert_int_equal(count, 0);
    couple_close(&couple);
}

/* Nothing is read while earlier bytes wait, so nothing can pile up. */
static void bytes_wait_for_who_reads(void **state)
{
    (void)state;
    struct couple couple;
    static uint8_t big[CTY_TLS_PIECE_BYTES_MAX];
    uint8_t *room = NULL;
    size_t count = 0;
    couple_open(&couple);
    run(&couple, SIZE_MAX);
    assert_ok(cty_tls_write(couple.dial.tls, cty_bytes_make(big, sizeof(big))));
    while (cty_tls_out(couple.dial.tls).size > 0) {
        struct cty_bytes out = cty_tls_out(couple.dial.tls);
        size_t size = cty_tls_room(couple.door.tls, &room);
        size = size < out.size ? size : out.size;
        assert_true(size > 0);
        memcpy(room, out.data, size);
        cty_tls_fed(couple.door.tls, size);
        cty_tls_sent(couple.dial.tls, size);
        assert_ok(cty_tls_read(couple.door.tls, couple.door.got, 1, &count, NULL));
    }
    assert_int_equal(count, 1);
    assert_int_equal(cty_tls_room(couple.door.tls, &room), 0);
    size_t all = 1;
    while (count > 0) {
        assert_ok(cty_tls_read(couple.door.tls, couple.door.got, sizeof(couple.door.got), &count, NULL));
        all += count;
    }
    assert_int_equal(all, sizeof(big));
    assert_true(cty_tls_room(couple.door.tls, &room) > 0);
    couple_close(&couple);
}

static int make_pair(void **state)
{
    (void)state;
    pair_make(&pair);
    return 0;
}

static int free_pair(void **state)
{
    (void)state;
    pair_done(&pair);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_any_size),
        cmocka_unit_test(cut_anywhere_it_waits),
        cmocka_unit_test(any_byte_flipped_is_found),
        cmocka_unit_test(a_flipped_message_is_refused),
        cmocka_unit_test(what_is_broken_stays_so),
        cmocka_unit_test(bytes_wait_for_who_reads),
    };
    return cmocka_run_group_tests(tests, make_pair, free_pair);
}
