/* SPDX-License-Identifier: Apache-2.0 */
#include "net/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

/* "127.0.0.1:65535" and the like, and what a name may have at most with its scheme and port. */
#define HOST_BYTES_MAX 100u
#define LABEL_BYTES_MAX 63u

/* The reason comes first: a long address is cut, never what is wrong with it. */
static custody_err refuse(const char *text, custody_error *error, const char *why)
{
    return cty_fail(error, CUSTODY_E_CONFIG, "%s: %.128s", why, text);
}

/* ---- paths ---- */

/* A session names its door in a statement, whose addresses are printable ASCII without spaces. */
static bool is_plain(const char *path)
{
    for (const char *at = path; *at; at++) {
        if (*at <= ' ' || *at > '~' || *at == '"' || *at == '\\')
            return false;
    }
    return true;
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
    if (!is_plain(path))
        return refuse(text, error, "the path may have printable ASCII only, no spaces, quotes or backslashes");
    url->transport = CTY_SP_IPC;
    memcpy(url->path, path, size + 1);
    snprintf(url->text, sizeof(url->text), "ipc://%s", path);
    return CUSTODY_OK;
}

/* ---- hosts ---- */

static bool is_label(const char *label, size_t size)
{
    if (size == 0 || size > LABEL_BYTES_MAX || label[0] == '-' || label[size - 1] == '-')
        return false;
    for (size_t i = 0; i < size; i++) {
        bool fits = (label[i] >= 'a' && label[i] <= 'z') || (label[i] >= '0' && label[i] <= '9') || label[i] == '-';
        if (!fits)
            return false;
    }
    return true;
}

/* The last label has a letter: "127.1" and "2130706433" are numbers to whoever looks them up. */
bool cty_net_name_is_host(struct cty_bytes name)
{
    const char *text = (const char *)name.data;
    size_t from = 0;
    bool letter = false;
    if (name.size == 0 || name.size > HOST_BYTES_MAX)
        return false;
    for (size_t i = 0; i <= name.size; i++) {
        if (i < name.size && text[i] != '.') {
            letter |= text[i] >= 'a' && text[i] <= 'z';
            continue;
        }
        if (!is_label(text + from, i - from))
            return false;
        letter = i == name.size ? letter : false;
        from = i + 1;
    }
    return letter;
}

enum reach { NOWHERE, THIS_MACHINE, BEYOND, EVERYWHERE };

static enum reach reach_of_four(const struct in_addr *four)
{
    if (four->s_addr == htonl(INADDR_ANY))
        return EVERYWHERE;
    return ntohl(four->s_addr) >> 24 == IN_LOOPBACKNET ? THIS_MACHINE : BEYOND;
}

static enum reach reach_of_six(const struct in6_addr *six)
{
    if (IN6_IS_ADDR_UNSPECIFIED(six))
        return EVERYWHERE;
    /* ::ffff:a.b.c.d is an address of the other kind in disguise. */
    if (IN6_IS_ADDR_V4MAPPED(six) || IN6_IS_ADDR_LINKLOCAL(six) || IN6_IS_ADDR_MULTICAST(six))
        return NOWHERE;
    return IN6_IS_ADDR_LOOPBACK(six) ? THIS_MACHINE : BEYOND;
}

/* Reads an address in numbers and writes it in its shortest form, without brackets. */
static enum reach read_address(const char *host, char *ret_plain, bool *ret_six)
{
    struct in_addr four;
    struct in6_addr six;
    char inner[INET6_ADDRSTRLEN];
    size_t size = strlen(host);
    *ret_six = false;
    if (inet_pton(AF_INET, host, &four) == 1) {
        inet_ntop(AF_INET, &four, ret_plain, INET6_ADDRSTRLEN);
        return reach_of_four(&four);
    }
    if (size < 3 || size - 2 >= sizeof(inner) || host[0] != '[' || host[size - 1] != ']')
        return NOWHERE;
    memcpy(inner, host + 1, size - 2);
    inner[size - 2] = 0;
    if (inet_pton(AF_INET6, inner, &six) != 1)
        return NOWHERE;
    *ret_six = true;
    inet_ntop(AF_INET6, &six, ret_plain, INET6_ADDRSTRLEN);
    return reach_of_six(&six);
}

