/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a database holds beside its entries, against what the entries give: the claim `stored` (spec/evidence.md).
 * Every row of every table is visited: records, case rows, columns of entries, contents, tiles, checkpoints, and
 * whatever else is in the file. Thread rule: one thread.
 */
#ifndef CTY_CLI_STORED_H
#define CTY_CLI_STORED_H

#include "audit/memory.h"
#include "audit/trust.h"
#include "store/reader.h"

/*
 * `memory` is that of a replay of all entries of this snapshot, which has judged them to their end. Differences go into
 * the report. Errors: those of the reader, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_stored_check(struct cty_store_reader *reader, const struct cty_memory *memory,
                                              const struct cty_trust *trust, struct cty_report *report,
                                              custody_error *error);

#endif
