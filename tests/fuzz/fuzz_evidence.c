/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence files: what is read is written as the same bytes; whatever it says, verifying it ends with a report that is
 * true to itself, the same one each time.
 */
#include "audit/evidence.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The log key that signed the checkpoints of the corpus; a test key whose seed is the hash of its name. */
static const char trust_text[] = "{\"custody_trust\":1,\"policy\":\"log custody.example/test+0d4ba4a3+"
                                 "AYQIqYk/xaOYsZcQuAGBWOLL67exRHgWaH5+cqKdgrRk\\nquorum none\"}";

static const struct cty_trust *trust_get(void)
{
    static struct cty_trust trust;
    if (!trust.text.data)
        CTY_CHECK(cty_trust_parse(cty_bytes_text(trust_text), &trust, NULL) == CUSTODY_OK);
    return &trust;
}

static void check_there_and_back(struct cty_bytes bytes, const struct cty_evidence *evidence)
{
    struct cty_buf again = CTY_BUF_INIT(bytes.size);
    if (bytes.data[bytes.size - 1] == '\n')
        bytes.size--;
    CTY_CHECK(cty_evidence_format(evidence, &again) == CUSTODY_OK);
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&again), bytes));
    cty_buf_done(&again);
}

static custody_err count_number(void *context, uint64_t number)
{
    (void)number;
    ++*(unsigned *)context;
    return CUSTODY_OK;
}

static custody_err count_blob(void *context, const struct cty_hash *statement, struct cty_bytes member)
{
    (void)statement;
    CTY_CHECK(member.size > 0);
    ++*(unsigned *)context;
    return CUSTODY_OK;
}

static custody_err count_parent(void *context, const struct cty_hash *case_id)
{
    (void)case_id;
    ++*(unsigned *)context;
    return CUSTODY_OK;
}

static void check_needs(const struct cty_evidence *evidence)
{
    unsigned count = 0;
    const struct cty_evidence_needs needs = {&count, count_number, count_number, count_blob, count_parent};
    CTY_CHECK(cty_evidence_needs(evidence, &needs) == CUSTODY_OK);
    /* At the least, nothing names the newest entry. */
    CTY_CHECK(count > 0 || cty_evidence_entries(evidence) == 0);
}

static void check_lines(const struct cty_report *report)
{
    for (int i = 0; i < CTY_CLAIM_COUNT; i++) {
        const struct cty_claim_line *line = &report->claims[i];
        CTY_CHECK(line->state != CTY_CLAIM_FAILS || line->code != CUSTODY_OK);
        for (const char *c = line->text; *c; c++)
            CTY_CHECK((unsigned char)*c >= 0x20 && (unsigned char)*c <= 0x7e);
    }
}

static void check_status(const struct cty_report *report)
{
    int status = cty_report_exit(report);
    CTY_CHECK(status >= 0 && status <= 3);
    CTY_CHECK((status == 1) == cty_report_failed(report));
    bool sound = report->claims[CTY_CLAIM_CHECKPOINT].state == CTY_CLAIM_HOLDS &&
                 report->claims[CTY_CLAIM_INTACT].state == CTY_CLAIM_HOLDS &&
                 report->claims[CTY_CLAIM_COMPLETE].state == CTY_CLAIM_HOLDS &&
                 report->claims[CTY_CLAIM_SIGNED].state == CTY_CLAIM_HOLDS &&
                 report->claims[CTY_CLAIM_LAWFUL].state == CTY_CLAIM_HOLDS &&
                 report->claims[CTY_CLAIM_SEEN].state == CTY_CLAIM_HOLDS;
    CTY_CHECK(sound || (status != 0 && status != 2));
}

static int check_report(const struct cty_evidence *evidence, struct cty_buf *out)
{
    static struct cty_report report;
    struct cty_memory *memory = NULL;
    memset(&report, 0, sizeof(report));
    custody_err err = cty_evidence_verify(evidence, trust_get(), CTY_LITERAL("acme/bot"), &report, &memory);
    CTY_CHECK(err == CUSTODY_OK);
    check_lines(&report);
    check_status(&report);
    cty_buf_clear(out);
    CTY_CHECK(cty_report_text(&report, out) == CUSTODY_OK);
    cty_buf_clear(out);
    CTY_CHECK(cty_report_json(&report, out) == CUSTODY_OK);
    cty_memory_free(memory);
    return cty_report_exit(&report);
}

/* The same report again; of what fails, as most inputs do, now and then. */
static void check_again(const struct cty_evidence *evidence, int status, const struct cty_buf *first)
{
    struct cty_buf second = CTY_BUF_INIT(1 << 20);
    if (status == 1 && first->size % 16 != 0)
        return;
    CTY_CHECK(check_report(evidence, &second) == status);
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(first), cty_buf_bytes(&second)));
    cty_buf_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cty_evidence *evidence = NULL;
    struct cty_buf report = CTY_BUF_INIT(1 << 20);
    CTY_CHECK(cty_crypto_init() == CUSTODY_OK);
    custody_err err = cty_evidence_parse(cty_bytes_make(data, size), &evidence, NULL);
    if (err != CUSTODY_OK) {
        CTY_CHECK(evidence == NULL && custody_err_class_get(err) == CUSTODY_CLASS_REFUSAL);
        return 0;
    }
    check_there_and_back(cty_bytes_make(data, size), evidence);
    check_needs(evidence);
    check_again(evidence, check_report(evidence, &report), &report);
    cty_evidence_free(evidence);
    cty_buf_done(&report);
    return 0;
}
