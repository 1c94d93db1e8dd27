/* SPDX-License-Identifier: Apache-2.0 */
/* Creating, starting, stopping: what is refused leaves nothing, what was accepted is there again. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ledger/note.h"
#include "net/subscriber.h"
#include "unit/daemon/house.h"

static bool exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

/* --- creating ---------------------------------------------------------------------------------------------- */

static custody_err create_from(struct house *h, struct draft *d)
{
    struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    struct cty_daemon_options options = {.config = &h->config, .log = h->log, .clerk = h->clerk, .clock = &h->clock};
    custody_error error = {0};
    draft_params(h, d, &params);
    custody_err err = cty_daemon_create_ledger(&options, cty_buf_bytes(&params), &error);
    assert_true(err == CUSTODY_OK || error.code == err);
    /* Who doesn't ask why is refused as well. */
    if (err != CUSTODY_OK)
        assert_int_equal(cty_daemon_create_ledger(&options, cty_buf_bytes(&params), NULL), err);
    cty_buf_done(&params);
    draft_done(d);
    return err;
}

static custody_err create_text(struct house *h, const char *text)
{
    struct cty_daemon_options options = {.config = &h->config, .log = h->log, .clerk = h->clerk, .clock = &h->clock};
    custody_error error = {0};
    return cty_daemon_create_ledger(&options, cty_bytes_text(text), &error);
}

static void a_ledger_is_never_created_twice(void **state)
{
    struct house *h = house_new(false);
    struct draft d;
    (void)state;
    house_genesis(h, &d);
    assert_refused(create_from(h, &d), "exists");
    house_open(h);
    assert_int_equal(house_size(h), 1);
    house_free(h);
}

static void what_is_refused_leaves_no_database(void **state)
{
    struct house *h = house_new(false);
    struct draft d;
    (void)state;
    unlink(h->path);
    assert_refused(create_text(h, "nonsense"), "bad-params");
    assert_refused(create_text(h, "{}"), "bad-params");
    assert_refused(create_text(h, "{\"envelope\":\"{}\"}"), "bad-envelope");
    house_genesis(h, &d);
    d.st.u.ledger_open.admins_count = 1; /* and yet two sign */
    assert_refused(create_from(h, &d), "wrong-signer");
    house_genesis(h, &d);
    d.contents[0].salt[0] ^= 1;
    assert_refused(create_from(h, &d), "blob-mismatch");
    house_genesis(h, &d);
    free(d.contents[1].content);
    d.contents_count = 1;
    assert_refused(create_from(h, &d), "blob-missing");
    house_genesis(h, &d);
    d.st.u.ledger_open.log_key = d.st.u.ledger_open.clerk_key;
    assert_refused(create_from(h, &d), "config");
    house_genesis(h, &d);
    d.st.until = 1;
    assert_refused(create_from(h, &d), "past-until");
    house_request(h, &d, "acme/bot", "ping", "{}");
    assert_refused(create_from(h, &d), "genesis-missing");
    assert_ok(cty_config_set(&h->config.origin, "custody.example/another"));
    house_genesis(h, &d);
    assert_refused(create_from(h, &d), "wrong-ledger");
    free(h->config.origin);
    h->config.origin = NULL;
    assert_false(exists(h->path));
    house_genesis(h, &d);
    assert_ok(create_from(h, &d));
    assert_true(exists(h->path));
    house_free(h);
}

static void development_keys_open_only_development_ledgers(void **state)
{
    struct house *h = house_new(true);
    struct draft d;
    custody_error error = {0};
    (void)state;
    assert_ok(house_try_open(h, false, &error));
    house_close(h);
    h->config.development = false;
    assert_refused(house_try_open(h, false, &error), "development-key");
    unlink(h->path);
    h->config.development = true; /* the house's keys are the published ones */
    house_genesis(h, &d);
    struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    draft_params(h, &d, &params);
    draft_done(&d);
    h->config.development = false;
    assert_refused(create_text(h, cty_buf_text(&params)), "development-key");
    assert_false(exists(h->path));
    cty_buf_done(&params);
    h->config.development = true;
    house_free(h);
}

