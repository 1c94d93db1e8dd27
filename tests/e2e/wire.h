/* SPDX-License-Identifier: Apache-2.0 */
/* Talking to a door without the client library: any bytes there, the answer's bytes back, nothing verified. */
#ifndef CTY_TESTS_E2E_WIRE_H
#define CTY_TESTS_E2E_WIRE_H

#include "client/draft.h"
#include "net/client.h"
#include "proto/rpc.h"

/*
 * Zero-initialise, wire_open, wire_close. The answer borrows from the reply, until the next one. A door that is gone is
 * told at once.
 */
struct wire {
    struct cty_net_client *net;
    struct cty_buf text; /* scratch for what is sent */
    struct cty_buf reply;
    struct cty_rpc_message message;
    struct cty_rpc_answer answer;
    union cty_rpc_result result;
};

void wire_open(struct wire *wire, const char *url);
void wire_close(struct wire *wire);

/* Sends the text as it is. What the transport says. */
custody_err wire_send(struct wire *wire, struct cty_bytes text);
/*
 * The code in a single answer, "ok" for a result. A failure without sentence and advice ends the program; so does
 * what is no answer.
 */
const char *wire_code(struct wire *wire, enum cty_rpc rpc);
/* Both: sends and tells the code; the transport's error where nothing came. */
const char *wire_ask(struct wire *wire, const char *text);

/* A call by its parameters. */
const char *wire_call(struct wire *wire, enum cty_rpc rpc, const struct cty_rpc_params *params);
/* Appends the text of a `submit`. */
void wire_put_submit(struct cty_buf *out, struct cty_bytes envelope, const struct cty_content *contents,
                     uint32_t count);
const char *wire_submit(struct wire *wire, struct cty_bytes envelope, const struct cty_content *contents,
                        uint32_t count);
/* Signs the draft and submits it. */
const char *wire_submit_draft(struct wire *wire, const struct cty_draft *draft);
/* A session of the secret's owner. The code where there is none. */
const char *wire_session(struct wire *wire, const char *url, const struct cty_secret *secret,
                         struct cty_hash *ret_session);

#endif
