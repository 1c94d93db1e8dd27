/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text.h"

#include <stdio.h>

#include "base/check.h"
#include "base/limits.h"
#include "cli/glyph.h"
#include "codec/json.h"

/* --- what must be written out ---------------------------------------------------------------------------- */

/* A walk over foreign text. Where it begins, and behind a space, there is nothing that a mark could stand upon. */
struct walk {
    bool one_line;  /* others' text follows on the line: no letter may turn it */
    size_t marks;   /* upon the character before */
    size_t spaces;  /* of a run that is too long: those that are left */
    bool in_spaces; /* the character before was a space that stays */
};
#define WALK_INIT(line) ((struct walk){.one_line = (line), .marks = CTY_GLYPH_MARKS_MAX})

enum showing {
    SHOWING_STAYS,
    SHOWING_HARMLESS, /* written out, as it can't stand there; nobody is fooled by it */
    SHOWING_SUSPECT   /* written out, as it would fool a reader */
};

static size_t spaces_at(struct cty_bytes text)
{
    size_t count = 0;
    while (count < text.size && text.data[count] == ' ')
        count++;
    return count;
}

static enum showing judge_space(struct walk *w, struct cty_bytes text)
{
    if (w->spaces == 0 && !w->in_spaces) {
        size_t count = spaces_at(text);
        w->spaces = count > CTY_GLYPH_SPACES_MAX ? count : 0;
    }
    w->marks = CTY_GLYPH_MARKS_MAX;
    w->in_spaces = w->spaces == 0;
    if (w->spaces == 0)
        return SHOWING_STAYS;
    w->spaces--;
    return SHOWING_SUSPECT;
}

/* Of the character `point`, with which the text begins. */
static enum showing judge(struct walk *w, struct cty_bytes text, uint32_t point)
{
    enum cty_glyph glyph = cty_glyph_of(point);
    if (point == ' ')
        return judge_space(w, text);
    w->in_spaces = false;
    if (glyph == CTY_GLYPH_MARK)
        return w->marks++ < CTY_GLYPH_MARKS_MAX ? SHOWING_STAYS : SHOWING_SUSPECT;
    bool stays = glyph == CTY_GLYPH_PLAIN || glyph == CTY_GLYPH_WIDE || (glyph == CTY_GLYPH_LEFT && !w->one_line);
    w->marks = stays ? 0 : CTY_GLYPH_MARKS_MAX;
    if (stays)
        return SHOWING_STAYS;
    return glyph == CTY_GLYPH_HIDDEN ? SHOWING_SUSPECT : SHOWING_HARMLESS;
}

/* --- text ------------------------------------------------------------------------------------------------ */

static custody_err show_point(struct walk *w, struct cty_bytes text, size_t *ret_size, struct cty_buf *out)
{
    uint32_t point = 0;
    size_t size = cty_glyph_take(text, &point);
    *ret_size = size ? size : 1;
    if (size == 0)
        return cty_buf_putf(out, "\\x%02x", text.data[0]);
    if (judge(w, text, point) != SHOWING_STAYS)
        return cty_buf_putf(out, "\\u{%x}", point);
    return point == '\\' ? cty_buf_put_text(out, "\\\\") : cty_buf_put(out, text.data, size);
}

custody_err cty_text_show(struct cty_bytes text, struct cty_buf *out)
{
    struct walk walk = WALK_INIT(false);
    size_t size = 0;
    for (size_t at = 0; at < text.size; at += size)
        CTY_TRY(show_point(&walk, cty_bytes_make(text.data + at, text.size - at), &size, out));
    return CUSTODY_OK;
}

bool cty_text_is_suspicious(struct cty_bytes text)
{
    struct walk walk = WALK_INIT(false);
    size_t size = 0;
    for (size_t at = 0; at < text.size; at += size) {
        uint32_t point = 0;
        size = cty_glyph_take(cty_bytes_make(text.data + at, text.size - at), &point);
        if (size == 0 || judge(&walk, cty_bytes_make(text.data + at, text.size - at), point) == SHOWING_SUSPECT)
            return true;
    }
    return false;
}

