/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of the fake custodian: the same shapes as the true one's. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "codec/text.h"
#include "proto/claims.h"
#include "unit/client/fake.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)

static struct cty_bytes note_scrap(struct fake *f)
{
    struct cty_buf *buf = fake_scrap_buf(f, CTY_NOTE_BYTES_MAX);
    fake_note(f, buf);
    return cty_buf_bytes(buf);
}

static bool belongs(const struct cty_signed *statement, const struct cty_hash *case_id)
{
    if (statement->statement.type == CTY_REQUEST)
        return cty_hash_equal(&statement->digest, case_id);
    return (cty_type_flags(statement->statement.type) & CTY_TYPE_CASE) &&
           cty_hash_equal(&statement->statement.case_id, case_id);
}

/* ---- sessions ---- */

static custody_err challenge(struct fake *f, union cty_rpc_result *result)
{
    world_random(f->w, f->nonce, sizeof(f->nonce));
    memcpy(result->session_challenge.server_nonce, f->nonce, sizeof(f->nonce));
    result->session_challenge.expires = f->w->time + 60000;
    return CUSTODY_OK;
}

static custody_err open_session(struct fake *f, const struct cty_rpc_params *params, union cty_rpc_result *result)
{
    struct cty_signed parsed = {.json = CTY_JSON_INIT};
    struct cty_session_claim claim;
    char name[CTY_ACTOR_NAME_BYTES_MAX + 1];
    custody_err err = cty_session_claim_parse(params->u.session_open.envelope, &parsed, &claim, NULL);
    CTY_TRY_OUT(err);
    snprintf(name, sizeof(name), "%.*s", (int)claim.actor.size, (const char *)claim.actor.data);
    const struct cty_secret *secret = world_secret(f->w, name);
    CTY_TRY_OUT(cty_claim_verify(&parsed, cty_secret_name(secret), cty_secret_key(secret)));
    bool right = memcmp(claim.server_nonce, f->nonce, sizeof(f->nonce)) == 0 && cty_bytes_is(claim.door, f->url) &&
                 cty_bytes_is(claim.ledger, WORLD_ORIGIN) && claim.time == f->w->time;
    err = right ? CUSTODY_OK : CUSTODY_E_BAD_SESSION;
    CTY_TRY_OUT(err);
    f->session.present = true;
    f->sessions_opened++;
    world_random(f->w, f->session.hash.bytes, CTY_HASH_SIZE);
    result->session_open.session = f->session.hash;
    result->session_open.actor = fake_scrap(f, claim.actor);
    result->session_open.expires = f->w->time + 1000000;
out:
    cty_signed_done(&parsed);
    return err;
}

static bool has_session(const struct fake *f, const struct cty_rpc_params *params)
{
    return params->session.present && f->session.present && cty_hash_equal(&params->session.hash, &f->session.hash);
}

/* ---- proofs ---- */

static struct cty_bytes receipt_scrap(struct fake *f, uint64_t index, uint64_t size)
{
    struct cty_proof proof;
    struct cty_buf *buf = fake_scrap_buf(f, CTY_NOTE_BYTES_MAX), *note = fake_scrap_buf(f, CTY_NOTE_BYTES_MAX);
    fake_note_at(f, size, note);
    MUST(cty_tree_inclusion(cty_memory_tree(f->tree), index, size, &proof));
    MUST(cty_receipt_format(cty_bytes_make(NULL, 0), index, &proof, cty_buf_bytes(note), buf));
    return cty_buf_bytes(buf);
}

static custody_err inclusion(struct fake *f, const struct cty_rpc_params *params, union cty_rpc_result *result)
{
    uint64_t size = params->u.proof_inclusion.size ? params->u.proof_inclusion.size : f->count;
    if (params->u.proof_inclusion.witnessed && f->witnessed_size)
        size = f->witnessed_size;
    if (params->u.proof_inclusion.witnessed && params->u.proof_inclusion.index >= size)
        return CUSTODY_E_NOT_WITNESSED;
    if (size > f->count || params->u.proof_inclusion.index >= size)
        return CUSTODY_E_NOT_FOUND;
    result->proof_inclusion.receipt = receipt_scrap(f, params->u.proof_inclusion.index, size);
    return CUSTODY_OK;
}

