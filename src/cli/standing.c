/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/standing.h"

#include "base/check.h"
#include "cli/put.h"
#include "cli/text.h"
#include "client/witnessed.h"
#include "proto/rpc_shapes.h"

/* Cut to the room; what is not printable ASCII reads "?": no letter may be cut in two. */
static void copy(struct cty_bytes text, size_t size, char *out)
{
    size_t length = text.size < size - 1 ? text.size : size - 1;
    for (size_t i = 0; i < length; i++)
        out[i] = text.data[i] >= 0x20 && text.data[i] <= 0x7e ? (char)text.data[i] : '?';
    out[length] = '\0';
}

/* What the custodian says of the witness with this key. */
static const struct cty_rpc_witness *find(const union cty_rpc_result *result, struct cty_bytes vkey)
{
    for (uint32_t i = 0; i < result->witnesses.witnesses_count; i++) {
        if (cty_bytes_equal(result->witnesses.witnesses[i].key, vkey))
            return &result->witnesses.witnesses[i];
    }
    return NULL;
}

static void add_line(const struct cty_policy_node *node, const struct cty_rpc_witness *said, struct cty_standing *standing)
{
    struct cty_standing_line *line = &standing->lines[standing->count++];
    copy(node->name, sizeof(line->name), line->name);
    copy(cty_bytes_text(said ? cty_witness_state_names[said->state] : "unasked"), sizeof(line->state), line->state);
    copy(said ? said->detail : CTY_LITERAL("the custodian's policy does not name it"), sizeof(line->detail), line->detail);
    line->size = said ? said->size : 0;
    line->time = said ? said->time : 0;
}

/* Those that answer and cosign, as the custodian says. */
static bool is_there(const struct cty_rpc_witness *said)
{
    return said && (said->state == CTY_WITNESS_OK || said->state == CTY_WITNESS_BEHIND);
}

static void take(const struct cty_witness_policy *policy, const union cty_rpc_result *result, struct cty_standing *standing)
{
    uint64_t asked = cty_witness_policy_asked(policy), there = 0;
    for (uint32_t i = 0; i < policy->count; i++) {
        if ((asked >> i & 1) == 0)
            continue;
        const struct cty_rpc_witness *said = find(result, policy->nodes[i].vkey);
        there |= is_there(said) ? (uint64_t)1 << i : 0;
        add_line(&policy->nodes[i], said, standing);
    }
    standing->reached = cty_witness_policy_met(policy, there);
}

custody_err cty_standing_now(struct cty_cli *cli, struct cty_client *client, struct cty_standing *ret_standing)
{
    memset(ret_standing, 0, sizeof(*ret_standing));
    ret_standing->asks = cty_witness_policy_asks(&cli->trust.policy);
    if (!ret_standing->asks)
        return CUSTODY_OK;
    CTY_AUTO_FREE struct cty_answer *answer = cty_alloc(1, sizeof(*answer));
    if (!answer)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = cty_client_call(client, CTY_RPC_WITNESSES, NULL, answer, &cli->error);
    if (err == CUSTODY_OK)
        take(&cli->trust.policy, &answer->result, ret_standing);
    cty_answer_done(answer);
    return err;
}

static custody_err newest_text(void *context, const struct cty_parsed_entry *entry, struct cty_bytes text)
{
    (void)entry;
    *(struct cty_bytes *)context = text;
    return CUSTODY_OK;
}

static bool is_acted_on(const struct cty_judgement *judgement, uint64_t now)
{
    enum cty_case_state state = judgement->known ? cty_case_reads(judgement, now) : CTY_CASE_HELD;
    return state == CTY_CASE_RELEASED || state == CTY_CASE_CONSUMED;
}

custody_err cty_standing_case(struct cty_cli *cli, struct cty_client *client, const struct cty_judgement *judgement,
                              struct cty_standing *ret_standing)
{
    struct cty_bytes newest = {NULL, 0};
    memset(ret_standing, 0, sizeof(*ret_standing));
    if (!cty_witness_policy_asks(&cli->trust.policy) || !is_acted_on(judgement, cty_client_now(client)))
        return CUSTODY_OK;
    CTY_TRY(cty_standing_now(cli, client, ret_standing));
    CTY_TRY(cty_judgement_each(judgement, newest_text, &newest));
    ret_standing->of_case = true;
    ret_standing->entry = judgement->newest_index;
    custody_err err = cty_client_look_witnessed(client, judgement->newest_index, newest, NULL, &cli->error);
    ret_standing->reached = err == CUSTODY_OK;
    return err == CUSTODY_E_NOT_WITNESSED ? CUSTODY_OK : err;
}

static custody_err put_line(const struct cty_standing_line *line, uint64_t now, struct cty_buf *out)
{
    char period[CTY_TIME_TEXT_SIZE];
    CTY_TRY(cty_buf_put_text(out, "  "));
    CTY_TRY(cty_text_show(cty_bytes_text(line->name), out));
    CTY_TRY(cty_buf_put_text(out, "  "));
    CTY_TRY(cty_text_show(cty_bytes_text(line->state), out));
    if (line->time) {
        cty_period_show(now > line->time ? now - line->time : 0, period);
        CTY_TRY(cty_buf_putf(out, "  cosigned size %llu %s ago", (unsigned long long)line->size, period));
    }
    if (line->detail[0]) {
        CTY_TRY(cty_buf_put_text(out, "  "));
        CTY_TRY(cty_text_show(cty_bytes_text(line->detail), out));
    }
    return cty_buf_put_byte(out, '\n');
}

custody_err cty_standing_put(const struct cty_standing *standing, uint64_t now, struct cty_buf *out)
{
    if (!standing->asks || standing->reached)
        return CUSTODY_OK;
    if (standing->of_case)
        CTY_TRY(cty_buf_putf(out, "\nnobody can act on it: no quorum of your witnesses has cosigned entry %llu. The custodian says:\n",
                             (unsigned long long)standing->entry));
    else
        CTY_TRY(cty_buf_put_text(out, "\nnobody can act: no quorum of your witnesses is there. The custodian says:\n"));
    for (size_t i = 0; i < standing->count; i++)
        CTY_TRY(put_line(&standing->lines[i], now, out));
    return CUSTODY_OK;
}

void cty_standing_member(struct cty_jw *jw, const struct cty_standing *standing)
{
    if (!standing->asks)
        return;
    cty_jw_name(jw, "witnesses");
    cty_jw_object(jw);
    if (standing->of_case)
        cty_member_u64(jw, "entry", standing->entry);
    cty_member_bool(jw, "reached", standing->reached);
    cty_jw_name(jw, "said");
    cty_jw_array(jw);
    for (size_t i = 0; i < standing->count; i++) {
        const struct cty_standing_line *line = &standing->lines[i];
        cty_jw_object(jw);
        cty_member_text(jw, "detail", line->detail);
        cty_member_text(jw, "name", line->name);
        cty_member_u64(jw, "size", line->size);
        cty_member_text(jw, "state", line->state);
        cty_member_u64(jw, "time", line->time);
        cty_jw_object_end(jw);
    }
    cty_jw_array_end(jw);
    cty_jw_object_end(jw);
}
