/* SPDX-License-Identifier: Apache-2.0 */
/* Between samples.c (keys, signing) and the files that say what each example holds. */
#ifndef CTY_TESTS_MODEL_SAMPLES_INNER_H
#define CTY_TESTS_MODEL_SAMPLES_INNER_H

#include "samples.h"

/* One for each type: signers and what the type adds; `before` holds the examples of the types before it, complete. */
#define CTY_TYPE(name, member, text, cls, flags)                                                       \
    void sample_##member##_fill(struct sample *sample, const struct sample *before);
#include "model/types.def"
#undef CTY_TYPE

#define SAMPLE_HOUR ((uint64_t)3600 * 1000)
#define SAMPLE_DAY (24 * SAMPLE_HOUR)

/* First 16 bytes of the hash of "<what> <which>". */
void sample_bits(const char *what, const char *which, uint8_t ret_bits[16]);
void sample_signer(struct sample *sample, const char *name);
/* What joins the case, signed by `signer`, after the statement `after`. */
void sample_case(struct sample *sample, const char *signer, const struct sample *before, enum cty_type after);
void sample_name_put(struct cty_names *names, const char *name);
struct cty_opt_hash sample_some(struct cty_hash hash);
/* Puts a content with the statement and gives its commitment; the signers are set before. */
struct cty_hash sample_commit(struct sample *sample, const char *member, const char *content);

#endif
