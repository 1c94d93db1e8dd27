/* SPDX-License-Identifier: Apache-2.0 */
#include "kit/world.h"

#include "kit/step.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)

struct world *world_new(void)
{
    struct world *w = cty_alloc(1, sizeof(*w));
    CTY_CHECK(w);
    MUST(cty_crypto_init());
    MUST(cty_memory_new(&w->memory));
    w->time = WORLD_START;
    return w;
}

void world_free(struct world *w)
{
    if (!w)
        return;
    for (size_t i = w->borrowed_count; i < w->actors_count; i++)
        cty_secret_free(w->actors[i]);
    for (size_t i = 0; i < w->entries_count; i++)
        free((void *)(uintptr_t)w->entries[i].data);
    for (size_t i = 0; i < w->blobs_count; i++)
        free((void *)(uintptr_t)w->blobs[i].content.data);
    cty_secret_free(w->next);
    for (size_t i = 0; i < w->former_count; i++)
        cty_secret_free(w->former[i]);
    for (size_t i = 0; i < w->vkeys_count; i++)
        free(w->vkeys[i].text);
    if (w->borrowed_count == 0) {
        cty_secret_free(w->log);
        cty_secret_free(w->clerk);
    }
    cty_memory_free(w->memory);
    cty_delta_done(&w->delta);
    free(w->entries);
    free(w->blobs);
    free(w);
}

static custody_err copy_record(void *context, const char *key, struct cty_bytes value)
{
    return cty_memory_put(context, key, value);
}

struct world *world_clone(const struct world *w, const struct cty_hash *leaves)
{
    struct world *clone = world_new();
    CTY_CHECK(w->fast && w->actors_count > 0);
    clone->fast = w->fast;
    clone->alone = w->alone;
    clone->time = w->time;
    clone->random = w->random;
    clone->log = w->log;
    clone->clerk = w->clerk;
    clone->actors_count = clone->borrowed_count = w->actors_count;
    memcpy(clone->actors, w->actors, sizeof(w->actors));
    MUST(cty_memory_each(w->memory, copy_record, clone->memory));
    for (uint64_t i = 0; i < cty_memory_size(w->memory); i++)
        MUST(cty_memory_append_leaf(clone->memory, &leaves[i]));
    return clone;
}

static struct cty_secret *make_secret(const char *name)
{
    struct cty_hash seed = cty_sha256(cty_bytes_text(name));
    struct cty_secret *secret = NULL;
    MUST(cty_secret_from_seed(cty_bytes_text(name), seed.bytes, &secret));
    return secret;
}

const struct cty_secret *world_secret(struct world *w, const char *name)
{
    if (strcmp(name, "new") == 0) {
        CTY_CHECK(w->next);
        return w->next;
    }
    if (strcmp(name, "log") == 0)
        return w->log ? w->log : (w->log = make_secret(WORLD_ORIGIN));
    if (strcmp(name, "clerk") == 0)
        return w->clerk ? w->clerk : (w->clerk = make_secret(WORLD_ORIGIN "/clerk"));
    for (size_t i = 0; i < w->actors_count; i++) {
        if (cty_bytes_is(cty_secret_name(w->actors[i]), name))
            return w->actors[i];
    }
    CTY_CHECK(w->actors_count < WORLD_ACTORS_MAX);
    return w->actors[w->actors_count++] = make_secret(name);
}

void world_random(struct world *w, void *out, size_t size)
{
    uint8_t *bytes = out;
    for (size_t i = 0; i < size; i++) {
        w->random = w->random * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (uint8_t)(w->random >> 33);
    }
}

/* Whether this is the text of the key under that name: a rogue's friend may have a key of another's. */
static bool is_vkey_of(const struct world_vkey *vkey, const struct cty_secret *secret)
{
    struct cty_bytes name = cty_secret_name(secret);
    return cty_key_equal(&vkey->key, cty_secret_key(secret)) && strlen(vkey->text) > name.size &&
           memcmp(vkey->text, name.data, name.size) == 0 && vkey->text[name.size] == '+';
}

