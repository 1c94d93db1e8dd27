/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The quiet one. Each pace it submits a request; beside that, in turn: it looks at its cases by the session that it
 * opened before the flood, asks for news right behind its own request (there is some, so that it never waits), stages a
 * content and uses it with its next request, opens one more session, comes by a new connection. All of it is far within
 * what an actor may, so all of it has to succeed.
 */
#include "flood.h"

#include <stdlib.h>

#include "base/check.h"

#define CONTENT "{\"amount\":7,\"order\":\"o-7\",\"reason\":\"as every day\"}"
#define SAMPLES_MAX ((size_t)FLOOD_SECONDS_MAX * 1000 / FLOOD_PACE_MS + 16)
/* One of each a round. */
enum chore { LOOK = 1, STAGE = 3, OPEN = 5, NEWS = 7, COME_ANEW = 9, ROUND = 10 };

static double time_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

double flood_percentile(double *times, size_t count, unsigned percent)
{
    if (count == 0)
        return 0;
    qsort(times, count, sizeof(*times), compare);
    return times[count * percent / 100];
}

/* ---- one call ---- */

/* Whoever finds its connection closed comes again, as a client does; that the call was lost is counted. */
static void lose(struct flood_quiet *quiet)
{
    quiet->lost++;
    quiet->reader.code = CUSTODY_E_UNREACHABLE;
    flood_line_close(&quiet->line);
}

static void come(struct flood_quiet *quiet)
{
    uint64_t until = now_ms() + FLOOD_PATIENCE_MS;
    while (quiet->line.fd < 0 && !flood_line_open(&quiet->line, quiet->house->url) && now_ms() < until)
        pause_ms(1);
}

/* The text under `text`. The code, and how long it took. */
static custody_err ask(struct flood_quiet *quiet, enum cty_rpc rpc, double *ret_ms)
{
    come(quiet);
    double began = time_ms();
    quiet->tally.said++;
    if (!flood_line_ask(&quiet->line, cty_buf_bytes(&quiet->text), FLOOD_PATIENCE_MS, &quiet->reply)) {
        lose(quiet);
        return CUSTODY_E_UNREACHABLE;
    }
    *ret_ms = time_ms() - began;
    flood_read(&quiet->reader, &quiet->tally, &quiet->receipts, rpc, cty_buf_bytes(&quiet->reply));
    return quiet->reader.code;
}

static custody_err call(struct flood_quiet *quiet, enum cty_rpc rpc, const struct cty_rpc_params *params, double *ret_ms)
{
    cty_buf_clear(&quiet->text);
    flood_put_call(&quiet->text, rpc, params);
    return ask(quiet, rpc, ret_ms);
}

/* ---- what it does ---- */

static void submit(struct flood_quiet *quiet)
{
    const struct flood_request request = {.seen = &quiet->seen, .secret = quiet->secret, .action = "one",
                                          .content = CTY_LITERAL(CONTENT),
                                          .staged_id = quiet->staged ? quiet->staged_id : NULL};
    double took = 0;
    cty_buf_clear(&quiet->text);
    flood_put(&quiet->text, &request);
    quiet->staged = false;
    if (ask(quiet, CTY_RPC_SUBMIT, &took) == CUSTODY_OK && quiet->submits < SAMPLES_MAX)
        quiet->submits_ms[quiet->submits++] = took;
}

static void take_read(struct flood_quiet *quiet, double took)
{
    if (quiet->reader.code == CUSTODY_OK && quiet->reads < SAMPLES_MAX)
        quiet->reads_ms[quiet->reads++] = took;
}

static void look(struct flood_quiet *quiet)
{
    const struct cty_rpc_params params = {.session = {quiet->session, true},
                                          .u.case_list = {.limit = 8, .mine = CTY_MINE_REQUESTER}};
    double took = 0;
    call(quiet, CTY_RPC_CASE_LIST, &params, &took);
    take_read(quiet, took);
}

/* Of its newest request, which nobody has told it of. */
static void ask_for_news(struct flood_quiet *quiet)
{
    if (quiet->receipts.count == 0)
        return;
    uint64_t index = quiet->receipts.all[quiet->receipts.count - 1].index;
    const struct cty_rpc_params params = {.session = {quiet->session, true},
                                          .u.case_news = {.known = index - 1, .limit = 8, .mine = CTY_MINE_REQUESTER}};
    double took = 0;
    call(quiet, CTY_RPC_CASE_NEWS, &params, &took);
    take_read(quiet, took);
}

