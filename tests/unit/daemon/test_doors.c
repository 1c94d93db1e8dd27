/* SPDX-License-Identifier: Apache-2.0 */
/* What TLS doors are known by, and which addresses are this custodian's. The program itself: tests/unit/cli/test_tls.py. */
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/doors.h"
#include "unit/support.h"

#define DAY_MS ((uint64_t)24 * 3600 * 1000)

struct place {
    char folder[64];
    struct cty_config config;
    struct cty_doors doors;
};

static uint64_t now_ms(void)
{
    return (uint64_t)time(NULL) * 1000;
}

static void write_file(const struct place *place, const char *name, struct cty_bytes bytes, char **ret_path)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", place->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
    assert_ok(cty_config_set(ret_path, path));
}

/* A pair from and until so many days from now, for door.example.org and 127.0.0.1; and its configuration. */
static void place_make(struct place *place, int from_days, int until_days)
{
    static const char *const hosts[] = {"door.example.org", "127.0.0.1"};
    struct cty_buf certificate = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    struct cty_buf key = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    const struct cty_certificate_order order = {
        .hosts = hosts,
        .hosts_count = CTY_COUNT_OF(hosts),
        .not_before_ms = now_ms() + (uint64_t)((int64_t)from_days * (int64_t)DAY_MS),
        .not_after_ms = now_ms() + (uint64_t)((int64_t)until_days * (int64_t)DAY_MS),
    };
    *place = (struct place){.folder = "/tmp/custody-doors-XXXXXX"};
    assert_non_null(mkdtemp(place->folder));
    assert_ok(cty_certificate_make(&order, &certificate, &key, NULL));
    write_file(place, "door.pem", cty_buf_bytes(&certificate), &place->config.tls_certificate);
    write_file(place, "door.key", cty_buf_bytes(&key), &place->config.tls_key);
    assert_ok(cty_config_add(place->config.listen, &place->config.listen_count, "tls+tcp://127.0.0.1:0", NULL));
    cty_buf_done(&certificate);
    cty_buf_done(&key);
}

static void place_remove(struct place *place)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/door.pem", place->folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/door.key", place->folder);
    unlink(path);
    rmdir(place->folder);
    cty_doors_done(&place->doors);
    cty_config_done(&place->config);
}

static void a_pair_is_read_and_its_key_forgotten(void **state)
{
    (void)state;
    struct place place;
    char words[64];
    place_make(&place, -1, 1);
    assert_ok(cty_doors_read(&place.config, &place.doors, NULL));
    assert_true(place.doors.has_certificate);
    assert_true(place.doors.key.size > 0);
    assert_false(cty_doors_is_out_of_date(&place.doors, now_ms(), words));
    cty_doors_forget_key(&place.doors);
    assert_null(place.doors.key.data);
    place_remove(&place);
}

static void what_is_out_of_date_is_said(void **state)
{
    (void)state;
    struct place place;
    char words[64];
    place_make(&place, -3, -1);
    assert_ok(cty_doors_read(&place.config, &place.doors, NULL));
    assert_true(cty_doors_is_out_of_date(&place.doors, now_ms(), words));
    assert_non_null(strstr(words, "the certificate ended at 20"));
    place_remove(&place);
    place_make(&place, 1, 3);
    assert_ok(cty_doors_read(&place.config, &place.doors, NULL));
    assert_true(cty_doors_is_out_of_date(&place.doors, now_ms(), words));
    assert_non_null(strstr(words, "the certificate begins at 20"));
    place_remove(&place);
}

static custody_err read_again(struct place *place, custody_error *error)
{
    struct cty_doors doors = {.has_certificate = false};
    custody_err err = cty_doors_read(&place->config, &doors, error);
    cty_doors_done(&doors);
    return err;
}

