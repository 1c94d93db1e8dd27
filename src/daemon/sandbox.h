/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the process gives up for good (spec/custodyd.md, "Sandbox"), so that somebody who takes it over through one of its
 * doors finds little to do: files beyond those of the ledger (Landlock), system calls beyond those of serving (seccomp).
 *
 * Two steps, since Landlock holds for the calling thread and those that it makes later, and the filter leaves no call to make
 * sockets with:
 *
 *     files are read, keys are in memory --> cty_sandbox_files --> threads, database, doors --> cty_sandbox_calls --> serve
 *
 * Thread rule: files while there is one thread; calls by any, it holds for all.
 */
#ifndef CTY_DAEMON_SANDBOX_H
#define CTY_DAEMON_SANDBOX_H

#include "base/bytes.h"
#include "base/limits.h"

enum cty_sandbox_mode { CTY_SANDBOX_ON, CTY_SANDBOX_OFF, CTY_SANDBOX_REQUIRE };

/* What is in force. */
struct cty_sandbox_state {
    bool calls;          /* the filter */
    unsigned files_abi;  /* version of Landlock; 0: none */
    bool ports;          /* Landlock keeps TCP too (version 4) */
    bool scoped;         /* and signals and abstract sockets (version 6) */
    bool undumpable;     /* no core dumps, no debugger */
};

#define CTY_SANDBOX_FOLDERS_MAX (1u + 2u * CTY_URLS_PER_DOOR_MAX)
#define CTY_SANDBOX_PORTS_MAX (2u + 2u * CTY_URLS_PER_DOOR_MAX)

/* What serving needs of the file system and the network. Texts are borrowed. */
struct cty_sandbox_needs {
    const char *database_folder;                      /* files are made, read, written and removed in it; NULL: none */
    const char *const *readable;                      /* files and folders that are read where they are there; ends with NULL */
    bool dials;                                       /* TCP to anywhere */
    const char *socket_folders[CTY_SANDBOX_FOLDERS_MAX]; /* sockets are made and removed in them */
    size_t socket_folders_count;
    uint16_t ports[CTY_SANDBOX_PORTS_MAX]; /* to be listened at; 0: any free one */
    size_t ports_count;
};

/*
 * No new rights, no core dumps, no debugger; and of files and ports only those of `needs`. What the kernel does not have is
 * left out, and missing from *ret_state. Errors: IO where a folder can't be opened or the kernel has it and fails.
 */
CUSTODY_MUST_USE custody_err cty_sandbox_files(const struct cty_sandbox_needs *needs, struct cty_sandbox_state *ret_state,
                                               custody_error *error);
/*
 * From here on only the system calls of serving. What only a stranger would do ends the process (SIGSYS), what else is
 * missing fails with ENOSYS. Adds to *state. Errors: IO, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_sandbox_calls(struct cty_sandbox_state *state, custody_error *error);
/* The same for a courier, which makes sockets: of the internet, and `local` ones too. */
CUSTODY_MUST_USE custody_err cty_sandbox_calls_of_courier(bool local, struct cty_sandbox_state *state,
                                                          custody_error *error);

/* Whether this program was built with it at all: not with a sanitizer, and not to measure coverage. */
bool cty_sandbox_is_built(void);
/*
 * Whether what `require` asks for is in force: the filter, Landlock of any version, no dumps. TCP and signals, which older
 * Landlocks leave out, are then the filter's alone, from when every door is open.
 */
bool cty_sandbox_is_enough(const struct cty_sandbox_state *state);
/* "complete" where all of it is in force, else what is missing, by name. */
#define CTY_SANDBOX_WORDS_SIZE 128u
void cty_sandbox_words(const struct cty_sandbox_state *state, char ret_words[CTY_SANDBOX_WORDS_SIZE]);

#endif
