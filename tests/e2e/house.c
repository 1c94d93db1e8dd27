/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "codec/json.h"

#define UNTIL_MS ((uint64_t)24 * 60 * 60 * 1000) /* a long walk makes ledgers of it to its end */

_Thread_local custody_error house_error;
static struct house *standing; /* for house_fail, which is called from any depth */
static struct {
    pid_t owner; /* a child of a fork leaves alone what is not its own */
    char folder[96];
} also[8];
static size_t also_count;

/* ---- the end ---- */

static void remove_folder(const char *path)
{
    char name[512];
    DIR *entries = opendir(path);
    for (struct dirent *entry = entries ? readdir(entries) : NULL; entry; entry = readdir(entries)) {
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        unlink(name);
    }
    if (entries)
        closedir(entries);
    rmdir(path);
}

void house_also_remove(const char *folder)
{
    must_be(also_count < CTY_COUNT_OF(also));
    also[also_count].owner = getpid();
    snprintf(also[also_count++].folder, sizeof(also[0].folder), "%s", folder);
}

static void remove_others(void)
{
    for (size_t i = 0; i < also_count; i++) {
        if (also[i].owner == getpid())
            remove_folder(also[i].folder);
    }
}

void house_fail(const char *file, int line, const char *what, custody_err err, const char *detail)
{
    fflush(stdout);
    fprintf(stderr, "%s:%d: %s: %s (%s)\n", file, line, what, custody_err_name(err), detail);
    if (standing) {
        child_show_log(&standing->custodyd);
        if (standing->custodyd.pid > 0)
            kill(standing->custodyd.pid, SIGKILL);
        remove_folder(standing->folder);
    }
    remove_others();
    fflush(NULL);
    _exit(1);
}

void house_well(struct house *h)
{
    h->well = true;
}

/* A custodian that a sanitizer has found fault with passes no test, whatever it answered. */
static void check_log(const struct house *h)
{
    static const char *const findings[] = {"ThreadSanitizer", "AddressSanitizer", "LeakSanitizer", "runtime error:",
                                           "check failed"};
    for (size_t i = 0; i < CTY_COUNT_OF(findings); i++) {
        if (child_said(&h->custodyd, findings[i]))
            house_fail(__FILE__, __LINE__, findings[i], CUSTODY_E_INTERNAL, "said by custodyd");
    }
}

void house_free(struct house *h)
{
    if (!h)
        return;
    if (!h->well)
        child_show_log(&h->custodyd);
    cty_client_close(h->door);
    if (h->custodyd.pid)
        house_stop(h);
    check_log(h);
    for (size_t i = 0; i < h->actors_count; i++) {
        cty_secret_free(h->actors[i].secret);
        free(h->actors[i].name);
        free(h->actors[i].vkey);
    }
    cty_trust_done(&h->trust);
    cty_secret_free(h->log);
    cty_secret_free(h->clerk);
    free(h->log_vkey);
    free(h->clerk_vkey);
    free(h->certificate);
    remove_folder(h->folder);
    standing = NULL;
    free(h);
}

/* ---- custodyd ---- */

const char *house_program(const char *variable, const char *program)
{
    static char path[1200], own[1024];
    const char *given = getenv(variable);
    if (given)
        return given;
    ssize_t size = readlink("/proc/self/exe", own, sizeof(own) - 1);
    own[size < 0 ? 0 : size] = 0;
    for (int up = 0; up < 3; up++) {
        char *slash = strrchr(own, '/');
        if (slash)
            *slash = 0;
    }
    snprintf(path, sizeof(path), "%s/%s", own, program);
    return path;
}

void house_arguments(const struct house *h, const char *const *more, const char *argv[24])
{
    static char config[128];
    size_t count = 0;
    snprintf(config, sizeof(config), "%s/custodyd.json", h->folder);
    argv[count++] = house_program("CUSTODY_CUSTODYD", "src/daemon/custodyd");
    argv[count++] = "--config";
    argv[count++] = config;
    while (more && *more && count < 23)
        argv[count++] = *more++;
    argv[count] = NULL;
}

