/* SPDX-License-Identifier: Apache-2.0 */
/* custody actors */
#include "base/check.h"
#include "cli/put.h"
#include "cli/text.h"
#include "client/read.h"

struct listing {
    struct cty_cli *cli;
    struct cty_jw jw;
};

static custody_err put_former(struct cty_buf *out, const struct cty_actor_record *actor)
{
    char time[CTY_TIME_TEXT_SIZE];
    for (uint32_t i = 0; i < actor->former_count; i++) {
        const struct cty_former_key *former = &actor->former[i];
        cty_time_show(former->until, time);
        CTY_TRY(cty_buf_putf(out, "  former key until %s: ", time));
        CTY_TRY(cty_text_show(former->key, out));
        cty_time_show(former->revoked_since, time);
        if (former->revoked)
            CTY_TRY(cty_buf_putf(out, " REVOKED since %s", time));
        CTY_TRY(cty_buf_put_byte(out, '\n'));
    }
    return CUSTODY_OK;
}

static custody_err put_row(struct cty_buf *out, const struct cty_actor_record *actor)
{
    const struct cty_enrolment *e = &actor->enrolment;
    CTY_TRY(cty_buf_putf(out, "%-28.*s %-8s", (int)e->actor.size, (const char *)e->actor.data,
                         cty_actor_kind_names[e->kind]));
    for (uint32_t i = 0; i < e->roles.count; i++) {
        CTY_TRY(cty_buf_put_text(out, i ? "," : " "));
        CTY_TRY(cty_text_show(e->roles.names[i], out));
    }
    if (e->owner.size) {
        CTY_TRY(cty_buf_put_text(out, " owner "));
        CTY_TRY(cty_text_show(e->owner, out));
    }
    if (e->key_custody != CTY_KEY_SELF)
        CTY_TRY(cty_buf_putf(out, " key held by %s", cty_key_custody_names[e->key_custody]));
    if (actor->recovered)
        CTY_TRY(cty_buf_put_text(out, " (enrolled by recovery)"));
    if (actor->vouchers == 1)
        CTY_TRY(cty_buf_put_text(out, " (on one admin's word)"));
    if (actor->revoked_index)
        CTY_TRY(cty_buf_putf(out, " REVOKED at entry %llu", (unsigned long long)actor->revoked_index));
    CTY_TRY(cty_buf_put_byte(out, '\n'));
    return put_former(out, actor);
}

static void member_former(struct cty_jw *jw, const struct cty_actor_record *actor)
{
    cty_jw_name(jw, "former");
    cty_jw_array(jw);
    for (uint32_t i = 0; i < actor->former_count; i++) {
        const struct cty_former_key *former = &actor->former[i];
        cty_jw_object(jw);
        cty_member(jw, "key", former->key);
        cty_member_bool(jw, "revoked", former->revoked);
        cty_member_u64(jw, "revoked_since", former->revoked_since);
        cty_member_u64(jw, "until", former->until);
        cty_jw_object_end(jw);
    }
    cty_jw_array_end(jw);
}

static custody_err put_member(struct cty_jw *jw, const struct cty_actor_record *actor)
{
    const struct cty_enrolment *e = &actor->enrolment;
    cty_jw_object(jw);
    cty_member(jw, "actor", e->actor);
    member_former(jw, actor);
    cty_member_u64(jw, "index", actor->index);
    cty_member(jw, "key", e->key);
    cty_member_text(jw, "key_custody", cty_key_custody_names[e->key_custody]);
    cty_member_text(jw, "kind", cty_actor_kind_names[e->kind]);
    cty_member(jw, "owner", e->owner);
    if (e->person.present) {
        cty_jw_name(jw, "person");
        cty_jw_hex(jw, cty_bytes_make(e->person.bits, sizeof(e->person.bits)));
    }
    cty_member_bool(jw, "recovered", actor->recovered);
    cty_member_u64(jw, "revoked_index", actor->revoked_index);
    cty_member_u64(jw, "revoked_since", actor->revoked_since);
    cty_member_names(jw, "roles", &e->roles);
    cty_member_u64(jw, "valid_from", e->valid_from);
    cty_member_u64(jw, "valid_until", e->valid_until);
    cty_member_u64(jw, "vouchers", actor->vouchers);
    cty_jw_object_end(jw);
    return jw->err;
}

static custody_err each_actor(void *context, const struct cty_actor_record *actor)
{
    struct listing *l = context;
    return l->cli->json ? put_member(&l->jw, actor) : put_row(&l->cli->page, actor);
}

static custody_err actors(struct cty_cli *cli)
{
    struct cty_client *client = NULL;
    struct listing l = {.cli = cli};
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    if (cli->json) {
        cty_page_begin(cli, &l.jw);
        cty_jw_name(&l.jw, "actors");
        cty_jw_array(&l.jw);
    }
    CTY_TRY(cty_client_actors(client, cli->args.operands[0], each_actor, &l, &cli->error));
    if (!cli->json)
        return CUSTODY_OK;
    cty_jw_array_end(&l.jw);
    return cty_page_end(cli, &l.jw);
}

const struct cty_command cty_command_actors = {
    .name = "actors",
    .run = actors,
    .summary = "list who is enrolled",
    .operands = "[PARTY]",
    .operands_max = 1,
    .about = "Lists agents, persons and services, of one party or of all, as the custodian tells it: evidence\n"
             "and audit verify it.\n",
    .example = "custody actors acme --key acme-alice.key",
    .uses = CTY_USE_READ,
};