/* vkeys that statements borrow: one text for each key and name, for the life of the world. */
struct cty_bytes world_vkey_text(struct world *w, const struct cty_secret *secret)
{
    for (size_t i = 0; i < w->vkeys_count; i++) {
        if (is_vkey_of(&w->vkeys[i], secret))
            return cty_bytes_text(w->vkeys[i].text);
    }
    CTY_CHECK(w->vkeys_count < CTY_COUNT_OF(w->vkeys));
    struct cty_buf out = CTY_BUF_INIT(400);
    MUST(cty_vkey_format(cty_secret_name(secret), CTY_KEY_ED25519, cty_secret_key(secret), &out));
    struct world_vkey *vkey = &w->vkeys[w->vkeys_count++];
    vkey->key = *cty_secret_key(secret);
    vkey->text = cty_bytes_dup_text(cty_buf_bytes(&out));
    CTY_CHECK(vkey->text);
    cty_buf_done(&out);
    return cty_bytes_text(vkey->text);
}

struct cty_bytes world_vkey(struct world *w, const char *name)
{
    return world_vkey_text(w, world_secret(w, name));
}

static void person_bits(const char *person, struct cty_opt_bits128 *out)
{
    struct cty_hash hash = cty_sha256(cty_bytes_text(person));
    memcpy(out->bits, hash.bytes, sizeof(out->bits));
    out->present = true;
}

static void fill_person(struct world *w, struct cty_enrolment *enrolment, const char *name, const char *role,
                        const char *person)
{
    world_fill(w, enrolment, name, CTY_PERSON, person);
    if (role)
        enrolment->roles.names[enrolment->roles.count++] = cty_bytes_text(role);
}

static void fill_admin(struct world *w, struct cty_enrolment *enrolment, const char *name)
{
    fill_person(w, enrolment, name, "admin", name);
    enrolment->roles.names[enrolment->roles.count++] = CTY_LITERAL("approver");
}

void world_add_signer(struct world *w, struct cty_statement *st, const char *name)
{
    struct cty_bytes signer = cty_bytes_text(name);
    if (strchr(name, '/'))
        signer = cty_secret_name(world_secret(w, name));
    st->signers[st->signers_count++] = signer;
}

void world_begin(struct world *w, struct cty_statement *st, enum cty_type type, const char *signer)
{
    memset(st, 0, sizeof(*st));
    st->type = type;
    st->ledger = CTY_LITERAL(WORLD_ORIGIN);
    world_random(w, st->id, sizeof(st->id));
    st->seen.size = cty_memory_size(w->memory);
    MUST(cty_memory_root(w->memory, st->seen.size, &st->seen.root));
    st->time = w->time;
    st->until = w->time + 3600000;
    world_add_signer(w, st, signer);
}

void world_open(struct world *w, const char *policy)
{
    struct cty_statement st;
    world_begin(w, &st, CTY_LEDGER_OPEN, "log");
    world_add_signer(w, &st, "clerk");
    world_add_signer(w, &st, "operator/ada");
    world_add_signer(w, &st, "operator/otto");
    struct cty_ledger_open *open = &st.u.ledger_open;
    open->log_key = world_vkey_text(w, world_secret(w, "log"));
    open->clerk_key = world_vkey_text(w, world_secret(w, "clerk"));
    open->party = CTY_LITERAL("operator");
    open->policy = cty_bytes_text(policy);
    open->admins_count = 2;
    fill_admin(w, &open->admins[0], "operator/ada");
    fill_admin(w, &open->admins[1], "operator/otto");
    MUST(world_submit(w, &st, NULL));
}

