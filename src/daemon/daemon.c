/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/daemon.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "daemon/confine.h"
#include "daemon/counters.h"
#include "daemon/desk.h"
#include "daemon/facts.h"
#include "daemon/files.h"
#include "daemon/health.h"
#include "daemon/log.h"
#include "daemon/policy.h"
#include "daemon/service.h"
#include "daemon/tiles.h"

/* Statements in use beyond those that are queued: one message's worth for each call that may be under way. */
#define SUBMISSIONS_BEYOND_QUEUE 1024u

struct cty_daemon {
    struct cty_custodian custodian;
    struct cty_service service;
    struct cty_store *store;
    int failure_fd;
    int memory_fd;
    struct cty_health *health; /* NULL: none */
    struct cty_tiles *tiles;   /* NULL: none */
    struct cty_desk *desk;     /* NULL: none */
    int courier;               /* until the desk has it */
    struct cty_sandbox_state sandbox;
    /* How far the start came: what has to be undone. */
    bool has_head;
    bool has_sessions;
    bool has_waits;
    bool has_jobs;
    bool has_sequencer;
};

/* --- what the threads call --------------------------------------------------------------------------------- */

static void on_message(void *user, struct cty_net_call *call, struct cty_bytes message)
{
    struct cty_service *service = user;
    struct cty_job *job = cty_job_get(&service->jobs, service, call);
    (void)message; /* it lives as long as the call */
    if (!job) {
        cty_net_drop(call);
        return;
    }
    cty_jobs_push(&service->jobs, &job->task);
}

static void on_gone(void *user, uint64_t connection)
{
    struct cty_service *service = user;
    cty_waits_gone(&service->waits, connection);
}

static void on_committed(void *user, const struct cty_touched *cases, size_t count)
{
    struct cty_daemon *daemon = user;
    struct cty_service *service = &daemon->service;
    cty_waits_committed(&service->waits, cases, count);
    cty_desk_notify(daemon->desk);
    if (!service->publisher)
        return;
    struct cty_head_state now;
    cty_head_get(&service->head, &now);
    /* A hint: who misses it asks. */
    if (cty_net_publish(service->publisher, cty_head_note(&now)) != CUSTODY_OK)
        cty_log(CTY_LOG_WARNING, "publish", "code", "s", "no-memory", NULL);
}

static void on_told(void *user)
{
    struct cty_daemon *daemon = user;
    cty_jobs_push_decided(&daemon->service);
}

static void on_cosigned(void *user)
{
    struct cty_daemon *daemon = user;
    cty_sequencer_nudge(&daemon->service.sequencer);
}

static void on_failed(void *user)
{
    struct cty_daemon *daemon = user;
    uint64_t one = 1;
    if (write(daemon->failure_fd, &one, sizeof(one)) < 0)
        cty_log(CTY_LOG_ERROR, "failure", "detail", "s", "nobody could be told", NULL);
}

/* --- start ------------------------------------------------------------------------------------------------- */

static custody_err check_origin(const struct cty_daemon_options *options, struct cty_bytes origin,
                                custody_error *error)
{
    if (options->config->origin && !cty_bytes_is(origin, options->config->origin))
        return cty_fail(error, CUSTODY_E_CONFIG, "the database is of ledger %.*s", (int)origin.size,
                        (const char *)origin.data);
    return CUSTODY_OK;
}

/* Everything that a database has to say, from one snapshot. */
static custody_err read_ledger(struct cty_custodian *custodian, struct cty_head *head,
                               const struct cty_daemon_options *options, struct cty_store_reader *reader,
                               custody_error *error)
{
    struct cty_bytes origin = cty_store_origin(reader);
    struct cty_custodian_secrets secrets = {.log = options->log, .clerk = options->clerk,
                                            .next_log = options->next_log, .next_clerk = options->next_clerk};
    CTY_TRY(check_origin(options, origin, error));
    CTY_TRY(cty_custodian_init(custodian, origin, &secrets, options->config->development, error));
    if (options->clock)
        custodian->clock = *options->clock;
    return cty_facts_read(reader, custodian, head, error);
}

static custody_err open_store(struct cty_daemon *daemon, const struct cty_daemon_options *options, custody_error *error)
{
    const char *path = options->config->ledger;
    return options->restored ? cty_store_open_restored(path, *options->restored, &daemon->store, error)
                             : cty_store_open(path, &daemon->store, error);
}

static custody_err open_ledger(struct cty_daemon *daemon, const struct cty_daemon_options *options,
                               custody_error *error)
{
    CTY_TRY(open_store(daemon, options, error));
    /* Nobody else writes, so no transaction is needed, and none could be begun on a full disk. */
    custody_err err = read_ledger(&daemon->custodian, &daemon->service.head, options, cty_store_view(daemon->store),
                                  error);
    cty_gauge_set(CTY_GAUGE_STAGED_BYTES, cty_store_staged_bytes(daemon->store));
    daemon->service.custodian = &daemon->custodian;
    return err;
}

