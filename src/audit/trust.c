/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/trust.h"

#include <stdio.h>

#include "base/check.h"

/* The parser of one tlog-policy text. */
struct policy {
    struct cty_trust *trust;
    custody_error *error;
    unsigned line;
    bool has_log;
    bool has_quorum;
};

static custody_err bad_line(struct policy *p, const char *why)
{
    return cty_fail(p->error, CUSTODY_E_BAD_TRUST, "policy line %u: %s", p->line, why);
}

/* The next word of a line; words are parted by spaces or tabs. */
static struct cty_bytes next_word(struct cty_bytes *line)
{
    size_t at = 0;
    while (at < line->size && (line->data[at] == ' ' || line->data[at] == '\t'))
        at++;
    size_t from = at;
    while (at < line->size && line->data[at] != ' ' && line->data[at] != '\t')
        at++;
    struct cty_bytes word = cty_bytes_make(line->data + from, at - from);
    *line = cty_bytes_make(line->data + at, line->size - at);
    return word;
}

/* Nothing more may stand on the line: what is not understood is refused, not passed over. */
static custody_err end_line(struct policy *p, struct cty_bytes rest)
{
    if (next_word(&rest).size > 0)
        return bad_line(p, "something stands behind its end");
    return CUSTODY_OK;
}

/* An address may follow a key; the verifier goes nowhere. */
static custody_err end_keyed_line(struct policy *p, struct cty_bytes rest)
{
    (void)next_word(&rest);
    return end_line(p, rest);
}

static uint32_t find_node(const struct cty_trust *trust, struct cty_bytes name)
{
    for (uint32_t i = 0; i < trust->nodes_count; i++) {
        if (cty_bytes_equal(trust->nodes[i].name, name))
            return i;
    }
    return CTY_TRUST_NODES_MAX;
}

static custody_err add_node(struct policy *p, struct cty_bytes name, struct cty_trust_node **ret_node)
{
    if (name.size == 0 || cty_bytes_is(name, "none"))
        return bad_line(p, "a name is missing or reserved");
    if (find_node(p->trust, name) != CTY_TRUST_NODES_MAX)
        return bad_line(p, "the name is defined already");
    if (p->trust->nodes_count == CTY_TRUST_NODES_MAX)
        return bad_line(p, "too many witnesses and groups");
    *ret_node = &p->trust->nodes[p->trust->nodes_count++];
    (*ret_node)->name = name;
    return CUSTODY_OK;
}

static custody_err read_log(struct policy *p, struct cty_bytes rest)
{
    struct cty_bytes vkey = next_word(&rest);
    if (p->has_log)
        return bad_line(p, "a second log");
    if (cty_vkey_parse(vkey, CTY_KEY_ED25519, &p->trust->origin, &p->trust->log_key) != CUSTODY_OK)
        return bad_line(p, "the log's key is not an Ed25519 vkey");
    p->trust->log_vkey = vkey;
    cty_log_keys_begin(&p->trust->log_keys, &p->trust->log_key);
    p->has_log = true;
    return end_keyed_line(p, rest);
}

static custody_err read_witness(struct policy *p, struct cty_bytes rest)
{
    struct cty_trust_node *node = NULL;
    CTY_TRY(add_node(p, next_word(&rest), &node));
    if (cty_vkey_parse(next_word(&rest), CTY_KEY_COSIGNATURE, &node->key_name, &node->key) != CUSTODY_OK)
        return bad_line(p, "the witness's key is not a cosignature vkey");
    for (uint32_t i = 0; i + 1 < p->trust->nodes_count; i++) {
        if (!p->trust->nodes[i].is_group && cty_key_equal(&p->trust->nodes[i].key, &node->key))
            return bad_line(p, "a key stands twice");
    }
    return end_keyed_line(p, rest);
}

static custody_err read_members(struct policy *p, struct cty_bytes rest, struct cty_trust_node *group,
                                uint32_t *ret_count)
{
    uint32_t own = p->trust->nodes_count - 1;
    *ret_count = 0;
    for (struct cty_bytes word = next_word(&rest); word.size > 0; word = next_word(&rest)) {
        uint32_t index = find_node(p->trust, word);
        if (index >= own)
            return bad_line(p, "a member is not defined before");
        if (p->trust->nodes[index].used)
            return bad_line(p, "a member is in two groups");
        p->trust->nodes[index].used = true;
        group->members |= (uint64_t)1 << index;
        (*ret_count)++;
    }
    return CUSTODY_OK;
}

