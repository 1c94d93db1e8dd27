/* SPDX-License-Identifier: Apache-2.0 */
/* What is written, what of it is safe, and what a power cut leaves. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "simulate/disk_inner.h"
#include "simulate/tally.h"

/* --- images ------------------------------------------------------------------------------------------------- */

static void image_reserve(struct disk_image *image, size_t size)
{
    if (size <= image->room)
        return;
    size_t room = image->room ? image->room : 65536;
    while (room < size)
        room *= 2;
    image->data = realloc(image->data, room);
    CTY_CHECK(image->data);
    image->room = room;
}

static void image_resize(struct disk_image *image, size_t size)
{
    image_reserve(image, size);
    if (size > image->size)
        memset(image->data + image->size, 0, size - image->size);
    image->size = size;
}

static void image_write(struct disk_image *image, const void *data, size_t size, size_t offset)
{
    if (offset + size > image->size)
        image_resize(image, offset + size);
    memcpy(image->data + offset, data, size);
}

static void image_apply(struct disk_image *image, const struct disk_pending *p)
{
    if (p->truncate)
        image_resize(image, p->offset);
    else
        image_write(image, p->data, p->size, p->offset);
}

static void image_copy(struct disk_image *to, const struct disk_image *from)
{
    image_resize(to, from->size);
    if (from->size)
        memcpy(to->data, from->data, from->size);
}

/* --- nodes -------------------------------------------------------------------------------------------------- */

struct disk_node *disk_node_new(void)
{
    for (size_t i = 0; i < DISK_NODES; i++) {
        if (disk.nodes[i].used)
            continue;
        disk.nodes[i].used = true;
        return &disk.nodes[i];
    }
    CTY_CHECK(false); /* no room on the disk's list */
    return NULL;
}

static void forget_pending(struct disk_node *node)
{
    for (size_t i = 0; i < node->pending_count; i++)
        free(node->pending[i].data);
    node->pending_count = 0;
}

void disk_node_free(struct disk_node *node)
{
    forget_pending(node);
    free(node->pending);
    free(node->cache.data);
    free(node->safe.data);
    for (size_t i = 0; i < DISK_MAPS; i++)
        free(node->maps[i]);
    memset(node, 0, sizeof(*node));
}

static struct disk_pending *add_pending(struct disk_node *node)
{
    if (node->pending_count == node->pending_room) {
        node->pending_room = node->pending_room ? 2 * node->pending_room : 64;
        node->pending = realloc(node->pending, node->pending_room * sizeof(*node->pending));
        CTY_CHECK(node->pending);
    }
    struct disk_pending *p = &node->pending[node->pending_count++];
    memset(p, 0, sizeof(*p));
    p->number = ++disk.number;
    return p;
}

void disk_node_write(struct disk_node *node, const void *data, size_t size, size_t offset)
{
    struct disk_pending *p = add_pending(node);
    p->offset = offset;
    p->size = size;
    p->data = malloc(size ? size : 1);
    CTY_CHECK(p->data);
    memcpy(p->data, data, size);
    image_apply(&node->cache, p);
}

void disk_node_truncate(struct disk_node *node, size_t size)
{
    struct disk_pending *p = add_pending(node);
    p->truncate = true;
    p->offset = size;
    image_apply(&node->cache, p);
}

void disk_node_sync(struct disk_node *node)
{
    for (size_t i = 0; i < node->pending_count; i++)
        image_apply(&node->safe, &node->pending[i]);
    forget_pending(node);
}

void disk_node_evict(struct disk_node *node)
{
    image_copy(&node->cache, &node->safe);
    for (size_t i = 0; i < node->pending_count; i++)
        image_apply(&node->cache, &node->pending[i]);
    node->doubtful = false;
}

/* --- what is kept of what was not synced --------------------------------------------------------------------- */

enum keep { KEEP_NOTHING, KEEP_ALL, KEEP_FIRST, KEEP_SOME, KEEP_WAYS };

struct cut {
    enum keep keep;
    uint64_t until; /* KEEP_FIRST: writes before this number */
};

static struct cut make_cut(uint64_t first)
{
    struct cut cut = {(enum keep)chance_below(&disk.chance, KEEP_WAYS), 0};
    cut.until = first + chance_below(&disk.chance, (size_t)(disk.number - first + 2));
    return cut;
}

/* The first bytes of the write, to any byte; what is less than a sector is whole or not there. */
static void keep_torn(struct disk_node *node, const struct disk_pending *p)
{
    if (p->truncate || p->size <= DISK_SECTOR)
        return;
    image_write(&node->safe, p->data, 1 + chance_below(&disk.chance, p->size - 1), p->offset);
    tally_add(TALLY_TORN);
}

/* Each sector for itself. */
static void keep_sectors(struct disk_node *node, const struct disk_pending *p)
{
    for (size_t at = 0; at < p->size;) {
        size_t size = DISK_SECTOR - (p->offset + at) % DISK_SECTOR;
        size = size < p->size - at ? size : p->size - at;
        if (chance_in(&disk.chance, 500))
            image_write(&node->safe, p->data + at, size, p->offset + at);
        else
            tally_add(TALLY_SECTORS_LOST);
        at += size;
    }
}

static void keep_some(struct disk_node *node, const struct disk_pending *p)
{
    size_t die = chance_below(&disk.chance, 10);
    if (die < 4)
        image_apply(&node->safe, p);
    else if (die < 6 && !p->truncate)
        keep_sectors(node, p);
    else if (die < 7)
        keep_torn(node, p);
    else
        tally_add(TALLY_WRITES_LOST);
}

static void keep_one(struct disk_node *node, const struct disk_pending *p, const struct cut *cut)
{
    switch (cut->keep) {
    case KEEP_ALL:
        image_apply(&node->safe, p);
        return;
    case KEEP_FIRST:
        if (p->number < cut->until)
            image_apply(&node->safe, p);
        else if (p->number == cut->until)
            keep_torn(node, p);
        else
            tally_add(TALLY_WRITES_LOST);
        return;
    case KEEP_SOME:
        keep_some(node, p);
        return;
    case KEEP_NOTHING:
    case KEEP_WAYS:
        tally_add(TALLY_WRITES_LOST);
        return;
    }
}

static void cut_node(struct disk_node *node, const struct cut *cut)
{
    for (size_t i = 0; i < node->pending_count; i++)
        keep_one(node, &node->pending[i], cut);
    forget_pending(node);
}

/* The kernel takes pages whose write failed for written. */
void disk_node_sync_badly(struct disk_node *node)
{
    struct cut cut = make_cut(node->pending_count ? node->pending[0].number : disk.number);
    cut_node(node, &cut);
    node->doubtful = true;
    if (!chance_in(&disk.chance, 300))
        return;
    disk_node_evict(node);
    tally_add(TALLY_EVICTED);
}

void disk_power_cut(void)
{
    uint64_t first = disk.number;
    for (size_t i = 0; i < DISK_NODES; i++) {
        const struct disk_node *node = &disk.nodes[i];
        if (node->used && node->pending_count && node->pending[0].number < first)
            first = node->pending[0].number;
    }
    struct cut cut = make_cut(first);
    for (size_t i = 0; i < DISK_NODES; i++) {
        if (!disk.nodes[i].used)
            continue;
        cut_node(&disk.nodes[i], &cut);
        disk_node_evict(&disk.nodes[i]);
    }
}
