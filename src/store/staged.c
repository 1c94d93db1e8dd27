/* SPDX-License-Identifier: Apache-2.0 */
/* Staged contents: the one thing in a database that no entry commits to. Limits do. */
#include "base/check.h"
#include "store/inner.h"

static struct cty_query staged_query(struct cty_store *store, enum cty_sql_id id, struct cty_bytes actor,
                                     const struct cty_hash *commitment, custody_error *error)
{
    struct cty_query query = cty_query_make(&store->view.sql, id, error);
    cty_query_text(&query, actor);
    if (commitment)
        cty_query_hash(&query, commitment);
    return query;
}

static custody_err sum_take(struct cty_query *query, struct cty_store_staged_sum *ret_sum)
{
    CTY_TRY(cty_query_one(query));
    ret_sum->count = cty_query_get_u64(query);
    ret_sum->bytes = cty_query_get_u64(query);
    return cty_query_check(query);
}

custody_err cty_store_count_staged(struct cty_store *store, custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&store->view.sql, CTY_SQL_STAGED_TOTAL, error);
    return sum_take(&query, &store->staged);
}

/* --- putting ----------------------------------------------------------------------------------------------- */

/* Whether it is there already. Errors: EXISTS for other bytes under this name. */
static custody_err find_same(struct cty_store *store, const struct cty_store_staged *staged, bool *ret_there,
                             custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        staged_query(store, CTY_SQL_STAGED_GET, staged->actor, &staged->commitment, error);
    CTY_TRY(cty_query_step(&query, ret_there));
    if (!*ret_there)
        return CUSTODY_OK;
    const uint8_t *salt = cty_query_get_salt(&query);
    struct cty_bytes content = cty_query_get_blob(&query);
    CTY_TRY(cty_query_check(&query));
    if (memcmp(salt, staged->salt, CTY_SALT_SIZE) == 0 && cty_bytes_equal(content, staged->content))
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_EXISTS, "another content under this commitment");
}

static custody_err check_quota_of_actor(struct cty_store *store, const struct cty_store_staged *staged,
                                        custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        staged_query(store, CTY_SQL_STAGED_OF_ACTOR, staged->actor, NULL, error);
    struct cty_store_staged_sum own = {0, 0};
    CTY_TRY(sum_take(&query, &own));
    if (own.count >= CTY_STAGED_MAX || own.bytes + staged->content.size > CTY_STAGED_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_QUOTA, "%llu staged contents of %llu bytes",
                        (unsigned long long)own.count, (unsigned long long)own.bytes);
    return CUSTODY_OK;
}

/* What all actors of its party have: those whose names begin with "<party>/". */
static custody_err sum_of_party(struct cty_store *store, struct cty_bytes actor, struct cty_store_staged_sum *ret_sum,
                                custody_error *error)
{
    const uint8_t *slash = memchr(actor.data, '/', actor.size);
    size_t size = slash ? (size_t)(slash - actor.data) : actor.size;
    CTY_CLEANUP(cty_buf_done) struct cty_buf first = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf end = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    CTY_TRY(cty_buf_putf(&first, "%.*s/", (int)size, (const char *)actor.data));
    CTY_TRY(cty_buf_putf(&end, "%.*s%c", (int)size, (const char *)actor.data, '/' + 1));
    CTY_CLEANUP(cty_query_done) struct cty_query query = staged_query(store, CTY_SQL_STAGED_OF_PARTY,
                                                                      cty_buf_bytes(&first), NULL, error);
    cty_query_text(&query, cty_buf_bytes(&end));
    return sum_take(&query, ret_sum);
}

static custody_err check_quota_of_party(struct cty_store *store, const struct cty_store_staged *staged,
                                        custody_error *error)
{
    struct cty_store_staged_sum sum = store->staged;
    size_t size = staged->content.size;
    /* Where all have no more than one party may, nobody has to be counted. */
    if (sum.count < CTY_STAGED_PARTY_MAX && sum.bytes + size <= CTY_STAGED_PARTY_BYTES_MAX)
        return CUSTODY_OK;
    CTY_TRY(sum_of_party(store, staged->actor, &sum, error));
    if (sum.count >= CTY_STAGED_PARTY_MAX || sum.bytes + size > CTY_STAGED_PARTY_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_QUOTA, "the party has %llu staged contents of %llu bytes",
                        (unsigned long long)sum.count, (unsigned long long)sum.bytes);
    return CUSTODY_OK;
}

static custody_err check_quota(struct cty_store *store, const struct cty_store_staged *staged,
                               custody_error *error)
{
    size_t size = staged->content.size;
    CTY_TRY(check_quota_of_actor(store, staged, error));
    CTY_TRY(check_quota_of_party(store, staged, error));
    if (store->staged.count >= CTY_STAGED_TOTAL_MAX || store->staged.bytes + size > CTY_STAGED_TOTAL_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_QUOTA, "all actors together have staged too much");
    return CUSTODY_OK;
}

