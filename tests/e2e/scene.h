/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small cast around one custodyd, and the question that follows every refusal: was anything written, and does it
 * still serve?
 */
#ifndef CTY_TESTS_E2E_SCENE_H
#define CTY_TESTS_E2E_SCENE_H

#include "unit/support.h"

#include "books.h"
#include "drafts.h"
#include "wire.h"

struct scene {
    struct house *house;
    struct wire wire;
    struct cty_client *agent;  /* acme/agent */
    struct cty_client *pat;    /* acme/pat, approver */
    struct cty_client *sam;    /* acme/sam, approver */
    struct cty_client *rival;  /* globex/agent */
    struct cty_hash held;      /* a case of the agent's that waits for two */
    struct cty_draft *draft;   /* for whoever needs one */
    struct books_counts before;
};

/*
 * acme with agent, pat, sam; globex with an agent; acme/gone, an agent that was revoked; acme/later, one that is not
 * valid before tomorrow. acme/stranger is nobody.
 */
struct scene *scene_new(const struct house_config *config);
/* `well`: nothing failed. Takes NULL. */
void scene_free(struct scene *scene, bool well);

/* What was refused wrote nothing, and a lawful request goes through behind it. */
void scene_unmoved(struct scene *scene);
/* The code is this one, and the custodian is unmoved. */
#define assert_refused_unmoved(scene, got, code)                                                       \
    do {                                                                                               \
        const char *got_ = (got);                                                                      \
        assert_string_equal(got_, code);                                                               \
        scene_unmoved(scene);                                                                          \
    } while (0)

#endif
