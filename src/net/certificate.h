/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of TLS doors: made, read and checked as PEM text. X.509 itself is mbedTLS's.
 *
 * A door's certificate needs no authority: who dials pins it whole (net/tls.h). So the one that is made here is
 * signed by its own key, is for a server, and may sign no other certificate.
 *
 * Thread rule: any thread. Owns nothing but what it appends to the buffers given.
 */
#ifndef CTY_NET_CERTIFICATE_H
#define CTY_NET_CERTIFICATE_H

#include "base/bytes.h"
#include "base/limits.h"

#define CTY_FINGERPRINT_BYTES 32u
#define CTY_FINGERPRINT_TEXT_SIZE 65u

struct cty_certificate {
    /* SHA-256 of the whole certificate (DER), and the same in lower-case hex. */
    uint8_t fingerprint[CTY_FINGERPRINT_BYTES];
    char fingerprint_text[CTY_FINGERPRINT_TEXT_SIZE];
    /* Names and addresses that it is for (subjectAltName), the first CTY_CERTIFICATE_HOSTS_MAX of them. */
    char hosts[CTY_CERTIFICATE_HOSTS_MAX][CTY_URL_BYTES_MAX + 1];
    size_t hosts_count;
    /* Milliseconds since 1970. */
    uint64_t not_before_ms;
    uint64_t not_after_ms;
    bool self_signed;
    bool may_sign;
};

struct cty_certificate_order {
    /* Names as cty_net_name_is_host has them, and addresses without brackets; 1 to CTY_CERTIFICATE_HOSTS_MAX. */
    const char *const *hosts;
    size_t hosts_count;
    /* Milliseconds since 1970; both are cut to whole seconds. */
    uint64_t not_before_ms;
    uint64_t not_after_ms;
};

/*
 * Makes a key pair (ECDSA on P-256) and a certificate signed by it, as PEM. The caller wipes *key.
 * Errors: USAGE a host is neither a name nor an address, too many, or no time between the two; TOO_LARGE,
 * NO_MEMORY, INTERNAL.
 */
CUSTODY_MUST_USE custody_err cty_certificate_make(const struct cty_certificate_order *order, struct cty_buf *certificate,
                                                  struct cty_buf *key, custody_error *error);

/* Reads the first certificate of a PEM text. Errors: CERTIFICATE it is none, TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_certificate_read(struct cty_bytes pem, struct cty_certificate *ret_certificate,
                                                  custody_error *error);

/* Whether the certificate names that host, a name or an address without brackets; no wildcards. */
bool cty_certificate_is_for(const struct cty_certificate *certificate, const char *host);

/* "2026-11-22T12:00:00Z". */
#define CTY_CERTIFICATE_TIME_SIZE 24u
void cty_certificate_time_format(uint64_t time_ms, char ret_text[static CTY_CERTIFICATE_TIME_SIZE]);

#endif
