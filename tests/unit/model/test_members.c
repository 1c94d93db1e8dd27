/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every member of every type, at every depth, by the tables of shapes: left out, of a wrong form, one past its list,
 * beside a stranger. Each has its own code; what may be left out comes back without it.
 */
#include "edit.h"
#include "model/statement_shapes.h"
#include "samples.h"

struct visit {
    enum cty_type type;
    const struct edit *edit;
    const struct cty_field *field; /* NULL for an object as a whole */
    const struct cty_json_node *object;
    const struct cty_json_node *member;
};

/* Decodes a body; on success it must encode to the same text. */
static custody_err judge(enum cty_type type, const char *text)
{
    struct cty_json json = CTY_JSON_INIT;
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    struct cty_statement decoded;
    custody_err err = cty_json_scan(&json, CTY_JSON_STRICT, limits, cty_bytes_text(text), NULL);
    if (err == CUSTODY_OK)
        err = cty_statement_decode(type, &json, &decoded, NULL);
    if (err == CUSTODY_OK) {
        struct cty_buf again = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
        assert_ok(cty_statement_encode(&decoded, &again));
        assert_bytes_text(cty_buf_bytes(&again), text);
        cty_buf_done(&again);
    }
    cty_json_done(&json);
    return err;
}

/* Takes and frees the text. */
static void text_gives(const struct visit *visit, char *text, const char *code)
{
    custody_err err = judge(visit->type, text);
    if (strcmp(custody_err_name(err), code) != 0)
        fail_msg("%s, %s: %s instead of %s for %s", cty_type_name(visit->type),
                 visit->field ? visit->field->name : "object", custody_err_name(err), code, text);
    free(text);
}

static void value_gives(const struct visit *visit, const char *value, const char *code)
{
    text_gives(visit, edit_value(visit->edit, visit->member, value), code);
}

typedef void visitor(const struct visit *visit);

static void visit_object(struct visit at, const struct cty_shape *first, const struct cty_shape *second, visitor *each);

static void visit_nested(struct visit at, visitor *each)
{
    struct visit inner = {at.type, at.edit, NULL, at.member, NULL};
    if (at.field->kind != CTY_FIELD_OBJECT)
        return;
    if (!(at.field->flags & CTY_LIST)) {
        visit_object(inner, at.field->shape, NULL, each);
        return;
    }
    for (inner.object = cty_json_first(&at.edit->json, at.member); inner.object;
         inner.object = cty_json_after(&at.edit->json, at.member, inner.object))
        visit_object(inner, at.field->shape, NULL, each);
}

/* Calls `each` for the object, then for all of its members that the text has, and for what they hold. */
static void visit_object(struct visit at, const struct cty_shape *first, const struct cty_shape *second, visitor *each)
{
    const struct cty_shape *shapes[2] = {first, second};
    each(&at);
    for (size_t s = 0; s < 2 && shapes[s]; s++) {
        for (size_t i = 0; i < shapes[s]->count; i++) {
            at.field = &shapes[s]->fields[i];
            at.member = cty_json_member(&at.edit->json, at.object, at.field->name);
            if (!at.member)
                continue;
            each(&at);
            visit_nested(at, each);
        }
    }
}

static void visit_body(enum cty_type type, struct cty_bytes body, visitor *each)
{
    struct edit edit;
    edit_begin(&edit, body);
    struct visit at = {type, &edit, NULL, &edit.json.nodes[0], NULL};
    visit_object(at, &cty_shape_common, &cty_shapes[type], each);
    edit_done(&edit);
}

static void visit_statement(const struct cty_statement *statement, visitor *each)
{
    struct cty_buf body = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    assert_ok(cty_statement_encode(statement, &body));
    visit_body(statement->type, cty_buf_bytes(&body), each);
    cty_buf_done(&body);
}

/* An agent has what no person has. */
static struct cty_statement agent_enrol(void)
{
    struct cty_statement statement = sample_get(CTY_ACTOR_ENROL)->statement;
    struct cty_enrolment *agent = &statement.u.actor_enrol.enrolment;
    agent->kind = CTY_AGENT;
    agent->person.present = agent->name.present = false;
    agent->owner = CTY_LITERAL("acme/alice");
    return statement;
}

/* The verdict on a patch asks for consent; one after a handoff names what travelled. */
static struct cty_statement later_verdict(void)
{
    struct cty_statement statement = sample_get(CTY_VERDICT)->statement;
    struct cty_verdict *verdict = &statement.u.verdict;
    verdict->consent = true;
    verdict->policies[0].conflict = true;
    verdict->quorum[0].distinct_parties = true;
    verdict->travelled[verdict->travelled_count++] = sample_get(CTY_DECISION)->digest;
    return statement;
}

