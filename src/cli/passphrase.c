/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "crypto/keyfile.h"

void cty_passphrase_done(struct cty_passphrase *passphrase)
{
    if (passphrase->buf.data)
        cty_secret_buf_done(&passphrase->buf);
}

struct cty_bytes cty_passphrase_bytes(const struct cty_passphrase *passphrase)
{
    return passphrase->buf.size ? cty_buf_bytes(&passphrase->buf) : cty_bytes_make(NULL, 0);
}

/* What follows the line is for the next key, or none of ours. */
static custody_err read_line(int fd, struct cty_buf *line, custody_error *error)
{
    custody_err err = cty_fd_read_line(fd, line);
    if (err == CUSTODY_E_TOO_LARGE)
        return cty_fail(error, CUSTODY_E_BAD_PASSPHRASE, "longer than %u bytes", CTY_PASSPHRASE_BYTES_MAX);
    return err == CUSTODY_OK ? err : cty_fail(error, err, "reading the passphrase: %s", strerror(errno));
}

/* Signals wait until the terminal has its echo back. */
static custody_err read_silently(int fd, const char *prompt, struct cty_buf *line, custody_error *error)
{
    struct termios before, silent;
    sigset_t all, mask;
    if (tcgetattr(fd, &before) != 0)
        return cty_fail(error, CUSTODY_E_USAGE, "there is no terminal to ask for a passphrase: use --passphrase-fd");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigprocmask(SIG_BLOCK, &all, &mask);
    custody_err err = CUSTODY_E_IO;
    if (tcsetattr(fd, TCSAFLUSH, &silent) == 0) {
        ssize_t put = write(fd, prompt, strlen(prompt));
        err = put < 0 ? cty_fail(error, CUSTODY_E_IO, "writing to the terminal") : read_line(fd, line, error);
        put = write(fd, "\n", 1);
        (void)put;
        (void)tcsetattr(fd, TCSAFLUSH, &before);
    }
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return err;
}

static custody_err read_terminal(struct cty_cli *cli, const char *prompt, struct cty_buf *line)
{
    int fd = cli->terminal ? open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (fd < 0)
        return cty_fail(&cli->error, CUSTODY_E_USAGE,
                        "there is no terminal to ask for a passphrase: use --passphrase-fd");
    custody_err err = read_silently(fd, prompt, line, &cli->error);
    close(fd);
    return err;
}

custody_err cty_passphrase_read(struct cty_cli *cli, const char *prompt, struct cty_passphrase *ret_passphrase)
{
    uint64_t fd = 0;
    CTY_TRY(cty_args_number(&cli->args, "passphrase-fd", 1023, UINT64_MAX, &fd, &cli->error));
    ret_passphrase->buf = cty_secret_buf_make();
    if (!ret_passphrase->buf.data)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    ret_passphrase->buf.limit = CTY_PASSPHRASE_BYTES_MAX;
    if (fd == UINT64_MAX)
        return read_terminal(cli, prompt, &ret_passphrase->buf);
    return read_line((int)fd, &ret_passphrase->buf, &cli->error);
}

custody_err cty_passphrase_choose(struct cty_cli *cli, struct cty_passphrase *ret_passphrase)
{
    CTY_CLEANUP(cty_passphrase_done) struct cty_passphrase again = CTY_PASSPHRASE_INIT;
    CTY_TRY(cty_passphrase_read(cli, "New passphrase: ", ret_passphrase));
    if (ret_passphrase->buf.size == 0)
        return cty_fail(&cli->error, CUSTODY_E_BAD_PASSPHRASE, "it is empty; --no-passphrase makes a key without one");
    if (cty_args_text(&cli->args, "passphrase-fd"))
        return CUSTODY_OK;
    CTY_TRY(cty_passphrase_read(cli, "Again: ", &again));
    if (cty_bytes_equal(cty_buf_bytes(&again.buf), cty_buf_bytes(&ret_passphrase->buf)))
        return CUSTODY_OK;
    return cty_fail(&cli->error, CUSTODY_E_BAD_PASSPHRASE, "the two differ");
}
