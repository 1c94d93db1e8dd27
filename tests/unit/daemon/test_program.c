/* SPDX-License-Identifier: Apache-2.0 */
/* custodyd as a program: flags, exit statuses, the line that says it is ready, signals. CUSTODYD is its path. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/daemon/house.h"

#define SECURE_NOROOT 0 /* of linux/securebits.h: being root gives no rights */

extern char **environ;

struct program {
    pid_t pid;
    int out; /* standard output and error together */
    char text[65536];
    size_t size;
};

static const char *custodyd(void)
{
    const char *path = getenv("CUSTODYD");
    return path ? path : CUSTODYD;
}

/* `in` becomes descriptor 5, where it is not negative. */
static void start(struct program *p, int in, const char *const *args)
{
    char *argv[32] = {(char *)(uintptr_t)custodyd()};
    posix_spawn_file_actions_t actions;
    int ends[2];
    memset(p, 0, sizeof(*p));
    for (size_t i = 0; args[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)args[i];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    if (in >= 0)
        posix_spawn_file_actions_adddup2(&actions, in, 5);
    assert_int_equal(posix_spawn(&p->pid, argv[0], &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    p->out = ends[0];
}

/* Reads until `text` was said, or the end. */
static bool said(struct program *p, const char *text)
{
    while (!strstr(p->text, text)) {
        ssize_t got = read(p->out, p->text + p->size, sizeof(p->text) - 1 - p->size);
        if (got <= 0)
            return false;
        p->size += (size_t)got;
    }
    return true;
}

static int end(struct program *p)
{
    int status = 0;
    said(p, "\n\n\n never said");
    waitpid(p->pid, &status, 0);
    close(p->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(struct program *p, const char *const *args)
{
    start(p, -1, args);
    return end(p);
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A house with key files, closed. */
struct place {
    struct house *h;
    char log[128];
    char clerk[128];
    char file[128];
    char socket[160];
};

/* Of a house that is closed. */
static void place_of(struct place *p, struct house *h, const char *passphrase)
{
    custody_error error = {0};
    struct cty_bytes words = passphrase ? cty_bytes_text(passphrase) : cty_bytes_make(NULL, 0);
    p->h = h;
    snprintf(p->log, sizeof(p->log), "%s/log.key", p->h->folder);
    snprintf(p->clerk, sizeof(p->clerk), "%s/clerk.key", p->h->folder);
    snprintf(p->file, sizeof(p->file), "%s/file", p->h->folder);
    snprintf(p->socket, sizeof(p->socket), "ipc://%s/custodyd.sock", p->h->folder);
    assert_ok(cty_secret_save(p->h->log, p->log, words, &error));
    assert_ok(cty_secret_save(p->h->clerk, p->clerk, cty_bytes_make(NULL, 0), &error));
}

static void place_new(struct place *p, bool development, const char *passphrase)
{
    place_of(p, house_new(development), passphrase);
}

static void place_free(struct place *p)
{
    unlink(p->log);
    unlink(p->clerk);
    house_free(p->h);
}

static void write_file(const char *path, struct cty_bytes text)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.data, text.size), (ssize_t)text.size);
    close(fd);
}

static char *ask(const struct place *p, const char *message)
{
    struct cty_net_client *client = NULL;
    struct cty_net_client_config config = {.url = p->socket, .connect_ms = 2000};
    struct cty_buf reply = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    custody_error error = {0};
    assert_ok(cty_net_client_open(&config, &client, &error));
    custody_err err = cty_net_client_call(client, cty_bytes_text(message), 10000, &reply, &error);
    char *text = err == CUSTODY_OK ? cty_bytes_dup_text(cty_buf_bytes(&reply)) : NULL;
    cty_buf_done(&reply);
    cty_net_client_close(client);
    return text;
}

#define INFO "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\"}"

static void it_says_when_it_is_ready_and_ends_on_a_signal(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT};
    struct place place;
    struct program p;
    char door[256];
    (void)state;
    place_new(&place, false, NULL);
    for (size_t i = 0; i < CTY_COUNT_OF(signals); i++) {
        start(&p, -1, ARGS("--ledger", place.h->path, "--log-key", place.log, "--clerk-key", place.clerk));
        assert_true(said(&p, "event=ready"));
        snprintf(door, sizeof(door), "event=ready door=%s size=1\n", place.socket);
        assert_true(said(&p, door));
        char *info = ask(&place, INFO);
        assert_non_null(info);
        assert_non_null(strstr(info, "\"state\":\"serving\""));
        free(info);
        kill(p.pid, signals[i]);
        assert_int_equal(end(&p), 0);
        assert_non_null(strstr(p.text, "event=stopped"));
    }
    place_free(&place);
}

/* A line of /proc/PID/status, as a number; 0 where it is not there. */
static unsigned long status_line(pid_t pid, const char *name)
{
    char path[64], line[256];
    unsigned long value = 0;
    snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtoul(line + strlen(name) + 1, NULL, 10);
    }
    fclose(file);
    return value;
}

static void what_it_gave_up_is_gone(void **state)
{
    static const char *const modes[] = {"on", "require", "off"};
    struct place place;
    struct program p;
    (void)state;
    if (!cty_sandbox_is_built())
        skip();
    place_new(&place, false, NULL);
    for (size_t i = 0; i < CTY_COUNT_OF(modes); i++) {
        bool confined = strcmp(modes[i], "off") != 0;
        start(&p, -1, ARGS("--ledger", place.h->path, "--log-key", place.log, "--clerk-key", place.clerk, "--sandbox",
                           modes[i], "--metrics", "http://127.0.0.1:0"));
        assert_true(said(&p, "event=ready"));
        assert_true(said(&p, confined ? "event=sandbox seccomp=on landlock=" : "event=sandbox seccomp=off landlock=0"));
        assert_true(said(&p, "event=metrics door=http://127.0.0.1:"));
        assert_int_equal(status_line(p.pid, "Seccomp:"), confined ? 2 : 0);
        assert_int_equal(status_line(p.pid, "NoNewPrivs:"), confined ? 1 : 0);
        assert_int_equal(sched_getscheduler(p.pid), SCHED_BATCH);
        assert_true(status_line(p.pid, "VmLck:") >= 8);
        char *info = ask(&place, INFO);
        assert_non_null(info);
        free(info);
        kill(p.pid, SIGTERM);
        assert_int_equal(end(&p), 0);
    }
    assert_int_equal(run(&p, ARGS("--ledger", place.h->path, "--log-key", place.log, "--clerk-key", place.clerk,
                                  "--sandbox", "perhaps")), 4);
    assert_non_null(strstr(p.text, "perhaps is none of on, off, require"));
    place_free(&place);
}

/* From here on programs that this one starts may lock nothing, root's neither. */
static void forbid_locks(bool forbid)
{
    static struct rlimit before;
    struct rlimit none;
    if (forbid)
        assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_MEMLOCK, forbid ? &none : &before), 0);
    if (geteuid() == 0)
        assert_int_equal(prctl(PR_SET_SECUREBITS, forbid ? 1 << SECURE_NOROOT : 0, 0, 0, 0), 0);
}

