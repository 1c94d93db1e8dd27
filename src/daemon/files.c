/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/files.h"

#include <errno.h>
#include <sys/resource.h>

#include "base/check.h"

/* The database with its log and its readers, keys, nng's own, doors, descriptors that were inherited. */
#define FILES_OF_OURS 64u
#define FILES_PER_WORKER 8u

uint64_t cty_files_needed(const struct cty_config *config)
{
    uint64_t doors = config->publish_count ? 2 : 1;
    return doors * config->connections + FILES_PER_WORKER * config->workers + FILES_OF_OURS;
}

custody_err cty_files_provide(const struct cty_config *config, custody_error *error)
{
    struct rlimit limit;
    rlim_t needed = (rlim_t)cty_files_needed(config);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return cty_fail(error, CUSTODY_E_INTERNAL, "getrlimit: %s", strerror(errno));
    if (limit.rlim_cur >= needed)
        return CUSTODY_OK;
    if (limit.rlim_max < needed)
        return cty_fail(error, CUSTODY_E_CONFIG,
                        "connections: %llu of them take %llu open files, and the process may have %llu; allow fewer, or "
                        "raise the hard limit (LimitNOFILE=, ulimit -Hn)",
                        (unsigned long long)config->connections, (unsigned long long)needed,
                        (unsigned long long)limit.rlim_max);
    limit.rlim_cur = needed;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return cty_fail(error, CUSTODY_E_INTERNAL, "setrlimit: %s", strerror(errno));
    return CUSTODY_OK;
}
