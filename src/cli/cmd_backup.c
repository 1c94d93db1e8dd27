/* SPDX-License-Identifier: Apache-2.0 */
/* custody backup: a copy of a ledger's database, of one moment, while its custodian goes on. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/check.h"
#include "cli/audit_db.h"
#include "cli/progress.h"
#include "cli/put.h"
#include "cli/signals.h"
#include "escrow/record.h"
#include "ledger/note.h"

struct backup {
    struct cty_cli *cli;
    const char *from;
    const char *to;
    struct cty_audit_file file; /* the ledger's, then the copy's */
    struct cty_progress progress;
    struct cty_store_mark mark;
    struct cty_buf note;
    struct cty_buf origin;
    uint64_t bytes;
    struct cty_report *report; /* with --verify */
};

static void backup_done(struct backup *b)
{
    cty_progress_end(&b->progress);
    cty_audit_close(&b->file);
    cty_buf_done(&b->note);
    cty_buf_done(&b->origin);
    free(b->report);
}

/* --- copying --------------------------------------------------------------------------------------------- */

static custody_err on_pages(void *context, uint64_t pages, uint64_t of_pages)
{
    struct backup *b = context;
    b->progress.total = of_pages ? of_pages : 1;
    cty_progress_at(&b->progress, pages);
    return cty_signals_caught() ? CUSTODY_E_CANCELLED_WAIT : CUSTODY_OK;
}

static custody_err copy(struct backup *b)
{
    const struct cty_store_backup_watch watch = {on_pages, b};
    custody_error *error = &b->cli->error;
    CTY_TRY(cty_audit_open(b->from, &b->file, error));
    CTY_TRY(cty_store_begin_read(b->file.reader, error));
    cty_progress_begin(b->cli, 1, &b->progress);
    b->progress.unit = "pages";
    /* What is interrupted takes its unfinished copy with it. */
    cty_signals_take(CTY_SIGNALS_HOLD);
    custody_err err = cty_store_backup(b->file.reader, b->to, &watch, error);
    cty_signals_restore();
    cty_progress_end(&b->progress);
    cty_audit_close(&b->file);
    return err;
}

/* --- looking at what was made ---------------------------------------------------------------------------- */

/* By the log key that the ledger itself says is in force: whether that one is to be believed is for --verify. */
static custody_err check_note(struct backup *b)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_DELTA_BYTES_MAX);
    CTY_CLEANUP(cty_json_done) struct cty_json tape = CTY_JSON_INIT;
    struct cty_ledger_record ledger;
    struct cty_checkpoint checkpoint;
    struct cty_bytes name;
    struct cty_key key;
    custody_error *error = &b->cli->error;
    CTY_TRY(cty_store_read_record(b->file.reader, CTY_LITERAL("ledger"), &text, error));
    CTY_TRY(cty_record_decode(&cty_shape_ledger_record, cty_buf_bytes(&text), &tape, &ledger, error));
    if (cty_vkey_parse(ledger.log_key, CTY_KEY_ED25519, &name, &key) != CUSTODY_OK ||
        cty_checkpoint_open(cty_buf_bytes(&b->note), ledger.origin, &key, &checkpoint) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_STORE_ALTERED, "the newest checkpoint is not the log key's");
    return CUSTODY_OK;
}

/* Opening compares schema, entries, tree and newest checkpoint at the head. */
static custody_err check_copy(struct backup *b)
{
    custody_error *error = &b->cli->error;
    struct stat status;
    CTY_TRY(cty_store_reader_open_still(b->to, &b->file.reader, error));
    CTY_TRY(cty_store_begin_read(b->file.reader, error));
    CTY_TRY(cty_store_read_checkpoint(b->file.reader, &b->mark, &b->note, error));
    CTY_TRY(cty_buf_put_bytes(&b->origin, cty_store_origin(b->file.reader)));
    CTY_TRY(check_note(b));
    b->bytes = stat(b->to, &status) == 0 ? (uint64_t)status.st_size : 0;
    cty_audit_close(&b->file);
    return CUSTODY_OK;
}

