/* SPDX-License-Identifier: Apache-2.0 */
/* What can be read, by whom, and that it proves what it says. */
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "codec/text.h"
#include "escrow/record.h"
#include "ledger/note.h"
#include "unit/daemon/house.h"

static struct cty_rpc_call with_session(enum cty_rpc rpc, const struct cty_hash *session)
{
    return (struct cty_rpc_call){.rpc = rpc, .params.session = {*session, true}};
}

static void info_says_what_it_is(void **state)
{
    struct house *h = house_ready();
    struct cty_rpc_call call = {.rpc = CTY_RPC_INFO};
    struct house_reply reply;
    struct cty_checkpoint checkpoint;
    (void)state;
    assert_ok(house_call(h, &call, &reply));
    assert_bytes_text(reply.result.info.ledger, HOUSE_ORIGIN);
    assert_int_equal(reply.result.info.state, CTY_SERVING);
    assert_int_equal(reply.result.info.size, house_size(h));
    assert_false(reply.result.info.development);
    assert_int_equal(reply.result.info.readers, CTY_READERS_MEMBERS);
    assert_int_equal(reply.result.info.doors_count, 1);
    assert_bytes_text(reply.result.info.doors[0], cty_daemon_url(h->daemon, 0));
    assert_ok(cty_checkpoint_open(reply.result.info.checkpoint, cty_bytes_text(HOUSE_ORIGIN), cty_secret_key(h->log),
                                  &checkpoint));
    assert_int_equal(checkpoint.size, house_size(h));
    house_reply_done(&reply);
    house_free(h);
}

static void checkpoints_are_given_up_to_the_newest(void **state)
{
    struct house *h = house_ready();
    struct cty_rpc_call call = {.rpc = CTY_RPC_CHECKPOINT};
    struct house_reply reply;
    (void)state;
    call.params.u.checkpoint.min_size = house_size(h);
    assert_ok(house_call(h, &call, &reply));
    house_reply_done(&reply);
    call.params.u.checkpoint.min_size++;
    assert_refused(house_call(h, &call, &reply), "not-found");
    house_reply_done(&reply);
    house_free(h);
}

static void every_entry_is_proved_against_every_checkpoint(void **state)
{
    struct house *h = house_ready();
    struct cty_hash session = house_session(h, "acme/a");
    struct house_reply entries, reply;
    (void)state;
    struct cty_rpc_call all = with_session(CTY_RPC_ENTRIES, &session);
    assert_ok(house_call(h, &all, &entries));
    const struct cty_json_node *list = cty_rpc_list(&entries.message, &entries.answer, "entries");
    assert_int_equal(list->count, house_size(h));
    uint64_t index = 0;
    for (const struct cty_json_node *item = cty_json_first(&entries.message.json, list); item;
         item = cty_json_after(&entries.message.json, list, item), index++) {
        for (uint64_t size = 0; size <= house_size(h) + 1; size++) {
            struct cty_rpc_call call = {.rpc = CTY_RPC_PROOF_INCLUSION};
            struct cty_receipt receipt;
            struct cty_checkpoint checkpoint;
            call.params.u.proof_inclusion.index = index;
            call.params.u.proof_inclusion.size = size;
            bool there = size == 0 || (size > index && size <= house_size(h));
            assert_string_equal(custody_err_name(house_call(h, &call, &reply)), there ? "ok" : "not-found");
            if (there) {
                assert_ok(cty_receipt_open(reply.result.proof_inclusion.receipt, item->text, cty_bytes_text(HOUSE_ORIGIN),
                                           cty_secret_key(h->log), &receipt, &checkpoint));
                assert_int_equal(checkpoint.size, size ? size : house_size(h));
            }
            house_reply_done(&reply);
        }
    }
    house_reply_done(&entries);
    house_free(h);
}

