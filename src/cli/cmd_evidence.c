/* SPDX-License-Identifier: Apache-2.0 */
/* custody evidence, custody verify */
#include "audit/contradiction.h"
#include "audit/evidence.h"
#include "audit/receipt.h"
#include "base/check.h"
#include "cli/case.h"
#include "cli/entry.h"
#include "cli/put.h"

static void evidence_free_pointer(struct cty_evidence **evidence)
{
    cty_evidence_free(*evidence);
}

/* Judges evidence and makes its report the page; `file` goes into the JSON where it is not NULL. */
static custody_err page_report(struct cty_cli *cli, const struct cty_evidence *evidence, const char *as,
                               const char *file)
{
    const struct cty_trust *trust = NULL;
    CTY_AUTO_FREE struct cty_report *report = cty_alloc(1, sizeof(*report));
    CTY_CLEANUP(cty_buf_done) struct cty_buf json = CTY_BUF_INIT((size_t)1024 * 1024);
    struct cty_jw jw;
    if (!report)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_cli_trust(cli, &trust));
    CTY_TRY(cty_evidence_verify(evidence, trust, cty_bytes_text(as), report, NULL));
    cli->status = cty_report_exit(report);
    if (!cli->json)
        return cty_report_text(report, &cli->page);
    CTY_TRY(cty_report_json(report, &json));
    cty_page_begin(cli, &jw);
    if (file)
        cty_member_text(&jw, "file", file);
    cty_member_raw(&jw, "report", cty_buf_bytes(&json));
    return cty_page_end(cli, &jw);
}

static custody_err evidence(struct cty_cli *cli)
{
    struct cty_client *client = NULL;
    struct cty_hash case_id;
    const char *out = NULL;
    CTY_CLEANUP(evidence_free_pointer) struct cty_evidence *evidence = NULL;
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_EVIDENCE_BYTES_MAX);
    CTY_TRY(cty_cli_required(cli, "out", &out));
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    CTY_TRY(cty_cli_case(cli, client, cli->args.operands[0], &case_id));
    unsigned what = CTY_GATHER_BETWEEN | CTY_GATHER_WITNESSED;
    what |= cty_args_flag(&cli->args, "witnessed") ? CTY_GATHER_WAIT : 0;
    what |= cty_args_flag(&cli->args, "no-contents") ? 0 : CTY_GATHER_CONTENTS | CTY_GATHER_ALL;
    what |= cty_args_flag(&cli->args, "since-request") ? CTY_GATHER_SINCE_REQUEST : 0;
    CTY_TRY(cty_client_gather(client, &case_id, what, &evidence, &cli->error));
    CTY_TRY(cty_evidence_format(evidence, &text));
    CTY_TRY(cty_cli_write_file(cli, out, cty_buf_bytes(&text)));
    return strcmp(out, "-") == 0 ? CUSTODY_OK : page_report(cli, evidence, NULL, out);
}

static const struct cty_opt evidence_options[] = {
    {"out", 'o', CTY_OPT_TEXT, "FILE", "where to; - is the output"},
    {"no-contents", 0, CTY_OPT_FLAG, NULL, "leave out payloads, reasons and names"},
    {"witnessed", 'w', CTY_OPT_FLAG, NULL, "wait until the quorum of witnesses has cosigned"},
    {"since-request", 0, CTY_OPT_FLAG, NULL, "every entry since the request, not since the release"},
    {NULL},
};

const struct cty_command cty_command_evidence = {
    .name = "evidence",
    .run = evidence,
    .summary = "everything of one case in one file, for others to verify",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Writes the case's entries, its parents', the chain of trust, the proofs, and the contents that you\n"
             "may read, into one file, and says what holds of it. Of a consumed case it also has every entry of\n"
             "the ledger between release and consume, those of others too, so that nobody need believe that\n"
             "nothing else of the case stands there. Whoever has a trust file judges it with 'custody-verify',\n"
             "without the custodian.\n",
    .example = "custody evidence 3f2a9c41 --out refund.evidence --key acme-alice.key",
    .uses = CTY_USE_READ,
    .options = evidence_options,
};

/* --- verify ---------------------------------------------------------------------------------------------- */

