/* SPDX-License-Identifier: Apache-2.0 */
/* What commands share of a run: settings, trust file, keys, client. */
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/cli.h"
#include "cli/common.h"
#include "cli/passphrase.h"

const char *cty_cli_setting(const struct cty_cli *cli, const char *option, const char *variable)
{
    const char *value = cty_args_text(&cli->args, option);
    if (!value)
        value = getenv(variable);
    return value && *value ? value : NULL;
}

custody_err cty_cli_required(struct cty_cli *cli, const char *option, const char **ret_value)
{
    *ret_value = cty_args_text(&cli->args, option);
    cli->helps = *ret_value == NULL;
    return *ret_value ? CUSTODY_OK : cty_fail(&cli->error, CUSTODY_E_USAGE, "--%s is missing", option);
}

void cty_cli_next(struct cty_cli *cli, custody_err code, const char *next)
{
    cli->next = next;
    cli->next_code = code;
}

void cty_cli_next_made(struct cty_cli *cli, custody_err code, struct cty_bytes next)
{
    cty_free_pointer(&cli->next_made);
    cli->next_made = cty_bytes_dup_text(next);
    cty_cli_next(cli, code, cli->next_made);
}

custody_err cty_cli_url(struct cty_cli *cli, const char *what, const char **ret_url, struct cty_net_url *ret_parsed)
{
    custody_error why = {.code = CUSTODY_OK};
    *ret_url = cty_cli_setting(cli, "url", "CUSTODY_URL");
    const char *named_by = cty_args_text(&cli->args, "url") ? "--url" : "CUSTODY_URL";
    if (*ret_url && cty_net_url_parse(*ret_url, false, ret_parsed, &why) == CUSTODY_OK)
        return CUSTODY_OK;
    cty_cli_next(cli, CUSTODY_E_USAGE,
                 "a door on this machine is ipc:///PATH or tcp://127.0.0.1:PORT, one anywhere tls+tcp://HOST:PORT");
    if (!*ret_url)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "%s name its door: --url or CUSTODY_URL", what);
    return cty_fail(&cli->error, CUSTODY_E_USAGE, "%s: %s", named_by, why.detail);
}

custody_err cty_cli_timeout(struct cty_cli *cli, uint64_t otherwise, uint64_t *ret_ms)
{
    return cty_args_period(&cli->args, "timeout", otherwise, ret_ms, &cli->error);
}

/* A file that a setting names and that is not there is a mistake in the setting. */
custody_err cty_cli_missing(struct cty_cli *cli, const char *what, const char *made_by, custody_err err)
{
    custody_error error = cli->error;
    if (err != CUSTODY_E_NOT_FOUND)
        return err;
    return cty_fail(&cli->error, CUSTODY_E_USAGE, "%s is not there: %s; '%s' makes one", what, error.detail, made_by);
}

/* --- trust file ------------------------------------------------------------------------------------------ */

custody_err cty_cli_trust(struct cty_cli *cli, const struct cty_trust **ret_trust)
{
    const char *path = cty_cli_setting(cli, "trust", "CUSTODY_TRUST");
    *ret_trust = &cli->trust;
    if (cli->trusted)
        return CUSTODY_OK;
    if (!path)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "whom to trust? name a trust file: --trust or CUSTODY_TRUST");
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    CTY_TRY(cty_cli_missing(cli, "the trust file", "custody trust new", cty_cli_read_file(cli, path, &text)));
    CTY_TRY(cty_trust_parse(cty_buf_bytes(&text), &cli->trust, &cli->error));
    cli->trusted = true;
    return CUSTODY_OK;
}

/* --- keys ------------------------------------------------------------------------------------------------ */

static custody_err load(struct cty_cli *cli, const char *path, struct cty_secret **ret_secret)
{
    bool needs = false;
    CTY_TRY(cty_secret_needs_passphrase(path, &needs, &cli->error));
    if (!needs)
        return cty_secret_load(path, cty_bytes_make(NULL, 0), ret_secret, &cli->error);
    CTY_CLEANUP(cty_passphrase_done) struct cty_passphrase passphrase = CTY_PASSPHRASE_INIT;
    char prompt[160];
    snprintf(prompt, sizeof(prompt), "Passphrase of %.120s: ", path);
    CTY_TRY(cty_passphrase_read(cli, prompt, &passphrase));
    return cty_secret_load(path, cty_passphrase_bytes(&passphrase), ret_secret, &cli->error);
}

custody_err cty_cli_load_key(struct cty_cli *cli, const char *path, const struct cty_secret **ret_secret)
{
    struct cty_secret *secret = NULL;
    for (size_t i = 0; i < cli->keys_count; i++) {
        *ret_secret = cli->keys[i];
        if (strcmp(cli->key_paths[i], path) == 0)
            return CUSTODY_OK;
    }
    if (cli->keys_count == CTY_CLI_KEYS_MAX)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "more than %d keys", CTY_CLI_KEYS_MAX);
    CTY_TRY(load(cli, path, &secret));
    cli->key_paths[cli->keys_count] = path;
    cli->keys[cli->keys_count++] = secret;
    *ret_secret = secret;
    return CUSTODY_OK;
}

