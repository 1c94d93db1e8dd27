/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second judge of ledgers, written from spec/lifecycle.md and spec/policy.md alone: plain tables, numbers in the
 * place of digests, no code of src/. It is slow and simple on purpose. Histories are played to it and to the fold;
 * where the two disagree one of them, or the law, is wrong.
 */
#ifndef CTY_TESTS_PLAIN_H
#define CTY_TESTS_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

typedef long long plain_number;

#define PLAIN_NAME 72
#define PLAIN_SIGNERS 8
#define PLAIN_ROLES 4
#define PLAIN_RULES 6
#define PLAIN_LIST 8
#define PLAIN_PARTIES 16
#define PLAIN_ACTORS 256
#define PLAIN_CASES 2048
#define PLAIN_ENTRIES 65536
#define PLAIN_DECISIONS 64
#define PLAIN_ANCESTRY 64
#define PLAIN_TRAVELS 2
#define PLAIN_GLOBS 2
#define PLAIN_HOPS 16
#define PLAIN_QUESTIONS 16
#define PLAIN_TALK 256
#define PLAIN_ROTATIONS 32
#define PLAIN_PARENTS 8
#define PLAIN_APPROVALS 16
#define PLAIN_NONE (-1)

enum plain_kind {
    PLAIN_PARTY_ENROL,
    PLAIN_ACTOR_ENROL,
    PLAIN_ACTOR_REVOKE,
    PLAIN_ACTOR_ROTATE,
    PLAIN_CUSTODIAN_ROTATE,
    PLAIN_LEDGER_CLOSE,
    PLAIN_POLICY_PUBLISH,
    PLAIN_REQUEST,
    PLAIN_VERDICT,
    PLAIN_PATCH,
    PLAIN_DECISION,
    PLAIN_RELEASE,
    PLAIN_CONSUME,
    PLAIN_OUTCOME,
    PLAIN_CANCEL,
    PLAIN_EXPIRY,
    PLAIN_CONSENT,
    PLAIN_QUESTION,
    PLAIN_ANSWER,
    PLAIN_OFFER,
    PLAIN_ACCEPT,
    PLAIN_DECLINE,
    PLAIN_WITHDRAW,
    PLAIN_FINALISE
};

enum plain_effect { PLAIN_PASS, PLAIN_HOLD, PLAIN_DENY };
enum plain_choice { PLAIN_APPROVE, PLAIN_REJECT, PLAIN_ESCALATE };
enum plain_custody { PLAIN_SELF, PLAIN_HARDWARE, PLAIN_OPERATOR };

typedef char plain_name[PLAIN_NAME];

struct plain_enrolment {
    plain_name name;
    int key;     /* a number for each key */
    int kind;    /* 0 agent, 1 person, 2 service */
    enum plain_custody custody;
    int person;  /* a number for each person; PLAIN_NONE: not said */
    plain_name owner; /* empty: not said */
    plain_name roles[PLAIN_ROLES];
    int roles_count;
    plain_number valid_from, valid_until; /* 0: not said */
};

/* Who decides instead. */
struct plain_escalation {
    bool present;
    plain_number after; /* of a rule: so long after the verdict; of a clause: the moment; 0: by a decision only */
    plain_name roles[PLAIN_ROLES];
    int roles_count;
    plain_name parties[PLAIN_ROLES];
    int parties_count;
};

struct plain_rule {
    enum plain_effect effect;
    plain_name service, action, priority, party, agent; /* globs; empty: not said */
    int approvals;
    plain_name roles[PLAIN_ROLES];
    int roles_count;
    plain_name parties[PLAIN_ROLES];
    int parties_count;
    bool distinct_parties, consent, ordered, hardware;
    struct plain_escalation escalation;
    plain_number window_ms, decide_ms, use_ms, report_ms; /* 0: not said */
};

struct plain_policy {
    int admin_quorum;
    int recovery_quorum; /* 0: nobody */
    plain_name recovery_roles[PLAIN_ROLES];
    int recovery_roles_count;
    struct plain_rule rules[PLAIN_RULES];
    int rules_count;
};

struct plain_clause {
    plain_name scope;
    int approvals;
    plain_name roles[PLAIN_ROLES];
    int roles_count;
    plain_name parties[PLAIN_ROLES];
    int parties_count;
    bool distinct_parties, ordered, hardware;
    plain_number window_ms;
    struct plain_escalation escalation;
};

struct plain_verdict {
    enum plain_effect effect;
    bool consent;
    int travelled[PLAIN_APPROVALS]; /* entries */
    int travelled_count;
    plain_number decide_by, use_ms, report_ms;
    int payload, revision, instance;
    plain_name executor;
    struct {
        plain_name scope;
        int entry; /* that published it */
        int rule;  /* from 1; 0: none matched */
        bool conflict;
    } policies[3];
    int policies_count;
    struct plain_clause quorum[3];
    int quorum_count;
};

