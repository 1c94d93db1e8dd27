/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A case that is handed on eight times over four parties: through a real custodian, and offline from its evidence. Then
 * the same chain in a ledger whose custodian holds both its keys, is in league with a holder, and writes one hop that
 * hands on more than was had: whoever replays it, and whoever is shown the case, is told the hop and in what it is wider.
 */
#include "unit/support.h"

#include <unistd.h>

#include "base/check.h"
#include "client/handoff.h"
#include "codec/text.h"
#include "drafts.h"
#include "tool.h"
#include "unit/audit/audit.h"

#define HOPS 8u

static const char *const parties[] = {"acme", "globex", "initech", "umbrella"};

/* ---- through a real custodian ---- */

struct chain {
    struct house *house;
    struct cty_hash case_id;
    char case_hex[2 * CTY_HASH_SIZE + 1];
    char evidence[128];
};
static struct chain *the_chain;

/* Holder number i: of the parties in turn. */
static void holder_name(unsigned number, char *out, size_t size)
{
    snprintf(out, size, "%s/agent-%u", parties[number % CTY_COUNT_OF(parties)], number);
}

static void hand_on(struct chain *chain, unsigned hop)
{
    char from[64], to[64];
    holder_name(hop - 1, from, sizeof(from));
    holder_name(hop, to, sizeof(to));
    struct cty_client *giver = house_client(chain->house, from);
    struct cty_client *receiver = house_client(chain->house, to);
    const struct cty_offering offering = {
        .to = hop % 3 == 0 ? cty_actor_party(cty_bytes_text(to)) : cty_bytes_text(to),
        .depth = HOPS - hop,
        .obligations = CTY_LITERAL("tell the customer"),
    };
    must(cty_agent_offer(giver, &chain->case_id, &offering, NULL, &house_error));
    must(cty_agent_accept(receiver, &chain->case_id, NULL, NULL, &house_error));
    cty_client_close(giver);
    cty_client_close(receiver);
}

static void act(struct chain *chain)
{
    char name[64];
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    holder_name(HOPS, name, sizeof(name));
    struct cty_client *client = house_client(chain->house, name);
    must(cty_agent_consume(client, &chain->case_id, &judgement, &payload, NULL, &house_error));
    must(cty_agent_outcome(client, &chain->case_id, CTY_OUTCOME_FULFILLED, CTY_LITERAL("done"), NULL, &house_error));
    cty_judgement_free(judgement);
    cty_client_close(client);
}

static int set_up_chain(void **state)
{
    char name[64];
    struct chain *chain = calloc(1, sizeof(*chain));
    must_be(chain != NULL);
    *state = the_chain = chain;
    chain->house = house_new(NULL);
    for (size_t i = 0; i < CTY_COUNT_OF(parties); i++)
        house_party(chain->house, parties[i]);
    for (unsigned i = 0; i <= HOPS; i++) {
        holder_name(i, name, sizeof(name));
        house_agent(chain->house, name);
    }
    struct cty_client *first = house_client(chain->house, "acme/agent-0");
    draft_ask(first, "free", &chain->case_id);
    cty_client_close(first);
    for (unsigned hop = 1; hop <= HOPS; hop++)
        hand_on(chain, hop);
    act(chain);
    cty_hex_write(chain->case_id.bytes, CTY_HASH_SIZE, chain->case_hex);
    snprintf(chain->evidence, sizeof(chain->evidence), "%s/case.evidence", chain->house->folder);
    return 0;
}

static void eight_hops_are_in_the_record(void **state)
{
    struct chain *chain = *state;
    char name[64];
    struct cty_client *client = house_client(chain->house, "acme/agent-0");
    struct cty_judgement *judgement = draft_judge(client, &chain->case_id);
    assert_int_equal(judgement->record.hops_count, HOPS);
    for (unsigned i = 0; i < HOPS; i++) {
        holder_name(i + 1, name, sizeof(name));
        assert_true(cty_bytes_is(judgement->record.hops[i].to, name));
    }
    assert_int_equal(judgement->record.scope.depth, 0);
    assert_string_equal(cty_case_state_names[judgement->record.state], "FULFILLED");
    cty_judgement_free(judgement);
    cty_client_close(client);
}