static custody_err consistency(struct fake *f, const struct cty_rpc_params *params, union cty_rpc_result *result)
{
    struct cty_proof proof;
    uint64_t from = params->u.proof_consistency.from, to = params->u.proof_consistency.to;
    if (to > f->count || from > to)
        return CUSTODY_E_NOT_FOUND;
    MUST(cty_tree_consistency(cty_memory_tree(f->tree), from, to, &proof));
    for (size_t i = 0; i < proof.count; i++) {
        struct cty_buf *text = fake_scrap_buf(f, 64);
        MUST(cty_base64_format(cty_hash_bytes(&proof.hashes[i]), text));
        result->proof_consistency.hashes[i] = cty_buf_bytes(text);
    }
    result->proof_consistency.hashes_count = (uint32_t)proof.count;
    result->proof_consistency.from = from;
    result->proof_consistency.to = to;
    MUST(cty_memory_root(f->tree, from, &result->proof_consistency.root_from));
    MUST(cty_memory_root(f->tree, to, &result->proof_consistency.root_to));
    return CUSTODY_OK;
}

/* ---- entries ---- */

enum which { OF_CASE, OF_TRUST, ALL };

/* A raw array of the texts of entries. */
static struct cty_bytes entries_scrap(struct fake *f, enum which which, const struct cty_hash *case_id, uint64_t from,
                                      uint64_t count, uint64_t *ret_count)
{
    struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
    struct cty_buf *buf = fake_scrap_buf(f, CTY_REPLY_BYTES_MAX);
    struct cty_jw jw;
    *ret_count = 0;
    cty_jw_begin(&jw, buf);
    cty_jw_array(&jw);
    for (uint64_t i = from; i < f->count && *ret_count < count; i++) {
        MUST(cty_entry_parse(f->entries[i], &parsed, NULL));
        bool trust = cty_type_class_get(parsed.signed_statement.statement.type) == CTY_CLASS_TRUST;
        bool wanted = which == ALL || (which == OF_TRUST && trust) ||
                      (which == OF_CASE && belongs(&parsed.signed_statement, case_id));
        if (!wanted || (which != ALL && fake_is_hidden(f, i) && !f->late_hide))
            continue;
        cty_jw_string(&jw, f->entries[i]);
        (*ret_count)++;
    }
    cty_jw_array_end(&jw);
    MUST(cty_jw_end(&jw));
    cty_parsed_entry_done(&parsed);
    return cty_buf_bytes(buf);
}

static custody_err case_entries(struct fake *f, const struct cty_rpc_params *params, union cty_rpc_result *result)
{
    uint64_t count;
    result->case_entries.entries =
        entries_scrap(f, OF_CASE, &params->u.case_entries.case_id, params->u.case_entries.from, UINT64_MAX, &count);
    result->case_entries.trust = CTY_LITERAL("[]");
    result->case_entries.checkpoint = note_scrap(f);
    return count ? CUSTODY_OK : CUSTODY_E_WRONG_CASE;
}

static custody_err trust_entries(struct fake *f, const struct cty_rpc_params *params, union cty_rpc_result *result)
{
    uint64_t count;
    result->trust_entries.entries =
        entries_scrap(f, OF_TRUST, NULL, params->u.trust_entries.from, UINT64_MAX, &count);
    result->trust_entries.checkpoint = note_scrap(f);
    return CUSTODY_OK;
}

static custody_err entries(struct fake *f, const struct cty_rpc_params *params, union cty_rpc_result *result)
{
    uint64_t count;
    /* Small pages, so that paging happens. */
    uint64_t most = params->u.entries.count < 5 ? params->u.entries.count : 5;
    result->entries.entries = entries_scrap(f, ALL, NULL, params->u.entries.from, most, &count);
    result->entries.from = params->u.entries.from;
    result->entries.size = f->count;
    result->entries.checkpoint = note_scrap(f);
    return CUSTODY_OK;
}

