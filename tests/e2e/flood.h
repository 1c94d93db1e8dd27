/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Floods against a real custodian, and somebody quiet beside them (spec/flood.md). One thread plays the flood over many
 * lines; another submits a request now and then, reads, stages, opens a session, and takes down how long each submission
 * took and whatever was refused. Afterwards the custodian is stopped and its books are read.
 *
 *     flood_line.c   one connection, by hand          flood_run.c     the loop over all of them, answers counted
 *     flood_cast.c   who is there, what they signed   flood_quiet.c   the quiet one
 *     flood_load.c   floods of statements             flood_doors.c   floods of connections and of bytes
 *     flood_reads.c  floods of readers                flood_books.c   what the ledger holds of it
 *
 * Everything is bounded in count and in time, and stays in one temporary folder.
 */
#ifndef CTY_TESTS_E2E_FLOOD_H
#define CTY_TESTS_E2E_FLOOD_H

#include <pthread.h>
#include <stdatomic.h>

#include "flood_line.h"
#include "books.h"
#include "proto/rpc.h"

#define FLOOD_LINES_MAX 1024u
#define FLOOD_ACTORS_MAX 64u
#define FLOOD_SECONDS_MAX 60u
/* How often the quiet one submits. */
#define FLOOD_PACE_MS 20u
/* For what is answered late where it is answered at all. */
#define FLOOD_PATIENCE_MS 60000u

/* ---- what is counted ---- */

struct flood_tally {
    uint64_t said;                     /* calls and messages that were sent */
    uint64_t codes[CUSTODY_ERR_COUNT]; /* answers by code; those of a batch one by one */
    uint64_t large;                    /* answers that were too large to look into */
    uint64_t mute;                     /* of `busy` and `quota`: without retry_after_ms */
    uint64_t opened;                   /* connections, */
    uint64_t closed;                   /* those that the custodian closed, */
    uint64_t left;                     /* and those it still had a while after the flood had gone */
};

/* A statement that was receipted, and where. */
struct flood_receipt {
    struct cty_hash digest;
    uint64_t index;
};
struct flood_receipts {
    struct flood_receipt *all;
    size_t count;
    size_t room;
};
void flood_receipts_put(struct flood_receipts *receipts, const struct cty_hash *digest, uint64_t index);

/*
 * Reads a message of answers, counts them, and keeps the receipts of what was submitted. For any other `rpc` than
 * FLOOD_ANY the newest result is decoded, too.
 */
#define FLOOD_ANY CTY_RPC_COUNT
struct flood_reader {
    struct cty_rpc_message message;
    struct cty_rpc_answer answer;
    union cty_rpc_result result;
    custody_err code;
};
void flood_read(struct flood_reader *reader, struct flood_tally *tally, struct flood_receipts *receipts,
                enum cty_rpc rpc, struct cty_bytes reply);

/* ---- the quiet one ---- */

struct flood_quiet {
    pthread_t thread;
    const struct house *house;
    const struct cty_secret *secret;
    struct cty_seen seen;
    struct cty_hash session; /* opened before the flood, and used all through it */
    struct flood_line line;
    struct flood_reader reader;
    struct cty_buf text;
    struct cty_buf reply;
    atomic_uint rounds; /* of all its chores that were done */
    uint64_t count;
    uint8_t staged_id[16];   /* of the statement whose content it has staged */
    bool staged;
    struct flood_tally tally; /* of all its calls */
    struct flood_receipts receipts;
    double *submits_ms;
    size_t submits;
    double *reads_ms; /* case.list and case.news */
    size_t reads;
    uint64_t lost;    /* calls without an answer */
    atomic_bool over;
};

/* ---- plays ---- */

struct flood;
struct flood_play {
    const char *name;
    const char *what;
    unsigned actors;      /* of the flood's party */
    unsigned lines;
    unsigned depth;       /* calls under way on one line */
    unsigned connections; /* that custodyd is told to take; 0: its default */
    unsigned entries;     /* that stand in the ledger before */
    unsigned statements;  /* signed beforehand, for each second; the flood ends where they do */
    uint64_t memory_mib;  /* that custodyd may have at most (spec/flood.md, "Memory") */
    const char *action;   /* of these; NULL: "one", which is held for one approver */
    bool approvers;       /* its actors are persons who decide */
    bool deaf;            /* answers are not read */
    bool reopens;         /* a line that was closed is opened again */
    /* The codes that its answers may have, and one that has to be among them (NULL: none has to). */
    const char *may;
    const char *must;
    /* What there is beside the cast. May be NULL. */
    void (*prepare)(struct flood *f);
    /* Puts what the line says next, or hangs up; false where nothing was put. */
    bool (*say)(struct flood *f, struct flood_line *line);
    /* An answer came and was counted; f->reader has the newest. May be NULL. */
    void (*heard)(struct flood *f, struct flood_line *line);
};
/* Each file's plays, ended by one without a name. */
extern const struct flood_play flood_load_plays[];
extern const struct flood_play flood_door_plays[];
extern const struct flood_play flood_read_plays[];
/* In the order of spec/flood.md; NULL beyond the last. */
const struct flood_play *flood_play_at(size_t index);
const struct flood_play *flood_find(const char *name);

