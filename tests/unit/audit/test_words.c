/* SPDX-License-Identifier: Apache-2.0 */
/* On whose word: what the claims say of the parties, people and hops that a case rests on. */
#include "trusts.h"

#include "deeds.h"

static int begin(void **state)
{
    stage = stage_vendors();
    *state = stage;
    return 0;
}

static int end(void **state)
{
    stage_free(*state);
    return 0;
}

#define FOUNDERS "\"operator\":[\"<operator/ada>\",\"<operator/otto>\"]"
#define ACME "\"acme\":[\"<acme/a>\",\"<acme/b>\"]"
#define GLOBEX "\"globex\":[\"<globex/a>\",\"<globex/b>\"]"

static void pin(const char *admins)
{
    struct cty_buf text = CTY_BUF_INIT(8192), whole = CTY_BUF_INIT(8192);
    assert_ok(cty_buf_put_text(&text, "{\"custody_trust\":1," POLICY ",\"admins\":{"));
    assert_ok(cty_buf_put_text(&text, admins));
    assert_ok(cty_buf_put_text(&text, "}}"));
    expand(cty_buf_text(&text), &whole);
    stage_trust(stage, cty_buf_text(&whole));
    cty_buf_done(&text);
    cty_buf_done(&whole);
}

static void assert_says(enum cty_claim claim, const char *words)
{
    if (!says(&stage->report, claim, words))
        fail_msg("'%s' does not say '%s'", stage->report.claims[claim].text, words);
}

static void assert_silent(enum cty_claim claim, const char *words)
{
    if (says(&stage->report, claim, words))
        fail_msg("'%s' says '%s'", stage->report.claims[claim].text, words);
}

/* Both ways; the claim `enrolled` says the same. */
static void assert_enrolled(int status, const char *words)
{
    assert_int_equal(stage_replay_own(stage), status);
    assert_says(CTY_CLAIM_ENROLLED, words);
    assert_int_equal(stage_verify_own(stage), status);
    assert_says(CTY_CLAIM_ENROLLED, words);
}

static void of_each_party(void **state)
{
    (void)state;
    ask(stage);
    pin("");
    assert_enrolled(0, "no founding admin is pinned; on the log key's word: acme, globex, initech, operator");
    assert_false(stage->report.claims[CTY_CLAIM_ENROLLED].required);
    pin(FOUNDERS);
    assert_enrolled(0, "vouch for every party that is not pinned itself; pinned: operator; on the founding admins' word: "
                       "acme, globex, initech");
    pin(FOUNDERS "," GLOBEX);
    assert_enrolled(0, "; pinned: globex, operator; on the founding admins' word: acme, initech");
    pin(ACME);
    assert_enrolled(0, "no founding admin is pinned; pinned: acme; on the log key's word: globex, initech, operator");
    pin(FOUNDERS "," ACME "," GLOBEX ",\"initech\":[\"<initech/a>\",\"<initech/b>\"]");
    assert_enrolled(0, "; pinned: acme, globex, initech, operator");
    assert_silent(CTY_CLAIM_ENROLLED, "word:");
}

static void decide(const char *approver, const char *travels)
{
    struct cty_statement st;
    struct rogue *r = rogue_new(stage);
    begin_decision(r, &st, approver);
    if (travels)
        st.u.decision.travels.names[st.u.decision.travels.count++] = cty_bytes_text(travels);
    rogue_free(r);
    assert_ok(world_submit(stage->w, &st, NULL));
}

#define GLOBEX_TOO                                                                                                     \
    RULES("{\"approvals\":2,\"effect\":\"hold\",\"match\":{\"action\":\"refund\"},\"parties\":[\"acme\",\"initech\"]," \
          "\"roles\":[\"approver\"]},{\"effect\":\"pass\"}")

