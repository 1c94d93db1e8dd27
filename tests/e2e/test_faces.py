# SPDX-License-Identifier: Apache-2.0
"""
A custodian with two faces: two processes with its keys and one past, each of which goes its own way. What two executors and
an outsider, each a process of its own, make of it with witnesses and without. Arguments: custody, custodyd, custody-verify.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time

import contract
import live
from contract import expect_equal
from live import CUSTODY, CUSTODYD, VERIFY

PATIENCE_S = 60
AGENT = 'acme-refund-agent'
KEYS = ['--log-key', 'log.key', '--clerk-key', 'clerk.key', '--development']


def until(what, why):
    end = time.monotonic() + PATIENCE_S
    while not what():
        if time.monotonic() > end:
            raise AssertionError('in vain: ' + why)
        time.sleep(0.05)


class Witness:
    """custody witness run, on a port of its own."""

    def __init__(self, world, name):
        self.world, self.name, self.port, self.process = world, name, 0, None
        self.start()

    def start(self):
        words = [] if self.port else [self.world.log_key]
        self.process = subprocess.Popen(
            [CUSTODY, 'witness', 'run', *words, '--dir', self.name, '--name', f'{self.name}.example/w',
             '--listen', f'http://127.0.0.1:{self.port}'],
            cwd=self.world.top, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8')
        self.said = ''
        for line in self.process.stdout:
            self.said += line
            found = re.search(r'http://127\.0\.0\.1:(\d+)', line)
            self.port = self.port or int(found.group(1)) if found else self.port
            vkey = re.search(r'(\S+\.example/w\+[0-9a-f]{8}\+\S+)', line)
            self.vkey = vkey.group(1) if vkey else getattr(self, 'vkey', None)
            if self.port and self.vkey and 'http' in line:
                return
        raise AssertionError('the witness did not start: ' + self.said)

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.communicate()
            self.process = None

    def line(self):
        return f'witness {self.name} {self.vkey} http://127.0.0.1:{self.port}/'


class World(live.World):
    """acme, whose policy holds what its agent asks for until one approver says yes; and a second face."""

    def __init__(self):
        super().__init__()
        self.face = None
        self.face_url = 'ipc://' + self.path('f')
        self.log_key = json.loads(subprocess.run([CUSTODY, 'key', 'show', 'log.key', '--json'], cwd=self.top, check=True,
                                                 stdout=subprocess.PIPE).stdout)['key']
        operators = ['--admin', 'operator-ada.key', '--admin', 'operator-otto.key']
        admins = ['--admin', 'acme-alice.key', '--admin', 'acme-bob.key']
        self.say('init', *KEYS, *operators, '--name', 'Ada', 'opening.json')
        self.say('trust', 'new', '--opening', 'opening.json', 'trust.json')
        subprocess.run([CUSTODYD, '--init', 'opening.json', '--ledger', 'l.db', *KEYS], cwd=self.top, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.start()
        self.say('enrol', '--party', 'acme', '--new', 'acme-alice.key', '--new', 'acme-bob.key', '--name', 'Alice',
                 *operators)
        self.say('enrol', '--new', 'acme-carol.key', '--role', 'approver', '--name', 'Carol', *admins)
        self.say('enrol', '--new', AGENT + '.key', '--owner', 'acme/alice', *admins)
        self.write('policy.json', '{"admin_quorum":2,"rules":[{"effect":"hold","approvals":1,"roles":["approver"]}]}')
        self.say('policy', 'publish', 'policy.json', '--scope', 'acme', *admins)
        self.write('payload.json', '{"amount":"129.00"}')

    def released(self):
        """A case that its executor may consume."""
        case = self.tell('request', '--service', 'payments', '--action', 'refund', '--payload', 'payload.json',
                         key=AGENT)['case']
        self.say('approve', case, '--yes', key='acme-carol')
        return case

    def size(self):
        return self.tell('info', key=None)['size']

    def part(self, *more):
        """From here on there are two: the ledger as it is, and a copy of it that goes another way."""
        size = self.size()
        shutil.rmtree(self.path('face'), ignore_errors=True)
        os.mkdir(self.path('face'))
        self.say('backup', '--ledger', 'l.db', '--to', 'face/l.db', '--state', '-')
        self.face = subprocess.Popen(
            [CUSTODYD, '--ledger', 'face/l.db', *KEYS, '--listen', self.face_url, '--restored', str(size), *more],
            cwd=self.top, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding='utf-8')
        for line in self.face.stderr:
            if 'event=ready' in line:
                return
        raise AssertionError('the other face did not start')

    def unpart(self):
        self.face.send_signal(signal.SIGTERM)
        self.face.communicate()
        self.face = None

    def consume(self, case, url, name, *more, trust='trust.json'):
        """An executor with a state file and a receipt of its own; its exit status."""
        return self.run(CUSTODY, ['consume', case, '--url', url, '--trust', trust, '--key', AGENT + '.key', '--state',
                                  name + '.state', '--receipt', name + '.tlog-proof', *more])

    def ask_face(self):
        self.say('request', '--service', 'payments', '--action', 'refund', '--payload', 'payload.json', '--url',
                 self.face_url, '--state', 'face.state', key=AGENT)

    def clear_contradictions(self):
        """A person has looked at them."""
        for name in os.listdir(self.top):
            if '.contradiction-' in name:
                os.unlink(self.path(name))

    def outsider(self, program, *words):
        """Somebody with nothing but a file: no custodian, no trust file, no key. The status."""
        env = {name: value for name, value in os.environ.items() if not name.startswith('CUSTODY_')}
        os.makedirs(self.path('outside'), exist_ok=True)
        done = subprocess.run([program, *words], cwd=self.path('outside'), env=env, encoding='utf-8',
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=100)
        self.out, self.err = done.stdout, done.stderr
        return done.returncode


W = World()


def expect_in(part, text):
    if part not in text:
        raise AssertionError(f'{part!r} is not in {text!r}')


# ---- without witnesses ----

def two_executors_act_and_their_receipts_convict():
    """Issue 5, "What it must show" 6: without witnesses both act, and the two receipts convict the custodian."""
    case = W.released()
    W.part()
    expect_equal(W.consume(case, W.url, 'one'), 0)
    expect_equal(W.consume(case, W.face_url, 'two'), 0)
    W.unpart()
    # A third process, offline: the two receipts alone.
    expect_equal(W.run(CUSTODY, ['compare', 'one.tlog-proof', 'two.tlog-proof', '--out', 'found.json']), 1)
    shutil.copy(W.path('found.json'), W.path('kept.json'))
    expect_equal(W.outsider(CUSTODY, 'convict', W.path('found.json')), 0)
    expect_in('convicts the custodian', W.out)
    expect_in('not pinned', W.out)
    expect_equal(W.outsider(VERIFY, W.path('found.json')), 0)
    expect_in('whoever owns', W.out)
    expect_equal(W.run(VERIFY, ['--trust', 'trust.json', 'found.json']), 0)
    expect_equal('not pinned' in W.out, False)
    expect_equal(W.tell('convict', 'found.json')['contradiction']['pinned'], True)


def a_file_with_one_byte_changed_convicts_nobody():
    text = W.read('found.json')
    at = text.index('"notes":["') + 60
    W.write('changed.json', text[:at] + ('1' if text[at] != '1' else '2') + text[at + 1:])
    expect_equal(W.outsider(CUSTODY, 'convict', W.path('changed.json')), 1)
    expect_equal(W.outsider(CUSTODY, 'convict', W.path('trust.json')), 1)


def receipts_of_one_ledger_convict_nobody():
    case = W.released()
    index = W.tell('show', case, key='acme-carol')['entries'][-1]['index'] if False else W.size() - 1
    W.say('receipt', str(index), '--out', 'a.tlog-proof', key=AGENT)
    W.say('receipt', str(index - 1), '--out', 'b.tlog-proof', key=AGENT)
    expect_equal(W.tell('compare', 'a.tlog-proof', 'b.tlog-proof')['result'], 'one tree')
    W.released()
    W.say('receipt', str(index), '--out', 'c.tlog-proof', '--inside', key=AGENT)
    expect_equal(W.run(CUSTODY, ['compare', 'a.tlog-proof', 'c.tlog-proof', '--url', W.url, '--state', '-']), 0)
    expect_in('one ledger', W.out)
    expect_equal(W.tell('compare', 'a.tlog-proof', '--url', W.url, '--state', '-')['result'], 'one ledger')


def receipts_are_good_without_the_custodian():
    W.stop()
    expect_equal(W.run(VERIFY, ['--trust', 'trust.json', 'a.tlog-proof']), 0)
    expect_in('entry', W.out)
    expect_equal(W.run(VERIFY, ['--trust', 'trust.json', 'c.tlog-proof']), 0)
    expect_equal(W.say('verify', 'a.tlog-proof').splitlines()[1].split()[:2], ['checkpoint', 'holds'])
    expect_equal(W.run(VERIFY, ['--trust', 'trust.json', '--entry', 'b.tlog-proof.entry', 'a.tlog-proof']), 1)
    expect_in('proof-invalid', W.out)
    W.write('policy.txt', f'log {W.log_key}\nquorum none\n')
    expect_equal(W.run(VERIFY, ['--trust', 'policy.txt', 'a.tlog-proof']), 0)
    W.start()


def two_vendors_compare_what_they_were_shown():
    """Issue 5, "What it must show" 2: one vendor's own newest checkpoint, held against what another one is shown."""
    W.part()
    case = W.released()
    expect_equal(W.consume(case, W.url, 'vendor'), 0)
    # Shorter than what the vendor has seen: that shows, and by itself proves nothing (ATTACKS row 19).
    W.ask_face()
    expect_equal(W.run(CUSTODY, ['compare', 'vendor.state', '--url', W.face_url, '--state', 'short.state', '--out',
                                 'short.json']), 1)
    expect_in('went-back', W.err)
    expect_equal(W.outsider(CUSTODY, 'convict', W.path('short.json')), 3)
    W.clear_contradictions()
    # Longer, with other entries: its own proof convicts it (row 21).
    for _ in range(4):
        W.ask_face()
    expect_equal(W.run(CUSTODY, ['compare', 'vendor.state', '--url', W.face_url, '--state', 'other.state', '--out',
                                 'shown.json']), 1)
    expect_in('split-view', W.err)
    W.unpart()
    expect_equal(W.outsider(CUSTODY, 'convict', W.path('shown.json')), 0)
    expect_in('begins with other entries', W.out)
    # Who saw it acts no more on that ledger; who did not, goes on.
    fresh = W.released()
    expect_equal(W.consume(fresh, W.url, 'other'), 1)
    expect_in('contradicted itself', W.err)
    W.clear_contradictions()
    expect_equal(W.consume(fresh, W.url, 'vendor-2'), 0)