static void stage(struct flood_quiet *quiet)
{
    double took;
    cty_random(quiet->staged_id, sizeof(quiet->staged_id));
    cty_buf_clear(&quiet->text);
    flood_put_stage(&quiet->text, &quiet->session, quiet->secret, quiet->staged_id, CTY_LITERAL(CONTENT));
    quiet->staged = ask(quiet, CTY_RPC_BLOB_STAGE, &took) == CUSTODY_OK;
}

static bool open_session(struct flood_quiet *quiet, struct cty_hash *ret_session)
{
    double took;
    if (call(quiet, CTY_RPC_SESSION_CHALLENGE, NULL, &took) != CUSTODY_OK)
        return false;
    cty_buf_clear(&quiet->text);
    flood_put_claim(&quiet->text, quiet->house, quiet->secret, quiet->reader.result.session_challenge.server_nonce);
    if (ask(quiet, CTY_RPC_SESSION_OPEN, &took) != CUSTODY_OK)
        return false;
    *ret_session = quiet->reader.result.session_open.session;
    return true;
}

/* One that is kept, and one that is closed again, so that its own share is never what it meets. */
static void open_and_close(struct flood_quiet *quiet)
{
    struct cty_rpc_params params = {.session.present = true};
    double took;
    if (open_session(quiet, &params.session.hash))
        call(quiet, CTY_RPC_SESSION_CLOSE, &params, &took);
}

static void do_chore(struct flood_quiet *quiet, uint64_t number)
{
    switch (number % ROUND) {
    case LOOK:
        look(quiet);
        break;
    case STAGE:
        stage(quiet);
        break;
    case OPEN:
        open_and_close(quiet);
        break;
    case NEWS:
        ask_for_news(quiet);
        break;
    case COME_ANEW:
        flood_line_close(&quiet->line);
        break;
    default:
        break;
    }
}

static void *be_quiet(void *context)
{
    struct flood_quiet *quiet = context;
    uint64_t next = now_ms();
    for (; !atomic_load(&quiet->over); quiet->count++) {
        submit(quiet);
        do_chore(quiet, quiet->count);
        atomic_fetch_add(&quiet->rounds, quiet->count % ROUND == ROUND - 1 ? 1 : 0);
        next = next + FLOOD_PACE_MS > now_ms() ? next + FLOOD_PACE_MS : now_ms();
        while (now_ms() < next && !atomic_load(&quiet->over))
            pause_ms(2);
    }
    return NULL;
}

/* ---- its life ---- */

void flood_quiet_begin(struct flood *f)
{
    struct flood_quiet *quiet = &f->quiet;
    quiet->house = f->house;
    quiet->secret = house_secret(f->house, "globex/quiet");
    quiet->seen = f->seen;
    quiet->line.fd = -1;
    quiet->text.limit = CTY_MESSAGE_BYTES_MAX;
    quiet->reply.limit = CTY_REPLY_BYTES_MAX;
    quiet->submits_ms = cty_alloc(SAMPLES_MAX, sizeof(double));
    quiet->reads_ms = cty_alloc(SAMPLES_MAX, sizeof(double));
    must_be(quiet->submits_ms != NULL && quiet->reads_ms != NULL);
    must_be(open_session(quiet, &quiet->session));
    submit(quiet);
    must_be(quiet->submits == 1);
    quiet->submits = 0; /* the first one of a connection counts for nobody */
}

void flood_quiet_start(struct flood *f)
{
    must_be(pthread_create(&f->quiet.thread, NULL, be_quiet, &f->quiet) == 0);
}

void flood_quiet_stop(struct flood *f)
{
    atomic_store(&f->quiet.over, true);
    pthread_join(f->quiet.thread, NULL);
}

bool flood_quiet_finds_it_serving(struct flood *f)
{
    struct flood_quiet *quiet = &f->quiet;
    double took;
    flood_line_close(&quiet->line);
    return call(quiet, CTY_RPC_INFO, NULL, &took) == CUSTODY_OK && quiet->reader.result.info.state == CTY_SERVING;
}

void flood_quiet_done(struct flood_quiet *quiet)
{
    flood_line_done(&quiet->line);
    cty_rpc_done(&quiet->reader.message);
    cty_buf_done(&quiet->text);
    cty_buf_done(&quiet->reply);
    free(quiet->receipts.all);
    free(quiet->submits_ms);
    free(quiet->reads_ms);
}
