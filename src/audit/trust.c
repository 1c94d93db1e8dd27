/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/trust.h"

#include "base/check.h"

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
                               const struct cty_json_node *member, struct cty_buf *policy, custody_error *error)
{
    uint64_t version = 0;
    if (cty_bytes_is(member->name, "custody_trust")) {
        if (member->kind != CTY_JSON_NUMBER || cty_json_u64(member, 1, &version) != CUSTODY_OK || version != 1)
            return cty_fail(error, CUSTODY_E_BAD_TRUST, "custody_trust is not 1");
        return CUSTODY_OK;
    }
    if (cty_bytes_is(member->name, "policy") && member->kind == CTY_JSON_STRING)
        return cty_json_string(member, policy);
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

static custody_err read_trust(struct cty_trust *trust, struct cty_json *json, struct cty_buf *policy,
                              custody_error *error)
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
        CTY_TRY(read_member(trust, json, member, policy, error));
    return cty_witness_policy_parse(cty_buf_bytes(policy), &trust->policy, error);
}

/* A policy's own text pins the log and its witnesses, and nobody who is enrolled. */
static custody_err read_file(struct cty_trust *trust, struct cty_bytes text, custody_error *error)
{
    if (!cty_witness_policy_is_json(text))
        return cty_witness_policy_parse(text, &trust->policy, error);
    struct cty_json json = CTY_JSON_INIT;
    struct cty_buf policy = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    custody_err err = CUSTODY_E_INTERNAL;
    CTY_TRY_OUT(cty_buf_put_bytes(&trust->text, text));
    CTY_TRY_OUT(read_trust(trust, &json, &policy, error));
out:
    cty_buf_done(&policy);
    cty_json_done(&json);
    return err;
}

custody_err cty_trust_parse(struct cty_bytes text, struct cty_trust *ret_trust, custody_error *error)
{
    memset(ret_trust, 0, sizeof(*ret_trust));
    ret_trust->text.limit = CTY_TRUST_BYTES_MAX;
    custody_err err = read_file(ret_trust, text, error);
    if (err != CUSTODY_OK) {
        cty_trust_done(ret_trust);
        return err;
    }
    ret_trust->origin = ret_trust->policy.origin;
    ret_trust->log_vkey = ret_trust->policy.log_vkey;
    ret_trust->log_key = ret_trust->policy.log_key;
    cty_log_keys_begin(&ret_trust->log_keys, &ret_trust->log_key);
    return CUSTODY_OK;
}

void cty_trust_done(struct cty_trust *trust)
{
    if (!trust)
        return;
    cty_buf_done(&trust->text);
    cty_witness_policy_done(&trust->policy);
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

void cty_trust_witnessed(const struct cty_trust *trust, const struct cty_note *note, struct cty_report *report)
{
    const struct cty_witness_policy *policy = &trust->policy;
    char names[CTY_CLAIM_TEXT_MAX / 2];
    uint64_t bad = 0;
    uint64_t witnesses = cty_witness_policy_cosigned(policy, note, 0, NULL, &bad);
    report->claims[CTY_CLAIM_WITNESSED].required = cty_witness_policy_asks(policy);
    if (bad) {
        cty_witness_policy_names(policy, bad, sizeof(names), names);
        cty_report_fail(report, CTY_CLAIM_WITNESSED, CUSTODY_E_SIGNATURE_INVALID, CTY_REPORT_NO_ENTRY,
                        "the note is void, for a cosignature that it says is of %s is not", names);
        return;
    }
    if (!cty_witness_policy_asks(policy))
        return;
    if (cty_witness_policy_met(policy, witnesses)) {
        cty_witness_policy_names(policy, witnesses, sizeof(names), names);
        cty_report_hold(report, CTY_CLAIM_WITNESSED, "the quorum of witnesses cosigned the checkpoint: %s", names);
        return;
    }
    cty_witness_policy_names(policy, cty_witness_policy_asked(policy) & ~witnesses, sizeof(names), names);
    cty_report_fail(report, CTY_CLAIM_WITNESSED, CUSTODY_E_UNDER_THRESHOLD, CTY_REPORT_NO_ENTRY,
                    "no valid cosignature by: %s", names);
}
