/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files as wholes: read into a bounded buffer, written out to the last byte, put in their place at once. Interrupted calls go
 * on. What is read how, and who may own it, is for the callers that care. Thread rule: no shared state.
 */
#ifndef CTY_BASE_FILE_H
#define CTY_BASE_FILE_H

#include <sys/types.h>

#include "base/bytes.h"

/* Appends a file to a buffer; pipes and terminals are files too. Errors: NOT_FOUND, IO, TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_file_read(const char *path, struct cty_buf *out, custody_error *error);

/*
 * Appends all that is left to read, straight into the buffer's memory: no copy of a secret stays elsewhere, if the buffer
 * has its room already. After an error `out` holds what came until then. Errors: IO, with errno; TOO_LARGE beyond the
 * limit, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_fd_read(int fd, struct cty_buf *out);
/* One line without its newline, or all up to the end, byte by byte: what follows it is left to read. Errors: the same. */
CUSTODY_MUST_USE custody_err cty_fd_read_line(int fd, struct cty_buf *out);

/* Errors: IO, with errno. */
CUSTODY_MUST_USE custody_err cty_fd_write(int fd, struct cty_bytes bytes);

/*
 * A file that is there whole or not at all, whenever the machine stops: written beside its place as
 * "<path>.new.<process>", synced, named, and the name synced too, where the folder may be read. What a killed process left
 * beside is no hindrance. Threads may do this at once; processes of one number, in containers that share the folder, must not.
 * `mode` is less what the process's mask takes. After an error in syncing the name
 * the whole file may be there. Errors: EXISTS, whatever it is that has the name; IO, with errno; NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_file_put_new(const char *path, mode_t mode, struct cty_bytes bytes,
                                              custody_error *error);
/* The same in the place of what was there: anybody who opens the path has the old or the new. Errors: IO, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_file_replace(const char *path, mode_t mode, struct cty_bytes bytes,
                                              custody_error *error);

/* Renames, but never over another file: 0, or -1 with errno, which is EEXIST then. */
int cty_file_rename_new(const char *from, const char *to);

#endif
