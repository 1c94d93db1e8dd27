/* SPDX-License-Identifier: Apache-2.0 */
#include "net/certificate.h"

#include <arpa/inet.h>
#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <time.h>

#include "base/check.h"
#include "net/mbed.h"
#include "net/url.h"

#define SERIAL_BYTES 16u
/* Names and addresses with their heads, of the longest certificate that is made here. */
#define NAMES_BYTES_MAX (CTY_CERTIFICATE_HOSTS_MAX * (CTY_URL_BYTES_MAX + 4u) + 8u)

/* GeneralName of RFC 5280, section 4.2.1.6: context-specific tags. */
#define TAG_DNS 0x82u
#define TAG_ADDRESS 0x87u
#define TAG_SEQUENCE 0x30u

/* ---- names ---- */

static size_t put_name(uint8_t tag, const void *value, size_t size, uint8_t *out)
{
    out[0] = tag;
    out[1] = (uint8_t)size;
    memcpy(out + 2, value, size);
    return size + 2;
}

/* One name or address in its DER form at `out`; 0 where it is neither. */
static size_t put_host(const char *host, uint8_t *out)
{
    uint8_t address[16];
    if (inet_pton(AF_INET, host, address) == 1)
        return put_name(TAG_ADDRESS, address, 4, out);
    if (inet_pton(AF_INET6, host, address) == 1)
        return put_name(TAG_ADDRESS, address, 16, out);
    if (!cty_net_name_is_host(cty_bytes_text(host)))
        return 0;
    return put_name(TAG_DNS, host, strlen(host), out);
}

/* The extension's value: a sequence of them, its length in two bytes always, as DER has it from 256 on. */
static custody_err put_hosts(const struct cty_certificate_order *order, uint8_t *out, size_t *ret_size,
                             custody_error *error)
{
    uint8_t names[NAMES_BYTES_MAX];
    size_t size = 0;
    for (size_t i = 0; i < order->hosts_count; i++) {
        size_t one = put_host(order->hosts[i], names + size);
        if (one == 0)
            return cty_fail(error, CUSTODY_E_USAGE, "neither an address nor a name in lower case: %s", order->hosts[i]);
        size += one;
    }
    size_t head = 0;
    out[head++] = TAG_SEQUENCE;
    if (size >= 256) {
        out[head++] = 0x82;
        out[head++] = (uint8_t)(size >> 8);
    } else if (size >= 128) {
        out[head++] = 0x81;
    }
    out[head++] = (uint8_t)(size & 0xff);
    memcpy(out + head, names, size);
    *ret_size = head + size;
    return CUSTODY_OK;
}

/* ---- making ---- */

static int set_names(mbedtls_x509write_cert *writer, const char *host)
{
    char name[80];
    /* Who verifies reads the names above; this one is for people, and holds 64 characters at most. */
    snprintf(name, sizeof(name), "CN=%s", strlen(host) <= 64 && !strchr(host, ':') ? host : "custodyd");
    int result = mbedtls_x509write_crt_set_subject_name(writer, name);
    return result ? result : mbedtls_x509write_crt_set_issuer_name(writer, name);
}

static int set_serial(mbedtls_x509write_cert *writer)
{
    uint8_t bytes[SERIAL_BYTES];
    mbedtls_mpi serial;
    mbedtls_mpi_init(&serial);
    int result = cty_mbed_random(NULL, bytes, sizeof(bytes));
    /* Positive, and never shorter than the rest. */
    bytes[0] = (uint8_t)((bytes[0] & 0x3fu) | 0x40u);
    if (result == 0)
        result = mbedtls_mpi_read_binary(&serial, bytes, sizeof(bytes));
    if (result == 0)
        result = mbedtls_x509write_crt_set_serial(writer, &serial);
    mbedtls_mpi_free(&serial);
    return result;
}

