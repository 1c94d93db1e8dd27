/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence, trust files and replays of a test world. */
#ifndef CTY_TESTS_KIT_WORLD_EVIDENCE_H
#define CTY_TESTS_KIT_WORLD_EVIDENCE_H

#include "audit/evidence.h"
#include "audit/replay.h"
#include "kit/world.h"

/* The text of a trust file for the world's log key; with the founding admins pinned or not. */
void world_trust_text(struct world *w, bool pin_admins, struct cty_buf *out);
/* Evidence of the case, whole, with all its contents. */
struct cty_evidence *world_evidence(struct world *w, const struct cty_hash *case_id);
/* Adds every entry from index `from` up to the case's consume, as `custody evidence` does. */
void world_add_between(struct world *w, struct cty_evidence *evidence, uint64_t from);
/* Contents from the world. */
struct cty_content_source world_contents(struct world *w);

#endif
