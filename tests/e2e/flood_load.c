/* SPDX-License-Identifier: Apache-2.0 */
/* Floods of statements: of those that stand, and of those that don't. */
#include "flood.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

/* As many as there are different ones of what is sent round and round. */
#define ROUND 256u
#define BATCHES 16u
#define BATCH_CONTENT_BYTES 45000u
#define STAGED_CONTENT_BYTES 100000u
#define STAGERS 2u
#define LEAVES_AFTER 12u
#define REFUSED_BATCHES 4u
#define REFUSED_IN_A_BATCH CTY_BATCH_MAX

/* ---- from the pool ---- */

bool flood_say_next(struct flood *f, struct flood_line *line)
{
    size_t index = (size_t)line->step * f->play->lines + line->number;
    if (index >= f->pool.count)
        return false;
    line->rpc = CTY_RPC_SUBMIT;
    line->step += f->play->depth > 1 ? 1 : 0;
    flood_line_say(line, flood_pool_at(&f->pool, index));
    f->tally.said++;
    return true;
}

/* With one call under way the next statement comes when this one was taken, or refused for good. */
void flood_heard_next(struct flood *f, struct flood_line *line)
{
    if (f->play->depth == 1 && f->reader.code != CUSTODY_E_BUSY)
        line->step++;
}

bool flood_say_round(struct flood *f, struct flood_line *line)
{
    size_t index = ((size_t)line->step++ * f->play->lines + line->number) % f->pool.count;
    line->rpc = CTY_RPC_SUBMIT;
    flood_line_say(line, flood_pool_at(&f->pool, index));
    f->tally.said++;
    return true;
}

static void keep_scratch(struct flood *f)
{
    flood_keep(&f->pool, cty_buf_bytes(&f->scratch));
    cty_buf_clear(&f->scratch);
}

/* ---- what can't be verified ---- */

/* Names and keys that are in no ledger. */
static void prepare_strangers(struct flood *f)
{
    char name[64];
    for (unsigned i = 0; i < ROUND; i++) {
        struct cty_secret *secret = NULL;
        snprintf(name, sizeof(name), "nobody/agent-%u", i);
        must(cty_secret_new(cty_bytes_text(name), &secret));
        const struct flood_request request = {.seen = &f->seen, .secret = secret, .action = "one",
                                              .content = CTY_LITERAL("{}")};
        flood_put(&f->scratch, &request);
        keep_scratch(f);
        cty_secret_free(secret);
    }
}

/* In the name of one who floods and, every other time, of the quiet one, by a key that neither has. */
static void prepare_forgeries(struct flood *f)
{
    const struct cty_secret *named[2] = {f->actors[0], f->quiet.secret};
    for (unsigned i = 0; i < ROUND; i++) {
        struct cty_secret *forger = NULL;
        must(cty_secret_new(cty_secret_name(named[i % 2]), &forger));
        const struct flood_request request = {.seen = &f->seen, .secret = named[i % 2], .forger = forger,
                                              .action = "one", .content = CTY_LITERAL("{}")};
        flood_put(&f->scratch, &request);
        keep_scratch(f);
        cty_secret_free(forger);
    }
}

/* Those on odd lines leave after a few and come again, as if they were somebody else. */
static void heard_forgery(struct flood *f, struct flood_line *line)
{
    (void)f;
    if (line->number % 2 && line->step % LEAVES_AFTER == 0)
        flood_line_close(line);
}

static custody_err submit_quietly(struct flood *f)
{
    must_be(flood_line_ask(&f->quiet.line, cty_buf_bytes(&f->scratch), FLOOD_PATIENCE_MS, &f->quiet.reply));
    flood_read(&f->quiet.reader, &f->tally, &f->quiet.receipts, CTY_RPC_SUBMIT, cty_buf_bytes(&f->quiet.reply));
    return f->quiet.reader.code;
}

