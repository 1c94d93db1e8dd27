/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of doors. What must hold: an address that is taken has one spelling, which is taken again as the same; what
 * goes beyond this machine is TLS; a refusal says why.
 */
#include <stdint.h>

#include "base/check.h"
#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, bool listening)
{
    struct cty_net_url url, again;
    custody_error error = {0};
    custody_err err = cty_net_url_parse(text, listening, &url, &error);
    if (err != CUSTODY_OK) {
        CTY_CHECK(err == CUSTODY_E_CONFIG && error.code == err);
        return;
    }
    CTY_CHECK(strlen(url.text) <= CTY_URL_BYTES_MAX);
    CTY_CHECK(cty_net_url_parse(url.text, listening, &again, NULL) == CUSTODY_OK);
    CTY_CHECK(strcmp(url.text, again.text) == 0 && strcmp(url.host, again.host) == 0 && url.tls == again.tls);
    CTY_CHECK(url.transport == CTY_SP_IPC ? url.path[0] == '/' : url.port <= 65535);
    CTY_CHECK(listening || url.transport == CTY_SP_IPC || url.port > 0);
    CTY_CHECK(!url.is_name || (url.tls && cty_net_name_is_host(cty_bytes_text(url.host))));
    CTY_CHECK(cty_net_url_stream(&url)[0] != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[2 * CTY_URL_BYTES_MAX];
    if (size >= sizeof(text))
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    check(text, false);
    check(text, true);
    return 0;
}
