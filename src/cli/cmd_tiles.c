/* SPDX-License-Identifier: Apache-2.0 */
/* custody tiles export: the ledger as plain files, for any file server (spec/tiles.md, "Export"). */
#include <poll.h>
#include <stdlib.h>

#include "base/check.h"
#include "cli/progress.h"
#include "cli/put.h"
#include "cli/signals.h"
#include "cli/tiles.h"
#include "client/contradiction.h"
#include "client/tile_export.h"
#include "client/tiles.h"
#include "codec/text.h"
#include "model/entry.h"

/* Between two looks for a newer checkpoint. */
#define FOLLOW_PAUSE_MS 1000

struct exporting {
    struct cty_cli *cli;
    const char *folder;
    char *published_path; /* the folder's checkpoint: contradictions are kept beside it */
    struct cty_trust trust; /* the pins, with the log keys that came since; borrows all else */
    struct cty_tiles_from from;
    struct cty_export *export;
    bool entries;
    bool settled; /* whether entries are to be published */
    struct cty_buf note;
    struct cty_checkpoint now;
    struct cty_buf before_note;
    struct cty_checkpoint before; /* size 0: none */
    bool whole;                   /* this run published once */
    struct cty_progress progress;
    bool progressing;
};

/* --- may entries be read by everybody? ----------------------------------------------------------------------- */

/* By the ledger's first entry, proven. */
static custody_err read_opening(struct exporting *x, int *ret_readers)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf bundle = CTY_BUF_INIT(CTY_TILE_BUNDLE_BYTES_MAX);
    CTY_CLEANUP(cty_parsed_entry_done) struct cty_parsed_entry parsed = {0};
    struct cty_bytes texts[CTY_TILE_WIDTH];
    unsigned count = 0;
    struct cty_tiles *tiles = NULL;
    custody_err err = cty_tiles_new(&x->from.files, &tiles);
    if (err == CUSTODY_OK)
        err = cty_tiles_trust(tiles, x->now.size, &x->now.root, &x->cli->error);
    if (err == CUSTODY_OK)
        err = cty_tiles_entries(tiles, 0, &bundle, texts, &count, &x->cli->error);
    cty_tiles_free(tiles);
    CTY_TRY(err);
    CTY_TRY(cty_entry_parse(texts[0], &parsed, &x->cli->error));
    const struct cty_statement *opening = &parsed.signed_statement.statement;
    if (opening->type != CTY_LEDGER_OPEN)
        return cty_fail(&x->cli->error, CUSTODY_E_GENESIS_MISSING, "entry 0");
    *ret_readers = opening->u.ledger_open.readers;
    return CUSTODY_OK;
}

static custody_err settle_entries(struct exporting *x)
{
    int readers = CTY_READERS_MEMBERS;
    if (x->settled)
        return CUSTODY_OK;
    custody_err err = read_opening(x, &readers);
    if (err != CUSTODY_OK && err != CUSTODY_E_NO_SESSION && err != CUSTODY_E_FORBIDDEN)
        return err;
    if (readers != CTY_READERS_PUBLIC)
        return cty_fail(&x->cli->error, CUSTODY_E_USAGE,
                        "entries of this ledger are for its members, and whoever can read the folder reads them: "
                        "--publish-entries if that is meant, else --no-entries");
    x->settled = true;
    return CUSTODY_OK;
}

/* --- what the folder says ------------------------------------------------------------------------------------ */

static custody_err open_note(struct exporting *x, const struct cty_buf *note, const char *whose,
                             struct cty_checkpoint *ret_checkpoint)
{
    custody_err err = cty_checkpoint_open_by(cty_buf_bytes(note), x->trust.origin, &x->trust.log_keys, ret_checkpoint);
    return err == CUSTODY_OK ? err : cty_fail(&x->cli->error, err, "the checkpoint of %s", whose);
}

static custody_err read_published(struct exporting *x)
{
    struct cty_bytes note;
    CTY_TRY(cty_export_published(x->export, &note, &x->cli->error));
    cty_buf_clear(&x->before_note);
    x->before = (struct cty_checkpoint){.size = 0};
    if (note.size == 0)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_put_bytes(&x->before_note, note));
    return open_note(x, &x->before_note, x->folder, &x->before);
}

