/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed notes (C2SP signed-note) and cosignature/v1 lines (C2SP tlog-cosignature).
 *
 *   <text, ends with a newline>
 *   <newline>
 *   U+2014 SP <name> SP <base64 of key id (4) || signature field> <newline>      one or more
 *
 * A text may hold blank lines itself, signature lines can't: the last blank line is the one that splits.
 */
#include "ledger/note.h"

#include "base/check.h"
#include "codec/text.h"
#include "ledger/lines.h"

#define LINE_BEGIN "\xe2\x80\x94 "
#define KEY_ID_SIZE 4u
#define TIME_SIZE 8u
#define FIELD_SIZE_MAX (KEY_ID_SIZE + TIME_SIZE + CTY_SIGNATURE_SIZE)

/* Splits *bytes into the text and what follows the blank line. */
static custody_err split(struct cty_bytes bytes, struct cty_bytes *ret_text, struct cty_bytes *ret_lines)
{
    for (size_t at = bytes.size; at >= 2; at--) {
        if (bytes.data[at - 1] != '\n' || bytes.data[at - 2] != '\n')
            continue;
        *ret_text = cty_bytes_make(bytes.data, at - 1);
        *ret_lines = cty_bytes_make(bytes.data + at, bytes.size - at);
        return CUSTODY_OK;
    }
    return CUSTODY_E_BAD_NOTE;
}

/* `line` without its newline. */
static custody_err line_parse(struct cty_bytes line, struct cty_note_line *ret_line)
{
    if (!cty_prefix_take(&line, LINE_BEGIN))
        return CUSTODY_E_BAD_NOTE;
    const uint8_t *space = line.size ? memchr(line.data, ' ', line.size) : NULL;
    if (!space)
        return CUSTODY_E_BAD_NOTE;
    size_t name_size = (size_t)(space - line.data);
    ret_line->name = cty_bytes_make(line.data, name_size);
    ret_line->base64 = cty_bytes_make(space + 1, line.size - name_size - 1);
    size_t field_size = 0;
    if (cty_base64_scan(ret_line->base64, ret_line->key_id, KEY_ID_SIZE, &field_size) != CUSTODY_OK)
        return CUSTODY_E_BAD_NOTE;
    if (field_size <= KEY_ID_SIZE || !cty_name_is_lawful(ret_line->name))
        return CUSTODY_E_BAD_NOTE;
    return CUSTODY_OK;
}

custody_err cty_note_lines_parse(struct cty_bytes lines, struct cty_bytes text, struct cty_note *ret_note)
{
    struct cty_bytes line;
    size_t count = 0;
    while (cty_line_take(&lines, &line)) {
        if (count == CTY_NOTE_SIGNATURES_MAX)
            return CUSTODY_E_TOO_LARGE;
        CTY_TRY(line_parse(line, &ret_note->lines[count]));
        count++;
    }
    if (lines.size > 0 || count == 0)
        return CUSTODY_E_BAD_NOTE;
    ret_note->text = text;
    ret_note->count = count;
    return CUSTODY_OK;
}

custody_err cty_note_parse(struct cty_bytes bytes, struct cty_note *ret_note)
{
    if (bytes.size > CTY_NOTE_BYTES_MAX)
        return CUSTODY_E_TOO_LARGE;
    if (!cty_text_is_lawful(bytes))
        return CUSTODY_E_BAD_NOTE;
    struct cty_bytes text, rest;
    CTY_TRY(split(bytes, &text, &rest));
    return cty_note_lines_parse(rest, text, ret_note);
}

custody_err cty_note_line_put(const struct cty_note_line *line, struct cty_buf *out)
{
    size_t start = out->size;
    custody_err err = cty_buf_put_text(out, LINE_BEGIN);
    if (err == CUSTODY_OK)
        err = cty_buf_put_bytes(out, line->name);
    if (err == CUSTODY_OK)
        err = cty_buf_put_byte(out, ' ');
    if (err == CUSTODY_OK)
        err = cty_buf_put_bytes(out, line->base64);
    if (err == CUSTODY_OK)
        err = cty_buf_put_byte(out, '\n');
    if (err != CUSTODY_OK)
        out->size = start;
    return err;
}