static int set_times(mbedtls_x509write_cert *writer, const struct cty_certificate_order *order)
{
    char text[2][32];
    const uint64_t times[2] = {order->not_before_ms, order->not_after_ms};
    for (size_t i = 0; i < 2; i++) {
        time_t seconds = (time_t)(times[i] / 1000);
        struct tm parts;
        gmtime_r(&seconds, &parts);
        strftime(text[i], sizeof(text[i]), "%Y%m%d%H%M%S", &parts);
    }
    return mbedtls_x509write_crt_set_validity(writer, text[0], text[1]);
}

/* A key of its own, for servers, that signs no certificates. */
static int set_uses(mbedtls_x509write_cert *writer)
{
    static const uint8_t server_auth[] = {TAG_SEQUENCE, 10, 0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1};
    int result = mbedtls_x509write_crt_set_basic_constraints(writer, 0, -1);
    if (result == 0)
        result = mbedtls_x509write_crt_set_key_usage(writer, MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
    if (result == 0)
        result = mbedtls_x509write_crt_set_extension(writer, MBEDTLS_OID_EXTENDED_KEY_USAGE,
                                                     MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), 0, server_auth,
                                                     sizeof(server_auth));
    return result;
}

static int make_key(mbedtls_pk_context *key)
{
    int result = mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    return result ? result
                  : mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key), cty_mbed_random, NULL);
}

