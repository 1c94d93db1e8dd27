/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"

#define PIECE_BYTES ((size_t)16 * 1024)

static ssize_t read_on(int fd, void *out, size_t size)
{
    ssize_t got = 0;
    do {
        got = read(fd, out, size);
    } while (got < 0 && errno == EINTR);
    return got;
}

custody_err cty_fd_read(int fd, struct cty_buf *out)
{
    for (;;) {
        uint8_t beyond = 0; /* at the limit, one byte more tells whether it was the end */
        size_t left = out->limit - out->size;
        size_t room = left < PIECE_BYTES ? left : PIECE_BYTES;
        CTY_TRY(cty_buf_reserve(out, room));
        ssize_t got = room ? read_on(fd, out->data + out->size, room) : read_on(fd, &beyond, 1);
        if (got < 0)
            return CUSTODY_E_IO;
        if (got == 0)
            return CUSTODY_OK;
        if (room == 0)
            return CUSTODY_E_TOO_LARGE;
        out->size += (size_t)got;
    }
}

custody_err cty_fd_read_line(int fd, struct cty_buf *out)
{
    for (;;) {
        uint8_t byte = 0;
        ssize_t got = read_on(fd, &byte, 1);
        if (got < 0)
            return CUSTODY_E_IO;
        if (got == 0 || byte == '\n')
            return CUSTODY_OK;
        CTY_TRY(cty_buf_put_byte(out, byte));
    }
}

custody_err cty_file_read(const char *path, struct cty_buf *out, custody_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return cty_fail(error, errno == ENOENT ? CUSTODY_E_NOT_FOUND : CUSTODY_E_IO, "%s: %s", path, strerror(errno));
    custody_err err = cty_fd_read(fd, out);
    if (err == CUSTODY_E_IO)
        err = cty_fail(error, err, "%s: %s", path, strerror(errno));
    else if (err != CUSTODY_OK)
        err = cty_fail(error, err, "%s", path);
    close(fd);
    return err;
}

custody_err cty_fd_write(int fd, struct cty_bytes bytes)
{
    while (bytes.size) {
        ssize_t put = write(fd, bytes.data, bytes.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return CUSTODY_E_IO;
        bytes = cty_bytes_make(bytes.data + put, bytes.size - (size_t)put);
    }
    return CUSTODY_OK;
}

/* --- whole or not at all ----------------------------------------------------------------------------------- */

static custody_err failed(custody_error *error, const char *doing, const char *path)
{
    int why = errno;
    custody_err err = cty_fail(error, CUSTODY_E_IO, "%s %s: %s", doing, path, strerrordesc_np(why));
    errno = why;
    return err;
}

/* A name lasts only once its folder is synced. */
static custody_err sync_folder_of(const char *path, custody_error *error)
{
    const char *slash = strrchr(path, '/');
    size_t size = slash == path || !slash ? 1 : (size_t)(slash - path);
    CTY_AUTO_FREE char *folder = cty_bytes_dup_text(cty_bytes_make(slash ? path : ".", size));
    if (!folder)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Not every file system syncs folders, and who may write into one may not be allowed to read it: the file is there. */
    bool done = fd < 0 ? errno == EACCES : fsync(fd) == 0 || errno == EINVAL;
    custody_err err = done ? CUSTODY_OK : failed(error, "syncing", folder);
    if (fd >= 0)
        close(fd);
    return err;
}

/* What lies there already is of a killed process that had our number. */
static custody_err fill(const char *fresh, mode_t mode, struct cty_bytes bytes, custody_error *error)
{
    (void)unlink(fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return failed(error, "making", fresh);
    bool written = cty_fd_write(fd, bytes) == CUSTODY_OK && fsync(fd) == 0;
    custody_err err = written ? CUSTODY_OK : failed(error, "writing", fresh);
    if (close(fd) != 0 && err == CUSTODY_OK)
        err = failed(error, "writing", fresh);
    return err;
}

/* Some file systems know no exclusive rename; link is exclusive everywhere. */
int cty_file_rename_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (linkat(AT_FDCWD, from, AT_FDCWD, to, 0) != 0)
        return -1;
    (void)unlink(from); /* it has its name; a second one beside does no harm */
    return 0;
}

static custody_err exists(const char *path, custody_error *error)
{
    return cty_fail(error, CUSTODY_E_EXISTS, "%s", path);
}

static custody_err name_it(const char *fresh, const char *path, bool replaces, custody_error *error)
{
    int named = replaces ? rename(fresh, path) : cty_file_rename_new(fresh, path);
    if (named == 0)
        return CUSTODY_OK;
    return errno == EEXIST && !replaces ? exists(path, error) : failed(error, "naming", path);
}

/* What a process writes beside a path has one name: its threads take turns. */
static pthread_mutex_t beside = PTHREAD_MUTEX_INITIALIZER;

static custody_err put(const char *path, mode_t mode, struct cty_bytes bytes, bool replaces, custody_error *error)
{
    size_t room = strlen(path) + sizeof(".new.") + 3 * sizeof(long);
    CTY_AUTO_FREE char *fresh = cty_alloc(1, room);
    if (!fresh)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    snprintf(fresh, room, "%s.new.%ld", path, (long)getpid());
    (void)pthread_mutex_lock(&beside);
    custody_err err = fill(fresh, mode, bytes, error);
    if (err == CUSTODY_OK)
        err = name_it(fresh, path, replaces, error);
    int why = errno;
    if (err != CUSTODY_OK)
        (void)unlink(fresh);
    (void)pthread_mutex_unlock(&beside);
    errno = why;
    return err == CUSTODY_OK ? sync_folder_of(path, error) : err;
}

custody_err cty_file_put_new(const char *path, mode_t mode, struct cty_bytes bytes, custody_error *error)
{
    struct stat is;
    if (lstat(path, &is) == 0) /* said before anything is written: the folder may be closed to us, or full */
        return exists(path, error);
    return put(path, mode, bytes, false, error);
}

custody_err cty_file_replace(const char *path, mode_t mode, struct cty_bytes bytes, custody_error *error)
{
    return put(path, mode, bytes, true, error);
}
