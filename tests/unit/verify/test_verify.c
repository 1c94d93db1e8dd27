/* SPDX-License-Identifier: Apache-2.0 */
/* The offline verifier as a program: its command line, its exit statuses, its two kinds of output. */
#include "verify/verify.h"

#include <unistd.h>

#include "audit/contradiction.h"
#include "kit/world_evidence.h"
#include "unit/support.h"

struct stage {
    struct world *w;
    struct cty_hash case_id;
    char folder[64];
    char *out, *err;
};

static void write_file(const char *name, struct cty_bytes bytes)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
}

static void write_evidence(struct stage *s)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_EVIDENCE_BYTES_MAX);
    struct cty_evidence *evidence = world_evidence(s->w, &s->case_id);
    assert_ok(cty_evidence_format(evidence, &text));
    write_file("e", cty_buf_bytes(&text));
    cty_evidence_free(evidence);
    cty_buf_done(&text);
}

/* A case by one approver, consumed and reported, in a folder with its evidence "e" and two trust files. */
static int setup(void **state)
{
    struct stage *s = cty_alloc(1, sizeof(*s));
    struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    assert_non_null(s);
    snprintf(s->folder, sizeof(s->folder), "/tmp/custody-verify-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    assert_int_equal(chdir(s->folder), 0);
    s->w = world_new();
    world_open(s->w, "{\"admin_quorum\":2,\"rules\":[]}");
    world_party(s->w, "acme");
    assert_ok(world_person(s->w, "acme/boss", NULL, "boss"));
    assert_ok(world_agent(s->w, "acme/bot", "acme/boss"));
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{\"amount\":5}", &s->case_id));
    assert_ok(world_decide(s->w, &s->case_id, "acme/a", CTY_APPROVE));
    assert_ok(world_consume(s->w, &s->case_id, "acme/bot"));
    write_evidence(s);
    world_trust_text(s->w, true, &text);
    write_file("t", cty_buf_bytes(&text));
    cty_buf_done(&text);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    static const char *const files[] = {"e", "t", "x"};
    struct stage *s = *state;
    for (size_t i = 0; i < CTY_COUNT_OF(files); i++)
        (void)unlink(files[i]);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(s->folder), 0);
    world_free(s->w);
    free(s->out);
    free(s->err);
    free(s);
    return 0;
}

static int run(struct stage *s, const char *const *words)
{
    const char *argv[16] = {"custody-verify"};
    size_t sizes[2];
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = words[argc - 1];
    free(s->out);
    free(s->err);
    FILE *out = open_memstream(&s->out, &sizes[0]);
    FILE *err = open_memstream(&s->err, &sizes[1]);
    assert_true(out && err);
    int status = cty_verify_run(argc, (char *const *)(uintptr_t)argv, out, err);
    fclose(out);
    fclose(err);
    return status;
}
#define RUN(s, ...) run(s, (const char *const[]){__VA_ARGS__, NULL})

static void expect(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in:\n%s", part, text);
}

static void sound_evidence_holds(void **state)
{
    struct stage *s = *state;
    assert_int_equal(RUN(s, "--trust", "t", "e"), 0);
    expect(s->out, "quorum      holds");
    expect(s->out, "by acme/a");
    assert_string_equal(s->err, "");
    assert_int_equal(RUN(s, "e", "-t", "t", "--as", "acme/bot"), 0);
    expect(s->out, "audience    holds");
}

static void json_is_one_object(void **state)
{
    struct stage *s = *state;
    struct cty_json json = CTY_JSON_INIT;
    assert_int_equal(RUN(s, "--json", "--trust", "t", "e"), 0);
    size_t size = strlen(s->out);
    assert_true(size && s->out[size - 1] == '\n');
    assert_ok(cty_json_scan(&json, CTY_JSON_STRICT, (struct cty_json_limits){8, 4096}, cty_bytes_make(s->out, size - 1),
                            NULL));
    assert_bytes_text(cty_json_member(&json, &json.nodes[0], "exit")->text, "0");
    assert_non_null(cty_json_member(&json, &json.nodes[0], "claims"));
    cty_json_done(&json);
}

static void a_failed_claim_is_1(void **state)
{
    struct stage *s = *state;
    assert_int_equal(RUN(s, "--trust", "t", "--as", "acme/other", "e"), 1);
    expect(s->out, "audience    fails       [wrong-audience]");
}

/* An enrolment on one admin's word only, an approval whose key is revoked afterwards: sound, but told. */
static void findings_are_2(void **state)
{
    struct stage *s = *state;
    assert_ok(world_revoke(s->w, "acme/a", "acme/a", NULL, s->w->time));
    assert_ok(world_outcome(s->w, &s->case_id, "acme/bot", CTY_OUTCOME_FULFILLED));
    write_evidence(s);
    assert_int_equal(RUN(s, "--trust", "t", "e"), 2);
    expect(s->out, "finding ");
}

/* A witness is asked for, and the checkpoint carries no cosignature. */
static void a_missing_witness_is_1(void **state)
{
    struct stage *s = *state;
    struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    struct cty_bytes log = world_vkey(s->w, "log");
    assert_ok(cty_buf_putf(&text, "{\"custody_trust\":1,\"policy\":\"log %.*s\\nwitness w "
                                  "acme/alice+fc52f593+BOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs\\nquorum w\\n\"}",
                           (int)log.size, (const char *)log.data));
    write_file("x", cty_buf_bytes(&text));
    assert_int_equal(RUN(s, "--trust", "x", "e"), 1);
    expect(s->out, "witnessed   fails");
    cty_buf_done(&text);
}

