/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/case_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* 62 bits of the digest: an offset that is none of the file's bytes, but for one in 2^50. */
static struct flock lock_of(const struct cty_hash *case_id, short kind)
{
    uint64_t offset = 0;
    for (size_t i = 0; i < sizeof(offset); i++)
        offset = offset << 8 | case_id->bytes[i];
    return (struct flock){.l_type = kind, .l_whence = SEEK_SET, .l_start = (off_t)(offset >> 2), .l_len = 1};
}

/*
 * A lock for reading needs no right to write, and two of them go together. So each first takes one, then asks whether
 * one for writing would be refused: two who come at once both see each other, and both stand back.
 */
static custody_err take(int fd, const struct cty_hash *case_id, custody_error *error)
{
    struct flock own = lock_of(case_id, F_RDLCK);
    struct flock asked = lock_of(case_id, F_WRLCK);
    if (fcntl(fd, F_OFD_SETLK, &own) != 0 || fcntl(fd, F_OFD_GETLK, &asked) != 0)
        return cty_fail(error, CUSTODY_E_IO, "locking the key file: %s", strerrordesc_np(errno));
    if (asked.l_type == F_UNLCK)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_STATE_ILLEGAL, "another 'custody run' has this case in hand");
}

custody_err cty_case_lock(const char *key_path, const struct cty_hash *case_id, int *ret_fd, custody_error *error)
{
    int fd = open(key_path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return cty_fail(error, CUSTODY_E_IO, "opening %s: %s", key_path, strerrordesc_np(errno));
    custody_err err = take(fd, case_id, error);
    if (err == CUSTODY_OK)
        *ret_fd = fd;
    else
        close(fd);
    return err;
}