# ---- with witnesses ----

WITNESSES = []


def start_with_witnesses():
    W.stop()
    WITNESSES.extend(Witness(W, name) for name in ('w0', 'w1', 'w2'))
    W.write('witnesses.txt', f'log {W.log_key}\n' + ''.join(w.line() + '\n' for w in WITNESSES) +
            'group all 2 w0 w1 w2\nquorum all\n')
    trust = json.loads(W.read('trust.json'))
    trust['policy'] = W.read('witnesses.txt')
    W.write('witnessed.json', json.dumps(trust, separators=(',', ':'), sort_keys=True))
    W.start('--witnesses', 'witnesses.txt')


def an_executor_acts_when_two_of_three_have_cosigned():
    case = W.released()
    status = W.consume(case, W.url, 'w-one', trust='witnessed.json')
    expect_equal((status, W.err if status else ''), (0, ''))
    expect_equal(W.run(VERIFY, ['--trust', 'witnessed.json', 'w-one.tlog-proof']), 0)
    expect_in('the quorum of witnesses cosigned', W.out)
    case = W.released()
    expect_equal(W.consume(case, W.url, 'w-raw', trust='witnesses.txt'), 0) # a raw policy is a trust file


def nobody_acts_while_two_are_down_and_all_goes_on_when_they_are_back():
    """Issue 5, "What it must show" 3."""
    WITNESSES[0].stop()
    WITNESSES[2].stop()
    case = W.released()
    size = W.size()
    expect_equal(W.consume(case, W.url, 'w-two', '--timeout', '3s', trust='witnessed.json'), 3)
    expect_in('not-witnessed', W.err)
    expect_in('w0, w2', W.err)
    expect_equal(W.size(), size) # nothing was spent
    W.say('show', case, '--trust', 'witnessed.json', key='acme-carol', status=3)
    expect_in('nobody can act on it', W.out)
    until(lambda: 'nobody can act' in W.say('inbox', '--trust', 'witnessed.json', key='acme-carol'), 'inbox says why')
    seen = W.tell('show', case, '--trust', 'witnessed.json', key='acme-carol', status=3)['witnesses']
    expect_equal((seen['reached'], [one['name'] for one in seen['said']]), (False, ['w0', 'w1', 'w2']))
    WITNESSES[0].start()
    WITNESSES[2].start()
    expect_equal(W.consume(case, W.url, 'w-three', '--timeout', '60s', trust='witnessed.json'), 0)
    expect_equal(W.consume(case, W.url, 'w-four', trust='witnessed.json'), 1) # never twice
    W.say('show', case, '--trust', 'witnessed.json', key='acme-carol')
    expect_equal('nobody can act' in W.out, False)


