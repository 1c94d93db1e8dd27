/* SPDX-License-Identifier: Apache-2.0 */
/* Notes and checkpoints: what is accepted has one text, so writing it again gives the bytes that were read. */
#include "base/check.h"
#include "ledger/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The keys of the corpus's signed notes: seeds of 32 bytes of 0x11 and of 0x22. */
static const struct cty_key log_key = {{
    0xd0, 0x4a, 0xb2, 0x32, 0x74, 0x2b, 0xb4, 0xab, 0x3a, 0x13, 0x68, 0xbd, 0x46, 0x15, 0xe4, 0xe6,
    0xd0, 0x22, 0x4a, 0xb7, 0x1a, 0x01, 0x6b, 0xaf, 0x85, 0x20, 0xa3, 0x32, 0xc9, 0x77, 0x87, 0x37,
}};
static const struct cty_key witness_key = {{
    0xa0, 0x9a, 0xa5, 0xf4, 0x7a, 0x67, 0x59, 0x80, 0x2f, 0xf9, 0x55, 0xf8, 0xdc, 0x2d, 0x2a, 0x14,
    0xa5, 0xc9, 0x9d, 0x23, 0xbe, 0x97, 0xf8, 0x64, 0x12, 0x7f, 0xf9, 0x38, 0x34, 0x55, 0xa4, 0xf0,
}};

static void check_checkpoint(struct cty_bytes text)
{
    struct cty_checkpoint checkpoint;
    if (cty_checkpoint_parse(text, &checkpoint) != CUSTODY_OK)
        return;
    struct cty_buf again = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    CTY_CHECK(cty_checkpoint_format(&checkpoint, &again) == CUSTODY_OK);
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&again), text));
    cty_buf_done(&again);
}

static void check_note(struct cty_bytes bytes, const struct cty_note *note)
{
    struct cty_buf again = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    CTY_CHECK(cty_buf_put_bytes(&again, note->text) == CUSTODY_OK);
    CTY_CHECK(cty_buf_put_byte(&again, '\n') == CUSTODY_OK);
    for (size_t i = 0; i < note->count; i++) {
        CTY_CHECK(cty_buf_put_text(&again, "\xe2\x80\x94 ") == CUSTODY_OK);
        CTY_CHECK(cty_buf_put_bytes(&again, note->lines[i].name) == CUSTODY_OK);
        CTY_CHECK(cty_buf_put_byte(&again, ' ') == CUSTODY_OK);
        CTY_CHECK(cty_buf_put_bytes(&again, note->lines[i].base64) == CUSTODY_OK);
        CTY_CHECK(cty_buf_put_byte(&again, '\n') == CUSTODY_OK);
    }
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&again), bytes));
    cty_buf_done(&again);
}

/* What opens was signed, so only the notes of the corpus can, and they say what stands in their text. */
static void check_open(struct cty_bytes bytes, const struct cty_note *note)
{
    struct cty_bytes origin = CTY_LITERAL("custody.example.com/refunds");
    struct cty_bytes witness = CTY_LITERAL("witness.example.com/w1");
    struct cty_checkpoint checkpoint, again;
    uint64_t time_s = 0;
    if (cty_checkpoint_open(bytes, origin, &log_key, &checkpoint) == CUSTODY_OK) {
        CTY_CHECK(cty_checkpoint_parse(note->text, &again) == CUSTODY_OK);
        CTY_CHECK(again.size == checkpoint.size && cty_hash_equal(&again.root, &checkpoint.root));
    }
    if (cty_note_cosignature_verify(note, witness, &witness_key, &time_s) == CUSTODY_OK)
        CTY_CHECK(time_s > 0 && time_s <= CTY_COSIGNATURE_TIME_S_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cty_bytes bytes = cty_bytes_make(data, size);
    struct cty_note note;
    CTY_CHECK(cty_crypto_init() == CUSTODY_OK);
    check_checkpoint(bytes);
    if (cty_note_parse(bytes, &note) != CUSTODY_OK)
        return 0;
    check_note(bytes, &note);
    check_checkpoint(note.text);
    check_open(bytes, &note);
    return 0;
}
