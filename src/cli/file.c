/* SPDX-License-Identifier: Apache-2.0 */
/* Files that commands read and make. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "cli/cli.h"

static custody_err read_input(struct cty_cli *cli, struct cty_buf *out)
{
    uint8_t chunk[16384];
    size_t got = 0;
    while ((got = fread(chunk, 1, sizeof(chunk), cli->in)) > 0) {
        custody_err err = cty_buf_put(out, chunk, got);
        if (err != CUSTODY_OK)
            return cty_fail(&cli->error, err, "the input");
    }
    return ferror(cli->in) ? cty_fail(&cli->error, CUSTODY_E_IO, "the input") : CUSTODY_OK;
}

custody_err cty_cli_read_file(struct cty_cli *cli, const char *path, struct cty_buf *out)
{
    if (strcmp(path, "-") == 0)
        return read_input(cli, out);
    custody_err err = cty_file_read(path, out, &cli->error);
    if (err == CUSTODY_E_NOT_FOUND)
        cty_cli_next(cli, CUSTODY_E_NOT_FOUND, CTY_NEXT_PATH);
    return err;
}

static custody_err make_file(struct cty_cli *cli, const char *path, mode_t mode, struct cty_bytes bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return cty_fail(&cli->error, errno == EEXIST ? CUSTODY_E_EXISTS : CUSTODY_E_IO, "%s: %s", path,
                        strerror(errno));
    bool written = cty_fd_write(fd, bytes) == CUSTODY_OK && fsync(fd) == 0;
    if (close(fd) == 0 && written)
        return CUSTODY_OK;
    (void)unlink(path);
    return cty_fail(&cli->error, CUSTODY_E_IO, "%s could not be written", path);
}

custody_err cty_cli_write_file(struct cty_cli *cli, const char *path, struct cty_bytes bytes)
{
    if (strcmp(path, "-") != 0)
        return make_file(cli, path, 0600, bytes);
    if (fwrite(bytes.data, 1, bytes.size, cli->out) == bytes.size && fflush(cli->out) == 0)
        return CUSTODY_OK;
    return cty_fail(&cli->error, CUSTODY_E_IO, "the output could not be written");
}

custody_err cty_cli_write_public(struct cty_cli *cli, const char *path, struct cty_bytes bytes)
{
    return make_file(cli, path, 0644, bytes);
}

custody_err cty_cli_replace_file(struct cty_cli *cli, const char *path, struct cty_bytes bytes)
{
    size_t size = strlen(path) + sizeof(".new");
    CTY_AUTO_FREE char *made = cty_alloc(1, size);
    if (!made)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    snprintf(made, size, "%s.new", path);
    CTY_TRY(make_file(cli, made, 0600, bytes));
    if (rename(made, path) == 0)
        return CUSTODY_OK;
    custody_err err = cty_fail(&cli->error, CUSTODY_E_IO, "%s: %s", path, strerror(errno));
    (void)unlink(made);
    return err;
}