static custody_err audit_copy(struct backup *b)
{
    b->report = cty_alloc(1, sizeof(*b->report));
    if (!b->report)
        return cty_fail_code(&b->cli->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_audit_database(b->cli, b->to, 0, b->report));
    b->cli->status = cty_report_exit(b->report);
    return CUSTODY_OK;
}

/* --- telling --------------------------------------------------------------------------------------------- */

static custody_err page_text(struct backup *b)
{
    struct cty_buf *out = &b->cli->page;
    CTY_TRY(cty_put_line(out, "backup", cty_bytes_text(b->to)));
    CTY_TRY(cty_put_line(out, "ledger", cty_buf_bytes(&b->origin)));
    CTY_TRY(cty_put_linef(out, "size", "%llu %s, %llu bytes", (unsigned long long)b->mark.size,
                          cty_plural(b->mark.size, "entry", "entries"), (unsigned long long)b->bytes));
    CTY_TRY(cty_put_line_hash(out, "root", &b->mark.root));
    CTY_TRY(cty_buf_put_text(out, "\n"));
    CTY_TRY(cty_buf_put_bytes(out, cty_buf_bytes(&b->note)));
    if (!b->report)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_put_text(out, "\n"));
    return cty_report_text(b->report, out);
}

static custody_err page_json(struct backup *b)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf report = CTY_BUF_INIT((size_t)1024 * 1024);
    struct cty_jw jw;
    if (b->report)
        CTY_TRY(cty_report_json(b->report, &report));
    cty_page_begin(b->cli, &jw);
    cty_member_text(&jw, "backup", b->to);
    cty_member_u64(&jw, "bytes", b->bytes);
    cty_member(&jw, "checkpoint", cty_buf_bytes(&b->note));
    cty_member(&jw, "ledger", cty_buf_bytes(&b->origin));
    if (b->report)
        cty_member_raw(&jw, "report", cty_buf_bytes(&report));
    cty_member_hash(&jw, "root", &b->mark.root);
    cty_member_u64(&jw, "size", b->mark.size);
    return cty_page_end(b->cli, &jw);
}

static custody_err run(struct backup *b)
{
    bool audits = cty_args_flag(&b->cli->args, "verify");
    const struct cty_trust *trust = NULL;
    CTY_TRY(cty_cli_required(b->cli, "ledger", &b->from));
    CTY_TRY(cty_cli_required(b->cli, "to", &b->to));
    if (audits)
        CTY_TRY(cty_cli_trust(b->cli, &trust));
    CTY_TRY(copy(b));
    CTY_TRY(check_copy(b));
    if (audits)
        CTY_TRY(audit_copy(b));
    return b->cli->json ? page_json(b) : page_text(b);
}

static custody_err backup(struct cty_cli *cli)
{
    struct backup b = {.cli = cli, .note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX), .origin = CTY_BUF_INIT(CTY_ORIGIN_BYTES_MAX)};
    custody_err err = run(&b);
    backup_done(&b);
    return err;
}

static const struct cty_opt options[] = {
    {"ledger", 'l', CTY_OPT_TEXT, "FILE", "the custodian's database"},
    {"to", 0, CTY_OPT_TEXT, "FILE", "the copy: a new file, in a folder that is there"},
    {"verify", 0, CTY_OPT_FLAG, NULL, "audit the whole copy from the trust file, as 'custody audit --db' does"},
    {NULL},
};

const struct cty_command cty_command_backup = {
    .name = "backup",
    .run = backup,
    .summary = "copy a ledger's database while its custodian goes on",
    .operands = "",
    .about = "Copies the database as it is at one moment, for whoever may read it on this machine, and says how far\n"
             "it comes. The copy is there whole and on the disk, or not at all; no file is overwritten or removed.\n"
             "Killed, it may leave FILE.new-0001 and FILE.lock, which are yours to remove. Its head and\n"
             "the signature of its newest checkpoint are checked. A custodian refuses to go on with a copy until a\n"
             "person says that it is all of the ledger: custodyd(8), 'BACKUP AND RESTORE'.\n",
    .example = "custody backup --ledger /var/lib/custody/ledger.db --to ledger-2026-01-05.db",
    .uses = CTY_USE_TRUST | CTY_USE_STATE,
    .options = options,
};
