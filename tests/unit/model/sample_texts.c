/* SPDX-License-Identifier: Apache-2.0 */
#include "samples_inner.h"

/* A person as enrolled; `member` is where its name stands in the statement. */
static void person_set(struct sample *sample, struct cty_enrolment *person, const char *actor, const char *member,
                       const char *name)
{
    person->actor = cty_bytes_text(actor);
    person->key = cty_bytes_text(sample_vkey(actor, CTY_KEY_ED25519));
    person->sealing_key = cty_bytes_text(sample_vkey(actor, CTY_KEY_X25519));
    person->key_custody = CTY_KEY_HARDWARE;
    person->kind = CTY_PERSON;
    person->name = sample_some(sample_commit(sample, member, name));
    sample_bits("person", actor, person->person.bits);
    person->person.present = true;
}

static void admin_set(struct sample *sample, struct cty_enrolment *admin, const char *actor, const char *member,
                      const char *name)
{
    person_set(sample, admin, actor, member, name);
    sample_name_put(&admin->roles, "admin");
    sample_name_put(&admin->roles, "approver");
}

void sample_ledger_open_fill(struct sample *sample, const struct sample *before)
{
    struct cty_ledger_open *open = &sample->statement.u.ledger_open;
    (void)before;
    sample_signer(sample, "log");
    sample_signer(sample, "clerk");
    sample_signer(sample, "operator/ada");
    sample_signer(sample, "operator/otto");
    admin_set(sample, &open->admins[0], "operator/ada", "admins/0/name", "Ada Osei");
    admin_set(sample, &open->admins[1], "operator/otto", "admins/1/name", "Otto Brandt");
    open->admins_count = 2;
    open->clerk_key = cty_bytes_text(sample_vkey("clerk", CTY_KEY_ED25519));
    open->log_key = cty_bytes_text(sample_vkey("log", CTY_KEY_ED25519));
    open->party = CTY_LITERAL("operator");
    open->policy = CTY_LITERAL("{\"admin_quorum\":2,\"rules\":["
                               "{\"effect\":\"deny\",\"match\":{\"action\":\"delete-*\"}},"
                               "{\"effect\":\"pass\",\"match\":{\"priority\":\"low\"}}]}");
    open->readers = CTY_READERS_MEMBERS;
}

void sample_party_enrol_fill(struct sample *sample, const struct sample *before)
{
    struct cty_party_enrol *enrol = &sample->statement.u.party_enrol;
    (void)before;
    sample_signer(sample, "operator/ada");
    sample_signer(sample, "operator/otto");
    sample_signer(sample, "acme/alice");
    sample_signer(sample, "acme/bob");
    admin_set(sample, &enrol->admins[0], "acme/alice", "admins/0/name", "Alice Moreau");
    admin_set(sample, &enrol->admins[1], "acme/bob", "admins/1/name", "Bob Tanaka");
    enrol->admins_count = 2;
    enrol->party = CTY_LITERAL("acme");
}

void sample_actor_enrol_fill(struct sample *sample, const struct sample *before)
{
    struct cty_enrolment *enrolment = &sample->statement.u.actor_enrol.enrolment;
    (void)before;
    sample_signer(sample, "acme/carol");
    sample_signer(sample, "acme/alice");
    sample_signer(sample, "acme/bob");
    person_set(sample, enrolment, "acme/carol", "enrolment/name", "Carol Ng");
    sample_name_put(&enrolment->roles, "approver");
    enrolment->valid_from = sample->statement.time;
    enrolment->valid_until = sample->statement.time + 365 * SAMPLE_DAY;
}

void sample_actor_revoke_fill(struct sample *sample, const struct sample *before)
{
    struct cty_actor_revoke *revoke = &sample->statement.u.actor_revoke;
    (void)before;
    sample_signer(sample, "acme/alice");
    sample_signer(sample, "acme/bob");
    revoke->actor = CTY_LITERAL("acme/worker");
    revoke->key = cty_bytes_text(sample_vkey("acme/worker", CTY_KEY_ED25519));
    revoke->reason = sample_some(sample_commit(sample, "reason", "The machine that held this key was stolen."));
    revoke->since = sample->statement.time - 2 * SAMPLE_HOUR;
}

void sample_policy_publish_fill(struct sample *sample, const struct sample *before)
{
    struct cty_policy_publish *publish = &sample->statement.u.policy_publish;
    (void)before;
    sample_signer(sample, "acme/alice");
    sample_signer(sample, "acme/bob");
    publish->policy = CTY_LITERAL(
        "{\"admin_quorum\":2,\"recovery\":{\"quorum\":2,\"roles\":[\"officer\"]},\"rules\":[{\"approvals\":2,\"decide_ms\":14400000,\"distinct_parties\":true,"
        "\"effect\":\"hold\",\"match\":{\"action\":\"refund\",\"agent\":\"acme/*\",\"party\":\"acme\","
        "\"priority\":\"critical\",\"service\":\"payments\"},\"parties\":[\"$requester\",\"globex\"],"
        "\"report_ms\":7200000,\"roles\":[\"approver\"],\"use_ms\":1800000},"
        "{\"approvals\":2,\"consent\":true,\"effect\":\"hold\",\"escalation\":{\"after_ms\":7200000,"
        "\"parties\":[\"$requester\"],\"roles\":[\"manager\"]},\"key_custody\":\"hardware\","
        "\"match\":{\"action\":\"refund\"},\"ordered\":true,\"roles\":[\"reviewer\",\"approver\"],"
        "\"window_ms\":28800000}]}");
    publish->replaces = sample_some(sample_hash("the policy before"));
    publish->scope = CTY_LITERAL("acme");
}

