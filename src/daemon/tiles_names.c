/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>

#include "daemon/tiles.h"

static custody_err wrong(const char *text, custody_error *error)
{
    return cty_fail(error, CUSTODY_E_CONFIG, "write https://HOST[:PORT][/PATH] in lower case, without a '/' at its end: %.128s",
                    text);
}

static bool is_address(const char *host, size_t size)
{
    char plain[INET6_ADDRSTRLEN + 2];
    struct in6_addr any;
    if (size >= sizeof(plain) || size == 0)
        return false;
    memcpy(plain, host, size);
    plain[size] = 0;
    if (plain[0] != '[' || plain[size - 1] != ']')
        return inet_pton(AF_INET, plain, &any) == 1;
    plain[size - 1] = 0;
    return inet_pton(AF_INET6, plain + 1, &any) == 1;
}

static bool is_host(const char *host, size_t size)
{
    return is_address(host, size) || cty_net_name_is_host(cty_bytes_make(host, size));
}

/* No escapes and no dots alone, so that nobody makes another path of it. */
static bool is_path(const char *path)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    while (*path) {
        size_t size = strspn(path + 1, allowed);
        if (*path != '/' || size == 0 || strspn(path + 1, ".") == size)
            return false;
        path += 1 + size;
    }
    return true;
}

static bool is_port(const char *text, size_t size)
{
    uint64_t port = 0;
    return cty_u64_parse(cty_bytes_make(text, size), 65535, &port) == CUSTODY_OK && port != 0;
}

/* Behind "https://". */
static bool is_place(const char *text)
{
    size_t host = text[0] == '[' ? strcspn(text, "]/") + 1 : strcspn(text, ":/");
    if (host > strlen(text) || !is_host(text, host))
        return false;
    text += host;
    size_t port = *text == ':' ? strcspn(text, "/") : 0;
    return (port == 0 || is_port(text + 1, port - 1)) && is_path(text + port);
}

custody_err cty_tiles_name_parse(struct cty_bytes text, char ret_name[CTY_URL_BYTES_MAX + 1], custody_error *error)
{
    char name[CTY_URL_BYTES_MAX + 1];
    struct cty_net_url url;
    if (text.size > CTY_URL_BYTES_MAX || text.size == 0 || memchr(text.data, 0, text.size))
        return cty_fail(error, CUSTODY_E_CONFIG, "an address of 1 to %u bytes", CTY_URL_BYTES_MAX);
    memcpy(name, text.data, text.size);
    name[text.size] = 0;
    if (cty_http_url_parse(name, &url, NULL) == CUSTODY_OK) {
        snprintf(ret_name, CTY_URL_BYTES_MAX + 1, "http://%.120s", strstr(url.text, "://") + 3);
        return CUSTODY_OK;
    }
    if (strncmp(name, "https://", 8) != 0 || !is_place(name + 8))
        return wrong(name, error);
    memcpy(ret_name, name, text.size + 1);
    return CUSTODY_OK;
}
