# SPDX-License-Identifier: Apache-2.0
"""
A custodian that reaches a witness through TLS: by nng with a pin in its trust file, and over HTTPS by the system's
authorities. What is not accepted is told, of that witness alone, and appends go on with those that a quorum rests on.
Arguments: custody, custodyd, custody-verify.
"""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading

import contract
from contract import expect_equal
from live import CUSTODYD
from watched import KEYS, OPERATORS, House, Witness, until

WORLD = House()
# Two that are reached without TLS: a quorum by themselves.
NAMES = ['one', 'two']
AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt'
# Becomes the custodian, for whom the first file stands in the second one's place.
MOUNTED = ['sh', '-ec', 'mount --bind "$1" "$2"; shift 2; exec "$@"', 'sh']


class Proxy:
    """TLS in front of a witness's door."""

    def __init__(self, url, certificate, key):
        host, port = url[len('http://'):].split(':')
        self.behind = (host, int(port))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                one = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(one,), daemon=True).start()

    def serve(self, one):
        """A request and its answer at a time."""
        try:
            with self.context.wrap_socket(one, server_side=True) as front:
                while True:
                    request = read_message(front)
                    with socket.create_connection(self.behind) as back:
                        back.sendall(request)
                        front.sendall(read_message(back))
        except (OSError, EOFError):
            one.close()

    def end(self):
        self.socket.close()


def read_message(connection):
    """Header and body, which has the length that the header says."""
    got = b''
    while True:
        head, end, body = got.partition(b'\r\n\r\n')
        length = re.search(rb'(?i)\r\ncontent-length: *(\d+)', head)
        if end and len(body) >= (int(length.group(1)) if length else 0):
            return got
        more = connection.recv(65536)
        if not more:
            raise EOFError
        got += more


def write_policy(name, url, group='most 2 one two'):
    """One more witness at this address; the quorum is of the two others, where nothing else is said."""
    w = WORLD
    third = w.tls if url.startswith('tls') else w.https
    lines = [f'witness {one.name} {one.key} {one.url}' for one in w.witnesses]
    lines.append(f'witness {third.name} {third.key} {url}')
    text = '\n'.join([f'log {w.log_key}', *lines, 'group ' + group, 'quorum most', ''])
    return w.write(name, json.dumps({'custody_trust': 1, 'policy': text}))


def begin(policy):
    if WORLD.daemon:  # a case before has failed
        WORLD.end(signal.SIGKILL)
    WORLD.start_over('l.db', '--witnesses', policy)


def all_cosign(name):
    """What is appended, with that one among them."""
    w = WORLD
    w.wait_state('serving')
    w.append()
    until(lambda: w.missing() == [] and w.metric('custody_witness_state') == {'one': 0, 'two': 0, name: 0},
          'all have cosigned')
    expect_equal(w.metric('custody_witness_lag_entries'), {'one': 0, 'two': 0, name: 0})
    expect_equal(w.metric('custody_quorum_lag_entries'), {'': 0})
    [log] = json.loads(w.say('witness', 'show', '--dir', name, '--json'))['logs']
    expect_equal(log['size'], w.info()['size'])
    expect_equal(f'event=witness name={name} state=ok' in w.said(), True)


def all_but_one_cosign(name, policy, says):
    """It is named, and why; nothing waits for it."""
    w = WORLD
    w.wait_state('serving')
    [before] = json.loads(w.say('witness', 'show', '--dir', name, '--json'))['logs']
    w.append()
    w.append()
    until(lambda: w.missing() == [name] and w.metric('custody_witness_state') == {'one': 0, 'two': 0, name: 2},
          'that one alone is missing')
    lag = w.info()['size'] - before['size']
    expect_equal(lag >= 2, True)
    # What it cosigned before this start is known from the database, however long ago a quorum went on without it.
    expect_equal(w.metric('custody_witness_lag_entries'), {'one': 0, 'two': 0, name: lag})
    expect_equal(w.metric('custody_witness_age_seconds')[name] < 3600, True)
    expect_equal(w.metric('custody_quorum_lag_entries'), {'': 0})
    expect_equal(w.get('/healthz'), (200, 'serving\n'))
    [told] = [line for line in w.said().split('\n') if f'event=witness name={name} state=silent' in line][:1]
    expect_equal((says, says in told), (says, True))
    [after] = json.loads(w.say('witness', 'show', '--dir', name, '--json'))['logs']
    expect_equal(after['note'], before['note'])
    # Whoever rests on it reads the same.
    strict = json.loads(w.read(policy))
    strict['policy'] = re.sub(r'quorum .*', 'quorum ' + name, strict['policy'])
    w.write('strict', json.dumps(strict))
    words = ['list', '--trust', 'strict', '--state', '-']
    said = json.loads(w.say(*words, '--json', key='operator-ada', status=None))['witnesses']
    expect_equal(said['reached'], False)
    expect_equal([(one['name'], one['state'], says in one['detail']) for one in said['said']], [(name, 'silent', True)])
    expect_equal(says in w.say(*words, key='operator-ada', status=None), True)


