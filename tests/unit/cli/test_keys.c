/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, trust files, openings and policies: all that needs no custodian. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/cli/shell.h"

#define ORIGIN "custody.example/t"

static int setup(void **state)
{
    *state = shell_new();
    return 0;
}

static int teardown(void **state)
{
    shell_free(*state);
    return 0;
}

/* A pipe that holds the text, as --passphrase-fd takes it. */
static int pipe_with(const char *text, char out[16])
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    close(ends[1]);
    snprintf(out, 16, "%d", ends[0]);
    return ends[0];
}

/* --- keys ------------------------------------------------------------------------------------------------ */

static void a_key_is_made_and_shown(void **state)
{
    struct shell *sh = *state;
    struct stat status;
    assert_int_equal(RUN(sh, "key", "new", "k", "--name", "acme/alice", "--no-passphrase"), 0);
    assert_says(sh->out, "key          acme/alice+");
    assert_int_equal(stat("k", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    char *file = shell_read("k");
    assert_null(strstr(sh->out, strstr(file, "secret: ") + 8)); /* nothing of the secret is printed */
    free(file);
    assert_int_equal(RUN(sh, "key", "show", "k", "--json"), 0);
    shell_json(sh);
    assert_bytes_text(shell_member(sh, "name"), "acme/alice");
    assert_bytes_text(shell_member(sh, "passphrase"), "false");
    assert_int_equal(shell_member(sh, "fingerprint").size, 39);
    assert_int_equal(RUN(sh, "key", "new", "k", "--name", "acme/alice", "--no-passphrase"), 1);
    assert_says(sh->err, "[exists]");
}

static void a_passphrase_comes_through_a_descriptor(void **state)
{
    struct shell *sh = *state;
    char fd[16];
    int end = pipe_with("correct horse\n", fd);
    assert_int_equal(RUN(sh, "key", "new", "k", "--name", "acme/alice", "--passphrase-fd", fd, "--json"), 0);
    close(end);
    shell_json(sh);
    assert_bytes_text(shell_member(sh, "passphrase"), "true");
    assert_int_equal(RUN(sh, "key", "show", "k"), 0);
    assert_says(sh->out, "passphrase   yes");
    end = pipe_with("\n", fd);
    assert_int_equal(RUN(sh, "key", "new", "l", "--name", "acme/alice", "--passphrase-fd", fd), 1);
    assert_says(sh->err, "[bad-passphrase]");
    close(end);
    assert_false(shell_exists("l"));
    assert_int_equal(RUN(sh, "key", "new", "l", "--name", "acme/alice", "--passphrase-fd", "1000"), 3);
    assert_int_equal(RUN(sh, "key", "new", "l", "--name", "acme/alice", "--passphrase-fd", "x"), 4);
}

static void a_passphrase_is_asked_of_the_key_that_has_one(void **state)
{
    struct shell *sh = *state;
    char fd[16];
    int end = pipe_with("one", fd);
    assert_int_equal(RUN(sh, "key", "new", "k", "--name", "acme/alice", "--passphrase-fd", fd), 0);
    close(end);
    shell_key(sh, ORIGIN);
    char line[256];
    shell_public_line("custody.example-t.key", line, sizeof(line));
    assert_int_equal(RUN(sh, "trust", "new", "t", "--log-key", line), 0);
    const char *const base[] = {"inbox", "--trust", "t", "--url", "ipc:///nowhere/s", "--timeout", "20ms", "--key", "k",
                                "--passphrase-fd", fd, NULL};
    end = pipe_with("two\n", fd);
    assert_int_equal(shell_run(sh, NULL, base), 1);
    assert_says(sh->err, "[bad-passphrase]");
    close(end);
    end = pipe_with("one\nrest", fd);
    assert_int_equal(shell_run(sh, NULL, base), 3); /* now only the custodian is missing */
    assert_says(sh->err, "[unreachable]");
    close(end);
    assert_int_equal(RUN(sh, "inbox", "--trust", "t", "--url", "ipc:///nowhere/s", "--key", "k"), 4);
    assert_says(sh->err, "--passphrase-fd");
}

static void what_is_no_key_file_is_not_shown(void **state)
{
    struct shell *sh = *state;
    shell_write("k", "custody-secret-key v1\nname: acme/alice\n");
    assert_int_equal(RUN(sh, "key", "show", "k"), 1);
    assert_says(sh->err, "[bad-key-file]");
    assert_int_equal(RUN(sh, "key", "show", "none"), 1);
    assert_says(sh->err, "[not-found]");
    shell_key(sh, "acme/alice");
    char *text = shell_read("acme-alice.key");
    memcpy(strstr(text, "name: acme/alice"), "name: acme/alicf", 16);
    shell_write("other", text);
    assert_int_equal(RUN(sh, "key", "show", "other"), 1);
    free(text);
    assert_int_equal(chmod("acme-alice.key", 0644), 0);
    assert_int_equal(RUN(sh, "sign", "x", "--key", "acme-alice.key"), 1);
}

/* --- trust files ----------------------------------------------------------------------------------------- */

static void make_keys(struct shell *sh)
{
    static const char *const names[] = {ORIGIN, ORIGIN "/clerk", "operator/ada", "operator/otto"};
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++)
        shell_key(sh, names[i]);
}

static void a_trust_file_is_made_from_lines(void **state)
{
    struct shell *sh = *state;
    char log[256], ada[256];
    make_keys(sh);
    shell_public_line("custody.example-t.key", log, sizeof(log));
    shell_public_line("operator-ada.key", ada, sizeof(ada));
    assert_int_equal(RUN(sh, "trust", "new", "t", "--log-key", log, "--admin", ada, "--name", "acme/bot", "--json"), 0);
    shell_json(sh);
    assert_bytes_text(shell_member(sh, "ledger"), ORIGIN);
    assert_bytes_text(shell_member(sh, "name"), "acme/bot");
    assert_bytes_text(shell_member(sh, "quorum"), "none");
    assert_int_equal(RUN(sh, "trust", "show", "t"), 0);
    assert_says(sh->out, "fingerprint");
    assert_int_equal(RUN(sh, "trust", "new", "t", "--log-key", log), 1);
    assert_says(sh->err, "[exists]");
    assert_int_equal(RUN(sh, "trust", "new", "u", "--log-key", "nonsense"), 4);
    assert_says(sh->err, "[bad-trust]");
    assert_int_equal(RUN(sh, "trust", "new", "u", "--log-key", log, "--admin", "nonsense"), 1);
    assert_says(sh->err, "[bad-key]");
    assert_false(shell_exists("u"));
}

static void witnesses_are_asked_for(void **state)
{
    static const char w1[] = "acme/alice+fc52f593+BOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs"; /* spec/keys.md */
    struct shell *sh = *state;
    char log[256];
    make_keys(sh);
    shell_public_line("custody.example-t.key", log, sizeof(log));
    assert_int_equal(RUN(sh, "trust", "new", "t", "--log-key", log, "--witness", w1), 0);
    assert_says(sh->out, "quorum       witnesses");
    assert_int_equal(RUN(sh, "trust", "new", "u", "--log-key", log, "--witness", w1, "--quorum", "2"), 4);
    assert_int_equal(RUN(sh, "trust", "new", "u", "--log-key", log, "--witness", log), 4); /* no cosignature line */
    assert_int_equal(RUN(sh, "trust", "new", "u", "--log-key", log, "--witness", w1, "--quorum", "0"), 0);
    assert_says(sh->out, "quorum       none");
}

/* --- openings -------------------------------------------------------------------------------------------- */

static int run_init(struct shell *sh, const char *more, const char *value)
{
    return RUN(sh, "init", "o", "--log-key", "custody.example-t.key", "--clerk-key", "custody.example-t-clerk.key",
               "--admin", "operator-ada.key", "--admin", "operator-otto.key", more, value);
}

static void a_ledger_is_founded(void **state)
{
    struct shell *sh = *state;
    make_keys(sh);
    assert_int_equal(run_init(sh, "--name", "Ada L."), 0);
    assert_says(sh->out, "ledger       " ORIGIN);
    assert_int_equal(RUN(sh, "trust", "new", "t", "--opening", "o", "--json"), 0);
    shell_json(sh);
    assert_bytes_text(shell_member(sh, "ledger"), ORIGIN);
    assert_int_equal(run_init(sh, NULL, NULL), 1);
    assert_says(sh->err, "[exists]");
    char *text = shell_read("o");
    assert_non_null(strstr(text, "\"member\":\"admins/0/name\""));
    free(text);
}

static void foundings_that_fit_nothing_are_refused(void **state)
{
    struct shell *sh = *state;
    make_keys(sh);
    shell_key(sh, "acme/alice");
    shell_write("p", "{\"admin_quorum\": 3, \"rules\": []}");
    assert_int_equal(run_init(sh, "--policy", "p"), 1);
    assert_says(sh->err, "[quorum-unreachable]");
    assert_int_equal(run_init(sh, "--admin", "acme-alice.key"), 4);
    assert_int_equal(run_init(sh, "--readers", "nobody"), 4);
    assert_int_equal(RUN(sh, "init", "o", "--log-key", "operator-ada.key", "--clerk-key", "custody.example-t-clerk.key",
                         "--admin", "operator-otto.key"),
                     4);
    assert_int_equal(RUN(sh, "init", "o", "--log-key", "custody.example-t.key", "--clerk-key", "acme-alice.key",
                         "--admin", "operator-ada.key"),
                     4);
    assert_false(shell_exists("o"));
    assert_int_equal(run_init(sh, "--readers", "public"), 0);
}

/* The keys of keys/ prove nothing, so a ledger of them must be wanted. */
static void development_keys_must_be_wanted(void **state)
{
    static const char alice[] =
        "custody-secret-key v1\nname: acme/alice\n"
        "key: acme/alice+ddb77e13+ASkoOqUORq0yUNSYiBkMJNZDWwtsFmkPDZpOMbQv7t0W\n"
        "sealing-key: acme/alice+95c2f632+/2N1c3RvZHkteDI1NTE5NXq5Y86nbxeEzf3l4aFpOMT8GlhLnTy7yGRyJx0DZlw=\n"
        "passphrase: none\n"
        "secret: SDaAxqHlAYN7QOj4AcJn4FXSMJyXDC5+3SAJrMisrQ3geQfr/HypSd5fUHZEhqJMxi/QdL1pLVCfiXHrlOvPZw==\n";
    struct shell *sh = *state;
    make_keys(sh);
    shell_write("alice.key", alice);
    shell_write("p", "{\"admin_quorum\":1,\"rules\":[]}");
    assert_int_equal(RUN(sh, "init", "o", "--log-key", "custody.example-t.key", "--clerk-key",
                         "custody.example-t-clerk.key", "--admin", "alice.key", "--policy", "p"),
                     1);
    assert_says(sh->err, "[development-key]");
    assert_int_equal(RUN(sh, "init", "o", "--log-key", "custody.example-t.key", "--clerk-key",
                         "custody.example-t-clerk.key", "--admin", "alice.key", "--policy", "p", "--development"),
                     0);
    assert_int_equal(RUN(sh, "key", "show", "alice.key"), 0);
    assert_says(sh->err, "published development key");
}

static void an_opening_that_lies_is_not_pinned(void **state)
{
    struct shell *sh = *state;
    make_keys(sh);
    assert_int_equal(run_init(sh, NULL, NULL), 0);
    char *text = shell_read("o");
    char *sig = strstr(text, "\\\"sig\\\":\\\"");
    assert_non_null(sig);
    sig[12] = sig[12] == 'A' ? 'B' : 'A';
    shell_write("bad", text);
    assert_int_equal(RUN(sh, "trust", "new", "t", "--opening", "bad"), 1);
    assert_says(sh->err, "[signature-invalid]");
    assert_int_equal(RUN(sh, "trust", "new", "t", "--opening", "operator-ada.key"), 1);
    shell_write("bad2", "{\"envelope\":1}");
    assert_int_equal(RUN(sh, "trust", "new", "t", "--opening", "bad2"), 1);
    assert_says(sh->err, "[bad-params]");
    assert_false(shell_exists("t"));
    free(text);
}

/* --- several machines ------------------------------------------------------------------------------------ */

static void an_opening_goes_from_hand_to_hand(void **state)
{
    struct shell *sh = *state;
    char otto[256];
    make_keys(sh);
    shell_public_line("operator-otto.key", otto, sizeof(otto));
    assert_int_equal(RUN(sh, "init", "--log-key", "custody.example-t.key", "--clerk-key", "custody.example-t-clerk.key",
                         "--admin", "operator-ada.key", "--admin", otto, "--name", "Ada", "--draft", "d"),
                     0);
    assert_says(sh->out, "1 of 4 signatures");
    assert_int_equal(RUN(sh, "sign", "d", "--key", "operator-otto.key"), 4); /* nobody at a terminal */
    const char *const sign[] = {"sign", "d", "--key", "operator-otto.key", NULL};
    assert_int_equal(shell_run_asked(sh, "n\n", sign), 1);
    assert_says(sh->err, "[declined]");
    assert_int_equal(
        shell_run_asked(sh, "", (const char *const[]){"sign", "d", "--key", "operator-otto.key", "--json", NULL}), 1);
    assert_error_code(sh, "declined");
    const char *const last[] = {"sign", "d", "--key", "operator-otto.key", "--opening", "o", NULL};
    assert_int_equal(shell_run_asked(sh, "y\n", last), 0);
    assert_says(sh->out, "statement    ledger.open");
    assert_says(sh->out, "content      admins/0/name: Ada");
    assert_says(sh->out, "not signed   operator/otto");
    assert_says(sh->out, "0 of 4 signatures");
    assert_int_equal(RUN(sh, "trust", "new", "t", "--opening", "o"), 0);
    shell_key(sh, "operator/eve");
    assert_int_equal(RUN(sh, "sign", "d", "--key", "operator-eve.key", "--yes"), 1);
    assert_says(sh->err, "[wrong-signer]");
}

static void a_draft_that_lacks_signatures_is_not_written_as_an_opening(void **state)
{
    struct shell *sh = *state;
    char ada[256], otto[256];
    make_keys(sh);
    shell_public_line("operator-ada.key", ada, sizeof(ada));
    shell_public_line("operator-otto.key", otto, sizeof(otto));
    assert_int_equal(RUN(sh, "init", "o", "--log-key", "custody.example-t.key", "--clerk-key",
                         "custody.example-t-clerk.key", "--admin", ada, "--admin", otto),
                     4);
    assert_says(sh->err, "write a draft with --draft");
    assert_int_equal(RUN(sh, "init", "--log-key", "custody.example-t.key", "--clerk-key", "custody.example-t-clerk.key",
                         "--admin", ada, "--admin", otto, "--draft", "d", "--json"),
                     0);
    shell_json(sh);
    assert_bytes_text(shell_member(sh, "missing"), "[\"operator/ada\",\"operator/otto\"]");
    assert_int_equal(RUN(sh, "sign", "d", "--yes", "--key", "operator-ada.key", "--opening", "o"), 1);
    assert_says(sh->err, "[under-threshold]");
    assert_false(shell_exists("o"));
}

/* --- policies -------------------------------------------------------------------------------------------- */

static void a_policy_is_said_in_sentences(void **state)
{
    struct shell *sh = *state;
    shell_write("p", "{ \"rules\": [ {\"effect\":\"deny\",\"match\":{\"action\":\"drop*\"}},\n"
                     " {\"effect\":\"hold\",\"approvals\":2,\"roles\":[\"approver\"],"
                     "\"parties\":[\"$requester\",\"*\"],\"distinct_parties\":true,\"decide_ms\":7200000},\n"
                     " {\"effect\":\"pass\",\"match\":{\"service\":\"mail\",\"priority\":\"low\"}} ],\n"
                     " \"admin_quorum\": 2 }");
    assert_int_equal(RUN(sh, "policy", "check", "p"), 0);
    assert_says(sh->out, "rule 1       deny where the action is drop*\n");
    assert_says(sh->out, "rule 2       hold always: 2 approvals by approver of $requester, *, each of another party");
    assert_says(sh->out, "; 2h to decide\n");
    assert_says(sh->out, "rule 3       pass where the service is mail and the priority is low");
    assert_int_equal(RUN(sh, "policy", "check", "p", "--json"), 0);
    shell_json(sh);
    const char *const from_input[] = {"policy", "check", "-", NULL};
    assert_int_equal(shell_run(sh, "{\"admin_quorum\":1,\"rules\":[]}", from_input), 0);
    shell_write("q", "{\"admin_quorum\":2,\"rules\":[{\"effect\":\"hold\"}]}");
    assert_int_equal(RUN(sh, "policy", "check", "q"), 1);
    assert_says(sh->err, "rule 1: a hold names approvals and roles");
    shell_write("r", "{\"admin_quorum\":2,\"rules\":[],\"rules\":[]}");
    assert_int_equal(RUN(sh, "policy", "check", "r", "--json"), 1);
    assert_error_code(sh, "duplicate-member");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_key_is_made_and_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(a_passphrase_comes_through_a_descriptor, setup, teardown),
        cmocka_unit_test_setup_teardown(a_passphrase_is_asked_of_the_key_that_has_one, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_key_file_is_not_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(a_trust_file_is_made_from_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(witnesses_are_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_ledger_is_founded, setup, teardown),
        cmocka_unit_test_setup_teardown(foundings_that_fit_nothing_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(development_keys_must_be_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(an_opening_that_lies_is_not_pinned, setup, teardown),
        cmocka_unit_test_setup_teardown(an_opening_goes_from_hand_to_hand, setup, teardown),
        cmocka_unit_test_setup_teardown(a_draft_that_lacks_signatures_is_not_written_as_an_opening, setup, teardown),
        cmocka_unit_test_setup_teardown(a_policy_is_said_in_sentences, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
