/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on approvals and cases, by a custodian who holds the log and clerk keys and writes what the fold refuses, with
 * actors in its league where a row needs them. Each must be named with its entry, claim and code, by a replay of the
 * ledger and by evidence of the case; each test first shows the lawful deed beside it.
 *
 * row of the list of attacks        test
 *  38 payload swapped               attack_38_*
 *  40 amendment keeps approvals     attack_40_*
 *  41 stale approval                attack_41_*
 *  42 approval used twice           attack_42_*
 *  43 two executors race            attack_43_*
 *  44 wrong audience                attack_44_*
 *  45 policy changed between        attack_45_*
 *  46 policy weakened               attack_46_*
 *  47 self-approval                 attack_47_*
 *  48 one person's two keys         attack_48_*
 *  50 no role, or role ended        attack_50_*
 *  51 friendly approvers            attack_51_*
 *  52 votes of two ceremonies       attack_52_*
 *  55 denied, then asked again      attack_55_*
 *  57 a quorum that is not there    attack_57_*
 *  63 act first, paper later        attack_63_*
 *  64 partial quorum acted on       attack_64_*
 *  91 guessing, salt missing        attack_91_*
 *  92 illegal transitions           attack_92_*
 */
#include "audit.h"

static int begin(void **state)
{
    *state = stage_new();
    return 0;
}

static int end(void **state)
{
    stage_free(*state);
    return 0;
}

static void consume_begin(struct rogue *r, struct cty_statement *st, const char *agent)
{
    struct cty_case c;
    rogue_begin(r, st, CTY_CONSUME, agent);
    world_case(r->s->w, &r->s->case_id, &c);
    st->u.consume.payload = c.payload;
}

static void decision_begin(struct rogue *r, struct cty_statement *st, const char *approver)
{
    struct cty_case c;
    rogue_begin(r, st, CTY_DECISION, approver);
    world_case(r->s->w, &r->s->case_id, &c);
    st->u.decision.choice = CTY_APPROVE;
    st->u.decision.expires = r->s->w->time + 3600000;
    memcpy(st->u.decision.instance, c.instance.bits, 16);
    st->u.decision.payload = c.payload;
}

/* A refund that waits for its approvers. */
static void ask(struct stage *s)
{
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &s->case_id));
}

/* The custodian's turn: what the clerk must say next, for the rogue to say otherwise. */
static struct rogue *clerks_turn(struct stage *s, struct cty_statement *st)
{
    assert_true(world_next(s->w, st));
    return rogue_new(s);
}

/* Approved by a and c, and the release not yet said. */
static struct rogue *release_due(struct stage *s, struct cty_statement *st)
{
    ask(s);
    assert_ok(world_decide(s->w, &s->case_id, "acme/a", CTY_APPROVE));
    s->w->alone = true;
    assert_ok(world_decide(s->w, &s->case_id, "acme/c", CTY_APPROVE));
    return clerks_turn(s, st);
}

static struct rogue *verdict_due(struct stage *s, struct cty_statement *st)
{
    s->w->alone = true;
    ask(s);
    return clerks_turn(s, st);
}

/* What the clerk should have said is lawful; put back afterwards. */
static void show_lawful(struct rogue *r, const struct cty_statement *st)
{
    uint64_t at = rogue_put(r, st);
    assert_lawful(r);
    rogue_remove(r, at);
}

static void catch_put(struct rogue *r, const struct cty_statement *st, const char *code)
{
    uint64_t at = rogue_put(r, st);
    assert_caught(r, LAWFUL, code, at);
    rogue_remove(r, at);
}

static void attack_38_consume_of_another_payload(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    stage_release(s);
    struct rogue *r = rogue_new(s);
    consume_begin(r, &st, "acme/bot");
    show_lawful(r, &st);
    st.u.consume.payload.bytes[0] ^= 1;
    catch_put(r, &st, "action-mismatch");
    rogue_free(r);
}

static void attack_38_release_of_another_payload(void **state)
{
    struct cty_statement st;
    struct rogue *r = release_due(*state, &st);
    show_lawful(r, &st);
    st.u.release.payload.bytes[31] ^= 1;
    catch_put(r, &st, "clerk-mismatch");
    rogue_free(r);
}