/* Asked by acme, approved by acme and initech, one of the approvals travels, held by globex. */
static void of_a_case_that_was_handed_over(void **state)
{
    (void)state;
    assert_ok(world_policy(stage->w, "ledger", GLOBEX_TOO));
    ask(stage);
    decide("acme/a", "globex");
    assert_ok(world_hand(stage->w, &stage->case_id, "globex/x"));
    decide("initech/p", NULL);
    pin(FOUNDERS);
    assert_int_equal(stage_verify_own(stage), 0);
    assert_string_equal(stage->report.claims[CTY_CLAIM_QUORUM].text,
                        "released to globex/x by acme/a (enrolled by 2, travelled), initech/p (enrolled by 2); on the "
                        "founding admins' word: acme, globex, initech; held by globex/x since hop 1, handed acme/bot > "
                        "globex/x");
    pin(FOUNDERS "," GLOBEX);
    assert_int_equal(stage_verify_own(stage), 0);
    assert_says(CTY_CLAIM_QUORUM, "; pinned: globex; on the founding admins' word: acme, initech; held by globex/x");
    pin(GLOBEX);
    assert_ok(world_consume(stage->w, &stage->case_id, "globex/x"));
    assert_int_equal(stage_verify_own(stage), 0);
    assert_says(CTY_CLAIM_QUORUM, "; pinned: globex; on the log key's word: acme, initech; held by globex/x");
    assert_says(CTY_CLAIM_ONCE, "by globex/x (globex is pinned); the case is CONSUMED");
    pin(FOUNDERS);
    struct cty_evidence *evidence = world_evidence(stage->w, &stage->case_id);
    assert_int_equal(stage_verify_as(stage, evidence, "globex/x"), 0);
    assert_says(CTY_CLAIM_AUDIENCE, "the release is for globex/x (globex stands on the founding admins' word)");
    assert_says(CTY_CLAIM_ONCE, "by globex/x (globex stands on the founding admins' word); the case is");
    cty_evidence_free(evidence);
}

/* On from globex to initech: what travelled there is told, and what did not is not. */
static void of_approvals_on_a_longer_way(void **state)
{
    (void)state;
    ask(stage);
    decide("acme/a", "globex/x");
    decide("acme/c", "globex/x");
    assert_ok(world_hand(stage->w, &stage->case_id, "globex/x"));
    assert_int_equal(stage_verify_own(stage), 0);
    assert_says(CTY_CLAIM_QUORUM, "by acme/a (enrolled by 2, travelled), acme/c (enrolled by 2, travelled);");
    assert_ok(world_hand(stage->w, &stage->case_id, "initech/x"));
    assert_int_equal(stage_verify_own(stage), 0);
    assert_says(CTY_CLAIM_QUORUM, "nothing was released: the case is HELD; on the founding admins' word: acme, globex, "
                                  "initech; held by initech/x since hop 2, handed acme/bot > globex/x > initech/x");
    decide("acme/a", NULL);
    decide("acme/c", NULL);
    assert_int_equal(stage_verify_own(stage), 0);
    assert_says(CTY_CLAIM_QUORUM, "by acme/a (enrolled by 2), acme/c (enrolled by 2);");
}

static void of_a_pass(void **state)
{
    (void)state;
    assert_ok(world_request(stage->w, "acme/bot", "globex/x", "ping", "{}", &stage->case_id));
    assert_int_equal(stage_verify_own(stage), 0);
    assert_string_equal(stage->report.claims[CTY_CLAIM_QUORUM].text,
                        "policy released it to globex/x without asking people; on the founding admins' word: acme, globex");
}

/* Nobody but themselves vouched for the founding admins. */
static void of_the_founding_admins(void **state)
{
    (void)state;
    assert_ok(world_person(stage->w, "operator/boss", NULL, "operator's boss"));
    assert_ok(world_agent(stage->w, "operator/bot", "operator/boss"));
    ask_by(stage, "operator/bot");
    decide("operator/ada", NULL);
    decide("operator/otto", NULL);
    assert_int_equal(stage_verify_own(stage), 0);
    assert_string_equal(stage->report.claims[CTY_CLAIM_QUORUM].text,
                        "released to operator/bot by operator/ada (founding admin), operator/otto (founding admin); "
                        "pinned: operator");
}

