/* SPDX-License-Identifier: Apache-2.0 */
/* custody enrol: an actor of a party, or a party with its first admins. */
#include "base/check.h"
#include "cli/newcomer.h"
#include "cli/text.h"
#include "codec/text.h"

/* --- a party --------------------------------------------------------------------------------------------- */

static custody_err fill_party(struct cty_cli *cli, const char *party, const struct cty_founders *founders,
                              struct cty_draft *draft)
{
    struct cty_party_enrol *enrol = &draft->statement.u.party_enrol;
    CTY_TRY(cty_add_admins(cli, draft));
    for (uint32_t i = 0; i < founders->count; i++) {
        const struct cty_newcomer *one = &founders->newcomers[i];
        if (!cty_bytes_is(cty_actor_party(one->name), party))
            return cty_fail(&cli->error, CUSTODY_E_USAGE, "%.*s is nobody of %s", (int)one->name.size,
                            (const char *)one->name.data, party);
        CTY_TRY(cty_add_signer(cli, draft, one->name, one->secret));
    }
    enrol->party = cty_bytes_text(party);
    enrol->admins_count = founders->count;
    return cty_founders_enrol(cli, founders, draft, enrol->admins);
}

static custody_err enrol_party(struct cty_cli *cli, const char *party, struct cty_founders *founders,
                               struct cty_draft *draft)
{
    struct cty_client *client = NULL;
    if (cty_text_check(CTY_TEXT_PARTY, cty_bytes_text(party)) != CUSTODY_OK)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--party is not the name of a party");
    CTY_TRY(cty_founders_load(cli, "new", CTY_ADMINS_MAX, founders));
    CTY_TRY(cty_cli_client(cli, CTY_AS_NOBODY, &client));
    CTY_TRY(cty_client_begin(client, CTY_PARTY_ENROL, draft, &cli->error));
    CTY_TRY(fill_party(cli, party, founders, draft));
    return cty_finish_draft(cli, client, draft);
}

/* --- an actor -------------------------------------------------------------------------------------------- */

static custody_err set_person(struct cty_cli *cli, struct cty_enrolment *enrolment)
{
    const char *person = cty_args_text(&cli->args, "person");
    if (!person)
        return CUSTODY_OK;
    if (enrolment->kind != CTY_PERSON)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--person is for persons");
    if (cty_hex_parse_into(cty_bytes_text(person), enrolment->person.bits, 16) != CUSTODY_OK)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--person is 32 hex digits, as 'custody actors' shows them");
    return CUSTODY_OK;
}

static custody_err set_owner(struct cty_cli *cli, struct cty_enrolment *enrolment)
{
    const char *owner = cty_args_text(&cli->args, "owner");
    if ((enrolment->kind == CTY_PERSON) != (owner == NULL))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "an agent or service has an --owner, a person has none");
    enrolment->owner = cty_bytes_text(owner);
    if (owner && cty_text_check(CTY_TEXT_ACTOR, enrolment->owner) != CUSTODY_OK)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--owner is not the name of an actor");
    return CUSTODY_OK;
}

static custody_err set_validity(struct cty_cli *cli, struct cty_enrolment *enrolment)
{
    const char *from = cty_args_text(&cli->args, "valid-from");
    const char *until = cty_args_text(&cli->args, "valid-until");
    if (from)
        CTY_TRY(cty_time_parse(from, &enrolment->valid_from, &cli->error));
    return until ? cty_time_parse(until, &enrolment->valid_until, &cli->error) : CUSTODY_OK;
}

static custody_err set_name(struct cty_cli *cli, struct cty_enrolment *enrolment, struct cty_draft *draft)
{
    const char *name = cty_args_text(&cli->args, "name");
    if (!name)
        return CUSTODY_OK;
    if (enrolment->kind != CTY_PERSON)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--name is for persons; an agent's name is its key's");
    enrolment->name.present = true;
    return cty_draft_commit(draft, "enrolment/name", cty_bytes_text(name), &enrolment->name.hash);
}

static custody_err set_custody(struct cty_cli *cli, struct cty_enrolment *enrolment)
{
    return cty_args_word(&cli->args, "key-custody", cty_key_custody_names, CTY_KEY_SELF, &enrolment->key_custody,
                         &cli->error);
}

