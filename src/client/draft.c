/* SPDX-License-Identifier: Apache-2.0 */
#include "client/draft.h"

#include "client/inner.h"

/* A document of many small values grows in RFC 8785 form, but not beyond a content's limit. */
#define SCAN_LIMITS ((struct cty_json_limits){CTY_PAYLOAD_DEPTH_MAX, CTY_PAYLOAD_NODES_MAX})

void cty_draft_done(struct cty_draft *draft)
{
    if (!draft)
        return;
    for (uint32_t i = 0; i < CTY_BLOBS_PER_STATEMENT_MAX; i++)
        cty_buf_done(&draft->memory[i]);
}

custody_err cty_draft_sign(struct cty_draft *draft, const struct cty_secret *secret)
{
    struct cty_statement *st = &draft->statement;
    if (st->signers_count == CTY_SIGNERS_MAX)
        return CUSTODY_E_LIMIT_REACHED;
    draft->secrets[st->signers_count] = secret;
    st->signers[st->signers_count++] = cty_secret_name(secret);
    return CUSTODY_OK;
}

custody_err cty_client_begin(struct cty_client *client, enum cty_type type, struct cty_draft *draft, custody_error *error)
{
    struct cty_checkpoint seen;
    struct cty_statement *st = &draft->statement;
    CTY_TRY(cty_client_checkpoint(client, false, &seen, NULL, error));
    cty_draft_done(draft);
    memset(draft, 0, sizeof(*draft));
    st->type = type;
    st->ledger = client->trust->origin;
    st->seen = (struct cty_seen){seen.size, seen.root};
    st->time = cty_client_now(client);
    cty_random_id(st->time, st->id);
    st->until = st->time + CTY_DRAFT_UNTIL_MS;
    return client->secret && !client->reads_only ? cty_draft_sign(draft, client->secret) : CUSTODY_OK;
}

void cty_draft_join(struct cty_draft *draft, const struct cty_hash *case_id, const struct cty_case *record)
{
    draft->statement.case_id = *case_id;
    draft->statement.after = record->anchor;
}

/* The content of the newest place, which is whole in its memory, becomes one of the draft's. */
static void take_content(struct cty_draft *draft, const char *member, struct cty_hash *ret_commitment)
{
    const struct cty_statement *st = &draft->statement;
    struct cty_content *content = &draft->contents[draft->contents_count];
    content->member = cty_bytes_text(member);
    content->content = cty_buf_bytes(&draft->memory[draft->contents_count]);
    cty_random(content->salt, sizeof(content->salt));
    *ret_commitment =
        cty_commitment(st->ledger, st->signers[0], st->id, content->member, content->salt, content->content);
    draft->contents_count++;
}

static custody_err next_place(struct cty_draft *draft, struct cty_buf **ret_memory)
{
    CTY_CHECK(draft->statement.signers_count > 0);
    if (draft->contents_count == CTY_BLOBS_PER_STATEMENT_MAX)
        return CUSTODY_E_LIMIT_REACHED;
    *ret_memory = &draft->memory[draft->contents_count];
    (*ret_memory)->limit = CTY_BLOB_BYTES_MAX;
    cty_buf_clear(*ret_memory);
    return CUSTODY_OK;
}

custody_err cty_draft_commit(struct cty_draft *draft, const char *member, struct cty_bytes content,
                             struct cty_hash *ret_commitment)
{
    struct cty_buf *memory;
    CTY_TRY(next_place(draft, &memory));
    CTY_TRY(cty_buf_put_bytes(memory, content));
    take_content(draft, member, ret_commitment);
    return CUSTODY_OK;
}

custody_err cty_draft_commit_json(struct cty_draft *draft, const char *member, struct cty_bytes json,
                                  struct cty_hash *ret_commitment, custody_error *error)
{
    struct cty_buf *memory;
    struct cty_json tape = CTY_JSON_INIT;
    CTY_TRY(next_place(draft, &memory));
    if (json.size > CTY_BLOB_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "%s of %zu bytes", member, json.size);
    custody_error inner = {0};
    custody_err err = cty_json_scan(&tape, CTY_JSON_DOCUMENT, SCAN_LIMITS, json, &inner);
    if (err == CUSTODY_OK)
        err = cty_buf_put_bytes(memory, json);
    cty_json_done(&tape);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "%s: %s", member, inner.detail);
    take_content(draft, member, ret_commitment);
    return CUSTODY_OK;
}

struct cty_bytes cty_draft_content(const struct cty_draft *draft, const char *member)
{
    for (uint32_t i = 0; i < draft->contents_count; i++) {
        if (cty_bytes_is(draft->contents[i].member, member))
            return draft->contents[i].content;
    }
    return cty_bytes_make(NULL, 0);
}
