# SPDX-License-Identifier: Apache-2.0
"""
A custodian behind a TLS door, and those who dial it, in the world of the development keys: certificates, pins, sessions,
and who stands between. Arguments: custody, custodyd, custody-verify.
"""

import os
import re
import select
import shutil
import socket
import ssl
import subprocess
import threading
import time

import contract
from contract import expect_equal
from live import CUSTODY, CUSTODYD, World


class TlsWorld(World):
    """The same, behind TLS."""

    def options(self, *more):
        return ['--ledger', 'l.db', '--log-key', 'log.key', '--clerk-key', 'clerk.key', '--development', *more]

    def serve(self, *more):
        """Starts the custodian; the address of its first door."""
        self.daemon = subprocess.Popen([CUSTODYD] + self.options(*more), cwd=self.top, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, encoding='utf-8')
        self.log = ''
        for line in self.daemon.stderr:
            self.log += line
            if 'event=ready' in line:
                return re.search(r'door=(\S+)', line).group(1)
        raise AssertionError('custodyd did not start: ' + self.log)

    def stop(self):
        """It ends well, whoever is still connected."""
        if self.daemon:
            self.daemon.terminate()
            self.daemon.communicate()
            ended, self.daemon = self.daemon.returncode, None
            expect_equal(ended, 0)

    def refused(self, *more):
        """What the custodian says where it doesn't start."""
        done = subprocess.run([CUSTODYD] + self.options(*more), cwd=self.top, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding='utf-8', check=False, timeout=60)
        return done.returncode, done.stdout

    def at(self, url):
        """Everything from now on dials this."""
        self.url = url
        return self

    def code(self, *words, key=None):
        """The code of a refusal, which has to come at once."""
        began = time.monotonic()
        value = self.tell(*words, key=key, status=None)
        if time.monotonic() - began > 8:
            raise AssertionError(f'{words} took too long')
        return value['error']['code'] if 'error' in value else 'ok'


WORLD = TlsWorld()
TLS = ['--tls-certificate', 'door.pem', '--tls-key', 'door.key']
DOOR = ['--listen', 'tls+tcp://127.0.0.1:0'] + TLS


def _port(url):
    return int(url.rsplit(':', 1)[1])


def a_certificate_is_made_once():
    w = WORLD
    made = w.tell('cert', '--host', 'localhost', '--host', '127.0.0.1', '--out-cert', 'door.pem', '--out-key', 'door.key',
                  '--days', '30')['certificate']
    expect_equal((made['hosts'], made['self_signed']), (['localhost', '127.0.0.1'], True))
    expect_equal(os.stat(w.path('door.key')).st_mode & 0o777, 0o600)
    expect_equal(w.tell('cert', '--show', 'door.pem')['certificate'], made)
    expect_equal(made['sha256'] in w.say('cert', '--show', 'door.pem'), True)
    both = ['--out-cert', 'door.pem', '--out-key', 'new.key']
    expect_equal(w.code('cert', '--host', 'localhost', *both), 'exists')
    expect_equal(os.path.exists(w.path('new.key')), False)
    expect_equal(w.code('cert', '--host', 'localhost', '--out-cert', 'new.pem', '--out-key', 'door.key'), 'exists')
    expect_equal(os.path.exists(w.path('new.pem')), False)
    for words in (['--host', 'Local host'], ['--host', 'a', '--days', '0'], ['--host', 'a', '--days', '3651'],
                  ['--host', 'a', '--show', 'door.pem'], []):
        expect_equal(w.code('cert', *words, '--out-cert', 'new.pem', '--out-key', 'new.key'), 'usage')
    expect_equal(w.code('cert', '--show', 'door.key'), 'certificate')
    expect_equal(w.code('cert', '--show', 'no.pem'), 'not-found')
    w.say('cert', '--host', 'localhost', '--host', '127.0.0.1', '--out-cert', 'other.pem', '--out-key', 'other.key')


