/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database of one ledger, as its one writer sees it. See spec/store.md.
 *
 * What an entry brings (its text, what it changes in the fold's records, its blobs, its hashes in the tree, its
 * case's row) and the checkpoint that covers it commit together or not at all:
 *
 *     begin -> append, put ...  -> check -> put_checkpoint -> commit -> answers go out
 *                    \______________\____________\__________ roll_back
 *
 * No note may leave the process before commit has returned OK.
 *
 * Faults. READ_ONLY: the disk is full; the transaction is gone, reads go on, the caller may try again later.
 * NO_MEMORY, INTERNAL and refusals of a broken call order: the transaction is gone. STORAGE: a write or a sync
 * failed, or what was stored does not read back; the handle is then poisoned, answers STORAGE for ever, and
 * nothing is tried again (R16). After an error inside a transaction every call answers the same error until
 * cty_store_roll_back. QUOTA, EXISTS and NOT_FOUND of the staged functions leave the transaction as it was.
 *
 * Behind these calls another database can stand: none shows SQLite. Thread rule: one thread at a time; the
 * readers of other threads have connections of their own (store/reader.h).
 */
#ifndef CTY_STORE_STORE_H
#define CTY_STORE_STORE_H

#include "store/reader.h"

struct cty_store;

/*
 * Makes the database at `path` for the ledger `origin` and opens it. A creation that is cut off leaves no
 * database behind, or a whole one without entries, where memory ran out between the two. Errors: EXISTS, BAD_MEMBER for
 * an origin that no note may have, STORE_LOCKED, IO, READ_ONLY, STORAGE, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_store_create(const char *path, struct cty_bytes origin,
                                              struct cty_store **ret_store, custody_error *error);
/*
 * Opens the database at `path` for writing; there is one writer at a time on a machine (`<path>.lock`). Before
 * it returns: the file and its folder are nobody else's to write, schema and settings are this program's, a
 * write-ahead log left by a crash is in the database, and the head holds together: entries, tiles and newest
 * checkpoint end at one size, the root out of the tiles is the checkpoint's, the last entry hashes to the last
 * leaf. That reads O(log size) rows. The signature of the newest checkpoint is for the caller to verify.
 * Errors: NOT_FOUND, IO, STORE_LOCKED, STORE_UNKNOWN, STORE_HALF where the log beside it isn't its own or is missing,
 * STORE_COPY for a backup, STORE_ALTERED, READ_ONLY, STORAGE, NO_MEMORY. What is refused is left as it is.
 */
CUSTODY_MUST_USE custody_err cty_store_open(const char *path, struct cty_store **ret_store,
                                            custody_error *error);
/*
 * The same for a backup, or a database whose log is lost, of which a person says that the ledger had `size` entries and no
 * more. So may one whose log another program began anew. It is then an ordinary database; `size` is compared with one that was
 * closed too, and says nothing of one in use beside its own log. Errors: STORE_COPY for another size.
 */
CUSTODY_MUST_USE custody_err cty_store_open_restored(const char *path, uint64_t size, struct cty_store **ret_store,
                                                     custody_error *error);
/* Takes NULL, returns NULL. Rolls back what is open; brings a healthy log into the database. */
struct cty_store *cty_store_close(struct cty_store *store);

/* Reads through the writer's own connection, borrowed; inside a transaction it sees what that has stored. */
struct cty_store_reader *cty_store_view(struct cty_store *store);

/* Whether a fault has ended this handle. */
bool cty_store_is_poisoned(const struct cty_store *store);

/*
 * Begins a transaction. Errors: BUSY where another program is writing, or reads from a log that a crash left;
 * INTERNAL where one is open.
 */
CUSTODY_MUST_USE custody_err cty_store_begin(struct cty_store *store, custody_error *error);
/* Forgets the transaction. Nothing happens where none is open. */
void cty_store_roll_back(struct cty_store *store);

/*
 * Appends an entry: `index` is the size so far, `leaf` the leaf hash of `body`, `case_opened` the index of the
 * request that opened its case (its own for a request) or CTY_STORE_NO_CASE. Copies the body. The body is empty
 * in no entry. Errors: INTERNAL for another index or a body beyond CTY_ENTRY_BYTES_MAX.
 */
CUSTODY_MUST_USE custody_err cty_store_append(struct cty_store *store, const struct cty_store_entry *entry,
                                              const struct cty_hash *leaf, custody_error *error);
/* Sets the fold's record of this key. */
CUSTODY_MUST_USE custody_err cty_store_put_record(struct cty_store *store,
                                                  const struct cty_store_record *record,
                                                  custody_error *error);
/* Sets the row of the case that was opened at row->opened. */
CUSTODY_MUST_USE custody_err cty_store_put_case(struct cty_store *store, const struct cty_store_case *row,
                                                custody_error *error);
/*
 * Adds a content. WARNING: that it matches its commitment, and the commitment its statement, is the caller's to
 * check. Errors: INTERNAL where the statement has one for that member, or it is too large.
 */
CUSTODY_MUST_USE custody_err cty_store_put_blob(struct cty_store *store, const struct cty_store_blob *blob,
                                                custody_error *error);

/*
 * Check before sign (R15). Writes the tiles, then reads back what the transaction has stored: hashes every new
 * entry, re-derives the root from the tiles, compares it with the one grown in memory, and proves it consistent
 * with the newest checkpoint. *ret_mark is what may be signed: size and root.
 * Errors: STORE_ALTERED with what differs; the handle is then poisoned.
 */
CUSTODY_MUST_USE custody_err cty_store_check(struct cty_store *store, struct cty_store_mark *ret_mark,
                                             custody_error *error);
/*
 * Stores the signed note over what cty_store_check gave; nothing may have been appended since. The note's text
 * is compared, its signature isn't verified. Errors: INTERNAL for another size, root or origin.
 */
CUSTODY_MUST_USE custody_err cty_store_put_checkpoint(struct cty_store *store,
                                                      const struct cty_store_checkpoint *checkpoint,
                                                      custody_error *error);
/*
 * Keeps what a witness said of the checkpoint of row->size: row->first is the line; where there is one already, the newest
 * is kept beside it. WARNING: that it verifies is the caller's to check. Errors: INTERNAL for a line without its newline, or
 * one beyond CTY_COSIGNATURE_LINE_BYTES_MAX.
 */
CUSTODY_MUST_USE custody_err cty_store_put_cosignature(struct cty_store *store, const struct cty_store_cosignature *row,
                                                       custody_error *error);
/*
 * Makes the transaction durable: when it returns OK the disk has it, and the answers may go out, though the handle
 * may be poisoned by then: what is done now and then after a commit has failed. Errors: INTERNAL where entries were
 * appended and no checkpoint covers them.
 */
CUSTODY_MUST_USE custody_err cty_store_commit(struct cty_store *store, custody_error *error);

/* --- staged contents: what no entry commits to yet; limits commit to it ------------------------------------- */

/*
 * Keeps a content for a statement that is still to come; inside a transaction. The same again is OK and changes
 * nothing. Errors: EXISTS for another content under this commitment, TOO_LARGE beyond CTY_BLOB_BYTES_MAX, QUOTA
 * beyond CTY_STAGED_BYTES_MAX or CTY_STAGED_MAX of one actor, CTY_STAGED_PARTY_BYTES_MAX or CTY_STAGED_PARTY_MAX of
 * the actors of one party, CTY_STAGED_TOTAL_BYTES_MAX or CTY_STAGED_TOTAL_MAX of all.
 */
CUSTODY_MUST_USE custody_err cty_store_put_staged(struct cty_store *store,
                                                  const struct cty_store_staged *staged,
                                                  custody_error *error);
/*
 * Drops one, because its statement stands or its actor asked. To use it, read it, check it against its
 * commitment, put those very bytes as a blob, and drop it in the same transaction. Errors: NOT_FOUND.
 */
CUSTODY_MUST_USE custody_err cty_store_drop_staged(struct cty_store *store, struct cty_bytes actor,
                                                   const struct cty_hash *commitment, custody_error *error);
/* Bytes of all staged contents, as of this transaction or the last one. */
uint64_t cty_store_staged_bytes(const struct cty_store *store);
/* Drops what was staged before `before` (ms), at most `count`; *ret_dropped says how many. */
CUSTODY_MUST_USE custody_err cty_store_drop_staged_before(struct cty_store *store, uint64_t before,
                                                          uint64_t count, uint64_t *ret_dropped,
                                                          custody_error *error);

#endif
