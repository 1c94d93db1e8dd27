/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a replay must know of the entries before its own, kept in a backing (spec/audit.md, "The state"): the fold's records and
 * the tree stand there anyway; here are the numbers, the findings, the log keys, and whose they are.
 */
#include <stdio.h>
#include <stdlib.h>

#include "audit/replay_inner.h"
#include "base/check.h"
#include "codec/text.h"

/* Changes with what a record, a finding or a number means; the fold's own changes come with the program's version. */
#define RULES "2"
#define RECORDS_BYTES_MAX CTY_AUDIT_RECORDS_BYTES_MAX
#define ASKED_BYTES_MAX CTY_AUDIT_ASKED_BYTES_MAX
#define LINES_BYTES_MAX 4096u
#define FINDING_BYTES_MAX 512u

static custody_err refuse(custody_error *error, const char *why)
{
    return cty_fail(error, CUSTODY_E_AUDIT_STATE, "%s", why);
}

static custody_err get(const struct cty_replay *replay, const char *key, struct cty_buf *out)
{
    return replay->backing->get(replay->backing->context, CTY_SPACE_REPLAY, key, out);
}

static custody_err put(const struct cty_replay *replay, const char *key, struct cty_bytes value)
{
    return replay->backing->put(replay->backing->context, CTY_SPACE_REPLAY, key, value);
}

/* ---- numbers ---- */

#define NUMBERS_MAX 20

struct number {
    const char *name;
    uint64_t value;
};

/* In this order, each on a line. */
static size_t numbers_of(const struct cty_replay *replay, struct number numbers[NUMBERS_MAX])
{
    const struct cty_step *step = &replay->step;
    const struct number all[] = {
        {"size", replay->size},
        {"entries", step->entries},
        {"newest", step->newest},
        {"contents-checked", step->contents_checked},
        {"contents-missing", step->contents_missing},
        {"founders-pinned", step->founders_pinned},
        {"parties-found", step->parties_found},
        {"revoked", step->revoked},
        {"cases-open", step->cases[CTY_OUTLOOK_OPEN]},
        {"cases-satisfied", step->cases[CTY_OUTLOOK_SATISFIED]},
        {"cases-refused", step->cases[CTY_OUTLOOK_REFUSED]},
        {"findings", replay->findings_all},
        {"first-time", step->first_time},
        {"newest-time", step->newest_time},
        {"expiries", step->expiries},
        {"expiries-cosigned", step->expiries_cosigned},
        {"expiries-bare", step->expiries_bare},
        {"expiries-before", step->expiries_before},
    };
    memcpy(numbers, all, sizeof(all));
    return CTY_COUNT_OF(all);
}

static void take_numbers(struct cty_replay *replay, const struct number *numbers)
{
    struct cty_step *step = &replay->step;
    size_t i = 0;
    replay->size = replay->from = numbers[i++].value;
    step->entries = numbers[i++].value;
    step->newest = numbers[i++].value;
    step->contents_checked = numbers[i++].value;
    step->contents_missing = numbers[i++].value;
    step->founders_pinned = numbers[i++].value != 0;
    step->parties_found = numbers[i++].value;
    step->revoked = numbers[i++].value != 0;
    step->cases[CTY_OUTLOOK_OPEN] = numbers[i++].value;
    step->cases[CTY_OUTLOOK_SATISFIED] = numbers[i++].value;
    step->cases[CTY_OUTLOOK_REFUSED] = numbers[i++].value;
    step->report->findings_all = numbers[i++].value;
    step->first_time = numbers[i++].value;
    step->newest_time = numbers[i++].value;
    step->expiries = numbers[i++].value;
    step->expiries_cosigned = numbers[i++].value;
    step->expiries_bare = numbers[i++].value;
    step->expiries_before = numbers[i++].value;
}

static custody_err keep_numbers(const struct cty_replay *replay)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(LINES_BYTES_MAX);
    struct number numbers[NUMBERS_MAX];
    size_t count = numbers_of(replay, numbers);
    for (size_t i = 0; i < count; i++)
        CTY_TRY(cty_buf_putf(&out, "%s %llu\n", numbers[i].name, (unsigned long long)numbers[i].value));
    return put(replay, "numbers", cty_buf_bytes(&out));
}

/* "name 123\n" from `at` on. */
static bool read_number(struct cty_bytes text, size_t *at, struct number *number)
{
    size_t name = strlen(number->name), begin = *at + name + 1, end = begin;
    if (text.size < begin || memcmp(text.data + *at, number->name, name) != 0 || text.data[begin - 1] != ' ')
        return false;
    while (end < text.size && text.data[end] != '\n')
        end++;
    *at = end + 1;
    return end < text.size && cty_u64_parse(cty_bytes_make(text.data + begin, end - begin), UINT64_MAX, &number->value) == CUSTODY_OK;
}