static void every_size_is_consistent_with_every_later_one(void **state)
{
    struct house *h = house_ready();
    (void)state;
    for (uint64_t to = 0; to <= house_size(h); to++) {
        for (uint64_t from = 0; from <= to; from++) {
            struct cty_rpc_call call = {.rpc = CTY_RPC_PROOF_CONSISTENCY};
            struct house_reply reply;
            struct cty_proof proof = {.count = 0};
            call.params.u.proof_consistency.from = from;
            call.params.u.proof_consistency.to = to;
            assert_ok(house_call(h, &call, &reply));
            for (; proof.count < reply.result.proof_consistency.hashes_count; proof.count++)
                assert_ok(cty_base64_parse_into(reply.result.proof_consistency.hashes[proof.count],
                                                proof.hashes[proof.count].bytes, CTY_HASH_SIZE));
            assert_ok(cty_tree_consistency_verify(from, &reply.result.proof_consistency.root_from, to,
                                                  &reply.result.proof_consistency.root_to, &proof));
            house_reply_done(&reply);
        }
    }
    struct cty_rpc_call wrong = {.rpc = CTY_RPC_PROOF_CONSISTENCY};
    struct house_reply reply;
    wrong.params.u.proof_consistency.to = house_size(h) + 1;
    assert_refused(house_call(h, &wrong, &reply), "not-found");
    house_reply_done(&reply);
    wrong.params.u.proof_consistency.from = 2;
    wrong.params.u.proof_consistency.to = 1;
    assert_refused(house_call(h, &wrong, &reply), "bad-params");
    house_reply_done(&reply);
    house_free(h);
}

static void entries_come_in_pieces(void **state)
{
    struct house *h = house_ready();
    struct cty_hash session = house_session(h, "acme/a");
    struct house_reply reply;
    (void)state;
    struct cty_rpc_call call = with_session(CTY_RPC_ENTRIES, &session);
    call.params.u.entries.from = 1;
    call.params.u.entries.count = 2;
    assert_ok(house_call(h, &call, &reply));
    assert_int_equal(cty_rpc_list(&reply.message, &reply.answer, "entries")->count, 2);
    assert_int_equal(reply.result.entries.from, 1);
    assert_int_equal(reply.result.entries.size, house_size(h));
    house_reply_done(&reply);
    call.params.u.entries.from = house_size(h);
    assert_ok(house_call(h, &call, &reply));
    assert_int_equal(cty_rpc_list(&reply.message, &reply.answer, "entries")->count, 0);
    house_reply_done(&reply);
    struct cty_rpc_call trust = with_session(CTY_RPC_TRUST_ENTRIES, &session);
    trust.params.u.trust_entries.count = 3;
    assert_ok(house_call(h, &trust, &reply));
    assert_int_equal(cty_rpc_list(&reply.message, &reply.answer, "entries")->count, 3);
    assert_int_equal(reply.result.trust_entries.next, 3);
    house_reply_done(&reply);
    trust.params.u.trust_entries.from = 3;
    trust.params.u.trust_entries.count = 256;
    assert_ok(house_call(h, &trust, &reply));
    assert_int_equal(cty_rpc_list(&reply.message, &reply.answer, "entries")->count, house_size(h) - 3);
    assert_int_equal(reply.result.trust_entries.next, 0);
    house_reply_done(&reply);
    house_free(h);
}

static void what_members_read_needs_a_session(void **state)
{
    static const enum cty_rpc methods[] = {CTY_RPC_SESSION_CLOSE, CTY_RPC_ENTRIES, CTY_RPC_CASE_GET, CTY_RPC_CASE_LIST,
                                           CTY_RPC_CASE_WAIT, CTY_RPC_CASE_ENTRIES, CTY_RPC_TRUST_ENTRIES, CTY_RPC_ACTORS,
                                           CTY_RPC_POLICY, CTY_RPC_BLOB_GET, CTY_RPC_BLOB_STAGE};
    struct house *h = house_ready();
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(methods); i++) {
        struct cty_rpc_call call = {.rpc = methods[i]};
        struct house_reply reply;
        call.params.u.policy.scope = methods[i] == CTY_RPC_POLICY ? cty_bytes_text("ledger") : call.params.u.policy.scope;
        if (methods[i] == CTY_RPC_BLOB_GET)
            call.params.u.blob_get.member = cty_bytes_text("payload");
        assert_refused(house_call(h, &call, &reply), "session-needed");
        house_reply_done(&reply);
        call.params.session.present = true;
        assert_refused(house_call(h, &call, &reply), "session-needed");
        house_reply_done(&reply);
    }
    house_free(h);
}