/* ---- cases ---- */

static struct cty_bytes record_text(struct fake *f, const struct cty_hash *case_id)
{
    char key[CTY_VIEW_KEY_MAX] = "case/";
    cty_hex_write(case_id->bytes, CTY_HASH_SIZE, key + 5);
    return cty_memory_get(f->w->memory, key);
}

static uint64_t newest_index(const struct fake *f, const struct cty_hash *case_id)
{
    struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
    uint64_t newest = 0;
    for (size_t i = 0; i < f->count; i++) {
        MUST(cty_entry_parse(f->entries[i], &parsed, NULL));
        if (belongs(&parsed.signed_statement, case_id) && !(f->pass_over && fake_is_hidden(f, i)))
            newest = i;
    }
    cty_parsed_entry_done(&parsed);
    return newest;
}

static custody_err fill_case(struct fake *f, const struct cty_hash *case_id, struct cty_rpc_case *out)
{
    struct cty_bytes record = record_text(f, case_id);
    if (!record.data)
        return CUSTODY_E_WRONG_CASE;
    out->case_id = *case_id;
    out->record = fake_scrap(f, record);
    out->blobs = CTY_LITERAL("[]");
    struct cty_buf *entries = fake_scrap_buf(f, 64);
    MUST(cty_buf_putf(entries, "[%llu]", (unsigned long long)newest_index(f, case_id)));
    out->entries = cty_buf_bytes(entries);
    out->state = cty_bytes_text(cty_case_state_names[world_state(f->w, case_id)]);
    out->checkpoint = note_scrap(f);
    return CUSTODY_OK;
}

static custody_err case_wait(struct fake *f, const struct cty_rpc_params *params, union cty_rpc_result *result)
{
    const struct cty_hash *case_id = &params->u.case_wait.case_id;
    if (f->no_room)
        return CUSTODY_E_QUOTA;
    bool newer = newest_index(f, case_id) > params->u.case_wait.known;
    if (!newer && f->on_wait) {
        void (*act)(struct fake *) = f->on_wait;
        f->on_wait = NULL;
        act(f);
        fake_follow(f);
        newer = newest_index(f, case_id) > params->u.case_wait.known;
    } else if (!newer) {
        uint64_t ms = params->u.case_wait.timeout_ms < 200 ? params->u.case_wait.timeout_ms : 200;
        const struct timespec time = {0, (long)ms * 1000000};
        nanosleep(&time, NULL);
    }
    result->case_wait.changed = newer;
    return fill_case(f, case_id, &result->case_wait);
}

static custody_err put_row(struct fake *f, struct cty_jw *jw, const struct cty_hash *case_id)
{
    struct cty_rpc_case row = {.case_id = *case_id};
    CTY_TRY(fill_case(f, case_id, &row));
    cty_shape_encode(&cty_shape_rpc_case_row, NULL, &row, jw);
    return CUSTODY_OK;
}

/* One case a page. */
static custody_err case_list(struct fake *f, const struct cty_rpc_params *params, union cty_rpc_result *result)
{
    struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
    struct cty_buf *buf = fake_scrap_buf(f, CTY_REPLY_BYTES_MAX);
    struct cty_jw jw;
    unsigned found = 0;
    cty_jw_begin(&jw, buf);
    cty_jw_array(&jw);
    for (uint64_t i = params->u.case_list.after + 1; i < f->count; i++) {
        MUST(cty_entry_parse(f->entries[i], &parsed, NULL));
        if (parsed.signed_statement.statement.type != CTY_REQUEST)
            continue;
        if (found++ == 0) {
            MUST(put_row(f, &jw, &parsed.signed_statement.digest));
            result->case_list.next = i;
        }
    }
    if (found < 2)
        result->case_list.next = 0;
    cty_jw_array_end(&jw);
    MUST(cty_jw_end(&jw));
    cty_parsed_entry_done(&parsed);
    result->case_list.cases = cty_buf_bytes(buf);
    return CUSTODY_OK;
}