void sample_request_fill(struct sample *sample, const struct sample *before)
{
    struct cty_statement *statement = &sample->statement;
    struct cty_request *request = &statement->u.request;
    (void)before;
    sample_signer(sample, "acme/refund-agent");
    statement->links = CTY_LITERAL("[{\"sha256\":\"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\","
                                   "\"type\":\"a2a.task\"}]");
    request->action = CTY_LITERAL("refund");
    sample_name_put(&request->behalf, "acme/alice");
    request->executor = CTY_LITERAL("acme/refund-agent");
    request->expires = statement->time + 2 * SAMPLE_DAY;
    request->facts = CTY_LITERAL("{\"amount\":\"129.00\",\"currency\":\"EUR\","
                                 "\"first_refund\":true,\"order.age_days\":12}");
    request->parent = (struct cty_parent){true, sample_hash("the parent's verdict"), sample_hash("the parent case")};
    request->payload = sample_commit(sample, "payload",
                                     "{\"amount\":\"129.00\",\"currency\":\"EUR\",\"order\":\"A-1001\"}");
    request->priority = CTY_PRIORITY_NORMAL;
    sample_name_put(&request->readers, "globex/auditor");
    request->schema = sample_some(sample_commit(sample, "schema",
                                              "{\"required\":[\"amount\",\"order\"],\"type\":\"object\"}"));
    request->service = CTY_LITERAL("payments");
    request->state = sample_some(sample_commit(sample, "state", "{\"step\":4}"));
}

/* Rule 2 of the policy, as it stands for this case. */
static void clause_set(struct cty_clause *clause, uint64_t time)
{
    clause->approvals = 2;
    clause->escalation.present = true;
    clause->escalation.at = time + 2 * SAMPLE_HOUR;
    sample_name_put(&clause->escalation.parties, "acme");
    sample_name_put(&clause->escalation.roles, "manager");
    clause->key_custody = CTY_KEY_HARDWARE;
    clause->ordered = true;
    sample_name_put(&clause->parties, "acme");
    sample_name_put(&clause->roles, "reviewer");
    sample_name_put(&clause->roles, "approver");
    clause->scope = CTY_LITERAL("acme");
    clause->window_ms = 8 * SAMPLE_HOUR;
}

void sample_verdict_fill(struct sample *sample, const struct sample *before)
{
    struct cty_statement *statement = &sample->statement;
    struct cty_verdict *verdict = &statement->u.verdict;
    const struct sample *request = &before[CTY_REQUEST];
    sample_signer(sample, "clerk");
    statement->case_id = request->digest;
    statement->after = request->digest;
    verdict->decide_by = statement->time + SAMPLE_DAY;
    verdict->effect = CTY_HOLD;
    verdict->executor = request->statement.u.request.executor;
    verdict->holds[0] = request->statement.u.request.payload;
    verdict->holds[1] = request->statement.u.request.schema.hash;
    verdict->holds[2] = request->statement.u.request.state.hash;
    verdict->holds_count = 3;
    sample_bits("instance", "1", verdict->instance);
    verdict->payload = request->statement.u.request.payload;
    verdict->policies[0] = (struct cty_policy_ref){.digest = before[CTY_LEDGER_OPEN].digest,
                                                   .scope = CTY_LITERAL("ledger")};
    verdict->policies[1] = (struct cty_policy_ref){.digest = before[CTY_POLICY_PUBLISH].digest, .rule = 2,
                                                   .scope = CTY_LITERAL("acme")};
    verdict->policies_count = 2;
    clause_set(&verdict->quorum[0], statement->time);
    verdict->quorum_count = 1;
    verdict->report_ms = SAMPLE_DAY;
    verdict->use_ms = SAMPLE_HOUR;
}

void sample_patch_fill(struct sample *sample, const struct sample *before)
{
    struct cty_patch *patch = &sample->statement.u.patch;
    sample_case(sample, "acme/bob", before, CTY_VERDICT);
    patch->base = before[CTY_REQUEST].statement.u.request.payload;
    patch->facts = CTY_LITERAL("{\"amount\":\"99.00\",\"currency\":\"EUR\","
                               "\"first_refund\":true,\"order.age_days\":12}");
    patch->operations = sample_commit(sample, "operations",
                                      "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":\"99.00\"}]");
    patch->reason = sample_some(sample_commit(sample, "reason", "Shipping is not refunded."));
    patch->result = sample_commit(sample, "result", "{\"amount\":\"99.00\",\"currency\":\"EUR\",\"order\":\"A-1001\"}");
}

