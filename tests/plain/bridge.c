/* SPDX-License-Identifier: Apache-2.0 */
#include "plain/bridge.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

static const enum cty_type types[] = {
    [PLAIN_PARTY_ENROL] = CTY_PARTY_ENROL, [PLAIN_ACTOR_ENROL] = CTY_ACTOR_ENROL,
    [PLAIN_ACTOR_REVOKE] = CTY_ACTOR_REVOKE, [PLAIN_POLICY_PUBLISH] = CTY_POLICY_PUBLISH,
    [PLAIN_REQUEST] = CTY_REQUEST, [PLAIN_VERDICT] = CTY_VERDICT, [PLAIN_PATCH] = CTY_PATCH,
    [PLAIN_DECISION] = CTY_DECISION, [PLAIN_RELEASE] = CTY_RELEASE, [PLAIN_CONSUME] = CTY_CONSUME,
    [PLAIN_OUTCOME] = CTY_OUTCOME, [PLAIN_CANCEL] = CTY_CANCEL, [PLAIN_EXPIRY] = CTY_EXPIRY,
    [PLAIN_ACTOR_ROTATE] = CTY_ACTOR_ROTATE, [PLAIN_CUSTODIAN_ROTATE] = CTY_CUSTODIAN_ROTATE,
    [PLAIN_LEDGER_CLOSE] = CTY_LEDGER_CLOSE, [PLAIN_CONSENT] = CTY_CONSENT, [PLAIN_QUESTION] = CTY_QUESTION,
    [PLAIN_ANSWER] = CTY_ANSWER, [PLAIN_OFFER] = CTY_OFFER, [PLAIN_ACCEPT] = CTY_ACCEPT,
    [PLAIN_DECLINE] = CTY_DECLINE, [PLAIN_WITHDRAW] = CTY_WITHDRAW, [PLAIN_FINALISE] = CTY_FINALISE,
};

static struct cty_bytes text(const char *string)
{
    return cty_bytes_text(string);
}

/* A hash that says its number in its first bytes, so that it can be read back. */
static struct cty_hash numbered(const char *kind, int number)
{
    char name[64];
    snprintf(name, sizeof(name), "%s %d", kind, number);
    struct cty_hash hash = cty_sha256(text(name));
    for (int i = 0; i < 4; i++)
        hash.bytes[i] = (uint8_t)((unsigned)number >> (8 * i));
    return hash;
}

static int number_of(const char *kind, const struct cty_hash *hash, size_t size)
{
    unsigned number = 0;
    for (int i = 0; i < 4; i++)
        number |= (unsigned)hash->bytes[i] << (8 * i);
    struct cty_hash again = numbered(kind, (int)number);
    return memcmp(again.bytes, hash->bytes, size) == 0 ? (int)number : PLAIN_NONE;
}

struct cty_hash bridge_payload(int number)
{
    return numbered("payload", number);
}

/* Instance 0 is the one of zeros. */
static void instance_bits(int number, uint8_t bits[16])
{
    struct cty_hash hash = numbered("instance", number);
    memset(bits, 0, 16);
    if (number != 0)
        memcpy(bits, hash.bytes, 16);
}

static int instance_number(const uint8_t bits[16])
{
    static const uint8_t zero[16];
    struct cty_hash hash = {{0}};
    memcpy(hash.bytes, bits, 16);
    return memcmp(bits, zero, 16) == 0 ? 0 : number_of("instance", &hash, 16);
}

/* Ids are numbers too; 0 is that of entry 0, the first that a world's generator gives. */
static void id_bits(struct world *w, int number, uint8_t bits[16])
{
    struct cty_hash hash = numbered("id", number);
    uint64_t random = w->random;
    w->random = 0;
    world_random(w, bits, 16);
    w->random = random;
    if (number != 0)
        memcpy(bits, hash.bytes, 16);
}

static const char *key_owner(int key, char out[40])
{
    static const char *const first[] = {"log", "clerk", "operator/ada", "operator/otto"};
    if (key < 4)
        return first[key];
    snprintf(out, 40, "key/%d", key);
    return out;
}

