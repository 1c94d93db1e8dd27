/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/witnesses.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "daemon/log.h"

const char *const cty_submitted_names[] = {"cosigned", "again", "wait", "refused", "conflict", "nothing", NULL};

custody_err cty_witnesses_new(const struct cty_trust *trust, struct cty_witnesses **ret_witnesses)
{
    struct cty_witnesses *witnesses = cty_alloc(1, sizeof(*witnesses));
    if (!witnesses)
        return CUSTODY_E_NO_MEMORY;
    witnesses->trust = trust;
    CTY_CHECK(pthread_mutex_init(&witnesses->lock, NULL) == 0);
    for (uint32_t i = 0; i < trust->policy.count; i++) {
        bool dialled = trust->policy.nodes[i].url.size > 0;
        witnesses->seats[i].state = CTY_WITNESS_SILENT;
        snprintf(witnesses->seats[i].detail, CTY_WITNESS_DETAIL_MAX, "%s",
                 dialled ? "was not heard yet" : "the policy has no address");
    }
    *ret_witnesses = witnesses;
    return CUSTODY_OK;
}

void cty_witnesses_free(struct cty_witnesses *witnesses)
{
    if (!witnesses)
        return;
    pthread_mutex_destroy(&witnesses->lock);
    free(witnesses);
}

uint32_t cty_witnesses_find(const struct cty_witnesses *witnesses, struct cty_bytes vkey)
{
    const struct cty_witness_policy *policy = &witnesses->trust->policy;
    for (uint32_t i = 0; i < policy->count; i++) {
        if (!policy->nodes[i].is_group && cty_bytes_equal(policy->nodes[i].vkey, vkey))
            return i;
    }
    return CTY_WITNESS_NODES_MAX;
}

/* --- who stands where -------------------------------------------------------------------------------------- */

/* Where the size is kept, in the place of the smallest where it is new; -1 where it is smaller than all. */
static int place_of(struct cty_witnesses *w, uint64_t size)
{
    int least = 0;
    for (int i = 0; i < (int)CTY_WITNESSED_SIZES; i++) {
        if (w->sizes[i].size == size)
            return i;
        if (w->sizes[i].size < w->sizes[least].size)
            least = i;
    }
    if (w->sizes[least].size > size)
        return -1;
    w->sizes[least].size = size;
    w->sizes[least].witnesses = 0;
    return least;
}

/* The first time of a witness over a size counts: by then it had seen it. */
static void stands_locked(struct cty_witnesses *w, uint32_t witness, uint64_t size, uint64_t time_s)
{
    const struct cty_witness_policy *policy = &w->trust->policy;
    uint64_t bit = UINT64_C(1) << witness;
    int place = place_of(w, size);
    if (size >= w->seats[witness].size) {
        w->seats[witness].size = size;
        w->seats[witness].time_ms = time_s * 1000;
    }
    if (place < 0)
        return;
    if (!(w->sizes[place].witnesses & bit))
        w->sizes[place].times[witness] = time_s;
    w->sizes[place].witnesses |= bit;
    if (size > w->quorum_size && cty_witness_policy_met(policy, w->sizes[place].witnesses)) {
        w->quorum_size = size;
        w->quorum_time_s = cty_witness_policy_time(policy, w->sizes[place].witnesses, w->sizes[place].times);
    }
}

struct loading {
    struct cty_witnesses *witnesses;
    struct cty_store_reader *reader;
    custody_error *error;
    uint64_t size; /* of the rows last seen */
    struct cty_buf note;
};

