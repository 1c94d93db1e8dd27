/* SPDX-License-Identifier: Apache-2.0 */
/* Random histories: many cases, actors, policies and revocations, most steps lawful, every fifth or so not. */
#ifndef CTY_TESTS_PLAIN_HISTORY_H
#define CTY_TESTS_PLAIN_HISTORY_H

#include "plain/bridge.h"

/* How often each refusal came. */
struct tally {
    struct {
        char code[40];
        size_t count;
    } rows[96];
    size_t count;
    size_t kinds[PLAIN_FINALISE + 1]; /* taken */
    size_t travelled;                 /* verdicts that approvals travelled to */
    size_t conflicts;                 /* policies whose pass did not count */
};

/* Plays that many events after the setting up. Adds to the tally; returns how many were taken. */
size_t history_play(uint64_t seed, size_t events, struct tally *tally);

/* The same in a smaller ledger with each choice read from the bytes, to their end. */
size_t history_play_bytes(const uint8_t *bytes, size_t size);

#endif
