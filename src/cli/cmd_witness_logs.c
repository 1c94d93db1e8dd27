/* SPDX-License-Identifier: Apache-2.0 */
/* custody witness show, add, remove, key, clear */
#include "base/check.h"
#include "base/times.h"
#include "cli/put.h"
#include "cli/witness_home.h"
#include "witness/kept.h"

/* --- show -------------------------------------------------------------------------------------------------- */

static custody_err put_log(struct cty_buf *out, const struct cty_witness_log *log)
{
    CTY_TRY(cty_put_line(out, "log", cty_buf_bytes(&log->origin)));
    if (log->removed)
        CTY_TRY(cty_put_linef(out, "removed", "yes"));
    if (log->follow.size)
        CTY_TRY(cty_put_line(out, "follows", cty_buf_bytes(&log->follow)));
    for (uint32_t i = 0; i < log->keys.count; i++) {
        CTY_CLEANUP(cty_buf_done) struct cty_buf vkey = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
        CTY_TRY(cty_vkey_format(cty_buf_bytes(&log->key_name), CTY_KEY_ED25519, &log->keys.keys[i], &vkey));
        CTY_TRY(cty_put_line(out, "key", cty_buf_bytes(&vkey)));
        if (i > 0)
            CTY_TRY(cty_put_linef(out, "from size", "%llu", (unsigned long long)log->keys.from[i]));
    }
    if (log->time_s == 0)
        return cty_put_linef(out, "cosigned", "nothing yet");
    CTY_TRY(cty_put_linef(out, "size", "%llu", (unsigned long long)log->size));
    CTY_TRY(cty_put_line_hash(out, "root", &log->root));
    return cty_put_line_time(out, "cosigned", log->time_s * 1000);
}

static custody_err put_stop(struct cty_buf *out, const struct cty_witness_log *log)
{
    if (log->stopped.size == 0)
        return CUSTODY_OK;
    CTY_TRY(cty_put_line(out, "STOPPED", cty_buf_bytes(&log->stopped)));
    CTY_TRY(cty_put_line_time(out, "since", log->stopped_s * 1000));
    return log->file.size ? cty_put_line(out, "proof", cty_buf_bytes(&log->file)) : CUSTODY_OK;
}

static void member_keys(struct cty_jw *jw, const struct cty_witness_log *log)
{
    cty_jw_name(jw, "keys");
    cty_jw_array(jw);
    for (uint32_t i = 0; i < log->keys.count; i++) {
        CTY_CLEANUP(cty_buf_done) struct cty_buf vkey = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
        if (cty_vkey_format(cty_buf_bytes(&log->key_name), CTY_KEY_ED25519, &log->keys.keys[i], &vkey) != CUSTODY_OK)
            cty_buf_clear(&vkey);
        cty_jw_object(jw);
        cty_member_u64(jw, "from", log->keys.from[i]);
        cty_member(jw, "key", cty_buf_bytes(&vkey));
        cty_jw_object_end(jw);
    }
    cty_jw_array_end(jw);
}

static void row_log(struct cty_jw *jw, const struct cty_witness_log *log)
{
    cty_jw_object(jw);
    cty_member(jw, "file", cty_buf_bytes(&log->file));
    cty_member(jw, "follow", cty_buf_bytes(&log->follow));
    member_keys(jw, log);
    cty_member(jw, "note", cty_buf_bytes(&log->note));
    cty_member(jw, "origin", cty_buf_bytes(&log->origin));
    cty_member_bool(jw, "removed", log->removed);
    cty_member_hash(jw, "root", &log->root);
    cty_member_u64(jw, "size", log->size);
    cty_member(jw, "stopped", cty_buf_bytes(&log->stopped));
    cty_member_u64(jw, "time", log->time_s * 1000);
    cty_jw_object_end(jw);
}

/* Each log in turn; the first thing that a page says stands before them. */
static custody_err each_log(struct cty_cli *cli, struct cty_witness_store *store, struct cty_jw *jw)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf after = CTY_BUF_INIT(CTY_FOREIGN_ORIGIN_BYTES_MAX);
    for (;;) {
        CTY_CLEANUP(cty_witness_log_done) struct cty_witness_log log = {.removed = false};
        custody_err err = cty_witness_log_after(store, cty_buf_bytes(&after), &log, &cli->error);
        if (err == CUSTODY_E_NOT_FOUND)
            return CUSTODY_OK;
        CTY_TRY(err);
        if (log.stopped.size > 0 && !log.removed)
            cli->status = 2;
        if (jw)
            row_log(jw, &log);
        else
            CTY_TRY(cty_buf_put_byte(&cli->page, '\n'));
        if (!jw)
            CTY_TRY(put_log(&cli->page, &log));
        if (!jw)
            CTY_TRY(put_stop(&cli->page, &log));
        cty_buf_clear(&after);
        CTY_TRY(cty_buf_put_bytes(&after, cty_buf_bytes(&log.origin)));
    }
}

