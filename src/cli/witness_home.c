/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/witness_home.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "witness/source.h"

#define PATH_ROOM 4096u

void cty_witness_home_done(struct cty_witness_home *home)
{
    cty_buf_done(&home->folder);
    cty_buf_done(&home->key);
    cty_buf_done(&home->state);
}

static custody_err put_path(const char *folder, const char *name, struct cty_buf *out)
{
    *out = CTY_BUF_INIT(PATH_ROOM);
    CTY_TRY(cty_buf_putf(out, "%s%s%s", folder, name[0] ? "/" : "", name));
    return cty_buf_text(out) ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

custody_err cty_witness_home_find(struct cty_cli *cli, struct cty_witness_home *home)
{
    const char *folder = cty_cli_setting(cli, "dir", "CUSTODY_WITNESS");
    if (!folder)
        folder = "custody-witness";
    CTY_TRY(put_path(folder, "", &home->folder));
    CTY_TRY(put_path(folder, "witness.key", &home->key));
    return put_path(folder, "witness.db", &home->state);
}

static const char *text_of(const struct cty_buf *path)
{
    return (const char *)path->data;
}

/* --- the key ----------------------------------------------------------------------------------------------- */

static custody_err make_folder(struct cty_cli *cli, const char *path)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return CUSTODY_OK;
    return cty_fail(&cli->error, CUSTODY_E_IO, "making %s: %s", path, strerrordesc_np(errno));
}

/* "machine.example.com/witness" */
static custody_err name_of_machine(struct cty_cli *cli, struct cty_buf *out)
{
    char host[256] = "";
    if (gethostname(host, sizeof(host) - 1) != 0 || !cty_name_is_lawful(cty_bytes_text(host)))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "give the witness a name: --name witness.example.com/w1");
    return cty_buf_putf(out, "%s/witness", host);
}

/* The state first: a key without one would be taken for a witness that lost its memory. */
static custody_err make(struct cty_cli *cli, const struct cty_witness_home *home, const char *name,
                        struct cty_secret **ret_secret)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf chosen = CTY_BUF_INIT(CTY_KEY_NAME_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf vkey = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = NULL;
    CTY_TRY(name ? cty_buf_put_text(&chosen, name) : name_of_machine(cli, &chosen));
    if (!cty_name_is_lawful(cty_buf_bytes(&chosen)))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--name is no name of a key: witness.example.com/w1");
    CTY_TRY(make_folder(cli, text_of(&home->folder)));
    CTY_TRY(cty_secret_new(cty_buf_bytes(&chosen), &secret));
    CTY_TRY(cty_vkey_format(cty_secret_name(secret), CTY_KEY_COSIGNATURE, cty_secret_key(secret), &vkey));
    CTY_TRY(cty_witness_store_make(text_of(&home->state), cty_buf_bytes(&vkey), &cli->error));
    CTY_TRY(cty_secret_save(secret, text_of(&home->key), cty_bytes_make(NULL, 0), &cli->error));
    *ret_secret = secret;
    secret = NULL;
    return CUSTODY_OK;
}

custody_err cty_witness_home_key(struct cty_cli *cli, const struct cty_witness_home *home, const char *name,
                                 struct cty_secret **ret_secret)
{
    bool has_key = access(text_of(&home->key), F_OK) == 0, has_state = access(text_of(&home->state), F_OK) == 0;
    if (!has_key && !has_state)
        return make(cli, home, name, ret_secret);
    if (!has_state)
        return cty_fail(&cli->error, CUSTODY_E_CONFIG,
                        "the key is there and %s isn't: who forgot what it cosigned must not cosign; begin anew in another --dir",
                        text_of(&home->state));
    if (!has_key)
        return cty_fail(&cli->error, CUSTODY_E_CONFIG, "the state is there and %s isn't: put the key back, or begin anew in another --dir",
                        text_of(&home->key));
    CTY_TRY(cty_secret_load(text_of(&home->key), cty_bytes_make(NULL, 0), ret_secret, &cli->error));
    if (!name || cty_bytes_is(cty_secret_name(*ret_secret), name))
        return CUSTODY_OK;
    cty_secret_free_pointer(ret_secret);
    return cty_fail(&cli->error, CUSTODY_E_CONFIG, "the witness's key has another name than --name");
}