static void keys_that_are_not_locked_are_told(void **state)
{
    struct place place;
    struct program p;
    (void)state;
    if (!cty_sandbox_is_built())
        skip(); /* with a sanitizer, whose mlock locks nothing and says that it did */
    place_new(&place, false, NULL);
    forbid_locks(true);
    start(&p, -1, ARGS("--ledger", place.h->path, "--log-key", place.log, "--clerk-key", place.clerk));
    assert_true(said(&p, "event=ready"));
    assert_non_null(strstr(p.text, "level=warning event=memory detail=\"a key could not be locked in memory"));
    kill(p.pid, SIGTERM);
    assert_int_equal(end(&p), 0);
    int status = run(&p, ARGS("--ledger", place.h->path, "--log-key", place.log, "--clerk-key", place.clerk, "--sandbox",
                              "require"));
    forbid_locks(false);
    assert_int_equal(status, 4);
    assert_non_null(strstr(p.text, "the sandbox is required, and a key could not be locked"));
    place_free(&place);
}

static void killed_it_starts_again(void **state)
{
    struct place place;
    struct program p;
    (void)state;
    place_new(&place, false, NULL);
    for (int i = 0; i < 3; i++) {
        start(&p, -1, ARGS("--ledger", place.h->path, "--log-key", place.log, "--clerk-key", place.clerk));
        assert_true(said(&p, "event=ready"));
        char *info = ask(&place, INFO);
        assert_non_null(info);
        free(info);
        kill(p.pid, SIGKILL);
        assert_int_equal(end(&p), 128 + SIGKILL);
    }
    place_free(&place);
}

