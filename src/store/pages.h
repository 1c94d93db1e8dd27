/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's own page cache, but for one number. When a page splits, SQLite swaps numbers of pages by way of the one that its
 * lock bytes have. The cache takes that for the largest number in use, and so at the end of the transaction looks at every
 * page that it has for those beyond the end: a tenth of what a commit costs (decision 0022). So it doesn't hear of that
 * number. Private to this folder.
 */
#ifndef CTY_STORE_PAGES_H
#define CTY_STORE_PAGES_H

/* Before SQLite is used; where something in the process has begun with it, nothing changes. */
void cty_pages_set_up(void);

#endif