static const char *person_text(int person, char out[40])
{
    static const char *const first[] = {"operator/ada", "operator/otto"};
    if (person < 2)
        return first[person];
    snprintf(out, 40, "person %d", person);
    return out;
}

static void write_names(struct cty_jw *jw, const char *label, const plain_name *names, int count)
{
    if (count == 0)
        return;
    cty_jw_name(jw, label);
    cty_jw_array(jw);
    for (int i = 0; i < count; i++)
        cty_jw_text(jw, names[i]);
    cty_jw_array_end(jw);
}

static void write_number(struct cty_jw *jw, const char *label, plain_number number)
{
    if (number == 0)
        return;
    cty_jw_name(jw, label);
    cty_jw_u64(jw, (uint64_t)number);
}

static void write_match(struct cty_jw *jw, const struct plain_rule *rule)
{
    const struct {
        const char *label, *glob;
    } globs[] = {{"action", rule->action}, {"agent", rule->agent}, {"party", rule->party},
                 {"priority", rule->priority}, {"service", rule->service}};
    bool any = false;
    for (size_t i = 0; i < CTY_COUNT_OF(globs); i++)
        any = any || globs[i].glob[0];
    if (!any)
        return;
    cty_jw_name(jw, "match");
    cty_jw_object(jw);
    for (size_t i = 0; i < CTY_COUNT_OF(globs); i++) {
        if (!globs[i].glob[0])
            continue;
        cty_jw_name(jw, globs[i].label);
        cty_jw_text(jw, globs[i].glob);
    }
    cty_jw_object_end(jw);
}

static void write_truth(struct cty_jw *jw, const char *label, bool truth)
{
    if (!truth)
        return;
    cty_jw_name(jw, label);
    cty_jw_bool(jw, true);
}

static void write_escalation(struct cty_jw *jw, const struct plain_escalation *escalation)
{
    if (!escalation->present)
        return;
    cty_jw_name(jw, "escalation");
    cty_jw_object(jw);
    write_number(jw, "after_ms", escalation->after);
    write_names(jw, "parties", escalation->parties, escalation->parties_count);
    write_names(jw, "roles", escalation->roles, escalation->roles_count);
    cty_jw_object_end(jw);
}

static void write_rule(struct cty_jw *jw, const struct plain_rule *rule)
{
    static const char *const effects[] = {"pass", "hold", "deny"};
    cty_jw_object(jw);
    write_number(jw, "approvals", rule->approvals);
    write_truth(jw, "consent", rule->consent);
    write_number(jw, "decide_ms", rule->decide_ms);
    write_truth(jw, "distinct_parties", rule->distinct_parties);
    cty_jw_name(jw, "effect");
    cty_jw_text(jw, effects[rule->effect]);
    write_escalation(jw, &rule->escalation);
    if (rule->hardware) {
        cty_jw_name(jw, "key_custody");
        cty_jw_text(jw, "hardware");
    }
    write_match(jw, rule);
    write_truth(jw, "ordered", rule->ordered);
    write_names(jw, "parties", rule->parties, rule->parties_count);
    write_number(jw, "report_ms", rule->report_ms);
    write_names(jw, "roles", rule->roles, rule->roles_count);
    write_number(jw, "use_ms", rule->use_ms);
    write_number(jw, "window_ms", rule->window_ms);
    cty_jw_object_end(jw);
}

static void write_policy(struct bridge *b, const struct plain_policy *policy)
{
    struct cty_buf out = CTY_BUF_INIT(sizeof(b->policy) - 1);
    struct cty_jw jw;
    cty_jw_begin(&jw, &out);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "admin_quorum");
    cty_jw_u64(&jw, (uint64_t)policy->admin_quorum);
    if (policy->recovery_quorum) {
        cty_jw_name(&jw, "recovery");
        cty_jw_object(&jw);
        write_number(&jw, "quorum", policy->recovery_quorum);
        write_names(&jw, "roles", policy->recovery_roles, policy->recovery_roles_count);
        cty_jw_object_end(&jw);
    }
    cty_jw_name(&jw, "rules");
    cty_jw_array(&jw);
    for (int i = 0; i < policy->rules_count; i++)
        write_rule(&jw, &policy->rules[i]);
    cty_jw_array_end(&jw);
    cty_jw_object_end(&jw);
    CTY_CHECK(cty_jw_end(&jw) == CUSTODY_OK);
    memcpy(b->policy, out.data, out.size);
    b->policy[out.size] = 0;
    cty_buf_done(&out);
}