#define STATEMENTS 48

/* Sends the statements one after the other; how many were answered with a receipt, and whether as duplicates. */
static size_t send_all(const struct place *place, char *const messages[STATEMENTS], const struct program *kill_at,
                       size_t kill_after, bool duplicates[STATEMENTS])
{
    size_t answered = 0;
    for (; answered < STATEMENTS; answered++) {
        struct cty_net_client *client = NULL;
        struct cty_net_client_config config = {.url = place->socket, .connect_ms = kill_at ? 0 : 2000};
        struct cty_buf reply = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
        custody_error error = {0};
        if (kill_at && answered == kill_after)
            kill(kill_at->pid, SIGKILL);
        assert_ok(cty_net_client_open(&config, &client, &error));
        custody_err err = cty_net_client_call(client, cty_bytes_text(messages[answered]), 10000, &reply, &error);
        if (err == CUSTODY_OK) {
            assert_non_null(strstr(cty_buf_text(&reply), "\"receipt\""));
            duplicates[answered] = strstr(cty_buf_text(&reply), "\"duplicate\":true") != NULL;
        }
        cty_buf_done(&reply);
        cty_net_client_close(client);
        if (err != CUSTODY_OK)
            break;
    }
    return answered;
}

/* A receipt outlives the process that gave it: what was answered is there, the rest may be sent again. */
static void no_receipt_is_lost_with_the_process(void **state)
{
    struct house *h = house_ready();
    struct place place;
    struct program p;
    char *messages[STATEMENTS];
    bool duplicates[STATEMENTS] = {false};
    (void)state;
    for (size_t i = 0; i < STATEMENTS; i++) {
        struct draft d;
        struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX), text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
        house_request(h, &d, "acme/bot", "refund", "{}");
        draft_params(h, &d, &params);
        assert_ok(cty_buf_putf(&text, "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":%s}",
                               cty_buf_text(&params)));
        messages[i] = cty_bytes_dup_text(cty_buf_bytes(&text));
        cty_buf_done(&params);
        cty_buf_done(&text);
        draft_done(&d);
    }
    uint64_t size = house_size(h);
    house_close(h);
    place_of(&place, h, NULL);
    for (size_t kills = 0; kills < 4; kills++) {
        start(&p, -1, ARGS("--ledger", h->path, "--log-key", place.log, "--clerk-key", place.clerk));
        assert_true(said(&p, "event=ready"));
        size_t answered = send_all(&place, messages, &p, 10 * (kills + 1), duplicates);
        assert_true(answered >= 10 * (kills + 1) - 1 && answered < STATEMENTS);
        assert_int_equal(end(&p), 128 + SIGKILL);
        /* What an earlier process answered is known to this one. */
        for (size_t i = 0; i < 10 * kills; i++)
            assert_true(duplicates[i]);
    }
    start(&p, -1, ARGS("--ledger", h->path, "--log-key", place.log, "--clerk-key", place.clerk));
    assert_true(said(&p, "event=ready"));
    assert_int_equal(send_all(&place, messages, NULL, 0, duplicates), STATEMENTS);
    kill(p.pid, SIGTERM);
    assert_int_equal(end(&p), 0);
    house_open(h);
    assert_int_equal(house_size(h), size + 2 * STATEMENTS);
    for (size_t i = 0; i < STATEMENTS; i++)
        free(messages[i]);
    place_free(&place);
}

