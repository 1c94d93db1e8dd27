/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One simulation: the real sequencer, fold and store of a custodian, on a disk, clocks and a network that do harm, used
 * by actors who mean well and by some who do not, watched by an auditor who believes nothing. See spec/simulator.md.
 *
 *     deeds --papers--> post --(lost, late, doubled)--> office: worker, sequencer, store --> disk
 *       ^                 ^                                |
 *       |                 +----------- answers ------------+
 *       +-- auditor: what stands <-------- reads ----------+
 *
 * One thread. All that decides comes from the seed.
 */
#ifndef CTY_TESTS_SIMULATE_SIM_H
#define CTY_TESTS_SIMULATE_SIM_H

#include "audit/replay.h"
#include "crypto/key.h"
#include "daemon/commit.h"
#include "escrow/record.h"
#include "simulate/disk.h"
#include "simulate/tally.h"

#define SIM_ORIGIN "custody.example/simulated"
#define SIM_START 1800000000000u /* ms */
#define SIM_PAPERS 8192
#define SIM_ACTORS 64
#define SIM_CASES 1024
#define SIM_CONTENTS 3
#define SIM_GROUP 12
#define SIM_TEXT 2048

/* --- papers: statements from their signing to their end ------------------------------------------------------- */

struct content {
    char member[32];
    uint8_t salt[CTY_SALT_SIZE];
    struct cty_hash commitment;
    char *text; /* owned */
    struct cty_buf salt64, text64;
    bool staged;
};

enum paper_state { PAPER_OPEN, PAPER_STANDS, PAPER_REFUSED, PAPER_LEFT };

/* What an actor sent, and what it remembers of it. */
struct paper {
    size_t number;
    enum cty_type type;
    bool stages;  /* contents.list[0], in the place of a statement */
    bool spoiled; /* contents or signature are not what they should be */
    char signer[80];
    struct cty_buf envelope;
    struct cty_hash digest;
    struct cty_hash case_id; /* of a request: its own digest */
    int keys[CTY_SIGNERS_MAX]; /* number of the key that signed; 0: a foreign one */
    struct content contents[SIM_CONTENTS];
    uint32_t contents_count;
    enum paper_state state;
    uint64_t index;
    unsigned tries;
    uint64_t again_ms; /* monotonic */
};

/* --- letters --------------------------------------------------------------------------------------------------- */

struct letter {
    uint64_t due_ms; /* monotonic */
    uint64_t number;
    size_t paper;
    bool answer;
    custody_err err;
    uint64_t index;
    bool duplicate;
};

struct post {
    struct letter *list;
    size_t count, room;
    uint64_t number;
};

/* --- the custodian's process ----------------------------------------------------------------------------------- */

/* A statement within the custodian. */
struct task {
    struct cty_submission submission;
    struct sim *sim;
    size_t paper;
    bool told;
};

struct office {
    bool open;
    bool has_sequencer;
    struct cty_store *store;
    struct cty_custodian custodian;
    struct cty_head head;
    struct cty_sequencer sequencer;
    struct cty_store_reader *reader;
    struct cty_book book;
    struct cty_unit unit;
    struct cty_keyring keyring;
    struct cty_key_changes key_changes;
    struct cty_rpc_params params;
    struct task *waiting[256];
    size_t waiting_count;
    struct task *group[SIM_GROUP];
    size_t group_count;
    bool committed; /* a transaction of this process has come through */
    uint64_t wall_ms, monotonic_ms; /* at its start */
    enum cty_service_state state; /* as it was seen last */
};

/* --- the whole ------------------------------------------------------------------------------------------------- */

struct actor_key {
    char name[80];
    struct cty_secret *secret;
    struct cty_secret *next; /* of a rotation that was sent */
    unsigned rotations;
};

struct failure {
    char oracle[32];
    char text[400];
    uint64_t step;
};

struct auditor;
struct second;

struct sim {
    uint64_t seed, step;
    uint64_t wall_ms, monotonic_ms;
    struct chance deeds, network, clock, faults, nonces, checks;
    char folder[64];
    char path[96];
    struct office office;
    struct post post;
    struct paper *papers[SIM_PAPERS];
    size_t papers_count;
    struct actor_key actors[SIM_ACTORS];
    size_t actors_count;
    struct cty_secret *log, *clerk, *next_log, *next_clerk;
    struct cty_hash cases[SIM_CASES];
    size_t cases_count;
    uint8_t acts[SIM_CASES]; /* how often the act of a case was done */
    struct auditor *auditor;
    struct second *second;
    bool founded;
    bool closing;      /* somebody closes the ledger */
    bool confirm;      /* a person has looked at the clock */
    uint64_t restart_ms; /* when the custodian is started again; monotonic */
    uint64_t full_until_ms;
    bool is_full;
    bool doubtful;      /* a sync failed in the process before this one */
    bool calm;          /* no more harm is done */
    uint64_t bad_until; /* a step: until then there is more of it */
    bool failed;
    struct failure failure;
};

