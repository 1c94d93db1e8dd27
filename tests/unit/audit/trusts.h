/* SPDX-License-Identifier: Apache-2.0 */
/* Trust files for tests: texts with marks where key lines go, and four witnesses. */
#ifndef CTY_TESTS_TRUSTS_H
#define CTY_TESTS_TRUSTS_H

#include "audit.h"

/* Group setup and teardown: a stage with its refund, and the witnesses. */
int trusts_begin(void **state);
int trusts_end(void **state);
extern struct stage *stage;
extern struct cty_secret *witnesses[4];

void put_key(const struct cty_secret *secret, enum cty_key_type type, struct cty_buf *out);
/*
 * Appends the text with key lines in the place of marks: <log>, <x> (the log's sealing key), <0> to <3> (the
 * witnesses' cosignature keys), <0e> (the first one's as an Ed25519 key), <logw> (the log key as a cosignature key of
 * another name), and <party/name> for an actor's.
 */
void expand(const char *text, struct cty_buf *out);
custody_err parse_trust(const char *text, struct cty_trust *trust, custody_error *error);
/* A policy's lines, with the rest of the file around them. */
custody_err parse_policy(const char *lines, struct cty_trust *trust, custody_error *error);

#define POLICY "\"policy\":\"log <log>\\nquorum none\\n\""

#endif
