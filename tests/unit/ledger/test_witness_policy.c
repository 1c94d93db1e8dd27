/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of witnesses: what is read from a text, who has cosigned, what is a quorum, and by when. */
#include "ledger/policy.h"
#include "unit/ledger/notes.h"

#define WITNESSES 33

static struct cty_secret *secrets[WITNESSES];
static char names[WITNESSES][40];
static char vkeys[WITNESSES][160];
static char log_vkey[160];

static void put_vkey(const char *name, enum cty_key_type type, const struct cty_secret *secret, char out[160])
{
    struct cty_buf text = CTY_BUF_INIT(160);
    assert_ok(cty_vkey_format(cty_bytes_text(name), type, cty_secret_key(secret), &text));
    snprintf(out, 160, "%.*s", (int)text.size, (const char *)text.data);
    cty_buf_done(&text);
}

static int begin(void **state)
{
    if (notes_setup(state) != 0)
        return -1;
    for (unsigned i = 0; i < WITNESSES; i++) {
        snprintf(names[i], sizeof(names[i]), "witness.example/w%u", i);
        struct cty_hash seed = cty_sha256(cty_bytes_text(names[i]));
        assert_ok(cty_secret_from_seed(cty_bytes_text(names[i]), seed.bytes, &secrets[i]));
        put_vkey(names[i], CTY_KEY_COSIGNATURE, secrets[i], vkeys[i]);
    }
    put_vkey(ORIGIN, CTY_KEY_ED25519, log_secret, log_vkey);
    return 0;
}

static int end(void **state)
{
    for (unsigned i = 0; i < WITNESSES; i++)
        cty_secret_free(secrets[i]);
    return notes_teardown(state);
}

/* The log line, `count` witnesses w0.., and the lines after them. */
static custody_err parse(unsigned count, const char *lines, struct cty_witness_policy *policy, custody_error *error)
{
    struct cty_buf text = CTY_BUF_INIT(1u << 20);
    memset(error, 0, sizeof(*error));
    assert_ok(cty_buf_putf(&text, "log %s\n", log_vkey));
    for (unsigned i = 0; i < count; i++)
        assert_ok(cty_buf_putf(&text, "witness w%u %s\n", i, vkeys[i]));
    assert_ok(cty_buf_put_text(&text, lines));
    custody_err err = cty_witness_policy_parse(cty_buf_bytes(&text), policy, error);
    cty_buf_done(&text);
    return err;
}

static void must_parse(unsigned count, const char *lines, struct cty_witness_policy *policy)
{
    custody_error error;
    if (parse(count, lines, policy, &error) != CUSTODY_OK)
        fail_msg("%s: %s", lines, error.detail);
}

static void refuse(unsigned count, const char *lines, const char *detail)
{
    static struct cty_witness_policy policy;
    custody_error error;
    assert_refused(parse(count, lines, &policy, &error), "bad-trust");
    if (!strstr(error.detail, detail))
        fail_msg("%s: %s", lines, error.detail);
    assert_null(policy.text.data);
}

/* The checkpoint with cosignatures by these witnesses at these times (0: none); the note borrows from *ret_text. */
static void cosign(const uint64_t *times, unsigned count, struct cty_buf *ret_text, struct cty_note *ret_note)
{
    *ret_text = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    assert_ok(cty_buf_put_text(ret_text, CHECKPOINT_TEXT "\n" LOG_LINE));
    for (unsigned i = 0; i < count; i++) {
        if (times[i])
            assert_ok(cty_note_cosign(CTY_LITERAL(CHECKPOINT_TEXT), cty_bytes_text(names[i]), secrets[i], times[i], ret_text));
    }
    assert_ok(cty_note_parse(cty_buf_bytes(ret_text), ret_note));
}

/* ---- the text ---- */

