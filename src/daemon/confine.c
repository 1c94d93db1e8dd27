/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/confine.h"

#include <stdlib.h>

#include "base/check.h"
#include "net/http.h"

/* What is needed, with the texts that it borrows. */
struct needs {
    struct cty_sandbox_needs list;
    char *texts[CTY_SANDBOX_FOLDERS_MAX];
    size_t texts_count;
};

static void needs_done(struct needs *needs)
{
    for (size_t i = 0; i < needs->texts_count; i++)
        free(needs->texts[i]);
}

static const char *keep_folder(struct needs *needs, const char *path)
{
    CTY_CHECK(needs->texts_count < CTY_SANDBOX_FOLDERS_MAX);
    char *folder = cty_path_folder(path);
    if (folder)
        needs->texts[needs->texts_count++] = folder;
    return folder;
}

/* The address was accepted before (cty_config_complete). */
static custody_err need_url(struct needs *needs, const struct cty_net_url *url, custody_error *error)
{
    if (url->transport == CTY_SP_TCP) {
        needs->list.ports[needs->list.ports_count++] = (uint16_t)url->port;
        return CUSTODY_OK;
    }
    const char *folder = keep_folder(needs, url->path);
    if (!folder)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    needs->list.socket_folders[needs->list.socket_folders_count++] = folder;
    return CUSTODY_OK;
}

static custody_err need_urls(struct needs *needs, char *const urls[], size_t count, custody_error *error)
{
    for (size_t i = 0; i < count; i++) {
        struct cty_net_url url;
        CTY_TRY(cty_net_url_parse(urls[i], true, &url, error));
        CTY_TRY(need_url(needs, &url, error));
    }
    return CUSTODY_OK;
}

static custody_err find_needs(struct needs *needs, const struct cty_config *config, custody_error *error)
{
    struct cty_net_url url;
    needs->list.database_folder = keep_folder(needs, config->ledger);
    if (!needs->list.database_folder)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(need_urls(needs, config->listen, config->listen_count, error));
    CTY_TRY(need_urls(needs, config->publish, config->publish_count, error));
    bool here = false;
    if (config->metrics) {
        CTY_TRY(cty_http_url_parse(config->metrics, &url, error));
        CTY_TRY(need_url(needs, &url, error));
    }
    if (!config->http)
        return CUSTODY_OK;
    CTY_TRY(cty_http_url_parse_any(config->http, &url, &here, error));
    return need_url(needs, &url, error);
}

static custody_err check_required(const struct cty_config *config, bool there, const char *what, custody_error *error)
{
    if (there || config->sandbox != CTY_SANDBOX_REQUIRE)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_CONFIG, "the sandbox is required, and %s", what);
}

custody_err cty_confine_before(const struct cty_config *config, struct cty_sandbox_state *ret_state,
                               custody_error *error)
{
    struct needs needs = {.texts_count = 0};
    *ret_state = (struct cty_sandbox_state){.calls = false};
    if (config->sandbox == CTY_SANDBOX_OFF)
        return CUSTODY_OK;
    CTY_TRY(check_required(config, cty_sandbox_is_built(), "this program was built without it", error));
    if (!cty_sandbox_is_built())
        return CUSTODY_OK;
    custody_err err = find_needs(&needs, config, error);
    if (err == CUSTODY_OK)
        err = cty_sandbox_files(&needs.list, ret_state, error);
    needs_done(&needs);
    if (err != CUSTODY_OK)
        return err;
    return check_required(config, ret_state->files_abi > 0, "the kernel has no Landlock", error);
}

custody_err cty_confine_after(const struct cty_config *config, struct cty_sandbox_state *state, custody_error *error)
{
    if (config->sandbox == CTY_SANDBOX_OFF || !cty_sandbox_is_built())
        return CUSTODY_OK;
    CTY_TRY(cty_sandbox_calls(state, error));
    return check_required(config, cty_sandbox_is_enough(state), "the kernel has no seccomp, or would dump memory", error);
}
