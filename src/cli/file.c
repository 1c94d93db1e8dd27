/* SPDX-License-Identifier: Apache-2.0 */
/* Files that commands read and make. */
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

custody_err cty_cli_write_file(struct cty_cli *cli, const char *path, struct cty_bytes bytes)
{
    if (strcmp(path, "-") != 0)
        return cty_file_put_new(path, 0600, bytes, &cli->error);
    if (fwrite(bytes.data, 1, bytes.size, cli->out) == bytes.size && fflush(cli->out) == 0)
        return CUSTODY_OK;
    return cty_fail(&cli->error, CUSTODY_E_IO, "the output could not be written");
}

custody_err cty_cli_write_public(struct cty_cli *cli, const char *path, struct cty_bytes bytes)
{
    return cty_file_put_new(path, 0644, bytes, &cli->error);
}

custody_err cty_cli_replace_file(struct cty_cli *cli, const char *path, struct cty_bytes bytes)
{
    return cty_file_replace(path, 0600, bytes, &cli->error);
}
