/* SPDX-License-Identifier: Apache-2.0 */
/* custody info */
#include "base/check.h"
#include "cli/put.h"

/* What the trust file has to say about what the custodian said. */
enum standing { STANDING_UNKNOWN, STANDING_VERIFIED };

struct told {
    const struct cty_answer *answer;
    enum standing standing;
    struct cty_bytes note; /* the newest verified checkpoint, where there is one */
    struct cty_checkpoint checkpoint;
};

static custody_err put_text(struct cty_cli *cli, const struct told *told)
{
    const union cty_rpc_result *r = &told->answer->result;
    struct cty_buf *out = &cli->page;
    bool verified = told->standing == STANDING_VERIFIED;
    CTY_TRY(cty_put_line(out, "ledger", r->info.ledger));
    CTY_TRY(cty_put_linef(out, "size", "%llu %s", (unsigned long long)r->info.size,
                          cty_plural(r->info.size, "entry", "entries")));
    CTY_TRY(cty_put_linef(out, "state", "%s", cty_service_state_names[r->info.state]));
    if (r->info.reason.size)
        CTY_TRY(cty_put_line(out, "reason", r->info.reason));
    CTY_TRY(cty_put_linef(out, "readers", "%s", cty_readers_names[r->info.readers]));
    CTY_TRY(cty_put_line(out, "log key", r->info.log_key));
    CTY_TRY(cty_put_line(out, "clerk key", r->info.clerk_key));
    for (uint32_t i = 0; i < r->info.doors_count; i++)
        CTY_TRY(cty_put_line(out, "door", r->info.doors[i]));
    CTY_TRY(cty_put_line_time(out, "its clock", r->info.time));
    CTY_TRY(cty_put_line(out, "version", r->info.version));
    if (r->info.development)
        CTY_TRY(cty_put_linef(out, "development", "yes: published keys are accepted, nothing here proves anything"));
    if (verified)
        return cty_put_linef(out, "checkpoint", "verified: %llu %s, signed by the pinned log key",
                             (unsigned long long)told->checkpoint.size,
                             cty_plural(told->checkpoint.size, "entry", "entries"));
    return cty_put_linef(out, "checkpoint", "not verified: no trust file was named");
}

static custody_err put_json(struct cty_cli *cli, const struct told *told)
{
    const union cty_rpc_result *r = &told->answer->result;
    struct cty_jw jw;
    cty_page_begin(cli, &jw);
    cty_member(&jw, "checkpoint", told->note.size ? told->note : r->info.checkpoint);
    cty_member(&jw, "clerk_key", r->info.clerk_key);
    cty_member_bool(&jw, "development", r->info.development);
    cty_jw_name(&jw, "doors");
    cty_jw_array(&jw);
    for (uint32_t i = 0; i < r->info.doors_count; i++)
        cty_jw_string(&jw, r->info.doors[i]);
    cty_jw_array_end(&jw);
    cty_member(&jw, "ledger", r->info.ledger);
    cty_member(&jw, "log_key", r->info.log_key);
    cty_member_text(&jw, "readers", cty_readers_names[r->info.readers]);
    cty_member(&jw, "reason", r->info.reason);
    cty_member_u64(&jw, "size", r->info.size);
    cty_member_text(&jw, "state", cty_service_state_names[r->info.state]);
    cty_member_u64(&jw, "time", r->info.time);
    cty_member_bool(&jw, "verified", told->standing == STANDING_VERIFIED);
    cty_member(&jw, "version", r->info.version);
    return cty_page_end(cli, &jw);
}

static custody_err ask(struct cty_cli *cli, struct cty_answer *answer)
{
    struct cty_client *client = NULL;
    const struct cty_trust *trust = NULL;
    const struct cty_secret *reader = NULL;
    struct cty_rpc_params params = {.session = {.present = false}};
    struct told told = {.answer = answer, .standing = STANDING_UNKNOWN};
    if (cty_cli_setting(cli, "trust", "CUSTODY_TRUST"))
        CTY_TRY(cty_cli_trust(cli, &trust));
    if (!trust)
        cty_cli_next(cli, CUSTODY_E_CERTIFICATE, "name a trust file that pins it: --trust or CUSTODY_TRUST; "
                                                 "'custody trust new --help' tells how to make one");
    CTY_TRY(cty_cli_reader(cli, &reader));
    CTY_TRY(cty_cli_open(cli, trust, reader, &client));
    CTY_TRY(cty_client_call(client, CTY_RPC_INFO, &params, answer, &cli->error));
    if (trust) {
        CTY_TRY(cty_client_checkpoint(client, true, &told.checkpoint, &told.note, &cli->error));
        told.standing = STANDING_VERIFIED;
    }
    return cli->json ? put_json(cli, &told) : put_text(cli, &told);
}

static custody_err info(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct cty_answer *answer = cty_alloc(1, sizeof(*answer));
    if (!answer)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = ask(cli, answer);
    cty_answer_done(answer);
    return err;
}

static const struct cty_opt options[] = {
    CTY_READER_OPTION,
    {NULL},
};

const struct cty_command cty_command_info = {
    .name = "info",
    .run = info,
    .summary = "what the custodian says of itself",
    .operands = "",
    .about = "Prints the ledger's name, size, keys and doors as the custodian tells them. With a trust file\n"
             "its newest checkpoint is verified; all the rest is its word.\n",
    .example = "custody info",
    .uses = CTY_USE_URL | CTY_USE_TRUST | CTY_USE_PASSPHRASE | CTY_USE_STATE | CTY_USE_TIMEOUT,
    .options = options,
};
