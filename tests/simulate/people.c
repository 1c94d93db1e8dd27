/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The people of a simulated ledger:
 *
 *   operator  ada, otto (admins)
 *   acme      a, b (admins, approvers), carol, chief (approvers), bot, pal, and mallory, who tries things
 *   globex    a, b, gina, chief; ship, pack
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"
#include "simulate/sim.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)

static const char policy[] =
    "{\"admin_quorum\":2,\"rules\":["
    "{\"approvals\":1,\"decide_ms\":1800000,\"effect\":\"hold\",\"match\":{\"action\":\"refund\"},\"parties\":[\"*\"],"
    "\"report_ms\":600000,\"roles\":[\"approver\"],\"use_ms\":600000},"
    "{\"approvals\":2,\"decide_ms\":3600000,\"effect\":\"hold\",\"match\":{\"action\":\"transfer\"},\"parties\":[\"*\"],"
    "\"report_ms\":600000,\"roles\":[\"approver\"],\"use_ms\":600000,\"window_ms\":1200000},"
    "{\"approvals\":1,\"consent\":true,\"effect\":\"hold\",\"match\":{\"action\":\"careful\"},\"parties\":[\"*\"],"
    "\"roles\":[\"approver\"]},"
    "{\"approvals\":1,\"effect\":\"hold\",\"escalation\":{\"after_ms\":300000,\"parties\":[\"*\"],\"roles\":[\"approver\"]},"
    "\"match\":{\"action\":\"slow\"},\"parties\":[\"*\"],\"roles\":[\"chief\"]},"
    "{\"approvals\":2,\"effect\":\"hold\",\"match\":{\"action\":\"order\"},\"ordered\":true,\"parties\":[\"*\"],"
    "\"roles\":[\"approver\",\"chief\"]},"
    "{\"effect\":\"pass\",\"match\":{\"action\":\"ping\"},\"report_ms\":300000,\"use_ms\":300000}]}";

static const struct {
    const char *name, *role;
    enum cty_actor_kind kind;
} members[] = {
    {"acme/carol", "approver", CTY_PERSON}, {"acme/chief", "chief", CTY_PERSON}, {"acme/bot", NULL, CTY_AGENT},
    {"acme/pal", NULL, CTY_AGENT},          {"acme/mallory", NULL, CTY_AGENT},   {"globex/gina", "approver", CTY_PERSON},
    {"globex/chief", "chief", CTY_PERSON},  {"globex/ship", NULL, CTY_AGENT},    {"globex/pack", NULL, CTY_SERVICE},
};

/* --- keys ----------------------------------------------------------------------------------------------------- */

struct cty_secret *people_make(const char *name, const char *seed)
{
    struct cty_hash bytes = cty_sha256(cty_bytes_text(seed));
    struct cty_secret *secret = NULL;
    MUST(cty_secret_from_seed(cty_bytes_text(name), bytes.bytes, &secret));
    return secret;
}

int people_key_number(const struct cty_key *key)
{
    struct cty_hash hash = cty_sha256(cty_bytes_make(key->bytes, sizeof(key->bytes)));
    return 1 + (hash.bytes[0] | hash.bytes[1] << 8 | hash.bytes[2] << 16 | (hash.bytes[3] & 0x3f) << 24);
}

struct actor_key *people_find(struct sim *s, const char *name)
{
    for (size_t i = 0; i < s->actors_count; i++) {
        if (strcmp(s->actors[i].name, name) == 0)
            return &s->actors[i];
    }
    return NULL;
}

const struct cty_secret *people_secret(struct sim *s, const char *name)
{
    if (strcmp(name, "log") == 0)
        return s->log;
    if (strcmp(name, "clerk") == 0)
        return s->clerk;
    struct actor_key *actor = people_find(s, name);
    if (actor)
        return actor->secret;
    CTY_CHECK(s->actors_count < SIM_ACTORS);
    actor = &s->actors[s->actors_count++];
    snprintf(actor->name, sizeof(actor->name), "%s", name);
    actor->secret = people_make(name, name);
    return actor->secret;
}

void people_init(struct sim *s)
{
    s->log = people_make(SIM_ORIGIN, "log");
    s->clerk = people_make(SIM_ORIGIN "/clerk", "clerk");
    s->next_log = people_make(SIM_ORIGIN, "next log");
    s->next_clerk = people_make(SIM_ORIGIN "/clerk", "next clerk");
}

void people_done(struct sim *s)
{
    for (size_t i = 0; i < s->actors_count; i++) {
        cty_secret_free(s->actors[i].secret);
        cty_secret_free(s->actors[i].next);
    }
    cty_secret_free(s->log);
    cty_secret_free(s->clerk);
    cty_secret_free(s->next_log);
    cty_secret_free(s->next_clerk);
}

/* --- enrolling ------------------------------------------------------------------------------------------------ */

