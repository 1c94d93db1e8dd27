/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/reading.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"

#define BATCH 1024u
#define BATCH_BYTES_MAX (4u * 1024u * 1024u)
#define AHEAD 3 /* batches: one is read, one waits, one is judged */

struct batch {
    struct cty_buf memory; /* of its texts, one behind the other */
    size_t ends[BATCH];
    size_t count;
};

struct reading {
    struct cty_replay *replay;
    const struct cty_audit_source *source;
    uint64_t from, to, next; /* `next`: the entry that the source gives now */
    void (*at)(void *context, uint64_t size);
    void *at_context;
    bool alone; /* the source can't be read while the replay asks it for contents */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct batch *batches; /* AHEAD of them, used in turn */
    struct cty_bytes *texts;
    uint64_t filled, judged; /* so many batches */
    bool over;    /* no more will be filled */
    bool stopped; /* no more will be judged */
    custody_err err;
    custody_error error;
};

/* ---- judging ---- */

static custody_err judge(struct reading *r, const struct batch *batch)
{
    size_t begin = 0;
    for (size_t i = 0; i < batch->count; i++) {
        r->texts[i] = cty_bytes_make(batch->memory.data + begin, batch->ends[i] - begin);
        begin = batch->ends[i];
    }
    CTY_TRY(cty_replay_entries(r->replay, r->texts, batch->count));
    if (r->at)
        r->at(r->at_context, cty_replay_size(r->replay));
    return CUSTODY_OK;
}

static void clear(struct batch *batch)
{
    cty_buf_clear(&batch->memory);
    batch->count = 0;
}

/* ---- between the two ---- */

/* The batch in hand is full: the next one, as soon as one is free. */
static custody_err hand_over(struct reading *r)
{
    struct batch *batch = &r->batches[r->filled % AHEAD];
    if (batch->count == 0)
        return CUSTODY_OK;
    if (r->alone) {
        CTY_TRY(judge(r, batch));
        clear(batch);
        return CUSTODY_OK;
    }
    pthread_mutex_lock(&r->lock);
    r->filled++;
    pthread_cond_broadcast(&r->changed);
    while (r->filled - r->judged == AHEAD && !r->stopped)
        pthread_cond_wait(&r->changed, &r->lock);
    bool stopped = r->stopped;
    pthread_mutex_unlock(&r->lock);
    return stopped ? CUSTODY_E_CANCELLED_WAIT : CUSTODY_OK;
}

static bool take(struct reading *r, struct batch **ret_batch)
{
    pthread_mutex_lock(&r->lock);
    while (r->judged == r->filled && !r->over)
        pthread_cond_wait(&r->changed, &r->lock);
    bool there = r->judged < r->filled;
    *ret_batch = &r->batches[r->judged % AHEAD];
    pthread_mutex_unlock(&r->lock);
    return there;
}

static void give_back(struct reading *r, struct batch *batch, bool stopped)
{
    clear(batch);
    pthread_mutex_lock(&r->lock);
    r->judged++;
    r->stopped = stopped;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

/* ---- reading ---- */

static custody_err put(struct reading *r, struct cty_bytes text)
{
    struct batch *batch = &r->batches[r->filled % AHEAD];
    if (batch->count == BATCH || (batch->count && batch->memory.size + text.size > BATCH_BYTES_MAX)) {
        CTY_TRY(hand_over(r));
        batch = &r->batches[r->filled % AHEAD];
    }
    CTY_TRY(cty_buf_put_bytes(&batch->memory, text));
    batch->ends[batch->count++] = batch->memory.size;
    r->next++;
    return CUSTODY_OK;
}

static custody_err each_entries(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    struct reading *r = context;
    if (first != r->next || count > r->to - r->next)
        return CUSTODY_E_INTERNAL;
    for (size_t i = 0; i < count; i++)
        CTY_TRY(put(r, texts[i]));
    return CUSTODY_OK;
}

/* What came before the source failed is judged all the same. */
static void read_all(struct reading *r)
{
    custody_err err = r->source->entries(r->source->context, r->from, r->to - r->from, each_entries, r, &r->error);
    if (err == CUSTODY_OK && r->next < r->to)
        err = cty_fail(&r->error, CUSTODY_E_GAP, "entry %llu", (unsigned long long)r->next);
    custody_err last = err == CUSTODY_OK || err == CUSTODY_E_GAP ? hand_over(r) : CUSTODY_OK;
    r->err = err == CUSTODY_OK ? last : err;
}

static void *read_ahead(void *context)
{
    struct reading *r = context;
    read_all(r);
    pthread_mutex_lock(&r->lock);
    r->over = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* ---- both ---- */

static custody_err judge_all(struct reading *r)
{
    struct batch *batch = NULL;
    custody_err err = CUSTODY_OK;
    while (take(r, &batch)) {
        if (err == CUSTODY_OK)
            err = judge(r, batch);
        give_back(r, batch, err != CUSTODY_OK);
    }
    return err;
}

/* Without a thread to read ahead the same is done by turns. */
static custody_err run(struct reading *r)
{
    pthread_t reader;
    if (r->alone || pthread_create(&reader, NULL, read_ahead, r) != 0) {
        r->alone = true;
        read_all(r);
        return CUSTODY_OK;
    }
    custody_err err = judge_all(r);
    pthread_join(reader, NULL);
    return err;
}

static custody_err make_batches(struct reading *r)
{
    r->batches = cty_alloc(AHEAD, sizeof(*r->batches));
    r->texts = cty_alloc(BATCH, sizeof(*r->texts));
    for (size_t i = 0; r->batches && i < AHEAD; i++)
        r->batches[i].memory = CTY_BUF_INIT(BATCH_BYTES_MAX + CTY_ENTRY_BYTES_MAX);
    return r->batches && r->texts ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

custody_err cty_reading_run(struct cty_replay *replay, const struct cty_audit_source *source, uint64_t to,
                            void (*at)(void *context, uint64_t size), void *context, custody_error *error)
{
    uint64_t from = cty_replay_size(replay);
    struct reading r = {.replay = replay, .source = source, .from = from, .to = to, .next = from, .at = at,
                        .at_context = context, .alone = source->content && !source->apart,
                        .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    if (to <= from)
        return CUSTODY_OK;
    custody_err err = make_batches(&r);
    if (err == CUSTODY_OK)
        err = run(&r);
    for (size_t i = 0; r.batches && i < AHEAD; i++)
        cty_buf_done(&r.batches[i].memory);
    free(r.batches);
    free(r.texts);
    pthread_cond_destroy(&r.changed);
    pthread_mutex_destroy(&r.lock);
    if (err != CUSTODY_OK)
        return err;
    if (r.err != CUSTODY_OK && error)
        *error = r.error;
    return r.err;
}
