/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a ledger's database. See spec/store.md.
 *
 * A reader is one read-only connection. What is read between cty_store_begin_read and cty_store_end_read comes
 * from one snapshot, that of the newest commit at the beginning, however much is appended meanwhile: take
 * entry, proof and checkpoint of one answer from one snapshot. Snapshots hold back the recycling of the
 * write-ahead log, so end them soon.
 *
 * The writer has a reader of its own (cty_store_view), which sees what its open transaction has stored.
 *
 * Nothing that is read here was checked against signatures: the daemon trusts what it wrote, an auditor
 * replays the entries and compares.
 *
 * Ownership: read functions append what they find to the caller's buffers, which they leave as they were on
 * every error. Walks lend rows to a callback, until it returns. Thread rule: one thread at a time for each
 * reader, any number of readers at once.
 *
 * Errors of every function here: STORAGE where SQLite fails or the file is damaged, STORE_ALTERED where a row
 * is not of the form that this program writes, BUSY where another program holds the database, NO_MEMORY,
 * INTERNAL outside of a snapshot; those below come on top.
 */
#ifndef CTY_STORE_READER_H
#define CTY_STORE_READER_H

#include "base/bytes.h"
#include "crypto/hash.h"
#include "ledger/tree.h"

struct cty_store_reader;

/*
 * Opens the database at `path` for reading only, beside a running custodian or alone. `path` is copied.
 * Checks what cty_store_open checks of the file, its schema and its head; the lock isn't needed.
 * Errors: NOT_FOUND, IO, STORE_UNKNOWN (not a database of this program, or another version), STORE_HALF where its
 * newest commits are in a log that is not there, STORE_ALTERED.
 */
CUSTODY_MUST_USE custody_err cty_store_reader_open(const char *path, struct cty_store_reader **ret_reader,
                                                   custody_error *error);
/*
 * The same for a file that nobody writes, also where its folder can't be written: no file is made beside it.
 * WARNING: a write-ahead log beside it is not read. That there is none, and no custodian, is for the caller to see.
 */
CUSTODY_MUST_USE custody_err cty_store_reader_open_still(const char *path, struct cty_store_reader **ret_reader,
                                                         custody_error *error);

/* Takes NULL, returns NULL. Ends a snapshot that is still open. */
struct cty_store_reader *cty_store_reader_close(struct cty_store_reader *reader);

/* Begins a snapshot. Errors: INTERNAL where one is open. */
CUSTODY_MUST_USE custody_err cty_store_begin_read(struct cty_store_reader *reader, custody_error *error);
/* Ends it; nothing happens where none is open. */
void cty_store_end_read(struct cty_store_reader *reader);

/* The ledger's origin, borrowed from the reader. */
struct cty_bytes cty_store_origin(const struct cty_store_reader *reader);
/* Entries in the snapshot; in the writer's view, those appended so far. */
uint64_t cty_store_size(const struct cty_store_reader *reader);
/*
 * The tree's nodes, out of the snapshot. Borrows the reader; its callback reports the errors above, and
 * NOT_FOUND where the database has no such node. Nodes once computed are kept, so proofs seldom hash.
 */
struct cty_tree_reader cty_store_tree(struct cty_store_reader *reader);

/* --- single rows ------------------------------------------------------------------------------------------ */

/* The text of the entry at `index`. Errors: NOT_FOUND, the buffer's TOO_LARGE. */
CUSTODY_MUST_USE custody_err cty_store_read_entry(struct cty_store_reader *reader, uint64_t index,
                                                  struct cty_buf *out, custody_error *error);
/* The first `count` hashes of a tile, as they stand there. Errors: NOT_FOUND where it has fewer, the buffer's TOO_LARGE. */
CUSTODY_MUST_USE custody_err cty_store_read_tile(struct cty_store_reader *reader, unsigned level, uint64_t index,
                                                 unsigned count, struct cty_buf *out, custody_error *error);
/* The record under `key` (escrow/view.h lists the keys). Errors: NOT_FOUND, the buffer's TOO_LARGE. */
CUSTODY_MUST_USE custody_err cty_store_read_record(struct cty_store_reader *reader, struct cty_bytes key,
                                                   struct cty_buf *out, custody_error *error);