/* Every hop but the first names the one before it. */
static struct cty_statement second_offer(void)
{
    struct cty_statement statement = sample_get(CTY_OFFER)->statement;
    statement.u.offer.hop = 2;
    statement.u.offer.previous = (struct cty_opt_hash){sample_get(CTY_OFFER)->digest, true};
    return statement;
}

/* All examples, and what has members that they lack. */
static void visit_all(visitor *each)
{
    for (int type = 0; type < CTY_TYPE_COUNT; type++)
        visit_body((enum cty_type)type, cty_buf_bytes(&sample_get((enum cty_type)type)->body), each);
    struct cty_statement others[] = {agent_enrol(), later_verdict(), second_offer()};
    for (size_t i = 0; i < CTY_COUNT_OF(others); i++)
        visit_statement(&others[i], each);
}

/* Which members the examples have, by the places of their rows: nothing is passed over. */
static struct {
    const struct cty_field *rows[400];
    size_t count;
} visited;

static void note_row(const struct visit *visit)
{
    for (size_t i = 0; i < visited.count; i++) {
        if (visited.rows[i] == visit->field)
            return;
    }
    assert_true(visited.count < CTY_COUNT_OF(visited.rows));
    if (visit->field)
        visited.rows[visited.count++] = visit->field;
}

static void expect_rows(const struct cty_shape *shape, const char *what)
{
    for (size_t i = 0; i < shape->count; i++) {
        size_t k = 0;
        while (k < visited.count && visited.rows[k] != &shape->fields[i])
            k++;
        if (k == visited.count)
            fail_msg("no example of %s has %s", what, shape->fields[i].name);
        if (shape->fields[i].shape)
            expect_rows(shape->fields[i].shape, shape->fields[i].name);
    }
}

static void the_examples_have_every_member(void **state)
{
    (void)state;
    visit_all(note_row);
    expect_rows(&cty_shape_common, "a statement");
    for (int type = 0; type < CTY_TYPE_COUNT; type++)
        expect_rows(&cty_shapes[type], cty_type_name((enum cty_type)type));
}

static void leave_out(const struct visit *visit)
{
    if (!visit->field)
        return;
    bool optional = (visit->field->flags & CTY_OPTIONAL) != 0;
    text_gives(visit, edit_remove(visit->edit, visit->object, visit->member), optional ? "ok" : "missing-member");
}

static void a_member_left_out(void **state)
{
    (void)state;
    visit_all(leave_out);
}

static void add_strangers(const struct visit *visit)
{
    static const char *const names[] = {"", "\\u0001", "aaa", "mmm", "zzz", "Type"};
    if (visit->field)
        return;
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++)
        text_gives(visit, edit_add(visit->edit, visit->object, names[i], "1"), "unknown-member");
}

static void an_unknown_member(void **state)
{
    (void)state;
    visit_all(add_strangers);
}

static void wrong_hex(const struct visit *visit, size_t digits)
{
    char text[80];
    for (size_t size = digits - 2; size <= digits + 2; size++) {
        snprintf(text, sizeof(text), "\"%.*s\"", (int)size,
                 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021");
        value_gives(visit, text, size == digits ? "ok" : "bad-member");
    }
    static const char *const wrong[] = {"A", "g", " ", "\\n", "-"};
    for (size_t i = 0; i < CTY_COUNT_OF(wrong); i++) {
        snprintf(text, sizeof(text), "\"%s%.*s\"", wrong[i], (int)digits - 1,
                 "00000000000000000000000000000000000000000000000000000000000000000000");
        value_gives(visit, text, "bad-member");
    }
}

static void wrong_number(const struct visit *visit)
{
    const struct cty_field *field = visit->field;
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)(field->max ? field->max : CTY_NUMBER_MAX));
    value_gives(visit, text, "ok");
    snprintf(text, sizeof(text), "%llu", (unsigned long long)(field->max ? field->max : CTY_NUMBER_MAX) + 1);
    value_gives(visit, text, field->max ? "bad-member" : "bad-number");
    value_gives(visit, "0", field->flags & CTY_OPTIONAL ? "bad-member" : "ok");
    value_gives(visit, "-1", "bad-number");
    value_gives(visit, "1.5", "bad-number");
    value_gives(visit, "\"1\"", "bad-member");
    value_gives(visit, "true", "bad-member");
}

static void wrong_text(const struct visit *visit)
{
    char text[1100];
    memset(text, 'a', sizeof(text));
    text[0] = text[1098] = '"';
    text[1099] = 0;
    const char *mismatch = strcmp(visit->field->name, "type") == 0 && visit->field->text == CTY_TEXT_WORD &&
                           visit->object == &visit->edit->json.nodes[0] ? "payload-type-mismatch" : "bad-member";
    value_gives(visit, text, mismatch);
    value_gives(visit, "\"\"", mismatch);
    value_gives(visit, "\"a b\\n\"", mismatch);
    value_gives(visit, "\"\xc3\xa4\"", mismatch);
    value_gives(visit, "\"a\\\\b\"", mismatch);
    value_gives(visit, "1", mismatch);
    value_gives(visit, "true", mismatch);
}

