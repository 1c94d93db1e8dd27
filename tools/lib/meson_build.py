# SPDX-License-Identifier: Apache-2.0
"""A meson build folder: set up once, built where needed, asked for its targets and tests."""

import json
import os
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class BuildFailed(Exception):
    """Setting up or building failed; `log` is what the tools said."""

    def __init__(self, what, log):
        super().__init__(what)
        self.what = what
        self.log = log


class BuildFolder:
    """The folder build/<name>, with one compiler and one set of options."""

    def __init__(self, name, compiler, options):
        self.path = os.path.join(TOP, 'build', name)
        self.compiler = compiler
        self.options = ['-Db_colorout=never', *options]
        if os.environ.get('CI'):
            self.options.append('-Dwerror=true')

    def set_up(self):
        """Configures the folder, or again where the options have changed since."""
        stamp = os.path.join(self.path, 'set-up-options')
        wanted = '\n'.join([self.compiler, *self.options]) + '\n'
        if os.path.exists(os.path.join(self.path, 'build.ninja')) and read_or_none(stamp) == wanted:
            return
        # From nothing: meson would keep options of before, and can't wipe a folder that it never finished.
        shutil.rmtree(self.path, ignore_errors=True)
        run_logged(['meson', 'setup', self.path, TOP, *self.options], 'meson setup',
                   dict(os.environ, CC=self.compiler))
        with open(stamp, 'w', encoding='utf-8') as file:
            file.write(wanted)

    def build(self, files=()):
        """Builds the files named, or everything; returns the number of warnings."""
        output = run_logged(['ninja', '-C', self.path, '-k', '0', *files], 'the build')
        return output.count(': warning:')

    def introspect(self, what):
        """The answer of `meson introspect --<what>`."""
        answer = subprocess.run(['meson', 'introspect', '--' + what, self.path],
                                stdout=subprocess.PIPE, check=True)
        return json.loads(answer.stdout)

    def files_of(self, target_ids):
        """The built files of the targets, as ninja names them."""
        wanted = set(target_ids)
        names = []
        for target in self.introspect('targets'):
            if target['id'] in wanted:
                names += [os.path.relpath(name, self.path) for name in target['filename']]
        return names


def read_or_none(path):
    """The file's text, None where it can't be read."""
    try:
        with open(path, encoding='utf-8') as file:
            return file.read()
    except OSError:
        return None


def run_logged(command, what, env=None):
    """Runs the command and returns what it said; raises BuildFailed with it."""
    sys.stdout.flush()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=TOP, env=env,
                          check=False, encoding='utf-8', errors='replace')
    if done.returncode != 0:
        raise BuildFailed(what, done.stdout)
    return done.stdout
