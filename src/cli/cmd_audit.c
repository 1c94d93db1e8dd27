/* SPDX-License-Identifier: Apache-2.0 */
/* custody audit: a whole ledger, from its custodian or from a database file. */
#include <stdlib.h>

#include "base/check.h"
#include "cli/audit_db.h"
#include "cli/progress.h"
#include "cli/put.h"
#include "client/read.h"
#include "codec/text.h"

#define BATCH 1024u

/* --- over a door ----------------------------------------------------------------------------------------- */

struct fetching {
    struct cty_cli *cli;
    struct cty_client *client;
    struct cty_bytes texts[BATCH]; /* owned */
    size_t count;
    uint8_t salt[CTY_SALT_SIZE];
    struct cty_buf content;
    struct cty_memory *cases; /* with contents: the case of each statement, by their digests */
    struct cty_parsed_entry parsed;
};

static void clear_texts(struct fetching *f)
{
    for (size_t i = 0; i < f->count; i++)
        free((void *)(uintptr_t)f->texts[i].data);
    f->count = 0;
}

static custody_err each_entries(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    struct fetching *f = context;
    (void)first;
    for (size_t i = 0; i < count; i++) {
        char *copy = f->count < BATCH ? cty_bytes_dup_text(texts[i]) : NULL;
        if (!copy)
            return f->count < BATCH ? CUSTODY_E_NO_MEMORY : CUSTODY_E_BAD_RPC;
        f->texts[f->count++] = cty_bytes_make(copy, texts[i].size);
    }
    return CUSTODY_OK;
}

/* The custodian finds a content by its statement's case. */
static custody_err note_cases(struct fetching *f)
{
    for (size_t i = 0; f->cases && i < f->count; i++) {
        char key[2 * CTY_HASH_SIZE + 1];
        const struct cty_signed *parsed = &f->parsed.signed_statement;
        custody_err err = cty_entry_parse(f->texts[i], &f->parsed, NULL);
        if (err == CUSTODY_E_NO_MEMORY)
            return err;
        if (err != CUSTODY_OK)
            continue; /* the replay says so */
        bool request = parsed->statement.type == CTY_REQUEST;
        if (!request && !(cty_type_flags(parsed->statement.type) & CTY_TYPE_CASE))
            continue;
        cty_hex_write(parsed->digest.bytes, CTY_HASH_SIZE, key);
        CTY_TRY(cty_memory_put(f->cases, key,
                               cty_hash_bytes(request ? &parsed->digest : &parsed->statement.case_id)));
    }
    return CUSTODY_OK;
}

static custody_err get_content(void *context, const struct cty_hash *statement, struct cty_bytes member,
                               struct cty_bytes *ret_salt, struct cty_bytes *ret_content)
{
    struct fetching *f = context;
    char key[2 * CTY_HASH_SIZE + 1];
    struct cty_hash case_id;
    cty_hex_write(statement->bytes, CTY_HASH_SIZE, key);
    struct cty_bytes known = cty_memory_get(f->cases, key);
    if (known.size == CTY_HASH_SIZE)
        memcpy(case_id.bytes, known.data, CTY_HASH_SIZE);
    cty_buf_clear(&f->content);
    custody_err err = cty_client_blob(f->client, known.size ? &case_id : NULL, statement, member, f->salt, &f->content,
                                      &f->cli->error);
    *ret_salt = cty_bytes_make(f->salt, sizeof(f->salt));
    *ret_content = cty_buf_bytes(&f->content);
    return err == CUSTODY_E_FORBIDDEN ? CUSTODY_E_NOT_FOUND : err;
}

static custody_err fetch_all(struct fetching *f, struct cty_replay *replay, uint64_t size)
{
    struct cty_progress progress;
    custody_err err = CUSTODY_OK;
    cty_progress_begin(f->cli, size, &progress);
    for (uint64_t from = 0; err == CUSTODY_OK && from < size; from += f->count) {
        clear_texts(f);
        err = cty_client_entries(f->client, from, size - from < BATCH ? size : from + BATCH, each_entries, f,
                                 &f->cli->error);
        if (err == CUSTODY_OK && f->count == 0)
            err = cty_fail(&f->cli->error, CUSTODY_E_GAP, "entry %llu", (unsigned long long)from);
        if (err == CUSTODY_OK)
            err = note_cases(f);
        if (err == CUSTODY_OK)
            err = cty_replay_entries(replay, f->texts, f->count);
        cty_progress_at(&progress, cty_replay_size(replay));
    }
    cty_progress_end(&progress);
    /* What the custodian left out is its fault and the report's: the rest is judged. */
    return err == CUSTODY_E_GAP ? CUSTODY_OK : err;
}

