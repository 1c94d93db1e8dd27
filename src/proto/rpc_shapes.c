/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters and results of all methods: the same tables as in spec/wire.md. */
#include "proto/rpc_shapes.h"

#include "model/shape_rows.h"

const char *const cty_service_state_names[] = {"serving", "read-only", "clock", "stopped", "closed",
                                             "witnesses", "behind", NULL};
const char *const cty_witness_state_names[] = {"ok", "behind", "silent", "refuses", "conflict", NULL};
static const char *const mine_names[] = {"any", "requester", "holder", "decide", "offered", NULL};

/* In messages 0 and false may be said as well as left out. */
#define MAY_U64(S, member, label, most)                                                                \
    {.name = label, .kind = CTY_FIELD_U64, .flags = CTY_OPTIONAL | CTY_ZERO, .offset = offsetof(S, member), \
     .max = (most)}
#define MAY_BOOL(S, member, label)                                                                     \
    {.name = label, .kind = CTY_FIELD_BOOL, .flags = CTY_OPTIONAL | CTY_ZERO, .offset = offsetof(S, member)}
#define MAY_ENUM(S, member, label, words)                                                              \
    {.name = label, .kind = CTY_FIELD_ENUM, .flags = CTY_OPTIONAL, .offset = offsetof(S, member), .names = (words)}
