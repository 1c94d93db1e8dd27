/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a custodian's TLS doors are known by (spec/custodyd.md, "TLS"): the certificate, its key, and the addresses
 * under which they are dialled. And whether an address that a reader dialled is one of this custodian's.
 *
 * Owns its texts; the key is wiped when it is no longer needed. Thread rule: constant once the doors are open.
 */
#ifndef CTY_DAEMON_DOORS_H
#define CTY_DAEMON_DOORS_H

#include "daemon/config.h"
#include "net/certificate.h"
#include "net/server.h"

struct cty_doors {
    bool has_certificate;
    struct cty_certificate certificate;
    struct cty_buf pem;
    struct cty_buf key;
    /* Addresses of TLS doors as they are dialled, in their one spelling. */
    char names[CTY_URLS_PER_DOOR_MAX][CTY_URL_BYTES_MAX + 1];
    size_t names_count;
};

/*
 * Reads certificate and key, where the configuration names them, and tries whether they belong together. A zeroed
 * cty_doors may be given; cty_doors_done after errors too. Errors: CONFIG one of the two is missing, or both are and
 * there is a TLS door, or they are of no use; KEY_FILE_OPEN others can read the key; NOT_FOUND, IO, TOO_LARGE,
 * NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_doors_read(const struct cty_config *config, struct cty_doors *ret_doors,
                                            custody_error *error);
/* Whether the certificate's time is over or not come; says which. Warnings only: clients refuse it, we don't. */
bool cty_doors_is_out_of_date(const struct cty_doors *doors, uint64_t now_ms, char ret_words[static 64]);
/* Wipes the key: the doors are open, and hold their own. */
void cty_doors_forget_key(struct cty_doors *doors);
void cty_doors_done(struct cty_doors *doors);

/*
 * Whether an address that somebody dialled is of one of these doors; over TLS, what it showed has to be this
 * certificate. Errors: BAD_SESSION.
 */
CUSTODY_MUST_USE custody_err cty_doors_check(const struct cty_doors *doors, const struct cty_net_server *server,
                                             struct cty_bytes dialled, const uint8_t *fingerprint,
                                             custody_error *error);

#endif
