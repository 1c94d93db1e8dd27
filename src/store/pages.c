/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pages.h"

#include <sqlite3.h>

/*
 * The number of the page that holds SQLite's lock bytes, at 1 GiB, where pages have 4,096 bytes. It is never a page of a table,
 * and SQLite gives it to a page for a moment while it swaps the numbers of two.
 */
#define LOCK_PAGE (0x40000000u / 4096u + 1u)

static sqlite3_pcache_methods2 ready;

/* No page has the number 0. */
static unsigned key_of(unsigned key)
{
    return key == LOCK_PAGE ? 0 : key;
}

static sqlite3_pcache_page *pages_fetch(sqlite3_pcache *cache, unsigned key, int create)
{
    return ready.xFetch(cache, key_of(key), create);
}

static void pages_rekey(sqlite3_pcache *cache, sqlite3_pcache_page *page, unsigned before, unsigned after)
{
    ready.xRekey(cache, page, key_of(before), key_of(after));
}

void cty_pages_set_up(void)
{
    if (sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &ready) != SQLITE_OK)
        return;
    sqlite3_pcache_methods2 methods = ready;
    methods.xFetch = pages_fetch;
    methods.xRekey = pages_rekey;
    (void)sqlite3_config(SQLITE_CONFIG_PCACHE2, &methods);
}
