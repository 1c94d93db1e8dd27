/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder know of a reader and a writer. Private to it. */
#ifndef CTY_STORE_INNER_H
#define CTY_STORE_INNER_H

#include "base/limits.h"
#include "store/pairing.h"
#include "store/place.h"
#include "store/sql.h"
#include "store/store.h"
#include "store/tile.h"

/* --- readers ------------------------------------------------------------------------------------------------ */

/* Tiles that were read, by level: most proofs are of recent entries. About a megabyte. */
#define CTY_STORE_SLOTS_BOTTOM 44u
#define CTY_STORE_SLOTS_SECOND 12u
#define CTY_STORE_SLOTS (CTY_STORE_SLOTS_BOTTOM + CTY_STORE_SLOTS_SECOND + CTY_TILE_LEVELS - 2)

struct cty_store_slot {
    bool used;
    uint64_t read; /* the reader's `snapshot` when the row was last compared */
    struct cty_tile tile;
};

/* The right edge of the tree as it grows in the writer's memory: the last tile of each level. */
struct cty_store_edge {
    bool valid;
    bool dirty[CTY_TILE_LEVELS]; /* not stored yet */
    struct cty_tile tiles[CTY_TILE_LEVELS];
};

struct cty_store_reader {
    struct cty_sql sql;
    bool is_view;       /* the writer's */
    bool poisoned;      /* a view whose writer is */
    bool in_snapshot;
    uint64_t size;
    uint64_t snapshot;  /* counts moments from which tiles must be read anew, but for full ones */
    struct cty_store_slot *slots;
    struct cty_store_edge *edge; /* a view's; else NULL */
    struct cty_buf origin;
    bool is_copy;       /* by cty_store_backup */
};

/* Owns nothing yet. Errors: NO_MEMORY. Undone by cty_reader_done, after errors too. */
CUSTODY_MUST_USE custody_err cty_reader_init(struct cty_store_reader *reader, custody_error *error);
void cty_reader_done(struct cty_store_reader *reader);

/* Whether reads may run: STORAGE for a poisoned view, INTERNAL outside of a snapshot. */
CUSTODY_MUST_USE custody_err cty_reader_check(const struct cty_store_reader *reader, custody_error *error);

/* From here on tiles that may have grown are read anew. */
void cty_reader_refresh(struct cty_store_reader *reader);
/* Forgets all tiles, because what was read of them was rolled back. */
void cty_reader_forget(struct cty_store_reader *reader);

/* The tree as it is stored, without what the writer holds in memory. */
struct cty_tree_reader cty_store_tree_stored(struct cty_store_reader *reader);

/* The newest checkpoint's numbers; size 0 and the empty root where there is none. `note` may be NULL. */
CUSTODY_MUST_USE custody_err cty_store_read_newest(struct cty_store_reader *reader,
                                                   struct cty_store_mark *ret_mark, struct cty_buf *note,
                                                   custody_error *error);
/* Whether the note's text says this origin, size and root. Errors: BAD_NOTE, with the difference. */
CUSTODY_MUST_USE custody_err cty_store_check_note(struct cty_bytes note, struct cty_bytes origin,
                                                  const struct cty_store_mark *mark, custody_error *error);

/* Entries, tiles and newest checkpoint end at one size and agree; in a snapshot. Errors: STORE_ALTERED. */
CUSTODY_MUST_USE custody_err cty_store_check_head(struct cty_store_reader *reader, custody_error *error);

/* --- the writer --------------------------------------------------------------------------------------------- */

enum cty_store_state {
    CTY_STORE_IDLE,
    CTY_STORE_OPEN,     /* in a transaction */
    CTY_STORE_FAILED,   /* the transaction is gone, its caller hasn't heard yet: `failure` */
    CTY_STORE_POISONED
};

struct cty_store_staged_sum {
    uint64_t count;
    uint64_t bytes;
};

struct cty_store {
    struct cty_store_reader view; /* view.size counts what is appended so far */
    struct cty_store_edge edge;
    struct cty_place place;
    enum cty_store_state state;
    custody_err failure;
    struct cty_store_mark committed;  /* newest checkpoint */
    struct cty_store_mark checked;    /* by cty_store_check in this transaction */
    bool is_checked;
    bool is_covered;                  /* a checkpoint of this size was put in this transaction */
    struct cty_store_staged_sum staged;
    struct cty_store_staged_sum staged_before; /* the transaction */
    bool log_pending;                 /* what a crash left in the log isn't in the database yet */
    int log_frames;
    int log_folded;                   /* frames when the log was last brought into the database */
    struct cty_pairing pairing;       /* its row, as of the newest commit */
    struct cty_pairing pairing_next;  /* what the open transaction puts there, */
    bool log_marked;                  /* if it does */
    bool log_found;                   /* there is something in the log, or was since the start */
    bool log_known;                   /* the database itself says which log belongs with it, */
    int log_named;                    /* or will, once so many frames are brought into it */
    bool is_loaded;                   /* it may be written */
};

/* Whether the writer is in a transaction. Errors: what ended it; STORAGE where poisoned; INTERNAL. */
CUSTODY_MUST_USE custody_err cty_store_check_open(const struct cty_store *store, custody_error *error);
/* Ends the transaction because of `err`, poisons the handle where that is called for, and returns `err`. */
custody_err cty_store_fail(struct cty_store *store, custody_err err);
void cty_store_poison(struct cty_store *store);

/* Adds the leaf to the edge and stores each tile that fills. */
CUSTODY_MUST_USE custody_err cty_store_edge_push(struct cty_store *store, const struct cty_hash *leaf,
                                                 custody_error *error);
/* Stores the tiles that grew. */
CUSTODY_MUST_USE custody_err cty_store_edge_store(struct cty_store *store, custody_error *error);
/* Loads the edge of view.size leaves out of the stored tiles. */
CUSTODY_MUST_USE custody_err cty_store_edge_load(struct cty_store *store, custody_error *error);
/* The root of view.size leaves out of the edge alone. */
CUSTODY_MUST_USE custody_err cty_store_edge_root(struct cty_store *store, struct cty_hash *ret_root,
                                                 custody_error *error);

/* Counts what is staged. */
CUSTODY_MUST_USE custody_err cty_store_count_staged(struct cty_store *store, custody_error *error);

/* Watches the log's length. */
void cty_log_watch(struct cty_store *store);
/*
 * Writes what the log reads to the disk again, and syncs it: an earlier process may have failed to. Errors: READ_ONLY,
 * STORAGE, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_log_write_again(struct cty_store *store, custody_error *error);
/*
 * Brings all of the log into the database and empties it, where a crash may have left something in it; then begins a new
 * one, of which the database knows. Errors: BUSY while readers hold it, READ_ONLY, STORAGE, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_log_settle(struct cty_store *store, custody_error *error);
/* The same for the end: the database says that nothing belongs with it. */
CUSTODY_MUST_USE custody_err cty_log_end(struct cty_store *store, custody_error *error);
/* Within a transaction that cty_log_fold will follow: what the database is to know of its log. */
CUSTODY_MUST_USE custody_err cty_log_mark(struct cty_store *store, custody_error *error);
/* After a commit: brings the log into the database where it has grown long. Poisons on a failed sync. */
void cty_log_fold(struct cty_store *store);

#endif
