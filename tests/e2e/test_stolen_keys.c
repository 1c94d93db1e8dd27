/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key was stolen, and is revoked as of when. What rested on it before that counts; what came after can't be relied on
 * any more, and where it was relied on already, it stands and is told. For an approver's key, for a key that was
 * rotated away, and for the key of one who handed a case on: through a real custodian, and from evidence offline.
 */
#include "unit/support.h"

#include <unistd.h>

#include "base/check.h"
#include "client/handoff.h"
#include "client/rotate.h"
#include "codec/text.h"
#include "drafts.h"
#include "tool.h"

static struct house *house;

/* ---- what everybody does ---- */

static void add_person(const char *name)
{
    house_person(house, name, "approver");
}

static struct cty_hash ask(const char *agent, const char *action)
{
    struct cty_hash case_id;
    struct cty_client *client = house_client(house, agent);
    draft_ask(client, action, &case_id);
    cty_client_close(client);
    return case_id;
}

static void approve(const char *name, const struct cty_hash *case_id)
{
    struct cty_client *client = house_client(house, name);
    draft_approve(client, case_id);
    cty_client_close(client);
}

static custody_err consume(const char *agent, const struct cty_hash *case_id)
{
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    custody_error error = {0};
    struct cty_client *client = house_client(house, agent);
    custody_err err = cty_agent_consume(client, case_id, &judgement, &payload, NULL, &error);
    cty_judgement_free(judgement);
    cty_client_close(client);
    return err;
}

static custody_err offer(const char *holder, const struct cty_hash *case_id, const char *to)
{
    const struct cty_offering offering = {.to = cty_bytes_text(to)};
    struct cty_client *client = house_client(house, holder);
    custody_err err = cty_agent_offer(client, case_id, &offering, NULL, &house_error);
    cty_client_close(client);
    return err;
}

static custody_err accept(const char *agent, const struct cty_hash *case_id)
{
    custody_error error = {0};
    struct cty_client *client = house_client(house, agent);
    custody_err err = cty_agent_accept(client, case_id, NULL, NULL, &error);
    cty_client_close(client);
    return err;
}

static const char *state_of(const struct cty_hash *case_id)
{
    struct cty_client *client = house_client(house, "acme/agent");
    struct cty_judgement *judgement = draft_judge(client, case_id);
    const char *name = cty_case_state_names[judgement->record.state];
    cty_judgement_free(judgement);
    cty_client_close(client);
    return name;
}

/* A moment behind all that was entered so far, and before all that is to come. */
static uint64_t moment(void)
{
    pause_ms(3);
    uint64_t now = wall_ms();
    pause_ms(3);
    return now;
}

/* By both admins; key NULL: the actor with all its keys. */
static void take_back(const char *actor, const char *key, uint64_t since)
{
    struct cty_draft *draft = draft_new();
    struct cty_submitted submitted = {0};
    must(cty_client_begin(house->door, CTY_ACTOR_REVOKE, draft, &house_error));
    must(cty_draft_sign(draft, house_secret(house, "acme/a")));
    must(cty_draft_sign(draft, house_secret(house, "acme/b")));
    struct cty_actor_revoke *said = &draft->statement.u.actor_revoke;
    said->actor = cty_bytes_text(actor);
    said->key = cty_bytes_text(key);
    said->since = since;
    must(cty_draft_commit(draft, "reason", CTY_LITERAL("a laptop was stolen"), &said->reason.hash));
    said->reason.present = true;
    must(cty_client_submit(house->door, draft, NULL, &submitted, &house_error));
    cty_submitted_done(&submitted);
    draft_free(draft);
}

/* ---- what is told ---- */

/* The case's evidence, judged offline. The printed text is the caller's. */
static int evidence_of(const struct cty_hash *case_id, const char *heading, char **ret_text)
{
    char case_hex[2 * CTY_HASH_SIZE + 1], path[192];
    char *text = NULL;
    cty_hex_write(case_id->bytes, CTY_HASH_SIZE, case_hex);
    snprintf(path, sizeof(path), "%s/%s.evidence", house->folder, case_hex);
    (void)unlink(path); /* of this case a moment ago */
    const char *const words[] = {"evidence", case_hex, "--out", path, NULL};
    int status = tool_custody(house, "acme/a", words, &text);
    if (status != 0 && status != 2)
        fail_msg("custody evidence: %d\n%s", status, text);
    free(text);
    int verified = tool_verify(house->folder, path, ret_text);
    assert_int_equal(verified, status);
    tool_show(heading, *ret_text);
    return verified;
}