/* --- JSON ------------------------------------------------------------------------------------------------ */

struct layout {
    struct cty_buf *out; /* NULL: only looked at */
    bool lines;
    unsigned depth;
    bool in_string;
    bool escaped; /* the character before was a backslash inside a string */
    struct walk walk;
    bool suspicious;
};

static custody_err put_u16(uint32_t unit, struct cty_buf *out)
{
    return cty_buf_putf(out, "\\u%04x", unit);
}

static custody_err show_json_point(struct layout *l, struct cty_bytes text, size_t size, uint32_t point)
{
    enum showing showing = judge(&l->walk, text, point);
    l->suspicious |= showing == SHOWING_SUSPECT;
    if (!l->out)
        return CUSTODY_OK;
    if (showing == SHOWING_STAYS)
        return cty_buf_put(l->out, text.data, size);
    if (point < 0x10000)
        return put_u16(point, l->out);
    CTY_TRY(put_u16(0xd800 + ((point - 0x10000) >> 10), l->out));
    return put_u16(0xdc00 + ((point - 0x10000) & 0x3ff), l->out);
}

static custody_err put_break(struct layout *l)
{
    if (!l->lines)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_put_byte(l->out, '\n'));
    for (unsigned i = 0; i < l->depth; i++)
        CTY_TRY(cty_buf_put_byte(l->out, ' '));
    return CUSTODY_OK;
}

static custody_err put_open(struct layout *l, uint8_t byte, bool empty)
{
    CTY_TRY(cty_buf_put_byte(l->out, byte));
    l->depth += 2;
    return empty ? CUSTODY_OK : put_break(l);
}

static custody_err put_close(struct layout *l, uint8_t byte, bool empty)
{
    l->depth -= 2;
    if (!empty)
        CTY_TRY(put_break(l));
    return cty_buf_put_byte(l->out, byte);
}

/* One byte between strings: canonical JSON has no spaces there, so each bracket and comma is where lines turn. */
static custody_err put_structure(struct layout *l, uint8_t byte, uint8_t before, uint8_t after)
{
    switch (byte) {
    case '{':
    case '[':
        return put_open(l, byte, after == '}' || after == ']');
    case '}':
    case ']':
        return put_close(l, byte, before == '{' || before == '[');
    case ',':
        CTY_TRY(cty_buf_put_byte(l->out, byte));
        return l->lines ? put_break(l) : cty_buf_put_byte(l->out, ' ');
    case ':':
        return cty_buf_put_text(l->out, ": ");
    default:
        return cty_buf_put_byte(l->out, byte);
    }
}

/* RFC 8785 writes a control character as \u001b, and leaves backspaces and form feeds their letters. */
static bool is_control(uint8_t letter)
{
    return letter == 'u' || letter == 'b' || letter == 'f';
}

static custody_err show_string(struct layout *l, struct cty_bytes text, size_t *ret_size)
{
    uint32_t point = 0;
    *ret_size = cty_glyph_take(text, &point);
    if (*ret_size == 0)
        return CUSTODY_E_BAD_JSON;
    l->suspicious |= l->escaped && is_control((uint8_t)point);
    l->in_string = point != '"' || l->escaped;
    l->escaped = point == '\\' && !l->escaped;
    return show_json_point(l, text, *ret_size, point);
}

static custody_err show_json(struct layout *l, struct cty_bytes json)
{
    size_t size = 1;
    for (size_t at = 0; at < json.size; at += size) {
        uint8_t byte = json.data[at];
        size = 1;
        if (l->in_string) {
            CTY_TRY(show_string(l, cty_bytes_make(json.data + at, json.size - at), &size));
            continue;
        }
        l->walk = WALK_INIT(!l->lines);
        l->in_string = byte == '"';
        if (l->out)
            CTY_TRY(put_structure(l, byte, at ? json.data[at - 1] : 0, at + 1 < json.size ? json.data[at + 1] : 0));
    }
    return CUSTODY_OK;
}