/* A checkpoint's numbers; its note goes into the buffer. */
struct cty_store_mark {
    uint64_t size;
    struct cty_hash root;
};
/* The newest checkpoint of the snapshot. Errors: NOT_FOUND in a ledger without entries. */
CUSTODY_MUST_USE custody_err cty_store_read_checkpoint(struct cty_store_reader *reader,
                                                       struct cty_store_mark *ret_mark, struct cty_buf *note,
                                                       custody_error *error);
/* The smallest checkpoint that covers at least `size` entries. Errors: NOT_FOUND. */
CUSTODY_MUST_USE custody_err cty_store_read_checkpoint_from(struct cty_store_reader *reader, uint64_t size,
                                                            struct cty_store_mark *ret_mark,
                                                            struct cty_buf *note, custody_error *error);
/*
 * Appends to the note of the checkpoint of this size the lines that stand beside it, as many as fit into so many bytes: the first
 * of each witness first, for where not all fit, they say by when. Errors: those of the reader.
 */
CUSTODY_MUST_USE custody_err cty_store_read_cosignatures(struct cty_store_reader *reader, uint64_t size, size_t bytes_max,
                                                         struct cty_buf *note, custody_error *error);
/*
 * The content of one member of the statement with this digest, and its salt. WARNING: who may have it is the
 * fold's to say (cty_may_read). Errors: NOT_FOUND, the buffer's TOO_LARGE.
 */
CUSTODY_MUST_USE custody_err cty_store_read_blob(struct cty_store_reader *reader,
                                                 const struct cty_hash *statement, struct cty_bytes member,
                                                 uint8_t ret_salt[CTY_SALT_SIZE], struct cty_buf *content,
                                                 custody_error *error);
/* What `actor` staged under `commitment`, which nobody compared with the content yet. Errors: NOT_FOUND. */
CUSTODY_MUST_USE custody_err cty_store_read_staged(struct cty_store_reader *reader, struct cty_bytes actor,
                                                   const struct cty_hash *commitment,
                                                   uint8_t ret_salt[CTY_SALT_SIZE], struct cty_buf *content,
                                                   custody_error *error);

/* --- rows, as walks lend them ------------------------------------------------------------------------------ */

#define CTY_STORE_NO_CASE UINT64_MAX

struct cty_store_entry {
    uint64_t index;
    uint64_t case_opened;   /* index of the request that opened its case; CTY_STORE_NO_CASE for none */
    bool trust;             /* of the trust class */
    struct cty_bytes body;  /* empty where the walk gives indices only */
};

struct cty_store_record {
    struct cty_bytes key;
    struct cty_bytes value;
};

/* One row a case: what lists need of its record, which says the same. */
struct cty_store_case {
    uint64_t opened;         /* index of its request */
    struct cty_hash case_id; /* digest of its request */
    unsigned state;          /* enum cty_case_state */
    uint64_t due;            /* cty_case_due; 0 where no deadline runs */
    uint64_t updated;        /* index of its newest entry */
    struct cty_bytes requester;
    struct cty_bytes holder;
    struct cty_bytes service;
    struct cty_bytes party;  /* of the requester */
};

struct cty_store_blob {
    struct cty_hash statement;
    struct cty_bytes member;
    struct cty_hash commitment;
    const uint8_t *salt;      /* CTY_SALT_SIZE bytes */
    struct cty_bytes content; /* empty where the walk gives names only */
};

struct cty_store_tile {
    unsigned level;
    uint64_t index;
    struct cty_bytes hashes;
};

struct cty_store_checkpoint {
    struct cty_store_mark mark;
    struct cty_bytes note;
};

/* What one witness said of one checkpoint: signature lines of a note, each with its newline. */
struct cty_store_cosignature {
    uint64_t size;
    struct cty_bytes witness; /* its verifier key's line */
    struct cty_bytes first;
    struct cty_bytes last;    /* empty: nothing came after the first */
};

struct cty_store_staged {
    struct cty_bytes actor;
    struct cty_hash commitment;
    const uint8_t *salt;
    struct cty_bytes content;
    uint64_t created;        /* ms */
};

