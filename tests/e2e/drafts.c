/* SPDX-License-Identifier: Apache-2.0 */
#include "drafts.h"

#include <stdlib.h>

#include "base/check.h"

struct cty_draft *draft_new(void)
{
    struct cty_draft *draft = cty_alloc(1, sizeof(*draft));
    must_be(draft != NULL);
    return draft;
}

void draft_free(struct cty_draft *draft)
{
    cty_draft_done(draft);
    free(draft);
}

void draft_request(struct cty_client *client, const char *action, struct cty_draft *draft)
{
    struct cty_request *request = &draft->statement.u.request;
    must(cty_client_begin(client, CTY_REQUEST, draft, &house_error));
    request->service = CTY_LITERAL("billing");
    request->action = cty_bytes_text(action);
    request->priority = CTY_PRIORITY_NORMAL;
    request->executor = draft->statement.signers[0];
    request->expires = draft->statement.time + 3600000;
    must(cty_draft_commit_json(draft, "payload", CTY_LITERAL("{\"amount\":100,\"order\":\"o-1\"}"), &request->payload,
                               &house_error));
}

void draft_join(struct cty_client *client, enum cty_type type, const struct cty_judgement *judgement,
                struct cty_draft *draft)
{
    must(cty_client_begin(client, type, draft, &house_error));
    cty_draft_join(draft, &judgement->case_id, &judgement->record);
    if (type == CTY_CONSUME)
        draft->statement.u.consume.payload = judgement->record.payload;
}

void draft_decision(struct cty_client *client, const struct cty_judgement *judgement, enum cty_choice choice,
                    struct cty_draft *draft)
{
    struct cty_decision *decision = &draft->statement.u.decision;
    draft_join(client, CTY_DECISION, judgement, draft);
    decision->choice = (int)choice;
    decision->expires = draft->statement.time + 3600000;
    decision->method = CTY_METHOD_CLI;
    decision->payload = judgement->record.payload;
    memcpy(decision->instance, judgement->record.instance.bits, sizeof(decision->instance));
}

/* {"amount":N, ... with another number in its place. */
static void put_result(struct cty_buf *out, struct cty_bytes payload, uint64_t amount)
{
    const uint8_t *comma = memchr(payload.data, ',', payload.size);
    must_be(comma != NULL);
    must(cty_buf_putf(out, "{\"amount\":%llu", (unsigned long long)amount));
    must(cty_buf_put(out, comma, payload.size - (size_t)(comma - payload.data)));
}

void draft_patch(struct cty_client *client, const struct cty_judgement *judgement, uint64_t amount,
                 struct cty_draft *draft)
{
    struct cty_patch *patch = &draft->statement.u.patch;
    struct cty_buf operations = CTY_BUF_INIT(256);
    struct cty_buf result = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    struct cty_bytes payload;
    draft_join(client, CTY_PATCH, judgement, draft);
    must(cty_judgement_payload(judgement, &payload));
    must(cty_buf_putf(&operations, "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":%llu}]",
                      (unsigned long long)amount));
    put_result(&result, payload, amount);
    patch->base = judgement->record.payload;
    must(cty_draft_commit_json(draft, "operations", cty_buf_bytes(&operations), &patch->operations, &house_error));
    must(cty_draft_commit_json(draft, "result", cty_buf_bytes(&result), &patch->result, &house_error));
    cty_buf_done(&operations);
    cty_buf_done(&result);
}

static void submit(struct cty_client *client, struct cty_draft *draft, struct cty_hash *ret_digest)
{
    struct cty_submitted *submitted = cty_alloc(1, sizeof(*submitted));
    must_be(submitted != NULL);
    must(cty_client_submit(client, draft, NULL, submitted, &house_error));
    if (ret_digest)
        *ret_digest = submitted->own.digest;
    cty_submitted_done(submitted);
    free(submitted);
    draft_free(draft);
}

void draft_ask(struct cty_client *client, const char *action, struct cty_hash *ret_case)
{
    struct cty_draft *draft = draft_new();
    draft_request(client, action, draft);
    submit(client, draft, ret_case);
}

struct cty_judgement *draft_judge(struct cty_client *client, const struct cty_hash *case_id)
{
    struct cty_judgement *judgement = NULL;
    must(cty_client_judge(client, case_id, CTY_GATHER_CONTENTS, &judgement, &house_error));
    must(cty_judgement_check(judgement, &house_error));
    return judgement;
}

void draft_approve(struct cty_client *client, const struct cty_hash *case_id)
{
    struct cty_judgement *judgement = draft_judge(client, case_id);
    struct cty_draft *draft = draft_new();
    draft_decision(client, judgement, CTY_APPROVE, draft);
    submit(client, draft, NULL);
    cty_judgement_free(judgement);
}
