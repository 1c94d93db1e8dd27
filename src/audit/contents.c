/* SPDX-License-Identifier: Apache-2.0 */
/* Contents against commitments, and patches applied again. */
#include "audit/step.h"

#include <stdio.h>

#include "codec/patch.h"

struct check {
    struct cty_step *step;
    const struct cty_parsed_entry *parsed;
    bool failed;
};

/* The case that the statement is of; NULL for one of none. */
static const struct cty_hash *case_of(const struct cty_parsed_entry *parsed)
{
    const struct cty_signed *statement = &parsed->signed_statement;
    if (statement->statement.type == CTY_REQUEST)
        return &statement->digest;
    return cty_type_flags(statement->statement.type) & CTY_TYPE_CASE ? &statement->statement.case_id : NULL;
}

static custody_err fetch(struct check *check, const struct cty_hash *statement, struct cty_bytes member,
                         struct cty_buf *content, bool *ret_found)
{
    struct cty_step *step = check->step;
    struct cty_bytes salt, bytes;
    *ret_found = false;
    if (!step->contents)
        return CUSTODY_OK;
    custody_err err = step->contents->get(step->contents->context, case_of(check->parsed), statement, member, &salt, &bytes);
    if (err == CUSTODY_E_NOT_FOUND)
        return CUSTODY_OK;
    CTY_TRY(err);
    cty_buf_clear(&step->salt);
    cty_buf_clear(content);
    /* Whatever is larger than a content can be is not the one that was committed to: here, an empty salt says so. */
    *ret_found = true;
    if (salt.size != CTY_SALT_SIZE || bytes.size > CTY_BLOB_BYTES_MAX)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_put_bytes(&step->salt, salt));
    return cty_buf_put_bytes(content, bytes);
}

static void fail_content(struct check *check, struct cty_bytes member, custody_err code)
{
    check->failed = true;
    cty_report_fail(check->step->report, CTY_CLAIM_CONTENTS, code, check->step->at, "member %.*s of the %s: %s",
                    (int)member.size, (const char *)member.data,
                    cty_type_name(check->parsed->signed_statement.statement.type), custody_err_sentence(code));
}

static custody_err check_commitment(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct check *check = context;
    struct cty_step *step = check->step;
    const struct cty_signed *statement = &check->parsed->signed_statement;
    bool found = false;
    CTY_TRY(fetch(check, &statement->digest, member, &step->content, &found));
    if (!found) {
        step->contents_missing++;
        return CUSTODY_OK;
    }
    step->contents_checked++;
    struct cty_hash is = {{0}};
    if (step->salt.size == CTY_SALT_SIZE)
        is = cty_commitment(statement->statement.ledger, statement->statement.signers[0], statement->statement.id,
                            member, step->salt.data, cty_buf_bytes(&step->content));
    if (!cty_hash_equal(&is, hash))
        fail_content(check, member, CUSTODY_E_BLOB_MISMATCH);
    return CUSTODY_OK;
}

/* The three documents of a patch; all or none. */
static custody_err fetch_patch(struct check *check, bool *ret_found)
{
    struct cty_step *step = check->step;
    const struct cty_signed *statement = &check->parsed->signed_statement;
    struct cty_case c;
    bool known = false, base = false, operations = false, result = false;
    *ret_found = false;
    CTY_TRY(cty_step_case(step->memory, &statement->statement.case_id, &c, &known));
    if (!known)
        return CUSTODY_OK;
    struct cty_bytes member = c.revision == 0 ? CTY_LITERAL("payload") : CTY_LITERAL("result");
    struct cty_hash payload_at = c.payload_at;
    CTY_TRY(fetch(check, &payload_at, member, &step->base, &base));
    CTY_TRY(fetch(check, &statement->digest, CTY_LITERAL("operations"), &step->operations, &operations));
    CTY_TRY(fetch(check, &statement->digest, CTY_LITERAL("result"), &step->result, &result));
    *ret_found = base && operations && result;
    return CUSTODY_OK;
}

static custody_err check_patch(struct check *check)
{
    struct cty_step *step = check->step;
    bool found = false;
    CTY_TRY(fetch_patch(check, &found));
    if (!found)
        return CUSTODY_OK;
    cty_buf_clear(&step->content);
    custody_err err = cty_patch_apply(cty_buf_bytes(&step->base), cty_buf_bytes(&step->operations), &step->content, NULL);
    if (err == CUSTODY_E_NO_MEMORY)
        return err;
    if (err != CUSTODY_OK || !cty_bytes_equal(cty_buf_bytes(&step->content), cty_buf_bytes(&step->result)))
        fail_content(check, CTY_LITERAL("result"), CUSTODY_E_RESULT_MISMATCH);
    return CUSTODY_OK;
}

custody_err cty_step_contents(struct cty_step *step, const struct cty_parsed_entry *parsed)
{
    struct check check = {.step = step, .parsed = parsed};
    const struct cty_statement *st = &parsed->signed_statement.statement;
    CTY_TRY(cty_statement_commitments(st, check_commitment, &check));
    if (st->type == CTY_PATCH && !check.failed && step->contents)
        return check_patch(&check);
    return CUSTODY_OK;
}
