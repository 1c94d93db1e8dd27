/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements: what actors sign. One JSON object in RFC 8785 form in a DSSE envelope; see spec/statements.md.
 *
 * A decoded statement borrows from the body it was decoded from. Nothing here judges whether a statement is
 * lawful in a ledger: that is src/escrow.
 */
#ifndef CTY_MODEL_STATEMENT_H
#define CTY_MODEL_STATEMENT_H

#include "base/limits.h"
#include "model/shape.h"

enum cty_type {
#define CTY_TYPE(name, member, text, cls, flags) CTY_##name,
#include "model/types.def"
#undef CTY_TYPE
    CTY_TYPE_COUNT
};

enum cty_type_class {
    CTY_CLASS_INTERACTION,
    CTY_CLASS_ACTION,
    CTY_CLASS_DELEGATION,
    CTY_CLASS_TRANSITION,
    CTY_CLASS_TRUST
};

enum cty_type_flag { CTY_TYPE_CASE = 1, CTY_TYPE_CLERK = 2 };

/* "request"; borrowed constant. */
const char *cty_type_name(enum cty_type type);
/* "application/vnd.custody.request.v1+json"; borrowed constant. */
const char *cty_type_payload_type(enum cty_type type);
enum cty_type_class cty_type_class_get(enum cty_type type);
const char *cty_type_class_name(enum cty_type_class cls);
unsigned cty_type_flags(enum cty_type type);
/* Errors: TYPE_UNKNOWN. */
CUSTODY_MUST_USE custody_err cty_type_parse(struct cty_bytes payload_type, enum cty_type *ret_type);

enum cty_actor_kind { CTY_AGENT, CTY_PERSON, CTY_SERVICE };
enum cty_effect { CTY_PASS, CTY_HOLD, CTY_DENY };
enum cty_choice { CTY_APPROVE, CTY_REJECT, CTY_ESCALATE };
enum cty_key_custody { CTY_KEY_SELF, CTY_KEY_HARDWARE, CTY_KEY_OPERATOR };
enum cty_consent_choice { CTY_CONSENT_ACCEPT, CTY_CONSENT_REFUSE };
enum cty_custodian_key { CTY_CUSTODIAN_LOG, CTY_CUSTODIAN_CLERK };
enum cty_method { CTY_METHOD_CLI, CTY_METHOD_WEB, CTY_METHOD_PHONE };
enum cty_outcome { CTY_OUTCOME_FULFILLED, CTY_OUTCOME_FAILED, CTY_OUTCOME_UNKNOWN };
enum cty_silence { CTY_SILENCE_HELD, CTY_SILENCE_UNUSED, CTY_SILENCE_UNREPORTED };
enum cty_priority { CTY_PRIORITY_LOW, CTY_PRIORITY_NORMAL, CTY_PRIORITY_HIGH, CTY_PRIORITY_CRITICAL };
enum cty_readers { CTY_READERS_MEMBERS, CTY_READERS_PUBLIC };
extern const char *const cty_actor_kind_names[];
extern const char *const cty_effect_names[];
extern const char *const cty_choice_names[];
extern const char *const cty_key_custody_names[];
extern const char *const cty_consent_choice_names[];
extern const char *const cty_custodian_key_names[];
extern const char *const cty_method_names[];
extern const char *const cty_outcome_names[];
extern const char *const cty_silence_names[];
extern const char *const cty_priority_names[];
extern const char *const cty_readers_names[];

struct cty_names {
    uint32_t count;
    struct cty_bytes names[CTY_ROLES_MAX];
};

struct cty_seen {
    uint64_t size;
    struct cty_hash root;
};

/* An actor as enrolled: its keys, who it is, what it may do. */
struct cty_enrolment {
    struct cty_bytes actor;
    struct cty_bytes key;         /* vkey under the actor's name */
    struct cty_bytes sealing_key; /* X25519 line under the actor's name; absent: data NULL */
    int key_custody;              /* enum cty_key_custody: who has the key in hand */
    int kind;                     /* enum cty_actor_kind */
    struct cty_opt_hash name;     /* commitment to the person's name */
    struct cty_bytes owner;       /* agents and services: a person of the same party */
    struct cty_opt_bits128 person;
    struct cty_names roles;
    uint64_t valid_from;  /* ms; 0: from the entry on */
    uint64_t valid_until; /* ms; 0: without end */
};

struct cty_ledger_open {
    struct cty_enrolment admins[CTY_ADMINS_MAX];
    uint32_t admins_count;
    struct cty_bytes clerk_key;
    struct cty_bytes log_key;
    struct cty_bytes party;
    struct cty_bytes policy; /* the policy object as it stands; cty_policy_parse */
    int readers;             /* enum cty_readers */
};