def a_world_with_two_certificates():
    w = WORLD
    w.found(NAMES)
    for name in ('door', 'other'):
        w.say('cert', '--host', 'localhost', '--out-cert', name + '.pem', '--out-key', name + '.key')
    w.tls = Witness(w, 'tls', w.log_key, '--nng', 'tls+tcp://127.0.0.1:0', '--tls-certificate', 'door.pem', '--tls-key',
                    'door.key')
    w.https = Witness(w, 'https', w.log_key)
    w.proxy = Proxy(w.https.url, w.path('door.pem'), w.path('door.key'))
    begin('policy')
    w.wait_state('serving')
    w.say('enrol', '--party', 'acme', '--new', 'acme-alice.key', '--new', 'acme-bob.key', *OPERATORS)
    expect_equal(w.end(), 0)


def a_witness_that_is_pinned_cosigns():
    w = WORLD
    [url] = w.tls.nng
    expect_equal(url.startswith('tls+tcp://127.0.0.1:'), True)
    write_policy('right', url)
    w.say('trust', 'pin', 'right', '--url', url, '--certificate', 'door.pem')
    begin('right')
    all_cosign('tls')
    expect_equal(w.end(), 0)


def with_another_pin_it_does_not():
    w = WORLD
    [url] = w.tls.nng
    write_policy('wrong', url)
    w.say('trust', 'pin', 'wrong', '--url', url, '--certificate', 'other.pem')
    shown, pinned = [json.loads(w.say('cert', '--show', name + '.pem', '--json'))['certificate']['sha256']
                     for name in ('door', 'other')]
    begin('wrong')
    all_but_one_cosign('tls', 'wrong', f'certificate: {url}: it has sha256 {shown}, pinned is {pinned}')
    expect_equal(w.end(), 0)


def without_a_pin_nothing_starts():
    w = WORLD
    [url] = w.tls.nng
    write_policy('none', url)
    expect_equal(w.run(CUSTODYD, ['--ledger', 'l.db', *KEYS, '--witnesses', 'none', '--check']), 4)
    expect_equal(f'no certificate is pinned for {url}' in w.err, True)


def waited_for(words):
    return [name for name in (*NAMES, 'tls') if re.search(rf'\b{name}\b', words)]


def a_quorum_that_needs_it_is_waited_for():
    w = WORLD
    [url] = w.tls.nng
    for name, pin in (('wrong', 'other.pem'), ('right', 'door.pem')):
        write_policy(name, url, 'most 1 tls')
        w.say('trust', 'pin', name, '--url', url, '--certificate', pin)
    begin('wrong')
    until(lambda: w.missing() == ['tls'] and w.metric('custody_witness_state').get('tls') == 2, 'it alone is missing')
    until(lambda: waited_for(w.info()['reason']) == ['tls'], 'it alone is waited for')
    expect_equal(w.info()['state'], 'witnesses')
    status, words = w.get('/healthz')
    expect_equal((status, waited_for(words)), (503, ['tls']))
    expect_equal(w.metric('custody_quorum_lag_entries')[''] > 0, True)
    expect_equal(w.end(), 0)
    begin('right')
    all_cosign('tls')
    expect_equal(w.end(), 0)


def mounted():
    """What runs a command to which the system's authorities are others: the test's is among them."""
    if not os.path.exists(AUTHORITIES):
        raise contract.Skip(f'there is no {AUTHORITIES}')
    words = ['unshare', '-m' if os.geteuid() == 0 else '-rm', *MOUNTED, WORLD.path('door.pem'), AUTHORITIES]
    try:
        done = subprocess.run([*words, 'cmp', AUTHORITIES, WORLD.path('door.pem')], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding='utf-8', check=False, timeout=60)
    except OSError as error:
        raise contract.Skip(f'no unshare: {error}')
    if done.returncode != 0:
        raise contract.Skip('no file system of its own for the custodian: ' + ' '.join(done.stdout.split()))
    return words


def by_the_systems_authorities_it_cosigns_over_https():
    w = WORLD
    write_policy('policy', f'https://localhost:{w.proxy.port}')
    w.before = mounted()
    begin('policy')
    all_cosign('https')
    expect_equal(w.end(), 0)


def under_another_name_it_does_not():
    w = WORLD
    w.before = mounted()
    write_policy('policy', f'https://127.0.0.1:{w.proxy.port}')
    begin('policy')
    all_but_one_cosign('https', 'policy', f'certificate: https://127.0.0.1:{w.proxy.port}/add-checkpoint: ')
    expect_equal(w.end(), 0)


def whom_the_system_does_not_know_does_not():
    w = WORLD
    # No variable stands in the system's place.
    w.before = ['env'] + [f'{name}={w.path("door.pem")}' for name in ('CURL_CA_BUNDLE', 'SSL_CERT_FILE')]
    write_policy('policy', f'https://localhost:{w.proxy.port}')
    begin('policy')
    all_but_one_cosign('https', 'policy', f'certificate: https://localhost:{w.proxy.port}/add-checkpoint: ')
    expect_equal(w.end(), 0)


def all_end():
    w = WORLD
    if w.daemon:
        w.end(signal.SIGKILL)
    w.proxy.end()
    for one in [*w.witnesses, w.tls, w.https]:
        one.end()
    shutil.rmtree(w.top)


contract.main([
    a_world_with_two_certificates,
    a_witness_that_is_pinned_cosigns,
    with_another_pin_it_does_not,
    without_a_pin_nothing_starts,
    a_quorum_that_needs_it_is_waited_for,
    by_the_systems_authorities_it_cosigns_over_https,
    under_another_name_it_does_not,
    whom_the_system_does_not_know_does_not,
    all_end,
])
