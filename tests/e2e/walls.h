/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands between vendors: a network namespace and a user each, where this machine lets us; else a user each; else
 * they are plain processes with folders of their own.
 *
 *     operator's namespace   10.77.1.1 -- veth -- 10.77.1.2  acme's
 *                            10.77.2.1 -- veth -- 10.77.2.2  globex's      no way from one vendor to another
 *                            10.77.3.1 -- veth -- 10.77.3.2  initech's
 */
#ifndef CTY_TESTS_E2E_WALLS_H
#define CTY_TESTS_E2E_WALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum walls { WALLS_NAMESPACES, WALLS_USERS, WALLS_PROCESSES };
extern const char *const walls_names[];

/* The best that can be had, or what CUSTODY_WALLS names ("users", "processes") instead of better ones. For namespaces the caller is in a new one afterwards. Before there are threads. */
enum walls walls_build(void);
/* The vendor's process goes behind its wall: a namespace without a way out. */
void walls_enter(enum walls walls);
/* The operator lays the wire to the process; then the vendor its end, and becomes its user. */
void walls_wire(enum walls walls, unsigned number, pid_t vendor);
void walls_settle(enum walls walls, unsigned number);
/* A folder that the vendor's user owns, and nobody else opens. */
void walls_folder(enum walls walls, unsigned number, char *out, size_t size);
/* The address at which the vendor reaches the operator. */
void walls_host(enum walls walls, unsigned number, char *out, size_t size);
/* Whether the vendor reaches that one's end of its wire: no. */
bool walls_reach(unsigned other);

#endif
