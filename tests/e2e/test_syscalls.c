/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every system call that has to do with the database fails in turn: with EIO, with ENOSPC where it may, and by SIGKILL at
 * that very call. Walked are one append, the start of a custodian that was killed, `custodyd --init` and `custody backup`. After
 * each: what was answered as recorded is in the ledger, nothing stands there twice or half, and it goes on.
 *
 * --stride N takes every n-th of all calls, every third at least of a lone append; --from K begins with the k-th;
 * without them all are walked. --only NAME runs that test alone.
 */
#include "unit/support.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "books.h"
#include "drafts.h"
#include "trace.h"
#include "wire.h"

static struct {
    unsigned stride;
    unsigned from;
} options = {1, 0};

static struct house *h;
static struct cty_client *agent;
static struct trace trace;
static char path_of_other[128]; /* of a ledger that --init makes, or a backup */

static int set_up(void **state)
{
    (void)state;
    h = house_new(NULL);
    house_party(h, "acme");
    house_agent(h, "acme/agent");
    house_person(h, "acme/pat", "approver");
    agent = house_client(h, "acme/agent");
    snprintf(path_of_other, sizeof(path_of_other), "%s/other.db", h->folder);
    return 0;
}

static void trace_database(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".lock", ".new-0001", ".new-0001-journal"};
    trace_init(&trace, h->folder);
    for (size_t i = 0; i < CTY_COUNT_OF(suffixes); i++)
        trace_path(&trace, path, suffixes[i]);
    trace_path(&trace, h->folder, "");
}

/* Where strace can't be had the walk is skipped, and told; never where CI is set. */
static bool can_walk(void)
{
    trace_init(&trace, h->folder);
    const char *why = trace_hindrance(&trace);
    if (!why)
        return true;
    if (getenv("CI"))
        fail_msg("%s", why);
    printf("# skipped: %s\n", why);
    return false;
}

/* ---- the walk ---- */

struct walk {
    const char *what;
    /* Traces the action without a fault. */
    void (*look)(void);
    /* Once, with the fault; whether it came about. */
    bool (*once)(const char *name, unsigned nth, enum trace_fault fault);
    unsigned stride_max; /* where it has few calls; 0: as the options say */
    unsigned turn;       /* of the stride */
    unsigned walked[TRACE_FAULTS];
};

/* What is tried just now: told where it goes wrong. */
static struct {
    const char *what;
    const char *name;
    unsigned nth;
    enum trace_fault fault;
} now;

