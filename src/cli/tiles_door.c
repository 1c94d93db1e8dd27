/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/check.h"
#include "cli/tiles.h"
#include "client/read.h"
#include "codec/text.h"

struct door {
    struct cty_client *client;
    struct cty_answer answer;
};

static custody_err read_hashes(struct door *door, const struct cty_tile_path *what, struct cty_buf *out,
                               custody_error *error)
{
    struct cty_rpc_params params = {0};
    char path[CTY_TILE_PATH_SIZE];
    cty_tile_path_format(what, path);
    params.u.tile.path = cty_bytes_text(path);
    CTY_TRY(cty_client_call(door->client, CTY_RPC_TILE, &params, &door->answer, error));
    custody_err err = cty_base64_parse(door->answer.result.tile.content, out);
    return err == CUSTODY_OK ? err : cty_fail(error, err, "%s", path);
}

static custody_err put_entries(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    (void)first;
    for (size_t i = 0; i < count; i++)
        CTY_TRY(cty_bundle_put(texts[i], context));
    return CUSTODY_OK;
}

/* Entry by entry: a bundle may be larger than an answer. */
static custody_err read_entries(struct door *door, const struct cty_tile_path *what, struct cty_buf *out,
                                custody_error *error)
{
    uint64_t first = what->index * CTY_TILE_WIDTH;
    return cty_client_entries(door->client, first, first + what->width, put_entries, out, error);
}

static custody_err read_file(void *context, const struct cty_tile_path *what, struct cty_buf *out, custody_error *error)
{
    return what->kind == CTY_TILE_ENTRIES ? read_entries(context, what, out, error)
                                          : read_hashes(context, what, out, error);
}

static custody_err newest(void *context, struct cty_buf *note, struct cty_log_keys *ret_keys, custody_error *error)
{
    struct door *door = context;
    struct cty_checkpoint checkpoint;
    struct cty_bytes text;
    cty_buf_clear(note);
    CTY_TRY(cty_client_checkpoint(door->client, true, &checkpoint, &text, error));
    *ret_keys = *cty_client_log_keys(door->client);
    return cty_buf_put_bytes(note, text);
}

static void door_done(void *context)
{
    struct door *door = context;
    cty_answer_done(&door->answer);
    free(door);
}

custody_err cty_tiles_from_door(struct cty_client *client, struct cty_tiles_from *ret_from, custody_error *error)
{
    struct door *door = cty_alloc(1, sizeof(*door));
    if (!door)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    door->client = client;
    *ret_from = (struct cty_tiles_from){{door, read_file, door_done}, newest};
    return CUSTODY_OK;
}
