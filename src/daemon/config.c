/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "daemon/tiles.h"
#include "model/shape_rows.h"
#include "net/http.h"
#include "proto/rpc.h"

void cty_config_done(struct cty_config *config)
{
    free(config->ledger);
    free(config->log_key);
    free(config->clerk_key);
    free(config->next_log_key);
    free(config->next_clerk_key);
    free(config->origin);
    free(config->tls_certificate);
    free(config->tls_key);
    free(config->http);
    free(config->metrics);
    free(config->witnesses);
    for (size_t i = 0; i < CTY_URLS_PER_DOOR_MAX; i++) {
        free(config->listen[i]);
        free(config->publish[i]);
        free(config->tls_names[i]);
        free(config->http_names[i]);
    }
    memset(config, 0, sizeof(*config));
}

custody_err cty_config_set(char **field, const char *value)
{
    char *copy = strdup(value);
    if (!copy)
        return CUSTODY_E_NO_MEMORY;
    free(*field);
    *field = copy;
    return CUSTODY_OK;
}

custody_err cty_config_add(char *list[CTY_URLS_PER_DOOR_MAX], size_t *count, const char *value, custody_error *error)
{
    if (*count == CTY_URLS_PER_DOOR_MAX)
        return cty_fail(error, CUSTODY_E_CONFIG, "more than %u addresses", CTY_URLS_PER_DOOR_MAX);
    CTY_TRY(cty_config_set(&list[*count], value));
    (*count)++;
    return CUSTODY_OK;
}

/* In the order of enum cty_sandbox_mode. */
static const char *const sandbox_modes[] = {"on", "off", "require", NULL};

custody_err cty_config_set_sandbox(struct cty_config *config, const char *value, custody_error *error)
{
    for (size_t i = 0; sandbox_modes[i]; i++) {
        if (strcmp(value, sandbox_modes[i]) != 0)
            continue;
        config->sandbox = (enum cty_sandbox_mode)i;
        return CUSTODY_OK;
    }
    return cty_fail(error, CUSTODY_E_CONFIG, "sandbox: %.64s is none of on, off, require", value);
}

/* --- the file ---------------------------------------------------------------------------------------------- */

struct config_text {
    uint64_t calls;
    struct cty_bytes clerk_key;
    uint64_t connections;
    bool development;
    bool group_access;
    struct cty_bytes http;
    struct cty_bytes http_names[CTY_URLS_PER_DOOR_MAX];
    uint32_t http_names_count;
    struct cty_bytes ledger;
    struct cty_bytes listen[CTY_URLS_PER_DOOR_MAX];
    uint32_t listen_count;
    struct cty_bytes log_key;
    struct cty_bytes metrics;
    struct cty_bytes next_clerk_key;
    struct cty_bytes next_log_key;
    struct cty_bytes origin;
    struct cty_bytes publish[CTY_URLS_PER_DOOR_MAX];
    uint32_t publish_count;
    uint64_t queue;
    int sandbox;
    struct cty_bytes tls_certificate;
    struct cty_bytes tls_key;
    struct cty_bytes tls_names[CTY_URLS_PER_DOOR_MAX];
    uint32_t tls_names_count;
    uint64_t waits;
    struct cty_bytes witnesses;
    uint64_t workers;
};

#define CT struct config_text
#define MAY_U64(member, label, most)                                                                   \
    {.name = label, .kind = CTY_FIELD_U64, .flags = CTY_OPTIONAL | CTY_ZERO, .offset = offsetof(CT, member), \
     .max = (most)}
#define MAY_BOOL(member, label)                                                                        \
    {.name = label, .kind = CTY_FIELD_BOOL, .flags = CTY_OPTIONAL | CTY_ZERO, .offset = offsetof(CT, member)}
