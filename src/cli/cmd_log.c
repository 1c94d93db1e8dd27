/* SPDX-License-Identifier: Apache-2.0 */
/* custody log: the entries of the ledger, one line each, and those to come. */
#include <time.h>

#include "base/check.h"
#include "cli/put.h"
#include "cli/text.h"
#include "client/read.h"
#include "codec/text.h"
#include "model/entry.h"

#define FOLLOW_MS 500

struct tail {
    struct cty_cli *cli;
    struct cty_parsed_entry parsed;
    struct cty_jw jw;
    uint64_t next;
};

static custody_err put_signers(struct cty_buf *out, const struct cty_statement *st)
{
    for (uint32_t i = 0; i < st->signers_count; i++) {
        CTY_TRY(cty_buf_put_text(out, i ? ", " : ""));
        CTY_TRY(cty_text_show(st->signers[i], out));
    }
    return CUSTODY_OK;
}

/* "   17  2026-01-02T03:04:05.678Z  decision        acme/alice  case 9865a4a1" */
static custody_err put_row(struct tail *tail)
{
    const struct cty_signed *statement = &tail->parsed.signed_statement;
    const struct cty_statement *st = &statement->statement;
    const struct cty_hash *case_id = st->type == CTY_REQUEST ? &statement->digest : &st->case_id;
    struct cty_buf *out = &tail->cli->page;
    char when[CTY_TIME_TEXT_SIZE], hex[65];
    cty_time_show(tail->parsed.entry.time, when);
    CTY_TRY(cty_buf_putf(out, "%6llu  %s  %-14s  ", (unsigned long long)tail->parsed.entry.index, when,
                         cty_type_name(st->type)));
    CTY_TRY(put_signers(out, st));
    if (st->type == CTY_REQUEST || (cty_type_flags(st->type) & CTY_TYPE_CASE)) {
        cty_hex_write(case_id->bytes, 4, hex);
        CTY_TRY(cty_buf_putf(out, "  case %s", hex));
    }
    return cty_buf_put_byte(out, '\n');
}

/* One object on a line of its own for each entry, so that --follow can be read as it comes. */
static custody_err put_object(struct tail *tail)
{
    const struct cty_signed *statement = &tail->parsed.signed_statement;
    const struct cty_statement *st = &statement->statement;
    struct cty_jw *jw = &tail->jw;
    cty_page_begin(tail->cli, jw);
    if (st->type == CTY_REQUEST)
        cty_member_hash(jw, "case", &statement->digest);
    else if (cty_type_flags(st->type) & CTY_TYPE_CASE)
        cty_member_hash(jw, "case", &st->case_id);
    cty_member_hash(jw, "digest", &statement->digest);
    cty_member_u64(jw, "index", tail->parsed.entry.index);
    cty_jw_name(jw, "signers");
    cty_jw_array(jw);
    for (uint32_t i = 0; i < st->signers_count; i++)
        cty_jw_string(jw, st->signers[i]);
    cty_jw_array_end(jw);
    cty_member_u64(jw, "time", tail->parsed.entry.time);
    cty_member_text(jw, "type", cty_type_name(st->type));
    return cty_page_end(tail->cli, jw);
}

static custody_err put_batch(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    struct tail *tail = context;
    for (size_t i = 0; i < count; i++) {
        CTY_TRY(cty_entry_parse(texts[i], &tail->parsed, &tail->cli->error));
        if (tail->parsed.entry.index != first + i)
            return cty_fail(&tail->cli->error, CUSTODY_E_CHAIN_BROKEN, "entry %llu", (unsigned long long)(first + i));
        CTY_TRY(tail->cli->json ? put_object(tail) : put_row(tail));
    }
    tail->next = first + count;
    return cty_cli_flush(tail->cli);
}

static custody_err put_new(struct tail *tail, struct cty_client *client)
{
    struct cty_checkpoint checkpoint;
    CTY_TRY(cty_client_checkpoint(client, true, &checkpoint, NULL, &tail->cli->error));
    if (tail->next >= checkpoint.size)
        return CUSTODY_OK;
    return cty_client_entries(client, tail->next, checkpoint.size, put_batch, tail, &tail->cli->error);
}

static custody_err first_index(struct cty_cli *cli, struct cty_client *client, uint64_t *ret_first)
{
    uint64_t last = 0;
    struct cty_checkpoint checkpoint;
    CTY_TRY(cty_args_number(&cli->args, "from", CTY_NUMBER_MAX, 0, ret_first, &cli->error));
    CTY_TRY(cty_args_number(&cli->args, "last", CTY_NUMBER_MAX, 0, &last, &cli->error));
    if (last == 0)
        return CUSTODY_OK;
    CTY_TRY(cty_client_checkpoint(client, true, &checkpoint, NULL, &cli->error));
    *ret_first = checkpoint.size > last ? checkpoint.size - last : 0;
    return CUSTODY_OK;
}

static custody_err run_tail(struct tail *tail)
{
    struct cty_cli *cli = tail->cli;
    struct cty_client *client = NULL;
    enum cty_cli_as as = cty_cli_setting(cli, "key", "CUSTODY_KEY") ? CTY_AS_KEY : CTY_AS_NOBODY;
    CTY_TRY(cty_cli_client(cli, as, &client));
    CTY_TRY(first_index(cli, client, &tail->next));
    CTY_TRY(put_new(tail, client));
    while (cty_args_flag(&cli->args, "follow")) {
        struct timespec pause = {0, FOLLOW_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
        CTY_TRY(put_new(tail, client));
    }
    return CUSTODY_OK;
}

static custody_err show_log(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct tail *tail = cty_alloc(1, sizeof(*tail));
    if (!tail)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    tail->cli = cli;
    custody_err err = run_tail(tail);
    cty_parsed_entry_done(&tail->parsed);
    return err;
}

static const struct cty_opt options[] = {
    {"follow", 'f', CTY_OPT_FLAG, NULL, "go on with entries as they come, until interrupted"},
    {"from", 0, CTY_OPT_TEXT, "INDEX", "begin with this entry (0)"},
    {"last", 0, CTY_OPT_TEXT, "N", "begin N entries before the end"},
    {NULL},
};

const struct cty_command cty_command_log = {
    .name = "log",
    .run = show_log,
    .summary = "list the ledger's entries",
    .operands = "",
    .about = "One line for each entry: index, time, type, signers, case. Entries are shown as the custodian gave\n"
             "them, up to the newest verified checkpoint; 'custody audit' verifies them all. With --json each line\n"
             "is an object.\n",
    .example = "custody log --last 10",
    .uses = CTY_USE_READ,
    .options = options,
};