static void what_a_text_says(void **state)
{
    static struct cty_witness_policy policy;
    struct cty_buf text = CTY_BUF_INIT(4096);
    (void)state;
    assert_ok(cty_buf_putf(&text, "# whom we trust\n\nlog %s https://log.example/a\n\twitness w0 %s\thttps://w.example/0 \n"
                                  "witness K %s\n  group \xe2\x84\xaa any w0 K\nquorum \xe2\x84\xaa", log_vkey, vkeys[0], vkeys[1]));
    assert_ok(cty_witness_policy_parse(cty_buf_bytes(&text), &policy, NULL));
    assert_bytes_text(policy.origin, ORIGIN);
    assert_bytes_text(policy.log_vkey, log_vkey);
    assert_bytes_text(policy.log_url, "https://log.example/a");
    assert_true(cty_key_equal(&policy.log_key, cty_secret_key(log_secret)));
    assert_int_equal(policy.count, 3);
    assert_bytes_text(policy.nodes[0].url, "https://w.example/0");
    assert_bytes_text(policy.nodes[0].key_name, names[0]);
    assert_bytes_text(policy.nodes[0].vkey, vkeys[0]);
    assert_int_equal(policy.nodes[1].url.size, 0);
    assert_true(policy.nodes[2].is_group);
    assert_int_equal(policy.nodes[2].members, 3);
    assert_int_equal(policy.nodes[2].needed, 1);
    assert_int_equal(policy.quorum, 2);
    assert_true(cty_witness_policy_asks(&policy));
    assert_int_equal(cty_witness_policy_asked(&policy), 3);
    cty_witness_policy_done(&policy);
    cty_witness_policy_done(NULL);
    cty_buf_done(&text);
}

/* As many as C2SP wants: 32 witnesses and 32 groups; and one more of either is refused. */
static void as_many_as_there_must_be(void **state)
{
    static struct cty_witness_policy policy;
    struct cty_buf lines = CTY_BUF_INIT(8192);
    (void)state;
    for (unsigned i = 0; i < 32; i++)
        assert_ok(cty_buf_putf(&lines, "group g%u any w%u\n", i, i));
    assert_ok(cty_buf_put_text(&lines, "quorum g31\n"));
    must_parse(32, cty_buf_text(&lines), &policy);
    assert_int_equal(policy.count, CTY_WITNESS_NODES_MAX);
    assert_int_equal(policy.quorum, CTY_WITNESS_NODES_MAX - 1);
    assert_true(cty_witness_policy_met(&policy, UINT64_C(1) << 31));
    assert_false(cty_witness_policy_met(&policy, UINT64_MAX >> 33));
    cty_witness_policy_done(&policy);
    refuse(33, cty_buf_text(&lines), "too many witnesses and groups");
    cty_buf_done(&lines);
}

static void what_is_refused(void **state)
{
    static struct cty_witness_policy policy;
    (void)state;
    must_parse(2, "group g all w0 w1\nquorum g\n", &policy);
    cty_witness_policy_done(&policy);
    refuse(2, "group g all w0 w2\nquorum g\n", "policy line 4: a member is not defined before");
    refuse(2, "group g all h\ngroup h any w0\nquorum g\n", "policy line 4: a member is not defined before");
    refuse(2, "group g all none\nquorum g\n", "not defined before");
    refuse(2, "group g any w0 w0\nquorum g\n", "in two groups");
    refuse(2, "group g any w0\ngroup h all g w0\nquorum h\n", "policy line 5: a member is in two groups");
    refuse(2, "group w0 any w1\nquorum w0\n", "defined already");
    refuse(2, "group g 3 w0 w1\nquorum g\n", "can't be met");
    refuse(2, "group g 0 w0 w1\nquorum g\n", "can't be met");
    refuse(2, "quorum w0\nquorum w0\n", "a second quorum");
    refuse(2, "quorum w0 # both\n", "something stands behind");
    refuse(2, "quorum w0\nlog x\n", "a second log");
    refuse(2, "", "names no log or no quorum");
    refuse(2, "# a bell\a\nquorum none\n", "policy line 4: a control character");
    refuse(2, "quorum none\r\n", "policy line 4: a control character");
    refuse(2, "# \x7f\nquorum none\n", "a control character");
}

/* One public key under two names is still one witness, and the log's is none. */
static void keys_stand_once(void **state)
{
    char vkey[160], line[400];
    (void)state;
    put_vkey("witness.example/other", CTY_KEY_COSIGNATURE, secrets[1], vkey);
    snprintf(line, sizeof(line), "witness w9 %s\nquorum none\n", vkey);
    refuse(2, line, "policy line 4: a key stands twice");
    put_vkey(ORIGIN, CTY_KEY_COSIGNATURE, log_secret, vkey);
    snprintf(line, sizeof(line), "witness w9 %s\nquorum none\n", vkey);
    refuse(2, line, "a witness has the log's key");
    put_vkey(names[2], CTY_KEY_ED25519, secrets[2], vkey);
    snprintf(line, sizeof(line), "witness w9 %s\nquorum none\n", vkey);
    refuse(2, line, "not a cosignature vkey");
}