/*
 * R16: what the witnesses have seen comes before the next entry. Whether a person has just said how much there is, and the
 * database holds that: then who does not answer is not waited for.
 */
static bool wait_for_witnesses(struct cty_daemon *daemon, const struct cty_daemon_options *options)
{
    struct cty_head *head = &daemon->service.head;
    struct cty_head_state now;
    cty_head_get(head, &now);
    if (cty_witness_policy_asks(&options->trust->policy))
        cty_head_put_service(head, CTY_SERVING_WITNESSES, "its witnesses are asked what they have seen");
    return options->restored && *options->restored == now.mark.size;
}

static custody_err open_witnesses(struct cty_daemon *daemon, const struct cty_daemon_options *options,
                                  custody_error *error)
{
    struct cty_service *service = &daemon->service;
    if (!options->trust)
        return CUSTODY_OK;
    CTY_TRY(cty_policy_check(options->trust, daemon->custodian.origin, error));
    CTY_TRY(cty_witnesses_new(options->trust, &service->witnesses));
    CTY_TRY(cty_witnesses_load(service->witnesses, cty_store_view(daemon->store), error));
    bool promised = wait_for_witnesses(daemon, options);
    struct cty_desk_config desk = {.promised = promised, .witnesses = service->witnesses,
                                   .custodian = &daemon->custodian, .head = &service->head,
                                   .path = options->config->ledger, .courier = daemon->courier,
                                   .cosigned = on_cosigned, .user = daemon};
    daemon->courier = -1;
    return cty_desk_open(&desk, &daemon->desk, error);
}

static custody_err start_sequencer(struct cty_daemon *daemon, const struct cty_daemon_options *options,
                                   custody_error *error)
{
    struct cty_service *service = &daemon->service;
    struct cty_sequencer_config config = {.store = daemon->store, .custodian = &daemon->custodian,
                                          .head = &service->head, .queue_max = options->config->queue,
                                          .witnesses = service->witnesses,
                                          .key_changes = &service->key_changes,
                                          .committed = on_committed, .told = on_told, .failed = on_failed,
                                          .user = daemon};
    custody_error clock = {0};
    if (cty_clock_guard_begin(&config.guard, &daemon->custodian.clock, cty_head_time(&service->head),
                              options->confirm_clock, &clock) != CUSTODY_OK)
        cty_head_put_service(&service->head, CTY_SERVING_CLOCK, clock.detail);
    daemon->has_sequencer = true;
    CTY_TRY(cty_sequencer_init(&service->sequencer, &config));
    return cty_sequencer_start(&service->sequencer, error);
}

static custody_err start_workers(struct cty_daemon *daemon, const struct cty_daemon_options *options,
                                 custody_error *error)
{
    struct cty_service *service = &daemon->service;
    while (service->workers_count < options->config->workers) {
        struct cty_worker *worker = &service->workers[service->workers_count++];
        CTY_TRY(cty_worker_open(worker, service, options->config->ledger, error));
        CTY_TRY(cty_worker_start(worker, error));
    }
    return CUSTODY_OK;
}

static custody_err open_doors(struct cty_daemon *daemon, const struct cty_config *config, custody_error *error)
{
    static const struct cty_net_server_ops ops = {on_message, on_gone};
    struct cty_service *service = &daemon->service;
    unsigned mode = config->group_access ? 0660 : 0600;
    struct cty_net_publisher_config publisher = {.urls = (const char *const *)config->publish,
                                                 .url_count = config->publish_count, .file_mode = mode,
                                                 .connections_max = config->connections};
    struct cty_net_server_config server = {.urls = (const char *const *)config->listen,
                                           .url_count = config->listen_count, .file_mode = mode,
                                           .connections_max = config->connections, .calls_max = config->calls,
                                           .waits_max = config->waits, .replaces = true};
    publisher.certificate = server.certificate = cty_buf_bytes(&service->doors.pem);
    publisher.certificate_key = server.certificate_key = cty_buf_bytes(&service->doors.key);
    if (config->publish_count)
        CTY_TRY(cty_net_publisher_open(&publisher, &service->publisher, error));
    CTY_TRY(cty_net_server_open(&server, &ops, service, &service->server, error));
    cty_doors_forget_key(&service->doors);
    return CUSTODY_OK;
}