static int set_all(mbedtls_x509write_cert *writer, mbedtls_pk_context *key, const struct cty_certificate_order *order,
                   struct cty_bytes names)
{
    mbedtls_x509write_crt_set_version(writer, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(writer, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(writer, key);
    mbedtls_x509write_crt_set_issuer_key(writer, key);
    int result = set_names(writer, order->hosts[0]);
    if (result == 0)
        result = set_serial(writer);
    if (result == 0)
        result = set_times(writer, order);
    if (result == 0)
        result = set_uses(writer);
    if (result == 0)
        result = mbedtls_x509write_crt_set_extension(writer, MBEDTLS_OID_SUBJECT_ALT_NAME,
                                                     MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0, names.data,
                                                     names.size);
    return result;
}

static custody_err write_both(mbedtls_x509write_cert *writer, mbedtls_pk_context *key, struct cty_buf *certificate,
                              struct cty_buf *key_out, custody_error *error)
{
    unsigned char text[CTY_CERTIFICATE_BYTES_MAX];
    int result = mbedtls_x509write_crt_pem(writer, text, sizeof(text), cty_mbed_random, NULL);
    if (result == 0 && cty_buf_put_text(certificate, (const char *)text) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "the certificate");
    if (result == 0)
        result = mbedtls_pk_write_key_pem(key, text, sizeof(text));
    custody_err err = result == 0 ? cty_buf_put_text(key_out, (const char *)text) : CUSTODY_OK;
    explicit_bzero(text, sizeof(text));
    if (result != 0)
        return cty_mbed_fail(error, CUSTODY_E_INTERNAL, result, "writing the certificate");
    return cty_fail_code(error, err);
}

static custody_err check_order(const struct cty_certificate_order *order, custody_error *error)
{
    if (order->hosts_count == 0 || order->hosts_count > CTY_CERTIFICATE_HOSTS_MAX)
        return cty_fail(error, CUSTODY_E_USAGE, "a certificate is for 1 to %u hosts", CTY_CERTIFICATE_HOSTS_MAX);
    if (order->not_after_ms / 1000 <= order->not_before_ms / 1000)
        return cty_fail(error, CUSTODY_E_USAGE, "the certificate would end before it begins");
    return CUSTODY_OK;
}

custody_err cty_certificate_make(const struct cty_certificate_order *order, struct cty_buf *certificate,
                                 struct cty_buf *key, custody_error *error)
{
    uint8_t names[NAMES_BYTES_MAX];
    size_t names_size = 0;
    mbedtls_x509write_cert writer;
    mbedtls_pk_context pair;
    CTY_TRY(check_order(order, error));
    CTY_TRY(put_hosts(order, names, &names_size, error));
    mbedtls_x509write_crt_init(&writer);
    mbedtls_pk_init(&pair);
    int result = make_key(&pair);
    if (result == 0)
        result = set_all(&writer, &pair, order, cty_bytes_make(names, names_size));
    custody_err err = result ? cty_mbed_fail(error, CUSTODY_E_INTERNAL, result, "making the certificate")
                             : write_both(&writer, &pair, certificate, key, error);
    mbedtls_x509write_crt_free(&writer);
    mbedtls_pk_free(&pair);
    return err;
}

/* ---- reading ---- */

static uint64_t time_ms(const mbedtls_x509_time *time)
{
    struct tm parts = {.tm_year = time->year - 1900, .tm_mon = time->mon - 1, .tm_mday = time->day,
                       .tm_hour = time->hour, .tm_min = time->min, .tm_sec = time->sec};
    time_t seconds = timegm(&parts);
    return seconds < 0 ? 0 : (uint64_t)seconds * 1000;
}

/* A name that is no host name (a wildcard, a mail address) is left out: nobody can dial it. */
static bool describe_host(const mbedtls_x509_buf *from, char ret_host[static CTY_URL_BYTES_MAX + 1])
{
    if (from->tag == (int)TAG_ADDRESS && (from->len == 4 || from->len == 16))
        return inet_ntop(from->len == 4 ? AF_INET : AF_INET6, from->p, ret_host, CTY_URL_BYTES_MAX + 1) != NULL;
    if (from->tag != (int)TAG_DNS || !cty_net_name_is_host(cty_bytes_make(from->p, from->len)))
        return false;
    memcpy(ret_host, from->p, from->len);
    ret_host[from->len] = 0;
    return true;
}

static void describe_hosts(const mbedtls_x509_crt *from, struct cty_certificate *certificate)
{
    for (const mbedtls_x509_sequence *at = &from->subject_alt_names; at && at->buf.p; at = at->next) {
        if (certificate->hosts_count == CTY_CERTIFICATE_HOSTS_MAX)
            return;
        if (describe_host(&at->buf, certificate->hosts[certificate->hosts_count]))
            certificate->hosts_count++;
    }
}

void cty_mbed_describe(const mbedtls_x509_crt *from, struct cty_certificate *ret_certificate)
{
    static const char digits[] = "0123456789abcdef";
    memset(ret_certificate, 0, sizeof(*ret_certificate));
    CTY_CHECK(mbedtls_sha256_ret(from->raw.p, from->raw.len, ret_certificate->fingerprint, 0) == 0);
    for (size_t i = 0; i < CTY_FINGERPRINT_BYTES; i++) {
        ret_certificate->fingerprint_text[2 * i] = digits[ret_certificate->fingerprint[i] >> 4];
        ret_certificate->fingerprint_text[2 * i + 1] = digits[ret_certificate->fingerprint[i] & 15];
    }
    describe_hosts(from, ret_certificate);
    ret_certificate->not_before_ms = time_ms(&from->valid_from);
    ret_certificate->not_after_ms = time_ms(&from->valid_to);
    ret_certificate->self_signed = cty_bytes_equal(cty_bytes_make(from->issuer_raw.p, from->issuer_raw.len),
                                                   cty_bytes_make(from->subject_raw.p, from->subject_raw.len));
    ret_certificate->may_sign = from->ca_istrue != 0;
}

custody_err cty_certificate_read(struct cty_bytes pem, struct cty_certificate *ret_certificate, custody_error *error)
{
    mbedtls_x509_crt chain;
    mbedtls_x509_crt_init(&chain);
    custody_err err = cty_mbed_read(pem, &chain, error);
    if (err == CUSTODY_OK)
        cty_mbed_describe(&chain, ret_certificate);
    mbedtls_x509_crt_free(&chain);
    return err;
}

bool cty_certificate_is_for(const struct cty_certificate *certificate, const char *host)
{
    for (size_t i = 0; i < certificate->hosts_count; i++) {
        if (strcmp(certificate->hosts[i], host) == 0)
            return true;
    }
    return false;
}

void cty_certificate_time_format(uint64_t time_ms_, char ret_text[static CTY_CERTIFICATE_TIME_SIZE])
{
    time_t seconds = (time_t)(time_ms_ / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(ret_text, CTY_CERTIFICATE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts);
}
