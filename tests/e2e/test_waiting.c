/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many who wait, each on a connection of its own: far more than there are calls. What happens to a case is told to those
 * who wait for it, all of them and nobody else; whoever only asks is answered meanwhile; and all are answered at the end.
 */
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "net/sp.h"
#include "scene.h"

#define WAITERS 1200u
#define CASES 24u
/* Of ours and of custodyd, which are no waiters'. */
#define FILES_KEPT 200u

struct waiter {
    int fd;
    unsigned number; /* of its case */
    bool answered;
};

struct crew {
    struct scene *scene;
    unsigned agents;
    struct cty_hash sessions[WAITERS / CTY_WAITS_PER_ACTOR_MAX + 1];
    struct cty_hash cases[CASES];
    struct waiter waiters[WAITERS];
};

static bool has_files(void)
{
    struct rlimit limit;
    must_be(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_max < 2 * (WAITERS + FILES_KEPT))
        return false;
    limit.rlim_cur = limit.rlim_max;
    must_be(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    return true;
}

/* --- a waiter ------------------------------------------------------------------------------------------------ */

static void write_all(int fd, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t put = send(fd, at, size, MSG_NOSIGNAL);
        must_be(put > 0);
        at += put;
        size -= (size_t)put;
    }
}

static void read_all(int fd, void *data, size_t size)
{
    uint8_t *at = data;
    while (size > 0) {
        ssize_t got = read(fd, at, size);
        must_be(got > 0);
        at += got;
        size -= (size_t)got;
    }
}

static int dial(const char *url)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    uint8_t hello[CTY_SP_HELLO_BYTES];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must_be(fd >= 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", url + strlen("ipc://"));
    must_be(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    cty_sp_hello_format(CTY_SP_REQ, hello);
    write_all(fd, hello, sizeof(hello));
    read_all(fd, hello, sizeof(hello));
    return fd;
}

static void ask(const struct crew *crew, const struct waiter *waiter, size_t number, uint64_t known)
{
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = number}, .rpc = CTY_RPC_CASE_WAIT};
    struct cty_buf text = CTY_BUF_INIT(4096);
    uint8_t head[CTY_SP_HEAD_BYTES_MAX], id[CTY_SP_ID_BYTES] = {0x80, 0, 0, 1};
    call.params.session = (struct cty_opt_hash){.present = true, .hash = crew->sessions[number / CTY_WAITS_PER_ACTOR_MAX]};
    call.params.u.case_wait.case_id = crew->cases[waiter->number];
    call.params.u.case_wait.known = known;
    must(cty_rpc_call_write(&call, &text));
    write_all(waiter->fd, head, cty_sp_head_format(CTY_SP_IPC, text.size + sizeof(id), head));
    write_all(waiter->fd, id, sizeof(id));
    write_all(waiter->fd, text.data, text.size);
    cty_buf_done(&text);
}

/* Reads the answer: whether the case had changed. */
static bool take(struct waiter *waiter)
{
    uint8_t head[9];
    uint64_t size = 0;
    read_all(waiter->fd, head, sizeof(head));
    for (size_t i = 1; i < sizeof(head); i++)
        size = size << 8 | head[i];
    must_be(size < CTY_MESSAGE_BYTES_MAX);
    char *text = cty_alloc(1, (size_t)size + 1);
    must_be(text != NULL);
    read_all(waiter->fd, text, (size_t)size);
    must_be(strstr(text + CTY_SP_ID_BYTES, "\"result\"") != NULL);
    bool changed = strstr(text + CTY_SP_ID_BYTES, "\"changed\":true") != NULL;
    free(text);
    waiter->answered = true;
    return changed;
}

static bool is_answered(const struct waiter *waiter)
{
    struct pollfd file = {.fd = waiter->fd, .events = POLLIN};
    return poll(&file, 1, 0) == 1;
}

/* --- the crew ------------------------------------------------------------------------------------------------ */

static struct crew *crew_new(struct scene *scene)
{
    struct crew *crew = cty_alloc(1, sizeof(*crew));
    must_be(crew != NULL);
    crew->scene = scene;
    for (size_t i = 0; i < CTY_COUNT_OF(crew->sessions); i++) {
        char name[64];
        snprintf(name, sizeof(name), "acme/waiter-%zu", i);
        house_agent(scene->house, name);
        must_be(strcmp(wire_session(&scene->wire, scene->house->url, house_secret(scene->house, name),
                                    &crew->sessions[i]), "ok") == 0);
    }
    for (size_t i = 0; i < CASES; i++)
        draft_ask(scene->agent, "refund", &crew->cases[i]);
    return crew;
}

/* Whoever only asks, or begins a case, is served meanwhile. */
static void others_are_served(struct crew *crew)
{
    struct cty_hash other;
    assert_string_equal(wire_call(&crew->scene->wire, CTY_RPC_INFO, NULL), "ok");
    draft_ask(crew->scene->agent, "refund", &other);
}

/* Everybody waits for what comes behind the newest entry of all. */
static void all_wait(struct crew *crew)
{
    assert_string_equal(wire_call(&crew->scene->wire, CTY_RPC_INFO, NULL), "ok");
    uint64_t known = crew->scene->wire.result.info.size - 1;
    for (size_t i = 0; i < WAITERS; i++) {
        struct waiter *waiter = &crew->waiters[i];
        *waiter = (struct waiter){.fd = dial(crew->scene->house->url), .number = (unsigned)(i % CASES)};
        ask(crew, waiter, i, known);
    }
}

static void all_leave(struct crew *crew)
{
    for (size_t i = 0; i < WAITERS; i++)
        close(crew->waiters[i].fd);
}

/* Those of one case are answered, and by then nobody else. */
static void expect_told(struct crew *crew, unsigned number)
{
    for (size_t i = 0; i < WAITERS; i++) {
        if (crew->waiters[i].number == number)
            assert_true(take(&crew->waiters[i]));
    }
    for (size_t i = 0; i < WAITERS; i++) {
        if (!crew->waiters[i].answered)
            assert_false(is_answered(&crew->waiters[i]));
    }
}

static void an_entry_wakes_those_who_wait_for_it(void **state)
{
    struct crew *crew = *state;
    if (!crew) {
        skip();
        return;
    }
    all_wait(crew);
    others_are_served(crew);
    for (unsigned i = 0; i < CASES; i++) {
        draft_approve(crew->scene->pat, &crew->cases[i]);
        expect_told(crew, i);
    }
    all_leave(crew);
}

/* At the end nobody is left without an answer, and who goes away leaves nothing behind. */
static void whoever_waits_is_answered_at_the_end(void **state)
{
    struct crew *crew = *state;
    if (!crew) {
        skip();
        return;
    }
    all_wait(crew);
    all_leave(crew);
    all_wait(crew);
    others_are_served(crew);
    house_stop(crew->scene->house);
    for (size_t i = 0; i < WAITERS; i++)
        assert_false(take(&crew->waiters[i]));
    all_leave(crew);
    house_start(crew->scene->house);
}

static struct crew *the_crew;

/* Where a process may not have so many files there is no crew, and the cases are skipped. */
static int set_up(void **state)
{
    const struct house_config config = {.calls = 16, .connections = 2 * WAITERS + FILES_KEPT};
    if (has_files())
        the_crew = crew_new(scene_new(&config));
    *state = the_crew;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_wakes_those_who_wait_for_it),
        cmocka_unit_test(whoever_waits_is_answered_at_the_end),
    };
    int failed = cmocka_run_group_tests(tests, set_up, NULL);
    if (the_crew)
        scene_free(the_crew->scene, failed == 0);
    free(the_crew);
    return failed;
}
