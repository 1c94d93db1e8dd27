/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The promise of an evidence file: with any byte of it changed, or cut at any length, it is never sound; what is wrong
 * is said by a claim with a code, or the file is refused with one. The file is that of a whole case: patched, approved
 * by two, consumed, reported; with another case's entries between, so that some entries hang on links alone.
 *
 *     test_flips [PART OF]     every OFth byte from PART on; 0 1 is all of it
 *
 * Each byte is changed twice: its lowest bit, and to another letter of base64, so that what is still text of the right
 * form is changed too. The company is as small as can be, since all its keys are checked each time. Under a sanitizer
 * fewer places are tried.
 */
#include "audit.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STRIDE 41
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define STRIDE 41
#endif
#endif
#ifndef STRIDE
#define STRIDE 1
#endif

static size_t part, parts = 1;

struct file {
    struct stage *s;
    struct cty_buf text;
    struct cty_buf work; /* the changed copy */
};
static struct file file;

static int begin(void **state)
{
    (void)state;
    struct stage *s = stage_small();
    struct world *w = s->w;
    file = (struct file){.s = s, .text = CTY_BUF_INIT(1 << 20), .work = CTY_BUF_INIT(1 << 20)};
    assert_ok(world_request(w, "operator/bot", "operator/bot", "refund", "{\"amount\":500}", &s->case_id));
    assert_ok(world_request(w, "operator/bot", "operator/bot", "ping", "{}", NULL));
    assert_ok(world_patch(w, &s->case_id, "operator/otto", "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":250}]",
                          "{\"amount\":250}"));
    assert_ok(world_decide(w, &s->case_id, "operator/ada", CTY_APPROVE));
    assert_ok(world_request(w, "operator/bot", "operator/bot", "ping", "{}", NULL));
    assert_ok(world_decide(w, &s->case_id, "operator/otto", CTY_APPROVE));
    assert_ok(world_consume(w, &s->case_id, "operator/bot"));
    assert_ok(world_request(w, "operator/bot", "operator/bot", "ping", "{}", NULL));
    assert_ok(world_outcome(w, &s->case_id, "operator/bot", CTY_OUTCOME_FULFILLED));
    struct cty_evidence *evidence = world_evidence(s->w, &s->case_id);
    assert_ok(cty_evidence_format(evidence, &file.text));
    cty_evidence_free(evidence);
    assert_ok(cty_buf_put_bytes(&file.work, cty_buf_bytes(&file.text)));
    assert_int_equal(stage_verify_text(s, cty_buf_bytes(&file.text)), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    stage_free(file.s);
    cty_buf_done(&file.text);
    cty_buf_done(&file.work);
    return 0;
}

static const char *first_failure(const struct cty_report *report, enum cty_claim *ret_claim)
{
    for (int i = 0; i < CTY_CLAIM_COUNT; i++) {
        *ret_claim = (enum cty_claim)i;
        if (report->claims[i].state == CTY_CLAIM_FAILS)
            return custody_err_name(report->claims[i].code);
    }
    return NULL;
}

/* Whatever this file is, it is not sound: the code that says so, of the parser or of the first claim that fails. */
static const char *refuse(struct cty_bytes text, size_t at)
{
    struct cty_evidence *evidence = NULL;
    custody_error error = {0};
    enum cty_claim claim = CTY_CLAIM_COUNT;
    custody_err err = cty_evidence_parse(text, &evidence, &error);
    if (err != CUSTODY_OK) {
        assert_int_equal(custody_err_class_get(err), CUSTODY_CLASS_REFUSAL);
        assert_int_equal(custody_err_exit(err), 1);
        return custody_err_name(err);
    }
    int status = stage_verify(file.s, evidence);
    cty_evidence_free(evidence);
    const char *code = first_failure(&file.s->report, &claim);
    if (status != 1 || !code || strcmp(code, "ok") == 0 || strcmp(code, "internal") == 0) {
        print_report(&file.s->report);
        fail_msg("byte %zu of %zu: exit %d, by: %.*s", at, text.size, status, 120, (const char *)text.data + (at > 60 ? at - 60 : 0));
    }
    return code;
}

