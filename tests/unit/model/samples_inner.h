/* SPDX-License-Identifier: Apache-2.0 */
/* Between samples.c (keys, signing) and sample_texts.c (what each example says). */
#ifndef CTY_TESTS_MODEL_SAMPLES_INNER_H
#define CTY_TESTS_MODEL_SAMPLES_INNER_H

#include "samples.h"

/* Fills in signers and what the type adds; `before` holds the examples of the types before it, complete. */
void sample_fill(struct sample *sample, const struct sample *before);

/* First 16 bytes of the hash of "<what> <which>". */
void sample_bits(const char *what, const char *which, uint8_t ret_bits[16]);
void sample_signer(struct sample *sample, const char *name);
/* Puts a content with the statement and gives its commitment; the signers are set before. */
struct cty_hash sample_commit(struct sample *sample, const char *member, const char *content);

#endif
