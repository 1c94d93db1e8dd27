/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/daemon/house.h"

#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "codec/text.h"
#include "ledger/note.h"

#define POLICY                                                                                         \
    "{\"admin_quorum\":2,\"rules\":["                                                                  \
    "{\"approvals\":1,\"effect\":\"hold\",\"match\":{\"action\":\"refund\"},\"roles\":[\"approver\"]}," \
    "{\"approvals\":2,\"effect\":\"hold\",\"match\":{\"action\":\"transfer\"},\"roles\":[\"approver\"]}," \
    "{\"approvals\":1,\"consent\":true,\"effect\":\"hold\",\"match\":{\"action\":\"careful\"},"             \
    "\"roles\":[\"approver\"]},"                                                                       \
    "{\"effect\":\"pass\",\"match\":{\"action\":\"ping\"}},"                                           \
    "{\"effect\":\"deny\",\"match\":{\"action\":\"wipe\"}}]}"

/* --- clocks: the system's, moved -------------------------------------------------------------------------- */

static _Atomic int64_t wall_shift;
static _Atomic int64_t monotonic_shift;

static uint64_t read_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t moved_wall(void *context)
{
    (void)context;
    return read_ms(CLOCK_REALTIME) + (uint64_t)atomic_load(&wall_shift);
}

static uint64_t moved_monotonic(void *context)
{
    (void)context;
    return read_ms(CLOCK_BOOTTIME) + (uint64_t)atomic_load(&monotonic_shift);
}

void house_step_wall(struct house *h, int64_t ms)
{
    (void)h;
    atomic_fetch_add(&wall_shift, ms);
}

/* The monotonic one first, so that nobody sees a step of more than the time between. */
void house_pass(struct house *h, uint64_t ms)
{
    (void)h;
    for (uint64_t left = ms; left > 0;) {
        uint64_t step = left > 30000 ? 30000 : left;
        atomic_fetch_add(&monotonic_shift, (int64_t)step);
        atomic_fetch_add(&wall_shift, (int64_t)step);
        left -= step;
    }
}

/* --- keys ------------------------------------------------------------------------------------------------- */

static struct cty_secret *make_secret(const char *name, bool development)
{
    char seed_text[256];
    struct cty_secret *secret = NULL;
    snprintf(seed_text, sizeof(seed_text), "%s %s", development ? "custody development key v1" : "house key", name);
    struct cty_hash seed = cty_sha256(cty_bytes_text(seed_text));
    assert_ok(cty_secret_from_seed(cty_bytes_text(name), seed.bytes, &secret));
    return secret;
}

const struct cty_secret *house_secret(struct house *h, const char *name)
{
    if (strcmp(name, "log") == 0)
        return h->log;
    if (strcmp(name, "clerk") == 0)
        return h->clerk;
    if (strcmp(name, "new") == 0)
        return h->fresh;
    for (size_t i = 0; i < h->actors_count; i++) {
        if (cty_bytes_is(cty_secret_name(h->actors[i]), name))
            return h->actors[i];
    }
    assert_true(h->actors_count < HOUSE_ACTORS_MAX);
    h->actors[h->actors_count] = make_secret(name, h->config.development);
    return h->actors[h->actors_count++];
}

struct cty_secret *house_make_key(const char *name, const char *seed)
{
    struct cty_hash bytes = cty_sha256(cty_bytes_text(seed));
    struct cty_secret *secret = NULL;
    assert_ok(cty_secret_from_seed(cty_bytes_text(name), bytes.bytes, &secret));
    return secret;
}

void house_set_secret(struct house *h, const char *name, struct cty_secret *secret)
{
    const struct cty_secret *old = house_secret(h, name);
    for (size_t i = 0; i < h->actors_count; i++) {
        if (h->actors[i] != old)
            continue;
        cty_secret_free(h->actors[i]);
        h->actors[i] = secret;
        return;
    }
}

/* --- drafts ----------------------------------------------------------------------------------------------- */

struct cty_bytes draft_text(struct draft *d, const char *text)
{
    assert_true(d->texts_count < 16);
    d->texts[d->texts_count] = strdup(text);
    return cty_bytes_text(d->texts[d->texts_count++]);
}