/* A trust file's policy is the same as its text alone. */
static void from_a_trust_file(void **state)
{
    static struct cty_witness_policy policy;
    struct cty_buf text = CTY_BUF_INIT(4096);
    (void)state;
    assert_ok(cty_buf_putf(&text, " {\"custody_trust\":1,\"policy\":\"log %s\\nquorum none\\n\",\"admins\":{}}\n", log_vkey));
    assert_true(cty_witness_policy_is_json(cty_buf_bytes(&text)));
    assert_ok(cty_witness_policy_read(cty_buf_bytes(&text), &policy, NULL));
    assert_bytes_text(policy.origin, ORIGIN);
    assert_false(cty_witness_policy_asks(&policy));
    cty_witness_policy_done(&policy);
    cty_buf_clear(&text);
    assert_ok(cty_buf_putf(&text, "log %s\nquorum none\n", log_vkey));
    assert_false(cty_witness_policy_is_json(cty_buf_bytes(&text)));
    assert_ok(cty_witness_policy_read(cty_buf_bytes(&text), &policy, NULL));
    cty_witness_policy_done(&policy);
    assert_refused(cty_witness_policy_read(CTY_LITERAL("{\"policy\":\"quorum none\"}"), &policy, NULL), "bad-trust");
    assert_refused(cty_witness_policy_read(CTY_LITERAL("{\"custody_trust\":1,\"policy\":1}"), &policy, NULL), "bad-trust");
    assert_refused(cty_witness_policy_read(CTY_LITERAL("{\"custody_trust\":1}x"), &policy, NULL), "bad-trust");
    assert_refused(cty_witness_policy_read(CTY_LITERAL(" "), &policy, NULL), "bad-trust");
    cty_buf_done(&text);
}

/* ---- who has cosigned ---- */

static void who_has_cosigned(void **state)
{
    static struct cty_witness_policy policy;
    static struct cty_note note;
    const uint64_t at[4] = {100, 0, 300, 50};
    uint64_t times[CTY_WITNESS_NODES_MAX], bad = 1;
    struct cty_buf text;
    (void)state;
    must_parse(3, "group g 2 w0 w1 w2\nquorum g\n", &policy);
    cosign(at, 4, &text, &note); /* w3 is nobody to this policy */
    assert_int_equal(cty_witness_policy_cosigned(&policy, &note, 0, times, &bad), 5);
    assert_int_equal(bad, 0);
    assert_int_equal(times[0], 100);
    assert_int_equal(times[1], 0);
    assert_int_equal(times[2], 300);
    assert_int_equal(times[3], 0);
    assert_int_equal(cty_witness_policy_cosigned(&policy, &note, 100, NULL, NULL), 5);
    assert_int_equal(cty_witness_policy_cosigned(&policy, &note, 101, times, NULL), 4);
    assert_int_equal(cty_witness_policy_cosigned(&policy, &note, 301, times, NULL), 0);
    cty_buf_done(&text);
    cty_witness_policy_done(&policy);
}

