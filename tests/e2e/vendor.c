/* SPDX-License-Identifier: Apache-2.0 */
#include "vendor.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "codec/json.h"
#include "drafts.h"

/* ---- orders ---- */

static void say(struct vendor *v, const char *word, struct cty_bytes rest)
{
    struct cty_buf out = CTY_BUF_INIT(ORDER_BYTES_MAX);
    must(cty_buf_putf(&out, "%s ", word));
    must(cty_buf_put_bytes(&out, rest));
    must_be(send(v->orders, out.data, out.size, MSG_NOSIGNAL) == (ssize_t)out.size);
    cty_buf_done(&out);
}

/* The operator is gone, and so are we. */
static struct cty_bytes hear(struct vendor *v, char *memory, const char *word)
{
    ssize_t size = recv(v->orders, memory, ORDER_BYTES_MAX, 0);
    if (size <= 0)
        _exit(1);
    size_t length = strlen(word);
    if ((size_t)size < length + 1 || memcmp(memory, word, length) != 0)
        house_fail(__FILE__, __LINE__, word, CUSTODY_E_INTERNAL, "another order came");
    memory[size] = 0;
    return cty_bytes_make(memory + length + 1, (size_t)size - length - 1);
}

/* ---- before there is a ledger ---- */

static void start_spawner(struct vendor *v)
{
    int pair[2];
    must_be(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    pid_t pid = fork();
    must_be(pid >= 0);
    if (pid == 0) {
        close(pair[0]);
        close(v->orders);
        spawner_main(pair[1]);
    }
    close(pair[1]);
    v->spawner = pair[0];
}

static void put_vkey(const struct cty_secret *secret, struct cty_buf *out)
{
    must(cty_vkey_format(cty_secret_name(secret), CTY_KEY_ED25519, cty_secret_key(secret), out));
}

static void make_admins(struct vendor *v)
{
    char name[64], path[192];
    struct cty_buf lines = CTY_BUF_INIT(4 * CTY_VKEY_BYTES_MAX);
    static const char *const parts[2] = {"a", "b"};
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof(name), "%s/%s", v->party, parts[i]);
        v->admins[i] = office_key(v, name, parts[i], path, sizeof(path));
        put_vkey(v->admins[i], &lines);
        must(cty_buf_put_text(&lines, i ? "" : "\n"));
    }
    say(v, "admins", cty_buf_bytes(&lines));
    cty_buf_done(&lines);
}

/* ---- the trust file ---- */

static void put_pins(struct vendor *v, struct cty_jw *jw)
{
    struct cty_buf vkey = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    cty_jw_name(jw, "admins");
    cty_jw_object(jw);
    cty_jw_name_bytes(jw, cty_bytes_text(v->party));
    cty_jw_array(jw);
    for (int i = 0; i < 2; i++) {
        cty_buf_clear(&vkey);
        put_vkey(v->admins[i], &vkey);
        cty_jw_string(jw, cty_buf_bytes(&vkey));
    }
    cty_jw_array_end(jw);
    cty_jw_object_end(jw);
    cty_buf_done(&vkey);
}

static void put_door(struct vendor *v, struct cty_jw *jw)
{
    cty_jw_name(jw, "doors");
    cty_jw_object(jw);
    cty_jw_name_bytes(jw, cty_bytes_text(v->url));
    cty_jw_object(jw);
    cty_jw_name(jw, "certificate");
    cty_jw_text(jw, v->certificate);
    cty_jw_object_end(jw);
    cty_jw_object_end(jw);
}

