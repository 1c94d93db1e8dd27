/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator can set, and every way of setting it wrong. */
#include <unistd.h>

#include "daemon/options.h"
#include "unit/support.h"

static custody_err parse(const char *text, custody_error *error)
{
    struct cty_config config = {.ledger = NULL};
    custody_err err = cty_config_parse(&config, cty_bytes_text(text), NULL, error);
    cty_config_done(&config);
    return err;
}

#define assert_wrong(text, what)                                                                       \
    do {                                                                                               \
        custody_error error_ = {0};                                                                    \
        assert_refused(parse(text, &error_), "config");                                                \
        assert_non_null(strstr(error_.detail, what));                                                  \
    } while (0)

static void a_whole_file_is_read(void **state)
{
    struct cty_config config = {.ledger = NULL};
    (void)state;
    const char *text = "{ \"ledger\": \"data/refunds.db\", \"log_key\": \"/keys/log.key\", \"clerk_key\": \"clerk.key\",\n"
                       " \"origin\": \"custody.example/refunds\", \"listen\": [\"ipc:///run/a\", \"tcp://127.0.0.1:7\"],\n"
                       " \"publish\": [\"ipc:///run/p\"], \"development\": true, \"group_access\": true, \"workers\": 3,\n"
                       " \"tls_certificate\": \"door.pem\", \"tls_key\": \"/keys/door.key\",\n"
                       " \"tls_names\": [\"tls+tcp://a.org:7\", \"tls+tcp://b.org:7\"],\n"
                       " \"next_log_key\": \"next.key\", \"next_clerk_key\": \"/keys/next-clerk.key\",\n"
                       " \"http\": \"http://0.0.0.0:80\", \"http_names\": [\"https://a.org/x\", \"https://b.org\"],\n"
                       " \"witnesses\": \"policy\", \"queue\": 7, \"connections\": 8, \"calls\": 9 }";
    assert_ok(cty_config_parse(&config, cty_bytes_text(text), "/etc/custody", NULL));
    assert_string_equal(config.ledger, "/etc/custody/data/refunds.db");
    assert_string_equal(config.log_key, "/keys/log.key");
    assert_string_equal(config.clerk_key, "/etc/custody/clerk.key");
    assert_string_equal(config.next_log_key, "/etc/custody/next.key");
    assert_string_equal(config.next_clerk_key, "/keys/next-clerk.key");
    assert_string_equal(config.origin, "custody.example/refunds");
    assert_int_equal(config.listen_count, 2);
    assert_string_equal(config.listen[1], "tcp://127.0.0.1:7");
    assert_int_equal(config.publish_count, 1);
    assert_string_equal(config.tls_certificate, "/etc/custody/door.pem");
    assert_string_equal(config.tls_key, "/keys/door.key");
    assert_int_equal(config.tls_names_count, 2);
    assert_string_equal(config.tls_names[1], "tls+tcp://b.org:7");
    assert_string_equal(config.witnesses, "/etc/custody/policy");
    assert_string_equal(config.http, "http://0.0.0.0:80");
    assert_int_equal(config.http_names_count, 2);
    assert_string_equal(config.http_names[1], "https://b.org");
    assert_true(config.development && config.group_access);
    assert_int_equal(config.workers, 3);
    assert_int_equal(config.queue, 7);
    assert_int_equal(config.connections, 8);
    assert_int_equal(config.calls, 9);
    cty_config_done(&config);
}

static void a_file_that_is_wrong_is_refused(void **state)
{
    (void)state;
    assert_wrong("", "offset");
    assert_wrong("[]", "");
    assert_wrong("{\"ledgers\":\"x\"}", "ledgers");
    assert_wrong("{\"ledger\":\"x\",\"ledger\":\"y\"}", "twice");
    assert_wrong("{\"ledger\":1}", "ledger");
    assert_wrong("{\"origin\":\"Not An Origin\"}", "origin");
    assert_wrong("{\"development\":1}", "development");
    assert_wrong("{\"listen\":\"ipc:///a\"}", "listen");
    assert_wrong("{\"listen\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}", "listen");
    assert_wrong("{\"tls_key\":[]}", "tls_key");
    assert_wrong("{\"tls_names\":\"tls+tcp://a:1\"}", "tls_names");
    assert_wrong("{\"tls_names\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}", "tls_names");
    assert_wrong("{\"http\":[]}", "http");
    assert_wrong("{\"http_names\":\"https://a.org\"}", "http_names");
    assert_wrong("{\"http_names\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}", "http_names");
    assert_wrong("{\"workers\":65}", "workers");
    assert_wrong("{\"queue\":65537}", "queue");
    assert_wrong("{\"connections\":-1}", "connections");
    assert_wrong("{\"calls\":1.5}", "calls");
    assert_wrong("{\"ledger\":null}", "ledger");
}