/* A rotation of the log key to the house's next one, as a message. The house is closed afterwards. */
static char *make_rotation(struct house *h)
{
    static const char *const signers[] = {"operator/ada", "operator/otto", "new", NULL};
    struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX), text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    struct draft d;
    h->fresh = h->next_log;
    draft_begin(h, &d, CTY_CUSTODIAN_ROTATE, signers);
    d.st.u.custodian_rotate.which = CTY_CUSTODIAN_LOG;
    house_put_vkey(&d, h->next_log, &d.st.u.custodian_rotate.key);
    draft_params(h, &d, &params);
    assert_ok(cty_buf_putf(&text, "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":%s}",
                           cty_buf_text(&params)));
    char *message = cty_bytes_dup_text(cty_buf_bytes(&text));
    cty_buf_done(&params);
    cty_buf_done(&text);
    draft_done(&d);
    house_close(h);
    return message;
}

/* In a while, from beside. */
static pid_t kill_after_us(pid_t pid, unsigned delay_us)
{
    pid_t killer = fork();
    assert_true(killer >= 0);
    if (killer != 0)
        return killer;
    usleep(delay_us);
    kill(pid, SIGKILL);
    _exit(0);
}

/* The rotation with its checkpoint is there or it isn't: with both keys at hand any start goes well. */
static void a_rotation_survives_the_process(void **state)
{
    static const unsigned delays_us[] = {0, 500, 1500, 3000, 6000, 100000};
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(delays_us); i++) {
        struct house *h = house_ready();
        struct place place;
        struct program p;
        char next[128], wanted[256];
        custody_error error = {0};
        h->next_log = house_make_key(HOUSE_ORIGIN, "second log");
        char *message = make_rotation(h);
        place_of(&place, h, NULL);
        snprintf(next, sizeof(next), "%s/next.key", h->folder);
        assert_ok(cty_secret_save(h->next_log, next, cty_bytes_make(NULL, 0), &error));
        const char *const *both = ARGS("--ledger", h->path, "--log-key", place.log, "--clerk-key", place.clerk,
                                       "--next-log-key", next);
        start(&p, -1, both);
        assert_true(said(&p, "event=ready"));
        pid_t killer = kill_after_us(p.pid, delays_us[i]);
        free(ask(&place, message));
        assert_int_equal(waitpid(killer, NULL, 0), killer);
        assert_int_equal(end(&p), 128 + SIGKILL);
        start(&p, -1, both);
        assert_true(said(&p, "event=ready"));
        char *answer = ask(&place, message);
        assert_non_null(answer);
        assert_non_null(strstr(answer, "\"receipt\""));
        free(answer);
        kill(p.pid, SIGKILL);
        assert_int_equal(end(&p), 128 + SIGKILL);
        assert_int_equal(run(&p, ARGS("--ledger", h->path, "--log-key", place.log, "--clerk-key", place.clerk)), 4);
        assert_non_null(strstr(p.text, "no log key that was given is the ledger's"));
        assert_int_equal(run(&p, ARGS("--check", "--ledger", h->path, "--log-key", place.log, "--clerk-key",
                                      place.clerk, "--next-log-key", next)), 0);
        snprintf(wanted, sizeof(wanted), "log key in force: %s\n", next);
        assert_non_null(strstr(p.text, wanted));
        /* The operator moves the names. */
        assert_int_equal(rename(next, place.log), 0);
        start(&p, -1, ARGS("--ledger", h->path, "--log-key", place.log, "--clerk-key", place.clerk));
        assert_true(said(&p, "event=ready"));
        char *info = ask(&place, INFO);
        assert_non_null(strstr(info, "\"rotations\":[5]"));
        free(info);
        kill(p.pid, SIGTERM);
        assert_int_equal(end(&p), 0);
        free(message);
        place_free(&place);
    }
}

