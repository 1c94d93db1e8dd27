/* SPDX-License-Identifier: Apache-2.0 */
/* Which members commit to contents, under which paths, and that the commitments are those of the formula. */
#include "samples.h"

struct found {
    uint32_t count;
    char paths[CTY_BLOBS_PER_STATEMENT_MAX][40];
    struct cty_hash hashes[CTY_BLOBS_PER_STATEMENT_MAX];
};

static custody_err found_put(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct found *found = context;
    assert_true(found->count < CTY_BLOBS_PER_STATEMENT_MAX);
    snprintf(found->paths[found->count], sizeof(found->paths[0]), "%.*s", (int)member.size,
             (const char *)member.data);
    found->hashes[found->count++] = *hash;
    return CUSTODY_OK;
}

static struct found find(const struct cty_statement *statement)
{
    struct found found = {0};
    assert_ok(cty_statement_commitments(statement, found_put, &found));
    return found;
}

struct row {
    enum cty_type type;
    const char *paths[4];
};

static const struct row rows[] = {
    {CTY_LEDGER_OPEN, {"admins/0/name", "admins/1/name"}},
    {CTY_PARTY_ENROL, {"admins/0/name", "admins/1/name"}},
    {CTY_ACTOR_ENROL, {"enrolment/name"}},
    {CTY_ACTOR_REVOKE, {"reason"}},
    {CTY_POLICY_PUBLISH, {NULL}},
    {CTY_REQUEST, {"payload", "schema", "state"}},
    {CTY_VERDICT, {NULL}},
    {CTY_PATCH, {"operations", "reason", "result"}},
    {CTY_DECISION, {"reason", "shown"}},
    {CTY_RELEASE, {NULL}},
    {CTY_CONSUME, {NULL}},
    {CTY_OUTCOME, {"result"}},
    {CTY_CANCEL, {"reason"}},
    {CTY_EXPIRY, {NULL}},
    {CTY_ACTOR_ROTATE, {"reason"}},
    {CTY_CUSTODIAN_ROTATE, {"reason"}},
    {CTY_LEDGER_CLOSE, {"reason"}},
    {CTY_CONSENT, {"reason"}},
    {CTY_QUESTION, {"question"}},
    {CTY_ANSWER, {"answer"}},
    {CTY_OFFER, {"context", "obligations"}},
    {CTY_ACCEPT, {NULL}},
    {CTY_DECLINE, {"reason"}},
    {CTY_WITHDRAW, {"reason"}},
    {CTY_FINALISE, {"reason"}},
};

static void each_type_commits_to_its_members(void **state)
{
    (void)state;
    assert_int_equal(CTY_COUNT_OF(rows), CTY_TYPE_COUNT);
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        struct found found = find(&sample_get(rows[i].type)->statement);
        uint32_t expected = 0;
        for (; expected < 4 && rows[i].paths[expected]; expected++)
            assert_string_equal(found.paths[expected], rows[i].paths[expected]);
        assert_int_equal(found.count, expected);
    }
}

static uint32_t required_of(enum cty_type type)
{
    bool one = type == CTY_REQUEST || type == CTY_QUESTION || type == CTY_ANSWER;
    return one ? 1 : type == CTY_PATCH ? 2 : 0;
}

static void optional_commitments_may_be_absent(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        struct cty_statement minimal = sample_minimal(rows[i].type);
        struct found found = find(&minimal);
        assert_int_equal(found.count, required_of(rows[i].type));
    }
}

static void the_most_admins_fit(void **state)
{
    (void)state;
    struct cty_statement statement = sample_get(CTY_PARTY_ENROL)->statement;
    for (uint32_t i = 0; i < CTY_ADMINS_MAX; i++)
        statement.u.party_enrol.admins[i] = statement.u.party_enrol.admins[0];
    statement.u.party_enrol.admins_count = CTY_ADMINS_MAX;
    struct found found = find(&statement);
    assert_int_equal(found.count, CTY_ADMINS_MAX);
    assert_string_equal(found.paths[6], "admins/6/name");
}

static struct cty_hash commit(const struct cty_statement *statement, const struct sample_blob *blob)
{
    return cty_commitment(statement->ledger, statement->signers[0], statement->id, cty_bytes_text(blob->member),
                          blob->salt, cty_bytes_text(blob->content));
}

static void the_formula_binds_every_part(void **state)
{
    (void)state;
    const struct sample *sample = sample_get(CTY_REQUEST);
    const struct cty_hash expected = sample->statement.u.request.payload;
    struct cty_statement statement = sample->statement;
    struct sample_blob blob = sample->blobs[0];
    struct cty_hash got = commit(&statement, &blob);
    assert_memory_equal(got.bytes, expected.bytes, CTY_HASH_SIZE);
    blob.member = "state";
    got = commit(&statement, &blob);
    assert_memory_not_equal(got.bytes, expected.bytes, CTY_HASH_SIZE);
    blob = sample->blobs[0];
    blob.content = "{}";
    got = commit(&statement, &blob);
    assert_memory_not_equal(got.bytes, expected.bytes, CTY_HASH_SIZE);
    blob = sample->blobs[0];
    blob.salt[31] ^= 1;
    got = commit(&statement, &blob);
    assert_memory_not_equal(got.bytes, expected.bytes, CTY_HASH_SIZE);
    blob = sample->blobs[0];
    statement.id[0] ^= 1;
    got = commit(&statement, &blob);
    assert_memory_not_equal(got.bytes, expected.bytes, CTY_HASH_SIZE);
    statement.id[0] ^= 1;
    statement.signers[0] = CTY_LITERAL("acme/worker");
    got = commit(&statement, &blob);
    assert_memory_not_equal(got.bytes, expected.bytes, CTY_HASH_SIZE);
    statement.signers[0] = sample->statement.signers[0];
    statement.ledger = CTY_LITERAL("custody.example/dev2");
    got = commit(&statement, &blob);
    assert_memory_not_equal(got.bytes, expected.bytes, CTY_HASH_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_commits_to_its_members),
        cmocka_unit_test(optional_commitments_may_be_absent),
        cmocka_unit_test(the_most_admins_fit),
        cmocka_unit_test(the_formula_binds_every_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
