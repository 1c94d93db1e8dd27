/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"
#include "daemon/service.h"

custody_err cty_worker_open(struct cty_worker *worker, struct cty_service *service, const char *path,
                            custody_error *error)
{
    memset(worker, 0, sizeof(*worker));
    worker->service = service;
    for (size_t i = 0; i < CTY_COUNT_OF(worker->texts); i++)
        worker->texts[i] = CTY_BUF_INIT(2 * CTY_MESSAGE_BYTES_MAX);
    worker->note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    CTY_TRY(cty_unit_init(&worker->unit));
    CTY_TRY(cty_keyring_init(&worker->keyring, &service->key_changes));
    CTY_TRY(cty_store_reader_open(path, &worker->reader, error));
    cty_book_init(&worker->book, worker->reader, NULL);
    return CUSTODY_OK;
}

void cty_worker_close(struct cty_worker *worker)
{
    cty_book_done(&worker->book);
    cty_keyring_done(&worker->keyring);
    cty_unit_done(&worker->unit);
    cty_parsed_entry_done(&worker->parsed);
    for (size_t i = 0; i < CTY_COUNT_OF(worker->texts); i++)
        cty_buf_done(&worker->texts[i]);
    cty_buf_done(&worker->note);
    worker->reader = cty_store_reader_close(worker->reader);
}

static void *run_thread(void *context)
{
    struct cty_worker *worker = context;
    for (;;) {
        struct cty_task *task = cty_jobs_pop(&worker->service->jobs);
        if (!task)
            return NULL;
        cty_task_step(worker, task);
    }
}

custody_err cty_worker_start(struct cty_worker *worker, custody_error *error)
{
    if (pthread_create(&worker->thread, NULL, run_thread, worker) != 0)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "no thread for a worker");
    worker->running = true;
    return CUSTODY_OK;
}

void cty_worker_join(struct cty_worker *worker)
{
    if (worker->running)
        pthread_join(worker->thread, NULL);
    worker->running = false;
}