static custody_err read_group(struct policy *p, struct cty_bytes rest)
{
    struct cty_trust_node *group = NULL;
    CTY_TRY(add_node(p, next_word(&rest), &group));
    struct cty_bytes how = next_word(&rest);
    uint32_t count = 0;
    uint64_t needed = 0;
    group->is_group = true;
    CTY_TRY(read_members(p, rest, group, &count));
    if (cty_bytes_is(how, "any"))
        needed = 1;
    else if (cty_bytes_is(how, "all"))
        needed = count;
    else if (cty_u64_parse(how, CTY_TRUST_NODES_MAX, &needed) != CUSTODY_OK)
        return bad_line(p, "a group needs any, all or a number");
    if (count == 0 || needed == 0 || needed > count)
        return bad_line(p, "a group can't be met");
    group->needed = (uint32_t)needed;
    return CUSTODY_OK;
}

static custody_err read_quorum(struct policy *p, struct cty_bytes rest)
{
    struct cty_bytes name = next_word(&rest);
    if (p->has_quorum)
        return bad_line(p, "a second quorum");
    p->has_quorum = true;
    p->trust->quorum = CTY_TRUST_NODES_MAX;
    if (cty_bytes_is(name, "none"))
        return end_line(p, rest);
    p->trust->quorum = find_node(p->trust, name);
    if (p->trust->quorum == CTY_TRUST_NODES_MAX)
        return bad_line(p, "the quorum's name is not defined");
    return end_line(p, rest);
}

static custody_err read_line(struct policy *p, struct cty_bytes line)
{
    struct cty_bytes rest = line;
    struct cty_bytes word = next_word(&rest);
    if (word.size == 0 || word.data[0] == '#')
        return CUSTODY_OK;
    if (cty_bytes_is(word, "log"))
        return read_log(p, rest);
    if (cty_bytes_is(word, "witness"))
        return read_witness(p, rest);
    if (cty_bytes_is(word, "group"))
        return read_group(p, rest);
    if (cty_bytes_is(word, "quorum"))
        return read_quorum(p, rest);
    return bad_line(p, "neither log, witness, group nor quorum");
}

/* A log that witnesses itself is no witness; and a key has one use. */
static bool log_is_witness(const struct cty_trust *trust)
{
    for (uint32_t i = 0; i < trust->nodes_count; i++) {
        if (!trust->nodes[i].is_group && cty_key_equal(&trust->nodes[i].key, &trust->log_key))
            return true;
    }
    return false;
}

static custody_err read_policy(struct cty_trust *trust, custody_error *error)
{
    struct policy p = {.trust = trust, .error = error};
    struct cty_bytes text = cty_buf_bytes(&trust->policy);
    size_t at = 0;
    while (at < text.size) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t stop = end ? (size_t)(end - text.data) : text.size;
        p.line++;
        CTY_TRY(read_line(&p, cty_bytes_make(text.data + at, stop - at)));
        at = stop + 1;
    }
    if (!p.has_log || !p.has_quorum)
        return cty_fail(error, CUSTODY_E_BAD_TRUST, "the policy names no log or no quorum");
    if (log_is_witness(trust))
        return cty_fail(error, CUSTODY_E_BAD_TRUST, "a witness has the log's key");
    return CUSTODY_OK;
}

static bool is_pinned(const struct cty_trust *trust, struct cty_bytes vkey)
{
    for (uint32_t i = 0; i < trust->pins_count; i++) {
        if (cty_bytes_equal(trust->pins[i].vkey, vkey))
            return true;
    }
    return false;
}

static custody_err read_pin(struct cty_trust *trust, struct cty_bytes party, const struct cty_json_node *node,
                            custody_error *error)
{
    struct cty_bytes name;
    struct cty_key key;
    bool fits = node->kind == CTY_JSON_STRING && !node->escaped &&
                cty_vkey_parse(node->text, CTY_KEY_ED25519, &name, &key) == CUSTODY_OK &&
                cty_bytes_equal(cty_actor_party(name), party);
    if (!fits)
        return cty_fail(error, CUSTODY_E_BAD_TRUST, "admins: not the vkey of an actor of its party");
    if (is_pinned(trust, node->text))
        return cty_fail(error, CUSTODY_E_BAD_TRUST, "admins: a vkey stands twice");
    if (trust->pins_count == CTY_TRUST_PINS_MAX)
        return cty_fail(error, CUSTODY_E_BAD_TRUST, "admins: more than %u", CTY_TRUST_PINS_MAX);
    trust->pins[trust->pins_count++] = (struct cty_trust_pin){party, node->text};
    return CUSTODY_OK;
}

static custody_err read_pins(struct cty_trust *trust, const struct cty_json *json, const struct cty_json_node *admins,
                             custody_error *error)
{
    if (admins->kind != CTY_JSON_OBJECT)
        return cty_fail(error, CUSTODY_E_BAD_TRUST, "admins is not an object");
    for (const struct cty_json_node *party = cty_json_first(json, admins); party;
         party = cty_json_after(json, admins, party)) {
        if (party->kind != CTY_JSON_ARRAY || party->count == 0 || party->name_escaped)
            return cty_fail(error, CUSTODY_E_BAD_TRUST, "admins: not an array of vkeys");
        for (const struct cty_json_node *pin = cty_json_first(json, party); pin;
             pin = cty_json_after(json, party, pin))
            CTY_TRY(read_pin(trust, party->name, pin, error));
    }
    return CUSTODY_OK;
}

