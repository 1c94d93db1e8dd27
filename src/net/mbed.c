/* SPDX-License-Identifier: Apache-2.0 */
#include "net/mbed.h"

#include <errno.h>
#include <mbedtls/pk.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/check.h"

int cty_mbed_random(void *context, unsigned char *out, size_t size)
{
    (void)context;
    for (size_t done = 0; done < size;) {
        ssize_t got = getrandom(out + done, size - done, 0);
        if (got < 0 && errno != EINTR)
            return MBEDTLS_ERR_PK_ALLOC_FAILED;
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

static bool ran_out_of_memory(int result)
{
    switch (-(-result & 0x7f80)) {
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case MBEDTLS_ERR_PK_ALLOC_FAILED:
    case -0x7f00: /* of the TLS part */
        return true;
    default:
        return (-result & 0x7f) == 0x10 && (-result & 0x7f80) == 0; /* of big numbers */
    }
}

custody_err cty_mbed_fail(custody_error *error, custody_err code, int result, const char *what)
{
    custody_err err = ran_out_of_memory(result) ? CUSTODY_E_NO_MEMORY : code;
    return cty_fail(error, err, "%s (mbedTLS -0x%04x)", what, (unsigned)-result);
}

/* mbedTLS takes PEM with its final NUL only. The caller wipes and frees. */
static custody_err dup_pem(struct cty_bytes pem, const char *what, char **ret_text, custody_error *error)
{
    if (pem.size > CTY_CERTIFICATE_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "%s: %zu bytes, %u at most", what, pem.size,
                        CTY_CERTIFICATE_BYTES_MAX);
    *ret_text = cty_bytes_dup_text(pem);
    return *ret_text ? CUSTODY_OK : cty_fail(error, CUSTODY_E_NO_MEMORY, "%s", what);
}

custody_err cty_mbed_read(struct cty_bytes pem, mbedtls_x509_crt *chain, custody_error *error)
{
    CTY_AUTO_FREE char *text = NULL;
    CTY_TRY(dup_pem(pem, "the certificate", &text, error));
    if (!strstr(text, "-----BEGIN CERTIFICATE-----"))
        return cty_fail(error, CUSTODY_E_CERTIFICATE, "it is no certificate in PEM form");
    int result = mbedtls_x509_crt_parse(chain, (const unsigned char *)text, pem.size + 1);
    if (result > 0)
        return cty_fail(error, CUSTODY_E_CERTIFICATE, "%d of its certificates can't be read", result);
    return result ? cty_mbed_fail(error, CUSTODY_E_CERTIFICATE, result, "it is no certificate") : CUSTODY_OK;
}

/*
 * Signs something with the key and verifies it with the certificate: they belong together. The first use of a key
 * also fills tables in it, which no thread may see half-made: from here on it is only read.
 */
static bool is_pair(mbedtls_x509_crt *certificate, mbedtls_pk_context *key)
{
    static const uint8_t hash[32] = {1};
    unsigned char signature[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
    size_t size = 0;
    return mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, hash, sizeof(hash), signature, &size, cty_mbed_random, NULL) == 0 &&
           mbedtls_pk_verify(&certificate->pk, MBEDTLS_MD_SHA256, hash, sizeof(hash), signature, size) == 0;
}

custody_err cty_mbed_read_key(struct cty_bytes pem, mbedtls_x509_crt *certificate, mbedtls_pk_context *key,
                              custody_error *error)
{
    char *text = NULL;
    CTY_TRY(dup_pem(pem, "the certificate's key", &text, error));
    int result = mbedtls_pk_parse_key(key, (const unsigned char *)text, pem.size + 1, NULL, 0);
    explicit_bzero(text, pem.size);
    free(text);
    if (result == MBEDTLS_ERR_PK_PASSWORD_REQUIRED || result == MBEDTLS_ERR_PK_PASSWORD_MISMATCH)
        return cty_fail(error, CUSTODY_E_CONFIG, "the certificate's key has a passphrase; write it without one");
    if (result != 0)
        return cty_mbed_fail(error, CUSTODY_E_CONFIG, result, "the certificate's key is no private key in PEM form");
    if (!is_pair(certificate, key))
        return cty_fail(error, CUSTODY_E_CONFIG, "the key is not the certificate's");
    return CUSTODY_OK;
}
