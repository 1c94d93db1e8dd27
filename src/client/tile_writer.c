/* SPDX-License-Identifier: Apache-2.0 */
#include "client/tile_writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"

#define LOCK_NAME ".custody-lock"
#define NEW_NAME ".custody-new"
#define FOLDER_MODE 0755
#define FILE_MODE 0644

static custody_err failed(custody_error *error, const char *what, const char *name)
{
    return cty_fail(error, CUSTODY_E_IO, "%s %s: %s", what, name, strerrordesc_np(errno));
}

/* --- opening ------------------------------------------------------------------------------------------------- */

static custody_err take_lock(struct cty_tile_writer *writer, const char *path, custody_error *error)
{
    writer->lock = openat(writer->folder, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (writer->lock < 0)
        return failed(error, "opening a lock in", path);
    if (flock(writer->lock, LOCK_EX | LOCK_NB) == 0)
        return CUSTODY_OK;
    return errno == EWOULDBLOCK ? cty_fail(error, CUSTODY_E_BUSY, "another export writes to %s", path)
                                : failed(error, "locking", path);
}

/* The folder itself is a name in the one above it. */
static custody_err sync_above(const struct cty_tile_writer *writer, const char *path, custody_error *error)
{
    int fd = openat(writer->folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int synced = fd >= 0 ? fsync(fd) : -1;
    custody_err err = synced == 0 ? CUSTODY_OK : failed(error, "syncing what holds", path);
    if (fd >= 0)
        close(fd);
    return err;
}

custody_err cty_tile_writer_open(const char *path, struct cty_tile_writer *ret_writer, custody_error *error)
{
    *ret_writer = (struct cty_tile_writer){.folder = -1, .lock = -1};
    bool made = mkdir(path, FOLDER_MODE) == 0;
    if (!made && errno != EEXIST)
        return failed(error, "making", path);
    ret_writer->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ret_writer->folder < 0)
        return failed(error, "opening", path);
    if (made)
        CTY_TRY(sync_above(ret_writer, path, error));
    return take_lock(ret_writer, path, error);
}

void cty_tile_writer_close(struct cty_tile_writer *writer)
{
    if (writer->lock >= 0)
        close(writer->lock);
    if (writer->folder >= 0)
        close(writer->folder);
    *writer = (struct cty_tile_writer){.folder = -1, .lock = -1};
}

/* --- what is there ------------------------------------------------------------------------------------------- */

bool cty_tile_writer_has(const struct cty_tile_writer *writer, const struct cty_tile_path *what)
{
    char name[CTY_TILE_PATH_SIZE];
    struct stat status;
    cty_tile_path_format(what, name);
    if (fstatat(writer->folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
        return false;
    return what->kind != CTY_TILE_HASHES || status.st_size == (off_t)what->width * CTY_HASH_SIZE;
}

/* --- folders ------------------------------------------------------------------------------------------------- */

/* `name` up to its last '/', or "." where it has none. */
static void folder_of(const char *name, char ret_folder[CTY_TILE_PATH_SIZE])
{
    const char *slash = strrchr(name, '/');
    snprintf(ret_folder, CTY_TILE_PATH_SIZE, "%.*s", slash ? (int)(slash - name) : 1, slash ? name : ".");
}

static custody_err sync_folder(const struct cty_tile_writer *writer, const char *name, custody_error *error)
{
    int fd = openat(writer->folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed(error, "opening", name);
    int synced = fsync(fd);
    close(fd);
    return synced == 0 ? CUSTODY_OK : failed(error, "syncing", name);
}

static custody_err make_folder(const struct cty_tile_writer *writer, const char *name, custody_error *error)
{
    char above[CTY_TILE_PATH_SIZE];
    if (mkdirat(writer->folder, name, FOLDER_MODE) != 0)
        return errno == EEXIST ? CUSTODY_OK : failed(error, "making", name);
    folder_of(name, above);
    return sync_folder(writer, above, error);
}

static custody_err make_folders(const struct cty_tile_writer *writer, const char *name, custody_error *error)
{
    char part[CTY_TILE_PATH_SIZE];
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof(part), "%.*s", (int)(slash - name), name);
        CTY_TRY(make_folder(writer, part, error));
    }
    return CUSTODY_OK;
}

custody_err cty_tile_writer_settle(struct cty_tile_writer *writer, custody_error *error)
{
    if (!writer->unsettled[0])
        return CUSTODY_OK;
    CTY_TRY(sync_folder(writer, writer->unsettled, error));
    writer->unsettled[0] = '\0';
    return CUSTODY_OK;
}

/* Files come in the order of their folders, so one folder's names are synced when the next one begins. */
static custody_err enter(struct cty_tile_writer *writer, const char *name, custody_error *error)
{
    char folder[CTY_TILE_PATH_SIZE];
    folder_of(name, folder);
    if (strcmp(folder, writer->unsettled) == 0)
        return CUSTODY_OK;
    CTY_TRY(cty_tile_writer_settle(writer, error));
    CTY_TRY(make_folders(writer, name, error));
    snprintf(writer->unsettled, sizeof(writer->unsettled), "%s", folder);
    return CUSTODY_OK;
}

/* --- files --------------------------------------------------------------------------------------------------- */

static custody_err write_new(const struct cty_tile_writer *writer, struct cty_bytes bytes, custody_error *error)
{
    int fd = openat(writer->folder, NEW_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return failed(error, "making", NEW_NAME);
    bool written = cty_fd_write(fd, bytes) == CUSTODY_OK && fsync(fd) == 0;
    custody_err err = written ? CUSTODY_OK : failed(error, "writing", NEW_NAME);
    if (close(fd) != 0 && err == CUSTODY_OK)
        err = failed(error, "writing", NEW_NAME);
    return err;
}

custody_err cty_tile_writer_put(struct cty_tile_writer *writer, const struct cty_tile_path *what, struct cty_bytes bytes,
                                custody_error *error)
{
    char name[CTY_TILE_PATH_SIZE];
    cty_tile_path_format(what, name);
    CTY_TRY(enter(writer, name, error));
    CTY_TRY(write_new(writer, bytes, error));
    return renameat(writer->folder, NEW_NAME, writer->folder, name) == 0 ? CUSTODY_OK : failed(error, "renaming to", name);
}

static bool is_width(const char *name)
{
    return name[0] != '\0' && strspn(name, "0123456789") == strlen(name);
}

void cty_tile_writer_remove_partial(struct cty_tile_writer *writer, const struct cty_tile_path *full)
{
    char name[CTY_TILE_PATH_SIZE];
    char folder[CTY_TILE_PATH_SIZE + 2];
    cty_tile_path_format(full, name);
    snprintf(folder, sizeof(folder), "%s.p", name);
    int fd = openat(writer->folder, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *item = readdir(dir); item; item = readdir(dir)) {
        if (is_width(item->d_name))
            (void)unlinkat(fd, item->d_name, 0);
    }
    closedir(dir);
    (void)unlinkat(writer->folder, folder, AT_REMOVEDIR);
}