custody_err cty_json_show(struct cty_bytes json, unsigned indent, struct cty_buf *out)
{
    for (unsigned i = 0; i < indent; i++)
        CTY_TRY(cty_buf_put_byte(out, ' '));
    return show_json(&(struct layout){.out = out, .lines = true, .depth = indent}, json);
}

custody_err cty_json_show_line(struct cty_bytes json, struct cty_buf *out)
{
    return show_json(&(struct layout){.out = out}, json);
}

bool cty_json_is_suspicious(struct cty_bytes json)
{
    struct layout layout = {.out = NULL};
    return show_json(&layout, json) != CUSTODY_OK || layout.suspicious;
}

custody_err cty_json_tidy(struct cty_bytes text, struct cty_buf *out, custody_error *error)
{
    struct cty_json_limits limits = {CTY_PAYLOAD_DEPTH_MAX, CTY_PAYLOAD_NODES_MAX};
    struct cty_json json = CTY_JSON_INIT;
    custody_err err = cty_json_scan(&json, CTY_JSON_DOCUMENT, limits, text, error);
    if (err == CUSTODY_OK)
        err = cty_json_canonical(&json, out);
    cty_json_done(&json);
    return err;
}

custody_err cty_document_show(struct cty_bytes content, unsigned indent, struct cty_buf *out)
{
    custody_error error = {.code = CUSTODY_OK};
    CTY_CLEANUP(cty_buf_done) struct cty_buf tidy = CTY_BUF_INIT(out->limit);
    custody_err err = cty_json_tidy(content, &tidy, &error);
    if (err == CUSTODY_OK)
        return cty_json_show(cty_buf_bytes(&tidy), indent, out);
    if (err == CUSTODY_E_NO_MEMORY)
        return err;
    CTY_TRY(cty_buf_putf(out, "%*sNOT A JSON DOCUMENT (%s): ", (int)indent, "", custody_err_sentence(err)));
    return cty_text_show(content, out);
}

bool cty_document_is_suspicious(struct cty_bytes content)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf tidy = CTY_BUF_INIT((size_t)64 * CTY_BLOB_BYTES_MAX);
    if (cty_json_tidy(content, &tidy, NULL) == CUSTODY_OK)
        return cty_json_is_suspicious(cty_buf_bytes(&tidy));
    return cty_text_is_suspicious(content);
}

/* --- times ----------------------------------------------------------------------------------------------- */

/* Days since 1970 of a date, by the proleptic Gregorian calendar; years begin in March, so that leap days end them. */
static uint64_t days_of(uint64_t year, uint64_t month, uint64_t day)
{
    uint64_t y = month > 2 ? year : year - 1;
    uint64_t m = month > 2 ? month - 3 : month + 9;
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static void date_of(uint64_t days, uint64_t *year, uint64_t *month, uint64_t *day)
{
    uint64_t z = days + 719468;
    uint64_t era = z / 146097;
    uint64_t in_era = z % 146097;
    uint64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    uint64_t in_year = in_era - (365 * y + y / 4 - y / 100);
    uint64_t m = (5 * in_year + 2) / 153;
    *day = in_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = y + era * 400 + (*month <= 2 ? 1 : 0);
}

void cty_time_show(uint64_t time_ms, char ret_text[CTY_TIME_TEXT_SIZE])
{
    uint64_t year = 0, month = 0, day = 0, in_day = time_ms % 86400000;
    if (time_ms == 0) {
        snprintf(ret_text, CTY_TIME_TEXT_SIZE, "never");
        return;
    }
    date_of(time_ms / 86400000, &year, &month, &day);
    snprintf(ret_text, CTY_TIME_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)year, (unsigned)month,
             (unsigned)day, (unsigned)(in_day / 3600000), (unsigned)(in_day / 60000 % 60),
             (unsigned)(in_day / 1000 % 60), (unsigned)(in_day % 1000));
}

static const struct {
    char letter;
    uint64_t ms;
} units[] = {{'d', 86400000}, {'h', 3600000}, {'m', 60000}, {'s', 1000}};

