# SPDX-License-Identifier: Apache-2.0
"""
custody run against a running custodian, with real commands: what runs, when, in what surroundings, and what becomes of
it when somebody is killed. Arguments: custody, custodyd, custody-verify.
"""

import base64
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time

import contract
import live
from contract import Skip, expect_equal
from live import CUSTODY, CUSTODYD

PATIENCE_S = 60
REGION_MAX = 1 << 30
AGENT = 'acme-refund-agent'


# Whoever runs this in the background may ignore these, and a program inherits what is ignored.
for _number, _handler in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGQUIT, signal.SIG_DFL),
                          (signal.SIGINT, signal.default_int_handler)):
    signal.signal(_number, _handler)


class World(live.World):
    """With acme, whose policy holds what its agent asks for until one approver says yes."""

    def __init__(self):
        super().__init__()
        self.env = dict(os.environ, CUSTODY_URL=self.url, CUSTODY_TRUST=self.path('trust.json'),
                        CUSTODY_KEY=self.path(AGENT + '.key'))
        self.env.pop('CUSTODY_STATE', None)
        self.found()

    def write(self, name, text, mode=0o644):
        super().write(name, text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def has(self, name):
        return os.path.exists(self.path(name))

    def found(self):
        keys = ['--log-key', 'log.key', '--clerk-key', 'clerk.key', '--development']
        admins = ['--admin', 'acme-alice.key', '--admin', 'acme-bob.key']
        operators = ['--admin', 'operator-ada.key', '--admin', 'operator-otto.key']
        self.say('init', *keys, *operators, '--name', 'Ada', 'opening.json')
        self.say('trust', 'new', '--opening', 'opening.json', 'trust.json')
        subprocess.run([CUSTODYD, '--init', 'opening.json', '--ledger', 'l.db', *keys], cwd=self.top, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.start()
        self.say('enrol', '--party', 'acme', '--new', 'acme-alice.key', '--new', 'acme-bob.key', '--name', 'Alice',
                 *operators)
        self.say('enrol', '--new', 'acme-carol.key', '--role', 'approver', '--name', 'Carol', *admins)
        self.say('enrol', '--new', AGENT + '.key', '--owner', 'acme/alice', *admins)
        self.write('policy.json', '{"admin_quorum":2,"rules":[{"effect":"deny","match":{"action":"drop"}},'
                                  '{"effect":"pass","match":{"action":"free"}},'
                                  '{"effect":"hold","approvals":1,"roles":["approver"]}]}')
        self.say('policy', 'publish', 'policy.json', '--scope', 'acme', *admins)

    def state(self, case):
        return self.tell('show', case, key='acme-carol')['state']

    def result(self, case):
        """The result that went with the outcome."""
        name = self.path(case + '.evidence')
        self.say('evidence', case, '--out', name, key=AGENT)
        with open(name, encoding='utf-8') as file:
            blobs = json.load(file)['blobs']
        os.unlink(name)
        results = [base64.b64decode(blob['content']) for blob in blobs if blob['member'] == 'result']
        return json.loads(results[-1]) if results else None

    def approve(self, case):
        self.say('approve', case, '--yes', key='acme-carol')

    def patch(self, case, *words):
        self.say('patch', case, *words, '--yes', key='acme-carol')

    def wait_for(self, what, why):
        until = time.monotonic() + PATIENCE_S
        while not what():
            if time.monotonic() > until:
                raise AssertionError('in vain: ' + why)
            time.sleep(0.02)


WORLD = World()


class Run:
    """One `custody run --json` that goes on beside the test; its steps come on the error output."""

    def __init__(self, *command, action='push', options=(), env=None, resume=None, prefix=(), text=None, **popen):
        words = ['run', '--json', *options]
        words += ['--resume', resume] if resume else ['--service', 'repo', '--action', action, '--', *command]
        self.process = subprocess.Popen([*prefix, CUSTODY, *words], cwd=popen.pop('cwd', WORLD.top),
                                        env=env or WORLD.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, encoding='utf-8', **popen)
        self.steps = []
        self.text = text
        self.said = ''

    def step(self, name):
        """Reads steps until this one; other lines are the command's."""
        for line in self.process.stderr:
            self.said += line
            if line.startswith('{'):
                self.steps.append(json.loads(line))
                if 'error' in self.steps[-1] or self.steps[-1]['step'] == name:
                    break
        if not self.steps or self.steps[-1].get('step') != name:
            raise AssertionError(f'no step {name}: {self.steps} {self.said}')
        return self.steps[-1]

    def case(self):
        return self.step('asked')['case']

    def end(self):
        """Waits for its end. Output and status."""
        self.out, rest = self.process.communicate(self.text, timeout=PATIENCE_S)
        self.said += rest
        self.steps += [json.loads(line) for line in rest.splitlines() if line.startswith('{')]
        return self.out, self.process.returncode

    def code(self):
        return self.steps[-1]['error']['code']


def approved(*command, **more):
    """Asks, is released, ends. The case, the output, the status, and the run."""
    run = Run(*command, **more)
    case = run.case()
    WORLD.approve(case)
    out, status = run.end()
    return case, out, status, run


def nothing_runs_before_the_release():
    w = WORLD
    run = Run('sh', '-c', 'echo once >>ran; echo said; echo complained >&2; cat', text='input\n')
    case = run.case()
    time.sleep(0.5)
    expect_equal((w.has('ran'), w.state(case)), (False, 'HELD'))
    shown = w.tell('show', case, key='acme-carol')['payload']
    expect_equal(shown, {'argv': ['sh', '-c', 'echo once >>ran; echo said; echo complained >&2; cat'], 'cwd': w.top,
                         'env': ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TERM', 'TZ']})
    w.approve(case)
    expect_equal(run.end(), ('said\ninput\n', 0))
    expect_equal((w.read('ran'), 'complained\n' in run.said), ('once\n', True))
    expect_equal([step['step'] for step in run.steps], ['asked', 'released', 'consumed', 'ended'])
    expect_equal((run.steps[-1]['exit'], run.steps[-1]['outcome'], run.steps[-1]['reported']), (0, 'fulfilled', True))
    expect_equal((w.state(case), w.result(case)), ('FULFILLED', {'exit': 0}))


def what_was_patched_runs_patched():
    w = WORLD
    os.mkdir(w.path('elsewhere'))
    run = Run('sh', '-c', 'echo "$0 $1"; pwd; env', 'a', 'b', env=dict(w.env, KEPT='1', LEFT='2'),
              options=['--env', 'KEPT'])
    case = run.case()
    w.patch(case, '--set', '/argv/3=' + json.dumps('x *$(id)'), '--set', '/cwd=' + json.dumps(w.path('elsewhere')),
            '--set', '/env=["KEPT"]')
    w.approve(case)
    out, status = run.end()
    lines = out.splitlines()
    expect_equal((status, lines[:2]), (0, ['x *$(id) b', w.path('elsewhere')]))
    expect_equal(('KEPT=1' in lines, 'LEFT=2' in lines, 'HOME' in out), (True, False, False))
    expect_equal([one['path'] for one in run.steps[1]['changes']][:2], ['/argv/3', '/cwd'])


def statuses_are_passed_on():
    w = WORLD
    w.write('no-program', 'neither\n', 0o755)
    w.write('not-runnable', '#!/bin/sh\n')
    for script, status, result in [('exit 0', 0, {'exit': 0}), ('exit 3', 3, {'exit': 3}),
                                   ('exit 125', 125, {'exit': 125}), ('kill -9 $$', 137, {'signal': 9}),
                                   ('kill -TERM $$', 143, {'signal': 15})]:
        case, _, got, _ = approved('sh', '-c', script)
        expect_equal((got, w.result(case), w.state(case)), (status, result, 'FAILED' if status else 'FULFILLED'))
    # What can be told to be missing is told before the right is spent.
    for command, status, code in [('no-such-command', 127, 'not-found'), ('./no-such-file', 127, 'not-found'),
                                  ('./not-runnable', 126, 'forbidden'), (w.top, 126, 'forbidden')]:
        case, _, got, run = approved(command)
        expect_equal((got, run.code(), w.state(case)), (status, code, 'RELEASED'))
    # No shell reads what is no program, and no other program takes its place.
    case, _, got, _ = approved('./no-program')
    expect_equal((got, w.result(case), w.state(case)), (126, {'not_run': 'not-runnable'}, 'FAILED'))
    w.write('no-interpreter', '#!/no/such/interpreter\n', 0o755)
    case, _, got, _ = approved('./no-interpreter')
    expect_equal((got, w.result(case)), (127, {'not_run': 'not-found'}))


def what_was_not_released_does_not_run():
    w = WORLD
    run = Run('touch', 'refused', action='drop')
    expect_equal((run.end()[1], run.code()), (125, 'state-illegal'))
    run = Run('touch', 'refused')
    case = run.case()
    w.say('reject', case, '--yes', '--reason', 'no', key='acme-carol')
    expect_equal((run.end()[1], run.code()), (125, 'state-illegal'))
    expect_equal(Run(resume=case).end()[1], 125)
    run = Run('touch', 'refused', options=['--timeout', '300ms'])
    expect_equal((run.end()[1], run.code()), (125, 'undecided'))
    run = Run('touch', 'refused', options=['--expires', '300ms'])
    expect_equal((run.end()[1], run.code()), (125, 'deadline-passed'))
    expect_equal(w.has('refused'), False)


def a_payload_of_another_shape_is_refused_before_the_consume():
    w = WORLD
    for words, code in [(['--set', '/shell=true'], 'unknown-member'), (['--remove', '/cwd'], 'missing-member'),
                        (['--remove', '/env'], 'missing-member'), (['--remove', '/argv'], 'missing-member'),
                        (['--set', '/argv=[]'], 'bad-member'), (['--set', '/argv/1=7'], 'bad-member'),
                        (['--set', '/argv/0=""'], 'bad-member'), (['--set', '/argv="touch refused"'], 'bad-member'),
                        (['--set', '/cwd="elsewhere"'], 'bad-member'), (['--set', '/cwd="/no/such"'], 'not-found'),
                        (['--set', '/env=["A=B"]'], 'bad-member'), (['--set', '/env=["CUSTODY_KEY"]'], 'bad-member'),
                        (['--set', '/env=[""]'], 'bad-member'), (['--set', '=["touch","refused"]'], 'bad-member')]:
        run = Run('touch', 'refused')
        case = run.case()
        w.patch(case, *words)
        w.approve(case)
        out = run.end()
        expect_equal((words, out[1], run.code(), w.state(case)), (words, 125, code, 'RELEASED'))
    expect_equal(w.has('refused'), False)


def usage_is_told():
    for words in [['true'], ['--service', 's', '--action', 'a'], ['--service', 's', '--action', 'a', 'true'],
                  ['--service', 's', '--action', 'a', '--'], ['--service', 's', '--', 'true'],
                  ['--service', 's', '--action', 'a', '--', ''], ['--resume', 'a' * 64, '--', 'true'],
                  ['--resume', 'a' * 64, '--service', 's'], ['--resume', 'a' * 7],
                  ['--service', 's', '--action', 'a', '--foreign', '--', 'true'],
                  ['--service', 's', '--action', 'a', '--cwd', '/no/such', '--', 'true'],
                  ['--service', 's', '--action', 'a', '--env', 'A=B', '--', 'true'],
                  ['--service', 's', '--action', 'a', '--env', 'CUSTODY_URL', '--', 'true'],
                  ['--service', 's', '--action', 'a', '--', b'\xff']]:
        done = subprocess.run([CUSTODY, 'run', '--json', *words], env=WORLD.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=PATIENCE_S)
        error = json.loads(done.stderr)['error']['code']
        expect_equal((words, done.returncode, done.stdout, error), (words, 125, b'', 'usage'))


# Tells what it was given: descriptors, signals, environment.
PROBE = '''
import json, os
fds = [fd for fd in map(int, os.listdir('/proc/self/fd')) if os.path.exists('/proc/self/fd/%d' % fd)]
status = dict(line.split(':', 1) for line in open('/proc/self/status'))
try:
    open('/proc/%d/mem' % os.getppid(), 'rb').close()
    parent = 'open'
except OSError:
    parent = 'closed'
print(json.dumps({'fds': fds, 'env': dict(os.environ), 'blocked': int(status['SigBlk'], 16),
                  'ignored': int(status['SigIgn'], 16), 'parent': parent}))
'''
KEPT = {'PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TERM', 'TZ'}


def _bit(number):
    return 1 << (number - 1)


def _set_signals():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})


def the_command_gets_what_was_approved_and_no_more():
    w = WORLD
    probe = w.write('probe.py', PROBE)
    extra, other = os.pipe()
    os.set_inheritable(extra, True)
    env = dict(w.env, SECRET_TOKEN='shh', TZ='UTC')
    _, out, status, _ = approved(sys.executable, '-I', probe, env=env, pass_fds=[extra], preexec_fn=_set_signals)
    os.close(extra)
    os.close(other)
    told = json.loads(out)
    expect_equal(status, 0)
    expect_equal(told['fds'], [0, 1, 2])
    # What Python adds to its own environment is its own.
    expect_equal((set(told['env']) - {'LC_CTYPE'} <= KEPT, told['env']['TZ']), (True, 'UTC'))
    # Python ignores two signals itself.
    own = _bit(signal.SIGPIPE) | _bit(signal.SIGXFSZ)
    expect_equal((told['blocked'], told['ignored'] & ~own), (_bit(signal.SIGUSR1), _bit(signal.SIGHUP)))
    if os.geteuid() != 0:
        expect_equal(told['parent'], 'closed')
    _, out, _, _ = approved('env', env=env, options=['--bare', '--env', 'TZ', '--env', 'NOT_SET'])
    expect_equal(out, 'TZ=UTC\n')


def _memory_holds(pid, needles):
    """Which of these bytes a process has anywhere."""
    found = set()
    with open(f'/proc/{pid}/maps', encoding='utf-8') as maps, open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        for line in maps:
            where, rights = line.split()[:2]
            if 'r' not in rights or '[v' in line:
                continue
            low, high = (int(one, 16) for one in where.split('-'))
            if high - low > REGION_MAX:  # what a sanitizer sets aside
                continue
            memory.seek(low)
            text = memory.read(high - low)
            found |= {needle for needle in needles if needle in text}
    return found


def the_command_never_has_the_key():
    w = WORLD
    secret = base64.b64decode(w.read(AGENT + '.key').split('secret: ')[1])
    run = Run('sh', '-c', 'echo $$; exec cat')
    w.approve(run.case())
    run.step('consumed')
    pid = int(run.process.stdout.readline())
    w.wait_for(lambda: b'cat' in open(f'/proc/{pid}/cmdline', 'rb').read().split(b'\0')[0], 'the command never began')
    marker = b'PATH=' + w.env['PATH'].encode()
    try:
        expect_equal(_memory_holds(pid, [secret[:32], secret[32:], marker]), {marker})
        if os.geteuid() == 0:
            expect_equal(_memory_holds(run.process.pid, [secret[:32]]), {secret[:32]})
    except PermissionError as error:
        raise Skip('another process can\'t be read here') from error
    finally:
        out = run.end()
    expect_equal(out[1], 0)


def signals_reach_the_command():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGQUIT):
        run = Run('sh', '-c', f'trap "echo got; exit 7" {number.value}; echo ready; while :; do sleep 0.05; done')
        case = run.case()
        WORLD.approve(case)
        expect_equal(run.process.stdout.readline(), 'ready\n')
        run.process.send_signal(number)
        expect_equal(run.end(), ('got\n', 7))
        expect_equal(WORLD.result(case), {'exit': 7})
    run = Run('sh', '-c', 'echo ready; exec sleep 60')
    case = run.case()
    WORLD.approve(case)
    expect_equal(run.process.stdout.readline(), 'ready\n')
    run.process.terminate()
    expect_equal((run.end()[1], WORLD.result(case)), (143, {'signal': 15}))


def the_terminals_keys_reach_the_command_once():
    w = WORLD
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(w.top)
        script = 'trap "echo got" INT; echo ready; n=0; while [ $n -lt 20 ]; do sleep 0.05; n=$((n+1)); done; exit 5'
        os.execve(CUSTODY, ['custody', 'run', '-s', 'repo', '-a', 'free', '--', 'sh', '-c', script], w.env)
    screen = b''
    while b'\nready' not in screen:
        screen += os.read(terminal, 4096)
    os.write(terminal, b'\x03')
    while True:
        try:
            screen += os.read(terminal, 4096)
        except OSError:
            break
    expect_equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 5)
    os.close(terminal)
    expect_equal((screen.count(b'got\r\n'), b'reported as failed' in screen), (1, True))