/* Notes the first thing that is wrong; the simulation ends with its step. */
void sim_fail(struct sim *s, const char *oracle, const char *format, ...) CUSTODY_PRINTF(3, 4);

/* Runs one seed. True where nothing was wrong; *ret_hash is that of its trace. */
bool sim_run(uint64_t seed, uint64_t steps, struct tally *tally, bool print, struct failure *ret_failure,
             uint64_t *ret_hash);

/* people.c: keys and the ledger's first actors. */
const struct cty_secret *people_secret(struct sim *s, const char *name);
struct actor_key *people_find(struct sim *s, const char *name);
struct cty_secret *people_make(const char *name, const char *seed);
void people_init(struct sim *s);
void people_done(struct sim *s);
/* Enrols parties and their actors; nothing fails meanwhile. */
void people_enrol(struct sim *s);
/* The parameters of a submit that founds the ledger. */
void people_genesis(struct sim *s, struct cty_buf *out);
/* The number of a key, the same for the same key. */
int people_key_number(const struct cty_key *key);

/* paper.c: writing and signing. */
void paper_begin(struct sim *s, struct cty_statement *st, enum cty_type type, const char *signer);
void paper_add_signer(struct sim *s, struct cty_statement *st, const char *signer);
struct paper *paper_new(struct sim *s);
void paper_free(struct paper *paper);
/* Commits to a content that goes with the paper; the statement's id and first signer stand. */
struct cty_hash paper_commit(struct sim *s, struct paper *paper, const struct cty_statement *st, const char *member,
                             const char *text);
/* Leaves the last one away: the statement goes without what it commits to. */
void paper_drop_content(struct paper *paper);
/* Signs. With `foreign` by keys of nobody. */
void paper_sign(struct sim *s, struct paper *paper, const struct cty_statement *st, bool foreign);
/* Its parameters for `submit`; borrows from the paper. */
void paper_params(const struct paper *paper, struct cty_rpc_params *ret_params);
/* Sends a paper for the first time. */
void paper_send(struct sim *s, struct paper *paper);
void paper_answered(struct sim *s, const struct letter *letter);
void papers_retry(struct sim *s);

/* post.c */
void post_done(struct sim *s);
void post_send(struct sim *s, size_t paper);
void post_answer(struct sim *s, const struct letter *letter);
/* Delivers what is due. */
void post_deliver(struct sim *s);

/* office.c */
custody_err office_found(struct sim *s, custody_error *error);
custody_err office_open(struct sim *s, custody_error *error);
void office_close(struct sim *s);
/* What a worker does with a message. */
void office_take(struct sim *s, size_t paper);
/* The sequencer runs one group of at most so many. */
void office_run(struct sim *s, size_t most);
void office_background(struct sim *s);
struct cty_clock sim_clock(struct sim *s);

/* deeds.c: somebody does something. */
void deeds_one(struct sim *s);

/* auditor.c */
void auditor_begin(struct sim *s);
void auditor_done(struct sim *s);
/* Every answer that leaves the custodian. */
void auditor_receipt(struct sim *s, const struct cty_part *part);
void auditor_note(struct sim *s, struct cty_bytes note);
void auditor_answer(struct sim *s, const struct paper *paper, const struct cty_submission *submission);
/* Reads what is new; all of it after a start. */
void auditor_look(struct sim *s, bool all);
/* Replays everything and compares every row. */
void auditor_whole(struct sim *s);
/* What stood when the auditor looked last. */
struct cty_memory *auditor_memory(struct sim *s);
uint64_t auditor_size(const struct sim *s);
/* The case as it stood; false where there is none. Borrows until the next look. */
bool auditor_case(struct sim *s, const struct cty_hash *case_id, struct cty_case *ret_case);
void auditor_ledger(struct sim *s, struct cty_ledger_record *ret_ledger);

/* second.c: the plain judge as a second opinion. */
void second_begin(struct sim *s);
void second_done(struct sim *s);
/* An entry that stands, in order. */
void second_entry(struct sim *s, uint64_t index, struct cty_bytes text);
/* A statement that the custodian refused when the ledger held what the second judge has. */
void second_refused(struct sim *s, const struct paper *paper, custody_err err);
uint64_t second_size(const struct sim *s);
/* Every case as both have it, where both have the same entries. */
void second_compare(struct sim *s);

#endif
