/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence as a collection and as a file: any order in, one order out, every refusal of the parser. */
#include "audit.h"
#include "codec/text.h"

static struct stage *stage;
static struct cty_buf text; /* of the stage's case */

static int begin(void **state)
{
    (void)state;
    stage = stage_new();
    stage_refund(stage);
    struct cty_evidence *evidence = world_evidence(stage->w, &stage->case_id);
    text = CTY_BUF_INIT(1 << 20);
    assert_ok(cty_evidence_format(evidence, &text));
    cty_evidence_free(evidence);
    return 0;
}

static int end(void **state)
{
    (void)state;
    stage_free(stage);
    cty_buf_done(&text);
    return 0;
}

static struct cty_evidence *parsed(struct cty_bytes bytes)
{
    struct cty_evidence *evidence = NULL;
    custody_error error = {0};
    custody_err err = cty_evidence_parse(bytes, &evidence, &error);
    if (err != CUSTODY_OK)
        fail_msg("%s: %s", custody_err_name(err), error.detail);
    return evidence;
}

static void assert_formats_to(const struct cty_evidence *evidence, struct cty_bytes expected)
{
    struct cty_buf out = CTY_BUF_INIT(1 << 20);
    assert_ok(cty_evidence_format(evidence, &out));
    assert_int_equal(out.size, expected.size);
    assert_memory_equal(out.data, expected.data, out.size);
    cty_buf_done(&out);
}

static void there_and_back(void **state)
{
    (void)state;
    struct cty_evidence *evidence = parsed(cty_buf_bytes(&text));
    assert_formats_to(evidence, cty_buf_bytes(&text));
    assert_int_equal(cty_evidence_entries(evidence), stage->w->entries_count);
    for (size_t i = 0; i < stage->w->entries_count; i++) {
        struct cty_bytes entry = cty_evidence_entry(evidence, i);
        assert_int_equal(entry.size, stage->w->entries[i].size);
        assert_memory_equal(entry.data, stage->w->entries[i].data, entry.size);
    }
    assert_memory_equal(cty_evidence_case(evidence)->bytes, stage->case_id.bytes, CTY_HASH_SIZE);
    assert_bytes_text(cty_evidence_blob(evidence, &stage->case_id, CTY_LITERAL("payload")), "{\"amount\":500}");
    assert_null(cty_evidence_blob(evidence, &stage->case_id, CTY_LITERAL("payloa")).data);
    cty_evidence_free(evidence);
}

/* Editors and shells end a file with a newline; one, and nothing else. */
static void one_newline_at_the_end(void **state)
{
    struct cty_evidence *evidence = NULL;
    struct cty_buf longer = CTY_BUF_INIT(1 << 20);
    (void)state;
    assert_ok(cty_buf_put_bytes(&longer, cty_buf_bytes(&text)));
    assert_ok(cty_buf_put_text(&longer, "\n"));
    evidence = parsed(cty_buf_bytes(&longer));
    assert_formats_to(evidence, cty_buf_bytes(&text));
    cty_evidence_free(evidence);
    assert_ok(cty_buf_put_text(&longer, "\n"));
    assert_refused(cty_evidence_parse(cty_buf_bytes(&longer), &evidence, NULL), "bad-evidence");
    longer.size -= 2;
    assert_ok(cty_buf_put_text(&longer, " "));
    assert_refused(cty_evidence_parse(cty_buf_bytes(&longer), &evidence, NULL), "bad-evidence");
    assert_refused(cty_evidence_parse(CTY_LITERAL("\n"), &evidence, NULL), "bad-evidence");
    assert_refused(cty_evidence_parse(cty_bytes_make(NULL, 0), &evidence, NULL), "bad-evidence");
    cty_buf_done(&longer);
}

static custody_err give_proof(void *context, uint64_t index)
{
    struct cty_proof proof;
    assert_ok(cty_tree_inclusion(cty_memory_tree(stage->w->memory), index, stage->w->entries_count, &proof));
    return cty_evidence_add_proof(context, index, &proof);
}

static custody_err give_seen(void *context, uint64_t size)
{
    struct cty_proof proof;
    assert_ok(cty_tree_consistency(cty_memory_tree(stage->w->memory), size, stage->w->entries_count, &proof));
    return cty_evidence_add_seen(context, size, &proof);
}

