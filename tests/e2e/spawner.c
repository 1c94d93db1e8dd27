/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that die behind their consume. Who makes them was forked before its vendor had threads, and has none: so
 * each is a whole process with a connection of its own, which ends with no word to anybody.
 */
#include "vendor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "client/agent.h"

static void read_file(const char *folder, const char *name, struct cty_buf *out)
{
    char path[192];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must_be(fd >= 0);
    must(cty_buf_reserve(out, 64 * 1024));
    ssize_t size = read(fd, out->data, 64 * 1024);
    must_be(size > 0 && close(fd) == 0);
    out->size = (size_t)size;
}

/* Consumes, acts or not, and is gone. */
static void consume_and_die(const struct doomed *doomed)
{
    char acts_path[192];
    struct cty_trust trust = {0};
    struct cty_secret *secret = NULL;
    struct cty_client *client = NULL;
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    read_file(doomed->folder, "trust.json", &text);
    must(cty_trust_parse(cty_buf_bytes(&text), &trust, &house_error));
    must(cty_secret_load(doomed->key_path, cty_bytes_make(NULL, 0), &secret, &house_error));
    const struct cty_client_config config = {.url = doomed->url, .trust = &trust, .secret = secret,
                                             .patience_ms = HOUSE_PATIENCE_MS};
    must(cty_client_open(&config, &client, &house_error));
    must(cty_agent_consume(client, &doomed->case_id, &judgement, &payload, NULL, &house_error));
    snprintf(acts_path, sizeof(acts_path), "%s/acts", doomed->folder);
    int acts = open(acts_path, O_WRONLY | O_APPEND | O_CLOEXEC);
    must_be(acts >= 0);
    if (doomed->acts)
        vendor_acted(acts, &doomed->case_id, &judgement->record.consume.hash, cty_secret_name(secret));
    kill(getpid(), SIGKILL);
}

static char run(const struct doomed *doomed)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        consume_and_die(doomed);
        _exit(1);
    }
    must_be(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 'k' : 'n';
}

_Noreturn void spawner_main(int orders)
{
    struct doomed doomed;
    while (recv(orders, &doomed, sizeof(doomed), 0) == (ssize_t)sizeof(doomed)) {
        char answer = run(&doomed);
        must_be(send(orders, &answer, 1, 0) == 1);
    }
    _exit(0);
}

bool spawner_run(struct vendor *v, const struct doomed *doomed)
{
    char answer = 0;
    pthread_mutex_lock(&v->spawning);
    must_be(send(v->spawner, doomed, sizeof(*doomed), 0) == (ssize_t)sizeof(*doomed));
    must_be(recv(v->spawner, &answer, 1, 0) == 1);
    pthread_mutex_unlock(&v->spawning);
    return answer == 'k';
}
