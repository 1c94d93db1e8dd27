/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of a case, as the library itself found it: folded from the case's own entries and the chain of trust,
 * from the pins of the trust file. Nothing in it is the custodian's word alone (spec/client.md).
 *
 * Owns copies of all that it shows; what functions return is borrowed and lives until custody_decision_free.
 * Thread rule: a decision never changes, any thread may read it.
 */
#ifndef CUSTODY_DECISION_H
#define CUSTODY_DECISION_H

#include <custody/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct custody_decision custody_decision;

/* The states of a case (spec/lifecycle.md). Deadlines are read by the clock of this machine. */
typedef enum custody_state {
    CUSTODY_STATE_HELD = 1,   /* waits for people */
    CUSTODY_STATE_RELEASED,   /* may be consumed, once, by its holder */
    CUSTODY_STATE_CONSUMED,   /* the holder said that it acts */
    CUSTODY_STATE_REFUSED,    /* policy said no */
    CUSTODY_STATE_REJECTED,   /* a person said no */
    CUSTODY_STATE_EXPIRED,    /* nobody decided in time */
    CUSTODY_STATE_LAPSED,     /* released, and not used in time */
    CUSTODY_STATE_CANCELLED,  /* taken back */
    CUSTODY_STATE_FULFILLED,  /* reported as done */
    CUSTODY_STATE_FAILED,     /* reported as failed */
    CUSTODY_STATE_UNKNOWN,    /* reported: it can't be told */
    CUSTODY_STATE_UNREPORTED  /* consumed, and nothing was reported in time */
} custody_state;

/* "RELEASED"; constant. "?" for a number that is no state. */
CUSTODY_EXPORT const char *custody_state_name(custody_state state);

/* What one actor said, in the order of the ledger. Times are milliseconds since 1970. */
typedef struct custody_said {
    const char *actor;    /* "acme/ana" */
    const char *choice;   /* "approve", "reject", "escalate", "patch", "cancel" */
    const char *method;   /* how: "cli", "web", "phone"; "" where it is not said */
    custody_bytes reason; /* empty where none was given */
    uint64_t time_ms;     /* when: the time of the entry in the ledger */
    uint64_t index;       /* which entry */
    int counts;           /* whether the release rests on it: 1 or 0 */
    custody_digest statement; /* of what was signed; a patch's is what custody_consent takes */
} custody_said;

CUSTODY_EXPORT custody_state custody_decision_state(const custody_decision *decision);
CUSTODY_EXPORT custody_case_id custody_decision_case(const custody_decision *decision);

/* Who may act on it: the holder's name. */
CUSTODY_EXPORT const char *custody_decision_executor(const custody_decision *decision);

/*
 * The payload that stands approved: the bytes of the request, or RFC 8785 text where it was patched; compared with
 * the commitment that the approvers signed. Empty unless the case was released (RELEASED, CONSUMED and what follows).
 * To act on it, take it from custody_consume, and from nowhere else.
 */
CUSTODY_EXPORT custody_bytes custody_decision_payload(const custody_decision *decision);
/* The payload as it was asked for. Empty where it is not ours to read. */
CUSTODY_EXPORT custody_bytes custody_decision_original(const custody_decision *decision);
/*
 * What people changed: an RFC 6902 patch from the original to the payload that stands, "[]" where nothing. Empty unless
 * both are ours to read, and the case was released or its holder is asked for consent (custody_decision_consent).
 */
CUSTODY_EXPORT custody_bytes custody_decision_diff(const custody_decision *decision);

/* The state that the request carried, to resume from. Empty where there was none or it is not ours to read. */
CUSTODY_EXPORT custody_bytes custody_decision_agent_state(const custody_decision *decision);

/* How many times somebody spoke, and number i of them; zeroes beyond the last. */
CUSTODY_EXPORT size_t custody_decision_said_count(const custody_decision *decision);
CUSTODY_EXPORT custody_said custody_decision_said(const custody_decision *decision, size_t i);