static bool line_is_by(const struct cty_note_line *line, struct cty_bytes name,
                       const uint8_t id[KEY_ID_SIZE])
{
    return memcmp(line->key_id, id, KEY_ID_SIZE) == 0 && cty_bytes_equal(line->name, name);
}

/* The same line once more says nothing more, and is not verified again: who repeats it has paid for nothing. */
static bool is_repeated(const struct cty_note *note, size_t at)
{
    const struct cty_note_line *line = &note->lines[at];
    for (size_t i = 0; i < at; i++) {
        if (line_is_by(&note->lines[i], line->name, line->key_id) && cty_bytes_equal(note->lines[i].base64, line->base64))
            return true;
    }
    return false;
}

static custody_err line_verify(const struct cty_note_line *line, struct cty_bytes text,
                               const struct cty_key *key)
{
    uint8_t field[KEY_ID_SIZE + CTY_SIGNATURE_SIZE];
    if (cty_base64_parse_into(line->base64, field, sizeof(field)) != CUSTODY_OK)
        return CUSTODY_E_SIGNATURE_INVALID;
    struct cty_signature signature;
    memcpy(signature.bytes, field + KEY_ID_SIZE, CTY_SIGNATURE_SIZE);
    return cty_verify(key, text, &signature);
}

custody_err cty_note_verify(const struct cty_note *note, struct cty_bytes key_name,
                            const struct cty_key *key)
{
    uint8_t id[KEY_ID_SIZE];
    cty_key_id(key_name, CTY_KEY_ED25519, key, id);
    custody_err err = CUSTODY_E_NOTE_UNSIGNED;
    for (size_t i = 0; i < note->count; i++) {
        if (!line_is_by(&note->lines[i], key_name, id) || is_repeated(note, i))
            continue;
        err = line_verify(&note->lines[i], note->text, key);
        if (err != CUSTODY_OK)
            return err;
    }
    return err;
}

/* What a cosignature signs; the caller empties the buffer. */
static custody_err cosigned_message(struct cty_bytes text, uint64_t time_s, struct cty_buf *out)
{
    CTY_TRY(cty_buf_put_text(out, "cosignature/v1\ntime "));
    CTY_TRY(cty_buf_put_u64(out, time_s));
    CTY_TRY(cty_buf_put_byte(out, '\n'));
    return cty_buf_put_bytes(out, text);
}
#define COSIGNED_BYTES_MAX (CTY_NOTE_BYTES_MAX + 64u)

static bool time_is_lawful(uint64_t time_s)
{
    return time_s > 0 && time_s <= CTY_COSIGNATURE_TIME_S_MAX;
}

static custody_err cosigned_line_verify(const struct cty_note_line *line, struct cty_bytes text,
                                        const struct cty_key *key, uint64_t *ret_time_s)
{
    uint8_t field[FIELD_SIZE_MAX];
    if (cty_base64_parse_into(line->base64, field, sizeof(field)) != CUSTODY_OK)
        return CUSTODY_E_SIGNATURE_INVALID;
    uint64_t time_s = cty_be_get(field + KEY_ID_SIZE, TIME_SIZE);
    if (!time_is_lawful(time_s))
        return CUSTODY_E_SIGNATURE_INVALID;
    struct cty_signature signature;
    memcpy(signature.bytes, field + KEY_ID_SIZE + TIME_SIZE, CTY_SIGNATURE_SIZE);
    custody_err err = CUSTODY_E_INTERNAL;
    struct cty_buf message = CTY_BUF_INIT(COSIGNED_BYTES_MAX);
    CTY_TRY_OUT(cosigned_message(text, time_s, &message));
    CTY_TRY_OUT(cty_verify(key, cty_buf_bytes(&message), &signature));
    *ret_time_s = time_s;
out:
    cty_buf_done(&message);
    return err;
}

custody_err cty_note_cosignature_since(const struct cty_note *note, struct cty_bytes name,
                                       const struct cty_key *key, uint64_t from_s, uint64_t *ret_time_s)
{
    uint8_t id[KEY_ID_SIZE];
    cty_key_id(name, CTY_KEY_COSIGNATURE, key, id);
    uint64_t earliest_s = UINT64_MAX;
    for (size_t i = 0; i < note->count; i++) {
        if (!line_is_by(&note->lines[i], name, id) || is_repeated(note, i))
            continue;
        uint64_t time_s = 0;
        CTY_TRY(cosigned_line_verify(&note->lines[i], note->text, key, &time_s));
        if (time_s >= from_s && time_s < earliest_s)
            earliest_s = time_s;
    }
    if (earliest_s == UINT64_MAX)
        return CUSTODY_E_NOTE_UNSIGNED;
    *ret_time_s = earliest_s;
    return CUSTODY_OK;
}

