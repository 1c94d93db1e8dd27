/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file with a rollback journal and full sync: what COMMIT said is on the disk, and what it didn't say is there whole or
 * not at all. A log is never deleted: who forgot what it cosigned could be led to cosign something else.
 */
#include "store/witness.h"

#include <stdlib.h>

#include "base/check.h"
#include "store/connection.h"
#include "store/place.h"
#include "store/witness_sql.h"

struct cty_witness_store {
    struct cty_sql sql;
    struct cty_place place;
    bool poisoned;
};

/* --- making and opening ------------------------------------------------------------------------------------ */

static custody_err file_fill(const struct cty_place *place, struct cty_bytes vkey, custody_error *error)
{
    CTY_CLEANUP(cty_sql_done) struct cty_sql sql = {0};
    CTY_TRY(cty_connection_open(&sql, place->made, CTY_CONNECTION_MAKES, error));
    return cty_witness_schema_make(&sql, vkey, error);
}

static custody_err file_make(struct cty_place *place, struct cty_bytes vkey, custody_error *error)
{
    CTY_TRY(cty_place_check_folder(place, error));
    CTY_TRY(cty_place_check_free(place, error));
    CTY_TRY(cty_place_make(place, error));
    custody_err err = file_fill(place, vkey, error);
    if (err == CUSTODY_OK)
        err = cty_place_settle(place, error);
    if (err != CUSTODY_OK)
        cty_place_unmake(place);
    return err;
}

custody_err cty_witness_store_make(const char *path, struct cty_bytes vkey, custody_error *error)
{
    CTY_CLEANUP(cty_place_done) struct cty_place place = CTY_PLACE_INIT;
    CTY_TRY(cty_place_find(&place, path, error));
    return file_make(&place, vkey, error);
}

/*
 * The journal's file stays, emptied: then no folder has to be synced in a commit, where that costs most. SQLite reads back
 * what it was told.
 */
static custody_err keep_journal(struct cty_sql *sql, custody_error *error)
{
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(sql, "PRAGMA journal_mode = TRUNCATE", error);
    CTY_TRY(cty_query_one(&query));
    bool good = cty_bytes_is(cty_query_get_text(&query), "truncate");
    CTY_TRY(cty_query_check(&query));
    return good ? CUSTODY_OK : cty_fail(error, CUSTODY_E_INTERNAL, "SQLite keeps no journal");
}

static custody_err store_load(struct cty_witness_store *store, bool alone, custody_error *error)
{
    CTY_TRY(cty_place_check_folder(&store->place, error));
    CTY_TRY(cty_place_check_file(&store->place, true, error));
    if (alone)
        CTY_TRY(cty_place_lock(&store->place, error));
    CTY_TRY(cty_witness_header_check(store->place.path, error));
    CTY_TRY(cty_connection_open(&store->sql, store->place.path, CTY_CONNECTION_MAKES, error));
    CTY_TRY(keep_journal(&store->sql, error));
    return cty_witness_schema_check(&store->sql, error);
}

custody_err cty_witness_store_open(const char *path, bool alone, struct cty_witness_store **ret_store,
                                   custody_error *error)
{
    struct cty_witness_store *store = calloc(1, sizeof(*store));
    if (!store)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    store->place = CTY_PLACE_INIT;
    custody_err err = cty_place_find(&store->place, path, error);
    if (err == CUSTODY_OK)
        err = store_load(store, alone, error);
    if (err != CUSTODY_OK) {
        cty_witness_store_close(store);
        return err;
    }
    *ret_store = store;
    return CUSTODY_OK;
}

void cty_witness_store_close(struct cty_witness_store *store)
{
    if (!store)
        return;
    cty_sql_done(&store->sql);
    cty_place_done(&store->place);
    free(store);
}

void cty_witness_store_close_pointer(struct cty_witness_store **store)
{
    cty_witness_store_close(*store);
    *store = NULL;
}

/* --- statements -------------------------------------------------------------------------------------------- */

/* After a failed write or sync nobody knows what is on the disk until it is read again. */
static custody_err judged(struct cty_witness_store *store, custody_err err)
{
    if (err == CUSTODY_E_STORAGE)
        store->poisoned = true;
    return err;
}