/* Nothing was released yet, so it can't be said for whom. */
static void what_is_asked_for_and_not_there_is_3(void **state)
{
    struct stage *s = *state;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{\"amount\":6}", &s->case_id));
    write_evidence(s);
    assert_int_equal(RUN(s, "--trust", "t", "e"), 0);
    assert_int_equal(RUN(s, "--trust", "t", "--as", "acme/bot", "e"), 3);
    expect(s->out, "audience    not checked");
}

static void usage_is_4(void **state)
{
    struct stage *s = *state;
    assert_int_equal(run(s, (const char *const[]){NULL}), 4);
    assert_int_equal(RUN(s, "e"), 4);
    assert_int_equal(RUN(s, "--trust", "t"), 4);
    assert_int_equal(RUN(s, "--trust"), 4);
    assert_int_equal(RUN(s, "--trust", "t", "e", "e"), 4);
    assert_int_equal(RUN(s, "--trust", "t", "--trust", "t", "e"), 4);
    assert_int_equal(RUN(s, "--trust", "t", "--no", "e"), 4);
    assert_int_equal(RUN(s, "--trust", "t", "--as", "nobody", "e"), 4);
    expect(s->err, "[usage]");
    write_file("x", CTY_LITERAL("{}"));
    assert_int_equal(RUN(s, "--trust", "x", "e"), 4);
    expect(s->err, "[bad-trust]");
}

static void help_and_version_are_0(void **state)
{
    struct stage *s = *state;
    assert_int_equal(RUN(s, "--help"), 0);
    expect(s->out, "Example:\n  custody-verify --trust ");
    assert_int_equal(RUN(s, "--version"), 0);
    expect(s->out, "custody-verify ");
}

static void what_is_no_evidence_is_refused(void **state)
{
    struct stage *s = *state;
    assert_int_equal(RUN(s, "--trust", "t", "none"), 1);
    expect(s->err, "[not-found]");
    assert_int_equal(RUN(s, "--trust", "none", "e"), 4);
    assert_int_equal(RUN(s, "--trust", "t", "t"), 1);
    expect(s->err, "[bad-evidence]");
    assert_int_equal(RUN(s, "--trust", "t", "t", "--json"), 1);
    expect(s->out, "{\"error\":{\"code\":\"bad-evidence\"");
    assert_string_equal(s->err, "");
}

/* The world's own checkpoint, and another note by its log key. */
static void write_contradiction(struct stage *s, enum cty_contradiction_kind kind, const struct cty_checkpoint *other)
{
    struct cty_buf note = CTY_BUF_INIT(4096), text = CTY_BUF_INIT(4096), shown = CTY_BUF_INIT(4096);
    struct cty_buf file = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    world_checkpoint(s->w, &note);
    assert_ok(cty_checkpoint_format(other, &text));
    assert_ok(cty_note_sign(cty_buf_bytes(&text), other->origin, world_secret(s->w, "log"), &shown));
    struct cty_contradiction c = {.kind = kind,
                                  .ledger = other->origin,
                                  .key = world_vkey(s->w, "log"),
                                  .notes = {cty_buf_bytes(&note), cty_buf_bytes(&shown)}};
    assert_ok(cty_contradiction_format(&c, &file));
    write_file("x", cty_buf_bytes(&file));
    cty_buf_done(&note);
    cty_buf_done(&text);
    cty_buf_done(&shown);
    cty_buf_done(&file);
}

static void a_contradiction_is_told_by_what_it_proves(void **state)
{
    struct stage *s = *state;
    struct cty_checkpoint other = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = s->w->entries_count};
    write_contradiction(s, CTY_CONTRADICTION_TWO_ROOTS, &other);
    assert_int_equal(RUN(s, "--trust", "t", "x"), 0);
    expect(s->out, "two-roots   proven");
    assert_int_equal(RUN(s, "--json", "--trust", "t", "x"), 0);
    expect(s->out, "\"proven\":true");
    assert_int_equal(RUN(s, "--trust", "t", "--as", "acme/bot", "x"), 4);
    other.size--;
    write_contradiction(s, CTY_CONTRADICTION_WENT_BACK, &other);
    assert_int_equal(RUN(s, "--trust", "t", "x"), 3);
    expect(s->out, "went-back   not proven");
    /* No contradiction at all. */
    other.size++;
    assert_ok(cty_memory_root(s->w->memory, other.size, &other.root));
    write_contradiction(s, CTY_CONTRADICTION_TWO_ROOTS, &other);
    assert_int_equal(RUN(s, "--trust", "t", "x"), 1);
    expect(s->err, "bad-evidence");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sound_evidence_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(json_is_one_object, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_claim_is_1, setup, teardown),
        cmocka_unit_test_setup_teardown(findings_are_2, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_witness_is_1, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_asked_for_and_not_there_is_3, setup, teardown),
        cmocka_unit_test_setup_teardown(a_contradiction_is_told_by_what_it_proves, setup, teardown),
        cmocka_unit_test_setup_teardown(usage_is_4, setup, teardown),
        cmocka_unit_test_setup_teardown(help_and_version_are_0, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_evidence_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
