/* SPDX-License-Identifier: Apache-2.0 */
#include "net/sp.h"

#include <stdlib.h>

#include "base/check.h"

#define IPC_MESSAGE 1u
/* What a message is given at first; then as much again whenever that is full. */
#define BODY_BEGIN 16384u

void cty_sp_hello_format(uint32_t protocol, uint8_t ret_hello[static CTY_SP_HELLO_BYTES])
{
    const uint8_t hello[CTY_SP_HELLO_BYTES] = {
        0, 'S', 'P', 0, (uint8_t)(protocol >> 8), (uint8_t)protocol, 0, 0};
    memcpy(ret_hello, hello, sizeof(hello));
}

size_t cty_sp_head_format(enum cty_sp_transport transport, uint64_t size,
                          uint8_t ret_head[static CTY_SP_HEAD_BYTES_MAX])
{
    size_t at = 0;
    if (transport == CTY_SP_IPC)
        ret_head[at++] = IPC_MESSAGE;
    for (int shift = 56; shift >= 0; shift -= 8)
        ret_head[at++] = (uint8_t)(size >> shift);
    return at;
}

void cty_sp_reader_init(struct cty_sp_reader *reader, enum cty_sp_transport transport, uint32_t peer,
                        size_t message_max)
{
    reader->transport = transport;
    reader->peer = peer;
    reader->message_max = message_max;
    reader->greeted = false;
    reader->in_body = false;
    reader->body = NULL;
    reader->body_size = 0;
    reader->body_room = 0;
    reader->body_got = 0;
    reader->begin = 0;
    reader->end = 0;
}

void cty_sp_reader_done(struct cty_sp_reader *reader)
{
    free(reader->body);
    reader->body = NULL;
    reader->in_body = false;
}

size_t cty_sp_reader_room(struct cty_sp_reader *reader, uint8_t **ret_room)
{
    if (reader->in_body && reader->begin == reader->end) {
        *ret_room = reader->body + reader->body_got;
        return reader->body_room - reader->body_got;
    }
    if (reader->begin > 0) {
        memmove(reader->buffer, reader->buffer + reader->begin, reader->end - reader->begin);
        reader->end -= reader->begin;
        reader->begin = 0;
    }
    *ret_room = reader->buffer + reader->end;
    return sizeof(reader->buffer) - reader->end;
}

void cty_sp_reader_fed(struct cty_sp_reader *reader, size_t size)
{
    if (reader->in_body && reader->begin == reader->end) {
        CTY_CHECK(size <= reader->body_room - reader->body_got);
        reader->body_got += size;
        return;
    }
    CTY_CHECK(size <= sizeof(reader->buffer) - reader->end);
    reader->end += size;
}

static size_t unread_size(const struct cty_sp_reader *reader)
{
    return reader->end - reader->begin;
}

custody_err cty_sp_reader_greet(struct cty_sp_reader *reader)
{
    uint8_t expected[CTY_SP_HELLO_BYTES];
    if (reader->greeted || unread_size(reader) < sizeof(expected))
        return CUSTODY_OK;
    cty_sp_hello_format(reader->peer, expected);
    if (memcmp(reader->buffer + reader->begin, expected, sizeof(expected)) != 0)
        return CUSTODY_E_UNREACHABLE;
    reader->begin += sizeof(expected);
    reader->greeted = true;
    return CUSTODY_OK;
}

/* Reads the length before a message, once it is whole, and makes room for the message. */
static custody_err begin_body(struct cty_sp_reader *reader)
{
    size_t head_size = reader->transport == CTY_SP_IPC ? 9 : 8;
    if (unread_size(reader) < head_size)
        return CUSTODY_OK;
    const uint8_t *head = reader->buffer + reader->begin;
    if (reader->transport == CTY_SP_IPC && *head++ != IPC_MESSAGE)
        return CUSTODY_E_UNREACHABLE;
    uint64_t size = cty_be_get(head, 8);
    if (size > reader->message_max)
        return CUSTODY_E_TOO_LARGE;
    size_t room = size < BODY_BEGIN ? (size_t)size : BODY_BEGIN;
    reader->body = malloc(room ? room : 1);
    if (!reader->body)
        return CUSTODY_E_NO_MEMORY;
    reader->body_size = (size_t)size;
    reader->body_room = room;
    reader->body_got = 0;
    reader->begin += head_size;
    reader->in_body = true;
    return CUSTODY_OK;
}

/* Makes room for more of the message, where what it has is full. */
static custody_err grow_body(struct cty_sp_reader *reader)
{
    if (reader->body_got < reader->body_room || reader->body_room == reader->body_size)
        return CUSTODY_OK;
    size_t room = reader->body_size / 2 < reader->body_room ? reader->body_size : 2 * reader->body_room;
    uint8_t *body = realloc(reader->body, room);
    if (!body)
        return CUSTODY_E_NO_MEMORY;
    reader->body = body;
    reader->body_room = room;
    return CUSTODY_OK;
}

static custody_err fill_body(struct cty_sp_reader *reader)
{
    while (unread_size(reader) > 0 && reader->body_got < reader->body_size) {
        size_t missing = reader->body_room - reader->body_got;
        size_t piece = unread_size(reader) < missing ? unread_size(reader) : missing;
        memcpy(reader->body + reader->body_got, reader->buffer + reader->begin, piece);
        reader->body_got += piece;
        reader->begin += piece;
        CTY_TRY(grow_body(reader));
    }
    return grow_body(reader);
}

custody_err cty_sp_reader_next(struct cty_sp_reader *reader, uint8_t **ret_body, size_t *ret_size)
{
    *ret_body = NULL;
    *ret_size = 0;
    CTY_TRY(cty_sp_reader_greet(reader));
    if (reader->greeted && !reader->in_body)
        CTY_TRY(begin_body(reader));
    if (!reader->in_body)
        return CUSTODY_OK;
    CTY_TRY(fill_body(reader));
    if (reader->body_got < reader->body_size)
        return CUSTODY_OK;
    *ret_body = reader->body;
    *ret_size = reader->body_size;
    reader->body = NULL;
    reader->in_body = false;
    return CUSTODY_OK;
}

size_t cty_sp_reader_held(const struct cty_sp_reader *reader)
{
    return reader->in_body ? reader->body_room : 0;
}

bool cty_sp_reader_is_partial(const struct cty_sp_reader *reader)
{
    return reader->in_body || unread_size(reader) > 0;
}