/* Two lines of one witness: the earliest that is late enough counts. One of them that fails voids the note. */
static void two_lines_of_one(void **state)
{
    static struct cty_witness_policy policy;
    static struct cty_note note;
    const uint64_t at[1] = {100};
    uint64_t times[CTY_WITNESS_NODES_MAX], bad = 0;
    struct cty_buf text;
    (void)state;
    must_parse(2, "quorum w0\n", &policy);
    cosign(at, 1, &text, &note);
    assert_ok(cty_note_cosign(CTY_LITERAL(CHECKPOINT_TEXT), cty_bytes_text(names[0]), secrets[0], 900, &text));
    assert_ok(cty_note_parse(cty_buf_bytes(&text), &note));
    assert_int_equal(cty_witness_policy_cosigned(&policy, &note, 0, times, &bad), 1);
    assert_int_equal(times[0], 100);
    assert_int_equal(cty_witness_policy_cosigned(&policy, &note, 101, times, &bad), 1);
    assert_int_equal(times[0], 900);
    assert_int_equal(bad, 0);
    assert_ok(cty_note_cosign(CTY_LITERAL(ORIGIN "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
                              cty_bytes_text(names[0]), secrets[0], 100, &text));
    assert_ok(cty_note_parse(cty_buf_bytes(&text), &note));
    assert_int_equal(cty_witness_policy_cosigned(&policy, &note, 0, times, &bad), 0);
    assert_int_equal(bad, 1);
    assert_int_equal(times[0], 0);
    cty_buf_done(&text);
    cty_witness_policy_done(&policy);
}

/* ---- quorums ---- */

static bool two_of_three(unsigned who)
{
    return (who & 1) + (who >> 1 & 1) + (who >> 2 & 1) >= 2;
}

static void every_set_of_witnesses(void **state)
{
    static struct cty_witness_policy policy;
    (void)state;
    must_parse(5, "group x 2 w0 w1 w2\ngroup y any w3\ngroup both all x y\nquorum both\n", &policy);
    assert_int_equal(cty_witness_policy_asked(&policy), 15);
    for (unsigned who = 0; who < 32; who++) {
        bool met = two_of_three(who) && (who & 8);
        assert_int_equal(cty_witness_policy_met(&policy, who), met);
        assert_int_equal(cty_witness_policy_can_be_met(&policy, who), met);
    }
    /* Groups are no witnesses: a set that names them gets nothing by it. */
    assert_false(cty_witness_policy_met(&policy, UINT64_MAX & ~UINT64_C(15)));
    cty_witness_policy_done(&policy);
}

static void no_quorum_asks_for_nobody(void **state)
{
    static struct cty_witness_policy policy;
    (void)state;
    must_parse(2, "quorum none\n", &policy);
    assert_false(cty_witness_policy_asks(&policy));
    assert_int_equal(cty_witness_policy_asked(&policy), 0);
    assert_true(cty_witness_policy_met(&policy, 0));
    assert_false(cty_witness_policy_can_be_met(&policy, 3));
    cty_witness_policy_done(&policy);
}

static void by_when(void **state)
{
    static struct cty_witness_policy policy;
    uint64_t times[CTY_WITNESS_NODES_MAX] = {500, 100, 300};
    (void)state;
    must_parse(3, "group g 2 w0 w1 w2\nquorum g\n", &policy);
    assert_int_equal(cty_witness_policy_time(&policy, 7, times), 300);
    assert_int_equal(cty_witness_policy_time(&policy, 3, times), 500);
    assert_int_equal(cty_witness_policy_time(&policy, 6, times), 300);
    assert_int_equal(cty_witness_policy_time(&policy, 4, times), 0);
    assert_int_equal(cty_witness_policy_time(&policy, 0, times), 0);
    cty_witness_policy_done(&policy);
    must_parse(3, "quorum none\n", &policy);
    assert_int_equal(cty_witness_policy_time(&policy, 7, times), 0);
    cty_witness_policy_done(&policy);
}

static void names_as_they_are_shown(void **state)
{
    static struct cty_witness_policy policy;
    char shown[16];
    (void)state;
    must_parse(3, "quorum none\n", &policy);
    cty_witness_policy_names(&policy, 5, sizeof(shown), shown);
    assert_string_equal(shown, "w0, w2");
    cty_witness_policy_names(&policy, 0, sizeof(shown), shown);
    assert_string_equal(shown, "");
    cty_witness_policy_names(&policy, 7, 10, shown);
    assert_string_equal(shown, "w0, w1...");
    policy.nodes[1].name = CTY_LITERAL("\x1b\xe2w");
    cty_witness_policy_names(&policy, 2, sizeof(shown), shown);
    assert_string_equal(shown, "\\x1b\\xe2w");
    cty_witness_policy_done(&policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_text_says),
        cmocka_unit_test(as_many_as_there_must_be),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(keys_stand_once),
        cmocka_unit_test(from_a_trust_file),
        cmocka_unit_test(who_has_cosigned),
        cmocka_unit_test(two_lines_of_one),
        cmocka_unit_test(every_set_of_witnesses),
        cmocka_unit_test(no_quorum_asks_for_nobody),
        cmocka_unit_test(by_when),
        cmocka_unit_test(names_as_they_are_shown),
    };
    return cmocka_run_group_tests_name("policies of witnesses", tests, begin, end);
}