struct actor_list {
    struct fake *f;
    struct cty_jw jw;
    struct cty_bytes after;
    struct cty_bytes least; /* the next name behind `after` */
    struct cty_bytes text;
    unsigned more;
};

static custody_err pick_actor(void *context, const char *key, struct cty_bytes value)
{
    struct actor_list *list = context;
    if (strncmp(key, "actor/", 6) != 0)
        return CUSTODY_OK;
    struct cty_bytes name = cty_bytes_text(key + 6);
    if (list->after.data && cty_bytes_compare(name, list->after) <= 0)
        return CUSTODY_OK;
    list->more++;
    if (list->least.data && cty_bytes_compare(name, list->least) >= 0)
        return CUSTODY_OK;
    list->least = fake_scrap(list->f, name);
    list->text = fake_scrap(list->f, value);
    return CUSTODY_OK;
}

/* One actor a page. */
static custody_err actors(struct fake *f, const struct cty_rpc_params *params, union cty_rpc_result *result)
{
    struct actor_list list = {.f = f, .after = params->u.actors.after};
    struct cty_buf *buf = fake_scrap_buf(f, CTY_REPLY_BYTES_MAX);
    MUST(cty_memory_each(f->w->memory, pick_actor, &list));
    cty_jw_begin(&list.jw, buf);
    cty_jw_array(&list.jw);
    if (list.text.data)
        cty_jw_raw(&list.jw, list.text);
    cty_jw_array_end(&list.jw);
    MUST(cty_jw_end(&list.jw));
    result->actors.actors = cty_buf_bytes(buf);
    if (list.more > 1)
        result->actors.next = list.least;
    return CUSTODY_OK;
}

/* ---- contents ---- */

static struct cty_bytes base64_scrap(struct fake *f, struct cty_bytes bytes)
{
    struct cty_buf *buf = fake_scrap_buf(f, CTY_MESSAGE_BYTES_MAX);
    MUST(cty_base64_format(bytes, buf));
    return cty_buf_bytes(buf);
}

static custody_err blob_get(struct fake *f, const struct cty_rpc_params *params, union cty_rpc_result *result)
{
    bool is_payload = cty_bytes_is(params->u.blob_get.member, "payload") ||
                      cty_bytes_is(params->u.blob_get.member, "result");
    for (size_t i = 0; i < f->w->blobs_count && !f->no_payload; i++) {
        const struct world_blob *blob = &f->w->blobs[i];
        if (!cty_hash_equal(&blob->statement, &params->u.blob_get.statement) ||
            !cty_bytes_is(params->u.blob_get.member, blob->member))
            continue;
        struct cty_bytes content = f->wrong_payload && is_payload ? cty_bytes_text(f->wrong_payload) : blob->content;
        result->blob_get.content = base64_scrap(f, content);
        result->blob_get.salt = base64_scrap(f, cty_bytes_make(blob->salt, CTY_SALT_SIZE));
        return CUSTODY_OK;
    }
    return CUSTODY_E_NOT_FOUND;
}

static struct world_blob *new_blob(struct world *w, struct cty_bytes content_base64, struct cty_bytes salt_base64)
{
    struct cty_buf content = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    w->blobs = realloc(w->blobs, (w->blobs_count + 1) * sizeof(*w->blobs));
    CTY_CHECK(w->blobs);
    struct world_blob *blob = &w->blobs[w->blobs_count++];
    memset(blob, 0, sizeof(*blob));
    MUST(cty_base64_parse(content_base64, &content));
    MUST(cty_base64_parse_into(salt_base64, blob->salt, CTY_SALT_SIZE));
    size_t size = 0;
    uint8_t *data = cty_buf_take(&content, &size);
    blob->content = cty_bytes_make(data, size);
    return blob;
}

static custody_err blob_stage(struct fake *f, const struct cty_rpc_params *params)
{
    struct world_blob *blob = new_blob(f->w, params->u.blob_stage.content, params->u.blob_stage.salt);
    blob->statement = params->u.blob_stage.commitment;
    snprintf(blob->member, sizeof(blob->member), "staged");
    return CUSTODY_OK;
}

