/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A custodian in one object: opens a ledger, serves its doors, stops. custodyd is a thin main over it, and tests
 * run it in their own process.
 *
 * Owns: the store's writer, the doors, all threads. Never: reads flags, files of keys, or signals. Thread rule:
 * start and stop from one thread.
 */
#ifndef CTY_DAEMON_DAEMON_H
#define CTY_DAEMON_DAEMON_H

#include "audit/trust.h"
#include "base/clock.h"
#include "crypto/key.h"
#include "daemon/config.h"
#include "daemon/doors.h"

struct cty_daemon;

struct cty_daemon_options {
    const struct cty_config *config; /* borrowed until start returns; complete */
    const struct cty_secret *log;    /* borrowed until stop, as the one below */
    const struct cty_secret *clerk;
    const struct cty_secret *next_log; /* for the next custodian.rotate; NULL: not given */
    const struct cty_secret *next_clerk;
    bool confirm_clock;
    const uint64_t *restored; /* the size that a restored database has to have; NULL: it is none */
    const struct cty_clock *clock; /* copied; NULL: the system's */
    /*
     * Give up what serving doesn't need, as config->sandbox says. It holds for all of the process and can't be taken back:
     * for one that does nothing else.
     */
    bool confine;
    const struct cty_trust *trust; /* whose policy names the witnesses, borrowed until stop; NULL: there are none */
    int courier;                   /* the desk's end of its courier, with a policy alone; closed by the daemon, also by a start
                                      that fails */
    bool keys_locked; /* the caller has locked them in memory; said by the metrics */
};

/*
 * Opens the ledger and its doors, and serves. A clock that has stepped does not hinder the start: the custodian
 * then serves reads. Errors: those of cty_store_open; CONFIG where no key given is the ledger's, or
 * the origin is not, or nothing was begun, or a part of the sandbox is missing that the configuration requires;
 * DEVELOPMENT_KEY; STORE_ALTERED where the newest checkpoint is not signed by the log key; those of cty_net_server_open,
 * cty_doors_read, cty_health_open, cty_sandbox_files and cty_sandbox_calls.
 */
CUSTODY_MUST_USE custody_err cty_daemon_start(const struct cty_daemon_options *options,
                                              struct cty_daemon **ret_daemon, custody_error *error);
/*
 * Takes no more, finishes what was taken, answers, closes. At most `drain_ms` are waited for peers that don't take
 * their answers. Takes NULL.
 */
void cty_daemon_stop(struct cty_daemon *daemon, uint64_t drain_ms);

/* Becomes readable where the storage has failed for good: stop then. */
int cty_daemon_failure_fd(const struct cty_daemon *daemon);
/* Addresses, as clients name them; NULL beyond the last. Borrowed. */
const char *cty_daemon_url(const struct cty_daemon *daemon, size_t index);
const char *cty_daemon_publish_url(const struct cty_daemon *daemon, size_t index);
/* Of the door for readers of files; NULL where there is none. Borrowed. */
const char *cty_daemon_http_url(const struct cty_daemon *daemon);
/* Of /healthz and /metrics; NULL where there is none. Borrowed. */
const char *cty_daemon_metrics_url(const struct cty_daemon *daemon);
/* What was given up; all zero without `confine`. Borrowed. */
const struct cty_sandbox_state *cty_daemon_sandbox(const struct cty_daemon *daemon);
/* From now on /healthz says that the end has begun. */
void cty_daemon_stopping(struct cty_daemon *daemon);
/* What its TLS doors are known by; borrowed. */
const struct cty_doors *cty_daemon_doors(const struct cty_daemon *daemon);
/* Entries so far. */
uint64_t cty_daemon_size(struct cty_daemon *daemon);

/*
 * Creates the database and its entry 0 from a file that holds the parameters of `submit` for a ledger.open.
 * Nothing is left behind where it fails. Errors: EXISTS; BAD_PARAMS; the refusals of a ledger.open; those of
 * cty_store_create.
 */
CUSTODY_MUST_USE custody_err cty_daemon_create_ledger(const struct cty_daemon_options *options,
                                                      struct cty_bytes submit_params, custody_error *error);

/* Which of the keys that were given are in force. */
struct cty_daemon_facts {
    bool next_log;
    bool next_clerk;
    bool closed;
};
/* Whether the configured database can be served with these keys, as far as reading tells. Errors as start. */
CUSTODY_MUST_USE custody_err cty_daemon_check_ledger(const struct cty_daemon_options *options,
                                                     struct cty_daemon_facts *ret_facts, custody_error *error);

#endif
