/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema.h"

#include <stdio.h>

#include "base/check.h"
#include "base/limits.h"
#include "ledger/note.h"
#include "store/pairing.h"

#define LOG_KEY "log"
#define ORIGIN_KEY "origin"
#define FINDING_BYTES_MAX 512

struct object {
    const char *type;
    const char *name;
    const char *table;
    const char *definition;
};

static const struct object objects[] = {
#define CTY_OBJECT(type, name, table, definition) {type, name, table, definition},
#include "store/schema.def"
#undef CTY_OBJECT
};

/* --- making ------------------------------------------------------------------------------------------------ */

static custody_err execute(struct cty_sql *sql, const char *text, custody_error *error)
{
    int rc = sqlite3_exec(sql->db, text, NULL, NULL, NULL);
    return rc == SQLITE_OK ? CUSTODY_OK : cty_sql_fail(sql, rc, text, error);
}

static custody_err objects_make(struct cty_sql *sql, custody_error *error)
{
    for (size_t i = 0; i < CTY_COUNT_OF(objects); i++) {
        if (objects[i].definition[0])
            CTY_TRY(execute(sql, objects[i].definition, error));
    }
    return CUSTODY_OK;
}

static custody_err header_make(struct cty_sql *sql, custody_error *error)
{
    char text[96];
    (void)snprintf(text, sizeof(text), "PRAGMA application_id = %u; PRAGMA user_version = %u",
                   CTY_STORE_APPLICATION_ID, CTY_STORE_VERSION);
    return execute(sql, text, error);
}

