/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ledger publishes, file by file (spec/tiles.md): checkpoint, tiles of hashes and bundles of entries, out of the
 * database; and the HTTP door at which anybody gets them.
 *
 * The door's threads are workers without a queue: each has a reader of its own and answers as it is asked. It takes no
 * statement, and no method but GET and HEAD, except where a reader of a `members` ledger opens a session.
 *
 * Owns its threads, readers and sockets. Thread rule: open, serving and close from one thread, the rest from any.
 */
#ifndef CTY_DAEMON_TILES_H
#define CTY_DAEMON_TILES_H

#include "daemon/service.h"
#include "ledger/tile_path.h"
#include "net/http.h"

/* --- reading (tiles.c) -------------------------------------------------------------------------------------------- */

/*
 * Appends a tile or a bundle, of at most what `out` may hold; a snapshot is open. Errors: NOT_FOUND where the newest
 * checkpoint does not cover it, TOO_LARGE; those of the store.
 */
CUSTODY_MUST_USE custody_err cty_tiles_read(struct cty_store_reader *reader, const struct cty_tile_path *path,
                                            struct cty_buf *out, custody_error *error);
/* The same for the hashes beneath a bundle, which say what is in it. Of a tile of hashes: its own. */
CUSTODY_MUST_USE custody_err cty_tiles_read_hashes(struct cty_store_reader *reader, const struct cty_tile_path *path,
                                                   struct cty_buf *out, custody_error *error);
/* Whether it is one of those that only members may read, where a ledger's readers are its members. */
bool cty_tiles_is_for_members(const struct cty_service *service, const struct cty_tile_path *path);

/* --- addresses under which a door is known (tiles_names.c) -------------------------------------------------------- */

/*
 * The one spelling of an address that readers name: http://ADDRESS:PORT of this machine, or https://HOST[:PORT][/PATH], without
 * a '/' at its end. Errors: CONFIG.
 */
CUSTODY_MUST_USE custody_err cty_tiles_name_parse(struct cty_bytes text, char ret_name[CTY_URL_BYTES_MAX + 1],
                                                  custody_error *error);

/* --- bearer tokens (bearer.c) ------------------------------------------------------------------------------------- */

struct cty_bearer {
    struct cty_hash secret;
    const struct cty_clock *clock; /* borrowed */
};
void cty_bearer_init(struct cty_bearer *bearer, const struct cty_clock *clock);
/* Appends a token for this actor, who has had so many keys before; it says so itself, and nothing is kept of it. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_bearer_make(const struct cty_bearer *bearer, struct cty_bytes actor, uint32_t rotation,
                                             struct cty_buf *out);
/* Whose it is. Foreign text. Errors: NO_SESSION for one that is not ours, or whose time is over. */
CUSTODY_MUST_USE custody_err cty_bearer_find(const struct cty_bearer *bearer, struct cty_bytes token,
                                             char ret_actor[CTY_ACTOR_NAME_BYTES_MAX + 1], uint32_t *ret_rotation);

/* --- the door (tiles_door.c) -------------------------------------------------------------------------------------- */

#define CTY_TILES_THREADS 2u

struct cty_tiles;

/*
 * Listens, and says that the start is not complete. `service` is borrowed until close; its threads may run, and its doors
 * needn't be open. Errors: CONFIG where the ledger's readers are its members and the address is not of this machine; those
 * of cty_http_open and cty_worker_open.
 */
CUSTODY_MUST_USE custody_err cty_tiles_open(struct cty_service *service, const struct cty_config *config,
                                            struct cty_tiles **ret_tiles, custody_error *error);
/* Whether such a configuration may be served with such readers. Errors: CONFIG. */
CUSTODY_MUST_USE custody_err cty_tiles_check(const struct cty_config *config, enum cty_readers readers,
                                             custody_error *error);
/* From now on it answers. Takes NULL. */
void cty_tiles_serving(struct cty_tiles *tiles);
/* With the true port. Borrowed. */
const char *cty_tiles_url(const struct cty_tiles *tiles);
void cty_tiles_get_counts(struct cty_tiles *tiles, struct cty_http_counts *ret_counts);
/* Takes NULL. */
void cty_tiles_close(struct cty_tiles *tiles);

#endif