static custody_err witness_show(struct cty_cli *cli)
{
    CTY_CLEANUP(cty_witness_store_close_pointer) struct cty_witness_store *store = NULL;
    CTY_CLEANUP(cty_buf_done) struct cty_buf vkey = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    struct cty_jw jw;
    CTY_TRY(cty_witness_home_open(cli, &store));
    CTY_TRY(cty_witness_store_vkey(store, &vkey, &cli->error));
    if (!cli->json) {
        CTY_TRY(cty_put_line(&cli->page, "witness", cty_buf_bytes(&vkey)));
        return each_log(cli, store, NULL);
    }
    cty_page_begin(cli, &jw);
    cty_member(&jw, "key", cty_buf_bytes(&vkey));
    cty_jw_name(&jw, "logs");
    cty_jw_array(&jw);
    CTY_TRY(each_log(cli, store, &jw));
    cty_jw_array_end(&jw);
    return cty_page_end(cli, &jw);
}

static const struct cty_opt dir_options[] = {
    CTY_WITNESS_DIR_OPTION,
    {NULL},
};

const struct cty_command cty_command_witness_show = {
    .name = "witness show",
    .run = witness_show,
    .summary = "print what a witness has cosigned, and what it stopped",
    .operands = "",
    .about = "For each log: its keys, the size and root that were cosigned last, and when; and whether it is\n"
             "stopped, why, and where the proof lies. Ends with status 2 where one is stopped. Works beside a\n"
             "witness that is running.\n",
    .example = "custody witness show --dir w1",
    .options = dir_options,
};

/* --- add, remove ------------------------------------------------------------------------------------------- */

static custody_err say(struct cty_cli *cli, const char *what, struct cty_bytes origin)
{
    struct cty_jw jw;
    if (!cli->json)
        return cty_put_line(&cli->page, what, origin);
    cty_page_begin(cli, &jw);
    cty_member(&jw, what, origin);
    return cty_page_end(cli, &jw);
}

static custody_err witness_add(struct cty_cli *cli)
{
    CTY_CLEANUP(cty_witness_store_close_pointer) struct cty_witness_store *store = NULL;
    CTY_CLEANUP(cty_witness_newcomer_done) struct cty_witness_newcomer one = {.follow = NULL};
    bool new = false;
    CTY_TRY(cty_witness_newcomer_read(cli, cli->args.operands[0], &one));
    CTY_TRY(cty_witness_home_open(cli, &store));
    CTY_TRY(cty_witness_newcomer_add(cli, store, &one, &new));
    return say(cli, new ? "added" : "kept", one.origin);
}

static const struct cty_opt add_options[] = {
    CTY_WITNESS_DIR_OPTION,
    {"origin", 0, CTY_OPT_TEXT, "TEXT", "the log's first line, where that isn't its key's name"},
    {"follow", 0, CTY_OPT_TEXT, "URL", "reads the log there: https:// tiles, or a custodian's door"},
    {"certificate", 0, CTY_OPT_TEXT, "FILE", "what that TLS door is known by"},
    {NULL},
};

const struct cty_command cty_command_witness_add = {
    .name = "witness add",
    .run = witness_add,
    .summary = "let a witness cosign one more log",
    .operands = "VKEY",
    .operands_min = 1,
    .operands_max = 1,
    .about = "VKEY is the log's key line, as 'custody trust show' or the log's operator gives it. Works beside a\n"
             "witness that is running. One that was removed goes on from the size that was cosigned then.\n",
    .example = "custody witness add --dir w1 \"$VKEY\"",
    .options = add_options,
};

static custody_err witness_remove(struct cty_cli *cli)
{
    CTY_CLEANUP(cty_witness_store_close_pointer) struct cty_witness_store *store = NULL;
    struct cty_bytes origin = cty_bytes_text(cli->args.operands[0]);
    CTY_TRY(cty_witness_home_open(cli, &store));
    cty_cli_next(cli, CUSTODY_E_NOT_FOUND, "'custody witness show' names the logs");
    CTY_TRY(cty_witness_log_remove(store, origin, &cli->error));
    return say(cli, "removed", origin);
}

const struct cty_command cty_command_witness_remove = {
    .name = "witness remove",
    .run = witness_remove,
    .summary = "let a witness cosign a log no more",
    .operands = "ORIGIN",
    .operands_min = 1,
    .operands_max = 1,
    .about = "What was cosigned stays known, and can still be read: a witness never forgets a size.\n",
    .example = "custody witness remove --dir w1 custody.example.com/refunds",
    .options = dir_options,
};

/* --- key --------------------------------------------------------------------------------------------------- */

static custody_err witness_key(struct cty_cli *cli)
{
    CTY_CLEANUP(cty_witness_store_close_pointer) struct cty_witness_store *store = NULL;
    CTY_CLEANUP(cty_witness_log_done) struct cty_witness_log log = {.removed = false};
    struct cty_bytes origin = cty_bytes_text(cli->args.operands[0]);
    uint64_t from = 0;
    CTY_TRY(cty_witness_home_open(cli, &store));
    cty_cli_next(cli, CUSTODY_E_NOT_FOUND, "'custody witness show' names the logs");
    CTY_TRY(cty_witness_log_get(store, origin, &log, &cli->error));
    CTY_TRY(cty_args_number(&cli->args, "from", CTY_TREE_SIZE_MAX, log.size + 1, &from, &cli->error));
    CTY_TRY(cty_cli_confirm(cli, "Who holds this key can have checkpoints of the log cosigned from now on. Is it the log's new key?"));
    CTY_TRY(cty_witness_log_key(store, origin, from, cty_bytes_text(cli->args.operands[1]), &cli->error));
    return say(cli, "added", origin);
}