/* What a full disk answers. */
static bool may_be_full(const char *name)
{
    static const char *const names[] = {"openat", "pwrite64", "write", "ftruncate", "fallocate", "fdatasync", "fsync",
                                        "renameat2", "linkat"};
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static unsigned stride_of(const struct walk *walk)
{
    return walk->stride_max && walk->stride_max < options.stride ? walk->stride_max : options.stride;
}

/* Beyond what was seen too, until the action passes untouched. */
static unsigned walk_calls(struct walk *walk, const struct trace_count *call, enum trace_fault fault)
{
    unsigned walked = 0;
    bool injected = true;
    for (unsigned nth = 1; nth <= call->count || (options.stride == 1 && injected); nth++) {
        if ((walk->turn++ + options.from) % stride_of(walk) != 0)
            continue;
        now.what = walk->what;
        now.name = call->name;
        now.nth = nth;
        now.fault = fault;
        injected = walk->once(call->name, nth, fault);
        now.what = NULL;
        walked += injected;
    }
    walk->walked[fault] += walked;
    return walked;
}

static void walk_all(struct walk *walk)
{
    struct trace_count counts[TRACE_NAMES_MAX];
    walk->look();
    unsigned names = trace_counts(&trace, counts);
    assert_true(names >= 3);
    unsigned seen = 0;
    for (unsigned i = 0; i < names; i++) {
        seen += counts[i].count;
        printf("# %s: %s, %u calls:", walk->what, counts[i].name, counts[i].count);
        for (unsigned fault = 0; fault < TRACE_FAULTS; fault++) {
            if (fault != TRACE_ENOSPC || may_be_full(counts[i].name))
                printf(" %s %u", trace_fault_names[fault], walk_calls(walk, &counts[i], (enum trace_fault)fault));
        }
        printf("\n");
    }
    printf("# %s: EIO at %u calls, ENOSPC at %u, SIGKILL at %u\n", walk->what, walk->walked[TRACE_EIO],
           walk->walked[TRACE_ENOSPC], walk->walked[TRACE_KILL]);
    assert_true(walk->walked[TRACE_EIO] > 0 && walk->walked[TRACE_KILL] > 0);
    if (options.stride == 1) /* nearly every call of the look was met again, and failed */
        assert_in_range(walk->walked[TRACE_EIO], seen - seen / 4, SIZE_MAX);
}

/* ---- the ledger ---- */

static void assert_whole(void)
{
    struct books books = {.size = 0};
    books_open(&books, h);
    const char *fault = books_fault(&books);
    if (fault)
        fail_msg("%s", fault);
    books_close(&books);
}

/* The sandbox would not have a call that a tracer takes away. */
static void custodian_arguments(const char *argv[24])
{
    static const char *const more[] = {"--sandbox", "off", NULL};
    house_arguments(h, more, argv);
}

static void start_custodian(void)
{
    const char *argv[24];
    if (h->custodyd.pid)
        return;
    custodian_arguments(argv);
    must_be(child_start(&h->custodyd, argv));
    if (!child_says(&h->custodyd, " event=ready ", HOUSE_PATIENCE_MS))
        fail_msg("custodyd did not start again");
}

/* ---- one append ---- */

struct sent {
    struct cty_draft *draft;
    struct cty_buf envelope;
    uint64_t cases; /* before */
};

static void sign_request(struct sent *sent)
{
    struct books_counts counts;
    *sent = (struct sent){.draft = draft_new(), .envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX)};
    draft_request(agent, "refund", sent->draft);
    must(cty_statement_sign(&sent->draft->statement, sent->draft->secrets, 1, &sent->envelope, NULL));
    books_count(h, &counts);
    sent->cases = counts.cases;
}

static const char *send(struct sent *sent, struct wire *wire)
{
    return wire_submit(wire, cty_buf_bytes(&sent->envelope), sent->draft->contents, sent->draft->contents_count);
}

static void sent_done(struct sent *sent)
{
    draft_free(sent->draft);
    cty_buf_done(&sent->envelope);
}

static void assert_recorded(uint64_t index, const struct cty_hash *leaf)
{
    struct cty_store_reader *reader = NULL;
    struct cty_buf entry = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    assert_ok(cty_store_reader_open(h->database, &reader, NULL));
    assert_ok(cty_store_begin_read(reader, NULL));
    assert_ok(cty_store_read_entry(reader, index, &entry, NULL));
    struct cty_hash found = cty_tree_leaf(cty_buf_bytes(&entry));
    assert_memory_equal(&found, leaf, sizeof(found));
    cty_store_reader_close(reader);
    cty_buf_done(&entry);
}

