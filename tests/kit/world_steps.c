/* SPDX-License-Identifier: Apache-2.0 */
/* Handoffs, talk and keys over time, each as one call. */
#include "kit/world.h"

#include <stdio.h>

#include "base/check.h"
#include "codec/text.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)
#define DAY_MS ((uint64_t)24 * 3600000)

struct holder {
    char name[CTY_ACTOR_NAME_BYTES_MAX + 1];
};

static struct holder holder_of(const struct cty_case *c)
{
    struct holder holder;
    snprintf(holder.name, sizeof(holder.name), "%.*s", (int)c->holder.size, (const char *)c->holder.data);
    return holder;
}

static void begin(struct world *w, struct cty_statement *st, enum cty_type type, const char *signer,
                  const struct cty_hash *case_id)
{
    world_begin(w, st, type, signer);
    world_join(w, st, case_id);
}

struct cty_scope world_scope(struct world *w, const struct cty_hash *case_id)
{
    struct cty_case c;
    world_case(w, case_id, &c);
    struct cty_scope scope = {.present = true, .depth = CTY_HOPS_MAX, .expires = c.expires,
                              .releases = CTY_SCOPE_RELEASES_MAX};
    scope.services.names[scope.services.count++] = CTY_LITERAL("*");
    scope.actions.names[scope.actions.count++] = CTY_LITERAL("*");
    if (c.scope.present)
        scope = c.scope;
    if (scope.depth > 0)
        scope.depth--;
    return scope;
}

custody_err world_offer(struct world *w, const struct cty_hash *case_id, const char *to, const struct cty_scope *scope,
                        struct cty_hash *ret_offer)
{
    struct cty_statement st;
    struct cty_case c;
    world_case(w, case_id, &c);
    struct holder holder = holder_of(&c);
    begin(w, &st, CTY_OFFER, holder.name, case_id);
    st.u.offer.to = cty_bytes_text(to);
    st.u.offer.expires = w->time + DAY_MS;
    st.u.offer.hop = c.hops_count + 1;
    if (c.hops_count)
        st.u.offer.previous = (struct cty_opt_hash){c.hops[c.hops_count - 1].offer, true};
    st.u.offer.scope = scope ? *scope : world_scope(w, case_id);
    st.u.offer.scope.present = true;
    return world_submit(w, &st, ret_offer);
}

custody_err world_accept(struct world *w, const struct cty_hash *case_id, const char *agent)
{
    struct cty_statement st;
    struct cty_case c;
    begin(w, &st, CTY_ACCEPT, agent, case_id);
    world_case(w, case_id, &c);
    st.u.accept.offer = c.offer.digest;
    st.u.accept.obligations = c.offer.obligations;
    return world_submit(w, &st, NULL);
}

custody_err world_decline(struct world *w, const struct cty_hash *case_id, const char *actor)
{
    struct cty_statement st;
    struct cty_case c;
    begin(w, &st, CTY_DECLINE, actor, case_id);
    world_case(w, case_id, &c);
    st.u.decline.offer = c.offer.digest;
    return world_submit(w, &st, NULL);
}

custody_err world_withdraw(struct world *w, const struct cty_hash *case_id, const char *holder)
{
    struct cty_statement st;
    struct cty_case c;
    begin(w, &st, CTY_WITHDRAW, holder, case_id);
    world_case(w, case_id, &c);
    st.u.withdraw.offer = c.offer.digest;
    return world_submit(w, &st, NULL);
}

custody_err world_finalise(struct world *w, const struct cty_hash *case_id, const char *holder)
{
    struct cty_statement st;
    begin(w, &st, CTY_FINALISE, holder, case_id);
    return world_submit(w, &st, NULL);
}

custody_err world_hand(struct world *w, const struct cty_hash *case_id, const char *agent)
{
    CTY_TRY(world_offer(w, case_id, agent, NULL, NULL));
    return world_accept(w, case_id, agent);
}

custody_err world_question(struct world *w, const struct cty_hash *case_id, const char *approver, const char *text,
                           struct cty_hash *ret_question)
{
    struct cty_statement st;
    begin(w, &st, CTY_QUESTION, approver, case_id);
    st.u.question.question = world_commit(w, &st, "question", text);
    return world_submit(w, &st, ret_question);
}

custody_err world_answer(struct world *w, const struct cty_hash *case_id, const char *holder,
                         const struct cty_hash *question, const char *text)
{
    struct cty_statement st;
    begin(w, &st, CTY_ANSWER, holder, case_id);
    st.u.answer.answer = world_commit(w, &st, "answer", text);
    st.u.answer.question = *question;
    return world_submit(w, &st, NULL);
}

