/* SPDX-License-Identifier: Apache-2.0 */
/* A test world's ledger that is published as tiles in the shell's folder, and `custody audit` over them. */
#ifndef CTY_TESTS_CLI_PUBLISHED_H
#define CTY_TESTS_CLI_PUBLISHED_H

#include "base/check.h"
#include "kit/world_evidence.h"
#include "kit/world_tiles.h"
#include "unit/cli/shell.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)

/* *state is the shell. */
int published_setup(void **state);
int published_teardown(void **state);

/* A ledger with a party, and the trust file trust.json beside it. */
struct world *published_begin(void);
/* One case from its request to its outcome. */
void refund(struct world *w);
void grow_to(struct world *w, uint64_t size);
/* All that there is, as the folder tiles. */
void publish(struct world *w);
/* The exit status. */
int audit(struct shell *sh);
int audit_with(struct shell *sh, const char *option);

#endif