def a_wait_that_is_interrupted_goes_on_later():
    w = WORLD
    for number, status in [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]:
        name = f'after-{status}'
        run = Run('sh', '-c', f'echo once >>{name}')
        asked = run.step('asked')
        time.sleep(0.2)
        run.process.send_signal(number)
        if number == signal.SIGTERM:  # the second ends it at once
            time.sleep(0.1)
            run.process.send_signal(number)
        expect_equal(run.end()[1], status)
        if number == signal.SIGINT:
            expect_equal(run.code(), 'wait-interrupted')
        case = asked['case']
        expect_equal((asked['resume'], w.state(case)), ('custody run --resume ' + case, 'HELD'))
        again = Run(resume=case[:12])
        again.step('resumed')
        w.approve(case)
        expect_equal(again.end(), ('', 0))
        expect_equal((w.read(name), w.state(case)), ('once\n', 'FULFILLED'))
        third = Run(resume=case)
        expect_equal((third.end()[1], third.code(), w.read(name)), (125, 'double-consume', 'once\n'))


def people_are_told_how_to_go_on():
    done = subprocess.run([CUSTODY, 'run', '-s', 'repo', '-a', 'push', '--timeout', '200ms', '--url', WORLD.url, '--',
                           'a b', "c'd\x1b[2J"], env=WORLD.env, cwd=WORLD.top, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding='utf-8', check=False, timeout=PATIENCE_S)
    lines = done.stderr.splitlines()
    case = lines[1].split('case ')[1].split(';')[0]
    resume = f'custody: to go on: custody run --resume {case} --url {WORLD.url} --timeout 200ms'
    expect_equal((done.returncode, done.stdout), (125, ''))
    expect_equal(lines[:4], ['custody: it could not run now, and is asked for all the same: the command a b',
                             f'custody: asked case {case}; nothing runs before it is released', resume, resume])
    expect_equal((lines[4].startswith('custody run: '), '[undecided]' in lines[4]), (True, True))


