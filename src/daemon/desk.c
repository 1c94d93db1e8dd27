/* SPDX-License-Identifier: Apache-2.0 */
/* Who is asked, and when. */
#include "daemon/desk.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "daemon/desk_inner.h"
#include "daemon/log.h"

/* The courier gives an errand up by itself; this is for one that was lost with it. */
#define MESSAGES_AT_ONCE 256u
#define LOST_MS (CTY_WITNESS_ANSWER_MS_MAX + 1000u)
#define POLL_MS_MAX 1000u
/* Between two submissions of one checkpoint for a fresh time: cosignatures count seconds. */
#define FRESH_MS 1000u

static uint64_t now_ms(const struct cty_desk *desk)
{
    return cty_clock_monotonic(&desk->config.custodian->clock);
}

/* --- pauses ------------------------------------------------------------------------------------------------ */

/* Half of it by chance, so that many custodians don't come to one witness together. */
void cty_desk_pause(struct cty_desk *desk, struct cty_desk_seat *seat, uint64_t at_least_ms)
{
    uint32_t chance = 0;
    cty_random(&chance, sizeof(chance));
    seat->pause_ms = seat->pause_ms ? 2 * seat->pause_ms : CTY_WITNESS_RETRY_MS_MIN;
    if (seat->pause_ms > CTY_WITNESS_RETRY_MS_MAX)
        seat->pause_ms = CTY_WITNESS_RETRY_MS_MAX;
    if (at_least_ms > CTY_WITNESS_RETRY_MS_MAX)
        at_least_ms = CTY_WITNESS_RETRY_MS_MAX;
    uint64_t pause = seat->pause_ms / 2 + chance % (seat->pause_ms / 2 + 1);
    seat->retry_ms = now_ms(desk) + (pause > at_least_ms ? pause : at_least_ms);
}

/* --- the start --------------------------------------------------------------------------------------------- */

/*
 * Whose silence counts. Where a person has promised that nobody has seen more, those that don't answer are not waited for;
 * but they are asked, and one that says otherwise is silent as before.
 */
static bool is_silent(const struct cty_desk *desk, const struct cty_desk_seat *seat)
{
    if (seat->heard)
        return false;
    bool excused = desk->config.promised && (!seat->witness || (seat->tried && !seat->claims));
    return !excused;
}

/* Those that are asked for and were not heard. */
static uint64_t silent_of(const struct cty_desk *desk, char *names, size_t size)
{
    uint64_t asked = cty_witness_policy_asked(desk->policy), silent = 0;
    names[0] = 0;
    for (uint32_t i = 0; i < desk->policy->count; i++) {
        uint64_t bit = UINT64_C(1) << i;
        if (!(asked & bit) || !is_silent(desk, &desk->seats[i]))
            continue;
        silent |= bit;
        cty_witnesses_put_plain(names, size, names[0] ? CTY_LITERAL(", ") : CTY_LITERAL(""));
        cty_witnesses_put_plain(names, size, desk->policy->nodes[i].name);
    }
    return silent;
}

void cty_desk_weigh(struct cty_desk *desk)
{
    char names[CUSTODY_ERROR_DETAIL_MAX / 2];
    char reason[CUSTODY_ERROR_DETAIL_MAX];
    if (cty_head_service(desk->config.head) != CTY_SERVING_WITNESSES)
        return;
    if (!cty_witness_policy_can_be_met(desk->policy, silent_of(desk, names, sizeof(names)))) {
        cty_head_move_service(desk->config.head, CTY_SERVING_WITNESSES, CTY_SERVING, "");
        return;
    }
    snprintf(reason, sizeof(reason), "may have cosigned more than the database holds, and said nothing yet: %s", names);
    cty_head_move_service(desk->config.head, CTY_SERVING_WITNESSES, CTY_SERVING_WITNESSES, reason);
}

/* --- errands ----------------------------------------------------------------------------------------------- */

static custody_err put_submission(struct cty_desk *desk, struct cty_desk_seat *seat, custody_error *error)
{
    struct cty_tree_reader tree = cty_store_tree(desk->reader);
    struct cty_add_checkpoint add = {.old_size = seat->has};
    struct cty_store_mark mark;
    struct cty_note note;
    cty_buf_clear(&desk->note);
    CTY_TRY(cty_store_read_checkpoint(desk->reader, &mark, &desk->note, error));
    if (add.old_size > mark.size)
        add.old_size = mark.size; /* nobody has signed that there is more */
    CTY_TRY(cty_tree_consistency(&tree, add.old_size, mark.size, &add.proof));
    CTY_TRY(cty_note_parse(cty_buf_bytes(&desk->note), &note));
    cty_buf_clear(&seat->text);
    CTY_TRY(cty_buf_put_bytes(&seat->text, note.text));
    add.note = cty_buf_bytes(&desk->note);
    seat->old_size = add.old_size;
    seat->submitted.size = mark.size;
    seat->submitted.root = mark.root;
    return cty_add_checkpoint_format(&add, &desk->body);
}

