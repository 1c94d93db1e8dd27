/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of custodyd (spec/custodyd.md, "Command line"). */
#ifndef CTY_DAEMON_OPTIONS_H
#define CTY_DAEMON_OPTIONS_H

#include "daemon/config.h"

enum cty_daemon_mode { CTY_MODE_SERVE, CTY_MODE_CHECK, CTY_MODE_INIT, CTY_MODE_HELP, CTY_MODE_VERSION };

struct cty_options {
    enum cty_daemon_mode mode;
    struct cty_config config; /* owned */
    const char *init_file;    /* borrowed from the arguments */
    bool confirm_clock;
    bool restored;          /* a person answers for a restored database: */
    uint64_t restored_size; /* it has all of the ledger's entries */
    int passphrase_fd; /* -1: none */
};

/*
 * Reads the arguments and the configuration file that they name; the flags stand over the file. Errors: USAGE,
 * those of cty_config_read.
 */
CUSTODY_MUST_USE custody_err cty_options_read(struct cty_options *options, int argc, char **argv,
                                              custody_error *error);
void cty_options_done(struct cty_options *options);

/* What --help prints. */
extern const char *const cty_options_help;

#endif
