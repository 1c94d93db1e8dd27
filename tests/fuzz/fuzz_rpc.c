/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON-RPC messages, as a custodian reads calls and a client reads answers. What must hold for any input: a call that
 * is taken, written and read again, is written the same; an answer read as any method's neither crashes nor is taken
 * with an unknown member; refusals say why.
 */
#include <stdint.h>

#include "base/check.h"
#include "proto/rpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cty_rpc_message message, message_again;
static struct cty_rpc_call call, call_again;
static struct cty_rpc_answer answer;
static union cty_rpc_result result;

static void write_call(const struct cty_rpc_call *which, struct cty_buf *out)
{
    cty_buf_clear(out);
    CTY_CHECK(cty_rpc_call_write(which, out) == CUSTODY_OK);
}

static void check_call(void)
{
    struct cty_buf first = CTY_BUF_INIT(SIZE_MAX / 2), second = CTY_BUF_INIT(SIZE_MAX / 2);
    write_call(&call, &first);
    CTY_CHECK(cty_rpc_open(&message_again, cty_buf_bytes(&first), CTY_PAYLOAD_NODES_MAX, NULL) == CUSTODY_OK);
    CTY_CHECK(!message_again.batch && message_again.count == 1);
    CTY_CHECK(cty_rpc_call_read(&message_again, cty_rpc_first(&message_again), &call_again, NULL) == CUSTODY_OK);
    CTY_CHECK(call_again.rpc == call.rpc);
    write_call(&call_again, &second);
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&first), cty_buf_bytes(&second)));
    cty_buf_done(&first);
    cty_buf_done(&second);
}

static void read_item(const struct cty_json_node *item)
{
    custody_error error = {0};
    custody_err err = cty_rpc_call_read(&message, item, &call, &error);
    CTY_CHECK(err == CUSTODY_OK || err == error.code);
    if (err == CUSTODY_OK)
        check_call();
    for (int rpc = 0; rpc < CTY_RPC_COUNT; rpc++) {
        err = cty_rpc_answer_read(&message, item, (enum cty_rpc)rpc, &answer, &result, NULL);
        CTY_CHECK(err == CUSTODY_OK || err == CUSTODY_E_BAD_RPC || err == CUSTODY_E_NO_MEMORY);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t items = 0;
    if (cty_rpc_open(&message, cty_bytes_make(data, size), CTY_PAYLOAD_NODES_MAX, NULL) != CUSTODY_OK)
        return 0;
    for (const struct cty_json_node *item = cty_rpc_first(&message); item; item = cty_rpc_next(&message, item)) {
        read_item(item);
        items++;
    }
    CTY_CHECK(items == message.count && items >= 1 && items <= CTY_BATCH_MAX);
    return 0;
}
