/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

static custody_err get(void *context, enum cty_space space, const char *key, struct cty_buf *out)
{
    struct cty_audit_file_state *file = context;
    return cty_audit_state_get(file->state, (unsigned)space, key, out, &file->error);
}

static custody_err put(void *context, enum cty_space space, const char *key, struct cty_bytes value)
{
    struct cty_audit_file_state *file = context;
    return cty_audit_state_put(file->state, (unsigned)space, key, value, &file->error);
}

static custody_err each(void *context, enum cty_space space, const char *prefix, cty_backing_each_fn *fn, void *fn_context)
{
    struct cty_audit_file_state *file = context;
    return cty_audit_state_each(file->state, (unsigned)space, prefix, fn, fn_context, &file->error);
}

static custody_err tile_get(void *context, unsigned level, uint64_t index, struct cty_buf *out)
{
    struct cty_audit_file_state *file = context;
    return cty_audit_state_get_tile(file->state, level, index, out, &file->error);
}

static custody_err tile_put(void *context, unsigned level, uint64_t index, struct cty_bytes hashes)
{
    struct cty_audit_file_state *file = context;
    return cty_audit_state_put_tile(file->state, level, index, hashes, &file->error);
}

custody_err cty_audit_file_state_open(struct cty_audit_file_state *file, const char *path, bool anew, custody_error *error)
{
    bool is_new = true;
    *file = (struct cty_audit_file_state){.path = path};
    CTY_TRY(path ? cty_audit_state_open(path, anew, &file->state, &is_new, error)
                 : cty_audit_state_scratch(&file->state, error));
    file->backing = (struct cty_backing){file, get, put, each, tile_get, tile_put, is_new};
    return CUSTODY_OK;
}

void cty_audit_file_state_done(struct cty_audit_file_state *file)
{
    cty_audit_state_close(file->state);
    file->state = NULL;
}

/* Beside the file with the newest checkpoint, unless it is named or not wanted. */
custody_err cty_audit_state_path(struct cty_cli *cli, char **ret_path)
{
    const char *named = cty_args_text(&cli->args, "audit-state");
    *ret_path = NULL;
    CTY_TRY(cty_cli_find_state(cli));
    if (cty_args_flag(&cli->args, "no-state") || (!named && !cli->state_path))
        return CUSTODY_OK;
    const char *base = named ? named : cli->state_path;
    size_t size = strlen(base) + sizeof(".audit");
    *ret_path = cty_alloc(1, size);
    if (!*ret_path)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    snprintf(*ret_path, size, "%s%s", base, named ? "" : ".audit");
    return CUSTODY_OK;
}
