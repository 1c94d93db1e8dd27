/* SPDX-License-Identifier: Apache-2.0 */
/* What a courier gives up: all files but those of the resolver and of certificates, all system calls but those of dialling. */
#include "daemon/courier.h"

static const char *const readable[] = {
    "/etc/gai.conf", "/etc/gnutls", "/etc/host.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/services",
    "/etc/ssl", "/run/systemd/resolve", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", NULL,
};

static custody_err check_required(const struct cty_courier_config *config, bool there, const char *what,
                                  custody_error *error)
{
    if (there || config->sandbox != CTY_SANDBOX_REQUIRE)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_CONFIG, "the courier's sandbox is required, and %s", what);
}

custody_err cty_courier_confine_files(const struct cty_courier_config *config, custody_error *error)
{
    const struct cty_sandbox_needs needs = {.readable = readable, .dials = true};
    struct cty_sandbox_state state;
    if (config->sandbox == CTY_SANDBOX_OFF || !cty_sandbox_is_built())
        return CUSTODY_OK;
    CTY_TRY(cty_sandbox_files(&needs, &state, error));
    return check_required(config, state.files_abi > 0, "the kernel has no Landlock", error);
}

/* Sockets of this machine only where a witness is dialled by one. */
static bool dials_locally(const struct cty_witness_policy *policy)
{
    for (uint32_t i = 0; i < policy->count; i++) {
        const struct cty_bytes *url = &policy->nodes[i].url;
        if (url->size > 6 && memcmp(url->data, "ipc://", 6) == 0)
            return true;
    }
    return false;
}

custody_err cty_courier_confine_calls(const struct cty_courier_config *config, custody_error *error)
{
    struct cty_sandbox_state state = {.calls = false};
    if (config->sandbox == CTY_SANDBOX_OFF || !cty_sandbox_is_built())
        return CUSTODY_OK;
    CTY_TRY(cty_sandbox_calls_of_courier(dials_locally(&config->trust->policy), &state, error));
    return check_required(config, state.calls, "the kernel has no seccomp", error);
}
