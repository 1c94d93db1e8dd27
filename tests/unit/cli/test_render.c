/* SPDX-License-Identifier: Apache-2.0 */
/* What an approver sees: who asks for what, the payload, each change, what was said. It can't be made to lie. */
#include "cli/case.h"
#include "kit/world_evidence.h"
#include "unit/support.h"

#define POLICY                                                                                                         \
    "{\"admin_quorum\":2,\"rules\":[{\"approvals\":2,\"effect\":\"hold\",\"match\":{\"action\":\"refund\"},"           \
    "\"roles\":[\"approver\"]}]}"

struct stage {
    struct world *w;
    struct cty_trust trust;
    struct cty_judgement judgement;
    struct cty_hash case_id;
    struct cty_buf text;
};

static int setup(void **state)
{
    struct stage *s = cty_alloc(1, sizeof(*s));
    struct cty_buf trust = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    assert_non_null(s);
    s->w = world_new();
    s->text = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    world_open(s->w, POLICY);
    world_party(s->w, "acme");
    assert_ok(world_person(s->w, "acme/boss", NULL, "boss"));
    assert_ok(world_agent(s->w, "acme/bot", "acme/boss"));
    world_trust_text(s->w, true, &trust);
    assert_ok(cty_trust_parse(cty_buf_bytes(&trust), &s->trust, NULL));
    cty_buf_done(&trust);
    *state = s;
    return 0;
}

static void forget(struct stage *s)
{
    cty_evidence_free(s->judgement.evidence);
    cty_memory_free(s->judgement.memory);
    memset(&s->judgement, 0, sizeof(s->judgement));
    cty_buf_clear(&s->text);
}

static int teardown(void **state)
{
    struct stage *s = *state;
    forget(s);
    cty_trust_done(&s->trust);
    cty_buf_done(&s->text);
    world_free(s->w);
    free(s);
    return 0;
}

/* As the client would judge it, without a custodian. */
static const char *render(struct stage *s)
{
    struct cty_judgement *j = &s->judgement;
    forget(s);
    j->case_id = s->case_id;
    j->evidence = world_evidence(s->w, &s->case_id);
    assert_ok(cty_evidence_verify(j->evidence, &s->trust, cty_bytes_make(NULL, 0), &j->report, &j->memory));
    j->checkpoint.origin = CTY_LITERAL(WORLD_ORIGIN);
    world_case(s->w, &s->case_id, &j->record);
    j->known = true;
    j->newest_time = s->w->time;
    assert_ok(cty_case_render(j, &s->text));
    return cty_buf_text(&s->text);
}

static void expect(struct stage *s, const char *part)
{
    if (!strstr(cty_buf_text(&s->text), part))
        fail_msg("'%s' is not in:\n%s", part, cty_buf_text(&s->text));
}

static void a_case_is_told(void **state)
{
    struct stage *s = *state;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &s->case_id));
    render(s);
    expect(s, "service      payments\naction       refund\npriority     normal\n"
              "asked by     acme/bot\nto act       acme/bot\n");
    expect(s, "state        HELD\ndecide by    2027-");
    expect(s, "quorum       0 of 2 by approver of acme, asked for by ledger\n");
    expect(s, "payload      revision 0\n  {\n    \"amount\": 500\n  }\nsaid ");
    expect(s, "request by acme/bot\n");
    expect(s, "verdict hold by clerk\n");
}

static void each_revision_shows_what_it_changed(void **state)
{
    struct stage *s = *state;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{\"amount\":500,\"to\":\"x\"}", &s->case_id));
    assert_ok(world_patch(s->w, &s->case_id, "acme/a", "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":250}]",
                          "{\"amount\":250,\"to\":\"x\"}"));
    assert_ok(world_patch(s->w, &s->case_id, "acme/b", "[{\"op\":\"remove\",\"path\":\"/to\"}]", "{\"amount\":250}"));
    assert_ok(world_decide(s->w, &s->case_id, "acme/a", CTY_APPROVE));
    render(s);
    expect(s, "payload      revision 2\n  {\n    \"amount\": 250\n  }\n"
              "changed      from what was asked to what stands:\n  /amount  500 -> 250\n  /to  \"x\" -> (nothing)\n");
    expect(s, "patch by acme/a\n           /amount  500 -> 250\n");
    expect(s, "patch by acme/b\n           /to  \"x\" -> (nothing)\n");
    expect(s, "decision approve by acme/a\n");
    expect(s, "quorum       1 of 2 by approver of acme");
}

static void the_same_evidence_gives_the_same_text(void **state)
{
    struct stage *s = *state;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &s->case_id));
    char *first = strdup(render(s));
    assert_string_equal(render(s), first);
    free(first);
}

