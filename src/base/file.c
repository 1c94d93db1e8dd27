/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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
