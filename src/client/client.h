/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of one custodian: its door, its session, and the newest checkpoint that it verified (spec/client.md).
 * It believes nobody: notes are judged by the pinned log key, receipts by their proofs, cases by src/audit.
 *
 *     client.h   open, call, newest checkpoint           draft.h   make a statement, sign it, submit it
 *     judge.h    a case's evidence, judged               read.h    lists, contents, whole ledgers
 *     agent.h    ask, wait, consume, report, cancel      state.h   the file with the newest checkpoint
 *
 * Owns its connections and what it cached of the trust chain. Never logs, never forks, keeps no global state.
 * Thread rule: one thread at a time, but for cty_client_interrupt. What net/client.h says of nng's threads and of
 * fork holds here too.
 */
#ifndef CTY_CLIENT_CLIENT_H
#define CTY_CLIENT_CLIENT_H

#include "audit/trust.h"
#include "net/pin.h"
#include "proto/rpc.h"

/* How long one operation goes on trying, and how long one exchange may take at most (a third of the patience, if less). */
#define CTY_CLIENT_PATIENCE_MS_DEFAULT 30000u
/* Of which so much passes in silence. */
#define CTY_CLIENT_TELL_MS 2000u
#define CTY_CLIENT_EXCHANGE_MS 10000u

struct cty_client;

struct cty_client_config {
    /* The custodian's door: ipc:///path, tcp://127.0.0.1:PORT or tls+tcp://HOST:PORT. Copied. */
    const char *url;
    /* What a TLS door is known by, for who has no trust file yet; NULL: what the trust file pins for it. Copied. */
    const struct cty_net_pin *pin;
    /*
     * The verifier's pins; borrowed, outlives the client. NULL: only cty_client_call works, for what needs no
     * belief (`info`); all else is refused with BAD_TRUST.
     */
    const struct cty_trust *trust;
    /* Who opens sessions and signs; borrowed, outlives the client. NULL: a reader without a name. */
    const struct cty_secret *secret;
    /* The secret opens sessions, and signs no statement: others sign. */
    bool reads_only;
    /* The file that keeps the newest checkpoint of this ledger; copied. NULL: in memory only. */
    const char *state_path;
    /* Overall time of one operation with all its retries; 0: CTY_CLIENT_PATIENCE_MS_DEFAULT. */
    uint64_t patience_ms;
    /*
     * Told once an operation, when it has tried for CTY_CLIENT_TELL_MS in vain, and goes on: why the newest try failed, and
     * how long it will go on. NULL: nobody is told.
     */
    void (*trying)(void *context, const custody_error *why, uint64_t left_ms);
    void *trying_context;
    /* Milliseconds since 1970, for tests; NULL: the system's clock. */
    uint64_t (*clock)(void *context);
    void *clock_context;
};

/*
 * Reads the state file and connects with the first call. A state file that is not there is no error.
 * Errors: CONFIG (address), CERTIFICATE (a TLS door for which none is pinned), BAD_TRUST (it is pinned twice), IO,
 * NO_MEMORY; BAD_NOTE, NOTE_UNSIGNED, SIGNATURE_INVALID, WRONG_LEDGER for a state file
 * that is not of the pinned ledger.
 */
CUSTODY_MUST_USE custody_err cty_client_open(const struct cty_client_config *config, struct cty_client **ret_client,
                                             custody_error *error);
/* Ends the session, where there is one and the custodian answers at once. NULL is nothing. */
void cty_client_close(struct cty_client *client);

/* Borrowed; may be NULL. */
const struct cty_secret *cty_client_secret(const struct cty_client *client);
/* Milliseconds since 1970, by the client's clock. */
uint64_t cty_client_now(const struct cty_client *client);
void cty_client_set_patience(struct cty_client *client, uint64_t patience_ms);
/*
 * From any thread or a signal handler: whatever waits or retries ends soon with CANCELLED_WAIT, and so does the next
 * that would. cty_client_resume takes it back.
 */
void cty_client_interrupt(struct cty_client *client);
void cty_client_resume(struct cty_client *client);

/* An answer. Zero-initialise, reuse, then cty_answer_done. Everything in it borrows from its text. */
struct cty_answer {
    struct cty_buf text;
    struct cty_rpc_message message;
    struct cty_rpc_answer answer; /* where it failed, answer.failure tells why */
    union cty_rpc_result result;
};
void cty_answer_done(struct cty_answer *answer);

/*
 * Calls a method and waits for its answer. Opens a session where the method needs one and a secret is at hand, again
 * where it has expired; params->session is set here. Repeats itself after UNREACHABLE, TIMEOUT and BUSY until the
 * patience is used up, so every method must be safe to repeat: all are. The answer is the custodian's word.
 * Errors: what the custodian refused with; NO_SESSION where there is no secret; UNREACHABLE, TIMEOUT, BUSY,
 * CANCELLED_WAIT; BAD_RPC, TOO_LARGE for an answer that is none; NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_client_call(struct cty_client *client, enum cty_rpc rpc,
                                             const struct cty_rpc_params *params, struct cty_answer *ret_answer,
                                             custody_error *error);

/*
 * The newest checkpoint that was verified: signed by the pinned log key, and an extension of every one before. With
 * `fresh` the custodian is asked first; without it is only asked where none is known yet. *ret_note (may be
 * NULL) borrows until the next call of any function of the client.
 * Errors: those of cty_client_advance.
 */
CUSTODY_MUST_USE custody_err cty_client_checkpoint(struct cty_client *client, bool fresh,
                                                   struct cty_checkpoint *ret_checkpoint, struct cty_bytes *ret_note,
                                                   custody_error *error);

/*
 * Takes a note that the custodian, or anybody, gave: opens it with the pinned log key, proves with the custodian's help
 * that it and the newest one are of one ledger, keeps the larger one and writes it to the state file.
 * Errors: BAD_TRUST without pins; those of cty_checkpoint_open; SPLIT_VIEW where the two contradict each other, WENT_BACK
 * where the custodian no longer has the larger one: both notes are then kept beside the state file
 * (cty_client_contradiction names the file), and nobody who has that state file acts on the ledger while they lie there;
 * those of cty_client_call; IO.
 */
CUSTODY_MUST_USE custody_err cty_client_advance(struct cty_client *client, struct cty_bytes note,
                                                struct cty_checkpoint *ret_checkpoint, custody_error *error);

/*
 * Opens a receipt (tlog-proof): the entry with this text is in the tree of a checkpoint that the log key signed, and that is of
 * one ledger with the newest one, which it advances. *ret_receipt borrows from `text`. Errors: PROOF_INVALID, those of
 * cty_checkpoint_open and of cty_client_advance.
 */
CUSTODY_MUST_USE custody_err cty_client_take_receipt(struct cty_client *client, struct cty_bytes text,
                                                     struct cty_bytes entry, struct cty_receipt *ret_receipt,
                                                     struct cty_checkpoint *ret_checkpoint, custody_error *error);

/* The log keys that it knows: the pinned one, and those that lawfully came in its place so far. Borrowed. */
const struct cty_log_keys *cty_client_log_keys(const struct cty_client *client);

/* The file that holds the contradicting notes; NULL where there was none, or no state file. Borrowed. */
const char *cty_client_contradiction(const struct cty_client *client);

#endif
