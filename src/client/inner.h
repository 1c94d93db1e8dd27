/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of src/client share. Nothing else includes it. */
#ifndef CTY_CLIENT_INNER_H
#define CTY_CLIENT_INNER_H

#include <stdatomic.h>

#include "audit/footing.h"
#include "base/check.h"
#include "client/client.h"
#include "client/draft.h"
#include "net/client.h"
#include "net/url.h"

/* Between two tries: from the first pause to the last, doubling. */
#define CTY_PAUSE_MS_MIN 25u
#define CTY_PAUSE_MS_MAX 2000u
/* A try that begins with less than this left can end in "timed out" whatever is wrong. */
#define CTY_TRY_MS_MIN 100u
/* How long one call waits for news: as long as a custodian lets it. */
#define CTY_WAIT_STEP_MS CTY_WAIT_MS_MAX

/* The newest checkpoint, as a note; empty where there is none yet. */
struct cty_newest {
    struct cty_buf note;
    struct cty_checkpoint checkpoint; /* its origin borrows from the trust file */
    bool known;
    bool kept;           /* the state file holds it, or a later one */
    struct cty_seen filed; /* what the state file held when it was last reconciled; size 0: nothing */
    custody_err refused; /* after a contradiction nothing more is taken from this custodian */
};

/* Trust-class entries as they came, in order. They are judged with every case. */
struct cty_chain {
    struct cty_bytes *texts; /* owned */
    size_t count;
    size_t capacity;
    size_t bytes;  /* of the texts */
    uint64_t next; /* index to go on from */
};

/* A consume whose answer is still to come, or that is not yet judged. In memory only: ruling R3. */
struct cty_pending {
    struct cty_pending *next;
    struct cty_hash case_id;
    struct cty_hash digest;
    struct cty_hash release;
    struct cty_hash payload;
    struct cty_buf envelope;
};

struct cty_client {
    struct cty_net_client *net;
    struct cty_net_url url;
    const struct cty_trust *trust;
    const struct cty_secret *secret;
    bool reads_only; /* it opens sessions and signs nothing */
    uint64_t (*clock)(void *context);
    void *clock_context;
    void (*trying)(void *context, const custody_error *why, uint64_t left_ms);
    void *trying_context;
    uint64_t patience_ms;
    uint64_t exchange_ms; /* for one answer */
    uint64_t deadline_ms; /* monotonic; of the operation under way */
    unsigned depth;       /* of operations within operations */
    atomic_bool interrupted;
    struct cty_opt_hash session;
    uint64_t last_id;
    char *state_path; /* NULL: none */
    char *contradiction;
    struct cty_newest newest;
    struct cty_log_keys log_keys; /* the pinned one, and those that came in its place */
    bool learning;                /* them, just now */
    struct cty_chain chain;
    struct cty_footing *footing; /* the chain's beginning, judged; NULL until a case was */
    struct cty_pending *pending;
    struct cty_hash *acted; /* cases whose consume was given out: never twice */
    size_t acted_count;
    size_t acted_room;
};

/* An operation, to the end of the scope: its beginning sets the deadline of all it does. Operations within it share that. */
struct cty_span {
    struct cty_client *client;
};
struct cty_span cty_span_begin(struct cty_client *client);
void cty_span_end(struct cty_span *span);
#define CTY_SPAN(client) CTY_CLEANUP(cty_span_end) __attribute__((unused)) struct cty_span span_ = cty_span_begin(client)

/* BAD_TRUST where there are no pins. */
CUSTODY_MUST_USE custody_err cty_client_needs_trust(const struct cty_client *client, custody_error *error);
/* NO_SESSION where there is no secret. */
CUSTODY_MUST_USE custody_err cty_client_needs_secret(const struct cty_client *client, custody_error *error);
/* CANCELLED_WAIT where it was interrupted. */
CUSTODY_MUST_USE custody_err cty_client_may_go_on(struct cty_client *client, custody_error *error);

/* A call with its own time for the answer, on top of CTY_CLIENT_EXCHANGE_MS. */
CUSTODY_MUST_USE custody_err cty_client_call_long(struct cty_client *client, enum cty_rpc rpc,
                                                  const struct cty_rpc_params *params, uint64_t more_ms,
                                                  struct cty_answer *ret_answer, custody_error *error);

/* Waits so long, or half of it and chance; ends early where it is interrupted. */
void cty_client_pause(struct cty_client *client, uint64_t pause_ms);

/*
 * The same method `count` times in as few messages as there have to be. `fill` sets the parameters of call i, `take`
 * gets its result. Errors: the first that any call or callback gave, with nothing taken after it.
 */
struct cty_batch {
    enum cty_rpc rpc;
    size_t count;
    void *context;
    void (*fill)(void *context, size_t i, struct cty_rpc_params *params);
    custody_err (*take)(void *context, size_t i, const union cty_rpc_result *result, custody_error *error);
};
CUSTODY_MUST_USE custody_err cty_client_batch(struct cty_client *client, const struct cty_batch *batch,
                                              custody_error *error);

/* Whether trying again may help: nothing is known to have happened. */
static inline bool cty_is_passing(custody_err err)
{
    return err == CUSTODY_E_UNREACHABLE || err == CUSTODY_E_TIMEOUT || err == CUSTODY_E_BUSY ||
           err == CUSTODY_E_WITNESSES_UNKNOWN; /* it has only just started */
}

/* newest.c: reads the state file into client->newest. */
CUSTODY_MUST_USE custody_err cty_newest_load(struct cty_client *client, custody_error *error);

/* Whether there is no contradiction of this ledger, neither met by this client nor kept beside the state file. */
CUSTODY_MUST_USE custody_err cty_client_may_act(struct cty_client *client, custody_error *error);

/* consume.c */
void cty_pending_clear(struct cty_client *client);

/* chain.c */
void cty_chain_clear(struct cty_chain *chain);
/*
 * Takes a page of `trust.entries`, each an entry behind the one before. Whoever answers could go on for ever: beyond
 * CTY_CHAIN_BYTES_MAX that is refused. Errors: as cty_entry_parse, CHAIN_BROKEN, LIMIT_REACHED, BAD_RPC, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_chain_take(struct cty_chain *chain, const struct cty_answer *answer,
                                            struct cty_parsed_entry *scratch, custody_error *error);

/*
 * log_key.c: after a note that opened with this error. OK where it is that no key which we know signed it, and the trust chain
 * has brought a further one: try again. Else the error, or why the chain could not be had.
 */
CUSTODY_MUST_USE custody_err cty_client_learn_log_key(struct cty_client *client, custody_err unsigned_note,
                                                      custody_error *error);
/* A rotation that we submitted ourselves, at this index: the receipt is by the key that it brings. */
CUSTODY_MUST_USE custody_err cty_client_expect_log_key(struct cty_client *client, const struct cty_statement *ours,
                                                       uint64_t index);

/*
 * between.c: adds the entries between release and consume to evidence under a checkpoint of this size, where the case was
 * consumed and they are not too many.
 */
CUSTODY_MUST_USE custody_err cty_client_gather_between(struct cty_client *client, struct cty_evidence *evidence,
                                                       uint64_t size, bool since_request, custody_error *error);

/* A proof from its base64 texts. Errors: PROOF_INVALID. */
CUSTODY_MUST_USE custody_err cty_proof_take(const struct cty_bytes *hashes, uint32_t count, struct cty_proof *ret_proof);

#endif