static custody_err give_blob(void *context, const struct cty_hash *statement, struct cty_bytes member)
{
    struct cty_content_source contents = world_contents(stage->w);
    struct cty_bytes salt, content;
    assert_ok(contents.get(contents.context, NULL, statement, member, &salt, &content));
    assert_ok(cty_evidence_add_blob(context, statement, member, salt.data, content));
    return cty_evidence_add_blob(context, statement, member, salt.data, CTY_LITERAL("another, too late"));
}

static void add_checkpoint(struct cty_evidence *evidence)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    world_checkpoint(stage->w, &note);
    assert_ok(cty_evidence_set_checkpoint(evidence, CTY_LITERAL("something first")));
    assert_ok(cty_evidence_set_checkpoint(evidence, cty_buf_bytes(&note)));
    cty_buf_done(&note);
}

/* Entries backwards, from the middle, and twice: the file is the same. */
static void any_order_in(void **state)
{
    size_t count = stage->w->entries_count;
    (void)state;
    for (size_t step = 1; step < count; step++) {
        struct cty_evidence *evidence = NULL;
        struct cty_evidence_needs needs = {.proof = give_proof, .seen = give_seen, .blob = give_blob};
        assert_ok(cty_evidence_new(CTY_LITERAL(WORLD_ORIGIN), &stage->case_id, &evidence));
        needs.context = evidence;
        for (size_t round = 0; round < step; round++) {
            for (size_t at = count - 1 - round; at < count; at -= step)
                assert_ok(cty_evidence_add_entry(evidence, stage->w->entries[at], NULL));
        }
        assert_ok(cty_evidence_add_entry(evidence, stage->w->entries[count / 2], NULL));
        assert_int_equal(cty_evidence_entries(evidence), count);
        add_checkpoint(evidence);
        assert_ok(cty_evidence_needs(evidence, &needs));
        assert_formats_to(evidence, cty_buf_bytes(&text));
        /* Nothing is asked for twice but proofs, which are asked for by the links alone. */
        struct cty_evidence_needs again = {.context = evidence, .seen = NULL, .blob = give_blob};
        assert_ok(cty_evidence_needs(evidence, &again));
        assert_formats_to(evidence, cty_buf_bytes(&text));
        cty_evidence_free(evidence);
    }
}

static void two_entries_of_one_index(void **state)
{
    struct cty_evidence *evidence = NULL;
    custody_error error = {0};
    struct cty_buf other = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    struct cty_parsed_entry entry = {0};
    (void)state;
    assert_ok(cty_evidence_new(CTY_LITERAL(WORLD_ORIGIN), &stage->case_id, &evidence));
    assert_ok(cty_evidence_add_entry(evidence, stage->w->entries[3], NULL));
    assert_ok(cty_entry_parse(stage->w->entries[3], &entry, NULL));
    entry.entry.time++;
    assert_ok(cty_entry_encode(&entry.entry, &other));
    assert_refused(cty_evidence_add_entry(evidence, cty_buf_bytes(&other), &error), "bad-evidence");
    assert_string_equal(error.detail, "two entries have index 3");
    assert_refused(cty_evidence_add_entry(evidence, CTY_LITERAL("{}"), &error), "missing-member");
    assert_refused(cty_evidence_add_entry(evidence, CTY_LITERAL("nonsense"), &error), "bad-json");
    assert_int_equal(cty_evidence_entries(evidence), 1);
    cty_parsed_entry_done(&entry);
    cty_buf_done(&other);
    cty_evidence_free(evidence);
}

/* ---- what is asked for ---- */

struct asked {
    uint64_t numbers[64];
    size_t count;
};

static custody_err note_number(void *context, uint64_t number)
{
    struct asked *asked = context;
    asked->numbers[asked->count++] = number;
    return CUSTODY_OK;
}

static custody_err note_blob(void *context, const struct cty_hash *statement, struct cty_bytes member)
{
    struct asked *asked = context;
    (void)statement;
    (void)member;
    asked->count++;
    return CUSTODY_OK;
}

