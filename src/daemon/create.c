/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Creating a ledger: entry 0 is judged before there is a file, so that a refusal leaves nothing, and then goes
 * the way of every other statement.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/sequencer.h"
#include "proto/rpc.h"
#include "store/store.h"

struct creation {
    const struct cty_daemon_options *options;
    struct cty_rpc_message message;
    struct cty_rpc_params params;
    struct cty_submission submission;
    struct cty_custodian custodian;
    struct cty_book book;
    struct cty_unit unit;
    struct cty_head head;
    struct cty_sequencer sequencer;
    bool has_sequencer;
    struct cty_store *store;
    bool done;
};

static custody_err read_params(struct creation *c, struct cty_bytes text, custody_error *error)
{
    custody_error inner = {0};
    custody_err err = cty_rpc_open(&c->message, text, CTY_CALL_NODES_MAX, &inner);
    if (err == CUSTODY_OK)
        err = cty_shape_decode(&cty_shape_rpc_session, cty_rpc_method(CTY_RPC_SUBMIT)->params, &c->message.json,
                               &c->message.json.nodes[0], &c->params, &inner);
    if (err == CUSTODY_OK || err == CUSTODY_E_NO_MEMORY)
        return err;
    return cty_fail(error, CUSTODY_E_BAD_PARAMS, "%s: %s", custody_err_name(err), inner.detail);
}

/* The keys that the statement names are those that this custodian has. */
static custody_err check_statement(struct creation *c, custody_error *error)
{
    const struct cty_statement *statement = &c->submission.parsed.statement;
    const struct cty_daemon_options *options = c->options;
    const struct cty_ledger_open *opens = &statement->u.ledger_open;
    struct cty_custodian_secrets secrets = {.log = options->log, .clerk = options->clerk};
    if (statement->type != CTY_LEDGER_OPEN)
        return cty_fail(error, CUSTODY_E_GENESIS_MISSING, "the statement is a %s", cty_type_name(statement->type));
    CTY_TRY(cty_custodian_init(&c->custodian, statement->ledger, &secrets, options->config->development, error));
    if (options->clock)
        c->custodian.clock = *options->clock;
    if (options->config->origin && !cty_bytes_is(statement->ledger, options->config->origin))
        return cty_fail(error, CUSTODY_E_WRONG_LEDGER, "the statement opens another");
    if (!cty_custodian_log(&c->custodian, opens->log_key) || !cty_custodian_clerk(&c->custodian, opens->clerk_key))
        return cty_fail(error, CUSTODY_E_CONFIG, "the statement names other keys than log_key and clerk_key");
    return CUSTODY_OK;
}

/* Judged over nothing: the book has no database behind it. */
static custody_err judge(struct creation *c, custody_error *error)
{
    struct cty_prepare prepare = {.book = &c->book, .unit = &c->unit, .custodian = &c->custodian};
    bool queue = false;
    CTY_TRY(cty_signed_parse(c->params.u.submit.envelope, &c->submission.parsed, error));
    CTY_TRY(check_statement(c, error));
    cty_submission_prepare(&c->submission, &prepare, &c->params, &queue);
    if (!queue) {
        *error = c->submission.error;
        return c->submission.err;
    }
    struct cty_unit_input input = {.envelope = c->submission.envelope, .statement = &c->submission.parsed.statement,
                                   .digest = &c->submission.parsed.digest};
    memcpy(input.keys, c->submission.keys, sizeof(input.keys));
    CTY_TRY(cty_unit_judge(&c->unit, &c->book, &input, cty_clock_wall(&c->custodian.clock), error));
    if (c->submission.contents_err != CUSTODY_OK)
        *error = c->submission.contents_error;
    return c->submission.contents_err;
}

static void is_done(struct cty_submission *submission)
{
    struct creation *c = submission->owner;
    c->done = true;
}

static custody_err append(struct creation *c, custody_error *error)
{
    struct cty_sequencer_config config = {.store = c->store, .custodian = &c->custodian, .head = &c->head};
    CTY_TRY(cty_clock_guard_begin(&config.guard, &c->custodian.clock, 0, true, error));
    c->head.now.mark.root = cty_tree_empty_root();
    c->has_sequencer = true;
    CTY_TRY(cty_sequencer_init(&c->sequencer, &config));
    c->submission.owner = c;
    c->submission.done = is_done;
    cty_sequencer_run(&c->sequencer, &c->submission);
    CTY_CHECK(c->done);
    if (c->submission.err != CUSTODY_OK)
        *error = c->submission.error;
    return c->submission.err;
}

/* A database that was created and never begun is as good as none. */
static custody_err open_unbegun(struct creation *c, const char *path, custody_error *error)
{
    CTY_TRY(cty_store_open(path, &c->store, error));
    struct cty_store_reader *view = cty_store_view(c->store);
    CTY_TRY(cty_store_begin(c->store, error));
    bool same = cty_store_size(view) == 0 && cty_bytes_equal(cty_store_origin(view), c->custodian.origin);
    cty_store_roll_back(c->store);
    if (!same)
        return cty_fail(error, CUSTODY_E_EXISTS, "%s holds a ledger", path);
    return CUSTODY_OK;
}

/* The log first: a database without one is as good as new, and a log without a database is in everybody's way. */
static void remove_database(const char *path)
{
    static const char *const suffixes[] = {"-wal", "-shm", ""};
    for (size_t i = 0; i < CTY_COUNT_OF(suffixes); i++) {
        struct cty_buf name = CTY_BUF_INIT(2 * PATH_MAX);
        bool named = cty_buf_putf(&name, "%s%s", path, suffixes[i]) == CUSTODY_OK;
        if (!named || (unlink(cty_buf_text(&name)) != 0 && errno != ENOENT))
            cty_log(CTY_LOG_WARNING, "create", "detail", "s", "the empty database could not be removed", NULL);
        cty_buf_done(&name);
    }
}

static custody_err create(struct creation *c, struct cty_bytes text, custody_error *error)
{
    const char *path = c->options->config->ledger;
    CTY_TRY(cty_unit_init(&c->unit));
    CTY_TRY(read_params(c, text, error));
    CTY_TRY(judge(c, error));
    custody_err err = cty_store_create(path, c->custodian.origin, &c->store, error);
    bool created = err == CUSTODY_OK;
    if (err == CUSTODY_E_EXISTS)
        err = open_unbegun(c, path, error);
    if (err == CUSTODY_OK)
        err = append(c, error);
    if (err != CUSTODY_OK && created) {
        c->store = cty_store_close(c->store);
        remove_database(path);
    }
    return err;
}

static void creation_free(struct creation *c)
{
    cty_rpc_done(&c->message);
    cty_submission_done(&c->submission);
    cty_book_done(&c->book);
    cty_unit_done(&c->unit);
    if (c->has_sequencer)
        cty_sequencer_done(&c->sequencer);
    cty_head_done(&c->head);
    cty_store_close(c->store);
    cty_custodian_done(&c->custodian);
    free(c);
}

custody_err cty_daemon_create_ledger(const struct cty_daemon_options *options, struct cty_bytes submit_params,
                                     custody_error *error)
{
    custody_error unasked = {0};
    struct creation *c = cty_alloc(1, sizeof(*c));
    if (!c)
        return CUSTODY_E_NO_MEMORY;
    if (!error)
        error = &unasked;
    c->options = options;
    cty_head_init(&c->head);
    cty_book_init(&c->book, NULL, NULL);
    cty_submission_clear(&c->submission);
    custody_err err = create(c, submit_params, error);
    creation_free(c);
    return err == CUSTODY_OK ? err : cty_fail_code(error, err);
}
