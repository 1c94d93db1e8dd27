/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of one command, read by a table of its long options. Borrows argv. Thread rule: one thread.
 */
#ifndef CTY_CLI_OPT_H
#define CTY_CLI_OPT_H

#include "base/bytes.h"

enum cty_opt_kind {
    CTY_OPT_FLAG, /* --yes */
    CTY_OPT_TEXT, /* --out FILE, --out=FILE; once */
    CTY_OPT_LIST  /* as often as wanted */
};

struct cty_opt {
    const char *name;
    char letter;       /* -o; 0 where it has none */
    enum cty_opt_kind kind;
    const char *value; /* what help calls its value; NULL for a flag */
    const char *help;
};

/* Of commands that need no key, unless the custodian has changed its own since the trust file was made. */
#define CTY_READER_OPTION                                                                              \
    {"key", 'k', CTY_OPT_TEXT, "FILE", "reads how the log key was changed, where the pinned one was"}

#define CTY_OPTIONS_MAX 48
#define CTY_GIVEN_MAX 128
#define CTY_OPERANDS_MAX 16

/* Zero-initialise; put known options in, then parse. Plain memory. */
struct cty_args {
    const struct cty_opt *known[CTY_OPTIONS_MAX];
    size_t known_count;
    struct {
        const struct cty_opt *opt;
        const char *value; /* NULL for a flag */
    } given[CTY_GIVEN_MAX];
    size_t given_count;
    const char *operands[CTY_OPERANDS_MAX];
    size_t operands_count;
    bool keeps_rest;         /* set before parsing: what stands behind "--" is not read, but kept here */
    char *const *rest;       /* borrowed; NULL where there was no "--" */
    size_t rest_count;
};

/* The options of a table that ends with a NULL name; borrowed. */
void cty_args_know(struct cty_args *args, const struct cty_opt *table);

/*
 * Reads words[0..count): options anywhere, operands between them; behind "--" all are operands (or the rest), and "-" is one too.
 * Errors: USAGE: an option that is not known, lacks its value, has one it doesn't take, or stands twice; too many.
 */
CUSTODY_MUST_USE custody_err cty_args_parse(struct cty_args *args, int count, char *const *words,
                                            custody_error *error);

/* What was given. The name must be one of the known (program truth). */
bool cty_args_flag(const struct cty_args *args, const char *name);
/* The value; NULL where it wasn't given. */
const char *cty_args_text(const struct cty_args *args, const char *name);
size_t cty_args_count(const struct cty_args *args, const char *name);
/* Number i of a list; NULL beyond. */
const char *cty_args_item(const struct cty_args *args, const char *name, size_t i);
/* Whether the option is one that this command has. */
bool cty_args_knows(const struct cty_args *args, const char *name);

/* The value as a period, a whole number, or one of `words` (ends with NULL); `otherwise` where it wasn't given.
 * Errors: USAGE. */
CUSTODY_MUST_USE custody_err cty_args_period(const struct cty_args *args, const char *name, uint64_t otherwise,
                                             uint64_t *ret_ms, custody_error *error);
CUSTODY_MUST_USE custody_err cty_args_number(const struct cty_args *args, const char *name, uint64_t max,
                                             uint64_t otherwise, uint64_t *ret_number, custody_error *error);
CUSTODY_MUST_USE custody_err cty_args_word(const struct cty_args *args, const char *name, const char *const *words,
                                           int otherwise, int *ret_index, custody_error *error);

#endif