void world_party(struct world *w, const char *party)
{
    struct cty_statement st;
    char a[80], b[80];
    snprintf(a, sizeof(a), "%s/a", party);
    snprintf(b, sizeof(b), "%s/b", party);
    world_begin(w, &st, CTY_PARTY_ENROL, "operator/ada");
    world_add_signer(w, &st, "operator/otto");
    world_add_signer(w, &st, a);
    world_add_signer(w, &st, b);
    st.u.party_enrol.party = cty_bytes_text(party);
    st.u.party_enrol.admins_count = 2;
    fill_admin(w, &st.u.party_enrol.admins[0], a);
    fill_admin(w, &st.u.party_enrol.admins[1], b);
    MUST(world_submit(w, &st, NULL));
}

static void add_party_admins(struct world *w, struct cty_statement *st, struct cty_bytes party)
{
    char admin[80];
    bool operator_party = cty_bytes_is(party, "operator");
    snprintf(admin, sizeof(admin), "%.*s/%s", (int)party.size, (const char *)party.data,
             operator_party ? "ada" : "a");
    world_add_signer(w, st, admin);
    snprintf(admin, sizeof(admin), "%.*s/%s", (int)party.size, (const char *)party.data,
             operator_party ? "otto" : "b");
    world_add_signer(w, st, admin);
}

void world_fill(struct world *w, struct cty_enrolment *enrolment, const char *name, enum cty_actor_kind kind,
                const char *person)
{
    memset(enrolment, 0, sizeof(*enrolment));
    enrolment->actor = cty_secret_name(world_secret(w, name));
    enrolment->key = world_vkey_text(w, world_secret(w, name));
    enrolment->kind = (int)kind;
    if (person)
        person_bits(person, &enrolment->person);
}

custody_err world_enrol(struct world *w, const struct cty_enrolment *enrolment)
{
    struct cty_statement st;
    world_begin(w, &st, CTY_ACTOR_ENROL, "log");
    st.signers[0] = enrolment->actor;
    st.u.actor_enrol.enrolment = *enrolment;
    add_party_admins(w, &st, cty_actor_party(enrolment->actor));
    return world_submit(w, &st, NULL);
}

custody_err world_person(struct world *w, const char *name, const char *role, const char *person)
{
    struct cty_enrolment enrolment;
    fill_person(w, &enrolment, name, role, person);
    return world_enrol(w, &enrolment);
}

custody_err world_agent(struct world *w, const char *name, const char *owner)
{
    struct cty_enrolment enrolment;
    world_fill(w, &enrolment, name, CTY_AGENT, NULL);
    enrolment.owner = cty_bytes_text(owner);
    return world_enrol(w, &enrolment);
}

void world_ledger(struct world *w, struct cty_ledger_record *ret_ledger)
{
    struct cty_json tape = CTY_JSON_INIT;
    memset(ret_ledger, 0, sizeof(*ret_ledger));
    MUST(cty_record_decode(&cty_shape_ledger_record, cty_memory_get(w->memory, "ledger"), &tape, ret_ledger, NULL));
    cty_json_done(&tape);
}

custody_err world_policy(struct world *w, const char *scope, const char *policy)
{
    struct cty_statement st;
    bool whole = strcmp(scope, "ledger") == 0;
    struct cty_bytes party = whole ? CTY_LITERAL("operator") : cty_bytes_text(scope);
    world_begin(w, &st, CTY_POLICY_PUBLISH, "log");
    st.signers_count = 0;
    add_party_admins(w, &st, party);
    st.u.policy_publish.policy = cty_bytes_text(policy);
    st.u.policy_publish.scope = cty_bytes_text(scope);
    char key[CTY_VIEW_KEY_MAX];
    struct cty_json tape = CTY_JSON_INIT;
    snprintf(key, sizeof(key), "party/%s", scope);
    if (whole) {
        struct cty_ledger_record ledger;
        world_ledger(w, &ledger);
        st.u.policy_publish.replaces = (struct cty_opt_hash){ledger.policy, true};
    } else {
        struct cty_party_record record = {0};
        MUST(cty_record_decode(&cty_shape_party_record, cty_memory_get(w->memory, key), &tape, &record, NULL));
        st.u.policy_publish.replaces = record.policy;
    }
    cty_json_done(&tape);
    return world_submit(w, &st, NULL);
}