def a_ledger_is_founded():
    w = WORLD
    w.say('init', '--development', '--log-key', 'log.key', '--clerk-key', 'clerk.key', '--admin', 'operator-ada.key',
          '--admin', 'operator-otto.key', 'opening.json')
    w.say('trust', 'new', '--opening', 'opening.json', 'trust.json')
    expect_equal(w.run(CUSTODYD, ['--init', 'opening.json'] + w.options()), 0)


def doors_that_do_not_open():
    w = WORLD
    for words, code in ((['--listen', 'tls+tcp://127.0.0.1:0'], 'config'),
                        (['--publish', 'tls+tcp://127.0.0.1:0'], 'config'),
                        (DOOR[:2] + TLS[:2], 'config'), (DOOR[:2] + TLS[2:], 'config'),
                        (DOOR[:2] + ['--tls-certificate', 'door.pem', '--tls-key', 'other.key'], 'config'),
                        (DOOR[:2] + ['--tls-certificate', 'door.key', '--tls-key', 'door.key'], 'config'),
                        (DOOR[:2] + ['--tls-certificate', 'door.pem', '--tls-key', 'no.key'], 'not-found'),
                        (DOOR + ['--tls-name', 'tcp://127.0.0.1:7000'], 'config'),
                        (DOOR + ['--tls-name', 'tls+tcp://0.0.0.0:7000'], 'config'),
                        (['--listen', 'tls+tcp://localhost:0'] + TLS, 'config'),
                        (['--listen', 'tcp://0.0.0.0:0'] + TLS, 'config')):
        status, said = w.refused(*words)
        expect_equal((words, status != 0, f'code={code} ' in said), (words, True, True))
        status, said = w.refused('--check', *words)
        expect_equal((words, status, f'custodyd: {code}:' in said), (words, 4, True))
    os.chmod(w.path('door.key'), 0o640)
    expect_equal('code=key-file-open' in w.refused(*DOOR)[1], True)
    expect_equal('custodyd: key-file-open:' in w.refused('--check', *DOOR)[1], True)
    os.chmod(w.path('door.key'), 0o600)
    status, said = w.refused('--check', *DOOR)
    expect_equal((status, 'the configuration is acceptable\n' in said), (0, True))


def the_door_says_what_it_is_known_by():
    w = WORLD
    w.at(w.serve(*DOOR, '--publish', 'tls+tcp://127.0.0.1:0'))
    fingerprint = w.tell('cert', '--show', 'door.pem')['certificate']['sha256']
    expect_equal('level=info event=certificate sha256=' + fingerprint in w.log, True)
    expect_equal(w.log.count('door=tls+tcp://127.0.0.1:'), 3)


def nothing_is_said_to_a_door_that_is_not_pinned():
    w = WORLD
    expect_equal(w.code('info'), 'certificate')
    expect_equal('no certificate is pinned for tls+tcp://127.0.0.1:' in w.err + w.out, True)
    w.tell('trust', 'pin', '--certificate', 'other.pem', 'trust.json')
    expect_equal(w.code('info'), 'certificate')
    expect_equal('pinned is' in w.out, True)
    for words in (['--certificate', 'door.pem', '--authority', 'door.pem'], [], ['--certificate', 'door.pem', '--remove']):
        expect_equal(w.code('trust', 'pin', *words, 'trust.json'), 'usage')
    expect_equal(w.code('trust', 'pin', '--certificate', 'door.key', 'trust.json'), 'certificate')
    expect_equal(w.code('trust', 'pin', '--url', 'tcp://127.0.0.1:7', '--certificate', 'door.pem', 'trust.json'), 'usage')
    before = w.read('trust.json')
    pinned = w.tell('trust', 'pin', '--certificate', 'door.pem', 'trust.json')
    expect_equal([(door['url'], door['authority']) for door in pinned['doors']], [(w.url, False)])
    expect_equal(before != w.read('trust.json') and pinned == w.tell('trust', 'show', 'trust.json'), True)
    expect_equal(w.tell('info')['verified'], True)
    # A new trust file, from what the custodian says through the door that is pinned with it.
    told = w.tell('trust', 'new', '--certificate', 'door.pem', 'told.json')
    expect_equal((told['log_key'], told['doors']), (pinned['log_key'], pinned['doors']))
    expect_equal(w.code('trust', 'new', '--certificate', 'other.pem', 'told2.json'), 'certificate')
    expect_equal(w.code('trust', 'new', 'told2.json'), 'certificate')


