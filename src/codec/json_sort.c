/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/check.h"
#include "codec/json_inner.h"

static int by_name(const void *a, const void *b)
{
    const struct cty_json_node *left = *(const struct cty_json_node *const *)a;
    const struct cty_json_node *right = *(const struct cty_json_node *const *)b;
    return cty_json_order(left->name, left->name_escaped, right->name, right->name_escaped);
}

custody_err cty_json_sorted(const struct cty_json *json, const struct cty_json_node *object,
                            const struct cty_json_node ***ret_members)
{
    *ret_members = NULL;
    if (object->count == 0)
        return CUSTODY_OK;
    const struct cty_json_node **members = cty_alloc(object->count, sizeof(*members));
    if (!members)
        return CUSTODY_E_NO_MEMORY;
    size_t at = 0;
    for (const struct cty_json_node *child = cty_json_first(json, object); child;
         child = cty_json_after(json, object, child))
        members[at++] = child;
    if (!object->sorted)
        qsort(members, at, sizeof(*members), by_name);
    *ret_members = members;
    return CUSTODY_OK;
}
