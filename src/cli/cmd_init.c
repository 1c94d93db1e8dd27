/* SPDX-License-Identifier: Apache-2.0 */
/* custody init: the statement that opens a ledger, signed by all who found it. */
#include "base/check.h"
#include "base/times.h"
#include "cli/cosign.h"
#include "cli/newcomer.h"
#include "cli/policy_file.h"
#include "cli/put.h"
#include "cli/submitted.h"

#define DRAFT_GOOD_MS ((uint64_t)24 * 3600 * 1000)
#define DEFAULT_POLICY "{\"admin_quorum\":2,\"rules\":[]}"

/* What founds a ledger. */
struct founding {
    struct cty_newcomer log, clerk;
    struct cty_founders admins;
    struct cty_policy_file policy;
    struct cty_draft draft;
};

static void founding_done(struct founding *f)
{
    cty_newcomer_done(&f->log);
    cty_newcomer_done(&f->clerk);
    cty_founders_done(&f->admins);
    cty_policy_file_done(&f->policy);
    cty_draft_done(&f->draft);
}

static custody_err load_custodian(struct cty_cli *cli, const char *option, struct cty_newcomer *key)
{
    const char *word = NULL;
    CTY_TRY(cty_cli_required(cli, option, &word));
    return cty_newcomer_load(cli, word, key);
}

static custody_err load(struct cty_cli *cli, struct founding *f)
{
    const char *policy = cty_args_text(&cli->args, "policy");
    CTY_TRY(load_custodian(cli, "log-key", &f->log));
    CTY_TRY(load_custodian(cli, "clerk-key", &f->clerk));
    CTY_TRY(cty_founders_load(cli, "admin", CTY_ADMINS_MAX - 1, &f->admins));
    return policy ? cty_policy_file_read(cli, policy, &f->policy)
                  : cty_policy_file_parse(cli, CTY_LITERAL(DEFAULT_POLICY), &f->policy);
}

/* One party, named by its admins' names. */
static custody_err find_party(struct cty_cli *cli, const struct cty_founders *admins, struct cty_bytes *ret_party)
{
    *ret_party = cty_actor_party(admins->newcomers[0].name);
    for (uint32_t i = 0; i < admins->count; i++) {
        struct cty_bytes name = admins->newcomers[i].name;
        if (cty_text_check(CTY_TEXT_ACTOR, name) != CUSTODY_OK || !cty_bytes_equal(cty_actor_party(name), *ret_party))
            return cty_fail(&cli->error, CUSTODY_E_USAGE, "the admins are people of one party: operator/ada");
    }
    return CUSTODY_OK;
}

static custody_err check_names(struct cty_cli *cli, const struct founding *f)
{
    struct cty_bytes origin = f->log.name;
    struct cty_bytes clerk = f->clerk.name;
    if (cty_text_check(CTY_TEXT_ORIGIN, origin) != CUSTODY_OK)
        return cty_fail(&cli->error, CUSTODY_E_USAGE,
                        "the log key's name is the ledger's: custody.example.com/refunds");
    if (clerk.size != origin.size + 6 || memcmp(clerk.data, origin.data, origin.size) != 0 ||
        memcmp(clerk.data + origin.size, "/clerk", 6) != 0)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "the clerk key's name is the ledger's with /clerk behind it");
    if (f->policy.policy.admin_quorum > f->admins.count)
        return cty_fail(&cli->error, CUSTODY_E_QUORUM_UNREACHABLE, "%u founding admins", f->admins.count);
    return CUSTODY_OK;
}

/* Published keys prove nothing, so a ledger of them must be wanted. */
static custody_err check_development(struct cty_cli *cli, const struct founding *f)
{
    bool found = false;
    const struct cty_newcomer *all[CTY_ADMINS_MAX + 2] = {&f->log, &f->clerk};
    for (uint32_t i = 0; i < f->admins.count; i++)
        all[i + 2] = &f->admins.newcomers[i];
    for (uint32_t i = 0; i < f->admins.count + 2; i++) {
        struct cty_bytes name;
        struct cty_key key;
        CTY_TRY(cty_vkey_parse(cty_buf_bytes(&all[i]->key), CTY_KEY_ED25519, &name, &key));
        found |= cty_key_is_development(&key);
    }
    if (!found || cty_args_flag(&cli->args, "development"))
        return CUSTODY_OK;
    return cty_fail_code(&cli->error, CUSTODY_E_DEVELOPMENT_KEY);
}

static custody_err begin(struct cty_cli *cli, struct founding *f)
{
    static const char *const readers[] = {"members", "public", NULL};
    struct cty_statement *st = &f->draft.statement;
    uint64_t good_ms = 0;
    st->type = CTY_LEDGER_OPEN;
    st->ledger = f->log.name;
    st->seen = (struct cty_seen){0, cty_tree_empty_root()};
    st->time = cty_time_wall_ms();
    cty_random_id(st->time, st->id);
    CTY_TRY(cty_args_period(&cli->args, "good-for", DRAFT_GOOD_MS, &good_ms, &cli->error));
    st->until = st->time + good_ms;
    CTY_TRY(cty_args_word(&cli->args, "readers", readers, CTY_READERS_MEMBERS, &st->u.ledger_open.readers,
                          &cli->error));
    CTY_TRY(cty_add_signer(cli, &f->draft, CTY_LITERAL("log"), f->log.secret));
    CTY_TRY(cty_add_signer(cli, &f->draft, CTY_LITERAL("clerk"), f->clerk.secret));
    for (uint32_t i = 0; i < f->admins.count; i++)
        CTY_TRY(cty_add_signer(cli, &f->draft, f->admins.newcomers[i].name, f->admins.newcomers[i].secret));
    return CUSTODY_OK;
}

