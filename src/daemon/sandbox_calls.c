/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter of system calls, made by libseccomp and run by the kernel at each call. Three answers:
 *
 *     serving needs it      goes on
 *     only a stranger's     the process ends (SIGSYS): starting programs, looking into others, changing what one is
 *     anything else         fails with ENOSYS, as on a kernel that does not have it
 *
 * ENOSYS and not the end, since a new version of the C library or of SQLite may try a newer call first and knows what to do
 * without it; where it does not know, a write or sync fails, and a custodian stops at that. No call makes a socket, so
 * nothing is dialled from here on, by whatever protocol; nor does sending dial, which MSG_FASTOPEN would make it do with a
 * door that was shut down before.
 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "daemon/sandbox.h"

#define CALL(name) SCMP_SYS(name)

static const int allowed[] = {
    /* memory; what maps or changes pages is below */
    CALL(brk), CALL(madvise), CALL(mlock), CALL(mlock2), CALL(mremap), CALL(munlock), CALL(munmap),
    /* threads and signals */
    CALL(exit), CALL(exit_group), CALL(futex), CALL(get_robust_list), CALL(getpid), CALL(gettid), CALL(membarrier),
    CALL(restart_syscall), CALL(rseq), CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn),
    CALL(sched_getaffinity), CALL(sched_yield), CALL(set_robust_list), CALL(sigaltstack),
    /* time, chance, and who we are, which SQLite asks before it gives a file away */
    CALL(clock_getres), CALL(clock_gettime), CALL(clock_nanosleep), CALL(getegid), CALL(geteuid), CALL(getgid),
    CALL(getrandom), CALL(gettimeofday), CALL(getuid), CALL(nanosleep), CALL(time),
    /* files: which ones, Landlock says */
    CALL(access), CALL(close), CALL(faccessat), CALL(faccessat2), CALL(fallocate), CALL(fchmod), CALL(fchown),
    CALL(fcntl), CALL(fcntl64), CALL(fdatasync), CALL(flock), CALL(fstat), CALL(fstat64), CALL(fstatat64),
    CALL(fstatfs), CALL(fsync), CALL(ftruncate), CALL(ftruncate64), CALL(getcwd), CALL(linkat), CALL(_llseek),
    CALL(lseek), CALL(lstat), CALL(newfstatat), CALL(open), CALL(openat), CALL(pread64), CALL(preadv), CALL(pwrite64),
    CALL(pwritev), CALL(read), CALL(readlink), CALL(readlinkat), CALL(readv), CALL(stat), CALL(statx),
    CALL(umask), CALL(unlink), CALL(unlinkat), CALL(write), CALL(writev),
    /* connections that others make, and waiting for them */
    CALL(accept), CALL(accept4), CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_pwait), CALL(epoll_pwait2),
    CALL(epoll_wait), CALL(eventfd2), CALL(getpeername), CALL(getsockname), CALL(getsockopt), CALL(pipe2),
    CALL(poll), CALL(ppoll), CALL(recvfrom), CALL(recvmsg), CALL(select), CALL(pselect6),
    CALL(setsockopt), CALL(shutdown),
};

/* Of a courier besides: making sockets and dialling, and what the resolver asks of the kernel. */
static const int dialling[] = {
    CALL(bind), CALL(connect), CALL(getdents64), CALL(getppid), CALL(ioctl), CALL(recvmmsg), CALL(sendmmsg), CALL(sendmsg),
    CALL(sendto), CALL(socketpair), CALL(sysinfo), CALL(uname),
};

static const int deadly[] = {
    CALL(execve), CALL(execveat), CALL(fork), CALL(vfork), CALL(ptrace), CALL(process_vm_readv),
    CALL(process_vm_writev), CALL(kcmp), CALL(pidfd_getfd), CALL(bpf), CALL(perf_event_open), CALL(userfaultfd),
    CALL(init_module), CALL(finit_module), CALL(delete_module), CALL(kexec_load), CALL(kexec_file_load), CALL(mount),
    CALL(umount2), CALL(pivot_root), CALL(chroot), CALL(unshare), CALL(setns), CALL(setuid), CALL(setgid),
    CALL(setreuid), CALL(setregid), CALL(setresuid), CALL(setresgid), CALL(setgroups), CALL(capset), CALL(keyctl),
    CALL(add_key), CALL(request_key), CALL(personality), CALL(io_uring_setup), CALL(memfd_create),
};

/* The result of libseccomp, 0 or a negative errno, as ours. */
static custody_err ours(int result, const char *what, custody_error *error)
{
    if (result == 0)
        return CUSTODY_OK;
    return cty_fail(error, result == -ENOMEM ? CUSTODY_E_NO_MEMORY : CUSTODY_E_IO, "sandbox: %s: %s", what,
                    strerrordesc_np(-result));
}

static custody_err put_list(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count,
                            custody_error *error)
{
    for (size_t i = 0; i < count; i++)
        CTY_TRY(ours(seccomp_rule_add(filter, action, calls[i], 0), "a rule", error));
    return CUSTODY_OK;
}

static custody_err allow_with(scmp_filter_ctx filter, int call, struct scmp_arg_cmp what, custody_error *error)
{
    return ours(seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &what), "a rule", error);
}