/* Payloads are committed to and checked by nobody: what they hold must not draw on the screen. */
static void a_payload_can_t_forge_the_text(void **state)
{
    static const char *const payloads[] = {
        "{\"amount\":500,\"note\":\"\\n\\u001b[2Jstate        RELEASED\\u202e\"}",
        "{\"a\":\"\u202e\u200b\"}",
        "{\"amount\":1,\"amount\":2}",
        "\x1b[2J{}",
        "",
        "\xff\xfe",
    };
    struct stage *s = *state;
    for (size_t i = 0; i < CTY_COUNT_OF(payloads); i++) {
        assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", payloads[i], &s->case_id));
        const char *text = render(s);
        assert_null(strstr(text, "\nstate        RELEASED"));
        assert_null(strstr(text, "\u202e"));
        assert_null(strstr(text, "\u200b"));
        assert_null(strchr(text, 0x1b));
        assert_true(cty_bytes_is_utf8(cty_buf_bytes(&s->text)));
        expect(s, i < 2 ? "payload      revision 0\n  {\n" : "NOT A JSON DOCUMENT");
    }
}

static void a_large_payload_is_cut_and_says_so(void **state)
{
    struct stage *s = *state;
    const size_t size = 400000;
    char *payload = cty_alloc(1, size + 16);
    assert_non_null(payload);
    snprintf(payload, size + 16, "{\"a\":\"%0*d\"}", (int)size, 0);
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", payload, &s->case_id));
    render(s);
    expect(s, "CUT: 262144 of 400");
    assert_true(s->text.size < 300000);
    free(payload);
}

static void a_payload_that_is_not_at_hand_is_said(void **state)
{
    struct stage *s = *state;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &s->case_id));
    s->w->blobs[s->w->blobs_count - 1].statement.bytes[0] ^= 1;
    render(s);
    expect(s, "payload      revision 0\n  not at hand");
    s->w->blobs[s->w->blobs_count - 1].statement.bytes[0] ^= 1;
}

static void json_has_the_same(void **state)
{
    struct stage *s = *state;
    struct cty_jw jw;
    struct cty_buf out = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    struct cty_json json = CTY_JSON_INIT;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{ \"amount\":500 }", &s->case_id));
    assert_ok(world_patch(s->w, &s->case_id, "acme/a", "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":250}]",
                          "{\"amount\":250}"));
    render(s);
    cty_jw_begin(&jw, &out);
    cty_jw_object(&jw);
    assert_ok(cty_case_members(&s->judgement, CTY_CASE_HELD, &jw));
    cty_jw_object_end(&jw);
    assert_ok(cty_jw_end(&jw));
    assert_ok(cty_json_scan(&json, CTY_JSON_DOCUMENT, (struct cty_json_limits){32, 65536}, cty_buf_bytes(&out), NULL));
    const struct cty_json_node *root = &json.nodes[0];
    assert_bytes_text(cty_json_member(&json, root, "original")->text, "{\"amount\":500}");
    assert_bytes_text(cty_json_member(&json, root, "payload")->text, "{\"amount\":250}");
    assert_bytes_text(cty_json_member(&json, root, "changes")->text,
                      "[{\"after\":250,\"before\":500,\"path\":\"/amount\"}]");
    assert_bytes_text(cty_json_member(&json, root, "state")->text, "HELD");
    assert_int_equal(cty_json_member(&json, root, "entries")->count, 4);
    cty_json_done(&json);
    cty_buf_done(&out);
}

static void who_may_not_decide_is_told_why(void **state)
{
    struct stage *s = *state;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &s->case_id));
    render(s);
    uint64_t now = s->w->time;
    assert_ok(cty_case_may_decide(&s->judgement, CTY_LITERAL("acme/a"), now, NULL));
    assert_refused(cty_case_may_decide(&s->judgement, CTY_LITERAL("acme/bot"), now, NULL), "not-human");
    assert_refused(cty_case_may_decide(&s->judgement, CTY_LITERAL("operator/ada"), now, NULL), "wrong-role");
    assert_refused(cty_case_may_decide(&s->judgement, CTY_LITERAL("acme/a"), now + 2 * CTY_DECIDE_MS_DEFAULT, NULL),
                   "deadline-passed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_case_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(each_revision_shows_what_it_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_evidence_gives_the_same_text, setup, teardown),
        cmocka_unit_test_setup_teardown(a_payload_can_t_forge_the_text, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_payload_is_cut_and_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(a_payload_that_is_not_at_hand_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(json_has_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(who_may_not_decide_is_told_why, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