static void a_ledger_is_made_and_served(void **state)
{
    struct place place;
    struct program p;
    struct draft d;
    struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    (void)state;
    place_new(&place, false, NULL);
    unlink(place.h->path);
    house_genesis(place.h, &d);
    draft_params(place.h, &d, &params);
    draft_done(&d);
    write_file(place.file, cty_buf_bytes(&params));
    const char *const *init = ARGS("--init", place.file, "--ledger", place.h->path, "--log-key", place.log, "--clerk-key",
                                   place.clerk);
    assert_int_equal(run(&p, init), 0);
    assert_non_null(strstr(p.text, "event=created"));
    assert_int_equal(run(&p, init), 1);
    assert_non_null(strstr(p.text, "code=exists"));
    start(&p, -1, ARGS("-l", place.h->path, "--log-key", place.log, "--clerk-key", place.clerk));
    assert_true(said(&p, "size=1\n"));
    kill(p.pid, SIGTERM);
    assert_int_equal(end(&p), 0);
    cty_buf_done(&params);
    place_free(&place);
}

static void a_configuration_is_checked(void **state)
{
    struct place place;
    struct program p;
    char text[512];
    (void)state;
    place_new(&place, false, NULL);
    write_file(place.file, CTY_LITERAL("{\"ledger\":\"ledger.db\",\"log_key\":\"log.key\",\"clerk_key\":\"clerk.key\"}"));
    assert_int_equal(run(&p, ARGS("--check", "-c", place.file)), 0);
    assert_non_null(strstr(p.text, "acceptable"));
    assert_non_null(strstr(p.text, "clerk key in force: "));
    write_file(place.file, CTY_LITERAL("{\"ledger\":\"ledger.db\",\"log_key\":\"log.key\",\"clerk_key\":\"clerk.key\","
                                       "\"next_log_key\":\"gone.key\"}"));
    assert_int_equal(run(&p, ARGS("--check", "-c", place.file)), 4);
    assert_non_null(strstr(p.text, "gone.key"));
    /* Everything that is wrong is said. */
    write_file(place.file, CTY_LITERAL("{\"ledger\":\"ledger.db\",\"log_key\":\"none\",\"clerk_key\":\"ledger.db\"}"));
    assert_int_equal(run(&p, ARGS("--check", "-c", place.file)), 4);
    assert_non_null(strstr(p.text, "none"));
    assert_non_null(strstr(p.text, "not-found"));
    assert_non_null(strstr(p.text, "ledger.db"));
    write_file(place.file, CTY_LITERAL("{\"ledger\":\"ledger.db\",\"log_key\":\"clerk.key\",\"clerk_key\":\"log.key\"}"));
    assert_int_equal(run(&p, ARGS("--check", "-c", place.file)), 4);
    write_file(place.file, CTY_LITERAL("{\"ledgers\":1}"));
    assert_int_equal(run(&p, ARGS("--check", "-c", place.file)), 4);
    assert_non_null(strstr(p.text, "ledgers"));
    snprintf(text, sizeof(text), "{\"ledger\":\"ledger.db\",\"log_key\":\"log.key\",\"clerk_key\":\"clerk.key\",\"listen\":[\"tcp://0.0.0.0:1\"]}");
    write_file(place.file, cty_bytes_text(text));
    assert_int_equal(run(&p, ARGS("--check", "-c", place.file)), 4);
    assert_int_equal(run(&p, ARGS("-c", place.file)), 4);
    assert_int_equal(chmod(place.log, 0644), 0);
    write_file(place.file, CTY_LITERAL("{\"ledger\":\"ledger.db\",\"log_key\":\"log.key\",\"clerk_key\":\"clerk.key\"}"));
    assert_int_equal(run(&p, ARGS("--check", "-c", place.file)), 4);
    assert_non_null(strstr(p.text, "key-file-open"));
    place_free(&place);
}

