/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second opinion: the judge of tests/plain, which knows nothing of src/, is told each statement as it stands in the
 * ledger or was refused, in numbers for digests, and has to say the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "model/policy.h"
#include "plain/plain.h"
#include "simulate/sim.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)
#define NUMBERS 65536u

/* Digests of every kind as numbers, in the order in which they were met. */
struct number {
    struct cty_hash hash;
    int kind;
    int number;
};

enum { OF_STATEMENT, OF_PAYLOAD, OF_INSTANCE, OF_ID, OF_PERSON, OF_OBLIGATIONS };

struct second {
    struct plain *plain;
    struct number *table;
    size_t used;
    int next;
    int first_id; /* of entry 0, which the plain judge calls 0 */
    struct cty_parsed_entry parsed;
    struct cty_signed refused;
    struct plain_event event;
    struct cty_json tape;
    struct cty_case the_case;
};

uint64_t second_size(const struct sim *s)
{
    return s->second->plain ? (uint64_t)s->second->plain->size : 0;
}

/* --- numbers ---------------------------------------------------------------------------------------------------- */

static struct number *find(struct second *j, int kind, const struct cty_hash *hash)
{
    size_t at = (hash->bytes[0] | (size_t)hash->bytes[1] << 8) % NUMBERS;
    while (j->table[at].number && (j->table[at].kind != kind || !cty_hash_equal(&j->table[at].hash, hash)))
        at = (at + 1) % NUMBERS;
    return &j->table[at];
}

static int number_of(struct second *j, int kind, const struct cty_hash *hash)
{
    struct number *n = find(j, kind, hash);
    if (!n->number) {
        CTY_CHECK(++j->used < NUMBERS / 2);
        *n = (struct number){*hash, kind, ++j->next};
    }
    return n->number;
}

static int number_of_bits(struct second *j, int kind, const uint8_t bits[16])
{
    struct cty_hash hash = {{0}};
    memcpy(hash.bytes, bits, 16);
    return number_of(j, kind, &hash);
}

/* The entry that holds the statement; PLAIN_NONE where none does. */
static int entry_of(struct second *j, const struct cty_hash *digest)
{
    const struct number *n = find(j, OF_STATEMENT, digest);
    return n->number ? n->number - 1 : PLAIN_NONE;
}

static int entry_of_opt(struct second *j, const struct cty_opt_hash *digest)
{
    return digest->present ? entry_of(j, &digest->hash) : PLAIN_NONE;
}

static int case_of(struct second *j, const struct cty_hash *case_id)
{
    int opened = entry_of(j, case_id);
    for (int i = 0; opened != PLAIN_NONE && i < j->plain->cases_count; i++) {
        if (j->plain->cases[i].opened == opened)
            return i;
    }
    return PLAIN_NONE;
}

static void copy(plain_name to, struct cty_bytes from)
{
    CTY_CHECK(from.size < PLAIN_NAME);
    snprintf(to, PLAIN_NAME, "%.*s", (int)from.size, (const char *)from.data);
}

static int names(const struct cty_names *from, plain_name *to, size_t room)
{
    CTY_CHECK(from->count <= room);
    for (uint32_t i = 0; i < from->count; i++)
        copy(to[i], from->names[i]);
    return (int)from->count;
}

static int key_of(struct cty_bytes vkey)
{
    struct cty_bytes name;
    struct cty_key key;
    if (!vkey.data)
        return PLAIN_NONE;
    MUST(cty_vkey_parse(vkey, CTY_KEY_ED25519, &name, &key));
    return people_key_number(&key);
}

/* --- what types have -------------------------------------------------------------------------------------------- */

static void read_enrolment(struct second *j, const struct cty_enrolment *from, struct plain_enrolment *to)
{
    static const enum plain_custody custodies[] = {[CTY_KEY_SELF] = PLAIN_SELF, [CTY_KEY_HARDWARE] = PLAIN_HARDWARE,
                                                   [CTY_KEY_OPERATOR] = PLAIN_OPERATOR};
    copy(to->name, from->actor);
    to->key = key_of(from->key);
    to->kind = from->kind == CTY_AGENT ? 0 : from->kind == CTY_PERSON ? 1 : 2;
    to->custody = custodies[from->key_custody];
    to->person = from->person.present ? number_of_bits(j, OF_PERSON, from->person.bits) : PLAIN_NONE;
    if (from->owner.data)
        copy(to->owner, from->owner);
    to->roles_count = names(&from->roles, to->roles, PLAIN_ROLES);
    to->valid_from = (plain_number)from->valid_from;
    to->valid_until = (plain_number)from->valid_until;
}