static void names(const plain_name *from, int count, struct cty_names *to)
{
    for (int i = 0; i < count; i++)
        to->names[to->count++] = text(from[i]);
}

/* The line of key number `key` under a name, in the bridge's own memory. */
static void write_key(struct bridge *b, int key, const char *name, int place)
{
    char owner[40];
    struct cty_buf out = CTY_BUF_INIT(sizeof(b->keys[0]) - 1);
    const struct cty_secret *secret = world_secret(b->w, key_owner(key, owner));
    CTY_CHECK(cty_vkey_format(text(name), CTY_KEY_ED25519, cty_secret_key(secret), &out) == CUSTODY_OK);
    memcpy(b->keys[place], out.data, out.size);
    b->keys[place][out.size] = 0;
    cty_buf_done(&out);
}

static void make_enrolment(struct bridge *b, const struct plain_enrolment *e, int place, struct cty_enrolment *out)
{
    static const int kinds[] = {CTY_AGENT, CTY_PERSON, CTY_SERVICE};
    char person[40];
    static const int custodies[] = {CTY_KEY_SELF, CTY_KEY_HARDWARE, CTY_KEY_OPERATOR};
    write_key(b, e->key, e->name, place);
    out->key_custody = custodies[e->custody];
    out->actor = text(e->name);
    out->key = text(b->keys[place]);
    out->kind = kinds[e->kind];
    if (e->owner[0])
        out->owner = text(e->owner);
    out->person.present = e->person != PLAIN_NONE;
    if (out->person.present) {
        struct cty_hash hash = cty_sha256(text(person_text(e->person, person)));
        memcpy(out->person.bits, hash.bytes, 16);
    }
    names(e->roles, e->roles_count, &out->roles);
    out->valid_from = (uint64_t)e->valid_from;
    out->valid_until = (uint64_t)e->valid_until;
}

static struct cty_hash digest_of(struct bridge *b, int entry)
{
    struct cty_hash hash;
    if (entry != PLAIN_NONE)
        return b->digests[entry];
    world_random(b->w, &hash, sizeof(hash));
    return hash;
}

static struct cty_hash case_digest(struct bridge *b, int the_case)
{
    return digest_of(b, the_case == PLAIN_NONE ? PLAIN_NONE : b->p->cases[the_case].opened);
}

static void make_request(struct bridge *b, const struct plain_request *r, struct cty_request *out)
{
    out->action = text(r->action);
    out->service = text(r->service);
    out->executor = text(r->executor);
    names(r->behalf, r->behalf_count, &out->behalf);
    out->priority = r->priority;
    out->expires = (uint64_t)r->expires;
    out->payload = bridge_payload(r->payload);
    if (!r->has_parent)
        return;
    out->parent = (struct cty_parent){true, digest_of(b, r->parent_after), case_digest(b, r->parent)};
}

/* Obligations are numbers; 0 is none. */
static struct cty_opt_hash obligations(int number)
{
    return (struct cty_opt_hash){numbered("obligations", number), number != 0};
}

static void make_scope(const struct plain_scope *s, struct cty_scope *out)
{
    out->present = true;
    out->depth = (uint64_t)s->depth;
    out->releases = (uint64_t)s->releases;
    out->expires = (uint64_t)s->expires;
    names(s->services, s->services_count, &out->services);
    names(s->actions, s->actions_count, &out->actions);
}

static void make_offer(struct bridge *b, const struct plain_offer *o, struct cty_offer *out)
{
    out->to = text(o->to);
    out->expires = (uint64_t)o->expires;
    out->hop = (uint64_t)o->hop;
    out->previous.present = o->previous != PLAIN_NONE;
    if (out->previous.present)
        out->previous.hash = b->digests[o->previous];
    out->obligations = obligations(o->obligations);
    make_scope(&o->scope, &out->scope);
}

