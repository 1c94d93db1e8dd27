/* SPDX-License-Identifier: Apache-2.0 */
#include "client/step.h"

#include <stdlib.h>

#include "client/agent.h"
#include "client/inner.h"

custody_err cty_step_new(struct cty_client *client, struct cty_submitted *submitted, custody_error *error,
                         struct cty_step **ret_step)
{
    CTY_TRY(cty_client_needs_secret(client, error));
    struct cty_step *step = cty_alloc(1, sizeof(*step));
    if (!step)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    step->client = client;
    step->submitted = submitted ? submitted : &step->own;
    step->error = error;
    *ret_step = step;
    return CUSTODY_OK;
}

void cty_step_free_pointer(struct cty_step **step)
{
    if (!*step)
        return;
    cty_judgement_free((*step)->judgement);
    cty_draft_done(&(*step)->draft);
    cty_submitted_done(&(*step)->own);
    free(*step);
    *step = NULL;
}

custody_err cty_step_open(struct cty_client *client, const struct cty_hash *case_id, struct cty_submitted *submitted,
                          custody_error *error, struct cty_step **ret_step)
{
    CTY_TRY(cty_step_new(client, submitted, error, ret_step));
    CTY_TRY(cty_client_judge(client, case_id, 0, &(*ret_step)->judgement, error));
    return cty_judgement_check((*ret_step)->judgement, error);
}

custody_err cty_step_needs_holder(const struct cty_step *step)
{
    struct cty_bytes holder = step->judgement->record.holder;
    if (!cty_bytes_equal(holder, cty_secret_name(step->client->secret)))
        return cty_fail(step->error, CUSTODY_E_NOT_HOLDER, "the case is with %.*s", (int)holder.size,
                        (const char *)holder.data);
    return CUSTODY_OK;
}

custody_err cty_step_needs_open(const struct cty_step *step, bool released)
{
    enum cty_case_state state = cty_agent_state(step->client, step->judgement);
    bool late = (int)state != step->judgement->record.state;
    if (state == CTY_CASE_HELD || (released && state == CTY_CASE_RELEASED))
        return CUSTODY_OK;
    return cty_fail(step->error, late ? CUSTODY_E_DEADLINE_PASSED : CUSTODY_E_STATE_ILLEGAL, "the case is %s",
                    cty_case_state_names[state]);
}

custody_err cty_step_begin(struct cty_step *step, enum cty_type type)
{
    CTY_TRY(cty_client_begin(step->client, type, &step->draft, step->error));
    cty_draft_join(&step->draft, &step->judgement->case_id, &step->judgement->record);
    return CUSTODY_OK;
}

custody_err cty_step_commit(struct cty_step *step, const char *member, struct cty_bytes content,
                            struct cty_opt_hash *ret_hash)
{
    if (!content.data)
        return CUSTODY_OK;
    ret_hash->present = true;
    return cty_draft_commit(&step->draft, member, content, &ret_hash->hash);
}

custody_err cty_step_send(struct cty_step *step)
{
    return cty_client_submit(step->client, &step->draft, NULL, step->submitted, step->error);
}
