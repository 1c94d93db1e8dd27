/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left to a process behind the sandbox. Each attempt runs in a child of its own, which confines itself as the
 * custodian does and then tries; its exit status is the errno that it met, 0 where nothing stopped it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/confine.h"
#include "daemon/courier.h"
#include "daemon/sandbox.h"
#include "unit/support.h"

#define NOT_CONFINED 99

static char folder[64];
static char sockets[64];
static char outside[64];

static int folders_setup(void **state)
{
    (void)state;
    char *const places[] = {folder, sockets, outside};
    for (size_t i = 0; i < CTY_COUNT_OF(places); i++) {
        snprintf(places[i], sizeof(folder), "/tmp/custody-sandbox-XXXXXX");
        if (!mkdtemp(places[i]))
            return -1;
    }
    return 0;
}

static int folders_teardown(void **state)
{
    (void)state;
    return rmdir(folder) | rmdir(sockets) | rmdir(outside); /* nothing was left in them */
}

/* --- confining --------------------------------------------------------------------------------------------- */

enum { FILES = 1, CALLS = 2, ALL = 3 };

static bool confine(int what)
{
    struct cty_sandbox_needs needs = {.database_folder = folder, .socket_folders = {sockets}, .socket_folders_count = 1};
    struct cty_sandbox_state now = {.calls = false};
    custody_error error = {0};
    if ((what & FILES) && (cty_sandbox_files(&needs, &now, &error) != CUSTODY_OK || now.files_abi == 0))
        return false;
    if ((what & CALLS) && (cty_sandbox_calls(&now, &error) != CUSTODY_OK || !now.calls))
        return false;
    return true;
}

/* What became of the attempt: its errno, or 128 and the signal. */
static int attempt(int what, int (*work)(void))
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(confine(what) ? work() : NOT_CONFINED);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int met(long result)
{
    return result < 0 ? errno : 0;
}

static bool kernel_has(int what)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(cty_sandbox_is_built() && confine(what) ? 0 : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status == 0;
}

#define NEEDS(what)                                                                                    \
    do {                                                                                               \
        if (!kernel_has(what))                                                                         \
            skip();                                                                                    \
    } while (0)

/* --- files ------------------------------------------------------------------------------------------------- */

static int try_path(const char *base, const char *name, int flags)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", base, name);
    return met(open(path, flags | O_CLOEXEC, 0600));
}

static int reads_passwd(void)
{
    return try_path("/etc", "passwd", O_RDONLY);
}

static int writes_outside(void)
{
    return try_path(outside, "new", O_WRONLY | O_CREAT);
}

static int lists_root(void)
{
    return met(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int goes_around(void)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/../../etc/passwd", folder);
    return met(open(path, O_RDONLY | O_CLOEXEC));
}

/* As a contradiction file is written: whole, and over no other. */
static int puts_files_whole(void)
{
    char path[256], other[256];
    snprintf(path, sizeof(path), "%s/ledger.db.contradiction-1.json", folder);
    snprintf(other, sizeof(other), "%s/other", folder);
    if (cty_file_put_new(path, 0600, CTY_LITERAL("text"), NULL) != CUSTODY_OK)
        return errno;
    if (cty_file_put_new(path, 0600, CTY_LITERAL("more"), NULL) != CUSTODY_E_EXISTS)
        return EEXIST;
    /* Where the file system has no exclusive rename. */
    int err = met(linkat(AT_FDCWD, path, AT_FDCWD, other, 0));
    err = err ? err : met(unlink(other));
    return err ? err : met(unlink(path));
}

/* Nothing of the ledger's is put in another's place. */
static int replaces_a_file(void)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/one", folder);
    if (cty_file_put_new(path, 0600, CTY_LITERAL("text"), NULL) != CUSTODY_OK)
        return EIO;
    errno = 0;
    custody_err err = cty_file_replace(path, 0600, CTY_LITERAL("more"), NULL);
    int why = err == CUSTODY_OK ? 0 : errno;
    (void)unlink(path);
    return why;
}

static int serves_its_folder(void)
{
    char path[256];
    int err = try_path(folder, "ledger.db-wal", O_RDWR | O_CREAT);
    snprintf(path, sizeof(path), "%s/ledger.db-wal", folder);
    err = err ? err : try_path(folder, "ledger.db-wal", O_WRONLY | O_TRUNC);
    err = err ? err : try_path(folder, ".", O_RDONLY | O_DIRECTORY);
    err = err ? err : try_path("/dev", "urandom", O_RDONLY);
    err = err ? err : puts_files_whole();
    return err ? err : met(unlink(path));
}

