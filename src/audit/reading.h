/* SPDX-License-Identifier: Apache-2.0 */
/* Entries from a source into a replay: one thread reads ahead while the others judge. */
#ifndef CTY_AUDIT_READING_H
#define CTY_AUDIT_READING_H

#include "audit/replay.h"
#include "audit/source.h"

/*
 * Replays the source's entries from where the replay stands up to index `to`. `at` (may be NULL) is told how far it came,
 * on the caller's thread. Errors: the source's, GAP among them where it has fewer entries; the replay's.
 */
CUSTODY_MUST_USE custody_err cty_reading_run(struct cty_replay *replay, const struct cty_audit_source *source, uint64_t to,
                                             void (*at)(void *context, uint64_t size), void *context,
                                             custody_error *error);

#endif
