/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that wait for news of open cases, and what they cost while nothing happens. Measured twice: while nobody's time
 * runs out, and as clients do it, who ask again every 55 s; their times are spread as they would be after a while.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "bench.h"
#include "wire.h"

#define EVENTS 256
/* Files of custodyd that are no connections, with as many workers as it may have. */
#define FILES_KEPT 640u
/* Connections that are no waiters'. */
#define CONNECTIONS_KEPT 128u
/* Until all that was sent is parked. */
#define SETTLE_S 1.0
/* Until custodyd has seen that all are gone. */
#define LEAVE_MS 500u

struct waiter {
    struct bench_line line;
    struct cty_hash session;
    struct cty_hash case_id;
};

struct crew {
    struct bench_load *load;
    struct waiter *waiters;
    unsigned count;
    int epoll;
    uint64_t known;
    struct cty_buf text;
    struct cty_buf frame;
    size_t answers;
    size_t refused;
    char refusal[120]; /* the first */
};

/* ---- how many ---- */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Connections that there are files for, here and in custodyd, which inherits the limit. */
static unsigned connection_room(void)
{
    struct rlimit files;
    must_be(getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > FILES_KEPT + CONNECTIONS_KEPT);
    rlim_t room = files.rlim_cur - FILES_KEPT;
    return room < CTY_CONNECTIONS_MAX ? (unsigned)room : CTY_CONNECTIONS_MAX;
}

/* Calls of one party that custodyd lets wait at most. */
static unsigned wait_room(void)
{
    return CTY_WAITS_MAX - CTY_WAITS_MAX / CTY_WAITS_PARTY_REST;
}

static unsigned limit_waiters(unsigned wanted, struct bench_table *table)
{
    unsigned connections = connection_room() - CONNECTIONS_KEPT, waits = wait_room();
    if (wanted > connections && connections < waits)
        bench_note(table, "%u of %u waiters: there are no files for more connections (ulimit -n).", connections, wanted);
    else if (wanted > waits)
        bench_note(table, "%u of %u waiters: custodyd lets no more calls of one party wait.", waits, wanted);
    return least(wanted, least(connections, waits));
}

/* ---- who waits ---- */

/* Room for them, for those who have just left, and for who drives what is left to do. */
static void restart(struct house *h, unsigned waiters)
{
    char connections[16], waits[16];
    const char *const more[] = {"--connections", connections, "--waits", waits, NULL};
    snprintf(waits, sizeof(waits), "%u", CTY_WAITS_MAX);
    snprintf(connections, sizeof(connections), "%u", least(2 * waiters + CONNECTIONS_KEPT, connection_room()));
    house_stop(h);
    bench_start(h, more);
}

/* The agents of the load, and more of the kind where they don't suffice. */
static void name_actor(struct bench_load *load, unsigned number, char *name, size_t size)
{
    snprintf(name, size, "acme/agent-%u", number);
    if (number >= load->agents) {
        house_agent(load->house, name);
        load->agents = number + 1;
    }
}

static void give_sessions(struct crew *crew)
{
    struct house *h = crew->load->house;
    struct wire wire = {0};
    struct cty_hash session = {{0}};
    char name[64];
    wire_open(&wire, h->url);
    for (unsigned i = 0; i < crew->count; i++) {
        if (i % CTY_WAITS_PER_ACTOR_MAX == 0) {
            name_actor(crew->load, i / CTY_WAITS_PER_ACTOR_MAX, name, sizeof(name));
            must_be(strcmp(wire_session(&wire, h->url, house_secret(h, name), &session), "ok") == 0);
        }
        crew->waiters[i].session = session;
    }
    wire_close(&wire);
}

/* Cases that wait for a decision: nothing happens to them meanwhile. */
static void give_cases(struct crew *crew)
{
    const struct bench_load *load = crew->load;
    size_t first = load->done[BENCH_DECISION], count = load->done[BENCH_REQUEST] - first;
    must_be(count > 0);
    for (unsigned i = 0; i < crew->count; i++)
        crew->waiters[i].case_id = load->cases[first + i % count].id;
}

/* ---- waiting ---- */