void sample_decision_fill(struct sample *sample, const struct sample *before)
{
    struct cty_decision *decision = &sample->statement.u.decision;
    const struct cty_verdict *verdict = &before[CTY_VERDICT].statement.u.verdict;
    sample_case(sample, "acme/carol", before, CTY_VERDICT);
    decision->choice = CTY_APPROVE;
    decision->expires = verdict->decide_by;
    memcpy(decision->instance, verdict->instance, sizeof(decision->instance));
    decision->method = CTY_METHOD_CLI;
    decision->payload = verdict->payload;
    decision->previous = sample_some(sample_hash("the reviewer's approval"));
    decision->reason = sample_some(sample_commit(sample, "reason", "The parcel came back undamaged."));
    decision->shown = sample_some(sample_commit(sample, "shown", "Refund 129.00 EUR for order A-1001"));
    sample_name_put(&decision->travels, "globex");
}

void sample_release_fill(struct sample *sample, const struct sample *before)
{
    struct cty_release *release = &sample->statement.u.release;
    const struct cty_verdict *verdict = &before[CTY_VERDICT].statement.u.verdict;
    sample_case(sample, "clerk", before, CTY_DECISION);
    release->decisions[0] = before[CTY_DECISION].statement.u.decision.previous.hash;
    release->decisions[1] = before[CTY_DECISION].digest;
    release->decisions_count = 2;
    release->executor = verdict->executor;
    memcpy(release->instance, verdict->instance, sizeof(release->instance));
    release->payload = verdict->payload;
    release->report_ms = verdict->report_ms;
    release->use_by = sample->statement.time + verdict->use_ms;
}

void sample_consume_fill(struct sample *sample, const struct sample *before)
{
    struct cty_consume *consume = &sample->statement.u.consume;
    sample_case(sample, "acme/refund-agent", before, CTY_RELEASE);
    consume->gate = (struct cty_gate){true, CTY_LITERAL("globex.payments"), CTY_LITERAL("n-20260101-0042")};
    consume->payload = before[CTY_RELEASE].statement.u.release.payload;
}

void sample_outcome_fill(struct sample *sample, const struct sample *before)
{
    struct cty_outcome_report *outcome = &sample->statement.u.outcome;
    sample_case(sample, "acme/refund-agent", before, CTY_RELEASE);
    outcome->outcome = CTY_OUTCOME_FULFILLED;
    outcome->result = sample_some(sample_commit(sample, "result", "{\"refund\":\"R-77\"}"));
}

void sample_cancel_fill(struct sample *sample, const struct sample *before)
{
    sample_case(sample, "acme/refund-agent", before, CTY_VERDICT);
    sample->statement.u.cancel.reason = sample_some(sample_commit(sample, "reason", "The customer kept the goods."));
}

/* A note by the log and two witnesses, whose keys are made as the published ones are; cosigned a second and two behind it. */
static const char witnessed[] =
    "Y3VzdG9keS5leGFtcGxlL2RldgoxNgpUYllES1kvVk1DaHVDdlVicVlCWjBldEE1MzlhU2VqQXhYT3RrZ1JuWnpJPQoK4oCUIGN1"
    "c3RvZHkuZXhhbXBsZS9kZXYgYmpiaWN3Mzd0WWQxeUZkc25MVmhVZFNjZkNHRUc3akMvMHlNMmlrUXZsYk1XTDJ6aVdnekFNNUx5"
    "clBxRnBZUGhQRkRTc0I4YTNIVXdtbXpUZnVHeHZVUGVBVT0K4oCUIHdpdG5lc3MuZXhhbXBsZS93MSA3L3JTQ3dBQUFBQnBWY25o"
    "NHRnSkNRc2pQUUpZbkNnaHBUWDRySERhSXNrck1kazVqQzkwV2JNamVjOStmS3NSNzhTY3B2K0xTUnRmVjZaOWVKZW1NRVkzUTVM"
    "SDFuQzBFMm5pQ2c9PQrigJQgd2l0bmVzcy5leGFtcGxlL3cyIGEva1ZkUUFBQUFCcFZjbmlaaTV0cWZlcUN3SnNmRm9DZFpla2Mw"
    "ZFhrdXpydFFvTndkZ01rUG5iaDdSaG83aTdGRkd2ZFY4ZjZWZ0tMRmc0elo1WVdrY2xBaE9vZCtLcXpQRmVCdz09Cg==";

void sample_expiry_fill(struct sample *sample, const struct sample *before)
{
    sample_case(sample, "clerk", before, CTY_RELEASE);
    sample->statement.time = before[CTY_RELEASE].statement.u.release.use_by + 1;
    sample->statement.until = sample->statement.time;
    sample->statement.u.expiry.silence = CTY_SILENCE_UNUSED;
    sample->statement.u.expiry.witnessed = cty_bytes_text(witnessed);
}
