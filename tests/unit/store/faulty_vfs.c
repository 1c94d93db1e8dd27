/* SPDX-License-Identifier: Apache-2.0 */
#include "faulty_vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <stddef.h>
#include <string.h>

#include "base/check.h"

struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real; /* in the memory behind this */
};

static struct {
    sqlite3_vfs *real;
    sqlite3_vfs vfs;
    enum faulty_kind kind;
    int nth;
    int count;
    int writes;
    uint64_t bytes;
    bool happened;
    bool pads;
} disk;

static struct {
    void (*hook)(void *context);
    void *context;
} at_sync;

void faulty_at_sync(void (*hook)(void *context), void *context)
{
    at_sync.context = context;
    at_sync.hook = hook;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct faulty_file *)(void *)file)->real;
}

/* --- faults ------------------------------------------------------------------------------------------------ */

void faulty_arm(enum faulty_kind kind, int nth)
{
    disk.kind = kind;
    disk.nth = nth;
    disk.count = 0;
    disk.writes = 0;
    disk.bytes = 0;
    disk.happened = false;
}

bool faulty_disarm(void)
{
    disk.kind = FAULTY_NONE;
    return disk.happened;
}

uint64_t faulty_bytes(void)
{
    return disk.bytes;
}

int faulty_writes(void)
{
    return disk.writes;
}

void faulty_pads(bool pads)
{
    disk.pads = pads;
}

int faulty_count(void)
{
    return disk.count;
}

/* Counts one call; whether it fails. A full disk stays full. */
static bool strikes(bool stays)
{
    disk.count++;
    bool now = disk.count == disk.nth || (stays && disk.count > disk.nth);
    disk.happened = disk.happened || now;
    if (now)
        errno = disk.kind == FAULTY_WRITE_QUOTA ? EDQUOT : EIO;
    return now;
}

/* A disk takes a long write in pieces, and may fail at each. */
#define PIECE 4096

static int write_piece(sqlite3_file *real, const uint8_t *data, int size, sqlite3_int64 offset)
{
    switch (disk.kind) {
    case FAULTY_WRITE_IO:
        if (strikes(false))
            return SQLITE_IOERR_WRITE;
        break;
    case FAULTY_WRITE_FULL:
        if (strikes(true))
            return SQLITE_FULL;
        break;
    case FAULTY_WRITE_QUOTA:
        if (strikes(true))
            return SQLITE_IOERR_WRITE;
        break;
    case FAULTY_SHORT_WRITE:
        if (strikes(true)) {
            (void)real->pMethods->xWrite(real, data, size / 2, offset);
            return SQLITE_FULL;
        }
        break;
    case FAULTY_SYNC:
    case FAULTY_NONE:
        break;
    }
    disk.bytes += (uint64_t)size;
    return real->pMethods->xWrite(real, data, size, offset);
}

static int faulty_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    int rc = SQLITE_OK;
    disk.writes++;
    for (int at = 0; rc == SQLITE_OK && at < size; at += PIECE) {
        int part = size - at < PIECE ? size - at : PIECE;
        rc = write_piece(real_of(file), (const uint8_t *)data + at, part, offset + at);
    }
    return rc;
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    (void)file;
    (void)flags;
    if (at_sync.hook)
        at_sync.hook(at_sync.context);
    /* Never really synced: nobody pulls the plug here, and the tests sync some thousand times. */
    return disk.kind == FAULTY_SYNC && strikes(false) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int faulty_last_error(sqlite3_vfs *vfs, int size, char *text)
{
    (void)vfs;
    (void)size;
    (void)text;
    if (!disk.happened)
        return 0;
    return disk.kind == FAULTY_WRITE_QUOTA ? EDQUOT : EIO;
}

/* --- everything else goes through -------------------------------------------------------------------------- */

static int through_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
}
static int through_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), data, size, offset);
}
static int through_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}
static int through_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}
static int through_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}
static int through_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}
static int through_check(sqlite3_file *file, int *ret_reserved)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_reserved);
}
static int through_control(sqlite3_file *file, int op, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}
static int through_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}
static int through_device(sqlite3_file *file)
{
    int device = real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
    return disk.pads ? device & ~SQLITE_IOCAP_POWERSAFE_OVERWRITE : device;
}
static int through_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret_map)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, ret_map);
}
static int through_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}
static void through_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}
static int through_shm_unmap(sqlite3_file *file, int delete_it)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = through_close,
    .xRead = through_read,
    .xWrite = faulty_write,
    .xTruncate = through_truncate,
    .xSync = faulty_sync,
    .xFileSize = through_size,
    .xLock = through_lock,
    .xUnlock = through_unlock,
    .xCheckReservedLock = through_check,
    .xFileControl = through_control,
    .xSectorSize = through_sector,
    .xDeviceCharacteristics = through_device,
    .xShmMap = through_shm_map,
    .xShmLock = through_shm_lock,
    .xShmBarrier = through_shm_barrier,
    .xShmUnmap = through_shm_unmap,
};

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    (void)vfs;
    struct faulty_file *faulty = (struct faulty_file *)(void *)file;
    faulty->real = (sqlite3_file *)(void *)(faulty + 1);
    memset(faulty->real, 0, (size_t)disk.real->szOsFile);
    int rc = disk.real->xOpen(disk.real, name, faulty->real, flags, ret_flags);
    faulty->base.pMethods = faulty->real->pMethods ? &methods : NULL;
    return rc;
}

void faulty_install(void)
{
    if (disk.real)
        return;
    disk.real = sqlite3_vfs_find(NULL);
    CTY_CHECK(disk.real);
    disk.vfs = *disk.real;
    disk.vfs.zName = "faulty";
    disk.vfs.szOsFile = (int)sizeof(struct faulty_file) + disk.real->szOsFile;
    disk.vfs.xOpen = faulty_open;
    disk.vfs.xGetLastError = faulty_last_error;
    CTY_CHECK(sqlite3_vfs_register(&disk.vfs, 1) == SQLITE_OK);
}
