/* SPDX-License-Identifier: Apache-2.0 */
/* The order of refusals of what approvers and the holder say to each other, and how it goes on after each. */
#include "unit/escrow/bench.h"

#define ALTER(name, statement)                                                                         \
    static void name(struct world *w, struct world_step *step)                                         \
    {                                                                                                  \
        (void)w;                                                                                       \
        statement;                                                                                     \
    }

#define CONSENTING                                                                                     \
    "{\"admin_quorum\":2,\"rules\":[{\"approvals\":1,\"consent\":true,\"effect\":\"hold\",\"roles\":[\"approver\"]}]}"

static struct cty_hash over, full, unasked;

ALTER(past_decide_by, step->entry.time = case_get(w, &step->st.case_id)->decide_by + 1)
ALTER(in_over, fault_other_case(w, step, &over))
ALTER(in_full, fault_other_case(w, step, &full))
ALTER(in_unasked, fault_other_case(w, step, &unasked))
ALTER(by_pal, step->st.signers[0] = CTY_LITERAL("acme/pal"))
ALTER(by_hosted, step->st.signers[0] = CTY_LITERAL("acme/hosted"))
ALTER(by_finance, step->st.signers[0] = CTY_LITERAL("acme/finn"))
ALTER(by_other_party, step->st.signers[0] = CTY_LITERAL("globex/gina"))
ALTER(other_question, step->st.u.answer.question = bench_hash(w))
ALTER(other_patch, step->st.u.consent.patch = bench_hash(w))

#define STATE_FAULTS                                                                                   \
    {"past decide_by", past_decide_by, "deadline-passed", 6, true},                                    \
        {"in a case that is over", in_over, "state-illegal", 6, true}

static const struct fault question_faults[] = {
    FAULTS_ENTRY, FAULTS_SIGNER, FAULTS_SEEN, FAULTS_CASE, STATE_FAULTS, FAULTS_AFTER,
    {"by an agent", by_pal, "not-human", 2, false},
    {"with the operator's key", by_hosted, "key-class", 2, false},
    {"without the role", by_finance, "wrong-role", 2, false},
    {"of another party", by_other_party, "wrong-role", 2, false},
    {"one more without an answer", in_full, "limit-reached", 6, true},
};

static void prepare(struct world *w)
{
    struct cty_enrolment hosted = bench_person(w, "acme/hosted", "approver", "acme/hosted");
    hosted.key_custody = CTY_KEY_OPERATOR;
    assert_ok(world_enrol(w, &hosted));
    over = case_held(w);
    assert_ok(world_cancel(w, &over, "acme/bot"));
}

static void question_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    prepare(w);
    full = case_held(w);
    for (uint32_t i = 0; i < CTY_QUESTIONS_MAX; i++)
        assert_ok(world_question(w, &full, "acme/a", "And?", NULL));
    struct cty_hash id = case_held(w);
    make_question(w, &st, &id, "acme/b");
    print_message("%zu questions\n", faults_check(w, &st, question_faults, CTY_COUNT_OF(question_faults)));
    assert_ok(submit(w, &st));
    assert_int_equal(case_get(w, &id)->questions_count, 1);
    assert_string_equal(cty_case_state_names[case_get(w, &id)->state], "HELD");
}

static const struct fault answer_faults[] = {
    FAULTS_ENTRY, FAULTS_SIGNER, FAULTS_SEEN, FAULTS_CASE, STATE_FAULTS, FAULTS_AFTER,
    {"not the holder", by_pal, "not-holder", 2, false},
    {"another question", other_question, "no-question", 0, false},
};

static void answer_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    struct cty_hash first, second;
    prepare(w);
    struct cty_hash id = case_held(w);
    assert_ok(world_question(w, &id, "acme/a", "Whose?", &first));
    assert_ok(world_question(w, &id, "acme/b", "Why?", &second));
    make_answer(w, &st, &id, "acme/bot", &first);
    print_message("%zu answers\n", faults_check(w, &st, answer_faults, CTY_COUNT_OF(answer_faults)));
    assert_ok(submit(w, &st));
    assert_int_equal(case_get(w, &id)->questions_count, 1);
    /* A question is answered once; of another case, never. */
    assert_refused(world_answer(w, &id, "acme/bot", &first, "Mine."), "no-question");
    struct cty_hash other = case_held(w);
    assert_refused(world_answer(w, &other, "acme/bot", &second, "So."), "no-question");
    assert_ok(world_answer(w, &id, "acme/bot", &second, "So."));
    assert_int_equal(case_get(w, &id)->questions_count, 0);
}

static const struct fault consent_faults[] = {
    FAULTS_ENTRY, FAULTS_SIGNER, FAULTS_SEEN, FAULTS_CASE, STATE_FAULTS, FAULTS_AFTER,
    {"not the holder", by_pal, "not-holder", 2, false},
    {"where none is asked for", in_unasked, "state-illegal", 6, true},
    {"to another patch", other_patch, "action-mismatch", 0, false},
};

static struct cty_hash patched(struct world *w)
{
    struct cty_hash id = case_held(w);
    assert_ok(world_patch(w, &id, "acme/a", "[]", "{}"));
    assert_int_equal(case_get(w, &id)->consent, CTY_CONSENT_WANTED);
    return id;
}

