/* SPDX-License-Identifier: Apache-2.0 */
/* custody offers, custody accept, custody decline: the receiver's side of a handoff. */
#include "base/check.h"
#include "cli/act.h"
#include "cli/handoffs.h"
#include "cli/put.h"
#include "cli/text.h"
#include "client/handoff.h"
#include "codec/text.h"

#define WAIT_MS_DEFAULT ((uint64_t)24 * 3600 * 1000)

/* --- offers ---------------------------------------------------------------------------------------------- */

struct listing {
    struct cty_cli *cli;
    struct cty_jw jw;
    uint64_t now;
    size_t count;
};

/* Whoever holds the case is the one who offers it. */
static custody_err put_row(struct listing *l, const struct cty_case_row *row)
{
    struct cty_buf *out = &l->cli->page;
    const struct cty_case *c = row->record;
    char left[CTY_TIME_TEXT_SIZE];
    cty_period_show(c->offer.expires > l->now ? c->offer.expires - l->now : 0, left);
    CTY_TRY(cty_put_line_hash(out, "case", &row->row->case_id));
    CTY_TRY(cty_put_line(out, "  from", c->holder));
    CTY_TRY(cty_put_line(out, "  to", c->offer.to));
    CTY_TRY(cty_put_line(out, "  service", c->service));
    CTY_TRY(cty_put_line(out, "  action", c->action));
    CTY_TRY(cty_put_line(out, "  state", row->row->state));
    return cty_put_linef(out, "  open for", "%s", left);
}

static void member_row(struct cty_jw *jw, const struct cty_case_row *row)
{
    const struct cty_case *c = row->record;
    cty_jw_object(jw);
    cty_member(jw, "action", c->action);
    cty_member_hash(jw, "case", &row->row->case_id);
    cty_member_u64(jw, "expires", c->offer.expires);
    cty_member(jw, "from", c->holder);
    cty_member_hash(jw, "offer", &c->offer.digest);
    cty_member_u64(jw, "offered", c->offer.time);
    cty_member(jw, "service", c->service);
    cty_member(jw, "state", row->row->state);
    cty_member(jw, "to", c->offer.to);
    cty_jw_object_end(jw);
}

static custody_err each_offer(void *context, const struct cty_case_row *row)
{
    struct listing *l = context;
    l->count++;
    if (!l->cli->json)
        return put_row(l, row);
    member_row(&l->jw, row);
    return l->jw.err;
}

static custody_err fetch(struct cty_cli *cli, struct cty_client *client, struct listing *l)
{
    uint64_t timeout_ms = 0;
    if (!cty_args_flag(&cli->args, "wait"))
        return cty_agent_offers(client, each_offer, l, &cli->error);
    CTY_TRY(cty_cli_timeout(cli, WAIT_MS_DEFAULT, &timeout_ms));
    cty_client_set_patience(client, CTY_CLIENT_PATIENCE_MS_DEFAULT);
    CTY_TRY(cty_agent_wait_offers(client, timeout_ms, each_offer, l, &cli->error));
    cli->status = l->count ? 0 : 3;
    return CUSTODY_OK;
}

static custody_err offers(struct cty_cli *cli)
{
    struct cty_client *client = NULL;
    struct listing l = {.cli = cli};
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    l.now = cty_client_now(client);
    if (!cli->json) {
        CTY_TRY(fetch(cli, client, &l));
        return l.count ? CUSTODY_OK : cty_buf_put_text(&cli->page, "nothing is offered to you\n");
    }
    cty_page_begin(cli, &l.jw);
    cty_jw_name(&l.jw, "offers");
    cty_jw_array(&l.jw);
    CTY_TRY(fetch(cli, client, &l));
    cty_jw_array_end(&l.jw);
    return cty_page_end(cli, &l.jw);
}

static const struct cty_opt offers_options[] = {
    {"wait", 'w', CTY_OPT_FLAG, NULL, "wait until there is one, at most --timeout (1d)"},
    {NULL},
};

const struct cty_command cty_command_offers = {
    .name = "offers",
    .run = offers,
    .summary = "cases that are offered to you or your party",
    .operands = "",
    .about = "Lists the open offers that you may accept, as the custodian tells them; 'custody handoffs' verifies\n"
             "what is offered, and so does 'custody accept'. With --wait it ends with 3 where none came.\n",
    .example = "custody offers --key globex-fulfilment.key",
    .uses = CTY_USE_READ,
    .options = offers_options,
};

/* --- accept ---------------------------------------------------------------------------------------------- */

static custody_err named_offer(struct cty_cli *cli, struct cty_opt_hash *ret_offer)
{
    const char *text = cty_args_text(&cli->args, "offer");
    ret_offer->present = text != NULL;
    if (text && cty_hex_parse_into(cty_bytes_text(text), ret_offer->hash.bytes, CTY_HASH_SIZE) != CUSTODY_OK)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--offer is the offer's digest, 64 hex digits");
    return CUSTODY_OK;
}