def plain_words_at_a_tls_door():
    w = WORLD
    door = w.url
    expect_equal(w.at(door.replace('tls+', '')).code('info'), 'tls')
    w.at(door)
    expect_equal(w.code('info'), 'ok')


def parties_and_actors_are_enrolled():
    w = WORLD
    admins = ['--admin', 'acme-alice.key', '--admin', 'acme-bob.key']
    w.say('enrol', '--party', 'acme', '--new', 'acme-alice.key', '--new', 'acme-bob.key', '--admin', 'operator-ada.key',
          '--admin', 'operator-otto.key')
    w.say('enrol', '--new', 'acme-carol.key', '--role', 'approver', *admins)
    w.say('enrol', '--new', 'acme-refund-agent.key', '--owner', 'acme/alice', *admins)
    w.write('p.json', '{"admin_quorum": 2, "rules": [{"effect": "hold", "approvals": 1, "roles": ["approver"]}]}')
    w.say('policy', 'publish', 'p.json', '--scope', 'acme', *admins)


def _ask():
    return WORLD.tell('request', '--service', 'payments', '--action', 'refund', '--payload', '-',
                      key='acme-refund-agent', text='{"amount": "129.00"}')['case']


def a_case_goes_its_whole_way():
    w = WORLD
    case = _ask()
    # Somebody waits, over TLS too, while others come and say nothing, or half of what they should.
    waiting = subprocess.Popen([CUSTODY, 'wait', case, '--json', '--key', 'acme-refund-agent.key', '--state', 'w.state'],
                               cwd=w.top, stdout=subprocess.PIPE, encoding='utf-8',
                               env=dict(os.environ, CUSTODY_URL=w.url, CUSTODY_TRUST='trust.json'))
    silent = [socket.create_connection(('127.0.0.1', _port(w.url))) for _ in range(20)]
    for one in silent[:10]:
        one.sendall(b'\x16\x03\x01\x00')
    expect_equal([row['case'] for row in w.tell('inbox', key='acme-carol')['cases']], [case])
    w.say('approve', case, '--yes', key='acme-carol')
    said, _ = waiting.communicate(timeout=60)
    expect_equal((waiting.returncode, '"RELEASED"' in said), (0, True))
    taken = w.tell('consume', case, key='acme-refund-agent')
    expect_equal(taken['payload'], {'amount': '129.00'})
    w.say('outcome', case, 'fulfilled', key='acme-refund-agent')
    w.say('evidence', case, '--out', 'e.json', key='acme-refund-agent')
    w.say('verify', 'e.json')
    for one in silent:
        one.settimeout(30)
        expect_equal(one.recv(100)[1:], b'')  # dropped within its time limit
        one.close()


def by_another_name_of_the_certificate():
    w = WORLD
    door = w.url
    w.at(f'tls+tcp://localhost:{_port(door)}')
    expect_equal(w.code('info'), 'certificate')
    w.tell('trust', 'pin', '--authority', 'door.pem', 'trust.json')
    expect_equal(w.code('inbox', key='acme-carol'), 'ok')
    w.tell('trust', 'pin', '--remove', 'trust.json')
    expect_equal(w.code('inbox', key='acme-carol'), 'certificate')
    expect_equal(w.code('trust', 'pin', '--remove', 'trust.json'), 'not-found')
    w.at(door)