static custody_err load_numbers(struct cty_replay *replay, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(LINES_BYTES_MAX);
    struct number numbers[NUMBERS_MAX];
    size_t count = numbers_of(replay, numbers), at = 0;
    CTY_TRY(get(replay, "numbers", &text));
    for (size_t i = 0; i < count; i++) {
        if (!read_number(cty_buf_bytes(&text), &at, &numbers[i]))
            return refuse(error, "its numbers can't be read");
    }
    take_numbers(replay, numbers);
    return CUSTODY_OK;
}

/* ---- findings ---- */

static custody_err keep_findings(const struct cty_replay *replay)
{
    const struct cty_report *report = replay->step.report;
    for (size_t i = 0; i < replay->findings_count; i++) {
        char key[CTY_VIEW_KEY_MAX], value[FINDING_BYTES_MAX];
        const struct cty_finding *finding = &report->findings[i];
        cty_view_key(key, "finding %llu", (unsigned long long)i + 100000);
        int size = snprintf(value, sizeof(value), "%llu\n%s\n%s", (unsigned long long)finding->entry, finding->code,
                            finding->text);
        if (size < 0 || (size_t)size >= sizeof(value))
            return CUSTODY_E_INTERNAL;
        CTY_TRY(put(replay, key, cty_bytes_make(value, (size_t)size)));
    }
    return CUSTODY_OK;
}

static custody_err load_finding(void *context, const char *key, struct cty_bytes value)
{
    struct cty_report *report = context;
    struct cty_finding *finding = &report->findings[report->findings_count];
    char text[FINDING_BYTES_MAX];
    if (report->findings_count == CTY_REPORT_FINDINGS_MAX || value.size >= sizeof(text))
        return CUSTODY_E_AUDIT_STATE;
    memcpy(text, value.data, value.size);
    text[value.size] = 0;
    char *code = strchr(text, '\n'), *words = code ? strchr(code + 1, '\n') : NULL;
    if (!words)
        return CUSTODY_E_AUDIT_STATE;
    *code++ = *words++ = 0;
    (void)key;
    finding->claim = CTY_REPORT_NO_CLAIM;
    finding->entry = strtoull(text, NULL, 10);
    finding->code = cty_finding_code(code);
    snprintf(finding->text, sizeof(finding->text), "%s", words);
    report->findings_count++;
    return finding->code ? CUSTODY_OK : CUSTODY_E_AUDIT_STATE;
}

/* ---- who saw what ---- */

static custody_err keep_sights(const struct cty_replay *replay)
{
    const struct cty_step *step = &replay->step;
    return put(replay, "sights", cty_bytes_make(step->sights, step->sights_count * sizeof(step->sights[0])));
}

static custody_err load_sights(struct cty_replay *replay, custody_error *error)
{
    struct cty_step *step = &replay->step;
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(sizeof(step->sights));
    CTY_TRY(get(replay, "sights", &text));
    if (text.size % sizeof(step->sights[0]) != 0)
        return refuse(error, "its `seen` can't be read");
    memcpy(step->sights, text.data, text.size);
    step->sights_count = (uint32_t)(text.size / sizeof(step->sights[0]));
    for (uint32_t i = 0; i < step->sights_count; i++)
        step->sights[i].party[sizeof(step->sights[i].party) - 1] = 0;
    return CUSTODY_OK;
}

/* ---- log keys ---- */

static custody_err keep_log_keys(const struct cty_replay *replay)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(LINES_BYTES_MAX * 16);
    const struct cty_log_keys *keys = &replay->step.log_keys;
    for (uint32_t i = 0; i < keys->count; i++) {
        CTY_TRY(cty_buf_put(&out, &keys->from[i], sizeof(keys->from[i])));
        CTY_TRY(cty_buf_put(&out, keys->keys[i].bytes, CTY_KEY_SIZE));
    }
    return put(replay, "log keys", cty_buf_bytes(&out));
}

/* The first is the pinned one, whatever stands there. */
static custody_err load_log_keys(struct cty_replay *replay, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(LINES_BYTES_MAX * 16);
    const size_t each = sizeof(uint64_t) + CTY_KEY_SIZE;
    CTY_TRY(get(replay, "log keys", &text));
    for (size_t at = each; at + each <= text.size; at += each) {
        uint64_t from = 0;
        struct cty_key key;
        memcpy(&from, text.data + at, sizeof(from));
        memcpy(key.bytes, text.data + at + sizeof(from), CTY_KEY_SIZE);
        if (cty_log_keys_add(&replay->step.log_keys, from, &key) != CUSTODY_OK)
            return refuse(error, "its log keys can't be read");
    }
    return CUSTODY_OK;
}