static custody_err staged_insert(struct cty_store *store, const struct cty_store_staged *staged,
                                 custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        staged_query(store, CTY_SQL_STAGED_PUT, staged->actor, &staged->commitment, error);
    cty_query_blob(&query, cty_bytes_make(staged->salt, CTY_SALT_SIZE));
    cty_query_u64(&query, staged->created);
    cty_query_blob(&query, staged->content);
    CTY_TRY(cty_query_run(&query));
    store->staged.count++;
    store->staged.bytes += staged->content.size;
    return CUSTODY_OK;
}

static custody_err staged_put(struct cty_store *store, const struct cty_store_staged *staged,
                              custody_error *error)
{
    bool there = false;
    if (staged->content.size > CTY_BLOB_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "a content of %zu bytes", staged->content.size);
    CTY_TRY(find_same(store, staged, &there, error));
    if (there)
        return CUSTODY_OK;
    CTY_TRY(check_quota(store, staged, error));
    return staged_insert(store, staged, error);
}

/* Answers that change nothing and leave the transaction as it was. */
static bool is_answer(custody_err err)
{
    return err == CUSTODY_E_TOO_LARGE || err == CUSTODY_E_EXISTS || err == CUSTODY_E_QUOTA ||
           err == CUSTODY_E_NOT_FOUND;
}

custody_err cty_store_put_staged(struct cty_store *store, const struct cty_store_staged *staged,
                                 custody_error *error)
{
    CTY_TRY(cty_store_check_open(store, error));
    custody_err err = staged_put(store, staged, error);
    return is_answer(err) ? err : cty_store_fail(store, err);
}

/* --- dropping ---------------------------------------------------------------------------------------------- */

uint64_t cty_store_staged_bytes(const struct cty_store *store)
{
    return store->staged.bytes;
}

static custody_err staged_size(struct cty_store *store, struct cty_bytes actor,
                               const struct cty_hash *commitment, uint64_t *ret_size, custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        staged_query(store, CTY_SQL_STAGED_SIZE, actor, commitment, error);
    CTY_TRY(cty_query_one(&query));
    *ret_size = cty_query_get_u64(&query);
    return cty_query_check(&query);
}

static custody_err staged_delete(struct cty_store *store, struct cty_bytes actor,
                                 const struct cty_hash *commitment, uint64_t size, custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        staged_query(store, CTY_SQL_STAGED_DROP, actor, commitment, error);
    CTY_TRY(cty_query_run(&query));
    CTY_CHECK(store->staged.count > 0 && store->staged.bytes >= size);
    store->staged.count--;
    store->staged.bytes -= size;
    return CUSTODY_OK;
}

custody_err cty_store_drop_staged(struct cty_store *store, struct cty_bytes actor,
                                  const struct cty_hash *commitment, custody_error *error)
{
    CTY_TRY(cty_store_check_open(store, error));
    uint64_t size = 0;
    custody_err err = staged_size(store, actor, commitment, &size, error);
    if (err == CUSTODY_OK)
        err = staged_delete(store, actor, commitment, size, error);
    return is_answer(err) ? err : cty_store_fail(store, err);
}

/* The oldest one, copied, because its row goes. */
struct oldest {
    struct cty_buf actor;
    struct cty_hash commitment;
    uint64_t size;
};

static void oldest_done(struct oldest *oldest)
{
    cty_buf_done(&oldest->actor);
}

/* *ret_there is false where none is so old. */
static custody_err oldest_find(struct cty_store *store, uint64_t before, struct oldest *oldest, bool *ret_there,
                               custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&store->view.sql, CTY_SQL_STAGED_OLDEST, error);
    cty_query_u64(&query, before);
    CTY_TRY(cty_query_step(&query, ret_there));
    if (!*ret_there)
        return CUSTODY_OK;
    struct cty_bytes actor = cty_query_get_text(&query);
    oldest->commitment = cty_query_get_hash(&query);
    oldest->size = cty_query_get_u64(&query);
    CTY_TRY(cty_query_check(&query));
    cty_buf_clear(&oldest->actor);
    return cty_buf_put_bytes(&oldest->actor, actor);
}

static custody_err drop_before(struct cty_store *store, uint64_t before, uint64_t count, uint64_t *ret_dropped,
                               custody_error *error)
{
    CTY_CLEANUP(oldest_done) struct oldest oldest = {.actor = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX)};
    uint64_t dropped = 0;
    while (dropped < count) {
        bool there = false;
        CTY_TRY(oldest_find(store, before, &oldest, &there, error));
        if (!there)
            break;
        CTY_TRY(staged_delete(store, cty_buf_bytes(&oldest.actor), &oldest.commitment, oldest.size, error));
        dropped++;
    }
    *ret_dropped = dropped;
    return CUSTODY_OK;
}

custody_err cty_store_drop_staged_before(struct cty_store *store, uint64_t before, uint64_t count,
                                         uint64_t *ret_dropped, custody_error *error)
{
    CTY_TRY(cty_store_check_open(store, error));
    return cty_store_fail(store, drop_before(store, before, count, ret_dropped, error));
}
