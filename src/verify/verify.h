/* SPDX-License-Identifier: Apache-2.0 */
/*
 * custody-verify, the offline verifier: one evidence file, judged by one trust file, claim by claim (spec/evidence.md).
 * It reads these two files and writes its report; no sockets, no storage, no other file. Thread rule: one thread.
 */
#ifndef CTY_VERIFY_VERIFY_H
#define CTY_VERIFY_VERIFY_H

#include <stdio.h>

#include "base/bytes.h"

/* Runs argv and gives the exit status of spec/evidence.md. The streams are borrowed. */
int cty_verify_run(int argc, char *const *argv, FILE *out, FILE *err);

#endif
