/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/door_pin.h"

#include "cli/put.h"

/* The TLS door at --url. */
static custody_err read_url(struct cty_cli *cli, struct cty_net_url *ret_url)
{
    const char *url = NULL;
    CTY_TRY(cty_cli_url(cli, "whose certificate?", &url, ret_url));
    if (!ret_url->tls)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "%s is no TLS door and has no certificate", ret_url->text);
    return CUSTODY_OK;
}

/* Of a chain the door's own alone is pinned: it stands first. */
static struct cty_bytes first_of(struct cty_bytes pem)
{
    static const char end[] = "-----END CERTIFICATE-----";
    const uint8_t *at = memmem(pem.data, pem.size, end, sizeof(end) - 1);
    return cty_bytes_make(pem.data, at ? (size_t)(at - pem.data) + sizeof(end) - 1 : pem.size);
}

custody_err cty_door_pin_read(struct cty_cli *cli, struct cty_door_pin *ret_pin)
{
    const char *certificate = cty_args_text(&cli->args, "certificate");
    const char *authority = cty_args_text(&cli->args, "authority");
    struct cty_certificate read;
    ret_pin->given = certificate || authority;
    ret_pin->pem = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    if (!ret_pin->given)
        return CUSTODY_OK;
    if (certificate && authority)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--certificate or --authority?");
    CTY_TRY(read_url(cli, &ret_pin->url));
    CTY_TRY(cty_cli_read_file(cli, certificate ? certificate : authority, &ret_pin->pem));
    CTY_TRY(cty_certificate_read(cty_buf_bytes(&ret_pin->pem), &read, &cli->error));
    ret_pin->door.url = cty_bytes_text(ret_pin->url.text);
    if (certificate)
        ret_pin->door.certificate = first_of(cty_buf_bytes(&ret_pin->pem));
    else
        ret_pin->door.authority = cty_buf_bytes(&ret_pin->pem);
    return CUSTODY_OK;
}

void cty_door_pin_done(struct cty_door_pin *pin)
{
    cty_buf_done(&pin->pem);
}

custody_err cty_put_certificate(struct cty_buf *out, const struct cty_certificate *certificate)
{
    CTY_TRY(cty_put_linef(out, "sha256", "%s", certificate->fingerprint_text));
    for (size_t i = 0; i < certificate->hosts_count; i++)
        CTY_TRY(cty_put_line(out, "for", cty_bytes_text(certificate->hosts[i])));
    CTY_TRY(cty_put_line_time(out, "from", certificate->not_before_ms));
    CTY_TRY(cty_put_line_time(out, "until", certificate->not_after_ms));
    return cty_put_linef(out, "signed by", "%s", certificate->self_signed ? "itself" : "an authority");
}

void cty_member_certificate(struct cty_jw *jw, const struct cty_certificate *certificate)
{
    cty_jw_object(jw);
    cty_jw_name(jw, "hosts");
    cty_jw_array(jw);
    for (size_t i = 0; i < certificate->hosts_count; i++)
        cty_jw_text(jw, certificate->hosts[i]);
    cty_jw_array_end(jw);
    cty_member_u64(jw, "not_after", certificate->not_after_ms);
    cty_member_u64(jw, "not_before", certificate->not_before_ms);
    cty_member_bool(jw, "self_signed", certificate->self_signed);
    cty_member_text(jw, "sha256", certificate->fingerprint_text);
    cty_jw_object_end(jw);
}