/*
 * Callbacks. One that doesn't return OK ends the walk, which then returns the same. It may use the reader's
 * read functions, and other walks than the one it is called from.
 */
typedef custody_err cty_store_entry_fn(void *context, const struct cty_store_entry *entry);
typedef custody_err cty_store_record_fn(void *context, const struct cty_store_record *record);
typedef custody_err cty_store_case_fn(void *context, const struct cty_store_case *row);
typedef custody_err cty_store_blob_fn(void *context, const struct cty_store_blob *blob);
typedef custody_err cty_store_tile_fn(void *context, const struct cty_store_tile *tile);
typedef custody_err cty_store_checkpoint_fn(void *context, const struct cty_store_checkpoint *checkpoint);
typedef custody_err cty_store_cosignature_fn(void *context, const struct cty_store_cosignature *row);
typedef custody_err cty_store_staged_fn(void *context, const struct cty_store_staged *staged);

/* --- lists ------------------------------------------------------------------------------------------------ */

/* Entries from index `from`, at most `count`, in order. */
CUSTODY_MUST_USE custody_err cty_store_walk_entries(struct cty_store_reader *reader, uint64_t from,
                                                    uint64_t count, cty_store_entry_fn *fn, void *context,
                                                    custody_error *error);
/* The entries of the case that was opened at index `opened`, in order; bodies only where `bodies`. */
CUSTODY_MUST_USE custody_err cty_store_walk_case_entries(struct cty_store_reader *reader, uint64_t opened,
                                                         bool bodies, cty_store_entry_fn *fn, void *context,
                                                         custody_error *error);
/* Trust-class entries from index `from`, at most `count`, in order; bodies only where `bodies`. */
CUSTODY_MUST_USE custody_err cty_store_walk_trust_entries(struct cty_store_reader *reader, uint64_t from,
                                                          uint64_t count, bool bodies, cty_store_entry_fn *fn,
                                                          void *context, custody_error *error);
/*
 * Records whose key begins with `prefix` (empty: all) and comes after `after` (empty: from the first), in the
 * order of their bytes, at most `count`.
 */
CUSTODY_MUST_USE custody_err cty_store_walk_records(struct cty_store_reader *reader, struct cty_bytes prefix,
                                                    struct cty_bytes after, uint64_t count,
                                                    cty_store_record_fn *fn, void *context,
                                                    custody_error *error);
/* The blobs of one statement, by member; contents only where `contents`. */
CUSTODY_MUST_USE custody_err cty_store_walk_statement_blobs(struct cty_store_reader *reader,
                                                            const struct cty_hash *statement, bool contents,
                                                            cty_store_blob_fn *fn, void *context,
                                                            custody_error *error);

/*
 * Which cases a list wants. Deadlines bind without an entry, so a case counts as in time or as overdue at `now`
 * beside its stored state: what reads as HELD is in time and HELD, what reads as EXPIRED is in time and
 * EXPIRED, or overdue and HELD. Bit n stands for state n.
 */
struct cty_store_case_filter {
    uint32_t in_time;            /* states wanted of cases with no deadline, or one at or after `now` */
    uint32_t overdue;            /* states wanted of cases whose deadline is before `now` */
    uint64_t now;                /* ms */
    bool due_only;               /* only cases with a deadline: quick however many cases are final */
    struct cty_bytes requester;  /* empty: any */
    struct cty_bytes holder;     /* empty: any */
};
/*
 * Cases that were opened at index `from` or later, oldest first, at most `count`. One call looks at no more than
 * CTY_CASES_VISITED_MAX rows. *ret_next is where to go on, CTY_STORE_NO_CASE where there are no more.
 */
CUSTODY_MUST_USE custody_err cty_store_walk_cases(struct cty_store_reader *reader,
                                                  const struct cty_store_case_filter *filter, uint64_t from,
                                                  uint64_t count, cty_store_case_fn *fn, void *context,
                                                  uint64_t *ret_next, custody_error *error);
/*
 * Cases whose newest entry has an index from `from` on and below `from` + `count`, in the order of those entries: each
 * case that was touched there and no later, once.
 */
