/* SPDX-License-Identifier: Apache-2.0 */
/* custody audit over published tiles: stretch by stretch, and what a ledger that contradicts itself gets. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/text.h"
#include "unit/cli/published.h"

#define CONTRADICTION_NAME 128

/* ---- stretch by stretch ---- */

static void what_was_audited_is_not_read_again(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    struct stat status;
    grow_to(w, 280);
    publish(w);
    assert_int_equal(audit(sh), 0);
    assert_int_equal(stat("trust.json.state.audit", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    grow_to(w, 300);
    publish(w);
    assert_int_equal(unlink("tiles/tile/entries/000"), 0);
    assert_int_equal(audit(sh), 0);
    /* Again, with nothing new. */
    assert_int_equal(audit(sh), 0);
    assert_int_equal(audit_with(sh, "--full"), 1);
    assert_says(sh->out, "complete    fails       [gap] entry 0:");
    assert_int_equal(audit_with(sh, "--no-state"), 1);
    /* What failed took nothing away. */
    assert_int_equal(audit(sh), 0);
    publish(w);
    assert_int_equal(audit_with(sh, "--full"), 0);
    assert_false(shell_exists("trust.json.state.audit.new"));
    world_free(w);
}

/* The report but for its inputs, which say what was audited before. */
static char *report_of(struct shell *sh)
{
    shell_json(sh);
    char *text = cty_bytes_dup_text(shell_member(sh, "report"));
    assert_non_null(text);
    char *inputs = strstr(text, "\"inputs\":");
    assert_non_null(inputs);
    *inputs = 0;
    return text;
}

/* Findings, cases, contents: whatever a later stretch says rests on what was kept of the earlier ones. */
static void stretches_say_what_the_whole_says(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    struct cty_hash denied;
    MUST(world_agent(w, "acme/bot2", "acme/boss"));
    for (int round = 0; round < 6; round++) {
        refund(w);
        w->time += 1000;
        MUST(world_request(w, "acme/bot2", "acme/bot2", "drop", "{}", &denied));
        if (round == 2)
            MUST(world_revoke(w, "acme/c", "acme/a", "acme/b", WORLD_START + 1500));
        if (round == 2)
            MUST(world_person(w, "acme/d", "approver", "d"));
        if (round >= 2)
            break;
        publish(w);
        int whole = RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", "--no-state", "--json");
        char *all = report_of(sh);
        assert_int_equal(RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", "--json"), whole);
        char *stretch = report_of(sh);
        assert_string_equal(stretch, all);
        free(all);
        free(stretch);
    }
    for (int round = 0; round < 3; round++) {
        publish(w);
        int whole = RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", "--no-state", "--json");
        char *all = report_of(sh);
        assert_int_equal(whole, 2);
        assert_says(all, "key-suspect");
        assert_says(all, "denied-then-asked");
        assert_int_equal(RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", "--json"), 2);
        char *stretch = report_of(sh);
        assert_string_equal(stretch, all);
        free(all);
        free(stretch);
        w->time += 1000;
        MUST(world_request(w, "acme/bot2", "acme/bot2", "drop", "{}", &denied));
    }
    world_free(w);
}

/* ---- a state that isn't this audit's ---- */

static void a_state_of_other_pins_is_refused(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    struct cty_buf trust = CTY_BUF_INIT(8192);
    refund(w);
    publish(w);
    assert_int_equal(audit(sh), 0);
    world_trust_text(w, false, &trust);
    shell_write("trust.json", cty_buf_text(&trust));
    assert_int_equal(audit(sh), 1);
    assert_says(sh->err, "audit-state");
    assert_says(sh->err, "other admins");
    assert_int_equal(audit_with(sh, "--full"), 0);
    assert_int_equal(audit(sh), 0);
    cty_buf_done(&trust);
    world_free(w);
}

static void a_file_of_another_program_is_left_alone(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    refund(w);
    publish(w);
    shell_write("precious", "not an audit's");
    assert_int_equal(chmod("precious", 0600), 0);
    assert_int_equal(RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", "--audit-state", "precious"), 1);
    assert_says(sh->err, "store-unknown");
    assert_int_equal(RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", "--audit-state", "precious", "--full"), 1);
    char *text = shell_read("precious");
    assert_string_equal(text, "not an audit's");
    free(text);
    assert_int_equal(RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", "--audit-state", "other"), 0);
    assert_true(shell_exists("other"));
    world_free(w);
}

/* ---- what is not kept ---- */

static void only_what_held_is_kept(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    refund(w);
    publish(w);
    assert_int_equal(audit(sh), 0);
    uint64_t before = w->entries_count;
    refund(w);
    uint8_t *text = (uint8_t *)(uintptr_t)w->entries[before].data;
    text[w->entries[before].size / 2] ^= 1;
    publish(w);
    assert_int_equal(audit(sh), 1);
    assert_int_equal(audit(sh), 1);
    text[w->entries[before].size / 2] ^= 1;
    publish(w);
    assert_int_equal(audit(sh), 0);
    world_free(w);
}

/* ---- contradictions ---- */

/* How many contradiction files the folder holds; `name`, or NULL, gets that of one. */
static unsigned contradictions(char *name)
{
    DIR *folder = opendir(".");
    unsigned count = 0;
    assert_non_null(folder);
    for (const struct dirent *file = readdir(folder); file; file = readdir(folder)) {
        if (!strstr(file->d_name, "contradiction-"))
            continue;
        if (name)
            snprintf(name, CONTRADICTION_NAME, "%.*s", CONTRADICTION_NAME - 1, file->d_name);
        count++;
    }
    closedir(folder);
    return count;
}

/* The one contradiction file of the folder. */
static const char *contradiction(char name[CONTRADICTION_NAME])
{
    assert_int_equal(contradictions(name), 1);
    return name;
}

/* Whoever serves files may serve old ones: that is told, and stops nobody. */
static void an_older_copy_is_told_and_kept_nowhere(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    refund(w);
    uint64_t before = w->entries_count;
    refund(w);
    publish(w);
    assert_int_equal(audit(sh), 0);
    world_publish(w, "tiles", before);
    assert_int_equal(audit(sh), 1);
    assert_says(sh->out, "checkpoint  fails       [went-back]");
    assert_says(sh->out, "it may be an old copy");
    assert_says(sh->out, "complete    not checked");
    assert_int_equal(contradictions(NULL), 0);
    publish(w);
    assert_int_equal(audit(sh), 0);
    world_free(w);
}

/* The same keys and the same beginning; then another day. */
static struct world *another_view(void)
{
    struct world *w = published_begin();
    refund(w);
    w->time += 7;
    return w;
}

/* Without a state of the client. */
static int audit_beside(struct shell *sh, const char *own)
{
    return RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", "--state", "-", "--audit-state", own);
}

static void two_roots_of_one_size_convict(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin(), *other = another_view();
    char name[CONTRADICTION_NAME];
    refund(w);
    refund(w);
    refund(other);
    assert_int_equal(w->entries_count, other->entries_count);
    publish(w);
    assert_int_equal(audit(sh), 0);
    publish(other);
    assert_int_equal(audit(sh), 1);
    assert_says(sh->out, "checkpoint  fails       [split-view]");
    assert_int_equal(RUN(sh, "verify", "--trust", "trust.json", contradiction(name)), 0);
    assert_says(sh->out, "two-roots");
    world_free(w);
    world_free(other);
}

/* Beside the audit's own state, which the audit holds locked: nothing waits for that. */
static void two_roots_are_kept_beside_the_audits_state(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin(), *other = another_view();
    char name[CONTRADICTION_NAME];
    refund(w);
    refund(w);
    refund(other);
    publish(w);
    assert_int_equal(audit_beside(sh, "own.audit"), 0);
    publish(other);
    assert_int_equal(audit_beside(sh, "own.audit"), 1);
    assert_says(sh->out, "checkpoint  fails       [split-view]");
    assert_int_equal(RUN(sh, "verify", "--trust", "trust.json", contradiction(name)), 0);
    world_free(w);
    world_free(other);
}

static void a_fork_convicts(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin(), *other = another_view();
    char name[CONTRADICTION_NAME];
    refund(w);
    refund(w);
    grow_to(other, w->entries_count + 5);
    publish(w);
    assert_int_equal(audit(sh), 0);
    publish(other);
    assert_int_equal(audit(sh), 1);
    assert_says(sh->out, "checkpoint  fails       [split-view]");
    assert_int_equal(RUN(sh, "verify", "--trust", "trust.json", contradiction(name)), 0);
    assert_says(sh->out, "fork");
    /* Who audits it for the first time sees nothing of it. */
    assert_int_equal(audit_with(sh, "--no-state"), 0);
    world_free(w);
    world_free(other);
}

/* ---- what others were shown: rows 18, 19, 21 and 35 of the attacks ---- */

static int compare_with(struct shell *sh, struct world *w, uint64_t size)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    world_note_at(w, size, &note);
    shell_write("other.note", cty_buf_text(&note));
    cty_buf_done(&note);
    return RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", "--no-state", "--compare", "other.note");
}

static void a_checkpoint_that_another_was_shown(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin(), *other = another_view();
    char name[CONTRADICTION_NAME];
    refund(w);
    refund(w);
    grow_to(other, w->entries_count);
    publish(w);
    assert_int_equal(compare_with(sh, w, w->entries_count), 0);
    assert_says(sh->out, "alike       holds");
    assert_says(sh->out, "equal to 1 given to compare, up to size ");
    assert_null(strstr(sh->out, "nobody but the custodian"));
    assert_int_equal(compare_with(sh, w, 9), 0);
    assert_says(sh->out, "equal to 1 given to compare, up to size 9");
    assert_says(sh->out, "nobody but the custodian");
    /* One of nothing is like every ledger's. */
    assert_int_equal(compare_with(sh, w, 0), 0);
    assert_null(strstr(sh->out, "given to compare"));
    /* Another ledger of the same keys: the tail, or the whole, was written anew. */
    assert_int_equal(compare_with(sh, other, other->entries_count), 1);
    assert_says(sh->out, "alike       fails       [split-view]");
    assert_int_equal(RUN(sh, "verify", "--trust", "trust.json", contradiction(name)), 0);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(compare_with(sh, other, other->entries_count - 2), 1);
    assert_says(sh->out, "alike       fails       [split-view]");
    assert_int_equal(RUN(sh, "verify", "--trust", "trust.json", contradiction(name)), 0);
    world_free(w);
    world_free(other);
}

static void a_tail_that_was_cut_off(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    refund(w);
    uint64_t before = w->entries_count;
    refund(w);
    world_publish(w, "tiles", before);
    /* Nothing in the file tells of it: */
    assert_int_equal(audit_with(sh, "--no-state"), 0);
    /* who holds a later checkpoint does. */
    assert_int_equal(compare_with(sh, w, w->entries_count), 1);
    assert_says(sh->out, "complete    fails       [gap]");
    publish(w);
    assert_int_equal(compare_with(sh, w, w->entries_count), 0);
    world_free(w);
}

static void a_checkpoint_that_is_none_of_this_log(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    refund(w);
    publish(w);
    shell_write("other.note", "custody.example/test\n5\nAAAA\n\n");
    assert_int_equal(RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", "--no-state", "--compare", "other.note"), 1);
    assert_says(sh->out, "alike       fails       [bad-note]");
    world_free(w);
}

/* A ledger whose head was cut off begins with another entry: row 20. */
static void a_head_that_was_cut_off(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    refund(w);
    struct cty_bytes first = w->entries[0];
    memmove(w->entries, w->entries + 1, (w->entries_count - 1) * sizeof(w->entries[0]));
    w->entries[w->entries_count - 1] = first;
    publish(w);
    assert_int_equal(audit(sh), 1);
    assert_says(sh->out, "[genesis-missing] entry 0:");
    memmove(w->entries + 1, w->entries, (w->entries_count - 1) * sizeof(w->entries[0]));
    w->entries[0] = first;
    publish(w);
    assert_int_equal(audit(sh), 0);
    world_free(w);
}

/* ---- cases ---- */

static void how_cases_stand(void **state)
{
    struct shell *sh = *state;
    struct world *w = published_begin();
    struct cty_hash c, denied;
    char id[2 * CTY_HASH_SIZE + 1];
    refund(w);
    MUST(world_request(w, "acme/bot", "acme/bot", "drop", "{}", &denied));
    w->time += 1000;
    MUST(world_request(w, "acme/bot", "acme/bot", "refund", "{\"amount\":1}", &c));
    publish(w);
    cty_hex_write(c.bytes, CTY_HASH_SIZE, id);
    assert_int_equal(audit_with(sh, "--no-state"), 0);
    assert_says(sh->out, "cases       holds       1 satisfied, 1 refused, 1 open, none undecidable");
    assert_int_equal(RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", "--case", id), 0);
    assert_says(sh->out, " is open: nothing was released: the case is HELD");
    uint64_t before = w->time;
    MUST(world_decide(w, &c, "acme/c", CTY_APPROVE));
    w->time += 1000;
    MUST(world_revoke(w, "acme/c", "acme/a", "acme/b", before - 10));
    publish(w);
    id[10] = 0;
    assert_int_equal(RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", "--case", id), 2);
    assert_says(sh->out, "cases       not checked 1 are undecidable");
    assert_says(sh->out, "is undecidable: released to acme/bot by acme/c");
    assert_int_equal(RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", "--case", "00000000"), 1);
    assert_says(sh->err, "not-found");
    assert_int_equal(RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", "--case", "abc"), 4);
    world_free(w);
}

/* ---- options ---- */

static void options_that_exclude_each_other(void **state)
{
    struct shell *sh = *state;
    assert_int_equal(RUN(sh, "audit", "--trust", "t", "--tiles", "d", "--db", "f"), 4);
    assert_int_equal(RUN(sh, "audit", "--trust", "t", "--tiles", "d", "--url", "ipc:///x"), 4);
    assert_int_equal(RUN(sh, "audit", "--trust", "t", "--tiles", "d", "--contents"), 4);
    assert_int_equal(RUN(sh, "audit", "--trust", "t", "--db", "f", "--compare", "n"), 4);
    assert_int_equal(RUN(sh, "audit", "--trust", "t", "--db", "f", "--case", "00000000"), 4);
    assert_int_equal(RUN(sh, "audit", "--trust", "t", "--db", "f", "--audit-state", "s"), 4);
    /* Always of the whole, and nothing kept: who says so gets it. */
    world_free(published_begin());
    assert_int_equal(RUN(sh, "audit", "--trust", "trust.json", "--db", "f", "--full", "--no-state"), 1);
    assert_says(sh->err, "not-found");
    assert_int_equal(RUN(sh, "audit", "--trust", "t", "--tiles", "d", "--no-state", "--audit-state", "f"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_audited_is_not_read_again, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(stretches_say_what_the_whole_says, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(a_state_of_other_pins_is_refused, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(a_file_of_another_program_is_left_alone, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(only_what_held_is_kept, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(an_older_copy_is_told_and_kept_nowhere, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(two_roots_of_one_size_convict, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(two_roots_are_kept_beside_the_audits_state, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(a_fork_convicts, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_that_another_was_shown, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(a_tail_that_was_cut_off, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_that_is_none_of_this_log, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(a_head_that_was_cut_off, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(how_cases_stand, published_setup, published_teardown),
        cmocka_unit_test_setup_teardown(options_that_exclude_each_other, published_setup, published_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
