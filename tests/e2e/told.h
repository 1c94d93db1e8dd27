/* SPDX-License-Identifier: Apache-2.0 */
/* What vendors tell after the play: their audits' reports, and what their workers wrote down when they acted. */
#ifndef CTY_TESTS_E2E_TOLD_H
#define CTY_TESTS_E2E_TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "crypto/hash.h"

/* One case: "case <digest> <action> <state> <holder> <consume, or -> <hops> <revision>". */
struct told_case {
    char case_hex[2 * CTY_HASH_SIZE + 1];
    char action[64];
    char state[24];
    char holder[64];
    char consume[2 * CTY_HASH_SIZE + 1];
    uint64_t hops;
    uint64_t revision;
    unsigned acts; /* counted by the caller */
};
struct told {
    struct told_case *cases;
    size_t count;
};
/* Zero-initialise, then told_done. */
void told_read(struct told *told, const char *report);
void told_done(struct told *told);
struct told_case *told_find(struct told *told, const char *case_hex);
/* "type <type> <number of entries>" */
uint64_t told_type_count(const char *report, const char *type);

/* "<case> <consume> <actor>" */
struct told_act {
    char case_hex[2 * CTY_HASH_SIZE + 1];
    char consume[2 * CTY_HASH_SIZE + 1];
    char actor[64];
};
/* The next line of the file; false at its end. */
bool told_next_act(const char **at, struct told_act *ret_act);

/* A whole file; the caller's (free). */
char *told_read_text(const char *folder, const char *name);

#endif
