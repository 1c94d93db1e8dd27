/* SPDX-License-Identifier: Apache-2.0 */
/* What who dials a TLS door takes for granted of it. Thread rule: pure. */
#ifndef CTY_NET_PIN_H
#define CTY_NET_PIN_H

#include "base/bytes.h"

/* PEM texts, borrowed, one of the two: the door's very certificate, or those who may sign one for its host. */
struct cty_net_pin {
    struct cty_bytes certificate;
    struct cty_bytes authority;
};

/* A copy that owns its texts; cty_net_pin_done. `pin` may be NULL. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_net_pin_dup(const struct cty_net_pin *pin, struct cty_net_pin *ret_pin);
void cty_net_pin_done(struct cty_net_pin *pin);

#endif
