/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/facts.h"

#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"
#include "crypto/development.h"
#include "daemon/book.h"
#include "ledger/note.h"

/* A ledger in which published keys were enrolled is one for trying out. */
static custody_err check_development(struct cty_book *book, custody_error *error)
{
    size_t count = 0;
    const struct cty_development_key *keys = cty_development_keys(&count);
    for (size_t i = 0; i < count; i++) {
        struct cty_bytes text;
        bool present = false;
        char key[CTY_VIEW_KEY_MAX] = "key/";
        cty_hex_write(keys[i].key.bytes, CTY_KEY_SIZE, key + 4);
        CTY_TRY(cty_book_text(book, key, &text, &present, error));
        if (present)
            return cty_fail(error, CUSTODY_E_DEVELOPMENT_KEY, "%s is enrolled in this ledger", keys[i].name);
    }
    return CUSTODY_OK;
}

static custody_err compare_keys(const struct cty_custodian *custodian, const struct cty_ledger_record *ledger,
                                custody_error *error)
{
    if (!cty_bytes_equal(custodian->log_vkey, ledger->log_key))
        return cty_fail(error, CUSTODY_E_CONFIG, "the log key is not the ledger's, which is %.*s",
                        (int)ledger->log_key.size, (const char *)ledger->log_key.data);
    if (!cty_bytes_equal(custodian->clerk_vkey, ledger->clerk_key))
        return cty_fail(error, CUSTODY_E_CONFIG, "the clerk key is not the ledger's, which is %.*s",
                        (int)ledger->clerk_key.size, (const char *)ledger->clerk_key.data);
    return CUSTODY_OK;
}

static custody_err read_checkpoint(struct cty_store_reader *reader, const struct cty_custodian *custodian,
                                   struct cty_head *head, uint64_t time, custody_error *error)
{
    struct cty_store_mark mark;
    struct cty_checkpoint checkpoint;
    struct cty_buf note = CTY_BUF_INIT(CTY_HEAD_NOTE_MAX);
    custody_err err = cty_store_read_checkpoint(reader, &mark, &note, error);
    CTY_TRY_OUT(err);
    err = cty_checkpoint_open(cty_buf_bytes(&note), custodian->origin, cty_secret_key(custodian->log), &checkpoint);
    if (err != CUSTODY_OK || checkpoint.size != mark.size || !cty_hash_equal(&checkpoint.root, &mark.root)) {
        err = cty_fail(error, CUSTODY_E_STORE_ALTERED, "the newest checkpoint is not the log key's");
        goto out;
    }
    err = cty_head_put_checkpoint(head, &mark, cty_buf_bytes(&note), time);
out:
    cty_buf_done(&note);
    return err;
}

static custody_err read_facts(struct cty_book *book, struct cty_custodian *custodian, struct cty_head *head,
                              custody_error *error)
{
    struct cty_ledger_record ledger = {0};
    bool begun = false;
    CTY_TRY(cty_book_record(book, &cty_shape_ledger_record, &ledger, &begun, error, "ledger"));
    if (!begun)
        return cty_fail(error, CUSTODY_E_CONFIG, "the ledger has no entry yet; create it with --init");
    CTY_TRY(compare_keys(custodian, &ledger, error));
    if (!custodian->development)
        CTY_TRY(check_development(book, error));
    custodian->readers = ledger.readers;
    return read_checkpoint(book->reader, custodian, head, ledger.time, error);
}

custody_err cty_facts_read(struct cty_store_reader *reader, struct cty_custodian *custodian, struct cty_head *head,
                           custody_error *error)
{
    struct cty_book *book = cty_alloc(1, sizeof(*book));
    if (!book)
        return CUSTODY_E_NO_MEMORY;
    cty_book_init(book, reader, NULL);
    custody_err err = read_facts(book, custodian, head, error);
    cty_book_done(book);
    free(book);
    return err;
}