struct plain_release {
    int decisions[PLAIN_DECISIONS]; /* entries */
    int decisions_count;
    plain_name executor;
    int payload, instance;
    plain_number report_ms, use_by;
};

struct plain_request {
    plain_name action, service, executor;
    plain_name behalf[PLAIN_LIST];
    int behalf_count;
    int priority; /* 0 low to 3 critical */
    plain_number expires;
    int payload;
    bool has_parent;
    int parent;       /* case; PLAIN_NONE: no case has this name */
    int parent_after; /* entry; PLAIN_NONE: none */
};

/* What a receiver may do with what it is handed. */
struct plain_scope {
    bool present;
    int depth, releases;
    plain_number expires;
    plain_name services[PLAIN_GLOBS], actions[PLAIN_GLOBS];
    int services_count, actions_count;
};

struct plain_offer {
    plain_name to;
    plain_number expires;
    int hop;
    int previous;    /* entry; PLAIN_NONE: not said */
    int obligations; /* a number for each; 0: none */
    struct plain_scope scope;
};

/* One entry with its statement. Digests are numbers: those of entries, payloads, instances, ids, keys. */
struct plain_event {
    enum plain_kind kind;
    bool linked; /* index, prev and trust are right */
    plain_number time;
    int case_prev; /* the entry that it names; PLAIN_NONE: none, or no such entry */
    bool has_case_prev;
    int id;
    bool this_ledger;
    plain_name signers[PLAIN_SIGNERS]; /* actors, "log", "clerk" */
    int signers_count;
    bool signatures; /* all verify under the keys of the signers */
    plain_number said_time, until;
    int seen_size;
    bool seen_root; /* of this ledger at that size */
    int the_case;   /* PLAIN_NONE: no case has this name */
    int after;      /* entry; PLAIN_NONE: none */

    plain_name party; /* party.enrol; policy.publish: the scope */
    struct plain_enrolment enrolments[PLAIN_SIGNERS];
    int enrolments_count;
    plain_name revoked;
    plain_number since;
    struct plain_policy policy;
    int replaces; /* entry; PLAIN_NONE: not said */
    struct plain_request request;
    struct plain_verdict verdict;
    struct plain_release release;
    enum plain_choice choice;
    int previous; /* entry; PLAIN_NONE: not said */
    plain_name travels[PLAIN_TRAVELS];
    int travels_count;
    int key;      /* the new key of a rotation; the one that a revocation names, PLAIN_NONE: none */
    int which;    /* custodian.rotate: 0 log, 1 clerk */
    int closing;  /* ledger.close: the size */
    bool agrees;  /* consent */
    struct plain_offer offer;
    int answered; /* the question, offer or patch that is answered: entry; PLAIN_NONE: none */
    int obligations; /* of accept */
    int instance, payload, result; /* of decision, consume, patch (payload is its base) */
    plain_number expires;
    int outcome; /* 0 fulfilled, 1 failed, 2 unknown */
    int silence; /* 0 held, 1 unused, 2 unreported */
};

struct plain_actor {
    struct plain_enrolment enrolment;
    plain_name party;
    bool revoked;
    plain_number since;
    struct {
        int key;
        bool revoked, hardware;
        plain_number since;
    } former[PLAIN_ROTATIONS];
    int former_count;
};

struct plain_party {
    plain_name name;
    int admin_quorum;
    int recovery_quorum;
    plain_name recovery_roles[PLAIN_ROLES];
    int recovery_roles_count;
    int policy; /* entry; PLAIN_NONE: none */
};

struct plain_decision {
    int entry;
    int actor;
    plain_number time, expires;
    int rotation;       /* how many keys the actor had had before */
    unsigned escalated; /* bit i: clause i asked others by then */
    plain_name travels[PLAIN_TRAVELS];
    int travels_count;
};

struct plain_hop {
    int offer; /* entry */
    int giver; /* actor */
    int rotation;
    plain_number offered;
};

