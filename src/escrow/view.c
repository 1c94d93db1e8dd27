/* SPDX-License-Identifier: Apache-2.0 */
#include "escrow/view.h"

#include <stdio.h>

#include "base/check.h"

static struct cty_view_slot *find(struct cty_view *view, const char *key)
{
    for (size_t i = 0; i < view->count; i++) {
        if (strcmp(view->slots[i].key, key) == 0)
            return &view->slots[i];
    }
    return NULL;
}

custody_err cty_view_get(struct cty_view *view, const char *key, enum cty_view_status *ret_status,
                         struct cty_bytes *ret_value)
{
    struct cty_view_slot *slot = find(view, key);
    if (!slot) {
        if (view->count == CTY_VIEW_SLOTS_MAX)
            return CUSTODY_E_LIMIT_REACHED;
        CTY_CHECK(strlen(key) < CTY_VIEW_KEY_MAX);
        slot = &view->slots[view->count++];
        snprintf(slot->key, sizeof(slot->key), "%s", key);
        slot->status = CTY_VIEW_WANTED;
        slot->value = cty_bytes_make(NULL, 0);
    }
    *ret_status = slot->status;
    *ret_value = slot->value;
    return CUSTODY_OK;
}

struct cty_view_slot *cty_view_wanted(struct cty_view *view)
{
    for (size_t i = view->count; i > 0; i--) {
        if (view->slots[i - 1].status == CTY_VIEW_WANTED)
            return &view->slots[i - 1];
    }
    return NULL;
}
