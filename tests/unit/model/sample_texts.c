/* SPDX-License-Identifier: Apache-2.0 */
#include "samples_inner.h"

#define HOUR ((uint64_t)3600 * 1000)
#define DAY (24 * HOUR)

static void names_put(struct cty_names *names, const char *name)
{
    names->names[names->count++] = cty_bytes_text(name);
}

static struct cty_opt_hash some_hash(struct cty_hash hash)
{
    return (struct cty_opt_hash){hash, true};
}

/* A person as enrolled; `member` is where its name stands in the statement. */
static void person_set(struct sample *sample, struct cty_enrolment *person, const char *actor, const char *member,
                       const char *name)
{
    person->actor = cty_bytes_text(actor);
    person->key = cty_bytes_text(sample_vkey(actor, CTY_KEY_ED25519));
    person->sealing_key = cty_bytes_text(sample_vkey(actor, CTY_KEY_X25519));
    person->kind = CTY_PERSON;
    person->name = some_hash(sample_commit(sample, member, name));
    sample_bits("person", actor, person->person.bits);
    person->person.present = true;
}

static void admin_set(struct sample *sample, struct cty_enrolment *admin, const char *actor, const char *member,
                      const char *name)
{
    person_set(sample, admin, actor, member, name);
    names_put(&admin->roles, "admin");
    names_put(&admin->roles, "approver");
}

