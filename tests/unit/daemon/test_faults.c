/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that fails under a custodian: what was answered stands, nothing is guessed, reads go on. */
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit/daemon/house.h"
#include "unit/store/faulty_vfs.h"

static enum cty_service_state service_state(struct house *h, char ret_reason[128])
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_INFO};
    struct house_reply reply;
    assert_ok(house_call(h, &call, &reply));
    int is = reply.result.info.state;
    struct cty_bytes reason = reply.result.info.reason;
    snprintf(ret_reason, 128, "%.*s", (int)reason.size, (const char *)reason.data);
    house_reply_done(&reply);
    return (enum cty_service_state)is;
}

static custody_err try_ping(struct house *h)
{
    struct draft d;
    struct house_reply reply;
    house_request(h, &d, "acme/bot", "ping", "{}");
    custody_err err = draft_submit(h, &d, &reply);
    if (err == CUSTODY_OK)
        house_check_receipts(h, &reply);
    else
        assert_null(reply.answer.failure.refusal.data);
    house_reply_done(&reply);
    return err;
}

static bool has_failed(struct house *h, int timeout_ms)
{
    struct pollfd file = {.fd = cty_daemon_failure_fd(h->daemon), .events = POLLIN};
    return poll(&file, 1, timeout_ms) == 1;
}

static void a_full_disk_turns_the_custodian_read_only(void **state)
{
    static const enum faulty_kind kinds[] = {FAULTY_WRITE_FULL, FAULTY_WRITE_QUOTA, FAULTY_SHORT_WRITE};
    char reason[128];
    (void)state;
    faulty_install();
    for (size_t i = 0; i < CTY_COUNT_OF(kinds); i++) {
        struct house *h = house_ready();
        struct cty_hash case_id = house_case(h, "acme/bot", "refund");
        uint64_t size = house_size(h);
        faulty_arm(kinds[i], 1);
        assert_refused(try_ping(h), "read-only");
        assert_int_equal(service_state(h, reason), CTY_SERVING_READS);
        assert_true(reason[0] != 0);
        assert_int_equal(house_size(h), size);
        assert_case_state(h, &case_id, "HELD");
        assert_refused(try_ping(h), "read-only");
        assert_true(faulty_disarm());
        /* Not tried at once, and tried again later. */
        assert_refused(try_ping(h), "read-only");
        house_pass(h, 6000);
        assert_ok(try_ping(h));
        assert_int_equal(service_state(h, reason), CTY_SERVING);
        assert_string_equal(reason, "");
        assert_false(has_failed(h, 0));
        house_free(h);
    }
}

static void a_failed_write_or_sync_is_the_end(void **state)
{
    static const enum faulty_kind kinds[] = {FAULTY_WRITE_IO, FAULTY_SYNC};
    char reason[128];
    (void)state;
    faulty_install();
    for (size_t i = 0; i < CTY_COUNT_OF(kinds); i++) {
        struct house *h = house_ready();
        struct cty_hash case_id = house_case(h, "acme/bot", "refund");
        uint64_t size = house_size(h);
        faulty_arm(kinds[i], 1);
        assert_refused(try_ping(h), "storage");
        assert_true(has_failed(h, 5000));
        assert_true(faulty_disarm());
        /* It works again, and yet nothing is tried: what the disk has is not known. */
        house_pass(h, 60000);
        assert_refused(try_ping(h), "storage");
        assert_int_equal(service_state(h, reason), CTY_SERVING_STOPPED);
        assert_int_equal(house_size(h), size);
        assert_case_state(h, &case_id, "HELD");
        house_close(h);
        house_open(h);
        assert_ok(try_ping(h));
        house_free(h);
    }
}