void draft_done(struct draft *d)
{
    for (uint32_t i = 0; i < d->texts_count; i++)
        free(d->texts[i]);
    for (uint32_t i = 0; i < d->contents_count; i++)
        free(d->contents[i].content);
    d->texts_count = 0;
    d->contents_count = 0;
}

struct cty_hash draft_commit(struct draft *d, const char *member, const char *content)
{
    struct house_content *c = &d->contents[d->contents_count++];
    memset(c, 0, sizeof(*c));
    snprintf(c->member, sizeof(c->member), "%s", member);
    cty_random(c->salt, sizeof(c->salt));
    c->content = strdup(content);
    return cty_commitment(d->st.ledger, d->st.signers[0], d->st.id, cty_bytes_text(member), c->salt,
                          cty_bytes_text(content));
}

static void newest_checkpoint(struct house *h, struct cty_seen *ret_seen)
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_CHECKPOINT};
    struct house_reply reply;
    struct cty_checkpoint checkpoint;
    assert_ok(house_call(h, &call, &reply));
    assert_ok(cty_checkpoint_open(reply.result.checkpoint.checkpoint, cty_bytes_text(HOUSE_ORIGIN),
                                  cty_secret_key(h->log), &checkpoint));
    *ret_seen = (struct cty_seen){checkpoint.size, checkpoint.root};
    house_reply_done(&reply);
}

void draft_begin(struct house *h, struct draft *d, enum cty_type type, const char *const *signers)
{
    memset(d, 0, sizeof(*d));
    d->st.type = type;
    cty_random(d->st.id, sizeof(d->st.id));
    d->st.ledger = cty_bytes_text(HOUSE_ORIGIN);
    d->st.seen.root = cty_tree_empty_root();
    if (h->client)
        newest_checkpoint(h, &d->st.seen);
    for (; signers[d->st.signers_count]; d->st.signers_count++)
        d->st.signers[d->st.signers_count] = draft_text(d, signers[d->st.signers_count]);
    d->st.time = moved_wall(NULL);
    d->st.until = d->st.time + HOUR_MS;
}

void draft_sign(struct house *h, const struct draft *d, struct cty_buf *out, struct cty_hash *ret_digest)
{
    const struct cty_secret *secrets[CTY_SIGNERS_MAX];
    for (uint32_t i = 0; i < d->st.signers_count; i++)
        secrets[i] = house_secret(h, (const char *)d->st.signers[i].data);
    assert_ok(cty_statement_sign(&d->st, secrets, d->st.signers_count, out, ret_digest));
}

/* Contents in base64, in memory of `texts`. */
static void fill_blobs(const struct draft *d, struct cty_rpc_params *params, struct cty_buf texts[])
{
    for (uint32_t i = 0; i < d->contents_count; i++) {
        const struct house_content *c = &d->contents[i];
        struct cty_rpc_blob *blob = &params->u.submit.blobs[params->u.submit.blobs_count++];
        *blob = (struct cty_rpc_blob){.member = cty_bytes_text(c->member), .staged = c->staged};
        if (c->staged)
            continue;
        assert_ok(cty_base64_format(cty_bytes_make(c->salt, sizeof(c->salt)), &texts[2 * i]));
        assert_ok(cty_base64_format(cty_bytes_text(c->content), &texts[2 * i + 1]));
        if (!texts[2 * i + 1].data)
            assert_ok(cty_buf_reserve(&texts[2 * i + 1], 1));
        blob->salt = cty_buf_bytes(&texts[2 * i]);
        blob->content = cty_buf_bytes(&texts[2 * i + 1]);
    }
}

#define BLOB_TEXTS (2 * CTY_BLOBS_PER_STATEMENT_MAX)

static void texts_init(struct cty_buf texts[BLOB_TEXTS])
{
    for (size_t i = 0; i < BLOB_TEXTS; i++)
        texts[i] = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
}

static void texts_done(struct cty_buf texts[BLOB_TEXTS])
{
    for (size_t i = 0; i < BLOB_TEXTS; i++)
        cty_buf_done(&texts[i]);
}