static custody_err check_sound(const struct cty_witness_store *store, custody_error *error)
{
    return store->poisoned ? cty_fail(error, CUSTODY_E_STORAGE, "an earlier write failed") : CUSTODY_OK;
}

typedef custody_err change_fn(struct cty_sql *sql, const void *what, custody_error *error);

/* One change in one transaction. */
static custody_err change(struct cty_witness_store *store, change_fn *fn, const void *what, custody_error *error)
{
    CTY_TRY(check_sound(store, error));
    CTY_TRY(judged(store, cty_witness_execute(&store->sql, "BEGIN IMMEDIATE", error)));
    custody_err err = fn(&store->sql, what, error);
    if (err == CUSTODY_OK)
        err = cty_witness_execute(&store->sql, "COMMIT", error);
    /* After some errors SQLite has rolled back by itself. */
    if (err != CUSTODY_OK && !sqlite3_get_autocommit(store->sql.db) &&
        cty_witness_execute(&store->sql, "ROLLBACK", NULL) != CUSTODY_OK)
        store->poisoned = true;
    return judged(store, err);
}

/* How many rows the last statement changed must be one. */
static custody_err one_row(struct cty_sql *sql, custody_error *error)
{
    return sqlite3_changes(sql->db) == 1 ? CUSTODY_OK : cty_fail_code(error, CUSTODY_E_NOT_FOUND);
}

/* --- reading ----------------------------------------------------------------------------------------------- */

void cty_witness_log_done(struct cty_witness_log *log)
{
    cty_buf_done(&log->origin);
    cty_buf_done(&log->key_name);
    cty_buf_done(&log->follow);
    cty_buf_done(&log->certificate);
    cty_buf_done(&log->note);
    cty_buf_done(&log->stopped);
    cty_buf_done(&log->file);
}

static custody_err take_text(struct cty_query *query, struct cty_buf *out)
{
    struct cty_bytes text = cty_query_get_text(query);
    CTY_TRY(cty_query_check(query));
    *out = CTY_BUF_INIT(text.size + 1);
    return cty_buf_put_bytes(out, text);
}

static custody_err take_row(struct cty_query *query, struct cty_witness_log *log)
{
    CTY_TRY(take_text(query, &log->origin));
    CTY_TRY(take_text(query, &log->key_name));
    log->removed = cty_query_get_u64(query) != 0;
    CTY_TRY(take_text(query, &log->follow));
    CTY_TRY(take_text(query, &log->certificate));
    log->size = cty_query_get_u64(query);
    log->root = cty_query_get_hash(query);
    log->time_s = cty_query_get_u64(query);
    CTY_TRY(take_text(query, &log->note));
    CTY_TRY(take_text(query, &log->stopped));
    CTY_TRY(take_text(query, &log->file));
    log->stopped_s = cty_query_get_u64(query);
    return cty_query_check(query);
}

static custody_err take_keys(struct cty_sql *sql, struct cty_witness_log *log, custody_error *error)
{
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(sql, "SELECT first, vkey FROM key WHERE origin = ?1 ORDER BY first", error);
    cty_query_text(&query, cty_buf_bytes(&log->origin));
    bool row = false;
    for (uint32_t count = 0;; count++) {
        CTY_TRY(cty_query_step(&query, &row));
        if (!row)
            return count > 0 ? CUSTODY_OK : cty_fail(error, CUSTODY_E_STORE_ALTERED, "a log without a key");
        uint64_t first = cty_query_get_u64(&query);
        struct cty_bytes vkey = cty_query_get_text(&query), name;
        struct cty_key key;
        CTY_TRY(cty_query_check(&query));
        if (cty_vkey_parse(vkey, CTY_KEY_ED25519, &name, &key) != CUSTODY_OK ||
            !cty_bytes_equal(name, cty_buf_bytes(&log->key_name)))
            return cty_fail(error, CUSTODY_E_STORE_ALTERED, "the key of a log");
        if (count == 0)
            cty_log_keys_begin(&log->keys, &key);
        else if (cty_log_keys_add(&log->keys, first, &key) != CUSTODY_OK)
            return cty_fail(error, CUSTODY_E_STORE_ALTERED, "the keys of a log");
    }
}