/* Sound, and `suspect`, or not. `by` stands in what the claim `quorum` says. */
static void check_evidence(const struct cty_hash *case_id, const char *heading, bool suspect, const char *by)
{
    char *text = NULL;
    int status = evidence_of(case_id, heading, &text);
    bool told = tool_claims(text, "finding", "key-suspect");
    if (status != (suspect ? 2 : 0) || told != suspect || !tool_claims(text, "lawful", "holds") ||
        !tool_claims(text, "once", "holds") || !tool_claims(text, "quorum", by))
        fail_msg("%s: %d, '%s'\n%s", heading, status, by, text);
    free(text);
}

/* `custody consume`, as the agent's people run it: refused with this code. */
static void check_refused(const char *agent, const struct cty_hash *case_id, const char *heading, const char *code)
{
    char case_hex[2 * CTY_HASH_SIZE + 1];
    char *text = NULL;
    cty_hex_write(case_id->bytes, CTY_HASH_SIZE, case_hex);
    const char *const words[] = {"consume", case_hex, NULL};
    int status = tool_custody(house, agent, words, &text);
    tool_show(heading, text);
    if (status != 1 || !strstr(text, code))
        fail_msg("%s: %d\n%s", heading, status, text);
    free(text);
}

/* ---- an approver's key ---- */

static void an_approval_before_since_counts(void **state)
{
    (void)state;
    add_person("acme/p1");
    struct cty_hash case_id = ask("acme/agent", "one");
    approve("acme/p1", &case_id);
    take_back("acme/p1", NULL, moment());
    check_evidence(&case_id, "approved before since, not used yet: custody-verify", false, "revoked by entry");
    assert_int_equal(consume("acme/agent", &case_id), CUSTODY_OK);
    check_evidence(&case_id, "approved before since, used afterwards: custody-verify", false, "revoked by entry");
}

static void an_approval_after_since_can_not_be_used(void **state)
{
    (void)state;
    add_person("acme/p2");
    struct cty_hash case_id = ask("acme/agent", "one");
    uint64_t stolen = moment();
    approve("acme/p2", &case_id);
    take_back("acme/p2", NULL, stolen);
    assert_string_equal(state_of(&case_id), "RELEASED");
    assert_int_equal(consume("acme/agent", &case_id), CUSTODY_E_APPROVAL_REVOKED);
    check_refused("acme/agent", &case_id, "approved after since: custody consume", "approval-revoked");
    check_evidence(&case_id, "approved after since, not used: custody-verify", true, "revoked by entry");
    assert_string_equal(state_of(&case_id), "RELEASED");
}

static void what_was_consumed_stands_and_is_suspect(void **state)
{
    (void)state;
    add_person("acme/p3");
    struct cty_hash case_id = ask("acme/agent", "one");
    uint64_t stolen = moment();
    approve("acme/p3", &case_id);
    assert_int_equal(consume("acme/agent", &case_id), CUSTODY_OK);
    check_evidence(&case_id, "approved and used, before anybody knew: custody-verify", false, "acme/p3");
    take_back("acme/p3", NULL, stolen);
    assert_string_equal(state_of(&case_id), "CONSUMED");
    check_evidence(&case_id, "approved after since, and used before it was revoked: custody-verify", true,
                   "revoked by entry");
}