static custody_err refuse_number(void *context, uint64_t number)
{
    (void)context;
    (void)number;
    return CUSTODY_E_QUOTA;
}

static void what_is_needed(void **state)
{
    struct cty_evidence *evidence = NULL;
    struct asked proofs = {.count = 0}, seen = {.count = 0}, blobs = {.count = 0};
    size_t count = stage->w->entries_count;
    (void)state;
    assert_ok(cty_evidence_new(CTY_LITERAL(WORLD_ORIGIN), &stage->case_id, &evidence));
    for (size_t i = 0; i < count; i++)
        assert_ok(cty_evidence_add_entry(evidence, stage->w->entries[i], NULL));
    add_checkpoint(evidence);
    assert_ok(cty_evidence_needs(evidence, &(struct cty_evidence_needs){.context = &proofs, .proof = note_number}));
    assert_ok(cty_evidence_needs(evidence, &(struct cty_evidence_needs){.context = &seen, .seen = note_number}));
    assert_ok(cty_evidence_needs(evidence, &(struct cty_evidence_needs){.context = &blobs, .blob = note_blob}));
    assert_ok(cty_evidence_needs(evidence, &(struct cty_evidence_needs){.context = NULL}));
    /* Every entry names the one before, so the newest alone needs a proof; every entry but the first saw one less. */
    assert_int_equal(proofs.count, 1);
    assert_int_equal(proofs.numbers[0], count - 1);
    assert_int_equal(seen.count, count - 1);
    assert_int_equal(blobs.count, 3);
    assert_refused(cty_evidence_needs(evidence, &(struct cty_evidence_needs){.proof = refuse_number}), "quota");
    assert_refused(cty_evidence_needs(evidence, &(struct cty_evidence_needs){.seen = refuse_number}), "quota");
    cty_evidence_free(evidence);
}

/* ---- the file, one thing wrong at a time ---- */

static struct cty_bytes replaced(struct cty_bytes in, const char *from, const char *to, struct cty_buf *out)
{
    const uint8_t *place = memmem(in.data, in.size, from, strlen(from));
    if (!place)
        fail_msg("%s is not there", from);
    size_t before = (size_t)(place - in.data);
    cty_buf_clear(out);
    assert_ok(cty_buf_put(out, in.data, before));
    assert_ok(cty_buf_put_text(out, to));
    assert_ok(cty_buf_put(out, place + strlen(from), in.size - before - strlen(from)));
    return cty_buf_bytes(out);
}

static void refuse(const char *from, const char *to, const char *code, const char *detail)
{
    struct cty_buf out = CTY_BUF_INIT(1 << 20);
    struct cty_evidence *evidence = NULL;
    custody_error error = {0};
    assert_refused(cty_evidence_parse(replaced(cty_buf_bytes(&text), from, to, &out), &evidence, &error), code);
    if (!strstr(error.detail, detail))
        fail_msg("%s -> %s: %s", from, to, error.detail);
    assert_null(evidence);
    cty_buf_done(&out);
}

static void members_that_are_refused(void **state)
{
    (void)state;
    refuse("\"custody_evidence\":1", "\"custody_evidence\":2", "bad-evidence", "custody_evidence is not 1");
    refuse("\"custody_evidence\":1", "\"custody_evidence\":0", "bad-evidence", "custody_evidence is not 1");
    refuse("\"custody_evidence\":1", "\"custody_evidence\":\"1\"", "bad-evidence", "custody_evidence is not 1");
    refuse("\"custody_evidence\":1,", "", "bad-evidence", "other members");
    refuse("\"custody_evidence\":1", "\"custody_evidences\":1", "bad-evidence", "custody_evidence");
    refuse("\"custody_evidence\":1", "\"custody_evidence\":1,\"custody_more\":1", "bad-evidence", "other members");
    refuse("\"custody_evidence\":1", "\"custody_evidence\": 1", "bad-evidence", "not RFC 8785");
    refuse("\"custody_evidence\":1", "\"custody_evidence\":1,\"custody_evidence\":1", "bad-evidence", "not RFC 8785");
    refuse("\"case\":\"", "\"case\":\"0", "bad-evidence", "case is not 64");
    refuse("\"ledger\":\"" WORLD_ORIGIN "\",\"proofs\"", "\"ledger\":\"Not An Origin\",\"proofs\"", "bad-evidence",
           "ledger is not");
    refuse("\"ledger\":\"" WORLD_ORIGIN "\",\"proofs\"", "\"ledger\":7,\"proofs\"", "bad-evidence", "ledger is not");
    refuse("\"proofs\":[", "\"proofs\":7,\"proofz\":[", "bad-evidence", "other members");
}