static void a_session_is_opened_by_whom_it_names(void **state)
{
    struct house *h = house_ready();
    struct cty_hash session;
    struct cty_session_claim none = {.time = 0}, used = {.time = 0};
    (void)state;
    assert_ok(house_try_session(h, "acme/a", &none, &session));
    memcpy(used.server_nonce, none.server_nonce, 16);
    used.type = 1;
    assert_refused(house_try_session(h, "acme/a", &used, &session), "bad-session");
    struct cty_session_claim ledger = {.ledger = cty_bytes_text("custody.example/other")};
    assert_refused(house_try_session(h, "acme/a", &ledger, &session), "wrong-ledger");
    struct cty_session_claim door = {.door = cty_bytes_text("ipc:///tmp/somewhere")};
    assert_refused(house_try_session(h, "acme/a", &door, &session), "bad-session");
    struct cty_session_claim early = {.time = 5};
    assert_refused(house_try_session(h, "acme/a", &early, &session), "bad-session");
    assert_refused(house_try_session(h, "acme/nobody", NULL, &session), "key-unknown");
    house_free(h);
}

/* A TLS door beside the house's own, on this machine's files. */
static void write_door_file(struct house *h, const char *name, struct cty_bytes bytes, char **ret_path)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", h->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
    assert_ok(cty_config_set(ret_path, path));
}

static void add_tls_door(struct house *h, struct cty_buf *ret_certificate)
{
    static const char *const hosts[] = {"127.0.0.1"};
    struct cty_buf key = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    const uint64_t now = (uint64_t)time(NULL) * 1000, hour = 3600 * 1000;
    const struct cty_certificate_order order = {
        .hosts = hosts, .hosts_count = 1, .not_before_ms = now - hour, .not_after_ms = now + hour};
    *ret_certificate = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    assert_ok(cty_certificate_make(&order, ret_certificate, &key, NULL));
    write_door_file(h, "door.pem", cty_buf_bytes(ret_certificate), &h->config.tls_certificate);
    write_door_file(h, "door.key", cty_buf_bytes(&key), &h->config.tls_key);
    assert_ok(cty_config_add(h->config.listen, &h->config.listen_count, "tls+tcp://127.0.0.1:0", NULL));
    cty_buf_done(&key);
}

/*
 * Every machine has a 127.0.0.1, and files under the same paths: who stands in for such a door on the reader's machine passes
 * the claim on over TLS, to a custodian that listens there too, and would have the session.
 */
static void a_claim_for_a_door_of_this_machine_is_of_no_use_from_another(void **state)
{
    struct house *h = house_ready();
    struct cty_hash session;
    struct cty_buf certificate;
    (void)state;
    house_close(h);
    add_tls_door(h, &certificate);
    house_open(h);
    struct cty_net_client *near = h->client;
    const struct cty_net_client_config config = {.url = cty_daemon_url(h->daemon, 1),
                                                 .pin = {.certificate = cty_buf_bytes(&certificate)}};
    assert_ok(cty_net_client_open(&config, &h->client, NULL));
    assert_refused(house_try_session(h, "acme/a", NULL, &session), "bad-session");
    cty_net_client_close(h->client);
    h->client = near;
    assert_ok(house_try_session(h, "acme/a", NULL, &session));
    unlink(h->config.tls_certificate);
    unlink(h->config.tls_key);
    cty_buf_done(&certificate);
    house_free(h);
}

static void a_session_ends_when_it_is_closed(void **state)
{
    struct house *h = house_ready();
    struct cty_hash session = house_session(h, "acme/a");
    struct house_reply reply;
    (void)state;
    struct cty_rpc_call call = with_session(CTY_RPC_ACTORS, &session), close = with_session(CTY_RPC_SESSION_CLOSE, &session);
    assert_ok(house_call(h, &call, &reply));
    house_reply_done(&reply);
    assert_ok(house_call(h, &close, &reply));
    house_reply_done(&reply);
    assert_refused(house_call(h, &call, &reply), "session-needed");
    house_reply_done(&reply);
    session = house_session(h, "acme/a");
    call = with_session(CTY_RPC_ACTORS, &session);
    house_pass(h, CTY_SESSION_IDLE_MS_MAX + 1000);
    assert_refused(house_call(h, &call, &reply), "session-needed");
    house_reply_done(&reply);
    house_free(h);
}