static void read_rule(const struct cty_rule *from, struct plain_rule *to)
{
    static const enum plain_effect effects[] = {[CTY_PASS] = PLAIN_PASS, [CTY_HOLD] = PLAIN_HOLD,
                                                [CTY_DENY] = PLAIN_DENY};
    to->effect = effects[from->effect];
    copy(to->service, from->match.service);
    copy(to->action, from->match.action);
    copy(to->priority, from->match.priority);
    copy(to->party, from->match.party);
    copy(to->agent, from->match.agent);
    to->approvals = (int)from->approvals;
    to->roles_count = names(&from->roles, to->roles, PLAIN_ROLES);
    to->parties_count = names(&from->parties, to->parties, PLAIN_ROLES);
    to->distinct_parties = from->distinct_parties;
    to->consent = from->consent;
    to->ordered = from->ordered;
    to->hardware = from->key_custody == CTY_KEY_HARDWARE;
    to->window_ms = (plain_number)from->window_ms;
    to->decide_ms = (plain_number)from->decide_ms;
    to->use_ms = (plain_number)from->use_ms;
    to->report_ms = (plain_number)from->report_ms;
    to->escalation.present = from->escalation.present;
    to->escalation.after = (plain_number)from->escalation.after_ms;
    to->escalation.roles_count = names(&from->escalation.roles, to->escalation.roles, PLAIN_ROLES);
    to->escalation.parties_count = names(&from->escalation.parties, to->escalation.parties, PLAIN_ROLES);
}

static void read_policy(struct second *j, struct cty_bytes text, struct plain_policy *to)
{
    struct cty_policy *policy = cty_alloc(1, sizeof(*policy));
    CTY_CHECK(policy);
    MUST(cty_policy_parse(text, &j->tape, policy, NULL));
    CTY_CHECK(policy->rules_count <= PLAIN_RULES);
    to->admin_quorum = (int)policy->admin_quorum;
    for (uint32_t i = 0; i < policy->rules_count; i++)
        read_rule(&policy->rules[i], &to->rules[to->rules_count++]);
    free(policy);
}

static void read_request(struct second *j, const struct cty_request *from, struct plain_request *to)
{
    copy(to->action, from->action);
    copy(to->service, from->service);
    copy(to->executor, from->executor);
    to->behalf_count = names(&from->behalf, to->behalf, PLAIN_LIST);
    to->priority = from->priority;
    to->expires = (plain_number)from->expires;
    to->payload = number_of(j, OF_PAYLOAD, &from->payload);
    to->has_parent = from->parent.present;
    to->parent = from->parent.present ? case_of(j, &from->parent.case_id) : PLAIN_NONE;
    to->parent_after = from->parent.present ? entry_of(j, &from->parent.after) : PLAIN_NONE;
}

static void read_clause(const struct cty_clause *from, struct plain_clause *to)
{
    copy(to->scope, from->scope);
    to->approvals = (int)from->approvals;
    to->distinct_parties = from->distinct_parties;
    to->ordered = from->ordered;
    to->hardware = from->key_custody == CTY_KEY_HARDWARE;
    to->window_ms = (plain_number)from->window_ms;
    to->roles_count = names(&from->roles, to->roles, PLAIN_ROLES);
    to->parties_count = names(&from->parties, to->parties, PLAIN_ROLES);
    to->escalation.present = from->escalation.present;
    to->escalation.after = (plain_number)from->escalation.at;
    to->escalation.roles_count = names(&from->escalation.roles, to->escalation.roles, PLAIN_ROLES);
    to->escalation.parties_count = names(&from->escalation.parties, to->escalation.parties, PLAIN_ROLES);
}

