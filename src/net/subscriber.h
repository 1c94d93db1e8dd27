/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hears a publisher: the SUB side of nng's publish-subscribe protocol, for everything that is published.
 * Messages can be lost at any time, without a sign; what is heard is a hint, to be verified and asked for.
 *
 * Thread rule: one thread at a time. What server.h says of nng's threads and of fork holds here too.
 */
#ifndef CTY_NET_SUBSCRIBER_H
#define CTY_NET_SUBSCRIBER_H

#include "base/bytes.h"
#include "base/limits.h"
#include "net/pin.h"

struct cty_net_subscriber;

/*
 * Connects with the first next. `pin`: of a TLS door; copied, may be NULL. `message_max` 0 takes CTY_NOTE_BYTES_MAX.
 * Errors: CONFIG, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_net_subscriber_open(const char *url, const struct cty_net_pin *pin, size_t message_max,
                                                     struct cty_net_subscriber **ret_subscriber,
                                                     custody_error *error);

/*
 * Waits for the next message and puts it into *ret_message, an empty buffer; connects, again and again, where
 * there is no connection. Errors: TIMEOUT, also where nobody is there; TOO_LARGE, CERTIFICATE, TLS (and begins anew
 * with the next call); NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_net_subscriber_next(struct cty_net_subscriber *subscriber, uint64_t timeout_ms,
                                                     struct cty_buf *ret_message, custody_error *error);

/* NULL is nothing. */
void cty_net_subscriber_close(struct cty_net_subscriber *subscriber);

#endif