static void a_session_ends_with_its_actor(void **state)
{
    static const char *const signers[] = {"acme/a", "acme/b", NULL};
    struct house *h = house_ready();
    struct cty_hash session = house_session(h, "acme/bot"), other;
    struct house_reply reply;
    struct draft d;
    (void)state;
    struct cty_rpc_call call = with_session(CTY_RPC_ACTORS, &session);
    assert_ok(house_call(h, &call, &reply));
    house_reply_done(&reply);
    draft_begin(h, &d, CTY_ACTOR_REVOKE, signers);
    d.st.u.actor_revoke.actor = cty_bytes_text("acme/bot");
    d.st.u.actor_revoke.since = d.st.time - 1000;
    d.st.u.actor_revoke.reason = (struct cty_opt_hash){draft_commit(&d, "reason", "it was stolen"), true};
    assert_ok(draft_submit(h, &d, &reply));
    struct cty_hash digest = reply.result.submit.digest;
    house_reply_done(&reply);
    assert_refused(house_call(h, &call, &reply), "session-needed");
    house_reply_done(&reply);
    assert_refused(house_try_session(h, "acme/bot", NULL, &other), "key-not-valid");
    /* Why is for all who are enrolled. */
    session = house_session(h, "acme/pal");
    struct cty_rpc_call why = with_session(CTY_RPC_BLOB_GET, &session);
    why.params.u.blob_get.statement = digest;
    why.params.u.blob_get.member = cty_bytes_text("reason");
    assert_ok(house_call(h, &why, &reply));
    assert_bytes_text(reply.result.blob_get.content, "aXQgd2FzIHN0b2xlbg==");
    house_reply_done(&reply);
    house_free(h);
}

static custody_err get_blob(struct house *h, const char *actor, const struct cty_hash *statement, const char *member,
                            const struct cty_hash *case_id)
{
    struct cty_hash session = house_session(h, actor);
    struct cty_rpc_call call = with_session(CTY_RPC_BLOB_GET, &session);
    struct house_reply reply;
    call.params.u.blob_get.statement = *statement;
    call.params.u.blob_get.member = cty_bytes_text(member);
    if (case_id)
        call.params.u.blob_get.case_id = (struct cty_opt_hash){*case_id, true};
    custody_err err = house_call(h, &call, &reply);
    if (err == CUSTODY_OK) {
        /* What comes back is what was committed to. */
        uint8_t salt[CTY_SALT_SIZE];
        assert_ok(cty_base64_parse_into(reply.result.blob_get.salt, salt, sizeof(salt)));
    }
    house_reply_done(&reply);
    return err;
}

