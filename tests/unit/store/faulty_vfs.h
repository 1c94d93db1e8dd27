/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fails on command: an SQLite VFS in front of the ordinary one, made the default. Counts the calls
 * that change a disk and fails the n-th of a kind; a long write counts for each 4 KiB. For one thread.
 */
#ifndef CTY_TESTS_STORE_FAULTY_VFS_H
#define CTY_TESTS_STORE_FAULTY_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum faulty_kind {
    FAULTY_NONE,
    FAULTY_WRITE_IO,    /* a write fails with EIO */
    FAULTY_WRITE_FULL,  /* a write meets a full disk, and so do all after it */
    FAULTY_WRITE_QUOTA, /* the same with the user's quota, which SQLite reports otherwise */
    FAULTY_SHORT_WRITE, /* the disk fills in the middle of a write */
    FAULTY_SYNC         /* a sync fails */
};

/* Makes it the default VFS of this process. */
void faulty_install(void);
/* The `nth` call of the kind, from 1, fails; counts from now. */
void faulty_arm(enum faulty_kind kind, int nth);
/* Called at the beginning of each sync, on the thread that syncs, before anything is durable; NULL: nobody is. */
void faulty_at_sync(void (*hook)(void *context), void *context);
/* From here on nothing fails; whether the fault happened. */
bool faulty_disarm(void);
/* Bytes written since it was armed. */
uint64_t faulty_bytes(void);
/* Writes since it was armed, of whatever length. */
int faulty_writes(void);
/* From here on the disk says that a write may damage what lies beside it, or doesn't. */
void faulty_pads(bool pads);
/* Calls of the kind since it was armed. */
int faulty_count(void);

#endif
