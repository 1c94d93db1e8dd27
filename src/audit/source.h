/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an audit reads a ledger from. An audit knows nothing of doors, files or addresses:
 *
 *     a custodian's door      src/client/door_source.h      entries, contents that the reader may have
 *     HTTP tiles, a folder    src/client/tile_source.h      entries
 *     a database file         src/cli/audit_db.c            entries, all contents
 *
 * Nothing that a source gives is believed. What it can't give is told by its error: GAP where it says it has
 * fewer entries than it was asked for, which is the custodian's fault and the report's; all else hinders the audit.
 *
 * Thread rule: `checkpoint` and `entries` are called by one thread, `content` by one thread, and the two at the same time
 * only where `apart` says that the source bears it.
 */
#ifndef CTY_AUDIT_SOURCE_H
#define CTY_AUDIT_SOURCE_H

#include "crypto/hash.h"

/* At most so many entries at once. */
#define CTY_SOURCE_BATCH_MAX 4096u

/* Entries in order, texts[0] is entry `first`; views that live for the call. An error that it returns ends the reading. */
typedef custody_err cty_source_entries_fn(void *context, uint64_t first, const struct cty_bytes *texts, size_t count);

struct cty_audit_source {
    void *context;
    /* A newer checkpoint than before, or the same: the signed note, appended to `out`. Called before any entry is asked for. */
    custody_err (*checkpoint)(void *context, struct cty_buf *out, custody_error *error);
    /*
     * After `checkpoint`, where that one lacks a quorum of the reader's policy: the newest that has it, of `at_least` entries,
     * into the empty `out`, which stays empty where there is none. NULL: the source has no other.
     */
    custody_err (*witnessed)(void *context, uint64_t at_least, struct cty_buf *out, custody_error *error);
    /* Entries from index `from`, `count` of them, in order: `each` is called with 1 to CTY_SOURCE_BATCH_MAX at once. */
    custody_err (*entries)(void *context, uint64_t from, uint64_t count, cty_source_entries_fn *each,
                           void *each_context, custody_error *error);
    /*
     * The salt and content put with a statement under a member's path; `case_id` is the statement's case, NULL for one
     * of no case. NOT_FOUND: not at hand (erased, or not ours to read). The views live until the next call. NULL: no contents
     * are given, and that claim is not checked.
     */
    custody_err (*content)(void *context, const struct cty_hash *case_id, const struct cty_hash *statement,
                           struct cty_bytes member, struct cty_bytes *ret_salt, struct cty_bytes *ret_content);
    /* `content` may be called while `entries` runs. */
    bool apart;
    /* Copies, which anybody may serve and a cache may hold back: that one is older than what was seen is nobody's fault. */
    bool copies;
    /*
     * Frees the context; NULL where somebody else does. Called once, by whoever made the source.
     */
    void (*done)(void *context);
};

#endif
