/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the log: checkpoints, proofs and entries. */
#include "codec/text.h"
#include "daemon/reads.h"
#include "ledger/note.h"

custody_err cty_read_note(struct cty_worker *worker, struct cty_store_mark *ret_mark, struct cty_bytes *ret_note,
                          custody_error *error)
{
    cty_buf_clear(&worker->note);
    CTY_TRY(cty_store_read_checkpoint(worker->reader, ret_mark, &worker->note, error));
    CTY_TRY(cty_witnessed_put_lines(worker->reader, ret_mark->size, &worker->note, error));
    *ret_note = cty_buf_bytes(&worker->note);
    return CUSTODY_OK;
}

custody_err cty_read_info(struct cty_worker *worker, const struct cty_rpc_params *params,
                          union cty_rpc_result *result, custody_error *error)
{
    const struct cty_service *service = worker->service;
    const struct cty_custodian *custodian = service->custodian;
    struct cty_head_state now;
    (void)params;
    (void)error;
    cty_head_get(&worker->service->head, &now);
    cty_buf_clear(&worker->texts[0]);
    CTY_TRY(cty_buf_put(&worker->texts[0], now.reason, strlen(now.reason)));
    cty_buf_clear(&worker->note);
    CTY_TRY(cty_buf_put(&worker->note, now.note, now.note_size));
    result->info.checkpoint = cty_buf_bytes(&worker->note);
    result->info.clerk_key = now.clerk->vkey;
    result->info.development = custodian->development;
    while (result->info.doors_count < CTY_DOORS_MAX) {
        const char *url = cty_net_server_url(service->server, result->info.doors_count);
        if (!url)
            break;
        result->info.doors[result->info.doors_count++] = cty_bytes_text(url);
    }
    for (size_t i = 0; i < service->doors.names_count && result->info.doors_count < CTY_DOORS_MAX; i++)
        result->info.doors[result->info.doors_count++] = cty_bytes_text(service->doors.names[i]);
    result->info.ledger = custodian->origin;
    result->info.log_key = now.log->vkey;
    result->info.readers = custodian->readers;
    result->info.reason = cty_buf_bytes(&worker->texts[0]);
    cty_head_get_rotations(&worker->service->head, result->info.rotations, &result->info.rotations_count);
    result->info.size = now.mark.size;
    result->info.state = (int)now.state;
    result->info.time = cty_clock_wall(&custodian->clock);
    result->info.version = cty_bytes_text(CTY_VERSION);
    return CUSTODY_OK;
}

custody_err cty_read_checkpoint(struct cty_worker *worker, const struct cty_rpc_params *params,
                                union cty_rpc_result *result, custody_error *error)
{
    struct cty_store_mark mark;
    if (params->u.checkpoint.witnessed)
        return cty_read_witnessed_checkpoint(worker, params, result, error);
    CTY_TRY(cty_read_note(worker, &mark, &result->checkpoint.checkpoint, error));
    if (mark.size < params->u.checkpoint.min_size)
        return cty_fail(error, CUSTODY_E_NOT_FOUND, "the newest checkpoint is of size %llu",
                        (unsigned long long)mark.size);
    result->checkpoint.size = mark.size;
    return CUSTODY_OK;
}

/* The checkpoint of exactly this size; the newest for 0. */
static custody_err read_mark(struct cty_worker *worker, uint64_t size, struct cty_store_mark *ret_mark,
                             custody_error *error)
{
    struct cty_bytes note;
    if (size == 0)
        return cty_read_note(worker, ret_mark, &note, error);
    cty_buf_clear(&worker->note);
    CTY_TRY(cty_store_read_checkpoint_from(worker->reader, size, ret_mark, &worker->note, error));
    if (ret_mark->size != size)
        return cty_fail(error, CUSTODY_E_NOT_FOUND, "no checkpoint of size %llu was published",
                        (unsigned long long)size);
    return cty_witnessed_put_lines(worker->reader, size, &worker->note, error);
}

/* The one that a receipt is to be in, with the cosignatures that stand on it, in worker->note. */
static custody_err read_covering(struct cty_worker *worker, const struct cty_rpc_params *params,
                                 struct cty_store_mark *ret_mark, custody_error *error)
{
    if (params->u.proof_inclusion.witnessed)
        return cty_read_witnessed_mark(worker, params->u.proof_inclusion.index + 1, ret_mark, error);
    return read_mark(worker, params->u.proof_inclusion.size, ret_mark, error);
}