static void make_decision(struct bridge *b, const struct plain_event *e, struct cty_decision *out)
{
    static const int choices[] = {CTY_APPROVE, CTY_REJECT, CTY_ESCALATE};
    out->choice = choices[e->choice];
    out->expires = (uint64_t)e->expires;
    instance_bits(e->instance, out->instance);
    out->payload = bridge_payload(e->payload);
    out->previous.present = e->previous != PLAIN_NONE;
    if (out->previous.present)
        out->previous.hash = b->digests[e->previous];
    names(e->travels, e->travels_count, &out->travels);
}

/* What handoffs and talk have. */
static void make_hand(struct bridge *b, const struct plain_event *e, struct cty_statement *st)
{
    struct cty_hash answered = digest_of(b, e->answered);
    if (e->kind == PLAIN_OFFER) {
        make_offer(b, &e->offer, &st->u.offer);
    } else if (e->kind == PLAIN_ACCEPT) {
        st->u.accept.offer = answered;
        st->u.accept.obligations = obligations(e->obligations);
    } else if (e->kind == PLAIN_DECLINE) {
        st->u.decline.offer = answered;
    } else if (e->kind == PLAIN_WITHDRAW) {
        st->u.withdraw.offer = answered;
    } else if (e->kind == PLAIN_CONSENT) {
        st->u.consent.choice = e->agrees ? CTY_CONSENT_ACCEPT : CTY_CONSENT_REFUSE;
        st->u.consent.patch = answered;
    } else if (e->kind == PLAIN_QUESTION) {
        st->u.question.question = numbered("question", e->id);
    } else if (e->kind == PLAIN_ANSWER) {
        st->u.answer.answer = numbered("answer", e->id);
        st->u.answer.question = answered;
    }
}

/* What rotations and the end of a ledger have. */
static void make_custody(struct bridge *b, const struct plain_event *e, struct cty_statement *st)
{
    if (e->kind == PLAIN_LEDGER_CLOSE) {
        st->u.ledger_close.size = (uint64_t)e->closing;
        return;
    }
    if (e->kind == PLAIN_ACTOR_ROTATE) {
        write_key(b, e->key, e->signers[0], 0);
        st->u.actor_rotate.key = text(b->keys[0]);
        return;
    }
    write_key(b, e->key, e->which == 0 ? WORLD_ORIGIN : WORLD_ORIGIN "/clerk", 0);
    st->u.custodian_rotate.which = e->which == 0 ? CTY_CUSTODIAN_LOG : CTY_CUSTODIAN_CLERK;
    st->u.custodian_rotate.key = text(b->keys[0]);
}