/* Signed messages, one after the other. */
struct flood_pool {
    struct cty_buf text;
    size_t *ends;
    size_t count;
    size_t room;
};

struct flood {
    const struct flood_play *play;
    unsigned ms;      /* how long it may take */
    struct house *house;
    struct cty_seen seen;
    const struct cty_secret *actors[FLOOD_ACTORS_MAX];
    struct cty_hash sessions[FLOOD_ACTORS_MAX]; /* of those for whom flood_sessions opened one */
    struct flood_pool pool;
    struct cty_buf texts[8]; /* the play's own */
    struct flood_line *lines;
    int epoll;
    uint64_t began;
    uint64_t now;
    struct flood_reader reader;
    struct flood_tally tally;
    struct flood_receipts receipts;
    struct flood_quiet quiet;
    struct cty_buf scratch;
    /* afterwards */
    double seconds;
    double cpu_s;
    uint64_t entries;
    uint64_t peak;
    bool alive;        /* answered `info` with `serving` */
    const char *fault; /* of the ledger; NULL: it is whole */
};

/* Plays it against a custodian of its own, all that comes before and after included. flood_done gives it back. */
void flood_play(struct flood *f, const struct flood_play *play, unsigned ms);
void flood_done(struct flood *f);
/* Whether some answer had this code. */
bool flood_has(const struct flood_tally *tally, const char *name);
/* The first promise of spec/flood.md that was broken, in words; NULL: none. None of them is a time. */
const char *flood_broken(const struct flood *f, char *out, size_t size);

/* ---- inside ---- */

/* flood_cast.c */
void flood_cast(struct flood *f);
void flood_sign_pool(struct flood *f, size_t count);
void flood_keep(struct flood_pool *pool, struct cty_bytes text);
void flood_pool_done(struct flood_pool *pool);
struct cty_bytes flood_pool_at(const struct flood_pool *pool, size_t index);
/* The text of a `submit` with a request in it. */
struct flood_request {
    const struct cty_seen *seen;
    const struct cty_secret *secret;  /* who is named, */
    const struct cty_secret *forger;  /* and who signs; NULL: the same */
    const char *action;
    struct cty_bytes content;
    const uint8_t *staged_id;         /* the content was staged for the statement with this id; NULL: it comes along */
};
void flood_put(struct cty_buf *out, const struct flood_request *request);
/* The text of a `submit` with a consume of a case that is not there: signed as it should be, and always refused. */
void flood_put_lost_consume(struct cty_buf *out, const struct cty_seen *seen, const struct cty_secret *secret);
/* The text of a `submit` with a policy that is close to the most that a statement may hold, by a stranger. */
void flood_put_large_policy(struct cty_buf *out, const struct cty_seen *seen, const struct cty_secret *secret);
/* `blob.stage` of the payload of a statement with this id. */
void flood_put_stage(struct cty_buf *out, const struct cty_hash *session, const struct cty_secret *secret,
                     const uint8_t id[static 16], struct cty_bytes content);
void flood_put_claim(struct cty_buf *out, const struct house *h, const struct cty_secret *secret,
                     const uint8_t nonce[static 16]);
void flood_put_call(struct cty_buf *out, enum cty_rpc rpc, const struct cty_rpc_params *params);
/* Sessions for the first `count` actors. */
void flood_sessions(struct flood *f, unsigned count);
/* Before the flood: must succeed. */
void flood_fill_ledger(struct flood *f, unsigned entries);

/* flood_load.c: the next statement of the pool that is this line's; the same again where the custodian was busy. */
bool flood_say_next(struct flood *f, struct flood_line *line);
void flood_heard_next(struct flood *f, struct flood_line *line);
/* What stands in the pool, round and round. */
bool flood_say_round(struct flood *f, struct flood_line *line);

/* flood_run.c */
void flood_run(struct flood *f);

/* flood_quiet.c */
/* Connects and opens its session; then runs beside the flood until it is told to stop. */
void flood_quiet_begin(struct flood *f);
void flood_quiet_start(struct flood *f);
void flood_quiet_stop(struct flood *f);
/* Whether the custodian still serves, by a connection made now. */
bool flood_quiet_finds_it_serving(struct flood *f);
void flood_quiet_done(struct flood_quiet *quiet);
/* Of times in any order; they are sorted. 0 where there is none. */
double flood_percentile(double *times, size_t count, unsigned percent);

/* flood_books.c */
const char *flood_fault(struct flood *f);

#endif
