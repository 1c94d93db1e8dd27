# SPDX-License-Identifier: Apache-2.0
"""
The commands against a running custodian, in the world of the development keys: what they do, their exit statuses, and
the shapes of their JSON, which tests/contract/help/json.txt records. Arguments: custody, custodyd, custody-verify;
--write records the shapes anew.
"""

import base64
import json
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import time

import contract
from contract import expect_equal
from json_schema import Schemas
from live import CUSTODY, CUSTODYD, VERIFY, World, compare_shapes, note_shape

WORLD = World()


def expect_code(value, code):
    expect_equal(value['error']['code'], code)


def a_ledger_is_founded_and_served():
    w = WORLD
    opened = w.tell('init', '--development', '--log-key', 'log.key', '--clerk-key', 'clerk.key', '--admin',
                    'operator-ada.key', '--admin', 'operator-otto.key', '--name', 'Ada', 'opening.json')
    expect_equal(opened['ledger'], 'custody.example/dev')
    w.tell('trust', 'new', '--opening', 'opening.json', 'trust.json', name='trust new')
    expect_equal(w.run(CUSTODYD, ['--init', 'opening.json', '--ledger', 'l.db', '--log-key', 'log.key', '--clerk-key',
                                  'clerk.key', '--development']), 0)
    w.start()
    info = w.tell('info')
    expect_equal((info['ledger'], info['size'], info['verified'], info['development']),
                 ('custody.example/dev', 1, True, True))
    expect_equal('verified' in w.say('info'), True)
    # The custodian's word for its key is the same as the one that was pinned.
    told = w.tell('trust', 'new', 'told.json', name='trust new')
    expect_equal(told['log_key'], w.tell('trust', 'show', 'trust.json', name='trust show')['log_key'])
    expect_equal(w.tell('key', 'show', 'acme-alice.key', name='key show')['name'], 'acme/alice')
    # A TLS door's certificate, made, shown and pinned; test_tls.py dials one.
    made = w.tell('cert', '--host', 'localhost', '--out-cert', 'door.pem', '--out-key', 'door.key')
    expect_equal(w.tell('cert', '--show', 'door.pem'), made)
    w.say('trust', 'new', '--opening', 'opening.json', 'pinned.json')
    pinned = w.tell('trust', 'pin', '--url', 'tls+tcp://localhost:7440', '--certificate', 'door.pem', 'pinned.json',
                    name='trust pin')
    expect_equal(pinned, w.tell('trust', 'show', 'pinned.json', name='trust show'))


def parties_and_actors_are_enrolled():
    w = WORLD
    operators = ['--admin', 'operator-ada.key', '--admin', 'operator-otto.key']
    admins = ['--admin', 'acme-alice.key', '--admin', 'acme-bob.key']
    done = w.tell('enrol', '--party', 'acme', '--new', 'acme-alice.key', '--new', 'acme-bob.key', '--name', 'Alice',
                  *operators)
    expect_equal((done['submitted']['index'], done['submitted']['type']), (1, 'party.enrol'))
    w.say('enrol', '--party', 'globex', '--new', 'globex-gina.key', '--new', 'globex-george.key', *operators)
    w.say('enrol', '--new', 'acme-carol.key', '--role', 'approver', '--name', 'Carol', *admins)
    w.say('enrol', '--new', 'acme-refund-agent.key', '--owner', 'acme/alice', *admins)
    w.say('enrol', '--new', 'acme-worker.key', '--kind', 'service', '--owner', 'acme/bob', *admins)
    # The same again, refused with the custodian's code.
    expect_code(w.tell('enrol', '--new', 'acme-carol.key', *admins, status=1), 'duplicate-actor')
    expect_code(w.tell('enrol', '--new', 'globex-auditor.key', '--kind', 'service', '--role', 'auditor', '--owner',
                       'globex/gina', '--admin', 'globex-gina.key', status=1), 'under-threshold')
    rows = w.tell('actors', 'acme', key='acme-carol')['actors']
    expect_equal([row['actor'] for row in rows],
                 ['acme/alice', 'acme/bob', 'acme/carol', 'acme/refund-agent', 'acme/worker'])
    expect_equal('owner acme/bob' in w.say('actors', key='acme-carol'), True)


