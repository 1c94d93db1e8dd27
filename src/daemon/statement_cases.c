/* SPDX-License-Identifier: Apache-2.0 */
/* A digest is a good hash of itself: its first bytes choose the slot, and a later one takes an earlier one's. */
#include <stdlib.h>

#include "base/check.h"
#include "daemon/service.h"

custody_err cty_statement_cases_init(struct cty_statement_cases *cases)
{
    CTY_CHECK(pthread_mutex_init(&cases->lock, NULL) == 0);
    cases->slots = cty_alloc(CTY_STATEMENT_CASES, sizeof(*cases->slots));
    return cases->slots ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

void cty_statement_cases_done(struct cty_statement_cases *cases)
{
    pthread_mutex_destroy(&cases->lock);
    free(cases->slots);
}

static struct cty_statement_case *slot_of(const struct cty_statement_cases *cases, const struct cty_hash *statement)
{
    uint32_t number = (uint32_t)statement->bytes[0] << 16 | (uint32_t)statement->bytes[1] << 8 | statement->bytes[2];
    return &cases->slots[number % CTY_STATEMENT_CASES];
}

void cty_statement_cases_put(struct cty_statement_cases *cases, const struct cty_hash *statement,
                             const struct cty_hash *case_id)
{
    pthread_mutex_lock(&cases->lock);
    *slot_of(cases, statement) = (struct cty_statement_case){*statement, *case_id};
    pthread_mutex_unlock(&cases->lock);
}

bool cty_statement_cases_get(struct cty_statement_cases *cases, const struct cty_hash *statement,
                             struct cty_hash *ret_case_id)
{
    pthread_mutex_lock(&cases->lock);
    const struct cty_statement_case *slot = slot_of(cases, statement);
    bool found = cty_hash_equal(&slot->statement, statement);
    *ret_case_id = slot->case_id;
    pthread_mutex_unlock(&cases->lock);
    return found;
}
