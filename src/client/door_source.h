/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An audit's source out of a custodian's door. Its checkpoint is the client's newest: verified, and proven to extend what the
 * client's state file held. Where the client's own policy asks for witnesses that don't stand on that one yet, the newest on which they
 * do is asked for, and checked likewise (spec/audit.md, "Witnesses"). Thread rule: the client's.
 */
#ifndef CTY_CLIENT_DOOR_SOURCE_H
#define CTY_CLIENT_DOOR_SOURCE_H

#include "audit/source.h"
#include "client/client.h"

/* `client` is borrowed. With `contents`, those that its key may read are given too. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_door_source(struct cty_client *client, bool contents, struct cty_audit_source *ret_source);

#endif
