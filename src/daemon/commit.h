/* SPDX-License-Identifier: Apache-2.0 */
/* What the sequencer does with a group; inside of it only. */
#ifndef CTY_DAEMON_COMMIT_H
#define CTY_DAEMON_COMMIT_H

#include "daemon/sequencer.h"

/* Decides on every submission of the list, in one transaction, and calls their `done`. */
void cty_commit_group(struct cty_sequencer *sequencer, struct cty_submission *first);

/* Looks at the clock; records expiries that are due; drops staged contents that are too old. */
void cty_commit_background(struct cty_sequencer *sequencer);

#endif
