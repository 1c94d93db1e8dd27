/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy.h"

#include "base/check.h"
#include "base/file.h"
#include "net/fetch.h"
#include "net/url.h"

static bool is_pinned(const struct cty_trust *trust, const char *url)
{
    for (uint32_t i = 0; i < trust->doors_count; i++) {
        if (cty_bytes_is(trust->doors[i].url, url))
            return true;
    }
    return false;
}

/* What the courier could not dial is said before it tries. */
static custody_err check_address(const struct cty_trust *trust, const char *url, custody_error *error)
{
    struct cty_net_url door;
    custody_error inner = {0};
    custody_err err = cty_net_url_is_http(url) ? cty_fetch_url_check(url, &inner) : cty_net_url_parse(url, false, &door, &inner);
    if (err != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_CONFIG, "witnesses: %s: %s", url, inner.detail);
    if (!cty_net_url_is_http(url) && door.tls && !is_pinned(trust, door.text))
        return cty_fail(error, CUSTODY_E_CONFIG, "witnesses: no certificate is pinned for %s", door.text);
    return CUSTODY_OK;
}

static custody_err check_node(const struct cty_trust *trust, const struct cty_policy_node *node, custody_error *error)
{
    char url[CTY_FETCH_URL_BYTES_MAX + 1];
    if (node->is_group)
        return CUSTODY_OK;
    if (node->key_name.size > CTY_COSIGNATURE_LINE_BYTES_MAX / 2)
        return cty_fail(error, CUSTODY_E_CONFIG, "witnesses: a key's name of %zu bytes", node->key_name.size);
    if (node->url.size > CTY_FETCH_URL_BYTES_MAX - 128)
        return cty_fail(error, CUSTODY_E_CONFIG, "witnesses: an address of %zu bytes", node->url.size);
    if (node->url.size == 0)
        return CUSTODY_OK; /* somebody else brings its cosignatures to those who want them */
    memcpy(url, node->url.data, node->url.size);
    url[node->url.size] = 0;
    return check_address(trust, url, error);
}

custody_err cty_policy_load(const char *path, struct cty_trust *ret_trust, custody_error *error)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    custody_error inner = {0};
    custody_err err = cty_file_read(path, &text, error);
    if (err == CUSTODY_OK && cty_trust_parse(cty_buf_bytes(&text), ret_trust, &inner) != CUSTODY_OK)
        err = cty_fail(error, CUSTODY_E_CONFIG, "witnesses: %s", inner.detail);
    cty_buf_done(&text);
    /* It is shown to whoever asks, as JSON. */
    if (err == CUSTODY_OK && !cty_bytes_is_utf8(cty_buf_bytes(&ret_trust->policy.text)))
        err = cty_fail(error, CUSTODY_E_CONFIG, "witnesses: the policy is not UTF-8");
    for (uint32_t i = 0; err == CUSTODY_OK && i < ret_trust->policy.count; i++)
        err = check_node(ret_trust, &ret_trust->policy.nodes[i], error);
    return err;
}

custody_err cty_policy_check(const struct cty_trust *trust, struct cty_bytes origin, custody_error *error)
{
    if (cty_bytes_equal(trust->origin, origin))
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_CONFIG, "witnesses: the policy is of the log %.*s", (int)trust->origin.size,
                    (const char *)trust->origin.data);
}