static custody_err complete(const char *text, custody_error *error)
{
    struct cty_config config = {.ledger = NULL};
    assert_ok(cty_config_parse(&config, cty_bytes_text(text), NULL, error));
    custody_err err = cty_config_complete(&config, error);
    cty_config_done(&config);
    return err;
}

#define KEYS "\"log_key\":\"l\",\"clerk_key\":\"c\""

static void the_door_for_readers_has_an_address_that_can_be(void **state)
{
    static const char *const right[] = {"\"http\":\"http://127.0.0.1:0\"", "\"http\":\"http://[::]:80\"",
                                        "\"http\":\"http://127.0.0.1:1\",\"http_names\":[\"https://a.org/refunds\"]"};
    static const char *const wrong[] = {"\"http\":\"https://a.org\"", "\"http\":\"http://a.org:80\"", "\"http\":\"\"",
                                        "\"http_names\":[\"https://a.org\"]",
                                        "\"http\":\"http://127.0.0.1:1\",\"http_names\":[\"https://a.org/\"]",
                                        "\"http\":\"http://127.0.0.1:1\",\"http_names\":[\"http://192.0.2.1:1\"]"};
    char text[256];
    custody_error error = {0};
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(right); i++) {
        snprintf(text, sizeof(text), "{\"ledger\":\"/tmp/x.db\"," KEYS ",%s}", right[i]);
        assert_ok(complete(text, &error));
    }
    for (size_t i = 0; i < CTY_COUNT_OF(wrong); i++) {
        snprintf(text, sizeof(text), "{\"ledger\":\"/tmp/x.db\"," KEYS ",%s}", wrong[i]);
        assert_refused(complete(text, &error), "config");
        assert_non_null(strstr(error.detail, "http"));
    }
}

static void a_folder_that_holds_no_door_asks_for_one(void **state)
{
    struct cty_config config = {.ledger = NULL, .doorless = true};
    char folder[] = "/tmp/custody test XXXXXX", text[256];
    custody_error error = {0};
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(text, sizeof(text), "{\"ledger\":\"%s/x.db\"," KEYS "}", folder);
    assert_refused(complete(text, &error), "config");
    assert_non_null(strstr(error.detail, "--listen"));
    assert_ok(cty_config_parse(&config, cty_bytes_text(text), NULL, &error));
    assert_ok(cty_config_complete(&config, &error));
    assert_int_equal(config.listen_count, 0);
    cty_config_done(&config);
    snprintf(text, sizeof(text), "{\"ledger\":\"%s/x.db\"," KEYS ",\"listen\":[\"ipc:///tmp/custody-test.sock\"]}", folder);
    assert_ok(complete(text, &error));
    assert_int_equal(rmdir(folder), 0);
}

static void what_is_left_out_is_filled_in(void **state)
{
    struct cty_config config = {.ledger = NULL};
    custody_error error = {0};
    (void)state;
    assert_ok(cty_config_parse(&config, cty_bytes_text("{\"ledger\":\"/tmp/x.db\"," KEYS "}"), NULL, &error));
    assert_ok(cty_config_complete(&config, &error));
    assert_int_equal(config.listen_count, 1);
    assert_string_equal(config.listen[0], "ipc:///tmp/custodyd.sock");
    assert_in_range(config.workers, 1, CTY_WORKERS_MAX);
    assert_int_equal(config.queue, CTY_QUEUE_DEFAULT);
    assert_int_equal(config.connections, CTY_CONNECTIONS_DEFAULT);
    assert_int_equal(config.calls, CTY_CALLS_DEFAULT);
    cty_config_done(&config);
}

static void what_can_not_be_left_out_is_asked_for(void **state)
{
    custody_error error = {0};
    (void)state;
    assert_refused(complete("{}", &error), "config");
    assert_string_equal(error.detail, "ledger is missing");
    assert_refused(complete("{\"ledger\":\"/tmp/x\"}", &error), "config");
    assert_string_equal(error.detail, "log_key is missing");
    assert_refused(complete("{\"ledger\":\"/tmp/x\",\"log_key\":\"l\"}", &error), "config");
    assert_string_equal(error.detail, "clerk_key is missing");
    assert_refused(complete("{\"ledger\":\"/nowhere/at/all/x.db\"," KEYS "}", &error), "config");
}

static void doors_beyond_this_machine_are_refused(void **state)
{
    static const char *const urls[] = {"tcp://0.0.0.0:1", "tcp://192.0.2.1:1", "tcp://example.com:1", "ws://127.0.0.1:1",
                                       "http://127.0.0.1/", "ipc://relative", "tcp://127.0.0.1", ""};
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(urls); i++) {
        char text[256];
        custody_error error = {0};
        snprintf(text, sizeof(text), "{\"ledger\":\"/tmp/x\"," KEYS ",\"listen\":[\"%s\"]}", urls[i]);
        assert_refused(complete(text, &error), "config");
        assert_non_null(strstr(error.detail, "listen"));
        snprintf(text, sizeof(text), "{\"ledger\":\"/tmp/x\"," KEYS ",\"publish\":[\"%s\"]}", urls[i]);
        assert_refused(complete(text, &error), "config");
        assert_non_null(strstr(error.detail, "publish"));
    }
}