/* While one lies there nothing is published. */
static custody_err check_contradictions(struct exporting *x)
{
    CTY_AUTO_FREE char *path = NULL;
    custody_err code = CUSTODY_OK;
    CTY_TRY(cty_contradiction_find(x->published_path, &x->trust, &path, &code, &x->cli->error));
    return path ? cty_fail(&x->cli->error, code, "%.200s tells of it; a person has to look, and to take it away", path)
                : CUSTODY_OK;
}

/* That it could not be kept must not hide it. */
static custody_err keep_contradiction(struct exporting *x, custody_err code, const struct cty_export_fork *fork)
{
    CTY_AUTO_FREE char *path = NULL;
    custody_error *error = &x->cli->error;
    struct cty_contradiction found = {
        .kind = CTY_CONTRADICTION_WENT_BACK,
        .notes = {cty_buf_bytes(&x->before_note), cty_buf_bytes(&x->note)},
    };
    if (code == CUSTODY_E_SPLIT_VIEW && x->before.size < x->now.size) {
        found.kind = CTY_CONTRADICTION_FORK;
        found.has_proof = true;
        found.root = fork->root;
        found.proof = fork->proof;
    }
    if (cty_contradiction_keep(x->published_path, &x->trust, &found, &path, NULL) != CUSTODY_OK)
        path = NULL;
    return cty_fail(error, code, "sizes %llu and %llu, both signed by the log key%s%s", (unsigned long long)x->before.size,
                    (unsigned long long)x->now.size, path ? "; kept in " : "", path ? path : "");
}

/* --- publishing ---------------------------------------------------------------------------------------------- */

static bool stopped(void *context)
{
    (void)context;
    return cty_signals_caught() != 0;
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
    struct exporting *x = context;
    if (!x->progressing) {
        cty_progress_begin(x->cli, total, &x->progress);
        x->progress.unit = "tiles";
        x->progressing = true;
    }
    cty_progress_at(&x->progress, done);
}

static custody_err tell(struct exporting *x)
{
    struct cty_cli *cli = x->cli;
    struct cty_jw jw;
    if (!cli->json) {
        CTY_TRY(cty_buf_putf(&cli->page, "published %llu %s, root ", (unsigned long long)x->now.size,
                             cty_plural(x->now.size, "entry", "entries")));
        CTY_TRY(cty_hex_format(cty_hash_bytes(&x->now.root), &cli->page));
        CTY_TRY(cty_buf_put_byte(&cli->page, '\n'));
        return cty_cli_flush(cli);
    }
    cty_jw_begin(&jw, &cli->page);
    cty_jw_object(&jw);
    cty_member_bool(&jw, "entries", x->entries);
    cty_member_text(&jw, "folder", x->folder);
    cty_member(&jw, "ledger", x->trust.origin);
    cty_member_hash(&jw, "root", &x->now.root);
    cty_member_u64(&jw, "size", x->now.size);
    cty_jw_object_end(&jw);
    CTY_TRY(cty_jw_end(&jw));
    CTY_TRY(cty_buf_put_byte(&cli->page, '\n'));
    return cty_cli_flush(cli);
}

static custody_err publish(struct exporting *x)
{
    struct cty_export_fork fork;
    if (x->whole && cty_bytes_equal(cty_buf_bytes(&x->note), cty_buf_bytes(&x->before_note)))
        return CUSTODY_OK;
    custody_err err = cty_export_publish(x->export, &x->now, cty_buf_bytes(&x->note), x->before.size ? &x->before : NULL, &fork,
                                         &x->cli->error);
    cty_progress_end(&x->progress);
    x->progressing = false;
    if (err == CUSTODY_E_SPLIT_VIEW || err == CUSTODY_E_WENT_BACK)
        return keep_contradiction(x, err, &fork);
    CTY_TRY(err);
    x->whole = true;
    return tell(x);
}

static custody_err open_folder(struct exporting *x)
{
    const struct cty_export_config config = {.files = &x->from.files,
                                             .folder = x->folder,
                                             .entries = x->entries,
                                             .stopped = stopped,
                                             .progress = show_progress,
                                             .context = x};
    if (x->export)
        return CUSTODY_OK;
    CTY_TRY(cty_export_open(&config, &x->export, &x->cli->error));
    return check_contradictions(x);
}

static custody_err pass(struct exporting *x)
{
    CTY_TRY(x->from.newest(x->from.files.context, &x->note, &x->trust.log_keys, &x->cli->error));
    CTY_TRY(open_note(x, &x->note, "the ledger", &x->now));
    CTY_TRY(settle_entries(x));
    CTY_TRY(open_folder(x));
    CTY_TRY(read_published(x));
    return publish(x);
}