custody_err cty_read_proof_inclusion(struct cty_worker *worker, const struct cty_rpc_params *params,
                                     union cty_rpc_result *result, custody_error *error)
{
    struct cty_tree_reader tree = cty_store_tree(worker->reader);
    uint64_t index = params->u.proof_inclusion.index;
    struct cty_store_mark mark;
    struct cty_proof proof;
    if (params->u.proof_inclusion.witnessed && params->u.proof_inclusion.size)
        return cty_fail(error, CUSTODY_E_BAD_PARAMS, "size and witnessed exclude each other");
    CTY_TRY(read_covering(worker, params, &mark, error));
    if (index >= mark.size)
        return cty_fail(error, CUSTODY_E_NOT_FOUND, "the checkpoint covers %llu entries",
                        (unsigned long long)mark.size);
    CTY_TRY(cty_tree_inclusion(&tree, index, mark.size, &proof));
    cty_buf_clear(&worker->texts[0]);
    CTY_TRY(cty_receipt_format(cty_bytes_make(NULL, 0), index, &proof, cty_buf_bytes(&worker->note),
                               &worker->texts[0]));
    result->proof_inclusion.receipt = cty_buf_bytes(&worker->texts[0]);
    return CUSTODY_OK;
}

/* Each hash in base64, behind one another in a buffer that does not move. */
static custody_err put_hashes(struct cty_buf *texts, const struct cty_proof *proof, union cty_rpc_result *result)
{
    size_t each = CTY_BASE64_SIZE(CTY_HASH_SIZE);
    cty_buf_clear(texts);
    CTY_TRY(cty_buf_reserve(texts, CTY_PROOF_HASHES_MAX * each));
    for (size_t i = 0; i < proof->count; i++) {
        size_t at = texts->size;
        CTY_TRY(cty_base64_format(cty_hash_bytes(&proof->hashes[i]), texts));
        result->proof_consistency.hashes[i] = cty_bytes_make(texts->data + at, each);
    }
    result->proof_consistency.hashes_count = (uint32_t)proof->count;
    return CUSTODY_OK;
}

custody_err cty_read_proof_consistency(struct cty_worker *worker, const struct cty_rpc_params *params,
                                       union cty_rpc_result *result, custody_error *error)
{
    struct cty_tree_reader tree = cty_store_tree(worker->reader);
    uint64_t from = params->u.proof_consistency.from;
    uint64_t to = params->u.proof_consistency.to;
    struct cty_proof proof;
    if (from > to)
        return cty_fail(error, CUSTODY_E_BAD_PARAMS, "from is above to");
    if (to > cty_store_size(worker->reader))
        return cty_fail(error, CUSTODY_E_NOT_FOUND, "there are %llu entries",
                        (unsigned long long)cty_store_size(worker->reader));
    CTY_TRY(cty_tree_root(&tree, from, &result->proof_consistency.root_from));
    CTY_TRY(cty_tree_root(&tree, to, &result->proof_consistency.root_to));
    CTY_TRY(cty_tree_consistency(&tree, from, to, &proof));
    result->proof_consistency.from = from;
    result->proof_consistency.to = to;
    return put_hashes(&worker->texts[0], &proof, result);
}

/* --- entries as an array of texts, as many as one answer holds --------------------------------------------- */

struct entry_list {
    struct cty_jw jw;
    struct cty_buf *out;
    uint64_t count;
    uint64_t count_max;
    bool full;
    uint64_t next; /* where to go on, if it is full */
};

static void list_begin(struct entry_list *list, struct cty_buf *out, uint64_t count_max)
{
    memset(list, 0, sizeof(*list));
    list->out = out;
    list->count_max = count_max;
    cty_buf_clear(out);
    cty_jw_begin(&list->jw, out);
    cty_jw_array(&list->jw);
}

static custody_err list_entry(void *context, const struct cty_store_entry *entry)
{
    struct entry_list *list = context;
    if (list->full)
        return CUSTODY_OK;
    bool large = list->count > 0 && list->out->size + entry->body.size > CTY_ANSWER_BYTES_MAX;
    if (list->count == list->count_max || large) {
        list->full = true;
        list->next = entry->index;
        return CUSTODY_OK;
    }
    list->count++;
    cty_jw_string(&list->jw, entry->body);
    return list->jw.err;
}

