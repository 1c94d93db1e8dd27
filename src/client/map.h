/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the entries of a judged case say of its handoffs and its questions, in the order of the ledger. Nothing of it is
 * the custodian's word: the entries were folded before.
 *
 * Both own what they hold but for the contents, which borrow from the judgement. Zero-initialise, read, done.
 */
#ifndef CTY_CLIENT_MAP_H
#define CTY_CLIENT_MAP_H

#include "client/judge.h"

/* One offer, and what became of it. */
struct cty_handoff {
    struct cty_parsed_entry *entry;  /* of the offer; owned */
    const struct cty_offer *offer;   /* in it */
    struct cty_hash digest;          /* of the offer */
    struct cty_bytes from;
    struct cty_bytes to;             /* who accepted; until then whom it was offered to */
    enum cty_offer_state state;
    bool over;                       /* nobody answered it, and nobody can any more, as the entries tell */
    struct cty_parsed_entry *answer; /* the accept, decline or withdraw; owned; NULL: none */
    struct cty_bytes context;        /* data NULL where there is none, or it is not ours to read */
    struct cty_bytes obligations;
    struct cty_bytes reason;         /* of the answer */
};
struct cty_handoffs {
    struct cty_handoff *list;
    size_t count;
};
void cty_handoffs_done(struct cty_handoffs *handoffs);
/* Errors: those of cty_judgement_each. */
CUSTODY_MUST_USE custody_err cty_handoffs_read(const struct cty_judgement *judgement, struct cty_handoffs *ret_handoffs);
/* "open", "accepted", "declined", "withdrawn"; "lapsed" where nobody answered in time, by the entries, or by `now` unless
 * it is 0. Constant. */
const char *cty_handoff_word(const struct cty_handoff *handoff, uint64_t now);

/* One question, and its answer. */
struct cty_question {
    struct cty_parsed_entry *entry;  /* owned */
    struct cty_hash digest;
    struct cty_bytes from;
    struct cty_bytes text;           /* data NULL where it is not ours to read */
    struct cty_parsed_entry *answer; /* owned; NULL: none yet */
    struct cty_bytes answer_text;
    bool open;                       /* it still waits for an answer: an accept ends it too */
};
struct cty_questions {
    struct cty_question *list;
    size_t count;
};
void cty_questions_done(struct cty_questions *questions);
CUSTODY_MUST_USE custody_err cty_questions_read(const struct cty_judgement *judgement,
                                                struct cty_questions *ret_questions);

#endif
