/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cosign.h"
#include "cli/put.h"
#include "cli/text.h"

static custody_err show_contents(const struct cty_cosign *cosign, struct cty_buf *out)
{
    for (uint32_t i = 0; i < cosign->contents_count; i++) {
        CTY_TRY(cty_buf_put_text(out, "content      "));
        CTY_TRY(cty_text_show(cosign->contents[i].member, out));
        CTY_TRY(cty_buf_put_text(out, ": "));
        CTY_TRY(cty_text_show(cosign->contents[i].content, out));
        CTY_TRY(cty_buf_put_byte(out, '\n'));
    }
    return CUSTODY_OK;
}

static custody_err put_finding(const struct cty_cosign *cosign, struct cty_buf *out)
{
    bool suspicious = cty_json_is_suspicious(cty_buf_bytes(&cosign->body));
    for (uint32_t i = 0; i < cosign->contents_count; i++)
        suspicious |= cty_document_is_suspicious(cosign->contents[i].content);
    return suspicious ? cty_put_linef(out, "finding", "text-suspicious: some of it hides or moves on a screen; such "
                                                      "characters are written out")
                      : CUSTODY_OK;
}

custody_err cty_cosign_show(const struct cty_cosign *cosign, struct cty_buf *out)
{
    const struct cty_statement *st = &cosign->statement;
    CTY_TRY(cty_put_linef(out, "statement", "%s", cty_type_name(st->type)));
    CTY_TRY(cty_put_line(out, "ledger", st->ledger));
    CTY_TRY(cty_put_line_time(out, "good until", st->until));
    CTY_TRY(cty_json_show(cty_buf_bytes(&cosign->body), 2, out));
    CTY_TRY(cty_buf_put_byte(out, '\n'));
    CTY_TRY(show_contents(cosign, out));
    CTY_TRY(put_finding(cosign, out));
    for (uint32_t i = 0; i < st->signers_count; i++) {
        CTY_TRY(cty_buf_putf(out, "%-12s ", cosign->present[i] ? "signed" : "not signed"));
        CTY_TRY(cty_text_show(st->signers[i], out));
        CTY_TRY(cty_buf_put_byte(out, '\n'));
    }
    return CUSTODY_OK;
}