static void read_verdict(struct second *j, const struct cty_verdict *from, struct plain_verdict *to)
{
    static const enum plain_effect effects[] = {[CTY_PASS] = PLAIN_PASS, [CTY_HOLD] = PLAIN_HOLD,
                                                [CTY_DENY] = PLAIN_DENY};
    to->effect = effects[from->effect];
    to->consent = from->consent;
    to->decide_by = (plain_number)from->decide_by;
    to->use_ms = (plain_number)from->use_ms;
    to->report_ms = (plain_number)from->report_ms;
    to->payload = number_of(j, OF_PAYLOAD, &from->payload);
    to->revision = (int)from->revision;
    to->instance = number_of_bits(j, OF_INSTANCE, from->instance);
    copy(to->executor, from->executor);
    for (uint32_t i = 0; i < from->travelled_count; i++)
        to->travelled[to->travelled_count++] = entry_of(j, &from->travelled[i]);
    for (uint32_t i = 0; i < from->policies_count; i++) {
        copy(to->policies[i].scope, from->policies[i].scope);
        to->policies[i].entry = entry_of(j, &from->policies[i].digest);
        to->policies[i].rule = (int)from->policies[i].rule;
        to->policies[i].conflict = from->policies[i].conflict;
        to->policies_count++;
    }
    for (uint32_t i = 0; i < from->quorum_count; i++)
        read_clause(&from->quorum[i], &to->quorum[to->quorum_count++]);
}

static void read_release(struct second *j, const struct cty_release *from, struct plain_release *to)
{
    for (uint32_t i = 0; i < from->decisions_count; i++)
        to->decisions[to->decisions_count++] = entry_of(j, &from->decisions[i]);
    copy(to->executor, from->executor);
    to->payload = number_of(j, OF_PAYLOAD, &from->payload);
    to->instance = number_of_bits(j, OF_INSTANCE, from->instance);
    to->report_ms = (plain_number)from->report_ms;
    to->use_by = (plain_number)from->use_by;
}

static void read_decision(struct second *j, const struct cty_decision *from, struct plain_event *e)
{
    static const enum plain_choice choices[] = {[CTY_APPROVE] = PLAIN_APPROVE, [CTY_REJECT] = PLAIN_REJECT,
                                                [CTY_ESCALATE] = PLAIN_ESCALATE};
    e->choice = choices[from->choice];
    e->expires = (plain_number)from->expires;
    e->instance = number_of_bits(j, OF_INSTANCE, from->instance);
    e->payload = number_of(j, OF_PAYLOAD, &from->payload);
    e->previous = entry_of_opt(j, &from->previous);
    e->travels_count = names(&from->travels, e->travels, PLAIN_TRAVELS);
}

static int obligations(struct second *j, const struct cty_opt_hash *from)
{
    return from->present ? number_of(j, OF_OBLIGATIONS, &from->hash) : 0;
}

static void read_offer(struct second *j, const struct cty_offer *from, struct plain_offer *to)
{
    copy(to->to, from->to);
    to->expires = (plain_number)from->expires;
    to->hop = (int)from->hop;
    to->previous = entry_of_opt(j, &from->previous);
    to->obligations = obligations(j, &from->obligations);
    to->scope.present = from->scope.present;
    to->scope.depth = (int)from->scope.depth;
    to->scope.releases = (int)from->scope.releases;
    to->scope.expires = (plain_number)from->scope.expires;
    to->scope.services_count = names(&from->scope.services, to->scope.services, PLAIN_GLOBS);
    to->scope.actions_count = names(&from->scope.actions, to->scope.actions, PLAIN_GLOBS);
}

static void read_trust(struct second *j, const struct cty_statement *st, struct plain_event *e)
{
    if (st->type == CTY_PARTY_ENROL) {
        copy(e->party, st->u.party_enrol.party);
        for (uint32_t i = 0; i < st->u.party_enrol.admins_count; i++)
            read_enrolment(j, &st->u.party_enrol.admins[i], &e->enrolments[e->enrolments_count++]);
    } else if (st->type == CTY_ACTOR_ENROL) {
        read_enrolment(j, &st->u.actor_enrol.enrolment, &e->enrolments[e->enrolments_count++]);
    } else if (st->type == CTY_ACTOR_REVOKE) {
        copy(e->revoked, st->u.actor_revoke.actor);
        e->since = (plain_number)st->u.actor_revoke.since;
        e->key = key_of(st->u.actor_revoke.key);
    } else if (st->type == CTY_ACTOR_ROTATE) {
        e->key = key_of(st->u.actor_rotate.key);
    } else if (st->type == CTY_CUSTODIAN_ROTATE) {
        e->key = key_of(st->u.custodian_rotate.key);
        e->which = st->u.custodian_rotate.which == CTY_CUSTODIAN_LOG ? 0 : 1;
    } else if (st->type == CTY_LEDGER_CLOSE) {
        e->closing = (int)st->u.ledger_close.size;
    } else {
        copy(e->party, st->u.policy_publish.scope);
        e->replaces = entry_of_opt(j, &st->u.policy_publish.replaces);
        read_policy(j, st->u.policy_publish.policy, &e->policy);
    }
}