def what_may_have_run_never_runs_again():
    w = WORLD
    # Killed while its command runs, which goes on.
    run = Run('sh', '-c', 'echo once >>ran-on; while ! [ -e go-on ]; do sleep 0.05; done; echo end >>ran-on')
    case = run.case()
    w.approve(case)
    w.wait_for(lambda: w.has('ran-on'), 'the command never began')
    run.process.kill()
    run.process.wait()
    expect_equal(w.state(case), 'CONSUMED')
    again = Run(resume=case)
    expect_equal((again.end()[1], again.code(), again.steps[0]['outcome']), (125, 'double-consume', 'unknown'))
    expect_equal((w.state(case), w.result(case)), ('UNKNOWN', None))
    w.write('go-on', '')
    w.wait_for(lambda: 'end' in w.read('ran-on'), 'the command was not left alone')
    expect_equal((Run(resume=case).end()[1], w.read('ran-on')), (125, 'once\nend\n'))
    # Gone between the consume and the command.
    case = w.tell('request', '--service', 'repo', '--action', 'push', '--payload', w.write('p.json', json.dumps(
        {'argv': ['touch', 'never'], 'cwd': w.top, 'env': ['PATH']})), key=AGENT)['case']
    w.approve(case)
    w.say('consume', case, key=AGENT)
    expect_equal((Run(resume=case).end()[1], w.state(case), w.has('never')), (125, 'UNKNOWN', False))