static custody_err open_health(struct cty_daemon *daemon, const struct cty_daemon_options *options, custody_error *error)
{
    const struct cty_config *config = options->config;
    struct cty_health_config health = {.url = config->metrics, .memory_fd = daemon->memory_fd, .database = config->ledger,
                                       .head = &daemon->service.head, .clock = &daemon->custodian.clock,
                                       .server = daemon->service.server, .tiles = daemon->tiles,
                                       .queue_max = config->queue,
                                       .calls_max = config->calls, .waits_max = config->waits,
                                       .connections_max = config->connections, .keys_locked = options->keys_locked,
                                       .witnesses = daemon->service.witnesses};
    return config->metrics ? cty_health_open(&health, &daemon->health, error) : CUSTODY_OK;
}

/* Files that have names are read, and no thread is there yet. */
static custody_err before_threads(struct cty_daemon *daemon, const struct cty_daemon_options *options,
                                  custody_error *error)
{
    daemon->memory_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC); /* negative: the number is not known */
    CTY_TRY(cty_doors_read(options->config, &daemon->service.doors, error));
    return options->confine ? cty_confine_before(options->config, &daemon->sandbox, error) : CUSTODY_OK;
}

/* Everything is open, and whoever wants to be answered is let in. */
static custody_err begin_serving(struct cty_daemon *daemon, const struct cty_daemon_options *options,
                                 custody_error *error)
{
    if (options->config->http)
        CTY_TRY(cty_tiles_open(&daemon->service, options->config, &daemon->tiles, error));
    CTY_TRY(open_health(daemon, options, error));
    if (options->confine)
        CTY_TRY(cty_confine_after(options->config, &daemon->sandbox, error));
    cty_health_serving(daemon->health, &daemon->sandbox);
    cty_jobs_open(&daemon->service.jobs);
    cty_tiles_serving(daemon->tiles);
    return CUSTODY_OK;
}

static custody_err start(struct cty_daemon *daemon, const struct cty_daemon_options *options, custody_error *error)
{
    struct cty_service *service = &daemon->service;
    CTY_TRY(cty_files_provide(options->config, error));
    daemon->failure_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (daemon->failure_fd < 0)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "no eventfd");
    CTY_TRY(before_threads(daemon, options, error));
    cty_head_init(&service->head);
    daemon->has_head = true;
    CTY_TRY(open_ledger(daemon, options, error));
    CTY_TRY(open_witnesses(daemon, options, error));
    daemon->has_sessions = true;
    CTY_TRY(cty_sessions_init(&service->sessions, &daemon->custodian.clock));
    CTY_TRY(cty_statement_cases_init(&service->statement_cases));
    daemon->has_waits = true;
    CTY_TRY(cty_waits_init(&service->waits, &daemon->custodian.clock, options->config->waits, cty_waiting_wake, service));
    daemon->has_jobs = true;
    CTY_TRY(cty_jobs_init(&service->jobs, options->config->queue + SUBMISSIONS_BEYOND_QUEUE));
    CTY_TRY(cty_waits_start(&service->waits, error));
    CTY_TRY(start_sequencer(daemon, options, error));
    CTY_TRY(start_workers(daemon, options, error));
    if (daemon->desk)
        CTY_TRY(cty_desk_start(daemon->desk, error));
    CTY_TRY(open_doors(daemon, options->config, error));
    return begin_serving(daemon, options, error);
}

custody_err cty_daemon_start(const struct cty_daemon_options *options, struct cty_daemon **ret_daemon,
                             custody_error *error)
{
    struct cty_daemon *daemon = cty_alloc(1, sizeof(*daemon));
    if (!daemon)
        return CUSTODY_E_NO_MEMORY;
    daemon->failure_fd = daemon->memory_fd = -1;
    daemon->courier = options->trust ? options->courier : -1;
    custody_err err = start(daemon, options, error);
    if (err != CUSTODY_OK) {
        cty_daemon_stop(daemon, 0);
        return cty_fail_code(error, err);
    }
    *ret_daemon = daemon;
    return CUSTODY_OK;
}

/* --- stop -------------------------------------------------------------------------------------------------- */

/*
 * The order matters: first nothing new comes and the long polls end; then the sequencer finishes, which hands its
 * jobs back to the workers; then the workers finish, and every call has its answer.
 */
static void stop_threads(struct cty_daemon *daemon, uint64_t drain_ms)
{
    struct cty_service *service = &daemon->service;
    if (daemon->has_waits)
        cty_waits_stop(&service->waits);
    if (service->server && cty_net_server_drain(service->server, drain_ms) != CUSTODY_OK)
        cty_log(CTY_LOG_WARNING, "drain", "detail", "s", "some answers were not taken in time", NULL);
    if (daemon->has_sequencer)
        cty_sequencer_stop(&service->sequencer);
    cty_desk_stop(daemon->desk); /* which the sequencer tells of commits */
    if (daemon->has_jobs)
        cty_jobs_stop(&service->jobs);
    for (uint32_t i = 0; i < service->workers_count; i++)
        cty_worker_join(&service->workers[i]);
}

