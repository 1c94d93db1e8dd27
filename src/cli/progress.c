/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <time.h>

#define WIDTH 30
#define EVERY_MS 100

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void cty_progress_begin(struct cty_cli *cli, uint64_t total, struct cty_progress *ret_progress)
{
    ret_progress->file = cli->terminal && !cli->json ? cli->err : NULL;
    ret_progress->unit = "entries";
    ret_progress->total = total ? total : 1;
    ret_progress->begun_ms = ret_progress->shown_ms = now_ms();
}

void cty_progress_at(struct cty_progress *progress, uint64_t done)
{
    char bar[WIDTH + 1];
    uint64_t now = now_ms();
    if (!progress->file || now - progress->shown_ms < EVERY_MS)
        return;
    uint64_t full = done >= progress->total ? WIDTH : done * WIDTH / progress->total;
    for (uint64_t i = 0; i < WIDTH; i++)
        bar[i] = i < full ? '#' : '.';
    bar[WIDTH] = 0;
    progress->shown_ms = now;
    (void)fprintf(progress->file, "\r[%s] %llu of %llu %s, %llu a second \033[K", bar, (unsigned long long)done,
                  (unsigned long long)progress->total, progress->unit,
                  (unsigned long long)(done * 1000 / (now - progress->begun_ms + 1)));
    (void)fflush(progress->file);
}

void cty_progress_end(struct cty_progress *progress)
{
    if (progress->file)
        (void)fputs("\r\033[K", progress->file);
    progress->file = NULL;
}
