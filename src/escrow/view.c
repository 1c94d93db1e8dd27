/* SPDX-License-Identifier: Apache-2.0 */
#include "escrow/view.h"

#include "base/check.h"

/* A key that is too long is cut, as its slot would cut it; no lawful name makes one. */
static size_t put(char *key, size_t at, const void *data, size_t size)
{
    size_t room = CTY_VIEW_KEY_MAX - 1 - at;
    size_t kept = size < room ? size : room;
    if (kept)
        memcpy(key + at, data, kept);
    return at + kept;
}

static size_t put_number(char *key, size_t at, unsigned long long number)
{
    char digits[20];
    size_t from = sizeof(digits);
    do {
        digits[--from] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return put(key, at, digits + from, sizeof(digits) - from);
}

void cty_view_key_list(char ret_key[static CTY_VIEW_KEY_MAX], const char *format, va_list args)
{
    size_t at = 0;
    for (const char *mark = strchr(format, '%'); mark; mark = strchr(format, '%')) {
        at = put(ret_key, at, format, (size_t)(mark - format));
        if (mark[1] == 's') {
            const char *text = va_arg(args, const char *);
            at = put(ret_key, at, text, strlen(text));
            format = mark + 2;
        } else if (strncmp(mark, "%.*s", 4) == 0) {
            int size = va_arg(args, int);
            at = put(ret_key, at, va_arg(args, const char *), size > 0 ? (size_t)size : 0);
            format = mark + 4;
        } else {
            CTY_CHECK(strncmp(mark, "%llu", 4) == 0);
            at = put_number(ret_key, at, va_arg(args, unsigned long long));
            format = mark + 4;
        }
    }
    at = put(ret_key, at, format, strlen(format));
    ret_key[at] = 0;
}

void cty_view_key(char ret_key[static CTY_VIEW_KEY_MAX], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cty_view_key_list(ret_key, format, args);
    va_end(args);
}

static struct cty_view_slot *find(struct cty_view *view, const char *key, size_t size)
{
    for (size_t i = 0; i < view->count; i++) {
        struct cty_view_slot *slot = &view->slots[i];
        if (slot->key_size == size && memcmp(slot->key, key, size) == 0)
            return slot;
    }
    return NULL;
}

custody_err cty_view_get(struct cty_view *view, const char *key, enum cty_view_status *ret_status,
                         struct cty_bytes *ret_value)
{
    size_t size = strlen(key);
    struct cty_view_slot *slot = find(view, key, size);
    if (!slot) {
        if (view->count == CTY_VIEW_SLOTS_MAX)
            return CUSTODY_E_LIMIT_REACHED;
        CTY_CHECK(size < CTY_VIEW_KEY_MAX);
        slot = &view->slots[view->count++];
        memcpy(slot->key, key, size + 1);
        slot->key_size = size;
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