static void attack_38_result_that_the_operations_do_not_give(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    assert_int_equal(stage_verify_own(s), 0);
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &s->case_id));
    assert_ok(world_patch(s->w, &s->case_id, "acme/b", "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":250}]",
                          "{\"amount\":2500}"));
    uint64_t patch = entry_of(s, CTY_PATCH, 0);
    assert_int_equal(stage_verify_own(s), 1);
    assert_fails(&s->report, CONTENTS, "result-mismatch", patch);
    assert_int_equal(stage_replay_own(s), 1);
    assert_fails(&s->report, CONTENTS, "result-mismatch", patch);
}

static void attack_40_approval_of_what_was_amended(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_case before;
    ask(s);
    world_case(s->w, &s->case_id, &before);
    struct cty_hash old_payload = before.payload, old_anchor = before.anchor;
    assert_ok(world_patch(s->w, &s->case_id, "acme/b", "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":1}]",
                          "{\"amount\":1}"));
    struct rogue *r = rogue_new(s);
    decision_begin(r, &st, "acme/a");
    show_lawful(r, &st);
    st.u.decision.payload = old_payload;
    catch_put(r, &st, "action-mismatch");
    st.after = old_anchor;
    catch_put(r, &st, "stale-after");
    rogue_free(r);
}

static void attack_40_release_on_approvals_of_the_former_instance(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_case before;
    ask(s);
    assert_ok(world_decide(s->w, &s->case_id, "acme/a", CTY_APPROVE));
    world_case(s->w, &s->case_id, &before);
    struct cty_hash former = before.decisions[0].digest;
    assert_ok(world_patch(s->w, &s->case_id, "acme/b", "[]", "{\"amount\":500}"));
    assert_ok(world_decide(s->w, &s->case_id, "acme/a", CTY_APPROVE));
    s->w->alone = true;
    assert_ok(world_decide(s->w, &s->case_id, "acme/c", CTY_APPROVE));
    struct rogue *r = clerks_turn(s, &st);
    show_lawful(r, &st);
    st.u.release.decisions[0] = former;
    catch_put(r, &st, "clerk-mismatch");
    rogue_free(r);
}

static void attack_41_consume_after_the_release_ran_out(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    stage_release(s);
    struct rogue *r = rogue_new(s);
    s->w->time += 3600000;
    consume_begin(r, &st, "acme/bot");
    show_lawful(r, &st);
    s->w->time += 1;
    consume_begin(r, &st, "acme/bot");
    catch_put(r, &st, "deadline-passed");
    rogue_free(r);
}

static void attack_41_release_on_approvals_that_ran_out(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct rogue *r = release_due(s, &st);
    show_lawful(r, &st);
    s->w->time += 25 * 3600000ull;
    assert_true(world_next(s->w, &st));
    catch_put(r, &st, "under-threshold");
    /* Naming the two that ran out does not help. */
    struct cty_case c;
    world_case(s->w, &s->case_id, &c);
    st.u.release.decisions_count = 2;
    st.u.release.decisions[0] = c.decisions[0].digest;
    st.u.release.decisions[1] = c.decisions[1].digest;
    catch_put(r, &st, "clerk-mismatch");
    rogue_free(r);
}

static void attack_41_decision_after_its_deadline(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    s->w->time += 24 * 3600000ull;
    decision_begin(r, &st, "acme/a");
    show_lawful(r, &st);
    s->w->time += 1;
    decision_begin(r, &st, "acme/a");
    catch_put(r, &st, "deadline-passed");
    rogue_free(r);
}

static void attack_42_second_release(void **state)
{
    struct cty_statement st;
    struct rogue *r = release_due(*state, &st);
    rogue_put(r, &st);
    assert_lawful(r);
    st.id[0] ^= 1;
    st.seen.size = cty_memory_size(r->tree);
    assert_ok(cty_memory_root(r->tree, st.seen.size, &st.seen.root));
    catch_put(r, &st, "out-of-place");
    rogue_free(r);
}

static void attack_42_second_consume(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    stage_release(s);
    struct rogue *r = rogue_new(s);
    consume_begin(r, &st, "acme/bot");
    rogue_put(r, &st);
    assert_lawful(r);
    consume_begin(r, &st, "acme/bot");
    catch_put(r, &st, "double-consume");
    rogue_free(r);
}

