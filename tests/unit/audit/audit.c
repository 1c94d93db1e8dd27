/* SPDX-License-Identifier: Apache-2.0 */
#include "audit.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)

static const char policy[] = "{\"admin_quorum\":2,\"rules\":["
                             "{\"approvals\":2,\"effect\":\"hold\",\"match\":{\"action\":\"refund\"},\"roles\":[\"approver\"]},"
                             "{\"effect\":\"deny\",\"match\":{\"action\":\"drop\"}},{\"effect\":\"pass\"}]}";

static struct stage *open_stage(void)
{
    struct stage *s = cty_alloc(1, sizeof(*s));
    struct cty_buf text = CTY_BUF_INIT(4096);
    CTY_CHECK(s);
    s->w = world_new();
    world_open(s->w, policy);
    world_trust_text(s->w, true, &text);
    MUST(cty_trust_parse(cty_buf_bytes(&text), &s->trust, NULL));
    cty_buf_done(&text);
    return s;
}

struct stage *stage_small(void)
{
    struct stage *s = open_stage();
    MUST(world_person(s->w, "operator/boss", NULL, "boss"));
    MUST(world_agent(s->w, "operator/bot", "operator/boss"));
    return s;
}

struct stage *stage_new(void)
{
    struct stage *s = open_stage();
    world_party(s->w, "acme");
    MUST(world_person(s->w, "acme/c", "approver", "c"));
    MUST(world_person(s->w, "acme/boss", NULL, "boss"));
    MUST(world_agent(s->w, "acme/bot", "acme/boss"));
    MUST(world_agent(s->w, "acme/bot2", "acme/boss"));
    return s;
}

void stage_free(struct stage *s)
{
    cty_trust_done(&s->trust);
    world_free(s->w);
    free(s);
}

void stage_trust(struct stage *s, const char *text)
{
    custody_error error = {0};
    cty_trust_done(&s->trust);
    custody_err err = cty_trust_parse(cty_bytes_text(text), &s->trust, &error);
    if (err != CUSTODY_OK)
        fail_msg("%s: %s", custody_err_name(err), error.detail);
}

void stage_release(struct stage *s)
{
    struct world *w = s->w;
    MUST(world_request(w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &s->case_id));
    MUST(world_patch(w, &s->case_id, "acme/b", "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":250}]",
                     "{\"amount\":250}"));
    MUST(world_decide(w, &s->case_id, "acme/a", CTY_APPROVE));
    MUST(world_decide(w, &s->case_id, "acme/c", CTY_APPROVE));
}

void stage_refund(struct stage *s)
{
    stage_release(s);
    MUST(world_consume(s->w, &s->case_id, "acme/bot"));
    MUST(world_outcome(s->w, &s->case_id, "acme/bot", CTY_OUTCOME_FULFILLED));
}

void stage_noise(struct stage *s)
{
    MUST(world_request(s->w, "acme/bot2", "acme/bot2", "ping", "{}", NULL));
}

static int verify(struct stage *s, const struct cty_evidence *evidence, struct cty_bytes as)
{
    memset(&s->report, 0, sizeof(s->report));
    assert_ok(cty_evidence_verify(evidence, &s->trust, as, &s->report, NULL));
    return cty_report_exit(&s->report);
}

int stage_verify(struct stage *s, const struct cty_evidence *evidence)
{
    return verify(s, evidence, cty_bytes_make(NULL, 0));
}

int stage_verify_as(struct stage *s, const struct cty_evidence *evidence, const char *as)
{
    return verify(s, evidence, cty_bytes_text(as));
}

int stage_verify_text(struct stage *s, struct cty_bytes file)
{
    struct cty_evidence *evidence = NULL;
    custody_error error = {0};
    assert_ok(cty_evidence_parse(file, &evidence, &error));
    int status = stage_verify(s, evidence);
    cty_evidence_free(evidence);
    return status;
}

int stage_verify_own(struct stage *s)
{
    struct cty_evidence *evidence = world_evidence(s->w, &s->case_id);
    int status = stage_verify(s, evidence);
    cty_evidence_free(evidence);
    return status;
}

int stage_replay(struct stage *s, const struct cty_bytes *texts, size_t count, struct cty_bytes note, unsigned threads)
{
    struct cty_replay *replay = NULL;
    struct cty_content_source contents = world_contents(s->w);
    memset(&s->report, 0, sizeof(s->report));
    assert_ok(cty_replay_new(&s->trust, &contents, threads, &s->report, &replay));
    for (size_t from = 0; from < count; from += CTY_REPLAY_BATCH_MAX) {
        size_t more = count - from < CTY_REPLAY_BATCH_MAX ? count - from : CTY_REPLAY_BATCH_MAX;
        assert_ok(cty_replay_entries(replay, texts + from, more));
    }
    assert_ok(cty_replay_finish(replay, note));
    assert_int_equal(cty_replay_size(replay), count);
    cty_replay_free(replay);
    return cty_report_exit(&s->report);
}

int stage_replay_own(struct stage *s)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    world_checkpoint(s->w, &note);
    int status = stage_replay(s, s->w->entries, s->w->entries_count, cty_buf_bytes(&note), 1);
    cty_buf_done(&note);
    return status;
}

const char *claim_state_text(enum cty_claim_state state)
{
    static const char *const names[] = {"not asked", "holds", "not checked", "fails"};
    return names[state];
}

bool has_finding(const struct cty_report *report, const char *code)
{
    for (size_t i = 0; i < report->findings_count; i++) {
        if (strcmp(report->findings[i].code, code) == 0)
            return true;
    }
    return false;
}

bool says(const struct cty_report *report, enum cty_claim claim, const char *part)
{
    return strstr(report->claims[claim].text, part) != NULL;
}

void print_report(const struct cty_report *report)
{
    struct cty_buf out = CTY_BUF_INIT(1 << 20);
    MUST(cty_report_text(report, &out));
    fprintf(stderr, "%s", cty_buf_text(&out));
    cty_buf_done(&out);
}

uint64_t entry_of(struct stage *s, enum cty_type type, unsigned number)
{
    struct cty_parsed_entry parsed = {0};
    uint64_t index = UINT64_MAX;
    for (size_t i = 0; i < s->w->entries_count && index == UINT64_MAX; i++) {
        MUST(cty_entry_parse(s->w->entries[i], &parsed, NULL));
        const struct cty_signed *statement = &parsed.signed_statement;
        bool other = (cty_type_flags(type) & CTY_TYPE_CASE) &&
                     !cty_hash_equal(&statement->statement.case_id, &s->case_id);
        if (statement->statement.type == type && !other && number-- == 0)
            index = i;
    }
    cty_parsed_entry_done(&parsed);
    CTY_CHECK(index != UINT64_MAX);
    return index;
}
