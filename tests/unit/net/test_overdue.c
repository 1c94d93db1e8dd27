/* SPDX-License-Identifier: Apache-2.0 */
/* When a connection is dropped for being late, on a clock of our own. */
#include "unit/support.h"

#include "net/door.h"

#define HELLO_MS 5
#define IDLE_MS 100
#define SEND_MS 30

static struct cty_door door = {.config = {.hello_ms = HELLO_MS, .idle_ms = IDLE_MS, .send_ms = SEND_MS}};

/* The moment from which the connection is overdue, or 0 for never; checks that it is so from then on. */
static uint64_t overdue_from(const struct cty_conn *conn)
{
    uint64_t from = 0;
    for (uint64_t now = 0; now < 5000; now++) {
        bool overdue = cty_conn_is_overdue_locked(conn, now);
        if (overdue && from == 0)
            from = now;
        assert_int_equal(overdue, from != 0);
    }
    return from;
}

static void each_limit(void **state)
{
    (void)state;
    struct cty_conn conn = {.door = &door, .since_ms = 1000, .heard_ms = 1000};
    assert_int_equal(overdue_from(&conn), 1000 + HELLO_MS);
    conn.reader.greeted = true;
    assert_int_equal(overdue_from(&conn), 1000 + IDLE_MS);
    conn.heard_ms = 2000;
    assert_int_equal(overdue_from(&conn), 2000 + IDLE_MS);
    conn.sent_ms = 3000;
    assert_int_equal(overdue_from(&conn), 3000 + IDLE_MS);
    conn.tx_busy = true;
    conn.send_since_ms = 2500;
    assert_int_equal(overdue_from(&conn), 2500 + SEND_MS);
}

static void what_is_never_idle(void **state)
{
    (void)state;
    uint8_t message = 0;
    struct cty_conn conn = {.door = &door, .since_ms = 1000, .heard_ms = 1000};
    conn.reader.greeted = true;
    conn.open_count = 1;
    assert_int_equal(overdue_from(&conn), 0);
    conn.open_count = 0;
    conn.parked = &message;
    assert_int_equal(overdue_from(&conn), 0);
    conn.parked = NULL;
    door.config.idle_ms = 0;
    assert_int_equal(overdue_from(&conn), 0);
    door.config.idle_ms = IDLE_MS;
}

/* The clock may have been read before what happened last. */
static void time_does_not_wrap_around(void **state)
{
    (void)state;
    struct cty_conn conn = {.door = &door, .since_ms = 1000, .heard_ms = 1000, .send_since_ms = 1000};
    assert_false(cty_conn_is_overdue_locked(&conn, 999));
    conn.reader.greeted = true;
    assert_false(cty_conn_is_overdue_locked(&conn, 999));
    conn.tx_busy = true;
    assert_false(cty_conn_is_overdue_locked(&conn, 999));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_limit),
        cmocka_unit_test(what_is_never_idle),
        cmocka_unit_test(time_does_not_wrap_around),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
