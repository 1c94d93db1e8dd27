/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the fold share: a ledger with three parties, lawful statements of every type ready to be
 * changed, and a check that a statement which is wrong in two ways gets the refusal that comes first in the law.
 *
 *   operator  ada, otto (admins, approvers)
 *   acme      a, b (admins, approvers); owen, carol, dave (approvers); finn (finance);
 *             bot (agent of owen), pal (agent of carol)
 *   globex    a, b (admins, approvers); gina (approver, finance); exec (agent of gina)
 *
 * The ledger's policy holds `refund` for two approvers of the requester's party, passes `ping`, denies `wipe`
 * and is silent on everything else.
 */
#ifndef CTY_TESTS_ESCROW_BENCH_H
#define CTY_TESTS_ESCROW_BENCH_H

#include "kit/step.h"
#include "unit/support.h"

#define MINUTE ((uint64_t)60000)
#define HOUR ((uint64_t)3600000)
#define DAY (24 * HOUR)

#define BENCH_POLICY                                                                                   \
    "{\"admin_quorum\":2,\"rules\":["                                                                  \
    "{\"approvals\":2,\"effect\":\"hold\",\"match\":{\"action\":\"refund\"},\"roles\":[\"approver\"]}," \
    "{\"effect\":\"pass\",\"match\":{\"action\":\"ping\"}},"                                           \
    "{\"effect\":\"deny\",\"match\":{\"action\":\"wipe\"}}]}"

/* cmocka's fixture: *state is the struct world. */
int bench_setup(void **state);
int bench_teardown(void **state);
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

/* The same without parties and cases, and before entry 0. */
struct world *bench_empty(void);

struct cty_hash bench_hash(struct world *w);
/* Reads the statement again from a text of its own, so that it outlives the records it borrowed from (8 at a time). */
void bench_own(struct cty_statement *st);
struct cty_enrolment bench_person(struct world *w, const char *name, const char *role, const char *person);
struct cty_enrolment bench_agent(struct world *w, const char *name, const char *owner);

/* Lawful statements, not yet submitted. Their `until` is a month away. */
void make_request(struct world *w, struct cty_statement *st, const char *agent, const char *executor,
                  const char *action);
void make_decision(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who,
                   enum cty_choice choice);
void make_patch(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who);
void make_consume(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who);
void make_outcome(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who);
void make_cancel(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who);
/* The clerk's, said whether due or not. */
void make_expiry(struct world *w, struct cty_statement *st, const struct cty_hash *id, enum cty_silence silence);
void make_enrol(struct world *w, struct cty_statement *st, const struct cty_enrolment *enrolment);
void make_revoke(struct world *w, struct cty_statement *st, const char *actor, const char *by, const char *and_by,
                 uint64_t since);
void make_policy(struct world *w, struct cty_statement *st, const char *scope, const char *policy);
void make_party(struct world *w, struct cty_statement *st, const char *party, const char *a, const char *b);

/* An offer by the case's holder or somebody else, to a receiver, as wide as it may be; with obligations. */
void make_offer(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who, const char *to);
/* Answers to the case's newest offer. */
void make_accept(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who);
void make_decline(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who);
void make_withdraw(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who);
void make_finalise(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who);
void make_question(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who);
void make_answer(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who,
                 const struct cty_hash *question);
void make_consent(struct world *w, struct cty_statement *st, const struct cty_hash *id, const char *who,
                  enum cty_consent_choice choice);
/* A child of the case by the agent, for what the case is for. */
void make_child(struct world *w, struct cty_statement *st, const struct cty_hash *parent, const char *agent);

/* Cases of acme/bot that are as far as they say. */
struct cty_hash case_of(struct world *w, const char *agent, const char *executor, const char *action);
struct cty_hash case_held(struct world *w);
struct cty_hash case_released(struct world *w);
struct cty_hash case_consumed(struct world *w);
/* Held, and handed by acme/bot to the agent. */
struct cty_hash case_handed(struct world *w, const char *agent);
struct cty_case *case_get(struct world *w, const struct cty_hash *id); /* in static memory */