def _pump(one, other):
    pairs = {one: other, other: one}
    while True:
        for ready in select.select(list(pairs), [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            pairs[ready].sendall(data)
            while isinstance(ready, ssl.SSLSocket) and ready.pending():
                pairs[ready].sendall(ready.recv(65536))


class Between:
    """Somebody between a reader and the door: passes on what comes, or ends TLS himself and begins it anew."""

    def __init__(self, door, certificate=None):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.door, self.certificate = door, certificate
        threading.Thread(target=self._run, daemon=True).start()

    def _join(self, dialled):
        beyond = socket.create_connection(('127.0.0.1', self.door))
        try:
            if self.certificate:
                inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                inside.load_cert_chain(self.certificate + '.pem', self.certificate + '.key')
                outside = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                outside.check_hostname, outside.verify_mode = False, ssl.CERT_NONE
                dialled, beyond = inside.wrap_socket(dialled, server_side=True), outside.wrap_socket(beyond)
            _pump(dialled, beyond)
        except OSError:
            pass
        dialled.close()
        beyond.close()

    def _run(self):
        while True:
            try:
                dialled, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(dialled,), daemon=True).start()


def who_passes_on_needs_to_be_named():
    w = WORLD
    door = w.url
    between = Between(_port(door))
    w.at(f'tls+tcp://localhost:{between.port}')
    w.tell('trust', 'pin', '--certificate', 'door.pem', 'trust.json')
    # Anybody may ask what is open to all; a session is for a door, and the custodian doesn't know this one.
    expect_equal(w.code('info'), 'ok')
    expect_equal(w.code('inbox', key='acme-carol'), 'bad-session')
    w.stop()
    expect_equal(w.serve('--listen', door, '--tls-name', w.url, *TLS), door)
    expect_equal(w.code('inbox', key='acme-carol'), 'ok')
    expect_equal(w.tell('info')['doors'], [door, w.url])
    between.listener.close()
    w.at(door)


def who_ends_tls_himself_gets_no_session():
    w = WORLD
    door = w.url
    between = Between(_port(door), w.path('other'))
    w.stop()
    w.at(f'tls+tcp://localhost:{between.port}')
    expect_equal(w.serve('--listen', door, '--tls-name', w.url, *TLS), door)
    w.tell('trust', 'pin', '--certificate', 'door.pem', 'trust.json')
    expect_equal(w.code('info'), 'certificate')
    # The reader was made to pin the wrong one, even for an address that is the custodian's: what it signs is of no use.
    w.tell('trust', 'pin', '--certificate', 'other.pem', 'trust.json')
    expect_equal(w.code('info'), 'ok')
    expect_equal(w.code('inbox', key='acme-carol'), 'bad-session')
    expect_equal('another certificate' in w.out, True)
    between.listener.close()
    w.at(door)
    expect_equal(w.code('inbox', key='acme-carol'), 'ok')


def everywhere():
    w = WORLD
    w.stop()
    heard = w.serve('--listen', 'tls+tcp://0.0.0.0:0', *TLS)
    w.at(f'tls+tcp://127.0.0.1:{_port(heard)}')
    w.tell('trust', 'pin', '--certificate', 'door.pem', 'trust.json')
    expect_equal(w.code('inbox', key='acme-carol'), 'ok')


def a_configuration_file_says_it_as_well():
    w = WORLD
    w.stop()
    w.write('c.json', '{"listen": ["tls+tcp://127.0.0.1:0"], "tls_certificate": "door.pem", "tls_key": "door.key",\n'
                      ' "tls_names": ["tls+tcp://custody.example.org:443"]}')
    heard = w.serve('--config', 'c.json')
    w.at(heard)
    w.tell('trust', 'pin', '--certificate', 'door.pem', 'trust.json')
    expect_equal(w.tell('info')['doors'], [heard, 'tls+tcp://custody.example.org:443'])
    w.stop()


def the_custodian_ends():
    WORLD.stop()
    shutil.rmtree(WORLD.top)


contract.main([
    a_certificate_is_made_once,
    a_ledger_is_founded,
    doors_that_do_not_open,
    the_door_says_what_it_is_known_by,
    nothing_is_said_to_a_door_that_is_not_pinned,
    plain_words_at_a_tls_door,
    parties_and_actors_are_enrolled,
    a_case_goes_its_whole_way,
    by_another_name_of_the_certificate,
    who_passes_on_needs_to_be_named,
    who_ends_tls_himself_gets_no_session,
    everywhere,
    a_configuration_file_says_it_as_well,
    the_custodian_ends,
])