static void a_public_ledger_gives_its_entries_to_all(void **state)
{
    static const enum cty_rpc methods[] = {CTY_RPC_ENTRIES, CTY_RPC_TRUST_ENTRIES, CTY_RPC_CASE_ENTRIES, CTY_RPC_ACTORS,
                                           CTY_RPC_CASE_GET, CTY_RPC_CASE_NEWS};
    /* No session is asked for, and so the case that is not there is all that is wrong. */
    static const char *const public_codes[] = {"ok", "ok", "wrong-case", "session-needed", "session-needed",
                                               "session-needed"};
    struct house *h = house_new(false);
    struct draft d;
    (void)state;
    house_open(h);
    for (size_t i = 0; i < CTY_COUNT_OF(methods); i++) {
        struct cty_rpc_call call = {.rpc = methods[i]};
        struct house_reply reply;
        assert_refused(house_call(h, &call, &reply), "session-needed");
        house_reply_done(&reply);
    }
    house_close(h);
    unlink(h->path);
    house_genesis(h, &d);
    d.st.u.ledger_open.readers = CTY_READERS_PUBLIC;
    assert_ok(create_from(h, &d));
    house_open(h);
    for (size_t i = 0; i < CTY_COUNT_OF(methods); i++) {
        struct cty_rpc_call call = {.rpc = methods[i]};
        struct house_reply reply;
        assert_string_equal(custody_err_name(house_call(h, &call, &reply)), public_codes[i]);
        house_reply_done(&reply);
    }
    house_free(h);
}

/* --- starting ---------------------------------------------------------------------------------------------- */

static void keys_have_to_be_the_ledgers(void **state)
{
    struct house *h = house_new(false);
    struct cty_daemon_facts facts = {.closed = false};
    custody_error error = {0};
    struct cty_hash seed = {{1}};
    struct cty_secret *other = NULL;
    struct cty_daemon *daemon = NULL;
    (void)state;
    assert_ok(cty_secret_from_seed(cty_secret_name(h->log), seed.bytes, &other));
    struct cty_daemon_options options = {.config = &h->config, .log = other, .clerk = h->clerk};
    assert_refused(cty_daemon_start(&options, &daemon, &error), "config");
    assert_refused(cty_daemon_check_ledger(&options, &facts, &error), "config");
    options = (struct cty_daemon_options){.config = &h->config, .log = h->log, .clerk = h->log};
    assert_refused(cty_daemon_start(&options, &daemon, &error), "config");
    cty_secret_free(other);
    assert_ok(cty_config_set(&h->config.origin, "custody.example/another"));
    assert_refused(house_try_open(h, false, &error), "config");
    assert_ok(cty_config_set(&h->config.origin, HOUSE_ORIGIN));
    assert_ok(house_try_open(h, false, &error));
    options = (struct cty_daemon_options){.config = &h->config, .log = h->log, .clerk = h->clerk};
    assert_ok(cty_daemon_check_ledger(&options, &facts, &error)); /* beside it */
    assert_refused(cty_daemon_start(&options, &daemon, &error), "store-locked");
    house_free(h);
}

static void what_is_not_there_is_not_served(void **state)
{
    struct house *h = house_new(false);
    struct cty_daemon_facts facts = {.closed = false};
    custody_error error = {0};
    (void)state;
    unlink(h->path);
    assert_refused(house_try_open(h, false, &error), "not-found");
    struct cty_daemon_options options = {.config = &h->config, .log = h->log, .clerk = h->clerk};
    assert_refused(cty_daemon_check_ledger(&options, &facts, &error), "not-found");
    house_free(h);
}

