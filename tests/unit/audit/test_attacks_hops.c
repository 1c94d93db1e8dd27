/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on handoffs, as a verifier tells them: a custodian who holds the log and clerk keys writes what the fold refuses,
 * with givers and receivers in its league. Each must be named with its entry, claim and code, by a replay of the ledger and
 * by evidence of the case; each test first shows the lawful deed beside it.
 *
 * row of the list of attacks        test
 *  68 offer replayed, redirected    attack_68_*
 *  69 expired offer accepted        attack_69_*
 *  70 double acceptance             attack_70_*
 *  71 offered to two at once        attack_71_*
 *  72 offer by no longer holder     attack_72_*
 *  73 finalised, then handed on     attack_73_*
 *  74 hop dropped or reordered      attack_74_*
 *  75 chain of another case         attack_75_*
 *  76 context swapped               attack_76_*
 *  77 obligations lost              attack_77_*
 *  78 approvals carried along       attack_78_*
 *  79 to 81                         test_attacks_scope.c
 *  83 withdraw and accept           attack_83_*
 *  89 one of several answers        attack_89_*
 */
#include "deeds.h"

static int begin(void **state)
{
    *state = stage_vendors();
    return 0;
}

static int end(void **state)
{
    stage_free(*state);
    return 0;
}

/* A decline or a withdraw of the newest offer. */
static void begin_end(struct rogue *r, struct cty_statement *st, enum cty_type type, const char *signer)
{
    struct cty_case c;
    rogue_begin(r, st, type, signer);
    world_case(r->s->w, &r->s->case_id, &c);
    if (type == CTY_DECLINE)
        st->u.decline.offer = c.offer.digest;
    else
        st->u.withdraw.offer = c.offer.digest;
}

static void attack_68_offer_replayed(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    offer(s, "globex/x");
    uint64_t first = entry_of(s, CTY_OFFER, 0);
    assert_ok(world_decline(s->w, &s->case_id, "globex/x"));
    struct rogue *r = rogue_new(s);
    begin_offer(r, &st, "acme/bot", "globex/x");
    show_lawful(r, &st);
    uint64_t at = rogue_put_envelope(r, r->items[first].envelope);
    assert_caught(r, UNIQUE, "duplicate-id", at);
    rogue_free(r);
}

static void attack_68_offer_redirected(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    offer(s, "globex/x");
    struct rogue *r = rogue_new(s);
    begin_accept(r, &st, "globex/x");
    show_lawful(r, &st);
    begin_accept(r, &st, "initech/x");
    catch_said(r, &st, "wrong-receiver", "it was made to globex/x");
    begin_accept(r, &st, "globex/y");
    catch_put(r, &st, "wrong-receiver");
    begin_end(r, &st, CTY_DECLINE, "initech/x");
    catch_put(r, &st, "wrong-receiver");
    rogue_free(r);
}

static void attack_68_offer_to_nobody(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    assert_ok(world_revoke(s->w, "globex/y", "globex/a", "globex/b", WORLD_START));
    ask(s);
    struct rogue *r = rogue_new(s);
    begin_offer(r, &st, "acme/bot", "globex");
    show_lawful(r, &st);
    static const char *const receivers[] = {"globex/nobody", "globex/y", "globex/p", "hooli"};
    for (size_t i = 0; i < CTY_COUNT_OF(receivers); i++) {
        begin_offer(r, &st, "acme/bot", receivers[i]);
        catch_put(r, &st, "wrong-receiver");
    }
    rogue_free(r);
}

static void attack_69_expired_offer_accepted(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    begin_offer(r, &st, "acme/bot", "globex/x");
    st.u.offer.expires = s->w->time + MINUTE;
    submit(s, &st);
    rogue_free(r);
    r = rogue_new(s);
    s->w->time += MINUTE;
    begin_accept(r, &st, "globex/x");
    show_lawful(r, &st);
    s->w->time += 1;
    begin_accept(r, &st, "globex/x");
    catch_put(r, &st, "offer-expired");
    begin_offer(r, &st, "acme/bot", "globex/x");
    st.u.offer.expires = s->w->time - 1;
    catch_put(r, &st, "offer-expired");
    rogue_free(r);
}

