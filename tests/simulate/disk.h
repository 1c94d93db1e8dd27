/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk in memory that fails as disks do, behind SQLite and behind what src/store does to names itself.
 *
 *     written --> the cache: what a process reads, and what outlives a kill
 *     synced  --> safe: what outlives a power cut
 *
 * Of what is in the cache only, a power cut keeps nothing, all, the first so many, or any sectors of any writes. A failed sync
 * leaves each write safe or not, and the next one that succeeds says nothing of them. Names follow the journal of
 * a file system: those changes are kept that came before some moment.
 *
 * Real are the folder and its files, which stand empty there so that the store sees their names, owners and modes; see
 * disk_names.c. One disk in a process, one thread.
 */
#ifndef CTY_TESTS_SIMULATE_DISK_H
#define CTY_TESTS_SIMULATE_DISK_H

#include "simulate/chance.h"

/* Calls that can fail. */
enum disk_call {
    DISK_READ,
    DISK_WRITE,
    DISK_SYNC,
    DISK_TRUNCATE,
    DISK_MAP, /* of the log's index */
    DISK_OPEN,
    DISK_NAME, /* rename, unlink, sync of the folder */
    DISK_ANY,
    DISK_CALLS
};

enum disk_fault {
    DISK_NO_FAULT,
    DISK_EIO,   /* the call fails */
    DISK_SHORT, /* a write fails in its middle: the disk is full for this once */
    DISK_STOP   /* from this call on nothing of this process reaches the disk */
};

/* Begins with an empty folder. `folder` is borrowed. */
void disk_begin(const char *folder, uint64_t seed);
void disk_end(void);

/* The n-th call of the kind from now on, from 1, meets the fault. Takes the place of what was armed before. */
void disk_arm(enum disk_call call, unsigned nth, enum disk_fault fault);
void disk_disarm(void);
/* Whether the process was stopped by DISK_STOP. */
bool disk_stopped(void);

/* Full, or not; `everything`: what overwrites needs room too. */
void disk_fill(bool full, bool everything);
bool disk_is_full(void);

/* The process has ended, whatever it had open. With `power` the cache is lost. */
void disk_restart(bool power);

/* Writes, syncs and truncates so far. */
uint64_t disk_changes(void);
/* Calls of this process that failed, or met a full disk. */
uint64_t disk_failures(void);
/* Of them, those that failed for another reason than a full disk. */
uint64_t disk_breaks(void);
/* The process ends here, as by a kill: nothing of it reaches the disk any more. */
void disk_stop(void);
/* What a custodian must never do to a disk, and did; NULL where it did nothing such. */
const char *disk_offence(void);
/* Whether a sync of the ledger failed since the start of this process. */
bool disk_sync_failed(void);

#endif
