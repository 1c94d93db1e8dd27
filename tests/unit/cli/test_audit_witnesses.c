/* SPDX-License-Identifier: Apache-2.0 */
/* custody audit under a policy with witnesses: what they say, on whose word deadlines had passed, and notes that are void. */
#include <stdio.h>
#include <stdlib.h>

#include "codec/text.h"
#include "unit/cli/published.h"

#define TWO_OF_THREE "group g 2 w1 w2 w3\nquorum g\n"
#define ONE_OF_THREE "group g 1 w1 w2 w3\nquorum g\n"

/* Rows 21, 28, 32 and 98 of the attacks. */
struct witnesses {
    struct cty_secret *secrets[3];
    struct cty_buf lines; /* the log's and theirs */
};

static const char *const witness_names[] = {"w1.example", "w2.example", "w3.example"};

/* The trust file: these witnesses, and what is asked of them. */
static void ask(const struct witnesses *all, const char *quorum)
{
    struct cty_buf text = CTY_BUF_INIT(8192);
    MUST(cty_buf_put_bytes(&text, cty_buf_bytes(&all->lines)));
    MUST(cty_buf_put_text(&text, quorum));
    shell_write("trust.json", cty_buf_text(&text));
    cty_buf_done(&text);
}

static void witnesses_make(struct world *w, struct witnesses *all)
{
    struct cty_bytes log = world_vkey(w, "log");
    all->lines = CTY_BUF_INIT(8192);
    MUST(cty_buf_putf(&all->lines, "log %.*s\n", (int)log.size, (const char *)log.data));
    for (size_t i = 0; i < 3; i++) {
        struct cty_bytes name = cty_bytes_text(witness_names[i]);
        struct cty_hash seed = cty_sha256(name);
        MUST(cty_secret_from_seed(name, seed.bytes, &all->secrets[i]));
        MUST(cty_buf_putf(&all->lines, "witness w%zu ", i + 1));
        MUST(cty_vkey_format(name, CTY_KEY_COSIGNATURE, cty_secret_key(all->secrets[i]), &all->lines));
        MUST(cty_buf_put_text(&all->lines, "\n"));
    }
    ask(all, TWO_OF_THREE);
}

static void witnesses_done(struct witnesses *all)
{
    for (size_t i = 0; i < 3; i++)
        cty_secret_free(all->secrets[i]);
    cty_buf_done(&all->lines);
}

static void cosign(const struct witnesses *all, unsigned witness, const char *text, uint64_t time_s, struct cty_buf *note)
{
    MUST(cty_note_cosign(cty_bytes_text(text), cty_bytes_text(witness_names[witness]), all->secrets[witness], time_s, note));
}

/* The newest checkpoint with the cosignatures of the first so many, one second after the other; its text, to be freed. */
static char *note_cosigned(struct world *w, const struct witnesses *all, unsigned count, uint64_t from_s, struct cty_buf *note)
{
    struct cty_note parsed;
    world_note_at(w, w->entries_count, note);
    MUST(cty_note_parse(cty_buf_bytes(note), &parsed));
    char *text = cty_bytes_dup_text(parsed.text);
    assert_non_null(text);
    for (unsigned i = 0; i < count; i++)
        cosign(all, i, text, from_s + i, note);
    return text;
}

static void publish_cosigned(struct world *w, const struct witnesses *all, unsigned count, uint64_t from_s)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    publish(w);
    free(note_cosigned(w, all, count, from_s, &note));
    world_write("tiles", "checkpoint", cty_buf_bytes(&note));
    cty_buf_done(&note);
}

static void witnesses_say_by_when(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    struct witnesses all;
    refund(w);
    witnesses_make(w, &all);
    uint64_t now = w->time / 1000;
    publish_cosigned(w, &all, 2, now + 1);
    assert_int_equal(audit_with(sh, "--no-state"), 0);
    assert_says(sh->out, "witnessed   holds");
    assert_says(sh->out, "alike       holds       cosigned by w1, w2; seen by the signers of operator");
    assert_says(sh->out, "when        holds       all 11 entries existed by 2027-01-15T08:00:");
    /* One is no quorum, whatever it says: nobody vouches for more than itself. */
    publish_cosigned(w, &all, 1, now + 1);
    assert_int_equal(audit_with(sh, "--no-state"), 1);
    assert_says(sh->out, "witnessed   fails       [under-threshold]");
    /* Nobody: that is not checked, and never a pass. */
    publish_cosigned(w, &all, 0, 0);
    assert_int_equal(audit_with(sh, "--no-state"), 1);
    assert_says(sh->out, "when        not checked no witness that is trusted says when");
    /* Entries that the custodian dates behind a cosignature over them. */
    publish_cosigned(w, &all, 2, now - 3600);
    assert_int_equal(audit_with(sh, "--no-state"), 2);
    assert_says(sh->out, "[dated-after-cosignature]");
    witnesses_done(&all);
    world_free(w);
}

/* ---- deadlines, and a policy that changes ---- */

/* A case whose deadline nobody met; its expiry stands on a note that so many witnesses cosigned behind it. */
static void let_expire(struct world *w, const struct witnesses *all, unsigned witnesses)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX), base64 = CTY_BUF_INIT(2 * CTY_NOTE_BYTES_MAX);
    struct cty_hash id;
    struct cty_case c;
    w->time += 1000;
    MUST(world_request(w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &id));
    world_case(w, &id, &c);
    free(note_cosigned(w, all, witnesses, c.decide_by / 1000 + 1, &note));
    MUST(cty_base64_format(cty_buf_bytes(&note), &base64));
    w->time = c.decide_by + 60000;
    MUST(world_expire_on(w, &id, witnesses ? cty_buf_bytes(&base64) : cty_bytes_make(NULL, 0)));
    cty_buf_done(&note);
    cty_buf_done(&base64);
}

