/* SPDX-License-Identifier: Apache-2.0 */
#include "simulate/sim.h"

#include <dirent.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "daemon/log.h"

#define FOUND_TRIES 12

/* --- in the place of what is real ------------------------------------------------------------------------------- */

static struct chance *nonces; /* of the simulation under way */

static const char *random_name(void)
{
    return "simulated";
}

static uint32_t random_number(void)
{
    return (uint32_t)chance_bits(nonces);
}

static void random_fill(void *out, size_t size)
{
    chance_fill(nonces, out, size);
}

/* Before libsodium is set up, and before SQLite asks. */
static void random_install(void)
{
    static randombytes_implementation simulated = {.implementation_name = random_name, .random = random_number,
                                                   .buf = random_fill};
    CTY_CHECK(randombytes_set_implementation(&simulated) == 0);
    CTY_CHECK(cty_crypto_init() == CUSTODY_OK);
}

/* The custodian's log goes into the trace; it has no part in what decides. */
void cty_log(enum cty_log_level level, const char *event, ...)
{
    trace("  log %d: %s", (int)level, event);
}

/* --- what is wrong ---------------------------------------------------------------------------------------------- */

void sim_fail(struct sim *s, const char *oracle, const char *format, ...)
{
    va_list args;
    if (s->failed)
        return;
    s->failed = true;
    s->failure.step = s->step;
    snprintf(s->failure.oracle, sizeof(s->failure.oracle), "%s", oracle);
    va_start(args, format);
    int size = vsnprintf(s->failure.text, sizeof(s->failure.text), format, args);
    va_end(args);
    CTY_CHECK(size >= 0);
    trace("  WRONG (%s): %s", oracle, s->failure.text);
}

/* --- the process ends and begins -------------------------------------------------------------------------------- */

static void end_process(struct sim *s, bool power)
{
    if (disk_offence())
        sim_fail(s, "after-failed-sync", "%s", disk_offence());
    office_close(s);
    if (disk_offence())
        sim_fail(s, "after-failed-sync", "%s, at the close", disk_offence());
    s->doubtful = disk_sync_failed();
    tally_add(power ? TALLY_POWER_CUTS : TALLY_KILLS);
    if (chance_in(&s->faults, 400))
        s->bad_until = s->step + 25; /* misfortunes come together */
    trace("  the process is gone%s", power ? ", and the power" : "");
    disk_restart(power);
    s->restart_ms = s->monotonic_ms + 100 + chance_below(&s->faults, 3000);
}

static void stop_cleanly(struct sim *s)
{
    office_close(s);
    if (disk_stopped()) {
        end_process(s, chance_in(&s->faults, 600));
        return;
    }
    tally_add(TALLY_STOPS);
    trace("  a clean stop");
    disk_restart(chance_in(&s->faults, 300));
    s->restart_ms = s->monotonic_ms + 100;
}

/* Whoever starts it has looked at the clock, or not, and has mended it, or not. */
static void look_at_clock(struct sim *s)
{
    s->confirm = chance_in(&s->clock, 500);
    if (chance_in(&s->clock, 500))
        s->wall_ms = SIM_START + s->monotonic_ms;
}

/* A start opens, maps and syncs what is seldom touched later. */
static void harm_start(struct sim *s)
{
    static const enum disk_call calls[] = {DISK_OPEN, DISK_MAP, DISK_SYNC, DISK_WRITE, DISK_TRUNCATE, DISK_READ, DISK_NAME};
    if (s->step == 0 || s->calm || !chance_in(&s->faults, s->doubtful ? 700 : 150))
        return;
    if (s->doubtful && chance_in(&s->faults, 700)) { /* in the middle of the recovery from a failed sync */
        disk_arm(DISK_WRITE, 1 + (unsigned)chance_below(&s->faults, 40), DISK_STOP);
        return;
    }
    enum disk_call call = calls[chance_below(&s->faults, CTY_COUNT_OF(calls))];
    disk_arm(call, 1 + (unsigned)chance_below(&s->faults, 3), chance_in(&s->faults, 700) ? DISK_EIO : DISK_STOP);
}

