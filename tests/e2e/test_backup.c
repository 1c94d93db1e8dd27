/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backups of a ledger that goes on, and what a custodian says to a copy, to half of a database and its log, and to the
 * person who put it there.
 */
#include "unit/support.h"

#include <unistd.h>

#include "base/check.h"
#include "books.h"
#include "drafts.h"
#include "wire.h"

static struct house *h;
static struct cty_client *agent;
static char copy_path[128], trust_path[128];

static int set_up(void **state)
{
    (void)state;
    h = house_new(NULL);
    house_party(h, "acme");
    house_agent(h, "acme/agent");
    house_person(h, "acme/pat", "approver");
    agent = house_client(h, "acme/agent");
    snprintf(copy_path, sizeof(copy_path), "%s/copy.db", h->folder);
    snprintf(trust_path, sizeof(trust_path), "%s/trust.json", h->folder);
    return 0;
}

static void ask(unsigned count)
{
    struct cty_hash case_id;
    for (unsigned i = 0; i < count; i++)
        draft_ask(agent, "refund", &case_id);
}

/* The exit status; what it said is in child->log, from child->log_from on. */
static int run(struct child *child, const char *const *argv)
{
    *child = (struct child){.pid = 0};
    snprintf(child->log, sizeof(child->log), "%s/run.log", h->folder);
    (void)unlink(child->log);
    return child_run(child, argv, HOUSE_PATIENCE_MS);
}

static int back_up(struct child *child, const char *more)
{
    const char *const argv[] = {house_program("CUSTODY_CUSTODY", "src/cli/custody"), "backup", "--ledger", h->database, "--to",
                                copy_path, "--trust", trust_path, "--state", "-", more, NULL};
    return run(child, argv);
}

/* Another custodyd over the ledger's files; NULL ends `more`. */
static int start_another(struct child *child, const char *const *more)
{
    const char *argv[24];
    house_arguments(h, more, argv);
    return run(child, argv);
}

/* The code and the word stand in the line that says why. */
static void assert_refused_at_start(const char *const *more, const char *code, const char *word)
{
    struct child child;
    char text[64];
    snprintf(text, sizeof(text), "event=failed code=%s ", code);
    assert_int_equal(start_another(&child, more), 1);
    assert_true(child_said(&child, text));
    assert_true(child_said(&child, word));
}

static void move(const char *from_suffix, const char *to_suffix)
{
    char from[160], to[160];
    snprintf(from, sizeof(from), "%s%s", h->database, from_suffix);
    snprintf(to, sizeof(to), "%s%s", h->database, to_suffix);
    must_be(rename(from, to) == 0);
}

static void assert_whole(void)
{
    struct books books = {.size = 0};
    books_open(&books, h);
    const char *fault = books_fault(&books);
    if (fault)
        fail_msg("%s", fault);
    books_close(&books);
}

/* ---- backups ---- */

static void a_backup_is_made_while_it_serves(void **state)
{
    (void)state;
    struct child child;
    char size[64];
    ask(5);
    snprintf(size, sizeof(size), "%llu entries", (unsigned long long)books_size(h));
    assert_int_equal(back_up(&child, "--verify"), 0);
    assert_true(child_said(&child, size));
    assert_true(child_said(&child, HOUSE_ORIGIN));
    assert_true(child_said(&child, "every row says what the entries say"));
    ask(1);
    assert_int_equal(back_up(&child, NULL), 1);
    assert_true(child_said(&child, "exists"));
    must_be(unlink(copy_path) == 0);
    assert_int_equal(back_up(&child, NULL), 0);
    must_be(unlink(copy_path) == 0);
}

static void a_backup_needs_a_ledger(void **state)
{
    (void)state;
    struct child child;
    const char *const program = house_program("CUSTODY_CUSTODY", "src/cli/custody");
    const char *const none[] = {program, "backup", "--ledger", "/nonexistent/ledger.db", "--to", copy_path, NULL};
    const char *const no_place[] = {program, "backup", "--ledger", h->database, "--to", "/nonexistent/copy.db", NULL};
    const char *const nothing[] = {program, "backup", "--ledger", h->database, NULL};
    const char *const no_ledger[] = {program, "backup", "--ledger", trust_path, "--to", copy_path, NULL};
    assert_int_equal(run(&child, none), 1);
    assert_int_equal(run(&child, no_place), 1);
    assert_int_equal(run(&child, nothing), 4);
    assert_int_equal(run(&child, no_ledger), 1);
    assert_true(child_said(&child, "store-unknown"));
    assert_int_equal(access(copy_path, F_OK), -1);
}

/* ---- restored ---- */

static void put_copy_in_place(void)
{
    move("", ".kept");
    must_be(rename(copy_path, h->database) == 0);
}

static void take_ledger_back(void)
{
    char path[160];
    move(".kept", "");
    snprintf(path, sizeof(path), "%s-wal", h->database);
    (void)unlink(path);
}

