/* SPDX-License-Identifier: Apache-2.0 */
#include "simulate/disk_inner.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "simulate/tally.h"

struct disk disk;

void disk_begin(const char *folder, uint64_t seed)
{
    memset(&disk, 0, sizeof(disk));
    disk.folder = folder;
    disk.chance = chance_begin(seed, "disk");
    disk.journal_count = 1;
    disk_vfs_install();
    /* SQLite's own generator begins anew from xRandomness. */
    sqlite3_randomness(0, NULL);
}

void disk_end(void)
{
    for (size_t i = 0; i < DISK_NODES; i++)
        disk_node_free(&disk.nodes[i]);
}

void disk_arm(enum disk_call call, unsigned nth, enum disk_fault fault)
{
    disk.call = call;
    disk.nth = nth;
    disk.fault = fault;
}

void disk_disarm(void)
{
    disk.fault = DISK_NO_FAULT;
}

bool disk_stopped(void)
{
    return disk.stopped;
}

void disk_fill(bool full, bool everything)
{
    disk.full = full;
    disk.everything = everything;
}

bool disk_is_full(void)
{
    return disk.full;
}

uint64_t disk_changes(void)
{
    return disk.changes;
}

uint64_t disk_failures(void)
{
    return disk.failures;
}

uint64_t disk_breaks(void)
{
    return disk.breaks;
}

void disk_stop(void)
{
    disk.stopped = true;
}

const char *disk_offence(void)
{
    return disk.offence;
}

bool disk_sync_failed(void)
{
    return disk.sync_failed;
}

static void count_failed(enum disk_call call)
{
    static const enum tally_event events[DISK_CALLS] = {TALLY_FAILED_READ,     TALLY_FAILED_WRITE, TALLY_FAILED_SYNC,
                                                        TALLY_FAILED_TRUNCATE, TALLY_FAILED_MAP,   TALLY_FAILED_OPEN,
                                                        TALLY_FAILED_NAME};
    tally_add(events[call]);
    trace("  disk: call %d fails", (int)call);
}

enum disk_fault disk_meet(enum disk_call call)
{
    trace_number((uint64_t)call);
    if (disk.stopped)
        return DISK_STOP;
    bool counts = disk.fault != DISK_NO_FAULT && (disk.call == call || disk.call == DISK_ANY);
    if (!counts || --disk.nth > 0)
        return DISK_NO_FAULT;
    enum disk_fault fault = disk.fault;
    disk.fault = DISK_NO_FAULT;
    disk.error = EIO;
    errno = EIO;
    if (fault == DISK_STOP) {
        disk.stopped = true;
        tally_add(TALLY_CUT_WITHIN);
        trace("  disk: the process ends within call %d", (int)call);
    } else if (fault == DISK_EIO) {
        disk.failures++;
        disk.breaks++;
        count_failed(call);
    }
    return fault;
}

/* A cache that a failed sync left doubtful may be dropped while nobody looks. */
static void restart_node(struct disk_node *node)
{
    if (node->doubtful && chance_in(&disk.chance, 500)) {
        disk_node_evict(node);
        tally_add(TALLY_EVICTED);
    }
}

void disk_restart(bool power)
{
    disk.process++;
    disk.stopped = disk.sync_failed = false;
    disk.failures = disk.breaks = 0;
    disk.fault = DISK_NO_FAULT;
    disk_unlock_all();
    if (power) {
        disk_power_cut();
        disk_names_cut();
        return;
    }
    for (size_t i = 0; i < DISK_NODES; i++) {
        if (disk.nodes[i].used)
            restart_node(&disk.nodes[i]);
    }
}
