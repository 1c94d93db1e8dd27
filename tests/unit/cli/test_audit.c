/* SPDX-License-Identifier: Apache-2.0 */
/* custody audit over published tiles: stretch by stretch, and what a ledger that contradicts itself gets. */
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/text.h"
#include "kit/world_evidence.h"
#include "kit/world_tiles.h"
#include "unit/cli/shell.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)

#define CONTRADICTION_NAME 128

static const char policy[] = "{\"admin_quorum\":2,\"rules\":["
                             "{\"approvals\":1,\"effect\":\"hold\",\"match\":{\"action\":\"refund\"},\"roles\":[\"approver\"]},"
                             "{\"effect\":\"deny\",\"match\":{\"action\":\"drop\"}},{\"effect\":\"pass\"}]}";

static int setup(void **state)
{
    *state = shell_new();
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static int teardown(void **state)
{
    (void)nftw("tiles", remove_one, 8, FTW_DEPTH | FTW_PHYS);
    shell_free(*state);
    return 0;
}

/* A ledger with a party, and the trust file beside it. */
static struct world *begin(void)
{
    struct world *w = world_new();
    struct cty_buf trust = CTY_BUF_INIT(8192);
    world_open(w, policy);
    world_party(w, "acme");
    MUST(world_person(w, "acme/c", "approver", "c"));
    MUST(world_person(w, "acme/boss", NULL, "boss"));
    MUST(world_agent(w, "acme/bot", "acme/boss"));
    world_trust_text(w, true, &trust);
    shell_write("trust.json", cty_buf_text(&trust));
    cty_buf_done(&trust);
    return w;
}

static void refund(struct world *w)
{
    struct cty_hash c;
    w->time += 1000;
    MUST(world_request(w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &c));
    MUST(world_decide(w, &c, "acme/c", CTY_APPROVE));
    MUST(world_consume(w, &c, "acme/bot"));
    MUST(world_outcome(w, &c, "acme/bot", CTY_OUTCOME_FULFILLED));
}

static void grow_to(struct world *w, uint64_t size)
{
    while (w->entries_count < size)
        refund(w);
}

static void publish(struct world *w)
{
    world_publish(w, "tiles", w->entries_count);
}

static int audit(struct shell *sh)
{
    return RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles");
}

static int audit_with(struct shell *sh, const char *option)
{
    return RUN(sh, "audit", "--trust", "trust.json", "--tiles", "tiles", option);
}

/* ---- stretch by stretch ---- */

static void what_was_audited_is_not_read_again(void **state)
{
    struct shell *sh = *state;
    struct world *w = begin();
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
    struct world *w = begin();
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
    struct world *w = begin();
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
    struct world *w = begin();
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
    struct world *w = begin();
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

/* The one contradiction file of the folder. */
static const char *contradiction(char name[CONTRADICTION_NAME])
{
    DIR *folder = opendir(".");
    unsigned count = 0;
    assert_non_null(folder);
    for (const struct dirent *file = readdir(folder); file; file = readdir(folder)) {
        if (!strstr(file->d_name, "contradiction-"))
            continue;
        snprintf(name, CONTRADICTION_NAME, "%.*s", CONTRADICTION_NAME - 1, file->d_name);
        count++;
    }
    closedir(folder);
    assert_int_equal(count, 1);
    return name;
}

static void a_ledger_that_went_back_is_kept(void **state)
{
    struct shell *sh = *state;
    struct world *w = begin();
    char name[CONTRADICTION_NAME];
    refund(w);
    uint64_t before = w->entries_count;
    refund(w);
    publish(w);
    assert_int_equal(audit(sh), 0);
    world_publish(w, "tiles", before);
    assert_int_equal(audit(sh), 1);
    assert_says(sh->out, "checkpoint  fails       [went-back]");
    assert_says(sh->out, "complete    not checked");
    /* It doesn't convict by itself: when it was shown is its owner's word. */
    assert_int_equal(RUN(sh, "verify", "--trust", "trust.json", contradiction(name)), 3);
    world_free(w);
}

/* The same keys and the same beginning; then another day. */
static struct world *another_view(void)
{
    struct world *w = begin();
    refund(w);
    w->time += 7;
    return w;
}

static void two_roots_of_one_size_convict(void **state)
{
    struct shell *sh = *state;
    struct world *w = begin(), *other = another_view();
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

static void a_fork_convicts(void **state)
{
    struct shell *sh = *state;
    struct world *w = begin(), *other = another_view();
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
    struct world *w = begin(), *other = another_view();
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
    struct world *w = begin();
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
    struct world *w = begin();
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
    struct world *w = begin();
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

/* ---- witnesses and time: rows 28, 32 and 98 ---- */

struct witnesses {
    struct cty_secret *secrets[3];
    struct cty_buf trust;
};

static const char *const witness_names[] = {"w1.example", "w2.example", "w3.example"};

/* A trust file that asks for two of three. */
static void witnesses_make(struct world *w, struct witnesses *all)
{
    struct cty_buf line = CTY_BUF_INIT(1024);
    struct cty_bytes log = world_vkey(w, "log");
    all->trust = CTY_BUF_INIT(8192);
    MUST(cty_buf_putf(&all->trust, "log %.*s\n", (int)log.size, (const char *)log.data));
    for (size_t i = 0; i < 3; i++) {
        struct cty_hash seed = cty_sha256(cty_bytes_text(witness_names[i]));
        MUST(cty_secret_from_seed(cty_bytes_text(witness_names[i]), seed.bytes, &all->secrets[i]));
        cty_buf_clear(&line);
        MUST(cty_vkey_format(cty_bytes_text(witness_names[i]), CTY_KEY_COSIGNATURE, cty_secret_key(all->secrets[i]), &line));
        MUST(cty_buf_putf(&all->trust, "witness w%zu %s\n", i + 1, cty_buf_text(&line)));
    }
    MUST(cty_buf_put_text(&all->trust, "group g 2 w1 w2 w3\nquorum g\n"));
    shell_write("trust.json", cty_buf_text(&all->trust));
    cty_buf_done(&line);
}

static void witnesses_done(struct witnesses *all)
{
    for (size_t i = 0; i < 3; i++)
        cty_secret_free(all->secrets[i]);
    cty_buf_done(&all->trust);
}

/* Publishes with the cosignatures of the first so many, one second after the other. */
static void publish_cosigned(struct world *w, const struct witnesses *all, unsigned count, uint64_t from_s)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_note parsed;
    publish(w);
    world_note_at(w, w->entries_count, &note);
    MUST(cty_note_parse(cty_buf_bytes(&note), &parsed));
    char *text = cty_bytes_dup_text(parsed.text);
    for (unsigned i = 0; i < count; i++)
        MUST(cty_note_cosign(cty_bytes_text(text), cty_bytes_text(witness_names[i]), all->secrets[i], from_s + i, &note));
    world_write("tiles", "checkpoint", cty_buf_bytes(&note));
    free(text);
    cty_buf_done(&note);
}

static void witnesses_say_by_when(void **state)
{
    struct shell *sh = *state;
    struct world *w = begin();
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

/* ---- cases ---- */

static void how_cases_stand(void **state)
{
    struct shell *sh = *state;
    struct world *w = begin();
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
    assert_int_equal(RUN(sh, "audit", "--trust", "t", "--tiles", "d", "--no-state", "--audit-state", "f"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_audited_is_not_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(stretches_say_what_the_whole_says, setup, teardown),
        cmocka_unit_test_setup_teardown(a_state_of_other_pins_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_of_another_program_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(only_what_held_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_ledger_that_went_back_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(two_roots_of_one_size_convict, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fork_convicts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_that_another_was_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tail_that_was_cut_off, setup, teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_that_is_none_of_this_log, setup, teardown),
        cmocka_unit_test_setup_teardown(a_head_that_was_cut_off, setup, teardown),
        cmocka_unit_test_setup_teardown(witnesses_say_by_when, setup, teardown),
        cmocka_unit_test_setup_teardown(how_cases_stand, setup, teardown),
        cmocka_unit_test_setup_teardown(options_that_exclude_each_other, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
