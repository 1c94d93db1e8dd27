/* SPDX-License-Identifier: Apache-2.0 */
/* custody trust new, custody trust pin, custody trust show */
#include "base/check.h"
#include "cli/door_pin.h"
#include "cli/opening.h"
#include "cli/put.h"
#include "cli/text.h"
#include "cli/trust_file.h"

/* --- showing --------------------------------------------------------------------------------------------- */

static custody_err put_key(struct cty_buf *out, const char *label, struct cty_bytes vkey)
{
    char fingerprint[CTY_FINGERPRINT_SIZE];
    cty_fingerprint(vkey, fingerprint);
    CTY_TRY(cty_put_line(out, label, vkey));
    return cty_put_linef(out, "", "fingerprint %s", fingerprint);
}

/* The certificate that is pinned for a door. Errors: CERTIFICATE. */
static custody_err read_door(const struct cty_trust_door *door, struct cty_certificate *ret_read)
{
    const struct cty_buf *pem = door->authority.size ? &door->authority : &door->certificate;
    return cty_certificate_read(cty_buf_bytes(pem), ret_read, NULL);
}

/* What is pinned for a door; a text that is no certificate says so. */
static custody_err put_door(struct cty_buf *out, const struct cty_trust_door *door)
{
    struct cty_certificate read;
    bool is_authority = door->authority.size > 0;
    CTY_TRY(cty_put_line(out, "door", door->url));
    if (read_door(door, &read) != CUSTODY_OK)
        return cty_put_linef(out, "", "pinned is no certificate: it will be refused");
    return cty_put_linef(out, "", "%s sha256 %s", is_authority ? "authority" : "certificate", read.fingerprint_text);
}

static custody_err put_trust(struct cty_buf *out, const struct cty_trust *trust)
{
    CTY_TRY(cty_put_line(out, "ledger", trust->origin));
    CTY_TRY(put_key(out, "log key", trust->log_vkey));
    for (uint32_t i = 0; i < trust->pins_count; i++)
        CTY_TRY(put_key(out, "admin", trust->pins[i].vkey));
    if (trust->pins_count == 0)
        CTY_TRY(cty_put_linef(out, "admins", "none pinned: who is enrolled stands on the log key's word"));
    const struct cty_witness_policy *policy = &trust->policy;
    for (uint32_t i = 0; i < policy->count; i++)
        CTY_TRY(cty_put_line(out, policy->nodes[i].is_group ? "group" : "witness", policy->nodes[i].name));
    if (cty_witness_policy_asks(policy))
        CTY_TRY(cty_put_line(out, "quorum", policy->nodes[policy->quorum].name));
    else
        CTY_TRY(cty_put_linef(out, "quorum", "none: no witness is asked for"));
    for (uint32_t i = 0; i < trust->doors_count; i++)
        CTY_TRY(put_door(out, &trust->doors[i]));
    return trust->name.size ? cty_put_line(out, "name", trust->name) : CUSTODY_OK;
}

static void member_key(struct cty_jw *jw, struct cty_bytes vkey)
{
    char fingerprint[CTY_FINGERPRINT_SIZE];
    cty_fingerprint(vkey, fingerprint);
    cty_jw_object(jw);
    cty_member_text(jw, "fingerprint", fingerprint);
    cty_member(jw, "key", vkey);
    cty_jw_object_end(jw);
}

static void member_door(struct cty_jw *jw, const struct cty_trust_door *door)
{
    struct cty_certificate read = {.hosts_count = 0};
    custody_err err = read_door(door, &read);
    cty_jw_object(jw);
    cty_member_bool(jw, "authority", door->authority.size > 0);
    cty_member_text(jw, "sha256", err == CUSTODY_OK ? read.fingerprint_text : "");
    cty_member(jw, "url", door->url);
    cty_jw_object_end(jw);
}