void house_start(struct house *h)
{
    const char *argv[24];
    house_arguments(h, h->more, argv);
    must_be(child_start(&h->custodyd, argv));
    if (!child_says(&h->custodyd, " event=ready ", HOUSE_PATIENCE_MS))
        house_fail(__FILE__, __LINE__, "custodyd did not become ready", CUSTODY_E_TIMEOUT, argv[0]);
}

void house_stop(struct house *h)
{
    int status = child_end(&h->custodyd, SIGTERM, HOUSE_PATIENCE_MS);
    if (status != 0)
        house_fail(__FILE__, __LINE__, "custodyd did not end well", CUSTODY_E_INTERNAL, "see its log");
}

void house_kill(struct house *h)
{
    int status = child_end(&h->custodyd, SIGKILL, HOUSE_PATIENCE_MS);
    must_be(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- files ---- */

static void write_file(const struct house *h, const char *name, struct cty_bytes text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", h->folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must_be(fd >= 0 && write(fd, text.data, text.size) == (ssize_t)text.size);
    must_be(close(fd) == 0);
}

static void put_count(struct cty_jw *jw, const char *name, unsigned count)
{
    if (!count)
        return;
    cty_jw_name(jw, name);
    cty_jw_u64(jw, count);
}

static void put_text(struct cty_jw *jw, const char *name, const char *text)
{
    cty_jw_name(jw, name);
    cty_jw_text(jw, text);
}

static void write_config(const struct house *h, const struct house_config *config)
{
    struct cty_buf out = CTY_BUF_INIT(4096);
    struct cty_jw jw;
    cty_jw_begin(&jw, &out);
    cty_jw_object(&jw);
    put_count(&jw, "calls", config->calls);
    put_text(&jw, "clerk_key", "clerk.key");
    put_count(&jw, "connections", config->connections);
    put_text(&jw, "ledger", "ledger.db");
    cty_jw_name(&jw, "listen");
    cty_jw_array(&jw);
    cty_jw_text(&jw, h->url);
    for (size_t i = 0; i < HOUSE_DOORS_MAX && config->doors[i]; i++)
        cty_jw_text(&jw, config->doors[i]);
    cty_jw_array_end(&jw);
    put_text(&jw, "log_key", "log.key");
    put_text(&jw, "origin", HOUSE_ORIGIN);
    put_count(&jw, "queue", config->queue);
    if (h->certificate) {
        put_text(&jw, "tls_certificate", "door.pem");
        put_text(&jw, "tls_key", "door-tls.key");
    }
    put_count(&jw, "workers", config->workers);
    cty_jw_object_end(&jw);
    must(cty_jw_end(&jw));
    write_file(h, "custodyd.json", cty_buf_bytes(&out));
    cty_buf_done(&out);
}

/* ---- the doors' certificate ---- */

static char *read_text(const char *path)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    char part[4096];
    ssize_t size;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must_be(fd >= 0);
    while ((size = read(fd, part, sizeof(part))) > 0)
        must(cty_buf_put(&text, part, (size_t)size));
    must_be(size == 0 && close(fd) == 0);
    char *copy = cty_bytes_dup_text(cty_buf_bytes(&text));
    must_be(copy != NULL);
    cty_buf_done(&text);
    return copy;
}

/* By `custody cert`, as an operator makes it. */
static void make_certificate(struct house *h, const struct house_config *config)
{
    char certificate[128], key[128];
    const char *argv[24] = {house_program("CUSTODY_CUSTODY", "src/cli/custody"), "cert", "--out-cert", certificate,
                            "--out-key", key};
    size_t count = 6;
    snprintf(certificate, sizeof(certificate), "%s/door.pem", h->folder);
    snprintf(key, sizeof(key), "%s/door-tls.key", h->folder);
    for (size_t i = 0; i < HOUSE_DOORS_MAX && config->hosts[i]; i++) {
        argv[count++] = "--host";
        argv[count++] = config->hosts[i];
    }
    if (child_run(&h->custodyd, argv, HOUSE_PATIENCE_MS) != 0)
        house_fail(__FILE__, __LINE__, "custody cert", CUSTODY_E_INTERNAL, argv[0]);
    h->certificate = read_text(certificate);
}

/* ---- keys ---- */

static char *format_vkey(const struct cty_secret *secret)
{
    struct cty_buf out = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    must(cty_vkey_format(cty_secret_name(secret), CTY_KEY_ED25519, cty_secret_key(secret), &out));
    char *text = cty_bytes_dup_text(cty_buf_bytes(&out));
    must_be(text != NULL);
    cty_buf_done(&out);
    return text;
}

static struct cty_secret *make_key(const struct house *h, const char *name, const char *file)
{
    char path[256];
    struct cty_secret *secret = NULL;
    must(cty_secret_new(cty_bytes_text(name), &secret));
    snprintf(path, sizeof(path), "%s/%s.key", h->folder, file);
    for (char *at = path + strlen(h->folder) + 1; *at; at++) {
        if (*at == '/')
            *at = '-';
    }
    must(cty_secret_save(secret, path, cty_bytes_make(NULL, 0), &house_error));
    return secret;
}

static struct house_actor *find_actor(struct house *h, const char *name)
{
    for (size_t i = 0; i < h->actors_count; i++) {
        if (strcmp(h->actors[i].name, name) == 0)
            return &h->actors[i];
    }
    must_be(h->actors_count < HOUSE_ACTORS_MAX);
    struct house_actor *actor = &h->actors[h->actors_count];
    actor->name = cty_bytes_dup_text(cty_bytes_text(name));
    must_be(actor->name != NULL);
    actor->secret = make_key(h, name, name);
    actor->vkey = format_vkey(actor->secret);
    h->actors_count++;
    return actor;
}

const struct cty_secret *house_secret(struct house *h, const char *name)
{
    return find_actor(h, name)->secret;
}

struct cty_bytes house_vkey(struct house *h, const char *name)
{
    return cty_bytes_text(find_actor(h, name)->vkey);
}

/* ---- entry 0 ---- */

static void fill_founder(struct house *h, struct cty_enrolment *founder, const char *name)
{
    founder->actor = cty_secret_name(house_secret(h, name));
    founder->key = house_vkey(h, name);
    founder->kind = CTY_PERSON;
    founder->person.present = true;
    cty_random(founder->person.bits, sizeof(founder->person.bits));
    founder->roles.names[founder->roles.count++] = CTY_LITERAL("admin");
    founder->roles.names[founder->roles.count++] = CTY_LITERAL("approver");
}

static void fill_opening(struct house *h, struct cty_statement *st, const struct house_config *config)
{
    const char *policy = config->policy ? config->policy : HOUSE_POLICY;
    struct cty_ledger_open *open = &st->u.ledger_open;
    st->type = CTY_LEDGER_OPEN;
    st->ledger = CTY_LITERAL(HOUSE_ORIGIN);
    cty_random(st->id, sizeof(st->id));
    st->seen.root = cty_tree_empty_root();
    st->time = wall_ms();
    st->until = st->time + UNTIL_MS;
    st->signers[0] = CTY_LITERAL("log");
    st->signers[1] = CTY_LITERAL("clerk");
    st->signers[2] = cty_secret_name(house_secret(h, "operator/ada"));
    st->signers[3] = cty_secret_name(house_secret(h, "operator/otto"));
    st->signers_count = 4;
    open->log_key = cty_bytes_text(h->log_vkey);
    open->clerk_key = cty_bytes_text(h->clerk_vkey);
    open->party = CTY_LITERAL("operator");
    open->policy = cty_bytes_text(policy);
    open->readers = config->readers;
    open->admins_count = 2;
    fill_founder(h, &open->admins[0], "operator/ada");
    fill_founder(h, &open->admins[1], "operator/otto");
}

/* The file of `custodyd --init`: parameters of `submit`. */
static void write_opening(struct house *h, const struct house_config *config)
{
    struct cty_statement *st = cty_alloc(1, sizeof(*st));
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_buf out = CTY_BUF_INIT(2 * CTY_ENVELOPE_BYTES_MAX);
    struct cty_jw jw;
    must_be(st != NULL);
    fill_opening(h, st, config);
    const struct cty_secret *secrets[] = {h->log, h->clerk, house_secret(h, "operator/ada"),
                                          house_secret(h, "operator/otto")};
    must(cty_statement_sign(st, secrets, 4, &envelope, NULL));
    cty_jw_begin(&jw, &out);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "envelope");
    cty_jw_string(&jw, cty_buf_bytes(&envelope));
    cty_jw_object_end(&jw);
    must(cty_jw_end(&jw));
    write_file(h, "open.json", cty_buf_bytes(&out));
    cty_buf_done(&envelope);
    cty_buf_done(&out);
    free(st);
}

