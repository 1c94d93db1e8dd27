/* SPDX-License-Identifier: Apache-2.0 */
#include "client/tile_token.h"

#include <stdio.h>

#include "base/check.h"
#include "base/times.h"
#include "codec/json.h"
#include "model/shape_rows.h"
#include "net/url.h"
#include "proto/claims.h"
#include "proto/rpc_shapes.h"

struct token {
    struct cty_bytes actor;
    uint64_t expires;
    struct cty_bytes token;
};

static const struct cty_field token_fields[] = {
    TEXT(struct token, actor, "actor", ACTOR),
    U64(struct token, expires, "expires"),
    TEXT(struct token, token, "token", VKEY), /* printable, and no longer than a key */
};
static const struct cty_shape token_shape = CTY_SHAPE(token_fields);

/* Over plain HTTP to another machine anybody could stand in between. */
static custody_err check_prefix(const char *prefix, custody_error *error)
{
    struct cty_net_url url;
    char tcp[CTY_URL_BYTES_MAX + 1];
    if (strncmp(prefix, "https://", 8) == 0)
        return CUSTODY_OK;
    if (strncmp(prefix, "http://", 7) == 0 && snprintf(tcp, sizeof(tcp), "tcp://%s", prefix + 7) < (int)sizeof(tcp) &&
        cty_net_url_parse(tcp, false, &url, NULL) == CUSTODY_OK)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_CONFIG, "a token is signed for over https, or on this machine: %.128s", prefix);
}

static custody_err read_object(const struct cty_fetch_answer *answer, const struct cty_shape *shape, struct cty_json *json,
                               void *ret_object, custody_error *error)
{
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    if (answer->status != 200)
        return cty_fail(error, CUSTODY_E_NO_SESSION, "status %u: %.*s", answer->status,
                        (int)(answer->body.size < 200 ? answer->body.size : 200), (const char *)answer->body.data);
    custody_err err = cty_json_scan(json, CTY_JSON_STRICT, limits, cty_buf_bytes(&answer->body), NULL);
    if (err == CUSTODY_OK)
        err = cty_shape_decode(shape, NULL, json, &json->nodes[0], ret_object, NULL);
    return err == CUSTODY_OK || err == CUSTODY_E_NO_MEMORY
               ? err
               : cty_fail(error, CUSTODY_E_NO_SESSION, "the door's answer is of another form");
}

/* A request to the door, and its answer as an object. */
struct asking {
    struct cty_fetch *fetch;
    const char *prefix;
    struct cty_fetch_answer answer;
    struct cty_json json;
};

static custody_err ask(struct asking *asking, const char *name, struct cty_bytes body, const struct cty_shape *shape,
                       void *ret_object, custody_error *error)
{
    char url[CTY_FETCH_URL_BYTES_MAX + 1];
    if (snprintf(url, sizeof(url), "%s/%s", asking->prefix, name) >= (int)sizeof(url))
        return cty_fail(error, CUSTODY_E_CONFIG, "the address is too long");
    CTY_TRY(body.size ? cty_fetch_post(asking->fetch, url, "application/json", body, &asking->answer, error)
                      : cty_fetch_get(asking->fetch, url, NULL, &asking->answer, error));
    return read_object(&asking->answer, shape, &asking->json, ret_object, error);
}

static custody_err sign(const struct asking *asking, const struct cty_tile_reader_key *key, const uint8_t nonce[16],
                        struct cty_buf *out)
{
    struct cty_session_claim claim = {.actor = cty_secret_name(key->secret), .door = cty_bytes_text(asking->prefix),
                                      .ledger = key->origin, .time = cty_time_wall_ms()};
    memcpy(claim.server_nonce, nonce, sizeof(claim.server_nonce));
    cty_random(claim.client_nonce, sizeof(claim.client_nonce));
    return cty_session_claim_sign(&claim, key->secret, out);
}

static custody_err get(struct asking *asking, const struct cty_tile_reader_key *key, struct cty_buf *envelope,
                       char **ret_token, custody_error *error)
{
    union cty_rpc_result challenge = {.session_challenge = {.expires = 0}};
    struct token token = {.expires = 0};
    CTY_TRY(check_prefix(asking->prefix, error));
    CTY_TRY(ask(asking, "session/challenge", cty_bytes_make(NULL, 0), cty_rpc_method(CTY_RPC_SESSION_CHALLENGE)->result,
                &challenge, error));
    CTY_TRY(sign(asking, key, challenge.session_challenge.server_nonce, envelope));
    CTY_TRY(ask(asking, "session/open", cty_buf_bytes(envelope), &token_shape, &token, error));
    *ret_token = cty_bytes_dup_text(token.token);
    return *ret_token ? CUSTODY_OK : cty_fail_code(error, CUSTODY_E_NO_MEMORY);
}

custody_err cty_tile_token_get(struct cty_fetch *fetch, const char *prefix, const struct cty_tile_reader_key *key,
                               char **ret_token, custody_error *error)
{
    struct asking asking = {.fetch = fetch, .prefix = prefix, .json = CTY_JSON_INIT};
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    CTY_CHECK(key->secret);
    custody_err err = get(&asking, key, &envelope, ret_token, error);
    cty_buf_done(&envelope);
    cty_fetch_answer_done(&asking.answer);
    cty_json_done(&asking.json);
    return err;
}