static custody_err make_body(struct cty_desk *desk, struct cty_desk_seat *seat, custody_error *error)
{
    cty_buf_clear(&desk->body);
    if (seat->errand == CTY_ERRAND_LOOK)
        return CUSTODY_OK;
    CTY_TRY(cty_store_begin_read(desk->reader, error));
    custody_err err = put_submission(desk, seat, error);
    cty_store_end_read(desk->reader);
    return err;
}

static void send_errand(struct cty_desk *desk, uint32_t witness)
{
    struct cty_desk_seat *seat = &desk->seats[witness];
    custody_error error = {0};
    custody_err err = make_body(desk, seat, &error);
    struct cty_courier_message message = {.errand = seat->errand, .witness = witness, .number = ++desk->number};
    if (err == CUSTODY_OK)
        err = cty_courier_send(desk->courier, &message, cty_buf_bytes(&desk->body));
    if (err != CUSTODY_OK) {
        if (err != CUSTODY_E_BUSY && err != CUSTODY_E_UNREACHABLE)
            cty_log(CTY_LOG_ERROR, "submission", "code", "s", custody_err_name(err), "detail", "s", error.detail, NULL);
        cty_desk_pause(desk, seat, 0);
        return;
    }
    seat->busy = true;
    seat->number = message.number;
    seat->sent_ms = now_ms(desk);
}

/* --- what is due ------------------------------------------------------------------------------------------- */

/* A checkpoint that it has not cosigned, or a cosignature that is too old. Until it was heard once it is always asked. */
static bool is_due(const struct cty_desk_seat *seat, uint64_t size, uint64_t fresh_ms, uint64_t now)
{
    if (seat->errand == CTY_ERRAND_LOOK || !seat->heard || seat->got < size)
        return true;
    if (seat->got_ms < fresh_ms && now >= seat->asked_ms + FRESH_MS)
        return true;
    return now >= seat->asked_ms + CTY_WITNESS_REFRESH_MS_MAX;
}

static void step(struct cty_desk *desk, uint32_t witness, uint64_t size, uint64_t fresh_ms, uint64_t now)
{
    struct cty_desk_seat *seat = &desk->seats[witness];
    if (!seat->witness || desk->courier < 0 || !desk->met)
        return;
    if (seat->busy && now >= seat->sent_ms + LOST_MS)
        cty_desk_judge_silence(desk, witness, "the courier brought no answer");
    if (!seat->busy && now >= seat->retry_ms && is_due(seat, size, fresh_ms, now))
        send_errand(desk, witness);
}

static void step_all(struct cty_desk *desk)
{
    struct cty_head_state head;
    uint64_t fresh_ms = cty_witnesses_fresh(desk->config.witnesses);
    cty_head_get(desk->config.head, &head);
    for (uint32_t i = 0; i < desk->policy->count; i++)
        step(desk, i, head.mark.size, fresh_ms, now_ms(desk));
}

/* When something is due, at the latest. */
static int poll_ms(const struct cty_desk *desk)
{
    uint64_t now = now_ms(desk), least = POLL_MS_MAX;
    for (uint32_t i = 0; i < desk->policy->count; i++) {
        const struct cty_desk_seat *seat = &desk->seats[i];
        if (seat->witness && !seat->busy && seat->retry_ms > now && seat->retry_ms - now < least)
            least = seat->retry_ms - now;
    }
    return (int)least;
}

/* --- the courier ------------------------------------------------------------------------------------------- */

/* A courier that comes again: what was under way is asked again, and nobody has failed to answer. */
static void lose_all(struct cty_desk *desk, const char *detail)
{
    for (uint32_t i = 0; i < desk->policy->count; i++) {
        if (desk->seats[i].busy)
            cty_desk_judge_silence(desk, i, detail);
    }
}

static void take_message(struct cty_desk *desk)
{
    const struct cty_courier_message *message = &desk->message;
    if (message->errand == CTY_ERRAND_HELLO) {
        cty_witnesses_count_courier(desk->config.witnesses);
        lose_all(desk, "the courier was started again");
        desk->met = true;
        return;
    }
    struct cty_desk_seat *seat = &desk->seats[message->witness];
    /* An answer to what was given up long ago says nothing about now. */
    if (!seat->witness || !seat->busy || seat->number != message->number)
        return;
    seat->busy = false;
    cty_desk_judge(desk, message->witness);
}

