/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/doors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "crypto/keyfile.h"
#include "net/tls.h"
#include "net/url.h"

/* --- reading ----------------------------------------------------------------------------------------------- */

static bool lists_tls(char *const urls[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(urls[i], "tls+", 4) == 0)
            return true;
    }
    return false;
}

static custody_err check_members(const struct cty_config *config, bool *ret_given, custody_error *error)
{
    bool needed = lists_tls(config->listen, config->listen_count) || lists_tls(config->publish, config->publish_count);
    *ret_given = config->tls_certificate && config->tls_key;
    if (!*ret_given && (config->tls_certificate || config->tls_key))
        return cty_fail(error, CUSTODY_E_CONFIG, "%s is missing", config->tls_key ? "tls_certificate" : "tls_key");
    if (!*ret_given && needed)
        return cty_fail(error, CUSTODY_E_CONFIG,
                        "a TLS door needs tls_certificate and tls_key; 'custody cert' makes both");
    return CUSTODY_OK;
}

/* As with our own key files: whoever may read it can stand in the door's place. */
static custody_err check_closed(const char *path, custody_error *error)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return cty_fail(error, errno == ENOENT ? CUSTODY_E_NOT_FOUND : CUSTODY_E_IO, "%s: %s", path, strerror(errno));
    return cty_key_file_check(path, &info, error);
}

/* A certificate of no use is the operator's to mend, like anything else in the configuration. */
static custody_err try_pair(struct cty_doors *doors, const char *path, custody_error *error)
{
    struct cty_tls_setup *setup = NULL;
    custody_error inner = {0};
    custody_err err = cty_certificate_read(cty_buf_bytes(&doors->pem), &doors->certificate, &inner);
    if (err == CUSTODY_OK)
        err = cty_tls_setup_door(cty_buf_bytes(&doors->pem), cty_buf_bytes(&doors->key), &setup, &inner);
    cty_tls_setup_free(setup);
    if (err == CUSTODY_E_CERTIFICATE)
        err = CUSTODY_E_CONFIG;
    return err == CUSTODY_OK ? CUSTODY_OK : cty_fail(error, err, "%s: %s", path, inner.detail);
}

static custody_err read_pair(const struct cty_config *config, struct cty_doors *doors, custody_error *error)
{
    doors->pem = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    doors->key = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    /* At once, so that no half of a key is left behind where the buffer grows. */
    CTY_TRY(cty_buf_reserve(&doors->key, CTY_CERTIFICATE_BYTES_MAX));
    CTY_TRY(cty_file_read(config->tls_certificate, &doors->pem, error));
    CTY_TRY(check_closed(config->tls_key, error));
    CTY_TRY(cty_file_read(config->tls_key, &doors->key, error));
    CTY_TRY(try_pair(doors, config->tls_certificate, error));
    doors->has_certificate = true;
    return CUSTODY_OK;
}

static custody_err read_names(const struct cty_config *config, struct cty_doors *doors, custody_error *error)
{
    for (size_t i = 0; i < config->tls_names_count; i++) {
        struct cty_net_url url;
        custody_error inner = {0};
        if (cty_net_url_parse(config->tls_names[i], false, &url, &inner) != CUSTODY_OK)
            return cty_fail(error, CUSTODY_E_CONFIG, "tls_names: %s", inner.detail);
        if (!url.tls)
            return cty_fail(error, CUSTODY_E_CONFIG, "tls_names: %s is no TLS door", url.text);
        memcpy(doors->names[doors->names_count++], url.text, sizeof(url.text));
    }
    return CUSTODY_OK;
}

custody_err cty_doors_read(const struct cty_config *config, struct cty_doors *ret_doors, custody_error *error)
{
    bool given = false;
    CTY_TRY(check_members(config, &given, error));
    CTY_TRY(read_names(config, ret_doors, error));
    return given ? read_pair(config, ret_doors, error) : CUSTODY_OK;
}

bool cty_doors_is_out_of_date(const struct cty_doors *doors, uint64_t now_ms, char ret_words[static 64])
{
    char when[CTY_CERTIFICATE_TIME_SIZE];
    bool ended = now_ms > doors->certificate.not_after_ms;
    if (!doors->has_certificate || (!ended && now_ms >= doors->certificate.not_before_ms))
        return false;
    cty_certificate_time_format(ended ? doors->certificate.not_after_ms : doors->certificate.not_before_ms, when);
    snprintf(ret_words, 64, ended ? "the certificate ended at %s" : "the certificate begins at %s", when);
    return true;
}

void cty_doors_forget_key(struct cty_doors *doors)
{
    if (doors->key.data)
        explicit_bzero(doors->key.data, doors->key.capacity);
    cty_buf_done(&doors->key);
}

void cty_doors_done(struct cty_doors *doors)
{
    cty_doors_forget_key(doors);
    cty_buf_done(&doors->pem);
}

/* --- whose door it is -------------------------------------------------------------------------------------- */

/* The certificate says for which hosts this custodian answers; on which ports, its doors. */
static bool is_named(const struct cty_doors *doors, const struct cty_net_server *server, const struct cty_net_url *url)
{
    const char *ours;
    if (!cty_certificate_is_for(&doors->certificate, url->host))
        return false;
    for (size_t i = 0; (ours = cty_net_server_url(server, i)) != NULL; i++) {
        struct cty_net_url door;
        if (cty_net_url_parse(ours, true, &door, NULL) == CUSTODY_OK && door.tls && door.port == url->port)
            return true;
    }
    return false;
}

static bool is_ours(const struct cty_doors *doors, const struct cty_net_server *server, const struct cty_net_url *url)
{
    const char *ours;
    for (size_t i = 0; (ours = cty_net_server_url(server, i)) != NULL; i++) {
        if (strcmp(ours, url->text) == 0)
            return true;
    }
    for (size_t i = 0; i < doors->names_count; i++) {
        if (strcmp(doors->names[i], url->text) == 0)
            return true;
    }
    return url->tls && doors->has_certificate && is_named(doors, server, url);
}

static bool parse(struct cty_bytes dialled, struct cty_net_url *ret_url)
{
    char text[CTY_URL_BYTES_MAX + 1];
    if (dialled.size > CTY_URL_BYTES_MAX)
        return false;
    memcpy(text, dialled.data, dialled.size);
    text[dialled.size] = 0;
    return cty_net_url_parse(text, false, ret_url, NULL) == CUSTODY_OK;
}

custody_err cty_doors_check(const struct cty_doors *doors, const struct cty_net_server *server,
                            struct cty_bytes dialled, const uint8_t *fingerprint, custody_error *error)
{
    struct cty_net_url url;
    if (!parse(dialled, &url) || !is_ours(doors, server, &url))
        return cty_fail(error, CUSTODY_E_BAD_SESSION,
                        "the door is not ours: neither listened at, nor a host of the certificate, nor in tls_names");
    if (!url.tls)
        return fingerprint ? cty_fail(error, CUSTODY_E_BAD_SESSION, "a certificate of a door that has none")
                           : CUSTODY_OK;
    if (!fingerprint || memcmp(fingerprint, doors->certificate.fingerprint, CTY_FINGERPRINT_BYTES) != 0)
        return cty_fail(error, CUSTODY_E_BAD_SESSION, "the door showed another certificate than ours");
    return CUSTODY_OK;
}
