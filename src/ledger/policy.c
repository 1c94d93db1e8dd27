/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of policies. What its rules say of witnesses that are there is in policy_quorum.c. */
#include "ledger/policy.h"

#include "base/check.h"
#include "codec/json.h"

/* One text while it is read, line by line. */
struct reading {
    struct cty_witness_policy *policy;
    custody_error *error;
    unsigned line;
    bool has_log;
    bool has_quorum;
};

static custody_err bad_line(struct reading *r, const char *why)
{
    return cty_fail(r->error, CUSTODY_E_BAD_TRUST, "policy line %u: %s", r->line, why);
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
static custody_err end_line(struct reading *r, struct cty_bytes rest)
{
    if (next_word(&rest).size > 0)
        return bad_line(r, "something stands behind its end");
    return CUSTODY_OK;
}

/* An address may follow a key. Whether it is one that can be dialled, who dials finds out. */
static custody_err end_keyed_line(struct reading *r, struct cty_bytes rest, struct cty_bytes *ret_url)
{
    *ret_url = next_word(&rest);
    return end_line(r, rest);
}

static uint32_t find_node(const struct cty_witness_policy *policy, struct cty_bytes name)
{
    for (uint32_t i = 0; i < policy->count; i++) {
        if (cty_bytes_equal(policy->nodes[i].name, name))
            return i;
    }
    return CTY_WITNESS_NODES_MAX;
}

static custody_err add_node(struct reading *r, struct cty_bytes name, struct cty_policy_node **ret_node)
{
    if (name.size == 0 || cty_bytes_is(name, "none"))
        return bad_line(r, "a name is missing or reserved");
    if (find_node(r->policy, name) != CTY_WITNESS_NODES_MAX)
        return bad_line(r, "the name is defined already");
    if (r->policy->count == CTY_WITNESS_NODES_MAX)
        return bad_line(r, "too many witnesses and groups");
    *ret_node = &r->policy->nodes[r->policy->count++];
    (*ret_node)->name = name;
    return CUSTODY_OK;
}

static custody_err read_log(struct reading *r, struct cty_bytes rest)
{
    struct cty_bytes vkey = next_word(&rest);
    if (r->has_log)
        return bad_line(r, "a second log");
    if (cty_vkey_parse(vkey, CTY_KEY_ED25519, &r->policy->origin, &r->policy->log_key) != CUSTODY_OK)
        return bad_line(r, "the log's key is not an Ed25519 vkey");
    r->policy->log_vkey = vkey;
    r->has_log = true;
    return end_keyed_line(r, rest, &r->policy->log_url);
}

static custody_err read_witness(struct reading *r, struct cty_bytes rest)
{
    struct cty_policy_node *node = NULL;
    CTY_TRY(add_node(r, next_word(&rest), &node));
    node->vkey = next_word(&rest);
    if (cty_vkey_parse(node->vkey, CTY_KEY_COSIGNATURE, &node->key_name, &node->key) != CUSTODY_OK)
        return bad_line(r, "the witness's key is not a cosignature vkey");
    for (uint32_t i = 0; i + 1 < r->policy->count; i++) {
        if (!r->policy->nodes[i].is_group && cty_key_equal(&r->policy->nodes[i].key, &node->key))
            return bad_line(r, "a key stands twice");
    }
    return end_keyed_line(r, rest, &node->url);
}

static custody_err read_members(struct reading *r, struct cty_bytes rest, struct cty_policy_node *group,
                                uint32_t *ret_count)
{
    uint32_t own = r->policy->count - 1;
    *ret_count = 0;
    for (struct cty_bytes word = next_word(&rest); word.size > 0; word = next_word(&rest)) {
        uint32_t index = find_node(r->policy, word);
        if (index >= own)
            return bad_line(r, "a member is not defined before");
        if (r->policy->nodes[index].used)
            return bad_line(r, "a member is in two groups");
        r->policy->nodes[index].used = true;
        group->members |= (uint64_t)1 << index;
        (*ret_count)++;
    }
    return CUSTODY_OK;
}

static custody_err read_group(struct reading *r, struct cty_bytes rest)
{
    struct cty_policy_node *group = NULL;
    CTY_TRY(add_node(r, next_word(&rest), &group));
    struct cty_bytes how = next_word(&rest);
    uint32_t count = 0;
    uint64_t needed = 0;
    group->is_group = true;
    CTY_TRY(read_members(r, rest, group, &count));
    if (cty_bytes_is(how, "any"))
        needed = 1;
    else if (cty_bytes_is(how, "all"))
        needed = count;
    else if (cty_u64_parse(how, CTY_WITNESS_NODES_MAX, &needed) != CUSTODY_OK)
        return bad_line(r, "a group needs any, all or a number");
    if (count == 0 || needed == 0 || needed > count)
        return bad_line(r, "a group can't be met");
    group->needed = (uint32_t)needed;
    return CUSTODY_OK;
}

static custody_err read_quorum(struct reading *r, struct cty_bytes rest)
{
    struct cty_bytes name = next_word(&rest);
    if (r->has_quorum)
        return bad_line(r, "a second quorum");
    r->has_quorum = true;
    if (cty_bytes_is(name, "none"))
        return end_line(r, rest);
    r->policy->quorum = find_node(r->policy, name);
    if (r->policy->quorum == CTY_WITNESS_NODES_MAX)
        return bad_line(r, "the quorum's name is not defined");
    return end_line(r, rest);
}

/* Of the control characters only tab and newline may stand anywhere, a comment included. */
static bool is_plain(struct cty_bytes line)
{
    for (size_t i = 0; i < line.size; i++) {
        if ((line.data[i] < 0x20 && line.data[i] != '\t') || line.data[i] == 0x7f)
            return false;
    }
    return true;
}

static custody_err read_line(struct reading *r, struct cty_bytes line)
{
    struct cty_bytes rest = line;
    if (!is_plain(line))
        return bad_line(r, "a control character");
    struct cty_bytes word = next_word(&rest);
    if (word.size == 0 || word.data[0] == '#')
        return CUSTODY_OK;
    if (cty_bytes_is(word, "log"))
        return read_log(r, rest);
    if (cty_bytes_is(word, "witness"))
        return read_witness(r, rest);
    if (cty_bytes_is(word, "group"))
        return read_group(r, rest);
    if (cty_bytes_is(word, "quorum"))
        return read_quorum(r, rest);
    return bad_line(r, "neither log, witness, group nor quorum");
}

/* A log that witnesses itself is no witness; and a key has one use. */
static bool log_is_witness(const struct cty_witness_policy *policy)
{
    for (uint32_t i = 0; i < policy->count; i++) {
        if (!policy->nodes[i].is_group && cty_key_equal(&policy->nodes[i].key, &policy->log_key))
            return true;
    }
    return false;
}

/* Reads the policy's own text. */
static custody_err read_text(struct cty_witness_policy *policy, custody_error *error)
{
    struct reading r = {.policy = policy, .error = error};
    struct cty_bytes text = cty_buf_bytes(&policy->text);
    size_t at = 0;
    while (at < text.size) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t stop = end ? (size_t)(end - text.data) : text.size;
        r.line++;
        CTY_TRY(read_line(&r, cty_bytes_make(text.data + at, stop - at)));
        at = stop + 1;
    }
    if (!r.has_log || !r.has_quorum)
        return cty_fail(error, CUSTODY_E_BAD_TRUST, "the policy names no log or no quorum");
    if (log_is_witness(policy))
        return cty_fail(error, CUSTODY_E_BAD_TRUST, "a witness has the log's key");
    return CUSTODY_OK;
}

