/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /healthz and /metrics (spec/metrics.md): what the custodian says about itself over HTTP on this machine. It looks at
 * counters, at the head and at the door's counts, each behind a lock that is held for moments, and at the sizes of files;
 * never into the database.
 *
 * Thread rule: everything here from one thread; the answers are given on one of its own.
 */
#ifndef CTY_DAEMON_HEALTH_H
#define CTY_DAEMON_HEALTH_H

#include "base/clock.h"
#include "daemon/head.h"
#include "daemon/sandbox.h"
#include "daemon/witnesses.h"
#include "net/server.h"

struct cty_tiles;

struct cty_health;

/* Borrowed until close, but for `url`, which is until open returns. */
struct cty_health_config {
    const char *url;
    int memory_fd;        /* of /proc/self/statm, which the sandbox would not let us open; negative: none */
    const char *database; /* path */
    struct cty_head *head;
    const struct cty_clock *clock;
    struct cty_net_server *server;
    struct cty_tiles *tiles; /* NULL: none */
    uint64_t queue_max;
    uint64_t calls_max;
    uint64_t waits_max;
    uint64_t connections_max;
    bool keys_locked;
    struct cty_witnesses *witnesses; /* NULL: none */
};

/* Listens, and says that the start is not complete. Errors: those of cty_http_open. */
CUSTODY_MUST_USE custody_err cty_health_open(const struct cty_health_config *config, struct cty_health **ret_health,
                                             custody_error *error);
const char *cty_health_url(const struct cty_health *health);
/* From now on it says how the custodian is. `sandbox` is copied. Takes NULL, as the next ones. */
void cty_health_serving(struct cty_health *health, const struct cty_sandbox_state *sandbox);
/* From now on it says that the end has begun. */
void cty_health_stopping(struct cty_health *health);
void cty_health_close(struct cty_health *health);

#endif