struct staged_of {
    struct world *w;
    struct cty_bytes member;
    struct cty_hash digest;
    bool found;
};

static custody_err take_staged(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct staged_of *of = context;
    for (size_t i = 0; i < of->w->blobs_count && cty_bytes_equal(member, of->member); i++) {
        struct world_blob *blob = &of->w->blobs[i];
        if (strcmp(blob->member, "staged") != 0 || !cty_hash_equal(&blob->statement, hash))
            continue;
        blob->statement = of->digest;
        snprintf(blob->member, sizeof(blob->member), "%.*s", (int)member.size, (const char *)member.data);
        of->found = true;
    }
    return CUSTODY_OK;
}

static custody_err take_blobs(struct fake *f, const struct cty_rpc_params *params, const struct cty_signed *statement)
{
    for (uint32_t i = 0; i < params->u.submit.blobs_count; i++) {
        const struct cty_rpc_blob *given = &params->u.submit.blobs[i];
        struct staged_of of = {.w = f->w, .member = given->member, .digest = statement->digest};
        if (given->staged) {
            MUST(cty_statement_commitments(&statement->statement, take_staged, &of));
            CTY_TRY(of.found ? CUSTODY_OK : CUSTODY_E_BLOB_MISSING);
            continue;
        }
        struct world_blob *blob = new_blob(f->w, given->content, given->salt);
        blob->statement = statement->digest;
        snprintf(blob->member, sizeof(blob->member), "%.*s", (int)given->member.size, (const char *)given->member.data);
    }
    return CUSTODY_OK;
}

/* ---- submit ---- */

static size_t find_digest(const struct fake *f, const struct cty_hash *digest)
{
    struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < f->count && found == SIZE_MAX; i++) {
        MUST(cty_entry_parse(f->entries[i], &parsed, NULL));
        if (cty_hash_equal(&parsed.signed_statement.digest, digest))
            found = i;
    }
    cty_parsed_entry_done(&parsed);
    return found;
}

static struct cty_rpc_receipt receipt_at(struct fake *f, size_t index)
{
    return (struct cty_rpc_receipt){fake_scrap(f, f->entries[index]), index, receipt_scrap(f, index, f->count)};
}

static void add_follow(struct fake *f, size_t index, union cty_rpc_result *result)
{
    struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
    for (size_t i = index + 1; i < f->count && result->submit.follow_count < CTY_RPC_FOLLOW_MAX; i++) {
        MUST(cty_entry_parse(f->entries[i], &parsed, NULL));
        enum cty_type type = parsed.signed_statement.statement.type;
        if (type != CTY_VERDICT && type != CTY_RELEASE)
            break;
        result->submit.follow[result->submit.follow_count++] = receipt_at(f, i);
    }
    cty_parsed_entry_done(&parsed);
}

/* A custodian that takes a second consume, and hangs it where the case ends. */
static custody_err append(struct fake *f, const struct cty_rpc_params *params, const struct cty_signed *statement)
{
    struct cty_bytes envelope = params->u.submit.envelope;
    bool consume = statement->statement.type == CTY_CONSUME;
    if (consume && f->forgive_consume) {
        struct cty_hash last = fake_leaf(f, newest_index(f, &statement->statement.case_id));
        fake_append(f, envelope, &last);
    } else {
        CTY_TRY(world_submit_envelope(f->w, envelope, NULL));
        fake_follow(f);
    }
    f->late_hide = f->late_hide && !consume;
    return CUSTODY_OK;
}

