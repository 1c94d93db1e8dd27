/* SPDX-License-Identifier: Apache-2.0 */
/* What every command does with a command line that it can't take, and how it tells its help and its errors. */
#include "unit/cli/shell.h"

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

/* The words of the command's name and two more, behind which NULL follows. */
static void words_of(const struct cty_command *command, char memory[64], const char *words[8])
{
    snprintf(memory, 64, "%s", command->name);
    char *space = strchr(memory, ' ');
    memset(words, 0, 8 * sizeof(words[0]));
    words[0] = memory;
    if (space) {
        *space = 0;
        words[1] = space + 1;
    }
}

static int run_with(struct shell *sh, const struct cty_command *command, const char *more, const char *and_more)
{
    char memory[64];
    const char *words[8];
    words_of(command, memory, words);
    size_t at = words[1] ? 2 : 1;
    words[at] = more;
    words[at + 1] = more ? and_more : NULL;
    return shell_run(sh, NULL, words);
}

static void without_a_command_help_is_told(void **state)
{
    struct shell *sh = *state;
    assert_int_equal(shell_run(sh, NULL, (const char *const[]){NULL}), 4);
    assert_says(sh->out, "Commands:");
    assert_int_equal(RUN(sh, "--help"), 0);
    assert_says(sh->out, "Exit status:");
    assert_int_equal(RUN(sh, "-h"), 0);
    assert_int_equal(RUN(sh, "--version"), 0);
    assert_says(sh->out, "custody ");
    assert_int_equal(RUN(sh, "key"), 4);
    assert_says(sh->out, "key new");
    assert_int_equal(RUN(sh, "key", "--help"), 0);
    assert_int_equal(RUN(sh, "aprove"), 4);
    assert_says(sh->err, "there is no command 'aprove'");
}

static void every_command_has_help_with_an_example(void **state)
{
    struct shell *sh = *state;
    for (size_t i = 0; cty_commands[i]; i++) {
        const struct cty_command *command = cty_commands[i];
        char begin[80];
        assert_int_equal(run_with(sh, command, "--help", NULL), 0);
        assert_says(sh->out, command->summary);
        assert_says(sh->out, command->about);
        assert_says(sh->out, "Example:\n  custody ");
        assert_says(sh->out, "--json");
        snprintf(begin, sizeof(begin), "custody %s", command->name);
        assert_true(strncmp(command->example, begin, strlen(begin)) == 0);
        assert_string_equal(sh->err, "");
        assert_int_equal(RUN(sh, "--help"), 0);
        assert_says(sh->out, command->name);
    }
}

static void help_is_a_word_too(void **state)
{
    struct shell *sh = *state;
    assert_int_equal(RUN(sh, "help"), 0);
    assert_says(sh->out, "Commands:");
    assert_int_equal(RUN(sh, "help", "watch"), 0);
    assert_says(sh->out, "Usage: custody watch");
    assert_int_equal(RUN(sh, "help", "key", "new"), 0);
    assert_says(sh->out, "Usage: custody key new");
    assert_int_equal(RUN(sh, "help", "key"), 0);
    assert_says(sh->out, "Usage: custody key COMMAND");
    assert_int_equal(RUN(sh, "help", "none"), 4);
    assert_says(sh->err, "there is no command 'none'");
    assert_int_equal(RUN(sh, "help", "watch", "more"), 4);
    assert_says(sh->err, "there is no command 'watch more'");
}

/* A command that passes on another's status has one of its own for what fails. */
static int usage_status(const struct cty_command *command)
{
    return command->status_failed ? command->status_failed : 4;
}

static void unknown_options_are_refused_everywhere(void **state)
{
    struct shell *sh = *state;
    for (size_t i = 0; cty_commands[i]; i++) {
        int status = usage_status(cty_commands[i]);
        assert_int_equal(run_with(sh, cty_commands[i], "--no-such-option", NULL), status);
        assert_says(sh->err, "there is no option --no-such-option here");
        assert_string_equal(sh->out, "");
        assert_int_equal(run_with(sh, cty_commands[i], "--json", "--no-such-option"), status);
        if (cty_commands[i]->status_failed) /* the output is another's */
            continue;
        assert_string_equal(sh->err, "");
        assert_error_code(sh, "usage");
    }
}

