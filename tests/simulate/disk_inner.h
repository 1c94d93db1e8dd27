/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the disk. */
#ifndef CTY_TESTS_SIMULATE_DISK_INNER_H
#define CTY_TESTS_SIMULATE_DISK_INNER_H

#include <sqlite3.h>

#include "simulate/disk.h"

#define DISK_NODES 16
#define DISK_PATH 256
#define DISK_HANDLES 32
#define DISK_MAPS 8
#define DISK_SECTOR 512u

struct disk_image {
    uint8_t *data;
    size_t size;
    size_t room;
};

/* One write or truncate that is in the cache only. */
struct disk_pending {
    uint64_t number; /* of all files, in order */
    bool truncate;
    size_t offset; /* of a truncate: the new size */
    size_t size;
    uint8_t *data;
};

struct disk_node {
    bool used;
    bool names_due; /* the next sync makes its name safe too, as SQLite does for what it created */
    bool logged;    /* a write-ahead log, or a database that has one */
    struct disk_image cache;
    struct disk_image safe;
    struct disk_pending *pending;
    size_t pending_count, pending_room;
    bool doubtful; /* a failed sync left writes in the cache alone, and nobody will write them again */
    void *maps[DISK_MAPS];
    unsigned shared[SQLITE_SHM_NLOCK];
    bool exclusive[SQLITE_SHM_NLOCK];
};

struct disk_name {
    char path[DISK_PATH];
    struct disk_node *node;
};

struct disk_names {
    struct disk_name list[DISK_NODES];
    size_t count;
};

struct disk_handle {
    sqlite3_file base;
    struct disk_node *node;
    uint64_t process;
    int level;
    uint8_t shared, exclusive; /* locks of the log's index, a bit each */
    bool maps;
    bool ledger; /* the database or its log, not one that is being made */
};

struct disk {
    const char *folder;
    struct chance chance;
    struct disk_node nodes[DISK_NODES];
    struct disk_names names;                 /* as they read */
    struct disk_names journal[64];           /* as they read after each change that is not safe; [0] is safe */
    size_t journal_count;
    struct disk_handle *handles[DISK_HANDLES];
    uint64_t process, number, changes, failures, breaks;
    enum disk_call call;
    enum disk_fault fault;
    unsigned nth;
    bool stopped, full, everything, sync_failed;
    const char *offence;
    int error; /* errno of the newest failure */
};
extern struct disk disk;

/* Counts a call; what befalls it. A process that was stopped fails in everything. */
enum disk_fault disk_meet(enum disk_call call);

/* disk_node.c */
struct disk_node *disk_node_new(void);
void disk_node_free(struct disk_node *node);
void disk_node_write(struct disk_node *node, const void *data, size_t size, size_t offset);
void disk_node_truncate(struct disk_node *node, size_t size);
/* All that is pending is safe. */
void disk_node_sync(struct disk_node *node);
/* Some of it is; the rest stays in the cache for as long as that lasts. */
void disk_node_sync_badly(struct disk_node *node);
/* The cache is read from the disk again. */
void disk_node_evict(struct disk_node *node);
void disk_power_cut(void);

/* disk_names.c */
struct disk_node *disk_find(const char *path);
void disk_name_put(const char *path, struct disk_node *node);
void disk_name_drop(const char *path);
void disk_names_sync(void);
void disk_names_cut(void);

/* disk_vfs.c */
void disk_vfs_install(void);
void disk_unlock_all(void);

#endif
