/* SPDX-License-Identifier: Apache-2.0 */
/* --certificate FILE and --authority FILE: what the door at --url is known by. Thread rule: one thread. */
#ifndef CTY_CLI_DOOR_PIN_H
#define CTY_CLI_DOOR_PIN_H

#include "cli/cli.h"
#include "cli/trust_file.h"
#include "net/certificate.h"
#include "net/url.h"

struct cty_door_pin {
    bool given;
    struct cty_net_url url;
    struct cty_buf pem;
    /* Borrows from the two above. */
    struct cty_trust_file_door door;
};

/* Rows of a command's options. */
#define CTY_DOOR_PIN_OPTIONS                                                                           \
    {"certificate", 0, CTY_OPT_TEXT, "FILE", "pin this very certificate for the TLS door at --url (PEM)"},            \
    {"authority", 0, CTY_OPT_TEXT, "FILE", "pin who may sign certificates for the host in --url (PEM)"}

/*
 * What the command line pins; `given` false where it pins nothing. cty_door_pin_done after errors too.
 * Errors: USAGE both, or no TLS door at --url; CERTIFICATE it is none; NOT_FOUND, IO, TOO_LARGE.
 */
CUSTODY_MUST_USE custody_err cty_door_pin_read(struct cty_cli *cli, struct cty_door_pin *ret_pin);
void cty_door_pin_done(struct cty_door_pin *pin);

/* The lines, or members, of a certificate. */
CUSTODY_MUST_USE custody_err cty_put_certificate(struct cty_buf *out, const struct cty_certificate *certificate);
void cty_member_certificate(struct cty_jw *jw, const struct cty_certificate *certificate);

#endif
