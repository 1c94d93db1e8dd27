/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a Unix socket before a door listens on it.
 *
 * nng 1.5.2 removes whatever refuses a connection at the path that it is told to listen on, an ordinary file
 * as well, and two servers that start together may remove each other's socket. So we decide, under a lock on
 * the folder: an absent path is free; a socket that nobody answers is stale and removed; a socket that
 * answers, and anything that is not a socket, is refused.
 */
#ifndef CTY_NET_SOCKET_FILE_H
#define CTY_NET_SOCKET_FILE_H

#include "base/error.h"

/*
 * Locks the folder of `path` and clears a stale socket away. The caller listens, then calls
 * cty_socket_file_release with *ret_lock. Errors: CONFIG no such folder; BUSY another server is starting in
 * this folder; EXISTS something lives there; IO.
 */
CUSTODY_MUST_USE custody_err cty_socket_file_claim(const char *path, int *ret_lock, custody_error *error);

/* Lets the folder go; -1 is nothing. */
void cty_socket_file_release(int lock);

#endif