static void attack_43_the_other_executor_consumes(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    stage_release(s);
    struct rogue *r = rogue_new(s);
    consume_begin(r, &st, "acme/bot");
    show_lawful(r, &st);
    consume_begin(r, &st, "acme/bot2");
    catch_put(r, &st, "not-holder");
    rogue_free(r);
}

static void attack_43_release_to_another_executor(void **state)
{
    struct cty_statement st;
    struct rogue *r = release_due(*state, &st);
    show_lawful(r, &st);
    st.u.release.executor = CTY_LITERAL("acme/bot2");
    catch_put(r, &st, "clerk-mismatch");
    rogue_free(r);
}

static void attack_44_shown_to_another_than_it_is_for(void **state)
{
    struct stage *s = *state;
    stage_release(s);
    uint64_t release = entry_of(s, CTY_RELEASE, 0);
    struct cty_evidence *evidence = world_evidence(s->w, &s->case_id);
    assert_int_equal(stage_verify_as(s, evidence, "acme/bot"), 0);
    assert_claim(&s->report, AUDIENCE, HOLDS);
    assert_int_equal(stage_verify_as(s, evidence, "acme/bot2"), 1);
    assert_fails(&s->report, AUDIENCE, "wrong-audience", release);
    cty_evidence_free(evidence);
}

static void attack_45_verdict_by_another_policy(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct rogue *r = verdict_due(s, &st);
    show_lawful(r, &st);
    st.u.verdict.policies[0].digest.bytes[5] ^= 1;
    catch_put(r, &st, "clerk-mismatch");
    rogue_free(r);
}

static void attack_45_policy_put_between_request_and_verdict(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct rogue *r = verdict_due(s, &st);
    show_lawful(r, &st);
    rogue_begin(r, &st, CTY_POLICY_PUBLISH, "acme/a");
    world_add_signer(s->w, &st, "acme/b");
    st.u.policy_publish.policy = CTY_LITERAL("{\"admin_quorum\":2,\"rules\":[{\"effect\":\"pass\"}]}");
    st.u.policy_publish.scope = CTY_LITERAL("acme");
    catch_put(r, &st, "out-of-place");
    rogue_free(r);
}

static void policy_begin(struct rogue *r, struct cty_statement *st, const char *signer)
{
    rogue_begin(r, st, CTY_POLICY_PUBLISH, signer);
    st->u.policy_publish.policy = CTY_LITERAL("{\"admin_quorum\":2,\"rules\":[{\"effect\":\"pass\"}]}");
    st->u.policy_publish.scope = CTY_LITERAL("acme");
}

static void attack_46_policy_weakened_by_the_requester(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    policy_begin(r, &st, "acme/a");
    world_add_signer(s->w, &st, "acme/b");
    show_lawful(r, &st);
    policy_begin(r, &st, "acme/bot");
    catch_put(r, &st, "wrong-role");
    policy_begin(r, &st, "acme/a");
    catch_put(r, &st, "under-threshold");
    world_add_signer(s->w, &st, "acme/b");
    st.u.policy_publish.replaces.present = true;
    catch_put(r, &st, "policy-mismatch");
    rogue_free(r);
}

static void attack_47_owner_approves_for_his_agent(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    assert_ok(world_agent(s->w, "acme/cbot", "acme/c"));
    assert_ok(world_request(s->w, "acme/cbot", "acme/cbot", "refund", "{}", &s->case_id));
    struct rogue *r = rogue_new(s);
    decision_begin(r, &st, "acme/a");
    show_lawful(r, &st);
    decision_begin(r, &st, "acme/c");
    catch_put(r, &st, "self-approval");
    rogue_free(r);
}

