/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real ledger in a temporary folder, kept by a real custodyd: key files, a signed ledger.open, `custodyd --init`,
 * a child process that can be stopped, killed and started again, a trust file, clients for any actor.
 *
 * One house at a time. Building it, starting and stopping are for the main thread; clients and secrets that were
 * made before may be used by any. What goes wrong here is not a finding of the test: it is told with the daemon's
 * log, everything is removed, and the program ends.
 */
#ifndef CTY_TESTS_E2E_HOUSE_H
#define CTY_TESTS_E2E_HOUSE_H

#include "audit/trust.h"
#include "child.h"
#include "client/agent.h"
#include "client/read.h"

#define HOUSE_ORIGIN "custody.example/house"
#define HOUSE_ACTORS_MAX 512
/* For what only a broken program doesn't do in time; sanitizers are slow. */
#define HOUSE_PATIENCE_MS 120000u

/* Hold for two approvers; "one" needs one, "free" none, "never" is refused. */
#define HOUSE_POLICY                                                                                                   \
    "{\"admin_quorum\":2,\"rules\":["                                                                                  \
    "{\"effect\":\"pass\",\"match\":{\"action\":\"free\"}},"                                                           \
    "{\"effect\":\"deny\",\"match\":{\"action\":\"never\"}},"                                                          \
    "{\"approvals\":1,\"effect\":\"hold\",\"match\":{\"action\":\"one\"},\"roles\":[\"approver\"]},"                   \
    "{\"approvals\":1,\"decide_ms\":700,\"effect\":\"hold\",\"match\":{\"action\":\"brief\"},"                         \
    "\"roles\":[\"approver\"]},"                                                                                       \
    "{\"approvals\":2,\"effect\":\"hold\",\"roles\":[\"approver\"]}]}"

struct house_actor {
    char *name;
    char *vkey;
    struct cty_secret *secret;
};

#define HOUSE_DOORS_MAX 3u

struct house_config {
    const char *policy; /* NULL: HOUSE_POLICY */
    /* TLS doors beside the socket in the folder, tls+tcp://HOST:PORT, with one certificate for `hosts`. */
    const char *doors[HOUSE_DOORS_MAX];
    const char *hosts[HOUSE_DOORS_MAX];
    /* Of custodyd; 0: its defaults. */
    unsigned calls;
    unsigned connections;
    unsigned queue;
    unsigned workers;
    int readers;             /* of entries: enum cty_readers; 0: members */
    const char *const *more; /* arguments of every custodyd of the house, ending with NULL; borrowed until it is freed */
};

struct house {
    char folder[64];
    char url[CTY_URL_BYTES_MAX + 1];
    char database[96];
    struct child custodyd;
    struct cty_secret *log;
    struct cty_secret *clerk;
    char *log_vkey;
    char *clerk_vkey;
    struct house_actor actors[HOUSE_ACTORS_MAX];
    size_t actors_count;
    struct cty_trust trust;
    struct cty_client *door; /* without a key, for statements of several signers */
    const char *const *more; /* what house_start gives custodyd besides; may be NULL */
    char *certificate;       /* PEM of the TLS doors; NULL: there are none */
    bool well;               /* house_well was called: nothing to show at the end */
};

/* Folder, keys, ledger.open (party "operator", admins ada and otto), custodyd, trust file. */
struct house *house_new(const struct house_config *config);
/* The test passed: what the daemon said is of no interest. */
void house_well(struct house *h);
/* Stops, removes. Takes NULL. A sanitizer's finding in the daemon's log ends the program. */
void house_free(struct house *h);

/* Starts custodyd and waits until it is ready. */
void house_start(struct house *h);
/* SIGTERM; custodyd must end with status 0. */
void house_stop(struct house *h);
/* kill -9 */
void house_kill(struct house *h);
/* The arguments that every custodyd of this house gets, then `more`, which ends with NULL; for child_run. */
void house_arguments(const struct house *h, const char *const *more, const char *argv[24]);

/* The path of a program of this build, "src/cli/custody": beside the tests, or as the variable says. */
const char *house_program(const char *variable, const char *path);

/* The key of an actor, made on first use and saved as a key file. */
const struct cty_secret *house_secret(struct house *h, const char *name);
struct cty_bytes house_vkey(struct house *h, const char *name);
/* A client with the actor's key; NULL: without one. The caller closes it. */
struct cty_client *house_client(struct house *h, const char *name);

/* A party whose admins <party>/a and <party>/b have the roles admin and approver. */
void house_party(struct house *h, const char *party);
/* Of a party of house_party; both admins sign. The person's name goes along as a content. */
void house_person(struct house *h, const char *name, const char *role);
/* Owned by <party>/a. */
void house_agent(struct house *h, const char *name);
/* The same, with the members that the caller sets; the draft's contents and signers are complete before it is sent. */
custody_err house_enrol(struct house *h, const char *name, enum cty_actor_kind kind, const char *role,
                        uint64_t valid_from, custody_error *error);
/* An agent that is valid for so long only. */
void house_agent_for(struct house *h, const char *name, uint64_t valid_ms);
/* The actor revokes itself, from now on. */
void house_revoke(struct house *h, const char *name);

/* A folder of files that goes too where this process ends by house_fail; at most eight. The path is copied. */
void house_also_remove(const char *folder);
/* Ends the program, telling the error and the daemon's log. From any thread. */
_Noreturn void house_fail(const char *file, int line, const char *what, custody_err err, const char *detail);
/* An error for `must`, of the calling thread. */
extern _Thread_local custody_error house_error;
/* For what must succeed: must(cty_client_open(&config, &client, &house_error)); */
#define must(expression)                                                                               \
    do {                                                                                               \
        house_error = (custody_error){0};                                                              \
        custody_err must_err_ = (expression);                                                          \
        if (must_err_ != CUSTODY_OK)                                                                   \
            house_fail(__FILE__, __LINE__, #expression, must_err_, house_error.detail);                \
    } while (0)
#define must_be(expression)                                                                            \
    do {                                                                                               \
        if (!(expression))                                                                             \
            house_fail(__FILE__, __LINE__, #expression, CUSTODY_OK, "");                               \
    } while (0)

#endif