static const struct cty_opt key_options[] = {
    CTY_WITNESS_DIR_OPTION,
    {"from", 0, CTY_OPT_TEXT, "SIZE", "the first size that it signs (the next one after what was cosigned)"},
    {NULL},
};

const struct cty_command cty_command_witness_key = {
    .name = "witness key",
    .run = witness_key,
    .summary = "let a witness know the new key of a log",
    .operands = "ORIGIN VKEY",
    .operands_min = 2,
    .operands_max = 2,
    .about = "For a log whose key was changed ('custody custodian rotate'): from that size on only the new key\n"
             "counts. Compare the line with one that came another way: 'custody info' verifies the change.\n",
    .example = "custody witness key --dir w1 custody.example.com/refunds \"$VKEY\" --yes",
    .uses = CTY_USE_YES,
    .options = key_options,
};

/* --- clear ------------------------------------------------------------------------------------------------- */

/* A clock that ran ahead once may have left a time behind that the true one reaches in years. */
static custody_err confirm_clock(struct cty_cli *cli, struct cty_witness_store *store, const struct cty_witness_log *log)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    uint64_t now_s = cty_time_wall_ms() / 1000;
    if (log->time_s <= now_s)
        return say(cli, "not ahead", cty_buf_bytes(&log->origin));
    CTY_TRY(put_log(&text, log));
    CTY_TRY(cty_put_line_time(&text, "clock", now_s * 1000));
    CTY_TRY(cty_buf_put_text(&text, "From here on it is cosigned at the clock's time again. What was cosigned at the later time stays so, and\n"
                                    "who has it can show it as newer than what follows.\n"));
    cty_cli_present(cli, cty_buf_bytes(&text));
    CTY_TRY(cty_cli_confirm(cli, "Have you looked at this machine's clock, and is it right?"));
    CTY_TRY(cty_witness_log_clock(store, cty_buf_bytes(&log->origin), now_s, &cli->error));
    return say(cli, "confirmed", cty_buf_bytes(&log->origin));
}

static custody_err witness_clear(struct cty_cli *cli)
{
    CTY_CLEANUP(cty_witness_store_close_pointer) struct cty_witness_store *store = NULL;
    CTY_CLEANUP(cty_witness_log_done) struct cty_witness_log log = {.removed = false};
    CTY_CLEANUP(cty_witness_home_done) struct cty_witness_home home = {.folder = CTY_BUF_INIT(0)};
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    struct cty_bytes origin = cty_bytes_text(cli->args.operands[0]);
    CTY_TRY(cty_witness_home_open(cli, &store));
    cty_cli_next(cli, CUSTODY_E_NOT_FOUND, "'custody witness show' names the logs");
    CTY_TRY(cty_witness_log_get(store, origin, &log, &cli->error));
    if (cty_args_flag(&cli->args, "confirm-clock"))
        return confirm_clock(cli, store, &log);
    if (log.stopped.size == 0)
        return say(cli, "not stopped", origin);
    CTY_TRY(put_log(&text, &log));
    CTY_TRY(put_stop(&text, &log));
    CTY_TRY(cty_buf_put_text(&text, "From here on what extends this size and root is cosigned again, whatever the log showed to others.\n"
                                    "The proof stays where it is.\n"));
    cty_cli_present(cli, cty_buf_bytes(&text));
    CTY_TRY(cty_cli_confirm(cli, "Has this been looked into, and is the log to be cosigned again?"));
    CTY_TRY(cty_witness_home_find(cli, &home));
    CTY_TRY(cty_witness_clear(store, cty_buf_text(&home.state), origin, &cli->error));
    return say(cli, "cleared", origin);
}

static const struct cty_opt clear_options[] = {
    CTY_WITNESS_DIR_OPTION,
    {"confirm-clock", 0, CTY_OPT_FLAG, NULL, "somebody has looked at the clock and it is right"},
    {NULL},
};

const struct cty_command cty_command_witness_clear = {
    .name = "witness clear",
    .run = witness_clear,
    .summary = "let a witness cosign a log again that it had stopped",
    .operands = "ORIGIN",
    .operands_min = 1,
    .operands_max = 1,
    .about = "A person's act, after the contradiction was looked into ('custody convict FILE' says what it\n"
             "proves). The log goes on from what was cosigned last; what it showed to others is not undone, and\n"
             "the file is kept. With --confirm-clock another thing: a log whose newest cosignature says a time\n"
             "after the clock's, from when that was wrong, is cosigned at the clock's time again.\n",
    .example = "custody witness clear --dir w1 custody.example.com/refunds",
    .uses = CTY_USE_YES,
    .options = clear_options,
};
