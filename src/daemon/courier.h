/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The courier: the one part of a custodian that dials. It is a process of its own, forked before keys are read and threads are
 * made, so what strangers answer is first read where there is nothing to take (spec/witness.md, "The courier"):
 *
 *     custodyd --fork--> watcher --fork--> courier, again and again
 *        |                                    |
 *        +---- one message a request, --------+--- HTTP or nng ---> witnesses
 *              one message an answer
 *
 * It knows nothing but the witnesses' addresses: what is sent where, and what an answer means, the desk says (daemon/desk.h).
 * Thread rule: start while there is one thread; messages by one thread at either end.
 */
#ifndef CTY_DAEMON_COURIER_H
#define CTY_DAEMON_COURIER_H

#include "audit/trust.h"
#include "daemon/sandbox.h"

enum cty_errand {
    CTY_ERRAND_HELLO, /* from a courier that has just begun: whatever was under way is lost */
    CTY_ERRAND_ADD,   /* the body to `add-checkpoint` */
    CTY_ERRAND_LOOK   /* what the witness shows as its newest checkpoint of our ledger */
};

/* Goes to and fro as it is; the body behind it is at most CTY_ERRAND_BODY_MAX bytes. */
struct cty_courier_message {
    uint32_t errand;  /* enum cty_errand */
    uint32_t witness; /* node of the policy */
    uint64_t number;  /* the desk's; the answer has the same */
    uint32_t err;     /* of an answer: custody_err */
    uint32_t status;  /* of an answer, where err is 0: as HTTP has it */
    uint64_t retry_after_s;
};
#define CTY_ERRAND_BODY_MAX CTY_ADD_CHECKPOINT_BYTES_MAX

/* Errors: BUSY where the other side takes nothing now, UNREACHABLE where it is gone, TOO_LARGE. */
CUSTODY_MUST_USE custody_err cty_courier_send(int fd, const struct cty_courier_message *message, struct cty_bytes body);
/*
 * Takes one message; `body` is cleared first. Errors: BUSY where there is none, UNREACHABLE where the other side is gone,
 * BAD_RPC for what is none; NO_MEMORY there was one, and it is dropped.
 */
CUSTODY_MUST_USE custody_err cty_courier_receive(int fd, struct cty_courier_message *ret_message, struct cty_buf *body);

/* Borrowed for as long as the process lives. */
struct cty_courier_config {
    const struct cty_trust *trust; /* its policy names the witnesses, its doors are pinned */
    enum cty_sandbox_mode sandbox;
};

/* Forks both; *ret_fd is the desk's end. Errors: IO, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_courier_start(const struct cty_courier_config *config, int *ret_fd, custody_error *error);

/* courier_errands.c: the courier's own life, until the other end of `fd` is closed. Returns an exit status. */
int cty_courier_serve(const struct cty_courier_config *config, int fd);

/* courier_walls.c: what a courier needs not, for good. Errors: IO, NO_MEMORY; CONFIG where it is required and missing. */
CUSTODY_MUST_USE custody_err cty_courier_confine_files(const struct cty_courier_config *config, custody_error *error);
CUSTODY_MUST_USE custody_err cty_courier_confine_calls(const struct cty_courier_config *config, custody_error *error);

#endif
