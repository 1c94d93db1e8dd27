/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Submitting, and what a receipt must prove before it counts:
 *
 *     receipt --(pinned log key, inclusion)--> entry i      holds exactly our envelope, taken before its `until`
 *                                              entry i + 1  prev = leaf of entry i, case_prev too: the clerk's
 *     note    --(consistency)----------------> newest checkpoint
 *
 * Whether the clerk was right to say what it said is for judge.h.
 */
#include "client/inner.h"
#include "client/read.h"
#include "codec/text.h"
#include "proto/claims.h"

/* Contents beyond this are staged one by one, so that a submission fits one message. */
#define INLINE_BYTES_MAX (2u * 1024u * 1024u)

static void receipted_done(struct cty_receipted *receipted)
{
    cty_buf_done(&receipted->entry);
    cty_buf_done(&receipted->receipt);
}

void cty_submitted_done(struct cty_submitted *submitted)
{
    if (!submitted)
        return;
    receipted_done(&submitted->own);
    for (uint32_t i = 0; i < CTY_RPC_FOLLOW_MAX; i++)
        receipted_done(&submitted->follow[i]);
    cty_buf_done(&submitted->refusal);
}

/* ---- what is sent ---- */

/* Contents in base64, and the memory they are in. */
struct parcel {
    struct cty_buf text;
    struct cty_rpc_params params;
    bool staged; /* some of them */
};

static custody_err put_base64(struct cty_buf *text, struct cty_bytes bytes, struct cty_bytes *ret_text)
{
    size_t before = text->size;
    CTY_TRY(cty_base64_format(bytes, text));
    *ret_text = cty_bytes_make(text->data + before, text->size - before);
    return CUSTODY_OK;
}

custody_err cty_client_stage(struct cty_client *client, const struct cty_hash *commitment,
                             const uint8_t salt[CTY_SALT_SIZE], struct cty_bytes content, custody_error *error)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    struct cty_rpc_params params = {.u.blob_stage.commitment = *commitment};
    struct cty_answer answer = {0};
    custody_err err = cty_buf_reserve(&text, CTY_BASE64_SIZE(content.size) + CTY_BASE64_SIZE(CTY_SALT_SIZE));
    if (err == CUSTODY_OK)
        err = put_base64(&text, content, &params.u.blob_stage.content);
    if (err == CUSTODY_OK)
        err = put_base64(&text, cty_bytes_make(salt, CTY_SALT_SIZE), &params.u.blob_stage.salt);
    if (err == CUSTODY_OK)
        err = cty_client_call(client, CTY_RPC_BLOB_STAGE, &params, &answer, error);
    cty_answer_done(&answer);
    cty_buf_done(&text);
    return err;
}

static custody_err pack_content(struct cty_client *client, const struct cty_statement *st,
                                const struct cty_content *content, bool staged, struct parcel *parcel,
                                custody_error *error)
{
    struct cty_rpc_blob *blob = &parcel->params.u.submit.blobs[parcel->params.u.submit.blobs_count++];
    blob->member = content->member;
    blob->staged = staged;
    if (!staged) {
        CTY_TRY(put_base64(&parcel->text, content->content, &blob->content));
        return put_base64(&parcel->text, cty_bytes_make(content->salt, CTY_SALT_SIZE), &blob->salt);
    }
    struct cty_hash commitment =
        cty_commitment(st->ledger, st->signers[0], st->id, content->member, content->salt, content->content);
    return cty_client_stage(client, &commitment, content->salt, content->content, error);
}

/* Which contents go with the message itself, as long as they fit; how much text they make. */
static size_t choose_inline(const struct cty_content *contents, uint32_t count, bool inlined[CTY_BLOBS_PER_STATEMENT_MAX])
{
    size_t raw = 0, text = 0;
    for (uint32_t i = 0; i < count; i++) {
        inlined[i] = contents[i].content.size <= INLINE_BYTES_MAX - raw;
        raw += inlined[i] ? contents[i].content.size : 0;
        text += inlined[i] ? CTY_BASE64_SIZE(contents[i].content.size) + CTY_BASE64_SIZE(CTY_SALT_SIZE) : 0;
    }
    return text;
}