/* ---- doors ---- */

static custody_err bad_door(struct cty_bytes url, const char *why, custody_error *error)
{
    return cty_fail(error, CUSTODY_E_BAD_TRUST, "doors: %s: %.*s", why, (int)(url.size < 128 ? url.size : 128),
                    (const char *)url.data);
}

static bool is_tls_url(const struct cty_json_node *door)
{
    struct cty_bytes scheme = CTY_LITERAL("tls+tcp://");
    return !door->name_escaped && cty_text_check(CTY_TEXT_URL, door->name) == CUSTODY_OK &&
           door->name.size > scheme.size && memcmp(door->name.data, scheme.data, scheme.size) == 0;
}

static custody_err read_pem(const struct cty_json_node *pem, struct cty_bytes url, struct cty_buf *ret_pem,
                            custody_error *error)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    *ret_pem = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    if (pem->kind != CTY_JSON_STRING)
        return bad_door(url, "a certificate is no string", error);
    custody_err err = cty_json_string(pem, ret_pem);
    if (err == CUSTODY_E_TOO_LARGE)
        return bad_door(url, "a certificate is too long", error);
    if (err != CUSTODY_OK)
        return err;
    if (!memmem(ret_pem->data, ret_pem->size, begin, sizeof(begin) - 1) || memchr(ret_pem->data, 0, ret_pem->size))
        return bad_door(url, "a certificate is not in PEM form", error);
    return CUSTODY_OK;
}

static custody_err read_door(struct cty_trust *trust, const struct cty_json *json, const struct cty_json_node *door,
                             custody_error *error)
{
    if (!is_tls_url(door))
        return bad_door(door->name, "not an address like tls+tcp://HOST:PORT", error);
    if (trust->doors_count == CTY_TRUST_DOORS_MAX)
        return cty_fail(error, CUSTODY_E_BAD_TRUST, "doors: more than %u", CTY_TRUST_DOORS_MAX);
    bool single = door->kind == CTY_JSON_OBJECT && door->count == 1;
    const struct cty_json_node *pin = single ? cty_json_first(json, door) : NULL;
    struct cty_trust_door *out = &trust->doors[trust->doors_count++];
    out->url = door->name;
    if (pin && cty_bytes_is(pin->name, "certificate"))
        return read_pem(pin, out->url, &out->certificate, error);
    if (pin && cty_bytes_is(pin->name, "authority"))
        return read_pem(pin, out->url, &out->authority, error);
    return bad_door(out->url, "needs one member, certificate or authority", error);
}

static custody_err read_doors(struct cty_trust *trust, const struct cty_json *json, const struct cty_json_node *doors,
                              custody_error *error)
{
    if (doors->kind != CTY_JSON_OBJECT)
        return cty_fail(error, CUSTODY_E_BAD_TRUST, "doors is not an object");
    for (const struct cty_json_node *door = cty_json_first(json, doors); door;
         door = cty_json_after(json, doors, door))
        CTY_TRY(read_door(trust, json, door, error));
    return CUSTODY_OK;
}

/* ---- the file ---- */

static custody_err read_member(struct cty_trust *trust, const struct cty_json *json,
                               const struct cty_json_node *member, custody_error *error)
{
    uint64_t version = 0;
    if (cty_bytes_is(member->name, "custody_trust")) {
        if (member->kind != CTY_JSON_NUMBER || cty_json_u64(member, 1, &version) != CUSTODY_OK || version != 1)
            return cty_fail(error, CUSTODY_E_BAD_TRUST, "custody_trust is not 1");
        return CUSTODY_OK;
    }
    if (cty_bytes_is(member->name, "policy") && member->kind == CTY_JSON_STRING)
        return cty_json_string(member, &trust->policy);
    if (cty_bytes_is(member->name, "admins"))
        return read_pins(trust, json, member, error);
    if (cty_bytes_is(member->name, "doors"))
        return read_doors(trust, json, member, error);
    if (cty_bytes_is(member->name, "name") && member->kind == CTY_JSON_STRING &&
        cty_text_check(CTY_TEXT_ACTOR, member->text) == CUSTODY_OK) {
        trust->name = member->text;
        return CUSTODY_OK;
    }
    return cty_fail(error, CUSTODY_E_BAD_TRUST, "a member is unknown or not of its form");
}

