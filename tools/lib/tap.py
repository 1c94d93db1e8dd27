# SPDX-License-Identifier: Apache-2.0
"""Reads the TAP lines of a test program and says how many of its cases passed, failed and were skipped."""

import re

LINE = re.compile(r'^(not )?ok\b(.*)$')
PLAN = re.compile(r'^1\.\.(\d+)\b')


class Count:
    """How many cases passed, failed and were skipped."""

    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed = passed
        self.failed = failed
        self.skipped = skipped

    def add(self, other):
        """Adds the cases of another count."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def total(self):
        """All cases."""
        return self.passed + self.failed + self.skipped

    def __str__(self):
        text = f'{self.passed} passed, {self.failed} failed'
        return text + (f', {self.skipped} skipped' if self.skipped else '')


def count(output, result):
    """
    Counts the cases in a program's output. `result` is meson's word for the program as a whole: it fails
    where its cases say that all is well but its exit status, or its plan, says otherwise. A program
    without cases is one case.
    """
    cases = Count()
    planned = 0
    for line in output.splitlines():
        plan = PLAN.match(line)
        if plan:
            planned += int(plan.group(1))
            continue
        case = LINE.match(line)
        if not case:
            continue
        # cmocka 1.1 writes a skipped case as `not ok N # SKIP name`.
        if '# skip' in case.group(2).lower():
            cases.skipped += 1
        elif case.group(1):
            cases.failed += 1
        else:
            cases.passed += 1
    if cases.total() == 0:
        return Count(passed=int(result == 'OK'), skipped=int(result == 'SKIP'),
                     failed=int(result not in ('OK', 'SKIP')))
    if cases.failed == 0 and (result not in ('OK', 'SKIP') or planned > cases.total()):
        cases.failed += 1
    return cases