void draft_params(struct house *h, const struct draft *d, struct cty_buf *out)
{
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX), texts[BLOB_TEXTS];
    struct cty_rpc_params params = {.session = {.present = false}};
    struct cty_jw jw;
    texts_init(texts);
    draft_sign(h, d, &envelope, NULL);
    params.u.submit.envelope = cty_buf_bytes(&envelope);
    fill_blobs(d, &params, texts);
    cty_jw_begin(&jw, out);
    cty_shape_encode(&cty_shape_rpc_session, cty_rpc_method(CTY_RPC_SUBMIT)->params, &params, &jw);
    assert_ok(cty_jw_end(&jw));
    texts_done(texts);
    cty_buf_done(&envelope);
}

custody_err draft_submit(struct house *h, struct draft *d, struct house_reply *reply)
{
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX), texts[BLOB_TEXTS];
    struct cty_rpc_call call = {.rpc = CTY_RPC_SUBMIT};
    texts_init(texts);
    draft_sign(h, d, &envelope, NULL);
    call.params.u.submit.envelope = cty_buf_bytes(&envelope);
    fill_blobs(d, &call.params, texts);
    custody_err err = house_call(h, &call, reply);
    texts_done(texts);
    cty_buf_done(&envelope);
    draft_done(d);
    return err;
}

/* --- calls ------------------------------------------------------------------------------------------------ */

void house_reply_done(struct house_reply *reply)
{
    cty_rpc_done(&reply->message);
    cty_buf_done(&reply->text);
}

custody_err house_call(struct house *h, struct cty_rpc_call *call, struct house_reply *reply)
{
    struct cty_buf request = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    custody_error error = {0};
    memset(reply, 0, sizeof(*reply));
    reply->text = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    call->id = (struct cty_rpc_id){.kind = CTY_RPC_ID_NUMBER, .number = ++h->last_id};
    assert_ok(cty_rpc_call_write(call, &request));
    assert_ok(cty_net_client_call(h->client, cty_buf_bytes(&request), 60000, &reply->text, &error));
    cty_buf_done(&request);
    assert_ok(cty_rpc_open(&reply->message, cty_buf_bytes(&reply->text), CTY_ANSWER_NODES_MAX, &error));
    assert_ok(cty_rpc_answer_read(&reply->message, cty_rpc_first(&reply->message), call->rpc, &reply->answer,
                                  &reply->result, &error));
    assert_int_equal(reply->answer.id.number, call->id.number);
    return reply->answer.failed ? reply->answer.failure.code : CUSTODY_OK;
}

char *house_raw_bytes(struct house *h, const void *message, size_t size)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    custody_error error = {0};
    char *copy = NULL;
    if (cty_net_client_call(h->client, cty_bytes_make(message, size), 60000, &text, &error) == CUSTODY_OK)
        copy = cty_bytes_dup_text(cty_buf_bytes(&text));
    cty_buf_done(&text);
    return copy;
}

char *house_raw(struct house *h, const char *message)
{
    return house_raw_bytes(h, message, strlen(message));
}

/* --- the house -------------------------------------------------------------------------------------------- */

void house_put_vkey(struct draft *d, const struct cty_secret *secret, struct cty_bytes *ret_vkey)
{
    struct cty_buf text = CTY_BUF_INIT(1024);
    assert_ok(cty_vkey_format(cty_secret_name(secret), CTY_KEY_ED25519, cty_secret_key(secret), &text));
    *ret_vkey = draft_text(d, cty_buf_text(&text));
    cty_buf_done(&text);
}

static void put_vkey(struct house *h, struct draft *d, const char *name, struct cty_bytes *ret_vkey)
{
    house_put_vkey(d, house_secret(h, name), ret_vkey);
}

static void fill_person(struct house *h, struct draft *d, struct cty_enrolment *e, const char *name, const char *role,
                        const char *also)
{
    struct cty_hash id = cty_sha256(cty_bytes_text(name));
    e->actor = draft_text(d, name);
    put_vkey(h, d, name, &e->key);
    e->kind = CTY_PERSON;
    e->person.present = true;
    memcpy(e->person.bits, id.bytes, sizeof(e->person.bits));
    e->roles.names[e->roles.count++] = cty_bytes_text(role);
    if (also)
        e->roles.names[e->roles.count++] = cty_bytes_text(also);
}

