/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a flood's ledger, and the messages that they sign: acme floods, globex/quiet doesn't. */
#include "flood.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"
#include "proto/claims.h"
#include "wire.h"

#define CONTENT "{\"amount\":100,\"customer\":\"c-20417\",\"order\":\"o-1\",\"reason\":\"damaged in transit\"}"
#define POOL_BYTES_MAX ((size_t)1024 * 1024 * 1024)

/* ---- statements ---- */

/* One salt for all that is staged: it is told by the id anyway, and nothing here is a secret. */
static const uint8_t staged_salt[CTY_SALT_SIZE] = {7};

static void begin(struct cty_statement *st, const struct cty_seen *seen, const struct cty_secret *secret)
{
    st->ledger = CTY_LITERAL(HOUSE_ORIGIN);
    cty_random(st->id, sizeof(st->id));
    st->time = wall_ms();
    st->until = st->time + 3600000;
    st->seen = *seen;
    st->signers[0] = cty_secret_name(secret);
    st->signers_count = 1;
}

static void fill(struct cty_statement *st, const struct flood_request *request, const uint8_t *salt)
{
    struct cty_request *body = &st->u.request;
    st->type = CTY_REQUEST;
    begin(st, request->seen, request->secret);
    if (request->staged_id)
        memcpy(st->id, request->staged_id, sizeof(st->id));
    body->service = CTY_LITERAL("billing");
    body->action = cty_bytes_text(request->action);
    body->priority = CTY_PRIORITY_NORMAL;
    body->executor = st->signers[0];
    body->expires = st->time + 3600000;
    body->payload =
        cty_commitment(st->ledger, st->signers[0], st->id, CTY_LITERAL("payload"), salt, request->content);
}

static void put_staged(struct cty_buf *out, struct cty_bytes envelope)
{
    struct cty_rpc_params params = {.u.submit = {.envelope = envelope, .blobs_count = 1}};
    params.u.submit.blobs[0] = (struct cty_rpc_blob){.member = CTY_LITERAL("payload"), .staged = true};
    flood_put_call(out, CTY_RPC_SUBMIT, &params);
}

void flood_put(struct cty_buf *out, const struct flood_request *request)
{
    struct cty_statement *st = cty_alloc(1, sizeof(*st));
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_content content = {.member = CTY_LITERAL("payload"), .content = request->content};
    const struct cty_secret *signer = request->forger ? request->forger : request->secret;
    must_be(st != NULL);
    cty_random(content.salt, sizeof(content.salt));
    fill(st, request, request->staged_id ? staged_salt : content.salt);
    must(cty_statement_sign(st, &signer, 1, &envelope, NULL));
    if (request->staged_id)
        put_staged(out, cty_buf_bytes(&envelope));
    else
        wire_put_submit(out, cty_buf_bytes(&envelope), &content, 1);
    cty_buf_done(&envelope);
    free(st);
}

void flood_put_lost_consume(struct cty_buf *out, const struct cty_seen *seen, const struct cty_secret *secret)
{
    struct cty_statement *st = cty_alloc(1, sizeof(*st));
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    must_be(st != NULL);
    st->type = CTY_CONSUME;
    begin(st, seen, secret);
    cty_random(st->case_id.bytes, CTY_HASH_SIZE);
    cty_random(st->after.bytes, CTY_HASH_SIZE);
    cty_random(st->u.consume.payload.bytes, CTY_HASH_SIZE);
    must(cty_statement_sign(st, &secret, 1, &envelope, NULL));
    wire_put_submit(out, cty_buf_bytes(&envelope), NULL, 0);
    cty_buf_done(&envelope);
    free(st);
}

/* As many rules as there may be, with the longest words: none of them matches anything. */
static void put_large_policy(struct cty_buf *out)
{
    char word[CTY_GLOB_BYTES_MAX + 1] = {0};
    memset(word, 'x', CTY_GLOB_BYTES_MAX);
    must(cty_buf_put_text(out, "{\"admin_quorum\":1,\"rules\":["));
    for (unsigned i = 0; i < CTY_RULES_MAX; i++)
        must(cty_buf_putf(out, "%s{\"effect\":\"deny\",\"match\":{\"action\":\"%s\",\"agent\":\"%s\",\"party\":\"%s\",\"service\":"
                          "\"%s\"}}", i ? "," : "", word, word, word, word));
    must(cty_buf_put_text(out, "]}"));
}

void flood_put_large_policy(struct cty_buf *out, const struct cty_seen *seen, const struct cty_secret *secret)
{
    struct cty_statement *st = cty_alloc(1, sizeof(*st));
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX), policy = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    must_be(st != NULL);
    put_large_policy(&policy);
    st->type = CTY_POLICY_PUBLISH;
    begin(st, seen, secret);
    st->u.policy_publish.policy = cty_buf_bytes(&policy);
    st->u.policy_publish.scope = CTY_LITERAL("acme");
    must(cty_statement_sign(st, &secret, 1, &envelope, NULL));
    wire_put_submit(out, cty_buf_bytes(&envelope), NULL, 0);
    cty_buf_done(&policy);
    cty_buf_done(&envelope);
    free(st);
}

void flood_put_call(struct cty_buf *out, enum cty_rpc rpc, const struct cty_rpc_params *params)
{
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = 1}, .rpc = rpc};
    if (params)
        call.params = *params;
    must(cty_rpc_call_write(&call, out));
}

