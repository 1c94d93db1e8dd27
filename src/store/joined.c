/* SPDX-License-Identifier: Apache-2.0 */
#include "store/joined.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"

struct joined_file {
    sqlite3_file base;
    sqlite3_file *real; /* in the memory behind this */
    uint8_t *held;      /* CTY_JOINED_BYTES */
    sqlite3_int64 at;   /* its place in the file */
    int size;
};

static struct joined_file *joined_of(sqlite3_file *file)
{
    return (struct joined_file *)(void *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return joined_of(file)->real;
}

/* --- holding back ------------------------------------------------------------------------------------------- */

static int let_go(struct joined_file *joined)
{
    int size = joined->size;
    joined->size = 0;
    return size ? joined->real->pMethods->xWrite(joined->real, joined->held, size, joined->at) : SQLITE_OK;
}

/* Within what is held, or at its end. */
static bool joins_on(const struct joined_file *joined, int size, sqlite3_int64 offset)
{
    return offset >= joined->at && offset <= joined->at + joined->size &&
           offset - joined->at + size <= CTY_JOINED_BYTES;
}

static int joined_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    struct joined_file *joined = joined_of(file);
    if (!joins_on(joined, size, offset)) {
        int rc = let_go(joined);
        if (rc != SQLITE_OK)
            return rc;
        joined->at = offset;
    }
    if (size > CTY_JOINED_BYTES)
        return joined->real->pMethods->xWrite(joined->real, data, size, offset);
    int place = (int)(offset - joined->at);
    memcpy(joined->held + place, data, (size_t)size);
    if (place + size > joined->size)
        joined->size = place + size;
    return SQLITE_OK;
}

static int joined_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
    struct joined_file *joined = joined_of(file);
    bool is_held = offset < joined->at + joined->size && offset + size > joined->at;
    int rc = is_held ? let_go(joined) : SQLITE_OK;
    return rc == SQLITE_OK ? joined->real->pMethods->xRead(joined->real, data, size, offset) : rc;
}

static int joined_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int rc = let_go(joined_of(file));
    return rc == SQLITE_OK ? real_of(file)->pMethods->xTruncate(real_of(file), size) : rc;
}

static int joined_sync(sqlite3_file *file, int flags)
{
    int rc = let_go(joined_of(file));
    return rc == SQLITE_OK ? real_of(file)->pMethods->xSync(real_of(file), flags) : rc;
}

static int joined_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    int rc = let_go(joined_of(file));
    return rc == SQLITE_OK ? real_of(file)->pMethods->xFileSize(real_of(file), ret_size) : rc;
}

static int joined_close(sqlite3_file *file)
{
    free(joined_of(file)->held);
    joined_of(file)->held = NULL;
    return real_of(file)->pMethods->xClose(real_of(file));
}

/* --- everything else goes through ---------------------------------------------------------------------------- */

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
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

/* A log has no index of its own and is never mapped: the first version of the methods is enough. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = joined_close,
    .xRead = joined_read,
    .xWrite = joined_write,
    .xTruncate = joined_truncate,
    .xSync = joined_sync,
    .xFileSize = joined_size,
    .xLock = through_lock,
    .xUnlock = through_unlock,
    .xCheckReservedLock = through_check,
    .xFileControl = through_control,
    .xSectorSize = through_sector,
    .xDeviceCharacteristics = through_device,
};

/* --- the way to files ---------------------------------------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    sqlite3_vfs *real; /* NULL before it is registered */
    sqlite3_vfs vfs;
} joined = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int log_open(const char *name, struct joined_file *file, int flags, int *ret_flags)
{
    memset(file, 0, sizeof(*file));
    file->real = (sqlite3_file *)(void *)(file + 1);
    memset(file->real, 0, (size_t)joined.real->szOsFile);
    file->held = malloc(CTY_JOINED_BYTES);
    if (!file->held)
        return SQLITE_NOMEM;
    int rc = joined.real->xOpen(joined.real, name, file->real, flags, ret_flags);
    if (rc == SQLITE_OK) {
        file->base.pMethods = &methods;
        return SQLITE_OK;
    }
    if (file->real->pMethods)
        (void)file->real->pMethods->xClose(file->real);
    free(file->held);
    return rc;
}

/* All but the log is the system's alone. */
static int joined_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    (void)vfs;
    if (flags & SQLITE_OPEN_WAL)
        return log_open(name, joined_of(file), flags, ret_flags);
    return joined.real->xOpen(joined.real, name, file, flags, ret_flags);
}

/* Of the other functions none has a file, and the system's don't look at which VFS they are called for. */
static custody_err joined_register(custody_error *error)
{
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    if (!real)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    joined.vfs = *real;
    joined.vfs.pNext = NULL;
    joined.vfs.zName = "custody-joined";
    joined.vfs.szOsFile = (int)sizeof(struct joined_file) + real->szOsFile;
    joined.vfs.xOpen = joined_open;
    int rc = sqlite3_vfs_register(&joined.vfs, 0);
    if (rc != SQLITE_OK)
        return cty_fail(error, rc == SQLITE_NOMEM ? CUSTODY_E_NO_MEMORY : CUSTODY_E_INTERNAL, "sqlite3_vfs_register");
    joined.real = real;
    return CUSTODY_OK;
}

custody_err cty_joined_name(const char **ret_name, custody_error *error)
{
    CTY_CHECK(pthread_mutex_lock(&joined.lock) == 0);
    custody_err err = joined.real ? CUSTODY_OK : joined_register(error);
    CTY_CHECK(pthread_mutex_unlock(&joined.lock) == 0);
    if (err == CUSTODY_OK)
        *ret_name = joined.vfs.zName;
    return err;
}

/*
 * Where the disk may damage what lies beside a write, SQLite fills the log up to the next sector, with frames that it shows
 * before their last bytes are synced.
 */
custody_err cty_joined_check(struct cty_sql *sql, custody_error *error)
{
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(sql->db, "main", SQLITE_FCNTL_FILE_POINTER, (void *)&file);
    if (rc != SQLITE_OK || !file || !file->pMethods)
        return cty_fail(error, CUSTODY_E_INTERNAL, "SQLite does not show its file");
    if (file->pMethods->xDeviceCharacteristics(file) & SQLITE_IOCAP_POWERSAFE_OVERWRITE)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_INTERNAL, "SQLite takes the disk for one that needs padding");
}