static void write_file(const struct vendor *v, const char *name, struct cty_bytes text)
{
    char path[192];
    snprintf(path, sizeof(path), "%s/%s", v->folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    must_be(fd >= 0 && write(fd, text.data, text.size) == (ssize_t)text.size);
    must_be(close(fd) == 0);
}

/* The log key, the door, our own admins: nobody else's word. */
static void make_trust(struct vendor *v)
{
    char policy[CTY_VKEY_BYTES_MAX + 64];
    struct cty_jw jw;
    struct cty_buf out = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    snprintf(policy, sizeof(policy), "log %s\nquorum none\n", v->log_vkey);
    cty_jw_begin(&jw, &out);
    cty_jw_object(&jw);
    put_pins(v, &jw);
    cty_jw_name(&jw, "custody_trust");
    cty_jw_u64(&jw, 1);
    put_door(v, &jw);
    cty_jw_name(&jw, "policy");
    cty_jw_text(&jw, policy);
    cty_jw_object_end(&jw);
    must(cty_jw_end(&jw));
    write_file(v, "trust.json", cty_buf_bytes(&out));
    must(cty_trust_parse(cty_buf_bytes(&out), &v->trust, &house_error));
    cty_buf_done(&out);
}

/* "<door> <log key>\n<certificate>" */
static void take_ledger(struct vendor *v, struct cty_bytes text)
{
    const uint8_t *space = memchr(text.data, ' ', text.size);
    const uint8_t *line = memchr(text.data, '\n', text.size);
    must_be(space && line && space < line);
    snprintf(v->url, sizeof(v->url), "%.*s", (int)(space - text.data), (const char *)text.data);
    v->log_vkey = cty_bytes_dup_text(cty_bytes_make(space + 1, (size_t)(line - space - 1)));
    v->certificate = cty_bytes_dup_text(cty_bytes_make(line + 1, text.size - (size_t)(line + 1 - text.data)));
    make_trust(v);
}

/* The operator's draft of our enrolment; the other signatures are not ours to see. */
static void sign_enrolment(struct vendor *v, struct cty_bytes body)
{
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    const struct cty_secret *secrets[2] = {v->admins[0], v->admins[1]};
    must(cty_envelope_sign(cty_bytes_text(cty_type_payload_type(CTY_PARTY_ENROL)), body, secrets, 2, &envelope));
    say(v, "signed", cty_buf_bytes(&envelope));
    cty_buf_done(&envelope);
}

/* ---- who works here ---- */

static void make_worker(struct vendor *v, struct worker *worker, unsigned number, const char *what,
                        enum cty_actor_kind kind, const char *role)
{
    char file[64];
    *worker = (struct worker){.vendor = v, .number = number};
    snprintf(worker->name, sizeof(worker->name), "%s/%s-%u", v->party, what, number);
    snprintf(file, sizeof(file), "%s-%u.key", what, number);
    worker->secret = office_key(v, worker->name, file, worker->key_path, sizeof(worker->key_path));
    worker->draft = draft_new();
    office_enrol(v, worker->secret, kind, role);
    worker->client = office_client(v, worker->secret);
}

static void make_workers(struct vendor *v)
{
    char policy[512];
    office_open(v);
    for (unsigned i = 0; i < VENDOR_AGENTS; i++)
        make_worker(v, &v->workers[i], i, "agent", CTY_AGENT, NULL);
    for (unsigned i = 0; i <= VENDOR_PERSONS; i++)
        make_worker(v, &v->workers[VENDOR_AGENTS + i], i, "person", CTY_PERSON,
                    i == VENDOR_PERSONS ? "boss" : "approver");
    plays_vendor_policy(v->party, policy, sizeof(policy));
    office_publish(v, policy);
    say(v, "enrolled", CTY_LITERAL("-"));
}

static void tell_progress(struct vendor *v, unsigned *told)
{
    char text[16];
    unsigned finished = atomic_load(&v->finished);
    if (finished == *told)
        return;
    *told = finished;
    snprintf(text, sizeof(text), "%u", finished);
    say(v, "at", cty_bytes_text(text));
}

/* Until the operator says that all have come to their end. */
static void work(struct vendor *v, struct cty_bytes cases)
{
    uint64_t count = 0;
    unsigned told = 0;
    struct pollfd order = {.fd = v->orders, .events = POLLIN};
    must(cty_u64_parse(cases, 1000000, &count));
    v->cases = (unsigned)count;
    for (unsigned i = 0; i < VENDOR_WORKERS; i++)
        must_be(pthread_create(&v->workers[i].thread, NULL, i < VENDOR_AGENTS ? vendor_agent : vendor_person,
                               &v->workers[i]) == 0);
    while (poll(&order, 1, 100) == 0)
        tell_progress(v, &told);
    atomic_store(&v->rest, true);
    for (unsigned i = 0; i < VENDOR_WORKERS; i++)
        pthread_join(v->workers[i].thread, NULL);
}

/* ---- afterwards ---- */

/* `custody audit`, as the vendor's people run it. Its exit status. */
static int run_custody_audit(struct vendor *v)
{
    char trust[192], key[192], log[192];
    int status = 0;
    snprintf(trust, sizeof(trust), "%s/trust.json", v->folder);
    snprintf(key, sizeof(key), "%s/b", v->folder);
    snprintf(log, sizeof(log), "%s/audit.txt", v->folder);
    char *argv[] = {(char[]){"custody"}, (char[]){"audit"}, (char[]){"--url"}, v->url, (char[]){"--trust"}, trust,
                    (char[]){"--key"}, key, (char[]){"--state"}, (char[]){"-"}, NULL};
    pid_t pid = fork();
    if (pid == 0) {
        int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        fexecve(v->custody, argv, environ);
        _exit(127);
    }
    must_be(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void audit(struct vendor *v)
{
    char text[16];
    size_t size = 0;
    char *report = vendor_audit(v, &size);
    write_file(v, "report", cty_bytes_make(report, size));
    free(report);
    snprintf(text, sizeof(text), "%d", run_custody_audit(v));
    say(v, "audited", cty_bytes_text(text));
}

static void vendor_done(struct vendor *v)
{
    for (unsigned i = 0; i < VENDOR_WORKERS; i++) {
        draft_free(v->workers[i].draft);
        cty_submitted_done(&v->workers[i].submitted);
        cty_secret_free(v->workers[i].secret);
    }
    cty_client_close(v->door);
    cty_submitted_done(&v->submitted);
    cty_trust_done(&v->trust);
    cty_secret_free(v->admins[0]);
    cty_secret_free(v->admins[1]);
    free(v->log_vkey);
    free(v->certificate);
}

/* Behind the wall, without threads yet. */
static void settle(struct vendor *v, enum walls walls, char *order)
{
    char path[192];
    v->custody = open(house_program("CUSTODY_CUSTODY", "src/cli/custody"), O_RDONLY | O_CLOEXEC);
    must_be(v->custody >= 0);
    walls_enter(walls);
    say(v, "apart", CTY_LITERAL("-"));
    (void)hear(v, order, "wired");
    walls_settle(walls, v->number);
    for (unsigned i = 0; walls == WALLS_NAMESPACES && i < VENDORS; i++)
        must_be(i == v->number || !walls_reach(i));
    snprintf(path, sizeof(path), "%s/acts", v->folder);
    v->acts = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    must_be(v->acts >= 0);
    start_spawner(v);
}

_Noreturn void vendor_main(unsigned number, const char *folder, int orders, enum walls walls)
{
    struct vendor *v = cty_alloc(1, sizeof(*v));
    char *order = malloc(ORDER_BYTES_MAX + 1);
    must_be(v && order);
    v->number = number;
    v->party = vendor_parties[number];
    v->orders = orders;
    snprintf(v->folder, sizeof(v->folder), "%s", folder);
    must_be(pthread_mutex_init(&v->office, NULL) == 0 && pthread_mutex_init(&v->spawning, NULL) == 0);
    must(cty_crypto_init());
    settle(v, walls, order);
    make_admins(v);
    take_ledger(v, hear(v, order, "ledger"));
    sign_enrolment(v, hear(v, order, "sign"));
    (void)hear(v, order, "enrol");
    make_workers(v);
    work(v, hear(v, order, "go"));
    (void)hear(v, order, "rest");
    say(v, "rested", CTY_LITERAL("-"));
    (void)hear(v, order, "audit");
    audit(v);
    (void)hear(v, order, "end");
    vendor_done(v);
    free(v);
    free(order);
    exit(0);
}
