/* SPDX-License-Identifier: Apache-2.0 */
/* Messages and answers on their way: lost, doubled, late, and so in any order. */
#include <stdlib.h>

#include "base/check.h"
#include "simulate/sim.h"

static void put(struct sim *s, const struct letter *letter, uint64_t delay_ms)
{
    struct post *post = &s->post;
    if (post->count == post->room) {
        post->room = post->room ? 2 * post->room : 64;
        post->list = realloc(post->list, post->room * sizeof(*post->list));
        CTY_CHECK(post->list);
    }
    struct letter *kept = &post->list[post->count++];
    *kept = *letter;
    kept->due_ms = s->monotonic_ms + delay_ms;
    kept->number = ++post->number;
}

void post_done(struct sim *s)
{
    free(s->post.list);
    s->post = (struct post){.list = NULL};
}

static uint64_t delay(struct sim *s)
{
    if (!chance_in(&s->network, 120))
        return chance_below(&s->network, 40);
    tally_add(TALLY_LATE);
    return 500 + chance_below(&s->network, chance_in(&s->network, 200) ? 900000 : 8000);
}

static void send(struct sim *s, const struct letter *letter)
{
    if (chance_in(&s->network, 80)) {
        tally_add(letter->answer ? TALLY_LOST_ANSWERS : TALLY_LOST);
        return;
    }
    put(s, letter, delay(s));
    if (!chance_in(&s->network, 60))
        return;
    tally_add(TALLY_DOUBLED);
    put(s, letter, delay(s));
}

void post_send(struct sim *s, size_t paper)
{
    struct letter letter = {.paper = paper};
    send(s, &letter);
}

void post_answer(struct sim *s, const struct letter *letter)
{
    send(s, letter);
}

/* The first that is due; those of one moment in the order in which they were sent. */
static bool take_due(struct sim *s, struct letter *ret_letter)
{
    struct post *post = &s->post;
    size_t best = post->count;
    for (size_t i = 0; i < post->count; i++) {
        const struct letter *a = &post->list[i];
        if (a->due_ms > s->monotonic_ms)
            continue;
        const struct letter *b = best < post->count ? &post->list[best] : NULL;
        if (!b || a->due_ms < b->due_ms || (a->due_ms == b->due_ms && a->number < b->number))
            best = i;
    }
    if (best == post->count)
        return false;
    *ret_letter = post->list[best];
    post->list[best] = post->list[--post->count];
    return true;
}

void post_deliver(struct sim *s)
{
    struct letter letter;
    while (!s->failed && take_due(s, &letter)) {
        if (letter.answer)
            paper_answered(s, &letter);
        else
            office_take(s, letter.paper);
    }
}