/* All rows of one size at once, by its note: they were verified when they were stored, and are again. */
static custody_err load_size(struct loading *l)
{
    struct cty_witnesses *w = l->witnesses;
    struct cty_store_mark mark;
    struct cty_note note;
    uint64_t times[CTY_WITNESS_NODES_MAX];
    cty_buf_clear(&l->note);
    CTY_TRY(cty_store_read_checkpoint_from(l->reader, l->size, &mark, &l->note, l->error));
    CTY_TRY(cty_witnessed_put_lines(l->reader, l->size, &l->note, l->error));
    if (mark.size != l->size || cty_note_parse(cty_buf_bytes(&l->note), &note) != CUSTODY_OK)
        return cty_fail(l->error, CUSTODY_E_STORE_ALTERED, "cosignatures of a checkpoint that is not there");
    uint64_t stand = cty_witness_policy_cosigned(&w->trust->policy, &note, 0, times, NULL);
    for (uint32_t i = 0; i < w->trust->policy.count; i++) {
        if (stand & (UINT64_C(1) << i))
            stands_locked(w, i, l->size, times[i]);
    }
    return CUSTODY_OK;
}

/* The newest of each, and of the quorum; a quorum further down is found when somebody asks for it. */
static bool is_wanted(const struct cty_witnesses *w, const struct cty_store_cosignature *row)
{
    uint32_t witness = cty_witnesses_find(w, row->witness);
    return w->quorum_size == 0 || (witness < CTY_WITNESS_NODES_MAX && w->seats[witness].size == 0);
}

static custody_err load_row(void *context, const struct cty_store_cosignature *row)
{
    struct loading *l = context;
    if (row->size == l->size || !is_wanted(l->witnesses, row))
        return CUSTODY_OK;
    l->size = row->size;
    return load_size(l);
}

custody_err cty_witnesses_load(struct cty_witnesses *witnesses, struct cty_store_reader *reader, custody_error *error)
{
    struct loading loading = {.witnesses = witnesses, .reader = reader, .error = error,
                              .note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX)};
    custody_err err = cty_store_walk_cosignatures_back(reader, INT64_MAX, CTY_COSIGNATURES_LOADED_MAX, load_row, &loading,
                                                       error);
    cty_buf_done(&loading.note);
    return err;
}

/* --- what waits to be stored ------------------------------------------------------------------------------- */

static struct cty_pending_cosignature *pending_place(struct cty_witnesses *w, uint32_t witness, uint64_t size)
{
    for (size_t i = w->taken; i < w->pending_count; i++) {
        if (w->pending[i].witness == witness && w->pending[i].size == size)
            return &w->pending[i];
    }
    return w->pending_count < CTY_WITNESSES_PENDING_MAX ? &w->pending[w->pending_count++] : NULL;
}

bool cty_witnesses_put(struct cty_witnesses *witnesses, uint32_t witness, uint64_t size, uint64_t time_s,
                       struct cty_bytes line)
{
    if (line.size > CTY_COSIGNATURE_LINE_BYTES_MAX)
        return false;
    pthread_mutex_lock(&witnesses->lock);
    struct cty_pending_cosignature *place = pending_place(witnesses, witness, size);
    if (place) {
        *place = (struct cty_pending_cosignature){.witness = witness, .size = size, .time_s = time_s,
                                                  .line_size = line.size};
        memcpy(place->line, line.data, line.size);
    }
    pthread_mutex_unlock(&witnesses->lock);
    return place != NULL;
}

bool cty_witnesses_wait(struct cty_witnesses *witnesses)
{
    pthread_mutex_lock(&witnesses->lock);
    bool wait = witnesses->pending_count > 0;
    pthread_mutex_unlock(&witnesses->lock);
    return wait;
}

const struct cty_pending_cosignature *cty_witnesses_take(struct cty_witnesses *witnesses, size_t *ret_count)
{
    pthread_mutex_lock(&witnesses->lock);
    witnesses->taken = *ret_count = witnesses->pending_count;
    pthread_mutex_unlock(&witnesses->lock);
    return witnesses->pending; /* nobody changes those that are taken */
}

void cty_witnesses_stored(struct cty_witnesses *witnesses, bool stored)
{
    struct cty_witnesses *w = witnesses;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->taken && stored; i++)
        stands_locked(w, w->pending[i].witness, w->pending[i].size, w->pending[i].time_s);
    if (stored) {
        memmove(&w->pending[0], &w->pending[w->taken], (w->pending_count - w->taken) * sizeof(w->pending[0]));
        w->pending_count -= w->taken;
    }
    w->taken = 0;
    pthread_mutex_unlock(&w->lock);
}