custody_err cty_note_cosignature_verify(const struct cty_note *note, struct cty_bytes name,
                                        const struct cty_key *key, uint64_t *ret_time_s)
{
    return cty_note_cosignature_since(note, name, key, 0, ret_time_s);
}

/* What may be signed. */
static custody_err text_check(struct cty_bytes text, struct cty_bytes name)
{
    if (text.size > CTY_NOTE_BYTES_MAX || name.size > CTY_NOTE_BYTES_MAX)
        return CUSTODY_E_TOO_LARGE;
    if (text.size == 0 || text.data[text.size - 1] != '\n' || !cty_text_is_lawful(text))
        return CUSTODY_E_BAD_MEMBER;
    return cty_name_is_lawful(name) ? CUSTODY_OK : CUSTODY_E_BAD_MEMBER;
}

static custody_err line_put(struct cty_bytes name, struct cty_bytes field, struct cty_buf *out)
{
    CTY_TRY(cty_buf_put_text(out, LINE_BEGIN));
    CTY_TRY(cty_buf_put_bytes(out, name));
    CTY_TRY(cty_buf_put_byte(out, ' '));
    CTY_TRY(cty_base64_format(field, out));
    return cty_buf_put_byte(out, '\n');
}

static custody_err note_put(struct cty_bytes text, struct cty_bytes name, struct cty_bytes field,
                            struct cty_buf *out)
{
    size_t start = out->size;
    CTY_TRY(cty_buf_put_bytes(out, text));
    CTY_TRY(cty_buf_put_byte(out, '\n'));
    CTY_TRY(line_put(name, field, out));
    return out->size - start > CTY_NOTE_BYTES_MAX ? CUSTODY_E_TOO_LARGE : CUSTODY_OK;
}

custody_err cty_note_sign(struct cty_bytes text, struct cty_bytes key_name,
                          const struct cty_secret *secret, struct cty_buf *out)
{
    CTY_TRY(text_check(text, key_name));
    uint8_t field[KEY_ID_SIZE + CTY_SIGNATURE_SIZE];
    cty_key_id(key_name, CTY_KEY_ED25519, cty_secret_key(secret), field);
    struct cty_signature signature;
    cty_sign(secret, text, &signature);
    memcpy(field + KEY_ID_SIZE, signature.bytes, CTY_SIGNATURE_SIZE);
    size_t start = out->size;
    custody_err err = note_put(text, key_name, cty_bytes_make(field, sizeof(field)), out);
    if (err != CUSTODY_OK)
        out->size = start;
    return err;
}

custody_err cty_note_cosign(struct cty_bytes text, struct cty_bytes name, const struct cty_secret *secret,
                            uint64_t time_s, struct cty_buf *out)
{
    CTY_TRY(text_check(text, name));
    if (!time_is_lawful(time_s))
        return CUSTODY_E_BAD_MEMBER;
    uint8_t field[FIELD_SIZE_MAX];
    cty_key_id(name, CTY_KEY_COSIGNATURE, cty_secret_key(secret), field);
    cty_be_put(field + KEY_ID_SIZE, time_s, TIME_SIZE);
    custody_err err = CUSTODY_E_INTERNAL;
    size_t start = out->size;
    struct cty_signature signature;
    struct cty_buf message = CTY_BUF_INIT(COSIGNED_BYTES_MAX);
    CTY_TRY_OUT(cosigned_message(text, time_s, &message));
    cty_sign(secret, cty_buf_bytes(&message), &signature);
    memcpy(field + KEY_ID_SIZE + TIME_SIZE, signature.bytes, CTY_SIGNATURE_SIZE);
    CTY_TRY_OUT(line_put(name, cty_bytes_make(field, sizeof(field)), out));
out:
    if (err != CUSTODY_OK)
        out->size = start;
    cty_buf_done(&message);
    return err;
}
