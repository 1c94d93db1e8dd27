/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator sets: a JSON file and flags over it (spec/custodyd.md, "Configuration"). Everything is checked
 * before anything is opened for writing.
 *
 * Owns its texts. Thread rule: one thread; constant after it was read.
 */
#ifndef CTY_DAEMON_CONFIG_H
#define CTY_DAEMON_CONFIG_H

#include "base/bytes.h"
#include "base/limits.h"
#include "daemon/sandbox.h"

#define CTY_CONFIG_BYTES_MAX (64u * 1024u)

/* 0 in a number means its default. */
struct cty_config {
    char *ledger;    /* path of the database */
    char *log_key;   /* paths of key files */
    char *clerk_key;
    char *next_log_key; /* for a rotation that is to come, or came; NULL: none */
    char *next_clerk_key;
    char *origin;    /* NULL: whatever ledger the database is of */
    char *listen[CTY_URLS_PER_DOOR_MAX];
    size_t listen_count;
    char *publish[CTY_URLS_PER_DOOR_MAX];
    size_t publish_count;
    char *tls_certificate; /* PEM files of the TLS doors; NULL: there are none */
    char *tls_key;
    char *tls_names[CTY_URLS_PER_DOOR_MAX]; /* addresses under which they are dialled, beside their own */
    size_t tls_names_count;
    bool development;
    bool group_access; /* the socket files are for the group as well */
    char *http;        /* http://ADDRESS:PORT of the door for readers of files; NULL: none */
    char *http_names[CTY_URLS_PER_DOOR_MAX]; /* addresses under which readers know it, where a proxy is in front */
    size_t http_names_count;
    char *metrics;     /* http://ADDRESS:PORT of this machine; NULL: no door for metrics */
    char *witnesses;   /* path of the policy or trust file that names the witnesses; NULL: there are none */
    enum cty_sandbox_mode sandbox;
    uint64_t workers;
    uint64_t queue;
    uint64_t connections;
    uint64_t calls;
    uint64_t waits;
    bool doorless; /* it opens no door, so that none has to be named */
};

/* A zeroed cty_config may be given. */
void cty_config_done(struct cty_config *config);

/*
 * Reads the file at `path` over what config holds. Paths in it are relative to its folder. Errors: CONFIG with
 * what is wrong, NOT_FOUND, IO, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_config_read(struct cty_config *config, const char *path, custody_error *error);
/* The same from a text; `folder` is what relative paths begin with, NULL for none. */
CUSTODY_MUST_USE custody_err cty_config_parse(struct cty_config *config, struct cty_bytes text, const char *folder,
                                              custody_error *error);

/* Sets a text, copied; or adds to a list of at most CTY_URLS_PER_DOOR_MAX. Errors: CONFIG, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_config_set(char **field, const char *value);
CUSTODY_MUST_USE custody_err cty_config_add(char *list[CTY_URLS_PER_DOOR_MAX], size_t *count, const char *value,
                                            custody_error *error);

/* Sets what is written "on", "off" or "require". Errors: CONFIG. */
CUSTODY_MUST_USE custody_err cty_config_set_sandbox(struct cty_config *config, const char *value, custody_error *error);

/*
 * Fills in what was left out: a door beside the database, numbers. Errors: CONFIG where something is missing, a
 * number is out of range, or an address is not acceptable.
 */
CUSTODY_MUST_USE custody_err cty_config_complete(struct cty_config *config, custody_error *error);

/* The folder of a path, in memory that the caller owns (free); NULL where memory ran out. */
char *cty_path_folder(const char *path);

#endif
