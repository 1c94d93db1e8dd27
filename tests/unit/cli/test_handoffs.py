# SPDX-License-Identifier: Apache-2.0
"""
Cases that go from one vendor's agent to another's, people who talk about them, and keys that change, with the commands and
a running custodian. Arguments: custody, custodyd, custody-verify.
"""

import json
import os
import pty
import shutil
import subprocess
import time

import contract
from contract import expect_equal
from live import CUSTODY, CUSTODYD, World, compare_shapes

W = World()
# Whose JSON is recorded from here; the rest is from test_live.py.
SHAPED = {'accept', 'actors', 'answer', 'close', 'consent', 'decline', 'escalate', 'finalise', 'handoffs', 'inbox', 'offer',
          'offers', 'question', 'revoke', 'rotate', 'show', 'withdraw'}
OPERATORS = ['--admin', 'operator-ada.key', '--admin', 'operator-otto.key']
ACME = ['--admin', 'acme-alice.key', '--admin', 'acme-bob.key']
GLOBEX = ['--admin', 'globex-gina.key', '--admin', 'globex-george.key']


def expect_code(value, code):
    expect_equal(value['error']['code'], code)
    # Each refusal says what to do next.
    expect_equal(value['error']['next'] != '', True)


def a_ledger_of_two_vendors():
    w = W
    w.say('init', '--development', '--log-key', 'log.key', '--clerk-key', 'clerk.key', '--admin', 'operator-ada.key',
          '--admin', 'operator-otto.key', 'opening.json')
    w.say('trust', 'new', '--opening', 'opening.json', 'trust.json')
    expect_equal(w.run(CUSTODYD, ['--init', 'opening.json', '--ledger', 'l.db', '--log-key', 'log.key', '--clerk-key',
                                  'clerk.key', '--development']), 0)
    w.start()
    w.say('enrol', '--party', 'acme', '--new', 'acme-alice.key', '--new', 'acme-bob.key', *OPERATORS)
    w.say('enrol', '--party', 'globex', '--new', 'globex-gina.key', '--new', 'globex-george.key', *OPERATORS)
    w.say('enrol', '--new', 'acme-carol.key', '--role', 'approver', *ACME)
    w.say('enrol', '--new', 'acme-refund-agent.key', '--owner', 'acme/alice', *ACME)
    w.say('enrol', '--new', 'acme-worker.key', '--owner', 'acme/alice', *ACME)
    for name in ('globex-fulfilment', 'globex-spare'):
        w.say('key', 'new', name + '.key', '--name', name.replace('-', '/', 1), '--no-passphrase')
        w.say('enrol', '--new', name + '.key', '--owner', 'globex/gina', *GLOBEX)


def _ask(action='refund', **options):
    words = ['request', '--service', 'payments', '--action', action, '--payload', '-']
    for name, value in options.items():
        words += ['--' + name, value]
    return W.tell(*words, key='acme-refund-agent', text='{"amount": "129.00", "order": 4711}')['case']


