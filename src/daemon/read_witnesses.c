/* SPDX-License-Identifier: Apache-2.0 */
/* Who cosigns the checkpoints, and how far each of them is. */
#include "daemon/reads.h"

custody_err cty_read_witnesses(struct cty_worker *worker, const struct cty_rpc_params *params,
                               union cty_rpc_result *result, custody_error *error)
{
    (void)worker;
    (void)params;
    (void)error;
    result->witnesses.policy = CTY_LITERAL("");
    return CUSTODY_OK;
}
