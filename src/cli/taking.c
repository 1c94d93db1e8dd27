/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/taking.h"

#include "cli/signals.h"

static bool goes_on(const struct cty_submitted *submitted, bool patient, custody_err err)
{
    bool sent = submitted->own.entry.size > 0;
    return err == CUSTODY_E_NOT_WITNESSED && (sent || patient) && !cty_signals_caught();
}

custody_err cty_take_right(struct cty_cli *cli, struct cty_client *client, const struct cty_hash *case_id, bool patient,
                           struct cty_judgement **ret_judgement, struct cty_bytes *ret_payload,
                           struct cty_submitted *submitted)
{
    bool told = false;
    for (;;) {
        custody_err err = cty_agent_consume(client, case_id, ret_judgement, ret_payload, submitted, &cli->error);
        if (!goes_on(submitted, patient, err))
            return err;
        if (!told)
            cty_cli_note(cli, "custody: %s; it acts when they have come", cli->error.detail);
        told = true;
    }
}