static void start(struct sim *s)
{
    custody_error error = {0};
    harm_start(s);
    bool healthy = disk_failures() == 0 && !disk_is_full();
    custody_err err = office_open(s, &error);
    trace("  a start: %s %s", custody_err_name(err), error.detail);
    if (disk_stopped())
        return;
    if (err == CUSTODY_OK) {
        s->confirm = false;
        auditor_look(s, true);
        if (chance_in(&s->checks, 200))
            auditor_whole(s);
        return;
    }
    tally_add(TALLY_STARTS_FAILED);
    if (disk_offence())
        sim_fail(s, "after-failed-sync", "%s, at a start", disk_offence());
    if (healthy && disk_failures() == 0)
        sim_fail(s, "start", "%s: %s", custody_err_name(err), error.detail);
    disk_restart(false);
    s->restart_ms = s->monotonic_ms + 500;
}

/* --- harm ------------------------------------------------------------------------------------------------------- */

static void jump_clock(struct sim *s)
{
    bool small = chance_in(&s->clock, 600);
    bool back = chance_in(&s->clock, 500);
    uint64_t by = small ? 1 + chance_below(&s->clock, 25000)
                        : 61000 + chance_below(&s->clock, chance_in(&s->clock, 800) ? 300000 : 7200000);
    trace("  the clock jumps %s by %llu ms", back ? "back" : "ahead", (unsigned long long)by);
    tally_add(small ? TALLY_CLOCK_SMALL : back ? TALLY_CLOCK_BACK : TALLY_CLOCK_AHEAD);
    s->wall_ms = back ? s->wall_ms - by : s->wall_ms + by;
}

static void arm_fault(struct sim *s)
{
    static const enum disk_call calls[] = {DISK_READ, DISK_WRITE, DISK_WRITE, DISK_SYNC, DISK_SYNC, DISK_TRUNCATE,
                                           DISK_MAP,  DISK_OPEN,  DISK_NAME};
    enum disk_call call = calls[chance_below(&s->faults, CTY_COUNT_OF(calls))];
    bool cut = call == DISK_WRITE && chance_in(&s->faults, 300);
    disk_arm(call, 1 + (unsigned)chance_below(&s->faults, call == DISK_SYNC ? 3 : 12), cut ? DISK_SHORT : DISK_EIO);
}

static void fill_disk(struct sim *s)
{
    bool everything = chance_in(&s->faults, 500);
    s->is_full = true;
    s->full_until_ms = s->monotonic_ms + 500 + chance_below(&s->faults, 20000);
    disk_fill(true, everything);
    tally_add(TALLY_FULL_SPELLS);
    trace("  the disk is full%s", everything ? ", for everything" : "");
}

static void empty_disk(struct sim *s)
{
    if (!s->is_full || s->monotonic_ms < s->full_until_ms)
        return;
    s->is_full = false;
    disk_fill(false, false);
    trace("  the disk has room");
}

static void do_harm(struct sim *s)
{
    if (chance_in(&s->clock, 6))
        jump_clock(s);
    empty_disk(s);
    size_t die = chance_below(&s->faults, s->step < s->bad_until ? 150 : 1000);
    if (die < 8) {
        arm_fault(s);
    } else if (die < 12) {
        disk_arm(DISK_ANY, 1 + (unsigned)chance_below(&s->faults, 60), DISK_STOP);
    } else if (die < 15 && !s->is_full) {
        fill_disk(s);
    } else if (die < 18 && s->office.open) {
        disk_stop();
    } else if (die < 20 && s->office.open) {
        stop_cleanly(s);
    }
}

/* --- time and states -------------------------------------------------------------------------------------------- */

static void pass_time(struct sim *s)
{
    uint64_t by = 1 + chance_below(&s->clock, 60);
    if (chance_in(&s->clock, 60))
        by = 1000 + chance_below(&s->clock, 8000);
    else if (chance_in(&s->clock, 8))
        by = 60000 + chance_below(&s->clock, 2400000);
    s->monotonic_ms += by;
    s->wall_ms += by;
}