static custody_err pack(struct cty_client *client, struct cty_bytes envelope, const struct cty_statement *st,
                        const struct cty_content *contents, uint32_t count, struct parcel *parcel, custody_error *error)
{
    bool inlined[CTY_BLOBS_PER_STATEMENT_MAX] = {false};
    if (count > CTY_BLOBS_PER_STATEMENT_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "%u contents", count);
    memset(&parcel->params, 0, sizeof(parcel->params));
    cty_buf_clear(&parcel->text);
    parcel->params.u.submit.envelope = envelope;
    /* Views point into the text: it must not move. */
    CTY_TRY(cty_buf_reserve(&parcel->text, choose_inline(contents, count, inlined)));
    for (uint32_t i = 0; i < count; i++) {
        parcel->staged = parcel->staged || !inlined[i];
        CTY_TRY(pack_content(client, st, &contents[i], !inlined[i], parcel, error));
    }
    return CUSTODY_OK;
}

/* ---- what comes back ---- */

static custody_err copy_text(struct cty_buf *out, size_t limit, struct cty_bytes text)
{
    out->limit = limit;
    cty_buf_clear(out);
    return cty_buf_put_bytes(out, text);
}

static custody_err keep_receipted(struct cty_receipted *out, const struct cty_rpc_receipt *receipt,
                                  const struct cty_parsed_entry *parsed)
{
    out->index = parsed->entry.index;
    out->time = parsed->entry.time;
    out->type = parsed->signed_statement.statement.type;
    out->digest = parsed->signed_statement.digest;
    out->leaf = cty_tree_leaf(receipt->entry);
    CTY_TRY(copy_text(&out->entry, CTY_ENTRY_BYTES_MAX, receipt->entry));
    return copy_text(&out->receipt, CTY_NOTE_BYTES_MAX + CTY_RECEIPT_EXTRA_BYTES_MAX * 2, receipt->receipt);
}

custody_err cty_client_take_receipt(struct cty_client *client, struct cty_bytes text, struct cty_bytes entry,
                                    struct cty_receipt *ret_receipt, struct cty_checkpoint *ret_checkpoint,
                                    custody_error *error)
{
    const struct cty_log_keys *keys = &client->log_keys;
    struct cty_bytes origin = client->trust->origin;
    custody_err err = cty_receipt_open_by(text, entry, origin, keys, ret_receipt, ret_checkpoint);
    if (err == CUSTODY_E_NOTE_UNSIGNED) {
        err = cty_client_learn_log_key(client, err, error);
        if (err == CUSTODY_OK)
            err = cty_receipt_open_by(text, entry, origin, keys, ret_receipt, ret_checkpoint);
    }
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "the receipt");
    return cty_client_advance(client, ret_receipt->note, NULL, error);
}

/* ... and the entry is the one that the custodian says it is. */
static custody_err open_receipt(struct cty_client *client, const struct cty_rpc_receipt *receipt,
                                struct cty_parsed_entry *parsed, custody_error *error)
{
    struct cty_receipt opened;
    struct cty_checkpoint checkpoint;
    CTY_TRY(cty_client_take_receipt(client, receipt->receipt, receipt->entry, &opened, &checkpoint, error));
    CTY_TRY(cty_entry_parse(receipt->entry, parsed, error));
    if (parsed->entry.index != opened.index || receipt->index != opened.index)
        return cty_fail(error, CUSTODY_E_PROOF_INVALID, "the receipt is for index %llu, the entry says %llu",
                        (unsigned long long)opened.index, (unsigned long long)parsed->entry.index);
    return CUSTODY_OK;
}

static custody_err check_own(const struct cty_parsed_entry *entry, struct cty_bytes envelope,
                             const struct cty_signed *ours, custody_error *error)
{
    const struct cty_statement *st = &ours->statement;
    bool joins = (cty_type_flags(st->type) & CTY_TYPE_CASE) != 0;
    if (!cty_bytes_equal(entry->entry.statement, envelope))
        return cty_fail(error, CUSTODY_E_PAYLOAD_MISMATCH, "entry %llu holds another statement than was sent",
                        (unsigned long long)entry->entry.index);
    if (entry->entry.time > st->until)
        return cty_fail(error, CUSTODY_E_EXPIRED_STATEMENT, "entry %llu was made after it",
                        (unsigned long long)entry->entry.index);
    if (entry->entry.case_prev.present != joins || !entry->entry.prev.present || !entry->entry.trust.present)
        return cty_fail(error, CUSTODY_E_CHAIN_BROKEN, "entry %llu lacks a link, or has one too many",
                        (unsigned long long)entry->entry.index);
    return CUSTODY_OK;
}