/* What the type alone has; the clerk's verdicts and releases come made. */
static void make_own(struct bridge *b, const struct plain_event *e, struct cty_statement *st)
{
    switch (e->kind) {
    case PLAIN_PARTY_ENROL:
        st->u.party_enrol.party = text(e->party);
        st->u.party_enrol.admins_count = (uint32_t)e->enrolments_count;
        for (int i = 0; i < e->enrolments_count; i++)
            make_enrolment(b, &e->enrolments[i], i, &st->u.party_enrol.admins[i]);
        return;
    case PLAIN_ACTOR_ENROL:
        make_enrolment(b, &e->enrolments[0], 0, &st->u.actor_enrol.enrolment);
        return;
    case PLAIN_ACTOR_REVOKE:
        st->u.actor_revoke.actor = text(e->revoked);
        st->u.actor_revoke.since = (uint64_t)e->since;
        if (e->key == PLAIN_NONE)
            return;
        write_key(b, e->key, e->revoked, 0);
        st->u.actor_revoke.key = text(b->keys[0]);
        return;
    case PLAIN_ACTOR_ROTATE:
    case PLAIN_CUSTODIAN_ROTATE:
    case PLAIN_LEDGER_CLOSE:
        make_custody(b, e, st);
        return;
    case PLAIN_POLICY_PUBLISH:
        write_policy(b, &e->policy);
        st->u.policy_publish.policy = text(b->policy);
        st->u.policy_publish.scope = text(e->party);
        st->u.policy_publish.replaces.present = e->replaces != PLAIN_NONE;
        if (e->replaces != PLAIN_NONE)
            st->u.policy_publish.replaces.hash = b->digests[e->replaces];
        return;
    case PLAIN_REQUEST:
        make_request(b, &e->request, &st->u.request);
        return;
    case PLAIN_PATCH:
        st->u.patch.base = bridge_payload(e->payload);
        st->u.patch.result = bridge_payload(e->result);
        st->u.patch.operations = numbered("operations", e->result);
        return;
    case PLAIN_DECISION:
        make_decision(b, e, &st->u.decision);
        return;
    case PLAIN_CONSUME:
        st->u.consume.payload = bridge_payload(e->payload);
        return;
    case PLAIN_OUTCOME:
        st->u.outcome.outcome = e->outcome;
        return;
    case PLAIN_EXPIRY:
        st->u.expiry.silence = e->silence;
        return;
    case PLAIN_CONSENT:
    case PLAIN_QUESTION:
    case PLAIN_ANSWER:
    case PLAIN_OFFER:
    case PLAIN_ACCEPT:
    case PLAIN_DECLINE:
    case PLAIN_WITHDRAW:
        make_hand(b, e, st);
        return;
    case PLAIN_VERDICT:
    case PLAIN_RELEASE:
    case PLAIN_CANCEL:
    case PLAIN_FINALISE:
        return;
    }
}

static void make_common(struct bridge *b, const struct plain_event *e, struct cty_statement *st)
{
    st->type = types[e->kind];
    id_bits(b->w, e->id, st->id);
    st->ledger = e->this_ledger ? CTY_LITERAL(WORLD_ORIGIN) : CTY_LITERAL("custody.example/other");
    st->signers_count = (uint32_t)e->signers_count;
    for (int i = 0; i < e->signers_count; i++)
        st->signers[i] = text(e->signers[i]);
    st->time = (uint64_t)e->said_time;
    st->until = (uint64_t)e->until;
    st->seen.size = (uint64_t)e->seen_size;
    world_random(b->w, &st->seen.root, sizeof(st->seen.root));
    if (e->seen_root && st->seen.size <= cty_memory_size(b->w->memory))
        CTY_CHECK(cty_memory_root(b->w->memory, st->seen.size, &st->seen.root) == CUSTODY_OK);
    if (!(cty_type_flags(st->type) & CTY_TYPE_CASE))
        return;
    st->case_id = case_digest(b, e->the_case);
    st->after = digest_of(b, e->after);
}

static void make_step(struct bridge *b, const struct plain_event *e, const struct cty_statement *said)
{
    struct cty_statement *st = &b->step.st;
    memset(&b->step, 0, sizeof(b->step));
    if (said)
        *st = *said;
    st->type = types[e->kind];
    make_own(b, e, st);
    make_common(b, e, st);
    struct cty_ledger_record ledger;
    world_ledger(b->w, &ledger);
    b->step.entry.index = ledger.size;
    b->step.entry.time = (uint64_t)e->time;
    b->step.entry.prev = (struct cty_opt_hash){ledger.last, true};
    b->step.entry.trust = (struct cty_opt_hash){ledger.trust, true};
    if (!e->linked)
        world_random(b->w, e->id % 2 ? &b->step.entry.prev.hash : &b->step.entry.trust.hash, CTY_HASH_SIZE);
    b->step.entry.case_prev.present = e->has_case_prev;
    if (e->has_case_prev && e->case_prev != PLAIN_NONE)
        b->step.entry.case_prev.hash = b->leaves[e->case_prev];
    b->step.foreign_keys = !e->signatures;
}

