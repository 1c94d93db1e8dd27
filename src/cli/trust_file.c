/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust_file.h"

#include <stdlib.h>

#include "cli/put.h"

void cty_trust_file_from(const struct cty_trust *trust, struct cty_trust_file *ret_file)
{
    memset(ret_file, 0, sizeof(*ret_file));
    ret_file->policy = cty_buf_bytes(&trust->policy.text);
    ret_file->name = trust->name;
    for (uint32_t i = 0; i < trust->pins_count; i++)
        ret_file->admins[ret_file->admins_count++] = trust->pins[i].vkey;
    for (uint32_t i = 0; i < trust->doors_count; i++) {
        const struct cty_trust_door *door = &trust->doors[i];
        ret_file->doors[ret_file->doors_count++] = (struct cty_trust_file_door){
            door->url, cty_buf_bytes(&door->certificate), cty_buf_bytes(&door->authority)};
    }
}

custody_err cty_trust_file_add_admin(struct cty_trust_file *file, struct cty_bytes vkey, custody_error *error)
{
    struct cty_bytes name;
    struct cty_key key;
    if (cty_vkey_parse(vkey, CTY_KEY_ED25519, &name, &key) != CUSTODY_OK || cty_actor_party(name).size == 0)
        return cty_fail(error, CUSTODY_E_BAD_KEY, "an admin's public line is like acme/alice+3b8f287e+Aep...");
    if (file->admins_count == CTY_TRUST_PINS_MAX)
        return cty_fail(error, CUSTODY_E_USAGE, "more than %d admins", CTY_TRUST_PINS_MAX);
    file->admins[file->admins_count++] = vkey;
    return CUSTODY_OK;
}

bool cty_trust_file_remove_door(struct cty_trust_file *file, struct cty_bytes url)
{
    for (size_t i = 0; i < file->doors_count; i++) {
        if (!cty_bytes_equal(file->doors[i].url, url))
            continue;
        file->doors[i] = file->doors[--file->doors_count];
        return true;
    }
    return false;
}

custody_err cty_trust_file_set_door(struct cty_trust_file *file, const struct cty_trust_file_door *door,
                                    custody_error *error)
{
    cty_trust_file_remove_door(file, door->url);
    if (file->doors_count == CTY_TRUST_DOORS_MAX)
        return cty_fail(error, CUSTODY_E_USAGE, "more than %d doors", CTY_TRUST_DOORS_MAX);
    file->doors[file->doors_count++] = *door;
    return CUSTODY_OK;
}

/* --- writing --------------------------------------------------------------------------------------------- */

static int compare_vkeys(const void *a, const void *b)
{
    return cty_bytes_compare(*(const struct cty_bytes *)a, *(const struct cty_bytes *)b);
}

static int compare_doors(const void *a, const void *b)
{
    const struct cty_trust_file_door *one = a, *other = b;
    return cty_bytes_compare(one->url, other->url);
}

/* An object from parties to arrays of lines; sorted lines bring the parties' together. */
static void put_admins(struct cty_jw *jw, struct cty_trust_file *file)
{
    qsort(file->admins, file->admins_count, sizeof(file->admins[0]), compare_vkeys);
    cty_jw_name(jw, "admins");
    cty_jw_object(jw);
    for (size_t i = 0; i < file->admins_count; i++) {
        struct cty_bytes party = cty_actor_party(file->admins[i]);
        bool first = i == 0 || !cty_bytes_equal(party, cty_actor_party(file->admins[i - 1]));
        bool last = i + 1 == file->admins_count || !cty_bytes_equal(party, cty_actor_party(file->admins[i + 1]));
        if (first) {
            cty_jw_name_bytes(jw, party);
            cty_jw_array(jw);
        }
        cty_jw_string(jw, file->admins[i]);
        if (last)
            cty_jw_array_end(jw);
    }
    cty_jw_object_end(jw);
}

static void put_doors(struct cty_jw *jw, struct cty_trust_file *file)
{
    qsort(file->doors, file->doors_count, sizeof(file->doors[0]), compare_doors);
    cty_jw_name(jw, "doors");
    cty_jw_object(jw);
    for (size_t i = 0; i < file->doors_count; i++) {
        const struct cty_trust_file_door *door = &file->doors[i];
        cty_jw_name_bytes(jw, door->url);
        cty_jw_object(jw);
        if (door->authority.size)
            cty_member(jw, "authority", door->authority);
        else
            cty_member(jw, "certificate", door->certificate);
        cty_jw_object_end(jw);
    }
    cty_jw_object_end(jw);
}

custody_err cty_trust_file_put(struct cty_trust_file *file, struct cty_buf *out)
{
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    if (file->admins_count)
        put_admins(&jw, file);
    cty_member_u64(&jw, "custody_trust", 1);
    if (file->doors_count)
        put_doors(&jw, file);
    if (file->name.size)
        cty_member(&jw, "name", file->name);
    cty_member(&jw, "policy", file->policy);
    cty_jw_object_end(&jw);
    CTY_TRY(cty_jw_end(&jw));
    return cty_buf_put_byte(out, '\n');
}