/* What the clerk said stands right behind what it answers, in the same case. */
static custody_err check_follow(const struct cty_receipted *before, const struct cty_hash *case_id,
                                const struct cty_parsed_entry *entry, custody_error *error)
{
    const struct cty_statement *st = &entry->signed_statement.statement;
    bool clerk = st->type == CTY_VERDICT || st->type == CTY_RELEASE;
    if (!clerk || !cty_hash_equal(&st->case_id, case_id))
        return cty_fail(error, CUSTODY_E_OUT_OF_PLACE, "a %s does not follow here", cty_type_name(st->type));
    if (entry->entry.index != before->index + 1 || !entry->entry.prev.present || !entry->entry.case_prev.present ||
        !cty_hash_equal(&entry->entry.prev.hash, &before->leaf) ||
        !cty_hash_equal(&entry->entry.case_prev.hash, &before->leaf))
        return cty_fail(error, CUSTODY_E_CHAIN_BROKEN, "entry %llu does not follow entry %llu",
                        (unsigned long long)entry->entry.index, (unsigned long long)before->index);
    return CUSTODY_OK;
}

static custody_err take_follow(struct cty_client *client, const struct cty_answer *answer, const struct cty_signed *ours,
                               struct cty_parsed_entry *parsed, struct cty_submitted *out, custody_error *error)
{
    const struct cty_hash *case_id = ours->statement.type == CTY_REQUEST ? &ours->digest : &ours->statement.case_id;
    const struct cty_receipted *before = &out->own;
    out->follow_count = 0;
    for (uint32_t i = 0; i < answer->result.submit.follow_count; i++) {
        const struct cty_rpc_receipt *receipt = &answer->result.submit.follow[i];
        CTY_TRY(open_receipt(client, receipt, parsed, error));
        CTY_TRY(check_follow(before, case_id, parsed, error));
        CTY_TRY(keep_receipted(&out->follow[i], receipt, parsed));
        before = &out->follow[i];
        out->follow_count = i + 1;
    }
    return CUSTODY_OK;
}

static custody_err take_receipts(struct cty_client *client, const struct cty_answer *answer, struct cty_bytes envelope,
                                 const struct cty_signed *ours, struct cty_submitted *out, custody_error *error)
{
    struct cty_parsed_entry *parsed = cty_alloc(1, sizeof(*parsed));
    if (!parsed)
        return CUSTODY_E_NO_MEMORY;
    const struct cty_rpc_receipt *own = &answer->result.submit.own;
    const struct cty_log_keys before = client->log_keys;
    custody_err err = CUSTODY_OK;
    if (!cty_hash_equal(&answer->result.submit.digest, &ours->digest))
        err = cty_fail(error, CUSTODY_E_PAYLOAD_MISMATCH, "the answer is about another statement");
    /* A rotation of the log key by ourselves: its receipt is by the key that we say. */
    if (err == CUSTODY_OK)
        err = cty_client_expect_log_key(client, &ours->statement, own->index);
    if (err == CUSTODY_OK)
        err = open_receipt(client, own, parsed, error);
    if (err != CUSTODY_OK)
        client->log_keys = before;
    if (err == CUSTODY_OK)
        err = check_own(parsed, envelope, ours, error);
    if (err == CUSTODY_OK)
        err = keep_receipted(&out->own, own, parsed);
    if (err == CUSTODY_OK)
        err = take_follow(client, answer, ours, parsed, out, error);
    out->duplicate = answer->result.submit.duplicate;
    cty_parsed_entry_done(parsed);
    cty_free_pointer(&parsed);
    return err;
}