CUSTODY_MUST_USE custody_err cty_store_walk_updated_cases(struct cty_store_reader *reader, uint64_t from,
                                                          uint64_t count, cty_store_case_fn *fn, void *context,
                                                          custody_error *error);
/* Cases whose deadline lies before `before`, the most overdue first, at most `count`. */
CUSTODY_MUST_USE custody_err cty_store_walk_due_cases(struct cty_store_reader *reader, uint64_t before,
                                                      uint64_t count, cty_store_case_fn *fn, void *context,
                                                      custody_error *error);

/* Cosignatures of checkpoints of at least `from` entries, by size and witness, at most `count`. */
CUSTODY_MUST_USE custody_err cty_store_walk_cosignatures(struct cty_store_reader *reader, uint64_t from,
                                                         uint64_t count, cty_store_cosignature_fn *fn, void *context,
                                                         custody_error *error);
/* Those of the checkpoint of exactly this size, by witness. */
CUSTODY_MUST_USE custody_err cty_store_walk_cosignatures_of(struct cty_store_reader *reader, uint64_t size,
                                                            cty_store_cosignature_fn *fn, void *context,
                                                            custody_error *error);
/* As the one before it, of at most `to` entries, the largest size first, and of one size the last witness first. */
CUSTODY_MUST_USE custody_err cty_store_walk_cosignatures_back(struct cty_store_reader *reader, uint64_t to,
                                                              uint64_t count, cty_store_cosignature_fn *fn,
                                                              void *context, custody_error *error);

/* --- the whole file, for an auditor ------------------------------------------------------------------------ */

/* With cty_store_walk_entries and cty_store_walk_records these visit every row there is. */
CUSTODY_MUST_USE custody_err cty_store_walk_all_cases(struct cty_store_reader *reader, cty_store_case_fn *fn,
                                                      void *context, custody_error *error);
CUSTODY_MUST_USE custody_err cty_store_walk_all_blobs(struct cty_store_reader *reader, cty_store_blob_fn *fn,
                                                      void *context, custody_error *error);
CUSTODY_MUST_USE custody_err cty_store_walk_all_tiles(struct cty_store_reader *reader, cty_store_tile_fn *fn,
                                                      void *context, custody_error *error);
CUSTODY_MUST_USE custody_err cty_store_walk_all_checkpoints(struct cty_store_reader *reader,
                                                            cty_store_checkpoint_fn *fn, void *context,
                                                            custody_error *error);
CUSTODY_MUST_USE custody_err cty_store_walk_all_staged(struct cty_store_reader *reader,
                                                       cty_store_staged_fn *fn, void *context,
                                                       custody_error *error);
/*
 * Reports what is in the file beside the schema: foreign tables, columns, indexes, views and triggers, definitions
 * that differ, missing ones, and settings beside the origin. One line of plain text each.
 */
typedef custody_err cty_store_finding_fn(void *context, const char *finding);
CUSTODY_MUST_USE custody_err cty_store_walk_foreign(struct cty_store_reader *reader, cty_store_finding_fn *fn,
                                                    void *context, custody_error *error);
/* Reports damage: pages out of place, indexes that don't say what their tables say. Reads the whole file. */
CUSTODY_MUST_USE custody_err cty_store_walk_damage(struct cty_store_reader *reader, cty_store_finding_fn *fn,
                                                   void *context, custody_error *error);

/* Who wants to know how far a copy is, now and then. An error ends the copying, and nothing is left of it. */
struct cty_store_backup_watch {
    custody_err (*step)(void *context, uint64_t pages, uint64_t of_pages);
    void *context;
};
/*
 * Copies the snapshot into a new database at `path`, mode 0600; it is there whole and durable, or not at all. It is marked
 * as a copy: cty_store_open refuses it, since one that is written is a fork of everything that was signed meanwhile.
 * `watch` may be NULL. Errors: EXISTS, IO, READ_ONLY for a full disk, those of `watch`.
 */
CUSTODY_MUST_USE custody_err cty_store_backup(struct cty_store_reader *reader, const char *path,
                                              const struct cty_store_backup_watch *watch, custody_error *error);
/* Whether this is such a copy, and nobody has said yet that it is the ledger. */
bool cty_store_is_copy(const struct cty_store_reader *reader);

#endif