static custody_err replay_door(struct fetching *f, const struct cty_trust *trust, unsigned threads,
                               struct cty_report *report)
{
    struct cty_content_source contents = {f, get_content};
    bool with_contents = cty_args_flag(&f->cli->args, "contents");
    struct cty_checkpoint checkpoint;
    struct cty_bytes note;
    struct cty_replay *replay = NULL;
    CTY_CLEANUP(cty_buf_done) struct cty_buf kept = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    CTY_TRY(cty_client_checkpoint(f->client, true, &checkpoint, &note, &f->cli->error));
    CTY_TRY(cty_buf_put_bytes(&kept, note));
    if (with_contents)
        CTY_TRY(cty_memory_new(&f->cases));
    CTY_TRY(cty_replay_new(trust, with_contents ? &contents : NULL, threads, report, &replay));
    custody_err err = fetch_all(f, replay, checkpoint.size);
    if (err == CUSTODY_OK)
        err = cty_replay_finish(replay, cty_buf_bytes(&kept));
    cty_replay_free(replay);
    return err;
}

static custody_err audit_door(struct cty_cli *cli, unsigned threads, struct cty_report *report)
{
    const struct cty_trust *trust = NULL;
    CTY_AUTO_FREE struct fetching *f = cty_alloc(1, sizeof(*f));
    if (!f)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    f->cli = cli;
    f->content = CTY_BUF_INIT(2 * CTY_BLOB_BYTES_MAX);
    custody_err err = cty_cli_trust(cli, &trust);
    if (err == CUSTODY_OK)
        err = cty_cli_setting(cli, "key", "CUSTODY_KEY") ? cty_cli_client(cli, CTY_AS_KEY, &f->client)
                                                         : cty_cli_client(cli, CTY_AS_NOBODY, &f->client);
    if (err == CUSTODY_OK)
        err = replay_door(f, trust, threads, report);
    clear_texts(f);
    cty_buf_done(&f->content);
    cty_memory_free(f->cases);
    cty_parsed_entry_done(&f->parsed);
    return err;
}

/* --- the command ----------------------------------------------------------------------------------------- */

static custody_err page(struct cty_cli *cli, const struct cty_report *report)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf json = CTY_BUF_INIT((size_t)1024 * 1024);
    struct cty_jw jw;
    cli->status = cty_report_exit(report);
    if (!cli->json)
        return cty_report_text(report, &cli->page);
    CTY_TRY(cty_report_json(report, &json));
    cty_page_begin(cli, &jw);
    cty_member_raw(&jw, "report", cty_buf_bytes(&json));
    return cty_page_end(cli, &jw);
}

static custody_err audit(struct cty_cli *cli)
{
    const char *path = cty_args_text(&cli->args, "db");
    uint64_t threads = 0;
    CTY_AUTO_FREE struct cty_report *report = cty_alloc(1, sizeof(*report));
    if (!report)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    if (path && cty_args_text(&cli->args, "url"))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--db or --url?");
    if (path && cty_args_flag(&cli->args, "contents"))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "with --db all contents are checked anyway");
    CTY_TRY(cty_args_number(&cli->args, "threads", 256, 0, &threads, &cli->error));
    CTY_TRY(path ? cty_audit_database(cli, path, (unsigned)threads, report)
                 : audit_door(cli, (unsigned)threads, report));
    return page(cli, report);
}

static const struct cty_opt options[] = {
    {"db", 0, CTY_OPT_TEXT, "FILE", "audit a database file instead of a custodian"},
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
             "file alone; says which claim fails at which entry. With --db it reads a database file, writes\n"
             "nothing beside it, and also compares every content and every derived row with the entries, and\n"
             "the ledger with the checkpoint that --state kept from before.\n",
    .example = "custody audit --key globex-auditor.key",
    .uses = CTY_USE_READ,
    .options = options,
};
