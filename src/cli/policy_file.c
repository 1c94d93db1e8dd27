/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_file.h"

#include "base/check.h"
#include "cli/text.h"

void cty_policy_file_done(struct cty_policy_file *file)
{
    cty_buf_done(&file->text);
    cty_json_done(&file->json);
}

custody_err cty_policy_file_parse(struct cty_cli *cli, struct cty_bytes text, struct cty_policy_file *file)
{
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    file->text.limit = CTY_STATEMENT_BYTES_MAX;
    CTY_TRY(cty_json_scan(&file->json, CTY_JSON_DOCUMENT, limits, text, &cli->error));
    CTY_TRY(cty_json_canonical(&file->json, &file->text));
    return cty_policy_parse(cty_buf_bytes(&file->text), &file->json, &file->policy, &cli->error);
}

custody_err cty_policy_file_read(struct cty_cli *cli, const char *path, struct cty_policy_file *file)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    CTY_TRY(cty_cli_read_file(cli, path, &text));
    return cty_policy_file_parse(cli, cty_buf_bytes(&text), file);
}

/* --- in sentences ---------------------------------------------------------------------------------------- */

static custody_err put_glob(struct cty_buf *out, const char *what, struct cty_bytes glob, bool *first)
{
    if (!glob.data)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_putf(out, "%s%s ", *first ? " where " : " and ", what));
    *first = false;
    return cty_text_show(glob, out);
}

static custody_err put_match(struct cty_buf *out, const struct cty_match *match)
{
    bool first = true;
    CTY_TRY(put_glob(out, "the service is", match->service, &first));
    CTY_TRY(put_glob(out, "the action is", match->action, &first));
    CTY_TRY(put_glob(out, "the priority is", match->priority, &first));
    CTY_TRY(put_glob(out, "the party is", match->party, &first));
    CTY_TRY(put_glob(out, "the agent is", match->agent, &first));
    return first ? cty_buf_put_text(out, " always") : CUSTODY_OK;
}

static custody_err put_names(struct cty_buf *out, const char *before, const struct cty_names *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        CTY_TRY(cty_buf_put_text(out, i ? ", " : before));
        CTY_TRY(cty_text_show(names->names[i], out));
    }
    return CUSTODY_OK;
}

static custody_err put_period(struct cty_buf *out, const char *what, uint64_t period_ms)
{
    char text[CTY_TIME_TEXT_SIZE];
    if (period_ms == 0)
        return CUSTODY_OK;
    cty_period_show(period_ms, text);
    return cty_buf_putf(out, "; %s %s", text, what);
}

static custody_err put_rule(struct cty_buf *out, const struct cty_rule *rule, uint32_t number)
{
    CTY_TRY(cty_buf_putf(out, "rule %-7u %s", number, cty_effect_names[rule->effect]));
    CTY_TRY(put_match(out, &rule->match));
    if (rule->effect == CTY_HOLD) {
        CTY_TRY(cty_buf_putf(out, ": %llu approval%s", (unsigned long long)rule->approvals,
                             rule->approvals == 1 ? "" : "s"));
        CTY_TRY(put_names(out, " by ", &rule->roles));
        CTY_TRY(rule->parties.count ? put_names(out, " of ", &rule->parties)
                                    : cty_buf_put_text(out, " of the requester's party"));
        CTY_TRY(cty_buf_put_text(out, rule->distinct_parties ? ", each of another party" : ""));
    }
    CTY_TRY(put_period(out, "to decide", rule->decide_ms));
    CTY_TRY(put_period(out, "to use", rule->use_ms));
    CTY_TRY(put_period(out, "to report", rule->report_ms));
    return cty_buf_put_byte(out, '\n');
}

custody_err cty_policy_show(const struct cty_policy *policy, struct cty_buf *out)
{
    CTY_TRY(cty_buf_putf(out, "admins       %llu must sign\n", (unsigned long long)policy->admin_quorum));
    for (uint32_t i = 0; i < policy->rules_count; i++)
        CTY_TRY(put_rule(out, &policy->rules[i], i + 1));
    return policy->rules_count ? CUSTODY_OK : cty_buf_put_text(out, "rules        none\n");
}
