/* SPDX-License-Identifier: Apache-2.0 */
#include "witness/follow.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "base/times.h"

#define EVERY_MS_MAX 60000u

struct follower {
    struct follower *next;
    struct cty_witness *witness;
    uint64_t every_ms;
    struct cty_buf origin, url, certificate;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    atomic_bool stop;
    bool seen; /* in the round of renewing that goes on */
};

struct cty_witness_followers {
    struct cty_witness *witness;
    uint64_t every_ms;
    struct follower *first;
};

/* --- one log ----------------------------------------------------------------------------------------------- */

static uint64_t monotonic_s(void)
{
    return cty_time_boottime_ms() / 1000 + 1; /* 0 is none */
}

/* What goes on is said once. */
static void tell(struct follower *f, struct cty_witness_look *look, custody_err err, const custody_error *error)
{
    char text[sizeof(look->told)];
    text[0] = '\0';
    if (err != CUSTODY_OK)
        snprintf(text, sizeof(text), "%s%s%s", custody_err_name(err), error->detail[0] ? ": " : "", error->detail);
    if (strcmp(text, look->told) == 0)
        return;
    memcpy(look->told, text, sizeof(text));
    cty_witness_tell(f->witness, err != CUSTODY_OK, cty_buf_bytes(&f->origin), "%s",
                     err == CUSTODY_OK ? "it is followed" : text);
}

static void sleep_for(struct follower *f, uint64_t ms)
{
    const uint64_t end_ms = cty_time_monotonic_ms() + ms;
    const struct timespec until = {.tv_sec = (time_t)(end_ms / 1000), .tv_nsec = (long)(end_ms % 1000) * 1000000};
    pthread_mutex_lock(&f->mutex);
    int rc = 0;
    while (!atomic_load(&f->stop) && rc == 0)
        rc = pthread_cond_timedwait(&f->cond, &f->mutex, &until);
    pthread_mutex_unlock(&f->mutex);
}

static uint64_t longer(const struct follower *f, uint64_t ms, custody_err err)
{
    if (err == CUSTODY_OK)
        return f->every_ms;
    uint64_t most = f->every_ms > EVERY_MS_MAX ? f->every_ms : EVERY_MS_MAX;
    return ms * 2 < most ? ms * 2 : most;
}

static void *follow(void *user)
{
    struct follower *f = user;
    struct cty_witness_look look = {.told = "?"};
    struct cty_witness_source source = {.context = NULL};
    custody_error error = {.detail = ""};
    uint64_t ms = f->every_ms;
    while (!atomic_load(&f->stop)) {
        custody_err err = CUSTODY_OK;
        error.detail[0] = '\0';
        if (!source.context)
            err = cty_witness_source_open(cty_buf_text(&f->url), cty_buf_bytes(&f->certificate), &f->stop, &source, &error);
        if (err == CUSTODY_OK)
            err = cty_witness_look_once(f->witness, cty_buf_bytes(&f->origin), &source, monotonic_s(), &look, &error);
        if (!atomic_load(&f->stop))
            tell(f, &look, err, &error);
        ms = longer(f, ms, err);
        sleep_for(f, ms);
    }
    if (source.context)
        source.close(source.context);
    return NULL;
}

/* --- all of them ------------------------------------------------------------------------------------------- */

static void follower_free(struct follower *f)
{
    pthread_cond_destroy(&f->cond);
    pthread_mutex_destroy(&f->mutex);
    cty_buf_done(&f->origin);
    cty_buf_done(&f->url);
    cty_buf_done(&f->certificate);
    free(f);
}

static void ask_to_stop(struct follower *f)
{
    pthread_mutex_lock(&f->mutex);
    atomic_store(&f->stop, true);
    pthread_cond_signal(&f->cond);
    pthread_mutex_unlock(&f->mutex);
}

static void follower_end(struct follower *f)
{
    ask_to_stop(f);
    pthread_join(f->thread, NULL);
    follower_free(f);
}