static void a_restart_keeps_everything(void **state)
{
    struct house *h = house_ready();
    struct cty_hash case_id = house_case(h, "acme/bot", "refund");
    struct house_reply reply;
    struct draft d;
    (void)state;
    uint64_t size = house_size(h);
    for (int i = 0; i < 3; i++) {
        house_close(h);
        house_open(h);
        assert_int_equal(house_size(h), size);
        assert_case_state(h, &case_id, "HELD");
    }
    house_decide(h, &d, &case_id, "acme/carol", CTY_APPROVE);
    assert_ok(draft_submit(h, &d, &reply));
    house_check_receipts(h, &reply);
    house_reply_done(&reply);
    house_free(h);
}

static void checkpoints_are_published(void **state)
{
    struct house *h = house_ready();
    struct cty_net_subscriber *subscriber = NULL;
    custody_error error = {0};
    char url[128];
    (void)state;
    house_close(h);
    snprintf(url, sizeof(url), "ipc://%s/file", h->folder);
    assert_ok(cty_config_add(h->config.publish, &h->config.publish_count, url, &error));
    house_open(h);
    assert_ok(cty_net_subscriber_open(cty_daemon_publish_url(h->daemon, 0), NULL, 0, &subscriber, &error));
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    /* A subscriber hears what comes after it is there, so ask for more until it is. */
    custody_err err = CUSTODY_E_TIMEOUT;
    for (int i = 0; i < 50 && err == CUSTODY_E_TIMEOUT; i++) {
        house_case(h, "acme/bot", "ping");
        cty_buf_clear(&note);
        err = cty_net_subscriber_next(subscriber, 200, &note, &error);
    }
    assert_ok(err);
    struct cty_checkpoint checkpoint;
    assert_ok(cty_checkpoint_open(cty_buf_bytes(&note), cty_bytes_text(HOUSE_ORIGIN), cty_secret_key(h->log),
                                  &checkpoint));
    assert_in_range(checkpoint.size, 1, house_size(h));
    cty_buf_done(&note);
    cty_net_subscriber_close(subscriber);
    house_free(h);
}

/* --- stopping ---------------------------------------------------------------------------------------------- */

struct load {
    struct house *h;
    struct cty_buf messages[32];
    size_t accepted;
    size_t lost;
    pthread_t thread;
};

static void *run_load(void *context)
{
    struct load *load = context;
    struct cty_net_client *client = NULL;
    struct cty_net_client_config config = {.url = cty_daemon_url(load->h->daemon, 0)};
    custody_error error = {0};
    if (cty_net_client_open(&config, &client, &error) != CUSTODY_OK)
        return NULL;
    for (size_t i = 0; i < CTY_COUNT_OF(load->messages); i++) {
        struct cty_buf reply = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
        if (cty_net_client_call(client, cty_buf_bytes(&load->messages[i]), 20000, &reply, &error) == CUSTODY_OK)
            load->accepted += strstr(cty_buf_text(&reply), "\"receipt\":\"c2sp.org/tlog-proof@v1") != NULL;
        else
            load->lost++;
        cty_buf_done(&reply);
    }
    cty_net_client_close(client);
    return NULL;
}

static void make_load(struct house *h, struct load *load)
{
    memset(load, 0, sizeof(*load));
    load->h = h;
    for (size_t i = 0; i < CTY_COUNT_OF(load->messages); i++) {
        struct draft d;
        struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
        house_request(h, &d, "acme/bot", "refund", "{}");
        draft_params(h, &d, &params);
        load->messages[i] = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
        assert_ok(cty_buf_putf(&load->messages[i], "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":%s}",
                               cty_buf_text(&params)));
        cty_buf_done(&params);
        draft_done(&d);
    }
}

static void free_load(struct load *load)
{
    for (size_t i = 0; i < CTY_COUNT_OF(load->messages); i++)
        cty_buf_done(&load->messages[i]);
}

