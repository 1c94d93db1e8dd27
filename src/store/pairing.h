/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a database and the write-ahead log beside it are one pair. SQLite ignores a missing log, and takes any that
 * lies there: commits would vanish, or another's pages be read. So the database says which log it belongs with, in one
 * row of `setting` (spec/store.md, "The pair"; decision 0015). Private to this folder.
 *
 *     closed ---open---> open(first) ---in the database---> open ---close---> closed
 *                                                            |
 *     copy <-----------------backup--------------------------'
 *
 * A log is told by its salt: the first number of its header's two, which grows by one each time the log begins anew.
 */
#ifndef CTY_STORE_PAIRING_H
#define CTY_STORE_PAIRING_H

#include "store/place.h"
#include "store/sql.h"

enum cty_pairing_state {
    CTY_PAIRING_CLOSED, /* all is in the database */
    CTY_PAIRING_OPEN,   /* newest commits are in a log */
    CTY_PAIRING_COPY,   /* made by cty_store_backup: nobody writes it before a person has said so */
    CTY_PAIRING_STATES
};

struct cty_salt_opt {
    bool present;
    uint32_t salt;
};

struct cty_pairing {
    enum cty_pairing_state state;
    struct cty_salt_opt salt;   /* the log's; absent in the first commit of a log, which is what makes its salt */
    struct cty_salt_opt before; /* the salt that the database's row has while this one is in the log alone */
    uint64_t size;              /* entries then: there are never fewer */
};
/* Of a new database, and of a copy. */
struct cty_pairing cty_pairing_new(enum cty_pairing_state state, uint64_t size);

#define CTY_PAIRING_TEXT_SIZE 64
void cty_pairing_format(const struct cty_pairing *pairing, char ret_text[static CTY_PAIRING_TEXT_SIZE]);
CUSTODY_MUST_USE bool cty_pairing_parse(struct cty_bytes text, struct cty_pairing *ret_pairing);

/* The row as this connection sees it. Errors: STORE_ALTERED, STORAGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_pairing_read(struct cty_sql *sql, struct cty_pairing *ret_pairing,
                                              custody_error *error);
/* Within the caller's transaction. Errors: READ_ONLY, STORAGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_pairing_put(struct cty_sql *sql, const struct cty_pairing *pairing,
                                             custody_error *error);
/* The salt of the log that this connection has open; absent where it is empty. Errors: STORAGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_pairing_salt(struct cty_sql *sql, struct cty_salt_opt *ret_salt,
                                              custody_error *error);

/* A log that lies beside a database. */
struct cty_pairing_log {
    struct cty_salt_opt salt; /* absent: there is none, or it holds nothing */
    bool commits;             /* whether there is anything in it that SQLite would read */
};
/* Whoever has it open. Errors: IO, STORAGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_pairing_find_log(const struct cty_place *place, struct cty_pairing_log *ret_log,
                                                  custody_error *error);

/* What lies there, before SQLite looks at it. */
struct cty_pairing_look {
    struct cty_pairing_log log;
    bool known;                  /* whether the database could be read by itself: a crash may have left it torn */
    struct cty_pairing database; /* what it says without its log */
};
/* Errors: IO, STORAGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_pairing_look(const struct cty_place *place, struct cty_pairing_look *ret_look,
                                              custody_error *error);
/*
 * Whether SQLite may open them. `restored`: a person has looked, so a copy may be written, and a log be missing, or be of
 * another time by its salt.
 * Errors: STORE_COPY, STORE_HALF.
 */
CUSTODY_MUST_USE custody_err cty_pairing_check_look(const struct cty_pairing_look *look, bool restored,
                                                    custody_error *error);
/* Whether what is read with the log, `together`, is what follows from the database. Errors: STORE_HALF. */
CUSTODY_MUST_USE custody_err cty_pairing_check(const struct cty_pairing_look *look, const struct cty_pairing *together,
                                               bool restored, custody_error *error);
/* Whether all entries are there that the row speaks of. Errors: STORE_HALF. */
CUSTODY_MUST_USE custody_err cty_pairing_check_size(const struct cty_pairing_look *look,
                                                    const struct cty_pairing *together, uint64_t size,
                                                    custody_error *error);
/* STORE_HALF for a database that reads as malformed together with its log, whose `sql` said `err`; else `err`. */
custody_err cty_pairing_check_malformed(const struct cty_pairing_look *look, const struct cty_sql *sql, custody_err err,
                                        custody_error *error);
/* STORE_HALF, in words for a log that is missing. */
custody_err cty_pairing_fail_missing(custody_error *error);
/*
 * Whether what lies there ends where a person says that the ledger does. A database in use beside its own log is what a
 * kill left of the start that was asked so: of it nothing is said. Errors: STORE_COPY.
 */
CUSTODY_MUST_USE custody_err cty_pairing_check_restored(const struct cty_pairing_look *look,
                                                        const struct cty_pairing *together, uint64_t size,
                                                        uint64_t restored, custody_error *error);

#endif