/* ---- whose it is ---- */

/* What of a trust file entries are judged by. Witnesses and doors may change: they are asked about each checkpoint anew. */
static custody_err trust_digest(const struct cty_trust *trust, struct cty_hash *ret_digest)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX * 2);
    CTY_TRY(cty_buf_put_bytes(&text, trust->log_vkey));
    for (uint32_t i = 0; i < trust->pins_count; i++) {
        CTY_TRY(cty_buf_put_byte(&text, '\n'));
        CTY_TRY(cty_buf_put_bytes(&text, trust->pins[i].party));
        CTY_TRY(cty_buf_put_byte(&text, ' '));
        CTY_TRY(cty_buf_put_bytes(&text, trust->pins[i].vkey));
    }
    *ret_digest = cty_sha256(cty_buf_bytes(&text));
    return CUSTODY_OK;
}

/* "made by" and the like: what a state must say of itself, and what is wrong where it says something else. */
#define MARKS 3
struct marks {
    struct mark {
        const char *key;
        const char *otherwise;
        struct cty_buf text;
    } list[MARKS];
};

static custody_err marks_of(const struct cty_replay *replay, struct marks *ret_marks)
{
    const struct cty_trust *trust = replay->step.trust;
    struct cty_hash digest;
    char hex[2 * CTY_HASH_SIZE + 1];
    *ret_marks = (struct marks){{{"ledger", "it is another ledger's", CTY_BUF_INIT(LINES_BYTES_MAX)},
                                 {"trust", "it was made under another log key or other admins than are pinned now",
                                  CTY_BUF_INIT(LINES_BYTES_MAX)},
                                 {"program", "another version of the program made it", CTY_BUF_INIT(LINES_BYTES_MAX)}}};
    CTY_TRY(trust_digest(trust, &digest));
    cty_hex_write(digest.bytes, CTY_HASH_SIZE, hex);
    CTY_TRY(cty_buf_put_bytes(&ret_marks->list[0].text, trust->origin));
    CTY_TRY(cty_buf_put_text(&ret_marks->list[1].text, hex));
    return cty_buf_putf(&ret_marks->list[2].text, "%s, rules " RULES, replay->program);
}

static void marks_done(struct marks *marks)
{
    for (size_t i = 0; i < MARKS; i++)
        cty_buf_done(&marks->list[i].text);
}

static custody_err compare_mark(const struct cty_replay *replay, const struct mark *mark, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf is = CTY_BUF_INIT(LINES_BYTES_MAX);
    custody_err err = get(replay, mark->key, &is);
    if (err != CUSTODY_OK && err != CUSTODY_E_NOT_FOUND)
        return err;
    return cty_bytes_equal(cty_buf_bytes(&is), cty_buf_bytes(&mark->text)) ? CUSTODY_OK : refuse(error, mark->otherwise);
}

static custody_err compare_marks(const struct cty_replay *replay, custody_error *error)
{
    CTY_CLEANUP(marks_done) struct marks marks = {0};
    CTY_TRY(marks_of(replay, &marks));
    for (size_t i = 0; i < MARKS; i++)
        CTY_TRY(compare_mark(replay, &marks.list[i], error));
    return CUSTODY_OK;
}

static custody_err keep_marks(const struct cty_replay *replay)
{
    CTY_CLEANUP(marks_done) struct marks marks = {0};
    CTY_TRY(marks_of(replay, &marks));
    for (size_t i = 0; i < MARKS; i++)
        CTY_TRY(put(replay, marks.list[i].key, cty_buf_bytes(&marks.list[i].text)));
    return CUSTODY_OK;
}

/* ---- under which witnesses deadlines were judged ---- */

static custody_err keep_policy(const struct cty_replay *replay)
{
    struct cty_hash digest = cty_sha256(cty_buf_bytes(&replay->step.trust->policy.text));
    return put(replay, "policy", cty_bytes_make(digest.bytes, CTY_HASH_SIZE));
}

static void forget_findings(struct cty_report *report, const char *code)
{
    size_t kept = 0;
    for (size_t i = 0; i < report->findings_count; i++) {
        if (strcmp(report->findings[i].code, code) != 0)
            report->findings[kept++] = report->findings[i];
    }
    report->findings_count = kept;
}

