/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key files on disk. What counts is judged on the open file, never on its path, so that nothing can be
 * exchanged between the look and the read.
 */
#include "crypto/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"

static void fd_close_pointer(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static custody_err io_failed(custody_error *error, const char *doing, const char *path)
{
    return cty_fail(error, CUSTODY_E_IO, "%s %s: %s", doing, path, strerrordesc_np(errno));
}

/* --- loading --------------------------------------------------------------------------------------- */

static custody_err key_file_open(const char *path, int *ret_fd, custody_error *error)
{
    /* O_NONBLOCK: a pipe in the file's place must not hold us up before we can see that it is one. */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0) {
        *ret_fd = fd;
        return CUSTODY_OK;
    }
    if (errno == ENOENT || errno == ENOTDIR)
        return cty_fail(error, CUSTODY_E_NOT_FOUND, "%s", path);
    if (errno == ELOOP)
        return cty_fail(error, CUSTODY_E_BAD_KEY_FILE, "%s: a symbolic link", path);
    return io_failed(error, "opening", path);
}

/* What `path` lies in; the caller owns it (free). "/key" lies in "/". NULL where memory ran out. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct cty_bytes folder = CTY_LITERAL(".");
    if (slash)
        folder = cty_bytes_make(path, slash == path ? 1 : (size_t)(slash - path));
    return cty_bytes_dup_text(folder);
}

/*
 * Whether it lies in the folder that a service manager filled for this service alone. The folders are compared, not
 * their names. Since systemd 254 what is in it is root's, and an access list, whose mask stands in the place of the group's
 * rights, lets the service read it.
 */
static bool is_credential(const char *path)
{
    const char *given = secure_getenv("CREDENTIALS_DIRECTORY");
    CTY_AUTO_FREE char *folder = folder_of(path);
    struct stat theirs, ours;
    if (!given || given[0] != '/' || !folder || stat(given, &theirs) != 0 || stat(folder, &ours) != 0)
        return false;
    bool same = theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
    bool closed = (theirs.st_uid == 0 || theirs.st_uid == geteuid()) && (theirs.st_mode & 027) == 0;
    return same && closed;
}

custody_err cty_key_file_check(const char *path, const struct stat *status, custody_error *error)
{
    bool credential = is_credential(path);
    if (status->st_uid != geteuid() && !(credential && status->st_uid == 0))
        return cty_fail(error, CUSTODY_E_KEY_FILE_OPEN, "%s: owned by another user", path);
    if ((status->st_mode & (credential ? 037 : 077)) != 0)
        return cty_fail(error, CUSTODY_E_KEY_FILE_OPEN, "%s: mode %04o", path, (unsigned)(status->st_mode & 07777));
    return CUSTODY_OK;
}

static custody_err key_file_look(int fd, const char *path, custody_error *error)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return io_failed(error, "looking at", path);
    if (!S_ISREG(status.st_mode))
        return cty_fail(error, CUSTODY_E_BAD_KEY_FILE, "%s: not a regular file", path);
    CTY_TRY(cty_key_file_check(path, &status, error));
    if (status.st_size > (off_t)CTY_KEY_FILE_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_BAD_KEY_FILE, "%s: too large for a key", path);
    return CUSTODY_OK;
}

/* The buffer takes one byte beyond the limit, which the parser then refuses. */
static custody_err key_file_read(int fd, const char *path, struct cty_buf *text, custody_error *error)
{
    custody_err err = cty_fd_read(fd, text);
    if (err == CUSTODY_E_IO)
        return io_failed(error, "reading", path);
    return err == CUSTODY_OK ? err : cty_fail(error, CUSTODY_E_BAD_KEY_FILE, "%s: too large for a key", path);
}

/* `text` is a buffer of cty_secret_buf_make. */
static custody_err key_file_take(const char *path, struct cty_buf *text, custody_error *error)
{
    CTY_CLEANUP(fd_close_pointer) int fd = -1;
    if (!text->data)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(key_file_open(path, &fd, error));
    CTY_TRY(key_file_look(fd, path, error));
    return key_file_read(fd, path, text, error);
}

custody_err cty_secret_load(const char *path, struct cty_bytes passphrase, struct cty_secret **ret_secret,
                            custody_error *error)
{
    CTY_CLEANUP(cty_secret_buf_done) struct cty_buf text = cty_secret_buf_make();
    CTY_TRY(key_file_take(path, &text, error));
    return cty_secret_parse(cty_buf_bytes(&text), passphrase, ret_secret, error);
}

custody_err cty_secret_needs_passphrase(const char *path, bool *ret_needs, custody_error *error)
{
    CTY_CLEANUP(cty_secret_buf_done) struct cty_buf text = cty_secret_buf_make();
    CTY_TRY(key_file_take(path, &text, error));
    return cty_secret_text_encrypted(cty_buf_bytes(&text), ret_needs, error);
}

/* --- saving ---------------------------------------------------------------------------------------- */

/* Opens the folder that `path` lies in; *ret_name, what is left of it, borrows from path. */
static custody_err folder_open(const char *path, int *ret_fd, const char **ret_name, custody_error *error)
{
    const char *slash = strrchr(path, '/');
    CTY_AUTO_FREE char *folder_text = folder_of(path);
    if (!folder_text)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    int fd = open(folder_text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return io_failed(error, "opening the folder", folder_text);
    *ret_fd = fd;
    *ret_name = slash ? slash + 1 : path;
    return CUSTODY_OK;
}

/* The mode is set again on the open file, since the mask of the process may have taken from it. */
static custody_err key_file_fill(int fd, int folder, struct cty_bytes text, const char *path,
                                 custody_error *error)
{
    if (fchmod(fd, 0600) != 0 || cty_fd_write(fd, text) != CUSTODY_OK || fsync(fd) != 0)
        return io_failed(error, "writing", path);
    if (fsync(folder) != 0)
        return io_failed(error, "syncing the folder of", path);
    return CUSTODY_OK;
}

static custody_err key_file_create(const char *path, struct cty_bytes text, custody_error *error)
{
    CTY_CLEANUP(fd_close_pointer) int folder = -1;
    CTY_CLEANUP(fd_close_pointer) int fd = -1;
    const char *name = NULL;
    CTY_TRY(folder_open(path, &folder, &name, error));
    fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return cty_fail(error, CUSTODY_E_EXISTS, "%s", path);
    if (fd < 0)
        return io_failed(error, "creating", path);
    custody_err err = key_file_fill(fd, folder, text, path, error);
    if (err != CUSTODY_OK)
        (void)unlinkat(folder, name, 0);
    return err;
}

custody_err cty_secret_save(const struct cty_secret *secret, const char *path, struct cty_bytes passphrase,
                            custody_error *error)
{
    CTY_CLEANUP(cty_secret_buf_done) struct cty_buf text = cty_secret_buf_make();
    custody_err err = cty_secret_format(secret, passphrase, NULL, &text);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "%s", path);
    return key_file_create(path, cty_buf_bytes(&text), error);
}
