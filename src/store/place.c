/* SPDX-License-Identifier: Apache-2.0 */
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"

/* Names that a file may have while it is made: four digits. */
#define MADE_MAX 9999u

static custody_err place_failed(custody_error *error, const char *doing, const char *path)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    custody_err err = errno == ENOMEM ? CUSTODY_E_NO_MEMORY : full ? CUSTODY_E_READ_ONLY : CUSTODY_E_IO;
    return cty_fail(error, err, "%s %s: %s", doing, path, strerrordesc_np(errno));
}

static void fd_close_pointer(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void cty_place_done(struct cty_place *place)
{
    fd_close_pointer(&place->lock);
    free(place->path);
    free(place->folder);
    free(place->made);
    *place = CTY_PLACE_INIT;
}

/* --- finding ----------------------------------------------------------------------------------------------- */

/* Two texts joined; the caller owns it. NULL where memory ran out. */
static char *text_join(const char *first, const char *second)
{
    size_t size = strlen(first) + strlen(second) + 1;
    char *text = malloc(size);
    if (text)
        (void)snprintf(text, size, "%s%s", first, second);
    return text;
}

/* The folder of `path` as the caller wrote it; the caller owns it. */
static char *folder_of(const char *path, const char **ret_name)
{
    const char *slash = strrchr(path, '/');
    *ret_name = slash ? slash + 1 : path;
    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

custody_err cty_place_find(struct cty_place *place, const char *path, custody_error *error)
{
    const char *name = NULL;
    CTY_AUTO_FREE char *folder = folder_of(path, &name);
    if (!folder)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    if (name[0] == '\0')
        return cty_fail(error, CUSTODY_E_IO, "%s: not the path of a file", path);
    place->folder = realpath(folder, NULL);
    if (!place->folder && (errno == ENOENT || errno == ENOTDIR))
        return cty_fail(error, CUSTODY_E_NOT_FOUND, "the folder %s", folder);
    if (!place->folder)
        return place_failed(error, "finding the folder", folder);
    CTY_AUTO_FREE char *slashed = text_join(place->folder, strcmp(place->folder, "/") == 0 ? "" : "/");
    place->path = slashed ? text_join(slashed, name) : NULL;
    place->made = place->path ? text_join(place->path, ".new-0000") : NULL;
    return place->made ? CUSTODY_OK : cty_fail_code(error, CUSTODY_E_NO_MEMORY);
}

/* --- checking ---------------------------------------------------------------------------------------------- */

custody_err cty_place_check_folder(const struct cty_place *place, custody_error *error)
{
    struct stat status;
    if (stat(place->folder, &status) != 0)
        return place_failed(error, "looking at", place->folder);
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return cty_fail(error, CUSTODY_E_IO, "the folder %s belongs to another user", place->folder);
    if ((status.st_mode & 022) != 0)
        return cty_fail(error, CUSTODY_E_IO, "others can write to the folder %s: mode %04o", place->folder,
                        (unsigned)(status.st_mode & 07777));
    return CUSTODY_OK;
}

static custody_err file_is_ours(const char *path, const struct stat *status, custody_error *error)
{
    if (status->st_uid != geteuid())
        return cty_fail(error, CUSTODY_E_IO, "%s belongs to another user", path);
    if ((status->st_mode & 077) != 0)
        return cty_fail(error, CUSTODY_E_IO, "%s is open to others: mode %04o", path,
                        (unsigned)(status->st_mode & 07777));
    if (status->st_nlink != 1)
        return cty_fail(error, CUSTODY_E_IO, "%s has a second name", path);
    return CUSTODY_OK;
}

custody_err cty_place_check_file(const struct cty_place *place, bool ours, custody_error *error)
{
    struct stat status;
    if (lstat(place->path, &status) != 0) {
        if (errno == ENOENT)
            return cty_fail(error, CUSTODY_E_NOT_FOUND, "%s", place->path);
        return place_failed(error, "looking at", place->path);
    }
    if (!S_ISREG(status.st_mode))
        return cty_fail(error, CUSTODY_E_IO, "%s is not a regular file", place->path);
    return ours ? file_is_ours(place->path, &status, error) : CUSTODY_OK;
}

/* A foreign log beside a new database would be taken for its own. */
static custody_err name_check_free(const char *name, custody_error *error)
{
    static const char *const beside[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < CTY_COUNT_OF(beside); i++) {
        CTY_AUTO_FREE char *path = text_join(name, beside[i]);
        if (!path)
            return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
        struct stat status;
        if (lstat(path, &status) == 0)
            return cty_fail(error, CUSTODY_E_EXISTS, "%s", path);
        if (errno != ENOENT)
            return place_failed(error, "looking at", path);
    }
    return CUSTODY_OK;
}

custody_err cty_place_check_free(const struct cty_place *place, custody_error *error)
{
    return name_check_free(place->path, error);
}

/* --- the lock ---------------------------------------------------------------------------------------------- */

/* The lock counts only while its file still has its name. */
static custody_err lock_check(int fd, const char *path, custody_error *error)
{
    struct stat held;
    struct stat named;
    if (fstat(fd, &held) != 0 || lstat(path, &named) != 0)
        return place_failed(error, "looking at", path);
    if (held.st_dev != named.st_dev || held.st_ino != named.st_ino)
        return cty_fail(error, CUSTODY_E_STORE_LOCKED, "%s was exchanged", path);
    return CUSTODY_OK;
}

/* Whether it was there before is kept: what was is not ours to remove. */
static int lock_open(const char *path, bool *ret_made)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    *ret_made = fd >= 0;
    return fd >= 0 || errno != EEXIST ? fd : open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/*
 * A file of its own, which is never removed: closing any descriptor of the database's would drop the locks that
 * SQLite holds on it for this process.
 */
custody_err cty_place_lock(struct cty_place *place, custody_error *error)
{
    CTY_AUTO_FREE char *path = text_join(place->path, ".lock");
    if (!path)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    CTY_CLEANUP(fd_close_pointer) int fd = lock_open(path, &place->lock_made);
    if (fd < 0)
        return place_failed(error, "opening", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return cty_fail(error, CUSTODY_E_STORE_LOCKED, "%s", place->path);
        return place_failed(error, "locking", path);
    }
    CTY_TRY(lock_check(fd, path, error));
    place->lock = fd;
    fd = -1;
    return CUSTODY_OK;
}

void cty_place_unlock(struct cty_place *place)
{
    CTY_AUTO_FREE char *path = text_join(place->path, ".lock");
    if (path && place->lock >= 0 && place->lock_made)
        (void)unlink(path);
    fd_close_pointer(&place->lock);
}

/* --- making ------------------------------------------------------------------------------------------------ */

void cty_place_unmake(const struct cty_place *place)
{
    (void)unlink(place->made);
    CTY_AUTO_FREE char *journal = text_join(place->made, "-journal");
    if (journal)
        (void)unlink(journal);
}

/* Another's file may have any name, so nothing is removed to make room: the next number is taken. */
custody_err cty_place_make(struct cty_place *place, custody_error *error)
{
    size_t at = strlen(place->path);
    for (unsigned number = 1; number <= MADE_MAX; number++) {
        (void)snprintf(place->made + at, sizeof(".new-0000"), ".new-%04u", number % (MADE_MAX + 1));
        custody_err err = name_check_free(place->made, NULL);
        if (err == CUSTODY_E_EXISTS)
            continue;
        if (err != CUSTODY_OK)
            return cty_fail(error, err, "looking at %s", place->made);
        CTY_CLEANUP(fd_close_pointer) int fd =
            open(place->made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0)
            return CUSTODY_OK;
        if (errno != EEXIST)
            return place_failed(error, "making", place->made);
    }
    return cty_fail(error, CUSTODY_E_EXISTS, "%s, and all before it", place->made);
}

static custody_err folder_sync(const char *folder, custody_error *error)
{
    CTY_CLEANUP(fd_close_pointer) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return place_failed(error, "syncing", folder);
    return CUSTODY_OK;
}

custody_err cty_place_settle(const struct cty_place *place, custody_error *error)
{
    if (cty_file_rename_new(place->made, place->path) != 0) {
        if (errno == EEXIST)
            return cty_fail(error, CUSTODY_E_EXISTS, "%s", place->path);
        return place_failed(error, "naming", place->path);
    }
    return folder_sync(place->folder, error);
}
