/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for witnesses: whether the quorum of the client's own policy has cosigned a checkpoint that holds an entry
 * (spec/client.md, "Witnesses"). The custodian is asked for such checkpoints and believed in nothing: the note, the
 * proof and every cosignature are verified here.
 */
#ifndef CTY_CLIENT_WITNESSED_H
#define CTY_CLIENT_WITNESSED_H

#include "client/client.h"

/*
 * Waits, as long as the client's patience lasts, for a receipt of this entry in a checkpoint that the own policy's quorum has
 * cosigned; any that holds the entry will do. `entry` is its text; ret_receipt (may be NULL) gets the receipt. Without a
 * quorum in the policy any receipt will do.
 * Errors: NOT_WITNESSED with the names that are missing; PROOF_INVALID, those of cty_client_call and cty_client_advance.
 */
CUSTODY_MUST_USE custody_err cty_client_wait_witnessed(struct cty_client *client, uint64_t index, struct cty_bytes entry,
                                                       struct cty_buf *ret_receipt, custody_error *error);

/* As the one above, once and without waiting. */
CUSTODY_MUST_USE custody_err cty_client_look_witnessed(struct cty_client *client, uint64_t index, struct cty_bytes entry,
                                                       struct cty_buf *ret_receipt, custody_error *error);

#endif
