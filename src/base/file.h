/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files as wholes: read into a bounded buffer, written out to the last byte. Interrupted calls go on. What is opened how,
 * and who may own it, is for the callers that care. Thread rule: no shared state.
 */
#ifndef CTY_BASE_FILE_H
#define CTY_BASE_FILE_H

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

#endif