static uint8_t other_letter(uint8_t byte)
{
    if (byte >= 'A' && byte < 'Z')
        return (uint8_t)(byte + 1);
    if (byte >= '0' && byte < '9')
        return (uint8_t)(byte + 1);
    return byte == 'Q' ? 'R' : 'Q';
}

static void flip(size_t at)
{
    uint8_t *byte = file.work.data + at, kept = *byte, other = other_letter(kept);
    *byte = kept ^ 0x01;
    refuse(cty_buf_bytes(&file.work), at);
    *byte = other != (kept ^ 0x01) ? other : kept ^ 0x20;
    refuse(cty_buf_bytes(&file.work), at);
    *byte = kept;
}

static void every_byte_changed(void **state)
{
    (void)state;
    for (size_t at = part; at < file.text.size; at += parts * STRIDE)
        flip(at);
    assert_memory_equal(file.work.data, file.text.data, file.text.size);
    assert_int_equal(stage_verify_text(file.s, cty_buf_bytes(&file.work)), 0);
}

static void every_length_cut(void **state)
{
    (void)state;
    for (size_t size = part; size < file.text.size; size += parts * STRIDE)
        refuse(cty_bytes_make(file.text.data, size), size);
}

/* ---- what is named, by what was changed ---- */

static size_t find_from(size_t from, const char *what)
{
    const uint8_t *place = memmem(file.text.data + from, file.text.size - from, what, strlen(what));
    return place ? (size_t)(place - file.text.data) : SIZE_MAX;
}

static bool failed(enum cty_claim claim)
{
    return file.s->report.claims[claim].state == CTY_CLAIM_FAILS;
}

/* Changes the byte to another letter; the file must still be read, since its form stays. */
static void change(size_t at)
{
    uint8_t *byte = file.work.data + at, kept = *byte;
    *byte = other_letter(kept);
    assert_int_equal(stage_verify_text(file.s, cty_buf_bytes(&file.work)), 1);
    *byte = kept;
}

/* Any byte of any signature: `signed` says so, with the entry; and the entry is not the one that the tree has. */
static void a_signature_changed(void **state)
{
    (void)state;
    unsigned count = 0;
    for (size_t at = find_from(0, "\"sig\":\""); at != SIZE_MAX; at = find_from(at + 1, "\"sig\":\""), count++) {
        for (size_t i = part; i < 85; i += parts * (STRIDE == 1 ? 1 : 29)) {
            change(at + 7 + i);
            const struct cty_claim_line *line = &file.s->report.claims[CTY_CLAIM_SIGNED];
            assert_string_equal(claim_state_text(line->state), "fails");
            assert_string_equal(custody_err_name(line->code), "signature-invalid");
            assert_int_not_equal(line->entry, NO_ENTRY);
            assert_true(failed(CTY_CLAIM_INTACT) || failed(CTY_CLAIM_COMPLETE));
        }
    }
    assert_true(count >= 16);
}

/* A byte of the log's own signature. */
static void the_checkpoint_signature_changed(void **state)
{
    (void)state;
    size_t line = find_from(find_from(0, "\"checkpoint\":\""), "\xe2\x80\x94 " WORLD_ORIGIN " ");
    assert_int_not_equal(line, SIZE_MAX);
    line += strlen("\xe2\x80\x94 " WORLD_ORIGIN " ");
    for (size_t i = 6; i < 90; i++) {
        change(line + i);
        assert_fails(&file.s->report, CHECKPOINT, "signature-invalid", NO_ENTRY);
    }
    /* The key id before it: then nobody signed. */
    change(line + 1);
    assert_fails(&file.s->report, CHECKPOINT, "note-unsigned", NO_ENTRY);
}

static void the_checkpoint_text_changed(void **state)
{
    (void)state;
    size_t text = find_from(0, "\"checkpoint\":\"") + strlen("\"checkpoint\":\"") + strlen(WORLD_ORIGIN "\\n");
    for (size_t i = 0; i < 40; i++) {
        if (file.text.data[text + i] == '\\' || file.text.data[text + i] == 'n')
            continue;
        change(text + i);
        assert_fails(&file.s->report, CHECKPOINT, "signature-invalid", NO_ENTRY);
    }
}

