/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger holds of a flood: whole, everything that was receipted where it was receipted, and nothing twice. */
#include "flood.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

struct digests {
    struct cty_hash *all; /* by index */
    uint64_t count;
};

static void take(void *context, const struct cty_parsed_entry *entry)
{
    struct digests *digests = context;
    digests->all[digests->count++] = entry->signed_statement.digest;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct cty_hash));
}

static bool holds(const struct digests *digests, const struct flood_receipts *receipts)
{
    for (size_t i = 0; i < receipts->count; i++) {
        const struct flood_receipt *receipt = &receipts->all[i];
        if (receipt->index >= digests->count || compare(&digests->all[receipt->index], &receipt->digest) != 0)
            return false;
    }
    return true;
}

static bool has_twice(struct digests *digests)
{
    qsort(digests->all, digests->count, sizeof(*digests->all), compare);
    for (uint64_t i = 1; i < digests->count; i++) {
        if (compare(&digests->all[i - 1], &digests->all[i]) == 0)
            return true;
    }
    return false;
}

static const char *compare_with_receipts(struct flood *f, struct books *books)
{
    struct digests digests = {.all = cty_alloc(books->size + 1, sizeof(*digests.all))};
    const char *fault = NULL;
    must_be(digests.all != NULL);
    books_each(books, take, &digests);
    if (digests.count != books->size)
        fault = "an entry is missing";
    else if (!holds(&digests, &f->quiet.receipts))
        fault = "what the quiet one has a receipt for is not there";
    else if (!holds(&digests, &f->receipts))
        fault = "what there is a receipt for is not there";
    else if (has_twice(&digests))
        fault = "a statement is there twice";
    free(digests.all);
    return fault;
}

const char *flood_fault(struct flood *f)
{
    struct books books = {.size = 0};
    static char text[600];
    books_open(&books, f->house);
    const char *fault = books_fault(&books);
    if (fault)
        snprintf(text, sizeof(text), "%s", fault);
    fault = fault ? text : compare_with_receipts(f, &books);
    f->entries = books.size;
    books_close(&books);
    return fault;
}