struct bridge *bridge_new(const struct plain_policy *policy)
{
    static const char *const admins[] = {"operator/ada", "operator/otto"};
    struct bridge *b = cty_alloc(1, sizeof(*b));
    CTY_CHECK(b);
    b->p = cty_alloc(1, sizeof(*b->p));
    CTY_CHECK(b->p);
    b->w = world_new();
    b->w->fast = b->w->alone = true;
    write_policy(b, policy);
    world_open(b->w, b->policy);
    struct plain_enrolment founders[2] = {{.key = 2, .kind = 1, .person = 0}, {.key = 3, .kind = 1, .person = 1}};
    for (int i = 0; i < 2; i++) {
        snprintf(founders[i].name, PLAIN_NAME, "%s", admins[i]);
        snprintf(founders[i].roles[0], PLAIN_NAME, "admin");
        snprintf(founders[i].roles[1], PLAIN_NAME, "approver");
        founders[i].roles_count = 2;
    }
    plain_open(b->p, (plain_number)b->w->time, "operator", founders, 2, 0, 1, policy);
    struct cty_ledger_record ledger;
    world_ledger(b->w, &ledger);
    b->digests[0] = ledger.policy;
    b->leaves[0] = ledger.last;
    return b;
}

struct bridge *bridge_clone(const struct bridge *b)
{
    struct bridge *clone = cty_alloc(1, sizeof(*clone));
    CTY_CHECK(clone);
    clone->p = cty_alloc(1, sizeof(*clone->p));
    CTY_CHECK(clone->p);
    plain_copy(b->p, clone->p);
    size_t size = (size_t)b->p->size * sizeof(b->digests[0]);
    memcpy(clone->digests, b->digests, size);
    memcpy(clone->leaves, b->leaves, size);
    clone->w = world_clone(b->w, b->leaves);
    return clone;
}

void bridge_free(struct bridge *b)
{
    world_free(b->w);
    free(b->p);
    free(b);
}

void bridge_begin(const struct bridge *b, struct plain_event *e, enum plain_kind kind, const char *signer,
                  plain_number time, int id)
{
    memset(e, 0, sizeof(*e));
    e->kind = kind;
    e->linked = e->this_ledger = e->signatures = e->seen_root = true;
    e->time = e->said_time = time;
    e->id = id;
    snprintf(e->signers[e->signers_count++], PLAIN_NAME, "%s", signer);
    e->until = strcmp(signer, "clerk") == 0 ? time : time + 3600000;
    e->seen_size = b->p->size;
    e->the_case = e->after = e->case_prev = e->replaces = PLAIN_NONE;
    e->key = e->previous = e->answered = e->offer.previous = PLAIN_NONE;
}

void bridge_join(const struct bridge *b, struct plain_event *e, int the_case)
{
    const struct plain_case *c = &b->p->cases[the_case];
    e->the_case = the_case;
    e->after = e->kind == PLAIN_VERDICT || e->kind == PLAIN_RELEASE ? c->cause : c->anchor;
    e->case_prev = c->last;
    e->has_case_prev = true;
}

bool bridge_next(struct bridge *b, plain_number time, int instance, struct cty_statement *st)
{
    uint64_t now = b->w->time;
    b->w->time = (uint64_t)time;
    bool due = world_next(b->w, st);
    b->w->time = now;
    if (due && st->type == CTY_VERDICT)
        instance_bits(instance, st->u.verdict.instance);
    return due;
}

static int entry_of(const struct bridge *b, const struct cty_hash *digest)
{
    for (int i = b->p->size - 1; i >= 0; i--) {
        if (cty_hash_equal(&b->digests[i], digest))
            return i;
    }
    return PLAIN_NONE;
}

static void copy(plain_name to, struct cty_bytes from)
{
    snprintf(to, PLAIN_NAME, "%.*s", (int)from.size, (const char *)from.data);
}

static int read_names(const struct cty_names *from, plain_name *to)
{
    for (uint32_t i = 0; i < from->count; i++)
        copy(to[i], from->names[i]);
    return (int)from->count;
}

