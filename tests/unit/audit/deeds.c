/* SPDX-License-Identifier: Apache-2.0 */
#include "deeds.h"

struct stage *stage_vendors(void)
{
    struct stage *s = stage_new();
    world_vendor(s->w, "globex");
    world_vendor(s->w, "initech");
    return s;
}

void ask_by(struct stage *s, const char *agent)
{
    assert_ok(world_request(s->w, agent, agent, "refund", "{\"amount\":500}", &s->case_id));
}

void ask(struct stage *s)
{
    ask_by(s, "acme/bot");
}

void hand(struct stage *s, const char *agent)
{
    assert_ok(world_hand(s->w, &s->case_id, agent));
}

void offer(struct stage *s, const char *to)
{
    assert_ok(world_offer(s->w, &s->case_id, to, NULL, NULL));
}

void submit(struct stage *s, const struct cty_statement *st)
{
    assert_ok(world_submit(s->w, st, NULL));
}

void begin_consume(struct rogue *r, struct cty_statement *st, const char *agent)
{
    struct cty_case c;
    rogue_begin(r, st, CTY_CONSUME, agent);
    world_case(r->s->w, &r->s->case_id, &c);
    st->u.consume.payload = c.payload;
}

void begin_decision(struct rogue *r, struct cty_statement *st, const char *approver)
{
    struct cty_case c;
    rogue_begin(r, st, CTY_DECISION, approver);
    world_case(r->s->w, &r->s->case_id, &c);
    st->u.decision.choice = CTY_APPROVE;
    st->u.decision.expires = r->s->w->time + DAY;
    memcpy(st->u.decision.instance, c.instance.bits, 16);
    st->u.decision.payload = c.payload;
    st->u.decision.previous = world_previous(&c);
}

void begin_offer(struct rogue *r, struct cty_statement *st, const char *giver, const char *to)
{
    struct cty_case c;
    rogue_begin(r, st, CTY_OFFER, giver);
    world_case(r->s->w, &r->s->case_id, &c);
    st->u.offer.to = cty_bytes_text(to);
    st->u.offer.expires = r->s->w->time + DAY;
    st->u.offer.hop = c.hops_count + 1;
    if (c.hops_count)
        st->u.offer.previous = (struct cty_opt_hash){c.hops[c.hops_count - 1].offer, true};
    st->u.offer.scope = world_scope(r->s->w, &r->s->case_id);
}

void begin_accept(struct rogue *r, struct cty_statement *st, const char *agent)
{
    struct cty_case c;
    rogue_begin(r, st, CTY_ACCEPT, agent);
    world_case(r->s->w, &r->s->case_id, &c);
    st->u.accept.offer = c.offer.digest;
    st->u.accept.obligations = c.offer.obligations;
}

void begin_release(struct rogue *r, struct cty_statement *st)
{
    struct cty_case c;
    rogue_begin(r, st, CTY_RELEASE, "clerk");
    world_case(r->s->w, &r->s->case_id, &c);
    st->u.release = (struct cty_release){.executor = c.holder, .payload = c.payload, .report_ms = c.report_ms,
                                         .use_by = r->s->w->time + c.use_ms};
    memcpy(st->u.release.instance, c.instance.bits, 16);
    for (uint32_t i = 0; i < c.decisions_count; i++)
        st->u.release.decisions[st->u.release.decisions_count++] = c.decisions[i].digest;
    if (c.decisions_count)
        st->after = c.decisions[c.decisions_count - 1].digest;
}

void begin_enrol(struct rogue *r, struct cty_statement *st, const struct cty_enrolment *enrolment, const char *by,
                 const char *and_by)
{
    rogue_begin(r, st, CTY_ACTOR_ENROL, "log");
    st->signers[0] = enrolment->actor;
    world_add_signer(r->s->w, st, by);
    if (and_by)
        world_add_signer(r->s->w, st, and_by);
    st->u.actor_enrol.enrolment = *enrolment;
}

struct rogue *clerks_turn(struct stage *s, struct cty_statement *st)
{
    assert_true(world_next(s->w, st));
    return rogue_new(s);
}

void show_lawful(struct rogue *r, const struct cty_statement *st)
{
    uint64_t at = rogue_put(r, st);
    int status = rogue_replay(r);
    if (status != 0)
        print_report(&r->s->report);
    assert_int_equal(status, 0);
    assert_int_equal(rogue_verify(r), 0);
    rogue_remove(r, at);
}

static void assert_failed(const struct cty_report *report, enum cty_claim claim, const char *code, uint64_t at,
                          const char *words)
{
    const struct cty_claim_line *line = &report->claims[claim];
    if (line->state != CTY_CLAIM_FAILS || line->entry != at || strcmp(custody_err_name(line->code), code) != 0)
        print_report(report);
    assert_string_equal(claim_state_text(line->state), "fails");
    assert_string_equal(custody_err_name(line->code), code);
    assert_int_equal(line->entry, at);
    if (words && !says(report, claim, words))
        fail_msg("'%s' says nothing of '%s'", line->text, words);
}

static void catch_all(struct rogue *r, const struct cty_statement *st, enum cty_claim claim, const char *code,
                      const char *words)
{
    uint64_t at = rogue_put(r, st);
    assert_int_equal(rogue_replay(r), 1);
    assert_failed(&r->s->report, claim, code, at, words);
    assert_int_equal(rogue_verify(r), 1);
    assert_failed(&r->s->report, claim, code, at, words);
    rogue_remove(r, at);
}

void catch_put(struct rogue *r, const struct cty_statement *st, const char *code)
{
    catch_all(r, st, CTY_CLAIM_LAWFUL, code, NULL);
}

void catch_said(struct rogue *r, const struct cty_statement *st, const char *code, const char *words)
{
    catch_all(r, st, CTY_CLAIM_LAWFUL, code, words);
}

void catch_claim(struct rogue *r, const struct cty_statement *st, enum cty_claim claim, const char *code)
{
    catch_all(r, st, claim, code, NULL);
}

static void assert_the_finding(const struct stage *s, const char *code, uint64_t entry)
{
    for (size_t i = 0; i < s->report.findings_count; i++) {
        if (strcmp(s->report.findings[i].code, code) == 0 && s->report.findings[i].entry == entry)
            return;
    }
    print_report(&s->report);
    fail_msg("no finding %s at entry %llu", code, (unsigned long long)entry);
}

void assert_found(struct stage *s, const char *code, uint64_t entry)
{
    assert_int_equal(stage_replay_own(s), 2);
    assert_the_finding(s, code, entry);
    assert_int_equal(stage_verify_own(s), 2);
    assert_the_finding(s, code, entry);
}

void assert_nothing_found(struct stage *s)
{
    assert_int_equal(stage_replay_own(s), 0);
    assert_int_equal(s->report.findings_all, 0);
    assert_int_equal(stage_verify_own(s), 0);
    assert_int_equal(s->report.findings_all, 0);
}