static custody_err try_rotation(struct house *h, enum cty_custodian_key which, const struct cty_secret *fresh)
{
    static const char *const signers[] = {"operator/ada", "operator/otto", "new", NULL};
    struct draft d;
    struct house_reply reply;
    h->fresh = fresh;
    draft_begin(h, &d, CTY_CUSTODIAN_ROTATE, signers);
    d.st.u.custodian_rotate.which = (int)which;
    house_put_vkey(&d, fresh, &d.st.u.custodian_rotate.key);
    custody_err err = draft_submit(h, &d, &reply);
    house_reply_done(&reply);
    return err;
}

/* What was not stored did not happen, and nothing that was signed says otherwise. */
static void a_rotation_that_is_not_stored_is_none(void **state)
{
    struct house *h = house_ready();
    char reason[128];
    (void)state;
    faulty_install();
    house_close(h);
    h->next_log = house_make_key(HOUSE_ORIGIN, "second log");
    h->next_clerk = house_make_key(HOUSE_ORIGIN "/clerk", "second clerk");
    house_open(h);
    faulty_arm(FAULTY_WRITE_FULL, 1);
    assert_refused(try_rotation(h, CTY_CUSTODIAN_LOG, h->next_log), "read-only");
    assert_true(faulty_disarm());
    house_pass(h, 6000);
    assert_ok(try_ping(h)); /* its receipts are checked with the old key */
    faulty_arm(FAULTY_WRITE_FULL, 1);
    assert_refused(try_rotation(h, CTY_CUSTODIAN_CLERK, h->next_clerk), "read-only");
    assert_true(faulty_disarm());
    house_pass(h, 6000);
    assert_ok(try_rotation(h, CTY_CUSTODIAN_LOG, h->next_log));
    cty_secret_free(h->log);
    h->log = h->next_log;
    h->next_log = NULL;
    assert_ok(try_ping(h));
    assert_int_equal(service_state(h, reason), CTY_SERVING);
    house_close(h);
    house_open(h);
    assert_ok(try_ping(h));
    house_free(h);
}

static sqlite3 *open_from_outside(struct house *h)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(h->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "SELECT count(*) FROM entry", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

/* Nobody asks for an expiry, so nobody else would hear that the store failed behind it. */
static void a_failure_behind_an_expiry_is_the_end(void **state)
{
    struct house *h = house_ready();
    char reason[128];
    (void)state;
    faulty_install();
    house_close(h);
    house_open(h); /* its files are the failing disk's from here on */
    house_case(h, "acme/bot", "ping");
    uint64_t size = house_size(h);
    sqlite3 *db = open_from_outside(h);
    assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    /* The log begins anew: its header, the commit, and the row that says so. */
    faulty_arm(FAULTY_SYNC, 3);
    house_pass(h, 2 * HOUR_MS);
    house_wait_size(h, size + 1);
    assert_true(has_failed(h, 5000));
    assert_true(faulty_disarm());
    assert_int_equal(service_state(h, reason), CTY_SERVING_STOPPED);
    assert_int_equal(house_size(h), size + 1);
    house_free(h);
}

/* What a program that reads or writes keeps waiting is no fault, and not told of five times a second. */
static void who_has_to_wait_for_another_program_is_no_fault(void **state)
{
    struct house *h = house_ready();
    char line[512];
    unsigned faults = 0;
    (void)state;
    FILE *log = tmpfile();
    int before = dup(STDERR_FILENO);
    assert_non_null(log);
    assert_true(before >= 0);
    sqlite3 *db = open_from_outside(h);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
    custody_err err = try_ping(h);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    assert_refused(err, "busy");
    rewind(log);
    while (fgets(line, sizeof(line), log))
        faults += strstr(line, "event=fault") != NULL;
    fclose(log);
    assert_int_equal(faults, 0);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_ok(try_ping(h));
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_turns_the_custodian_read_only),
        cmocka_unit_test(a_failed_write_or_sync_is_the_end),
        cmocka_unit_test(a_failure_behind_an_expiry_is_the_end),
        cmocka_unit_test(who_has_to_wait_for_another_program_is_no_fault),
        cmocka_unit_test(a_rotation_that_is_not_stored_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
