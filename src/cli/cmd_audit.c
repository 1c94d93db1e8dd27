/* SPDX-License-Identifier: Apache-2.0 */
/* custody audit: a whole ledger, over a socket or from a database file, claim by claim. */
#include <stdlib.h>
#include <unistd.h>

#include "audit/parallel.h"
#include "audit/replay.h"
#include "base/check.h"
#include "cli/put.h"
#include "cli/stored.h"
#include "client/read.h"

#define BATCH 1024u

struct audit {
    struct cty_cli *cli;
    struct cty_replay *replay;
    struct cty_report *report;
    uint64_t total;
    unsigned shown; /* percent that the bar shows */
    /* A database's entries come one by one. */
    struct cty_buf bytes;
    size_t starts[BATCH + 1];
    size_t count;
    uint8_t salt[CTY_SALT_SIZE];
    struct cty_buf content;
    struct cty_store_reader *reader;
};

/* --- progress --------------------------------------------------------------------------------------------------- */

static bool has_bar(const struct audit *audit)
{
    return !audit->cli->json && audit->total > BATCH && isatty(fileno(audit->cli->err));
}

static void show_progress(struct audit *audit, uint64_t done)
{
    unsigned percent = audit->total ? (unsigned)(done * 100 / audit->total) : 100;
    if (!has_bar(audit) || percent == audit->shown)
        return;
    audit->shown = percent;
    char bar[41];
    for (unsigned i = 0; i < 40; i++)
        bar[i] = i < percent * 40 / 100 ? '#' : '.';
    bar[40] = 0;
    fprintf(audit->cli->err, "\raudit [%s] %3u%% %llu of %llu entries", bar, percent, (unsigned long long)done,
            (unsigned long long)audit->total);
    if (percent == 100)
        fputc('\n', audit->cli->err);
    fflush(audit->cli->err);
}

static custody_err begin(struct audit *audit, const struct cty_trust *trust, const struct cty_content_source *contents)
{
    uint64_t threads = 0;
    CTY_TRY(cty_args_number(&audit->cli->args, "threads", 64, 0, &threads, &audit->cli->error));
    return cty_replay_new(trust, contents, (unsigned)threads, audit->report, &audit->replay);
}

static custody_err page_report(struct audit *audit, const struct cty_trust *trust, const char *where)
{
    struct cty_report *report = audit->report;
    snprintf(report->subject, sizeof(report->subject), "ledger %.*s (%s)", (int)trust->origin.size,
             (const char *)trust->origin.data, where);
    audit->cli->status = cty_report_exit(report);
    if (!audit->cli->json)
        return cty_report_text(report, &audit->cli->page);
    CTY_TRY(cty_report_json(report, &audit->cli->page));
    return cty_buf_put_byte(&audit->cli->page, '\n');
}

/* --- over a socket -------------------------------------------------------------------------------------------- */

static custody_err take_batch(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    struct audit *audit = context;
    CTY_TRY(cty_replay_entries(audit->replay, texts, count));
    show_progress(audit, first + count);
    return CUSTODY_OK;
}

static custody_err audit_url(struct audit *audit, const struct cty_trust *trust)
{
    struct cty_cli *cli = audit->cli;
    struct cty_client *client = NULL;
    struct cty_checkpoint checkpoint;
    struct cty_bytes note;
    CTY_CLEANUP(cty_buf_done) struct cty_buf kept = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    enum cty_cli_as as = cty_cli_setting(cli, "key", "CUSTODY_KEY") ? CTY_AS_KEY : CTY_AS_NOBODY;
    CTY_TRY(cty_cli_client(cli, as, &client));
    CTY_TRY(cty_client_checkpoint(client, true, &checkpoint, &note, &cli->error));
    CTY_TRY(cty_buf_put_bytes(&kept, note));
    audit->total = checkpoint.size;
    CTY_TRY(begin(audit, trust, NULL));
    CTY_TRY(cty_client_entries(client, 0, checkpoint.size, take_batch, audit, &cli->error));
    CTY_TRY(cty_replay_finish(audit->replay, cty_buf_bytes(&kept)));
    return page_report(audit, trust, cty_client_url(client));
}

/* --- from a database ------------------------------------------------------------------------------------------ */

static custody_err flush(struct audit *audit)
{
    struct cty_bytes texts[BATCH];
    for (size_t i = 0; i < audit->count; i++)
        texts[i] = cty_bytes_make(audit->bytes.data + audit->starts[i], audit->starts[i + 1] - audit->starts[i]);
    CTY_TRY(cty_replay_entries(audit->replay, texts, audit->count));
    audit->count = 0;
    cty_buf_clear(&audit->bytes);
    show_progress(audit, cty_replay_size(audit->replay));
    return CUSTODY_OK;
}

static custody_err take_entry(void *context, const struct cty_store_entry *entry)
{
    struct audit *audit = context;
    audit->starts[audit->count] = audit->bytes.size;
    CTY_TRY(cty_buf_put_bytes(&audit->bytes, entry->body));
    audit->starts[++audit->count] = audit->bytes.size;
    return audit->count == BATCH ? flush(audit) : CUSTODY_OK;
}