static void read_hand(struct second *j, const struct cty_statement *st, struct plain_event *e)
{
    if (st->type == CTY_OFFER) {
        read_offer(j, &st->u.offer, &e->offer);
    } else if (st->type == CTY_ACCEPT) {
        e->answered = entry_of(j, &st->u.accept.offer);
        e->obligations = obligations(j, &st->u.accept.obligations);
    } else if (st->type == CTY_DECLINE) {
        e->answered = entry_of(j, &st->u.decline.offer);
    } else if (st->type == CTY_WITHDRAW) {
        e->answered = entry_of(j, &st->u.withdraw.offer);
    } else if (st->type == CTY_CONSENT) {
        e->agrees = st->u.consent.choice == CTY_CONSENT_ACCEPT;
        e->answered = entry_of(j, &st->u.consent.patch);
    } else if (st->type == CTY_ANSWER) {
        e->answered = entry_of(j, &st->u.answer.question);
    }
}

static void read_own(struct second *j, const struct cty_statement *st, struct plain_event *e)
{
    if (e->kind <= PLAIN_POLICY_PUBLISH)
        read_trust(j, st, e);
    else if (st->type == CTY_REQUEST)
        read_request(j, &st->u.request, &e->request);
    else if (st->type == CTY_VERDICT)
        read_verdict(j, &st->u.verdict, &e->verdict);
    else if (st->type == CTY_RELEASE)
        read_release(j, &st->u.release, &e->release);
    else if (st->type == CTY_DECISION)
        read_decision(j, &st->u.decision, e);
    else if (st->type == CTY_OUTCOME)
        e->outcome = st->u.outcome.outcome;
    else if (st->type == CTY_EXPIRY)
        e->silence = st->u.expiry.silence;
    else if (st->type == CTY_CONSUME)
        e->payload = number_of(j, OF_PAYLOAD, &st->u.consume.payload);
    else
        read_hand(j, st, e);
    if (st->type == CTY_PATCH) {
        e->payload = number_of(j, OF_PAYLOAD, &st->u.patch.base);
        e->result = number_of(j, OF_PAYLOAD, &st->u.patch.result);
    }
}

/* --- what all have ---------------------------------------------------------------------------------------------- */

static enum plain_kind kind_of(enum cty_type type)
{
    static const enum plain_kind kinds[CTY_TYPE_COUNT] = {
        [CTY_PARTY_ENROL] = PLAIN_PARTY_ENROL, [CTY_ACTOR_ENROL] = PLAIN_ACTOR_ENROL,
        [CTY_ACTOR_REVOKE] = PLAIN_ACTOR_REVOKE, [CTY_POLICY_PUBLISH] = PLAIN_POLICY_PUBLISH,
        [CTY_REQUEST] = PLAIN_REQUEST, [CTY_VERDICT] = PLAIN_VERDICT, [CTY_PATCH] = PLAIN_PATCH,
        [CTY_DECISION] = PLAIN_DECISION, [CTY_RELEASE] = PLAIN_RELEASE, [CTY_CONSUME] = PLAIN_CONSUME,
        [CTY_OUTCOME] = PLAIN_OUTCOME, [CTY_CANCEL] = PLAIN_CANCEL, [CTY_EXPIRY] = PLAIN_EXPIRY,
        [CTY_ACTOR_ROTATE] = PLAIN_ACTOR_ROTATE, [CTY_CUSTODIAN_ROTATE] = PLAIN_CUSTODIAN_ROTATE,
        [CTY_LEDGER_CLOSE] = PLAIN_LEDGER_CLOSE, [CTY_CONSENT] = PLAIN_CONSENT, [CTY_QUESTION] = PLAIN_QUESTION,
        [CTY_ANSWER] = PLAIN_ANSWER, [CTY_OFFER] = PLAIN_OFFER, [CTY_ACCEPT] = PLAIN_ACCEPT,
        [CTY_DECLINE] = PLAIN_DECLINE, [CTY_WITHDRAW] = PLAIN_WITHDRAW, [CTY_FINALISE] = PLAIN_FINALISE,
    };
    return kinds[type];
}

