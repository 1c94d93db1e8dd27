/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between desk and courier, and who starts the courier again. */
#include "daemon/courier.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/times.h"
#include "daemon/log.h"

/* How long a courier that ended is missed, at first and at most. */
#define PAUSE_MS 50u
#define PAUSE_MS_MAX 5000u
/* One that lived so long had nothing wrong with it from the start. */
#define LIVED_S 60

/* --- messages ---------------------------------------------------------------------------------------------- */

custody_err cty_courier_send(int fd, const struct cty_courier_message *message, struct cty_bytes body)
{
    struct iovec parts[2] = {{(void *)(uintptr_t)message, sizeof(*message)}, {(void *)(uintptr_t)body.data, body.size}};
    struct msghdr header = {.msg_iov = parts, .msg_iovlen = body.size ? 2 : 1};
    if (body.size > CTY_ERRAND_BODY_MAX)
        return CUSTODY_E_TOO_LARGE;
    if (sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return CUSTODY_OK;
    return errno == EAGAIN || errno == ENOBUFS || errno == EINTR ? CUSTODY_E_BUSY : CUSTODY_E_UNREACHABLE;
}

/* Whatever the other side may have become, its numbers are looked at before they are used. */
static bool is_lawful(const struct cty_courier_message *message)
{
    return message->errand <= CTY_ERRAND_LOOK && message->witness < CTY_WITNESS_NODES_MAX &&
           message->err < CUSTODY_ERR_COUNT && message->status < 1000;
}

/* Whoever sent it asks or answers again; left where it is, it would be in the way of all that follow. */
static custody_err drop_message(int fd)
{
    char byte;
    ssize_t size = recv(fd, &byte, 1, MSG_DONTWAIT); /* the rest of a message goes with its beginning */
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? CUSTODY_E_BUSY : CUSTODY_E_UNREACHABLE;
    return size == 0 ? CUSTODY_E_UNREACHABLE : CUSTODY_E_NO_MEMORY;
}

custody_err cty_courier_receive(int fd, struct cty_courier_message *ret_message, struct cty_buf *body)
{
    cty_buf_clear(body);
    if (cty_buf_reserve(body, CTY_ERRAND_BODY_MAX) != CUSTODY_OK)
        return drop_message(fd);
    struct iovec parts[2] = {{ret_message, sizeof(*ret_message)}, {body->data, CTY_ERRAND_BODY_MAX}};
    struct msghdr header = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t size = recvmsg(fd, &header, MSG_DONTWAIT);
    if (size == 0)
        return CUSTODY_E_UNREACHABLE;
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? CUSTODY_E_BUSY : CUSTODY_E_UNREACHABLE;
    if ((size_t)size < sizeof(*ret_message) || (header.msg_flags & MSG_TRUNC) || !is_lawful(ret_message))
        return CUSTODY_E_BAD_RPC;
    body->size = (size_t)size - sizeof(*ret_message);
    return CUSTODY_OK;
}

/* --- the watcher ------------------------------------------------------------------------------------------- */

/* What the custodian has open is not the courier's, nor is what it may read a passphrase from. */
static void close_others(int fd)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0)
        (void)dup2(nothing, STDIN_FILENO);
    if (fd > STDERR_FILENO + 1)
        (void)close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0);
    (void)close_range((unsigned)fd + 1, ~0u, 0);
}

/* They end when the custodian does, which has its answers to take until then. */
static void ignore_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < CTY_COUNT_OF(numbers); i++)
        CTY_CHECK(signal(numbers[i], SIG_IGN) != SIG_ERR);
}

static void pause_ms(unsigned ms)
{
    const struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000L};
    (void)nanosleep(&time, NULL);
}

static uint64_t now_s(void)
{
    return cty_time_monotonic_ms() / 1000;
}

static int serve_once(const struct cty_courier_config *config, int fd, pid_t watcher)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != watcher)
        return 0;
    return cty_courier_serve(config, fd);
}

/* Ends with a courier that was told to, by the other end of its socket. */
static int watch(const struct cty_courier_config *config, int fd)
{
    unsigned pause = PAUSE_MS;
    for (;;) {
        int status = 0;
        pid_t watcher = getpid();
        uint64_t begun = now_s();
        pid_t child = fork();
        if (child == 0)
            _exit(serve_once(config, fd, watcher));
        while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
            return 0;
        cty_log(CTY_LOG_WARNING, "courier", "detail", "s", child < 0 ? "could not be started" : "ended and is started again",
                "signal", "u", (uint64_t)(child > 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0), NULL);
        if (now_s() - begun >= LIVED_S)
            pause = PAUSE_MS;
        pause_ms(pause);
        pause = pause * 2 > PAUSE_MS_MAX ? PAUSE_MS_MAX : pause * 2;
    }
}

static int live_as_watcher(const struct cty_courier_config *config, int fd, pid_t custodian)
{
    custody_error error = {0};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != custodian)
        return 0;
    (void)prctl(PR_SET_NAME, "courier", 0, 0, 0);
    ignore_signals();
    close_others(fd);
    if (cty_courier_confine_files(config, &error) != CUSTODY_OK) {
        cty_log(CTY_LOG_ERROR, "courier", "detail", "s", error.detail, NULL);
        return custody_err_exit(CUSTODY_E_CONFIG);
    }
    return watch(config, fd);
}

custody_err cty_courier_start(const struct cty_courier_config *config, int *ret_fd, custody_error *error)
{
    int ends[2];
    pid_t custodian = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return cty_fail(error, CUSTODY_E_IO, "no sockets for the courier: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        _exit(live_as_watcher(config, ends[1], custodian));
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "no process for the courier: %s", strerror(errno));
    }
    *ret_fd = ends[0];
    return CUSTODY_OK;
}
