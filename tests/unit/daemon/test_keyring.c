/* SPDX-License-Identifier: Apache-2.0 */
/* Keys at hand: a worker verifies by what it saw last, and the present key decides all the same. */
#include "house.h"

#include <stdio.h>

#include "daemon/keyring.h"
#include "daemon/submission.h"

/* --- the keyring itself ---------------------------------------------------------------------------------------- */

static struct cty_key key_of(unsigned number)
{
    struct cty_key key = {{0}};
    key.bytes[0] = (uint8_t)number;
    key.bytes[1] = (uint8_t)(number >> 8);
    key.bytes[31] = 1;
    return key;
}

static void it_gives_what_was_put_last(void **state)
{
    static struct cty_key_changes changes;
    struct cty_keyring keyring;
    struct cty_key first = key_of(1), second = key_of(2), got = key_of(9);
    (void)state;
    assert_ok(cty_keyring_init(&keyring, &changes));
    assert_false(cty_keyring_get(&keyring, CTY_LITERAL("acme/bot"), &got));
    cty_keyring_put(&keyring, CTY_LITERAL("acme/bot"), &first);
    assert_true(cty_keyring_get(&keyring, CTY_LITERAL("acme/bot"), &got));
    assert_true(cty_key_equal(&got, &first));
    cty_keyring_put(&keyring, CTY_LITERAL("acme/bot"), &second);
    assert_true(cty_keyring_get(&keyring, CTY_LITERAL("acme/bot"), &got));
    assert_true(cty_key_equal(&got, &second));
    assert_false(cty_keyring_get(&keyring, CTY_LITERAL("acme/bo"), &got));
    assert_false(cty_keyring_get(&keyring, CTY_LITERAL("acme/bot2"), &got));
    assert_false(cty_keyring_get(&keyring, CTY_LITERAL(""), &got));
    cty_keyring_done(&keyring);
}

/* Many more names than places: what is given is always the name's own key. */
static void nobody_gets_anothers_key(void **state)
{
    static struct cty_key_changes changes;
    struct cty_keyring keyring;
    unsigned kept = 0;
    (void)state;
    assert_ok(cty_keyring_init(&keyring, &changes));
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 4 * CTY_KEYRING_PLACES; i++) {
            char name[64];
            struct cty_key key = key_of(i), got;
            snprintf(name, sizeof(name), "acme/agent-%u", i);
            if (round == 0) {
                cty_keyring_put(&keyring, cty_bytes_text(name), &key);
            } else if (cty_keyring_get(&keyring, cty_bytes_text(name), &got)) {
                assert_true(cty_key_equal(&got, &key));
                kept++;
            }
        }
    }
    assert_in_range(kept, CTY_KEYRING_PLACES / 2, CTY_KEYRING_PLACES);
    cty_keyring_done(&keyring);
}

/* Whoever changes its key is forgotten, and what was found before the change is not kept. */
static void a_changed_key_is_forgotten(void **state)
{
    static struct cty_key_changes changes;
    struct cty_keyring keyring;
    struct cty_key first = key_of(1), second = key_of(2), got;
    (void)state;
    assert_ok(cty_keyring_init(&keyring, &changes));
    cty_keyring_put(&keyring, CTY_LITERAL("acme/bot"), &first);
    cty_keyring_put(&keyring, CTY_LITERAL("acme/other"), &second);
    cty_key_changed(&changes, CTY_LITERAL("acme/bot"));
    assert_false(cty_keyring_get(&keyring, CTY_LITERAL("acme/bot"), &got));
    assert_true(cty_keyring_get(&keyring, CTY_LITERAL("acme/other"), &got));
    /* Found in a snapshot from before the change. */
    cty_keyring_put(&keyring, CTY_LITERAL("acme/bot"), &first);
    assert_false(cty_keyring_get(&keyring, CTY_LITERAL("acme/bot"), &got));
    cty_keyring_begin(&keyring);
    cty_keyring_put(&keyring, CTY_LITERAL("acme/bot"), &second);
    assert_true(cty_keyring_get(&keyring, CTY_LITERAL("acme/bot"), &got));
    assert_true(cty_key_equal(&got, &second));
    cty_keyring_done(&keyring);
}

