/* SPDX-License-Identifier: Apache-2.0 */
/* How many files the process may have open: every connection is one. */
#ifndef CTY_DAEMON_FILES_H
#define CTY_DAEMON_FILES_H

#include "daemon/config.h"

/* The most that a custodian with this configuration opens. */
uint64_t cty_files_needed(const struct cty_config *config);

/*
 * Raises the process's own (soft) limit to that, where it is lower. Errors: CONFIG where the hard limit doesn't allow it.
 */
CUSTODY_MUST_USE custody_err cty_files_provide(const struct cty_config *config, custody_error *error);

#endif
