/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Envelopes, alone and with the statement in them. What must hold for any input:
 * - what is taken, written again from what was understood, is the same text;
 * - the PAE is that of the payload type and the body, the digest that of the PAE;
 * - a statement that is taken has as many signatures as signers, and its encoding is the body;
 * - a statement that is taken is in an envelope that is taken;
 * - a refusal says why.
 */
#include <stdint.h>

#include "base/check.h"
#include "model/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cty_signed parsed;

static void put_signature(struct cty_jw *jw, const struct cty_envelope_signature *signature)
{
    cty_jw_object(jw);
    cty_jw_name(jw, "keyid");
    cty_jw_hex(jw, cty_bytes_make(signature->keyid, sizeof(signature->keyid)));
    cty_jw_name(jw, "sig");
    cty_jw_base64(jw, cty_bytes_make(signature->signature.bytes, CTY_SIGNATURE_SIZE));
    cty_jw_object_end(jw);
}

static void put_envelope(struct cty_buf *out)
{
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "payload");
    cty_jw_base64(&jw, parsed.body);
    cty_jw_name(&jw, "payloadType");
    cty_jw_string(&jw, parsed.payload_type);
    cty_jw_name(&jw, "signatures");
    cty_jw_array(&jw);
    for (uint32_t i = 0; i < parsed.signatures_count; i++)
        put_signature(&jw, &parsed.signatures[i]);
    cty_jw_array_end(&jw);
    cty_jw_object_end(&jw);
    CTY_CHECK(cty_jw_end(&jw) == CUSTODY_OK);
}

static void check_envelope(struct cty_bytes text, struct cty_buf *scratch)
{
    cty_buf_clear(scratch);
    put_envelope(scratch);
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(scratch), text));
    cty_buf_clear(scratch);
    CTY_CHECK(cty_pae(parsed.payload_type, parsed.body, scratch) == CUSTODY_OK);
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(scratch), cty_buf_bytes(&parsed.pae)));
    struct cty_hash digest = cty_sha256(cty_buf_bytes(scratch));
    CTY_CHECK(cty_hash_equal(&digest, &parsed.digest));
}

static void check_statement(struct cty_buf *scratch)
{
    CTY_CHECK(parsed.signatures_count == parsed.statement.signers_count);
    cty_buf_clear(scratch);
    CTY_CHECK(cty_statement_encode(&parsed.statement, scratch) == CUSTODY_OK);
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(scratch), parsed.body));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cty_bytes text = cty_bytes_make(data, size);
    struct cty_buf scratch = CTY_BUF_INIT(SIZE_MAX / 2);
    custody_error error = {0};
    custody_err err = cty_envelope_parse(text, &parsed, &error);
    CTY_CHECK(err == CUSTODY_OK || (error.code == err && error.detail[0]));
    if (err == CUSTODY_OK)
        check_envelope(text, &scratch);
    error.code = CUSTODY_OK;
    custody_err whole = cty_signed_parse(text, &parsed, &error);
    CTY_CHECK(whole == CUSTODY_OK || (error.code == whole && error.detail[0]));
    CTY_CHECK(err == CUSTODY_OK || whole == err);
    if (whole == CUSTODY_OK)
        check_statement(&scratch);
    cty_buf_done(&scratch);
    return 0;
}