static custody_err fill_actor(struct cty_cli *cli, const struct cty_newcomer *newcomer, struct cty_draft *draft)
{
    struct cty_enrolment *enrolment = &draft->statement.u.actor_enrol.enrolment;
    int kind = cty_args_text(&cli->args, "owner") ? CTY_AGENT : CTY_PERSON;
    CTY_TRY(cty_args_word(&cli->args, "kind", cty_actor_kind_names, kind, &kind, &cli->error));
    if (cty_text_check(CTY_TEXT_ACTOR, newcomer->name) != CUSTODY_OK)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "the key's name is not that of an actor: acme/alice");
    cty_newcomer_enrol(newcomer, (enum cty_actor_kind)kind, enrolment);
    CTY_TRY(set_person(cli, enrolment));
    CTY_TRY(set_owner(cli, enrolment));
    CTY_TRY(set_validity(cli, enrolment));
    CTY_TRY(set_custody(cli, enrolment));
    CTY_TRY(cty_names_option(cli, "role", CTY_TEXT_ROLE, CTY_ROLES_MAX, &enrolment->roles));
    CTY_TRY(cty_add_signer(cli, draft, newcomer->name, newcomer->secret));
    CTY_TRY(set_name(cli, enrolment, draft));
    return cty_add_admins(cli, draft);
}

static custody_err enrol_actor(struct cty_cli *cli, struct cty_newcomer *newcomer, struct cty_draft *draft)
{
    struct cty_client *client = NULL;
    if (cty_args_count(&cli->args, "new") != 1)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--new stands once, for the new actor's key; or use --party");
    CTY_TRY(cty_newcomer_load(cli, cty_args_text(&cli->args, "new"), newcomer));
    CTY_TRY(cty_cli_client(cli, CTY_AS_NOBODY, &client));
    CTY_TRY(cty_client_begin(client, CTY_ACTOR_ENROL, draft, &cli->error));
    CTY_TRY(fill_actor(cli, newcomer, draft));
    return cty_finish_draft(cli, client, draft);
}

static custody_err enrol(struct cty_cli *cli)
{
    const char *party = cty_args_text(&cli->args, "party");
    CTY_AUTO_FREE struct cty_draft *draft = cty_alloc(1, sizeof(*draft));
    CTY_CLEANUP(cty_founders_done) struct cty_founders founders = {.count = 0};
    if (!draft)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err =
        party ? enrol_party(cli, party, &founders, draft) : enrol_actor(cli, &founders.newcomers[0], draft);
    cty_draft_done(draft);
    return err;
}

static const struct cty_opt options[] = {
    {"new", 0, CTY_OPT_LIST, "KEY", "the new actor's key file (or public line, with --draft)"},
    {"kind", 0, CTY_OPT_TEXT, "KIND", "agent, person or service (with --owner agent, else person)"},
    {"owner", 0, CTY_OPT_TEXT, "ACTOR", "the person who answers for an agent or service"},
    {"role", 'r', CTY_OPT_LIST, "ROLE", "what it may do: admin, auditor, or a role that policies name"},
    {"name", 'n', CTY_OPT_LIST, "TEXT", "a person's name, for people; only its commitment enters the ledger"},
    {"person", 0, CTY_OPT_TEXT, "HEX", "the same person as another actor (a new random id)"},
    {"valid-from", 0, CTY_OPT_TEXT, "TIME", "no statement counts before (at once)"},
    {"valid-until", 0, CTY_OPT_TEXT, "TIME", "none counts after (without end)"},
    {"key-custody", 0, CTY_OPT_TEXT, "WHERE", "self, hardware, or operator, who then can't approve (self)"},
    {"party", 0, CTY_OPT_TEXT, "PARTY", "enrol a new party instead; --new then once for each of its admins"},
    CTY_COSIGN_OPTIONS,
    {NULL},
};

const struct cty_command cty_command_enrol = {
    .name = "enrol",
    .run = enrol,
    .summary = "enrol an actor, or a party with its first admins",
    .operands = "",
    .about = "The new actor signs with its own key, and as many of its party's admins as its policy says (two,\n"
             "unless it says otherwise). A new party is vouched for by admins of the ledger. Where not all\n"
             "keys are on this machine, --draft writes a file that goes from one to the next through\n"
             "'custody sign' and in the end to 'custody submit'.\n",
    .example = "custody enrol --new acme-dora.key --role approver --admin acme-alice.key --admin acme-bob.key",
    .uses = CTY_USE_URL | CTY_USE_TRUST | CTY_USE_PASSPHRASE | CTY_USE_STATE | CTY_USE_TIMEOUT,
    .options = options,
};
