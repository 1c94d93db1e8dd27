/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/unit.h"

#include <stdlib.h>

#include "base/check.h"

custody_err cty_unit_init(struct cty_unit *unit)
{
    memset(unit, 0, sizeof(*unit));
    for (uint32_t i = 0; i < CTY_UNIT_ENTRIES_MAX; i++)
        unit->entries[i].body = CTY_BUF_INIT(2 * CTY_ENTRY_BYTES_MAX);
    unit->envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    unit->clerk_statement = cty_alloc(1, sizeof(*unit->clerk_statement));
    unit->the_case = cty_alloc(1, sizeof(*unit->the_case));
    return unit->clerk_statement && unit->the_case ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

void cty_unit_done(struct cty_unit *unit)
{
    for (uint32_t i = 0; i < CTY_UNIT_ENTRIES_MAX; i++) {
        cty_buf_done(&unit->entries[i].body);
        cty_delta_done(&unit->entries[i].delta);
    }
    cty_buf_done(&unit->envelope);
    cty_json_done(&unit->tape);
    free(unit->clerk_statement);
    free(unit->the_case);
}

struct cty_seen cty_seen_of(uint64_t size, const struct cty_hash *root)
{
    return (struct cty_seen){.size = size, .root = *root};
}

/* The leaf hash of the case's newest entry, where there is such a case: that there is none the fold says. */
static custody_err find_case_prev(struct cty_unit *unit, struct cty_book *book, const struct cty_hash *case_id,
                                  struct cty_opt_hash *ret_link, custody_error *error)
{
    const struct cty_case *c = NULL;
    custody_err err = cty_book_lend_case(book, case_id, unit->the_case, &c, error);
    if (err == CUSTODY_OK)
        *ret_link = (struct cty_opt_hash){c->last, true};
    return err == CUSTODY_E_WRONG_CASE ? CUSTODY_OK : err;
}

/* The links of a unit's first entry, after what the book holds. In a ledger that has not begun there are none. */
static custody_err first_entry(struct cty_unit *unit, struct cty_book *book, const struct cty_statement *statement,
                               uint64_t time, struct cty_entry *ret_entry, custody_error *error)
{
    struct cty_ledger_record ledger = {0};
    bool begun = false;
    CTY_TRY(cty_book_record(book, &cty_shape_ledger_record, &ledger, &begun, error, "ledger"));
    *ret_entry = (struct cty_entry){.index = begun ? ledger.size : 0,
                                    .time = begun && ledger.time > time ? ledger.time : time,
                                    .prev = {ledger.last, begun},
                                    .trust = {ledger.trust, begun}};
    if (!(cty_type_flags(statement->type) & CTY_TYPE_CASE))
        return CUSTODY_OK;
    return find_case_prev(unit, book, &statement->case_id, &ret_entry->case_prev, error);
}

/* The links of an entry behind another of its unit: both are of one case. */
static struct cty_entry entry_behind(const struct cty_unit_entry *before)
{
    struct cty_opt_hash leaf = {before->leaf, true};
    return (struct cty_entry){.index = before->index + 1, .time = before->time, .prev = leaf, .case_prev = leaf,
                              .trust = before->trust ? leaf : before->trust_link};
}

static custody_err fold_next(struct cty_unit *unit, struct cty_book *book, const struct cty_unit_input *input,
                             uint64_t time, custody_error *error)
{
    CTY_CHECK(unit->count < CTY_UNIT_ENTRIES_MAX);
    struct cty_unit_entry *next = &unit->entries[unit->count];
    struct cty_entry entry;
    if (unit->count)
        entry = entry_behind(next - 1);
    else
        CTY_TRY(first_entry(unit, book, input->statement, time, &entry, error));
    entry.statement = input->envelope;
    cty_buf_clear(&next->body);
    custody_err err = cty_entry_encode(&entry, &next->body);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "the entry");
    next->leaf = cty_tree_leaf(cty_buf_bytes(&next->body));
    next->index = entry.index;
    next->time = entry.time;
    next->trust_link = entry.trust;
    next->trust = cty_type_class_get(input->statement->type) == CTY_CLASS_TRUST;
    next->digest = *input->digest;
    struct cty_fold_input in = {.entry = &entry, .statement = input->statement, .digest = input->digest,
                                .leaf = next->leaf};
    memcpy(in.keys, input->keys, sizeof(in.keys));
    do
        err = cty_fold(&book->view, &in, &next->delta, error);
    while (cty_book_again(book, &err, error));
    CTY_TRY(err);
    unit->count++;
    book->pending[book->pending_count++] = &next->delta;
    cty_book_clear(book);
    return CUSTODY_OK;
}

static void begin(struct cty_unit *unit, struct cty_book *book)
{
    unit->count = 0;
    cty_book_reset(book);
}

custody_err cty_unit_judge(struct cty_unit *unit, struct cty_book *book, const struct cty_unit_input *input,
                           uint64_t time, custody_error *error)
{
    begin(unit, book);
    return fold_next(unit, book, input, time, error);
}

/* What every statement of the clerk has: it is made for the moment of its entry. */
static void fill_common(struct cty_statement *statement, const struct cty_custodian *custodian,
                        const struct cty_seen *seen, uint64_t time)
{
    cty_random_id(time, statement->id);
    statement->ledger = custodian->origin;
    statement->seen = *seen;
    statement->signers[0] = CTY_LITERAL("clerk");
    statement->signers_count = 1;
    statement->time = time;
    statement->until = time;
}