/* Keeps the signed refusal where it is one, of this very statement; by whose key is for the ledger to tell. */
static custody_err take_refusal(struct cty_client *client, const struct cty_answer *answer,
                                const struct cty_signed *ours, struct cty_submitted *out)
{
    struct cty_bytes text = answer->answer.failure.refusal;
    struct cty_signed parsed = {0};
    struct cty_refusal refusal;
    out->refused = answer->answer.failed && custody_err_class_get(answer->answer.failure.code) == CUSTODY_CLASS_REFUSAL;
    if (!text.data || !out->refused)
        return CUSTODY_OK;
    bool names_it = cty_refusal_parse(text, &parsed, &refusal, NULL) == CUSTODY_OK &&
                    cty_hash_equal(&refusal.digest, &ours->digest) &&
                    cty_bytes_equal(refusal.ledger, client->trust->origin);
    cty_signed_done(&parsed);
    return names_it ? copy_text(&out->refusal, CTY_ENVELOPE_BYTES_MAX, text) : CUSTODY_OK;
}

static custody_err exchange(struct cty_client *client, struct cty_bytes envelope, const struct cty_signed *ours,
                            const struct cty_content *contents, uint32_t count, struct cty_submitted *out,
                            custody_error *error)
{
    struct parcel *parcel = cty_alloc(1, sizeof(*parcel));
    struct cty_answer answer = {0};
    if (!parcel)
        return CUSTODY_E_NO_MEMORY;
    parcel->text.limit = CTY_MESSAGE_BYTES_MAX;
    custody_err err = CUSTODY_E_BLOB_MISSING;
    /* What was staged may be gone by then, if the custodian was restarted: once more. */
    for (int round = 0; err == CUSTODY_E_BLOB_MISSING && round < (parcel->staged ? 2 : 1); round++) {
        err = pack(client, envelope, &ours->statement, contents, count, parcel, error);
        if (err == CUSTODY_OK)
            err = cty_client_call(client, CTY_RPC_SUBMIT, &parcel->params, &answer, error);
    }
    if (err == CUSTODY_OK)
        err = take_receipts(client, &answer, envelope, ours, out, error);
    else
        (void)take_refusal(client, &answer, ours, out);
    cty_answer_done(&answer);
    cty_buf_done(&parcel->text);
    cty_free_pointer(&parcel);
    return err;
}

custody_err cty_client_submit_envelope(struct cty_client *client, struct cty_bytes envelope,
                                       const struct cty_content *contents, uint32_t count,
                                       struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_SPAN(client);
    CTY_TRY(cty_client_needs_trust(client, error));
    struct cty_signed *ours = cty_alloc(1, sizeof(*ours));
    if (!ours)
        return CUSTODY_E_NO_MEMORY;
    ret_submitted->refused = false;
    ret_submitted->follow_count = 0;
    cty_buf_clear(&ret_submitted->refusal);
    /* Whatever is wrong with it is told here, with the member, and before anything is sent. */
    custody_err err = cty_signed_parse(envelope, ours, error);
    if (err == CUSTODY_OK && !cty_bytes_equal(ours->statement.ledger, client->trust->origin))
        err = cty_fail(error, CUSTODY_E_WRONG_LEDGER, "the statement is for %.*s, the trust file pins %.*s",
                       (int)ours->statement.ledger.size, (const char *)ours->statement.ledger.data,
                       (int)client->trust->origin.size, (const char *)client->trust->origin.data);
    if (err == CUSTODY_OK)
        err = exchange(client, envelope, ours, contents, count, ret_submitted, error);
    cty_signed_done(ours);
    cty_free_pointer(&ours);
    return err;
}

custody_err cty_client_submit(struct cty_client *client, const struct cty_draft *draft, struct cty_buf *ret_envelope,
                              struct cty_submitted *ret_submitted, custody_error *error)
{
    struct cty_buf own = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_buf *envelope = ret_envelope ? ret_envelope : &own;
    CTY_CHECK(draft->statement.signers_count > 0);
    custody_err err =
        cty_statement_sign(&draft->statement, draft->secrets, draft->statement.signers_count, envelope, NULL);
    if (err == CUSTODY_OK)
        err = cty_client_submit_envelope(client, cty_buf_bytes(envelope), draft->contents, draft->contents_count,
                                         ret_submitted, error);
    else
        cty_fail_code(error, err);
    cty_buf_done(&own);
    return err;
}
