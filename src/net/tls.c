/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"

#include <arpa/inet.h>
#include <mbedtls/oid.h>
#include <mbedtls/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "net/mbed.h"

/* What comes is taken in pieces of this; a record has to be whole before it can be read. */
#define IN_BYTES 8192u
/* A whole piece in records of whatever size the other side asked for, or a flight of the handshake with the longest
 * certificate; and something more, that is said meanwhile. */
#define OUT_BYTES (CTY_TLS_PIECE_BYTES_MAX + 8192u)

/* "Unexpected message", fatal: tells who speaks no TLS that we do. */
static const uint8_t alert[] = {21, 3, 3, 0, 2, 2, 10};

struct cty_tls_setup {
    mbedtls_ssl_config config;
    mbedtls_x509_crt own;
    mbedtls_pk_context key;
    mbedtls_x509_crt trusted;
    bool is_door;
    /* Of who dials: whether `trusted` is the one certificate, and the host where it is not. */
    bool is_pinned;
    struct cty_net_url url;
};

struct cty_tls {
    struct cty_tls_setup *setup;
    /* Of mbedTLS, whose arithmetic takes long; and of what goes out, for who only looks. The first before the second. */
    pthread_mutex_t lock;
    pthread_mutex_t out_lock;
    mbedtls_ssl_context ssl;
    atomic_bool ready;
    bool broken;
    /* What was wrong with the certificate that was shown; and which it was. */
    char reason[200];
    struct cty_certificate shown;
    size_t in_from;
    size_t in_size;
    size_t out_from;
    size_t out_size;
    bool heard;
    uint8_t first; /* of the bytes that came */
    uint8_t in[IN_BYTES];
    uint8_t out[OUT_BYTES];
};

/* ---- setups ---- */

/* Forward secrecy and authenticated encryption only. */
static const int suites[] = {
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    0,
};

static struct cty_tls_setup *setup_new(bool is_door)
{
    struct cty_tls_setup *setup = cty_alloc(1, sizeof(*setup));
    if (!setup)
        return NULL;
    setup->is_door = is_door;
    mbedtls_ssl_config_init(&setup->config);
    mbedtls_x509_crt_init(&setup->own);
    mbedtls_x509_crt_init(&setup->trusted);
    mbedtls_pk_init(&setup->key);
    return setup;
}

void cty_tls_setup_free(struct cty_tls_setup *setup)
{
    if (!setup)
        return;
    mbedtls_ssl_config_free(&setup->config);
    mbedtls_x509_crt_free(&setup->own);
    mbedtls_x509_crt_free(&setup->trusted);
    mbedtls_pk_free(&setup->key);
    free(setup);
}