void world_case(struct world *w, const struct cty_hash *case_id, struct cty_case *ret_case)
{
    char key[CTY_VIEW_KEY_MAX] = "case/";
    cty_hex_write(case_id->bytes, CTY_HASH_SIZE, key + 5);
    struct cty_bytes text = cty_memory_get(w->memory, key);
    struct cty_json tape = CTY_JSON_INIT;
    memset(ret_case, 0, sizeof(*ret_case));
    CTY_CHECK(text.data);
    MUST(cty_record_decode(&cty_shape_case, text, &tape, ret_case, NULL));
    cty_json_done(&tape);
}

enum cty_case_state world_state(struct world *w, const struct cty_hash *case_id)
{
    struct cty_case c;
    world_case(w, case_id, &c);
    return cty_case_state_at(&c, w->time);
}

void world_join(struct world *w, struct cty_statement *st, const struct cty_hash *case_id)
{
    struct cty_case c;
    world_case(w, case_id, &c);
    st->case_id = *case_id;
    st->after = c.anchor;
}

struct cty_hash world_commit(struct world *w, const struct cty_statement *st, const char *member, const char *content)
{
    w->blobs = realloc(w->blobs, (w->blobs_count + 1) * sizeof(*w->blobs));
    CTY_CHECK(w->blobs);
    struct world_blob *blob = &w->blobs[w->blobs_count++];
    memset(blob, 0, sizeof(*blob));
    memcpy(blob->statement.bytes, st->id, sizeof(st->id)); /* the id, until the digest is known */
    snprintf(blob->member, sizeof(blob->member), "%s", member);
    world_random(w, blob->salt, sizeof(blob->salt));
    blob->content = cty_bytes_make(cty_bytes_dup_text(cty_bytes_text(content)), strlen(content));
    return cty_commitment(st->ledger, st->signers[0], st->id, cty_bytes_text(member), blob->salt, blob->content);
}

/* The blobs that were made for this id now belong to the statement of this digest. */
static void keep_blobs(struct world *w, const uint8_t id[16], const struct cty_hash *digest)
{
    struct cty_hash key = {{0}};
    memcpy(key.bytes, id, 16);
    for (size_t i = 0; i < w->blobs_count; i++) {
        if (cty_hash_equal(&w->blobs[i].statement, &key))
            w->blobs[i].statement = *digest;
    }
}

static void keep_entry(struct world *w, struct cty_buf *text)
{
    if (w->entries_count == w->entries_capacity) {
        w->entries_capacity = w->entries_capacity ? w->entries_capacity * 2 : 64;
        w->entries = realloc(w->entries, w->entries_capacity * sizeof(*w->entries));
        CTY_CHECK(w->entries);
    }
    size_t size = 0;
    uint8_t *data = cty_buf_take(text, &size);
    w->entries[w->entries_count++] = cty_bytes_make(data, size);
}

static void set_links(struct world *w, struct cty_entry *entry)
{
    if (cty_memory_size(w->memory) == 0)
        return;
    struct cty_ledger_record ledger;
    world_ledger(w, &ledger);
    entry->prev = (struct cty_opt_hash){ledger.last, true};
    entry->trust = (struct cty_opt_hash){ledger.trust, true};
}

static custody_err verify_keys(struct world *w, const struct cty_signed *parsed, struct cty_fold_input *in)
{
    struct cty_bytes names[CTY_SIGNERS_MAX];
    struct cty_buf memory = CTY_BUF_INIT(1024);
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    cty_view_clear(&w->view);
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        cty_buf_clear(&memory);
        err = cty_fold_keys(&w->view, &parsed->statement, &memory, in->keys, names, &w->error);
        if (err == CUSTODY_E_VIEW_INCOMPLETE)
            MUST(cty_memory_fill(w->memory, &w->view, NULL, NULL));
    }
    for (uint32_t i = 0; err == CUSTODY_OK && i < parsed->signatures_count; i++)
        err = cty_signed_verify(parsed, i, names[i], &in->keys[i]);
    cty_buf_done(&memory);
    return err;
}

