/* SPDX-License-Identifier: Apache-2.0 */
#include "client/contradiction.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "client/state.h"
#include "codec/text.h"

custody_err cty_contradiction_code(enum cty_contradiction_kind kind)
{
    return kind == CTY_CONTRADICTION_WENT_BACK ? CUSTODY_E_WENT_BACK : CUSTODY_E_SPLIT_VIEW;
}

/* The folder that the state file is in, with a slash at its end. */
static char *folder_of(const char *state_path)
{
    const char *slash = strrchr(state_path, '/');
    return slash ? cty_bytes_dup_text(cty_bytes_make(state_path, (size_t)(slash - state_path) + 1))
                 : cty_bytes_dup_text(CTY_LITERAL("./"));
}

static char *join(const char *folder, const char *name)
{
    size_t room = strlen(folder) + strlen(name) + 1;
    char *path = cty_alloc(1, room);
    if (path)
        snprintf(path, room, "%s%s", folder, name);
    return path;
}

/* ---- looking ---- */

struct look {
    const struct cty_trust *trust;
    char *path; /* of the first that counts */
    custody_err code;
    unsigned count;
};

static custody_err look_at(struct look *look, char *path)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    struct cty_contradiction c;
    custody_err err = cty_state_read(path, &text, NULL);
    if (err == CUSTODY_OK)
        err = cty_contradiction_parse(cty_buf_bytes(&text), &c, NULL);
    bool readable = err == CUSTODY_OK;
    bool ours = !readable || cty_trust_has_log_line(look->trust, c.key);
    custody_err code = readable ? cty_contradiction_code(c.kind) : CUSTODY_E_SPLIT_VIEW;
    if (readable)
        cty_contradiction_done(&c);
    cty_buf_done(&text);
    look->count += ours ? 1 : 0;
    if (!ours || look->path) {
        free(path);
    } else {
        look->path = path;
        look->code = code;
    }
    return err == CUSTODY_E_NO_MEMORY ? err : CUSTODY_OK;
}

static bool is_named_so(const char *name, const char *begin)
{
    size_t size = strlen(name), end = sizeof(".json") - 1;
    return strncmp(name, begin, strlen(begin)) == 0 && size > end && strcmp(name + size - end, ".json") == 0;
}

/* False at the end, where errno is 0, or at an error. */
static bool next_item(DIR *dir, struct dirent **ret_item)
{
    errno = 0;
    *ret_item = readdir(dir);
    return *ret_item != NULL;
}

static custody_err look_around(struct look *look, const char *state_path, custody_error *error)
{
    char begin[CTY_CONTRADICTION_NAME_SIZE];
    CTY_AUTO_FREE char *folder = folder_of(state_path);
    DIR *dir = folder ? opendir(folder) : NULL;
    if (!folder)
        return CUSTODY_E_NO_MEMORY;
    if (!dir)
        return cty_fail(error, errno == ENOMEM ? CUSTODY_E_NO_MEMORY : CUSTODY_E_IO, "looking into %s: %s", folder,
                        strerror(errno));
    cty_contradiction_name_begin(look->trust->origin, begin);
    custody_err err = CUSTODY_OK;
    struct dirent *item = NULL;
    while (err == CUSTODY_OK && next_item(dir, &item)) {
        if (!is_named_so(item->d_name, begin))
            continue;
        char *path = join(folder, item->d_name);
        err = path ? look_at(look, path) : CUSTODY_E_NO_MEMORY;
    }
    if (err == CUSTODY_OK && errno != 0) /* a folder that was not read to its end tells nothing */
        err = cty_fail(error, CUSTODY_E_IO, "looking into %s: %s", folder, strerror(errno));
    closedir(dir);
    return err;
}

custody_err cty_contradiction_find(const char *state_path, const struct cty_trust *trust, char **ret_path,
                                   custody_err *ret_code, custody_error *error)
{
    struct look look = {.trust = trust};
    custody_err err = look_around(&look, state_path, error);
    if (err != CUSTODY_OK) {
        free(look.path);
        return cty_fail_code(error, err);
    }
    *ret_path = look.path;
    *ret_code = look.code;
    return CUSTODY_OK;
}

/* ---- keeping ---- */

static custody_err make_path(const char *state_path, const struct cty_contradiction *c, uint64_t size,
                             struct cty_bytes text, char **ret_path)
{
    char name[CTY_CONTRADICTION_NAME_SIZE];
    CTY_AUTO_FREE char *folder = folder_of(state_path);
    if (!folder)
        return CUSTODY_E_NO_MEMORY;
    cty_contradiction_name(c->ledger, size, text, name);
    *ret_path = join(folder, name);
    return *ret_path ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

static custody_err keep(const char *state_path, const struct cty_trust *trust, struct cty_bytes text, const char *path,
                        custody_error *error)
{
    struct look look = {.trust = trust};
    if (access(path, F_OK) == 0)
        return CUSTODY_OK; /* its name tells what it holds */
    custody_err err = look_around(&look, state_path, error);
    free(look.path);
    CTY_TRY(err);
    if (look.count >= CTY_CONTRADICTIONS_KEPT_MAX)
        return cty_fail(error, CUSTODY_E_LIMIT_REACHED, "%u contradictions of this ledger are kept already", look.count);
    return cty_state_put_new(path, text, error);
}

/* Where a later log key signed both notes, the file names that one: then it convicts for whoever pins that. */
static custody_err name_key(struct cty_contradiction *contradiction, const struct cty_trust *trust,
                            const uint64_t sizes[2], struct cty_buf *line)
{
    const struct cty_key *key = cty_log_keys_at(&trust->log_keys, sizes[0]);
    if (cty_key_equal(key, &trust->log_key) || !cty_key_equal(key, cty_log_keys_at(&trust->log_keys, sizes[1])))
        return CUSTODY_OK;
    CTY_TRY(cty_vkey_format(trust->origin, CTY_KEY_ED25519, key, line));
    contradiction->key = cty_buf_bytes(line);
    return CUSTODY_OK;
}

custody_err cty_contradiction_keep(const char *state_path, const struct cty_trust *trust,
                                   struct cty_contradiction *contradiction, char **ret_path, custody_error *error)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    enum cty_contradiction_kind kind;
    uint64_t sizes[2];
    struct cty_buf line = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    char *path = NULL;
    contradiction->ledger = trust->origin;
    contradiction->key = trust->log_vkey;
    CTY_TRY(cty_contradiction_judge(contradiction, trust, &kind, sizes, error));
    contradiction->kind = kind;
    custody_err err = name_key(contradiction, trust, sizes, &line);
    if (err == CUSTODY_OK)
        err = cty_contradiction_format(contradiction, &text);
    if (err == CUSTODY_OK)
        err = make_path(state_path, contradiction, sizes[0] < sizes[1] ? sizes[0] : sizes[1], cty_buf_bytes(&text), &path);
    if (err == CUSTODY_OK)
        err = keep(state_path, trust, cty_buf_bytes(&text), path, error);
    cty_buf_done(&text);
    cty_buf_done(&line);
    contradiction->key = trust->log_vkey;
    if (err == CUSTODY_OK)
        *ret_path = path;
    else
        free(path);
    return err == CUSTODY_OK ? CUSTODY_OK : cty_fail_code(error, err);
}
