/* SPDX-License-Identifier: Apache-2.0 */
/* One play from its custodian's first breath to its last. */
#include "flood.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

const struct flood_play *flood_play_at(size_t index)
{
    static const struct flood_play *const files[] = {flood_load_plays, flood_door_plays, flood_read_plays};
    for (size_t i = 0; i < CTY_COUNT_OF(files); i++) {
        for (const struct flood_play *play = files[i]; play->name; play++) {
            if (index-- == 0)
                return play;
        }
    }
    return NULL;
}

const struct flood_play *flood_find(const char *name)
{
    const struct flood_play *play = NULL;
    for (size_t i = 0; (play = flood_play_at(i)) != NULL; i++) {
        if (strcmp(play->name, name) == 0)
            return play;
    }
    return NULL;
}

static void prepare(struct flood *f)
{
    const struct house_config config = {.connections = f->play->connections};
    f->scratch.limit = (size_t)2 * CTY_MESSAGE_BYTES_MAX;
    f->house = house_new(&config);
    flood_cast(f);
    flood_quiet_begin(f);
    if (f->play->entries)
        flood_fill_ledger(f, f->play->entries);
    if (f->play->statements)
        flood_sign_pool(f, (size_t)f->play->statements * f->ms / 1000 + f->play->lines);
    if (f->play->prepare)
        f->play->prepare(f);
}

void flood_play(struct flood *f, const struct flood_play *play, unsigned ms)
{
    *f = (struct flood){.play = play, .ms = ms};
    prepare(f);
    flood_run(f);
    f->alive = flood_quiet_finds_it_serving(f);
    house_stop(f->house);
    f->fault = flood_fault(f);
}

void flood_done(struct flood *f)
{
    flood_quiet_done(&f->quiet);
    flood_pool_done(&f->pool);
    for (size_t i = 0; i < CTY_COUNT_OF(f->texts); i++)
        cty_buf_done(&f->texts[i]);
    cty_buf_done(&f->scratch);
    free(f->receipts.all);
    house_free(f->house);
}

/* ---- what was promised ---- */

/* Sanitizers take memory of their own. */
#if defined(__has_feature)
#define HAS_FEATURE(feature) __has_feature(feature)
#else
#define HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) ||               \
    HAS_FEATURE(thread_sanitizer)
static const bool counts_memory = false;
#else
static const bool counts_memory = true;
#endif

static bool is_listed(const char *list, custody_err code)
{
    const char *name = custody_err_name(code);
    size_t size = strlen(name);
    for (const char *at = strstr(list, name); at; at = strstr(at + size, name)) {
        bool whole = (at == list || at[-1] == ' ') && (at[size] == ' ' || at[size] == 0);
        if (whole)
            return true;
    }
    return false;
}

/* The first code among the answers that is not in the list; CUSTODY_ERR_COUNT where there is none. */
static custody_err first_other(const struct flood_tally *tally, const char *list)
{
    for (unsigned code = 0; code < CUSTODY_ERR_COUNT; code++) {
        if (tally->codes[code] > 0 && !is_listed(list, (custody_err)code))
            return (custody_err)code;
    }
    return CUSTODY_ERR_COUNT;
}

bool flood_has(const struct flood_tally *tally, const char *name)
{
    for (unsigned code = 0; code < CUSTODY_ERR_COUNT; code++) {
        if (tally->codes[code] > 0 && strcmp(custody_err_name((custody_err)code), name) == 0)
            return true;
    }
    return false;
}

const char *flood_broken(const struct flood *f, char *out, size_t size)
{
    custody_err quiet = first_other(&f->quiet.tally, "ok"), other = first_other(&f->tally, f->play->may);
    out[0] = 0;
    if (!f->alive)
        snprintf(out, size, "the custodian doesn't serve any more");
    else if (f->fault)
        snprintf(out, size, "the ledger: %s", f->fault);
    else if (quiet != CUSTODY_ERR_COUNT)
        snprintf(out, size, "the quiet one was refused %llu times with %s",
                 (unsigned long long)f->quiet.tally.codes[quiet], custody_err_name(quiet));
    else if (f->quiet.lost)
        snprintf(out, size, "the quiet one lost its connection %llu times", (unsigned long long)f->quiet.lost);
    else if (f->quiet.submits == 0)
        snprintf(out, size, "the quiet one submitted nothing");
    else if (other != CUSTODY_ERR_COUNT)
        snprintf(out, size, "the flood was answered with %s", custody_err_name(other));
    else if (f->play->must && !flood_has(&f->tally, f->play->must))
        snprintf(out, size, "the flood was never answered with %s", f->play->must);
    else if (f->tally.mute)
        snprintf(out, size, "%llu overload answers don't say when to come again", (unsigned long long)f->tally.mute);
    else if (f->tally.left)
        snprintf(out, size, "%llu connections of the flood are still there", (unsigned long long)f->tally.left);
    else if (counts_memory && f->peak > f->play->memory_mib * (uint64_t)1024 * 1024)
        snprintf(out, size, "custodyd had %llu MiB", (unsigned long long)(f->peak >> 20));
    return out[0] ? out : NULL;
}