static void top_members_of_another_kind(void **state)
{
    static const char *const head = "{\"blobs\":%s,\"case\":%s,\"checkpoint\":%s,\"custody_evidence\":%s,\"entries\":%s,"
                                    "\"ledger\":%s,\"proofs\":%s,\"seen\":%s}";
    static const char hex[] = "\"0000000000000000000000000000000000000000000000000000000000000000\"";
    const char *const good[] = {"[]", hex, "\"note\"", "1", "[]", "\"" WORLD_ORIGIN "\"", "[]", "[]"};
    static const char *const wrong[] = {"{}", "true", "7", "[1]", "\"\""};
    (void)state;
    for (size_t member = 0; member <= 8; member++) {
        for (size_t i = 0; i < CTY_COUNT_OF(wrong); i++) {
            const char *values[8];
            char file[1024];
            memcpy(values, good, sizeof(values));
            if (member < 8)
                values[member] = wrong[i];
            snprintf(file, sizeof(file), head, values[0], values[1], values[2], values[3], values[4], values[5],
                     values[6], values[7]);
            struct cty_evidence *evidence = NULL;
            bool note = member == 2 && strcmp(wrong[i], "\"\"") == 0; /* any string; what it says is a claim */
            custody_err err = cty_evidence_parse(cty_bytes_text(file), &evidence, NULL);
            assert_string_equal(custody_err_name(err), member == 8 || note ? "ok" : "bad-evidence");
            cty_evidence_free(evidence);
        }
    }
    struct cty_evidence *evidence = NULL;
    static const char *const others[] = {"[]", "7", "\"\"", "true", "{}", "{\"a\":1}"};
    for (size_t i = 0; i < CTY_COUNT_OF(others); i++)
        assert_refused(cty_evidence_parse(cty_bytes_text(others[i]), &evidence, NULL), "bad-evidence");
}

static void lists_that_are_refused(void **state)
{
    (void)state;
    refuse("\"entries\":[{", "\"entries\":[7,{", "bad-evidence", "entries: not objects");
    refuse("\"entries\":[{", "\"entries\":[{},{", "missing-member", "");
    refuse("\"proofs\":[{\"hashes\":[\"", "\"proofs\":[{\"hashes\":[\"A", "bad-evidence", "not base64 of 32 bytes");
    refuse("\"proofs\":[{\"hashes\":[", "\"proofs\":[{\"hashes\":[7,", "bad-evidence", "not base64 of 32 bytes");
    refuse("\"proofs\":[{\"hashes\":[", "\"proofs\":[{\"hashes\":7,\"hashez\":[", "bad-evidence", "other members");
    refuse("\"proofs\":[", "\"proofs\":[{\"hashes\":7,\"index\":3},", "bad-evidence", "not an array of hashes");
    refuse("\"proofs\":[", "\"proofs\":[7,", "bad-evidence", "other members");
    refuse("\"proofs\":[", "\"proofs\":[{\"hashes\":[],\"index\":\"3\"},", "bad-evidence", "index");
    refuse("\"proofs\":[", "\"proofs\":[{\"hashes\":[],\"size\":3},", "bad-evidence", "index");
    refuse("\"proofs\":[", "\"proofs\":[{\"hashes\":[],\"index\":99},", "bad-evidence", "proofs are not in order");
    refuse("\"proofs\":[", "\"proofs\":[{\"hashes\":[],\"index\":3},{\"hashes\":[],\"index\":3},", "bad-evidence",
           "proofs are not in order");
    refuse("\"seen\":[{", "\"seen\":[{\"hashes\":[],\"index\":1},{", "bad-evidence", "size");
    refuse("\"seen\":[{", "\"seen\":[{\"hashes\":[],\"size\":99},{", "bad-evidence", "proofs are not in order");
    refuse("\"blobs\":[{\"content\":\"", "\"blobs\":[{\"content\":\"?", "bad-evidence", "not of its form");
    refuse("\"blobs\":[{\"content\":", "\"blobs\":[{\"content\":7,\"contents\":", "bad-evidence", "other members");
    refuse("\"blobs\":[", "\"blobs\":[7,", "bad-evidence", "other members");
    refuse("\"salt\":\"", "\"salt\":\"AAAA", "bad-evidence", "not of its form");
    refuse("\"statement\":\"", "\"statement\":\"A", "bad-evidence", "not of its form");
    refuse("\"member\":\"p", "\"member\":\"\\n", "bad-evidence", "not a plain string");
}

