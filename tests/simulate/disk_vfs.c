/* SPDX-License-Identifier: Apache-2.0 */
/* The disk as SQLite sees it. Locks and the log's index are those of one process. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "simulate/disk_inner.h"
#include "simulate/tally.h"

static struct disk_handle *handle_of(sqlite3_file *file)
{
    return (struct disk_handle *)(void *)file;
}

/* A process that has ended changes nothing, though the program that stood for it still closes its files. */
static bool is_dead(const struct disk_handle *h)
{
    return disk.stopped || h->process != disk.process;
}

static enum disk_fault meet(const struct disk_handle *h, enum disk_call call)
{
    return h->process != disk.process ? DISK_STOP : disk_meet(call);
}

/* Counts what changes the disk. After a failed sync nothing may, once there is a log to lose. */
static void changes(const struct disk_handle *h, const char *what)
{
    disk.changes++;
    if (h->ledger && h->node->logged && disk.sync_failed && !disk.offence)
        disk.offence = what;
}

/* --- reading and writing ------------------------------------------------------------------------------------- */

static int disk_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
    struct disk_handle *h = handle_of(file);
    const struct disk_image *cache = &h->node->cache;
    size_t wanted = (size_t)size, at = (size_t)offset;
    if (meet(h, DISK_READ) != DISK_NO_FAULT)
        return SQLITE_IOERR_READ;
    size_t have = at < cache->size ? cache->size - at : 0;
    have = have < wanted ? have : wanted;
    if (have)
        memcpy(data, cache->data + at, have);
    memset((uint8_t *)data + have, 0, wanted - have);
    return have == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

/* The system writes page by page what came as one: each may be kept or lost. */
#define PAGE 4096u

static void write_pages(struct disk_node *node, const uint8_t *data, size_t size, size_t offset)
{
    for (size_t at = 0; at < size;) {
        size_t part = PAGE - (offset + at) % PAGE;
        part = part < size - at ? part : size - at;
        disk_node_write(node, data + at, part, offset + at);
        at += part;
    }
}

static int no_room(struct disk_handle *h, const void *data, size_t size, size_t offset, bool cut)
{
    disk.error = errno = ENOSPC;
    disk.failures++;
    tally_add(TALLY_FULL_WRITES);
    if (cut && size > 1) {
        write_pages(h->node, data, chance_below(&disk.chance, size), offset);
        tally_add(TALLY_SHORT_WRITES);
    }
    return SQLITE_FULL;
}

static bool needs_room(const struct disk_handle *h, size_t end)
{
    return disk.full && (disk.everything || end > h->node->cache.size);
}

static int disk_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    struct disk_handle *h = handle_of(file);
    enum disk_fault fault = meet(h, DISK_WRITE);
    CTY_CHECK(size < 131072); /* as much as SQLite's own way to files takes at once */
    if (fault == DISK_STOP || fault == DISK_EIO)
        return SQLITE_IOERR_WRITE;
    trace_number((uint64_t)size);
    trace_number((uint64_t)offset);
    changes(h, "a write after a sync had failed");
    if (fault == DISK_SHORT || needs_room(h, (size_t)(offset + size)))
        return no_room(h, data, (size_t)size, (size_t)offset, fault == DISK_SHORT || chance_in(&disk.chance, 300));
    write_pages(h->node, data, (size_t)size, (size_t)offset);
    return SQLITE_OK;
}

static int disk_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct disk_handle *h = handle_of(file);
    if (meet(h, DISK_TRUNCATE) != DISK_NO_FAULT)
        return SQLITE_IOERR_TRUNCATE;
    changes(h, "a truncate after a sync had failed");
    disk_node_truncate(h->node, (size_t)size);
    return SQLITE_OK;
}

static int disk_sync(sqlite3_file *file, int flags)
{
    struct disk_handle *h = handle_of(file);
    (void)flags;
    enum disk_fault fault = meet(h, DISK_SYNC);
    if (fault == DISK_STOP)
        return SQLITE_IOERR_FSYNC;
    changes(h, "a sync after a sync had failed");
    if (fault != DISK_NO_FAULT) {
        disk.sync_failed = disk.sync_failed || (h->ledger && h->node->logged);
        disk_node_sync_badly(h->node);
        return SQLITE_IOERR_FSYNC;
    }
    disk_node_sync(h->node);
    if (h->node->names_due)
        disk_names_sync();
    h->node->names_due = false;
    return SQLITE_OK;
}

static int disk_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    *ret_size = (sqlite3_int64)handle_of(file)->node->cache.size;
    return SQLITE_OK;
}

/* --- locks --------------------------------------------------------------------------------------------------- */

/* The highest lock that another has on the file. */
static int others_level(const struct disk_handle *h)
{
    int level = SQLITE_LOCK_NONE;
    for (size_t i = 0; i < DISK_HANDLES; i++) {
        const struct disk_handle *other = disk.handles[i];
        if (other && other != h && other->node == h->node && other->process == h->process && other->level > level)
            level = other->level;
    }
    return level;
}