static custody_err read_trust(struct cty_trust *trust, struct cty_json *json, custody_error *error)
{
    struct cty_json_limits limits = {4, 1024};
    custody_err err = cty_json_scan(json, CTY_JSON_DOCUMENT, limits, cty_buf_bytes(&trust->text), error);
    if (err != CUSTODY_OK)
        return err == CUSTODY_E_NO_MEMORY ? err : cty_fail(error, CUSTODY_E_BAD_TRUST, "it is not acceptable JSON");
    const struct cty_json_node *root = &json->nodes[0];
    if (root->kind != CTY_JSON_OBJECT || !cty_json_member(json, root, "custody_trust"))
        return cty_fail(error, CUSTODY_E_BAD_TRUST, "it is no trust file: custody_trust is missing");
    for (const struct cty_json_node *member = cty_json_first(json, root); member;
         member = cty_json_after(json, root, member))
        CTY_TRY(read_member(trust, json, member, error));
    return read_policy(trust, error);
}

custody_err cty_trust_parse(struct cty_bytes text, struct cty_trust *ret_trust, custody_error *error)
{
    struct cty_json json = CTY_JSON_INIT;
    memset(ret_trust, 0, sizeof(*ret_trust));
    ret_trust->text.limit = CTY_TRUST_BYTES_MAX;
    ret_trust->policy.limit = CTY_TRUST_BYTES_MAX;
    custody_err err = cty_buf_put_bytes(&ret_trust->text, text);
    if (err == CUSTODY_OK)
        err = read_trust(ret_trust, &json, error);
    cty_json_done(&json);
    if (err != CUSTODY_OK)
        cty_trust_done(ret_trust);
    return err;
}

void cty_trust_done(struct cty_trust *trust)
{
    if (!trust)
        return;
    cty_buf_done(&trust->text);
    cty_buf_done(&trust->policy);
    for (uint32_t i = 0; i < trust->doors_count; i++) {
        cty_buf_done(&trust->doors[i].certificate);
        cty_buf_done(&trust->doors[i].authority);
    }
    memset(trust, 0, sizeof(*trust));
}

bool cty_trust_has_log_line(const struct cty_trust *trust, struct cty_bytes line)
{
    struct cty_bytes name;
    struct cty_key key;
    if (cty_vkey_parse(line, CTY_KEY_ED25519, &name, &key) != CUSTODY_OK || !cty_bytes_equal(name, trust->origin))
        return false;
    for (uint32_t i = 0; i < trust->log_keys.count; i++) {
        if (cty_key_equal(&trust->log_keys.keys[i], &key))
            return true;
    }
    return false;
}

uint32_t cty_trust_pins_of(const struct cty_trust *trust, struct cty_bytes party)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < trust->pins_count; i++)
        count += cty_bytes_equal(trust->pins[i].party, party) ? 1 : 0;
    return count;
}

custody_err cty_trust_check_admins(const struct cty_trust *trust, struct cty_bytes party,
                                   const struct cty_enrolment *admins, uint32_t count)
{
    /* No key is pinned twice and none enrolled twice: as many on both sides, and all of these among those, is all. */
    for (uint32_t i = 0; i < count; i++) {
        if (!is_pinned(trust, admins[i].key))
            return CUSTODY_E_KEY_UNKNOWN;
    }
    return cty_trust_pins_of(trust, party) == count ? CUSTODY_OK : CUSTODY_E_KEY_UNKNOWN;
}

/* Nodes name only earlier nodes, so one pass in order gives every group its answer. */
void cty_trust_witnessed(const struct cty_trust *trust, const struct cty_note *note, struct cty_report *report)
{
    if (trust->quorum == CTY_TRUST_NODES_MAX)
        return;
    report->claims[CTY_CLAIM_WITNESSED].required = true;
    uint64_t met = 0;
    char missing[CTY_REPORT_TEXT_MAX] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < trust->nodes_count; i++) {
        const struct cty_trust_node *node = &trust->nodes[i];
        uint64_t time_s = 0;
        bool ok = node->is_group
                      ? (uint32_t)__builtin_popcountll(met & node->members) >= node->needed
                      : cty_note_cosignature_verify(note, node->key_name, &node->key, &time_s) == CUSTODY_OK;
        if (ok)
            met |= (uint64_t)1 << i;
        else if (!node->is_group && used < sizeof(missing) - 1)
            used += (size_t)snprintf(missing + used, sizeof(missing) - used, " %.*s", (int)node->name.size,
                                     (const char *)node->name.data);
        used = used < sizeof(missing) ? used : sizeof(missing) - 1;
    }
    if (met & ((uint64_t)1 << trust->quorum))
        cty_report_hold(report, CTY_CLAIM_WITNESSED, "the quorum of witnesses cosigned the checkpoint");
    else
        cty_report_fail(report, CTY_CLAIM_WITNESSED, CUSTODY_E_UNDER_THRESHOLD, CTY_REPORT_NO_ENTRY,
                        "no valid cosignature by:%s", missing);
}
