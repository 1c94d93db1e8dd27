/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/submitted.h"

#include "base/check.h"
#include "cli/entry.h"
#include "cli/put.h"
#include "cli/text.h"

static custody_err put_entry(struct cty_buf *out, const char *label, const struct cty_receipted *entry)
{
    char time[CTY_TIME_TEXT_SIZE];
    cty_time_show(entry->time, time);
    return cty_put_linef(out, label, "%llu %s at %s", (unsigned long long)entry->index, cty_type_name(entry->type),
                         time);
}

custody_err cty_put_submitted(struct cty_cli *cli, const struct cty_submitted *submitted)
{
    CTY_TRY(put_entry(&cli->page, submitted->duplicate ? "was there" : "entry", &submitted->own));
    CTY_TRY(cty_put_line_hash(&cli->page, "digest", &submitted->own.digest));
    for (uint32_t i = 0; i < submitted->follow_count; i++)
        CTY_TRY(put_entry(&cli->page, "followed by", &submitted->follow[i]));
    return CUSTODY_OK;
}

static void member_entry(struct cty_jw *jw, const struct cty_receipted *entry)
{
    cty_member_hash(jw, "digest", &entry->digest);
    cty_member_u64(jw, "index", entry->index);
    cty_member_u64(jw, "time", entry->time);
    cty_member_text(jw, "type", cty_type_name(entry->type));
}

void cty_member_submitted(struct cty_jw *jw, const char *name, const struct cty_submitted *submitted)
{
    cty_jw_name(jw, name);
    cty_jw_object(jw);
    cty_member_hash(jw, "digest", &submitted->own.digest);
    cty_member_bool(jw, "duplicate", submitted->duplicate);
    cty_jw_name(jw, "follow");
    cty_jw_array(jw);
    for (uint32_t i = 0; i < submitted->follow_count; i++) {
        cty_jw_object(jw);
        member_entry(jw, &submitted->follow[i]);
        cty_jw_object_end(jw);
    }
    cty_jw_array_end(jw);
    cty_member_u64(jw, "index", submitted->own.index);
    cty_member_u64(jw, "time", submitted->own.time);
    cty_member_text(jw, "type", cty_type_name(submitted->own.type));
    cty_jw_object_end(jw);
}

custody_err cty_keep_receipt(struct cty_cli *cli, const struct cty_submitted *submitted)
{
    const char *path = cty_args_text(&cli->args, "receipt");
    CTY_CLEANUP(cty_buf_done) struct cty_buf beside = CTY_BUF_INIT(8192);
    if (!path)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_putf(&beside, "%s" CTY_ENTRY_SUFFIX, path));
    if (strcmp(path, "-") != 0)
        CTY_TRY(cty_cli_write_file(cli, cty_buf_text(&beside), cty_buf_bytes(&submitted->own.entry)));
    return cty_cli_write_file(cli, path, cty_buf_bytes(&submitted->own.receipt));
}

custody_err cty_keep_refusal(struct cty_cli *cli, const struct cty_submitted *submitted, custody_err err)
{
    const char *path = cty_args_knows(&cli->args, "receipt") ? cty_args_text(&cli->args, "receipt") : NULL;
    if (err == CUSTODY_OK || submitted->refusal.size == 0 || !path)
        return err;
    custody_error error = cli->error;
    size_t size = strlen(path) + sizeof(".refusal");
    char *name = cty_alloc(1, size);
    if (!name)
        return err;
    snprintf(name, size, "%s.refusal", path);
    if (cty_cli_write_file(cli, name, cty_buf_bytes(&submitted->refusal)) == CUSTODY_OK)
        cli->refusal_path = name;
    else
        cty_free_pointer(&name);
    cli->error = error;
    return err;
}

/* A verdict may have been a no, which its entry tells. */
custody_err cty_submitted_state(const struct cty_submitted *submitted, enum cty_case_state *ret_state)
{
    const struct cty_receipted *last = &submitted->follow[submitted->follow_count ? submitted->follow_count - 1 : 0];
    CTY_AUTO_FREE struct cty_parsed_entry *parsed = cty_alloc(1, sizeof(*parsed));
    if (!parsed)
        return CUSTODY_E_NO_MEMORY;
    *ret_state = submitted->follow_count && last->type == CTY_RELEASE ? CTY_CASE_RELEASED : CTY_CASE_HELD;
    if (submitted->follow_count == 0 || last->type != CTY_VERDICT)
        return CUSTODY_OK;
    custody_err err = cty_entry_parse(cty_buf_bytes(&last->entry), parsed, NULL);
    if (err == CUSTODY_OK && parsed->signed_statement.statement.u.verdict.effect == CTY_DENY)
        *ret_state = CTY_CASE_REFUSED;
    cty_parsed_entry_done(parsed);
    return err;
}

custody_err cty_page_submitted(struct cty_cli *cli, const struct cty_submitted *submitted)
{
    if (cty_args_knows(&cli->args, "receipt"))
        CTY_TRY(cty_keep_receipt(cli, submitted));
    if (!cli->json)
        return cty_put_submitted(cli, submitted);
    struct cty_jw jw;
    cty_page_begin(cli, &jw);
    cty_member_submitted(&jw, "submitted", submitted);
    return cty_page_end(cli, &jw);
}

custody_err cty_submit_cosigned(struct cty_cli *cli, struct cty_client *client, const struct cty_cosign *cosign)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    CTY_TRY(cty_cosign_envelope(cosign, &envelope, &cli->error));
    CTY_AUTO_FREE struct cty_submitted *submitted = cty_alloc(1, sizeof(*submitted));
    if (!submitted)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = cty_client_submit_envelope(client, cty_buf_bytes(&envelope), cosign->contents,
                                                 cosign->contents_count, submitted, &cli->error);
    err = cty_keep_refusal(cli, submitted, err);
    if (err == CUSTODY_OK)
        err = cty_page_submitted(cli, submitted);
    cty_submitted_done(submitted);
    return err;
}

custody_err cty_put_draft(struct cty_cli *cli, const struct cty_cosign *cosign, const char *path)
{
    if (!cli->json) {
        CTY_TRY(cty_put_line(&cli->page, "draft", cty_bytes_text(path)));
        CTY_TRY(cty_put_linef(&cli->page, "statement", "%s", cty_type_name(cosign->statement.type)));
        return cty_put_linef(&cli->page, "missing", "%u of %u signatures", cty_cosign_missing(cosign),
                             cosign->statement.signers_count);
    }
    struct cty_jw jw;
    cty_page_begin(cli, &jw);
    cty_member_text(&jw, "draft", path);
    cty_jw_name(&jw, "missing");
    cty_jw_array(&jw);
    for (uint32_t i = 0; i < cosign->statement.signers_count; i++) {
        if (!cosign->present[i])
            cty_jw_string(&jw, cosign->statement.signers[i]);
    }
    cty_jw_array_end(&jw);
    cty_member_text(&jw, "type", cty_type_name(cosign->statement.type));
    return cty_page_end(cli, &jw);
}