def a_draft_goes_from_machine_to_machine():
    w = WORLD
    made = w.tell('enrol', '--new', 'globex-auditor.key', '--kind', 'service', '--role', 'auditor', '--owner',
                  'globex/gina', '--cosigner', 'globex/gina', '--cosigner', 'globex/george', '--draft', 'a.draft')
    expect_equal(made['missing'], ['globex/gina', 'globex/george'])
    expect_code(w.tell('submit', 'a.draft', status=1), 'under-threshold')
    w.tell('sign', 'a.draft', '--yes', key='globex-gina')
    expect_code(w.tell('sign', 'a.draft', key='globex-george', status=4), 'usage')
    w.say('sign', 'a.draft', '--yes', key='globex-george')
    done = w.tell('submit', 'a.draft', '--receipt', 'a.receipt')
    expect_equal(done['submitted']['duplicate'], False)
    expect_equal(w.read('a.receipt').startswith('c2sp.org/tlog-proof@v1\n'), True)
    expect_equal(w.tell('submit', 'a.draft')['submitted']['duplicate'], True)


def policies_are_published():
    w = WORLD
    admins = ['--admin', 'acme-alice.key', '--admin', 'acme-bob.key']
    w.write('p.json', '{"admin_quorum": 2, "rules": [{"effect": "deny", "match": {"action": "drop"}},\n'
                      '{"effect": "pass", "match": {"priority": "low"}},\n'
                      '{"effect": "hold", "approvals": 1, "roles": ["approver"]}]}')
    w.tell('policy', 'check', 'p.json', name='policy check')
    expect_code(w.tell('policy', 'show', 'acme', key='acme-carol', status=1), 'not-found')
    w.tell('policy', 'publish', 'p.json', '--scope', 'acme', *admins, name='policy publish')
    shown = w.tell('policy', 'show', 'acme', key='acme-carol', name='policy show')
    expect_equal(len(shown['policy']['rules']), 3)
    w.tell('policy', 'publish', 'p.json', '--scope', 'acme', *admins, name='policy publish')
    text = w.say('policy', 'show', 'acme', key='acme-carol')
    expect_equal('rule 1       deny where the action is drop' in text, True)
    expect_equal('2 must sign' in w.say('policy', 'show', key='acme-carol'), True)


def _ask(action='refund', **options):
    words = ['request', '--service', 'payments', '--action', action, '--payload', '-']
    for name, value in options.items():
        words += ['--' + name, value]
    return WORLD.tell(*words, key='acme-refund-agent', text='{"amount": "129.00", "order": 4711}')


def a_case_goes_its_whole_way():
    w = WORLD
    asked = w.tell('request', '--service', 'payments', '--action', 'refund', '--payload', '-', '--fact', 'amount=129',
                   '--fact', 'vip=true', '--behalf', 'acme/worker', '--reader', 'globex', '--receipt', 'r.receipt',
                   key='acme-refund-agent', text='{"amount": "129.00", "order": 4711}')
    case = asked['case']
    expect_equal((asked['state'], asked['submitted']['follow'][0]['type']), ('HELD', 'verdict'))
    waiting = w.tell('inbox', key='acme-carol')['cases']
    expect_equal([(row['case'], row['may_decide'], row['quorum'][0]['needed']) for row in waiting], [(case, True, 1)])
    expect_equal(case[:16] in w.say('inbox', key='acme-carol'), True)
    shown = w.tell('show', case[:8], key='acme-carol')
    expect_equal((shown['payload'], shown['state'], shown['revision']),
                 ({'amount': '129.00', 'order': 4711}, 'HELD', 0))
    # The agent's owner is in its ancestry; the agent is no person; nobody approves without being asked.
    expect_code(w.tell('approve', case, '--yes', key='acme-alice', status=1), 'self-approval')
    expect_code(w.tell('approve', case, '--yes', key='acme-refund-agent', status=1), 'not-human')
    expect_code(w.tell('approve', case, key='acme-carol', status=4), 'usage')
    expect_code(w.tell('consume', case, key='acme-refund-agent', status=3), 'undecided')
    patched = w.tell('patch', case, '--set', '/amount=99.50', '--set', '/note=half', '--remove', '/order', '--reason',
                     'only half came back', '--yes', key='acme-carol')
    expect_equal(patched['payload'], {'amount': 99.5, 'note': 'half'})
    expect_equal(patched['operations'][0], {'op': 'replace', 'path': '/amount', 'value': 99.5})
    shown = w.tell('show', case, key='acme-carol')
    expect_equal([one['path'] for one in shown['changes']], ['/amount', '/note', '/order'])
    expect_equal([one['changes'] for one in shown['entries'] if 'changes' in one], [shown['changes']])
    approved = w.tell('approve', case, '--yes', '--reason', 'ok', '--receipt', 'd.receipt', key='acme-carol')
    expect_equal((approved['state'], approved['submitted']['follow'][0]['type']), ('RELEASED', 'release'))
    expect_equal(w.tell('wait', case, key='acme-refund-agent')['state'], 'RELEASED')
    expect_equal([row['case'] for row in w.tell('list', '--state-is', 'RELEASED', '--mine', 'holder',
                                               key='acme-refund-agent')['cases']], [case])
    expect_code(w.tell('consume', case, key='acme-worker', status=1), 'not-holder')
    # What can't be written is found out before the right to act is spent.
    expect_code(w.tell('consume', case, '--receipt', 'd.receipt', key='acme-refund-agent', status=1), 'exists')
    expect_code(w.tell('consume', case, '--out', 'nowhere/x.json', key='acme-refund-agent', status=3), 'io')
    consumed = w.tell('consume', case, '--out', 'approved.json', key='acme-refund-agent')
    expect_equal((consumed['payload'], w.read('approved.json')), (patched['payload'], '{"amount":99.5,"note":"half"}'))
    expect_code(w.tell('consume', case, key='acme-refund-agent', status=1), 'double-consume')
    expect_equal(w.tell('outcome', case, 'fulfilled', '--result', 'approved.json', key='acme-refund-agent')['state'],
                 'FULFILLED')
    expect_code(w.tell('outcome', case, 'failed', key='acme-refund-agent', status=1), 'state-illegal')
    expect_code(w.tell('outcome', case, 'perhaps', key='acme-refund-agent', status=4), 'usage')
    WORLD.case = case


