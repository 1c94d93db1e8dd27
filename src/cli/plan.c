/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/limits.h"
#include "codec/json.h"

#define OWN_PREFIX "CUSTODY_"

const char *const cty_plan_kept[] = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TERM", "TZ", NULL};

static void list_free(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        free(list[i]);
    free(list);
}

void cty_plan_done(struct cty_plan *plan)
{
    list_free(plan->argv);
    list_free(plan->env);
    free(plan->cwd);
    *plan = (struct cty_plan){.argv = NULL};
}

static size_t list_count(char *const *list)
{
    size_t count = 0;
    while (list[count])
        count++;
    return count;
}

/* --- the rules ------------------------------------------------------------------------------------------- */

static custody_err check_name(const char *name, custody_error *error)
{
    if (!name[0] || strchr(name, '='))
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "env: '%s' is no name of a variable", name);
    if (strncmp(name, OWN_PREFIX, strlen(OWN_PREFIX)) == 0)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "env: %s is not for the command", name);
    return CUSTODY_OK;
}

static custody_err check_plan(const struct cty_plan *plan, custody_error *error)
{
    if (!plan->argv[0] || !plan->argv[0][0])
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "argv: there is no command");
    if (plan->cwd[0] != '/')
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "cwd: it is not an absolute path");
    for (size_t i = 0; plan->env[i]; i++)
        CTY_TRY(check_name(plan->env[i], error));
    return CUSTODY_OK;
}

/* --- from a command line --------------------------------------------------------------------------------- */

static custody_err copy_word(const char *word, char **ret_copy, custody_error *error)
{
    if (!cty_bytes_is_utf8(cty_bytes_text(word)))
        return cty_fail(error, CUSTODY_E_USAGE, "'%s' is not UTF-8, and a payload is", word);
    *ret_copy = cty_bytes_dup_text(cty_bytes_text(word));
    return *ret_copy ? CUSTODY_OK : cty_fail_code(error, CUSTODY_E_NO_MEMORY);
}

static custody_err copy_words(const struct cty_plan_words *words, struct cty_plan *plan, custody_error *error)
{
    plan->argv = cty_alloc(words->words_count + 1, sizeof(*plan->argv));
    if (!plan->argv)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    for (size_t i = 0; i < words->words_count; i++)
        CTY_TRY(copy_word(words->words[i], &plan->argv[i], error));
    return CUSTODY_OK;
}

/* A name that is asked for twice, or kept anyhow, is one. */
static custody_err add_name(struct cty_plan *plan, const char *name, custody_error *error)
{
    size_t count = list_count(plan->env);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(plan->env[i], name) == 0)
            return CUSTODY_OK;
    }
    return copy_word(name, &plan->env[count], error);
}

static custody_err copy_names(const struct cty_plan_words *words, struct cty_plan *plan, custody_error *error)
{
    size_t kept = words->bare ? CTY_COUNT_OF(cty_plan_kept) - 1 : 0;
    plan->env = cty_alloc(CTY_COUNT_OF(cty_plan_kept) + words->names_count, sizeof(*plan->env));
    if (!plan->env)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    for (; cty_plan_kept[kept]; kept++)
        CTY_TRY(add_name(plan, cty_plan_kept[kept], error));
    for (size_t i = 0; i < words->names_count; i++)
        CTY_TRY(add_name(plan, words->names[i], error));
    return CUSTODY_OK;
}

/* Absolute, without links: what stands in the payload is where it is. */
static custody_err find_folder(const char *folder, struct cty_plan *plan, custody_error *error)
{
    CTY_AUTO_FREE char *path = realpath(folder ? folder : ".", NULL);
    if (!path)
        return cty_fail(error, CUSTODY_E_USAGE, "%s: %s", folder ? folder : "the working folder",
                        strerrordesc_np(errno));
    return copy_word(path, &plan->cwd, error);
}

