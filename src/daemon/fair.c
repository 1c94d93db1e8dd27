/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/fair.h"

#include <stdlib.h>

#include "base/check.h"

custody_err cty_fair_init(struct cty_fair *fair)
{
    memset(fair, 0, sizeof(*fair));
    fair->buckets = cty_alloc(CTY_FAIR_BUCKETS, sizeof(*fair->buckets));
    return fair->buckets ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

void cty_fair_done(struct cty_fair *fair)
{
    CTY_CHECK(fair->count == 0);
    free(fair->buckets);
    fair->buckets = NULL;
}

/* --- flows: found by the first of their items --------------------------------------------------------------- */

/* The link that leads to the flow's first item, or the empty one at the end of its chain. */
static struct cty_fair_item **find(const struct cty_fair *fair, uint64_t flow)
{
    uint64_t mixed = flow * UINT64_C(0x9e3779b97f4a7c15);
    struct cty_fair_item **link = &fair->buckets[mixed >> 32 & (CTY_FAIR_BUCKETS - 1)];
    while (*link && (*link)->flow != flow)
        link = &(*link)->chain;
    return link;
}

/* --- turns -------------------------------------------------------------------------------------------------- */

static void line_up(struct cty_fair *fair, struct cty_fair_item *head)
{
    unsigned lane = head->lane;
    head->before_in_lane = fair->last[lane];
    head->after_in_lane = NULL;
    *(fair->last[lane] ? &fair->last[lane]->after_in_lane : &fair->first[lane]) = head;
    fair->last[lane] = head;
}

static void step_out(struct cty_fair *fair, struct cty_fair_item *head)
{
    unsigned lane = head->lane;
    *(head->before_in_lane ? &head->before_in_lane->after_in_lane : &fair->first[lane]) = head->after_in_lane;
    *(head->after_in_lane ? &head->after_in_lane->before_in_lane : &fair->last[lane]) = head->before_in_lane;
}

void cty_fair_push(struct cty_fair *fair, struct cty_fair_item *item, uint64_t flow, unsigned lane)
{
    CTY_CHECK(lane < CTY_FAIR_LANES);
    struct cty_fair_item **link = find(fair, flow);
    struct cty_fair_item *head = *link;
    *item = (struct cty_fair_item){.flow = flow, .lane = lane, .last = item, .count = 1};
    fair->count++;
    if (!head) {
        *link = item;
        line_up(fair, item);
        return;
    }
    head->last->behind = item;
    head->last = item;
    head->count++;
    if (head->lane == lane)
        return;
    step_out(fair, head);
    head->lane = lane;
    line_up(fair, head);
}

/* The flow stands behind all others, as whoever had a turn does, whatever its place was. */
void cty_fair_push_front(struct cty_fair *fair, struct cty_fair_item *item, uint64_t flow, unsigned lane)
{
    CTY_CHECK(lane < CTY_FAIR_LANES);
    struct cty_fair_item **link = find(fair, flow);
    struct cty_fair_item *head = *link;
    if (!head) {
        cty_fair_push(fair, item, flow, lane);
        return;
    }
    step_out(fair, head);
    *item = (struct cty_fair_item){.flow = flow, .lane = lane, .last = head->last, .count = head->count + 1,
                                   .behind = head, .chain = head->chain};
    *link = item;
    fair->count++;
    line_up(fair, item);
}

static unsigned next_lane(struct cty_fair *fair)
{
    if (!fair->first[0] || !fair->first[1]) {
        fair->turns = 0;
        return fair->first[0] ? 0 : 1;
    }
    if (++fair->turns < CTY_FAIR_SHARE)
        return 0;
    fair->turns = 0;
    return 1;
}

struct cty_fair_item *cty_fair_pop(struct cty_fair *fair)
{
    struct cty_fair_item *head = fair->first[next_lane(fair)];
    if (!head)
        return NULL;
    struct cty_fair_item *heir = head->behind;
    struct cty_fair_item **link = find(fair, head->flow);
    step_out(fair, head);
    *link = heir ? heir : head->chain;
    if (heir) {
        heir->last = head->last;
        heir->count = head->count - 1;
        heir->lane = head->lane;
        heir->chain = head->chain;
        line_up(fair, heir);
    }
    fair->count--;
    return head;
}

size_t cty_fair_count(const struct cty_fair *fair, uint64_t flow)
{
    const struct cty_fair_item *head = *find(fair, flow);
    return head ? head->count : 0;
}