custody_err world_append(struct world *w, struct cty_bytes envelope, const struct cty_hash *case_prev)
{
    struct cty_signed parsed = {0};
    struct cty_buf text = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    struct cty_entry entry = {.index = cty_memory_size(w->memory), .statement = envelope, .time = w->time};
    struct cty_fold_input in = {.entry = &entry, .statement = &parsed.statement, .digest = &parsed.digest};
    custody_err err = cty_signed_parse(envelope, &parsed, &w->error);
    CTY_TRY_OUT(err);
    CTY_TRY_OUT(verify_keys(w, &parsed, &in));
    set_links(w, &entry);
    if (case_prev)
        entry.case_prev = (struct cty_opt_hash){*case_prev, true};
    CTY_TRY_OUT(cty_entry_encode(&entry, &text));
    in.leaf = cty_tree_leaf(cty_buf_bytes(&text));
    CTY_TRY_OUT(cty_memory_fold(w->memory, &w->view, &in, &w->delta, NULL, NULL, &w->error));
    keep_blobs(w, parsed.statement.id, &parsed.digest);
    keep_entry(w, &text);
out:
    cty_signed_done(&parsed);
    cty_buf_done(&text);
    return err;
}

static void case_last(struct world *w, const struct cty_hash *case_id, struct cty_opt_hash *ret_last)
{
    char key[CTY_VIEW_KEY_MAX] = "case/";
    cty_hex_write(case_id->bytes, CTY_HASH_SIZE, key + 5);
    ret_last->present = cty_memory_get(w->memory, key).data != NULL;
    if (!ret_last->present)
        return;
    struct cty_case c;
    world_case(w, case_id, &c);
    ret_last->hash = c.last;
}

static custody_err sign_and_append(struct world *w, const struct cty_statement *st, struct cty_hash *ret_digest)
{
    if (w->fast) {
        struct world_step step;
        world_step_init(w, st, &step);
        custody_err err = world_step_fold(w, &step);
        *ret_digest = step.digest;
        return err;
    }
    const struct cty_secret *secrets[CTY_SIGNERS_MAX];
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_opt_hash last = {.present = false};
    for (uint32_t i = 0; i < st->signers_count; i++) {
        char name[CTY_ACTOR_NAME_BYTES_MAX + 1];
        snprintf(name, sizeof(name), "%.*s", (int)st->signers[i].size, (const char *)st->signers[i].data);
        secrets[i] = world_secret(w, name);
    }
    MUST(cty_statement_sign(st, secrets, st->signers_count, &envelope, ret_digest));
    if (cty_type_flags(st->type) & CTY_TYPE_CASE)
        case_last(w, &st->case_id, &last);
    custody_err err = world_append(w, cty_buf_bytes(&envelope), last.present ? &last.hash : NULL);
    cty_buf_done(&envelope);
    return err;
}

static custody_err ask_clerk(struct world *w, struct cty_view *view, const struct cty_hash *case_id,
                             struct cty_statement *st, struct cty_json *tape)
{
    return st->type == CTY_VERDICT ? cty_clerk_verdict(view, case_id, w->time, st, tape, &w->error)
                                   : cty_clerk_release(view, case_id, w->time, st, tape, &w->error);
}

bool world_next(struct world *w, struct cty_statement *st)
{
    struct cty_ledger_record ledger;
    world_ledger(w, &ledger);
    if (ledger.follow == CTY_FOLLOW_NONE)
        return false;
    struct cty_hash case_id = ledger.follow_case.hash;
    world_begin(w, st, ledger.follow == CTY_FOLLOW_VERDICT ? CTY_VERDICT : CTY_RELEASE, "clerk");
    st->until = w->time;
    if (st->type == CTY_VERDICT)
        world_random(w, st->u.verdict.instance, sizeof(st->u.verdict.instance));
    struct cty_json tape = CTY_JSON_INIT;
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    cty_view_clear(&w->view);
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        err = ask_clerk(w, &w->view, &case_id, st, &tape);
        if (err == CUSTODY_E_VIEW_INCOMPLETE)
            MUST(cty_memory_fill(w->memory, &w->view, NULL, NULL));
    }
    MUST(err);
    cty_json_done(&tape);
    return true;
}

