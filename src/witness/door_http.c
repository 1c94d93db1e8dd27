/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP's protocol as any submitter sees it. */
#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"
#include "witness/doors.h"
#include "witness/refusals.h"

#define THREADS 2

struct cty_witness_http {
    struct cty_witness *witness;
    struct cty_http *http;
    struct cty_refusals refusals;
};

/* --- answers ----------------------------------------------------------------------------------------------- */

static custody_err put_answer(const struct cty_witness_answer *from, struct cty_http_answer *answer)
{
    if (from->status != 200 && from->status != 409) {
        answer->retry_after_s = from->status == 503 ? 1 : 0;
        return cty_http_problem(answer, from->status, from->why, "");
    }
    answer->status = from->status;
    answer->type = from->is_size ? CTY_WITNESS_SIZE_TYPE : "text/plain; charset=utf-8";
    return cty_buf_put_bytes(&answer->body, cty_buf_bytes(&from->body));
}

static custody_err submit(struct cty_witness_http *door, const struct cty_http_request *request,
                          struct cty_http_answer *answer)
{
    CTY_CLEANUP(cty_witness_answer_done) struct cty_witness_answer made = {.status = 0};
    /* Looked at first: behind a proxy all have one address, and nobody there may keep a log from its cosignature. */
    cty_witness_add_checkpoint(door->witness, request->body, &made);
    if (!cty_refusals_count(&door->refusals, request->peer.bytes, made.status))
        return put_answer(&made, answer);
    answer->retry_after_s = CTY_WITNESS_REFUSALS_S;
    return cty_http_problem(answer, 429, CUSTODY_E_QUOTA, "too much from there was refused");
}

/* "/<64 hex>/checkpoint" */
static bool monitor_path(const char *path, struct cty_hash *ret_digest)
{
    size_t hex = 2 * (size_t)CTY_HASH_SIZE;
    return strlen(path) == 1 + hex + strlen("/checkpoint") && path[0] == '/' && strcmp(path + 1 + hex, "/checkpoint") == 0 &&
           cty_hex_parse_into(cty_bytes_make(path + 1, hex), ret_digest->bytes, CTY_HASH_SIZE) == CUSTODY_OK;
}

static custody_err monitor(struct cty_witness_http *door, const struct cty_hash *digest, struct cty_http_answer *answer)
{
    CTY_CLEANUP(cty_witness_answer_done) struct cty_witness_answer made = {.status = 0};
    cty_witness_checkpoint(door->witness, digest, &made);
    if (made.status == 200)
        answer->cache = CTY_HTTP_SHORT;
    return put_answer(&made, answer);
}

static custody_err answer(void *user, const struct cty_http_request *request, struct cty_http_answer *answer)
{
    struct cty_witness_http *door = user;
    struct cty_hash digest;
    bool submits = strcmp(request->path, "/" CTY_WITNESS_SUBMIT_PATH) == 0;
    if (submits && request->method == CTY_HTTP_POST)
        return submit(door, request, answer);
    if (submits)
        return cty_http_problem_method(answer, "POST");
    if (!monitor_path(request->path, &digest))
        return cty_http_problem_code(answer, CUSTODY_E_NOT_FOUND, "");
    if (request->method == CTY_HTTP_POST)
        return cty_http_problem_method(answer, "GET, HEAD");
    return monitor(door, &digest, answer);
}

/* --- opening ----------------------------------------------------------------------------------------------- */

custody_err cty_witness_http_open(struct cty_witness *witness, const char *url, struct cty_witness_http **ret_door,
                                  custody_error *error)
{
    struct cty_witness_http *door = cty_alloc(1, sizeof(*door));
    if (!door)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    door->witness = witness;
    cty_refusals_init(&door->refusals);
    const struct cty_http_config config = {.url = url, .threads = THREADS, .body_max = CTY_ADD_CHECKPOINT_BYTES_MAX,
                                           .answer_max = CTY_NOTE_BYTES_MAX + 1, .answer = answer, .user = door};
    custody_err err = cty_http_open(&config, &door->http, error);
    if (err == CUSTODY_OK)
        *ret_door = door;
    else
        cty_witness_http_close(door);
    return err;
}

const char *cty_witness_http_url(const struct cty_witness_http *door)
{
    return cty_http_url(door->http);
}

void cty_witness_http_close(struct cty_witness_http *door)
{
    if (!door)
        return;
    cty_http_close(door->http);
    cty_refusals_done(&door->refusals);
    free(door);
}