#define COLUMNS                                                                                                        \
    "SELECT origin, key_name, removed, follow, certificate, size, root, time, note, stopped, file, stopped_at FROM log "

static custody_err read_log(struct cty_sql *sql, struct cty_query *query, struct cty_witness_log *ret_log)
{
    struct cty_witness_log log = {.removed = false};
    custody_err err = cty_query_one(query);
    if (err == CUSTODY_OK)
        err = take_row(query, &log);
    if (err == CUSTODY_OK)
        err = take_keys(sql, &log, query->error);
    if (err == CUSTODY_OK)
        *ret_log = log;
    else
        cty_witness_log_done(&log);
    return err;
}

static custody_err get(struct cty_sql *sql, struct cty_bytes origin, struct cty_witness_log *ret_log,
                       custody_error *error)
{
    CTY_CLEANUP(cty_witness_asked) struct cty_query query = cty_witness_ask(sql, COLUMNS "WHERE origin = ?1", error);
    cty_query_text(&query, origin);
    return read_log(sql, &query, ret_log);
}

custody_err cty_witness_log_get(struct cty_witness_store *store, struct cty_bytes origin,
                                struct cty_witness_log *ret_log, custody_error *error)
{
    CTY_TRY(check_sound(store, error));
    return get(&store->sql, origin, ret_log, error);
}

custody_err cty_witness_log_find(struct cty_witness_store *store, const struct cty_hash *origin_digest,
                                 struct cty_witness_log *ret_log, custody_error *error)
{
    CTY_TRY(check_sound(store, error));
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(&store->sql, COLUMNS "WHERE digest = ?1", error);
    cty_query_hash(&query, origin_digest);
    return read_log(&store->sql, &query, ret_log);
}

custody_err cty_witness_log_after(struct cty_witness_store *store, struct cty_bytes after,
                                  struct cty_witness_log *ret_log, custody_error *error)
{
    CTY_TRY(check_sound(store, error));
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(&store->sql, COLUMNS "WHERE origin > ?1 ORDER BY origin LIMIT 1", error);
    cty_query_text(&query, after);
    return read_log(&store->sql, &query, ret_log);
}

custody_err cty_witness_store_vkey(struct cty_witness_store *store, struct cty_buf *out, custody_error *error)
{
    CTY_TRY(check_sound(store, error));
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(&store->sql, "SELECT value FROM setting WHERE key = 'vkey'", error);
    CTY_TRY(cty_query_one(&query));
    struct cty_bytes vkey = cty_query_get_text(&query);
    CTY_TRY(cty_query_check(&query));
    return cty_buf_put_bytes(out, vkey);
}

/* --- logs come and go -------------------------------------------------------------------------------------- */

struct newcomer {
    struct cty_bytes origin;
    struct cty_bytes key_name;
    struct cty_bytes vkey;
    uint64_t first;
};

static custody_err key_put(struct cty_sql *sql, const struct newcomer *one, custody_error *error)
{
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(sql, "INSERT INTO key (origin, first, vkey) VALUES (?1, ?2, ?3)", error);
    cty_query_text(&query, one->origin);
    cty_query_u64(&query, one->first);
    cty_query_text(&query, one->vkey);
    return cty_query_run(&query);
}

static custody_err log_put(struct cty_sql *sql, const struct newcomer *one, custody_error *error)
{
    CTY_CLEANUP(cty_witness_asked) struct cty_query query = cty_witness_ask(
        sql, "INSERT INTO log (origin, digest, key_name, root) VALUES (?1, ?2, ?3, ?4)", error);
    struct cty_hash digest = cty_sha256(one->origin), empty = cty_tree_empty_root();
    cty_query_text(&query, one->origin);
    cty_query_hash(&query, &digest);
    cty_query_text(&query, one->key_name);
    cty_query_hash(&query, &empty);
    return cty_query_run(&query);
}

