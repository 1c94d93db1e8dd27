/* SPDX-License-Identifier: Apache-2.0 */
#include "samples.h"

static void enrolment_strip(struct cty_enrolment *enrolment)
{
    enrolment->name.present = false;
    enrolment->person.present = false;
    enrolment->key_custody = CTY_KEY_SELF;
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
    verdict->consent = false;
    verdict->decide_by = 0;
    verdict->effect = CTY_DENY;
    verdict->holds_count = verdict->policies_count = verdict->quorum_count = verdict->travelled_count = 0;
}

static void decision_strip(struct cty_decision *decision)
{
    decision->previous.present = decision->reason.present = decision->shown.present = false;
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
        statement.u.actor_revoke.key = cty_bytes_make(NULL, 0);
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
    case CTY_ACTOR_ROTATE:
        statement.u.actor_rotate.reason.present = false;
        statement.u.actor_rotate.sealing_key = cty_bytes_make(NULL, 0);
        break;
    case CTY_CUSTODIAN_ROTATE:
        statement.u.custodian_rotate.reason.present = false;
        break;
    case CTY_LEDGER_CLOSE:
        statement.u.ledger_close.reason.present = false;
        break;
    case CTY_CONSENT:
        statement.u.consent.reason.present = false;
        break;
    case CTY_OFFER:
        statement.u.offer.context.present = statement.u.offer.obligations.present = false;
        statement.u.offer.deposit.present = statement.u.offer.previous.present = false;
        break;
    case CTY_ACCEPT:
        statement.u.accept.obligations.present = false;
        break;
    case CTY_DECLINE:
        statement.u.decline.reason.present = false;
        break;
    case CTY_WITHDRAW:
        statement.u.withdraw.reason.present = false;
        break;
    case CTY_FINALISE:
        statement.u.finalise.reason.present = false;
        break;
    case CTY_QUESTION:
    case CTY_ANSWER:
    case CTY_EXPIRY:
    case CTY_TYPE_COUNT:
        break;
    }
    return statement;
}