static custody_err page_trust(struct cty_cli *cli, const struct cty_trust *trust)
{
    struct cty_jw jw;
    if (!cli->json)
        return put_trust(&cli->page, trust);
    cty_page_begin(cli, &jw);
    cty_jw_name(&jw, "admins");
    cty_jw_array(&jw);
    for (uint32_t i = 0; i < trust->pins_count; i++)
        member_key(&jw, trust->pins[i].vkey);
    cty_jw_array_end(&jw);
    cty_jw_name(&jw, "doors");
    cty_jw_array(&jw);
    for (uint32_t i = 0; i < trust->doors_count; i++)
        member_door(&jw, &trust->doors[i]);
    cty_jw_array_end(&jw);
    cty_member(&jw, "ledger", trust->origin);
    cty_jw_name(&jw, "log_key");
    member_key(&jw, trust->log_vkey);
    cty_member(&jw, "name", trust->name);
    cty_jw_name(&jw, "quorum");
    const struct cty_witness_policy *policy = &trust->policy;
    cty_jw_string(&jw, cty_witness_policy_asks(policy) ? policy->nodes[policy->quorum].name : CTY_LITERAL("none"));
    cty_jw_name(&jw, "witnesses");
    cty_jw_array(&jw);
    for (uint32_t i = 0; i < policy->count; i++) {
        if (!policy->nodes[i].is_group)
            cty_jw_string(&jw, policy->nodes[i].name);
    }
    cty_jw_array_end(&jw);
    return cty_page_end(cli, &jw);
}

static custody_err trust_show(struct cty_cli *cli)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    CTY_TRY(cty_cli_read_file(cli, cli->args.operands[0], &text));
    CTY_TRY(cty_trust_parse(cty_buf_bytes(&text), &cli->trust, &cli->error));
    return page_trust(cli, &cli->trust);
}

const struct cty_command cty_command_trust_show = {
    .name = "trust show",
    .run = trust_show,
    .summary = "print whom a trust file pins, with fingerprints",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Prints the ledger, its log key, the pinned admins, the witnesses and the TLS doors. Compare the\n"
             "fingerprints with those of the people whose keys these are.\n",
    .example = "custody trust show trust.json",
};

/* --- making ---------------------------------------------------------------------------------------------- */

/* "log <vkey>", a line for each witness, "group witnesses N <names>" and the quorum. */
static custody_err put_policy(struct cty_cli *cli, struct cty_bytes log_key, struct cty_buf *out)
{
    size_t witnesses = cty_args_count(&cli->args, "witness");
    uint64_t needed = 0;
    CTY_TRY(cty_args_number(&cli->args, "quorum", witnesses, witnesses, &needed, &cli->error));
    CTY_TRY(cty_buf_putf(out, "log %.*s\n", (int)log_key.size, (const char *)log_key.data));
    for (size_t i = 0; i < witnesses; i++)
        CTY_TRY(cty_buf_putf(out, "witness w%zu %s\n", i + 1, cty_args_item(&cli->args, "witness", i)));
    if (witnesses == 0 || needed == 0)
        return cty_buf_put_text(out, "quorum none\n");
    CTY_TRY(cty_buf_putf(out, "group witnesses %llu", (unsigned long long)needed));
    for (size_t i = 0; i < witnesses; i++)
        CTY_TRY(cty_buf_putf(out, " w%zu", i + 1));
    return cty_buf_put_text(out, "\nquorum witnesses\n");
}

/* Writes the file anew, or in the place of the old one, and shows it. */
static custody_err write_file(struct cty_cli *cli, struct cty_trust_file *file, bool replaces)
{
    const char *path = cli->args.operands[0];
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    struct cty_trust before = cli->trust;
    CTY_TRY(cty_trust_file_put(file, &text));
    custody_err err = cty_trust_parse(cty_buf_bytes(&text), &cli->trust, &cli->error);
    cty_trust_done(&before);
    CTY_TRY(err);
    CTY_TRY(replaces ? cty_cli_replace_file(cli, path, cty_buf_bytes(&text))
                     : cty_cli_write_file(cli, path, cty_buf_bytes(&text)));
    return strcmp(path, "-") == 0 ? CUSTODY_OK : page_trust(cli, &cli->trust);
}