def a_case_in_hand_is_left_alone():
    w = WORLD
    run = Run('sh', '-c', 'echo begun; while ! [ -e let-go ]; do sleep 0.05; done')
    case = run.case()
    other = Run(resume=case)
    expect_equal((other.end()[1], other.code(), w.state(case)), (125, 'state-illegal', 'HELD'))
    w.approve(case)
    expect_equal(run.process.stdout.readline(), 'begun\n')
    other = Run(resume=case)
    expect_equal((other.end()[1], other.code(), w.state(case)), (125, 'state-illegal', 'CONSUMED'))
    w.write('let-go', '')
    expect_equal((run.end()[1], w.state(case)), (0, 'FULFILLED'))
    # Another agent's case is not for this key.
    expect_equal(Run(resume=case, options=['--key', w.path('acme-carol.key')]).end()[1], 125)


def _ask_foreign(word):
    """A case that another agent asks for, and names ours to run."""
    payload = WORLD.write('p.json', json.dumps({'argv': ['touch', word], 'cwd': WORLD.top, 'env': ['PATH']}))
    return WORLD.tell('request', '--service', 'repo', '--action', 'free', '--payload', payload, '--executor',
                      'acme/refund-agent', key='acme-worker')['case']


def what_a_stranger_asked_for_is_not_run():
    w = WORLD
    w.say('enrol', '--new', 'acme-worker.key', '--owner', 'acme/alice', '--admin', 'acme-alice.key', '--admin',
          'acme-bob.key')
    case = _ask_foreign('foreign')
    run = Run(resume=case)
    expect_equal((run.end()[1], run.code()), (125, 'usage'))
    expect_equal(['acme/worker' in run.said, '--foreign' in run.said, w.has('foreign')], [True, True, False])
    # Nothing was consumed, and nothing is reported of what was.
    expect_equal(w.state(case), 'RELEASED')
    expect_equal((Run(resume=case, options=['--foreign']).end()[1], w.has('foreign'), w.state(case)),
                 (0, True, 'FULFILLED'))
    case = _ask_foreign('foreign-too')
    w.say('consume', case, key=AGENT)
    expect_equal((Run(resume=case).end()[1], w.state(case)), (125, 'CONSUMED'))
    # What was accepted in a handoff is ours, whoever asked for it.
    payload = w.write('p.json', json.dumps({'argv': ['touch', 'handed'], 'cwd': w.top, 'env': ['PATH']}))
    case = w.tell('request', '--service', 'repo', '--action', 'free', '--payload', payload, key='acme-worker')['case']
    w.say('offer', case, '--to', 'acme/refund-agent', key='acme-worker')
    w.say('accept', case, '--yes', key=AGENT)
    expect_equal((Run(resume=case).end()[1], w.has('handed'), w.state(case)), (0, True, 'FULFILLED'))