static void attack_47_approved_by_the_owner_of_the_parent_case(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_case parent;
    assert_ok(world_agent(s->w, "acme/cbot", "acme/c"));
    assert_ok(world_request(s->w, "acme/cbot", "acme/cbot", "ping", "{}", &s->case_id));
    world_case(s->w, &s->case_id, &parent);
    world_begin(s->w, &st, CTY_REQUEST, "acme/bot");
    st.u.request = (struct cty_request){.action = CTY_LITERAL("refund"), .service = CTY_LITERAL("payments"),
                                        .executor = CTY_LITERAL("acme/bot"), .expires = s->w->time + 3600000,
                                        .priority = CTY_PRIORITY_NORMAL,
                                        .parent = {true, parent.anchor, s->case_id}};
    st.u.request.payload = world_commit(s->w, &st, "payload", "{}");
    assert_ok(world_submit(s->w, &st, &s->case_id));
    struct rogue *r = rogue_new(s);
    decision_begin(r, &st, "acme/a");
    show_lawful(r, &st);
    decision_begin(r, &st, "acme/c");
    catch_put(r, &st, "self-approval");
    /* Without the parent's entries nobody can tell, and nobody says that all is well. */
    rogue_put(r, &st);
    r->without_parents = true;
    assert_int_equal(rogue_verify(r), 3);
    assert_claim(&s->report, LAWFUL, NOT_CHECKED);
    rogue_free(r);
}

static void attack_48_two_keys_of_one_person(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    assert_ok(world_person(s->w, "acme/c2", "approver", "c"));
    ask(s);
    assert_ok(world_decide(s->w, &s->case_id, "acme/c", CTY_APPROVE));
    struct rogue *r = rogue_new(s);
    decision_begin(r, &st, "acme/a");
    s->w->alone = true;
    uint64_t at = rogue_put(r, &st);
    assert_lawful(r);
    rogue_remove(r, at);
    decision_begin(r, &st, "acme/c2");
    catch_put(r, &st, "duplicate-human");
    rogue_free(r);
}

static void attack_50_approver_without_the_role(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    decision_begin(r, &st, "acme/c");
    show_lawful(r, &st);
    decision_begin(r, &st, "operator/ada");
    catch_put(r, &st, "wrong-role");
    decision_begin(r, &st, "acme/bot2");
    catch_put(r, &st, "not-human");
    rogue_free(r);
}

static void attack_51_verdict_that_asks_friendlier_people(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct rogue *r = verdict_due(s, &st);
    show_lawful(r, &st);
    struct cty_clause clause = st.u.verdict.quorum[0];
    st.u.verdict.quorum[0].approvals = 1;
    catch_put(r, &st, "clerk-mismatch");
    st.u.verdict.quorum[0] = clause;
    st.u.verdict.quorum[0].parties.names[0] = CTY_LITERAL("operator");
    catch_put(r, &st, "clerk-mismatch");
    st.u.verdict.quorum[0] = clause;
    st.u.verdict.quorum[0].roles.names[0] = CTY_LITERAL("friend");
    catch_put(r, &st, "clerk-mismatch");
    st.u.verdict.quorum[0] = clause;
    st.u.verdict.quorum_count = 0;
    st.u.verdict.effect = CTY_PASS;
    st.u.verdict.decide_by = 0;
    catch_put(r, &st, "clerk-mismatch");
    rogue_free(r);
}

static void attack_52_vote_of_another_ceremony(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_case other;
    ask(s);
    world_case(s->w, &s->case_id, &other);
    ask(s);
    struct rogue *r = rogue_new(s);
    decision_begin(r, &st, "acme/a");
    show_lawful(r, &st);
    memcpy(st.u.decision.instance, other.instance.bits, 16);
    catch_put(r, &st, "instance-mismatch");
    rogue_free(r);
}

static void attack_55_denied_then_asked_again(void **state)
{
    struct stage *s = *state;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "drop", "{}", &s->case_id));
    assert_int_equal(stage_replay_own(s), 0);
    assert_ok(world_request(s->w, "acme/bot2", "acme/bot2", "drop", "{}", NULL));
    assert_int_equal(stage_replay_own(s), 0);
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "drop", "{\"please\":true}", NULL));
    assert_int_equal(stage_replay_own(s), 2);
    assert_int_equal(s->report.findings_all, 1);
    assert_true(has_finding(&s->report, "denied-then-asked"));
    assert_int_equal(s->report.findings[0].entry, entry_of(s, CTY_REQUEST, 2));
}

static void attack_55_rejected_then_asked_until_yes(void **state)
{
    struct stage *s = *state;
    ask(s);
    assert_ok(world_decide(s->w, &s->case_id, "acme/a", CTY_REJECT));
    assert_int_equal(stage_replay_own(s), 0);
    stage_refund(s);
    assert_int_equal(stage_replay_own(s), 2);
    assert_true(has_finding(&s->report, "denied-then-asked"));
}

