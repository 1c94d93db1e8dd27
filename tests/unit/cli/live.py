# SPDX-License-Identifier: Apache-2.0
"""A folder with keys, a ledger and its custodian, for tests of the commands. Arguments: custody, custodyd, ..."""

import difflib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from contract import TOP, expect_equal, expect_none

CUSTODY, CUSTODYD, VERIFY = [os.path.abspath(word) for word in sys.argv[1:] if word != '--write']

SHAPES = {}
# Contents and bodies are whatever they are.
OPAQUE = {'payload', 'original', 'operations', 'body', 'after', 'before', 'policy'}


def note_shape(name, value):
    """Each member's path and kind, over all outputs of a command."""
    lines = SHAPES.setdefault(name, {})

    def walk(path, one, key):
        if key in OPAQUE or (key == 'entry' and isinstance(one, dict)):
            lines.setdefault(path, set()).add('json')
        elif isinstance(one, dict):
            for inner in one:
                walk(f'{path}.{inner}' if path else inner, one[inner], inner)
        elif isinstance(one, list):
            lines.setdefault(path, set()).add('array')
            for inner in one:
                walk(path + '[]', inner, None)
        else:
            kind = {bool: 'boolean', int: 'number', str: 'string'}[type(one)]
            lines.setdefault(path, set()).add(kind)
    walk('', value, None)


def compare_shapes(record, names=None):
    """The shapes noted so far, of these commands alone where they are named, with their record in help/."""
    path = os.path.join(TOP, 'tests', 'contract', 'help', record)
    text = ''
    for name in sorted(SHAPES):
        if names is None or name in names:
            text += name + '\n'
            text += ''.join(f'  {one} {"|".join(sorted(kinds))}\n' for one, kinds in sorted(SHAPES[name].items()))
    if '--write' in sys.argv:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
    with open(path, encoding='utf-8') as file:
        recorded = file.read()
    expect_none([line for line in difflib.unified_diff(recorded.splitlines(), text.splitlines(), lineterm='', n=1)],
                'shapes that differ from the record')


class World:
    """A folder with keys, a ledger and its custodian."""

    def __init__(self):
        self.top = tempfile.mkdtemp(prefix='custody-live-')
        keys = os.path.join(TOP, 'keys')
        for name in os.listdir(keys):
            if name.endswith('.key'):
                shutil.copy(os.path.join(keys, name), self.top)
                os.chmod(self.path(name), 0o600)
        self.daemon = None
        self.url = 'ipc://' + self.path('s')

    def path(self, name):
        return os.path.join(self.top, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)
        return name

    def read(self, name):
        with open(self.path(name), encoding='utf-8') as file:
            return file.read()

    def start(self, *more, ledger='l.db'):
        self.daemon = subprocess.Popen(
            [CUSTODYD, '--ledger', ledger, '--log-key', 'log.key', '--clerk-key', 'clerk.key', '--development',
             '--listen', self.url, *more], cwd=self.top, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding='utf-8')
        for line in self.daemon.stderr:
            if 'event=ready' in line:
                return
        raise AssertionError('custodyd did not start')

    def stop(self):
        if self.daemon:
            self.daemon.send_signal(signal.SIGTERM)
            self.daemon.communicate()
            self.daemon = None

    def run(self, program, words, text=None):
        env = dict(os.environ, CUSTODY_URL=self.url, CUSTODY_TRUST='trust.json')
        for name in ('CUSTODY_KEY', 'CUSTODY_STATE'):
            env.pop(name, None)
        done = subprocess.run([program] + list(words), cwd=self.top, env=env, encoding='utf-8', input=text or '',
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=100)
        self.out, self.err = done.stdout, done.stderr
        return done.returncode

    def say(self, *words, key=None, status=0, text=None):
        """Runs a command; its output as text."""
        words = list(words) + (['--key', key + '.key'] if key else [])
        got = self.run(CUSTODY, words, text)
        if status is not None and got != status:
            raise AssertionError(f'custody {" ".join(words)}: {got}, not {status}\n{self.out}{self.err}')
        return self.out

    def tell(self, *words, key=None, status=0, text=None, name=None):
        """The same with --json: its object, whose shape is noted."""
        out = self.say(*words, '--json', key=key, status=status, text=text)
        value = json.loads(out)
        expect_equal(out, json.dumps(value, separators=(',', ':'), ensure_ascii=False, sort_keys=True) + '\n')
        if 'error' not in value:
            note_shape(name or words[0], value)
        return value