static struct cty_bytes vkey(const struct cty_secret *secret, char out[400])
{
    struct cty_buf text = CTY_BUF_INIT(399);
    MUST(cty_vkey_format(cty_secret_name(secret), CTY_KEY_ED25519, cty_secret_key(secret), &text));
    memcpy(out, text.data, text.size);
    out[text.size] = 0;
    cty_buf_done(&text);
    return cty_bytes_text(out);
}

static void fill(struct sim *s, struct cty_enrolment *e, const char *name, enum cty_actor_kind kind, char text[400])
{
    const struct cty_secret *secret = people_secret(s, name);
    struct cty_hash person = cty_sha256(cty_bytes_text(name));
    memset(e, 0, sizeof(*e));
    e->actor = cty_secret_name(secret);
    e->key = vkey(secret, text);
    e->kind = (int)kind;
    e->person.present = kind == CTY_PERSON;
    if (kind == CTY_PERSON)
        memcpy(e->person.bits, person.bytes, sizeof(e->person.bits));
}

static void fill_admin(struct sim *s, struct cty_enrolment *e, const char *name, char text[400])
{
    fill(s, e, name, CTY_PERSON, text);
    e->roles = (struct cty_names){.count = 2, .names = {CTY_LITERAL("admin"), CTY_LITERAL("approver")}};
}

static void put_params(const struct paper *paper, struct cty_buf *out)
{
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "envelope");
    cty_jw_string(&jw, cty_buf_bytes(&paper->envelope));
    cty_jw_object_end(&jw);
    MUST(cty_jw_end(&jw));
}

void people_genesis(struct sim *s, struct cty_buf *out)
{
    static struct cty_statement st;
    char texts[4][400];
    struct cty_ledger_open *open = &st.u.ledger_open;
    paper_begin(s, &st, CTY_LEDGER_OPEN, "log");
    paper_add_signer(s, &st, "clerk");
    (void)people_secret(s, "operator/ada");
    (void)people_secret(s, "operator/otto");
    paper_add_signer(s, &st, "operator/ada");
    paper_add_signer(s, &st, "operator/otto");
    open->log_key = vkey(s->log, texts[0]);
    open->clerk_key = vkey(s->clerk, texts[1]);
    open->party = CTY_LITERAL("operator");
    open->policy = cty_bytes_text(policy);
    fill_admin(s, &open->admins[0], "operator/ada", texts[2]);
    fill_admin(s, &open->admins[1], "operator/otto", texts[3]);
    open->admins_count = 2;
    struct paper *paper = paper_new(s);
    paper_sign(s, paper, &st, false);
    paper->state = PAPER_STANDS;
    put_params(paper, out);
}

/* Without the network: nothing is lost, and it stands. */
static void must_stand(struct sim *s, const struct cty_statement *st)
{
    struct paper *paper = paper_new(s);
    paper_sign(s, paper, st, false);
    office_take(s, paper->number);
    office_run(s, 1);
    uint64_t size = auditor_size(s);
    auditor_look(s, false);
    if (auditor_size(s) == size)
        sim_fail(s, "enrolment", "paper %zu does not stand", paper->number);
}

static void enrol_party(struct sim *s, const char *party, const char *a, const char *b)
{
    static struct cty_statement st;
    char texts[2][400];
    (void)people_secret(s, a);
    (void)people_secret(s, b);
    paper_begin(s, &st, CTY_PARTY_ENROL, "operator/ada");
    paper_add_signer(s, &st, "operator/otto");
    paper_add_signer(s, &st, a);
    paper_add_signer(s, &st, b);
    st.u.party_enrol.party = cty_bytes_text(party);
    fill_admin(s, &st.u.party_enrol.admins[0], a, texts[0]);
    fill_admin(s, &st.u.party_enrol.admins[1], b, texts[1]);
    st.u.party_enrol.admins_count = 2;
    must_stand(s, &st);
}

static void enrol_member(struct sim *s, const char *name, const char *role, enum cty_actor_kind kind)
{
    static struct cty_statement st;
    char text[400];
    const char *a = name[0] == 'a' ? "acme/a" : "globex/a";
    (void)people_secret(s, name);
    paper_begin(s, &st, CTY_ACTOR_ENROL, name);
    paper_add_signer(s, &st, a);
    paper_add_signer(s, &st, name[0] == 'a' ? "acme/b" : "globex/b");
    struct cty_enrolment *e = &st.u.actor_enrol.enrolment;
    fill(s, e, name, kind, text);
    if (kind != CTY_PERSON)
        e->owner = cty_bytes_text(a);
    if (role)
        e->roles = (struct cty_names){.count = 1, .names = {cty_bytes_text(role)}};
    must_stand(s, &st);
}

void people_enrol(struct sim *s)
{
    enrol_party(s, "acme", "acme/a", "acme/b");
    enrol_party(s, "globex", "globex/a", "globex/b");
    for (size_t i = 0; i < CTY_COUNT_OF(members) && !s->failed; i++)
        enrol_member(s, members[i].name, members[i].role, members[i].kind);
}
