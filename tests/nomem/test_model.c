/* SPDX-License-Identifier: Apache-2.0 */
/* model, ledger and proto: every type of statement, every method. */
#include "base/limits.h"
#include "ledger/note.h"
#include "model/entry.h"
#include "model/policy.h"
#include "unit/model/samples.h"
#include "unit/proto/samples.h"
#include "walk.h"

static struct {
    enum cty_type type;
    enum cty_rpc rpc;
    struct cty_buf entry;  /* an entry with the sample of that type */
    struct cty_buf call;   /* a call of that method, and its answer */
    struct cty_buf result;
    struct cty_buf note;
    struct cty_buf receipt;
    /* Made anew for each try. */
    struct cty_buf out;
    struct cty_json json;
    struct cty_signed parsed;
    struct cty_parsed_entry parsed_entry;
    struct cty_rpc_message message;
} here;

static void begin(void *context)
{
    (void)context;
    here.out = CTY_BUF_INIT(1 << 20);
}

static void end(void *context)
{
    (void)context;
    cty_buf_done(&here.out);
    cty_json_done(&here.json);
    cty_signed_done(&here.parsed);
    cty_parsed_entry_done(&here.parsed_entry);
    cty_rpc_done(&here.message);
    memset(&here.parsed, 0, sizeof(here.parsed));
    memset(&here.parsed_entry, 0, sizeof(here.parsed_entry));
    memset(&here.message, 0, sizeof(here.message));
}

static void look(void *context, struct cty_buf *out)
{
    (void)context;
    assert_ok(cty_buf_put_bytes(out, cty_buf_bytes(&here.out)));
}

static custody_err answer(custody_err err)
{
    if (err != CUSTODY_OK)
        cty_buf_clear(&here.out);
    return err;
}

/* --- model ------------------------------------------------------------------------------------------------ */

static custody_err encode(void *context)
{
    (void)context;
    return answer(cty_statement_encode(&sample_get(here.type)->statement, &here.out));
}

static custody_err sign(void *context)
{
    const struct cty_statement *statement = &sample_get(here.type)->statement;
    const struct cty_secret *secrets[CTY_SIGNERS_MAX];
    (void)context;
    for (uint32_t i = 0; i < statement->signers_count; i++)
        secrets[i] = sample_signer_secret(statement, i);
    return answer(cty_statement_sign(statement, secrets, statement->signers_count, &here.out, NULL));
}

static custody_err parse(void *context)
{
    (void)context;
    CTY_TRY(cty_envelope_parse(cty_buf_bytes(&sample_get(here.type)->envelope), &here.parsed, NULL));
    CTY_TRY(cty_signed_parse(cty_buf_bytes(&sample_get(here.type)->envelope), &here.parsed, NULL));
    return answer(cty_statement_encode(&here.parsed.statement, &here.out));
}

static custody_err parse_entry(void *context)
{
    (void)context;
    CTY_TRY(cty_entry_parse(cty_buf_bytes(&here.entry), &here.parsed_entry, NULL));
    return answer(cty_entry_encode(&here.parsed_entry.entry, &here.out));
}

static void make_entry(void)
{
    const struct cty_entry entry = {.statement = cty_buf_bytes(&sample_get(here.type)->envelope), .time = 1};
    here.entry = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    assert_ok(cty_entry_encode(&entry, &here.entry));
}

#define WALK(function) {.name = #function, .begin = begin, .run = function, .look = look, .end = end}

static void statements_of_every_type(void **state)
{
    static const struct nomem_walk walks[] = {WALK(encode), WALK(sign), WALK(parse), WALK(parse_entry)};
    (void)state;
    for (int type = 0; type < CTY_TYPE_COUNT; type++) {
        here.type = (enum cty_type)type;
        make_entry();
        for (size_t i = 0; i < CTY_COUNT_OF(walks); i++)
            nomem_walk(&walks[i]);
        cty_buf_done(&here.entry);
    }
}

static custody_err policy(void *context)
{
    static const char text[] =
        "{\"admin_quorum\":2,\"recovery\":{\"quorum\":1,\"roles\":[\"approver\"]},\"rules\":[{\"approvals\":1,\"effect\":\"hold\","
        "\"match\":{\"action\":\"refund\"},\"roles\":[\"approver\"]},{\"effect\":\"pass\",\"match\":{\"action\":\"ping\"}}]}";
    struct cty_policy *decoded = cty_alloc(1, sizeof(*decoded));
    (void)context;
    if (!decoded)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = cty_policy_parse(CTY_LITERAL(text), &here.json, decoded, NULL);
    if (err == CUSTODY_OK)
        err = cty_buf_put_u64(&here.out, decoded->rules_count);
    free(decoded);
    return answer(err);
}

/* --- ledger ----------------------------------------------------------------------------------------------- */

static custody_err sign_note(void *context)
{
    const struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(SAMPLE_ORIGIN), .size = 7};
    const struct cty_secret *log = sample_secret(CTY_LITERAL("log"));
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    (void)context;
    custody_err err = cty_checkpoint_format(&checkpoint, &text);
    if (err == CUSTODY_OK)
        err = cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, log, &here.out);
    if (err == CUSTODY_OK)
        err = cty_note_cosign(cty_buf_bytes(&text), CTY_LITERAL("witness"), log, 1679315147, &here.out);
    return answer(err);
}