static custody_err copy(struct cty_buf *to, const struct cty_buf *from)
{
    *to = CTY_BUF_INIT(from->size + 1);
    CTY_TRY(cty_buf_put_bytes(to, cty_buf_bytes(from)));
    return cty_buf_text(to) ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

static struct follower *follower_new(struct cty_witness_followers *followers)
{
    pthread_condattr_t attributes;
    struct follower *f = cty_alloc(1, sizeof(*f));
    if (!f)
        return NULL;
    f->witness = followers->witness;
    f->every_ms = followers->every_ms;
    CTY_CHECK(pthread_condattr_init(&attributes) == 0);
    CTY_CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CTY_CHECK(pthread_cond_init(&f->cond, &attributes) == 0);
    CTY_CHECK(pthread_mutex_init(&f->mutex, NULL) == 0);
    pthread_condattr_destroy(&attributes);
    return f;
}

static custody_err begin(struct cty_witness_followers *followers, const struct cty_witness_log *log)
{
    struct follower *f = follower_new(followers);
    if (!f)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = copy(&f->origin, &log->origin);
    if (err == CUSTODY_OK)
        err = copy(&f->url, &log->follow);
    if (err == CUSTODY_OK)
        err = copy(&f->certificate, &log->certificate);
    if (err == CUSTODY_OK && pthread_create(&f->thread, NULL, follow, f) != 0)
        err = CUSTODY_E_NO_MEMORY;
    if (err != CUSTODY_OK) {
        follower_free(f);
        return err;
    }
    f->seen = true;
    f->next = followers->first;
    followers->first = f;
    return CUSTODY_OK;
}

static bool is_same(const struct follower *f, const struct cty_witness_log *log)
{
    return cty_bytes_equal(cty_buf_bytes(&f->origin), cty_buf_bytes(&log->origin)) &&
           cty_bytes_equal(cty_buf_bytes(&f->url), cty_buf_bytes(&log->follow)) &&
           cty_bytes_equal(cty_buf_bytes(&f->certificate), cty_buf_bytes(&log->certificate));
}

static custody_err renew_one(struct cty_witness_followers *followers, const struct cty_witness_log *log)
{
    if (log->removed || log->follow.size == 0)
        return CUSTODY_OK;
    for (struct follower *f = followers->first; f; f = f->next) {
        if (!is_same(f, log))
            continue;
        f->seen = true;
        return CUSTODY_OK;
    }
    return begin(followers, log);
}

static void end_unseen(struct cty_witness_followers *followers)
{
    for (struct follower **at = &followers->first; *at;) {
        struct follower *f = *at;
        if (f->seen) {
            f->seen = false;
            at = &f->next;
            continue;
        }
        *at = f->next;
        follower_end(f);
    }
}

custody_err cty_witness_followers_renew(struct cty_witness_followers *followers, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf after = CTY_BUF_INIT(CTY_FOREIGN_ORIGIN_BYTES_MAX);
    for (;;) {
        CTY_CLEANUP(cty_witness_log_done) struct cty_witness_log log = {.removed = false};
        custody_err err = cty_witness_next_log(followers->witness, cty_buf_bytes(&after), &log, error);
        if (err == CUSTODY_E_NOT_FOUND)
            break;
        if (err == CUSTODY_OK)
            err = renew_one(followers, &log);
        /* What was not looked at goes on. */
        if (err != CUSTODY_OK) {
            for (struct follower *f = followers->first; f; f = f->next)
                f->seen = false;
            return cty_fail_code(error, err);
        }
        cty_buf_clear(&after);
        CTY_TRY(cty_buf_put_bytes(&after, cty_buf_bytes(&log.origin)));
    }
    end_unseen(followers);
    return CUSTODY_OK;
}

custody_err cty_witness_followers_open(struct cty_witness *witness, uint64_t every_ms,
                                       struct cty_witness_followers **ret_followers, custody_error *error)
{
    struct cty_witness_followers *followers = cty_alloc(1, sizeof(*followers));
    if (!followers)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    followers->witness = witness;
    followers->every_ms = every_ms;
    *ret_followers = followers;
    return CUSTODY_OK;
}

void cty_witness_followers_close(struct cty_witness_followers *followers)
{
    if (!followers)
        return;
    /* All are told before any is waited for. */
    for (struct follower *f = followers->first; f; f = f->next)
        ask_to_stop(f);
    end_unseen(followers);
    free(followers);
}
