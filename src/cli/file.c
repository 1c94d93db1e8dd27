/* SPDX-License-Identifier: Apache-2.0 */
/* Files that commands read and make. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/cli.h"

static custody_err read_stream(FILE *file, struct cty_buf *out)
{
    uint8_t chunk[16384];
    size_t got = 0;
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
        CTY_TRY(cty_buf_put(out, chunk, got));
    return ferror(file) ? CUSTODY_E_IO : CUSTODY_OK;
}

custody_err cty_cli_read_file(struct cty_cli *cli, const char *path, struct cty_buf *out)
{
    bool input = strcmp(path, "-") == 0;
    FILE *file = input ? cli->in : fopen(path, "re");
    if (!file && errno == ENOENT)
        cli->next = CTY_NEXT_PATH;
    if (!file)
        return cty_fail(&cli->error, errno == ENOENT ? CUSTODY_E_NOT_FOUND : CUSTODY_E_IO, "%s: %s", path,
                        strerror(errno));
    custody_err err = read_stream(file, out);
    if (!input)
        (void)fclose(file);
    return err == CUSTODY_OK ? err : cty_fail(&cli->error, err, "%s", input ? "the input" : path);
}

static bool write_all(int fd, struct cty_bytes bytes)
{
    while (bytes.size) {
        ssize_t put = write(fd, bytes.data, bytes.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        bytes = cty_bytes_make(bytes.data + put, bytes.size - (size_t)put);
    }
    return true;
}

static custody_err make_file(struct cty_cli *cli, const char *path, struct cty_bytes bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return cty_fail(&cli->error, errno == EEXIST ? CUSTODY_E_EXISTS : CUSTODY_E_IO, "%s: %s", path,
                        strerror(errno));
    bool written = write_all(fd, bytes) && fsync(fd) == 0;
    if (close(fd) == 0 && written)
        return CUSTODY_OK;
    (void)unlink(path);
    return cty_fail(&cli->error, CUSTODY_E_IO, "%s could not be written", path);
}

custody_err cty_cli_write_file(struct cty_cli *cli, const char *path, struct cty_bytes bytes)
{
    if (strcmp(path, "-") != 0)
        return make_file(cli, path, bytes);
    if (fwrite(bytes.data, 1, bytes.size, cli->out) == bytes.size && fflush(cli->out) == 0)
        return CUSTODY_OK;
    return cty_fail(&cli->error, CUSTODY_E_IO, "the output could not be written");
}

custody_err cty_cli_replace_file(struct cty_cli *cli, const char *path, struct cty_bytes bytes)
{
    size_t size = strlen(path) + sizeof(".new");
    CTY_AUTO_FREE char *made = cty_alloc(1, size);
    if (!made)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    snprintf(made, size, "%s.new", path);
    CTY_TRY(make_file(cli, made, bytes));
    if (rename(made, path) == 0)
        return CUSTODY_OK;
    custody_err err = cty_fail(&cli->error, CUSTODY_E_IO, "%s: %s", path, strerror(errno));
    (void)unlink(made);
    return err;
}
