/* SPDX-License-Identifier: Apache-2.0 */
/* Who is enrolled: from key files or public lines on the command line to enrolments in a statement. */
#ifndef CTY_CLI_NEWCOMER_H
#define CTY_CLI_NEWCOMER_H

#include "cli/cli.h"
#include "client/draft.h"

/* One who comes new. Zero-initialise, then cty_newcomer_done; the enrolment borrows from it. */
struct cty_newcomer {
    const struct cty_secret *secret; /* NULL where only the public line is here, for a draft */
    struct cty_buf key;
    struct cty_buf sealing_key;
    struct cty_bytes name;
};
void cty_newcomer_done(struct cty_newcomer *newcomer);

/* `word` is a key file, or a public line. Errors: those of a key file; BAD_KEY, BAD_MEMBER for the name. */
CUSTODY_MUST_USE custody_err cty_newcomer_load(struct cty_cli *cli, const char *word, struct cty_newcomer *newcomer);

/* Fills in actor, key, sealing key, kind; for a person a random id. */
void cty_newcomer_enrol(const struct cty_newcomer *newcomer, enum cty_actor_kind kind,
                        struct cty_enrolment *ret_enrolment);

/*
 * Newcomers of a list option as the admins of a new party: persons with the roles "admin" and "approver", or those of
 * --role. Their names go with the statement, from --name in the same order. `draft` has its first signer already.
 */
struct cty_founders {
    struct cty_newcomer newcomers[CTY_ADMINS_MAX];
    uint32_t count;
};
void cty_founders_done(struct cty_founders *founders);
CUSTODY_MUST_USE custody_err cty_founders_load(struct cty_cli *cli, const char *option, uint32_t max,
                                               struct cty_founders *founders);
CUSTODY_MUST_USE custody_err cty_founders_enrol(struct cty_cli *cli, const struct cty_founders *founders,
                                                struct cty_draft *draft, struct cty_enrolment *admins);

/* Adds a signer who may have no secret here: then only a draft can be made. */
CUSTODY_MUST_USE custody_err cty_add_signer(struct cty_cli *cli, struct cty_draft *draft, struct cty_bytes signer,
                                            const struct cty_secret *secret);
/* --admin (keys) and then --cosigner (names) as signers. */
CUSTODY_MUST_USE custody_err cty_add_admins(struct cty_cli *cli, struct cty_draft *draft);
/* The names of a list option, each of this grammar. Errors: USAGE. */
CUSTODY_MUST_USE custody_err cty_names_option(struct cty_cli *cli, const char *option, enum cty_text grammar,
                                              uint32_t max, struct cty_names *ret_names);

/* Signs what can be signed here, then writes the draft file of --draft or submits; fills the page. */
CUSTODY_MUST_USE custody_err cty_finish_draft(struct cty_cli *cli, struct cty_client *client, struct cty_draft *draft);
/* How long a statement may be taken: --good-for, by default a day for a draft. */
CUSTODY_MUST_USE custody_err cty_set_until(struct cty_cli *cli, struct cty_draft *draft);

/* Options that every command with several signers has, without their end. */
#define CTY_COSIGN_OPTIONS                                                                             \
    {"admin", 'a', CTY_OPT_LIST, "KEY", "an admin's key file; once for each who signs here"},          \
        {"cosigner", 0, CTY_OPT_LIST, "NAME", "an admin who signs elsewhere; with --draft"},           \
        {"draft", 'd', CTY_OPT_TEXT, "FILE", "write a draft for 'custody sign' instead of submitting"}, \
        {"good-for", 0, CTY_OPT_TEXT, "PERIOD", "how long it may be submitted (10m; 1d for a draft)"}

#endif
