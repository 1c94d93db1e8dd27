/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/book.h"

#include <stdarg.h>

#include "base/check.h"
#include "codec/text.h"

/* A buffer that held a large record is given back, so that 256 of them stay small. */
#define VALUE_KEPT_MAX (16u * 1024u)

void cty_book_init(struct cty_book *book, struct cty_store_reader *reader, struct cty_cache *cache)
{
    memset(book, 0, sizeof(*book));
    book->reader = reader;
    book->cache = cache;
    for (size_t i = 0; i < CTY_VIEW_SLOTS_MAX; i++)
        book->values[i] = CTY_BUF_INIT(CTY_DELTA_BYTES_MAX);
}

void cty_book_done(struct cty_book *book)
{
    for (size_t i = 0; i < CTY_VIEW_SLOTS_MAX; i++)
        cty_buf_done(&book->values[i]);
    cty_json_done(&book->tape);
}

void cty_book_clear(struct cty_book *book)
{
    for (size_t i = 0; i < book->view.count; i++) {
        cty_buf_clear(&book->values[i]);
        if (book->values[i].capacity > VALUE_KEPT_MAX)
            cty_buf_done(&book->values[i]);
    }
    cty_view_clear(&book->view);
}

void cty_book_reset(struct cty_book *book)
{
    book->pending_count = 0;
    cty_book_clear(book);
}

static bool from_pending(const struct cty_book *book, const char *key, struct cty_bytes *ret_value)
{
    for (uint32_t i = book->pending_count; i > 0; i--) {
        const struct cty_delta *delta = book->pending[i - 1];
        for (size_t k = 0; k < delta->count; k++) {
            if (strcmp(delta->puts[k].key, key) == 0) {
                *ret_value = delta->puts[k].value;
                return true;
            }
        }
    }
    return false;
}

/* Roots of the past are no records: they are computed out of the tree. */
static custody_err read_root(struct cty_book *book, struct cty_bytes digits, struct cty_buf *value,
                             custody_error *error)
{
    uint64_t size = 0;
    struct cty_hash root;
    if (cty_u64_parse(digits, CTY_TREE_SIZE_MAX, &size) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_INTERNAL, "a root was asked for by no number");
    uint64_t have = book->reader ? cty_store_size(book->reader) : 0;
    if (size > have)
        return CUSTODY_E_NOT_FOUND;
    root = cty_tree_empty_root();
    if (size > 0) {
        struct cty_tree_reader tree = cty_store_tree(book->reader);
        CTY_TRY(cty_tree_root(&tree, size, &root));
    }
    return cty_hex_format(cty_hash_bytes(&root), value);
}

static custody_err read_value(struct cty_book *book, const char *key, struct cty_buf *value, custody_error *error)
{
    struct cty_bytes name = cty_bytes_text(key);
    if (name.size > 5 && memcmp(key, "root/", 5) == 0)
        return read_root(book, cty_bytes_make(key + 5, name.size - 5), value, error);
    if (!book->reader)
        return CUSTODY_E_NOT_FOUND;
    return cty_store_read_record(book->reader, name, value, error);
}

static custody_err fill(struct cty_book *book, struct cty_view_slot *slot, custody_error *error)
{
    struct cty_buf *value = &book->values[slot - book->view.slots];
    if (from_pending(book, slot->key, &slot->value)) {
        slot->status = CTY_VIEW_PRESENT;
        return CUSTODY_OK;
    }
    struct cty_bytes cached;
    custody_err err = CUSTODY_E_NOT_FOUND;
    cty_buf_clear(value);
    if (book->ledger && book->ledger->size && strcmp(slot->key, CTY_BOOK_LEDGER) == 0)
        err = cty_buf_put_bytes(value, cty_buf_bytes(book->ledger));
    else if (book->cache && cty_cache_get(book->cache, slot->key, &cached))
        err = cty_buf_put_bytes(value, cached);
    else
        err = read_value(book, slot->key, value, error);
    if (err == CUSTODY_E_NOT_FOUND) {
        slot->status = CTY_VIEW_ABSENT;
        return CUSTODY_OK;
    }
    if (err != CUSTODY_OK)
        return cty_fail_code(error, err);
    if (book->cache && strcmp(slot->key, CTY_BOOK_LEDGER) != 0)
        cty_cache_put(book->cache, slot->key, cty_buf_bytes(value));
    slot->status = CTY_VIEW_PRESENT;
    slot->value = cty_buf_bytes(value);
    return CUSTODY_OK;
}

