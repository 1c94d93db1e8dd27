/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fold may see: a set of records that its caller fetched. The fold asks by key; what the view does
 * not hold is marked as wanted, the fold ends with VIEW_INCOMPLETE, and the caller fetches what is wanted and
 * calls again. So the fold does no I/O, and its footprint is what it asked for.
 *
 * Records are RFC 8785 texts; keys are plain texts:
 *   ledger               the ledger's own state
 *   party/<name>         a party
 *   actor/<name>         an actor as enrolled, revoked or not
 *   person/<32 hex>      a person's party
 *   key/<64 hex>         the one name and use of a public key, for ever
 *   id/<32 hex>          a statement id, with its index and digest
 *   policy/<64 hex>      a policy, by the digest of the statement that published it
 *   author/<64 hex>      who published it
 *   case/<64 hex>        a case, by the digest of its request
 *   root/<size>          64 hex digits: the root of the first <size> leaves; not a stored record, the
 *                        caller computes it
 *
 * A record may be unknown, in evidence only: the rule that needed it is then not checked.
 */
#ifndef CTY_ESCROW_VIEW_H
#define CTY_ESCROW_VIEW_H

#include <stdarg.h>

#include "escrow/memo.h"

#define CTY_VIEW_KEY_MAX 160
#define CTY_VIEW_SLOTS_MAX 256

enum cty_view_status { CTY_VIEW_WANTED, CTY_VIEW_PRESENT, CTY_VIEW_ABSENT, CTY_VIEW_UNKNOWN };

struct cty_view_slot {
    char key[CTY_VIEW_KEY_MAX];
    size_t key_size;
    enum cty_view_status status;
    struct cty_bytes value; /* borrowed from the caller; lives until the view is cleared */
};

/* Zero-initialised is empty. Plain memory, no destructor. */
struct cty_view {
    struct cty_view_slot slots[CTY_VIEW_SLOTS_MAX];
    size_t count;
    bool begun; /* the fold has asked for what it begins with */
    struct cty_memo *memo; /* borrowed; NULL: every record is decoded whenever it is asked for */
};

/* Records that were decoded from the view live until now. */
static inline void cty_view_clear(struct cty_view *view)
{
    view->count = 0;
    view->begun = false;
    cty_memo_turn(view->memo);
}

/* Writes a key. The format knows %s, %.*s and %llu only: this runs for every record that is asked for. */
void cty_view_key(char ret_key[static CTY_VIEW_KEY_MAX], const char *format, ...) CUSTODY_PRINTF(2, 3);
void cty_view_key_list(char ret_key[static CTY_VIEW_KEY_MAX], const char *format, va_list args);

/*
 * What the view holds of `key` (NUL-terminated). Where it holds nothing the key is added as wanted and the
 * status WANTED comes back. Errors: LIMIT_REACHED where all slots are taken.
 */
CUSTODY_MUST_USE custody_err cty_view_get(struct cty_view *view, const char *key,
                                          enum cty_view_status *ret_status, struct cty_bytes *ret_value);

/* The first slot that is wanted; NULL if none. The caller sets its status and value. */
struct cty_view_slot *cty_view_wanted(struct cty_view *view);

#endif