static custody_err submit(struct fake *f, const struct cty_rpc_params *params, union cty_rpc_result *result)
{
    struct cty_signed statement = {.json = CTY_JSON_INIT};
    custody_err err = cty_signed_parse(params->u.submit.envelope, &statement, NULL);
    CTY_TRY_OUT(err);
    size_t index = find_digest(f, &statement.digest);
    result->submit.duplicate = index != SIZE_MAX;
    if (index == SIZE_MAX) {
        CTY_TRY_OUT(append(f, params, &statement));
        CTY_TRY_OUT(take_blobs(f, params, &statement));
        index = find_digest(f, &statement.digest);
    }
    result->submit.digest = statement.digest;
    result->submit.own = receipt_at(f, index);
    add_follow(f, index, result);
out:
    cty_signed_done(&statement);
    return err;
}

/* The clerk's word for a refusal. */
static struct cty_bytes refusal_scrap(struct fake *f, const struct cty_rpc_params *params, custody_err code)
{
    struct cty_signed statement = {.json = CTY_JSON_INIT};
    struct cty_buf *buf = fake_scrap_buf(f, CTY_ENVELOPE_BYTES_MAX);
    struct cty_bytes text = {NULL, 0};
    if (cty_signed_parse(params->u.submit.envelope, &statement, NULL) == CUSTODY_OK) {
        struct cty_refusal refusal = {.code = cty_bytes_text(custody_err_name(code)), .digest = statement.digest,
                                      .ledger = CTY_LITERAL(WORLD_ORIGIN), .time = f->w->time};
        refusal.seen.size = f->count;
        MUST(cty_memory_root(f->tree, f->count, &refusal.seen.root));
        MUST(cty_refusal_sign(&refusal, world_secret(f->w, "clerk"), buf));
        text = cty_buf_bytes(buf);
    }
    cty_signed_done(&statement);
    return text;
}

/* ---- one call ---- */

static custody_err info(struct fake *f, union cty_rpc_result *result)
{
    result->info.checkpoint = note_scrap(f);
    result->info.clerk_key = CTY_LITERAL("clerk");
    result->info.log_key = CTY_LITERAL("log");
    result->info.ledger = CTY_LITERAL(WORLD_ORIGIN);
    result->info.reason = CTY_LITERAL("");
    result->info.version = CTY_LITERAL("fake");
    result->info.size = f->count;
    result->info.time = f->w->time;
    return CUSTODY_OK;
}

static custody_err policy(struct fake *f, const struct cty_rpc_params *params, union cty_rpc_result *result)
{
    (void)f;
    if (!cty_bytes_is(params->u.policy.scope, "ledger"))
        return CUSTODY_OK;
    result->policy.policy = CTY_LITERAL("{\"admin_quorum\":2,\"rules\":[]}");
    result->policy.digest.present = true;
    return CUSTODY_OK;
}

static custody_err checkpoint(struct fake *f, const struct cty_rpc_params *params, union cty_rpc_result *result)
{
    bool older = params->u.checkpoint.witnessed && f->witnessed_size;
    struct cty_buf *note = fake_scrap_buf(f, CTY_NOTE_BYTES_MAX);
    result->checkpoint.size = older ? f->witnessed_size : f->count;
    if (older && params->u.checkpoint.min_size > result->checkpoint.size)
        return CUSTODY_E_NOT_WITNESSED;
    fake_note_at(f, result->checkpoint.size, note);
    result->checkpoint.checkpoint = cty_buf_bytes(note);
    return CUSTODY_OK;
}

