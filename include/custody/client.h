/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ask before you act (spec/client.md):
 *
 *     custody_ask      asks and waits until people or policy decided
 *     custody_defer    asks and comes back at once with the case's name
 *     custody_wait     goes on waiting, also in another process, another day
 *     custody_consume  takes the one right to act, and gives the payload to act on
 *     custody_outcome  reports how it went
 *     custody_cancel   takes the case back before it was consumed
 *
 * Every one of them verifies before it returns: receipts by their proofs, the case by its entries, all of it from the
 * pins of the trust file. The custodian is believed in nothing, and where it contradicts itself the call is refused.
 * Calls repeat themselves, safely, while the custodian is away or busy, until the client's patience is used up.
 *
 * A client owns its connections and its copy of the trust chain. It never logs, never prints, never forks and never
 * writes a file but its state file and what contradicts it.
 * Thread rule: a client is used by one thread at a time, but for custody_client_interrupt; several clients may be used by
 * several threads. The first call starts threads of the transport, with all signals blocked; a process must not fork
 * after that, except to exec. The calls that speak to the custodian begin with custody_client_open.
 */
#ifndef CUSTODY_CLIENT_H
#define CUSTODY_CLIENT_H

#include <custody/decision.h>
#include <custody/key.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct custody_client custody_client;

/* How to reach whom. Begin with CUSTODY_CLIENT_CONFIG_INIT. All texts are copied by custody_client_open. */
typedef struct custody_client_config {
    size_t struct_size;      /* set by the initialiser: what this program was compiled with */
    /* The custodian's door: "ipc:///run/custody/custody.sock", "tcp://127.0.0.1:7311" or, beyond this machine,
     * "tls+tcp://custody.example.org:7311"; a TLS door's certificate stands in the trust file (custody trust pin). */
    const char *url;
    const char *trust_path;  /* the trust file: whom to believe (spec/evidence.md, "Trust files") */
    const char *state_path;  /* a file of this agent's, where the newest verified checkpoint is kept; made where it is
                                not there. NULL keeps it in memory: then a ledger that went back between two runs of
                                the program is not noticed */
    const custody_key *key;  /* the agent's key; borrowed until the client is closed */
    uint64_t patience_ms;    /* how long one call goes on trying; 0: 30 s. Waiting for people comes on top */
} custody_client_config;

#define CUSTODY_CLIENT_CONFIG_INIT {sizeof(custody_client_config), NULL, NULL, NULL, NULL, 0}

/*
 * Reads the trust file and the state file; connects with the first call. The caller owns *ret_client. `error` may be
 * NULL, here and everywhere.
 * Errors, in order: USAGE (url, trust_path or key missing, struct_size not known), NOT_FOUND and IO (trust file),
 * BAD_TRUST, CONFIG (address), CERTIFICATE (a TLS door of which the trust file pins none), IO and BAD_NOTE, NOTE_UNSIGNED, SIGNATURE_INVALID, WRONG_LEDGER (a state file that is not
 * of the pinned ledger), NO_MEMORY.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_client_open(const custody_client_config *config,
                                                                custody_client **ret_client, custody_error *error);
/* NULL is nothing. */
CUSTODY_EXPORT void custody_client_close(custody_client *client);

/*
 * From any thread or a signal handler: the call that is under way ends soon with CANCELLED_WAIT, and so does each later
 * one until custody_client_resume. Nothing is lost by it.
 */
CUSTODY_EXPORT void custody_client_interrupt(custody_client *client);
CUSTODY_EXPORT void custody_client_resume(custody_client *client);

/* After WENT_BACK or SPLIT_VIEW: the file with the contradicting signed notes, which custody-verify reads; NULL where there
 * is none or no state file. While it lies beside the state file, custody_consume is refused in every process that has that
 * folder: look at it, and move it away. Borrowed until the next call, or until the client is closed. */
CUSTODY_EXPORT const char *custody_client_contradiction(const custody_client *client);

typedef enum custody_priority {
    CUSTODY_PRIORITY_LOW = -1,
    CUSTODY_PRIORITY_NORMAL = 0,
    CUSTODY_PRIORITY_HIGH = 1,
    CUSTODY_PRIORITY_CRITICAL = 2
} custody_priority;

/*
 * What is asked for. Begin with CUSTODY_REQUEST_INIT; leave out what is not needed. All is borrowed until the call
 * returns. Only commitments enter the ledger; payload, state and schema themselves go to the custodian, who gives them to
 * those who may decide.
 */
