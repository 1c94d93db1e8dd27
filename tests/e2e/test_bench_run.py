# SPDX-License-Identifier: Apache-2.0
"""
tools/bench runs through, with few cases, and its JSON holds the figures that spec/bench.md names. Nothing here looks at a
time: only that every figure is a number that it may be, and that what was counted agrees.
"""

import json
import math
import os
import re
import subprocess
import sys
import tempfile

import contract
from contract import TOP, expect_equal, expect_none

BENCH = os.path.abspath(sys.argv[1])
LEVELS = (1, 4, 10, 100, 1000)
# Of many short calls, or of what others do: these may come out as nothing.
MAY_BE_ZERO = ('others_cores', 'waiter_kib', 'waiters_core_share', 'waiters_still_core_share')
SMALL = ('--quick', '--cases', '20', '--clients', '4', '--entries', '300', '--waiters', '20')
TEXTS = ('date', 'cpu', 'kernel', 'file_system', 'libsodium', 'sqlite', 'nng')


def _bench(*arguments):
    done = subprocess.run([BENCH, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          timeout=280, encoding='utf-8')
    return done.returncode, done.stdout, done.stderr


def _specified():
    """The figures that the tables of spec/bench.md name: those of all runs, and those of each number of clients."""
    single, levels = set(), set()
    with open(os.path.join(TOP, 'spec', 'bench.md'), encoding='utf-8') as file:
        for line in file:
            if line.startswith('| `'):
                for name in re.findall(r'`([a-z0-9_]+(?:_N)?)`', line.split('|')[1]):
                    (levels if name.endswith('_N') else single).add(name)
    return single, {name[:-len('_N')] for name in levels}


class Run:
    """One small run, for all cases below."""
    folder = tempfile.TemporaryDirectory()
    file = os.path.join(folder.name, 'bench.json')
    status, table, said = _bench(*SMALL, '--json', file)
    figures = {}


def it_runs_through():
    if Run.status != 0:
        raise AssertionError(f'exit status {Run.status}\n{Run.said[-4000:]}')
    with open(Run.file, encoding='utf-8') as file:
        Run.figures = json.load(file)


def its_figures_are_those_of_the_specification():
    single, levels = _specified()
    expected = single | {f'{name}_{level}' for name in levels for level in LEVELS}
    expect_equal(sorted(set(Run.figures) ^ expected), [])


def every_figure_is_a_number_that_it_may_be():
    wrong = []
    for name, value in Run.figures.items():
        if name in TEXTS:
            fine = isinstance(value, str) and value != ''
        elif name in MAY_BE_ZERO:
            fine = math.isfinite(value)
        else:
            fine = math.isfinite(value) and value > 0
        if not fine:
            wrong.append(f'{name}: {value!r}')
    expect_none(wrong, 'figures that can not be')


def what_was_counted_agrees():
    figures = Run.figures
    expect_equal(figures['clients'], 4)
    expect_equal(figures['waiters'], 20)
    expect_equal(figures['submit_per_s'], figures['submit_per_s_4'])
    expect_equal(figures['submit_ratio'], figures['submit_ratio_4'])
    expect_equal(figures['submit_ms_p50'], figures['submit_ms_p50_1'])
    expect_equal(figures['submit_ms_p99'], figures['submit_ms_p99_1'])
    # Six entries a case; before them the ledger's own, the party's, and those of 50 agents and 20 approvers.
    expect_equal(figures['entries'], 6 * figures['cases'] + 2 + 50 + 20)
    expect_equal(figures['growth_entries'] > figures['growth_entries_then'], True)
    for level in LEVELS:
        expect_equal(figures[f'submit_ms_p50_{level}'] <= figures[f'submit_ms_p99_{level}'], True)


def what_was_divided_agrees():
    """Ratios are of the numbers beside them, each window measured by the verify rate of its own."""
    figures = Run.figures
    expected = {
        'growth_ratio': figures['growth_share'] / figures['growth_share_then'],
        'growth_raw_ratio': figures['growth_per_s'] / figures['growth_per_s_then'],
        'growth_cpu_ratio': figures['growth_submit_ratio'] / figures['growth_submit_ratio_then'],
        'growth_cpu_raw_ratio': figures['growth_cpu_us_then'] / figures['growth_cpu_us'],
    }
    for when in ('', '_then'):
        verify = figures['growth_verify_per_s' + when]
        expected['growth_share' + when] = figures['growth_per_s' + when] / (verify * figures['cores'])
        expected['growth_submit_ratio' + when] = 1e6 / verify / figures['growth_cpu_us' + when]
    for name, value in expected.items():
        # As far as its digits in the file go.
        expect_equal((name, math.isclose(figures[name], value, rel_tol=0.02, abs_tol=0.002)), (name, True))


def its_table_names_every_figure():
    single, levels = _specified()
    expect_none([name for name in (single | levels) - set(TEXTS) if name not in Run.table], 'not in the table')


def it_compares_with_another_run():
    status, table, said = _bench(*SMALL, '--compare', Run.file)
    if status != 0:
        raise AssertionError(f'exit status {status}\n{said[-4000:]}')
    compared = table[table.index('\ncompared\n'):]
    expect_none([name for name in Run.figures if name not in TEXTS and f'  {name} ' not in compared], 'not compared')


def bad_arguments_are_usage():
    for arguments in (['--no-such'], ['--cases'], ['--cases', '0'], ['--cases', 'x'], ['--clients', '-1'], ['--json'],
                      ['--entries', '99999999999'], ['--waiters', '0'], ['--compare'], ['--quick', 'x'], ['x']):
        status, table, said = _bench(*arguments)
        expect_equal((status, table), (4, ''))
        expect_equal(said.startswith('usage: tools/bench'), True)
    status, table, _ = _bench('--help')
    expect_equal((status, table.startswith('usage: tools/bench')), (0, True))


def another_run_that_can_not_be_read_is_told():
    broken = os.path.join(Run.folder.name, 'broken.json')
    with open(broken, 'w', encoding='utf-8') as file:
        file.write('{"cores": 2')
    for path in (broken, os.path.join(Run.folder.name, 'none.json'), Run.folder.name):
        status, table, said = _bench('--compare', path)
        expect_equal((status, table), (4, ''))
        expect_equal(said.startswith(f'bench: {path}: '), True)
        expect_equal(len(said) > len(f'bench: {path}: \n'), True)
    status, _, said = _bench('--json', os.path.join(Run.folder.name, 'no', 'such', 'folder'))
    expect_equal((status, said.endswith(": can't be written\n")), (4, True))


contract.main([
    it_runs_through,
    its_figures_are_those_of_the_specification,
    every_figure_is_a_number_that_it_may_be,
    what_was_counted_agrees,
    what_was_divided_agrees,
    its_table_names_every_figure,
    it_compares_with_another_run,
    bad_arguments_are_usage,
    another_run_that_can_not_be_read_is_told,
])
