# SPDX-License-Identifier: Apache-2.0
"""
The tables of the specification say what the code says: errors.md and errors.def, limits.md and limits.h. And
every refusal has a test that provokes it, but for those that unprovoked.txt still lists; --write-unprovoked
writes that list anew, which should only ever make it shorter.
"""

import os
import re
import subprocess
import sys

import contract
from contract import TOP, Tree, expect_equal, expect_none

ERRORS = 'include/custody/errors.def'
LIMITS = 'src/base/limits.h'
SPEC_LIMITS = 'spec/limits.md'
UNPROVOKED = 'tests/contract/unprovoked.txt'

DEFINE = re.compile(r'^#define CTY_(\w+) (.+)$', re.MULTILINE)
SPEC_ROW = re.compile(r'^\| `(\w+)` \| (\d+) \|', re.MULTILINE)
ERROR_ROW = re.compile(r'^CUSTODY_ERROR\((\w+), "([^"]+)", (\w+),', re.MULTILINE)


def _number(expression):
    """The value of a C constant made of whole numbers, casts, brackets and *."""
    plain = re.sub(r'\(uint64_t\)', '', expression)
    plain = re.sub(r'\b(\d+)[uUlL]+\b', r'\1', plain)
    if not re.fullmatch(r'[\d ()*+-]+', plain):
        raise AssertionError(f'{LIMITS}: can\'t read {expression!r}')
    return int(eval(plain))  # pylint: disable=eval-used


def _limits_of_code(tree):
    return {name: _number(value) for name, value in DEFINE.findall(tree.text(LIMITS))}


def _limits_of_spec(tree):
    rows = SPEC_ROW.findall(tree.text(SPEC_LIMITS))
    expect_equal(len(rows), len({name for name, _ in rows}))
    return {name: int(value) for name, value in rows}


def errors_md_is_what_errors_def_makes_of_it():
    done = subprocess.run([sys.executable, os.path.join(TOP, 'tools', 'spec-errors'), '--check'],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8', check=False)
    expect_equal((done.returncode, done.stdout), (0, ''))


def limits_md_names_every_limit_with_its_number():
    tree = Tree()
    code, spec = _limits_of_code(tree), _limits_of_spec(tree)
    wrong = [f'{name} is {code.get(name, "not")} in {LIMITS}, {spec.get(name, "not")} in {SPEC_LIMITS}'
             for name in sorted(set(code) | set(spec)) if code.get(name) != spec.get(name)]
    expect_none(wrong, 'limits that differ')


def numbers_are_read_as_c_reads_them():
    expect_equal(_number('((uint64_t)366 * 24 * 3600 * 1000)'), 31622400000)
    expect_equal(_number('(64u * 1024u)'), 65536)
    expect_equal(_number('((uint64_t)9007199254740991)'), 9007199254740991)


def codes_that_the_specification_names_are_there():
    """Words in backquotes after 'refused with', and codes in tables, are hard to tell; these are not."""
    tree = Tree()
    codes = {code for _, code, _ in ERROR_ROW.findall(tree.text(ERRORS))}
    found = []
    for name in tree.under('spec', ends='.md'):
        for code in re.findall(r'(?:refused with|refusal) `([a-z]+(?:-[a-z]+)+)`', tree.text(name)):
            if code not in codes:
                found.append(f'{name}: {code}')
    expect_none(found, f'codes that {ERRORS} does not have')


def _unprovoked(tree):
    """The refusals that no test names, as a word in quotes or by its constant."""
    said = '\n'.join(tree.text(name) for name in tree.under('tests/unit', 'tests/vectors', 'tests/e2e')
                     if name.endswith(('.c', '.h', '.py', '.sh', '.json', '.txt')))
    words = set(re.findall(r'"([a-z]+(?:-[a-z]+)*)"', said)) | set(re.findall(r'\bCUSTODY_E_(\w+)', said))
    return {code for name, code, cls in ERROR_ROW.findall(tree.text(ERRORS))
            if cls == 'REFUSAL' and code not in words and name not in words}


def every_refusal_is_provoked():
    tree = Tree()
    missing = _unprovoked(tree)
    listed = {line for line in tree.text(UNPROVOKED).splitlines() if line and not line.startswith('#')}
    expect_none([f'+ {code}' for code in sorted(missing - listed)]
                + [f'- {code}' for code in sorted(listed - missing)],
                f'no test provokes it and {UNPROVOKED} does not say so (+), it stands there and need not (-)')


def unprovoked_write():
    """Keeps the head of the list and writes the rest anew."""
    tree = Tree()
    head = [line for line in tree.text(UNPROVOKED).splitlines() if line.startswith('#')]
    with open(tree.path(UNPROVOKED), 'w', encoding='utf-8') as file:
        file.write('\n'.join(head + sorted(_unprovoked(tree))) + '\n')


if sys.argv[1:] == ['--write-unprovoked']:
    unprovoked_write()
    sys.exit(0)
contract.main([
    errors_md_is_what_errors_def_makes_of_it,
    limits_md_names_every_limit_with_its_number,
    numbers_are_read_as_c_reads_them,
    codes_that_the_specification_names_are_there,
    every_refusal_is_provoked,
])
