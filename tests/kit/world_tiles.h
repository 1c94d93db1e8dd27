/* SPDX-License-Identifier: Apache-2.0 */
/* A test world's ledger as a folder of tiles: bundles and the checkpoint, which is what an audit reads. */
#ifndef CTY_TESTS_KIT_WORLD_TILES_H
#define CTY_TESTS_KIT_WORLD_TILES_H

#include "kit/world.h"

/* A checkpoint of the first `size` entries, signed by the world's log key, in place of what `out` held. */
void world_note_at(struct world *w, uint64_t size, struct cty_buf *out);
/* Writes a file below a folder, with the folders that its name has. */
void world_write(const char *folder, const char *name, struct cty_bytes bytes);
/* The bundle that entry `index` is in, of a ledger of so many entries, from the texts as they stand. */
void world_publish_bundle(const struct world *w, const char *folder, uint64_t index, uint64_t size);
/* All bundles of the first `size` entries, and that checkpoint. */
void world_publish(struct world *w, const char *folder, uint64_t size);

#endif