static custody_err list_end(struct entry_list *list, struct cty_bytes *ret_text)
{
    cty_jw_array_end(&list->jw);
    CTY_TRY(cty_jw_end(&list->jw));
    *ret_text = cty_buf_bytes(list->out);
    return CUSTODY_OK;
}

static uint64_t bounded(uint64_t asked)
{
    return asked && asked < CTY_ENTRIES_PER_ANSWER_MAX ? asked : CTY_ENTRIES_PER_ANSWER_MAX;
}

custody_err cty_read_entries(struct cty_worker *worker, const struct cty_rpc_params *params,
                             union cty_rpc_result *result, custody_error *error)
{
    struct cty_store_mark mark;
    struct entry_list list;
    uint64_t count = bounded(params->u.entries.count);
    CTY_TRY(cty_read_note(worker, &mark, &result->entries.checkpoint, error));
    list_begin(&list, &worker->texts[0], count);
    CTY_TRY(cty_store_walk_entries(worker->reader, params->u.entries.from, count, list_entry, &list, error));
    result->entries.from = params->u.entries.from;
    result->entries.size = mark.size;
    return list_end(&list, &result->entries.entries);
}

custody_err cty_read_trust_entries(struct cty_worker *worker, const struct cty_rpc_params *params,
                                   union cty_rpc_result *result, custody_error *error)
{
    struct cty_store_mark mark;
    struct entry_list list;
    uint64_t count = bounded(params->u.trust_entries.count);
    CTY_TRY(cty_read_note(worker, &mark, &result->trust_entries.checkpoint, error));
    list_begin(&list, &worker->texts[0], count);
    CTY_TRY(cty_store_walk_trust_entries(worker->reader, params->u.trust_entries.from, count + 1, true, list_entry,
                                         &list, error));
    result->trust_entries.next = list.next;
    return list_end(&list, &result->trust_entries.entries);
}

/* The case's entries from an index on. */
struct case_list {
    struct entry_list list;
    uint64_t from;
};

static custody_err list_case_entry(void *context, const struct cty_store_entry *entry)
{
    struct case_list *list = context;
    return entry->index < list->from ? CUSTODY_OK : list_entry(&list->list, entry);
}

static custody_err list_index(void *context, const struct cty_store_entry *entry)
{
    struct cty_jw *jw = context;
    cty_jw_u64(jw, entry->index);
    return jw->err;
}

static custody_err read_trust_indices(struct cty_worker *worker, struct cty_bytes *ret_text, custody_error *error)
{
    struct cty_jw jw;
    cty_buf_clear(&worker->texts[1]);
    cty_jw_begin(&jw, &worker->texts[1]);
    cty_jw_array(&jw);
    CTY_TRY(cty_store_walk_trust_entries(worker->reader, 0, CTY_TRUST_PER_ANSWER_MAX, false, list_index, &jw,
                                         error));
    cty_jw_array_end(&jw);
    CTY_TRY(cty_jw_end(&jw));
    *ret_text = cty_buf_bytes(&worker->texts[1]);
    return CUSTODY_OK;
}

custody_err cty_read_case_entries(struct cty_worker *worker, const struct cty_rpc_params *params,
                                  union cty_rpc_result *result, custody_error *error)
{
    struct cty_store_mark mark;
    struct cty_bytes text;
    struct case_list list = {.from = params->u.case_entries.from};
    CTY_TRY(cty_book_case(&worker->book, &params->u.case_entries.case_id, &worker->the_case, &text, error));
    CTY_TRY(cty_read_note(worker, &mark, &result->case_entries.checkpoint, error));
    list_begin(&list.list, &worker->texts[0], CTY_ENTRIES_PER_ANSWER_MAX);
    CTY_TRY(cty_store_walk_case_entries(worker->reader, worker->the_case.opened, true, list_case_entry, &list,
                                        error));
    result->case_entries.next = list.list.next;
    CTY_TRY(list_end(&list.list, &result->case_entries.entries));
    return read_trust_indices(worker, &result->case_entries.trust, error);
}