static void begin(struct cty_witness_policy *policy)
{
    memset(policy, 0, sizeof(*policy));
    policy->text.limit = CTY_WITNESS_POLICY_BYTES_MAX;
    policy->quorum = CTY_WITNESS_NODES_MAX;
}

custody_err cty_witness_policy_parse(struct cty_bytes text, struct cty_witness_policy *ret_policy, custody_error *error)
{
    begin(ret_policy);
    custody_err err = cty_buf_put_bytes(&ret_policy->text, text);
    if (err == CUSTODY_OK)
        err = read_text(ret_policy, error);
    if (err != CUSTODY_OK)
        cty_witness_policy_done(ret_policy);
    return err;
}

bool cty_witness_policy_is_json(struct cty_bytes file)
{
    for (size_t i = 0; i < file.size; i++) {
        if (!memchr(" \t\r\n", file.data[i], 4))
            return file.data[i] == '{';
    }
    return false;
}

/* The text in a trust file's `policy`. */
static custody_err take_member(struct cty_bytes file, struct cty_json *json, struct cty_buf *out, custody_error *error)
{
    struct cty_json_limits limits = {4, 1024};
    custody_err err = cty_json_scan(json, CTY_JSON_DOCUMENT, limits, file, error);
    if (err != CUSTODY_OK)
        return err == CUSTODY_E_NO_MEMORY ? err : cty_fail(error, CUSTODY_E_BAD_TRUST, "it is not acceptable JSON");
    const struct cty_json_node *member = cty_json_member(json, &json->nodes[0], "policy");
    if (!cty_json_member(json, &json->nodes[0], "custody_trust") || !member || member->kind != CTY_JSON_STRING)
        return cty_fail(error, CUSTODY_E_BAD_TRUST, "it is no trust file: custody_trust or policy is missing");
    return cty_json_string(member, out);
}

custody_err cty_witness_policy_read(struct cty_bytes file, struct cty_witness_policy *ret_policy, custody_error *error)
{
    if (!cty_witness_policy_is_json(file))
        return cty_witness_policy_parse(file, ret_policy, error);
    begin(ret_policy);
    if (file.size > CTY_WITNESS_POLICY_BYTES_MAX)
        return CUSTODY_E_TOO_LARGE;
    struct cty_json json = CTY_JSON_INIT;
    custody_err err = take_member(file, &json, &ret_policy->text, error);
    if (err == CUSTODY_OK)
        err = read_text(ret_policy, error);
    cty_json_done(&json);
    if (err != CUSTODY_OK)
        cty_witness_policy_done(ret_policy);
    return err;
}

void cty_witness_policy_done(struct cty_witness_policy *policy)
{
    if (!policy)
        return;
    cty_buf_done(&policy->text);
    memset(policy, 0, sizeof(*policy));
}
