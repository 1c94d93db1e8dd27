# SPDX-License-Identifier: Apache-2.0
"""
The help texts are those that help/ records, and each has an example whose options the command knows. Arguments: the
programs custody and custody-verify; --write records anew what the programs say.
"""

import os
import re
import shlex
import subprocess
import sys

import contract
from contract import TOP, expect_equal, expect_none

HERE = os.path.join(TOP, 'tests', 'contract', 'help')
WRITE = '--write' in sys.argv
CUSTODY, VERIFY = [word for word in sys.argv[1:] if word != '--write']


def _run(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          encoding='utf-8', check=False)
    return done.returncode, done.stdout, done.stderr


def _commands():
    """The names of all commands, as the help of all says them."""
    status, text, _ = _run(CUSTODY, '--help')
    expect_equal(status, 0)
    listed = text.split('Commands:\n')[1].split('\n\n')[0]
    return [re.split(r' {2,}', line.strip())[0] for line in listed.splitlines()]


def _texts():
    """What is recorded: file name, and the words that print it."""
    yield 'custody.txt', [CUSTODY, '--help']
    yield 'custody-verify.txt', [VERIFY, '--help']
    for name in _commands():
        yield name.replace(' ', '-') + '.txt', [CUSTODY] + name.split() + ['--help']


def help_is_what_is_recorded():
    different = []
    for name, words in _texts():
        status, text, errors = _run(*words)
        expect_equal((status, errors), (0, ''))
        path = os.path.join(HERE, name)
        if WRITE:
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
        recorded = open(path, encoding='utf-8').read() if os.path.exists(path) else ''
        if recorded != text:
            different.append(name)
    expect_none(different, 'differ; look, then record with --write')


def nothing_else_is_recorded():
    names = {name for name, _ in _texts()} | {'json.txt', 'json-handoffs.txt'}
    expect_none(sorted(set(os.listdir(HERE)) - names), 'records of no command')


def lines_fit_a_terminal():
    long = []
    for name, words in _texts():
        for line in _run(*words)[1].split('Example:')[0].splitlines():
            if len(line) > 110:
                long.append(f'{name}: {line}')
    expect_none(long, 'too long')


def examples_use_options_that_there_are():
    wrong = []
    for name, words in _texts():
        text = _run(*words)[1]
        if 'Example:\n' not in text:
            continue
        example = shlex.split(text.split('Example:\n')[1].strip())
        example = example[:example.index('--')] if '--' in example else example
        known = set(re.findall(r'(--[a-z-]+|-[a-z])\b', text.split('Options:')[1].split('Example:')[0]))
        wrong += [f'{name}: {word}' for word in example if word.startswith('-') and word not in known]
    expect_none(wrong, 'options in examples that the command has not')


contract.main([
    help_is_what_is_recorded,
    nothing_else_is_recorded,
    lines_fit_a_terminal,
    examples_use_options_that_there_are,
])