static custody_err open_note(void *context)
{
    struct cty_checkpoint found;
    (void)context;
    custody_err err = cty_checkpoint_open(cty_buf_bytes(&here.note), CTY_LITERAL(SAMPLE_ORIGIN),
                                          cty_secret_key(sample_secret(CTY_LITERAL("log"))), &found);
    return err == CUSTODY_OK ? answer(cty_buf_put_u64(&here.out, found.size)) : err;
}

static custody_err format_receipt(void *context)
{
    struct cty_proof proof = {.count = 20};
    (void)context;
    return answer(cty_receipt_format(CTY_LITERAL("extra"), 3, &proof, cty_buf_bytes(&here.note), &here.out));
}

static custody_err read_receipt(void *context)
{
    struct cty_receipt receipt;
    (void)context;
    custody_err err = cty_receipt_parse(cty_buf_bytes(&here.receipt), &receipt);
    return err == CUSTODY_OK ? answer(cty_buf_put_bytes(&here.out, receipt.note)) : err;
}

static void notes_and_receipts(void **state)
{
    static const struct nomem_walk walks[] = {WALK(sign_note), WALK(open_note), WALK(format_receipt), WALK(read_receipt)};
    (void)state;
    here.out = here.note = here.receipt = CTY_BUF_INIT(1 << 16);
    assert_ok(sign_note(NULL));
    here.note = here.out;
    here.out = CTY_BUF_INIT(1 << 16);
    assert_ok(format_receipt(NULL));
    here.receipt = here.out;
    for (size_t i = 0; i < CTY_COUNT_OF(walks); i++)
        nomem_walk(&walks[i]);
    cty_buf_done(&here.note);
    cty_buf_done(&here.receipt);
}

/* --- proto ------------------------------------------------------------------------------------------------ */

static custody_err write_call(void *context)
{
    struct cty_rpc_call call = sample_call(here.rpc);
    (void)context;
    return answer(cty_rpc_call_write(&call, &here.out));
}

static custody_err read_call(void *context)
{
    struct cty_rpc_call call;
    (void)context;
    CTY_TRY(cty_rpc_open(&here.message, cty_buf_bytes(&here.call), CTY_ANSWER_NODES_MAX, NULL));
    CTY_TRY(cty_rpc_call_read(&here.message, cty_rpc_first(&here.message), &call, NULL));
    return answer(cty_rpc_call_write(&call, &here.out));
}

/* Each put appends a whole answer or nothing. */
static custody_err put_answers(const union cty_rpc_result *result)
{
    const struct cty_rpc_id id = {.kind = CTY_RPC_ID_NUMBER, .number = 1};
    const struct cty_rpc_failure failure = {.code = CUSTODY_E_BUSY, .detail = CTY_LITERAL("too many"), .retry_after_ms = 5};
    struct cty_rpc_answers answers;
    CTY_TRY(cty_rpc_answers_begin(&answers, true, &here.out));
    size_t size = here.out.size;
    custody_err err = cty_rpc_answers_put_result(&answers, &id, here.rpc, result);
    if (err != CUSTODY_OK)
        assert_int_equal(here.out.size, size);
    CTY_TRY(err);
    size = here.out.size;
    err = cty_rpc_answers_put_failure(&answers, &id, &failure);
    if (err != CUSTODY_OK)
        assert_int_equal(here.out.size, size);
    CTY_TRY(err);
    return cty_rpc_answers_end(&answers);
}

static custody_err write_result(void *context)
{
    union cty_rpc_result result;
    (void)context;
    sample_result(here.rpc, &result);
    return answer(put_answers(&result));
}

static custody_err read_result(void *context)
{
    struct cty_rpc_answer read;
    union cty_rpc_result result;
    (void)context;
    CTY_TRY(cty_rpc_open(&here.message, cty_buf_bytes(&here.result), CTY_ANSWER_NODES_MAX, NULL));
    CTY_TRY(cty_rpc_answer_read(&here.message, cty_rpc_first(&here.message), here.rpc, &read, &result, NULL));
    return answer(put_answers(&result));
}

static void take_out(struct cty_buf *ret_text)
{
    *ret_text = here.out;
    here.out = CTY_BUF_INIT(1 << 20);
}

static void calls_of_every_method(void **state)
{
    static const struct nomem_walk walks[] = {WALK(write_call), WALK(read_call), WALK(write_result), WALK(read_result)};
    (void)state;
    for (int rpc = 0; rpc < CTY_RPC_COUNT; rpc++) {
        here.rpc = (enum cty_rpc)rpc;
        here.out = CTY_BUF_INIT(1 << 20);
        assert_ok(write_call(NULL));
        take_out(&here.call);
        assert_ok(write_result(NULL));
        take_out(&here.result);
        for (size_t i = 0; i < CTY_COUNT_OF(walks); i++)
            nomem_walk(&walks[i]);
        cty_buf_done(&here.call);
        cty_buf_done(&here.result);
    }
}

int main(int argc, char **argv)
{
    static const struct nomem_walk walks[] = {WALK(policy)};
    const struct CMUnitTest more[] = {
        cmocka_unit_test(statements_of_every_type),
        cmocka_unit_test(notes_and_receipts),
        cmocka_unit_test(calls_of_every_method),
    };
    CTY_CHECK(cty_crypto_init() == CUSTODY_OK);
    return nomem_run("model", walks, CTY_COUNT_OF(walks), more, CTY_COUNT_OF(more), argc, argv);
}
