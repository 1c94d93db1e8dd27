/* SPDX-License-Identifier: Apache-2.0 */
#include "net/socket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LOCK_TRIES 200
#define LOCK_PAUSE_NS 10000000L

static void folder_of(const char *path, char folder[static sizeof(((struct sockaddr_un *)0)->sun_path)])
{
    const char *slash = strrchr(path, '/');
    size_t size = slash == path ? 1 : (size_t)(slash - path);
    memcpy(folder, path, size);
    folder[size] = 0;
}

static custody_err lock_folder(const char *path, int *ret_lock, custody_error *error)
{
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
    folder_of(path, folder);
    int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0)
        return cty_fail(error, CUSTODY_E_CONFIG, "folder %s: %s", folder, strerror(errno));
    const struct timespec pause = {0, LOCK_PAUSE_NS};
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(lock, LOCK_EX | LOCK_NB) == 0) {
            *ret_lock = lock;
            return CUSTODY_OK;
        }
        nanosleep(&pause, NULL);
    }
    close(lock);
    return cty_fail(error, CUSTODY_E_BUSY, "folder %s is locked by another program", folder);
}

/* 0 or the errno of a connection to the socket; a full backlog is an answer too. */
static int knock(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    int result = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
    close(fd);
    return result == EAGAIN ? 0 : result;
}

static custody_err clear_stale(const char *path, custody_error *error)
{
    struct stat status;
    if (lstat(path, &status) != 0) {
        if (errno == ENOENT)
            return CUSTODY_OK;
        return cty_fail(error, CUSTODY_E_IO, "%s: %s", path, strerror(errno));
    }
    if (!S_ISSOCK(status.st_mode))
        return cty_fail(error, CUSTODY_E_EXISTS, "%s is there and is not a socket", path);
    int answer = knock(path);
    if (answer == 0)
        return cty_fail(error, CUSTODY_E_EXISTS, "%s: another server answers there", path);
    if (answer != ECONNREFUSED)
        return cty_fail(error, CUSTODY_E_EXISTS, "%s is there: %s", path, strerror(answer));
    if (unlink(path) != 0)
        return cty_fail(error, CUSTODY_E_IO, "%s: %s", path, strerror(errno));
    return CUSTODY_OK;
}

custody_err cty_socket_file_claim(const char *path, int *ret_lock, custody_error *error)
{
    int lock = -1;
    CTY_TRY(lock_folder(path, &lock, error));
    custody_err err = clear_stale(path, error);
    if (err != CUSTODY_OK) {
        close(lock);
        return err;
    }
    *ret_lock = lock;
    return CUSTODY_OK;
}

void cty_socket_file_release(int lock)
{
    if (lock >= 0)
        close(lock);
}
