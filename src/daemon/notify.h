/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the service manager that started us how we are (spec/custodyd.md, "As a service"): one datagram to the socket that
 * NOTIFY_SOCKET names, as sd_notify(3) describes it. Where nobody asked, nothing is sent.
 * Thread rule: before other threads change the environment; any thread otherwise.
 */
#ifndef CTY_DAEMON_NOTIFY_H
#define CTY_DAEMON_NOTIFY_H

#include "base/bytes.h"

#define CTY_NOTIFY_READY "READY=1\n"
#define CTY_NOTIFY_STOPPING "STOPPING=1\n"

/*
 * Connects to the manager's socket, once and early: later the sandbox has no way to it. *ret_fd is negative where nobody
 * asked; the caller closes it. Errors: CONFIG (the address is no socket's), IO (nobody is there).
 */
CUSTODY_MUST_USE custody_err cty_notify_open(int *ret_fd, custody_error *error);
/* Sends `state`; nothing where `fd` is negative. Errors: IO (it was not taken). */
CUSTODY_MUST_USE custody_err cty_notify_send(int fd, const char *state, custody_error *error);

#endif