static custody_err check_room(struct cty_sql *sql, custody_error *error)
{
    CTY_CLEANUP(cty_witness_asked) struct cty_query query = cty_witness_ask(sql, "SELECT count(*) FROM log", error);
    CTY_TRY(cty_query_one(&query));
    uint64_t count = cty_query_get_u64(&query);
    CTY_TRY(cty_query_check(&query));
    if (count >= CTY_WITNESS_LOGS_MAX)
        return cty_fail(error, CUSTODY_E_LIMIT_REACHED, "%u logs", CTY_WITNESS_LOGS_MAX);
    return CUSTODY_OK;
}

static custody_err set_removed(struct cty_sql *sql, struct cty_bytes origin, bool removed, custody_error *error)
{
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(sql, "UPDATE log SET removed = ?2 WHERE origin = ?1", error);
    cty_query_text(&query, origin);
    cty_query_u64(&query, removed);
    CTY_TRY(cty_query_run(&query));
    return one_row(sql, error);
}

/* Its old keys count on: the line must be one of them. */
static custody_err add_again(struct cty_sql *sql, const struct newcomer *one, const struct cty_witness_log *log,
                             custody_error *error)
{
    struct cty_bytes name;
    struct cty_key key;
    if (!log->removed)
        return cty_fail(error, CUSTODY_E_EXISTS, "the log is witnessed already");
    CTY_TRY(cty_vkey_parse(one->vkey, CTY_KEY_ED25519, &name, &key));
    for (uint32_t i = 0; i < log->keys.count; i++) {
        if (cty_key_equal(&log->keys.keys[i], &key))
            return set_removed(sql, one->origin, false, error);
    }
    return cty_fail(error, CUSTODY_E_BAD_KEY, "the log had another key when it was removed");
}

static custody_err do_add(struct cty_sql *sql, const void *what, custody_error *error)
{
    const struct newcomer *one = what;
    CTY_CLEANUP(cty_witness_log_done) struct cty_witness_log log = {.removed = false};
    custody_err err = get(sql, one->origin, &log, NULL);
    if (err == CUSTODY_OK)
        return add_again(sql, one, &log, error);
    if (err != CUSTODY_E_NOT_FOUND)
        return cty_fail_code(error, err);
    CTY_TRY(check_room(sql, error));
    CTY_TRY(log_put(sql, one, error));
    return key_put(sql, one, error);
}

static custody_err read_vkey(struct newcomer *one, custody_error *error)
{
    struct cty_key key;
    custody_err err = cty_vkey_parse(one->vkey, CTY_KEY_ED25519, &one->key_name, &key);
    return err == CUSTODY_OK ? CUSTODY_OK : cty_fail(error, err, "the log's key line");
}

custody_err cty_witness_log_add(struct cty_witness_store *store, struct cty_bytes origin, struct cty_bytes vkey,
                                custody_error *error)
{
    struct newcomer one = {.origin = origin, .vkey = vkey};
    bool lawful = origin.size > 0 && origin.size <= CTY_FOREIGN_ORIGIN_BYTES_MAX && cty_bytes_is_utf8(origin);
    for (size_t i = 0; i < origin.size; i++)
        lawful = lawful && origin.data[i] >= 0x20 && origin.data[i] != 0x7f;
    if (!lawful)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "the origin");
    CTY_TRY(read_vkey(&one, error));
    return change(store, do_add, &one, error);
}

static custody_err do_key(struct cty_sql *sql, const void *what, custody_error *error)
{
    const struct newcomer *one = what;
    CTY_CLEANUP(cty_witness_log_done) struct cty_witness_log log = {.removed = false};
    struct cty_bytes name;
    struct cty_key key;
    CTY_TRY(get(sql, one->origin, &log, error));
    CTY_TRY(cty_vkey_parse(one->vkey, CTY_KEY_ED25519, &name, &key));
    if (!cty_bytes_equal(name, cty_buf_bytes(&log.key_name)))
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "the key has another name than the log's others");
    custody_err err = cty_log_keys_add(&log.keys, one->first, &key);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "a key from size %llu on", (unsigned long long)one->first);
    return key_put(sql, one, error);
}