static void init_ledger(struct house *h)
{
    char path[128];
    const char *argv[24];
    snprintf(path, sizeof(path), "%s/open.json", h->folder);
    const char *const more[] = {"--init", path, NULL};
    house_arguments(h, more, argv);
    if (child_run(&h->custodyd, argv, HOUSE_PATIENCE_MS) != 0)
        house_fail(__FILE__, __LINE__, "custodyd --init", CUSTODY_E_INTERNAL, argv[0]);
}

/* The log's key and the founding admins. */
static void read_trust(struct house *h)
{
    struct cty_buf out = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    must(cty_buf_putf(&out, "{\"custody_trust\":1,\"policy\":\"log %s\\nquorum none\\n\",\"admins\":{\"operator\":[\"%s\",\"%s\"]}}",
                      h->log_vkey, find_actor(h, "operator/ada")->vkey, find_actor(h, "operator/otto")->vkey));
    write_file(h, "trust.json", cty_buf_bytes(&out));
    must(cty_trust_parse(cty_buf_bytes(&out), &h->trust, &house_error));
    cty_buf_done(&out);
}

struct house *house_new(const struct house_config *config)
{
    static const struct house_config plain;
    struct house *h = cty_alloc(1, sizeof(*h));
    config = config ? config : &plain;
    must_be(h != NULL && standing == NULL);
    must(cty_crypto_init());
    const char *where = getenv("TMPDIR");
    /* The path of a socket has little room. */
    must_be(!where || strlen(where) < sizeof(h->folder) - 24);
    snprintf(h->folder, sizeof(h->folder), "%s/custody-e2e-XXXXXX", where ? where : "/tmp");
    must_be(mkdtemp(h->folder) != NULL);
    standing = h;
    snprintf(h->url, sizeof(h->url), "ipc://%s/door", h->folder);
    snprintf(h->database, sizeof(h->database), "%s/ledger.db", h->folder);
    snprintf(h->custodyd.log, sizeof(h->custodyd.log), "%s/custodyd.log", h->folder);
    h->log = make_key(h, HOUSE_ORIGIN, "log");
    h->clerk = make_key(h, HOUSE_ORIGIN "/clerk", "clerk");
    h->log_vkey = format_vkey(h->log);
    h->clerk_vkey = format_vkey(h->clerk);
    if (config->doors[0])
        make_certificate(h, config);
    write_config(h, config);
    write_opening(h, config);
    h->more = config->more;
    init_ledger(h);
    read_trust(h);
    house_start(h);
    h->door = house_client(h, NULL);
    return h;
}