/* Two of a party answer; the second one after the first has the case. */
static void attack_70_double_acceptance(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    offer(s, "globex");
    struct rogue *r = rogue_new(s);
    begin_accept(r, &st, "globex/y");
    show_lawful(r, &st);
    rogue_free(r);
    assert_ok(world_accept(s->w, &s->case_id, "globex/x"));
    r = rogue_new(s);
    begin_accept(r, &st, "globex/y");
    catch_put(r, &st, "double-acceptance");
    begin_end(r, &st, CTY_DECLINE, "globex/y");
    catch_put(r, &st, "double-acceptance");
    rogue_free(r);
}

static void attack_71_offered_to_two(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    begin_offer(r, &st, "acme/bot", "initech/x");
    show_lawful(r, &st);
    rogue_free(r);
    offer(s, "globex/x");
    r = rogue_new(s);
    begin_offer(r, &st, "acme/bot", "initech/x");
    catch_said(r, &st, "double-offer", "to globex/x");
    rogue_free(r);
}

static void attack_72_offer_by_who_no_longer_holds(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    hand(s, "globex/x");
    struct rogue *r = rogue_new(s);
    begin_offer(r, &st, "globex/x", "initech/x");
    show_lawful(r, &st);
    begin_offer(r, &st, "acme/bot", "initech/x");
    catch_said(r, &st, "not-holder", "the holder is globex/x");
    rogue_begin(r, &st, CTY_FINALISE, "acme/bot");
    catch_put(r, &st, "not-holder");
    rogue_free(r);
}

static void attack_72_consumed_by_who_no_longer_holds(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "ping", "{}", &s->case_id));
    hand(s, "globex/x");
    struct rogue *r = rogue_new(s);
    begin_consume(r, &st, "globex/x");
    show_lawful(r, &st);
    begin_consume(r, &st, "acme/bot");
    catch_said(r, &st, "not-holder", "the holder is globex/x");
    rogue_free(r);
}

static void attack_73_finalised_then_handed_on(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    begin_offer(r, &st, "acme/bot", "globex/x");
    show_lawful(r, &st);
    rogue_free(r);
    assert_ok(world_finalise(s->w, &s->case_id, "acme/bot"));
    r = rogue_new(s);
    begin_offer(r, &st, "acme/bot", "globex/x");
    catch_put(r, &st, "after-final");
    rogue_free(r);
}

static void attack_74_hops_out_of_order(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_case c;
    ask(s);
    hand(s, "globex/x");
    hand(s, "initech/x");
    world_case(s->w, &s->case_id, &c);
    struct cty_hash first = c.hops[0].offer;
    struct rogue *r = rogue_new(s);
    begin_offer(r, &st, "initech/x", "globex/y");
    show_lawful(r, &st);
    st.u.offer.previous.hash = first;
    catch_said(r, &st, "hop-missing", "hop 3");
    st.u.offer.previous.present = false;
    catch_put(r, &st, "hop-missing");
    begin_offer(r, &st, "initech/x", "globex/y");
    st.u.offer.hop = 2;
    catch_said(r, &st, "hop-order", "it is hop 3");
    st.u.offer.hop = 4;
    catch_put(r, &st, "hop-order");
    rogue_free(r);
}

/* The entries of a hop are kept back from evidence: the links of those behind it name them. */
static void attack_74_hop_kept_back(void **state)
{
    struct stage *s = *state;
    ask(s);
    hand(s, "globex/x");
    hand(s, "initech/x");
    struct rogue *r = rogue_new(s);
    struct cty_evidence *whole = rogue_evidence(r, &s->case_id, NULL);
    assert_int_equal(stage_verify(s, whole), 0);
    cty_evidence_free(whole);
    uint64_t offered = entry_of(s, CTY_OFFER, 0);
    for (unsigned kept_back = 1; kept_back <= 7; kept_back++) {
        bool leave_out[256] = {false};
        for (unsigned i = 0; i < 3; i++)
            leave_out[offered + i] = (kept_back >> i & 1) != 0;
        struct cty_evidence *evidence = rogue_evidence(r, &s->case_id, leave_out);
        assert_int_equal(stage_verify(s, evidence), 1);
        assert_claim(&s->report, COMPLETE, FAILS);
        assert_string_equal(custody_err_name(s->report.claims[CTY_CLAIM_COMPLETE].code), "gap");
        cty_evidence_free(evidence);
    }
    rogue_free(r);
}

