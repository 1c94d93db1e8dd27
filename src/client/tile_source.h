/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An audit's source out of tiles: an HTTP prefix or a folder. It gives entries as they stand in the bundles; that they are those
 * of the signed tree, the audit sees for itself when it has hashed them all. Contents are not published as tiles.
 * Thread rule: that of audit/source.h.
 */
#ifndef CTY_CLIENT_TILE_SOURCE_H
#define CTY_CLIENT_TILE_SOURCE_H

#include "audit/source.h"
#include "client/tile_files.h"

/* Takes `files`, after errors too. The source's own: GAP where a bundle is missing, BAD_TILE. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_tile_source(struct cty_tile_files *files, struct cty_audit_source *ret_source,
                                             custody_error *error);

#endif