def what_another_program_consumed_is_left_to_it():
    w = WORLD
    run = Run('touch', 'never')
    case = run.case()
    run.process.send_signal(signal.SIGSTOP)
    w.approve(case)
    w.say('consume', case, key=AGENT)
    run.process.send_signal(signal.SIGCONT)
    expect_equal((run.end()[1], run.code()), (125, 'double-consume'))
    expect_equal((w.state(case), w.has('never')), ('CONSUMED', False))


def a_status_is_passed_on_while_the_custodian_is_away():
    w = WORLD
    run = Run('sh', '-c', 'echo begun; while ! [ -e stopped ]; do sleep 0.05; done; echo done; exit 9')
    case = run.case()
    w.approve(case)
    expect_equal(run.process.stdout.readline(), 'begun\n')
    w.stop()
    w.write('stopped', '')
    expect_equal(run.process.stdout.readline(), 'done\n')
    # An interruption ends the reporting, not the status.
    w.wait_for(lambda: run.process.send_signal(signal.SIGINT) or run.process.poll() is not None, 'it goes on trying')
    expect_equal(run.end()[1], 9)
    expect_equal((run.steps[-1]['reported'], run.steps[-1]['outcome'], run.steps[-1]['exit']), (False, 'failed', 9))
    w.start()
    expect_equal(w.state(case), 'CONSUMED')
    w.say('outcome', case, 'failed', key=AGENT)
    expect_equal(w.state(case), 'FAILED')