static custody_err configure(struct cty_tls_setup *setup, custody_error *error)
{
    mbedtls_ssl_config *config = &setup->config;
    int side = setup->is_door ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT;
    int result =
        mbedtls_ssl_config_defaults(config, side, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (result != 0)
        return cty_mbed_fail(error, CUSTODY_E_INTERNAL, result, "TLS did not start");
    mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_max_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_ciphersuites(config, suites);
    mbedtls_ssl_conf_rng(config, cty_mbed_random, NULL);
    mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
    mbedtls_ssl_conf_legacy_renegotiation(config, MBEDTLS_SSL_LEGACY_NO_RENEGOTIATION);
    mbedtls_ssl_conf_authmode(config, setup->is_door ? MBEDTLS_SSL_VERIFY_NONE : MBEDTLS_SSL_VERIFY_REQUIRED);
    if (!setup->is_door)
        mbedtls_ssl_conf_session_tickets(config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    return CUSTODY_OK;
}

static custody_err fill_door(struct cty_tls_setup *setup, struct cty_bytes certificate, struct cty_bytes key,
                             custody_error *error)
{
    CTY_TRY(configure(setup, error));
    CTY_TRY(cty_mbed_read(certificate, &setup->own, error));
    if (mbedtls_x509_crt_check_extended_key_usage(&setup->own, MBEDTLS_OID_SERVER_AUTH,
                                                  MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) != 0)
        return cty_fail(error, CUSTODY_E_CERTIFICATE, "it is not for servers");
    CTY_TRY(cty_mbed_read_key(key, &setup->own, &setup->key, error));
    int result = mbedtls_ssl_conf_own_cert(&setup->config, &setup->own, &setup->key);
    return result ? cty_mbed_fail(error, CUSTODY_E_CONFIG, result, "the certificate is of no use") : CUSTODY_OK;
}

static custody_err fill_dial(struct cty_tls_setup *setup, const struct cty_net_pin *pin,
                             const struct cty_net_url *url, custody_error *error)
{
    if (!pin || (pin->certificate.size == 0) == (pin->authority.size == 0))
        return cty_fail(error, CUSTODY_E_CERTIFICATE, "no certificate is pinned for %s", url->text);
    setup->is_pinned = pin->certificate.size > 0;
    setup->url = *url;
    CTY_TRY(configure(setup, error));
    CTY_TRY(cty_mbed_read(setup->is_pinned ? pin->certificate : pin->authority, &setup->trusted, error));
    if (setup->is_pinned && setup->trusted.next)
        return cty_fail(error, CUSTODY_E_CERTIFICATE, "several certificates are pinned for %s", url->text);
    mbedtls_ssl_conf_ca_chain(&setup->config, &setup->trusted, NULL);
    return CUSTODY_OK;
}

static custody_err give_setup(struct cty_tls_setup *setup, custody_err err, struct cty_tls_setup **ret_setup)
{
    if (err == CUSTODY_OK)
        *ret_setup = setup;
    else
        cty_tls_setup_free(setup);
    return err;
}

custody_err cty_tls_setup_door(struct cty_bytes certificate, struct cty_bytes key, struct cty_tls_setup **ret_setup,
                               custody_error *error)
{
    struct cty_tls_setup *setup = setup_new(true);
    if (!setup)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "TLS");
    return give_setup(setup, fill_door(setup, certificate, key, error), ret_setup);
}

custody_err cty_tls_setup_dial(const struct cty_net_pin *pin, const struct cty_net_url *url,
                               struct cty_tls_setup **ret_setup, custody_error *error)
{
    struct cty_tls_setup *setup = setup_new(false);
    if (!setup)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "TLS");
    return give_setup(setup, fill_dial(setup, pin, url, error), ret_setup);
}

/* ---- judging the certificate that is shown ----
 *
 * mbedTLS calls this for each certificate of the chain, the door's own last (depth 0), with what it found wrong. It
 * may take that back, or add to it.
 */

static bool is_same(const mbedtls_x509_crt *a, const mbedtls_x509_crt *b)
{
    return cty_bytes_equal(cty_bytes_make(a->raw.p, a->raw.len), cty_bytes_make(b->raw.p, b->raw.len));
}

static bool judge_dates(struct cty_tls *tls)
{
    uint64_t now_ms = (uint64_t)time(NULL) * 1000;
    char when[CTY_CERTIFICATE_TIME_SIZE];
    if (now_ms > tls->shown.not_after_ms) {
        cty_certificate_time_format(tls->shown.not_after_ms, when);
        snprintf(tls->reason, sizeof(tls->reason), "it ended at %s", when);
        return false;
    }
    if (now_ms < tls->shown.not_before_ms) {
        cty_certificate_time_format(tls->shown.not_before_ms, when);
        snprintf(tls->reason, sizeof(tls->reason), "it begins only at %s", when);
        return false;
    }
    return true;
}

/* The very bytes: neither what the pinned one would have signed, nor one with the same key and other names. */
static uint32_t judge_pinned(struct cty_tls *tls, const mbedtls_x509_crt *shown, int depth)
{
    struct cty_certificate pinned;
    if (depth > 0)
        return 0;
    if (is_same(shown, &tls->setup->trusted))
        return judge_dates(tls) ? 0 : MBEDTLS_X509_BADCERT_EXPIRED;
    cty_mbed_describe(&tls->setup->trusted, &pinned);
    snprintf(tls->reason, sizeof(tls->reason), "it has sha256 %s, pinned is %s", tls->shown.fingerprint_text,
             pinned.fingerprint_text);
    return MBEDTLS_X509_BADCERT_NOT_TRUSTED;
}

static const char *reason_of(uint32_t flags)
{
    if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
        return "no pinned authority signed it";
    if (flags & (MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE))
        return "it is not for servers";
    if (flags & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY))
        return "its key or signature is of a weak kind";
    return "it, or an authority above it, is past its time or not acceptable";
}

static uint32_t judge_signed(struct cty_tls *tls, uint32_t flags, int depth)
{
    if (depth > 0)
        return flags;
    /* Names are ours to judge: mbedTLS 2.28 knows no addresses, and takes the subject where no names are there. */
    flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_CN_MISMATCH;
    if (flags == 0 && !cty_certificate_is_for(&tls->shown, tls->setup->url.host)) {
        snprintf(tls->reason, sizeof(tls->reason), "it is not for %s", tls->setup->url.host);
        return MBEDTLS_X509_BADCERT_CN_MISMATCH;
    }
    return flags;
}

