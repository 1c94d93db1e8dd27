/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions as methods: a reader proves who it is by its key, and gets a token for a while. */
#include "daemon/reads.h"

custody_err cty_session_actor(struct cty_worker *worker, struct cty_bytes name, struct cty_actor_record *ret_record,
                              custody_error *error)
{
    bool present = false;
    memset(ret_record, 0, sizeof(*ret_record));
    CTY_TRY(cty_book_record(&worker->book, &cty_shape_actor_record, ret_record, &present, error, "actor/%.*s",
                            (int)name.size, (const char *)name.data));
    if (!present)
        return cty_fail(error, CUSTODY_E_KEY_UNKNOWN, "%.*s", (int)name.size, (const char *)name.data);
    const struct cty_enrolment *enrolment = &ret_record->enrolment;
    bool over = enrolment->valid_until != 0 && worker->now > enrolment->valid_until;
    if (ret_record->revoked_index != 0 || over || worker->now < enrolment->valid_from)
        return cty_fail(error, CUSTODY_E_KEY_NOT_VALID, "%.*s", (int)name.size, (const char *)name.data);
    return CUSTODY_OK;
}

custody_err cty_read_session_challenge(struct cty_worker *worker, const struct cty_rpc_params *params,
                                       union cty_rpc_result *result, custody_error *error)
{
    (void)params;
    (void)error;
    cty_sessions_challenge(&worker->service->sessions, result->session_challenge.server_nonce,
                           &result->session_challenge.expires);
    return CUSTODY_OK;
}

/* The door that the reader dialled is one of ours, however it spelled it, and showed what ours shows: nobody stands between. */
static custody_err check_door(void *context, struct cty_worker *worker, const struct cty_session_claim *claim,
                              custody_error *error)
{
    (void)context;
    CTY_TRY(cty_doors_check(&worker->service->doors, worker->service->server, claim->door,
                            claim->certificate.present ? claim->certificate.hash.bytes : NULL, error));
    /* A door of this machine has an address that other machines have too: whoever stands in for it there comes over TLS. */
    if (!claim->certificate.present && worker->over_tls)
        return cty_fail(error, CUSTODY_E_BAD_SESSION, "it is for a door of this machine, and came over TLS");
    return CUSTODY_OK;
}

static custody_err check_claim(struct cty_worker *worker, const struct cty_session_claim *claim,
                               custody_error *error)
{
    uint64_t wall = cty_clock_wall(&worker->service->custodian->clock);
    uint64_t apart = wall > claim->time ? wall - claim->time : claim->time - wall;
    if (!cty_bytes_equal(claim->ledger, worker->service->custodian->origin))
        return cty_fail(error, CUSTODY_E_WRONG_LEDGER, "the trust file there is for another ledger than this door's: compare 'custody trust show' and 'custody info'");
    if (apart > CTY_SESSION_SKEW_MS_MAX)
        return cty_fail(error, CUSTODY_E_BAD_SESSION, "the clocks are %llu ms apart", (unsigned long long)apart);
    return CUSTODY_OK;
}

static custody_err verify_claim(struct cty_worker *worker, const struct cty_signed *parsed,
                                const struct cty_session_claim *claim, uint32_t *ret_rotation, custody_error *error)
{
    struct cty_actor_record record = {0};
    struct cty_bytes name;
    struct cty_key key;
    CTY_TRY(cty_session_actor(worker, claim->actor, &record, error));
    if (cty_vkey_parse(record.enrolment.key, CTY_KEY_ED25519, &name, &key) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_INTERNAL, "an enrolled key is no key");
    if (cty_claim_verify(parsed, name, &key) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_BAD_SESSION, "the signature");
    *ret_rotation = record.former_count;
    return cty_sessions_use_challenge(&worker->service->sessions, claim->server_nonce, claim->actor, error);
}

custody_err cty_session_accept(struct cty_worker *worker, struct cty_bytes envelope, cty_session_door *door, void *context,
                               struct cty_session_claim *ret_claim, uint32_t *ret_rotation, custody_error *error)
{
    struct cty_signed *parsed = &worker->parsed.signed_statement;
    CTY_TRY(cty_session_claim_parse(envelope, parsed, ret_claim, error));
    CTY_TRY(check_claim(worker, ret_claim, error));
    CTY_TRY(door(context, worker, ret_claim, error));
    return verify_claim(worker, parsed, ret_claim, ret_rotation, error);
}

custody_err cty_read_session_open(struct cty_worker *worker, const struct cty_rpc_params *params,
                                  union cty_rpc_result *result, custody_error *error)
{
    struct cty_session_claim claim;
    uint32_t rotation = 0;
    CTY_TRY(cty_session_accept(worker, params->u.session_open.envelope, check_door, NULL, &claim, &rotation, error));
    cty_sessions_open(&worker->service->sessions, claim.actor, rotation, &result->session_open.session,
                      &result->session_open.expires);
    result->session_open.actor = claim.actor;
    return CUSTODY_OK;
}

custody_err cty_read_session_close(struct cty_worker *worker, const struct cty_rpc_params *params,
                                   union cty_rpc_result *result, custody_error *error)
{
    (void)result;
    (void)error;
    cty_sessions_close(&worker->service->sessions, &params->session.hash);
    return CUSTODY_OK;
}
