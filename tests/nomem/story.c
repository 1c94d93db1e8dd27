/* SPDX-License-Identifier: Apache-2.0 */
#include "story.h"

#include "base/check.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)
#define DAY_MS ((uint64_t)24 * 3600 * 1000)
#define POLICY                                                                                                     \
    "{\"admin_quorum\":2,\"rules\":["                                                                              \
    "{\"approvals\":2,\"effect\":\"hold\",\"match\":{\"action\":\"refund\"},\"roles\":[\"approver\"]},"             \
    "{\"approvals\":1,\"consent\":true,\"effect\":\"hold\",\"match\":{\"action\":\"careful\"},\"roles\":[\"approver\"]}," \
    "{\"effect\":\"pass\",\"match\":{\"action\":\"ping\"}},"                                                       \
    "{\"effect\":\"deny\",\"match\":{\"action\":\"wipe\"}}]}"

static void people(struct world *w)
{
    world_open(w, POLICY);
    world_party(w, "acme");
    MUST(world_person(w, "acme/c", "approver", "c"));
    MUST(world_person(w, "acme/boss", NULL, "boss"));
    MUST(world_agent(w, "acme/bot", "acme/boss"));
    MUST(world_agent(w, "acme/pal", "acme/boss"));
    world_vendor(w, "globex");
    MUST(world_policy(w, "acme", "{\"admin_quorum\":2,\"rules\":[{\"approvals\":1,\"effect\":\"hold\",\"match\":"
                                 "{\"action\":\"refund\"},\"parties\":[\"acme\"],\"roles\":[\"approver\"]}]}"));
}

static void refund(struct story *s)
{
    struct world *w = s->w;
    MUST(world_request(w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &s->refund));
    MUST(world_patch(w, &s->refund, "acme/b", "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":250}]",
                     "{\"amount\":250}"));
    MUST(world_decide(w, &s->refund, "acme/a", CTY_APPROVE));
    MUST(world_decide(w, &s->refund, "acme/c", CTY_APPROVE));
    MUST(world_consume(w, &s->refund, "acme/bot"));
    MUST(world_outcome(w, &s->refund, "acme/bot", CTY_OUTCOME_FULFILLED));
}

static void hand_on(struct story *s)
{
    struct world *w = s->w;
    MUST(world_request(w, "acme/bot", "acme/bot", "ping", "{}", &s->handed));
    MUST(world_offer(w, &s->handed, "acme/pal", NULL, NULL));
    MUST(world_decline(w, &s->handed, "acme/pal"));
    MUST(world_offer(w, &s->handed, "acme/pal", NULL, NULL));
    MUST(world_withdraw(w, &s->handed, "acme/bot"));
    MUST(world_hand(w, &s->handed, "acme/pal"));
    MUST(world_finalise(w, &s->handed, "acme/pal"));
}

static void talk(struct story *s)
{
    struct world *w = s->w;
    struct cty_hash question, careful;
    MUST(world_request(w, "acme/bot", "acme/bot", "careful", "{\"amount\":5}", &careful));
    MUST(world_patch(w, &careful, "acme/b", "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":4}]", "{\"amount\":4}"));
    MUST(world_consent(w, &careful, "acme/bot", CTY_CONSENT_ACCEPT));
    MUST(world_cancel(w, &careful, "acme/bot"));
    MUST(world_request(w, "acme/bot", "acme/bot", "refund", "{\"amount\":7}", &careful));
    w->time += 400 * DAY_MS;
    MUST(world_expire(w, &careful));
    MUST(world_request(w, "acme/bot", "acme/bot", "refund", "{\"amount\":9}", &s->held));
    MUST(world_question(w, &s->held, "acme/a", "why?", &question));
    MUST(world_answer(w, &s->held, "acme/bot", &question, "because"));
    MUST(world_decide(w, &s->held, "acme/a", CTY_APPROVE));
}

static void keys(struct story *s)
{
    struct world *w = s->w;
    MUST(world_rotate(w, "acme/pal"));
    MUST(world_rotate_custodian(w, CTY_CUSTODIAN_LOG));
    MUST(world_revoke(w, "acme/c", "acme/a", "acme/b", w->time));
}

void story_make(struct story *ret_story)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    ret_story->w = world_new();
    people(ret_story->w);
    world_trust_text(ret_story->w, true, &text); /* pins the first log key: the rotation is learnt */
    MUST(cty_trust_parse(cty_buf_bytes(&text), &ret_story->trust, NULL));
    refund(ret_story);
    hand_on(ret_story);
    talk(ret_story);
    keys(ret_story);
    cty_buf_done(&text);
}

void story_done(struct story *story)
{
    cty_trust_done(&story->trust);
    world_free(story->w);
}
