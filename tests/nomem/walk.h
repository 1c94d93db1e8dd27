/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks: a call is made again and again, with its first allocation failing, then its second, and so on until it comes
 * through untouched. After each failure
 *
 *   - the answer is NO_MEMORY; or OK where it could do without, and then with the result that it always has;
 *   - what it allocated is freed again;
 *   - the same call, on what is there then, is OK and has the result that it always has.
 *
 * Every position is walked up to a bound, from there on every so many, as tools/test's time allows, and the last ones; a
 * program that is started with "all" walks every one of them, once with the one allocation failing and once with all behind it too.
 */
#ifndef CTY_TESTS_NOMEM_WALK_H
#define CTY_TESTS_NOMEM_WALK_H

#include "nomem.h"
#include "unit/support.h"

struct nomem_walk {
    const char *name;
    /* What the call needs, made anew for each try; may be NULL. */
    void (*begin)(void *context);
    /* The call, and checks of what it must leave alone where it fails (in nomem_aside, where they allocate). It may come
     * twice between begin and end. */
    custody_err (*run)(void *context);
    /* What came of it, as bytes that are the same each time; may be NULL. */
    void (*look)(void *context, struct cty_buf *out);
    /* Takes everything back; may be NULL. */
    void (*end)(void *context);
    void *context;
    bool shared; /* other threads free later what this one allocated: leaks are the sanitizer's to find */
    bool fragile; /* a failure is for good: the call can't be made again on what it left */
};

/* Walks one, within a test. */
void nomem_walk(const struct nomem_walk *walk);

/* Runs them all as tests of their own, and says how many allocations failed. argv: "all", or nothing; behind it
 * the name of one walk. */
int nomem_run(const char *title, const struct nomem_walk *walks, size_t count, const struct CMUnitTest *more,
              size_t more_count, int argc, char **argv);

#endif
