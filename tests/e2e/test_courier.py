# SPDX-License-Identifier: Apache-2.0
"""
A custodian whose policy asks for two of three witnesses, all of them real processes: they cosign, two go and come back, its
courier and the custodian itself are killed at any moment, and a backup of yesterday appends nothing, whatever is promised of it.
Arguments: custody, custodyd, custody-verify.
"""

import json
import os
import random
import shutil
import signal
import sqlite3
import time

import contract
from contract import expect_equal
from live import CUSTODYD
from watched import ADMINS, KEYS, NAMES, OPERATORS, House, until

WORLD = House()


def a_policy_of_two_of_three():
    w = WORLD
    w.found(NAMES)
    expect_equal(w.run(CUSTODYD, ['--ledger', 'l.db', *KEYS, '--witnesses', 'policy', '--check']), 0)
    w.begin()
    w.wait_state('serving')
    expect_equal(w.get('/healthz'), (200, 'serving\n'))
    until(lambda: w.missing() == [], 'all have cosigned')


def what_is_appended_is_cosigned():
    w = WORLD
    w.say('enrol', '--party', 'acme', '--new', 'acme-alice.key', '--new', 'acme-bob.key', *OPERATORS)
    w.append()
    until(lambda: w.missing() == [], 'all have cosigned')
    expect_equal(w.metric('custody_quorum_lag_entries'), {'': 0})
    expect_equal(w.metric('custody_witness_lag_entries'), {name: 0 for name in NAMES})
    expect_equal(w.metric('custody_courier_restarts_total'), {'': 0})


def two_go_and_are_named():
    w = WORLD
    for one in w.witnesses[:2]:
        one.end(signal.SIGKILL)
    w.append()
    until(lambda: w.missing() == ['one', 'two'] and
          w.metric('custody_witness_state') == {'one': 2, 'two': 2, 'three': 0}, 'the two that went are missing')
    expect_equal(w.metric('custody_quorum_lag_entries'), {'': 1})
    w.append()
    expect_equal(w.get('/healthz'), (200, 'serving\n'))


def they_come_back_and_all_goes_on():
    w = WORLD
    for one in w.witnesses[:2]:
        one.start()
    until(lambda: w.missing() == [], 'all have cosigned')
    expect_equal(w.metric('custody_quorum_lag_entries'), {'': 0})
    expect_equal(w.metric('custody_witness_state'), {name: 0 for name in NAMES})


def killed_couriers_are_started_again():
    w = WORLD
    for kill in range(5):
        watchers, couriers = until(lambda: all(map(len, w.couriers())) and w.couriers(), 'there is a courier')
        os.kill(couriers[0], signal.SIGKILL)
        w.append()
        until(lambda: w.metric('custody_courier_restarts_total')[''] == kill + 1, 'a courier is there again')
    until(lambda: w.missing() == [], 'all have cosigned')
    expect_equal(len(watchers), 1)


def a_killed_custodian_goes_on():
    w = WORLD
    for _ in range(4):
        size = w.info()['size']
        w.append()
        time.sleep(random.random() * 0.1)
        below = sum(w.couriers(), [])
        expect_equal(w.end(signal.SIGKILL), -signal.SIGKILL)
        until(lambda: not any(os.path.exists(f'/proc/{pid}') for pid in below), 'what it started ends with it')
        w.begin()
        w.wait_state('serving')
        expect_equal(w.info()['size'], size + 1)
    until(lambda: w.missing() == [], 'all have cosigned')
    w.append()


def while_two_are_silent_a_start_waits():
    w = WORLD
    until(lambda: w.missing() == [], 'all have cosigned')
    for one in w.witnesses[:2]:
        one.end()
    expect_equal(w.end(), 0)
    w.begin()
    until(lambda: w.metric('custody_witness_state').get('three') == 0, 'the third was heard')
    w.wait_state('witnesses')
    status, words = w.get('/healthz')
    expect_equal((status, 'one, two' in words), (503, True))
    size = w.info()['size']
    w.say('enrol', '--new', 'acme-worker.key', '--owner', 'acme/alice', *ADMINS, '--state', '-', status=3)
    expect_equal('witnesses-unknown' in w.err, True)
    expect_equal(w.info()['size'], size)
    for one in w.witnesses[:2]:
        one.start()
    w.wait_state('serving')
    w.append()
    until(lambda: w.missing() == [], 'all have cosigned')