static void its_evidence_holds_offline(void **state)
{
    struct chain *chain = *state;
    static const char *const claims[] = {"checkpoint", "intact", "complete", "enrolled", "signed", "lawful", "seen",
                                         "quorum", "once", "between"};
    char *text = NULL;
    const char *const words[] = {"evidence", chain->case_hex, "--out", chain->evidence, "--since-request", NULL};
    int status = tool_custody(chain->house, "acme/a", words, &text);
    if (status != 0)
        fail_msg("custody evidence: %d\n%s", status, text);
    free(text);
    house_stop(chain->house); /* offline */
    status = tool_verify(chain->house->folder, chain->evidence, &text);
    tool_show("eight hops over four parties: custody-verify", text);
    if (status != 0)
        fail_msg("custody-verify: %d\n%s", status, text);
    for (size_t i = 0; i < CTY_COUNT_OF(claims); i++) {
        if (!tool_claims(text, claims[i], "holds"))
            fail_msg("%s does not hold:\n%s", claims[i], text);
    }
    free(text);
    house_start(chain->house);
}

static void handoffs_are_shown_in_order(void **state)
{
    struct chain *chain = *state;
    char name[64];
    char *text = NULL;
    const char *const words[] = {"handoffs", chain->case_hex, NULL};
    assert_int_equal(tool_custody(chain->house, "acme/a", words, &text), 0);
    tool_show("eight hops over four parties: custody handoffs", text);
    const char *at = text;
    for (unsigned i = 1; i <= HOPS && at; i++) {
        holder_name(i, name, sizeof(name));
        at = strstr(at, name);
    }
    if (!at)
        fail_msg("%s is not where it belongs:\n%s", name, text);
    free(text);
}

/* ---- in a forged ledger ---- */

#define WIDE_HOP 6u

struct forgery {
    struct stage *stage;
    struct rogue *rogue;
    char folder[64];
    char evidence[96];
};

static const char *const holders[HOPS + 1] = {"acme/bot",  "globex/x", "initech/x",  "umbrella/x", "acme/bot2",
                                              "globex/y", "initech/y", "umbrella/y", "acme/bot3"};

static void write_text(const char *folder, const char *name, struct cty_bytes text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    assert_int_equal(fclose(file), 0);
}

/* What every holder of this chain may hand on: three releases, this service, two actions. */
static struct cty_scope scope_at(const struct world *w, unsigned hop)
{
    struct cty_scope scope = {.present = true, .depth = 12 - hop, .expires = w->time + 3600000 - hop, .releases = 3};
    scope.services.names[scope.services.count++] = CTY_LITERAL("payments");
    scope.actions.names[scope.actions.count++] = CTY_LITERAL("ping");
    scope.actions.names[scope.actions.count++] = CTY_LITERAL("report-*");
    return scope;
}