def a_case_is_handed_to_another_vendor():
    w = W
    case = _ask()
    for name, hint in (('globx', 'did you mean globex?'), ('globex/nobody', "'custody actors globex' lists who")):
        refused = w.tell('approve', case, '--yes', '--travels-to', name, key='acme-carol', status=4)
        expect_code(refused, 'usage')
        expect_equal((hint in refused['error']['next'], refused['error']['next']), (True, refused['error']['next']))
    w.say('approve', case, '--yes', '--travels-to', 'globex', key='acme-carol')
    w.write('duties.txt', 'report by noon')
    w.write('order.json', '{"stock":"B7"}')
    w.tell('offer', case, '--to', 'globex', '--valid-for', '2h', '--obligations', 'duties.txt', '--context',
           'order.json', '--deposit', '100.00 EUR', key='acme-refund-agent')
    offers = w.tell('offers', key='globex-fulfilment')['offers']
    expect_equal([(one['case'], one['from'], one['to']) for one in offers], [(case, 'acme/refund-agent', 'globex')])
    expect_equal(case[:16] in w.say('offers', key='globex-fulfilment'), True)
    expect_equal(w.tell('offers', key='acme-worker')['offers'], [])
    # What is taken over is shown before anybody signs.
    expect_code(w.tell('accept', case, key='globex-fulfilment', status=4), 'usage')
    expect_equal([word in w.err for word in ('report by noon', 'stock', '4711', '100.00 EUR', 'releases   1')], [True] * 5)
    taken = w.tell('accept', case, '--yes', key='globex-fulfilment')
    expect_equal((taken['state'], [one['type'] for one in taken['submitted']['follow']]),
                 ('RELEASED', ['verdict', 'release']))
    expect_equal('submitted' in w.tell('accept', case, '--yes', key='globex-fulfilment'), False)
    expect_code(w.tell('accept', case, '--yes', key='globex-spare', status=1), 'double-acceptance')
    expect_code(w.tell('consume', case, key='acme-refund-agent', status=1), 'not-holder')
    expect_equal(w.tell('wait', case, key='globex-fulfilment')['state'], 'RELEASED')
    expect_equal(w.tell('consume', case, key='globex-fulfilment')['payload'], {'amount': '129.00', 'order': 4711})
    w.say('outcome', case, 'fulfilled', key='globex-fulfilment')
    expect_equal(w.tell('show', case, key='acme-carol')['handoffs'][0]['to'], 'globex/fulfilment')
    expect_equal('hop 1        acme/refund-agent -> globex/fulfilment' in w.say('show', case, key='acme-carol'), True)
    told = w.tell('handoffs', case, key='globex-fulfilment')
    expect_equal([(hop['hop'], hop['from'], hop['to'], hop['state'], hop['releases'], hop['depth'], hop['services'],
                   hop['obligations'], hop['deposit']) for hop in told['handoffs']],
                 [(1, 'acme/refund-agent', 'globex/fulfilment', 'accepted', 1, 0, ['payments'], 'report by noon',
                   {'amount': '100.00', 'unit': 'EUR'})])
    expect_equal('hop 1        acme/refund-agent -> globex/fulfilment, accepted' in
                 w.say('handoffs', case, key='acme-refund-agent'), True)


def an_offer_is_waited_for():
    w = W
    case = _ask()
    expect_equal(w.tell('offers', '--wait', '--timeout', '200ms', key='globex-spare', status=3)['offers'], [])
    env = dict(os.environ, CUSTODY_URL=w.url, CUSTODY_TRUST='trust.json')
    waiter = subprocess.Popen([CUSTODY, 'offers', '--wait', '--timeout', '60s', '--json', '--key', 'globex-spare.key'],
                              cwd=w.top, env=env, stdout=subprocess.PIPE, encoding='utf-8')
    time.sleep(1)
    w.say('offer', case, '--to', 'globex/spare', key='acme-refund-agent')
    out, _ = waiter.communicate(timeout=20)
    expect_equal((waiter.returncode, [one['case'] for one in json.loads(out)['offers']]), (0, [case]))
    w.say('decline', case, key='globex-spare')


def what_does_not_travel_is_decided_anew():
    w = W
    case = _ask()
    w.say('approve', case, '--yes', key='acme-carol')
    w.say('offer', case, '--to', 'globex/fulfilment', key='acme-refund-agent')
    expect_code(w.tell('accept', case, '--yes', key='globex-spare', status=1), 'wrong-receiver')
    expect_equal(w.tell('accept', case, '--yes', key='globex-fulfilment')['state'], 'HELD')
    expect_code(w.tell('consume', case, key='globex-fulfilment', status=3), 'undecided')
    w.say('approve', case, '--yes', key='acme-carol')
    w.say('consume', case, key='globex-fulfilment')


