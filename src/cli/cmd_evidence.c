/* SPDX-License-Identifier: Apache-2.0 */
/* custody evidence: all of one case and the trust chain, in one file that any stranger can judge. */
#include "base/check.h"
#include "cli/case.h"
#include "cli/put.h"

static custody_err write_file(struct cty_cli *cli, const struct cty_evidence *evidence, const char *path)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf file = CTY_BUF_INIT(CTY_EVIDENCE_BYTES_MAX);
    CTY_TRY(cty_evidence_format(evidence, &file));
    CTY_TRY(cty_buf_put_byte(&file, '\n'));
    return cty_cli_write_file(cli, path, cty_buf_bytes(&file));
}

static custody_err put_page(struct cty_cli *cli, const struct cty_judgement *judgement, const char *path)
{
    struct cty_jw jw;
    cli->status = cty_report_exit(&judgement->report);
    if (!cli->json) {
        CTY_TRY(cty_put_line(&cli->page, "written", cty_bytes_text(path)));
        CTY_TRY(cty_put_linef(&cli->page, "entries", "%zu", cty_evidence_entries(judgement->evidence)));
        return cty_report_text(&judgement->report, &cli->page);
    }
    CTY_CLEANUP(cty_buf_done) struct cty_buf report = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    CTY_TRY(cty_report_json(&judgement->report, &report));
    cty_page_begin(cli, &jw);
    cty_member_hash(&jw, "case", &judgement->case_id);
    cty_member_u64(&jw, "entries", cty_evidence_entries(judgement->evidence));
    cty_member_text(&jw, "file", path);
    cty_member_raw(&jw, "report", cty_buf_bytes(&report));
    return cty_page_end(cli, &jw);
}

/* What was gathered is judged before it is written: nobody is handed a file that its maker doesn't stand by. */
static custody_err evidence(struct cty_cli *cli)
{
    CTY_CLEANUP(cty_judgement_free_pointer) struct cty_judgement *judgement = NULL;
    const char *path = NULL;
    CTY_TRY(cty_cli_required(cli, "out", &path));
    CTY_TRY(cty_cli_judge(cli, CTY_GATHER_CONTENTS | CTY_GATHER_ALL, NULL, &judgement));
    CTY_TRY(write_file(cli, judgement->evidence, path));
    return strcmp(path, "-") == 0 ? CUSTODY_OK : put_page(cli, judgement, path);
}

static const struct cty_opt options[] = {
    {"out", 'o', CTY_OPT_TEXT, "FILE", "where to write it; - is the output"},
    {NULL},
};

const struct cty_command cty_command_evidence = {
    .name = "evidence",
    .run = evidence,
    .summary = "write all of a case into one file that verifies offline",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Gathers the case's entries and its parents', the trust chain, the newest checkpoint, all proofs\n"
             "and the contents that your key may read, and judges them. 'custody-verify' judges the file\n"
             "again, anywhere, without a custodian. Contents are in it in clear: hand it on accordingly.\n",
    .example = "custody evidence $CASE -o refund.evidence",
    .uses = CTY_USE_READ,
    .options = options,
};