#define MAY_U64S(S, member, label, most)                                                               \
    {.name = label, .kind = CTY_FIELD_U64, .flags = CTY_LIST | CTY_OPTIONAL, .offset = offsetof(S, member), \
     .count_offset = offsetof(S, member##_count), .stride = sizeof(uint64_t), .list_max = (most)}
#define BOOL(S, member, label) {.name = label, .kind = CTY_FIELD_BOOL, .offset = offsetof(S, member)}
#define TEXTS(S, member, label, grammar, most)                                                         \
    {.name = label, .kind = CTY_FIELD_TEXT, .flags = CTY_LIST, .offset = offsetof(S, member),          \
     .count_offset = offsetof(S, member##_count), .stride = sizeof(struct cty_bytes), .list_max = (most), \
     .text = CTY_TEXT_##grammar}
#define OPT_TEXTS(S, member, label, grammar, most)                                                     \
    {.name = label, .kind = CTY_FIELD_TEXT, .flags = CTY_LIST | CTY_OPTIONAL, .offset = offsetof(S, member), \
     .count_offset = offsetof(S, member##_count), .stride = sizeof(struct cty_bytes), .list_max = (most), \
     .text = CTY_TEXT_##grammar}
#define OPT_OBJECTS(S, member, label, sub, most)                                                       \
    {.name = label, .kind = CTY_FIELD_OBJECT, .flags = CTY_LIST | CTY_OPTIONAL, .offset = offsetof(S, member), \
     .count_offset = offsetof(S, member##_count), .stride = sizeof(((S *)0)->member[0]), .list_max = (most), \
     .shape = &(sub)}

static custody_err check_array(const struct cty_json *json, const struct cty_json_node *node, custody_error *error)
{
    (void)json;
    if (node->kind != CTY_JSON_ARRAY)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "a list is not an array");
    return CUSTODY_OK;
}

static custody_err check_object(const struct cty_json *json, const struct cty_json_node *node, custody_error *error)
{
    (void)json;
    if (node->kind != CTY_JSON_OBJECT)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "a record is not an object");
    return CUSTODY_OK;
}

/* Parameters. */

#define P struct cty_rpc_params
static const struct cty_field session_fields[] = {
    OPT_HASH(P, session, "session"),
};
const struct cty_shape cty_shape_rpc_session = CTY_SHAPE(session_fields);

#define BL struct cty_rpc_blob
static const struct cty_field blob_fields[] = {
    OPT_TEXT(BL, content, "content", ANY),
    TEXT(BL, member, "member", WORD),
    OPT_TEXT(BL, salt, "salt", ANY),
    MAY_BOOL(BL, staged, "staged"),
};
static const struct cty_shape blob_shape = CTY_SHAPE(blob_fields);

static const struct cty_field p_session_open[] = {
    TEXT(P, u.session_open.envelope, "envelope", ANY),
};
static const struct cty_field p_submit[] = {
    OPT_OBJECTS(P, u.submit.blobs, "blobs", blob_shape, CTY_BLOBS_PER_STATEMENT_MAX),
    TEXT(P, u.submit.envelope, "envelope", ANY),
};
static const struct cty_field p_checkpoint[] = {
    MAY_U64(P, u.checkpoint.min_size, "min_size", CTY_NUMBER_MAX),
    MAY_BOOL(P, u.checkpoint.witnessed, "witnessed"),
};
static const struct cty_field p_witness_add[] = {
    TEXT(P, u.witness_add.body, "body", ANY),
};
static const struct cty_field p_witness_checkpoint[] = {
    TEXT(P, u.witness_checkpoint.origin, "origin", ANY),
};
static const struct cty_field p_proof_inclusion[] = {
    U64(P, u.proof_inclusion.index, "index"),
    MAY_U64(P, u.proof_inclusion.size, "size", CTY_NUMBER_MAX),
    MAY_BOOL(P, u.proof_inclusion.witnessed, "witnessed"),
};
static const struct cty_field p_proof_consistency[] = {
    U64(P, u.proof_consistency.from, "from"),
    U64(P, u.proof_consistency.to, "to"),
};
static const struct cty_field p_tile[] = {
    TEXT(P, u.tile.path, "path", WORD),
};
static const struct cty_field p_entries[] = {
    MAY_U64(P, u.entries.count, "count", CTY_ENTRIES_PER_ANSWER_MAX),
    U64(P, u.entries.from, "from"),
};
static const struct cty_field p_case_get[] = {
    HASH(P, u.case_get.case_id, "case"),
};
static const struct cty_field p_case_list[] = {
    MAY_U64(P, u.case_list.after, "after", CTY_NUMBER_MAX),
    OPT_TEXT(P, u.case_list.holder, "holder", ACTOR),
    MAY_U64(P, u.case_list.limit, "limit", CTY_LIST_MAX),
    MAY_ENUM(P, u.case_list.mine, "mine", mine_names),
    OPT_TEXTS(P, u.case_list.state, "state", WORD, CTY_RPC_STATES_MAX),
};
static const struct cty_field p_case_news[] = {
    U64(P, u.case_news.known, "known"),
    MAY_U64(P, u.case_news.limit, "limit", CTY_LIST_MAX),
    MAY_ENUM(P, u.case_news.mine, "mine", mine_names),
    MAY_U64(P, u.case_news.timeout_ms, "timeout_ms", CTY_WAIT_MS_MAX),
};
static const struct cty_field p_case_wait[] = {
    HASH(P, u.case_wait.case_id, "case"),
    U64(P, u.case_wait.known, "known"),
    MAY_U64(P, u.case_wait.timeout_ms, "timeout_ms", CTY_WAIT_MS_MAX),
};
static const struct cty_field p_case_entries[] = {
    HASH(P, u.case_entries.case_id, "case"),
    MAY_U64(P, u.case_entries.from, "from", CTY_NUMBER_MAX),
};
static const struct cty_field p_trust_entries[] = {
    MAY_U64(P, u.trust_entries.count, "count", CTY_ENTRIES_PER_ANSWER_MAX),
    MAY_U64(P, u.trust_entries.from, "from", CTY_NUMBER_MAX),
};
static const struct cty_field p_actors[] = {
    OPT_TEXT(P, u.actors.after, "after", ACTOR),
    MAY_U64(P, u.actors.limit, "limit", CTY_LIST_MAX),
    OPT_TEXT(P, u.actors.party, "party", PARTY),
};
static const struct cty_field p_policy[] = {
    TEXT(P, u.policy.scope, "scope", SCOPE),
};
static const struct cty_field p_blob_get[] = {
    OPT_HASH(P, u.blob_get.case_id, "case"),
    TEXT(P, u.blob_get.member, "member", WORD),
    HASH(P, u.blob_get.statement, "statement"),
};
static const struct cty_field p_blob_stage[] = {
    HASH(P, u.blob_stage.commitment, "commitment"),
    TEXT(P, u.blob_stage.content, "content", ANY),
    TEXT(P, u.blob_stage.salt, "salt", ANY),
};

/* Results. */

#define R union cty_rpc_result
static const struct cty_field r_info[] = {
    TEXT(R, info.checkpoint, "checkpoint", ANY),
    TEXT(R, info.clerk_key, "clerk_key", VKEY),
    BOOL(R, info.development, "development"),
    TEXTS(R, info.doors, "doors", URL, CTY_DOORS_MAX),
    TEXT(R, info.ledger, "ledger", ORIGIN),
    TEXT(R, info.log_key, "log_key", VKEY),
    ENUM(R, info.readers, "readers", cty_readers_names),
    TEXT(R, info.reason, "reason", ANY),
    MAY_U64S(R, info.rotations, "rotations", CTY_ROTATIONS_PER_ANSWER_MAX),
    U64(R, info.size, "size"),
    ENUM(R, info.state, "state", cty_service_state_names),
    U64(R, info.time, "time"),
    TEXT(R, info.version, "version", LINE),
};
static const struct cty_field r_session_challenge[] = {
    U64(R, session_challenge.expires, "expires"),
    BITS(R, session_challenge.server_nonce, "server_nonce"),
};
static const struct cty_field r_session_open[] = {
    TEXT(R, session_open.actor, "actor", ACTOR),
    U64(R, session_open.expires, "expires"),
    HASH(R, session_open.session, "session"),
};

#define RC struct cty_rpc_receipt
static const struct cty_field receipt_fields[] = {
    TEXT(RC, entry, "entry", ANY),
    U64(RC, index, "index"),
    TEXT(RC, receipt, "receipt", ANY),
};
static const struct cty_shape receipt_shape = CTY_SHAPE(receipt_fields);

static const struct cty_field r_submit[] = {
    HASH(R, submit.digest, "digest"),
    BOOL(R, submit.duplicate, "duplicate"),
    TEXT(R, submit.own.entry, "entry", ANY),
    OPT_OBJECTS(R, submit.follow, "follow", receipt_shape, CTY_RPC_FOLLOW_MAX),
    U64(R, submit.own.index, "index"),
    TEXT(R, submit.own.receipt, "receipt", ANY),
};
static const struct cty_field r_checkpoint[] = {
    TEXT(R, checkpoint.checkpoint, "checkpoint", ANY),
    U64(R, checkpoint.size, "size"),
};
static const struct cty_field r_proof_inclusion[] = {
    TEXT(R, proof_inclusion.receipt, "receipt", ANY),
};
static const struct cty_field r_proof_consistency[] = {
    U64(R, proof_consistency.from, "from"),
    TEXTS(R, proof_consistency.hashes, "hashes", ANY, CTY_PROOF_HASHES_MAX),
    HASH(R, proof_consistency.root_from, "root_from"),
    HASH(R, proof_consistency.root_to, "root_to"),
    U64(R, proof_consistency.to, "to"),
};
#define WI struct cty_rpc_witness
static const struct cty_field witness_fields[] = {
    TEXT(WI, detail, "detail", ANY),
    TEXT(WI, key, "key", ANY),
    TEXT(WI, name, "name", ANY),
    U64(WI, size, "size"),
    ENUM(WI, state, "state", cty_witness_state_names),
    U64(WI, time, "time"),
};
static const struct cty_shape witness_shape = CTY_SHAPE(witness_fields);

static const struct cty_field r_witnesses[] = {
    TEXTS(R, witnesses.missing, "missing", ANY, CTY_RPC_WITNESSES_MAX),
    TEXT(R, witnesses.policy, "policy", ANY),
    U64(R, witnesses.quorum_size, "quorum_size"),
    U64(R, witnesses.quorum_time, "quorum_time"),
    OBJECTS(R, witnesses.witnesses, "witnesses", witness_shape, 0, CTY_RPC_WITNESSES_MAX),
};
static const struct cty_field r_tile[] = {
    TEXT(R, tile.content, "content", ANY),
};
static const struct cty_field r_entries[] = {
    TEXT(R, entries.checkpoint, "checkpoint", ANY),
    RAW(R, entries.entries, "entries", check_array),
    U64(R, entries.from, "from"),
    U64(R, entries.size, "size"),
};

#define QU struct cty_rpc_quorum
static const struct cty_field quorum_fields[] = {
    MAY_BOOL(QU, escalated, "escalated"),
    U64(QU, have, "have"),
    U64(QU, needed, "needed"),
    TEXT(QU, scope, "scope", SCOPE),
};
static const struct cty_shape quorum_shape = CTY_SHAPE(quorum_fields);

#define CA struct cty_rpc_case
static const struct cty_field r_case_get[] = {
    RAW(CA, blobs, "blobs", check_array),
    OPT_TEXT(CA, blocked, "blocked", WORD),
    TEXT(CA, checkpoint, "checkpoint", ANY),
    U64(CA, due, "due"),
    RAW(CA, entries, "entries", check_array),
    BOOL(CA, may_decide, "may_decide"),
    MAY_BOOL(CA, offer_open, "offer_open"),
    MAY_BOOL(CA, offered, "offered"),
    OBJECTS(CA, quorum, "quorum", quorum_shape, 0, CTY_POLICIES_MAX),
    RAW(CA, record, "record", check_object),
    TEXT(CA, state, "state", WORD),
};
static const struct cty_field r_case_wait[] = {
    RAW(CA, blobs, "blobs", check_array),
    OPT_TEXT(CA, blocked, "blocked", WORD),
    BOOL(CA, changed, "changed"),
    TEXT(CA, checkpoint, "checkpoint", ANY),
    U64(CA, due, "due"),
    RAW(CA, entries, "entries", check_array),
    BOOL(CA, may_decide, "may_decide"),
    MAY_BOOL(CA, offer_open, "offer_open"),
    MAY_BOOL(CA, offered, "offered"),
    OBJECTS(CA, quorum, "quorum", quorum_shape, 0, CTY_POLICIES_MAX),
    RAW(CA, record, "record", check_object),
    TEXT(CA, state, "state", WORD),
};
static const struct cty_field case_row_fields[] = {
    OPT_TEXT(CA, blocked, "blocked", WORD),
    HASH(CA, case_id, "case"),
    U64(CA, due, "due"),
    BOOL(CA, may_decide, "may_decide"),
    MAY_BOOL(CA, offer_open, "offer_open"),
    MAY_BOOL(CA, offered, "offered"),
    OBJECTS(CA, quorum, "quorum", quorum_shape, 0, CTY_POLICIES_MAX),
    RAW(CA, record, "record", check_object),
    TEXT(CA, state, "state", WORD),
    U64(CA, updated, "updated"),
};
const struct cty_shape cty_shape_rpc_case_row = CTY_SHAPE(case_row_fields);

#define BR struct cty_rpc_blob_ref
static const struct cty_field blob_ref_fields[] = {
    TEXT(BR, member, "member", WORD),
    HASH(BR, statement, "statement"),
};
const struct cty_shape cty_shape_rpc_blob_ref = CTY_SHAPE(blob_ref_fields);

static const struct cty_field r_case_list[] = {
    RAW(R, case_list.cases, "cases", check_array),
    MAY_U64(R, case_list.next, "next", CTY_NUMBER_MAX),
    U64(R, case_list.size, "size"),
};
static const struct cty_field r_case_news[] = {
    RAW(R, case_news.cases, "cases", check_array),
    U64(R, case_news.known, "known"),
};
static const struct cty_field r_case_entries[] = {
    TEXT(R, case_entries.checkpoint, "checkpoint", ANY),
    RAW(R, case_entries.entries, "entries", check_array),
    MAY_U64(R, case_entries.next, "next", CTY_NUMBER_MAX),
    RAW(R, case_entries.trust, "trust", check_array),
};
static const struct cty_field r_trust_entries[] = {
    TEXT(R, trust_entries.checkpoint, "checkpoint", ANY),
    RAW(R, trust_entries.entries, "entries", check_array),
    MAY_U64(R, trust_entries.next, "next", CTY_NUMBER_MAX),
};
static const struct cty_field r_actors[] = {
    RAW(R, actors.actors, "actors", check_array),
    OPT_TEXT(R, actors.next, "next", ACTOR),
};
static const struct cty_field r_policy[] = {
    OPT_HASH(R, policy.digest, "digest"),
    OPT_RAW(R, policy.policy, "policy", check_object),
};
static const struct cty_field r_witness_add[] = {
    TEXT(R, witness_add.body, "body", ANY),
    U64(R, witness_add.status, "status"),
};
static const struct cty_field r_witness_checkpoint[] = {
    TEXT(R, witness_checkpoint.checkpoint, "checkpoint", ANY),
};
static const struct cty_field r_blob_get[] = {
    TEXT(R, blob_get.content, "content", ANY),
    TEXT(R, blob_get.salt, "salt", ANY),
};

/* The shapes of tables named p_ and r_; what has no members has no table. */
#define NOTHING {NULL, 0}
static const struct cty_shape params_shapes[CTY_RPC_COUNT] = {
    [CTY_RPC_INFO] = NOTHING,
    [CTY_RPC_SESSION_CHALLENGE] = NOTHING,
    [CTY_RPC_SESSION_OPEN] = CTY_SHAPE(p_session_open),
    [CTY_RPC_SESSION_CLOSE] = NOTHING,
    [CTY_RPC_SUBMIT] = CTY_SHAPE(p_submit),
    [CTY_RPC_CHECKPOINT] = CTY_SHAPE(p_checkpoint),
    [CTY_RPC_PROOF_INCLUSION] = CTY_SHAPE(p_proof_inclusion),
    [CTY_RPC_PROOF_CONSISTENCY] = CTY_SHAPE(p_proof_consistency),
    [CTY_RPC_TILE] = CTY_SHAPE(p_tile),
    [CTY_RPC_WITNESSES] = NOTHING,
    [CTY_RPC_ENTRIES] = CTY_SHAPE(p_entries),
    [CTY_RPC_CASE_GET] = CTY_SHAPE(p_case_get),
    [CTY_RPC_CASE_LIST] = CTY_SHAPE(p_case_list),
    [CTY_RPC_CASE_NEWS] = CTY_SHAPE(p_case_news),
    [CTY_RPC_CASE_WAIT] = CTY_SHAPE(p_case_wait),
    [CTY_RPC_CASE_ENTRIES] = CTY_SHAPE(p_case_entries),
    [CTY_RPC_TRUST_ENTRIES] = CTY_SHAPE(p_trust_entries),
    [CTY_RPC_ACTORS] = CTY_SHAPE(p_actors),
    [CTY_RPC_POLICY] = CTY_SHAPE(p_policy),
    [CTY_RPC_BLOB_GET] = CTY_SHAPE(p_blob_get),
    [CTY_RPC_BLOB_STAGE] = CTY_SHAPE(p_blob_stage),
    [CTY_RPC_WITNESS_ADD] = CTY_SHAPE(p_witness_add),
    [CTY_RPC_WITNESS_CHECKPOINT] = CTY_SHAPE(p_witness_checkpoint),
};
static const struct cty_shape result_shapes[CTY_RPC_COUNT] = {
    [CTY_RPC_INFO] = CTY_SHAPE(r_info),
    [CTY_RPC_SESSION_CHALLENGE] = CTY_SHAPE(r_session_challenge),
    [CTY_RPC_SESSION_OPEN] = CTY_SHAPE(r_session_open),
    [CTY_RPC_SESSION_CLOSE] = NOTHING,
    [CTY_RPC_SUBMIT] = CTY_SHAPE(r_submit),
    [CTY_RPC_CHECKPOINT] = CTY_SHAPE(r_checkpoint),
    [CTY_RPC_PROOF_INCLUSION] = CTY_SHAPE(r_proof_inclusion),
    [CTY_RPC_PROOF_CONSISTENCY] = CTY_SHAPE(r_proof_consistency),
    [CTY_RPC_TILE] = CTY_SHAPE(r_tile),
    [CTY_RPC_WITNESSES] = CTY_SHAPE(r_witnesses),
    [CTY_RPC_ENTRIES] = CTY_SHAPE(r_entries),
    [CTY_RPC_CASE_GET] = CTY_SHAPE(r_case_get),
    [CTY_RPC_CASE_LIST] = CTY_SHAPE(r_case_list),
    [CTY_RPC_CASE_NEWS] = CTY_SHAPE(r_case_news),
    [CTY_RPC_CASE_WAIT] = CTY_SHAPE(r_case_wait),
    [CTY_RPC_CASE_ENTRIES] = CTY_SHAPE(r_case_entries),
    [CTY_RPC_TRUST_ENTRIES] = CTY_SHAPE(r_trust_entries),
    [CTY_RPC_ACTORS] = CTY_SHAPE(r_actors),
    [CTY_RPC_POLICY] = CTY_SHAPE(r_policy),
    [CTY_RPC_BLOB_GET] = CTY_SHAPE(r_blob_get),
    [CTY_RPC_BLOB_STAGE] = NOTHING,
    [CTY_RPC_WITNESS_ADD] = CTY_SHAPE(r_witness_add),
    [CTY_RPC_WITNESS_CHECKPOINT] = CTY_SHAPE(r_witness_checkpoint),
};

static const struct cty_rpc_method methods[CTY_RPC_COUNT] = {
#define CTY_RPC(name, text, access)                                                            \
    [CTY_RPC_##name] = {text, CTY_RPC_##access, &params_shapes[CTY_RPC_##name], &result_shapes[CTY_RPC_##name]},
#include "proto/methods.def"
#undef CTY_RPC
};

const struct cty_rpc_method *cty_rpc_method(enum cty_rpc rpc)
{
    CTY_CHECK((unsigned)rpc < CTY_RPC_COUNT);
    return &methods[rpc];
}

custody_err cty_rpc_find(struct cty_bytes name, enum cty_rpc *ret_rpc)
{
    for (int rpc = 0; rpc < CTY_RPC_COUNT; rpc++) {
        if (cty_bytes_is(name, methods[rpc].name)) {
            *ret_rpc = (enum cty_rpc)rpc;
            return CUSTODY_OK;
        }
    }
    return CUSTODY_E_METHOD_UNKNOWN;
}
