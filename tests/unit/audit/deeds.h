/* SPDX-License-Identifier: Apache-2.0 */
/* Deeds of a rogue custodian and who is in league with it, each as the law would have it; the test then changes it. */
#ifndef CTY_TESTS_DEEDS_H
#define CTY_TESTS_DEEDS_H

#include "audit.h"

#define RULES(rules) "{\"admin_quorum\":2,\"rules\":[" rules "]}"
#define MINUTE 60000u
#define HOUR (60u * MINUTE)
#define DAY (24u * HOUR)

/* The stage with two vendors more: globex and initech, as world_vendor makes them. */
struct stage *stage_vendors(void);
/* The stage's case becomes a refund by acme/bot that waits for two approvers of acme; or by another agent. */
void ask(struct stage *s);
void ask_by(struct stage *s, const char *agent);

/* The honest custodian takes these: the case is offered, with all the holder may give; and accepted; and any statement. */
void offer(struct stage *s, const char *to);
void hand(struct stage *s, const char *agent);
void submit(struct stage *s, const struct cty_statement *st);

/* Statements of the stage's case as it stands in the honest ledger. */
void begin_consume(struct rogue *r, struct cty_statement *st, const char *agent);
void begin_decision(struct rogue *r, struct cty_statement *st, const char *approver);
void begin_offer(struct rogue *r, struct cty_statement *st, const char *giver, const char *to);
void begin_accept(struct rogue *r, struct cty_statement *st, const char *agent);
/* A release of the case as it stands, resting on all its approvals, whether they are enough or not. */
void begin_release(struct rogue *r, struct cty_statement *st);
/* The new actor, then these two. */
void begin_enrol(struct rogue *r, struct cty_statement *st, const struct cty_enrolment *enrolment, const char *by,
                 const char *and_by);

/* The custodian's turn: what the clerk must say next, for the rogue to say otherwise. */
struct rogue *clerks_turn(struct stage *s, struct cty_statement *st);

/* The statement is lawful where it stands, in both ways of looking; taken out again. */
void show_lawful(struct rogue *r, const struct cty_statement *st);
/* It is not, and is told so: the claim `lawful` fails with this code at this entry, and says so; taken out again. */
void catch_put(struct rogue *r, const struct cty_statement *st, const char *code);
void catch_said(struct rogue *r, const struct cty_statement *st, const char *code, const char *words);
/* The same of another claim. */
void catch_claim(struct rogue *r, const struct cty_statement *st, enum cty_claim claim, const char *code);
/* The finding at this entry, or none anywhere, in the honest ledger and in evidence of the stage's case. */
void assert_found(struct stage *s, const char *code, uint64_t entry);
void assert_nothing_found(struct stage *s);

#endif
