/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of src/audit share: a small company with a case that went its whole way, the verifier that looks at it,
 * and a rogue custodian. The rogue holds the log key and the clerk key and the whole database: it writes whatever
 * entries it likes, in any order, links them as an honest custodian would or not, and signs the checkpoint. What it has
 * not is anybody else's key; where a test lets it sign for an actor, that actor is in league with it.
 */
#ifndef CTY_TESTS_AUDIT_H
#define CTY_TESTS_AUDIT_H

#include "kit/world_evidence.h"
#include "unit/support.h"

struct stage {
    struct world *w;
    struct cty_trust trust; /* the founding admins pinned */
    struct cty_report report;
    struct cty_hash case_id;
};

/*
 * A ledger with the party acme: acme/a and acme/b (admins, approvers), acme/c (approver), acme/boss (a person without a
 * role), acme/bot and acme/bot2 (the boss's agents). A refund is held for two approvers, a drop denied, all else passes.
 */
struct stage *stage_new(void);
/* The founders' party alone: operator/ada and operator/otto approve for operator/bot, whose owner is operator/boss. */
struct stage *stage_small(void);
void stage_free(struct stage *s);
/* A refund of 500, patched to 250 by b, approved by a and c, consumed, fulfilled: nine entries, the case of the stage. */
void stage_refund(struct stage *s);
/* The same up to the release. */
void stage_release(struct stage *s);
/* An entry or more of another case, so that the stage's entries are not neighbours. */
void stage_noise(struct stage *s);
/* Makes the trust file anew from this text. */
void stage_trust(struct stage *s, const char *text);

/* Verify afresh; the exit status. Nobody's name is asked for unless `as` is given. */
int stage_verify(struct stage *s, const struct cty_evidence *evidence);
int stage_verify_as(struct stage *s, const struct cty_evidence *evidence, const char *as);
int stage_verify_text(struct stage *s, struct cty_bytes file);
/* Replays these entries against the note; contents from the stage's world. */
int stage_replay(struct stage *s, const struct cty_bytes *texts, size_t count, struct cty_bytes note, unsigned threads);
/* The stage's own case and its own ledger, as they are. */
int stage_verify_own(struct stage *s);
int stage_replay_own(struct stage *s);

#define assert_claim(report, claim, is)                                                                                \
    assert_string_equal(claim_state_text((report)->claims[CTY_CLAIM_##claim].state), claim_state_text(CTY_CLAIM_##is))
/* The claim fails with this code, at this entry. */
#define assert_fails(report, claim, name, index)                                                                       \
    do {                                                                                                               \
        const struct cty_claim_line *line_ = &(report)->claims[CTY_CLAIM_##claim];                                     \
        assert_string_equal(claim_state_text(line_->state), "fails");                                                  \
        assert_string_equal(custody_err_name(line_->code), name);                                                      \
        assert_int_equal(line_->entry, index);                                                                         \
    } while (0)
#define NO_ENTRY CTY_REPORT_NO_ENTRY
const char *claim_state_text(enum cty_claim_state state);
bool has_finding(const struct cty_report *report, const char *code);
/* Whether the claim's text holds this. */
bool says(const struct cty_report *report, enum cty_claim claim, const char *part);
void print_report(const struct cty_report *report);

/* Which entry of the world has a statement of this type, counted from 0; of the stage's case where the type joins one. */
uint64_t entry_of(struct stage *s, enum cty_type type, unsigned number);

/* ---- the rogue custodian ---- */

struct rogue_item {
    struct cty_bytes envelope; /* owned */
    uint64_t time;
    struct cty_bytes text; /* owned; made by rogue_link, or as the test put it */
    struct cty_hash digest;
    enum cty_type type;
    struct cty_hash case_id;
    bool of_case;
    bool out_of_chain; /* entries after it are linked as if it were not there, in its case and in the trust chain */
    bool fixed;        /* rogue_link leaves `text` alone */
};

struct rogue {
    struct stage *s;
    struct rogue_item *items;
    size_t count;
    struct cty_memory *tree;
    bool without_parents; /* evidence by it leaves parent cases out */
};

/* Takes over the stage's ledger as it stands. */
struct rogue *rogue_new(struct stage *s);
void rogue_free(struct rogue *r);
/* Writes index, prev, trust and case_prev of every entry anew, as if all had been honest. */
void rogue_link(struct rogue *r);
/* Makes the tree of the texts as they stand. */
void rogue_tree(struct rogue *r);

/*
 * Begins a statement over the rogue's own newest tree; joins the stage's case at the record that the honest ledger has.
 * rogue_put signs it with its signers' keys and appends it at the world's time, lawful or not, and gives its index.
 */
void rogue_begin(struct rogue *r, struct cty_statement *st, enum cty_type type, const char *signer);
uint64_t rogue_put(struct rogue *r, const struct cty_statement *st);
/* A body of the test's own writing under a payload type, signed by this one signer. */
uint64_t rogue_put_body(struct rogue *r, const char *payload_type, const char *body, const char *signer);
uint64_t rogue_put_envelope(struct rogue *r, struct cty_bytes envelope);
void rogue_remove(struct rogue *r, size_t at);
void rogue_move(struct rogue *r, size_t from, size_t to);
/* Entry `at` gets another text, which rogue_link will not touch. */
void rogue_fix(struct rogue *r, size_t at, struct cty_bytes text);

void rogue_note(struct rogue *r, struct cty_buf *out);
int rogue_replay(struct rogue *r);
/*
 * Evidence of the case over the rogue's entries, each with a proof of its own. Entries for which `leave_out` is true are
 * not in it (NULL: none); entries of other cases never are.
 */
struct cty_evidence *rogue_evidence(struct rogue *r, const struct cty_hash *case_id, const bool *leave_out);
int rogue_verify(struct rogue *r);
/* Both ways in which the rogue's doing must come out: entry, claim and code. */
#define assert_caught(r, claim, name, index)                                                                           \
    do {                                                                                                               \
        assert_int_equal(rogue_replay(r), 1);                                                                          \
        assert_fails(&(r)->s->report, claim, name, index);                                                             \
        assert_int_equal(rogue_verify(r), 1);                                                                          \
        assert_fails(&(r)->s->report, claim, name, index);                                                             \
    } while (0)

/* The positive twin: whatever the rogue did so far is lawful. */
#define assert_lawful(r)                                                                                               \
    do {                                                                                                               \
        assert_int_equal(rogue_replay(r), 0);                                                                          \
        assert_int_equal(rogue_verify(r), 0);                                                                          \
    } while (0)

#endif