def other_ends_have_their_own_statuses():
    w = WORLD
    denied = w.tell('request', '--service', 'db', '--action', 'drop', '--payload', '-', key='acme-refund-agent',
                    text='{}', status=1)
    expect_equal(denied['state'], 'REFUSED')
    expect_equal(_ask(priority='low')['state'], 'RELEASED')
    case = _ask()['case']
    expect_code(w.tell('wait', case, '--timeout', '100ms', key='acme-refund-agent', status=3), 'undecided')
    waited = w.tell('request', '--service', 's', '--action', 'a', '--payload', '-', '--wait', '--timeout', '100ms',
                    key='acme-refund-agent', text='{}', status=3)
    expect_code(waited, 'undecided')
    expect_equal(len(waited['case']), 64)
    expect_equal(w.tell('reject', case, '--yes', '--reason', 'no', key='acme-carol')['state'], 'REJECTED')
    expect_equal(w.tell('wait', case, key='acme-refund-agent', status=1)['state'], 'REJECTED')
    expect_equal(w.tell('cancel', waited['case'], '--reason', 'paid', key='acme-refund-agent')['state'], 'CANCELLED')
    expect_equal(w.tell('cancel', waited['case'], key='acme-refund-agent')['state'], 'CANCELLED')
    expect_equal(w.tell('wait', waited['case'], key='acme-refund-agent', status=1)['state'], 'CANCELLED')
    expect_code(w.tell('approve', case, '--yes', key='acme-carol', status=1), 'state-illegal')
    expect_code(w.tell('show', 'ffffffff', key='acme-carol', status=1), 'not-found')
    expect_code(w.tell('show', 'xyz', key='acme-carol', status=4), 'usage')
    expect_code(w.tell('show', 'f' * 64, key='acme-carol', status=1), 'wrong-case')


def what_a_run_says_is_told_step_by_step():
    w = WORLD
    os.chmod(w.path(w.write('no-program', 'neither\n')), 0o755)
    words = ['run', '--json', '--service', 's', '--action', 'a', '--priority', 'low', '--key', 'acme-refund-agent.key']
    for command, status in [(['sh', '-c', 'exit 3'], 3), (['sh', '-c', 'kill -9 $$'], 137), (['./no-program'], 126)]:
        expect_equal((w.run(CUSTODY, [*words, '--', *command]), w.out), (status, ''))
        steps = [json.loads(line) for line in w.err.splitlines()]
        expect_equal([step['step'] for step in steps], ['asked', 'released', 'consumed', 'ended'])
        for step in steps:
            note_shape('run', step)


def payloads_that_are_no_json_are_not_asked_for():
    expect_code(WORLD.tell('request', '--service', 's', '--action', 'a', '--payload', '-', key='acme-refund-agent',
                           text='{"a":1,"a":2}', status=1), 'duplicate-member')
    expect_code(WORLD.tell('request', '--service', 's', '--action', 'a', '--payload', 'none', key='acme-refund-agent',
                           status=1), 'not-found')