/* What was judged by other witnesses says nothing of these: it counts as not judged, and --full judges it. */
static custody_err load_policy(struct cty_replay *replay)
{
    struct cty_step *step = &replay->step;
    struct cty_hash digest = cty_sha256(cty_buf_bytes(&step->trust->policy.text));
    CTY_CLEANUP(cty_buf_done) struct cty_buf is = CTY_BUF_INIT(LINES_BYTES_MAX);
    CTY_TRY(get(replay, "policy", &is));
    if (cty_bytes_equal(cty_buf_bytes(&is), cty_bytes_make(digest.bytes, CTY_HASH_SIZE)))
        return CUSTODY_OK;
    forget_findings(step->report, "deadline-unwitnessed");
    step->report->findings_all -= step->expiries_bare;
    step->expiries_before = step->expiries;
    step->expiries_cosigned = step->expiries_bare = 0;
    return CUSTODY_OK;
}

/* ---- the whole ---- */

/* The note is signed by the log's key, and says of this tree what its tiles say. */
static custody_err check_tree(struct cty_replay *replay, custody_error *error)
{
    struct cty_checkpoint checkpoint;
    struct cty_hash root;
    custody_err err = cty_checkpoint_open_by(cty_buf_bytes(&replay->before), replay->step.trust->origin,
                                             &replay->step.log_keys, &checkpoint);
    if (err != CUSTODY_OK || checkpoint.size != replay->size)
        return refuse(error, "its checkpoint is none of this log, or of another size");
    CTY_TRY(cty_memory_root(replay->step.memory, replay->size, &root));
    return cty_hash_equal(&root, &checkpoint.root) ? CUSTODY_OK : refuse(error, "its tiles don't give its checkpoint's root");
}

static void hold_what_began(struct cty_replay *replay)
{
    struct cty_report *report = replay->step.report;
    report->claims[CTY_CLAIM_ENROLLED].required = replay->step.trust->pins_count > 0;
    cty_report_hold(report, CTY_CLAIM_ENROLLED, "as in the stretch before");
}

static custody_err load(struct cty_replay *replay, custody_error *error)
{
    CTY_TRY(compare_marks(replay, error));
    CTY_TRY(load_numbers(replay, error));
    CTY_TRY(load_log_keys(replay, error));
    CTY_TRY(load_sights(replay, error));
    CTY_TRY(get(replay, "note", &replay->before));
    CTY_TRY(replay->backing->each(replay->backing->context, CTY_SPACE_REPLAY, "finding ", load_finding, replay->step.report));
    CTY_TRY(load_policy(replay));
    CTY_TRY(cty_memory_back_tree(replay->step.memory, replay->size));
    CTY_TRY(check_tree(replay, error));
    hold_what_began(replay);
    return CUSTODY_OK;
}

custody_err cty_replay_back(struct cty_replay *replay, const struct cty_backing *backing, const char *program,
                            custody_error *error)
{
    CTY_CHECK(replay->size == 0 && !replay->backing);
    replay->backing = backing;
    replay->program = program;
    replay->before = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    CTY_TRY(cty_memory_back(replay->step.memory, backing, CTY_SPACE_RECORD, RECORDS_BYTES_MAX));
    CTY_TRY(cty_memory_back(replay->step.asked, backing, CTY_SPACE_ASKED, ASKED_BYTES_MAX));
    if (backing->empty)
        return cty_memory_back_tree(replay->step.memory, 0);
    custody_err err = load(replay, error);
    if (err == CUSTODY_E_NOT_FOUND || err == CUSTODY_E_AUDIT_STATE)
        return error && error->code == CUSTODY_E_AUDIT_STATE ? err : refuse(error, "something is missing in it");
    return err;
}

struct cty_bytes cty_replay_before(const struct cty_replay *replay, uint64_t *ret_size)
{
    *ret_size = replay->from;
    return cty_buf_bytes(&replay->before);
}

custody_err cty_replay_keep(struct cty_replay *replay, struct cty_bytes note)
{
    CTY_CHECK(replay->backing && !cty_report_failed(replay->step.report) && !replay->step.stopped);
    CTY_TRY(keep_marks(replay));
    CTY_TRY(keep_numbers(replay));
    CTY_TRY(keep_findings(replay));
    CTY_TRY(keep_log_keys(replay));
    CTY_TRY(keep_sights(replay));
    CTY_TRY(keep_policy(replay));
    CTY_TRY(put(replay, "note", note));
    CTY_TRY(cty_memory_flush(replay->step.memory));
    CTY_TRY(cty_memory_flush(replay->step.asked));
    return cty_memory_flush_tree(replay->step.memory);
}

bool cty_replay_can_be_kept(const struct cty_replay *replay)
{
    return replay->backing && !replay->step.stopped && !cty_report_failed(replay->step.report);
}