static void read_clause(const struct cty_clause *from, struct plain_clause *to)
{
    copy(to->scope, from->scope);
    to->approvals = (int)from->approvals;
    to->distinct_parties = from->distinct_parties;
    to->ordered = from->ordered;
    to->hardware = from->key_custody == CTY_KEY_HARDWARE;
    to->window_ms = (plain_number)from->window_ms;
    to->roles_count = read_names(&from->roles, to->roles);
    to->parties_count = read_names(&from->parties, to->parties);
    to->escalation.present = from->escalation.present;
    to->escalation.after = (plain_number)from->escalation.at;
    to->escalation.roles_count = read_names(&from->escalation.roles, to->escalation.roles);
    to->escalation.parties_count = read_names(&from->escalation.parties, to->escalation.parties);
}

static void read_verdict(const struct bridge *b, const struct cty_verdict *from, struct plain_verdict *to)
{
    static const enum plain_effect effects[] = {[CTY_PASS] = PLAIN_PASS, [CTY_HOLD] = PLAIN_HOLD,
                                                [CTY_DENY] = PLAIN_DENY};
    to->effect = effects[from->effect];
    to->decide_by = (plain_number)from->decide_by;
    to->use_ms = (plain_number)from->use_ms;
    to->report_ms = (plain_number)from->report_ms;
    to->payload = number_of("payload", &from->payload, CTY_HASH_SIZE);
    to->revision = (int)from->revision;
    to->instance = instance_number(from->instance);
    copy(to->executor, from->executor);
    to->policies_count = (int)from->policies_count;
    for (uint32_t i = 0; i < from->policies_count; i++) {
        copy(to->policies[i].scope, from->policies[i].scope);
        to->policies[i].entry = entry_of(b, &from->policies[i].digest);
        to->policies[i].rule = (int)from->policies[i].rule;
        to->policies[i].conflict = from->policies[i].conflict;
    }
    to->consent = from->consent;
    for (uint32_t i = 0; i < from->travelled_count; i++)
        to->travelled[to->travelled_count++] = entry_of(b, &from->travelled[i]);
    to->quorum_count = (int)from->quorum_count;
    for (uint32_t i = 0; i < from->quorum_count; i++)
        read_clause(&from->quorum[i], &to->quorum[i]);
}

void bridge_read(const struct bridge *b, const struct cty_statement *st, struct plain_event *e)
{
    memset(&e->verdict, 0, sizeof(e->verdict));
    memset(&e->release, 0, sizeof(e->release));
    if (st->type == CTY_VERDICT) {
        read_verdict(b, &st->u.verdict, &e->verdict);
        return;
    }
    const struct cty_release *from = &st->u.release;
    struct plain_release *to = &e->release;
    for (uint32_t i = 0; i < from->decisions_count; i++)
        to->decisions[to->decisions_count++] = entry_of(b, &from->decisions[i]);
    copy(to->executor, from->executor);
    to->payload = number_of("payload", &from->payload, CTY_HASH_SIZE);
    to->instance = instance_number(from->instance);
    to->report_ms = (plain_number)from->report_ms;
    to->use_by = (plain_number)from->use_by;
}

_Noreturn static void disagree(const struct bridge *b, const char *about, const char *fold, const char *plain)
{
    fflush(stdout);
    fprintf(stderr, "entry %d, %s: the fold says %s (%s), the plain judge %s\n", b->p->size, about, fold,
            b->w->error.detail, plain);
    abort();
}

const char *bridge_play(struct bridge *b, const struct plain_event *e, const struct cty_statement *said)
{
    make_step(b, e, said);
    custody_err err = world_step_fold(b->w, &b->step);
    int entry = b->p->size;
    const char *refusal = plain_take(b->p, e);
    if (strcmp(custody_err_name(err), refusal ? refusal : "ok") != 0)
        disagree(b, cty_type_name(b->step.st.type), custody_err_name(err), refusal ? refusal : "ok");
    if (refusal) {
        b->refused++;
        return refusal;
    }
    b->accepted++;
    b->digests[entry] = b->step.digest;
    b->leaves[entry] = b->step.in.leaf;
    b->w->time = (uint64_t)e->time;
    if (e->kind >= PLAIN_REQUEST)
        bridge_compare(b, e->kind == PLAIN_REQUEST ? b->p->cases_count - 1 : e->the_case);
    return NULL;
}

