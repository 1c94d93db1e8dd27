/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk: the custodian's thread for its witnesses. It says what the courier carries to whom, and judges what comes back
 * (spec/witness.md, "The custodian"). It waits for nobody, and nobody waits for it: what it finds goes to cty_witnesses,
 * which the sequencer stores behind clients' statements.
 *
 * For each witness one errand at a time, always with the newest checkpoint:
 *
 *     rest --something is new, or old--> add --200--> rest
 *      ^                                  |--409, another size--> add again, from there
 *      |                                  |--409 beyond ours, 422, 409 of one size--> look: what does it show as ours?
 *      `---- later and later ------------ everything else, and no answer
 *
 * Thread rule: open, start and stop by one thread; notify by any.
 */
#ifndef CTY_DAEMON_DESK_H
#define CTY_DAEMON_DESK_H

#include "daemon/custodian.h"
#include "daemon/head.h"
#include "daemon/witnesses.h"

struct cty_desk;

/* Borrowed until stop, but for the path and the courier, which is closed by it. */
struct cty_desk_config {
    struct cty_witnesses *witnesses;
    const struct cty_custodian *custodian;
    struct cty_head *head;
    const char *path;           /* of the database */
    bool promised;              /* a person has said how much there is, and the database holds that */
    int courier;                /* the desk's end (daemon/courier.h) */
    void (*cosigned)(void *user); /* there is something to store */
    void *user;
};

/* Opens a reader of its own. Errors: those of cty_store_reader_open, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_desk_open(const struct cty_desk_config *config, struct cty_desk **ret_desk,
                                           custody_error *error);
CUSTODY_MUST_USE custody_err cty_desk_start(struct cty_desk *desk, custody_error *error);
/* There is a new checkpoint, or a wish. Takes NULL, as the next one. */
void cty_desk_notify(struct cty_desk *desk);
void cty_desk_stop(struct cty_desk *desk);

#endif
