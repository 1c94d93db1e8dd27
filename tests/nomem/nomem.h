/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out on command. Linked into a program, nomem.c takes the place of malloc and its kin for all of it,
 * the libraries included; preload.c makes a library of it that any program can be started with.
 *
 * What is armed is one thread: what others allocate meanwhile, a transport in the background for one, is neither counted
 * nor refused. Anonymous mappings count as well, but not those that the C library makes for itself: libsodium keeps secrets there.
 */
#ifndef CTY_TESTS_NOMEM_H
#define CTY_TESTS_NOMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* After the n-th allocation that fails, those behind it go on, or fail too until it is disarmed. */
enum nomem_mode { NOMEM_ONCE, NOMEM_FROM };

/* The n-th allocation of this thread from now on, from 1, fails; 0: none does, they are only counted. */
void nomem_arm(enum nomem_mode mode, uint64_t nth);
/* Nothing fails any more; whether anything did. */
bool nomem_disarm(void);
/* Allocations of this thread since it was armed, the failed ones included. */
uint64_t nomem_count(void);

/*
 * From now on notes what this thread allocates, until it is freed by whichever thread. nomem_left is how much of it is
 * still there; nomem_unwatch forgets it.
 */
void nomem_watch(void);
size_t nomem_left(void);
/* Size of one that is still there, so that it can be found; 0 where there is none. */
size_t nomem_left_size(void);
void nomem_unwatch(void);
/* What this thread allocates meanwhile is the test's own: neither counted, nor refused, nor noted. */
void nomem_aside(bool aside);

/* Told of every allocation that is counted; for preload.c. NULL ends it. */
void nomem_tell(void (*each)(uint64_t count, bool failed));

#endif
