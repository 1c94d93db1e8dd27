# SPDX-License-Identifier: Apache-2.0
"""Runs the tests in each configuration of the build and sums up their cases; tools/test calls it."""

import argparse
import json
import os
import re
import subprocess
import sys
import time

from meson_build import TOP, BuildFailed, BuildFolder
from tap import Count, count

LOG_LINES_MAX = 200
# What ninja says before each step, and the commands that failed.
STEP = re.compile(r'^(\[\d+/\d+\]|gcc|clang) ')


class Configuration:
    """One build of the whole tree and the suites that are worth running in it."""

    def __init__(self, name, folder, compiler, options, slowness, only=(), never=()):
        self.name = name
        self.folder = BuildFolder(folder, compiler, options)
        self.slowness = slowness    # factor on the time limits of the tests
        self.only = set(only)       # suites that run here; empty for all
        self.never = set(never)     # suites that don't


# A library that is linked with a sanitizer leaves symbols open for the program, hence b_lundef.
GCC = Configuration('gcc', 'test', 'gcc', [], 2)
ASAN = Configuration('asan', 'test-asan', 'clang', ['-Db_sanitize=address,undefined', '-Db_lundef=false'], 6,
                     never=['contract', 'no-asan'])
TSAN = Configuration('tsan', 'test-tsan', 'clang', ['-Db_sanitize=thread', '-Db_lundef=false'], 10,
                     only=['daemon', 'net', 'client', 'tsan'], never=['no-tsan'])

HELP = """
Builds Custody and runs its tests, after tools/setup made sure of the packages. Each case of each test
program counts. The last line is 'N passed, N failed', with ', N skipped' where cases were skipped.

configurations:
  gcc    plain, all suites
  asan   clang with AddressSanitizer and UndefinedBehaviorSanitizer, all suites but 'contract'
  tsan   clang with ThreadSanitizer, the suites of the threaded parts
  fuzz   clang with libFuzzer, each target for a few seconds (with --all)

environment:
  CI               if set, warnings are errors
  CUSTODY_VECTORS  folder of test vectors from elsewhere; tests that need it are skipped where it is not
                   set, and fail where CI is set and it is not
"""