static int makes_a_folder(void)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/more", folder);
    return met(mkdir(path, 0700));
}

static int writes_among_sockets(void)
{
    return try_path(sockets, "file", O_WRONLY | O_CREAT);
}

static int listen_in(const char *where)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/door", where);
    int err = met(bind(fd, (const struct sockaddr *)&address, sizeof(address)));
    return err ? err : met(unlink(address.sun_path));
}

static int opens_its_door(void)
{
    return listen_in(sockets);
}

static int opens_another_door(void)
{
    return listen_in(outside);
}

static void files_are_those_of_the_ledger(void **state)
{
    (void)state;
    NEEDS(FILES);
    assert_int_equal(attempt(0, reads_passwd), 0);
    assert_int_equal(attempt(FILES, reads_passwd), EACCES);
    assert_int_equal(attempt(FILES, goes_around), EACCES);
    assert_int_equal(attempt(FILES, lists_root), EACCES);
    assert_int_equal(attempt(FILES, writes_outside), EACCES);
    assert_int_equal(attempt(FILES, makes_a_folder), EACCES);
    assert_int_equal(attempt(FILES, writes_among_sockets), EACCES);
    assert_int_equal(attempt(FILES, opens_another_door), EACCES);
    assert_int_equal(attempt(FILES, opens_its_door), 0);
    assert_int_equal(attempt(FILES, serves_its_folder), 0);
}

static int execute(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return errno;
}

static int listens_at_another_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return met(bind(fd, (const struct sockaddr *)&address, sizeof(address)));
}

static int dials(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return met(connect(fd, (const struct sockaddr *)&address, sizeof(address)));
}

static int without_ports(void)
{
    struct cty_sandbox_needs needs = {.database_folder = folder};
    struct cty_sandbox_state now = {.calls = false};
    custody_error error = {0};
    return cty_sandbox_files(&needs, &now, &error) == CUSTODY_OK && now.ports ? 0 : 1;
}

static void programs_and_ports_are_not_for_it(void **state)
{
    (void)state;
    NEEDS(FILES);
    assert_int_equal(attempt(FILES, execute), EACCES);
    if (attempt(0, without_ports) != 0)
        skip(); /* a kernel before 6.7 */
    assert_int_equal(attempt(FILES, listens_at_another_port), EACCES);
    assert_int_equal(attempt(FILES, dials), EACCES);
}

static int is_not_dumped(void)
{
    struct rlimit limit = {1, 1};
    bool none = getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0;
    return none && prctl(PR_GET_DUMPABLE) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1;
}

static void nothing_is_dumped(void **state)
{
    (void)state;
    NEEDS(FILES);
    assert_int_equal(attempt(0, is_not_dumped), 1);
    assert_int_equal(attempt(FILES, is_not_dumped), 0);
}

/* --- calls ------------------------------------------------------------------------------------------------- */