/* ---- tcp ---- */

static custody_err set_host(struct cty_net_url *url, const char *scheme, const char *host, bool brackets)
{
    url->transport = CTY_SP_TCP;
    url->path[0] = 0;
    snprintf(url->host, sizeof(url->host), "%s", host);
    snprintf(url->text, sizeof(url->text), brackets ? "%s[%s]" : "%s%s", scheme, host);
    url->host_size = strlen(url->text);
    return CUSTODY_OK;
}

static custody_err set_plain(const char *text, const char *host, struct cty_net_url *url, custody_error *error)
{
    char plain[INET6_ADDRSTRLEN] = "";
    bool six = false;
    if (strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (read_address(host, plain, &six) != THIS_MACHINE)
        return refuse(text, error, "beyond loopback needs TLS: write tls+tcp://HOST:PORT");
    return set_host(url, "tcp://", plain, six);
}

static custody_err set_tls(const char *text, const char *host, bool listening, struct cty_net_url *url,
                           custody_error *error)
{
    char plain[INET6_ADDRSTRLEN] = "";
    bool six = false;
    enum reach reach = read_address(host, plain, &six);
    url->tls = true;
    if (reach == EVERYWHERE && !listening)
        return refuse(text, error, "one can listen everywhere, not dial it");
    if (reach != NOWHERE)
        return set_host(url, "tls+tcp://", plain, six);
    if (!cty_net_name_is_host(cty_bytes_text(host)))
        return refuse(text, error, "the host is neither an address nor a name in lower case");
    if (listening)
        return refuse(text, error, "a door listens at an address in numbers, 0.0.0.0 or [::]");
    url->is_name = true;
    return set_host(url, "tls+tcp://", host, false);
}

static custody_err parse_tcp(const char *text, const char *rest, bool tls, bool listening, struct cty_net_url *url,
                             custody_error *error)
{
    char host[HOST_BYTES_MAX + 1];
    const char *colon = strrchr(rest, ':');
    if (!colon || colon == rest)
        return refuse(text, error, tls ? "write tls+tcp://HOST:PORT" : "write tcp://HOST:PORT");
    uint64_t port = 0;
    if (cty_u64_parse(cty_bytes_text(colon + 1), 65535, &port) != CUSTODY_OK || (port == 0 && !listening))
        return refuse(text, error, "the port is not a number from 1 to 65535");
    size_t size = (size_t)(colon - rest);
    if (size >= sizeof(host))
        return refuse(text, error, tls ? "the host is too long" : "beyond loopback needs TLS, and the host is too long");
    memcpy(host, rest, size);
    host[size] = 0;
    CTY_TRY(tls ? set_tls(text, host, listening, url, error) : set_plain(text, host, url, error));
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
        err = parse_tcp(text, text + 6, false, listening, &url, error);
    else if (strncmp(text, "tls+tcp://", 10) == 0)
        err = parse_tcp(text, text + 10, true, listening, &url, error);
    else
        err = refuse(text, error, "an address begins with ipc://, tcp:// or, as beyond loopback needs TLS, tls+tcp://");
    if (err == CUSTODY_OK)
        *ret_url = url;
    return err;
}

bool cty_net_url_is_http(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

void cty_net_url_set_port(struct cty_net_url *url, unsigned port)
{
    url->port = port & 0xffffu;
    snprintf(url->text + url->host_size, sizeof(url->text) - url->host_size, ":%u", url->port);
}

const char *cty_net_url_stream(const struct cty_net_url *url)
{
    return url->tls ? url->text + 4 : url->text;
}
