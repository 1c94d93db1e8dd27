/* SPDX-License-Identifier: Apache-2.0 */
/* What calls and answers share; inside src/proto only. */
#ifndef CTY_PROTO_RPC_INNER_H
#define CTY_PROTO_RPC_INNER_H

#include "proto/rpc.h"

/* A string of at most CTY_CALL_ID_BYTES_MAX bytes, or a whole number. Errors: BAD_RPC. */
CUSTODY_MUST_USE custody_err cty_rpc_id_read(const struct cty_json_node *node, struct cty_rpc_id *ret_id);
/* Writes the member `id`. */
void cty_rpc_id_write(const struct cty_rpc_id *id, struct cty_jw *jw);

#endif
