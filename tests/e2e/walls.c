/* SPDX-License-Identifier: Apache-2.0 */
#include "walls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "house.h"

#define FIRST_USER 61000u

const char *const walls_names[] = {"namespaces", "users", "processes"};

/* `ip` with these words; quiet. */
static bool run_ip(const char *const *words)
{
    const char *argv[16] = {"ip"};
    int count = 1, status = 0;
    while (*words && count < 15)
        argv[count++] = *words++;
    pid_t pid = fork();
    if (pid == 0) {
        int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        execvp("ip", (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}
#define ip(...) run_ip((const char *const[]){__VA_ARGS__, NULL})

struct word {
    char text[32];
};

static struct word numbered(const char *before, unsigned number, const char *behind)
{
    struct word word;
    snprintf(word.text, sizeof(word.text), "%s%u%s", before, number, behind);
    return word;
}

/* In a process that ends, so that nothing of a failure stays. */
static bool has_namespaces(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(unshare(CLONE_NEWNET) == 0 && ip("link", "set", "lo", "up") && ip("link", "add", "w0", "type", "veth", "peer", "name", "w1") ? 0 : 1);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* What CUSTODY_WALLS asks for at most: "users", "processes". */
static enum walls asked(void)
{
    const char *given = getenv("CUSTODY_WALLS");
    for (int i = WALLS_USERS; given && i <= WALLS_PROCESSES; i++) {
        if (strcmp(given, walls_names[i]) == 0)
            return (enum walls)i;
    }
    return WALLS_NAMESPACES;
}

enum walls walls_build(void)
{
    enum walls most = asked();
    if (geteuid() != 0 || most == WALLS_PROCESSES)
        return WALLS_PROCESSES;
    if (most == WALLS_USERS || !has_namespaces() || unshare(CLONE_NEWNET) != 0)
        return WALLS_USERS;
    must_be(ip("link", "set", "lo", "up"));
    return WALLS_NAMESPACES;
}

void walls_enter(enum walls walls)
{
    if (walls == WALLS_NAMESPACES)
        must_be(unshare(CLONE_NEWNET) == 0 && ip("link", "set", "lo", "up"));
}

void walls_wire(enum walls walls, unsigned number, pid_t vendor)
{
    if (walls != WALLS_NAMESPACES)
        return;
    struct word ours = numbered("vendor", number, ""), process = numbered("", (unsigned)vendor, "");
    struct word address = numbered("10.77.", number + 1, ".1/30");
    must_be(ip("link", "add", ours.text, "type", "veth", "peer", "name", "wire", "netns", process.text));
    must_be(ip("addr", "add", address.text, "dev", ours.text));
    must_be(ip("link", "set", ours.text, "up"));
}

/* Becoming another user takes the death signal away, so it is asked for behind it. */
void walls_settle(enum walls walls, unsigned number)
{
    struct word address = numbered("10.77.", number + 1, ".2/30");
    if (walls == WALLS_NAMESPACES)
        must_be(ip("addr", "add", address.text, "dev", "wire") && ip("link", "set", "wire", "up"));
    if (walls != WALLS_PROCESSES) {
        uid_t user = FIRST_USER + number;
        must_be(setgroups(0, NULL) == 0 && setresgid(user, user, user) == 0 && setresuid(user, user, user) == 0);
    }
    must_be(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
}

void walls_folder(enum walls walls, unsigned number, char *out, size_t size)
{
    const char *where = getenv("TMPDIR");
    snprintf(out, size, "%s/custody-vendor-XXXXXX", where ? where : "/tmp");
    must_be(mkdtemp(out) != NULL);
    if (walls != WALLS_PROCESSES)
        must_be(chown(out, FIRST_USER + number, FIRST_USER + number) == 0);
}

void walls_host(enum walls walls, unsigned number, char *out, size_t size)
{
    if (walls == WALLS_NAMESPACES)
        snprintf(out, size, "10.77.%u.1", number + 1);
    else
        snprintf(out, size, "127.0.0.1");
}

bool walls_reach(unsigned other)
{
    char text[32];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7443)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(text, sizeof(text), "10.77.%u.2", other + 1);
    must_be(fd >= 0 && inet_pton(AF_INET, text, &address.sin_addr) == 1);
    int result = connect(fd, (struct sockaddr *)&address, sizeof(address));
    bool no_way = result != 0 && errno == ENETUNREACH;
    close(fd);
    return !no_way;
}