static void free_all(struct cty_daemon *daemon)
{
    struct cty_service *service = &daemon->service;
    cty_health_close(daemon->health); /* it asks the doors */
    cty_tiles_close(daemon->tiles);
    cty_net_server_close(service->server);
    cty_net_publisher_close(service->publisher);
    for (uint32_t i = 0; i < service->workers_count; i++)
        cty_worker_close(&service->workers[i]);
    if (daemon->has_sequencer)
        cty_sequencer_done(&service->sequencer);
    if (daemon->has_jobs)
        cty_jobs_done(&service->jobs);
    if (daemon->has_waits)
        cty_waits_done(&service->waits);
    if (daemon->has_sessions) {
        cty_sessions_done(&service->sessions);
        cty_statement_cases_done(&service->statement_cases);
    }
    if (daemon->has_head)
        cty_head_done(&service->head);
    cty_doors_done(&service->doors);
    cty_witnesses_free(service->witnesses);
    cty_store_close(daemon->store);
    cty_custodian_done(&daemon->custodian);
    if (daemon->courier >= 0)
        close(daemon->courier);
    if (daemon->failure_fd >= 0)
        close(daemon->failure_fd);
    if (daemon->memory_fd >= 0)
        close(daemon->memory_fd);
    free(daemon);
}

void cty_daemon_stop(struct cty_daemon *daemon, uint64_t drain_ms)
{
    if (!daemon)
        return;
    stop_threads(daemon, drain_ms);
    free_all(daemon);
}

int cty_daemon_failure_fd(const struct cty_daemon *daemon)
{
    return daemon->failure_fd;
}

const char *cty_daemon_url(const struct cty_daemon *daemon, size_t index)
{
    return cty_net_server_url(daemon->service.server, index);
}

const char *cty_daemon_publish_url(const struct cty_daemon *daemon, size_t index)
{
    return daemon->service.publisher ? cty_net_publisher_url(daemon->service.publisher, index) : NULL;
}

const char *cty_daemon_http_url(const struct cty_daemon *daemon)
{
    return daemon->tiles ? cty_tiles_url(daemon->tiles) : NULL;
}

const char *cty_daemon_metrics_url(const struct cty_daemon *daemon)
{
    return daemon->health ? cty_health_url(daemon->health) : NULL;
}

const struct cty_sandbox_state *cty_daemon_sandbox(const struct cty_daemon *daemon)
{
    return &daemon->sandbox;
}

void cty_daemon_stopping(struct cty_daemon *daemon)
{
    cty_health_stopping(daemon->health);
}

const struct cty_doors *cty_daemon_doors(const struct cty_daemon *daemon)
{
    return &daemon->service.doors;
}

uint64_t cty_daemon_size(struct cty_daemon *daemon)
{
    struct cty_head_state now;
    cty_head_get(&daemon->service.head, &now);
    return now.mark.size;
}

/* --- checking without serving ------------------------------------------------------------------------------ */

static struct cty_daemon_facts facts_of(const struct cty_daemon_options *options, struct cty_head *head)
{
    struct cty_head_state now;
    cty_head_get(head, &now);
    return (struct cty_daemon_facts){.next_log = now.log->secret != options->log,
                                     .next_clerk = now.clerk->secret != options->clerk,
                                     .closed = now.state == CTY_SERVING_CLOSED};
}

/* A reader reads a copy; a custodian would not go on with it. */
static custody_err check_copy(const struct cty_daemon_options *options, const struct cty_store_reader *reader,
                              custody_error *error)
{
    if (!cty_store_is_copy(reader) || (options->restored && *options->restored == cty_store_size(reader)))
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_STORE_COPY, "%s", options->restored ? "it ends elsewhere"
                                                                         : "nobody has said yet that it is all of the ledger");
}

custody_err cty_daemon_check_ledger(const struct cty_daemon_options *options, struct cty_daemon_facts *ret_facts,
                                    custody_error *error)
{
    struct cty_custodian custodian = {.readers = 0};
    struct cty_store_reader *reader = NULL;
    struct cty_head head;
    cty_head_init(&head);
    custody_err err = cty_store_reader_open(options->config->ledger, &reader, error);
    if (err == CUSTODY_OK)
        err = cty_store_begin_read(reader, error);
    if (err == CUSTODY_OK)
        err = check_copy(options, reader, error);
    if (err == CUSTODY_OK)
        err = read_ledger(&custodian, &head, options, reader, error);
    if (err == CUSTODY_OK)
        err = cty_tiles_check(options->config, (enum cty_readers)custodian.readers, error);
    if (err == CUSTODY_OK && options->trust)
        err = cty_policy_check(options->trust, custodian.origin, error);
    if (err == CUSTODY_OK)
        *ret_facts = facts_of(options, &head);
    cty_store_reader_close(reader);
    cty_custodian_done(&custodian);
    cty_head_done(&head);
    return err;
}
