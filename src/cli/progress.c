/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include "base/times.h"

#define WIDTH 30
#define EVERY_MS 100

void cty_progress_begin_at(struct cty_cli *cli, uint64_t from, uint64_t total, struct cty_progress *ret_progress)
{
    ret_progress->file = cli->terminal && !cli->json ? cli->err : NULL;
    ret_progress->unit = "entries";
    ret_progress->from = from;
    ret_progress->total = total ? total : 1;
    ret_progress->begun_ms = ret_progress->shown_ms = cty_time_monotonic_ms();
}

void cty_progress_begin(struct cty_cli *cli, uint64_t total, struct cty_progress *ret_progress)
{
    cty_progress_begin_at(cli, 0, total, ret_progress);
}

/* "about 3 min left", by what was done so far; nothing before anything was. */
static void estimate(const struct cty_progress *progress, uint64_t done, uint64_t now, char out[48])
{
    uint64_t here = done - progress->from;
    uint64_t left = done < progress->total ? progress->total - done : 0;
    out[0] = 0;
    if (here == 0)
        return;
    uint64_t seconds = left * ((now - progress->begun_ms) / 1000 + 1) / here;
    if (seconds < 120)
        (void)snprintf(out, 48, ", about %llu s left", (unsigned long long)seconds);
    else
        (void)snprintf(out, 48, ", about %llu min left", (unsigned long long)(seconds / 60));
}

void cty_progress_at(struct cty_progress *progress, uint64_t done)
{
    char bar[WIDTH + 1], left[48];
    uint64_t now = cty_time_monotonic_ms();
    if (!progress->file || now - progress->shown_ms < EVERY_MS || done < progress->from)
        return;
    uint64_t full = done >= progress->total ? WIDTH : done * WIDTH / progress->total;
    for (uint64_t i = 0; i < WIDTH; i++)
        bar[i] = i < full ? '#' : '.';
    bar[WIDTH] = 0;
    progress->shown_ms = now;
    estimate(progress, done, now, left);
    (void)fprintf(progress->file, "\r[%s] %llu of %llu %s, %llu a second%s \033[K", bar, (unsigned long long)done,
                  (unsigned long long)progress->total, progress->unit,
                  (unsigned long long)((done - progress->from) * 1000 / (now - progress->begun_ms + 1)), left);
    (void)fflush(progress->file);
}

void cty_progress_end(struct cty_progress *progress)
{
    if (progress->file)
        (void)fputs("\r\033[K", progress->file);
    progress->file = NULL;
}