void cty_period_show(uint64_t period_ms, char ret_text[CTY_TIME_TEXT_SIZE])
{
    for (size_t i = 0; i < CTY_COUNT_OF(units); i++) {
        unsigned long long whole = period_ms / units[i].ms;
        unsigned long long rest = i + 1 < CTY_COUNT_OF(units) ? period_ms % units[i].ms / units[i + 1].ms : 0;
        if (whole && rest)
            snprintf(ret_text, CTY_TIME_TEXT_SIZE, "%llu%c %llu%c", whole, units[i].letter, rest, units[i + 1].letter);
        else if (whole)
            snprintf(ret_text, CTY_TIME_TEXT_SIZE, "%llu%c", whole, units[i].letter);
        if (whole)
            return;
    }
    snprintf(ret_text, CTY_TIME_TEXT_SIZE, "0s");
}

/* What a number with this unit behind it is multiplied with; 0 for a unit that is none. */
static uint64_t unit_ms(struct cty_bytes unit)
{
    if (unit.size == 0 || cty_bytes_is(unit, "ms"))
        return 1;
    for (size_t i = 0; i < CTY_COUNT_OF(units); i++) {
        if (unit.size == 1 && unit.data[0] == (uint8_t)units[i].letter)
            return units[i].ms;
    }
    return 0;
}

custody_err cty_period_parse(const char *text, uint64_t *ret_ms, custody_error *error)
{
    struct cty_bytes all = cty_bytes_text(text);
    size_t digits = strspn(text, "0123456789");
    uint64_t number = 0;
    uint64_t ms = unit_ms(cty_bytes_make(all.data + digits, all.size - digits));
    if (ms == 0 || cty_u64_parse(cty_bytes_make(all.data, digits), CTY_PERIOD_MS_MAX / ms, &number) != CUSTODY_OK ||
        number == 0)
        return cty_fail(error, CUSTODY_E_USAGE, "'%s' is not a period such as 30s, 5m, 2h or 7d (at most 366d)", text);
    *ret_ms = number * ms;
    return CUSTODY_OK;
}

static bool take_number(const char **at, size_t digits, char after, uint64_t *ret_number)
{
    if (strspn(*at, "0123456789") != digits || (*at)[digits] != after)
        return false;
    *ret_number = 0;
    for (size_t i = 0; i < digits; i++)
        *ret_number = *ret_number * 10 + (uint64_t)((*at)[i] - '0');
    *at += digits + (after ? 1 : 0);
    return true;
}

static bool read_date(const char *at, uint64_t *ret_ms)
{
    uint64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
    if (!take_number(&at, 4, '-', &year) || !take_number(&at, 2, '-', &month) || !take_number(&at, 2, 'T', &day) ||
        !take_number(&at, 2, ':', &hour) || !take_number(&at, 2, ':', &minute))
        return false;
    if (!take_number(&at, 2, 'Z', &second) && !(take_number(&at, 2, '.', &second) && take_number(&at, 3, 'Z', &ms)))
        return false;
    if (*at || year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
        return false;
    uint64_t y = 0, m = 0, d = 0;
    date_of(days_of(year, month, day), &y, &m, &d);
    *ret_ms = days_of(year, month, day) * 86400000 + hour * 3600000 + minute * 60000 + second * 1000 + ms;
    return d == day && m == month;
}

custody_err cty_time_parse(const char *text, uint64_t *ret_ms, custody_error *error)
{
    if (cty_u64_parse(cty_bytes_text(text), CTY_NUMBER_MAX, ret_ms) == CUSTODY_OK || read_date(text, ret_ms))
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_USAGE, "'%s' is not a time such as 2026-01-31T12:00:00Z", text);
}

void cty_fingerprint(struct cty_bytes line, char ret_text[CTY_FINGERPRINT_SIZE])
{
    struct cty_hash hash = cty_sha256(line);
    size_t used = 0;
    for (size_t i = 0; i < 16; i += 2)
        used += (size_t)snprintf(ret_text + used, CTY_FINGERPRINT_SIZE - used, "%s%02x%02x", i ? " " : "",
                                 hash.bytes[i], hash.bytes[i + 1]);
}
