/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/put.h"

#include <stdarg.h>

#include "base/check.h"
#include "cli/text.h"

#define LABEL "%-12s "

custody_err cty_put_line(struct cty_buf *out, const char *label, struct cty_bytes text)
{
    CTY_TRY(cty_buf_putf(out, LABEL, label));
    CTY_TRY(cty_text_show(text, out));
    return cty_buf_put_byte(out, '\n');
}

custody_err cty_put_linef(struct cty_buf *out, const char *label, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return cty_buf_putf(out, LABEL "%s\n", label, text);
}

custody_err cty_put_line_hash(struct cty_buf *out, const char *label, const struct cty_hash *hash)
{
    CTY_TRY(cty_buf_putf(out, LABEL, label));
    for (size_t i = 0; i < CTY_HASH_SIZE; i++)
        CTY_TRY(cty_buf_putf(out, "%02x", hash->bytes[i]));
    return cty_buf_put_byte(out, '\n');
}

custody_err cty_put_line_time(struct cty_buf *out, const char *label, uint64_t time_ms)
{
    char text[CTY_TIME_TEXT_SIZE];
    cty_time_show(time_ms, text);
    return cty_buf_putf(out, LABEL "%s\n", label, text);
}

custody_err cty_put_line_names(struct cty_buf *out, const char *label, const struct cty_names *names)
{
    if (names->count == 0)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_putf(out, LABEL, label));
    for (uint32_t i = 0; i < names->count; i++) {
        CTY_TRY(cty_buf_put_text(out, i ? ", " : ""));
        CTY_TRY(cty_text_show(names->names[i], out));
    }
    return cty_buf_put_byte(out, '\n');
}

void cty_member(struct cty_jw *jw, const char *name, struct cty_bytes value)
{
    cty_jw_name(jw, name);
    cty_jw_string(jw, value);
}

void cty_member_text(struct cty_jw *jw, const char *name, const char *value)
{
    cty_jw_name(jw, name);
    cty_jw_text(jw, value);
}

void cty_member_u64(struct cty_jw *jw, const char *name, uint64_t value)
{
    cty_jw_name(jw, name);
    cty_jw_u64(jw, value);
}

void cty_member_bool(struct cty_jw *jw, const char *name, bool value)
{
    cty_jw_name(jw, name);
    cty_jw_bool(jw, value);
}

void cty_member_hash(struct cty_jw *jw, const char *name, const struct cty_hash *hash)
{
    cty_jw_name(jw, name);
    cty_jw_hex(jw, cty_hash_bytes(hash));
}

void cty_member_raw(struct cty_jw *jw, const char *name, struct cty_bytes json)
{
    cty_jw_name(jw, name);
    cty_jw_raw(jw, json);
}

void cty_member_opt_hash(struct cty_jw *jw, const char *name, const struct cty_opt_hash *hash)
{
    if (hash->present)
        cty_member_hash(jw, name, &hash->hash);
}

void cty_member_names(struct cty_jw *jw, const char *name, const struct cty_names *names)
{
    cty_jw_name(jw, name);
    cty_jw_array(jw);
    for (uint32_t i = 0; i < names->count; i++)
        cty_jw_string(jw, names->names[i]);
    cty_jw_array_end(jw);
}

void cty_member_content(struct cty_jw *jw, const char *name, const char *name_base64, struct cty_bytes content)
{
    bool text = cty_bytes_is_utf8(content) && (content.size == 0 || !memchr(content.data, 0, content.size));
    cty_jw_name(jw, text ? name : name_base64);
    if (text)
        cty_jw_string(jw, content);
    else
        cty_jw_base64(jw, content);
}

custody_err cty_member_document(struct cty_jw *jw, const char *name, const char *name_base64, struct cty_bytes content)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf tidy = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    custody_err err = cty_json_tidy(content, &tidy, NULL);
    if (err == CUSTODY_E_NO_MEMORY)
        return err;
    cty_jw_name(jw, err == CUSTODY_OK ? name : name_base64);
    if (err == CUSTODY_OK)
        cty_jw_raw(jw, cty_buf_bytes(&tidy));
    else
        cty_jw_base64(jw, content);
    return CUSTODY_OK;
}

void cty_page_begin(struct cty_cli *cli, struct cty_jw *jw)
{
    cty_buf_clear(&cli->page);
    cty_jw_begin(jw, &cli->page);
    cty_jw_object(jw);
}

custody_err cty_page_end(struct cty_cli *cli, struct cty_jw *jw)
{
    cty_jw_object_end(jw);
    CTY_TRY(cty_jw_end(jw));
    return cty_buf_put_byte(&cli->page, '\n');
}