custody_err cty_plan_make(const struct cty_plan_words *words, struct cty_plan *plan, custody_error *error)
{
    CTY_TRY(copy_words(words, plan, error));
    CTY_TRY(copy_names(words, plan, error));
    CTY_TRY(find_folder(words->folder, plan, error));
    custody_err err = check_plan(plan, error);
    if (error && err == CUSTODY_E_BAD_MEMBER) /* no payload yet, but words that somebody typed */
        error->code = CUSTODY_E_USAGE;
    return err == CUSTODY_E_BAD_MEMBER ? CUSTODY_E_USAGE : err;
}

/* --- as a payload ---------------------------------------------------------------------------------------- */

static void put_list(struct cty_jw *jw, const char *name, char *const *list)
{
    cty_jw_name(jw, name);
    cty_jw_array(jw);
    for (size_t i = 0; list[i]; i++)
        cty_jw_text(jw, list[i]);
    cty_jw_array_end(jw);
}

custody_err cty_plan_write(const struct cty_plan *plan, struct cty_buf *out)
{
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    put_list(&jw, "argv", plan->argv);
    cty_jw_name(&jw, "cwd");
    cty_jw_text(&jw, plan->cwd);
    put_list(&jw, "env", plan->env);
    cty_jw_object_end(&jw);
    return cty_jw_end(&jw);
}

static custody_err read_string(const struct cty_json_node *node, const char *member, char **ret_text,
                               custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    if (node->kind != CTY_JSON_STRING)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "%s: a text belongs there", member);
    CTY_TRY(cty_json_string(node, &text));
    if (text.size && memchr(text.data, 0, text.size))
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "%s: a text with a NUL", member);
    *ret_text = cty_bytes_dup_text(cty_buf_bytes(&text));
    return *ret_text ? CUSTODY_OK : cty_fail_code(error, CUSTODY_E_NO_MEMORY);
}

static custody_err read_list(const struct cty_json *json, const struct cty_json_node *node, const char *member,
                             char ***ret_list, custody_error *error)
{
    size_t i = 0;
    if (node->kind != CTY_JSON_ARRAY)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "%s: a list belongs there", member);
    *ret_list = cty_alloc((size_t)node->count + 1, sizeof(**ret_list));
    if (!*ret_list)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    for (const struct cty_json_node *at = cty_json_first(json, node); at; at = cty_json_after(json, node, at))
        CTY_TRY(read_string(at, member, &(*ret_list)[i++], error));
    return CUSTODY_OK;
}

static custody_err read_member(const struct cty_json *json, const struct cty_json_node *node, struct cty_plan *plan,
                               custody_error *error)
{
    if (cty_bytes_is(node->name, "argv"))
        return read_list(json, node, "argv", &plan->argv, error);
    if (cty_bytes_is(node->name, "cwd"))
        return read_string(node, "cwd", &plan->cwd, error);
    if (cty_bytes_is(node->name, "env"))
        return read_list(json, node, "env", &plan->env, error);
    return cty_fail(error, CUSTODY_E_UNKNOWN_MEMBER, "%.*s", (int)(node->name.size < 64 ? node->name.size : 64),
                    (const char *)node->name.data);
}

static custody_err read_plan(const struct cty_json *json, struct cty_plan *plan, custody_error *error)
{
    const struct cty_json_node *whole = &json->nodes[0];
    if (whole->kind != CTY_JSON_OBJECT)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "the payload: an object belongs there");
    for (const struct cty_json_node *at = cty_json_first(json, whole); at; at = cty_json_after(json, whole, at))
        CTY_TRY(read_member(json, at, plan, error));
    if (!plan->argv || !plan->cwd || !plan->env)
        return cty_fail(error, CUSTODY_E_MISSING_MEMBER, "%s", !plan->argv ? "argv" : !plan->cwd ? "cwd" : "env");
    return check_plan(plan, error);
}

custody_err cty_plan_parse(struct cty_bytes payload, struct cty_plan *plan, custody_error *error)
{
    const struct cty_json_limits limits = {CTY_PAYLOAD_DEPTH_MAX, CTY_PAYLOAD_NODES_MAX};
    struct cty_json json = CTY_JSON_INIT;
    custody_err err = cty_json_scan(&json, CTY_JSON_DOCUMENT, limits, payload, error);
    if (err == CUSTODY_OK)
        err = read_plan(&json, plan, error);
    cty_json_done(&json);
    return err;
}
