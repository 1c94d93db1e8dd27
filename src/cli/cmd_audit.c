/* SPDX-License-Identifier: Apache-2.0 */
/* custody audit: a whole ledger, from its custodian, from tiles or from a database file. */
#include <stdlib.h>

#include "base/check.h"
#include "cli/audit_db.h"
#include "cli/audit_run.h"
#include "cli/audit_state.h"
#include "cli/put.h"
#include "client/door_source.h"
#include "client/tile_http.h"
#include "client/tile_source.h"
#include "net/url.h"

/* --- where from ------------------------------------------------------------------------------------------ */

static custody_err open_door(struct cty_cli *cli, struct cty_audit_source *ret_source)
{
    struct cty_client *client = NULL;
    CTY_TRY(cty_cli_setting(cli, "key", "CUSTODY_KEY") ? cty_cli_client(cli, CTY_AS_KEY, &client)
                                                       : cty_cli_client(cli, CTY_AS_NOBODY, &client));
    return cty_door_source(client, cty_args_flag(&cli->args, "contents"), ret_source);
}

static custody_err open_tiles(struct cty_cli *cli, const char *tiles, struct cty_audit_source *ret_source)
{
    struct cty_tile_files files;
    uint64_t patience = 0;
    if (!cty_net_url_is_http(tiles)) {
        CTY_TRY(cty_tile_folder_open(tiles, &files, &cli->error));
        return cty_tile_source(&files, ret_source, &cli->error);
    }
    CTY_TRY(cty_cli_timeout(cli, CTY_CLIENT_PATIENCE_MS_DEFAULT, &patience));
    struct cty_tile_http_config config = {.url = tiles, .patience_ms = patience};
    /* Entries may be for members; the door asks then. */
    if (cty_cli_setting(cli, "key", "CUSTODY_KEY")) {
        const struct cty_trust *trust = NULL;
        CTY_TRY(cty_cli_key(cli, &config.key.secret));
        CTY_TRY(cty_cli_trust(cli, &trust));
        config.key.origin = trust->origin;
    }
    CTY_TRY(cty_tile_http_open(&config, &files, &cli->error));
    return cty_tile_source(&files, ret_source, &cli->error);
}

static custody_err audit_source(struct cty_cli *cli, const char *tiles, unsigned threads, struct cty_report *report)
{
    struct cty_audit_source source = {0};
    struct cty_audit_plan plan = {.cli = cli, .source = &source, .threads = threads,
                                  .full = cty_args_flag(&cli->args, "full")};
    CTY_CLEANUP(cty_free_pointer) char *path = NULL;
    plan.case_name = cty_args_text(&cli->args, "case");
    CTY_TRY(cty_cli_trust(cli, &plan.trust));
    CTY_TRY(tiles ? open_tiles(cli, tiles, &source) : open_door(cli, &source));
    custody_err err = cty_audit_state_path(cli, &path);
    plan.state_path = path;
    if (err == CUSTODY_OK)
        err = cty_audit_run(&plan, report);
    source.done(source.context);
    return err;
}

/* --- the command ----------------------------------------------------------------------------------------- */

/* Contents are not fetched unasked, nor does a reader of everything have to be one of contents. */
static custody_err put_more(struct cty_cli *cli, const struct cty_report *report)
{
    const struct cty_args *args = &cli->args;
    if (report->claims[CTY_CLAIM_CONTENTS].state != CTY_CLAIM_NOT_CHECKED || cty_args_text(args, "db") ||
        cty_args_text(args, "tiles") || cty_args_flag(args, "contents"))
        return CUSTODY_OK;
    return cty_buf_put_text(&cli->page, "more        --contents also fetches and checks the contents that you may read\n");
}