def arguments_get():
    """The command line."""
    parser = argparse.ArgumentParser(prog='tools/test', description=HELP,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true', help='gcc alone, without the suite slow')
    parser.add_argument('--all', action='store_true', help='also the suite slow, and the fuzz targets')
    parser.add_argument('--config', choices=['gcc', 'asan', 'tsan'], action='append',
                        help='this configuration alone (may be given again)')
    parser.add_argument('--no-setup', action='store_true', help="don't call tools/setup")
    parser.add_argument('suite', nargs='*', help='the suites to run, all without')
    return parser.parse_args()


def suites_of(test):
    """The suites of a test without the project's name."""
    return {suite.rpartition(':')[2] for suite in test['suite']}


def filters_of(configuration, arguments):
    """The suites of which a test must have one (none: any will do), and those it must not have."""
    excluded = set(configuration.never)
    if not arguments.all and 'slow' not in arguments.suite:
        excluded.add('slow')
    if 'long' not in arguments.suite:
        excluded.add('long')
    return [some for some in (set(arguments.suite), configuration.only) if some], excluded


def is_wanted(configuration, arguments, suites):
    """Whether a test of these suites is to run."""
    needed, excluded = filters_of(configuration, arguments)
    return all(suites & some for some in needed) and not suites & excluded


def environment_of(configuration):
    """What the test programs see."""
    environment = dict(os.environ)
    environment['CMOCKA_MESSAGE_OUTPUT'] = 'TAP'
    environment['ASAN_OPTIONS'] = ('detect_leaks=1:strict_string_checks=1:allocator_may_return_null=1:'
                                   'detect_stack_use_after_return=1')
    environment['UBSAN_OPTIONS'] = 'print_stacktrace=1:halt_on_error=1'
    suppressions = os.path.join(TOP, 'tests', 'tsan.supp')
    environment['TSAN_OPTIONS'] = f'suppressions={suppressions}:second_deadlock_stack=1:allocator_may_return_null=1'
    return environment


def wrapper_of(configuration):
    """
    ThreadSanitizer of clang 14 does not start where the kernel randomises more address bits than it knows;
    without randomisation it does.
    """
    if configuration.name != 'tsan':
        return []
    wrapper = ['setarch', os.uname().machine, '-R']
    try:
        works = subprocess.run([*wrapper, 'true'], stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        works = False
    return wrapper if works else []


class Run:
    """All configurations together: the sum of the cases and the logs of what failed."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.sum = Count()
        self.failures = []
        self.suites = set()     # all that any test belongs to

    def configuration(self, configuration):
        """Builds and tests one configuration."""
        began = time.monotonic()
        folder = configuration.folder
        try:
            folder.set_up()
            tests = folder.introspect('tests')
            wanted = [test for test in tests
                      if is_wanted(configuration, self.arguments, suites_of(test))]
            for test in tests:
                self.suites |= suites_of(test)
            if not wanted:
                return
            warnings = folder.build(self.files_wanted(configuration, wanted))
        except BuildFailed as failure:
            self.build_failed(configuration, failure)
            return
        notes = f', {warnings} warnings' if warnings else ''
        say(f'{configuration.name:5} built in {time.monotonic() - began:.0f} s{notes}')
        self.tests(configuration, wanted)

    def files_wanted(self, configuration, wanted):
        """What to build: all (an empty list), or what the wanted tests need."""
        suites = self.arguments.suite
        if not configuration.only and (not suites or 'contract' in suites):
            return []
        ids = [target for test in wanted for target in test['depends']]
        return configuration.folder.files_of(ids)

    def build_failed(self, configuration, failure):
        """Counts a build that failed as one failed case."""
        say(f'{configuration.name:5} {failure.what} FAILED')
        self.sum.failed += 1
        self.failures.append((f'{configuration.name}: {failure.what}', build_log_tail(failure.log)))

    def tests(self, configuration, wanted):
        """Runs the wanted tests and adds their cases."""
        path = configuration.folder.path
        log = os.path.join(path, 'meson-logs', 'testlog.json')
        if os.path.exists(log):
            os.unlink(log)
        # By suite as well as by name: two suites may have a program of the same name.
        needed, excluded = filters_of(configuration, self.arguments)
        suites = [f'--no-suite={suite}' for suite in sorted(excluded)]
        suites += [f'--suite={suite}' for some in needed[:1] for suite in sorted(some)]
        names = sorted({test['name'] for test in wanted})
        # What takes long mostly waits: for a deadline, a disk, a peer that says nothing.
        command = [*wrapper_of(configuration), 'meson', 'test', '-C', path, '--no-rebuild',
                   '--num-processes', str(2 * (os.cpu_count() or 1)), '-t', str(configuration.slowness), *suites, *names]
        done = subprocess.run(command, env=environment_of(configuration), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, encoding='utf-8', errors='replace')
        rows = rows_read(log)
        by_suite = {}
        for row in rows:
            self.row(configuration, row, by_suite)
        for suite, (cases, seconds) in sorted(by_suite.items()):
            say(f'{configuration.name:5} {suite:12} {cases}  ({seconds:.1f} s)')
        if len(rows) < len(wanted):
            self.sum.failed += 1
            self.failures.append((f'{configuration.name}: meson test ran {len(rows)} of {len(wanted)} programs',
                                  done.stdout.splitlines()[-LOG_LINES_MAX:]))

    def row(self, configuration, row, by_suite):
        """Adds the cases of one test program."""
        suites, _, name = row['name'].rpartition(' / ')
        suite = suites.rpartition(':')[2].split('+')[0] or 'none'
        cases = count(row.get('stdout', ''), row['result'])
        total, seconds = by_suite.setdefault(suite, (Count(), 0.0))
        total.add(cases)
        by_suite[suite] = (total, seconds + row['duration'])
        self.sum.add(cases)
        if cases.failed:
            title = f'{configuration.name}: {suite}/{name}: {row["result"]}, exit status {row["returncode"]}'
            self.failures.append((title, test_log_tail(row)))

    def fuzz(self):
        """Runs each fuzz target for a few seconds."""
        seconds = '10' if os.environ.get('CI') else '5'
        began = time.monotonic()
        done = subprocess.run([os.path.join(TOP, 'tools', 'fuzz'), '--tap', '--seconds', seconds],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              encoding='utf-8', errors='replace')
        cases = count(done.stdout, 'OK' if done.returncode == 0 else 'FAIL')
        self.sum.add(cases)
        say(f'fuzz  {"":12} {cases}  ({time.monotonic() - began:.1f} s)')
        if cases.failed:
            self.failures.append(('fuzz', done.stdout.splitlines()[-LOG_LINES_MAX:]))


def rows_read(path):
    """The rows of meson's log, none where it was not written."""
    try:
        with open(path, encoding='utf-8') as file:
            return [json.loads(line) for line in file]
    except OSError:
        return []


def build_log_tail(log):
    """The lines of a build log that matter: from the first failure on, without the steps."""
    lines = log.splitlines()
    first = next((at for at, line in enumerate(lines) if line.startswith('FAILED:') or 'ERROR:' in line), 0)
    return [line for line in lines[first:] if not STEP.match(line)][:LOG_LINES_MAX]


def test_log_tail(row):
    """What a failed program said, without the cases that passed."""
    lines = [line for line in row.get('stdout', '').splitlines() if not line.startswith('ok ')]
    return (lines + row.get('stderr', '').splitlines())[-LOG_LINES_MAX:]


def say(line):
    """Prints at once, so that a long run shows where it is."""
    print(line, flush=True)


def configurations_of(arguments):
    """The configurations that the command line asks for."""
    if arguments.config:
        return [one for one in (GCC, ASAN, TSAN) if one.name in arguments.config]
    return [GCC] if arguments.quick else [GCC, ASAN, TSAN]


def main():
    """Returns the exit status."""
    arguments = arguments_get()
    run = Run(arguments)
    for configuration in configurations_of(arguments):
        run.configuration(configuration)
    if arguments.all and not arguments.suite and not arguments.config:
        run.fuzz()
    for title, lines in run.failures:
        say(f'\n--- {title}')
        for line in lines:
            say(line)
    unknown = set(arguments.suite) - run.suites
    if unknown and run.suites:
        say(f'\ntest: no such suite: {", ".join(sorted(unknown))}; there are {", ".join(sorted(run.suites))}')
    if run.sum.total() == 0:
        say('\ntest: nothing ran')
    if run.failures:
        say('')
    say(str(run.sum))
    return 1 if run.sum.failed or unknown or run.sum.passed == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
