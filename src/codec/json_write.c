/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"

#include <stdio.h>

#include "base/check.h"
#include "codec/json_inner.h"
#include "codec/text.h"

/* The byte behind the backslash of a short escape, 0 if there is none. */
static uint8_t short_letter(uint8_t c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static custody_err put_escape(struct cty_buf *out, uint8_t c)
{
    uint8_t letter = short_letter(c);
    if (letter) {
        uint8_t escape[2] = {'\\', letter};
        return cty_buf_put(out, escape, sizeof(escape));
    }
    char escape[8];
    int size = snprintf(escape, sizeof(escape), "\\u%04x", c);
    return cty_buf_put(out, escape, (size_t)size);
}

/* Of a string that can't be written: a NUL in what is left of it is told first. */
static custody_err refuse_string(const uint8_t *at, const uint8_t *end)
{
    return memchr(at, 0, (size_t)(end - at)) ? CUSTODY_E_BAD_MEMBER : CUSTODY_E_BAD_ENCODING;
}

/* What stands between the quotes. */
static custody_err put_inside(struct cty_buf *out, struct cty_bytes value)
{
    const uint8_t *from = value.data, *at = value.data, *end = value.data + value.size;
    while ((at = cty_json_skip_plain(at, end)) < end) {
        if (*at >= 0x80) {
            size_t size = cty_utf8_size(at, end);
            if (size == 0)
                return refuse_string(at, end);
            at += size;
            continue;
        }
        if (*at == 0)
            return CUSTODY_E_BAD_MEMBER;
        CTY_TRY(cty_buf_put(out, from, (size_t)(at - from)));
        CTY_TRY(put_escape(out, *at));
        from = ++at;
    }
    return cty_buf_put(out, from, (size_t)(end - from));
}

/* Bytes that stand between quotes as they are, and what follows the second quote, or 0: one look at the room for all. */
static custody_err put_quoted(struct cty_buf *out, struct cty_bytes plain, uint8_t behind)
{
    CTY_TRY(cty_buf_reserve(out, plain.size + (behind ? 3 : 2)));
    uint8_t *at = out->data + out->size;
    *at++ = '"';
    if (plain.size)
        memcpy(at, plain.data, plain.size);
    at += plain.size;
    *at++ = '"';
    if (behind)
        *at++ = behind;
    out->size = (size_t)(at - out->data);
    return CUSTODY_OK;
}

custody_err cty_json_put_string(struct cty_buf *out, struct cty_bytes value)
{
    if (value.size == 0 || cty_json_skip_plain(value.data, value.data + value.size) == value.data + value.size)
        return put_quoted(out, value, 0);
    CTY_TRY(cty_buf_put_byte(out, '"'));
    CTY_TRY(put_inside(out, value));
    return cty_buf_put_byte(out, '"');
}

void cty_jw_begin(struct cty_jw *jw, struct cty_buf *out)
{
    *jw = (struct cty_jw){.out = out, .err = CUSTODY_OK};
}

custody_err cty_jw_end(struct cty_jw *jw)
{
    CTY_CHECK(jw->err != CUSTODY_OK || (jw->depth == 0 && !jw->named));
    return jw->err;
}

/* Keeps the first error. */
static void keep(struct cty_jw *jw, custody_err err)
{
    if (jw->err == CUSTODY_OK)
        jw->err = err;
}

static void put_byte(struct cty_jw *jw, uint8_t byte)
{
    if (jw->err == CUSTODY_OK)
        jw->err = cty_buf_put_byte(jw->out, byte);
}

static void put_comma(struct cty_jw *jw)
{
    if (!jw->first[jw->depth - 1])
        put_byte(jw, ',');
    jw->first[jw->depth - 1] = false;
}

/* What stands before every value; false if an earlier error forbids to go on. */
static bool value_begins(struct cty_jw *jw)
{
    if (jw->err != CUSTODY_OK)
        return false;
    if (jw->depth) {
        CTY_CHECK(jw->named == jw->object[jw->depth - 1]);
        if (!jw->named)
            put_comma(jw);
    }
    jw->named = false;
    return jw->err == CUSTODY_OK;
}

static void open_container(struct cty_jw *jw, bool object)
{
    if (!value_begins(jw))
        return;
    CTY_CHECK(jw->depth < CTY_JW_DEPTH_MAX);
    put_byte(jw, object ? '{' : '[');
    jw->first[jw->depth] = true;
    jw->object[jw->depth] = object;
    jw->last_name[jw->depth] = NULL;
    jw->depth++;
}

static void close_container(struct cty_jw *jw, bool object)
{
    if (jw->err != CUSTODY_OK)
        return;
    CTY_CHECK(jw->depth > 0 && jw->object[jw->depth - 1] == object && !jw->named);
    put_byte(jw, object ? '}' : ']');
    jw->depth--;
}

void cty_jw_object(struct cty_jw *jw)
{
    open_container(jw, true);
}

void cty_jw_object_end(struct cty_jw *jw)
{
    close_container(jw, true);
}

void cty_jw_array(struct cty_jw *jw)
{
    open_container(jw, false);
}

void cty_jw_array_end(struct cty_jw *jw)
{
    close_container(jw, false);
}

/* What stands before every name. */
static bool name_begins(struct cty_jw *jw, const char *literal)
{
    if (jw->err != CUSTODY_OK)
        return false;
    CTY_CHECK(jw->depth > 0 && jw->object[jw->depth - 1] && !jw->named);
    const char **last = &jw->last_name[jw->depth - 1];
    CTY_CHECK(!literal || !*last || (uint8_t)**last < (uint8_t)*literal || strcmp(*last, literal) < 0);
    *last = literal;
    jw->named = true;
    put_comma(jw);
    return jw->err == CUSTODY_OK;
}

static custody_err put_name(struct cty_buf *out, const char *name)
{
    struct cty_bytes bytes = cty_bytes_text(name);
    CTY_CHECK(cty_json_skip_plain(bytes.data, bytes.data + bytes.size) == bytes.data + bytes.size);
    return put_quoted(out, bytes, ':');
}

void cty_jw_name(struct cty_jw *jw, const char *name)
{
    if (name_begins(jw, name))
        keep(jw, put_name(jw->out, name));
}

void cty_jw_name_bytes(struct cty_jw *jw, struct cty_bytes name)
{
    if (!name_begins(jw, NULL))
        return;
    keep(jw, cty_json_put_string(jw->out, name));
    put_byte(jw, ':');
}

void cty_jw_string(struct cty_jw *jw, struct cty_bytes value)
{
    if (value_begins(jw))
        keep(jw, cty_json_put_string(jw->out, value));
}

void cty_jw_text(struct cty_jw *jw, const char *value)
{
    cty_jw_string(jw, cty_bytes_text(value));
}

void cty_jw_u64(struct cty_jw *jw, uint64_t value)
{
    if (value_begins(jw))
        keep(jw, cty_buf_put_u64(jw->out, value));
}

void cty_jw_bool(struct cty_jw *jw, bool value)
{
    if (value_begins(jw))
        keep(jw, cty_buf_put_text(jw->out, value ? "true" : "false"));
}

void cty_jw_hex(struct cty_jw *jw, struct cty_bytes value)
{
    if (!value_begins(jw))
        return;
    put_byte(jw, '"');
    if (jw->err == CUSTODY_OK)
        keep(jw, cty_hex_format(value, jw->out));
    put_byte(jw, '"');
}

void cty_jw_base64(struct cty_jw *jw, struct cty_bytes value)
{
    if (!value_begins(jw))
        return;
    put_byte(jw, '"');
    if (jw->err == CUSTODY_OK)
        keep(jw, cty_base64_format(value, jw->out));
    put_byte(jw, '"');
}

void cty_jw_raw(struct cty_jw *jw, struct cty_bytes canonical)
{
    if (value_begins(jw))
        keep(jw, cty_buf_put_bytes(jw->out, canonical));
}