void house_genesis(struct house *h, struct draft *d)
{
    static const char *const signers[] = {"log", "clerk", "operator/ada", "operator/otto", NULL};
    draft_begin(h, d, CTY_LEDGER_OPEN, signers);
    struct cty_ledger_open *open = &d->st.u.ledger_open;
    put_vkey(h, d, "log", &open->log_key);
    put_vkey(h, d, "clerk", &open->clerk_key);
    open->party = cty_bytes_text("operator");
    open->policy = cty_bytes_text(POLICY);
    fill_person(h, d, &open->admins[0], "operator/ada", "admin", NULL);
    fill_person(h, d, &open->admins[1], "operator/otto", "admin", NULL);
    open->admins[0].name = (struct cty_opt_hash){draft_commit(d, "admins/0/name", "Ada"), true};
    open->admins[1].name = (struct cty_opt_hash){draft_commit(d, "admins/1/name", "Otto"), true};
    open->admins_count = 2;
}

static struct cty_daemon_options options_of(struct house *h, bool confirm_clock)
{
    return (struct cty_daemon_options){.config = &h->config, .log = h->log, .clerk = h->clerk,
                                       .next_log = h->next_log, .next_clerk = h->next_clerk,
                                       .confirm_clock = confirm_clock, .clock = &h->clock, .restored = h->restored,
                                       .trust = h->trust, .courier = h->courier};
}

struct house *house_new(bool development)
{
    struct house *h = calloc(1, sizeof(*h));
    struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    custody_error error = {0};
    assert_ok(cty_crypto_init());
    snprintf(h->folder, sizeof(h->folder), "/tmp/custody-house-XXXXXX");
    assert_non_null(mkdtemp(h->folder));
    snprintf(h->path, sizeof(h->path), "%s/ledger.db", h->folder);
    h->clock = (struct cty_clock){moved_wall, moved_monotonic, NULL};
    h->config.development = development;
    h->config.workers = 2;
    h->log = make_secret(HOUSE_ORIGIN, development);
    h->clerk = make_secret(HOUSE_ORIGIN "/clerk", development);
    assert_ok(cty_config_set(&h->config.ledger, h->path));
    assert_ok(cty_config_set(&h->config.log_key, "none"));
    assert_ok(cty_config_set(&h->config.clerk_key, "none"));
    assert_ok(cty_config_complete(&h->config, &error));
    struct draft d;
    house_genesis(h, &d);
    draft_params(h, &d, &params);
    draft_done(&d);
    struct cty_daemon_options options = options_of(h, false);
    custody_err err = cty_daemon_create_ledger(&options, cty_buf_bytes(&params), &error);
    if (err != CUSTODY_OK)
        fprintf(stderr, "create: %s: %s\n", custody_err_name(err), error.detail);
    assert_ok(err);
    cty_buf_done(&params);
    return h;
}

custody_err house_try_open(struct house *h, bool confirm_clock, custody_error *error)
{
    struct cty_daemon_options options = options_of(h, confirm_clock);
    CTY_TRY(cty_daemon_start(&options, &h->daemon, error));
    struct cty_net_client_config config = {.url = cty_daemon_url(h->daemon, 0)};
    assert_ok(cty_net_client_open(&config, &h->client, error));
    return CUSTODY_OK;
}

void house_open(struct house *h)
{
    custody_error error = {0};
    custody_err err = house_try_open(h, false, &error);
    if (err != CUSTODY_OK)
        fprintf(stderr, "start: %s: %s\n", custody_err_name(err), error.detail);
    assert_ok(err);
}

void house_close(struct house *h)
{
    cty_net_client_close(h->client);
    h->client = NULL;
    cty_daemon_stop(h->daemon, 5000);
    h->daemon = NULL;
}

void house_free(struct house *h)
{
    char command[128];
    house_close(h);
    cty_config_done(&h->config);
    for (size_t i = 0; i < h->actors_count; i++)
        cty_secret_free(h->actors[i]);
    cty_secret_free(h->log);
    cty_secret_free(h->clerk);
    cty_secret_free(h->next_log);
    cty_secret_free(h->next_clerk);
    static const char *const files[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.lock",
                                        "custodyd.sock", "file"};
    for (size_t i = 0; i < CTY_COUNT_OF(files); i++) {
        snprintf(command, sizeof(command), "%s/%s", h->folder, files[i]);
        unlink(command);
    }
    rmdir(h->folder);
    free(h);
    atomic_store(&wall_shift, 0);
    atomic_store(&monotonic_shift, 0);
}