static void prepare_refused_batch(struct flood *f)
{
    f->texts[0].limit = CTY_MESSAGE_BYTES_MAX;
    for (unsigned i = 0; i < CTY_BATCH_MAX; i++) {
        must(cty_buf_put_text(&f->texts[0], i ? "," : "["));
        must(cty_buf_put_bytes(&f->texts[0], flood_pool_at(&f->pool, i / 4 * 4)));
    }
    must(cty_buf_put_text(&f->texts[0], "]"));
}

/*
 * What the quiet one signed and submitted itself. Whoever reads the ledger can send again what stands; what was refused,
 * whoever saw it on its way. Neither may count against who signed it.
 */
static void prepare_replays(struct flood *f)
{
    for (unsigned i = 0; i < ROUND / 4; i++) {
        const struct flood_request request = {.seen = &f->seen, .secret = f->quiet.secret, .action = "one",
                                              .content = CTY_LITERAL("{\"order\":\"o-0\"}")};
        if (i % 4)
            flood_put(&f->scratch, &request);
        else
            flood_put_lost_consume(&f->scratch, &f->seen, f->quiet.secret);
        must_be((submit_quietly(f) == CUSTODY_OK) == (i % 4 != 0));
        keep_scratch(f);
    }
    prepare_refused_batch(f);
}

/* Every other line sends what was refused, 64 at once: more than an actor's share of the queue, if it were theirs. */
static bool say_replay(struct flood *f, struct flood_line *line)
{
    if (line->number % 2)
        return flood_say_round(f, line);
    line->rpc = CTY_RPC_SUBMIT;
    flood_line_say(line, cty_buf_bytes(&f->texts[0]));
    f->tally.said++;
    return true;
}

/* ---- batches ---- */

/* {"fill":"xxx..."} */
static void make_content(struct cty_buf *out, size_t size)
{
    must(cty_buf_put_text(out, "{\"fill\":\""));
    must(cty_buf_reserve(out, size));
    memset(out->data + out->size, 'x', size);
    out->size += size;
    must(cty_buf_put_text(out, "\"}"));
}

static void put_batch(struct flood *f, const struct cty_secret *secret, struct cty_bytes content,
                      uint8_t (*staged_ids)[16])
{
    must(cty_buf_put_text(&f->scratch, "["));
    for (unsigned i = 0; i < CTY_BATCH_MAX; i++) {
        const struct flood_request request = {.seen = &f->seen, .secret = secret, .action = "one", .content = content,
                                              .staged_id = staged_ids ? staged_ids[i] : NULL};
        if (i)
            must(cty_buf_put_text(&f->scratch, ","));
        flood_put(&f->scratch, &request);
    }
    must(cty_buf_put_text(&f->scratch, "]"));
    must_be(f->scratch.size <= CTY_MESSAGE_BYTES_MAX);
    keep_scratch(f);
}

/* Stages a content for each statement of a batch, by the quiet one's line: there is no flood yet. */
static void put_staged_batch(struct flood *f, unsigned actor, struct cty_bytes content)
{
    uint8_t ids[CTY_BATCH_MAX][16];
    for (unsigned i = 0; i < CTY_BATCH_MAX; i++) {
        cty_random(ids[i], sizeof(ids[i]));
        flood_put_stage(&f->scratch, &f->sessions[actor], f->actors[actor], ids[i], content);
        must_be(flood_line_ask(&f->quiet.line, cty_buf_bytes(&f->scratch), FLOOD_PATIENCE_MS, &f->quiet.reply));
        cty_buf_clear(&f->scratch);
    }
    put_batch(f, f->actors[actor], content, ids);
}

static void prepare_batches(struct flood *f)
{
    struct cty_buf content = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    flood_sessions(f, STAGERS);
    make_content(&content, STAGED_CONTENT_BYTES);
    for (unsigned i = 0; i < STAGERS; i++)
        put_staged_batch(f, i, cty_buf_bytes(&content));
    cty_buf_clear(&content);
    make_content(&content, BATCH_CONTENT_BYTES);
    for (unsigned i = STAGERS; i < BATCHES; i++)
        put_batch(f, f->actors[i % f->play->actors], cty_buf_bytes(&content), NULL);
    cty_buf_done(&content);
}