static void lose_courier(struct cty_desk *desk)
{
    close(desk->courier);
    desk->courier = -1;
    cty_log(CTY_LOG_ERROR, "courier", "detail", "s", "is gone for good; nobody is asked until the custodian is started again",
            NULL);
    for (uint32_t i = 0; i < desk->policy->count; i++) {
        if (desk->seats[i].witness)
            cty_desk_judge_silence(desk, i, "the courier is gone: the custodian has to be started again");
    }
}

/* So many at a time: one that is faster than the desk keeps it from nothing else. */
static void take_messages(struct cty_desk *desk)
{
    custody_err err = CUSTODY_OK;
    for (unsigned i = 0; i < MESSAGES_AT_ONCE && err != CUSTODY_E_BUSY && desk->courier >= 0; i++) {
        err = cty_courier_receive(desk->courier, &desk->message, &desk->body);
        if (err == CUSTODY_OK)
            take_message(desk);
        else if (err == CUSTODY_E_NO_MEMORY) /* that answer is lost; who gave it is asked again, once it is late */
            cty_log(CTY_LOG_WARNING, "courier", "detail", "s", "no memory for an answer of its", NULL);
        else if (err != CUSTODY_E_BUSY)
            lose_courier(desk);
    }
}

static void *run_thread(void *context)
{
    struct cty_desk *desk = context;
    uint64_t woken;
    while (!atomic_load(&desk->stopping)) {
        step_all(desk);
        cty_desk_weigh(desk);
        struct pollfd files[2] = {{.fd = desk->wake, .events = POLLIN}, {.fd = desk->courier, .events = POLLIN}};
        CTY_CHECK(poll(files, 2, poll_ms(desk)) >= 0 || errno == EINTR);
        CTY_CHECK(read(desk->wake, &woken, sizeof(woken)) >= 0 || errno == EAGAIN || errno == EINTR);
        take_messages(desk);
    }
    return NULL;
}

/* --- opening and stopping ---------------------------------------------------------------------------------- */

/* What each has seen is known from what is stored; who knows more says so. */
static void open_seats(struct cty_desk *desk)
{
    struct cty_witnesses_view *view = cty_alloc(1, sizeof(*view));
    if (view)
        cty_witnesses_get(desk->config.witnesses, view);
    for (uint32_t i = 0; i < desk->policy->count; i++) {
        const struct cty_policy_node *node = &desk->policy->nodes[i];
        struct cty_desk_seat *seat = &desk->seats[i];
        seat->witness = node->is_group || node->url.size == 0 ? NULL : node;
        seat->errand = CTY_ERRAND_ADD;
        seat->text = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
        seat->got = seat->has = view ? view->seats[i].size : 0;
    }
    free(view);
}

static custody_err open_desk(struct cty_desk *desk, custody_error *error)
{
    desk->body = CTY_BUF_INIT(CTY_ERRAND_BODY_MAX);
    desk->note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    desk->policy = &desk->config.witnesses->trust->policy;
    desk->courier = desk->config.courier;
    desk->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (desk->wake < 0)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "no eventfd");
    desk->began_s = cty_clock_wall(&desk->config.custodian->clock) / 1000 + 1;
    open_seats(desk);
    return cty_store_reader_open(desk->config.path, &desk->reader, error);
}

custody_err cty_desk_open(const struct cty_desk_config *config, struct cty_desk **ret_desk, custody_error *error)
{
    struct cty_desk *desk = cty_alloc(1, sizeof(*desk));
    if (!desk)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    desk->config = *config;
    desk->wake = -1;
    custody_err err = open_desk(desk, error);
    if (err == CUSTODY_OK)
        *ret_desk = desk;
    else
        cty_desk_stop(desk);
    return err;
}

custody_err cty_desk_start(struct cty_desk *desk, custody_error *error)
{
    if (pthread_create(&desk->thread, NULL, run_thread, desk) != 0)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "no thread for the desk");
    desk->running = true;
    return CUSTODY_OK;
}

void cty_desk_notify(struct cty_desk *desk)
{
    uint64_t one = 1;
    if (desk && write(desk->wake, &one, sizeof(one)) < 0 && errno != EAGAIN)
        cty_log(CTY_LOG_ERROR, "failure", "detail", "s", "the desk could not be told", NULL);
}

void cty_desk_stop(struct cty_desk *desk)
{
    if (!desk)
        return;
    atomic_store(&desk->stopping, true);
    if (desk->running) {
        cty_desk_notify(desk);
        pthread_join(desk->thread, NULL);
    }
    desk->reader = cty_store_reader_close(desk->reader);
    for (uint32_t i = 0; i < CTY_WITNESS_NODES_MAX; i++)
        cty_buf_done(&desk->seats[i].text);
    cty_buf_done(&desk->body);
    cty_buf_done(&desk->note);
    if (desk->courier >= 0)
        close(desk->courier);
    if (desk->wake >= 0)
        close(desk->wake);
    free(desk);
}