static void an_approval_after_since_makes_no_quorum(void **state)
{
    (void)state;
    add_person("acme/p4");
    struct cty_hash case_id = ask("acme/agent", "refund"), before = ask("acme/agent", "refund");
    approve("acme/p4", &before);
    uint64_t stolen = moment();
    approve("acme/p4", &case_id);
    take_back("acme/p4", NULL, stolen);
    approve("acme/pat", &case_id);
    assert_string_equal(state_of(&case_id), "HELD");
    approve("acme/sam", &case_id);
    assert_string_equal(state_of(&case_id), "RELEASED");
    assert_int_equal(consume("acme/agent", &case_id), CUSTODY_OK);
    approve("acme/pat", &before);
    assert_string_equal(state_of(&before), "RELEASED");
    assert_int_equal(consume("acme/agent", &before), CUSTODY_OK);
    check_evidence(&case_id, "a stolen approval that was not counted: custody-verify", false, "acme/sam");
    check_evidence(&before, "one of two approved before since: custody-verify", false, "revoked by entry");
}

/* ---- a key that was rotated away ---- */

/* The old key's line; the new key is the client's. */
static struct cty_client *rotate(const char *name, struct cty_secret **ret_next)
{
    struct cty_client *client = house_client(house, name), *renewed = NULL;
    must(cty_secret_new(cty_bytes_text(name), ret_next));
    must(cty_actor_rotate_key(client, *ret_next, CTY_LITERAL("a new laptop"), NULL, &house_error));
    cty_client_close(client);
    const struct cty_client_config config = {.url = house->url, .trust = &house->trust, .secret = *ret_next,
                                             .patience_ms = HOUSE_PATIENCE_MS};
    must(cty_client_open(&config, &renewed, &house_error));
    return renewed;
}

static void what_a_former_key_approved(void **state)
{
    struct cty_secret *next = NULL;
    (void)state;
    add_person("acme/p5");
    struct cty_hash early = ask("acme/agent", "one"), stolen = ask("acme/agent", "one"), used = ask("acme/agent", "one");
    struct cty_hash later = ask("acme/agent", "one");
    approve("acme/p5", &early);
    uint64_t since = moment();
    approve("acme/p5", &stolen);
    approve("acme/p5", &used);
    assert_int_equal(consume("acme/agent", &used), CUSTODY_OK);
    struct cty_client *renewed = rotate("acme/p5", &next);
    draft_approve(renewed, &later);
    take_back("acme/p5", (const char *)house_vkey(house, "acme/p5").data, since);
    assert_int_equal(consume("acme/agent", &early), CUSTODY_OK);
    assert_int_equal(consume("acme/agent", &stolen), CUSTODY_E_APPROVAL_REVOKED);
    assert_int_equal(consume("acme/agent", &later), CUSTODY_OK);
    check_evidence(&early, "by a former key, before since: custody-verify", false, "acme/p5");
    check_evidence(&stolen, "by a former key, after since, not used: custody-verify", true, "former key");
    check_evidence(&used, "by a former key, after since, and used: custody-verify", true, "former key");
    check_evidence(&later, "by the new key: custody-verify", false, "acme/p5");
    struct cty_hash after = ask("acme/agent", "one");
    draft_approve(renewed, &after);
    assert_int_equal(consume("acme/agent", &after), CUSTODY_OK);
    cty_client_close(renewed);
    cty_secret_free(next);
}

/* ---- the key of one who handed a case on ---- */

static void an_offer_after_since_is_not_accepted(void **state)
{
    (void)state;
    house_agent(house, "acme/g1");
    struct cty_hash case_id = ask("acme/g1", "free");
    uint64_t stolen = moment();
    must(offer("acme/g1", &case_id, "globex/agent"));
    take_back("acme/g1", NULL, stolen);
    assert_int_equal(accept("globex/agent", &case_id), CUSTODY_E_AFTER_CANCELLATION);
    check_evidence(&case_id, "offered after since, not accepted: custody-verify", false, "policy");
}

static void what_was_handed_on_after_since_can_not_be_used(void **state)
{
    (void)state;
    house_agent(house, "acme/g2");
    struct cty_hash case_id = ask("acme/g2", "free"), used = ask("acme/g2", "free");
    uint64_t stolen = moment();
    must(offer("acme/g2", &case_id, "globex/agent"));
    must(accept("globex/agent", &case_id));
    must(offer("acme/g2", &used, "globex/agent"));
    must(accept("globex/agent", &used));
    assert_int_equal(consume("globex/agent", &used), CUSTODY_OK);
    take_back("acme/g2", NULL, stolen);
    assert_int_equal(consume("globex/agent", &case_id), CUSTODY_E_AFTER_CANCELLATION);
    check_refused("globex/agent", &case_id, "handed on after since: custody consume", "after-cancellation");
    check_evidence(&case_id, "handed on after since, not used: custody-verify", true, "revoked by entry");
    check_evidence(&used, "handed on after since, and used before it was revoked: custody-verify", true,
                   "revoked by entry");
}