static void ledger_open_fill(struct sample *sample)
{
    struct cty_ledger_open *open = &sample->statement.u.ledger_open;
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

static void party_enrol_fill(struct sample *sample)
{
    struct cty_party_enrol *enrol = &sample->statement.u.party_enrol;
    sample_signer(sample, "operator/ada");
    sample_signer(sample, "operator/otto");
    sample_signer(sample, "acme/alice");
    sample_signer(sample, "acme/bob");
    admin_set(sample, &enrol->admins[0], "acme/alice", "admins/0/name", "Alice Moreau");
    admin_set(sample, &enrol->admins[1], "acme/bob", "admins/1/name", "Bob Tanaka");
    enrol->admins_count = 2;
    enrol->party = CTY_LITERAL("acme");
}

static void actor_enrol_fill(struct sample *sample)
{
    struct cty_enrolment *enrolment = &sample->statement.u.actor_enrol.enrolment;
    sample_signer(sample, "acme/carol");
    sample_signer(sample, "acme/alice");
    sample_signer(sample, "acme/bob");
    person_set(sample, enrolment, "acme/carol", "enrolment/name", "Carol Ng");
    names_put(&enrolment->roles, "approver");
    enrolment->valid_from = sample->statement.time;
    enrolment->valid_until = sample->statement.time + 365 * DAY;
}

static void actor_revoke_fill(struct sample *sample)
{
    struct cty_actor_revoke *revoke = &sample->statement.u.actor_revoke;
    sample_signer(sample, "acme/alice");
    sample_signer(sample, "acme/bob");
    revoke->actor = CTY_LITERAL("acme/worker");
    revoke->reason = some_hash(sample_commit(sample, "reason", "The machine that held the key was stolen."));
    revoke->since = sample->statement.time - 2 * HOUR;
}

static void policy_publish_fill(struct sample *sample)
{
    struct cty_policy_publish *publish = &sample->statement.u.policy_publish;
    sample_signer(sample, "acme/alice");
    sample_signer(sample, "acme/bob");
    publish->policy = CTY_LITERAL(
        "{\"admin_quorum\":2,\"rules\":[{\"approvals\":2,\"decide_ms\":14400000,\"distinct_parties\":true,"
        "\"effect\":\"hold\",\"match\":{\"action\":\"refund\",\"agent\":\"acme/*\",\"party\":\"acme\","
        "\"priority\":\"critical\",\"service\":\"payments\"},\"parties\":[\"$requester\",\"globex\"],"
        "\"report_ms\":7200000,\"roles\":[\"approver\"],\"use_ms\":1800000},{\"approvals\":1,\"effect\":\"hold\","
        "\"match\":{\"action\":\"refund\"},\"roles\":[\"approver\"]}]}");
    publish->replaces = some_hash(sample_hash("the policy before"));
    publish->scope = CTY_LITERAL("acme");
}

static void request_fill(struct sample *sample)
{
    struct cty_statement *statement = &sample->statement;
    struct cty_request *request = &statement->u.request;
    sample_signer(sample, "acme/refund-agent");
    statement->links = CTY_LITERAL("[{\"sha256\":\"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\","
                                   "\"type\":\"a2a.task\"}]");
    request->action = CTY_LITERAL("refund");
    names_put(&request->behalf, "acme/alice");
    request->executor = CTY_LITERAL("acme/refund-agent");
    request->expires = statement->time + 2 * DAY;
    request->facts = CTY_LITERAL("{\"amount\":\"129.00\",\"currency\":\"EUR\","
                                 "\"first_refund\":true,\"order.age_days\":12}");
    request->parent = (struct cty_parent){true, sample_hash("the parent's verdict"), sample_hash("the parent case")};
    request->payload = sample_commit(sample, "payload",
                                     "{\"amount\":\"129.00\",\"currency\":\"EUR\",\"order\":\"A-1001\"}");
    request->priority = CTY_PRIORITY_NORMAL;
    names_put(&request->readers, "globex/auditor");
    request->schema = some_hash(sample_commit(sample, "schema",
                                              "{\"required\":[\"amount\",\"order\"],\"type\":\"object\"}"));
    request->service = CTY_LITERAL("payments");
    request->state = some_hash(sample_commit(sample, "state", "{\"step\":4}"));
}

static void clause_set(struct cty_clause *clause, const char *scope)
{
    clause->approvals = 1;
    names_put(&clause->parties, "acme");
    names_put(&clause->roles, "approver");
    clause->scope = cty_bytes_text(scope);
}

static void verdict_fill(struct sample *sample, const struct sample *before)
{
    struct cty_statement *statement = &sample->statement;
    struct cty_verdict *verdict = &statement->u.verdict;
    const struct sample *request = &before[CTY_REQUEST];
    sample_signer(sample, "clerk");
    statement->case_id = request->digest;
    statement->after = request->digest;
    verdict->decide_by = statement->time + DAY;
    verdict->effect = CTY_HOLD;
    verdict->executor = request->statement.u.request.executor;
    verdict->holds[0] = request->statement.u.request.payload;
    verdict->holds[1] = request->statement.u.request.schema.hash;
    verdict->holds[2] = request->statement.u.request.state.hash;
    verdict->holds_count = 3;
    sample_bits("instance", "1", verdict->instance);
    verdict->payload = request->statement.u.request.payload;
    verdict->policies[0] = (struct cty_policy_ref){before[CTY_LEDGER_OPEN].digest, 0, CTY_LITERAL("ledger")};
    verdict->policies[1] = (struct cty_policy_ref){before[CTY_POLICY_PUBLISH].digest, 2, CTY_LITERAL("acme")};
    verdict->policies_count = 2;
    clause_set(&verdict->quorum[0], "acme");
    verdict->quorum_count = 1;
    verdict->report_ms = DAY;
    verdict->use_ms = HOUR;
}

/* What joins the case, signed by `signer`, after the statement `after`. */
static void case_set(struct sample *sample, const char *signer, const struct sample *before, enum cty_type after)
{
    sample_signer(sample, signer);
    sample->statement.case_id = before[CTY_REQUEST].digest;
    sample->statement.after = before[after].digest;
}

static void patch_fill(struct sample *sample, const struct sample *before)
{
    struct cty_patch *patch = &sample->statement.u.patch;
    case_set(sample, "acme/bob", before, CTY_VERDICT);
    patch->base = before[CTY_REQUEST].statement.u.request.payload;
    patch->facts = CTY_LITERAL("{\"amount\":\"99.00\",\"currency\":\"EUR\","
                               "\"first_refund\":true,\"order.age_days\":12}");
    patch->operations = sample_commit(sample, "operations",
                                      "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":\"99.00\"}]");
    patch->reason = some_hash(sample_commit(sample, "reason", "Shipping is not refunded."));
    patch->result = sample_commit(sample, "result", "{\"amount\":\"99.00\",\"currency\":\"EUR\",\"order\":\"A-1001\"}");
}

static void decision_fill(struct sample *sample, const struct sample *before)
{
    struct cty_decision *decision = &sample->statement.u.decision;
    const struct cty_verdict *verdict = &before[CTY_VERDICT].statement.u.verdict;
    case_set(sample, "acme/carol", before, CTY_VERDICT);
    decision->choice = CTY_APPROVE;
    decision->expires = verdict->decide_by;
    memcpy(decision->instance, verdict->instance, sizeof(decision->instance));
    decision->method = CTY_METHOD_CLI;
    decision->payload = verdict->payload;
    decision->reason = some_hash(sample_commit(sample, "reason", "The parcel came back undamaged."));
    decision->shown = some_hash(sample_commit(sample, "shown", "Refund 129.00 EUR for order A-1001"));
    names_put(&decision->travels, "globex");
}

static void release_fill(struct sample *sample, const struct sample *before)
{
    struct cty_release *release = &sample->statement.u.release;
    const struct cty_verdict *verdict = &before[CTY_VERDICT].statement.u.verdict;
    case_set(sample, "clerk", before, CTY_DECISION);
    release->decisions[0] = before[CTY_DECISION].digest;
    release->decisions_count = 1;
    release->executor = verdict->executor;
    memcpy(release->instance, verdict->instance, sizeof(release->instance));
    release->payload = verdict->payload;
    release->report_ms = verdict->report_ms;
    release->use_by = sample->statement.time + verdict->use_ms;
}

static void consume_fill(struct sample *sample, const struct sample *before)
{
    struct cty_consume *consume = &sample->statement.u.consume;
    case_set(sample, "acme/refund-agent", before, CTY_RELEASE);
    consume->gate = (struct cty_gate){true, CTY_LITERAL("globex.payments"), CTY_LITERAL("n-20260101-0042")};
    consume->payload = before[CTY_RELEASE].statement.u.release.payload;
}

static void outcome_fill(struct sample *sample, const struct sample *before)
{
    struct cty_outcome_report *outcome = &sample->statement.u.outcome;
    case_set(sample, "acme/refund-agent", before, CTY_RELEASE);
    outcome->outcome = CTY_OUTCOME_FULFILLED;
    outcome->result = some_hash(sample_commit(sample, "result", "{\"refund\":\"R-77\"}"));
}

static void cancel_fill(struct sample *sample, const struct sample *before)
{
    case_set(sample, "acme/refund-agent", before, CTY_VERDICT);
    sample->statement.u.cancel.reason = some_hash(sample_commit(sample, "reason", "The customer kept the goods."));
}

static void expiry_fill(struct sample *sample, const struct sample *before)
{
    case_set(sample, "clerk", before, CTY_RELEASE);
    sample->statement.time = before[CTY_RELEASE].statement.u.release.use_by + 1;
    sample->statement.until = sample->statement.time;
    sample->statement.u.expiry.silence = CTY_SILENCE_UNUSED;
}

void sample_fill(struct sample *sample, const struct sample *before)
{
    switch (sample->statement.type) {
    case CTY_LEDGER_OPEN:
        ledger_open_fill(sample);
        return;
    case CTY_PARTY_ENROL:
        party_enrol_fill(sample);
        return;
    case CTY_ACTOR_ENROL:
        actor_enrol_fill(sample);
        return;
    case CTY_ACTOR_REVOKE:
        actor_revoke_fill(sample);
        return;
    case CTY_POLICY_PUBLISH:
        policy_publish_fill(sample);
        return;
    case CTY_REQUEST:
        request_fill(sample);
        return;
    case CTY_VERDICT:
        verdict_fill(sample, before);
        return;
    case CTY_PATCH:
        patch_fill(sample, before);
        return;
    case CTY_DECISION:
        decision_fill(sample, before);
        return;
    case CTY_RELEASE:
        release_fill(sample, before);
        return;
    case CTY_CONSUME:
        consume_fill(sample, before);
        return;
    case CTY_OUTCOME:
        outcome_fill(sample, before);
        return;
    case CTY_CANCEL:
        cancel_fill(sample, before);
        return;
    case CTY_EXPIRY:
        expiry_fill(sample, before);
        return;
    case CTY_TYPE_COUNT:
        break;
    }
    fail_msg("no example for this type");
}

static void enrolment_strip(struct cty_enrolment *enrolment)
{
    enrolment->name.present = false;
    enrolment->person.present = false;
    enrolment->owner = enrolment->sealing_key = cty_bytes_make(NULL, 0);
    enrolment->valid_from = enrolment->valid_until = 0;
    enrolment->roles.count = 0;
}

static void request_strip(struct cty_request *request)
{
    request->behalf.count = request->readers.count = 0;
    request->facts = cty_bytes_make(NULL, 0);
    request->parent.present = request->schema.present = request->state.present = false;
}

static void verdict_strip(struct cty_verdict *verdict)
{
    verdict->decide_by = 0;
    verdict->effect = CTY_DENY;
    verdict->holds_count = verdict->policies_count = verdict->quorum_count = verdict->travelled_count = 0;
}

static void decision_strip(struct cty_decision *decision)
{
    decision->reason.present = decision->shown.present = false;
    decision->travels.count = 0;
}

struct cty_statement sample_minimal(enum cty_type type)
{
    struct cty_statement statement = sample_get(type)->statement;
    statement.links = cty_bytes_make(NULL, 0);
    statement.signers_count = 1;
    switch (type) {
    case CTY_LEDGER_OPEN:
        statement.u.ledger_open.admins_count = 1;
        enrolment_strip(&statement.u.ledger_open.admins[0]);
        statement.u.ledger_open.policy = CTY_LITERAL("{\"admin_quorum\":1,\"rules\":[]}");
        break;
    case CTY_PARTY_ENROL:
        statement.u.party_enrol.admins_count = 1;
        enrolment_strip(&statement.u.party_enrol.admins[0]);
        break;
    case CTY_ACTOR_ENROL:
        enrolment_strip(&statement.u.actor_enrol.enrolment);
        break;
    case CTY_ACTOR_REVOKE:
        statement.u.actor_revoke.reason.present = false;
        break;
    case CTY_POLICY_PUBLISH:
        statement.u.policy_publish.replaces.present = false;
        break;
    case CTY_REQUEST:
        request_strip(&statement.u.request);
        break;
    case CTY_VERDICT:
        verdict_strip(&statement.u.verdict);
        break;
    case CTY_PATCH:
        statement.u.patch.facts = cty_bytes_make(NULL, 0);
        statement.u.patch.reason.present = false;
        break;
    case CTY_DECISION:
        decision_strip(&statement.u.decision);
        break;
    case CTY_RELEASE:
        statement.u.release.decisions_count = 0;
        break;
    case CTY_CONSUME:
        statement.u.consume.gate.present = false;
        break;
    case CTY_OUTCOME:
        statement.u.outcome.result.present = false;
        break;
    case CTY_CANCEL:
        statement.u.cancel.reason.present = false;
        break;
    case CTY_EXPIRY:
    case CTY_TYPE_COUNT:
        break;
    }
    return statement;
}