void flood_put_stage(struct cty_buf *out, const struct cty_hash *session, const struct cty_secret *secret,
                     const uint8_t id[static 16], struct cty_bytes content)
{
    struct cty_rpc_params params = {.session = {*session, true}};
    struct cty_buf memory = CTY_BUF_INIT(2 * CTY_BLOB_BYTES_MAX);
    must(cty_base64_format(cty_bytes_make(staged_salt, sizeof(staged_salt)), &memory));
    size_t salt_size = memory.size;
    must(cty_base64_format(content, &memory));
    params.u.blob_stage.salt = cty_bytes_make(memory.data, salt_size);
    params.u.blob_stage.content = cty_bytes_make(memory.data + salt_size, memory.size - salt_size);
    params.u.blob_stage.commitment = cty_commitment(CTY_LITERAL(HOUSE_ORIGIN), cty_secret_name(secret), id,
                                                    CTY_LITERAL("payload"), staged_salt, content);
    flood_put_call(out, CTY_RPC_BLOB_STAGE, &params);
    cty_buf_done(&memory);
}

void flood_put_claim(struct cty_buf *out, const struct house *h, const struct cty_secret *secret,
                     const uint8_t nonce[static 16])
{
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_session_claim claim = {.actor = cty_secret_name(secret), .door = cty_bytes_text(h->url),
                                      .ledger = CTY_LITERAL(HOUSE_ORIGIN), .time = wall_ms()};
    memcpy(claim.server_nonce, nonce, sizeof(claim.server_nonce));
    cty_random(claim.client_nonce, sizeof(claim.client_nonce));
    must(cty_session_claim_sign(&claim, secret, &envelope));
    struct cty_rpc_params params = {.u.session_open.envelope = cty_buf_bytes(&envelope)};
    flood_put_call(out, CTY_RPC_SESSION_OPEN, &params);
    cty_buf_done(&envelope);
}

/* ---- the pool ---- */

struct cty_bytes flood_pool_at(const struct flood_pool *pool, size_t index)
{
    size_t from = index ? pool->ends[index - 1] : 0;
    return cty_bytes_make(pool->text.data + from, pool->ends[index] - from);
}

void flood_keep(struct flood_pool *pool, struct cty_bytes text)
{
    if (pool->count == pool->room) {
        pool->room = pool->room ? 2 * pool->room : 256;
        pool->ends = realloc(pool->ends, pool->room * sizeof(*pool->ends));
        must_be(pool->ends != NULL);
    }
    pool->text.limit = POOL_BYTES_MAX;
    must(cty_buf_put_bytes(&pool->text, text));
    pool->ends[pool->count++] = pool->text.size;
}

void flood_sign_pool(struct flood *f, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct flood_request request = {.seen = &f->seen, .secret = f->actors[i % f->play->actors],
                                              .action = f->play->action ? f->play->action : "one",
                                              .content = CTY_LITERAL(CONTENT)};
        cty_buf_clear(&f->scratch);
        flood_put(&f->scratch, &request);
        flood_keep(&f->pool, cty_buf_bytes(&f->scratch));
    }
}

void flood_pool_done(struct flood_pool *pool)
{
    cty_buf_done(&pool->text);
    free(pool->ends);
    *pool = (struct flood_pool){.count = 0};
}

/* ---- who is there ---- */

void flood_cast(struct flood *f)
{
    char name[64];
    struct cty_checkpoint checkpoint;
    house_party(f->house, "acme");
    house_party(f->house, "globex");
    house_agent(f->house, "globex/quiet");
    for (unsigned i = 0; i < f->play->actors; i++) {
        snprintf(name, sizeof(name), "acme/agent-%u", i);
        if (f->play->approvers)
            house_person(f->house, name, "approver");
        else
            house_agent(f->house, name);
        f->actors[i] = house_secret(f->house, name);
    }
    must(cty_client_checkpoint(f->house->door, true, &checkpoint, NULL, &house_error));
    f->seen = (struct cty_seen){checkpoint.size, checkpoint.root};
}

void flood_sessions(struct flood *f, unsigned count)
{
    struct wire wire = {.net = NULL};
    wire_open(&wire, f->house->url);
    for (unsigned i = 0; i < count; i++)
        must_be(strcmp(wire_session(&wire, f->house->url, f->actors[i], &f->sessions[i]), "ok") == 0);
    wire_close(&wire);
}

void flood_fill_ledger(struct flood *f, unsigned entries)
{
    struct flood_line line = {.fd = -1};
    struct cty_buf text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX), reply = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    uint64_t size = f->seen.size;
    must_be(flood_line_open(&line, f->house->url));
    while (size < f->seen.size + entries) {
        cty_buf_clear(&text);
        must(cty_buf_put_text(&text, "["));
        for (unsigned i = 0; i < CTY_BATCH_MAX; i++) {
            const struct flood_request request = {.seen = &f->seen, .secret = f->actors[0], .action = "one",
                                                  .content = CTY_LITERAL(CONTENT)};
            if (i)
                must(cty_buf_put_text(&text, ","));
            flood_put(&text, &request);
        }
        must(cty_buf_put_text(&text, "]"));
        must_be(flood_line_ask(&line, cty_buf_bytes(&text), FLOOD_PATIENCE_MS, &reply));
        uint64_t before = size;
        size = books_size(f->house);
        must_be(size > before);
    }
    cty_buf_done(&text);
    cty_buf_done(&reply);
    flood_line_done(&line);
}
