/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The doors of a witness: C2SP's over HTTP, and the same by nng (spec/witness.md, "Doors"). They know nothing of what they
 * carry. The witness is borrowed until they are closed. Thread rule: open and close from one thread.
 */
#ifndef CTY_WITNESS_DOORS_H
#define CTY_WITNESS_DOORS_H

#include "net/http.h"
#include "net/server.h"
#include "witness/witness.h"

struct cty_witness_http;

/* Listens at an address in numbers, this machine's or any. Errors: CONFIG, BUSY the port is taken, IO, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_witness_http_open(struct cty_witness *witness, const char *url,
                                                   struct cty_witness_http **ret_door, custody_error *error);
/* With the true port. Borrowed. */
const char *cty_witness_http_url(const struct cty_witness_http *door);
/* Takes NULL. */
void cty_witness_http_close(struct cty_witness_http *door);

struct cty_witness_nng;

/* `config` as in net/server.h, its addresses, certificate and connections; newcomers replace whom nobody vouched for. Errors: those of cty_net_server_open. */
CUSTODY_MUST_USE custody_err cty_witness_nng_open(struct cty_witness *witness, const struct cty_net_server_config *config,
                                                  struct cty_witness_nng **ret_door, custody_error *error);
/* Borrowed; NULL beyond the last. */
const char *cty_witness_nng_url(const struct cty_witness_nng *door, size_t index);
/* Takes NULL. */
void cty_witness_nng_close(struct cty_witness_nng *door);

#endif