struct cty_party_enrol {
    struct cty_enrolment admins[CTY_ADMINS_MAX];
    uint32_t admins_count;
    struct cty_bytes party;
};

struct cty_actor_enrol {
    struct cty_enrolment enrolment;
};

struct cty_actor_revoke {
    struct cty_bytes actor;
    struct cty_bytes key; /* a former key of the actor; absent: the actor with all its keys */
    struct cty_opt_hash reason;
    uint64_t since;
};

struct cty_policy_publish {
    struct cty_bytes policy;
    struct cty_opt_hash replaces; /* digest of the policy in force; absent: there is none */
    struct cty_bytes scope;       /* a party, or "ledger" */
};

/* The signers are the actor and "new". */
struct cty_actor_rotate {
    struct cty_bytes key;
    struct cty_opt_hash reason;
    struct cty_bytes sealing_key; /* absent: as before */
};

struct cty_custodian_rotate {
    struct cty_bytes key;
    struct cty_opt_hash reason;
    int which; /* enum cty_custodian_key */
};

struct cty_ledger_close {
    struct cty_opt_hash reason;
    uint64_t size; /* entries, this one counted */
};

struct cty_parent {
    bool present;
    struct cty_hash after; /* the parent's newest verdict, consent, escalation or release */
    struct cty_hash case_id;
};

struct cty_request {
    struct cty_bytes action;
    struct cty_names behalf; /* on whose behalf; may be empty */
    struct cty_bytes executor;
    uint64_t expires;
    struct cty_bytes facts; /* raw object; absent: data NULL */
    struct cty_parent parent;
    struct cty_hash payload;
    int priority;
    struct cty_names readers;
    struct cty_opt_hash schema;
    struct cty_bytes service;
    struct cty_opt_hash state;
};

struct cty_policy_ref {
    bool conflict; /* all who published it are in the ancestry: its pass does not count */
    struct cty_hash digest;
    uint64_t rule; /* number of the rule that matched, from 1; 0: none did */
    struct cty_bytes scope;
};

/* What one policy asks for: so many distinct persons with one of these roles, of one of these parties. */
struct cty_escalation {
    bool present;
    uint64_t at; /* entry time after which it holds by itself; 0: only by a decision */
    struct cty_names parties;
    struct cty_names roles;
};

struct cty_clause {
    uint64_t approvals;
    bool distinct_parties;
    struct cty_escalation escalation;
    int key_custody; /* enum cty_key_custody: the least that is asked for */
    bool ordered;    /* approval number i by role number i */
    struct cty_names parties; /* "*" is any */
    struct cty_names roles;
    struct cty_bytes scope;
    uint64_t window_ms; /* how long an approval waits for the others; 0: without end */
};

struct cty_verdict {
    bool consent; /* the holder has to consent to the patch first */
    uint64_t decide_by; /* 0 unless effect is hold */
    int effect;         /* enum cty_effect */
    struct cty_bytes executor;
    struct cty_hash holds[CTY_BLOBS_PER_STATEMENT_MAX];
    uint32_t holds_count;
    uint8_t instance[16];
    struct cty_hash payload;
    struct cty_policy_ref policies[CTY_POLICIES_MAX];
    uint32_t policies_count;
    struct cty_clause quorum[CTY_POLICIES_MAX];
    uint32_t quorum_count;
    uint64_t report_ms;
    uint64_t revision;
    struct cty_hash travelled[CTY_APPROVALS_MAX];
    uint32_t travelled_count;
    uint64_t use_ms;
};

struct cty_patch {
    struct cty_hash base;       /* the commitment of the payload that it changes */
    struct cty_bytes facts;     /* of the result; raw object */
    struct cty_hash operations; /* commitment */
    struct cty_opt_hash reason;
    struct cty_hash result; /* commitment */
};

struct cty_decision {
    int choice; /* enum cty_choice */
    uint64_t expires;
    uint8_t instance[16];
    int method; /* enum cty_method */
    struct cty_hash payload;
    struct cty_opt_hash previous; /* ordered approvals: the newest that counts */
    struct cty_opt_hash reason;
    struct cty_opt_hash shown; /* commitment to the text that the approver was shown */
    struct cty_names travels;  /* executors or parties to whom it may travel */
};

struct cty_release {
    struct cty_hash decisions[CTY_DECISIONS_MAX];
    uint32_t decisions_count;
    struct cty_bytes executor;
    uint8_t instance[16];
    struct cty_hash payload;
    uint64_t report_ms;
    uint64_t use_by;
};

struct cty_gate {
    bool present;
    struct cty_bytes name;
    struct cty_bytes nonce;
};

