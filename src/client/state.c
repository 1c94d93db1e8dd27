/* SPDX-License-Identifier: Apache-2.0 */
#include "client/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"

#define PATH_ROOM 64 /* for what is put behind a path */

static custody_err failed(custody_error *error, const char *what, const char *path)
{
    return cty_fail(error, CUSTODY_E_IO, "%s %s: %s", what, path, strerror(errno));
}

static custody_err check_file(int fd, const char *path, custody_error *error)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return failed(error, "reading", path);
    if (!S_ISREG(status.st_mode))
        return cty_fail(error, CUSTODY_E_IO, "%s is no regular file", path);
    return CUSTODY_OK;
}

static custody_err read_all(int fd, const char *path, struct cty_buf *out, custody_error *error)
{
    custody_err err = cty_fd_read(fd, out);
    if (err == CUSTODY_E_IO)
        return failed(error, "reading", path);
    return err == CUSTODY_OK ? err : cty_fail(error, err, "%s", path);
}

custody_err cty_state_read(const char *path, struct cty_buf *out, custody_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return CUSTODY_OK;
    if (fd < 0)
        return failed(error, "opening", path);
    custody_err err = check_file(fd, path, error);
    if (err == CUSTODY_OK)
        err = read_all(fd, path, out, error);
    close(fd);
    return err;
}

/* The lock lies beside the file, since the file itself is replaced. */
static custody_err take_lock(const char *path, int *ret_fd, custody_error *error)
{
    size_t room = strlen(path) + PATH_ROOM;
    CTY_AUTO_FREE char *lock = cty_alloc(1, room);
    if (!lock)
        return CUSTODY_E_NO_MEMORY;
    snprintf(lock, room, "%s.lock", path);
    int fd = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return failed(error, "opening", lock);
    int locked;
    do
        locked = flock(fd, LOCK_EX);
    while (locked != 0 && errno == EINTR);
    if (locked != 0) {
        custody_err err = failed(error, "locking", lock);
        close(fd);
        return err;
    }
    *ret_fd = fd;
    return CUSTODY_OK;
}

custody_err cty_state_replace(const char *path, struct cty_bytes old, struct cty_bytes fresh, bool *ret_replaced,
                              custody_error *error)
{
    struct cty_buf now = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    int lock = -1;
    bool same = false;
    CTY_TRY(take_lock(path, &lock, error));
    custody_err err = cty_state_read(path, &now, error);
    if (err == CUSTODY_OK) {
        same = cty_bytes_equal(cty_buf_bytes(&now), old);
        err = same ? cty_file_replace(path, 0600, fresh, error) : CUSTODY_OK;
    }
    if (err == CUSTODY_OK)
        *ret_replaced = same;
    cty_buf_done(&now);
    close(lock);
    return err;
}

custody_err cty_state_put_new(const char *path, struct cty_bytes bytes, custody_error *error)
{
    custody_err err = cty_file_put_new(path, 0600, bytes, error);
    return err == CUSTODY_E_EXISTS ? CUSTODY_OK : err;
}