static void contents_go_to_whom_the_fold_gives_them(void **state)
{
    struct house *h = house_ready();
    struct draft d;
    struct house_reply reply;
    (void)state;
    house_request(h, &d, "acme/bot", "refund", "{\"secret\":1}");
    d.st.u.request.state = (struct cty_opt_hash){draft_commit(&d, "state", "{}"), true};
    assert_ok(draft_submit(h, &d, &reply));
    struct cty_hash case_id = reply.result.submit.digest;
    house_reply_done(&reply);
    struct cty_hash other = house_case(h, "acme/pal", "refund");
    assert_ok(get_blob(h, "acme/bot", &case_id, "payload", NULL));
    assert_ok(get_blob(h, "acme/bot", &case_id, "state", NULL));
    assert_ok(get_blob(h, "acme/carol", &case_id, "payload", NULL));
    assert_ok(get_blob(h, "acme/carol", &case_id, "payload", &case_id));
    assert_refused(get_blob(h, "acme/carol", &case_id, "state", NULL), "forbidden");
    assert_refused(get_blob(h, "acme/pal", &case_id, "payload", NULL), "forbidden");
    /* Naming a case of one's own does not help. */
    assert_refused(get_blob(h, "acme/pal", &case_id, "payload", &other), "forbidden");
    assert_refused(get_blob(h, "operator/ada", &case_id, "payload", NULL), "forbidden");
    assert_refused(get_blob(h, "acme/carol", &case_id, "nothing", NULL), "not-found");
    assert_refused(get_blob(h, "acme/carol", &other, "state", NULL), "not-found");
    /* A decision's reason: the statement is not the request. */
    house_decide(h, &d, &case_id, "acme/carol", CTY_APPROVE);
    assert_ok(draft_submit(h, &d, &reply));
    struct cty_hash decision = reply.result.submit.digest;
    house_reply_done(&reply);
    assert_refused(get_blob(h, "acme/bot", &decision, "reason", NULL), "forbidden");
    assert_ok(get_blob(h, "acme/bot", &decision, "reason", &case_id));
    house_get_case(h, "acme/bot", &case_id, &reply);
    assert_int_equal(cty_rpc_list(&reply.message, &reply.answer, "blobs")->count, 3);
    house_reply_done(&reply);
    assert_ok(get_blob(h, "acme/bot", &decision, "reason", NULL));
    assert_refused(get_blob(h, "acme/pal", &decision, "reason", NULL), "forbidden");
    house_get_case(h, "acme/pal", &case_id, &reply);
    assert_int_equal(cty_rpc_list(&reply.message, &reply.answer, "blobs")->count, 0);
    house_reply_done(&reply);
    house_free(h);
}

static void names_are_for_all_who_are_enrolled(void **state)
{
    struct house *h = house_ready();
    struct cty_hash session = house_session(h, "acme/bot");
    struct cty_rpc_call call = with_session(CTY_RPC_ACTORS, &session);
    struct house_reply reply;
    struct cty_actor_record carol = {.index = 0};
    struct cty_json tape = CTY_JSON_INIT;
    (void)state;
    call.params.u.actors.party = cty_bytes_text("acme");
    call.params.u.actors.after = cty_bytes_text("acme/bot");
    call.params.u.actors.limit = 1;
    assert_ok(house_call(h, &call, &reply));
    const struct cty_json_node *list = cty_rpc_list(&reply.message, &reply.answer, "actors");
    assert_int_equal(list->count, 1);
    assert_ok(cty_record_decode(&cty_shape_actor_record, cty_json_first(&reply.message.json, list)->text, &tape, &carol,
                                NULL));
    assert_bytes_text(carol.enrolment.actor, "acme/carol");
    assert_bytes_text(reply.result.actors.next, "acme/carol");
    struct cty_hash digest = carol.digest;
    cty_json_done(&tape);
    house_reply_done(&reply);
    assert_ok(get_blob(h, "acme/bot", &digest, "enrolment/name", NULL));
    assert_ok(get_blob(h, "operator/ada", &digest, "enrolment/name", NULL));
    call.params.u.actors.after = cty_bytes_text("acme/carol");
    assert_ok(house_call(h, &call, &reply));
    assert_null(reply.result.actors.next.data);
    house_reply_done(&reply);
    memset(&call.params.u, 0, sizeof(call.params.u));
    assert_ok(house_call(h, &call, &reply));
    assert_int_equal(cty_rpc_list(&reply.message, &reply.answer, "actors")->count, 7);
    house_reply_done(&reply);
    house_free(h);
}

static void policies_are_given_by_scope(void **state)
{
    struct house *h = house_ready();
    struct cty_hash session = house_session(h, "acme/bot");
    struct cty_rpc_call call = with_session(CTY_RPC_POLICY, &session);
    struct house_reply reply;
    (void)state;
    call.params.u.policy.scope = cty_bytes_text("ledger");
    assert_ok(house_call(h, &call, &reply));
    assert_true(reply.result.policy.digest.present);
    assert_memory_equal(reply.result.policy.policy.data, "{\"admin_quorum\":2", 17);
    house_reply_done(&reply);
    call.params.u.policy.scope = cty_bytes_text("acme");
    assert_ok(house_call(h, &call, &reply));
    assert_false(reply.result.policy.digest.present);
    assert_null(reply.result.policy.policy.data);
    house_reply_done(&reply);
    call.params.u.policy.scope = cty_bytes_text("nobody");
    assert_refused(house_call(h, &call, &reply), "party-unknown");
    house_reply_done(&reply);
    house_free(h);
}

