/* SPDX-License-Identifier: Apache-2.0 */
#include "client/door_source.h"

#include <stdlib.h>

#include "base/check.h"
#include "client/inner.h"
#include "client/read.h"

struct door {
    struct cty_client *client;
    uint8_t salt[CTY_SALT_SIZE];
    struct cty_buf content;
};

static custody_err give_checkpoint(void *context, struct cty_buf *out, custody_error *error)
{
    struct door *door = context;
    struct cty_checkpoint checkpoint;
    struct cty_bytes note;
    CTY_TRY(cty_client_checkpoint(door->client, true, &checkpoint, &note, error));
    custody_err err = cty_buf_put_bytes(out, note);
    return err == CUSTODY_OK ? err : cty_fail_code(error, err);
}

/* Whether the client's own policy asks for more than stands on this note. One with a line that fails is for the audit to judge. */
static custody_err lacks_a_quorum(const struct cty_witness_policy *policy, struct cty_bytes note, bool *ret_lacks)
{
    uint64_t bad = 0;
    CTY_AUTO_FREE struct cty_note *parsed = cty_alloc(1, sizeof(*parsed));
    if (!parsed)
        return CUSTODY_E_NO_MEMORY;
    CTY_TRY(cty_note_parse(note, parsed));
    uint64_t witnesses = cty_witness_policy_cosigned(policy, parsed, 0, NULL, &bad);
    *ret_lacks = bad || !cty_witness_policy_met(policy, witnesses);
    return CUSTODY_OK;
}

/* What the custodian calls witnessed: of one ledger with the newest, proven, and by the client's own policy. */
static custody_err take_witnessed(struct door *door, struct cty_bytes note, uint64_t at_least, struct cty_buf *out,
                                  custody_error *error)
{
    struct cty_checkpoint checkpoint;
    bool lacks = true;
    CTY_TRY(cty_client_advance(door->client, note, &checkpoint, error));
    CTY_TRY(lacks_a_quorum(&door->client->trust->policy, note, &lacks));
    return lacks || checkpoint.size < at_least ? CUSTODY_OK : cty_buf_put_bytes(out, note);
}

static custody_err give_witnessed(void *context, uint64_t at_least, struct cty_buf *out, custody_error *error)
{
    struct door *door = context;
    struct cty_rpc_params params = {.u.checkpoint = {.min_size = at_least, .witnessed = true}};
    CTY_AUTO_FREE struct cty_answer *answer = cty_alloc(1, sizeof(*answer));
    if (!answer)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    custody_err err = cty_client_call(door->client, CTY_RPC_CHECKPOINT, &params, answer, error);
    bool none = err == CUSTODY_E_NOT_WITNESSED || err == CUSTODY_E_NOT_FOUND;
    if (err == CUSTODY_OK)
        err = take_witnessed(door, answer->result.checkpoint.checkpoint, at_least, out, error);
    cty_answer_done(answer);
    return none ? CUSTODY_OK : err;
}

static custody_err give_entries(void *context, uint64_t from, uint64_t count, cty_source_entries_fn *each,
                                void *each_context, custody_error *error)
{
    struct door *door = context;
    uint64_t to = 0;
    if (__builtin_add_overflow(from, count, &to))
        return cty_fail_code(error, CUSTODY_E_BAD_PARAMS);
    return cty_client_entries(door->client, from, to, each, each_context, error);
}

/* What the custodian doesn't let this reader see is not at hand. */
static custody_err give_content(void *context, const struct cty_hash *case_id, const struct cty_hash *statement,
                                struct cty_bytes member, struct cty_bytes *ret_salt, struct cty_bytes *ret_content)
{
    struct door *door = context;
    cty_buf_clear(&door->content);
    custody_err err =
        cty_client_blob(door->client, case_id, statement, member, door->salt, &door->content, NULL);
    *ret_salt = cty_bytes_make(door->salt, sizeof(door->salt));
    *ret_content = cty_buf_bytes(&door->content);
    return err == CUSTODY_E_FORBIDDEN ? CUSTODY_E_NOT_FOUND : err;
}

static void door_done(void *context)
{
    struct door *door = context;
    cty_buf_done(&door->content);
    free(door);
}

custody_err cty_door_source(struct cty_client *client, bool contents, struct cty_audit_source *ret_source)
{
    struct door *door = cty_alloc(1, sizeof(*door));
    if (!door)
        return CUSTODY_E_NO_MEMORY;
    door->client = client;
    door->content = CTY_BUF_INIT(2 * CTY_BLOB_BYTES_MAX);
    *ret_source = (struct cty_audit_source){.context = door,
                                            .checkpoint = give_checkpoint,
                                            .witnessed = give_witnessed,
                                            .entries = give_entries,
                                            .content = contents ? give_content : NULL,
                                            .done = door_done};
    return CUSTODY_OK;
}