custody_err world_consent(struct world *w, const struct cty_hash *case_id, const char *holder,
                          enum cty_consent_choice choice)
{
    struct cty_statement st;
    struct cty_case c;
    begin(w, &st, CTY_CONSENT, holder, case_id);
    world_case(w, case_id, &c);
    st.u.consent.choice = (int)choice;
    st.u.consent.patch = c.payload_at;
    return world_submit(w, &st, NULL);
}

/* The next key under a name: its seed counts the keys that the name had before. */
static struct cty_secret *make_next(struct world *w, struct cty_bytes name)
{
    char seed_text[CTY_ORIGIN_BYTES_MAX + 40];
    struct cty_secret *secret = NULL;
    unsigned number = 1;
    for (size_t i = 0; i < w->former_count; i++)
        number += cty_bytes_equal(cty_secret_name(w->former[i]), name);
    snprintf(seed_text, sizeof(seed_text), "%.*s#%u", (int)name.size, (const char *)name.data, number);
    struct cty_hash seed = cty_sha256(cty_bytes_text(seed_text));
    MUST(cty_secret_from_seed(name, seed.bytes, &secret));
    return secret;
}

static struct cty_bytes begin_next(struct world *w, const char *name)
{
    cty_secret_free(w->next);
    w->next = NULL;
    w->next = make_next(w, cty_secret_name(world_secret(w, name)));
    return world_vkey_text(w, w->next);
}

void world_begin_rotation(struct world *w, struct cty_statement *st, const char *actor)
{
    world_begin(w, st, CTY_ACTOR_ROTATE, actor);
    world_add_signer(w, st, "new");
    st->u.actor_rotate.key = begin_next(w, actor);
}

void world_begin_custodian_rotation(struct world *w, struct cty_statement *st, enum cty_custodian_key which)
{
    world_begin(w, st, CTY_CUSTODIAN_ROTATE, "operator/ada");
    world_add_signer(w, st, "operator/otto");
    world_add_signer(w, st, "new");
    st->u.custodian_rotate.which = (int)which;
    st->u.custodian_rotate.key = begin_next(w, which == CTY_CUSTODIAN_LOG ? "log" : "clerk");
}

custody_err world_rotate(struct world *w, const char *actor)
{
    struct cty_statement st;
    world_begin_rotation(w, &st, actor);
    return world_submit(w, &st, NULL);
}

custody_err world_rotate_custodian(struct world *w, enum cty_custodian_key which)
{
    struct cty_statement st;
    world_begin_custodian_rotation(w, &st, which);
    return world_submit(w, &st, NULL);
}

const struct cty_secret *world_former(struct world *w, const char *actor, unsigned rotations_ago)
{
    unsigned ago = 0;
    for (size_t i = w->former_count; i-- > 0;) {
        if (cty_bytes_equal(cty_secret_name(w->former[i]), cty_secret_name(world_secret(w, actor))) &&
            ++ago == rotations_ago)
            return w->former[i];
    }
    CTY_CHECK(false); /* it was not rotated so often */
    return NULL;
}

struct cty_bytes world_former_vkey(struct world *w, const char *actor, unsigned rotations_ago)
{
    return world_vkey_text(w, world_former(w, actor, rotations_ago));
}

custody_err world_revoke_key(struct world *w, const char *actor, struct cty_bytes vkey, const char *by,
                             const char *and_by, uint64_t since)
{
    struct cty_statement st;
    world_begin(w, &st, CTY_ACTOR_REVOKE, by);
    if (and_by)
        world_add_signer(w, &st, and_by);
    st.u.actor_revoke.actor = cty_bytes_text(actor);
    st.u.actor_revoke.key = vkey;
    st.u.actor_revoke.since = since;
    return world_submit(w, &st, NULL);
}

custody_err world_close(struct world *w)
{
    struct cty_statement st;
    world_begin(w, &st, CTY_LEDGER_CLOSE, "operator/ada");
    world_add_signer(w, &st, "operator/otto");
    st.u.ledger_close.size = cty_memory_size(w->memory) + 1;
    return world_submit(w, &st, NULL);
}

/* Names that secrets keep, so that statements may borrow them. */
static const char *member(char *name, size_t size, const char *party, const char *who)
{
    snprintf(name, size, "%s/%s", party, who);
    return name;
}

void world_vendor(struct world *w, const char *party)
{
    char person[CTY_ACTOR_NAME_BYTES_MAX + 1], agent[CTY_ACTOR_NAME_BYTES_MAX + 1];
    world_party(w, party);
    MUST(world_person(w, member(person, sizeof(person), party, "p"), "approver", person));
    MUST(world_agent(w, member(agent, sizeof(agent), party, "x"), person));
    MUST(world_agent(w, member(agent, sizeof(agent), party, "y"), person));
}