def a_custodian_that_comes_back_is_waited_for():
    w = WORLD
    run = Run('echo', 'ran')
    case = run.case()
    w.stop()
    time.sleep(0.3)
    w.start()
    w.approve(case)
    expect_equal(run.end(), ('ran\n', 0))


def closed_descriptors_stay_ours_no_longer():
    done = subprocess.run(['sh', '-c', 'exec "$@" <&-', 'sh', CUSTODY, 'run', '-s', 'repo', '-a', 'free', '--', 'cat'],
                          env=WORLD.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          timeout=PATIENCE_S)
    expect_equal((done.returncode, done.stdout), (0, b''))


def _git(*words, at=None):
    env = dict(WORLD.env, GIT_CONFIG_NOSYSTEM='1', HOME=WORLD.top, GIT_AUTHOR_NAME='a', GIT_AUTHOR_EMAIL='a@b',
               GIT_COMMITTER_NAME='a', GIT_COMMITTER_EMAIL='a@b')
    done = subprocess.run(['git', *words], cwd=at or WORLD.top, env=env, encoding='utf-8', check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.strip()


def a_push_is_held_patched_and_goes_to_another_branch():
    w = WORLD
    if not shutil.which('git'):
        raise Skip('there is no git here')
    _git('init', '-q', '--bare', 'remote.git')
    _git('init', '-q', '-b', 'main', 'site')
    site = w.path('site')
    w.write('site/page', 'new\n')
    _git('add', 'page', at=site)
    _git('commit', '-q', '-m', 'page: new', at=site)
    _git('remote', 'add', 'origin', w.path('remote.git'), at=site)
    run = Run('git', 'push', 'origin', 'HEAD:main', cwd=site, env=dict(w.env, HOME=w.top))
    case = run.case()
    expect_equal(_git('rev-parse', '-q', '--verify', 'main', at=w.path('remote.git'))[0] != 0, True)
    w.patch(case, '--set', '/argv/3="HEAD:review"', '--reason', 'not past review')
    w.approve(case)
    expect_equal((run.end()[1], w.state(case)), (0, 'FULFILLED'))
    expect_equal(_git('for-each-ref', '--format=%(refname)', at=w.path('remote.git')), (0, 'refs/heads/review'))
    expect_equal(_git('rev-parse', 'review', at=w.path('remote.git')), _git('rev-parse', 'HEAD', at=site))


def the_custodian_ends():
    WORLD.stop()
    shutil.rmtree(WORLD.top)


contract.main([
    nothing_runs_before_the_release,
    what_was_patched_runs_patched,
    statuses_are_passed_on,
    what_was_not_released_does_not_run,
    a_payload_of_another_shape_is_refused_before_the_consume,
    usage_is_told,
    the_command_gets_what_was_approved_and_no_more,
    the_command_never_has_the_key,
    signals_reach_the_command,
    the_terminals_keys_reach_the_command_once,
    a_wait_that_is_interrupted_goes_on_later,
    people_are_told_how_to_go_on,
    what_may_have_run_never_runs_again,
    a_case_in_hand_is_left_alone,
    what_a_stranger_asked_for_is_not_run,
    what_another_program_consumed_is_left_to_it,
    a_status_is_passed_on_while_the_custodian_is_away,
    a_custodian_that_comes_back_is_waited_for,
    closed_descriptors_stay_ours_no_longer,
    a_push_is_held_patched_and_goes_to_another_branch,
    the_custodian_ends,
])