static custody_err stored_content(void *context, const struct cty_hash *statement, struct cty_bytes member,
                                  struct cty_bytes *ret_salt, struct cty_bytes *ret_content)
{
    struct audit *audit = context;
    cty_buf_clear(&audit->content);
    CTY_TRY(cty_store_read_blob(audit->reader, statement, member, audit->salt, &audit->content, &audit->cli->error));
    *ret_salt = cty_bytes_make(audit->salt, sizeof(audit->salt));
    *ret_content = cty_buf_bytes(&audit->content);
    return CUSTODY_OK;
}

static custody_err judge_entries(struct audit *audit, const struct cty_trust *trust)
{
    struct cty_content_source contents = {audit, stored_content};
    struct cty_store_mark mark;
    CTY_CLEANUP(cty_buf_done) struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    custody_error *error = &audit->cli->error;
    audit->total = cty_store_size(audit->reader);
    CTY_TRY(begin(audit, trust, &contents));
    CTY_TRY(cty_store_walk_entries(audit->reader, 0, audit->total, take_entry, audit, error));
    CTY_TRY(flush(audit));
    custody_err err = cty_store_read_checkpoint(audit->reader, &mark, &note, error);
    if (err != CUSTODY_OK && err != CUSTODY_E_NOT_FOUND)
        return err;
    CTY_TRY(cty_replay_finish(audit->replay, cty_buf_bytes(&note)));
    /* Against entries that were not judged to their end nothing derived can be compared. */
    bool judged = cty_memory_size(cty_replay_memory(audit->replay)) == audit->total &&
                  audit->report->claims[CTY_CLAIM_LAWFUL].state == CTY_CLAIM_HOLDS;
    if (judged)
        return cty_stored_check(audit->reader, cty_replay_memory(audit->replay), trust, audit->report, error);
    cty_report_skip(audit->report, CTY_CLAIM_STORED, "the entries could not be judged to their end");
    return CUSTODY_OK;
}

/* A file that can't be opened as a ledger's is judged too: it fails the claim `stored`. */
static custody_err audit_db(struct audit *audit, const struct cty_trust *trust, const char *path)
{
    custody_error *error = &audit->cli->error;
    audit->report->claims[CTY_CLAIM_STORED].required = true;
    custody_err err = cty_store_reader_open(path, &audit->reader, error);
    if (err == CUSTODY_OK)
        err = cty_store_begin_read(audit->reader, error);
    if (err == CUSTODY_OK)
        err = judge_entries(audit, trust);
    if (err == CUSTODY_E_STORE_ALTERED) {
        cty_report_fail(audit->report, CTY_CLAIM_STORED, err, CTY_REPORT_NO_ENTRY, "%s", error->detail);
        err = CUSTODY_OK;
    }
    cty_store_reader_close(audit->reader);
    CTY_TRY(err);
    return page_report(audit, trust, path);
}

static custody_err run(struct cty_cli *cli)
{
    const char *db = cty_args_text(&cli->args, "db");
    const struct cty_trust *trust = NULL;
    if (db && cty_args_text(&cli->args, "url"))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--db or --url?");
    CTY_TRY(cty_cli_trust(cli, &trust));
    CTY_AUTO_FREE struct cty_report *report = cty_alloc(1, sizeof(*report));
    CTY_AUTO_FREE struct audit *audit = cty_alloc(1, sizeof(*audit));
    if (!report || !audit)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    audit->cli = cli;
    audit->report = report;
    audit->shown = UINT32_MAX;
    audit->bytes.limit = (size_t)BATCH * CTY_ENTRY_BYTES_MAX;
    audit->content.limit = CTY_BLOB_BYTES_MAX;
    custody_err err = db ? audit_db(audit, trust, db) : audit_url(audit, trust);
    cty_replay_free(audit->replay);
    cty_buf_done(&audit->bytes);
    cty_buf_done(&audit->content);
    return err;
}

static const struct cty_opt options[] = {
    {"db", 0, CTY_OPT_TEXT, "FILE", "judge this database file, read-only, with all that is derived in it"},
    {"threads", 0, CTY_OPT_TEXT, "N", "how many processors to use (all)"},
    {NULL},
};

const struct cty_command cty_command_audit = {
    .name = "audit",
    .run = run,
    .summary = "verify a whole ledger, claim by claim",
    .operands = "",
    .about = "Fetches every entry (as an enrolled auditor, or anybody where the ledger is public) and judges\n"
             "every byte form, link, signature and rule again, on all processors. With --db it judges a\n"
             "database file instead, and then every record, content, tile and checkpoint in it too.\n"
             "Exit status: 0 all holds, 1 a claim fails, 2 all holds, with findings, 3 not everything that was\n"
             "asked for could be checked.\n",
    .example = "custody audit --db ledger.db",
    .uses = CTY_USE_READ,
    .options = options,
};