/* Killed, or ended by itself because the storage failed, or still there. */
static void see_end(enum trace_fault fault, bool must_end)
{
    siginfo_t info = {.si_pid = 0};
    must_be(waitid(P_PID, (id_t)h->custodyd.pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0);
    if (info.si_pid == 0 && !must_end)
        return;
    int status = child_wait(&h->custodyd, HOUSE_PATIENCE_MS);
    assert_int_not_equal(status, -1);
    if (fault == TRACE_KILL) {
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        return;
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_true(child_said(&h->custodyd, "event=failed code=storage"));
}

/* However it ends: it may be ending by itself. */
static void end_custodian(void)
{
    must_be(child_end(&h->custodyd, SIGKILL, HOUSE_PATIENCE_MS) != -1);
}

/* What a full disk has made read-only is tried again after a while; a start does it at once. */
static void go_on(const char *code)
{
    if (code && strcmp(code, "ok") != 0)
        end_custodian();
    start_custodian();
}

/*
 * What failed behind a commit that was answered (a lock that could not be let go, the commit that names the log) is met
 * by the next append or a later one, or before: it ends by itself or, on a full disk, refuses, and a start goes on.
 */
static void meet_fault(struct sent *sent)
{
    struct wire wire = {.net = NULL};
    wire_open(&wire, h->url);
    const char *code = send(sent, &wire);
    if (strcmp(code, "storage") == 0 || strcmp(code, "unreachable") == 0)
        see_end(TRACE_EIO, true);
    else if (strcmp(code, "read-only") != 0)
        assert_string_equal(code, "ok");
    end_custodian();
    start_custodian();
    wire_close(&wire);
}

/* It comes out once, whatever became of the first try. */
static void send_again(struct sent *sent)
{
    struct wire wire = {.net = NULL};
    struct books_counts after;
    wire_open(&wire, h->url);
    assert_string_equal(send(sent, &wire), "ok");
    uint64_t index = wire.result.submit.own.index;
    assert_string_equal(send(sent, &wire), "ok");
    assert_int_equal(wire.result.submit.own.index, index);
    books_count(h, &after);
    assert_int_equal(after.cases, sent->cases + 1);
    wire_close(&wire);
}

/* A write or sync of the writer's that fails is never tried again, and nothing is answered as recorded. */
static bool ends_it(const char *name, enum trace_fault fault)
{
    bool syncs = strcmp(name, "fdatasync") == 0 || strcmp(name, "fsync") == 0;
    return fault == TRACE_KILL || syncs || (fault == TRACE_EIO && strcmp(name, "pwrite64") == 0);
}

static bool append_once(const char *name, unsigned nth, enum trace_fault fault)
{
    struct wire wire = {.net = NULL};
    struct sent sent;
    start_custodian();
    sign_request(&sent);
    wire_open(&wire, h->url);
    trace_start(&trace, NULL, h->custodyd.pid, name, nth, fault);
    const char *code = send(&sent, &wire);
    if (h->custodyd.pid && trace.strace.pid)
        trace_let_go(&trace);
    bool injected = trace_injected(&trace, fault);
    bool ends = injected && ends_it(name, fault);
    if (name)
        see_end(fault, ends);
    if (ends && fault != TRACE_KILL && strcmp(code, "ok") == 0)
        assert_true(trace_synced_before(&trace)); /* its own commit stood, the next one failed */
    if (strcmp(code, "ok") == 0) {
        struct cty_hash leaf = cty_tree_leaf(wire.result.submit.own.entry);
        assert_recorded(wire.result.submit.own.index, &leaf);
    }
    go_on(code);
    if (injected && fault != TRACE_KILL && strcmp(code, "ok") == 0)
        meet_fault(&sent);
    send_again(&sent);
    assert_whole();
    wire_close(&wire);
    sent_done(&sent);
    return injected;
}

/* The first one of a start has a log to begin, and to name. */
static bool first_append_once(const char *name, unsigned nth, enum trace_fault fault)
{
    end_custodian();
    return append_once(name, nth, fault);
}

static void first_append_look(void)
{
    trace_database(h->database);
    (void)first_append_once(NULL, 0, TRACE_EIO);
}

static void append_look(void)
{
    trace_database(h->database);
    (void)append_once(NULL, 0, TRACE_EIO);
    (void)append_once(NULL, 0, TRACE_EIO);
}

static void one_append(void **state)
{
    (void)state;
    if (!can_walk())
        skip();
    struct walk walk = {.what = "append", .look = append_look, .once = append_once, .stride_max = 3};
    walk_all(&walk);
}

static void the_first_append_of_a_start(void **state)
{
    (void)state;
    if (!can_walk())
        skip();
    struct walk walk = {.what = "first append", .look = first_append_look, .once = first_append_once};
    walk_all(&walk);
}

/* ---- behind a commit ---- */

#define FOLD_MAX 3000u

/* The database itself is synced when the log is brought into it, behind a commit that stands: this is the end all the same. */
static void a_log_that_cannot_be_brought_in(void **state)
{
    (void)state;
    struct wire wire = {.net = NULL};
    struct cty_draft *draft = draft_new();
    struct cty_hash leaf;
    uint64_t index = 0, taken = 0;
    const char *code = "ok";
    if (!can_walk())
        skip();
    start_custodian();
    wire_open(&wire, h->url);
    trace_init(&trace, h->folder);
    trace_path(&trace, h->database, "");
    trace_start(&trace, NULL, h->custodyd.pid, "fdatasync", 1, TRACE_EIO);
    while (strcmp(code, "ok") == 0 && taken < FOLD_MAX) {
        draft_request(agent, "refund", draft);
        code = wire_submit_draft(&wire, draft);
        if (strcmp(code, "ok") != 0)
            continue;
        taken++;
        index = wire.result.submit.own.index;
        leaf = cty_tree_leaf(wire.result.submit.own.entry);
        if (trace_injected(&trace, TRACE_EIO)) /* it says so itself: nobody else need come */
            break;
    }
    assert_true(taken > 100 && taken < FOLD_MAX);
    see_end(TRACE_EIO, true);
    trace_let_go(&trace);
    assert_recorded(index, &leaf);
    start_custodian();
    assert_whole();
    wire_close(&wire);
    draft_free(draft);
}

/* ---- a start behind a kill ---- */

/* Until it is ready or has ended; what is ready is killed. */
static void start_traced(const char *name, unsigned nth, enum trace_fault fault)
{
    const char *argv[24];
    custodian_arguments(argv);
    trace_start(&trace, argv, 0, name, nth, fault);
    if (!child_says(&trace.strace, " event=ready ", HOUSE_PATIENCE_MS))
        must_be(trace.strace.pid != 0);
    else
        must_be(kill(trace_pid(&trace), SIGKILL) == 0);
    (void)trace_wait(&trace);
}

static bool start_once(const char *name, unsigned nth, enum trace_fault fault)
{
    struct sent sent;
    start_custodian();
    sign_request(&sent);
    send_again(&sent);
    house_kill(h);
    start_traced(name, nth, fault);
    /* The kill at the end says the same as the one that is injected. */
    bool injected = trace_injected(&trace, fault) && (fault != TRACE_KILL || !child_said(&trace.strace, " event=ready "));
    unlink(trace.strace.log);
    start_custodian();
    send_again(&(struct sent){sent.draft, sent.envelope, sent.cases});
    assert_whole();
    sent_done(&sent);
    return injected;
}

static void start_look(void)
{
    trace_database(h->database);
    (void)start_once(NULL, 0, TRACE_EIO);
}

static void a_start_behind_a_kill(void **state)
{
    (void)state;
    if (!can_walk())
        skip();
    struct walk walk = {.what = "start", .look = start_look, .once = start_once};
    walk_all(&walk);
}

/* ---- custodyd --init ---- */

/* With all that a kill left beside it: what is made anew takes a free number, and the walk looks at the first one. */
static void remove_other(void)
{
    char path[512];
    const char *name = strrchr(path_of_other, '/') + 1;
    DIR *folder = opendir(h->folder);
    must_be(folder != NULL);
    for (struct dirent *file = readdir(folder); file; file = readdir(folder)) {
        snprintf(path, sizeof(path), "%s/%s", h->folder, file->d_name);
        if (strncmp(file->d_name, name, strlen(name)) == 0)
            must_be(unlink(path) == 0);
    }
    must_be(closedir(folder) == 0);
}

/* Entries of what has the name; -1 where nothing has. What has it is whole. */
static long size_of_other(bool *ret_copy)
{
    struct cty_store_reader *reader = NULL;
    char journal[160];
    if (access(path_of_other, F_OK) != 0)
        return -1;
    /* Killed while its first start turned it to a write-ahead log: a writer takes that back, a reader may not. */
    snprintf(journal, sizeof(journal), "%s-journal", path_of_other);
    if (access(journal, F_OK) == 0)
        return 0;
    assert_ok(cty_store_reader_open(path_of_other, &reader, NULL));
    assert_ok(cty_store_begin_read(reader, NULL));
    long size = (long)cty_store_size(reader);
    *ret_copy = cty_store_is_copy(reader);
    cty_store_reader_close(reader);
    return size;
}

static void init_arguments(const char *argv[24])
{
    static char opening[128];
    snprintf(opening, sizeof(opening), "%s/open.json", h->folder);
    const char *const more[] = {"--ledger", path_of_other, "--init", opening, NULL};
    house_arguments(h, more, argv);
}

static bool init_once(const char *name, unsigned nth, enum trace_fault fault)
{
    const char *argv[24];
    bool copy = false;
    struct child again = {.pid = 0};
    snprintf(again.log, sizeof(again.log), "%s/again.log", h->folder);
    init_arguments(argv);
    trace_start(&trace, argv, 0, name, nth, fault);
    int status = trace_wait(&trace);
    bool injected = trace_injected(&trace, fault);
    long size = size_of_other(&copy);
    assert_true(size != 0 || status != 0); /* an unbegun one is begun by the next try */
    if (status == 0)
        assert_int_equal(size, 1);
    int second = child_run(&again, argv, HOUSE_PATIENCE_MS);
    if (second != (size == 1 ? 1 : 0))
        child_show_log(&again);
    assert_int_equal(second, size == 1 ? 1 : 0);
    assert_int_equal(size_of_other(&copy), 1);
    assert_false(copy);
    remove_other();
    return injected;
}

static void init_look(void)
{
    trace_database(path_of_other);
    (void)init_once(NULL, 0, TRACE_EIO);
}

static void the_making_of_a_ledger(void **state)
{
    (void)state;
    if (!can_walk())
        skip();
    struct walk walk = {.what = "custodyd --init", .look = init_look, .once = init_once};
    walk_all(&walk);
}

/* ---- custody backup ---- */

static bool backup_once(const char *name, unsigned nth, enum trace_fault fault)
{
    const char *const argv[] = {house_program("CUSTODY_CUSTODY", "src/cli/custody"), "backup", "--ledger", h->database, "--to",
                                path_of_other, NULL};
    bool copy = false;
    struct child again = {.pid = 0};
    snprintf(again.log, sizeof(again.log), "%s/again.log", h->folder);
    start_custodian();
    long whole = (long)books_size(h);
    trace_start(&trace, argv, 0, name, nth, fault);
    int status = trace_wait(&trace);
    bool injected = trace_injected(&trace, fault);
    long size = size_of_other(&copy);
    assert_true(size == whole || (size == -1 && status != 0));
    assert_true(size == -1 || copy);
    (void)unlink(path_of_other);
    assert_int_equal(child_run(&again, argv, HOUSE_PATIENCE_MS), 0);
    assert_int_equal(size_of_other(&copy), whole);
    assert_true(copy);
    remove_other();
    return injected;
}

static void backup_look(void)
{
    trace_database(path_of_other);
    (void)backup_once(NULL, 0, TRACE_EIO);
}

static void a_backup(void **state)
{
    (void)state;
    if (!can_walk())
        skip();
    struct walk walk = {.what = "custody backup", .look = backup_look, .once = backup_once};
    walk_all(&walk);
    assert_whole();
}

/* A walk that went wrong says where, and leaves nothing in the way of the next. */
static int settle(void **state)
{
    (void)state;
    if (now.what) {
        printf("\n# %s went wrong with %s at %s number %u\n", now.what, trace_fault_names[now.fault], now.name,
               now.nth);
        trace_show(&trace);
    }
    now.what = NULL;
    remove_other();
    return 0;
}

static unsigned number_of(const char *text, unsigned least)
{
    uint64_t number = 0;
    if (!text || cty_u64_parse(cty_bytes_text(text), 1000000, &number) != CUSTODY_OK || number < least) {
        fprintf(stderr, "usage: test_syscalls [--stride N] [--from K] [--only NAME]\n");
        exit(4);
    }
    return (unsigned)number;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--stride") == 0)
            options.stride = number_of(i + 1 < argc ? argv[i + 1] : NULL, 1);
        else if (strcmp(argv[i], "--from") == 0)
            options.from = number_of(i + 1 < argc ? argv[i + 1] : NULL, 0);
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            cmocka_set_test_filter(argv[i + 1]);
        else
            number_of(NULL, 0);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(one_append, settle),
        cmocka_unit_test_teardown(the_first_append_of_a_start, settle),
        cmocka_unit_test_teardown(a_log_that_cannot_be_brought_in, settle),
        cmocka_unit_test_teardown(a_start_behind_a_kill, settle),
        cmocka_unit_test_teardown(the_making_of_a_ledger, settle),
        cmocka_unit_test_teardown(a_backup, settle),
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    int failed = cmocka_run_group_tests(tests, set_up, NULL);
    cty_client_close(agent);
    if (failed == 0)
        house_well(h);
    house_free(h);
    return failed;
}
