/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The newest checkpoint that was verified. Every note that comes is laid against it:
 *
 *     one size     one root, else SPLIT_VIEW
 *     larger       proven to extend it, then it takes its place; no proof: SPLIT_VIEW
 *     smaller      an older view if the custodian still proves the newest from it; else WENT_BACK or SPLIT_VIEW
 *
 * and against what other processes left in the state file. Whoever shows us two ledgers signed both.
 */
#include <stdlib.h>

#include "client/inner.h"
#include "client/state.h"
#include "codec/text.h"

/* How often another process may come between before we call it a fault. */
#define ROUNDS_MAX 16

/* A note with what it says, after its signature was verified. */
struct view {
    struct cty_bytes note;
    struct cty_checkpoint checkpoint;
};

static custody_err open_view(struct cty_client *client, struct cty_bytes note, struct view *ret_view, custody_error *error)
{
    ret_view->note = note;
    custody_err err = cty_checkpoint_open(note, client->trust->origin, &client->trust->log_key, &ret_view->checkpoint);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "the checkpoint");
    /* What lasts: the trust file's text, not the note's. */
    ret_view->checkpoint.origin = client->trust->origin;
    return CUSTODY_OK;
}

static struct view newest_view(const struct cty_client *client)
{
    return (struct view){cty_buf_bytes(&client->newest.note), client->newest.checkpoint};
}

static custody_err set_newest(struct cty_client *client, const struct view *view)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    CTY_TRY(cty_buf_put_bytes(&note, view->note));
    cty_buf_done(&client->newest.note);
    client->newest.note = note;
    client->newest.checkpoint = view->checkpoint;
    client->newest.known = true;
    client->newest.kept = false;
    return CUSTODY_OK;
}

/* Keeps the proof of the contradiction and tells it. That it could not be kept must not hide it. */
static custody_err contradicted(struct cty_client *client, custody_err code, const struct view *older,
                                const struct view *newer, custody_error *error)
{
    char *path = NULL;
    client->newest.refused = code;
    if (client->state_path && cty_state_keep_contradiction(client->state_path, custody_err_name(code), older->note,
                                                           newer->note, &path, NULL) == CUSTODY_OK) {
        free(client->contradiction);
        client->contradiction = path;
    }
    return cty_fail(error, code, "sizes %llu and %llu, both signed by the log key%s%s",
                    (unsigned long long)older->checkpoint.size, (unsigned long long)newer->checkpoint.size,
                    path ? "; kept in " : "", path ? path : "");
}

custody_err cty_proof_take(const struct cty_bytes *hashes, uint32_t count, struct cty_proof *ret_proof)
{
    if (count > CTY_PROOF_HASHES_MAX)
        return CUSTODY_E_PROOF_INVALID;
    for (uint32_t i = 0; i < count; i++) {
        if (cty_base64_parse_into(hashes[i], ret_proof->hashes[i].bytes, CTY_HASH_SIZE) != CUSTODY_OK)
            return CUSTODY_E_PROOF_INVALID;
    }
    ret_proof->count = count;
    return CUSTODY_OK;
}

/* What the custodian has now, as it says itself. */
static custody_err ask_checkpoint(struct cty_client *client, struct cty_answer *answer, struct view *ret_view,
                                  custody_error *error)
{
    CTY_TRY(cty_client_call(client, CTY_RPC_CHECKPOINT, NULL, answer, error));
    return open_view(client, answer->result.checkpoint.checkpoint, ret_view, error);
}

/* No proof came. If the custodian now shows less than the larger one, it went back; else it only didn't answer. */
static custody_err went_back(struct cty_client *client, const struct view *larger, custody_err refusal,
                             custody_error *error)
{
    struct cty_answer answer = {0};
    struct view now;
    custody_error refused = error ? *error : (custody_error){0};
    custody_err err = ask_checkpoint(client, &answer, &now, error);
    if (err == CUSTODY_OK && now.checkpoint.size < larger->checkpoint.size)
        err = contradicted(client, CUSTODY_E_WENT_BACK, larger, &now, error);
    else if (err == CUSTODY_OK)
        err = cty_fail(error, refusal, "no proof between checkpoints: %s", refused.detail);
    cty_answer_done(&answer);
    return err;
}

static custody_err prove(struct cty_client *client, const struct view *small, const struct view *large,
                         custody_error *error)
{
    struct cty_rpc_params params = {
        .u.proof_consistency = {.from = small->checkpoint.size, .to = large->checkpoint.size}};
    struct cty_answer answer = {0};
    struct cty_proof proof;
    custody_err err = cty_client_call(client, CTY_RPC_PROOF_CONSISTENCY, &params, &answer, error);
    bool refused = err != CUSTODY_OK && answer.answer.failed && !cty_is_passing(err);
    if (err == CUSTODY_OK) {
        err = cty_proof_take(answer.result.proof_consistency.hashes, answer.result.proof_consistency.hashes_count, &proof);
        if (err == CUSTODY_OK)
            err = cty_tree_consistency_verify(small->checkpoint.size, &small->checkpoint.root, large->checkpoint.size,
                                              &large->checkpoint.root, &proof);
        if (err != CUSTODY_OK)
            err = contradicted(client, CUSTODY_E_SPLIT_VIEW, small, large, error);
    }
    cty_answer_done(&answer);
    return refused ? went_back(client, large, err, error) : err;
}