/* The clerk's statements that must stand next. */
static void follow_up(struct world *w)
{
    struct cty_statement st;
    struct cty_hash digest;
    while (!w->alone && world_next(w, &st))
        MUST(sign_and_append(w, &st, &digest));
}

static struct cty_secret **secret_place(struct world *w, const struct cty_secret *secret)
{
    if (secret == w->log)
        return &w->log;
    if (secret == w->clerk)
        return &w->clerk;
    for (size_t i = 0; i < w->actors_count; i++) {
        if (w->actors[i] == secret)
            return &w->actors[i];
    }
    CTY_CHECK(false); /* a secret of another world */
    return NULL;
}

/* The key that signed as "new" is its owner's from now on. */
static void rotated(struct world *w, const struct cty_statement *st)
{
    const char *name = st->u.custodian_rotate.which == CTY_CUSTODIAN_LOG ? "log" : "clerk";
    char actor[CTY_ACTOR_NAME_BYTES_MAX + 1];
    if (st->type == CTY_ACTOR_ROTATE) {
        snprintf(actor, sizeof(actor), "%.*s", (int)st->signers[0].size, (const char *)st->signers[0].data);
        name = actor;
    }
    struct cty_secret **place = secret_place(w, world_secret(w, name));
    CTY_CHECK(w->next && w->former_count < WORLD_FORMER_MAX && w->borrowed_count == 0);
    w->former[w->former_count++] = *place;
    *place = w->next;
    w->next = NULL;
}

custody_err world_submit(struct world *w, const struct cty_statement *st, struct cty_hash *ret_digest)
{
    struct cty_hash digest;
    CTY_TRY(sign_and_append(w, st, &digest));
    if (st->type == CTY_ACTOR_ROTATE || st->type == CTY_CUSTODIAN_ROTATE)
        rotated(w, st);
    if (ret_digest)
        *ret_digest = digest;
    follow_up(w);
    return CUSTODY_OK;
}

custody_err world_submit_envelope(struct world *w, struct cty_bytes envelope, struct cty_hash *ret_digest)
{
    struct cty_signed parsed = {0};
    struct cty_opt_hash last = {.present = false};
    custody_err err = cty_signed_parse(envelope, &parsed, &w->error);
    if (err == CUSTODY_OK && (cty_type_flags(parsed.statement.type) & CTY_TYPE_CASE))
        case_last(w, &parsed.statement.case_id, &last);
    if (err == CUSTODY_OK && ret_digest)
        *ret_digest = parsed.digest;
    cty_signed_done(&parsed);
    CTY_TRY(err);
    CTY_TRY(world_append(w, envelope, last.present ? &last.hash : NULL));
    follow_up(w);
    return CUSTODY_OK;
}

custody_err world_request(struct world *w, const char *agent, const char *executor, const char *action,
                          const char *payload, struct cty_hash *ret_case)
{
    struct cty_statement st;
    world_begin(w, &st, CTY_REQUEST, agent);
    struct cty_request *request = &st.u.request;
    request->action = cty_bytes_text(action);
    request->service = CTY_LITERAL("payments");
    request->executor = cty_bytes_text(executor);
    request->expires = w->time + 7 * 24 * 3600000ull;
    request->priority = CTY_PRIORITY_NORMAL;
    request->payload = world_commit(w, &st, "payload", payload);
    return world_submit(w, &st, ret_case);
}

struct cty_opt_hash world_previous(const struct cty_case *c)
{
    struct cty_opt_hash previous = {.present = false};
    for (uint32_t i = 0; i < c->quorum_count; i++)
        previous.present = previous.present || (c->quorum[i].ordered && c->decisions_count > 0);
    if (previous.present)
        previous.hash = c->decisions[c->decisions_count - 1].digest;
    return previous;
}

