/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS 1.2 as a filter between a connection's bytes and ours: no sockets, no nng. mbedTLS does the work.
 *
 *     from the stream --room, fed--> [      ] --read--> plain bytes
 *     to the stream   <--out, sent-- [ TLS  ] <--write-- plain bytes
 *
 * Not nng's own TLS stream: giving up one of its reads ends the connection, it calls bytes written that are not,
 * and it doesn't tell what is wrong with a certificate (spec/decisions/0007).
 *
 * Who dials accepts exactly what is pinned: one certificate, byte for byte, or those that a pinned authority signed
 * for the host that was dialled. Dates count in both. Doors ask for no certificate: sessions say who is there.
 *
 * Thread rule: a setup may serve several connections at once; of one connection, one thread may read (room, fed,
 * read) while another writes (write, out, sent). What `out` gave stays where it is until it is `sent`.
 */
#ifndef CTY_NET_TLS_H
#define CTY_NET_TLS_H

#include "net/certificate.h"
#include "net/pin.h"
#include "net/url.h"

/* What one write takes at most, and what a handshake may send without an answer. */
#define CTY_TLS_PIECE_BYTES_MAX 16384u

struct cty_tls_setup;
struct cty_tls;

/*
 * A door's certificate, with its chain, and its key, as PEM; copied. Errors: CERTIFICATE, CONFIG the key is none or
 * another's, TOO_LARGE, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_tls_setup_door(struct cty_bytes certificate, struct cty_bytes key,
                                                struct cty_tls_setup **ret_setup, custody_error *error);

/* Of one connection to `url`. Errors: CERTIFICATE nothing is pinned, or no certificate; TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_tls_setup_dial(const struct cty_net_pin *pin, const struct cty_net_url *url,
                                                struct cty_tls_setup **ret_setup, custody_error *error);
/* After all its connections. NULL is nothing. */
void cty_tls_setup_free(struct cty_tls_setup *setup);

/* `setup` is borrowed. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_tls_new(struct cty_tls_setup *setup, struct cty_tls **ret_tls);
/* NULL is nothing. */
void cty_tls_free(struct cty_tls *tls);

/* Where the next bytes from the stream go; size 0 while earlier ones are not read. Borrowed until fed. */
size_t cty_tls_room(struct cty_tls *tls, uint8_t **ret_room);
void cty_tls_fed(struct cty_tls *tls, size_t size);

/*
 * Goes on with the handshake, then gives plain bytes, at most `size` (0: the handshake only); *ret_count is 0 where
 * more must come from the stream first. Look at `out` afterwards, after errors too: the other side is told why.
 * Errors, after which only `out` and `sent` may be called: CERTIFICATE; TLS the other side speaks none, or not as we
 * do; UNREACHABLE it said goodbye; NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_tls_read(struct cty_tls *tls, uint8_t *out, size_t size, size_t *ret_count,
                                          custody_error *error);

/* Whether the handshake is over: only then may be written. */
bool cty_tls_is_ready(struct cty_tls *tls);

/* Takes a piece, at most CTY_TLS_PIECE_BYTES_MAX, once what was written before is out. Errors: UNREACHABLE. */
CUSTODY_MUST_USE custody_err cty_tls_write(struct cty_tls *tls, struct cty_bytes piece);

/* What is to go to the stream; empty where there is nothing. */
struct cty_bytes cty_tls_out(struct cty_tls *tls);
void cty_tls_sent(struct cty_tls *tls, size_t size);

/* Of who dialled, once it is ready: the certificate that the door showed, and that was accepted. */
void cty_tls_shown(struct cty_tls *tls, uint8_t ret_fingerprint[static CTY_FINGERPRINT_BYTES]);

#endif