static custody_err fill(struct cty_cli *cli, struct founding *f)
{
    struct cty_ledger_open *open = &f->draft.statement.u.ledger_open;
    open->log_key = cty_buf_bytes(&f->log.key);
    open->clerk_key = cty_buf_bytes(&f->clerk.key);
    open->policy = cty_buf_bytes(&f->policy.text);
    open->admins_count = f->admins.count;
    CTY_TRY(find_party(cli, &f->admins, &open->party));
    return cty_founders_enrol(cli, &f->admins, &f->draft, open->admins);
}

static custody_err page_opening(struct cty_cli *cli, const struct cty_cosign *cosign, const char *path)
{
    const struct cty_ledger_open *open = &cosign->statement.u.ledger_open;
    if (!cli->json) {
        CTY_TRY(cty_put_line(&cli->page, "ledger", cosign->statement.ledger));
        CTY_TRY(cty_put_line(&cli->page, "opening", cty_bytes_text(path)));
        for (uint32_t i = 0; i < open->admins_count; i++)
            CTY_TRY(cty_put_line(&cli->page, "admin", open->admins[i].actor));
        CTY_TRY(cty_put_linef(&cli->page, "next", "custodyd --init %s --ledger ledger.db --log-key KEY --clerk-key KEY", path));
        return cty_put_linef(&cli->page, "then", "custody trust new --opening %s trust.json; custodyd without --init", path);
    }
    struct cty_jw jw;
    cty_page_begin(cli, &jw);
    cty_jw_name(&jw, "admins");
    cty_jw_array(&jw);
    for (uint32_t i = 0; i < open->admins_count; i++)
        cty_jw_string(&jw, open->admins[i].actor);
    cty_jw_array_end(&jw);
    cty_member(&jw, "ledger", cosign->statement.ledger);
    cty_member_text(&jw, "opening", path);
    return cty_page_end(cli, &jw);
}

static custody_err write_opening(struct cty_cli *cli, const struct cty_cosign *cosign)
{
    const char *path = cli->args.operands[0];
    const char *draft = cty_args_text(&cli->args, "draft");
    CTY_CLEANUP(cty_buf_done) struct cty_buf file = CTY_BUF_INIT(CTY_DRAFT_FILE_BYTES_MAX);
    if (draft) {
        CTY_TRY(cty_cosign_format(cosign, &file));
        CTY_TRY(cty_cli_write_file(cli, draft, cty_buf_bytes(&file)));
        return cty_put_draft(cli, cosign, draft);
    }
    if (!path)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "where to? name the opening's FILE, or a --draft");
    CTY_TRY(cty_cosign_submission(cosign, &file, &cli->error));
    CTY_TRY(cty_cli_write_file(cli, path, cty_buf_bytes(&file)));
    return strcmp(path, "-") == 0 ? CUSTODY_OK : page_opening(cli, cosign, path);
}

static custody_err init(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct founding *f = cty_alloc(1, sizeof(*f));
    CTY_CLEANUP(cty_cosign_done) struct cty_cosign cosign = {.contents_count = 0};
    if (!f)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = load(cli, f);
    if (err == CUSTODY_OK)
        err = check_names(cli, f);
    if (err == CUSTODY_OK)
        err = check_development(cli, f);
    if (err == CUSTODY_OK)
        err = begin(cli, f);
    if (err == CUSTODY_OK)
        err = fill(cli, f);
    if (err == CUSTODY_OK)
        err = cty_cosign_from_draft(&cosign, &f->draft, &cli->error);
    if (err == CUSTODY_OK)
        err = write_opening(cli, &cosign);
    founding_done(f);
    return err;
}

static const struct cty_opt options[] = {
    {"log-key", 0, CTY_OPT_TEXT, "KEY", "the custodian's log key, named after the ledger"},
    {"clerk-key", 0, CTY_OPT_TEXT, "KEY", "the custodian's clerk key, named <ledger>/clerk"},
    {"admin", 'a', CTY_OPT_LIST, "KEY", "a founding admin's key file (or public line, with --draft)"},
    {"name", 'n', CTY_OPT_LIST, "TEXT", "an admin's name for people, in the order of --admin"},
    {"role", 'r', CTY_OPT_LIST, "ROLE", "what the admins may do (admin and approver)"},
    {"policy", 'p', CTY_OPT_TEXT, "FILE", "the ledger's policy (two admins sign, no rules)"},
    {"readers", 0, CTY_OPT_TEXT, "WHO", "who may read entries: members or public (members)"},
    {"draft", 'd', CTY_OPT_TEXT, "FILE", "write a draft for 'custody sign' instead"},
    {"good-for", 0, CTY_OPT_TEXT, "PERIOD", "how long the ledger may be made from it (1d)"},
    {NULL},
};

const struct cty_command cty_command_init = {
    .name = "init",
    .run = init,
    .summary = "found a ledger",
    .operands = "[FILE]",
    .operands_max = 1,
    .about = "Writes the opening of a new ledger to FILE, signed by its log key, its clerk key and every\n"
             "founding admin. 'custodyd --init FILE' makes the database from it, and 'custody trust new\n"
             "--opening FILE' the trust file. The admins are one party: the operator's.\n",
    .example = "custody init --development --log-key log.key --clerk-key clerk.key --admin operator-ada.key "
               "--admin operator-otto.key opening.json",
    .uses = CTY_USE_PASSPHRASE | CTY_USE_DEVELOPMENT,
    .options = options,
};
