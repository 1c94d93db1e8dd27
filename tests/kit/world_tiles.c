/* SPDX-License-Identifier: Apache-2.0 */
#include "kit/world_tiles.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/check.h"
#include "ledger/bundle.h"
#include "ledger/tile_path.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)

void world_note_at(struct world *w, uint64_t size, struct cty_buf *out)
{
    struct cty_buf text = CTY_BUF_INIT(4096);
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = size};
    cty_buf_clear(out);
    MUST(cty_memory_root(w->memory, size, &checkpoint.root));
    MUST(cty_checkpoint_format(&checkpoint, &text));
    MUST(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, world_secret(w, "log"), out));
    cty_buf_done(&text);
}

void world_write(const char *folder, const char *name, struct cty_bytes bytes)
{
    char path[512];
    int size = snprintf(path, sizeof(path), "%s/%s", folder, name);
    CTY_CHECK(size > 0 && (size_t)size < sizeof(path));
    for (char *c = path + strlen(folder); *c; c++) {
        if (*c != '/')
            continue;
        *c = 0;
        (void)mkdir(path, 0700);
        *c = '/';
    }
    FILE *file = fopen(path, "wb");
    CTY_CHECK(file && fwrite(bytes.data, 1, bytes.size, file) == bytes.size && fclose(file) == 0);
}

void world_publish_bundle(const struct world *w, const char *folder, uint64_t index, uint64_t size)
{
    char name[CTY_TILE_PATH_SIZE];
    struct cty_buf out = CTY_BUF_INIT(CTY_TILE_WIDTH * (CTY_BUNDLE_LENGTH_SIZE + (size_t)CTY_ENTRY_BYTES_MAX));
    struct cty_tile_path path = {.kind = CTY_TILE_ENTRIES, .index = index / CTY_TILE_WIDTH};
    path.width = cty_tile_width(size, 0, path.index);
    for (unsigned i = 0; i < path.width; i++)
        MUST(cty_bundle_put(w->entries[path.index * CTY_TILE_WIDTH + i], &out));
    cty_tile_path_format(&path, name);
    world_write(folder, name, cty_buf_bytes(&out));
    cty_buf_done(&out);
}

void world_publish(struct world *w, const char *folder, uint64_t size)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    for (uint64_t i = 0; i < size; i += CTY_TILE_WIDTH)
        world_publish_bundle(w, folder, i, size);
    world_note_at(w, size, &note);
    world_write(folder, "checkpoint", cty_buf_bytes(&note));
    cty_buf_done(&note);
}
