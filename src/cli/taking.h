/* SPDX-License-Identifier: Apache-2.0 */
/* Consuming a release on the command line, with the patience that witnesses take. */
#ifndef CTY_CLI_TAKING_H
#define CTY_CLI_TAKING_H

#include "cli/cli.h"
#include "client/agent.h"

/*
 * cty_agent_consume, again while witnesses are missing: always where the consume was sent already, since another process could
 * not go on with it, and with `patient` also before. Says once for whom it waits. It ends when it is too late to act, or when a
 * signal that the run has taken says so.
 */
CUSTODY_MUST_USE custody_err cty_take_right(struct cty_cli *cli, struct cty_client *client, const struct cty_hash *case_id,
                                            bool patient, struct cty_judgement **ret_judgement,
                                            struct cty_bytes *ret_payload, struct cty_submitted *submitted);

#endif
