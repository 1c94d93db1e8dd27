/* SPDX-License-Identifier: Apache-2.0 */
/* custody convict, custody compare: two faces of one ledger. */
#include "audit/compare.h"
#include "audit/receipt.h"
#include "base/check.h"
#include "cli/entry.h"
#include "cli/put.h"
#include "net/fetch.h"

#define FETCH_CONNECT_MS 5000u
#define FETCH_TOTAL_MS 20000u

/* --- convict --------------------------------------------------------------------------------------------- */

/* Whose key it is, a trust file says, where one is at hand. */
static custody_err look_up_key(struct cty_cli *cli, struct cty_contradiction_report *report)
{
    const struct cty_trust *trust = NULL;
    if (!cty_cli_setting(cli, "trust", "CUSTODY_TRUST"))
        return CUSTODY_OK;
    CTY_TRY(cty_cli_trust(cli, &trust));
    report->alone = !cty_bytes_is(trust->origin, report->ledger) ||
                    !cty_trust_has_log_line(trust, cty_bytes_text(report->key));
    return CUSTODY_OK;
}

static custody_err convict(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct cty_contradiction_report *report = cty_alloc(1, sizeof(*report));
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf json = CTY_BUF_INIT(8192);
    struct cty_jw jw;
    if (!report)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_cli_read_file(cli, cli->args.operands[0], &text));
    CTY_TRY(cty_contradiction_convict(cty_buf_bytes(&text), report, &cli->error));
    CTY_TRY(look_up_key(cli, report));
    cli->status = cty_contradiction_exit(report);
    if (!cli->json)
        return cty_contradiction_text(report, &cli->page);
    CTY_TRY(cty_contradiction_json(report, &json));
    cty_page_begin(cli, &jw);
    cty_member_raw(&jw, "contradiction", cty_buf_bytes(&json));
    return cty_page_end(cli, &jw);
}

const struct cty_command cty_command_convict = {
    .name = "convict",
    .run = convict,
    .summary = "prove that a custodian signed two ledgers, offline",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Judges a contradiction file, as clients, witnesses, audits and 'compare' write them: two checkpoints of\n"
             "one key that can't be of one ledger. Needs no custodian and no trust file; without one it says that\n"
             "whoever owns the key signed both. Status 0: proven. 3: it takes more than this file.\n",
    .example = "custody convict custody.example.com_refunds.contradiction-17-0011223344556677.json",
    .uses = CTY_USE_TRUST,
};

/* --- compare --------------------------------------------------------------------------------------------- */

/* One of the two that are compared. */
struct side {
    struct cty_buf text;
    struct cty_buf entry;
    struct cty_shown shown;
};

static void side_done(struct side *side)
{
    cty_buf_done(&side->text);
    cty_buf_done(&side->entry);
}

static bool is_url(const char *what)
{
    return strncmp(what, "http://", 7) == 0 || strncmp(what, "https://", 8) == 0;
}

static custody_err fetch_note(struct cty_cli *cli, const char *url, struct cty_buf *out)
{
    const struct cty_fetch_config config = {
        .connect_ms = FETCH_CONNECT_MS, .total_ms = FETCH_TOTAL_MS, .body_max = CTY_NOTE_BYTES_MAX};
    struct cty_fetch *fetch = NULL;
    struct cty_fetch_answer answer = {.status = 0};
    CTY_TRY(cty_fetch_open(&config, &fetch, &cli->error));
    custody_err err = cty_fetch_get(fetch, url, NULL, &answer, &cli->error);
    if (err == CUSTODY_OK && answer.status != 200)
        err = cty_fail(&cli->error, CUSTODY_E_NOT_FOUND, "%s answered with status %u", url, answer.status);
    if (err == CUSTODY_OK)
        err = cty_buf_put_bytes(out, cty_buf_bytes(&answer.body));
    cty_fetch_answer_done(&answer);
    cty_fetch_close(fetch);
    return err;
}

/* A receipt's entry is in it or beside it. */
static custody_err read_entry(struct cty_cli *cli, const char *path, struct side *side)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf beside = CTY_BUF_INIT(8192);
    if (!cty_is_receipt(cty_buf_bytes(&side->text)))
        return CUSTODY_OK;
    CTY_TRY(cty_receipt_entry(cty_buf_bytes(&side->text), &side->entry));
    if (side->entry.size > 0)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_putf(&beside, "%s" CTY_ENTRY_SUFFIX, path));
    return cty_cli_read_file(cli, cty_buf_text(&beside), &side->entry);
}

static custody_err read_side(struct cty_cli *cli, const char *what, struct side *side)
{
    const struct cty_trust *trust = NULL;
    side->text = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX + CTY_RECEIPT_EXTRA_BYTES_MAX * 2);
    side->entry = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    CTY_TRY(cty_cli_trust(cli, &trust));
    CTY_TRY(is_url(what) ? fetch_note(cli, what, &side->text) : cty_cli_read_file(cli, what, &side->text));
    CTY_TRY(read_entry(cli, what, side));
    return cty_shown_read(cty_buf_bytes(&side->text), cty_buf_bytes(&side->entry), trust, &side->shown, &cli->error);
}

