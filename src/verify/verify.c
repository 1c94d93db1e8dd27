/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/verify.h"

#include <getopt.h>

#include "audit/contradiction.h"
#include "audit/evidence.h"
#include "audit/receipt.h"
#include "base/check.h"
#include "base/file.h"

#define STATUS_USAGE 4

struct run {
    const char *trust_path;
    const char *evidence_path;
    const char *as;
    const char *entry_path;
    bool json;
    FILE *out, *err;
    struct cty_buf text;
    custody_error error;
    int status;
};

static const char usage[] =
    "custody-verify: judge evidence and receipts, offline, claim by claim\n"
    "\n"
    "Usage: custody-verify --trust FILE [--as ACTOR] [--entry FILE] [--json] EVIDENCE\n"
    "\n"
    "Needs no custodian and believes nothing but the trust file: its log key, its admins, its witnesses.\n"
    "Each claim holds, fails, or was not checked. EVIDENCE is what 'custody evidence' wrote, or a receipt\n"
    "(.tlog-proof) with its entry inside or in EVIDENCE.entry, or a file with two checkpoints that contradict\n"
    "each other, as clients keep it: it says what that proves, also without a trust file.\n"
    "\n"
    "Options:\n"
    "  -t, --trust FILE            the trust file, or a C2SP tlog-policy\n"
    "      --as ACTOR              also ask that the release is for this actor\n"
    "  -e, --entry FILE            a receipt's entry, where it is elsewhere\n"
    "      --json                  print one JSON object instead of text\n"
    "  -h, --help                  print this\n"
    "      --version               print the version\n"
    "\n"
    "Exit status: 0 every claim that was checked holds; 1 a claim fails; 2 all hold, with findings; 3 a\n"
    "claim that the trust file or --as asks for was not checked, or nothing could be decided; 4 usage.\n"
    "\n"
    "Example:\n"
    "  custody-verify --trust trust.json --as acme/refund-agent refund.evidence\n";

static custody_err fail_usage(struct run *run, const char *why)
{
    return cty_fail(&run->error, CUSTODY_E_USAGE, "%s", why);
}

/* --- judging --------------------------------------------------------------------------------------------- */

static custody_err put_report(struct run *run, const struct cty_report *report)
{
    run->status = cty_report_exit(report);
    if (!run->json)
        return cty_report_text(report, &run->text);
    CTY_TRY(cty_report_json(report, &run->text));
    return cty_buf_put_byte(&run->text, '\n');
}

static void evidence_free_pointer(struct cty_evidence **evidence)
{
    cty_evidence_free(*evidence);
}

static custody_err judge_contradiction(struct run *run, const struct cty_trust *trust, struct cty_bytes text)
{
    struct cty_contradiction_report report;
    if (run->as)
        return cty_fail(&run->error, CUSTODY_E_USAGE, "--as is for evidence of a case");
    CTY_TRY(cty_contradiction_verify(text, trust, &report, &run->error));
    run->status = cty_contradiction_exit(&report);
    if (!run->json)
        return cty_contradiction_text(&report, &run->text);
    CTY_TRY(cty_contradiction_json(&report, &run->text));
    return cty_buf_put_byte(&run->text, '\n');
}

static custody_err read_entry(struct run *run, struct cty_bytes receipt, struct cty_buf *out)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf beside = CTY_BUF_INIT(8192);
    if (run->entry_path)
        return cty_file_read(run->entry_path, out, &run->error);
    CTY_TRY(cty_receipt_entry(receipt, out));
    if (out->size > 0)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_putf(&beside, "%s.entry", run->evidence_path));
    custody_err err = cty_file_read(cty_buf_text(&beside), out, &run->error);
    if (err == CUSTODY_E_NOT_FOUND)
        return cty_fail(&run->error, CUSTODY_E_USAGE, "the receipt's entry is not in it and not beside it: name it with --entry");
    return err;
}

