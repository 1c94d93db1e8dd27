/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a ledger below a folder, as 'custody tiles export' writes them, or any other log. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "client/tile_files.h"

struct folder {
    int fd;
};

static custody_err read_open(int fd, const char *name, struct cty_buf *out, custody_error *error)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return cty_fail(error, CUSTODY_E_IO, "%s is no ordinary file", name);
    custody_err err = cty_fd_read(fd, out);
    return err == CUSTODY_OK ? err : cty_fail(error, err, "%s", name);
}

static custody_err read_file(void *context, const struct cty_tile_path *what, struct cty_buf *out, custody_error *error)
{
    const struct folder *folder = context;
    char name[CTY_TILE_PATH_SIZE];
    cty_tile_path_format(what, name);
    /* Not to wait for the other end of a pipe. */
    int fd = openat(folder->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return cty_fail(error, errno == ENOENT || errno == ENOTDIR ? CUSTODY_E_NOT_FOUND : CUSTODY_E_IO, "%s: %s", name,
                        strerrordesc_np(errno));
    custody_err err = read_open(fd, name, out, error);
    close(fd);
    return err;
}

static void folder_done(void *context)
{
    struct folder *folder = context;
    close(folder->fd);
    free(folder);
}

custody_err cty_tile_folder_open(const char *path, struct cty_tile_files *ret_files, custody_error *error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return cty_fail(error, errno == ENOENT ? CUSTODY_E_NOT_FOUND : CUSTODY_E_IO, "%s: %s", path,
                        strerrordesc_np(errno));
    struct folder *folder = cty_alloc(1, sizeof(*folder));
    if (!folder) {
        close(fd);
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    }
    folder->fd = fd;
    *ret_files = (struct cty_tile_files){folder, read_file, folder_done};
    return CUSTODY_OK;
}
