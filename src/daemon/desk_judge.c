/* SPDX-License-Identifier: Apache-2.0 */
/* What a witness's answer means (C2SP tlog-witness, and what is in use beside it; spec/witness.md, "What is answered"). */
#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "daemon/desk_inner.h"

struct verdict {
    enum cty_submitted outcome;
    bool same; /* nothing is known anew of the witness */
    enum cty_witness_state state;
    char detail[CTY_WITNESS_DETAIL_MAX];
};

static void say(struct verdict *verdict, enum cty_submitted outcome, enum cty_witness_state state, const char *format, ...)
    CUSTODY_PRINTF(4, 5);
static void say(struct verdict *verdict, enum cty_submitted outcome, enum cty_witness_state state, const char *format, ...)
{
    va_list args;
    verdict->outcome = outcome;
    verdict->state = state;
    va_start(args, format);
    (void)vsnprintf(verdict->detail, sizeof(verdict->detail), format, args);
    va_end(args);
}

/* --- 200 --------------------------------------------------------------------------------------------------- */

/* The witness's first line, once more as it stands, behind the text. */
static custody_err find_line(struct cty_desk *desk, const struct cty_desk_seat *seat, const struct cty_note *note,
                             size_t *ret_start)
{
    uint8_t id[4];
    cty_key_id(seat->witness->key_name, CTY_KEY_COSIGNATURE, &seat->witness->key, id);
    cty_buf_clear(&desk->note);
    CTY_TRY(cty_buf_put_bytes(&desk->note, cty_buf_bytes(&seat->text)));
    CTY_TRY(cty_buf_put_text(&desk->note, "\n"));
    *ret_start = desk->note.size;
    for (size_t i = 0; i < note->count; i++) {
        if (cty_bytes_equal(note->lines[i].name, seat->witness->key_name) && memcmp(note->lines[i].key_id, id, 4) == 0)
            return cty_note_line_put(&note->lines[i], &desk->note);
    }
    return CUSTODY_E_NOTE_UNSIGNED;
}

/* All lines of the witness have to be good; one is kept. */
static custody_err verify(struct cty_desk *desk, const struct cty_desk_seat *seat, size_t *ret_start, uint64_t *ret_time_s)
{
    const struct cty_policy_node *witness = seat->witness;
    struct cty_note note;
    CTY_TRY(cty_cosignatures_parse(cty_buf_bytes(&desk->body), cty_buf_bytes(&seat->text), &note));
    CTY_TRY(cty_note_cosignature_verify(&note, witness->key_name, &witness->key, ret_time_s));
    CTY_TRY(find_line(desk, seat, &note, ret_start));
    if (note.count == 1)
        return CUSTODY_OK;
    CTY_TRY(cty_note_parse(cty_buf_bytes(&desk->note), &note));
    return cty_note_cosignature_verify(&note, witness->key_name, &witness->key, ret_time_s);
}

static void say_cosigned(struct cty_desk *desk, uint64_t time_ms, struct verdict *verdict)
{
    uint64_t now = cty_clock_wall(&desk->config.custodian->clock);
    uint64_t apart = now > time_ms ? now - time_ms : time_ms - now;
    say(verdict, CTY_SUBMITTED_COSIGNED, CTY_WITNESS_OK, "%s", "");
    if (apart > CTY_CLOCK_STEP_MS_MAX)
        say(verdict, CTY_SUBMITTED_COSIGNED, CTY_WITNESS_OK, "its clock is %llu s %s this machine's",
            (unsigned long long)(apart / 1000), now > time_ms ? "behind" : "ahead of");
}