/* What is taken over, all of it, before anything is signed. */
static custody_err present(struct cty_acting *a)
{
    struct cty_cli *cli = a->cli;
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    CTY_TRY(cty_case_render(a->judgement, &text));
    CTY_TRY(cty_case_findings(a->judgement, &text));
    CTY_TRY(cty_handoff_show_newest(a->judgement, cty_client_now(a->client), &text));
    CTY_TRY(cty_put_line(&text, "you sign as", cty_secret_name(cty_client_secret(a->client))));
    cty_cli_present(cli, cty_buf_bytes(&text));
    return cty_cli_confirm(cli, "Take this over?");
}

static bool was_accepted(const struct cty_case *c, const struct cty_hash *offer)
{
    for (uint32_t i = 0; i < c->hops_count; i++) {
        if (cty_hash_equal(&c->hops[i].offer, offer))
            return true;
    }
    return false;
}

/*
 * What was looked at is what is accepted, whatever is offered meanwhile, or shown by the custodian at the next look. What
 * is not open to us is not shown: the step says why.
 */
static custody_err show_before(struct cty_acting *a, struct cty_opt_hash *offer)
{
    CTY_TRY(cty_cli_judge_case(a->cli, a->client, &a->case_id, &a->judgement));
    CTY_TRY(cty_judgement_check(a->judgement, &a->cli->error));
    const struct cty_case *c = &a->judgement->record;
    bool newest = c->offer.present && (!offer->present || cty_hash_equal(&offer->hash, &c->offer.digest));
    if (!newest && !(offer->present && was_accepted(c, &offer->hash)))
        return cty_fail_code(&a->cli->error, CUSTODY_E_NO_OFFER);
    if (!newest)
        return CUSTODY_OK;
    *offer = (struct cty_opt_hash){c->offer.digest, true};
    return cty_offered_to(c, cty_secret_name(cty_client_secret(a->client))) ? present(a) : CUSTODY_OK;
}

static custody_err run_accept(struct cty_acting *a)
{
    struct cty_opt_hash offer;
    enum cty_case_state state = CTY_CASE_HELD;
    CTY_TRY(named_offer(a->cli, &offer));
    CTY_TRY(show_before(a, &offer));
    CTY_TRY(cty_agent_accept(a->client, &a->case_id, offer.present ? &offer.hash : NULL, &a->submitted,
                             &a->cli->error));
    if (a->submitted.own.entry.size == 0)
        return cty_act_page(a, NULL);
    CTY_TRY(cty_submitted_state(&a->submitted, &state));
    a->cli->status = state == CTY_CASE_REFUSED ? 1 : 0;
    return cty_act_page(a, cty_case_state_names[state]);
}

static custody_err accept(struct cty_cli *cli)
{
    return cty_act(cli, run_accept);
}

static const struct cty_opt accept_options[] = {
    {"offer", 0, CTY_OPT_TEXT, "DIGEST", "take this offer and no other (the one that is open)"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_accept = {
    .name = "accept",
    .run = accept,
    .summary = "take a case over that was offered to you",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Verifies the case, shows it with what is offered (scope, obligations, context), asks, and signs. You\n"
             "hold it from then on, with its obligations. The policies judge it anew: it is RELEASED at once\n"
             "where approvals travel to you, else HELD; then wait and consume. Agents say --yes. A case that was\n"
             "patched since it was offered is refused (action-mismatch): whoever holds it offers it again.\n",
    .example = "custody accept 3f2a9c41 --yes --key globex-fulfilment.key",
    .uses = CTY_USE_SIGN,
    .options = accept_options,
};

/* --- decline --------------------------------------------------------------------------------------------- */

static custody_err run_decline(struct cty_acting *a)
{
    struct cty_cli *cli = a->cli;
    struct cty_opt_hash offer;
    CTY_TRY(named_offer(cli, &offer));
    CTY_TRY(cty_agent_decline(a->client, &a->case_id, offer.present ? &offer.hash : NULL,
                              cty_bytes_text(cty_args_text(&cli->args, "reason")), &a->submitted, &cli->error));
    return cty_act_page(a, NULL);
}

static custody_err decline(struct cty_cli *cli)
{
    return cty_act(cli, run_decline);
}

static const struct cty_opt decline_options[] = {
    {"offer", 0, CTY_OPT_TEXT, "DIGEST", "decline this offer and no other (the one that is open)"},
    {"reason", 'r', CTY_OPT_TEXT, "TEXT", "why; those who may read the case see it"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_decline = {
    .name = "decline",
    .run = decline,
    .summary = "say no to a case that was offered to you",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Ends the offer. Whoever made it holds the case as before, and may offer it to somebody else.\n",
    .example = "custody decline 3f2a9c41 --key globex-fulfilment.key --reason 'no stock'",
    .uses = CTY_USE_READ,
    .options = decline_options,
};