/* The whole ledger is written anew without the hop: the next giver is not the holder there. */
static void attack_74_hop_written_out(void **state)
{
    struct stage *s = *state;
    ask(s);
    hand(s, "globex/x");
    uint64_t offered = entry_of(s, CTY_OFFER, 0);
    offer(s, "initech/x");
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    for (unsigned i = 0; i < 3; i++)
        rogue_remove(r, offered);
    rogue_link(r);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, SEEN, "bad-seen", offered);
    assert_int_equal(rogue_verify(r), 1);
    assert_claim(&s->report, SEEN, FAILS);
    rogue_free(r);
}

static void attack_75_chain_of_another_case(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_case other;
    ask(s);
    hand(s, "globex/x");
    offer(s, "initech/x");
    world_case(s->w, &s->case_id, &other);
    struct cty_hash accepted = other.hops[0].offer, open = other.offer.digest;
    ask(s);
    hand(s, "globex/x");
    struct rogue *r = rogue_new(s);
    begin_offer(r, &st, "globex/x", "initech/x");
    show_lawful(r, &st);
    st.u.offer.previous.hash = accepted;
    catch_said(r, &st, "hop-missing", "hop 2");
    rogue_free(r);
    offer(s, "initech/x");
    r = rogue_new(s);
    begin_accept(r, &st, "initech/x");
    show_lawful(r, &st);
    st.u.accept.offer = open;
    catch_put(r, &st, "no-offer");
    st.u.accept.offer = accepted;
    catch_put(r, &st, "no-offer");
    rogue_free(r);
}

/* An answer signed for one case, put into another. */
static void attack_75_answer_moved_to_another_case(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    offer(s, "globex/x");
    struct cty_hash first = s->case_id;
    ask(s);
    offer(s, "globex/x");
    struct rogue *r = rogue_new(s);
    begin_accept(r, &st, "globex/x");
    show_lawful(r, &st);
    st.case_id = first;
    uint64_t at = rogue_put(r, &st);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, LAWFUL, "stale-after", at);
    s->case_id = first;
    assert_int_equal(rogue_verify(r), 1);
    assert_fails(&s->report, LAWFUL, "stale-after", at);
    rogue_free(r);
}

/* An offer with a context and obligations, in the honest ledger. */
static void offer_under(struct stage *s, const char *to)
{
    struct cty_statement st;
    struct rogue *r = rogue_new(s);
    begin_offer(r, &st, "acme/bot", to);
    st.u.offer.context = (struct cty_opt_hash){world_commit(s->w, &st, "context", "{\"box\":7}"), true};
    st.u.offer.obligations =
        (struct cty_opt_hash){world_commit(s->w, &st, "obligations", "{\"refund_within\":\"P3D\"}"), true};
    rogue_free(r);
    submit(s, &st);
}

static void attack_76_context_swapped(void **state)
{
    struct stage *s = *state;
    ask(s);
    offer_under(s, "globex/x");
    assert_int_equal(stage_replay_own(s), 0);
    assert_int_equal(stage_verify_own(s), 0);
    assert_claim(&s->report, CONTENTS, HOLDS);
    uint64_t at = entry_of(s, CTY_OFFER, 0);
    struct world_blob *blob = &s->w->blobs[s->w->blobs_count - 2];
    assert_string_equal(blob->member, "context");
    struct cty_bytes kept = blob->content;
    blob->content = CTY_LITERAL("{\"box\":8}");
    assert_int_equal(stage_replay_own(s), 1);
    assert_fails(&s->report, CONTENTS, "blob-mismatch", at);
    assert_true(says(&s->report, CTY_CLAIM_CONTENTS, "member context of the offer"));
    assert_int_equal(stage_verify_own(s), 1);
    assert_fails(&s->report, CONTENTS, "blob-mismatch", at);
    assert_true(says(&s->report, CTY_CLAIM_CONTENTS, "member context of the offer"));
    blob->content = kept;
    blob->salt[3] ^= 1;
    assert_int_equal(stage_verify_own(s), 1);
    assert_fails(&s->report, CONTENTS, "blob-mismatch", at);
}