/* Whatever is answered is there afterwards; whatever isn't may be sent again. */
static void nothing_that_was_answered_is_lost_in_a_stop(void **state)
{
    struct house *h = house_ready();
    struct load load[4];
    size_t accepted = 0;
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(load); i++)
        make_load(h, &load[i]);
    uint64_t size = house_size(h);
    for (size_t i = 0; i < CTY_COUNT_OF(load); i++)
        assert_int_equal(pthread_create(&load[i].thread, NULL, run_load, &load[i]), 0);
    usleep(15000);
    cty_daemon_stop(h->daemon, 5000);
    for (size_t i = 0; i < CTY_COUNT_OF(load); i++) {
        pthread_join(load[i].thread, NULL);
        accepted += load[i].accepted;
    }
    h->daemon = NULL;
    house_close(h);
    house_open(h);
    assert_true(house_size(h) >= size + 2 * accepted);
    for (size_t i = 0; i < CTY_COUNT_OF(load); i++) {
        load[i].accepted = load[i].lost = 0;
        run_load(&load[i]);
        assert_int_equal(load[i].accepted, CTY_COUNT_OF(load[i].messages));
        assert_int_equal(load[i].lost, 0);
        free_load(&load[i]);
    }
    assert_int_equal(house_size(h), size + 2 * CTY_COUNT_OF(load) * CTY_COUNT_OF(load[0].messages));
    house_free(h);
}

static void a_full_queue_is_told(void **state)
{
    struct house *h = house_ready();
    struct cty_buf batch = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    (void)state;
    house_close(h);
    h->config.queue = 1;
    house_open(h);
    assert_ok(cty_buf_put_text(&batch, "["));
    for (unsigned i = 0; i < CTY_BATCH_MAX; i++) {
        struct draft d;
        struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
        house_request(h, &d, "acme/bot", "refund", "{}");
        draft_params(h, &d, &params);
        assert_ok(cty_buf_putf(&batch, "%s{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":%s}", i ? "," : "",
                               cty_buf_text(&params)));
        cty_buf_done(&params);
        draft_done(&d);
    }
    assert_ok(cty_buf_put_text(&batch, "]"));
    bool told = false;
    for (int i = 0; i < 20 && !told; i++) {
        char *answer = house_raw(h, cty_buf_text(&batch));
        assert_non_null(answer);
        char *busy = strstr(answer, "\"code\":\"busy\"");
        if (busy) {
            assert_non_null(strstr(busy, "\"retry_after_ms\":"));
            told = true;
        }
        free(answer);
    }
    assert_true(told);
    cty_buf_done(&batch);
    house_free(h);
}

static void a_wait_ends_with_a_stop(void **state)
{
    struct house *h = house_ready();
    struct cty_hash case_id = house_case(h, "acme/bot", "refund");
    struct cty_rpc_call call = {.rpc = CTY_RPC_CASE_WAIT, .id = {.kind = CTY_RPC_ID_NUMBER}};
    (void)state;
    call.params.session = (struct cty_opt_hash){house_session(h, "acme/bot"), true};
    call.params.u.case_wait.case_id = case_id;
    call.params.u.case_wait.known = house_size(h) + 5;
    struct load load = {.h = h};
    load.messages[0] = CTY_BUF_INIT(65536);
    assert_ok(cty_rpc_call_write(&call, &load.messages[0]));
    /* The rest are empty messages, which nobody is there to answer any more. */
    assert_int_equal(pthread_create(&load.thread, NULL, run_load, &load), 0);
    usleep(300000);
    uint64_t before = (uint64_t)time(NULL);
    cty_daemon_stop(h->daemon, 5000);
    h->daemon = NULL;
    assert_true((uint64_t)time(NULL) - before < 5);
    pthread_join(load.thread, NULL);
    free_load(&load);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ledger_is_never_created_twice),
        cmocka_unit_test(what_is_refused_leaves_no_database),
        cmocka_unit_test(development_keys_open_only_development_ledgers),
        cmocka_unit_test(a_public_ledger_gives_its_entries_to_all),
        cmocka_unit_test(keys_have_to_be_the_ledgers),
        cmocka_unit_test(what_is_not_there_is_not_served),
        cmocka_unit_test(a_restart_keeps_everything),
        cmocka_unit_test(checkpoints_are_published),
        cmocka_unit_test(nothing_that_was_answered_is_lost_in_a_stop),
        cmocka_unit_test(a_full_queue_is_told),
        cmocka_unit_test(a_wait_ends_with_a_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
