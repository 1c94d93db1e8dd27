/* SPDX-License-Identifier: Apache-2.0 */
#include "net/pin.h"

#include <stdlib.h>

static custody_err dup(struct cty_bytes from, struct cty_bytes *ret_to)
{
    if (from.size == 0)
        return CUSTODY_OK;
    char *copy = cty_bytes_dup_text(from);
    *ret_to = cty_bytes_make(copy, copy ? from.size : 0);
    return copy ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

custody_err cty_net_pin_dup(const struct cty_net_pin *pin, struct cty_net_pin *ret_pin)
{
    *ret_pin = (struct cty_net_pin){0};
    if (!pin)
        return CUSTODY_OK;
    custody_err err = dup(pin->certificate, &ret_pin->certificate);
    if (err == CUSTODY_OK)
        err = dup(pin->authority, &ret_pin->authority);
    if (err != CUSTODY_OK)
        cty_net_pin_done(ret_pin);
    return err;
}

void cty_net_pin_done(struct cty_net_pin *pin)
{
    free((void *)(uintptr_t)pin->certificate.data);
    free((void *)(uintptr_t)pin->authority.data);
    *pin = (struct cty_net_pin){0};
}
