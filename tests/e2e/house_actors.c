/* SPDX-License-Identifier: Apache-2.0 */
/* Who lives in the house: clients, and enrolments through the ledger's own door. */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

struct cty_client *house_client(struct house *h, const char *name)
{
    struct cty_client *client = NULL;
    const struct cty_client_config config = {.url = h->url, .trust = &h->trust,
                                             .secret = name ? house_secret(h, name) : NULL,
                                             .patience_ms = HOUSE_PATIENCE_MS};
    must(cty_client_open(&config, &client, &house_error));
    return client;
}

static struct cty_draft *begin(struct house *h, enum cty_type type)
{
    struct cty_draft *draft = cty_alloc(1, sizeof(*draft));
    must_be(draft != NULL);
    must(cty_client_begin(h->door, type, draft, &house_error));
    return draft;
}

/* Submits, frees the draft. */
static custody_err finish(struct house *h, struct cty_draft *draft, custody_error *error)
{
    struct cty_submitted *submitted = cty_alloc(1, sizeof(*submitted));
    must_be(submitted != NULL);
    custody_err err = cty_client_submit(h->door, draft, NULL, submitted, error);
    cty_submitted_done(submitted);
    cty_draft_done(draft);
    free(submitted);
    free(draft);
    return err;
}

static void sign_by(struct house *h, struct cty_draft *draft, const char *name)
{
    must(cty_draft_sign(draft, house_secret(h, name)));
}

/* A person's random id, and the name as a content. */
static void fill_person(struct cty_draft *draft, struct cty_enrolment *person, const char *member)
{
    person->kind = CTY_PERSON;
    person->person.present = true;
    cty_random(person->person.bits, sizeof(person->person.bits));
    person->name.present = true;
    must(cty_draft_commit(draft, member, person->actor, &person->name.hash));
}

static void add_role(struct cty_enrolment *enrolment, const char *role)
{
    enrolment->roles.names[enrolment->roles.count++] = cty_bytes_text(role);
}

static void fill_keys(struct house *h, struct cty_enrolment *enrolment, const char *name)
{
    enrolment->actor = cty_secret_name(house_secret(h, name));
    enrolment->key = house_vkey(h, name);
}

static void fill_admin(struct house *h, struct cty_draft *draft, struct cty_enrolment *admin, const char *name,
                       const char *member)
{
    fill_keys(h, admin, name);
    add_role(admin, "admin");
    add_role(admin, "approver");
    fill_person(draft, admin, member);
}

void house_party(struct house *h, const char *party)
{
    char a[128], b[128];
    snprintf(a, sizeof(a), "%s/a", party);
    snprintf(b, sizeof(b), "%s/b", party);
    struct cty_draft *draft = begin(h, CTY_PARTY_ENROL);
    struct cty_party_enrol *enrol = &draft->statement.u.party_enrol;
    sign_by(h, draft, "operator/ada");
    sign_by(h, draft, "operator/otto");
    sign_by(h, draft, a);
    sign_by(h, draft, b);
    enrol->party = cty_bytes_text(party);
    enrol->admins_count = 2;
    fill_admin(h, draft, &enrol->admins[0], a, "admins/0/name");
    fill_admin(h, draft, &enrol->admins[1], b, "admins/1/name");
    must(finish(h, draft, &house_error));
}

/* "<party>/<part>" of the actor's party. */
static void neighbour(const char *name, const char *part, char *out, size_t size)
{
    struct cty_bytes party = cty_actor_party(cty_bytes_text(name));
    snprintf(out, size, "%.*s/%s", (int)party.size, (const char *)party.data, part);
}

/* Signed by the newcomer and both admins; what is special about it is for the caller. */
static struct cty_draft *draft_enrolment(struct house *h, const char *name, enum cty_actor_kind kind)
{
    char a[128], b[128];
    neighbour(name, "a", a, sizeof(a));
    neighbour(name, "b", b, sizeof(b));
    struct cty_draft *draft = begin(h, CTY_ACTOR_ENROL);
    struct cty_enrolment *enrolment = &draft->statement.u.actor_enrol.enrolment;
    sign_by(h, draft, name);
    sign_by(h, draft, a);
    sign_by(h, draft, b);
    fill_keys(h, enrolment, name);
    enrolment->kind = (int)kind;
    if (kind == CTY_PERSON)
        fill_person(draft, enrolment, "enrolment/name");
    else
        enrolment->owner = cty_secret_name(house_secret(h, a));
    return draft;
}

custody_err house_enrol(struct house *h, const char *name, enum cty_actor_kind kind, const char *role,
                        uint64_t valid_from, custody_error *error)
{
    struct cty_draft *draft = draft_enrolment(h, name, kind);
    struct cty_enrolment *enrolment = &draft->statement.u.actor_enrol.enrolment;
    enrolment->valid_from = valid_from;
    if (role)
        add_role(enrolment, role);
    return finish(h, draft, error);
}

void house_agent_for(struct house *h, const char *name, uint64_t valid_ms)
{
    struct cty_draft *draft = draft_enrolment(h, name, CTY_AGENT);
    draft->statement.u.actor_enrol.enrolment.valid_until = draft->statement.time + valid_ms;
    must(finish(h, draft, &house_error));
}

void house_person(struct house *h, const char *name, const char *role)
{
    must(house_enrol(h, name, CTY_PERSON, role, 0, &house_error));
}

void house_agent(struct house *h, const char *name)
{
    must(house_enrol(h, name, CTY_AGENT, NULL, 0, &house_error));
}

void house_revoke(struct house *h, const char *name)
{
    struct cty_draft *draft = begin(h, CTY_ACTOR_REVOKE);
    sign_by(h, draft, name);
    draft->statement.u.actor_revoke.actor = cty_secret_name(house_secret(h, name));
    draft->statement.u.actor_revoke.since = draft->statement.time;
    must(finish(h, draft, &house_error));
}