custody_err world_decide(struct world *w, const struct cty_hash *case_id, const char *approver, enum cty_choice choice)
{
    struct cty_statement st;
    struct cty_case c;
    world_begin(w, &st, CTY_DECISION, approver);
    world_join(w, &st, case_id);
    world_case(w, case_id, &c);
    st.u.decision.choice = (int)choice;
    st.u.decision.expires = w->time + 24 * 3600000ull;
    memcpy(st.u.decision.instance, c.instance.bits, 16);
    st.u.decision.payload = c.payload;
    if (choice == CTY_APPROVE)
        st.u.decision.previous = world_previous(&c);
    return world_submit(w, &st, NULL);
}

custody_err world_patch(struct world *w, const struct cty_hash *case_id, const char *approver, const char *operations,
                        const char *result)
{
    struct cty_statement st;
    struct cty_case c;
    world_begin(w, &st, CTY_PATCH, approver);
    world_join(w, &st, case_id);
    world_case(w, case_id, &c);
    st.u.patch.base = c.payload;
    st.u.patch.operations = world_commit(w, &st, "operations", operations);
    st.u.patch.result = world_commit(w, &st, "result", result);
    return world_submit(w, &st, NULL);
}

custody_err world_consume(struct world *w, const struct cty_hash *case_id, const char *agent)
{
    struct cty_statement st;
    struct cty_case c;
    world_begin(w, &st, CTY_CONSUME, agent);
    world_join(w, &st, case_id);
    world_case(w, case_id, &c);
    st.u.consume.payload = c.payload;
    return world_submit(w, &st, NULL);
}

custody_err world_outcome(struct world *w, const struct cty_hash *case_id, const char *agent, enum cty_outcome outcome)
{
    struct cty_statement st;
    world_begin(w, &st, CTY_OUTCOME, agent);
    world_join(w, &st, case_id);
    st.u.outcome.outcome = (int)outcome;
    return world_submit(w, &st, NULL);
}

custody_err world_cancel(struct world *w, const struct cty_hash *case_id, const char *actor)
{
    struct cty_statement st;
    world_begin(w, &st, CTY_CANCEL, actor);
    world_join(w, &st, case_id);
    return world_submit(w, &st, NULL);
}

custody_err world_revoke(struct world *w, const char *actor, const char *by, const char *and_by, uint64_t since)
{
    struct cty_statement st;
    world_begin(w, &st, CTY_ACTOR_REVOKE, by);
    if (and_by)
        world_add_signer(w, &st, and_by);
    st.u.actor_revoke.actor = cty_bytes_text(actor);
    st.u.actor_revoke.since = since;
    return world_submit(w, &st, NULL);
}

custody_err world_expire(struct world *w, const struct cty_hash *case_id)
{
    return world_expire_on(w, case_id, cty_bytes_make(NULL, 0));
}

custody_err world_expire_on(struct world *w, const struct cty_hash *case_id, struct cty_bytes witnessed)
{
    struct cty_statement st;
    struct cty_json tape = CTY_JSON_INIT;
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    world_begin(w, &st, CTY_EXPIRY, "clerk");
    st.until = w->time;
    cty_view_clear(&w->view);
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        err = cty_clerk_expiry(&w->view, case_id, w->time, &st, &tape, &w->error);
        if (err == CUSTODY_E_VIEW_INCOMPLETE)
            MUST(cty_memory_fill(w->memory, &w->view, NULL, NULL));
    }
    cty_json_done(&tape);
    CTY_TRY(err);
    st.u.expiry.witnessed = witnessed;
    return world_submit(w, &st, NULL);
}

void world_checkpoint(struct world *w, struct cty_buf *out)
{
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = cty_memory_size(w->memory)};
    struct cty_buf text = CTY_BUF_INIT(4096);
    MUST(cty_memory_root(w->memory, checkpoint.size, &checkpoint.root));
    MUST(cty_checkpoint_format(&checkpoint, &text));
    MUST(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, world_secret(w, "log"), out));
    cty_buf_done(&text);
}
