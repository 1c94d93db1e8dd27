/* SPDX-License-Identifier: Apache-2.0 */
#include "escrow/record.h"

#include "model/shape_rows.h"

const char *const cty_case_state_names[] = {"JUDGED-NEXT", "HELD",    "RELEASE-NEXT", "RELEASED",  "CONSUMED",
                                            "REFUSED",     "REJECTED", "EXPIRED",      "LAPSED",    "CANCELLED",
                                            "FULFILLED",   "FAILED",   "UNKNOWN",      "UNREPORTED", NULL};
static const char *const follow_names[] = {"none", "verdict", "release", NULL};

const char *const cty_offer_state_names[] = {"open", "accepted", "declined", "withdrawn", NULL};
static const char *const consent_state_names[] = {"none", "wanted", "refused", "given", NULL};

/* Lists of bare names, hashes and ids. */
#define TEXTS(S, member, label, grammar, most)                                                         \
    {.name = label, .kind = CTY_FIELD_TEXT, .flags = CTY_LIST, .offset = offsetof(S, member),          \
     .count_offset = offsetof(S, member##_count), .stride = sizeof(struct cty_bytes), .list_max = (most),\
     .text = CTY_TEXT_##grammar}
#define IDS(S, member, label, most)                                                                    \
    {.name = label, .kind = CTY_FIELD_BITS128, .flags = CTY_LIST, .offset = offsetof(S, member),       \
     .count_offset = offsetof(S, member##_count), .stride = sizeof(struct cty_person_id), .list_max = (most)}

/* A list that is left out where it is empty, as it is in nearly every record. */
#define OPT_OBJECTS(S, member, label, sub, most)                                                       \
    {.name = label, .kind = CTY_FIELD_OBJECT, .flags = CTY_LIST | CTY_OPTIONAL, .offset = offsetof(S, member), \
     .count_offset = offsetof(S, member##_count), .stride = sizeof(((S *)0)->member[0]), .list_min = 1,  \
     .list_max = (most), .shape = &(sub)}
#define OPT_HASHES(S, member, label, most)                                                             \
    {.name = label, .kind = CTY_FIELD_HASH, .flags = CTY_LIST | CTY_OPTIONAL, .offset = offsetof(S, member), \
     .count_offset = offsetof(S, member##_count), .stride = sizeof(struct cty_hash), .list_min = 1, .list_max = (most)}

#define LE struct cty_ledger_record
static const struct cty_field ledger_fields[] = {
    U64(LE, admin_quorum, "admin_quorum"),
    TEXT(LE, clerk_key, "clerk_key", VKEY),
    OPT_BOOL(LE, closed, "closed"),
    ENUM(LE, follow, "follow", follow_names),
    OPT_HASH(LE, follow_case, "follow_case"),
    HASH(LE, last, "last"),
    TEXT(LE, log_key, "log_key", VKEY),
    OPT_U64(LE, log_rotations, "log_rotations"),
    TEXT(LE, operator_party, "operator", PARTY),
    TEXT(LE, origin, "origin", ORIGIN),
    HASH(LE, policy, "policy"),
    ENUM(LE, readers, "readers", cty_readers_names),
    U64(LE, size, "size"),
    U64(LE, time, "time"),
    HASH(LE, trust, "trust"),
};
const struct cty_shape cty_shape_ledger_record = CTY_SHAPE(ledger_fields);

#define PA struct cty_party_record
static const struct cty_field party_fields[] = {
    U64(PA, admin_quorum, "admin_quorum"),
    U64(PA, admins, "admins"),
    TEXT(PA, name, "name", PARTY),
    OPT_HASH(PA, policy, "policy"),
    OPT_U64(PA, recovery_quorum, "recovery_quorum"),
    OPT_NAMES(PA, recovery_roles, "recovery_roles", ROLE, CTY_RULE_ROLES_MAX),
};
const struct cty_shape cty_shape_party_record = CTY_SHAPE(party_fields);

#define FO struct cty_former_key
static const struct cty_field former_fields[] = {
    OPT_BOOL(FO, hardware, "hardware"),
    TEXT(FO, key, "key", VKEY),
    OPT_BOOL(FO, revoked, "revoked"),
    OPT_U64(FO, revoked_since, "revoked_since"),
    U64(FO, until, "until"),
};
static const struct cty_shape former_shape = CTY_SHAPE(former_fields);

#define AC struct cty_actor_record
static const struct cty_field actor_fields[] = {
    HASH(AC, digest, "digest"),
    OBJECT(AC, enrolment, "enrolment", cty_shape_enrolment),
    OPT_OBJECTS(AC, former, "former", former_shape, CTY_ROTATIONS_MAX),
    U64(AC, index, "index"),
    OPT_BOOL(AC, recovered, "recovered"),
    OPT_U64(AC, revoked_index, "revoked_index"),
    OPT_U64(AC, revoked_since, "revoked_since"),
    U64(AC, vouchers, "vouchers"),
};
const struct cty_shape cty_shape_actor_record = CTY_SHAPE(actor_fields);

#define DE struct cty_case_decision
static const struct cty_field decision_fields[] = {
    TEXT(DE, actor, "actor", ACTOR),
    HASH(DE, digest, "digest"),
    OPT_U64(DE, escalated, "escalated"),
    U64(DE, expires, "expires"),
    BITS(DE, person, "person"),
    OPT_U64(DE, rotation, "rotation"),
    U64(DE, time, "time"),
    OPT_NAMES(DE, travels, "travels", READER, CTY_READERS_MAX),
};
static const struct cty_shape decision_shape = CTY_SHAPE(decision_fields);

#define OF struct cty_case_offer
static const struct cty_field case_offer_fields[] = {
    HASH(OF, digest, "digest"),
    U64(OF, expires, "expires"),
    U64(OF, index, "index"),
    OPT_HASH(OF, obligations, "obligations"),
    HASH(OF, payload, "payload"),
    OPT_U64(OF, rotation, "rotation"),
    OBJECT(OF, scope, "scope", cty_shape_scope),
    ENUM(OF, state, "state", cty_offer_state_names),
    U64(OF, time, "time"),
    TEXT(OF, to, "to", READER),
};
static const struct cty_shape case_offer_shape = CTY_SHAPE(case_offer_fields);

#define HO struct cty_case_hop
static const struct cty_field hop_fields[] = {
    U64(HO, accepted, "accepted"),     TEXT(HO, from, "from", ACTOR),   HASH(HO, offer, "offer"),
    U64(HO, offered, "offered"),       OPT_U64(HO, rotation, "rotation"), TEXT(HO, to, "to", ACTOR),
};
static const struct cty_shape hop_shape = CTY_SHAPE(hop_fields);

#define CA struct cty_case
static const struct cty_field case_fields[] = {
    TEXT(CA, action, "action", WORD),
    TEXTS(CA, ancestry, "ancestry", ACTOR, CTY_ANCESTRY_MAX),
    HASH(CA, anchor, "anchor"),
    U64(CA, anchor_index, "anchor_index"),
    HASH(CA, cause, "cause"),
    OPT_ENUM(CA, consent, "consent", consent_state_names),
    OPT_HASH(CA, consume, "consume"),
    OPT_U64(CA, decide_by, "decide_by"),
    OBJECTS(CA, decisions, "decisions", decision_shape, 0, CTY_DECISIONS_MAX),
    OPT_U64(CA, escalated, "escalated"),
    U64(CA, expires, "expires"),
    OPT_BOOL(CA, finalised, "finalised"),
    OPT_BOOL(CA, handed, "handed"),
    TEXT(CA, holder, "holder", ACTOR),
    HASHES(CA, holds, "holds", CTY_BLOBS_PER_STATEMENT_MAX),
    OPT_OBJECTS(CA, hops, "hops", hop_shape, CTY_HOPS_MAX),
    OPT_BITS(CA, instance, "instance"),
    HASH(CA, last, "last"),
    OPT_BOOL(CA, late, "late"),
    OPT_U64(CA, level, "level"),
    OPT_OBJECT(CA, offer, "offer", case_offer_shape),
    U64(CA, opened, "opened"),
    OPT_HASH(CA, parent, "parent"),
    TEXT(CA, party, "party", PARTY),
    HASH(CA, payload, "payload"),
    HASH(CA, payload_at, "payload_at"),
    IDS(CA, persons, "persons", CTY_ANCESTRY_MAX),
    ENUM(CA, priority, "priority", cty_priority_names),
    OPT_HASHES(CA, questions, "questions", CTY_QUESTIONS_MAX),
    OBJECTS(CA, quorum, "quorum", cty_shape_clause, 0, CTY_POLICIES_MAX),
    NAMES(CA, readers, "readers", READER, 0, CTY_READERS_MAX),
    OPT_HASH(CA, release, "release"),
    OPT_U64(CA, report_by, "report_by"),
    OPT_U64(CA, report_ms, "report_ms"),
    TEXT(CA, requester, "requester", ACTOR),
    U64(CA, revision, "revision"),
    OPT_OBJECT(CA, scope, "scope", cty_shape_scope),
    TEXT(CA, service, "service", WORD),
    TEXTS(CA, signers, "signers", ACTOR, CTY_DECISIONS_MAX),
    ENUM(CA, state, "state", cty_case_state_names),
    OPT_U64(CA, talk, "talk"),
    OPT_U64(CA, use_by, "use_by"),
    OPT_U64(CA, use_ms, "use_ms"),
};
const struct cty_shape cty_shape_case = CTY_SHAPE(case_fields);

static const struct cty_field id_fields[] = {
    HASH(struct cty_id_record, digest, "digest"),
    U64(struct cty_id_record, index, "index"),
};
const struct cty_shape cty_shape_id_record = CTY_SHAPE(id_fields);

static const struct cty_field key_fields[] = {
    TEXT(struct cty_key_record, name, "name", LINE),
    TEXT(struct cty_key_record, use, "use", WORD),
};
const struct cty_shape cty_shape_key_record = CTY_SHAPE(key_fields);

static const struct cty_field person_fields[] = {
    TEXT(struct cty_person_record, party, "party", PARTY),
};
const struct cty_shape cty_shape_person_record = CTY_SHAPE(person_fields);

static const struct cty_field author_fields[] = {
    IDS(struct cty_author_record, persons, "persons", CTY_SIGNERS_MAX),
};
const struct cty_shape cty_shape_author_record = CTY_SHAPE(author_fields);

custody_err cty_record_decode(const struct cty_shape *shape, struct cty_bytes text, struct cty_json *tape,
                              void *ret_record, custody_error *error)
{
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    custody_err err = cty_json_scan(tape, CTY_JSON_STRICT, limits, text, error);
    if (err == CUSTODY_OK)
        err = cty_shape_decode(shape, NULL, tape, &tape->nodes[0], ret_record, error);
    if (err == CUSTODY_OK || err == CUSTODY_E_NO_MEMORY)
        return err;
    return cty_fail(error, CUSTODY_E_INTERNAL, "a record is not of its form");
}

#define BEFORE_DECISIONS offsetof(struct cty_case, decisions)
#define BEHIND_DECISIONS offsetof(struct cty_case, decisions_count)

void cty_case_clear(struct cty_case *the_case)
{
    memset(the_case, 0, BEFORE_DECISIONS);
    memset((char *)the_case + BEHIND_DECISIONS, 0, sizeof(*the_case) - BEHIND_DECISIONS);
}

void cty_case_copy(struct cty_case *ret_case, const struct cty_case *the_case)
{
    memcpy(ret_case, the_case, BEFORE_DECISIONS + the_case->decisions_count * sizeof(the_case->decisions[0]));
    memcpy((char *)ret_case + BEHIND_DECISIONS, (const char *)the_case + BEHIND_DECISIONS,
           sizeof(*the_case) - BEHIND_DECISIONS);
}

/* Which state a deadline leads to, and which deadline it is. */
enum cty_case_state cty_case_state_at(const struct cty_case *the_case, uint64_t time)
{
    if (time <= cty_case_due(the_case))
        return (enum cty_case_state)the_case->state;
    if (the_case->state == CTY_CASE_HELD)
        return CTY_CASE_EXPIRED;
    if (the_case->state == CTY_CASE_RELEASED)
        return CTY_CASE_LAPSED;
    if (the_case->state == CTY_CASE_CONSUMED)
        return CTY_CASE_UNREPORTED;
    return (enum cty_case_state)the_case->state;
}

uint64_t cty_case_due(const struct cty_case *the_case)
{
    if (the_case->state == CTY_CASE_HELD)
        return the_case->decide_by;
    if (the_case->state == CTY_CASE_RELEASED)
        return the_case->use_by;
    if (the_case->state == CTY_CASE_CONSUMED)
        return the_case->report_by;
    return 0;
}

bool cty_case_is_final(enum cty_case_state state)
{
    return state >= CTY_CASE_REFUSED;
}

uint64_t cty_case_escalated_at(const struct cty_case *the_case, uint64_t time)
{
    uint64_t bits = the_case->escalated;
    for (uint32_t i = 0; i < the_case->quorum_count; i++) {
        const struct cty_escalation *escalation = &the_case->quorum[i].escalation;
        if (escalation->present && escalation->at != 0 && time > escalation->at)
            bits |= (uint64_t)1 << i;
    }
    return bits;
}

bool cty_case_offer_open(const struct cty_case *the_case, uint64_t time)
{
    const struct cty_case_offer *offer = &the_case->offer;
    return offer->present && offer->state == CTY_OFFER_OPEN && time <= offer->expires;
}

bool cty_signed_by_thief(const struct cty_actor_record *actor, uint64_t rotation, uint64_t time)
{
    if (actor->revoked_index != 0 && actor->revoked_since <= time)
        return true;
    if (rotation >= actor->former_count)
        return false;
    const struct cty_former_key *former = &actor->former[rotation];
    return former->revoked && former->revoked_since <= time;
}

bool cty_case_is_ancestor(const struct cty_case *c, const uint8_t person[16])
{
    for (uint32_t i = 0; i < c->persons_count; i++) {
        if (memcmp(c->persons[i].bits, person, 16) == 0)
            return true;
    }
    return false;
}