def a_patch_says_what_it_changes():
    w = WORLD
    case = _ask()['case']
    w.write('ops.json', '[{"op":"test","path":"/order","value":4711},{"op":"add","path":"/x","value":[1,2]}]')
    expect_equal(w.tell('patch', case, '--ops', 'ops.json', '--yes', key='acme-bob')['payload']['x'], [1, 2])
    expect_equal(w.tell('patch', case, '--set', '/x/-=3', '--yes', key='acme-bob')['payload']['x'], [1, 2, 3])
    for words, code, status in [
            ([], 'usage', 4), (['--set', '/a'], 'usage', 4), (['--ops', 'ops.json', '--set', '/a=1'], 'usage', 4),
            (['--set', '/x/0=1'], 'bad-patch', 1), (['--remove', '/none'], 'bad-pointer', 1), (['--edit'], 'usage', 4),
            (['--set', 'x=1'], 'bad-pointer', 1)]:
        expect_code(w.tell('patch', case, *words, '--yes', key='acme-bob', status=status), code)
    text = w.say('patch', case, '--set', '/amount=1', '--yes', key='acme-bob')
    expect_equal('  /amount  "129.00" -> 1\n' in text, True)


def _at_a_terminal(words, typed, **settings):
    """Runs custody at a terminal of its own; types each line when the text before it was seen. Status and screen."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(WORLD.top)
        os.environ.update(CUSTODY_URL=WORLD.url, CUSTODY_TRUST='trust.json', TMPDIR=WORLD.top, **settings)
        os.execv(CUSTODY, [CUSTODY] + words)
    screen = ''
    while True:
        try:
            got = os.read(terminal, 4096)
        except OSError:
            break
        if not got:
            break
        screen += got.decode()
        if typed and typed[0][0] in screen:
            os.write(terminal, (typed.pop(0)[1] + '\n').encode())
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen


def a_person_at_a_terminal_is_asked():
    w = WORLD
    case = _ask()['case']
    status, screen = _at_a_terminal(['approve', case, '--key', 'acme-carol.key'], [('[y/N]', 'n')])
    expect_equal((status, 'you decide   approve' in screen, '[declined]' in screen), (1, True, True))
    expect_equal(w.tell('show', case, key='acme-carol')['state'], 'HELD')
    editor = w.write('editor.sh', '#!/bin/sh\nsed -i s/4711/4712/ "$2"\n')
    os.chmod(w.path(editor), 0o700)
    status, screen = _at_a_terminal(['patch', case, '--edit', '--key', 'acme-carol.key'], [('[y/N]', 'y')],
                                    VISUAL='./editor.sh word')
    expect_equal((status, '/order  4711 -> 4712' in screen), (0, True))
    status, screen = _at_a_terminal(['patch', case, '--edit', '--key', 'acme-carol.key'], [], VISUAL='true')
    expect_equal((status, '[bad-patch]' in screen), (1, True))
    status, screen = _at_a_terminal(['patch', case, '--edit', '--key', 'acme-carol.key'], [], VISUAL='false')
    expect_equal((status, '[io]' in screen), (3, True))
    expect_equal([name for name in os.listdir(w.top) if name.startswith('custody-edit')], [])
    status, _ = _at_a_terminal(['approve', case, '--key', 'acme-carol.key'], [('[y/N]', 'y')])
    expect_equal((status, w.tell('show', case, key='acme-carol')['state']), (0, 'RELEASED'))


def a_passphrase_is_typed_unseen():
    w = WORLD
    new = ['key', 'new', 'typed.key', '--name', 'acme/typed']
    status, screen = _at_a_terminal(new, [('New passphrase: ', 'correct horse'), ('Again: ', 'battery')])
    expect_equal((status, '[bad-passphrase]' in screen, os.path.exists(w.path('typed.key'))), (1, True, False))
    status, screen = _at_a_terminal(new, [('New passphrase: ', 'correct horse'), ('Again: ', 'correct horse')])
    expect_equal((status, 'horse' in screen), (0, False))
    wait = ['list', '--key', 'typed.key']
    status, screen = _at_a_terminal(wait, [('Passphrase of typed.key: ', 'wrong')])
    expect_equal((status, '[bad-passphrase]' in screen, 'wrong\r' in screen), (1, True, False))
    status, screen = _at_a_terminal(wait, [('Passphrase of typed.key: ', 'correct horse')])
    expect_equal((status, '[bad-passphrase]' in screen), (1, False))  # a key that nobody enrolled


def a_refusal_is_kept():
    w = WORLD
    refused = w.tell('enrol', '--new', 'acme-carol.key', '--owner', 'acme/alice', '--cosigner', 'acme/alice', '--draft',
                     'c.draft')
    expect_equal(refused['missing'], ['acme/alice'])
    w.say('sign', 'c.draft', '--yes', key='acme-alice')
    told = w.tell('submit', 'c.draft', '--receipt', 'c', status=1)
    expect_equal(told['kept'], 'c.refusal')
    envelope = json.loads(w.read('c.refusal'))
    expect_equal(envelope['payloadType'], 'application/vnd.custody.refusal.v1+json')
    expect_equal(json.loads(base64.b64decode(envelope['payload']))['code'], told['error']['code'])
    expect_equal(os.path.exists(w.path('c')), False)


def entries_come_with_proofs():
    w = WORLD
    lines = [json.loads(line) for line in w.say('log', '--from', '0', '--json', key='acme-carol').splitlines()]
    expect_equal([line['index'] for line in lines], list(range(len(lines))))
    note_shape('log', lines[-1])
    expect_equal(lines[0]['type'], 'ledger.open')
    expect_equal(len(w.say('log', '--last', '3', key='acme-carol').splitlines()), 3)
    got = w.tell('receipt', '0', key='acme-carol')
    expect_equal((got['index'], got['receipt'].splitlines()[1]), (0, 'index 0'))
    expect_equal(w.say('receipt', WORLD.case, key='acme-carol').startswith('c2sp.org/tlog-proof@v1'), True)
    w.say('receipt', '1', '--out', 'one.receipt', key='acme-carol')
    expect_code(w.tell('receipt', '99999', key='acme-carol', status=1), 'not-found')


def the_log_is_followed():
    w = WORLD
    env = dict(os.environ, CUSTODY_URL=w.url, CUSTODY_TRUST='trust.json')
    follower = subprocess.Popen([CUSTODY, 'log', '--last', '1', '--follow', '--json', '--key', 'acme-carol.key'],
                                cwd=w.top, env=env, stdout=subprocess.PIPE, encoding='utf-8')
    first = json.loads(follower.stdout.readline())
    case = _ask()['case']
    second = json.loads(follower.stdout.readline())
    expect_equal((second['index'], second['case']), (first['index'] + 1, case))
    follower.stdout.readline()
    follower.send_signal(signal.SIGINT)
    expect_equal(follower.wait(timeout=20), 0)
    follower.stdout.close()


def the_inbox_is_watched_by_a_program():
    w = WORLD
    case = _ask()['case']
    env = dict(os.environ, CUSTODY_URL=w.url, CUSTODY_TRUST='trust.json')
    watcher = subprocess.Popen([CUSTODY, 'watch', '--json', '--key', 'acme-carol.key'], cwd=w.top, env=env,
                               stdout=subprocess.PIPE, encoding='utf-8')
    told = {}
    while case not in told:
        event = json.loads(watcher.stdout.readline())
        note_shape('watch', event)
        told[event['case']['case']] = event['event']
    expect_equal(told[case], 'waits')
    w.say('reject', case, '--yes', key='acme-carol')
    expect_equal(json.loads(watcher.stdout.readline())['event'], 'gone')
    watcher.send_signal(signal.SIGINT)
    expect_equal(watcher.wait(timeout=20), 0)
    watcher.stdout.close()


def a_wait_is_interrupted_without_loss():
    w = WORLD
    case = _ask()['case']
    env = dict(os.environ, CUSTODY_URL=w.url, CUSTODY_TRUST='trust.json')
    waiter = subprocess.Popen([CUSTODY, 'wait', case, '--json', '--key', 'acme-refund-agent.key'], cwd=w.top, env=env,
                              stdout=subprocess.PIPE, encoding='utf-8')
    time.sleep(1)
    waiter.send_signal(signal.SIGINT)
    out, _ = waiter.communicate(timeout=20)
    expect_equal(waiter.returncode, 3)
    expect_code(json.loads(out), 'wait-interrupted')


def evidence_is_judged_offline():
    w = WORLD
    made = w.tell('evidence', WORLD.case, '--out', 'e', key='acme-carol')
    expect_equal((made['file'], made['report']['exit']), ('e', 0))
    expect_equal(w.run(VERIFY, ['--trust', 'trust.json', '--as', 'acme/refund-agent', 'e']), 0)
    expect_equal(w.tell('verify', 'e', '--as', 'acme/worker', status=1)['report']['exit'], 1)
    expect_equal(w.tell('verify', 'e')['report']['exit'], 0)
    w.say('evidence', WORLD.case, '--out', 'f', '--no-contents', key='acme-carol')
    expect_equal('contents    not checked' in w.out, True)
    expect_code(w.tell('evidence', WORLD.case, '--out', 'e', key='acme-carol', status=1), 'exists')
    # Another party's reader sees the entries too, and as a named reader the contents.
    w.say('evidence', WORLD.case, '--out', 'g', key='globex-gina')
    expect_equal('contents    holds' in w.out, True)


def revoked_keys_no_longer_sign():
    w = WORLD
    w.tell('revoke', 'acme/worker', '--reason', 'laptop lost', '--admin', 'acme-alice.key', '--admin', 'acme-bob.key')
    expect_code(w.tell('request', '--service', 's', '--action', 'a', '--payload', '-', key='acme-worker', text='{}',
                       status=1), 'key-not-valid')
    expect_equal('REVOKED' in w.say('actors', 'acme', key='acme-carol'), True)


def an_auditor_of_another_party_verifies_everything():
    w = WORLD
    # Sound, with findings: the agent asked again for what had been rejected.
    done = w.tell('audit', key='globex-auditor', status=2)
    claims = {claim['claim']: claim['state'] for claim in done['report']['claims']}
    expect_equal({one['code'] for one in done['report']['findings']}, {'denied-then-asked'})
    expect_equal(claims['contents'], 'not checked')
    expect_equal([claims[name] for name in ('checkpoint', 'intact', 'complete', 'signed', 'lawful', 'unique')],
                 ['holds'] * 6)
    # Contents are judged with the stretch that holds their entry: for those from before, all is asked for.
    text = w.say('audit', '--contents', '--full', key='acme-carol', status=2)
    expect_equal(int(text.split('contents    ')[1].split()[2]) > 10, True)


def _beside(name):
    return sorted(one for one in os.listdir(WORLD.top) if one.startswith(name))


def _older_than_what_was_seen():
    """A database that was put back shows less than this verifier has verified before, and is itself without a fault."""
    w = WORLD
    made = w.tell('backup', '--ledger', 'l.db', '--to', 'old.db')
    expect_equal(made['size'] > 0 and made['checkpoint'].splitlines()[1], str(made['size']))
    os.unlink(w.path('old.db'))
    w.tell('backup', '--ledger', 'l.db', '--to', 'old.db', '--verify', status=2, name='backup --verify')
    expect_code(w.tell('backup', '--ledger', 'l.db', '--to', 'old.db', status=1), 'exists')
    written = w.tell('tiles', 'export', 'tiles', '--db', 'l.db', '--publish-entries', name='tiles export')
    expect_equal((written['entries'], written['root'], written['size']), (True, made['root'], made['size']))
    w.tell('audit', '--db', 'old.db', status=2, name='audit --db')
    _ask()
    claims = w.tell('audit', '--db', 'old.db', status=1, name='audit --db')['report']['claims']
    expect_equal([(one['claim'], one['code']) for one in claims if one['state'] == 'fails'], [('checkpoint', 'went-back')])
    w.say('audit', '--db', 'old.db', '--state', '-', status=2)


def a_database_is_audited_beside_its_custodian_and_alone():
    w = WORLD
    before = _beside('l.db')
    status = w.tell('audit', '--db', 'l.db', status=2, name='audit --db')['report']['exit']
    expect_equal(_beside('l.db'), before)
    _older_than_what_was_seen()
    w.stop()
    shutil.copy(w.path('l.db'), w.path('alone.db'))
    w.tell('audit', '--db', 'alone.db', status=status, name='audit --db')
    expect_equal(_beside('alone.db'), ['alone.db'])
    os.chmod(w.path('alone.db'), 0o400)
    w.tell('audit', '--db', 'alone.db', status=status, name='audit --db')
    # With a log beside it and no shared memory, it is read as a copy.
    writer = sqlite3.connect(w.path('alone2.db'))
    shutil.copy(w.path('l.db'), w.path('alone2.db'))
    writer.execute('PRAGMA journal_mode=WAL')
    writer.execute("UPDATE escrow SET holder = holder")
    writer.commit()
    os.unlink(w.path('alone.db'))
    shutil.copy(w.path('alone2.db'), w.path('logged.db'))
    shutil.copy(w.path('alone2.db-wal'), w.path('logged.db-wal'))
    writer.close()
    w.tell('audit', '--db', 'logged.db', status=status, name='audit --db')
    expect_equal(_beside('logged.db'), ['logged.db', 'logged.db-wal'])
    # Where what it works with has no place, that is no fault of the ledger's.
    before = os.environ.pop('TMPDIR', None)
    os.environ['TMPDIR'] = w.path('nowhere')
    code = w.tell('audit', '--db', 'l.db', status=None)['error']['code']
    os.environ['TMPDIR'] = w.top
    expect_equal(code, 'io')
    w.tell('audit', '--db', 'l.db', status=status, name='audit --db')
    del os.environ['TMPDIR']
    os.environ.update({'TMPDIR': before} if before else {})
    expect_code(w.tell('audit', '--db', 'none.db', status=1), 'not-found')
    expect_code(w.tell('audit', '--db', 'trust.json', status=1), 'store-unknown')


ALTERED = {
    'a record': ("UPDATE record SET value = CAST(replace(CAST(value AS TEXT), 'approver', 'approves') AS BLOB) "
                 "WHERE key = 'actor/acme/carol'", 'stored', 'actor/acme/carol'),
    'a record that is missing': ("DELETE FROM record WHERE key = 'actor/acme/carol'", 'stored', 'rows'),
    'a record too many': ("INSERT INTO record VALUES ('actor/acme/eve', CAST('{}' AS BLOB))", 'stored',
                          'actor/acme/eve'),
    'a case row': ("UPDATE escrow SET holder = 'acme/worker' WHERE opened = (SELECT min(opened) FROM escrow)", 'stored',
                   'holder'),
    'a case state': ("UPDATE escrow SET state = 3 WHERE opened = (SELECT min(opened) FROM escrow)", 'stored', 'state'),
    'a case row that is missing': ('DELETE FROM escrow WHERE opened = (SELECT min(opened) FROM escrow)', 'stored',
                                   'rows'),
    'a content': ("UPDATE blob SET content = CAST('{\"amount\":1}' AS BLOB) WHERE member = 'payload'", 'contents',
                  'member payload'),
    'a content of a case': ("UPDATE blob SET content = CAST('no' AS BLOB) WHERE member = 'shown'", 'contents',
                            'is of case '),
    'a salt': ("UPDATE blob SET salt = zeroblob(32) WHERE member = 'reason'", 'contents', 'reason'),
    'a content that is missing': ("DELETE FROM blob WHERE member = 'shown'", 'stored', 'shown'),
    'a content too many': ("INSERT INTO blob VALUES (zeroblob(32), 'x', zeroblob(32), zeroblob(32), zeroblob(1))",
                           'stored', 'no entry commits to it'),
    'a commitment beside a content': ("UPDATE blob SET commitment = zeroblob(32) WHERE member = 'result'", 'stored',
                                      'another commitment'),
    'the case of an entry': ('UPDATE entry SET opened = opened + 1 WHERE idx = (SELECT max(idx) FROM entry WHERE '
                             'opened IS NOT NULL)', 'stored', 'another case'),
    'the trust mark of an entry': ('UPDATE entry SET trust = 0 WHERE idx = 1', 'stored', 'chain of trust'),
    'a tile': ("UPDATE tile SET hashes = CAST(x'00' || substr(hashes, 2) AS BLOB) WHERE level = 0", 'stored', ''),
    'a tile that is missing': ('DELETE FROM tile', 'stored', ''),
    'an old checkpoint': ("UPDATE checkpoint SET root = zeroblob(32) WHERE size = 2", 'stored', 'row 2: its note'),
    'the note of an old checkpoint': ("UPDATE checkpoint SET note = CAST(replace(CAST(note AS TEXT), 'example', "
                                      "'exomple') AS BLOB) WHERE size = 2", 'stored', 'row 2'),
    'the newest checkpoint': ('DELETE FROM checkpoint WHERE size = (SELECT max(size) FROM checkpoint)', 'stored', ''),
    'a foreign table': ('CREATE TABLE mine (a TEXT)', 'stored', 'mine'),
    'an entry': ("UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), '\"index\":1,', '\"index\":2,') AS BLOB) "
                 "WHERE idx = 1", 'intact', ''),
}


def every_altered_table_is_found():
    w = WORLD
    for what, (statement, claim, says) in ALTERED.items():
        shutil.copy(w.path('l.db'), w.path('altered.db'))
        database = sqlite3.connect(w.path('altered.db'))
        database.execute('PRAGMA journal_mode=DELETE')
        changed = database.execute(statement).rowcount
        database.commit()
        database.execute('PRAGMA journal_mode=WAL')
        database.close()
        if changed == 0:
            raise AssertionError(f'{what}: nothing was altered')
        report = w.tell('audit', '--db', 'altered.db', status=1, name='audit --db')['report']
        failed = {one['claim']: one for one in report['claims'] if one['state'] == 'fails'}
        if claim not in failed:
            raise AssertionError(f'{what}: {sorted(failed)} and not {claim}')
        texts = [one['text'] for one in failed.values()] + [one['text'] for one in report['findings']]
        if not any(says in text for text in texts):
            raise AssertionError(f'{what}: {says!r} is in none of {texts}')
        expect_equal(failed[claim]['code'] in ('store-altered', 'blob-mismatch', 'chain-broken', 'payload-not-canonical'),
                     True)
        os.unlink(w.path('altered.db'))


def reports_have_their_schema():
    schemas = Schemas(os.path.join(contract.TOP, 'spec', 'schemas'))
    w = WORLD
    shutil.copy(w.path('l.db'), w.path('cut.db'))
    database = sqlite3.connect(w.path('cut.db'))
    database.execute('DELETE FROM tile')
    database.commit()
    database.close()
    w.start()
    sound = w.tell('audit', '--full', key='globex-auditor', status=2)['report']
    altered = w.tell('audit', '--db', 'cut.db', status=1, name='audit --db')['report']
    expect_equal([schemas.errors(one, 'report.json') for one in (sound, altered)], [[], []])
    # And none that has a member less, one more, or a code where nothing fails.
    for member in sorted(set(sound) - {'inputs'}):
        less = {name: value for name, value in sound.items() if name != member}
        expect_equal(bool(schemas.errors(less, 'report.json')), True)
    expect_equal(bool(schemas.errors({**sound, 'verdict': 'good'}, 'report.json')), True)
    holds = next(one for one in sound['claims'] if one['state'] == 'holds')
    expect_equal(bool(schemas.errors({**sound, 'claims': [{**holds, 'code': 'gap'}]}, 'report.json')), True)


def a_ledger_with_two_faces_is_compared_and_convicted():
    w = WORLD
    w.say('receipt', '0', '--out', 'zero.tlog-proof', key='acme-carol')
    w.say('receipt', '1', '--out', 'first.tlog-proof', key='acme-carol')
    expect_equal(w.tell('compare', 'zero.tlog-proof', 'first.tlog-proof')['result'], 'one tree')
    expect_equal(w.tell('compare', 'zero.tlog-proof', '--state', '-', key='acme-carol')['result'], 'one ledger')
    w.stop()
    shutil.copy(w.path('l.db'), w.path('face.db'))
    w.start()
    w.say('receipt', _ask()['case'], '--out', 'here.tlog-proof', key='acme-carol')
    w.stop()
    w.start(ledger='face.db')
    w.say('receipt', _ask(state='-')['case'], '--out', 'there.tlog-proof', '--state', '-', key='acme-carol')
    found = w.tell('compare', 'here.tlog-proof', 'there.tlog-proof', '--out', 'found.json', status=1,
                   name='compare (contradiction)')
    expect_equal('error' in found, False)
    expect_equal(w.tell('convict', 'found.json')['contradiction']['pinned'], True)
    w.stop()
    w.start()


def a_witness_says_who_it_is():
    w = WORLD
    line = w.tell('trust', 'show', 'trust.json', name='trust show')['log_key']['key']
    witness = subprocess.Popen([CUSTODY, 'witness', 'run', line, '--dir', 'w1', '--name', 'witness.example/w1', '--listen',
                                'http://127.0.0.1:0', '--json'], cwd=w.top, stdout=subprocess.PIPE, encoding='utf-8')
    told = json.loads(witness.stdout.readline())
    note_shape('witness run', told)
    witness.send_signal(signal.SIGTERM)
    witness.communicate()
    shown = w.tell('witness', 'show', '--dir', 'w1', name='witness show')
    expect_equal((shown['key'], len(shown['logs'])), (told['key'], 1))


def the_shapes_are_what_is_recorded():
    compare_shapes('json.txt')


def the_custodian_ends():
    WORLD.stop()
    shutil.rmtree(WORLD.top)


contract.main([
    a_ledger_is_founded_and_served,
    parties_and_actors_are_enrolled,
    a_draft_goes_from_machine_to_machine,
    policies_are_published,
    a_case_goes_its_whole_way,
    other_ends_have_their_own_statuses,
    what_a_run_says_is_told_step_by_step,
    payloads_that_are_no_json_are_not_asked_for,
    a_patch_says_what_it_changes,
    a_person_at_a_terminal_is_asked,
    a_passphrase_is_typed_unseen,
    a_refusal_is_kept,
    entries_come_with_proofs,
    the_log_is_followed,
    the_inbox_is_watched_by_a_program,
    a_wait_is_interrupted_without_loss,
    evidence_is_judged_offline,
    revoked_keys_no_longer_sign,
    an_auditor_of_another_party_verifies_everything,
    a_database_is_audited_beside_its_custodian_and_alone,
    every_altered_table_is_found,
    reports_have_their_schema,
    a_ledger_with_two_faces_is_compared_and_convicted,
    a_witness_says_who_it_is,
    the_shapes_are_what_is_recorded,
    the_custodian_ends,
])
