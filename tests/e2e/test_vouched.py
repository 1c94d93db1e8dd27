# SPDX-License-Identifier: Apache-2.0
"""
A whole audit through a real custodian's door, by a policy that asks for two of three witnesses: who vouches for what, who is
missing, and what is newer than anybody saw. Arguments: custody, custodyd, custody-verify.
"""

import json
import shutil
import signal
import sqlite3

import contract
from contract import expect_equal
from watched import NAMES, OPERATORS, House, until

WORLD = House()


def audit(status, policy='policy'):
    told = json.loads(WORLD.say('audit', '--trust', policy, '--state', '-', '--no-state', '--json', key='operator-ada', status=status))
    claims = {one['claim']: one for one in told['report']['claims']}
    return {name: (claims[name]['state'], claims[name].get('code'), claims[name]['text'])
            for name in ('complete', 'witnessed', 'alike', 'when')}


def expect_claim(claims, name, state, says, code=None):
    got = claims[name]
    if got[:2] != (state, code) or says not in got[2]:
        raise AssertionError(f'{name}: {got}, and not {state}, {code}, {says!r}')


def present(*names):
    """So many have cosigned all there is."""
    until(lambda: WORLD.missing() == sorted(set(NAMES) - set(names)), 'present: ' + ', '.join(names))


def while_nobody_cosigns_nothing_is_vouched_for():
    w = WORLD
    w.found(NAMES)
    for one in w.witnesses:
        one.end()
    w.begin()
    claims = audit(1)
    expect_claim(claims, 'complete', 'holds', "every one of the checkpoint's 1 entry")
    expect_claim(claims, 'witnessed', 'fails', 'no valid cosignature by: one, two, three', 'under-threshold')
    expect_claim(claims, 'alike', 'not checked', 'nobody but its custodian')
    expect_claim(claims, 'when', 'not checked', 'no witness that is trusted says when')


def two_are_a_quorum_and_are_named():
    w = WORLD
    w.witnesses[0].start()
    w.witnesses[1].start()
    w.wait_state('serving')
    w.say('enrol', '--party', 'acme', '--new', 'acme-alice.key', '--new', 'acme-bob.key', *OPERATORS)
    w.append()
    present('one', 'two')
    claims = audit(0)
    expect_claim(claims, 'complete', 'holds', "every one of the checkpoint's")
    expect_equal('newer' in claims['complete'][2], False)
    expect_claim(claims, 'witnessed', 'holds', 'the quorum of witnesses cosigned the checkpoint: one, two')
    expect_claim(claims, 'alike', 'holds', 'cosigned by one, two;')
    expect_claim(claims, 'when', 'holds', 'says a quorum of one, two;')


def what_is_newer_than_a_quorum_saw_is_told():
    w = WORLD
    size = w.info()['size']
    w.witnesses[1].end(signal.SIGKILL)
    w.append()
    w.append()
    present('one')
    claims = audit(0)
    expect_claim(claims, 'complete', 'holds', f"every one of the checkpoint's {size} entries; newer ones, ")
    expect_claim(claims, 'complete', 'holds', 'are under a checkpoint that no quorum of witnesses has cosigned yet, and were not '
                 'judged')
    for name in ('witnessed', 'alike', 'when'):
        expect_claim(claims, name, 'holds', 'one, two')


def a_quorum_of_others_will_do():
    w = WORLD
    w.witnesses[2].start()
    present('one', 'three')
    claims = audit(0)
    expect_equal('newer' in claims['complete'][2], False)
    for name in ('witnessed', 'alike', 'when'):
        expect_claim(claims, name, 'holds', 'one, three')


def an_auditor_who_asks_for_all_is_told_who_is_missing():
    w = WORLD
    w.write('strict', w.read('policy').replace('group most 2', 'group most 3'))
    claims = audit(1, 'strict')
    expect_claim(claims, 'witnessed', 'fails', 'no valid cosignature by: two', 'under-threshold')
    expect_claim(claims, 'complete', 'holds', "every one of the checkpoint's")
    w.witnesses[1].start()
    present(*NAMES)
    claims = audit(0, 'strict')
    for name in ('witnessed', 'alike', 'when'):
        expect_claim(claims, name, 'holds', 'one, two, three')


def a_database_holds_what_they_said():
    w = WORLD
    w.end()
    told = json.loads(w.say('audit', '--trust', 'strict', '--state', '-', '--db', 'l.db', '--json', status=0))
    claims = {one['claim']: (one['state'], one.get('code'), one['text']) for one in told['report']['claims']}
    for name in ('witnessed', 'alike', 'when'):
        expect_claim(claims, name, 'holds', 'one, two, three')
    database = sqlite3.connect(w.path('l.db'))
    database.execute("DELETE FROM cosignature WHERE witness LIKE 'two%'")
    database.commit()
    database.close()
    told = json.loads(w.say('audit', '--trust', 'strict', '--state', '-', '--db', 'l.db', '--json', status=1))
    claims = {one['claim']: (one['state'], one.get('code'), one['text']) for one in told['report']['claims']}
    expect_claim(claims, 'witnessed', 'fails', 'no valid cosignature by: two', 'under-threshold')
    expect_claim(claims, 'alike', 'holds', 'cosigned by one, three')


def all_end():
    if WORLD.daemon:
        WORLD.end()
    for one in WORLD.witnesses:
        one.end()
    shutil.rmtree(WORLD.top)


contract.main([
    while_nobody_cosigns_nothing_is_vouched_for,
    two_are_a_quorum_and_are_named,
    what_is_newer_than_a_quorum_saw_is_told,
    a_quorum_of_others_will_do,
    an_auditor_who_asks_for_all_is_told_who_is_missing,
    a_database_holds_what_they_said,
    all_end,
])
