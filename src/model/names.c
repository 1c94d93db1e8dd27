/* SPDX-License-Identifier: Apache-2.0 */
#include "model/names.h"

#include "base/check.h"
#include "base/limits.h"
#include "codec/text.h"

static bool is_lower(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_one_of(uint8_t c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

/* Lower-case letters and digits, then also the bytes in `inner`; ends in a letter or digit. */
static bool is_label(struct cty_bytes text, const char *inner, size_t max)
{
    if (text.size == 0 || text.size > max)
        return false;
    if (!is_lower(text.data[0]) || !is_lower(text.data[text.size - 1]))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_lower(text.data[i]) && !is_one_of(text.data[i], inner))
            return false;
    }
    return true;
}

/* Visible ASCII that JSON never escapes; `also` may add the space. */
static bool is_visible(struct cty_bytes text, size_t max, const char *also)
{
    if (text.size == 0 || text.size > max)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool visible = c > 0x20 && c < 0x7f && c != '"' && c != '\\';
        if (!visible && !is_one_of(c, also))
            return false;
    }
    return true;
}

static bool is_reserved(struct cty_bytes name)
{
    static const char *const reserved[] = {"ledger", "log", "clerk", "custodian", "witness"};
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (cty_bytes_is(name, reserved[i]))
            return true;
    }
    return false;
}

static bool is_party(struct cty_bytes text)
{
    return is_label(text, "-", CTY_PARTY_NAME_BYTES_MAX) && !is_reserved(text);
}

static bool is_actor(struct cty_bytes text)
{
    if (text.size > CTY_ACTOR_NAME_BYTES_MAX)
        return false;
    struct cty_bytes party = cty_actor_party(text);
    if (!is_party(party))
        return false;
    size_t at = party.size + 1;
    return is_label(cty_bytes_make(text.data + at, text.size - at), "-._", CTY_PARTY_NAME_BYTES_MAX);
}

/* The part before the first slash has a dot or a colon, which no party has: an origin is never an actor's name. */
static bool is_origin(struct cty_bytes text)
{
    if (!is_label(text, "-._/:", CTY_ORIGIN_BYTES_MAX))
        return false;
    const uint8_t *slash = memchr(text.data, '/', text.size);
    size_t host = slash ? (size_t)(slash - text.data) : text.size;
    return memchr(text.data, '.', host) != NULL || memchr(text.data, ':', host) != NULL;
}

static bool is_glob(struct cty_bytes text)
{
    return is_visible(text, CTY_GLOB_BYTES_MAX, "");
}

static size_t digits_at(struct cty_bytes text, size_t at)
{
    size_t end = at;
    while (end < text.size && text.data[end] >= '0' && text.data[end] <= '9')
        end++;
    return end - at;
}

/* 0, 12 or 129.00: no sign, no exponent, no zero in front. */
static bool is_decimal(struct cty_bytes text)
{
    if (text.size > CTY_DECIMAL_BYTES_MAX)
        return false;
    size_t whole = digits_at(text, 0);
    if (whole == 0 || (whole > 1 && text.data[0] == '0'))
        return false;
    if (whole == text.size)
        return true;
    size_t part = digits_at(text, whole + 1);
    return text.data[whole] == '.' && part > 0 && whole + 1 + part == text.size;
}

/* What it says is for others to judge. */
static bool is_note(struct cty_bytes text)
{
    uint8_t memory[CTY_STATEMENT_NOTE_BYTES_MAX + 1]; /* which never moves, so that memory can't run out */
    struct cty_buf note = {memory, 0, sizeof(memory), CTY_STATEMENT_NOTE_BYTES_MAX};
    return text.size > 0 && cty_base64_parse(text, &note) == CUSTODY_OK;
}

static bool is_text(enum cty_text grammar, struct cty_bytes text)
{
    switch (grammar) {
    case CTY_TEXT_ORIGIN:
        return is_origin(text);
    case CTY_TEXT_PARTY:
        return is_party(text);
    case CTY_TEXT_ACTOR:
        return is_actor(text);
    case CTY_TEXT_SIGNER:
        return cty_bytes_is(text, "log") || cty_bytes_is(text, "clerk") || cty_bytes_is(text, "new") || is_actor(text);
    case CTY_TEXT_SCOPE:
        return cty_bytes_is(text, "ledger") || is_party(text);
    case CTY_TEXT_READER:
        return is_party(text) || is_actor(text);
    case CTY_TEXT_PARTY_REF:
        return cty_bytes_is(text, "$requester") || cty_bytes_is(text, "$holder") || cty_bytes_is(text, "*") ||
               is_party(text);
    case CTY_TEXT_ROLE:
        return is_label(text, "-", CTY_ROLE_BYTES_MAX);
    case CTY_TEXT_WORD:
        return is_visible(text, CTY_WORD_BYTES_MAX, "");
    case CTY_TEXT_GLOB:
        return is_glob(text);
    case CTY_TEXT_FACT:
        return is_label(text, "-._", CTY_FACT_NAME_BYTES_MAX);
    case CTY_TEXT_VKEY:
        return is_visible(text, CTY_VKEY_BYTES_MAX, "");
    case CTY_TEXT_DECIMAL:
        return is_decimal(text);
    case CTY_TEXT_URL:
        return is_visible(text, CTY_URL_BYTES_MAX, "");
    case CTY_TEXT_NOTE:
        return is_note(text);
    case CTY_TEXT_LINE:
        return is_visible(text, CTY_LINE_BYTES_MAX, " ");
    case CTY_TEXT_ANY:
        return true;
    }
    return false;
}

custody_err cty_text_check(enum cty_text grammar, struct cty_bytes text)
{
    return is_text(grammar, text) ? CUSTODY_OK : CUSTODY_E_BAD_MEMBER;
}

struct cty_bytes cty_actor_party(struct cty_bytes actor)
{
    const uint8_t *slash = actor.size ? memchr(actor.data, '/', actor.size) : NULL;
    if (!slash)
        return cty_bytes_make(NULL, 0);
    return cty_bytes_make(actor.data, (size_t)(slash - actor.data));
}
