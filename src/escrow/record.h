/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records that the fold reads and writes, as structs and as RFC 8785 texts (escrow/view.h lists their
 * keys). Decoded records borrow from the text they were decoded from. Records are derived: an auditor who
 * replays the entries gets the same bytes.
 */
#ifndef CTY_ESCROW_RECORD_H
#define CTY_ESCROW_RECORD_H

#include "model/statement.h"

/* What the clerk must say in the very next entry. */
enum cty_follow { CTY_FOLLOW_NONE, CTY_FOLLOW_VERDICT, CTY_FOLLOW_RELEASE };

enum cty_case_state {
    CTY_CASE_JUDGED_NEXT,
    CTY_CASE_HELD,
    CTY_CASE_RELEASE_NEXT,
    CTY_CASE_RELEASED,
    CTY_CASE_CONSUMED,
    CTY_CASE_REFUSED,
    CTY_CASE_REJECTED,
    CTY_CASE_EXPIRED,
    CTY_CASE_LAPSED,
    CTY_CASE_CANCELLED,
    CTY_CASE_FULFILLED,
    CTY_CASE_FAILED,
    CTY_CASE_UNKNOWN,
    CTY_CASE_UNREPORTED,
    CTY_CASE_STATE_COUNT
};
extern const char *const cty_case_state_names[]; /* "HELD" */

struct cty_ledger_record {
    uint64_t admin_quorum; /* of the ledger's policy */
    struct cty_bytes clerk_key; /* vkeys */
    bool closed;
    struct cty_bytes log_key;
    uint64_t log_rotations; /* how many log keys there were before this one */
    int follow;                 /* enum cty_follow */
    struct cty_opt_hash follow_case;
    struct cty_hash last;       /* leaf hash of the newest entry */
    struct cty_bytes operator_party;
    struct cty_bytes origin;
    struct cty_hash policy; /* digest of the statement that published the ledger's policy */
    int readers;            /* enum cty_readers */
    uint64_t size;          /* entries so far */
    uint64_t time;          /* of the newest entry */
    struct cty_hash trust;  /* leaf hash of the newest trust-class entry */
};

struct cty_party_record {
    uint64_t admin_quorum;
    uint64_t admins; /* actors with the role, enrolled and not revoked */
    struct cty_bytes name;
    struct cty_opt_hash policy;
    uint64_t recovery_quorum; /* 0: nobody but the admins */
    struct cty_names recovery_roles;
};

/* A key that an actor had before a rotation. */
struct cty_former_key {
    bool hardware; /* it was vouched for as held in hardware */
    struct cty_bytes key;
    bool revoked;
    uint64_t revoked_since; /* ms */
    uint64_t until;         /* entry time of the rotation */
};

struct cty_actor_record {
    struct cty_hash digest; /* of the statement that enrolled it */
    struct cty_enrolment enrolment;
    struct cty_former_key former[CTY_ROTATIONS_MAX];
    uint32_t former_count;
    uint64_t index;         /* of the entry that enrolled it */
    bool recovered;         /* by the persons that the policy names for recovery */
    uint64_t vouchers;      /* how many distinct persons vouched for it */
    uint64_t revoked_index; /* 0: not revoked (entry 0 revokes nobody) */
    uint64_t revoked_since; /* ms */
};

struct cty_case_decision {
    struct cty_bytes actor;
    struct cty_hash digest;
    uint64_t escalated; /* bit i: clause i was escalated by then */
    uint64_t expires;
    uint8_t person[16];
    uint64_t rotation; /* how many keys the actor had had before this one */
    uint64_t time;     /* entry time */
    struct cty_names travels;
};

/* Whether a patch waits for the holder's consent. */
enum cty_consent_state { CTY_CONSENT_NONE, CTY_CONSENT_WANTED, CTY_CONSENT_REFUSED, CTY_CONSENT_GIVEN };

enum cty_offer_state { CTY_OFFER_OPEN, CTY_OFFER_ACCEPTED, CTY_OFFER_DECLINED, CTY_OFFER_WITHDRAWN };
extern const char *const cty_offer_state_names[]; /* "open" */

/* The newest offer. */
struct cty_case_offer {
    bool present;
    struct cty_hash digest;
    uint64_t expires;
    uint64_t index;
    struct cty_opt_hash obligations;
    struct cty_hash payload; /* in force when it was made */
    uint64_t rotation; /* of the giver, as in a decision */
    struct cty_scope scope;
    int state; /* enum cty_offer_state */
    uint64_t time;
    struct cty_bytes to;
};

/* One handoff that was accepted. */
struct cty_case_hop {
    uint64_t accepted;      /* entry times */
    struct cty_bytes from;
    struct cty_hash offer;
    uint64_t offered;
    uint64_t rotation;      /* of the giver, as in a decision */
    struct cty_bytes to;
};

struct cty_person_id {
    uint8_t bits[16];
};