custody_err cty_cli_key(struct cty_cli *cli, const struct cty_secret **ret_secret)
{
    const char *path = cty_cli_setting(cli, "key", "CUSTODY_KEY");
    if (!cli->key && !path)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "who are you? name a key file: --key or CUSTODY_KEY");
    if (!cli->key)
        CTY_TRY(cty_cli_missing(cli, "the key file", "custody key new", cty_cli_load_key(cli, path, &cli->key)));
    *ret_secret = cli->key;
    return CUSTODY_OK;
}

custody_err cty_cli_load_keys(struct cty_cli *cli, const char *option, const struct cty_secret **secrets, size_t max,
                              size_t *ret_count)
{
    size_t count = cty_args_count(&cli->args, option);
    if (count > max)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--%s stands more than %zu times", option, max);
    for (size_t i = 0; i < count; i++)
        CTY_TRY(cty_cli_load_key(cli, cty_args_item(&cli->args, option, i), &secrets[i]));
    *ret_count = count;
    return CUSTODY_OK;
}

/* --- client ---------------------------------------------------------------------------------------------- */

/*
 * Where the newest verified checkpoint is kept: --state, or beside the trust file, where that folder is ours to write.
 * "-" keeps it in memory.
 */
custody_err cty_cli_find_state(struct cty_cli *cli)
{
    const char *named = cty_cli_setting(cli, "state", "CUSTODY_STATE");
    const char *trust = cty_cli_setting(cli, "trust", "CUSTODY_TRUST");
    if (cli->state_path || (named && strcmp(named, "-") == 0))
        return CUSTODY_OK;
    if (!named && (!trust || strcmp(trust, "-") == 0))
        return CUSTODY_OK;
    size_t size = strlen(named ? named : trust) + sizeof(".state");
    char *path = cty_alloc(1, size);
    if (!path)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    snprintf(path, size, "%s%s", named ? named : trust, named ? "" : ".state");
    cli->state_path = path;
    if (named)
        return CUSTODY_OK;
    char *slash = strrchr(path, '/');
    char cut = 0;
    if (slash) {
        cut = slash[1];
        slash[1] = 0;
    }
    bool ours = access(slash ? path : ".", W_OK | X_OK) == 0;
    if (slash)
        slash[1] = cut;
    if (!ours)
        cty_free_pointer(&cli->state_path);
    return CUSTODY_OK;
}

/* Nobody sits before a silent terminal for half a minute. */
static void tell_trying(void *context, const custody_error *why, uint64_t left_ms)
{
    struct cty_cli *cli = context;
    CTY_CLEANUP(cty_buf_done) struct cty_buf words = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    if (!cli->on_screen && cty_error_words(why->code, why->detail, &words) == CUSTODY_OK)
        cty_cli_note(cli, "custody: %s; trying for another %llu s, Ctrl-C ends it", cty_buf_text(&words),
                     (unsigned long long)(left_ms + 999) / 1000);
}

custody_err cty_cli_open(struct cty_cli *cli, const struct cty_trust *trust, const struct cty_secret *secret,
                         struct cty_client **ret_client)
{
    const char *url = NULL;
    struct cty_net_url parsed;
    uint64_t patience = 0;
    CTY_TRY(cty_cli_url(cli, "where is the custodian?", &url, &parsed));
    CTY_TRY(cty_cli_timeout(cli, CTY_CLIENT_PATIENCE_MS_DEFAULT, &patience));
    if (trust)
        CTY_TRY(cty_cli_find_state(cli));
    struct cty_client_config config = {
        .url = url, .trust = trust, .secret = secret, .state_path = cli->state_path, .patience_ms = patience,
        .reads_only = cli->reads_only, .trying = tell_trying, .trying_context = cli};
    if (cli->door_pin.certificate.size || cli->door_pin.authority.size)
        config.pin = &cli->door_pin;
    CTY_TRY(cty_client_open(&config, &cli->client, &cli->error));
    cty_cli_set_running(cli->client);
    *ret_client = cli->client;
    return CUSTODY_OK;
}

custody_err cty_cli_client_of(struct cty_cli *cli, const struct cty_secret *secret, struct cty_client **ret_client)
{
    const struct cty_trust *trust = NULL;
    CTY_CHECK(!cli->client);
    CTY_TRY(cty_cli_trust(cli, &trust));
    return cty_cli_open(cli, trust, secret, ret_client);
}

custody_err cty_cli_reader(struct cty_cli *cli, const struct cty_secret **ret_secret)
{
    const char *path = NULL;
    *ret_secret = NULL;
    if (cty_args_knows(&cli->args, "admin"))
        path = cty_args_item(&cli->args, "admin", 0);
    else if (cty_args_knows(&cli->args, "key"))
        path = cty_args_text(&cli->args, "key");
    if (!path)
        return CUSTODY_OK;
    cli->reads_only = true;
    return cty_cli_load_key(cli, path, ret_secret);
}

custody_err cty_cli_client(struct cty_cli *cli, enum cty_cli_as as, struct cty_client **ret_client)
{
    const struct cty_trust *trust = NULL;
    const struct cty_secret *secret = NULL;
    CTY_TRY(cty_cli_trust(cli, &trust));
    CTY_TRY(as == CTY_AS_KEY ? cty_cli_key(cli, &secret) : cty_cli_reader(cli, &secret));
    return cty_cli_client_of(cli, secret, ret_client);
}