def of_two_faces_the_witnesses_see_one():
    """Issue 5, "What it must show" 6: with witnesses neither face's executor acts twice, and one of them does not at all."""
    case = W.released()
    # The copy has the release with its cosignatures: what parts the two is the consume.
    W.say('receipt', str(W.size() - 1), '--witnessed', '--trust', 'witnessed.json', key=AGENT)
    W.part()
    expect_equal(W.consume(case, W.url, 'w-five', '--timeout', '60s', trust='witnessed.json'), 0)
    # The other face takes the consume too, and gets nobody to cosign it: its executor waits, and does not act.
    waiting = subprocess.Popen(
        [CUSTODY, 'consume', case, '--url', W.face_url, '--trust', 'witnessed.json', '--key', AGENT + '.key', '--state',
         'w-six.state', '--receipt', 'w-six.tlog-proof', '--timeout', '3s'],
        cwd=W.top, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8')
    said = ''
    for line in waiting.stderr:
        said += line
        if 'it acts when they have come' in line:
            break
    expect_in('it acts when they have come', said)
    waiting.send_signal(signal.SIGINT)
    out, _ = waiting.communicate(timeout=PATIENCE_S)
    expect_equal((waiting.returncode == 0, out), (False, ''))
    expect_equal(os.path.exists(W.path('w-six.tlog-proof')), False)
    # What it was given convicts whoever signed it, all the same.
    W.say('receipt', str(W.size() - 1), '--out', 'honest.tlog-proof', key=AGENT)
    status = W.run(CUSTODY, ['compare', 'honest.tlog-proof', 'w-six.state', '--out', 'faces.json'])
    expect_equal((status, W.out if status != 1 else ''), (1, ''))
    expect_equal(W.outsider(CUSTODY, 'convict', W.path('faces.json')), 0)
    W.unpart()


def the_custodian_ends():
    for witness in WITNESSES:
        witness.stop()
    W.stop()
    shutil.rmtree(W.top)


contract.main([
    two_executors_act_and_their_receipts_convict,
    a_file_with_one_byte_changed_convicts_nobody,
    receipts_of_one_ledger_convict_nobody,
    receipts_are_good_without_the_custodian,
    two_vendors_compare_what_they_were_shown,
    start_with_witnesses,
    an_executor_acts_when_two_of_three_have_cosigned,
    nobody_acts_while_two_are_down_and_all_goes_on_when_they_are_back,
    of_two_faces_the_witnesses_see_one,
    the_custodian_ends,
])