static custody_err ask_clerk(struct cty_book *book, enum cty_type type, const struct cty_hash *case_id,
                             uint64_t time, struct cty_statement *statement, struct cty_json *tape,
                             custody_error *error)
{
    if (type == CTY_VERDICT)
        return cty_clerk_verdict(&book->view, case_id, time, statement, tape, error);
    if (type == CTY_RELEASE)
        return cty_clerk_release(&book->view, case_id, time, statement, tape, error);
    return cty_clerk_expiry(&book->view, case_id, time, statement, tape, error);
}

/* The clerk's key that is in force where the entry will stand. */
static custody_err find_clerk(struct cty_book *book, const struct cty_custodian *custodian,
                              const struct cty_held_key **ret_clerk, custody_error *error)
{
    struct cty_ledger_record ledger = {0};
    bool begun = false;
    CTY_TRY(cty_book_record(book, &cty_shape_ledger_record, &ledger, &begun, error, "ledger"));
    *ret_clerk = begun ? cty_custodian_clerk(custodian, ledger.clerk_key) : NULL;
    if (!*ret_clerk)
        return cty_fail(error, CUSTODY_E_INTERNAL, "the clerk key in force is not at hand");
    return CUSTODY_OK;
}

/* Makes, signs and folds one statement of the clerk. */
static custody_err say(struct cty_unit *unit, struct cty_book *book, const struct cty_custodian *custodian,
                       const struct cty_seen *seen, enum cty_type type, const struct cty_hash *case_id, uint64_t time,
                       custody_error *error)
{
    struct cty_statement *statement = unit->clerk_statement;
    const struct cty_held_key *clerk = NULL;
    struct cty_hash digest;
    custody_err err;
    CTY_TRY(find_clerk(book, custodian, &clerk, error));
    memset(statement, 0, sizeof(*statement));
    if (type == CTY_VERDICT)
        cty_random(statement->u.verdict.instance, sizeof(statement->u.verdict.instance));
    do
        err = ask_clerk(book, type, case_id, time, statement, &unit->tape, error);
    while (cty_book_again(book, &err, error));
    CTY_TRY(err);
    fill_common(statement, custodian, seen, time);
    if (type == CTY_EXPIRY)
        statement->u.expiry.witnessed = unit->witnessed;
    cty_buf_clear(&unit->envelope);
    CTY_TRY(cty_statement_sign(statement, &clerk->secret, 1, &unit->envelope, &digest));
    struct cty_unit_input input = {.envelope = cty_buf_bytes(&unit->envelope), .statement = statement,
                                   .digest = &digest, .keys = {*cty_secret_key(clerk->secret)}};
    return fold_next(unit, book, &input, time, error);
}

/* A refusal of the clerk's own statement is a fault of this program; its name goes into the detail. */
static custody_err as_fault(custody_err err, custody_error *error)
{
    if (err == CUSTODY_OK || custody_err_class_get(err) == CUSTODY_CLASS_FAULT)
        return err;
    char detail[CUSTODY_ERROR_DETAIL_MAX];
    memcpy(detail, error->detail, sizeof(detail));
    return cty_fail(error, CUSTODY_E_INTERNAL, "the clerk's statement is refused: %s: %s", custody_err_name(err),
                    detail);
}

custody_err cty_unit_follow(struct cty_unit *unit, struct cty_book *book, const struct cty_custodian *custodian,
                            const struct cty_seen *seen, custody_error *error)
{
    for (;;) {
        const struct cty_unit_entry *last = &unit->entries[unit->count - 1];
        if (last->delta.follow == CTY_FOLLOW_NONE)
            return CUSTODY_OK;
        if (unit->count == CTY_UNIT_ENTRIES_MAX)
            return cty_fail(error, CUSTODY_E_INTERNAL, "the clerk has no end");
        enum cty_type type = last->delta.follow == CTY_FOLLOW_VERDICT ? CTY_VERDICT : CTY_RELEASE;
        struct cty_hash case_id = last->delta.case_id;
        CTY_TRY(as_fault(say(unit, book, custodian, seen, type, &case_id, last->time, error), error));
    }
}

custody_err cty_unit_expire(struct cty_unit *unit, struct cty_book *book, const struct cty_custodian *custodian,
                            const struct cty_seen *seen, const struct cty_hash *case_id, struct cty_bytes witnessed,
                            uint64_t time, custody_error *error)
{
    begin(unit, book);
    unit->witnessed = witnessed;
    struct cty_ledger_record ledger = {0};
    bool begun = false;
    CTY_TRY(cty_book_record(book, &cty_shape_ledger_record, &ledger, &begun, error, "ledger"));
    if (begun && ledger.time > time)
        time = ledger.time;
    custody_err err = say(unit, book, custodian, seen, CTY_EXPIRY, case_id, time, error);
    if (err == CUSTODY_E_NOT_DUE || err == CUSTODY_E_STATE_ILLEGAL)
        return err;
    CTY_TRY(as_fault(err, error));
    return cty_unit_follow(unit, book, custodian, seen, error);
}