/* --- cases ------------------------------------------------------------------------------------------------- */

static void a_case_is_given_as_it_stands(void **state)
{
    struct house *h = house_ready();
    struct cty_hash case_id = house_case(h, "acme/bot", "transfer"), none = {{1}};
    struct house_reply reply;
    struct draft d;
    (void)state;
    house_decide(h, &d, &case_id, "acme/carol", CTY_APPROVE);
    assert_ok(draft_submit(h, &d, &reply));
    house_reply_done(&reply);
    house_get_case(h, "acme/b", &case_id, &reply);
    const struct cty_rpc_case *c = &reply.result.case_get;
    assert_bytes_text(c->state, "HELD");
    assert_true(c->may_decide);
    assert_int_equal(c->quorum_count, 1);
    assert_int_equal(c->quorum[0].have, 1);
    assert_int_equal(c->quorum[0].needed, 2);
    assert_bytes_text(c->quorum[0].scope, "ledger");
    assert_true(c->due > 0);
    const struct cty_json_node *entries = cty_rpc_list(&reply.message, &reply.answer, "entries");
    assert_int_equal(entries->count, 3);
    house_reply_done(&reply);
    /* Who has decided, is an agent, or owns the agent may not. */
    static const char *const others[] = {"acme/carol", "acme/bot", "acme/a", "operator/ada"};
    for (size_t i = 0; i < CTY_COUNT_OF(others); i++) {
        house_get_case(h, others[i], &case_id, &reply);
        assert_false(reply.result.case_get.may_decide);
        house_reply_done(&reply);
    }
    struct cty_hash session = house_session(h, "acme/b");
    struct cty_rpc_call call = with_session(CTY_RPC_CASE_GET, &session);
    call.params.u.case_get.case_id = none;
    assert_refused(house_call(h, &call, &reply), "wrong-case");
    house_reply_done(&reply);
    house_free(h);
}

static void the_entries_of_a_case_come_in_order(void **state)
{
    struct house *h = house_ready();
    struct cty_hash case_id = house_case(h, "acme/bot", "ping"), session = house_session(h, "acme/pal");
    struct house_reply reply;
    (void)state;
    struct cty_rpc_call call = with_session(CTY_RPC_CASE_ENTRIES, &session);
    call.params.u.case_entries.case_id = case_id;
    assert_ok(house_call(h, &call, &reply));
    assert_int_equal(cty_rpc_list(&reply.message, &reply.answer, "entries")->count, 3);
    assert_int_equal(cty_rpc_list(&reply.message, &reply.answer, "trust")->count, 5);
    assert_int_equal(reply.result.case_entries.next, 0);
    house_reply_done(&reply);
    call.params.u.case_entries.from = house_size(h) - 1;
    assert_ok(house_call(h, &call, &reply));
    assert_int_equal(cty_rpc_list(&reply.message, &reply.answer, "entries")->count, 1);
    house_reply_done(&reply);
    house_free(h);
}

static uint32_t count_cases(struct house *h, const char *actor, int mine, const char *state_name, const char *also)
{
    struct cty_hash session = house_session(h, actor);
    struct cty_rpc_call call = with_session(CTY_RPC_CASE_LIST, &session);
    struct house_reply reply;
    call.params.u.case_list.mine = mine;
    if (state_name)
        call.params.u.case_list.state[call.params.u.case_list.state_count++] = cty_bytes_text(state_name);
    if (also)
        call.params.u.case_list.state[call.params.u.case_list.state_count++] = cty_bytes_text(also);
    assert_ok(house_call(h, &call, &reply));
    uint32_t count = cty_rpc_list(&reply.message, &reply.answer, "cases")->count;
    assert_int_equal(reply.result.case_list.next, 0);
    house_reply_done(&reply);
    return count;
}