/* Whether the two are of one ledger. */
static custody_err reconcile(struct cty_client *client, const struct view *a, const struct view *b, custody_error *error)
{
    const struct view *small = a->checkpoint.size <= b->checkpoint.size ? a : b;
    const struct view *large = small == a ? b : a;
    if (small->checkpoint.size == large->checkpoint.size) {
        if (cty_hash_equal(&small->checkpoint.root, &large->checkpoint.root))
            return CUSTODY_OK;
        return contradicted(client, CUSTODY_E_SPLIT_VIEW, a, b, error);
    }
    /* The empty tree is a beginning of every ledger. */
    return small->checkpoint.size == 0 ? CUSTODY_OK : prove(client, small, large, error);
}

/* Takes a verified view in, in memory. One of the same size may bring more cosignatures. */
static custody_err merge(struct cty_client *client, const struct view *view, custody_error *error)
{
    struct view newest = newest_view(client);
    if (!client->newest.known)
        return set_newest(client, view);
    CTY_TRY(reconcile(client, &newest, view, error));
    return view->checkpoint.size >= newest.checkpoint.size ? set_newest(client, view) : CUSTODY_OK;
}

/* What stands in the state file: its size, and the text itself. */
struct stored {
    struct cty_buf text;
    uint64_t size;
};

/* Takes in what another process may have left there. */
static custody_err merge_file(struct cty_client *client, struct stored *stored, custody_error *error)
{
    struct view view;
    cty_buf_clear(&stored->text);
    stored->size = 0;
    CTY_TRY(cty_state_read(client->state_path, &stored->text, error));
    if (stored->text.size == 0)
        return CUSTODY_OK;
    custody_err err = open_view(client, cty_buf_bytes(&stored->text), &view, error);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "the state file %s", client->state_path);
    stored->size = view.checkpoint.size;
    /* Ours, from before: what we have now was proven to extend it. */
    const struct cty_seen *filed = &client->newest.filed;
    if (filed->size == view.checkpoint.size && cty_hash_equal(&filed->root, &view.checkpoint.root))
        return CUSTODY_OK;
    CTY_TRY(merge(client, &view, error));
    client->newest.filed = (struct cty_seen){view.checkpoint.size, view.checkpoint.root};
    return CUSTODY_OK;
}

/* Brings the state file up to the newest one, whoever else writes it. */
static custody_err store(struct cty_client *client, custody_error *error)
{
    struct stored stored = {.text = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX)};
    custody_err err = CUSTODY_OK;
    bool done = false;
    for (int round = 0; err == CUSTODY_OK && !done && round < ROUNDS_MAX; round++) {
        err = merge_file(client, &stored, error);
        if (err != CUSTODY_OK)
            break;
        done = stored.text.size != 0 && stored.size == client->newest.checkpoint.size;
        if (!done)
            err = cty_state_replace(client->state_path, cty_buf_bytes(&stored.text), cty_buf_bytes(&client->newest.note),
                                    &done, error);
    }
    cty_buf_done(&stored.text);
    CTY_TRY(err);
    if (!done)
        return cty_fail(error, CUSTODY_E_IO, "%s changes all the time", client->state_path);
    client->newest.filed = (struct cty_seen){client->newest.checkpoint.size, client->newest.checkpoint.root};
    return CUSTODY_OK;
}

custody_err cty_newest_load(struct cty_client *client, custody_error *error)
{
    struct stored stored = {.text = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX)};
    custody_err err = merge_file(client, &stored, error);
    cty_buf_done(&stored.text);
    return err;
}

custody_err cty_client_advance(struct cty_client *client, struct cty_bytes note, struct cty_checkpoint *ret_checkpoint,
                               custody_error *error)
{
    CTY_SPAN(client);
    struct view view;
    CTY_TRY(cty_client_needs_trust(client, error));
    if (client->newest.refused != CUSTODY_OK)
        return cty_fail(error, client->newest.refused, "this custodian contradicted itself before");
    CTY_TRY(open_view(client, note, &view, error));
    CTY_TRY(merge(client, &view, error));
    if (client->state_path && !client->newest.kept)
        CTY_TRY(store(client, error));
    client->newest.kept = true;
    if (ret_checkpoint)
        *ret_checkpoint = view.checkpoint;
    return CUSTODY_OK;
}

custody_err cty_client_checkpoint(struct cty_client *client, bool fresh, struct cty_checkpoint *ret_checkpoint,
                                  struct cty_bytes *ret_note, custody_error *error)
{
    CTY_SPAN(client);
    struct cty_answer answer = {0};
    custody_err err = cty_client_needs_trust(client, error);
    if (err == CUSTODY_OK && (fresh || !client->newest.known)) {
        err = cty_client_call(client, CTY_RPC_CHECKPOINT, NULL, &answer, error);
        if (err == CUSTODY_OK)
            err = cty_client_advance(client, answer.result.checkpoint.checkpoint, NULL, error);
    }
    cty_answer_done(&answer);
    CTY_TRY(err);
    *ret_checkpoint = client->newest.checkpoint;
    if (ret_note)
        *ret_note = cty_buf_bytes(&client->newest.note);
    return CUSTODY_OK;
}
