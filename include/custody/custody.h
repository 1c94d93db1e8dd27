/* SPDX-License-Identifier: Apache-2.0 */
/* All of libcustody. */
#ifndef CUSTODY_CUSTODY_H
#define CUSTODY_CUSTODY_H

#include <custody/client.h>
#include <custody/decision.h>
#include <custody/error.h>
#include <custody/handoff.h>
#include <custody/key.h>
#include <custody/types.h>

#endif