static void ask(struct crew *crew, struct waiter *waiter, uint64_t timeout_ms)
{
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = 1}, .rpc = CTY_RPC_CASE_WAIT};
    call.params.session = (struct cty_opt_hash){.present = true, .hash = waiter->session};
    call.params.u.case_wait.case_id = waiter->case_id;
    call.params.u.case_wait.known = crew->known;
    call.params.u.case_wait.timeout_ms = timeout_ms;
    cty_buf_clear(&crew->text);
    cty_buf_clear(&crew->frame);
    must(cty_rpc_call_write(&call, &crew->text));
    bench_frame(cty_buf_bytes(&crew->text), &crew->frame);
    bench_line_send(&waiter->line, cty_buf_bytes(&crew->frame));
}

static void take(struct crew *crew, struct waiter *waiter)
{
    size_t size = 0;
    uint8_t *answer = bench_line_take(&waiter->line, false, &size);
    if (!answer)
        return;
    struct cty_bytes text = bench_answer(answer, size);
    crew->answers++;
    if (!bench_answer_failed(text))
        ask(crew, waiter, CTY_WAIT_MS_MAX);
    else if (crew->refused++ == 0)
        snprintf(crew->refusal, sizeof(crew->refusal), "%.*s", (int)text.size, (const char *)text.data);
    free(answer);
}

/* Answers whoever is answered, for so long. */
static void drive(struct crew *crew, double seconds)
{
    struct epoll_event events[EVENTS];
    double until = bench_now() + seconds;
    for (double left = seconds; left > 0; left = until - bench_now()) {
        int count = epoll_wait(crew->epoll, events, EVENTS, (int)(left * 1000) + 1);
        for (int i = 0; i < count; i++)
            take(crew, events[i].data.ptr);
    }
}

/* Everybody connects and asks; the times are all the longest, or spread evenly. */
static void sit_down(struct crew *crew, bool spread)
{
    crew->epoll = epoll_create1(EPOLL_CLOEXEC);
    must_be(crew->epoll >= 0);
    for (unsigned i = 0; i < crew->count; i++) {
        struct waiter *waiter = &crew->waiters[i];
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = waiter}};
        must_be(bench_line_dial(&waiter->line, crew->load->house));
        must_be(epoll_ctl(crew->epoll, EPOLL_CTL_ADD, waiter->line.fd, &event) == 0);
        ask(crew, waiter, spread ? 1 + (uint64_t)i * CTY_WAIT_MS_MAX / crew->count : CTY_WAIT_MS_MAX);
    }
    drive(crew, SETTLE_S);
}

static void stand_up(struct crew *crew)
{
    for (unsigned i = 0; i < crew->count; i++)
        bench_line_close(&crew->waiters[i].line);
    close(crew->epoll);
    pause_ms(LEAVE_MS);
}

static double core_share(struct crew *crew, double seconds)
{
    const struct child *custodyd = &crew->load->house->custodyd;
    double cpu = child_cpu_s(custodyd), began = bench_now();
    drive(crew, seconds);
    return (child_cpu_s(custodyd) - cpu) / (bench_now() - began);
}

static void measure_still(struct crew *crew, double seconds, struct bench_table *table)
{
    double before = bench_rss_bytes(crew->load->house);
    sit_down(crew, false);
    bench_put(table, BENCH_WAITER_KIB, (bench_rss_bytes(crew->load->house) - before) / crew->count / 1024);
    bench_put(table, BENCH_WAITERS_STILL_CORE_SHARE, core_share(crew, seconds));
    if (crew->answers)
        bench_note(table, "%zu of the waiting calls were answered at once; %zu refused: %s", crew->answers, crew->refused,
                   crew->refusal);
    stand_up(crew);
}

static void measure_asking(struct crew *crew, double seconds, struct bench_table *table)
{
    sit_down(crew, true);
    bench_put(table, BENCH_WAITERS_CORE_SHARE, core_share(crew, seconds));
    stand_up(crew);
    must_be(crew->refused > 0 || crew->answers > 0);
}

void bench_wait(struct bench_load *load, unsigned waiters, double seconds, struct bench_table *table)
{
    struct crew crew = {.load = load, .count = limit_waiters(waiters, table), .known = load->size - 1};
    crew.text.limit = crew.frame.limit = CTY_MESSAGE_BYTES_MAX;
    crew.waiters = cty_alloc(crew.count, sizeof(*crew.waiters));
    must_be(crew.waiters != NULL);
    restart(load->house, crew.count);
    give_sessions(&crew);
    give_cases(&crew);
    bench_put(table, BENCH_WAITERS, crew.count);
    measure_still(&crew, seconds / 2, table);
    measure_asking(&crew, seconds, table);
    cty_buf_done(&crew.text);
    cty_buf_done(&crew.frame);
    free(crew.waiters);
}