/* An admin who came by recovery approves, where admins are asked. */
static void of_who_came_by_recovery(void **state)
{
    struct cty_statement st;
    struct cty_enrolment again;
    (void)state;
    assert_ok(world_policy(stage->w, "acme",
                           "{\"admin_quorum\":2,\"recovery\":{\"quorum\":1,\"roles\":[\"approver\"]},\"rules\":[]}"));
    assert_ok(world_policy(stage->w, "ledger",
                           "{\"admin_quorum\":2,\"rules\":[{\"approvals\":2,\"effect\":\"hold\",\"roles\":[\"admin\"]}]}"));
    world_fill(stage->w, &again, "acme/again", CTY_PERSON, "again");
    again.roles.names[again.roles.count++] = CTY_LITERAL("admin");
    struct rogue *r = rogue_new(stage);
    begin_enrol(r, &st, &again, "acme/c", NULL);
    rogue_free(r);
    assert_ok(world_submit(stage->w, &st, NULL));
    ask(stage);
    decide("acme/again", NULL);
    decide("acme/a", NULL);
    assert_int_equal(stage_verify_own(stage), 2);
    assert_true(has_finding(&stage->report, "one-voucher"));
    assert_says(CTY_CLAIM_QUORUM, "by acme/again (recovered by 1), acme/a (enrolled by 2);");
}

/* ---- a party that is not who it says ---- */

static struct cty_secret *anothers(const char *name)
{
    struct cty_hash seed = cty_sha256(CTY_LITERAL("somebody else"));
    struct cty_secret *secret = NULL;
    assert_ok(cty_secret_from_seed(cty_bytes_text(name), seed.bytes, &secret));
    return secret;
}

/*
 * A custodian and its admins enrol a hooli of their own. Who pins the real one is told, at its entry, in both ways; who pins
 * nothing of hooli reads on whose word it stands.
 */
static void of_a_false_party(void **state)
{
    struct cty_buf admins = CTY_BUF_INIT(4096);
    (void)state;
    struct cty_secret *a = anothers("hooli/a");
    assert_ok(cty_buf_put_text(&admins, FOUNDERS ",\"hooli\":[\""));
    put_key(a, CTY_KEY_ED25519, &admins);
    assert_ok(cty_buf_put_text(&admins, "\",\"<hooli/b>\"]"));
    pin(cty_buf_text(&admins));
    ask(stage);
    assert_enrolled(0, "on the founding admins' word: acme, globex, initech");
    world_party(stage->w, "hooli"); /* with an a of the custodian's */
    uint64_t at = stage->w->entries_count - 1;
    assert_ok(world_person(stage->w, "hooli/p", "approver", "p"));
    assert_ok(world_agent(stage->w, "hooli/x", "hooli/p"));
    assert_ok(world_request(stage->w, "acme/bot", "acme/bot", "ping", "{}", &stage->case_id));
    assert_ok(world_hand(stage->w, &stage->case_id, "hooli/x"));
    assert_int_equal(stage_replay_own(stage), 1);
    assert_fails(&stage->report, ENROLLED, "key-unknown", at);
    assert_says(CTY_CLAIM_ENROLLED, "party hooli has other first admins than are pinned");
    assert_int_equal(stage_verify_own(stage), 1);
    assert_fails(&stage->report, ENROLLED, "key-unknown", at);
    assert_says(CTY_CLAIM_ENROLLED, "party hooli has other first admins than are pinned");
    assert_says(CTY_CLAIM_QUORUM, "; with other admins than are pinned: hooli; on the founding admins' word: acme;");
    assert_ok(world_consume(stage->w, &stage->case_id, "hooli/x"));
    assert_int_equal(stage_verify_own(stage), 1);
    assert_says(CTY_CLAIM_ONCE, "by hooli/x (hooli has other admins than are pinned)");
    pin(FOUNDERS);
    assert_enrolled(0, "on the founding admins' word: acme, globex, hooli, initech");
    pin(FOUNDERS ",\"hooli\":[\"<hooli/a>\",\"<hooli/b>\"]");
    assert_enrolled(0, "; pinned: hooli, operator; on the founding admins' word: acme, globex, initech");
    cty_secret_free(a);
    cty_buf_done(&admins);
}