static void missing_and_surplus_words_are_refused(void **state)
{
    struct shell *sh = *state;
    for (size_t i = 0; cty_commands[i]; i++) {
        const struct cty_command *command = cty_commands[i];
        char memory[64];
        const char *words[CTY_OPERANDS_MAX + 8] = {NULL};
        if (command->operands_min)
            assert_int_equal(run_with(sh, command, NULL, NULL), usage_status(command));
        words_of(command, memory, words);
        size_t at = words[1] ? 2 : 1;
        for (size_t k = 0; k <= command->operands_max; k++)
            words[at + k] = "0123456789abcdef";
        assert_int_equal(shell_run(sh, NULL, words), usage_status(command));
        if (!command->status_failed)
            assert_says(sh->err, "one word too many");
    }
}

/* Names of settings, so that the answer is always which one is missing. */
static void settings_are_asked_for(void **state)
{
    struct shell *sh = *state;
    assert_int_equal(RUN(sh, "inbox"), 4);
    assert_says(sh->err, "CUSTODY_TRUST");
    shell_key(sh, "custody.example/t");
    char line[256];
    shell_public_line("custody.example-t.key", line, sizeof(line));
    assert_int_equal(RUN(sh, "trust", "new", "--log-key", line, "trust.json"), 0);
    assert_int_equal(RUN(sh, "inbox", "--trust", "trust.json"), 4);
    assert_says(sh->err, "CUSTODY_KEY");
    assert_int_equal(RUN(sh, "inbox", "--trust", "trust.json", "--key", "custody.example-t.key"), 4);
    assert_says(sh->err, "CUSTODY_URL");
    assert_int_equal(
        RUN(sh, "inbox", "--trust", "trust.json", "--key", "custody.example-t.key", "--url", "http://x"), 4);
    assert_says(sh->err, "--url: an address begins with ipc://, tcp:// or, as beyond loopback needs TLS, tls+tcp://: http://x [usage]");
    assert_says(sh->err, "what to do: a door on this machine is ipc:///PATH");
    assert_int_equal(RUN(sh, "info"), 4);
    assert_says(sh->err, "name its door: --url or CUSTODY_URL");
    assert_int_equal(RUN(sh, "info", "--url", "ipc:///nowhere/custody.sock", "--timeout", "50ms"), 3);
    assert_says(sh->err, "[unreachable]");
    assert_int_equal(RUN(sh, "info", "--url", "ipc:///nowhere/custody.sock", "--timeout", "soon"), 4);
    assert_int_equal(RUN(sh, "inbox", "--trust", "none.json"), 4);
    assert_says(sh->err, "the trust file is not there: none.json: ");
    assert_says(sh->err, "; 'custody trust new' makes one");
    assert_int_equal(RUN(sh, "inbox", "--trust", "trust.json", "--key", "none.key"), 4);
    assert_says(sh->err, "the key file is not there: none.key; 'custody key new' makes one");
    assert_int_equal(RUN(sh, "verify", "none.evidence", "--trust", "trust.json"), 1);
    assert_says(sh->err, "[not-found]");
    assert_says(sh->err, "check the path");
}

static void values_of_options_are_checked(void **state)
{
    static const char *const lines[][12] = {
        {"list", "--state-is", "HALD"},
        {"list", "--mine", "yours"},
        {"log", "--last", "many"},
        {"audit", "--threads", "1000"},
        {"audit", "--db", "x", "--url", "ipc:///x"},
        {"audit", "--db", "x", "--contents"},
        {"request", "--action", "a", "--payload", "-"},
        {"request", "--service", "a b", "--action", "a", "--payload", "-"},
        {"request", "--service", "a", "--action", "a"},
        {"request", "--service", "a", "--action", "a", "--payload", "-", "--priority", "now"},
        {"request", "--service", "a", "--action", "a", "--payload", "-", "--fact", "x"},
        {"request", "--service", "a", "--action", "a", "--payload", "-", "--behalf", "nobody"},
        {"evidence", "0123456789abcdef"},
        {"verify", "x", "--as", "nobody"},
        {"sign", "-"},
        {"init"},
        {"enrol"},
        {"enrol", "--party", "Acme"},
        {"revoke", "acme"},
        {"policy", "publish", "x"},
        {"policy", "publish", "x", "--scope", "A"},
        {"key", "new", "f"},
        {"key", "new", "f", "--name", "Alice", "--no-passphrase"},
        {"key", "new", "f", "--name", "acme/alice", "--no-passphrase", "--passphrase-fd", "0"},
        {"key", "new", "f", "--name", "acme/alice"},
        {"trust", "new", "f", "--opening", "x", "--log-key", "y"},
        {"trust", "new", "f"},
    };
    struct shell *sh = *state;
    for (size_t i = 0; i < CTY_COUNT_OF(lines); i++) {
        if (shell_run(sh, "{}", lines[i]) != 4)
            fail_msg("line %zu: %s%s", i, sh->out, sh->err);
    }
}

