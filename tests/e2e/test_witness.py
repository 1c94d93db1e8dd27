# SPDX-License-Identifier: Apache-2.0
"""
`custody witness` beside a real custodian: begun with one command, it follows the ledger by nng and by its tiles over HTTP,
takes submissions, is killed and goes on; a ledger that goes back or splits is stopped, and what is kept convicts it.
Arguments: custody, custodyd, custody-verify.
"""

import base64
import contextlib
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

import contract
from contract import expect_equal
from live import CUSTODY, CUSTODYD, VERIFY, World

WORLD = World()
ORIGIN = 'custody.example/dev'
HTTP = 'http://127.0.0.1:0'
# For what only a broken program doesn't do in time.
PATIENCE_S = 60


class Witness:
    """A running `custody witness run`; what it says of itself."""

    def __init__(self, folder, *words):
        self.folder = folder
        self.process = subprocess.Popen(
            [CUSTODY, 'witness', 'run', '--dir', folder, '--listen', HTTP, '--every', '50ms', '--json', *words],
            cwd=WORLD.top, stdout=subprocess.PIPE, stderr=open(WORLD.path(folder + '.err'), 'a'), encoding='utf-8')
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f'the witness did not start: {WORLD.read(folder + ".err")}')
        self.told = json.loads(line)
        self.url = self.told['listen']

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        status = self.process.wait(timeout=PATIENCE_S)
        self.process.stdout.close()
        return status

    def log(self, status=None):
        told = json.loads(WORLD.say('witness', 'show', '--dir', self.folder, '--json', status=status))
        [log] = [log for log in told['logs'] if log['origin'] == ORIGIN]
        return log

    def wait(self, what):
        """Until the log reads so."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            log = self.log()
            if what(log):
                return log
            time.sleep(0.05)
        raise AssertionError(f'the log is still {log}: {WORLD.read(self.folder + ".err")}')

    def post(self, body):
        request = urllib.request.Request(self.url + '/add-checkpoint', data=body.encode(), method='POST')
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, answer.headers['Content-Type'], answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers['Content-Type'], error.read().decode()


def size_now():
    return json.loads(WORLD.say('info', '--json'))['size']


def vkey():
    return json.loads(WORLD.say('trust', 'show', '--json', 'trust.json'))['log_key']['key']


def a_newcomer_begins_a_witness():
    w = WORLD
    w.say('init', '--development', '--log-key', 'log.key', '--clerk-key', 'clerk.key', '--admin', 'operator-ada.key',
          '--admin', 'operator-otto.key', 'opening.json')
    w.say('trust', 'new', '--opening', 'opening.json', 'trust.json')
    expect_equal(w.run(CUSTODYD, ['--init', 'opening.json', '--ledger', 'l.db', '--log-key', 'log.key', '--clerk-key',
                                  'clerk.key', '--development']), 0)
    w.start()
    one = w.first = Witness('w1', vkey(), '--name', 'witness.example/w1', '--follow', w.url)
    expect_equal(one.told['policy'], f'witness witness.example/w1 {one.told["key"]} {one.url}')
    expect_equal(one.told['name'], 'witness.example/w1')
    expect_equal(oct(os.stat(w.path('w1')).st_mode & 0o777), '0o700')
    one.wait(lambda log: log['size'] == 1)
    expect_equal(one.log(status=0)['stopped'], '')


def it_follows_a_ledger_that_grows():
    w = WORLD
    w.say('enrol', '--party', 'acme', '--new', 'acme-alice.key', '--new', 'acme-bob.key', '--admin', 'operator-ada.key',
          '--admin', 'operator-otto.key')
    w.say('enrol', '--new', 'acme-refund-agent.key', '--owner', 'acme/alice', '--admin', 'acme-alice.key', '--admin',
          'acme-bob.key')
    expect_equal(size_now(), 3)
    log = w.first.wait(lambda log: log['size'] == 3)
    # Anybody reads what it cosigned last.
    path = hashlib.sha256(ORIGIN.encode()).hexdigest() + '/checkpoint'
    with urllib.request.urlopen(f'{w.first.url}/{path}', timeout=PATIENCE_S) as answer:
        note = answer.read().decode()
    expect_equal(note, log['note'])
    expect_equal(note.split('\n')[:2], [ORIGIN, '3'])
    lines = [line for line in note.split('\n') if line.startswith('\u2014 ')]
    expect_equal([line.split(' ')[1] for line in lines], [ORIGIN, 'witness.example/w1'])
    seconds = int.from_bytes(base64.b64decode(lines[1].split(' ')[2])[4:12], 'big')
    expect_equal(seconds * 1000, log['time'])
    expect_equal(abs(seconds - time.time()) < 3600, True)


def the_log_alone(note):
    """The note without what witnesses wrote below it."""
    text, lines = note.rsplit('\n\n', 1)
    own = [line for line in lines.split('\n') if line.startswith(f'\u2014 {ORIGIN} ')]
    return f'{text}\n\n{own[0]}\n'


def it_answers_a_submitter():
    w = WORLD
    note = the_log_alone(w.first.log()['note'])
    status, kind, body = w.first.post(f'old 0\n\n{note}')
    expect_equal((status, kind, body), (409, 'text/x.tlog.size', '3\n'))
    status, kind, body = w.first.post(f'old 3\n\n{note}')
    expect_equal((status, body.split(' ')[:2]), (200, ['\u2014', 'witness.example/w1']))
    expect_equal(w.first.post(f'old 4\n\n{note}')[0], 400)
    expect_equal(w.first.post(f'old 3\n\n{note.replace(ORIGIN, "other.example")}')[0], 404)
    expect_equal(w.first.post(f'old 3\n\n{note.replace("3", "4", 1)}')[0], 403)


def a_killed_one_goes_on():
    w = WORLD
    expect_equal(w.first.end(signal.SIGKILL), -signal.SIGKILL)
    before = w.first.log()
    w.first = Witness('w1')
    expect_equal(w.first.log()['size'], before['size'])
    expect_equal(w.first.told['name'], 'witness.example/w1')
    w.say('enrol', '--new', 'acme-worker.key', '--kind', 'service', '--owner', 'acme/bob', '--admin', 'acme-alice.key',
          '--admin', 'acme-bob.key')
    w.first.wait(lambda log: log['size'] == 4)


def the_tiles_of_any_log_are_followed():
    w = WORLD
    w.say('tiles', 'export', '--no-entries', 'tiles')
    server = subprocess.Popen(['python3', '-m', 'http.server', '--bind', '127.0.0.1', '--directory', w.path('tiles'), '0'],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding='utf-8',
                              env=dict(os.environ, PYTHONUNBUFFERED='1'))
    url = server.stdout.readline().split('(')[1].split(')')[0]
    try:
        second = Witness('w2', vkey(), '--name', 'witness.example/w2', '--follow', url)
        second.wait(lambda log: log['size'] == 4)
        expect_equal(second.end(), 0)
    finally:
        server.kill()
        server.communicate()


def a_clock_that_was_wrong_is_confirmed():
    w = WORLD
    years = 5 * 366 * 86400
    with contextlib.closing(sqlite3.connect(w.path('w2/witness.db'))) as state:
        state.execute('UPDATE log SET time = time + ?', (years,))
        state.commit()
    second = Witness('w2')
    body = f'old 4\n\n{the_log_alone(second.log()["note"])}'
    problem = json.loads(second.post(body)[2])
    expect_equal((problem['status'], problem['code']), (503, 'witness-clock'))
    expect_equal('custody witness clear ORIGIN --confirm-clock' in problem['next'], True)
    w.say('witness', 'clear', ORIGIN, '--dir', 'w2', '--yes')
    expect_equal(second.post(body)[0], 503)
    w.say('witness', 'clear', ORIGIN, '--dir', 'w2', '--confirm-clock', status=4)
    expect_equal(second.post(body)[0], 503)
    expect_equal('confirmed' in w.say('witness', 'clear', ORIGIN, '--dir', 'w2', '--confirm-clock', '--yes'), True)
    expect_equal(second.post(body)[0], 200)
    expect_equal(abs(second.log()['time'] / 1000 - time.time()) < 3600, True)
    expect_equal('not ahead' in w.say('witness', 'clear', ORIGIN, '--dir', 'w2', '--confirm-clock', '--yes'), True)
    expect_equal(second.end(), 0)


def keys_and_states_belong_together():
    w = WORLD
    expect_equal('store-locked' in json.dumps(json.loads(w.say('witness', 'run', '--dir', 'w1', '--json', status=None))), True)
    shutil.copytree(w.path('w2'), w.path('w3'))
    os.unlink(w.path('w3/witness.db'))
    expect_equal('forgot' in json.loads(w.say('witness', 'run', '--dir', 'w3', '--json', status=4))['error']['detail'], True)
    shutil.copy(w.path('w1/witness.db'), w.path('w3'))
    os.chmod(w.path('w3/witness.db'), 0o600)
    expect_equal(json.loads(w.say('witness', 'run', '--dir', 'w3', '--json', status=4))['error']['code'], 'config')


def copy_ledger(to):
    for end in ('', '-wal'):
        if os.path.exists(WORLD.path('l.db' + end)):
            shutil.copy(WORLD.path('l.db' + end), WORLD.path(to + end))


def put_back(name):
    for end in ('', '-wal', '-shm'):
        if os.path.exists(WORLD.path('l.db' + end)):
            os.unlink(WORLD.path('l.db' + end))
        if os.path.exists(WORLD.path(name + end)):
            shutil.copy(WORLD.path(name + end), WORLD.path('l.db' + end))
    os.chmod(WORLD.path('l.db'), 0o600)


def a_ledger_that_goes_back_is_stopped():
    w = WORLD
    w.stop()
    copy_ledger('yesterday')
    w.start()
    w.say('enrol', '--new', 'acme-carol.key', '--role', 'approver', '--admin', 'acme-alice.key', '--admin', 'acme-bob.key')
    w.first.wait(lambda log: log['size'] == 5)
    w.stop()
    put_back('yesterday')
    w.start()
    log = w.first.wait(lambda log: log['stopped'] != '')
    expect_equal((log['stopped'], log['size']), ('went-back', 5))
    expect_equal(w.first.log(status=2)['stopped'], 'went-back')
    # By itself it convicts nobody.
    expect_equal(w.run(CUSTODY, ['verify', log['file']]), 3)
    expect_equal(w.first.post(f'old 5\n\n{the_log_alone(log["note"])}')[0], 422)


def a_ledger_that_splits_is_convicted():
    w = WORLD
    # Clients that have seen the other history would refuse this one: these have seen none.
    os.unlink(w.path('trust.json.state'))
    w.say('enrol', '--party', 'globex', '--new', 'globex-gina.key', '--new', 'globex-george.key', '--admin',
          'operator-ada.key', '--admin', 'operator-otto.key')
    w.say('enrol', '--new', 'acme-carol.key', '--role', 'approver', '--admin', 'acme-alice.key', '--admin', 'acme-bob.key')
    w.say('witness', 'clear', ORIGIN, '--dir', 'w1', status=4)
    expect_equal('cleared' in w.say('witness', 'clear', ORIGIN, '--dir', 'w1', '--yes'), True)
    log = w.first.wait(lambda log: log['stopped'] != '')
    expect_equal(log['stopped'], 'fork')
    expect_equal(log['size'], 5)
    # To anybody who has the log's key, offline.
    expect_equal(w.run(CUSTODY, ['verify', log['file']]), 0)
    expect_equal(w.run(VERIFY, ['--trust', 'trust.json', log['file']]), 0)


def it_ends_as_it_should():
    w = WORLD
    expect_equal(w.first.end(signal.SIGINT), 0)
    w.say('witness', 'remove', ORIGIN, '--dir', 'w1')
    w.say('witness', 'remove', 'other.example', '--dir', 'w1', status=1)
    expect_equal(w.first.log(status=0)['removed'], True)
    w.say('witness', 'add', vkey(), '--dir', 'w1')
    expect_equal((w.first.log()['removed'], w.first.log()['size']), (False, 5))
    expect_equal('kept' in w.say('witness', 'add', vkey(), '--dir', 'w1'), True)
    # A new key counts from the next size on.
    new = json.loads(w.say('key', 'new', '--name', ORIGIN, '--no-passphrase', '--json', 'next.key'))['key']
    w.say('witness', 'key', ORIGIN, new, '--dir', 'w1', status=4)
    w.say('witness', 'key', ORIGIN, new, '--dir', 'w1', '--from', '5', '--yes')
    expect_equal(w.first.log()['keys'], [{'from': 0, 'key': vkey()}, {'from': 5, 'key': new}])
    w.say('witness', 'key', ORIGIN, vkey(), '--dir', 'w1', '--from', '5', '--yes', status=1)
    w.say('witness', 'key', 'other.example', new, '--dir', 'w1', '--yes', status=1)
    # What isn't a log, or an address, makes nothing.
    for words in (['nothing'], [vkey(), '--follow', 'ftp://a/'], [vkey(), '--certificate', 'x'],
                  [vkey(), '--follow', 'https://a/', '--certificate', 'trust.json'], ['--follow', 'http://a/']):
        w.say('witness', 'run', *words, '--dir', 'w9', status=None)
        expect_equal(os.path.exists(w.path('w9')), False)
    w.say('witness', 'show', '--dir', 'w9', status=1)
    w.stop()
    shutil.rmtree(w.top)


contract.main([
    a_newcomer_begins_a_witness,
    it_follows_a_ledger_that_grows,
    it_answers_a_submitter,
    a_killed_one_goes_on,
    the_tiles_of_any_log_are_followed,
    a_clock_that_was_wrong_is_confirmed,
    keys_and_states_belong_together,
    a_ledger_that_goes_back_is_stopped,
    a_ledger_that_splits_is_convicted,
    it_ends_as_it_should,
])
