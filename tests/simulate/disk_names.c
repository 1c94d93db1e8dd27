/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names. src/store makes, renames and syncs names by system calls of its own: the linker leads unlink, renameat2 and
 * fsync of this program here (--wrap). What the store asks of owners, modes and locks, real files answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "simulate/disk_inner.h"
#include "simulate/tally.h"

int __real_unlink(const char *path);
int __real_renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags);
int __wrap_unlink(const char *path);
int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags);
int __wrap_fsync(int fd);

static struct disk_name *find(struct disk_names *names, const char *path)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->list[i].path, path) == 0)
            return &names->list[i];
    }
    return NULL;
}

struct disk_node *disk_find(const char *path)
{
    const struct disk_name *name = find(&disk.names, path);
    return name ? name->node : NULL;
}

static void names_changed(void)
{
    /* The oldest change reaches the journal some time. */
    if (disk.journal_count == CTY_COUNT_OF(disk.journal))
        memmove(&disk.journal[0], &disk.journal[1], --disk.journal_count * sizeof(disk.journal[0]));
    disk.journal[disk.journal_count++] = disk.names;
}

static void put(struct disk_names *names, const char *path, struct disk_node *node)
{
    struct disk_name *name = find(names, path);
    if (!name) {
        CTY_CHECK(names->count < DISK_NODES && strlen(path) < DISK_PATH);
        name = &names->list[names->count++];
        snprintf(name->path, sizeof(name->path), "%s", path);
    }
    name->node = node;
}

static void drop(struct disk_names *names, const char *path)
{
    struct disk_name *name = find(names, path);
    if (name)
        *name = names->list[--names->count];
}

void disk_name_put(const char *path, struct disk_node *node)
{
    put(&disk.names, path, node);
    names_changed();
}

void disk_name_drop(const char *path)
{
    drop(&disk.names, path);
    names_changed();
}

static bool is_named(const struct disk_node *node)
{
    for (size_t i = 0; i < disk.names.count; i++) {
        if (disk.names.list[i].node == node)
            return true;
    }
    return false;
}

static bool is_open(const struct disk_node *node)
{
    for (size_t i = 0; i < DISK_HANDLES; i++) {
        if (disk.handles[i] && disk.handles[i]->node == node)
            return true;
    }
    return false;
}

/* Nothing but `names` is left to come back to. */
static void names_are_safe(void)
{
    disk.journal[0] = disk.names;
    disk.journal_count = 1;
    for (size_t i = 0; i < DISK_NODES; i++) {
        if (disk.nodes[i].used && !is_named(&disk.nodes[i]) && !is_open(&disk.nodes[i]))
            disk_node_free(&disk.nodes[i]);
    }
}

void disk_names_sync(void)
{
    names_are_safe();
}

/* The real files follow. */
static void mirror(const struct disk_names *before)
{
    for (size_t i = 0; i < before->count; i++) {
        if (!find(&disk.names, before->list[i].path))
            (void)__real_unlink(before->list[i].path);
    }
    for (size_t i = 0; i < disk.names.count; i++) {
        int fd = open(disk.names.list[i].path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        CTY_CHECK(fd >= 0);
        close(fd);
    }
}

void disk_names_cut(void)
{
    size_t kept = chance_below(&disk.chance, disk.journal_count);
    struct disk_names before = disk.names;
    for (size_t i = kept + 1; i < disk.journal_count; i++)
        tally_add(TALLY_NAMES_LOST);
    disk.names = disk.journal[kept];
    mirror(&before);
    names_are_safe();
}

/* --- what the store calls ------------------------------------------------------------------------------------ */

static int fails(enum disk_fault fault)
{
    if (fault == DISK_NO_FAULT)
        return 0;
    errno = fault == DISK_SHORT ? ENOSPC : EIO;
    return -1;
}

int __wrap_unlink(const char *path)
{
    if (strncmp(path, disk.folder, strlen(disk.folder)) != 0)
        return __real_unlink(path);
    if (fails(disk_meet(DISK_NAME)) != 0)
        return -1;
    bool known = disk_find(path) != NULL;
    if (known)
        disk_name_drop(path);
    return __real_unlink(path) == 0 || known ? 0 : -1;
}

int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    if (fails(disk_meet(DISK_NAME)) != 0)
        return -1;
    struct disk_node *node = disk_find(from);
    if (__real_renameat2(from_folder, from, to_folder, to, flags) != 0)
        return -1;
    if (!node)
        return 0;
    drop(&disk.names, from);
    disk_name_put(to, node);
    return 0;
}

/* Only the store's folder is synced this way. */
int __wrap_fsync(int fd)
{
    (void)fd;
    if (fails(disk_meet(DISK_NAME)) != 0)
        return -1;
    disk_names_sync();
    return 0;
}
