/* SPDX-License-Identifier: Apache-2.0 */
/* Every limit of Custody, by name; spec/limits.md describes them (a test compares the two). */
#ifndef CTY_BASE_LIMITS_H
#define CTY_BASE_LIMITS_H

#include <stdint.h>

/* Largest whole number in a statement: 2^53 - 1. */
#define CTY_NUMBER_MAX ((uint64_t)9007199254740991)

/* Statements and entries, in bytes. */
#define CTY_STATEMENT_BYTES_MAX 48000u
#define CTY_ENTRY_BYTES_MAX 65535u
#define CTY_ENVELOPE_BYTES_MAX 65535u
#define CTY_STATEMENT_DEPTH_MAX 8u
#define CTY_STATEMENT_NODES_MAX 4096u

/* Names, in bytes. */
#define CTY_ORIGIN_BYTES_MAX 200u
#define CTY_PARTY_NAME_BYTES_MAX 63u
#define CTY_ACTOR_NAME_BYTES_MAX 127u
#define CTY_ROLE_BYTES_MAX 32u
#define CTY_WORD_BYTES_MAX 128u
#define CTY_GLOB_BYTES_MAX 128u
#define CTY_LINK_BYTES_MAX 512u
#define CTY_FACT_TEXT_BYTES_MAX 256u
#define CTY_KEY_NAME_BYTES_MAX 255u

/* Key files. */
#define CTY_KEY_FILE_BYTES_MAX 4096u
#define CTY_PASSPHRASE_OPS_MAX 10u
#define CTY_PASSPHRASE_MEMORY_BYTES_MAX (1024u * 1024u * 1024u)

/* How many. */
#define CTY_SIGNERS_MAX 8u
#define CTY_ROLES_MAX 16u
#define CTY_ADMINS_MAX 7u
#define CTY_RULES_MAX 64u
#define CTY_RULE_ROLES_MAX 8u
#define CTY_RULE_PARTIES_MAX 8u
#define CTY_APPROVALS_MAX 16u
#define CTY_DECISIONS_MAX 64u
#define CTY_FACTS_MAX 16u
#define CTY_LINKS_MAX 8u
#define CTY_BEHALF_MAX 8u
#define CTY_READERS_MAX 8u
#define CTY_ANCESTRY_MAX 64u
#define CTY_PATCHES_MAX 64u
#define CTY_POLICIES_MAX 3u

/* Contents. */
#define CTY_BLOB_BYTES_MAX (1024u * 1024u)
#define CTY_BLOBS_PER_STATEMENT_MAX 8u
#define CTY_PAYLOAD_DEPTH_MAX 32u
#define CTY_PAYLOAD_NODES_MAX 65536u
#define CTY_PATCH_OPERATIONS_MAX 1024u

/* Times, in milliseconds. */
#define CTY_DECIDE_MS_DEFAULT ((uint64_t)24 * 3600 * 1000)
#define CTY_USE_MS_DEFAULT ((uint64_t)3600 * 1000)
#define CTY_REPORT_MS_DEFAULT ((uint64_t)24 * 3600 * 1000)
#define CTY_PERIOD_MS_MAX ((uint64_t)366 * 24 * 3600 * 1000)
#define CTY_CLOCK_STEP_MS_MAX ((uint64_t)60 * 1000)

/* Doors. */
#define CTY_MESSAGE_BYTES_MAX (4u * 1024u * 1024u)
#define CTY_MESSAGE_DEPTH_MAX 64u
#define CTY_BATCH_MAX 64u
#define CTY_WAIT_MS_MAX 25000u
#define CTY_ENTRIES_PER_ANSWER_MAX 256u
#define CTY_LIST_MAX 256u
#define CTY_PROOF_HASHES_MAX 63u
#define CTY_NOTE_BYTES_MAX (64u * 1024u)
#define CTY_NOTE_SIGNATURES_MAX 100u
#define CTY_RECEIPT_EXTRA_BYTES_MAX (48u * 1024u)
#define CTY_EVIDENCE_BYTES_MAX (256u * 1024u * 1024u)

#endif