struct plain_case {
    int opened, last, anchor, cause, payload_at; /* entries */
    plain_number expires;
    bool handed;    /* what is judged next is an accept */
    bool finalised;
    enum { PLAIN_NO_CONSENT, PLAIN_WANTED, PLAIN_REFUSED, PLAIN_GIVEN } consent;
    unsigned escalated; /* by decisions */
    struct plain_scope scope;
    struct plain_hop hops[PLAIN_HOPS];
    int hops_count;
    struct plain_offer offer; /* the newest */
    enum { PLAIN_NO_OFFER, PLAIN_OPEN, PLAIN_ACCEPTED, PLAIN_DECLINED, PLAIN_WITHDRAWN } offer_is;
    struct plain_hop offer_by;
    int offered; /* the payload that the newest offer was made over */
    int questions[PLAIN_QUESTIONS]; /* entries, without an answer */
    int questions_count;
    int talk;  /* offers and questions so far */
    int level; /* how many parents stand above */
    const char *state;               /* as recorded; a literal */
    int requester, holder;           /* actors */
    struct plain_request request;
    int payload, revision, instance;
    plain_number decide_by, use_by, report_by, use_ms, report_ms;
    struct plain_clause quorum[3];
    int quorum_count;
    struct plain_decision decisions[PLAIN_DECISIONS];
    int decisions_count;
    int ancestry[PLAIN_ANCESTRY]; /* actors */
    int ancestry_count;
    bool consumed, released, late;
};

struct plain {
    int size;
    plain_number time;
    const char *wanted; /* NULL, "verdict" or "release": what must come next */
    int wanted_case;
    bool closed;
    int ledger_quorum, ledger_policy;
    int policies_count, parties_count, actors_count, cases_count, keys_count;
    int policy_entries[PLAIN_ENTRIES / 64];
    int keys[PLAIN_ACTORS * 2];
    struct plain_party parties[PLAIN_PARTIES];
    struct plain_actor actors[PLAIN_ACTORS];
    /* The long tables stand last: plain_copy copies no more of them than is used. */
    struct plain_policy policies[PLAIN_ENTRIES / 64]; /* by number */
    int authors[PLAIN_ENTRIES / 64][PLAIN_SIGNERS];   /* persons */
    int authors_counts[PLAIN_ENTRIES / 64];
    struct plain_case cases[PLAIN_CASES];
    int ids[PLAIN_ENTRIES];
};

/* After entry 0 by the operator's party with its founding admins; key numbers of log and clerk; its id is 0.
 * *p is all zeros before. */
void plain_open(struct plain *p, plain_number time, const char *party, const struct plain_enrolment *admins,
                int count, int log_key, int clerk_key, const struct plain_policy *policy);

void plain_copy(const struct plain *from, struct plain *to);

/* Judges the event and takes it in, or tells the code of its refusal and changes nothing. NULL: taken. */
const char *plain_take(struct plain *p, const struct plain_event *event);

/* The state as it reads at the time. */
const char *plain_state(const struct plain *p, int the_case, plain_number time);

/* The newest approval that counts (its entry); PLAIN_NONE: none does. */
int plain_newest(const struct plain *p, const struct plain_case *c, plain_number time);
/* Whether an offer stands that may still be accepted. */
bool plain_offered(const struct plain_case *c, plain_number time);
/* Whether the clause is met by decisions of persons with this role next; for ordered clauses. */
int plain_taken(const struct plain *p, const struct plain_case *c, int clause, plain_number time);

/* Shared by the files of this judge. */
int plain_actor(const struct plain *p, const char *name);
const struct plain_party *plain_party(const struct plain *p, const char *name);
const struct plain_policy *plain_policy_of(const struct plain *p, int entry);
bool plain_valid(const struct plain_actor *actor, plain_number time);
/* `names` are `count` of plain_name; typed void, since C lets no array of them become one of constants. */
bool plain_has(const void *names, int count, const char *name);
void plain_party_part(const char *actor, plain_name ret_party);
bool plain_is(const char *a, const char *b);
bool plain_glob(const char *pattern, const char *text);
bool plain_signed_by_thief(const struct plain_actor *actor, int rotation, plain_number time);
const char *plain_ancestor(const struct plain *p, struct plain_case *c, int actor);
bool plain_machine(const struct plain *p, int actor, plain_number time);
/* The wanted verdict is that of the case. */
void plain_want_verdict(struct plain *p, const struct plain_event *event, struct plain_case *c);
const char *plain_role_rule(const struct plain *p, const struct plain_case *c, int actor, plain_number time);
/* plain_hand.c: handoffs and talk. */
const char *plain_hand_rule(struct plain *p, const struct plain_event *event, struct plain_case *c, int actor);
const char *plain_authority(const struct plain *p, const struct plain_case *c, bool accept);
const char *plain_child_rule(const struct plain *p, const struct plain_request *r, int requester);
const char *plain_trust_rule(struct plain *p, const struct plain_event *event);
const char *plain_case_rule(struct plain *p, const struct plain_event *event);
void plain_judge(const struct plain *p, const struct plain_case *c, plain_number time, int instance,
                 struct plain_verdict *ret_verdict);

#endif