static int disk_lock(sqlite3_file *file, int level)
{
    struct disk_handle *h = handle_of(file);
    int others = others_level(h);
    if (is_dead(h))
        return SQLITE_IOERR_LOCK;
    if (level <= h->level)
        return SQLITE_OK;
    bool free = level == SQLITE_LOCK_SHARED      ? others < SQLITE_LOCK_PENDING
                : level == SQLITE_LOCK_EXCLUSIVE ? others < SQLITE_LOCK_SHARED
                                                 : others < SQLITE_LOCK_RESERVED;
    if (free)
        h->level = level;
    return free ? SQLITE_OK : SQLITE_BUSY;
}

static int disk_unlock(sqlite3_file *file, int level)
{
    struct disk_handle *h = handle_of(file);
    h->level = level < h->level ? level : h->level;
    return SQLITE_OK;
}

static int disk_check_reserved(sqlite3_file *file, int *ret_reserved)
{
    struct disk_handle *h = handle_of(file);
    *ret_reserved = h->level >= SQLITE_LOCK_RESERVED || others_level(h) >= SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
}

static int disk_control(sqlite3_file *file, int op, void *argument)
{
    (void)file;
    if (op != SQLITE_FCNTL_MMAP_SIZE)
        return SQLITE_NOTFOUND;
    *(sqlite3_int64 *)argument = 0; /* nothing is ever mapped */
    return SQLITE_OK;
}

static int disk_sector(sqlite3_file *file)
{
    (void)file;
    return 4096;
}

/* What SQLite takes for granted on Linux: a write that is cut short harms nothing beside it. */
static int disk_device(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* --- the log's index: memory that ends with the last process that has it ------------------------------------- */

static int disk_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret_map)
{
    struct disk_handle *h = handle_of(file);
    *ret_map = NULL;
    h->maps = true;
    CTY_CHECK(page >= 0 && page < (int)DISK_MAPS);
    if (!h->node->maps[page] && !extend)
        return SQLITE_OK;
    if (meet(h, DISK_MAP) != DISK_NO_FAULT)
        return SQLITE_IOERR_SHMMAP;
    if (!h->node->maps[page] && disk.full && chance_in(&disk.chance, 300)) {
        disk.error = errno = ENOSPC;
        disk.failures++;
        tally_add(TALLY_FULL_WRITES);
        return SQLITE_IOERR_SHMSIZE;
    }
    if (!h->node->maps[page])
        h->node->maps[page] = calloc(1, (size_t)size);
    CTY_CHECK(h->node->maps[page]);
    h->node->logged = true;
    *ret_map = h->node->maps[page];
    return SQLITE_OK;
}

static bool may_lock(const struct disk_handle *h, int slot, bool exclusive)
{
    unsigned mine = (h->shared >> slot) & 1u;
    bool mine_alone = h->node->exclusive[slot] && ((h->exclusive >> slot) & 1u);
    if (h->node->exclusive[slot] && !mine_alone)
        return false;
    return !exclusive || h->node->shared[slot] == mine;
}

static void shm_drop(struct disk_handle *h, int slot)
{
    uint8_t bit = (uint8_t)(1u << slot);
    if (h->shared & bit)
        h->node->shared[slot]--;
    if (h->exclusive & bit)
        h->node->exclusive[slot] = false;
    h->shared = (uint8_t)(h->shared & ~bit);
    h->exclusive = (uint8_t)(h->exclusive & ~bit);
}

static void shm_take(struct disk_handle *h, int slot, bool exclusive)
{
    uint8_t bit = (uint8_t)(1u << slot);
    shm_drop(h, slot);
    if (exclusive) {
        h->exclusive = (uint8_t)(h->exclusive | bit);
        h->node->exclusive[slot] = true;
    } else {
        h->shared = (uint8_t)(h->shared | bit);
        h->node->shared[slot]++;
    }
}

static int disk_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    struct disk_handle *h = handle_of(file);
    bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    if (h->process != disk.process)
        return SQLITE_OK; /* its locks went with it */
    for (int i = offset; (flags & SQLITE_SHM_UNLOCK) && i < offset + count; i++)
        shm_drop(h, i);
    if (flags & SQLITE_SHM_UNLOCK)
        return SQLITE_OK;
    if (disk.stopped)
        return SQLITE_IOERR_SHMLOCK;
    for (int i = offset; i < offset + count; i++) {
        if (!may_lock(h, i, exclusive))
            return SQLITE_BUSY;
    }
    for (int i = offset; i < offset + count; i++)
        shm_take(h, i, exclusive);
    return SQLITE_OK;
}

static void disk_shm_barrier(sqlite3_file *file)
{
    (void)file;
}

static bool is_mapped(const struct disk_node *node)
{
    for (size_t i = 0; i < DISK_HANDLES; i++) {
        if (disk.handles[i] && disk.handles[i]->node == node && disk.handles[i]->maps)
            return true;
    }
    return false;
}