static void cases_are_listed_as_they_read(void **state)
{
    struct house *h = house_ready();
    struct draft d;
    struct house_reply reply;
    (void)state;
    house_case(h, "acme/bot", "refund");
    house_case(h, "acme/bot", "ping");
    house_case(h, "acme/pal", "wipe");
    struct cty_hash rejected = house_case(h, "acme/pal", "refund");
    house_decide(h, &d, &rejected, "acme/b", CTY_REJECT);
    assert_ok(draft_submit(h, &d, &reply));
    house_reply_done(&reply);
    assert_int_equal(count_cases(h, "acme/b", CTY_MINE_ANY, NULL, NULL), 4);
    assert_int_equal(count_cases(h, "acme/b", CTY_MINE_ANY, "HELD", NULL), 1);
    assert_int_equal(count_cases(h, "acme/b", CTY_MINE_ANY, "RELEASED", "REFUSED"), 2);
    assert_int_equal(count_cases(h, "acme/b", CTY_MINE_DECIDE, NULL, NULL), 1);
    assert_int_equal(count_cases(h, "acme/a", CTY_MINE_DECIDE, NULL, NULL), 0);
    assert_int_equal(count_cases(h, "acme/bot", CTY_MINE_REQUESTER, NULL, NULL), 2);
    assert_int_equal(count_cases(h, "acme/pal", CTY_MINE_HOLDER, "REJECTED", NULL), 1);
    assert_int_equal(count_cases(h, "acme/pal", CTY_MINE_HOLDER, "LAPSED", NULL), 0);
    struct cty_hash session = house_session(h, "acme/b");
    struct cty_rpc_call call = with_session(CTY_RPC_CASE_LIST, &session);
    call.params.u.case_list.state[call.params.u.case_list.state_count++] = cty_bytes_text("held");
    assert_refused(house_call(h, &call, &reply), "bad-params");
    house_reply_done(&reply);
    house_free(h);
}

static void long_lists_go_on_where_they_ended(void **state)
{
    struct house *h = house_ready();
    struct cty_hash session = house_session(h, "acme/b");
    struct house_reply reply;
    uint32_t seen = 0, answers = 0;
    (void)state;
    for (int i = 0; i < 7; i++)
        house_case(h, i % 2 ? "acme/bot" : "acme/pal", "refund");
    struct cty_rpc_call call = with_session(CTY_RPC_CASE_LIST, &session);
    call.params.u.case_list.limit = 3;
    do {
        assert_ok(house_call(h, &call, &reply));
        seen += cty_rpc_list(&reply.message, &reply.answer, "cases")->count;
        call.params.u.case_list.after = reply.result.case_list.next;
        house_reply_done(&reply);
        answers++;
    } while (call.params.u.case_list.after);
    assert_int_equal(seen, 7);
    assert_int_equal(answers, 3);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info_says_what_it_is),
        cmocka_unit_test(checkpoints_are_given_up_to_the_newest),
        cmocka_unit_test(every_entry_is_proved_against_every_checkpoint),
        cmocka_unit_test(every_size_is_consistent_with_every_later_one),
        cmocka_unit_test(entries_come_in_pieces),
        cmocka_unit_test(what_members_read_needs_a_session),
        cmocka_unit_test(a_session_is_opened_by_whom_it_names),
        cmocka_unit_test(a_claim_for_a_door_of_this_machine_is_of_no_use_from_another),
        cmocka_unit_test(a_session_ends_when_it_is_closed),
        cmocka_unit_test(a_session_ends_with_its_actor),
        cmocka_unit_test(contents_go_to_whom_the_fold_gives_them),
        cmocka_unit_test(names_are_for_all_who_are_enrolled),
        cmocka_unit_test(policies_are_given_by_scope),
        cmocka_unit_test(a_case_is_given_as_it_stands),
        cmocka_unit_test(the_entries_of_a_case_come_in_order),
        cmocka_unit_test(cases_are_listed_as_they_read),
        cmocka_unit_test(long_lists_go_on_where_they_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