static void judge_cosigned(struct cty_desk *desk, uint32_t witness, struct verdict *verdict)
{
    struct cty_desk_seat *seat = &desk->seats[witness];
    uint64_t time_s = 0;
    size_t start = 0;
    custody_err err = verify(desk, seat, &start, &time_s);
    if (err != CUSTODY_OK) {
        say(verdict, CTY_SUBMITTED_REFUSED, CTY_WITNESS_REFUSES, "its cosignature is not good: %s", custody_err_sentence(err));
        cty_desk_pause(desk, seat, CTY_WITNESS_RETRY_MS_MAX / 2);
        return;
    }
    /* What is older than this start anybody may have kept: the witness may have seen more since (R16). */
    if (!seat->heard && time_s < desk->began_s) {
        say(verdict, CTY_SUBMITTED_WAIT, CTY_WITNESS_SILENT,
            "its cosignature is older than this start: its clock is behind, or somebody repeats it");
        cty_desk_pause(desk, seat, 0);
        return;
    }
    seat->has = seat->got = seat->submitted.size;
    seat->got_ms = time_s * 1000;
    seat->asked_ms = cty_clock_monotonic(&desk->config.custodian->clock);
    seat->heard = true;
    seat->claims = false;
    seat->accused = false;
    seat->again = 0;
    seat->pause_ms = 0;
    seat->retry_ms = seat->sent_ms + CTY_WITNESS_GAP_MS_MIN;
    say_cosigned(desk, seat->got_ms, verdict);
    struct cty_bytes line = cty_bytes_make(desk->note.data + start, desk->note.size - start);
    if (cty_witnesses_put(desk->config.witnesses, witness, seat->got, time_s, line))
        desk->config.cosigned(desk->config.user);
}

/* --- 409 and 422 ------------------------------------------------------------------------------------------- */

/* Whoever says that there is another ledger of this name is asked to show it: only what our key signed proves it. */
static void look(struct cty_desk *desk, struct cty_desk_seat *seat)
{
    seat->errand = seat->accused ? CTY_ERRAND_ADD : CTY_ERRAND_LOOK;
    if (seat->accused)
        cty_desk_pause(desk, seat, CTY_WITNESS_RETRY_MS_MAX / 2);
}

static void judge_conflict(struct cty_desk *desk, struct cty_desk_seat *seat, struct verdict *verdict)
{
    say(verdict, CTY_SUBMITTED_CONFLICT, CTY_WITNESS_CONFLICT,
        "it says that our %llu entries don't go with the %llu that it has seen", (unsigned long long)seat->submitted.size,
        (unsigned long long)seat->old_size);
    look(desk, seat);
}

/* The size that it has; ours may have grown since it was sent. */
static void judge_size(struct cty_desk *desk, struct cty_desk_seat *seat, uint64_t has, struct verdict *verdict)
{
    struct cty_head_state head;
    cty_head_get(desk->config.head, &head);
    if (has == seat->old_size) {
        judge_conflict(desk, seat, verdict);
        return;
    }
    seat->claims = has > head.mark.size;
    if (seat->claims) {
        say(verdict, CTY_SUBMITTED_CONFLICT, CTY_WITNESS_SILENT,
            "it says that it has seen %llu entries, which nobody proved: the database has %llu", (unsigned long long)has,
            (unsigned long long)head.mark.size);
        look(desk, seat);
        return;
    }
    seat->has = has;
    say(verdict, CTY_SUBMITTED_AGAIN, CTY_WITNESS_BEHIND, "it names another size each time, %llu now", (unsigned long long)has);
    verdict->same = ++seat->again <= CTY_DESK_AGAIN_MAX;
    if (!verdict->same)
        cty_desk_pause(desk, seat, 0);
}

static void judge_409(struct cty_desk *desk, struct cty_desk_seat *seat, struct verdict *verdict)
{
    uint64_t has = 0;
    if (cty_witness_size_parse(cty_buf_bytes(&desk->body), &has) == CUSTODY_OK)
        judge_size(desk, seat, has, verdict);
    else
        judge_conflict(desk, seat, verdict); /* some answer so to another root of one size */
}

/* --- the rest ---------------------------------------------------------------------------------------------- */

