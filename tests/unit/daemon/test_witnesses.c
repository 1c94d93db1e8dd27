/* SPDX-License-Identifier: Apache-2.0 */
/* A custodian's policy of witnesses, and what it remembers of each of them. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/head.h"
#include "daemon/policy.h"
#include "daemon/witnesses.h"
#include "unit/support.h"

#define ORIGIN "custody.example/house"
#define WITNESSES 3

static char keys[WITNESSES + 1][256]; /* the log's first */

static void make_keys(void)
{
    for (int i = 0; i <= WITNESSES; i++) {
        struct cty_buf line = CTY_BUF_INIT(256);
        struct cty_secret *secret = NULL;
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        char name[64] = ORIGIN;
        if (i)
            snprintf(name, sizeof(name), "w%d.example/w", i);
        assert_ok(cty_secret_from_seed(cty_bytes_text(name), seed, &secret));
        assert_ok(cty_vkey_format(cty_bytes_text(name), i ? CTY_KEY_COSIGNATURE : CTY_KEY_ED25519, cty_secret_key(secret), &line));
        snprintf(keys[i], sizeof(keys[i]), "%.*s", (int)line.size, (const char *)line.data);
        cty_secret_free(secret);
        cty_buf_done(&line);
    }
}

static custody_err load(const char *text, struct cty_trust *ret_trust, custody_error *error)
{
    char path[] = "/tmp/custody-policy-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    custody_err err = cty_policy_load(path, ret_trust, error);
    close(fd);
    unlink(path);
    return err;
}

static int set_up(void **state)
{
    (void)state;
    assert_ok(cty_crypto_init());
    make_keys();
    return 0;
}

/* --- the file ---------------------------------------------------------------------------------------------- */

static void each_address_is_tried(void **state)
{
    static const struct {
        const char *url;
        bool good;
    } urls[] = {
        {"", true}, {"http://127.0.0.1:8070", true}, {"https://w.example/prefix/", true}, {"ipc:///run/w", true},
        {"tcp://127.0.0.1:7", true}, {"tcp://192.0.2.1:7", false}, {"tls+tcp://w.example:7", false},
        {"ftp://w.example/", false}, {"http://user:word@w.example/", false}, {"nonsense", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct cty_trust trust = {.pins_count = 0};
        custody_error error = {0};
        char text[1024];
        snprintf(text, sizeof(text), "log %s\nwitness one %s %s\nquorum one\n", keys[0], keys[1], urls[i].url);
        assert_string_equal(custody_err_name(load(text, &trust, &error)), urls[i].good ? "ok" : "config");
        assert_true(urls[i].good || strstr(error.detail, "witnesses: "));
        cty_trust_done(&trust);
    }
}

static void what_is_no_policy_is_refused(void **state)
{
    static const char *const texts[] = {"", "quorum none\n", "{}", "log x\nquorum none\n"};
    struct cty_trust trust = {.pins_count = 0};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        trust = (struct cty_trust){.pins_count = 0};
        assert_refused(load(texts[i], &trust, NULL), "config");
        cty_trust_done(&trust);
    }
    trust = (struct cty_trust){.pins_count = 0};
    assert_refused(cty_policy_load("/nonexistent/policy", &trust, NULL), "not-found");
    char text[1024];
    snprintf(text, sizeof(text), "log %s\nwitness \xff %s\nquorum none\n", keys[0], keys[1]);
    custody_error error = {0};
    assert_refused(load(text, &trust, &error), "config");
    cty_trust_done(&trust);
}

static void open_policy(struct cty_trust *trust)
{
    char text[2048];
    snprintf(text, sizeof(text), "log %s\nwitness one %s\nwitness two %s\nwitness three %s\ngroup most 2 one two three\nquorum most\n",
             keys[0], keys[1], keys[2], keys[3]);
    *trust = (struct cty_trust){.pins_count = 0};
    assert_ok(load(text, trust, NULL));
}

static void a_policy_is_of_one_ledger(void **state)
{
    struct cty_trust trust;
    (void)state;
    open_policy(&trust);
    assert_ok(cty_policy_check(&trust, CTY_LITERAL(ORIGIN), NULL));
    assert_refused(cty_policy_check(&trust, CTY_LITERAL("custody.example/other"), NULL), "config");
    cty_trust_done(&trust);
}

/* --- what is remembered ------------------------------------------------------------------------------------ */

static void put(struct cty_witnesses *w, uint32_t witness, uint64_t size, uint64_t time_s, const char *line)
{
    assert_true(cty_witnesses_put(w, witness, size, time_s, cty_bytes_text(line)));
}

static void store(struct cty_witnesses *w, size_t count, bool stored)
{
    size_t is = 0;
    assert_non_null(cty_witnesses_take(w, &is));
    assert_int_equal(is, count);
    cty_witnesses_stored(w, stored);
}

static void what_is_told_is_what_is_stored(void **state)
{
    struct cty_trust trust;
    struct cty_witnesses *w = NULL;
    struct cty_witnesses_view view;
    (void)state;
    open_policy(&trust);
    assert_ok(cty_witnesses_new(&trust, &w));
    put(w, 0, 5, 100, "a\n");
    put(w, 1, 5, 110, "b\n");
    put(w, 2, 6, 120, "c\n");
    cty_witnesses_get(w, &view);
    assert_int_equal(view.seats[0].size, 0);
    store(w, 3, false);
    assert_int_equal(cty_witnesses_quorum(w), 0);
    assert_true(cty_witnesses_wait(w));
    store(w, 3, true);
    assert_false(cty_witnesses_wait(w));
    cty_witnesses_get(w, &view);
    assert_int_equal(view.quorum_size, 5);
    assert_int_equal(view.quorum_time_s, 110);
    assert_int_equal(view.seats[2].size, 6);
    assert_int_equal(view.seats[2].time_ms, 120000);
    /* A fresh time of the same checkpoint: its witness is newer, the quorum as old as it was. */
    put(w, 0, 5, 500, "d\n");
    store(w, 1, true);
    cty_witnesses_get(w, &view);
    assert_int_equal(view.seats[0].time_ms, 500000);
    assert_int_equal(view.quorum_time_s, 110);
    assert_false(cty_witnesses_are_since(w, 120 + 1));
    assert_true(cty_witnesses_are_since(w, 120));
    cty_witnesses_free(w);
    cty_trust_done(&trust);
}

