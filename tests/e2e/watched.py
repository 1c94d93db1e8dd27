# SPDX-License-Identifier: Apache-2.0
"""A custodian with witnesses, all of them real processes."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from live import CUSTODY, CUSTODYD, World

# For what only a broken program doesn't do in time.
PATIENCE_S = 60
KEYS = ['--log-key', 'log.key', '--clerk-key', 'clerk.key', '--development']
OPERATORS = ['--admin', 'operator-ada.key', '--admin', 'operator-otto.key']
ADMINS = ['--admin', 'acme-alice.key', '--admin', 'acme-bob.key']
NAMES = ['one', 'two', 'three']


def until(what, why):
    end = time.monotonic() + PATIENCE_S
    while True:
        got = what()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError('in vain: ' + why)
        time.sleep(0.05)


class Witness:
    """A running `custody witness run`, at the same address each time."""

    def __init__(self, world, name, log_key, *more):
        self.world, self.name, self.url, self.process = world, name, 'http://127.0.0.1:0', None
        self.start(log_key, '--name', name + '.example/w', *more)

    def start(self, *words):
        self.process = subprocess.Popen(
            [CUSTODY, 'witness', 'run', *words, '--dir', self.name, '--listen', self.url, '--json'],
            cwd=self.world.top, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding='utf-8')
        told = json.loads(self.process.stdout.readline())
        self.url, self.key, self.nng = told['listen'], told['key'], told['nng']

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(timeout=PATIENCE_S)
        self.process.stdout.close()


class House(World):
    """Its custodian has witnesses, and a door for metrics."""

    witnesses = ()
    log = 0
    before = ()  # words in front of the custodian's own: a command that becomes it

    def begin(self, *more):
        self.start_over('l.db', '--witnesses', 'policy', *more)

    def start_over(self, database, *more):
        """Starts it; ready is not yet serving."""
        self.log += 1
        file = open(self.path(f'log{self.log}'), 'w', encoding='utf-8')
        self.daemon = subprocess.Popen(
            [*self.before, CUSTODYD, '--ledger', database, *KEYS, '--listen', self.url, '--metrics', 'http://127.0.0.1:0',
             *more], cwd=self.top, stdout=subprocess.DEVNULL, stderr=file)
        file.close()
        until(lambda: 'event=ready' in self.said(), 'the custodian is ready')
        self.metrics_url = re.search(r'event=metrics door=(\S+)', self.said()).group(1)

    def said(self):
        return self.read(f'log{self.log}')

    def end(self, number=signal.SIGTERM):
        self.daemon.send_signal(number)
        status = self.daemon.wait(timeout=PATIENCE_S)
        self.daemon = None
        return status

    def couriers(self):
        """Its processes below: those that watch, and those that dial."""
        below = {}
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{pid}/stat', encoding='utf-8') as file:
                    below.setdefault(int(file.read().rsplit(')', 1)[1].split()[1]), []).append(int(pid))
            except (FileNotFoundError, ProcessLookupError):
                continue
        watchers = below.get(self.daemon.pid, [])
        return watchers, [pid for watcher in watchers for pid in below.get(watcher, [])]

    def get(self, path):
        try:
            with urllib.request.urlopen(self.metrics_url + path, timeout=PATIENCE_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name):
        _, text = self.get('/metrics')
        return {label: int(value) for label, value in
                re.findall(r'^' + name + r'(?:\{[a-z]+="([^"]*)"\})? (\d+)$', text, re.MULTILINE)}

    def missing(self):
        return sorted(name for name, is_so in self.metric('custody_witness_missing').items() if is_so)

    def info(self):
        return json.loads(self.say('info', '--json', '--state', '-'))

    def wait_state(self, state):
        until(lambda: self.info()['state'] == state, f'the custodian is {state}')

    def append(self):
        """One more statement, of which there are as many as one likes."""
        self.people += 1
        name = f'acme/p{self.people}'
        self.say('key', 'new', '--name', name, '--no-passphrase', f'p{self.people}.key')
        self.say('enrol', '--new', f'p{self.people}.key', '--owner', 'acme/alice', *ADMINS)

    people = 0

    def found(self, names):
        """Its ledger, and witnesses of these names; its policy asks for two of them."""
        self.say('init', '--development', '--log-key', 'log.key', '--clerk-key', 'clerk.key', *OPERATORS, 'opening.json')
        self.say('trust', 'new', '--opening', 'opening.json', 'trust.json')
        if self.run(CUSTODYD, ['--init', 'opening.json', '--ledger', 'l.db', *KEYS]) != 0:
            raise AssertionError('custodyd --init: ' + self.err)
        self.log_key = log_key = json.loads(self.say('trust', 'show', '--json', 'trust.json'))['log_key']['key']
        self.witnesses = [Witness(self, name, log_key) for name in names]
        lines = [f'witness {one.name} {one.key} {one.url}' for one in self.witnesses]
        self.write('policy', '\n'.join([f'log {log_key}', *lines, f'group most 2 {" ".join(names)}', 'quorum most', '']))
