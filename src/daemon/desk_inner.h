/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the desk share. */
#ifndef CTY_DAEMON_DESK_INNER_H
#define CTY_DAEMON_DESK_INNER_H

#include <stdatomic.h>

#include "daemon/courier.h"
#include "daemon/desk.h"
#include "ledger/witness_text.h"

/* 409s in a row that are answered at once. */
#define CTY_DESK_AGAIN_MAX 3u

struct cty_desk_seat {
    const struct cty_policy_node *witness; /* NULL: a group, or one without an address */
    bool busy;
    enum cty_errand errand; /* under way, or next */
    uint64_t number;        /* of the one under way */
    uint64_t sent_ms;
    uint64_t old_size;      /* what was submitted */
    struct cty_checkpoint submitted;
    struct cty_buf text;    /* ... and its note's text */
    uint64_t has;           /* entries that the witness has, as far as it said */
    uint64_t got;           /* of the newest checkpoint that it cosigned */
    uint64_t got_ms;        /* its time there, */
    uint64_t asked_ms;      /* and when that came, by the monotonic clock */
    bool tried;             /* since the start: it was asked, and whatever came of it is known */
    bool claims;            /* it says that it has seen more than we hold, and nothing signed showed it */
    bool heard;             /* since the start: a cosignature over what we hold */
    bool accused;           /* what it said was looked at, and nothing signed came of it */
    unsigned again;         /* 409s in a row */
    uint64_t pause_ms;
    uint64_t retry_ms;      /* not before then */
};

struct cty_desk {
    struct cty_desk_config config;
    const struct cty_witness_policy *policy;
    struct cty_store_reader *reader;
    pthread_t thread;
    bool running;
    atomic_bool stopping;
    int wake; /* eventfd */
    int courier;
    uint64_t began_s; /* the wall clock's second after that of the start */
    bool met;       /* the courier has said hello; what is sent before is lost with the one that ended */
    uint64_t number;
    struct cty_desk_seat seats[CTY_WITNESS_NODES_MAX];
    struct cty_courier_message message;
    struct cty_buf body;
    struct cty_buf note;
};

/* desk.c: goes on after this time, longer each time nothing comes of it; `at_least_ms` is the witness's wish. */
void cty_desk_pause(struct cty_desk *desk, struct cty_desk_seat *seat, uint64_t at_least_ms);
/* Whether appends may begin. */
void cty_desk_weigh(struct cty_desk *desk);

/* desk_judge.c: what an answer in desk->message and desk->body means for this seat. */
void cty_desk_judge(struct cty_desk *desk, uint32_t witness);
/* No answer came. */
void cty_desk_judge_silence(struct cty_desk *desk, uint32_t witness, const char *detail);

/* desk_shown.c: the witness shows desk->body as our ledger's newest checkpoint. Whether it shows something of ours. */
CUSTODY_MUST_USE custody_err cty_desk_judge_shown(struct cty_desk *desk, uint32_t witness, custody_error *error);

#endif
