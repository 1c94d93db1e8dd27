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

/* Sends `state`. Errors: CONFIG (the address is no socket's), IO (it was not taken). */
CUSTODY_MUST_USE custody_err cty_notify(const char *state, custody_error *error);

#endif
