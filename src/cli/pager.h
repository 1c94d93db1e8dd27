/* SPDX-License-Identifier: Apache-2.0 */
/* A long text on the screen, a part at a time; it knows whether all of it was seen. */
#ifndef CTY_CLI_PAGER_H
#define CTY_CLI_PAGER_H

#include "cli/screen.h"

/* Zero-initialise, set, then done. */
struct cty_pager {
    struct cty_buf text;    /* as it was rendered */
    struct cty_buf wrapped; /* as it fits `columns` */
    size_t columns;
    size_t *starts;         /* of each line in `wrapped`; owned */
    size_t count;
    size_t top;             /* the first line that is shown */
    size_t height;          /* lines of the last frame */
    size_t seen;            /* lines from the first on that were all shown */
};
void cty_pager_done(struct cty_pager *pager);
/* Takes a copy of the text. The place stays where it is, as far as there is text. Errors: NO_MEMORY, TOO_LARGE. */
CUSTODY_MUST_USE custody_err cty_pager_set(struct cty_pager *pager, struct cty_bytes text);
/* Puts the lines into the frame's rows from the next one on, leaving `below` rows free. */
CUSTODY_MUST_USE custody_err cty_pager_put(struct cty_pager *pager, struct cty_frame *frame, size_t below);
/* Whether the key was one that turns pages; the place has then changed. */
bool cty_pager_key(struct cty_pager *pager, int key);
/* Whether every line was on the screen since the text was set. */
bool cty_pager_all_seen(const struct cty_pager *pager);
size_t cty_pager_lines_below(const struct cty_pager *pager);

#endif