static void check_change(struct sim *s, enum cty_service_state before, enum cty_service_state now)
{
    static const enum tally_event events[] = {[CTY_SERVING] = TALLY_RECOVERED, [CTY_SERVING_READS] = TALLY_READ_ONLY,
                                              [CTY_SERVING_CLOCK] = TALLY_CLOCK_REFUSED,
                                              [CTY_SERVING_STOPPED] = TALLY_STOPPED, [CTY_SERVING_CLOSED] = TALLY_GROUPS};
    trace("  state %s", cty_service_state_names[now]);
    if (now != CTY_SERVING_CLOSED)
        tally_add(events[now]);
    if ((now == CTY_SERVING_READS && disk_failures() == 0) || (now == CTY_SERVING_STOPPED && disk_breaks() == 0))
        sim_fail(s, "service", "state %s for no reason that the disk gave", cty_service_state_names[now]);
    if (before == CTY_SERVING_STOPPED || before == CTY_SERVING_CLOCK)
        sim_fail(s, "service", "from %s to %s", cty_service_state_names[before], cty_service_state_names[now]);
    if (before == CTY_SERVING_CLOSED && now != CTY_SERVING_STOPPED)
        sim_fail(s, "service", "from closed to %s", cty_service_state_names[now]);
}

static void watch(struct sim *s)
{
    struct office *o = &s->office;
    if (!o->open || disk_stopped())
        return;
    enum cty_service_state now = cty_head_service(&o->head);
    if (now != o->state)
        check_change(s, o->state, now);
    o->state = now;
    if (disk_offence())
        sim_fail(s, "after-failed-sync", "%s", disk_offence());
}

/* A process that stopped ends; one that waits for a person is started again by one. */
static void tend(struct sim *s)
{
    struct office *o = &s->office;
    if (o->open && !disk_stopped() && o->state == CTY_SERVING_STOPPED && chance_in(&s->faults, 300))
        end_process(s, chance_in(&s->faults, 500));
    else if (o->open && o->state == CTY_SERVING_CLOCK && chance_in(&s->clock, 50)) {
        look_at_clock(s);
        stop_cleanly(s);
    }
    if (disk_stopped())
        end_process(s, chance_in(&s->faults, 600));
    if (!o->open && s->monotonic_ms >= s->restart_ms && !s->failed)
        start(s);
}

static void step(struct sim *s)
{
    tally_add(TALLY_STEPS);
    trace("step %llu at %llu, wall %llu", (unsigned long long)s->step, (unsigned long long)s->monotonic_ms,
          (unsigned long long)s->wall_ms);
    pass_time(s);
    do_harm(s);
    if (chance_in(&s->deeds, 550))
        deeds_one(s);
    papers_retry(s);
    post_deliver(s);
    if (chance_in(&s->network, 600)) {
        office_run(s, 1 + chance_below(&s->network, SIM_GROUP));
        auditor_look(s, false);
    }
    if (chance_in(&s->network, 250)) {
        office_background(s);
        auditor_look(s, chance_in(&s->checks, 50));
    }
    watch(s);
    tend(s);
    trace_number(auditor_size(s));
}

/* --- beginning and end ------------------------------------------------------------------------------------------ */

static void harm_founding(struct sim *s)
{
    if (chance_in(&s->faults, 500))
        disk_arm(DISK_ANY, 1 + (unsigned)chance_below(&s->faults, 120), DISK_STOP);
    else
        disk_arm(chance_in(&s->faults, 500) ? DISK_SYNC : DISK_WRITE, 1 + (unsigned)chance_below(&s->faults, 16), DISK_EIO);
}

/* The ledger is made on a disk that fails; once that was answered it is there. */
static void found(struct sim *s)
{
    bool names_lost = false;
    for (int i = 0; i < FOUND_TRIES && !s->founded; i++) {
        custody_error error = {0};
        if (i < FOUND_TRIES - 2 && chance_in(&s->faults, 600))
            harm_founding(s);
        custody_err err = office_found(s, &error);
        trace("  founding: %s %s", custody_err_name(err), error.detail);
        bool cut = disk_stopped();
        /* A power cut in the middle of tidying up leaves a database without its log, and a person has to remove it. */
        if (err == CUSTODY_E_STORE_HALF && names_lost)
            err = unlink(s->path) == 0 ? CUSTODY_E_STORAGE : err;
        s->founded = !cut && (err == CUSTODY_OK || err == CUSTODY_E_EXISTS);
        if (!s->founded)
            tally_add(TALLY_CREATIONS_CUT);
        if (disk_failures() == 0 && !cut && !s->founded && err != CUSTODY_E_STORAGE)
            sim_fail(s, "founding", "%s: %s", custody_err_name(err), error.detail);
        bool power = chance_in(&s->faults, 600);
        names_lost = names_lost || (power && !s->founded);
        disk_restart(power);
    }
    if (!s->founded)
        sim_fail(s, "founding", "it never came about");
}