static void same_number(const struct bridge *b, const char *what, uint64_t fold, plain_number plain)
{
    char left[32], right[32];
    if (fold == (uint64_t)plain)
        return;
    snprintf(left, sizeof(left), "%llu", (unsigned long long)fold);
    snprintf(right, sizeof(right), "%lld", plain);
    disagree(b, what, left, right);
}

/* What a handoff leaves in a case. */
static void compare_hand(struct bridge *b, const struct cty_case *c, const struct plain_case *mine)
{
    static const int offers[] = {CTY_OFFER_OPEN, CTY_OFFER_OPEN, CTY_OFFER_ACCEPTED, CTY_OFFER_DECLINED,
                                 CTY_OFFER_WITHDRAWN};
    static const int consents[] = {CTY_CONSENT_NONE, CTY_CONSENT_WANTED, CTY_CONSENT_REFUSED, CTY_CONSENT_GIVEN};
    const char *holder = b->p->actors[mine->holder].enrolment.name;
    char name[PLAIN_NAME];
    copy(name, c->holder);
    if (strcmp(name, holder) != 0)
        disagree(b, "the holder", name, holder);
    same_number(b, "the hops", c->hops_count, mine->hops_count);
    same_number(b, "the offer", c->offer.present, mine->offer_is != PLAIN_NO_OFFER);
    if (c->offer.present)
        same_number(b, "the offer's state", (uint64_t)c->offer.state, offers[mine->offer_is]);
    same_number(b, "the consent", (uint64_t)c->consent, consents[mine->consent]);
    same_number(b, "escalated", c->escalated, mine->escalated);
    same_number(b, "the questions", c->questions_count, mine->questions_count);
    same_number(b, "expires", c->expires, mine->expires);
    same_number(b, "finalised", c->finalised, mine->finalised);
    same_number(b, "the level", c->level, mine->level);
    same_number(b, "the scope", c->scope.present, mine->scope.present);
    same_number(b, "the scope's releases", c->scope.releases, mine->scope.releases);
    same_number(b, "the scope's depth", c->scope.depth, mine->scope.depth);
}

void bridge_compare(struct bridge *b, int the_case)
{
    static struct cty_case c;
    const struct plain_case *mine = &b->p->cases[the_case];
    custody_error error = {0};
    world_case(b->w, &b->digests[mine->opened], &c);
    if (cty_case_check(&c, &error) != CUSTODY_OK)
        disagree(b, "an invariant", error.detail, "it holds");
    const char *state = cty_case_state_names[cty_case_state_at(&c, b->w->time)];
    if (strcmp(state, plain_state(b->p, the_case, (plain_number)b->w->time)) != 0)
        disagree(b, "the state", state, plain_state(b->p, the_case, (plain_number)b->w->time));
    if (strcmp(cty_case_state_names[c.state], mine->state) != 0)
        disagree(b, "the recorded state", cty_case_state_names[c.state], mine->state);
    same_number(b, "the revision", c.revision, mine->revision);
    same_number(b, "the decisions", c.decisions_count, mine->decisions_count);
    same_number(b, "the ancestry", c.ancestry_count, mine->ancestry_count);
    same_number(b, "the clauses", c.quorum_count, mine->quorum_count);
    same_number(b, "late", c.late, mine->late);
    same_number(b, "consumed", c.consume.present, mine->consumed);
    same_number(b, "released", c.release.present, mine->released);
    same_number(b, "decide_by", c.decide_by, mine->decide_by);
    same_number(b, "use_by", c.use_by, mine->use_by);
    same_number(b, "report_by", c.report_by, mine->report_by);
    same_number(b, "the payload", (uint64_t)number_of("payload", &c.payload, CTY_HASH_SIZE), mine->payload);
    same_number(b, "the anchor", c.anchor_index, mine->anchor);
    compare_hand(b, &c, mine);
}

void bridge_compare_all(struct bridge *b)
{
    for (int i = 0; i < b->p->cases_count; i++)
        bridge_compare(b, i);
}
