/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside src/audit only: what a replay of a whole ledger says in its end, of its newest checkpoint: who has seen it, when that
 * was, how its cases stand, and what all of it was judged by (spec/audit.md, "Claims").
 */
#ifndef CTY_AUDIT_CLOSING_H
#define CTY_AUDIT_CLOSING_H

#include "audit/replay_inner.h"

/* After every entry, for `alike` and `when`: whose `seen` it carries, and its times. */
void cty_closing_note(struct cty_step *step, const struct cty_parsed_entry *parsed);
/* The claim `when`, of a whole ledger or of evidence: `note` is its checkpoint, over so many entries. */
void cty_closing_when(const struct cty_step *step, const struct cty_note *note, uint64_t size);
/*
 * The claims `alike`, `when`, `cases`, and the inputs. `note` is the newest checkpoint, opened; NULL where it could not be.
 * Errors: NO_MEMORY, the backing's.
 */
CUSTODY_MUST_USE custody_err cty_closing_say(struct cty_replay *replay, const struct cty_note *note,
                                             const struct cty_checkpoint *checkpoint);

#endif
