/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/running.h"

#include <sys/wait.h>

#include "base/check.h"
#include "cli/case.h"
#include "cli/put.h"
#include "cli/submitted.h"
#include "cli/text.h"
#include "codec/text.h"

#define RESUME_BYTES_MAX 4096

/* One step for --json: the caller puts its members in between, in their order. */
static void step_begin(struct cty_running *r, struct cty_jw *jw)
{
    cty_page_begin(r->cli, jw);
    cty_member_hash(jw, "case", &r->case_id);
}

static custody_err step_end(struct cty_running *r, struct cty_jw *jw)
{
    CTY_TRY(cty_page_end(r->cli, jw));
    return cty_cli_flush(r->cli);
}

/* A word as a shell reads it. */
static custody_err put_word(struct cty_buf *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
    if (word[0] && strspn(word, plain) == strlen(word))
        return cty_buf_put_text(out, word);
    CTY_TRY(cty_buf_put_byte(out, '\''));
    for (; *word; word++)
        CTY_TRY(*word == '\'' ? cty_buf_put_text(out, "'\\''") : cty_buf_put_byte(out, (uint8_t)*word));
    return cty_buf_put_byte(out, '\'');
}

/* The command that goes on with the case, with the settings of this one's command line. */
static custody_err write_resume(struct cty_running *r, struct cty_buf *out)
{
    static const char *const settings[] = {"url", "trust", "key", "passphrase-fd", "state", "timeout"};
    CTY_TRY(cty_buf_put_text(out, "custody run --resume "));
    for (size_t i = 0; i < CTY_HASH_SIZE; i++)
        CTY_TRY(cty_buf_putf(out, "%02x", r->case_id.bytes[i]));
    for (size_t i = 0; i < CTY_COUNT_OF(settings); i++) {
        const char *value = cty_args_text(&r->cli->args, settings[i]);
        if (!value)
            continue;
        CTY_TRY(cty_buf_putf(out, " --%s ", settings[i]));
        CTY_TRY(put_word(out, value));
    }
    return CUSTODY_OK;
}

void cty_run_tell_resume(struct cty_running *r)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf line = CTY_BUF_INIT(RESUME_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf shown = CTY_BUF_INIT(4 * RESUME_BYTES_MAX);
    if (write_resume(r, &line) == CUSTODY_OK && cty_text_show(cty_buf_bytes(&line), &shown) == CUSTODY_OK)
        cty_cli_note(r->cli, "custody: to go on: %.*s", (int)shown.size, (const char *)shown.data);
}

custody_err cty_run_tell_case(struct cty_running *r, const char *how)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf line = CTY_BUF_INIT(RESUME_BYTES_MAX);
    char hex[2 * CTY_HASH_SIZE + 1];
    struct cty_jw jw;
    cty_hex_write(r->case_id.bytes, CTY_HASH_SIZE, hex);
    cty_cli_note(r->cli, "custody: %s case %s; nothing runs before it is released", how, hex);
    cty_run_tell_resume(r);
    if (!r->cli->json)
        return CUSTODY_OK;
    step_begin(r, &jw);
    CTY_TRY(write_resume(r, &line));
    cty_member(&jw, "resume", cty_buf_bytes(&line));
    cty_member_text(&jw, "step", how);
    return step_end(r, &jw);
}

/* The words of a command as they are run, foreign text escaped. */
static custody_err show_words(struct cty_running *r)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf line = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    for (size_t i = 0; r->released.argv[i]; i++) {
        CTY_TRY(cty_buf_put_text(&line, i ? " " : ""));
        CTY_TRY(put_word(&line, r->released.argv[i]));
    }
    cty_buf_clear(&r->text);
    return cty_text_show(cty_buf_bytes(&line), &r->text);
}

custody_err cty_run_tell_released(struct cty_running *r, struct cty_bytes original, struct cty_bytes payload)
{
    struct cty_jw jw;
    bool same = cty_bytes_equal(original, payload);
    if (r->cli->json) {
        step_begin(r, &jw);
        CTY_TRY(cty_member_diff(&jw, "changes", original, payload));
        CTY_TRY(cty_member_document(&jw, "payload", "payload_base64", payload));
        cty_member_text(&jw, "step", "released");
        return step_end(r, &jw);
    }
    cty_buf_clear(&r->text);
    if (!same)
        CTY_TRY(cty_render_diff(original, payload, 2, &r->text));
    cty_cli_note(r->cli, "custody: released%s", same ? " as it was asked" : " with changes:");
    if (!same)
        cty_cli_present(r->cli, cty_buf_bytes(&r->text));
    return CUSTODY_OK;
}

static custody_err say_consumed(struct cty_running *r)
{
    struct cty_jw jw;
    unsigned long long index = r->submitted.own.index;
    if (r->cli->json) {
        step_begin(r, &jw);
        cty_member_text(&jw, "step", "consumed");
        cty_member_submitted(&jw, "submitted", &r->submitted);
        return step_end(r, &jw);
    }
    CTY_TRY(show_words(r));
    cty_cli_note(r->cli, "custody: consumed by entry %llu; runs: %.*s", index, (int)r->text.size,
                 (const char *)r->text.data);
    return CUSTODY_OK;
}

void cty_run_tell_consumed(struct cty_running *r)
{
    if (say_consumed(r) != CUSTODY_OK)
        cty_buf_clear(&r->cli->page);
}

void cty_member_ending(struct cty_jw *jw, const struct cty_ending *ending)
{
    if (ending->why != CTY_RAN)
        cty_member_text(jw, "not_run", cty_not_run_names[ending->why]);
    else if (ending->status != -1 && WIFEXITED(ending->status))
        cty_member_u64(jw, "exit", (uint64_t)WEXITSTATUS(ending->status));
    else if (ending->status != -1)
        cty_member_u64(jw, "signal", (uint64_t)WTERMSIG(ending->status));
}

void cty_run_tell_unreported(struct cty_running *r, custody_err err, const char *outcome)
{
    char hex[2 * CTY_HASH_SIZE + 1];
    cty_hex_write(r->case_id.bytes, CTY_HASH_SIZE, hex);
    cty_cli_note(r->cli, "custody: the outcome could not be reported: %s [%s]", custody_err_sentence(err),
                 custody_err_name(err));
    cty_cli_note(r->cli, "custody: to report it: custody outcome %s %s", hex, outcome);
}

custody_err cty_run_tell_ended(struct cty_running *r, const struct cty_ending *ending, const char *outcome, bool reported)
{
    struct cty_jw jw;
    bool exited = ending->why == CTY_RAN && ending->status != -1 && WIFEXITED(ending->status);
    bool signalled = ending->why == CTY_RAN && ending->status != -1 && !exited;
    step_begin(r, &jw);
    if (!signalled)
        cty_member_ending(&jw, ending);
    cty_member_text(&jw, "outcome", outcome);
    cty_member_bool(&jw, "reported", reported);
    if (signalled)
        cty_member_ending(&jw, ending);
    cty_member_text(&jw, "step", "ended");
    return step_end(r, &jw);
}
