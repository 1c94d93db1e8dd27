/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "daemon/metrics.h"
#include "daemon/tiles.h"
#include "net/http.h"

enum phase { STARTING, SERVING, STOPPING };

struct cty_health {
    struct cty_health_config config;
    struct cty_http *http;
    char *log;     /* path of the write-ahead log */
    pthread_mutex_t lock;
    enum phase phase;
    struct cty_sandbox_state sandbox;
    uint64_t started_ms;
};

/* --- what is looked up ------------------------------------------------------------------------------------- */

static uint64_t file_bytes(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

/* The second number of the file: pages that are in place. */
static uint64_t resident_bytes(int fd)
{
    char text[128] = "";
    uint64_t pages = 0;
    if (fd < 0 || pread(fd, text, sizeof(text) - 1, 0) <= 0)
        return 0;
    const char *second = strchr(text, ' ');
    if (!second || cty_u64_parse(cty_bytes_make(second + 1, strcspn(second + 1, " ")), UINT32_MAX, &pages) != CUSTODY_OK)
        return 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void look_at_doors(const struct cty_health *health, struct cty_metrics_facts *facts)
{
    struct cty_net_server_counts counts;
    cty_net_server_get_counts(health->config.server, &counts);
    facts->calls_max = health->config.calls_max;
    facts->calls = facts->calls_max > counts.calls_free ? facts->calls_max - counts.calls_free : 0;
    facts->calls_held = counts.calls_held;
    facts->waits_max = health->config.waits_max;
    facts->message_bytes = counts.bytes;
    facts->connections = counts.connections;
    facts->connections_max = health->config.connections_max;
    facts->accepted = counts.accepted;
    facts->refused = counts.refused;
    facts->reaped = counts.reaped;
    facts->broken = counts.broken;
    facts->greedy = counts.greedy;
    if (health->config.tiles)
        cty_tiles_get_counts(health->config.tiles, &facts->http);
}

static void look(struct cty_health *health, struct cty_metrics_facts *facts)
{
    struct cty_head_state now;
    uint64_t wall = cty_clock_wall(health->config.clock);
    cty_head_get(health->config.head, &now);
    facts->state = now.state;
    facts->entries = now.mark.size;
    facts->checkpoint_age_ms = wall > now.time ? wall - now.time : 0;
    facts->queue_max = health->config.queue_max;
    facts->keys_locked = health->config.keys_locked;
    facts->database_bytes = file_bytes(health->config.database);
    facts->wal_bytes = file_bytes(health->log);
    facts->resident_bytes = resident_bytes(health->config.memory_fd);
    look_at_doors(health, facts);
    pthread_mutex_lock(&health->lock);
    facts->stopping = health->phase == STOPPING;
    facts->started_ms = health->started_ms;
    facts->sandbox = health->sandbox;
    pthread_mutex_unlock(&health->lock);
}

/* --- answers ----------------------------------------------------------------------------------------------- */

static enum phase phase_of(struct cty_health *health)
{
    pthread_mutex_lock(&health->lock);
    enum phase phase = health->phase;
    pthread_mutex_unlock(&health->lock);
    return phase;
}

static custody_err say(struct cty_http_answer *answer, unsigned status, const char *words, const char *reason)
{
    answer->status = status;
    return cty_buf_putf(&answer->body, "%s%s%s\n", words, reason[0] ? ": " : "", reason);
}

/* Healthy is what answers as it should: a ledger that was closed does, too. */
static custody_err answer_health(struct cty_health *health, struct cty_http_answer *answer)
{
    struct cty_head_state now;
    enum phase phase = phase_of(health);
    if (phase != SERVING)
        return say(answer, 503, phase == STARTING ? "starting" : "stopping", "");
    cty_head_get(health->config.head, &now);
    bool good = now.state == CTY_SERVING || now.state == CTY_SERVING_CLOSED;
    return say(answer, good ? 200 : 503, cty_service_state_names[now.state], good ? "" : now.reason);
}

static custody_err answer_metrics(struct cty_health *health, struct cty_http_answer *answer)
{
    struct cty_metrics_facts facts = {.now_ms = cty_clock_wall(health->config.clock)};
    struct cty_witnesses_view view;
    look(health, &facts);
    if (health->config.witnesses) {
        cty_witnesses_get(health->config.witnesses, &view);
        facts.policy = &health->config.witnesses->trust->policy;
        facts.witnesses = &view;
    }
    answer->type = CTY_METRICS_TYPE;
    return cty_metrics_write(&facts, &answer->body);
}

static custody_err answer_request(void *user, const struct cty_http_request *request, struct cty_http_answer *answer)
{
    if (strcmp(request->path, "/healthz") == 0)
        return answer_health(user, answer);
    if (strcmp(request->path, "/metrics") == 0)
        return answer_metrics(user, answer);
    return say(answer, 404, "there are /healthz and /metrics", "");
}

/* --- opening and closing ----------------------------------------------------------------------------------- */

static custody_err prepare(struct cty_health *health, custody_error *error)
{
    if (asprintf(&health->log, "%s-wal", health->config.database) < 0) {
        health->log = NULL;
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    }
    const struct cty_http_config http = {.url = health->config.url, .connections_max = CTY_METRICS_CONNECTIONS_MAX,
                                         .requests_max = 1, .idle_ms = CTY_METRICS_MS_MAX / 2,
                                         .request_ms = CTY_METRICS_MS_MAX / 2, .plain = true,
                                         .answer = answer_request, .user = health};
    return cty_http_open(&http, &health->http, error);
}

custody_err cty_health_open(const struct cty_health_config *config, struct cty_health **ret_health, custody_error *error)
{
    struct cty_health *health = cty_alloc(1, sizeof(*health));
    if (!health)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    health->config = *config;
    CTY_CHECK(pthread_mutex_init(&health->lock, NULL) == 0);
    custody_err err = prepare(health, error);
    if (err != CUSTODY_OK) {
        cty_health_close(health);
        return err;
    }
    *ret_health = health;
    return CUSTODY_OK;
}

const char *cty_health_url(const struct cty_health *health)
{
    return cty_http_url(health->http);
}

void cty_health_serving(struct cty_health *health, const struct cty_sandbox_state *sandbox)
{
    if (!health)
        return;
    pthread_mutex_lock(&health->lock);
    health->phase = SERVING;
    health->sandbox = *sandbox;
    health->started_ms = cty_clock_wall(health->config.clock);
    pthread_mutex_unlock(&health->lock);
}

void cty_health_stopping(struct cty_health *health)
{
    if (!health)
        return;
    pthread_mutex_lock(&health->lock);
    health->phase = STOPPING;
    pthread_mutex_unlock(&health->lock);
}

void cty_health_close(struct cty_health *health)
{
    if (!health)
        return;
    cty_http_close(health->http);
    pthread_mutex_destroy(&health->lock);
    free(health->log);
    free(health);
}