/* All that there is: a person who found its size elsewhere may go on with it. */
static void a_backup_that_is_whole_goes_on(void **state)
{
    (void)state;
    struct child child;
    char size[32], other[32];
    const char *const restored[] = {"--restored", size, NULL};
    const char *const check[] = {"--check", NULL};
    ask(1);
    uint64_t entries = books_size(h);
    assert_int_equal(back_up(&child, NULL), 0);
    house_stop(h);
    put_copy_in_place();
    assert_refused_at_start(NULL, "store-copy", "--restored SIZE");
    snprintf(size, sizeof(size), "%llu", (unsigned long long)entries + 1);
    assert_refused_at_start(restored, "store-copy", "fewer");
    snprintf(size, sizeof(size), "%llu", (unsigned long long)entries - 1);
    assert_refused_at_start(restored, "store-copy", "more");
    snprintf(other, sizeof(other), "has %llu", (unsigned long long)entries);
    assert_int_equal(start_another(&child, check), 4);
    assert_false(child_said(&child, other)); /* the number has to come from elsewhere */
    snprintf(size, sizeof(size), "%llu", (unsigned long long)entries);
    const char *argv[24];
    house_arguments(h, restored, argv);
    must_be(child_start(&h->custodyd, argv));
    assert_true(child_says(&h->custodyd, " event=ready ", HOUSE_PATIENCE_MS));
    ask(2);
    house_kill(h);
    house_start(h); /* it is an ordinary ledger now */
    ask(1);
    assert_whole();
    house_stop(h);
    char path[160];
    snprintf(path, sizeof(path), "%s.kept", h->database);
    must_be(unlink(path) == 0);
    house_start(h);
}

/* One that is behind can't hide it from those who saw more. */
static void a_backup_that_is_behind_is_noticed(void **state)
{
    (void)state;
    struct child child;
    struct cty_checkpoint checkpoint;
    struct cty_bytes note;
    char size[32];
    const char *const restored[] = {"--restored", size, NULL};
    snprintf(size, sizeof(size), "%llu", (unsigned long long)books_size(h));
    assert_int_equal(back_up(&child, NULL), 0);
    ask(2);
    house_stop(h);
    put_copy_in_place();
    const char *argv[24];
    house_arguments(h, restored, argv);
    must_be(child_start(&h->custodyd, argv));
    assert_true(child_says(&h->custodyd, " event=ready ", HOUSE_PATIENCE_MS));
    assert_refused(cty_client_checkpoint(agent, true, &checkpoint, &note, NULL), "went-back");
    house_stop(h);
    take_ledger_back();
    house_start(h);
    cty_client_close(agent); /* which believes this custodian nothing more */
    agent = house_client(h, "acme/agent");
    ask(1);
    assert_whole();
}

/* ---- halves ---- */

static void a_missing_log_is_refused(void **state)
{
    (void)state;
    struct child child;
    const char *const check[] = {"--check", NULL};
    ask(3);
    uint64_t size = books_size(h);
    house_kill(h);
    move("-wal", "-away");
    assert_refused_at_start(NULL, "store-half", "which is not beside it");
    assert_int_equal(start_another(&child, check), 4);
    assert_true(child_said(&child, "store-half"));
    assert_int_equal(back_up(&child, NULL), 1);
    assert_true(child_said(&child, "store-half"));
    assert_int_equal(access(copy_path, F_OK), -1);
    char path[160];
    snprintf(path, sizeof(path), "%s-wal", h->database);
    (void)unlink(path); /* a reader may have made an empty one */
    move("-away", "-wal");
    house_start(h);
    assert_int_equal(books_size(h), size);
    assert_whole();
}

/* The log of the run before, which was killed too. */
static void an_older_log_is_refused(void **state)
{
    (void)state;
    struct child child;
    char from[160], to[160];
    ask(3);
    snprintf(from, sizeof(from), "%s-wal", h->database);
    snprintf(to, sizeof(to), "%s-older", h->database);
    const char *const cp[] = {"/bin/cp", from, to, NULL};
    house_kill(h);
    assert_int_equal(run(&child, cp), 0);
    house_start(h);
    ask(1);
    house_stop(h);
    house_start(h);
    ask(3);
    uint64_t size = books_size(h);
    house_kill(h);
    move("-wal", "-away");
    move("-older", "-wal");
    assert_refused_at_start(NULL, "store-half", "of another time or another database");
    move("-away", "-wal");
    house_start(h);
    assert_int_equal(books_size(h), size);
    assert_whole();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_is_made_while_it_serves), cmocka_unit_test(a_backup_needs_a_ledger),
        cmocka_unit_test(a_backup_that_is_whole_goes_on),   cmocka_unit_test(a_missing_log_is_refused),
        cmocka_unit_test(an_older_log_is_refused),          cmocka_unit_test(a_backup_that_is_behind_is_noticed),
    };
    int failed = cmocka_run_group_tests(tests, set_up, NULL);
    cty_client_close(agent);
    if (failed == 0)
        house_well(h);
    house_free(h);
    return failed;
}
