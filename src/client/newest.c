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

#include "client/contradiction.h"
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

/* The first line of a note is the ledger's origin. */
static custody_err tell_other_ledger(const struct cty_client *client, struct cty_bytes note, custody_error *error)
{
    const uint8_t *end = note.size ? memchr(note.data, '\n', note.size) : NULL;
    return cty_fail(error, CUSTODY_E_WRONG_LEDGER, "the checkpoint is of %.*s, the trust file pins %.*s",
                    end && end - note.data <= (ptrdiff_t)CTY_WORD_BYTES_MAX ? (int)(end - note.data) : 0,
                    (const char *)note.data, (int)client->trust->origin.size,
                    (const char *)client->trust->origin.data);
}

static custody_err open_view(struct cty_client *client, struct cty_bytes note, struct view *ret_view, custody_error *error)
{
    ret_view->note = note;
    custody_err err = cty_checkpoint_open_by(note, client->trust->origin, &client->log_keys, &ret_view->checkpoint);
    if (err == CUSTODY_E_NOTE_UNSIGNED) {
        err = cty_client_learn_log_key(client, err, error);
        if (err == CUSTODY_OK)
            err = cty_checkpoint_open_by(note, client->trust->origin, &client->log_keys, &ret_view->checkpoint);
    }
    if (err == CUSTODY_E_WRONG_LEDGER)
        return tell_other_ledger(client, note, error);
    if (err == CUSTODY_E_NOTE_UNSIGNED && !client->secret)
        return err; /* which was told */
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

/* The pins, with the log keys that came since; it borrows all that the trust file owns. */
static struct cty_trust known_trust(const struct cty_client *client)
{
    struct cty_trust known = *client->trust;
    known.log_keys = client->log_keys;
    return known;
}

/* Keeps what shows the contradiction and tells it. That it could not be kept must not hide it. */
static custody_err contradicted(struct cty_client *client, struct cty_contradiction *found, const struct view *before,
                                const struct view *shown, custody_error *error)
{
    custody_err code = cty_contradiction_code(found->kind);
    char *path = NULL;
    client->newest.refused = code;
    found->notes[0] = before->note;
    found->notes[1] = shown->note;
    struct cty_trust known = known_trust(client);
    if (client->state_path && cty_contradiction_keep(client->state_path, &known, found, &path, NULL) == CUSTODY_OK) {
        free(client->contradiction);
        client->contradiction = path;
    }
    return cty_fail(error, code, "sizes %llu and %llu, both signed by the log key%s%s",
                    (unsigned long long)before->checkpoint.size, (unsigned long long)shown->checkpoint.size,
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
        err = contradicted(client, &(struct cty_contradiction){.kind = CTY_CONTRADICTION_WENT_BACK}, larger, &now, error);
    else if (err == CUSTODY_OK)
        err = cty_fail(error, refusal, "no proof between checkpoints: %s", refused.detail);
    cty_answer_done(&answer);
    return err;
}

/* The custodian's proof, and the root that it goes with: where that is another one than was signed, the two convict it. */
static custody_err check_proof(const union cty_rpc_result *result, const struct view *small, const struct view *large,
                               struct cty_contradiction *found)
{
    CTY_TRY(cty_proof_take(result->proof_consistency.hashes, result->proof_consistency.hashes_count, &found->proof));
    found->has_proof = true;
    found->root = result->proof_consistency.root_from;
    return cty_tree_consistency_verify(small->checkpoint.size, &small->checkpoint.root, large->checkpoint.size,
                                       &large->checkpoint.root, &found->proof);
}

/* Two sizes: the smaller must be a beginning of the larger. */
static custody_err prove(struct cty_client *client, const struct view *before, const struct view *shown,
                         custody_error *error)
{
    const struct view *small = before->checkpoint.size < shown->checkpoint.size ? before : shown;
    const struct view *large = small == before ? shown : before;
    struct cty_rpc_params params = {
        .u.proof_consistency = {.from = small->checkpoint.size, .to = large->checkpoint.size}};
    struct cty_contradiction found = {.kind = CTY_CONTRADICTION_NO_PROOF};
    struct cty_answer answer = {0};
    custody_err err = cty_client_call(client, CTY_RPC_PROOF_CONSISTENCY, &params, &answer, error);
    bool refused = err != CUSTODY_OK && answer.answer.failed && !cty_is_passing(err);
    if (err == CUSTODY_OK && check_proof(&answer.result, small, large, &found) != CUSTODY_OK)
        err = contradicted(client, &found, before, shown, error);
    cty_answer_done(&answer);
    return refused ? went_back(client, large, err, error) : err;
}

/* Whether the two are of one ledger. */
static custody_err reconcile(struct cty_client *client, const struct view *before, const struct view *shown,
                             custody_error *error)
{
    struct cty_contradiction found = {.kind = CTY_CONTRADICTION_TWO_ROOTS};
    uint64_t size = before->checkpoint.size;
    if (size != shown->checkpoint.size) /* the empty tree is a beginning of every ledger */
        return size == 0 || shown->checkpoint.size == 0 ? CUSTODY_OK : prove(client, before, shown, error);
    if (cty_hash_equal(&before->checkpoint.root, &shown->checkpoint.root))
        return CUSTODY_OK;
    return contradicted(client, &found, before, shown, error);
}

/* The lines of a parsed note that these witnesses made. */
static void put_cosignatures(const struct cty_witness_policy *policy, const struct cty_note *note, uint64_t witnesses,
                             size_t room, struct cty_buf *out)
{
    for (size_t i = 0; i < note->count && room > 0; i++) {
        for (uint32_t k = 0; k < policy->count; k++) {
            bool wanted = (witnesses & ((uint64_t)1 << k)) != 0 && room > 0 &&
                          cty_bytes_equal(note->lines[i].name, policy->nodes[k].key_name);
            if (wanted && cty_note_line_put(&note->lines[i], out) == CUSTODY_OK)
                room--;
        }
    }
}

/*
 * One size, one root, and another note: what was cosigned before stays cosigned. Only one that brings a witness of ours is
 * taken, with those that it lacks: that one of them cosigned again is no news.
 */
static custody_err set_joined(struct cty_client *client, const struct view *newest, const struct view *view)
{
    const struct cty_witness_policy *policy = &client->trust->policy;
    CTY_AUTO_FREE struct cty_note *notes = cty_alloc(2, sizeof(*notes));
    CTY_CLEANUP(cty_buf_done) struct cty_buf joined = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    if (!notes)
        return CUSTODY_E_NO_MEMORY;
    CTY_TRY(cty_note_parse(newest->note, &notes[0]));
    CTY_TRY(cty_note_parse(view->note, &notes[1]));
    uint64_t before = cty_witness_policy_cosigned(policy, &notes[0], 0, NULL, NULL);
    uint64_t shown = cty_witness_policy_cosigned(policy, &notes[1], 0, NULL, NULL);
    if ((shown & ~before) == 0)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_put_bytes(&joined, view->note));
    put_cosignatures(policy, &notes[0], before & ~shown, CTY_NOTE_SIGNATURES_MAX - notes[1].count, &joined);
    return set_newest(client, &(struct view){cty_buf_bytes(&joined), view->checkpoint});
}

/* Takes a verified view in, in memory. One of the same size may bring more cosignatures. */
static custody_err merge(struct cty_client *client, const struct view *view, custody_error *error)
{
    struct view newest = newest_view(client);
    if (!client->newest.known)
        return set_newest(client, view);
    CTY_TRY(reconcile(client, &newest, view, error));
    if (view->checkpoint.size == newest.checkpoint.size)
        return cty_bytes_equal(newest.note, view->note) ? CUSTODY_OK : set_joined(client, &newest, view);
    return view->checkpoint.size > newest.checkpoint.size ? set_newest(client, view) : CUSTODY_OK;
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
    bool ours = filed->size == view.checkpoint.size && cty_hash_equal(&filed->root, &view.checkpoint.root);
    if (ours && client->newest.checkpoint.size > view.checkpoint.size)
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
        done = cty_bytes_equal(cty_buf_bytes(&stored.text), cty_buf_bytes(&client->newest.note));
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

custody_err cty_client_may_act(struct cty_client *client, custody_error *error)
{
    custody_err code = CUSTODY_OK;
    char *path = NULL;
    CTY_TRY(cty_client_needs_trust(client, error));
    if (client->newest.refused != CUSTODY_OK)
        return cty_fail(error, client->newest.refused, "this custodian contradicted itself before");
    if (!client->state_path)
        return CUSTODY_OK;
    struct cty_trust known = known_trust(client);
    CTY_TRY(cty_contradiction_find(client->state_path, &known, &path, &code, error));
    if (!path)
        return CUSTODY_OK;
    free(client->contradiction);
    client->contradiction = path;
    return cty_fail(error, code, "this ledger contradicted itself before; until it is looked at and moved away: %s", path);
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
