/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that use mbedTLS share; nothing else includes it. */
#ifndef CTY_NET_MBED_H
#define CTY_NET_MBED_H

#include <mbedtls/x509_crt.h>

#include "net/certificate.h"

/* Random bytes of the kernel, as mbedTLS asks for them. */
int cty_mbed_random(void *context, unsigned char *out, size_t size);

/* The detail says `what` and mbedTLS's own number. Errors: NO_MEMORY where that was it, else `code`. */
custody_err cty_mbed_fail(custody_error *error, custody_err code, int result, const char *what);

/* Adds the certificates of a PEM text to `chain`; the text is copied. Errors: CERTIFICATE, TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_mbed_read(struct cty_bytes pem, mbedtls_x509_crt *chain, custody_error *error);

/* Reads a private key and tries it once. Errors: CONFIG it is none or not of the certificate, TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_mbed_read_key(struct cty_bytes pem, mbedtls_x509_crt *certificate,
                                               mbedtls_pk_context *key, custody_error *error);

void cty_mbed_describe(const mbedtls_x509_crt *from, struct cty_certificate *ret_certificate);

#endif