static void attack_57_release_without_a_quorum(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_case c;
    ask(s);
    world_case(s->w, &s->case_id, &c);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    rogue_begin(r, &st, CTY_RELEASE, "clerk");
    st.u.release = (struct cty_release){.executor = c.holder, .payload = c.payload, .report_ms = c.report_ms,
                                        .use_by = s->w->time + 1000};
    memcpy(st.u.release.instance, c.instance.bits, 16);
    catch_put(r, &st, "out-of-place");
    rogue_free(r);
}

static void attack_57_release_that_names_votes_nobody_cast(void **state)
{
    struct cty_statement st;
    struct rogue *r = release_due(*state, &st);
    show_lawful(r, &st);
    st.u.release.decisions[st.u.release.decisions_count++] = cty_sha256(CTY_LITERAL("a third vote"));
    catch_put(r, &st, "clerk-mismatch");
    st.u.release.decisions_count = 1;
    catch_put(r, &st, "clerk-mismatch");
    rogue_free(r);
}

static void attack_63_act_before_approval(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    decision_begin(r, &st, "acme/a");
    show_lawful(r, &st);
    consume_begin(r, &st, "acme/bot");
    catch_put(r, &st, "state-illegal");
    /* Reporting what was never consumed is no better. */
    rogue_begin(r, &st, CTY_OUTCOME, "acme/bot");
    catch_put(r, &st, "state-illegal");
    rogue_free(r);
}

static void attack_64_release_below_the_threshold(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_case c;
    ask(s);
    assert_ok(world_decide(s->w, &s->case_id, "acme/a", CTY_APPROVE));
    world_case(s->w, &s->case_id, &c);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    rogue_begin(r, &st, CTY_RELEASE, "clerk");
    st.u.release = (struct cty_release){.decisions = {c.decisions[0].digest}, .decisions_count = 1,
                                        .executor = c.holder, .payload = c.payload, .report_ms = c.report_ms,
                                        .use_by = s->w->time + 1000};
    memcpy(st.u.release.instance, c.instance.bits, 16);
    st.after = c.decisions[0].digest;
    catch_put(r, &st, "out-of-place");
    rogue_free(r);
}

static void attack_91_content_without_its_salt(void **state)
{
    struct stage *s = *state;
    static const uint8_t no_salt[CTY_SALT_SIZE];
    stage_refund(s);
    assert_int_equal(stage_verify_own(s), 0);
    struct cty_evidence *evidence = NULL;
    struct rogue *r = rogue_new(s);
    size_t contents = s->w->blobs_count;
    s->w->blobs_count = 0;
    evidence = rogue_evidence(r, &s->case_id, NULL);
    s->w->blobs_count = contents;
    assert_int_equal(stage_verify(s, evidence), 0);
    assert_claim(&s->report, CONTENTS, NOT_CHECKED);
    assert_ok(cty_evidence_add_blob(evidence, &s->case_id, CTY_LITERAL("payload"), no_salt,
                                    CTY_LITERAL("{\"amount\":500}")));
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, CONTENTS, "blob-mismatch", entry_of(s, CTY_REQUEST, 0));
    cty_evidence_free(evidence);
    rogue_free(r);
}

/* Every type of a case in every state that does not take it: the rogue writes it all the same. */
static void put_illegal(struct rogue *r, enum cty_type type, const char *signer, const char *code)
{
    struct cty_statement st;
    if (type == CTY_DECISION)
        decision_begin(r, &st, signer);
    else if (type == CTY_CONSUME)
        consume_begin(r, &st, signer);
    else
        rogue_begin(r, &st, type, signer);
    struct cty_case c;
    world_case(r->s->w, &r->s->case_id, &c);
    if (type == CTY_VERDICT)
        st.u.verdict = (struct cty_verdict){.effect = CTY_DENY, .executor = c.holder, .payload = c.payload};
    if (type == CTY_RELEASE)
        st.u.release = (struct cty_release){.executor = c.holder, .payload = c.payload};
    catch_put(r, &st, code);
}