/* Whether the holder's consent to a patch is waited for (spec/lifecycle.md, "Consent"). */
typedef enum custody_consent_state {
    CUSTODY_CONSENT_STATE_NONE = 0, /* nobody asks for it */
    CUSTODY_CONSENT_STATE_WANTED,   /* nobody can approve before custody_consent */
    CUSTODY_CONSENT_STATE_REFUSED,
    CUSTODY_CONSENT_STATE_GIVEN
} custody_consent_state;
CUSTODY_EXPORT custody_consent_state custody_decision_consent(const custody_decision *decision);

/* What a holder may do with what it was handed. Globs: ? is one byte, * any bytes. */
typedef struct custody_scope {
    const char *const *services;
    size_t services_count;
    const char *const *actions;
    size_t actions_count;
    uint64_t releases;   /* cases that may come to a release under it: the case, and children of it */
    uint64_t depth;      /* hops that may follow */
    uint64_t expires_ms; /* until when it may act, in milliseconds since 1970 */
} custody_scope;

/* The holder's, as the case stands. Without services where the case was never handed on: nothing was narrowed. */
CUSTODY_EXPORT custody_scope custody_decision_scope(const custody_decision *decision);
/* Whether the case is handed on no more: 1 or 0. */
CUSTODY_EXPORT int custody_decision_finalised(const custody_decision *decision);

typedef enum custody_hop_state {
    CUSTODY_HOP_OPEN = 1,  /* may still be accepted, by the clock of this machine */
    CUSTODY_HOP_ACCEPTED,
    CUSTODY_HOP_DECLINED,
    CUSTODY_HOP_WITHDRAWN,
    CUSTODY_HOP_LAPSED     /* nobody answered in time */
} custody_hop_state;

/* One offer of the case, and what became of it. Those accepted, in order, are the chain of its holders. */
typedef struct custody_hop {
    uint64_t number;           /* from 1; an offer that came to nothing leaves its number to the next */
    custody_hop_state state;
    custody_digest offer;
    const char *from;          /* who held it, and offered it */
    const char *to;            /* who accepted it; until then whom it was offered to: an actor or a party */
    uint64_t offered_ms;       /* times of entries in the ledger */
    uint64_t offered_index;
    uint64_t answered_ms;      /* 0 where nobody answered */
    uint64_t answered_index;
    uint64_t stands_until_ms;  /* how long the offer stood, or stands */
    custody_scope scope;
    custody_bytes obligations; /* what the receiver takes on; empty where there is none or it is not ours to read */
    custody_bytes context;
    custody_bytes reason;      /* of a declined or withdrawn offer */
    const char *deposit_amount; /* "" where none was stated */
    const char *deposit_unit;
} custody_hop;

/*
 * The handoff map: how many times the case was offered, and number i of it in the order of the ledger; zeroes beyond the
 * last. It is read from the case's entries, which were verified, and nothing of it is the custodian's word.
 */
CUSTODY_EXPORT size_t custody_decision_hops_count(const custody_decision *decision);
CUSTODY_EXPORT custody_hop custody_decision_hop(const custody_decision *decision, size_t i);

/* One question of an approver to the holder. */
typedef struct custody_question {
    custody_digest question;
    const char *from;
    uint64_t time_ms;
    custody_bytes text;   /* empty where it is not ours to read */
    int open;             /* whether it still waits for custody_answer: 1 or 0 */
    custody_bytes answer; /* empty where there is none */
} custody_question;
CUSTODY_EXPORT size_t custody_decision_questions_count(const custody_decision *decision);
CUSTODY_EXPORT custody_question custody_decision_question(const custody_decision *decision, size_t i);

/* When the present state ends by itself (to decide, to use, to report), in milliseconds since 1970; 0: never. */
CUSTODY_EXPORT uint64_t custody_decision_due_ms(const custody_decision *decision);

/* The checkpoint that it was judged under, a C2SP signed note; and what was verified, claim by claim, as JSON. */
CUSTODY_EXPORT custody_bytes custody_decision_checkpoint(const custody_decision *decision);
CUSTODY_EXPORT custody_bytes custody_decision_report(const custody_decision *decision);

/* NULL is nothing. */
CUSTODY_EXPORT void custody_decision_free(custody_decision *decision);

#ifdef __cplusplus
}
#endif
#endif
