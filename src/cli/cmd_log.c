/* SPDX-License-Identifier: Apache-2.0 */
/* custody log: entries as they come, each under a proof. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/check.h"
#include "cli/entry.h"
#include "cli/put.h"
#include "cli/text.h"
#include "client/read.h"
#include "model/entry.h"

#define LAST_DEFAULT 20
#define FOLLOW_PAUSE_MS 500

/* A stretch of the ledger, copied, to be shown once its last entry is proven. */
struct stretch {
    struct cty_cli *cli;
    struct cty_client *client;
    struct cty_bytes texts[CTY_ENTRIES_PER_ANSWER_MAX]; /* owned */
    size_t count;
    struct cty_buf receipt;
    struct cty_parsed_entry parsed;
};

static void stretch_clear(struct stretch *s)
{
    for (size_t i = 0; i < s->count; i++)
        free((void *)(uintptr_t)s->texts[i].data);
    s->count = 0;
}

static custody_err each_entries(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    struct stretch *s = context;
    (void)first;
    for (size_t i = 0; i < count; i++) {
        if (s->count == CTY_ENTRIES_PER_ANSWER_MAX)
            return CUSTODY_E_BAD_RPC;
        char *copy = cty_bytes_dup_text(texts[i]);
        if (!copy)
            return CUSTODY_E_NO_MEMORY;
        s->texts[s->count++] = cty_bytes_make(copy, texts[i].size);
    }
    return CUSTODY_OK;
}

/* Each entry names the hash of the one before, so the proof of the last brings them all. */
static custody_err check_links(struct stretch *s, uint64_t first)
{
    for (size_t i = 0; i < s->count; i++) {
        CTY_TRY(cty_entry_parse(s->texts[i], &s->parsed, &s->cli->error));
        const struct cty_entry *entry = &s->parsed.entry;
        struct cty_hash before = i ? cty_tree_leaf(s->texts[i - 1]) : (struct cty_hash){{0}};
        if (entry->index != first + i || (i && (!entry->prev.present || !cty_hash_equal(&entry->prev.hash, &before))))
            return cty_fail(&s->cli->error, CUSTODY_E_CHAIN_BROKEN, "entry %llu", (unsigned long long)(first + i));
    }
    return cty_entry_prove(s->cli, s->client, first + s->count - 1, s->texts[s->count - 1], &s->receipt);
}

/* --- printing -------------------------------------------------------------------------------------------- */

static custody_err put_text(struct cty_buf *out, const struct cty_parsed_entry *parsed)
{
    const struct cty_statement *st = &parsed->signed_statement.statement;
    const struct cty_hash *case_id = st->type == CTY_REQUEST ? &parsed->signed_statement.digest : &st->case_id;
    char time[CTY_TIME_TEXT_SIZE];
    cty_time_show(parsed->entry.time, time);
    CTY_TRY(cty_buf_putf(out, "%8llu  %s  %-14s ", (unsigned long long)parsed->entry.index, time,
                         cty_type_name(st->type)));
    for (size_t i = 0; i < 8 && (st->type == CTY_REQUEST || (cty_type_flags(st->type) & CTY_TYPE_CASE)); i++)
        CTY_TRY(cty_buf_putf(out, "%02x%s", case_id->bytes[i], i == 7 ? "  " : ""));
    for (uint32_t i = 0; i < st->signers_count; i++) {
        CTY_TRY(cty_buf_put_text(out, i ? ", " : ""));
        CTY_TRY(cty_text_show(st->signers[i], out));
    }
    return cty_buf_put_byte(out, '\n');
}

/* One object a line, so that it can be followed. */
static custody_err put_json(struct cty_buf *out, const struct cty_parsed_entry *parsed, struct cty_bytes text)
{
    const struct cty_statement *st = &parsed->signed_statement.statement;
    bool of_case = st->type == CTY_REQUEST || (cty_type_flags(st->type) & CTY_TYPE_CASE);
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    cty_member_raw(&jw, "body", parsed->signed_statement.body);
    if (of_case)
        cty_member_hash(&jw, "case", st->type == CTY_REQUEST ? &parsed->signed_statement.digest : &st->case_id);
    cty_member_hash(&jw, "digest", &parsed->signed_statement.digest);
    cty_member_raw(&jw, "entry", text);
    cty_member_u64(&jw, "index", parsed->entry.index);
    cty_member_u64(&jw, "time", parsed->entry.time);
    cty_member_text(&jw, "type", cty_type_name(st->type));
    cty_jw_object_end(&jw);
    CTY_TRY(cty_jw_end(&jw));
    return cty_buf_put_byte(out, '\n');
}

