/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: ordered rules, first match wins. See spec/policy.md. Evaluation is in src/escrow. */
#ifndef CTY_MODEL_POLICY_H
#define CTY_MODEL_POLICY_H

#include "model/statement.h"

/* Globs; absent (data NULL) matches anything. */
struct cty_match {
    bool present;
    struct cty_bytes action;
    struct cty_bytes agent;
    struct cty_bytes party;
    struct cty_bytes priority;
    struct cty_bytes service;
};

/* Who decides in the place of the rule's roles, by a decision or once so much time has passed. */
struct cty_rule_escalation {
    bool present;
    uint64_t after_ms;        /* 0: only by a decision */
    struct cty_names parties; /* empty: as the rule */
    struct cty_names roles;
};

struct cty_rule {
    uint64_t approvals;
    bool consent;
    uint64_t decide_ms;
    bool distinct_parties;
    int effect; /* enum cty_effect */
    struct cty_rule_escalation escalation;
    int key_custody; /* enum cty_key_custody; operator is no least */
    struct cty_match match;
    bool ordered;
    struct cty_names parties; /* party references; empty: "$requester" */
    uint64_t report_ms;
    struct cty_names roles;
    uint64_t use_ms;
    uint64_t window_ms;
};

/* Who may enrol and revoke admins when too few of them are left. */
struct cty_recovery {
    bool present;
    uint64_t quorum;
    struct cty_names roles;
};

struct cty_policy {
    uint64_t admin_quorum;
    struct cty_recovery recovery;
    struct cty_rule rules[CTY_RULES_MAX];
    uint32_t rules_count;
};

/* Of a policy object; cty_policy_parse asks for more than its shape. */
extern const struct cty_shape cty_shape_policy;

/*
 * Decodes a policy object. Borrows from the scanned text. Beyond its shape: a hold names approvals and roles,
 * a pass or deny names neither. Errors: those of cty_shape_decode.
 */
CUSTODY_MUST_USE custody_err cty_policy_decode(const struct cty_json *json, const struct cty_json_node *node,
                                               struct cty_policy *ret_policy, custody_error *error);
/* Scans and decodes the canonical text of a policy; the result borrows from `text` (`json` is scratch). */
CUSTODY_MUST_USE custody_err cty_policy_parse(struct cty_bytes text, struct cty_json *json,
                                              struct cty_policy *ret_policy, custody_error *error);

#endif
