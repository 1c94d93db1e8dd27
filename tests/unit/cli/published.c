/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/cli/published.h"

#include <ftw.h>
#include <stdio.h>

static const char policy[] = "{\"admin_quorum\":2,\"rules\":["
                             "{\"approvals\":1,\"effect\":\"hold\",\"match\":{\"action\":\"refund\"},\"roles\":[\"approver\"]},"
                             "{\"effect\":\"deny\",\"match\":{\"action\":\"drop\"}},{\"effect\":\"pass\"}]}";

int published_setup(void **state)
{
    *state = shell_new();
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

int published_teardown(void **state)
{
    (void)nftw("tiles", remove_one, 8, FTW_DEPTH | FTW_PHYS);
    shell_free(*state);
    return 0;
}

struct world *published_begin(void)
{
    struct world *w = world_new();
    struct cty_buf trust = CTY_BUF_INIT(8192);
    world_open(w, policy);
    world_party(w, "acme");
    MUST(world_person(w, "acme/c", "approver", "c"));
    MUST(world_person(w, "acme/boss", NULL, "boss"));
    MUST(world_agent(w, "acme/bot", "acme/boss"));
    world_trust_text(w, true, &trust);
    shell_write("trust.json", cty_buf_text(&trust));
    cty_buf_done(&trust);
    return w;
}

void refund(struct world *w)
{
    struct cty_hash c;
    w->time += 1000;
    MUST(world_request(w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &c));
    MUST(world_decide(w, &c, "acme/c", CTY_APPROVE));
    MUST(world_consume(w, &c, "acme/bot"));
    MUST(world_outcome(w, &c, "acme/bot", CTY_OUTCOME_FULFILLED));
}

void grow_to(struct world *w, uint64_t size)
{
    while (w->entries_count < size)
        refund(w);
}

void publish(struct world *w)
{
    world_publish(w, "tiles", w->entries_count);
}

int audit(struct shell *sh)
{
    return RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles");
}

int audit_with(struct shell *sh, const char *option)
{
    return RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", option);
}
