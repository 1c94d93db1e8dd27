/* SPDX-License-Identifier: Apache-2.0 */
/* One call and one result of every method, with all their members. */
#ifndef CTY_TESTS_PROTO_SAMPLES_H
#define CTY_TESTS_PROTO_SAMPLES_H

#include "proto/rpc.h"

struct cty_rpc_call sample_call(enum cty_rpc rpc);
void sample_result(enum cty_rpc rpc, union cty_rpc_result *ret_result);

#endif
