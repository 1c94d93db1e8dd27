# SPDX-License-Identifier: Apache-2.0
"""The tools keep their word: cases are counted right, scripts parse and can be run, usage errors say so."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import contract
from contract import TOP, Tree, expect_equal, expect_none

sys.path.insert(0, os.path.join(TOP, 'tools', 'lib'))
import tap  # pylint: disable=wrong-import-position


def _counts(output, result='OK'):
    cases = tap.count(output, result)
    return (cases.passed, cases.failed, cases.skipped)


def cases_are_counted_as_cmocka_writes_them():
    expect_equal(_counts('1..3\nok 1 - a\nnot ok 2 # SKIP b\nok 3 - c\n# ok - group\n'), (2, 0, 1))
    expect_equal(_counts('1..1\nok 1 - a\n1..2\nok 1 - b\nok 2 - c\n'), (3, 0, 0))
    expect_equal(_counts('1..2\nok 1 - a\nnot ok 2 - b\n# why\n', 'FAIL'), (1, 1, 0))
    expect_equal(_counts('1..1\nok 1 - a # SKIP none\n'), (0, 0, 1))
    expect_equal(_counts('1..1\nok 1 - skips_nothing\n'), (1, 0, 0))


def a_program_without_cases_is_one():
    expect_equal(_counts('hello\n'), (1, 0, 0))
    expect_equal(_counts('', 'FAIL'), (0, 1, 0))
    expect_equal(_counts('', 'TIMEOUT'), (0, 1, 0))
    expect_equal(_counts('', 'SKIP'), (0, 0, 1))
    expect_equal(_counts('okay then\nnotok\n'), (1, 0, 0))


def a_program_that_dies_fails():
    expect_equal(_counts('1..3\nok 1 - a\n', 'FAIL'), (1, 1, 0))
    expect_equal(_counts('1..3\nok 1 - a\n', 'TIMEOUT'), (1, 1, 0))
    expect_equal(_counts('1..3\nok 1 - a\n', 'OK'), (1, 1, 0))
    expect_equal(_counts('1..1\nok 1 - a\n', 'ERROR'), (1, 1, 0))
    expect_equal(_counts('1..1\nnot ok 1 - a\n', 'OK'), (0, 1, 0))


def the_last_line_has_its_form():
    expect_equal(str(tap.Count(3, 0, 0)), '3 passed, 0 failed')
    expect_equal(str(tap.Count(3, 1, 2)), '3 passed, 1 failed, 2 skipped')


def _scripts():
    tree = Tree()
    found = []
    for name in tree.names:
        with open(tree.path(name), 'rb') as file:
            head = file.readline(100)
        if head.startswith(b'#!'):
            found.append((tree.path(name), head.decode('ascii', 'replace')))
    return found


def every_script_can_be_run():
    expect_none([path for path, _ in _scripts() if not os.access(path, os.X_OK)], 'without the run bit')


def every_shell_script_parses():
    wrong = []
    for path, head in _scripts():
        shell = re.search(r'\b(sh|bash)\s*$', head)
        if shell and subprocess.run([shell.group(1), '-n', path], check=False).returncode != 0:
            wrong.append(path)
    expect_none(wrong, 'shell scripts that do not parse')


def _status(*command):
    return subprocess.run([os.path.join(TOP, command[0]), *command[1:]], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode


def usage_errors_are_told():
    expect_equal(_status('tools/setup', '--with', 'nothing'), 4)
    expect_equal(_status('tools/setup', '--with'), 4)
    expect_equal(_status('tools/setup', '--no-such'), 4)
    expect_equal(_status('tools/fuzz', '--seconds', 'x'), 4)
    expect_equal(_status('tools/spec-errors', '--no-such'), 4)
    expect_equal(_status('tools/package', '--no-such'), 4)
    expect_equal(_status('tools/package', '--out'), 4)
    for tool in ['bench', 'coverage', 'faults', 'flood', 'interop/run', 'lint', 'simulate']:
        expect_equal((tool, _status('tools/' + tool, '--no-such')), (tool, 4))
    for tool, option in [('bench', '--json'), ('faults', '--kills'), ('flood', '--play'), ('simulate', '--seed')]:
        expect_equal((tool, _status('tools/' + tool, option)), (tool, 4))


def help_is_there():
    for tool in ['bench', 'coverage', 'faults', 'flood', 'fuzz', 'interop/run', 'lint', 'package', 'quickstart', 'setup', 'simulate', 'test']:
        expect_equal((tool, _status('tools/' + tool, '--help')), (tool, 0))


# With an empty PATH but for what a script needs to print: whoever calls meson, ninja or tools/setup fails.
def help_builds_nothing():
    with tempfile.TemporaryDirectory() as folder:
        for name in ['bash', 'cat', 'dirname', 'env']:
            os.symlink(shutil.which(name), os.path.join(folder, name))
        for tool in ['bench', 'coverage', 'faults', 'flood', 'interop/run', 'simulate']:
            done = subprocess.run([os.path.join(TOP, 'tools', tool), '--help'], stdout=subprocess.PIPE, check=False,
                                  env={'PATH': folder}, encoding='utf-8')
            expect_equal((tool, done.returncode, done.stdout.startswith('usage: tools/' + tool)), (tool, 0, True))


contract.main([
    cases_are_counted_as_cmocka_writes_them,
    a_program_without_cases_is_one,
    a_program_that_dies_fails,
    the_last_line_has_its_form,
    every_script_can_be_run,
    every_shell_script_parses,
    usage_errors_are_told,
    help_is_there,
    help_builds_nothing,
])
