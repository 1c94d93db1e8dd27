/* SPDX-License-Identifier: Apache-2.0 */
/* Trust files: what is accepted is whole, and its witnesses can be asked for. */
#include "audit/trust.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pins(const struct cty_trust *trust)
{
    CTY_CHECK(trust->pins_count <= CTY_TRUST_PINS_MAX);
    for (uint32_t i = 0; i < trust->pins_count; i++) {
        CTY_CHECK(cty_trust_pins_of(trust, trust->pins[i].party) >= 1);
        for (uint32_t k = 0; k < i; k++)
            CTY_CHECK(!cty_bytes_equal(trust->pins[i].vkey, trust->pins[k].vkey));
    }
}

/* Nobody cosigned this note, so no quorum is met. */
static void check_witnessed(const struct cty_trust *trust)
{
    static const char text[] = "custody.example/test\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"
                               "\xe2\x80\x94 other.example/x AQIDBAU=\n";
    static struct cty_note note;
    static struct cty_report report;
    memset(&report, 0, sizeof(report));
    CTY_CHECK(cty_note_parse(cty_bytes_text(text), &note) == CUSTODY_OK);
    cty_trust_witnessed(trust, &note, &report);
    bool asked = cty_witness_policy_asks(&trust->policy);
    CTY_CHECK(report.claims[CTY_CLAIM_WITNESSED].state == (asked ? CTY_CLAIM_FAILS : CTY_CLAIM_NOT_ASKED));
    CTY_CHECK(report.claims[CTY_CLAIM_WITNESSED].required == asked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cty_trust trust;
    custody_error error = {0};
    CTY_CHECK(cty_crypto_init() == CUSTODY_OK);
    custody_err err = cty_trust_parse(cty_bytes_make(data, size), &trust, &error);
    if (err != CUSTODY_OK) {
        CTY_CHECK(err == CUSTODY_E_BAD_TRUST || err == CUSTODY_E_TOO_LARGE);
        CTY_CHECK(trust.text.data == NULL && trust.policy.text.data == NULL);
        return 0;
    }
    CTY_CHECK(cty_key_check(&trust.log_key) == CUSTODY_OK && trust.origin.size > 0);
    check_pins(&trust);
    check_witnessed(&trust);
    cty_trust_done(&trust);
    return 0;
}