static void what_was_handed_on_before_since_counts(void **state)
{
    (void)state;
    house_agent(house, "acme/g3");
    struct cty_hash accepted = ask("acme/g3", "free"), offered = ask("acme/g3", "free");
    must(offer("acme/g3", &accepted, "globex/agent"));
    must(accept("globex/agent", &accepted));
    must(offer("acme/g3", &offered, "globex/agent"));
    take_back("acme/g3", NULL, moment());
    assert_int_equal(accept("globex/agent", &offered), CUSTODY_OK);
    assert_int_equal(consume("globex/agent", &accepted), CUSTODY_OK);
    assert_int_equal(consume("globex/agent", &offered), CUSTODY_OK);
    check_evidence(&accepted, "handed on before since: custody-verify", false, "policy");
    check_evidence(&offered, "offered before since, accepted afterwards: custody-verify", false, "policy");
}

static void what_a_former_key_handed_on(void **state)
{
    struct cty_secret *next = NULL;
    (void)state;
    house_agent(house, "acme/g4");
    struct cty_hash case_id = ask("acme/g4", "free"), later = ask("acme/g4", "free");
    uint64_t stolen = moment();
    must(offer("acme/g4", &case_id, "globex/agent"));
    struct cty_client *renewed = rotate("acme/g4", &next);
    const struct cty_offering offering = {.to = CTY_LITERAL("globex/agent")};
    must(cty_agent_offer(renewed, &later, &offering, NULL, &house_error));
    take_back("acme/g4", (const char *)house_vkey(house, "acme/g4").data, stolen);
    assert_int_equal(accept("globex/agent", &case_id), CUSTODY_E_AFTER_CANCELLATION);
    assert_int_equal(accept("globex/agent", &later), CUSTODY_OK);
    assert_int_equal(consume("globex/agent", &later), CUSTODY_OK);
    check_evidence(&later, "handed on by the new key: custody-verify", false, "policy");
    cty_client_close(renewed);
    cty_secret_free(next);
}

/* ---- all of it ---- */

static unsigned count_of(const char *text, const char *word)
{
    unsigned count = 0;
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        count++;
    return count;
}

/* The six that were released on a stolen key's word, or handed on, and no other. */
#define SUSPECTS 6u

static void the_audit_tells_each_of_them(void **state)
{
    char *text = NULL;
    const char *const words[] = {"audit", NULL};
    (void)state;
    int status = tool_custody(house, "acme/a", words, &text);
    tool_show("the whole ledger: custody audit", text);
    if (status != 2 || !tool_claims(text, "lawful", "holds") || count_of(text, "key-suspect") != SUSPECTS)
        fail_msg("custody audit: %d\n%s", status, text);
    free(text);
}

static int set_up(void **state)
{
    (void)state;
    house = house_new(NULL);
    house_party(house, "acme");
    house_party(house, "globex");
    house_agent(house, "acme/agent");
    house_agent(house, "globex/agent");
    add_person("acme/pat");
    add_person("acme/sam");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_approval_before_since_counts),
        cmocka_unit_test(an_approval_after_since_can_not_be_used),
        cmocka_unit_test(what_was_consumed_stands_and_is_suspect),
        cmocka_unit_test(an_approval_after_since_makes_no_quorum),
        cmocka_unit_test(what_a_former_key_approved),
        cmocka_unit_test(an_offer_after_since_is_not_accepted),
        cmocka_unit_test(what_was_handed_on_after_since_can_not_be_used),
        cmocka_unit_test(what_was_handed_on_before_since_counts),
        cmocka_unit_test(what_a_former_key_handed_on),
        cmocka_unit_test(the_audit_tells_each_of_them),
    };
    int failed = cmocka_run_group_tests(tests, set_up, NULL);
    if (house && failed == 0)
        house_well(house);
    house_free(house);
    return failed;
}
