/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/client/lie.h"

#include "unit/support.h"

/* A case that is held, and asked for by this client. */
int lie_setup(void **state)
{
    struct lie *l = calloc(1, sizeof(*l));
    l->f = fake_new(LIE_POLICY);
    l->client = fake_client(l->f, NULL, "acme/bot", NULL);
    struct cty_ask ask = {.service = CTY_LITERAL("payments"), .action = CTY_LITERAL("refund"),
                          .payload = CTY_LITERAL("{\"amount\":5}")};
    assert_ok(cty_agent_request(l->client, &ask, &l->case_id, NULL, NULL));
    *state = l;
    return 0;
}

int lie_teardown(void **state)
{
    struct lie *l = *state;
    cty_client_close(l->client);
    fake_free(l->f);
    free(l);
    return 0;
}

void lie_approve(struct lie *l)
{
    assert_ok(world_decide(l->f->w, &l->case_id, "acme/eve", CTY_APPROVE));
    fake_follow(l->f);
}

void assert_wait(struct lie *l, const char *code)
{
    struct cty_judgement *judgement = NULL;
    assert_refused(cty_agent_wait(l->client, &l->case_id, 0, &judgement, &l->error), code);
    cty_judgement_free(judgement);
}

void assert_consume(struct lie *l, const char *code)
{
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    assert_refused(cty_agent_consume(l->client, &l->case_id, &judgement, &payload, NULL, &l->error), code);
    cty_judgement_free(judgement);
}

struct cty_hash lie_last_leaf(struct lie *l)
{
    return fake_leaf(l->f, l->f->count - 1);
}

/* The common members of a statement that the custodian makes up, about what it shows. */
void lie_begin(struct lie *l, struct cty_statement *st, enum cty_type type, const char *signer)
{
    struct cty_case record;
    world_begin(l->f->w, st, type, signer);
    world_case(l->f->w, &l->case_id, &record);
    st->seen.size = l->f->count;
    assert_ok(cty_memory_root(l->f->tree, l->f->count, &st->seen.root));
    st->until = st->time;
    st->case_id = l->case_id;
    st->after = record.anchor;
}

void lie_forge_release(struct lie *l, const struct cty_hash *decision)
{
    struct cty_statement st;
    struct cty_case record;
    struct cty_hash last = lie_last_leaf(l);
    lie_begin(l, &st, CTY_RELEASE, "clerk");
    world_case(l->f->w, &l->case_id, &record);
    struct cty_release *release = &st.u.release;
    release->executor = record.holder;
    memcpy(release->instance, record.instance.bits, 16);
    release->payload = record.payload;
    release->report_ms = CTY_REPORT_MS_DEFAULT;
    release->use_by = l->f->w->time + CTY_USE_MS_DEFAULT;
    if (decision) {
        release->decisions[release->decisions_count++] = *decision;
        st.after = *decision;
    }
    fake_forge(l->f, &st, &last, "clerk");
}

void lie_hide(struct lie *l, size_t index)
{
    l->f->hidden[l->f->hidden_count++] = index;
}

struct cty_hash lie_consume_elsewhere(struct lie *l)
{
    assert_ok(world_consume(l->f->w, &l->case_id, "acme/bot"));
    fake_follow(l->f);
    return lie_last_leaf(l);
}

/* A custodian that takes a consume although the approver's key was revoked as of before. */
void lie_revoke(struct lie *l)
{
    assert_ok(world_revoke(l->f->w, "acme/eve", "acme/a", "acme/b", WORLD_START));
    fake_follow(l->f);
}