custody_err cty_witness_log_key(struct cty_witness_store *store, struct cty_bytes origin, uint64_t first,
                                struct cty_bytes vkey, custody_error *error)
{
    struct newcomer one = {.origin = origin, .vkey = vkey, .first = first};
    CTY_TRY(read_vkey(&one, error));
    return change(store, do_key, &one, error);
}

struct texts {
    struct cty_bytes origin, first, second;
    uint64_t number;
};

static custody_err do_follow(struct cty_sql *sql, const void *what, custody_error *error)
{
    const struct texts *texts = what;
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(sql, "UPDATE log SET follow = ?2, certificate = ?3 WHERE origin = ?1", error);
    cty_query_text(&query, texts->origin);
    cty_query_text(&query, texts->first);
    cty_query_text(&query, texts->second);
    CTY_TRY(cty_query_run(&query));
    return one_row(sql, error);
}

custody_err cty_witness_log_follow(struct cty_witness_store *store, struct cty_bytes origin, struct cty_bytes follow,
                                   struct cty_bytes certificate, custody_error *error)
{
    struct texts texts = {.origin = origin, .first = follow, .second = certificate};
    return change(store, do_follow, &texts, error);
}

static custody_err do_remove(struct cty_sql *sql, const void *what, custody_error *error)
{
    return set_removed(sql, *(const struct cty_bytes *)what, true, error);
}

custody_err cty_witness_log_remove(struct cty_witness_store *store, struct cty_bytes origin, custody_error *error)
{
    return change(store, do_remove, &origin, error);
}

/* --- cosigning --------------------------------------------------------------------------------------------- */

struct advance {
    struct cty_bytes origin;
    const struct cty_witness_step *step;
};

/* Once more, in the transaction, whatever its maker looked at. */
static custody_err check_step(const struct cty_witness_log *log, const struct cty_witness_step *step,
                              custody_error *error)
{
    if (log->removed)
        return cty_fail_code(error, CUSTODY_E_NOT_FOUND);
    if (log->stopped.size > 0)
        return cty_fail_code(error, CUSTODY_E_SPLIT_VIEW);
    if (log->size != step->old_size || !cty_hash_equal(&log->root, &step->old_root) || log->time_s > step->time_s)
        return cty_fail_code(error, CUSTODY_E_WRONG_SIZE);
    if (step->size < log->size || (step->size == log->size && !cty_hash_equal(&log->root, &step->root)))
        return cty_fail(error, CUSTODY_E_INTERNAL, "a step that contradicts what was cosigned");
    return CUSTODY_OK;
}

static custody_err step_put(struct cty_sql *sql, const struct advance *advance, custody_error *error)
{
    CTY_CLEANUP(cty_witness_asked) struct cty_query query = cty_witness_ask(
        sql, "UPDATE log SET size = ?2, root = ?3, time = ?4, note = ?5 WHERE origin = ?1", error);
    cty_query_text(&query, advance->origin);
    cty_query_u64(&query, advance->step->size);
    cty_query_hash(&query, &advance->step->root);
    cty_query_u64(&query, advance->step->time_s);
    cty_query_text(&query, advance->step->note);
    CTY_TRY(cty_query_run(&query));
    return one_row(sql, error);
}

static custody_err do_advance(struct cty_sql *sql, const void *what, custody_error *error)
{
    const struct advance *advance = what;
    CTY_CLEANUP(cty_witness_log_done) struct cty_witness_log log = {.removed = false};
    CTY_TRY(get(sql, advance->origin, &log, error));
    CTY_TRY(check_step(&log, advance->step, error));
    return step_put(sql, advance, error);
}

custody_err cty_witness_log_advance(struct cty_witness_store *store, struct cty_bytes origin,
                                    const struct cty_witness_step *step, custody_error *error)
{
    struct advance advance = {origin, step};
    return change(store, do_advance, &advance, error);
}

static custody_err do_file(struct cty_sql *sql, const void *what, custody_error *error)
{
    const struct texts *texts = what;
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(sql, "UPDATE log SET file = ?2 WHERE origin = ?1 AND stopped <> '' AND file = ''", error);
    cty_query_text(&query, texts->origin);
    cty_query_text(&query, texts->first);
    CTY_TRY(cty_query_run(&query));
    return one_row(sql, error);
}