static void attack_77_obligations_dropped(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    offer_under(s, "globex/x");
    struct rogue *r = rogue_new(s);
    begin_accept(r, &st, "globex/x");
    show_lawful(r, &st);
    st.u.accept.obligations.hash.bytes[0] ^= 1;
    catch_put(r, &st, "obligation-dropped");
    st.u.accept.obligations.present = false;
    catch_put(r, &st, "obligation-dropped");
    rogue_free(r);
}

static void attack_78_approvals_carried_along(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_case c;
    ask(s);
    assert_ok(world_decide(s->w, &s->case_id, "acme/a", CTY_APPROVE));
    assert_ok(world_decide(s->w, &s->case_id, "acme/c", CTY_APPROVE));
    world_case(s->w, &s->case_id, &c);
    struct cty_hash former[2] = {c.decisions[0].digest, c.decisions[1].digest};
    offer(s, "globex/x");
    s->w->alone = true;
    assert_ok(world_accept(s->w, &s->case_id, "globex/x"));
    struct rogue *r = clerks_turn(s, &st);
    show_lawful(r, &st);
    st.u.verdict.travelled[st.u.verdict.travelled_count++] = former[0];
    catch_put(r, &st, "clerk-mismatch");
    st.u.verdict.travelled[st.u.verdict.travelled_count++] = former[1];
    catch_put(r, &st, "clerk-mismatch");
    rogue_free(r);
    /* The release before the handoff is nobody's any more, and a new one needs new approvals. */
    s->w->alone = false;
    r = clerks_turn(s, &st);
    rogue_free(r);
    submit(s, &st);
    r = rogue_new(s);
    begin_consume(r, &st, "globex/x");
    catch_put(r, &st, "state-illegal");
    begin_release(r, &st);
    st.u.release.decisions_count = 2;
    memcpy(st.u.release.decisions, former, sizeof(former));
    catch_put(r, &st, "out-of-place");
    rogue_free(r);
}

/* An approval travels to whom it names: a custodian can't make it name another. */
static void attack_78_travels_elsewhere(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    begin_decision(r, &st, "acme/a");
    st.u.decision.travels.names[st.u.decision.travels.count++] = CTY_LITERAL("globex");
    rogue_free(r);
    submit(s, &st);
    struct cty_case c;
    world_case(s->w, &s->case_id, &c);
    struct cty_hash approval = c.decisions[0].digest;
    offer(s, "initech/x");
    s->w->alone = true;
    assert_ok(world_accept(s->w, &s->case_id, "initech/x"));
    r = clerks_turn(s, &st);
    assert_int_equal(st.u.verdict.travelled_count, 0);
    show_lawful(r, &st);
    st.u.verdict.travelled[st.u.verdict.travelled_count++] = approval;
    catch_put(r, &st, "clerk-mismatch");
    rogue_free(r);
}

static void attack_83_withdrawn_after_the_acceptance(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    offer(s, "globex/x");
    struct rogue *r = rogue_new(s);
    begin_end(r, &st, CTY_WITHDRAW, "acme/bot");
    show_lawful(r, &st);
    rogue_free(r);
    assert_ok(world_accept(s->w, &s->case_id, "globex/x"));
    r = rogue_new(s);
    begin_end(r, &st, CTY_WITHDRAW, "acme/bot");
    catch_put(r, &st, "not-holder");
    begin_end(r, &st, CTY_WITHDRAW, "globex/x");
    catch_put(r, &st, "double-acceptance");
    rogue_free(r);
}

static void attack_83_accepted_after_the_end(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    offer(s, "globex/x");
    struct rogue *r = rogue_new(s);
    begin_accept(r, &st, "globex/x");
    show_lawful(r, &st);
    rogue_free(r);
    assert_ok(world_withdraw(s->w, &s->case_id, "acme/bot"));
    r = rogue_new(s);
    begin_accept(r, &st, "globex/x");
    catch_said(r, &st, "state-illegal", "the offer was withdrawn");
    rogue_free(r);
    offer(s, "globex/x");
    assert_ok(world_decline(s->w, &s->case_id, "globex/x"));
    r = rogue_new(s);
    begin_accept(r, &st, "globex/x");
    catch_said(r, &st, "state-illegal", "the offer was declined");
    rogue_free(r);
}

