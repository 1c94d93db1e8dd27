/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a witness has cosigned, of every log that it follows: one SQLite file of its own (spec/witness.md, "State").
 *
 * Every change is one transaction, on the disk when the call returns. After a failure of the disk that leaves unknown what
 * is on it (STORAGE) the handle refuses everything until the file is opened anew. Several processes may use one file; each
 * change compares what it was made from with what is stored.
 *
 * Owns: the connection and, where it was asked for, the lock. Thread rule: one thread at a time.
 */
#ifndef CTY_STORE_WITNESS_H
#define CTY_STORE_WITNESS_H

#include "ledger/note.h"

struct cty_witness_store;

/*
 * Makes the file for the witness of this public line; where a file is there already it is left alone (EXISTS).
 * Errors: EXISTS, NOT_FOUND (the folder), IO, READ_ONLY, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_witness_store_make(const char *path, struct cty_bytes vkey, custody_error *error);

/*
 * `alone` takes the lock of the process that answers: two of those on one file are one too many. Errors: NOT_FOUND, IO,
 * STORE_LOCKED, STORE_UNKNOWN it is another file, STORAGE, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_witness_store_open(const char *path, bool alone, struct cty_witness_store **ret_store,
                                                    custody_error *error);
/* Takes NULL. */
void cty_witness_store_close(struct cty_witness_store *store);
void cty_witness_store_close_pointer(struct cty_witness_store **store); /* for CTY_CLEANUP */

/* Appends the public line of the witness. Errors: STORE_ALTERED, STORAGE, BUSY, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_witness_store_vkey(struct cty_witness_store *store, struct cty_buf *out,
                                                    custody_error *error);

/* One log. Zero-initialise, then cty_witness_log_done; about 70 KiB at most. */
struct cty_witness_log {
    struct cty_buf origin;
    struct cty_buf key_name;     /* of its keys, in notes; most logs': the origin */
    struct cty_log_keys keys;
    bool removed;                /* not witnessed any more; what was cosigned is kept all the same */
    struct cty_buf follow;       /* where it is fetched from; empty: it is submitted */
    struct cty_buf certificate;  /* what a TLS door there is known by; may be empty */
    uint64_t size;               /* of the newest checkpoint that was cosigned, */
    struct cty_hash root;
    uint64_t time_s;             /* its newest cosignature; 0: nothing was cosigned yet */
    struct cty_buf note;         /* with the log's line and the witness's; empty where there is none */
    struct cty_buf stopped;      /* why nothing is cosigned until a person clears it; empty: it goes on */
    struct cty_buf file;         /* the contradiction file; empty where none could be written */
    uint64_t stopped_s;
};
void cty_witness_log_done(struct cty_witness_log *log);

/* A log that was removed is found too. Errors: NOT_FOUND; STORE_ALTERED, STORAGE, BUSY, NO_MEMORY, as everywhere here. */
CUSTODY_MUST_USE custody_err cty_witness_log_get(struct cty_witness_store *store, struct cty_bytes origin,
                                                 struct cty_witness_log *ret_log, custody_error *error);
/* The same by SHA-256 of its origin. */
CUSTODY_MUST_USE custody_err cty_witness_log_find(struct cty_witness_store *store, const struct cty_hash *origin_digest,
                                                  struct cty_witness_log *ret_log, custody_error *error);
/* The first log with an origin above `after`, in the order of bytes. Errors: NOT_FOUND at the end. */
CUSTODY_MUST_USE custody_err cty_witness_log_after(struct cty_witness_store *store, struct cty_bytes after,
                                                   struct cty_witness_log *ret_log, custody_error *error);

/*
 * Adds a log with its key; one that was removed goes on from where it was, with the keys that it had. Errors: EXISTS,
 * BAD_MEMBER (origin), BAD_KEY, LIMIT_REACHED at CTY_WITNESS_LOGS_MAX.
 */
CUSTODY_MUST_USE custody_err cty_witness_log_add(struct cty_witness_store *store, struct cty_bytes origin,
                                                 struct cty_bytes vkey, custody_error *error);
/* Another key, which signs checkpoints of `first` and above. Errors: NOT_FOUND, BAD_KEY, BAD_MEMBER, LIMIT_REACHED. */
CUSTODY_MUST_USE custody_err cty_witness_log_key(struct cty_witness_store *store, struct cty_bytes origin, uint64_t first,
                                                 struct cty_bytes vkey, custody_error *error);
/* Both may be empty. Errors: NOT_FOUND. */
CUSTODY_MUST_USE custody_err cty_witness_log_follow(struct cty_witness_store *store, struct cty_bytes origin,
                                                    struct cty_bytes follow, struct cty_bytes certificate,
                                                    custody_error *error);
/* Errors: NOT_FOUND. */
CUSTODY_MUST_USE custody_err cty_witness_log_remove(struct cty_witness_store *store, struct cty_bytes origin,
                                                    custody_error *error);

/* What a cosignature was made from, and what it says. */
struct cty_witness_step {
    uint64_t old_size; /* as it was read, with the root */
    struct cty_hash old_root;
    uint64_t size;
    struct cty_hash root;
    uint64_t time_s;
    struct cty_bytes note;
};
/*
 * Compares and stores; nothing that is not stored may be shown to anybody. Errors: WRONG_SIZE what is stored is not what it
 * was made from any more, or newer; SPLIT_VIEW the log is stopped; NOT_FOUND, also where it is removed; READ_ONLY the disk
 * is full.
 */
CUSTODY_MUST_USE custody_err cty_witness_log_advance(struct cty_witness_store *store, struct cty_bytes origin,
                                                     const struct cty_witness_step *step, custody_error *error);

/* Stops a log; the first reason stays, and the first file that there is. Errors: NOT_FOUND. */
CUSTODY_MUST_USE custody_err cty_witness_log_stop(struct cty_witness_store *store, struct cty_bytes origin,
                                                  const char *why, const char *file, uint64_t time_s,
                                                  custody_error *error);
/* Where the proof of a stopped log lies that could not be kept then. Errors: NOT_FOUND, also where nothing lacks. */
CUSTODY_MUST_USE custody_err cty_witness_log_file(struct cty_witness_store *store, struct cty_bytes origin, const char *file,
                                                  custody_error *error);
/* A person's act: it goes on from the checkpoint that was cosigned last. Errors: NOT_FOUND. */
CUSTODY_MUST_USE custody_err cty_witness_log_clear(struct cty_witness_store *store, struct cty_bytes origin,
                                                   custody_error *error);
/*
 * Another one: where the newest cosignature says a time after this one, it says this one from now on, so that the log is
 * cosigned at times after it. What was given away says what it said. Errors: NOT_FOUND, also where there is nothing to set.
 */
CUSTODY_MUST_USE custody_err cty_witness_log_clock(struct cty_witness_store *store, struct cty_bytes origin, uint64_t time_s,
                                                   custody_error *error);

/*
 * A contradiction file, by its name beside the state, of a log that a person let go on: it stops nothing any more by lying
 * there. Said again it changes nothing.
 */
CUSTODY_MUST_USE custody_err cty_witness_file_clear(struct cty_witness_store *store, const char *name, custody_error *error);
CUSTODY_MUST_USE custody_err cty_witness_file_is_cleared(struct cty_witness_store *store, const char *name,
                                                         bool *ret_cleared, custody_error *error);

#endif
