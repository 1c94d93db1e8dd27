/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/act.h"

#include "base/check.h"
#include "cli/put.h"

custody_err cty_act(struct cty_cli *cli, custody_err (*run)(struct cty_acting *a))
{
    CTY_AUTO_FREE struct cty_acting *a = cty_alloc(1, sizeof(*a));
    if (!a)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    a->cli = cli;
    a->content = a->content2 = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_err err = cty_cli_client(cli, CTY_AS_KEY, &a->client);
    if (err == CUSTODY_OK)
        err = cty_cli_case(cli, a->client, cli->args.operands[0], &a->case_id);
    if (err == CUSTODY_OK)
        err = cty_keep_refusal(cli, &a->submitted, run(a));
    cty_submitted_done(&a->submitted);
    cty_judgement_free(a->judgement);
    cty_buf_done(&a->content);
    cty_buf_done(&a->content2);
    return err;
}

custody_err cty_act_read(struct cty_cli *cli, const char *option, struct cty_buf *buf, struct cty_bytes *ret_content)
{
    const char *path = cty_args_text(&cli->args, option);
    *ret_content = cty_bytes_make(NULL, 0);
    if (!path)
        return CUSTODY_OK;
    CTY_TRY(cty_cli_read_file(cli, path, buf));
    /* An empty content is one too. */
    *ret_content = buf->size ? cty_buf_bytes(buf) : cty_bytes_make("", 0);
    return CUSTODY_OK;
}

custody_err cty_act_page(struct cty_acting *a, const char *state)
{
    struct cty_cli *cli = a->cli;
    struct cty_jw jw;
    bool submitted = a->submitted.own.entry.size != 0;
    if (submitted)
        CTY_TRY(cty_keep_receipt(cli, &a->submitted));
    if (!cli->json) {
        if (submitted)
            CTY_TRY(cty_put_submitted(cli, &a->submitted));
        if (state)
            return cty_put_linef(&cli->page, "state", "%s%s", state, submitted ? "" : ", as it was before");
        return submitted ? CUSTODY_OK : cty_put_linef(&cli->page, "done", "before");
    }
    cty_page_begin(cli, &jw);
    cty_member_hash(&jw, "case", &a->case_id);
    if (state)
        cty_member_text(&jw, "state", state);
    if (submitted)
        cty_member_submitted(&jw, "submitted", &a->submitted);
    return cty_page_end(cli, &jw);
}
