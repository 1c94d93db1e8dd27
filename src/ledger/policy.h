/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust policies of transparency logs (C2SP tlog-policy): which log, which witnesses, and which of these together are
 * a quorum. See spec/evidence.md, "Policies". Pure: reads texts and parsed notes, no files and no clock.
 * A policy owns its text, and its views point into it; it may be moved, not copied. Thread rule: any thread.
 */
#ifndef CTY_LEDGER_POLICY_H
#define CTY_LEDGER_POLICY_H

#include "ledger/note.h"

#define CTY_WITNESS_POLICY_BYTES_MAX (1024u * 1024u)
/* Witnesses and groups together; a set of them is the bits of a uint64_t. */
#define CTY_WITNESS_NODES_MAX 64

/* A witness, or a group of what was named before it. */
struct cty_policy_node {
    struct cty_bytes name; /* in this policy only; foreign octets, to be escaped where they are shown */
    bool is_group;
    struct cty_bytes vkey;     /* witness: its public line */
    struct cty_bytes key_name; /* witness: its name in notes */
    struct cty_key key;
    struct cty_bytes url; /* witness: as it stands; empty where none */
    uint32_t needed;      /* group */
    uint64_t members;     /* group: bits of earlier nodes */
    bool used;            /* is a member of a group */
};

struct cty_witness_policy {
    struct cty_buf text; /* owns what the views point into */
    struct cty_bytes origin;
    struct cty_bytes log_vkey;
    struct cty_key log_key;
    struct cty_bytes log_url;
    struct cty_policy_node nodes[CTY_WITNESS_NODES_MAX];
    uint32_t count;
    uint32_t quorum; /* index of a node; CTY_WITNESS_NODES_MAX for none */
};

/* Errors: BAD_TRUST with the line, TOO_LARGE, NO_MEMORY; then there is nothing to be done with. */
CUSTODY_MUST_USE custody_err cty_witness_policy_parse(struct cty_bytes text, struct cty_witness_policy *ret_policy,
                                                      custody_error *error);
/*
 * The same of a file that may be a policy's text or a trust file that holds one. What else a trust file holds is not
 * judged here (audit/trust.h does). Errors: those of parse.
 */
CUSTODY_MUST_USE custody_err cty_witness_policy_read(struct cty_bytes file, struct cty_witness_policy *ret_policy,
                                                     custody_error *error);
/* Whether a file is JSON, and so no policy's text: by its first byte that is no blank. */
bool cty_witness_policy_is_json(struct cty_bytes file);
void cty_witness_policy_done(struct cty_witness_policy *policy);

/* Whether a checkpoint needs any witness. */
bool cty_witness_policy_asks(const struct cty_witness_policy *policy);
/* The witnesses (no groups) that the quorum can rest on. */
uint64_t cty_witness_policy_asked(const struct cty_witness_policy *policy);

/*
 * The witnesses that cosigned this note at `from_s` (POSIX seconds; 0: whenever) or later. ret_times, where it isn't NULL,
 * has for each of them its earliest such time, and 0 for the others. A witness with a line that fails is not among them but
 * in *ret_bad (may be NULL): such a note is void (C2SP signed-note). Where memory runs out a witness counts as missing.
 */
uint64_t cty_witness_policy_cosigned(const struct cty_witness_policy *policy, const struct cty_note *note, uint64_t from_s,
                                     uint64_t ret_times[CTY_WITNESS_NODES_MAX], uint64_t *ret_bad);
/* Whether these witnesses satisfy the policy; without a quorum anything does. */
bool cty_witness_policy_met(const struct cty_witness_policy *policy, uint64_t witnesses);
/* Whether these witnesses alone are a quorum; without a quorum nobody is. */
bool cty_witness_policy_can_be_met(const struct cty_witness_policy *policy, uint64_t witnesses);
/*
 * The second by which a quorum had cosigned: the earliest time that suffices of those that `times` has for `witnesses`.
 * 0 where the policy asks for none or they are no quorum.
 */
uint64_t cty_witness_policy_time(const struct cty_witness_policy *policy, uint64_t witnesses,
                                 const uint64_t times[CTY_WITNESS_NODES_MAX]);

/*
 * Their names in the policy, parted by ", ", as a string: printable ASCII, all else escaped, and cut with "..." where `size`
 * (at least 8) is too little.
 */
void cty_witness_policy_names(const struct cty_witness_policy *policy, uint64_t nodes, size_t size, char *ret_names);

#endif
