/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/newcomer.h"

#include "base/check.h"
#include "cli/cosign.h"
#include "cli/submitted.h"

#define DRAFT_GOOD_MS ((uint64_t)24 * 3600 * 1000)

void cty_newcomer_done(struct cty_newcomer *newcomer)
{
    cty_buf_done(&newcomer->key);
    cty_buf_done(&newcomer->sealing_key);
}

void cty_founders_done(struct cty_founders *founders)
{
    for (uint32_t i = 0; i < CTY_ADMINS_MAX; i++)
        cty_newcomer_done(&founders->newcomers[i]);
}

custody_err cty_newcomer_load(struct cty_cli *cli, const char *word, struct cty_newcomer *newcomer)
{
    struct cty_key key;
    newcomer->key.limit = newcomer->sealing_key.limit = CTY_VKEY_BYTES_MAX;
    if (cty_vkey_parse(cty_bytes_text(word), CTY_KEY_ED25519, &newcomer->name, &key) == CUSTODY_OK)
        return cty_buf_put_text(&newcomer->key, word);
    CTY_TRY(cty_cli_load_key(cli, word, &newcomer->secret));
    newcomer->name = cty_secret_name(newcomer->secret);
    CTY_TRY(cty_vkey_format(newcomer->name, CTY_KEY_ED25519, cty_secret_key(newcomer->secret), &newcomer->key));
    return cty_vkey_format(newcomer->name, CTY_KEY_X25519, cty_secret_sealing_key(newcomer->secret),
                           &newcomer->sealing_key);
}

void cty_newcomer_enrol(const struct cty_newcomer *newcomer, enum cty_actor_kind kind,
                        struct cty_enrolment *ret_enrolment)
{
    memset(ret_enrolment, 0, sizeof(*ret_enrolment));
    ret_enrolment->actor = newcomer->name;
    ret_enrolment->key = cty_buf_bytes(&newcomer->key);
    ret_enrolment->sealing_key = cty_buf_bytes(&newcomer->sealing_key);
    ret_enrolment->kind = (int)kind;
    ret_enrolment->person.present = kind == CTY_PERSON;
    if (kind == CTY_PERSON)
        cty_random(ret_enrolment->person.bits, sizeof(ret_enrolment->person.bits));
}

/* --- founding admins ------------------------------------------------------------------------------------- */

custody_err cty_founders_load(struct cty_cli *cli, const char *option, uint32_t max, struct cty_founders *founders)
{
    size_t count = cty_args_count(&cli->args, option);
    if (count == 0 || count > max)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--%s stands 1 to %u times, once for each admin", option, max);
    for (; founders->count < count; founders->count++)
        CTY_TRY(cty_newcomer_load(cli, cty_args_item(&cli->args, option, founders->count),
                                  &founders->newcomers[founders->count]));
    return CUSTODY_OK;
}

static custody_err set_roles(struct cty_cli *cli, struct cty_enrolment *admin)
{
    CTY_TRY(cty_names_option(cli, "role", CTY_TEXT_ROLE, CTY_ROLES_MAX, &admin->roles));
    if (admin->roles.count)
        return CUSTODY_OK;
    admin->roles.names[0] = CTY_LITERAL("admin");
    admin->roles.names[1] = CTY_LITERAL("approver");
    admin->roles.count = 2;
    return CUSTODY_OK;
}

custody_err cty_founders_enrol(struct cty_cli *cli, const struct cty_founders *founders, struct cty_draft *draft,
                               struct cty_enrolment *admins)
{
    static const char *const members[CTY_ADMINS_MAX] = {"admins/0/name", "admins/1/name", "admins/2/name",
                                                        "admins/3/name", "admins/4/name", "admins/5/name",
                                                        "admins/6/name"};
    if (cty_args_count(&cli->args, "name") > founders->count)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "more names than admins");
    for (uint32_t i = 0; i < founders->count; i++) {
        const char *name = cty_args_item(&cli->args, "name", i);
        cty_newcomer_enrol(&founders->newcomers[i], CTY_PERSON, &admins[i]);
        CTY_TRY(set_roles(cli, &admins[i]));
        admins[i].name.present = name != NULL;
        if (name)
            CTY_TRY(cty_draft_commit(draft, members[i], cty_bytes_text(name), &admins[i].name.hash));
    }
    return CUSTODY_OK;
}