static custody_err page_sizes(struct cty_cli *cli, const char *result, uint64_t one, uint64_t other, const char *file)
{
    struct cty_jw jw;
    if (cli->json) {
        cty_page_begin(cli, &jw);
        cty_member_text(&jw, "file", file);
        cty_member_text(&jw, "result", result);
        cty_jw_name(&jw, "sizes");
        cty_jw_array(&jw);
        cty_jw_u64(&jw, one);
        cty_jw_u64(&jw, other);
        cty_jw_array_end(&jw);
        return cty_page_end(cli, &jw);
    }
    CTY_TRY(cty_put_line(&cli->page, "result", cty_bytes_text(result)));
    CTY_TRY(cty_put_linef(&cli->page, "sizes", "%llu and %llu", (unsigned long long)one, (unsigned long long)other));
    return file[0] ? cty_put_line(&cli->page, "file", cty_bytes_text(file)) : CUSTODY_OK;
}

/* The file that convicts; where it was not said where to, it is the output. */
static custody_err write_found(struct cty_cli *cli, const struct cty_contradiction *found, const struct side sides[2])
{
    const char *out = cty_args_text(&cli->args, "out");
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    CTY_TRY(cty_contradiction_format(found, &text));
    CTY_TRY(cty_buf_put_byte(&text, '\n'));
    cli->status = 1;
    if (!out)
        return cty_buf_put_bytes(&cli->page, cty_buf_bytes(&text));
    CTY_TRY(cty_cli_write_file(cli, out, cty_buf_bytes(&text)));
    return page_sizes(cli, cty_contradiction_kind_name(found->kind), sides[0].shown.checkpoint.size,
                      sides[1].shown.checkpoint.size, out);
}

/* What the client kept where a note contradicts what it was shown goes where --out says, too. */
static custody_err copy_kept(struct cty_cli *cli, struct cty_client *client)
{
    const char *out = cty_args_text(&cli->args, "out"), *kept = cty_client_contradiction(client);
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    if (!out || !kept)
        return CUSTODY_OK;
    CTY_TRY(cty_cli_read_file(cli, kept, &text));
    return cty_cli_write_file(cli, out, cty_buf_bytes(&text));
}

/* The custodian has to connect each of them with what it shows us. */
static custody_err ask_custodian(struct cty_cli *cli, const struct side *sides, size_t count)
{
    struct cty_client *client = NULL;
    struct cty_checkpoint own;
    custody_error error = {CUSTODY_OK, ""};
    CTY_TRY(cty_cli_client(cli, CTY_AS_NOBODY, &client));
    custody_err err = cty_client_checkpoint(client, true, &own, NULL, &error);
    for (size_t i = 0; err == CUSTODY_OK && i < count; i++)
        err = cty_client_advance(client, sides[i].shown.note, NULL, &error);
    if (err == CUSTODY_E_SPLIT_VIEW || err == CUSTODY_E_WENT_BACK)
        CTY_TRY(copy_kept(cli, client));
    cli->error = error;
    CTY_TRY(err);
    return page_sizes(cli, "one ledger", sides[0].shown.checkpoint.size, count == 2 ? sides[1].shown.checkpoint.size : own.size, "");
}

static custody_err compare_two(struct cty_cli *cli, const struct side sides[2])
{
    CTY_AUTO_FREE struct cty_contradiction *found = cty_alloc(1, sizeof(*found));
    if (!found)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    switch (cty_shown_compare(&sides[0].shown, &sides[1].shown, &cli->trust, found)) {
    case CTY_COMPARED_SAME:
        return page_sizes(cli, "one tree", sides[0].shown.checkpoint.size, sides[1].shown.checkpoint.size, "");
    case CTY_COMPARED_CONTRADICTION:
        return write_found(cli, found, sides);
    case CTY_COMPARED_OPEN:
        break;
    }
    if (cty_cli_setting(cli, "url", "CUSTODY_URL"))
        return ask_custodian(cli, sides, 2);
    cli->status = 3;
    return page_sizes(cli, "open: the custodian has to prove that one begins with the other (--url)",
                      sides[0].shown.checkpoint.size, sides[1].shown.checkpoint.size, "");
}

static custody_err compare(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct side *sides = cty_alloc(2, sizeof(*sides));
    if (!sides)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    size_t count = cli->args.operands_count;
    custody_err err = CUSTODY_OK;
    for (size_t i = 0; err == CUSTODY_OK && i < count; i++)
        err = read_side(cli, cli->args.operands[i], &sides[i]);
    if (err == CUSTODY_OK)
        err = count == 2 ? compare_two(cli, sides) : ask_custodian(cli, sides, 1);
    side_done(&sides[0]);
    side_done(&sides[1]);
    return err;
}

static const struct cty_opt compare_options[] = {
    {"out", 'o', CTY_OPT_TEXT, "FILE", "write what convicts there, and not to the output"},
    CTY_READER_OPTION,
    {NULL},
};

const struct cty_command cty_command_compare = {
    .name = "compare",
    .run = compare,
    .summary = "lay another's view of the ledger beside your own",
    .operands = "VIEW [VIEW]",
    .operands_min = 1,
    .operands_max = 2,
    .about = "A VIEW is what somebody was shown: a file with a signed checkpoint (such as a client's state file), a\n"
             "receipt (.tlog-proof), or the address of a checkpoint over HTTP, such as a witness's or a tile door's.\n"
             "One VIEW is compared with what the custodian shows you, which has to prove that the two are one\n"
             "ledger. Two are compared with each other, offline where that tells. Status 0: one ledger. 1: two, and\n"
             "a file that convicts the custodian ('custody convict'). 3: it could not be told.\n",
    .example = "custody compare https://witness.example/1f3a/checkpoint --url tcp://127.0.0.1:7440",
    .uses = CTY_USE_URL | CTY_USE_TRUST | CTY_USE_PASSPHRASE | CTY_USE_STATE | CTY_USE_TIMEOUT,
    .options = compare_options,
};