static void wrong_word(const struct visit *visit)
{
    char text[40];
    for (const char *const *word = visit->field->names; *word; word++) {
        snprintf(text, sizeof(text), "\"%s\"", *word);
        bool default_word = word == visit->field->names && (visit->field->flags & CTY_OPTIONAL);
        value_gives(visit, text, default_word ? "bad-member" : "ok");
        snprintf(text, sizeof(text), "\"%s \"", *word);
        value_gives(visit, text, "bad-member");
        snprintf(text, sizeof(text), "\"%c%s\"", (*word)[0] - 'a' + 'A', *word + 1);
        value_gives(visit, text, "bad-member");
    }
    value_gives(visit, "\"\"", "bad-member");
    value_gives(visit, "0", "bad-member");
}

static void wrong_form(const struct visit *visit)
{
    if (!visit->field || visit->field->flags & CTY_LIST)
        return;
    bool type_itself = strcmp(visit->field->name, "type") == 0 && visit->object == &visit->edit->json.nodes[0];
    const char *code = type_itself ? "payload-type-mismatch" : "bad-member";
    value_gives(visit, "[1]", code);
    value_gives(visit, "null", "bad-json");
    if (visit->field->kind != CTY_FIELD_OBJECT && visit->field->kind != CTY_FIELD_RAW)
        value_gives(visit, "{\"a\":1}", code);
    switch (visit->field->kind) {
    case CTY_FIELD_U64:
        wrong_number(visit);
        return;
    case CTY_FIELD_BOOL:
        value_gives(visit, "1", "bad-member");
        value_gives(visit, "\"true\"", "bad-member");
        value_gives(visit, "true", "ok");
        value_gives(visit, "false", visit->field->flags & CTY_OPTIONAL ? "bad-member" : "ok");
        return;
    case CTY_FIELD_TEXT:
        wrong_text(visit);
        return;
    case CTY_FIELD_HASH:
        wrong_hex(visit, 64);
        return;
    case CTY_FIELD_BITS128:
        wrong_hex(visit, 32);
        return;
    case CTY_FIELD_ENUM:
        wrong_word(visit);
        return;
    case CTY_FIELD_OBJECT:
        value_gives(visit, "{}", visit->field->flags & CTY_OPTIONAL ? "bad-member" : "missing-member");
        value_gives(visit, "\"a\"", "bad-member");
        return;
    case CTY_FIELD_RAW:
        value_gives(visit, "\"a\"", "bad-member");
        value_gives(visit, "1", "bad-member");
        return;
    }
}

static void a_member_of_a_wrong_form(void **state)
{
    (void)state;
    visit_all(wrong_form);
}

/* One item of the list as text; the caller frees. */
static char *list_item(const struct visit *visit)
{
    const struct cty_json_node *item = cty_json_first(&visit->edit->json, visit->member);
    if (item)
        return edit_copy(item);
    assert_int_equal(visit->field->kind, CTY_FIELD_HASH);
    char *hash = strdup("\"0000000000000000000000000000000000000000000000000000000000000000\"");
    assert_non_null(hash);
    return hash;
}

static void count_gives(const struct visit *visit, size_t count, const char *code)
{
    char *item = list_item(visit);
    char *list = edit_repeat(item, count);
    value_gives(visit, list, code);
    free(list);
    free(item);
}

/* The same signer eight times is refused for another reason; test_statement.c has the positive twin. */
static void list_bounds(const struct visit *visit)
{
    if (!visit->field || !(visit->field->flags & CTY_LIST))
        return;
    bool signers = strcmp(visit->field->name, "signers") == 0;
    count_gives(visit, visit->field->list_max, signers ? "bad-member" : "ok");
    count_gives(visit, visit->field->list_max + 1, "too-large");
    count_gives(visit, visit->field->list_min, "ok");
    if (visit->field->list_min)
        count_gives(visit, visit->field->list_min - 1, "bad-member");
    value_gives(visit, "{}", "bad-member");
    value_gives(visit, "1", "bad-member");
    value_gives(visit, "\"a\"", "bad-member");
    value_gives(visit, "[[]]", "bad-member");
    value_gives(visit, "[true]", "bad-member");
}

static void a_list_one_past(void **state)
{
    (void)state;
    visit_all(list_bounds);
}