/* A blob or an entry out of its place, or there twice. */
static void lists_out_of_order(void **state)
{
    struct cty_buf out = CTY_BUF_INIT(1 << 21);
    struct cty_evidence *evidence = NULL;
    const uint8_t *first_end = memmem(text.data, text.size, "},{", 3);
    (void)state;
    static const char *const lists[] = {"\"blobs\":[", "\"entries\":["};
    assert_non_null(first_end);
    for (size_t i = 0; i < CTY_COUNT_OF(lists); i++) {
        const uint8_t *list = (const uint8_t *)memmem(text.data, text.size, lists[i], strlen(lists[i])) + strlen(lists[i]);
        const uint8_t *stop = i == 0 ? first_end + 1 : list + stage->w->entries[0].size;
        struct cty_bytes item = cty_bytes_make(list, (size_t)(stop - list));
        size_t before = (size_t)(list - text.data);
        cty_buf_clear(&out);
        assert_ok(cty_buf_put(&out, text.data, before));
        assert_ok(cty_buf_put_bytes(&out, item));
        assert_ok(cty_buf_put_text(&out, ","));
        assert_ok(cty_buf_put(&out, list, text.size - before));
        assert_refused(cty_evidence_parse(cty_buf_bytes(&out), &evidence, NULL), "bad-evidence");
        /* The first behind the second. */
        const uint8_t *second = stop + 1;
        const uint8_t *second_end = i == 0 ? (const uint8_t *)memmem(second, 4096, "},{", 3) + 1
                                           : second + stage->w->entries[1].size;
        cty_buf_clear(&out);
        assert_ok(cty_buf_put(&out, text.data, before));
        assert_ok(cty_buf_put(&out, second, (size_t)(second_end - second)));
        assert_ok(cty_buf_put_text(&out, ","));
        assert_ok(cty_buf_put_bytes(&out, item));
        assert_ok(cty_buf_put(&out, second_end, text.size - (size_t)(second_end - text.data)));
        assert_int_equal(out.size, text.size);
        assert_refused(cty_evidence_parse(cty_buf_bytes(&out), &evidence, NULL), "bad-evidence");
    }
    cty_buf_done(&out);
}

static void proofs_of_too_many_hashes(void **state)
{
    static const char hash[] = "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"";
    (void)state;
    for (unsigned count = CTY_PROOF_HASHES_MAX; count <= CTY_PROOF_HASHES_MAX + 1; count++) {
        struct cty_buf list = CTY_BUF_INIT(1 << 16), out = CTY_BUF_INIT(1 << 20);
        struct cty_evidence *evidence = NULL;
        custody_error error = {0};
        assert_ok(cty_buf_put_text(&list, "\"proofs\":[{\"hashes\":["));
        for (unsigned i = 0; i < count; i++)
            assert_ok(cty_buf_putf(&list, "%s%s", i ? "," : "", hash));
        assert_ok(cty_buf_put_text(&list, "],\"index\":0},"));
        custody_err err = cty_evidence_parse(replaced(cty_buf_bytes(&text), "\"proofs\":[", cty_buf_text(&list), &out),
                                             &evidence, &error);
        assert_string_equal(custody_err_name(err), count <= CTY_PROOF_HASHES_MAX ? "ok" : "bad-evidence");
        if (err == CUSTODY_OK) {
            assert_int_equal(stage_verify(stage, evidence), 1);
            assert_fails(&stage->report, INTACT, "proof-invalid", 0);
        }
        cty_evidence_free(evidence);
        cty_buf_done(&list);
        cty_buf_done(&out);
    }
}