static void what_is_taken_stays_as_it_is(void **state)
{
    struct cty_trust trust;
    struct cty_witnesses *w = NULL;
    size_t count = 0;
    (void)state;
    open_policy(&trust);
    assert_ok(cty_witnesses_new(&trust, &w));
    put(w, 0, 5, 100, "a\n");
    put(w, 0, 5, 101, "b\n"); /* in the place of the one before */
    const struct cty_pending_cosignature *list = cty_witnesses_take(w, &count);
    assert_int_equal(count, 1);
    assert_memory_equal(list[0].line, "b\n", 2);
    put(w, 0, 5, 102, "c\n");
    assert_memory_equal(list[0].line, "b\n", 2);
    cty_witnesses_stored(w, true);
    list = cty_witnesses_take(w, &count);
    assert_int_equal(count, 1);
    assert_memory_equal(list[0].line, "c\n", 2);
    cty_witnesses_stored(w, true);
    cty_witnesses_free(w);
    cty_trust_done(&trust);
}

static void what_finds_no_room_is_forgotten(void **state)
{
    static uint8_t large[CTY_COSIGNATURE_LINE_BYTES_MAX + 1];
    struct cty_trust trust;
    struct cty_witnesses *w = NULL;
    (void)state;
    open_policy(&trust);
    assert_ok(cty_witnesses_new(&trust, &w));
    assert_false(cty_witnesses_put(w, 0, 1, 1, cty_bytes_make(large, sizeof(large))));
    for (uint64_t size = 1; size <= CTY_WITNESSES_PENDING_MAX; size++)
        put(w, 0, size, size, "a\n");
    assert_false(cty_witnesses_put(w, 0, 1000, 1, CTY_LITERAL("a\n")));
    put(w, 0, 1, 7, "b\n");
    store(w, CTY_WITNESSES_PENDING_MAX, true);
    put(w, 0, 1000, 1, "a\n");
    /* Of so many sizes the oldest are no longer waited for. */
    put(w, 1, 1, 9, "a\n");
    put(w, 1, 1000, 9, "a\n");
    store(w, 3, true);
    assert_int_equal(cty_witnesses_quorum(w), 1000);
    cty_witnesses_free(w);
    cty_trust_done(&trust);
}

static void what_strangers_say_is_shown_plainly(void **state)
{
    char text[16] = "a: ";
    (void)state;
    cty_witnesses_put_plain(text, sizeof(text), CTY_LITERAL("x\x1b[2J\xff\n"));
    assert_string_equal(text, "a: x?[2J??");
    cty_witnesses_put_plain(text, sizeof(text), CTY_LITERAL("0123456789"));
    assert_string_equal(text, "a: x?[2J??01234");
}

/* --- the state of the service ------------------------------------------------------------------------------ */

static enum cty_service_state after(enum cty_service_state first, enum cty_service_state second)
{
    struct cty_head head;
    cty_head_init(&head);
    cty_head_put_service(&head, first, "first");
    cty_head_put_service(&head, second, "second");
    enum cty_service_state is = cty_head_service(&head);
    cty_head_done(&head);
    return is;
}

static void a_ledger_that_is_behind_stays_so(void **state)
{
    struct cty_head head;
    (void)state;
    assert_int_equal(after(CTY_SERVING_BEHIND, CTY_SERVING), CTY_SERVING_BEHIND);
    assert_int_equal(after(CTY_SERVING_BEHIND, CTY_SERVING_READS), CTY_SERVING_BEHIND);
    assert_int_equal(after(CTY_SERVING_BEHIND, CTY_SERVING_STOPPED), CTY_SERVING_STOPPED);
    assert_int_equal(after(CTY_SERVING_WITNESSES, CTY_SERVING_BEHIND), CTY_SERVING_BEHIND);
    assert_int_equal(after(CTY_SERVING_CLOSED, CTY_SERVING_WITNESSES), CTY_SERVING_CLOSED);
    assert_int_equal(after(CTY_SERVING_WITNESSES, CTY_SERVING_CLOCK), CTY_SERVING_CLOCK);
    cty_head_init(&head);
    cty_head_put_service(&head, CTY_SERVING_CLOCK, "");
    cty_head_move_service(&head, CTY_SERVING_WITNESSES, CTY_SERVING, "");
    assert_int_equal(cty_head_service(&head), CTY_SERVING_CLOCK);
    cty_head_done(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_is_tried),           cmocka_unit_test(what_is_no_policy_is_refused),
        cmocka_unit_test(a_policy_is_of_one_ledger),       cmocka_unit_test(what_is_told_is_what_is_stored),
        cmocka_unit_test(what_is_taken_stays_as_it_is),    cmocka_unit_test(what_finds_no_room_is_forgotten),
        cmocka_unit_test(a_ledger_that_is_behind_stays_so),  cmocka_unit_test(what_strangers_say_is_shown_plainly),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