static void judge_refusal(struct cty_desk *desk, struct cty_desk_seat *seat, struct verdict *verdict)
{
    unsigned status = desk->message.status;
    const char *why = status == 404   ? "it does not follow this ledger"
                      : status == 403 ? "it does not trust the log's key"
                      : status == 400 ? "it can't read what we send"
                                      : "it answers what no witness does";
    say(verdict, CTY_SUBMITTED_REFUSED, CTY_WITNESS_REFUSES, "%s (%u)", why, status);
    cty_desk_pause(desk, seat, CTY_WITNESS_RETRY_MS_MIN);
}

static void judge_status(struct cty_desk *desk, uint32_t witness, struct verdict *verdict)
{
    struct cty_desk_seat *seat = &desk->seats[witness];
    unsigned status = desk->message.status;
    uint64_t wait_s = desk->message.retry_after_s;
    if (wait_s > CTY_WITNESS_RETRY_MS_MAX / 1000)
        wait_s = CTY_WITNESS_RETRY_MS_MAX / 1000;
    if (status == 200) {
        judge_cosigned(desk, witness, verdict);
    } else if (status == 409) {
        judge_409(desk, seat, verdict);
    } else if (status == 422) {
        judge_conflict(desk, seat, verdict);
    } else if (status == 429 || status == 503) {
        say(verdict, CTY_SUBMITTED_WAIT, CTY_WITNESS_BEHIND, "it asks for time (%u)", status);
        cty_desk_pause(desk, seat, wait_s * 1000);
    } else if (status >= 500) {
        say(verdict, CTY_SUBMITTED_NOTHING, CTY_WITNESS_SILENT, "it has failed (%u)", status);
        cty_desk_pause(desk, seat, wait_s * 1000);
    } else {
        judge_refusal(desk, seat, verdict);
    }
}

/* What it showed is looked at once; then it is asked to cosign as before, for it may mend. */
static void judge_look(struct cty_desk *desk, uint32_t witness)
{
    struct cty_desk_seat *seat = &desk->seats[witness];
    custody_error error = {0};
    custody_err err = CUSTODY_E_NOT_FOUND;
    if (desk->message.err == CUSTODY_OK && desk->message.status == 200)
        err = cty_desk_judge_shown(desk, witness, &error);
    seat->errand = CTY_ERRAND_ADD;
    seat->accused = err != CUSTODY_OK;
    cty_desk_pause(desk, seat, err == CUSTODY_OK ? 0 : CTY_WITNESS_RETRY_MS_MAX / 2);
}

void cty_desk_judge(struct cty_desk *desk, uint32_t witness)
{
    struct verdict verdict = {.detail = ""};
    custody_err err = (custody_err)desk->message.err;
    if (desk->seats[witness].errand == CTY_ERRAND_LOOK) {
        judge_look(desk, witness);
        return;
    }
    if (err != CUSTODY_OK) {
        char detail[CTY_WITNESS_DETAIL_MAX];
        snprintf(detail, sizeof(detail), "%s: ", custody_err_name(err));
        cty_witnesses_put_plain(detail, sizeof(detail), cty_buf_bytes(&desk->body));
        cty_desk_judge_silence(desk, witness, detail);
        return;
    }
    judge_status(desk, witness, &verdict);
    desk->seats[witness].tried = true;
    cty_witnesses_count(desk->config.witnesses, verdict.outcome);
    if (!verdict.same)
        cty_witnesses_tell(desk->config.witnesses, witness, verdict.state, verdict.detail);
}

void cty_desk_judge_silence(struct cty_desk *desk, uint32_t witness, const char *detail)
{
    struct cty_desk_seat *seat = &desk->seats[witness];
    seat->busy = false;
    seat->tried = true;
    seat->errand = CTY_ERRAND_ADD;
    cty_witnesses_count(desk->config.witnesses, CTY_SUBMITTED_NOTHING);
    cty_witnesses_tell(desk->config.witnesses, witness, CTY_WITNESS_SILENT, detail);
    cty_desk_pause(desk, seat, 0);
}
