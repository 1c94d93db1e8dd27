/* SPDX-License-Identifier: Apache-2.0 */
/* custody key new, custody key show */
#include "base/check.h"
#include "cli/passphrase.h"
#include "cli/put.h"
#include "cli/text.h"

/* What a key file says of itself in the clear; borrows from its text. */
struct public_part {
    struct cty_bytes name;
    struct cty_bytes key;
    struct cty_bytes sealing_key;
    bool encrypted;
};

static custody_err put_json(struct cty_cli *cli, const struct public_part *part, const char *path)
{
    struct cty_jw jw;
    char fingerprint[CTY_FINGERPRINT_SIZE];
    cty_fingerprint(part->key, fingerprint);
    cty_page_begin(cli, &jw);
    cty_member_text(&jw, "file", path);
    cty_member_text(&jw, "fingerprint", fingerprint);
    cty_member(&jw, "key", part->key);
    cty_member(&jw, "name", part->name);
    cty_member_bool(&jw, "passphrase", part->encrypted);
    cty_member(&jw, "sealing_key", part->sealing_key);
    return cty_page_end(cli, &jw);
}

static custody_err put_text(struct cty_cli *cli, const struct public_part *part)
{
    char fingerprint[CTY_FINGERPRINT_SIZE];
    cty_fingerprint(part->key, fingerprint);
    CTY_TRY(cty_put_line(&cli->page, "name", part->name));
    CTY_TRY(cty_put_line(&cli->page, "key", part->key));
    CTY_TRY(cty_put_line(&cli->page, "sealing key", part->sealing_key));
    CTY_TRY(cty_put_linef(&cli->page, "fingerprint", "%s", fingerprint));
    return cty_put_linef(&cli->page, "passphrase", "%s", part->encrypted ? "yes" : "none");
}

static custody_err put_part(struct cty_cli *cli, const struct public_part *part, const char *path)
{
    struct cty_key key;
    struct cty_bytes name;
    if (cty_vkey_parse(part->key, CTY_KEY_ED25519, &name, &key) == CUSTODY_OK && cty_key_is_development(&key))
        cty_cli_note(cli, "warning: this is a published development key; it proves nothing");
    return cli->json ? put_json(cli, part, path) : put_text(cli, part);
}

/* --- key new --------------------------------------------------------------------------------------------- */

static const struct cty_opt new_options[] = {
    {"name", 'n', CTY_OPT_TEXT, "NAME", "whose key: acme/alice; for a custodian's keys ORIGIN and ORIGIN/clerk"},
    {"no-passphrase", 0, CTY_OPT_FLAG, NULL, "keep the secret in the clear, as agents and daemons need it"},
    {NULL},
};

static custody_err choose(struct cty_cli *cli, struct cty_passphrase *ret_passphrase)
{
    bool none = cty_args_flag(&cli->args, "no-passphrase");
    if (none && cty_args_text(&cli->args, "passphrase-fd"))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "a passphrase or none?");
    return none ? CUSTODY_OK : cty_passphrase_choose(cli, ret_passphrase);
}

static custody_err put_new(struct cty_cli *cli, const struct cty_secret *secret, bool encrypted, const char *path)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf key = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf sealing = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    struct public_part part = {.name = cty_secret_name(secret), .encrypted = encrypted};
    CTY_TRY(cty_vkey_format(part.name, CTY_KEY_ED25519, cty_secret_key(secret), &key));
    CTY_TRY(cty_vkey_format(part.name, CTY_KEY_X25519, cty_secret_sealing_key(secret), &sealing));
    part.key = cty_buf_bytes(&key);
    part.sealing_key = cty_buf_bytes(&sealing);
    return put_part(cli, &part, path);
}

