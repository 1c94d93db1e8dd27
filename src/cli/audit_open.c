/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite in write-ahead mode makes files beside a database even for a reader. What is audited is evidence, so:
 *
 *     no log, no shared memory      opened as a file that stands still; nothing is made
 *     log and shared memory         a custodian runs, or was killed; read beside it like any reader
 *     a log alone                   both are copied into a folder of our own, and the copy is read
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "cli/audit_db.h"

#define PATH_SIZE 4096

static bool join(char out[PATH_SIZE], const char *path, const char *suffix)
{
    return snprintf(out, PATH_SIZE, "%s%s", path, suffix) < PATH_SIZE;
}

/* Size of the file with this suffix; -1 where there is none. */
static long long size_of(const char *path, const char *suffix)
{
    char name[PATH_SIZE];
    struct stat status;
    return join(name, path, suffix) && stat(name, &status) == 0 ? (long long)status.st_size : -1;
}

/* --- the copy -------------------------------------------------------------------------------------------- */

static custody_err copy_bytes(int from, int to)
{
    uint8_t chunk[65536];
    for (;;) {
        ssize_t got = read(from, chunk, sizeof(chunk));
        if (got <= 0)
            return got == 0 ? CUSTODY_OK : CUSTODY_E_IO;
        CTY_TRY(cty_fd_write(to, cty_bytes_make(chunk, (size_t)got)));
    }
}

static custody_err copy_file(const char *from, const char *to, custody_error *error)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = in >= 0 ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    custody_err err = out >= 0 ? copy_bytes(in, out) : CUSTODY_E_IO;
    if (in >= 0)
        close(in);
    if (out >= 0 && close(out) != 0)
        err = CUSTODY_E_IO;
    return err == CUSTODY_OK ? err : cty_fail(error, err, "copying %s: %s", from, strerror(errno));
}

static custody_err copy_database(const char *path, struct cty_audit_file *file, custody_error *error)
{
    static const char *const suffixes[] = {"", "-wal"};
    const char *tmp = getenv("TMPDIR");
    char copy[PATH_SIZE], from[PATH_SIZE], to[PATH_SIZE];
    snprintf(file->folder, sizeof(file->folder), "%.480s/custody-audit-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(file->folder)) {
        file->folder[0] = 0;
        return cty_fail(error, CUSTODY_E_IO, "no folder can be made for a copy");
    }
    snprintf(copy, sizeof(copy), "%s/ledger.db", file->folder);
    for (size_t i = 0; i < CTY_COUNT_OF(suffixes); i++) {
        if (!join(from, path, suffixes[i]) || !join(to, copy, suffixes[i]))
            return cty_fail(error, CUSTODY_E_IO, "%s: the path is too long", path);
        CTY_TRY(copy_file(from, to, error));
    }
    return cty_store_reader_open(copy, &file->reader, error);
}

custody_err cty_audit_open(const char *path, struct cty_audit_file *ret_file, custody_error *error)
{
    long long log = size_of(path, "-wal");
    bool shared = size_of(path, "-shm") >= 0;
    if (log > 0 && !shared)
        return copy_database(path, ret_file, error);
    if (shared)
        return cty_store_reader_open(path, &ret_file->reader, error);
    return cty_store_reader_open_still(path, &ret_file->reader, error);
}

void cty_audit_close(struct cty_audit_file *file)
{
    static const char *const suffixes[] = {"/ledger.db", "/ledger.db-wal", "/ledger.db-shm"};
    char name[PATH_SIZE];
    file->reader = cty_store_reader_close(file->reader);
    for (size_t i = 0; file->folder[0] && i < CTY_COUNT_OF(suffixes); i++) {
        if (join(name, file->folder, suffixes[i]))
            (void)unlink(name);
    }
    if (file->folder[0])
        (void)rmdir(file->folder);
    file->folder[0] = 0;
}
