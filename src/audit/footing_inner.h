/* SPDX-License-Identifier: Apache-2.0 */
/* Inside src/audit only: what a footing holds. */
#ifndef CTY_AUDIT_FOOTING_INNER_H
#define CTY_AUDIT_FOOTING_INNER_H

#include "audit/footing.h"
#include "audit/step.h"

struct cty_footing {
    struct cty_step step; /* behind the newest entry; its report is this one */
    struct cty_report report;
    struct cty_parsed_entry parsed;
    size_t count;
    uint64_t next;
    struct cty_hash leaf;
};

/* Begins a step where the footing ends, over its memory, which stays as it is. `step` was initialised. */
CUSTODY_MUST_USE custody_err cty_step_stand_on(struct cty_step *step, const struct cty_footing *footing);

#endif