static void assert_stretch(struct shell *sh, struct world *w, const struct witnesses *all, int status, const char *says)
{
    publish_cosigned(w, all, 3, w->time / 1000 + 1);
    int got = audit(sh);
    assert_says(sh->out, says);
    assert_int_equal(got, status);
}

static void deadlines_stand_under_the_policy_that_judged_them(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    struct witnesses all;
    witnesses_make(w, &all);
    let_expire(w, &all, 2);
    assert_stretch(sh, w, &all, 0, "of 1 deadlines that passed in silence 1 on a quorum's word\n");
    let_expire(w, &all, 3);
    assert_stretch(sh, w, &all, 0, "of 2 deadlines that passed in silence 2 on a quorum's word\n");
    /* With another one, those of before count as not judged, until all are. */
    ask(&all, ONE_OF_THREE);
    let_expire(w, &all, 1);
    assert_stretch(sh, w, &all, 2, "of 3 deadlines that passed in silence 1 on a quorum's word, 2 judged before under another policy");
    assert_says(sh->out, "when        not checked all ");
    assert_stretch(sh, w, &all, 2, "3 deadlines that passed in silence 1 on a quorum's word, 2 judged before under another policy");
    assert_int_equal(audit_with(sh, "--full"), 0);
    assert_says(sh->out, "of 3 deadlines that passed in silence 3 on a quorum's word\n");
    assert_stretch(sh, w, &all, 0, "of 3 deadlines that passed in silence 3 on a quorum's word\n");
    witnesses_done(&all);
    world_free(w);
}

/* What was found under one policy is not found of those that are not judged under the other. */
static void findings_of_deadlines_go_with_their_policy(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    struct witnesses all;
    witnesses_make(w, &all);
    let_expire(w, &all, 1);
    let_expire(w, &all, 2);
    assert_stretch(sh, w, &all, 2, "[deadline-unwitnessed] entry ");
    assert_says(sh->out, "of 2 deadlines that passed in silence 1 on a quorum's word, 1 on the custodian's\n");
    refund(w);
    assert_stretch(sh, w, &all, 2, "[deadline-unwitnessed] entry ");
    ask(&all, ONE_OF_THREE);
    refund(w);
    assert_stretch(sh, w, &all, 2, "of 2 deadlines that passed in silence 0 on a quorum's word, 2 judged before under another policy");
    assert_null(strstr(sh->out, "[deadline-unwitnessed] entry "));
    assert_says(sh->out, "[deadline-unwitnessed] whether witnesses say");
    assert_int_equal(audit_with(sh, "--full"), 0);
    assert_null(strstr(sh->out, "deadline-unwitnessed"));
    /* And back: the stricter one finds it again when it is asked to. */
    ask(&all, TWO_OF_THREE);
    assert_int_equal(audit_with(sh, "--full"), 2);
    assert_says(sh->out, "[deadline-unwitnessed] entry ");
    witnesses_done(&all);
    world_free(w);
}

/* ---- lines that do not verify ---- */

/* Two witnesses' good lines, and one more line behind them. */
static int audit_with_line(struct shell *sh, struct world *w, const struct witnesses *all, unsigned witness, const char *over)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    publish(w);
    char *text = note_cosigned(w, all, 2, w->time / 1000 + 1, &note);
    cosign(all, witness, over ? over : text, w->time / 1000 + 9, &note);
    world_write("tiles", "checkpoint", cty_buf_bytes(&note));
    free(text);
    cty_buf_done(&note);
    return audit_with(sh, "--no-state");
}

#define ANOTHER WORLD_ORIGIN "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

/* A note is void with one false line of a listed witness, its only one or a second, though a quorum stands beside it. */
static void a_false_line_of_a_listed_witness_voids_the_note(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    struct witnesses all;
    witnesses_make(w, &all);
    refund(w);
    for (unsigned witness = 0; witness < 3; witness++) {
        assert_int_equal(audit_with_line(sh, w, &all, witness, NULL), 0);
        assert_says(sh->out, "witnessed   holds");
        assert_int_equal(audit_with_line(sh, w, &all, witness, ANOTHER), 1);
        assert_says(sh->out, "witnessed   fails       [signature-invalid]");
        assert_says(sh->out, "alike       holds       seen by the signers of"); /* and by no witness */
        assert_says(sh->out, "when        not checked no witness that is trusted says when");
    }
    witnesses_done(&all);
    world_free(w);
}

/* A line of nobody that is listed says nothing, true or false: two remain, of the three that are asked for here. */
static void a_false_line_of_nobody_listed_is_passed_over(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    struct witnesses all;
    char *listed = NULL;
    witnesses_make(w, &all);
    listed = strstr(cty_buf_text(&all.lines), "witness w3 ");
    assert_non_null(listed);
    all.lines.size = (size_t)(listed - cty_buf_text(&all.lines));
    ask(&all, "group g 2 w1 w2\nquorum g\n");
    refund(w);
    assert_int_equal(audit_with_line(sh, w, &all, 2, ANOTHER), 0);
    assert_says(sh->out, "alike       holds       cosigned by w1, w2;");
    assert_int_equal(audit_with_line(sh, w, &all, 1, ANOTHER), 1);
    assert_says(sh->out, "[signature-invalid]");
    witnesses_done(&all);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(witnesses_say_by_when, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(deadlines_stand_under_the_policy_that_judged_them, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(findings_of_deadlines_go_with_their_policy, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(a_false_line_of_a_listed_witness_voids_the_note, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(a_false_line_of_nobody_listed_is_passed_over, published_setup, published_teardown),
    };
    return cmocka_run_group_tests_name("audit under witnesses", tests, NULL, NULL);
}