static custody_err page(struct cty_cli *cli, const struct cty_report *report)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf json = CTY_BUF_INIT((size_t)1024 * 1024);
    struct cty_jw jw;
    cli->status = cty_report_exit(report);
    if (!cli->json) {
        CTY_TRY(cty_report_text(report, &cli->page));
        return put_more(cli, report);
    }
    CTY_TRY(cty_report_json(report, &json));
    cty_page_begin(cli, &jw);
    cty_member_raw(&jw, "report", cty_buf_bytes(&json));
    return cty_page_end(cli, &jw);
}

/* What would not be done is not taken: whoever asks for it must not believe that it was. */
static custody_err check_database(struct cty_cli *cli)
{
    const struct cty_args *args = &cli->args;
    if (cty_args_item(args, "compare", 0) || cty_args_text(args, "case"))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--compare and --case are of doors and tiles, not of --db");
    if (cty_args_text(args, "audit-state"))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "of an audit of a file nothing is kept: --db or --audit-state?");
    return CUSTODY_OK;
}

static custody_err check_options(struct cty_cli *cli)
{
    const struct cty_args *args = &cli->args;
    bool db = cty_args_text(args, "db") != NULL, tiles = cty_args_text(args, "tiles") != NULL;
    if (db + tiles + (cty_args_text(args, "url") != NULL) > 1)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--url, --tiles or --db?");
    if (db)
        CTY_TRY(check_database(cli));
    if (db && cty_args_flag(args, "contents"))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "with --db all contents are checked anyway");
    if (tiles && cty_args_flag(args, "contents"))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "tiles hold no contents");
    if (cty_args_flag(args, "no-state") && cty_args_text(args, "audit-state"))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--audit-state or --no-state?");
    return CUSTODY_OK;
}

static custody_err audit(struct cty_cli *cli)
{
    const char *path = cty_args_text(&cli->args, "db");
    const char *tiles = cty_args_text(&cli->args, "tiles");
    uint64_t threads = 0;
    CTY_AUTO_FREE struct cty_report *report = cty_alloc(1, sizeof(*report));
    if (!report)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(check_options(cli));
    CTY_TRY(cty_args_number(&cli->args, "threads", 256, 0, &threads, &cli->error));
    CTY_TRY(path ? cty_audit_database(cli, path, (unsigned)threads, report)
                 : audit_source(cli, tiles, (unsigned)threads, report));
    return page(cli, report);
}

static const struct cty_opt options[] = {
    {"tiles", 0, CTY_OPT_TEXT, "URL|DIR", "audit published tiles instead of a custodian"},
    {"db", 0, CTY_OPT_TEXT, "FILE", "audit a database file instead of a custodian"},
    {"full", 0, CTY_OPT_FLAG, NULL, "from entry 0, whatever was audited before"},
    {"audit-state", 0, CTY_OPT_TEXT, "FILE", "where it is kept how far the audit came (FILE of --state, and .audit)"},
    {"no-state", 0, CTY_OPT_FLAG, NULL, "from entry 0, and keep nothing"},
    {"compare", 0, CTY_OPT_LIST, "FILE", "a checkpoint that somebody else was shown (may be repeated)"},
    {"case", 0, CTY_OPT_TEXT, "CASE", "also say how this case stands, and on what"},
    {"contents", 0, CTY_OPT_FLAG, NULL, "also fetch and check the contents that you may read"},
    {"threads", 0, CTY_OPT_TEXT, "N", "verify on N cores (all)"},
    {NULL},
};

const struct cty_command cty_command_audit = {
    .name = "audit",
    .run = audit,
    .summary = "verify a whole ledger",
    .operands = "",
    .about = "Fetches every entry and verifies each signature, link, root and rule on all cores, from the trust\n"
             "file alone; says which claim fails at which entry. It keeps how far it came, and the next time\n"
             "it reads what is new: its checkpoint must extend the one before, or both are kept as evidence.\n"
             "With --db it reads a whole database file, writes nothing beside it, and also compares every\n"
             "content and every derived row with the entries, and the ledger with the checkpoint that --state\n"
             "kept from before.\n",
    .example = "custody audit --key globex-auditor.key",
    .uses = CTY_USE_READ,
    .options = options,
};