/* What the options add to a log key. */
static custody_err write_trust(struct cty_cli *cli, struct cty_trust_file *file, struct cty_bytes log_key,
                               const struct cty_door_pin *pin)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf policy = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    for (size_t i = 0; i < cty_args_count(&cli->args, "admin"); i++)
        CTY_TRY(cty_trust_file_add_admin(file, cty_bytes_text(cty_args_item(&cli->args, "admin", i)), &cli->error));
    if (pin->given)
        CTY_TRY(cty_trust_file_set_door(file, &pin->door, &cli->error));
    CTY_TRY(put_policy(cli, log_key, &policy));
    file->policy = cty_buf_bytes(&policy);
    file->name = cty_bytes_text(cty_args_text(&cli->args, "name"));
    return write_file(cli, file, false);
}

static custody_err from_opening(struct cty_cli *cli, const char *path, const struct cty_door_pin *pin)
{
    CTY_CLEANUP(cty_opening_done) struct cty_opening opening = {.open = NULL};
    struct cty_trust_file file = {.admins_count = 0};
    CTY_TRY(cty_opening_read(cli, path, &opening));
    for (uint32_t i = 0; i < opening.open->admins_count; i++)
        CTY_TRY(cty_trust_file_add_admin(&file, opening.open->admins[i].key, &cli->error));
    return write_trust(cli, &file, opening.open->log_key, pin);
}

/* The custodian's own word for its key: to be compared before it is believed. */
static custody_err from_custodian(struct cty_cli *cli, const struct cty_door_pin *pin)
{
    struct cty_client *client = NULL;
    struct cty_trust_file file = {.admins_count = 0};
    struct cty_rpc_params params = {.session = {.present = false}};
    CTY_AUTO_FREE struct cty_answer *answer = cty_alloc(1, sizeof(*answer));
    if (!answer)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    cty_cli_next(cli, CUSTODY_E_CERTIFICATE, "get the door's certificate from its operator, compare its fingerprint "
                                             "('custody cert --show FILE'), then name it here: --certificate FILE");
    if (pin->given)
        cli->door_pin = (struct cty_net_pin){pin->door.certificate, pin->door.authority};
    CTY_TRY(cty_cli_open(cli, NULL, NULL, &client));
    custody_err err = cty_client_call(client, CTY_RPC_INFO, &params, answer, &cli->error);
    if (err == CUSTODY_OK) {
        cty_cli_note(cli, "warning: this is what the custodian says of itself; compare the fingerprint with its "
                          "operator");
        err = write_trust(cli, &file, answer->result.info.log_key, pin);
    }
    cty_answer_done(answer);
    return err;
}

/* A trust file that is made without dialling the door doesn't say by what it is known. */
static void tell_unpinned(struct cty_cli *cli, const struct cty_door_pin *pin)
{
    const char *url = cty_args_text(&cli->args, "url");
    if (url && !pin->given && strncmp(url, "tls+", 4) == 0)
        cty_cli_note(cli, "warning: nothing is pinned for %s, which can't be dialled so: get its certificate from its operator, "
                          "then 'custody trust pin --url %s --certificate FILE %s'", url, url, cli->args.operands[0]);
}

static custody_err trust_new(struct cty_cli *cli)
{
    const char *opening = cty_args_text(&cli->args, "opening");
    const char *log_key = cty_args_text(&cli->args, "log-key");
    CTY_CLEANUP(cty_door_pin_done) struct cty_door_pin pin = {.given = false};
    struct cty_trust_file file = {.admins_count = 0};
    if (opening && log_key)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--opening or --log-key?");
    CTY_TRY(cty_door_pin_read(cli, &pin));
    if (opening || log_key)
        tell_unpinned(cli, &pin);
    if (opening)
        return from_opening(cli, opening, &pin);
    return log_key ? write_trust(cli, &file, cty_bytes_text(log_key), &pin) : from_custodian(cli, &pin);
}