/* What the auditor could not read yet is taken for right: it looks at it when it can. */
static bool saw_right(struct sim *s, const struct cty_seen *seen)
{
    struct cty_hash root;
    if (seen->size > auditor_size(s))
        return true;
    return cty_memory_root(auditor_memory(s), seen->size, &root) == CUSTODY_OK && cty_hash_equal(&root, &seen->root);
}

static void read_event(struct sim *s, const struct cty_statement *st, uint64_t time)
{
    struct second *j = s->second;
    struct plain_event *e = &j->event;
    memset(e, 0, sizeof(*e));
    e->kind = kind_of(st->type);
    e->linked = e->signatures = true;
    e->time = (plain_number)time;
    e->id = number_of_bits(j, OF_ID, st->id);
    e->id = e->id == j->first_id ? 0 : e->id;
    e->this_ledger = cty_bytes_is(st->ledger, SIM_ORIGIN);
    for (uint32_t i = 0; i < st->signers_count; i++)
        copy(e->signers[e->signers_count++], st->signers[i]);
    e->said_time = (plain_number)st->time;
    e->until = (plain_number)st->until;
    e->seen_size = (int)st->seen.size;
    e->seen_root = saw_right(s, &st->seen);
    e->the_case = e->after = e->case_prev = e->replaces = PLAIN_NONE;
    e->key = e->previous = e->answered = e->offer.previous = PLAIN_NONE;
    if (cty_type_flags(st->type) & CTY_TYPE_CASE) {
        e->the_case = case_of(j, &st->case_id);
        e->after = entry_of(j, &st->after);
        e->has_case_prev = e->the_case != PLAIN_NONE;
        e->case_prev = e->has_case_prev ? j->plain->cases[e->the_case].last : PLAIN_NONE;
    }
    read_own(j, st, e);
}

/* --- judging ---------------------------------------------------------------------------------------------------- */

static void open_ledger(struct sim *s, const struct cty_statement *st, uint64_t time)
{
    struct second *j = s->second;
    const struct cty_ledger_open *open = &st->u.ledger_open;
    struct plain_enrolment founders[CTY_ADMINS_MAX] = {{.kind = 0}};
    struct plain_policy *policy = cty_alloc(1, sizeof(*policy));
    char party[PLAIN_NAME];
    j->plain = cty_alloc(1, sizeof(*j->plain));
    CTY_CHECK(j->plain && policy);
    j->first_id = number_of_bits(j, OF_ID, st->id);
    copy(party, open->party);
    read_policy(j, open->policy, policy);
    for (uint32_t i = 0; i < open->admins_count; i++)
        read_enrolment(j, &open->admins[i], &founders[i]);
    plain_open(j->plain, (plain_number)time, party, founders, (int)open->admins_count, key_of(open->log_key),
               key_of(open->clerk_key), policy);
    free(policy);
}

/* The case as the custodian has it, against the case as the second judge has it. */
static void compare_case(struct sim *s, const struct cty_hash *case_id, uint64_t time)
{
    struct second *j = s->second;
    int number = case_of(j, case_id);
    struct cty_case *c = &j->the_case;
    if (number == PLAIN_NONE || !auditor_case(s, case_id, c)) {
        sim_fail(s, "second-state", "a case that only one of the two judges knows");
        return;
    }
    const struct plain_case *mine = &j->plain->cases[number];
    const char *state = cty_case_state_names[cty_case_state_at(c, time)];
    if (strcmp(state, plain_state(j->plain, number, (plain_number)time)) != 0)
        sim_fail(s, "second-state", "case %d reads as %s, and by the second judge as %s", number, state,
                 plain_state(j->plain, number, (plain_number)time));
    if (c->decide_by != (uint64_t)mine->decide_by || c->use_by != (uint64_t)mine->use_by ||
        c->report_by != (uint64_t)mine->report_by || (int)c->decisions_count != mine->decisions_count ||
        c->consume.present != mine->consumed || (int)c->hops_count != mine->hops_count)
        sim_fail(s, "second-state", "case %d differs from what the second judge has", number);
}

void second_compare(struct sim *s)
{
    struct cty_ledger_record ledger;
    if (second_size(s) != auditor_size(s)) {
        sim_fail(s, "second-order", "the second judge has %llu entries of %llu", (unsigned long long)second_size(s),
                 (unsigned long long)auditor_size(s));
        return;
    }
    auditor_ledger(s, &ledger);
    for (size_t i = 0; i < s->cases_count && !s->failed; i++)
        compare_case(s, &s->cases[i], ledger.time);
}