static custody_err dispatch(struct fake *f, const struct cty_rpc_call *call, union cty_rpc_result *result)
{
    switch (call->rpc) {
    case CTY_RPC_INFO:
        return info(f, result);
    case CTY_RPC_SESSION_CHALLENGE:
        return challenge(f, result);
    case CTY_RPC_SESSION_OPEN:
        return open_session(f, &call->params, result);
    case CTY_RPC_SESSION_CLOSE:
        f->session.present = false;
        return CUSTODY_OK;
    case CTY_RPC_SUBMIT:
        return submit(f, &call->params, result);
    case CTY_RPC_CHECKPOINT:
        return checkpoint(f, &call->params, result);
    case CTY_RPC_PROOF_INCLUSION:
        return inclusion(f, &call->params, result);
    case CTY_RPC_PROOF_CONSISTENCY:
        return consistency(f, &call->params, result);
    case CTY_RPC_ENTRIES:
        return entries(f, &call->params, result);
    case CTY_RPC_CASE_GET:
        return fill_case(f, &call->params.u.case_get.case_id, &result->case_get);
    case CTY_RPC_CASE_LIST:
        return case_list(f, &call->params, result);
    case CTY_RPC_CASE_WAIT:
        return case_wait(f, &call->params, result);
    case CTY_RPC_CASE_ENTRIES:
        return case_entries(f, &call->params, result);
    case CTY_RPC_TRUST_ENTRIES:
        return trust_entries(f, &call->params, result);
    case CTY_RPC_ACTORS:
        return actors(f, &call->params, result);
    case CTY_RPC_POLICY:
        return policy(f, &call->params, result);
    case CTY_RPC_BLOB_GET:
        return blob_get(f, &call->params, result);
    case CTY_RPC_BLOB_STAGE:
        return blob_stage(f, &call->params);
    case CTY_RPC_WITNESSES:
        return CUSTODY_OK; /* it has none */
    case CTY_RPC_CASE_NEWS: /* no client asks it, as the next one */
    case CTY_RPC_TILE:
    case CTY_RPC_WITNESS_ADD:
    case CTY_RPC_WITNESS_CHECKPOINT:
    case CTY_RPC_COUNT:
        break;
    }
    return CUSTODY_E_METHOD_UNKNOWN;
}

static custody_err answer(struct fake *f, const struct cty_rpc_call *call, union cty_rpc_result *result)
{
    bool needs = cty_rpc_method(call->rpc)->access != CTY_RPC_OPEN;
    f->calls[call->rpc]++;
    if (f->busies) {
        f->busies--;
        return CUSTODY_E_BUSY;
    }
    if (needs && !has_session(f, &call->params))
        return CUSTODY_E_NO_SESSION;
    CTY_TRY(dispatch(f, call, result));
    if (f->tamper)
        f->tamper(f, call->rpc, result);
    return CUSTODY_OK;
}

static void put_answer(struct fake *f, const struct cty_rpc_call *call, struct cty_rpc_answers *answers)
{
    union cty_rpc_result *result = cty_alloc(1, sizeof(*result));
    CTY_CHECK(result);
    custody_err err = answer(f, call, result);
    struct cty_rpc_failure failure = {.code = err, .detail = cty_bytes_text(f->w->error.detail)};
    if (err == CUSTODY_E_BUSY)
        failure.retry_after_ms = 10;
    else if (err != CUSTODY_OK && call->rpc == CTY_RPC_SUBMIT)
        failure.refusal = refusal_scrap(f, &call->params, err);
    /* What a test made of the result may be no text any more. */
    if (err == CUSTODY_OK) {
        err = cty_rpc_answers_put_result(answers, &call->id, call->rpc, result);
        failure.code = CUSTODY_E_BAD_RPC;
    }
    if (err != CUSTODY_OK)
        MUST(cty_rpc_answers_put_failure(answers, &call->id, &failure));
    free(result);
}

void fake_handle(struct fake *f, struct cty_bytes message, struct cty_buf *reply, bool *ret_drop)
{
    struct cty_rpc_message opened = {.json = CTY_JSON_INIT};
    struct cty_rpc_answers answers;
    struct cty_rpc_call *call = cty_alloc(1, sizeof(*call));
    CTY_CHECK(call);
    MUST(cty_rpc_open(&opened, message, CTY_CALL_NODES_MAX, NULL));
    MUST(cty_rpc_answers_begin(&answers, opened.batch, reply));
    for (const struct cty_json_node *item = cty_rpc_first(&opened); item; item = cty_rpc_next(&opened, item)) {
        MUST(cty_rpc_call_read(&opened, item, call, NULL));
        put_answer(f, call, &answers);
    }
    MUST(cty_rpc_answers_end(&answers));
    *ret_drop = f->drops > 0;
    f->drops -= f->drops ? 1 : 0;
    cty_rpc_done(&opened);
    free(call);
}
