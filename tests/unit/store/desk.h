/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder with a ledger's database in it, and entries to fill it with. All that is stored follows from an entry's
 * index alone, so any database that a test leaves behind can be compared with what it should hold.
 *
 * Index i: every fourth entry is of the trust class and in no case; the one after it opens a case; the next two
 * belong to that case. Each has an id record and changes the ledger's; a case's entries change its record and its
 * row; what opens a case brings a blob.
 */
#ifndef CTY_TESTS_STORE_DESK_H
#define CTY_TESTS_STORE_DESK_H

#include "store/store.h"

#define DESK_ORIGIN "ledger.example/desk"

struct desk {
    char folder[64];
    char path[96];
};

/* Makes the folder; desk_remove takes it away with all that is in it. */
void desk_make(struct desk *desk);
void desk_remove(struct desk *desk);
/* Another path in the folder, in static memory of the caller. */
void desk_path(const struct desk *desk, const char *name, char ret_path[static 160]);

/* Create, open and close; fail the test on error. */
struct cty_store *desk_create(const struct desk *desk);
struct cty_store *desk_open(const struct desk *desk);
struct cty_store_reader *desk_reader(const struct desk *desk);

/* The text of entry `index`. */
void desk_body(uint64_t index, struct cty_buf *out);
uint64_t desk_case_of(uint64_t index);
bool desk_is_trust(uint64_t index);
struct cty_hash desk_hash(const char *what, uint64_t index);
/* The case's row once the ledger has `size` entries. Texts are constants. */
struct cty_store_case desk_case(uint64_t opened, uint64_t size);

/* The parts of one commit; each gives the store's answer. */
custody_err desk_put_entry(struct cty_store *store, uint64_t index);
custody_err desk_sign(struct cty_store *store, const struct cty_store_mark *mark);
/* Begins, puts `count` entries, checks, signs, commits. On error it has rolled back. */
custody_err desk_append(struct cty_store *store, uint64_t count);

/* A signed note; the caller frees it (cty_buf_done). */
void desk_note(const struct cty_store_mark *mark, struct cty_buf *out);
/* The root of the first `size` entries, grown leaf by leaf. */
struct cty_hash desk_root(uint64_t size);

/* Compares all that a reader finds with what a ledger of its size holds; takes a snapshot where it has none. */
void desk_compare(struct cty_store_reader *reader);
/* Opens for writing, compares, closes; the size. */
uint64_t desk_reopen(const struct desk *desk);

/* Runs a statement on the file, as a hand that is not ours would. */
void desk_tamper(const struct desk *desk, const char *statement);

#endif
