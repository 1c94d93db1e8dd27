/* SPDX-License-Identifier: Apache-2.0 */
/* custody cert */
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/door_pin.h"
#include "cli/put.h"

#define DAY_MS ((uint64_t)24 * 3600 * 1000)
#define DAYS_DEFAULT 730u
#define DAYS_MAX 3650u
/* Clocks of clients may be behind. */
#define EARLIER_MS ((uint64_t)3600 * 1000)

static custody_err page_certificate(struct cty_cli *cli, const struct cty_certificate *certificate)
{
    struct cty_jw jw;
    if (!cli->json)
        return cty_put_certificate(&cli->page, certificate);
    cty_page_begin(cli, &jw);
    cty_jw_name(&jw, "certificate");
    cty_member_certificate(&jw, certificate);
    return cty_page_end(cli, &jw);
}

static custody_err show(struct cty_cli *cli, const char *path)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf pem = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    struct cty_certificate certificate;
    CTY_TRY(cty_cli_read_file(cli, path, &pem));
    CTY_TRY(cty_certificate_read(cty_buf_bytes(&pem), &certificate, &cli->error));
    return page_certificate(cli, &certificate);
}

/* Wiped, since it held the key. */
static void pem_wipe(struct cty_buf *pem)
{
    if (pem->data)
        cty_wipe(pem->data, pem->capacity);
    cty_buf_done(pem);
}

/* Both or neither: a key without its certificate would stand in the way of the next try. */
static custody_err write_both(struct cty_cli *cli, const char *certificate_path, struct cty_bytes certificate,
                              const char *key_path, struct cty_bytes key)
{
    CTY_TRY(cty_cli_write_file(cli, key_path, key));
    custody_err err = cty_cli_write_public(cli, certificate_path, certificate); /* for whoever dials the door */
    if (err != CUSTODY_OK)
        (void)unlink(key_path);
    if (err != CUSTODY_OK && err != CUSTODY_E_EXISTS)
        (void)unlink(certificate_path);
    return err;
}

static custody_err order_of(struct cty_cli *cli, const char *hosts[], struct cty_certificate_order *ret_order)
{
    uint64_t days = 0;
    uint64_t now = (uint64_t)time(NULL) * 1000;
    size_t count = cty_args_count(&cli->args, "host");
    CTY_TRY(cty_args_number(&cli->args, "days", DAYS_MAX, DAYS_DEFAULT, &days, &cli->error));
    if (days == 0)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--days is 0");
    for (size_t i = 0; i < count && i < CTY_CERTIFICATE_HOSTS_MAX; i++)
        hosts[i] = cty_args_item(&cli->args, "host", i);
    *ret_order = (struct cty_certificate_order){hosts, count, now - EARLIER_MS, now + days * DAY_MS};
    return CUSTODY_OK;
}

static custody_err make(struct cty_cli *cli)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf certificate = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    CTY_CLEANUP(pem_wipe) struct cty_buf key = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    const char *hosts[CTY_CERTIFICATE_HOSTS_MAX];
    const char *certificate_path = NULL, *key_path = NULL;
    struct cty_certificate_order order;
    struct cty_certificate read;
    CTY_TRY(cty_cli_required(cli, "host", &certificate_path));
    CTY_TRY(cty_cli_required(cli, "out-cert", &certificate_path));
    CTY_TRY(cty_cli_required(cli, "out-key", &key_path));
    if (strcmp(key_path, "-") == 0 || strcmp(certificate_path, "-") == 0)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--out-cert and --out-key are files");
    CTY_TRY(order_of(cli, hosts, &order));
    CTY_TRY(cty_buf_reserve(&key, CTY_CERTIFICATE_BYTES_MAX));
    CTY_TRY(cty_certificate_make(&order, &certificate, &key, &cli->error));
    CTY_TRY(cty_certificate_read(cty_buf_bytes(&certificate), &read, &cli->error));
    CTY_TRY(write_both(cli, certificate_path, cty_buf_bytes(&certificate), key_path, cty_buf_bytes(&key)));
    return page_certificate(cli, &read);
}

static custody_err cert(struct cty_cli *cli)
{
    const char *path = cty_args_text(&cli->args, "show");
    bool makes = cty_args_count(&cli->args, "host") || cty_args_text(&cli->args, "out-cert") ||
                 cty_args_text(&cli->args, "out-key") || cty_args_text(&cli->args, "days");
    if (path && makes)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--show makes nothing");
    return path ? show(cli, path) : make(cli);
}

static const struct cty_opt cert_options[] = {
    {"host", 0, CTY_OPT_LIST, "HOST", "a name or an address under which the door is dialled; up to 16"},
    {"out-cert", 0, CTY_OPT_TEXT, "FILE", "where the certificate goes: for everybody who dials"},
    {"out-key", 0, CTY_OPT_TEXT, "FILE", "where its key goes: for the custodian alone"},
    {"days", 0, CTY_OPT_TEXT, "N", "how long it is good (730)"},
    {"show", 0, CTY_OPT_TEXT, "FILE", "print what a certificate says, and its fingerprint"},
    {NULL},
};

const struct cty_command cty_command_cert = {
    .name = "cert",
    .run = cert,
    .summary = "make a certificate for a TLS door, or print one",
    .operands = "",
    .about = "Makes a key (ECDSA, P-256) and a certificate that it signed itself, for custodyd's tls_key and\n"
             "tls_certificate. Neither file is overwritten, and nobody else can read the key. Who dials pins the\n"
             "certificate: 'custody trust pin'. Past its last day it is refused; make another in time and have\n"
             "it pinned.\n",
    .example = "custody cert --host localhost --host 127.0.0.1 --out-cert door.pem --out-key door.key",
    .options = cert_options,
};