struct cty_consume {
    struct cty_gate gate;
    struct cty_hash payload;
};

struct cty_outcome_report {
    int outcome; /* enum cty_outcome */
    struct cty_opt_hash result;
};

struct cty_cancel {
    struct cty_opt_hash reason;
};

struct cty_expiry {
    int silence; /* enum cty_silence */
    struct cty_bytes witnessed; /* base64 of a note with cosignatures from behind the deadline; data NULL: none */
};

struct cty_consent {
    int choice; /* enum cty_consent_choice */
    struct cty_hash patch;
    struct cty_opt_hash reason;
};

struct cty_question_asked {
    struct cty_hash question; /* commitment */
};

struct cty_answer_given {
    struct cty_hash answer; /* commitment */
    struct cty_hash question;
};

/* What a receiver may do with what it is handed: never more than the giver may. */
struct cty_scope {
    bool present;
    struct cty_names actions; /* globs */
    uint64_t depth;           /* hops that may follow */
    uint64_t expires;
    uint64_t releases; /* cases that may come to a release under it: this one, and its children */
    struct cty_names services;
};

/* Stated, and judged by nobody yet. */
struct cty_deposit {
    bool present;
    struct cty_bytes amount;
    struct cty_bytes unit;
};

struct cty_offer {
    struct cty_opt_hash context; /* commitment: what the receiver has to know */
    struct cty_deposit deposit;
    uint64_t expires;
    uint64_t hop; /* from 1 */
    struct cty_opt_hash obligations; /* commitment */
    struct cty_opt_hash previous;    /* the accepted offer before */
    struct cty_scope scope;
    struct cty_bytes to; /* an actor or a party */
};

struct cty_accept {
    struct cty_opt_hash obligations; /* as offered */
    struct cty_hash offer;
};

struct cty_decline {
    struct cty_hash offer;
    struct cty_opt_hash reason;
};

struct cty_withdraw {
    struct cty_hash offer;
    struct cty_opt_hash reason;
};

struct cty_finalise {
    struct cty_opt_hash reason;
};

struct cty_statement {
    enum cty_type type;
    struct cty_bytes type_text;
    uint8_t id[16];
    struct cty_bytes ledger;
    struct cty_bytes links; /* raw array; absent: data NULL */
    struct cty_seen seen;
    struct cty_bytes signers[CTY_SIGNERS_MAX];
    uint32_t signers_count;
    uint64_t time;
    uint64_t until;
    /* where cty_type_flags has CTY_TYPE_CASE */
    struct cty_hash after;
    struct cty_hash case_id;
    union {
        struct cty_ledger_open ledger_open;
        struct cty_party_enrol party_enrol;
        struct cty_actor_enrol actor_enrol;
        struct cty_actor_revoke actor_revoke;
        struct cty_policy_publish policy_publish;
        struct cty_request request;
        struct cty_verdict verdict;
        struct cty_patch patch;
        struct cty_decision decision;
        struct cty_release release;
        struct cty_consume consume;
        struct cty_outcome_report outcome;
        struct cty_cancel cancel;
        struct cty_expiry expiry;
        struct cty_actor_rotate actor_rotate;
        struct cty_custodian_rotate custodian_rotate;
        struct cty_ledger_close ledger_close;
        struct cty_consent consent;
        struct cty_question_asked question;
        struct cty_answer_given answer;
        struct cty_offer offer;
        struct cty_accept accept;
        struct cty_decline decline;
        struct cty_withdraw withdraw;
        struct cty_finalise finalise;
    } u;
};

/*
 * Decodes a scanned body (strict dialect) of the given type. `ret_statement` borrows from the body.
 * Errors: TYPE_MISMATCH where the body's own type differs, then those of cty_shape_decode.
 */
CUSTODY_MUST_USE custody_err cty_statement_decode(enum cty_type type, const struct cty_json *body,
                                                  struct cty_statement *ret_statement, custody_error *error);

/* Appends the RFC 8785 body. type_text is set from type. Errors: TOO_LARGE, BAD_ENCODING, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_statement_encode(const struct cty_statement *statement, struct cty_buf *out);

/* Calls `each` for each commitment to a blob, in order of their member paths. */
CUSTODY_MUST_USE custody_err cty_statement_commitments(const struct cty_statement *statement,
                                                       custody_err (*each)(void *context, struct cty_bytes member,
                                                                           const struct cty_hash *hash),
                                                       void *context);

/* The shapes, for others that nest them. */
extern const struct cty_shape cty_shape_enrolment;
extern const struct cty_shape cty_shape_clause;
extern const struct cty_shape cty_shape_scope;
extern const struct cty_shape cty_shape_policy_ref;

#endif
