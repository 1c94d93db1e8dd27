/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates in PEM, as a stranger's door or a file shows them. What must hold: no more hosts than there is room for,
 * each with an end; a fingerprint that is written as it is; what is refused is refused as a certificate.
 */
#include <stdint.h>

#include "base/check.h"
#include "net/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cty_certificate certificate;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    custody_error error = {0};
    char time[CTY_CERTIFICATE_TIME_SIZE];
    memset(&certificate, 0xa5, sizeof(certificate));
    custody_err err = cty_certificate_read(cty_bytes_make(data, size), &certificate, &error);
    if (err != CUSTODY_OK) {
        CTY_CHECK(err == CUSTODY_E_CERTIFICATE || err == CUSTODY_E_TOO_LARGE);
        CTY_CHECK(error.code == err);
        return 0;
    }
    CTY_CHECK(certificate.hosts_count <= CTY_CERTIFICATE_HOSTS_MAX);
    for (size_t i = 0; i < certificate.hosts_count; i++) {
        CTY_CHECK(memchr(certificate.hosts[i], 0, sizeof(certificate.hosts[i])) != NULL);
        CTY_CHECK(cty_certificate_is_for(&certificate, certificate.hosts[i]));
    }
    CTY_CHECK(strlen(certificate.fingerprint_text) == CTY_FINGERPRINT_TEXT_SIZE - 1);
    cty_certificate_time_format(certificate.not_before_ms, time);
    cty_certificate_time_format(certificate.not_after_ms, time);
    return 0;
}
