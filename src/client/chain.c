/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "client/inner.h"

void cty_chain_clear(struct cty_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        free((void *)(uintptr_t)chain->texts[i].data);
    free(chain->texts);
    *chain = (struct cty_chain){0};
}

/* Copies the text. */
static custody_err put(struct cty_chain *chain, struct cty_bytes text, custody_error *error)
{
    if (text.size > CTY_CHAIN_BYTES_MAX - chain->bytes)
        return cty_fail(error, CUSTODY_E_LIMIT_REACHED, "the trust chain has more than %u bytes", CTY_CHAIN_BYTES_MAX);
    if (chain->count == chain->capacity) {
        size_t capacity = chain->capacity ? chain->capacity * 2 : 64;
        struct cty_bytes *grown = realloc(chain->texts, capacity * sizeof(*grown));
        if (!grown)
            return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
        chain->texts = grown;
        chain->capacity = capacity;
    }
    char *copy = cty_bytes_dup_text(text);
    if (!copy)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    chain->texts[chain->count++] = cty_bytes_make(copy, text.size);
    chain->bytes += text.size;
    return CUSTODY_OK;
}

/* The index that an entry says it has; what lies about it is found when it is judged. */
static custody_err take(struct cty_chain *chain, struct cty_bytes text, struct cty_parsed_entry *scratch,
                        custody_error *error)
{
    CTY_TRY(cty_entry_parse(text, scratch, error));
    uint64_t index = scratch->entry.index;
    if (index < chain->next || index >= CTY_NUMBER_MAX)
        return cty_fail(error, CUSTODY_E_CHAIN_BROKEN, "the trust chain goes back to %llu", (unsigned long long)index);
    CTY_TRY(put(chain, text, error));
    chain->next = index + 1;
    return CUSTODY_OK;
}

custody_err cty_chain_take(struct cty_chain *chain, const struct cty_answer *answer, struct cty_parsed_entry *scratch,
                           custody_error *error)
{
    const struct cty_json_node *list = cty_rpc_list(&answer->message, &answer->answer, "entries");
    for (const struct cty_json_node *node = list ? cty_json_first(&answer->message.json, list) : NULL; node;
         node = cty_json_after(&answer->message.json, list, node)) {
        if (node->kind != CTY_JSON_STRING)
            return cty_fail(error, CUSTODY_E_BAD_RPC, "the trust chain holds something else than entries");
        CTY_TRY(take(chain, node->text, scratch, error));
    }
    return CUSTODY_OK;
}