def offers_end_in_other_ways():
    w = W
    case = _ask()
    expect_code(w.tell('accept', case, '--yes', key='globex-fulfilment', status=1), 'no-offer')
    expect_code(w.tell('offer', case, '--to', 'globex', key='globex-fulfilment', status=1), 'not-holder')
    # What nobody is called is told with what was meant, or with who is there.
    for name, hint in (('nobody', 'the parties are acme, globex, operator;'), ('globexx', 'did you mean globex?'),
                       ('globex/sparr', 'did you mean globex/spare?'), ('globex/x', "'custody actors globex' lists who")):
        refused = w.tell('offer', case, '--to', name, key='acme-refund-agent', status=1)
        expect_code(refused, 'wrong-receiver')
        expect_equal((hint in refused['error']['next'], refused['error']['next']), (True, refused['error']['next']))
    expect_code(w.tell('offer', case, key='acme-refund-agent', status=4), 'usage')
    expect_code(w.tell('offer', case, '--to', 'globex', '--deposit', '100', key='acme-refund-agent', status=4), 'usage')
    w.say('offer', case, '--to', 'globex', key='acme-refund-agent')
    expect_code(w.tell('offer', case, '--to', 'globex', key='acme-refund-agent', status=1), 'double-offer')
    expect_code(w.tell('finalise', case, key='acme-refund-agent', status=1), 'double-offer')
    w.tell('decline', case, '--reason', 'no stock', key='globex-fulfilment')
    w.say('offer', case, '--to', 'globex', key='acme-refund-agent')
    w.tell('withdraw', case, '--reason', 'done by hand', key='acme-refund-agent')
    expect_code(w.tell('accept', case, '--yes', key='globex-fulfilment', status=1), 'state-illegal')
    w.say('offer', case, '--to', 'globex', '--valid-for', '1ms', key='acme-refund-agent', status=None)
    told = [(one['state'], one.get('reason')) for one in w.tell('handoffs', case, key='acme-refund-agent')['handoffs']]
    expect_equal(told[:2], [('declined', 'no stock'), ('withdrawn', 'done by hand')])
    w.tell('finalise', case, key='acme-refund-agent')
    expect_code(w.tell('offer', case, '--to', 'globex', key='acme-refund-agent', status=1), 'after-final')
    expect_equal('it is handed on no more' in w.say('handoffs', case, key='acme-carol'), True)


def a_scope_only_narrows():
    w = W
    case = _ask()
    w.say('offer', case, '--to', 'globex/fulfilment', '--depth', '1', '--action', 'refund', '--action', 'ship.*',
          '--releases', '2', '--expires', '2h', key='acme-refund-agent')
    w.say('accept', case, '--yes', key='globex-fulfilment')
    for words in (['--depth', '1'], ['--releases', '3'], ['--service', '*'], ['--expires', '3h']):
        expect_code(w.tell('offer', case, '--to', 'globex/spare', *words, key='globex-fulfilment', status=1),
                    'pass-wider')
    expect_code(w.tell('offer', case, '--to', 'acme/refund-agent', key='globex-fulfilment', status=1),
                'delegation-loop')
    child = w.tell('request', '--service', 'payments', '--action', 'ship.box', '--payload', '-', '--parent', case,
                   key='globex-fulfilment', text='{}')
    expect_equal(child['state'], 'HELD')
    w.say('offer', case, '--to', 'globex/spare', key='globex-fulfilment')
    w.say('accept', case, '--yes', key='globex-spare')
    expect_code(w.tell('offer', case, '--to', 'acme/worker', key='globex-spare', status=1), 'pass-too-deep')
    expect_equal([hop['to'] for hop in w.tell('handoffs', case, key='acme-carol')['handoffs']],
                 ['globex/fulfilment', 'globex/spare'])


def questions_are_answered():
    w = W
    case = _ask()
    asked = w.tell('question', case, 'which order?', key='acme-carol')['submitted']['digest']
    w.write('why.txt', 'and why?')
    w.tell('question', case, '--file', 'why.txt', key='acme-bob')
    row = [one for one in w.tell('inbox', key='acme-carol')['cases'] if one['case'] == case][0]
    expect_equal(row['questions'], 2)
    expect_equal('2 questions' in w.say('inbox', key='acme-carol'), True)
    shown = w.tell('show', case, key='acme-refund-agent')['questions']
    expect_equal([(one['digest'], one['question'], one['open'], one['from']) for one in shown][0],
                 (asked, 'which order?', True, 'acme/carol'))
    expect_code(w.tell('question', case, 'I wonder', key='acme-worker', status=1), 'not-human')
    expect_code(w.tell('question', case, key='acme-carol', status=4), 'usage')
    expect_code(w.tell('answer', case, '4711', key='acme-refund-agent', status=4), 'usage')
    expect_code(w.tell('answer', case, '4711', '--question', asked, key='acme-worker', status=1), 'not-holder')
    w.tell('answer', case, '4711', '--question', asked, key='acme-refund-agent')
    w.tell('answer', case, 'it came back', key='acme-refund-agent')
    expect_equal([one['answer'] for one in w.tell('show', case, key='acme-carol')['questions']], ['4711', 'it came back'])
    expect_equal('question     answered, by acme/carol' in w.say('show', case, key='acme-carol'), True)
    expect_code(w.tell('answer', case, 'it did', key='acme-refund-agent', status=1), 'no-question')


