/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"

/* A path, or behind "@" a name in the kernel's own space, which begins with a NUL and ends without one. */
static custody_err read_address(const char *text, struct sockaddr_un *ret_address, socklen_t *ret_size,
                                custody_error *error)
{
    size_t size = strlen(text);
    memset(ret_address, 0, sizeof(*ret_address));
    if ((text[0] != '/' && text[0] != '@') || size < 2 || size >= sizeof(ret_address->sun_path))
        return cty_fail(error, CUSTODY_E_CONFIG, "NOTIFY_SOCKET");
    ret_address->sun_family = AF_UNIX;
    memcpy(ret_address->sun_path, text, size);
    if (text[0] == '@')
        ret_address->sun_path[0] = 0;
    *ret_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    return CUSTODY_OK;
}

static custody_err failed(custody_error *error)
{
    return cty_fail(error, CUSTODY_E_IO, "NOTIFY_SOCKET: %s", strerrordesc_np(errno));
}

custody_err cty_notify_open(int *ret_fd, custody_error *error)
{
    struct sockaddr_un address;
    socklen_t size = 0;
    const char *text = getenv("NOTIFY_SOCKET");
    *ret_fd = -1;
    if (!text || !text[0])
        return CUSTODY_OK;
    CTY_TRY(read_address(text, &address, &size, error));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return failed(error);
    if (connect(fd, (const struct sockaddr *)&address, size) != 0) {
        custody_err err = failed(error);
        close(fd);
        return err;
    }
    *ret_fd = fd;
    return CUSTODY_OK;
}

custody_err cty_notify_send(int fd, const char *state, custody_error *error)
{
    if (fd < 0)
        return CUSTODY_OK;
    return send(fd, state, strlen(state), MSG_NOSIGNAL) >= 0 ? CUSTODY_OK : failed(error);
}