/* Whether a quoted hash in base64 begins here. */
static bool is_hash(size_t at)
{
    const uint8_t *text = file.text.data + at;
    return text[0] == '"' && text[44] == '=' && text[45] == '"';
}

/* Every hash of one list of the file; NULL: its last. */
static void change_hashes(const char *list, const char *next, enum cty_claim claim)
{
    size_t stop = next ? find_from(0, next) : file.text.size - 46;
    unsigned count = 0;
    for (size_t at = find_from(0, list); at < stop; at++) {
        if (!is_hash(at))
            continue;
        change(at + 1 + at % 42);
        assert_string_equal(claim_state_text(file.s->report.claims[claim].state), "fails");
        assert_string_equal(custody_err_name(file.s->report.claims[claim].code), "proof-invalid");
        count++;
    }
    assert_true(count > 0);
}

static void a_proof_changed(void **state)
{
    (void)state;
    change_hashes("\"proofs\":", "\"seen\":[", CTY_CLAIM_INTACT);
}

static void a_consistency_proof_changed(void **state)
{
    (void)state;
    change_hashes("\"seen\":[", NULL, CTY_CLAIM_SEEN);
}

static void a_content_changed(void **state)
{
    (void)state;
    static const char *const members[] = {"{\"content\":\"", "\"salt\":\""};
    for (size_t i = 0; i < CTY_COUNT_OF(members); i++) {
        for (size_t at = find_from(0, members[i]); at != SIZE_MAX; at = find_from(at + 1, members[i])) {
            change(at + strlen(members[i]) + 1);
            assert_claim(&file.s->report, CONTENTS, FAILS);
            assert_string_equal(custody_err_name(file.s->report.claims[CTY_CLAIM_CONTENTS].code), "blob-mismatch");
            assert_int_not_equal(file.s->report.claims[CTY_CLAIM_CONTENTS].entry, NO_ENTRY);
        }
    }
    size_t at = find_from(0, "\"member\":\"operations\"");
    uint8_t *letter = file.work.data + at + strlen("\"member\":\"");
    *letter = 'p'; /* still in order */
    assert_int_equal(stage_verify_text(file.s, cty_buf_bytes(&file.work)), 1);
    assert_fails(&file.s->report, CONTENTS, "blob-foreign", NO_ENTRY);
    *letter = 'o';
}

/* The wrapper of an entry: index, links, time. */
static void a_wrapper_changed(void **state)
{
    (void)state;
    static const char *const members[] = {"\"prev\":\"", "\"trust\":\"", "\"case_prev\":\""};
    for (size_t i = 0; i < CTY_COUNT_OF(members); i++) {
        for (size_t at = find_from(0, members[i]); at != SIZE_MAX; at = find_from(at + 1, members[i])) {
            uint8_t *digit = file.work.data + at + strlen(members[i]) + 9, kept = *digit;
            *digit = kept == '5' ? '6' : '5';
            assert_int_equal(stage_verify_text(file.s, cty_buf_bytes(&file.work)), 1);
            assert_true(failed(CTY_CLAIM_INTACT) || failed(CTY_CLAIM_COMPLETE));
            *digit = kept;
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest in_parts[] = {
        cmocka_unit_test(every_byte_changed),
        cmocka_unit_test(every_length_cut),
        cmocka_unit_test(a_signature_changed),
    };
    const struct CMUnitTest once[] = {
        cmocka_unit_test(the_checkpoint_signature_changed),
        cmocka_unit_test(the_checkpoint_text_changed),
        cmocka_unit_test(a_proof_changed),
        cmocka_unit_test(a_consistency_proof_changed),
        cmocka_unit_test(a_content_changed),
        cmocka_unit_test(a_wrapper_changed),
    };
    if (argc == 3) {
        part = (size_t)strtoul(argv[1], NULL, 10);
        parts = (size_t)strtoul(argv[2], NULL, 10);
    }
    if (argc != 1 && (argc != 3 || parts == 0 || part >= parts)) {
        fprintf(stderr, "usage: %s [PART OF]\n", argv[0]);
        return 4;
    }
    int failed_count = cmocka_run_group_tests_name("changed bytes", in_parts, begin, end);
    if (part == 0)
        failed_count += cmocka_run_group_tests_name("changed parts", once, begin, end);
    return failed_count;
}
