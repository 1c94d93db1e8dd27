/* SPDX-License-Identifier: Apache-2.0 */
/* Trust files: what a verifier takes for granted (spec/evidence.md, "Trust files"). */
#ifndef CTY_AUDIT_TRUST_H
#define CTY_AUDIT_TRUST_H

#include "audit/report.h"
#include "ledger/policy.h"
#include "model/statement.h"

#define CTY_TRUST_BYTES_MAX (1024u * 1024u)
#define CTY_TRUST_PINS_MAX 64
#define CTY_TRUST_DOORS_MAX 16

struct cty_trust_pin {
    struct cty_bytes party;
    struct cty_bytes vkey;
};

/* A TLS door and what it is known by: PEM texts, one of the two. Whether they are certificates, who dials finds out. */
struct cty_trust_door {
    struct cty_bytes url;
    struct cty_buf certificate;
    struct cty_buf authority;
};

struct cty_trust {
    struct cty_buf text; /* owns what the views below point into, but for those of the policy's */
    struct cty_witness_policy policy;
    struct cty_bytes origin; /* these three are the policy's */
    struct cty_bytes log_vkey;
    struct cty_key log_key;
    struct cty_log_keys log_keys; /* the pinned one; a verifier that learns of rotations adds to a copy of its own */
    struct cty_trust_pin pins[CTY_TRUST_PINS_MAX];
    uint32_t pins_count;
    struct cty_trust_door doors[CTY_TRUST_DOORS_MAX];
    uint32_t doors_count;
    struct cty_bytes name; /* the verifier's own actor; empty where absent */
};

/*
 * A trust file, or a policy's own text (C2SP tlog-policy), which pins no admins, no doors and no name. Errors: BAD_TRUST with
 * the line or member, TOO_LARGE, NO_MEMORY. Zero-initialise; cty_trust_done.
 */
CUSTODY_MUST_USE custody_err cty_trust_parse(struct cty_bytes text, struct cty_trust *ret_trust,
                                             custody_error *error);
void cty_trust_done(struct cty_trust *trust);

/* Whether this public line is the pinned log key's, or of one that `trust` was told of besides. */
bool cty_trust_has_log_line(const struct cty_trust *trust, struct cty_bytes line);

/* Whether a party is pinned, and how many of its admins. */
uint32_t cty_trust_pins_of(const struct cty_trust *trust, struct cty_bytes party);

/* Whether the quorum's cosignatures stand on the note; who is missing goes into the report. */
void cty_trust_witnessed(const struct cty_trust *trust, const struct cty_note *note, struct cty_report *report);

/* Judges a party's first admins against its pins: exactly those. Errors: KEY_UNKNOWN. */
CUSTODY_MUST_USE custody_err cty_trust_check_admins(const struct cty_trust *trust, struct cty_bytes party,
                                                    const struct cty_enrolment *admins, uint32_t count);

#endif