def a_backup_of_yesterday_appends_nothing():
    w = WORLD
    w.say('backup', '--ledger', 'l.db', '--to', 'yesterday.db')
    then = w.info()['size']
    for _ in range(3):
        w.append()
    until(lambda: w.missing() == [], 'all have cosigned')
    expect_equal(w.end(), 0)
    for name in os.listdir(w.top):
        if name.startswith('l.db') and name != 'l.db.lock':
            shutil.move(w.path(name), w.path('today-' + name))
    os.rename(w.path('yesterday.db'), w.path('l.db'))
    expect_equal(w.run(CUSTODYD, ['--ledger', 'l.db', *KEYS, '--listen', w.url, '--witnesses', 'policy']), 1)
    expect_equal('store-copy' in w.err, True)
    # Somebody says that there was no more. The witnesses know better.
    w.begin('--restored', str(then))
    w.wait_state('behind')
    expect_equal(f'a checkpoint of {then + 3} entries' in w.info()['reason'], True)
    expect_equal(w.get('/healthz')[0], 503)
    w.say('enrol', '--new', 'acme-worker.key', '--owner', 'acme/alice', *ADMINS, '--state', '-', status=3)
    expect_equal('ledger-behind' in w.err, True)
    expect_equal(w.info()['size'], then)
    expect_equal(w.end(), 0)


def what_was_there_today_goes_on():
    w = WORLD
    os.remove(w.path('l.db'))
    for name in os.listdir(w.top):
        if name.startswith('today-'):
            os.rename(w.path(name), w.path(name[len('today-'):]))
    w.begin()
    w.wait_state('serving')
    w.append()
    until(lambda: w.missing() == [], 'all have cosigned')
    expect_equal(w.end(), 0)


# What is done to the database, and what the audit says of it.
ALTERED = {
    "UPDATE cosignature SET size = size - 1 WHERE witness LIKE 'one%' AND size > 3": 'did not sign this',
    'UPDATE cosignature SET first = CAST(replace(CAST(first AS TEXT), \'A\', \'B\') AS BLOB)': 'did not sign this',
    "UPDATE cosignature SET witness = 'nobody+' || witness": 'no key of a witness',
    'UPDATE cosignature SET size = size + 1000': 'there is no such checkpoint',
}


def audit(file):
    return {one['claim']: one for one in
            json.loads(WORLD.say('audit', '--db', file, '--state', '-', '--json', status=None))['report']['claims']}


def the_audit_reads_what_they_said():
    w = WORLD
    expect_equal(audit('l.db')['stored']['state'], 'holds')
    for statement, says in ALTERED.items():
        shutil.copy(w.path('l.db'), w.path('altered.db'))
        database = sqlite3.connect(w.path('altered.db'))
        database.execute('PRAGMA journal_mode=DELETE')
        expect_equal(database.execute(statement).rowcount > 0, True)
        database.commit()
        database.execute('PRAGMA journal_mode=WAL')
        database.close()
        stored = audit('altered.db')['stored']
        expect_equal((stored['state'], stored['code']), ('fails', 'store-altered'))
        expect_equal('table cosignature' in stored['text'] and says in stored['text'], True)
        os.remove(w.path('altered.db'))


def two_ledgers_of_one_name_are_kept_and_end_appends():
    w = WORLD
    shutil.copy(w.path('l.db'), w.path('other.db'))
    for file, name in (('l.db', 'acme-worker.key'), ('other.db', 'acme-refund-agent.key')):
        os.rename(w.path(file), w.path('served.db'))
        more = ['--witnesses', 'policy'] if file == 'l.db' else []
        w.start_over('served.db', *more)
        w.wait_state('serving')
        w.say('enrol', '--new', name, '--owner', 'acme/alice', *ADMINS, '--state', '-')
        if more:
            until(lambda: w.missing() == [], 'all have cosigned')
        expect_equal(w.end(), 0)
        os.rename(w.path('served.db'), w.path(file))
    w.start_over('other.db', '--witnesses', 'policy')
    w.wait_state('behind')
    expect_equal('another ledger of this name' in w.info()['reason'], True)
    [kept] = until(lambda: [name for name in os.listdir(w.top)
                            if name.startswith('other.db.contradiction-') and name.endswith('.json')],
                   'both notes are kept')
    w.say('enrol', '--new', 'acme-carol.key', '--owner', 'acme/alice', *ADMINS, '--state', '-', status=3)
    expect_equal('ledger-behind' in w.err, True)
    expect_equal(w.end(), 0)
    w.say('convict', kept)
    expect_equal('two-roots' in w.out or 'two roots' in w.out, True)


def all_end():
    if WORLD.daemon:  # a case before has failed
        WORLD.end(signal.SIGKILL)
    for one in WORLD.witnesses:
        one.end()
    shutil.rmtree(WORLD.top)


contract.main([
    a_policy_of_two_of_three,
    what_is_appended_is_cosigned,
    two_go_and_are_named,
    they_come_back_and_all_goes_on,
    killed_couriers_are_started_again,
    a_killed_custodian_goes_on,
    while_two_are_silent_a_start_waits,
    a_backup_of_yesterday_appends_nothing,
    what_was_there_today_goes_on,
    the_audit_reads_what_they_said,
    two_ledgers_of_one_name_are_kept_and_end_appends,
    all_end,
])