typedef struct custody_request {
    size_t struct_size;
    const char *service;          /* what will be acted on: "payments"; visible ASCII, at most 128 bytes */
    const char *action;           /* what will be done: "refund"; likewise */
    custody_priority priority;
    custody_bytes payload;        /* JSON, at most 1 MiB; kept exactly as given */
    custody_bytes schema;         /* JSON Schema of the payload, for those who patch it; may be empty */
    custody_bytes state;          /* any bytes of the agent's, to resume from; may be empty */
    custody_bytes facts;          /* a JSON object of texts and whole numbers for policies to read; may be empty */
    const char *executor;         /* who will act; NULL: the asker */
    const char *const *behalf;    /* on whose behalf: names of actors, at most 8 */
    size_t behalf_count;
    const char *const *readers;   /* who else may read: names of actors or parties, at most 8 */
    size_t readers_count;
    uint64_t expires_ms;          /* from now, when the request is of no use any more; 0: a day */
    const custody_case_id *parent; /* the case that this one belongs to; may be NULL */
} custody_request;

#define CUSTODY_REQUEST_INIT                                                                           \
    {sizeof(custody_request), NULL, NULL, CUSTODY_PRIORITY_NORMAL, {NULL, 0}, {NULL, 0}, {NULL, 0},    \
     {NULL, 0}, NULL, NULL, 0, NULL, 0, 0, NULL}

/*
 * Submits the request and verifies its receipt. *ret_case is its name from then on: keep it.
 * Errors: USAGE (service, action or payload missing), BAD_JSON and its kin, TOO_LARGE, BAD_MEMBER; what the custodian
 * refused with (spec/errors.md); UNREACHABLE, TIMEOUT, BUSY (nothing is known to have happened; asking again makes
 * another case); PROOF_INVALID, CHAIN_BROKEN, WENT_BACK, SPLIT_VIEW and the like: the custodian lied, stop.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_defer(custody_client *client, const custody_request *request,
                                                          custody_case_id *ret_case, custody_error *error);

/*
 * Waits until the case is decided, at most timeout_ms (0: looks once). OK for every decision, also a no: ask
 * custody_decision_state. The case may have been asked for by another process with the same key, or the caller be its
 * executor. The caller owns *ret_decision.
 * Errors: UNDECIDED at the time-out, to be waited for again; CANCELLED_WAIT; WRONG_CASE; UNREACHABLE, TIMEOUT, BUSY;
 * a claim's code or NOT_CHECKED where the case can't be believed: don't act on it.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_wait(custody_client *client, const custody_case_id *case_id,
                                                         uint64_t timeout_ms, custody_decision **ret_decision,
                                                         custody_error *error);

/*
 * custody_defer and custody_wait in one. *ret_case is set as soon as the request is in the ledger, also where the waiting
 * ends with an error: go on with custody_wait. Errors: those of both.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_ask(custody_client *client, const custody_request *request,
                                                        uint64_t timeout_ms, custody_case_id *ret_case,
                                                        custody_decision **ret_decision, custody_error *error);

/*
 * Takes the right to act. OK means: act now, on custody_decision_payload(*ret_decision) and on nothing else. Every error
 * means: don't act. OK comes at most once for a case. WARNING: a program that ended between OK and custody_outcome can't
 * know whether it acted; its next run gets DOUBLE_CONSUME here and reports CUSTODY_OUTCOME_UNKNOWN, unless it knows better.
 *
 * After UNREACHABLE, TIMEOUT, BUSY, CANCELLED_WAIT, NOT_WITNESSED or NO_MEMORY call it again with the same client: it goes on
 * with the same consume. The caller owns *ret_decision.
 * Errors, before anything is sent: UNDECIDED (held), DOUBLE_CONSUME (consumed before), DEADLINE_PASSED (lapsed),
 * STATE_ILLEGAL (over), NOT_HOLDER (another executor), NOT_FOUND (the payload can't be had); then what the custodian
 * refused with; PROOF_INVALID, CHAIN_BROKEN, GAP, PAYLOAD_MISMATCH and the like where its answer does not prove the
 * consume; NOT_WITNESSED, with the names of those missing, while no quorum of the witnesses that the policy names has
 * cosigned the release (then nothing was sent) or a checkpoint that holds the consume.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_consume(custody_client *client, const custody_case_id *case_id,
                                                            custody_decision **ret_decision, custody_error *error);

typedef enum custody_result {
    CUSTODY_OUTCOME_FULFILLED = 1, /* it was done */
    CUSTODY_OUTCOME_FAILED,        /* it was not done */
    CUSTODY_OUTCOME_UNKNOWN        /* it can't be told whether it was done */
} custody_result;

/*
 * Reports how it went. `result` is any bytes, for those who may read the case; may be empty. OK also where the same
 * outcome was reported before. Errors: STATE_ILLEGAL (not consumed, or reported otherwise), NOT_HOLDER, and as above.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_outcome(custody_client *client, const custody_case_id *case_id,
                                                            custody_result outcome, custody_bytes result,
                                                            custody_error *error);

/*
 * Takes the case back before it is consumed. `reason` is text; may be empty. OK also where it is cancelled already.
 * Errors: STATE_ILLEGAL, DEADLINE_PASSED, NOT_REQUESTER, and as above.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_cancel(custody_client *client, const custody_case_id *case_id,
                                                           custody_bytes reason, custody_error *error);

#ifdef __cplusplus
}
#endif
#endif
