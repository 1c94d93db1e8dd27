/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/case.h"

#include "base/check.h"
#include "client/read.h"
#include "codec/text.h"

#define PREFIX_MIN 8

struct search {
    struct cty_bytes prefix;
    uint64_t found;
    struct cty_hash case_id;
};

static custody_err each_case(void *context, const struct cty_case_row *row)
{
    struct search *search = context;
    char hex[2 * CTY_HASH_SIZE + 1];
    cty_hex_write(row->row->case_id.bytes, CTY_HASH_SIZE, hex);
    if (memcmp(hex, search->prefix.data, search->prefix.size) != 0)
        return CUSTODY_OK;
    search->case_id = row->row->case_id;
    search->found++;
    return CUSTODY_OK;
}

custody_err cty_cli_case(struct cty_cli *cli, struct cty_client *client, const char *word, struct cty_hash *ret_case)
{
    struct search search = {.prefix = cty_bytes_text(word)};
    struct cty_case_filter all = {.mine = CTY_MINE_ANY};
    if (cty_hex_parse_into(search.prefix, ret_case->bytes, CTY_HASH_SIZE) == CUSTODY_OK)
        return CUSTODY_OK;
    if (search.prefix.size < PREFIX_MIN || search.prefix.size >= 2 * CTY_HASH_SIZE ||
        strspn(word, "0123456789abcdef") != search.prefix.size)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "a case is 64 hex digits, or at least the first %d", PREFIX_MIN);
    CTY_TRY(cty_client_cases(client, &all, each_case, &search, &cli->error));
    cty_cli_next(cli, CUSTODY_E_NOT_FOUND, CTY_NEXT_CASE);
    if (search.found == 0)
        return cty_fail(&cli->error, CUSTODY_E_NOT_FOUND, "no case begins with %s", word);
    if (search.found > 1)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "%llu cases begin with %s", (unsigned long long)search.found,
                        word);
    *ret_case = search.case_id;
    return CUSTODY_OK;
}

custody_err cty_cli_judge_case(struct cty_cli *cli, struct cty_client *client, const struct cty_hash *case_id,
                               struct cty_judgement **ret_judgement)
{
    CTY_TRY(cty_client_judge(client, case_id, CTY_GATHER_CONTENTS, ret_judgement, &cli->error));
    return cty_case_suspect(*ret_judgement);
}

custody_err cty_cli_judge(struct cty_cli *cli, struct cty_client **ret_client, struct cty_judgement **ret_judgement)
{
    struct cty_client *client = NULL;
    struct cty_hash case_id;
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    CTY_TRY(cty_cli_case(cli, client, cli->args.operands[0], &case_id));
    if (ret_client)
        *ret_client = client;
    return cty_cli_judge_case(cli, client, &case_id, ret_judgement);
}

enum cty_case_state cty_case_reads(const struct cty_judgement *judgement, uint64_t now)
{
    return cty_case_state_at(&judgement->record, now);
}

custody_err cty_case_may_decide(const struct cty_judgement *judgement, struct cty_bytes actor, uint64_t now,
                                custody_error *error)
{
    CTY_AUTO_FREE struct cty_view *view = cty_alloc(1, sizeof(*view));
    if (!view)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        err = cty_may_decide(view, &judgement->case_id, actor, now, error);
        if (err == CUSTODY_E_VIEW_INCOMPLETE)
            CTY_TRY(cty_memory_fill(judgement->memory, view, NULL, NULL));
    }
    return err;
}

custody_err cty_case_previous(const struct cty_judgement *judgement, uint64_t time, struct cty_opt_hash *ret_previous)
{
    CTY_AUTO_FREE struct cty_view *view = cty_alloc(1, sizeof(*view));
    if (!view)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        err = cty_previous_approval(view, &judgement->case_id, time, ret_previous, NULL);
        if (err == CUSTODY_E_VIEW_INCOMPLETE)
            CTY_TRY(cty_memory_fill(judgement->memory, view, NULL, NULL));
    }
    return err;
}

custody_err cty_case_quorum(const struct cty_judgement *judgement, uint64_t time, uint64_t ret_counts[CTY_POLICIES_MAX])
{
    CTY_AUTO_FREE struct cty_view *view = cty_alloc(1, sizeof(*view));
    uint32_t clauses = 0;
    if (!view)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        err = cty_quorum_progress(view, &judgement->case_id, time, ret_counts, &clauses, NULL);
        if (err == CUSTODY_E_VIEW_INCOMPLETE)
            CTY_TRY(cty_memory_fill(judgement->memory, view, NULL, NULL));
    }
    return err;
}

custody_err cty_case_lost_quorum(const struct cty_judgement *judgement, bool *ret_lost)
{
    uint64_t counts[CTY_POLICIES_MAX] = {0};
    const struct cty_case *c = &judgement->record;
    *ret_lost = false;
    if (c->state != CTY_CASE_RELEASED || c->quorum_count == 0)
        return CUSTODY_OK;
    CTY_TRY(cty_case_quorum(judgement, judgement->newest_time, counts));
    for (uint32_t i = 0; i < c->quorum_count; i++)
        *ret_lost |= counts[i] < c->quorum[i].approvals;
    return CUSTODY_OK;
}