static void facts_expect(const char *facts, const char *code)
{
    struct edit edit;
    edit_begin(&edit, cty_buf_bytes(&sample_get(CTY_REQUEST)->body));
    const struct cty_json_node *root = &edit.json.nodes[0];
    struct visit visit = {CTY_REQUEST, &edit, NULL, root, cty_json_member(&edit.json, root, "facts")};
    value_gives(&visit, facts, code);
    edit_done(&edit);
}

static void facts_by_count(unsigned count, const char *code)
{
    struct cty_buf facts = CTY_BUF_INIT(4096);
    for (unsigned i = 0; i < count; i++)
        assert_ok(cty_buf_putf(&facts, "%s\"%c\":%u", i ? "," : "{", 'a' + i, i));
    assert_ok(cty_buf_put_byte(&facts, '}'));
    facts_expect(cty_buf_text(&facts), code);
    cty_buf_done(&facts);
}

static void fact_text(size_t size, const char *code)
{
    char facts[CTY_FACT_TEXT_BYTES_MAX + 20];
    char text[CTY_FACT_TEXT_BYTES_MAX + 2];
    memset(text, 'x', sizeof(text));
    snprintf(facts, sizeof(facts), "{\"a\":\"%.*s\"}", (int)size, text);
    facts_expect(facts, code);
}

static void facts_and_their_bounds(void **state)
{
    (void)state;
    facts_expect("{\"a\":1}", "ok");
    facts_expect("{\"a\":false,\"a-b\":\"\",\"a.b\":0,\"a_b\":\"\\\"\\n\xe2\x82\xac\"}", "ok");
    facts_expect("{}", "bad-member");
    facts_expect("[]", "bad-member");
    facts_expect("{\"A\":1}", "bad-member");
    facts_expect("{\"\":1}", "bad-member");
    facts_expect("{\"a b\":1}", "bad-member");
    facts_expect("{\"\\n\":1}", "bad-member");
    facts_expect("{\"a\":[1]}", "bad-member");
    facts_expect("{\"a\":{\"b\":1}}", "bad-member");
    facts_expect("{\"a\":1.5}", "bad-number");
    facts_expect("{\"a\":null}", "bad-json");
    facts_by_count(CTY_FACTS_MAX, "ok");
    facts_by_count(CTY_FACTS_MAX + 1, "too-large");
    fact_text(CTY_FACT_TEXT_BYTES_MAX, "ok");
    fact_text(CTY_FACT_TEXT_BYTES_MAX + 1, "too-large");
}

#define LINK "{\"sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"type\":\"t\"}"

static void links_expect(const char *links, const char *code)
{
    struct edit edit;
    edit_begin(&edit, cty_buf_bytes(&sample_get(CTY_REQUEST)->body));
    const struct cty_json_node *root = &edit.json.nodes[0];
    struct visit visit = {CTY_REQUEST, &edit, NULL, root, cty_json_member(&edit.json, root, "links")};
    value_gives(&visit, links, code);
    edit_done(&edit);
}

static void links_and_their_bounds(void **state)
{
    (void)state;
    char *most = edit_repeat(LINK, CTY_LINKS_MAX);
    char *more = edit_repeat(LINK, CTY_LINKS_MAX + 1);
    links_expect(most, "ok");
    links_expect(more, "too-large");
    links_expect("[]", "bad-member");
    links_expect("[1]", "bad-member");
    links_expect("[{}]", "missing-member");
    links_expect("[{\"type\":\"t\"}]", "missing-member");
    links_expect("[{\"sha256\":\"00\",\"type\":\"t\"}]", "bad-member");
    links_expect("[{\"a\":1}]", "unknown-member");
    /* Its value sorts before sha256, its text behind it. */
    links_expect("[{\"sha\\n\":1,\"sha256\":\"00\",\"type\":\"t\"}]", "unknown-member");
    free(most);
    free(more);
}

/* Any statement may have links: they come between `ledger` and `seen`. */
static void every_type_takes_links(void **state)
{
    (void)state;
    for (int type = 0; type < CTY_TYPE_COUNT; type++) {
        struct edit edit;
        struct cty_statement minimal = sample_minimal((enum cty_type)type);
        struct cty_buf body = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
        assert_ok(cty_statement_encode(&minimal, &body));
        edit_begin(&edit, cty_buf_bytes(&body));
        struct visit visit = {(enum cty_type)type, &edit, NULL, &edit.json.nodes[0], NULL};
        text_gives(&visit, edit_add(&edit, visit.object, "links", "[" LINK "]"), "ok");
        edit_done(&edit);
        cty_buf_done(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_left_out),       cmocka_unit_test(an_unknown_member),
        cmocka_unit_test(a_member_of_a_wrong_form), cmocka_unit_test(a_list_one_past),
        cmocka_unit_test(facts_and_their_bounds),  cmocka_unit_test(links_and_their_bounds),
        cmocka_unit_test(every_type_takes_links),  cmocka_unit_test(the_examples_have_every_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