static void a_name_may_have_its_longest(void **state)
{
    static struct cty_key_changes changes;
    struct cty_keyring keyring;
    struct cty_key key = key_of(7), got;
    char name[CTY_ACTOR_NAME_BYTES_MAX + 1];
    (void)state;
    memset(name, 'a', sizeof(name));
    assert_ok(cty_keyring_init(&keyring, &changes));
    cty_keyring_put(&keyring, cty_bytes_make(name, CTY_ACTOR_NAME_BYTES_MAX), &key);
    assert_true(cty_keyring_get(&keyring, cty_bytes_make(name, CTY_ACTOR_NAME_BYTES_MAX), &got));
    /* No actor has a longer one: it is not kept. */
    cty_keyring_put(&keyring, cty_bytes_make(name, sizeof(name)), &key);
    assert_false(cty_keyring_get(&keyring, cty_bytes_make(name, sizeof(name)), &got));
    cty_keyring_done(&keyring);
}

static void it_serves_actors_in_cases(void **state)
{
    static struct cty_statement st;
    (void)state;
    st.type = CTY_REQUEST;
    st.signers[0] = CTY_LITERAL("acme/bot");
    st.signers_count = 1;
    assert_true(cty_keyring_serves(&st));
    st.type = CTY_DECISION;
    assert_true(cty_keyring_serves(&st));
    /* The clerk's key is the ledger's, and who brings a key is no matter of what is at hand. */
    st.signers[0] = CTY_LITERAL("clerk");
    assert_false(cty_keyring_serves(&st));
    st.signers[0] = CTY_LITERAL("acme/bot");
    st.type = CTY_ACTOR_ENROL;
    assert_false(cty_keyring_serves(&st));
    st.type = CTY_ACTOR_ROTATE;
    assert_false(cty_keyring_serves(&st));
}

/* --- in a custodian ------------------------------------------------------------------------------------------- */

/* With one worker, what it has at hand is what the test made it see. */
static struct house *ready_alone(void)
{
    struct house *h = house_ready();
    house_close(h);
    h->config.workers = 1;
    house_open(h);
    return h;
}

static void rotate(struct house *h, const char *actor, const struct cty_secret *fresh)
{
    const char *const signers[] = {actor, "new", NULL};
    struct draft d;
    h->fresh = fresh;
    draft_begin(h, &d, CTY_ACTOR_ROTATE, signers);
    house_put_vkey(&d, fresh, &d.st.u.actor_rotate.key);
    house_stands(h, &d);
}

static void revoke(struct house *h, const char *actor)
{
    static const char *const signers[] = {"acme/a", "acme/b", NULL};
    struct draft d;
    draft_begin(h, &d, CTY_ACTOR_REVOKE, signers);
    d.st.u.actor_revoke.actor = cty_bytes_text(actor);
    d.st.u.actor_revoke.since = d.st.time - 1000;
    d.st.u.actor_revoke.reason = (struct cty_opt_hash){draft_commit(&d, "reason", "it was stolen"), true};
    house_stands(h, &d);
}

static void a_rotated_key_at_hand_lets_nothing_through(void **state)
{
    struct house *h = ready_alone();
    struct cty_secret *fresh = house_make_key("acme/bot", "second bot");
    struct draft d;
    (void)state;
    house_case(h, "acme/bot", "ping");
    house_case(h, "acme/bot", "ping");
    rotate(h, "acme/bot", fresh);
    /* With the commit the worker forgot the old key, which it had at hand. */
    house_request(h, &d, "acme/bot", "ping", "{}");
    house_refused(h, &d, "signature-invalid");
    house_set_secret(h, "acme/bot", fresh);
    /* By the old key it does not verify: the new one is looked up, and is at hand from then on. */
    house_case(h, "acme/bot", "ping");
    house_case(h, "acme/bot", "ping");
    house_free(h);
}

static void a_revoked_key_at_hand_lets_nothing_through(void **state)
{
    struct house *h = ready_alone();
    struct draft d;
    (void)state;
    house_case(h, "acme/bot", "ping");
    house_case(h, "acme/bot", "ping");
    revoke(h, "acme/bot");
    house_request(h, &d, "acme/bot", "ping", "{}");
    house_refused(h, &d, "key-not-valid");
    house_case(h, "acme/pal", "ping");
    house_free(h);
}

/* --- behind a rotation in the same message ----------------------------------------------------------------------- */

static bool is_this(const void *context, struct cty_bytes actor)
{
    return cty_bytes_is(actor, context);
}

