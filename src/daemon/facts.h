/* SPDX-License-Identifier: Apache-2.0 */
/* What a database says of its ledger, compared with the keys that a custodian was given. Inside src/daemon only. */
#ifndef CTY_DAEMON_FACTS_H
#define CTY_DAEMON_FACTS_H

#include "daemon/custodian.h"
#include "daemon/head.h"

/*
 * Fills in custodian->readers and the newest checkpoint from a snapshot that is open, and compares names and
 * keys. Errors: CONFIG where the keys are not the ledger's or it has no entry; DEVELOPMENT_KEY where a published
 * key is enrolled and this is no development mode; STORE_ALTERED for the checkpoint.
 */
CUSTODY_MUST_USE custody_err cty_facts_read(struct cty_store_reader *reader, struct cty_custodian *custodian,
                                            struct cty_head *head, custody_error *error);

#endif