#define MAY_URLS(member, label)                                                                        \
    {.name = label, .kind = CTY_FIELD_TEXT, .flags = CTY_LIST | CTY_OPTIONAL, .offset = offsetof(CT, member), \
     .count_offset = offsetof(CT, member##_count), .stride = sizeof(struct cty_bytes),                 \
     .list_max = CTY_URLS_PER_DOOR_MAX, .text = CTY_TEXT_ANY}
static const struct cty_field config_fields[] = {
    MAY_U64(calls, "calls", CTY_CALLS_MAX),
    OPT_TEXT(CT, clerk_key, "clerk_key", ANY),
    MAY_U64(connections, "connections", CTY_CONNECTIONS_MAX),
    MAY_BOOL(development, "development"),
    MAY_BOOL(group_access, "group_access"),
    OPT_TEXT(CT, http, "http", ANY),
    MAY_URLS(http_names, "http_names"),
    OPT_TEXT(CT, ledger, "ledger", ANY),
    MAY_URLS(listen, "listen"),
    OPT_TEXT(CT, log_key, "log_key", ANY),
    OPT_TEXT(CT, metrics, "metrics", ANY),
    OPT_TEXT(CT, next_clerk_key, "next_clerk_key", ANY),
    OPT_TEXT(CT, next_log_key, "next_log_key", ANY),
    OPT_TEXT(CT, origin, "origin", ORIGIN),
    MAY_URLS(publish, "publish"),
    MAY_U64(queue, "queue", CTY_QUEUE_MAX),
    {.name = "sandbox", .kind = CTY_FIELD_ENUM, .flags = CTY_OPTIONAL | CTY_ZERO, .offset = offsetof(CT, sandbox),
     .names = sandbox_modes},
    OPT_TEXT(CT, tls_certificate, "tls_certificate", ANY),
    OPT_TEXT(CT, tls_key, "tls_key", ANY),
    MAY_URLS(tls_names, "tls_names"),
    MAY_U64(waits, "waits", CTY_WAITS_MAX),
    OPT_TEXT(CT, witnesses, "witnesses", ANY),
    MAY_U64(workers, "workers", CTY_WORKERS_MAX),
};
static const struct cty_shape config_shape = CTY_SHAPE(config_fields);

static custody_err set_text(char **field, struct cty_bytes value)
{
    if (!value.data)
        return CUSTODY_OK;
    char *copy = cty_bytes_dup_text(value);
    if (!copy)
        return CUSTODY_E_NO_MEMORY;
    free(*field);
    *field = copy;
    return CUSTODY_OK;
}

static custody_err set_path(char **field, struct cty_bytes value, const char *folder)
{
    if (!value.data || !folder || (value.size && value.data[0] == '/'))
        return set_text(field, value);
    struct cty_buf path = CTY_BUF_INIT(PATH_MAX);
    custody_err err = cty_buf_putf(&path, "%s/%.*s", folder, (int)value.size, (const char *)value.data);
    if (err == CUSTODY_OK)
        err = set_text(field, cty_buf_bytes(&path));
    cty_buf_done(&path);
    return err;
}

/* A list in the file takes the place of what was there. */
static custody_err set_list(char *list[CTY_URLS_PER_DOOR_MAX], size_t *ret_count, const struct cty_bytes *values,
                            uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        CTY_TRY(set_text(&list[i], values[i]));
    if (count)
        *ret_count = count;
    return CUSTODY_OK;
}

static custody_err take(struct cty_config *config, const struct config_text *text, const char *folder)
{
    CTY_TRY(set_path(&config->ledger, text->ledger, folder));
    CTY_TRY(set_path(&config->log_key, text->log_key, folder));
    CTY_TRY(set_path(&config->clerk_key, text->clerk_key, folder));
    CTY_TRY(set_path(&config->next_log_key, text->next_log_key, folder));
    CTY_TRY(set_path(&config->next_clerk_key, text->next_clerk_key, folder));
    CTY_TRY(set_text(&config->origin, text->origin));
    CTY_TRY(set_list(config->listen, &config->listen_count, text->listen, text->listen_count));
    CTY_TRY(set_list(config->publish, &config->publish_count, text->publish, text->publish_count));
    CTY_TRY(set_path(&config->tls_certificate, text->tls_certificate, folder));
    CTY_TRY(set_path(&config->tls_key, text->tls_key, folder));
    CTY_TRY(set_list(config->tls_names, &config->tls_names_count, text->tls_names, text->tls_names_count));
    config->development = config->development || text->development;
    config->group_access = config->group_access || text->group_access;
    CTY_TRY(set_text(&config->metrics, text->metrics));
    CTY_TRY(set_text(&config->http, text->http));
    CTY_TRY(set_list(config->http_names, &config->http_names_count, text->http_names, text->http_names_count));
    CTY_TRY(set_path(&config->witnesses, text->witnesses, folder));
    config->sandbox = (enum cty_sandbox_mode)text->sandbox;
    config->workers = text->workers;
    config->queue = text->queue;
    config->connections = text->connections;
    config->calls = text->calls;
    config->waits = text->waits;
    return CUSTODY_OK;
}

/* A configuration is read like a message: one JSON object, members in any order, none unknown. */
custody_err cty_config_parse(struct cty_config *config, struct cty_bytes text, const char *folder,
                             custody_error *error)
{
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    struct config_text values = {.calls = 0};
    custody_error inner = {0};
    custody_err err = cty_rpc_open(&message, text, CTY_STATEMENT_NODES_MAX, &inner);
    if (err == CUSTODY_OK)
        err = cty_shape_decode(&config_shape, NULL, &message.json, &message.json.nodes[0], &values, &inner);
    if (err == CUSTODY_OK)
        err = take(config, &values, folder);
    else if (err != CUSTODY_E_NO_MEMORY)
        err = cty_fail(error, CUSTODY_E_CONFIG, "%s: %s", custody_err_sentence(err), inner.detail);
    cty_rpc_done(&message);
    return err;
}

char *cty_path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

custody_err cty_config_read(struct cty_config *config, const char *path, custody_error *error)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_CONFIG_BYTES_MAX);
    char *folder = cty_path_folder(path);
    custody_err err = folder ? cty_file_read(path, &text, error) : CUSTODY_E_NO_MEMORY;
    if (err == CUSTODY_OK)
        err = cty_config_parse(config, cty_buf_bytes(&text), folder, error);
    free(folder);
    cty_buf_done(&text);
    return err;
}