static custody_err do_stop(struct cty_sql *sql, const void *what, custody_error *error)
{
    const struct texts *texts = what;
    CTY_CLEANUP(cty_witness_log_done) struct cty_witness_log log = {.removed = false};
    CTY_TRY(get(sql, texts->origin, &log, error));
    /* Whoever comes second may have the proof that the first one could not keep. */
    const struct texts proof = {.origin = texts->origin, .first = texts->second};
    if (log.stopped.size > 0)
        return log.file.size == 0 && texts->second.size > 0 ? do_file(sql, &proof, error) : CUSTODY_OK;
    CTY_CLEANUP(cty_witness_asked) struct cty_query query = cty_witness_ask(
        sql, "UPDATE log SET stopped = ?2, file = ?3, stopped_at = ?4 WHERE origin = ?1", error);
    cty_query_text(&query, texts->origin);
    cty_query_text(&query, texts->first);
    cty_query_text(&query, texts->second);
    cty_query_u64(&query, texts->number);
    CTY_TRY(cty_query_run(&query));
    return one_row(sql, error);
}

custody_err cty_witness_log_stop(struct cty_witness_store *store, struct cty_bytes origin, const char *why,
                                 const char *file, uint64_t time_s, custody_error *error)
{
    struct texts texts = {origin, cty_bytes_text(why), cty_bytes_text(file), time_s};
    return change(store, do_stop, &texts, error);
}

custody_err cty_witness_log_file(struct cty_witness_store *store, struct cty_bytes origin, const char *file,
                                 custody_error *error)
{
    struct texts texts = {.origin = origin, .first = cty_bytes_text(file)};
    return change(store, do_file, &texts, error);
}

static custody_err do_clear(struct cty_sql *sql, const void *what, custody_error *error)
{
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(sql, "UPDATE log SET stopped = '', file = '', stopped_at = 0 WHERE origin = ?1", error);
    cty_query_text(&query, *(const struct cty_bytes *)what);
    CTY_TRY(cty_query_run(&query));
    return one_row(sql, error);
}

custody_err cty_witness_log_clear(struct cty_witness_store *store, struct cty_bytes origin, custody_error *error)
{
    return change(store, do_clear, &origin, error);
}

static custody_err do_clock(struct cty_sql *sql, const void *what, custody_error *error)
{
    const struct texts *texts = what;
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(sql, "UPDATE log SET time = ?2 WHERE origin = ?1 AND time > ?2", error);
    cty_query_text(&query, texts->origin);
    cty_query_u64(&query, texts->number);
    CTY_TRY(cty_query_run(&query));
    return one_row(sql, error);
}

custody_err cty_witness_log_clock(struct cty_witness_store *store, struct cty_bytes origin, uint64_t time_s,
                                  custody_error *error)
{
    struct texts texts = {.origin = origin, .number = time_s > 0 ? time_s : 1}; /* 0: nothing was cosigned */
    return change(store, do_clock, &texts, error);
}

/* --- files that were looked into --------------------------------------------------------------------------- */

static custody_err do_file_clear(struct cty_sql *sql, const void *what, custody_error *error)
{
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(sql, "INSERT OR REPLACE INTO setting (key, value) VALUES ('cleared ' || ?1, '')", error);
    cty_query_text(&query, cty_bytes_text(what));
    return cty_query_run(&query);
}

custody_err cty_witness_file_clear(struct cty_witness_store *store, const char *name, custody_error *error)
{
    return change(store, do_file_clear, name, error);
}

custody_err cty_witness_file_is_cleared(struct cty_witness_store *store, const char *name, bool *ret_cleared,
                                        custody_error *error)
{
    CTY_TRY(check_sound(store, error));
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(&store->sql, "SELECT value FROM setting WHERE key = 'cleared ' || ?1", error);
    cty_query_text(&query, cty_bytes_text(name));
    return cty_query_step(&query, ret_cleared);
}
