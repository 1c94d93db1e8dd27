/* SPDX-License-Identifier: Apache-2.0 */
/* The database of a house, read beside its custodian or without one: counted, and audited entry by entry. */
#ifndef CTY_TESTS_E2E_BOOKS_H
#define CTY_TESTS_E2E_BOOKS_H

#include "audit/replay.h"
#include "house.h"
#include "store/reader.h"

/* How many rows of each kind there are. */
struct books_counts {
    uint64_t entries;
    uint64_t records;
    uint64_t cases;
    uint64_t blobs;
    uint64_t staged;
    uint64_t checkpoints;
};
/* From one snapshot. */
void books_count(const struct house *h, struct books_counts *ret_counts);
/* The newest entry's index, plus 1. */
uint64_t books_size(const struct house *h);

struct books {
    struct cty_store_reader *reader; /* in a snapshot */
    struct cty_replay *replay;       /* of every entry, with its contents */
    struct cty_report report;
    struct cty_hash *leaves;         /* of every entry */
    uint64_t size;
    uint64_t bytes;                  /* of all entries */
    double replay_s;                 /* of the replay alone, */
    double replay_cpu_s;             /* and its processor time on all cores */
    bool without_contents;           /* in: contents are not compared */
};

/* Replays the whole ledger from the database. Zero-initialise; then books_close. */
void books_open(struct books *books, const struct house *h);
void books_close(struct books *books);
/* Tells the first thing that is wrong: a claim that doesn't hold, a record that the replay did not give. NULL: nothing. */
const char *books_fault(struct books *books);
/* The case as the replay left it. False where there is none. Views live as long as the books. */
bool books_case(struct books *books, const struct cty_hash *case_id, struct cty_case *ret_case);
/* Parses every entry in order. */
void books_each(struct books *books, void (*each)(void *context, const struct cty_parsed_entry *entry), void *context);

#endif