/* --- people ----------------------------------------------------------------------------------------------- */

struct cty_hash house_stands(struct house *h, struct draft *d)
{
    struct house_reply reply;
    custody_err err = draft_submit(h, d, &reply);
    if (err != CUSTODY_OK)
        fprintf(stderr, "%.*s\n", (int)reply.text.size, (const char *)reply.text.data);
    assert_ok(err);
    struct cty_hash digest = reply.result.submit.digest;
    house_reply_done(&reply);
    return digest;
}

void house_refused(struct house *h, struct draft *d, const char *code)
{
    struct house_reply reply;
    uint64_t before = house_size(h);
    custody_err err = draft_submit(h, d, &reply);
    if (strcmp(custody_err_name(err), code) != 0)
        fprintf(stderr, "%.*s\n", (int)reply.text.size, (const char *)reply.text.data);
    assert_refused(err, code);
    assert_int_equal(house_size(h), before);
    house_reply_done(&reply);
}

static void must(struct house *h, struct draft *d)
{
    (void)house_stands(h, d);
}

struct admins {
    char a[64];
    char b[64];
};

static struct admins admins_of(struct cty_bytes party)
{
    struct admins admins;
    snprintf(admins.a, sizeof(admins.a), "%.*s/a", (int)party.size, (const char *)party.data);
    snprintf(admins.b, sizeof(admins.b), "%.*s/b", (int)party.size, (const char *)party.data);
    return admins;
}

void house_enrol_party(struct house *h, const char *party)
{
    struct admins admins = admins_of(cty_bytes_text(party));
    const char *const signers[] = {"operator/ada", "operator/otto", admins.a, admins.b, NULL};
    struct draft d;
    draft_begin(h, &d, CTY_PARTY_ENROL, signers);
    d.st.u.party_enrol.party = draft_text(&d, party);
    fill_person(h, &d, &d.st.u.party_enrol.admins[0], admins.a, "admin", "approver");
    fill_person(h, &d, &d.st.u.party_enrol.admins[1], admins.b, "admin", "approver");
    d.st.u.party_enrol.admins_count = 2;
    must(h, &d);
}

void house_enrol_agent(struct house *h, struct draft *d, const char *name)
{
    struct admins admins = admins_of(cty_actor_party(cty_bytes_text(name)));
    const char *const signers[] = {name, admins.a, admins.b, NULL};
    draft_begin(h, d, CTY_ACTOR_ENROL, signers);
    struct cty_enrolment *e = &d->st.u.actor_enrol.enrolment;
    e->actor = draft_text(d, name);
    put_vkey(h, d, name, &e->key);
    e->kind = CTY_AGENT;
    e->owner = draft_text(d, admins.a);
}

static void enrol_carol(struct house *h)
{
    static const char *const signers[] = {"acme/carol", "acme/a", "acme/b", NULL};
    struct draft d;
    draft_begin(h, &d, CTY_ACTOR_ENROL, signers);
    fill_person(h, &d, &d.st.u.actor_enrol.enrolment, "acme/carol", "approver", NULL);
    d.st.u.actor_enrol.enrolment.name = (struct cty_opt_hash){draft_commit(&d, "enrolment/name", "Carol"), true};
    must(h, &d);
}

struct house *house_ready(void)
{
    struct house *h = house_new(false);
    struct draft d;
    house_open(h);
    house_enrol_party(h, "acme");
    enrol_carol(h);
    house_enrol_agent(h, &d, "acme/bot");
    must(h, &d);
    house_enrol_agent(h, &d, "acme/pal");
    must(h, &d);
    return h;
}

/* --- steps ------------------------------------------------------------------------------------------------ */

void house_request(struct house *h, struct draft *d, const char *agent, const char *action, const char *payload)
{
    const char *const signers[] = {agent, NULL};
    draft_begin(h, d, CTY_REQUEST, signers);
    struct cty_request *r = &d->st.u.request;
    r->action = draft_text(d, action);
    r->service = cty_bytes_text("shop");
    r->executor = d->st.signers[0];
    r->expires = d->st.time + 48 * HOUR_MS;
    r->priority = CTY_PRIORITY_NORMAL;
    r->payload = draft_commit(d, "payload", payload);
}