static int set_up_forgery(void **state)
{
    struct forgery *f = calloc(1, sizeof(*f));
    struct cty_buf trust = CTY_BUF_INIT(8192);
    assert_non_null(f);
    struct stage *s = f->stage = stage_new();
    for (size_t i = 1; i < CTY_COUNT_OF(parties); i++)
        world_vendor(s->w, parties[i]);
    assert_ok(world_agent(s->w, "acme/bot3", "acme/boss"));
    assert_ok(world_request(s->w, holders[0], holders[0], "ping", "{\"amount\":500}", &s->case_id));
    for (unsigned hop = 1; hop < WIDE_HOP; hop++) {
        struct cty_scope scope = scope_at(s->w, hop);
        assert_ok(world_offer(s->w, &s->case_id, holders[hop], &scope, NULL));
        assert_ok(world_accept(s->w, &s->case_id, holders[hop]));
    }
    f->rogue = rogue_new(s);
    snprintf(f->folder, sizeof(f->folder), "/tmp/custody-chain-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->evidence, sizeof(f->evidence), "%s/case.evidence", f->folder);
    world_trust_text(s->w, true, &trust);
    write_text(f->folder, "trust.json", cty_buf_bytes(&trust));
    cty_buf_done(&trust);
    *state = f;
    return 0;
}

static int tear_down_forgery(void **state)
{
    struct forgery *f = *state;
    static const char *const files[] = {"trust.json", "case.evidence", "tool.txt"};
    char path[128];
    for (size_t i = 0; i < CTY_COUNT_OF(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", f->folder, files[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(f->folder), 0);
    rogue_free(f->rogue);
    stage_free(f->stage);
    free(f);
    return 0;
}

static void begin_hop(struct forgery *f, struct cty_statement *st)
{
    struct world *w = f->stage->w;
    struct cty_case record;
    world_case(w, &f->stage->case_id, &record);
    rogue_begin(f->rogue, st, CTY_OFFER, holders[WIDE_HOP - 1]);
    st->u.offer.to = cty_bytes_text(holders[WIDE_HOP]);
    st->u.offer.hop = WIDE_HOP;
    st->u.offer.previous = (struct cty_opt_hash){record.hops[record.hops_count - 1].offer, true};
    st->u.offer.scope = scope_at(w, WIDE_HOP);
    st->u.offer.scope.expires = record.scope.expires;
    st->u.offer.expires = w->time + 60000;
}

/* The rest of the chain goes on as if nothing had been: the receiver accepts. */
static void accept_hop(struct forgery *f)
{
    struct cty_statement st;
    rogue_begin(f->rogue, &st, CTY_ACCEPT, holders[WIDE_HOP]);
    st.u.accept.offer = f->rogue->items[f->rogue->count - 1].digest;
    (void)rogue_put(f->rogue, &st);
}

static void verify_program(struct forgery *f, int expected, const char *state_text, const char *says_text)
{
    char *text = NULL;
    struct cty_buf out = CTY_BUF_INIT(CTY_EVIDENCE_BYTES_MAX);
    struct cty_evidence *evidence = rogue_evidence(f->rogue, &f->stage->case_id, NULL);
    assert_ok(cty_evidence_format(evidence, &out));
    write_text(f->folder, "case.evidence", cty_buf_bytes(&out));
    cty_evidence_free(evidence);
    cty_buf_done(&out);
    int status = tool_verify(f->folder, f->evidence, &text);
    tool_show(says_text, text);
    if (status != expected || !tool_claims(text, "lawful", state_text) || !tool_claims(text, "lawful", says_text))
        fail_msg("custody-verify: %d, not: %s %s\n%s", status, state_text, says_text, text);
    free(text);
}

/* The hop as it should be is lawful; as the rogue writes it, it is named. */
static void catch_hop(struct forgery *f, void (*widen)(struct cty_scope *scope), const char *dimension)
{
    char says_text[64];
    struct cty_statement st;
    begin_hop(f, &st);
    uint64_t at = rogue_put(f->rogue, &st);
    assert_lawful(f->rogue);
    verify_program(f, 0, "holds", "");
    rogue_remove(f->rogue, at);
    begin_hop(f, &st);
    widen(&st.u.offer.scope);
    at = rogue_put(f->rogue, &st);
    accept_hop(f);
    assert_caught(f->rogue, LAWFUL, "pass-wider", at);
    snprintf(says_text, sizeof(says_text), "hop %u widens %s", WIDE_HOP, dimension);
    assert_int_equal(rogue_replay(f->rogue), 1);
    if (!says(&f->stage->report, CTY_CLAIM_LAWFUL, says_text))
        fail_msg("'%s' is not in: %s", says_text, f->stage->report.claims[CTY_CLAIM_LAWFUL].text);
    verify_program(f, 1, "fails", says_text);
}

static void widen_services(struct cty_scope *scope)
{
    scope->services.names[0] = CTY_LITERAL("pay*");
}

static void widen_actions(struct cty_scope *scope)
{
    scope->actions.names[1] = CTY_LITERAL("repor*");
}

static void widen_releases(struct cty_scope *scope)
{
    scope->releases++;
}

static void widen_expires(struct cty_scope *scope)
{
    scope->expires++;
}

static void widen_depth(struct cty_scope *scope)
{
    scope->depth++;
}

static void a_hop_with_wider_services(void **state)
{
    catch_hop(*state, widen_services, "services");
}

static void a_hop_with_wider_actions(void **state)
{
    catch_hop(*state, widen_actions, "actions");
}

static void a_hop_with_more_releases(void **state)
{
    catch_hop(*state, widen_releases, "releases");
}

static void a_hop_that_lasts_longer(void **state)
{
    catch_hop(*state, widen_expires, "expires");
}

static void a_hop_that_goes_deeper(void **state)
{
    catch_hop(*state, widen_depth, "depth");
}

#define forgery_test(name) cmocka_unit_test_setup_teardown(name, set_up_forgery, tear_down_forgery)

int main(void)
{
    const struct CMUnitTest real[] = {
        cmocka_unit_test(eight_hops_are_in_the_record),
        cmocka_unit_test(its_evidence_holds_offline),
        cmocka_unit_test(handoffs_are_shown_in_order),
    };
    const struct CMUnitTest forged[] = {
        forgery_test(a_hop_with_wider_services), forgery_test(a_hop_with_wider_actions),
        forgery_test(a_hop_with_more_releases),  forgery_test(a_hop_that_lasts_longer),
        forgery_test(a_hop_that_goes_deeper),
    };
    int failed = cmocka_run_group_tests(real, set_up_chain, NULL);
    if (the_chain && failed == 0)
        house_well(the_chain->house);
    if (the_chain)
        house_free(the_chain->house);
    free(the_chain);
    return failed + cmocka_run_group_tests(forged, NULL, NULL);
}
