/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock: a list of folders and ports, and what may be done there; everything else is refused by the kernel, also to whoever
 * runs code in this process. It comes in versions; each right is asked for only where the kernel knows it.
 *
 * The C library has no functions for it, and the headers of Debian 12 end at version 2: the numbers stand here, as
 * linux/landlock.h fixes them for good.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"
#include "daemon/sandbox.h"

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT 2

#define FS_WRITE_FILE (1u << 1)
#define FS_READ_FILE (1u << 2)
#define FS_READ_DIR (1u << 3)
#define FS_REMOVE_FILE (1u << 5)
#define FS_MAKE_REG (1u << 8)
#define FS_MAKE_SOCK (1u << 9)
#define FS_TRUNCATE (1u << 14)
#define FS_ALL_OF_1 ((1u << 13) - 1) /* what version 1 knows */
#define FS_REFER (1u << 13)
#define FS_IOCTL_DEV (1u << 15)
#define NET_BIND_TCP 1u
#define NET_CONNECT_TCP 2u
#define SCOPE_ALL 3u /* abstract sockets and processes outside */

#define DATABASE_RIGHTS (FS_READ_FILE | FS_WRITE_FILE | FS_READ_DIR | FS_MAKE_REG | FS_REMOVE_FILE | FS_TRUNCATE)
#define SOCKET_RIGHTS (FS_READ_DIR | FS_MAKE_SOCK | FS_REMOVE_FILE)

/* What libraries read when they start: SQLite, and whoever counts processors. They do without where it is not there. */
static const char *const readable[] = {"/dev/urandom", "/sys/devices/system/cpu/online"};

struct ruleset_attr {
    uint64_t files;
    uint64_t net;
    uint64_t scoped;
};
struct path_attr {
    uint64_t allowed;
    int32_t folder;
} __attribute__((packed));
struct port_attr {
    uint64_t allowed;
    uint64_t port;
};

static custody_err failed(custody_error *error, const char *what)
{
    return cty_fail(error, CUSTODY_E_IO, "sandbox: %s: %s", what, strerrordesc_np(errno));
}

/* 0 where the kernel has none, has it turned off, or a filter around us forbids it. */
static unsigned abi_get(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_RULESET_VERSION);
    return abi > 0 ? (unsigned)abi : 0;
}

/* What is asked about at all, of what this version knows. */
static struct ruleset_attr attr_of(unsigned abi)
{
    struct ruleset_attr attr = {.files = FS_ALL_OF_1};
    attr.files |= abi >= 2 ? FS_REFER : 0;
    attr.files |= abi >= 3 ? FS_TRUNCATE : 0;
    attr.files |= abi >= 5 ? FS_IOCTL_DEV : 0;
    attr.net = abi >= 4 ? NET_BIND_TCP | NET_CONNECT_TCP : 0;
    attr.scoped = abi >= 6 ? SCOPE_ALL : 0;
    return attr;
}

/* Of a file, or of all that is in a folder. */
static custody_err allow(int rules, const char *path, uint64_t rights, custody_error *error)
{
    struct path_attr attr = {.allowed = rights, .folder = open(path, O_PATH | O_CLOEXEC)};
    if (attr.folder < 0)
        return failed(error, path);
    long done = syscall(SYS_landlock_add_rule, rules, RULE_PATH_BENEATH, &attr, 0);
    int why = errno;
    close(attr.folder);
    errno = why;
    return done == 0 ? CUSTODY_OK : failed(error, path);
}

/* What is not there can't be read, and may come later: that is nobody's fault. */
static custody_err allow_reading(int rules, const char *path, custody_error *error)
{
    struct stat is;
    if (access(path, R_OK) != 0 || stat(path, &is) != 0)
        return CUSTODY_OK;
    return allow(rules, path, S_ISDIR(is.st_mode) ? FS_READ_FILE | FS_READ_DIR : FS_READ_FILE, error);
}

static custody_err add_rules(int rules, const struct ruleset_attr *attr, const struct cty_sandbox_needs *needs,
                             custody_error *error)
{
    if (needs->database_folder)
        CTY_TRY(allow(rules, needs->database_folder, DATABASE_RIGHTS & attr->files, error));
    for (const char *const *path = needs->readable; path && *path; path++)
        CTY_TRY(allow_reading(rules, *path, error));
    for (size_t i = 0; i < needs->socket_folders_count; i++)
        CTY_TRY(allow(rules, needs->socket_folders[i], SOCKET_RIGHTS & attr->files, error));
    for (size_t i = 0; i < CTY_COUNT_OF(readable); i++)
        CTY_TRY(allow_reading(rules, readable[i], error));
    for (size_t i = 0; i < needs->ports_count && attr->net; i++) {
        struct port_attr port = {.allowed = NET_BIND_TCP, .port = needs->ports[i]};
        if (syscall(SYS_landlock_add_rule, rules, RULE_NET_PORT, &port, 0) != 0)
            return failed(error, "a port");
    }
    return CUSTODY_OK;
}

static custody_err restrict_files(const struct cty_sandbox_needs *needs, struct cty_sandbox_state *state,
                                  custody_error *error)
{
    unsigned abi = abi_get();
    struct ruleset_attr attr = attr_of(abi);
    if (abi == 0)
        return CUSTODY_OK;
    if (needs->dials)
        attr.net &= NET_BIND_TCP;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (rules < 0)
        return failed(error, "landlock");
    custody_err err = add_rules(rules, &attr, needs, error);
    if (err == CUSTODY_OK && syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        err = failed(error, "landlock");
    close(rules);
    if (err != CUSTODY_OK)
        return err;
    state->files_abi = abi;
    state->ports = attr.net != 0;
    state->scoped = attr.scoped != 0;
    return CUSTODY_OK;
}

custody_err cty_sandbox_files(const struct cty_sandbox_needs *needs, struct cty_sandbox_state *ret_state,
                              custody_error *error)
{
    static const struct rlimit none = {0, 0};
    *ret_state = (struct cty_sandbox_state){.calls = false};
    /* Without it neither Landlock nor the filter may be set by who is not root. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failed(error, "no new privileges");
    /* A dump has the keys in it, and so has the memory that a debugger reads. */
    ret_state->undumpable = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0;
    return restrict_files(needs, ret_state, error);
}

bool cty_sandbox_is_built(void)
{
    return CTY_SANDBOX_BUILT;
}

bool cty_sandbox_is_enough(const struct cty_sandbox_state *state)
{
    return state->calls && state->files_abi > 0 && state->undumpable;
}

void cty_sandbox_words(const struct cty_sandbox_state *state, char ret_words[CTY_SANDBOX_WORDS_SIZE])
{
    const struct {
        bool there;
        const char *name;
    } parts[] = {
        {state->calls, "system calls (seccomp)"}, {state->files_abi > 0, "files (Landlock)"},
        {state->ports, "TCP (Landlock 4)"},       {state->scoped, "signals (Landlock 6)"},
        {state->undumpable, "no dumps"},
    };
    const char *between = "missing: ";
    size_t used = 0;
    snprintf(ret_words, CTY_SANDBOX_WORDS_SIZE, "complete");
    for (size_t i = 0; i < CTY_COUNT_OF(parts); i++) {
        if (parts[i].there)
            continue;
        used += (size_t)snprintf(ret_words + used, CTY_SANDBOX_WORDS_SIZE - used, "%s%s", between, parts[i].name);
        between = ", ";
        CTY_CHECK(used < CTY_SANDBOX_WORDS_SIZE);
    }
}