/* What the last refusal said in detail. */
#define assert_detail(w, text) assert_non_null(strstr((w)->error.detail, text))
#define assert_state(w, id, name) assert_string_equal(cty_case_state_names[world_state(w, id)], name)
#define approve(w, id, who) world_decide(w, id, who, CTY_APPROVE)
#define submit(w, st) world_submit(w, st, NULL)

/* Whether step->st joins the other case now, in its place; the newest offer there is what an answer names. */
void fault_other_case(struct world *w, struct world_step *step, const struct cty_hash *id);

/* One way in which a statement can be wrong. */
struct fault {
    const char *name;
    void (*make)(struct world *w, struct world_step *step);
    const char *code;
    int group;  /* faults of one group (but 0) exclude one another */
    bool first; /* is made before the others: it moves what they change */
};

/*
 * The statement as it is would be taken; with each fault it gets the fault's code; with each two of them the
 * code of the one that stands earlier in the table. Nothing is taken. Returns how many were tried.
 */
size_t faults_check(struct world *w, const struct cty_statement *lawful, const struct fault *faults, size_t count);

/* Rows that every statement shares; each is a fault of struct world_step. */
void fault_index(struct world *w, struct world_step *step);
void fault_prev(struct world *w, struct world_step *step);
void fault_trust(struct world *w, struct world_step *step);
void fault_time(struct world *w, struct world_step *step);
void fault_id(struct world *w, struct world_step *step);
void fault_ledger(struct world *w, struct world_step *step);
void fault_clerk_signs(struct world *w, struct world_step *step);
void fault_second_signer(struct world *w, struct world_step *step);
void fault_signer_unknown(struct world *w, struct world_step *step);
void fault_signer_revoked(struct world *w, struct world_step *step);
void fault_key(struct world *w, struct world_step *step);
void fault_until(struct world *w, struct world_step *step);
void fault_seen_size(struct world *w, struct world_step *step);
void fault_seen_nothing(struct world *w, struct world_step *step);
void fault_seen_root(struct world *w, struct world_step *step);
void fault_case(struct world *w, struct world_step *step);
void fault_case_prev(struct world *w, struct world_step *step);
void fault_after(struct world *w, struct world_step *step);
void fault_seen_short(struct world *w, struct world_step *step);
void fault_clerk_until(struct world *w, struct world_step *step);
void fault_clerk_time(struct world *w, struct world_step *step);

#define FAULTS_ENTRY                                                                                   \
    {"index", fault_index, "chain-broken", 0, false}, {"prev", fault_prev, "chain-broken", 0, false},  \
        {"trust", fault_trust, "chain-broken", 0, false},                                              \
        {"time", fault_time, "time-went-backwards", 1, false},                                         \
        {"id", fault_id, "duplicate-id", 0, false}, {"ledger", fault_ledger, "wrong-ledger", 0, false}
#define FAULTS_SIGNER                                                                                  \
    {"clerk signs", fault_clerk_signs, "wrong-signer", 2, false},                                      \
        {"second signer", fault_second_signer, "wrong-signer", 2, false},                              \
        {"signer unknown", fault_signer_unknown, "key-unknown", 2, false},                             \
        {"signer revoked", fault_signer_revoked, "key-not-valid", 2, false},                           \
        {"key", fault_key, "signature-invalid", 0, false}
#define FAULTS_SEEN                                                                                    \
    {"until", fault_until, "past-until", 10, false}, {"seen size", fault_seen_size, "bad-seen", 3, false},\
        {"seen nothing", fault_seen_nothing, "bad-seen", 3, false},                                    \
        {"seen root", fault_seen_root, "bad-seen", 3, false}
#define FAULTS_CASE                                                                                    \
    {"case", fault_case, "wrong-case", 0, false}, {"case_prev", fault_case_prev, "chain-broken", 0, false}
#define FAULTS_AFTER                                                                                   \
    {"after", fault_after, "stale-after", 0, false},                                                   \
        {"seen short", fault_seen_short, "bad-seen", 3, false}

#endif