static const struct cty_opt new_options[] = {
    {"opening", 0, CTY_OPT_TEXT, "FILE", "pin what 'custody init' wrote: log key and founding admins"},
    {"log-key", 0, CTY_OPT_TEXT, "LINE", "pin this public line of the log key"},
    {"admin", 'a', CTY_OPT_LIST, "LINE", "pin this public line as one of its party's first admins"},
    {"witness", 'w', CTY_OPT_LIST, "LINE", "ask for this witness (its cosignature line)"},
    {"quorum", 0, CTY_OPT_TEXT, "N", "how many witnesses must have cosigned (all)"},
    {"name", 'n', CTY_OPT_TEXT, "ACTOR", "your own name: every release is then asked to be for you"},
    CTY_DOOR_PIN_OPTIONS,
    {NULL},
};

const struct cty_command cty_command_trust_new = {
    .name = "trust new",
    .run = trust_new,
    .summary = "make a trust file: whom to believe",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Makes a trust file from a ledger's opening, from a public line, or (without either) from what\n"
             "the custodian at --url says of itself: then compare the fingerprint with its operator by\n"
             "another way before you rely on it. Parties whose admins are not pinned stand on the founding\n"
             "admins' word, and claims say so.\n",
    .example = "custody trust new --opening opening.json trust-new.json",
    .uses = CTY_USE_URL | CTY_USE_TIMEOUT,
    .options = new_options,
};

/* --- pinning a door -------------------------------------------------------------------------------------- */

static custody_err unpin(struct cty_cli *cli, struct cty_trust_file *file)
{
    const char *url = NULL;
    struct cty_net_url parsed;
    CTY_TRY(cty_cli_url(cli, "whose pin?", &url, &parsed));
    if (!cty_trust_file_remove_door(file, cty_bytes_text(parsed.text)))
        return cty_fail(&cli->error, CUSTODY_E_NOT_FOUND, "nothing is pinned for %s", parsed.text);
    return CUSTODY_OK;
}

static custody_err trust_pin(struct cty_cli *cli)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    CTY_CLEANUP(cty_door_pin_done) struct cty_door_pin pin = {.given = false};
    struct cty_trust_file file;
    bool removes = cty_args_flag(&cli->args, "remove");
    CTY_TRY(cty_door_pin_read(cli, &pin));
    if (removes == pin.given)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "one of --certificate, --authority and --remove");
    if (strcmp(cli->args.operands[0], "-") == 0)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "a trust file is changed where it lies");
    CTY_TRY(cty_cli_read_file(cli, cli->args.operands[0], &text));
    CTY_TRY(cty_trust_parse(cty_buf_bytes(&text), &cli->trust, &cli->error));
    cty_trust_file_from(&cli->trust, &file);
    CTY_TRY(removes ? unpin(cli, &file) : cty_trust_file_set_door(&file, &pin.door, &cli->error));
    return write_file(cli, &file, true);
}

static const struct cty_opt pin_options[] = {
    CTY_DOOR_PIN_OPTIONS,
    {"remove", 0, CTY_OPT_FLAG, NULL, "pin nothing for the door at --url any more"},
    {NULL},
};

const struct cty_command cty_command_trust_pin = {
    .name = "trust pin",
    .run = trust_pin,
    .summary = "pin a TLS door's certificate in a trust file",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Says by what the TLS door at --url is known: one certificate, byte for byte, or an authority whose\n"
             "certificates for that host are accepted. Get the file from the door's operator by a way that you\n"
             "trust, or compare the fingerprint: 'custody cert --show'. What was pinned for that door before is\n"
             "replaced.\n",
    .example = "custody trust pin --url tls+tcp://127.0.0.1:7440 --certificate door.pem trust.json",
    .uses = CTY_USE_URL,
    .options = pin_options,
};
