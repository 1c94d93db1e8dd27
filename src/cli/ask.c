/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"

#include "base/check.h"
#include "cli/case.h"
#include "cli/newcomer.h"
#include "cli/text.h"

void cty_asking_done(struct cty_asking *asking)
{
    cty_buf_done(&asking->facts);
}

/* --fact name=value: a number and true or false as such, all else as a text. */
static void put_fact(struct cty_jw *jw, const char *word, const char *equals)
{
    struct cty_bytes value = cty_bytes_text(equals + 1);
    uint64_t number = 0;
    cty_jw_name_bytes(jw, cty_bytes_make(word, (size_t)(equals - word)));
    if (cty_u64_parse(value, CTY_NUMBER_MAX, &number) == CUSTODY_OK)
        cty_jw_u64(jw, number);
    else if (cty_bytes_is(value, "true") || cty_bytes_is(value, "false"))
        cty_jw_bool(jw, cty_bytes_is(value, "true"));
    else
        cty_jw_string(jw, value);
}

static custody_err read_facts(struct cty_cli *cli, struct cty_asking *asking)
{
    size_t count = cty_args_count(&cli->args, "fact");
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    struct cty_jw jw;
    if (count == 0)
        return CUSTODY_OK;
    cty_jw_begin(&jw, &text);
    cty_jw_object(&jw);
    for (size_t i = 0; i < count; i++) {
        const char *word = cty_args_item(&cli->args, "fact", i);
        const char *equals = strchr(word, '=');
        if (!equals || cty_text_check(CTY_TEXT_FACT, cty_bytes_make(word, (size_t)(equals - word))) != CUSTODY_OK)
            return cty_fail(&cli->error, CUSTODY_E_USAGE, "--fact is NAME=VALUE");
        put_fact(&jw, word, equals);
    }
    cty_jw_object_end(&jw);
    CTY_TRY(cty_jw_end(&jw));
    asking->facts.limit = CTY_STATEMENT_BYTES_MAX;
    CTY_TRY(cty_json_tidy(cty_buf_bytes(&text), &asking->facts, &cli->error));
    asking->ask.facts = cty_buf_bytes(&asking->facts);
    return CUSTODY_OK;
}

static custody_err read_words(struct cty_cli *cli, struct cty_ask *ask)
{
    const char *service = NULL;
    const char *action = NULL;
    int priority = CTY_PRIORITY_NORMAL;
    CTY_TRY(cty_cli_required(cli, "service", &service));
    CTY_TRY(cty_cli_required(cli, "action", &action));
    CTY_TRY(cty_args_word(&cli->args, "priority", cty_priority_names, priority, &priority, &cli->error));
    ask->service = cty_bytes_text(service);
    ask->action = cty_bytes_text(action);
    if (cty_text_check(CTY_TEXT_WORD, ask->service) != CUSTODY_OK ||
        cty_text_check(CTY_TEXT_WORD, ask->action) != CUSTODY_OK)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--service and --action are words without spaces");
    ask->priority = (enum cty_priority)priority;
    CTY_TRY(cty_names_option(cli, "behalf", CTY_TEXT_ACTOR, CTY_BEHALF_MAX, &ask->behalf));
    CTY_TRY(cty_names_option(cli, "reader", CTY_TEXT_READER, CTY_READERS_MAX, &ask->readers));
    return cty_args_period(&cli->args, "expires", 0, &ask->expires_ms, &cli->error);
}

custody_err cty_asking_read(struct cty_cli *cli, struct cty_asking *asking)
{
    CTY_TRY(read_words(cli, &asking->ask));
    return read_facts(cli, asking);
}

custody_err cty_asking_find_parent(struct cty_cli *cli, struct cty_client *client, struct cty_ask *ask)
{
    const char *parent = cty_args_text(&cli->args, "parent");
    ask->parent.present = parent != NULL;
    return parent ? cty_cli_case(cli, client, parent, &ask->parent.hash) : CUSTODY_OK;
}
