/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where every choice of a simulation comes from: one seed, and a stream of its own for each purpose, so that a change in
 * what one part asks for leaves the choices of the others as they were.
 */
#ifndef CTY_TESTS_SIMULATE_CHANCE_H
#define CTY_TESTS_SIMULATE_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chance {
    uint64_t state;
};

/* Not a generator to keep secrets with: splitmix64. */
static inline uint64_t chance_bits(struct chance *c)
{
    uint64_t z = c->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline struct chance chance_begin(uint64_t seed, const char *purpose)
{
    struct chance c = {seed * 0x2545f4914f6cdd1du + 1};
    for (; *purpose; purpose++)
        c.state = (c.state ^ (uint8_t)*purpose) * 0x100000001b3u;
    (void)chance_bits(&c);
    return c;
}

/* 0 to count - 1. */
static inline size_t chance_below(struct chance *c, size_t count)
{
    return (size_t)(chance_bits(c) % count);
}

static inline bool chance_in(struct chance *c, unsigned per_thousand)
{
    return chance_below(c, 1000) < per_thousand;
}

static inline void chance_fill(struct chance *c, void *out, size_t size)
{
    uint8_t *bytes = out;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(chance_bits(c) >> 24);
}

#endif
