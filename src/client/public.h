/* SPDX-License-Identifier: Apache-2.0 */
/* Behind the public API: what its opaque types are. Nothing outside src/client includes it. */
#ifndef CTY_CLIENT_PUBLIC_H
#define CTY_CLIENT_PUBLIC_H

#include <custody/custody.h>

#include "client/agent.h"

struct custody_key {
    struct cty_secret *secret;
    char *name;
};

struct custody_client {
    struct cty_client *client;
    struct cty_trust trust;
};

/* Copies what a decision shows. Errors: NO_MEMORY, TOO_LARGE. */
CUSTODY_MUST_USE custody_err cty_decision_new(const struct cty_client *client, const struct cty_judgement *judgement,
                                              custody_decision **ret_decision);

static inline struct cty_bytes cty_bytes_in(custody_bytes bytes)
{
    return bytes.size ? cty_bytes_make(bytes.data, bytes.size) : cty_bytes_make(NULL, 0);
}

static inline custody_bytes cty_bytes_out(struct cty_bytes bytes)
{
    return (custody_bytes){bytes.data, bytes.size};
}

#endif
