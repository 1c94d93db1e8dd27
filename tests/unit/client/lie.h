/* SPDX-License-Identifier: Apache-2.0 */
/* A custodian that lies about one case, and a client that is to find it out: what the tests of it share. */
#ifndef CTY_TESTS_CLIENT_LIE_H
#define CTY_TESTS_CLIENT_LIE_H

#include "unit/client/fake.h"

#define LIE_POLICY "{\"admin_quorum\":2,\"rules\":[{\"approvals\":1,\"effect\":\"hold\",\"roles\":[\"approver\"]}]}"


struct lie {
    struct fake *f;
    struct cty_client *client;
    struct cty_hash case_id;
    custody_error error;
};

/* A case that is held, asked for by this client. */
int lie_setup(void **state);
int lie_teardown(void **state);
void lie_approve(struct lie *l);
/* What waiting and consuming say; with "ok" they must succeed. */
void assert_wait(struct lie *l, const char *code);
void assert_consume(struct lie *l, const char *code);
struct cty_hash lie_last_leaf(struct lie *l);
/* The common members of a statement that the custodian makes up, about what it shows. */
void lie_begin(struct lie *l, struct cty_statement *st, enum cty_type type, const char *signer);
/* The clerk's release, on this decision or on none. */
void lie_forge_release(struct lie *l, const struct cty_hash *decision);
void lie_hide(struct lie *l, size_t index);
struct cty_hash lie_consume_elsewhere(struct lie *l);
/* The approver's key, as of before the approval. */
void lie_revoke(struct lie *l);

#endif