def _publish(policy, scope='acme', admins=None):
    W.write('p.json', policy)
    W.say('policy', 'publish', 'p.json', '--scope', scope, *(admins or ACME))


def a_patch_waits_for_consent():
    w = W
    _publish('{"admin_quorum": 2, "rules": [{"effect": "hold", "approvals": 1, "roles": ["approver"], "consent": true}]}')
    case = _ask()
    expect_code(w.tell('consent', case, '--accept', '--yes', key='acme-refund-agent', status=1), 'state-illegal')
    w.say('patch', case, '--set', '/amount="99.00"', '--yes', key='acme-carol')
    expect_code(w.tell('approve', case, '--yes', key='acme-bob', status=1), 'consent-missing')
    expect_equal(w.tell('show', case, key='acme-carol')['consent'], 'wanted')
    expect_equal('consent wanted' in w.say('inbox', '--all', key='acme-carol'), True)
    expect_code(w.tell('consent', case, key='acme-refund-agent', status=4), 'usage')
    expect_code(w.tell('consent', case, '--accept', key='acme-worker', status=1), 'not-holder')
    # What was changed is shown before anybody signs.
    expect_code(w.tell('consent', case, '--accept', key='acme-refund-agent', status=4), 'usage')
    expect_equal([word in w.err for word in ('/amount  "129.00" -> "99.00"', 'you say      accept', 'of patch')], [True] * 3)
    expect_code(w.tell('consent', case, '--refuse', key='acme-refund-agent', status=4), 'usage')
    expect_equal('you say      refuse' in w.err, True)
    expect_equal(w.tell('show', case, key='acme-carol')['consent'], 'wanted')
    w.tell('consent', case, '--refuse', '--yes', '--reason', 'too little', key='acme-refund-agent')
    # Whoever was refused may change it again.
    w.say('patch', case, '--set', '/amount="119.00"', '--yes', key='acme-carol')
    w.tell('consent', case, '--accept', '--yes', key='acme-refund-agent')
    expect_equal('submitted' in w.tell('consent', case, '--accept', '--yes', key='acme-refund-agent'), False)
    w.say('approve', case, '--yes', key='acme-bob')
    expect_equal(w.tell('consume', case, key='acme-refund-agent')['payload']['amount'], '119.00')


