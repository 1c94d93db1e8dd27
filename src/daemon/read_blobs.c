/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents. Who may have one follows from the case that its statement is of, so the case has to be found first:
 * the reader names it, or the statement is its request, or the case was listed to somebody lately.
 */
#include "base/check.h"
#include "codec/text.h"
#include "daemon/reads.h"

/* Trust-class entries that are looked through for a statement that is of no case. */
#define TRUST_VISITS_MAX 4096u

struct search {
    struct cty_worker *worker;
    const struct cty_hash *statement;
    bool found;
    custody_error *error;
};

static custody_err compare_entry(void *context, const struct cty_store_entry *entry)
{
    struct search *search = context;
    if (search->found)
        return CUSTODY_OK;
    CTY_TRY(cty_entry_parse(entry->body, &search->worker->parsed, search->error));
    search->found = cty_hash_equal(&search->worker->parsed.signed_statement.digest, search->statement);
    return CUSTODY_OK;
}

/* Whether the statement is one of the case's. */
static custody_err is_of_case(struct search *search, const struct cty_hash *case_id)
{
    struct cty_worker *worker = search->worker;
    struct cty_bytes text;
    CTY_TRY(cty_book_case(&worker->book, case_id, &worker->the_case, &text, search->error));
    struct cty_hash listed;
    bool known = cty_statement_cases_get(&worker->service->statement_cases, search->statement, &listed) &&
                 cty_hash_equal(&listed, case_id);
    if (known || cty_hash_equal(case_id, search->statement)) {
        search->found = true;
        return CUSTODY_OK;
    }
    return cty_store_walk_case_entries(worker->reader, worker->the_case.opened, true, compare_entry, search,
                                       search->error);
}

static custody_err may_read(struct cty_worker *worker, const struct cty_hash *case_id, struct cty_bytes member,
                            custody_error *error)
{
    custody_err err;
    do
        err = cty_may_read(&worker->book.view, case_id, cty_bytes_text(worker->actor), member, worker->now,
                           error);
    while (cty_book_again(&worker->book, &err, error));
    return err;
}

/* Names of persons, and why somebody was revoked, are for all who are enrolled. */
static custody_err may_read_trust(struct search *search)
{
    CTY_TRY(cty_store_walk_trust_entries(search->worker->reader, 0, TRUST_VISITS_MAX, true, compare_entry, search,
                                         search->error));
    if (!search->found)
        return cty_fail(search->error, CUSTODY_E_FORBIDDEN, "name the case that it is of");
    return CUSTODY_OK;
}

static bool is_name(struct cty_bytes member)
{
    return cty_bytes_is(member, "enrolment/name") ||
           (member.size > 12 && memcmp(member.data, "admins/", 7) == 0 &&
            memcmp(member.data + member.size - 5, "/name", 5) == 0);
}

static custody_err authorise(struct cty_worker *worker, const struct cty_rpc_params *params, custody_error *error)
{
    const struct cty_hash *statement = &params->u.blob_get.statement;
    struct cty_bytes member = params->u.blob_get.member;
    struct search search = {.worker = worker, .statement = statement, .error = error};
    struct cty_hash case_id = *statement;
    /* Only trust-class statements have such members. */
    if (is_name(member))
        return CUSTODY_OK;
    if (params->u.blob_get.case_id.present) {
        CTY_TRY(is_of_case(&search, &params->u.blob_get.case_id.hash));
        if (!search.found)
            return cty_fail(error, CUSTODY_E_FORBIDDEN, "the statement is not of that case");
        return may_read(worker, &params->u.blob_get.case_id.hash, member, error);
    }
    if (!cty_statement_cases_get(&worker->service->statement_cases, statement, &case_id))
        case_id = *statement;
    custody_err err = may_read(worker, &case_id, member, error);
    return err == CUSTODY_E_WRONG_CASE ? may_read_trust(&search) : err;
}

custody_err cty_read_blob_get(struct cty_worker *worker, const struct cty_rpc_params *params,
                              union cty_rpc_result *result, custody_error *error)
{
    uint8_t salt[CTY_SALT_SIZE];
    struct cty_buf *content = &worker->texts[0], *base64 = &worker->texts[1];
    cty_buf_clear(content);
    cty_buf_clear(base64);
    CTY_TRY(cty_store_read_blob(worker->reader, &params->u.blob_get.statement, params->u.blob_get.member, salt,
                                content, error));
    CTY_TRY(authorise(worker, params, error));
    CTY_TRY(cty_base64_format(cty_bytes_make(salt, sizeof(salt)), base64));
    size_t salt_size = base64->size;
    CTY_TRY(cty_base64_format(cty_buf_bytes(content), base64));
    result->blob_get.salt = cty_bytes_make(base64->data, salt_size);
    result->blob_get.content = cty_bytes_make(base64->data + salt_size, base64->size - salt_size);
    return CUSTODY_OK;
}