static custody_err options(struct cty_options *ret_options, custody_error *error, const char *const *args)
{
    char *argv[24] = {strdup("custodyd")};
    int argc = 1;
    for (; args[argc - 1]; argc++)
        argv[argc] = strdup(args[argc - 1]);
    custody_err err = cty_options_read(ret_options, argc, argv, error);
    ret_options->init_file = NULL;
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return err;
}

#define read_options(ret, error, ...) options(ret, error, (const char *const[]){__VA_ARGS__, NULL})

static void flags_stand_over_the_file(void **state)
{
    char path[] = "/tmp/custody-config-XXXXXX";
    struct cty_options o;
    custody_error error = {0};
    (void)state;
    int fd = mkstemp(path);
    const char *text = "{\"ledger\":\"a.db\",\"listen\":[\"ipc:///tmp/1\",\"ipc:///tmp/2\"],\"queue\":5,\"workers\":2}";
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    assert_ok(read_options(&o, &error, "--queue", "6", "-c", path, "--listen", "ipc:///tmp/3", "--log-key", "l",
                           "--clerk-key", "c", "--next-log-key", "nl", "--next-clerk-key", "nc", "--confirm-clock", "--passphrase-fd", "4"));
    assert_string_equal(o.config.ledger, "/tmp/a.db");
    assert_string_equal(o.config.next_log_key, "nl");
    assert_string_equal(o.config.next_clerk_key, "nc");
    assert_int_equal(o.config.listen_count, 1);
    assert_string_equal(o.config.listen[0], "ipc:///tmp/3");
    assert_int_equal(o.config.queue, 6);
    assert_int_equal(o.config.workers, 2);
    assert_true(o.confirm_clock);
    assert_int_equal(o.passphrase_fd, 4);
    assert_int_equal(o.mode, CTY_MODE_SERVE);
    cty_options_done(&o);
    unlink(path);
    assert_refused(read_options(&o, &error, "-c", path), "not-found");
    cty_options_done(&o);
}

static void modes_are_told_apart(void **state)
{
    struct cty_options o;
    custody_error error = {0};
    (void)state;
    assert_ok(read_options(&o, &error, "--check"));
    assert_int_equal(o.mode, CTY_MODE_CHECK);
    cty_options_done(&o);
    assert_ok(read_options(&o, &error, "--init", "file"));
    assert_int_equal(o.mode, CTY_MODE_INIT);
    cty_options_done(&o);
    assert_ok(read_options(&o, &error, "--help", "--nonsense"));
    assert_int_equal(o.mode, CTY_MODE_HELP);
    cty_options_done(&o);
    assert_ok(read_options(&o, &error, "--version"));
    assert_int_equal(o.mode, CTY_MODE_VERSION);
    cty_options_done(&o);
}

static void a_command_line_that_is_wrong_is_refused(void **state)
{
    struct cty_options o;
    custody_error error = {0};
    (void)state;
    assert_refused(read_options(&o, &error, "--nonsense"), "usage");
    cty_options_done(&o);
    assert_refused(read_options(&o, &error, "--ledger"), "usage");
    cty_options_done(&o);
    assert_refused(read_options(&o, &error, "word"), "usage");
    cty_options_done(&o);
    assert_refused(read_options(&o, &error, "--queue", "many"), "usage");
    cty_options_done(&o);
    assert_refused(read_options(&o, &error, "--workers", "65"), "usage");
    cty_options_done(&o);
    assert_refused(read_options(&o, &error, "--check", "--init", "x"), "usage");
    cty_options_done(&o);
    assert_refused(read_options(&o, &error, "-c", "/dev/null", "-c", "/dev/null"), "usage");
    cty_options_done(&o);
    assert_refused(read_options(&o, &error, "--listen", "1", "--listen", "2", "--listen", "3", "--listen", "4",
                                "--listen", "5"), "config");
    cty_options_done(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_is_read),
        cmocka_unit_test(a_file_that_is_wrong_is_refused),
        cmocka_unit_test(the_door_for_readers_has_an_address_that_can_be),
        cmocka_unit_test(a_folder_that_holds_no_door_asks_for_one),
        cmocka_unit_test(what_is_left_out_is_filled_in),
        cmocka_unit_test(what_can_not_be_left_out_is_asked_for),
        cmocka_unit_test(doors_beyond_this_machine_are_refused),
        cmocka_unit_test(flags_stand_over_the_file),
        cmocka_unit_test(modes_are_told_apart),
        cmocka_unit_test(a_command_line_that_is_wrong_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