bool cty_book_again(struct cty_book *book, custody_err *err, custody_error *error)
{
    if (*err != CUSTODY_E_VIEW_INCOMPLETE)
        return false;
    struct cty_view_slot *slot = cty_view_wanted(&book->view);
    /* A question that wants nothing and yet can't be answered would be asked for ever. */
    *err = slot ? CUSTODY_OK : CUSTODY_E_INTERNAL;
    for (; slot && *err == CUSTODY_OK; slot = cty_view_wanted(&book->view))
        *err = fill(book, slot, error);
    return *err == CUSTODY_OK;
}

custody_err cty_book_text(struct cty_book *book, const char *key, struct cty_bytes *ret_text, bool *ret_present,
                          custody_error *error)
{
    enum cty_view_status status = CTY_VIEW_WANTED;
    CTY_TRY(cty_view_get(&book->view, key, &status, ret_text));
    if (status == CTY_VIEW_WANTED) {
        custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
        if (!cty_book_again(book, &err, error))
            return err;
        CTY_TRY(cty_view_get(&book->view, key, &status, ret_text));
    }
    *ret_present = status == CTY_VIEW_PRESENT;
    return CUSTODY_OK;
}

custody_err cty_book_record(struct cty_book *book, const struct cty_shape *shape, void *ret_record,
                            bool *ret_present, custody_error *error, const char *key, ...)
{
    char text[CTY_VIEW_KEY_MAX];
    va_list args;
    va_start(args, key);
    cty_view_key_list(text, key, args);
    va_end(args);
    struct cty_bytes value;
    CTY_TRY(cty_book_text(book, text, &value, ret_present, error));
    if (!*ret_present)
        return CUSTODY_OK;
    return cty_memo_decode(book->view.memo, shape, text, value, &book->tape, ret_record, error);
}

/* The text of a case, and its key. */
static custody_err case_text(struct cty_book *book, const struct cty_hash *case_id, char ret_key[CTY_VIEW_KEY_MAX],
                             struct cty_bytes *ret_text, custody_error *error)
{
    bool present = false;
    memcpy(ret_key, "case/", 6);
    cty_hex_write(case_id->bytes, CTY_HASH_SIZE, ret_key + 5);
    CTY_TRY(cty_book_text(book, ret_key, ret_text, &present, error));
    if (!present)
        return cty_fail(error, CUSTODY_E_WRONG_CASE, "case %s", ret_key + 5);
    return CUSTODY_OK;
}

custody_err cty_book_case(struct cty_book *book, const struct cty_hash *case_id, struct cty_case *ret_case,
                          struct cty_bytes *ret_text, custody_error *error)
{
    char key[CTY_VIEW_KEY_MAX];
    CTY_TRY(case_text(book, case_id, key, ret_text, error));
    return cty_memo_decode(book->view.memo, &cty_shape_case, key, *ret_text, &book->tape, ret_case, error);
}

custody_err cty_book_lend_case(struct cty_book *book, const struct cty_hash *case_id, struct cty_case *own,
                               const struct cty_case **ret_case, custody_error *error)
{
    char key[CTY_VIEW_KEY_MAX];
    struct cty_bytes text;
    const void *found = NULL;
    CTY_TRY(case_text(book, case_id, key, &text, error));
    CTY_TRY(cty_memo_lend(book->view.memo, &cty_shape_case, key, text, &book->tape, own, &found, error));
    *ret_case = found;
    return CUSTODY_OK;
}
