/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of nng's scalability protocols ("SP"): the hello of 8 bytes that each side sends first, and the
 * length before every message. Pure: no sockets, no nng.
 *
 *     hello     00 'S' 'P' 00 | protocol, 2 bytes | 00 00
 *     ipc       01 | length, 8 bytes | message         (big-endian everywhere)
 *     tcp            length, 8 bytes | message
 *     request   80000000..ffffffff, 4 bytes | body     the answer begins with the same 4 bytes
 *
 * Thread rule: a reader belongs to one thread at a time.
 */
#ifndef CTY_NET_SP_H
#define CTY_NET_SP_H

#include "base/bytes.h"

#define CTY_SP_PUB 0x20u
#define CTY_SP_SUB 0x21u
#define CTY_SP_REQ 0x30u
#define CTY_SP_REP 0x31u

#define CTY_SP_HELLO_BYTES 8u
#define CTY_SP_HEAD_BYTES_MAX 9u
#define CTY_SP_ID_BYTES 4u
/* Read-ahead of one connection; also the most that is kept for a peer whose message waits its turn. */
#define CTY_SP_BUFFER_BYTES 8192u

enum cty_sp_transport { CTY_SP_IPC, CTY_SP_TCP };

void cty_sp_hello_format(uint32_t protocol, uint8_t ret_hello[static CTY_SP_HELLO_BYTES]);

/* Writes the length before a message; returns how many bytes it took (9 for ipc, 8 for tcp). */
size_t cty_sp_head_format(enum cty_sp_transport transport, uint64_t size,
                          uint8_t ret_head[static CTY_SP_HEAD_BYTES_MAX]);

/* Reads a stream in pieces of any size; owns the message under way. */
struct cty_sp_reader {
    enum cty_sp_transport transport;
    uint32_t peer;
    size_t message_max;
    bool greeted;
    bool in_body;
    uint8_t *body;
    size_t body_size;
    size_t body_room; /* of body_size, so far: who announces much and sends little holds little */
    size_t body_got;
    size_t begin;
    size_t end;
    uint8_t buffer[CTY_SP_BUFFER_BYTES];
};

/* `peer`: the protocol that the other side must name in its hello; `message_max` in bytes. */
void cty_sp_reader_init(struct cty_sp_reader *reader, enum cty_sp_transport transport, uint32_t peer,
                        size_t message_max);
void cty_sp_reader_done(struct cty_sp_reader *reader);

/*
 * Where the next bytes go; call only after cty_sp_reader_next said that there is no whole message, or while
 * a message waits. Size 0: the read-ahead is full. The room is borrowed until the next call.
 */
size_t cty_sp_reader_room(struct cty_sp_reader *reader, uint8_t **ret_room);

/* `size` bytes were put into that room. */
void cty_sp_reader_fed(struct cty_sp_reader *reader, size_t size);

/* Reads the hello alone, once it is whole (`greeted`). Errors: UNREACHABLE, as cty_sp_reader_next. */
CUSTODY_MUST_USE custody_err cty_sp_reader_greet(struct cty_sp_reader *reader);

/*
 * Takes the next message out. *ret_body is NULL where more bytes are needed, else the caller owns it (free).
 * Errors: UNREACHABLE the other side doesn't speak this protocol; TOO_LARGE; NO_MEMORY. After an error the
 * stream can't be followed any more.
 */
CUSTODY_MUST_USE custody_err cty_sp_reader_next(struct cty_sp_reader *reader, uint8_t **ret_body,
                                                size_t *ret_size);

/* Bytes of memory for the message under way. */
size_t cty_sp_reader_held(const struct cty_sp_reader *reader);

/* Whether a message has begun and is not whole. */
bool cty_sp_reader_is_partial(const struct cty_sp_reader *reader);

#endif