/* The case's record, decoded, as acme/a gets it. */
static void load_case(struct house *h, const struct cty_hash *case_id, struct house_reply *reply,
                      struct cty_case *ret_case)
{
    struct cty_json tape = CTY_JSON_INIT;
    memset(ret_case, 0, sizeof(*ret_case));
    house_get_case(h, "acme/a", case_id, reply);
    assert_ok(cty_record_decode(&cty_shape_case, reply->result.case_get.record, &tape, ret_case, NULL));
    cty_json_done(&tape);
}

static void draft_join(struct draft *d, const struct cty_hash *case_id, const struct cty_case *c)
{
    d->st.case_id = *case_id;
    d->st.after = c->anchor;
}

void house_join(struct house *h, struct draft *d, enum cty_type type, const struct cty_hash *case_id,
                const char *signer, struct cty_case *ret_case)
{
    const char *const signers[] = {signer, NULL};
    struct house_reply reply;
    load_case(h, case_id, &reply, ret_case);
    draft_begin(h, d, type, signers);
    draft_join(d, case_id, ret_case);
    /* Names borrow from the reply. */
    house_reply_done(&reply);
}

void house_decide(struct house *h, struct draft *d, const struct cty_hash *case_id, const char *approver,
                  enum cty_choice choice)
{
    const char *const signers[] = {approver, NULL};
    struct cty_case *c = calloc(1, sizeof(*c));
    struct house_reply reply;
    load_case(h, case_id, &reply, c);
    draft_begin(h, d, CTY_DECISION, signers);
    draft_join(d, case_id, c);
    d->st.u.decision.choice = (int)choice;
    d->st.u.decision.expires = d->st.time + HOUR_MS;
    d->st.u.decision.method = CTY_METHOD_CLI;
    d->st.u.decision.payload = c->payload;
    memcpy(d->st.u.decision.instance, c->instance.bits, 16);
    d->st.u.decision.reason = (struct cty_opt_hash){draft_commit(d, "reason", "looked at it"), true};
    house_reply_done(&reply);
    free(c);
}

void house_patch(struct house *h, struct draft *d, const struct cty_hash *case_id, const char *approver,
                 const char *operations, const char *result)
{
    const char *const signers[] = {approver, NULL};
    struct cty_case *c = calloc(1, sizeof(*c));
    struct house_reply reply;
    load_case(h, case_id, &reply, c);
    draft_begin(h, d, CTY_PATCH, signers);
    draft_join(d, case_id, c);
    d->st.u.patch.base = c->payload;
    d->st.u.patch.operations = draft_commit(d, "operations", operations);
    d->st.u.patch.result = draft_commit(d, "result", result);
    house_reply_done(&reply);
    free(c);
}

void house_consume(struct house *h, struct draft *d, const struct cty_hash *case_id, const char *agent)
{
    const char *const signers[] = {agent, NULL};
    struct cty_case *c = calloc(1, sizeof(*c));
    struct house_reply reply;
    load_case(h, case_id, &reply, c);
    draft_begin(h, d, CTY_CONSUME, signers);
    draft_join(d, case_id, c);
    d->st.u.consume.payload = c->payload;
    house_reply_done(&reply);
    free(c);
}

void house_outcome(struct house *h, struct draft *d, const struct cty_hash *case_id, const char *agent)
{
    const char *const signers[] = {agent, NULL};
    struct cty_case *c = calloc(1, sizeof(*c));
    struct house_reply reply;
    load_case(h, case_id, &reply, c);
    draft_begin(h, d, CTY_OUTCOME, signers);
    draft_join(d, case_id, c);
    d->st.u.outcome.outcome = CTY_OUTCOME_FULFILLED;
    d->st.u.outcome.result = (struct cty_opt_hash){draft_commit(d, "result", "{\"ok\":true}"), true};
    house_reply_done(&reply);
    free(c);
}