/* Only where it says more than the error itself; and then the command's own. */
static void help_is_named_where_it_helps(void **state)
{
    static const char *const helps[][5] = {{"show"}, {"show", "--nothing"}, {"show", "a", "b"}, {"show", "--key"}};
    static const char *const does_not[][8] = {{"sign", "-"},
                                              {"cert", "--host", "a.example", "--out-cert", "-", "--out-key", "-"},
                                              {"list", "--mine", "yours"}};
    struct shell *sh = *state;
    for (size_t i = 0; i < CTY_COUNT_OF(helps); i++) {
        assert_int_equal(shell_run(sh, NULL, helps[i]), 4);
        assert_says(sh->err, "\n  what to do: 'custody show --help' tells more\n");
    }
    assert_int_equal(RUN(sh, "request", "--service", "a"), 4);
    assert_says(sh->err, "--action is missing [usage]\n  what to do: 'custody request --help' tells more\n");
    assert_int_equal(RUN(sh, "frob"), 4);
    assert_says(sh->err, "what to do: 'custody --help' tells more\n");
    for (size_t i = 0; i < CTY_COUNT_OF(does_not); i++) {
        assert_int_equal(shell_run(sh, NULL, does_not[i]), 4);
        assert_null(strstr(sh->err, "what to do"));
    }
    assert_says(sh->err, "--mine is one of any, requester, holder, decide [usage]");
}

/* A door that nothing is pinned for is told with what leads on, and that names options which are there. */
static void a_tls_door_wants_a_pin(void **state)
{
    struct shell *sh = *state;
    char line[256];
    shell_key(sh, "custody.example/t");
    shell_public_line("custody.example-t.key", line, sizeof(line));
    assert_int_equal(RUN(sh, "trust", "new", "--url", "tls+tcp://127.0.0.1:1", "trust.json"), 1);
    assert_says(sh->err, "no certificate is pinned for tls+tcp://127.0.0.1:1 [certificate]");
    assert_says(sh->err, "then name it here: --certificate FILE");
    assert_int_equal(RUN(sh, "info", "--url", "tls+tcp://127.0.0.1:1"), 1);
    assert_says(sh->err, "what to do: name a trust file that pins it: --trust");
    assert_int_equal(RUN(sh, "trust", "new", "--url", "tls+tcp://127.0.0.1:1", "--log-key", line, "trust.json"), 0);
    assert_says(sh->err, "'custody trust pin --url tls+tcp://127.0.0.1:1 --certificate FILE trust.json'");
    assert_int_equal(RUN(sh, "trust", "new", "--url", "tcp://127.0.0.1:1", "--log-key", line, "plain.json"), 0);
    assert_string_equal(sh->err, "");
    assert_int_equal(RUN(sh, "cert", "--host", "127.0.0.1", "--out-cert", "door.pem", "--out-key", "door.key"), 0);
    assert_int_equal(RUN(sh, "trust", "pin", "--url", "tls+tcp://127.0.0.1:1", "--certificate", "door.pem", "trust.json"), 0);
    assert_int_equal(RUN(sh, "info", "--url", "tls+tcp://127.0.0.1:1", "--trust", "trust.json", "--timeout", "150ms"), 3);
    assert_says(sh->err, "tls+tcp://127.0.0.1:1: Connection refused [unreachable]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_command_help_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(every_command_has_help_with_an_example, setup, teardown),
        cmocka_unit_test_setup_teardown(help_is_a_word_too, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_options_are_refused_everywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_and_surplus_words_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(settings_are_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(values_of_options_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(help_is_named_where_it_helps, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tls_door_wants_a_pin, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