/* Several answers are written to choose from, and more than one gets in. */
static void attack_89_more_than_one_answer(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_hash question;
    ask(s);
    assert_ok(world_question(s->w, &s->case_id, "acme/a", "Whose money?", &question));
    struct rogue *r = rogue_new(s);
    rogue_begin(r, &st, CTY_ANSWER, "acme/bot");
    st.u.answer.question = question;
    st.u.answer.answer = world_commit(s->w, &st, "answer", "Mine.");
    show_lawful(r, &st);
    rogue_free(r);
    assert_ok(world_answer(s->w, &s->case_id, "acme/bot", &question, "Theirs."));
    r = rogue_new(s);
    rogue_begin(r, &st, CTY_ANSWER, "acme/bot");
    st.u.answer.question = question;
    st.u.answer.answer = world_commit(s->w, &st, "answer", "Mine.");
    catch_put(r, &st, "no-question");
    rogue_free(r);
    stage_refund(s);
    r = rogue_new(s);
    rogue_begin(r, &st, CTY_OUTCOME, "acme/bot");
    st.u.outcome.outcome = CTY_OUTCOME_FAILED;
    catch_put(r, &st, "state-illegal");
    rogue_free(r);
}

/* One answer for you, another for me: two ledgers, each lawful. Who kept the head of one sees that the other is another. */
static void attack_89_one_answer_for_each_reader(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_buf kept = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_bytes texts[256];
    ask(s);
    offer(s, "globex/x");
    struct rogue *r = rogue_new(s);
    begin_accept(r, &st, "globex/x");
    rogue_put(r, &st);
    rogue_note(r, &kept);
    assert_lawful(r);
    rogue_remove(r, r->count - 1);
    begin_end(r, &st, CTY_DECLINE, "globex/x");
    rogue_put(r, &st);
    assert_lawful(r);
    for (size_t i = 0; i < r->count; i++)
        texts[i] = r->items[i].text;
    assert_int_equal(stage_replay(s, texts, r->count, cty_buf_bytes(&kept), 1), 1);
    assert_fails(&s->report, INTACT, "root-mismatch", NO_ENTRY);
    struct cty_evidence *evidence = rogue_evidence(r, &s->case_id, NULL);
    assert_ok(cty_evidence_set_checkpoint(evidence, cty_buf_bytes(&kept)));
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_claim(&s->report, INTACT, FAILS);
    cty_evidence_free(evidence);
    cty_buf_done(&kept);
    rogue_free(r);
}

#define ATTACK(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTACK(attack_68_offer_replayed),
        ATTACK(attack_68_offer_redirected),
        ATTACK(attack_68_offer_to_nobody),
        ATTACK(attack_69_expired_offer_accepted),
        ATTACK(attack_70_double_acceptance),
        ATTACK(attack_71_offered_to_two),
        ATTACK(attack_72_offer_by_who_no_longer_holds),
        ATTACK(attack_72_consumed_by_who_no_longer_holds),
        ATTACK(attack_73_finalised_then_handed_on),
        ATTACK(attack_74_hops_out_of_order),
        ATTACK(attack_74_hop_kept_back),
        ATTACK(attack_74_hop_written_out),
        ATTACK(attack_75_chain_of_another_case),
        ATTACK(attack_75_answer_moved_to_another_case),
        ATTACK(attack_76_context_swapped),
        ATTACK(attack_77_obligations_dropped),
        ATTACK(attack_78_approvals_carried_along),
        ATTACK(attack_78_travels_elsewhere),
        ATTACK(attack_83_withdrawn_after_the_acceptance),
        ATTACK(attack_83_accepted_after_the_end),
        ATTACK(attack_89_more_than_one_answer),
        ATTACK(attack_89_one_answer_for_each_reader),
    };
    return cmocka_run_group_tests_name("attacks on handoffs", tests, NULL, NULL);
}