/* --- what was left out ------------------------------------------------------------------------------------- */

/* The default door stands beside the database; nng wants the whole path. */
/* Nobody named it, so it is not called wrong: it can't be there. */
static custody_err check_default_door(const struct cty_config *config, custody_error *error)
{
    struct cty_net_url url;
    custody_error inner = {0};
    if (cty_net_url_parse(config->listen[0], true, &url, &inner) == CUSTODY_OK)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_CONFIG, "no door can be beside the database, so name one (--listen, or \"listen\"): %s",
                    inner.detail);
}

static custody_err default_door(struct cty_config *config, custody_error *error)
{
    char *folder = cty_path_folder(config->ledger);
    char *whole = folder ? realpath(folder, NULL) : NULL;
    custody_err err = CUSTODY_OK;
    struct cty_buf url = CTY_BUF_INIT(PATH_MAX + 32);
    if (!whole)
        err = cty_fail(error, CUSTODY_E_CONFIG, "the folder of %s: %s", config->ledger, strerror(errno));
    if (err == CUSTODY_OK)
        err = cty_buf_putf(&url, "ipc://%s/custodyd.sock", strcmp(whole, "/") == 0 ? "" : whole);
    if (err == CUSTODY_OK)
        err = set_text(&config->listen[0], cty_buf_bytes(&url));
    if (err == CUSTODY_OK)
        config->listen_count = 1;
    cty_buf_done(&url);
    free(folder);
    free(whole);
    return err == CUSTODY_OK ? check_default_door(config, error) : err;
}

static custody_err check_urls(char *const list[], size_t count, const char *which, custody_error *error)
{
    for (size_t i = 0; i < count; i++) {
        struct cty_net_url url;
        custody_error inner = {0};
        if (cty_net_url_parse(list[i], true, &url, &inner) != CUSTODY_OK)
            return cty_fail(error, CUSTODY_E_CONFIG, "%s: %s", which, inner.detail);
    }
    return CUSTODY_OK;
}

static custody_err check_metrics(const struct cty_config *config, custody_error *error)
{
    struct cty_net_url url;
    custody_error inner = {0};
    if (config->metrics && cty_http_url_parse(config->metrics, &url, &inner) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_CONFIG, "metrics: %s", inner.detail);
    return CUSTODY_OK;
}

static custody_err check_http(const struct cty_config *config, custody_error *error)
{
    struct cty_net_url url;
    char name[CTY_URL_BYTES_MAX + 1];
    bool here = false;
    custody_error inner = {0};
    if (config->http && cty_http_url_parse_any(config->http, &url, &here, &inner) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_CONFIG, "http: %s", inner.detail);
    if (!config->http && config->http_names_count)
        return cty_fail(error, CUSTODY_E_CONFIG, "http_names: there is no http");
    for (size_t i = 0; i < config->http_names_count; i++) {
        if (cty_tiles_name_parse(cty_bytes_text(config->http_names[i]), name, &inner) != CUSTODY_OK)
            return cty_fail(error, CUSTODY_E_CONFIG, "http_names: %s", inner.detail);
    }
    return CUSTODY_OK;
}

static custody_err complete_number(uint64_t *number, uint64_t fallback, uint64_t most, const char *which,
                                   custody_error *error)
{
    if (*number == 0)
        *number = fallback;
    if (*number > most)
        return cty_fail(error, CUSTODY_E_CONFIG, "%s: at most %llu", which, (unsigned long long)most);
    return CUSTODY_OK;
}

static uint64_t processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    if (count < 1)
        return 1;
    return (uint64_t)count > CTY_WORKERS_MAX ? CTY_WORKERS_MAX : (uint64_t)count;
}

custody_err cty_config_complete(struct cty_config *config, custody_error *error)
{
    if (!config->ledger || !config->log_key || !config->clerk_key)
        return cty_fail(error, CUSTODY_E_CONFIG, "%s is missing",
                        !config->ledger ? "ledger" : !config->log_key ? "log_key" : "clerk_key");
    if (config->listen_count == 0 && !config->doorless)
        CTY_TRY(default_door(config, error));
    CTY_TRY(check_urls(config->listen, config->listen_count, "listen", error));
    CTY_TRY(check_urls(config->publish, config->publish_count, "publish", error));
    CTY_TRY(check_metrics(config, error));
    CTY_TRY(check_http(config, error));
    CTY_TRY(complete_number(&config->workers, processors(), CTY_WORKERS_MAX, "workers", error));
    CTY_TRY(complete_number(&config->queue, CTY_QUEUE_DEFAULT, CTY_QUEUE_MAX, "queue", error));
    CTY_TRY(complete_number(&config->connections, CTY_CONNECTIONS_DEFAULT, CTY_CONNECTIONS_MAX, "connections", error));
    CTY_TRY(complete_number(&config->calls, CTY_CALLS_DEFAULT, CTY_CALLS_MAX, "calls", error));
    return complete_number(&config->waits, CTY_WAITS_DEFAULT, CTY_WAITS_MAX, "waits", error);
}