static void put_all_illegal(struct stage *s, bool consumed)
{
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    put_illegal(r, CTY_PATCH, "acme/b", "state-illegal");
    put_illegal(r, CTY_DECISION, "acme/a", "state-illegal");
    put_illegal(r, CTY_CONSUME, "acme/bot", consumed ? "double-consume" : "state-illegal");
    put_illegal(r, CTY_CANCEL, "acme/bot", "state-illegal");
    put_illegal(r, CTY_EXPIRY, "clerk", "state-illegal");
    put_illegal(r, CTY_OUTCOME, "acme/bot", "state-illegal");
    put_illegal(r, CTY_VERDICT, "clerk", "out-of-place");
    put_illegal(r, CTY_RELEASE, "clerk", "out-of-place");
    rogue_free(r);
}

static void attack_92_after_an_outcome(void **state)
{
    stage_refund(*state);
    put_all_illegal(*state, true);
}

static void attack_92_after_a_rejection(void **state)
{
    struct stage *s = *state;
    ask(s);
    assert_ok(world_decide(s->w, &s->case_id, "acme/a", CTY_REJECT));
    put_all_illegal(s, false);
}

static void attack_92_after_a_denial(void **state)
{
    struct stage *s = *state;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "drop", "{}", &s->case_id));
    put_all_illegal(s, false);
}

static void attack_92_after_a_cancellation(void **state)
{
    struct stage *s = *state;
    stage_release(s);
    assert_ok(world_cancel(s->w, &s->case_id, "acme/bot"));
    put_all_illegal(s, false);
}

static void attack_92_after_silence(void **state)
{
    struct stage *s = *state;
    ask(s);
    s->w->time += 24 * 3600000ull + 1;
    assert_ok(world_expire(s->w, &s->case_id));
    put_all_illegal(s, false);
}

static void attack_92_expiry_that_is_not_due(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    rogue_begin(r, &st, CTY_EXPIRY, "clerk");
    catch_put(r, &st, "not-due");
    s->w->time += 24 * 3600000ull + 1;
    rogue_begin(r, &st, CTY_EXPIRY, "clerk");
    show_lawful(r, &st);
    rogue_free(r);
}

#define ATTACK(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTACK(attack_38_consume_of_another_payload),
        ATTACK(attack_38_release_of_another_payload),
        ATTACK(attack_38_result_that_the_operations_do_not_give),
        ATTACK(attack_40_approval_of_what_was_amended),
        ATTACK(attack_40_release_on_approvals_of_the_former_instance),
        ATTACK(attack_41_consume_after_the_release_ran_out),
        ATTACK(attack_41_release_on_approvals_that_ran_out),
        ATTACK(attack_41_decision_after_its_deadline),
        ATTACK(attack_42_second_release),
        ATTACK(attack_42_second_consume),
        ATTACK(attack_43_the_other_executor_consumes),
        ATTACK(attack_43_release_to_another_executor),
        ATTACK(attack_44_shown_to_another_than_it_is_for),
        ATTACK(attack_45_verdict_by_another_policy),
        ATTACK(attack_45_policy_put_between_request_and_verdict),
        ATTACK(attack_46_policy_weakened_by_the_requester),
        ATTACK(attack_47_owner_approves_for_his_agent),
        ATTACK(attack_47_approved_by_the_owner_of_the_parent_case),
        ATTACK(attack_48_two_keys_of_one_person),
        ATTACK(attack_50_approver_without_the_role),
        ATTACK(attack_51_verdict_that_asks_friendlier_people),
        ATTACK(attack_52_vote_of_another_ceremony),
        ATTACK(attack_55_denied_then_asked_again),
        ATTACK(attack_55_rejected_then_asked_until_yes),
        ATTACK(attack_57_release_without_a_quorum),
        ATTACK(attack_57_release_that_names_votes_nobody_cast),
        ATTACK(attack_63_act_before_approval),
        ATTACK(attack_64_release_below_the_threshold),
        ATTACK(attack_91_content_without_its_salt),
        ATTACK(attack_92_after_an_outcome),
        ATTACK(attack_92_after_a_rejection),
        ATTACK(attack_92_after_a_denial),
        ATTACK(attack_92_after_a_cancellation),
        ATTACK(attack_92_after_silence),
        ATTACK(attack_92_expiry_that_is_not_due),
    };
    return cmocka_run_group_tests_name("attacks on cases", tests, NULL, NULL);
}