/* Messages of as many large statements as fit, which nobody's key vouches for. */
static void prepare_refused_batches(struct flood *f)
{
    struct cty_secret *secret = NULL;
    must(cty_secret_new(CTY_LITERAL("nobody/admin"), &secret));
    for (unsigned round = 0; round < REFUSED_BATCHES; round++) {
        must(cty_buf_put_text(&f->scratch, "["));
        for (unsigned i = 0; i < REFUSED_IN_A_BATCH; i++) {
            must(cty_buf_put_text(&f->scratch, i ? "," : ""));
            flood_put_large_policy(&f->scratch, &f->seen, secret);
        }
        must(cty_buf_put_text(&f->scratch, "]"));
        must_be(f->scratch.size > CTY_MESSAGE_BYTES_MAX / 4 * 3 && f->scratch.size <= CTY_MESSAGE_BYTES_MAX);
        keep_scratch(f);
    }
    cty_secret_free(secret);
}

const struct flood_play flood_load_plays[] = {
    {.name = "alone", .what = "nobody but the quiet one",
     .memory_mib = 64, .may = ""},
    {.name = "spread", .what = "32 actors submit as fast as they are answered, a connection each",
     .memory_mib = 128, .actors = 32, .lines = 32, .depth = 1, .statements = 4000, .may = "ok busy", .must = "ok",
     .say = flood_say_next, .heard = flood_heard_next},
    {.name = "one-actor", .what = "the same by one actor",
     .memory_mib = 128, .actors = 1, .lines = 32, .depth = 1, .statements = 4000, .may = "ok busy", .must = "ok",
     .say = flood_say_next, .heard = flood_heard_next},
    {.name = "pipelined", .what = "one connection with 64 submissions on their way",
     .memory_mib = 128, .actors = 1, .lines = 1, .depth = 64, .statements = 4000, .may = "ok busy", .must = "ok",
     .say = flood_say_next},
    {.name = "batches", .what = "messages of 64 submissions, close to 4 MiB or with 6 MiB of staged contents",
     .memory_mib = 224, .actors = 4, .lines = 8, .depth = 1, .may = "ok busy", .must = "ok",
     .prepare = prepare_batches, .say = flood_say_round},
    {.name = "unknown-keys", .what = "statements signed by keys that nobody enrolled",
     .memory_mib = 128, .lines = 32, .depth = 8, .may = "key-unknown busy", .must = "key-unknown",
     .prepare = prepare_strangers, .say = flood_say_round},
    {.name = "refused-batches", .what = "messages of over 3 MiB of large statements by nobody, 64 at once",
     .memory_mib = 448, .lines = 16, .depth = 4, .may = "key-unknown busy", .must = "key-unknown",
     .prepare = prepare_refused_batches, .say = flood_say_round},
    {.name = "bad-signatures", .what = "an actor's and the quiet one's names with wrong signatures",
     .memory_mib = 128, .actors = 1, .lines = 32, .depth = 8, .reopens = true, .may = "signature-invalid busy",
     .must = "signature-invalid", .prepare = prepare_forgeries, .say = flood_say_round, .heard = heard_forgery},
    {.name = "replays", .what = "the quiet one's own statements, sent again by somebody else",
     .memory_mib = 128, .lines = 32, .depth = 8, .may = "ok wrong-case busy", .must = "wrong-case",
     .prepare = prepare_replays, .say = say_replay},
    {.name = "held-cases", .what = "one requester opens cases that nobody decides",
     .memory_mib = 128, .actors = 1, .lines = 16, .depth = 4, .statements = 4000, .action = "refund",
     .may = "ok busy", .must = "ok", .say = flood_say_next},
    {.name = NULL},
};