/*
 * To send is for connections: sendto to no address, and neither of them opens one. The address of sendmsg stands in memory,
 * where no filter sees it; it is one for the service manager's socket alone, since a connection takes none.
 */
static custody_err put_sends(scmp_filter_ctx filter, custody_error *error)
{
    const struct scmp_arg_cmp to[] = {SCMP_A3_64(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0),
                                       SCMP_A4_64(SCMP_CMP_EQ, 0, 0)};
    CTY_TRY(ours(seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, CALL(sendto), CTY_COUNT_OF(to), to), "a rule", error));
    return allow_with(filter, CALL(sendmsg), SCMP_A2_64(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0), error);
}

/*
 * Calls that are fine with some arguments only: threads but no processes, pages that can't be executed, a thread's own
 * name, names that replace no file, and signals to this process, which is how abort() ends it. clone3 has its flags where
 * no filter sees them: it fails, and the C library takes clone.
 */
static custody_err put_conditions(scmp_filter_ctx filter, custody_error *error)
{
    struct scmp_arg_cmp not_executable = SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    CTY_TRY(allow_with(filter, CALL(mmap), not_executable, error));
    CTY_TRY(allow_with(filter, CALL(mmap2), not_executable, error));
    CTY_TRY(allow_with(filter, CALL(mprotect), not_executable, error));
    CTY_TRY(allow_with(filter, CALL(clone), SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD), error));
    CTY_TRY(allow_with(filter, CALL(prctl), SCMP_A0_64(SCMP_CMP_EQ, PR_SET_NAME), error));
    /* A name for a whole new file, and never over another. */
    CTY_TRY(allow_with(filter, CALL(renameat2), SCMP_A4_64(SCMP_CMP_EQ, RENAME_NOREPLACE), error));
    /* To read a limit, of this process: not to set one. */
    CTY_TRY(allow_with(filter, CALL(prlimit64), SCMP_A2_64(SCMP_CMP_EQ, 0), error));
    return allow_with(filter, CALL(tgkill), SCMP_A0_64(SCMP_CMP_EQ, (uint64_t)getpid()), error);
}

static custody_err set_attributes(scmp_filter_ctx filter, custody_error *error)
{
    static const struct {
        enum scmp_filter_attr name;
        uint32_t value;
    } attributes[] = {
        {SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS}, /* calls by the numbers of another architecture */
        {SCMP_FLTATR_CTL_TSYNC, 1},                       /* for all threads */
        {SCMP_FLTATR_CTL_LOG, 1},                         /* what fails is told to the kernel's log */
        {SCMP_FLTATR_CTL_OPTIMIZE, 2},                    /* a tree in the place of a list */
    };
    for (size_t i = 0; i < CTY_COUNT_OF(attributes); i++)
        CTY_TRY(ours(seccomp_attr_set(filter, attributes[i].name, attributes[i].value), "an attribute", error));
    return CUSTODY_OK;
}

/* The kernel's own list of addresses is asked over a socket too. Listening is Landlock's to refuse, and nobody calls listen. */
static custody_err put_sockets(scmp_filter_ctx filter, bool local, custody_error *error)
{
    static const int families[] = {AF_INET, AF_INET6, AF_NETLINK, AF_UNIX};
    for (size_t i = 0; i < CTY_COUNT_OF(families); i++) {
        if (families[i] == AF_UNIX && !local)
            continue;
        struct scmp_arg_cmp family = SCMP_A0_64(SCMP_CMP_MASKED_EQ, UINT32_MAX, (uint64_t)families[i]);
        CTY_TRY(allow_with(filter, CALL(socket), family, error));
    }
    return put_list(filter, SCMP_ACT_ALLOW, dialling, CTY_COUNT_OF(dialling), error);
}

struct filter_wish {
    bool dials;
    bool local;
};

static custody_err load(scmp_filter_ctx filter, const struct filter_wish *wish, custody_error *error)
{
    CTY_TRY(set_attributes(filter, error));
    CTY_TRY(put_list(filter, SCMP_ACT_ALLOW, allowed, CTY_COUNT_OF(allowed), error));
    CTY_TRY(put_list(filter, SCMP_ACT_KILL_PROCESS, deadly, CTY_COUNT_OF(deadly), error));
    CTY_TRY(put_conditions(filter, error));
    CTY_TRY(wish->dials ? put_sockets(filter, wish->local, error) : put_sends(filter, error));
    return ours(seccomp_load(filter), "the filter", error);
}

static custody_err confine(const struct filter_wish *wish, struct cty_sandbox_state *state, custody_error *error)
{
    /* Version 3: the call itself, and an end of the whole process. Kernels since 4.14 have both. */
    if (seccomp_api_get() < 3)
        return CUSTODY_OK;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (!filter)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    custody_err err = load(filter, wish, error);
    seccomp_release(filter);
    state->calls = err == CUSTODY_OK;
    return err;
}

custody_err cty_sandbox_calls(struct cty_sandbox_state *state, custody_error *error)
{
    const struct filter_wish wish = {.dials = false};
    return confine(&wish, state, error);
}

custody_err cty_sandbox_calls_of_courier(bool local, struct cty_sandbox_state *state, custody_error *error)
{
    const struct filter_wish wish = {.dials = true, .local = local};
    return confine(&wish, state, error);
}
