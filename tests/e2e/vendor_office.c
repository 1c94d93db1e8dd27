/* SPDX-License-Identifier: Apache-2.0 */
/* What the vendor's two admins sign, through the vendor's own door. */
#include "vendor.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "drafts.h"

struct cty_secret *office_key(const struct vendor *v, const char *name, const char *file, char *ret_path, size_t size)
{
    struct cty_secret *secret = NULL;
    must(cty_secret_new(cty_bytes_text(name), &secret));
    snprintf(ret_path, size, "%s/%s", v->folder, file);
    must(cty_secret_save(secret, ret_path, cty_bytes_make(NULL, 0), &house_error));
    return secret;
}

struct cty_client *office_client(struct vendor *v, const struct cty_secret *secret)
{
    struct cty_client *client = NULL;
    const struct cty_client_config config = {.url = v->url, .trust = &v->trust, .secret = secret,
                                             .patience_ms = HOUSE_PATIENCE_MS};
    must(cty_client_open(&config, &client, &house_error));
    return client;
}

void office_open(struct vendor *v)
{
    v->door = office_client(v, NULL);
}

static void sign_by_both(struct vendor *v, struct cty_draft *draft)
{
    must(cty_draft_sign(draft, v->admins[0]));
    must(cty_draft_sign(draft, v->admins[1]));
}

static struct cty_draft *begin(struct vendor *v, enum cty_type type)
{
    struct cty_draft *draft = draft_new();
    must(cty_client_begin(v->door, type, draft, &house_error));
    return draft;
}

static void submit(struct vendor *v, struct cty_draft *draft)
{
    must(cty_client_submit(v->door, draft, NULL, &v->submitted, &house_error));
    draft_free(draft);
}

static void fill(struct vendor *v, struct cty_enrolment *enrolment, const struct cty_secret *secret,
                 enum cty_actor_kind kind, const char *role, struct cty_buf *vkey)
{
    must(cty_vkey_format(cty_secret_name(secret), CTY_KEY_ED25519, cty_secret_key(secret), vkey));
    enrolment->actor = cty_secret_name(secret);
    enrolment->key = cty_buf_bytes(vkey);
    enrolment->kind = (int)kind;
    if (role)
        enrolment->roles.names[enrolment->roles.count++] = cty_bytes_text(role);
    if (kind != CTY_PERSON) {
        enrolment->owner = cty_secret_name(v->admins[0]);
        return;
    }
    enrolment->person.present = true;
    cty_random(enrolment->person.bits, sizeof(enrolment->person.bits));
}

void office_enrol(struct vendor *v, const struct cty_secret *secret, enum cty_actor_kind kind, const char *role)
{
    struct cty_buf vkey = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    pthread_mutex_lock(&v->office);
    struct cty_draft *draft = begin(v, CTY_ACTOR_ENROL);
    must(cty_draft_sign(draft, secret));
    sign_by_both(v, draft);
    fill(v, &draft->statement.u.actor_enrol.enrolment, secret, kind, role, &vkey);
    submit(v, draft);
    pthread_mutex_unlock(&v->office);
    cty_buf_done(&vkey);
}

void office_revoke(struct vendor *v, const char *actor, uint64_t since)
{
    pthread_mutex_lock(&v->office);
    struct cty_draft *draft = begin(v, CTY_ACTOR_REVOKE);
    sign_by_both(v, draft);
    draft->statement.u.actor_revoke.actor = cty_bytes_text(actor);
    draft->statement.u.actor_revoke.since = since;
    submit(v, draft);
    pthread_mutex_unlock(&v->office);
}

void office_publish(struct vendor *v, const char *policy)
{
    pthread_mutex_lock(&v->office);
    struct cty_draft *draft = begin(v, CTY_POLICY_PUBLISH);
    sign_by_both(v, draft);
    draft->statement.u.policy_publish.policy = cty_bytes_text(policy);
    draft->statement.u.policy_publish.scope = cty_bytes_text(v->party);
    submit(v, draft);
    pthread_mutex_unlock(&v->office);
}