/* What may be otherwise in a moment ends nothing that follows. */
static bool may_pass(custody_err err)
{
    return err == CUSTODY_E_UNREACHABLE || err == CUSTODY_E_TIMEOUT || err == CUSTODY_E_BUSY;
}

static custody_err follow(struct exporting *x)
{
    custody_err err = pass(x);
    while (!stopped(x) && (err == CUSTODY_OK || (may_pass(err) && x->export))) {
        if (err != CUSTODY_OK)
            cty_cli_note(x->cli, "%s: %s; it goes on", custody_err_name(err), x->cli->error.detail);
        (void)poll(NULL, 0, FOLLOW_PAUSE_MS);
        if (!stopped(x))
            err = pass(x);
    }
    /* Who has seen enough ends it; that is no failure. */
    return stopped(x) && (err == CUSTODY_E_CANCELLED_WAIT || may_pass(err)) ? CUSTODY_OK : err;
}

/* --- the command --------------------------------------------------------------------------------------------- */

static custody_err open_from(struct exporting *x)
{
    const char *path = cty_args_text(&x->cli->args, "db");
    struct cty_client *client = NULL;
    if (path)
        return cty_tiles_from_database(path, &x->trust, &x->from, &x->cli->error);
    CTY_TRY(cty_cli_client(x->cli, cty_cli_setting(x->cli, "key", "CUSTODY_KEY") ? CTY_AS_KEY : CTY_AS_NOBODY, &client));
    return cty_tiles_from_door(client, &x->from, &x->cli->error);
}

static custody_err read_options(struct exporting *x)
{
    struct cty_cli *cli = x->cli;
    const struct cty_trust *trust = NULL;
    bool publish_entries = cty_args_flag(&cli->args, "publish-entries");
    bool no_entries = cty_args_flag(&cli->args, "no-entries");
    if (publish_entries && no_entries)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--publish-entries or --no-entries?");
    if (cty_args_text(&cli->args, "db") && cty_args_text(&cli->args, "url"))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--db or --url?");
    x->entries = !no_entries;
    x->settled = publish_entries || no_entries;
    x->folder = cli->args.operands[0];
    CTY_TRY(cty_cli_trust(cli, &trust));
    x->trust = *trust;
    return asprintf(&x->published_path, "%s/checkpoint", x->folder) < 0 ? CUSTODY_E_NO_MEMORY : CUSTODY_OK;
}

static custody_err run(struct exporting *x)
{
    CTY_TRY(read_options(x));
    CTY_TRY(open_from(x));
    cty_signals_take(CTY_SIGNALS_REPORT);
    return cty_args_flag(&x->cli->args, "follow") ? follow(x) : pass(x);
}

static custody_err tiles_export(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct exporting *x = cty_alloc(1, sizeof(*x));
    if (!x)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    x->cli = cli;
    x->note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    x->before_note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    custody_err err = run(x);
    cty_signals_restore();
    cty_export_close(x->export);
    cty_tile_files_done(&x->from.files);
    cty_buf_done(&x->note);
    cty_buf_done(&x->before_note);
    free(x->published_path);
    return err;
}

static const struct cty_opt options[] = {
    {"db", 0, CTY_OPT_TEXT, "FILE", "from a database file instead of a custodian"},
    {"follow", 'f', CTY_OPT_FLAG, NULL, "go on with new checkpoints as they come"},
    {"no-entries", 0, CTY_OPT_FLAG, NULL, "checkpoint and hashes only"},
    {"publish-entries", 0, CTY_OPT_FLAG, NULL, "entries too, though the ledger's are for its members"},
    {NULL},
};

const struct cty_command cty_command_tiles_export = {
    .name = "tiles export",
    .run = tiles_export,
    .summary = "the ledger as plain files, for any file server",
    .operands = "DIR",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Writes checkpoint, tiles of hashes and bundles of entries (C2SP tlog-tiles) below DIR, as any tool for\n"
             "transparency logs reads them. Each file is proven by the signed checkpoint before it is written,\n"
             "and whole when it is there; a checkpoint comes after all that it covers. Ended anywhere, it goes\n"
             "on from there. A ledger that contradicts what DIR holds is refused, and what shows it is kept\n"
             "in DIR. With --follow it goes on until it gets a signal.\n",
    .example = "custody tiles export /srv/www/ledger --follow --key acme-auditor.key",
    .uses = CTY_USE_READ,
    .options = options,
};