struct cty_case {
    struct cty_bytes action;
    struct cty_hash anchor;      /* newest verdict, consent, escalation or release; before the first: the request */
    uint64_t anchor_index;
    struct cty_bytes ancestry[CTY_ANCESTRY_MAX]; /* names of actors */
    uint32_t ancestry_count;
    struct cty_hash cause;       /* what the next verdict judges, or what completed the quorum */
    int consent;                 /* enum cty_consent_state */
    struct cty_opt_hash consume; /* digest of the consume */
    uint64_t decide_by;
    struct cty_case_decision decisions[CTY_DECISIONS_MAX]; /* approvals of the newest instance */
    uint32_t decisions_count;
    uint64_t escalated; /* bit i: clause i was escalated by a decision */
    uint64_t expires;
    bool finalised;     /* nothing is handed on any more */
    bool handed;        /* what the next verdict judges is an accept */
    struct cty_bytes holder;
    struct cty_hash holds[CTY_BLOBS_PER_STATEMENT_MAX]; /* commitments of the cause */
    uint32_t holds_count;
    struct cty_case_hop hops[CTY_HOPS_MAX];
    uint32_t hops_count;
    struct cty_opt_bits128 instance;
    struct cty_hash last;        /* leaf hash of the case's newest entry */
    bool late;                   /* the outcome came after report_by */
    uint64_t level;              /* how many parents stand above */
    struct cty_case_offer offer;
    uint64_t opened;             /* index of the request */
    struct cty_opt_hash parent;
    struct cty_bytes party;      /* of the requester */
    struct cty_hash payload;     /* commitment in force */
    struct cty_hash payload_at;  /* digest of the request or patch that brought it */
    struct cty_person_id persons[CTY_ANCESTRY_MAX]; /* ancestry: persons */
    uint32_t persons_count;
    int priority;
    struct cty_clause quorum[CTY_POLICIES_MAX]; /* of the newest verdict */
    uint32_t quorum_count;
    struct cty_hash questions[CTY_QUESTIONS_MAX]; /* without an answer */
    uint32_t questions_count;
    struct cty_names readers;
    struct cty_opt_hash release; /* digest of the newest release */
    uint64_t report_by;
    uint64_t report_ms;
    struct cty_bytes requester;
    uint64_t revision;
    struct cty_scope scope; /* what the holder was handed; absent: nothing was ever narrowed */
    struct cty_bytes service;
    struct cty_bytes signers[CTY_DECISIONS_MAX]; /* who signed in the case beside requester and holder */
    uint32_t signers_count;
    int state;                   /* enum cty_case_state */
    uint64_t talk;               /* offers and questions so far */
    uint64_t use_by;
    uint64_t use_ms;
};

struct cty_id_record {
    struct cty_hash digest;
    uint64_t index;
};

struct cty_key_record {
    struct cty_bytes name;
    struct cty_bytes use; /* "log", "clerk", "actor", "sealing" */
};

struct cty_person_record {
    struct cty_bytes party;
};

/* Who published a policy. */
struct cty_author_record {
    struct cty_person_id persons[CTY_SIGNERS_MAX];
    uint32_t persons_count;
};

extern const struct cty_shape cty_shape_ledger_record;
extern const struct cty_shape cty_shape_party_record;
extern const struct cty_shape cty_shape_actor_record;
extern const struct cty_shape cty_shape_case;
extern const struct cty_shape cty_shape_id_record;
extern const struct cty_shape cty_shape_key_record;
extern const struct cty_shape cty_shape_person_record;
extern const struct cty_shape cty_shape_author_record;

/*
 * Scans and decodes a record. `tape` is scratch and free again when this returns: the record borrows from the
 * text alone. Errors: INTERNAL for a text that is not of its form, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_record_decode(const struct cty_shape *shape, struct cty_bytes text,
                                               struct cty_json *tape, void *ret_record, custody_error *error);

/*
 * A case is large, and most of it is room for decisions, of which there are few: these write all the rest, and of the
 * decisions as many as there are.
 */
void cty_case_clear(struct cty_case *the_case);
void cty_case_copy(struct cty_case *ret_case, const struct cty_case *the_case);

/* The state as it reads at `time`: deadlines bind without an entry. */
enum cty_case_state cty_case_state_at(const struct cty_case *the_case, uint64_t time);
/* The deadline of the present state (decide_by, use_by, report_by); 0 where there is none. */
uint64_t cty_case_due(const struct cty_case *the_case);
bool cty_case_is_final(enum cty_case_state state);
/* Whether what the actor signed at this entry time, after so many rotations, was signed when its key was stolen. */
bool cty_signed_by_thief(const struct cty_actor_record *actor, uint64_t rotation, uint64_t time);
/* Which clauses read as escalated at `time`, a bit for each. */
uint64_t cty_case_escalated_at(const struct cty_case *the_case, uint64_t time);
/* Whether the person is in the case's ancestry. */
bool cty_case_is_ancestor(const struct cty_case *the_case, const uint8_t person[16]);
/* Whether an offer stands that may still be accepted at `time`. */
bool cty_case_offer_open(const struct cty_case *the_case, uint64_t time);

#endif