custody_err cty_witness_home_open(struct cty_cli *cli, struct cty_witness_store **ret_store)
{
    CTY_CLEANUP(cty_witness_home_done) struct cty_witness_home home = {.folder = CTY_BUF_INIT(0)};
    CTY_TRY(cty_witness_home_find(cli, &home));
    cty_cli_next(cli, CUSTODY_E_NOT_FOUND, "name the folder with --dir, or make a witness with 'custody witness run'");
    return cty_witness_store_open(text_of(&home.state), false, ret_store, &cli->error);
}

/* --- a log ------------------------------------------------------------------------------------------------- */

void cty_witness_newcomer_done(struct cty_witness_newcomer *one)
{
    cty_buf_done(&one->certificate);
}

custody_err cty_witness_newcomer_read(struct cty_cli *cli, const char *vkey, struct cty_witness_newcomer *ret_one)
{
    const char *origin = cty_args_text(&cli->args, "origin"), *path = cty_args_text(&cli->args, "certificate");
    struct cty_key key;
    *ret_one = (struct cty_witness_newcomer){.vkey = cty_bytes_text(vkey), .follow = cty_args_text(&cli->args, "follow"),
                                             .certificate = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX)};
    custody_err err = cty_vkey_parse(ret_one->vkey, CTY_KEY_ED25519, &ret_one->origin, &key);
    if (err != CUSTODY_OK)
        return cty_fail(&cli->error, err, "it is no key line of a log");
    if (origin)
        ret_one->origin = cty_bytes_text(origin);
    if (ret_one->follow)
        CTY_TRY(cty_witness_source_check(ret_one->follow, &cli->error));
    if (path && (!ret_one->follow || strncmp(ret_one->follow, "tls+tcp://", 10) != 0))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--certificate is for --follow tls+tcp://; https:// asks the system's authorities");
    return path ? cty_cli_read_file(cli, path, &ret_one->certificate) : CUSTODY_OK;
}

/* Said again it changes nothing, so that one command line may begin a witness and go on with it. */
static custody_err check_known(struct cty_cli *cli, struct cty_witness_store *store, const struct cty_witness_newcomer *one)
{
    CTY_CLEANUP(cty_witness_log_done) struct cty_witness_log log = {.removed = false};
    struct cty_bytes name;
    struct cty_key key;
    CTY_TRY(cty_witness_log_get(store, one->origin, &log, &cli->error));
    CTY_TRY(cty_vkey_parse(one->vkey, CTY_KEY_ED25519, &name, &key));
    for (uint32_t i = 0; i < log.keys.count; i++) {
        if (cty_key_equal(&log.keys.keys[i], &key) && cty_bytes_equal(name, cty_buf_bytes(&log.key_name)))
            return CUSTODY_OK;
    }
    return cty_fail(&cli->error, CUSTODY_E_EXISTS, "the log is witnessed with another key; 'custody witness key' adds one");
}

custody_err cty_witness_newcomer_add(struct cty_cli *cli, struct cty_witness_store *store,
                                     const struct cty_witness_newcomer *one, bool *ret_new)
{
    custody_err err = cty_witness_log_add(store, one->origin, one->vkey, &cli->error);
    *ret_new = err == CUSTODY_OK;
    if (err == CUSTODY_E_EXISTS)
        err = check_known(cli, store, one);
    if (err == CUSTODY_OK && one->follow)
        err = cty_witness_log_follow(store, one->origin, cty_bytes_text(one->follow), cty_buf_bytes(&one->certificate),
                                     &cli->error);
    return err;
}