/* Once in the life of a database, so not among the prepared statements. */
static custody_err origin_make(struct cty_sql *sql, struct cty_bytes origin, custody_error *error)
{
    static const char insert[] = "INSERT INTO setting (key, value) VALUES ('" ORIGIN_KEY "', ?1)";
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(sql->db, insert, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text64(stmt, 1, (const char *)origin.data, origin.size, SQLITE_STATIC, SQLITE_UTF8);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE ? CUSTODY_OK : cty_sql_fail(sql, rc, insert, error);
}

static custody_err all_make(struct cty_sql *sql, struct cty_bytes origin, custody_error *error)
{
    CTY_TRY(objects_make(sql, error));
    struct cty_pairing closed = cty_pairing_new(CTY_PAIRING_CLOSED, 0);
    CTY_TRY(header_make(sql, error));
    CTY_TRY(cty_pairing_put(sql, &closed, error));
    return origin_make(sql, origin, error);
}

custody_err cty_schema_make(struct cty_sql *sql, struct cty_bytes origin, custody_error *error)
{
    if (!cty_name_is_lawful(origin) || origin.size > CTY_ORIGIN_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "the origin");
    CTY_TRY(execute(sql, "BEGIN IMMEDIATE", error));
    custody_err err = all_make(sql, origin, error);
    if (err == CUSTODY_OK)
        err = execute(sql, "COMMIT", error);
    if (err != CUSTODY_OK)
        (void)execute(sql, "ROLLBACK", NULL);
    return err;
}

/* --- comparing --------------------------------------------------------------------------------------------- */

static custody_err header_number(struct cty_sql *sql, const char *pragma, uint32_t *ret_number,
                                 custody_error *error)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(sql->db, pragma, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *ret_number = (uint32_t)sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    if ((rc & 0xff) == SQLITE_NOTADB)
        return cty_fail(error, CUSTODY_E_STORE_UNKNOWN, "not an SQLite database");
    return rc == SQLITE_ROW ? CUSTODY_OK : cty_sql_fail(sql, rc, pragma, error);
}

custody_err cty_schema_check_version(struct cty_sql *sql, custody_error *error)
{
    uint32_t application = 0;
    uint32_t version = 0;
    CTY_TRY(header_number(sql, "PRAGMA application_id", &application, error));
    CTY_TRY(header_number(sql, "PRAGMA user_version", &version, error));
    if (application != CTY_STORE_APPLICATION_ID)
        return cty_fail(error, CUSTODY_E_STORE_UNKNOWN, "application id %08x", application);
    if (version != CTY_STORE_VERSION)
        return cty_fail(error, CUSTODY_E_STORE_UNKNOWN, "version %u; this program knows %u", version,
                        CTY_STORE_VERSION);
    return CUSTODY_OK;
}

struct findings {
    cty_store_finding_fn *fn;
    void *context;
};

static custody_err finding(const struct findings *findings, const char *what, const char *type,
                           const char *name)
{
    char text[FINDING_BYTES_MAX];
    (void)snprintf(text, sizeof(text), "%s: %s %s", what, type, name);
    return findings->fn(findings->context, text);
}

static const char *column_text(sqlite3_stmt *stmt, int column)
{
    const unsigned char *text = sqlite3_column_text(stmt, column);
    return text ? (const char *)text : "";
}

static custody_err object_judge(sqlite3_stmt *stmt, bool *seen, const struct findings *findings)
{
    const char *type = column_text(stmt, 0);
    const char *name = column_text(stmt, 1);
    for (size_t i = 0; i < CTY_COUNT_OF(objects); i++) {
        if (strcmp(objects[i].name, name) != 0 || strcmp(objects[i].type, type) != 0)
            continue;
        bool again = seen[i];
        seen[i] = true;
        if (again || strcmp(objects[i].table, column_text(stmt, 2)) != 0 ||
            strcmp(objects[i].definition, column_text(stmt, 3)) != 0)
            return finding(findings, "differs from the schema", type, name);
        return CUSTODY_OK;
    }
    return finding(findings, "not in the schema", type, name);
}

static custody_err objects_walk(struct cty_sql *sql, const struct findings *findings, custody_error *error)
{
    static const char select[] = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid";
    bool seen[CTY_COUNT_OF(objects)] = {false};
    sqlite3_stmt *stmt = NULL;
    custody_err err = CUSTODY_OK;
    int rc = sqlite3_prepare_v2(sql->db, select, -1, &stmt, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(stmt);
        if (rc != SQLITE_ROW)
            break;
        CTY_TRY_OUT(object_judge(stmt, seen, findings));
    }
    if (rc != SQLITE_DONE)
        err = cty_sql_fail(sql, rc, select, error);
    for (size_t i = 0; err == CUSTODY_OK && i < CTY_COUNT_OF(objects); i++) {
        if (!seen[i])
            err = finding(findings, "missing", objects[i].type, objects[i].name);
    }
out:
    sqlite3_finalize(stmt);
    return err;
}

static custody_err setting_judge(struct cty_bytes key, struct cty_bytes value, const struct findings *findings)
{
    struct cty_pairing pairing;
    char name[64];
    (void)snprintf(name, sizeof(name), "%.*s", (int)(key.size < 60 ? key.size : 60), (const char *)key.data);
    if (cty_bytes_is(key, ORIGIN_KEY)) /* compared by who asks for it */
        return CUSTODY_OK;
    if (!cty_bytes_is(key, LOG_KEY))
        return finding(findings, "not in the schema", "setting", name);
    return cty_pairing_parse(value, &pairing) ? CUSTODY_OK
                                              : finding(findings, "differs from the schema", "setting", name);
}

static custody_err settings_walk(struct cty_sql *sql, const struct findings *findings, custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(sql, CTY_SQL_SETTINGS, error);
    bool row = false;
    bool has_log = false;
    for (;;) {
        CTY_TRY(cty_query_step(&query, &row));
        if (!row)
            return has_log ? CUSTODY_OK : finding(findings, "missing", "setting", LOG_KEY);
        struct cty_bytes key = cty_query_get_text(&query);
        struct cty_bytes value = cty_query_get_text(&query);
        CTY_TRY(cty_query_check(&query));
        CTY_TRY(setting_judge(key, value, findings));
        has_log = has_log || cty_bytes_is(key, LOG_KEY);
    }
}

custody_err cty_schema_walk(struct cty_sql *sql, cty_store_finding_fn *fn, void *context, custody_error *error)
{
    struct findings findings = {fn, context};
    CTY_TRY(objects_walk(sql, &findings, error));
    return settings_walk(sql, &findings, error);
}

static custody_err refuse_finding(void *context, const char *text)
{
    return cty_fail(context, CUSTODY_E_STORE_ALTERED, "%s", text);
}

custody_err cty_schema_check(struct cty_sql *sql, custody_error *error)
{
    custody_error inner = {0};
    return cty_schema_walk(sql, refuse_finding, error ? error : &inner, error);
}

/* The value of the origin's row. */
static custody_err origin_find(struct cty_query *query, struct cty_bytes *ret_origin)
{
    bool row = true;
    while (row) {
        CTY_TRY(cty_query_step(query, &row));
        if (!row)
            break;
        bool is_it = cty_bytes_is(cty_query_get_text(query), ORIGIN_KEY);
        *ret_origin = cty_query_get_text(query);
        CTY_TRY(cty_query_check(query));
        if (is_it)
            return CUSTODY_OK;
    }
    return cty_fail(query->error, CUSTODY_E_STORE_ALTERED, "no origin");
}

custody_err cty_schema_origin(struct cty_sql *sql, struct cty_buf *out, custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(sql, CTY_SQL_SETTINGS, error);
    struct cty_bytes origin = {NULL, 0};
    CTY_TRY(origin_find(&query, &origin));
    if (!cty_name_is_lawful(origin) || origin.size > CTY_ORIGIN_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_STORE_ALTERED, "the origin is no lawful name");
    return cty_buf_put_bytes(out, origin);
}
