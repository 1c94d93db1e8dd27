/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of commands share: a run within this process, with its output in memory, in a folder of its own. */
#ifndef CTY_TESTS_CLI_SHELL_H
#define CTY_TESTS_CLI_SHELL_H

#include "cli/cli.h"
#include "codec/json.h"
#include "unit/support.h"

struct shell {
    char folder[64]; /* the working folder, removed at the end */
    char *out;       /* of the last run; owned */
    char *err;
    struct cty_json json; /* of the last output that was read as JSON */
};

/* Makes the folder, goes there, and clears the environment's settings. */
struct shell *shell_new(void);
void shell_free(struct shell *sh);

/* Runs words[0..], the program's name left out, ends with NULL; `input` may be NULL. The exit status. */
int shell_run(struct shell *sh, const char *input, const char *const *words);
/* The same as a person at a terminal. */
int shell_run_asked(struct shell *sh, const char *input, const char *const *words);
#define RUN(sh, ...) shell_run(sh, NULL, (const char *const[]){__VA_ARGS__, NULL})

/* Files in the folder. */
void shell_write(const char *name, const char *text);
char *shell_read(const char *name); /* owned by the caller */
bool shell_exists(const char *name);

/* Reads the last output as one JSON object that ends with a newline. A member's text; asserts that it is there. */
void shell_json(struct shell *sh);
struct cty_bytes shell_member(struct shell *sh, const char *name);
/* The code in {"error":{"code"}}. */
void assert_error_code(struct shell *sh, const char *code);

/* Key files "<name with - for />.key", made without a passphrase. */
void shell_key(struct shell *sh, const char *name);
/* The public line in a key file. */
void shell_public_line(const char *file, char *out, size_t size);

#define assert_says(text, part)                                                                        \
    do {                                                                                               \
        if (!strstr(text, part))                                                                       \
            fail_msg("'%s' is not in:\n%s", part, text);                                               \
    } while (0)

#endif