static custody_err put_stretch(struct stretch *s)
{
    struct cty_cli *cli = s->cli;
    for (size_t i = 0; i < s->count; i++) {
        CTY_TRY(cty_entry_parse(s->texts[i], &s->parsed, &cli->error));
        CTY_TRY(cli->json ? put_json(&cli->page, &s->parsed, s->texts[i]) : put_text(&cli->page, &s->parsed));
    }
    return cty_cli_flush(cli);
}

static custody_err show_range(struct stretch *s, uint64_t from, uint64_t to)
{
    for (; from < to; from += s->count) {
        uint64_t end = to - from > CTY_ENTRIES_PER_ANSWER_MAX ? from + CTY_ENTRIES_PER_ANSWER_MAX : to;
        stretch_clear(s);
        CTY_TRY(cty_client_entries(s->client, from, end, each_entries, s, &s->cli->error));
        if (s->count == 0)
            return cty_fail(&s->cli->error, CUSTODY_E_GAP, "entry %llu", (unsigned long long)from);
        CTY_TRY(check_links(s, from));
        CTY_TRY(put_stretch(s));
    }
    return CUSTODY_OK;
}

/* --- following ------------------------------------------------------------------------------------------- */

static custody_err follow(struct stretch *s, uint64_t at)
{
    struct cty_checkpoint checkpoint;
    custody_err err = CUSTODY_OK;
    while (err == CUSTODY_OK && poll(NULL, 0, FOLLOW_PAUSE_MS) == 0) {
        err = cty_client_checkpoint(s->client, true, &checkpoint, NULL, &s->cli->error);
        if (err == CUSTODY_OK && checkpoint.size > at)
            err = show_range(s, at, checkpoint.size);
        if (err == CUSTODY_OK)
            at = checkpoint.size;
    }
    /* A person who has seen enough ends it; that is no failure. */
    return err == CUSTODY_E_CANCELLED_WAIT ? CUSTODY_OK : err;
}

static custody_err run(struct cty_cli *cli, struct stretch *s)
{
    struct cty_checkpoint checkpoint;
    uint64_t last = 0, from = 0;
    bool whole = cty_args_text(&cli->args, "from") != NULL;
    CTY_TRY(cty_args_number(&cli->args, "last", CTY_NUMBER_MAX, LAST_DEFAULT, &last, &cli->error));
    CTY_TRY(cty_args_number(&cli->args, "from", CTY_NUMBER_MAX, 0, &from, &cli->error));
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &s->client));
    CTY_TRY(cty_client_checkpoint(s->client, true, &checkpoint, NULL, &cli->error));
    if (!whole)
        from = checkpoint.size > last ? checkpoint.size - last : 0;
    if (from < checkpoint.size)
        CTY_TRY(show_range(s, from, checkpoint.size));
    return cty_args_flag(&cli->args, "follow") ? follow(s, checkpoint.size) : CUSTODY_OK;
}

static custody_err show_log(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct stretch *s = cty_alloc(1, sizeof(*s));
    if (!s)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    s->cli = cli;
    custody_err err = run(cli, s);
    stretch_clear(s);
    cty_buf_done(&s->receipt);
    cty_parsed_entry_done(&s->parsed);
    return err;
}

static const struct cty_opt options[] = {
    {"from", 0, CTY_OPT_TEXT, "INDEX", "begin at this entry"},
    {"last", 'n', CTY_OPT_TEXT, "N", "begin at the last N entries (20)"},
    {"follow", 'f', CTY_OPT_FLAG, NULL, "go on with new entries as they come"},
    {NULL},
};

const struct cty_command cty_command_log = {
    .name = "log",
    .run = show_log,
    .summary = "entries of the ledger",
    .operands = "",
    .about = "Prints entries in order, each under an inclusion proof in a signed checkpoint, with --json one\n"
             "object a line. Signatures and rules are for 'custody audit'.\n",
    .example = "custody log --last 5 --key acme-alice.key",
    .uses = CTY_USE_READ,
    .options = options,
};
