/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_crowd.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/check.h"
#include "bench.h"

#define EVENTS 256
/* How long a client that was told to come again waits: shorter than a custodian asks for, so the harder load. */
#define AGAIN_S 0.005

struct member {
    struct bench_line line;
    struct bench_post *post; /* NULL: it has nothing to do */
    double again;            /* 0, or when the post is sent again */
};

struct bench_crowd {
    const struct house *house;
    int epoll;
    unsigned clients;
    struct member *members;
    size_t waiting; /* members that come again */
};

/* A send under way. */
struct rush {
    struct bench_crowd *crowd;
    struct bench_post *posts;
    size_t count;
    size_t next;
    size_t answered;
    struct bench_spent *spent;
};

void bench_post_done(struct bench_post *post)
{
    cty_buf_done(&post->message);
    free(post->answer);
    post->answer = NULL;
}

static void greet(struct bench_crowd *crowd, struct member *member)
{
    struct cty_buf frame = CTY_BUF_INIT(256);
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = member}};
    size_t size = 0;
    must_be(bench_line_dial(&member->line, crowd->house));
    bench_frame(CTY_LITERAL("{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"checkpoint\"}"), &frame);
    uint8_t *answer = bench_line_call(&member->line, cty_buf_bytes(&frame), &size);
    must_be(!bench_answer_failed(bench_answer(answer, size)));
    must_be(epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, member->line.fd, &event) == 0);
    free(answer);
    cty_buf_done(&frame);
}

struct bench_crowd *bench_crowd_open(const struct house *h, unsigned clients)
{
    struct bench_crowd *crowd = cty_alloc(1, sizeof(*crowd));
    must_be(crowd != NULL);
    crowd->house = h;
    crowd->clients = clients;
    crowd->members = cty_alloc(clients, sizeof(*crowd->members));
    crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
    must_be(crowd->members != NULL && crowd->epoll >= 0);
    for (unsigned i = 0; i < clients; i++)
        greet(crowd, &crowd->members[i]);
    return crowd;
}

void bench_crowd_close(struct bench_crowd *crowd)
{
    for (unsigned i = 0; i < crowd->clients; i++)
        bench_line_close(&crowd->members[i].line);
    close(crowd->epoll);
    free(crowd->members);
    free(crowd);
}

static void take_next(struct rush *rush, struct member *member, double now)
{
    member->post = rush->next < rush->count ? &rush->posts[rush->next++] : NULL;
    if (!member->post)
        return;
    member->post->began = now;
    bench_line_send(&member->line, cty_buf_bytes(&member->post->message));
}

static bool is_busy(struct cty_bytes text)
{
    static const char word[] = "\"code\":\"busy\"";
    return bench_answer_failed(text) && memmem(text.data, text.size, word, sizeof(word) - 1);
}

/* One more try of the same post, whose clock goes on. */
static void come_again(struct rush *rush, struct member *member, double now)
{
    free(member->post->answer);
    member->post->answer = NULL;
    member->again = now + AGAIN_S;
    rush->crowd->waiting++;
    if (rush->spent)
        rush->spent->busy++;
}

static void receive(struct rush *rush, struct member *member)
{
    struct bench_post *post = member->post;
    must_be(post != NULL);
    post->answer = bench_line_take(&member->line, false, &post->answer_size);
    if (!post->answer)
        return;
    double now = bench_now();
    if (is_busy(bench_answer(post->answer, post->answer_size))) {
        come_again(rush, member, now);
        return;
    }
    rush->answered++;
    if (rush->spent) {
        must_be(bench_times_add(&rush->spent->ms, (now - post->began) * 1000));
        rush->spent->newest_began = post->began;
    }
    take_next(rush, member, now);
}

static void send_again(struct bench_crowd *crowd)
{
    double now = bench_now();
    for (unsigned i = 0; i < crowd->clients && crowd->waiting; i++) {
        struct member *member = &crowd->members[i];
        if (member->again == 0 || member->again > now)
            continue;
        member->again = 0;
        crowd->waiting--;
        bench_line_send(&member->line, cty_buf_bytes(&member->post->message));
    }
}

static void drive(struct rush *rush)
{
    struct bench_crowd *crowd = rush->crowd;
    struct epoll_event events[EVENTS];
    for (unsigned i = 0; i < crowd->clients; i++)
        take_next(rush, &crowd->members[i], bench_now());
    while (rush->answered < rush->count) {
        int count = epoll_wait(crowd->epoll, events, EVENTS, crowd->waiting ? 1 : (int)HOUSE_PATIENCE_MS);
        must_be(count > 0 || crowd->waiting);
        for (int i = 0; i < count; i++)
            receive(rush, events[i].data.ptr);
        if (crowd->waiting)
            send_again(crowd);
    }
}

void bench_crowd_send(struct bench_crowd *crowd, struct bench_post *posts, size_t count, struct bench_spent *spent)
{
    struct rush rush = {.crowd = crowd, .posts = posts, .count = count, .spent = spent};
    double daemon = child_cpu_s(&crowd->house->custodyd), load = bench_thread_cpu(), began = bench_now();
    drive(&rush);
    if (!spent)
        return;
    spent->seconds += bench_now() - began;
    spent->daemon_cpu_s += child_cpu_s(&crowd->house->custodyd) - daemon;
    spent->load_cpu_s += bench_thread_cpu() - load;
    spent->calls += count;
}
