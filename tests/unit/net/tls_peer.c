/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_peer.h"

#include <sys/socket.h>
#include <unistd.h>

void pair_make_for(struct pair *pair, int from_days, int until_days)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "::1"};
    custody_error error = {0};
    uint64_t now = (uint64_t)time(NULL) * 1000;
    const struct cty_certificate_order order = {
        .hosts = hosts,
        .hosts_count = CTY_COUNT_OF(hosts),
        .not_before_ms = now + (uint64_t)((int64_t)from_days * (int64_t)DAY_MS),
        .not_after_ms = now + (uint64_t)((int64_t)until_days * (int64_t)DAY_MS),
    };
    pair->certificate = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    pair->key = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    if (cty_certificate_make(&order, &pair->certificate, &pair->key, &error) != CUSTODY_OK)
        fail_msg("%s", error.detail);
}

void pair_make(struct pair *pair)
{
    pair_make_for(pair, -1, 1);
}

void pair_done(struct pair *pair)
{
    cty_buf_done(&pair->certificate);
    cty_buf_done(&pair->key);
}

struct cty_net_pin pair_pin(const struct pair *pair)
{
    return (struct cty_net_pin){.certificate = cty_buf_bytes(&pair->certificate)};
}

void rig_open_tls(struct rig *rig, struct cty_net_server_config config, const struct pair *pair, bool keep)
{
    config.certificate = cty_buf_bytes(&pair->certificate);
    config.certificate_key = cty_buf_bytes(&pair->key);
    rig_open(rig, config, "tls+tcp://127.0.0.1:0", keep);
}

void url_with(const char *url, const char *before_port, char *ret_url)
{
    snprintf(ret_url, CTY_URL_BYTES_MAX + 1, "%s%s", before_port, strrchr(url, ':'));
}

custody_err ask(const char *url, struct cty_net_pin pin, struct cty_bytes request, struct cty_buf *ret_reply,
                custody_error *error)
{
    struct cty_net_client *client = NULL;
    struct cty_buf reply = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    const struct cty_net_client_config config = {.url = url, .pin = pin};
    custody_err err = cty_net_client_open(&config, &client, error);
    if (err == CUSTODY_OK)
        err = cty_net_client_call(client, request, PATIENCE_MS, ret_reply ? ret_reply : &reply, error);
    cty_net_client_close(client);
    cty_buf_done(&reply);
    return err;
}

void expect_echo(const char *url, struct cty_net_pin pin)
{
    struct cty_buf reply = CTY_BUF_INIT(64);
    custody_error error = {0};
    if (ask(url, pin, CTY_LITERAL("anybody there?"), &reply, &error) != CUSTODY_OK)
        fail_msg("%s: %s", custody_err_name(error.code), error.detail);
    assert_bytes_text(cty_buf_bytes(&reply), "anybody there?");
    cty_buf_done(&reply);
}

/* ---- by hand ---- */

static bool send_out(struct tls_raw *raw)
{
    struct cty_bytes out = cty_tls_out(raw->tls);
    if (!raw_write(raw->fd, out.data, out.size))
        return false;
    cty_tls_sent(raw->tls, out.size);
    return true;
}

/* Some plain bytes; false where the other side closed. */
static bool read_some(struct tls_raw *raw, void *data, size_t size, size_t *ret_count)
{
    for (;;) {
        uint8_t *room = NULL;
        custody_err err = cty_tls_read(raw->tls, data, size, ret_count, NULL);
        if (!send_out(raw) || err != CUSTODY_OK)
            return false;
        if (*ret_count > 0 || (size == 0 && cty_tls_is_ready(raw->tls)))
            return true;
        size_t room_size = cty_tls_room(raw->tls, &room);
        ssize_t got = recv(raw->fd, room, room_size, 0);
        if (got <= 0)
            return false;
        cty_tls_fed(raw->tls, (size_t)got);
    }
}

void tls_raw_open(struct tls_raw *raw, const char *url, struct cty_net_pin pin)
{
    struct cty_net_url parsed;
    size_t count = 0;
    assert_ok(cty_net_url_parse(url, false, &parsed, NULL));
    assert_ok(cty_tls_setup_dial(&pin, &parsed, &raw->setup, NULL));
    assert_ok(cty_tls_new(raw->setup, &raw->tls));
    raw->fd = raw_connect(url);
    assert_true(read_some(raw, NULL, 0, &count));
}

void tls_raw_close(struct tls_raw *raw)
{
    close(raw->fd);
    cty_tls_free(raw->tls);
    cty_tls_setup_free(raw->setup);
}

bool tls_raw_write(struct tls_raw *raw, const void *data, size_t size)
{
    const uint8_t *at = data;
    for (size_t done = 0; done < size;) {
        size_t piece = size - done < CTY_TLS_PIECE_BYTES_MAX ? size - done : CTY_TLS_PIECE_BYTES_MAX;
        if (cty_tls_write(raw->tls, cty_bytes_make(at + done, piece)) != CUSTODY_OK || !send_out(raw))
            return false;
        done += piece;
    }
    return true;
}

bool tls_raw_read(struct tls_raw *raw, void *data, size_t size)
{
    uint8_t *at = data;
    while (size > 0) {
        size_t count = 0;
        if (!read_some(raw, at, size, &count))
            return false;
        at += count;
        size -= count;
    }
    return true;
}
