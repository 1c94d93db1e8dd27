/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The custodian where it works on the caller's thread: a ledger is created (a statement judged, and a group of the sequencer
 * from its beginning to its receipts), and a daemon starts.
 */
#include <unistd.h>

#include "unit/daemon/house.h"
#include "walk.h"

static struct {
    struct house *h;
    struct cty_buf params; /* of entry 0 */
    struct cty_daemon *daemon;
} here;

static struct cty_daemon_options options(void)
{
    return (struct cty_daemon_options){.config = &here.h->config, .log = here.h->log, .clerk = here.h->clerk,
                                       .clock = &here.h->clock};
}

static void remove_ledger(void *context)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    char path[160];
    (void)context;
    for (size_t i = 0; i < CTY_COUNT_OF(ends); i++) {
        snprintf(path, sizeof(path), "%s%s", here.h->path, ends[i]);
        (void)unlink(path);
    }
}

/* Where it fails the same can be done again: there is no ledger, or one that was never begun. */
static custody_err create(void *context)
{
    struct cty_daemon_options how = options();
    custody_error error = {0};
    (void)context;
    return cty_daemon_create_ledger(&how, cty_buf_bytes(&here.params), &error);
}

static custody_err start(void *context)
{
    struct cty_daemon_options how = options();
    custody_error error = {0};
    (void)context;
    custody_err err = cty_daemon_start(&how, &here.daemon, &error);
    if (err != CUSTODY_OK)
        assert_null(here.daemon);
    return err;
}

static void stop(void *context)
{
    (void)context;
    if (here.daemon)
        cty_daemon_stop(here.daemon, 5000);
    here.daemon = NULL;
}

static void make_params(void)
{
    struct draft d;
    here.params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    house_genesis(here.h, &d);
    draft_params(here.h, &d, &here.params);
    draft_done(&d);
}

int main(int argc, char **argv)
{
    static const struct nomem_walk walks[] = {
        {.name = "create", .begin = remove_ledger, .run = create, .shared = true},
        {.name = "start", .run = start, .end = stop, .shared = true},
    };
    here.h = house_new(false);
    make_params();
    int failed = nomem_run("daemon", walks, CTY_COUNT_OF(walks), NULL, 0, argc, argv);
    cty_buf_done(&here.params);
    house_free(here.h);
    return failed;
}