/* ---- bounds ---- */

static void long_name(char out[128], const char *party, char fill)
{
    size_t used = (size_t)snprintf(out, 128, "%s/", party);
    memset(out + used, fill, 127 - used);
    out[127] = 0;
}

/* The longest names, on the longest way: what does not fit is cut, and says so. */
static void of_more_than_fits(void **state)
{
    char party[64], name[128], owner[128];
    (void)state;
    memset(party, 'q', 63);
    party[63] = 0;
    world_party(stage->w, party);
    long_name(owner, party, 'p');
    assert_ok(world_person(stage->w, owner, NULL, "owner"));
    assert_ok(world_request(stage->w, "acme/bot", "acme/bot", "ping", "{}", &stage->case_id));
    for (size_t i = 0; i + 1 < CTY_HOPS_MAX; i++) {
        long_name(name, party, "abcdefghijklmnoqrst"[i]);
        assert_ok(world_agent(stage->w, name, owner));
        assert_ok(world_hand(stage->w, &stage->case_id, name));
    }
    assert_int_equal(stage_verify_own(stage), 0);
    const char *text = stage->report.claims[CTY_CLAIM_QUORUM].text;
    assert_true(strlen(text) < CTY_CLAIM_TEXT_MAX);
    assert_true(strlen(text) > CTY_CLAIM_TEXT_MAX - 16);
    assert_string_equal(text + strlen(text) - 3, "...");
    assert_says(CTY_CLAIM_QUORUM, "on the founding admins' word: acme, qqqq");
    assert_says(CTY_CLAIM_QUORUM, "since hop 15, handed acme/bot > qqq");
    struct cty_buf json = CTY_BUF_INIT(1 << 20);
    struct cty_json tape = CTY_JSON_INIT;
    struct cty_json_limits limits = {8, 4096};
    assert_ok(cty_report_json(&stage->report, &json));
    assert_ok(cty_json_scan(&tape, CTY_JSON_STRICT, limits, cty_buf_bytes(&json), NULL));
    cty_json_done(&tape);
    cty_buf_done(&json);
}

/* More parties than a claim names: how many were left out is told, unless even that is cut. */
static void of_more_parties_than_are_named(void **state)
{
    char name[16];
    (void)state;
    ask(stage);
    for (unsigned i = 0; i < 70; i++) {
        snprintf(name, sizeof(name), "n%02u", i);
        struct cty_statement st;
        struct cty_bytes owned = cty_bytes_text(name);
        world_begin(stage->w, &st, CTY_PARTY_ENROL, "operator/ada");
        world_add_signer(stage->w, &st, "operator/otto");
        char admin[24];
        snprintf(admin, sizeof(admin), "%s/a", name);
        world_add_signer(stage->w, &st, admin);
        st.u.party_enrol.party = owned;
        st.u.party_enrol.admins_count = 1;
        world_fill(stage->w, &st.u.party_enrol.admins[0], admin, CTY_PERSON, admin);
        st.u.party_enrol.admins[0].roles.names[st.u.party_enrol.admins[0].roles.count++] = CTY_LITERAL("admin");
        assert_ok(world_submit(stage->w, &st, NULL));
    }
    assert_enrolled(0, "; and 10 parties more");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(of_each_party),
        TEST(of_a_case_that_was_handed_over),
        TEST(of_approvals_on_a_longer_way),
        TEST(of_a_pass),
        TEST(of_the_founding_admins),
        TEST(of_who_came_by_recovery),
        TEST(of_a_false_party),
        TEST(of_more_than_fits),
        TEST(of_more_parties_than_are_named),
    };
    return cmocka_run_group_tests_name("on whose word", tests, NULL, NULL);
}