void second_entry(struct sim *s, uint64_t index, struct cty_bytes text)
{
    struct second *j = s->second;
    if (index < second_size(s))
        return;
    MUST(cty_entry_parse(text, &j->parsed, NULL));
    const struct cty_signed *parsed = &j->parsed.signed_statement;
    const char *refusal = NULL;
    if (index != second_size(s)) {
        sim_fail(s, "second-order", "entry %llu comes to a second judge who has %llu", (unsigned long long)index,
                 (unsigned long long)second_size(s));
        return;
    }
    *find(j, OF_STATEMENT, &parsed->digest) = (struct number){parsed->digest, OF_STATEMENT, (int)index + 1};
    CTY_CHECK(++j->used < NUMBERS / 2);
    if (index == 0) {
        open_ledger(s, &parsed->statement, j->parsed.entry.time);
        return;
    }
    read_event(s, &parsed->statement, j->parsed.entry.time);
    refusal = plain_take(j->plain, &j->event);
    tally_add(TALLY_JUDGED);
    if (refusal)
        sim_fail(s, "second-judge", "entry %llu, a %s: the second judge says %s", (unsigned long long)index,
                 cty_type_name(parsed->statement.type), refusal);
}

/* Whether the judge of the rules alone could say this. */
static bool is_of_rules(custody_err err)
{
    static const custody_err others[] = {CUSTODY_E_BLOB_FOREIGN, CUSTODY_E_BLOB_MISMATCH, CUSTODY_E_BLOB_MISSING,
                                         CUSTODY_E_RESULT_MISMATCH, CUSTODY_E_KEY_NOT_HELD, CUSTODY_E_TOO_LARGE,
                                         CUSTODY_E_QUOTA, CUSTODY_E_BUSY, CUSTODY_E_EXISTS};
    for (size_t i = 0; i < CTY_COUNT_OF(others); i++) {
        if (err == others[i])
            return false;
    }
    return true;
}

static bool is_signed_right(const struct plain *plain, const struct paper *paper, const struct plain_event *e)
{
    for (int i = 0; i < e->signers_count; i++) {
        int actor = plain_actor(plain, e->signers[i]);
        int key = actor == PLAIN_NONE ? paper->keys[i] : plain->actors[actor].enrolment.key;
        if (strcmp(e->signers[i], "new") == 0)
            key = e->key;
        if (paper->keys[i] == 0 || paper->keys[i] != key)
            return false;
    }
    return true;
}

void second_refused(struct sim *s, const struct paper *paper, custody_err err)
{
    struct second *j = s->second;
    if (!is_of_rules(err) || !j->plain)
        return;
    MUST(cty_signed_parse(cty_buf_bytes(&paper->envelope), &j->refused, NULL));
    if (j->refused.statement.seen.size > auditor_size(s) && j->refused.statement.seen.size <= second_size(s))
        return; /* nobody knows yet */
    uint64_t newest = (uint64_t)j->plain->time;
    read_event(s, &j->refused.statement, newest > s->wall_ms ? newest : s->wall_ms);
    j->event.signatures = is_signed_right(j->plain, paper, &j->event);
    const char *refusal = plain_take(j->plain, &j->event);
    tally_add(TALLY_JUDGED);
    tally_add(TALLY_JUDGED_REFUSED);
    if (strcmp(refusal ? refusal : "ok", custody_err_name(err)) != 0)
        sim_fail(s, "second-judge", "paper %zu, a %s, is refused with %s; the second judge says %s", paper->number,
                 cty_type_name(paper->type), custody_err_name(err), refusal ? refusal : "ok");
}

void second_begin(struct sim *s)
{
    s->second = cty_alloc(1, sizeof(*s->second));
    CTY_CHECK(s->second);
    s->second->table = cty_alloc(NUMBERS, sizeof(*s->second->table));
    CTY_CHECK(s->second->table);
    s->second->tape = CTY_JSON_INIT;
}

void second_done(struct sim *s)
{
    struct second *j = s->second;
    cty_parsed_entry_done(&j->parsed);
    cty_signed_done(&j->refused);
    cty_json_done(&j->tape);
    free(j->plain);
    free(j->table);
    free(j);
}