static custody_err key_new(struct cty_cli *cli)
{
    const char *name = NULL;
    const char *path = cli->args.operands[0];
    CTY_TRY(cty_cli_required(cli, "name", &name));
    if (cty_text_check(CTY_TEXT_ACTOR, cty_bytes_text(name)) != CUSTODY_OK &&
        cty_text_check(CTY_TEXT_ORIGIN, cty_bytes_text(name)) != CUSTODY_OK)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "'%s' names neither an actor (PARTY/NAME: acme/alice) nor a ledger (HOST/NAME: example.org/refunds) nor its "
                        "clerk (HOST/NAME/clerk)", name);
    CTY_CLEANUP(cty_passphrase_done) struct cty_passphrase passphrase = CTY_PASSPHRASE_INIT;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = NULL;
    CTY_TRY(choose(cli, &passphrase));
    CTY_TRY(cty_secret_new(cty_bytes_text(name), &secret));
    struct cty_bytes bytes = cty_passphrase_bytes(&passphrase);
    CTY_TRY(cty_secret_save(secret, path, bytes, &cli->error));
    return put_new(cli, secret, bytes.size != 0, path);
}

const struct cty_command cty_command_key_new = {
    .name = "key new",
    .run = key_new,
    .summary = "make a key pair",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Makes an Ed25519 key for signing and an X25519 key for sealed contents, and keeps both secrets\n"
             "in FILE, which only you can read. What others need is the public line that is printed. A\n"
             "person's key should have a passphrase: it is asked for, or read from --passphrase-fd.\n",
    .example = "custody key new --name acme/dora --no-passphrase acme-dora.key",
    .uses = CTY_USE_PASSPHRASE,
    .options = new_options,
};

/* --- key show -------------------------------------------------------------------------------------------- */

/* The rest of the line that begins with `label`; false where the text has another one there. */
static bool take_line(struct cty_bytes *text, const char *label, struct cty_bytes *ret_rest)
{
    size_t skip = strlen(label);
    const uint8_t *end = text->size ? memchr(text->data, '\n', text->size) : NULL;
    if (!end || text->size < skip || memcmp(text->data, label, skip) != 0)
        return false;
    *ret_rest = cty_bytes_make(text->data + skip, (size_t)(end - text->data) - skip);
    *text = cty_bytes_make(end + 1, text->size - (size_t)(end + 1 - text->data));
    return true;
}

static custody_err read_part(struct cty_bytes text, struct public_part *ret_part, custody_error *error)
{
    struct cty_bytes line, name;
    struct cty_key key;
    if (!take_line(&text, "custody-secret-key v1", &line) || !take_line(&text, "name: ", &ret_part->name) ||
        !take_line(&text, "key: ", &ret_part->key) || !take_line(&text, "sealing-key: ", &ret_part->sealing_key) ||
        !take_line(&text, "passphrase: ", &line))
        return cty_fail(error, CUSTODY_E_BAD_KEY_FILE, "it is not of the form that spec/keys.md gives");
    ret_part->encrypted = !cty_bytes_is(line, "none");
    CTY_TRY(cty_vkey_parse(ret_part->key, CTY_KEY_ED25519, &name, &key));
    if (!cty_bytes_equal(name, ret_part->name))
        return cty_fail(error, CUSTODY_E_BAD_KEY_FILE, "its names differ");
    CTY_TRY(cty_vkey_parse(ret_part->sealing_key, CTY_KEY_X25519, &name, &key));
    return cty_bytes_equal(name, ret_part->name) ? CUSTODY_OK
                                                 : cty_fail(error, CUSTODY_E_BAD_KEY_FILE, "its names differ");
}

/* Wiped, since the file may hold the secret in the clear. */
static void text_wipe(struct cty_buf *text)
{
    if (text->data)
        cty_wipe(text->data, text->capacity);
    cty_buf_done(text);
}

static custody_err key_show(struct cty_cli *cli)
{
    CTY_CLEANUP(text_wipe) struct cty_buf text = CTY_BUF_INIT(CTY_KEY_FILE_BYTES_MAX);
    struct public_part part = {.encrypted = false};
    CTY_TRY(cty_buf_reserve(&text, CTY_KEY_FILE_BYTES_MAX));
    CTY_TRY(cty_cli_read_file(cli, cli->args.operands[0], &text));
    CTY_TRY(read_part(cty_buf_bytes(&text), &part, &cli->error));
    return put_part(cli, &part, cli->args.operands[0]);
}

const struct cty_command cty_command_key_show = {
    .name = "key show",
    .run = key_show,
    .summary = "print the public half of a key file",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Prints the name, the public lines and a fingerprint to compare by voice. No passphrase is needed;\n"
             "whether the secret fits them shows when the key is used.\n",
    .example = "custody key show acme-alice.key",
};