/* --- what is told ------------------------------------------------------------------------------------------ */

void cty_witnesses_put_plain(char *text, size_t size, struct cty_bytes foreign)
{
    size_t used = strlen(text);
    for (size_t i = 0; i < foreign.size && used + 1 < size; i++) {
        uint8_t byte = foreign.data[i];
        text[used++] = byte >= ' ' && byte < 0x7f ? (char)byte : '?';
    }
    text[used] = 0;
}

void cty_witnesses_tell(struct cty_witnesses *witnesses, uint32_t witness, enum cty_witness_state state, const char *detail)
{
    struct cty_witness_seat *seat = &witnesses->seats[witness];
    char text[CTY_LOG_VALUE_BYTES_MAX] = "";
    pthread_mutex_lock(&witnesses->lock);
    bool changed = seat->state != state || !seat->told;
    seat->state = state;
    seat->told = true;
    snprintf(seat->detail, sizeof(seat->detail), "%s", detail);
    pthread_mutex_unlock(&witnesses->lock);
    cty_witnesses_put_plain(text, sizeof(text), witnesses->trust->policy.nodes[witness].name);
    if (changed)
        cty_log(state == CTY_WITNESS_OK ? CTY_LOG_INFO : CTY_LOG_WARNING, "witness", "name", "s", text, "state", "s",
                cty_witness_state_names[state], "detail", "s", detail, NULL);
}

void cty_witnesses_count(struct cty_witnesses *witnesses, enum cty_submitted outcome)
{
    pthread_mutex_lock(&witnesses->lock);
    witnesses->submitted[outcome]++;
    pthread_mutex_unlock(&witnesses->lock);
}

void cty_witnesses_count_courier(struct cty_witnesses *witnesses)
{
    pthread_mutex_lock(&witnesses->lock);
    witnesses->couriers++;
    pthread_mutex_unlock(&witnesses->lock);
}

void cty_witnesses_want_fresh(struct cty_witnesses *witnesses, uint64_t from_ms)
{
    pthread_mutex_lock(&witnesses->lock);
    if (witnesses->fresh_ms < from_ms)
        witnesses->fresh_ms = from_ms;
    pthread_mutex_unlock(&witnesses->lock);
}

bool cty_witnesses_are_since(struct cty_witnesses *witnesses, uint64_t from_s)
{
    const struct cty_witness_policy *policy = &witnesses->trust->policy;
    uint64_t since = 0;
    pthread_mutex_lock(&witnesses->lock);
    for (uint32_t i = 0; i < policy->count; i++) {
        if (witnesses->seats[i].size && witnesses->seats[i].time_ms >= from_s * 1000)
            since |= UINT64_C(1) << i;
    }
    pthread_mutex_unlock(&witnesses->lock);
    return cty_witness_policy_met(policy, since);
}

uint64_t cty_witnesses_fresh(struct cty_witnesses *witnesses)
{
    pthread_mutex_lock(&witnesses->lock);
    uint64_t fresh = witnesses->fresh_ms;
    pthread_mutex_unlock(&witnesses->lock);
    return fresh;
}

uint64_t cty_witnesses_quorum(struct cty_witnesses *witnesses)
{
    pthread_mutex_lock(&witnesses->lock);
    uint64_t size = witnesses->quorum_size;
    pthread_mutex_unlock(&witnesses->lock);
    return size;
}

void cty_witnesses_get(struct cty_witnesses *witnesses, struct cty_witnesses_view *ret_view)
{
    pthread_mutex_lock(&witnesses->lock);
    memcpy(ret_view->seats, witnesses->seats, sizeof(ret_view->seats));
    memcpy(ret_view->submitted, witnesses->submitted, sizeof(ret_view->submitted));
    ret_view->quorum_size = witnesses->quorum_size;
    ret_view->quorum_time_s = witnesses->quorum_time_s;
    ret_view->couriers = witnesses->couriers;
    pthread_mutex_unlock(&witnesses->lock);
}