/* --- signers --------------------------------------------------------------------------------------------- */

custody_err cty_add_signer(struct cty_cli *cli, struct cty_draft *draft, struct cty_bytes signer,
                           const struct cty_secret *secret)
{
    struct cty_statement *st = &draft->statement;
    if (st->signers_count == CTY_SIGNERS_MAX)
        return cty_fail(&cli->error, CUSTODY_E_LIMIT_REACHED, "more than %u signers", CTY_SIGNERS_MAX);
    if (!secret && !cty_args_text(&cli->args, "draft"))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "%.*s signs elsewhere: write a draft with --draft",
                        (int)signer.size, (const char *)signer.data);
    draft->secrets[st->signers_count] = secret;
    st->signers[st->signers_count++] = signer;
    return CUSTODY_OK;
}

custody_err cty_add_admins(struct cty_cli *cli, struct cty_draft *draft)
{
    const struct cty_secret *admins[CTY_SIGNERS_MAX];
    struct cty_names cosigners = {.count = 0};
    size_t count = 0;
    CTY_TRY(cty_cli_load_keys(cli, "admin", admins, CTY_SIGNERS_MAX, &count));
    CTY_TRY(cty_names_option(cli, "cosigner", CTY_TEXT_ACTOR, CTY_SIGNERS_MAX, &cosigners));
    if (count + cosigners.count == 0)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "no admin signs: --admin, or --cosigner with --draft");
    for (size_t i = 0; i < count; i++)
        CTY_TRY(cty_add_signer(cli, draft, cty_secret_name(admins[i]), admins[i]));
    for (uint32_t i = 0; i < cosigners.count; i++)
        CTY_TRY(cty_add_signer(cli, draft, cosigners.names[i], NULL));
    return CUSTODY_OK;
}

custody_err cty_names_option(struct cty_cli *cli, const char *option, enum cty_text grammar, uint32_t max,
                             struct cty_names *ret_names)
{
    size_t count = cty_args_count(&cli->args, option);
    CTY_CHECK(max <= CTY_ROLES_MAX);
    if (count > max)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--%s stands more than %u times", option, max);
    for (ret_names->count = 0; ret_names->count < count; ret_names->count++) {
        struct cty_bytes name = cty_bytes_text(cty_args_item(&cli->args, option, ret_names->count));
        if (cty_text_check(grammar, name) != CUSTODY_OK)
            return cty_fail(&cli->error, CUSTODY_E_USAGE, "--%s: '%.60s' is not such a name", option,
                            (const char *)name.data);
        ret_names->names[ret_names->count] = name;
    }
    return CUSTODY_OK;
}

/* --- the end of it --------------------------------------------------------------------------------------- */

custody_err cty_set_until(struct cty_cli *cli, struct cty_draft *draft)
{
    uint64_t good_ms = 0;
    uint64_t otherwise = cty_args_text(&cli->args, "draft") ? DRAFT_GOOD_MS : CTY_DRAFT_UNTIL_MS;
    CTY_TRY(cty_args_period(&cli->args, "good-for", otherwise, &good_ms, &cli->error));
    draft->statement.until = draft->statement.time + good_ms;
    return CUSTODY_OK;
}

static custody_err write_draft(struct cty_cli *cli, const struct cty_cosign *cosign, const char *path)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf file = CTY_BUF_INIT(CTY_DRAFT_FILE_BYTES_MAX);
    CTY_TRY(cty_cosign_format(cosign, &file));
    CTY_TRY(cty_cli_write_file(cli, path, cty_buf_bytes(&file)));
    return cty_put_draft(cli, cosign, path);
}

custody_err cty_finish_draft(struct cty_cli *cli, struct cty_client *client, struct cty_draft *draft)
{
    const char *path = cty_args_text(&cli->args, "draft");
    CTY_CLEANUP(cty_cosign_done) struct cty_cosign cosign = {.contents_count = 0};
    CTY_TRY(cty_set_until(cli, draft));
    CTY_TRY(cty_cosign_from_draft(&cosign, draft, &cli->error));
    return path ? write_draft(cli, &cosign, path) : cty_submit_cosigned(cli, client, &cosign);
}