static custody_err judge_receipt(struct run *run, const struct cty_trust *trust, struct cty_bytes text,
                                 struct cty_report *report)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf entry = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    if (run->as)
        return cty_fail(&run->error, CUSTODY_E_USAGE, "--as is for evidence of a case");
    CTY_TRY(read_entry(run, text, &entry));
    CTY_TRY(cty_receipt_judge(text, cty_buf_bytes(&entry), trust, report, &run->error));
    return put_report(run, report);
}

static custody_err judge_by(struct run *run, const struct cty_trust *trust)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_EVIDENCE_BYTES_MAX);
    CTY_CLEANUP(evidence_free_pointer) struct cty_evidence *evidence = NULL;
    CTY_AUTO_FREE struct cty_report *report = cty_alloc(1, sizeof(*report));
    if (!report)
        return cty_fail_code(&run->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_file_read(run->evidence_path, &text, &run->error));
    if (cty_is_receipt(cty_buf_bytes(&text)))
        return judge_receipt(run, trust, cty_buf_bytes(&text), report);
    if (run->entry_path)
        return cty_fail(&run->error, CUSTODY_E_USAGE, "--entry is for receipts");
    if (cty_is_contradiction(cty_buf_bytes(&text)))
        return judge_contradiction(run, trust, cty_buf_bytes(&text));
    CTY_TRY(cty_evidence_parse(cty_buf_bytes(&text), &evidence, &run->error));
    CTY_TRY(cty_evidence_verify(evidence, trust, cty_bytes_text(run->as), report, NULL));
    return put_report(run, report);
}

/* A contradiction file names the key that signed both; whose that is only a trust file says. */
static custody_err judge_alone(struct run *run)
{
    struct cty_contradiction_report report;
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_EVIDENCE_BYTES_MAX);
    CTY_TRY(cty_crypto_init());
    CTY_TRY(cty_file_read(run->evidence_path, &text, &run->error));
    if (!cty_is_contradiction(cty_buf_bytes(&text)) || run->as || run->entry_path)
        return fail_usage(run, "--trust is missing: whom to believe?");
    CTY_TRY(cty_contradiction_convict(cty_buf_bytes(&text), &report, &run->error));
    run->status = cty_contradiction_exit(&report);
    if (!run->json)
        return cty_contradiction_text(&report, &run->text);
    CTY_TRY(cty_contradiction_json(&report, &run->text));
    return cty_buf_put_byte(&run->text, '\n');
}

static custody_err judge(struct run *run)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    CTY_AUTO_FREE struct cty_trust *trust = cty_alloc(1, sizeof(*trust));
    if (!trust)
        return cty_fail_code(&run->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_crypto_init());
    custody_err err = cty_file_read(run->trust_path, &text, &run->error);
    if (err == CUSTODY_E_NOT_FOUND) /* a mistake in what was asked, as a malformed one is */
        return cty_fail(&run->error, CUSTODY_E_USAGE, "the trust file %s is not there", run->trust_path);
    CTY_TRY(err);
    err = cty_trust_parse(cty_buf_bytes(&text), trust, &run->error);
    if (err == CUSTODY_OK)
        err = judge_by(run, trust);
    cty_trust_done(trust);
    return err;
}

/* --- command line ---------------------------------------------------------------------------------------- */

enum { OPT_TRUST = 't', OPT_HELP = 'h', OPT_ENTRY = 'e', OPT_AS = 256, OPT_JSON, OPT_VERSION };

static const struct option options[] = {
    {"trust", required_argument, NULL, OPT_TRUST}, {"as", required_argument, NULL, OPT_AS},
    {"json", no_argument, NULL, OPT_JSON},         {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},   {"entry", required_argument, NULL, OPT_ENTRY},
    {NULL, 0, NULL, 0},
};

static custody_err take_text(struct run *run, const char **slot, const char *value)
{
    if (*slot)
        return fail_usage(run, "an option stands twice");
    *slot = value;
    return CUSTODY_OK;
}