static void consent_refusals_in_order(void **state)
{
    struct world *w = *state;
    struct cty_statement st;
    assert_ok(world_policy(w, "ledger", CONSENTING));
    prepare(w);
    unasked = case_held(w);
    struct cty_hash id = patched(w);
    make_consent(w, &st, &id, "acme/bot", CTY_CONSENT_ACCEPT);
    print_message("%zu consents\n", faults_check(w, &st, consent_faults, CTY_COUNT_OF(consent_faults)));
    make_consent(w, &st, &id, "acme/bot", CTY_CONSENT_REFUSE);
    faults_check(w, &st, consent_faults, CTY_COUNT_OF(consent_faults));
    assert_ok(submit(w, &st));
    assert_int_equal(case_get(w, &id)->consent, CTY_CONSENT_REFUSED);
}

/* Nobody approves what the holder did not agree to; whoever refused may still agree, whoever agreed is bound. */
static void consent_comes_before_approval(void **state)
{
    struct world *w = *state;
    assert_ok(world_policy(w, "ledger", CONSENTING));
    struct cty_hash id = patched(w);
    assert_refused(approve(w, &id, "acme/b"), "consent-missing");
    assert_ok(world_consent(w, &id, "acme/bot", CTY_CONSENT_REFUSE));
    assert_refused(approve(w, &id, "acme/b"), "consent-missing");
    assert_refused(world_consent(w, &id, "acme/bot", CTY_CONSENT_REFUSE), "state-illegal");
    assert_ok(world_consent(w, &id, "acme/bot", CTY_CONSENT_ACCEPT));
    assert_refused(world_consent(w, &id, "acme/bot", CTY_CONSENT_REFUSE), "state-illegal");
    assert_refused(world_consent(w, &id, "acme/bot", CTY_CONSENT_ACCEPT), "state-illegal");
    assert_ok(approve(w, &id, "acme/b"));
    assert_ok(world_consume(w, &id, "acme/bot"));
    /* A reject needs none, and neither does another patch, which asks anew. */
    id = patched(w);
    assert_ok(world_consent(w, &id, "acme/bot", CTY_CONSENT_REFUSE));
    assert_ok(world_patch(w, &id, "acme/b", "[]", "{\"a\":1}"));
    assert_int_equal(case_get(w, &id)->consent, CTY_CONSENT_WANTED);
    assert_ok(world_decide(w, &id, "acme/b", CTY_REJECT));
    /* What nobody patched waits for no consent. */
    id = case_held(w);
    assert_ok(approve(w, &id, "acme/b"));
    assert_state(w, &id, "RELEASED");
}

/* The one who takes the case over takes the payload as it is; questions to the one before end. */
static void a_handoff_ends_talk(void **state)
{
    struct world *w = *state;
    struct cty_hash question;
    assert_ok(world_policy(w, "ledger", CONSENTING));
    struct cty_hash id = patched(w);
    assert_ok(world_question(w, &id, "acme/b", "Why?", &question));
    assert_ok(world_hand(w, &id, "globex/exec"));
    assert_int_equal(case_get(w, &id)->consent, CTY_CONSENT_NONE);
    assert_int_equal(case_get(w, &id)->questions_count, 0);
    assert_refused(world_answer(w, &id, "globex/exec", &question, "So."), "no-question");
    assert_ok(approve(w, &id, "acme/b"));
    assert_ok(world_consume(w, &id, "globex/exec"));
    /* A patch after the handoff asks the new holder, and not the one before. */
    id = case_handed(w, "globex/exec");
    assert_ok(world_patch(w, &id, "acme/b", "[]", "{}"));
    assert_refused(world_consent(w, &id, "acme/bot", CTY_CONSENT_ACCEPT), "not-holder");
    assert_ok(world_consent(w, &id, "globex/exec", CTY_CONSENT_ACCEPT));
    assert_ok(approve(w, &id, "acme/b"));
}

/* Offers and questions of a case have one limit together; then it is decided, or nothing. */
static void talk_has_a_limit(void **state)
{
    struct world *w = *state;
    struct cty_hash question;
    struct cty_hash id = case_held(w);
    for (uint32_t i = 0; i < CTY_TALK_MAX; i += 2) {
        assert_ok(world_question(w, &id, "acme/a", "And?", &question));
        assert_ok(world_answer(w, &id, "acme/bot", &question, "So."));
        assert_ok(world_offer(w, &id, "globex/exec", NULL, NULL));
        assert_ok(world_withdraw(w, &id, "acme/bot"));
    }
    assert_refused(world_question(w, &id, "acme/a", "And?", NULL), "limit-reached");
    assert_refused(world_offer(w, &id, "globex/exec", NULL, NULL), "limit-reached");
    assert_ok(approve(w, &id, "acme/a"));
    assert_ok(approve(w, &id, "acme/b"));
    assert_ok(world_consume(w, &id, "acme/bot"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(question_refusals_in_order), BENCH_TEST(answer_refusals_in_order),
        BENCH_TEST(consent_refusals_in_order),  BENCH_TEST(consent_comes_before_approval),
        BENCH_TEST(a_handoff_ends_talk),        BENCH_TEST(talk_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
