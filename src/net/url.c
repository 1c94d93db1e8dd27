/* SPDX-License-Identifier: Apache-2.0 */
#include "net/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

static custody_err refuse(const char *text, custody_error *error, const char *why)
{
    return cty_fail(error, CUSTODY_E_CONFIG, "%.100s: %s", text, why);
}

static custody_err parse_ipc(const char *text, const char *path, struct cty_net_url *url,
                             custody_error *error)
{
    size_t size = strlen(path);
    if (path[0] != '/')
        return refuse(text, error, "the path must be absolute");
    if (size > CTY_NET_PATH_BYTES_MAX)
        return refuse(text, error, "the path is longer than 107 bytes");
    if (path[size - 1] == '/')
        return refuse(text, error, "the path must name a file");
    url->transport = CTY_SP_IPC;
    memcpy(url->path, path, size + 1);
    snprintf(url->text, sizeof(url->text), "ipc://%s", path);
    return CUSTODY_OK;
}

/* Writes the address in numbers; false where it is not on this machine. */
static bool write_host(const char *host, char *ret_text, size_t text_size)
{
    struct in_addr four;
    struct in6_addr six;
    char plain[INET6_ADDRSTRLEN];
    size_t size = strlen(host);
    if (strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (inet_pton(AF_INET, host, &four) == 1) {
        snprintf(ret_text, text_size, "%s", host);
        return ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    if (size < 3 || size - 2 >= sizeof(plain) || host[0] != '[' || host[size - 1] != ']')
        return false;
    memcpy(plain, host + 1, size - 2);
    plain[size - 2] = 0;
    if (inet_pton(AF_INET6, plain, &six) != 1 || !IN6_IS_ADDR_LOOPBACK(&six))
        return false;
    snprintf(ret_text, text_size, "[::1]");
    return true;
}

static custody_err parse_tcp(const char *text, const char *rest, bool listening, struct cty_net_url *url,
                             custody_error *error)
{
    char host[64];
    char numbers[64];
    const char *colon = strrchr(rest, ':');
    if (!colon || colon == rest)
        return refuse(text, error, "write tcp://HOST:PORT");
    uint64_t port = 0;
    if (cty_u64_parse(cty_bytes_text(colon + 1), 65535, &port) != CUSTODY_OK || (port == 0 && !listening))
        return refuse(text, error, "the port is not a number from 1 to 65535");
    size_t size = (size_t)(colon - rest);
    if (size >= sizeof(host))
        return refuse(text, error, "beyond loopback needs TLS, which this version does not have");
    memcpy(host, rest, size);
    host[size] = 0;
    if (!write_host(host, numbers, sizeof(numbers)))
        return refuse(text, error, "beyond loopback needs TLS, which this version does not have");
    url->transport = CTY_SP_TCP;
    url->path[0] = 0;
    snprintf(url->text, sizeof(url->text), "tcp://%s", numbers);
    url->host_size = strlen(url->text);
    cty_net_url_set_port(url, (unsigned)port);
    return CUSTODY_OK;
}

custody_err cty_net_url_parse(const char *text, bool listening, struct cty_net_url *ret_url,
                              custody_error *error)
{
    struct cty_net_url url = {0};
    custody_err err = CUSTODY_E_INTERNAL;
    if (strncmp(text, "ipc://", 6) == 0)
        err = parse_ipc(text, text + 6, &url, error);
    else if (strncmp(text, "tcp://", 6) == 0)
        err = parse_tcp(text, text + 6, listening, &url, error);
    else
        err = refuse(text, error, "write ipc:///PATH or tcp://HOST:PORT; beyond loopback needs TLS");
    if (err == CUSTODY_OK)
        *ret_url = url;
    return err;
}

void cty_net_url_set_port(struct cty_net_url *url, unsigned port)
{
    snprintf(url->text + url->host_size, sizeof(url->text) - url->host_size, ":%u", port & 0xffffu);
}