static custody_err take_option(struct run *run, int which, bool *ret_told)
{
    switch (which) {
    case OPT_TRUST:
        return take_text(run, &run->trust_path, optarg);
    case OPT_AS:
        return take_text(run, &run->as, optarg);
    case OPT_ENTRY:
        return take_text(run, &run->entry_path, optarg);
    case OPT_JSON:
        run->json = true;
        return CUSTODY_OK;
    case OPT_HELP:
        *ret_told = true;
        return cty_buf_put_text(&run->text, usage);
    case OPT_VERSION:
        *ret_told = true;
        return cty_buf_put_text(&run->text, "custody-verify " CUSTODY_VERSION "\n");
    default:
        return fail_usage(run, "an option is not known or lacks its value");
    }
}

static custody_err check_settings(struct run *run, int operands)
{
    if (operands != 1 && !run->trust_path)
        return fail_usage(run, "--trust is missing: whom to believe?");
    if (operands != 1)
        return fail_usage(run, operands ? "more than one evidence file" : "the evidence file is missing");
    if (run->as && cty_text_check(CTY_TEXT_ACTOR, cty_bytes_text(run->as)) != CUSTODY_OK)
        return fail_usage(run, "--as is not the name of an actor");
    return CUSTODY_OK;
}

static custody_err run_words(struct run *run, int argc, char *const *argv)
{
    bool told = false;
    int which = 0;
    optind = 0; /* a fresh start, also within one process */
    opterr = 0;
    while (!told && (which = getopt_long(argc, argv, "t:e:h", options, NULL)) != -1)
        CTY_TRY(take_option(run, which, &told));
    if (told)
        return CUSTODY_OK;
    CTY_TRY(check_settings(run, argc - optind));
    run->evidence_path = argv[optind];
    return run->trust_path ? judge(run) : judge_alone(run);
}

static const char *next_of(custody_err code)
{
    return code == CUSTODY_E_USAGE ? "'custody-verify --help' tells more" : custody_err_next(code);
}

/* Nothing could be said of the evidence: in words, or as an object without claims. */
static custody_err put_error(struct run *run, custody_err code)
{
    const char *detail = run->error.code == code ? run->error.detail : "";
    cty_buf_clear(&run->text);
    if (!run->json)
        return cty_buf_putf(&run->text, "custody-verify: %s%s%s [%s]\n  what to do: %s\n", custody_err_sentence(code),
                            detail[0] ? ": " : "", detail, custody_err_name(code), next_of(code));
    struct cty_jw jw;
    cty_jw_begin(&jw, &run->text);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "error");
    cty_jw_object(&jw);
    cty_jw_name(&jw, "code");
    cty_jw_text(&jw, custody_err_name(code));
    cty_jw_name(&jw, "detail");
    cty_jw_text(&jw, detail);
    cty_jw_name(&jw, "next");
    cty_jw_text(&jw, next_of(code));
    cty_jw_name(&jw, "sentence");
    cty_jw_text(&jw, custody_err_sentence(code));
    cty_jw_object_end(&jw);
    cty_jw_object_end(&jw);
    CTY_TRY(cty_jw_end(&jw));
    return cty_buf_put_byte(&run->text, '\n');
}

int cty_verify_run(int argc, char *const *argv, FILE *out, FILE *err)
{
    struct run run = {.out = out, .err = err, .text = CTY_BUF_INIT((size_t)1024 * 1024)};
    custody_err code = run_words(&run, argc, argv);
    FILE *file = code == CUSTODY_OK || run.json ? out : err;
    if (code != CUSTODY_OK) {
        run.status = code == CUSTODY_E_USAGE ? STATUS_USAGE : custody_err_exit(code);
        if (put_error(&run, code) != CUSTODY_OK) { /* no memory for more than this */
            cty_buf_clear(&run.text);
            (void)fprintf(err, "custody-verify: %s [%s]\n", custody_err_sentence(code), custody_err_name(code));
        }
    }
    bool written = fwrite(run.text.data, 1, run.text.size, file) == run.text.size && fflush(file) == 0;
    cty_buf_done(&run.text);
    return written || run.status ? run.status : custody_err_exit(CUSTODY_E_IO);
}
