/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vendor's audit: every entry over its own door, replayed from its own trust file; then what became of each case, in
 * the order of their requests, and how many entries of each type there are.
 */
#include "vendor.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/replay.h"
#include "base/check.h"
#include "codec/text.h"

#define REPORT_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct auditing {
    struct cty_replay *replay;
    struct cty_report report;
    struct cty_parsed_entry parsed;
    struct cty_hash *cases;
    size_t cases_count;
    uint64_t types[CTY_TYPE_COUNT];
    struct cty_buf out;
};

static void note_entry(struct auditing *a, struct cty_bytes text)
{
    must(cty_entry_parse(text, &a->parsed, &house_error));
    enum cty_type type = a->parsed.signed_statement.statement.type;
    a->types[type]++;
    if (type != CTY_REQUEST)
        return;
    a->cases = realloc(a->cases, (a->cases_count + 1) * sizeof(*a->cases));
    must_be(a->cases != NULL);
    a->cases[a->cases_count++] = a->parsed.signed_statement.digest;
}

static custody_err take_entries(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    struct auditing *a = context;
    (void)first;
    for (size_t i = 0; i < count; i++)
        note_entry(a, texts[i]);
    return cty_replay_entries(a->replay, texts, count);
}

static void put_case(struct auditing *a, const struct cty_hash *case_id, struct cty_case *record, struct cty_json *tape)
{
    char key[CTY_VIEW_KEY_MAX] = "case/", consume[2 * CTY_HASH_SIZE + 1] = "-";
    cty_hex_write(case_id->bytes, CTY_HASH_SIZE, key + 5);
    memset(record, 0, sizeof(*record));
    must(cty_record_decode(&cty_shape_case, cty_memory_get(cty_replay_memory(a->replay), key), tape, record,
                           &house_error));
    if (record->consume.present)
        cty_hex_write(record->consume.hash.bytes, CTY_HASH_SIZE, consume);
    must(cty_buf_putf(&a->out, "case %s %.*s %s %.*s %s %u %llu\n", key + 5, (int)record->action.size,
                      (const char *)record->action.data, cty_case_state_names[record->state], (int)record->holder.size,
                      (const char *)record->holder.data, consume, record->hops_count,
                      (unsigned long long)record->revision));
}

static void put_all(struct auditing *a, const struct cty_checkpoint *checkpoint)
{
    char root[2 * CTY_HASH_SIZE + 1];
    struct cty_json tape = CTY_JSON_INIT;
    struct cty_case *record = cty_alloc(1, sizeof(*record));
    must_be(record != NULL);
    cty_hex_write(checkpoint->root.bytes, CTY_HASH_SIZE, root);
    must(cty_buf_putf(&a->out, "ledger %llu %s\n", (unsigned long long)checkpoint->size, root));
    for (size_t i = 0; i < a->cases_count; i++)
        put_case(a, &a->cases[i], record, &tape);
    for (int i = 0; i < CTY_TYPE_COUNT; i++)
        must(cty_buf_putf(&a->out, "type %s %llu\n", cty_type_name((enum cty_type)i), (unsigned long long)a->types[i]));
    cty_json_done(&tape);
    free(record);
}

/* The claims of a whole ledger, without contents. */
static void check_claims(const struct cty_report *report)
{
    int status = cty_report_exit(report);
    for (unsigned i = 0; i < CTY_CLAIM_COUNT; i++) {
        const struct cty_claim_line *line = &report->claims[i];
        if (line->state == CTY_CLAIM_FAILS)
            house_fail(__FILE__, __LINE__, cty_claim_name((enum cty_claim)i), line->code, line->text);
    }
    must_be(status == 0 || status == 2);
    must_be(report->claims[CTY_CLAIM_LAWFUL].state == CTY_CLAIM_HOLDS);
    must_be(report->claims[CTY_CLAIM_ENROLLED].state == CTY_CLAIM_HOLDS);
}

char *vendor_audit(struct vendor *v, size_t *ret_size)
{
    struct cty_checkpoint checkpoint;
    struct cty_bytes note;
    struct cty_buf kept = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct auditing *a = cty_alloc(1, sizeof(*a));
    must_be(a != NULL);
    a->out.limit = REPORT_BYTES_MAX;
    struct cty_client *client = office_client(v, v->admins[0]);
    must(cty_client_checkpoint(client, true, &checkpoint, &note, &house_error));
    must(cty_buf_put_bytes(&kept, note));
    must(cty_replay_new(&v->trust, NULL, 0, &a->report, &a->replay));
    must(cty_client_entries(client, 0, checkpoint.size, take_entries, a, &house_error));
    must(cty_replay_finish(a->replay, cty_buf_bytes(&kept)));
    check_claims(&a->report);
    put_all(a, &checkpoint);
    cty_client_close(client);
    cty_replay_free(a->replay);
    cty_parsed_entry_done(&a->parsed);
    cty_buf_done(&kept);
    free(a->cases);
    char *text = (char *)cty_buf_take(&a->out, ret_size);
    free(a);
    return text;
}