static custody_err page_contradiction(struct cty_cli *cli, struct cty_bytes text)
{
    const struct cty_trust *trust = NULL;
    struct cty_contradiction_report report;
    struct cty_jw jw;
    CTY_CLEANUP(cty_buf_done) struct cty_buf json = CTY_BUF_INIT(4096);
    CTY_TRY(cty_cli_trust(cli, &trust));
    CTY_TRY(cty_contradiction_verify(text, trust, &report, &cli->error));
    cli->status = cty_contradiction_exit(&report);
    if (!cli->json)
        return cty_contradiction_text(&report, &cli->page);
    CTY_TRY(cty_contradiction_json(&report, &json));
    cty_page_begin(cli, &jw);
    cty_member_raw(&jw, "contradiction", cty_buf_bytes(&json));
    return cty_page_end(cli, &jw);
}

/* The entry of a receipt: named, beside it, or inside. */
static custody_err read_entry(struct cty_cli *cli, const char *receipt_path, struct cty_bytes receipt, struct cty_buf *out)
{
    const char *named = cty_args_text(&cli->args, "entry");
    CTY_CLEANUP(cty_buf_done) struct cty_buf beside = CTY_BUF_INIT(8192);
    if (named)
        return cty_cli_read_file(cli, named, out);
    CTY_TRY(cty_receipt_entry(receipt, out));
    if (out->size > 0)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_putf(&beside, "%s" CTY_ENTRY_SUFFIX, receipt_path));
    custody_err err = cty_cli_read_file(cli, cty_buf_text(&beside), out);
    if (err == CUSTODY_E_NOT_FOUND)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "the receipt's entry is not in it and not beside it: name it with --entry");
    return err;
}

static custody_err page_receipt(struct cty_cli *cli, struct cty_bytes text)
{
    const struct cty_trust *trust = NULL;
    CTY_AUTO_FREE struct cty_report *report = cty_alloc(1, sizeof(*report));
    CTY_CLEANUP(cty_buf_done) struct cty_buf entry = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf json = CTY_BUF_INIT((size_t)1024 * 1024);
    struct cty_jw jw;
    if (!report)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_cli_trust(cli, &trust));
    CTY_TRY(read_entry(cli, cli->args.operands[0], text, &entry));
    CTY_TRY(cty_receipt_judge(text, cty_buf_bytes(&entry), trust, report, &cli->error));
    cli->status = cty_report_exit(report);
    if (!cli->json)
        return cty_report_text(report, &cli->page);
    CTY_TRY(cty_report_json(report, &json));
    cty_page_begin(cli, &jw);
    cty_member_raw(&jw, "report", cty_buf_bytes(&json));
    return cty_page_end(cli, &jw);
}

static custody_err verify(struct cty_cli *cli)
{
    const char *as = cty_args_text(&cli->args, "as");
    CTY_CLEANUP(evidence_free_pointer) struct cty_evidence *evidence = NULL;
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_EVIDENCE_BYTES_MAX);
    if (as && cty_text_check(CTY_TEXT_ACTOR, cty_bytes_text(as)) != CUSTODY_OK)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--as is not the name of an actor");
    CTY_TRY(cty_cli_read_file(cli, cli->args.operands[0], &text));
    bool is_receipt = cty_is_receipt(cty_buf_bytes(&text));
    if (is_receipt && !as)
        return page_receipt(cli, cty_buf_bytes(&text));
    if (!is_receipt && cty_args_text(&cli->args, "entry"))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--entry is for receipts");
    if (is_receipt || cty_is_contradiction(cty_buf_bytes(&text)))
        return as ? cty_fail(&cli->error, CUSTODY_E_USAGE, "--as is for evidence of a case")
                  : page_contradiction(cli, cty_buf_bytes(&text));
    CTY_TRY(cty_evidence_parse(cty_buf_bytes(&text), &evidence, &cli->error));
    return page_report(cli, evidence, as, NULL);
}

static const struct cty_opt verify_options[] = {
    {"as", 0, CTY_OPT_TEXT, "ACTOR", "also ask that the release is for this actor"},
    {"entry", 'e', CTY_OPT_TEXT, "FILE", "a receipt's entry, where it is not inside nor in FILE.entry"},
    {NULL},
};

const struct cty_command cty_command_verify = {
    .name = "verify",
    .run = verify,
    .summary = "judge evidence or a receipt, offline",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Judges what 'custody evidence' or 'custody receipt' wrote, claim by claim, as custody-verify does; of\n"
             "a file with two checkpoints that contradict each other it says what they prove.\n",
    .example = "custody verify refund.evidence --as acme/refund-agent",
    .uses = CTY_USE_TRUST,
    .options = verify_options,
};
