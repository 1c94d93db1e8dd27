# SPDX-License-Identifier: Apache-2.0
"""
custody watch, on a terminal and without one, against a running custodian. Arguments: custody, custodyd, custody-verify.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time

import contract
from contract import expect_equal
from live import CUSTODY, CUSTODYD, World
from terminal import Terminal

WORLD = World()
ENTER, LEAVE = b'\x1b[?1049h', b'\x1b[?1049l'
# Every sequence that the program itself sends to a terminal.
OURS = re.compile(rb'\x1b\[(\d+;1H|[HK]|2J|0m|7m|\?1049[hl]|\?25[hl]|\?7[hl])')
# Characters that hide, or turn the text around, raw.
EVIL = ['\u202e', '\u2066', '\u200b', '\u200d', '\ufeff', '\u00ad', '\u00a0', '\u0336', '\U000e0041', '\ufe0f', '\u009b']


def watch(*words, key='acme-carol', term='vt100', rows=24, columns=100, **settings):
    env = {'CUSTODY_URL': WORLD.url, 'CUSTODY_TRUST': 'trust.json', 'TERM': term, 'TMPDIR': WORLD.top,
           'LC_ALL': 'C.UTF-8', **settings}
    return Terminal([CUSTODY, 'watch', '--key', key + '.key', *words], rows=rows, columns=columns, folder=WORLD.top,
                    **env)


def request(payload='{"amount":500}', action='refund', **options):
    words = ['request', '--service', 'payments', '--action', action, '--payload', '-']
    for name, value in options.items():
        words += ['--' + name, value]
    return WORLD.tell(*words, key='acme-refund-agent', text=payload)['case']


def clear():
    """Nothing waits for carol."""
    for row in WORLD.tell('inbox', key='acme-carol')['cases']:
        WORLD.say('reject', row['case'], '--yes', key='acme-carol')


def reach_question(terminal):
    """Reads on until a yes would count."""
    terminal.until('this is what you sign')
    time.sleep(0.3)  # what is pressed too early counts for nothing
    for _ in range(60):
        terminal.type(' ')
    terminal.until('y sign')


def state(case):
    return json.loads(WORLD.say('show', case, '--json', key='acme-carol', status=None))['state']


def expect_restored(terminal):
    """The terminal is as it was: its modes, its screen, its cursor, its line breaks."""
    expect_equal(terminal.after, terminal.before)
    left = terminal.raw.rsplit(ENTER, 1)[1]
    for sequence in (LEAVE, b'\x1b[?25h', b'\x1b[?7h', b'\x1b[0m'):
        expect_equal(sequence in left, True)


def expect_nothing_foreign(terminal):
    """No sequence and no hidden character but our own reached the terminal."""
    rest = OURS.sub(b'', terminal.raw)
    expect_equal(b'\x1b' in rest, False)
    text = rest.decode()
    for character in EVIL:
        if character in text:
            raise AssertionError(f'{character!r} reached the terminal')
    expect_equal([c for c in text if ord(c) < 32 and c not in '\r\n'], [])


def the_world_is_made():
    w = WORLD
    w.say('init', '--development', '--log-key', 'log.key', '--clerk-key', 'clerk.key', '--admin', 'operator-ada.key',
          '--admin', 'operator-otto.key', 'opening.json')
    w.say('trust', 'new', '--opening', 'opening.json', 'trust.json')
    w.run(CUSTODYD, ['--init', 'opening.json', '--ledger', 'l.db', '--log-key', 'log.key', '--clerk-key', 'clerk.key',
                     '--development'])
    w.start()
    admins = ['--admin', 'acme-alice.key', '--admin', 'acme-bob.key']
    w.say('enrol', '--party', 'acme', '--new', 'acme-alice.key', '--new', 'acme-bob.key', '--admin',
          'operator-ada.key', '--admin', 'operator-otto.key')
    w.say('enrol', '--new', 'acme-carol.key', '--role', 'approver', *admins)
    w.say('enrol', '--new', 'acme-refund-agent.key', '--owner', 'acme/alice', *admins)
    w.write('p.json', '{"admin_quorum": 2, "rules": [{"effect": "hold", "approvals": 2, "roles": ["approver", "admin"], '
                      '"match": {"action": "wire"}}, {"effect": "hold", "approvals": 1, "roles": ["approver"]}]}')
    w.say('policy', 'publish', 'p.json', '--scope', 'acme', *admins)


def a_case_comes_in_is_opened_and_approved():
    t = watch()
    t.until('nothing waits for you')
    case = request(priority='high')
    screen = t.until(case[:8])
    row = [line for line in screen.splitlines() if case[:8] in line][0]
    expect_equal([word in row for word in ('>*', 'acme/refund-agent', 'payments/refund', 'high', '0/1', 'yours')], [True] * 6)
    t.type('\r')
    t.until('"amount": 500')
    t.type('G')
    t.until('signed      holds')
    t.type('a')
    t.until('Why?')
    t.type('goof\x7fd reason\r')
    t.until('because      good reason')
    expect_equal(state(case), 'HELD')
    reach_question(t)
    t.type('y')
    t.until('approved, entry')
    t.until('RELEASED')
    t.type('q')
    t.until('nothing waits for you')
    t.type('q')
    expect_equal((t.end(), state(case)), (0, 'RELEASED'))
    expect_restored(t)
    expect_nothing_foreign(t)


def nothing_is_signed_without_a_yes():
    clear()
    case = request()
    for keys in ('n', '\x1b', 'q', 'x\x1b'):
        t = watch()
        t.until(case[:8])
        t.type('a')
        t.until('Why?')
        t.type('\r')
        reach_question(t)
        t.type(keys)
        t.until('nothing was signed')
        t.type('q')
        expect_equal(t.end(), 0)
        expect_restored(t)
    t = watch()
    t.until(case[:8])
    t.type('r')
    t.until('Why?')
    t.type('\x1b')
    t.until('nothing was signed')
    t.type('q')
    expect_equal((t.end(), state(case)), (0, 'HELD'))
    WORLD.say('reject', case, '--yes', key='acme-carol')


def a_yes_counts_once_all_was_shown():
    clear()
    case = request(json.dumps({f'member{i:03}': i for i in range(100)}))
    t = watch(rows=20)
    t.until(case[:8])
    t.type('a')
    t.until('Why?')
    t.type('\r')
    t.until('more below')
    time.sleep(0.3)
    t.type('y')
    t.until('read it to its end first')
    t.type('G')  # the end was shown, what lies between was not
    t.until('you decide   approve')
    expect_equal('y sign' in t.screen(), False)
    t.type('g')
    reach_question(t)
    t.type('y')
    t.until('RELEASED')
    t.type('q')
    expect_equal((t.end(), state(case)), (0, 'RELEASED'))


def keys_that_were_pressed_before_answer_nothing():
    clear()
    case = request()
    t = watch(rows=60)
    t.until(case[:8])
    t.type('a')
    t.until('Why?')
    t.type('\ryyyyyyyy')
    t.until('y sign')
    t.read(1.2)
    t.until('y sign')
    t.type('n')
    t.until('nothing was signed')
    t.type('q')
    expect_equal((t.end(), state(case)), (0, 'HELD'))


def a_case_is_rejected_with_a_reason():
    clear()
    case = request()
    t = watch()
    t.until(case[:8])
    t.type('r')
    t.until('Why?')
    t.type('zu teuer für uns\r')
    t.until('you decide   reject')
    reach_question(t)
    t.type('y')
    t.until('rejected, entry')
    t.type('q')
    expect_equal((t.end(), state(case)), (0, 'REJECTED'))
    expect_equal('reason: zu teuer für uns' in WORLD.say('show', case, key='acme-carol', status=None), True)


def a_payload_is_patched_in_an_editor():
    clear()
    w = WORLD
    case = request('{"amount":500,"order":4711}')
    editor = w.write('editor.sh', '#!/bin/sh\nstat -c %a "$1" "$(dirname "$1")" > modes\nsed -i s/4711/4712/ "$1"\n')
    os.chmod(w.path(editor), 0o700)
    t = watch(VISUAL='./editor.sh')
    t.until(case[:8])
    t.type('p')
    t.until('Why?')
    t.type('\r')
    t.until('this is what you sign')
    time.sleep(0.3)
    t.type('G')
    t.until('/order  4711 -> 4712')
    t.type('g')
    reach_question(t)
    t.type('y')
    t.until('patched, entry')
    t.type('\r')
    t.until('revision 1')
    t.type('qq')
    expect_equal(t.end(), 0)
    expect_restored(t)
    expect_equal(w.read('modes').split(), ['600', '700'])
    expect_equal([name for name in os.listdir(w.top) if name.startswith('custody-edit')], [])
    for editor, said in [('true', 'nothing would change'), ('false', 'the editor ended with an error')]:
        t = watch(VISUAL=editor)
        t.until(case[:8])
        t.type('p')
        t.until(said)
        t.type('q')
        expect_equal(t.end(), 0)
    WORLD.say('reject', case, '--yes', key='acme-carol')


def a_refusal_is_said_and_the_watch_goes_on():
    clear()
    case = request(action='wire')
    WORLD.say('approve', case, '--yes', key='acme-carol')
    t = watch('--all')
    t.until("others'")
    t.until('1/2')
    t.type('G')
    t.until(lambda screen: '> ' + case[:8] in screen)
    t.type('a')
    t.until('Why?')
    t.type('\r')
    t.until('[duplicate-human]')
    WORLD.say('approve', case, '--yes', key='acme-bob')
    t.until('RELEASED')
    t.type('q')
    expect_equal(t.end(), 0)


def signals_restore_the_terminal():
    clear()
    with open(CUSTODY, 'rb') as file:
        sanitized = b'__asan_init' in file.read()
    for number, status in [(signal.SIGTERM, 3), (signal.SIGHUP, 3), (signal.SIGINT, 0), (signal.SIGABRT, -signal.SIGABRT),
                           (signal.SIGSEGV, -signal.SIGSEGV)]:
        if sanitized and number == signal.SIGSEGV:
            continue  # the sanitizer's own
        t = watch()
        t.until('nothing waits for you')
        os.kill(t.pid, number)
        expect_equal(t.end(), status)
        expect_restored(t)
    t = watch()
    t.until('nothing waits for you')
    t.type('\x03')
    expect_equal(t.end(), 0)
    expect_restored(t)


def a_signal_in_the_midst_of_a_question_signs_nothing():
    clear()
    case = request()
    t = watch()
    t.until(case[:8])
    t.type('a')
    t.until('Why?')
    t.type('\r')
    reach_question(t)
    os.kill(t.pid, signal.SIGTERM)
    expect_equal((t.end(), state(case)), (3, 'HELD'))
    expect_restored(t)
    WORLD.say('reject', case, '--yes', key='acme-carol')


def a_stop_gives_the_terminal_back_for_a_while():
    clear()
    t = watch(shell=True)
    t.until('nothing waits for you')
    t.type('\x1a')
    t.until(lambda screen: b'STOPPED' in t.raw)
    stopped = t.raw.index(b'STOPPED')
    expect_equal((t.raw[:stopped].count(ENTER), t.raw[:stopped].count(LEAVE)), (1, 1))
    t.until(lambda screen: t.raw[stopped:].count(ENTER) == 1 and 'nothing waits for you' in screen)
    t.type('q')
    expect_equal(t.end(), 0)
    expect_restored(t)


def another_size_is_drawn_anew():
    clear()
    case = request()
    t = watch()
    t.until(case[:8])
    t.resize(10, 60)
    t.raw = b''
    screen = t.until(case[:8])
    expect_equal(max(len(line) for line in screen.splitlines()) <= 60, True)
    # What one decides by is all there, and so are the keys.
    row = [line for line in screen.splitlines() if case[:8] in line][0]
    expect_equal([word in row for word in ('acme/refund', 'payments', '0/', 'yours')], [True] * 4)
    expect_equal([word in screen.splitlines()[1] for word in ('ASKED BY', 'DUE IN', 'QUORUM STATE')], [True] * 3)
    expect_equal(screen.splitlines()[9].strip(), 'Enter open  a approve  r reject  ? keys  q quit')
    t.resize(24, 60)
    t.type('?')
    screen = t.until('any key: back')
    expect_equal('  verified by your trust file first.' in screen, True)
    t.type(' ')
    t.until(case[:8])
    t.resize(3, 20)
    t.raw = b''
    t.until('custody watch')
    t.type('q')
    expect_equal(t.end(), 0)
    WORLD.say('reject', case, '--yes', key='acme-carol')


def a_custodian_that_goes_and_comes_is_said():
    clear()
    w = WORLD
    t = watch()
    t.until('nothing waits for you')
    w.stop()
    t.until('CUSTODIAN NOT REACHED')
    t.type('?')
    t.until('In the list')
    t.type(' ')
    w.start()
    t.until(lambda screen: 'NOT REACHED' not in screen and 'nothing waits' in screen)
    case = request()  # with a session of its own again
    t.until(case[:8])
    t.type('q')
    expect_equal(t.end(), 0)
    WORLD.say('reject', case, '--yes', key='acme-carol')


HOSTILE = {'note': '\u001b[2J\u001b]0;owned\u0007\u202e001\u202c', 'zero': 'ap\u200bprove\u200d\ufeff\u00ad',
           'wide': 'x' + ' ' * 120 + 'you decide   reject', 'stroke': 'n\u0336o\u0336t\u0336', 'tag': '\U000e0041',
           'stack': 'a' + '\u0301' * 40, '\u202ekey': '\ufe0f', 'nbsp': 'a\u00a0b', 'c1': '\u009b31m',
           'quote': 'x"\n  "amount": 1', 'a  1 -> 2': 1}


def text_that_would_fool_a_reader_is_written_out():
    """ATTACKS.md row 12."""
    clear()
    case = request(json.dumps(HOSTILE))
    WORLD.say('patch', case, '--set', '/a  1 -> 2=3', '--reason', 'why\x1b[31m\u202enot', '--yes', key='acme-bob', status=0)
    for columns in (100, 40):
        t = watch(columns=columns, rows=50)
        t.until(case[:8])
        t.type('\r')
        t.until('\\u001b[2J')
        t.type('G')
        t.until('text-suspicious')
        t.type('a')
        t.until('Why?')
        t.type('\x1b')
        t.until('nothing was signed')
        t.type('qq')
        expect_equal(t.end(), 0)
        expect_restored(t)
        expect_nothing_foreign(t)
    shown = WORLD.say('show', case, key='acme-carol', status=2)
    for line in ('[text-suspicious]', '"note": "\\u001b[2J', '\\u202e001\\u202c', 'ap\\u200bprove\\u200d\\ufeff\\u00ad',
                 'n\\u0336o\\u0336t\\u0336', '\\udb40\\udc41', '"a\u0301\u0301\u0301\\u0301', '"/a  1 -> 2"  1 -> 3',
                 'reason: why\\u{1b}[31m\\u{202e}not', 'x' + '\\u0020' * 120 + 'you decide'):
        if line not in shown:
            raise AssertionError(f'{line!r} is not in:\n{shown}')
    for character in EVIL:
        expect_equal(character in shown, False)
    findings = WORLD.tell('show', case, key='acme-carol', status=2)['report']['findings']
    expect_equal([one['code'] for one in findings], ['text-suspicious'])
    done = subprocess.run([CUSTODY, 'approve', case, '--yes', '--key', 'acme-carol.key'], cwd=WORLD.top,
                          env=dict(os.environ, CUSTODY_URL=WORLD.url, CUSTODY_TRUST='trust.json'),
                          stdout=subprocess.PIPE, encoding='utf-8', check=True)
    expect_equal(done.stdout.count('text-suspicious'), 1)


def harmless_text_stays_as_it_is():
    """The twin: letters with marks, other scripts, pictures, breaks of lines."""
    clear()
    text = 'Grüße, e\u0301te\u0301, Tiếng Việt, 東京, Привет, नमस्ते, ไทย, 👍 ❤, שלום, 50 €'
    case = request(json.dumps({'note': text + '\nsecond line\ttab'}))
    shown = WORLD.say('show', case, key='acme-carol', status=0)
    expect_equal((text in shown, 'text-suspicious' in shown), (True, False))
    expect_equal(WORLD.tell('show', case, key='acme-carol', status=0)['report']['findings'], [])
    t = watch()
    t.until(case[:8])
    t.type('\r')
    t.until('Grüße')
    expect_equal(b'\xe6\x9d\xb1\xe4\xba\xac' in t.raw, True)
    t.type('qq')
    expect_equal(t.end(), 0)
    WORLD.say('reject', case, '--yes', '--reason', 'zwei\nZeilen', key='acme-carol')
    expect_equal('text-suspicious' in WORLD.say('show', case, key='acme-carol', status=0), False)


def long_lines_are_broken_with_a_mark():
    clear()
    case = request(json.dumps({'note': 'a' * 90 + '  state        RELEASED ' * 10}))
    t = Terminal([CUSTODY, 'show', case, '--key', 'acme-carol.key'], rows=60, columns=50, folder=WORLD.top,
                 CUSTODY_URL=WORLD.url, CUSTODY_TRUST='trust.json', LC_ALL='C.UTF-8')
    t.end()
    lines = t.raw.decode().replace('\r', '').split('\n')
    expect_equal(max(len(line) for line in lines) <= 50, True)
    expect_equal([line for line in lines if line.startswith('state')], ['state        HELD'])
    expect_equal(len([line for line in lines if line.startswith('| ')]) >= 4, True)
    WORLD.say('reject', case, '--yes', key='acme-carol')


def a_terminal_that_is_none_gets_lines():
    clear()
    w = WORLD
    for term, words in [('dumb', []), ('vt100', ['--lines'])]:
        t = watch(*words, term=term, columns=250)
        t.read(1)
        case = request()
        t.until(lambda screen: 'new      ' + case[:16] in screen)
        w.say('approve', case, '--yes', key='acme-carol')
        t.until(lambda screen: 'gone     ' + case[:16] in screen)
        os.kill(t.pid, signal.SIGINT)
        expect_equal(t.end(), 0)
        expect_equal(b'\x1b' in t.raw, False)
        expect_equal(t.after, t.before)


def programs_get_an_object_a_line():
    clear()
    w = WORLD
    case = request(action='wire')
    env = dict(os.environ, CUSTODY_URL=w.url, CUSTODY_TRUST='trust.json')
    watcher = subprocess.Popen([CUSTODY, 'watch', '--json', '--key', 'acme-carol.key'], cwd=w.top, env=env,
                               stdout=subprocess.PIPE, encoding='utf-8')
    first = json.loads(watcher.stdout.readline())
    expect_equal((first['event'], first['case']['case'], first['case']['quorum'][0]['have']), ('waits', case, 0))
    w.stop()
    expect_equal(json.loads(watcher.stdout.readline())['event'], 'lost')
    w.start()
    expect_equal(json.loads(watcher.stdout.readline())['event'], 'back')
    w.say('approve', case, '--yes', key='acme-bob')
    changed = json.loads(watcher.stdout.readline())
    expect_equal((changed['event'], changed['case']['quorum'][0]['have']), ('changed', 1))
    w.say('reject', case, '--yes', key='acme-carol')
    expect_equal(json.loads(watcher.stdout.readline())['event'], 'gone')
    watcher.send_signal(signal.SIGINT)
    expect_equal(watcher.wait(timeout=20), 0)
    watcher.stdout.close()


def a_passphrase_is_asked_for_once_and_first():
    clear()
    w = WORLD
    t = Terminal([CUSTODY, 'key', 'new', 'typed.key', '--name', 'acme/dora'], folder=w.top)
    t.until('New passphrase:')
    t.type('correct horse\n')
    t.until('Again:')
    t.type('correct horse\n')
    expect_equal(t.end(), 0)
    t = Terminal([CUSTODY, 'enrol', '--new', 'typed.key', '--role', 'approver', '--admin', 'acme-alice.key', '--admin',
                  'acme-bob.key'], folder=w.top, CUSTODY_URL=w.url, CUSTODY_TRUST='trust.json')
    t.until('Passphrase')
    t.type('correct horse\n')
    expect_equal(t.end(), 0)
    case = request()
    t = watch(key='typed')
    t.until('Passphrase of typed.key:')
    t.type('correct horse\n')
    t.until(case[:8])
    t.type('a')
    t.until('Why?')
    t.type('\r')
    reach_question(t)
    t.type('y')
    t.until('RELEASED')
    t.type('q')
    expect_equal((t.end(), state(case), t.raw.count(b'Passphrase'), b'horse' in t.raw), (0, 'RELEASED', 1, False))
    expect_restored(t)


def nothing_is_approved_that_was_shown_in_part():
    case = request('{"a":"' + 'x' * 400000 + '"}')
    shown = WORLD.say('show', case, key='acme-carol', status=0)
    expect_equal('CUT: 262144 of 400' in shown, True)
    text = WORLD.say('approve', case, '--yes', key='acme-carol')
    expect_equal(('CUT' in text, text.count('x') > 400000), (False, True))
    case = request(json.dumps([[0]] * 30000))
    refused = WORLD.tell('approve', case, '--yes', key='acme-carol', status=None)
    if 'error' in refused:
        expect_equal(refused['error']['code'], 'too-large')
    case = request('{"a":"' + '\u202e' * 300000 + '"}')
    refused = WORLD.tell('approve', case, '--yes', key='acme-carol', status=1)
    expect_equal((refused['error']['code'], 'shown in part' in refused['error']['detail']), ('too-large', True))
    WORLD.say('reject', case, '--yes', key='acme-carol')


def a_release_that_lost_its_quorum_says_so():
    w = WORLD
    since = str(int(time.time() * 1000))
    case = request()
    w.say('approve', case, '--yes', key='acme-carol')
    expect_equal('LOST' in w.say('show', case, key='acme-alice', status=None), False)
    expect_equal(w.tell('show', case, key='acme-alice', status=None)['quorum_lost'], False)
    w.say('revoke', 'acme/carol', '--since', since, '--admin', 'acme-alice.key', '--admin', 'acme-bob.key')
    expect_equal('LOST         the release no longer has its quorum' in w.say('show', case, key='acme-alice', status=None),
                 True)
    expect_equal(w.tell('show', case, key='acme-alice', status=None)['quorum_lost'], True)


def a_key_that_no_longer_counts_ends_the_watch():
    t = watch()
    expect_equal(t.end(), 1)
    expect_restored(t)
    expect_equal(b'[key-not-valid]' in t.raw or b'[session' in t.raw or b'[bad-session]' in t.raw, True)


def the_custodian_ends():
    WORLD.stop()
    shutil.rmtree(WORLD.top)


contract.main([
    the_world_is_made,
    a_case_comes_in_is_opened_and_approved,
    nothing_is_signed_without_a_yes,
    a_yes_counts_once_all_was_shown,
    keys_that_were_pressed_before_answer_nothing,
    a_case_is_rejected_with_a_reason,
    a_payload_is_patched_in_an_editor,
    a_refusal_is_said_and_the_watch_goes_on,
    signals_restore_the_terminal,
    a_signal_in_the_midst_of_a_question_signs_nothing,
    a_stop_gives_the_terminal_back_for_a_while,
    another_size_is_drawn_anew,
    a_custodian_that_goes_and_comes_is_said,
    text_that_would_fool_a_reader_is_written_out,
    harmless_text_stays_as_it_is,
    long_lines_are_broken_with_a_mark,
    a_terminal_that_is_none_gets_lines,
    programs_get_an_object_a_line,
    a_passphrase_is_asked_for_once_and_first,
    nothing_is_approved_that_was_shown_in_part,
    a_release_that_lost_its_quorum_says_so,
    a_key_that_no_longer_counts_ends_the_watch,
    the_custodian_ends,
])
