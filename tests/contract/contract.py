# SPDX-License-Identifier: Apache-2.0
"""What the contract tests share: the files of the tree, and cases that print TAP."""

import os
import subprocess
import sys
import traceback

TOP = os.environ.get('CUSTODY_TOP') or os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))


class Skip(Exception):
    """Raised by a case that can't run here; says why."""


class Tree:
    """A folder of sources: the project's own, or one that a test made up."""

    def __init__(self, top=TOP):
        self.top = top
        self.names = sorted(self._tracked() or self._walked())

    def _tracked(self):
        """The files that git knows or would add; none where the folder is no git checkout of its own."""
        if not os.path.exists(os.path.join(self.top, '.git')):
            return []
        command = ['git', '-c', 'safe.directory=*', '-C', self.top, 'ls-files', '-z', '--cached', '--others',
                   '--exclude-standard']
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        except (OSError, subprocess.CalledProcessError):
            return []
        names = done.stdout.decode('utf-8', 'surrogateescape').split('\0')
        return [name for name in set(names) if name and os.path.isfile(self.path(name))]

    def _walked(self):
        """All files but those of build folders and hidden ones at the top."""
        found = []
        for folder, folders, names in os.walk(self.top):
            if folder == self.top:
                folders[:] = [one for one in folders if not one.startswith(('build', '.git'))]
            folders[:] = [one for one in folders if one != '__pycache__']
            found += [os.path.relpath(os.path.join(folder, name), self.top) for name in names]
        return found

    def path(self, name):
        """The file's path."""
        return os.path.join(self.top, name)

    def under(self, *folders, ends=''):
        """The names of the files in these folders that end so."""
        starts = tuple(folder + '/' for folder in folders)
        return [name for name in self.names if name.startswith(starts) and name.endswith(ends)]

    def text(self, name):
        """The file's text; bytes that are not UTF-8 are replaced."""
        with open(self.path(name), encoding='utf-8', errors='replace') as file:
            return file.read()


def expect_none(found, what):
    """Fails where anything was found, and names it."""
    if found:
        raise AssertionError(f'{what}:\n' + '\n'.join(f'  {one}' for one in found))


def expect_equal(got, expected):
    """Fails where the two differ."""
    if got != expected:
        raise AssertionError(f'expected {expected!r}, got {got!r}')


def main(cases):
    """Runs the functions, prints TAP and exits."""
    failed = 0
    print(f'1..{len(cases)}')
    for number, case in enumerate(cases, 1):
        name = case.__name__.replace('_', ' ')
        try:
            case()
            print(f'ok {number} - {name}')
        except Skip as reason:
            print(f'ok {number} - {name} # SKIP {reason}')
        except AssertionError as failure:
            failed += 1
            print(f'not ok {number} - {name}')
            print('\n'.join('# ' + line for line in str(failure).splitlines()))
        except Exception:  # a case that breaks has failed, the others still run
            failed += 1
            print(f'not ok {number} - {name}')
            print('\n'.join('# ' + line for line in traceback.format_exc().splitlines()))
        sys.stdout.flush()
    sys.exit(1 if failed else 0)