static void every_way_of_setting_it_wrong(void **state)
{
    (void)state;
    struct place place, other;
    custody_error error = {0};
    place_make(&place, -1, 1);
    place_make(&other, -1, 1);
    assert_ok(read_again(&place, &error));
    assert_int_equal(chmod(place.config.tls_key, 0644), 0);
    assert_refused(read_again(&place, &error), "key-file-open");
    assert_int_equal(chmod(place.config.tls_key, 0600), 0);
    char *right = place.config.tls_key;
    place.config.tls_key = other.config.tls_key;
    assert_refused(read_again(&place, &error), "config");
    place.config.tls_key = NULL;
    assert_refused(read_again(&place, &error), "config");
    assert_non_null(strstr(error.detail, "tls_key is missing"));
    place.config.tls_key = place.config.tls_certificate;
    assert_refused(read_again(&place, &error), "config");
    place.config.tls_key = right;
    right = place.config.tls_certificate;
    place.config.tls_certificate = NULL;
    assert_refused(read_again(&place, &error), "config");
    assert_non_null(strstr(error.detail, "tls_certificate is missing"));
    place.config.tls_certificate = (char *)(uintptr_t)"/nowhere/door.pem";
    assert_refused(read_again(&place, &error), "not-found");
    place.config.tls_certificate = right;
    assert_ok(cty_config_add(place.config.tls_names, &place.config.tls_names_count, "tls+tcp://a.org:7", NULL));
    assert_ok(read_again(&place, &error));
    assert_ok(cty_config_set(&place.config.tls_names[0], "tls+tcp://a.org"));
    assert_refused(read_again(&place, &error), "config");
    assert_ok(cty_config_set(&place.config.tls_names[0], "tcp://127.0.0.1:7"));
    assert_refused(read_again(&place, &error), "config");
    assert_non_null(strstr(error.detail, "no TLS door"));
    place_remove(&place);
    place_remove(&other);
}

/* Asks whether an address, with or without its port, is of that server; `shown`: the certificate that it showed. */
static custody_err ask(const struct place *place, const struct cty_net_server *server, const char *url,
                       const uint8_t *shown)
{
    return cty_doors_check(&place->doors, server, cty_bytes_text(url), shown, NULL);
}

static void whose_door_it_is(void **state)
{
    (void)state;
    static const struct cty_net_server_ops none = {0};
    const char *const urls[] = {"tls+tcp://127.0.0.2:0", "tcp://127.0.0.1:0"};
    struct place place;
    struct cty_net_server *server = NULL;
    char url[CTY_URL_BYTES_MAX + 1];
    place_make(&place, -1, 1);
    assert_ok(cty_config_add(place.config.tls_names, &place.config.tls_names_count, "tls+tcp://far.org:443", NULL));
    assert_ok(cty_doors_read(&place.config, &place.doors, NULL));
    const struct cty_net_server_config config = {.urls = urls, .url_count = 2,
                                                 .certificate = cty_buf_bytes(&place.doors.pem),
                                                 .certificate_key = cty_buf_bytes(&place.doors.key)};
    assert_ok(cty_net_server_open(&config, &none, NULL, &server, NULL));
    const char *tls = cty_net_server_url(server, 0), *plain = cty_net_server_url(server, 1);
    const char *port = strrchr(tls, ':');
    const uint8_t *ours = place.doors.certificate.fingerprint;
    const uint8_t other[CTY_FINGERPRINT_BYTES] = {1};
    assert_ok(ask(&place, server, tls, ours));
    assert_ok(ask(&place, server, plain, NULL));
    assert_ok(ask(&place, server, "tls+tcp://far.org:443", ours));
    snprintf(url, sizeof(url), "tls+tcp://door.example.org%s", port);
    assert_ok(ask(&place, server, url, ours));
    /* Another certificate, or none, is somebody else's door; and a plain door has none. */
    assert_refused(ask(&place, server, url, other), "bad-session");
    assert_refused(ask(&place, server, url, NULL), "bad-session");
    assert_refused(ask(&place, server, tls, other), "bad-session");
    assert_refused(ask(&place, server, "tls+tcp://far.org:443", other), "bad-session");
    assert_refused(ask(&place, server, plain, ours), "bad-session");
    /* A name that the certificate doesn't have, another port, the port of a plain door. */
    snprintf(url, sizeof(url), "tls+tcp://other.example.org%s", port);
    assert_refused(ask(&place, server, url, ours), "bad-session");
    assert_refused(ask(&place, server, "tls+tcp://door.example.org:9", ours), "bad-session");
    snprintf(url, sizeof(url), "tls+tcp://door.example.org%s", strrchr(plain, ':'));
    assert_refused(ask(&place, server, url, ours), "bad-session");
    assert_refused(ask(&place, server, "tls+tcp://far.org:444", ours), "bad-session");
    assert_refused(ask(&place, server, "ipc:///run/other", NULL), "bad-session");
    assert_refused(ask(&place, server, "", NULL), "bad-session");
    cty_net_server_close(server);
    place_remove(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_is_read_and_its_key_forgotten),
        cmocka_unit_test(what_is_out_of_date_is_said),
        cmocka_unit_test(every_way_of_setting_it_wrong),
        cmocka_unit_test(whose_door_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
