# SPDX-License-Identifier: Apache-2.0
"""
What every source file keeps: the licence line, a size that can be read, no calls that are banned but those
that banned_allowed.txt counts, and no path of the machine it was written on.
"""

import os
import re

import contract
import csource
from contract import TOP, Tree, expect_equal, expect_none

HERE = 'tests/contract'
SPDX = 'SPDX-License-Identifier: Apache-2.0'
LINES_MAX = 800

# Each either writes without a bound, reads numbers without errors, keeps hidden state, or starts a shell.
BANNED = set('''
    strcpy strcat stpcpy sprintf vsprintf gets strncpy strncat scanf sscanf vsscanf
    atoi atol atoll atof strtok asctime ctime gmtime localtime
    rand srand random srandom drand48 tmpnam tempnam mktemp
    system popen alloca strdupa strndupa setjmp longjmp
'''.split())

SOURCE_ENDS = ('.c', '.h', '.def', '.py', '.sh', 'meson.build', 'meson_options.txt')
# Written on purpose with words that the project's own files must not hold.
FOREIGN = ('tests/fuzz/corpus/', 'tests/vectors/')


def _sources(tree):
    """Files that people write and that can carry a licence line."""
    def is_script(name):
        with open(tree.path(name), 'rb') as file:
            return file.read(2) == b'#!'
    return [name for name in tree.names if not name.startswith(FOREIGN)
            and (name.endswith(SOURCE_ENDS) or is_script(name))]


def _allowed():
    """The counted allow list: {(file, call): count}."""
    allowed = {}
    with open(os.path.join(TOP, HERE, 'banned_allowed.txt'), encoding='utf-8') as file:
        for line in file:
            if line.strip() and not line.startswith('#'):
                name, call, count = line.split()
                allowed[name, call] = int(count)
    return allowed


def _banned_in(text):
    """The banned calls in a text as {call: lines}."""
    found = {}
    for line, name in csource.calls(text):
        if name in BANNED:
            found.setdefault(name, []).append(line)
    return found


def every_source_names_its_licence():
    tree = Tree()
    without = [name for name in _sources(tree) if SPDX not in '\n'.join(tree.text(name).splitlines()[:2])]
    expect_none(without, 'without the SPDX line at the top')


def no_source_is_a_giant():
    tree = Tree()
    sizes = {name: len(tree.text(name).splitlines())
             for name in tree.under('src', 'include', 'tests', 'tools') if name in set(_sources(tree))}
    expect_none([f'{name}: {size} lines' for name, size in sizes.items() if size > LINES_MAX],
                f'over {LINES_MAX} lines')


def banned_calls_are_those_that_are_counted():
    tree = Tree()
    allowed = _allowed()
    wrong = []
    for name in tree.under('src', 'include', 'tests'):
        if not name.endswith(('.c', '.h')):
            continue
        for call, lines in _banned_in(tree.text(name)).items():
            expected = allowed.pop((name, call), 0)
            if len(lines) != expected:
                wrong.append(f'{name}: {call} at line {lines}, {expected} allowed')
    wrong += [f'{name}: {call} is allowed but not there' for name, call in allowed]
    expect_none(wrong, f'calls that {HERE}/banned_allowed.txt does not count')


def banned_calls_are_found():
    expect_equal(_banned_in('int f(void)\n{ return atoi (x) + my_atoi(y); }'), {'atoi': [2]})
    expect_equal(_banned_in('/* strcpy(a) */ "system(1)" // gets(x)\n'), {})
    expect_equal(_banned_in('"a\\"" strcat(a, b);\n\'"\' strcat\n (c)'), {'strcat': [1, 2]})


def no_path_of_a_machine():
    tree = Tree()
    # Put together, so that this file does not hold them itself.
    homes = '|'.join(['work', 'home', 'root', 'Users'])
    pattern = re.compile(rf'(?<![\w.*~/-])/(?:{homes})/[\w.-]+')
    found = []
    for name in tree.names:
        if name.startswith(FOREIGN):
            continue
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            if pattern.search(line) or tree.top + '/' in line:
                found.append(f'{name}:{number}: {line.strip()[:100]}')
    expect_none(found, 'paths of a machine')


def nothing_is_left_open():
    # Put together, for the same reason.
    words = re.compile(r'\b(' + '|'.join(['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK']) + r')\b')
    tree = Tree()
    found = []
    for name in _sources(tree):
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            if words.search(line):
                found.append(f'{name}:{number}: {line.strip()[:100]}')
    expect_none(found, 'left open')


contract.main([
    every_source_names_its_licence,
    no_source_is_a_giant,
    banned_calls_are_those_that_are_counted,
    banned_calls_are_found,
    no_path_of_a_machine,
    nothing_is_left_open,
])