static int judge(void *context, mbedtls_x509_crt *shown, int depth, uint32_t *flags)
{
    struct cty_tls *tls = context;
    if (depth == 0)
        cty_mbed_describe(shown, &tls->shown);
    *flags = tls->setup->is_pinned ? judge_pinned(tls, shown, depth) : judge_signed(tls, *flags, depth);
    if (*flags != 0 && tls->reason[0] == 0 && (depth > 0 || judge_dates(tls)))
        snprintf(tls->reason, sizeof(tls->reason), "%s", reason_of(*flags));
    return 0;
}

/* ---- what mbedTLS reads and writes ---- */

static int give_in(void *context, unsigned char *out, size_t size)
{
    struct cty_tls *tls = context;
    size_t left = tls->in_size - tls->in_from;
    size_t count = left < size ? left : size;
    if (count == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    memcpy(out, tls->in + tls->in_from, count);
    tls->in_from += count;
    if (tls->in_from == tls->in_size)
        tls->in_from = tls->in_size = 0;
    return (int)count;
}

/* All or nothing. Without room the other side doesn't read what it asks for, which no honest one does. */
static int take_out(void *context, const unsigned char *data, size_t size)
{
    struct cty_tls *tls = context;
    pthread_mutex_lock(&tls->out_lock);
    bool room = size <= OUT_BYTES - tls->out_size;
    if (room) {
        memcpy(tls->out + tls->out_size, data, size);
        tls->out_size += size;
    }
    pthread_mutex_unlock(&tls->out_lock);
    return room ? (int)size : MBEDTLS_ERR_SSL_WANT_WRITE;
}

/* ---- life ---- */

custody_err cty_tls_new(struct cty_tls_setup *setup, struct cty_tls **ret_tls)
{
    struct cty_tls *tls = cty_alloc(1, sizeof(*tls));
    if (!tls)
        return CUSTODY_E_NO_MEMORY;
    tls->setup = setup;
    pthread_mutex_init(&tls->lock, NULL);
    pthread_mutex_init(&tls->out_lock, NULL);
    mbedtls_ssl_init(&tls->ssl);
    int result = mbedtls_ssl_setup(&tls->ssl, &setup->config);
    if (result == 0 && setup->url.is_name)
        result = mbedtls_ssl_set_hostname(&tls->ssl, setup->url.host);
    if (result != 0) {
        cty_tls_free(tls);
        return CUSTODY_E_NO_MEMORY;
    }
    mbedtls_ssl_set_bio(&tls->ssl, tls, take_out, give_in, NULL);
    if (!setup->is_door)
        mbedtls_ssl_set_verify(&tls->ssl, judge, tls);
    *ret_tls = tls;
    return CUSTODY_OK;
}

void cty_tls_free(struct cty_tls *tls)
{
    if (!tls)
        return;
    mbedtls_ssl_free(&tls->ssl);
    pthread_mutex_destroy(&tls->lock);
    pthread_mutex_destroy(&tls->out_lock);
    free(tls);
}

/* ---- bytes from the stream ---- */

size_t cty_tls_room(struct cty_tls *tls, uint8_t **ret_room)
{
    pthread_mutex_lock(&tls->lock);
    bool unread = tls->in_size > 0 || mbedtls_ssl_get_bytes_avail(&tls->ssl) > 0;
    size_t room = unread || tls->broken ? 0 : IN_BYTES;
    pthread_mutex_unlock(&tls->lock);
    *ret_room = tls->in;
    return room;
}

void cty_tls_fed(struct cty_tls *tls, size_t size)
{
    pthread_mutex_lock(&tls->lock);
    CTY_CHECK(tls->in_size == 0 && size <= IN_BYTES);
    tls->in_size = size;
    if (!tls->heard && size)
        tls->first = tls->in[0];
    tls->heard |= size > 0;
    pthread_mutex_unlock(&tls->lock);
}

/* Types of TLS records: change cipher, alert, handshake, data. */
static bool speaks_tls(uint8_t first)
{
    return first >= 20 && first <= 23;
}

static custody_err explain_locked(struct cty_tls *tls, int result, custody_error *error)
{
    if (tls->reason[0])
        return cty_fail(error, CUSTODY_E_CERTIFICATE, "%s: %s", tls->setup->url.text, tls->reason);
    /* What a certificate is for, mbedTLS looks at behind our back. */
    if (!tls->setup->is_door && result == MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE)
        return cty_fail(error, CUSTODY_E_CERTIFICATE, "%s: %s", tls->setup->url.text,
                        reason_of(mbedtls_ssl_get_verify_result(&tls->ssl)));
    if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || result == MBEDTLS_ERR_SSL_CONN_EOF)
        return cty_fail(error, CUSTODY_E_UNREACHABLE, "the other side ended the connection");
    if (!tls->ready && tls->heard && !speaks_tls(tls->first))
        return cty_fail(error, CUSTODY_E_TLS, "%s: what answers there speaks no TLS", tls->setup->url.text);
    if (result == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        return cty_fail(error, CUSTODY_E_TLS, "%s: the other side refused the handshake", tls->setup->url.text);
    return cty_mbed_fail(error, CUSTODY_E_TLS, result, "the other side's TLS is not acceptable");
}

static custody_err break_locked(struct cty_tls *tls, int result, custody_error *error)
{
    tls->broken = true;
    if (!tls->ready && tls->setup->is_door && cty_tls_out(tls).size == 0)
        CTY_CHECK(take_out(tls, alert, sizeof(alert)) > 0);
    return explain_locked(tls, result, error);
}

static int read_locked(struct cty_tls *tls, uint8_t *out, size_t size)
{
    int result = tls->ready ? 0 : mbedtls_ssl_handshake(&tls->ssl);
    if (result != 0)
        return result;
    tls->ready = true;
    if (size == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    result = mbedtls_ssl_read(&tls->ssl, out, size);
    /* 0 is the end of the connection, in mbedTLS's words. */
    return result == 0 ? MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY : result;
}

custody_err cty_tls_read(struct cty_tls *tls, uint8_t *out, size_t size, size_t *ret_count, custody_error *error)
{
    custody_err err = CUSTODY_OK;
    pthread_mutex_lock(&tls->lock);
    int result = tls->broken ? MBEDTLS_ERR_SSL_CONN_EOF : read_locked(tls, out, size);
    *ret_count = result > 0 ? (size_t)result : 0;
    if (result < 0 && result != MBEDTLS_ERR_SSL_WANT_READ)
        err = break_locked(tls, result, error);
    pthread_mutex_unlock(&tls->lock);
    return err;
}

bool cty_tls_is_ready(struct cty_tls *tls)
{
    return tls->ready;
}

/* ---- bytes to the stream ---- */

/* The other side may have asked for records smaller than the piece. */
static bool write_locked(struct cty_tls *tls, struct cty_bytes piece)
{
    for (size_t done = 0; done < piece.size;) {
        int result = mbedtls_ssl_write(&tls->ssl, piece.data + done, piece.size - done);
        if (result <= 0)
            return false;
        done += (size_t)result;
    }
    return true;
}

custody_err cty_tls_write(struct cty_tls *tls, struct cty_bytes piece)
{
    CTY_CHECK(piece.size > 0 && piece.size <= CTY_TLS_PIECE_BYTES_MAX);
    pthread_mutex_lock(&tls->lock);
    CTY_CHECK(tls->ready);
    bool whole = !tls->broken && write_locked(tls, piece);
    tls->broken |= !whole;
    pthread_mutex_unlock(&tls->lock);
    return whole ? CUSTODY_OK : CUSTODY_E_UNREACHABLE;
}

struct cty_bytes cty_tls_out(struct cty_tls *tls)
{
    pthread_mutex_lock(&tls->out_lock);
    struct cty_bytes out = cty_bytes_make(tls->out + tls->out_from, tls->out_size - tls->out_from);
    pthread_mutex_unlock(&tls->out_lock);
    return out;
}

/* What was added while this was on its way stands behind it. */
void cty_tls_sent(struct cty_tls *tls, size_t size)
{
    pthread_mutex_lock(&tls->out_lock);
    CTY_CHECK(size <= tls->out_size - tls->out_from);
    tls->out_from += size;
    if (tls->out_from == tls->out_size)
        tls->out_from = tls->out_size = 0;
    pthread_mutex_unlock(&tls->out_lock);
}

void cty_tls_shown(struct cty_tls *tls, uint8_t ret_fingerprint[static CTY_FINGERPRINT_BYTES])
{
    memcpy(ret_fingerprint, tls->shown.fingerprint, CTY_FINGERPRINT_BYTES);
}
