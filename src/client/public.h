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

/* Handoffs, questions and consent of a case, as a decision shows them. Owns what its texts point to. */
struct cty_public_map {
    custody_hop *hops;
    size_t hops_count;
    custody_question *questions;
    size_t questions_count;
    custody_scope scope;
    custody_consent_state consent;
    int finalised;
    void **owned; /* texts and contents */
    size_t owned_count;
};
void cty_public_map_done(struct cty_public_map *map);
/* Errors: NO_MEMORY, those of cty_handoffs_read. */
CUSTODY_MUST_USE custody_err cty_public_map_read(const struct cty_judgement *judgement, uint64_t now,
                                                 struct cty_public_map *ret_map);

static inline struct cty_hash cty_hash_in(const uint8_t bytes[CTY_HASH_SIZE])
{
    struct cty_hash hash;
    memcpy(hash.bytes, bytes, sizeof(hash.bytes));
    return hash;
}

/* Makes a decision of a judgement, and frees that. */
CUSTODY_MUST_USE custody_err cty_decision_give(custody_client *client, struct cty_judgement *judgement,
                                               custody_decision **ret_decision, custody_error *error);
/* The names of a list. Errors: TOO_LARGE. */
CUSTODY_MUST_USE custody_err cty_names_in(const char *const *names, size_t count, size_t most, const char *what,
                                          struct cty_names *ret_names, custody_error *error);

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
