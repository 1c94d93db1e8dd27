/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/contents.h"

#include "codec/json.h"
#include "codec/patch.h"
#include "codec/text.h"

void cty_contents_done(struct cty_contents *contents)
{
    for (uint32_t i = 0; i < CTY_BLOBS_PER_STATEMENT_MAX; i++)
        cty_buf_done(&contents->list[i].bytes);
    contents->count = 0;
}

/* Contents may be large and are rare: their memory is not kept. */
void cty_contents_clear(struct cty_contents *contents)
{
    cty_contents_done(contents);
}

custody_err cty_content_decode(struct cty_bytes salt, struct cty_bytes content, struct cty_content *ret_content,
                               custody_error *error)
{
    ret_content->bytes = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    if (cty_base64_parse_into(salt, ret_content->salt, CTY_SALT_SIZE) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_BAD_PARAMS, "a salt is not 32 bytes in base64");
    custody_err err = cty_base64_parse(content, &ret_content->bytes);
    if (err == CUSTODY_E_TOO_LARGE)
        return cty_fail(error, err, "a content has more than %u bytes", CTY_BLOB_BYTES_MAX);
    if (err == CUSTODY_E_BAD_ENCODING)
        return cty_fail(error, CUSTODY_E_BAD_PARAMS, "a content is not in base64");
    return err;
}

custody_err cty_contents_decode(struct cty_contents *contents, const struct cty_rpc_blob *blobs, uint32_t count,
                                custody_error *error)
{
    cty_contents_clear(contents);
    for (uint32_t i = 0; i < count; i++) {
        struct cty_content *content = &contents->list[contents->count++];
        *content = (struct cty_content){.member = blobs[i].member, .staged = blobs[i].staged,
                                        .bytes = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX)};
        if (blobs[i].staged ? blobs[i].content.data || blobs[i].salt.data
                            : !blobs[i].content.data || !blobs[i].salt.data)
            return cty_fail(error, CUSTODY_E_BAD_PARAMS, "a blob has either salt and content, or \"staged\":true");
        if (!content->staged)
            CTY_TRY(cty_content_decode(blobs[i].salt, blobs[i].content, content, error));
    }
    return CUSTODY_OK;
}

struct check {
    struct cty_contents *contents;
    const struct cty_signed *parsed;
    struct cty_store_reader *reader;
    custody_error *error;
};

static struct cty_content *find(struct cty_contents *contents, struct cty_bytes member)
{
    for (uint32_t i = 0; i < contents->count; i++) {
        if (cty_bytes_equal(contents->list[i].member, member))
            return &contents->list[i];
    }
    return NULL;
}

#define MEMBER_FMT "member %.*s"
#define MEMBER_ARG(member) (int)((member).size < 80 ? (member).size : 80), (const char *)(member).data

/* First pass: which contents belong to a member. */
static custody_err match_member(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct check *check = context;
    struct cty_content *content = find(check->contents, member);
    if (content) {
        content->matched = true;
        content->commitment = *hash;
    }
    return CUSTODY_OK;
}

static custody_err check_foreign(const struct check *check)
{
    for (uint32_t i = 0; i < check->contents->count; i++) {
        const struct cty_content *content = &check->contents->list[i];
        if (!content->matched)
            return cty_fail(check->error, CUSTODY_E_BLOB_FOREIGN, MEMBER_FMT, MEMBER_ARG(content->member));
    }
    return CUSTODY_OK;
}

static custody_err read_staged(const struct check *check, struct cty_content *content)
{
    custody_err err = CUSTODY_E_NOT_FOUND;
    if (check->reader)
        err = cty_store_read_staged(check->reader, check->parsed->statement.signers[0], &content->commitment,
                                    content->salt, &content->bytes, check->error);
    if (err == CUSTODY_E_NOT_FOUND)
        return cty_fail(check->error, CUSTODY_E_BLOB_MISSING, MEMBER_FMT " is not staged",
                        MEMBER_ARG(content->member));
    return err;
}

static custody_err check_commitment(const struct check *check, const struct cty_content *content)
{
    const struct cty_statement *statement = &check->parsed->statement;
    struct cty_hash is = cty_commitment(statement->ledger, statement->signers[0], statement->id, content->member,
                                        content->salt, cty_buf_bytes(&content->bytes));
    if (!cty_hash_equal(&is, &content->commitment))
        return cty_fail(check->error, CUSTODY_E_BLOB_MISMATCH, MEMBER_FMT, MEMBER_ARG(content->member));
    return CUSTODY_OK;
}

/* Second pass: which members lack theirs. */
static custody_err check_present(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct check *check = context;
    (void)hash;
    if (!find(check->contents, member))
        return cty_fail(check->error, CUSTODY_E_BLOB_MISSING, MEMBER_FMT, MEMBER_ARG(member));
    return CUSTODY_OK;
}

static custody_err check_json(const struct cty_content *content, custody_error *error)
{
    struct cty_json json = CTY_JSON_INIT;
    struct cty_json_limits limits = {CTY_PAYLOAD_DEPTH_MAX, CTY_PAYLOAD_NODES_MAX};
    custody_error inner = {0};
    custody_err err = cty_json_scan(&json, CTY_JSON_DOCUMENT, limits, cty_buf_bytes(&content->bytes), &inner);
    cty_json_done(&json);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, MEMBER_FMT ": %s", MEMBER_ARG(content->member), inner.detail);
    return CUSTODY_OK;
}

/* What is signed as a document must be one that everybody reads in the same way. */
static custody_err check_document(const struct check *check)
{
    const char *member = NULL;
    if (check->parsed->statement.type == CTY_REQUEST)
        member = "payload";
    else if (check->parsed->statement.type == CTY_PATCH)
        member = "result";
    struct cty_content *content = member ? find(check->contents, cty_bytes_text(member)) : NULL;
    return content ? check_json(content, check->error) : CUSTODY_OK;
}

custody_err cty_contents_check(struct cty_contents *contents, const struct cty_signed *parsed,
                               struct cty_store_reader *reader, custody_error *error)
{
    struct check check = {contents, parsed, reader, error};
    CTY_TRY(cty_statement_commitments(&parsed->statement, match_member, &check));
    CTY_TRY(check_foreign(&check));
    for (uint32_t i = 0; i < contents->count; i++) {
        if (contents->list[i].staged)
            CTY_TRY(read_staged(&check, &contents->list[i]));
        CTY_TRY(check_commitment(&check, &contents->list[i]));
    }
    CTY_TRY(cty_statement_commitments(&parsed->statement, check_present, &check));
    return check_document(&check);
}

/* The result is the RFC 8785 form of the patched document, byte for byte: every verifier asks for just that. */
custody_err cty_contents_check_patch(struct cty_contents *contents, struct cty_bytes base, custody_error *error)
{
    const struct cty_content *operations = find(contents, CTY_LITERAL("operations"));
    const struct cty_content *result = find(contents, CTY_LITERAL("result"));
    if (!operations || !result)
        return cty_fail(error, CUSTODY_E_BLOB_MISSING, "operations and result of a patch");
    struct cty_buf expected = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_err err = cty_patch_apply(base, cty_buf_bytes(&operations->bytes), &expected, error);
    if (err == CUSTODY_OK && !cty_bytes_equal(cty_buf_bytes(&result->bytes), cty_buf_bytes(&expected)))
        err = cty_fail(error, CUSTODY_E_RESULT_MISMATCH,
                       "the operations give another document, or it is not in RFC 8785 form");
    cty_buf_done(&expected);
    return err;
}