struct cty_hash house_case(struct house *h, const char *agent, const char *action)
{
    struct draft d;
    struct house_reply reply;
    house_request(h, &d, agent, action, "{\"amount\":\"12.50\"}");
    custody_err err = draft_submit(h, &d, &reply);
    if (err != CUSTODY_OK)
        fprintf(stderr, "%.*s\n", (int)reply.text.size, (const char *)reply.text.data);
    assert_ok(err);
    struct cty_hash case_id = reply.result.submit.digest;
    house_reply_done(&reply);
    return case_id;
}

/* --- reading ---------------------------------------------------------------------------------------------- */

custody_err house_try_session(struct house *h, const char *actor, struct cty_session_claim *change,
                              struct cty_hash *ret_session)
{
    struct cty_rpc_call challenge = {.rpc = CTY_RPC_SESSION_CHALLENGE}, open = {.rpc = CTY_RPC_SESSION_OPEN};
    struct house_reply reply;
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_session_claim claim = {.actor = cty_bytes_text(actor), .ledger = cty_bytes_text(HOUSE_ORIGIN),
                                      .door = cty_bytes_text(cty_daemon_url(h->daemon, 0)),
                                      .time = moved_wall(NULL)};
    assert_ok(house_call(h, &challenge, &reply));
    memcpy(claim.server_nonce, reply.result.session_challenge.server_nonce, 16);
    house_reply_done(&reply);
    cty_random(claim.client_nonce, sizeof(claim.client_nonce));
    if (change) {
        if (change->ledger.data)
            claim.ledger = change->ledger;
        if (change->door.data)
            claim.door = change->door;
        if (change->time)
            claim.time = change->time;
        if (change->type == 1)
            memcpy(claim.server_nonce, change->server_nonce, 16);
        else
            memcpy(change->server_nonce, claim.server_nonce, 16);
    }
    assert_ok(cty_session_claim_sign(&claim, house_secret(h, actor), &envelope));
    open.params.u.session_open.envelope = cty_buf_bytes(&envelope);
    custody_err err = house_call(h, &open, &reply);
    if (err == CUSTODY_OK)
        *ret_session = reply.result.session_open.session;
    house_reply_done(&reply);
    cty_buf_done(&envelope);
    return err;
}

struct cty_hash house_session(struct house *h, const char *actor)
{
    struct cty_hash session;
    assert_ok(house_try_session(h, actor, NULL, &session));
    return session;
}

void house_get_case(struct house *h, const char *actor, const struct cty_hash *case_id, struct house_reply *reply)
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_CASE_GET};
    call.params.session = (struct cty_opt_hash){house_session(h, actor), true};
    call.params.u.case_get.case_id = *case_id;
    custody_err err = house_call(h, &call, reply);
    if (err != CUSTODY_OK)
        fprintf(stderr, "%.*s\n", (int)reply->text.size, (const char *)reply->text.data);
    assert_ok(err);
}

void house_state(struct house *h, const struct cty_hash *case_id, char ret_state[32])
{
    struct house_reply reply;
    house_get_case(h, "acme/a", case_id, &reply);
    struct cty_bytes state = reply.result.case_get.state;
    snprintf(ret_state, 32, "%.*s", (int)state.size, (const char *)state.data);
    house_reply_done(&reply);
}

static uint64_t check_receipt(struct house *h, const struct cty_rpc_receipt *part)
{
    struct cty_receipt receipt;
    struct cty_checkpoint checkpoint;
    assert_ok(cty_receipt_open(part->receipt, part->entry, cty_bytes_text(HOUSE_ORIGIN), cty_secret_key(h->log),
                               &receipt, &checkpoint));
    assert_int_equal(receipt.index, part->index);
    return checkpoint.size;
}

uint64_t house_check_receipts(struct house *h, const struct house_reply *reply)
{
    uint64_t size = check_receipt(h, &reply->result.submit.own);
    for (uint32_t i = 0; i < reply->result.submit.follow_count; i++) {
        assert_int_equal(reply->result.submit.follow[i].index, reply->result.submit.own.index + 1 + i);
        assert_int_equal(check_receipt(h, &reply->result.submit.follow[i]), size);
    }
    return size;
}

uint64_t house_size(struct house *h)
{
    return cty_daemon_size(h->daemon);
}

void house_wait_size(struct house *h, uint64_t size)
{
    for (int i = 0; i < 1000 && house_size(h) < size; i++)
        usleep(10000);
    assert_true(house_size(h) >= size);
}
