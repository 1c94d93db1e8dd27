/* SPDX-License-Identifier: Apache-2.0 */
#include "client/door_source.h"

#include <stdlib.h>

#include "base/check.h"
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
                                            .entries = give_entries,
                                            .content = contents ? give_content : NULL,
                                            .done = door_done};
    return CUSTODY_OK;
}
