/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of a door, as a peer may send it. The first byte chooses the transport and the sizes of the pieces in which
 * the rest comes. What must hold: the same messages come out, and the same refusal, whatever the pieces are; no message
 * is larger than allowed.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"
#include "net/sp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MESSAGE_MAX 4096u

/* What came out of a stream, in order; sizes are as telling as bytes. */
struct outcome {
    uint8_t bytes[1u << 16];
    size_t size;
    size_t messages;
    custody_err err;
};

static struct outcome whole, pieces;
static struct cty_sp_reader reader;

static void take(struct outcome *out)
{
    uint8_t *body = NULL;
    size_t size = 0;
    while (out->err == CUSTODY_OK) {
        out->err = cty_sp_reader_next(&reader, &body, &size);
        if (out->err != CUSTODY_OK || !body)
            return;
        CTY_CHECK(size <= MESSAGE_MAX);
        CTY_CHECK(out->size + size <= sizeof(out->bytes));
        if (size)
            memcpy(out->bytes + out->size, body, size);
        out->size += size;
        out->messages++;
        free(body);
    }
}

static void read_stream(const uint8_t *data, size_t size, size_t piece, enum cty_sp_transport transport,
                        struct outcome *out)
{
    *out = (struct outcome){.err = CUSTODY_OK};
    cty_sp_reader_init(&reader, transport, CTY_SP_REQ, MESSAGE_MAX);
    for (size_t at = 0; at < size && out->err == CUSTODY_OK;) {
        uint8_t *room = NULL;
        size_t most = cty_sp_reader_room(&reader, &room);
        size_t now = piece < most ? piece : most;
        now = now < size - at ? now : size - at;
        CTY_CHECK(now > 0);
        memcpy(room, data + at, now);
        cty_sp_reader_fed(&reader, now);
        at += now;
        take(out);
    }
    cty_sp_reader_done(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > sizeof(whole.bytes))
        return 0;
    enum cty_sp_transport transport = data[0] & 1 ? CTY_SP_TCP : CTY_SP_IPC;
    read_stream(data + 1, size - 1, SIZE_MAX, transport, &whole);
    read_stream(data + 1, size - 1, 1 + (data[0] >> 1), transport, &pieces);
    CTY_CHECK(whole.err == pieces.err && whole.messages == pieces.messages && whole.size == pieces.size);
    CTY_CHECK(memcmp(whole.bytes, pieces.bytes, whole.size) == 0);
    CTY_CHECK(whole.err == CUSTODY_OK || whole.err == CUSTODY_E_UNREACHABLE || whole.err == CUSTODY_E_TOO_LARGE);
    return 0;
}