static void it_ends_with_the_status_that_says_why(void **state)
{
    struct place place;
    struct program p;
    (void)state;
    place_new(&place, true, NULL);
    assert_int_equal(run(&p, ARGS("--nonsense")), 4);
    assert_non_null(strstr(p.text, "code=usage"));
    assert_int_equal(run(&p, ARGS("--ledger", place.h->path)), 4);
    assert_non_null(strstr(p.text, "log_key is missing"));
    assert_int_equal(run(&p, ARGS("-c", "/nowhere/at/all")), 1);
    assert_int_equal(run(&p, ARGS("--ledger", place.h->path, "--log-key", place.log, "--clerk-key", place.clerk)), 1);
    assert_non_null(strstr(p.text, "code=development-key"));
    assert_int_equal(run(&p, ARGS("--help")), 0);
    assert_non_null(strstr(p.text, "--confirm-clock"));
    assert_int_equal(run(&p, ARGS("--version")), 0);
    assert_memory_equal(p.text, "custodyd ", 9);
    start(&p, -1, ARGS("--development", "--ledger", place.h->path, "--log-key", place.log, "--clerk-key", place.clerk));
    assert_true(said(&p, "event=ready"));
    struct program second;
    assert_int_equal(run(&second, ARGS("--development", "--ledger", place.h->path, "--log-key", place.log, "--clerk-key",
                                       place.clerk)), 3);
    assert_non_null(strstr(second.text, "code=store-locked"));
    kill(p.pid, SIGTERM);
    assert_int_equal(end(&p), 0);
    place_free(&place);
}

static void a_passphrase_comes_by_a_descriptor(void **state)
{
    static const struct {
        const char *line;
        const char *code;
    } tries[] = {{"wrong\n", "bad-passphrase"}, {"", "bad-passphrase"}, {"correct horse\n", NULL}, {"correct horse", NULL}};
    struct place place;
    struct program p;
    (void)state;
    place_new(&place, false, "correct horse");
    for (size_t i = 0; i < CTY_COUNT_OF(tries); i++) {
        int ends[2];
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(write(ends[1], tries[i].line, strlen(tries[i].line)), (ssize_t)strlen(tries[i].line));
        close(ends[1]);
        start(&p, ends[0], ARGS("--passphrase-fd", "5", "--ledger", place.h->path, "--log-key", place.log, "--clerk-key",
                                place.clerk));
        close(ends[0]);
        if (tries[i].code) {
            assert_int_equal(end(&p), 1);
            assert_non_null(strstr(p.text, tries[i].code));
            continue;
        }
        assert_true(said(&p, "event=ready"));
        kill(p.pid, SIGTERM);
        assert_int_equal(end(&p), 0);
    }
    assert_int_equal(run(&p, ARGS("--ledger", place.h->path, "--log-key", place.log, "--clerk-key", place.clerk)), 1);
    assert_non_null(strstr(p.text, "--passphrase-fd"));
    place_free(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_when_it_is_ready_and_ends_on_a_signal),
        cmocka_unit_test(what_it_gave_up_is_gone),
        cmocka_unit_test(keys_that_are_not_locked_are_told),
        cmocka_unit_test(killed_it_starts_again),
        cmocka_unit_test(no_receipt_is_lost_with_the_process),
        cmocka_unit_test(a_rotation_survives_the_process),
        cmocka_unit_test(a_ledger_is_made_and_served),
        cmocka_unit_test(a_configuration_is_checked),
        cmocka_unit_test(it_ends_with_the_status_that_says_why),
        cmocka_unit_test(a_passphrase_comes_by_a_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