/* Whether a request that does not verify goes to the sequencer, where this actor's key changes before it; NULL: nobody's. */
static bool goes_on_behind(struct house *h, const struct draft *d, const char *rotated, struct cty_submission *submission)
{
    struct cty_custodian custodian = {.clock = h->clock, .development = true};
    struct cty_rpc_params params = {.session = {.present = false}};
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_store_reader *reader = NULL;
    struct cty_book book;
    struct cty_unit unit = {0};
    bool queue = false;
    draft_sign(h, d, &envelope, NULL);
    params.u.submit.envelope = cty_buf_bytes(&envelope);
    assert_ok(cty_store_reader_open(h->path, &reader, NULL));
    cty_book_init(&book, reader, NULL);
    assert_ok(cty_unit_init(&unit));
    struct cty_prepare with = {.book = &book, .unit = &unit, .custodian = &custodian, .after_others = rotated != NULL,
                               .after_rotation = rotated ? is_this : NULL, .context = rotated};
    cty_submission_clear(submission);
    cty_submission_prepare(submission, &with, &params, &queue);
    cty_unit_done(&unit);
    cty_book_done(&book);
    cty_store_reader_close(reader);
    cty_buf_done(&envelope);
    return queue;
}

static void a_rotation_speaks_for_its_own_actor_only(void **state)
{
    struct house *h = ready_alone();
    static struct cty_submission submission;
    struct draft d;
    (void)state;
    house_set_secret(h, "acme/bot", house_make_key("acme/bot", "second bot"));
    house_request(h, &d, "acme/bot", "ping", "{}");
    assert_true(goes_on_behind(h, &d, "acme/bot", &submission));
    assert_false(goes_on_behind(h, &d, "acme/pal", &submission));
    assert_refused(submission.err, "signature-invalid");
    assert_false(goes_on_behind(h, &d, NULL, &submission));
    assert_refused(submission.err, "signature-invalid");
    cty_submission_done(&submission);
    draft_done(&d);
    house_free(h);
}

static char *submit_message(struct house *h, struct draft *d)
{
    char *message = NULL;
    struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    draft_params(h, d, &params);
    assert_true(asprintf(&message, "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":%s}",
                         cty_buf_text(&params)) > 0);
    cty_buf_done(&params);
    draft_done(d);
    return message;
}

static void assert_duplicate(struct house *h, const char *message)
{
    char *reply = house_raw(h, message);
    assert_non_null(strstr(reply, "\"duplicate\":true"));
    free(reply);
}

static void what_stands_is_answered_once_more(void **state)
{
    struct house *h = ready_alone();
    struct cty_secret *fresh = house_make_key("acme/bot", "second bot");
    struct draft d;
    (void)state;
    house_request(h, &d, "acme/bot", "ping", "{}");
    char *message = submit_message(h, &d);
    char *first = house_raw(h, message);
    assert_non_null(strstr(first, "\"duplicate\":false"));
    uint64_t size = house_size(h);
    assert_duplicate(h, message);
    /* Whatever became of the key since, and where it is not at hand any more. */
    rotate(h, "acme/bot", fresh);
    assert_duplicate(h, message);
    house_set_secret(h, "acme/bot", fresh);
    house_case(h, "acme/bot", "ping");
    assert_duplicate(h, message);
    assert_true(house_size(h) > size);
    size = house_size(h);
    /* Nor does it need room among what is new: here one that nobody looked up finds none. */
    house_close(h);
    h->config.queue = 1;
    house_open(h);
    assert_duplicate(h, message);
    house_case(h, "acme/bot", "ping");
    assert_duplicate(h, message);
    assert_int_equal(house_size(h), size + 3); /* the request, its verdict and its release */
    free(first);
    free(message);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_gives_what_was_put_last),
        cmocka_unit_test(nobody_gets_anothers_key),
        cmocka_unit_test(a_changed_key_is_forgotten),
        cmocka_unit_test(a_name_may_have_its_longest),
        cmocka_unit_test(it_serves_actors_in_cases),
        cmocka_unit_test(a_rotated_key_at_hand_lets_nothing_through),
        cmocka_unit_test(a_revoked_key_at_hand_lets_nothing_through),
        cmocka_unit_test(a_rotation_speaks_for_its_own_actor_only),
        cmocka_unit_test(what_stands_is_answered_once_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