/* On a disk and a clock that do no more harm everything works again, and everything that was said holds. */
static void settle(struct sim *s)
{
    s->calm = true;
    disk_disarm();
    s->is_full = false;
    disk_fill(false, false);
    s->monotonic_ms += 10000;
    s->wall_ms += 10000;
    if (disk_stopped() || (s->office.open && s->office.state == CTY_SERVING_STOPPED))
        end_process(s, true);
    else if (s->office.open && s->office.state != CTY_SERVING_READS)
        stop_cleanly(s);
    s->confirm = true;
    if (!s->office.open)
        start(s);
}

/* One statement more, by somebody who was never away. */
static void prove_alive(struct sim *s)
{
    struct cty_ledger_record ledger;
    uint64_t size = auditor_size(s);
    auditor_ledger(s, &ledger);
    if (s->failed || ledger.closed)
        return;
    for (int i = 0; i < 200 && auditor_size(s) == size && !s->failed; i++) {
        s->wall_ms += 100;
        s->monotonic_ms += 100;
        deeds_one(s);
        post_deliver(s);
        office_run(s, SIM_GROUP);
        auditor_look(s, false);
        watch(s);
    }
    if (auditor_size(s) == size)
        sim_fail(s, "alive", "nothing is taken any more in state %s",
                 cty_service_state_names[cty_head_service(&s->office.head)]);
}

static void finish(struct sim *s)
{
    settle(s);
    auditor_look(s, true);
    prove_alive(s);
    if (s->failed)
        return;
    stop_cleanly(s);
    start(s);
    auditor_look(s, true);
    auditor_whole(s);
}

static void begin(struct sim *s, uint64_t seed)
{
    s->seed = seed;
    s->deeds = chance_begin(seed, "deeds");
    s->network = chance_begin(seed, "network");
    s->clock = chance_begin(seed, "clock");
    s->faults = chance_begin(seed, "faults");
    s->nonces = chance_begin(seed, "nonces");
    s->checks = chance_begin(seed, "checks");
    nonces = &s->nonces;
    random_install();
    snprintf(s->folder, sizeof(s->folder), "/tmp/custody-simulate-XXXXXX");
    CTY_CHECK(mkdtemp(s->folder));
    trace_hide(s->folder);
    snprintf(s->path, sizeof(s->path), "%s/ledger.db", s->folder);
    s->wall_ms = SIM_START;
    disk_begin(s->folder, seed);
    people_init(s);
    auditor_begin(s);
    second_begin(s);
}

/* With what broken-off creations left, under whatever number. */
static void folder_remove(const char *folder)
{
    DIR *open = opendir(folder);
    for (struct dirent *item = open ? readdir(open) : NULL; item; item = readdir(open)) {
        char path[64 + sizeof(item->d_name)];
        snprintf(path, sizeof(path), "%.62s/%s", folder, item->d_name);
        (void)unlink(path);
    }
    if (open)
        closedir(open);
    (void)rmdir(folder);
}

static void end(struct sim *s)
{
    office_close(s);
    post_done(s);
    auditor_done(s);
    second_done(s);
    people_done(s);
    for (size_t i = 0; i < s->papers_count; i++)
        paper_free(s->papers[i]);
    disk_end();
    folder_remove(s->folder);
}

static void play(struct sim *s, uint64_t steps)
{
    found(s);
    if (!s->failed)
        start(s);
    if (!s->failed)
        people_enrol(s);
    for (s->step = 1; s->step <= steps && !s->failed; s->step++) {
        s->closing = s->step > steps - steps / 10 && s->seed % 2 == 0;
        step(s);
    }
    if (!s->failed)
        finish(s);
}

bool sim_run(uint64_t seed, uint64_t steps, struct tally *tally, bool print, struct failure *ret_failure,
             uint64_t *ret_hash)
{
    struct sim *s = cty_alloc(1, sizeof(*s));
    CTY_CHECK(s);
    tally_begin(tally, print);
    begin(s, seed);
    play(s, steps);
    *ret_failure = s->failure;
    bool right = !s->failed;
    *ret_hash = trace_hash();
    end(s);
    free(s);
    return right;
}