def _typed_when_asked(words, question, before, typed):
    """Runs custody at a terminal; where it asks, lets something happen first, and types then. Status and screen."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(W.top)
        os.environ.update(CUSTODY_URL=W.url, CUSTODY_TRUST='trust.json')
        os.execv(CUSTODY, [CUSTODY] + words)
    screen = ''
    asked = False
    while True:
        try:
            screen += os.read(terminal, 4096).decode()
        except OSError:
            break
        if question in screen and not asked:
            asked = True
            before()
            os.write(terminal, typed)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen


def consent_is_for_what_was_shown():
    w = W
    case = _ask()
    words = ['consent', case, '--accept', '--key', 'acme-refund-agent.key']
    w.say('patch', case, '--set', '/amount="4.00"', '--yes', key='acme-carol')
    status, screen = _typed_when_asked(words, 'Can you act on this? [y/N]', lambda: None, b'n\n')
    expect_equal((status, '"129.00" -> "4.00"' in screen, '[declined]' in screen), (1, True, True))
    # Another patch comes while the holder reads.
    again = ['patch', case, '--set', '/amount="9000.00"', '--yes']
    status, screen = _typed_when_asked(words, 'Can you act on this? [y/N]', lambda: w.say(*again, key='acme-carol'), b'y\n')
    expect_equal((status, '9000.00' in screen, '[action-mismatch]' in screen), (1, False, True))
    expect_equal(w.tell('show', case, key='acme-carol')['consent'], 'wanted')
    status, screen = _typed_when_asked(words, 'Can you act on this? [y/N]', lambda: None, b'y\n')
    expect_equal((status, '"129.00" -> "9000.00"' in screen), (0, True))
    expect_equal(w.tell('show', case, key='acme-carol')['consent'], 'given')


def what_was_patched_since_is_offered_again():
    w = W
    case = _ask()
    w.say('offer', case, '--to', 'globex/fulfilment', key='acme-refund-agent')
    w.say('patch', case, '--set', '/amount="9000.00"', '--yes', key='acme-carol')
    refused = w.tell('accept', case, '--yes', key='globex-fulfilment', status=1)
    expect_code(refused, 'action-mismatch')
    expect_equal('let acme/refund-agent offer it again' in refused['error']['detail'], True)
    w.say('withdraw', case, key='acme-refund-agent')
    w.say('offer', case, '--to', 'globex/fulfilment', key='acme-refund-agent')
    w.say('accept', case, '--yes', key='globex-fulfilment')


def a_case_is_left_to_others():
    w = W
    _publish('{"admin_quorum": 2, "rules": [{"effect": "hold", "approvals": 1, "roles": ["clerk"], "escalation": '
             '{"roles": ["approver"]}}]}')
    w.say('key', 'new', 'acme-dora.key', '--name', 'acme/dora', '--no-passphrase')
    w.say('enrol', '--new', 'acme-dora.key', '--role', 'clerk', *ACME)
    case = _ask()
    expect_code(w.tell('approve', case, '--yes', key='acme-carol', status=1), 'wrong-role')
    expect_code(w.tell('escalate', case, '--yes', key='acme-carol', status=1), 'wrong-role')
    expect_equal('once escalated by approver of acme' in w.say('show', case, key='acme-dora'), True)
    told = w.tell('escalate', case, '--yes', '--reason', 'too much for me', key='acme-dora')
    expect_equal((told['choice'], told['state']), ('escalate', 'HELD'))
    expect_equal(w.tell('show', case, key='acme-carol')['quorum'][0]['escalated'], True)
    expect_equal('by approver of acme, to whom it was escalated' in w.say('show', case, key='acme-carol'), True)
    expect_code(w.tell('escalate', case, '--yes', key='acme-carol', status=1), 'no-escalation')
    expect_code(w.tell('approve', case, '--yes', key='acme-dora', status=1), 'wrong-role')
    expect_equal(w.tell('approve', case, '--yes', key='acme-carol')['state'], 'RELEASED')


def approvals_have_an_order():
    w = W
    _publish('{"admin_quorum": 2, "rules": [{"effect": "hold", "approvals": 2, "roles": ["clerk", "approver"], '
             '"ordered": true}]}')
    case = _ask()
    expect_code(w.tell('approve', case, '--yes', key='acme-carol', status=1), 'out-of-order')
    w.say('approve', case, '--yes', key='acme-dora')
    expect_equal(w.tell('approve', case, '--yes', key='acme-carol')['state'], 'RELEASED')
    # Whoever is asked may say no, also where it isn't their turn, or they are named in the request.
    case = _ask()
    expect_equal(w.tell('reject', case, '--yes', key='acme-carol')['state'], 'REJECTED')
    case = _ask()
    expect_code(w.tell('approve', case, '--yes', key='acme-alice', status=1), 'self-approval')
    expect_equal(w.tell('reject', case, '--yes', key='acme-alice')['state'], 'REJECTED')
    _publish('{"admin_quorum": 2, "rules": [{"effect": "hold", "approvals": 1, "roles": ["approver"]}]}')


def keys_change():
    w = W
    case = _ask()
    w.say('key', 'new', 'carol-2.key', '--name', 'acme/carol', '--no-passphrase')
    old = w.tell('key', 'show', 'acme-carol.key', name='key show')['key']
    expect_code(w.tell('rotate', '--new', 'acme-dora.key', key='acme-carol', status=4), 'usage')
    expect_code(w.tell('rotate', '--new', 'acme-carol.key', key='acme-carol', status=4), 'usage')
    done = w.tell('rotate', '--new', 'carol-2.key', '--reason', 'a new laptop', key='acme-carol')
    expect_equal(done['submitted']['type'], 'actor.rotate')
    # The old key is refused, the new one decides.
    w.tell('approve', case, '--yes', key='acme-carol', status=1)
    w.tell('rotate', '--new', 'carol-2.key', key='acme-carol', status=1)
    expect_equal(w.tell('approve', case, '--yes', key='carol-2')['state'], 'RELEASED')
    row = [one for one in w.tell('actors', 'acme', key='carol-2')['actors'] if one['actor'] == 'acme/carol'][0]
    expect_equal([(one['key'], one['revoked']) for one in row['former']], [(old, False)])
    # That key alone was stolen; the actor stays.
    expect_code(w.tell('revoke', 'acme/carol', '--former', 'nonsense', *ACME, status=4), 'usage')
    w.tell('revoke', 'acme/carol', '--former', old, '--reason', 'the old laptop was stolen', *ACME)
    expect_equal('REVOKED since' in w.say('actors', 'acme', key='carol-2'), True)
    w.say('approve', _ask(), '--yes', key='carol-2')
    expect_code(w.tell('revoke', 'acme/dora', '--former', old, *ACME, status=4), 'usage')


def the_custodian_changes_its_clerk_key():
    w = W
    w.say('key', 'new', 'clerk-2.key', '--name', 'custody.example/dev/clerk', '--no-passphrase')
    rotate = ['custodian', 'rotate', '--new', 'clerk-2.key', *OPERATORS]
    expect_code(w.tell(*rotate, status=4), 'usage')
    expect_code(w.tell('custodian', 'rotate', '--new', 'acme-dora.key', '--which', 'clerk', *OPERATORS, status=4), 'usage')
    # Not before the custodian has it in hand.
    expect_code(w.tell(*rotate, '--which', 'clerk', status=1), 'key-not-held')
    w.say('custodian', 'rotate', '--new', 'clerk-2.key', '--which', 'clerk', '--admin', 'operator-ada.key', '--cosigner',
          'operator/otto', '--draft', 'c.draft')
    shown = w.say('sign', 'c.draft', '--yes', key='operator-otto')
    expect_equal('0 of 3 signatures' in shown, True)
    w.stop()
    w.start('--next-clerk-key', 'clerk-2.key')
    expect_equal(w.tell('submit', 'c.draft')['submitted']['type'], 'custodian.rotate')
    # What the clerk says from then on is believed, from the same pins.
    case = _ask()
    w.say('approve', case, '--yes', key='carol-2')
    w.say('consume', case, key='acme-refund-agent')


def the_custodian_changes_its_log_key():
    w = W
    before = w.tell('info')['log_key']
    w.say('key', 'new', 'log-2.key', '--name', 'custody.example/dev', '--no-passphrase')
    w.stop()
    w.start('--clerk-key', 'clerk-2.key', '--next-log-key', 'log-2.key')
    w.tell('custodian', 'rotate', '--new', 'log-2.key', '--which', 'log', *OPERATORS, name='custodian rotate')
    expect_code(w.tell('info', status=1), 'note-unsigned')
    expect_equal(w.tell('info', key='acme-bob')['log_key'] == before, False)
    # Who pins the old key goes on, also in a process that never saw the rotation.
    case = _ask()
    w.say('approve', case, '--yes', key='carol-2')
    w.say('consume', case, key='acme-refund-agent')
    w.say('show', case, '--state', '-', key='carol-2')


def a_ledger_is_closed():
    w = W
    expect_code(w.tell('close', *OPERATORS, status=4), 'usage')
    expect_code(w.tell('close', '--admin', 'operator-ada.key', '--yes', status=1), 'under-threshold')
    done = w.tell('close', '--reason', 'moved', *OPERATORS, '--yes')
    expect_equal(done['submitted']['type'], 'ledger.close')
    expect_code(w.tell('request', '--service', 's', '--action', 'a', '--payload', '-', key='acme-refund-agent', text='{}',
                       status=1), 'after-terminal')
    w.say('audit', key='carol-2', status=None)
    expect_equal('fails' in w.out, False)


def the_shapes_are_what_is_recorded():
    compare_shapes('json-handoffs.txt', SHAPED)


def the_custodian_ends():
    W.stop()
    shutil.rmtree(W.top)


contract.main([
    a_ledger_of_two_vendors,
    a_case_is_handed_to_another_vendor,
    an_offer_is_waited_for,
    what_does_not_travel_is_decided_anew,
    offers_end_in_other_ways,
    a_scope_only_narrows,
    questions_are_answered,
    a_patch_waits_for_consent,
    consent_is_for_what_was_shown,
    what_was_patched_since_is_offered_again,
    a_case_is_left_to_others,
    approvals_have_an_order,
    keys_change,
    the_custodian_changes_its_clerk_key,
    the_custodian_changes_its_log_key,
    a_ledger_is_closed,
    the_shapes_are_what_is_recorded,
    the_custodian_ends,
])