/* The limit is asked before a byte is looked at. */
static void a_file_beyond_its_limit(void **state)
{
    struct cty_evidence *evidence = NULL;
    custody_error error = {0};
    (void)state;
    struct cty_bytes huge = cty_bytes_make(text.data, (size_t)CTY_EVIDENCE_BYTES_MAX + 1);
    assert_refused(cty_evidence_parse(huge, &evidence, &error), "too-large");
}

static void a_content_at_its_limit(void **state)
{
    struct cty_buf out = CTY_BUF_INIT(8u << 20), content = CTY_BUF_INIT(4u << 20);
    struct cty_evidence *evidence = NULL;
    (void)state;
    for (unsigned more = 0; more <= 1; more++) {
        cty_buf_clear(&content);
        assert_ok(cty_buf_reserve(&content, CTY_BLOB_BYTES_MAX + more));
        memset(content.data, 'x', CTY_BLOB_BYTES_MAX + more);
        content.size = CTY_BLOB_BYTES_MAX + more;
        evidence = parsed(cty_buf_bytes(&text));
        struct cty_hash nobody = {{0}};
        assert_ok(cty_evidence_add_blob(evidence, &nobody, CTY_LITERAL("a"), nobody.bytes, cty_buf_bytes(&content)));
        cty_buf_clear(&out);
        assert_ok(cty_evidence_format(evidence, &out));
        cty_evidence_free(evidence);
        evidence = NULL;
        custody_err err = cty_evidence_parse(cty_buf_bytes(&out), &evidence, NULL);
        assert_string_equal(custody_err_name(err), more ? "too-large" : "ok");
        cty_evidence_free(evidence);
    }
    cty_buf_done(&out);
    cty_buf_done(&content);
}

static void no_room_to_format(void **state)
{
    (void)state;
    struct cty_evidence *evidence = parsed(cty_buf_bytes(&text));
    for (size_t limit = 0; limit < text.size; limit += 997) {
        struct cty_buf small = CTY_BUF_INIT(limit);
        assert_refused(cty_evidence_format(evidence, &small), "too-large");
        cty_buf_done(&small);
    }
    cty_evidence_free(evidence);
}

/* Sets that are empty in every way stay a file that can be read, and prove nothing. */
static void an_empty_file(void **state)
{
    struct cty_evidence *evidence = NULL;
    struct cty_buf out = CTY_BUF_INIT(4096);
    (void)state;
    assert_ok(cty_evidence_new(CTY_LITERAL(WORLD_ORIGIN), &stage->case_id, &evidence));
    assert_ok(cty_evidence_format(evidence, &out));
    assert_int_equal(stage_verify(stage, evidence), 1);
    assert_fails(&stage->report, CHECKPOINT, "bad-note", NO_ENTRY);
    assert_claim(&stage->report, COMPLETE, FAILS);
    add_checkpoint(evidence);
    assert_int_equal(stage_verify(stage, evidence), 1);
    assert_claim(&stage->report, CHECKPOINT, HOLDS);
    assert_fails(&stage->report, COMPLETE, "gap", NO_ENTRY);
    cty_evidence_free(evidence);
    evidence = parsed(cty_buf_bytes(&out));
    assert_int_equal(stage_verify(stage, evidence), 1);
    cty_evidence_free(evidence);
    cty_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(one_newline_at_the_end),
        cmocka_unit_test(any_order_in),
        cmocka_unit_test(two_entries_of_one_index),
        cmocka_unit_test(what_is_needed),
        cmocka_unit_test(members_that_are_refused),
        cmocka_unit_test(top_members_of_another_kind),
        cmocka_unit_test(lists_that_are_refused),
        cmocka_unit_test(lists_out_of_order),
        cmocka_unit_test(proofs_of_too_many_hashes),
        cmocka_unit_test(a_file_beyond_its_limit),
        cmocka_unit_test(a_content_at_its_limit),
        cmocka_unit_test(no_room_to_format),
        cmocka_unit_test(an_empty_file),
    };
    return cmocka_run_group_tests_name("evidence", tests, begin, end);
}
