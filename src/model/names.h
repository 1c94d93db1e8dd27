/* SPDX-License-Identifier: Apache-2.0 */
/* The grammars of names and words in statements; see spec/statements.md, "Names". */
#ifndef CTY_MODEL_NAMES_H
#define CTY_MODEL_NAMES_H

#include "base/bytes.h"

enum cty_text {
    CTY_TEXT_ORIGIN,    /* of a ledger: a schema-less URL in lower case, custody.example/refunds */
    CTY_TEXT_PARTY,     /* acme */
    CTY_TEXT_ACTOR,     /* acme/refund-agent */
    CTY_TEXT_SIGNER,    /* an actor, "log", "clerk" or "new" */
    CTY_TEXT_SCOPE,     /* a party or "ledger" */
    CTY_TEXT_READER,    /* an actor or a party */
    CTY_TEXT_PARTY_REF, /* a party, "$requester", "$holder" or "*" */
    CTY_TEXT_ROLE,      /* approver */
    CTY_TEXT_WORD,      /* a service, an action, a gate: visible ASCII without quotes and backslash */
    CTY_TEXT_GLOB,      /* a word with ? and * */
    CTY_TEXT_FACT,      /* a fact's name */
    CTY_TEXT_VKEY,      /* a public key's line */
    CTY_TEXT_DECIMAL,   /* an amount: digits, and a point with digits; no zero in front */
    CTY_TEXT_URL,       /* an address of a door */
    CTY_TEXT_NOTE,      /* a signed note in base64 */
    CTY_TEXT_LINE,      /* any visible ASCII and spaces without quotes and backslash */
    CTY_TEXT_ANY        /* any text, in messages only: their strings are resolved before shapes read them */
};

/* Errors: BAD_MEMBER. */
CUSTODY_MUST_USE custody_err cty_text_check(enum cty_text grammar, struct cty_bytes text);

/* The party part of an actor's name, borrowed; empty for "log", "clerk" and "new". */
struct cty_bytes cty_actor_party(struct cty_bytes actor);

#endif
