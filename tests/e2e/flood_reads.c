/* SPDX-License-Identifier: Apache-2.0 */
/* Floods of those who have a session: waiting, opening more of them, staging, reading. */
#include "flood.h"

#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"

/* More than an actor may stage. */
#define STAGES_PER_ACTOR (CTY_STAGED_BYTES_MAX / CTY_BLOB_BYTES_MAX + 1)

static void say_params(struct flood *f, struct flood_line *line, enum cty_rpc rpc, const struct cty_rpc_params *params)
{
    cty_buf_clear(&f->scratch);
    flood_put_call(&f->scratch, rpc, params);
    line->rpc = FLOOD_ANY;
    flood_line_say(line, cty_buf_bytes(&f->scratch));
    f->tally.said++;
}

static void prepare_sessions(struct flood *f)
{
    flood_sessions(f, f->play->actors);
}

/* ---- long polls ---- */

static bool say_wait(struct flood *f, struct flood_line *line)
{
    const struct cty_rpc_params params = {.session = {f->sessions[line->number % f->play->actors], true},
                                          .u.case_news = {.known = CTY_NUMBER_MAX, .timeout_ms = CTY_WAIT_MS_MAX}};
    say_params(f, line, CTY_RPC_CASE_NEWS, &params);
    return true;
}

/* ---- sessions ---- */

/* Half of the lines are one actor's, so that there is one who soon meets its own limit. */
static const struct cty_secret *opener(const struct flood *f, const struct flood_line *line)
{
    return f->actors[line->number % 2 ? 0 : line->number / 2 % f->play->actors];
}

static bool say_open(struct flood *f, struct flood_line *line)
{
    cty_buf_clear(&f->scratch);
    line->rpc = line->step ? CTY_RPC_SESSION_OPEN : CTY_RPC_SESSION_CHALLENGE;
    if (line->step)
        flood_put_claim(&f->scratch, f->house, opener(f, line), line->nonce);
    else
        flood_put_call(&f->scratch, CTY_RPC_SESSION_CHALLENGE, NULL);
    flood_line_say(line, cty_buf_bytes(&f->scratch));
    f->tally.said++;
    return true;
}

static void heard_open(struct flood *f, struct flood_line *line)
{
    bool challenged = line->step == 0 && f->reader.code == CUSTODY_OK;
    if (challenged)
        memcpy(line->nonce, f->reader.result.session_challenge.server_nonce, sizeof(line->nonce));
    line->step = challenged ? 1 : 0;
}

/* ---- staging ---- */

static void prepare_staging(struct flood *f)
{
    uint8_t *content = calloc(1, CTY_BLOB_BYTES_MAX);
    must_be(content != NULL);
    flood_sessions(f, f->play->actors);
    f->texts[0].limit = f->texts[1].limit = 2 * CTY_BLOB_BYTES_MAX;
    must(cty_base64_format(cty_bytes_make(content, CTY_SALT_SIZE), &f->texts[0]));
    must(cty_base64_format(cty_bytes_make(content, CTY_BLOB_BYTES_MAX), &f->texts[1]));
    free(content);
}

/* One actor after the other as much as it may and once more, then from the first one again. */
static bool say_stage(struct flood *f, struct flood_line *line)
{
    struct cty_rpc_params params = {.session.present = true};
    params.session.hash = f->sessions[f->tally.said / STAGES_PER_ACTOR % f->play->actors];
    params.u.blob_stage.salt = cty_buf_bytes(&f->texts[0]);
    params.u.blob_stage.content = cty_buf_bytes(&f->texts[1]);
    cty_random(params.u.blob_stage.commitment.bytes, CTY_HASH_SIZE);
    say_params(f, line, CTY_RPC_BLOB_STAGE, &params);
    return true;
}

/* ---- reading ---- */

/* What takes the custodian longest for the shortest question. */
static bool say_read(struct flood *f, struct flood_line *line)
{
    static const enum cty_rpc reads[] = {CTY_RPC_ENTRIES, CTY_RPC_CASE_LIST, CTY_RPC_ACTORS, CTY_RPC_TRUST_ENTRIES,
                                         CTY_RPC_PROOF_CONSISTENCY, CTY_RPC_CASE_LIST};
    unsigned number = line->step++;
    enum cty_rpc rpc = reads[number % CTY_COUNT_OF(reads)];
    struct cty_rpc_params params = {.session = {f->sessions[0], true}};
    if (rpc == CTY_RPC_ENTRIES)
        params.u.entries.count = CTY_ENTRIES_PER_ANSWER_MAX;
    if (rpc == CTY_RPC_CASE_LIST)
        params.u.case_list.mine = number % 2 ? CTY_MINE_DECIDE : CTY_MINE_ANY;
    if (rpc == CTY_RPC_PROOF_CONSISTENCY) {
        params.session.present = false;
        params.u.proof_consistency.from = 1 + number % f->seen.size;
        params.u.proof_consistency.to = f->seen.size;
    }
    say_params(f, line, rpc, &params);
    return true;
}

const struct flood_play flood_read_plays[] = {
    {.name = "waiters", .what = "64 approvers with 8192 long polls, twice as many as they may",
     .memory_mib = 128, .actors = 64, .approvers = true, .lines = 512, .depth = 16, .connections = 1024,
     .may = "ok quota busy", .must = "quota", .prepare = prepare_sessions, .say = say_wait},
    {.name = "sessions", .what = "16 actors of one party open sessions as fast as they can",
     .memory_mib = 64, .actors = 16, .lines = 32, .depth = 1, .may = "ok busy", .must = "busy", .say = say_open,
     .heard = heard_open},
    {.name = "staging", .what = "32 actors of one party stage 8 MiB each and more",
     .memory_mib = 128, .actors = 32, .lines = 8, .depth = 1, .may = "ok quota busy", .must = "quota",
     .prepare = prepare_staging, .say = say_stage},
    {.name = "reads", .what = "one reader asks for lists and ranges all the time",
     .memory_mib = 192, .actors = 1, .lines = 8, .depth = 4, .entries = 2048, .may = "ok busy", .must = "ok",
     .prepare = prepare_sessions, .say = say_read},
    {.name = NULL},
};
