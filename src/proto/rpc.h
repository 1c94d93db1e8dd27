/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON-RPC 2.0 as Custody speaks it (spec/wire.md): messages with calls, read by the custodian and written by
 * clients; answers, the other way round. One table of shapes serves both ends.
 *
 * Owns: a message's tape and the texts whose escapes it resolved. Never: looks into envelopes, entries or
 * contents. Thread rule: a message belongs to one thread at a time.
 *
 *     custodian   cty_rpc_open -> for each call cty_rpc_call_read -> ... -> cty_rpc_answers_put_...
 *     client      cty_rpc_call_write -> ... -> cty_rpc_open -> for each answer cty_rpc_answer_read
 */
#ifndef CTY_PROTO_RPC_H
#define CTY_PROTO_RPC_H

#include "proto/rpc_shapes.h"

/* A scanned message. Zero-initialise, then cty_rpc_done; reusable. Borrows from the text it was opened from. */
struct cty_rpc_message {
    struct cty_json json;
    struct cty_buf sorted;  /* RFC 8785 form, where the text had members in another order */
    struct cty_buf strings; /* values of strings that had escapes */
    bool batch;
    uint32_t count;         /* calls or answers */
};
void cty_rpc_done(struct cty_rpc_message *message);

/*
 * Scans a message of at most `nodes_max` values: one object, or a batch of 1 to CTY_BATCH_MAX.
 * Errors: those of cty_json_scan; BAD_RPC for a scalar and an empty batch; TOO_LARGE for a batch; NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_rpc_open(struct cty_rpc_message *message, struct cty_bytes text,
                                          uint32_t nodes_max, custody_error *error);
/* The calls or answers in order: the first, then the one after `item`; NULL at the end. Borrowed. */
const struct cty_json_node *cty_rpc_first(const struct cty_rpc_message *message);
const struct cty_json_node *cty_rpc_next(const struct cty_rpc_message *message, const struct cty_json_node *item);

/* The id of a call. Zero-initialised it is null. */
struct cty_rpc_id {
    enum { CTY_RPC_ID_NULL, CTY_RPC_ID_NUMBER, CTY_RPC_ID_TEXT } kind;
    uint64_t number;
    struct cty_bytes text; /* borrowed */
};

/* A call, decoded. Borrows from the message. */
struct cty_rpc_call {
    struct cty_rpc_id id; /* also where the rest is refused, if it could be read */
    enum cty_rpc rpc;
    struct cty_rpc_params params;
};
/* Errors, in this order: BAD_RPC, METHOD_UNKNOWN, BAD_PARAMS. */
CUSTODY_MUST_USE custody_err cty_rpc_call_read(const struct cty_rpc_message *message,
                                               const struct cty_json_node *item, struct cty_rpc_call *ret_call,
                                               custody_error *error);
/* Appends the RFC 8785 text of a call. Errors: TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_rpc_call_write(const struct cty_rpc_call *call, struct cty_buf *out);

/* Why a call was refused, as answers carry it. */
struct cty_rpc_failure {
    custody_err code;
    struct cty_bytes detail;
    uint64_t retry_after_ms;  /* 0: not said */
    struct cty_bytes refusal; /* the clerk's signed envelope; data NULL: none */
};
/* The number in `error.code`. */
int cty_rpc_number(custody_err code);

/*
 * Writes the answer to one message: a single answer, or an array of them. Each put appends a whole answer or
 * nothing, so that after TOO_LARGE another, smaller one may stand in its place.
 */
struct cty_rpc_answers {
    struct cty_buf *out;
    bool batch;
    uint32_t count;
};
CUSTODY_MUST_USE custody_err cty_rpc_answers_begin(struct cty_rpc_answers *answers, bool batch, struct cty_buf *out);
CUSTODY_MUST_USE custody_err cty_rpc_answers_end(struct cty_rpc_answers *answers);
/* Errors: TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_rpc_answers_put_result(struct cty_rpc_answers *answers,
                                                        const struct cty_rpc_id *id, enum cty_rpc rpc,
                                                        const union cty_rpc_result *result);
CUSTODY_MUST_USE custody_err cty_rpc_answers_put_failure(struct cty_rpc_answers *answers,
                                                         const struct cty_rpc_id *id,
                                                         const struct cty_rpc_failure *failure);

/* An answer, decoded. Borrows from the message. */
struct cty_rpc_answer {
    struct cty_rpc_id id;
    bool failed;
    struct cty_rpc_failure failure;
    const struct cty_json_node *result; /* NULL where failed; for cty_rpc_list */
};
/*
 * Reads an answer to a call of method `rpc`; *ret_result is filled where it did not fail. A code that is not
 * known here reads as INTERNAL. Errors: BAD_RPC for what is no answer to that method.
 */
CUSTODY_MUST_USE custody_err cty_rpc_answer_read(const struct cty_rpc_message *message,
                                                 const struct cty_json_node *item, enum cty_rpc rpc,
                                                 struct cty_rpc_answer *ret_answer,
                                                 union cty_rpc_result *ret_result, custody_error *error);
/*
 * The array `name` of an answer's result, to be walked with cty_json_first and cty_json_after over
 * message->json; NULL where there is none. Texts in it have their escapes resolved. Borrowed.
 */
const struct cty_json_node *cty_rpc_list(const struct cty_rpc_message *message, const struct cty_rpc_answer *answer,
                                         const char *name);

#endif