static void forget_maps(struct disk_node *node)
{
    for (size_t i = 0; i < DISK_MAPS; i++) {
        free(node->maps[i]);
        node->maps[i] = NULL;
    }
}

static int disk_shm_unmap(sqlite3_file *file, int delete_it)
{
    struct disk_handle *h = handle_of(file);
    (void)delete_it;
    h->maps = false;
    if (!is_mapped(h->node))
        forget_maps(h->node);
    return SQLITE_OK;
}

/* Whoever ends a process has closed what it had open. */
void disk_unlock_all(void)
{
    for (size_t i = 0; i < DISK_HANDLES; i++)
        CTY_CHECK(!disk.handles[i]);
    for (size_t i = 0; i < DISK_NODES; i++) {
        struct disk_node *node = &disk.nodes[i];
        if (!node->used)
            continue;
        forget_maps(node);
        memset(node->shared, 0, sizeof(node->shared));
        memset(node->exclusive, 0, sizeof(node->exclusive));
    }
}

/* --- files --------------------------------------------------------------------------------------------------- */

static int disk_close(sqlite3_file *file)
{
    struct disk_handle *h = handle_of(file);
    for (size_t i = 0; i < DISK_HANDLES; i++) {
        if (disk.handles[i] == h)
            disk.handles[i] = NULL;
    }
    h->base.pMethods = NULL;
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_size,
    .xLock = disk_lock,
    .xUnlock = disk_unlock,
    .xCheckReservedLock = disk_check_reserved,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector,
    .xDeviceCharacteristics = disk_device,
    .xShmMap = disk_shm_map,
    .xShmLock = disk_shm_lock,
    .xShmBarrier = disk_shm_barrier,
    .xShmUnmap = disk_shm_unmap,
};

/* The node of the name. What the store has made in the folder itself has one from its first opening on. */
static struct disk_node *find_or_make(const char *path, int flags)
{
    struct stat status;
    struct disk_node *node = disk_find(path);
    if (node || (!(flags & SQLITE_OPEN_CREATE) && lstat(path, &status) != 0))
        return node;
    node = disk_node_new();
    node->logged = (flags & SQLITE_OPEN_WAL) != 0;
    disk_name_put(path, node);
    return node;
}

static void keep_handle(struct disk_handle *h)
{
    size_t i = 0;
    while (i < DISK_HANDLES && disk.handles[i])
        i++;
    CTY_CHECK(i < DISK_HANDLES);
    disk.handles[i] = h;
}

static int disk_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret_flags)
{
    struct disk_handle *h = handle_of(file);
    (void)vfs;
    memset(h, 0, sizeof(*h));
    if (disk_meet(DISK_OPEN) != DISK_NO_FAULT)
        return SQLITE_CANTOPEN;
    struct disk_node *node = path ? find_or_make(path, flags) : NULL;
    if (!node)
        return SQLITE_CANTOPEN;
    node->names_due = node->names_due || (flags & SQLITE_OPEN_CREATE) != 0;
    h->node = node;
    h->process = disk.process;
    h->ledger = !strstr(path, ".new");
    h->base.pMethods = &methods;
    keep_handle(h);
    if (ret_flags)
        *ret_flags = flags;
    return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    (void)vfs;
    if (disk_meet(DISK_NAME) != DISK_NO_FAULT)
        return SQLITE_IOERR_DELETE;
    if (!disk_find(path))
        return SQLITE_IOERR_DELETE_NOENT;
    disk_name_drop(path);
    if (sync_folder)
        disk_names_sync();
    return SQLITE_OK;
}

static int disk_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret_there)
{
    (void)vfs;
    (void)flags;
    *ret_there = disk_find(path) != NULL;
    return SQLITE_OK;
}

static int disk_full_name(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
    (void)vfs;
    return snprintf(out, (size_t)size, "%s", path) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int disk_randomness(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    chance_fill(&disk.chance, out, (size_t)size);
    return size;
}

/* Nobody waits for anybody: there is one thread. */
static int disk_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static int disk_time(sqlite3_vfs *vfs, sqlite3_int64 *ret_ms)
{
    (void)vfs;
    *ret_ms = 0;
    return SQLITE_OK;
}

static int disk_last_error(sqlite3_vfs *vfs, int size, char *text)
{
    (void)vfs;
    (void)size;
    (void)text;
    return disk.error;
}

static sqlite3_vfs vfs_of_disk = {
    .iVersion = 2,
    .szOsFile = (int)sizeof(struct disk_handle),
    .mxPathname = DISK_PATH,
    .zName = "disk",
    .xOpen = disk_open,
    .xDelete = disk_delete,
    .xAccess = disk_access,
    .xFullPathname = disk_full_name,
    .xRandomness = disk_randomness,
    .xSleep = disk_sleep,
    .xGetLastError = disk_last_error,
    .xCurrentTimeInt64 = disk_time,
};

void disk_vfs_install(void)
{
    CTY_CHECK(sqlite3_vfs_register(&vfs_of_disk, 1) == SQLITE_OK);
}
