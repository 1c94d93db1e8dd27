/* SPDX-License-Identifier: Apache-2.0 */
#include "net/subscriber.h"

#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "net/link.h"
#include "net/trouble.h"

/* Between two tries to connect: doubles, so that a door that is down is not besieged. */
#define PAUSE_MS_MIN 20u
#define PAUSE_MS_MAX 1000u

struct cty_net_subscriber {
    struct cty_net_url url;
    struct cty_net_pin pin;
    size_t message_max;
    struct cty_link *link;
    uint64_t pause_ms;
};

custody_err cty_net_subscriber_open(const char *url, const struct cty_net_pin *pin, size_t message_max,
                                    struct cty_net_subscriber **ret_subscriber, custody_error *error)
{
    struct cty_net_url parsed;
    CTY_TRY(cty_net_url_parse(url, false, &parsed, error));
    struct cty_net_subscriber *subscriber = cty_alloc(1, sizeof(*subscriber));
    if (!subscriber || cty_net_pin_dup(pin, &subscriber->pin) != CUSTODY_OK) {
        free(subscriber);
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "a subscriber");
    }
    subscriber->url = parsed;
    subscriber->message_max = message_max ? message_max : CTY_NOTE_BYTES_MAX;
    subscriber->pause_ms = PAUSE_MS_MIN;
    *ret_subscriber = subscriber;
    return CUSTODY_OK;
}

static void pause_before_retry(struct cty_net_subscriber *subscriber, uint64_t deadline_ms)
{
    uint64_t ms = (uint64_t)cty_net_left_ms(deadline_ms);
    if (ms > subscriber->pause_ms)
        ms = subscriber->pause_ms;
    const struct timespec pause = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
    subscriber->pause_ms *= 2;
    if (subscriber->pause_ms > PAUSE_MS_MAX)
        subscriber->pause_ms = PAUSE_MS_MAX;
}

static custody_err hear(struct cty_net_subscriber *subscriber, uint64_t deadline_ms, struct cty_buf *ret_message,
                        custody_error *error)
{
    const struct cty_link_config config = {.url = &subscriber->url,
                                           .pin = &subscriber->pin,
                                           .protocol = CTY_SP_SUB,
                                           .peer = CTY_SP_PUB,
                                           .message_max = subscriber->message_max};
    uint8_t *body = NULL;
    size_t size = 0;
    if (!subscriber->link)
        CTY_TRY(cty_link_open(&config, deadline_ms, &subscriber->link, error));
    CTY_TRY(cty_link_receive(subscriber->link, deadline_ms, &body, &size, error));
    subscriber->pause_ms = PAUSE_MS_MIN;
    custody_err err = cty_buf_put(ret_message, body, size);
    free(body);
    return err;
}

custody_err cty_net_subscriber_next(struct cty_net_subscriber *subscriber, uint64_t timeout_ms,
                                    struct cty_buf *ret_message, custody_error *error)
{
    uint64_t deadline = cty_net_deadline(timeout_ms);
    for (;;) {
        custody_err err = hear(subscriber, deadline, ret_message, error);
        if (err == CUSTODY_OK || err == CUSTODY_E_TIMEOUT)
            return err;
        subscriber->link = cty_link_close(subscriber->link);
        if (err != CUSTODY_E_UNREACHABLE)
            return err;
        if (cty_net_now_ms() >= deadline)
            return cty_fail_code(error, CUSTODY_E_TIMEOUT);
        pause_before_retry(subscriber, deadline);
    }
}

void cty_net_subscriber_close(struct cty_net_subscriber *subscriber)
{
    if (!subscriber)
        return;
    cty_link_close(subscriber->link);
    cty_net_pin_done(&subscriber->pin);
    free(subscriber);
}
