/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of the usual kinds, lawful as they come; a test changes what it wants wrong before it sends them. */
#ifndef CTY_TESTS_E2E_DRAFTS_H
#define CTY_TESTS_E2E_DRAFTS_H

#include "client/judge.h"
#include "house.h"

/* A draft that the caller frees. */
struct cty_draft *draft_new(void);
void draft_free(struct cty_draft *draft);

/* A request by the client's actor with a payload. */
void draft_request(struct cty_client *client, const char *action, struct cty_draft *draft);
/* Any statement of a case, joined to it. */
void draft_join(struct cty_client *client, enum cty_type type, const struct cty_judgement *judgement,
                struct cty_draft *draft);
void draft_decision(struct cty_client *client, const struct cty_judgement *judgement, enum cty_choice choice,
                    struct cty_draft *draft);
/* Sets /amount of the payload in force. */
void draft_patch(struct cty_client *client, const struct cty_judgement *judgement, uint64_t amount,
                 struct cty_draft *draft);

/* Submits a request, verified; gives its case. */
void draft_ask(struct cty_client *client, const char *action, struct cty_hash *ret_case);
/* The case as it stands, which can be relied on. The caller frees. */
struct cty_judgement *draft_judge(struct cty_client *client, const struct cty_hash *case_id);
/* Approves the case as it stands. */
void draft_approve(struct cty_client *client, const struct cty_hash *case_id);

#endif