static int makes_a_socket(void)
{
    return met(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

/* Made before the filter, as a custodian's doors and connections are; the door was shut down, so that it may dial. */
static int listener = -1;
static int pair[2] = {-1, -1};
static struct sockaddr_in service;

static int make_sockets(void)
{
    socklen_t size = sizeof(service);
    int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int err = met(bind(other, (const struct sockaddr *)&any, sizeof(any))) | met(listen(other, 8));
    err |= met(getsockname(other, (struct sockaddr *)&service, &size)) | met(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    err |= met(bind(listener, (const struct sockaddr *)&any, sizeof(any))) | met(listen(listener, 8));
    return err | met(shutdown(listener, SHUT_RDWR));
}

static int dials_by_sending(void)
{
    return met(sendto(listener, "x", 1, MSG_FASTOPEN, (const struct sockaddr *)&service, sizeof(service)));
}

static int dials_by_a_message(void)
{
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_name = &service, .msg_namelen = sizeof(service), .msg_iov = &part, .msg_iovlen = 1};
    return met(sendmsg(listener, &message, MSG_FASTOPEN | MSG_NOSIGNAL));
}

static int sends_to_an_address(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/nowhere/at/all"};
    return met(sendto(pair[0], "x", 1, MSG_NOSIGNAL, (const struct sockaddr *)&address, sizeof(address)));
}

static int sends_on_its_connections(void)
{
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    int err = met(send(pair[0], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_MORE));
    return err ? err : met(sendmsg(pair[1], &message, MSG_NOSIGNAL));
}

static void sending_dials_nobody(void **state)
{
    (void)state;
    NEEDS(CALLS);
    assert_int_equal(make_sockets(), 0);
    assert_int_equal(attempt(CALLS, dials_by_sending), ENOSYS);
    assert_int_equal(attempt(CALLS, dials_by_a_message), ENOSYS);
    assert_int_equal(attempt(CALLS, sends_to_an_address), ENOSYS);
    assert_int_equal(attempt(CALLS, sends_on_its_connections), 0);
    assert_int_equal(attempt(0, sends_to_an_address), ENOENT);
    /* Last, since the listener is one for all; without the filter it does dial, where the kernel sends so. */
    assert_int_not_equal(attempt(0, dials_by_sending), ENOSYS);
}

static int makes_a_child(void)
{
    return met(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static int makes_a_child_by_the_new_call(void)
{
    return met(syscall(SYS_clone3, NULL, 0));
}

static int makes_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NOT_CONFINED;
    return met(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int maps_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int kills_its_parent(void)
{
    return met(syscall(SYS_tgkill, getppid(), getppid(), 0)) | met(kill(getppid(), 0));
}

static int changes_its_limits(void)
{
    static const struct rlimit less = {16, 16};
    return met(setrlimit(RLIMIT_NOFILE, &less));
}

static int may_be_dumped_again(void)
{
    return met(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static void what_is_not_needed_is_not_there(void **state)
{
    static int (*const tries[])(void) = {makes_a_socket, makes_a_child,      makes_a_child_by_the_new_call, makes_code, maps_code,
                                         kills_its_parent, changes_its_limits, may_be_dumped_again};
    (void)state;
    NEEDS(CALLS);
    for (size_t i = 0; i < CTY_COUNT_OF(tries); i++)
        assert_int_equal(attempt(CALLS, tries[i]), ENOSYS);
    assert_int_equal(attempt(0, makes_a_socket), 0);
    assert_int_equal(attempt(0, makes_code), 0);
}

static int traces(void)
{
    return met(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int reads_another(void)
{
    return met(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0));
}

static int becomes_another(void)
{
    return met(setuid(getuid()));
}

static int leaves(void)
{
    return met(unshare(CLONE_NEWUSER));
}

static void what_only_a_stranger_does_is_the_end(void **state)
{
    static int (*const tries[])(void) = {execute, traces, reads_another, becomes_another, leaves};
    (void)state;
    NEEDS(CALLS);
    for (size_t i = 0; i < CTY_COUNT_OF(tries); i++)
        assert_int_equal(attempt(CALLS, tries[i]), 128 + SIGSYS);
}

static void *do_nothing(void *context)
{
    return context;
}

/* Threads, time, memory, files: what libraries do late. */
static int serves(void)
{
    pthread_t thread;
    struct timespec brief = {0, 1000};
    int ends[2];
    int err = pthread_create(&thread, NULL, do_nothing, NULL);
    err = err ? err : pthread_join(thread, NULL);
    err = err ? err : met(nanosleep(&brief, NULL));
    err = err ? err : met(pipe2(ends, O_CLOEXEC));
    err = err ? err : met(write(ends[1], "x", 1));
    void *memory = malloc(8u << 20);
    err = err ? err : memory ? 0 : ENOMEM;
    free(memory);
    return err ? err : serves_its_folder();
}

static void it_can_still_serve(void **state)
{
    (void)state;
    NEEDS(ALL);
    assert_int_equal(attempt(ALL, serves), 0);
    assert_int_equal(attempt(ALL, replaces_a_file), ENOSYS);
    assert_int_equal(attempt(FILES, replaces_a_file), 0);
}

static pthread_barrier_t confined;
static int of_other_thread;

static void *try_from_another(void *context)
{
    (void)context;
    pthread_barrier_wait(&confined);
    of_other_thread = makes_a_socket();
    return NULL;
}

static int holds_for_threads_that_were_there(void)
{
    pthread_t thread;
    struct cty_sandbox_state now = {.calls = false};
    custody_error error = {0};
    pthread_barrier_init(&confined, NULL, 2);
    if (pthread_create(&thread, NULL, try_from_another, NULL) != 0 || cty_sandbox_calls(&now, &error) != CUSTODY_OK)
        return NOT_CONFINED;
    pthread_barrier_wait(&confined);
    pthread_join(thread, NULL);
    return of_other_thread;
}

static void the_filter_holds_for_all_threads(void **state)
{
    (void)state;
    NEEDS(CALLS);
    assert_int_equal(attempt(0, holds_for_threads_that_were_there), ENOSYS);
}

/* --- the courier ------------------------------------------------------------------------------------------- */

/* Its witness is dialled over HTTP, or over a socket of this machine. */
static struct cty_trust trust = {.policy = {.count = 1}};

static int attempt_as_courier(const char *url, int (*work)(void))
{
    const struct cty_courier_config config = {.trust = &trust, .sandbox = CTY_SANDBOX_ON};
    custody_error error = {0};
    int status = 0;
    trust.policy.nodes[0].url = cty_bytes_text(url);
    pid_t pid = fork();
    if (pid == 0)
        _exit(cty_courier_confine_files(&config, &error) == CUSTODY_OK && cty_courier_confine_calls(&config, &error) == CUSTODY_OK
                  ? work()
                  : NOT_CONFINED);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int makes_a_local_socket(void)
{
    return met(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int makes_a_raw_socket(void)
{
    return met(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

/* Nobody listens at port 1: what comes back is the network's word. */
static int dials_somebody(void)
{
    const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 ? errno : met(connect(fd, (const void *)&to, sizeof(to)));
}

static int begins_to_listen(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 ? errno : met(listen(fd, 1));
}

static int reads_the_ledger(void)
{
    return try_path(folder, ".", O_RDONLY | O_DIRECTORY);
}

static int reads_the_resolvers_file(void)
{
    return try_path("/etc", "resolv.conf", O_RDONLY);
}

static void a_courier_dials_and_no_more(void **state)
{
    (void)state;
    NEEDS(ALL);
    assert_int_equal(attempt_as_courier("http://a.example", dials_somebody), ECONNREFUSED);
    assert_int_equal(attempt_as_courier("http://a.example", makes_a_local_socket), ENOSYS);
    assert_int_equal(attempt_as_courier("ipc:///run/w", makes_a_local_socket), 0);
    assert_int_equal(attempt_as_courier("http://a.example", makes_a_raw_socket), ENOSYS);
    assert_int_equal(attempt_as_courier("http://a.example", begins_to_listen), ENOSYS);
    assert_int_equal(attempt_as_courier("http://a.example", reads_the_ledger), EACCES);
    assert_int_equal(attempt_as_courier("http://a.example", reads_passwd), EACCES);
    assert_int_equal(attempt_as_courier("http://a.example", execute), 128 + SIGSYS);
    if (access("/etc/resolv.conf", R_OK) == 0)
        assert_int_equal(attempt_as_courier("http://a.example", reads_the_resolvers_file), 0);
}

/* --- what a configuration asks for ------------------------------------------------------------------------- */

static int with_mode(enum cty_sandbox_mode mode, struct cty_sandbox_state *ret_state)
{
    char ledger[96];
    struct cty_config config = {.ledger = ledger, .sandbox = mode};
    custody_error error = {0};
    snprintf(ledger, sizeof(ledger), "%s/ledger.db", folder);
    custody_err err = cty_confine_before(&config, ret_state, &error);
    return err == CUSTODY_OK ? 0 : custody_err_exit(err);
}

static int off_leaves_all(void)
{
    struct cty_sandbox_state now;
    int err = with_mode(CTY_SANDBOX_OFF, &now);
    return err ? err : reads_passwd() + (int)now.files_abi + (now.undumpable ? 1 : 0);
}

static int on_takes_what_is_there(void)
{
    struct cty_sandbox_state now;
    int err = with_mode(CTY_SANDBOX_ON, &now);
    return err ? NOT_CONFINED : reads_passwd();
}

/* As on a kernel without Landlock. */
static bool take_landlock_away(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    return filter && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0) == 0 &&
           seccomp_load(filter) == 0;
}

static int on_without_landlock(void)
{
    struct cty_sandbox_state now;
    if (!take_landlock_away() || with_mode(CTY_SANDBOX_ON, &now) != 0)
        return NOT_CONFINED;
    return now.files_abi == 0 && now.undumpable && !cty_sandbox_is_enough(&now) ? reads_passwd() : 1;
}

static int required_without_landlock(void)
{
    struct cty_sandbox_state now;
    return take_landlock_away() ? with_mode(CTY_SANDBOX_REQUIRE, &now) : NOT_CONFINED;
}

static void the_configuration_decides(void **state)
{
    (void)state;
    assert_int_equal(attempt(0, off_leaves_all), 0);
    NEEDS(ALL);
    assert_int_equal(attempt(0, on_takes_what_is_there), EACCES);
    assert_int_equal(attempt(0, on_without_landlock), 0);
    assert_int_equal(attempt(0, required_without_landlock), custody_err_exit(CUSTODY_E_CONFIG));
}

static void says(const struct cty_sandbox_state *now, const char *words, bool enough)
{
    char said[CTY_SANDBOX_WORDS_SIZE];
    cty_sandbox_words(now, said);
    assert_string_equal(said, words);
    assert_int_equal(cty_sandbox_is_enough(now), enough);
}

/* Landlock 2, as Debian 12 has it, is enough for `require`, and never said to be complete. */
static void what_is_missing_is_named(void **state)
{
    struct cty_sandbox_state now = {.calls = true, .files_abi = 6, .ports = true, .scoped = true, .undumpable = true};
    (void)state;
    says(&now, "complete", true);
    now.scoped = false;
    says(&now, "missing: signals (Landlock 6)", true);
    now.ports = false;
    now.files_abi = 2;
    says(&now, "missing: TCP (Landlock 4), signals (Landlock 6)", true);
    now.undumpable = false;
    says(&now, "missing: TCP (Landlock 4), signals (Landlock 6), no dumps", false);
    now = (struct cty_sandbox_state){.files_abi = 2, .undumpable = true};
    says(&now, "missing: system calls (seccomp), TCP (Landlock 4), signals (Landlock 6)", false);
    now = (struct cty_sandbox_state){.calls = false};
    says(&now, "missing: system calls (seccomp), files (Landlock), TCP (Landlock 4), signals (Landlock 6), no dumps", false);
}

static int has_what_its_version_has(void)
{
    struct cty_sandbox_state now;
    int err = with_mode(CTY_SANDBOX_ON, &now);
    return err ? err : now.ports == (now.files_abi >= 4) && now.scoped == (now.files_abi >= 6) ? 0 : 1;
}

static void newer_parts_come_with_their_versions(void **state)
{
    (void)state;
    NEEDS(FILES);
    assert_int_equal(attempt(0, has_what_its_version_has), 0);
}

static int requires_in_this_build(void)
{
    struct cty_sandbox_state now;
    return with_mode(CTY_SANDBOX_REQUIRE, &now);
}

static void a_build_without_it_says_so(void **state)
{
    (void)state;
    if (cty_sandbox_is_built())
        skip();
    assert_int_equal(attempt(0, requires_in_this_build), custody_err_exit(CUSTODY_E_CONFIG));
}

static int a_folder_that_is_not_there(void)
{
    struct cty_sandbox_needs needs = {.database_folder = "/nowhere/at/all"};
    struct cty_sandbox_state now;
    custody_error error = {0};
    return cty_sandbox_files(&needs, &now, &error) == CUSTODY_E_IO ? 0 : 1;
}

static void what_is_needed_has_to_be_there(void **state)
{
    (void)state;
    NEEDS(FILES);
    assert_int_equal(attempt(0, a_folder_that_is_not_there), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_those_of_the_ledger),
        cmocka_unit_test(programs_and_ports_are_not_for_it),
        cmocka_unit_test(nothing_is_dumped),
        cmocka_unit_test(what_is_not_needed_is_not_there),
        cmocka_unit_test(sending_dials_nobody),
        cmocka_unit_test(what_only_a_stranger_does_is_the_end),
        cmocka_unit_test(it_can_still_serve),
        cmocka_unit_test(the_filter_holds_for_all_threads),
        cmocka_unit_test(a_courier_dials_and_no_more),
        cmocka_unit_test(the_configuration_decides),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(newer_parts_come_with_their_versions),
        cmocka_unit_test(a_build_without_it_says_so),
        cmocka_unit_test(what_is_needed_has_to_be_there),
    };
    return cmocka_run_group_tests(tests, folders_setup, folders_teardown);
}
