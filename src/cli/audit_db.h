/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit of a database file: its entries are replayed, and then every row that a reader could be shown is compared
 * with what the replay gives (spec/cli.md, "audit"). What grows with the ledger stands in a scratch file, which is gone with
 * the process. Thread rule: one thread.
 */
#ifndef CTY_CLI_AUDIT_DB_H
#define CTY_CLI_AUDIT_DB_H

#include "audit/replay.h"
#include "cli/cli.h"
#include "store/reader.h"

/*
 * A database opened so that no file is made or changed beside it: in place where it stands still, beside a running
 * custodian as any reader, or else as a copy in a folder of our own. Zero-initialise, then cty_audit_close.
 */
struct cty_audit_file {
    struct cty_store_reader *reader;
    char folder[512]; /* of the copy; empty where there is none */
};
CUSTODY_MUST_USE custody_err cty_audit_open(const char *path, struct cty_audit_file *ret_file, custody_error *error);
void cty_audit_close(struct cty_audit_file *file);

/* What the entries say of the rows that the file must hold; filled while they are replayed. */
struct cty_expected {
    struct cty_memory *index; /* "open/<case>", "last/<case>": indices; "blob/<digest>/<member>": commitment */
    struct cty_parsed_entry parsed;
    uint64_t cases;
    uint64_t blobs;
};
/* All in memory; whoever wants less gives the index a backing. */
CUSTODY_MUST_USE custody_err cty_expected_init(struct cty_expected *expected);
void cty_expected_done(struct cty_expected *expected);

/* Notes one entry and compares its row. What differs fails the claim `stored`. */
CUSTODY_MUST_USE custody_err cty_expect_entry(struct cty_expected *expected, const struct cty_store_entry *row,
                                              struct cty_report *report);
/*
 * Compares every other table with what was replayed. What differs fails `stored`, each once more as a finding, and
 * doesn't end the comparison. Errors: what hinders the reading; NO_MEMORY.
 */
struct cty_comparison {
    struct cty_store_reader *reader;
    struct cty_replay *replay;
    const struct cty_trust *trust;
    struct cty_expected *expected;
    struct cty_report *report;
    struct cty_json tape;
    uint64_t count;   /* rows of the table that is walked */
    uint64_t records; /* those that the entries give */
    struct cty_frontier tree; /* of the checkpoint before: sizes come in order, so each leaf is taken once */
};
CUSTODY_MUST_USE custody_err cty_compare_rows(struct cty_comparison *comparison, custody_error *error);

/* The whole audit. Errors: what hinders it; a file that is altered is a report. */
CUSTODY_MUST_USE custody_err cty_audit_database(struct cty_cli *cli, const char *path, unsigned threads,
                                                struct cty_report *report);

#endif
